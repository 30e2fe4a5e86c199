//! From captures to facts: what a tap wrote, what others wrote, in order and out of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::capture::{Event, Record, Tap};
use etherparse::PacketBuilder;

pub(crate) const OPTIONS: &[u8] = b"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1@example.com\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
const SEND: &[u8] = b"MSRP a1 SEND\r\nTo-Path: msrp://127.0.0.1:2856/s2;tcp\r\nFrom-Path: msrp://127.0.0.1:2855/s1;tcp\r\nMessage-ID: m1\r\nByte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nHello\r\n-------a1$\r\n";
const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];

fn record(interface: &'static str, outbound: bool, ends: [&str; 2], event: Event) -> Record {
    let [local, remote] = ends.map(|end| end.parse().unwrap());
    Record {
        interface,
        outbound,
        local,
        remote,
        event,
    }
}

/// One word per fact.
fn words(trace: &Trace) -> Vec<String> {
    let word = |seen: &Observation| {
        let what = match &seen.fact {
            Fact::Sip(message) => message.method().unwrap_or("response").to_owned(),
            Fact::SipKeepAlive => "keep-alive".to_owned(),
            Fact::Rtp(packet) => format!("rtp {}", packet.ssrc),
            Fact::Msrp(message) => message.method().unwrap_or("response").to_owned(),
            Fact::Smpp(pdu) => pdu.command.name(),
            Fact::Diameter(message) => message.name(),
            Fact::Http(_) => "http".to_owned(),
            Fact::TcpOpened => "opened".to_owned(),
            Fact::TcpClosed { reset } => if *reset { "reset" } else { "closed" }.to_owned(),
            Fact::Malformed { protocol, .. } => format!("malformed {protocol}"),
        };
        format!("{what} {:?}", seen.frames)
    };
    trace.facts.iter().map(word).collect()
}

/// Clients have odd ports on one host, servers the others on another.
fn host(port: u16) -> [u8; 4] {
    [
        10,
        0,
        0,
        if port.is_multiple_of(2) || port == 2855 {
            2
        } else {
            1
        },
    ]
}

/// A capture of TCP segments `(from, to, sequence, flags, payload)` on raw IP, classic pcap with microseconds.
fn pcap(segments: &[(u16, u16, u32, &str, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for (second, (from, to, sequence, flags, payload)) in segments.iter().enumerate() {
        let mut builder =
            PacketBuilder::ipv4(host(*from), host(*to), 64).tcp(*from, *to, *sequence, 65_535);
        for flag in flags.chars() {
            builder = match flag {
                's' => builder.syn(),
                'f' => builder.fin(),
                'r' => builder.rst(),
                _ => builder.ack(1),
            };
        }
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        let length = u32::try_from(packet.len()).unwrap();
        for word in [u32::try_from(second).unwrap(), 0, length, length] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&packet);
    }
    file
}

#[test]
fn reads_back_what_a_tap_wrote() {
    for ends in [
        ["127.0.0.1:2855", "127.0.0.1:40000"],
        ["[::1]:2855", "[::1]:40000"],
    ] {
        let tap = Tap::new();
        tap.record(record("isc", true, ends, Event::Datagram(OPTIONS.to_vec())));
        tap.mark("Alice writes");
        tap.record(record("msrp", true, ends, Event::Opened { dialled: true }));
        tap.record(record("msrp", true, ends, Event::Data(SEND[..20].to_vec())));
        tap.record(record("msrp", true, ends, Event::Data(SEND[20..].to_vec())));
        tap.record(record("msrp", false, ends, Event::Closed { reset: false }));
        let trace = Trace::read(&tap.octets_from(0)).unwrap();
        let expected = [
            "OPTIONS [1]",
            "opened [2, 3, 4]",
            "SEND [5, 6]",
            "closed [7]",
        ];
        assert_eq!(words(&trace), expected);
        let send = &trace.facts[2];
        assert_eq!(send.direction, Direction::ToSystem);
        assert_eq!(send.comment.as_deref(), Some("[1] Alice writes"));
        assert_eq!((send.interface.as_str(), send.transport), ("msrp", "tcp"));
        assert_eq!([send.from, send.to], ends.map(|end| end.parse().unwrap()));
        assert_eq!(trace.facts[3].direction, Direction::FromSystem);
        assert_eq!(trace.facts[0].comment, None);
        assert!(trace.frames.windows(2).all(|two| two[0].at < two[1].at));
        assert_eq!(trace.notes, []);
    }
}

#[test]
fn gives_the_same_trace_however_the_capture_arrives() {
    let tap = Tap::new();
    let ends = ["127.0.0.1:2855", "127.0.0.1:40000"];
    for _ in 0..3 {
        tap.record(record("msrp", true, ends, Event::Data(SEND.to_vec())));
        tap.record(record(
            "isc",
            false,
            ends,
            Event::Datagram(OPTIONS.to_vec()),
        ));
    }
    let octets = tap.octets_from(0);
    let whole = Trace::read(&octets).unwrap();
    let mut observer = Observer::new();
    for piece in octets.chunks(7) {
        observer.feed(piece).unwrap();
    }
    assert_eq!(observer.trace().facts, whole.facts);
    assert_eq!(whole.facts.len(), 7);
}

#[test]
fn marks_retransmitted_datagrams() {
    let tap = Tap::new();
    let ends = ["127.0.0.1:5060", "127.0.0.1:5070"];
    for _ in 0..2 {
        tap.record(record("isc", true, ends, Event::Datagram(OPTIONS.to_vec())));
    }
    let trace = Trace::read(&tap.octets_from(0)).unwrap();
    assert_eq!(trace.facts[0].retransmission_of, None);
    assert_eq!(trace.facts[1].retransmission_of, Some(1));
}

#[test]
fn reads_segments_out_of_order_and_across_the_wrap() {
    let start = u32::MAX - 30;
    let second = start.wrapping_add(1 + 40);
    let trace = Trace::read(&pcap(&[
        (9, 2855, start, "s", b""),
        (2855, 9, 0, "sa", b""),
        (9, 2855, start.wrapping_add(1), "a", b""),
        (9, 2855, second, "a", &SEND[40..]),
        (9, 2855, start.wrapping_add(1), "a", &SEND[..40]),
        (9, 2855, start.wrapping_add(1), "a", &SEND[..40]),
        (
            9,
            2855,
            second.wrapping_add(SEND.len() as u32 - 40),
            "fa",
            b"",
        ),
    ]))
    .unwrap();
    assert_eq!(
        words(&trace),
        ["opened [1, 2, 3]", "SEND [4, 5]", "closed [7]"]
    );
    assert_eq!(trace.facts[1].at, 4_000_000_000);
}

#[test]
fn finds_the_protocol_of_foreign_streams_by_their_octets() {
    let both = [SEND, SEND].concat();
    let trace = Trace::read(&pcap(&[
        (1, 2, 0, "a", OPTIONS),
        (3, 4, 0, "a", &both[..3]),
        (3, 4, 3, "a", &both[3..]),
        (5, 6, 0, "a", &ENQUIRE_LINK),
        (7, 8, 0, "a", b"GET / HTTP/1.1\r\n\r\n"),
    ]))
    .unwrap();
    assert_eq!(
        words(&trace),
        [
            "OPTIONS [1]",
            "SEND [2, 3]",
            "SEND [3]",
            "enquire_link [4]",
            "http [5]"
        ]
    );
    assert_eq!(trace.facts[0].direction, Direction::Unknown);
}

#[test]
fn learns_directions_from_the_systems_addresses() {
    let mut observer = Observer::for_system(vec!["10.0.0.2:0".parse().unwrap()]);
    observer
        .feed(&pcap(&[(5, 6, 0, "a", &ENQUIRE_LINK)]))
        .unwrap();
    assert_eq!(observer.trace().facts[0].direction, Direction::ToSystem);
}

#[test]
fn goes_on_after_a_gap_and_says_so() {
    let trace = Trace::read(&pcap(&[
        (1, 2, 0, "a", SEND),
        (
            1,
            2,
            5000,
            "a",
            b"the rest of a lost message\r\n-------x$\r\n",
        ),
        (1, 2, 5039, "a", SEND),
    ]))
    .unwrap();
    assert_eq!(words(&trace), ["SEND [1]", "SEND [3]"]);
    assert_eq!(trace.notes.len(), 1);
    assert!(
        trace.notes[0]
            .text
            .ends_with("octets of a TCP stream are not in the capture")
    );
}

#[test]
fn keeps_octets_that_follow_no_grammar_as_a_fact() {
    let tap = Tap::new();
    let ends = ["127.0.0.1:2775", "127.0.0.1:40000"];
    tap.record(record(
        "smpp",
        false,
        ends,
        Event::Data(b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ));
    tap.record(record(
        "smpp",
        false,
        ends,
        Event::Data(b"more of it".to_vec()),
    ));
    tap.record(record(
        "smpp",
        false,
        ends,
        Event::Data(ENQUIRE_LINK.to_vec()),
    ));
    tap.record(record(
        "isc",
        false,
        ends,
        Event::Datagram(b"what is this".to_vec()),
    ));
    let trace = Trace::read(&tap.octets_from(0)).unwrap();
    let expected = [
        "opened [1, 2, 3]",
        "malformed SMPP [4]",
        "enquire_link [6]",
        "malformed SIP [7]",
    ];
    assert_eq!(words(&trace), expected);
    match &trace.facts[1].fact {
        Fact::Malformed { octets, .. } => assert!(octets.starts_with(b"GET /")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn separates_connections_that_reuse_ports() {
    let trace = Trace::read(&pcap(&[
        (1, 2, 0, "s", b""),
        (2, 1, 0, "sa", b""),
        (1, 2, 1, "a", b""),
        (1, 2, 1, "ra", b""),
        (1, 2, 9000, "s", b""),
        (2, 1, 7000, "sa", b""),
        (1, 2, 9001, "a", &ENQUIRE_LINK),
    ]))
    .unwrap();
    let expected = [
        "opened [1, 2, 3]",
        "reset [4]",
        "opened [5, 6, 7]",
        "enquire_link [7]",
    ];
    assert_eq!(words(&trace), expected);
}

#[test]
fn puts_ip_fragments_together() {
    let mut packet = Vec::new();
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(5060, 5060);
    builder.write(&mut packet, OPTIONS).unwrap();
    let (header, payload) = packet.split_at(20);
    let mut file = pcap(&[]);
    for (from, more) in [(0_usize, true), (64, false)] {
        let part = if more {
            &payload[..64]
        } else {
            &payload[from..]
        };
        let mut header = header.to_vec();
        let total = u16::try_from(20 + part.len()).unwrap();
        header[2..4].copy_from_slice(&total.to_be_bytes());
        let offset = u16::try_from(from / 8).unwrap() | if more { 0x2000 } else { 0 };
        header[6..8].copy_from_slice(&offset.to_be_bytes());
        for word in [0, 0, u32::from(total), u32::from(total)] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&header);
        file.extend_from_slice(part);
    }
    assert_eq!(words(&Trace::read(&file).unwrap()), ["OPTIONS [2]"]);
}

#[test]
fn refuses_what_is_no_capture_and_says_where_one_is_damaged() {
    let words = |octets: &[u8]| Trace::read(octets).map(|_| ()).unwrap_err().to_string();
    assert!(words(b"hello, world").contains("neither pcapng nor pcap"));
    let tap = Tap::new();
    let ends = ["127.0.0.1:1", "127.0.0.1:2"];
    let beginning = tap.len();
    tap.record(record("isc", true, ends, Event::Datagram(OPTIONS.to_vec())));
    let mut octets = tap.octets_from(0);
    assert!(words(&octets[..octets.len() - 1]).contains(&format!("octet {beginning}")));
    octets[beginning + 4] = 3;
    assert!(words(&octets).contains(&format!("no valid block at octet {beginning}")));
}

#[test]
fn never_panics_on_a_damaged_capture() {
    let tap = Tap::new();
    let ends = ["127.0.0.1:2855", "127.0.0.1:40000"];
    tap.record(record("msrp", true, ends, Event::Data(SEND.to_vec())));
    tap.record(record(
        "isc",
        false,
        ends,
        Event::Datagram(OPTIONS.to_vec()),
    ));
    let good = tap.octets_from(0);
    for at in 0..good.len() {
        for value in [0, 0xff, good[at] ^ 0x10] {
            let mut bad = good.clone();
            bad[at] = value;
            drop(Trace::read(&bad));
        }
    }
}

#[test]
fn reads_a_recorded_kannel_session() {
    let file = include_bytes!("../../fixtures/vectors/smpp/kannel_trx.pcap");
    let trace = Trace::read(file).unwrap();
    let pdus = trace
        .facts
        .iter()
        .filter(|seen| matches!(seen.fact, Fact::Smpp(_)))
        .count();
    assert!(pdus > 4, "{:?}", words(&trace));
    let malformed = |seen: &Observation| matches!(seen.fact, Fact::Malformed { .. });
    assert!(!trace.facts.iter().any(malformed));
}
