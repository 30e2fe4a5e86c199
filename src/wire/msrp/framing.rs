//! Cutting a stream into MSRP messages by their end-lines (RFC 4975 section 7.1).
//!
//! A message ends at the line of seven hyphens, its own transaction identifier and a continuation flag; a line like that with another
//! identifier is part of the body. Where no message starts, the octets up to the next line that begins with `MSRP ` are passed over and
//! reported once. It does not look at header fields; `MsrpMessage::parse` does.
use std::ops::Range;

use memchr::memmem;

use crate::wire::Malformed;

/// Largest head: start line and header fields.
const HEAD_LIMIT: usize = 16 * 1024;
/// Largest body of one chunk.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const PROTOCOL: &[u8] = b"MSRP ";
const HYPHENS: &[u8] = b"-------";
const CLAUSE: &str = "RFC 4975 section 9";

/// Where the parts of one message lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub transaction_id: Range<usize>,
    /// Start line, its line end left out.
    pub start_line: Range<usize>,
    /// Header fields, the line end of the last one included.
    pub headers: Range<usize>,
    /// There is a blank line: octets after it, the line end that belongs to the end-line left out.
    pub body: Option<Range<usize>>,
    /// The end-line follows the blank line at once: the body lacks its own line end.
    pub body_unended: bool,
    pub flag: u8,
    pub total: usize,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Start,
    Head {
        id: Range<usize>,
        start_line: Range<usize>,
    },
    Body {
        id: Range<usize>,
        start_line: Range<usize>,
        headers: Range<usize>,
        needle: Vec<u8>,
    },
}

/// Finds the end of the message at the beginning of some octets, going on where it stopped when more octets came.
#[derive(Debug, Default)]
pub(super) struct Scan {
    stage: Stage,
    /// Everything before this has been looked at.
    at: usize,
}

impl Scan {
    /// `octets` are those of the last call, possibly more.
    pub(super) fn advance(&mut self, octets: &[u8]) -> Option<Result<Span, Malformed>> {
        loop {
            match &self.stage {
                Stage::Start => match self.start_line(octets)? {
                    Ok(stage) => self.stage = stage,
                    Err(malformed) => return Some(Err(malformed)),
                },
                Stage::Head { id, start_line } => {
                    let (id, start_line) = (id.clone(), start_line.clone());
                    match self.head_line(octets, id, start_line)? {
                        Ok(Some(span)) => return Some(Ok(span)),
                        Ok(None) => {}
                        Err(malformed) => return Some(Err(malformed)),
                    }
                }
                Stage::Body { .. } => return self.body(octets),
            }
        }
    }

    fn start_line(&mut self, octets: &[u8]) -> Option<Result<Stage, Malformed>> {
        let seen = octets.len().min(PROTOCOL.len());
        if let Some(at) = (0..seen).find(|at| octets[*at] != PROTOCOL[*at]) {
            return Some(Err(Malformed::new(at, "`MSRP ` in capitals", CLAUSE)));
        }
        let end = match line_end(octets, self.at, 0)? {
            Ok(end) => end,
            Err(malformed) => return Some(Err(malformed)),
        };
        let from = PROTOCOL.len();
        if end < from {
            return Some(Err(Malformed::new(end, "`MSRP ` in capitals", CLAUSE)));
        }
        let length = octets[from..end]
            .iter()
            .position(|octet| *octet == b' ')
            .unwrap_or(end - from);
        if length == 0 {
            return Some(Err(Malformed::new(from, "a transaction id", CLAUSE)));
        }
        self.at = end + 2;
        Some(Ok(Stage::Head {
            id: from..from + length,
            start_line: 0..end,
        }))
    }

    fn head_line(
        &mut self,
        octets: &[u8],
        id: Range<usize>,
        start_line: Range<usize>,
    ) -> Option<Result<Option<Span>, Malformed>> {
        let end = match line_end(octets, self.at, 0)? {
            Ok(end) => end,
            Err(malformed) => return Some(Err(malformed)),
        };
        let headers = start_line.end + 2..self.at;
        if end == self.at {
            let mut needle = b"\r\n".to_vec();
            needle.extend_from_slice(HYPHENS);
            needle.extend_from_slice(&octets[id.clone()]);
            self.stage = Stage::Body {
                id,
                start_line,
                headers,
                needle,
            };
            return Some(Ok(None));
        }
        if let Some(flag) = end_line_flag(&octets[self.at..end], &octets[id.clone()]) {
            return Some(Ok(Some(Span {
                transaction_id: id,
                start_line,
                headers,
                body: None,
                body_unended: false,
                flag,
                total: end + 2,
            })));
        }
        self.at = end + 2;
        Some(Ok(None))
    }

    fn body(&mut self, octets: &[u8]) -> Option<Result<Span, Malformed>> {
        let Stage::Body {
            id,
            start_line,
            headers,
            needle,
        } = &self.stage
        else {
            return None;
        };
        let from = headers.end + 2;
        loop {
            let found = memmem::find(&octets[self.at.min(octets.len())..], needle);
            let Some(hit) = found.map(|offset| self.at + offset) else {
                self.at = self.at.max((octets.len() + 1).saturating_sub(needle.len()));
                let too_long = octets.len() > from + BODY_LIMIT + needle.len() + 3;
                return too_long.then(|| Err(body_too_long(from)));
            };
            if hit > from + BODY_LIMIT {
                return Some(Err(body_too_long(from)));
            }
            let tail = &octets[hit + needle.len()..];
            let flag = tail.first().copied();
            let expected = [flag.unwrap_or(0), b'\r', b'\n'];
            let known = tail.len().min(3);
            if !flag.is_none_or(is_flag) || tail[..known] != expected[..known] {
                self.at = hit + 1;
                continue;
            }
            self.at = hit;
            if known < 3 {
                return None;
            }
            return Some(Ok(Span {
                transaction_id: id.clone(),
                start_line: start_line.clone(),
                headers: headers.clone(),
                body: Some(from..hit.max(from)),
                body_unended: hit < from,
                flag: flag.unwrap_or(b'$'),
                total: hit + needle.len() + 3,
            }));
        }
    }
}

fn is_flag(octet: u8) -> bool {
    matches!(octet, b'$' | b'+' | b'#')
}

fn end_line_flag(line: &[u8], id: &[u8]) -> Option<u8> {
    let rest = line.strip_prefix(HYPHENS)?.strip_prefix(id)?;
    match rest {
        [flag] if is_flag(*flag) => Some(*flag),
        _ => None,
    }
}

/// Offset of the next CRLF at or after `from`, within the head that begins at `head`.
fn line_end(octets: &[u8], from: usize, head: usize) -> Option<Result<usize, Malformed>> {
    let limit = head + HEAD_LIMIT;
    let too_long = || {
        let expected = format!("a head of at most {HEAD_LIMIT} octets");
        Some(Err(Malformed::new(limit, expected, CLAUSE)))
    };
    match memmem::find(&octets[from.min(octets.len())..], b"\r\n") {
        Some(offset) if from + offset > limit => too_long(),
        Some(offset) => Some(Ok(from + offset)),
        None if octets.len() > limit + 1 => too_long(),
        None => None,
    }
}

fn body_too_long(from: usize) -> Malformed {
    Malformed::new(
        from + BODY_LIMIT,
        format!("a chunk body of at most {BODY_LIMIT} octets"),
        "RFC 4975 section 7.1",
    )
}

/// Bounded: a head over 16 KiB or a chunk body over 16 MiB is refused.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets of `buffer` that have been given out or passed over.
    taken: usize,
    scan: Scan,
    /// No message starts here; the next one is being looked for.
    lost: bool,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        if self.taken > 0 && self.taken >= self.buffer.len() / 2 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// Octets of the next whole message, untouched. After an error the framer goes on at the next line that begins with `MSRP `.
    pub fn next_frame(&mut self) -> Option<Result<Vec<u8>, Malformed>> {
        if self.lost && !self.find_again() {
            return None;
        }
        let rest = &self.buffer[self.taken..];
        match self.scan.advance(rest)? {
            Ok(span) => {
                let frame = rest[..span.total].to_vec();
                self.taken += span.total;
                self.scan = Scan::default();
                Some(Ok(frame))
            }
            Err(malformed) => {
                self.lost = true;
                self.scan = Scan::default();
                Some(Err(malformed))
            }
        }
    }

    /// Octets that belong to no whole message yet.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.taken
    }

    fn find_again(&mut self) -> bool {
        let rest = &self.buffer[self.taken..];
        match memmem::find(rest, b"\nMSRP ") {
            Some(offset) => {
                self.taken += offset + 1;
                self.lost = false;
            }
            // A start may lie across the end of what we have.
            None => self.taken += rest.len().saturating_sub(PROTOCOL.len()),
        }
        !self.lost
    }
}

/// The parts of exactly one message.
pub(super) fn measure(octets: &[u8]) -> Result<Span, Malformed> {
    match Scan::default().advance(octets) {
        Some(Ok(span)) if span.total == octets.len() => Ok(span),
        Some(Ok(span)) => Err(Malformed::new(
            span.total,
            "nothing after the end-line",
            CLAUSE,
        )),
        Some(Err(malformed)) => Err(malformed),
        None => Err(Malformed::new(
            octets.len(),
            "an end-line with the message's own transaction id",
            "RFC 4975 section 7.1",
        )),
    }
}
