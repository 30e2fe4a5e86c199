//! TP-Data-Coding-Scheme, 3GPP TS 23.038 clause 4.
//!
//! One octet and what it says of alphabet, class, compression and waiting messages. Reserved values read as the clause tells a receiver to.
use super::Coding;

/// The octet as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DataCoding(pub u8);

/// What a message waiting indication does with the message that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageWaiting {
    pub store: bool,
    pub active: bool,
    /// 0 voice mail, 1 fax, 2 electronic mail, 3 other.
    pub kind: u8,
}

impl DataCoding {
    pub const GSM7: Self = Self(0x00);
    pub const OCTETS: Self = Self(0x04);
    pub const UCS2: Self = Self(0x08);

    /// The scheme without class that says `coding`.
    pub fn of(coding: Coding) -> Self {
        match coding {
            Coding::Gsm7 => Self::GSM7,
            Coding::Octets => Self::OCTETS,
            Coding::Ucs2 => Self::UCS2,
        }
    }

    /// The alphabet; reserved schemes are taken for the GSM 7-bit default alphabet.
    pub fn coding(self) -> Coding {
        match (self.0 >> 4, self.0 >> 2 & 3) {
            (0x0..=0x7, 1) | (0xf, 1 | 3) => Coding::Octets,
            (0x0..=0x7, 2) | (0xe, _) => Coding::Ucs2,
            _ => Coding::Gsm7,
        }
    }

    /// TP-UD is compressed (3GPP TS 23.042), so that no alphabet can be read off it and TP-UDL counts octets.
    pub fn is_compressed(self) -> bool {
        self.0 >> 7 == 0 && self.0 & 0x20 != 0
    }

    /// Group 01xx: to be deleted once read.
    pub fn deletes_itself(self) -> bool {
        self.0 >> 6 == 1
    }

    /// Message class 0 to 3, where one is said.
    pub fn class(self) -> Option<u8> {
        let said = (self.0 >> 7 == 0 && self.0 & 0x10 != 0) || self.0 >> 4 == 0xf;
        said.then_some(self.0 & 3)
    }

    pub fn message_waiting(self) -> Option<MessageWaiting> {
        matches!(self.0 >> 4, 0xc..=0xe).then_some(MessageWaiting {
            store: self.0 >> 4 != 0xc,
            active: self.0 & 8 != 0,
            kind: self.0 & 3,
        })
    }

    pub fn is_reserved(self) -> bool {
        let alphabet = self.0 >> 7 == 0 && self.0 >> 2 & 3 == 3;
        let group = matches!(self.0 >> 4, 0x8..=0xb);
        let class_bit = self.0 >> 4 == 0xf && self.0 & 8 != 0;
        alphabet || group || class_bit
    }

    /// TP-UDL counts septets.
    pub(super) fn counts_septets(self) -> bool {
        self.coding() == Coding::Gsm7 && !self.is_compressed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table_of_the_clause() {
        use Coding::{Gsm7, Octets, Ucs2};
        let table = [
            (0x00, Gsm7, None, false),
            (0x04, Octets, None, false),
            (0x08, Ucs2, None, false),
            (0x0c, Gsm7, None, true),
            (0x10, Gsm7, Some(0), false),
            (0x19, Ucs2, Some(1), false),
            (0x52, Gsm7, Some(2), false),
            (0x80, Gsm7, None, true),
            (0xbf, Gsm7, None, true),
            (0xc8, Gsm7, None, false),
            (0xd3, Gsm7, None, false),
            (0xe8, Ucs2, None, false),
            (0xf0, Gsm7, Some(0), false),
            (0xf6, Octets, Some(2), false),
            (0xfc, Octets, Some(0), true),
        ];
        for (octet, coding, class, reserved) in table {
            let scheme = DataCoding(octet);
            assert_eq!(scheme.coding(), coding, "{octet:02x}");
            assert_eq!(scheme.class(), class, "{octet:02x}");
            assert_eq!(scheme.is_reserved(), reserved, "{octet:02x}");
        }
    }

    #[test]
    fn tells_waiting_and_compressed_messages() {
        let waiting = DataCoding(0xd9).message_waiting();
        assert_eq!(
            waiting.map(|w| (w.store, w.active, w.kind)),
            Some((true, true, 1))
        );
        assert_eq!(
            DataCoding(0xc0).message_waiting().map(|w| w.store),
            Some(false)
        );
        assert_eq!(DataCoding(0x00).message_waiting(), None);
        assert!(DataCoding(0x20).is_compressed() && !DataCoding(0x20).counts_septets());
        assert!(DataCoding(0x44).deletes_itself());
        assert!(!DataCoding(0xe0).is_compressed());
    }
}
