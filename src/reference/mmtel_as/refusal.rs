//! A refusal on the wire.
use super::Refusal;
use crate::reference::proxy::{Decision, Response};

/// The responses of a refusal.
pub(super) fn carry_out(refusal: &Refusal) -> Decision {
    let mut response = Response::new(refusal.code, refusal.reason);
    if refusal.reason_header {
        response = response.with("Reason", format!("SIP;cause={}", refusal.code));
    }
    Decision::Respond(vec![response])
}
