//! Addresses of short messages: TP addresses (3GPP TS 23.040 clause 9.1.2.5), RP addresses (3GPP TS 24.011 clause 8.2.5) and TBCD digits.
//!
//! An address keeps its octets, so spare filler and reserved numbering plans survive the round trip. Telling which user a number belongs to is
//! the business of whoever reads it.
use super::alphabet::{decode_gsm7, encode_gsm7, pack_septets, unpack_septets};
use crate::wire::Malformed;

const CLAUSE_TP: &str = "3GPP TS 23.040 clause 9.1.2.5";
const CLAUSE_RP: &str = "3GPP TS 24.011 clause 8.2.5.1";
/// 12 octets in all, two of them the length and the type of address.
const MOST_SEMI_OCTETS: u8 = 20;
const TYPE_INTERNATIONAL: u8 = 0x91;
const TYPE_UNKNOWN: u8 = 0x81;
const TYPE_ALPHANUMERIC: u8 = 0xd0;
const DIGITS: [char; 15] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c',
];
const FILLER: u8 = 0x0f;

/// TBCD: semi-octets swapped, an odd number filled with 1111. Characters other than `0-9*#abc` are not written.
pub fn encode_tbcd(digits: &str) -> Vec<u8> {
    let code = |digit: char| DIGITS.iter().position(|d| *d == digit);
    let codes: Vec<u8> = digits
        .chars()
        .filter_map(code)
        .filter_map(|code| u8::try_from(code).ok())
        .collect();
    let octet = |pair: &[u8]| pair[0] | pair.get(1).copied().unwrap_or(FILLER) << 4;
    codes.chunks(2).map(octet).collect()
}

/// Digits of TBCD octets; a filler ends them, so `None` if digits follow one.
pub fn decode_tbcd(octets: &[u8]) -> Option<String> {
    let semi = octets.iter().flat_map(|octet| [octet & 0x0f, octet >> 4]);
    digits(semi, 2 * octets.len())
}

fn digits(semi_octets: impl Iterator<Item = u8>, count: usize) -> Option<String> {
    let mut text = String::new();
    let mut ended = false;
    for semi in semi_octets.take(count) {
        match DIGITS.get(usize::from(semi)) {
            Some(_) if ended => return None,
            Some(digit) => text.push(*digit),
            None => ended = true,
        }
    }
    Some(text)
}

/// Type of number (bits 6 to 4 of the type of address).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeOfNumber {
    Unknown,
    International,
    National,
    NetworkSpecific,
    Subscriber,
    Alphanumeric,
    Abbreviated,
    Reserved,
}

impl TypeOfNumber {
    fn of(type_of_address: u8) -> Self {
        match type_of_address >> 4 & 7 {
            0 => Self::Unknown,
            1 => Self::International,
            2 => Self::National,
            3 => Self::NetworkSpecific,
            4 => Self::Subscriber,
            5 => Self::Alphanumeric,
            6 => Self::Abbreviated,
            _ => Self::Reserved,
        }
    }
}

/// TP-OA, TP-DA or TP-RA.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Useful semi-octets of `value`.
    pub length: u8,
    /// Octet 1 as it stands: extension bit, type of number, numbering plan.
    pub type_of_address: u8,
    /// Address value, filler included.
    pub value: Vec<u8>,
}

impl Address {
    /// A number of digits; with a leading `+` it is international. Digits after the 20th are not written.
    pub fn of_number(number: &str) -> Self {
        let (type_of_address, digits) = match number.strip_prefix('+') {
            Some(digits) => (TYPE_INTERNATIONAL, digits),
            None => (TYPE_UNKNOWN, number),
        };
        let kept: String = digits
            .chars()
            .filter(|c| DIGITS.contains(c))
            .take(usize::from(MOST_SEMI_OCTETS))
            .collect();
        Self {
            length: u8::try_from(kept.len()).unwrap_or(MOST_SEMI_OCTETS),
            type_of_address,
            value: encode_tbcd(&kept),
        }
    }

    /// A name in the GSM 7-bit default alphabet. `Err.at` = index of the character that has no code or of the first beyond 11 septets.
    pub fn alphanumeric(name: &str) -> Result<Self, Malformed> {
        let septets = encode_gsm7(name)?;
        if septets.len() > 11 {
            return Err(Malformed::new(11, "at most 11 septets", CLAUSE_TP));
        }
        let useful = (7 * septets.len()).div_ceil(4);
        Ok(Self {
            length: u8::try_from(useful).unwrap_or(MOST_SEMI_OCTETS),
            type_of_address: TYPE_ALPHANUMERIC,
            value: pack_septets(&septets, 0),
        })
    }

    /// The address `octets` begin with and how many octets it took; positions count from `at`.
    pub(super) fn parse(octets: &[u8], at: usize) -> Result<(Self, usize), Malformed> {
        let &[length, type_of_address, ref rest @ ..] = octets else {
            let missing = at + octets.len();
            return Err(Malformed::new(
                missing,
                "length and type of address",
                CLAUSE_TP,
            ));
        };
        if length > MOST_SEMI_OCTETS {
            return Err(Malformed::new(at, "at most 20 semi-octets", CLAUSE_TP));
        }
        let size = usize::from(length).div_ceil(2);
        let value = rest.get(..size).ok_or_else(|| {
            let expected = format!("{length} semi-octets of an address");
            Malformed::new(at + octets.len(), expected, CLAUSE_TP)
        })?;
        let address = Self {
            length,
            type_of_address,
            value: value.to_vec(),
        };
        Ok((address, 2 + size))
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        octets.extend([self.length, self.type_of_address]);
        octets.extend_from_slice(&self.value);
    }

    pub fn type_of_number(&self) -> TypeOfNumber {
        TypeOfNumber::of(self.type_of_address)
    }

    /// Numbering plan (bits 3 to 0).
    pub fn plan(&self) -> u8 {
        self.type_of_address & 0x0f
    }

    /// Digits with a leading `+` if international, or the name of an alphanumeric address; `None` if the octets say neither.
    pub fn text(&self) -> Option<String> {
        let count = usize::from(self.length);
        match self.type_of_number() {
            TypeOfNumber::Alphanumeric => {
                let septets = unpack_septets(&self.value, 4 * count / 7, 0).ok()?;
                decode_gsm7(&septets).ok()
            }
            kind => {
                let semi = self.value.iter().flat_map(|o| [o & 0x0f, o >> 4]);
                let digits = digits(semi, count)?;
                let plus = kind == TypeOfNumber::International;
                Some(if plus { format!("+{digits}") } else { digits })
            }
        }
    }

    /// True if an odd number of semi-octets is not filled with 1111 (alphanumeric values have no filler).
    pub(super) fn filler_is_wrong(&self) -> bool {
        let last = self.value.last().copied().unwrap_or(0xf0);
        self.length % 2 == 1
            && self.type_of_number() != TypeOfNumber::Alphanumeric
            && last >> 4 != FILLER
    }
}

/// RP-Originator or RP-Destination Address: type of number and digits, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RpAddress {
    /// Everything behind the length octet: type of address, then BCD.
    pub octets: Vec<u8>,
}

impl RpAddress {
    /// A number of digits; with a leading `+` it is international.
    pub fn of_number(number: &str) -> Self {
        let (kind, digits) = match number.strip_prefix('+') {
            Some(digits) => (TYPE_INTERNATIONAL, digits),
            None => (TYPE_UNKNOWN, number),
        };
        let mut octets = vec![kind];
        octets.extend(encode_tbcd(digits));
        Self { octets }
    }

    /// Digits with a leading `+` if international; `None` if absent or not digits.
    pub fn number(&self) -> Option<String> {
        let (&kind, value) = self.octets.split_first()?;
        let digits = decode_tbcd(value)?;
        let plus = TypeOfNumber::of(kind) == TypeOfNumber::International;
        Some(if plus { format!("+{digits}") } else { digits })
    }

    pub(super) fn parse(octets: &[u8], at: usize) -> Result<(Self, usize), Malformed> {
        let Some((&length, rest)) = octets.split_first() else {
            return Err(Malformed::new(at, "the length of an RP address", CLAUSE_RP));
        };
        let value = rest.get(..usize::from(length)).ok_or_else(|| {
            let expected = format!("{length} octets of an RP address");
            Malformed::new(at + octets.len(), expected, CLAUSE_RP)
        })?;
        let address = Self {
            octets: value.to_vec(),
        };
        Ok((address, 1 + value.len()))
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        octets.push(u8::try_from(self.octets.len()).unwrap_or(u8::MAX));
        octets.extend(self.octets.iter().take(usize::from(u8::MAX)));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn seven_characters_bring_no_trailing_at_sign() {
        for (name, length) in [("SevenCh", 13), ("RCS Test", 14), ("abcdefghijk", 20)] {
            let address = Address::alphanumeric(name).unwrap();
            assert_eq!(address.length, length);
            assert_eq!(address.text().unwrap(), name);
        }
        assert!(Address::alphanumeric("abcdefghijkl").is_err());
    }

    #[test]
    fn numbers_keep_their_plus_and_their_odd_digit() {
        for number in ["+447700900123", "+44770090012", "12345", "*#a", ""] {
            let address = Address::of_number(number);
            assert!(!address.filler_is_wrong());
            assert_eq!(address.text().unwrap(), number);
        }
        let rp = RpAddress::of_number("+447700900000");
        assert_eq!(rp.octets, [0x91, 0x44, 0x77, 0x00, 0x09, 0x00, 0x00]);
        assert_eq!(rp.number().unwrap(), "+447700900000");
        assert_eq!(RpAddress::default().number(), None);
    }

    #[test]
    fn digits_behind_a_filler_are_no_number() {
        assert_eq!(decode_tbcd(&[0x21, 0xf3]).unwrap(), "123");
        assert_eq!(decode_tbcd(&[0xf1, 0x32]), None);
        assert_eq!(encode_tbcd("+44 770"), [0x44, 0x77, 0xf0]);
    }

    #[test]
    fn refuses_twenty_one_semi_octets() {
        let refused = Address::parse(&[21, 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2).unwrap_err();
        assert_eq!((refused.at, refused.clause), (2, CLAUSE_TP));
    }
}
