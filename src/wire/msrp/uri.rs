//! MSRP URIs and their comparison (RFC 4975 section 6).
use crate::wire::Malformed;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsrpUri {
    pub secure: bool,
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    pub session_id: Option<String>,
    pub transport: String,
}

impl MsrpUri {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let _ = text;
        todo!()
    }
    /// Comparison of RFC 4975 section 6.1 (scheme and host case-insensitive, session-id exact, port exact, transport case-insensitive).
    pub fn same_as(&self, other: &Self) -> bool {
        let _ = other;
        todo!()
    }
}
