//! Short messages in SMPP 3.4: submit_sm, deliver_sm and data_sm, with their responses; delivery receipts of Appendix B.
use super::{Carried, DeliveryReport, Part};
use crate::observe::{Fact, Observation, Trace};
use crate::wire::smpp::{Body, DefaultAlphabet, MessageState, Pdu, Receipt, ShortMessagePdu};
use crate::wire::smpp::{decode_short_message_text, find_tlv, tag};
use std::collections::HashMap;
use std::net::SocketAddr;

pub(super) fn carried(trace: &Trace) -> Vec<Carried<'_>> {
    let answers = responses(trace);
    let all = trace.facts.iter().enumerate().filter_map(|(index, seen)| {
        let Fact::Smpp(pdu) = &seen.fact else {
            return None;
        };
        let fields = pdu.short_message()?;
        Some(Carried {
            index,
            direction: seen.direction,
            sender: fields.source_number(),
            recipient: fields.dest_number(),
            is_receipt: fields.is_receipt(),
            part: part(trace.default_alphabet, seen, pdu, fields, &answers),
        })
    });
    all.collect()
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
    alphabet: DefaultAlphabet,
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
    let (mut said, mut tlvs) = (fields.clone(), pdu.tlvs.clone());
    alphabet.read(&mut said, &mut tlvs);
    let (text, coding, concatenation) = match decode_short_message_text(&said, &tlvs).ok() {
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
        time_stamp: None,
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
