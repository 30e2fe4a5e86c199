//! Cutting text into short messages, 3GPP TS 23.040 clause 9.2.3.24.1: 160/153/152 septets, 70/67/66 UCS2 units.
//!
//! An escape or surrogate pair is never split (a part must be readable on its own). Combining marks may be.
use super::alphabet::{encode_ucs2, septets_of, suits_gsm7};
use super::{Coding, Concatenation, UserDataHeader};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceWidth {
    Eight,
    Sixteen,
}

/// One part: its user data header (empty when the text fits one short message), its text, and its octets without header:
/// unpacked septets for GSM 7-bit, UTF-16BE for UCS2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub header: Vec<u8>,
    pub coding: Coding,
    pub payload: Vec<u8>,
    pub text: String,
}

/// Septets (GSM 7-bit) or 16-bit units (UCS2) of a short message that stands alone, and of one part.
fn limits(coding: Coding, width: ReferenceWidth) -> (usize, usize) {
    match (coding, width) {
        (Coding::Gsm7, ReferenceWidth::Eight) => (160, 153),
        (Coding::Gsm7, ReferenceWidth::Sixteen) => (160, 152),
        (Coding::Ucs2, ReferenceWidth::Eight) => (70, 67),
        (Coding::Ucs2, ReferenceWidth::Sixteen) => (70, 66),
        (Coding::Octets, ReferenceWidth::Eight) => (140, 134),
        (Coding::Octets, ReferenceWidth::Sixteen) => (140, 133),
    }
}

/// Room one character takes, in the units of `limits`.
fn units(character: char, coding: Coding) -> usize {
    match coding {
        Coding::Gsm7 => septets_of(character).map_or(1, |(_, count)| count),
        Coding::Ucs2 => character.len_utf16(),
        Coding::Octets => character.len_utf8(),
    }
}

/// The octets of one part's text.
fn payload(text: &str, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Gsm7 => text
            .chars()
            .filter_map(septets_of)
            .flat_map(|(codes, count)| codes.into_iter().take(count))
            .collect(),
        Coding::Ucs2 => encode_ucs2(text),
        Coding::Octets => text.as_bytes().to_vec(),
    }
}

/// GSM 7-bit when representable, else UCS2. `None` if more than 255 parts would be needed. The reference is the caller's.
pub fn split_text(text: &str, reference: u16, width: ReferenceWidth) -> Option<Vec<Segment>> {
    let coding = if suits_gsm7(text) {
        Coding::Gsm7
    } else {
        Coding::Ucs2
    };
    let (alone, part) = limits(coding, width);
    let whole: usize = text.chars().map(|c| units(c, coding)).sum();
    if whole <= alone {
        return Some(vec![Segment {
            header: Vec::new(),
            coding,
            payload: payload(text, coding),
            text: text.to_owned(),
        }]);
    }
    let mut texts = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let room = units(character, coding);
        if used + room > part {
            if texts.len() == usize::from(u8::MAX) {
                return None;
            }
            texts.push(String::new());
            used = 0;
        }
        used += room;
        if let Some(last) = texts.last_mut() {
            last.push(character);
        }
    }
    let total = u8::try_from(texts.len()).ok()?;
    let parts = (1..=total).zip(texts).map(|(sequence, text)| Segment {
        header: UserDataHeader::with_concatenation(Concatenation {
            reference,
            wide: width == ReferenceWidth::Sixteen,
            total,
            sequence,
        })
        .to_octets(),
        coding,
        payload: payload(&text, coding),
        text,
    });
    Some(parts.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{decode_gsm7, decode_ucs2};
    use super::*;

    fn parts(text: &str, width: ReferenceWidth) -> usize {
        split_text(text, 0x1234, width).unwrap().len()
    }

    #[test]
    fn follows_the_limits_of_the_clause() {
        use ReferenceWidth::{Eight, Sixteen};
        for (unit, alone, eight, sixteen) in [("a", 160, 153, 152), ("ж", 70, 67, 66)] {
            assert_eq!(parts(&unit.repeat(alone), Eight), 1);
            assert_eq!(parts(&unit.repeat(alone + 1), Eight), 2);
            assert_eq!(parts(&unit.repeat(3 * eight), Eight), 3);
            assert_eq!(parts(&unit.repeat(3 * eight + 1), Eight), 4);
            assert_eq!(parts(&unit.repeat(3 * sixteen), Sixteen), 3);
            assert_eq!(parts(&unit.repeat(3 * sixteen + 1), Sixteen), 4);
            assert_eq!(parts(&unit.repeat(255 * eight), Eight), 255);
            assert_eq!(split_text(&unit.repeat(255 * eight + 1), 0, Eight), None);
        }
        assert_eq!(parts("", Eight), 1);
    }

    #[test]
    fn never_splits_an_escape_or_surrogate_pair() {
        for (filler, pair) in [("a", "€"), ("ж", "👍")] {
            for before in 0..200 {
                let text = format!("{}{pair}{}", filler.repeat(before), filler.repeat(200));
                for width in [ReferenceWidth::Eight, ReferenceWidth::Sixteen] {
                    let segments = split_text(&text, 7, width).unwrap();
                    let joined: String = segments
                        .iter()
                        .map(|s| match s.coding {
                            Coding::Gsm7 => decode_gsm7(&s.payload).unwrap(),
                            _ => decode_ucs2(&s.payload).unwrap(),
                        })
                        .collect();
                    assert_eq!(joined, text);
                }
            }
        }
    }

    #[test]
    fn numbers_the_parts_under_one_reference() {
        let segments = split_text(&"a".repeat(400), 0x1234, ReferenceWidth::Sixteen).unwrap();
        let headers: Vec<_> = segments.iter().map(|s| s.header.clone()).collect();
        assert_eq!(headers[0], [6, 8, 4, 0x12, 0x34, 3, 1]);
        assert_eq!(headers[2], [6, 8, 4, 0x12, 0x34, 3, 3]);
        let narrow = split_text(&"a".repeat(400), 0x1234, ReferenceWidth::Eight).unwrap();
        assert_eq!(narrow[1].header, [5, 0, 3, 0x34, 3, 2]);
    }
}
