//! FLOOR 7: select, run, record.
pub mod options;
pub mod progress;
pub mod record;
pub mod snapshots;

pub use options::{ProgressEvent, RunOptions, SipTransport};
