//! The views over one sample session, and over messages still on their way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::sample::{BOB, POOL, RUN};
use super::*;
use crate::capture::{Event, Record, Tap};

#[test]
fn finds_the_call_with_everything_in_its_dialog() {
    let trace = RUN.trace();
    let calls = calls(&trace);
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!(
        (call.call_id, call.direction),
        ("calla7f3@127.0.0.1", Direction::ToSystem)
    );
    let statuses: Vec<u16> = call
        .invitation
        .responses
        .iter()
        .map(SipFact::status)
        .collect();
    assert_eq!(statuses, [100, 180, 180, 200]);
    assert_eq!(call.invitation.provisionals().count(), 3);
    assert_eq!(call.accepted().unwrap().status(), 200);
    assert!(call.invitation.ack().is_some());
    assert_eq!(call.byes.len(), 1);
    assert_eq!(call.bye().unwrap().direction, Direction::FromSystem);
    assert_eq!(call.bye().unwrap().final_status(), Some(200));
    assert!(call.cancel.is_none() && call.requests.is_empty());
    let second_ringing = call.invitation.responses[2].seen;
    assert!(second_ringing.retransmission_of.is_some());
    assert_eq!(messages(&trace).len(), 0);
}

#[test]
fn finds_the_session_of_a_call_with_whole_messages() {
    let trace = RUN.trace();
    let (calls, sessions) = (calls(&trace), sessions(&trace));
    assert_eq!(sessions.len(), 1);
    let session = session_of(&calls[0], &sessions).unwrap();
    assert!(session.suite_uri.contains("/alicea7f3"));
    assert!(session.system_uri.contains("/gatewaya7f3"));
    assert!(session.opened.is_some() && session.closed.is_some());
    let [opening, hello] = &session.messages[..] else {
        panic!("{:?}", session.messages);
    };
    assert!(opening.empty && opening.complete && opening.text.is_none());
    assert_eq!(hello.text.as_deref(), Some("Hello"));
    assert_eq!(hello.chunks.len(), 2);
    assert!(hello.complete && !hello.aborted && !hello.empty);
    assert_eq!(hello.direction, Direction::ToSystem);
    let (code, frame) = hello.response.unwrap();
    assert_eq!(code, 200);
    assert!(frame > *hello.frames.last().unwrap());
}

#[test]
fn puts_short_messages_together() {
    let trace = RUN.trace();
    let found = short_messages(&trace);
    let told: Vec<_> = found
        .iter()
        .map(|m| (m.direction, m.text.as_str(), m.complete, m.status))
        .collect();
    let expected = [
        (
            Direction::FromSystem,
            "+447700900001 wants to chat",
            true,
            Some(0),
        ),
        (Direction::ToSystem, "yes", true, Some(0)),
        (Direction::FromSystem, "Hello", true, Some(0x58)),
    ];
    assert_eq!(told, expected);
    let hello = &found[2];
    assert_eq!(
        (hello.sender.as_str(), hello.recipient.as_str()),
        (POOL, BOB)
    );
    assert_eq!(hello.frames.len(), 2);
    assert!(hello.answered.unwrap() > hello.frames[1]);
    assert!(!hello.receipt_requested && found[0].receipt_requested);
    assert_eq!(found[0].parts[0].message_id.as_deref(), Some("smsa7f3"));
    assert_eq!(texts(&trace, Direction::ToSystem).len(), 1);
}

#[test]
fn is_settled_once_everything_is_answered() {
    assert_eq!(unsettled(&RUN.trace()), Vec::<String>::new());
}

#[test]
fn tells_what_is_still_to_be_answered() {
    let tap = Tap::new();
    let record = |interface, event| {
        tap.record(Record {
            interface,
            outbound: true,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: "127.0.0.1:5070".parse().unwrap(),
            event,
        });
    };
    let sip = |start: &str, cseq: &str, branch: &str| {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP a;branch={branch}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n"
        );
        Event::Datagram(text.into_bytes())
    };
    record("isc", sip("INVITE sip:b@b SIP/2.0", "1 INVITE", "z9hG4bK1"));
    assert!(unsettled(&Trace::read(&tap.octets_from(0)).unwrap()).is_empty());
    record(
        "isc",
        sip("MESSAGE sip:b@b SIP/2.0", "2 MESSAGE", "z9hG4bK2"),
    );
    let send = "MSRP a SEND\r\nTo-Path: msrp://b:1/b;tcp\r\nFrom-Path: msrp://a:1/a;tcp\r\nMessage-ID: 1\r\n-------a$\r\n";
    record("msrp", Event::Data(send.as_bytes().to_vec()));
    let quiet = send.replace(" a S", " b S").replace("-----a", "-----b");
    let quiet = quiet.replace("Message-ID", "Failure-Report: no\r\nMessage-ID");
    record("msrp", Event::Data(quiet.into_bytes()));
    let words = unsettled(&Trace::read(&tap.octets_from(0)).unwrap());
    let expected = [
        "MESSAGE of frame 2 awaits its final response",
        "MSRP SEND of frame 6 awaits its response",
    ];
    assert_eq!(words, expected);
    record("msrp", Event::Closed { reset: true });
    assert_eq!(
        unsettled(&Trace::read(&tap.octets_from(0)).unwrap()).len(),
        1
    );
}

#[test]
fn never_panics_on_a_damaged_session() {
    let good = RUN.capture();
    for at in (0..good.len()).step_by(37) {
        let mut bad = good.clone();
        bad[at] ^= 0x15;
        let mut observer = Observer::new();
        drop((observer.feed(&bad), observer.finish()));
        let trace = observer.trace();
        let (calls, sessions) = (calls(trace), sessions(trace));
        for call in &calls {
            drop((session_of(call, &sessions), call.frames()));
        }
        drop((short_messages(trace), unsettled(trace)));
        drop(ladder(trace, &Names::default()));
    }
}
