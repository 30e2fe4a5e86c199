//! A minimal S-CSCF (3GPP TS 24.229 clause 5.4): registrar, the way of a request past the application servers of its users by one fixed
//! initial filter criterion, and routing by domain. It stands for a whole core network, P-CSCF and I-CSCF included, so that the paths
//! UE, AS and focus take are real; it authenticates nobody unless it is told to.
mod access;
mod authentication;
mod destinations;
mod registrar;
mod services;
#[cfg(test)]
mod tests;

pub use authentication::AuthenticationArguments;
pub use destinations::Destinations;
#[cfg(test)]
pub(in crate::reference) use tests::Terminal;

use super::faults::InForce;
use super::proxy::{Arrived, Decision, Forward, NextHop, Proxy, Service, next_hop};
use crate::wire::sip::{SipMessage, SipUri, number_of};
use authentication::Authentication;
use registrar::Registrar;
use services::{Leg, Legs, SessionCase};
use std::net::SocketAddr;
use std::sync::Arc;

/// The user part of the Service-Route: a request that comes along it originates from a user of ours.
const ORIGINATING: &str = "orig";
/// What the filter criterion sends to the application server: what begins a communication, and presence. Its other requests go past it.
const FILTERED: [&str; 3] = ["INVITE", "MESSAGE", "PUBLISH"];

/// The S-CSCF with its sockets.
#[derive(Clone)]
pub struct SCscf {
    proxy: Proxy,
}

/// What decides on its requests.
struct Logic {
    proxy: Proxy,
    local: SocketAddr,
    /// Domain of the users.
    domain: String,
    destinations: Destinations,
    /// The application server of every user.
    application_server: Option<SocketAddr>,
    registrar: Arc<Registrar>,
    /// Absent: everybody is believed.
    authentication: Option<Authentication>,
    /// Registrations briefer than this are refused.
    min_expires: u64,
    legs: Legs,
    faults: InForce,
}

impl SCscf {
    /// Starts serving on a bound proxy: users of `domain` have this application server; other domains are where `destinations` says.
    pub fn start(
        proxy: Proxy,
        domain: &str,
        application_server: Option<SocketAddr>,
        destinations: Destinations,
        access: &AuthenticationArguments,
        faults: InForce,
    ) -> Self {
        let logic = Logic {
            local: proxy.address(),
            proxy: proxy.clone(),
            domain: domain.to_ascii_lowercase(),
            destinations,
            application_server,
            registrar: Arc::default(),
            authentication: Authentication::new(access, domain),
            min_expires: access.min_expires,
            legs: Legs::default(),
            faults,
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
        let request = &arrived.request;
        let within_dialog = request.to_tag().is_some();
        if within_dialog && access::refused_within_dialog(request, self.faults) {
            return Decision::respond(603, "Decline");
        }
        if within_dialog || request.method() == Some("ACK") {
            return self.pass(arrived.request, false);
        }
        if request.method() == Some("REGISTER") {
            return self.register(arrived);
        }
        let user = arrived.own_route.as_ref().and_then(|own| own.user.clone());
        match user.as_deref() {
            Some(ORIGINATING) => {
                let registered = self.registrar.identity_at(arrived.source, request, true);
                self.originating(arrived.request, registered)
            }
            Some(token) => match self.legs.get(token) {
                Some(leg) => self.returned_by_application_server(arrived.request, &leg),
                None => Decision::respond(403, "Unknown Original Dialog Identifier"),
            },
            None if request.has_header("Route") => self.pass(arrived.request, true),
            // A terminal that knows no Service-Route is recognised by the address it has registered.
            None => match self.registrar.identity_at(arrived.source, request, false) {
                Some(identity) => self.originating(arrived.request, Some(identity)),
                None => self.terminating(arrived.request),
            },
        }
    }
}

impl Logic {
    /// Along the route set, or to where the Request-URI says.
    fn pass(&self, request: SipMessage, record_route: bool) -> Decision {
        let hop = next_hop(&request, |uri| self.resolve(uri));
        match hop.filter(|to| to.address != self.local) {
            Some(to) => Decision::Forward(vec![Forward {
                request,
                to,
                record_route,
            }]),
            None => Decision::respond(404, "Not Found"),
        }
    }

    /// Where a host that is no address is: a role, or the first contact of a user.
    fn resolve(&self, uri: &SipUri) -> Option<NextHop> {
        if let Some(to) = self.destinations.of(&uri.host) {
            return Some(to);
        }
        let contacts = self.registrar.contacts(&user_key(uri.as_str()));
        contacts.first().map(|contact| contact.hop)
    }

    /// A request of one of our users (3GPP TS 24.229 clause 5.4.3.2).
    fn originating(&self, mut request: SipMessage, registered: Option<String>) -> Decision {
        if let Some(authentication) = &self.authentication {
            if let Some(asked) = authentication.request(&request) {
                return asked;
            }
            request.remove("Proxy-Authorization");
        }
        if let Some((code, reason)) = access::refused(&request, self.faults) {
            return Decision::respond(code, reason);
        }
        if !request.has_header("P-Asserted-Identity")
            && let Some(identity) = registered
        {
            request.push("P-Asserted-Identity", format!("<{identity}>"));
        }
        let asserted = request
            .address("P-Asserted-Identity")
            .or_else(|| request.address("From"));
        let Some(asserted) = asserted else {
            return Decision::respond(403, "Forbidden");
        };
        let served = asserted.uri.as_str().to_owned();
        let leg = Leg {
            case: SessionCase::Originating,
            registered: self.registrar.is_registered(&user_key(&served)),
            served,
            // The first proxy of the path stays on it; the way back from the application server needs no second entry.
            record_route: true,
        };
        self.to_application_server(request, leg)
    }

    /// A request for whoever the Request-URI names (clause 5.4.3.3).
    fn terminating(&self, request: SipMessage) -> Decision {
        let uri = request.uri().unwrap_or_default().to_owned();
        let Ok(parsed) = SipUri::parse(&uri) else {
            return Decision::respond(416, "Unsupported URI Scheme");
        };
        if !self.is_user(&parsed) {
            return self.pass(request, false);
        }
        let leg = Leg {
            case: SessionCase::Terminating,
            registered: self.registrar.is_registered(&user_key(&uri)),
            served: uri,
            record_route: false,
        };
        self.to_application_server(request, leg)
    }

    /// Whether a URI names a user of ours rather than another destination.
    fn is_user(&self, uri: &SipUri) -> bool {
        uri.scheme == "tel" || uri.host.eq_ignore_ascii_case(&self.domain)
    }

    /// Past the application server, if there is one and the filter criterion is met.
    fn to_application_server(&self, mut request: SipMessage, leg: Leg) -> Decision {
        let filtered = request.method().is_some_and(|m| FILTERED.contains(&m));
        let Some(server) = self.application_server.filter(|_| filtered) else {
            return self.onwards(request, &leg, leg.record_route);
        };
        request.set("P-Served-User", leg.p_served_user());
        let record_route = leg.record_route;
        let token = self.proxy.token();
        let route = format!("<sip:{server};lr>, <sip:{token}@{};lr>", self.local);
        request.set("Route", route);
        self.legs.keep(token, leg);
        Decision::Forward(vec![Forward {
            request,
            to: NextHop::udp(server),
            record_route,
        }])
    }

    /// Back from the application server.
    fn returned_by_application_server(&self, request: SipMessage, leg: &Leg) -> Decision {
        self.onwards(request, leg, false)
    }

    /// What follows the application server of this leg.
    fn onwards(&self, mut request: SipMessage, leg: &Leg, record_route: bool) -> Decision {
        request.remove("P-Served-User");
        request.remove("Route");
        let uri = request.uri().unwrap_or_default().to_owned();
        let same = user_key(&uri) == user_key(&leg.served);
        match leg.case {
            SessionCase::Originating => match self.terminating(request) {
                Decision::Forward(mut forwards) => {
                    for forward in &mut forwards {
                        forward.record_route |= record_route;
                    }
                    Decision::Forward(forwards)
                }
                other => other,
            },
            // The application server has sent it to somebody else.
            SessionCase::Terminating if !same => self.terminating(request),
            SessionCase::Terminating => self.deliver(&request, &uri),
        }
    }

    /// To every contact of a user, as a registrar's target set (RFC 3261 section 16.5).
    fn deliver(&self, request: &SipMessage, user: &str) -> Decision {
        let contacts = self.registrar.contacts(&user_key(user));
        if contacts.is_empty() {
            return Decision::respond(480, "Temporarily Unavailable");
        }
        let forwards = contacts.into_iter().map(|contact| {
            let mut request = request.clone();
            request.set_uri(&contact.uri);
            access::pass_on(&mut request, self.faults);
            request.set("P-Called-Party-ID", format!("<{user}>"));
            Forward {
                request,
                to: contact.hop,
                record_route: true,
            }
        });
        Decision::Forward(forwards.collect())
    }
}

/// What a user is known by, whichever of his URIs is used: the number it names, else user and host.
fn user_key(uri: &str) -> String {
    if let Some(number) = number_of(uri) {
        return number;
    }
    match SipUri::parse(uri) {
        Ok(uri) => {
            let user = uri.user_decoded().unwrap_or_default();
            format!("{user}@{}", uri.host.to_ascii_lowercase())
        }
        Err(_) => uri.to_owned(),
    }
}
