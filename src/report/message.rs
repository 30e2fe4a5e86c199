//! One message of a capture as a person reads it: the line of the ladder, and the fields of what is not text on the wire.
//!
//! It words what `wire` has read and judges nothing. Text protocols need no fields: the browser shows their octets as lines.
use super::avp_names::avp_name;
use crate::observe::{Fact, diameter_way};
use crate::wire::diameter::{Avp, Message, decode_tbcd, name, parse_avps};
use crate::wire::http::{self, HttpMessage};
use crate::wire::msrp::{Continuation, MsrpMessage, MsrpStart};
use crate::wire::sip::{SipMessage, StartLine};
use crate::wire::smpp::{Body, Pdu, Receipt, ShortMessagePdu, decode_short_message_text};
use crate::wire::sms::rp::RpMessage;
use crate::wire::sms::tpdu::{Decoded, Inside, Tpdu};
use std::fmt::Debug;

/// Depth, name, value.
pub(super) type Field = (usize, String, String);

const ENCAPSULATED: &str = "application/vnd.3gpp.sms";

/// Protocol, what it is, and what it says in few words.
pub(super) fn label(fact: &Fact) -> (&'static str, String, String) {
    match fact {
        Fact::Sip(message) => sip(message),
        Fact::Msrp(message) => msrp(message),
        Fact::Smpp(pdu) => smpp(pdu),
        Fact::Diameter(message) => diameter(message),
        Fact::Http(message) => http(message),
        Fact::Rtp(_) => ("RTP", "audio".to_owned(), String::new()),
        Fact::SipKeepAlive => ("SIP", "keep-alive".to_owned(), String::new()),
        Fact::TcpOpened => ("TCP", "connects".to_owned(), String::new()),
        Fact::TcpClosed { reset: false } => ("TCP", "connection ends".to_owned(), String::new()),
        Fact::TcpClosed { reset: true } => ("TCP", "connection is reset".to_owned(), String::new()),
        Fact::Malformed {
            protocol, error, ..
        } => (protocol, format!("malformed {protocol}"), error.to_string()),
    }
}

/// The octets of a message whose octets are text.
pub(super) fn text_octets(fact: &Fact) -> Option<Vec<u8>> {
    match fact {
        Fact::Sip(message) => Some(message.to_octets()),
        Fact::Msrp(message) => Some(message.to_octets()),
        Fact::Http(message) => Some(message.to_octets()),
        Fact::Malformed {
            protocol: "SIP" | "MSRP" | "HTTP",
            octets,
            ..
        } => Some(octets.clone()),
        _ => None,
    }
}

/// The fields of a message that is no text, or of what is no text inside it.
pub(super) fn fields(fact: &Fact) -> Vec<Field> {
    match fact {
        Fact::Smpp(pdu) => smpp_fields(pdu),
        Fact::Diameter(message) => diameter_fields(message),
        Fact::Sip(message) => match message.body_of(ENCAPSULATED) {
            Some(octets) => relayed(&octets),
            None => Vec::new(),
        },
        Fact::Rtp(packet) => structure("RTP packet", packet),
        Fact::Malformed { error, .. } => vec![(0, "malformed".to_owned(), error.to_string())],
        _ => Vec::new(),
    }
}

fn sip(message: &SipMessage) -> (&'static str, String, String) {
    let bodies: Vec<String> = message
        .bodies()
        .iter()
        .filter_map(|part| part.content_type().or_else(|| message.content_type()))
        .map(|media_type| media_word(&media_type))
        .collect();
    let mut note = bodies.join(", ");
    let words = match &message.start {
        StartLine::Request { method, uri } => {
            let more = match method.as_str() {
                "REFER" => message.header("Refer-To"),
                "NOTIFY" => message.header("Subscription-State"),
                "SUBSCRIBE" => message.header("Event"),
                _ => None,
            };
            if let Some(more) = more {
                note = [more.to_owned(), note].join(" ").trim().to_owned();
            }
            format!("{method} {}", uri.split(';').next().unwrap_or(uri))
        }
        StartLine::Response { code, reason } => {
            let method = message.cseq().map_or("?", |(_, method)| method);
            format!("{code} {reason} ({method})")
        }
    };
    ("SIP", words, note)
}

/// `SDP` says more than `application/sdp`.
fn media_word(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence {
        "application/sdp" => "SDP".to_owned(),
        other => other
            .strip_prefix("application/")
            .unwrap_or(other)
            .to_owned(),
    }
}

fn msrp(message: &MsrpMessage) -> (&'static str, String, String) {
    let words = match &message.start {
        MsrpStart::Request { method } => method.clone(),
        MsrpStart::Response { code, comment } => {
            let comment = comment.as_deref().unwrap_or_default();
            format!("{code} {comment}").trim().to_owned()
        }
    };
    let mut note = match &message.body {
        Some(body) => {
            let media_type = message.header("Content-Type").unwrap_or_default();
            format!("{} {} octets", media_word(media_type), body.len())
        }
        None => message.header("Status").unwrap_or_default().to_owned(),
    };
    match message.continuation {
        Continuation::Complete => {}
        Continuation::More => note.push_str(", more follows"),
        Continuation::Aborted => note.push_str(", aborted"),
    }
    ("MSRP", words, note)
}

fn smpp(pdu: &Pdu) -> (&'static str, String, String) {
    let note = match pdu.short_message() {
        Some(fields) => {
            let said = match decode_short_message_text(fields, &pdu.tlvs) {
                Ok((text, _, _)) => format!("{text:?}"),
                Err(_) => "unreadable text".to_owned(),
            };
            let receipt = Receipt::read(fields, &pdu.tlvs).filter(|_| fields.is_receipt());
            let said = receipt.map_or(said, |receipt| {
                format!("receipt {}: {}", receipt.message_id, receipt.state.stat())
            });
            let (source, dest) = (fields.source_number(), fields.dest_number());
            format!("{source} \u{2192} {dest} {said}")
        }
        None if pdu.status != 0 => format!("status {:#010x}", pdu.status),
        None => String::new(),
    };
    ("SMPP", pdu.command.name(), note)
}

fn diameter(message: &Message) -> (&'static str, String, String) {
    let note = match message.result() {
        Some(result) => format!("result {}", result.code()),
        None => tpdu_of(message).map_or_else(String::new, |decoded| said(&decoded.tpdu)),
    };
    ("Diameter", message.name(), note)
}

fn tpdu_of(message: &Message) -> Option<Decoded> {
    let way = diameter_way(message.command).filter(|_| message.is_request())?;
    Tpdu::decode(message.tpdu()?, way, Inside::Data).ok()
}

/// `SMS-DELIVER "text"`.
fn said(tpdu: &Tpdu) -> String {
    let text = tpdu
        .user_data()
        .and_then(|(data, coding)| data.text(coding).ok().flatten());
    match text {
        Some(text) => format!("{} {text:?}", tpdu.name()),
        None => tpdu.name().to_owned(),
    }
}

fn http(message: &HttpMessage) -> (&'static str, String, String) {
    let words = match &message.start {
        http::StartLine::Request { method, target } => format!("{method} {target}"),
        http::StartLine::Response { status, reason } => format!("{status} {reason}"),
    };
    let note = message.media_type().map_or_else(String::new, |media_type| {
        format!("{} {} octets", media_word(&media_type), message.body.len())
    });
    ("HTTP", words, note)
}

fn field(depth: usize, name: &str, value: impl ToString) -> Field {
    (depth, name.to_owned(), value.to_string())
}

fn smpp_fields(pdu: &Pdu) -> Vec<Field> {
    let mut fields = vec![
        field(0, "command", pdu.command.name()),
        field(0, "command_status", format!("{:#010x}", pdu.status)),
        field(0, "sequence_number", pdu.sequence),
    ];
    match &pdu.body {
        Body::Bind(_, bind) => {
            fields.push(field(0, "system_id", &bind.system_id));
            fields.push(field(0, "system_type", &bind.system_type));
        }
        Body::BindResp(system_id) => fields.push(field(0, "system_id", system_id)),
        Body::MessageId(Some(id)) => fields.push(field(0, "message_id", id)),
        Body::ShortMessage(it) | Body::Data(it) => fields.extend(short_message(it, pdu)),
        Body::Other(octets) => fields.push(field(0, "body", hex(octets))),
        Body::MessageId(None) | Body::Empty => {}
    }
    for tlv in &pdu.tlvs {
        fields.push(field(0, &format!("TLV {:#06x}", tlv.tag), hex(&tlv.value)));
    }
    fields
}

fn short_message(it: &ShortMessagePdu, pdu: &Pdu) -> Vec<Field> {
    let mut fields = vec![
        field(0, "service_type", &it.service_type),
        field(0, "source_addr_ton", it.source_ton),
        field(0, "source_addr_npi", it.source_npi),
        field(0, "source_addr", it.source_number()),
        field(0, "dest_addr_ton", it.dest_ton),
        field(0, "dest_addr_npi", it.dest_npi),
        field(0, "destination_addr", it.dest_number()),
        field(0, "esm_class", format!("{:#04x}", it.esm_class)),
        field(0, "protocol_id", it.protocol_id),
        field(0, "priority_flag", it.priority),
        field(0, "schedule_delivery_time", &it.schedule),
        field(0, "validity_period", &it.validity),
        field(
            0,
            "registered_delivery",
            format!("{:#04x}", it.registered_delivery),
        ),
        field(0, "replace_if_present_flag", it.replace),
        field(0, "data_coding", format!("{:#04x}", it.data_coding)),
        field(0, "sm_default_msg_id", it.default_message_id),
        field(0, "short_message", hex(&it.short_message)),
    ];
    match decode_short_message_text(it, &pdu.tlvs) {
        Ok((text, coding, part)) => {
            fields.push(field(1, "text", format!("{text:?}")));
            fields.push(field(1, "coding", format!("{coding:?}")));
            if let Some(part) = part {
                let (sequence, total) = (part.sequence, part.total);
                fields.push(field(1, "part", format!("{sequence} of {total}")));
            }
        }
        Err(error) => fields.push(field(1, "text", format!("unreadable: {error}"))),
    }
    fields
}

fn diameter_fields(message: &Message) -> Vec<Field> {
    let mut fields = vec![
        field(0, "command", message.name()),
        field(0, "application", message.application),
        field(0, "hop-by-hop", format!("{:#010x}", message.hop_by_hop)),
    ];
    avps(&message.avps, 0, &mut fields);
    if let Some(decoded) = tpdu_of(message) {
        fields.extend(tpdu(&decoded.tpdu));
    }
    fields
}

/// Deeper than this nobody nests.
const DEEPEST: usize = 6;

fn avps(avps_here: &[Avp], depth: usize, fields: &mut Vec<Field>) {
    for avp in avps_here {
        let name = avp_name(avp);
        let members = match parse_avps(&avp.data) {
            Ok(members) if depth < DEEPEST && !members.is_empty() && is_group(&members) => members,
            _ => {
                fields.push((depth, name, avp_value(avp)));
                continue;
            }
        };
        fields.push((depth, name, String::new()));
        avps(&members, depth + 1, fields);
    }
}

/// Octets that happen to read as AVPs are no group: every member must be one we know.
fn is_group(members: &[Avp]) -> bool {
    members
        .iter()
        .all(|member| !avp_name(member).starts_with("AVP "))
}

fn avp_value(avp: &Avp) -> String {
    let digits = avp.is(name::MSISDN) || avp.is(name::SC_ADDRESS);
    if let Some(digits) = decode_tbcd(&avp.data).ok().filter(|_| digits) {
        return digits;
    }
    let printable = |text: &&str| !text.is_empty() && !text.chars().any(char::is_control);
    match avp.as_text().ok().filter(printable) {
        Some(text) if avp.data.len() > 3 => text.to_owned(),
        _ => match avp.as_number() {
            Ok(number) if avp.data.len() == 4 => number.to_string(),
            _ => hex(&avp.data),
        },
    }
}

fn relayed(octets: &[u8]) -> Vec<Field> {
    let message = match RpMessage::decode(octets) {
        Ok(message) => message,
        Err(error) => return vec![field(0, "malformed RP message", error)],
    };
    let mut fields = structure(message.name(), &message.body);
    match message.tpdu() {
        Some(Ok(decoded)) => fields.extend(tpdu(&decoded.tpdu)),
        Some(Err(error)) => fields.push(field(0, "malformed TPDU", error)),
        None => {}
    }
    fields
}

fn tpdu(tpdu: &Tpdu) -> Vec<Field> {
    let mut fields = structure(tpdu.name(), tpdu);
    let text = tpdu
        .user_data()
        .and_then(|(data, coding)| data.text(coding).ok().flatten());
    if let Some(text) = text {
        fields.push(field(1, "text", format!("{text:?}")));
    }
    fields
}

/// The fields of a type as it prints itself, a level per level; lists of octets on one line.
fn structure(name: &str, it: &impl Debug) -> Vec<Field> {
    let mut fields = vec![field(0, name, "")];
    let (mut octets, mut list): (Vec<u8>, Option<Field>) = (Vec::new(), None);
    for line in format!("{it:#?}").lines().skip(1) {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let words = line.trim().trim_end_matches(',');
        if let Some(open) = list.take() {
            match words.parse() {
                Ok(octet) => {
                    octets.push(octet);
                    list = Some(open);
                }
                Err(_) => fields.push((open.0, open.1, hex(&std::mem::take(&mut octets)))),
            }
            continue;
        }
        let (name, value) = words.split_once(": ").unwrap_or((words, ""));
        let name = name.trim_end_matches([' ', '{', '(', '[']);
        match value {
            _ if name.chars().all(|c| "{}[]()".contains(c)) => {}
            "[" => list = Some((depth, name.to_owned(), String::new())),
            _ => fields.push((
                depth,
                name.to_owned(),
                value.trim_end_matches(['{', '(', ' ']).to_owned(),
            )),
        }
    }
    fields
}

fn hex(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    pairs.join(" ")
}
