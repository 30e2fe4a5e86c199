//! Whether a communication of the served user passes.
use super::{Registration, SessionCase};
use crate::reference::faults::InForce;
use crate::wire::sip::SipMessage;

/// What is decided on: an initial request with the user it is served for.
#[derive(Debug)]
pub struct Communication<'a> {
    /// Public user identity as P-Served-User has it.
    pub served_user: &'a str,
    pub case: SessionCase,
    pub request: &'a SipMessage,
    /// What the third-party REGISTER said; `None` if the user is not registered.
    pub registration: Option<&'a Registration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Pass,
    Refuse(Refusal),
}

/// How a communication is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub shape: Shape,
    /// Adds `Reason: SIP;cause=<code>`.
    pub reason_header: bool,
}

/// The three forms of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// P1: the final response alone.
    #[default]
    Plain,
    /// P2: an announcement as early media, then the final response.
    EarlyAnnouncement,
    /// P3: answered, an announcement, then BYE with Reason.
    AnsweredAnnouncement,
}

/// Decides.
#[derive(Debug)]
pub struct Decider {
    _faults: InForce,
}

impl Decider {
    pub fn new(faults: InForce) -> Self {
        Self { _faults: faults }
    }

    /// Everything passes as yet.
    pub fn decide(&self, _communication: &Communication<'_>) -> Outcome {
        Outcome::Pass
    }
}
