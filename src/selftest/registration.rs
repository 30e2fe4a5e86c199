//! Self-test: our UEs register at a registrar of others, Kamailio, by Digest with MD5 and with SHA-256, and at our own S-CSCF by Digest and
//! IMS AKA. Path and Service-Route are looked for on the wire; wrong passwords, realms and keys, stale nonces and sequence numbers out of
//! range are told for what they are.
//!
//! More than 400 lines: terminals, registrars, and one way to register after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod home_subscriber_server;
mod third_party;

use home_subscriber_server::{K, OPC, SQN};
use ims_conformance::capture::{Endpoint, Sockets, Tap};
use ims_conformance::observe::{Observer, SipFact};
use ims_conformance::peer::attachment::Gm;
use ims_conformance::peer::authentication::{Refusal, Secret, Subscription, Usim};
use ims_conformance::peer::mmtel_ue::{
    AudioCall, MmtelBehaviour, MmtelCommand, MmtelConfig, MmtelEvent, MmtelUe, PlainRequest,
};
use ims_conformance::peer::ue::{
    Invitation, Registration, SipTimers, Transport, Ue, UeCommand, UeConfig, UeEvent,
};
use ims_conformance::wire::authentication::Algorithm;
use ims_conformance::wire::sip::SipMessage;
use ims_conformance::wire::smpp::DefaultAlphabet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use third_party::{Reference, Running, free_port, program};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Enough for a registrar to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const DOMAIN: &str = "home1.example";
/// Test cases of the suite that run registered.
const CASES: [&str; 3] = ["TC-CB-01-01", "TC-CB-02-01", "TC-CB-03-01"];
const ALICE: &str = "+447700900001";
/// What fixtures/selftest/registrar/kamailio.cfg has for everybody.
const PASSWORD: &str = "open sesame";

fn subscription(number: &str, secret: Secret) -> Subscription {
    Subscription {
        private_identity: format!("{number}@{DOMAIN}"),
        realm: Some(DOMAIN.into()),
        secret,
        algorithm: None,
    }
}

fn password(text: &str) -> Secret {
    Secret::Password(text.into())
}

fn usim(sqn: u64) -> Secret {
    let (k, opc) = (K.to_be_bytes(), OPC.to_be_bytes());
    Secret::Usim(Usim { k, opc, sqn })
}

/// A terminal and what it has sent and received.
struct Terminal<C, E> {
    endpoint: Endpoint<C, E>,
    tap: Tap,
}

impl<C: Send + 'static, E: std::fmt::Debug + Send + 'static> Terminal<C, E> {
    fn order(&self, command: C) {
        self.endpoint.commands.send(command).ok().unwrap();
    }

    /// The first event that says something to `wanted`.
    async fn hears<T>(&mut self, wanted: impl Fn(&E) -> Option<T>) -> T {
        let heard = async {
            loop {
                let event = self.endpoint.events.recv().await.unwrap();
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard)
            .await
            .expect("no such event")
    }

    fn messages(&self) -> Vec<SipMessage> {
        let mut observer = Observer::reading(DefaultAlphabet::default());
        observer.feed(&self.tap.octets_from(0)).unwrap();
        let facts = observer.trace().facts.iter().filter_map(SipFact::of);
        facts.map(|fact| fact.message.clone()).collect()
    }

    /// The last response to a method.
    fn answer(&self, method: &str) -> SipMessage {
        let mut all = self.messages();
        all.retain(|one| !one.is_request() && one.cseq().is_some_and(|(_, of)| of == method));
        all.pop().unwrap()
    }

    /// Without retransmissions, which a busy machine brings about.
    fn requests(&self, method: &str) -> Vec<SipMessage> {
        let mut all = self.messages();
        all.retain(|one| one.method() == Some(method));
        all.dedup_by(|again, one| again.to_octets() == one.to_octets());
        all
    }
}

type Mmtel = Terminal<MmtelCommand, MmtelEvent>;

impl Mmtel {
    async fn new(number: &str, proxy: SocketAddr, subscription: Subscription) -> Self {
        let sockets = Sockets::bind_audio(LOCAL, "gm").await.unwrap();
        let config = MmtelConfig {
            name: "Alice".into(),
            number: number.into(),
            sip: sockets.sip(),
            rtp: sockets.rtp(),
            system: proxy,
            transport: Transport::Udp,
            domain: DOMAIN.into(),
            seed: u64::from(sockets.sip().port()),
            timers: SipTimers::default(),
            behaviour: MmtelBehaviour::default(),
            access: Vec::new(),
            visited_network: None,
            talk_interval: Duration::from_secs(1),
            gm: Some(Gm {
                subscription,
                expires: Some(600),
            }),
        };
        let tap = Tap::new();
        let endpoint = Endpoint::start(MmtelUe::new(config), sockets, tap.clone());
        Self { endpoint, tap }
    }

    async fn registers(&mut self, expires: u32) -> (u16, Option<Refusal>) {
        self.order(MmtelCommand::Register { expires });
        self.hears(|event| match event {
            MmtelEvent::Registered { code, refusal } => Some((*code, refusal.clone())),
            _ => None,
        })
        .await
    }

    async fn sends(&mut self, method: &str) -> u16 {
        self.order(MmtelCommand::Request(Box::new(PlainRequest {
            label: "request".into(),
            method: method.into(),
            to_uri: format!("sip:bob@{DOMAIN}"),
            extra_headers: Vec::new(),
            body: Some(("text/plain".into(), b"Hello".to_vec())),
        })));
        self.hears(|event| match event {
            MmtelEvent::Answered { code, .. } => Some(*code),
            _ => None,
        })
        .await
    }

    async fn calls(&mut self, to: &str) -> u16 {
        self.order(MmtelCommand::Call(Box::new(AudioCall {
            call: "call".into(),
            to_uri: to.into(),
            ..AudioCall::default()
        })));
        self.hears(|event| match event {
            MmtelEvent::Refused { code, .. } => Some(*code),
            MmtelEvent::Established { .. } => Some(200),
            _ => None,
        })
        .await
    }
}

/// Kamailio with that hash; it answers OPTIONS, with a refusal, when it is up.
struct Kamailio {
    at: SocketAddr,
    _process: Running,
    folder: tempfile::TempDir,
}

impl Kamailio {
    /// With Digest.
    async fn start(hash: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kamailio = Self::run(folder, "kamailio.cfg", &[format!("HASH=\"{hash}\"")]);
        // The transaction layer of the UE sends REGISTER again until somebody listens.
        let stranger = subscription("+447700900404", password(PASSWORD));
        let mut nobody = Mmtel::new("+447700900404", kamailio.at, stranger).await;
        assert_eq!(nobody.registers(600).await.0, 404);
        kamailio
    }

    /// With IMS AKA, and our HSS behind it.
    fn with_hss() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hss = home_subscriber_server::start();
        let peers = folder.path().join("cdp.xml");
        std::fs::write(&peers, cdp(hss.port())).unwrap();
        let defined = [
            format!("CDP=\"{}\"", peers.display()),
            "SCHEME=\"AKAv1-MD5\"".to_owned(),
        ];
        Self::run(folder, "kamailio-aka.cfg", &defined)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn run(folder: tempfile::TempDir, config: &str, defined: &[String]) -> Self {
        let at = SocketAddr::new(LOCAL, free_port());
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/registrar");
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let defined = defined.iter().flat_map(|one| ["-A", one]);
        let process = Running::start(
            Command::new(program("kamailio", "kamailio"))
                .args(["-DD", "-E", "-m", "64", "-M", "8", "-f"])
                .arg(configs.join(config))
                .arg("-Y")
                .arg(folder.path())
                .args(["-A", &format!("SIP_LISTEN=udp:{at}")])
                .args(defined)
                .stdout(Stdio::null())
                .stderr(log),
        );
        Self {
            at,
            _process: process,
            folder,
        }
    }
}

/// Where Kamailio finds our HSS; it is tried every second.
fn cdp(port: u16) -> String {
    format!(
        "<DiameterPeer FQDN=\"scscf.home1.example\" Realm=\"home1.example\" Vendor_Id=\"10415\" \
         Product_Name=\"CDiameterPeer\" AcceptUnknownPeers=\"0\" DropUnknownOnDisconnect=\"1\" Tc=\"1\" \
         Workers=\"1\" QueueLength=\"16\" TransactionTimeout=\"5\" SessionsHashSize=\"128\" \
         DefaultAuthSessionTimeout=\"3600\" MaxAuthSessionTimeout=\"3600\">\
         <Peer FQDN=\"localhost\" Realm=\"home1.example\" port=\"{port}\"/>\
         <Auth id=\"16777216\" vendor=\"10415\"/><DefaultRoute FQDN=\"localhost\" metric=\"10\"/>\
         </DiameterPeer>"
    )
}

/// The vector of the first challenge is printed in 3GPP TS 35.208; Kamailio compares.
/// Until Kamailio has read what the HSS says of its capabilities, it answers 503.
async fn registered_by_aka(kamailio: &Kamailio) -> Mmtel {
    let begun = Instant::now();
    loop {
        let mut alice = Mmtel::new(ALICE, kamailio.at, subscription(ALICE, usim(0))).await;
        match alice.registers(600).await {
            (503, None) if begun.elapsed() < PATIENCE => {}
            answer => {
                assert_eq!(answer, (200, None), "{}", kamailio.log());
                return alice;
            }
        }
    }
}

#[tokio::test]
async fn ues_register_at_kamailio_by_ims_aka() {
    let kamailio = Kamailio::with_hss();
    let alice = registered_by_aka(&kamailio).await;
    let sent = alice.requests("REGISTER");
    assert_eq!(sent.len(), 2);
    assert!(
        sent[1]
            .header("Authorization")
            .unwrap()
            .contains("AKAv1-MD5")
    );
    // A USIM that has seen this sequence number: AUTS, which the HSS believes, and a new vector.
    let mut alice = Mmtel::new(ALICE, kamailio.at, subscription(ALICE, usim(SQN))).await;
    assert_eq!(
        alice.registers(600).await,
        (200, None),
        "{}",
        kamailio.log()
    );
    let sent = alice.requests("REGISTER");
    assert_eq!(sent.len(), 3);
    assert!(sent[1].header("Authorization").unwrap().contains("auts="));
    let mut forged = usim(0);
    if let Secret::Usim(usim) = &mut forged {
        usim.k[0] ^= 1;
    }
    let mut mallory = Mmtel::new(ALICE, kamailio.at, subscription(ALICE, forged)).await;
    let (code, refusal) = mallory.registers(600).await;
    assert_eq!(code, 401);
    assert!(matches!(refusal, Some(Refusal::Forged(_))), "{refusal:?}");
}

#[tokio::test]
async fn ues_register_at_kamailio_by_digest() {
    for (hash, algorithm) in [("MD5", Algorithm::Md5), ("SHA-256", Algorithm::Sha256)] {
        let kamailio = Kamailio::start(hash).await;
        let right = subscription(ALICE, password(PASSWORD));
        let mut alice = Mmtel::new(ALICE, kamailio.at, right).await;
        assert_eq!(alice.registers(600).await, (200, None));
        let registered = alice.answer("REGISTER");
        let path = registered.header("Path").unwrap();
        assert!(path.contains(&kamailio.at.to_string()), "{path}");
        let route = registered.header("Service-Route").unwrap().to_owned();
        let asked = alice.requests("REGISTER");
        let credentials = asked.last().unwrap().header("Authorization").unwrap();
        assert!(credentials.contains(algorithm.name()), "{credentials}");
        // Both along the Service-Route, and both challenged first.
        assert_eq!(alice.sends("MESSAGE").await, 486);
        assert_eq!(alice.calls(&format!("sip:bob@{DOMAIN}")).await, 486);
        for method in ["MESSAGE", "INVITE"] {
            let sent = alice.requests(method);
            assert!(sent.len() >= 2, "{method} was not challenged");
            assert!(sent.iter().all(|one| one.header("Route") == Some(&route)));
            let numbers: Vec<u32> = sent.iter().map(|one| one.cseq().unwrap().0).collect();
            assert!(numbers.is_sorted() && numbers[0] < numbers[1]);
        }
        // The nonce is good for one request: stale=true, and once more.
        assert_eq!(alice.registers(600).await, (200, None));
        assert_eq!(alice.registers(0).await, (200, None));
        assert_eq!(alice.sends("MESSAGE").await, 403);
    }
}

#[tokio::test]
async fn a_chat_ue_registers_at_kamailio_and_is_challenged_for_its_invitation() {
    let kamailio = Kamailio::start("MD5").await;
    let sockets = Sockets::bind(LOCAL, "gm").await.unwrap();
    let (sip, msrp) = (sockets.sip(), sockets.msrp());
    let mut config = UeConfig::new("Alice", ALICE, sip, msrp, kamailio.at);
    config.domain = DOMAIN.into();
    config.gm = Some(Gm {
        subscription: subscription(ALICE, password(PASSWORD)),
        expires: None,
    });
    let tap = Tap::new();
    let endpoint = Endpoint::start(Ue::new(config), sockets, tap.clone());
    let mut alice = Terminal { endpoint, tap };
    let registers = |expires| {
        UeCommand::Register(Registration {
            smsip: true,
            cpm: true,
            msisdn_less: false,
            expires,
        })
    };
    let outcome = |event: &UeEvent| match event {
        UeEvent::Registered { code, .. } | UeEvent::Refused { code, .. } => Some(*code),
        _ => None,
    };
    alice.order(registers(3600));
    assert_eq!(alice.hears(outcome).await, 200);
    alice.order(UeCommand::Invite(Box::new(Invitation {
        call: "chat".into(),
        to_uri: format!("sip:bob@{DOMAIN}"),
        ..Invitation::default()
    })));
    assert_eq!(alice.hears(outcome).await, 486);
    let invitations = alice.requests("INVITE");
    let last = invitations.last().unwrap();
    assert!(last.has_header("Proxy-Authorization") && last.has_header("P-Preferred-Identity"));
    alice.order(registers(0));
    assert_eq!(alice.hears(outcome).await, 200);
}

#[tokio::test]
async fn wrong_credentials_are_told_for_what_they_are() {
    let kamailio = Kamailio::start("MD5").await;
    let outcome = async |subscription| {
        let mut alice = Mmtel::new(ALICE, kamailio.at, subscription).await;
        alice.registers(600).await
    };
    let (code, refusal) = outcome(subscription(ALICE, password("wrong"))).await;
    assert_eq!(code, 401);
    assert!(matches!(refusal, Some(Refusal::Wrong(..))), "{refusal:?}");
    let mut elsewhere = subscription(ALICE, password(PASSWORD));
    elsewhere.realm = Some("home2.example".into());
    let (code, refusal) = outcome(elsewhere).await;
    assert_eq!(code, 401);
    let foreign = Refusal::ForeignRealm(DOMAIN.into(), "home2.example".into());
    assert_eq!(refusal, Some(foreign));
    let (code, refusal) = outcome(subscription(ALICE, usim(0))).await;
    assert_eq!(code, 401);
    assert!(
        matches!(refusal, Some(Refusal::Unsuitable(_))),
        "{refusal:?}"
    );
}

/// Our S-CSCF with those arguments.
fn reference(arguments: &[&str]) -> (Reference, SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::start(arguments, &folder.path().join("log"));
    let core = reference.core.parse().unwrap();
    (reference, core, folder)
}

#[tokio::test]
async fn ues_register_at_our_core_by_ims_aka() {
    for scheme in ["aka", "akav2"] {
        let (reference, core, _folder) = reference(&["--authentication", scheme]);
        // Its sequence numbers begin in the thousands.
        let far_ahead = 5000 << 5;
        for (sqn, registers) in [(0, 2), (far_ahead, 3)] {
            let number = format!("+4477009000{:02}", sqn % 89);
            let mut alice = Mmtel::new(&number, core, subscription(&number, usim(sqn))).await;
            assert_eq!(alice.registers(600).await, (200, None), "{scheme} {sqn}");
            let sent = alice.requests("REGISTER");
            assert_eq!(sent.len(), registers, "{scheme} {sqn}");
            let resynchronised = |one: &SipMessage| {
                let given = one.header("Authorization");
                given.is_some_and(|value| value.contains("auts="))
            };
            assert_eq!(sent.iter().any(resynchronised), sqn > 0);
            // Once more with the nonce it has.
            assert_eq!(alice.registers(600).await, (200, None));
            assert_eq!(alice.requests("REGISTER").len(), registers + 1);
        }
        let mut forged = usim(0);
        if let Secret::Usim(usim) = &mut forged {
            usim.opc[0] ^= 1;
        }
        let mut stranger = Mmtel::new(ALICE, core, subscription(ALICE, forged)).await;
        let (code, refusal) = stranger.registers(600).await;
        assert_eq!(code, 401);
        assert!(matches!(refusal, Some(Refusal::Forged(_))), "{refusal:?}");
        reference.end();
    }
}

#[tokio::test]
async fn ues_register_at_our_core_by_digest_and_are_challenged_beyond_it() {
    let arguments = ["--authentication", "digest", "--challenge-requests"];
    let (reference, core, _folder) =
        reference(&[&arguments[..], &["--min-expires", "900"]].concat());
    let right = subscription(ALICE, password("secret"));
    let mut alice = Mmtel::new(ALICE, core, right).await;
    assert_eq!(alice.registers(600).await, (200, None));
    let sent = alice.requests("REGISTER");
    let last = sent.last().unwrap();
    assert_eq!(last.header("Expires"), Some("900"), "423 was not answered");
    assert!(last.header("Authorization").unwrap().contains("SHA-256"));
    assert_eq!(
        alice.calls(&format!("sip:+447700900002@{DOMAIN}")).await,
        480
    );
    let invitations = alice.requests("INVITE");
    assert_eq!(invitations.len(), 2, "the INVITE is challenged once");
    // What was said once is not believed twice.
    let said = sent
        .iter()
        .rfind(|one| one.has_header("Authorization"))
        .unwrap();
    assert!(
        replayed(said, core)
            .await
            .header("WWW-Authenticate")
            .unwrap()
            .contains("stale=true")
    );
    let mut impostor = subscription(ALICE, password("secret"));
    impostor.private_identity = format!("+447700900002@{DOMAIN}");
    let mut impostor = Mmtel::new(ALICE, core, impostor).await;
    assert_eq!(impostor.registers(600).await.0, 403);
    reference.end();
}

/// The profile of the reference, with UEs that register.
fn profile(folder: &Path, scheme: &str, registration: &str) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/systems/reference/profile.yaml");
    let mut text = std::fs::read_to_string(own).unwrap();
    let point = "  reference_point: isc";
    let asked = format!("\"--authentication\", \"{scheme}\", \"--challenge-requests\", \"--until-");
    for (from, to) in [
        (
            point,
            format!("  reference_point: gm\n  registration: {{ {registration} }}"),
        ),
        ("\"--until-", asked),
    ] {
        assert!(text.contains(from));
        text = text.replacen(from, &to, 1);
    }
    std::fs::write(folder.join("profile.yaml"), text).unwrap();
}

/// Who bars and who is barred at Gm, as real test cases of the suite see it.
#[test]
fn test_cases_pass_registered() {
    let key = "key: { k: 465b5ce8b199b49faa5f0a2ee238a6bc, op: cdc202d5123e20f62b6d676ac72cb318 }";
    for (scheme, secret) in [("digest", "password: secret"), ("aka", key)] {
        let folder = tempfile::tempdir().unwrap();
        let identity = "private_identity: \"{digits}@home1.example\"";
        profile(folder.path(), scheme, &format!("{identity}, {secret}"));
        let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["run", "--quiet", "--system"])
            .arg(folder.path())
            .arg("--out")
            .arg(folder.path().join("out"))
            .args(CASES)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(0), "{scheme}: {said}");
    }
}

/// The answer to the same request from somewhere else, in a transaction of its own.
async fn replayed(request: &SipMessage, to: SocketAddr) -> SipMessage {
    let socket = tokio::net::UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let mut request = request.clone();
    let via = format!(
        "SIP/2.0/UDP {};branch=z9hG4bKreplay",
        socket.local_addr().unwrap()
    );
    request.set("Via", via);
    socket.send_to(&request.to_octets(), to).await.unwrap();
    let mut buffer = vec![0; 65_536];
    let heard = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer)).await;
    SipMessage::parse(&buffer[..heard.unwrap().unwrap()]).unwrap()
}
