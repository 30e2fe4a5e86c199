//! The gateway as a whole over loopback sockets: a caller who speaks raw SIP and MSRP, an SMSC of a few lines, and the HTTP interface.
//!
//! These are tests of the reference build for its own sake; the conformance of its behaviour is judged by the suite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faulty;
mod scenarios;

use super::esme::EsmeConfig;
use super::faults::Fault;
use super::{Reference, ReferenceArguments};
use crate::wire::msrp::MsrpMessage;
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::SipMessage;
use crate::wire::smpp::{
    Body, CommandId, Framer, Pdu, ShortMessagePdu, decode_short_message_text, status,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;

const ALICE: &str = "+447700900001";
const BOB: &str = "+447700900002";
const SESSION: &str = "+447700910001";
const SOON: Duration = Duration::from_secs(5);

/// The SMSC and everything the gateway says to it.
struct Smsc {
    submitted: mpsc::UnboundedReceiver<ShortMessagePdu>,
    answered: mpsc::UnboundedReceiver<u32>,
    deliver: mpsc::UnboundedSender<ShortMessagePdu>,
}

async fn smsc(submit_status: u32) -> (Smsc, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (submits, submitted) = mpsc::unbounded_channel();
    let (answers, answered) = mpsc::unbounded_channel();
    let (deliver, mut deliveries) = mpsc::unbounded_channel::<ShortMessagePdu>();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut framer = Framer::default();
        let mut buffer = [0; 4096];
        let mut sequence = 0;
        loop {
            let out = tokio::select! {
                count = stream.read(&mut buffer) => {
                    let count = count.unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    framer.push(&buffer[..count]);
                    let mut out = Vec::new();
                    while let Some(frame) = framer.next_frame() {
                        let pdu = Pdu::parse(&frame.unwrap()).unwrap();
                        let (code, body) = match pdu.command {
                            CommandId::BIND_TRANSCEIVER => (0, Body::BindResp("smsc".into())),
                            CommandId::SUBMIT_SM => {
                                submits.send(pdu.short_message().unwrap().clone()).ok();
                                (submit_status, Body::MessageId(Some(format!("m{}", pdu.sequence))))
                            }
                            command if command.is_response() => {
                                answers.send(pdu.status).ok();
                                continue;
                            }
                            _ => (0, Body::Empty),
                        };
                        out.extend(Pdu::new(pdu.command.response(), code, pdu.sequence, body).to_octets());
                    }
                    out
                }
                Some(message) = deliveries.recv() => {
                    sequence += 1;
                    let body = Body::ShortMessage(Box::new(message));
                    Pdu::new(CommandId::DELIVER_SM, 0, sequence, body).to_octets()
                }
            };
            if stream.write_all(&out).await.is_err() {
                return;
            }
        }
    });
    let smsc = Smsc {
        submitted,
        answered,
        deliver,
    };
    (smsc, address)
}

impl Smsc {
    /// (from, to, text) of the next short message.
    async fn next(&mut self) -> (String, String, String) {
        let message = timeout(SOON, self.submitted.recv()).await;
        let message = message.expect("no short message").unwrap();
        let (text, _, _) = decode_short_message_text(&message, &[]).unwrap();
        (message.source_number(), message.dest_number(), text)
    }

    fn nothing_more(&mut self) {
        assert!(
            self.submitted.try_recv().is_err(),
            "a short message too many"
        );
    }

    fn send(&self, from: &str, to: &str, text: &str) {
        let messages = super::ip_sm_gw::session_sms::compose(text, from, to, 1).unwrap();
        for message in messages {
            let pdu = super::esme::mapping::to_pdu(message);
            self.deliver.send(pdu).unwrap();
        }
    }

    /// Status of the next deliver_sm_resp.
    async fn answer(&mut self) -> u32 {
        let answer = timeout(SOON, self.answered.recv()).await;
        answer.expect("deliver_sm was not answered").unwrap()
    }
}

/// A CPM UE of raw messages.
struct Caller {
    socket: UdpSocket,
    gateway: SocketAddr,
    msrp: TcpListener,
    call_id: String,
    cseq: u32,
    to_tag: String,
}

impl Caller {
    async fn new(gateway: SocketAddr) -> Self {
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            gateway,
            msrp: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            call_id: format!("{:x}", fastrand::u64(..)),
            cseq: 1,
            to_tag: String::new(),
        }
    }

    fn request(&self, method: &str, uri: &str) -> SipMessage {
        let local = self.socket.local_addr().unwrap();
        let mut request = SipMessage::request(method, uri);
        let branch = format!("z9hG4bK{}{}", self.call_id, self.cseq);
        request.push("Via", format!("SIP/2.0/UDP {local};branch={branch}"));
        request.push("Max-Forwards", "70");
        request.push("From", format!("<tel:{ALICE}>;tag=a{}", self.call_id));
        let tag = match self.to_tag.as_str() {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        request.push("To", format!("<tel:{BOB}>{tag}"));
        request.push("Call-ID", &self.call_id);
        let number = self.cseq;
        request.push("CSeq", format!("{number} {method}"));
        request.push("Contact", format!("<sip:alice@{local}>"));
        request.push("P-Asserted-Identity", format!("<tel:{ALICE}>"));
        request
    }

    fn invite(&self, uri: &str) -> SipMessage {
        let mut invite = self.request("INVITE", uri);
        invite.push("Conversation-ID", "Conv-1");
        invite.push("Contribution-ID", "Contr-1");
        let port = self.msrp.local_addr().unwrap().port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message {port} TCP/MSRP *\r\n\
             a=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\na=setup:actpass\r\n\
             a=path:msrp://127.0.0.1:{port}/alice;tcp\r\n"
        );
        invite.set_body("application/sdp", sdp.into_bytes());
        invite
    }

    async fn send(&self, message: &SipMessage) {
        let octets = message.to_octets();
        self.socket.send_to(&octets, self.gateway).await.unwrap();
    }

    async fn receive(&self) -> SipMessage {
        let mut buffer = vec![0; 65_536];
        let received = timeout(SOON, self.socket.recv_from(&mut buffer)).await;
        let (count, _) = received.expect("no SIP message").unwrap();
        SipMessage::parse(&buffer[..count]).unwrap()
    }

    async fn final_response(&self) -> SipMessage {
        loop {
            let response = self.receive().await;
            if response.status().is_some_and(|code| code >= 200) {
                return response;
            }
        }
    }

    /// Answers 200 to a request.
    async fn ok(&self, request: &SipMessage) {
        let mut response = SipMessage::response(200, "OK");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            response.push(name, request.header(name).unwrap());
        }
        response.push("Content-Length", "0");
        self.send(&response).await;
    }

    /// The ACK to a response of 300 or more, in the INVITE's own transaction.
    async fn acknowledge_failure(&mut self, response: &SipMessage) {
        self.to_tag = response.to_tag().unwrap();
        let ack = self.request("ACK", &format!("tel:{BOB}"));
        self.send(&ack).await;
    }

    async fn acknowledge(&mut self, response: &SipMessage) {
        self.to_tag = response.to_tag().unwrap();
        let ack = self.request("ACK", &format!("sip:{}", self.gateway));
        self.send(&ack).await;
        self.cseq += 1;
    }
}

/// The MSRP side of the caller.
struct Media {
    stream: TcpStream,
    framer: crate::wire::msrp::Framer,
    remote: String,
    local: String,
}

impl Media {
    async fn connect(caller: &Caller, response: &SipMessage) -> Self {
        let sdp = response.body_of("application/sdp").expect("no SDP answer");
        let answer = SessionDescription::parse(&sdp).unwrap();
        let media = answer.message().unwrap();
        let address = format!("{}:{}", media.address, media.port);
        let port = caller.msrp.local_addr().unwrap().port();
        let mut media = Self {
            stream: TcpStream::connect(address).await.unwrap(),
            framer: crate::wire::msrp::Framer::default(),
            remote: media.path[0].clone(),
            local: format!("msrp://127.0.0.1:{port}/alice;tcp"),
        };
        media.send("bind0001", None).await;
        assert_eq!(media.next().await.unwrap().status(), Some(200));
        media
    }

    async fn send(&mut self, id: &str, text: Option<&str>) {
        let mut send = MsrpMessage::request(id, "SEND");
        send.push("To-Path", &self.remote);
        send.push("From-Path", &self.local);
        send.push("Message-ID", id);
        if let Some(text) = text {
            let cpim = format!(
                "From: <tel:{ALICE}>\r\nTo: <tel:{BOB}>\r\n\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n{text}"
            );
            send.push("Byte-Range", format!("1-{0}/{0}", cpim.len()));
            send.set_body("message/cpim", cpim.into_bytes());
        }
        self.stream.write_all(&send.to_octets()).await.unwrap();
    }

    /// `None` = the connection was closed.
    async fn next(&mut self) -> Option<MsrpMessage> {
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Some(MsrpMessage::parse(&frame.unwrap()).unwrap());
            }
            let mut buffer = [0; 4096];
            let read = timeout(SOON, self.stream.read(&mut buffer)).await;
            let count = read.expect("nothing on MSRP").unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.framer.push(&buffer[..count]);
        }
    }

    /// The text of the next SEND, answered with `code`.
    async fn text(&mut self, code: u16) -> String {
        let send = self.next().await.unwrap();
        let mut response = MsrpMessage::response(&send.transaction_id, code, "x");
        response.push("To-Path", &self.remote);
        response.push("From-Path", &self.local);
        self.stream.write_all(&response.to_octets()).await.unwrap();
        let cpim = crate::wire::cpim::CpimMessage::parse(&send.body.unwrap()).unwrap();
        assert_eq!(cpim.header("From"), Some(format!("<tel:{BOB}>").as_str()));
        assert!(cpim.imdn_header("Message-ID").is_some());
        cpim.text().unwrap()
    }
}

async fn start(fault: Option<Fault>, submit_status: u32) -> (Reference, Smsc) {
    start_for(2, fault, submit_status).await
}

async fn start_for(
    max_sessions: usize,
    fault: Option<Fault>,
    submit_status: u32,
) -> (Reference, Smsc) {
    let (smsc, address) = smsc(submit_status).await;
    let defaults = EsmeConfig::new("", "gw", "pw");
    let arguments = ReferenceArguments {
        min_session_expires: 90,
        smsc: Some(address.to_string()),
        smpp_system_id: defaults.system_id,
        smpp_data_coding_0: Default::default(),
        tls: Default::default(),
        sip_tls: Default::default(),
        smpp_password: defaults.password,
        sgd: super::sgd::SgdArguments::default(),
        roles: super::roles::RoleArguments::default(),
        ut: super::ut::UtArguments::default(),
        listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
        config: None,
        fault,
        edge: Default::default(),
        max_sessions,
        until_stdin_closes: false,
    };
    let reference = Reference::start(arguments).await.unwrap();
    let http = reqwest::Client::new();
    let base = format!("http://{}", reference.provisioning_address());
    let pool = format!("{{\"numbers\":[\"{SESSION}\"]}}");
    let put = http.put(format!("{base}/v1/pools/default")).body(pool);
    assert_eq!(put.send().await.unwrap().status(), 201);
    provision(&reference, ALICE, "{\"answer_seconds\":1.0}").await;
    for _ in 0..100 {
        let health = http.get(format!("{base}/v1/health")).send().await.unwrap();
        if health.text().await.unwrap().contains("\"bound\"") {
            return (reference, smsc);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not bound");
}

async fn provision(reference: &Reference, number: &str, entry: &str) {
    let base = format!("http://{}", reference.provisioning_address());
    let url = format!("{base}/v1/subscribers/{}", number.replace('+', "%2B"));
    let put = reqwest::Client::new().put(url).body(entry.to_owned());
    assert!(put.send().await.unwrap().status().is_success());
}

/// From the invitation to the chat.
async fn chat(reference: &Reference, smsc: &mut Smsc) -> (Caller, Media) {
    let mut caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
    assert_eq!(caller.receive().await.status(), Some(100));
    assert_eq!(caller.receive().await.status(), Some(183));
    let (from, to, text) = smsc.next().await;
    assert_eq!((from.as_str(), to.as_str()), (SESSION, BOB));
    assert!(text.contains(ALICE) && text.contains("yes") && text.contains("stop"));
    smsc.send(BOB, SESSION, " YES ");
    assert_eq!(smsc.answer().await, status::OK);
    let response = caller.final_response().await;
    assert_eq!(response.status(), Some(200));
    assert_eq!(response.header("Conversation-ID"), Some("Conv-1"));
    let identity = format!("<tel:{BOB}>");
    assert_eq!(response.header("P-Asserted-Identity"), Some(&*identity));
    caller.acknowledge(&response).await;
    let media = Media::connect(&caller, &response).await;
    (caller, media)
}
