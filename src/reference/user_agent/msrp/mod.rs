//! The MSRP endpoint (RFC 4975): one listener, sessions by session id, chunking, reassembly, REPORTs.
//!
//! No relays (RFC 4976), no TLS. What a SEND is answered with may be decided by the caller message by message.
mod assembly;
mod connection;
mod incoming;
mod session;

pub use incoming::{MsrpIncoming, MsrpReceipt};
pub use session::{MsrpControl, MsrpOutgoing, MsrpSession};

use super::tasks::Tasks;
use super::tokens::Tokens;
use crate::reference::edge::Edge;
use session::Session;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// Limits and timers of the endpoint.
#[derive(Debug, Clone)]
pub struct MsrpConfig {
    pub max_sessions: usize,
    pub max_connections: usize,
    /// Largest reassembled message; larger ones are answered 413.
    pub max_message_octets: usize,
    /// Messages of one session that may be incomplete at once.
    pub max_incomplete: usize,
    /// Events of one session the caller may leave unread; messages beyond are refused with 413.
    pub max_unread: usize,
    /// Largest chunk we send (RFC 4975 section 7.1.1 wants interruptible chunks over 2048 octets).
    pub chunk_octets: usize,
    /// Wait for a transaction response (RFC 4975 section 7.1).
    pub transaction_timeout: Duration,
    pub connect_timeout: Duration,
    /// A connection that is bound to no session for this long is closed.
    pub unbound_idle: Duration,
    /// The same for a connection left open on purpose.
    pub kept_idle: Duration,
    /// What the endpoint does wrong on purpose.
    pub departure: MsrpDeparture,
    /// What happens to what is sent.
    pub edge: Edge,
}

/// Deliberate departures from RFC 4975; each stands for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MsrpDeparture {
    #[default]
    None,
    /// Every chunk is told as a message of its own.
    ChunksAlone,
    /// A message that its sender breaks off is told as far as it has come.
    AbortedTaken,
    /// A bodiless SEND is told like any other.
    EmptyTold,
    /// A request for a session that does not exist is answered 200.
    AnySession,
}

impl Default for MsrpConfig {
    fn default() -> Self {
        Self {
            max_sessions: 20_000,
            max_connections: 20_000,
            max_message_octets: 1024 * 1024,
            max_incomplete: 16,
            max_unread: 256,
            chunk_octets: 2048,
            transaction_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            unbound_idle: Duration::from_secs(30),
            kept_idle: Duration::from_secs(600),
            departure: MsrpDeparture::None,
            edge: Edge::Plain,
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
pub struct MsrpService {
    shared: Arc<Shared>,
}

/// What connections and sessions have in common.
pub(super) struct Shared {
    config: MsrpConfig,
    address: SocketAddr,
    tokens: Arc<Tokens>,
    tasks: Tasks,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    connections: AtomicUsize,
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection in, if there is room.
    fn admit(self: &Arc<Self>) -> Option<Admission> {
        let admitted =
            self.connections
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                    (count < self.config.max_connections).then_some(count + 1)
                });
        match admitted {
            Ok(_) => Some(Admission(Arc::clone(self))),
            Err(_) => {
                tracing::warn!("too many MSRP connections");
                None
            }
        }
    }
}

/// A counted connection; counted out when dropped.
struct Admission(Arc<Shared>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

impl MsrpService {
    pub(super) async fn start(
        ip: IpAddr,
        config: MsrpConfig,
        tokens: Arc<Tokens>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let shared = Arc::new(Shared {
            config,
            address: listener.local_addr()?,
            tokens,
            tasks: Tasks::default(),
            sessions: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let weak = Arc::downgrade(&shared);
        shared.tasks.spawn(connection::accept(listener, weak));
        Ok(Self { shared })
    }

    pub(super) async fn stop(&self) {
        let sessions = std::mem::take(&mut *self.shared.sessions());
        drop(sessions);
        self.shared.tasks.stop().await;
    }

    /// Address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// A new session with an unguessable session id. It waits for the peer's connection unless `connect` is called.
    pub fn open(&self) -> Result<MsrpSession, MsrpError> {
        session::open(&self.shared, self.shared.tokens.long())
    }

    /// The same with a session id of the caller's choice (a deliberate fault).
    pub fn open_as(&self, id: String) -> Result<MsrpSession, MsrpError> {
        session::open(&self.shared, id)
    }

    /// Sessions open, for diagnostics and tests.
    pub fn sessions(&self) -> usize {
        self.shared.sessions().len()
    }

    /// Connections open, for diagnostics and tests.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }
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

/// A REPORT received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsrpReport {
    pub message_id: String,
    /// Status code of the `Status` header field (namespace 000), 0 if unreadable.
    pub code: u16,
    pub headers: Vec<(String, String)>,
}
