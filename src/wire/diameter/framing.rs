//! Cutting a stream into Diameter messages by Message Length, RFC 6733 section 3.
use crate::wire::Malformed;

const SHORTEST: usize = 20;
const LONGEST: usize = 64 * 1024;

/// After a refused header the stream has no message boundaries any more: the framer reports it once and takes nothing further.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets of `buffer` that were given out.
    start: usize,
    lost: bool,
}

impl Framer {
    /// Take the messages out with `next_frame` after every push: then no more than one unfinished message is ever held.
    pub fn push(&mut self, octets: &[u8]) {
        if self.lost {
            return;
        }
        if self.start > LONGEST || self.start == self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    pub fn next_frame(&mut self) -> Option<Result<Vec<u8>, Malformed>> {
        let [version, l0, l1, l2] = *self.rest().first_chunk::<4>()?;
        let length = usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2);
        if version != 1 {
            return Some(Err(self.lose(0, "version 1".to_owned())));
        }
        if !(SHORTEST..=LONGEST).contains(&length) || !length.is_multiple_of(4) {
            let expected = format!(
                "a message length from {SHORTEST} to {LONGEST} divisible by 4 instead of {length}"
            );
            return Some(Err(self.lose(1, expected)));
        }
        let frame = self.rest().get(..length)?.to_vec();
        self.start += length;
        Some(Ok(frame))
    }

    fn lose(&mut self, at: usize, expected: String) -> Malformed {
        self.lost = true;
        self.buffer = Vec::new();
        self.start = 0;
        Malformed::new(at, expected, "RFC 6733 section 3")
    }

    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}
