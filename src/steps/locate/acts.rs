//! What the people of a recording have done of their own accord, in order. What a terminal does by itself in answer to something (ACK,
//! PRACK, responses, reports that were asked for, refreshes) is no act.
use super::by_itself::Causes;
use crate::observe::{self, Direction, Fact, Trace};
use crate::verdict::scene::originator;
use crate::wire::sms::rp::RpBody;
use std::collections::{BTreeMap, BTreeSet};

/// What an act on Ut is called.
pub const ON_UT: &str = "a request on Ut";

/// One act: a request of ours that nothing made necessary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// First frame; an act is named by it.
    pub frame: u32,
    /// When its first frame was seen, nanoseconds since the Unix epoch.
    pub at: u64,
    /// In words, for reports.
    pub what: String,
    /// The number of whoever does it, where the message says that.
    pub by: Option<String>,
    /// A delivery report of the service centre: an act only where a scenario has it wait for an order.
    pub is_report: bool,
}

/// Every act, by their first frames.
pub fn acts(trace: &Trace) -> Vec<Act> {
    let mut found = BTreeSet::new();
    signalling(trace, &mut found);
    let mut by: BTreeMap<u32, String> = BTreeMap::new();
    for one in observe::transactions(trace) {
        // Several register at once, in any order.
        if matches!(one.method, "INVITE" | "MESSAGE")
            && let Some(number) = originator(one.request.message)
        {
            by.insert(first(one.request.frames()), number);
        }
    }
    for session in observe::sessions(trace) {
        for message in &session.messages {
            if message.direction != Direction::FromSystem && !message.empty {
                found.insert((first(&message.frames), "a chat message".to_owned()));
            }
        }
    }
    for frame in connections_lost(trace) {
        found.insert((frame, "the end of a message connection".to_owned()));
    }
    let mut reports = BTreeSet::new();
    for message in observe::short_messages(trace) {
        let own = message.direction != Direction::FromSystem;
        for part in message.parts.iter().filter(|_| own) {
            let what = match message.is_receipt {
                true => "a delivery report",
                false => "a short message",
            };
            let frame = first(part.frames);
            found.insert((frame, what.to_owned()));
            if message.is_receipt {
                reports.insert(frame);
            }
        }
    }
    for (frame, number) in super::ut::asks(trace) {
        found.insert((frame, ON_UT.to_owned()));
        by.extend(number.map(|number| (frame, number)));
    }
    let time = |number: u32| trace.frame(number).map_or(0, |frame| frame.at);
    let act = |(frame, what): (u32, String)| Act {
        frame,
        at: time(frame),
        what,
        by: by.get(&frame).cloned(),
        is_report: reports.contains(&frame),
    };
    found.into_iter().map(act).collect()
}

/// Ends of message connections of ours while their calls go on.
fn connections_lost(trace: &Trace) -> Vec<u32> {
    let sessions = observe::sessions(trace);
    let calls = observe::calls(trace);
    let lost = calls.iter().filter_map(|call| {
        let closed = observe::session_of(call, &sessions)?.closed?;
        let frame = first(&closed.frames);
        let over = call.bye().map_or(u32::MAX, |bye| first(bye.request.frames()));
        (closed.direction == Direction::ToSystem && frame < over).then_some(frame)
    });
    lost.collect()
}

fn signalling(trace: &Trace, found: &mut BTreeSet<(u32, String)>) {
    let reports: BTreeSet<u32> = observe::encapsulated(trace)
        .iter()
        .filter(|one| {
            let body = one.message.as_ref().map(|message| &message.body);
            matches!(body, Some(RpBody::Ack { .. } | RpBody::Error { .. }))
        })
        .map(|one| first(one.transaction.request.frames()))
        .collect();
    let all = observe::transactions(trace);
    let causes = Causes::of(trace, &all);
    for one in &all {
        let frame = first(one.request.frames());
        let of_system = one.direction == Direction::FromSystem;
        if of_system || causes.is_by_itself(one) || reports.contains(&frame) {
            continue;
        }
        found.insert((frame, format!("a {}", one.method)));
    }
    // Octets that are no message were sent all the same.
    for seen in &trace.facts {
        if matches!(
            seen.fact,
            Fact::Malformed {
                protocol: "sip",
                ..
            }
        ) && seen.direction == Direction::ToSystem
        {
            found.insert((
                first(&seen.frames),
                "octets that are no SIP message".to_owned(),
            ));
        }
    }
}

fn first(frames: &[u32]) -> u32 {
    frames.first().copied().unwrap_or(0)
}
