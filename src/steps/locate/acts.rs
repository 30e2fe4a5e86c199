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
    in_sessions(trace, &mut found);
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

/// What is said in the message sessions of calls, and how they are lost. Who writes to a session that no call has names nobody.
fn in_sessions(trace: &Trace, found: &mut BTreeSet<(u32, String)>) {
    let sessions = observe::sessions(trace);
    for call in observe::calls(trace) {
        let Some(session) = observe::session_of(&call, &sessions) else {
            continue;
        };
        let own = |direction| direction != Direction::FromSystem;
        for message in &session.messages {
            if own(message.direction) && !message.empty {
                found.insert((first(&message.frames), "a chat message".to_owned()));
            }
        }
        // A report that was asked for is sent by the terminal itself.
        let asked = |id: &str| {
            let mut messages = session.messages.iter();
            messages.any(|message| {
                message.message_id == id && message.success_report.as_deref() == Some("yes")
            })
        };
        for report in &session.reports {
            let id = report.message.message_id().unwrap_or_default();
            if own(report.seen.direction) && !asked(id) {
                found.insert((first(report.frames()), "a report in a chat".to_owned()));
            }
        }
        let over = call
            .bye()
            .map_or(u32::MAX, |bye| first(bye.request.frames()));
        if let Some(closed) = session.closed
            && closed.direction == Direction::ToSystem
            && first(&closed.frames) < over
        {
            let lost = "the end of a message connection".to_owned();
            found.insert((first(&closed.frames), lost));
        }
    }
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
