//! Third-party registration: the S-CSCF tells the gateway who is registered and what his terminal can do (3GPP TS 29.311 clause 6.1.2,
//! 3GPP TS 24.341 clause 5.3.3.2, 3GPP TS 24.229 clause 5.4.1.7).
//!
//! Capabilities are read from the terminal's own REGISTER where it is enclosed, else from the Contact of the S-CSCF's. A user without a
//! registration is taken for what his provisioning says.

use super::levels::PerLevel;
use super::{Gateway, locked, msisdn_less, read_locked};
use crate::reference::faults::Fault;
use crate::reference::user_agent::ServerRequest;
use crate::wire::sip::{NameAddr, SipMessage};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// Registrations kept; further ones are refused.
const MOST_REGISTRATIONS: usize = 200_000;
/// RFC 3261 section 10.2: the interval where none is asked for.
const USUAL_EXPIRES: u64 = 3600;
const SMSIP: &str = "+g.3gpp.smsip";
const CPM_SERVICE: &str = "3gpp-service.ims.icsi.oma.cpm";

/// One registered user.
#[derive(Debug, Clone)]
struct Registration {
    /// Public user identity as the S-CSCF names it.
    identity: String,
    /// Where requests for the user go: the S-CSCF.
    contact: String,
    capable: PerLevel,
    until: Instant,
}

/// All registered users by number, or by SIP URI if they have none.
#[derive(Debug, Default)]
pub struct Registrations(HashMap<String, Registration>);

/// Where a user can be reached and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    pub identity: String,
    pub contact: String,
    pub capable: PerLevel,
}

/// How a short message could reach this user now; `None` for somebody who is no IMS user of ours.
pub fn reachable(gateway: &Gateway, number: &str) -> Option<Reachable> {
    let registered = locked(&gateway.registrations).0.get(number).cloned();
    if let Some(registered) = registered {
        let here = registered.until > Instant::now();
        let capable = match here {
            true if gateway.faults.is(Fault::IgnoresRegisteredCapabilities) => PerLevel {
                transport: true,
                service: true,
            },
            true => registered.capable,
            false if gateway.faults.is(Fault::IgnoresDeregistration) => registered.capable,
            false => PerLevel::default(),
        };
        return Some(Reachable {
            identity: registered.identity,
            contact: registered.contact,
            capable,
        });
    }
    let subscribers = read_locked(&gateway.subscribers);
    let contact = subscribers.contact(number);
    subscribers.is_cpm_user(number).then(|| Reachable {
        identity: format!("tel:{number}"),
        contact: contact.unwrap_or_default(),
        capable: PerLevel {
            transport: false,
            service: true,
        },
    })
}

/// A REGISTER of the S-CSCF.
pub async fn third_party(gateway: &Gateway, request: ServerRequest) {
    mark!("RTE-09");
    let message = &request.request;
    let address = message.header("To").and_then(|to| NameAddr::parse(to).ok());
    let identity = address.map(|to| to.uri.as_str().to_owned());
    let number = identity.as_deref().and_then(msisdn_less::key);
    let (Some(identity), Some(number)) = (identity, number) else {
        return request.respond(404, "Not Found", &Vec::new(), None);
    };
    if gateway.faults.is(Fault::RefusesThirdPartyRegister) {
        return request.respond(403, "Forbidden", &Vec::new(), None);
    }
    let seconds = expires(message);
    let contact = message.header("Contact").unwrap_or_default().to_owned();
    let uri = NameAddr::parse(&contact).map(|c| c.uri.as_str().to_owned());
    let registration = Registration {
        identity,
        contact: uri.unwrap_or_default(),
        capable: capabilities(message),
        until: Instant::now() + Duration::from_secs(seconds.min(10_000_000)),
    };
    {
        let mut registrations = locked(&gateway.registrations);
        let known = registrations.0.contains_key(&number);
        if !known && registrations.0.len() >= MOST_REGISTRATIONS {
            return request.respond(503, "Service Unavailable", &Vec::new(), None);
        }
        registrations.0.insert(number.clone(), registration);
    }
    if seconds > 0 && number.starts_with('+') {
        super::home_data::read(gateway, &number).await;
    }
    let headers = vec![
        ("Contact".to_owned(), contact),
        ("Expires".to_owned(), seconds.to_string()),
    ];
    request.respond(200, "OK", &headers, None);
}

/// Forgets a user who has been taken away.
pub fn forget(gateway: &Gateway, number: &str) {
    locked(&gateway.registrations).0.remove(number);
}

fn expires(message: &SipMessage) -> u64 {
    let contact = message
        .header("Contact")
        .and_then(|value| NameAddr::parse(value).ok());
    contact
        .and_then(|contact| contact.param("expires").map(str::to_owned))
        .or_else(|| message.header("Expires").map(str::to_owned))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(USUAL_EXPIRES)
}

/// What the terminal's Contact says it takes.
fn capabilities(message: &SipMessage) -> PerLevel {
    let enclosed = message
        .body_of("message/sip")
        .and_then(|octets| SipMessage::parse(&octets).ok());
    let told = enclosed.as_ref().unwrap_or(message);
    let contact = told.header("Contact").unwrap_or_default();
    let contact = contact.to_ascii_lowercase().replace("%3a", ":");
    PerLevel {
        transport: contact.contains(SMSIP),
        service: contact.contains(CPM_SERVICE),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn register(contact: &str) -> SipMessage {
        let mut request = SipMessage::request("REGISTER", "sip:gw.example");
        request.push("Contact", contact);
        request
    }

    #[test]
    fn capabilities_come_from_the_terminals_own_register() {
        let mut outer = register("<sip:scscf.example>");
        assert_eq!(capabilities(&outer), PerLevel::default());
        let inner = register("<sip:1@2.example>;+g.3gpp.smsip");
        outer.set_body("message/sip", inner.to_octets());
        assert!(capabilities(&outer).transport && !capabilities(&outer).service);
        let cpm = "<sip:1@2.example>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg\"";
        assert!(capabilities(&register(cpm)).service);
    }

    #[test]
    fn the_interval_is_the_contacts_then_the_requests() {
        let mut request = register("<sip:1@2.example>;expires=0");
        assert_eq!(expires(&request), 0);
        request = register("<sip:1@2.example>");
        assert_eq!(expires(&request), USUAL_EXPIRES);
        request.push("Expires", "7");
        assert_eq!(expires(&request), 7);
    }
}
