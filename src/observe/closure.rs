//! What the system has left behind when a test case is over: the second axis beside its verdict.
//!
//! At its end a test case ends what is open: sessions by BYE, invitations by CANCEL, subscriptions and registrations by their expiry.
//! Then nothing of it should be left. What the system owes is *leaked* when it was never ended or answered, and *unclean* when it was
//! ended in a way that an orderly end would not need. Nothing here is judged: it is told, and the test cases that are about it judge it.
use super::settled::waiting;
use super::{Direction, Fact, Trace, calls, subscriptions, transactions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In the order of how bad it is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Everything has ended, and orderly.
    #[default]
    Clean,
    /// Everything has ended; something by a reset, or more than once.
    Unclean,
    /// Something that the system should have ended or answered is open.
    Leaked,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Unclean => "unclean",
            Self::Leaked => "leaked",
        }
    }
}

/// One thing that was not ended as it should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOpen {
    pub state: State,
    /// In words, with frames.
    pub what: String,
    /// Where it began.
    pub frame: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closure {
    /// The worst of what was left.
    pub state: State,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftOpen>,
}

/// Of a whole capture, its teardown included.
pub fn closure(trace: &Trace) -> Closure {
    let mut left = Vec::new();
    unanswered(trace, &mut left);
    dialogs(trace, &mut left);
    notifications(trace, &mut left);
    resets(trace, &mut left);
    left.sort_by(|one, other| (one.frame, &one.what).cmp(&(other.frame, &other.what)));
    let worst = left.iter().map(|one| one.state).max();
    Closure {
        state: worst.unwrap_or_default(),
        left,
    }
}

fn leaked(frame: u32, what: String) -> LeftOpen {
    LeftOpen {
        state: State::Leaked,
        what,
        frame,
    }
}

/// Transactions of SIP, MSRP, SMPP and Diameter that wait for the system.
fn unanswered(trace: &Trace, left: &mut Vec<LeftOpen>) {
    let owed = waiting(trace).into_iter().filter(|one| one.for_system);
    left.extend(owed.map(|one| leaked(one.frame, one.words)));
    for transaction in transactions(trace) {
        let to_system = transaction.direction == Direction::ToSystem;
        if to_system && transaction.method == "INVITE" && transaction.final_response().is_none() {
            let frame = first(transaction.request.frames());
            let what = format!("INVITE of frame {frame} awaits its final response");
            left.push(leaked(frame, what));
        }
    }
}

/// Sessions without end, and those that the system has ended twice. (A BYE without answer is a transaction that waits.)
fn dialogs(trace: &Trace, left: &mut Vec<LeftOpen>) {
    for call in calls(trace) {
        let frame = first(call.invitation.request.frames());
        if call.accepted().is_some() && call.byes.is_empty() {
            left.push(leaked(
                frame,
                format!("the session of frame {frame} has no end"),
            ));
        }
        // Where both users hang up at once, the system tells each of the other's BYE.
        let own = call
            .byes
            .iter()
            .filter(|one| one.direction == Direction::FromSystem);
        let mut senders: Vec<_> = own.map(|one| one.request.message.from_tag()).collect();
        let all = senders.len();
        senders.sort_unstable();
        senders.dedup();
        if senders.len() < all {
            left.push(LeftOpen {
                state: State::Unclean,
                what: format!("the session of frame {frame} was ended by more than one BYE"),
                frame,
            });
        }
    }
}

/// Subscriptions that are told of and whose end is not.
fn notifications(trace: &Trace, left: &mut Vec<LeftOpen>) {
    for one in subscriptions(trace) {
        if !one.notifications.is_empty() && one.last().is_none() {
            let frame = first(one.request.request.frames());
            let what = format!(
                "the subscription of frame {frame} ({}) was not told its end",
                one.package
            );
            left.push(leaked(frame, what));
        }
    }
}

fn resets(trace: &Trace, left: &mut Vec<LeftOpen>) {
    for seen in &trace.facts {
        if seen.direction == Direction::FromSystem && seen.fact == (Fact::TcpClosed { reset: true })
        {
            let frame = first(&seen.frames);
            left.push(LeftOpen {
                state: State::Unclean,
                what: format!(
                    "the connection on {} was reset in frame {frame}",
                    seen.interface
                ),
                frame,
            });
        }
    }
}

fn first(frames: &[u32]) -> u32 {
    frames.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::sample::RUN;
    use super::*;

    fn without(trace: &Trace, gone: impl Fn(&Fact, Direction) -> bool) -> Trace {
        let mut cut = trace.clone();
        cut.facts.retain(|seen| !gone(&seen.fact, seen.direction));
        cut
    }

    #[test]
    fn an_orderly_session_leaves_nothing() {
        assert_eq!(closure(&RUN.trace()), Closure::default());
    }

    #[test]
    fn a_session_without_end_and_a_message_without_answer_are_leaked() {
        let trace = RUN.trace();
        let of = |fact: &Fact, method: &str| match fact {
            Fact::Sip(message) => message.cseq().is_some_and(|(_, name)| name == method),
            _ => false,
        };
        let endless = closure(&without(&trace, |fact, _| of(fact, "BYE")));
        assert_eq!(endless.state, State::Leaked);
        assert!(endless.left[0].what.contains("has no end"), "{endless:?}");
        let silent = closure(&without(&trace, |fact, direction| {
            let answer = matches!(fact, Fact::Msrp(message) if message.status().is_some());
            // On a closed connection nobody can answer.
            let closed = matches!(fact, Fact::TcpClosed { .. });
            closed || (answer && direction == Direction::FromSystem)
        }));
        assert_eq!(silent.state, State::Leaked);
        assert!(silent.left[0].what.contains("MSRP SEND"), "{silent:?}");
    }

    #[test]
    fn a_reset_is_unclean() {
        let mut trace = RUN.trace();
        for seen in &mut trace.facts {
            if matches!(seen.fact, Fact::TcpClosed { .. }) {
                seen.fact = Fact::TcpClosed { reset: true };
                seen.direction = Direction::FromSystem;
            }
        }
        assert_eq!(closure(&trace).state, State::Unclean);
    }
}
