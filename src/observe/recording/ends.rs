//! Who is who in a recording: which addresses and identities are the system's.
use super::super::{Direction, Fact};
use super::keys::{Identity, Kind, Plan, key};
use crate::wire::diameter::name;
use crate::wire::sip::SipMessage;
use crate::wire::smpp::{CommandId, DefaultAlphabet};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// 64*T1 (RFC 3261) and time for what follows a transaction.
const PATIENCE: Duration = Duration::from_secs(40);
/// Half an hour: the session interval that is usual (RFC 4028 section 4).
const OPEN_PATIENCE: Duration = Duration::from_secs(1800);

/// What a recording does not say of itself. An address with port 0 stands for every port of its host.
#[derive(Debug, Clone)]
pub struct Ends {
    /// Where the system takes SIP, with the reference point (`isc`, `gm`).
    pub sip: Vec<(SocketAddr, String)>,
    /// The system's server on Ut.
    pub ut: Vec<SocketAddr>,
    /// The system's provisioning interface.
    pub provisioning: Vec<SocketAddr>,
    /// The system is the message centre of SMPP, and not the ESME.
    pub system_is_message_centre: bool,
    /// Origin-Host of what stands opposite to the system on Diameter.
    pub peer_hosts: Vec<String>,
    /// Identities of the system itself: URIs or numbers that join no conversations.
    pub system_identities: Vec<String>,
    /// Beginnings of numbers of which the same is true.
    pub system_prefixes: Vec<String>,
    /// Beginning of the numbers of the suite's own plan, of which ten each are of one test case.
    pub plan: Option<String>,
    pub default_alphabet: DefaultAlphabet,
    /// A conversation in which nothing is open ends when it was quiet for so long.
    pub patience: Duration,
    /// The same while a dialog of an INVITE is open.
    pub open_patience: Duration,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            sip: Vec::new(),
            ut: Vec::new(),
            provisioning: Vec::new(),
            system_is_message_centre: false,
            peer_hosts: Vec::new(),
            system_identities: Vec::new(),
            system_prefixes: Vec::new(),
            plan: None,
            default_alphabet: DefaultAlphabet::default(),
            patience: PATIENCE,
            open_patience: OPEN_PATIENCE,
        }
    }
}

pub fn matches(known: SocketAddr, address: SocketAddr) -> bool {
    known.ip() == address.ip() && (known.port() == 0 || known == address)
}

fn any(known: &[SocketAddr], address: SocketAddr) -> bool {
    known.iter().any(|known| matches(*known, address))
}

/// Towards `to` or from it, where one of the two is the system.
pub fn between(to_system: bool, from_system: bool) -> Direction {
    match (to_system, from_system) {
        (true, false) => Direction::ToSystem,
        (false, true) => Direction::FromSystem,
        _ => Direction::Unknown,
    }
}

impl Ends {
    /// Digests of the identities that join nothing.
    pub fn shared(&self) -> HashSet<u64> {
        let identities = self.system_identities.iter().filter_map(|text| {
            let text = text.as_bytes();
            Identity::of_uri(text).or_else(|| Identity::of_digits(text))
        });
        identities.map(|identity| identity.key()).collect()
    }

    /// What is known of numbers.
    pub fn numbers(&self) -> Plan {
        let people = self.plan.as_deref().unwrap_or_default();
        let people = people.trim_start_matches('+').as_bytes().to_vec();
        Plan {
            joins_nothing: self.prefixes(),
            people,
            services: self.shared(),
        }
    }

    /// Digits of the prefixes; and `@host` of where the system takes SIP: what has no number there is a node of it and no user.
    fn prefixes(&self) -> Vec<Vec<u8>> {
        let digits = self
            .system_prefixes
            .iter()
            .map(|prefix| prefix.trim_start_matches('+'));
        let digits = digits.filter(|digits| !digits.is_empty());
        let digits = digits.map(|digits| digits.as_bytes().to_vec());
        let hosts = self.sip.iter().map(|(address, _)| match address.ip() {
            IpAddr::V4(ip) => format!("@{ip}").into_bytes(),
            IpAddr::V6(ip) => format!("@[{ip}]").into_bytes(),
        });
        digits.chain(hosts).collect()
    }

    fn sip_at(&self, address: SocketAddr) -> Option<&str> {
        let exactly = self.sip.iter().find(|(known, _)| *known == address);
        let found = exactly.or_else(|| self.sip.iter().find(|(known, _)| matches(*known, address)));
        found.map(|(_, point)| point.as_str())
    }

    /// Reference point and direction of a SIP message.
    pub fn sip(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        message: Option<&SipMessage>,
    ) -> (String, Direction) {
        let (source, target) = (self.sip_at(from), self.sip_at(to));
        if let Some(point) = source.or(target) {
            let direction = between(target.is_some(), source.is_some());
            return (point.to_owned(), direction);
        }
        let first = self.sip.first().map_or("isc", |(_, point)| point.as_str());
        // A connection that the system opened has a port of its own; the topmost Via names whoever sent the request.
        let sender = message.and_then(SipMessage::via).and_then(|via| {
            let host = via.host.trim_matches(['[', ']']).parse().ok()?;
            Some(SocketAddr::new(host, via.port.unwrap_or(5060)))
        });
        let is_request = message.is_some_and(SipMessage::is_request);
        match sender.map(|sender| self.sip_at(sender)) {
            Some(Some(point)) => (point.to_owned(), between(!is_request, is_request)),
            Some(None) if !self.sip.is_empty() => {
                (first.to_owned(), between(is_request, !is_request))
            }
            _ => (first.to_owned(), Direction::Unknown),
        }
    }

    /// One node of the system says it to another.
    pub fn is_within(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.sip_at(from).is_some() && self.sip_at(to).is_some()
    }

    pub fn is_provisioning(&self, from: SocketAddr, to: SocketAddr) -> bool {
        any(&self.provisioning, to) || any(&self.provisioning, from)
    }

    /// Direction of a message that tells it itself.
    pub fn told_by(&self, from: SocketAddr, to: SocketAddr, fact: &Fact) -> Direction {
        match fact {
            Fact::Smpp(pdu) => {
                let of_esme = match pdu.command {
                    CommandId::SUBMIT_SM => true,
                    command if command == CommandId::SUBMIT_SM.response() => false,
                    CommandId::DELIVER_SM => false,
                    command if command == CommandId::DELIVER_SM.response() => true,
                    CommandId::BIND_RECEIVER
                    | CommandId::BIND_TRANSMITTER
                    | CommandId::BIND_TRANSCEIVER => true,
                    // Answers to the three binds.
                    CommandId(0x8000_0001 | 0x8000_0002 | 0x8000_0009) => false,
                    _ => return Direction::Unknown,
                };
                let from_system = of_esme != self.system_is_message_centre;
                between(!from_system, from_system)
            }
            Fact::Diameter(message) if !self.peer_hosts.is_empty() => {
                let Some(host) = message.text(name::ORIGIN_HOST) else {
                    return Direction::Unknown;
                };
                let of_peer = self
                    .peer_hosts
                    .iter()
                    .any(|peer| peer.eq_ignore_ascii_case(host));
                between(of_peer, !of_peer)
            }
            Fact::Http(message) => match (any(&self.ut, to), any(&self.ut, from)) {
                (false, false) => between(message.method().is_some(), message.status().is_some()),
                (to, from) => between(to, from),
            },
            _ => Direction::Unknown,
        }
    }
}

/// Key of a whole address, as SDP gives it.
pub fn media_key(host: &str, port: u16) -> Option<(SocketAddr, u64)> {
    let address = SocketAddr::new(host.trim_matches(['[', ']']).parse().ok()?, port);
    Some((address, super::keys::address_key(address)))
}

/// What SDP offers to be reached at: addresses of media, and MSRP paths.
pub fn media_of(sdp: &[u8]) -> (Vec<SocketAddr>, Vec<u64>) {
    let text = String::from_utf8_lossy(sdp);
    let (mut addresses, mut paths) = (Vec::new(), Vec::new());
    let (mut session_host, mut host, mut port) = (None, None, None);
    let finish = |host: Option<&str>, port: &mut Option<u16>, addresses: &mut Vec<SocketAddr>| {
        if let Some((address, _)) = host
            .zip(port.take())
            .and_then(|(host, port)| media_key(host, port))
        {
            addresses.push(address);
        }
    };
    let mut in_media = false;
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            finish(host.or(session_host), &mut port, &mut addresses);
            (host, in_media) = (None, true);
            let number = media.split(' ').nth(1).unwrap_or_default();
            let number = number.split('/').next().unwrap_or_default();
            port = number.parse().ok().filter(|port| *port != 0);
        } else if let Some(connection) = line.strip_prefix("c=") {
            let named = connection.split(' ').nth(2);
            match in_media {
                true => host = named,
                false => session_host = named,
            }
        } else if let Some(path) = line.strip_prefix("a=path:") {
            for uri in path.split(' ').map(str::trim) {
                let mut keys = super::keys::Keys::without_plan();
                super::glimpse::path_key(uri.as_bytes(), &mut keys);
                paths.extend(keys.iter().map(|(key, _)| key));
                if let Ok(uri) = crate::wire::msrp::MsrpUri::parse(uri)
                    && let Some((address, _)) = uri.port.and_then(|port| media_key(&uri.host, port))
                {
                    addresses.push(address);
                }
            }
        }
    }
    finish(host.or(session_host), &mut port, &mut addresses);
    addresses.sort_unstable();
    addresses.dedup();
    (addresses, paths)
}

/// Key of a Diameter session.
pub fn session_key(id: &str) -> u64 {
    key(Kind::Session, id.as_bytes())
}
