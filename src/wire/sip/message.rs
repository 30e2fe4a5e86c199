//! One SIP message, kept as it came. CONTRACT: signatures are fixed, bodies are to be written.
use crate::wire::Malformed;

/// Request line or status line, RFC 3261 section 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    Request { method: String, uri: String },
    Response { code: u16, reason: String },
}

/// One header field as sent. `value` is unfolded and trimmed (lossy UTF-8); `raw` is the field exactly as on the wire, line end included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: String,
    pub raw: Vec<u8>,
}

/// A SIP message of any quality that can be framed. Parsing rejects only what cannot be represented; everything else is a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipMessage {
    pub start: StartLine,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
    /// Departures from the grammar that do not prevent reading (bad Content-Length, folding is *not* one, bad UTF-8 ...).
    pub defects: Vec<Malformed>,
    pub(super) original: Option<Vec<u8>>,
}

impl SipMessage {
    /// Parses one whole message as received in one datagram or framed from a stream. Content-Length shorter than the rest cuts the
    /// body (RFC 3261 section 18.3); longer is a defect. Leading CRLFs are skipped.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    /// A request with no header field at all.
    pub fn request(method: &str, uri: &str) -> Self {
        let _ = (method, uri);
        todo!()
    }
    /// A response with no header field at all.
    pub fn response(code: u16, reason: &str) -> Self {
        let _ = (code, reason);
        todo!()
    }
    /// The original octets if unmodified, otherwise start line + raw header fields + blank line + body. Adds nothing.
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
    }

    pub fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }
    pub fn method(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            _ => None,
        }
    }
    pub fn uri(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { uri, .. } => Some(uri),
            _ => None,
        }
    }
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            StartLine::Response { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Value of the first header field of that name; compact and long names and any case are the same name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    /// Values of all header fields of that name, one per field as sent.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let _ = name;
        std::iter::empty()
    }
    /// Single values of a comma-separated header field over all its occurrences; commas inside quotes and angle brackets do not split.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let _ = name;
        todo!()
    }
    /// Appends a header field as given (name and value are written verbatim: deliberate misbehaviour is possible).
    pub fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let _ = (name, value.as_ref());
        todo!()
    }
    /// Puts a header field before all others (Via of a client or proxy).
    pub fn push_front(&mut self, name: &str, value: impl AsRef<str>) {
        let _ = (name, value.as_ref());
        todo!()
    }
    /// Replaces all header fields of that name by one (in the place of the first, or at the end).
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        let _ = (name, value.as_ref());
        todo!()
    }
    /// Removes all header fields of that name.
    pub fn remove(&mut self, name: &str) {
        let _ = name;
        todo!()
    }
    /// Sets Content-Type, Content-Length and body.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Vec<u8>>) {
        let _ = (content_type, body.into());
        todo!()
    }
    /// Changes the Request-URI (or does nothing on a response).
    pub fn set_uri(&mut self, uri: &str) {
        let _ = uri;
        todo!()
    }

    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }
    /// Number and method of CSeq.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        todo!()
    }
    pub fn from_tag(&self) -> Option<String> {
        todo!()
    }
    pub fn to_tag(&self) -> Option<String> {
        todo!()
    }
    /// `branch` of the topmost Via.
    pub fn branch(&self) -> Option<String> {
        todo!()
    }
    /// Media type of the body in lower case without parameters, e.g. `application/sdp`.
    pub fn content_type(&self) -> Option<String> {
        todo!()
    }
    /// All parts of a multipart body, or the body itself as its only part; empty if there is no body.
    pub fn bodies(&self) -> Vec<super::BodyPart> {
        todo!()
    }
    /// First body (or part) of that media type.
    pub fn body_of(&self, media_type: &str) -> Option<Vec<u8>> {
        let _ = media_type;
        todo!()
    }

    /// The same message seen through rsip, where rsip can read it (see `typed.rs` for what is normalised first).
    pub fn typed(&self) -> Result<rsip::SipMessage, rsip::Error> {
        super::typed::view(self)
    }
}
