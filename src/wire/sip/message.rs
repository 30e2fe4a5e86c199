//! One SIP message (RFC 3261 section 7), kept as it came: octets, header fields in order, body, and what is wrong with it.
//! It looks up and changes header fields; it neither adds header fields of its own nor repairs any.
use super::fields::{Fields, Header};
use super::grammar;
use super::{BodyPart, NameAddr, NameAddrRef, Via, ViaRef};
use crate::wire::Malformed;

/// Request line or status line, RFC 3261 section 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    Request { method: String, uri: String },
    Response { code: u16, reason: String },
}

/// A SIP message of any quality that can be framed. Parsing rejects only what cannot be represented; everything else is a defect.
#[derive(Debug, Clone)]
pub struct SipMessage {
    pub start: StartLine,
    pub body: Vec<u8>,
    /// Departures from the grammar that do not prevent reading (bad Content-Length, folding is *not* one, bad UTF-8 ...).
    pub defects: Vec<Malformed>,
    pub(super) fields: Fields,
    pub(super) original: Option<Original>,
}

/// Where the parts of a message lay that was parsed and has its header fields still.
#[derive(Debug, Clone)]
pub(super) struct Original {
    pub start: std::ops::Range<usize>,
    pub body: std::ops::Range<usize>,
    pub length: usize,
}

impl PartialEq for SipMessage {
    fn eq(&self, other: &Self) -> bool {
        self.start == other.start
            && self.body == other.body
            && self.defects == other.defects
            && self.original() == other.original()
            && self.headers().eq(other.headers())
    }
}

impl Eq for SipMessage {}

impl SipMessage {
    /// Parses one whole message as received in one datagram or framed from a stream. Content-Length shorter than the rest cuts the
    /// body (RFC 3261 section 18.3); longer is a defect. Leading CRLFs are skipped. A datagram needs no Content-Length.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        super::parse::message(octets)
    }
    fn of(start: StartLine) -> Self {
        Self {
            start,
            body: Vec::new(),
            defects: Vec::new(),
            fields: Fields::default(),
            original: None,
        }
    }
    /// A request with no header field at all.
    pub fn request(method: &str, uri: &str) -> Self {
        let (method, uri) = (method.to_owned(), uri.to_owned());
        Self::of(StartLine::Request { method, uri })
    }
    /// A response with no header field at all.
    pub fn response(code: u16, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self::of(StartLine::Response { code, reason })
    }
    /// The original octets if unmodified, otherwise start line + raw header fields + blank line + body. Adds nothing.
    pub fn to_octets(&self) -> Vec<u8> {
        if let Some(original) = self.original() {
            return original.to_vec();
        }
        let mut out = Vec::with_capacity(self.fields.size() + self.body.len() + 256);
        let line = match &self.start {
            StartLine::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            StartLine::Response { code, reason } => format!("SIP/2.0 {code:03} {reason}\r\n"),
        };
        out.extend_from_slice(line.as_bytes());
        self.fields.print(&mut out);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
    fn touch(&mut self) {
        self.original = None;
    }
    /// The octets this message was parsed from, if it was not changed since (also not through its public fields).
    pub fn original(&self) -> Option<&[u8]> {
        let original = self.original.as_ref()?;
        let octets = self.fields.octets().get(..original.length)?;
        let start = super::parse::start_line_again(octets.get(original.start.clone())?)?;
        let same = start == self.start && octets.get(original.body.clone())? == self.body;
        same.then_some(octets)
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

    /// All header fields in the order of the message.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = Header<'_>> + DoubleEndedIterator {
        self.fields.iter()
    }
    /// Value of the first header field of that name; compact and long names and any case are the same name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let place = self.fields.place(name)?;
        Some(self.fields.value(place))
    }
    /// Whether there is a header field of that name.
    pub fn has_header(&self, name: &str) -> bool {
        self.fields.place(name).is_some()
    }
    /// Values of all header fields of that name, one per field as sent.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let places = self.fields.places(name);
        places.map(|place| self.fields.value(place))
    }
    /// Single values of a comma-separated header field over all its occurrences; commas inside quotes and angle brackets do not split.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let places = self.fields.places(name);
        places
            .flat_map(|place| grammar::parts(self.fields.value(place), b','))
            .filter(|value| !value.is_empty())
            .collect()
    }
    /// Appends a header field as given (name and value are written verbatim: deliberate misbehaviour is possible).
    pub fn push(&mut self, name: &str, value: impl AsRef<str>) {
        self.touch();
        self.fields.insert(usize::MAX, name, value.as_ref());
    }
    /// Puts a header field before all others (Via of a client or proxy).
    pub fn push_front(&mut self, name: &str, value: impl AsRef<str>) {
        self.touch();
        self.fields.insert(0, name, value.as_ref());
    }
    /// Takes the first header field of all away.
    pub fn pop_front(&mut self) {
        self.touch();
        self.fields.remove(0);
    }
    /// Replaces all header fields of that name by one (in the place of the first, or at the end).
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        self.touch();
        let place = self.fields.place(name);
        self.fields.remove_named(name);
        let place = place.unwrap_or(self.fields.len());
        self.fields.insert(place, name, value.as_ref());
    }
    /// Removes all header fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.touch();
        self.fields.remove_named(name);
    }
    /// Sets Content-Type, Content-Length and body.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Vec<u8>>) {
        self.body = body.into();
        self.set("Content-Type", content_type);
        self.set("Content-Length", self.body.len().to_string());
    }
    /// Changes the Request-URI (or does nothing on a response).
    pub fn set_uri(&mut self, uri: &str) {
        if let StartLine::Request { uri: old, .. } = &mut self.start {
            uri.clone_into(old);
            self.original = None;
        }
    }

    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }
    /// Number and method of CSeq.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        super::parse::cseq_of(self.header("CSeq")?)
    }
    pub fn from_tag(&self) -> Option<String> {
        self.tag_of("From")
    }
    pub fn to_tag(&self) -> Option<String> {
        self.tag_of("To")
    }
    fn tag_of(&self, name: &str) -> Option<String> {
        let value = self.header(name)?;
        let params = match NameAddrRef::parse(value) {
            Ok(address) => address.params,
            // The address cannot be read; the tag behind it may still say which dialog is meant.
            Err(_) => grammar::ParamsRef::parse(&value[value.rfind('>')? + 1..], "").ok()?,
        };
        Some(params.get("tag")?.into_owned())
    }
    /// The first value of a header field that holds addresses (From, To, Contact, P-Asserted-Identity ...).
    pub fn address(&self, name: &str) -> Option<NameAddr> {
        self.address_ref(name).map(NameAddr::from)
    }
    /// The same, as it lies in the message.
    pub fn address_ref(&self, name: &str) -> Option<NameAddrRef<'_>> {
        NameAddrRef::parse(self.first_value(name)?).ok()
    }
    /// The first of [`Self::values`].
    fn first_value(&self, name: &str) -> Option<&str> {
        let values = self
            .fields
            .places(name)
            .map(|place| self.fields.value(place));
        let first = values.into_iter().find(|value| !value.is_empty())?;
        match grammar::first(first, b',') {
            // Nothing before a comma: rare enough to look at all of them.
            "" => self.values(name).first().copied(),
            value => Some(value),
        }
    }
    /// The topmost Via.
    pub fn via(&self) -> Option<Via> {
        self.via_ref().map(Via::from)
    }
    /// The same, as it lies in the message.
    pub fn via_ref(&self) -> Option<ViaRef<'_>> {
        ViaRef::parse(self.first_value("Via")?).ok()
    }
    /// `branch` of the topmost Via.
    pub fn branch(&self) -> Option<String> {
        let first = self.first_value("Via")?;
        // Neither an unknown transport nor a strange sent-by hides the transaction, nor does white space around its name and value.
        let params = grammar::ParamsRef::parse(&first[first.find(';')?..], "").ok()?;
        Some(params.get("branch")?.into_owned())
    }
    /// Media type of the body in lower case without parameters, e.g. `application/sdp`.
    pub fn content_type(&self) -> Option<String> {
        grammar::media_type(self.header("Content-Type")?)
    }
    /// All parts of a multipart body, or the body itself as its only part; empty if there is no body.
    pub fn bodies(&self) -> Vec<BodyPart> {
        if self.body.is_empty() {
            return Vec::new();
        }
        let content_type = self.header("Content-Type").unwrap_or_default();
        let is_multipart =
            grammar::media_type(content_type).is_some_and(|t| t.starts_with("multipart/"));
        if is_multipart && let Ok(parts) = super::multipart_parts(content_type, &self.body) {
            return parts;
        }
        let headers = self
            .headers()
            .map(|h| (grammar::long_name(h.name).to_owned(), h.value.to_owned()))
            .filter(|(name, _)| {
                let is_length = name.eq_ignore_ascii_case("Content-Length");
                name.to_ascii_lowercase().starts_with("content-") && !is_length
            })
            .collect();
        vec![BodyPart {
            headers,
            content: self.body.clone(),
        }]
    }
    /// First body (or part, also inside a nested multipart) of that media type.
    pub fn body_of(&self, media_type: &str) -> Option<Vec<u8>> {
        super::multipart::find(self.bodies(), media_type)
    }

    /// Grammar problems beyond `defects`: values out of range, white space and brackets in URIs, bad dates, header fields that may
    /// stand only once (what RFC 4475 section 3.1.2 and section 3.3 describe). Empty for a well-formed message.
    pub fn check(&self) -> Vec<Malformed> {
        super::check::message(self)
    }

    /// The same message seen through rsip, where rsip can read it (see `typed.rs` for what is normalised first).
    pub fn typed(&self) -> Result<rsip::SipMessage, rsip::Error> {
        super::typed::view(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn builds_a_request_that_reads_without_defects() {
        let mut message = SipMessage::request("MESSAGE", "tel:+442079460018");
        for (name, value) in [
            ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1"),
            ("Max-Forwards", "70"),
            ("From", "<sip:a@h.example>;tag=1"),
            ("To", "<tel:+442079460018>"),
            ("Call-ID", "c1"),
            ("CSeq", "1 MESSAGE"),
        ] {
            message.push(name, value);
        }
        message.set_body("text/plain", "hello");
        message.set_uri("tel:+442079460019");
        let read = SipMessage::parse(&message.to_octets()).unwrap();
        assert!(read.defects.is_empty() && read.check().is_empty());
        assert_eq!(
            (read.method(), read.uri()),
            (Some("MESSAGE"), Some("tel:+442079460019"))
        );
        assert_eq!(read.bodies()[0].content, b"hello");
        message.remove("from");
        assert!(!message.has_header("f"));
    }

    #[test]
    fn finds_tag_and_branch_behind_what_cannot_be_read() {
        let mut message = SipMessage::response(200, "OK");
        message.push("v", "SIP/2.0/OWN a b ; branch = z9hG4bKx");
        message.push("f", "Watt, James <sip:watt@h.example>;tag=f1");
        message.push("t", "\"W\" < sip:watt@h.example >;tag=t1");
        assert_eq!(message.branch().as_deref(), Some("z9hG4bKx"));
        message.set("v", "SIP/2.0/UDP h:5060;branch=  z9hG4bKy  ;rport\t=5060");
        assert_eq!(message.branch().as_deref(), Some("z9hG4bKy"));
        assert_eq!(message.to_tag().as_deref(), Some("t1"));
        assert_eq!(message.from_tag().as_deref(), Some("f1"));
    }
}
