//! Attribute-value pairs, RFC 6733 section 4. Padding octets are kept, so that reading and printing gives every octet back.
use super::Definition;
use crate::wire::Malformed;
use std::net::IpAddr;

const CLAUSE: &str = "RFC 6733 section 4.1";
/// More AVPs than this in one message or one group are refused.
const MOST_AVPS: usize = 1024;
const VENDOR: u8 = 0x80;
const MANDATORY: u8 = 0x40;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avp {
    pub code: u32,
    /// As on the wire; the V bit follows `vendor` when printed.
    pub flags: u8,
    pub vendor: Option<u32>,
    pub data: Vec<u8>,
    /// Octets up to the next multiple of four.
    pub padding: Vec<u8>,
}

impl Avp {
    pub fn new(definition: Definition, data: impl Into<Vec<u8>>) -> Self {
        let data = data.into();
        let vendor = (definition.vendor != 0).then_some(definition.vendor);
        let mandatory = if definition.mandatory { MANDATORY } else { 0 };
        Self {
            code: definition.code,
            flags: mandatory | if vendor.is_some() { VENDOR } else { 0 },
            vendor,
            padding: vec![0; padding(data.len())],
            data,
        }
    }

    pub fn text(definition: Definition, text: &str) -> Self {
        Self::new(definition, text.as_bytes())
    }

    /// Unsigned32, Enumerated and Time.
    pub fn number(definition: Definition, number: u32) -> Self {
        Self::new(definition, number.to_be_bytes())
    }

    /// Address (RFC 6733 section 4.3.1).
    pub fn address(definition: Definition, address: IpAddr) -> Self {
        let data = match address {
            IpAddr::V4(v4) => [&[0, 1][..], &v4.octets()].concat(),
            IpAddr::V6(v6) => [&[0, 2][..], &v6.octets()].concat(),
        };
        Self::new(definition, data)
    }

    pub fn group(definition: Definition, members: &[Self]) -> Self {
        Self::new(definition, print_avps(members))
    }

    pub fn is(&self, definition: Definition) -> bool {
        self.code == definition.code && self.vendor.unwrap_or(0) == definition.vendor
    }

    pub fn is_mandatory(&self) -> bool {
        self.flags & MANDATORY != 0
    }

    pub fn as_text(&self) -> Result<&str, Malformed> {
        std::str::from_utf8(&self.data).map_err(|error| {
            Malformed::new(error.valid_up_to(), "UTF-8 text", "RFC 6733 section 4.3.1")
        })
    }

    pub fn as_number(&self) -> Result<u32, Malformed> {
        let octets: [u8; 4] = self
            .data
            .as_slice()
            .try_into()
            .map_err(|_| Malformed::new(0, "four octets", "RFC 6733 section 4.2"))?;
        Ok(u32::from_be_bytes(octets))
    }

    pub fn as_address(&self) -> Result<IpAddr, Malformed> {
        let clause = "RFC 6733 section 4.3.1";
        let malformed = || Malformed::new(0, "an IPv4 or IPv6 address with its family", clause);
        let (family, octets) = self.data.split_first_chunk::<2>().ok_or_else(malformed)?;
        match (family, octets.len()) {
            ([0, 1], 4) => <[u8; 4]>::try_from(octets).map(IpAddr::from),
            ([0, 2], 16) => <[u8; 16]>::try_from(octets).map(IpAddr::from),
            _ => return Err(malformed()),
        }
        .map_err(|_| malformed())
    }

    /// The members of a group. Only one level: members that are groups are read by asking them.
    pub fn members(&self) -> Result<Vec<Self>, Malformed> {
        parse_avps(&self.data)
    }

    fn print(&self, octets: &mut Vec<u8>) {
        octets.extend_from_slice(&self.code.to_be_bytes());
        let (flag, header) = match self.vendor {
            Some(_) => (VENDOR, 12),
            None => (0, 8),
        };
        let length = u32::try_from(header + self.data.len()).unwrap_or(u32::MAX);
        octets.push(self.flags & !VENDOR | flag);
        octets.extend_from_slice(&length.to_be_bytes()[1..]);
        if let Some(vendor) = self.vendor {
            octets.extend_from_slice(&vendor.to_be_bytes());
        }
        octets.extend_from_slice(&self.data);
        octets.extend_from_slice(&self.padding);
    }
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

pub fn print_avps(avps: &[Avp]) -> Vec<u8> {
    let mut octets = Vec::new();
    for avp in avps {
        avp.print(&mut octets);
    }
    octets
}

/// AVPs to the end of the octets. The padding of the last one may be missing, as some stacks leave it out inside groups.
pub fn parse_avps(octets: &[u8]) -> Result<Vec<Avp>, Malformed> {
    let mut avps = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        if avps.len() == MOST_AVPS {
            return Err(Malformed::new(
                at,
                format!("at most {MOST_AVPS} AVPs"),
                CLAUSE,
            ));
        }
        let (avp, took) = one(octets.get(at..).unwrap_or(&[])).map_err(|malformed| Malformed {
            at: at + malformed.at,
            ..malformed
        })?;
        at += took;
        avps.push(avp);
    }
    Ok(avps)
}

fn one(octets: &[u8]) -> Result<(Avp, usize), Malformed> {
    let Some(([c0, c1, c2, c3, flags, l0, l1, l2], behind)) = octets.split_first_chunk::<8>()
    else {
        return Err(Malformed::new(
            octets.len(),
            "code, flags and length of an AVP",
            CLAUSE,
        ));
    };
    let length = usize::from(*l0) << 16 | usize::from(*l1) << 8 | usize::from(*l2);
    let (vendor, header) = match (flags & VENDOR != 0, behind.first_chunk::<4>()) {
        (false, _) => (None, 8),
        (true, Some(vendor)) => (Some(u32::from_be_bytes(*vendor)), 12),
        (true, None) => return Err(Malformed::new(octets.len(), "the AVP's Vendor-Id", CLAUSE)),
    };
    let Some(data) = octets.get(header..length) else {
        let room = octets.len();
        let expected = format!("an AVP length from {header} to {room} instead of {length}");
        return Err(Malformed::new(5, expected, CLAUSE));
    };
    let end = (length + padding(length)).min(octets.len());
    let avp = Avp {
        code: u32::from_be_bytes([*c0, *c1, *c2, *c3]),
        flags: *flags,
        vendor,
        data: data.to_vec(),
        padding: octets.get(length..end).unwrap_or(&[]).to_vec(),
    };
    Ok((avp, end))
}
