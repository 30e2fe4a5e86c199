//! Message/CPIM (RFC 3862) and IMDN (RFC 5438) in it.
use crate::wire::Malformed;

/// A Message/CPIM object: message header fields, then one MIME entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpimMessage {
    /// From, To, DateTime, NS, Subject, imdn.Message-ID, ... in order.
    pub headers: Vec<(String, String)>,
    /// Header fields of the encapsulated entity (Content-Type, Content-Length ...).
    pub content_headers: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl CpimMessage {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    /// A header field of the IMDN namespace, whatever prefix `NS` binds to `urn:ietf:params:imdn`.
    pub fn imdn_header(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    pub fn content_type(&self) -> Option<String> {
        todo!()
    }
    /// The content as text if it is text/plain (UTF-8).
    pub fn text(&self) -> Option<String> {
        todo!()
    }
}

/// Disposition of an IMDN, RFC 5438 section 7.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImdnStatus {
    Delivered,
    Failed,
    Forbidden,
    Error,
    Displayed,
    Processed,
    Stored,
    Other,
}

/// The `message/imdn+xml` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imdn {
    pub message_id: String,
    pub datetime: Option<String>,
    pub recipient_uri: Option<String>,
    pub original_recipient_uri: Option<String>,
    pub status: ImdnStatus,
}

impl Imdn {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
    }
}
