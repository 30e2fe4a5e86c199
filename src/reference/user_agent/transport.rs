//! Sockets of SIP (RFC 3261 section 18): one UDP socket and TCP connections in both directions, reused while they live,
//! plain or inside TLS.
//!
//! Sending never waits: UDP datagrams go out at once, TCP messages into the bounded queue of their connection's task. It does not
//! look into messages. More than 400 lines: TCP and TLS, dialled and accepted, are the same few steps here.
use super::config::{Transport, UserAgentConfig};
use super::tasks::Tasks;
use super::tls::{Reader, SipTls, Writer};
use super::via::ResponseRoute;
use crate::reference::edge::Edge;
use crate::reference::traffic::{self, Traffic};
use crate::wire::sip::{Frame, Framer};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::Instant;

/// Messages that may wait on one connection.
const QUEUE: usize = 512;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Datagrams that may wait for room in the socket; more are lost, as datagrams may be.
const WAITING_DATAGRAMS: usize = 1024;

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reference) struct RequestRoute {
    pub(in crate::reference) transport: Transport,
    pub(in crate::reference) target: SocketAddr,
    /// TCP: a connection of the same peer to fall back to when the target refuses connections.
    pub(in crate::reference) flow: Option<SocketAddr>,
}

/// Who takes what arrives.
pub(in crate::reference) trait Receiver: Send + Sync + 'static {
    fn message(self: Arc<Self>, octets: &[u8], transport: Transport, source: SocketAddr);
    /// A TCP message over the size limit; only its head was kept.
    fn oversize(self: Arc<Self>, head: &[u8], source: SocketAddr);
    /// Requests to this target cannot be sent.
    fn unreachable(self: Arc<Self>, target: SocketAddr, reason: &str);
}

struct Connection {
    id: u64,
    queue: mpsc::Sender<Arc<[u8]>>,
    /// Ends the connection's task although messages wait.
    broken: Arc<Notify>,
}

/// What the task of a connection is given.
struct Waiting {
    messages: mpsc::Receiver<Arc<[u8]>>,
    broken: Arc<Notify>,
}

#[derive(Default)]
struct Connections {
    by_remote: HashMap<SocketAddr, Connection>,
    next_id: u64,
}

pub(in crate::reference) struct Sockets {
    udp: Arc<UdpSocket>,
    room: Arc<Semaphore>,
    tls: Option<SipTls>,
    local: SocketAddr,
    connections: Mutex<Connections>,
    pub(in crate::reference) tasks: Tasks,
    max_connections: usize,
    max_octets: usize,
    idle: Duration,
    stall: Duration,
    edge: Edge,
}

/// One port number for UDP and TCP, picked by the system.
pub(in crate::reference) async fn bind(
    config: &UserAgentConfig,
) -> io::Result<(Sockets, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..32 {
        let listener = TcpListener::bind((config.ip, 0)).await?;
        let local = listener.local_addr()?;
        match UdpSocket::bind(local).await {
            Ok(udp) => {
                // Bursts of a load test must not be lost between two reads; the kernel may grant less.
                if let Err(error) = socket2::SockRef::from(&udp).set_recv_buffer_size(4 << 20) {
                    tracing::debug!(%error, "receive buffer stays at its default");
                }
                // Only a socket known to be writable sends without waiting.
                udp.writable().await?;
                let sockets = Sockets {
                    udp: Arc::new(udp),
                    room: Arc::new(Semaphore::new(WAITING_DATAGRAMS)),
                    tls: config.tls.clone(),
                    local,
                    connections: Mutex::default(),
                    tasks: Tasks::default(),
                    max_connections: config.max_connections,
                    max_octets: config.max_message_octets,
                    idle: config.connection_idle,
                    stall: config.timers.transaction_timeout(),
                    edge: config.edge.clone(),
                };
                return Ok((sockets, listener));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Sockets {
    pub(in crate::reference) fn local(&self) -> SocketAddr {
        self.local
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn send_datagram(&self, octets: Arc<[u8]>, to: SocketAddr) {
        let from = self.local;
        traffic::happened(Traffic::Sent { from, to });
        match self.udp.try_send_to(&octets, to) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let udp = Arc::clone(&self.udp);
                let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
                    tracing::debug!(%to, "datagram not sent: too many wait");
                    return;
                };
                self.tasks.spawn(async move {
                    let _place = place;
                    if let Err(error) = udp.send_to(&octets, to).await {
                        tracing::debug!(%error, %to, "datagram not sent");
                    }
                });
            }
            Err(error) => tracing::debug!(%error, %to, "datagram not sent"),
        }
    }

    /// Takes a message past the edge, then sends what has become of it.
    fn leave<R: Receiver>(
        self: &Arc<Self>,
        octets: Arc<[u8]>,
        transport: Transport,
        up: &Arc<R>,
        send: impl Fn(&Arc<Self>, Arc<[u8]>, &Arc<R>) + Copy + Send + 'static,
    ) {
        for leaving in self.edge.sip(octets, transport) {
            if leaving.after.is_zero() {
                send(self, leaving.octets, up);
                continue;
            }
            let (sockets, up) = (Arc::downgrade(self), Arc::downgrade(up));
            self.tasks.spawn(async move {
                tokio::time::sleep(leaving.after).await;
                if let (Some(sockets), Some(up)) = (sockets.upgrade(), up.upgrade()) {
                    send(&sockets, leaving.octets, &up);
                }
            });
        }
    }

    pub(in crate::reference) fn respond<R: Receiver>(
        self: &Arc<Self>,
        route: ResponseRoute,
        octets: Arc<[u8]>,
        up: &Arc<R>,
    ) {
        let send = move |sockets: &Arc<Self>, octets, up: &Arc<R>| match route.transport {
            Transport::Udp => sockets.send_datagram(octets, route.flow),
            Transport::Tcp | Transport::Tls => {
                if let Some(octets) = sockets.enqueue(route.flow, octets) {
                    let again = RequestRoute {
                        transport: route.transport,
                        target: route.sent_by,
                        flow: None,
                    };
                    sockets.connect(again, octets, up);
                }
            }
        };
        self.leave(octets, route.transport, up, send);
    }

    pub(in crate::reference) fn request<R: Receiver>(
        self: &Arc<Self>,
        route: RequestRoute,
        octets: Arc<[u8]>,
        up: &Arc<R>,
    ) {
        let send = move |sockets: &Arc<Self>, octets, up: &Arc<R>| match route.transport {
            Transport::Udp => sockets.send_datagram(octets, route.target),
            Transport::Tcp | Transport::Tls => {
                if let Some(octets) = sockets.enqueue(route.target, octets) {
                    sockets.connect(route, octets, up);
                }
            }
        };
        self.leave(octets, route.transport, up, send);
    }

    /// Puts octets on an open connection; gives them back if there is none.
    fn enqueue(&self, remote: SocketAddr, octets: Arc<[u8]>) -> Option<Arc<[u8]>> {
        let mut connections = self.lock();
        let Some(connection) = connections.by_remote.get(&remote) else {
            return Some(octets);
        };
        match connection.queue.try_send(octets) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(%remote, "connection does not take its messages and is closed");
                connection.broken.notify_one();
                connections.by_remote.remove(&remote);
                None
            }
            Err(mpsc::error::TrySendError::Closed(octets)) => {
                connections.by_remote.remove(&remote);
                Some(octets)
            }
        }
    }

    /// Registers a connection about to exist; `None` at the limit.
    fn register(&self, remote: SocketAddr) -> Option<(u64, Waiting)> {
        let mut connections = self.lock();
        if connections.by_remote.len() >= self.max_connections {
            tracing::warn!(%remote, "too many SIP connections");
            return None;
        }
        connections.next_id += 1;
        let id = connections.next_id;
        let (queue, messages) = mpsc::channel(QUEUE);
        let broken = Arc::new(Notify::new());
        let waiting = Waiting {
            messages,
            broken: Arc::clone(&broken),
        };
        let connection = Connection { id, queue, broken };
        connections.by_remote.insert(remote, connection);
        Some((id, waiting))
    }

    fn unregister(&self, remote: SocketAddr, id: u64) {
        let mut connections = self.lock();
        if connections
            .by_remote
            .get(&remote)
            .is_some_and(|c| c.id == id)
        {
            connections.by_remote.remove(&remote);
        }
    }

    fn connect<R: Receiver>(self: &Arc<Self>, route: RequestRoute, octets: Arc<[u8]>, up: &Arc<R>) {
        let RequestRoute {
            transport,
            target,
            flow,
        } = route;
        let Some((id, mut waiting)) = self.register(target) else {
            return;
        };
        if let Some(refused) = self.enqueue(target, octets) {
            tracing::debug!(octets = refused.len(), "connection vanished");
        }
        let sockets = Arc::downgrade(self);
        let up = Arc::downgrade(up);
        let tls = self.tls.clone().filter(|_| transport == Transport::Tls);
        self.tasks.spawn(async move {
            let dialled = dial(target, tls, transport);
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, dialled).await;
            let reason = match connected {
                Ok(Ok(way)) => {
                    serve(sockets, up, way, target, id, waiting).await;
                    return;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no connection in time".to_string(),
            };
            let (Some(sockets), Some(up)) = (sockets.upgrade(), up.upgrade()) else {
                return;
            };
            sockets.unregister(target, id);
            let mut lost = false;
            while let Ok(octets) = waiting.messages.try_recv() {
                lost |= match flow {
                    Some(flow) => sockets.enqueue(flow, octets).is_some(),
                    None => true,
                };
            }
            if lost {
                up.unreachable(target, &reason);
            }
        });
    }

    pub(in crate::reference) fn close(&self) {
        self.lock().by_remote.clear();
    }
}

/// Reads datagrams until stopped.
pub(in crate::reference) async fn serve_udp<R: Receiver>(sockets: Arc<Sockets>, up: Arc<R>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let received = sockets.udp.recv_from(&mut buffer).await;
        if let Ok((_, from)) = received {
            let to = sockets.local;
            traffic::happened(Traffic::Received { from, to });
        }
        match received {
            // Keep-alives of RFC 5626 section 3.5.1 and NAT pinholes are not messages.
            Ok((length, _)) if buffer[..length].iter().all(u8::is_ascii_whitespace) => {}
            Ok((length, source)) => {
                Arc::clone(&up).message(&buffer[..length], Transport::Udp, source);
            }
            // ICMP errors of earlier datagrams appear here; the transactions notice by themselves.
            Err(error) => {
                tracing::debug!(%error, "datagram not received");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Accepts connections until stopped.
pub(in crate::reference) async fn serve_tcp<R: Receiver>(
    sockets: Arc<Sockets>,
    listener: TcpListener,
    up: Arc<R>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                if let Some((id, waiting)) = sockets.register(remote) {
                    let (weak, up) = (Arc::downgrade(&sockets), Arc::downgrade(&up));
                    let tls = sockets.tls.clone();
                    sockets.tasks.spawn(async move {
                        let taken = tokio::time::timeout(CONNECT_TIMEOUT, take(stream, tls)).await;
                        match taken.unwrap_or_else(|late| Err(late.into())) {
                            Ok(way) => serve(weak, up, way, remote, id, waiting).await,
                            Err(error) => {
                                tracing::warn!(%remote, %error, "no TLS on this connection");
                                if let Some(sockets) = weak.upgrade() {
                                    sockets.unregister(remote, id);
                                }
                            }
                        }
                    });
                }
            }
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// A connection ready for messages, and what it is inside.
type Way = (Reader, Writer, Transport);

async fn dial(target: SocketAddr, tls: Option<SipTls>, asked: Transport) -> io::Result<Way> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    match tls {
        Some(tls) => {
            let (reader, writer) = tls.dialled(stream, target).await?;
            Ok((reader, writer, Transport::Tls))
        }
        None if asked == Transport::Tls => Err(io::Error::other("no certificate for TLS")),
        None => Ok(plain(stream)),
    }
}

async fn take(stream: TcpStream, tls: Option<SipTls>) -> io::Result<Way> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return Ok(plain(stream));
    };
    let (reader, writer) = tls.accepted(stream).await?;
    Ok((reader, writer, Transport::Tls))
}

fn plain(stream: TcpStream) -> Way {
    let (reader, writer) = stream.into_split();
    (Box::new(reader), Box::new(writer), Transport::Tcp)
}

/// One connection until it ends, is idle too long, or cannot be framed any more.
async fn serve<R: Receiver>(
    sockets: Weak<Sockets>,
    up: Weak<R>,
    (reader, writer, transport): Way,
    remote: SocketAddr,
    id: u64,
    waiting: Waiting,
) {
    let (idle, stall, limit, edge) = match sockets.upgrade() {
        Some(s) => (s.idle, s.stall, s.max_octets, s.edge.clone()),
        None => return,
    };
    let pongs = sockets
        .upgrade()
        .and_then(|s| s.lock().by_remote.get(&remote).map(|c| c.queue.downgrade()));
    let limits = Limits {
        idle,
        stall,
        limit,
        transport,
    };
    tokio::select! {
        () = read(reader, &up, remote, limits, pongs) => {}
        () = write(writer, waiting.messages, stall, edge) => {}
        () = waiting.broken.notified() => {}
    }
    if let Some(sockets) = sockets.upgrade() {
        sockets.unregister(remote, id);
    }
}

struct Limits {
    idle: Duration,
    stall: Duration,
    limit: usize,
    transport: Transport,
}

/// Until the queue is closed, or the peer takes nothing for `stall`.
async fn write(
    mut writer: Writer,
    mut waiting: mpsc::Receiver<Arc<[u8]>>,
    stall: Duration,
    edge: Edge,
) {
    while let Some(mut octets) = waiting.recv().await {
        while edge.joins_messages()
            && let Ok(more) = waiting.try_recv()
        {
            octets = [&octets[..], &more[..]].concat().into();
        }
        let writing = edge.write(&mut writer, &octets);
        let written = tokio::time::timeout(stall, writing).await;
        if let Err(error) = written.unwrap_or_else(|late| Err(late.into())) {
            tracing::debug!(%error, "connection broken");
            return;
        }
    }
}

async fn read<R: Receiver>(
    mut reader: Reader,
    up: &Weak<R>,
    remote: SocketAddr,
    limits: Limits,
    pongs: Option<mpsc::WeakSender<Arc<[u8]>>>,
) {
    let mut framer = Framer::default();
    let mut buffer = vec![0; 16 * 1024];
    // The first octets of the message being collected, to refuse it by its head when it grows too large.
    let mut head: Vec<u8> = Vec::new();
    // A message has to be whole in time, however steadily its octets drip; so has the first one of a connection.
    let mut deadline = Instant::now() + limits.stall.min(limits.idle);
    loop {
        let length = match tokio::time::timeout_at(deadline, reader.read(&mut buffer)).await {
            Ok(Ok(0)) | Err(_) => return,
            Ok(Ok(length)) => length,
            Ok(Err(error)) => {
                tracing::debug!(%error, %remote, "connection broken");
                return;
            }
        };
        let mut begins = framer.pending() == 0;
        if begins {
            head.clear();
        }
        if head.len() < 16 * 1024 {
            head.extend_from_slice(&buffer[..length]);
        }
        framer.push(&buffer[..length]);
        loop {
            let Some(up) = up.upgrade() else { return };
            let frame = framer.next_frame();
            begins |= frame.is_some();
            match frame {
                Some(Ok(Frame::Message(octets))) if octets.len() > limits.limit => {
                    up.oversize(&octets[..octets.len().min(16 * 1024)], remote);
                }
                Some(Ok(Frame::Message(octets))) => up.message(&octets, limits.transport, remote),
                Some(Ok(Frame::Ping)) => pong(&pongs),
                Some(Ok(Frame::Pong)) => {}
                Some(Err(error)) => {
                    tracing::debug!(%error, %remote, "stream cannot be framed");
                    return;
                }
                None if framer.pending() > limits.limit => {
                    up.oversize(&head, remote);
                    // The 513 leaves before the connection does.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    return;
                }
                None => break,
            }
        }
        if framer.pending() == 0 {
            deadline = Instant::now() + limits.idle;
        } else if begins {
            deadline = Instant::now() + limits.stall;
        }
    }
}

fn pong(queue: &Option<mpsc::WeakSender<Arc<[u8]>>>) {
    if let Some(queue) = queue.as_ref().and_then(mpsc::WeakSender::upgrade)
        && queue.try_send(Arc::from(&b"\r\n"[..])).is_err()
    {
        tracing::debug!("pong not sent");
    }
}
