//! Whose side it is when a verdict is no pass: system, peer, network, configuration, suite or specification.
//!
//! The verdict says what was seen, this says where to look first, from the recording: what the suite itself sent is checked as strictly as
//! what the system sends, and silence of the whole system is no answer of it. It never changes a verdict.
use super::{Reason, Verdict};
use crate::observe::{Direction, Fact, Observation, Trace};

pub const SYSTEM: &str = "system";
pub const PEER: &str = "peer";
pub const NETWORK: &str = "network";
pub const CONFIGURATION: &str = "configuration";
pub const SUITE: &str = "suite";
pub const SPECIFICATION: &str = "specification";

/// What there is to look at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub trace: &'a Trace,
    /// Connections that nobody took, in words.
    pub unanswered: &'a [String],
    /// The peers have a personality, which may be to send what no grammar allows.
    pub habits: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    pub side: &'static str,
    /// What in the recording says so; empty where the verdict says it.
    pub why: String,
}

/// What verdict and reason alone say.
pub fn by_reason(verdict: Verdict, reason: Option<Reason>) -> &'static str {
    match (verdict, reason) {
        (Verdict::Fail, _) | (Verdict::Inconc, Some(Reason::PreconditionUnmet)) => SYSTEM,
        (Verdict::Inconc, Some(Reason::AmbiguousReading)) => SPECIFICATION,
        (Verdict::Inconc, Some(Reason::NotStimulated)) => SUITE,
        (Verdict::Inconc, _) => SYSTEM,
        (Verdict::Error, Some(Reason::Config | Reason::Provisioning)) => CONFIGURATION,
        (Verdict::Error, Some(Reason::Peer)) => PEER,
        (Verdict::Error, _) => SUITE,
        _ => "",
    }
}

/// The first of these that the recording shows: a wrong message of the suite's own, a system that was never heard, a connection that
/// nobody took, octets lost on the way; else what verdict and reason say.
pub fn from_evidence(verdict: Verdict, reason: Option<Reason>, evidence: &Evidence) -> Blame {
    let side = by_reason(verdict, reason);
    let found = match (verdict, side) {
        (Verdict::Fail, _) => own_mistake(evidence).or_else(|| silence(evidence.trace)),
        (Verdict::Inconc, SYSTEM | SUITE) => own_mistake(evidence)
            .or_else(|| silence(evidence.trace))
            .or_else(|| unanswered(evidence))
            .or_else(|| lost(evidence.trace)),
        (Verdict::Error, PEER | CONFIGURATION) => unanswered(evidence),
        _ => None,
    };
    match found {
        Some((side, why)) => Blame { side, why },
        None => Blame {
            side,
            why: String::new(),
        },
    }
}

type Found = Option<(&'static str, String)>;

fn own_mistake(evidence: &Evidence) -> Found {
    let mut sent = evidence.trace.facts.iter();
    let sent = sent.by_ref().filter(|o| o.direction == Direction::ToSystem);
    let side = if evidence.habits { PEER } else { SUITE };
    sent.filter_map(|one| Some((one, wrong(one)?)))
        .map(|(one, what)| {
            let frame = one.frames.last().copied().unwrap_or_default();
            (side, format!("frame {frame}, which the suite sent: {what}"))
        })
        .next()
}

/// What is wrong with a message by its grammar.
fn wrong(seen: &Observation) -> Option<String> {
    match &seen.fact {
        Fact::Malformed { error, .. } => Some(error.to_string()),
        Fact::Sip(message) => message.defects.first().map(ToString::to_string),
        _ => None,
    }
}

/// The suite spoke and not one packet came back, on any interface.
fn silence(trace: &Trace) -> Found {
    let has = |direction| {
        trace
            .frames
            .iter()
            .any(|frame| frame.direction == direction)
    };
    let silent = has(Direction::ToSystem) && !has(Direction::FromSystem);
    let why = "nothing at all came from the system: is it up, and does anything stand between?";
    silent.then(|| (NETWORK, why.to_owned()))
}

fn unanswered(evidence: &Evidence) -> Found {
    let first = evidence.unanswered.first()?;
    Some((NETWORK, first.clone()))
}

fn lost(trace: &Trace) -> Found {
    let note = trace.notes.first()?;
    Some((NETWORK, format!("frame {}: {}", note.frame, note.text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::observe::{FrameInfo, Note};
    use crate::wire::Malformed;
    use std::net::SocketAddr;

    fn address() -> SocketAddr {
        "192.0.2.1:5060".parse().unwrap()
    }

    fn frame(number: u32, direction: Direction) -> FrameInfo {
        FrameInfo {
            number,
            at: 0,
            interface: "isc".to_owned(),
            comment: None,
            from: address(),
            to: address(),
            direction,
        }
    }

    fn malformed(direction: Direction) -> Observation {
        Observation {
            frames: vec![1],
            at: 0,
            interface: "isc".to_owned(),
            from: address(),
            to: address(),
            direction,
            transport: "udp",
            retransmission_of: None,
            comment: None,
            fact: Fact::Malformed {
                protocol: "SIP",
                error: Malformed::new(3, "a start line", "RFC 3261 section 7"),
                octets: Vec::new(),
            },
        }
    }

    fn side(verdict: Verdict, reason: Reason, trace: &Trace, unanswered: &[String]) -> Blame {
        let evidence = Evidence {
            trace,
            unanswered,
            habits: false,
        };
        from_evidence(verdict, Some(reason), &evidence)
    }

    #[test]
    fn what_the_suite_sent_wrong_is_the_suites() {
        use Direction::{FromSystem, ToSystem};
        let mut trace = Trace {
            frames: vec![frame(1, ToSystem), frame(2, FromSystem)],
            facts: vec![malformed(FromSystem)],
            ..Trace::default()
        };
        let fail = |trace: &Trace| side(Verdict::Fail, Reason::Missing, trace, &[]);
        assert_eq!(
            (fail(&trace).side, fail(&trace).why),
            (SYSTEM, String::new())
        );
        trace.facts.push(malformed(ToSystem));
        let blame = fail(&trace);
        assert_eq!(blame.side, SUITE);
        assert!(
            blame.why.starts_with("frame 1, which the suite sent: "),
            "{}",
            blame.why
        );
        let evidence = Evidence {
            trace: &trace,
            unanswered: &[],
            habits: true,
        };
        assert_eq!(from_evidence(Verdict::Fail, None, &evidence).side, PEER);
    }

    #[test]
    fn a_system_that_is_never_heard_and_a_connection_nobody_takes_are_the_networks() {
        use Direction::{FromSystem, ToSystem};
        let mut trace = Trace {
            frames: vec![frame(1, ToSystem)],
            ..Trace::default()
        };
        assert_eq!(
            side(Verdict::Fail, Reason::Missing, &trace, &[]).side,
            NETWORK
        );
        trace.frames.push(frame(2, FromSystem));
        let refused = ["192.0.2.1:2855 took no connection: refused".to_owned()];
        // The system spoke: what it did not say is its own, whatever else happened.
        assert_eq!(
            side(Verdict::Fail, Reason::Missing, &trace, &refused).side,
            SYSTEM
        );
        let inconc = |trace: &Trace, unanswered: &[String]| {
            side(
                Verdict::Inconc,
                Reason::InsufficientEvidence,
                trace,
                unanswered,
            )
        };
        assert_eq!(inconc(&trace, &refused).why, refused[0]);
        assert_eq!(inconc(&trace, &[]).side, SYSTEM);
        trace.notes.push(Note {
            frame: 2,
            text: "a TCP segment is missing".to_owned(),
        });
        assert_eq!(inconc(&trace, &[]).why, "frame 2: a TCP segment is missing");
    }

    #[test]
    fn a_pass_is_nobodys_and_the_other_sides_need_no_recording() {
        let trace = Trace::default();
        let of = |verdict, reason| side(verdict, reason, &trace, &[]).side;
        assert_eq!(of(Verdict::Pass, Reason::Missing), "");
        assert_eq!(of(Verdict::Error, Reason::Provisioning), CONFIGURATION);
        let refused = ["192.0.2.1:80 took no connection: refused".to_owned()];
        let nobody = side(Verdict::Error, Reason::Provisioning, &trace, &refused);
        assert_eq!(nobody.side, NETWORK);
        assert_eq!(of(Verdict::Error, Reason::Panic), SUITE);
        assert_eq!(of(Verdict::Error, Reason::Peer), PEER);
        assert_eq!(of(Verdict::Inconc, Reason::AmbiguousReading), SPECIFICATION);
    }
}
