//! An SMS handset and what the message centre knows of it: puts received parts together, writes short messages, cuts long ones.
//!
//! Decides what becomes of a submission to it (answer, delay, receipt) by its `HandsetBehaviour`. Knows no SMPP session: what it says is
//! message fields without sequence numbers, and whoever holds the links sends them. More than 400 lines: receiving, writing and reporting
//! share the state of one handset.
mod crowd;
mod unreported;

use super::Time;
use super::behaviour::{HandsetBehaviour, ReceiptId, Segmentation};
use crate::wire::Malformed;
use crate::wire::smpp::{
    MessageState, Receipt, ShortMessagePdu, Tlv, decode_short_message_text, status, tag,
};
use crate::wire::sms::{
    Coding, Concatenation, ReferenceWidth, Segment, encode_gsm7, encode_ucs2, split_text,
};
use std::collections::VecDeque;
use std::time::Duration;
use unreported::{Unreported, message_state};

/// Unfinished long messages kept; the oldest gives way.
const MOST_UNFINISHED: usize = 64;
/// Received short messages kept; the oldest gives way.
const MOST_RECEIVED: usize = 1000;
/// A long message that lacks parts for this long is given up.
const REASSEMBLY: Duration = Duration::from_secs(600);

/// An address as SMPP carries it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    pub ton: u8,
    pub npi: u8,
    pub digits: String,
}

impl Address {
    /// `+digits` is international, digits alone are of unknown type, anything else is alphanumeric.
    pub fn of(number: &str) -> Self {
        let (ton, npi, digits) = match number.strip_prefix('+') {
            Some(digits) => (1, 1, digits),
            None if number.bytes().all(|octet| octet.is_ascii_digit()) => (0, 1, number),
            None => (5, 0, number),
        };
        Self {
            ton,
            npi,
            digits: digits.to_owned(),
        }
    }
}

/// A whole short message as the handset shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortText {
    pub from: String,
    pub text: String,
}

/// Fields of a deliver_sm or data_sm to the system; the link adds the sequence number, or makes a TPDU of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub message: ShortMessagePdu,
    pub tlvs: Vec<Tlv>,
    /// data_sm instead of deliver_sm.
    pub by_data_sm: bool,
    /// It is a receipt: number of the message it is about, and TP-ST.
    pub reports: Option<(u64, u8)>,
}

/// What becomes of a submission to this handset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// command_status of the response; `None` = no response.
    pub answer: Option<u32>,
    pub answer_after: Duration,
    /// The handset gets the message.
    pub reaches: bool,
    /// TP-ST the receipt will tell, and how long after the response; `None` = no receipt.
    pub receipt: Option<(u8, Duration)>,
    /// A receipt was asked for and the service centre waits to be told what it says.
    pub unreported: bool,
}

/// Why a handset could not do as told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandsetError {
    #[error(
        "{0} cannot answer: no short message has reached it; let the system send one first or name a recipient"
    )]
    NobodyToAnswer(String),
    #[error("{0} cannot send: its behaviour says it has no coverage")]
    NoCoverage(String),
    #[error("{0} cannot send: the text needs more than 255 parts; shorten it")]
    TooLong(String),
    #[error(
        "nothing to report: short message {which} to {number} has not come or asked for no report"
    )]
    NothingToReport { number: String, which: usize },
}

#[derive(Debug)]
struct Unfinished {
    from: Address,
    to: String,
    place: Concatenation,
    since: Time,
    parts: Vec<Option<String>>,
}

#[derive(Debug)]
pub struct SmsHandset {
    number: String,
    behaviour: HandsetBehaviour,
    reference: u16,
    unfinished: VecDeque<Unfinished>,
    received: VecDeque<ShortText>,
    last_sender: Option<Address>,
    unreported: Unreported,
}

impl SmsHandset {
    /// `reference` is the concatenation reference of its first long message.
    pub fn new(number: &str, reference: u16, behaviour: HandsetBehaviour) -> Self {
        Self {
            number: number.to_owned(),
            behaviour,
            reference,
            unfinished: VecDeque::new(),
            received: VecDeque::new(),
            last_sender: None,
            unreported: Unreported::default(),
        }
    }

    pub fn number(&self) -> &str {
        &self.number
    }

    pub fn behave(&mut self, behaviour: HandsetBehaviour) {
        self.behaviour = behaviour;
    }

    pub fn behaviour(&self) -> &HandsetBehaviour {
        &self.behaviour
    }

    /// The number the last whole short message came from.
    pub fn last_sender(&self) -> Option<String> {
        self.last_sender.as_ref().map(|a| match a.ton {
            1 => format!("+{}", a.digits),
            _ => a.digits.clone(),
        })
    }

    /// Whole short messages, oldest first.
    pub fn received(&self) -> impl Iterator<Item = &ShortText> {
        self.received.iter()
    }

    /// Decides on a submission; nothing has happened yet.
    pub fn accepts(&self, message: &ShortMessagePdu) -> Acceptance {
        let behaviour = &self.behaviour;
        let answer_after = behaviour.submit_delay;
        let refused = behaviour.submit_status != status::OK;
        if behaviour.submit_unanswered || refused {
            return Acceptance {
                answer: (!behaviour.submit_unanswered).then_some(behaviour.submit_status),
                answer_after,
                reaches: false,
                receipt: None,
                unreported: false,
            };
        }
        let status = match behaviour.receipt {
            Some(_) if behaviour.coverage_lost => Some(UNREACHABLE),
            status => status,
        };
        Acceptance {
            answer: Some(status::OK),
            answer_after,
            reaches: !behaviour.coverage_lost,
            receipt: status
                .filter(|status| asked_for(message.registered_delivery, *status))
                .map(|status| (status, behaviour.receipt_delay)),
            unreported: status.is_none() && message.registered_delivery & 0x03 != 0,
        }
    }

    /// A short message reaches the handset. Gives the whole text if this was all of it or the last part that was missing.
    pub fn arrives(
        &mut self,
        now: Time,
        message: &ShortMessagePdu,
        tlvs: &[Tlv],
    ) -> Result<Option<ShortText>, Malformed> {
        let (text, _, place) = decode_short_message_text(message, tlvs)?;
        let from = Address {
            ton: message.source_ton,
            npi: message.source_npi,
            digits: message.source.clone(),
        };
        let whole = match place {
            Some(place) => self.part(now, &from, message.dest_number(), place, text),
            None => Some(text),
        };
        let Some(text) = whole else {
            return Ok(None);
        };
        let shown = ShortText {
            from: message.source_number(),
            text,
        };
        self.last_sender = Some(from);
        if self.received.len() == MOST_RECEIVED {
            self.received.pop_front();
        }
        self.received.push_back(shown.clone());
        Ok(Some(shown))
    }

    /// Parts belong together by originator, destination, reference, width of the reference and number of parts.
    fn part(
        &mut self,
        now: Time,
        from: &Address,
        to: String,
        place: Concatenation,
        text: String,
    ) -> Option<String> {
        self.unfinished
            .retain(|u| now.saturating_sub(u.since) < REASSEMBLY);
        let same = |u: &Unfinished| {
            u.from == *from
                && u.to == to
                && (u.place.reference, u.place.wide, u.place.total)
                    == (place.reference, place.wide, place.total)
        };
        let index = match self.unfinished.iter().position(same) {
            Some(index) => index,
            None => {
                if self.unfinished.len() == MOST_UNFINISHED {
                    self.unfinished.pop_front();
                }
                self.unfinished.push_back(Unfinished {
                    from: from.clone(),
                    to,
                    place,
                    since: now,
                    parts: vec![None; usize::from(place.total)],
                });
                self.unfinished.len() - 1
            }
        };
        let unfinished = self.unfinished.get_mut(index)?;
        let slot = unfinished
            .parts
            .get_mut(usize::from(place.sequence).checked_sub(1)?)?;
        slot.get_or_insert(text);
        let whole: Option<String> = unfinished.parts.iter().map(Option::as_deref).collect();
        if whole.is_some() {
            self.unfinished.remove(index);
        }
        whole
    }

    /// A short message to where the last one came from, addressed exactly as that one was.
    pub fn answer(&mut self, text: &str) -> Result<Vec<Outgoing>, HandsetError> {
        let to = self
            .last_sender
            .clone()
            .ok_or_else(|| HandsetError::NobodyToAnswer(self.number.clone()))?;
        self.write(&to, text)
    }

    pub fn send(&mut self, to: &str, text: &str) -> Result<Vec<Outgoing>, HandsetError> {
        self.write(&Address::of(to), text)
    }

    fn write(&mut self, to: &Address, text: &str) -> Result<Vec<Outgoing>, HandsetError> {
        if self.behaviour.coverage_lost {
            return Err(HandsetError::NoCoverage(self.number.clone()));
        }
        let reference = self.reference;
        let mut parts = self.parts(text)?;
        if let Some(lost) = self.behaviour.lost_part
            && parts.len() > 1
            && (1..=parts.len()).contains(&usize::from(lost))
        {
            parts.remove(usize::from(lost) - 1);
        }
        if self.behaviour.parts_out_of_order {
            let by = parts.len().min(1);
            parts.rotate_right(by);
        }
        let from = Address::of(&self.number);
        let copies = 1 + usize::from(self.behaviour.deliver_duplicates);
        let outgoing = parts.into_iter().map(|(mut message, tlvs)| {
            (message.source_ton, message.source_npi) = (from.ton, from.npi);
            message.source.clone_from(&from.digits);
            (message.dest_ton, message.dest_npi) = (to.ton, to.npi);
            message.dest.clone_from(&to.digits);
            Outgoing {
                message,
                tlvs,
                by_data_sm: false,
                reports: None,
            }
        });
        let mut outgoing: Vec<Outgoing> = outgoing
            .flat_map(|part| std::iter::repeat_n(part, copies))
            .collect();
        if let Some(bystander) = self.behaviour.bystander {
            let between = outgoing.len() / 2;
            outgoing.insert(between, crowd::beside(bystander, to, reference));
        }
        Ok(outgoing)
    }

    /// The parts of a text as the behaviour wants them told apart, without addresses.
    fn parts(&mut self, text: &str) -> Result<Vec<(ShortMessagePdu, Vec<Tlv>)>, HandsetError> {
        let segmentation = self.behaviour.segmentation;
        if segmentation == Segmentation::Payload {
            return Ok(vec![payload(text)]);
        }
        let reference = self.reference;
        self.reference = reference.wrapping_add(1);
        let width = match segmentation {
            Segmentation::Header16 => ReferenceWidth::Sixteen,
            _ => ReferenceWidth::Eight,
        };
        let segments = match self.behaviour.mixed_alphabets {
            true => crowd::alternating(text, reference),
            false => split_text(text, reference, width),
        };
        let segments = segments.ok_or_else(|| HandsetError::TooLong(self.number.clone()))?;
        let total = u8::try_from(segments.len()).unwrap_or(u8::MAX);
        let parts = (1..=total).zip(segments).map(|(sequence, segment)| {
            let by_sar = segmentation == Segmentation::Sar && total > 1;
            part_fields(segment, by_sar.then_some((reference, total, sequence)))
        });
        Ok(parts.collect())
    }

    /// Keeps a submission whose report will be ordered later.
    pub fn unreported(&mut self, submission: &ShortMessagePdu, message_id: u64) {
        self.unreported.keep(submission, message_id);
    }

    /// How many submissions are kept.
    pub fn reports_owed(&self) -> usize {
        self.unreported.count()
    }

    /// The receipts of submissions kept, each by its place (0 = first) and its TP-ST.
    pub fn report(
        &self,
        reports: &[(usize, u8)],
        times: (&str, &str),
    ) -> Result<Vec<Outgoing>, HandsetError> {
        let receipt = |(which, status): &(usize, u8)| {
            let kept = self.unreported.get(*which);
            let kept = kept.ok_or_else(|| HandsetError::NothingToReport {
                number: self.number.clone(),
                which: *which,
            })?;
            Ok(self.receipt(&kept.0, kept.1, *status, times))
        };
        reports.iter().map(receipt).collect()
    }

    /// The delivery receipt of a message this handset was sent. `status` is TP-ST, `submitted` and `done` are YYMMDDhhmm.
    pub fn receipt(
        &self,
        submission: &ShortMessagePdu,
        message_id: u64,
        status: u8,
        (submitted, done): (&str, &str),
    ) -> Outgoing {
        let state = message_state(status);
        let reports = (message_id, status);
        let message_id = match self.behaviour.receipt_id {
            ReceiptId::Same => message_id.to_string(),
            ReceiptId::Hexadecimal => format!("{message_id:X}"),
            ReceiptId::Padded => format!("{message_id:010}"),
        };
        let error = match state {
            MessageState::Delivered | MessageState::Accepted | MessageState::Enroute => "000",
            _ => "001",
        };
        let receipt = Receipt {
            message_id,
            state,
            error: error.to_owned(),
        };
        let text = receipt.text(submitted, done, "").into_bytes();
        let mut identifier = receipt.message_id.into_bytes();
        identifier.push(0);
        let mut tlvs = vec![
            tlv(tag::RECEIPTED_MESSAGE_ID, &identifier),
            tlv(tag::MESSAGE_STATE, &[state.code()]),
        ];
        if self.behaviour.receipt_without_tlvs {
            tlvs.clear();
        }
        let by_data_sm = self.behaviour.receipt_by_data_sm;
        if by_data_sm {
            tlvs.push(tlv(tag::MESSAGE_PAYLOAD, &text));
        }
        Outgoing {
            message: ShortMessagePdu {
                source_ton: submission.dest_ton,
                source_npi: submission.dest_npi,
                source: submission.dest.clone(),
                dest_ton: submission.source_ton,
                dest_npi: submission.source_npi,
                dest: submission.source.clone(),
                esm_class: 0x04,
                short_message: if by_data_sm { Vec::new() } else { text },
                ..ShortMessagePdu::default()
            },
            tlvs,
            by_data_sm,
            reports: Some(reports),
        }
    }
}

/// TP-ST of a receipt for a handset without coverage: no response from the SME, the service centre has given up.
const UNREACHABLE: u8 = 0x62;

/// registered_delivery bits 1-0 (SMPP 3.4 section 5.2.17; 3 = on success only is of SMPP 5.0).
fn asked_for(registered_delivery: u8, status: u8) -> bool {
    let success = status == 0;
    match registered_delivery & 0x03 {
        1 => true,
        2 => !success,
        3 => success,
        _ => false,
    }
}

fn tlv(tag: u16, value: &[u8]) -> Tlv {
    Tlv {
        tag,
        value: value.to_vec(),
    }
}

fn data_coding(coding: Coding) -> u8 {
    match coding {
        Coding::Gsm7 => 0x00,
        Coding::Ucs2 => 0x08,
        Coding::Octets => 0x04,
    }
}

fn payload(text: &str) -> (ShortMessagePdu, Vec<Tlv>) {
    let (coding, octets) = match encode_gsm7(text) {
        Ok(septets) => (Coding::Gsm7, septets),
        Err(_) => (Coding::Ucs2, encode_ucs2(text)),
    };
    let message = ShortMessagePdu {
        data_coding: data_coding(coding),
        ..ShortMessagePdu::default()
    };
    (message, vec![tlv(tag::MESSAGE_PAYLOAD, &octets)])
}

/// One segment as message fields: with its header, or with `sar` = (reference, total, sequence) in TLVs instead.
fn part_fields(segment: Segment, sar: Option<(u16, u8, u8)>) -> (ShortMessagePdu, Vec<Tlv>) {
    let header = match sar {
        Some(_) => Vec::new(),
        None => segment.header,
    };
    let message = ShortMessagePdu {
        esm_class: if header.is_empty() { 0 } else { 0x40 },
        data_coding: data_coding(segment.coding),
        short_message: [header, segment.payload].concat(),
        ..ShortMessagePdu::default()
    };
    let tlvs = sar.map_or_else(Vec::new, |(reference, total, sequence)| {
        vec![
            tlv(tag::SAR_REFERENCE, &reference.to_be_bytes()),
            tlv(tag::SAR_TOTAL, &[total]),
            tlv(tag::SAR_SEQUENCE, &[sequence]),
        ]
    });
    (message, tlvs)
}

#[cfg(test)]
#[path = "handset_tests.rs"]
mod tests;
