//! What else may come with the short messages of a handset: parts in different alphabets, and short messages of others in between.
use super::{Address, Outgoing, part_fields};
use crate::peer::behaviour::Bystander;
use crate::wire::smpp::ShortMessagePdu;
use crate::wire::sms::{Coding, ReferenceWidth, Segment, encode_gsm7, encode_ucs2, split_text};

/// UTF-16 units of a part; fits one short message in either alphabet.
const PART: usize = 60;
/// Where a bystander's part comes from: a number of the ranges reserved for drama, which no test case uses.
const STRANGER: &str = "+442079460999";
/// An originator that is a name (3GPP TS 23.040 clause 9.1.2.5).
const SERVICE: &str = "RCS Test";

/// The parts of a text whose odd parts are UCS2 and whose even parts are in the GSM alphabet where they can be. A text that fits one short
/// message is not cut.
pub(super) fn alternating(text: &str, reference: u16) -> Option<Vec<Segment>> {
    let usual = split_text(text, reference, ReferenceWidth::Eight)?;
    if usual.len() < 2 {
        return Some(usual);
    }
    let texts = pieces(text);
    let total = u8::try_from(texts.len()).ok()?;
    let reference = u8::try_from(reference & 0xff).ok()?;
    let part = |(sequence, text): (u8, String)| {
        let septets = encode_gsm7(&text).ok().filter(|_| sequence % 2 == 0);
        let (coding, payload) = match septets {
            Some(septets) => (Coding::Gsm7, septets),
            None => (Coding::Ucs2, encode_ucs2(&text)),
        };
        Segment {
            header: vec![5, 0, 3, reference, total, sequence],
            coding,
            payload,
            text,
        }
    };
    Some((1..=total).zip(texts).map(part).collect())
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let room = character.len_utf16();
        if used + room > PART {
            pieces.push(String::new());
            used = 0;
        }
        used += room;
        if let Some(last) = pieces.last_mut() {
            last.push(character);
        }
    }
    pieces
}

/// What somebody else sends to the same place at the same time. `reference` is that of the handset's own long message.
pub(super) fn beside(bystander: Bystander, to: &Address, reference: u16) -> Outgoing {
    let (from, message) = match bystander {
        Bystander::SameReference => {
            let reference = u8::try_from(reference & 0xff).unwrap_or(0);
            let text = "Half of what somebody else wrote";
            let segment = Segment {
                header: vec![5, 0, 3, reference, 2, 1],
                coding: Coding::Gsm7,
                payload: encode_gsm7(text).unwrap_or_default(),
                text: text.to_owned(),
            };
            (STRANGER, part_fields(segment, None).0)
        }
        Bystander::Service => {
            let message = ShortMessagePdu {
                short_message: encode_gsm7("Your parcel has come").unwrap_or_default(),
                ..ShortMessagePdu::default()
            };
            (SERVICE, message)
        }
    };
    addressed(message, &Address::of(from), to)
}

fn addressed(mut message: ShortMessagePdu, from: &Address, to: &Address) -> Outgoing {
    (message.source_ton, message.source_npi) = (from.ton, from.npi);
    message.source.clone_from(&from.digits);
    (message.dest_ton, message.dest_npi) = (to.ton, to.npi);
    message.dest.clone_from(&to.digits);
    Outgoing {
        message,
        tlvs: Vec::new(),
        by_data_sm: false,
        reports: None,
    }
}
