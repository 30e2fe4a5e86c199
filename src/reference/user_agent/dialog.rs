//! A confirmed INVITE dialog on the UAS side (RFC 3261 section 12): its events and the requests sent in it.
use super::agent::RequestError;
use super::request::{Body, HeaderList, ServerRequest};
use crate::wire::sip::SipMessage;
use tokio::sync::mpsc;

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
pub struct DialogControl {}

impl DialogControl {
    /// Sends BYE and waits for its final response; the dialog is over at once.
    pub async fn bye(&self, headers: &HeaderList) -> Result<SipMessage, RequestError> {
        let _ = headers;
        todo!()
    }
    /// Sends any other non-INVITE request in the dialog.
    pub async fn request(
        &self,
        method: &str,
        headers: &HeaderList,
        body: Option<Body>,
    ) -> Result<SipMessage, RequestError> {
        let _ = (method, headers, body);
        todo!()
    }
    /// Replaces the SDP that answers refreshes.
    pub fn set_local_body(&self, body: Body) {
        let _ = body;
        todo!()
    }
    /// Drops the dialog without a word; later requests in it get 481.
    pub fn forget(&self) {
        todo!()
    }
    /// Whether the dialog still exists.
    pub fn is_alive(&self) -> bool {
        todo!()
    }
}
