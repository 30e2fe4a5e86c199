//! Cutting a stream into PDUs by command_length; lengths below 16 or above 64 KiB are refused.
use crate::wire::Malformed;

#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }
    pub fn next_frame(&mut self) -> Option<Result<Vec<u8>, Malformed>> {
        todo!()
    }
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }
}
