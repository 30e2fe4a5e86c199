//! The few rules of RFC 3261 section 25.1 and section 7.3 that every header field shares: names, tokens, quoted strings, lists, parameters.
//! It reads text; it neither knows which header field it reads nor keeps anything.
use crate::wire::Malformed;

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

/// Whether two header field names are the same name.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    // Every header field is compared with every name that is looked for: two long names take the short way.
    if a.len() > 1 && b.len() > 1 {
        return a.eq_ignore_ascii_case(b);
    }
    long_name(a).eq_ignore_ascii_case(long_name(b))
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
    memchr::memchr(b'"', text.as_bytes()).is_some() && outside(text, false, |_, _| true)
}

/// Splits at `separator` outside quotes and angle brackets; parts are trimmed, empty parts are kept.
pub(super) fn split(text: &str, separator: u8) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    outside(text, true, |at, octet| {
        if octet == separator {
            parts.push(text[from..at].trim());
            from = at + 1;
        }
        true
    });
    parts.push(text[from..].trim());
    parts
}

/// The first part of [`split`].
pub(super) fn first(text: &str, separator: u8) -> &str {
    let mut end = text.len();
    if memchr::memchr(separator, text.as_bytes()).is_some() {
        outside(text, true, |at, octet| {
            if octet == separator {
                end = at;
            }
            octet != separator
        });
    }
    text[..end].trim()
}

/// Offset of the first such octet outside quotes (angle brackets do not hide it).
pub(super) fn find_unquoted(text: &str, wanted: u8) -> Option<usize> {
    let mut found = None;
    outside(text, false, |at, octet| {
        if octet == wanted {
            found = Some(at);
        }
        found.is_none()
    });
    found
}

/// `;name=value;name...` as header fields carry it, from the first `;` on.
pub(super) fn params(text: &str, clause: &'static str) -> Result<Params, Malformed> {
    let mut out = Vec::new();
    let text = text.trim();
    if text.is_empty() {
        return Ok(out);
    }
    let Some(rest) = text.strip_prefix(';') else {
        return Err(Malformed::new(0, "`;` before a parameter", clause));
    };
    for part in split(rest, b';') {
        if out.len() >= MAX_PARAMS {
            return Err(Malformed::new(0, "at most 512 parameters", clause));
        }
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part, None),
        };
        if !is_token(name) {
            return Err(Malformed::new(0, "a token as parameter name", clause));
        }
        let value = match value {
            Some(value) if value.starts_with('"') => Some(unquote(value, clause)?),
            Some(value) => Some(value.to_owned()),
            None => None,
        };
        out.push((name.to_ascii_lowercase(), value));
    }
    Ok(out)
}

/// The text of a `quoted-string`, quotes and backslashes removed.
pub(super) fn unquote(text: &str, clause: &'static str) -> Result<String, Malformed> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    if !matches!(chars.next(), Some((_, '"'))) {
        return Err(Malformed::new(0, "a quoted string", clause));
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            '"' if at + 1 == text.len() => return Ok(out),
            '"' => {
                return Err(Malformed::new(
                    at,
                    "nothing after the quoted string",
                    clause,
                ));
            }
            c => out.push(c),
        }
    }
    Err(Malformed::new(text.len(), "a closing quote", clause))
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
