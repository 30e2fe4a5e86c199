//! Reading a PDU where it lies, SMPP 3.4 section 4: nothing is copied, and the owned `Pdu` is made of what is read here.
//!
//! C-octet strings are octets until somebody asks for their text. Field quirks of deployed products are read and noted in `defects`; a
//! mandatory field that is missing is malformed.
use super::CommandId;
use super::message::ShortMessagePdu;
use super::pdu::{Bind, BindKind, latin1};
use crate::wire::Malformed;

/// More TLVs than this in one PDU are not read (and noted).
const MOST_TLVS: usize = 256;

/// A C-octet string without its NUL; its text is ISO 8859-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latin1<'a>(pub &'a [u8]);

impl std::fmt::Display for Latin1<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&latin1(self.0))
    }
}

pub type ShortMessageRef<'a> = ShortMessagePdu<Latin1<'a>, &'a [u8]>;

/// The body of a PDU; see `Body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyRef<'a> {
    Bind(BindKind, Bind<Latin1<'a>>),
    BindResp(Latin1<'a>),
    ShortMessage(ShortMessageRef<'a>),
    Data(ShortMessageRef<'a>),
    MessageId(Option<Latin1<'a>>),
    Empty,
    Other(&'a [u8]),
}

/// One whole PDU as it lies in what was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PduRef<'a> {
    pub command: CommandId,
    pub status: u32,
    pub sequence: u32,
    pub body: BodyRef<'a>,
    pub tlvs: TlvsRef<'a>,
    pub defects: Vec<Malformed>,
    pub octets: &'a [u8],
}

/// Optional parameters, whose layout was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TlvsRef<'a>(&'a [u8]);

impl<'a> TlvsRef<'a> {
    /// Tag and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (tag, value, after) = first_tlv(rest)?;
            rest = after;
            Some((tag, value))
        })
    }
}

/// Tag and value of the first optional parameter, and what follows it.
fn first_tlv(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (&[t0, t1, l0, l1], after) = octets.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let (value, after) = after.split_at_checked(length)?;
    Some((u16::from_be_bytes([t0, t1]), value, after))
}

impl<'a> PduRef<'a> {
    /// Reads one whole framed PDU; see `Pdu::parse`.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Malformed> {
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
            octets,
        })
    }
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
    ) -> Result<Latin1<'a>, Malformed> {
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
        Ok(Latin1(&rest[..end]))
    }

    /// As `string`, but the end of the PDU may stand for the NUL; that is noted.
    fn last_string(&mut self, name: &str, most: usize, clause: &'static str) -> Latin1<'a> {
        let rest = self.rest();
        if memchr::memchr(0, rest).is_some() {
            return self.string(name, most, clause).unwrap_or_default();
        }
        self.defect(format!("{name} ended by NUL"), clause);
        self.at = self.octets.len();
        Latin1(rest)
    }

    fn body(&mut self, command: CommandId) -> Result<BodyRef<'a>, Malformed> {
        let bind = |kind, fields: &mut Self| Ok(BodyRef::Bind(kind, fields.bind()?));
        match command {
            CommandId::BIND_RECEIVER => bind(BindKind::Receiver, self),
            CommandId::BIND_TRANSMITTER => bind(BindKind::Transmitter, self),
            CommandId::BIND_TRANSCEIVER => bind(BindKind::Transceiver, self),
            CommandId::SUBMIT_SM => Ok(BodyRef::ShortMessage(
                self.short_message("SMPP 3.4 section 4.4.1")?,
            )),
            CommandId::DELIVER_SM => Ok(BodyRef::ShortMessage(
                self.short_message("SMPP 3.4 section 4.6.1")?,
            )),
            CommandId::DATA_SM => Ok(BodyRef::Data(self.data()?)),
            CommandId::UNBIND | CommandId::ENQUIRE_LINK | CommandId::GENERIC_NACK => {
                Ok(BodyRef::Empty)
            }
            response if response.is_response() => Ok(self.response(response)),
            _ => Ok(self.other()),
        }
    }

    fn response(&mut self, command: CommandId) -> BodyRef<'a> {
        let empty = self.rest().is_empty();
        match command.request() {
            CommandId::BIND_RECEIVER
            | CommandId::BIND_TRANSMITTER
            | CommandId::BIND_TRANSCEIVER => {
                if empty {
                    return BodyRef::Empty;
                }
                BodyRef::BindResp(self.last_string("system_id", 16, "SMPP 3.4 section 4.1.2"))
            }
            CommandId::SUBMIT_SM | CommandId::DELIVER_SM | CommandId::DATA_SM => {
                let id =
                    (!empty).then(|| self.last_string("message_id", 65, "SMPP 3.4 section 4.4.2"));
                BodyRef::MessageId(id)
            }
            CommandId::UNBIND | CommandId::ENQUIRE_LINK => BodyRef::Empty,
            _ => self.other(),
        }
    }

    fn other(&mut self) -> BodyRef<'a> {
        let body = self.rest();
        self.at = self.octets.len();
        BodyRef::Other(body)
    }

    fn bind(&mut self) -> Result<Bind<Latin1<'a>>, Malformed> {
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
    ) -> Result<ShortMessageRef<'a>, Malformed> {
        Ok(ShortMessagePdu {
            service_type: self.string("service_type", 6, clause)?,
            source_ton: self.octet("source_addr_ton", clause)?,
            source_npi: self.octet("source_addr_npi", clause)?,
            source: self.string("source_addr", longest, clause)?,
            dest_ton: self.octet("dest_addr_ton", clause)?,
            dest_npi: self.octet("dest_addr_npi", clause)?,
            dest: self.string("destination_addr", longest, clause)?,
            esm_class: self.octet("esm_class", clause)?,
            ..ShortMessageRef::default()
        })
    }

    fn short_message(&mut self, clause: &'static str) -> Result<ShortMessageRef<'a>, Malformed> {
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
        message.short_message = taken;
        Ok(message)
    }

    fn data(&mut self) -> Result<ShortMessageRef<'a>, Malformed> {
        let clause = "SMPP 3.4 section 4.7.1";
        let mut message = self.addresses(65, clause)?;
        message.registered_delivery = self.octet("registered_delivery", clause)?;
        message.data_coding = self.octet("data_coding", clause)?;
        Ok(message)
    }

    /// Optional parameters to the end of the PDU; what does not fit the layout is noted and left.
    fn tlvs(&mut self) -> TlvsRef<'a> {
        let clause = "SMPP 3.4 section 5.3.1";
        let all = self.rest();
        let (mut rest, mut count) = (all, 0);
        while !rest.is_empty() {
            if count == MOST_TLVS {
                self.defect(format!("at most {MOST_TLVS} optional parameters"), clause);
                break;
            }
            let Some((_, _, after)) = first_tlv(rest) else {
                let expected = match rest {
                    [_, _, l0, l1, ..] => {
                        let length = u16::from_be_bytes([*l0, *l1]);
                        format!("{length} octets of an optional parameter")
                    }
                    _ => "tag and length of an optional parameter".to_owned(),
                };
                self.defect(expected, clause);
                break;
            };
            self.at += rest.len() - after.len();
            rest = after;
            count += 1;
        }
        TlvsRef(&all[..all.len() - rest.len()])
    }
}
