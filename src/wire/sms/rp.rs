//! Relay protocol messages, 3GPP TS 24.011 clause 7.3: RP-DATA, RP-ACK, RP-ERROR and RP-SMMA of both directions.
//!
//! Carried in SIP as `application/vnd.3gpp.sms`. Keeps spare bits and information elements it does not know, so that printing gives back
//! what was read. The TPDU inside is octets here; `tpdu` hands them to its codec with the direction and the kind of report.
use super::RpAddress;
use super::tpdu::{Decoded, Direction, Inside, Tpdu};
use crate::wire::Malformed;

const CLAUSE_TYPE: &str = "3GPP TS 24.011 clause 8.2.2";
const CLAUSE_REFERENCE: &str = "3GPP TS 24.011 clause 8.2.3";
const CLAUSE_USER_DATA: &str = "3GPP TS 24.011 clause 8.2.5.3";
const CLAUSE_CAUSE: &str = "3GPP TS 24.011 clause 8.2.5.4";
const CLAUSE_ELEMENTS: &str = "3GPP TS 24.007 clause 11.2.1";
const USER_DATA_ELEMENT: u8 = 0x41;

/// An information element behind the mandatory part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// Identifier below 0x80: length and value follow.
    Tlv(u8, Vec<u8>),
    /// Identifier from 0x80 on: one octet in all.
    Single(u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpBody {
    Data {
        originator: RpAddress,
        destination: RpAddress,
        /// RP-User-Data: one TPDU.
        user_data: Vec<u8>,
    },
    Ack {
        elements: Vec<Element>,
    },
    Error {
        /// RP-Cause: the cause octet as it came, then diagnostics.
        cause: Vec<u8>,
        elements: Vec<Element>,
    },
    /// RP-SMMA: memory is available again.
    MemoryAvailable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpMessage {
    pub way: Direction,
    /// Bits 7 to 3 of the first octet, where they stand.
    pub spare: u8,
    /// RP-Message-Reference.
    pub reference: u8,
    pub body: RpBody,
    /// Octets behind the last field of a message that has no information elements.
    pub trailing: Vec<u8>,
}

impl RpMessage {
    pub fn new(way: Direction, reference: u8, body: RpBody) -> Self {
        Self {
            way,
            spare: 0,
            reference,
            body,
            trailing: Vec::new(),
        }
    }

    /// RP-DATA with a TPDU; `centre` is the service centre, as destination or originator by the direction.
    pub fn data(way: Direction, reference: u8, centre: RpAddress, tpdu: &Tpdu) -> Self {
        let (originator, destination) = match way {
            Direction::ToCentre => (RpAddress::default(), centre),
            Direction::ToStation => (centre, RpAddress::default()),
        };
        let body = RpBody::Data {
            originator,
            destination,
            user_data: tpdu.encode(),
        };
        Self::new(way, reference, body)
    }

    /// RP-ACK, with a report inside if there is one.
    pub fn ack(way: Direction, reference: u8, report: Option<&Tpdu>) -> Self {
        let elements = Self::report(report);
        Self::new(way, reference, RpBody::Ack { elements })
    }

    /// RP-ERROR with a cause, with a report inside if there is one.
    pub fn error(way: Direction, reference: u8, cause: u8, report: Option<&Tpdu>) -> Self {
        let body = RpBody::Error {
            cause: vec![cause],
            elements: Self::report(report),
        };
        Self::new(way, reference, body)
    }

    fn report(tpdu: Option<&Tpdu>) -> Vec<Element> {
        let element = tpdu.map(|tpdu| Element::Tlv(USER_DATA_ELEMENT, tpdu.encode()));
        element.into_iter().collect()
    }

    /// The message these octets are. RP-MTI tells the direction.
    pub fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let Some((&first, rest)) = octets.split_first() else {
            return Err(Malformed::new(0, "an RP message", CLAUSE_TYPE));
        };
        let Some((&reference, rest)) = rest.split_first() else {
            return Err(Malformed::new(
                1,
                "the RP message reference",
                CLAUSE_REFERENCE,
            ));
        };
        let way = match first & 1 {
            0 => Direction::ToCentre,
            _ => Direction::ToStation,
        };
        let (body, trailing) = match first & 7 {
            0 | 1 => read_data(rest)?,
            2 | 3 => {
                let elements = read_elements(rest, 2)?;
                (RpBody::Ack { elements }, Vec::new())
            }
            4 | 5 => (read_error(rest)?, Vec::new()),
            6 => (RpBody::MemoryAvailable, rest.to_vec()),
            _ => {
                let expected = "a message type from 0 to 6";
                return Err(Malformed::new(0, expected, CLAUSE_TYPE));
            }
        };
        Ok(Self {
            way,
            spare: first & !7,
            reference,
            body,
            trailing,
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.body {
            RpBody::Data { .. } => 0,
            RpBody::Ack { .. } => 2,
            RpBody::Error { .. } => 4,
            RpBody::MemoryAvailable => 6,
        };
        let way = u8::from(self.way == Direction::ToStation && kind != 6);
        let mut octets = vec![self.spare | kind | way, self.reference];
        match &self.body {
            RpBody::Data {
                originator,
                destination,
                user_data,
            } => {
                originator.write(&mut octets);
                destination.write(&mut octets);
                write_value(user_data, &mut octets);
            }
            RpBody::Ack { elements } => write_elements(elements, &mut octets),
            RpBody::Error { cause, elements } => {
                write_value(cause, &mut octets);
                write_elements(elements, &mut octets);
            }
            RpBody::MemoryAvailable => {}
        }
        octets.extend_from_slice(&self.trailing);
        octets
    }

    /// The standard's name of the type.
    pub fn name(&self) -> &'static str {
        match self.body {
            RpBody::Data { .. } => "RP-DATA",
            RpBody::Ack { .. } => "RP-ACK",
            RpBody::Error { .. } => "RP-ERROR",
            RpBody::MemoryAvailable => "RP-SMMA",
        }
    }

    /// RP-Cause value of an RP-ERROR, without the extension bit.
    pub fn cause(&self) -> Option<u8> {
        match &self.body {
            RpBody::Error { cause, .. } => cause.first().map(|octet| octet & 0x7f),
            _ => None,
        }
    }

    /// RP-User-Data: the octets of the TPDU inside, if there is one.
    pub fn user_data(&self) -> Option<&[u8]> {
        match &self.body {
            RpBody::Data { user_data, .. } => Some(user_data),
            RpBody::Ack { elements } | RpBody::Error { elements, .. } => {
                elements.iter().find_map(|element| match element {
                    Element::Tlv(USER_DATA_ELEMENT, value) => Some(value.as_slice()),
                    _ => None,
                })
            }
            RpBody::MemoryAvailable => None,
        }
    }

    /// The TPDU inside.
    pub fn tpdu(&self) -> Option<Result<Decoded, Malformed>> {
        let inside = match self.body {
            RpBody::Data { .. } => Inside::Data,
            RpBody::Error { .. } => Inside::Error,
            _ => Inside::Ack,
        };
        Some(Tpdu::decode(self.user_data()?, self.way, inside))
    }
}

fn read_data(rest: &[u8]) -> Result<(RpBody, Vec<u8>), Malformed> {
    let (originator, first) = RpAddress::parse(rest, 2)?;
    let (destination, second) = RpAddress::parse(&rest[first..], 2 + first)?;
    let begin = first + second;
    let (user_data, trailing) = read_value(&rest[begin..], 2 + begin, CLAUSE_USER_DATA)?;
    let body = RpBody::Data {
        originator,
        destination,
        user_data: user_data.to_vec(),
    };
    Ok((body, trailing.to_vec()))
}

fn read_error(rest: &[u8]) -> Result<RpBody, Malformed> {
    let (cause, after) = read_value(rest, 2, CLAUSE_CAUSE)?;
    if cause.is_empty() {
        return Err(Malformed::new(
            2,
            "at least one octet of cause",
            CLAUSE_CAUSE,
        ));
    }
    Ok(RpBody::Error {
        cause: cause.to_vec(),
        elements: read_elements(after, 3 + cause.len())?,
    })
}

/// Length octet and value; gives the value and what follows.
fn read_value<'a>(
    octets: &'a [u8],
    at: usize,
    clause: &'static str,
) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    let Some((&length, rest)) = octets.split_first() else {
        return Err(Malformed::new(at, "a length octet", clause));
    };
    rest.split_at_checked(usize::from(length)).ok_or_else(|| {
        let expected = format!("{length} octets");
        Malformed::new(at + octets.len(), expected, clause)
    })
}

fn read_elements(mut octets: &[u8], mut at: usize) -> Result<Vec<Element>, Malformed> {
    let mut elements = Vec::new();
    while let Some((&identifier, rest)) = octets.split_first() {
        if identifier & 0x80 != 0 {
            elements.push(Element::Single(identifier));
            (octets, at) = (rest, at + 1);
            continue;
        }
        let (value, after) = read_value(rest, at + 1, CLAUSE_ELEMENTS)?;
        elements.push(Element::Tlv(identifier, value.to_vec()));
        (octets, at) = (after, at + 2 + value.len());
    }
    Ok(elements)
}

fn write_value(value: &[u8], octets: &mut Vec<u8>) {
    octets.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    octets.extend(value.iter().take(usize::from(u8::MAX)));
}

fn write_elements(elements: &[Element], octets: &mut Vec<u8>) {
    for element in elements {
        match element {
            Element::Single(identifier) => octets.push(*identifier),
            Element::Tlv(identifier, value) => {
                octets.push(*identifier);
                write_value(value, octets);
            }
        }
    }
}
