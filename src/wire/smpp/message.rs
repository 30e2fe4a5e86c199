//! The message fields of submit_sm, deliver_sm and data_sm, SMPP 3.4 sections 4.4.1, 4.6.1, 4.7.1.
//!
//! Reads what one short message says. Putting parts together is the business of whoever receives them.
use super::pdu::{find_tlv, latin1};
use super::read::ShortMessageRef;
use super::{Tlv, tag};
use crate::wire::{
    Malformed,
    sms::{Coding, Concatenation, UserDataHeader, decode_gsm7_national, decode_ucs2},
};

const TON_INTERNATIONAL: u8 = 1;

/// As it is kept, or (see `ShortMessageRef`) as it lies in a PDU.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShortMessagePdu<Text = String, Octets = Vec<u8>> {
    pub service_type: Text,
    pub source_ton: u8,
    pub source_npi: u8,
    pub source: Text,
    pub dest_ton: u8,
    pub dest_npi: u8,
    pub dest: Text,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority: u8,
    pub schedule: Text,
    pub validity: Text,
    pub registered_delivery: u8,
    pub replace: u8,
    pub data_coding: u8,
    pub default_message_id: u8,
    /// `short_message` octets (user data header first when esm_class bit 6 is set).
    pub short_message: Octets,
}

impl From<ShortMessageRef<'_>> for ShortMessagePdu {
    fn from(read: ShortMessageRef<'_>) -> Self {
        Self {
            service_type: latin1(read.service_type.0),
            source_ton: read.source_ton,
            source_npi: read.source_npi,
            source: latin1(read.source.0),
            dest_ton: read.dest_ton,
            dest_npi: read.dest_npi,
            dest: latin1(read.dest.0),
            esm_class: read.esm_class,
            protocol_id: read.protocol_id,
            priority: read.priority,
            schedule: latin1(read.schedule.0),
            validity: latin1(read.validity.0),
            registered_delivery: read.registered_delivery,
            replace: read.replace,
            data_coding: read.data_coding,
            default_message_id: read.default_message_id,
            short_message: read.short_message.to_vec(),
        }
    }
}

impl ShortMessagePdu {
    /// `+digits` for international TON, digits otherwise, the text for alphanumeric TON.
    pub fn source_number(&self) -> String {
        number(self.source_ton, &self.source)
    }
    pub fn dest_number(&self) -> String {
        number(self.dest_ton, &self.dest)
    }
    /// esm_class bits 5-2 say delivery receipt.
    pub fn is_receipt(&self) -> bool {
        self.esm_class & 0x3c == 0x04
    }
    /// esm_class bit 6: the text begins with a user data header.
    pub fn has_user_data_header(&self) -> bool {
        self.esm_class & 0x40 != 0
    }
}

fn number(ton: u8, address: &str) -> String {
    if ton == TON_INTERNATIONAL && !address.starts_with('+') {
        format!("+{address}")
    } else {
        address.to_owned()
    }
}

/// What a data_coding says (SMPP 3.4 section 5.2.19; 3GPP TS 23.038 clause 4 from 0xC0 on).
enum Alphabet {
    Gsm7,
    Ascii,
    Latin1,
    Octets,
    Ucs2,
}

fn alphabet(data_coding: u8) -> Option<Alphabet> {
    match data_coding {
        0x00 | 0xc0..=0xdf => Some(Alphabet::Gsm7),
        0x01 => Some(Alphabet::Ascii),
        0x02 | 0x04 => Some(Alphabet::Octets),
        0x03 => Some(Alphabet::Latin1),
        0x08 | 0xe0..=0xef => Some(Alphabet::Ucs2),
        0xf0..=0xff if data_coding & 0x04 == 0 => Some(Alphabet::Gsm7),
        0xf0..=0xff => Some(Alphabet::Octets),
        _ => None,
    }
}

/// What a short message says: text of this part, coding, and its place in a concatenation (UDH, or SAR TLVs).
/// data_coding 0 is read as unpacked GSM 7-bit; message_payload replaces an empty short_message. Octets that are no text (8-bit data)
/// come out one character each.
pub fn decode_short_message_text(
    message: &ShortMessagePdu,
    tlvs: &[Tlv],
) -> Result<(String, Coding, Option<Concatenation>), Malformed> {
    let mut data = message.short_message.as_slice();
    if data.is_empty() {
        data = find_tlv(tlvs, tag::MESSAGE_PAYLOAD).unwrap_or(&[]);
    }
    let (mut concatenation, mut languages) = (None, (None, None));
    if message.has_user_data_header() {
        let (header, took) = UserDataHeader::parse(data)?;
        concatenation = header.concatenation();
        languages = header.national_languages();
        data = data.get(took..).unwrap_or(&[]);
    }
    let concatenation = concatenation.or_else(|| segmentation(tlvs));
    let alphabet = alphabet(message.data_coding).ok_or_else(|| {
        Malformed::new(
            0,
            format!(
                "a data_coding in use instead of 0x{:02x}",
                message.data_coding
            ),
            "SMPP 3.4 section 5.2.19",
        )
    })?;
    let (text, coding) = match alphabet {
        Alphabet::Gsm7 => {
            let (single, locking) = languages;
            (decode_gsm7_national(data, single, locking)?, Coding::Gsm7)
        }
        Alphabet::Ucs2 => (decode_ucs2(data)?, Coding::Ucs2),
        Alphabet::Latin1 | Alphabet::Octets => (latin1(data), Coding::Octets),
        Alphabet::Ascii => match data.iter().position(|octet| !octet.is_ascii()) {
            None => (latin1(data), Coding::Octets),
            Some(at) => {
                return Err(Malformed::new(
                    at,
                    "an IA5 octet",
                    "SMPP 3.4 section 5.2.19",
                ));
            }
        },
    };
    Ok((text, coding, concatenation))
}

/// sar_msg_ref_num, sar_total_segments and sar_segment_seqnum (SMPP 3.4 section 5.3.2.22 and following), if all three make sense.
fn segmentation(tlvs: &[Tlv]) -> Option<Concatenation> {
    let &[high, low] = find_tlv(tlvs, tag::SAR_REFERENCE)? else {
        return None;
    };
    let &[total] = find_tlv(tlvs, tag::SAR_TOTAL)? else {
        return None;
    };
    let &[sequence] = find_tlv(tlvs, tag::SAR_SEQUENCE)? else {
        return None;
    };
    Some(Concatenation {
        reference: u16::from_be_bytes([high, low]),
        wide: true,
        total,
        sequence,
    })
    .filter(Concatenation::is_valid)
}
