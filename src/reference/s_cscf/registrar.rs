//! Registration (3GPP TS 24.229 clause 5.4.1): contacts of public user identities, the Service-Route, and the
//! third-party REGISTER for the application server.
use super::{Logic, ORIGINATING, user_key};
use crate::reference::proxy::{Arrived, Decision, NextHop, Response};
use crate::reference::user_agent::Transport;
use crate::wire::sip::{NameAddr, SipMessage, SipUri, number_of};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// RFC 3261 section 10.2.1.1 and 3GPP TS 24.229 clause 5.4.1.2.2F suggest values of this order.
const EXPIRES: u64 = 600_000;
/// How long the answer to a REGISTER waits for the application server's to the third-party one.
const THIRD_PARTY_PATIENCE: Duration = Duration::from_secs(2);
/// What the third-party REGISTER takes over (clause 5.4.1.7).
const TAKEN_OVER: [&str; 3] = [
    "P-Access-Network-Info",
    "P-Visited-Network-ID",
    "P-Charging-Vector",
];

/// One registered contact.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) uri: String,
    pub(super) hop: NextHop,
    /// Where it registered from.
    source: SocketAddr,
    /// The identity it registered.
    identity: String,
    until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Registrar(Mutex<HashMap<String, Vec<Contact>>>);

impl Registrar {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Contact>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Contacts of a user, the latest first.
    pub(super) fn contacts(&self, user: &str) -> Vec<Contact> {
        let now = Instant::now();
        let table = self.lock();
        let contacts = table.get(user).into_iter().flatten();
        contacts
            .filter(|contact| contact.until > now)
            .cloned()
            .collect()
    }

    pub(super) fn is_registered(&self, user: &str) -> bool {
        !self.contacts(user).is_empty()
    }

    /// The identity registered from this address that the request names; with `any`, the latest one if it names none. An address alone
    /// is no proof where terminals come and go: the next one may get the port of the last.
    pub(super) fn identity_at(
        &self,
        source: SocketAddr,
        request: &SipMessage,
        any: bool,
    ) -> Option<String> {
        let named = ["P-Asserted-Identity", "P-Preferred-Identity", "From"]
            .into_iter()
            .filter_map(|name| request.address(name));
        let named: Vec<String> = named.map(|who| user_key(who.uri.as_str())).collect();
        let now = Instant::now();
        let table = self.lock();
        let here = table
            .iter()
            .flat_map(|(user, contacts)| contacts.iter().map(move |contact| (user, contact)))
            .filter(|(_, contact)| contact.until > now && contact.source == source);
        let here: Vec<_> = here.collect();
        let asked = here.iter().find(|(user, _)| named.contains(user));
        let latest = here.iter().max_by_key(|(_, contact)| contact.until);
        let found = asked.or(latest.filter(|_| any));
        found.map(|(_, contact)| contact.identity.clone())
    }

    /// Adds, refreshes or (at no seconds) removes a contact.
    fn bind(&self, user: &str, contact: Contact, keep: bool) {
        let mut table = self.lock();
        let contacts = table.entry(user.to_owned()).or_default();
        contacts.retain(|known| known.uri != contact.uri);
        if keep {
            contacts.insert(0, contact);
        }
        if contacts.is_empty() {
            table.remove(user);
        }
    }

    fn clear(&self, user: &str) {
        self.lock().remove(user);
    }
}

impl Logic {
    pub(super) fn register(&self, arrived: Arrived) -> Decision {
        let request = &arrived.request;
        let Some(identity) = request.address("To").map(|to| to.uri.as_str().to_owned()) else {
            return Decision::respond(400, "Malformed To Header Field");
        };
        let authentication = self.authentication.as_ref();
        if let Some(asked) = authentication.and_then(|one| one.register(request, &identity)) {
            return asked;
        }
        let user = user_key(&identity);
        let asked = request
            .header("Expires")
            .and_then(|value| value.trim().parse().ok());
        let mut expires = asked.unwrap_or(EXPIRES);
        if (1..self.min_expires).contains(&expires) {
            let least = Response::new(423, "Interval Too Brief");
            let least = least.with("Min-Expires", self.min_expires.to_string());
            return Decision::Respond(vec![least]);
        }
        for value in request.values("Contact") {
            if value.trim() == "*" {
                self.registrar.clear(&user);
                expires = 0;
                continue;
            }
            let Ok(contact) = NameAddr::parse(value) else {
                return Decision::respond(400, "Malformed Contact Header Field");
            };
            let own = contact.param("expires").and_then(|own| own.parse().ok());
            expires = own.unwrap_or(expires);
            let bound = self.contact(&contact.uri, &arrived, &identity, expires);
            self.registrar.bind(&user, bound, expires > 0);
        }
        let answer = self.registered(request, &identity, expires);
        let Some(server) = self.application_server else {
            return Decision::Respond(vec![answer]);
        };
        // The application server knows of the registration before the user does, so that his next request finds it informed.
        let third_party = self.third_party(request, &identity, server, expires);
        let proxy = self.proxy.clone();
        Decision::Later(Box::pin(async move {
            let asked = proxy.request(third_party, NextHop::udp(server));
            match tokio::time::timeout(THIRD_PARTY_PATIENCE, asked).await {
                Ok(Ok(_)) => {}
                _ => tracing::info!(%server, "no answer to a third-party REGISTER"),
            }
            Decision::Respond(vec![answer])
        }))
    }

    fn contact(&self, uri: &SipUri, arrived: &Arrived, identity: &str, expires: u64) -> Contact {
        let source = arrived.source;
        let named = NextHop::of_uri(uri).unwrap_or(NextHop::udp(source));
        let hop = match arrived.transport {
            over @ (Transport::Tcp | Transport::Tls) => NextHop {
                transport: over,
                flow: Some(source),
                ..named
            },
            Transport::Udp => named,
        };
        Contact {
            uri: uri.as_str().to_owned(),
            hop,
            source,
            identity: identity.to_owned(),
            until: Instant::now() + Duration::from_secs(expires),
        }
    }

    fn registered(&self, request: &SipMessage, identity: &str, expires: u64) -> Response {
        let mut response = Response::new(200, "OK");
        for value in request.values("Contact") {
            if let Ok(contact) = NameAddr::parse(value)
                && expires > 0
            {
                let bound = format!("<{}>;expires={expires}", contact.uri);
                response = response.with("Contact", bound);
            }
        }
        for path in request.values("Path") {
            response = response.with("Path", path);
        }
        let mut identities = format!("<{identity}>");
        if let Some(number) = number_of(identity) {
            identities.push_str(&format!(", <tel:{number}>"));
        }
        response
            .with("P-Associated-URI", identities)
            .with(
                "Service-Route",
                format!("<sip:{ORIGINATING}@{};lr>", self.local),
            )
            .with("Expires", expires.to_string())
    }

    /// 3GPP TS 24.229 clause 5.4.1.7.
    fn third_party(
        &self,
        request: &SipMessage,
        identity: &str,
        server: SocketAddr,
        expires: u64,
    ) -> SipMessage {
        let mut register = SipMessage::request("REGISTER", &format!("sip:{server}"));
        let us = format!("<sip:{}>", self.local);
        register.push("Max-Forwards", "70");
        register.push("From", format!("{us};tag={}", self.proxy.token()));
        register.push("To", format!("<{identity}>"));
        register.push("Call-ID", self.proxy.token());
        register.push("CSeq", "1 REGISTER");
        register.push("Contact", us);
        register.push("Expires", expires.to_string());
        for name in TAKEN_OVER {
            for value in request.headers_named(name) {
                register.push(name, value);
            }
        }
        register.push("Content-Length", "0");
        register
    }
}
