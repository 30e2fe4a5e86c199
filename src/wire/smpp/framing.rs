//! Cutting a stream into PDUs by command_length; lengths below 16 or above 64 KiB are refused.
use crate::wire::Malformed;

const SHORTEST: usize = 16;
const LONGEST: usize = 64 * 1024;

/// After a refused length the stream has no PDU boundaries any more: the framer reports it once and takes nothing further.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets of `buffer` that were given out.
    start: usize,
    lost: bool,
}

impl Framer {
    /// Take the PDUs out with `next_frame` after every push: then no more than one unfinished PDU is ever held.
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
        let header = self.rest().first_chunk::<4>()?;
        let announced = u32::from_be_bytes(*header);
        let length = usize::try_from(announced)
            .ok()
            .filter(|length| (SHORTEST..=LONGEST).contains(length));
        let Some(length) = length else {
            self.lost = true;
            self.buffer = Vec::new();
            self.start = 0;
            return Some(Err(Malformed::new(
                0,
                format!("command_length from {SHORTEST} to {LONGEST} instead of {announced}"),
                "SMPP 3.4 section 3.2",
            )));
        };
        let frame = self.rest().get(..length)?.to_vec();
        self.start += length;
        Some(Ok(frame))
    }

    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}
