//! What passed between whom in one test case, for the ladder diagram of the report: from its capture, or else from the ladder in the record.
//!
//! `run.json` names each capture and its SHA-256. A capture that lies beside it and has that digest is read when the report is made, so the
//! report is a function of the record and of octets which the record fixes; a capture that is missing or was changed is not used, and the
//! diagram is drawn from the masked ladder, without times and octets. So messages need not stand in `run.json` a second time.
//! More than 400 lines, because what the diagram holds and how it is read from a capture are one thing.
use super::judged::marks;
use super::message::{Field, fields, label, text_octets};
use super::wording::digest;
use crate::observe::{Direction, Fact, Observation, Trace, payloads};
use crate::runner::record::{CaptureRecord, CaseRecord};
use crate::wire::diameter::application;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Gives the octets of a capture that the record names, wherever it lies.
pub type Captures<'a> = &'a (dyn Fn(&CaptureRecord) -> Option<Vec<u8>> + Sync);

/// No captures: every ladder is drawn from the record.
pub fn no_captures(_: &CaptureRecord) -> Option<Vec<u8>> {
    None
}

/// Octets of one message that are shown; the rest is in the capture.
const MOST_OCTETS: usize = 8 * 1024;
/// Lines of one ladder; nobody reads more in a browser.
const MOST_LINES: usize = 2000;

#[derive(Serialize, Default)]
pub(super) struct Exchange {
    /// Lifelines from left to right.
    ends: Vec<String>,
    /// Which of them is the system.
    system: usize,
    /// Read from the capture: with times and octets.
    whole: bool,
    steps: Vec<String>,
    lines: Vec<Line>,
    /// Lines that are left out at the end.
    more: usize,
}

/// Names are short, because there are some twenty thousand lines in a report.
#[derive(Serialize, Default)]
struct Line {
    /// Frames.
    f: Vec<u32>,
    /// Milliseconds since the first frame.
    t: f64,
    /// Lifelines.
    a: usize,
    b: usize,
    /// Interface and protocol.
    i: String,
    p: &'static str,
    /// What it is, and what it says.
    l: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    n: String,
    /// Step, if the capture says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<usize>,
    /// It is evidence.
    #[serde(skip_serializing_if = "is_false")]
    e: bool,
    /// First frame of what this is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<u32>,
    /// Packets of audio that this line stands for.
    #[serde(skip_serializing_if = "is_zero")]
    c: u32,
    from: String,
    to: String,
    /// Payload of the frames, an octet a character.
    #[serde(skip_serializing_if = "String::is_empty")]
    o: String,
    /// Octets that are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    cut: u32,
    /// Where the message is in the payload, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<(usize, usize)>,
    /// The message, if it is text that is not in the payload as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    /// Its fields, if it is not text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    d: Vec<Field>,
    /// Lines of the text and fields that a finding is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    h: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hd: Vec<usize>,
}

fn is_false(it: &bool) -> bool {
    !it
}

fn is_zero(it: &u32) -> bool {
    *it == 0
}

/// The exchange of a case; `None` where nothing is known of one.
pub(super) fn exchange(
    case: &CaseRecord,
    system: &str,
    captures: Captures<'_>,
) -> Option<Exchange> {
    let capture = case.capture.as_ref();
    let octets = capture.and_then(captures);
    let octets = octets.filter(|octets| capture.is_some_and(|c| c.sha256 == digest(octets)));
    match (octets, capture) {
        (Some(octets), Some(capture)) => from_capture(case, capture, system, &octets),
        _ => None,
    }
    .or_else(|| from_ladder(&case.ladder, system))
}

struct Reading<'a> {
    case: &'a CaseRecord,
    payloads: BTreeMap<u32, Vec<u8>>,
    evidence: BTreeSet<u32>,
    began: u64,
}

fn from_capture(
    case: &CaseRecord,
    capture: &CaptureRecord,
    system: &str,
    octets: &[u8],
) -> Option<Exchange> {
    let trace = Trace::read(octets).ok()?;
    let reading = Reading {
        case,
        payloads: payloads(octets).ok()?,
        evidence: case
            .findings
            .iter()
            .flat_map(|f| f.frames.clone())
            .collect(),
        began: trace.frames.first().map_or(0, |frame| frame.at),
    };
    let mut found = Exchange {
        whole: true,
        ..Exchange::default()
    };
    let mut people = People::default();
    for seen in &trace.facts {
        if found.again(seen, &reading) {
            continue;
        }
        if found.lines.len() >= MOST_LINES {
            found.more += 1;
            continue;
        }
        let other = people.number(&name(seen, capture), &seen.interface);
        let mut line = reading.line(seen);
        (line.a, line.b) = match seen.direction {
            Direction::FromSystem => (usize::MAX, other),
            Direction::ToSystem | Direction::Unknown => (other, usize::MAX),
        };
        line.s = found.step(seen.comment.as_deref().unwrap_or_default());
        found.lines.push(line);
    }
    found.seat(&people, system);
    (!found.lines.is_empty()).then_some(found)
}

/// Who is at the suite's end. One node plays service centre and HSS; the application tells which of them speaks.
fn name(seen: &Observation, capture: &CaptureRecord) -> String {
    if matches!(&seen.fact, Fact::Diameter(message) if message.application == application::S6C) {
        return "hss".to_owned();
    }
    let end: SocketAddr = match seen.direction {
        Direction::FromSystem => seen.to,
        Direction::ToSystem | Direction::Unknown => seen.from,
    };
    let key = format!("{} {end}", seen.interface);
    let known = capture.ends.get(&key);
    // Who plays a user's audio is the user.
    let person = known.map(|name| name.strip_suffix("-rtp").unwrap_or(name));
    person.map_or_else(|| end.to_string(), str::to_owned)
}

impl Reading<'_> {
    fn line(&self, seen: &Observation) -> Line {
        let (protocol, what, note) = label(&seen.fact);
        let evidence = seen
            .frames
            .iter()
            .any(|frame| self.evidence.contains(frame));
        let mut line = Line {
            f: seen.frames.clone(),
            t: since(self.began, seen.at),
            i: seen.interface.clone(),
            p: protocol,
            l: what,
            n: note,
            e: evidence,
            again: seen.retransmission_of,
            c: u32::from(matches!(seen.fact, Fact::Rtp(_))),
            from: seen.from.to_string(),
            to: seen.to.to_string(),
            ..Line::default()
        };
        let payload: Vec<u8> = seen
            .frames
            .iter()
            .filter_map(|frame| self.payloads.get(frame))
            .flatten()
            .copied()
            .collect();
        let shown = payload.len().min(MOST_OCTETS);
        line.cut = u32::try_from(payload.len() - shown).unwrap_or(u32::MAX);
        line.o = characters(&payload[..shown]);
        line.d = fields(&seen.fact);
        let text = text_octets(&seen.fact);
        if evidence {
            self.mark(&mut line, text.as_deref(), &seen.frames);
        }
        if let Some(text) = text {
            match position(&payload, &text) {
                Some(at) if at < shown => line.m = Some((at, (at + text.len()).min(shown))),
                _ => line.x = Some(characters(&text[..text.len().min(MOST_OCTETS)])),
            }
        }
        line
    }

    fn mark(&self, line: &mut Line, text: Option<&[u8]>, frames: &[u32]) {
        let about = || {
            let findings = self.case.findings.iter();
            findings.filter(|f| f.frames.iter().any(|frame| frames.contains(frame)))
        };
        let text = text.map(|octets| String::from_utf8_lossy(octets).into_owned());
        let lines: Vec<String> = text
            .iter()
            .flat_map(|text| text.split('\n'))
            .map(|line| line.trim_end_matches('\r').to_owned())
            .collect();
        line.h = marks(&lines, about());
        let fields = line.d.iter();
        let fields: Vec<String> = fields
            .map(|(_, name, value)| format!("{name}: {value}"))
            .collect();
        line.hd = marks(&fields, about());
        // Inside a message of text the fields are marked only for what they say.
        if !lines.is_empty() && line.hd == [0] {
            line.hd.clear();
        }
    }
}

impl Exchange {
    /// Audio comes fifty times a second: packets of one stream that follow one another are one line.
    fn again(&mut self, seen: &Observation, reading: &Reading<'_>) -> bool {
        if !matches!(seen.fact, Fact::Rtp(_)) {
            return false;
        }
        let (from, to) = (seen.from.to_string(), seen.to.to_string());
        let step = self.step(seen.comment.as_deref().unwrap_or_default());
        let recent = self
            .lines
            .iter_mut()
            .rev()
            .take_while(|line| line.p == "RTP");
        let same = recent
            .filter(|line| line.s == step)
            .find(|line| line.from == from && line.to == to);
        let Some(line) = same else {
            return false;
        };
        line.c += 1;
        line.n = format!("{} packets", line.c);
        if seen.frames.iter().any(|f| reading.evidence.contains(f)) {
            line.e = true;
            line.f.extend(&seen.frames);
        }
        true
    }

    /// Position of the step in the list of steps, from a packet's comment.
    fn step(&mut self, comment: &str) -> Option<usize> {
        if comment.is_empty() {
            return None;
        }
        let known = self.steps.iter().position(|step| step == comment);
        Some(known.unwrap_or_else(|| {
            self.steps.push(comment.to_owned());
            self.steps.len() - 1
        }))
    }

    /// Gives everybody a lifeline, and the lines their ends.
    fn seat(&mut self, people: &People, system: &str) {
        let (left, right) = people.sides();
        self.system = left.len();
        let order: Vec<usize> = left.iter().chain(&right).copied().collect();
        self.ends = order.iter().map(|n| people.names[*n].clone()).collect();
        self.ends.insert(self.system, system.to_owned());
        let seat = |number: usize| match order.iter().position(|n| *n == number) {
            Some(at) if at < self.system => at,
            Some(at) => at + 1,
            None => self.system,
        };
        for line in &mut self.lines {
            (line.a, line.b) = (seat(line.a), seat(line.b));
        }
    }
}

/// Everybody at the suite's ends, in the order in which they appear.
#[derive(Default)]
struct People {
    names: Vec<String>,
    /// Speaks of short messages only: stands on the other side of the system.
    behind: Vec<bool>,
}

impl People {
    fn number(&mut self, name: &str, interface: &str) -> usize {
        let behind = matches!(interface, "smpp" | "sgd");
        let at = match self.names.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.names.push(name.to_owned());
                self.behind.push(true);
                self.names.len() - 1
            }
        };
        self.behind[at] &= behind;
        at
    }

    /// Left and right of the system.
    fn sides(&self) -> (Vec<usize>, Vec<usize>) {
        let (right, left): (Vec<usize>, Vec<usize>) =
            (0..self.names.len()).partition(|n| self.behind[*n]);
        if right.is_empty() {
            let half = left.len().div_ceil(2);
            let (left, right) = left.split_at(half);
            return (left.to_vec(), right.to_vec());
        }
        (left, right)
    }
}

/// The masked ladder of the record as lines: who to whom and what, nothing else.
fn from_ladder(ladder: &str, system: &str) -> Option<Exchange> {
    let mut found = Exchange::default();
    let mut people = People::default();
    let mut interface = String::new();
    for words in ladder.lines() {
        let depth = words.len() - words.trim_start().len();
        let words = words.trim();
        match depth {
            0 => drop(found.step(words)),
            1..=2 => interface = words.to_owned(),
            3..=4 => {
                let Some((from, rest)) = words.split_once(" -> ") else {
                    continue;
                };
                let (to, what) = rest.split_once("  ").unwrap_or((rest, ""));
                let out = from == "gateway" || from == "system";
                let other = people.number(if out { to } else { from }, &interface);
                let (a, b) = if out {
                    (usize::MAX, other)
                } else {
                    (other, usize::MAX)
                };
                found.lines.push(Line {
                    a,
                    b,
                    i: interface.clone(),
                    l: what.to_owned(),
                    s: found.steps.len().checked_sub(1),
                    ..Line::default()
                });
            }
            _ => {
                if let Some(line) = found.lines.last_mut() {
                    let text = line.x.get_or_insert_default();
                    text.push_str(words);
                    text.push('\n');
                }
            }
        }
    }
    found.seat(&people, system);
    (!found.lines.is_empty()).then_some(found)
}

/// Milliseconds, to the microsecond.
fn since(began: u64, at: u64) -> f64 {
    (at.saturating_sub(began) / 1000) as f64 / 1000.0
}

/// An octet a character, so that JSON carries any octets and text stays text.
fn characters(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

fn position(payload: &[u8], message: &[u8]) -> Option<usize> {
    if message.is_empty() {
        return None;
    }
    memchr::memmem::find(payload, message)
}
