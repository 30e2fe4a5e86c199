//! An INVITE of ours as its caller sees it: provisional responses, the outcome, CANCEL.
use super::agent::{RequestError, UserAgent};
use super::client::Waiter;
use super::config::Transport;
use super::core::Core;
use super::dialog::{Dialog, DialogControl};
use super::outgoing::{Caller, Outcome};
use super::request::HeaderList;
use super::transport::RequestRoute;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Provisional responses that may wait unread.
const PROVISIONAL: usize = 16;

/// What happens to an INVITE of ours, in this order: any number of provisional responses, one of the others.
pub enum InviteEvent {
    Provisional(SipMessage),
    /// The 2xx, already acknowledged, and its dialog.
    Accepted(SipMessage, Dialog),
    /// A final response of 300 or more, already acknowledged.
    Refused(SipMessage),
    Failed(RequestError),
}

/// An INVITE outside dialogs waiting for its final response. Dropping it before sends CANCEL, and BYE if a 2xx comes all the same.
pub struct ClientInvite {
    core: Arc<Core>,
    id: u64,
    provisional: mpsc::Receiver<SipMessage>,
    outcome: oneshot::Receiver<Outcome>,
    done: bool,
}

impl UserAgent {
    /// Sends an INVITE with an offer and a Contact; Via, Call-ID, CSeq, Max-Forwards and From tag are added where they are missing.
    /// `offers_to_owner` has re-INVITE and UPDATE of the peer delivered as `DialogEvent::Offer` instead of being answered with the same
    /// body again.
    pub fn invite(
        &self,
        mut message: SipMessage,
        to: SocketAddr,
        transport: Transport,
        offers_to_owner: bool,
    ) -> ClientInvite {
        self.fill_in(&mut message);
        let route = RequestRoute {
            transport,
            target: to,
            flow: None,
        };
        let (sender, provisional) = mpsc::channel(PROVISIONAL);
        let (resolver, outcome) = oneshot::channel();
        let caller = Caller {
            provisional: sender,
            outcome: resolver,
            offers_to_owner,
        };
        let id = self
            .core()
            .run(|state, now| state.start_client(message, route, Waiter::Invite(caller), now));
        ClientInvite {
            core: Arc::clone(self.core()),
            id,
            provisional,
            outcome,
            done: false,
        }
    }
}

impl ClientInvite {
    /// The next response. After an outcome there is nothing more to ask for. Cancel-safe.
    pub async fn next(&mut self) -> InviteEvent {
        let outcome = tokio::select! {
            biased;
            Some(response) = self.provisional.recv() => return InviteEvent::Provisional(response),
            outcome = &mut self.outcome => outcome,
        };
        self.done = true;
        match outcome {
            Ok(Outcome::Accepted {
                response,
                dialog,
                events,
            }) => {
                let control = DialogControl::new(Arc::clone(&self.core), dialog);
                InviteEvent::Accepted(response, Dialog { control, events })
            }
            Ok(Outcome::Refused(response)) => InviteEvent::Refused(response),
            Ok(Outcome::Failed(error)) => InviteEvent::Failed(error),
            Err(_) => InviteEvent::Failed(RequestError::Stopped),
        }
    }

    /// The outcome, provisional responses unread.
    pub async fn outcome(&mut self) -> InviteEvent {
        loop {
            match self.next().await {
                InviteEvent::Provisional(_) => {}
                outcome => return outcome,
            }
        }
    }

    /// Sends CANCEL as soon as a provisional response allows it; the outcome is still to come, and may be a 2xx.
    pub fn cancel(&self, headers: &HeaderList) {
        let headers = headers.clone();
        self.core
            .run(|state, now| state.cancel_client(self.id, headers, now));
    }
}

impl Drop for ClientInvite {
    fn drop(&mut self) {
        if !self.done {
            self.cancel(&HeaderList::new());
        }
    }
}
