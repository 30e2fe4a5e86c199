//! A confirmed INVITE dialog on the UAS side (RFC 3261 section 12): its events and the requests sent in it.
use super::agent::RequestError;
use super::client::Waiter;
use super::core::Core;
use super::request::{Body, HeaderList, ServerRequest};
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What happens in a dialog. The channel ends when the dialog is over.
pub enum DialogEvent {
    /// The ACK to the 2xx.
    Confirmed(SipMessage),
    /// The peer ends the dialog; the caller answers (normally 200) or ignores. The dialog is over.
    Bye(ServerRequest),
    /// A re-INVITE or UPDATE was answered with 200 and the current SDP.
    Refreshed(SipMessage),
    /// Any other request in the dialog.
    Request(ServerRequest),
    /// The session interval (RFC 4028) passed without refresh; the caller should send BYE.
    Expired,
    /// No ACK within 64*T1. BYE has been sent; the dialog is over.
    AckTimeout,
}

/// A dialog and its events. Dropping it (and all controls) without `bye` or `forget` sends BYE.
pub struct Dialog {
    pub control: DialogControl,
    pub events: mpsc::Receiver<DialogEvent>,
}

/// The sending side of a dialog; clones are the same dialog.
#[derive(Clone)]
pub struct DialogControl {
    hold: Arc<Hold>,
}

/// Ends the dialog when nobody holds it any more.
struct Hold {
    core: Arc<Core>,
    id: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.core.run(|state, now| state.end_with_bye(self.id, now));
    }
}

impl DialogControl {
    pub(super) fn new(core: Arc<Core>, id: u64) -> Self {
        Self {
            hold: Arc::new(Hold { core, id }),
        }
    }

    /// Sends BYE and waits for its final response; the dialog is over at once.
    pub async fn bye(&self, headers: &HeaderList) -> Result<SipMessage, RequestError> {
        self.request("BYE", headers, None).await
    }

    /// Sends BYE and waits for its final response, but the dialog stays (a deliberate fault sends another).
    pub async fn bye_and_stay(&self) -> Result<SipMessage, RequestError> {
        let (sender, response) = oneshot::channel();
        self.hold.core.run(|state, now| {
            let waiter = Waiter::Caller(sender);
            state.send_bye_and_stay(self.hold.id, waiter, now)
        })?;
        Core::wait(response).await
    }

    /// Sends any other non-INVITE request in the dialog.
    pub async fn request(
        &self,
        method: &str,
        headers: &HeaderList,
        body: Option<Body>,
    ) -> Result<SipMessage, RequestError> {
        let (sender, response) = oneshot::channel();
        self.hold.core.run(|state, now| {
            let waiter = Waiter::Caller(sender);
            state.send_in_dialog(self.hold.id, method, headers, body.as_ref(), waiter, now)
        })?;
        Core::wait(response).await
    }

    /// Replaces the SDP that answers refreshes.
    pub fn set_local_body(&self, body: Body) {
        self.hold
            .core
            .run(|state, _| state.set_local_body(self.hold.id, body));
    }

    /// Drops the dialog without a word; later requests in it get 481.
    pub fn forget(&self) {
        self.hold
            .core
            .run(|state, _| drop(state.remove_dialog(self.hold.id)));
    }

    /// Whether the dialog still exists.
    pub fn is_alive(&self) -> bool {
        self.hold
            .core
            .run(|state, _| state.dialogs.contains_key(&self.hold.id))
    }
}
