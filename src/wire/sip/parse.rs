//! Reading the head of a SIP message (RFC 3261 section 7): lines, start line, header fields, Content-Length, and what departs from the grammar.
//! Only a message without a readable start line or without an end of its head is refused; everything else is named as a defect.
use super::grammar;
use super::message::{Header, Original, SipMessage, StartLine};
use crate::wire::Malformed;
use std::borrow::Cow;

/// Largest head read.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// Most defects named for one message.
const MAX_DEFECTS: usize = 64;

/// What the head of a message says, before its body is looked at.
struct Reader<'a> {
    octets: &'a [u8],
    defects: Vec<Malformed>,
}

impl<'a> Reader<'a> {
    fn defect(&mut self, at: usize, expected: impl Into<String>, clause: &'static str) {
        if self.defects.len() < MAX_DEFECTS {
            self.defects.push(Malformed::new(at, expected, clause));
        }
    }

    fn text(&mut self, from: usize, to: usize) -> Cow<'a, str> {
        let octets = &self.octets[from..to];
        match std::str::from_utf8(octets) {
            Ok(text) => Cow::Borrowed(text),
            Err(wrong) => {
                self.defect(from + wrong.valid_up_to(), "UTF-8", "RFC 3261 section 7");
                String::from_utf8_lossy(octets)
            }
        }
    }

    /// Offset behind the line that starts at `from`, and behind its text; `None` if it does not end.
    fn line(&mut self, from: usize) -> Option<(usize, usize)> {
        let rest = self.octets.get(from..)?;
        let feed = from + memchr::memchr(b'\n', rest)?;
        if feed > from && self.octets[feed - 1] == b'\r' {
            return Some((feed + 1, feed - 1));
        }
        let told = self.defects.iter().any(|d| d.expected == CRLF);
        if !told {
            self.defect(feed, CRLF, "RFC 3261 section 7");
        }
        Some((feed + 1, feed))
    }
}

const CRLF: &str = "CRLF at the end of the line";

pub(super) fn message(octets: &[u8]) -> Result<SipMessage, Malformed> {
    let mut reader = Reader {
        octets,
        defects: Vec::new(),
    };
    let start_at = octets
        .iter()
        .position(|o| !matches!(o, b'\r' | b'\n'))
        .ok_or_else(|| Malformed::new(octets.len(), "a start line", "RFC 3261 section 7"))?;
    let no_end = || {
        let expected = "an empty line at the end of the header fields";
        Malformed::new(octets.len(), expected, "RFC 3261 section 7")
    };
    let (mut at, end) = reader.line(start_at).ok_or_else(no_end)?;
    let line = reader.text(start_at, end);
    let start = start_line(&mut reader, &line, start_at)?;
    let head_from = at;
    let mut headers = Vec::new();
    let mut offsets = Vec::new();
    let (mut next, mut end) = reader.line(at).ok_or_else(no_end)?;
    while end > at {
        if next - start_at > MAX_HEAD {
            let expected = "header fields of at most 64 KiB";
            return Err(Malformed::new(at, expected, "RFC 3261 section 7"));
        }
        let mut following = reader.line(next).ok_or_else(no_end)?;
        while matches!(octets.get(next), Some(b' ' | b'\t')) && following.1 > next {
            (next, end) = following;
            following = reader.line(next).ok_or_else(no_end)?;
        }
        let header = field(&mut reader, at, end, next);
        headers.push(header);
        offsets.push(at);
        at = next;
        (next, end) = following;
    }
    let body_from = next;
    let body_to = body_end(&mut reader, &headers, &offsets, body_from);
    check_mandatory(&mut reader, &start, &headers, &offsets, head_from);
    Ok(SipMessage {
        start: start.clone(),
        headers,
        body: octets[body_from..body_to].to_vec(),
        defects: reader.defects,
        original: Some(Original {
            octets: octets.to_vec(),
            start,
            fields: head_from,
            body: body_from..body_to,
        }),
    })
}

fn start_line(reader: &mut Reader, line: &str, at: usize) -> Result<StartLine, Malformed> {
    let trimmed = line.trim();
    let is_response = trimmed
        .get(..4)
        .is_some_and(|four| four.eq_ignore_ascii_case("SIP/"));
    // A reason phrase may end in white space, or be nothing but it.
    let around = line.len()
        - if is_response {
            line.trim_start().len()
        } else {
            trimmed.len()
        };
    if around > 0 {
        let expected = "no white space around the start line";
        reader.defect(at, expected, "RFC 3261 section 7.1");
    }
    if is_response {
        return status_line(reader, line.trim_start(), at);
    }
    let unreadable = || {
        let expected = "a method, a Request-URI and a SIP version";
        Malformed::new(at, expected, "RFC 3261 section 7.1")
    };
    let (method, rest) = trimmed.split_once([' ', '\t']).ok_or_else(unreadable)?;
    let (uri, version) = rest.rsplit_once([' ', '\t']).ok_or_else(unreadable)?;
    let looks_like_version = version
        .get(..4)
        .is_some_and(|four| four.eq_ignore_ascii_case("SIP/"));
    if !grammar::is_token(method) || !looks_like_version {
        return Err(unreadable());
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let at = at + line.len() - version.len();
        reader.defect(at, "SIP/2.0", "RFC 3261 section 21.5.6");
    }
    let uri_text = uri.trim();
    if uri_text.is_empty() {
        return Err(unreadable());
    }
    if uri_text.len() != uri.len() {
        let at = at + method.len() + 1;
        let expected = "one space between the parts of the request line";
        reader.defect(at, expected, "RFC 3261 section 7.1");
    }
    if uri_text.contains([' ', '\t']) {
        let at = at + method.len() + 1;
        let expected = "no white space in the Request-URI";
        reader.defect(at, expected, "RFC 3261 section 7.1");
    }
    Ok(StartLine::Request {
        method: method.to_owned(),
        uri: uri_text.to_owned(),
    })
}

fn status_line(reader: &mut Reader, line: &str, at: usize) -> Result<StartLine, Malformed> {
    let unreadable = || {
        let expected = "a SIP version and a status code of three digits";
        Malformed::new(at, expected, "RFC 3261 section 7.2")
    };
    let (version, rest) = line.split_once([' ', '\t']).ok_or_else(unreadable)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        reader.defect(at, "SIP/2.0", "RFC 3261 section 7.2");
    }
    let (code, reason) = match rest.split_once([' ', '\t']) {
        Some((code, reason)) => (code, reason),
        None => {
            let expected = "a space after the status code";
            reader.defect(at + line.len(), expected, "RFC 3261 section 7.2");
            (rest, "")
        }
    };
    let code_is_right = code.len() == 3 && code.bytes().all(|o| o.is_ascii_digit());
    let code: u16 = match code.parse() {
        Ok(code) if code_is_right => code,
        _ => return Err(unreadable()),
    };
    if !(100..700).contains(&code) {
        let expected = "a status code from 100 to 699";
        reader.defect(at, expected, "RFC 3261 section 7.2");
    }
    Ok(StartLine::Response {
        code,
        reason: reason.to_owned(),
    })
}

/// One header field from `at`; its text ends at `end`, its octets at `next`.
fn field(reader: &mut Reader, at: usize, end: usize, next: usize) -> Header {
    let raw = reader.octets[at..next].to_vec();
    let text = reader.text(at, end);
    let (name, value) = match text.split_once(':') {
        Some((name, value)) if !text.starts_with([' ', '\t']) => (name.trim_end(), value),
        _ => {
            reader.defect(
                at,
                "a header field name and a colon",
                "RFC 3261 section 7.3.1",
            );
            ("", text.as_ref())
        }
    };
    if !name.is_empty() && !grammar::is_token(name) {
        reader.defect(at, "a token as header field name", "RFC 3261 section 7.3.1");
    } else if name.is_empty() && text.starts_with(':') {
        reader.defect(
            at,
            "a header field name before the colon",
            "RFC 3261 section 7.3.1",
        );
    }
    let value = unfold(value);
    if value.contains('"') && is_structured(name) && grammar::has_open_quote(&value) {
        reader.defect(end, "a closing quote", "RFC 3261 section 25.1");
    }
    Header {
        name: name.to_owned(),
        value,
        raw,
    }
}

/// Folds (line end and white space) become one space.
fn unfold(value: &str) -> String {
    if !value.contains('\n') {
        return value.trim().to_owned();
    }
    let mut out = String::with_capacity(value.len());
    for line in value.split('\n') {
        let line = line.trim();
        if !out.is_empty() && !line.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

/// Header fields whose grammar has quoted strings everywhere a quote may stand.
fn is_structured(name: &str) -> bool {
    const NAMES: [&str; 31] = [
        "Accept",
        "Accept-Contact",
        "Alert-Info",
        "Authentication-Info",
        "Authorization",
        "Call-Info",
        "Contact",
        "Content-Disposition",
        "Content-Type",
        "Error-Info",
        "Event",
        "From",
        "P-Asserted-Identity",
        "P-Associated-URI",
        "P-Called-Party-ID",
        "P-Preferred-Identity",
        "Path",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Reason",
        "Record-Route",
        "Refer-To",
        "Referred-By",
        "Reject-Contact",
        "Reply-To",
        "Route",
        "Service-Route",
        "To",
        "Via",
        "Warning",
        "WWW-Authenticate",
    ];
    let name = grammar::long_name(name);
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// RFC 3261 section 18.3: the body ends where Content-Length says, or with the datagram.
fn body_end(reader: &mut Reader, headers: &[Header], offsets: &[usize], from: usize) -> usize {
    const CLAUSE: &str = "RFC 3261 section 20.14";
    let mut length: Option<usize> = None;
    for (header, at) in headers.iter().zip(offsets) {
        if !grammar::same_name(&header.name, "Content-Length") {
            continue;
        }
        let is_number =
            !header.value.is_empty() && header.value.bytes().all(|o| o.is_ascii_digit());
        match header.value.parse::<usize>() {
            Ok(value) if is_number => match length {
                Some(known) if known != value => {
                    reader.defect(*at, "one Content-Length", CLAUSE);
                }
                _ => length = Some(value),
            },
            _ => reader.defect(*at, "a decimal number of octets", CLAUSE),
        }
    }
    let all = reader.octets.len();
    match length {
        Some(length) if length > all - from => {
            let expected = format!("{length} octets of body, not {}", all - from);
            reader.defect(all, expected, "RFC 3261 section 18.3");
            all
        }
        Some(length) => from + length,
        None => all,
    }
}

/// RFC 3261 section 8.1.1 and table 2: header fields without which a message cannot be worked on.
fn check_mandatory(
    reader: &mut Reader,
    start: &StartLine,
    headers: &[Header],
    offsets: &[usize],
    at: usize,
) {
    const CLAUSE: &str = "RFC 3261 section 8.1.1";
    let is_request = matches!(start, StartLine::Request { .. });
    for name in ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"] {
        if name == "Max-Forwards" && !is_request {
            continue;
        }
        if !headers.iter().any(|h| grammar::same_name(&h.name, name)) {
            reader.defect(at, format!("a {name} header field"), CLAUSE);
        }
    }
    let cseq = headers
        .iter()
        .zip(offsets)
        .find(|(h, _)| grammar::same_name(&h.name, "CSeq"));
    let Some((header, at)) = cseq else { return };
    match (cseq_of(&header.value), start) {
        (None, _) => reader.defect(
            *at,
            "a number below 2^31 and a method",
            "RFC 3261 section 20.16",
        ),
        (Some((_, named)), StartLine::Request { method, .. }) if named != method => {
            let expected = format!("the method of the request, {method}");
            reader.defect(*at, expected, "RFC 3261 section 8.1.1.5");
        }
        _ => {}
    }
}

/// Number and method of a CSeq value; the number has to fit 32 bits.
pub(super) fn cseq_of(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    let method = method.trim();
    let is_number = number.bytes().all(|o| o.is_ascii_digit());
    (is_number && grammar::is_token(method)).then_some(())?;
    Some((number.parse().ok()?, method))
}
