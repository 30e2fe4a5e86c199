//! Short messages over IP at transport level (3GPP TS 24.341 clause 5.3.3, 3GPP TS 23.204 clauses 6.3 to 6.6): RP messages in SIP MESSAGE
//! between the terminal and the service centre.
//!
//! This file sends: it writes the MESSAGE, waits for its response and for the terminal's report. What terminals send is taken in
//! `transport_level_submit`; which level a short message takes is decided in `levels`.

use super::levels::{self, Level};
use super::registration::{Reachable, reachable};
use super::{Gateway, failure, locked, msisdn_less, pager, read_locked};
use crate::reference::faults::Fault;
use crate::reference::short_message::{Delivery, Handover, Report, ReportReference};
use crate::wire::sip::SipMessage;
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::{Deliver, Direction, StatusReport, Tpdu, Unread};
use crate::wire::sms::{
    Address, Coding, DataCoding, RpAddress, TimeStamp, TpUserData, encode_gsm7, encode_ucs2,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Media type of an encapsulated short message.
pub const ENCAPSULATED: &str = "application/vnd.3gpp.sms";
/// How long a terminal may take to report on what it was delivered (3GPP TS 24.011 clause 10: TR1N is 35 to 45 seconds on air).
const REPORT_PATIENCE: Duration = Duration::from_secs(15);
/// RP-Cause 22, memory capacity exceeded.
const MEMORY_EXCEEDED: u8 = 22;
/// Deliveries and status reports waited for; beyond it new ones are not kept.
const MOST_WAITING: usize = 50_000;

/// The service centre of users for whom none is known.
const USUAL_SERVICE_CENTRE: &str = "+447700900000";

/// What a terminal's report says.
#[derive(Debug)]
pub struct Outcome {
    /// RP-Cause of RP-ERROR; `None` for RP-ACK.
    pub cause: Option<u8>,
    /// The SMS-DELIVER-REPORT in it.
    pub report: Option<Vec<u8>>,
}

/// Deliveries that wait for their report, by user and RP message reference.
#[derive(Debug, Default)]
pub struct Outstanding {
    reference: u8,
    waiting: HashMap<(String, u8), oneshot::Sender<Outcome>>,
}

impl Outstanding {
    fn begin(&mut self, user: &str) -> (u8, oneshot::Receiver<Outcome>) {
        self.reference = self.reference.wrapping_add(1);
        let (sender, report) = oneshot::channel();
        self.waiting.retain(|_, waiting| !waiting.is_closed());
        if self.waiting.len() < MOST_WAITING {
            let key = (user.to_owned(), self.reference);
            self.waiting.insert(key, sender);
        }
        (self.reference, report)
    }

    /// The delivery a report is about.
    pub fn end(&mut self, user: &str, reference: u8) -> Option<oneshot::Sender<Outcome>> {
        self.waiting.remove(&(user.to_owned(), reference))
    }
}

/// A submission of a terminal that asked for a status report.
#[derive(Debug, Clone)]
pub struct Awaited {
    pub user: String,
    pub recipient: Address,
    pub reference: u8,
    pub submitted: TimeStamp,
}

/// Status reports owed to terminals, by what the service centre's report will name.
#[derive(Debug, Default)]
pub struct StatusReports(HashMap<ReportReference, Awaited>);

impl StatusReports {
    pub fn expect(&mut self, reference: ReportReference, awaited: Awaited) {
        if self.0.len() < MOST_WAITING {
            self.0.insert(reference, awaited);
        }
    }
}

/// The gateway's own identity on the SIP side.
pub fn gateway_uri(gateway: &Gateway) -> String {
    format!("sip:ip-sm-gw@{}", gateway.agent.sip_address())
}

/// The level for a short message to this user now.
pub fn level_of(gateway: &Gateway, user: &str, reach: &Reachable) -> Option<Level> {
    let mut data = read_locked(&gateway.subscribers).subscription(user);
    if !reach.capable.transport {
        data.authorised.service = pager::recipient_is_authorised(gateway, user);
    }
    levels::level(data, reach.capable, gateway.faults)
}

/// How the short message goes if it goes as it is: to whom, and where he is.
pub fn encapsulated_recipient(gateway: &Gateway, user: &str) -> Option<Reachable> {
    let reach = reachable(gateway, user)?;
    (level_of(gateway, user, &reach) == Some(Level::Transport)).then_some(reach)
}

/// The current time as a service centre writes it.
pub fn time_stamp() -> TimeStamp {
    TimeStamp::of_instant(crate::reference::calendar::now(), 0).unwrap_or(TimeStamp([0; 7]))
}

/// A MESSAGE of the gateway that encapsulates an RP message.
pub fn encapsulate(
    gateway: &Gateway,
    to: &str,
    message: &RpMessage,
    in_reply_to: Option<&str>,
) -> SipMessage {
    mark!("TLI-04");
    mark!("TLI-11");
    let delivers = message.name() == "RP-DATA";
    let spoilt = |fault| delivers && gateway.faults.is(fault);
    let uri = gateway_uri(gateway);
    let mut request = SipMessage::request("MESSAGE", to);
    let token = gateway.agent.token();
    request.push("From", format!("<{uri}>;tag={token}"));
    request.push("To", format!("<{to}>"));
    request.push("P-Asserted-Identity", format!("<{uri}>"));
    if !spoilt(Fault::AcceptContactLeftOut) {
        request.push("Accept-Contact", "*;+g.3gpp.smsip;require;explicit");
    }
    if !spoilt(Fault::ForkingLeftOpen) {
        request.push("Request-Disposition", "no-fork");
    }
    if let Some(call_id) = in_reply_to {
        mark!("TLI-07");
        let differs = gateway.faults.is(Fault::InReplyToDiffers);
        let call_id = if differs { "another@call" } else { call_id };
        request.push("In-Reply-To", call_id);
    }
    let mut body = message.encode();
    if gateway.faults.is(Fault::EncapsulatedInBase64) {
        request.push("Content-Transfer-Encoding", "base64");
        body = base64(&body);
    }
    let kind = match spoilt(Fault::ContentTypeOfCpim) {
        true => "message/cpim",
        false => ENCAPSULATED,
    };
    request.set_body(kind, body);
    request
}

/// RFC 4648 section 4; only a deliberate fault needs it.
fn base64(octets: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| ALPHABET[(bits & 63) as usize];
    let group = |three: &[u8]| {
        let octet = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        let mut letters = [bits >> 18, bits >> 12, bits >> 6, bits].map(letter);
        letters[three.len() + 1..].fill(b'=');
        letters
    };
    octets.chunks(3).flat_map(group).collect()
}

/// A TPDU for a terminal.
pub struct Parcel<'a> {
    pub user: &'a str,
    pub reach: &'a Reachable,
    /// Its octets.
    pub tpdu: Vec<u8>,
    /// The SMS user it comes from.
    pub from: &'a str,
    /// The URI of a sender without a number.
    pub sender_uri: Option<&'a str>,
}

/// What became of a delivery, and the terminal's SMS-DELIVER-REPORT if there was one.
pub type Delivered = (Handover, Option<Vec<u8>>);

/// Delivers a TPDU: MESSAGE, its response, the terminal's report.
pub async fn deliver_tpdu(
    gateway: &Gateway,
    parcel: Parcel<'_>,
    on_response: impl FnOnce(u16),
) -> Delivered {
    mark!("TLI-08");
    let Parcel { user, reach, .. } = parcel;
    let Some((address, transport)) = pager::address_of(&reach.contact) else {
        return (Handover::Absent, None);
    };
    let (reference, report) = locked(&gateway.outstanding).begin(user);
    let body = RpBody::Data {
        originator: RpAddress::of_number(&service_centre(gateway, user)),
        destination: RpAddress::default(),
        user_data: parcel.tpdu,
    };
    let message = RpMessage::new(Direction::ToStation, reference, body);
    let mut request = encapsulate(gateway, &reach.identity, &message, None);
    if let Some(sender) = parcel.sender_uri {
        msisdn_less::name_sender(gateway, &mut request, sender);
    }
    if gateway.faults.is(Fault::DeliversFromTheSmsUser) {
        let (sender, tag) = (parcel.from, gateway.agent.token());
        request.set("From", format!("<tel:{sender}>;tag={tag}"));
        request.set("P-Asserted-Identity", format!("<tel:{sender}>"));
    }
    let code = match gateway.agent.request(request, address, transport).await {
        Ok(response) => response.status().unwrap_or(500),
        Err(error) => {
            tracing::info!(%error, user, "a short message did not reach the terminal");
            480
        }
    };
    on_response(code);
    if !(200..300).contains(&code) {
        return (failure::of_delivery(code), None);
    }
    let Ok(Ok(outcome)) = tokio::time::timeout(REPORT_PATIENCE, report).await else {
        return (Handover::Absent, None);
    };
    let handover = match outcome.cause {
        None => Handover::Taken,
        Some(MEMORY_EXCEEDED) => Handover::Congested,
        Some(_) => Handover::Rejected,
    };
    (handover, outcome.report)
}

/// The service centre of a user, as his terminal knows it.
pub fn service_centre(gateway: &Gateway, user: &str) -> String {
    let centre = read_locked(&gateway.subscribers)
        .settings(user, "")
        .service_centre;
    centre.unwrap_or_else(|| USUAL_SERVICE_CENTRE.to_owned())
}

/// A short message from the service centre, encapsulated as it is; parts stay parts.
pub async fn deliver(gateway: Arc<Gateway>, user: String, reach: Reachable, delivery: Delivery) {
    let tpdu = delivery.tpdu.clone();
    let parcel = Parcel {
        user: &user,
        reach: &reach,
        tpdu: tpdu.unwrap_or_else(|| written(&delivery).encode()),
        from: &delivery.from,
        sender_uri: None,
    };
    let delivered = deliver_tpdu(&gateway, parcel, |_| ()).await;
    match delivered {
        (handover, Some(report)) => delivery.answer.give_with_report(handover, report),
        (handover, None) => delivery.answer.give(handover),
    }
}

/// The SMS-DELIVER of a short message whose link carries none.
fn written(delivery: &Delivery) -> Tpdu {
    let (coding, payload) = encoded(&delivery.text, delivery.coding);
    let header = match delivery.header.elements.is_empty() {
        true => Vec::new(),
        false => delivery.header.to_octets(),
    };
    let deliver = Deliver::new(
        originator(&delivery.from),
        stamp_of(delivery.time_stamp.as_deref()),
        DataCoding::of(coding),
        TpUserData::compose(&header, coding, &payload),
    );
    Tpdu::Deliver(Deliver {
        protocol: delivery.protocol_id,
        ..deliver
    })
}

pub fn originator(from: &str) -> Address {
    let number = from
        .trim_start_matches('+')
        .bytes()
        .all(|b| b.is_ascii_digit());
    match Address::alphanumeric(from) {
        Ok(name) if !number => name,
        _ => Address::of_number(from),
    }
}

fn stamp_of(text: Option<&str>) -> TimeStamp {
    let read = |text: &str| {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let minutes = |zone: &str| -> Option<i32> {
            let (hours, minutes) = zone.split_once(':')?;
            Some(60 * hours.parse::<i32>().ok()? + minutes.parse::<i32>().ok()?)
        };
        let quarters = match text.rfind(['+', '-']).filter(|at| *at > 10) {
            Some(at) if text[at..].starts_with('-') => -(minutes(&text[at + 1..])? / 15),
            Some(at) => minutes(&text[at + 1..])? / 15,
            None => 0,
        };
        TimeStamp::of_instant(instant, i8::try_from(quarters).ok()?)
    };
    text.and_then(read).unwrap_or_else(time_stamp)
}

/// The text in the coding it came in, if it fits.
fn encoded(text: &str, coding: Coding) -> (Coding, Vec<u8>) {
    match coding {
        Coding::Octets => {
            let octet = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
            (coding, text.chars().map(octet).collect())
        }
        Coding::Gsm7 => match encode_gsm7(text) {
            Ok(septets) => (coding, septets),
            Err(_) => (Coding::Ucs2, encode_ucs2(text)),
        },
        Coding::Ucs2 => (coding, encode_ucs2(text)),
    }
}

/// Takes the service centre's report if it is about a submission of a terminal, and gives it back if not.
pub fn status_report(gateway: &Arc<Gateway>, report: Report) -> Option<Report> {
    mark!("TLI-06");
    let awaited = {
        let mut owed = locked(&gateway.status_reports);
        // Still trying: another report will follow.
        let pending = (0x20..0x40).contains(&report.status);
        match pending {
            true => owed.0.get(&report.reference).cloned(),
            false => owed.0.remove(&report.reference),
        }
    };
    let Some(awaited) = awaited else {
        return Some(report);
    };
    let reach = reachable(gateway, &awaited.user);
    let Some(reach) = reach.filter(|_| !gateway.faults.is(Fault::StatusReportDropped)) else {
        report.answer.give(Handover::Taken);
        return None;
    };
    let written = Tpdu::StatusReport(StatusReport {
        more_messages: false,
        loop_prevention: false,
        answers_command: false,
        reference: awaited.reference,
        recipient: awaited.recipient.clone(),
        time_stamp: awaited.submitted,
        discharge: time_stamp(),
        status: report.status,
        parameters: None,
        unread: Unread::default(),
    });
    let gateway = gateway.clone();
    tokio::spawn(async move {
        let parcel = Parcel {
            user: &awaited.user,
            reach: &reach,
            tpdu: report.tpdu.clone().unwrap_or_else(|| written.encode()),
            from: &awaited.recipient.text().unwrap_or_default(),
            sender_uri: None,
        };
        match deliver_tpdu(&gateway, parcel, |_| ()).await {
            (handover, Some(octets)) => report.answer.give_with_report(handover, octets),
            (handover, None) => report.answer.give(handover),
        }
    });
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_examples_of_its_rfc() {
        for (octets, text) in [("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(octets.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn keeps_the_time_zone_of_a_stamp() {
        let stamp = stamp_of(Some("2012-03-04T05:06:07+02:00"));
        assert_eq!(stamp.0, [0x21, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80]);
    }
}
