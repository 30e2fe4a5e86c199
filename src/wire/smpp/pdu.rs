//! PDU header and bodies, SMPP 3.4 section 4. Prints an unmodified PDU octet for octet.
use super::{CommandId, ShortMessagePdu};
use crate::wire::Malformed;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlv {
    pub tag: u16,
    pub value: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindKind {
    Receiver,
    Transmitter,
    Transceiver,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bind {
    pub system_id: String,
    pub password: String,
    pub system_type: String,
    pub interface_version: u8,
    pub addr_ton: u8,
    pub addr_npi: u8,
    pub address_range: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Bind(BindKind, Bind),
    /// bind_*_resp: system_id of the message centre.
    BindResp(String),
    /// submit_sm, deliver_sm (same layout).
    ShortMessage(Box<ShortMessagePdu>),
    /// data_sm: no fixed text, message_payload TLV.
    Data(Box<ShortMessagePdu>),
    /// submit_sm_resp, deliver_sm_resp, data_sm_resp: message_id; `None` = body absent (normal when status is not 0).
    MessageId(Option<String>),
    /// enquire_link, unbind, their responses, generic_nack.
    Empty,
    /// Any other command, undecoded.
    Other(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    pub command: CommandId,
    pub status: u32,
    pub sequence: u32,
    pub body: Body,
    pub tlvs: Vec<Tlv>,
    pub defects: Vec<Malformed>,
    pub(super) original: Option<Vec<u8>>,
}

impl Pdu {
    pub fn new(command: CommandId, status: u32, sequence: u32, body: Body) -> Self {
        Self {
            command,
            status,
            sequence,
            body,
            tlvs: Vec::new(),
            defects: Vec::new(),
            original: None,
        }
    }
    /// Parses one whole framed PDU. Lenient on field quirks (message_id without NUL, sm_length past the end): recorded in `defects`.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
    }
    pub fn tlv(&self, tag: u16) -> Option<&[u8]> {
        let _ = tag;
        todo!()
    }
    /// The submit_sm/deliver_sm/data_sm content, if it is one.
    pub fn short_message(&self) -> Option<&ShortMessagePdu> {
        match &self.body {
            Body::ShortMessage(m) | Body::Data(m) => Some(m),
            _ => None,
        }
    }
}
