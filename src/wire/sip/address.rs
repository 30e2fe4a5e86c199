//! name-addr and addr-spec with header parameters (From, To, Contact, Route, P-Asserted-Identity ...), RFC 3261 section 20.10.
use super::SipUri;
use crate::wire::Malformed;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name without quotes.
    pub display: Option<String>,
    pub uri: SipUri,
    /// Header parameters (after `>`), names in lower case, quotes of values removed.
    pub params: Vec<(String, Option<String>)>,
}

impl NameAddr {
    /// Parses one value (no comma list; split with `SipMessage::values`).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let _ = text;
        todo!()
    }
    pub fn param(&self, name: &str) -> Option<&str> {
        let _ = name;
        todo!()
    }
    pub fn has_param(&self, name: &str) -> bool {
        let _ = name;
        todo!()
    }
}
