//! What in a capture belongs to people: numbers, IMSIs, and what they wrote.
use super::pseudonym::NUMBER_AT_LEAST;
use crate::observe::{Fact, Trace, sessions, short_messages};
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::SipMessage;
use std::collections::BTreeSet;

/// E.164: digits of a number; and digits of an IMSI.
const AT_MOST: usize = 15;
/// What stands before the digits of a number.
const BEFORE: [&[u8]; 10] = [
    b"+", b"%2B", b"%2b", b"tel:", b"sip:", b"sips:", b"im:", b"pres:", b"sip%3A", b"sip%3a",
];

/// Adds the digits of every number and every IMSI that octets have in ASCII.
pub(super) fn numbers(octets: &[u8], found: &mut BTreeSet<String>) {
    let mut at = 0;
    while at < octets.len() {
        let run = octets[at..].iter().take_while(|c| c.is_ascii_digit());
        let length = run.count();
        if (NUMBER_AT_LEAST..=AT_MOST).contains(&length) {
            let before = &octets[..at];
            let announced = BEFORE.iter().any(|lead| before.ends_with(lead));
            if (announced || length == AT_MOST)
                && let Ok(digits) = std::str::from_utf8(&octets[at..at + length])
            {
                found.insert(digits.to_owned());
            }
        }
        at += length.max(1);
    }
}

/// Everything people wrote, as whole as the wire has it: messages, and each part of one that was sent in parts.
pub(super) fn texts(trace: &Trace) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for message in short_messages(trace) {
        for part in &message.parts {
            let text = part.text.clone().unwrap_or_default();
            found.insert(match message.is_receipt {
                // SMPP 3.4 appendix B: a receipt repeats how the text began.
                true => match text.rsplit_once("text:").or(text.rsplit_once("Text:")) {
                    Some((_, text)) => text.to_owned(),
                    None => continue,
                },
                false => text,
            });
        }
    }
    let mut whole = BTreeSet::new();
    for session in sessions(trace) {
        whole.extend(session.messages.iter().filter_map(|m| m.text.clone()));
    }
    for seen in &trace.facts {
        match &seen.fact {
            Fact::Sip(message) => of_sip(message, &mut found),
            Fact::Msrp(message) => {
                let piece = piece(message.body.as_deref().unwrap_or_default());
                let of_one = |piece: &&str| whole.iter().any(|text| text.contains(piece));
                found.extend(Some(piece).filter(of_one).map(str::to_owned));
            }
            _ => {}
        }
    }
    found.extend(whole);
    found.retain(|text| !text.is_empty());
    found
}

fn of_sip(message: &SipMessage, found: &mut BTreeSet<String>) {
    found.extend(message.header("Subject").map(|text| text.trim().to_owned()));
    for body in message.bodies() {
        match body.content_type().as_deref() {
            Some("text/plain") => {
                found.extend(String::from_utf8(body.content));
            }
            Some("message/cpim") => {
                let cpim = CpimMessage::parse(&body.content);
                found.extend(cpim.ok().and_then(|cpim| cpim.text()));
            }
            _ => {}
        }
    }
}

/// The text of one chunk: behind its heads, if it has any, and without halves of characters at its ends.
fn piece(body: &[u8]) -> &str {
    let head = memchr::memmem::rfind(body, b"\r\n\r\n").map_or(0, |at| at + 4);
    let body = &body[head..];
    let begun = body.iter().take_while(|octet| *octet & 0xc0 == 0x80);
    let body = &body[begun.count()..];
    match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_numbers_where_they_are_announced_and_imsis_anywhere() {
        let mut found = BTreeSet::new();
        let text = b"<sip:+447700900800@x>;tag=12345678 tel:442079400001 001010123456789 %2B12125550123 1234567890123456";
        numbers(text, &mut found);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let expected = [
            "001010123456789",
            "12125550123",
            "442079400001",
            "447700900800",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_chunk_is_read_behind_its_heads() {
        let body = b"From: <tel:+44>\r\n\r\nContent-Type: text/plain\r\n\r\ncaf\xc3";
        assert_eq!(piece(body), "caf");
        assert_eq!(piece(b"\xa9 au lait"), " au lait");
    }
}
