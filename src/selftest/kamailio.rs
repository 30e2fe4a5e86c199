//! Self-test: Kamailio, an application server of others, bars communications between our S-CSCF and a focus that is a bare socket here,
//! as the simservs documents say that are put to it on Ut. So ISC and the profile `kamailio-barring` are known to work before a verdict
//! on Kamailio is believed, such as those that `third_party_systems` compares.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::wire::sip::SipMessage;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use third_party::program;

const ROOM: &str = "sip:room-1@cmmc.home1.example";
/// A start of two programs takes two seconds on an idle machine, an answer none.
const PATIENCE: Duration = Duration::from_secs(20);
/// Nothing comes.
const GUARD: Duration = Duration::from_millis(500);

/// The system `kamailio-barring`, as its profile starts it; it ends when its standard input closes.
struct System {
    process: Child,
    core: SocketAddr,
    ut: String,
}

impl System {
    fn start(focus: SocketAddr) -> Self {
        program("kamailio", "kamailio");
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/systems/kamailio-barring");
        let mut process = Command::new(folder.join("start.sh"))
            .arg(env!("CARGO_BIN_EXE_ims-conformance"))
            .args(["--cmmc-focus", &focus.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("first line of the system: {error}: {line:?}"));
        Self {
            process,
            core: ready["core"].as_str().unwrap().parse().unwrap(),
            ut: ready["ut"].as_str().unwrap().to_owned(),
        }
    }

    /// Puts a whole simservs document; the status.
    fn put(&self, user: &str, service: &str, conditions: &str) -> u16 {
        let document = format!(
            "<ss:simservs xmlns:ss=\"http://uri.etsi.org/ngn/params/xml/simservs/xcap\" \
             xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\"><ss:{service}-communication-barring \
             active=\"true\"><cp:ruleset><cp:rule id=\"r\"><cp:conditions>{conditions}</cp:conditions>\
             <cp:actions><ss:allow>false</ss:allow></cp:actions></cp:rule></cp:ruleset>\
             </ss:{service}-communication-barring></ss:simservs>"
        );
        let url = format!(
            "{}/simservs.ngn.etsi.org/users/sip:{user}@home1.example/simservs.xml",
            self.ut
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let put = client
                .put(url)
                .header("Content-Type", "application/vnd.etsi.simservs+xml")
                .body(document);
            put.send().await.unwrap().status().as_u16()
        })
    }
}

impl Drop for System {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// A user's terminal, or a focus.
struct Party {
    socket: UdpSocket,
    identity: String,
    core: SocketAddr,
    calls: u32,
    last: Option<SipMessage>,
}

impl Party {
    fn new(socket: UdpSocket, identity: &str, core: SocketAddr) -> Self {
        Self {
            socket,
            identity: identity.to_owned(),
            core,
            calls: 0,
            last: None,
        }
    }

    fn registered(user: &str, core: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let identity = format!("sip:{user}@home1.example");
        let mut party = Self::new(socket, &identity, core);
        party.send("REGISTER", "sip:home1.example", &identity);
        assert_eq!(party.final_status(), 200);
        party
    }

    fn send(&mut self, method: &str, uri: &str, to: &str) {
        self.calls += 1;
        let (at, call) = (self.socket.local_addr().unwrap(), self.calls);
        let mut request = SipMessage::request(method, uri);
        let token = format!("{}x{call}", at.port());
        request.push("Via", format!("SIP/2.0/UDP {at};branch=z9hG4bK{token}"));
        request.push("Max-Forwards", "70");
        request.push("From", format!("<{}>;tag={token}", self.identity));
        request.push("To", format!("<{to}>"));
        request.push("Call-ID", &token);
        request.push("CSeq", format!("1 {method}"));
        request.push("Contact", format!("<sip:ue@{at}>"));
        request.push("P-Asserted-Identity", format!("<{}>", self.identity));
        request.push("Content-Length", "0");
        self.socket
            .send_to(&request.to_octets(), self.core)
            .unwrap();
        self.last = Some(request);
    }

    fn receive(&self, within: Duration) -> Option<SipMessage> {
        self.socket.set_read_timeout(Some(within)).unwrap();
        let mut buffer = [0; 65_536];
        let (length, _) = self.socket.recv_from(&mut buffer).ok()?;
        Some(SipMessage::parse(&buffer[..length]).unwrap())
    }

    /// The final response to the latest request, acknowledged.
    fn final_status(&self) -> u16 {
        let request = self.last.as_ref().unwrap();
        loop {
            let response = self.receive(PATIENCE).expect("no final response");
            let status = response.status().unwrap_or(0);
            if status < 200 || response.call_id() != request.call_id() {
                continue;
            }
            if request.method() == Some("INVITE") {
                let mut ack = SipMessage::request("ACK", request.uri().unwrap());
                for name in ["Via", "Max-Forwards", "From", "Call-ID"] {
                    ack.push(name, request.header(name).unwrap());
                }
                ack.push("To", response.header("To").unwrap());
                ack.push("CSeq", "1 ACK");
                ack.push("Content-Length", "0");
                self.socket.send_to(&ack.to_octets(), self.core).unwrap();
            }
            return status;
        }
    }

    /// The INVITE that arrives, refused by this party's own 486.
    fn is_invited(&self) -> bool {
        let Some(invite) = self.receive(PATIENCE) else {
            return false;
        };
        assert_eq!(invite.method(), Some("INVITE"));
        let mut response = SipMessage::response(486, "Busy Here");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in invite.headers_named(name) {
                let tag = if name == "To" { ";tag=busy" } else { "" };
                response.push(name, format!("{value}{tag}"));
            }
        }
        response.push("Content-Length", "0");
        self.socket
            .send_to(&response.to_octets(), self.core)
            .unwrap();
        let ack = self.receive(PATIENCE).expect("no ACK");
        ack.method() == Some("ACK")
    }
}

#[test]
fn kamailio_bars_who_joins_and_who_is_added_as_the_documents_say() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let system = System::start(socket.local_addr().unwrap());
    let mut focus = Party::new(socket, ROOM, system.core);
    let mut alice = Party::registered("alice", system.core);
    let mut bob = Party::registered("bob", system.core);

    // Nobody has configured anything.
    alice.send("INVITE", ROOM, ROOM);
    assert!(focus.is_invited());
    assert_eq!(alice.final_status(), 486);

    assert_eq!(system.put("alice", "outgoing", ""), 201);
    alice.send("INVITE", ROOM, ROOM);
    assert_eq!(alice.final_status(), 603);
    assert!(focus.receive(GUARD).is_none(), "the focus hears of it");
    bob.send("INVITE", ROOM, ROOM);
    assert!(focus.is_invited());
    assert_eq!(bob.final_status(), 486);

    let room = "<cp:identity><cp:one id=\"sip:room-1@cmmc.home1.example\"/></cp:identity>";
    assert_eq!(system.put("bob", "incoming", room), 201);
    let (alices, bobs) = (alice.identity.clone(), bob.identity.clone());
    focus.send("INVITE", &bobs, &bobs);
    assert_eq!(focus.final_status(), 603);
    assert!(bob.receive(GUARD).is_none(), "Bob is rung");
    focus.send("INVITE", &alices, &alices);
    assert!(alice.is_invited());
    assert_eq!(focus.final_status(), 486);
}
