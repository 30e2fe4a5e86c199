//! A gateway written out here exchanges short messages with a handset over Diameter on loopback.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::capture::DiameterCentre;
use crate::peer::diameter_node::NodeConfig;
use crate::peer::service_centre::ServiceCentreConfig;
use crate::wire::diameter::{
    Avp, Command, Flags, Framer, Message, ResultCode, ServingNode, UserIdentifier, application,
    encode_tbcd, name,
};
use crate::wire::sms::tpdu::{Direction, Inside, Submit, Tpdu};
use crate::wire::sms::{Address, Coding, DataCoding, TpUserData, encode_gsm7};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOON: Duration = Duration::from_secs(5);
const BOB: &str = "+447700900222";
const SESSION: &str = "442079400001";

struct Gateway {
    stream: TcpStream,
    framer: Framer,
    number: u32,
}

/// Where the kernel has SCTP an association carries capabilities; where it has none the message says what to do.
#[tokio::test]
async fn listens_over_sctp_where_the_kernel_has_it() {
    let Centre::Diameter(mut config) = centre(false) else {
        unreachable!("the centre of these tests speaks Diameter")
    };
    config.sctp = true;
    match Exchange::start(Centre::Diameter(config), Tap::new()).await {
        Ok(exchange) => {
            let address = exchange.address();
            let associated = tokio::task::spawn_blocking(move || {
                let kind = (socket2::Type::STREAM, Some(socket2::Protocol::SCTP));
                let socket = socket2::Socket::new(socket2::Domain::IPV4, kind.0, kind.1)?;
                socket.connect(&address.into())?;
                socket.set_nonblocking(true)?;
                Ok::<_, std::io::Error>(socket)
            });
            let stream = TcpStream::from_std(associated.await.unwrap().unwrap().into()).unwrap();
            Gateway::over(stream).await;
            assert!(exchange.bound(SOON).await);
        }
        Err(error) => {
            assert!(
                error.to_string().contains("short_messages.sgd.transport"),
                "{error}"
            );
            assert!(error.to_string().contains("modprobe sctp"), "{error}");
        }
    }
}

fn centre(over_ip: bool) -> Centre {
    Centre::Diameter(Box::new(DiameterCentre {
        sctp: false,
        listen: "127.0.0.1:0".parse().unwrap(),
        over_ip,
        service_centre: ServiceCentreConfig {
            node: NodeConfig {
                origin_host: "sc.example".to_owned(),
                origin_realm: "example".to_owned(),
                applications: vec![application::SGD, application::S6C],
                watchdog: Duration::from_secs(30),
                answer_timeout: SOON,
                first: 1,
            },
            sc_address: "447700900000".to_owned(),
            system_host: None,
            system_realm: None,
        },
    }))
}

impl Gateway {
    async fn connected(exchange: &Exchange) -> Self {
        Self::over(TcpStream::connect(exchange.address()).await.unwrap()).await
    }

    async fn over(stream: TcpStream) -> Self {
        let mut gateway = Self {
            stream,
            framer: Framer::default(),
            number: 100,
        };
        let capabilities = [application::SGD, application::S6C]
            .map(|id| Avp::number(name::AUTH_APPLICATION_ID, id));
        let exchange = (application::BASE, Command::CAPABILITIES_EXCHANGE);
        gateway.ask(exchange, capabilities.to_vec()).await;
        assert!(gateway.read().await.result().unwrap().is_success());
        gateway
    }

    async fn send(&mut self, flags: Flags, kind: (u32, Command), number: u32, avps: Vec<Avp>) {
        let origin = [
            Avp::text(name::ORIGIN_HOST, "gw.example"),
            Avp::text(name::ORIGIN_REALM, "example"),
        ];
        let message = Message {
            flags,
            command: kind.1,
            application: kind.0,
            hop_by_hop: number,
            end_to_end: number,
            avps: [origin.to_vec(), avps].concat(),
        };
        self.stream.write_all(&message.to_octets()).await.unwrap();
    }

    async fn ask(&mut self, kind: (u32, Command), avps: Vec<Avp>) {
        self.number += 1;
        self.send(Flags::REQUEST, kind, self.number, avps).await;
    }

    async fn answer(&mut self, request: &Message, mut avps: Vec<Avp>) {
        avps.insert(0, ResultCode::Base(2001).to_avp());
        let kind = (request.application, request.command);
        self.send(Flags::default(), kind, request.hop_by_hop, avps)
            .await;
    }

    async fn read(&mut self) -> Message {
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Message::parse(&frame.unwrap()).unwrap();
            }
            let mut buffer = [0; 4096];
            let read = timeout(SOON, self.stream.read(&mut buffer)).await;
            let count = read.unwrap().unwrap();
            assert_ne!(count, 0, "closed");
            self.framer.push(&buffer[..count]);
        }
    }

    async fn submit(&mut self, from: &str, to: &str, text: &str) {
        let septets = encode_gsm7(text).unwrap();
        let data = TpUserData::compose(&[], Coding::Gsm7, &septets);
        let to = Address::of_number(to);
        let mut submit = Submit::new(42, to, DataCoding::of(Coding::Gsm7), data);
        submit.status_report = true;
        let user = UserIdentifier {
            msisdn: Some(from.to_owned()),
            ..UserIdentifier::default()
        };
        let avps = vec![
            Avp::new(name::SC_ADDRESS, encode_tbcd("447700900000").unwrap()),
            user.to_avp(),
            Avp::new(name::SM_RP_UI, Tpdu::Submit(submit).encode()),
        ];
        self.ask((application::SGD, Command::MO_FORWARD), avps)
            .await;
    }

    /// Answers the routing query that must come, then gives the TFR.
    async fn routed(&mut self, to: &str) -> Message {
        let query = self.read().await;
        assert_eq!(query.name(), "SRR");
        assert_eq!(query.digits(name::MSISDN).as_deref(), Some(to));
        let node = ServingNode {
            ip_sm_gw_number: Some("447700900001".to_owned()),
            ..ServingNode::default()
        };
        let avps = vec![
            Avp::text(name::USER_NAME, "999991234567890"),
            node.to_avp(name::SERVING_NODE),
        ];
        self.answer(&query, avps).await;
        let forward = self.read().await;
        assert_eq!(forward.name(), "TFR");
        forward
    }
}

fn tpdu(message: &Message, inside: Inside) -> Tpdu {
    let octets = message.tpdu().unwrap();
    let decoded = Tpdu::decode(octets, Direction::ToStation, inside);
    decoded.unwrap().tpdu
}

#[tokio::test]
async fn carries_a_short_message_its_status_report_and_the_answer() {
    let exchange = Exchange::start(centre(false), Tap::new()).await.unwrap();
    let mut gateway = Gateway::connected(&exchange).await;
    assert!(exchange.bound(SOON).await);
    let tap = Tap::new();
    let bob = exchange.attach(BOB, tap.clone(), HandsetBehaviour::default());
    gateway.submit(SESSION, BOB, "join?").await;
    let answer = gateway.read().await;
    assert!(answer.result().unwrap().is_success());
    let Tpdu::SubmitReport(accepted) = tpdu(&answer, Inside::Ack) else {
        panic!("no SMS-SUBMIT-REPORT");
    };
    assert!(bob.has_received(1, SOON).await);
    assert_eq!(bob.received()[0].text, "join?");
    let report = gateway.routed(SESSION).await;
    let Tpdu::StatusReport(status) = tpdu(&report, Inside::Data) else {
        panic!("no SMS-STATUS-REPORT");
    };
    assert_eq!((status.reference, status.status), (42, 0));
    assert_eq!(status.recipient.text().as_deref(), Some(BOB));
    assert_eq!(status.time_stamp, accepted.time_stamp);
    gateway.answer(&report, Vec::new()).await;

    bob.answer("yes");
    let delivery = gateway.routed(SESSION).await;
    let Tpdu::Deliver(deliver) = tpdu(&delivery, Inside::Data) else {
        panic!("no SMS-DELIVER");
    };
    assert_eq!(deliver.originator.text().as_deref(), Some(BOB));
    let text = deliver.user_data.text(deliver.data_coding).unwrap();
    assert_eq!(text.as_deref(), Some("yes"));
    gateway.answer(&delivery, Vec::new()).await;

    // The test case's capture has its messages and nothing of the base protocol.
    let seen = tap.octets_from(0);
    let has = |code: u32| {
        let code = code.to_be_bytes();
        seen.windows(4)
            .any(|w| w[1..] == code[1..] && w[0] & 0x3f == 0)
    };
    assert!(has(Command::MO_FORWARD.0) && has(Command::MT_FORWARD.0));
    assert!(has(Command::SEND_ROUTING_INFO.0));
    assert!(!seen.windows(4).any(|w| w == [0x80, 0, 1, 1]));
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn refuses_what_the_behaviour_refuses_and_asks_the_hss_stub() {
    let exchange = Exchange::start(centre(false), Tap::new()).await.unwrap();
    let mut gateway = Gateway::connected(&exchange).await;
    let behaviour = HandsetBehaviour {
        submit_status: crate::wire::smpp::status::THROTTLED,
        ..HandsetBehaviour::default()
    };
    let _bob = exchange.attach(BOB, Tap::new(), behaviour);
    gateway.submit(SESSION, BOB, "join?").await;
    let answer = gateway.read().await;
    assert_eq!(answer.result().unwrap().code(), 5555);
    assert_eq!(answer.delivery_failure().unwrap().cause, 4);
    let asked = vec![Avp::new(name::MSISDN, encode_tbcd("447700900222").unwrap())];
    let routing = (application::S6C, Command::SEND_ROUTING_INFO);
    gateway.ask(routing, asked).await;
    let served = gateway.read().await;
    assert_eq!(served.text(name::USER_NAME), Some("234157700900222"));
    assert!(served.serving_node().unwrap().mme_name.is_some());
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn sends_on_to_the_system_what_is_for_users_over_ip() {
    let exchange = Exchange::start(centre(true), Tap::new()).await.unwrap();
    let mut gateway = Gateway::connected(&exchange).await;
    let bob = exchange.attach(BOB, Tap::new(), HandsetBehaviour::default());
    gateway.submit(SESSION, BOB, "join?").await;
    assert!(gateway.read().await.result().unwrap().is_success());
    let delivery = gateway.routed("447700900222").await;
    let Tpdu::Deliver(deliver) = tpdu(&delivery, Inside::Data) else {
        panic!("no SMS-DELIVER");
    };
    let sender = format!("+{SESSION}");
    assert_eq!(deliver.originator.text(), Some(sender));
    gateway.answer(&delivery, Vec::new()).await;
    let report = gateway.routed(SESSION).await;
    assert_eq!(tpdu(&report, Inside::Data).name(), "SMS-STATUS-REPORT");
    gateway.answer(&report, Vec::new()).await;
    // Shown once, when it was on its way.
    assert_eq!(bob.received().len(), 1);
    // What the user submits is for a number of the system, too.
    gateway
        .submit("447700900222", &format!("+{SESSION}"), "yes")
        .await;
    assert!(gateway.read().await.result().unwrap().is_success());
    let back = gateway.routed(SESSION).await;
    assert_eq!(tpdu(&back, Inside::Data).name(), "SMS-DELIVER");
    exchange.stop().await.unwrap();
}
