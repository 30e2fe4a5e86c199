//! Message/CPIM (RFC 3862) and IMDN (RFC 5438) in it.
//!
//! Header fields are kept in order with their escapes resolved (RFC 3862 section 2.3); printing escapes what must be. A CPIM object in
//! canonical form (no needless escapes, no folded MIME header fields, `NS` with its space) prints as it came.
mod escapes;
mod imdn;
#[cfg(test)]
mod tests;

use memchr::memmem;

use crate::wire::Malformed;

pub use imdn::{Imdn, ImdnStatus};

const CLAUSE: &str = "RFC 3862 section 2";
const IMDN_NAMESPACE: &str = "urn:ietf:params:imdn";
/// Header fields of either kind in one object.
const HEADERS_LIMIT: usize = 256;

/// A Message/CPIM object: message header fields, then one MIME entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpimMessage {
    /// From, To, DateTime, NS, Subject, imdn.Message-ID, ... in order. A value with parameters begins with `;` (`;lang=fr Objet`).
    pub headers: Vec<(String, String)>,
    /// Header fields of the encapsulated entity (Content-Type, Content-Length ...).
    pub content_headers: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl CpimMessage {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let (message_lines, at) = block(octets, 0)?;
        let (content_lines, content_at) = block(octets, at)?;
        let mut message = Self::default();
        for (at, line) in message_lines {
            message.headers.push(message_header(at, line)?);
        }
        for (at, line) in content_lines {
            if let Some(folded) = line.strip_prefix([' ', '\t']) {
                let Some((_, value)) = message.content_headers.last_mut() else {
                    return Err(Malformed::new(at, "a MIME header field", CLAUSE));
                };
                value.push(' ');
                value.push_str(folded.trim());
                continue;
            }
            let (name, value) = split_name(at, line)?;
            message
                .content_headers
                .push((name.to_owned(), value.trim().to_owned()));
        }
        message.content = octets[content_at..].to_vec();
        Ok(message)
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let mut head = String::new();
        for (name, value) in &self.headers {
            head.push_str(name);
            head.push_str(if value.starts_with(';') { ":" } else { ": " });
            head.push_str(&escapes::escaped(value));
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        for (name, value) in &self.content_headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut octets = head.into_bytes();
        octets.extend_from_slice(&self.content);
        octets
    }

    /// Value of the first header field of that name, parameters left out. Names are case-sensitive in RFC 3862; another case is taken
    /// only where the exact name is missing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .or_else(|| {
                self.headers
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| without_parameters(value))
    }

    /// A header field of the IMDN namespace, whatever prefix `NS` binds to `urn:ietf:params:imdn`.
    pub fn imdn_header(&self, name: &str) -> Option<&str> {
        let mut bindings: Vec<(&str, &str)> = Vec::new();
        for (known, value) in &self.headers {
            if known.eq_ignore_ascii_case("NS") {
                bindings.extend(namespace(value));
                continue;
            }
            let (prefix, local) = known.split_once('.').unwrap_or(("", known));
            let bound = bindings.iter().rev().find(|(bound, _)| *bound == prefix);
            let ours = bound.is_some_and(|(_, uri)| uri.eq_ignore_ascii_case(IMDN_NAMESPACE));
            if ours && local.eq_ignore_ascii_case(name) {
                return Some(without_parameters(value));
            }
        }
        None
    }

    /// Header field of the encapsulated entity.
    pub fn content_header(&self, name: &str) -> Option<&str> {
        self.content_headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Media type of the content in lower case without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.content_header("Content-Type")?;
        let end = value.find(';').unwrap_or(value.len());
        Some(value[..end].trim().to_ascii_lowercase())
    }

    /// The content as text if it is text/plain (UTF-8).
    pub fn text(&self) -> Option<String> {
        if self.content_type().as_deref() != Some("text/plain") {
            return None;
        }
        let encoding = self.content_header("Content-Transfer-Encoding");
        let plain = encoding.is_none_or(|encoding| {
            ["7bit", "8bit", "binary"]
                .iter()
                .any(|known| encoding.trim().eq_ignore_ascii_case(known))
        });
        let value = self.content_header("Content-Type")?.to_ascii_lowercase();
        let charset = value
            .split(';')
            .skip(1)
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim() == "charset")
            .map(|(_, value)| value.trim().trim_matches('"').to_owned());
        let utf_8 = charset.is_none_or(|charset| matches!(charset.as_str(), "utf-8" | "us-ascii"));
        (plain && utf_8).then(|| String::from_utf8(self.content.clone()).ok())?
    }
}

/// Lines (with their offsets) up to a blank line, and the offset after it.
#[allow(clippy::type_complexity)]
fn block(octets: &[u8], from: usize) -> Result<(Vec<(usize, &str)>, usize), Malformed> {
    let mut lines = Vec::new();
    let mut at = from;
    loop {
        let Some(length) = memmem::find(&octets[at..], b"\r\n") else {
            let expected = "a blank line after the header fields";
            return Err(Malformed::new(octets.len(), expected, CLAUSE));
        };
        if length == 0 {
            return Ok((lines, at + 2));
        }
        if lines.len() == HEADERS_LIMIT {
            let expected = format!("at most {HEADERS_LIMIT} header fields");
            return Err(Malformed::new(at, expected, CLAUSE));
        }
        let line = std::str::from_utf8(&octets[at..at + length])
            .map_err(|error| Malformed::new(at + error.valid_up_to(), "UTF-8", CLAUSE))?;
        lines.push((at, line));
        at += length + 2;
    }
}

fn split_name(at: usize, line: &str) -> Result<(&str, &str), Malformed> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| Malformed::new(at + line.len(), "a name and `:`", CLAUSE))?;
    let sound = !name.is_empty() && name.bytes().all(|o| o.is_ascii_graphic());
    if !sound {
        return Err(Malformed::new(at, "a header field name", CLAUSE));
    }
    Ok((name, value))
}

fn message_header(at: usize, line: &str) -> Result<(String, String), Malformed> {
    let (name, rest) = split_name(at, line)?;
    let value_at = at + name.len() + 1;
    let value = match rest.strip_prefix(' ') {
        Some(value) => value,
        None if rest.is_empty() || rest.starts_with(';') => rest,
        // Seen in the field: `NS:imdn<urn:ietf:params:imdn>`.
        None if name == "NS" => rest,
        None => {
            let expected = "one space after `:`";
            return Err(Malformed::new(value_at, expected, "RFC 3862 section 3.1"));
        }
    };
    let value = escapes::resolved(value).ok_or_else(|| {
        let expected = "an escape sequence of RFC 3862";
        Malformed::new(value_at, expected, "RFC 3862 section 2.3")
    })?;
    Ok((name.to_owned(), value))
}

/// `;lang=fr Objet` is `Objet`.
fn without_parameters(value: &str) -> &str {
    let mut rest = value;
    while let Some(parameter) = rest.strip_prefix(';') {
        let end = parameter.find([' ', ';']).unwrap_or(parameter.len());
        if !parameter[..end].contains('=') {
            return value;
        }
        rest = &parameter[end..];
    }
    if rest.len() == value.len() {
        return value;
    }
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// `imdn <urn:...>` with or without the space; no prefix binds the names without prefix.
fn namespace(value: &str) -> Option<(&str, &str)> {
    let (prefix, uri) = without_parameters(value).split_once('<')?;
    let uri = uri.trim_end().strip_suffix('>')?;
    Some((prefix.trim(), uri.trim()))
}
