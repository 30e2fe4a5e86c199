//! An ESME talks to the message centre over a connection of plain values, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::peer::Channel;

const FLOW: FlowId = FlowId(1 << 32);
const SECOND: Time = Duration::from_secs(1);

fn opened(config: SmscConfig) -> Smsc {
    let mut smsc = Smsc::new(config);
    let address = SocketAddr::from(([127, 0, 0, 1], 2775));
    let input = Input::Opened {
        flow: FLOW,
        channel: Channel::Smpp,
        local: address,
        remote: address,
    };
    smsc.handle(Time::ZERO, input);
    smsc
}

fn drain(smsc: &mut Smsc) -> (Vec<Pdu>, Vec<SmscEvent>, bool) {
    let (mut pdus, mut events, mut closed) = (Vec::new(), Vec::new(), false);
    while let Some(output) = smsc.poll() {
        match output {
            Output::Octets { octets, .. } => pdus.push(Pdu::parse(&octets).unwrap()),
            Output::Event(event) => events.push(event),
            Output::Close { .. } => closed = true,
            other => panic!("{other:?}"),
        }
    }
    (pdus, events, closed)
}

fn say(smsc: &mut Smsc, pdu: Pdu) -> (Vec<Pdu>, Vec<SmscEvent>, bool) {
    let octets = pdu.to_octets();
    smsc.handle(Time::ZERO, Input::Octets { flow: FLOW, octets });
    drain(smsc)
}

fn bind(kind: BindKind, version: u8, password: &str) -> Pdu {
    let command = match kind {
        BindKind::Receiver => CommandId::BIND_RECEIVER,
        BindKind::Transmitter => CommandId::BIND_TRANSMITTER,
        BindKind::Transceiver => CommandId::BIND_TRANSCEIVER,
    };
    let bind = Bind {
        system_id: "ipsmgw".to_owned(),
        password: password.to_owned(),
        interface_version: version,
        ..Bind::default()
    };
    Pdu::new(command, 0, 1, Body::Bind(kind, bind))
}

fn submit(sequence: u32) -> Pdu {
    let body = Body::ShortMessage(Box::default());
    Pdu::new(CommandId::SUBMIT_SM, 0, sequence, body)
}

fn bound(config: SmscConfig) -> Smsc {
    let mut smsc = opened(config);
    let (pdus, _, _) = say(&mut smsc, bind(BindKind::Transceiver, 0x34, ""));
    assert_eq!(pdus[0].status, 0);
    smsc
}

fn deliver(smsc: &mut Smsc, now: Time, label: u64) {
    let command = SmscCommand::Deliver {
        label,
        message: Box::default(),
        tlvs: Vec::new(),
        by_data_sm: false,
    };
    smsc.handle(now, Input::Command(command));
}

#[test]
fn accepts_the_interface_versions_met_in_the_field() {
    for version in [0x00, 0x01, 0x33, 0x34, 0x50] {
        let mut smsc = opened(SmscConfig::default());
        let (pdus, events, _) = say(&mut smsc, bind(BindKind::Transceiver, version, ""));
        assert_eq!(pdus[0].body, Body::BindResp("SMSC".to_owned()));
        let announced = pdus[0].tlv(tag::SC_INTERFACE_VERSION);
        assert_eq!(announced.is_some(), version >= 0x34);
        assert!(matches!(events[..], [SmscEvent::Bound { .. }]));
    }
    let mut smsc = opened(SmscConfig::default());
    let (pdus, _, _) = say(&mut smsc, bind(BindKind::Transceiver, 0x77, ""));
    assert_eq!(pdus[0].status, status::BIND_FAILED);
}

#[test]
fn refuses_a_wrong_password_and_a_wrong_system_id() {
    let account = |system_id: &str| SmscConfig {
        account: Some(Account {
            system_id: system_id.to_owned(),
            password: "secret".to_owned(),
        }),
        ..SmscConfig::default()
    };
    for (system_id, password, status) in [
        ("ipsmgw", "wrong", status::INVALID_PASSWORD),
        ("other", "secret", status::INVALID_SYSTEM_ID),
        ("ipsmgw", "secret", status::OK),
    ] {
        let mut smsc = opened(account(system_id));
        let (pdus, _, _) = say(&mut smsc, bind(BindKind::Receiver, 0x34, password));
        assert_eq!(pdus[0].status, status);
    }
}

#[test]
fn refuses_a_second_bind_and_submissions_out_of_place() {
    let mut smsc = opened(SmscConfig::default());
    let (pdus, events, _) = say(&mut smsc, submit(7));
    assert_eq!((pdus[0].status, pdus[0].sequence), (0x04, 7));
    assert_eq!(events, []);
    say(&mut smsc, bind(BindKind::Receiver, 0x34, ""));
    assert!(smsc.receives() && !smsc.transmits());
    let (pdus, _, _) = say(&mut smsc, submit(8));
    assert_eq!(pdus[0].status, status::INCORRECT_BIND_STATUS);
    let (pdus, _, _) = say(&mut smsc, bind(BindKind::Transceiver, 0x34, ""));
    assert_eq!(pdus[0].status, status::ALREADY_BOUND);
}

#[test]
fn hands_a_submission_on_and_sends_the_answer_it_is_given() {
    let mut smsc = bound(SmscConfig::default());
    let (pdus, events, _) = say(&mut smsc, submit(42));
    assert_eq!(pdus, []);
    assert!(matches!(&events[..], [SmscEvent::Submitted(pdu)] if pdu.sequence == 42));
    for (status, body) in [
        (0, Body::MessageId(Some("9".to_owned()))),
        (0x58, Body::MessageId(None)),
    ] {
        let answer = SmscCommand::Answer {
            command: CommandId::SUBMIT_SM,
            sequence: 42,
            status,
            message_id: "9".to_owned(),
        };
        smsc.handle(SECOND, Input::Command(answer));
        let (pdus, _, _) = drain(&mut smsc);
        assert_eq!((pdus[0].status, &pdus[0].body), (status, &body));
        assert_eq!(pdus[0].command, CommandId::SUBMIT_SM.response());
    }
}

#[test]
fn matches_responses_to_deliveries_and_gives_up_in_time() {
    let mut smsc = bound(SmscConfig::default());
    for label in [10, 11] {
        deliver(&mut smsc, SECOND, label);
    }
    let (pdus, _, _) = drain(&mut smsc);
    let body = Body::MessageId(Some(String::new()));
    let answer = Pdu::new(pdus[1].command.response(), 0x64, pdus[1].sequence, body);
    let (_, events, _) = say(&mut smsc, answer);
    let answered = SmscEvent::DeliverAnswered {
        label: 11,
        status: 0x64,
    };
    assert_eq!(events, [answered]);
    assert_eq!(smsc.wake_at(), Some(31 * SECOND));
    smsc.handle(31 * SECOND, Input::Wake);
    let (_, events, _) = drain(&mut smsc);
    assert_eq!(events, [SmscEvent::DeliverUnanswered { label: 10 }]);
    assert_eq!(smsc.wake_at(), None);
}

#[test]
fn watches_the_link_and_answers_when_watched() {
    let mut smsc = bound(SmscConfig {
        enquire_link: Some(5 * SECOND),
        ..SmscConfig::default()
    });
    assert_eq!(smsc.wake_at(), Some(5 * SECOND));
    smsc.handle(5 * SECOND, Input::Wake);
    let (pdus, _, _) = drain(&mut smsc);
    assert_eq!(pdus[0].command, CommandId::ENQUIRE_LINK);
    let enquiry = Pdu::new(CommandId::ENQUIRE_LINK, 0, 99, Body::Empty);
    let (pdus, _, _) = say(&mut smsc, enquiry);
    assert_eq!(pdus[0].command, CommandId::ENQUIRE_LINK.response());
    assert_eq!(pdus[0].sequence, 99);
}

#[test]
fn ends_by_unbind_of_either_side() {
    let mut smsc = bound(SmscConfig::default());
    let (pdus, events, closed) = say(&mut smsc, Pdu::new(CommandId::UNBIND, 0, 3, Body::Empty));
    assert_eq!(pdus[0].command, CommandId::UNBIND.response());
    assert_eq!((events, closed), (vec![SmscEvent::Unbound], false));
    let mut smsc = bound(SmscConfig::default());
    smsc.handle(SECOND, Input::Command(SmscCommand::Unbind));
    let (pdus, _, _) = drain(&mut smsc);
    let answer = Pdu::new(pdus[0].command.response(), 0, pdus[0].sequence, Body::Empty);
    let (_, events, closed) = say(&mut smsc, answer);
    assert_eq!((events, closed), (vec![SmscEvent::Unbound], true));
}

#[test]
fn a_lost_connection_ends_the_session_and_what_waited() {
    let mut smsc = bound(SmscConfig::default());
    deliver(&mut smsc, SECOND, 5);
    drain(&mut smsc);
    smsc.handle(SECOND, Input::Closed { flow: FLOW });
    let (_, events, _) = drain(&mut smsc);
    let expected = [
        SmscEvent::Unbound,
        SmscEvent::DeliverUnanswered { label: 5 },
    ];
    assert_eq!(events, expected);
    deliver(&mut smsc, SECOND, 6);
    let (_, events, _) = drain(&mut smsc);
    assert_eq!(events, [SmscEvent::DeliverUnanswered { label: 6 }]);
}

#[test]
fn nacks_what_it_does_not_know_and_closes_a_lost_stream() {
    let mut smsc = bound(SmscConfig::default());
    let unknown = Pdu::new(CommandId(0x77), 0, 5, Body::Other(vec![1, 2, 3]));
    let (pdus, _, _) = say(&mut smsc, unknown);
    assert_eq!(pdus[0].command, CommandId::GENERIC_NACK);
    assert_eq!((pdus[0].status, pdus[0].sequence), (0x03, 5));
    let octets = vec![0, 0, 0, 1, 0, 0, 0, 0];
    smsc.handle(SECOND, Input::Octets { flow: FLOW, octets });
    let (pdus, _, closed) = drain(&mut smsc);
    assert_eq!((pdus[0].status, pdus[0].sequence), (0x02, 0));
    assert!(closed);
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(chunks in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..60), 0..20)) {
        let mut smsc = bound(SmscConfig::default());
        for octets in chunks {
            smsc.handle(SECOND, Input::Octets { flow: FLOW, octets });
            while smsc.poll().is_some() {}
        }
    }
}
