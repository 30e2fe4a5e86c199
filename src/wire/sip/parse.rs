//! Reading the head of a SIP message (RFC 3261 section 7): lines, start line, header fields, Content-Length, and what departs from the grammar.
//! Only a message without a readable start line or without an end of its head is refused; everything else is named as a defect.
use super::fields::Fields;
use super::grammar;
use super::message::{Original, SipMessage, StartLine};
use crate::wire::Malformed;
use std::borrow::Cow;

/// Largest head read.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// Most defects named for one message.
const MAX_DEFECTS: usize = 64;

/// What the head of a message says, before its body is looked at.
struct Reader<'a> {
    octets: &'a [u8],
    /// Whether all of them are ASCII, so that no text of theirs has to be looked at again for being UTF-8.
    ascii: bool,
    defects: Vec<Malformed>,
}

/// One header field: from its first octet to the end of its text, and to the next field.
struct Lines {
    at: usize,
    end: usize,
    next: usize,
    folded: bool,
}

impl<'a> Reader<'a> {
    fn new(octets: &'a [u8]) -> Self {
        Self {
            octets,
            ascii: octets.is_ascii(),
            defects: Vec::new(),
        }
    }

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
    let mut reader = Reader::new(octets);
    let start_at = octets
        .iter()
        .position(|o| !matches!(o, b'\r' | b'\n'))
        .ok_or_else(|| Malformed::new(octets.len(), "a start line", "RFC 3261 section 7"))?;
    let no_end = || {
        let expected = "an empty line at the end of the header fields";
        Malformed::new(octets.len(), expected, "RFC 3261 section 7")
    };
    let (head_from, start_end) = reader.line(start_at).ok_or_else(no_end)?;
    let line = reader.text(start_at, start_end);
    let start = start_line(&mut reader, &line, start_at)?;
    let mut fields = Fields::within(octets);
    let mut at = head_from;
    let (mut next, mut end) = reader.line(at).ok_or_else(no_end)?;
    while end > at {
        if next - start_at > MAX_HEAD {
            let expected = "header fields of at most 64 KiB";
            return Err(Malformed::new(at, expected, "RFC 3261 section 7"));
        }
        let mut folded = false;
        let mut following = reader.line(next).ok_or_else(no_end)?;
        while matches!(octets.get(next), Some(b' ' | b'\t')) && following.1 > next {
            folded = true;
            (next, end) = following;
            following = reader.line(next).ok_or_else(no_end)?;
        }
        let lines = Lines {
            at,
            end,
            next,
            folded,
        };
        field(&mut reader, &mut fields, &lines);
        at = next;
        (next, end) = following;
    }
    let body_from = next;
    let body_to = body_end(&mut reader, &fields, body_from);
    check_mandatory(&mut reader, &start, &fields, head_from);
    Ok(SipMessage {
        start,
        body: octets[body_from..body_to].to_vec(),
        defects: reader.defects,
        fields,
        original: Some(Original {
            start: start_at..start_end,
            body: body_from..body_to,
            length: octets.len(),
        }),
    })
}

/// A start line that was read before, so that nothing of it has to be told again.
pub(super) fn start_line_again(octets: &[u8]) -> Option<StartLine> {
    let mut reader = Reader::new(octets);
    let line = reader.text(0, octets.len());
    start_line(&mut reader, &line, 0).ok()
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
    let (method, rest) = cut(trimmed, white(trimmed)).ok_or_else(unreadable)?;
    let (uri, version) = cut(rest, last_white(rest)).ok_or_else(unreadable)?;
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
    if white(uri_text).is_some() {
        let at = at + method.len() + 1;
        let expected = "no white space in the Request-URI";
        reader.defect(at, expected, "RFC 3261 section 7.1");
    }
    Ok(StartLine::Request {
        method: method.to_owned(),
        uri: uri_text.to_owned(),
    })
}

fn white(text: &str) -> Option<usize> {
    memchr::memchr2(b' ', b'\t', text.as_bytes())
}

fn last_white(text: &str) -> Option<usize> {
    memchr::memrchr2(b' ', b'\t', text.as_bytes())
}

/// What is before the octet at an offset, and what is behind it.
fn cut(text: &str, at: Option<usize>) -> Option<(&str, &str)> {
    let at = at?;
    Some((&text[..at], &text[at + 1..]))
}

fn status_line(reader: &mut Reader, line: &str, at: usize) -> Result<StartLine, Malformed> {
    let unreadable = || {
        let expected = "a SIP version and a status code of three digits";
        Malformed::new(at, expected, "RFC 3261 section 7.2")
    };
    let (version, rest) = cut(line, white(line)).ok_or_else(unreadable)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        reader.defect(at, "SIP/2.0", "RFC 3261 section 7.2");
    }
    let (code, reason) = match cut(rest, white(rest)) {
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

/// One header field. Most are read as they lie; what is folded, no UTF-8 or has no name is read word by word.
fn field(reader: &mut Reader, fields: &mut Fields, lines: &Lines) {
    let octets = &reader.octets[lines.at..lines.end];
    let Some((name, value)) = plain(octets).filter(|_| !lines.folded) else {
        return odd_field(reader, fields, lines);
    };
    let value = if reader.ascii {
        trimmed_ascii(octets, value)
    } else if let Ok(text) = std::str::from_utf8(&octets[value..]) {
        let from = octets.len() - text.trim_start().len();
        [from, from + text.trim().len()]
    } else {
        return odd_field(reader, fields, lines);
    };
    let text = &octets[value[0]..value[1]];
    if memchr::memchr(b'"', text).is_some() {
        let (name, text) = (utf8(&octets[..name]), utf8(text));
        if grammar::has_open_quote(text) && is_structured(name) {
            reader.defect(lines.end, "a closing quote", "RFC 3261 section 25.1");
        }
    }
    fields.lies(
        [lines.at, lines.next],
        lines.at + name,
        value.map(|at| lines.at + at),
    );
}

/// Where the name of a field ends, and where the text behind its colon begins; `None` where there is no token for a name.
fn plain(octets: &[u8]) -> Option<(usize, usize)> {
    let name = octets.iter().position(|o| !grammar::is_token_octet(*o))?;
    let white = octets[name..].iter().position(|o| !b" \t".contains(o))?;
    (name > 0 && octets[name + white] == b':').then_some((name, name + white + 1))
}

/// What `str::trim` leaves of ASCII.
fn trimmed_ascii(octets: &[u8], from: usize) -> [usize; 2] {
    let is_white = |o: &u8| matches!(o, b'\t'..=b'\r' | b' ');
    let (mut from, mut to) = (from, octets.len());
    while from < to && is_white(&octets[from]) {
        from += 1;
    }
    while from < to && is_white(&octets[to - 1]) {
        to -= 1;
    }
    [from, to]
}

fn utf8(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap_or_default()
}

fn odd_field(reader: &mut Reader, fields: &mut Fields, lines: &Lines) {
    let Lines { at, end, next, .. } = *lines;
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
    if grammar::has_open_quote(&value) && is_structured(name) {
        reader.defect(end, "a closing quote", "RFC 3261 section 25.1");
    }
    fields.reads([at, next], name, &value);
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
fn body_end(reader: &mut Reader, fields: &Fields, from: usize) -> usize {
    const CLAUSE: &str = "RFC 3261 section 20.14";
    let mut length: Option<usize> = None;
    for place in fields.places("Content-Length") {
        let (value, at) = (fields.value(place), fields.offset(place));
        let is_number = !value.is_empty() && value.bytes().all(|o| o.is_ascii_digit());
        match value.parse::<usize>() {
            Ok(value) if is_number => match length {
                Some(known) if known != value => {
                    reader.defect(at, "one Content-Length", CLAUSE);
                }
                _ => length = Some(value),
            },
            _ => reader.defect(at, "a decimal number of octets", CLAUSE),
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
fn check_mandatory(reader: &mut Reader, start: &StartLine, fields: &Fields, at: usize) {
    const CLAUSE: &str = "RFC 3261 section 8.1.1";
    let is_request = matches!(start, StartLine::Request { .. });
    for name in ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"] {
        if name == "Max-Forwards" && !is_request {
            continue;
        }
        if fields.place(name).is_none() {
            reader.defect(at, format!("a {name} header field"), CLAUSE);
        }
    }
    let Some(place) = fields.place("CSeq") else {
        return;
    };
    let at = fields.offset(place);
    match (cseq_of(fields.value(place)), start) {
        (None, _) => reader.defect(
            at,
            "a number below 2^31 and a method",
            "RFC 3261 section 20.16",
        ),
        (Some((_, named)), StartLine::Request { method, .. }) if named != method => {
            let expected = format!("the method of the request, {method}");
            reader.defect(at, expected, "RFC 3261 section 8.1.1.5");
        }
        _ => {}
    }
}

/// Number and method of a CSeq value; the number has to fit 32 bits.
pub(super) fn cseq_of(value: &str) -> Option<(u32, &str)> {
    let (number, method) = cut(value, white(value))?;
    let method = method.trim();
    let is_number = number.bytes().all(|o| o.is_ascii_digit());
    (is_number && grammar::is_token(method)).then_some(())?;
    Some((number.parse().ok()?, method))
}
