//! The harness's own pace: how often it looks, and how long a silence lasts before the next thing is done.
//!
//! None of these decides a verdict; limits that do are named in the profile (IXIT).
use std::time::Duration;

/// How often a question about elapsed time is put again while nothing arrives.
pub const TICK: Duration = Duration::from_millis(100);
/// Silence after which nothing more is under way, when nothing is expected.
pub const BREATH: Duration = Duration::from_millis(20);
/// Silence after which what usually follows is taken not to come.
pub const GRACE: Duration = Duration::from_millis(250);
/// RFC 3261 section 17.1.2.2 has a request sent again over UDP after T1; twice that is long enough for any peer. In a recording of others,
/// a request that was neither answered nor sent again by then shows that something is missing.
pub const SENT_AGAIN: Duration = Duration::from_millis(1000);
