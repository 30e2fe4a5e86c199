//! A UE at Gm (3GPP TS 24.229 clauses 5.1.1 and 5.1.2A): its registration from the first REGISTER to the last, the Service-Route (RFC 3608)
//! that it gives, and requests that come back challenged.
//!
//! Both kinds of UE have one of these; what is in their requests otherwise is their own.
use super::Time;
use super::authentication::{Authenticator, Met, Refusal, Subscription};
use super::identifiers::Identifiers;
use super::transaction::{ClientId, Hop};
use crate::wire::sip::{NameAddr, SipMessage};
use std::collections::BTreeMap;
use std::time::Duration;

/// Requests remembered in case that they are challenged.
const MAX_SENT: usize = 256;
/// Clause 5.1.1.4.1: a registration that is longer than this is renewed that much before its end, a shorter one at half time.
const LONG: u32 = 1200;
const BEFORE_THE_END: u32 = 600;
/// What only the network says, and what a UE says instead (clause 5.1.2A.1.1).
const ONLY_PREFERRED: [(&str, &str); 2] = [
    ("P-Asserted-Identity", "P-Preferred-Identity"),
    ("P-Asserted-Service", "P-Preferred-Service"),
];
/// What the P-CSCF adds.
const NOT_OF_THE_UE: [&str; 2] = ["P-Charging-Vector", "P-Visited-Network-ID"];

/// What a UE at Gm is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gm {
    pub subscription: Subscription,
    /// How long registrations are asked for, in seconds; as the scenario says if absent.
    pub expires: Option<u32>,
}

/// A request that may be challenged.
#[derive(Debug, Clone)]
struct Sent {
    request: SipMessage,
    hop: Hop,
    met: Met,
}

/// A request that is to leave again, with an answer to its challenge.
#[derive(Debug)]
pub struct Again {
    pub request: SipMessage,
    pub hop: Hop,
    pub met: Met,
}

/// What a final response to REGISTER means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Registered,
    /// 423: once more with so many seconds.
    TooBrief(u32),
    Refused,
}

/// The registration of a UE, authenticated or not.
#[derive(Debug, Default)]
pub struct Binding {
    /// Call-ID, and CSeq number used last.
    known: Option<(String, u32)>,
    /// Route of requests outside dialogs.
    pub routes: Vec<String>,
    renew_at: Option<Time>,
    /// What was asked for last.
    length: u32,
}

impl Binding {
    /// Call-ID and CSeq number of the next REGISTER.
    pub fn next(&mut self, ids: &mut Identifiers) -> (String, u32) {
        let (call_id, number) = match self.known.take() {
            Some((call_id, number)) => (call_id, number + 1),
            None => (ids.call_id(), 1),
        };
        self.known = Some((call_id.clone(), number));
        self.renew_at = None;
        (call_id, number)
    }

    /// A REGISTER has left once more, answering a challenge.
    pub fn number_is(&mut self, number: u32) {
        if let Some((_, last)) = &mut self.known {
            *last = number;
        }
    }

    /// `asked` is the REGISTER as it left.
    pub fn answered(&mut self, now: Time, asked: &SipMessage, response: &SipMessage) -> Outcome {
        self.length = asked.header("Expires").and_then(seconds).unwrap_or(0);
        match response.status().unwrap_or(0) {
            200..=299 => {
                let routes = response.values("Service-Route");
                self.routes = routes.into_iter().map(str::to_owned).collect();
                let granted = granted(asked, response);
                let in_seconds = match granted {
                    0 => None,
                    LONG.. => Some(granted - BEFORE_THE_END),
                    short => Some((short / 2).max(1)),
                };
                if granted == 0 {
                    self.routes.clear();
                }
                self.renew_at = in_seconds.map(|in_| now + Duration::from_secs(in_.into()));
                Outcome::Registered
            }
            423 => {
                let least = response.header("Min-Expires").and_then(seconds);
                let asked = asked.header("Expires").and_then(seconds).unwrap_or(0);
                match least.filter(|least| *least > asked) {
                    Some(least) => Outcome::TooBrief(least),
                    None => Outcome::Refused,
                }
            }
            _ => Outcome::Refused,
        }
    }

    /// For how many seconds to register again.
    pub fn length(&self) -> u32 {
        self.length
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.renew_at
    }

    /// Whether it is time to register again.
    pub fn is_due(&mut self, now: Time) -> bool {
        let due = self.renew_at.is_some_and(|at| at <= now);
        if due {
            self.renew_at = None;
        }
        due
    }
}

fn seconds(value: &str) -> Option<u32> {
    value.trim().parse().ok()
}

/// How long our contact is bound: what stands at it, else Expires, else what was asked for (RFC 3261 section 10.2.4).
fn granted(asked: &SipMessage, response: &SipMessage) -> u32 {
    let own = asked.address("Contact").map(|own| own.uri);
    let contacts = response.values("Contact");
    let contacts = contacts
        .iter()
        .filter_map(|value| NameAddr::parse(value).ok());
    let mine = contacts
        .filter(|contact| {
            own.as_ref()
                .is_some_and(|own| own.host == contact.uri.host && own.port == contact.uri.port)
        })
        .find_map(|contact| contact.param("expires").and_then(seconds));
    let wanted = asked.header("Expires").and_then(seconds).unwrap_or(0);
    if wanted == 0 {
        return 0;
    }
    mine.or_else(|| response.header("Expires").and_then(seconds))
        .unwrap_or(wanted)
}

/// What a UE at Gm does with its requests.
#[derive(Debug)]
pub struct Attachment {
    gm: Gm,
    authenticator: Authenticator,
    sent: BTreeMap<ClientId, Sent>,
    /// Why the last challenge was not answered.
    pub refusal: Option<Refusal>,
}

impl Attachment {
    pub fn new(gm: Gm) -> Self {
        Self {
            authenticator: Authenticator::new(gm.subscription.clone()),
            gm,
            sent: BTreeMap::new(),
            refusal: None,
        }
    }

    /// How long to ask for; 0 remains 0.
    pub fn expires(&self, asked: u32) -> u32 {
        match self.gm.expires {
            Some(own) if asked > 0 => own,
            _ => asked,
        }
    }

    /// The registrar takes nothing briefer (423).
    pub fn at_least(&mut self, seconds: u32) {
        self.gm.expires = Some(self.gm.expires.map_or(seconds, |own| own.max(seconds)));
    }

    /// What every request of a UE at Gm is like. Credentials are those of earlier challenges.
    pub fn complete(&mut self, request: &mut SipMessage, home: &str, ids: &mut Identifiers) {
        for (asserted, preferred) in ONLY_PREFERRED {
            let values: Vec<String> = request.headers_named(asserted).map(str::to_owned).collect();
            request.remove(asserted);
            for value in values {
                request.push(preferred, value);
            }
        }
        for name in NOT_OF_THE_UE {
            request.remove(name);
        }
        self.authenticator.prepare(request, ids);
        if request.method() == Some("REGISTER") && !request.has_header("Authorization") {
            self.authenticator.introduce(request, home);
        }
    }

    /// A request has left.
    pub fn sent(&mut self, client: ClientId, request: &SipMessage, hop: Hop, met: Met) {
        if self.sent.len() >= MAX_SENT {
            self.sent.pop_first();
        }
        let request = request.clone();
        self.sent.insert(client, Sent { request, hop, met });
    }

    /// What a response asks for: `Some` if it is a challenge that can be answered. Any final response ends the matter.
    pub fn answer(
        &mut self,
        client: &ClientId,
        response: &SipMessage,
        ids: &mut Identifiers,
    ) -> Option<Again> {
        let code = response.status().filter(|code| *code >= 200)?;
        let mut sent = self.sent.remove(client)?;
        self.refusal = None;
        if !matches!(code, 401 | 407) {
            self.authenticator.accepted(response);
            return None;
        }
        let request = &sent.request;
        let answered = self
            .authenticator
            .answer(request, response, &mut sent.met, ids);
        match answered {
            Ok(request) => Some(Again {
                request,
                hop: sent.hop,
                met: sent.met,
            }),
            Err(refusal) => {
                self.refusal = Some(refusal);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn register(expires: &str) -> SipMessage {
        let mut request = SipMessage::request("REGISTER", "sip:x");
        request.push("Contact", "<sip:u@127.0.0.1:5070>");
        request.push("Expires", expires);
        request
    }

    #[test]
    fn a_registration_is_renewed_before_its_end() {
        let mut binding = Binding::default();
        let mut ids = Identifiers::new(1);
        let (call_id, number) = binding.next(&mut ids);
        assert_eq!(number, 1);
        let mut response = SipMessage::response(200, "OK");
        response.push("Contact", "<sip:u@127.0.0.1:5071>;expires=9");
        response.push("Contact", "<sip:u@127.0.0.1:5070>;expires=100");
        response.push("Service-Route", "<sip:a;lr>, <sip:b;lr>");
        let outcome = binding.answered(Time::ZERO, &register("3600"), &response);
        assert_eq!((outcome, binding.routes.len()), (Outcome::Registered, 2));
        assert_eq!(binding.wake_at(), Some(Duration::from_secs(50)));
        assert!(!binding.is_due(Duration::from_secs(49)));
        assert!(binding.is_due(Duration::from_secs(50)));
        assert_eq!(binding.next(&mut ids), (call_id, 2));
        response.remove("Contact");
        binding.answered(Time::ZERO, &register("3600"), &response);
        assert_eq!(binding.wake_at(), Some(Duration::from_secs(3000)));
        binding.answered(Time::ZERO, &register("0"), &response);
        assert_eq!(binding.wake_at(), None);
    }

    #[test]
    fn an_interval_that_is_too_brief_is_asked_for_longer() {
        let mut binding = Binding::default();
        let mut response = SipMessage::response(423, "Interval Too Brief");
        response.push("Min-Expires", "7200");
        let outcome = |binding: &mut Binding, asked: &str| {
            binding.answered(Time::ZERO, &register(asked), &response)
        };
        assert_eq!(outcome(&mut binding, "60"), Outcome::TooBrief(7200));
        assert_eq!(outcome(&mut binding, "7200"), Outcome::Refused);
    }
}
