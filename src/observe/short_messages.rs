//! Short messages as the people at both ends see them: parts put together, text decoded, answers attached.
//!
//! The same whatever carries them: `FromSystem` goes towards a handset (on SMPP submit_sm), `ToSystem` comes from one (deliver_sm);
//! data_sm is either. Parts belong together by sender, recipient, reference, its width and the number of parts (3GPP TS 23.040
//! clause 9.2.3.24).
use super::{Direction, Fact, Observation, Trace};
use crate::wire::smpp::{Body, MessageState, Pdu, Receipt, ShortMessagePdu};
use crate::wire::smpp::{decode_short_message_text, find_tlv, tag};
use crate::wire::sms::{Coding, Concatenation};
use std::collections::HashMap;
use std::net::SocketAddr;

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
    /// The response, its status (0 = accepted; else command_status, Diameter result or RP-Cause) and frame.
    pub response: Option<(u32, u32)>,
    /// The name the response gives it, by which a delivery report may mean it.
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

/// Every short message, in order of first parts.
pub fn short_messages(trace: &Trace) -> Vec<ShortMessage<'_>> {
    let answers = responses(trace);
    let mut found: Vec<ShortMessage<'_>> = Vec::new();
    for seen in &trace.facts {
        let Fact::Smpp(pdu) = &seen.fact else {
            continue;
        };
        let Some(fields) = pdu.short_message() else {
            continue;
        };
        let part = part(seen, pdu, fields, &answers);
        let (sender, recipient) = (fields.source_number(), fields.dest_number());
        let open = found.iter_mut().rev().find(|message| {
            message.direction == seen.direction
                && message.sender == sender
                && message.recipient == recipient
                && takes(message, &part)
        });
        match open {
            Some(message) => message.parts.push(part),
            None => found.push(ShortMessage {
                frames: Vec::new(),
                at: 0,
                direction: seen.direction,
                sender,
                recipient,
                text: String::new(),
                complete: false,
                receipt_requested: false,
                is_receipt: fields.is_receipt(),
                status: None,
                answered: None,
                parts: vec![part],
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

type AnswerKey = (SocketAddr, SocketAddr, u32);

/// Responses by the addresses of their request and its sequence number; the latest request of a number is meant.
fn responses(trace: &Trace) -> HashMap<AnswerKey, Vec<(&Observation, &Pdu)>> {
    let mut found: HashMap<AnswerKey, Vec<(&Observation, &Pdu)>> = HashMap::new();
    for seen in &trace.facts {
        if let Fact::Smpp(pdu) = &seen.fact
            && pdu.command.is_response()
        {
            let key = (seen.to, seen.from, pdu.sequence);
            found.entry(key).or_default().push((seen, pdu));
        }
    }
    found
}

fn part<'t>(
    seen: &'t Observation,
    pdu: &'t Pdu,
    fields: &'t ShortMessagePdu,
    answers: &HashMap<AnswerKey, Vec<(&'t Observation, &'t Pdu)>>,
) -> Part<'t> {
    let frame = seen.frames.last().copied().unwrap_or(0);
    let answer = answers
        .get(&(seen.from, seen.to, pdu.sequence))
        .into_iter()
        .flatten()
        .find(|(answer, _)| (answer.at, answer.frames.last()) >= (seen.at, seen.frames.last()));
    let (text, coding, concatenation) = match decode_short_message_text(fields, &pdu.tlvs).ok() {
        Some((text, coding, concatenation)) => (Some(text), Some(coding), concatenation),
        None => (None, None, None),
    };
    Part {
        frame,
        frames: &seen.frames,
        at: seen.at,
        text,
        coding,
        concatenation,
        protocol_id: fields.protocol_id,
        report_requested: fields.registered_delivery & 0x03 != 0,
        report: receipt(pdu, fields),
        reference: match find_tlv(&pdu.tlvs, tag::USER_MESSAGE_REFERENCE) {
            Some(&[0, low]) => Some(low),
            _ => None,
        },
        service_centre: None,
        response: answer.map(|(seen, pdu)| (pdu.status, seen.frames.last().copied().unwrap_or(0))),
        message_id: answer.and_then(|(_, pdu)| match &pdu.body {
            Body::MessageId(id) => id.clone(),
            _ => None,
        }),
    }
}

/// A delivery receipt of SMPP 3.4 Appendix B.
fn receipt(pdu: &Pdu, fields: &ShortMessagePdu) -> Option<DeliveryReport> {
    let receipt = Receipt::read(fields, &pdu.tlvs).filter(|_| fields.is_receipt())?;
    Some(DeliveryReport {
        message: receipt.message_id,
        status: match receipt.state {
            MessageState::Delivered => 0x00,
            MessageState::Accepted => 0x01,
            MessageState::Enroute => 0x20,
            MessageState::Rejected => 0x42,
            MessageState::Undeliverable => 0x45,
            MessageState::Expired => 0x46,
            MessageState::Deleted => 0x48,
            MessageState::Unknown => 0x49,
        },
    })
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
