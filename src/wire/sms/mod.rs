//! Short message text: alphabets (3GPP TS 23.038), user data header and concatenation (3GPP TS 23.040 clause 9.2.3.24).
mod alphabet;
mod segments;
mod user_data;

pub use alphabet::{
    Coding, decode_gsm7, decode_gsm7_shifted, decode_ucs2, encode_gsm7, encode_ucs2, pack_septets,
    suits_gsm7, unpack_septets,
};
pub use segments::{ReferenceWidth, Segment, split_text};
pub use user_data::{Concatenation, UserDataHeader};

#[cfg(test)]
mod tests {
    //! The TP-UD of the known answers in `fixtures/vectors/sms/tpdu.json`: three independent decoders agree on them.
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// TP-UDHI and everything behind TP-UDL of a SUBMIT or DELIVER (3GPP TS 23.040 clauses 9.2.2.1 and 9.2.2.2).
    struct UserData {
        indicator: bool,
        data_coding: u8,
        length: usize,
        octets: Vec<u8>,
    }

    fn vector(name: &str) -> UserData {
        let json = include_str!("../../../fixtures/vectors/sms/tpdu.json");
        let all: std::collections::BTreeMap<String, String> = serde_json::from_str(json).unwrap();
        let hex = &all[name];
        let tpdu: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let submit = name.starts_with("submit");
        let mut at = if submit { 2 } else { 1 };
        at += 2 + usize::from(tpdu[at]).div_ceil(2) + 1;
        let data_coding = tpdu[at];
        at += 1;
        at += match (submit, tpdu[0] >> 3 & 3) {
            (false, _) | (true, 1 | 3) => 7,
            (true, 2) => 1,
            _ => 0,
        };
        UserData {
            indicator: tpdu[0] & 0x40 != 0,
            data_coding,
            length: usize::from(tpdu[at]),
            octets: tpdu[at + 1..].to_vec(),
        }
    }

    fn read(name: &str) -> (String, Option<Concatenation>) {
        let data = vector(name);
        let (header, took) = if data.indicator {
            UserDataHeader::parse(&data.octets).unwrap()
        } else {
            (UserDataHeader::default(), 0)
        };
        assert_eq!(header.to_octets()[..took], data.octets[..took]);
        let text = if data.data_coding == 8 {
            let text = decode_ucs2(&data.octets[took..]).unwrap();
            assert_eq!(encode_ucs2(&text), data.octets[took..]);
            text
        } else {
            let fill = (7 - 8 * took % 7) % 7;
            let count = data.length - (8 * took).div_ceil(7);
            let septets = unpack_septets(&data.octets[took..], count, fill).unwrap();
            assert_eq!(pack_septets(&septets, fill), data.octets[took..]);
            match header.national_languages() {
                (Some(language), None) => decode_gsm7_shifted(&septets, language).unwrap(),
                _ => decode_gsm7(&septets).unwrap(),
            }
        };
        (text, header.concatenation())
    }

    #[test]
    fn reads_and_packs_the_known_texts() {
        for (name, text) in [
            ("submit_hello_novp", "Hello"),
            ("submit_relvp_srr", "CPM <-> SMS"),
            ("submit_absvp", "abs"),
            ("submit_ucs2", "Привет 😀"),
            ("submit_7chars", "1234567"),
            ("submit_8chars", "12345678"),
            ("deliver_ext", "{[~]}|^\\€ @£Δ"),
            ("deliver_ucs2_emoji", "漢字 👍🏽"),
            ("deliver_tr_single", "ŞşĞğİıç"),
            ("deliver_es_single", "¿Qué? á í ó ú"),
        ] {
            assert_eq!(read(name), (text.to_owned(), None), "{name}");
        }
    }

    #[test]
    fn reads_the_known_concatenations() {
        for (name, reference, wide, total, sequence) in [
            ("deliver_concat8_1of3", 0xcc, false, 3, 1),
            ("deliver_concat8_3of3", 0xcc, false, 3, 3),
            ("deliver_concat16_1of3", 0xbeef, true, 3, 1),
            ("deliver_ucs2_concat8_1of2", 0x41, false, 2, 1),
        ] {
            let (text, concatenation) = read(name);
            let expected = Concatenation {
                reference,
                wide,
                total,
                sequence,
            };
            assert_eq!(concatenation, Some(expected), "{name}: {text}");
        }
        assert_eq!(read("deliver_concat16_1of3").0.chars().count(), 152);
        assert_eq!(read("deliver_ucs2_concat8_1of2").0, "ж".repeat(67));
    }

    #[test]
    fn keeps_the_application_port_element() {
        let data = vector("deliver_port16");
        let (header, took) = UserDataHeader::parse(&data.octets).unwrap();
        assert_eq!(header.elements, [(5, vec![0x0b, 0x84, 0x23, 0xf0])]);
        assert_eq!(&data.octets[took..], b"abc");
    }
}
