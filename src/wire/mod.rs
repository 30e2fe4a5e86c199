//! FLOOR 1: octets to messages and back. Stateless, clockless, no I/O.
//!
//! Peers, reference and dissector share this grammar and nothing else. A message keeps its original octets, and printing an unmodified
//! one gives them back. Nothing here repairs, adds defaults or invents identifiers.

pub mod authentication;
pub mod cpim;
pub mod diameter;
pub mod http;
pub mod msrp;
pub mod rtp;
pub mod sdp;
pub mod sip;
pub mod smpp;
pub mod sms;
pub mod xml;

/// Octets that do not follow the grammar: where, what was expected, and which clause says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at octet {at}: expected {expected} ({clause})")]
pub struct Malformed {
    /// Offset of the first octet that cannot be right.
    pub at: usize,
    /// What the grammar allows there, in words.
    pub expected: String,
    /// Citation in the project's one form, e.g. `RFC 3261 section 20.14`.
    pub clause: &'static str,
}

impl Malformed {
    pub fn new(at: usize, expected: impl Into<String>, clause: &'static str) -> Self {
        Self {
            at,
            expected: expected.into(),
            clause,
        }
    }
}
