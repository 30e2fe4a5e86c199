//! One question to an address and whatever comes back first, before any test case: is somebody there, and what does he speak?
//!
//! It is no evidence of anything and stands in no capture.
use super::SipTls;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

/// RFC 3261 section 17.1.1.1: T1, after which a request over UDP is sent again.
const AGAIN: Duration = Duration::from_millis(500);
const ANSWER_OCTETS: usize = 64 * 1024;

/// Asks over UDP. `question` is told the socket's own address. `None` is silence until the end of `limit`.
pub async fn ask_udp(
    from: IpAddr,
    to: SocketAddr,
    question: impl Fn(SocketAddr) -> Vec<u8>,
    limit: Duration,
) -> io::Result<Option<Vec<u8>>> {
    let end = Instant::now() + limit;
    let socket = UdpSocket::bind((from, 0)).await?;
    // Connected, so that the other machine's "nobody listens here" is heard.
    socket.connect(to).await?;
    let octets = question(socket.local_addr()?);
    let mut buffer = vec![0; ANSWER_OCTETS];
    while Instant::now() < end {
        socket.send(&octets).await?;
        let until = end.min(Instant::now() + AGAIN);
        if let Ok(heard) = timeout_at(until, socket.recv(&mut buffer)).await {
            buffer.truncate(heard?);
            return Ok(Some(buffer));
        }
    }
    Ok(None)
}

/// The same over TCP. An empty answer is a connection that was closed.
pub async fn ask_tcp(
    from: Option<IpAddr>,
    to: SocketAddr,
    question: impl Fn(SocketAddr) -> Vec<u8>,
    limit: Duration,
) -> io::Result<Option<Vec<u8>>> {
    let asked = async {
        let mut stream = connected(from, to).await?;
        stream.write_all(&question(stream.local_addr()?)).await?;
        let mut buffer = vec![0; ANSWER_OCTETS];
        let count = stream.read(&mut buffer).await?;
        buffer.truncate(count);
        Ok(buffer)
    };
    match timeout(limit, asked).await {
        Ok(heard) => heard.map(Some),
        Err(_) => Ok(None),
    }
}

/// The same inside TLS.
pub async fn ask_tls(
    tls: &SipTls,
    from: IpAddr,
    to: SocketAddr,
    question: impl Fn(SocketAddr) -> Vec<u8>,
    limit: Duration,
) -> io::Result<Option<Vec<u8>>> {
    let asked = async {
        let stream = connected(Some(from), to).await?;
        let octets = question(stream.local_addr()?);
        let handshake = tls.connector().connect(tls.name_of(to.ip()), stream);
        let mut stream = handshake.await?;
        let mut said = stream.write_all(&octets).await;
        if said.is_ok() {
            said = stream.flush().await;
        }
        let mut buffer = vec![0; ANSWER_OCTETS];
        // A server that refuses our certificate says so and closes: what it says counts, not that it takes nothing more.
        let count = match stream.read(&mut buffer).await? {
            0 => said.map(|()| 0)?,
            count => count,
        };
        buffer.truncate(count);
        Ok(buffer)
    };
    match timeout(limit, asked).await {
        Ok(heard) => heard.map(Some),
        Err(_) => Ok(None),
    }
}

async fn connected(from: Option<IpAddr>, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    socket.connect(to).await
}
