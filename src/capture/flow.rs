//! One TCP connection of a peer: a task that reads, a task that writes, both reporting to the task that drives the machine.
//!
//! Bounded on both sides: a reader waits when its reports are not taken, and a connection whose other side does not read for
//! [`WRITE_LIMIT`] is given up. What was read or written is recorded by the driver, not here.
use super::tls::{self, ReadHalf, Stream, Tls, WriteHalf};
use crate::peer::{Channel, FlowId};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const WRITE_LIMIT: Duration = Duration::from_secs(20);
/// After our FIN the other side may still send for this long.
const LINGER_LIMIT: Duration = Duration::from_secs(2);
const READ_OCTETS: usize = 64 * 1024;
/// Writes waiting for the other side to read.
const QUEUED_WRITES: usize = 4096;

/// What the tasks of a connection tell the driver.
pub enum Report {
    Connected {
        flow: FlowId,
        channel: Channel,
        to: SocketAddr,
        outcome: io::Result<Stream>,
    },
    /// Somebody connected, and the handshake of TLS is over.
    Accepted {
        from: SocketAddr,
        outcome: io::Result<Stream>,
    },
    Octets {
        flow: FlowId,
        octets: Vec<u8>,
    },
    /// The other side closed (`reset`: broke off) or reading failed.
    Ended {
        flow: FlowId,
        reset: bool,
    },
    /// The other side does not take what we write.
    WriteFailed {
        flow: FlowId,
    },
}

/// All tasks of one peer's connections.
#[derive(Debug, Default)]
pub struct Tasks {
    /// What was written leaves through these; a stop waits for them.
    pub writers: JoinSet<()>,
    /// Readers, diallers and time limits; a stop ends them.
    pub others: JoinSet<()>,
}

/// The driver's end of an open connection.
pub struct Flow {
    pub channel: Channel,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    queue: mpsc::Sender<Vec<u8>>,
    abort: oneshot::Sender<()>,
    reader: tokio::task::AbortHandle,
}

impl Flow {
    /// Starts the two tasks.
    pub fn open(
        flow: FlowId,
        channel: Channel,
        stream: Stream,
        reports: &mpsc::Sender<Report>,
        tasks: &mut Tasks,
    ) -> io::Result<Self> {
        let (local, remote) = stream.ends()?;
        // Without it small MSRP chunks wait for acknowledgements; failing to set it only costs time.
        if let Err(error) = stream.socket().set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
        let (read_half, write_half) = stream.split();
        let (queue, queued) = mpsc::channel(QUEUED_WRITES);
        let (abort, aborted) = oneshot::channel();
        let reader = tasks
            .others
            .spawn(read_stream(flow, read_half, reports.clone()));
        tasks.writers.spawn(write_stream(
            flow,
            write_half,
            queued,
            aborted,
            reports.clone(),
        ));
        Ok(Self {
            channel,
            local,
            remote,
            queue,
            abort,
            reader,
        })
    }

    /// False when the queue is full or the writer has ended.
    pub fn write(&self, octets: Vec<u8>) -> bool {
        self.queue.try_send(octets).is_ok()
    }

    /// Sends a FIN after what is queued; reading goes on until the other side closes or the linger limit has passed.
    pub fn finish(self, tasks: &mut Tasks) -> Remains {
        drop(self.queue);
        let reader = self.reader.clone();
        tasks.others.spawn(async move {
            tokio::time::sleep(LINGER_LIMIT).await;
            reader.abort();
        });
        Remains {
            channel: self.channel,
            local: self.local,
            remote: self.remote,
        }
    }

    /// Breaks the connection off with a reset.
    pub fn reset(self) {
        self.reader.abort();
        // The writer may have ended already; then there is nothing left to break off.
        if self.abort.send(()).is_err() {
            tracing::trace!("connection had already ended");
        }
    }
}

/// A connection the machine has closed and the other side has not: its octets are recorded, nobody reads them.
#[derive(Debug, Clone, Copy)]
pub struct Remains {
    pub channel: Channel,
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

/// Dials with a time limit, from `local_ip` where that makes a difference.
pub async fn dial(
    flow: FlowId,
    channel: Channel,
    local_ip: Option<IpAddr>,
    tls: Option<&Tls>,
    to: SocketAddr,
    reports: mpsc::Sender<Report>,
) {
    let outcome = match timeout(CONNECT_LIMIT, connect(local_ip, to)).await {
        Ok(Ok(stream)) => tls::ready(tls, stream).await,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let report = Report::Connected {
        flow,
        channel,
        to,
        outcome,
    };
    // The driver has stopped when nobody takes the report.
    if reports.send(report).await.is_err() {
        tracing::trace!("driver stopped while dialling");
    }
}

async fn connect(local_ip: Option<IpAddr>, to: SocketAddr) -> io::Result<TcpStream> {
    match local_ip {
        // Binding takes a port for good before connecting, so it is done only where the system would choose another address.
        Some(ip) if !is_usual(ip) && ip.is_ipv4() == to.is_ipv4() => {
            let socket = if ip.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            socket.bind(SocketAddr::new(ip, 0))?;
            socket.connect(to).await
        }
        _ => TcpStream::connect(to).await,
    }
}

fn is_usual(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST
}

async fn read_stream(flow: FlowId, mut stream: ReadHalf, reports: mpsc::Sender<Report>) {
    let mut buffer = vec![0; READ_OCTETS];
    loop {
        let report = match stream.read(&mut buffer).await {
            Ok(0) => Report::Ended { flow, reset: false },
            Ok(count) => Report::Octets {
                flow,
                octets: buffer[..count].to_vec(),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // TLS says so of a connection closed without close_notify.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Report::Ended { flow, reset: false }
            }
            Err(_) => Report::Ended { flow, reset: true },
        };
        let last = matches!(report, Report::Ended { .. });
        if reports.send(report).await.is_err() || last {
            return;
        }
    }
}

async fn write_stream(
    flow: FlowId,
    mut stream: WriteHalf,
    mut queued: mpsc::Receiver<Vec<u8>>,
    aborted: oneshot::Receiver<()>,
    reports: mpsc::Sender<Report>,
) {
    let pump = async {
        while let Some(octets) = queued.recv().await {
            match timeout(WRITE_LIMIT, stream.write_all(&octets)).await {
                Ok(Ok(())) => {}
                _ => return false,
            }
        }
        stream.shutdown().await.is_ok()
    };
    let written = tokio::select! {
        biased;
        Ok(()) = aborted => None,
        written = pump => Some(written),
    };
    match written {
        Some(true) => {}
        // The reader usually reports the same break; whoever comes first is heard.
        Some(false) => {
            if reports.send(Report::WriteFailed { flow }).await.is_err() {
                tracing::trace!("driver stopped while a write failed");
            }
        }
        None => stream.reset(),
    }
}
