//! Stable names for what differs from run to run.
//!
//! The same value has the same name all through one ladder, so identity is kept: who answers in which dialog stays visible.
use super::Names;
use crate::wire::msrp::MsrpUri;
use std::collections::HashMap;
use std::net::SocketAddr;

/// Digits of a telephone number in text.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// A word of a header field this long, with letters and so many digits, was made up for this run.
const IDENTIFIER_LENGTH: usize = 10;
const IDENTIFIER_DIGITS: usize = 3;

#[derive(Debug)]
pub struct Masks<'n> {
    names: &'n Names,
    /// Longest first.
    texts: Vec<(&'n str, &'n str)>,
    given: HashMap<(&'static str, String), String>,
    counts: HashMap<&'static str, usize>,
}

/// What may be masked besides numbers and the texts of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Written by a person.
    Words,
    /// A header field or URI: addresses and made-up identifiers too.
    Field,
}

impl<'n> Masks<'n> {
    pub fn new(names: &'n Names) -> Self {
        let texts = names.by_text.iter();
        let mut texts: Vec<_> = texts
            .map(|(text, name)| (text.as_str(), name.as_str()))
            .filter(|(text, _)| !text.is_empty())
            .collect();
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self {
            names,
            texts,
            given: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// `«kind-1»`, `«kind-2»` ... in the order of first use.
    pub fn name(&mut self, kind: &'static str, value: &str) -> String {
        let key = (kind, value.to_owned());
        if let Some(name) = self.given.get(&key) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let name = format!("«{kind}-{count}»");
        self.given.insert(key, name.clone());
        name
    }

    /// The person whose number it is, or `«number-1»`; what is no number is masked as a field.
    pub fn number(&mut self, number: &str) -> String {
        let digits = number.strip_prefix('+').unwrap_or(number);
        if digits.len() < 3 || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return self.words(number);
        }
        let international = format!("+{digits}");
        let name = match self.names.by_number.get(&international) {
            Some(name) => format!("«{name}»"),
            None if NUMBER_DIGITS.contains(&digits.len()) => self.name("number", &international),
            None => return number.to_owned(),
        };
        match number.starts_with('+') {
            true => name,
            false => format!("{name} without +"),
        }
    }

    pub fn words(&mut self, text: &str) -> String {
        self.scan(text, Reading::Words)
    }

    pub fn field(&mut self, text: &str) -> String {
        self.scan(text, Reading::Field)
    }

    /// An MSRP URI with its session named.
    pub fn msrp_uri(&mut self, uri: &str) -> String {
        let session = MsrpUri::parse(uri).ok().and_then(|uri| uri.session_id);
        match session.as_deref().and_then(|id| Some((id, uri.rfind(id)?))) {
            Some((id, at)) => {
                let (before, after) = (self.field(&uri[..at]), self.field(&uri[at + id.len()..]));
                format!("{before}{}{after}", self.name("session", id))
            }
            None => self.field(uri),
        }
    }

    pub fn address(&mut self, address: SocketAddr) -> String {
        match self.names.by_address.get(&address) {
            Some(name) => format!("«{name}»"),
            None => self.name("address", &address.to_string()),
        }
    }

    fn scan(&mut self, text: &str, reading: Reading) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut in_word = false;
        while let Some(next) = text[at..].chars().next() {
            let rest = &text[at..];
            let replaced = self.listed(rest).or_else(|| {
                if in_word {
                    return None;
                }
                let address = (reading == Reading::Field)
                    .then(|| self.socket_address(rest))
                    .flatten();
                address.or_else(|| self.telephone(rest)).or_else(|| {
                    (reading == Reading::Field)
                        .then(|| self.identifier(rest))
                        .flatten()
                })
            });
            match replaced {
                Some((name, length)) => {
                    out.push_str(&name);
                    at += length;
                    in_word = false;
                }
                None => {
                    out.push(next);
                    at += next.len_utf8();
                    in_word = next.is_alphanumeric();
                }
            }
        }
        out
    }

    fn listed(&self, rest: &str) -> Option<(String, usize)> {
        let found = self.texts.iter().find(|(text, _)| rest.starts_with(text))?;
        Some((format!("«{}»", found.1), found.0.len()))
    }

    /// `+` and digits; without `+` only a number known already.
    fn telephone(&mut self, rest: &str) -> Option<(String, usize)> {
        let digits = rest.strip_prefix('+').unwrap_or(rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let followed = digits[count..].chars().next();
        if !NUMBER_DIGITS.contains(&count) || followed.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let length = rest.len() - digits.len() + count;
        let international = format!("+{}", &digits[..count]);
        let known = self.names.by_number.contains_key(&international)
            || self.given.contains_key(&("number", international));
        (rest.starts_with('+') || known).then(|| (self.number(&rest[..length]), length))
    }

    fn socket_address(&mut self, rest: &str) -> Option<(String, usize)> {
        if !rest.starts_with(|first: char| first.is_ascii_digit() || first == '[') {
            return None;
        }
        let of_address = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']');
        let length = rest.find(|c| !of_address(c)).unwrap_or(rest.len());
        let address: SocketAddr = rest[..length].trim_end_matches(['.', ':']).parse().ok()?;
        let length = rest[..length].trim_end_matches(['.', ':']).len();
        Some((self.address(address), length))
    }

    fn identifier(&mut self, rest: &str) -> Option<(String, usize)> {
        let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let length = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        let made_up = length >= IDENTIFIER_LENGTH && digits >= IDENTIFIER_DIGITS && letters >= 2;
        made_up.then(|| (self.name("id", word), length))
    }
}
