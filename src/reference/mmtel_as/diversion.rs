//! Communication forwarding unconditional (3GPP TS 24.604 clause 4.5.2.6): the request goes to whom the served user names, and its History-Info
//! says from whom and why (RFC 7044, RFC 4458). It comes after barring, which is how barring takes precedence.
use super::decision::{Outcome, Refusal};
use super::{Communication, SessionCase};
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::{NameAddr, SipMessage};
use crate::wire::xml::simservs::SimServs;

/// Communication forwarding unconditional (RFC 4458).
const UNCONDITIONAL: &str = "302";
/// Diversions of one communication, 3GPP TS 24.604 clause 4.5.2.6.1.
const LIMIT: usize = 5;

/// What becomes of a communication whose called user diverts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Diverted {
    /// As barring has decided.
    No,
    To(String),
    /// It has been diverted too often.
    TooOften,
}

/// Whether the called user diverts what barring lets through.
pub(super) fn diverted(
    about: &Communication<'_>,
    document: Option<&SimServs>,
    outcome: &Outcome,
    faults: InForce,
) -> Diverted {
    mark!("CB-39");
    mark!("CB-40");
    let is_call = about.request.method() == Some("INVITE");
    let service = document.and_then(|document| document.diversion.as_ref());
    let target = service
        .filter(|service| service.active && is_call && about.case == SessionCase::Terminating)
        .and_then(|service| service.target.clone());
    let passes = match outcome {
        Outcome::Pass => true,
        Outcome::Refuse(Refusal { code: 433, .. }) => faults.is(Fault::AnonymousDiverted),
        Outcome::Refuse(_) => faults.is(Fault::BarredDiverted),
    };
    match target.filter(|_| passes) {
        None => Diverted::No,
        Some(_) if diversions(about.request) >= LIMIT => Diverted::TooOften,
        Some(target) => Diverted::To(target),
    }
}

fn entries(request: &SipMessage) -> Vec<NameAddr> {
    let values = request.values("History-Info").into_iter();
    values.filter_map(|v| NameAddr::parse(v).ok()).collect()
}

fn diversions(request: &SipMessage) -> usize {
    let entries = entries(request);
    let diverted = entries.iter().filter(|entry| entry.uri.has_param("cause"));
    diverted.count()
}

/// The request as it goes to whom the served user names.
pub(super) fn to(mut request: SipMessage, target: &str) -> SipMessage {
    let from = request.uri().unwrap_or_default().to_owned();
    let index = match entries(&request).last() {
        Some(entry) => entry.param("index").unwrap_or("1").to_owned(),
        None => {
            request.push("History-Info", format!("<{from}>;index=1"));
            "1".to_owned()
        }
    };
    let entry = format!("<{target};cause={UNCONDITIONAL}>;index={index}.1;mp={index}");
    request.push("History-Info", entry);
    request.set_uri(target);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_says_from_whom_and_why() {
        let invite = SipMessage::request("INVITE", "sip:bob@x.example");
        let once = to(invite, "sip:alice@x.example");
        assert_eq!(once.uri(), Some("sip:alice@x.example"));
        let history = once.values("History-Info");
        let wanted = [
            "<sip:bob@x.example>;index=1",
            "<sip:alice@x.example;cause=302>;index=1.1;mp=1",
        ];
        assert_eq!(history, wanted);
        let twice = to(once, "sip:carol@x.example");
        let history = twice.values("History-Info");
        assert_eq!(
            history.last(),
            Some(&"<sip:carol@x.example;cause=302>;index=1.1.1;mp=1.1")
        );
        assert_eq!(diversions(&twice), 2);
    }
}
