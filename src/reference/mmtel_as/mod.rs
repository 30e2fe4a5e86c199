//! The MMTel application server on ISC: a proxy (3GPP TS 24.229 clause 5.7.4) that lets a communication of its served user pass or refuses
//! it. What it decides by is in `decision`; here it finds out whom it serves in which direction, and carries the decision out.
pub mod barring;
mod conferences;
pub mod decision;
mod diversion;
mod presence;
mod refusal;
mod registrations;
#[cfg(test)]
mod tests;

pub use decision::{Communication, Decider, Outcome, Refusal, RefusalSettings, SettingsOf, Shape};
pub use registrations::Registration;

use super::faults::{Fault, InForce};
use super::proxy::{Arrived, Decision, Forward, Proxy, Response, Service, is_own, next_hop};
use super::ut::Store;
use crate::wire::sip::{NameAddr, SipMessage, SipUri};
use diversion::Diverted;
use registrations::Registrations;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// Which side of a communication the served user is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCase {
    Originating,
    Terminating,
}

/// The application server with its sockets.
#[derive(Clone)]
pub struct MmtelAs {
    proxy: Proxy,
    settings: Arc<OnceLock<SettingsOf>>,
    moved: Arc<OnceLock<Moved>>,
}

/// Is told whose UE has registered over a WLAN.
pub type Moved = Box<dyn Fn(&str) + Send + Sync>;

struct Logic {
    proxy: Proxy,
    faults: InForce,
    decider: Decider,
    registrations: Registrations,
    moved: Arc<OnceLock<Moved>>,
}

impl MmtelAs {
    /// Starts serving on a bound proxy; what users have configured is read in their documents. `blanket`: barring of either direction
    /// keeps its user out of conferences in both.
    pub fn start(proxy: Proxy, documents: Store, blanket: bool, faults: InForce) -> Self {
        let settings = Arc::new(OnceLock::new());
        let moved = Arc::default();
        let decider = Decider::new(faults, documents, Arc::clone(&settings));
        let logic = Logic {
            proxy: proxy.clone(),
            faults,
            decider: decider.blanket(blanket),
            registrations: Registrations::default(),
            moved: Arc::clone(&moved),
        };
        proxy.serve(Arc::new(logic));
        Self {
            proxy,
            settings,
            moved,
        }
    }

    /// From now on the operator's settings for refusals come from there; the first source stays.
    pub fn take_settings_from(&self, settings: SettingsOf) {
        if self.settings.set(settings).is_err() {
            tracing::error!("the operator's settings have a source already");
        }
    }

    /// Who is told, under the fault that makes something of it, that a user registers over a WLAN; the first stays.
    pub fn tell_of_moves(&self, moved: Moved) {
        if self.moved.set(moved).is_err() {
            tracing::error!("somebody is told of registrations already");
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    pub async fn stop(&self) {
        self.proxy.stop().await;
    }
}

impl Service for Logic {
    fn request(&self, arrived: Arrived) -> Decision {
        let request = arrived.request;
        if request.method() == Some("REGISTER") {
            self.registrations.third_party(&request);
            self.move_of(&request);
            return Decision::Respond(vec![Response::new(200, "OK")]);
        }
        if request.to_tag().is_some() || request.method() == Some("ACK") {
            return self.within_dialog(request);
        }
        let Some((served_user, case)) = served(&request, arrived.own_route.as_ref()) else {
            return pass(request);
        };
        if request.method() == Some("PUBLISH") && case == SessionCase::Originating {
            let token = self.proxy.token();
            let answer = self.decider.presence.publish(&request, token);
            return Decision::Respond(vec![answer]);
        }
        let registration = self.registrations.of(&served_user);
        let (outcome, diverted) = self.decider.decide(&Communication {
            served_user: &served_user,
            case,
            request: &request,
            registration: registration.as_ref(),
        });
        match (diverted, outcome) {
            (Diverted::To(target), _) => pass(diversion::to(request, &target)),
            (Diverted::TooOften, _) => Decision::respond(480, "Temporarily Unavailable"),
            (Diverted::No, Outcome::Pass) => pass(self.altered(request, &served_user, case)),
            (Diverted::No, Outcome::Refuse(refusal)) => {
                refusal::carry_out(refusal, &request, &self.proxy)
            }
        }
    }
}

impl Logic {
    /// Where a user has registered is nothing to his conferences, under no fault.
    fn move_of(&self, register: &SipMessage) {
        mark!("AI-10");
        let access = register.header("P-Access-Network-Info").unwrap_or_default();
        let over_wlan = access.trim_start().starts_with("IEEE-802.11");
        if over_wlan
            && self.faults.is(Fault::BarredAtRegistration)
            && let (Some(user), Some(moved)) = (register.address("To"), self.moved.get())
        {
            moved(user.uri.as_str());
        }
    }

    /// A dialog of our own is that of an answered announcement; it takes ACK and BYE, and has nothing to say to others.
    fn within_dialog(&self, request: SipMessage) -> Decision {
        let uri = request.uri().and_then(|uri| SipUri::parse(uri).ok());
        let ours = uri.is_some_and(|uri| is_own(&uri, self.proxy.address()));
        match request.method() {
            _ if !ours || request.has_header("Route") => pass(request),
            Some("ACK") => Decision::Forward(Vec::new()),
            Some("BYE") => Decision::respond(200, "OK"),
            _ => Decision::respond(488, "Not Acceptable Here"),
        }
    }

    /// What passes is not altered, under no fault, when rules were there to be executed.
    fn altered(&self, mut request: SipMessage, served: &str, case: SessionCase) -> SipMessage {
        mark!("CB-08");
        mark!("CB-09");
        let fault = match case {
            SessionCase::Originating => Fault::OriginatingOfferAltered,
            SessionCase::Terminating => Fault::TerminatingOfferAltered,
        };
        if self.faults.is(fault) && self.decider.has_rules(served) {
            let mut body = request.body.clone();
            body.extend_from_slice(b"a=x-barring:executed\r\n");
            let kind = request.content_type().unwrap_or_default();
            request.set_body(&kind, body);
        }
        request
    }
}

/// Along the Route, back to the S-CSCF. Barring concerns the initial request alone, so no Record-Route is needed.
fn pass(request: SipMessage) -> Decision {
    match next_hop(&request, |_| None) {
        Some(to) => Decision::Forward(vec![Forward {
            request,
            to,
            record_route: false,
        }]),
        None => Decision::respond(404, "Not Found"),
    }
}

/// The served user and his side: what P-Served-User says (RFC 5502); without it, the caller along a route marked `orig`, else the callee.
fn served(
    request: &SipMessage,
    own_route: Option<&crate::wire::sip::SipUri>,
) -> Option<(String, SessionCase)> {
    if let Some(value) = request.header("P-Served-User") {
        let served = NameAddr::parse(value).ok()?;
        let case = match served.param("sescase") {
            Some(case) if case.eq_ignore_ascii_case("orig") => SessionCase::Originating,
            _ => SessionCase::Terminating,
        };
        return Some((served.uri.as_str().to_owned(), case));
    }
    if own_route.is_some_and(|route| route.has_param("orig")) {
        let asserted = request.address("P-Asserted-Identity")?;
        return Some((asserted.uri.as_str().to_owned(), SessionCase::Originating));
    }
    Some((request.uri()?.to_owned(), SessionCase::Terminating))
}
