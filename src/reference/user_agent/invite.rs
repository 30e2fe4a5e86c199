//! An INVITE waiting for its final response: provisional responses, rejection, acceptance, cancellation.
use super::agent::RequestError;
use super::config::Transport;
use super::dialog::Dialog;
use super::request::{Body, HeaderList};
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;

/// What the 2xx to an INVITE says.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// 200 if 0.
    pub code: u16,
    /// `OK` if empty.
    pub reason: String,
    /// User part of the Contact URI; none if empty.
    pub contact_user: String,
    /// Contact header parameters, written after `>` verbatim, e.g. `;+g.3gpp.icsi-ref="..."`.
    pub contact_params: String,
    /// Further header fields (Server, Allow, Supported are added unless named here; Session-Expires and Require as negotiated).
    pub headers: HeaderList,
    /// The SDP answer.
    pub body: Option<Body>,
    /// Leaves Session-Expires out although the caller asked for a session timer.
    pub without_session_timer: bool,
}

/// An INVITE outside dialogs; 100 Trying has been sent. Dropping it unanswered sends 500.
pub struct ServerInvite {
    pub request: SipMessage,
    pub source: SocketAddr,
    pub transport: Transport,
}

impl ServerInvite {
    /// Sends a 1xx (with To-tag and Contact). May be repeated to refresh (RFC 3261 section 13.3.1.1); nothing happens after a final.
    pub fn provisional(&self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        let _ = (code, reason, headers, body);
        todo!()
    }
    /// Sends a final response of 300 or more.
    pub fn reject(self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        let _ = (code, reason, headers, body);
        todo!()
    }
    /// Sends the 2xx, repeats it until the ACK, and makes the dialog. Fails if the INVITE was cancelled meanwhile.
    pub fn accept(self, answer: Answer) -> Result<Dialog, RequestError> {
        let _ = answer;
        todo!()
    }
    /// Resolves once the INVITE was cancelled (CANCEL or BYE of the caller; 487 has been sent). Pends for ever otherwise. Cancel-safe.
    pub async fn cancelled(&self) {
        todo!()
    }
    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        todo!()
    }
    /// Never gives a final response: retransmissions get the last provisional only.
    pub fn ignore(self) {
        todo!()
    }
}
