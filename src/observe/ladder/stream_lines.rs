//! MSRP and SMPP messages in a ladder: one line per request with its answer at the end of it.
use super::masks::Masks;
use super::sip_lines::body;
use crate::wire::msrp::{Continuation, MsrpMessage, MsrpStart};
use crate::wire::smpp::{
    Body, CommandId, Pdu, Receipt, ShortMessagePdu, decode_short_message_text,
};

/// A SEND or REPORT (or a response nobody asked for), with the response it got.
pub fn msrp(
    message: &MsrpMessage,
    answer: Option<&MsrpMessage>,
    masks: &mut Masks<'_>,
) -> Vec<String> {
    let mut first = match &message.start {
        MsrpStart::Request { method } => method.clone(),
        MsrpStart::Response { code, .. } => format!("{code} to no request"),
    };
    if let Some(id) = message.message_id() {
        first.push_str(&format!(" {}", masks.name("message", id)));
    }
    // The length of a whole message depends on the identifiers in it; how a message is cut is worth seeing.
    let whole = message.byte_range().is_none_or(|range| range.start == 1)
        && message.continuation == Continuation::Complete;
    match message.header("Byte-Range") {
        Some(range) if !whole => first.push_str(&format!(" {range}")),
        _ if message.method() == Some("SEND")
            && message.body.as_ref().is_none_or(Vec::is_empty) =>
        {
            first.push_str(" empty");
        }
        _ => {}
    }
    match message.continuation {
        Continuation::Complete => {}
        Continuation::More => first.push_str(" more follows"),
        Continuation::Aborted => first.push_str(" aborted"),
    }
    if let Some(code) = answer.and_then(MsrpMessage::status) {
        first.push_str(&format!(" => {code}"));
    }
    let mut lines = vec![first];
    for name in ["Status", "Success-Report", "Failure-Report"] {
        if let Some(value) = message.header(name) {
            lines.push(format!("{name}: {value}"));
        }
    }
    match &message.body {
        Some(content) if whole => {
            let media_type = message.header("Content-Type").unwrap_or_default();
            lines.extend(body(media_type, content, masks));
        }
        Some(content) => lines.push(format!("{} octets", content.len())),
        None => {}
    }
    lines
}

/// A request PDU (or a response nobody asked for), with the response it got. `None` for what only keeps the link alive.
pub fn smpp(pdu: &Pdu, answer: Option<&Pdu>, masks: &mut Masks<'_>) -> Option<Vec<String>> {
    if pdu.command.0 & 0x7fff_ffff == CommandId::ENQUIRE_LINK.0 {
        return None;
    }
    let mut first = pdu.command.name();
    if let Some(fields) = pdu.short_message() {
        let source = masks.number(&fields.source_number());
        let dest = masks.number(&fields.dest_number());
        first.push_str(&format!(" {source} -> {dest}"));
    }
    if pdu.command.is_response() || pdu.status != 0 {
        first.push_str(&format!(" status {:#010x}", pdu.status));
    }
    if let Some(answer) = answer {
        match answer.status {
            0 => first.push_str(" => ok"),
            status => first.push_str(&format!(" => {status:#010x}")),
        }
        if let Body::MessageId(Some(id)) = &answer.body
            && !id.is_empty()
        {
            first.push_str(&format!(" {}", masks.name("sms", id)));
        }
    }
    let mut lines = vec![first];
    if let Some(fields) = pdu.short_message() {
        lines.extend(short_message(pdu, fields, masks));
    }
    Some(lines)
}

fn short_message(pdu: &Pdu, fields: &ShortMessagePdu, masks: &mut Masks<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if fields.is_receipt()
        && let Some(receipt) = Receipt::read(fields, &pdu.tlvs)
    {
        let id = masks.name("sms", &receipt.message_id);
        let state = format!("{:?}", receipt.state).to_ascii_lowercase();
        return vec![format!("receipt {id} {state}")];
    }
    if fields.registered_delivery & 0x03 != 0 {
        lines.push("asks for a receipt".to_owned());
    }
    match decode_short_message_text(fields, &pdu.tlvs) {
        Ok((text, coding, concatenation)) => {
            let part = concatenation.map_or_else(String::new, |part| {
                format!(" part {} of {}", part.sequence, part.total)
            });
            let coding = format!("{coding:?}").to_ascii_lowercase();
            lines.push(format!("{coding}{part} {:?}", masks.words(&text)));
        }
        Err(error) => lines.push(format!("unreadable text: {error}")),
    }
    lines
}
