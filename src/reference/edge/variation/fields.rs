//! Values of header fields in another form, by what the grammar of each allows (RFC 3261 section 25.1 and the documents of the extensions).
//! A header field that is not listed keeps its value.
use super::super::dice::Dice;
use super::text::{Hand, cut, is_token, other_quotes, parameters, print};
use super::uri;

/// What may be done with the values of a header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Addresses with parameters, in angle brackets or bare.
    Address,
    /// Addresses that must stand in angle brackets.
    NameAddress,
    Via,
    /// Tokens whose order says nothing.
    Tokens,
    /// One value with parameters behind it.
    Value,
    /// A media type.
    Media,
    Number,
    CSeq,
    /// A scheme and parameters with commas between them.
    Credentials,
    Kept,
}

/// The form of a header field, and whether several of them may stand in one with commas (RFC 3261 section 7.3.1).
pub(super) fn form(name: &str) -> (Form, bool) {
    match name.to_ascii_lowercase().as_str() {
        "from" | "to" | "refer-to" | "referred-by" | "reply-to" => (Form::Address, false),
        "contact" | "p-asserted-identity" | "p-preferred-identity" => (Form::Address, true),
        "route" | "record-route" | "service-route" | "path" => (Form::NameAddress, true),
        "history-info" | "p-associated-uri" | "diversion" => (Form::NameAddress, true),
        "p-called-party-id" => (Form::NameAddress, false),
        "via" => (Form::Via, true),
        "allow" | "supported" | "require" | "unsupported" | "proxy-require" | "allow-events" => {
            (Form::Tokens, true)
        }
        "accept" => (Form::Media, true),
        "content-type" => (Form::Media, false),
        "accept-contact" | "reject-contact" | "reason" => (Form::Value, true),
        "event"
        | "subscription-state"
        | "session-expires"
        | "min-se"
        | "content-disposition"
        | "p-access-network-info"
        | "p-charging-vector"
        | "replaces"
        | "join" => (Form::Value, false),
        "max-forwards" | "expires" | "min-expires" => (Form::Number, false),
        "cseq" => (Form::CSeq, false),
        "www-authenticate" | "proxy-authenticate" | "authorization" => (Form::Credentials, false),
        "warning" | "error-info" | "alert-info" | "call-info" => (Form::Kept, true),
        _ => (Form::Kept, false),
    }
}

/// What a message is, as far as its header fields may be changed for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) seed: u64,
    /// Written by others: it says the same, octet for octet where it is not white space (RFC 3261 section 16.6).
    pub(super) forwarded: bool,
    pub(super) request: bool,
    /// It has a To tag.
    pub(super) in_dialog: bool,
}

impl Place {
    /// A product that knows an extension has it in every such header field, or in none.
    fn always(self, name: &str) -> bool {
        Dice::of(self.seed, name.to_ascii_lowercase().as_bytes()).chance(40)
    }

    /// The header field is this element's own to write: responses copy Via, From, To, Call-ID, CSeq and Record-Route (sections 8.2.6.2
    /// and 12.1.1), and requests in a dialog keep its URIs (section 12.2.1.1).
    fn is_own(self, name: &str) -> bool {
        let is = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
        match self.request {
            true if self.in_dialog => !is(&["From", "To", "Route"]),
            true => !is(&["Route"]),
            false => !is(&["Via", "From", "To", "CSeq", "Record-Route"]),
        }
    }
}

/// One single value (no comma list) in another form.
pub(super) fn vary(name: &str, value: &str, place: Place, hand: &mut Hand) -> String {
    if place.forwarded {
        return value.to_owned();
    }
    let own = place.is_own(name);
    let contact = own && name.eq_ignore_ascii_case("Contact") && place.always(name);
    match form(name).0 {
        Form::Address => address(value, own.then_some(place.seed), contact, true, hand),
        // What others wrote there is theirs.
        Form::NameAddress => address(value, None, false, false, hand),
        Form::Via => via(value, own && place.request, hand),
        Form::Tokens | Form::Kept => value.to_owned(),
        Form::Value => {
            let pieces = cut(value, ';');
            let (first, rest) = pieces.split_first().map_or(("", &[][..]), |(f, r)| (*f, r));
            // P-Charging-Vector has no value before its parameters.
            let mut out = first.to_owned();
            let charging = name.eq_ignore_ascii_case("P-Charging-Vector");
            let mut rest = parameters(rest.iter().copied());
            if own && !charging && takes_parameters(name) && place.always(name) {
                rest.push(("x-varied".to_owned(), Some("\"1;2,3\"".to_owned())));
            }
            out += &print(rest, hand);
            out
        }
        Form::Media => media(value, own, hand),
        Form::Number => number(value, own, hand),
        Form::CSeq => match value.split_once(char::is_whitespace) {
            Some((sequence, method)) => {
                let sequence = number(sequence, own, hand);
                format!("{sequence}{}{}", hand.space(), method.trim())
            }
            None => value.to_owned(),
        },
        Form::Credentials => credentials(value, hand),
    }
}

/// Grammars that end in generic-param (RFC 3261 section 20.11, RFC 6665 section 8.4).
fn takes_parameters(name: &str) -> bool {
    let names = [
        "Content-Disposition",
        "Event",
        "Subscription-State",
        "Session-Expires",
    ];
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// 1*DIGIT: zeros in front change nothing (RFC 4475 section 3.1.1.1 has them).
fn number(value: &str, own: bool, hand: &mut Hand) -> String {
    let digits = !value.is_empty() && value.bytes().all(|o| o.is_ascii_digit());
    match own && digits && value.len() < 8 && hand.dice.chance(20) {
        true => format!("00{value}"),
        false => value.to_owned(),
    }
}

/// name-addr or addr-spec with parameters. `seed`: the URI may be written in another form.
fn address(value: &str, seed: Option<u64>, contact: bool, bare: bool, hand: &mut Hand) -> String {
    let Some(open) = open_bracket(value) else {
        let pieces = cut(value, ';');
        let (uri, rest) = pieces.split_first().map_or(("", &[][..]), |(f, r)| (*f, r));
        if uri == "*" {
            return value.to_owned();
        }
        let parameters = print(parameters(rest.iter().copied()), hand);
        return match hand.dice.chance(60) {
            true => format!("<{uri}>{parameters}"),
            false => format!("{uri}{parameters}"),
        };
    };
    let display = value[..open].trim();
    let Some((uri, rest)) = value[open + 1..].split_once('>') else {
        return value.to_owned();
    };
    let uri = seed.map_or_else(|| uri.to_owned(), |seed| uri::equal(uri, seed));
    let pieces = cut(rest, ';');
    let mut list = parameters(pieces);
    if contact && !list.is_empty() {
        list.push(("x-varied".to_owned(), Some("\"a;b,<c>\"".to_owned())));
    }
    let list = print(list, hand);
    // RFC 3261 section 20: without brackets, what follows a semicolon would be the header field's.
    if bare && display.is_empty() && !uri.contains([';', ',', '?']) && hand.dice.chance(30) {
        return format!("{uri}{list}");
    }
    match display {
        "" => format!("<{uri}>{list}"),
        display => format!("{}{}<{uri}>{list}", name(display, hand), hand.space()),
    }
}

fn open_bracket(value: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => return Some(at),
            // A bracket behind it is in a parameter.
            ';' if !quoted => return None,
            _ => {}
        }
    }
    None
}

/// A display name: tokens, or the same in quotes.
fn name(display: &str, hand: &mut Hand) -> String {
    if hand.dice.chance(50) {
        return display.to_owned();
    }
    let inner = display
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let tokens = |text: &str| text.split(' ').all(is_token);
    match inner {
        Some(inner) if tokens(inner) => inner.to_owned(),
        None if tokens(display) => format!("\"{display}\""),
        _ => display.to_owned(),
    }
}

fn via(value: &str, own: bool, hand: &mut Hand) -> String {
    let pieces = cut(value, ';');
    let (head, rest) = pieces.split_first().map_or(("", &[][..]), |(f, r)| (*f, r));
    let mut words = head.split_whitespace();
    let (protocol, sent_by) = match (words.next(), words.next(), words.next()) {
        (Some(protocol), Some(sent_by), None) => (protocol, sent_by),
        _ => return value.to_owned(),
    };
    let slash = hand.around('/');
    let protocol = protocol.replace('/', &slash);
    let mut list = parameters(rest.iter().copied());
    if own && hand.dice.chance(30) {
        list.push(("x-varied".to_owned(), None));
    }
    format!("{protocol}{}{sent_by}{}", hand.space(), print(list, hand))
}

/// m-type SLASH m-subtype with parameters; their values may be tokens or quoted strings.
fn media(value: &str, own: bool, hand: &mut Hand) -> String {
    let pieces = cut(value, ';');
    let (kind, rest) = pieces.split_first().map_or(("", &[][..]), |(f, r)| (*f, r));
    let Some((kind, subtype)) = kind.split_once('/') else {
        return value.to_owned();
    };
    let (kind, subtype) = match own && hand.cases {
        true => (hand.dice.case(kind.trim()), hand.dice.case(subtype.trim())),
        false => (kind.trim().to_owned(), subtype.trim().to_owned()),
    };
    let mut list = parameters(rest.iter().copied());
    if own {
        for (_, value) in &mut list {
            if let Some(value) = value
                && hand.dice.chance(30)
            {
                *value = other_quotes(value);
            }
        }
    }
    let slash = hand.around('/');
    format!("{kind}{slash}{subtype}{}", print(list, hand))
}

/// The order of the parameters of a challenge says nothing (RFC 3261 section 25.1, digest-cln).
fn credentials(value: &str, hand: &mut Hand) -> String {
    let Some((scheme, rest)) = value.split_once(char::is_whitespace) else {
        return value.to_owned();
    };
    let mut list = parameters(cut(rest, ','));
    hand.dice
        .shuffle(&mut list, |(name, _)| name.to_ascii_lowercase());
    let mut out = format!("{scheme}{}", hand.space());
    for (at, (name, value)) in list.into_iter().enumerate() {
        if at > 0 {
            out += &hand.around(',');
        }
        out += &hand.name(&name);
        if let Some(value) = value {
            out += &hand.around('=');
            out += &value;
        }
    }
    out
}
