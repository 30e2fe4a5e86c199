//! MIME multipart bodies (RFC 2046 section 5.1, RFC 5621), binary safe.
//! It splits and joins one level; a nested multipart is the content of its part.
use super::grammar;
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 2046 section 5.1.1";
/// Most parts of one body, and most levels that are looked into.
const MAX_PARTS: usize = 256;
const MAX_DEPTH: usize = 4;

/// One body part: its own header fields and octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPart {
    pub headers: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl BodyPart {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| grammar::same_name(n, name))
            .map(|(_, value)| value.as_str())
    }
    /// Media type in lower case without parameters.
    pub fn content_type(&self) -> Option<String> {
        grammar::media_type(self.header("Content-Type")?)
    }
}

/// Splits a multipart body; `content_type` is the full header field value with its boundary parameter.
pub fn multipart_parts(content_type: &str, body: &[u8]) -> Result<Vec<BodyPart>, Malformed> {
    let boundary = boundary_of(content_type)?;
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut part_from = None;
    let mut at = 0;
    while at < body.len() {
        let next = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |feed| at + feed + 1);
        let rest = body[at..next].strip_prefix(delimiter.as_slice());
        let (is_close, padding) = match rest.map(|rest| (rest, rest.strip_prefix(b"--"))) {
            None => (false, None),
            Some((_, Some(padding))) => (true, Some(padding)),
            Some((padding, None)) => (false, Some(padding)),
        };
        if padding.is_some_and(|p| p.trim_ascii().is_empty()) {
            if let Some(from) = part_from {
                parts.push(part(&body[from..at], from)?);
            }
            if is_close {
                return Ok(parts);
            }
            if parts.len() >= MAX_PARTS {
                return Err(Malformed::new(at, "at most 256 body parts", CLAUSE));
            }
            part_from = Some(next);
        }
        at = next;
    }
    Err(Malformed::new(body.len(), "the closing boundary", CLAUSE))
}

fn boundary_of(content_type: &str) -> Result<String, Malformed> {
    let from = grammar::find_unquoted(content_type, b';').unwrap_or(content_type.len());
    let params = grammar::params(&content_type[from..], CLAUSE)?;
    match grammar::param(&params, "boundary") {
        Some(boundary) if (1..=70).contains(&boundary.len()) => Ok(boundary.to_owned()),
        _ => Err(Malformed::new(0, "a boundary of 1 to 70 octets", CLAUSE)),
    }
}

/// One part from behind its delimiter line to the delimiter line of the next, whose line end is not part of the content.
fn part(octets: &[u8], at: usize) -> Result<BodyPart, Malformed> {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    let octets = octets.strip_suffix(b"\r").unwrap_or(octets);
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut from = 0;
    while from < octets.len() {
        let next = memchr::memchr(b'\n', &octets[from..]).map_or(octets.len(), |f| from + f + 1);
        let line = octets[from..next].trim_ascii_end();
        from = next;
        if line.is_empty() {
            let content = octets[from..].to_vec();
            return Ok(BodyPart { headers, content });
        }
        let text = String::from_utf8_lossy(line);
        if text.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            value.push(' ');
            value.push_str(text.trim());
        } else if let Some((name, value)) = text.split_once(':')
            && headers.len() < MAX_PARTS
        {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        } else {
            return Err(Malformed::new(at, "header fields of a body part", CLAUSE));
        }
    }
    let content = Vec::new();
    Ok(BodyPart { headers, content })
}

/// First part of that media type, also inside nested multiparts.
pub(super) fn find(parts: Vec<BodyPart>, media_type: &str) -> Option<Vec<u8>> {
    find_within(parts, media_type, MAX_DEPTH)
}

fn find_within(parts: Vec<BodyPart>, media_type: &str, depth: usize) -> Option<Vec<u8>> {
    for part in parts {
        let own = part.content_type().unwrap_or_default();
        if own.eq_ignore_ascii_case(media_type) {
            return Some(part.content);
        }
        if depth > 0 && own.starts_with("multipart/") {
            let inner = multipart_parts(part.header("Content-Type")?, &part.content);
            let found = inner
                .ok()
                .and_then(|p| find_within(p, media_type, depth - 1));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Writes parts between `--boundary` lines.
pub fn write_multipart(boundary: &str, parts: &[BodyPart]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for (name, value) in &part.headers {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&part.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::sip::SipMessage;

    #[test]
    fn splits_multiparts_with_preamble_epilogue_and_nesting() {
        let inner = write_multipart(
            "in",
            &[BodyPart {
                headers: vec![("Content-Type".into(), "message/cpim".into())],
                content: b"x\r\n".to_vec(),
            }],
        );
        let parts = [
            BodyPart {
                headers: vec![],
                content: vec![],
            },
            BodyPart {
                headers: vec![("c".into(), "multipart/mixed; boundary=in".into())],
                content: inner,
            },
        ];
        let body = [
            b"preamble\r\n".to_vec(),
            write_multipart("a b:c", &parts),
            b"--a b:c\r\nno".to_vec(),
        ]
        .concat();
        let content_type = "multipart/related; type=\"x/y;z\"; boundary=\"a b:c\"";
        assert_eq!(multipart_parts(content_type, &body).unwrap(), parts);
        let mut message = SipMessage::response(200, "OK");
        message.set_body(content_type, body.clone());
        assert_eq!(message.body_of("Message/CPIM").unwrap(), b"x\r\n");
        assert!(multipart_parts("multipart/mixed", &body).is_err());
        assert!(multipart_parts("multipart/mixed;boundary=other", &body).is_err());
    }
}
