//! Whether the wire is at rest: nothing asked that is still to be answered.
//!
//! The runner waits for this before the next stimulus, so that a test case provokes one thing at a time. An INVITE without final response
//! is at rest (people take their time); everything else is answered by machines at once.
use super::{Fact, Observation, SipFact, Trace, diameter_requests, transactions};
use crate::wire::msrp::MsrpMessage;
use std::collections::HashMap;

/// What is still to be answered, in words; empty when the wire is at rest.
pub fn unsettled(trace: &Trace) -> Vec<String> {
    let mut waiting = Vec::new();
    sip(trace, &mut waiting);
    msrp(trace, &mut waiting);
    smpp(trace, &mut waiting);
    diameter(trace, &mut waiting);
    waiting
}

fn sip(trace: &Trace, waiting: &mut Vec<String>) {
    for transaction in transactions(trace) {
        let frame = frame(transaction.request);
        match (transaction.method, transaction.final_response()) {
            ("INVITE", Some(response)) => {
                if transaction.acks.is_empty() {
                    let status = response.status();
                    waiting.push(format!(
                        "{status} to the INVITE of frame {frame} awaits its ACK"
                    ));
                }
            }
            ("INVITE", None) | (_, Some(_)) => {}
            (method, None) => {
                waiting.push(format!(
                    "{method} of frame {frame} awaits its final response"
                ));
            }
        }
    }
}

fn frame(fact: SipFact<'_>) -> u32 {
    fact.frames().last().copied().unwrap_or(0)
}

/// A SEND with `Failure-Report: no` or `partial` need not be answered (RFC 4975 section 7.1.2), nor is a REPORT.
fn msrp(trace: &Trace, waiting: &mut Vec<String>) {
    let mut open = HashMap::new();
    for seen in &trace.facts {
        match &seen.fact {
            Fact::Msrp(message) if awaits_response(message) => {
                let key = (seen.from, seen.to, message.transaction_id.clone());
                open.insert(key, seen.frames.last().copied().unwrap_or(0));
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
    let mut frames: Vec<u32> = open.into_values().collect();
    frames.sort_unstable();
    let words = frames
        .into_iter()
        .map(|frame| format!("MSRP SEND of frame {frame} awaits its response"));
    waiting.extend(words);
}

fn awaits_response(message: &MsrpMessage) -> bool {
    let report = message.header("Failure-Report");
    message.method() == Some("SEND")
        && !report.is_some_and(|value| {
            value.eq_ignore_ascii_case("no") || value.eq_ignore_ascii_case("partial")
        })
}

fn smpp(trace: &Trace, waiting: &mut Vec<String>) {
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
                open.insert(key, (frame, pdu.command.name()));
            }
            Fact::TcpClosed { .. } => open.retain(|(from, to, _), _| {
                (*from, *to) != (seen.from, seen.to) && (*to, *from) != (seen.from, seen.to)
            }),
            _ => {}
        }
    }
    let mut open: Vec<(u32, String)> = open.into_values().collect();
    open.sort_unstable();
    let words = open
        .into_iter()
        .map(|(frame, command)| format!("{command} of frame {frame} awaits its response"));
    waiting.extend(words);
}

fn diameter(trace: &Trace, waiting: &mut Vec<String>) {
    let open = diameter_requests(trace).into_iter().filter(|request| {
        let ends = (request.seen.from, request.seen.to);
        let closed = |one: &&Observation| {
            matches!(one.fact, Fact::TcpClosed { .. })
                && (ends == (one.from, one.to) || ends == (one.to, one.from))
        };
        request.answer.is_none() && !trace.facts[request.index..].iter().any(|one| closed(&one))
    });
    let words = open.map(|request| {
        let (name, frame) = (request.message.name(), request.frame());
        format!("{name} of frame {frame} awaits its answer")
    });
    waiting.extend(words);
}
