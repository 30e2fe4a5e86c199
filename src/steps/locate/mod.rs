//! Locators: where in a recording is what an order would have put on the wire. Pure: a trace, who is who, and from where on to look.
//!
//! Every order is taken apart without `..`, so that nothing a scenario wants of its stimulus is forgotten here. Identities and what the
//! order asks of the message decide; identifiers that a peer makes up (Call-ID, tags, message ids) are learned from what is found.
mod acts;
mod asked_of;
mod behaved;
mod behaved_mmtel;
mod by_itself;
mod content;
mod handset;
mod in_session;
mod mmtel;
#[cfg(test)]
mod mmtel_tests;
mod over_ip;
mod same;
#[cfg(test)]
mod tests;
mod ue;
mod unseen;
mod ut;

pub use acts::{Act, ON_UT, acts};
pub use behaved::{Behaved, handset as handset_behaved, terminal as terminal_behaved};
pub use behaved_mmtel::{has_spoken, mmtel_behaved};
pub use handset::handset;
pub use mmtel::{Stance, mmtel};
pub use ue::ue;
pub use unseen::{unseen, unseen_step};
pub use ut::{Asked, configured, ut};

use crate::observe::Trace;
use crate::verdict::Cast;
use std::collections::BTreeMap;

/// Call-IDs by who has the call and the label that the scenario gives it.
pub type Labels = BTreeMap<(String, String), String>;

/// Where to look.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// All that the recording shows of the people of one scenario.
    pub trace: &'a Trace,
    pub cast: &'a Cast,
    pub labels: &'a Labels,
    /// Only frames after this one count.
    pub after: u32,
}

/// What has become of an order in a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    Found {
        /// Ascending; the last one completes it.
        frames: Vec<u32>,
        /// When it was complete, nanoseconds since the Unix epoch.
        at: u64,
        /// The call it is about.
        call_id: Option<String>,
        /// What the scenario calls that call.
        label: Option<String>,
    },
    /// The order leaves nothing on the wire.
    Nothing,
    Absent {
        wanted: String,
    },
    /// No recording shows it.
    Undecidable {
        why: String,
    },
}

impl Located {
    pub(super) fn absent(wanted: impl Into<String>) -> Self {
        Self::Absent {
            wanted: wanted.into(),
        }
    }
}
