//! rsip's typed view of a message: compact names expanded, folding removed, then rsip's own grammar.
use super::SipMessage;

pub(super) fn view(message: &SipMessage) -> Result<rsip::SipMessage, rsip::Error> {
    let _ = message;
    todo!()
}
