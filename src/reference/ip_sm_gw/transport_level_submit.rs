//! What terminals send at transport level: short messages, delivery reports, and that there is memory again
//! (3GPP TS 24.341 clauses 5.3.3.3 to 5.3.3.5).
//!
//! Each MESSAGE is answered 202 at once; what comes of it goes back in a MESSAGE of its own, with In-Reply-To naming the first.

use super::invitation::Sender;
use super::registration::reachable;
use super::transport_level::{self as level, Awaited};
use super::{Gateway, levels, locked, msisdn_less, pager, read_locked, session_sms};
use crate::reference::faults::Fault;
use crate::reference::short_message::{
    OutgoingShortMessage, ReportReference, SubmitFailure, outcome,
};
use crate::reference::user_agent::ServerRequest;
use crate::wire::sms::Coding;
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::{Direction, Parameters, Submit, SubmitReport, Tpdu, Unread};
use std::sync::Arc;
use std::time::Duration;

/// RP-Cause 50, requested facility not subscribed; 38, network out of order; 69, facility not implemented.
const NOT_SUBSCRIBED: u8 = 50;
const OUT_OF_ORDER: u8 = 38;
const NOT_IMPLEMENTED: u8 = 69;
/// TP-FCS, unspecified error cause.
const UNSPECIFIED: u8 = 0xff;
/// A terminal waits this long for the submit report (3GPP TS 24.011 clause 10, TR1M), so the service centre has less.
const CENTRE_PATIENCE: Duration = Duration::from_secs(25);

/// A MESSAGE with an encapsulated short message.
pub async fn received(gateway: Arc<Gateway>, request: ServerRequest) {
    let part = request.request.body_of(level::ENCAPSULATED);
    let body = part.as_ref().unwrap_or(&request.request.body);
    let Ok(message) = RpMessage::decode(body) else {
        return request.respond(400, "Bad Request", &Vec::new(), None);
    };
    let sender = Sender::read(&request.request).number;
    match message.body {
        RpBody::Data { .. } => submitted(&gateway, request, &sender, &message).await,
        RpBody::Ack { .. } | RpBody::Error { .. } => {
            reported(&gateway, request, &sender, &message).await;
        }
        RpBody::MemoryAvailable => memory_available(&gateway, request, &sender, &message).await,
    }
}

fn accepted(request: ServerRequest, ok_instead: bool) {
    match ok_instead {
        true => request.respond(200, "OK", &Vec::new(), None),
        false => request.respond(202, "Accepted", &Vec::new(), None),
    }
}

/// RP-DATA with an SMS-SUBMIT: to the service centre, and the submit report back.
async fn submitted(
    gateway: &Arc<Gateway>,
    request: ServerRequest,
    sender: &str,
    message: &RpMessage,
) {
    mark!("TLI-01");
    mark!("TLI-03");
    let faults = gateway.faults;
    if faults.is(Fault::RefusesEncapsulatedSubmit) {
        return request.respond(415, "Unsupported Media Type", &Vec::new(), None);
    }
    let call_id = request.request.call_id().unwrap_or_default().to_owned();
    let sip = request.request.clone();
    let early = faults.is(Fault::SubmitReportBeforeAccepted);
    let mut owed = Some(request);
    if !early && let Some(request) = owed.take() {
        accepted(request, faults.is(Fault::SubmitAnsweredOk));
    }
    let decoded = message.tpdu().and_then(Result::ok).map(|found| found.tpdu);
    let result = match decoded {
        Some(Tpdu::Submit(submit)) => {
            let centre = match &message.body {
                RpBody::Data { destination, .. } => destination.number(),
                _ => None,
            };
            match msisdn_less::recipient(&sip, &submit) {
                Some(recipient) => {
                    let sender = msisdn_less::sender_uri(&sip);
                    msisdn_less::forward(gateway, &sender, &recipient, &submit).await
                }
                None => forward(gateway, sender, submit, centre).await,
            }
        }
        _ => Err(NOT_IMPLEMENTED),
    };
    let report = submit_report(gateway, message.reference, result.err());
    send_back(gateway, sender, &report, &call_id).await;
    if let Some(request) = owed {
        accepted(request, false);
    }
}

/// Hands the short message to the service centre; `Err` = RP-Cause.
async fn forward(
    gateway: &Arc<Gateway>,
    sender: &str,
    submit: Submit,
    centre: Option<String>,
) -> Result<(), u8> {
    mark!("TLI-02");
    let faults = gateway.faults;
    let (data, settings) = {
        let subscribers = read_locked(&gateway.subscribers);
        let settings = subscribers.settings(sender, "");
        (subscribers.subscription(sender), settings)
    };
    mark!("AUT-06");
    if !levels::may_submit(data, faults) {
        return Err(NOT_SUBSCRIBED);
    }
    if faults.is(Fault::EncapsulatedSubmitDropped) {
        return Ok(());
    }
    let Some(mut outgoing) = outgoing(sender, &submit, centre) else {
        return Err(NOT_IMPLEMENTED);
    };
    if faults.is(Fault::SubmitUnderWrongOriginator) {
        outgoing.from = session_sms::other_number(sender);
    }
    let submissions = session_sms::submit(gateway, &settings, vec![outgoing]);
    let Some(submission) = submissions.into_iter().next() else {
        return Err(OUT_OF_ORDER);
    };
    match tokio::time::timeout(CENTRE_PATIENCE, outcome(submission)).await {
        Ok(Ok(reference)) => {
            expect_report(gateway, sender, &submit, reference);
            Ok(())
        }
        Ok(Err(SubmitFailure::Cause(cause))) => Err(cause),
        Ok(Err(_)) | Err(_) => Err(OUT_OF_ORDER),
    }
}

fn expect_report(gateway: &Gateway, sender: &str, submit: &Submit, reference: ReportReference) {
    if submit.status_report {
        let awaited = Awaited {
            user: sender.to_owned(),
            recipient: submit.destination.clone(),
            reference: submit.reference,
            submitted: level::time_stamp(),
        };
        locked(&gateway.status_reports).expect(reference, awaited);
    }
}

fn outgoing(
    sender: &str,
    submit: &Submit,
    service_centre: Option<String>,
) -> Option<OutgoingShortMessage> {
    let data = &submit.user_data;
    let header_octets = match data.octets.first() {
        Some(length) if data.has_header => 1 + usize::from(*length),
        _ => 0,
    };
    let header = data.octets.get(..header_octets)?.to_vec();
    let coding = submit.data_coding.coding();
    let payload = match coding {
        Coding::Gsm7 => data.septets().ok()?,
        _ => data.octets.get(header_octets..)?.to_vec(),
    };
    let concatenation = data.header().unwrap_or_default().concatenation();
    Some(OutgoingShortMessage {
        from: sender.to_owned(),
        to: submit.destination.text()?,
        header,
        coding,
        payload,
        protocol_id: submit.protocol,
        report_requested: submit.status_report,
        service_centre,
        terminating: false,
        validity: submit.validity.span().and_then(|span| span.try_into().ok()),
        part: concatenation.map_or((1, 1), |part| (part.sequence, part.total)),
    })
}

/// RP-ACK or RP-ERROR with an SMS-SUBMIT-REPORT.
fn submit_report(gateway: &Gateway, reference: u8, cause: Option<u8>) -> RpMessage {
    mark!("TLI-07");
    mark!("TLI-08");
    let faults = gateway.faults;
    let report = Tpdu::SubmitReport(SubmitReport {
        failure_cause: cause.map(|_| UNSPECIFIED),
        time_stamp: level::time_stamp(),
        parameters: Parameters::default(),
        unread: Unread::default(),
    });
    let way = match faults.is(Fault::ReportOfWrongType) {
        true => Direction::ToCentre,
        false => Direction::ToStation,
    };
    let differs = u8::from(faults.is(Fault::ReportReferenceDiffers));
    let reference = reference.wrapping_add(differs);
    match cause {
        Some(cause) => RpMessage::error(way, reference, cause, Some(&report)),
        None => RpMessage::ack(way, reference, Some(&report)),
    }
}

/// A report to the terminal, in a MESSAGE of its own.
async fn send_back(gateway: &Gateway, user: &str, report: &RpMessage, call_id: &str) {
    let reach = reachable(gateway, user);
    let way = reach
        .as_ref()
        .and_then(|reach| pager::address_of(&reach.contact));
    let (Some(reach), Some((address, transport))) = (reach, way) else {
        tracing::info!(user, "a report has nowhere to go");
        return;
    };
    let request = level::encapsulate(gateway, &reach.identity, report, Some(call_id));
    if let Err(error) = gateway.agent.request(request, address, transport).await {
        tracing::info!(%error, user, "a report did not reach the terminal");
    }
}

/// A delivery report: acknowledged at the SIP level first, then told to who waits for it.
async fn reported(gateway: &Gateway, request: ServerRequest, user: &str, message: &RpMessage) {
    mark!("TLI-05");
    mark!("DR-06");
    let faults = gateway.faults;
    let waiting = locked(&gateway.outstanding).end(user, message.reference);
    let outcome = level::Outcome {
        cause: message.cause(),
        report: message.user_data().map(<[u8]>::to_vec),
    };
    let mut owed = Some(request);
    if !faults.is(Fault::NotifiesBeforeTheReport)
        && let Some(request) = owed.take()
    {
        accepted(request, faults.is(Fault::DeliveryReportAnsweredOk));
    }
    if let Some(waiting) = waiting
        && waiting.send(outcome).is_err()
    {
        tracing::debug!(user, "a delivery report nobody waits for any more");
    }
    if let Some(request) = owed {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        accepted(request, false);
    }
}

/// RP-SMMA: the network learns that the user can be delivered to again (3GPP TS 23.204 clause 6.6).
async fn memory_available(
    gateway: &Gateway,
    request: ServerRequest,
    user: &str,
    message: &RpMessage,
) {
    mark!("TLI-09");
    let call_id = request.request.call_id().unwrap_or_default().to_owned();
    accepted(request, false);
    if let Some(link) = &gateway.link
        && !gateway.faults.is(Fault::MemoryNoticeKept)
    {
        link.alert(user);
    }
    if gateway.faults.is(Fault::MemoryNoticeUnanswered) {
        return;
    }
    let report = RpMessage::ack(Direction::ToStation, message.reference, None);
    send_back(gateway, user, &report, &call_id).await;
}
