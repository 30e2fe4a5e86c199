//! A phone of raw SIP messages over one UDP socket, answering nothing by itself but NOTIFY and BYE.
use crate::reference::conference_focus::policy::CmmcPolicy;
use crate::reference::conference_focus::{Focus, FocusConfig};
use crate::reference::faults::InForce;
use crate::wire::sip::SipMessage;
use crate::wire::xml::conference_info::{ConferenceInfo, User};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

pub const FACTORY: &str = "sip:factory@cmmc.home1.example";
const SOON: Duration = Duration::from_secs(5);

pub async fn focus() -> Focus {
    let config = FocusConfig::new("127.0.0.1".parse().unwrap());
    let policy = Arc::new(CmmcPolicy::new("cmmc.home1.example"));
    Focus::start(config, policy, InForce(None)).await.unwrap()
}

pub struct Phone {
    pub name: &'static str,
    socket: UdpSocket,
    pub rtp: UdpSocket,
    focus: SocketAddr,
    pub call_id: String,
    pub cseq: u32,
    /// From and To of requests in the dialog.
    pub local: String,
    pub remote: String,
    pub target: String,
    /// NOTIFYs seen, answered with 200.
    pub notified: Vec<SipMessage>,
}

impl Phone {
    pub async fn new(name: &'static str, focus: &Focus) -> Self {
        let call_id = format!("{name}-{:x}", fastrand::u64(..));
        Self {
            name,
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            rtp: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            focus: focus.sip_address(),
            local: format!("<sip:{name}@home1.example>;tag=t{call_id}"),
            call_id,
            cseq: 0,
            remote: String::new(),
            target: String::new(),
            notified: Vec::new(),
        }
    }

    /// The URI by which the focus can reach this phone without a core.
    pub fn uri(&self) -> String {
        format!("sip:{}@{}", self.name, self.socket.local_addr().unwrap())
    }

    pub fn identity(&self) -> String {
        format!("sip:{}@home1.example", self.name)
    }

    pub fn sdp(&self, direction: &str) -> Vec<u8> {
        let port = self.rtp.local_addr().unwrap().port();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na={direction}\r\n"
        )
        .into_bytes()
    }

    /// A request to this URI, in the dialog if there is one.
    pub fn request(&mut self, method: &str, uri: &str) -> SipMessage {
        self.cseq += 1;
        let mut request = SipMessage::request(method, uri);
        let local = self.socket.local_addr().unwrap();
        let branch = format!("z9hG4bK{:x}", fastrand::u64(..));
        request.push("Via", format!("SIP/2.0/UDP {local};branch={branch};rport"));
        request.push("Max-Forwards", "70");
        request.push("From", &self.local);
        let to = match self.remote.as_str() {
            "" => format!("<{uri}>"),
            remote => remote.to_owned(),
        };
        request.push("To", to);
        request.push("Call-ID", &self.call_id);
        request.push("CSeq", format!("{} {method}", self.cseq));
        request.push("Contact", format!("<{}>", self.uri()));
        request.push("P-Asserted-Identity", format!("<{}>", self.identity()));
        request
    }

    pub fn invite(&mut self, uri: &str) -> SipMessage {
        let mut invite = self.request("INVITE", uri);
        invite.set_body("application/sdp", self.sdp("sendrecv"));
        invite
    }

    pub async fn send(&self, message: &SipMessage) {
        let mut message = message.clone();
        message.set("Content-Length", message.body.len().to_string());
        self.socket
            .send_to(&message.to_octets(), self.focus)
            .await
            .unwrap();
    }

    /// The next message that is neither a NOTIFY nor a 100; those are dealt with on the way.
    pub async fn receive(&mut self) -> SipMessage {
        let mut buffer = vec![0; 65_536];
        loop {
            let received = timeout(SOON, self.socket.recv_from(&mut buffer)).await;
            let (length, _) = received.expect("no SIP message").unwrap();
            let message = SipMessage::parse(&buffer[..length]).unwrap();
            match (message.method(), message.status()) {
                (Some("NOTIFY"), _) => {
                    self.answer(&message, 200, None).await;
                    self.notified.push(message);
                }
                (Some("ACK"), _) | (_, Some(100)) => {}
                _ => return message,
            }
        }
    }

    /// Receives NOTIFYs until one of this package satisfies.
    pub async fn notified(
        &mut self,
        package: &str,
        wanted: impl Fn(&SipMessage) -> bool,
    ) -> SipMessage {
        let mut seen = 0;
        let mut buffer = vec![0; 65_536];
        loop {
            while seen < self.notified.len() {
                let message = self.notified[seen].clone();
                seen += 1;
                if message.header("Event").unwrap().starts_with(package) && wanted(&message) {
                    return message;
                }
            }
            let received = timeout(SOON, self.socket.recv_from(&mut buffer)).await;
            let (length, _) = received.expect("no such NOTIFY").unwrap();
            let message = SipMessage::parse(&buffer[..length]).unwrap();
            if message.method() == Some("NOTIFY") {
                self.answer(&message, 200, None).await;
                self.notified.push(message);
            } else if message.method() == Some("BYE") {
                self.answer(&message, 200, None).await;
            }
        }
    }

    pub async fn answer(&self, request: &SipMessage, code: u16, sdp: Option<Vec<u8>>) {
        let mut response = SipMessage::response(code, "Whatever");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in request.headers_named(name) {
                let tag = match name {
                    "To" if request.to_tag().is_none() => ";tag=phone",
                    _ => "",
                };
                response.push(name, format!("{value}{tag}"));
            }
        }
        response.push("Contact", format!("<{}>", self.uri()));
        if let Some(sdp) = sdp {
            response.set_body("application/sdp", sdp);
        }
        self.send(&response).await;
    }

    /// Sends and gives the final response.
    pub async fn ask(&mut self, request: SipMessage) -> SipMessage {
        self.send(&request).await;
        loop {
            let message = self.receive().await;
            if message.status().is_some_and(|code| code >= 200) && message.cseq() == request.cseq()
            {
                return message;
            }
        }
    }

    /// INVITE, answered and acknowledged; the URI of the conference.
    pub async fn join(&mut self, uri: &str) -> String {
        let invite = self.invite(uri);
        let answer = self.ask(invite).await;
        assert_eq!(answer.status(), Some(200));
        assert!(answer.header("Contact").unwrap().contains(";isfocus"));
        self.remote = answer.header("To").unwrap().to_owned();
        self.target = answer.address("Contact").unwrap().uri.as_str().to_owned();
        self.acknowledge().await;
        self.target.clone()
    }

    pub async fn acknowledge(&mut self) {
        self.cseq -= 1;
        let uri = self.target.clone();
        let ack = self.request("ACK", &uri);
        self.send(&ack).await;
    }

    /// A request in the dialog, and its final response.
    pub async fn in_dialog(&mut self, method: &str, headers: &[(&str, &str)]) -> SipMessage {
        let uri = self.target.clone();
        let mut request = self.request(method, &uri);
        for (name, value) in headers {
            request.push(name, value);
        }
        self.ask(request).await
    }

    /// Joins the dialog of an INVITE received.
    pub async fn accept(&mut self, invite: &SipMessage) {
        self.call_id = invite.call_id().unwrap().to_owned();
        self.local = format!("{};tag=phone", invite.header("To").unwrap());
        self.remote = invite.header("From").unwrap().to_owned();
        self.target = invite.address("Contact").unwrap().uri.as_str().to_owned();
        self.answer(invite, 200, Some(self.sdp("sendrecv"))).await;
    }

    /// Waits for a roster in which the user's first endpoint has this status.
    pub async fn roster(&mut self, user: &str, status: &str) -> (ConferenceInfo, User) {
        let found = |message: &SipMessage| {
            let info = ConferenceInfo::parse(&message.body).unwrap();
            let user = info.user(user)?.clone();
            (user.endpoints[0].status.as_deref() == Some(status)).then_some((info, user))
        };
        let message = self
            .notified("conference", |message| found(message).is_some())
            .await;
        found(&message).unwrap()
    }
}
