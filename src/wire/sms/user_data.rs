//! User data header, 3GPP TS 23.040 clause 9.2.3.24: UDHL and information elements.
//!
//! Reads and writes the header octets. What a receiver does with parts is the business of whoever receives them.
use crate::wire::Malformed;

const CLAUSE: &str = "3GPP TS 23.040 clause 9.2.3.24";
const CONCATENATION_8: u8 = 0x00;
const CONCATENATION_16: u8 = 0x08;
const SINGLE_SHIFT: u8 = 0x24;
const LOCKING_SHIFT: u8 = 0x25;

/// Concatenation information element (IEI 00 or 08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concatenation {
    pub reference: u16,
    pub wide: bool,
    pub total: u8,
    pub sequence: u8,
}

impl Concatenation {
    /// Clause 9.2.3.24.1: a sequence number of 0 or above the maximum makes the receiver ignore the element.
    pub fn is_valid(&self) -> bool {
        (1..=self.total).contains(&self.sequence)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserDataHeader {
    /** (IEI, data) in order */
    pub elements: Vec<(u8, Vec<u8>)>,
}

impl UserDataHeader {
    /// Parses UDHL and the elements; gives the header and the number of octets it took (UDHL included).
    pub fn parse(user_data: &[u8]) -> Result<(Self, usize), Malformed> {
        let Some((&length, rest)) = user_data.split_first() else {
            return Err(Malformed::new(0, "UDHL", CLAUSE));
        };
        let length = usize::from(length);
        let Some(mut left) = rest.get(..length) else {
            return Err(Malformed::new(
                user_data.len(),
                format!("{length} octets of user data header"),
                CLAUSE,
            ));
        };
        let mut elements = Vec::new();
        let mut at = 1;
        while let Some((&identifier, after)) = left.split_first() {
            let element = after
                .split_first()
                .and_then(|(&size, data)| data.split_at_checked(usize::from(size)));
            let Some((data, next)) = element else {
                return Err(Malformed::new(
                    at,
                    "an information element that ends within the header",
                    CLAUSE,
                ));
            };
            elements.push((identifier, data.to_vec()));
            at += 2 + data.len();
            left = next;
        }
        Ok((Self { elements }, 1 + length))
    }

    /// UDHL and the elements. Elements from the first that would take the header over 255 octets on are not written.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![0u8];
        for (identifier, data) in &self.elements {
            let Ok(size) = u8::try_from(data.len()) else {
                break;
            };
            if octets.len() + 1 + data.len() > usize::from(u8::MAX) {
                break;
            }
            octets.push(*identifier);
            octets.push(size);
            octets.extend_from_slice(data);
        }
        octets[0] = u8::try_from(octets.len() - 1).unwrap_or(u8::MAX);
        octets
    }

    /// The last valid concatenation element (sequence 1..=total), clause 9.2.3.24.1: others are ignored.
    pub fn concatenation(&self) -> Option<Concatenation> {
        self.elements.iter().rev().find_map(|(identifier, data)| {
            match (*identifier, data.as_slice()) {
                (CONCATENATION_8, &[reference, total, sequence]) => Some(Concatenation {
                    reference: u16::from(reference),
                    wide: false,
                    total,
                    sequence,
                }),
                (CONCATENATION_16, &[high, low, total, sequence]) => Some(Concatenation {
                    reference: u16::from_be_bytes([high, low]),
                    wide: true,
                    total,
                    sequence,
                }),
                _ => None,
            }
            .filter(Concatenation::is_valid)
        })
    }

    /// Language of the last national language single shift (IEI 24) and locking shift (IEI 25) element.
    pub fn national_languages(&self) -> (Option<u8>, Option<u8>) {
        let last = |wanted: u8| {
            let mut named = self.elements.iter().rev();
            named.find_map(|(identifier, data)| match data.as_slice() {
                [language] if *identifier == wanted => Some(*language),
                _ => None,
            })
        };
        (last(SINGLE_SHIFT), last(LOCKING_SHIFT))
    }

    /// A header of this one element; without `wide` the low octet of the reference is used.
    pub fn with_concatenation(c: Concatenation) -> Self {
        let [high, low] = c.reference.to_be_bytes();
        let element = if c.wide {
            (CONCATENATION_16, vec![high, low, c.total, c.sequence])
        } else {
            (CONCATENATION_8, vec![low, c.total, c.sequence])
        };
        Self {
            elements: vec![element],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_both_widths_of_the_concatenation_reference() {
        let (header, took) = UserDataHeader::parse(&[5, 0, 3, 0xcc, 3, 1, b'x']).unwrap();
        assert_eq!(took, 6);
        let narrow = header.concatenation().unwrap();
        assert_eq!((narrow.reference, narrow.wide), (0xcc, false));
        let (header, took) = UserDataHeader::parse(&[6, 8, 4, 0xbe, 0xef, 3, 2]).unwrap();
        assert_eq!(took, 7);
        let wide = header.concatenation().unwrap();
        assert_eq!(
            (wide.reference, wide.wide, wide.sequence),
            (0xbeef, true, 2)
        );
        assert_eq!(
            UserDataHeader::with_concatenation(wide).to_octets(),
            [6, 8, 4, 0xbe, 0xef, 3, 2]
        );
    }

    #[test]
    fn ignores_a_sequence_of_zero_or_above_the_maximum() {
        for quirk in [[5, 0, 3, 1, 3, 0], [5, 0, 3, 1, 3, 4], [5, 0, 3, 1, 0, 0]] {
            let (header, _) = UserDataHeader::parse(&quirk).unwrap();
            assert_eq!(header.concatenation(), None);
        }
    }

    #[test]
    fn refuses_lengths_beyond_the_data() {
        assert!(UserDataHeader::parse(&[]).is_err());
        assert!(UserDataHeader::parse(&[5, 0, 3]).is_err());
        assert!(UserDataHeader::parse(&[5, 0, 4, 1, 2, 3]).is_err());
        assert!(UserDataHeader::parse(&[1, 0]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics_and_prints_what_it_read(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            if let Ok((header, took)) = UserDataHeader::parse(&octets) {
                proptest::prop_assert!(header.concatenation().is_none_or(|c| c.is_valid()));
                proptest::prop_assert_eq!(header.to_octets(), octets[..took].to_vec());
            }
        }
    }
}
