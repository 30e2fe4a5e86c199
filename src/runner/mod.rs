//! FLOOR 7: select, run, record.
//!
//! The features decide what runs, the capture decides the verdict, `run.json` holds everything a report needs.
pub mod applicable;
pub mod archive;
mod axis;
pub mod catalogue;
pub mod check;
pub mod deletion;
pub mod doctor;
pub mod ends;
mod execute;
mod facility;
mod judge;
pub mod lint;
pub mod load;
pub mod merge;
pub mod options;
pub mod probe;
pub mod progress;
pub mod record;
pub mod redact;
pub mod rejudge;
mod run;
#[cfg(test)]
pub(crate) mod sample;
pub mod select;
pub mod shard;
pub mod snapshots;
pub mod undecidable;
mod waive;
mod writer;

pub use options::{ProgressEvent, RunOptions, SipTransport};
pub use run::{RunError, run};
