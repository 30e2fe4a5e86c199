//! Short messages as the people at both ends see them: parts put together, text decoded, answers attached.
//!
//! The same whatever carries them: `FromSystem` goes towards a handset (submit_sm of SMPP, SMS-SUBMIT in an OFR), `ToSystem` comes from one
//! (deliver_sm, SMS-DELIVER in a TFR); data_sm is either. Parts belong together by sender, recipient, reference, its width and the number of parts (3GPP TS 23.040
//! clause 9.2.3.24).
mod sgd;
mod smpp;

use super::{Direction, Trace};
use crate::wire::sms::{Coding, Concatenation};

#[derive(Debug, Clone)]
pub struct ShortMessage<'t> {
    /// Frames of all parts, ascending.
    pub frames: Vec<u32>,
    /// When the last part so far was complete, nanoseconds since the Unix epoch.
    pub at: u64,
    pub direction: Direction,
    pub sender: String,
    pub recipient: String,
    /// Texts of the parts in the order of their numbers; what is missing is left out.
    pub text: String,
    /// In order of arrival.
    pub parts: Vec<Part<'t>>,
    /// Every part has been seen.
    pub complete: bool,
    /// A part asked for a delivery receipt.
    pub receipt_requested: bool,
    /// It is itself a delivery receipt.
    pub is_receipt: bool,
    /// First status other than 0 of the responses, or 0 once every part is answered.
    pub status: Option<u32>,
    /// Frame of the last response, once every part is answered.
    pub answered: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Part<'t> {
    /// Frame that completed the PDU.
    pub frame: u32,
    /// All frames that carry it.
    pub frames: &'t [u32],
    pub at: u64,
    /// `None` when the octets are not text of their coding.
    pub text: Option<String>,
    pub concatenation: Option<Concatenation>,
    pub coding: Option<Coding>,
    /// TP-PID (3GPP TS 23.040 clause 9.2.3.9).
    pub protocol_id: u8,
    /// The sender wants a delivery report of this part (TP-SRR, registered_delivery).
    pub report_requested: bool,
    /// What this part reports, if it is a delivery report.
    pub report: Option<DeliveryReport>,
    /// TP-MR (3GPP TS 23.040 clause 9.2.3.6), where the carriage shows it.
    pub reference: Option<u8>,
    /// Address of the service centre that goes with it, where the carriage shows one.
    pub service_centre: Option<String>,
    /// When the service centre took it (TP-SCTS), in RFC 3339 with the zone of the stamp, where the carriage shows it.
    pub time_stamp: Option<String>,
    /// The response, its status (0 = accepted; else command_status, Diameter result or RP-Cause) and frame.
    pub response: Option<(u32, u32)>,
    /// The name by which a delivery report may mean it, once it is accepted: message_id of SMPP, TP-MR elsewhere.
    pub message_id: Option<String>,
}

/// SMS-STATUS-REPORT, or the delivery receipt of SMPP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The message reported on: message_id of SMPP, TP-MR elsewhere.
    pub message: String,
    /// TP-ST (3GPP TS 23.040 clause 9.2.3.15); the states of SMPP receipts as their nearest value.
    pub status: u8,
}

/// One PDU with a short message, or a part of one.
struct Carried<'t> {
    /// Place in the trace.
    index: usize,
    direction: Direction,
    sender: String,
    recipient: String,
    is_receipt: bool,
    part: Part<'t>,
}

/// Every short message, in order of first parts.
pub fn short_messages(trace: &Trace) -> Vec<ShortMessage<'_>> {
    let mut carried = smpp::carried(trace);
    carried.extend(sgd::carried(trace));
    carried.sort_by_key(|one| one.index);
    let mut found: Vec<ShortMessage<'_>> = Vec::new();
    for one in carried {
        // Only a part of several can belong to what has come before; looking for it otherwise costs much in long exchanges.
        let earlier = match one.part.concatenation {
            Some(_) => found.as_mut_slice(),
            None => &mut [],
        };
        let open = earlier.iter_mut().rev().find(|message| {
            message.direction == one.direction
                && message.sender == one.sender
                && message.recipient == one.recipient
                && takes(message, &one.part)
        });
        match open {
            Some(message) => message.parts.push(one.part),
            None => found.push(ShortMessage {
                frames: Vec::new(),
                at: 0,
                direction: one.direction,
                sender: one.sender,
                recipient: one.recipient,
                text: String::new(),
                complete: false,
                receipt_requested: false,
                is_receipt: one.is_receipt,
                status: None,
                answered: None,
                parts: vec![one.part],
            }),
        }
    }
    for message in &mut found {
        conclude(message);
    }
    found
}

/// Short messages in one direction that are not delivery receipts.
pub fn texts(trace: &Trace, direction: Direction) -> Vec<ShortMessage<'_>> {
    let mut found = short_messages(trace);
    found.retain(|message| message.direction == direction && !message.is_receipt);
    found
}

/// A part continues a message that has the same concatenation and lacks this number; receipts and single messages never continue.
fn takes(message: &ShortMessage<'_>, part: &Part<'_>) -> bool {
    let Some(new) = part.concatenation else {
        return false;
    };
    let same = message.parts.iter().all(|old| {
        old.concatenation.is_some_and(|old| {
            (old.reference, old.wide, old.total) == (new.reference, new.wide, new.total)
        })
    });
    let has = message.parts.iter().any(|old| {
        old.concatenation
            .is_some_and(|old| old.sequence == new.sequence)
    });
    same && !has
}

fn conclude(message: &mut ShortMessage<'_>) {
    let mut ordered: Vec<&Part<'_>> = message.parts.iter().collect();
    ordered.sort_by_key(|part| part.concatenation.map_or(0, |c| c.sequence));
    message.text = ordered
        .iter()
        .filter_map(|part| part.text.as_deref())
        .collect();
    let total = message.parts[0].concatenation.map_or(1, |c| c.total);
    message.complete = message.parts.len() == usize::from(total)
        && message.parts.iter().all(|part| part.text.is_some());
    message.at = message.parts.iter().map(|part| part.at).max().unwrap_or(0);
    message.receipt_requested = message.parts.iter().any(|part| part.report_requested);
    let answered: Option<Vec<(u32, u32)>> =
        message.parts.iter().map(|part| part.response).collect();
    let refusal = message
        .parts
        .iter()
        .filter_map(|part| part.response)
        .find(|(status, _)| *status != 0);
    message.status = refusal
        .map(|(status, _)| status)
        .or(answered.as_ref().map(|_| 0));
    message.answered = answered.and_then(|all| all.iter().map(|(_, frame)| *frame).max());
    message.frames = message
        .parts
        .iter()
        .flat_map(|part| part.frames.iter().copied())
        .collect();
    message.frames.sort_unstable();
    message.frames.dedup();
}
