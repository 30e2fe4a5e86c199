//! Own messages for every case that RFC 4475 and RFC 5118 describe (`fixtures/vectors/sip`), random and cut octets, and chunked streams.
//! Tests only: what the SIP layer says about messages that neither peers nor reference wrote.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vectors/sip/");

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}{name}.sip")).unwrap()
}

/// File, source, expectation and clause of every line of the index.
fn index() -> Vec<[String; 4]> {
    let text = std::fs::read_to_string(format!("{FOLDER}index.tsv")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 6, "{line}");
            [0, 1, 2, 3].map(|i| fields[i].to_owned())
        })
        .collect()
}

#[test]
fn says_of_every_vector_what_the_index_says() {
    let mut wrong = Vec::new();
    for [name, source, expect, clause] in index() {
        let octets = read(&name);
        let (got, problems) = match SipMessage::parse(&octets) {
            Err(problem) => ("reject", vec![problem]),
            Ok(message) => {
                assert_eq!(
                    message.to_octets(),
                    octets,
                    "{name} is not printed as it came"
                );
                let problems = [message.defects.clone(), message.check()].concat();
                (
                    if problems.is_empty() {
                        "accept"
                    } else {
                        "defect"
                    },
                    problems,
                )
            }
        };
        let cited = clause == "-" || problems.iter().any(|p| p.clause == clause);
        if got != expect || !cited {
            wrong.push(format!(
                "{name} ({source}): {expect} {clause}, got {got} {problems:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn has_a_vector_for_every_case_of_rfc_4475_and_rfc_5118() {
    let sources: std::collections::BTreeSet<String> =
        index().into_iter().map(|[_, source, ..]| source).collect();
    for (prefix, cases) in [
        ("RFC 4475 section 3.1.1.", 13),
        ("RFC 4475 section 3.1.2.", 19),
        ("RFC 4475 section 3.2.", 1),
        ("RFC 4475 section 3.3.", 15),
        ("RFC 4475 section 3.4.", 1),
        ("RFC 5118 section 4.", 10),
    ] {
        for case in 1..=cases {
            assert!(
                sources.contains(&format!("{prefix}{case}")),
                "{prefix}{case}"
            );
        }
    }
    let files = std::fs::read_dir(FOLDER).unwrap();
    let files = files.filter(|f| {
        f.as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "sip")
    });
    assert_eq!(files.count(), index().len());
}

#[test]
fn reads_the_tortuous_invite_like_a_plain_one() {
    let message = SipMessage::parse(&read("short_tortuous_invite")).unwrap();
    assert_eq!(message.cseq(), Some((9, "INVITE")));
    assert_eq!(message.to_tag().as_deref(), Some("t77"));
    assert_eq!(message.from_tag().as_deref(), Some("f77"));
    assert_eq!(
        message.address("From").unwrap().display.as_deref(),
        Some("A \\\"da\"\t<x>, y")
    );
    assert_eq!(message.branch().as_deref(), Some("z9hG4bKabc"));
    assert_eq!(message.values("Via").len(), 3);
    assert_eq!(message.address("Contact").unwrap().param("q"), Some("0.33"));
    assert_eq!(message.content_type().as_deref(), Some("application/sdp"));
    assert!(
        message
            .body_of("application/sdp")
            .unwrap()
            .starts_with(b"v=0")
    );
}

#[test]
fn cuts_the_second_request_of_a_datagram_off_and_a_stream_in_two() {
    let octets = read("octets_after_the_message");
    let first = SipMessage::parse(&octets).unwrap();
    assert!(first.body.is_empty());
    let mut framer = Framer::default();
    framer.push(&octets);
    let Some(Ok(Frame::Message(one))) = framer.next_frame() else {
        panic!()
    };
    let Some(Ok(Frame::Message(two))) = framer.next_frame() else {
        panic!()
    };
    assert_eq!([one, two.clone()].concat(), octets);
    assert_eq!(SipMessage::parse(&two).unwrap().call_id(), Some("second"));
}

#[test]
fn keeps_binary_parts_of_a_multipart_whole() {
    let message = SipMessage::parse(&read("multipart_with_binary_part")).unwrap();
    assert_eq!(message.bodies().len(), 2);
    let part = message.body_of("application/octet-stream").unwrap();
    assert_eq!(part, b"\x00\xff\xfe\r\n\r\n--not-it\x80");
}

#[test]
fn rsip_reads_ordinary_messages_as_we_do_and_refuses_tel_request_uris() {
    use rsip::prelude::{HasHeaders, HeadersExt, ToTypedHeader, UntypedHeader};
    let ours = SipMessage::parse(&read("no_space_before_angle_bracket")).unwrap();
    let theirs = ours.typed().unwrap();
    let via = theirs.via_header().unwrap().typed().unwrap();
    assert_eq!(via.branch().map(|b| b.value().to_owned()), ours.branch());
    let from = theirs.from_header().unwrap().typed().unwrap();
    assert_eq!(from.tag().map(|t| t.value().to_owned()), ours.from_tag());
    let cseq = theirs.cseq_header().unwrap().typed().unwrap();
    assert_eq!(
        Some((cseq.seq, cseq.method.to_string().as_str())),
        ours.cseq()
    );
    assert_eq!(
        theirs.call_id_header().unwrap().value(),
        ours.call_id().unwrap()
    );
    assert!(theirs.headers().iter().count() >= 6);

    let tel = SipMessage::parse(&read("cpm_invitation")).unwrap();
    assert!(tel.typed().is_err());
    assert_eq!(
        number_of(tel.uri().unwrap()).as_deref(),
        Some("+34600000001")
    );
    assert_eq!(tel.header("Session-Expires"), Some("1800;refresher=uac"));
    let contact = tel.address("Contact").unwrap();
    assert!(contact.has_param("isfocus") && contact.param("+sip.instance").is_some());
    let who = tel.address("P-Asserted-Identity").unwrap();
    assert_eq!(
        (who.display.as_deref(), who.uri.number().as_deref()),
        (Some("Ada, L"), Some("+447700900001"))
    );
}

#[test]
fn gives_rsip_the_long_names_and_unfolded_values() {
    let mut message = SipMessage::request("OPTIONS", "sip:ben@biloxi.example");
    message.push("v", "SIP/2.0/UDP\r\n h.example;branch=z9hG4bKq");
    message.push("i", "a@b");
    let read = SipMessage::parse(&message.to_octets()).unwrap();
    use rsip::prelude::{HeadersExt, UntypedHeader};
    let theirs = read.typed().unwrap();
    assert_eq!(
        theirs.via_header().unwrap().value(),
        "SIP/2.0/UDP h.example;branch=z9hG4bKq"
    );
    assert_eq!(theirs.call_id_header().unwrap().value(), "a@b");
}

#[test]
fn untouched_header_fields_keep_their_octets_when_others_change() {
    let octets = read("short_tortuous_invite");
    let mut message = SipMessage::parse(&octets).unwrap();
    message.set("max-forwards", "67");
    message.push_front("Via", "SIP/2.0/UDP p.example;branch=z9hG4bKp");
    let text = String::from_utf8_lossy(&message.to_octets()).into_owned();
    assert!(text.contains("\r\nmax-forwards: 67\r\n") && !text.contains("0068"));
    assert!(text.contains("\r\nfrom   : \"A \\\\\\\"da\\\"\t<x>, y\"\r\n <sip:ada@atlantis.example>\r\n  ;\r\n  tag = f77\r\n"));
    assert_eq!(message.branch().as_deref(), Some("z9hG4bKp"));
    assert!(message.original().is_none());
    let mut direct = SipMessage::parse(&octets).unwrap();
    direct.body.push(0);
    assert_ne!(direct.to_octets(), octets);
}

fn frames(octets: &[u8], cuts: &[usize]) -> Vec<Result<Frame, crate::wire::Malformed>> {
    let mut framer = Framer::default();
    let mut out = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|c| c % (octets.len() + 1)).collect();
    cuts.push(octets.len());
    cuts.sort_unstable();
    let mut from = 0;
    for to in cuts {
        framer.push(&octets[from..to]);
        from = to;
        while let Some(frame) = framer.next_frame() {
            let broken = frame.is_err();
            out.push(frame);
            if broken {
                return out;
            }
        }
    }
    out
}

fn stream() -> Vec<u8> {
    let mut out = b"\r\n\r\n".to_vec();
    out.extend(read("multipart_with_binary_part"));
    out.extend(b"\r\n");
    out.extend(read("short_tortuous_invite"));
    out.extend(b"\r\n\r\n\r\n\r\n");
    out.extend(read("empty_reason_phrase"));
    out.extend(read("line_feeds_only"));
    out
}

#[test]
fn tells_keep_alives_from_messages() {
    let kinds: Vec<char> = frames(&stream(), &[])
        .iter()
        .map(|frame| match frame {
            Ok(Frame::Message(_)) => 'm',
            Ok(Frame::Ping) => 'i',
            Ok(Frame::Pong) => 'o',
            Err(_) => 'e',
        })
        .collect();
    assert_eq!(String::from_iter(kinds), "imomiimm");
    let mut framer = Framer::default();
    framer.push(b"\r\n");
    assert_eq!((framer.next_frame(), framer.pending()), (None, 2));
    assert_eq!((framer.flush(), framer.pending()), (Some(Frame::Pong), 0));
}

#[test]
fn stays_linear_in_octets_that_come_one_by_one() {
    let octets = read("long_values").repeat(20);
    let every: Vec<usize> = (0..octets.len()).collect();
    assert_eq!(frames(&octets, &every).len(), 20);
    let mut framer = Framer::default();
    for _ in 0..64 * 1024 {
        framer.push(b"x");
        assert_eq!(framer.next_frame(), None);
    }
    framer.push(b"x");
    assert!(framer.next_frame().unwrap().is_err());
    assert_eq!(framer.pending(), 0);
}

#[test]
fn refuses_streams_without_one_usable_content_length() {
    for fields in [
        "",
        "l: 1\r\nContent-Length: 2\r\n",
        "l: -1\r\n",
        "l: 99999999\r\n",
        "l:\r\n",
    ] {
        let mut framer = Framer::default();
        framer.push(format!("OPTIONS sip:a@h SIP/2.0\r\n{fields}\r\n").as_bytes());
        assert!(matches!(framer.next_frame(), Some(Err(_))), "{fields}");
        framer.push(b"OPTIONS sip:a@h SIP/2.0\r\nl: 0\r\n\r\n");
        assert!(
            matches!(framer.next_frame(), Some(Err(_))),
            "a broken stream stays broken"
        );
    }
}

proptest! {
    #[test]
    fn prints_what_it_read_whatever_the_octets(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        all_readers(&octets);
        let head = [b"OPTIONS sip:a@h SIP/2.0\r\nVia: ".as_slice(), &octets, b"\r\n\r\n", &octets].concat();
        all_readers(&head);
    }

    #[test]
    fn survives_vectors_that_are_cut_or_damaged(which in 0usize..60, cut in any::<usize>(), at in any::<usize>(), octet in any::<u8>()) {
        let vectors = index();
        let mut octets = read(&vectors[which % vectors.len()][0]);
        octets.truncate(cut % (octets.len() + 1));
        all_readers(&octets);
        let length = octets.len().max(1);
        if let Some(o) = octets.get_mut(at % length) {
            *o = octet;
        }
        all_readers(&octets);
    }

    #[test]
    fn gives_the_same_frames_for_every_chunking(cuts in proptest::collection::vec(any::<usize>(), 0..40)) {
        prop_assert_eq!(frames(&stream(), &cuts), frames(&stream(), &[]));
    }

    #[test]
    fn reads_texts_without_panicking(text in "\\PC{0,60}", header in "[\"<>;,=@:%?a1 \\\\\\[\\]+-]{0,40}") {
        for text in [text, header] {
            drop((SipUri::parse(&text), NameAddr::parse(&text), Via::parse(&text), number_of(&text), unescape(&text)));
            drop(multipart_parts(&text, text.as_bytes()));
            let uri = format!("sip:{text}");
            if let Ok(read) = SipUri::parse(&uri) {
                prop_assert_eq!(read.as_str(), uri);
            }
        }
    }

    #[test]
    fn agrees_with_rsip_where_rsip_reads(branch in "[A-Za-z0-9._-]{1,20}", space in "[ ]{0,2}", more in "(;rport|;lr=\"a;branch=x\"|;ttl=1)?") {
        let via = format!("SIP/2.0/UDP h.example:5060{space};{space}branch=z9hG4bK{branch}{more}");
        let ours = Via::parse(&via).unwrap();
        use rsip::prelude::{ToTypedHeader as _, UntypedHeader as _};
        let theirs = rsip::headers::Via::new(via).into_typed().ok();
        if let Some(theirs) = theirs.as_ref().and_then(|via| via.branch()) {
            prop_assert_eq!(Some(theirs.value()), ours.param("branch"));
        }
    }
}

fn all_readers(octets: &[u8]) {
    let mut framer = Framer::default();
    framer.push(octets);
    for _ in 0..octets.len() + 1 {
        match framer.next_frame() {
            Some(Ok(_)) => {}
            _ => break,
        }
    }
    let Ok(message) = SipMessage::parse(octets) else {
        return;
    };
    assert_eq!(message.to_octets(), octets);
    drop((
        message.check(),
        message.typed(),
        message.bodies(),
        message.branch(),
        message.cseq(),
    ));
    drop((
        message.from_tag(),
        message.to_tag(),
        message.content_type(),
        message.address("Contact"),
    ));
    let mut printed = message.clone();
    printed.push("X", "y");
    let again = SipMessage::parse(&printed.to_octets());
    assert!(again.is_ok(), "{again:?}");
}
