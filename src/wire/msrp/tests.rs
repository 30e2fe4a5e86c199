//! What the MSRP grammar must do, with examples of each case RFC 4975 describes and with arbitrary octets.
#![allow(clippy::unwrap_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/vectors/msrp/",
            $name
        ))
        .as_slice()
    };
}

const WHOLE: &[u8] = vector!("send-whole.msrp");
const FAKES: &[u8] = vector!("send-fake-end-lines.msrp");

fn all() -> Vec<&'static [u8]> {
    vec![
        WHOLE,
        vector!("response-200.msrp"),
        vector!("response-without-comment.msrp"),
        vector!("send-bodiless.msrp"),
        vector!("send-empty-body.msrp"),
        vector!("send-first-chunk.msrp"),
        vector!("send-last-chunk.msrp"),
        vector!("send-aborted.msrp"),
        vector!("report-success.msrp"),
        vector!("send-through-relays.msrp"),
        FAKES,
    ]
}

fn parsed(octets: &[u8]) -> MsrpMessage {
    MsrpMessage::parse(octets).unwrap()
}

/// Frames and errors of a stream that comes in pieces of these lengths (over and over).
fn frames(stream: &[u8], lengths: &[usize]) -> (Vec<Result<Vec<u8>, String>>, usize) {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    let (mut at, mut turn) = (0, 0);
    while at < stream.len() {
        let end = (at + lengths[turn % lengths.len()].max(1)).min(stream.len());
        framer.push(&stream[at..end]);
        while let Some(frame) = framer.next_frame() {
            found.push(frame.map_err(|malformed| malformed.expected));
        }
        (at, turn) = (end, turn + 1);
    }
    (found, framer.pending())
}

#[test]
fn every_vector_prints_as_it_came_and_has_no_defect() {
    for octets in all() {
        let message = parsed(octets);
        assert_eq!(message.defects, [], "{}", String::from_utf8_lossy(octets));
        assert_eq!(message.to_octets(), octets);
        // The same from the parts alone.
        let rebuilt = MsrpMessage {
            original: None,
            ..message
        };
        assert_eq!(rebuilt.to_octets(), octets);
    }
}

#[test]
fn reads_the_parts_of_a_send() {
    let send = parsed(WHOLE);
    assert_eq!(send.method(), Some("SEND"));
    assert_eq!(send.transaction_id, "d93kswow");
    assert_eq!(send.message_id(), Some("12339sdqwer"));
    assert_eq!(
        send.to_path(),
        ["msrp://bobpc.example.com:8888/9di4eae923wzd;tcp"]
    );
    assert_eq!(
        send.byte_range(),
        Some(ByteRange {
            start: 1,
            end: Some(16),
            total: Some(16)
        })
    );
    assert_eq!(send.content_type().as_deref(), Some("text/plain"));
    assert_eq!(send.body.as_deref(), Some(b"Hi, I'm Alice!!!".as_slice()));
    assert_eq!(send.continuation, Continuation::Complete);
}

#[test]
fn tells_a_bodiless_send_from_one_with_an_empty_body() {
    assert_eq!(parsed(vector!("send-bodiless.msrp")).body, None);
    let empty = parsed(vector!("send-empty-body.msrp"));
    assert_eq!(empty.body, Some(Vec::new()));
}

#[test]
fn reads_a_path_through_relays() {
    let send = parsed(vector!("send-through-relays.msrp"));
    assert_eq!(send.to_path().len(), 2);
}

#[test]
fn reads_responses_with_and_without_comment() {
    let ok = parsed(vector!("response-200.msrp"));
    assert_eq!(ok.status(), Some(200));
    let bare = parsed(vector!("response-without-comment.msrp"));
    assert_eq!(
        bare.start,
        MsrpStart::Response {
            code: 481,
            comment: None
        }
    );
}

#[test]
fn reads_the_status_of_a_report() {
    let report = parsed(vector!("report-success.msrp"));
    assert_eq!(report.reported_status(), Some(200));
}

#[test]
fn end_lines_of_other_transactions_belong_to_the_body() {
    let send = parsed(FAKES);
    let body = send.body.unwrap();
    assert!(body.starts_with(b"-------fake1$\r\n"));
    assert!(body.ends_with(b"\x00\xff\xfe"));
}

#[test]
fn a_changed_message_prints_its_change() {
    let mut send = parsed(WHOLE);
    send.push("Success-Report", "yes");
    let text = String::from_utf8(send.to_octets()).unwrap();
    assert!(text.contains("Success-Report: yes\r\nContent-Type: text/plain\r\n\r\nHi"));
    let mut send = parsed(WHOLE);
    send.continuation = Continuation::Aborted;
    assert!(send.to_octets().ends_with(b"-------d93kswow#\r\n"));
}

#[test]
fn what_is_wrong_but_readable_is_a_defect() {
    let cases = [
        (
            "MSRP abc SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\n-------abc$\r\n",
            "transaction id",
        ),
        (
            "MSRP abcd SEND\r\nFrom-Path: msrp://a/b;tcp\r\nTo-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\n-------abcd$\r\n",
            "To-Path first",
        ),
        (
            "MSRP abcd SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\n-------abcd$\r\n",
            "Message-ID",
        ),
        (
            "MSRP abcd SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\nByte-Range: 0-4/4\r\n-------abcd$\r\n",
            "byte range",
        ),
        (
            "MSRP abcd SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\n\r\nno type\r\n-------abcd$\r\n",
            "Content-Type",
        ),
        (
            "MSRP abcd SEND\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\nContent-Type: a/b\r\n\r\n-------abcd$\r\n",
            "line end between body and end-line",
        ),
        (
            "MSRP abcd SEND\r\nTo-Path:msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\nMessage-ID: 1234\r\n-------abcd$\r\n",
            "one space",
        ),
        (
            "MSRP abcd Send\r\nTo-Path: msrp://a/b;tcp\r\nFrom-Path: msrp://a/b;tcp\r\n-------abcd$\r\n",
            "capital",
        ),
    ];
    for (text, expected) in cases {
        let message = parsed(text.as_bytes());
        let found = &message.defects;
        assert!(
            found
                .iter()
                .any(|defect| defect.expected.contains(expected)),
            "{expected}: {found:?}"
        );
        assert_eq!(message.to_octets(), text.as_bytes());
    }
}

#[test]
fn rejects_what_is_no_message() {
    for text in [
        "",
        "MSRP abcd",
        "MSRP abcd\r\n-------abcd$\r\n",
        "MSRP  SEND\r\n-------$\r\n",
        "msrp abcd SEND\r\n-------abcd$\r\n",
        "MSRP abcd SEND\r\n-------abce$\r\n",
        "MSRP abcd SEND\r\n-------abcd$\r\nrest",
    ] {
        assert!(MsrpMessage::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_stream_goes_on_at_the_next_message_after_octets_that_are_none() {
    let mut stream = b"\r\n".to_vec();
    stream.extend_from_slice(WHOLE);
    stream.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
    stream.extend_from_slice(WHOLE);
    let (found, pending) = frames(&stream, &[stream.len()]);
    assert!(found[0].is_err());
    assert_eq!(found[1].as_deref(), Ok(WHOLE));
    assert!(found[2].is_err());
    assert_eq!(found[3].as_deref(), Ok(WHOLE));
    assert_eq!((found.len(), pending), (4, 0));
}

#[test]
fn refuses_a_head_and_a_body_without_end() {
    let endless_head = [b"MSRP abcd SEND\r\nA: ".as_slice(), &vec![b'a'; 20_000]].concat();
    assert!(frames(&endless_head, &[1000]).0[0].is_err());
    let endless_body = [
        b"MSRP abcd SEND\r\n\r\n".as_slice(),
        &vec![b'-'; 17 * 1024 * 1024],
    ]
    .concat();
    let (found, pending) = frames(&endless_body, &[100_000]);
    assert!(found[0].is_err());
    assert!(pending < 16);
}

#[test]
fn compares_uris_as_section_6_1_says() {
    let uri = |text: &str| MsrpUri::parse(text).unwrap();
    let base = uri("msrp://Example.com:2855/AbC;tcp");
    assert!(base.same_as(&uri("MSRP://example.COM:2855/AbC;TCP")));
    assert!(base.same_as(&uri("msrp://user@example.com:2855/AbC;tcp;x=y")));
    assert!(base.same_as(&uri("msrp://ex%61mple.com:2855/AbC;tcp")));
    for other in [
        "msrps://example.com:2855/AbC;tcp",
        "msrp://example.com/AbC;tcp",
        "msrp://example.com:2855/abc;tcp",
        "msrp://example.com:2855;tcp",
        "msrp://example.com:2855/AbC;sctp",
    ] {
        assert!(!base.same_as(&uri(other)), "{other}");
    }
    assert!(uri("msrp://[::1]:7/a;tcp").same_as(&uri("msrp://[0:0::1]:7/a;tcp")));
    assert_eq!(base.to_string(), "msrp://Example.com:2855/AbC;tcp");
}

#[test]
fn refuses_what_is_no_msrp_uri() {
    for text in [
        "sip:a@b",
        "http://a/b;tcp",
        "msrp://a/b",
        "msrp://a/;tcp",
        "msrp:///b;tcp",
        "msrp://a:99999/b;tcp",
        "msrp://a:x/b;tcp",
        "msrp://[::1/b;tcp",
        "msrp://a/b c;tcp",
        "msrp://a/b;",
    ] {
        assert!(MsrpUri::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn every_chunking_of_a_stream_gives_the_same_frames(
        picks in prop::collection::vec(0usize..14, 1..12),
        lengths in prop::collection::vec(1usize..200, 1..8),
    ) {
        let junk: [&[u8]; 3] = [b"\r\n", b"MSRP", b"junk\r\nMSRP \r\n"];
        let vectors = all();
        let stream: Vec<u8> = picks
            .iter()
            .flat_map(|pick| vectors.get(*pick).copied().unwrap_or_else(|| junk[pick - vectors.len()]))
            .copied()
            .collect();
        let whole = frames(&stream, &[stream.len()]);
        prop_assert_eq!(&frames(&stream, &lengths), &whole);
        prop_assert_eq!(&frames(&stream, &[1]), &whole);
    }

    #[test]
    fn arbitrary_octets_never_panic_and_print_as_they_came(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = MsrpMessage::parse(&octets) {
            prop_assert_eq!(message.to_octets(), octets.clone());
        }
        frames(&octets, &[3]);
    }

    #[test]
    fn a_vector_with_octets_changed_never_panics_and_prints_as_it_came(
        pick in 0usize..11,
        changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 0..6),
    ) {
        let mut octets = all()[pick].to_vec();
        for (place, octet) in changes {
            let at = (place * octets.len() as f64) as usize;
            octets[at] = octet;
        }
        if let Ok(message) = MsrpMessage::parse(&octets) {
            prop_assert_eq!(message.to_octets(), octets.clone());
        }
        frames(&octets, &[7]);
    }

    #[test]
    fn any_body_without_the_end_line_survives(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut send = MsrpMessage::request("t0Lf.3zQ", "SEND");
        send.push("To-Path", "msrp://b.example.com:1/b;tcp");
        send.push("From-Path", "msrp://a.example.com:1/a;tcp");
        send.push("Message-ID", "abcd");
        send.set_body("application/octet-stream", body.clone());
        let again = MsrpMessage::parse(&send.to_octets()).unwrap();
        prop_assert!(again.says_the_same_as(&send));
        prop_assert_eq!(again.body, Some(body));
        prop_assert_eq!(again.defects, vec![]);
    }

    #[test]
    fn uris_never_panic(text in "\\PC{0,60}") {
        if let Ok(uri) = MsrpUri::parse(&text) {
            prop_assert!(uri.same_as(&uri));
        }
    }
}
