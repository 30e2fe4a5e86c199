//! PDU header and bodies, SMPP 3.4 section 4. Prints an unmodified PDU octet for octet.
//!
//! C-octet strings are read octet by octet as ISO 8859-1, so that any octets survive. Reading itself is in `read.rs`.
use super::print::print_body;
use super::read::{BodyRef, Latin1, PduRef};
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
pub struct Bind<Text = String> {
    pub system_id: Text,
    pub password: Text,
    pub system_type: Text,
    pub interface_version: u8,
    pub addr_ton: u8,
    pub addr_npi: u8,
    pub address_range: Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Bind(BindKind, Bind),
    /// bind_*_resp: system_id of the message centre. An absent one (normal when status is not 0) is `Empty`.
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
        PduRef::parse(octets).map(Self::from)
    }

    /// The octets it was parsed from if nothing was changed since, else the fields. NUL ends a string; a short_message is cut at 255
    /// octets (longer text belongs in message_payload).
    pub fn to_octets(&self) -> Vec<u8> {
        if let Some(original) = &self.original
            && Self::parse(original).as_ref() == Ok(self)
        {
            return original.clone();
        }
        let mut octets = vec![0; 4];
        for word in [self.command.0, self.status, self.sequence] {
            octets.extend_from_slice(&word.to_be_bytes());
        }
        print_body(&self.body, &mut octets);
        for tlv in &self.tlvs {
            let Ok(length) = u16::try_from(tlv.value.len()) else {
                continue;
            };
            octets.extend_from_slice(&tlv.tag.to_be_bytes());
            octets.extend_from_slice(&length.to_be_bytes());
            octets.extend_from_slice(&tlv.value);
        }
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        octets[..4].copy_from_slice(&length.to_be_bytes());
        octets
    }

    /// The value of the first TLV of that tag.
    pub fn tlv(&self, tag: u16) -> Option<&[u8]> {
        find_tlv(&self.tlvs, tag)
    }

    /// The submit_sm/deliver_sm/data_sm content, if it is one.
    pub fn short_message(&self) -> Option<&ShortMessagePdu> {
        match &self.body {
            Body::ShortMessage(m) | Body::Data(m) => Some(m),
            _ => None,
        }
    }
}

impl From<PduRef<'_>> for Pdu {
    fn from(read: PduRef<'_>) -> Self {
        let text = |text: Latin1<'_>| latin1(text.0);
        let body = match read.body {
            BodyRef::Bind(kind, bind) => Body::Bind(kind, bind.into()),
            BodyRef::BindResp(id) => Body::BindResp(text(id)),
            BodyRef::ShortMessage(message) => Body::ShortMessage(Box::new(message.into())),
            BodyRef::Data(message) => Body::Data(Box::new(message.into())),
            BodyRef::MessageId(id) => Body::MessageId(id.map(text)),
            BodyRef::Empty => Body::Empty,
            BodyRef::Other(octets) => Body::Other(octets.to_vec()),
        };
        let tlv = |(tag, value): (u16, &[u8])| Tlv {
            tag,
            value: value.to_vec(),
        };
        Self {
            command: read.command,
            status: read.status,
            sequence: read.sequence,
            body,
            tlvs: read.tlvs.iter().map(tlv).collect(),
            defects: read.defects,
            original: Some(read.octets.to_vec()),
        }
    }
}

impl From<Bind<Latin1<'_>>> for Bind {
    fn from(read: Bind<Latin1<'_>>) -> Self {
        Self {
            system_id: latin1(read.system_id.0),
            password: latin1(read.password.0),
            system_type: latin1(read.system_type.0),
            interface_version: read.interface_version,
            addr_ton: read.addr_ton,
            addr_npi: read.addr_npi,
            address_range: latin1(read.address_range.0),
        }
    }
}

/// Value of the first TLV with that tag.
pub fn find_tlv(tlvs: &[Tlv], tag: u16) -> Option<&[u8]> {
    tlvs.iter()
        .find(|tlv| tlv.tag == tag)
        .map(|tlv| tlv.value.as_slice())
}

/// Octets as ISO 8859-1.
pub(super) fn latin1(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => octets.iter().copied().map(char::from).collect(),
    }
}
