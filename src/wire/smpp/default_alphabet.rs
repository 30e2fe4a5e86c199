//! What octets under data_coding 0 are. SMPP 3.4 section 5.2.19 leaves it to the message centre; three readings are met.
//!
//! Everything else here reads data_coding 0 as the GSM alphabet with one septet per octet. This translates between that and what a link
//! carries; messages with another data_coding, and delivery receipts (plain ASCII everywhere), pass as they are.
use super::pdu::{find_tlv, latin1};
use super::{ShortMessagePdu, Tlv, tag};
use crate::wire::sms::{
    UserDataHeader, decode_gsm7, encode_gsm7, encode_ucs2, pack_septets, unpack_septets,
};

/// sm_length is one octet, and 255 is reserved (SMPP 3.4 section 5.2.21).
const MOST_IN_SHORT_MESSAGE: usize = 254;

/// The message centre's default alphabet as its links carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DefaultAlphabet {
    /// GSM 7-bit default alphabet, one septet per octet.
    #[default]
    Gsm7,
    /// The same, packed as in a TPDU (3GPP TS 23.038 clause 6.1.2.1.1).
    Gsm7Packed,
    /// ISO 8859-1.
    Latin1,
}

/// Bits that fill the octet after a header so that the text begins with a whole septet.
fn fill_bits(header: usize) -> usize {
    (7 - header * 8 % 7) % 7
}

/// Where a message has its text: short_message, or message_payload when that is empty.
fn user_data<'a>(message: &'a ShortMessagePdu, tlvs: &'a [Tlv]) -> &'a [u8] {
    match message.short_message.as_slice() {
        [] => find_tlv(tlvs, tag::MESSAGE_PAYLOAD).unwrap_or(&[]),
        octets => octets,
    }
}

fn put(message: &mut ShortMessagePdu, tlvs: &mut Vec<Tlv>, octets: Vec<u8>) {
    let payload = tlvs.iter_mut().find(|tlv| tlv.tag == tag::MESSAGE_PAYLOAD);
    match payload {
        Some(payload) if message.short_message.is_empty() => payload.value = octets,
        _ if octets.len() > MOST_IN_SHORT_MESSAGE => {
            message.short_message.clear();
            tlvs.push(Tlv {
                tag: tag::MESSAGE_PAYLOAD,
                value: octets,
            });
        }
        _ => message.short_message = octets,
    }
}

/// Octets of the user data header at the beginning, its length octet included.
fn header_length(message: &ShortMessagePdu, data: &[u8]) -> Option<usize> {
    match message.has_user_data_header() {
        true => UserDataHeader::parse(data).ok().map(|(_, length)| length),
        false => Some(0),
    }
}

impl DefaultAlphabet {
    fn concerns(self, message: &ShortMessagePdu) -> bool {
        self != Self::Gsm7 && message.data_coding == 0 && !message.is_receipt()
    }

    /// From what the link carried: data_coding 0 with one septet per octet (or 3, where Latin-1 has what the GSM alphabet has not).
    pub fn read(self, message: &mut ShortMessagePdu, tlvs: &mut Vec<Tlv>) {
        if !self.concerns(message) {
            return;
        }
        let data = user_data(message, tlvs).to_vec();
        let Some(length) = header_length(message, &data) else {
            return;
        };
        let (header, body) = data.split_at(length);
        let text = match self {
            Self::Gsm7 => return,
            Self::Gsm7Packed => unpacked(body, fill_bits(length)),
            Self::Latin1 => match encode_gsm7(&latin1(body)) {
                Ok(septets) => septets,
                Err(_) => {
                    message.data_coding = 0x03;
                    return;
                }
            },
        };
        let octets = [header, &text].concat();
        put(message, tlvs, octets);
    }

    /// To what the link carries. A text that Latin-1 has not goes as UCS2.
    pub fn write(self, message: &mut ShortMessagePdu, tlvs: &mut Vec<Tlv>) {
        if !self.concerns(message) {
            return;
        }
        let data = user_data(message, tlvs).to_vec();
        let Some(length) = header_length(message, &data) else {
            return;
        };
        let (header, septets) = data.split_at(length);
        let text = match self {
            Self::Gsm7 => return,
            Self::Gsm7Packed => packed(septets, fill_bits(length)),
            Self::Latin1 => {
                let Ok(text) = decode_gsm7(septets) else {
                    return;
                };
                let octets: Option<Vec<u8>> = text
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).ok())
                    .collect();
                octets.unwrap_or_else(|| {
                    message.data_coding = 0x08;
                    encode_ucs2(&text)
                })
            }
        };
        let octets = [header, &text].concat();
        put(message, tlvs, octets);
    }
}

/// Seven bits left over would read as one more `@`: they are filled with CR (3GPP TS 23.038 clause 6.1.2.3.1).
fn packed(septets: &[u8], fill: usize) -> Vec<u8> {
    let left_over = (8 - (septets.len() * 7 + fill) % 8) % 8;
    match left_over {
        7 => pack_septets(&[septets, &[0x0d]].concat(), fill),
        _ => pack_septets(septets, fill),
    }
}

/// All whole septets; a last one of CR or nothing that only fills the last octet is none.
fn unpacked(octets: &[u8], fill: usize) -> Vec<u8> {
    let bits = (octets.len() * 8).saturating_sub(fill);
    let mut septets = unpack_septets(octets, bits / 7, fill).unwrap_or_default();
    if bits.is_multiple_of(7) && matches!(septets.last(), Some(0x00 | 0x0d)) {
        septets.pop();
    }
    septets
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::smpp::decode_short_message_text;

    fn message(text: &str, header: &[u8]) -> ShortMessagePdu {
        ShortMessagePdu {
            esm_class: if header.is_empty() { 0 } else { 0x40 },
            short_message: [header, &encode_gsm7(text).unwrap()].concat(),
            ..ShortMessagePdu::default()
        }
    }

    #[test]
    fn every_alphabet_carries_every_text_both_ways() {
        let header = [5, 0, 3, 7, 2, 1];
        for alphabet in [
            DefaultAlphabet::Gsm7,
            DefaultAlphabet::Gsm7Packed,
            DefaultAlphabet::Latin1,
        ] {
            for length in 0..=40 {
                for (text, header) in [
                    ("a".repeat(length), &header[..]),
                    ("é{b}".repeat(length), &[]),
                    ("5 €".repeat(length), &header[..]),
                ] {
                    let sent = message(&text, header);
                    let (mut carried, mut tlvs) = (sent.clone(), Vec::new());
                    alphabet.write(&mut carried, &mut tlvs);
                    alphabet.read(&mut carried, &mut tlvs);
                    let read = decode_short_message_text(&carried, &tlvs).unwrap();
                    assert_eq!(read.0, text, "{alphabet:?}");
                    assert_eq!(read.2.is_some(), !header.is_empty());
                }
            }
        }
    }

    /// 3GPP TS 23.038: seven characters leave seven bits over, and `hello` is E8 32 9B FD 06.
    #[test]
    fn packs_as_a_tpdu_does() {
        let mut hello = message("hello", &[]);
        DefaultAlphabet::Gsm7Packed.write(&mut hello, &mut Vec::new());
        assert_eq!(hello.short_message, [0xe8, 0x32, 0x9b, 0xfd, 0x06]);
        let mut seven = message("1234567", &[]);
        DefaultAlphabet::Gsm7Packed.write(&mut seven, &mut Vec::new());
        assert_eq!(seven.short_message.len(), 7);
        DefaultAlphabet::Gsm7Packed.read(&mut seven, &mut Vec::new());
        assert_eq!(seven, message("1234567", &[]));
    }

    #[test]
    fn latin_1_takes_what_the_gsm_alphabet_has_not() {
        let mut message = ShortMessagePdu {
            short_message: vec![b'c', 0xf3, b'm', b'o'],
            ..ShortMessagePdu::default()
        };
        DefaultAlphabet::Latin1.read(&mut message, &mut Vec::new());
        assert_eq!(decode_short_message_text(&message, &[]).unwrap().0, "cómo");
    }

    #[test]
    fn receipts_and_payloads() {
        let mut receipt = ShortMessagePdu {
            esm_class: 0x04,
            short_message: b"id:1 stat:DELIVRD".to_vec(),
            ..ShortMessagePdu::default()
        };
        let before = receipt.clone();
        DefaultAlphabet::Gsm7Packed.write(&mut receipt, &mut Vec::new());
        assert_eq!(receipt, before);
        let mut empty = ShortMessagePdu::default();
        let mut tlvs = vec![Tlv {
            tag: tag::MESSAGE_PAYLOAD,
            value: b"hello".to_vec(),
        }];
        DefaultAlphabet::Gsm7Packed.write(&mut empty, &mut tlvs);
        assert_eq!(tlvs[0].value.len(), 5);
        assert!(empty.short_message.is_empty());
        DefaultAlphabet::Gsm7Packed.read(&mut empty, &mut tlvs);
        assert_eq!(tlvs[0].value, b"hello");
    }
}
