//! What barring conditions ask of a communication, read from its initial request and from what is known of the served user.
use super::country;
use crate::wire::sip::{NameAddr, SipMessage, number_of};
use jiff::Timestamp;

/// Which of the served user's two rulesets is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Incoming communication barring, at the terminating side.
    Incoming,
    /// Outgoing communication barring, at the originating side.
    Outgoing,
}

/// Where the served user is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Country code of his own numbers.
    pub home_country: Option<String>,
    /// The network he has registered in, if it is not his home network.
    pub visited_network: Option<String>,
}

impl Whereabouts {
    pub fn is_roaming(&self) -> bool {
        self.visited_network.is_some()
    }

    /// Country code of where he is.
    pub fn country(&self) -> Option<&str> {
        match &self.visited_network {
            Some(network) => country::of_network(network),
            None => self.home_country.as_deref(),
        }
    }

    /// At home, in the country of his number.
    pub fn at_home(user: &str) -> Self {
        let country =
            number_of(user).and_then(|number| country::of_number(&number).map(str::to_owned));
        Self {
            home_country: country,
            visited_network: None,
        }
    }
}

/// Everything the conditions of a rule look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    pub direction: Direction,
    pub method: String,
    /// Incoming: asserted identities of the originator. Outgoing: the target.
    pub identities: Vec<String>,
    /// The originator's identity is not to be presented.
    pub restricted: bool,
    /// The originator says in so many words that it may be presented (`Privacy: none`).
    pub unrestricted: bool,
    pub diverted: bool,
    /// Media types of the offer.
    pub media: Vec<String>,
    pub target: Option<String>,
    /// Current activities of the served user, by the names of RFC 4480.
    pub activities: Vec<String>,
    pub whereabouts: Whereabouts,
    pub now: Timestamp,
}

impl Circumstances {
    pub fn of(request: &SipMessage, direction: Direction, now: Timestamp) -> Self {
        let target = request.uri().map(str::to_owned);
        let identities = match direction {
            Direction::Incoming => asserted(request),
            Direction::Outgoing => target.clone().into_iter().collect(),
        };
        Self {
            direction,
            method: request.method().unwrap_or_default().to_owned(),
            identities,
            restricted: has_privacy(request, &["id", "header"]),
            unrestricted: has_privacy(request, &["none"]),
            diverted: is_diverted(request),
            media: media(request),
            target,
            activities: Vec::new(),
            whereabouts: Whereabouts::default(),
            now,
        }
    }
}

fn asserted(request: &SipMessage) -> Vec<String> {
    request
        .values("P-Asserted-Identity")
        .into_iter()
        .filter_map(|value| NameAddr::parse(value).ok())
        .map(|address| address.uri.to_string())
        .collect()
}

/// Privacy with one of these values: `id` (RFC 3325 section 9.3), `header` or `none` (RFC 3323 section 4.2).
fn has_privacy(request: &SipMessage, values: &[&str]) -> bool {
    request
        .headers_named("Privacy")
        .flat_map(|value| value.split([';', ',']))
        .any(|value| values.contains(&value.trim().to_ascii_lowercase().as_str()))
}

/// History-Info (RFC 7044) with two entries or more, of which one has been diverted to for a cause (RFC 4458).
fn is_diverted(request: &SipMessage) -> bool {
    mark!("CB-07");
    let entries: Vec<NameAddr> = request
        .values("History-Info")
        .into_iter()
        .filter_map(|value| NameAddr::parse(value).ok())
        .collect();
    entries.len() >= 2 && entries.iter().any(|entry| entry.uri.has_param("cause"))
}

fn media(request: &SipMessage) -> Vec<String> {
    let Some(body) = request.body_of("application/sdp") else {
        return Vec::new();
    };
    String::from_utf8_lossy(&body)
        .lines()
        .filter_map(|line| line.strip_prefix("m="))
        .filter_map(|rest| rest.split(' ').next())
        .map(str::to_owned)
        .collect()
}
