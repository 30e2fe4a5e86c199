//! What a recording lacks, as far as what is there tells it: segments that TCP numbers name, answers to nothing, requests that neither got
//! an answer nor were sent again.
//!
//! Where packets are missing nothing is concluded: neither that something did not happen, nor that something happened only once.
use crate::capture::pacing::SENT_AGAIN;
use crate::observe::{self, Direction, Fact, SipFact, Trace};
use std::collections::HashSet;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The frame that tells it.
    pub frame: u32,
    /// Not later than what is missing, nanoseconds since the Unix epoch.
    pub at: u64,
    pub what: String,
}

/// Everything that a recording of some people lacks. `ends_at` is when the whole recording is over.
pub fn losses(trace: &Trace, ends_at: u64) -> Vec<Loss> {
    let mut found = Vec::new();
    for note in &trace.notes {
        found.push(Loss {
            frame: note.frame,
            at: trace.frame(note.frame).map_or(0, |frame| frame.at),
            what: note.text.clone(),
        });
    }
    answers_to_nothing(trace, &mut found);
    unanswered(trace, ends_at, &mut found);
    unacknowledged(trace, &mut found);
    found.sort_by_key(|loss| (loss.at, loss.frame));
    found
}

fn loss(seen: &SipFact, what: impl Into<String>) -> Loss {
    Loss {
        frame: seen.frames().first().copied().unwrap_or(0),
        at: seen.at(),
        what: what.into(),
    }
}

/// Responses to requests that are not there, or come later than their answers.
fn answers_to_nothing(trace: &Trace, found: &mut Vec<Loss>) {
    let mut asked: HashSet<(String, String, Direction)> = HashSet::new();
    for seen in trace.facts.iter().filter_map(SipFact::of) {
        let branch = seen.message.branch().unwrap_or_default();
        let direction = seen.seen.direction;
        match seen.message.method() {
            Some(method) => {
                asked.insert((branch, method.to_owned(), direction));
            }
            None => {
                let method = seen.message.cseq().map_or("", |(_, method)| method);
                let towards = match direction {
                    Direction::ToSystem => Direction::FromSystem,
                    Direction::FromSystem => Direction::ToSystem,
                    Direction::Unknown => Direction::Unknown,
                };
                if !asked.contains(&(branch, method.to_owned(), towards)) {
                    found.push(loss(
                        &seen,
                        format!("a response to a {method} that is not there"),
                    ));
                }
            }
        }
    }
}

/// Over UDP a request without any answer is sent again; one that was not has had an answer.
fn unanswered(trace: &Trace, ends_at: u64, found: &mut Vec<Loss>) {
    let again = u64::try_from(SENT_AGAIN.as_nanos()).unwrap_or(u64::MAX);
    for one in observe::transactions(trace) {
        let last = one.retransmissions.last().unwrap_or(&one.request);
        let provisional = one.method == "INVITE" && !one.responses.is_empty();
        let silent = one.final_response().is_none() && !provisional;
        let due = last.at().saturating_add(again);
        if silent
            && one.request.seen.transport == "udp"
            && due < ends_at
            && one.retransmissions.is_empty()
        {
            found.push(loss(
                &one.request,
                format!("the answer to a {}", one.method),
            ));
        }
        // A final answer that was acknowledged was there.
        if one.method == "INVITE" && one.final_response().is_none() && !one.acks.is_empty() {
            found.push(loss(
                &one.request,
                "the final answer to an INVITE that was acknowledged",
            ));
        }
    }
}

/// A final response to an INVITE is acknowledged or sent again (RFC 3261 section 13.3.1.4).
fn unacknowledged(trace: &Trace, found: &mut Vec<Loss>) {
    for one in observe::transactions_of(trace, "INVITE") {
        let Some(response) = one.final_response() else {
            continue;
        };
        let finals = one
            .responses
            .iter()
            .filter(|seen| seen.status() >= 200)
            .count();
        if one.acks.is_empty() && finals == 1 && response.seen.transport == "udp" {
            found.push(loss(&response, "the ACK of a final response"));
        }
    }
    // Requests of one dialog are numbered one by one (RFC 3261 section 12.2.1.1).
    let mut numbers: std::collections::HashMap<(String, String), u32> =
        std::collections::HashMap::new();
    for seen in trace.facts.iter().filter_map(SipFact::of) {
        let (Some(id), Some(tag), Some((number, method))) = (
            seen.message.call_id(),
            seen.message.from_tag(),
            seen.message.cseq(),
        ) else {
            continue;
        };
        if seen.message.method().is_none() || matches!(method, "ACK" | "CANCEL") {
            continue;
        }
        let last = numbers.insert((id.to_owned(), tag), number);
        if let Some(last) = last
            && number > last + 1
        {
            found.push(loss(
                &seen,
                format!("requests between number {last} and {number} of a dialog"),
            ));
        }
    }
    for seen in &trace.facts {
        if let Fact::Malformed {
            protocol: "smpp" | "msrp",
            ..
        } = seen.fact
        {
            found.push(Loss {
                frame: seen.frames.first().copied().unwrap_or(0),
                at: seen.at,
                what: "octets of a stream".to_owned(),
            });
        }
    }
}
