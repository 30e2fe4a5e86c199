//! What a glance at octets tells: which request they are and whom they concern, without building a message.
//!
//! The same keys come from a decoded message (through the octets it was parsed from), so that screened and decoded messages join the same.
use super::super::dissect::Protocol;
use super::keys::{Identity, Keys, Kind, identities_in, key};
use crate::wire::sms::rp::RpMessage;
use crate::wire::sms::tpdu::Tpdu;
use memchr::memchr;
use std::net::SocketAddr;

/// What a predicate is asked about: may this request be a stimulus?
#[derive(Debug, Clone, Copy)]
pub struct Glimpse<'a> {
    pub protocol: Protocol,
    /// SIP, MSRP and HTTP: the method; SMPP and Diameter: empty (the octets begin with the command).
    pub method: &'a [u8],
    /// Request-URI or target.
    pub target: &'a [u8],
    pub octets: &'a [u8],
    pub from: SocketAddr,
    pub to: SocketAddr,
}

/// Method and Request-URI; `None` for a response.
pub fn request_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = &octets[..memchr(b'\n', octets)?];
    if line.starts_with(b"SIP/2.0 ") || line.starts_with(b"HTTP/1.") {
        return None;
    }
    let space = memchr(b' ', line)?;
    let rest = &line[space + 1..];
    let end = memchr(b' ', rest)?;
    Some((&line[..space], &rest[..end]))
}

/// True if a datagram reads as SIP: the same rule as for streams, without looking at every line.
pub fn is_sip(octets: &[u8]) -> bool {
    match octets.first() {
        Some(b'S') if octets.starts_with(b"SIP/2.0 ") => true,
        Some(b'A'..=b'Z') => {
            let line = &octets[..memchr(b'\n', octets).unwrap_or(octets.len())];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.ends_with(b" SIP/2.0")
        }
        _ => false,
    }
}

/// Call-ID and the identities that the header fields of a SIP message name.
pub fn sip_keys(octets: &[u8], keys: &mut Keys<'_>) {
    let octets = &octets[octets
        .iter()
        .take_while(|o| matches!(o, b'\r' | b'\n'))
        .count()..];
    let Some(first) = memchr(b'\n', octets) else {
        return;
    };
    if let Some((_, target)) = request_line(octets) {
        keys.user(Identity::of_uri(target));
    }
    let mut rest = &octets[first + 1..];
    while let Some(end) = memchr(b'\n', rest) {
        let (mut line, mut next) = (&rest[..end], end + 1);
        if line.is_empty() || line == b"\r" {
            return;
        }
        if let Some(names) = concerns(line) {
            // A folded field goes on where the next line begins with white space.
            while matches!(rest.get(next), Some(b' ' | b'\t')) {
                next += memchr(b'\n', &rest[next..]).map_or(rest.len() - next, |end| end + 1);
                line = &rest[..next];
            }
            match names {
                Names::Call(at) => {
                    keys.push(Kind::CallId, key(Kind::CallId, line[at..].trim_ascii()))
                }
                Names::Users(at) => users(&line[at..], keys),
            }
        }
        rest = &rest[next..];
    }
}

/// Where the value of a header field of interest begins.
enum Names {
    Call(usize),
    Users(usize),
}

fn concerns(line: &[u8]) -> Option<Names> {
    let colon = match line.first()? | 0x20 {
        b'c' | b'i' | b'f' | b't' | b'p' | b'r' | b'b' => {
            memchr(b':', &line[..line.len().min(40)])?
        }
        _ => return None,
    };
    let name = line[..colon].trim_ascii_end();
    let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
    let value = colon + 1;
    match name.len() {
        1 if is(b"i") => Some(Names::Call(value)),
        7 if is(b"call-id") => Some(Names::Call(value)),
        1 if is(b"f") || is(b"t") || is(b"r") || is(b"b") => Some(Names::Users(value)),
        2 if is(b"to") => Some(Names::Users(value)),
        4 if is(b"from") => Some(Names::Users(value)),
        8 if is(b"refer-to") => Some(Names::Users(value)),
        11 if is(b"referred-by") => Some(Names::Users(value)),
        13 if is(b"p-served-user") => Some(Names::Users(value)),
        17 if is(b"p-called-party-id") => Some(Names::Users(value)),
        19 if is(b"p-asserted-identity") => Some(Names::Users(value)),
        20 if is(b"p-preferred-identity") => Some(Names::Users(value)),
        _ => None,
    }
}

/// Addresses in angle brackets, or the one that stands alone.
fn users(value: &[u8], keys: &mut Keys<'_>) {
    let mut rest = value;
    let mut bracketed = false;
    while let Some(open) = memchr(b'<', rest) {
        bracketed = true;
        rest = &rest[open + 1..];
        keys.user(Identity::of_uri(rest));
    }
    if !bracketed {
        keys.user(Identity::of_uri(value.trim_ascii()));
    }
}

/// What only a message that is kept is searched for: its body's identities, and the contact of a focus.
pub fn sip_deep_keys(octets: &[u8], contact: Option<&str>, body: &[u8], keys: &mut Keys<'_>) {
    sip_keys(octets, keys);
    if let Some(contact) = contact.filter(|contact| contact.contains("isfocus")) {
        users(contact.as_bytes(), keys);
    }
    identities_in(body, |identity| keys.user(Some(identity)));
    inside(body, keys);
}

/// Whom a short message inside is for or from. No text begins as RP-DATA does (3GPP TS 24.011 clause 8.2.2).
fn inside(body: &[u8], keys: &mut Keys<'_>) {
    if !matches!(body.first(), Some(0 | 1)) {
        return;
    }
    let decoded = RpMessage::decode(body).ok();
    let decoded = decoded.and_then(|message| message.tpdu()?.ok());
    let address = match decoded.map(|decoded| decoded.tpdu) {
        Some(Tpdu::Submit(submit)) => submit.destination.text(),
        Some(Tpdu::Deliver(deliver)) => deliver.originator.text(),
        _ => None,
    };
    keys.user(address.and_then(|digits| Identity::of_digits(digits.as_bytes())));
}

/// Who has written a chat message, as its wrapping says: in a group that is not who sends it.
pub fn writer_keys(body: &[u8], keys: &mut Keys<'_>) {
    let head = memchr::memmem::find(body, b"\r\n\r\n").unwrap_or(body.len());
    let mut lines = body[..head].split(|octet| *octet == b'\n');
    if let Some(from) = lines.find(|line| line.starts_with(b"From:")) {
        users(&from[b"From:".len()..], keys);
    }
}

/// Both paths of an MSRP message.
pub fn msrp_keys(octets: &[u8], keys: &mut Keys<'_>) {
    let mut rest = octets;
    // Start line, To-Path and From-Path, in this order (RFC 4975 section 9); white box senders may put others between them.
    for _ in 0..8 {
        let Some(end) = memchr(b'\n', rest) else {
            return;
        };
        let line = rest[..end].trim_ascii();
        if line.is_empty() {
            return;
        }
        let path = [&b"To-Path:"[..], b"From-Path:"]
            .into_iter()
            .find(|name| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name))
            .map(|name| line[name.len()..].trim_ascii());
        for uri in path.into_iter().flat_map(|path| path.split(|o| *o == b' ')) {
            path_key(uri, keys);
        }
        rest = &rest[end + 1..];
    }
}

/// A path without its parameters.
pub fn path_key(uri: &[u8], keys: &mut Keys<'_>) {
    let uri = &uri[..memchr(b';', uri).unwrap_or(uri.len())];
    // A path without session-id is one of a relay, which all sessions share.
    let after_scheme = memchr::memmem::find(uri, b"://").map_or(0, |at| at + 3);
    if memchr(b'/', &uri[after_scheme..]).is_some() {
        keys.push(Kind::Path, key(Kind::Path, uri));
    }
}

/// Commands with source and destination address at the same place.
const SHORT_MESSAGES: [u32; 3] = [0x04, 0x05, 0x103];

/// Both addresses of a short message.
pub fn smpp_keys(octets: &[u8], keys: &mut Keys<'_>) {
    let Some(command) = octets.get(4..8) else {
        return;
    };
    let command = u32::from_be_bytes([command[0], command[1], command[2], command[3]]);
    if !SHORT_MESSAGES.contains(&command) {
        return;
    }
    let mut rest = octets.get(16..).unwrap_or_default();
    let Some(service_type) = memchr(0, rest) else {
        return;
    };
    rest = &rest[service_type + 1..];
    for _ in 0..2 {
        let Some(address) = rest.get(2..) else {
            return;
        };
        let end = memchr(0, address).unwrap_or(address.len().min(21));
        keys.user(Identity::of_digits(&address[..end]));
        rest = address.get(end + 1..).unwrap_or_default();
    }
}

/// Users that the target of an HTTP request names: path segments that are numbers or URIs.
pub fn http_keys(target: &str, headers: &[(String, String)], keys: &mut Keys<'_>) {
    let path = target.split(['?']).next().unwrap_or_default();
    for segment in path.split('/') {
        let segment = decoded(segment);
        match segment.starts_with(b"+") {
            true => keys.user(Identity::of_digits(&segment)),
            false => identities_in(&segment, |identity| keys.user(Some(identity))),
        }
    }
    for (name, value) in headers {
        if name.to_ascii_lowercase().starts_with("x-3gpp-") {
            identities_in(value.as_bytes(), |identity| {
                keys.user(Some(identity));
            });
        }
    }
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let hex = (*first == b'%').then(|| others.get(..2)).flatten();
        let hex = hex.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match hex {
            Some(octet) => {
                octets.push(octet);
                rest = &others[2..];
            }
            None => {
                octets.push(*first);
                rest = others;
            }
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(octets: &[u8]) -> Vec<u64> {
        let mut keys = Keys::without_plan();
        sip_keys(octets, &mut keys);
        keys.iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn spelling_and_folding_change_no_key() {
        let plain = b"INVITE tel:+447700900001 SIP/2.0\r\nFrom: <tel:+447700900002>;tag=1\r\nCall-ID: a@b\r\n\r\nTo: <sip:x@y>";
        let odd = b"\r\nINVITE tel:+44-7700-900001 SIP/2.0\r\nf:\r\n \"sip:z\"\r\n\t<sip:+447700900002@h>;tag=1\r\nI :a@b \r\n\r\n";
        assert_eq!(keys_of(plain), keys_of(odd));
        assert_eq!(keys_of(plain).len(), 3);
    }

    #[test]
    fn reads_both_addresses_of_a_short_message() {
        let octets = b"\0\0\0\x40\0\0\0\x04\0\0\0\0\0\0\0\x01cpm\0\x01\x01447700900001\0\x01\x01447700900002\0\0\0";
        let mut keys = Keys::without_plan();
        smpp_keys(octets, &mut keys);
        let wanted = [b"447700900001", b"447700900002"].map(|digits| key(Kind::Identity, digits));
        assert_eq!(keys.iter().map(|(key, _)| key).collect::<Vec<_>>(), wanted);
    }
}
