//! CPU time of decoding: our codecs, and those that users would pick instead, on the messages of the reference captures.
//!
//! Both sides of a comparison take turns on the same octets; the ratio is the median over the pairs. Noise of other processes shows as
//! distance between least and greatest ratio, which stand beside it. `codecs --messages N` sets how many messages one turn reads.

#[path = "../../fuzz/corpora.rs"]
mod corpora;
#[path = "../../fuzz/readers.rs"]
mod readers;

use ims_conformance::observe::{Names, Observer, ladder};
use ims_conformance::wire::msrp::MsrpMessage;
use ims_conformance::wire::sip::SipMessage;
use ims_conformance::wire::smpp::Pdu;
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

/// Nanoseconds that this process has spent on a CPU.
fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|n| n.parse().ok());
    first.unwrap_or_default()
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

struct Bench {
    messages: usize,
}

impl Bench {
    fn turns(&self, inputs: &[Vec<u8>]) -> usize {
        (self.messages / inputs.len().max(1)).max(1)
    }

    fn alone(&self, what: &str, inputs: &[Vec<u8>], read: &dyn Fn(&[u8])) {
        let turns = self.turns(inputs);
        cost(inputs, 1, read);
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
        let turns = self.turns(&inputs);
        let read = |octets: &[u8]| {
            black_box(theirs(octets));
        };
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

fn sip_and_check(octets: &[u8]) {
    sip(octets);
    black_box(
        SipMessage::parse(octets)
            .map(|message| message.check())
            .is_ok(),
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

fn main() {
    let mut arguments = std::env::args().skip_while(|word| word != "--messages");
    let messages = arguments.nth(1).and_then(|count| count.parse().ok());
    let bench = Bench {
        messages: messages.unwrap_or(20_000),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let all = match corpora::corpora(&root, EVERY) {
        Ok(all) => all,
        Err(error) => return println!("no corpora: {error}"),
    };
    let of = |name: &str| -> Vec<Vec<u8>> {
        let found = all.iter().find(|(known, _)| *known == name);
        found.map(|(_, inputs)| inputs.clone()).unwrap_or_default()
    };
    let whole = |octets: &&Vec<u8>| {
        SipMessage::parse(octets).is_ok_and(|message| message.defects.is_empty())
    };
    let messages: Vec<Vec<u8>> = of("sip").iter().filter(whole).cloned().collect();
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
    bench.alone("SIP with all that check() knows", &messages, &sip_and_check);
    let parse = |octets: &[u8]| {
        black_box(SipMessage::parse(octets).is_ok());
    };
    bench.alone("SIP, parse alone", &messages, &parse);
    let pdus: Vec<Vec<u8>> = of("smpp")
        .iter()
        .filter(|octets| Pdu::parse(octets).is_ok())
        .cloned()
        .collect();
    let smpp = |octets: &[u8]| {
        black_box(Pdu::parse(octets).is_ok());
    };
    bench.beside(
        "SMPP beside rusmpp-core borrowed",
        &pdus,
        &smpp,
        &rusmpp_borrowed,
        0.75,
    );
    bench.beside(
        "SMPP beside rusmpp-core owned",
        &pdus,
        &smpp,
        &rusmpp_owned,
        0.75,
    );
    let msrp = |octets: &[u8]| {
        black_box(MsrpMessage::parse(octets).is_ok());
    };
    bench.alone("MSRP", &of("msrp"), &msrp);
    let tpdu = |octets: &[u8]| {
        black_box(
            RpMessage::decode(octets)
                .ok()
                .and_then(|message| message.tpdu())
                .is_some(),
        );
    };
    bench.alone("RP and TPDU", &of("short_messages"), &tpdu);
    let captures: Vec<Vec<u8>> = of("capture").into_iter().take(20).collect();
    bench.alone(
        "a capture of the reference run, read into facts",
        &captures,
        &capture,
    );
    let draw = |octets: &[u8]| {
        let mut observer = Observer::new();
        black_box(observer.feed(octets).is_ok());
        black_box(ladder(observer.trace(), &Names::default()).len());
    };
    bench.alone("the same and its ladder", &captures, &draw);
}
