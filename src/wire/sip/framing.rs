//! Cutting a stream into SIP messages by Content-Length (RFC 3261 section 18.3), with CRLF keep-alives (RFC 5626 section 3.5.1).
//! It finds where messages end and does not read them.
use super::grammar;
use super::parse::MAX_HEAD;
use crate::wire::Malformed;

const MAX_BODY: usize = 16 * 1024 * 1024;

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
///
/// CRLFs before a message: every pair is a Ping; one CRLF with a start line behind it is the empty line that RFC 3261 section 7.5 lets a
/// receiver ignore, told as Pong all the same: who sent no ping ignores it. A lone CRLF at the end of what has come is held back until
/// the next octets show which of the two it is, or until [`Framer::flush`].
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets before this one belong to frames already given out.
    start: usize,
    /// The head of the message at `start` does not end before this offset.
    scanned: usize,
    /// Where the head ends and the message ends, once its Content-Length is known.
    ends: Option<usize>,
    broken: Option<Malformed>,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        if self.start > 0 && (self.start == self.buffer.len() || self.start > MAX_HEAD) {
            self.buffer.drain(..self.start);
            self.scanned = self.scanned.saturating_sub(self.start);
            self.ends = self.ends.map(|end| end.saturating_sub(self.start));
            self.start = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next whole frame; `None` = more octets needed; `Err` = the stream cannot be framed any more.
    pub fn next_frame(&mut self) -> Option<Result<Frame, Malformed>> {
        if let Some(broken) = &self.broken {
            return Some(Err(broken.clone()));
        }
        if self.ends.is_none() {
            if let Some(frame) = self.keep_alive() {
                return Some(Ok(frame));
            }
            match self.find_end() {
                Ok(end) => self.ends = end,
                Err(broken) => {
                    self.buffer = Vec::new();
                    self.start = 0;
                    self.broken = Some(broken.clone());
                    return Some(Err(broken));
                }
            }
        }
        let end = self.ends.filter(|end| *end <= self.buffer.len())?;
        let message = self.buffer[self.start..end].to_vec();
        self.ends = None;
        self.advance(end);
        Some(Ok(Frame::Message(message)))
    }

    /// Octets waiting for the rest of their message.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Called when nothing more comes for now (or at all): a lone CRLF held back is a Pong after all.
    pub fn flush(&mut self) -> Option<Frame> {
        if self.buffer[self.start..] == *b"\r\n" {
            self.advance(self.start + 2);
            return Some(Frame::Pong);
        }
        None
    }

    fn advance(&mut self, to: usize) {
        self.start = to;
        self.scanned = to;
    }

    /// Takes line ends before a message away; a message starts with another octet.
    fn keep_alive(&mut self) -> Option<Frame> {
        loop {
            let rest = &self.buffer[self.start..];
            match rest {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.advance(self.start + 4);
                    return Some(Frame::Ping);
                }
                [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
                [b'\r', b'\n', ..] => {
                    self.advance(self.start + 2);
                    return Some(Frame::Pong);
                }
                [b'\r' | b'\n', ..] => self.advance(self.start + 1),
                _ => return None,
            }
        }
    }

    /// Offset behind the message at `start`; `None` while its head is not whole.
    fn find_end(&mut self) -> Result<Option<usize>, Malformed> {
        if matches!(self.buffer.get(self.start), Some(b'\r') | None) {
            return Ok(None);
        }
        while let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
            let feed = self.scanned + found;
            let line_from = self.buffer[self.start..feed]
                .iter()
                .rposition(|o| *o == b'\n')
                .map_or(self.start, |before| self.start + before + 1);
            if feed - self.start > MAX_HEAD {
                return Err(too_long(feed));
            }
            self.scanned = feed + 1;
            let line = &self.buffer[line_from..feed];
            if line.is_empty() || line == b"\r" {
                let length = content_length(&self.buffer[self.start..feed])?;
                return Ok(Some(feed + 1 + length));
            }
        }
        if self.buffer.len() - self.start > MAX_HEAD {
            return Err(too_long(self.buffer.len()));
        }
        Ok(None)
    }
}

fn too_long(at: usize) -> Malformed {
    Malformed::new(
        at,
        "the end of a head of at most 64 KiB",
        "RFC 3261 section 18.3",
    )
}

/// The one Content-Length of a head.
fn content_length(head: &[u8]) -> Result<usize, Malformed> {
    const CLAUSE: &str = "RFC 3261 section 18.3";
    let mut length: Option<usize> = None;
    let mut lines = head.split(|o| *o == b'\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let name = std::str::from_utf8(&line[..colon]).unwrap_or_default();
        if !grammar::same_name(name.trim_end(), "Content-Length") {
            continue;
        }
        let mut value = line[colon + 1..].to_vec();
        while let Some(fold) = lines.next_if(|l| matches!(l.first(), Some(b' ' | b'\t'))) {
            value.extend_from_slice(fold);
        }
        let digits = value.trim_ascii();
        let wrong = || Malformed::new(0, "a Content-Length that is a number of octets", CLAUSE);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(wrong());
        }
        let text = std::str::from_utf8(digits).unwrap_or_default();
        let value = text.parse().map_err(|_| wrong())?;
        if value > MAX_BODY {
            return Err(Malformed::new(0, "a body of at most 16 MiB", CLAUSE));
        }
        if length.is_some_and(|known| known != value) {
            return Err(Malformed::new(0, "one Content-Length", CLAUSE));
        }
        length = Some(value);
    }
    length.ok_or_else(|| Malformed::new(0, "a Content-Length on a stream", CLAUSE))
}
