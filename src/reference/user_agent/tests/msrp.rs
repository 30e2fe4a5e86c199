//! MSRP: binding, responses by Failure-Report, chunks, REPORTs, loss, closing.
use super::super::msrp::{
    MsrpConfig, MsrpControl, MsrpError, MsrpEvent, MsrpIncoming, MsrpOutgoing, MsrpSession,
};
use super::super::*;
use super::client::{quick, start};
use crate::wire::msrp::{Continuation, Framer, MsrpMessage};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PEER: &str = "msrp://127.0.0.1:7000/peer;tcp";

struct Peer {
    stream: TcpStream,
    framer: Framer,
    count: u32,
}

impl Peer {
    async fn connect(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).await.unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            framer: Framer::default(),
            count: 0,
        }
    }

    fn send(&mut self, to: &str, message_id: &str) -> MsrpMessage {
        self.count += 1;
        let mut send = MsrpMessage::request(&format!("tid{:05}", self.count), "SEND");
        send.push("To-Path", to);
        send.push("From-Path", PEER);
        send.push("Message-ID", message_id);
        send
    }

    async fn write(&mut self, message: &MsrpMessage) {
        self.stream.write_all(&message.to_octets()).await.unwrap();
    }

    async fn read(&mut self) -> Option<MsrpMessage> {
        let mut buffer = [0; 8192];
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Some(MsrpMessage::parse(&frame.unwrap()).unwrap());
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

    async fn code(&mut self) -> u16 {
        self.read().await.unwrap().status().unwrap()
    }

    async fn answer(&mut self, request: &MsrpMessage, code: u16) {
        let mut response = MsrpMessage::response(&request.transaction_id, code, "OK");
        response.push("To-Path", request.from_path()[0]);
        response.push("From-Path", request.to_path()[0]);
        self.write(&response).await;
    }
}

async fn event(session: &mut MsrpSession) -> MsrpEvent {
    tokio::time::timeout(Duration::from_secs(3), session.events.recv())
        .await
        .expect("an event within 3 s")
        .unwrap()
}

async fn message(session: &mut MsrpSession) -> MsrpIncoming {
    match event(session).await {
        MsrpEvent::Message(message) => message,
        _ => panic!("no message"),
    }
}

/// A session the peer has connected to.
async fn bound(agent: &UserAgent) -> (MsrpSession, Peer, String) {
    let mut session = agent.msrp().open().unwrap();
    session.control.set_remote_path(vec![PEER.to_string()]);
    let path = session.control.local_path().to_string();
    let mut peer = Peer::connect(agent.msrp_address()).await;
    let empty = peer.send(&path, "empty");
    peer.write(&empty).await;
    assert_eq!(peer.code().await, 200);
    assert!(matches!(event(&mut session).await, MsrpEvent::Connected(_)));
    assert!(session.control.is_connected());
    (session, peer, path)
}

#[tokio::test]
async fn answers_as_failure_report_and_caller_want() {
    let (agent, _incoming) = start().await;
    let (mut session, mut peer, path) = bound(&agent).await;
    for (report, code, answered) in [
        (None, 200, true),
        (Some("yes"), 415, true),
        (Some("no"), 415, false),
        (Some("partial"), 200, false),
        (Some("partial"), 413, true),
    ] {
        let mut send = peer.send(&path, "m");
        if let Some(report) = report {
            send.push("Failure-Report", report);
        }
        send.set_body("text/plain", "hi");
        peer.write(&send).await;
        let incoming = message(&mut session).await;
        assert_eq!(incoming.content_type.as_deref(), Some("text/plain"));
        assert_eq!(incoming.body, b"hi");
        drop(incoming.respond(code, "as told"));
        if answered {
            let response = peer.read().await.unwrap();
            assert_eq!(response.status(), Some(code));
            assert_eq!(response.transaction_id, send.transaction_id);
            assert_eq!(response.to_path(), [PEER]);
            assert_eq!(response.from_path(), [path.as_str()]);
        }
    }
    agent.stop().await;
}

#[tokio::test]
async fn puts_chunks_together_and_reports_on_the_whole() {
    let (agent, _incoming) = start().await;
    let (mut session, mut peer, path) = bound(&agent).await;
    for (range, body, continuation) in [
        ("1-4/10", "abcd", Continuation::More),
        ("5-8/10", "efgh", Continuation::More),
        ("9-10/10", "ij", Continuation::Complete),
    ] {
        let mut send = peer.send(&path, "chunky");
        send.push("Byte-Range", range);
        send.push("Success-Report", "yes");
        send.set_body("text/plain", body);
        send.continuation = continuation;
        peer.write(&send).await;
    }
    let incoming = message(&mut session).await;
    assert_eq!(incoming.body, b"abcdefghij");
    let receipt = incoming.respond(200, "OK");
    for _ in 0..3 {
        assert_eq!(peer.code().await, 200);
    }
    assert!(receipt.report(200, "OK"));
    let report = peer.read().await.unwrap();
    assert_eq!(report.method(), Some("REPORT"));
    assert_eq!(report.header("Status"), Some("000 200 OK"));
    assert_eq!(report.header("Byte-Range"), Some("1-10/10"));
    assert_eq!(report.message_id(), Some("chunky"));
    let mut aborted = peer.send(&path, "aborted");
    aborted.push("Byte-Range", "1-2/*");
    aborted.set_body("text/plain", "xx");
    aborted.continuation = Continuation::Aborted;
    peer.write(&aborted).await;
    assert_eq!(peer.code().await, 200);
    assert!(session.events.try_recv().is_err());
    agent.stop().await;
}

#[tokio::test]
async fn refuses_requests_of_no_session_and_of_another_connection() {
    let (agent, _incoming) = start().await;
    let (_session, _peer, path) = bound(&agent).await;
    let mut other = Peer::connect(agent.msrp_address()).await;
    let unknown = format!("msrp://{}/nobody;tcp", agent.msrp_address());
    let send = other.send(&unknown, "m");
    other.write(&send).await;
    assert_eq!(other.code().await, 481);
    let send = other.send(&path, "m");
    other.write(&send).await;
    assert_eq!(other.code().await, 506);
    let text = String::from_utf8(other.send(&path, "m").to_octets()).unwrap();
    let stranger = text.replace("/peer;tcp", "/stranger;tcp");
    other.stream.write_all(stranger.as_bytes()).await.unwrap();
    assert_eq!(other.code().await, 481);
    agent.stop().await;
}

#[tokio::test]
async fn takes_reports_and_answers_unknown_methods() {
    let (agent, _incoming) = start().await;
    let (mut session, mut peer, path) = bound(&agent).await;
    let mut report = MsrpMessage::request("rep00001", "REPORT");
    report.push("To-Path", &path);
    report.push("From-Path", PEER);
    report.push("Message-ID", "ours");
    report.push("Byte-Range", "1-5/5");
    report.push("Status", "000 413 too much");
    peer.write(&report).await;
    match event(&mut session).await {
        MsrpEvent::Report(report) => {
            assert_eq!((report.code, report.message_id.as_str()), (413, "ours"));
        }
        _ => panic!("no report"),
    }
    let mut auth = MsrpMessage::request("aut00001", "AUTH");
    auth.push("To-Path", &path);
    auth.push("From-Path", PEER);
    peer.write(&auth).await;
    assert_eq!(peer.code().await, 501);
    agent.stop().await;
}

/// A session we connect, seen from both ends.
async fn active(agent: &UserAgent) -> (MsrpSession, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = format!("msrp://{}/far;tcp", listener.local_addr().unwrap());
    let mut session = agent.msrp().open().unwrap();
    session.control.set_remote_path(vec![path]);
    session.control.connect().await.unwrap();
    assert!(matches!(event(&mut session).await, MsrpEvent::Connected(_)));
    let (stream, _) = listener.accept().await.unwrap();
    (session, Peer::over(stream))
}

fn text(octets: usize) -> MsrpOutgoing {
    MsrpOutgoing {
        content_type: Some("text/plain".into()),
        body: vec![b'a'; octets],
        success_report: true,
        ..MsrpOutgoing::default()
    }
}

fn sending(
    control: &MsrpControl,
    message: MsrpOutgoing,
) -> tokio::task::JoinHandle<Result<u16, MsrpError>> {
    let control = control.clone();
    tokio::spawn(async move { control.send(message).await })
}

#[tokio::test]
async fn sends_long_messages_in_chunks() {
    let (agent, _incoming) = start().await;
    let (session, mut peer) = active(&agent).await;
    let sent = sending(&session.control, text(5000));
    let mut ranges = Vec::new();
    for n in 0..3 {
        let chunk = peer.read().await.unwrap();
        ranges.push(chunk.header("Byte-Range").unwrap().to_string());
        let last = chunk.continuation == Continuation::Complete;
        assert_eq!(last, n == 2);
        assert_eq!(chunk.header("Success-Report"), Some("yes"));
        peer.answer(&chunk, 200).await;
    }
    assert_eq!(ranges, ["1-2048/5000", "2049-4096/5000", "4097-5000/5000"]);
    assert_eq!(sent.await.unwrap(), Ok(200));
    let empty = sending(&session.control, MsrpOutgoing::default());
    let bodiless = peer.read().await.unwrap();
    assert_eq!(bodiless.body, None);
    peer.answer(&bodiless, 415).await;
    assert_eq!(empty.await.unwrap(), Ok(415));
    agent.stop().await;
}

#[tokio::test]
async fn tells_of_silence_and_of_a_lost_connection() {
    let config = UserAgentConfig {
        msrp: MsrpConfig {
            transaction_timeout: Duration::from_millis(100),
            ..MsrpConfig::default()
        },
        ..quick()
    };
    let (agent, _incoming) = UserAgent::start(config).await.unwrap();
    let (mut session, peer) = active(&agent).await;
    let silent = session.control.send(text(5)).await;
    assert_eq!(silent, Err(MsrpError::Timeout));
    drop(peer);
    assert!(matches!(event(&mut session).await, MsrpEvent::Lost));
    let lost = session.control.send(text(5)).await;
    assert_eq!(lost, Err(MsrpError::NotConnected));
    agent.stop().await;
}

#[tokio::test]
async fn closes_the_connection_with_its_last_session() {
    let (agent, _incoming) = start().await;
    let (mut session, mut peer, path) = bound(&agent).await;
    let mut send = peer.send(&path, "last");
    send.set_body("text/plain", "hi");
    peer.write(&send).await;
    drop(message(&mut session).await);
    session.control.close();
    assert_eq!(peer.code().await, 200, "the response goes out first");
    assert!(peer.read().await.is_none());
    drop(peer);
    assert_eq!(agent.msrp().sessions(), 0);
    let patience = tokio::time::timeout(Duration::from_secs(2), async {
        while agent.msrp().connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.unwrap();
    agent.stop().await;
}

#[tokio::test]
async fn leaves_the_connection_open_if_told_so() {
    let (agent, _incoming) = start().await;
    let (session, mut peer, path) = bound(&agent).await;
    session.control.close_leaving_connection();
    drop(session);
    let send = peer.send(&path, "late");
    peer.write(&send).await;
    assert_eq!(peer.code().await, 481);
    agent.stop().await;
}

#[tokio::test]
async fn survives_octets_of_any_quality() {
    let (agent, _incoming) = start().await;
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..150 {
        let mut session = agent.msrp().open().unwrap();
        let mut peer = Peer::connect(agent.msrp_address()).await;
        let path = session.control.local_path().to_string();
        let mut send = peer.send(&path, "m");
        send.push("Byte-Range", "1-2/2");
        send.set_body("text/plain", "hi");
        let mut octets = send.to_octets();
        for _ in 0..random.usize(1..5) {
            let at = random.usize(..octets.len());
            octets[at] = random.u8(..);
        }
        peer.stream.write_all(&octets).await.unwrap();
        while session.events.try_recv().is_ok() {}
    }
    let (_session, _peer, _path) = bound(&agent).await;
    agent.stop().await;
}
