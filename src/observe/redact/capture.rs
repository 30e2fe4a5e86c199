//! A capture whose numbers, IMSIs and texts are pseudonyms, and what is said about it in the same pseudonyms.
//!
//! What belongs to people is read off the capture with the eyes of the dissector, and swapped wherever it stands, in every form. Packets
//! keep their lengths and right checksums, so Wireshark and the judges read the capture as before; with the key it can be turned back.
use super::forms::{self, Swap};
use super::packets::Capture;
use super::pseudonym::{NUMBER_AT_LEAST, Pseudonyms};
use super::{Redactor, found};
use crate::observe::{ObserveError, Trace, short_messages};
use std::collections::BTreeSet;

/// Answers to challenges (RFC 7616 section 3.4.1), from which a password can be guessed.
fn hide_responses(octets: &mut [u8]) {
    const BEFORE: &[u8] = b" response=\"";
    let places = memchr::memmem::find_iter(octets, BEFORE).collect::<Vec<usize>>();
    for at in places {
        let behind = octets[at + BEFORE.len()..].iter_mut();
        behind
            .take_while(|c| c.is_ascii_hexdigit())
            .for_each(|c| *c = b'0');
    }
}

/// How much of a text must stand in what is said for it to be a quotation.
const QUOTED: usize = 8;

/// The pseudonyms of what was found in captures.
#[derive(Debug, Clone)]
pub struct Redaction {
    pseudonyms: Pseudonyms,
    numbers: BTreeSet<String>,
    /// Texts and their pseudonyms.
    texts: BTreeSet<(String, String)>,
}

impl Redaction {
    /// Nothing found yet but numbers that are known, as digits.
    pub fn new(pseudonyms: Pseudonyms, numbers: impl IntoIterator<Item = String>) -> Self {
        Self {
            pseudonyms,
            numbers: numbers.into_iter().collect(),
            texts: BTreeSet::new(),
        }
    }

    /// Adds what a capture has. `trace` is the same, read.
    pub fn find(&mut self, octets: &[u8], trace: &Trace) -> Result<(), ObserveError> {
        for piece in Capture::read(octets)?.pieces() {
            found::numbers(piece, &mut self.numbers);
        }
        for message in short_messages(trace) {
            let both = [message.sender, message.recipient];
            let digits = both.iter().map(|end| end.trim_start_matches('+'));
            let number = |end: &&str| {
                end.len() >= NUMBER_AT_LEAST && end.bytes().all(|c| c.is_ascii_digit())
            };
            self.numbers
                .extend(digits.filter(number).map(str::to_owned));
        }
        for text in found::texts(trace) {
            found::numbers(text.as_bytes(), &mut self.numbers);
            let said = self.pseudonyms.text(&text);
            self.texts.insert((text, said));
        }
        Ok(())
    }

    /// Adds what another has found.
    pub fn add(&mut self, other: &Self) {
        self.numbers.extend(other.numbers.iter().cloned());
        self.texts.extend(other.texts.iter().cloned());
    }

    /// The capture in pseudonyms; secrets in it are hidden.
    pub fn capture(&self, octets: &[u8], secrets: &Redactor) -> Result<Vec<u8>, ObserveError> {
        let swaps = self.swaps();
        Ok(Capture::read(octets)?.changed(|piece| {
            forms::apply(&swaps, piece);
            secrets.octets(piece);
            hide_responses(piece);
        }))
    }

    fn swaps(&self) -> Vec<Swap> {
        let numbers = self.numbers.iter();
        let numbers = numbers.flat_map(|n| forms::of_number(n, &self.pseudonyms.number(n)));
        let texts = self.texts.iter();
        let texts = texts.flat_map(|(text, said)| forms::of_text(text, said));
        let mut swaps: Vec<Swap> = numbers.chain(texts).collect();
        forms::order(&mut swaps);
        swaps
    }

    /// What is said about the capture, in the same pseudonyms.
    pub fn text(&self, text: &str) -> String {
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let before = said.chars().next_back();
            let (shown, length) = self
                .quoted(rest)
                .or_else(|| self.numbered(before, rest))
                .unwrap_or_else(|| (first.to_string(), first.len_utf8()));
            said.push_str(&shown);
            rest = &rest[length..];
        }
        said
    }

    /// A text, or the beginning of a long one, that stands at the beginning here.
    fn quoted(&self, rest: &str) -> Option<(String, usize)> {
        let quotation = |(text, said): &(String, String)| {
            let same = text.bytes().zip(rest.bytes()).take_while(|(a, b)| a == b);
            let mut length = same.count();
            while !(text.is_char_boundary(length) && said.is_char_boundary(length)) {
                length -= 1;
            }
            // The beginning of a text is not that of a number which goes on otherwise.
            let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
            let cut = digit(rest.as_bytes()[..length].last()) && digit(rest.as_bytes().get(length));
            let whole = length == text.len() && text.len() >= 2;
            let enough = length >= QUOTED || whole && rest[length..].starts_with(['"', '\'']);
            (enough && !cut && said != text).then(|| (said[..length].to_owned(), length))
        };
        let quotations = self.texts.iter().filter_map(quotation);
        quotations.max_by_key(|(_, length)| *length)
    }

    fn numbered(&self, before: Option<char>, rest: &str) -> Option<(String, usize)> {
        if before.is_some_and(|c| c.is_ascii_digit()) {
            return None;
        }
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = &rest[..length];
        let known = self.numbers.contains(digits)
            || (NUMBER_AT_LEAST..=15).contains(&length) && before == Some('+');
        known.then(|| (self.pseudonyms.number(digits), length))
    }

    /// Every string of a JSON value except those under a key that `keep` names.
    pub fn value(&self, value: &mut serde_json::Value, keep: &[&str]) {
        super::strings(value, keep, &|text| self.text(text));
    }
}
