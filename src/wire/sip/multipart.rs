//! MIME multipart bodies (RFC 2046 section 5.1, RFC 5621), binary safe.

/// One body part: its own header fields and octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPart {
    pub headers: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl BodyPart {
    pub fn header(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    /// Media type in lower case without parameters.
    pub fn content_type(&self) -> Option<String> {
        todo!()
    }
}

/// Splits a multipart body; `content_type` is the full header field value with its boundary parameter.
pub fn multipart_parts(
    content_type: &str,
    body: &[u8],
) -> Result<Vec<BodyPart>, crate::wire::Malformed> {
    let _ = (content_type, body);
    todo!()
}

/// Writes parts between `--boundary` lines.
pub fn write_multipart(boundary: &str, parts: &[BodyPart]) -> Vec<u8> {
    let _ = (boundary, parts);
    todo!()
}
