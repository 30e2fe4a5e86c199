//! What this node's messages have in common: its identity, the identifiers it gives out, requests and answers (RFC 6733 sections 3, 5.3, 6).

use crate::wire::diameter::{
    Avp, Command, Definition, Flags, Message, ResultCode, application, name, result, vendor,
};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Sh (3GPP TS 29.329), where subscriber data come from.
pub const SH: u32 = 16_777_217;
/// Auth-Session-State NO_STATE_MAINTAINED.
const NO_STATE: u32 = 1;

/// Who this node is, and the numbers it gives its requests.
#[derive(Debug)]
pub struct Identity {
    pub host: String,
    pub realm: String,
    /// As configured, else learnt from the peer.
    destination_realm: Mutex<Option<String>>,
    /// Seconds since 1970 at the start: Origin-State-Id, and the high part of Session-Ids.
    started: u32,
    sessions: AtomicU32,
    end_to_end: AtomicU32,
}

impl Identity {
    pub fn new(host: &str, realm: &str, destination_realm: Option<String>) -> Self {
        let now = crate::reference::calendar::now().as_second();
        let started = u32::try_from(now & 0xffff_ffff).unwrap_or(0);
        // RFC 6733 section 3: the low 12 bits of the time first, a random number behind them.
        let first = started << 20 | fastrand::u32(..0x10_0000);
        Self {
            host: host.to_owned(),
            realm: realm.to_owned(),
            destination_realm: Mutex::new(destination_realm),
            started,
            sessions: AtomicU32::new(fastrand::u32(..)),
            end_to_end: AtomicU32::new(first),
        }
    }

    /// Where requests go if nothing was configured.
    pub fn learn_destination(&self, peer_realm: &str) {
        let mut realm = self.destination();
        realm.get_or_insert_with(|| peer_realm.to_owned());
    }

    fn destination(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        let realm = self.destination_realm.lock();
        realm.unwrap_or_else(PoisonError::into_inner)
    }

    fn next_end_to_end(&self) -> u32 {
        self.end_to_end.fetch_add(1, Ordering::Relaxed)
    }

    fn origin(&self) -> [Avp; 2] {
        [
            Avp::text(name::ORIGIN_HOST, &self.host),
            Avp::text(name::ORIGIN_REALM, &self.realm),
        ]
    }

    /// A request of an application, with a Session-Id of its own. The connection gives the hop-by-hop identifier.
    pub fn request(&self, application: u32, command: Command, avps: Vec<Avp>) -> Message {
        let session = self.sessions.fetch_add(1, Ordering::Relaxed);
        let id = format!("{};{};{session}", self.host, self.started);
        let realm = self.destination().clone();
        let realm = realm.unwrap_or_else(|| self.realm.clone());
        let mut all = vec![
            Avp::text(name::SESSION_ID, &id),
            specific_application(application),
            Avp::number(name::AUTH_SESSION_STATE, NO_STATE),
        ];
        all.extend(self.origin());
        all.push(Avp::text(name::DESTINATION_REALM, &realm));
        all.extend(avps);
        Message {
            flags: Flags::REQUEST.with(Flags::PROXIABLE),
            command,
            application,
            hop_by_hop: 0,
            end_to_end: self.next_end_to_end(),
            avps: all,
        }
    }

    /// The answer to a request: its Session-Id and Proxy-Info come back.
    pub fn answer(&self, request: &Message, result: ResultCode, avps: Vec<Avp>) -> Message {
        let mut all: Vec<Avp> = request
            .find(name::SESSION_ID)
            .cloned()
            .into_iter()
            .collect();
        if request.application != application::BASE {
            all.push(specific_application(request.application));
        }
        all.push(result.to_avp());
        if request.application != application::BASE {
            all.push(Avp::number(name::AUTH_SESSION_STATE, NO_STATE));
        }
        all.extend(self.origin());
        all.extend(avps);
        let proxies = request.avps.iter();
        all.extend(proxies.filter(|avp| avp.is(name::PROXY_INFO)).cloned());
        let kept = Flags(request.flags.0 & Flags::PROXIABLE.0);
        let flags = match result {
            // Protocol errors (RFC 6733 section 7.1.3).
            ResultCode::Base(3000..4000) => kept.with(Flags::ERROR),
            _ => kept,
        };
        Message {
            flags,
            command: request.command,
            application: request.application,
            hop_by_hop: request.hop_by_hop,
            end_to_end: request.end_to_end,
            avps: all,
        }
    }

    /// A message of the base protocol between neighbours: no session, no destination, not proxiable.
    pub fn neighbour_request(&self, command: Command, avps: Vec<Avp>) -> Message {
        let origin = self.origin().into_iter();
        Message {
            flags: Flags::REQUEST,
            command,
            application: application::BASE,
            hop_by_hop: 0,
            end_to_end: self.next_end_to_end(),
            avps: origin.chain(avps).collect(),
        }
    }

    /// What a capabilities exchange tells the peer, in either direction.
    pub fn capabilities(&self, local: IpAddr) -> Vec<Avp> {
        let mut avps = vec![
            Avp::address(name::HOST_IP_ADDRESS, local),
            Avp::number(name::VENDOR_ID, 0),
            Avp::text(name::PRODUCT_NAME, "IP-SM-GW"),
            Avp::number(name::ORIGIN_STATE_ID, self.started),
            Avp::number(name::SUPPORTED_VENDOR_ID, vendor::TGPP),
        ];
        let applications = [application::SGD, application::S6C, SH];
        avps.extend(applications.map(specific_application));
        avps
    }
}

fn specific_application(application: u32) -> Avp {
    Avp::group(
        name::VENDOR_SPECIFIC_APPLICATION_ID,
        &[
            Avp::number(name::VENDOR_ID, vendor::TGPP),
            Avp::number(name::AUTH_APPLICATION_ID, application),
        ],
    )
}

/// Does the peer's capabilities exchange offer anything that is ours, or everything, as a relay does?
pub fn has_common_application(capabilities: &Message) -> bool {
    let ours = |avp: &Avp| {
        avp.is(name::AUTH_APPLICATION_ID)
            && avp.as_number().is_ok_and(|id| {
                [application::SGD, application::S6C, SH, application::RELAY].contains(&id)
            })
    };
    capabilities.avps.iter().any(|avp| {
        let specific = avp.is(name::VENDOR_SPECIFIC_APPLICATION_ID);
        ours(avp) || (specific && avp.members().is_ok_and(|m| m.iter().any(ours)))
    })
}

/// A result that TS 29.338 defines.
pub fn experimental(code: u32) -> ResultCode {
    ResultCode::Experimental {
        vendor: vendor::TGPP,
        code,
    }
}

/// What a request lacks: the result and the Failed-AVP that shows it (RFC 6733 section 7.5).
pub fn missing(definition: Definition) -> (ResultCode, Vec<Avp>) {
    let example = Avp::new(definition, Vec::new());
    let failed = Avp::group(name::FAILED_AVP, &[example]);
    (ResultCode::Base(result::MISSING_AVP), vec![failed])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn identity() -> Identity {
        Identity::new("gw.ims.example", "ims.example", None)
    }

    #[test]
    fn every_request_has_a_session_and_an_end_to_end_identifier_of_its_own() {
        let identity = identity();
        let request = || identity.request(application::SGD, Command::MO_FORWARD, Vec::new());
        let (one, other) = (request(), request());
        assert_ne!(one.text(name::SESSION_ID), other.text(name::SESSION_ID));
        assert_ne!(one.end_to_end, other.end_to_end);
        assert!(
            one.text(name::SESSION_ID)
                .unwrap()
                .starts_with("gw.ims.example;")
        );
        assert_eq!(one.text(name::DESTINATION_REALM), Some("ims.example"));
        identity.learn_destination("sc.example");
        assert_eq!(request().text(name::DESTINATION_REALM), Some("sc.example"));
        identity.learn_destination("other.example");
        assert_eq!(request().text(name::DESTINATION_REALM), Some("sc.example"));
    }

    #[test]
    fn answers_give_back_what_routes_them() {
        let identity = identity();
        let proxy = Avp::new(name::PROXY_INFO, vec![1, 2, 3, 4]);
        let request = identity.request(application::SGD, Command::MT_FORWARD, vec![proxy.clone()]);
        let answer = identity.answer(&request, ResultCode::Base(result::SUCCESS), Vec::new());
        assert!(!answer.is_request() && answer.flags.has(Flags::PROXIABLE));
        assert_eq!(answer.end_to_end, request.end_to_end);
        assert_eq!(
            answer.find(name::SESSION_ID),
            request.find(name::SESSION_ID)
        );
        assert_eq!(answer.find(name::PROXY_INFO), Some(&proxy));
        let (code, failed) = missing(name::SC_ADDRESS);
        let answer = identity.answer(&request, code, failed);
        assert!(!answer.flags.has(Flags::ERROR) && answer.find(name::FAILED_AVP).is_some());
        let unsupported = ResultCode::Base(result::COMMAND_UNSUPPORTED);
        let answer = identity.answer(&request, unsupported, Vec::new());
        assert!(answer.flags.has(Flags::ERROR));
    }

    #[test]
    fn finds_common_applications_directly_and_in_groups() {
        let identity = identity();
        let own = identity.capabilities("127.0.0.1".parse().unwrap());
        let cer = identity.neighbour_request(Command::CAPABILITIES_EXCHANGE, own);
        assert!(has_common_application(&cer));
        for (id, expected) in [(application::RELAY, true), (4, false)] {
            let avps = vec![Avp::number(name::AUTH_APPLICATION_ID, id)];
            let cer = identity.neighbour_request(Command::CAPABILITIES_EXCHANGE, avps);
            assert_eq!(has_common_application(&cer), expected);
        }
    }
}
