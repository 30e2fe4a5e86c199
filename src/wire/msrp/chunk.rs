//! One MSRP request (chunk) or response.
use crate::wire::Malformed;

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

/// `Byte-Range: start-end/total`; `*` is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    pub start: u64,
    pub end: Option<u64>,
    pub total: Option<u64>,
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
        let _ = (transaction_id, method);
        todo!()
    }
    pub fn response(transaction_id: &str, code: u16, comment: &str) -> Self {
        let _ = (transaction_id, code, comment);
        todo!()
    }
    /// Parses one whole framed message, end-line included.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
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
    pub fn header(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    pub fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let _ = (name, value.as_ref());
        todo!()
    }
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Vec<u8>>) {
        let _ = (content_type, body.into());
        todo!()
    }
    /// URIs of To-Path / From-Path in order.
    pub fn to_path(&self) -> Vec<&str> {
        todo!()
    }
    pub fn from_path(&self) -> Vec<&str> {
        todo!()
    }
    pub fn message_id(&self) -> Option<&str> {
        self.header("Message-ID")
    }
    pub fn byte_range(&self) -> Option<ByteRange> {
        todo!()
    }
    /// Media type in lower case without parameters.
    pub fn content_type(&self) -> Option<String> {
        todo!()
    }
}
