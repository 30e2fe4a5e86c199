//! The link that carries the gateway's short messages: one of several, chosen at the start.
//!
//! Everything above it speaks of `short_message`; everything a protocol needs is below.

use super::esme::Esme;
use super::sgd::{HssData, SgdNode, SubmitAnswer};
use super::short_message::{OutgoingShortMessage, Submission, SubmitFailure};

/// A running link; clones are the same one.
#[derive(Clone)]
pub enum ShortMessageLink {
    /// An ESME at an SMSC.
    Smpp(Esme),
    /// A Diameter node at a service centre and an HSS.
    Sgd(SgdNode),
}

impl ShortMessageLink {
    /// Submissions can be taken now.
    pub fn is_ready(&self) -> bool {
        match self {
            ShortMessageLink::Smpp(esme) => esme.is_bound(),
            ShortMessageLink::Sgd(node) => node.is_open(),
        }
    }

    /// Queues a submission; submissions are sent in the order of these calls.
    pub fn submit(&self, message: OutgoingShortMessage) -> Submission {
        match self {
            ShortMessageLink::Smpp(esme) => esme.submit(message),
            ShortMessageLink::Sgd(node) => node.submit(&message),
        }
    }

    /// Sends an SMS-SUBMIT of `sender` as it is; only links that carry TPDUs can.
    pub async fn forward(
        &self,
        sender: &str,
        service_centre: Option<&str>,
        tpdu: Vec<u8>,
    ) -> SubmitAnswer {
        match self {
            ShortMessageLink::Smpp(_) => SubmitAnswer {
                outcome: Err(SubmitFailure::NotConnected),
                report: None,
            },
            ShortMessageLink::Sgd(node) => node.forward(sender, service_centre, tpdu).await,
        }
    }

    /// What the HSS holds about a user, where there is one to ask.
    pub async fn subscriber_data(&self, number: &str) -> Option<HssData> {
        match self {
            ShortMessageLink::Smpp(_) => None,
            ShortMessageLink::Sgd(node) => node.subscriber_data(number).await,
        }
    }

    /// Tells the HSS, where there is one, that a user can be delivered to again.
    pub fn alert(&self, number: &str) {
        if let ShortMessageLink::Sgd(node) = self {
            node.alert(number);
        }
    }

    /// Takes leave of the other side and closes.
    pub async fn stop(&self) {
        match self {
            ShortMessageLink::Smpp(esme) => esme.stop().await,
            ShortMessageLink::Sgd(node) => node.stop().await,
        }
    }
}
