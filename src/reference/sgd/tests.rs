//! The node against a peer of a few lines: opening, watchdog, reconnection, and the procedures over it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::messages::{Identity, SH};
use super::*;
use crate::reference::faults::Fault;
use crate::reference::short_message::{Handover, Reach, SubmitFailure, outcome};
use crate::wire::diameter::{
    Avp, Command, Flags, Framer, ResultCode, ServingNode, UserIdentifier, application, encode_tbcd,
    name, result,
};
use crate::wire::sms::tpdu::{Direction, Inside, StatusReport, Tpdu};
use crate::wire::sms::{Address, Coding, TimeStamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SESSION: &str = "+447700910001";
const BOB: &str = "+447700900123";
const SOON: Duration = Duration::from_secs(5);
const SUCCESS: ResultCode = ResultCode::Base(result::SUCCESS);

/// The other end.
struct Peer {
    stream: TcpStream,
    framer: Framer,
    identity: Identity,
}

impl Peer {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
        let mut peer = Self {
            stream,
            framer: Framer::default(),
            identity: Identity::new("sc.ims.example", "ims.example", None),
        };
        let cer = peer.next().await.unwrap();
        assert_eq!(cer.name(), "CER");
        let own = peer.identity.capabilities("127.0.0.1".parse().unwrap());
        peer.answer(&cer, SUCCESS, own).await;
        peer
    }

    /// `None` = the connection was closed.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Some(Message::parse(&frame.unwrap()).unwrap());
            }
            let mut chunk = [0; 4096];
            let read = timeout(SOON, self.stream.read(&mut chunk)).await;
            let count = read.expect("nothing from the node").unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.framer.push(&chunk[..count]);
        }
    }

    async fn expect(&mut self, name: &str) -> Message {
        let message = self.next().await.unwrap();
        assert_eq!(message.name(), name);
        message
    }

    async fn send(&mut self, message: &Message) {
        let octets = message.to_octets();
        self.stream.write_all(&octets).await.unwrap();
    }

    async fn answer(&mut self, request: &Message, result: ResultCode, avps: Vec<Avp>) {
        let answer = self.identity.answer(request, result, avps);
        self.send(&answer).await;
    }

    async fn ask(&mut self, application: u32, command: Command, avps: Vec<Avp>) -> Message {
        let mut request = self.identity.request(application, command, avps);
        request.hop_by_hop = 77;
        self.send(&request).await;
        request
    }

    async fn routing_query(&mut self, number: &str) -> Message {
        let msisdn = encode_tbcd(number.trim_start_matches('+')).unwrap();
        let avps = vec![Avp::new(name::MSISDN, msisdn)];
        self.ask(application::S6C, Command::SEND_ROUTING_INFO, avps)
            .await
    }

    async fn forward(&mut self, id: &str, tpdu: Vec<u8>) -> Message {
        let avps = vec![
            Avp::text(name::USER_NAME, id),
            Avp::new(name::SC_ADDRESS, encode_tbcd("447700900000").unwrap()),
            Avp::new(name::SM_RP_UI, tpdu),
        ];
        self.ask(application::SGD, Command::MT_FORWARD, avps).await
    }
}

fn config(peer: String) -> SgdConfig {
    let arguments = SgdArguments {
        diameter: Some(peer),
        sc_address: Some("447700900000".into()),
        ..SgdArguments::default()
    };
    SgdConfig::new(&arguments).unwrap()
}

async fn open(
    fault: Option<Fault>,
    set: impl FnOnce(&mut SgdConfig),
) -> (TcpListener, Peer, SgdNode, mpsc::Receiver<Arrival>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap().to_string());
    set(&mut config);
    let (node, arrivals) = SgdNode::start(config, InForce(fault));
    let peer = Peer::accept(&listener).await;
    opened(&node).await;
    (listener, peer, node, arrivals)
}

async fn opened(node: &SgdNode) {
    for _ in 0..200 {
        if node.is_open() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not open");
}

fn message(text: &str) -> OutgoingShortMessage {
    OutgoingShortMessage {
        from: SESSION.into(),
        to: BOB.into(),
        header: Vec::new(),
        coding: Coding::Gsm7,
        payload: text.into(),
        protocol_id: 0,
        report_requested: true,
        service_centre: Some("+447700900999".into()),
        validity: None,
        terminating: false,
        part: (1, 1),
    }
}

/// Asks for a session number and gives the correlation id.
async fn correlation_id(peer: &mut Peer, arrivals: &mut mpsc::Receiver<Arrival>) -> String {
    peer.routing_query(SESSION).await;
    let Some(Arrival::Query(query)) = arrivals.recv().await else {
        panic!("no query");
    };
    assert_eq!(query.number, SESSION);
    query.answer.send(Reach::SessionNumber).unwrap();
    let answer = peer.expect("SRA").await;
    assert_eq!(answer.result(), Some(SUCCESS));
    let serving = answer.serving_node().unwrap();
    assert_eq!(serving.ip_sm_gw_number.as_deref(), Some("441632960960"));
    answer.text(name::USER_NAME).unwrap().to_owned()
}

#[tokio::test]
async fn submits_to_the_service_centre_that_the_message_names() {
    let (_listener, mut peer, node, _arrivals) = open(None, |_| {}).await;
    let submission = node.submit(&message("Hello"));
    let request = peer.expect("OFR").await;
    assert_eq!(
        request.digits(name::SC_ADDRESS).as_deref(),
        Some("447700900999")
    );
    let sender = UserIdentifier::read(request.find(name::USER_IDENTIFIER).unwrap()).unwrap();
    assert_eq!(sender.msisdn.as_deref(), Some("447700910001"));
    let tpdu = Tpdu::decode(request.tpdu().unwrap(), Direction::ToCentre, Inside::Data);
    let Tpdu::Submit(submit) = tpdu.unwrap().tpdu else {
        panic!("no SMS-SUBMIT");
    };
    assert_eq!((submit.reference, submit.status_report), (1, true));
    assert_eq!(submit.destination.text().as_deref(), Some(BOB));
    peer.answer(&request, SUCCESS, Vec::new()).await;
    let reference = outcome(submission).await.unwrap();
    assert_eq!(reference, references::report_reference(SESSION, BOB, 1));
    let submission = node.submit(&message("Again"));
    let request = peer.expect("OFR").await;
    let refused = messages::experimental(result::SERVICE_BARRED);
    peer.answer(&request, refused, Vec::new()).await;
    assert_eq!(outcome(submission).await, Err(SubmitFailure::Cause(10)));
    node.stop().await;
}

#[tokio::test]
async fn takes_short_messages_under_the_id_it_gave_and_no_other() {
    let (_listener, mut peer, _node, mut arrivals) = open(None, |_| {}).await;
    let id = correlation_id(&mut peer, &mut arrivals).await;
    let tpdu = hex("040c9144770090103200006211120103518005c8329bfd06");
    let request = peer.forward(&id, tpdu.clone()).await;
    let Some(Arrival::Message(delivery)) = arrivals.recv().await else {
        panic!("no message");
    };
    assert_eq!(delivery.to, SESSION);
    assert_eq!(delivery.tpdu.as_ref(), Some(&tpdu));
    assert_eq!(
        delivery.time_stamp.as_deref(),
        Some("2026-11-21T10:30:15+02:00")
    );
    delivery.answer.give(Handover::Taken);
    let answer = peer.expect("TFA").await;
    assert_eq!(
        answer.find(name::SESSION_ID),
        request.find(name::SESSION_ID)
    );
    assert_eq!(
        (answer.result(), answer.tpdu()),
        (Some(SUCCESS), Some(&[0, 0][..]))
    );
    peer.forward("999700000000000", tpdu.clone()).await;
    let answer = peer.expect("TFA").await;
    assert_eq!(
        answer.result().map(ResultCode::code),
        Some(result::USER_UNKNOWN)
    );
    assert!(arrivals.try_recv().is_err());
    peer.forward(&id, tpdu).await;
    let Some(Arrival::Message(delivery)) = arrivals.recv().await else {
        panic!("no message");
    };
    delivery.answer.give(Handover::Failed);
    let answer = peer.expect("TFA").await;
    assert_eq!(
        answer.result().map(ResultCode::code),
        Some(result::SM_DELIVERY_FAILURE)
    );
    let failure = answer.delivery_failure().unwrap();
    assert_eq!(failure.diagnostic, Some(vec![0, 0xff, 0]));
}

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[tokio::test]
async fn names_the_submission_a_status_report_is_about() {
    let (_listener, mut peer, _node, mut arrivals) = open(None, |_| {}).await;
    let id = correlation_id(&mut peer, &mut arrivals).await;
    let time = TimeStamp([0x62, 0x11, 0x12, 0x01, 0x03, 0x51, 0x80]);
    let report = StatusReport::new(7, Address::of_number(BOB), time, time, 0x46);
    peer.forward(&id, Tpdu::StatusReport(report).encode()).await;
    let Some(Arrival::Report(report)) = arrivals.recv().await else {
        panic!("no report");
    };
    assert_eq!(report.status, 0x46);
    assert_eq!(
        report.reference,
        references::report_reference(SESSION, BOB, 7)
    );
    report.answer.give(Handover::Taken);
    assert_eq!(peer.expect("TFA").await.result(), Some(SUCCESS));
}

#[tokio::test]
async fn asks_who_a_user_is_before_it_answers_and_breaks_the_loop() {
    let (_listener, mut peer, _node, mut arrivals) = open(None, |_| {}).await;
    peer.routing_query(SESSION).await;
    let Some(Arrival::Query(query)) = arrivals.recv().await else {
        panic!("no query");
    };
    query.answer.send(Reach::User).unwrap();
    let own = peer.expect("SRR").await;
    // An HSS that passes the node's own query back to it.
    let mut back = own.clone();
    back.hop_by_hop = 78;
    peer.send(&back).await;
    let refused = peer.expect("SRA").await;
    assert!(!refused.result().unwrap().is_success());
    let imsi = Avp::text(name::USER_NAME, "234157700900001");
    peer.answer(&own, SUCCESS, vec![imsi]).await;
    let answer = peer.expect("SRA").await;
    assert_eq!(answer.result(), Some(SUCCESS));
    assert_ne!(answer.text(name::USER_NAME), Some("234157700900001"));
}

#[tokio::test]
async fn reads_what_the_hss_holds_and_takes_what_it_pushes() {
    let (_listener, mut peer, node, mut arrivals) = open(None, |_| {}).await;
    let asking = tokio::spawn(async move { node.subscriber_data(BOB).await });
    let request = peer.next().await.unwrap();
    assert_eq!((request.application, request.command.0), (SH, 306));
    let data = "<Sh-Data><RepositoryData><ServiceData><interworking authorised=\"false\"/></ServiceData></RepositoryData>\
        <Sh-Data-Extension><SMSRegistrationInfo><SC-Address>447700900777</SC-Address></SMSRegistrationInfo></Sh-Data-Extension></Sh-Data>";
    let data = Avp::text(subscriber_data::USER_DATA, data);
    peer.answer(&request, SUCCESS, vec![data.clone()]).await;
    let held = HssData {
        service_centre: Some("+447700900777".into()),
        authorised: Some(false),
    };
    assert_eq!(asking.await.unwrap(), Some(held.clone()));
    let msisdn = Avp::new(name::MSISDN, encode_tbcd("447700900123").unwrap());
    let identity = Avp::group(subscriber_data::USER_IDENTITY, &[msisdn]);
    let push = subscriber_data::PUSH_NOTIFICATION;
    peer.ask(SH, push, vec![identity, data]).await;
    assert_eq!(peer.next().await.unwrap().result(), Some(SUCCESS));
    let Some(Arrival::SubscriberData(number, pushed)) = arrivals.recv().await else {
        panic!("nothing pushed");
    };
    assert_eq!((number.as_str(), pushed), (BOB, held));
}

#[tokio::test]
async fn sends_again_over_a_new_connection_what_was_not_answered() {
    let (listener, mut peer, node, mut arrivals) = open(None, |_| {}).await;
    let id = correlation_id(&mut peer, &mut arrivals).await;
    let submission = node.submit(&message("Hello"));
    let first = peer.expect("OFR").await;
    assert!(!first.flags.has(Flags::RETRANSMITTED));
    drop(peer);
    let mut peer = Peer::accept(&listener).await;
    let second = peer.expect("OFR").await;
    assert!(second.flags.has(Flags::RETRANSMITTED));
    assert_eq!(second.end_to_end, first.end_to_end);
    assert_eq!(second.avps, first.avps);
    peer.answer(&second, SUCCESS, Vec::new()).await;
    assert!(outcome(submission).await.is_ok());
    // Correlation ids outlive the connection, too.
    peer.forward(&id, Vec::new()).await;
    let answer = peer.expect("TFA").await;
    assert_eq!(
        answer.result().map(ResultCode::code),
        Some(result::SM_DELIVERY_FAILURE)
    );
}

#[tokio::test]
async fn asks_a_silent_peer_whether_it_lives_and_leaves_one_that_does_not_say() {
    let (listener, mut peer, _node, _arrivals) = open(None, |config| {
        config.watchdog = Duration::from_millis(500);
    })
    .await;
    let dwr = peer.next().await.unwrap();
    assert_eq!(dwr.name(), "DWR");
    peer.answer(&dwr, SUCCESS, Vec::new()).await;
    assert_eq!(peer.next().await.unwrap().name(), "DWR");
    assert!(peer.next().await.is_none());
    Peer::accept(&listener).await;
}

#[tokio::test]
async fn answers_the_neighbours_questions_and_takes_its_leave() {
    let (_listener, mut peer, node, _arrivals) = open(None, |_| {}).await;
    let dwr = peer
        .identity
        .neighbour_request(Command::DEVICE_WATCHDOG, Vec::new());
    peer.send(&dwr).await;
    assert_eq!(peer.expect("DWA").await.result(), Some(SUCCESS));
    peer.ask(application::SGD, Command(8_388_648), Vec::new())
        .await;
    let answer = peer.next().await.unwrap();
    assert!(answer.flags.has(Flags::ERROR));
    let stopping = tokio::spawn(async move { node.stop().await });
    let dpr = peer.expect("DPR").await;
    peer.answer(&dpr, SUCCESS, Vec::new()).await;
    stopping.await.unwrap();
    assert!(peer.next().await.is_none());
}

#[tokio::test]
async fn a_submission_without_connection_fails_at_once_and_without_answer_in_its_time() {
    let (listener, mut peer, node, _arrivals) = open(None, |config| {
        config.response_timeout = Duration::from_millis(300);
    })
    .await;
    let submission = node.submit(&message("Hello"));
    peer.expect("OFR").await;
    assert_eq!(outcome(submission).await, Err(SubmitFailure::NoResponse));
    drop((peer, listener));
    while node.is_open() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let submission = node.submit(&message("Hello"));
    assert_eq!(outcome(submission).await, Err(SubmitFailure::NotConnected));
}

#[tokio::test]
async fn delivers_in_the_users_own_network_where_the_hss_says_he_is() {
    let (_listener, mut peer, node, mut arrivals) = open(None, |_| {}).await;
    let message = OutgoingShortMessage {
        terminating: true,
        ..message("Hello")
    };
    let submission = node.submit(&message);
    let query = peer.expect("SRR").await;
    let msisdn = query.digits(name::MSISDN);
    assert_eq!(msisdn.as_deref(), Some("447700900123"));
    let serving = ServingNode {
        mme_name: Some("mme.ims.example".into()),
        ..ServingNode::default()
    };
    let avps = vec![
        Avp::text(name::USER_NAME, "234157700900123"),
        serving.to_avp(name::SERVING_NODE),
    ];
    peer.answer(&query, SUCCESS, avps).await;
    let request = peer.expect("TFR").await;
    assert_eq!(
        request.text(name::DESTINATION_HOST),
        Some("mme.ims.example")
    );
    assert_eq!(request.text(name::USER_NAME), Some("234157700900123"));
    assert_eq!(
        request.digits(name::SC_ADDRESS).as_deref(),
        Some("441632960960")
    );
    let tpdu = Tpdu::decode(request.tpdu().unwrap(), Direction::ToStation, Inside::Data);
    let Tpdu::Deliver(deliver) = tpdu.unwrap().tpdu else {
        panic!("no SMS-DELIVER");
    };
    assert_eq!(deliver.originator.text().as_deref(), Some(SESSION));
    peer.answer(&request, SUCCESS, Vec::new()).await;
    let reference = outcome(submission).await.unwrap();
    let Some(Arrival::Report(report)) = arrivals.recv().await else {
        panic!("no report");
    };
    assert_eq!((report.reference, report.status), (reference, 0));
}
