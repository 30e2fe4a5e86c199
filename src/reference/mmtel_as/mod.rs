//! The MMTel application server on ISC: a proxy (3GPP TS 24.229 clause 5.7.4) that lets a communication of its served user pass or refuses
//! it. What it decides by is in `decision`; here it finds out whom it serves in which direction, and carries the decision out.
pub mod barring;
pub mod decision;
mod refusal;
mod registrations;

pub use decision::{Communication, Decider, Outcome, Refusal, Shape};
pub use registrations::Registration;

use super::faults::InForce;
use super::proxy::{Arrived, Decision, Forward, Proxy, Response, Service, next_hop};
use crate::wire::sip::{NameAddr, SipMessage};
use registrations::Registrations;
use std::net::SocketAddr;
use std::sync::Arc;

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
}

struct Logic {
    decider: Decider,
    registrations: Registrations,
}

impl MmtelAs {
    /// Starts serving on a bound proxy.
    pub fn start(proxy: Proxy, faults: InForce) -> Self {
        let logic = Logic {
            decider: Decider::new(faults),
            registrations: Registrations::default(),
        };
        proxy.serve(Arc::new(logic));
        Self { proxy }
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
            return Decision::Respond(vec![Response::new(200, "OK")]);
        }
        if request.to_tag().is_some() || request.method() == Some("ACK") {
            return pass(request);
        }
        let Some((served_user, case)) = served(&request, arrived.own_route.as_ref()) else {
            return pass(request);
        };
        let registration = self.registrations.of(&served_user);
        let outcome = self.decider.decide(&Communication {
            served_user: &served_user,
            case,
            request: &request,
            registration: registration.as_ref(),
        });
        match outcome {
            Outcome::Pass => pass(request),
            Outcome::Refuse(refusal) => refusal::carry_out(&refusal),
        }
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
