//! Places: each is a set of users of its own, taken by one session at a time and rested before the next takes it, so that what the system
//! still has to say to the users of one session is not said to those of another.
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Numbers of users have room for so many.
pub const MOST_PLACES: usize = 9_000;
/// Sockets that the users of a place keep, as a rule, and what the rest of the process has open.
const FILES_OF_PLACE: usize = 8;
const OTHER_FILES: usize = 128;

/// Places for which this process may have sockets; users keep theirs while they rest.
pub fn most_places() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = open.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    let room = |files: usize| files.saturating_sub(OTHER_FILES) / FILES_OF_PLACE;
    soft.map_or(MOST_PLACES, |files| room(files).clamp(1, MOST_PLACES))
}

#[derive(Debug)]
pub struct Places {
    rest: Duration,
    most_open: usize,
    most_places: usize,
    open: usize,
    made: usize,
    /// Those that were left, longest ago first, and when.
    left: VecDeque<(usize, Instant)>,
}

impl Places {
    pub fn new(most_open: usize, most_places: usize, rest: Duration) -> Self {
        Self {
            rest,
            most_open,
            most_places,
            open: 0,
            made: 0,
            left: VecDeque::new(),
        }
    }

    /// A place for a session, or none when as many are open as may be.
    pub fn take(&mut self, now: Instant) -> Option<usize> {
        if self.open >= self.most_open {
            return None;
        }
        let rested = self
            .left
            .front()
            .is_some_and(|(_, since)| now.saturating_duration_since(*since) >= self.rest);
        let place = match rested {
            true => self.left.pop_front().map(|(place, _)| place),
            false if self.made < self.most_places => {
                self.made += 1;
                Some(self.made - 1)
            }
            false => None,
        };
        self.open += usize::from(place.is_some());
        place
    }

    pub fn leave(&mut self, place: usize, now: Instant) {
        self.open = self.open.saturating_sub(1);
        self.left.push_back((place, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_again_only_when_it_has_rested() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let mut places = Places::new(9, 9, second);
        assert_eq!(places.take(now), Some(0));
        places.leave(0, now);
        assert_eq!(places.take(now + second / 2), Some(1));
        assert_eq!(places.take(now + second), Some(0));
        assert_eq!(places.open, 2);
    }

    #[test]
    fn there_are_no_more_than_may_be_open() {
        let now = Instant::now();
        let mut places = Places::new(2, 9, Duration::ZERO);
        assert_eq!(
            [places.take(now), places.take(now), places.take(now)],
            [Some(0), Some(1), None]
        );
        places.leave(1, now);
        assert_eq!(places.take(now), Some(1));
    }

    #[test]
    fn where_no_more_places_can_be_made_the_resting_ones_are_waited_for() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let mut places = Places::new(9, 1, second);
        assert_eq!(places.take(now), Some(0));
        places.leave(0, now);
        assert_eq!(places.take(now), None);
        assert_eq!(places.take(now + second), Some(0));
    }
}
