//! A short message as the gateway sees it, whatever carries it: SMPP, Diameter SGd or SIP.
//!
//! Holds what goes out and what becomes of it, what comes in and how it is answered, and reports. A link (`link`) puts it on a wire.

use crate::wire::sms::{Coding, Concatenation, UserDataHeader};
use tokio::sync::oneshot;

/// One short message, or one part of a concatenated one, on its way to an SMS user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingShortMessage {
    /// The number the SMS user sees and answers to.
    pub from: String,
    /// The SMS user.
    pub to: String,
    /// User data header with its length, empty if there is none.
    pub header: Vec<u8>,
    pub coding: Coding,
    /// Text without header: unpacked septets, UTF-16BE or octets.
    pub payload: Vec<u8>,
    pub protocol_id: u8,
    pub report_requested: bool,
    /// Which part of how many.
    pub part: (u8, u8),
}

/// What a later report names: unique among the submissions that still wait for one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReportReference(pub String);

/// Why a short message was not accepted for delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitFailure {
    /// In the terms of RP-Cause (3GPP TS 24.011 clause 8.2.5.4), whatever the link calls it.
    #[error("refused with a cause like RP-Cause {0}")]
    Cause(u8),
    #[error("no response to the submission")]
    NoResponse,
    #[error("no connection to the short message side")]
    NotConnected,
}

/// What becomes of a submission. Await it or drop it.
pub type Submission = oneshot::Receiver<Result<ReportReference, SubmitFailure>>;

/// The outcome of a submission; a lost channel counts as not connected.
pub async fn outcome(submission: Submission) -> Result<ReportReference, SubmitFailure> {
    submission.await.unwrap_or(Err(SubmitFailure::NotConnected))
}

/// What arrives from the short message side.
#[derive(Debug)]
pub enum Arrival {
    Message(Delivery),
    Report(Report),
}

/// A short message, or one part of one, that the gateway is to take.
#[derive(Debug)]
pub struct Delivery {
    /// The SMS user.
    pub from: String,
    /// The session number or the CPM user's own.
    pub to: String,
    /// Text of this part; octets that are no text come out one character each.
    pub text: String,
    pub coding: Coding,
    pub concatenation: Option<Concatenation>,
    pub header: UserDataHeader,
    pub protocol_id: u8,
    /// When the service centre had it, in the form of RFC 3339 with its offset; not every link says.
    pub time_stamp: Option<String>,
    pub answer: DeliveryAnswer,
}

/// What the service centre says became of a submission.
#[derive(Debug)]
pub struct Report {
    pub reference: ReportReference,
    /// TP-Status (3GPP TS 23.040 clause 9.2.3.15), whatever the link calls it.
    pub status: u8,
    pub answer: DeliveryAnswer,
}

/// How the gateway answers a delivery: the classes of table 4.4 of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    Taken,
    /// The CPM user cannot be reached now.
    Absent,
    /// The CPM user is busy.
    Busy,
    /// The gateway cannot take it now.
    Congested,
    /// The CPM user's side, or policy, refuses it.
    Rejected,
    /// The number belongs to nobody here.
    UnknownUser,
    /// It failed for another reason, for good.
    Failed,
}

type Respond = Box<dyn FnOnce(Handover) + Send>;

/// The answer owed for a delivery. Dropped without `give`, congestion is answered, so that none is forgotten.
pub struct DeliveryAnswer(Option<Respond>);

impl DeliveryAnswer {
    /// How the link answers; called once at most.
    pub fn new(respond: impl FnOnce(Handover) + Send + 'static) -> Self {
        Self(Some(Box::new(respond)))
    }

    pub fn give(mut self, handover: Handover) {
        self.send(handover);
    }

    /// Never answers (a deliberate fault).
    pub fn withhold(mut self) {
        self.0 = None;
    }

    fn send(&mut self, handover: Handover) {
        if let Some(respond) = self.0.take() {
            respond(handover);
        }
    }
}

impl Drop for DeliveryAnswer {
    fn drop(&mut self) {
        self.send(Handover::Congested);
    }
}

impl std::fmt::Debug for DeliveryAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "owed",
            None => "given",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc;

    fn answer() -> (DeliveryAnswer, mpsc::Receiver<Handover>) {
        let (given, answers) = mpsc::channel();
        (
            DeliveryAnswer::new(move |h| given.send(h).unwrap()),
            answers,
        )
    }

    #[test]
    fn answers_once_with_what_was_given() {
        let (owed, answers) = answer();
        owed.give(Handover::Taken);
        assert_eq!(answers.iter().collect::<Vec<_>>(), [Handover::Taken]);
    }

    #[test]
    fn a_forgotten_answer_is_congestion_and_a_withheld_one_none() {
        let (owed, answers) = answer();
        drop(owed);
        assert_eq!(answers.iter().collect::<Vec<_>>(), [Handover::Congested]);
        let (owed, answers) = answer();
        owed.withhold();
        assert_eq!(answers.iter().count(), 0);
    }
}
