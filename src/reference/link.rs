//! The link that carries the gateway's short messages: one of several, chosen at the start.
//!
//! Everything above it speaks of `short_message`; everything a protocol needs is below.

use super::esme::Esme;
use super::short_message::{OutgoingShortMessage, Submission};

/// A running link; clones are the same one.
#[derive(Clone)]
pub enum ShortMessageLink {
    /// An ESME at an SMSC.
    Smpp(Esme),
}

impl ShortMessageLink {
    /// Submissions can be taken now.
    pub fn is_ready(&self) -> bool {
        match self {
            ShortMessageLink::Smpp(esme) => esme.is_bound(),
        }
    }

    /// Queues a submission; submissions are sent in the order of these calls.
    pub fn submit(&self, message: OutgoingShortMessage) -> Submission {
        match self {
            ShortMessageLink::Smpp(esme) => esme.submit(message),
        }
    }

    /// Takes leave of the other side and closes.
    pub async fn stop(&self) {
        match self {
            ShortMessageLink::Smpp(esme) => esme.stop().await,
        }
    }
}
