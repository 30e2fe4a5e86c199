//! The calendar of the harness: the machine's, or one that goes with the runtime's paused clock.
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// What the calendar said when it began to go with the runtime's clock.
static FOLLOWED: OnceLock<(jiff::Timestamp, Instant)> = OnceLock::new();

/// From now on, time passes as the runtime's clock says (`run --clock virtual`).
pub fn follow_runtime() {
    FOLLOWED.get_or_init(|| (jiff::Timestamp::now(), Instant::now()));
}

/// The present time.
pub fn now() -> jiff::Timestamp {
    match FOLLOWED.get() {
        None => jiff::Timestamp::now(),
        Some((then, at)) => *then + at.elapsed(),
    }
}

/// The present time since 1970.
pub fn since_epoch() -> Duration {
    Duration::try_from(now().duration_since(jiff::Timestamp::UNIX_EPOCH)).unwrap_or_default()
}
