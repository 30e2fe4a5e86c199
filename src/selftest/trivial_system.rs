//! Systems that do next to nothing, on every interface of a gateway: SIP over UDP and TCP, SMPP as an ESME, HTTP for provisioning.
//!
//! They know no standard beyond the few octets they answer with, so that nothing they do can be right other than by accident.

use axum::http::StatusCode;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What a trivial system does with everything it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Hears and says nothing.
    Mute,
    /// 500 to every request, a system error to every short message.
    Refuses,
    /// 200 without a body to every request.
    Accepts,
    /// 200 with the body of the request, also where that is an SDP offer.
    AcceptsWithItsOffer,
    /// Sends the same octets back.
    Echoes,
    /// Closes the connection after one octet.
    Closes,
}

/// Where a trivial system can be reached; it lives as long as its runtime.
pub struct Addresses {
    pub sip: SocketAddr,
    pub provisioning: String,
}

/// Starts one in this runtime. Its ESME tries to bind to `smsc` until somebody listens there.
pub async fn start(manner: Manner, smsc: SocketAddr) -> Addresses {
    let (udp, tcp) = sockets().await;
    let sip = udp.local_addr().unwrap();
    tokio::spawn(datagrams(manner, udp));
    tokio::spawn(connections(manner, tcp));
    tokio::spawn(esme(manner, smsc));
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let provisioning = format!("http://{}", http.local_addr().unwrap());
    let everything = axum::Router::new().fallback(|| async { StatusCode::NO_CONTENT });
    tokio::spawn(async move { axum::serve(http, everything).await });
    Addresses { sip, provisioning }
}

/// UDP and TCP on one port number.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn datagrams(manner: Manner, socket: UdpSocket) {
    let mut buffer = vec![0; 65536];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = answer(manner, &buffer[..length]) {
            socket.send_to(&answer, from).await.ok();
        }
    }
}

async fn connections(manner: Manner, listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut buffer = vec![0; 65536];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                if manner == Manner::Closes {
                    return;
                }
                if let Some(answer) = answer(manner, &buffer[..length]) {
                    stream.write_all(&answer).await.ok();
                }
            }
        });
    }
}

/// The answer to a SIP message, if it is a request and this manner has one.
fn answer(manner: Manner, heard: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(heard);
    if text.starts_with("SIP/2.0") || text.starts_with("ACK ") {
        return None;
    }
    let (head, body) = text.split_once("\r\n\r\n")?;
    match manner {
        Manner::Mute | Manner::Closes => None,
        Manner::Echoes => Some(heard.to_vec()),
        Manner::Refuses => Some(response("500 Server Internal Error", head, "")),
        Manner::Accepts => Some(response("200 OK", head, "")),
        Manner::AcceptsWithItsOffer => Some(response("200 OK", head, body)),
    }
}

fn response(status: &str, head: &str, body: &str) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for line in head.lines().skip(1) {
        let name = line.split(':').next().unwrap_or_default();
        let wanted = ["Via", "From", "To", "Call-ID", "CSeq"];
        let described = name.eq_ignore_ascii_case("Content-Type") && !body.is_empty();
        if !described && !wanted.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            continue;
        }
        let tag = if name.eq_ignore_ascii_case("To") && !line.contains("tag=") {
            ";tag=trivial"
        } else {
            ""
        };
        out += &format!("{line}{tag}\r\n");
    }
    out += "Contact: <sip:127.0.0.1>\r\n";
    out += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    out.into_bytes()
}

const BIND_TRANSCEIVER: u32 = 0x0000_0009;
const ENQUIRE_LINK: u32 = 0x0000_0015;
const RESPONSE: u32 = 0x8000_0000;
const SYSTEM_ERROR: u32 = 8;

/// Binds, and comes again when its connection has ended.
async fn esme(manner: Manner, smsc: SocketAddr) {
    loop {
        if let Ok(stream) = TcpStream::connect(smsc).await {
            bound(manner, stream).await.ok();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn bound(manner: Manner, mut stream: TcpStream) -> std::io::Result<()> {
    let body = b"ipsmgw\0secret\0\0\x34\0\0\0";
    stream.write_all(&pdu(BIND_TRANSCEIVER, 0, 1, body)).await?;
    loop {
        let mut head = [0; 16];
        stream.read_exact(&mut head).await?;
        let field = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
        let (length, command, sequence) = (field(0), field(4), field(12));
        let mut body = vec![0; length.saturating_sub(16) as usize];
        stream.read_exact(&mut body).await?;
        if command & RESPONSE != 0 {
            continue;
        }
        let command = command | RESPONSE;
        // A link that is given up would end the run before it has shown anything.
        let message_id: &[u8] = match command == ENQUIRE_LINK | RESPONSE {
            true => b"",
            false => b"\0",
        };
        let answer = match manner {
            Manner::Mute => continue,
            Manner::Closes => return Ok(()),
            Manner::Refuses => pdu(command, SYSTEM_ERROR, sequence, message_id),
            Manner::Accepts | Manner::AcceptsWithItsOffer => pdu(command, 0, sequence, message_id),
            Manner::Echoes => [head.as_slice(), &body].concat(),
        };
        stream.write_all(&answer).await?;
    }
}

fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = 16 + u32::try_from(body.len()).unwrap();
    let mut octets: Vec<u8> = [length, command, status, sequence]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    octets.extend(body);
    octets
}
