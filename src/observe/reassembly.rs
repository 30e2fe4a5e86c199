//! One direction of a TCP connection: segments in any order to octets in order, each piece with the frame that carried it.
//!
//! Retransmissions and overlaps are dropped (the first copy counts), sequence numbers may wrap around. What never arrives becomes a gap
//! once too much waits behind it, or when the capture ends.
use std::collections::BTreeMap;

/// Octets and segments that may wait for an earlier one.
const HELD_OCTETS: usize = 8 * 1024 * 1024;
const HELD_SEGMENTS: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Octets {
        octets: Vec<u8>,
        frame: u32,
    },
    /// So many octets are not in the capture.
    Gap {
        length: u64,
    },
}

#[derive(Debug, Default)]
pub struct Stream {
    /// Sequence number of the first octet; unknown before the first segment.
    base: Option<u32>,
    /// Octets given out (or skipped) so far.
    position: u64,
    held: BTreeMap<u64, (Vec<u8>, u32)>,
    held_octets: usize,
}

impl Stream {
    /// The SYN was seen: the first octet has the number after its own.
    pub fn begin(&mut self, first: u32) {
        if self.base.is_none() {
            self.base = Some(first);
        }
    }

    pub fn base(&self) -> Option<u32> {
        self.base
    }

    /// Takes a segment; gives what is in order now.
    pub fn add(&mut self, sequence: u32, octets: Vec<u8>, frame: u32) -> Vec<Piece> {
        if octets.is_empty() {
            return Vec::new();
        }
        let base = *self.base.get_or_insert(sequence);
        let expected = base.wrapping_add((self.position & 0xffff_ffff) as u32);
        // Within two gigabytes either side of what is expected, so wrapping around is only arithmetic.
        let distance = i64::from(sequence.wrapping_sub(expected).cast_signed());
        let Some(at) = self.position.checked_add_signed(distance) else {
            return Vec::new(); // before the beginning: a keep-alive probe or a copy from before the capture
        };
        let longer = self
            .held
            .get(&at)
            .is_none_or(|(held, _)| held.len() < octets.len());
        if longer {
            self.held_octets += octets.len();
            if let Some((replaced, _)) = self.held.insert(at, (octets, frame)) {
                self.held_octets -= replaced.len();
            }
        }
        let mut pieces = self.in_order();
        if self.held_octets > HELD_OCTETS || self.held.len() > HELD_SEGMENTS {
            pieces.extend(self.skip());
        }
        pieces
    }

    pub fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// Number of the octet that comes next, if one has come before.
    pub fn next_sequence(&self) -> Option<u32> {
        let base = self.base?;
        Some(base.wrapping_add((self.position & 0xffff_ffff) as u32))
    }

    /// So many octets are in order and nobody wants them.
    pub fn pass_over(&mut self, length: usize) {
        self.position += length as u64;
    }

    /// Gives everything that waits, with its gaps.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !self.held.is_empty() {
            pieces.extend(self.skip());
        }
        pieces
    }

    fn skip(&mut self) -> Vec<Piece> {
        let Some((first, _)) = self.held.first_key_value() else {
            return Vec::new();
        };
        let length = first.saturating_sub(self.position);
        self.position += length;
        let mut pieces = vec![Piece::Gap { length }];
        pieces.extend(self.in_order());
        pieces
    }

    fn in_order(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(entry) = self.held.first_entry() {
            if *entry.key() > self.position {
                break;
            }
            let (at, (mut octets, frame)) = entry.remove_entry();
            self.held_octets -= octets.len();
            let known = usize::try_from(self.position - at).unwrap_or(usize::MAX);
            if known >= octets.len() {
                continue;
            }
            octets.drain(..known);
            self.position += octets.len() as u64;
            pieces.push(Piece::Octets { octets, frame });
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(pieces: &[Piece]) -> String {
        let words = pieces.iter().map(|piece| match piece {
            Piece::Octets { octets, frame } => {
                format!("{}@{frame}", String::from_utf8_lossy(octets))
            }
            Piece::Gap { length } => format!("-{length}-"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn puts_segments_in_order() {
        let mut stream = Stream::default();
        stream.begin(100);
        assert_eq!(text(&stream.add(103, b"def".to_vec(), 1)), "");
        assert_eq!(text(&stream.add(106, b"g".to_vec(), 2)), "");
        assert_eq!(
            text(&stream.add(100, b"abc".to_vec(), 3)),
            "abc@3 def@1 g@2"
        );
    }

    #[test]
    fn drops_retransmissions_and_trims_overlaps() {
        let mut stream = Stream::default();
        stream.begin(100);
        assert_eq!(text(&stream.add(100, b"abc".to_vec(), 1)), "abc@1");
        assert_eq!(text(&stream.add(100, b"abc".to_vec(), 2)), "");
        assert_eq!(text(&stream.add(102, b"cde".to_vec(), 3)), "de@3");
        assert_eq!(text(&stream.add(99, b"\0".to_vec(), 4)), "");
    }

    #[test]
    fn goes_on_when_sequence_numbers_wrap_around() {
        let mut stream = Stream::default();
        stream.begin(u32::MAX - 1);
        assert_eq!(text(&stream.add(1, b"defg".to_vec(), 1)), "");
        assert_eq!(
            text(&stream.add(u32::MAX - 1, b"abc".to_vec(), 2)),
            "abc@2 defg@1"
        );
        assert_eq!(text(&stream.add(5, b"h".to_vec(), 3)), "h@3");
    }

    #[test]
    fn begins_in_the_middle_when_the_handshake_was_not_captured() {
        let mut stream = Stream::default();
        assert_eq!(text(&stream.add(7, b"abc".to_vec(), 1)), "abc@1");
        assert_eq!(text(&stream.add(10, b"d".to_vec(), 2)), "d@2");
    }

    #[test]
    fn reports_what_never_came() {
        let mut stream = Stream::default();
        stream.begin(0);
        stream.add(5, b"f".to_vec(), 1);
        stream.add(8, b"i".to_vec(), 2);
        assert_eq!(text(&stream.finish()), "-5- f@1 -2- i@2");
    }

    #[test]
    fn holds_no_more_than_its_limit() {
        let mut stream = Stream::default();
        stream.begin(0);
        let mut given = Vec::new();
        for turn in 0..200_u32 {
            given.extend(stream.add(10 + turn * 65_000, vec![b'x'; 65_000], turn));
        }
        assert_eq!(given.first(), Some(&Piece::Gap { length: 10 }));
        assert!(stream.held_octets <= HELD_OCTETS);
    }
}
