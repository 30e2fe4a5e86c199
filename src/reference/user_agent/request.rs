//! Server transactions as the caller sees them: a request and the means to respond to it.
use super::config::Transport;
use super::invite::ServerInvite;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;

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
}

/// A non-INVITE request waiting for its final response. Dropping it unanswered sends 500.
pub struct ServerRequest {
    pub request: SipMessage,
    pub source: SocketAddr,
    pub transport: Transport,
}

impl ServerRequest {
    /// Sends the final response; Via, From, To (with tag), Call-ID, CSeq, Server and Content-Length are filled in. A provisional code
    /// is not allowed here and becomes 500.
    pub fn respond(self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        let _ = (code, reason, headers, body);
        todo!()
    }
    /// Never answers: retransmissions are absorbed silently until 64*T1.
    pub fn ignore(self) {
        todo!()
    }
}
