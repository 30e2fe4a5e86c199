//! A short message as the gateway sees it, whatever carries it: SMPP, Diameter SGd or SIP.
//!
//! Holds what goes out and what becomes of it, what comes in and how it is answered, and reports. A link (`link`) puts it on a wire.

use super::sgd::HssData;
use crate::wire::sms::{Coding, Concatenation, UserDataHeader};
use std::time::Duration;
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
    /// How long the service centre need try; its own choice if it is not told.
    pub validity: Option<Duration>,
    /// Number of the service centre, for links that name one.
    pub service_centre: Option<String>,
    /// The gateway delivers it itself, in the SMS user's own network, where its link can.
    pub terminating: bool,
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
    Query(RoutingQuery),
    /// The HSS pushes the data of a CPM user.
    SubscriberData(String, HssData),
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
    /// The octets it came in (SMS-DELIVER), from links that carry TPDUs.
    pub tpdu: Option<Vec<u8>>,
    pub answer: DeliveryAnswer,
}

/// What the service centre says became of a submission.
#[derive(Debug)]
pub struct Report {
    pub reference: ReportReference,
    /// TP-Status (3GPP TS 23.040 clause 9.2.3.15), whatever the link calls it.
    pub status: u8,
    /// Whose submission it is about: the number the message went out from; not every link says.
    pub to: Option<String>,
    /// The octets it came in (SMS-STATUS-REPORT), from links that carry TPDUs.
    pub tpdu: Option<Vec<u8>>,
    pub answer: DeliveryAnswer,
}

/// Somebody asks where to deliver short messages for a number (3GPP TS 23.204 clause 6.14 step 3).
#[derive(Debug)]
pub struct RoutingQuery {
    pub number: String,
    pub answer: oneshot::Sender<Reach>,
}

/// Whom the gateway reaches under a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The partners of the sessions that have the number.
    SessionNumber,
    /// A user whose number it is.
    User,
    /// Nobody it knows.
    Stranger,
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

type Respond = Box<dyn FnOnce(Handover, Option<Vec<u8>>) + Send>;

/// The answer owed for a delivery. Dropped without `give`, congestion is answered, so that none is forgotten.
pub struct DeliveryAnswer(Option<Respond>);

impl DeliveryAnswer {
    /// How the link answers, with the SMS-DELIVER-REPORT to use if there is one already; called once at most.
    pub fn new(respond: impl FnOnce(Handover, Option<Vec<u8>>) + Send + 'static) -> Self {
        Self(Some(Box::new(respond)))
    }

    pub fn give(mut self, handover: Handover) {
        self.send(handover, None);
    }

    /// With the report of the UE that took or refused the message.
    pub fn give_with_report(mut self, handover: Handover, report: Vec<u8>) {
        self.send(handover, Some(report));
    }

    /// Never answers (a deliberate fault).
    pub fn withhold(mut self) {
        self.0 = None;
    }

    fn send(&mut self, handover: Handover, report: Option<Vec<u8>>) {
        if let Some(respond) = self.0.take() {
            respond(handover, report);
        }
    }
}

impl Drop for DeliveryAnswer {
    fn drop(&mut self) {
        self.send(Handover::Congested, None);
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
            DeliveryAnswer::new(move |h, _| given.send(h).unwrap()),
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
