//! The run clock: tokio's monotonic instant as the `peer::Time` a machine understands, so that a paused test clock drives machines too.
use crate::peer::Time;
use std::time::Duration;
use tokio::time::Instant;

/// Counts from the moment it was started. Copies count from the same moment.
#[derive(Debug, Clone, Copy)]
pub struct RunClock {
    started: Instant,
}

impl RunClock {
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }
    pub fn now(&self) -> Time {
        Instant::now().saturating_duration_since(self.started)
    }
    /// When `time` will be; a time too far away to be represented is a year from now.
    pub fn instant(&self, time: Time) -> Instant {
        self.started
            .checked_add(time)
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(365 * 24 * 3600))
    }
}
