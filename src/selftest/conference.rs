//! Self-test: user agents of others meet a CMMC conference of the reference implementation, along its S-CSCF and its MMTel AS. baresip
//! joins by a plain call, is heard and stands in the roster; SIPp asks to join for a user who is barred, and gets 603.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::wire::rtp::RtpPacket;
use ims_conformance::wire::sip::SipMessage;
use ims_conformance::wire::xml::conference_info::ConferenceInfo;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use third_party::{Reference, Running, free_port, program};

/// Enough for a user agent to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const FACTORY: &str = "sip:factory@cmmc.home1.example";

#[test]
fn baresip_joins_a_conference_is_heard_and_stands_in_the_roster() {
    let baresip = program("baresip", "baresip-core");
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::start(&[], &folder.path().join("reference.log"));
    let mut carol = Carol::new(&reference);
    let room = carol.has_a_conference();
    let core = &reference.core;
    let files = [
        ("config", configuration(free_port())),
        (
            "accounts",
            format!("<sip:alice@home1.example>;outbound=\"sip:{core}\";regint=60;auth_pass=none\n"),
        ),
        ("contacts", String::new()),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let log = std::fs::File::create(folder.path().join("baresip.log")).unwrap();
    let process = Running::start(
        Command::new(baresip)
            .arg("-f")
            .arg(folder.path())
            .args(["-e", &format!("/dial {room}")])
            .stdout(log)
            .stderr(Stdio::null()),
    );
    let told = || std::fs::read_to_string(folder.path().join("baresip.log")).unwrap_or_default();
    let status = carol.sees("sip:alice@home1.example", "connected");
    assert!(status, "baresip is not in the roster: {}", told());
    assert!(carol.hears_somebody(), "baresip is not heard: {}", told());
    process.end(Duration::from_secs(5));
    let status = carol.sees("sip:alice@home1.example", "disconnected");
    assert!(status, "baresip stays in the roster: {}", told());
    reference.end();
}

#[test]
fn sipp_asks_to_join_for_a_barred_user_and_gets_603() {
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::start(&[], &folder.path().join("reference.log"));
    let mut carol = Carol::new(&reference);
    let room = carol.has_a_conference();
    bar_outgoing(&reference.ut, "sip:bob@home1.example");
    let (refused, told) = sipp(&reference.core, "bob", &room, folder.path());
    assert!(refused, "SIPp did not get 603: {told}");
    let (refused, _) = sipp(&reference.core, "dave", &room, folder.path());
    assert!(!refused, "a user who is not barred gets 603 as well");
    assert!(!carol.sees_now("sip:bob@home1.example"));
    reference.end();
}

fn configuration(port: u16) -> String {
    let modules = ["g711", "aubridge"].map(|name| format!("module {name}.so\n"));
    format!(
        "poll_method epoll\nnet_interface 127.0.0.1\nsip_listen 127.0.0.1:{port}\naudio_source aubridge,nobody\n\
         audio_player aubridge,nobody\naudio_alert aubridge,nobody\nmodule_path /usr/lib/baresip/modules\n{}\
         module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n",
        modules.concat()
    )
}

/// Runs the scenario once; whether everything in it, the 603 among it, came.
fn sipp(core: &str, user: &str, room: &str, folder: &Path) -> (bool, String) {
    let scenario =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/cmmc_barred_join_uac.xml");
    let errors = folder.join(format!("{user}.log"));
    let port = free_port().to_string();
    let mut command = Command::new(program("sipp", "sip-tester"));
    command
        .arg(core)
        .arg("-sf")
        .arg(scenario)
        .args(["-t", "u1", "-i", "127.0.0.1", "-p", &port, "-m", "1"])
        .args(["-key", "user", user, "-key", "room", room])
        .args(["-timeout", "15s", "-timeout_error", "-nostdin"])
        .arg("-trace_err")
        .arg("-error_file")
        .arg(&errors)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = Running::start(&mut command).ended(PATIENCE);
    let told = std::fs::read_to_string(&errors).unwrap_or_default();
    (status.is_some_and(|status| status.success()), told)
}

/// Writes a document that bars all outgoing communications of this user.
fn bar_outgoing(ut: &str, user: &str) {
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <simservs xmlns=\"http://uri.etsi.org/ngn/params/xml/simservs/xcap\" xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\">\
        <outgoing-communication-barring active=\"true\"><cp:ruleset><cp:rule id=\"all\"><cp:conditions/>\
        <cp:actions><allow>false</allow></cp:actions></cp:rule></cp:ruleset></outgoing-communication-barring></simservs>";
    let host = ut.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "PUT /simservs.ngn.etsi.org/users/{user}/simservs.xml HTTP/1.1\r\nHost: {host}\r\n\
         Content-Type: application/vnd.etsi.simservs+xml\r\nContent-Length: {}\r\nConnection: close\r\n\
         X-3GPP-Intended-Identity: \"{user}\"\r\n\r\n{document}",
        document.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split_whitespace().nth(1).unwrap_or_default();
    assert!(["200", "201"].contains(&status), "{answer}");
}

/// A terminal of raw messages that makes a conference and watches it.
struct Carol {
    socket: UdpSocket,
    rtp: UdpSocket,
    core: SocketAddr,
    call_id: String,
    cseq: u32,
    to: String,
    routes: Vec<String>,
    target: String,
    rosters: Vec<ConferenceInfo>,
}

impl Carol {
    fn new(reference: &Reference) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        rtp.set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Self {
            socket,
            rtp,
            core: reference.core.parse().unwrap(),
            call_id: "c1".into(),
            cseq: 0,
            to: String::new(),
            routes: Vec::new(),
            target: String::new(),
            rosters: Vec::new(),
        }
    }

    fn send(&self, mut message: SipMessage) {
        message.set("Content-Length", message.body.len().to_string());
        self.socket
            .send_to(&message.to_octets(), self.core)
            .unwrap();
    }

    fn request(&mut self, method: &str, uri: &str) -> SipMessage {
        self.cseq += u32::from(method != "ACK");
        let local = self.socket.local_addr().unwrap();
        let mut request = SipMessage::request(method, uri);
        let branch = format!("z9hG4bK{}{method}", self.cseq);
        request.push("Via", format!("SIP/2.0/UDP {local};branch={branch}"));
        for route in &self.routes {
            request.push("Route", route);
        }
        request.push("Max-Forwards", "70");
        request.push("From", "<sip:carol@home1.example>;tag=carol");
        let to = match self.to.as_str() {
            "" if method == "REGISTER" => "<sip:carol@home1.example>".to_owned(),
            "" => format!("<{uri}>"),
            to => to.to_owned(),
        };
        request.push("To", to);
        request.push("Call-ID", &self.call_id);
        request.push("CSeq", format!("{} {method}", self.cseq));
        request.push("Contact", format!("<sip:carol@{local}>"));
        request.push("P-Asserted-Identity", "<sip:carol@home1.example>");
        request
    }

    /// The next message, NOTIFYs answered and their rosters kept.
    fn receive(&mut self) -> Option<SipMessage> {
        let mut buffer = [0; 65_536];
        let length = self.socket.recv(&mut buffer).ok()?;
        let message = SipMessage::parse(&buffer[..length]).unwrap();
        if message.method() == Some("NOTIFY") {
            let mut answer = SipMessage::response(200, "OK");
            for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
                for value in message.headers_named(name) {
                    answer.push(name, value);
                }
            }
            self.send(answer);
            self.rosters
                .extend(ConferenceInfo::parse(&message.body).ok());
        }
        Some(message)
    }

    fn answered(&mut self, request: SipMessage) -> SipMessage {
        let cseq = request.cseq().unwrap().0;
        self.send(request);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(message) = self.receive()
                && message.status().is_some_and(|code| code >= 200)
                && message.cseq().unwrap().0 == cseq
            {
                assert_eq!(message.status(), Some(200));
                return message;
            }
        }
        panic!("no answer");
    }

    /// Registers, makes a conference and subscribes to its state.
    fn has_a_conference(&mut self) -> String {
        let register = self.request("REGISTER", "sip:home1.example");
        let answer = self.answered(register);
        self.routes = vec![answer.header("Service-Route").unwrap().to_owned()];
        self.call_id = "c2".into();
        let mut invite = self.request("INVITE", FACTORY);
        let port = self.rtp.local_addr().unwrap().port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        );
        invite.set_body("application/sdp", sdp);
        let answer = self.answered(invite);
        self.to = answer.header("To").unwrap().to_owned();
        let mut routes: Vec<String> = answer
            .values("Record-Route")
            .into_iter()
            .map(str::to_owned)
            .collect();
        routes.reverse();
        self.routes = routes;
        let contact = answer.address("Contact").unwrap();
        assert!(contact.has_param("isfocus"));
        self.target = contact.uri.as_str().to_owned();
        let room = self.target.clone();
        let ack = self.request("ACK", &room);
        self.send(ack);
        let mut subscribe = self.request("SUBSCRIBE", &room);
        subscribe.push("Event", "conference");
        self.answered(subscribe);
        room
    }

    /// Whether a roster comes in which the user has this status.
    fn sees(&mut self, user: &str, status: &str) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let stands = self.rosters.iter().rev().find_map(|info| info.user(user));
            let endpoints = stands.iter().flat_map(|user| &user.endpoints);
            let mut statuses = endpoints.filter_map(|endpoint| endpoint.status.as_deref());
            if statuses.any(|known| known == status) {
                return true;
            }
            self.receive();
        }
        false
    }

    fn sees_now(&mut self, user: &str) -> bool {
        while self.receive().is_some() {}
        self.rosters.iter().any(|info| info.user(user).is_some())
    }

    /// Whether a packet comes that somebody has contributed to.
    fn hears_somebody(&self) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 2048];
        while Instant::now() < until {
            if let Ok(length) = self.rtp.recv(&mut buffer)
                && RtpPacket::parse(&buffer[..length]).is_ok_and(|packet| !packet.csrc.is_empty())
            {
                return true;
            }
        }
        false
    }
}
