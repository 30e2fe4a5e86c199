//! A short message each way over SGd, with the routing query before and the status report after, read as judges and people read it.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::capture::{Event, Record, Tap};
use crate::wire::diameter::{
    Avp, Command, Flags, Message, ResultCode, ServingNode, UserIdentifier, application, name,
};
use crate::wire::sms::tpdu::{Deliver, StatusReport, Submit, SubmitReport, Tpdu};
use crate::wire::sms::{Address, Coding, DataCoding, TimeStamp, TpUserData, encode_gsm7};

const ALICE: &str = "+447700900001";
const BOB: &str = "+447700900002";
const POOL: &str = "+447700900100";
const CENTRE: &str = "447700900000";
const STAMP: TimeStamp = TimeStamp([0x21, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80]);

struct Wire(Tap);

impl Wire {
    fn record(&self, outbound: bool, event: Event) {
        self.0.record(Record {
            interface: "sgd",
            outbound,
            local: "127.0.0.1:3868".parse().unwrap(),
            remote: "127.0.0.1:40000".parse().unwrap(),
            event,
        });
    }

    fn send(&self, to_system: bool, command: Command, request: bool, id: u32, avps: Vec<Avp>) {
        let flags = Flags(if request { 0xc0 } else { 0x40 });
        let application = match command {
            Command::SEND_ROUTING_INFO => application::S6C,
            _ => application::SGD,
        };
        let mut all = vec![Avp::text(name::SESSION_ID, "sc;1;2")];
        all.extend(avps);
        let message = Message {
            flags,
            command,
            application,
            hop_by_hop: id,
            end_to_end: id,
            avps: all,
        };
        self.record(to_system, Event::Data(message.to_octets()));
    }
}

fn digits(definition: crate::wire::diameter::Definition, number: &str) -> Avp {
    let digits = number.trim_start_matches('+');
    Avp::new(definition, crate::wire::sms::encode_tbcd(digits))
}

fn text(words: &str) -> TpUserData {
    TpUserData::compose(&[], Coding::Gsm7, &encode_gsm7(words).unwrap())
}

fn forward(tpdu: &Tpdu, more: Vec<Avp>) -> Vec<Avp> {
    let mut avps = vec![
        digits(name::SC_ADDRESS, CENTRE),
        Avp::new(name::SM_RP_UI, tpdu.encode()),
    ];
    avps.extend(more);
    avps
}

fn ok() -> Avp {
    ResultCode::Base(2001).to_avp()
}

/// Bob gets a text, answers to the pool number, and the status of the first text is reported.
fn capture(answered: bool) -> Vec<u8> {
    let wire = Wire(Tap::new());
    wire.record(true, Event::Opened { dialled: false });
    wire.0.mark("Bob gets a text and answers");
    let user = UserIdentifier {
        msisdn: Some(POOL.trim_start_matches('+').to_owned()),
        ..UserIdentifier::default()
    };
    let mut submit = Submit::new(
        7,
        Address::of_number(BOB),
        DataCoding::GSM7,
        text("Hello [1]"),
    );
    submit.status_report = true;
    let submit = forward(&Tpdu::Submit(submit), vec![user.to_avp()]);
    wire.send(false, Command::MO_FORWARD, true, 1, submit);
    let report = Tpdu::SubmitReport(SubmitReport::new(None, STAMP)).encode();
    let accepted = vec![ok(), Avp::new(name::SM_RP_UI, report)];
    wire.send(true, Command::MO_FORWARD, false, 1, accepted);
    for (id, identity) in [(2, "262019876543210"), (4, "262019876543211")] {
        let query = vec![digits(name::MSISDN, POOL)];
        wire.send(true, Command::SEND_ROUTING_INFO, true, id, query);
        let node = ServingNode {
            ip_sm_gw_name: Some("gateway.example.test".to_owned()),
            ip_sm_gw_number: Some("447700900999".to_owned()),
            ..ServingNode::default()
        };
        let route = vec![
            ok(),
            Avp::text(name::USER_NAME, identity),
            node.to_avp(name::SERVING_NODE),
        ];
        wire.send(false, Command::SEND_ROUTING_INFO, false, id, route);
        let tpdu = if id == 2 {
            let from = Address::of_number(BOB);
            Tpdu::Deliver(Deliver::new(from, STAMP, DataCoding::GSM7, text("Hi")))
        } else {
            let by = Address::of_number(BOB);
            Tpdu::StatusReport(StatusReport::new(7, by, STAMP, STAMP, 0))
        };
        let identity = vec![Avp::text(name::USER_NAME, identity)];
        wire.send(
            true,
            Command::MT_FORWARD,
            true,
            id + 1,
            forward(&tpdu, identity),
        );
        if answered {
            wire.send(false, Command::MT_FORWARD, false, id + 1, vec![ok()]);
        }
    }
    wire.0.octets_from(0)
}

#[test]
fn short_messages_read_as_on_the_other_carriages() {
    let trace = Trace::read(&capture(true)).unwrap();
    assert_eq!(trace.notes, []);
    let found = short_messages(&trace);
    let told: Vec<_> = found
        .iter()
        .map(|m| {
            (
                m.sender.as_str(),
                m.recipient.as_str(),
                m.text.as_str(),
                m.status,
            )
        })
        .collect();
    let expected = [
        (POOL, BOB, "Hello [1]", Some(0)),
        (BOB, POOL, "Hi", Some(0)),
        (BOB, POOL, "", Some(0)),
    ];
    assert_eq!(told, expected);
    let hello = &found[0].parts[0];
    assert_eq!(
        (hello.reference, found[0].receipt_requested),
        (Some(7), true)
    );
    assert_eq!(hello.service_centre.as_deref(), Some("+447700900000"));
    assert_eq!(found[1].direction, Direction::ToSystem);
    let stamp = found[1].parts[0].time_stamp.as_deref();
    assert_eq!(stamp, Some("2012-03-04T05:06:07+02:00"));
    let report = found[2].parts[0].report.clone().unwrap();
    assert_eq!(
        (Some(report.message), report.status),
        (hello.message_id.clone(), 0)
    );
    assert!(found[2].is_receipt && found[2].complete);
    assert_eq!(unsettled(&trace), Vec::<String>::new());
}

#[test]
fn an_unanswered_forward_is_not_at_rest() {
    let trace = Trace::read(&capture(false)).unwrap();
    let words = unsettled(&trace);
    assert_eq!(words.len(), 2);
    assert!(words[0].starts_with("TFR of frame ") && words[0].ends_with(" awaits its answer"));
}

#[test]
fn the_ladder_names_identities_and_shows_answers_with_their_requests() {
    let trace = Trace::read(&capture(true)).unwrap();
    let names = Names {
        by_number: [(ALICE, "alice"), (BOB, "bob"), (POOL, "pool")]
            .map(|(number, name)| (number.to_owned(), name.to_owned()))
            .into(),
        system: "gateway".to_owned(),
        ..Names::default()
    };
    insta::assert_snapshot!(ladder(&trace, &names), @r###"
[1] Bob gets a text and answers
  sgd
    hss -> gateway  SRR «pool» => ok «identity-1»
        served by gateway.example.test «number-1»
    hss -> gateway  SRR «pool» => ok «identity-2»
        served by gateway.example.test «number-1»
    gateway -> smsc  OFR «pool» centre «number-2» => ok
        SMS-SUBMIT «sms-1» to «bob»
        asks for a status report
        gsm7 "Hello [1]"
        SMS-SUBMIT-REPORT
    smsc -> gateway  TFR «identity-1» centre «number-2» => ok
        SMS-DELIVER from «bob»
        gsm7 "Hi"
    smsc -> gateway  TFR «identity-2» centre «number-2» => ok
        SMS-STATUS-REPORT «sms-1» for «bob»: delivered
"###);
}

#[test]
fn a_capture_of_someone_else_is_recognised_as_diameter() {
    let pcap = include_bytes!("../../fixtures/vectors/diameter/sgd_via_freediameter.pcap");
    let trace = Trace::read(pcap).unwrap();
    let requests = diameter_requests(&trace);
    let names: Vec<String> = requests.iter().map(|r| r.message.name()).collect();
    assert_eq!(names, ["CER", "CER", "TFR", "TFR", "DPR"]);
    assert!(requests.iter().all(|request| request.status() == Some(0)));
    let texts = short_messages(&trace);
    assert!(
        texts
            .iter()
            .all(|m| m.text == "{[~]}|^\\€ @£Δ" && m.sender == "+447700900456")
    );
    assert!(matches!(
        requests[2].report(),
        Some(Ok(Tpdu::DeliverReport(_)))
    ));
}
