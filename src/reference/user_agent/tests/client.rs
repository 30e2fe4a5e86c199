//! A scripted SIP client: it sends what it is told and reads what comes, nothing by itself.
use super::super::*;
use crate::wire::sip::{Frame, Framer, SipMessage};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;

pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
m=message 7000 TCP/MSRP *\r\na=accept-types:message/cpim\r\na=path:msrp://127.0.0.1:7000/abc;tcp\r\na=setup:actpass\r\n";

pub fn quick() -> UserAgentConfig {
    UserAgentConfig {
        timers: SipTimers {
            t1: Duration::from_millis(20),
            t2: Duration::from_millis(160),
            t4: Duration::from_millis(200),
        },
        product: Some("reference".into()),
        ..UserAgentConfig::default()
    }
}

pub async fn start() -> (UserAgent, mpsc::Receiver<Incoming>) {
    UserAgent::start(quick()).await.unwrap()
}

pub struct Client {
    pub socket: UdpSocket,
    pub server: SocketAddr,
    pub branch: u32,
}

impl Client {
    pub async fn new(agent: &UserAgent) -> Self {
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            server: agent.sip_address(),
            branch: 0,
        }
    }

    pub fn local(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request of call `call` with a new branch.
    pub fn request(&mut self, method: &str, call: &str, cseq: u32, to_tag: &str) -> SipMessage {
        self.branch += 1;
        let local = self.local();
        let mut request = SipMessage::request(method, &format!("sip:gw@{}", self.server));
        request.push(
            "Via",
            format!("SIP/2.0/UDP {local};branch=z9hG4bK{}-{call}", self.branch),
        );
        request.push("Max-Forwards", "70");
        request.push("From", "\"Alice\" <sip:alice@example.org>;tag=alice");
        let tag = if to_tag.is_empty() {
            String::new()
        } else {
            format!(";tag={to_tag}")
        };
        request.push("To", format!("<sip:bob@example.org>{tag}"));
        request.push("Call-ID", call);
        request.push("CSeq", format!("{cseq} {method}"));
        request.push("Contact", format!("<sip:alice@{local}>"));
        request
    }

    pub fn invite(&mut self, call: &str) -> SipMessage {
        let mut invite = self.request("INVITE", call, 1, "");
        invite.push("Supported", "timer");
        invite.push("Allow", "INVITE, ACK, BYE, UPDATE");
        invite.set_body("application/sdp", OFFER);
        invite
    }

    pub async fn send(&self, message: &SipMessage) {
        self.send_octets(&message.to_octets()).await;
    }

    pub async fn send_octets(&self, octets: &[u8]) {
        self.socket.send_to(octets, self.server).await.unwrap();
    }

    pub async fn receive(&self) -> SipMessage {
        self.receive_within(Duration::from_secs(3))
            .await
            .expect("a message within 3 s")
    }

    pub async fn receive_within(&self, within: Duration) -> Option<SipMessage> {
        let mut buffer = vec![0; 65_536];
        let length = tokio::time::timeout(within, self.socket.recv(&mut buffer))
            .await
            .ok()?
            .unwrap();
        Some(SipMessage::parse(&buffer[..length]).unwrap())
    }

    /// Skips everything before the response with this code.
    pub async fn response(&self, code: u16) -> SipMessage {
        loop {
            let message = self.receive().await;
            if message.status() == Some(code) {
                return message;
            }
            assert!(
                message.status().is_some_and(|c| c < 200) || !message.is_request(),
                "unexpected {:?} while waiting for {code}",
                message.start
            );
        }
    }

    /// Skips everything before the request with this method.
    pub async fn awaited_request(&self, method: &str) -> SipMessage {
        loop {
            let message = self.receive().await;
            if message.method() == Some(method) {
                return message;
            }
        }
    }

    pub async fn respond(&self, request: &SipMessage, code: u16, reason: &str) {
        let mut response = SipMessage::response(code, reason);
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            response.push(name, request.header(name).unwrap());
        }
        response.push("Content-Length", "0");
        self.send(&response).await;
    }
}

pub async fn next_invite(incoming: &mut mpsc::Receiver<Incoming>) -> ServerInvite {
    match tokio::time::timeout(Duration::from_secs(3), incoming.recv()).await {
        Ok(Some(Incoming::Invite(invite))) => invite,
        _ => panic!("no INVITE"),
    }
}

pub async fn next_request(incoming: &mut mpsc::Receiver<Incoming>) -> ServerRequest {
    match tokio::time::timeout(Duration::from_secs(3), incoming.recv()).await {
        Ok(Some(Incoming::Request(request))) => request,
        _ => panic!("no request"),
    }
}

pub async fn next_event(dialog: &mut Dialog) -> DialogEvent {
    tokio::time::timeout(Duration::from_secs(5), dialog.events.recv())
        .await
        .expect("an event within 5 s")
        .expect("a live dialog")
}

pub fn answer() -> Answer {
    Answer {
        contact_user: "gw".into(),
        contact_params: ";+g.feature".into(),
        headers: vec![("X-Test".into(), "yes".into())],
        body: Some(Body {
            content_type: "application/sdp".into(),
            octets: OFFER.as_bytes().to_vec(),
        }),
        ..Answer::default()
    }
}

/// An established dialog: the client, its To-tag and the dialog.
pub async fn established(
    agent: &UserAgent,
    incoming: &mut mpsc::Receiver<Incoming>,
    call: &str,
    extra: &[(&str, &str)],
) -> (Client, String, Dialog) {
    let mut client = Client::new(agent).await;
    let mut invite = client.invite(call);
    for (name, value) in extra {
        invite.push(name, value);
    }
    client.send(&invite).await;
    let mut dialog = next_invite(incoming).await.accept(answer()).unwrap();
    let ok = client.response(200).await;
    let tag = ok.to_tag().unwrap();
    let ack = client.request("ACK", call, 1, &tag);
    client.send(&ack).await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Confirmed(_)
    ));
    (client, tag, dialog)
}

pub struct TcpClient {
    stream: TcpStream,
    framer: Framer,
}

impl TcpClient {
    pub async fn new(server: SocketAddr) -> Self {
        Self::over(TcpStream::connect(server).await.unwrap())
    }

    pub fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            framer: Framer::default(),
        }
    }

    pub async fn send_octets(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    /// `None` when the server closes.
    pub async fn frame(&mut self) -> Option<Frame> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Some(frame.unwrap());
            }
            let reading = self.stream.read(&mut buffer);
            let length = tokio::time::timeout(Duration::from_secs(3), reading)
                .await
                .expect("octets within 3 s")
                .unwrap();
            if length == 0 {
                return None;
            }
            self.framer.push(&buffer[..length]);
        }
    }

    pub async fn receive(&mut self) -> SipMessage {
        match self.frame().await {
            Some(Frame::Message(octets)) => SipMessage::parse(&octets).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}
