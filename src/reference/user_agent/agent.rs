//! The user agent as its caller sees it: start, addresses, requests outside dialogs, stop.
use super::config::{Transport, UserAgentConfig};
use super::msrp::MsrpService;
use super::request::Incoming;
use crate::wire::sip::SipMessage;
use std::io;
use std::net::SocketAddr;
use tokio::sync::mpsc;

/// Why a request got no final response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("no final response within 64*T1")]
    Timeout,
    #[error("the request could not be sent: {0}")]
    Transport(String),
    #[error("too many transactions")]
    Busy,
    #[error("the dialog is over")]
    NoDialog,
    #[error("the user agent has stopped")]
    Stopped,
}

/// A running user agent; clones are the same one.
#[derive(Clone)]
pub struct UserAgent {}

impl UserAgent {
    /// Binds the sockets and serves until `stop`. Requests that need a decision arrive on the channel.
    pub async fn start(
        config: UserAgentConfig,
    ) -> io::Result<(UserAgent, mpsc::Receiver<Incoming>)> {
        let _ = config;
        todo!()
    }
    /// Address of SIP over UDP and TCP.
    pub fn sip_address(&self) -> SocketAddr {
        todo!()
    }
    /// Address of the MSRP listener.
    pub fn msrp_address(&self) -> SocketAddr {
        todo!()
    }
    /// The MSRP endpoint.
    pub fn msrp(&self) -> &MsrpService {
        todo!()
    }
    /// Sends a request outside dialogs and waits for its final response. `message` has no Via (one is added) and may lack Call-ID,
    /// CSeq, Max-Forwards, From tag and Content-Length, which are then added too.
    pub async fn request(
        &self,
        message: SipMessage,
        to: SocketAddr,
        transport: Transport,
    ) -> Result<SipMessage, RequestError> {
        let _ = (message, to, transport);
        todo!()
    }
    /// An unguessable token for tags, Call-IDs and the like.
    pub fn token(&self) -> String {
        todo!()
    }
    /// Dialogs alive, for diagnostics and tests.
    pub fn dialogs(&self) -> usize {
        todo!()
    }
    /// Transactions alive, for diagnostics and tests.
    pub fn transactions(&self) -> usize {
        todo!()
    }
    /// Closes every socket and joins every task.
    pub async fn stop(self) {
        todo!()
    }
}
