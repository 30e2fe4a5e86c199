//! Grammar problems of a message that can be read, as RFC 4475 section 3.1.2 and section 3.3 describe them.
//! It names what is wrong and where the rule stands; which response it deserves is for the peer or the judge. Offsets are 0 at the start of
//! the value that is wrong, because a changed message has no octets to point into.
use super::grammar;
use super::message::{SipMessage, StartLine};
use super::{NameAddr, SipUri, Via};
use crate::wire::Malformed;

/// Most problems named for one message.
const MAX_PROBLEMS: usize = 64;

struct Problems(Vec<Malformed>);

impl Problems {
    fn add(&mut self, expected: impl Into<String>, clause: &'static str) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(Malformed::new(0, expected, clause));
        }
    }
    fn unless(&mut self, holds: bool, expected: &str, clause: &'static str) {
        if !holds {
            self.add(expected, clause);
        }
    }
    fn named(&mut self, name: &str, wrong: Malformed) {
        self.add(format!("{} in {name}", wrong.expected), wrong.clause);
    }
}

pub(super) fn message(message: &SipMessage) -> Vec<Malformed> {
    let mut problems = Problems(Vec::new());
    request_uri(message, &mut problems);
    once(message, &mut problems);
    addresses(message, &mut problems);
    vias(message, &mut problems);
    numbers(message, &mut problems);
    tokens(message, &mut problems);
    rest(message, &mut problems);
    problems.0
}

fn request_uri(message: &SipMessage, problems: &mut Problems) {
    let StartLine::Request { uri, .. } = &message.start else {
        return;
    };
    if uri.contains(['<', '>']) {
        problems.add(
            "a Request-URI without angle brackets",
            "RFC 3261 section 25.1",
        );
        return;
    }
    match SipUri::parse(uri) {
        Ok(uri) if uri.headers.is_some() || (!uri.host.is_empty() && uri.has_param("method")) => {
            let expected = "a Request-URI without headers and method parameter";
            problems.add(expected, "RFC 3261 section 19.1.1");
        }
        Ok(uri) if uri.scheme == "tel" => {
            let global = uri.user.as_deref().is_some_and(|n| n.starts_with('+'));
            let local = uri.param("phone-context").is_some();
            problems.unless(global || local, "a phone-context", "RFC 3966 section 5.1.5");
        }
        Ok(_) => {}
        // White space is a defect of the request line already.
        Err(_) if uri.contains([' ', '\t']) => {}
        Err(wrong) => problems.named("the Request-URI", wrong),
    }
}

fn once(message: &SipMessage, problems: &mut Problems) {
    const ONCE: [&str; 17] = [
        "Call-ID",
        "Content-Disposition",
        "Content-Length",
        "Content-Type",
        "CSeq",
        "Date",
        "Event",
        "Expires",
        "From",
        "Max-Forwards",
        "MIME-Version",
        "Min-Expires",
        "Refer-To",
        "Session-Expires",
        "Subject",
        "Timestamp",
        "To",
    ];
    for name in ONCE {
        if message.headers_named(name).nth(1).is_some() {
            problems.add(format!("{name} only once"), "RFC 3261 section 7.3.1");
        }
    }
}

fn addresses(message: &SipMessage, problems: &mut Problems) {
    for name in ["From", "To", "Refer-To", "Referred-By", "Reply-To"] {
        for value in message.headers_named(name) {
            address(name, value, problems);
        }
    }
    const LISTS: [&str; 8] = [
        "Contact",
        "P-Asserted-Identity",
        "P-Associated-URI",
        "P-Preferred-Identity",
        "Path",
        "Record-Route",
        "Route",
        "Service-Route",
    ];
    for name in LISTS {
        for value in message.headers_named(name) {
            if name == "Contact" && value == "*" {
                continue;
            }
            for value in grammar::split(value, b',') {
                address(name, value, problems);
                let is_route = matches!(name, "Path" | "Record-Route" | "Route" | "Service-Route");
                if is_route && !value.contains('<') {
                    problems.add(
                        format!("angle brackets in {name}"),
                        "RFC 3261 section 20.34",
                    );
                }
            }
        }
    }
    let tagged = message
        .address("From")
        .is_none_or(|from| from.has_param("tag"));
    problems.unless(tagged, "a tag in From", "RFC 3261 section 8.1.1.3");
}

fn address(name: &str, value: &str, problems: &mut Problems) {
    if grammar::has_open_quote(value) {
        return; // a defect already
    }
    let read = match NameAddr::parse(value) {
        Ok(read) => read,
        Err(wrong) => return problems.named(name, wrong),
    };
    let display = read.display.unwrap_or_default();
    let quoted = value.trim_start().starts_with('"');
    if !quoted && !display.split_whitespace().all(grammar::is_token) {
        let expected = format!("tokens or a quoted string as display name in {name}");
        problems.add(expected, "RFC 3261 section 25.1");
    }
    for (param, value) in &read.params {
        let value = value.as_deref().unwrap_or_default();
        match param.as_str() {
            "expires" if !is_number_up_to(value, u32::MAX.into()) => {
                problems.add("expires below 2^32", "RFC 3261 section 20.10");
            }
            "q" if !is_qvalue(value) => problems.add("q from 0 to 1", "RFC 3261 section 20.10"),
            _ => {}
        }
    }
}

fn is_qvalue(text: &str) -> bool {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let zeros = decimals.bytes().all(|o| o == b'0');
    let digits = decimals.len() <= 3 && decimals.bytes().all(|o| o.is_ascii_digit());
    digits && (whole == "0" || (whole == "1" && zeros))
}

fn vias(message: &SipMessage, problems: &mut Problems) {
    const BRANCH: &str = "RFC 3261 section 8.1.1.7";
    const COOKIE: &str = "z9hG4bK";
    for value in message.headers_named("Via") {
        for value in grammar::split(value, b',') {
            let via = match Via::parse(value) {
                Ok(via) => via,
                Err(wrong) => {
                    problems.named("Via", wrong);
                    continue;
                }
            };
            let version = via.protocol.eq_ignore_ascii_case("SIP/2.0");
            problems.unless(version, "SIP/2.0 in Via", "RFC 3261 section 20.42");
            let branch = via.param("branch").unwrap_or_default();
            let is_cookie_alone = branch.eq_ignore_ascii_case(COOKIE);
            problems.unless(!branch.is_empty(), "a branch in Via", BRANCH);
            problems.unless(
                !is_cookie_alone,
                "more than the magic cookie in branch",
                BRANCH,
            );
            let ttl = via.param("ttl").is_none_or(|ttl| is_number_up_to(ttl, 255));
            problems.unless(ttl, "ttl from 0 to 255", "RFC 3261 section 25.1");
        }
    }
}

fn is_number_up_to(text: &str, most: u64) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|o| o.is_ascii_digit());
    digits && text.parse::<u64>().is_ok_and(|number| number <= most)
}

fn numbers(message: &SipMessage, problems: &mut Problems) {
    const SECONDS: u64 = u32::MAX as u64;
    const RANGES: [(&str, u64, &str); 6] = [
        ("Max-Forwards", 255, "RFC 3261 section 20.22"),
        ("Expires", SECONDS, "RFC 3261 section 20.19"),
        ("Min-Expires", SECONDS, "RFC 3261 section 20.23"),
        ("Retry-After", SECONDS, "RFC 3261 section 20.33"),
        ("Session-Expires", SECONDS, "RFC 4028 section 4"),
        ("Min-SE", SECONDS, "RFC 4028 section 5"),
    ];
    for (name, most, clause) in RANGES {
        for value in message.headers_named(name) {
            let end = value.find([';', '(']).unwrap_or(value.len());
            if !is_number_up_to(value[..end].trim(), most) {
                problems.add(format!("{name} from 0 to {most}"), clause);
            }
        }
    }
    let number = message.cseq().map_or(0, |(number, _)| number);
    problems.unless(
        number < 1 << 31,
        "a CSeq below 2^31",
        "RFC 3261 section 8.1.1.5",
    );
    for value in message.values("Warning") {
        let code = value.split_whitespace().next().unwrap_or_default();
        let right = code.len() == 3 && is_number_up_to(code, 999);
        problems.unless(right, "three digits in Warning", "RFC 3261 section 20.43");
    }
}

fn tokens(message: &SipMessage, problems: &mut Problems) {
    for name in [
        "Allow",
        "Supported",
        "Require",
        "Proxy-Require",
        "Unsupported",
    ] {
        for value in message.headers_named(name) {
            let mut parts = grammar::split(value, b',').into_iter();
            // Allow and Supported may be empty; an empty element of a list may not.
            if !value.is_empty() && !parts.all(grammar::is_token) {
                problems.add(
                    format!("a list of tokens in {name}"),
                    "RFC 3261 section 25.1",
                );
            }
        }
    }
}

fn rest(message: &SipMessage, problems: &mut Problems) {
    let date = message.header("Date").is_none_or(is_date);
    problems.unless(date, "an RFC 1123 date in GMT", "RFC 3261 section 20.17");
    let call_id = message.call_id().is_none_or(is_call_id);
    problems.unless(
        call_id,
        "a word, or word@word, in Call-ID",
        "RFC 3261 section 25.1",
    );
    match message.header("Content-Type") {
        None => {
            let expected = "a Content-Type for the body";
            problems.unless(message.body.is_empty(), expected, "RFC 3261 section 20.15");
        }
        Some(value) => {
            let end = grammar::find_unquoted(value, b';').unwrap_or(value.len());
            let parts: Vec<&str> = value[..end].split('/').map(str::trim).collect();
            let right = parts.len() == 2 && parts.iter().all(|p| grammar::is_token(p));
            let params = grammar::params(&value[end..], "RFC 3261 section 20.15");
            let right = right && (params.is_ok() || grammar::has_open_quote(value));
            problems.unless(right, "a media type", "RFC 3261 section 20.15");
        }
    }
}

fn is_call_id(text: &str) -> bool {
    let is_word = |word: &str| {
        let extra = b"()<>:\\\"/[]?{}";
        let right = |o: u8| grammar::is_token_octet(o) || extra.contains(&o);
        !word.is_empty() && word.bytes().all(right)
    };
    match text.split_once('@') {
        Some((left, right)) => is_word(left) && is_word(right),
        None => is_word(text),
    }
}

/// `Sat, 13 Nov 2010 23:29:00 GMT` (RFC 3261 section 25.1, rfc1123-date).
fn is_date(text: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split(' ').collect();
    let [day, date, month, year, time, zone] = parts.as_slice() else {
        return false;
    };
    let number =
        |text: &str, length: usize, most: u64| text.len() == length && is_number_up_to(text, most);
    let clock: Vec<&str> = time.split(':').collect();
    let time_is_right = matches!(clock.as_slice(), [h, m, s] if number(h, 2, 23) && number(m, 2, 59) && number(s, 2, 60));
    day.strip_suffix(',').is_some_and(|day| DAYS.contains(&day))
        && number(date, 2, 31)
        && MONTHS.contains(month)
        && number(year, 4, 9999)
        && time_is_right
        && *zone == "GMT"
}
