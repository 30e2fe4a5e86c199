//! One MSRP request (chunk) or response (RFC 4975 sections 7 and 9).
//!
//! Refuses only what cannot be represented (no start line, no end-line of its own); every other departure from the grammar is a defect
//! (`defects.rs`). A message that was parsed and not changed prints as the octets it came from.
use std::fmt::Write as _;

use super::defects;
use super::framing::{self, Span};
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 4975 section 9";
/// Header fields of one message.
const HEADERS_LIMIT: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MsrpStart {
    /// `SEND`, `REPORT` or any other method.
    Request {
        method: String,
    },
    Response {
        code: u16,
        comment: Option<String>,
    },
}

/// Flag after the end-line: `$` complete, `+` more chunks follow, `#` aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuation {
    Complete,
    More,
    Aborted,
}

impl Continuation {
    pub fn flag(self) -> char {
        match self {
            Self::Complete => '$',
            Self::More => '+',
            Self::Aborted => '#',
        }
    }
}

/// `Byte-Range: start-end/total`; `*` is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    pub start: u64,
    pub end: Option<u64>,
    pub total: Option<u64>,
}

impl ByteRange {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let number = |text: &str, at: usize| match text {
            "" => Err(Malformed::new(at, "a number", CLAUSE)),
            digits if digits.bytes().all(|octet| octet.is_ascii_digit()) => digits
                .parse::<u64>()
                .map_err(|_| Malformed::new(at, "a number below 2^64", CLAUSE)),
            _ => Err(Malformed::new(at, "digits", CLAUSE)),
        };
        let or_star = |text: &str, at: usize| match text {
            "*" => Ok(None),
            digits => number(digits, at).map(Some),
        };
        let dash = text
            .find('-')
            .ok_or_else(|| Malformed::new(text.len(), "`-` in a byte range", CLAUSE))?;
        let slash = text[dash..]
            .find('/')
            .map(|offset| dash + offset)
            .ok_or_else(|| Malformed::new(text.len(), "`/` in a byte range", CLAUSE))?;
        Ok(Self {
            start: number(&text[..dash], 0)?,
            end: or_star(&text[dash + 1..slash], dash + 1)?,
            total: or_star(&text[slash + 1..], slash + 1)?,
        })
    }
}

impl std::fmt::Display for ByteRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_star = |value: Option<u64>| value.map_or("*".to_owned(), |value| value.to_string());
        write!(
            f,
            "{}-{}/{}",
            self.start,
            or_star(self.end),
            or_star(self.total)
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsrpMessage {
    pub transaction_id: String,
    pub start: MsrpStart,
    /// Header fields in order as sent (To-Path, From-Path, Message-ID, Byte-Range, Success-Report, Failure-Report, Status, Content-Type).
    pub headers: Vec<(String, String)>,
    /// `None` = bodiless (no Content-Type); `Some(empty)` = empty body.
    pub body: Option<Vec<u8>>,
    pub continuation: Continuation,
    pub defects: Vec<Malformed>,
    pub(super) original: Option<Vec<u8>>,
}

impl MsrpMessage {
    pub fn request(transaction_id: &str, method: &str) -> Self {
        Self::new(
            transaction_id,
            MsrpStart::Request {
                method: method.to_owned(),
            },
        )
    }

    /// An empty `comment` leaves the comment out.
    pub fn response(transaction_id: &str, code: u16, comment: &str) -> Self {
        let comment = (!comment.is_empty()).then(|| comment.to_owned());
        Self::new(transaction_id, MsrpStart::Response { code, comment })
    }

    fn new(transaction_id: &str, start: MsrpStart) -> Self {
        Self {
            transaction_id: transaction_id.to_owned(),
            start,
            headers: Vec::new(),
            body: None,
            continuation: Continuation::Complete,
            defects: Vec::new(),
            original: None,
        }
    }

    /// Parses one whole framed message, end-line included.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let span = framing::measure(octets)?;
        let mut defects = Vec::new();
        let mut message = Self::new(
            &text(octets, &span.transaction_id, &mut defects),
            start_line(octets, &span, &mut defects)?,
        );
        message.headers = header_fields(octets, &span, &mut defects)?;
        message.continuation = match span.flag {
            b'+' => Continuation::More,
            b'#' => Continuation::Aborted,
            _ => Continuation::Complete,
        };
        let typed = message.header("Content-Type").is_some();
        if let Some(body) = span.body {
            if span.body_unended || !typed {
                let expected = if typed {
                    "a line end between body and end-line"
                } else {
                    "Content-Type before the blank line of a body"
                };
                defects.push(Malformed::new(span.headers.end, expected, CLAUSE));
            }
            if typed || !body.is_empty() {
                message.body = Some(octets[body].to_vec());
            }
        }
        defects::collect(&message, span.headers.start, &mut defects);
        message.defects = defects;
        message.original = Some(octets.to_vec());
        Ok(message)
    }

    /// The octets it was parsed from if it is unchanged; otherwise its parts in order, nothing added.
    pub fn to_octets(&self) -> Vec<u8> {
        if let Some(original) = &self.original
            && Self::parse(original).is_ok_and(|unchanged| unchanged.says_the_same_as(self))
        {
            return original.clone();
        }
        let mut head = format!("MSRP {} ", self.transaction_id);
        // Writing to a String cannot fail.
        let _infallible = match &self.start {
            MsrpStart::Request { method } => write!(head, "{method}\r\n"),
            MsrpStart::Response {
                code,
                comment: None,
            } => write!(head, "{code:03}\r\n"),
            MsrpStart::Response {
                code,
                comment: Some(comment),
            } => write!(head, "{code:03} {comment}\r\n"),
        };
        for (name, value) in &self.headers {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        }
        let mut octets = head.into_bytes();
        if let Some(body) = &self.body {
            octets.extend_from_slice(b"\r\n");
            octets.extend_from_slice(body);
            octets.extend_from_slice(b"\r\n");
        }
        let flag = self.continuation.flag();
        octets.extend_from_slice(format!("-------{}{flag}\r\n", self.transaction_id).as_bytes());
        octets
    }

    /// Same transaction, header fields and body, however either came about.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.transaction_id == other.transaction_id
            && self.start == other.start
            && self.headers == other.headers
            && self.body == other.body
            && self.continuation == other.continuation
    }

    pub fn method(&self) -> Option<&str> {
        match &self.start {
            MsrpStart::Request { method } => Some(method),
            _ => None,
        }
    }
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            MsrpStart::Response { code, .. } => Some(*code),
            _ => None,
        }
    }
    /// Value of the first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
    /// Appends a header field; Content-Type stays the last one, as the grammar wants it.
    pub fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let before_content_type = self
            .headers
            .last()
            .is_some_and(|(last, _)| last.eq_ignore_ascii_case("Content-Type"));
        let at = self.headers.len() - usize::from(before_content_type);
        self.headers
            .insert(at, (name.to_owned(), value.as_ref().to_owned()));
    }
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Vec<u8>>) {
        self.headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        self.headers
            .push(("Content-Type".to_owned(), content_type.to_owned()));
        self.body = Some(body.into());
    }
    /// URIs of To-Path / From-Path in order.
    pub fn to_path(&self) -> Vec<&str> {
        self.path("To-Path")
    }
    pub fn from_path(&self) -> Vec<&str> {
        self.path("From-Path")
    }
    fn path(&self, name: &str) -> Vec<&str> {
        let value = self.header(name).unwrap_or_default();
        value.split(' ').filter(|uri| !uri.is_empty()).collect()
    }
    pub fn message_id(&self) -> Option<&str> {
        self.header("Message-ID")
    }
    pub fn byte_range(&self) -> Option<ByteRange> {
        self.header("Byte-Range")
            .and_then(|value| ByteRange::parse(value).ok())
    }
    /// Media type in lower case without parameters.
    pub fn content_type(&self) -> Option<String> {
        self.header("Content-Type").map(media_type)
    }
    /// Code of a REPORT's `Status: 000 200 OK`.
    pub fn reported_status(&self) -> Option<u16> {
        self.header("Status").and_then(status_code)
    }
}

/// The code in a Status value; the namespace is 000, the only one there is.
pub(super) fn status_code(value: &str) -> Option<u16> {
    let (namespace, rest) = value.split_once(' ')?;
    let code = rest.split(' ').next()?;
    let three = |text: &str| text.len() == 3 && text.bytes().all(|octet| octet.is_ascii_digit());
    (three(namespace) && three(code)).then(|| code.parse().ok())?
}

/// Media type in lower case without parameters.
pub(super) fn media_type(value: &str) -> String {
    let end = value.find(';').unwrap_or(value.len());
    value[..end].trim().to_ascii_lowercase()
}

fn text(octets: &[u8], range: &std::ops::Range<usize>, defects: &mut Vec<Malformed>) -> String {
    match std::str::from_utf8(&octets[range.clone()]) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let at = range.start + error.valid_up_to();
            defects.push(Malformed::new(at, "UTF-8", CLAUSE));
            String::from_utf8_lossy(&octets[range.clone()]).into_owned()
        }
    }
}

fn start_line(
    octets: &[u8],
    span: &Span,
    defects: &mut Vec<Malformed>,
) -> Result<MsrpStart, Malformed> {
    let at = span.transaction_id.end + 1;
    if at >= span.start_line.end {
        let expected = "a method or a status code";
        return Err(Malformed::new(span.start_line.end, expected, CLAUSE));
    }
    let rest = text(octets, &(at..span.start_line.end), defects);
    let (word, comment) = match rest.split_once(' ') {
        Some((word, comment)) => (word, Some(comment.to_owned())),
        None => (rest.as_str(), None),
    };
    if word.len() == 3 && word.bytes().all(|octet| octet.is_ascii_digit()) {
        let code = word.parse().unwrap_or_default();
        return Ok(MsrpStart::Response { code, comment });
    }
    if comment.is_some() || word.is_empty() || !word.bytes().all(|o| o.is_ascii_uppercase()) {
        defects.push(Malformed::new(at, "a method in capital letters", CLAUSE));
    }
    Ok(MsrpStart::Request { method: rest })
}

fn header_fields(
    octets: &[u8],
    span: &Span,
    defects: &mut Vec<Malformed>,
) -> Result<Vec<(String, String)>, Malformed> {
    let mut fields = Vec::new();
    let mut at = span.headers.start;
    while at < span.headers.end {
        let end = memchr::memmem::find(&octets[at..span.headers.end], b"\r\n")
            .map_or(span.headers.end, |offset| at + offset);
        let line = text(octets, &(at..end), defects);
        if fields.len() == HEADERS_LIMIT {
            let expected = format!("at most {HEADERS_LIMIT} header fields");
            return Err(Malformed::new(at, expected, CLAUSE));
        }
        match line.split_once(": ") {
            Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
            None => {
                defects.push(Malformed::new(at, "a name, `:` and one space", CLAUSE));
                let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        at = end + 2;
    }
    Ok(fields)
}
