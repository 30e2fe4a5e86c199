//! CPU time of decoding: our codecs, and those that users would pick instead, on the messages of the reference captures.
//!
//! Both sides of a comparison take turns on the same octets; the ratio is the median over the pairs. Noise of other processes shows as
//! distance between least and greatest ratio, which stand beside it.
//!
//! `codecs --turns NAME N` reads the inputs of one reader N times and prints nothing but their number: what `instructions.py` counts.
//! More than 400 lines: one small reader for each codec and each peer, in one list.

#[path = "../../fuzz/corpora.rs"]
mod corpora;
#[path = "../../fuzz/readers.rs"]
mod readers;

use ims_conformance::observe::{Names, Observer, ladder};
use ims_conformance::wire::msrp::MsrpMessage;
use ims_conformance::wire::sip::SipMessage;
use ims_conformance::wire::smpp::{Pdu, PduRef};
use ims_conformance::wire::sms::rp::RpMessage;
use rsip::prelude::{HeadersExt, ToTypedHeader};
use rusmpp_core::decode::borrowed::DecodeWithLength as _;
use rusmpp_core::decode::owned::DecodeWithLength as _;
use std::hint::black_box;
use std::path::Path;

/// Pairs of turns.
const PAIRS: usize = 11;
/// Of the captures of the reference run one of so many.
const EVERY: usize = 12;

/// What one turn takes at least, so that the clock is fine enough.
const TURN: f64 = 50e6;

/// Nanoseconds that this process has spent on a CPU.
fn spent() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or_default()
}

/// Nanoseconds per input over `turns` readings of all.
fn cost(inputs: &[Vec<u8>], turns: usize, read: &dyn Fn(&[u8])) -> f64 {
    let before = spent();
    for _ in 0..turns {
        inputs.iter().for_each(|octets| read(octets));
    }
    (spent() - before) as f64 / (turns * inputs.len()) as f64
}

fn median(values: &mut [f64]) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    )
}

/// How often to read all inputs for one turn. This also warms them.
fn turns(inputs: &[Vec<u8>], read: &dyn Fn(&[u8])) -> usize {
    cost(inputs, 1, read);
    let once = cost(inputs, 3, read) * inputs.len() as f64;
    (TURN / once.max(1.0)) as usize + 1
}

struct Bench;

impl Bench {
    fn alone(&self, what: &str, inputs: &[Vec<u8>], read: &dyn Fn(&[u8])) {
        let turns = turns(inputs, read);
        let mut costs: Vec<f64> = (0..PAIRS).map(|_| cost(inputs, turns, read)).collect();
        let (least, middle, most) = median(&mut costs);
        println!("{what:<58} {middle:>9.0} ns ({least:.0} to {most:.0})");
    }

    /// Ours against theirs; only inputs that they accept count.
    fn beside(
        &self,
        what: &str,
        all: &[Vec<u8>],
        ours: &dyn Fn(&[u8]),
        theirs: &dyn Fn(&[u8]) -> bool,
        goal: f64,
    ) {
        let inputs: Vec<Vec<u8>> = all
            .iter()
            .filter(|octets| theirs(octets))
            .cloned()
            .collect();
        let read = |octets: &[u8]| {
            black_box(theirs(octets));
        };
        let turns = turns(&inputs, ours).min(turns(&inputs, &read));
        let (mut own, mut other, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            own.push(cost(&inputs, turns, ours));
            other.push(cost(&inputs, turns, &read));
            ratios.push(own[own.len() - 1] / other[other.len() - 1]);
        }
        let (least, middle, most) = median(&mut ratios);
        let (own, other) = (median(&mut own).1, median(&mut other).1);
        let word = if middle <= goal { "met" } else { "missed" };
        let count = inputs.len();
        println!(
            "{what:<58} {own:>9.0} ns beside {other:.0} ns: {middle:.2} ({least:.2} to {most:.2}), goal {goal} {word}; {count} messages"
        );
    }
}

/// Strict grammar, and six header fields with their types.
fn sip(octets: &[u8]) {
    let Ok(message) = SipMessage::parse(octets) else {
        return;
    };
    black_box((
        message.via_ref(),
        message.address_ref("From"),
        message.address_ref("To"),
    ));
    let length = message.header("Content-Length");
    let length = length.and_then(|length| length.parse::<usize>().ok());
    black_box((message.call_id(), message.cseq(), length));
}

/// The same, with types that own their texts.
fn sip_owned(octets: &[u8]) {
    let Ok(message) = SipMessage::parse(octets) else {
        return;
    };
    black_box((
        message.via(),
        message.address("From"),
        message.address("To"),
    ));
    black_box((
        message.call_id(),
        message.cseq(),
        message.header("Content-Length"),
    ));
}

fn sip_parse(octets: &[u8]) {
    black_box(SipMessage::parse(octets).is_ok());
}

fn sip_check(octets: &[u8]) {
    black_box(
        SipMessage::parse(octets)
            .map(|message| message.check())
            .is_ok(),
    );
}

fn smpp(octets: &[u8]) {
    black_box(PduRef::parse(octets).is_ok());
}

fn smpp_owned(octets: &[u8]) {
    black_box(Pdu::parse(octets).is_ok());
}

fn msrp(octets: &[u8]) {
    black_box(MsrpMessage::parse(octets).is_ok());
}

fn tpdu(octets: &[u8]) {
    black_box(
        RpMessage::decode(octets)
            .ok()
            .and_then(|message| message.tpdu())
            .is_some(),
    );
}

fn rsip_typed(octets: &[u8]) -> bool {
    let Ok(message) = rsip::SipMessage::try_from(octets) else {
        return false;
    };
    let via = message.via_header().and_then(|header| header.typed());
    let from = message.from_header().and_then(|header| header.typed());
    let to = message.to_header().and_then(|header| header.typed());
    let cseq = message.cseq_header().and_then(|header| header.typed());
    let length = message.call_id_header().map(|header| header.to_string());
    via.is_ok() && from.is_ok() && to.is_ok() && cseq.is_ok() && length.is_ok()
}

fn rsipstack(octets: &[u8]) -> bool {
    black_box(rsipstack::sip::SipMessage::try_from(octets)).is_ok()
}

fn rusmpp_borrowed(octets: &[u8]) -> bool {
    use rusmpp_core::command::borrowed::Command;
    let Some(rest) = octets.get(4..) else {
        return false;
    };
    black_box(Command::<16>::decode(rest, rest.len())).is_ok()
}

fn rusmpp_owned(octets: &[u8]) -> bool {
    use rusmpp_core::command::owned::Command;
    let Some(rest) = octets.get(4..) else {
        return false;
    };
    let mut buffer = bytes::BytesMut::from(rest);
    black_box(Command::decode(&mut buffer, rest.len())).is_ok()
}

fn capture(octets: &[u8]) {
    let mut observer = Observer::new();
    black_box(observer.feed(octets).is_ok());
    black_box(observer.trace().facts.len());
}

fn draw(octets: &[u8]) {
    let mut observer = Observer::new();
    black_box(observer.feed(octets).is_ok());
    black_box(ladder(observer.trace(), &Names::default()).len());
}

/// Inputs of the readers, by the name of the corpus.
struct Inputs(Vec<corpora::Corpus>);

impl Inputs {
    fn of(&self, name: &str, wanted: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let of = self.0.iter().filter(|(known, _)| *known == name);
        of.flat_map(|(_, inputs)| inputs)
            .filter(|octets| wanted(octets))
            .cloned()
            .collect()
    }
    fn sip(&self) -> Vec<Vec<u8>> {
        self.of("sip", |octets| {
            SipMessage::parse(octets).is_ok_and(|message| message.defects.is_empty())
        })
    }
    fn smpp(&self) -> Vec<Vec<u8>> {
        self.of("smpp", |octets| Pdu::parse(octets).is_ok())
    }
    fn msrp(&self) -> Vec<Vec<u8>> {
        self.of("msrp", |octets| MsrpMessage::parse(octets).is_ok())
    }
    fn tpdu(&self) -> Vec<Vec<u8>> {
        self.of("short_messages", |octets| {
            RpMessage::decode(octets).is_ok_and(|message| message.tpdu().is_some())
        })
    }
}

/// What [`turns_of`] reads: inputs and reader.
type Job = (Vec<Vec<u8>>, fn(&[u8]));

fn job(inputs: &Inputs, name: &str) -> Option<Job> {
    Some(match name {
        "sip" => (inputs.sip(), sip),
        "sip-rsipstack" => (inputs.sip(), |octets| {
            rsipstack(octets);
        }),
        "sip-rsip" => (inputs.sip(), |octets| {
            rsip_typed(octets);
        }),
        "smpp" => (inputs.smpp(), smpp),
        "smpp-rusmpp" => (inputs.smpp(), |octets| {
            rusmpp_borrowed(octets);
        }),
        "smpp-owned" => (inputs.smpp(), smpp_owned),
        "smpp-rusmpp-owned" => (inputs.smpp(), |octets| {
            rusmpp_owned(octets);
        }),
        "msrp" => (inputs.msrp(), msrp),
        "tpdu" => (inputs.tpdu(), tpdu),
        _ => return None,
    })
}

/// One reader, without a clock.
fn turns_of(inputs: &Inputs, name: &str, turns: usize) {
    let Some((inputs, read)) = job(inputs, name) else {
        return println!("no reader {name}");
    };
    for _ in 0..turns {
        inputs.iter().for_each(|octets| read(octets));
    }
    println!("{}", inputs.len());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let inputs = match corpora::corpora(&root, EVERY) {
        Ok(all) => Inputs(all),
        Err(error) => return println!("no corpora: {error}"),
    };
    if let [_, mode, name, turns, ..] = arguments.as_slice()
        && mode == "--turns"
    {
        return turns_of(&inputs, name, turns.parse().unwrap_or(1));
    }
    let bench = Bench;
    let messages = inputs.sip();
    bench.beside(
        "SIP, six typed header fields, beside rsipstack untyped",
        &messages,
        &sip,
        &rsipstack,
        0.6,
    );
    bench.beside(
        "SIP, six typed header fields, beside rsip typed",
        &messages,
        &sip,
        &rsip_typed,
        0.2,
    );
    bench.alone("SIP, parse alone", &messages, &sip_parse);
    bench.alone("SIP, six owned header fields", &messages, &sip_owned);
    bench.alone("SIP with all that check() knows", &messages, &sip_check);
    let pdus = inputs.smpp();
    bench.beside(
        "SMPP beside rusmpp-core borrowed",
        &pdus,
        &smpp,
        &rusmpp_borrowed,
        0.75,
    );
    bench.beside(
        "SMPP owned beside rusmpp-core owned",
        &pdus,
        &smpp_owned,
        &rusmpp_owned,
        0.75,
    );
    bench.alone("MSRP", &inputs.msrp(), &msrp);
    bench.alone("RP and TPDU", &inputs.tpdu(), &tpdu);
    let captures = inputs.of("capture", |_| true);
    let captures = &captures[..captures.len().min(20)];
    bench.alone(
        "a capture of the reference run, read into facts",
        captures,
        &capture,
    );
    bench.alone("the same and its ladder", captures, &draw);
    growth();
}

/// What a message costs of which something is there once, twice, four and eight times.
fn growth() {
    type Make = fn(usize) -> Vec<u8>;
    let of: [(&str, Make, fn(&[u8])); 4] = [
        ("SIP header fields", many_fields, sip),
        ("SIP body", long_body, sip),
        ("SMPP optional parameters", many_tlvs, smpp),
        ("MSRP header fields", many_msrp_fields, msrp),
    ];
    println!("nanoseconds of 1, 2, 4 and 8 times as much, and the last for each beside the first:");
    for (what, make, read) in of {
        let costs: Vec<f64> = [1, 2, 4, 8]
            .into_iter()
            .map(|times| {
                let inputs = [make(times)];
                let turns = turns(&inputs, &read);
                let mut costs: Vec<f64> = (0..5).map(|_| cost(&inputs, turns, &read)).collect();
                median(&mut costs).0
            })
            .collect();
        let share = costs[3] / costs[0] / 8.0;
        println!(
            "{what:<26} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {share:.2}",
            costs[0], costs[1], costs[2], costs[3]
        );
    }
}

const REQUEST: &str = "MESSAGE sip:b@h.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n";

fn many_fields(times: usize) -> Vec<u8> {
    let fields = "X-Extension-Of-Others: some value; with=parameters\r\n".repeat(times * 40);
    format!("{REQUEST}{fields}Content-Length: 0\r\n\r\n").into_bytes()
}

fn long_body(times: usize) -> Vec<u8> {
    let body = "Text of a message. ".repeat(times * 1_000);
    let length = body.len();
    format!("{REQUEST}Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn many_tlvs(times: usize) -> Vec<u8> {
    let mut octets = [0, 0, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
    octets.extend([0; 17]);
    for _ in 0..times * 30 {
        octets.extend([0x14, 0x00, 0x00, 0x04, 1, 2, 3, 4]);
    }
    let length = u32::try_from(octets.len()).unwrap_or_default();
    octets[..4].copy_from_slice(&length.to_be_bytes());
    octets
}

fn many_msrp_fields(times: usize) -> Vec<u8> {
    let fields = "X-Extension: some value\r\n".repeat(times * 10);
    format!(
        "MSRP a1b2 SEND\r\nTo-Path: msrp://h:1/a;tcp\r\nFrom-Path: msrp://h:2/b;tcp\r\nMessage-ID: 1\r\nByte-Range: 1-5/5\r\n{fields}Content-Type: text/plain\r\n\r\nhello\r\n-------a1b2$\r\n"
    )
    .into_bytes()
}
