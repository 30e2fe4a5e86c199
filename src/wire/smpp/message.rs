//! The message fields of submit_sm, deliver_sm and data_sm, SMPP 3.4 sections 4.4.1, 4.6.1, 4.7.1.
use super::Tlv;
use crate::wire::{
    Malformed,
    sms::{Coding, Concatenation},
};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShortMessagePdu {
    pub service_type: String,
    pub source_ton: u8,
    pub source_npi: u8,
    pub source: String,
    pub dest_ton: u8,
    pub dest_npi: u8,
    pub dest: String,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority: u8,
    pub schedule: String,
    pub validity: String,
    pub registered_delivery: u8,
    pub replace: u8,
    pub data_coding: u8,
    pub default_message_id: u8,
    /// `short_message` octets (user data header first when esm_class bit 6 is set).
    pub short_message: Vec<u8>,
}

impl ShortMessagePdu {
    /// `+digits` for international TON, digits otherwise, the text for alphanumeric TON.
    pub fn source_number(&self) -> String {
        todo!()
    }
    pub fn dest_number(&self) -> String {
        todo!()
    }
    /// esm_class bits 5-2 say delivery receipt.
    pub fn is_receipt(&self) -> bool {
        self.esm_class & 0x3c == 0x04
    }
}

/// What a short message says: text of this part, coding, and its place in a concatenation (UDH, or SAR TLVs).
/// data_coding 0 is read as unpacked GSM 7-bit; message_payload replaces an empty short_message.
pub fn decode_short_message_text(
    message: &ShortMessagePdu,
    tlvs: &[Tlv],
) -> Result<(String, Coding, Option<Concatenation>), Malformed> {
    let _ = (message, tlvs);
    todo!()
}
