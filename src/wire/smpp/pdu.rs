//! PDU header and bodies, SMPP 3.4 section 4. Prints an unmodified PDU octet for octet.
//!
//! C-octet strings are read octet by octet as ISO 8859-1, so that any octets survive. Field quirks of deployed products are read and
//! noted in `defects`; a mandatory field that is missing is malformed.
use super::print::print_body;
use super::{CommandId, ShortMessagePdu};
use crate::wire::Malformed;

/// More TLVs than this in one PDU are not read (and noted).
const MOST_TLVS: usize = 256;

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
        let mut fields = Fields::new(octets);
        let clause = "SMPP 3.4 section 3.2";
        let length = fields.long(clause)?;
        let command = CommandId(fields.long(clause)?);
        let status = fields.long(clause)?;
        let sequence = fields.long(clause)?;
        if usize::try_from(length) != Ok(octets.len()) {
            return Err(Malformed::new(
                0,
                format!("command_length {} instead of {length}", octets.len()),
                clause,
            ));
        }
        let body = fields.body(command)?;
        let tlvs = fields.tlvs();
        Ok(Self {
            command,
            status,
            sequence,
            body,
            tlvs,
            defects: fields.defects,
            original: Some(octets.to_vec()),
        })
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

/// Value of the first TLV with that tag.
pub fn find_tlv(tlvs: &[Tlv], tag: u16) -> Option<&[u8]> {
    tlvs.iter()
        .find(|tlv| tlv.tag == tag)
        .map(|tlv| tlv.value.as_slice())
}

/// Octets as ISO 8859-1.
pub(super) fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Reads fields one after the other.
struct Fields<'a> {
    octets: &'a [u8],
    at: usize,
    defects: Vec<Malformed>,
}

impl<'a> Fields<'a> {
    fn new(octets: &'a [u8]) -> Self {
        Self {
            octets,
            at: 0,
            defects: Vec::new(),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or(&[])
    }

    fn defect(&mut self, expected: impl Into<String>, clause: &'static str) {
        self.defects.push(Malformed::new(self.at, expected, clause));
    }

    fn long(&mut self, clause: &'static str) -> Result<u32, Malformed> {
        let octets = self
            .rest()
            .first_chunk::<4>()
            .ok_or_else(|| Malformed::new(self.octets.len(), "a 4-octet integer", clause))?;
        self.at += 4;
        Ok(u32::from_be_bytes(*octets))
    }

    fn octet(&mut self, name: &str, clause: &'static str) -> Result<u8, Malformed> {
        let octet = self
            .rest()
            .first()
            .ok_or_else(|| Malformed::new(self.octets.len(), name, clause))?;
        self.at += 1;
        Ok(*octet)
    }

    /// A NUL-terminated string of at most `most` octets, NUL included.
    fn string(
        &mut self,
        name: &str,
        most: usize,
        clause: &'static str,
    ) -> Result<String, Malformed> {
        let rest = self.rest();
        let end = memchr::memchr(0, rest).ok_or_else(|| {
            Malformed::new(
                self.octets.len(),
                format!("the NUL that ends {name}"),
                clause,
            )
        })?;
        if end >= most {
            self.defect(format!("{name} of at most {most} octets with NUL"), clause);
        }
        self.at += end + 1;
        Ok(latin1(&rest[..end]))
    }

    /// As `string`, but the end of the PDU may stand for the NUL; that is noted.
    fn last_string(&mut self, name: &str, most: usize, clause: &'static str) -> String {
        let rest = self.rest();
        if memchr::memchr(0, rest).is_some() {
            return self.string(name, most, clause).unwrap_or_default();
        }
        self.defect(format!("{name} ended by NUL"), clause);
        self.at = self.octets.len();
        latin1(rest)
    }

    fn body(&mut self, command: CommandId) -> Result<Body, Malformed> {
        let bind = |kind, fields: &mut Self| Ok(Body::Bind(kind, fields.bind()?));
        match command {
            CommandId::BIND_RECEIVER => bind(BindKind::Receiver, self),
            CommandId::BIND_TRANSMITTER => bind(BindKind::Transmitter, self),
            CommandId::BIND_TRANSCEIVER => bind(BindKind::Transceiver, self),
            CommandId::SUBMIT_SM => Ok(Body::ShortMessage(Box::new(
                self.short_message("SMPP 3.4 section 4.4.1")?,
            ))),
            CommandId::DELIVER_SM => Ok(Body::ShortMessage(Box::new(
                self.short_message("SMPP 3.4 section 4.6.1")?,
            ))),
            CommandId::DATA_SM => Ok(Body::Data(Box::new(self.data()?))),
            CommandId::UNBIND | CommandId::ENQUIRE_LINK | CommandId::GENERIC_NACK => {
                Ok(Body::Empty)
            }
            response if response.is_response() => Ok(self.response(response)),
            _ => Ok(self.other()),
        }
    }

    fn response(&mut self, command: CommandId) -> Body {
        let empty = self.rest().is_empty();
        match command.request() {
            CommandId::BIND_RECEIVER
            | CommandId::BIND_TRANSMITTER
            | CommandId::BIND_TRANSCEIVER => {
                if empty {
                    return Body::Empty;
                }
                Body::BindResp(self.last_string("system_id", 16, "SMPP 3.4 section 4.1.2"))
            }
            CommandId::SUBMIT_SM | CommandId::DELIVER_SM | CommandId::DATA_SM => {
                let id =
                    (!empty).then(|| self.last_string("message_id", 65, "SMPP 3.4 section 4.4.2"));
                Body::MessageId(id)
            }
            CommandId::UNBIND | CommandId::ENQUIRE_LINK => Body::Empty,
            _ => self.other(),
        }
    }

    fn other(&mut self) -> Body {
        let body = self.rest().to_vec();
        self.at = self.octets.len();
        Body::Other(body)
    }

    fn bind(&mut self) -> Result<Bind, Malformed> {
        let clause = "SMPP 3.4 section 4.1.1";
        Ok(Bind {
            system_id: self.string("system_id", 16, clause)?,
            password: self.string("password", 9, clause)?,
            system_type: self.string("system_type", 13, clause)?,
            interface_version: self.octet("interface_version", clause)?,
            addr_ton: self.octet("addr_ton", clause)?,
            addr_npi: self.octet("addr_npi", clause)?,
            address_range: self.string("address_range", 41, clause)?,
        })
    }

    /// service_type and both addresses; `longest` is the limit of an address.
    fn addresses(
        &mut self,
        longest: usize,
        clause: &'static str,
    ) -> Result<ShortMessagePdu, Malformed> {
        Ok(ShortMessagePdu {
            service_type: self.string("service_type", 6, clause)?,
            source_ton: self.octet("source_addr_ton", clause)?,
            source_npi: self.octet("source_addr_npi", clause)?,
            source: self.string("source_addr", longest, clause)?,
            dest_ton: self.octet("dest_addr_ton", clause)?,
            dest_npi: self.octet("dest_addr_npi", clause)?,
            dest: self.string("destination_addr", longest, clause)?,
            esm_class: self.octet("esm_class", clause)?,
            ..ShortMessagePdu::default()
        })
    }

    fn short_message(&mut self, clause: &'static str) -> Result<ShortMessagePdu, Malformed> {
        let mut message = self.addresses(21, clause)?;
        message.protocol_id = self.octet("protocol_id", clause)?;
        message.priority = self.octet("priority_flag", clause)?;
        message.schedule = self.string("schedule_delivery_time", 17, clause)?;
        message.validity = self.string("validity_period", 17, clause)?;
        message.registered_delivery = self.octet("registered_delivery", clause)?;
        message.replace = self.octet("replace_if_present_flag", clause)?;
        message.data_coding = self.octet("data_coding", clause)?;
        message.default_message_id = self.octet("sm_default_msg_id", clause)?;
        let length = usize::from(self.octet("sm_length", clause)?);
        let rest = self.rest();
        if rest.len() < length {
            self.defect(format!("{length} octets of short_message"), clause);
        }
        let taken = &rest[..length.min(rest.len())];
        self.at += taken.len();
        message.short_message = taken.to_vec();
        Ok(message)
    }

    fn data(&mut self) -> Result<ShortMessagePdu, Malformed> {
        let clause = "SMPP 3.4 section 4.7.1";
        let mut message = self.addresses(65, clause)?;
        message.registered_delivery = self.octet("registered_delivery", clause)?;
        message.data_coding = self.octet("data_coding", clause)?;
        Ok(message)
    }

    /// Optional parameters to the end of the PDU; what does not fit the layout is noted and left.
    fn tlvs(&mut self) -> Vec<Tlv> {
        let clause = "SMPP 3.4 section 5.3.1";
        let mut tlvs = Vec::new();
        while !self.rest().is_empty() {
            if tlvs.len() == MOST_TLVS {
                self.defect(format!("at most {MOST_TLVS} optional parameters"), clause);
                break;
            }
            let rest = self.rest();
            let Some((&[t0, t1, l0, l1], after)) = rest.split_first_chunk::<4>() else {
                self.defect("tag and length of an optional parameter", clause);
                break;
            };
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let Some(value) = after.get(..length) else {
                self.defect(format!("{length} octets of an optional parameter"), clause);
                break;
            };
            tlvs.push(Tlv {
                tag: u16::from_be_bytes([t0, t1]),
                value: value.to_vec(),
            });
            self.at += 4 + length;
        }
        tlvs
    }
}
