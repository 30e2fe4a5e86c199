//! G.711: µ-law and A-law octets to linear samples of 16 bits and back (ITU-T G.711, tables 1 and 2).

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    Mu,
    A,
}

/// Added to magnitudes of µ-law before they are split into segments.
const BIAS: i32 = 0x84;

impl Law {
    pub(super) fn decode(self, octet: u8) -> i16 {
        match self {
            Self::Mu => {
                let octet = !octet;
                let segment = (octet >> 4) & 7;
                let magnitude = ((i32::from(octet & 0x0f) << 3) + BIAS) << segment;
                let magnitude = magnitude - BIAS;
                (if octet & 0x80 != 0 {
                    -magnitude
                } else {
                    magnitude
                }) as i16
            }
            Self::A => {
                let octet = octet ^ 0x55;
                let segment = (octet >> 4) & 7;
                let mantissa = i32::from(octet & 0x0f) << 4;
                let magnitude = match segment {
                    0 => mantissa + 8,
                    _ => (mantissa + 0x108) << (segment - 1),
                };
                (if octet & 0x80 != 0 {
                    magnitude
                } else {
                    -magnitude
                }) as i16
            }
        }
    }

    pub(super) fn encode(self, sample: i16) -> u8 {
        let value = i32::from(sample);
        match self {
            Self::Mu => {
                let sign = if value < 0 { 0x80 } else { 0 };
                let magnitude = value.abs().min(32_635) + BIAS;
                let segment = magnitude.ilog2() as i32 - 7;
                let mantissa = (magnitude >> (segment + 3)) & 0x0f;
                !(sign | (segment << 4) | mantissa) as u8
            }
            Self::A => {
                let sign = if value < 0 { 0 } else { 0x80 };
                let magnitude = if value < 0 { -value - 1 } else { value }.min(32_767);
                let segment = if magnitude < 256 {
                    0
                } else {
                    magnitude.ilog2() as i32 - 7
                };
                let mantissa = (magnitude >> (segment.max(1) + 3)) & 0x0f;
                ((sign | (segment << 4) | mantissa) ^ 0x55) as u8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_silence_as_the_recommendation_has_it() {
        assert_eq!((Law::Mu.encode(0), Law::A.encode(0)), (0xff, 0xd5));
        assert_eq!((Law::Mu.decode(0xff), Law::A.decode(0xd5)), (0, 8));
        assert_eq!(Law::Mu.decode(0x80), 32_124);
    }

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for law in [Law::Mu, Law::A] {
            for octet in 0..=255u8 {
                // µ-law has two zeroes.
                if law == Law::Mu && octet == 0x7f {
                    continue;
                }
                assert_eq!(law.encode(law.decode(octet)), octet, "{law:?} {octet:02x}");
            }
        }
    }
}
