//! The few rules of RFC 3261 section 25.1 and section 7.3 that every header field shares: names, tokens, quoted strings, lists, parameters.
//! It reads text; it neither knows which header field it reads nor keeps anything.
use crate::wire::Malformed;
use std::borrow::Cow;

/// Most parameters one value may carry before it is refused.
const MAX_PARAMS: usize = 512;

/// Parameters in order: names in lower case, values without their quotes.
pub(super) type Params = Vec<(String, Option<String>)>;

/// Compact forms: RFC 3261 section 7.3.3, RFC 6665, RFC 3515, RFC 3892, RFC 3841, RFC 4028, RFC 4474.
const COMPACT: [(u8, &str); 19] = [
    (b'a', "Accept-Contact"),
    (b'b', "Referred-By"),
    (b'c', "Content-Type"),
    (b'd', "Request-Disposition"),
    (b'e', "Content-Encoding"),
    (b'f', "From"),
    (b'i', "Call-ID"),
    (b'j', "Reject-Contact"),
    (b'k', "Supported"),
    (b'l', "Content-Length"),
    (b'm', "Contact"),
    (b'n', "Identity-Info"),
    (b'o', "Event"),
    (b'r', "Refer-To"),
    (b's', "Subject"),
    (b't', "To"),
    (b'u', "Allow-Events"),
    (b'v', "Via"),
    (b'x', "Session-Expires"),
];

/// The long form of a header field name; a long name is returned as it is.
pub(super) fn long_name(name: &str) -> &str {
    let [letter] = name.as_bytes() else {
        return name;
    };
    if letter.eq_ignore_ascii_case(&b'y') {
        return "Identity";
    }
    let letter = letter.to_ascii_lowercase();
    COMPACT
        .iter()
        .find(|(compact, _)| *compact == letter)
        .map_or(name, |(_, long)| long)
}

/// The same for the octets of a name.
pub(super) fn long_octets(name: &[u8]) -> &[u8] {
    match name {
        [_] => std::str::from_utf8(name).map_or(name, |name| long_name(name).as_bytes()),
        _ => name,
    }
}

/// Whether two header field names are the same name.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    same_octets(a.as_bytes(), b.as_bytes())
}

pub(super) fn same_octets(a: &[u8], b: &[u8]) -> bool {
    // Most names are written as they are looked for.
    a == b || long_octets(a).eq_ignore_ascii_case(long_octets(b))
}

/// An octet of `token`.
pub(super) fn is_token_octet(octet: u8) -> bool {
    TOKEN[usize::from(octet)]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0_u8;
    while octet < 128 {
        table[octet as usize] = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        octet += 1;
    }
    table
};

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_octet)
}

/// Walks `text` and tells for every octet whether it stands outside quotes; `angles` also counts `<...>` as inside.
/// The last field of the result is whether a quote is still open at the end.
fn outside(text: &str, angles: bool, mut each: impl FnMut(usize, u8) -> bool) -> bool {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, octet) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match octet {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if octet == b'"' {
            quoted = true;
        } else if angles && octet == b'<' {
            angle = true;
        } else if angles && octet == b'>' {
            angle = false;
        } else if !angle && !each(at, octet) {
            return false;
        }
    }
    quoted
}

/// Whether a quoted string is opened and never closed.
pub(super) fn has_open_quote(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(open) = memchr::memchr(b'"', rest) {
        match after_quoted(&rest[open + 1..]) {
            Some(after) => rest = after,
            None => return true,
        }
    }
    false
}

/// What follows the quote that ends a quoted string, given what follows the one that opens it.
fn after_quoted(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest)?;
        if rest[at] == b'"' {
            return Some(&rest[at + 1..]);
        }
        rest = rest.get(at + 2..)?;
    }
}

/// As `str::trim`, which looks longer at what begins and ends in plain sight.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Parts between separators outside quotes and angle brackets; parts are trimmed, empty parts are kept.
pub(super) fn parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = end_of_first(text, separator);
        rest = text.get(end + 1..);
        Some(trim(&text[..end]))
    })
}

pub(super) fn split(text: &str, separator: u8) -> Vec<&str> {
    parts(text, separator).collect()
}

/// The first of [`parts`].
pub(super) fn first(text: &str, separator: u8) -> &str {
    trim(&text[..end_of_first(text, separator)])
}

fn end_of_first(text: &str, separator: u8) -> usize {
    let Some(hit) = memchr::memchr(separator, text.as_bytes()) else {
        return text.len();
    };
    if memchr::memchr2(b'"', b'<', &text.as_bytes()[..hit]).is_none() {
        return hit;
    }
    let mut end = text.len();
    outside(text, true, |at, octet| {
        if octet == separator {
            end = at;
        }
        octet != separator
    });
    end
}

/// Offset of the first such octet outside quotes (angle brackets do not hide it).
pub(super) fn find_unquoted(text: &str, wanted: u8) -> Option<usize> {
    let hit = memchr::memchr(wanted, text.as_bytes())?;
    if memchr::memchr(b'"', &text.as_bytes()[..hit]).is_none() {
        return Some(hit);
    }
    let mut found = None;
    outside(text, false, |at, octet| {
        if octet == wanted {
            found = Some(at);
        }
        found.is_none()
    });
    found
}

/// Parameters as they lie in a header field, from the first `;` on; their grammar was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParamsRef<'a>(&'a str);

impl<'a> ParamsRef<'a> {
    pub(super) fn parse(text: &'a str, clause: &'static str) -> Result<Self, Malformed> {
        let text = trim(text);
        if text.is_empty() {
            return Ok(Self(text));
        }
        let Some(rest) = text.strip_prefix(';') else {
            return Err(Malformed::new(0, "`;` before a parameter", clause));
        };
        for (count, part) in parts(rest, b';').enumerate() {
            if count >= MAX_PARAMS {
                return Err(Malformed::new(0, "at most 512 parameters", clause));
            }
            let (name, value) = name_and_value(part);
            if !is_token(name) {
                return Err(Malformed::new(0, "a token as parameter name", clause));
            }
            if let Some(value) = value.filter(|value| value.starts_with('"')) {
                inside_quotes(value, clause)?;
            }
        }
        Ok(Self(text))
    }

    /// Names as sent, values without their quotes.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<Cow<'a, str>>)> + use<'a> {
        let all = self.0.strip_prefix(';').map(|rest| parts(rest, b';'));
        all.into_iter().flatten().map(|part| {
            let (name, value) = name_and_value(part);
            (name, value.map(unquoted))
        })
    }

    /// The value of the first parameter of that name, without its quotes.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let same = |(found, _): &(&str, _)| str::eq_ignore_ascii_case(found, name);
        self.iter().find(same)?.1
    }

    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    pub(super) fn owned(&self) -> Params {
        let params = self.iter();
        params
            .map(|(name, value)| (name.to_ascii_lowercase(), value.map(Cow::into_owned)))
            .collect()
    }
}

fn name_and_value(part: &str) -> (&str, Option<&str>) {
    match memchr::memchr(b'=', part.as_bytes()) {
        Some(at) => (trim(&part[..at]), Some(trim(&part[at + 1..]))),
        None => (part, None),
    }
}

/// `;name=value;name...` as header fields carry it, from the first `;` on.
pub(super) fn params(text: &str, clause: &'static str) -> Result<Params, Malformed> {
    ParamsRef::parse(text, clause).map(|params| params.owned())
}

/// What stands between the quotes of a `quoted-string`, backslashes kept.
fn inside_quotes<'a>(text: &'a str, clause: &'static str) -> Result<&'a str, Malformed> {
    let Some(inside) = text.strip_prefix('"') else {
        return Err(Malformed::new(0, "a quoted string", clause));
    };
    match after_quoted(inside.as_bytes()) {
        None => Err(Malformed::new(text.len(), "a closing quote", clause)),
        Some([]) => Ok(&inside[..inside.len() - 1]),
        Some(after) => Err(Malformed::new(
            text.len() - after.len() - 1,
            "nothing after the quoted string",
            clause,
        )),
    }
}

/// The text of a quoted string, or the text itself if it is none.
pub(super) fn unquoted(text: &str) -> Cow<'_, str> {
    let Ok(inside) = inside_quotes(text, "") else {
        return Cow::Borrowed(text);
    };
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Cow::Borrowed(inside);
    }
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// That this is a `quoted-string` and nothing else.
pub(super) fn quoted<'a>(text: &'a str, clause: &'static str) -> Result<&'a str, Malformed> {
    inside_quotes(text, clause).map(|_| text)
}

pub(super) fn param<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| value.as_deref())
}

pub(super) fn has_param(params: &Params, name: &str) -> bool {
    params.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
}

/// Media type of a Content-Type value: lower case, no parameters, no white space.
pub(super) fn media_type(value: &str) -> Option<String> {
    let end = find_unquoted(value, b';').unwrap_or(value.len());
    let text: String = value[..end]
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    text.contains('/').then_some(text)
}
