//! Whether the generator keeps up. It looks at its own clock every few milliseconds; whoever was served late by then may have seen the
//! system late.
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// How often it looks.
pub const BEAT: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub struct Lateness {
    limit: Duration,
    /// The last time it was too late, and when the next beat is due.
    last: Cell<Option<Instant>>,
    due: Cell<Instant>,
}

impl Lateness {
    pub fn new(limit: Duration, now: Instant) -> Self {
        Self {
            limit,
            last: Cell::new(None),
            due: Cell::new(now + BEAT),
        }
    }

    /// When the next beat is due.
    pub fn due(&self) -> Instant {
        self.due.get()
    }

    /// A beat: how late it comes.
    pub fn beat(&self, now: Instant) -> Duration {
        let lag = now.saturating_duration_since(self.due.get());
        self.late_by(lag, now);
        self.due.set(now + BEAT);
        lag
    }

    /// Something of the generator's own was so late.
    pub fn late_by(&self, lag: Duration, now: Instant) {
        if lag > self.limit {
            self.last.set(Some(now));
        }
    }

    pub fn is_too_late(&self, lag: Duration) -> bool {
        lag > self.limit
    }

    /// Whether the next beat should have come long ago: what is begun now will be late.
    pub fn is_behind(&self, now: Instant) -> bool {
        self.is_too_late(now.saturating_duration_since(self.due.get()))
    }

    /// Whether it was too late at any time from then until now. A beat that has not come yet counts as late as it is.
    pub fn since(&self, then: Instant, now: Instant) -> bool {
        self.is_behind(now) || self.last.get().is_some_and(|last| last >= then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn whoever_lasted_over_a_late_beat_is_excused() {
        let start = Instant::now();
        let lateness = Lateness::new(ms(100), start);
        assert_eq!(lateness.beat(start + ms(6)), ms(1));
        assert!(!lateness.since(start, start + ms(6)));
        assert_eq!(lateness.beat(start + ms(150)), ms(139));
        assert!(lateness.since(start + ms(20), start + ms(151)));
        assert!(!lateness.since(start + ms(151), start + ms(152)));
    }

    #[test]
    fn a_beat_that_has_not_come_is_late_already() {
        let start = Instant::now();
        let lateness = Lateness::new(ms(100), start);
        assert!(!lateness.since(start, start + ms(100)));
        assert!(lateness.since(start, start + ms(106)));
    }
}
