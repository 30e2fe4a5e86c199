//! What joins messages to conversations: Call-IDs, identities, MSRP paths, transport addresses, each as a digest of 64 bits.
//!
//! A number is the same in every spelling (`tel:+44 7700...`, `sip:+447700...@host`, digits of SMPP and Diameter); any other identity is its
//! user and host part in lower case.
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::{IpAddr, SocketAddr};

/// More keys than this one message does not have; what is beyond joins nothing.
const MOST_KEYS: usize = 24;
/// Digits that are fewer are a service number and no user's.
const FEWEST_DIGITS: usize = 6;
const MOST_DIGITS: usize = 20;

/// What a key is made of; the same octets of two kinds are two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    CallId = 1,
    Identity = 2,
    Path = 3,
    Address = 4,
    Session = 5,
    /// Of all people of one test case of the suite's own plan of numbers.
    Plan = 6,
}

impl Kind {
    /// Used again and again by others, as ports are: the latest conversation has it, and it joins none.
    pub fn is_taken_over(self) -> bool {
        matches!(self, Self::Address | Self::Path)
    }
}

/// Digest of octets: folded multiplications, as wyhash has them. Not for adversaries: at worst two conversations become one.
pub fn digest(kind: u64, octets: &[u8]) -> u64 {
    const A: u64 = 0xa076_1d64_78bd_642f;
    const B: u64 = 0xe703_7ed1_a0b4_28db;
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let mut hash = fold(kind ^ A, (octets.len() as u64) ^ B);
    let mut chunks = octets.chunks_exact(8);
    for chunk in &mut chunks {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        hash = fold(hash ^ u64::from_le_bytes(eight), B);
    }
    let rest = chunks.remainder();
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    fold(hash ^ u64::from_le_bytes(eight), A)
}

pub fn key(kind: Kind, octets: &[u8]) -> u64 {
    digest(kind as u64, octets)
}

pub fn address_key(address: SocketAddr) -> u64 {
    let mut octets = [0; 18];
    match address.ip() {
        IpAddr::V4(ip) => octets[..4].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => octets[..16].copy_from_slice(&ip.octets()),
    }
    octets[16..].copy_from_slice(&address.port().to_be_bytes());
    key(Kind::Address, &octets)
}

/// For maps whose keys are digests already.
#[derive(Debug, Default, Clone, Copy)]
pub struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, octets: &[u8]) {
        self.0 = digest(self.0, octets);
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

pub type Map<V> = std::collections::HashMap<u64, V, BuildHasherDefault<Digested>>;

/// What is known of numbers before any is seen.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Digits of numbers, and `@host` of other identities, that join nothing.
    pub joins_nothing: Vec<Vec<u8>>,
    /// First digits of numbers of which ten each, in order, are of one test case.
    pub people: Vec<u8>,
    /// Identities that join nothing, although they may be among those of people.
    pub services: HashSet<u64>,
}

/// The keys of one message, without allocation unless names are asked for.
#[derive(Debug)]
pub struct Keys<'e> {
    keys: [(u64, Kind); MOST_KEYS],
    length: usize,
    plan: Option<&'e Plan>,
    /// The identities themselves, where they are asked for.
    names: Option<Vec<(u64, String)>>,
}

impl<'e> Keys<'e> {
    pub fn new(plan: &'e Plan) -> Self {
        Self {
            plan: Some(plan),
            ..Self::without_plan()
        }
    }

    pub fn without_plan() -> Self {
        Self {
            keys: [(0, Kind::CallId); MOST_KEYS],
            length: 0,
            plan: None,
            names: None,
        }
    }

    pub fn with_names(plan: &'e Plan) -> Self {
        Self {
            names: Some(Vec::new()),
            ..Self::new(plan)
        }
    }

    pub fn push(&mut self, kind: Kind, key: u64) {
        if self.length < MOST_KEYS && !self.iter().any(|(held, _)| held == key) {
            self.keys[self.length] = (key, kind);
            self.length += 1;
        }
    }

    pub fn user(&mut self, identity: Option<Identity>) {
        let Some(identity) = identity else {
            return;
        };
        let octets = identity.as_bytes();
        let number = identity.is_number();
        let is_own = |own: &Vec<u8>| match number {
            true => octets.starts_with(own),
            false => own.starts_with(b"@") && octets.ends_with(own),
        };
        let mut nothing = self.plan.into_iter().flat_map(|plan| &plan.joins_nothing);
        if nothing.any(is_own) {
            return;
        }
        let key = identity.key();
        self.push(Kind::Identity, key);
        // Somebody who only registers belongs to those who do something.
        if let (Some(plan), true, [ten @ .., _]) = (self.plan, number, octets)
            && !plan.people.is_empty()
            && ten.starts_with(&plan.people)
            && !plan.services.contains(&key)
        {
            self.push(Kind::Plan, digest(Kind::Plan as u64, ten));
        }
        if let Some(names) = &mut self.names {
            names.push((key, identity.text()));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, Kind)> + '_ {
        self.keys[..self.length].iter().copied()
    }

    pub fn take_names(&mut self) -> Vec<(u64, String)> {
        self.names.take().unwrap_or_default()
    }
}

/// An identity in its one spelling, in place.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    text: [u8; 128],
    length: usize,
}

impl Identity {
    fn empty() -> Self {
        Self {
            text: [0; 128],
            length: 0,
        }
    }

    fn push(&mut self, octet: u8) -> Option<()> {
        *self.text.get_mut(self.length)? = octet;
        self.length += 1;
        Some(())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }

    pub fn key(&self) -> u64 {
        key(Kind::Identity, self.as_bytes())
    }

    pub fn is_number(&self) -> bool {
        self.text[0].is_ascii_digit() && self.as_bytes().iter().all(u8::is_ascii_digit)
    }

    /// `+` and digits, or user and host.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.as_bytes());
        match self.is_number() {
            true => format!("+{text}"),
            false => text.into_owned(),
        }
    }

    /// A number as digits of any kind of address.
    pub fn of_digits(octets: &[u8]) -> Option<Self> {
        let octets = match octets {
            [b'+', rest @ ..] | [b'%', b'2', b'B' | b'b', rest @ ..] => rest,
            rest => rest,
        };
        let mut identity = Self::empty();
        for octet in octets {
            match octet {
                b'0'..=b'9' => identity.push(*octet)?,
                b'-' | b'.' | b'(' | b')' | b' ' => {}
                _ => return None,
            }
        }
        (FEWEST_DIGITS..=MOST_DIGITS)
            .contains(&identity.length)
            .then_some(identity)
    }

    /// Of a sip, sips or tel URI; `None` where it names nobody.
    pub fn of_uri(uri: &[u8]) -> Option<Self> {
        let rest = after_scheme(uri)?;
        let end = memchr::memchr3(b'>', b';', b'?', rest).unwrap_or(rest.len());
        let end = end.min(
            rest.iter()
                .position(|o| *o <= b' ' || *o == b',' || *o == b'"')
                .unwrap_or(end),
        );
        Self::of_user_and_host(&rest[..end])
    }

    fn of_user_and_host(text: &[u8]) -> Option<Self> {
        let Some(at) = memchr::memrchr(b'@', text) else {
            return Self::of_digits(text);
        };
        let (user, host) = (&text[..at], &text[at + 1..]);
        let user = &user[..memchr::memchr2(b':', b';', user).unwrap_or(user.len())];
        if user.is_empty() || user.eq_ignore_ascii_case(b"anonymous") {
            return None;
        }
        if let Some(number) = Self::of_digits(user) {
            return Some(number);
        }
        let host = match host.first() {
            Some(b'[') => &host[..memchr::memchr(b']', host).map_or(host.len(), |end| end + 1)],
            _ => &host[..memchr::memchr(b':', host).unwrap_or(host.len())],
        };
        // Names of nobody (RFC 2606 section 2): what a focus calls those who hide is the same in every conference.
        if is_invalid(host) {
            return None;
        }
        let mut identity = Self::empty();
        for octet in user.iter().chain(b"@").chain(host) {
            identity.push(octet.to_ascii_lowercase())?;
        }
        Some(identity)
    }
}

fn is_invalid(host: &[u8]) -> bool {
    let last = host.rsplit(|octet| *octet == b'.').next();
    last.is_some_and(|name| name.eq_ignore_ascii_case(b"invalid"))
}

fn after_scheme(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().take(6).position(|octet| *octet == b':')?;
    let scheme = &uri[..colon];
    let known = [&b"sip"[..], b"tel", b"sips"];
    known
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name))
        .then(|| &uri[colon + 1..])
}

/// Every identity that a text names by a sip, sips or tel URI.
pub fn identities_in(text: &[u8], mut each: impl FnMut(Identity)) {
    for colon in memchr::memchr_iter(b':', text) {
        for length in [3, 4] {
            let Some(from) = colon.checked_sub(length) else {
                continue;
            };
            // `sip` within `sips` or `telephone` within a word is no scheme.
            let begins = from == 0 || !text[from - 1].is_ascii_alphanumeric();
            if begins && let Some(identity) = Identity::of_uri(&text[from..]) {
                each(identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(uri: &str) -> String {
        Identity::of_uri(uri.as_bytes()).map_or_else(String::new, |identity| identity.text())
    }

    #[test]
    fn a_number_is_the_same_in_every_spelling() {
        for uri in [
            "tel:+44-7700-900123",
            "sip:+447700900123@home1.example;user=phone",
            "SIPS:%2B447700900123@127.0.0.1:5060",
            "tel:447700900123;phone-context=example",
        ] {
            assert_eq!(of(uri), "+447700900123", "{uri}");
        }
        let digits = Identity::of_digits(b"447700900123").unwrap();
        assert_eq!(
            digits.key(),
            Identity::of_uri(b"tel:+447700900123").unwrap().key()
        );
    }

    #[test]
    fn ten_numbers_of_the_plan_are_of_one_test_case() {
        let plan = Plan {
            people: b"4477009".to_vec(),
            ..Plan::default()
        };
        let of = |digits: &[u8]| {
            let mut keys = Keys::new(&plan);
            keys.user(Identity::of_digits(digits));
            let found = keys.iter().find(|(_, kind)| *kind == Kind::Plan);
            found.map(|(key, _)| key)
        };
        assert!(of(b"447700900010").is_some());
        assert_eq!(of(b"447700900010"), of(b"447700900019"));
        assert_ne!(of(b"447700900010"), of(b"447700900020"));
        assert_eq!(of(b"447701000010"), None);
    }

    #[test]
    fn other_identities_are_user_and_host() {
        assert_eq!(
            of("sip:Room-7:x@CONF.example:5060;lr>"),
            "room-7@conf.example"
        );
        assert_eq!(of("sip:a@[2001:db8::1]:5060"), "a@[2001:db8::1]");
        for nobody in [
            "sip:127.0.0.1:5060",
            "sip:anonymous@anonymous.invalid",
            "sip:participant-1@anonymous.invalid",
            "http://a@b",
            "tel:112",
        ] {
            assert_eq!(of(nobody), "", "{nobody}");
        }
    }

    #[test]
    fn finds_identities_in_text() {
        let mut found = Vec::new();
        let text = b"<entry uri=\"sip:Bob@example.org\"/> tel:+447700900123, resip:x@y";
        identities_in(text, |identity| found.push(identity.text()));
        assert_eq!(found, ["bob@example.org", "+447700900123"]);
    }
}
