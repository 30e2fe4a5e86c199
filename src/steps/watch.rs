//! How long a question is looked at: until it is answered, and where something must not happen, for the whole guard time from when all
//! that must happen beside it has happened. Pure: times are given, nothing is waited for here.
use crate::verdict::{Judgement, Patience};
use std::time::Duration;

/// How often a question is looked at at least, while it waits and nothing is said.
pub(super) const LOOKS: u32 = 16;

/// A look-out for the answer to one question. Times are since it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    patience: Patience,
    guard: Duration,
    /// How long what must happen beside a prohibition may take.
    reaction: Duration,
    /// Since when the latest answers hold without a gap.
    held_since: Option<Duration>,
}

impl Watch {
    pub fn new(patience: Patience, guard: Duration, reaction: Duration) -> Self {
        Self {
            patience,
            guard,
            reaction,
            held_since: None,
        }
    }

    /// When to stop looking, by the latest answer.
    fn deadline(&self) -> Duration {
        let patience = Duration::from_secs_f64(self.patience.seconds());
        match (self.patience, self.held_since) {
            (Patience::Until(_), _) => patience,
            (Patience::Throughout(_), Some(since)) => patience.max(since + self.guard),
            (Patience::Throughout(_), None) => patience.max(self.reaction),
        }
    }

    /// Takes an answer of the time `now`: nothing if it is the one to keep, else when the next one is due at the latest.
    pub fn next(&mut self, now: Duration, answer: &Judgement) -> Option<Duration> {
        if answer.is_final(self.patience) {
            return None;
        }
        match answer {
            Judgement::Holds { .. } => self.held_since = self.held_since.or(Some(now)),
            _ => self.held_since = None,
        }
        let deadline = self.deadline();
        (now < deadline).then_some(deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn prohibition() -> Watch {
        Watch::new(Patience::Throughout(0.5), ms(500), ms(4000))
    }

    fn holds() -> Judgement {
        Judgement::holds("nothing", [1])
    }

    fn not_yet() -> Judgement {
        Judgement::unproven("the control has not happened")
    }

    #[test]
    fn a_prohibition_that_holds_from_the_start_is_looked_at_for_its_guard_time() {
        let mut watch = prohibition();
        assert_eq!(watch.next(ms(0), &holds()), Some(ms(500)));
        assert_eq!(watch.next(ms(499), &holds()), Some(ms(500)));
        assert_eq!(watch.next(ms(500), &holds()), None);
    }

    #[test]
    fn the_guard_time_begins_when_it_first_holds_however_late_that_is() {
        for late in [100, 3600, 3999, 4000] {
            let mut watch = prohibition();
            assert_eq!(watch.next(ms(late - 1), &not_yet()), Some(ms(4000)));
            let due = Some(ms(late + 500));
            assert_eq!(watch.next(ms(late), &holds()), due, "{late}");
            assert_eq!(watch.next(ms(late + 499), &holds()), due, "{late}");
            assert_eq!(watch.next(ms(late + 500), &holds()), None, "{late}");
        }
    }

    #[test]
    fn a_gap_begins_it_anew_and_what_never_holds_ends_with_the_reaction_time() {
        let mut watch = prohibition();
        watch.next(ms(1000), &holds());
        assert_eq!(watch.next(ms(1400), &not_yet()), Some(ms(4000)));
        assert_eq!(watch.next(ms(1600), &holds()), Some(ms(2100)));
        let mut watch = prohibition();
        assert_eq!(watch.next(ms(3999), &not_yet()), Some(ms(4000)));
        assert_eq!(watch.next(ms(4000), &not_yet()), None);
    }

    #[test]
    fn what_must_happen_is_looked_for_until_it_has_or_patience_ends() {
        let mut watch = Watch::new(Patience::Until(2.0), ms(500), ms(4000));
        assert_eq!(watch.next(ms(0), &not_yet()), Some(ms(2000)));
        assert_eq!(watch.next(ms(100), &holds()), None);
        assert_eq!(watch.next(ms(2000), &not_yet()), None);
    }
}
