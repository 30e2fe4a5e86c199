//! The GSM 7-bit default alphabet with its extension table (3GPP TS 23.038 clause 6.2.1), and UCS2 read as UTF-16BE.
//!
//! Translates characters to codes and packs septets into octets. The national language tables of `national` are read; none is written.
use super::national;
use crate::wire::Malformed;

const CLAUSE_ALPHABET: &str = "3GPP TS 23.038 clause 6.2.1";
const CLAUSE_PACKING: &str = "3GPP TS 23.038 clause 6.1.2.1";
const CLAUSE_UCS2: &str = "3GPP TS 23.038 clause 6.2.3";
const ESC: u8 = 0x1b;

/// How the octets of a short message say characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gsm7,
    Ucs2,
    Octets,
}

/// 3GPP TS 23.038 clause 6.2.1, code 0 to 127; the place of the escape holds U+001B.
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', //
];

/// 3GPP TS 23.038 clause 6.2.1.1: codes after the escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{0c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The code of one character: (septets, how many of them count).
pub(super) fn septets_of(character: char) -> Option<([u8; 2], usize)> {
    if character == '\u{1b}' {
        return None;
    }
    if let Some(&(code, _)) = EXTENSION.iter().find(|(_, c)| *c == character) {
        return Some(([ESC, code], 2));
    }
    let code = DEFAULT.iter().position(|c| *c == character)?;
    u8::try_from(code).ok().map(|code| ([code, 0], 1))
}

/// True if every character is in the default alphabet or its extension table.
pub fn suits_gsm7(text: &str) -> bool {
    text.chars().all(|c| septets_of(c).is_some())
}

/// Unpacked septets, one per octet, extension characters as 0x1B + code. `Err.at` = index of the character that has no code.
pub fn encode_gsm7(text: &str) -> Result<Vec<u8>, Malformed> {
    let mut septets = Vec::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        let (codes, count) = septets_of(character).ok_or_else(|| {
            Malformed::new(
                at,
                format!("a character of the GSM 7-bit default alphabet instead of {character:?}"),
                CLAUSE_ALPHABET,
            )
        })?;
        septets.extend_from_slice(&codes[..count]);
    }
    Ok(septets)
}

/// Text of unpacked septets; unknown extension codes show the default-table character, ESC ESC and a lone last ESC a space.
pub fn decode_gsm7(septets: &[u8]) -> Result<String, Malformed> {
    decode(septets, &[], &[])
}

/// As `decode_gsm7`, with the tables the user data header names: single shift (IEI 24), locking shift (IEI 25), or both. Tables that are not
/// here are refused rather than misread.
pub fn decode_gsm7_national(
    septets: &[u8],
    single: Option<u8>,
    locking: Option<u8>,
) -> Result<String, Malformed> {
    let shifted = match single {
        None | Some(0) => &[],
        Some(language) => national::single_shift(language)
            .ok_or_else(|| unknown_language(language, "3GPP TS 23.038 clause A.2"))?,
    };
    let locked = match locking {
        None | Some(0) => &[],
        Some(language) => national::locking_shift(language)
            .ok_or_else(|| unknown_language(language, "3GPP TS 23.038 clause A.3"))?,
    };
    decode(septets, shifted, locked)
}

fn unknown_language(language: u8, clause: &'static str) -> Malformed {
    let expected = format!("a national language with a table here instead of {language}");
    Malformed::new(0, expected, clause)
}

fn decode(
    septets: &[u8],
    shifted: &[(u8, char)],
    locked: &[(u8, char)],
) -> Result<String, Malformed> {
    let mut text = String::with_capacity(septets.len());
    let mut escaped = false;
    let find = |codes: &[(u8, char)], septet: u8| {
        let found = codes.iter().find(|(code, _)| *code == septet);
        found.map(|(_, character)| *character)
    };
    for (at, &septet) in septets.iter().enumerate() {
        let plain = DEFAULT.get(usize::from(septet)).copied().ok_or_else(|| {
            Malformed::new(
                at,
                format!("a septet below 0x80 instead of 0x{septet:02x}"),
                CLAUSE_ALPHABET,
            )
        })?;
        let plain = find(locked, septet).unwrap_or(plain);
        if escaped {
            escaped = false;
            let extended = find(shifted, septet).or_else(|| find(&EXTENSION, septet));
            text.push(match extended {
                Some(character) => character,
                None if septet == ESC => ' ',
                None => plain,
            });
        } else if septet == ESC {
            escaped = true;
        } else {
            text.push(plain);
        }
    }
    if escaped {
        text.push(' ');
    }
    Ok(text)
}

/// UTF-16BE: characters outside the basic plane travel as surrogate pairs.
pub fn encode_ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// UTF-16BE; odd length and lone surrogates are malformed.
pub fn decode_ucs2(octets: &[u8]) -> Result<String, Malformed> {
    let pairs = octets.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(Malformed::new(
            octets.len(),
            "an even number of octets",
            CLAUSE_UCS2,
        ));
    }
    let units = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut text = String::with_capacity(octets.len());
    let mut at = 0;
    for decoded in char::decode_utf16(units) {
        let character = decoded
            .map_err(|_| Malformed::new(at, "a surrogate pair, both halves of it", CLAUSE_UCS2))?;
        at += 2 * character.len_utf16();
        text.push(character);
    }
    Ok(text)
}

/// Packs septets after `fill_bits` bits of fill (3GPP TS 23.038 clause 6.1.2.1). Bit 7 of each octet of `septets` is not looked at.
pub fn pack_septets(septets: &[u8], fill_bits: usize) -> Vec<u8> {
    let bits = fill_bits + 7 * septets.len();
    let mut octets = vec![0u8; bits.div_ceil(8)];
    for (index, septet) in septets.iter().enumerate() {
        let bit = fill_bits + 7 * index;
        let shifted = u16::from(septet & 0x7f) << (bit % 8);
        let [low, high] = shifted.to_le_bytes();
        octets[bit / 8] |= low;
        if let Some(next) = octets.get_mut(bit / 8 + 1) {
            *next |= high;
        }
    }
    octets
}

/// `count` septets that begin `fill_bits` bits into `octets`.
pub fn unpack_septets(octets: &[u8], count: usize, fill_bits: usize) -> Result<Vec<u8>, Malformed> {
    let bits = count
        .checked_mul(7)
        .and_then(|bits| bits.checked_add(fill_bits));
    if bits.is_none_or(|bits| bits > octets.len().saturating_mul(8)) {
        return Err(Malformed::new(
            octets.len(),
            format!("octets for {count} septets after {fill_bits} fill bits"),
            CLAUSE_PACKING,
        ));
    }
    let septet = |index: usize| {
        let bit = fill_bits + 7 * index;
        let low = octets.get(bit / 8).copied().unwrap_or(0);
        let high = octets.get(bit / 8 + 1).copied().unwrap_or(0);
        let [septet, _] = (u16::from_le_bytes([low, high]) >> (bit % 8)).to_le_bytes();
        septet & 0x7f
    };
    Ok((0..count).map(septet).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_character_of_both_tables_survives_the_round_trip() {
        let all: String = DEFAULT
            .iter()
            .chain(EXTENSION.iter().map(|(_, c)| c))
            .filter(|c| **c != '\u{1b}')
            .collect();
        assert!(suits_gsm7(&all));
        assert_eq!(decode_gsm7(&encode_gsm7(&all).unwrap()).unwrap(), all);
    }

    #[test]
    fn small_c_with_cedilla_is_not_in_the_default_alphabet() {
        assert!(!suits_gsm7("ç"));
        assert_eq!(encode_gsm7("aaç").unwrap_err().at, 2);
    }

    #[test]
    fn shows_unknown_and_lone_escapes_as_the_clause_says() {
        assert_eq!(decode_gsm7(&[0x1b, 0x41]).unwrap(), "A");
        assert_eq!(decode_gsm7(&[0x1b, 0x1b, 0x41]).unwrap(), " A");
        assert_eq!(decode_gsm7(&[0x41, 0x1b]).unwrap(), "A ");
        assert_eq!(decode_gsm7(&[0x41, 0x80]).unwrap_err().at, 1);
    }

    #[test]
    fn refuses_odd_length_and_lone_surrogates_in_ucs2() {
        assert_eq!(decode_ucs2(&[0, 0x41, 0]).unwrap_err().at, 3);
        assert_eq!(decode_ucs2(&[0, 0x41, 0xd8, 0x3d]).unwrap_err().at, 2);
        assert_eq!(decode_ucs2(&encode_ucs2("a👍🏽")).unwrap(), "a👍🏽");
    }

    #[test]
    fn packs_seven_and_eight_characters_into_seven_octets() {
        let seven = pack_septets(&encode_gsm7("1234567").unwrap(), 0);
        assert_eq!(seven, [0x31, 0xd9, 0x8c, 0x56, 0xb3, 0xdd, 0x00]);
        let eight = pack_septets(&encode_gsm7("12345678").unwrap(), 0);
        assert_eq!(eight, [0x31, 0xd9, 0x8c, 0x56, 0xb3, 0xdd, 0x70]);
        assert!(unpack_septets(&eight, 9, 0).is_err());
    }

    proptest::proptest! {
        #[test]
        fn unpacking_gives_back_what_was_packed(septets in proptest::collection::vec(0u8..128, 0..200), fill in 0usize..7) {
            let octets = pack_septets(&septets, fill);
            proptest::prop_assert_eq!(unpack_septets(&octets, septets.len(), fill).unwrap(), septets);
        }

        #[test]
        fn decoding_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..200), count: usize, fill: usize) {
            drop((decode_gsm7(&octets), decode_ucs2(&octets), unpack_septets(&octets, count, fill)));
        }
    }
}
