//! Self-test: whatever octets come, every reader of the suite ends in bounded time and memory, without panicking and with its promises kept.
//!
//! Each reader gets the corpora cut at every octet, with octets changed, with numbers at their limits, and inputs that are large or deep in
//! one respect. More than 400 lines: each reader has its own inputs.
//!
//! The same readers run under `cargo fuzz` (`src/fuzz/Cargo.toml`); what that found lies in `fixtures/corpus/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../fuzz/corpora.rs"]
mod corpora;
#[path = "../fuzz/readers.rs"]
mod readers;

use proptest::prelude::*;
use readers::{READERS, Reader};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

/// Of the captures of the reference run one of so many.
const EVERY: usize = 97;
/// Most inputs of one reader that are cut at every octet, and the longest of them.
const CUT: usize = 12;
const LONGEST_CUT: usize = 1500;
/// CPU time that reading a large input may take: far more than linear work does, far less than quadratic work does.
const PATIENCE: Duration = Duration::from_secs(5);

type Corpus = (&'static str, Vec<Vec<u8>>);

static CORPORA: LazyLock<Vec<Corpus>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    corpora::corpora(root, EVERY).unwrap()
});

fn reader(name: &str) -> Reader {
    READERS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Some inputs of a reader, from all over its corpus.
fn some(name: &str, most: usize) -> impl Iterator<Item = &'static [u8]> {
    let (_, all) = CORPORA.iter().find(|(known, _)| *known == name).unwrap();
    let step = (all.len() / most).max(1);
    all.iter().step_by(step).map(Vec::as_slice)
}

#[test]
fn every_reader_has_a_corpus() {
    for (name, all) in CORPORA.iter() {
        assert!(all.len() > 1, "{name} has {} inputs", all.len());
        all.iter().take(100).for_each(|octets| reader(name)(octets));
    }
}

/// The crate of the fuzz targets, which builds `wire` and `observe` by itself, has what these name, in the version of the suite.
#[test]
fn the_fuzz_targets_have_what_they_are_built_from() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let sources: String = sources(&root.join("src/wire")) + &sources(&root.join("src/observe"));
    let (ours, theirs) = (read("Cargo.toml"), read("src/fuzz/Cargo.toml"));
    let dependencies = ours.split("[dependencies]").nth(1).unwrap();
    let dependencies = dependencies.split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| line.contains(" = ")) {
        let line = line.split(" #").next().unwrap();
        let name = line.split(' ').next().unwrap().replace('-', "_");
        let named = [
            format!(" {name}::"),
            format!("({name}::"),
            format!("#[{name}::"),
        ];
        if !named.iter().any(|named| sources.contains(named)) {
            continue;
        }
        assert!(theirs.contains(line), "src/fuzz/Cargo.toml lacks {line}");
    }
}

fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap();
    let texts = entries.map(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path),
            // Built for the tests of the suite only.
            false if path.to_string_lossy().ends_with("tests.rs") => String::new(),
            false => std::fs::read_to_string(&path).unwrap(),
        }
    });
    texts.collect()
}

#[test]
fn inputs_that_once_broke_a_reader_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    for (name, read) in READERS {
        for entry in std::fs::read_dir(folder.join(name)).into_iter().flatten() {
            read(&std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn survives_the_end_at_every_octet() {
    for (name, read) in READERS {
        for octets in some(name, CUT) {
            let end = octets.len().min(LONGEST_CUT);
            // A capture costs more than its octets.
            let step = if name == "capture" { 37 } else { 1 };
            (0..end).step_by(step).for_each(|end| read(&octets[..end]));
        }
    }
}

#[test]
fn survives_numbers_at_their_limits() {
    const LIMITS: [[u8; 4]; 4] = [[0; 4], [0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0]];
    for name in [
        "smpp",
        "short_messages",
        "diameter",
        "rtp",
        "capture",
        "connection",
    ] {
        let most = if name == "capture" { 2 } else { 6 };
        for octets in some(name, most).filter(|octets| octets.len() < 16 * 1024) {
            let step = 1 + octets.len() / 256;
            for at in (0..octets.len()).step_by(step) {
                for (width, limit) in LIMITS.iter().enumerate() {
                    let mut octets = octets.to_vec();
                    let end = octets.len().min(at + 1 + width);
                    octets[at..end].copy_from_slice(&limit[..end - at]);
                    reader(name)(&octets);
                }
            }
        }
    }
}

/// Where, what is done there, and with what.
type Change = (prop::sample::Index, u8, Vec<u8>);

fn changed(octets: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for (place, what, with) in changes {
        let at = place.index(octets.len() + 1);
        let end = octets.len().min(at + with.len());
        match what % 5 {
            0 => drop(octets.splice(at..end, with.iter().copied())),
            1 => drop(octets.splice(at..at, with.iter().copied())),
            2 => drop(octets.drain(at..end)),
            3 => drop(octets.splice(at..at, octets[at..end].to_vec().repeat(3))),
            _ => drop(octets.splice(at..at, [*what; 3])),
        }
    }
    octets
}

proptest! {
    // What fails is kept by hand, in `fixtures/corpus/`.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn survives_octets_changed(
        which in any::<prop::sample::Index>(),
        input in any::<prop::sample::Index>(),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<u8>(), prop::collection::vec(any::<u8>(), 1..6)), 1..6),
    ) {
        let (name, all) = which.get(CORPORA.as_slice());
        let octets: &Vec<u8> = input.get(all.as_slice());
        reader(name)(&changed(octets, &changes));
    }
}

/// One thing many times: `before`, `count` times `each`, `after`.
fn many(before: &str, each: &str, count: usize, after: &str) -> Vec<u8> {
    [before, &each.repeat(count), after].concat().into_bytes()
}

const REQUEST: &str = "MESSAGE sip:a@h.example SIP/2.0\r\n";

/// Inputs that are large or deep in one respect, each with its reader.
#[allow(clippy::too_many_lines)] // A table.
fn large() -> Vec<(&'static str, Vec<u8>)> {
    let m = 512 * 1024;
    let pdu = "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01";
    let diameter = "\x01\0\0\x14\0\0\x01\x18\0\0\0\0\0\0\0\0\0\0\0\0";
    let element = "<rl:list xmlns:rl=\"urn:ietf:params:xml:ns:resource-lists\">";
    let wrapped = |kind: &str, each: &str, count: usize| {
        many(&format!("{REQUEST}{kind}"), each, count, "\r\n\r\n")
    };
    vec![
        ("sip", many(REQUEST, "X: y\r\n", m / 6, "\r\n")),
        ("sip", many(REQUEST, "X: y\r\n", 10_000, "\r\n")),
        ("sip", wrapped("Subject: x", "\r\n x", 15_000)),
        ("sip", wrapped("Via: SIP/2.0/UDP h", ",SIP/2.0/UDP h", 4000)),
        ("sip", wrapped("Contact: <sip:a@h>", ";x=y", 15_000)),
        ("sip", wrapped("Contact: ", "<", 60_000)),
        ("sip", wrapped("Contact: ", "\"\\", 30_000)),
        ("sip", wrapped("From: <sip:a@h?", "a=b&", 15_000)),
        ("sip", many(REQUEST, "\n", m, "")),
        ("sip", many("", "\r\n", m, REQUEST)),
        ("sip_stream", many("\u{1}", "\r\n", m, REQUEST)),
        (
            "sip_stream",
            many("\u{1}", "OPTIONS sip:a SIP/2.0\r\nl:0\r\n\r\n", m / 32, ""),
        ),
        (
            "sip_stream",
            many(
                "\u{1}OPTIONS sip:a SIP/2.0\r\nl:16777216\r\n\r\n",
                "x",
                4 * m,
                "",
            ),
        ),
        (
            "sip_stream",
            many("\u{1}OPTIONS sip:a SIP/2.0\r\n", "x", 4 * m, ""),
        ),
        ("sip_values", many("sip:a@h", ";x", m / 2, "")),
        ("sip_values", many("<sip:a@h", ";x=\"<\"", 100_000, ">")),
        ("sip_values", many("", "sip:a@h,", m / 8, "")),
        ("sip_values", many("sip:", "%41", m / 3, "@h")),
        (
            "sdp",
            many(
                "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n",
                "m=message 1 TCP/MSRP *\r\n",
                10_000,
                "",
            ),
        ),
        (
            "sdp",
            many(
                "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n",
                "a=x\r\n",
                50_000,
                "",
            ),
        ),
        (
            "multipart",
            many(
                "multipart/mixed;boundary=b\n",
                "--b\r\n\r\n",
                m / 7,
                "--b--\r\n",
            ),
        ),
        (
            "multipart",
            many(
                "multipart/mixed;boundary=b\n",
                "--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n",
                20_000,
                "--b--\r\n",
            ),
        ),
        (
            "multipart",
            many("multipart/mixed;boundary=b\n", "--bx", m, ""),
        ),
        (
            "msrp",
            many("\u{1}MSRP abcd SEND\r\n", "X: y\r\n", m / 6, ""),
        ),
        (
            "msrp",
            many(
                "\u{1}MSRP abcd SEND\r\nContent-Type: a/b\r\n\r\n",
                "\r\n-------abc",
                m / 4,
                "",
            ),
        ),
        (
            "msrp",
            many(
                "\u{1}MSRP abcd SEND\r\nContent-Type: a/b\r\n\r\n",
                "\r\n-------abcd",
                m / 4,
                "$\r\n",
            ),
        ),
        (
            "msrp",
            many("\u{1}", "MSRP a SEND\r\n-------a$\r\n", m / 20, ""),
        ),
        ("msrp", many("\u{1}", "nothing\nMSRP \r\n", m / 10, "")),
        ("cpim", many("", "NS: a <b>\r\n", m / 10, "\r\n\r\n")),
        ("cpim", many("X: ", "\\u0041", m / 6, "\r\n\r\n\r\n")),
        ("cpim", many("X: ", ";a=b", m / 4, "\r\n\r\n\r\n")),
        ("smpp", many("", pdu, m / 16, "")),
        ("diameter", many("", diameter, m / 20, "")),
        (
            "http",
            many(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\nx\r\n",
                m / 2,
                "",
            ),
        ),
        (
            "http",
            many(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                "x",
                8 * m,
                "",
            ),
        ),
        (
            "http",
            many("GET / HTTP/1.1\r\n", "X: y\r\n", m / 6, "\r\n"),
        ),
        ("xml", many("", "<a>", 80_000, "")),
        (
            "xml",
            [
                many("", element, 4000, ""),
                many("", "</rl:list>", 4000, ""),
            ]
            .concat(),
        ),
        ("xml", many("<a ", "x=\"\" ", 40_000, "/>")),
        (
            "xml",
            many(
                "<!DOCTYPE a [<!ENTITY b \"b\">",
                "<!ENTITY c \"&b;&b;&b;\">",
                1000,
                "]><a>&c;</a>",
            ),
        ),
        (
            "authentication",
            many("Digest ", "realm=\"\\\\\",", m / 12, ""),
        ),
        ("connection", vec![b'\r'; m]),
        (
            "connection",
            many("\x02\0\0\x03\0\0", "\x10\x01\u{7f}abcd", m / 7, ""),
        ),
        (
            "connection",
            readers::as_connection(&many("", pdu, m / 16, "")),
        ),
        (
            "connection",
            readers::as_connection(&many(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\nx\r\n",
                m / 6,
                "",
            )),
        ),
        (
            "connection",
            readers::as_connection(&many(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                "x",
                2 * m,
                "",
            )),
        ),
    ]
}

/// CPU time of this thread, so that a busy machine makes no difference.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let first = text.split_whitespace().next().unwrap();
    Duration::from_nanos(first.parse().unwrap())
}

#[test]
fn reads_what_is_large_or_deep_in_time_and_memory() {
    for (place, (name, octets)) in large().iter().enumerate() {
        let before = spent();
        reader(name)(octets);
        let took = spent() - before;
        let begins = String::from_utf8_lossy(&octets[..octets.len().min(60)]).into_owned();
        assert!(took < PATIENCE, "{name} {place} {begins:?} took {took:?}");
        if took.as_millis() > 500 {
            println!("{name} {place} {begins:?} took {took:?}");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next()?.parse::<usize>().ok());
    assert!(
        peak.unwrap_or_default() < 768 * 1024,
        "{peak:?} KiB at most"
    );
}
