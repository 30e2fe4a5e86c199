//! Two endpoints wired together in memory, in virtual time. Over 400 lines: one test for each behaviour, correct and wrong, side by side.
#![allow(clippy::unwrap_used, clippy::panic)]
mod pair;

use proptest::prelude::*;

use super::*;
use crate::wire::msrp::MsrpMessage;
use pair::{A, B, Pair, config};

fn text(body: impl Into<Vec<u8>>) -> OutgoingMessage {
    OutgoingMessage {
        body: body.into(),
        ..OutgoingMessage::default()
    }
}

fn raw(method: &str, to: &str, from: &str, rest: &str) -> String {
    format!(
        "MSRP a786hjs2 {method}\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\n{rest}-------a786hjs2$\r\n"
    )
}

#[test]
fn the_side_that_connects_sends_a_bodiless_send_at_once() {
    let pair = Pair::correct().open();
    let (side, first) = &pair.wire[0];
    assert_eq!(
        (*side, first.method(), &first.body),
        (0, Some("SEND"), &None)
    );
    assert_eq!(first.defects, []);
    assert_eq!(
        pair.events[1],
        [SessionEvent::Opened, SessionEvent::EmptySend]
    );
    assert_eq!(pair.codes(0), [200]);
    assert_eq!(pair.wire.len(), 2);
}

#[test]
fn messages_cross_in_both_directions() {
    let mut pair = Pair::correct().open();
    pair.send(0, text("hello"));
    pair.send(1, text("hello yourself"));
    assert_eq!(pair.received(1)[0].body, b"hello");
    assert_eq!(pair.received(0)[0].body, b"hello yourself");
    assert_eq!((pair.codes(0), pair.codes(1)), (vec![200, 200], vec![200]));
    assert!(pair.wire.iter().all(|(_, one)| one.defects.is_empty()));
}

#[test]
fn a_message_given_before_the_connection_stands_is_kept() {
    let mut pair = Pair::correct();
    pair.send(0, text("from the active side"));
    pair.send(1, text("from the passive side"));
    assert_eq!(pair.wire, []);
    let pair = pair.open();
    assert_eq!(pair.received(1).len() + pair.received(0).len(), 2);
    // The passive side must not speak before it knows whose connection this is.
    let passive_send = pair
        .wire
        .iter()
        .position(|(side, one)| *side == 1 && one.method().is_some());
    assert!(passive_send > Some(0));
}

#[test]
fn chunks_are_put_together_and_each_is_answered() {
    let mut pair = Pair::correct().open();
    let body: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
    for (side, length) in [(0, 1000), (1, 3333)] {
        let message = OutgoingMessage {
            chunk_octets: Some(length),
            ..text(body.clone())
        };
        pair.send(side, message);
    }
    assert_eq!(
        (pair.received(1)[0].chunks, pair.received(0)[0].chunks),
        (10, 4)
    );
    assert_eq!(pair.received(1)[0].body, body);
    assert_eq!(pair.received(0)[0].body, body);
    assert_eq!((pair.codes(0).len(), pair.codes(1).len()), (11, 4));
    let last: Vec<bool> = pair.events[1]
        .iter()
        .filter_map(|event| match event {
            SessionEvent::Response { last, .. } => Some(*last),
            _ => None,
        })
        .collect();
    assert_eq!(last, [false, false, false, true]);
}

#[test]
fn an_aborted_message_is_thrown_away() {
    let mut pair = Pair::correct().open();
    let message = OutgoingMessage {
        chunk_octets: Some(10),
        abort: true,
        ..text(vec![b'x'; 60])
    };
    let message_id = pair.send(0, message);
    assert!(pair.received(1).is_empty());
    assert!(pair.events[1].contains(&SessionEvent::Aborted { message_id }));
    assert_eq!(pair.codes(0), [200; 4]);
}

#[test]
fn a_success_report_covers_the_whole_message_once() {
    let mut pair = Pair::correct().open();
    let message = OutgoingMessage {
        chunk_octets: Some(7),
        success_report: true,
        ..text("a message in chunks")
    };
    pair.send(0, message);
    assert_eq!(pair.reports(0), [(Some(200), "1-19/19".to_owned())]);
    let (_, report) = pair
        .wire
        .iter()
        .find(|(_, one)| one.method() == Some("REPORT"))
        .unwrap();
    assert_eq!(report.defects, []);
    // A REPORT is never answered.
    assert!(
        !pair
            .wire
            .iter()
            .any(|(side, one)| *side == 0 && one.status().is_some())
    );
}

#[test]
fn failure_report_says_whether_a_response_comes() {
    for (value, kind, codes) in [
        (None, "text/plain", vec![200]),
        (Some("yes"), "text/plain", vec![200]),
        (Some("yes"), "image/png", vec![415]),
        (Some("no"), "text/plain", vec![]),
        (Some("no"), "image/png", vec![]),
        (Some("partial"), "text/plain", vec![]),
        (Some("partial"), "image/png", vec![415]),
    ] {
        let mut pair = Pair::correct().open();
        let message = OutgoingMessage {
            content_type: kind.into(),
            failure_report: value.map(str::to_owned),
            ..text("x")
        };
        pair.send(0, message);
        assert_eq!(pair.codes(0)[1..], codes, "{value:?} {kind}");
        pair.pass(60);
        let timed_out = pair.events[0]
            .iter()
            .any(|e| matches!(e, SessionEvent::TimedOut { .. }));
        assert!(!timed_out, "{value:?} {kind}");
    }
}

#[test]
fn refuses_a_wrapped_type_it_did_not_offer() {
    let mut pair = Pair::correct().open();
    for (kind, code) in [("text/plain", 200), ("image/png", 415)] {
        let message = OutgoingMessage {
            content_type: "message/cpim".into(),
            ..text(format!("To: <a:b>\r\n\r\nContent-Type: {kind}\r\n\r\nx"))
        };
        pair.send(0, message);
        assert_eq!(pair.codes(0).last(), Some(&code));
    }
    assert_eq!(pair.received(1).len(), 1);
}

#[test]
fn answers_what_is_not_for_it_with_the_right_code() {
    let id = "Message-ID: 87652\r\n";
    let body = "Content-Type: text/plain\r\n\r\nx\r\n";
    let whole = format!("{id}Byte-Range: 1-1/1\r\n{body}");
    let other = "msrp://b.example.com:8888/other;tcp";
    for (request, code) in [
        (raw("SEND", B, A, &whole), Some(200)),
        (raw("SEND", other, A, &whole), Some(481)),
        (raw("SEND", B, other, &whole), Some(481)),
        (raw("SEND", &format!("{B} {other}"), A, &whole), Some(481)),
        (raw("SEND", "b", A, &whole), Some(400)),
        (raw("SEND", B, A, body), Some(400)),
        (
            raw("SEND", B, A, &format!("{id}Byte-Range: 0-1/1\r\n{body}")),
            Some(400),
        ),
        (
            raw("SEND", B, A, &format!("{id}Byte-Range: x\r\n{body}")),
            Some(400),
        ),
        (
            raw("SEND", B, A, &format!("{id}\r\nno type\r\n")),
            Some(400),
        ),
        (
            raw(
                "SEND",
                B,
                A,
                &format!("{id}Byte-Range: 99999999-*/*\r\n{body}"),
            ),
            Some(413),
        ),
        (raw("NICKNAME", B, A, ""), Some(501)),
        (
            raw(
                "REPORT",
                B,
                A,
                &format!("{id}Byte-Range: 1-1/1\r\nStatus: 000 200\r\n"),
            ),
            None,
        ),
        (raw("REPORT", other, A, ""), None),
    ] {
        assert_eq!(Pair::correct().open().inject(&request), code, "{request}");
    }
}

#[test]
fn chunks_may_come_out_of_order_and_mixed() {
    let mut pair = Pair::correct().open();
    let chunk = |id: &str, range: &str, body: &str, flag: char| {
        format!(
            "MSRP a786hjs2 SEND\r\nTo-Path: {B}\r\nFrom-Path: {A}\r\nMessage-ID: {id}\r\nByte-Range: {range}\r\nContent-Type: text/plain\r\n\r\n{body}\r\n-------a786hjs2{flag}\r\n"
        )
    };
    pair.inject(&chunk("one1", "7-9/9", "ghi", '$'));
    pair.inject(&chunk("two2", "1-*/*", "ABCD", '+'));
    pair.inject(&chunk("one1", "1-3/9", "abc", '+'));
    pair.inject(&chunk("one1", "1-3/9", "abc", '+'));
    assert!(pair.received(1).is_empty());
    pair.inject(&chunk("one1", "3-6/9", "cdef", '+'));
    pair.inject(&chunk("two2", "5-*/*", "EF", '$'));
    let bodies: Vec<&[u8]> = pair
        .received(1)
        .iter()
        .map(|one| one.body.as_slice())
        .collect();
    assert_eq!(bodies, [b"abcdefghi".as_slice(), b"ABCDEF"]);
}

#[test]
fn a_silent_side_leads_to_a_timeout_after_thirty_seconds() {
    let mut pair = Pair::with(MsrpBehaviour {
        silent: true,
        ..Default::default()
    })
    .open();
    let message_id = pair.send(0, text("anyone?"));
    pair.pass(29);
    assert!(
        !pair.events[0]
            .iter()
            .any(|e| matches!(e, SessionEvent::TimedOut { .. }))
    );
    pair.pass(2);
    assert!(pair.events[0].contains(&SessionEvent::TimedOut { message_id }));
    assert!(pair.received(1).len() == 1 && pair.codes(0).is_empty());
}

#[test]
fn a_late_side_answers_and_reports_late() {
    let mut pair = Pair::with(MsrpBehaviour {
        answer_delay: Some(Duration::from_secs(5)),
        ..Default::default()
    })
    .open();
    let message = OutgoingMessage {
        success_report: true,
        ..text("x")
    };
    pair.send(0, message);
    pair.pass(4);
    assert!(pair.codes(0).is_empty());
    pair.pass(2);
    assert_eq!(pair.codes(0), [200, 200]);
    assert_eq!(pair.reports(0).len(), 1);
}

#[test]
fn a_side_told_to_answers_with_another_code_and_takes_nothing() {
    let mut pair = Pair::with(MsrpBehaviour {
        answer_code: Some(413),
        ..Default::default()
    })
    .open();
    pair.send(0, text("x"));
    assert_eq!(pair.codes(0), [413, 413]);
    assert!(pair.received(1).is_empty());
}

#[test]
fn a_side_told_to_resets_the_connection_on_the_first_send() {
    let pair = Pair::with(MsrpBehaviour {
        reset_on_first_send: true,
        ..Default::default()
    })
    .open();
    assert_eq!(pair.closes, [(1, true)]);
    assert_eq!(pair.events[0].last(), Some(&SessionEvent::Closed));
    assert_eq!(pair.events[1], [SessionEvent::Closed]);
}

#[test]
fn a_malformed_end_line_never_ends_the_message() {
    let mut pair = Pair::correct().open();
    pair.sides[1].behave(MsrpBehaviour {
        malformed_end_line: true,
        ..Default::default()
    });
    pair.send(1, text("x"));
    assert!(pair.received(0).is_empty());
    pair.pass(31);
    assert!(
        pair.events[1]
            .iter()
            .any(|e| matches!(e, SessionEvent::TimedOut { .. }))
    );
}

#[test]
fn a_duplicate_send_is_the_same_octets_twice() {
    let mut pair = Pair::correct().open();
    pair.sides[1].behave(MsrpBehaviour {
        duplicate_send: true,
        ..Default::default()
    });
    pair.send(1, text("x"));
    assert_eq!(pair.received(0).len(), 2);
    assert_eq!(pair.codes(1), [200]);
    let sends: Vec<_> = pair
        .wire
        .iter()
        .filter(|(s, m)| *s == 1 && m.method().is_some())
        .collect();
    assert_eq!(sends[0], sends[1]);
}

#[test]
fn a_wrong_byte_range_leaves_the_message_unfinished() {
    let mut pair = Pair::correct().open();
    pair.sides[1].behave(MsrpBehaviour {
        wrong_byte_range: true,
        ..Default::default()
    });
    pair.send(1, text("abc"));
    assert!(pair.received(0).is_empty());
    let (_, send) = pair
        .wire
        .iter()
        .rfind(|(_, one)| one.body.is_some())
        .unwrap();
    assert_eq!(send.header("Byte-Range"), Some("2-4/10"));
}

#[test]
fn closing_closes_the_other_side_too() {
    let mut pair = Pair::correct().open();
    pair.sides[0].close();
    pair.settle();
    assert_eq!(pair.closes, [(0, false)]);
    assert_eq!(pair.events[1].last(), Some(&SessionEvent::Closed));
    assert!(!pair.sides[0].is_open() && !pair.sides[1].is_open());
    pair.send(0, text("too late"));
    assert_eq!(pair.sides[0].wake_at(), None);
}

#[test]
fn a_lost_connection_can_be_replaced() {
    let mut pair = Pair::correct().open();
    pair.sides.iter_mut().for_each(MessageSession::closed);
    pair.settle();
    let mut pair = pair.open();
    pair.send(0, text("again"));
    assert_eq!(pair.received(1).len(), 1);
}

#[test]
fn octets_that_are_no_msrp_end_the_connection() {
    let mut pair = Pair::correct().open();
    pair.inject("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(pair.closes, [(1, false)]);
}

#[test]
fn the_same_seed_gives_the_same_octets() {
    let run = || {
        let mut pair = Pair::correct().open();
        pair.send(0, text("x"));
        pair.wire
    };
    assert_eq!(run(), run());
}

#[test]
fn an_arriving_connection_is_named_by_its_first_request() {
    let mut sender = MessageSession::new(config(A, B, true));
    sender.opened(Time::ZERO);
    let Some(SessionOutput::Octets(octets)) = sender.poll() else {
        panic!("a connecting side sends first");
    };
    let mut arriving = ArrivingConnection::default();
    assert_eq!(arriving.octets(&octets[..20]), Arrival::Wait);
    let Arrival::For { uri, octets } = arriving.octets(&octets[20..]) else {
        panic!("one whole request is enough");
    };
    let mut receiver = MessageSession::new(config(B, A, false));
    assert!(receiver.serves(&uri));
    assert!(!MessageSession::new(config(A, B, false)).serves(&uri));
    receiver.opened(Time::ZERO);
    receiver.octets(Time::ZERO, &octets);
    assert_eq!(
        std::iter::from_fn(|| receiver.poll()).next(),
        Some(SessionOutput::Event(SessionEvent::Opened))
    );
    for code in [481, 506] {
        let refusal = MsrpMessage::parse(&ArrivingConnection::refuse(&octets, code)).unwrap();
        assert_eq!((refusal.status(), refusal.defects.len()), (Some(code), 0));
    }
}

#[test]
fn an_arriving_connection_that_is_no_msrp_is_refused() {
    let mut arriving = ArrivingConnection::default();
    assert_eq!(arriving.octets(b"HELO"), Arrival::Refuse(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_body_in_any_chunks_and_pieces_arrives_whole(
        body in prop::collection::vec(any::<u8>(), 0..500),
        chunk in 1usize..200,
        pieces in 1usize..100,
    ) {
        let mut pair = Pair::correct().open();
        pair.pieces = pieces;
        let message = OutgoingMessage { chunk_octets: Some(chunk), success_report: true, ..text(body.clone()) };
        pair.send(0, message);
        prop_assert_eq!(&pair.received(1)[0].body, &body);
        prop_assert_eq!(pair.reports(0).len(), 1);
    }

    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200), start in 0usize..80) {
        let mut pair = Pair::correct().open();
        let mut request = raw("SEND", B, A, "Message-ID: 87652\r\nByte-Range: 1-1/1\r\n").into_bytes();
        request.splice(start..start, octets);
        pair.sides[1].octets(Time::ZERO, &request);
        pair.settle();
    }
}
