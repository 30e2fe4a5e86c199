//! Server transactions as the caller sees them: a request and the means to respond to it.
use super::config::Transport;
use super::core::Core;
use super::invite::ServerInvite;
use super::state::Waiting;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::Arc;

/// Header fields to add to a message, verbatim and in this order.
pub type HeaderList = Vec<(String, String)>;

/// A body and its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub content_type: String,
    pub octets: Vec<u8>,
}

/// A request outside dialogs that needs a decision.
pub enum Incoming {
    Invite(ServerInvite),
    /// MESSAGE, REGISTER and whatever else `UserAgentConfig::allow` names (OPTIONS is answered by the user agent itself).
    Request(ServerRequest),
    /// The ACK of a 2xx, where the caller keeps the dialogs.
    Ack(SipMessage),
    /// An INVITE whose 2xx was never acknowledged, likewise.
    Unacknowledged(SipMessage),
}

/// A non-INVITE request waiting for its final response. Dropping it unanswered sends 500, or 200 to a BYE.
pub struct ServerRequest {
    pub request: SipMessage,
    pub source: SocketAddr,
    pub transport: Transport,
    /// The To tag that responses to a request without one get.
    pub to_tag: String,
    core: Arc<Core>,
    id: u64,
    done: bool,
}

impl ServerRequest {
    pub(super) fn new(core: Arc<Core>, waiting: Waiting) -> Self {
        Self {
            request: waiting.request,
            source: waiting.origin.source,
            transport: waiting.origin.transport,
            to_tag: waiting.to_tag,
            core,
            id: waiting.id,
            done: false,
        }
    }

    /// Sends the final response; Via, From, To (with tag), Call-ID, CSeq, Server and Content-Length are filled in. A code that is not
    /// final becomes 500.
    pub fn respond(mut self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        self.answer(code, reason, headers, body.as_ref());
    }

    fn answer(&mut self, code: u16, reason: &str, headers: &HeaderList, body: Option<&Body>) {
        self.done = true;
        let (code, reason) = match code {
            200..700 => (code, reason),
            _ => (500, "Server Internal Error"),
        };
        self.core
            .run(|state, now| state.respond(self.id, code, reason, headers, body, now));
    }

    /// Never answers: retransmissions are absorbed silently until 64*T1.
    pub fn ignore(mut self) {
        self.done = true;
    }
}

impl Drop for ServerRequest {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // A BYE that comes when the call is ending anyway, and whose session is gone before it could answer.
        let crossing = self.request.method() == Some("BYE");
        let unanswered =
            |core: &Arc<Core>| core.run(|state, _| state.config.crossing_bye_unanswered);
        match crossing {
            true if unanswered(&self.core) => self.done = true,
            true => self.answer(200, "OK", &HeaderList::new(), None),
            false => self.answer(500, "Server Internal Error", &HeaderList::new(), None),
        }
    }
}
