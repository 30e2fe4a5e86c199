//! What is wrong with an MSRP message that could be read all the same (RFC 4975 sections 7 and 9).
//!
//! Grammar only: whether a path leads to a session of ours or a range fits the other chunks is a matter of state.
use super::chunk::status_code;
use super::{ByteRange, MsrpMessage, MsrpUri};
use crate::wire::Malformed;

const GRAMMAR: &str = "RFC 4975 section 9";

/// Adds the defects of `message`, whose header fields begin at `headers_at`.
pub(super) fn collect(message: &MsrpMessage, headers_at: usize, defects: &mut Vec<Malformed>) {
    let mut add = |at, expected: &str, clause| defects.push(Malformed::new(at, expected, clause));
    if !is_ident(&message.transaction_id) {
        add(
            5,
            "a transaction id of 4 to 32 identifier characters",
            GRAMMAR,
        );
    }
    let mut at = headers_at;
    for (index, (name, value)) in message.headers.iter().enumerate() {
        let wanted = ["To-Path", "From-Path"].get(index);
        if wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(name)) {
            add(at, "To-Path first, then From-Path", GRAMMAR);
        }
        if let Some(expected) = value_defect(name, value) {
            add(at + name.len() + 2, expected, GRAMMAR);
        }
        at += name.len() + value.len() + 4;
    }
    if message.headers.len() < 2 {
        add(at, "To-Path and From-Path", GRAMMAR);
    }
    match message.method() {
        None => {
            if message.body.is_some() || message.header("Content-Type").is_some() {
                add(at, "a response without body", GRAMMAR);
            }
        }
        Some("SEND") => {
            if message.message_id().is_none() {
                add(at, "Message-ID in a SEND", "RFC 4975 section 7.1");
            }
        }
        Some("REPORT") => {
            for name in ["Message-ID", "Byte-Range", "Status"] {
                if message.header(name).is_none() {
                    let expected = format!("{name} in a REPORT");
                    add(at, &expected, "RFC 4975 section 7.1.2");
                }
            }
        }
        Some(_) => {}
    }
}

fn value_defect(name: &str, value: &str) -> Option<&'static str> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("To-Path") || is("From-Path") {
        let sound = value.split(' ').all(|uri| MsrpUri::parse(uri).is_ok());
        return (!sound).then_some("MSRP URIs with one space between them");
    }
    if is("Message-ID") {
        return (!is_ident(value)).then_some("a Message-ID of 4 to 32 identifier characters");
    }
    if is("Byte-Range") {
        let sound = ByteRange::parse(value).is_ok_and(|range| range.start > 0);
        return (!sound).then_some("a byte range such as `1-16/16`, counted from 1");
    }
    if is("Success-Report") {
        return (!matches!(value, "yes" | "no")).then_some("`yes` or `no`");
    }
    if is("Failure-Report") {
        return (!matches!(value, "yes" | "no" | "partial")).then_some("`yes`, `no` or `partial`");
    }
    if is("Status") {
        let sound = status_code(value).is_some();
        return (!sound).then_some("three digits, a space and three digits");
    }
    None
}

/// `ident` of RFC 4975 section 9.
fn is_ident(text: &str) -> bool {
    let octets = text.as_bytes();
    (4..=32).contains(&octets.len())
        && octets[0].is_ascii_alphanumeric()
        && octets
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b".-+%=".contains(octet))
}
