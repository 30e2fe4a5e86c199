//! HTTP/1.1 messages (RFC 9112) as they stand in a stream, as far as XCAP uses them.

use super::Malformed;

/// Octets of start line and header section together.
const HEAD_LIMIT: usize = 64 * 1024;
/// Octets of one body.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
const CLAUSE: &str = "RFC 9112 section 2.1";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    Request { method: String, target: String },
    Response { status: u16, reason: String },
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpMessage {
    pub start: StartLine,
    /// Names as written, values without surrounding white space.
    pub headers: Vec<(String, String)>,
    /// Content, without the coding of the transfer.
    pub body: Vec<u8>,
}

impl HttpMessage {
    pub fn request(method: &str, target: &str) -> Self {
        Self {
            start: StartLine::Request {
                method: method.to_owned(),
                target: target.to_owned(),
            },
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The value of the first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, v)| v.as_str())
    }

    /// The values of all header fields of that name.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, v)| v.as_str())
    }

    pub fn method(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    pub fn target(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { target, .. } => Some(target),
            StartLine::Response { .. } => None,
        }
    }

    pub fn status(&self) -> Option<u16> {
        match &self.start {
            StartLine::Response { status, .. } => Some(*status),
            StartLine::Request { .. } => None,
        }
    }

    /// The media type of the body, without parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("Content-Type")?;
        let essence = value.split(';').next().unwrap_or_default();
        Some(essence.trim().to_ascii_lowercase())
    }

    /// The message at the beginning of a stream and how many octets it takes; `None` = more octets are needed.
    pub fn parse(octets: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some(end) = memchr::memmem::find(octets, b"\r\n\r\n") else {
            if octets.len() > HEAD_LIMIT {
                let expected = "the end of the header section";
                return Err(Malformed::new(HEAD_LIMIT, expected, CLAUSE));
            }
            return Ok(None);
        };
        let head = std::str::from_utf8(&octets[..end])
            .map_err(|error| Malformed::new(error.valid_up_to(), "text", CLAUSE))?;
        let mut lines = head.split("\r\n");
        let start = start_line(lines.next().unwrap_or_default())?;
        let mut headers = Vec::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                let expected = format!("a header field instead of {line:?}");
                return Err(Malformed::new(0, expected, "RFC 9112 section 5"));
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut message = Self {
            start,
            headers,
            body: Vec::new(),
        };
        let Some((body, length)) = message.take_body(&octets[end + 4..], end + 4)? else {
            return Ok(None);
        };
        message.body = body;
        Ok(Some((message, end + 4 + length)))
    }

    /// RFC 9112 section 6.3. A body that only the end of the connection ends is not read.
    fn take_body(&self, rest: &[u8], at: usize) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
        if matches!(self.status(), Some(100..=199 | 204 | 304)) {
            return Ok(Some((Vec::new(), 0)));
        }
        let coding = self.header("Transfer-Encoding").unwrap_or_default();
        if coding.to_ascii_lowercase().contains("chunked") {
            return unchunked(rest, at);
        }
        let Some(length) = self.header("Content-Length") else {
            return Ok(Some((Vec::new(), 0)));
        };
        let length = length.parse().ok().filter(|length| *length <= BODY_LIMIT);
        let Some(length) = length else {
            let expected = format!("a length of at most {BODY_LIMIT}");
            return Err(Malformed::new(at, expected, "RFC 9112 section 6.2"));
        };
        Ok(rest.get(..length).map(|body| (body.to_vec(), length)))
    }

    /// The octets, with the length of the body if there is none among the header fields.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut head = match &self.start {
            StartLine::Request { method, target } => format!("{method} {target} HTTP/1.1\r\n"),
            StartLine::Response { status, reason } => format!("HTTP/1.1 {status} {reason}\r\n"),
        };
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.header("Content-Length").is_none() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut octets = head.into_bytes();
        octets.extend_from_slice(&self.body);
        octets
    }
}

fn start_line(line: &str) -> Result<StartLine, Malformed> {
    let fail = || {
        let expected = format!("a request or status line instead of {line:?}");
        Malformed::new(0, expected, "RFC 9112 section 3")
    };
    let mut parts = line.splitn(3, ' ');
    let mut next = || parts.next().ok_or_else(fail);
    let (first, second) = (next()?, next()?);
    let third = next().unwrap_or_default();
    if first.starts_with("HTTP/") {
        return Ok(StartLine::Response {
            status: second.parse().map_err(|_| fail())?,
            reason: third.to_owned(),
        });
    }
    if !third.starts_with("HTTP/") {
        return Err(fail());
    }
    Ok(StartLine::Request {
        method: first.to_owned(),
        target: second.to_owned(),
    })
}

/// RFC 9112 section 7.1; trailers are passed over.
fn unchunked(rest: &[u8], at: usize) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let mut body = Vec::new();
    let mut used = 0;
    loop {
        let here = rest.get(used..).unwrap_or_default();
        let Some(end) = memchr::memmem::find(here, b"\r\n") else {
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&here[..end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok();
        let fits = |size: &usize| *size <= BODY_LIMIT - body.len();
        let Some(size) = size.filter(fits) else {
            let clause = "RFC 9112 section 7.1";
            return Err(Malformed::new(at + used, "the size of a chunk", clause));
        };
        used += end + 2;
        if size == 0 {
            let here = rest.get(used..).unwrap_or_default();
            if here.starts_with(b"\r\n") {
                return Ok(Some((body, used + 2)));
            }
            let trailers = memchr::memmem::find(here, b"\r\n\r\n");
            return Ok(trailers.map(|end| (body, used + end + 4)));
        }
        let Some(chunk) = rest.get(used..used + size) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        used += size + 2;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn reads_back_what_it_writes_and_waits_for_the_rest() {
        let mut message = HttpMessage::request("PUT", "/a/users/b/c.xml");
        message.headers.push(("Host".into(), "x.example".into()));
        message.body = b"<a/>".to_vec();
        let octets = message.to_octets();
        for cut in 0..octets.len() {
            assert_eq!(HttpMessage::parse(&octets[..cut]), Ok(None));
        }
        let (read, used) = HttpMessage::parse(&octets).unwrap().unwrap();
        assert_eq!(used, octets.len());
        assert_eq!((&read.body, read.method()), (&message.body, Some("PUT")));
        assert_eq!(read.header("content-length"), Some("4"));
    }

    #[test]
    fn reads_chunks_and_bodies_that_are_not_there() {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\nHTTP";
        let (read, used) = HttpMessage::parse(chunked).unwrap().unwrap();
        assert_eq!(
            (read.body.as_slice(), used),
            (&b"abcd"[..], chunked.len() - 4)
        );
        let none = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
        assert_eq!(HttpMessage::parse(none).unwrap().unwrap().1, none.len());
        assert!(HttpMessage::parse(b"nonsense\r\n\r\n").is_err());
    }
}
