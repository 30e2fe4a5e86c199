//! The masked text ladder of a test case: who said what to whom in each step, the same text for every run in which the same happened.
//!
//! What only the clock or a race decides is left out or ordered: messages stand under the step that caused them, by reference point and
//! peer, each in capture order; MSRP, SMPP and Diameter answers stand at the end of their request; 100 (Trying), keep-alives, retransmissions of
//! answered requests and the orderly end of a session's connection are not shown.
use super::{Direction, Fact, Observation, Trace, transactions};
use crate::wire::diameter::application;
use masks::Masks;
pub use settled::{differences, first_difference};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

mod http_lines;
mod masks;
mod settled;
mod sip_lines;
mod sms_lines;
mod stream_lines;

/// Copies of a datagram that follow so soon were sent on purpose: the first timer of RFC 3261 is 500 ms.
const AT_ONCE: u64 = 100_000_000;

/// Names a scenario gives to what differs from run to run.
#[derive(Debug, Clone)]
pub struct Names {
    /// Whose address this is: `alice-sip`, `alice-msrp`, `smsc-smpp`. Without its last `-` and word it names the person.
    pub by_address: BTreeMap<SocketAddr, String>,
    /// Whose number this is (`+` and digits): `alice`, `bob`. Other numbers become `«number-1»`.
    pub by_number: BTreeMap<String, String>,
    /// Any other text to be replaced wherever it occurs (domain, host name, generated words); the longest is tried first.
    pub by_text: BTreeMap<String, String>,
    /// What the system under test is called.
    pub system: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            by_address: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_text: BTreeMap::new(),
            system: "system".to_owned(),
        }
    }
}

/// One entry of the ladder before masking.
struct Rung<'t> {
    /// Number of the step, and its comment.
    step: (u32, &'t str),
    /// Position of the reference point in a segment.
    place: usize,
    peer: String,
    /// The SMS user a PDU is about, if listed.
    handset: String,
    seen: &'t Observation,
    answer: Option<&'t Observation>,
    repeated: bool,
}

/// The trace as text.
pub fn ladder(trace: &Trace, names: &Names) -> String {
    let mut rungs = rungs(trace, names);
    // Stable: capture order is kept inside a segment's reference point and peer.
    rungs.sort_by(|a, b| {
        let key = |rung: &Rung<'_>| (rung.step.0, rung.place);
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.peer, &a.handset).cmp(&(&b.peer, &b.handset)))
            .then_with(|| is_receipt(a.seen).cmp(&is_receipt(b.seen)))
    });
    let mut masks = Masks::new(names);
    let mut text = String::new();
    let (mut step, mut place) = (None, None);
    for rung in &rungs {
        let Some(lines) = lines(rung, &mut masks) else {
            continue;
        };
        if step != Some(rung.step.0) {
            step = Some(rung.step.0);
            place = None;
            if !rung.step.1.is_empty() {
                text.push_str(&format!("{}\n", masks.words(rung.step.1)));
            }
        }
        if place != Some(rung.place) {
            place = Some(rung.place);
            text.push_str(&format!("  {}\n", rung.seen.interface));
        }
        let (from, to) = match rung.seen.direction {
            Direction::FromSystem => (names.system.as_str(), rung.peer.as_str()),
            _ => (rung.peer.as_str(), names.system.as_str()),
        };
        let repeated = if rung.repeated { " (repeated)" } else { "" };
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                text.push_str(&format!("    {from} -> {to}  {line}{repeated}\n"));
            } else {
                text.push_str(&format!("        {line}\n"));
            }
        }
    }
    text
}

/// Who is at the suite's ends of the trace, by interface and address (`isc 127.0.0.1:41234`).
pub fn ends(trace: &Trace, names: &Names) -> BTreeMap<String, String> {
    let peers = peers(trace, names);
    let mut ends = BTreeMap::new();
    for seen in &trace.facts {
        let key = format!("{} {}", seen.interface, suite_end(seen));
        ends.entry(key).or_insert_with(|| peer(seen, &peers, names));
    }
    ends
}

fn lines(rung: &Rung<'_>, masks: &mut Masks<'_>) -> Option<Vec<String>> {
    match (&rung.seen.fact, rung.answer.map(|answer| &answer.fact)) {
        (Fact::Sip(message), _) => Some(sip_lines::lines(message, masks)),
        (Fact::Msrp(message), Some(Fact::Msrp(answer))) => {
            Some(stream_lines::msrp(message, Some(answer), masks))
        }
        (Fact::Msrp(message), _) => Some(stream_lines::msrp(message, None, masks)),
        (Fact::Smpp(pdu), Some(Fact::Smpp(answer))) => stream_lines::smpp(pdu, Some(answer), masks),
        (Fact::Smpp(pdu), _) => stream_lines::smpp(pdu, None, masks),
        (Fact::Diameter(message), Some(Fact::Diameter(answer))) => {
            sms_lines::diameter(message, Some(answer), masks)
        }
        (Fact::Diameter(message), _) => sms_lines::diameter(message, None, masks),
        (Fact::Http(message), Some(Fact::Http(answer))) => {
            Some(http_lines::lines(message, Some(answer), masks))
        }
        (Fact::Http(message), _) => Some(http_lines::lines(message, None, masks)),
        (Fact::TcpOpened, _) => Some(vec!["connects".to_owned()]),
        (Fact::TcpClosed { .. }, _) => Some(vec!["connection ends".to_owned()]),
        (
            Fact::Malformed {
                protocol, error, ..
            },
            _,
        ) => Some(vec![format!("malformed {protocol}: {error}")]),
        (Fact::SipKeepAlive | Fact::Rtp(_), _) => None,
    }
}

fn rungs<'t>(trace: &'t Trace, names: &Names) -> Vec<Rung<'t>> {
    let (answers, answering) = answers(trace);
    let (repeated, left_out) = repetitions(trace);
    let peers = peers(trace, names);
    let ended = first_bye(trace);
    let mut rungs = Vec::new();
    for (index, seen) in trace.facts.iter().enumerate() {
        let step = step(seen);
        let shown = match &seen.fact {
            // How many packets there are is the clock's business.
            Fact::SipKeepAlive | Fact::Rtp(_) => false,
            Fact::TcpOpened => seen.interface == "msrp",
            // After a BYE either side may close first, and when is nobody's business.
            Fact::TcpClosed { .. } => {
                seen.interface == "msrp" && ended.is_none_or(|bye| step.0 < bye)
            }
            _ => true,
        };
        if !shown || answering.contains(&index) || left_out.contains(&index) {
            continue;
        }
        rungs.push(Rung {
            step,
            place: match seen.interface.as_str() {
                "isc" | "gm" => 0,
                "msrp" => 1,
                "smpp" | "sgd" => 2,
                _ => 3,
            },
            peer: peer(seen, &peers, names),
            handset: handset(seen, names),
            seen,
            answer: answers.get(&index).and_then(|at| trace.facts.get(*at)),
            repeated: repeated.contains(&index),
        });
    }
    rungs
}

/// `[n] text` of the comment.
fn step(seen: &Observation) -> (u32, &str) {
    let comment = seen.comment.as_deref().unwrap_or_default();
    let number = comment
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    let number = number.and_then(|digits| digits.parse().ok());
    (number.unwrap_or(0), comment)
}

fn first_bye(trace: &Trace) -> Option<u32> {
    let bye = |seen: &&Observation| matches!(&seen.fact, Fact::Sip(m) if m.method() == Some("BYE"));
    trace.facts.iter().find(bye).map(|seen| step(seen).0)
}

/// MSRP, SMPP and Diameter responses by their requests (positions in the trace), and the responses so placed.
fn answers(trace: &Trace) -> (HashMap<usize, usize>, HashSet<usize>) {
    let mut open: HashMap<(SocketAddr, SocketAddr, String), usize> = HashMap::new();
    let mut answers = HashMap::new();
    for (index, seen) in trace.facts.iter().enumerate() {
        let (id, is_response) = match &seen.fact {
            Fact::Msrp(m) => (m.transaction_id.clone(), m.status().is_some()),
            Fact::Smpp(pdu) => (pdu.sequence.to_string(), pdu.command.is_response()),
            Fact::Diameter(m) => (m.hop_by_hop.to_string(), !m.is_request()),
            // One request at a time on a connection of ours.
            Fact::Http(m) => (String::new(), m.status().is_some()),
            _ => continue,
        };
        if is_response {
            if let Some(request) = open.remove(&(seen.to, seen.from, id)) {
                answers.insert(request, index);
            }
        } else {
            open.insert((seen.from, seen.to, id), index);
        }
    }
    let answering = answers.values().copied().collect();
    (answers, answering)
}

/// SIP messages that came again: those whose repetition is shown on the first one, and all that get no line of their own.
fn repetitions(trace: &Trace) -> (HashSet<usize>, HashSet<usize>) {
    let position: HashMap<*const Observation, usize> = trace
        .facts
        .iter()
        .enumerate()
        .map(|(index, seen)| (std::ptr::from_ref(seen), index))
        .collect();
    let at = |seen: &Observation| position.get(&std::ptr::from_ref(seen)).copied();
    let (mut repeated, mut left_out) = (HashSet::new(), HashSet::new());
    for transaction in transactions(trace) {
        let unanswered = transaction.responses.is_empty();
        for again in &transaction.retransmissions {
            left_out.extend(at(again.seen));
            if unanswered || again.at() < transaction.request.at() + AT_ONCE {
                repeated.extend(at(transaction.request.seen));
            }
        }
        let unacknowledged = transaction.method == "INVITE" && transaction.acks.is_empty();
        for list in [&transaction.responses, &transaction.acks] {
            for (index, fact) in list.iter().enumerate() {
                let status = fact.status();
                if status == 100 {
                    left_out.extend(at(fact.seen));
                    continue;
                }
                let same = |one: &&super::SipFact<'_>| {
                    one.status() == status && one.message.to_tag() == fact.message.to_tag()
                };
                let Some(first) = list[..index].iter().find(same) else {
                    continue;
                };
                left_out.extend(at(fact.seen));
                let provisional = (101..200).contains(&status);
                if provisional || unacknowledged || fact.at() < first.at() + AT_ONCE {
                    repeated.extend(at(first.seen));
                }
            }
        }
    }
    (repeated, left_out)
}

/// Names of the suite's ends that have no listed address (dialled from ports of the moment): from what is said on them.
fn peers(trace: &Trace, names: &Names) -> HashMap<SocketAddr, String> {
    let mut found = HashMap::new();
    for seen in &trace.facts {
        let suite = suite_end(seen);
        let name = match &seen.fact {
            Fact::Msrp(message) => {
                let path = if seen.direction == Direction::FromSystem {
                    message.to_path()
                } else {
                    message.from_path()
                };
                path.last().and_then(|uri| person_of_uri(uri, names))
            }
            Fact::Sip(message) => {
                let field = if message.is_request() == (seen.direction == Direction::ToSystem) {
                    "From"
                } else {
                    "To"
                };
                let value = message.header(field).unwrap_or_default();
                let number = crate::wire::sip::NameAddr::parse(value)
                    .ok()
                    .and_then(|value| crate::wire::sip::number_of(value.uri.as_str()));
                number.and_then(|number| names.by_number.get(&number).cloned())
            }
            Fact::Http(message) => {
                http_lines::user(message).and_then(|number| names.by_number.get(&number).cloned())
            }
            _ => None,
        };
        if let Some(name) = name {
            found.entry(suite).or_insert(name);
        }
    }
    found
}

fn person_of_uri(uri: &str, names: &Names) -> Option<String> {
    let uri = crate::wire::msrp::MsrpUri::parse(uri).ok()?;
    let address = SocketAddr::new(uri.host.parse().ok()?, uri.port?);
    names.by_address.get(&address).map(|name| person(name))
}

/// `alice` of `alice-msrp`.
fn person(name: &str) -> String {
    let end = name
        .rfind('-')
        .filter(|end| matches!(&name[end + 1..], "sip" | "msrp" | "smpp" | "sgd"));
    name[..end.unwrap_or(name.len())].to_owned()
}

fn handset(seen: &Observation, names: &Names) -> String {
    let number = match &seen.fact {
        Fact::Smpp(pdu) => pdu.short_message().map(|fields| match seen.direction {
            Direction::FromSystem => fields.dest_number(),
            Direction::ToSystem | Direction::Unknown => fields.source_number(),
        }),
        Fact::Diameter(message) => sms_lines::other_side(message),
        _ => None,
    };
    let name = number.and_then(|number| names.by_number.get(&number));
    name.cloned().unwrap_or_default()
}

/// Receipts come when the network pleases, so they stand behind the short messages of their step.
fn is_receipt(seen: &Observation) -> bool {
    match &seen.fact {
        Fact::Smpp(pdu) => pdu
            .short_message()
            .is_some_and(|fields| fields.is_receipt()),
        Fact::Diameter(message) => sms_lines::is_status_report(message),
        _ => false,
    }
}

fn suite_end(seen: &Observation) -> SocketAddr {
    match seen.direction {
        Direction::FromSystem => seen.to,
        Direction::ToSystem | Direction::Unknown => seen.from,
    }
}

fn peer(seen: &Observation, peers: &HashMap<SocketAddr, String>, names: &Names) -> String {
    // One node plays the service centre and the HSS; which of them speaks is told by the application.
    if matches!(&seen.fact, Fact::Diameter(message) if message.application == application::S6C) {
        return "hss".to_owned();
    }
    let suite = suite_end(seen);
    let listed = names.by_address.get(&suite).map(|name| person(name));
    let said = peers.get(&suite).cloned();
    // An HTTP client's port is one of the moment, and may have the number of somebody's RTP port.
    let (first, second) = match &seen.fact {
        Fact::Http(_) => (said, listed),
        _ => (listed, said),
    };
    first
        .or(second)
        .unwrap_or_else(|| match seen.interface.as_str() {
            "smpp" | "sgd" => "smsc".to_owned(),
            _ => "peer".to_owned(),
        })
}

#[cfg(test)]
#[path = "ladder/ladder_tests.rs"]
mod tests;
