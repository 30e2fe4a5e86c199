//! Request-URIs and addresses of IMS: sip:, sips:, tel: (RFC 3966), urn:, with IPv6 references.
use crate::wire::Malformed;

/// A parsed URI that prints back as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    /// `sip`, `sips`, `tel`, `urn`, or another scheme, in lower case.
    pub scheme: String,
    /// User part without password (sip), number (tel), or all after the scheme (others).
    pub user: Option<String>,
    /// Host without brackets; empty for tel and urn.
    pub host: String,
    pub port: Option<u16>,
    /// Parameters in order, names in lower case.
    pub params: Vec<(String, Option<String>)>,
    /// Everything after `?`, verbatim.
    pub headers: Option<String>,
    pub(super) original: String,
}

impl SipUri {
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
    pub fn as_str(&self) -> &str {
        &self.original
    }
}

/// The E.164 number a URI names, as `+` and digits with visual separators removed: `tel:+44...`, `sip:+44...@host;user=phone`, or a
/// sip URI whose user part is `+` and digits. `None` if the URI names no global number.
pub fn number_of(uri: &str) -> Option<String> {
    let _ = uri;
    todo!()
}
