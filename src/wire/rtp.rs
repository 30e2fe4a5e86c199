//! RTP packets (RFC 3550 section 5.1): one datagram to a packet and back. What a payload means is not read here.
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 3550 section 5.1";
const FIXED: usize = 12;
/// Most contributing sources a header can name.
pub const MAX_SOURCES: usize = 15;

/// A packet of version 2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RtpPacket {
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// Contributing sources, as a mixer names them; at most 15.
    pub csrc: Vec<u32>,
    /// Profile and octets of a header extension.
    pub extension: Option<(u16, Vec<u8>)>,
    pub payload: Vec<u8>,
}

impl RtpPacket {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let wrong = |at: usize, expected: &str| Malformed::new(at, expected, CLAUSE);
        if octets.len() < FIXED {
            return Err(wrong(octets.len(), "a fixed header of 12 octets"));
        }
        if octets[0] >> 6 != 2 {
            return Err(wrong(0, "version 2"));
        }
        let sources = usize::from(octets[0] & 0x0f);
        let mut at = FIXED + 4 * sources;
        let mut end = octets.len();
        if at > end {
            return Err(wrong(end, "as many contributing sources as CC counts"));
        }
        let csrc = octets[FIXED..at]
            .chunks_exact(4)
            .map(|four| word(four, 0))
            .collect();
        let mut extension = None;
        if octets[0] & 0x10 != 0 {
            if at + 4 > end {
                return Err(wrong(end, "a header extension"));
            }
            let profile = half(octets, at);
            let length = 4 * usize::from(half(octets, at + 2));
            at += 4;
            if at + length > end {
                return Err(wrong(end, "a header extension of its length"));
            }
            extension = Some((profile, octets[at..at + length].to_vec()));
            at += length;
        }
        if octets[0] & 0x20 != 0 {
            let padding = usize::from(octets[end - 1]);
            if padding == 0 || at + padding > end {
                return Err(wrong(end - 1, "padding within the packet"));
            }
            end -= padding;
        }
        Ok(Self {
            marker: octets[1] & 0x80 != 0,
            payload_type: octets[1] & 0x7f,
            sequence: half(octets, 2),
            timestamp: word(octets, 4),
            ssrc: word(octets, 8),
            csrc,
            extension,
            payload: octets[at..end].to_vec(),
        })
    }

    /// The packet without padding. Sources beyond the fifteenth are left out, and an extension is filled up to whole words.
    pub fn to_octets(&self) -> Vec<u8> {
        let sources = &self.csrc[..self.csrc.len().min(MAX_SOURCES)];
        let mut out = Vec::with_capacity(FIXED + 4 * sources.len() + self.payload.len());
        let extended = u8::from(self.extension.is_some()) << 4;
        out.push(0x80 | extended | sources.len() as u8);
        out.push(u8::from(self.marker) << 7 | self.payload_type & 0x7f);
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.timestamp.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        for source in sources {
            out.extend(source.to_be_bytes());
        }
        if let Some((profile, octets)) = &self.extension {
            let words = octets.len().div_ceil(4).min(usize::from(u16::MAX));
            out.extend(profile.to_be_bytes());
            out.extend((words as u16).to_be_bytes());
            let start = out.len();
            out.extend(&octets[..octets.len().min(4 * words)]);
            out.resize(start + 4 * words, 0);
        }
        out.extend(&self.payload);
        out
    }
}

fn half(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}

fn word(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        let packet = RtpPacket {
            marker: true,
            payload_type: 8,
            sequence: 65_535,
            timestamp: 160,
            ssrc: 0x0102_0304,
            csrc: vec![5, 6],
            extension: Some((0xbede, vec![1, 2, 3, 4])),
            payload: vec![0xd5; 160],
        };
        assert_eq!(RtpPacket::parse(&packet.to_octets()).unwrap(), packet);
    }

    #[test]
    fn writes_the_fixed_header_of_rfc_3550() {
        let packet = RtpPacket {
            sequence: 1,
            timestamp: 2,
            ssrc: 3,
            payload: vec![0xff],
            ..RtpPacket::default()
        };
        assert_eq!(
            packet.to_octets(),
            [0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xff]
        );
    }

    #[test]
    fn takes_padding_away_and_refuses_too_much_of_it() {
        let mut octets = RtpPacket {
            payload: vec![1, 2],
            ..RtpPacket::default()
        }
        .to_octets();
        octets[0] |= 0x20;
        octets.extend([0, 2]);
        assert_eq!(RtpPacket::parse(&octets).unwrap().payload, [1, 2]);
        *octets.last_mut().unwrap() = 200;
        assert!(RtpPacket::parse(&octets).is_err());
        assert!(RtpPacket::parse(b"OPTIONS sip:a").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = RtpPacket::parse(&octets) {
                prop_assert_eq!(RtpPacket::parse(&packet.to_octets()).unwrap(), packet);
            }
        }
    }
}
