//! Cutting text into short messages: limits of catalogue table 4.5; an escape or surrogate pair is never split.
use super::Coding;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceWidth {
    Eight,
    Sixteen,
}

/// One part: its user data header (empty when the text fits one short message), its text, and its octets without header:
/// unpacked septets for GSM 7-bit, UTF-16BE for UCS2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub header: Vec<u8>,
    pub coding: Coding,
    pub payload: Vec<u8>,
    pub text: String,
}

/// GSM 7-bit when representable, else UCS2. `None` if more than 255 parts would be needed. The reference is the caller's.
pub fn split_text(text: &str, reference: u16, width: ReferenceWidth) -> Option<Vec<Segment>> {
    let _ = (text, reference, width);
    todo!()
}
