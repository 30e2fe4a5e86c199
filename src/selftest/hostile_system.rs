//! Systems that mean it ill, on every interface of a gateway: SIP over UDP and TCP, MSRP, SMPP as an ESME, HTTP for provisioning and Ut.
//!
//! What they say is chosen to keep a peer waiting, to fill its memory or to lead it astray; none of it is an honest mistake.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// One way to mean it ill on every interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malice {
    /// Random octets; command_length 0; connections reset.
    Noise,
    /// Responses and requests without end, as fast as they leave; bodies that never end.
    Flood,
    /// Provisional responses for ever; an octet now and then; a session whose MSRP has no end-line; command_length of 4 GiB.
    Drip,
    /// Every request is redirected or challenged anew; messages far beyond every limit.
    Astray,
}

pub struct Addresses {
    pub sip: SocketAddr,
    pub http: String,
}

/// Messages in answer to one, where they have no end.
const AT_ONCE: usize = 400;
const PAUSE: Duration = Duration::from_millis(20);

pub async fn start(malice: Malice, smsc: SocketAddr) -> Addresses {
    let (udp, tcp) = loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let sip = udp.local_addr().unwrap();
    let msrp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let session = sdp(msrp.local_addr().unwrap().port());
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", http.local_addr().unwrap());
    tokio::spawn(datagrams(malice, udp.into(), session.clone()));
    tokio::spawn(accept(tcp, move |stream| {
        sip_stream(malice, stream, session.clone())
    }));
    tokio::spawn(accept(msrp, endless_chunk));
    tokio::spawn(accept(http, move |stream| web(malice, stream)));
    tokio::spawn(esme(malice, smsc));
    Addresses { sip, http: base }
}

async fn accept<F, T>(listener: TcpListener, serve: F)
where
    F: Fn(TcpStream) -> T,
    T: Future<Output = std::io::Result<()>> + Send + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
}

fn noise(most: usize) -> Vec<u8> {
    (0..fastrand::usize(1..most))
        .map(|_| fastrand::u8(..))
        .collect()
}

/// What is said to a message, all of it again and again if `true`.
fn answers(malice: Malice, heard: &[u8], session: &str) -> (Vec<Vec<u8>>, bool) {
    let text = String::from_utf8_lossy(heard);
    let (head, _) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    if head.starts_with("SIP/2.0") {
        return (Vec::new(), false);
    }
    let say = |status: &str, more: &str, body: &str| response(status, head, more, body);
    let large = format!("X-Large: {}\r\n", "x".repeat(50_000));
    let fresh = fastrand::u64(..);
    match malice {
        Malice::Noise => (
            vec![noise(1400), b"SIP/2.0 200".to_vec(), noise(60_000)],
            false,
        ),
        Malice::Flood => (
            vec![
                say("200 OK", "", ""),
                heard.to_vec(),
                say("180 Ringing", "", ""),
            ],
            true,
        ),
        Malice::Drip if head.starts_with("INVITE") => (
            vec![
                say("180 Ringing", "", ""),
                say("200 OK", "Content-Type: application/sdp\r\n", session),
            ],
            false,
        ),
        Malice::Drip => (
            vec![
                say("100 Trying", "", ""),
                say("183 Session Progress", "", ""),
            ],
            true,
        ),
        Malice::Astray if fresh.is_multiple_of(3) => (
            vec![say(
                "302 Moved Temporarily",
                &format!("Contact: <sip:{fresh}@127.0.0.1>\r\n"),
                "",
            )],
            false,
        ),
        Malice::Astray if fresh % 3 == 1 => (
            vec![say(
                "401 Unauthorized",
                &format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{fresh}\", stale=true\r\n"),
                "",
            )],
            false,
        ),
        Malice::Astray => (vec![say("200 OK", &large, &"y".repeat(9_000))], false),
    }
}

fn response(status: &str, head: &str, more: &str, body: &str) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for line in head.lines().skip(1) {
        let name = line.split(':').next().unwrap_or_default();
        if ["Via", "From", "To", "Call-ID", "CSeq"].contains(&name) {
            let tag = if name == "To" && !line.contains("tag=") {
                ";tag=ill"
            } else {
                ""
            };
            out += &format!("{line}{tag}\r\n");
        }
    }
    out += &format!(
        "Contact: <sip:127.0.0.1>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    out.into_bytes()
}

fn sdp(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message {port} TCP/MSRP *\r\n\
         a=accept-types:*\r\na=path:msrp://127.0.0.1:{port}/ill;tcp\r\na=setup:passive\r\n"
    )
}

async fn datagrams(malice: Malice, socket: std::sync::Arc<UdpSocket>, session: String) {
    let mut buffer = vec![0; 65536];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let (answers, endless) = answers(malice, &buffer[..length], &session);
        for answer in &answers {
            socket.send_to(answer, from).await.ok();
        }
        if endless {
            let socket = socket.clone();
            tokio::spawn(async move {
                let at_once = if malice == Malice::Flood { AT_ONCE } else { 1 };
                loop {
                    for answer in answers.iter().cycle().take(at_once) {
                        socket.send_to(answer, from).await.ok();
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
    }
}

/// Closes with a reset.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .ok();
}

async fn sip_stream(malice: Malice, mut stream: TcpStream, session: String) -> std::io::Result<()> {
    let mut buffer = vec![0; 65536];
    let length = stream.read(&mut buffer).await?;
    let (answers, _) = answers(malice, &buffer[..length], &session);
    match malice {
        Malice::Noise => {
            stream.write_all(&noise(9000)).await?;
            reset(stream);
        }
        Malice::Drip => {
            for octet in b"SIP/2.0 200 OK\r\nX: "
                .iter()
                .chain(std::iter::repeat(&b'x'))
            {
                stream.write_all(&[*octet]).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Malice::Flood => loop {
            stream.write_all(&answers.concat()).await?;
        },
        Malice::Astray => {
            stream
                .write_all(b"SIP/2.0 200 OK\r\nContent-Length: 999999999\r\n\r\n")
                .await?;
            endless(stream).await?;
        }
    }
    Ok(())
}

async fn endless(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(&[b'x'; 65536]).await?;
    }
}

/// A chunk without end-line.
async fn endless_chunk(mut stream: TcpStream) -> std::io::Result<()> {
    stream
        .write_all(b"MSRP abcd SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://c/d;tcp\r\n")
        .await?;
    stream
        .write_all(b"Message-ID: 1\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n")
        .await?;
    endless(stream).await
}

async fn web(malice: Malice, mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 65536];
    let mut heard = 0;
    while stream.read(&mut buffer).await? > 0 {
        heard += 1;
        // Users are prepared, lest every test case ends before it has begun; what comes then is another matter.
        let provisioning = buffer.windows(4).any(|four| four == b"/v1/");
        match malice {
            _ if provisioning && heard < 50 => {
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?
            }
            Malice::Noise => {
                stream.write_all(&noise(9000)).await?;
                reset(stream);
                return Ok(());
            }
            Malice::Flood => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
                    .await?;
                return endless(stream).await;
            }
            Malice::Drip => loop {
                stream.write_all(b"H").await?;
                tokio::time::sleep(PAUSE).await;
            },
            Malice::Astray => {
                stream
                    .write_all(
                        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", ",
                    )
                    .await?;
                stream
                    .write_all(b"nonce=\"n\", stale=true\r\nContent-Length: 0\r\n\r\n")
                    .await?;
            }
        }
    }
    Ok(())
}

async fn esme(malice: Malice, smsc: SocketAddr) {
    loop {
        if let Ok(stream) = TcpStream::connect(smsc).await {
            bound(malice, stream).await.ok();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn pdu(length: u32, command: u32, sequence: u32) -> Vec<u8> {
    [length, command, 0, sequence]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect()
}

async fn bound(malice: Malice, mut stream: TcpStream) -> std::io::Result<()> {
    let body = b"ipsmgw\0secret\0\0\x34\0\0\0";
    let bind = [pdu(16 + body.len() as u32, 9, 1), body.to_vec()].concat();
    stream.write_all(&bind).await?;
    // The answer to it, and a moment for the run to see that somebody is bound.
    if stream.read(&mut [0; 1024]).await? == 0 {
        return Ok(());
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    match malice {
        Malice::Noise => stream.write_all(&pdu(0, 0x15, 2)).await?,
        Malice::Drip => {
            stream.write_all(&pdu(u32::MAX, 4, 2)).await?;
            return endless(stream).await;
        }
        Malice::Flood => {
            let many: Vec<u8> = (0..2000)
                .flat_map(|sequence| pdu(16, 0x15, sequence))
                .collect();
            loop {
                stream.write_all(&many).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Malice::Astray => {
            stream.write_all(&pdu(65_536, 4, 2)).await?;
            return endless(stream).await;
        }
    }
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}
