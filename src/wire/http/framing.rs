//! Where an HTTP message ends in a stream (RFC 9112 section 6.3). What was looked at once is not looked at again when more octets come.
//!
//! Bounded: heads, the lines of chunks, trailers and bodies have limits. A body that only the end of the connection ends is not read.
use super::HttpMessage;
use crate::wire::Malformed;
use memchr::memmem;

/// Octets of start line and header section together; the same for the line of a chunk and for trailers.
const HEAD_LIMIT: usize = 64 * 1024;
/// Octets of one body.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Octets of one body with the lines of its chunks.
const CODED_LIMIT: usize = 2 * BODY_LIMIT;
const CHUNKS: &str = "RFC 9112 section 7.1";

/// Collects the octets of a stream and gives out messages. After an error it gives nothing any more.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    seen: Seen,
    lost: bool,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        if !self.lost {
            self.buffer.extend_from_slice(octets);
        }
    }

    pub fn next_message(&mut self) -> Option<Result<HttpMessage, Malformed>> {
        match self.seen.message(&self.buffer).transpose()? {
            Ok((message, used)) => {
                self.buffer.drain(..used);
                self.seen = Seen::default();
                Some(Ok(message))
            }
            Err(malformed) => {
                *self = Self {
                    lost: true,
                    ..Self::default()
                };
                Some(Err(malformed))
            }
        }
    }

    /// Octets that belong to no whole message yet.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }
}

#[derive(Debug, Clone, Copy)]
enum Extent {
    Octets(usize),
    Chunks,
}

/// What is known of the message at the beginning of some octets.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// There is no end of the head before this.
    scanned: usize,
    /// The head, where the body begins and how far it goes.
    head: Option<(HttpMessage, usize, Extent)>,
    /// Where the next chunk begins, from the beginning of the body.
    chunk: usize,
}

impl Seen {
    /// `octets` are those of the last call, possibly more.
    pub(super) fn message(
        &mut self,
        octets: &[u8],
    ) -> Result<Option<(HttpMessage, usize)>, Malformed> {
        if self.head.is_none() && !self.find_head(octets)? {
            return Ok(None);
        }
        let Some((message, body_from, extent)) = self.head.take() else {
            return Ok(None);
        };
        let rest = octets.get(body_from..).unwrap_or_default();
        let body = match extent {
            Extent::Octets(length) => rest.get(..length).map(|body| (body.to_vec(), length)),
            Extent::Chunks => {
                let end = self.chunks_end(rest, body_from)?;
                end.map(|end| (unchunked(rest), end))
            }
        };
        let Some((body, length)) = body else {
            self.head = Some((message, body_from, extent));
            return Ok(None);
        };
        Ok(Some((HttpMessage { body, ..message }, body_from + length)))
    }

    fn find_head(&mut self, octets: &[u8]) -> Result<bool, Malformed> {
        let from = self.scanned.saturating_sub(3).min(octets.len());
        let found = memmem::find(&octets[from..], b"\r\n\r\n").map(|at| from + at);
        let Some(end) = found.filter(|end| *end <= HEAD_LIMIT) else {
            self.scanned = octets.len();
            if octets.len() > HEAD_LIMIT {
                let expected = "the end of the header section";
                return Err(Malformed::new(HEAD_LIMIT, expected, super::CLAUSE));
            }
            return Ok(false);
        };
        let message = HttpMessage::head(&octets[..end])?;
        let extent = extent(&message, end + 4)?;
        self.head = Some((message, end + 4, extent));
        Ok(true)
    }

    /// Behind the last chunk and its trailers, which are passed over.
    fn chunks_end(&mut self, rest: &[u8], at: usize) -> Result<Option<usize>, Malformed> {
        loop {
            let here = rest.get(self.chunk..).unwrap_or_default();
            let wrong = |expected: &str| Malformed::new(at + self.chunk, expected, CHUNKS);
            let Some((size, line)) = chunk_size(here).map_err(wrong)? else {
                return Ok(None);
            };
            if size == 0 {
                let from = line - 2;
                let end = memmem::find(&here[from..], b"\r\n\r\n");
                if end.is_none() && here.len() > HEAD_LIMIT {
                    return Err(wrong("the end of the trailers"));
                }
                return Ok(end.map(|end| self.chunk + from + end + 4));
            }
            let next = self.chunk + line + size + 2;
            if next > CODED_LIMIT {
                return Err(wrong("a body of at most 4 MiB"));
            }
            if rest.len() < next {
                return Ok(None);
            }
            self.chunk = next;
        }
    }
}

/// Size of the chunk that begins here, and the length of its line.
fn chunk_size(octets: &[u8]) -> Result<Option<(usize, usize)>, &'static str> {
    const EXPECTED: &str = "the size of a chunk";
    let searched = &octets[..octets.len().min(HEAD_LIMIT)];
    let Some(end) = memmem::find(searched, b"\r\n") else {
        let ended = octets.len() >= HEAD_LIMIT;
        return if ended { Err(EXPECTED) } else { Ok(None) };
    };
    let line = octets[..end].split(|octet| *octet == b';').next();
    let digits = line.unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).map_err(|_| EXPECTED)?;
    let size = usize::from_str_radix(text, 16).ok();
    let size = size.filter(|size| *size <= BODY_LIMIT && !text.starts_with('+'));
    Ok(Some((size.ok_or(EXPECTED)?, end + 2)))
}

/// The octets of all chunks; they are known to be whole.
fn unchunked(rest: &[u8]) -> Vec<u8> {
    let (mut body, mut at) = (Vec::new(), 0);
    while let Ok(Some((size @ 1.., line))) = chunk_size(rest.get(at..).unwrap_or_default()) {
        let from = at + line;
        body.extend_from_slice(rest.get(from..from + size).unwrap_or_default());
        at = from + size + 2;
    }
    body
}

/// RFC 9112 section 6.3.
fn extent(message: &HttpMessage, at: usize) -> Result<Extent, Malformed> {
    if matches!(message.status(), Some(100..=199 | 204 | 304)) {
        return Ok(Extent::Octets(0));
    }
    let coding = message.header("Transfer-Encoding").unwrap_or_default();
    if coding.to_ascii_lowercase().contains("chunked") {
        return Ok(Extent::Chunks);
    }
    let Some(length) = message.header("Content-Length") else {
        return Ok(Extent::Octets(0));
    };
    let length = length.parse().ok().filter(|length| *length <= BODY_LIMIT);
    length.map(Extent::Octets).ok_or_else(|| {
        let expected = format!("a length of at most {BODY_LIMIT}");
        Malformed::new(at, expected, "RFC 9112 section 6.2")
    })
}
