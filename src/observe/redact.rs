//! Outputs free of what nobody else may read.
//!
//! A [`Redactor`] knows the values of secrets and hides them, also as base64, percent-encoded, in hexadecimal digits and escaped for JSON
//! or XML, wherever they stand. It is told the values; it does not guess what might be one.
//!
//! A [`Redaction`] puts pseudonyms in the place of numbers, IMSIs and what people wrote, in a capture and in what was said about it, so
//! that everything else stays as it was.
mod capture;
mod forms;
mod found;
mod packets;
mod pseudonym;

pub use capture::Redaction;
use memchr::memmem;
pub use pseudonym::Pseudonyms;
use std::collections::BTreeSet;

/// What stands where a secret stood.
const HIDDEN: &str = "***";
/// A shorter value is hidden only where it stands as a word: as a part of words it would be met everywhere.
const ANYWHERE: usize = 8;
/// A shorter piece of base64 is met by chance.
const LEAST_BASE64: usize = 6;

/// Hides the values it knows.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that what contains another is hidden whole.
    needles: Vec<Needle>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    octets: Vec<u8>,
    /// Hidden only where no letter and no digit stands beside it.
    word: bool,
}

impl Redactor {
    /// Hides these values in every form.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let needles: BTreeSet<Needle> = values.into_iter().flat_map(forms).collect();
        let mut needles: Vec<Needle> = needles.into_iter().collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.octets.len()));
        Self { needles }
    }

    /// A text as it may be shown.
    pub fn text(&self, text: &str) -> String {
        let spans = self.spans(text.as_bytes());
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        for (from, to) in spans {
            let (Some(before), Some(_)) = (text.get(at..from), text.get(from..to)) else {
                continue;
            };
            shown.push_str(before);
            shown.push_str(HIDDEN);
            at = to;
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        shown
    }

    /// Octets of the same length in which every secret is hidden.
    pub fn octets(&self, octets: &mut [u8]) {
        for (from, to) in self.spans(octets) {
            octets[from..to].fill(b'x');
        }
    }

    /// Every string of a JSON value except those under a key that `keep` names.
    pub fn value(&self, value: &mut serde_json::Value, keep: &[&str]) {
        strings(value, keep, &|text| self.text(text));
    }

    /// Where secrets stand, in order and apart from one another.
    fn spans(&self, octets: &[u8]) -> Vec<(usize, usize)> {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for needle in &self.needles {
            for at in memmem::find_iter(octets, &needle.octets) {
                let end = at + needle.octets.len();
                let beside = |at: Option<usize>| {
                    at.and_then(|at| octets.get(at))
                        .is_some_and(u8::is_ascii_alphanumeric)
                };
                if needle.word && (beside(at.checked_sub(1)) || beside(Some(end))) {
                    continue;
                }
                spans.push((at, end));
            }
        }
        spans.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (from, to) in spans {
            match apart.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        apart
    }
}

/// Changes every string of a JSON value except those under a key that `keep` names.
fn strings(value: &mut serde_json::Value, keep: &[&str], change: &dyn Fn(&str) -> String) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => {
            let items = items.iter_mut();
            items.for_each(|item| strings(item, keep, change));
        }
        Value::Object(members) => {
            let open = |(key, _): &(&String, &mut Value)| !keep.contains(&key.as_str());
            let members = members.iter_mut().filter(open);
            members.for_each(|(_, member)| strings(member, keep, change));
        }
        _ => {}
    }
}

/// A value as it may stand in an output.
fn forms(value: &str) -> Vec<Needle> {
    let octets = value.as_bytes();
    if octets.is_empty() {
        return Vec::new();
    }
    let word = octets.len() < ANYWHERE;
    let plain = [
        value.to_owned(),
        value.to_lowercase(),
        value.to_uppercase(),
        percent(octets, false),
        percent(octets, true),
        escaped_json(value),
        value.replace('&', "&amp;").replace('<', "&lt;"),
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;"),
    ];
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let encoded = base64_pieces(octets);
    let encoded = encoded
        .into_iter()
        .filter(|piece| piece.len() >= LEAST_BASE64);
    let hidden = |text: String, word| Needle {
        octets: text.into_bytes(),
        word,
    };
    let plain = plain.into_iter().map(|text| hidden(text, word));
    let hexadecimal = [hex.to_uppercase(), hex];
    let encoded = encoded.map(|text| hidden(text, false));
    plain
        .chain(hexadecimal.map(|text| hidden(text, word)))
        .chain(encoded)
        .collect()
}

/// Percent-encoding (RFC 3986 section 2.1) of what is not unreserved, or of every octet.
fn percent(octets: &[u8], every: bool) -> String {
    let one = |octet: &u8| match octet.is_ascii_alphanumeric() || b"-._~".contains(octet) {
        true if !every => char::from(*octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    octets.iter().map(one).collect()
}

fn escaped_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.trim_matches('"').to_owned()
}

/// What is the same in base64 whatever stands before and behind the octets: one piece for each place they may begin at within three.
fn base64_pieces(octets: &[u8]) -> Vec<String> {
    let mut pieces = Vec::new();
    for shift in 0..3 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(octets);
        let first = (shift * 8).div_ceil(6);
        let whole = shifted.len() * 8 / 6;
        let encoded = base64(&shifted);
        if let Some(piece) = encoded.get(first..whole) {
            pieces.push(piece.to_owned());
            pieces.push(piece.replace('+', "-").replace('/', "_"));
        }
    }
    pieces
}

/// RFC 4648 section 4.
pub(crate) fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for three in octets.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            match place <= three.len() {
                true => {
                    text.push(char::from(
                        ALPHABET[(bits >> (18 - 6 * place)) as usize & 63],
                    ));
                }
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_every_form_of_a_secret() {
        let redactor = Redactor::of(["hunter2&\"x\"y"]);
        let basic = |user: &str| base64(format!("{user}:hunter2&\"x\"y!").as_bytes());
        for (text, shown) in [
            ("is hunter2&\"x\"y.", "is ***."),
            ("a=hunter2%26%22x%22y", "a=***"),
            ("{\"k\":\"hunter2&\\\"x\\\"y\"}", "{\"k\":\"***\"}"),
            ("hunter2&amp;\"x\"y", "***"),
            ("68756e7465723226227822790a", "***0a"),
            ("hunter 2", "hunter 2"),
        ] {
            assert_eq!(redactor.text(text), shown);
        }
        for user in ["a", "ab", "abc"] {
            let shown = redactor.text(&basic(user));
            assert!(shown.contains(HIDDEN), "{shown}");
        }
    }

    #[test]
    fn a_short_one_is_hidden_as_a_word_only() {
        let redactor = Redactor::of(["abc"]);
        assert_eq!(
            redactor.text("abc, abcd, xabc (abc)"),
            "***, abcd, xabc (***)"
        );
        let mut octets = *b"p=abc&q";
        redactor.octets(&mut octets);
        assert_eq!(&octets, b"p=xxx&q");
    }
}
