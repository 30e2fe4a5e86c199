//! TCP connections of MSRP: reading and writing, binding to sessions, and the checks of RFC 4975 section 7.3 on every request.
use super::assembly::Outcome;
use super::incoming::{MsrpIncoming, ReturnPath};
use super::session::Session;
use super::{Admission, MsrpDeparture, MsrpEvent, MsrpReport, Shared};
use crate::reference::edge::Edge;
use crate::wire::msrp::{Continuation, Framer, MsrpMessage, MsrpUri};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Messages that may wait on one connection.
const QUEUE: usize = 512;
/// Room for the head of the message that is being collected.
const HEAD: usize = 64 * 1024;

enum Item {
    Octets(Vec<u8>),
    /// Everything before this is written, then the connection closes.
    Close,
}

pub(super) struct Connection {
    pub(super) remote: SocketAddr,
    shared: Weak<Shared>,
    queue: mpsc::Sender<Item>,
    broken: Notify,
    /// Left open on purpose after its session ended.
    kept: AtomicBool,
    ended: AtomicBool,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl Connection {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues octets without waiting; a peer that does not read loses its connection.
    pub(super) fn write(&self, octets: Vec<u8>) {
        match self.queue.try_send(Item::Octets(octets)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(remote = %self.remote, "MSRP connection does not take its messages");
                self.broken.notify_one();
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                tracing::debug!(remote = %self.remote, "MSRP connection is gone");
            }
        }
    }

    /// Queues octets, waiting for room; `false` if the connection is gone.
    pub(super) async fn write_patiently(&self, octets: Vec<u8>) -> bool {
        self.queue.send(Item::Octets(octets)).await.is_ok()
    }

    pub(super) fn transaction_id(&self) -> String {
        self.shared
            .upgrade()
            .map_or_else(|| "0000".to_string(), |shared| shared.tokens.short())
    }

    /// `false` if the connection has ended already.
    pub(super) fn bind(&self, session: &Arc<Session>) -> bool {
        let mut sessions = self.sessions();
        if self.ended.load(Ordering::Acquire) {
            return false;
        }
        sessions.insert(session.id.clone(), Arc::clone(session));
        true
    }

    /// Unbinds a session and closes the connection if it was the last and `keep` is not asked for.
    pub(super) fn release(&self, session_id: &str, keep: bool) {
        let empty = {
            let mut sessions = self.sessions();
            sessions.remove(session_id);
            sessions.is_empty()
        };
        if keep {
            self.kept.store(true, Ordering::Release);
        } else if empty && self.queue.try_send(Item::Close).is_err() {
            self.broken.notify_one();
        }
    }
}

/// Accepts connections until stopped.
pub(super) async fn accept(listener: TcpListener, shared: Weak<Shared>) {
    loop {
        let accepted = listener.accept().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match accepted {
            Ok((stream, remote)) => {
                if let Some(admission) = shared.admit() {
                    start(&shared, stream, remote, admission);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "MSRP connection not accepted");
                drop(shared);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves a connection in a task of its own.
pub(super) fn start(
    shared: &Arc<Shared>,
    stream: TcpStream,
    remote: SocketAddr,
    admission: Admission,
) -> Arc<Connection> {
    let (queue, waiting) = mpsc::channel(QUEUE);
    let connection = Arc::new(Connection {
        remote,
        shared: Arc::downgrade(shared),
        queue,
        broken: Notify::new(),
        kept: AtomicBool::new(false),
        ended: AtomicBool::new(false),
        sessions: Mutex::default(),
    });
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small messages may be delayed");
    }
    let served = Arc::clone(&connection);
    shared
        .tasks
        .spawn(async move { serve(served, stream, waiting, admission).await });
    connection
}

async fn serve(
    connection: Arc<Connection>,
    stream: TcpStream,
    waiting: mpsc::Receiver<Item>,
    admission: Admission,
) {
    let (mut reader, mut writer) = stream.into_split();
    let edge = connection
        .shared
        .upgrade()
        .map_or(Edge::Plain, |shared| shared.config.edge.clone());
    let finished = tokio::select! {
        () = read(&connection, &mut reader) => false,
        finished = write(&mut writer, waiting, edge) => finished,
        () = connection.broken.notified() => false,
    };
    let sessions = {
        let mut sessions = connection.sessions();
        connection.ended.store(true, Ordering::Release);
        std::mem::take(&mut *sessions)
    };
    for session in sessions.into_values() {
        session.lost(&connection);
    }
    if finished && writer.shutdown().await.is_ok() {
        // What the peer still sends is read and thrown away, lest a reset destroys our last octets on their way.
        let mut rest = [0; 4096];
        let drain = async { while matches!(reader.read(&mut rest).await, Ok(1..)) {} };
        if tokio::time::timeout(Duration::from_secs(1), drain)
            .await
            .is_err()
        {
            tracing::trace!("peer keeps its side of the connection open");
        }
    }
    drop(admission);
}

/// `true` if everything was written up to an orderly close.
async fn write(writer: &mut OwnedWriteHalf, mut waiting: mpsc::Receiver<Item>, edge: Edge) -> bool {
    while let Some(item) = waiting.recv().await {
        match item {
            Item::Octets(octets) => {
                if let Err(error) = edge.write(writer, &edge.msrp(octets)).await {
                    tracing::debug!(%error, "MSRP connection broken");
                    return false;
                }
            }
            Item::Close => return true,
        }
    }
    true
}

async fn read(connection: &Arc<Connection>, reader: &mut OwnedReadHalf) {
    let Some(config) = connection.shared.upgrade().map(|s| s.config.clone()) else {
        return;
    };
    let mut framer = Framer::default();
    let mut buffer = vec![0; 16 * 1024];
    // Only whole messages count: octets that drip keep no connection open that no session is bound to.
    let mut heard = Instant::now();
    loop {
        let idle = if connection.kept.load(Ordering::Acquire) {
            config.kept_idle
        } else {
            config.unbound_idle
        };
        let deadline = heard + idle;
        let length = match tokio::time::timeout_at(deadline, reader.read(&mut buffer)).await {
            Ok(Ok(0)) => return,
            Ok(Ok(length)) => length,
            Ok(Err(error)) => {
                tracing::debug!(%error, remote = %connection.remote, "MSRP connection broken");
                return;
            }
            Err(_) if connection.sessions().is_empty() => return,
            Err(_) => {
                heard = Instant::now();
                continue;
            }
        };
        framer.push(&buffer[..length]);
        while let Some(frame) = framer.next_frame() {
            heard = Instant::now();
            let parsed = frame.and_then(|octets| MsrpMessage::parse(&octets));
            match parsed {
                Ok(message) => receive(connection, message),
                Err(error) => {
                    tracing::info!(%error, remote = %connection.remote, "stream that is not MSRP closed");
                    return;
                }
            }
        }
        if framer.pending() > config.max_message_octets + HEAD {
            tracing::info!(remote = %connection.remote, "MSRP chunk over the size limit");
            return;
        }
    }
}

fn receive(connection: &Arc<Connection>, message: MsrpMessage) {
    let Some(shared) = connection.shared.upgrade() else {
        return;
    };
    let Some(method) = message.method().map(String::from) else {
        return response(connection, &message);
    };
    let path = ReturnPath::of(connection, &message);
    let answer = |code, comment: &str| {
        // A REPORT is never answered (RFC 4975 section 7.1.2).
        if method != "REPORT" {
            path.answer(code, comment);
        }
    };
    if path.to_path.is_empty() || path.from_path.is_empty() {
        return answer(400, "Missing Path");
    }
    let session = match find(&shared, connection, &path) {
        Ok(session) => session,
        Err((code, comment)) => return answer(code, comment),
    };
    match method.as_str() {
        "SEND" => send(&shared, &session, message, path.clone()),
        "REPORT" => session.event(MsrpEvent::Report(report(&message))),
        _ => answer(501, "Unknown Method"),
    }
}

/// The session a request belongs to; its first request on a connection binds it (RFC 4975 sections 5.4 and 7.3).
fn find(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    path: &ReturnPath,
) -> Result<Arc<Session>, (u16, &'static str)> {
    const UNKNOWN: (u16, &str) = (481, "Session Does Not Exist");
    const TAKEN: (u16, &str) = (200, "OK");
    let [to] = path.to_path.as_slice() else {
        return Err(UNKNOWN);
    };
    let to = MsrpUri::parse(to).map_err(|_| (400, "Malformed To-Path"))?;
    let id = to.session_id.clone().ok_or(UNKNOWN)?;
    let unknown = match shared.config.departure {
        MsrpDeparture::AnySession => TAKEN,
        _ => UNKNOWN,
    };
    mark!("SDP-06");
    let session = shared.sessions().get(&id).cloned().ok_or(unknown)?;
    let ours = MsrpUri::parse(&session.local_path).map_err(|_| UNKNOWN)?;
    if !to.same_as(&ours) || !session.knows(path.from_path.last().map_or("", String::as_str)) {
        return Err(UNKNOWN);
    }
    match session.bind(connection) {
        true => Ok(session),
        false => Err((506, "Session Bound to Another Connection")),
    }
}

fn send(shared: &Arc<Shared>, session: &Arc<Session>, mut message: MsrpMessage, path: ReturnPath) {
    if message.message_id().is_none_or(str::is_empty) {
        return path.answer(400, "Missing Message-ID");
    }
    let departure = shared.config.departure;
    let alone = match departure {
        MsrpDeparture::ChunksAlone => message.body.is_some(),
        MsrpDeparture::EmptyTold => message.body.is_none(),
        _ => false,
    };
    if alone {
        let body = message.body.take().unwrap_or_default();
        let incoming = MsrpIncoming::new(path, message.headers, body);
        return session.event(MsrpEvent::Message(incoming));
    }
    if departure == MsrpDeparture::AbortedTaken && message.continuation == Continuation::Aborted {
        message.continuation = Continuation::Complete;
    }
    if message.body.is_none() {
        // A bodiless SEND only binds the connection or keeps it open.
        return path.answer(200, "OK");
    }
    let config = &shared.config;
    mark!("M2S-04");
    let outcome = session.assemble(|assemblies| {
        assemblies.take(
            message,
            config.max_message_octets,
            config.max_incomplete,
            Instant::now(),
        )
    });
    match outcome {
        Outcome::Nothing => path.answer(200, "OK"),
        Outcome::Refused(400) => path.answer(400, "Bad Request"),
        Outcome::Refused(code) => path.answer(code, "Stop Sending"),
        Outcome::Whole(headers, body) => {
            let incoming = MsrpIncoming::new(path, headers, body);
            session.event(MsrpEvent::Message(incoming));
        }
    }
}

fn report(message: &MsrpMessage) -> MsrpReport {
    let mut words = message
        .header("Status")
        .unwrap_or_default()
        .split_whitespace();
    let code = match (words.next(), words.next()) {
        (Some("000"), Some(code)) => code.parse().unwrap_or(0),
        _ => 0,
    };
    MsrpReport {
        message_id: message.message_id().unwrap_or_default().to_string(),
        code,
        headers: message.headers.clone(),
    }
}

/// A response belongs to the session bound to this connection that waits for its transaction.
fn response(connection: &Connection, message: &MsrpMessage) {
    let Some(code) = message.status() else {
        return;
    };
    let sessions: Vec<Arc<Session>> = connection.sessions().values().cloned().collect();
    if !sessions
        .iter()
        .any(|session| session.answered(&message.transaction_id, code))
    {
        tracing::debug!("MSRP response to no transaction of ours dropped");
    }
}
