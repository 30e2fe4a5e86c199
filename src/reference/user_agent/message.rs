//! Building responses (RFC 3261 section 8.2.6) and the checks every request must pass before anyone sees it (section 8.2).
use super::config::ANY_EXTENSION;
use super::config::{Transport, UserAgentConfig};
use super::request::{Body, HeaderList};
use super::via::Via;
use crate::wire::sip::{NameAddr, SipMessage};
use std::net::{IpAddr, SocketAddr};

/// Methods of RFC 3261 and its extensions: recognised, whether allowed or not.
const KNOWN_METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "REGISTER",
    "MESSAGE",
    "UPDATE",
    "PRACK",
    "INFO",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "PUBLISH",
];

/// A refusal decided by the user agent itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reference) struct Refusal {
    pub(in crate::reference) code: u16,
    pub(in crate::reference) reason: &'static str,
    pub(in crate::reference) headers: HeaderList,
}

impl Refusal {
    pub(in crate::reference) fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason,
            headers: HeaderList::new(),
        }
    }

    pub(in crate::reference) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_string(), value.into()));
        self
    }
}

/// Where a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reference) struct Origin {
    pub(in crate::reference) transport: Transport,
    pub(in crate::reference) source: SocketAddr,
}

/// Departures after which a message cannot be read for certain, by the clause they are cited with: request line, header field lines,
/// lengths, an open quote.
const UNREADABLE: [&str; 6] = [
    "RFC 3261 section 7.1",
    "RFC 3261 section 7.3.1",
    "RFC 3261 section 18.3",
    "RFC 3261 section 20.14",
    "RFC 3261 section 20.16",
    "RFC 3261 section 25.1",
];

/// Departures in what can be read that leave open what the request means: repeated single fields, Max-Forwards over 255, header fields
/// in the Request-URI. Everything else a lenient server takes as it comes.
const AMBIGUOUS: [&str; 3] = [
    "RFC 3261 section 7.3.1",
    "RFC 3261 section 19.1.1",
    "RFC 3261 section 20.22",
];

/// What RFC 4475 section 3 wants refused for its form alone.
fn form_refusal(request: &SipMessage) -> Option<Refusal> {
    let read = &request.defects;
    if read.iter().any(|d| d.clause == "RFC 3261 section 21.5.6") {
        return Some(Refusal::new(505, "Version Not Supported"));
    }
    let bad = request.uri().is_some_and(|uri| uri.starts_with('<'))
        || read.iter().any(|d| UNREADABLE.contains(&d.clause))
        || request.check().iter().any(|d| {
            // How many Refer-To a REFER has is the business of who is asked by it (RFC 3515 section 2.4.2).
            let ambiguous = AMBIGUOUS.contains(&d.clause) && !d.expected.starts_with("Refer-To");
            // RFC 5118 section 4.2: nobody can say whom such a request is for.
            ambiguous || d.expected.ends_with(" in the Request-URI")
        });
    bad.then(|| Refusal::new(400, "Bad Request"))
}

/// The header fields RFC 3261 section 8.1.1 makes mandatory, and those that must be readable for anything else to work.
pub(in crate::reference) fn syntax_refusal(
    request: &SipMessage,
    transport: Transport,
) -> Option<Refusal> {
    for name in ["From", "To"] {
        match request.header(name).map(NameAddr::parse) {
            Some(Ok(_)) => {}
            Some(Err(_)) if name == "From" => {
                return Some(Refusal::new(400, "Malformed From Header Field"));
            }
            Some(Err(_)) => return Some(Refusal::new(400, "Malformed To Header Field")),
            None if name == "From" => return Some(Refusal::new(400, "Missing From Header Field")),
            None => return Some(Refusal::new(400, "Missing To Header Field")),
        }
    }
    if request.call_id().is_none_or(str::is_empty) {
        return Some(Refusal::new(400, "Missing Call-ID Header Field"));
    }
    match request.cseq() {
        None => return Some(Refusal::new(400, "Missing or Malformed CSeq Header Field")),
        Some((_, method)) if Some(method) != request.method() => {
            return Some(Refusal::new(400, "CSeq Method Does Not Match"));
        }
        Some(_) => {}
    }
    let number = |name| request.header(name).map(|v| v.trim().parse::<u64>());
    if let Some(Err(_)) = number("Max-Forwards") {
        return Some(Refusal::new(400, "Malformed Max-Forwards Header Field"));
    }
    match number("Content-Length") {
        Some(Err(_)) => Some(Refusal::new(400, "Malformed Content-Length Header Field")),
        Some(Ok(length)) if length > request.body.len() as u64 => {
            Some(Refusal::new(400, "Body Shorter Than Content-Length"))
        }
        None if transport.is_reliable() && !request.body.is_empty() => {
            Some(Refusal::new(400, "Missing Content-Length Header Field"))
        }
        _ => form_refusal(request),
    }
}

/// RFC 3261 sections 8.2.1 to 8.2.3 for requests that are neither ACK nor CANCEL.
pub(in crate::reference) fn policy_refusal(
    request: &SipMessage,
    config: &UserAgentConfig,
) -> Option<Refusal> {
    let method = request.method().unwrap_or_default();
    if !config.allow.iter().any(|allowed| allowed == method) {
        let refusal = if KNOWN_METHODS.contains(&method) {
            Refusal::new(405, "Method Not Allowed")
        } else {
            Refusal::new(501, "Not Implemented")
        };
        return Some(refusal.with("Allow", config.allow.join(", ")));
    }
    let scheme = request
        .uri()
        .and_then(|uri| uri.split_once(':'))
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("sip" | "sips" | "tel" | "urn")) {
        return Some(Refusal::new(416, "Unsupported URI Scheme"));
    }
    let spent = |value: &str| value.trim().bytes().all(|digit| digit == b'0');
    if config.refuse_zero_max_forwards && request.header("Max-Forwards").is_some_and(spent) {
        return Some(Refusal::new(483, "Too Many Hops"));
    }
    let known = |tag: &str| {
        config
            .supported
            .iter()
            .any(|s| s == tag || s == ANY_EXTENSION)
    };
    let unsupported: Vec<&str> = request
        .values("Require")
        .into_iter()
        .filter(|tag| !tag.is_empty() && !known(tag))
        .collect();
    if !unsupported.is_empty() {
        return Some(
            Refusal::new(420, "Bad Extension").with("Unsupported", unsupported.join(", ")),
        );
    }
    if method == "INVITE" && contact_uri(request).is_none() {
        return Some(Refusal::new(
            400,
            "Missing or Malformed Contact Header Field",
        ));
    }
    session_interval_refusal(request, config)
}

/// RFC 4028 section 9: an interval under our minimum is refused if the peer understands why.
fn session_interval_refusal(request: &SipMessage, config: &UserAgentConfig) -> Option<Refusal> {
    if !matches!(request.method(), Some("INVITE" | "UPDATE")) {
        return None;
    }
    let (interval, _) = session_expires(request)?;
    (interval < config.min_session_expires && supports(request, "timer")).then(|| {
        Refusal::new(422, "Session Interval Too Small")
            .with("Min-SE", config.min_session_expires.to_string())
    })
}

/// Whether an option tag stands in Supported or Require.
pub(in crate::reference) fn supports(message: &SipMessage, tag: &str) -> bool {
    ["Supported", "Require"].iter().any(|name| {
        message
            .values(name)
            .iter()
            .any(|v| v.eq_ignore_ascii_case(tag))
    })
}

/// Interval and refresher of Session-Expires.
pub(in crate::reference) fn session_expires(message: &SipMessage) -> Option<(u32, Option<String>)> {
    let value = message.header("Session-Expires")?;
    let mut pieces = value.split(';');
    let interval = pieces.next()?.trim().parse().ok()?;
    let refresher = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("refresher")
            .then(|| value.trim().to_ascii_lowercase())
    });
    Some((interval, refresher))
}

/// The URI of the first Contact, as written.
pub(in crate::reference) fn contact_uri(message: &SipMessage) -> Option<String> {
    let values = message.values("Contact");
    let address = NameAddr::parse(values.first()?).ok()?;
    Some(address.uri.as_str().to_string())
}

/// The address a URI names, if it names one by number; a missing port is 5060.
pub(in crate::reference) fn socket_address(uri: &str) -> Option<SocketAddr> {
    let uri = crate::wire::sip::SipUri::parse(uri).ok()?;
    let ip: IpAddr = uri
        .host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()?;
    Some(SocketAddr::new(ip, uri.port.unwrap_or(5060)))
}

/// The transport a URI asks for.
pub(in crate::reference) fn uri_transport(uri: &str) -> Option<Transport> {
    let uri = crate::wire::sip::SipUri::parse(uri).ok()?;
    Transport::of_uri(&uri)
}

/// A response with the header fields of RFC 3261 section 8.2.6.2; the To-tag is added where there is none and the code is over 100.
pub(in crate::reference) fn response_to(
    request: &SipMessage,
    code: u16,
    reason: &str,
    to_tag: &str,
    source: SocketAddr,
) -> SipMessage {
    let mut response = SipMessage::response(code, reason);
    for (place, via) in request.values("Via").into_iter().enumerate() {
        if place == 0 {
            response.push("Via", Via::stamped(via, source));
        } else {
            response.push("Via", via);
        }
    }
    let method = request.method().unwrap_or_default();
    let makes_dialog =
        matches!(method, "INVITE" | "SUBSCRIBE" | "REFER") && (101..300).contains(&code);
    if makes_dialog {
        for route in request.headers_named("Record-Route") {
            response.push("Record-Route", route);
        }
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let Some(value) = request.header(name) else {
            continue;
        };
        if name == "To" && code > 100 && request.to_tag().is_none() {
            response.push(name, tagged(value, to_tag));
        } else {
            response.push(name, value);
        }
    }
    if code == 100
        && let Some(timestamp) = request.header("Timestamp")
    {
        response.push("Timestamp", timestamp);
    }
    response
}

/// A To value with our tag. A bare addr-spec keeps its parameters for itself only inside angle brackets (RFC 3261 section 20).
pub(in crate::reference) fn tagged(value: &str, tag: &str) -> String {
    format!("{value};tag={tag}")
}

/// Adds header fields and body, the product name and Content-Length.
pub(in crate::reference) fn complete(
    message: &mut SipMessage,
    headers: &HeaderList,
    body: Option<&Body>,
    product: Option<&str>,
) {
    for (name, value) in headers {
        message.push(name, value);
    }
    let name = if message.is_request() {
        "User-Agent"
    } else {
        "Server"
    };
    if let Some(product) = product
        && message.header(name).is_none()
    {
        message.push(name, product);
    }
    match body {
        Some(body) => message.set_body(&body.content_type, body.octets.clone()),
        None => message.set("Content-Length", message.body.len().to_string()),
    }
}
