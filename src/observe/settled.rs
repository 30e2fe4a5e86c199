//! Whether the wire is at rest: nothing asked that is still to be answered.
//!
//! The runner waits for this before the next stimulus, so that a test case provokes one thing at a time. An INVITE without final response
//! is at rest (people take their time); everything else is answered by machines at once.
use super::{Direction, Fact, Observation, SipFact, Trace, diameter_requests, transactions};
use crate::wire::msrp::MsrpMessage;
use std::collections::HashMap;

/// Something that somebody has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// True when the answer is up to the system.
    pub for_system: bool,
    pub frame: u32,
    pub words: String,
}

impl Waiting {
    /// `asked` is the direction of what is to be answered.
    fn new(asked: Direction, frame: u32, words: String) -> Self {
        Self {
            for_system: asked == Direction::ToSystem,
            frame,
            words,
        }
    }
}

/// What is still to be answered, in words; empty when the wire is at rest.
pub fn unsettled(trace: &Trace) -> Vec<String> {
    let waiting = waiting(trace).into_iter();
    waiting.map(|one| one.words).collect()
}

pub(super) fn waiting(trace: &Trace) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    sip(trace, &mut waiting);
    msrp(trace, &mut waiting);
    smpp(trace, &mut waiting);
    diameter(trace, &mut waiting);
    waiting
}

fn sip(trace: &Trace, waiting: &mut Vec<Waiting>) {
    for transaction in transactions(trace) {
        let frame = frame(transaction.request);
        match (transaction.method, transaction.final_response()) {
            ("INVITE", Some(response)) => {
                if transaction.acks.is_empty() {
                    let status = response.status();
                    let words = format!("{status} to the INVITE of frame {frame} awaits its ACK");
                    waiting.push(Waiting::new(response.seen.direction, frame, words));
                }
            }
            ("INVITE", None) | (_, Some(_)) => {}
            (method, None) => {
                let words = format!("{method} of frame {frame} awaits its final response");
                waiting.push(Waiting::new(transaction.direction, frame, words));
            }
        }
    }
}

fn frame(fact: SipFact<'_>) -> u32 {
    fact.frames().last().copied().unwrap_or(0)
}

/// A SEND with `Failure-Report: no` or `partial` need not be answered (RFC 4975 section 7.1.2), nor is a REPORT.
fn msrp(trace: &Trace, waiting: &mut Vec<Waiting>) {
    let mut open = HashMap::new();
    for seen in &trace.facts {
        match &seen.fact {
            Fact::Msrp(message) if awaits_response(message) => {
                let key = (seen.from, seen.to, message.transaction_id.clone());
                let frame = seen.frames.last().copied().unwrap_or(0);
                open.insert(key, (frame, seen.direction));
            }
            Fact::Msrp(message) if message.status().is_some() => {
                open.remove(&(seen.to, seen.from, message.transaction_id.clone()));
            }
            // Nobody can answer on a closed connection.
            Fact::TcpClosed { .. } => open.retain(|(from, to, _), _| {
                (*from, *to) != (seen.from, seen.to) && (*to, *from) != (seen.from, seen.to)
            }),
            _ => {}
        }
    }
    let mut open: Vec<(u32, Direction)> = open.into_values().collect();
    open.sort_unstable_by_key(|(frame, _)| *frame);
    waiting.extend(open.into_iter().map(|(frame, asked)| {
        let words = format!("MSRP SEND of frame {frame} awaits its response");
        Waiting::new(asked, frame, words)
    }));
}

fn awaits_response(message: &MsrpMessage) -> bool {
    let report = message.header("Failure-Report");
    message.method() == Some("SEND")
        && !report.is_some_and(|value| {
            value.eq_ignore_ascii_case("no") || value.eq_ignore_ascii_case("partial")
        })
}

fn smpp(trace: &Trace, waiting: &mut Vec<Waiting>) {
    let mut open = HashMap::new();
    for seen in &trace.facts {
        match &seen.fact {
            // alert_notification and outbind have no response (SMPP 3.4 sections 4.12.1 and 4.1.7).
            Fact::Smpp(pdu) if matches!(pdu.command.0, 0x102 | 0x0b) => {}
            Fact::Smpp(pdu) if pdu.command.is_response() => {
                open.remove(&(seen.to, seen.from, pdu.sequence));
            }
            Fact::Smpp(pdu) => {
                let frame = seen.frames.last().copied().unwrap_or(0);
                let key = (seen.from, seen.to, pdu.sequence);
                open.insert(key, (frame, pdu.command.name(), seen.direction));
            }
            Fact::TcpClosed { .. } => open.retain(|(from, to, _), _| {
                (*from, *to) != (seen.from, seen.to) && (*to, *from) != (seen.from, seen.to)
            }),
            _ => {}
        }
    }
    let mut open: Vec<(u32, String, Direction)> = open.into_values().collect();
    open.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    waiting.extend(open.into_iter().map(|(frame, command, asked)| {
        let words = format!("{command} of frame {frame} awaits its response");
        Waiting::new(asked, frame, words)
    }));
}

fn diameter(trace: &Trace, waiting: &mut Vec<Waiting>) {
    let open = diameter_requests(trace).into_iter().filter(|request| {
        let ends = (request.seen.from, request.seen.to);
        let closed = |one: &&Observation| {
            matches!(one.fact, Fact::TcpClosed { .. })
                && (ends == (one.from, one.to) || ends == (one.to, one.from))
        };
        request.answer.is_none() && !trace.facts[request.index..].iter().any(|one| closed(&one))
    });
    waiting.extend(open.map(|request| {
        let (name, frame) = (request.message.name(), request.frame());
        let words = format!("{name} of frame {frame} awaits its answer");
        Waiting::new(request.direction(), frame, words)
    }));
}
