//! FLOOR 7: select, run, record.
pub mod options;
pub mod record;

pub use options::{ProgressEvent, RunOptions, SipTransport};
