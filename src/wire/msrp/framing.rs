//! Cutting a stream into MSRP messages by their end-lines (RFC 4975 section 7.1).
use crate::wire::Malformed;

/// Bounded: a head over 16 KiB or a chunk body over 16 MiB is refused.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }
    /// Octets of the next whole message, untouched.
    pub fn next_frame(&mut self) -> Option<Result<Vec<u8>, Malformed>> {
        todo!()
    }
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }
}
