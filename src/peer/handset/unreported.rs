//! Delivery reports as the message centre makes them: submissions that wait for theirs, and what SMPP can say of a TP-ST.
//!
//! A test case that decides itself what is reported, and in which order, keeps submissions here. When reports leave is not decided here.
use crate::wire::smpp::{MessageState, ShortMessagePdu};

/// Submissions kept; a message centre with more to report has lost count.
const MOST_KEPT: usize = 2000;

/// Submissions that asked for a report and have not been reported on by themselves, oldest first. Reporting leaves them in their places.
#[derive(Debug, Default)]
pub struct Unreported {
    kept: Vec<(ShortMessagePdu, u64)>,
}

impl Unreported {
    pub fn keep(&mut self, submission: &ShortMessagePdu, message_id: u64) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push((submission.clone(), message_id));
        }
    }

    pub fn count(&self) -> usize {
        self.kept.len()
    }

    pub fn get(&self, which: usize) -> Option<&(ShortMessagePdu, u64)> {
        self.kept.get(which)
    }
}

/// The message state of SMPP (3.4 section 5.2.28) that is nearest to a TP-ST of 3GPP TS 23.040 clause 9.2.3.15.
pub fn message_state(status: u8) -> MessageState {
    match status {
        0x00 => MessageState::Delivered,
        0x01 => MessageState::Accepted,
        0x20..=0x3f => MessageState::Enroute,
        0x41 | 0x42 => MessageState::Rejected,
        0x46 => MessageState::Expired,
        0x47 | 0x48 => MessageState::Deleted,
        0x49 => MessageState::Unknown,
        0x40..=0x7f => MessageState::Undeliverable,
        _ => MessageState::Unknown,
    }
}
