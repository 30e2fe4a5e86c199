//! The MSRP endpoint (RFC 4975): one listener, sessions by session id, chunking, reassembly, REPORTs.
//!
//! No relays (RFC 4976), no TLS. What a SEND is answered with may be decided by the caller message by message.
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;

/// Limits and timers of the endpoint.
#[derive(Debug, Clone)]
pub struct MsrpConfig {
    pub max_sessions: usize,
    pub max_connections: usize,
    /// Largest reassembled message; larger ones are answered 413.
    pub max_message_octets: usize,
    /// Messages of one session that may be incomplete at once.
    pub max_incomplete: usize,
    /// Largest chunk we send (RFC 4975 section 7.1.1 wants interruptible chunks over 2048 octets).
    pub chunk_octets: usize,
    /// Wait for a transaction response (RFC 4975 section 7.1).
    pub transaction_timeout: Duration,
    pub connect_timeout: Duration,
    /// A connection that is bound to no session for this long is closed.
    pub unbound_idle: Duration,
}

impl Default for MsrpConfig {
    fn default() -> Self {
        Self {
            max_sessions: 20_000,
            max_connections: 20_000,
            max_message_octets: 1024 * 1024,
            max_incomplete: 16,
            chunk_octets: 2048,
            transaction_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            unbound_idle: Duration::from_secs(30),
        }
    }
}

/// Why a message or report was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MsrpError {
    #[error("too many sessions")]
    Busy,
    #[error("not connected")]
    NotConnected,
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("no response in time")]
    Timeout,
    #[error("the connection was lost")]
    Lost,
    #[error("the session is closed")]
    Closed,
}

/// The endpoint; clones are the same one.
#[derive(Clone)]
pub struct MsrpService {}

impl MsrpService {
    pub fn address(&self) -> SocketAddr {
        todo!()
    }
    /// A new session with an unguessable session id. It waits for the peer's connection unless `connect` is called.
    pub fn open(&self) -> Result<MsrpSession, MsrpError> {
        todo!()
    }
    /// Sessions open, for diagnostics and tests.
    pub fn sessions(&self) -> usize {
        todo!()
    }
    /// Connections open, for diagnostics and tests.
    pub fn connections(&self) -> usize {
        todo!()
    }
}

/// A session and its events. Dropping it and all controls closes it.
pub struct MsrpSession {
    pub control: MsrpControl,
    pub events: mpsc::Receiver<MsrpEvent>,
}

/// What happens in a session.
pub enum MsrpEvent {
    /// A connection is bound to the session (connected by us, or the peer's first request arrived).
    Connected(SocketAddr),
    /// A whole message (reassembled), waiting for its response.
    Message(MsrpIncoming),
    /// A REPORT about a message we sent.
    Report(MsrpReport),
    /// The connection closed or broke.
    Lost,
}

/// A message received. The response to its last chunk is the caller's: dropped unanswered, 200 is sent. Whatever the code,
/// Failure-Report decides whether a response is sent at all (RFC 4975 section 7.2).
pub struct MsrpIncoming {
    pub message_id: String,
    /// Full Content-Type as sent; `None` for a bodiless message.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Header fields of the first chunk.
    pub headers: Vec<(String, String)>,
    /// `Success-Report: yes`.
    pub success_report: bool,
    /// `yes`, `partial` or `no`.
    pub failure_report: String,
}

impl MsrpIncoming {
    /// Answers the transaction; what remains can send REPORTs later.
    pub fn respond(self, code: u16, comment: &str) -> MsrpReceipt {
        let _ = (code, comment);
        todo!()
    }
    /// Leaves the transaction unanswered.
    pub fn ignore(self) -> MsrpReceipt {
        todo!()
    }
}

/// The right to report on a received message.
pub struct MsrpReceipt {
    pub message_id: String,
    pub success_report: bool,
    pub failure_report: String,
}

impl MsrpReceipt {
    /// Sends a REPORT over the whole message if the sender asked for one of that kind: 200 with Success-Report `yes`; other codes with
    /// Failure-Report `yes` or `partial`.
    pub fn report(&self, code: u16, comment: &str) {
        let _ = (code, comment);
        todo!()
    }
    /// Sends the REPORT whatever the sender asked for.
    pub fn report_unasked(&self, code: u16, comment: &str) {
        let _ = (code, comment);
        todo!()
    }
}

/// A REPORT received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsrpReport {
    pub message_id: String,
    /// Status code of the `Status` header field (namespace 000), 0 if unreadable.
    pub code: u16,
    pub headers: Vec<(String, String)>,
}

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct MsrpOutgoing {
    /// Full Content-Type; with `None` the SEND is bodiless.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Made by us if `None`.
    pub message_id: Option<String>,
    pub success_report: bool,
    /// `yes`, `partial`, `no`; left out if `None` (meaning yes).
    pub failure_report: Option<String>,
}

/// The sending side of a session; clones are the same session.
#[derive(Clone)]
pub struct MsrpControl {}

impl MsrpControl {
    /// Our MSRP URI for `a=path`.
    pub fn local_path(&self) -> &str {
        todo!()
    }
    /// The peer's `a=path`, in order.
    pub fn set_remote_path(&self, path: Vec<String>) {
        let _ = path;
        todo!()
    }
    /// Connects to the first URI of the remote path (`a=setup:active`). The caller then sends an empty SEND to bind the session.
    pub async fn connect(&self) -> Result<(), MsrpError> {
        todo!()
    }
    /// Whether a connection is bound.
    pub fn is_connected(&self) -> bool {
        todo!()
    }
    /// Sends a message in as many chunks as needed; resolves with the code of the response to the last chunk, or the first code that is
    /// not 200. With Failure-Report `no` resolves with 200 once sent; with `partial` after the timeout if nothing came.
    pub async fn send(&self, message: MsrpOutgoing) -> Result<u16, MsrpError> {
        let _ = message;
        todo!()
    }
    /// Closes the session and, if no other session uses it, its connection.
    pub fn close(&self) {
        todo!()
    }
    /// Ends the session but leaves the connection open (a deliberate fault); later requests for the session get 481.
    pub fn close_leaving_connection(&self) {
        todo!()
    }
}
