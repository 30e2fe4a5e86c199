//! Which timer of which transaction or dialog fires when. A timer started again replaces itself, so nothing stale is kept.
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use tokio::time::Instant;

/// A timer and the transaction or dialog it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::reference) enum Timer {
    /// Timer G of RFC 3261 section 17.2.1.
    ServerRetransmit(u64),
    /// Timers H, I, J and L, and the end of patience with an unanswered non-INVITE transaction.
    ServerEnd(u64),
    /// Timers A and E.
    ClientRetransmit(u64),
    /// Timers B, D, F, K and M.
    ClientEnd(u64),
    /// Repetition of a 2xx until its ACK (RFC 3261 section 13.3.1.4).
    AckRetransmit(u64),
    /// 64*T1 without ACK.
    AckEnd(u64),
    /// Session refresh or expiry (RFC 4028 section 10).
    Session(u64),
}

#[derive(Debug)]
pub(in crate::reference) struct Timers<T = Timer> {
    queue: BTreeMap<(Instant, u64), T>,
    places: HashMap<T, (Instant, u64)>,
    count: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self {
            queue: BTreeMap::new(),
            places: HashMap::new(),
            count: 0,
        }
    }
}

impl<T: Copy + Eq + Hash> Timers<T> {
    pub(in crate::reference) fn start(&mut self, timer: T, at: Instant) {
        self.stop(timer);
        self.count += 1;
        let place = (at, self.count);
        self.queue.insert(place, timer);
        self.places.insert(timer, place);
    }

    pub(in crate::reference) fn stop(&mut self, timer: T) {
        if let Some(place) = self.places.remove(&timer) {
            self.queue.remove(&place);
        }
    }

    /// When the next one fires.
    pub(in crate::reference) fn next(&self) -> Option<Instant> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(in crate::reference) fn take_due(&mut self, now: Instant) -> Option<T> {
        let (place, timer) = self
            .queue
            .first_key_value()
            .filter(|((at, _), _)| *at <= now)
            .map(|(place, timer)| (*place, *timer))?;
        self.queue.remove(&place);
        self.places.remove(&timer);
        Some(timer)
    }

    pub(in crate::reference) fn clear(&mut self) {
        self.queue.clear();
        self.places.clear();
    }

    #[cfg(test)]
    pub(in crate::reference) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_timer_started_again_fires_once_and_later() {
        let now = Instant::now();
        let mut timers: Timers = Timers::default();
        timers.start(Timer::Session(1), now);
        timers.start(Timer::Session(1), now + Duration::from_secs(1));
        assert_eq!(timers.take_due(now), None);
        assert_eq!(timers.len(), 1);
        let later = now + Duration::from_secs(1);
        assert_eq!(timers.take_due(later), Some(Timer::Session(1)));
        assert_eq!(timers.next(), None);
    }
}
