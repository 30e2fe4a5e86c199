//! When sessions are due. Open loop: the schedule knows nothing of how the system is doing, so that a slow answer delays no arrival, and the
//! time of a session counts from when it was due.
use super::record::Phase;
use std::time::Duration;

/// The sessions of a pattern, each with the time at which it is due since the load began.
#[derive(Debug, Clone)]
pub struct Arrivals {
    phases: Vec<Phase>,
    phase: usize,
    /// Of the phase, and how many of its sessions have been given.
    begins: f64,
    given: u64,
}

impl Arrivals {
    pub fn of(pattern: &[Phase]) -> Self {
        Self {
            phases: pattern.to_vec(),
            phase: 0,
            begins: 0.0,
            given: 0,
        }
    }

    /// How long the pattern lasts.
    pub fn length(pattern: &[Phase]) -> Duration {
        let seconds: f64 = pattern.iter().map(|phase| phase.seconds).sum();
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let phase = self.phases.get(self.phase)?;
            let into = self.given as f64 / phase.rate;
            if into < phase.seconds {
                self.given += 1;
                return Duration::try_from_secs_f64(self.begins + into).ok();
            }
            self.begins += phase.seconds;
            (self.phase, self.given) = (self.phase + 1, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(phases: &[(f64, f64)]) -> Vec<Phase> {
        let phase = |(rate, seconds): &(f64, f64)| Phase {
            rate: *rate,
            seconds: *seconds,
        };
        phases.iter().map(phase).collect()
    }

    #[test]
    fn comes_at_even_distances_and_stops_at_the_end() {
        let due: Vec<u128> = Arrivals::of(&pattern(&[(4.0, 1.0)]))
            .map(|due| due.as_millis())
            .collect();
        assert_eq!(due, [0, 250, 500, 750]);
    }

    #[test]
    fn a_phase_begins_where_the_one_before_ends() {
        let due: Vec<u128> = Arrivals::of(&pattern(&[(1.0, 2.0), (2.0, 1.0), (0.5, 4.0)]))
            .map(|due| due.as_millis())
            .collect();
        assert_eq!(due, [0, 1000, 2000, 2500, 3000, 5000]);
    }
}
