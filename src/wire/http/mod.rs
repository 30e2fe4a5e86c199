//! HTTP/1.1 messages (RFC 9112) as they stand in a stream, as far as XCAP uses them.

mod framing;

use super::Malformed;
pub use framing::Framer;

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
        framing::Seen::default().message(octets)
    }

    /// Start line and header section, without the empty line behind them.
    fn head(octets: &[u8]) -> Result<Self, Malformed> {
        let head = std::str::from_utf8(octets)
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
        Ok(Self {
            start,
            headers,
            body: Vec::new(),
        })
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
    fn reads_the_same_from_octets_that_come_one_by_one() {
        let stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        let mut framer = Framer::default();
        let mut bodies = Vec::new();
        for octet in stream {
            framer.push(&[*octet]);
            while let Some(message) = framer.next_message() {
                bodies.push(message.unwrap().body);
            }
        }
        assert_eq!(bodies, [&b"abc"[..], b"", b"ab"]);
        assert_eq!(framer.pending(), 0);
    }

    #[test]
    fn refuses_what_would_never_end() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let x = "x".repeat(70_000);
        for text in [
            x.clone(),
            format!("{chunked}1;{x}"),
            format!("{chunked}0\r\n{x}"),
            format!("{chunked}{}", "1\r\nx\r\n".repeat(2_000_000)),
        ] {
            assert!(HttpMessage::parse(text.as_bytes()).is_err());
        }
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
