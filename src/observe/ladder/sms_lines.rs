//! Diameter requests, RP messages and the TPDUs in both, in a ladder: one line each with the answer at its end, then what it says.
//!
//! What counts up or depends on the clock has a name (user identities) or no place (TP-MR but for its message, times, identifiers).
use super::masks::Masks;
use crate::observe::diameter::way;
use crate::wire::Malformed;
use crate::wire::diameter::{Command, Message, application, failure_cause, name};
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::{Decoded, Inside, Tpdu};
use crate::wire::sms::{Address, DataCoding, TpUserData, cause_name, failure_name, status_name};

/// A request (or an answer nobody asked for), with the answer it got. `None` for what only keeps the connection alive.
pub fn diameter(
    message: &Message,
    answer: Option<&Message>,
    masks: &mut Masks<'_>,
) -> Option<Vec<String>> {
    if message.application == application::BASE {
        return None;
    }
    let mut first = message.name();
    let user = message.user_identifier().unwrap_or_default();
    let number = message.digits(name::MSISDN).or(user.msisdn);
    if let Some(number) = number {
        first.push_str(&format!(" {}", masks.number(&format!("+{number}"))));
    }
    let identity = |message: &Message| message.text(name::USER_NAME).map(str::to_owned);
    if let Some(identity) = identity(message).or(user.user_name) {
        first.push_str(&format!(" {}", masks.name("identity", &identity)));
    }
    if let Some(centre) = message.digits(name::SC_ADDRESS) {
        first.push_str(&format!(" centre {}", masks.number(&format!("+{centre}"))));
    }
    if !message.is_request() {
        first.push_str(&outcome(message));
    }
    let mut lines = Vec::new();
    if let Some(answer) = answer {
        first.push_str(&outcome(answer));
        if let Some(identity) = identity(answer) {
            first.push_str(&format!(" {}", masks.name("identity", &identity)));
        }
        if let Some(node) = answer.serving_node() {
            let name = node.ip_sm_gw_name.or(node.mme_name).or(node.sgsn_name);
            let number = node.ip_sm_gw_number.or(node.mme_number).or(node.msc_number);
            let name = name.map(|name| masks.field(&name));
            let number = number.map(|number| masks.number(&format!("+{number}")));
            let parts: Vec<String> = name.into_iter().chain(number).collect();
            lines.push(format!("served by {}", parts.join(" ")));
        }
    }
    lines.insert(0, first);
    let Some(way) = way(message.command).filter(|_| message.is_request()) else {
        return Some(lines);
    };
    if let Some(octets) = message.tpdu() {
        lines.extend(tpdu(Tpdu::decode(octets, way, Inside::Data), masks));
    }
    lines.extend(answer.and_then(report));
    Some(lines)
}

fn outcome(answer: &Message) -> String {
    match answer.result() {
        Some(result) if result.is_success() => " => ok".to_owned(),
        Some(result) => format!(" => {}", result.code()),
        None => " => no result".to_owned(),
    }
}

/// Why a short message was not delivered, and the report that comes with it; a report without failure needs no words.
fn report(answer: &Message) -> Option<String> {
    let way = match answer.command {
        Command::MO_FORWARD => way(Command::MT_FORWARD)?,
        _ => way(Command::MO_FORWARD)?,
    };
    let failure = answer.delivery_failure();
    let octets = failure
        .as_ref()
        .and_then(|failure| failure.diagnostic.clone())
        .or_else(|| answer.tpdu().map(<[u8]>::to_vec));
    let failed = !answer.result().is_some_and(|result| result.is_success());
    let inside = if failed { Inside::Error } else { Inside::Ack };
    let report = octets.map(|octets| match Tpdu::decode(&octets, way, inside) {
        Ok(decoded) => report_words(&decoded.tpdu),
        Err(error) => format!("unreadable report: {error}"),
    });
    let failure = failure.map(|failure| match failure.cause {
        failure_cause::MEMORY_CAPACITY_EXCEEDED => "memory capacity exceeded".to_owned(),
        failure_cause::SC_CONGESTION => "SC congestion".to_owned(),
        other => format!("delivery failure {other}"),
    });
    match (failure, report) {
        (None, None) => None,
        (failure, report) => {
            let words: Vec<String> = failure.into_iter().chain(report).collect();
            Some(words.join(", "))
        }
    }
}

fn report_words(tpdu: &Tpdu) -> String {
    let cause = match tpdu {
        Tpdu::SubmitReport(report) => report.failure_cause,
        Tpdu::DeliverReport(report) => report.failure_cause,
        _ => None,
    };
    match cause {
        Some(cause) => format!("{} {}", tpdu.name(), failure_name(cause)),
        None => tpdu.name().to_owned(),
    }
}

/// An RP message in SIP.
pub fn relayed(octets: &[u8], masks: &mut Masks<'_>) -> Vec<String> {
    let message = match RpMessage::decode(octets) {
        Ok(message) => message,
        Err(error) => return vec![format!("malformed RP message: {error}")],
    };
    let mut first = message.name().to_owned();
    match &message.body {
        RpBody::Data {
            originator,
            destination,
            ..
        } => {
            let centre = originator.number().or_else(|| destination.number());
            let centre = centre.map(|number| masks.number(&number));
            first.push_str(&centre.map_or_else(String::new, |number| format!(" centre {number}")));
        }
        RpBody::Error { .. } => {
            let cause = message.cause().unwrap_or_default();
            first.push_str(&format!(" {cause} {}", cause_name(cause)));
        }
        RpBody::Ack { .. } | RpBody::MemoryAvailable => {}
    }
    let mut lines = vec![first];
    lines.extend(
        message
            .tpdu()
            .into_iter()
            .flat_map(|read| tpdu(read, masks)),
    );
    lines
}

fn tpdu(read: Result<Decoded, Malformed>, masks: &mut Masks<'_>) -> Vec<String> {
    let decoded = match read {
        Ok(decoded) => decoded,
        Err(error) => return vec![format!("malformed TPDU: {error}")],
    };
    let mut lines = match &decoded.tpdu {
        Tpdu::Submit(it) => {
            let to = address(&it.destination, masks);
            let id = identifier(&it.destination, it.reference, masks);
            let mut lines = vec![format!("SMS-SUBMIT {id} to {to}")];
            if it.status_report {
                lines.push("asks for a status report".to_owned());
            }
            lines.push(text(&it.user_data, it.data_coding, masks));
            lines
        }
        Tpdu::Deliver(it) => {
            let from = address(&it.originator, masks);
            let words = text(&it.user_data, it.data_coding, masks);
            vec![format!("SMS-DELIVER from {from}"), words]
        }
        Tpdu::StatusReport(it) => {
            let by = address(&it.recipient, masks);
            let id = identifier(&it.recipient, it.reference, masks);
            let status = status_name(it.status);
            vec![format!("SMS-STATUS-REPORT {id} for {by}: {status}")]
        }
        Tpdu::Command(it) => {
            let to = address(&it.destination, masks);
            vec![format!("SMS-COMMAND {} about a message to {to}", it.kind)]
        }
        report => vec![report_words(report)],
    };
    let remarks = decoded.remarks.iter();
    lines.extend(remarks.map(|remark| format!("odd: {remark}")));
    lines
}

fn address(address: &Address, masks: &mut Masks<'_>) -> String {
    let text = address.text();
    text.map_or_else(
        || "an unreadable address".to_owned(),
        |text| masks.number(&text),
    )
}

/// The name of a submitted short message: its reference counts within its destination.
fn identifier(other: &Address, reference: u8, masks: &mut Masks<'_>) -> String {
    let other = other.text().unwrap_or_default();
    masks.name("sms", &format!("{other} {reference}"))
}

fn text(data: &TpUserData, scheme: DataCoding, masks: &mut Masks<'_>) -> String {
    let header = data.header().unwrap_or_default();
    let part = header.concatenation().map_or_else(String::new, |part| {
        format!(" part {} of {}", part.sequence, part.total)
    });
    let coding = format!("{:?}", scheme.coding()).to_ascii_lowercase();
    match data.text(scheme) {
        Ok(Some(text)) => format!("{coding}{part} {:?}", masks.words(&text)),
        Ok(None) => format!("{coding}{part} of {}", data.payload().len()),
        Err(error) => format!("unreadable text: {error}"),
    }
}

/// The TPDU of a forwarded short message.
fn forwarded(message: &Message) -> Option<Tpdu> {
    let way = way(message.command).filter(|_| message.is_request())?;
    let decoded = Tpdu::decode(message.tpdu()?, way, Inside::Data).ok()?;
    Some(decoded.tpdu)
}

/// Number of the SMS user a forwarded short message goes to or comes from.
pub fn other_side(message: &Message) -> Option<String> {
    match forwarded(message)? {
        Tpdu::Submit(it) => it.destination.text(),
        Tpdu::Deliver(it) => it.originator.text(),
        Tpdu::StatusReport(it) => it.recipient.text(),
        _ => None,
    }
}

pub fn is_status_report(message: &Message) -> bool {
    matches!(forwarded(message), Some(Tpdu::StatusReport(_)))
}
