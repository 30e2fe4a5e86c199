//! One message session (RFC 4975 section 5): its URI, the connection it is bound to, and messages sent in it.
use super::assembly::{Assemblies, Outcome};
use super::connection::{self, Connection};
use super::{MsrpError, MsrpEvent, Shared};
use crate::wire::msrp::{Continuation, MsrpMessage, MsrpUri};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

/// Default port of MSRP.
const PORT: u16 = 2855;

/// What connections know of a session.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) local_path: String,
    events: mpsc::Sender<MsrpEvent>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    remote_path: Vec<String>,
    connection: Option<Arc<Connection>>,
    pending: HashMap<String, oneshot::Sender<u16>>,
    assemblies: Assemblies,
    closed: bool,
}

impl Session {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this From-Path URI is the peer's, as far as the peer's path is known.
    pub(super) fn knows(&self, from: &str) -> bool {
        let inner = self.inner();
        let Some(expected) = inner.remote_path.last() else {
            return true;
        };
        match (MsrpUri::parse(expected), MsrpUri::parse(from)) {
            (Ok(expected), Ok(from)) => expected.same_as(&from),
            _ => expected == from,
        }
    }

    /// Binds the session to a connection; `false` if it is bound to another one.
    pub(super) fn bind(self: &Arc<Self>, connection: &Arc<Connection>) -> bool {
        let mut inner = self.inner();
        match &inner.connection {
            Some(bound) => return Arc::ptr_eq(bound, connection),
            None if inner.closed => return false,
            None => inner.connection = Some(Arc::clone(connection)),
        }
        drop(inner);
        self.event(MsrpEvent::Connected(connection.remote));
        if !connection.bind(self) {
            self.lost(connection);
        }
        true
    }

    /// Tells the caller; a message that finds no room is refused.
    pub(super) fn event(&self, event: MsrpEvent) {
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(MsrpEvent::Message(message))) => {
                drop(message.respond(413, "Stop Sending"));
            }
            Err(mpsc::error::TrySendError::Closed(MsrpEvent::Message(message))) => {
                drop(message.respond(481, "Session Does Not Exist"));
            }
            Err(error) => tracing::debug!(%error, "MSRP event nobody takes"),
        }
    }

    pub(super) fn assemble(&self, work: impl FnOnce(&mut Assemblies) -> Outcome) -> Outcome {
        work(&mut self.inner().assemblies)
    }

    /// Takes the response to a transaction of this session; `false` if it has no such transaction.
    pub(super) fn answered(&self, transaction_id: &str, code: u16) -> bool {
        let Some(waiting) = self.inner().pending.remove(transaction_id) else {
            return false;
        };
        if waiting.send(code).is_err() {
            tracing::trace!("nobody waits for this response any more");
        }
        true
    }

    /// The connection ended.
    pub(super) fn lost(&self, connection: &Arc<Connection>) {
        let mut inner = self.inner();
        let bound = inner
            .connection
            .as_ref()
            .is_some_and(|bound| Arc::ptr_eq(bound, connection));
        if bound {
            inner.connection = None;
            inner.pending.clear();
            inner.assemblies.clear();
            drop(inner);
            self.event(MsrpEvent::Lost);
        }
    }
}

/// A session and its events. Dropping its control and all clones of it closes the session.
pub struct MsrpSession {
    pub control: MsrpControl,
    pub events: mpsc::Receiver<MsrpEvent>,
}

pub(super) fn open(shared: &Arc<Shared>, id: String) -> Result<MsrpSession, MsrpError> {
    let (sender, events) = mpsc::channel(shared.config.max_unread);
    let session = Arc::new(Session {
        local_path: format!("msrp://{}/{id};tcp", shared.address),
        id: id.clone(),
        events: sender,
        inner: Mutex::default(),
    });
    let mut sessions = shared.sessions();
    if sessions.len() >= shared.config.max_sessions {
        return Err(MsrpError::Busy);
    }
    sessions.insert(id, Arc::clone(&session));
    drop(sessions);
    let hold = Hold {
        shared: Arc::clone(shared),
        session,
    };
    Ok(MsrpSession {
        control: MsrpControl {
            hold: Arc::new(hold),
        },
        events,
    })
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

/// Closes the session when nobody holds it any more.
struct Hold {
    shared: Arc<Shared>,
    session: Arc<Session>,
}

impl Hold {
    fn close(&self, keep: bool) {
        self.shared.sessions().remove(&self.session.id);
        let mut inner = self.session.inner();
        inner.closed = true;
        inner.pending.clear();
        inner.assemblies.clear();
        let connection = inner.connection.take();
        drop(inner);
        if let Some(connection) = connection {
            connection.release(&self.session.id, keep);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.close(false);
    }
}

/// The sending side of a session; clones are the same session.
#[derive(Clone)]
pub struct MsrpControl {
    hold: Arc<Hold>,
}

impl MsrpControl {
    /// Our MSRP URI for `a=path`.
    pub fn local_path(&self) -> &str {
        &self.hold.session.local_path
    }

    /// The peer's `a=path`, in order.
    pub fn set_remote_path(&self, path: Vec<String>) {
        self.hold.session.inner().remote_path = path;
    }

    /// Connects to the first URI of the remote path (`a=setup:active`). The caller then sends an empty SEND to bind the session.
    pub async fn connect(&self) -> Result<(), MsrpError> {
        let shared = &self.hold.shared;
        let first = self.hold.session.inner().remote_path.first().cloned();
        let uri = first.ok_or_else(|| MsrpError::Connect("no remote path".to_string()))?;
        let uri = MsrpUri::parse(&uri).map_err(|error| MsrpError::Connect(error.to_string()))?;
        let host = uri.host.trim_start_matches('[').trim_end_matches(']');
        let target = (host, uri.port.unwrap_or(PORT));
        let admission = shared.admit().ok_or(MsrpError::Busy)?;
        let connecting = TcpStream::connect(target);
        let stream = tokio::time::timeout(shared.config.connect_timeout, connecting)
            .await
            .map_err(|_| MsrpError::Connect("no connection in time".to_string()))?
            .map_err(|error| MsrpError::Connect(error.to_string()))?;
        let remote = stream
            .peer_addr()
            .map_err(|error| MsrpError::Connect(error.to_string()))?;
        let connection = connection::start(shared, stream, remote, admission);
        if self.hold.session.bind(&connection) {
            Ok(())
        } else {
            // Bound meanwhile by the peer, or closed: this connection is not needed.
            connection.release(&self.hold.session.id, false);
            self.is_connected().then_some(()).ok_or(MsrpError::Closed)
        }
    }

    /// Whether a connection is bound.
    pub fn is_connected(&self) -> bool {
        self.hold.session.inner().connection.is_some()
    }

    /// Sends a message in as many chunks as needed; resolves with the code of the response to the last chunk, or the first code that is
    /// not 200. With Failure-Report `no` resolves with 200 once sent; with `partial` after the timeout if nothing came.
    pub async fn send(&self, message: MsrpOutgoing) -> Result<u16, MsrpError> {
        let (connection, remote_path) = {
            let inner = self.hold.session.inner();
            if inner.closed {
                return Err(MsrpError::Closed);
            }
            let connection = inner.connection.clone().ok_or(MsrpError::NotConnected)?;
            (connection, inner.remote_path.join(" "))
        };
        let mut waits = Waits {
            session: &self.hold.session,
            open: Vec::new(),
        };
        for chunk in self.chunks(&message, &remote_path) {
            if let Some(failure) = waits.failure() {
                return failure;
            }
            waits.expect(&chunk.transaction_id);
            if !connection.write_patiently(chunk.to_octets()).await {
                return Err(MsrpError::Lost);
            }
        }
        let reporting = message.failure_report.as_deref().unwrap_or("yes");
        if reporting.eq_ignore_ascii_case("no") {
            return Ok(200);
        }
        let timeout = self.hold.shared.config.transaction_timeout;
        match tokio::time::timeout(timeout, waits.outcome()).await {
            Ok(outcome) => outcome,
            Err(_) if reporting.eq_ignore_ascii_case("partial") => Ok(200),
            Err(_) => Err(MsrpError::Timeout),
        }
    }

    fn chunks(&self, message: &MsrpOutgoing, remote_path: &str) -> Vec<MsrpMessage> {
        let shared = &self.hold.shared;
        let id = message
            .message_id
            .clone()
            .unwrap_or_else(|| shared.tokens.long());
        let total = message.body.len();
        let edge = &shared.config.edge;
        let size = edge
            .msrp_chunk(shared.config.chunk_octets, &message.body)
            .max(1);
        let mut chunks = Vec::with_capacity(total / size + 1);
        let mut start = 0;
        loop {
            let end = (start + size).min(total);
            let body = &message.body[start..end];
            let mut chunk = MsrpMessage::request(&self.transaction_id(body), "SEND");
            chunk.push("To-Path", remote_path);
            chunk.push("From-Path", self.local_path());
            chunk.push("Message-ID", &id);
            if message.success_report {
                chunk.push("Success-Report", "yes");
            }
            if let Some(failure_report) = &message.failure_report {
                chunk.push("Failure-Report", failure_report);
            }
            if let Some(content_type) = &message.content_type {
                let first = if total == 0 { 1 } else { start + 1 };
                chunk.push("Byte-Range", format!("{first}-{end}/{total}"));
                chunk.set_body(content_type, body);
            }
            chunk.continuation = if end == total {
                Continuation::Complete
            } else {
                Continuation::More
            };
            chunks.push(chunk);
            if end == total {
                return chunks;
            }
            start = end;
        }
    }

    /// A transaction id whose end-line does not occur in the body (RFC 4975 section 7.1).
    fn transaction_id(&self, body: &[u8]) -> String {
        let tokens = &self.hold.shared.tokens;
        let mut id = tokens.short();
        for _ in 0..8 {
            if memchr::memmem::find(body, id.as_bytes()).is_none() {
                break;
            }
            id = tokens.short();
        }
        id
    }

    /// Closes the session and, if no other session uses it, its connection.
    pub fn close(&self) {
        self.hold.close(false);
    }

    /// Ends the session but leaves the connection open (a deliberate fault); later requests for the session get 481.
    pub fn close_leaving_connection(&self) {
        self.hold.close(true);
    }
}

/// Transactions waiting for their responses; forgotten when dropped.
struct Waits<'a> {
    session: &'a Session,
    open: Vec<(String, oneshot::Receiver<u16>)>,
}

impl Waits<'_> {
    fn expect(&mut self, transaction_id: &str) {
        let (sender, receiver) = oneshot::channel();
        self.session
            .inner()
            .pending
            .insert(transaction_id.to_string(), sender);
        self.open.push((transaction_id.to_string(), receiver));
    }

    /// A code other than 200, or the loss of the connection, that is known already.
    fn failure(&mut self) -> Option<Result<u16, MsrpError>> {
        self.open.iter_mut().find_map(|(_, receiver)| {
            if receiver.is_terminated() {
                return None;
            }
            match receiver.try_recv() {
                Ok(200) | Err(oneshot::error::TryRecvError::Empty) => None,
                Ok(code) => Some(Ok(code)),
                Err(oneshot::error::TryRecvError::Closed) => Some(Err(MsrpError::Lost)),
            }
        })
    }

    async fn outcome(&mut self) -> Result<u16, MsrpError> {
        let mut last = 200;
        for (_, receiver) in &mut self.open {
            if receiver.is_terminated() {
                continue;
            }
            last = receiver.await.map_err(|_| MsrpError::Lost)?;
            if last != 200 {
                break;
            }
        }
        Ok(last)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut inner = self.session.inner();
        for (transaction_id, _) in &self.open {
            inner.pending.remove(transaction_id);
        }
    }
}
