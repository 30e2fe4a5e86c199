//! What this S-CSCF makes of P-Access-Network-Info (RFC 7315 section 5.4): nothing. It serves every access alike and passes the header
//! field on as it is; only a fault of its own makes a difference.
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::SipMessage;

/// How the names of the access types of RFC 7315 begin.
const KNOWN: [&str; 9] = [
    "3GPP", "IEEE", "VDSL", "ADSL", "DOCSIS", "GPON", "DVB", "GSTN", "XGPON",
];

/// A refusal on account of the access; none from a system that is right.
pub(super) fn refused(request: &SipMessage, faults: InForce) -> Option<(u16, &'static str)> {
    mark!("AI-03");
    mark!("AI-07");
    mark!("AI-11");
    if request.method() != Some("INVITE") {
        return None;
    }
    let said = request.values("P-Access-Network-Info");
    let known = |value: &&str| KNOWN.iter().any(|known| value.starts_with(known));
    let to_factory = request
        .uri()
        .is_some_and(|uri| uri.starts_with("sip:factory@"));
    if said.is_empty() && faults.is(Fault::AccessDemanded) {
        return Some((400, "Access Network Missing"));
    }
    if !said.iter().all(known) && faults.is(Fault::UnknownAccessRefused) {
        return Some((400, "Access Network Malformed"));
    }
    let cable = said.iter().any(|value| value.starts_with("DOCSIS"));
    (cable && to_factory && faults.is(Fault::NoFactoryOverCable)).then_some((404, "Not Found"))
}

/// A refusal of a request within a dialog on account of a new access.
pub(super) fn refused_within_dialog(request: &SipMessage, faults: InForce) -> bool {
    mark!("AI-10");
    let said = request.values("P-Access-Network-Info");
    request.method() == Some("INVITE")
        && said.iter().any(|value| value.starts_with("IEEE-802.11"))
        && faults.is(Fault::AccessChangeBarred)
}

/// What the next hop is told: what has been said.
pub(super) fn pass_on(request: &mut SipMessage, faults: InForce) {
    mark!("AI-02");
    if let Some(said) = request.header("P-Access-Network-Info")
        && faults.is(Fault::AccessRewritten)
    {
        let kind = said.split(';').next().unwrap_or_default().to_owned();
        request.set("P-Access-Network-Info", kind);
    }
}
