//! A whole SIP message in another form: order, names and lines of its header fields (RFC 3261 section 7.3), its reason phrase, its body.
use super::fields::{self, Form, Place};
use super::text::{Hand, cut};
use super::{Dice, Variation, body};
use crate::reference::user_agent::Transport;
use crate::wire::sip::{SipMessage, StartLine};

/// Compact forms of the header fields that the reference sends (RFC 3261 section 7.3.3 and the IANA registry).
const COMPACT: [(&str, &str); 16] = [
    ("accept-contact", "a"),
    ("referred-by", "b"),
    ("content-type", "c"),
    ("request-disposition", "d"),
    ("content-encoding", "e"),
    ("from", "f"),
    ("call-id", "i"),
    ("supported", "k"),
    ("content-length", "l"),
    ("contact", "m"),
    ("event", "o"),
    ("refer-to", "r"),
    ("subject", "s"),
    ("to", "t"),
    ("allow-events", "u"),
    ("via", "v"),
];
/// RFC 4028 section 4 has this one.
const SESSION_EXPIRES: (&str, &str) = ("session-expires", "x");

/// Header fields that no document knows; whoever gets them ignores them (RFC 3261 section 8.2.2).
const UNKNOWN: [(&str, &str); 4] = [
    ("X-Varied", "1"),
    ("X-Varied-List", "a, \"b;c, d\" <e>;f=\"g\""),
    ("P-Varied-Note", "<sip:nobody@varied.invalid>;tag=no-tag"),
    ("Varied", ""),
];

/// A header field under way: its name, and each value that may stand alone.
struct Field {
    name: String,
    values: Vec<String>,
}

pub(super) fn vary(
    message: &SipMessage,
    variation: Variation,
    transport: Transport,
    dice: Dice,
) -> Vec<u8> {
    let mut hand = Hand::new(dice);
    let place = Place {
        seed: variation.seed,
        forwarded: variation.proxy,
        request: message.is_request(),
        in_dialog: message.to_tag().is_some(),
    };
    let mut fields = read(message);
    let mut content = message.body.clone();
    if !place.forwarded && !content.is_empty() {
        revise_body(&mut fields, &mut content, variation.seed, &mut hand.dice);
    }
    for field in &mut fields {
        for value in &mut field.values {
            *value = fields::vary(&field.name, value, place, &mut hand);
        }
        if !place.forwarded && fields::form(&field.name).0 == Form::Tokens {
            hand.dice.shuffle(&mut field.values, String::clone);
        }
    }
    // RFC 3261 section 18.3: a datagram ends where it ends.
    if transport == Transport::Udp && !place.forwarded && hand.dice.chance(15) {
        fields.retain(|field| !field.name.eq_ignore_ascii_case("Content-Length"));
    }
    let mut lines = lines(fields, &mut hand);
    if hand.dice.chance(40) {
        let (name, value) = UNKNOWN[hand.dice.below(UNKNOWN.len())];
        lines.push((name.to_owned(), value.to_owned()));
    }
    // A proxy should keep the order (section 16.6); for anybody else it says nothing between different names (section 7.3.1).
    if !place.forwarded && hand.dice.chance(60) {
        hand.dice
            .shuffle(&mut lines, |(name, _)| name.to_ascii_lowercase());
    }
    print(&message.start, lines, &content, place, &mut hand)
}

/// Header fields one by one; those that may be joined are cut into their values.
fn read(message: &SipMessage) -> Vec<Field> {
    let one = |header: crate::wire::sip::Header<'_>| {
        let name = long(header.name).to_owned();
        let values = match fields::form(&name).1 {
            true => cut(header.value, ',')
                .into_iter()
                .map(str::to_owned)
                .collect(),
            false => vec![header.value.to_owned()],
        };
        Field { name, values }
    };
    message.headers().map(one).collect()
}

fn long(name: &str) -> &str {
    let all = COMPACT.iter().chain([&SESSION_EXPIRES]);
    let mut found = all.filter(|(_, compact)| compact.eq_ignore_ascii_case(name));
    found.next().map_or(name, |(long, _)| long)
}

/// Joins neighbours of one name, or sets values apart; then every line has one text.
fn lines(fields: Vec<Field>, hand: &mut Hand) -> Vec<(String, String)> {
    let mut joined: Vec<Field> = Vec::new();
    for field in fields {
        let name = field.name.clone();
        let same = |other: &Field| other.name.eq_ignore_ascii_case(&name);
        let may_join = fields::form(&name).1;
        match joined.iter_mut().rfind(|other| same(other)) {
            Some(other) if may_join && hand.dice.chance(50) => other.values.extend(field.values),
            _ => joined.push(field),
        }
    }
    let mut lines = Vec::new();
    for Field { name, values } in joined {
        let empty = values.iter().any(String::is_empty);
        let apart = values.len() > 1 && !empty && hand.dice.chance(40);
        if apart {
            lines.extend(values.into_iter().map(|value| (name.clone(), value)));
            continue;
        }
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                text += &hand.around(',');
            }
            text += value;
        }
        lines.push((name, text));
    }
    lines
}

fn revise_body(fields: &mut [Field], content: &mut Vec<u8>, seed: u64, dice: &mut Dice) {
    let is = |field: &Field, name: &str| field.name.eq_ignore_ascii_case(name);
    let Some(kind) = fields.iter_mut().find(|field| is(field, "Content-Type")) else {
        return;
    };
    let Some(value) = kind.values.first_mut() else {
        return;
    };
    if let Some((other, octets)) = body::vary(value, content, seed, dice) {
        *value = other;
        *content = octets;
        let length = content.len().to_string();
        for field in fields
            .iter_mut()
            .filter(|field| is(field, "Content-Length"))
        {
            field.values = vec![length.clone()];
        }
    }
}

fn print(
    start: &StartLine,
    lines: Vec<(String, String)>,
    content: &[u8],
    place: Place,
    hand: &mut Hand,
) -> Vec<u8> {
    let mut out = match start {
        StartLine::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
        StartLine::Response { code, reason } => {
            // Section 7.2: the reason phrase is for a person and may be any text.
            let reason = match !place.forwarded && hand.dice.chance(30) {
                true => hand.dice.pick(&["", "Said In Other Words", "Ça marche"]),
                false => reason,
            };
            format!("SIP/2.0 {code} {reason}\r\n")
        }
    };
    for (name, value) in lines {
        let lower = name.to_ascii_lowercase();
        let all = COMPACT.iter().chain([&SESSION_EXPIRES]);
        let compact = all.clone().find(|(long, _)| *long == lower);
        let name = match compact {
            Some((_, compact)) if hand.compacts && hand.dice.chance(70) => (*compact).to_owned(),
            _ => name,
        };
        out += &hand.name(&name);
        out += &match value.is_empty() {
            true => ":".to_owned(),
            false => hand.colon(),
        };
        out += &value;
        out += "\r\n";
    }
    out += "\r\n";
    [out.as_bytes(), content].concat()
}

/// A 100 (Trying) before another response to an INVITE: a server may always send one (RFC 3261 section 8.2.6.1).
pub(super) fn trying_before(message: &SipMessage, dice: &mut Dice) -> Option<Vec<u8>> {
    let code = message.status()?;
    let (_, method) = message.cseq()?;
    if method != "INVITE" || code == 100 || !dice.chance(25) {
        return None;
    }
    let mut trying = SipMessage::response(100, "Trying");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        for value in message.headers_named(name) {
            trying.push(name, value);
        }
    }
    trying.push("Content-Length", "0");
    Some(trying.to_octets())
}
