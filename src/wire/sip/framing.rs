//! Cutting a stream into SIP messages by Content-Length (RFC 3261 section 18.3), with CRLF keep-alives (RFC 5626 section 3.5.1).
use crate::wire::Malformed;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, octets untouched.
    Message(Vec<u8>),
    /// Double CRLF: the peer asks for a pong.
    Ping,
    /// Single CRLF: answer to our ping.
    Pong,
}

/// Collects stream octets and gives out frames. Bounded: heads over 64 KiB and bodies over 16 MiB are refused.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }
    /// The next whole frame; `None` = more octets needed; `Err` = the stream cannot be framed any more.
    pub fn next_frame(&mut self) -> Option<Result<Frame, Malformed>> {
        todo!()
    }
    /// Octets waiting for the rest of their message.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }
}
