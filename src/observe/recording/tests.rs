//! Captures of the suite's own, as somebody else would have recorded them: without reference points, directions and comments.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::observe::reader::Reader;
use crate::observe::{Direction, Fact, Observer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Every so many captures of the evidence.
const EVERY: usize = 9;

fn evidence() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/reference");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("TC-")
        })
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pcapng")
        })
        .collect();
    files.sort();
    files.into_iter().step_by(EVERY).collect()
}

/// As classic pcap, its packets behind an Ethernet header with a VLAN tag, big endian with nanoseconds.
fn foreign(own: &[u8]) -> Vec<u8> {
    let mut reader = Reader::default();
    reader.push(own);
    let mut out = Vec::new();
    for word in [0xa1b2_3c4d_u32, 0x0002_0004, 0, 0, 262_144, 1] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    while let Some(packet) = reader.next_packet().unwrap() {
        let kind: u16 = if packet.octets[0] >> 4 == 4 {
            0x0800
        } else {
            0x86dd
        };
        let mut octets = vec![2; 12];
        octets.extend_from_slice(&[0x81, 0, 0, 7]);
        octets.extend_from_slice(&kind.to_be_bytes());
        octets.extend_from_slice(&packet.octets);
        let length = u32::try_from(octets.len()).unwrap();
        let (seconds, rest) = (packet.at / 1_000_000_000, packet.at % 1_000_000_000);
        for word in [seconds as u32, rest as u32, length, length] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        out.extend_from_slice(&octets);
    }
    out
}

/// What the suite knows of the ends of its own capture.
fn ends_of(trace: &Trace) -> Ends {
    let mut sip = BTreeSet::new();
    let mut ut = BTreeSet::new();
    let mut ends = Ends::default();
    for seen in &trace.facts {
        let system = match seen.direction {
            Direction::ToSystem => seen.to,
            Direction::FromSystem => seen.from,
            Direction::Unknown => continue,
        };
        match &seen.fact {
            // A peer that talks to itself is not the system.
            Fact::Sip(_) if seen.from == seen.to => {}
            Fact::Sip(_) if seen.transport == "udp" => {
                sip.insert((system, seen.interface.clone()));
            }
            Fact::Http(_) => {
                ut.insert(system);
            }
            Fact::Diameter(message) if seen.direction == Direction::ToSystem => {
                let host = message.text(crate::wire::diameter::name::ORIGIN_HOST);
                ends.peer_hosts.extend(host.map(str::to_owned));
            }
            _ => {}
        }
    }
    ends.sip = sip.into_iter().collect();
    ends.ut = ut.into_iter().collect();
    ends.system_identities = [
        "sip:factory@cmmc.home1.example",
        "sip:mmtel@conf-factory.home1.example",
    ]
    .map(str::to_owned)
    .to_vec();
    ends.system_prefixes = vec!["+4420794".to_owned()];
    ends
}

/// What a judge sees of a fact; handshakes of connections that carry no media are left out, and comments.
fn told(trace: &Trace) -> Vec<String> {
    let mut of_media: BTreeSet<(SocketAddr, SocketAddr)> = BTreeSet::new();
    for seen in trace
        .facts
        .iter()
        .filter(|seen| matches!(seen.fact, Fact::Msrp(_)))
    {
        of_media.extend([(seen.from, seen.to), (seen.to, seen.from)]);
    }
    let wanted = trace.facts.iter().filter(|seen| match &seen.fact {
        Fact::TcpOpened | Fact::TcpClosed { .. } => of_media.contains(&(seen.from, seen.to)),
        Fact::SipKeepAlive => false,
        _ => true,
    });
    let line = |seen: &Observation| {
        // What one peer says to another is recorded by both of them, and so is there twice, each time in both directions.
        let direction = match &seen.fact {
            Fact::Rtp(_) => Direction::Unknown,
            _ if seen.from == seen.to => Direction::Unknown,
            _ => seen.direction,
        };
        format!(
            "{:?} {} {} {}>{} {:?} {} {:?} {:?}",
            seen.frames,
            seen.at,
            seen.interface,
            seen.from,
            seen.to,
            direction,
            seen.transport,
            seen.retransmission_of,
            seen.fact
        )
    };
    let mut lines: Vec<String> = wanted.map(line).collect();
    lines.dedup();
    lines
}

fn merged(conversations: Vec<Conversation>) -> Trace {
    let mut whole = Trace::default();
    for conversation in conversations {
        whole.facts.extend(conversation.trace.facts);
        whole.frames.extend(conversation.trace.frames);
    }
    whole.facts.sort_by_key(|seen| seen.frames.last().copied());
    whole
}

#[test]
fn evidence_recorded_by_others_shows_the_same_facts() {
    let mut differing = Vec::new();
    let files = evidence();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let octets = std::fs::read(path).unwrap();
        let own = Trace::read(&octets).unwrap();
        let recording = Recording::new(ends_of(&own));
        let (conversations, _) = recording.conversations(&foreign(&octets)[..]).unwrap();
        let mut whole = merged(conversations);
        let mut expected = own.clone();
        expected
            .facts
            .sort_by_key(|seen| seen.frames.last().copied());
        whole.facts.sort_by_key(|seen| seen.frames.last().copied());
        let (expected, found) = (told(&expected), told(&whole));
        if expected != found {
            let first = expected
                .iter()
                .zip(&found)
                .find(|(expected, found)| expected != found);
            let missing = expected.iter().find(|line| !found.contains(line));
            let further = found.iter().find(|line| !expected.contains(line));
            let shown =
                |line: Option<&String>| line.map(|line| line.chars().take(260).collect::<String>());
            differing.push(format!(
                "{name}: {} facts instead of {}\n  missing {:?}\n  further {:?}\n  {}",
                found.len(),
                expected.len(),
                shown(missing),
                shown(further),
                first.is_some()
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {}\n{}",
        differing.len(),
        files.len(),
        differing.join("\n")
    );
}

/// Several captures as one recording, one after the other.
fn together(files: &[PathBuf]) -> Vec<u8> {
    let mut all = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let one = foreign(&std::fs::read(path).unwrap());
        all.extend_from_slice(if index == 0 { &one } else { &one[24..] });
    }
    all
}

fn summary_of(conversations: &[Conversation]) -> BTreeMap<Vec<String>, Vec<String>> {
    let told = |one: &Conversation| (one.identities.clone(), told(&one.trace));
    conversations.iter().map(told).collect()
}

#[test]
fn screening_gives_what_reading_everything_gives() {
    let files: Vec<PathBuf> = evidence().into_iter().step_by(3).collect();
    let octets = together(&files);
    let interests: [fn(&Glimpse<'_>) -> bool; 3] = [
        |_| true,
        |glimpse| glimpse.method == b"MESSAGE",
        |glimpse| glimpse.protocol == Protocol::Smpp,
    ];
    for interest in interests {
        let screened = Recording::new(Ends::default()).interested_in(interest);
        let (screened, summary) = screened.conversations(&octets[..]).unwrap();
        let whole = Recording::new(Ends::default())
            .interested_in(interest)
            .without_screening();
        let (whole, other) = whole.conversations(&octets[..]).unwrap();
        assert_eq!(summary_of(&screened), summary_of(&whole));
        assert_eq!(summary.kept, other.kept);
    }
}

#[test]
fn what_nobody_may_want_is_only_glanced_at() {
    let files: Vec<PathBuf> = evidence().into_iter().step_by(5).collect();
    let recording = Recording::new(Ends::default()).interested_in(|_| false);
    let (conversations, summary) = recording.conversations(&together(&files)[..]).unwrap();
    assert!(conversations.is_empty());
    assert_eq!(summary.kept, 0);
    assert!(summary.screened > 0);
}

#[test]
fn the_observer_and_the_recording_see_the_same_packets() {
    let files: Vec<PathBuf> = evidence().into_iter().step_by(11).collect();
    let octets = together(&files);
    let mut observer = Observer::new();
    observer.feed(&octets).unwrap();
    observer.finish().unwrap();
    let sip = |facts: &[Observation]| {
        let is_sip =
            |seen: &&Observation| matches!(seen.fact, Fact::Sip(_)) && seen.transport == "udp";
        let mut frames: Vec<u32> = facts
            .iter()
            .filter(is_sip)
            .map(|seen| seen.frames[0])
            .collect();
        frames.sort_unstable();
        frames
    };
    let (conversations, _) = Recording::new(Ends::default())
        .conversations(&octets[..])
        .unwrap();
    assert_eq!(
        sip(&observer.trace().facts),
        sip(&merged(conversations).facts)
    );
}

#[test]
fn a_packed_file_and_one_that_was_cut_are_read_as_far_as_they_go() {
    use std::io::Write as _;
    let octets = together(&evidence()[..1]);
    let (plain, summary) = Recording::new(Ends::default())
        .conversations(&octets[..])
        .unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&octets).unwrap();
    let packed = packed.finish().unwrap();
    let (unpacked, same) = Recording::new(Ends::default())
        .conversations(&packed[..])
        .unwrap();
    assert_eq!(
        (summary_of(&plain), &summary),
        (summary_of(&unpacked), &same)
    );

    let cut = &octets[..octets.len() - 3];
    let (_, summary) = Recording::new(Ends::default()).conversations(cut).unwrap();
    assert!(
        summary.notes[0].text.contains("in the middle of a block"),
        "{summary:?}"
    );
    let none = Recording::new(Ends::default())
        .conversations(&b"neither"[..])
        .unwrap_err();
    assert!(matches!(none, ObserveError::UnknownFormat(_)), "{none}");
}
