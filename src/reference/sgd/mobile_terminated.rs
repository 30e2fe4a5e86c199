//! Short messages and status reports from the service centre: TFR, matched by MT correlation id, and its TFA
//! (3GPP TS 29.338 clause 6.2.2, TS 23.204 clauses 6.10 and 6.14).
//!
//! The TFA waits for what becomes of the message: the gateway answers, not this module.

use super::correlation::Correlated;
use super::messages::{experimental, missing};
use super::references::report_reference;
use super::routing;
use super::services::Pending;
use crate::reference::faults::Fault;
use crate::reference::short_message::{Arrival, Delivery, DeliveryAnswer, Handover, Report};
use crate::wire::diameter::{Avp, DeliveryFailure, ResultCode, failure_cause, name, result};
use crate::wire::sms::tpdu::{Deliver, DeliverReport, Direction, Inside, StatusReport, Tpdu};
use crate::wire::{Malformed, sms::Coding};
use tokio::time::Instant;

/// Absent-User-Diagnostic-SM "no response via the IP-SM-GW" (3GPP TS 23.040 clause 3.3.2).
const NO_RESPONSE_VIA_GATEWAY: u32 = 12;
/// TP-Failure-Cause values (3GPP TS 23.040 clause 9.2.3.22).
const UNSPECIFIED: u8 = 0xff;
const TPDU_NOT_SUPPORTED: u8 = 0xb0;

/// Takes a TFR.
pub fn deliver(pending: Pending) {
    mark!("ANS-04");
    mark!("TD-09");
    mark!("DR-08");
    for needed in [name::USER_NAME, name::SC_ADDRESS, name::SM_RP_UI] {
        if pending.request.find(needed).is_none() {
            let (result, failed) = missing(needed);
            return pending.answer(result, failed);
        }
    }
    let id = pending
        .request
        .text(name::USER_NAME)
        .unwrap_or_default()
        .to_owned();
    let user = pending.node.correlations().find(Instant::now(), &id);
    mark!("RTE-04");
    let Some(user) = user else {
        tracing::info!(
            id,
            "a short message for a correlation id that stands for nobody"
        );
        return pending.answer(experimental(result::USER_UNKNOWN), Vec::new());
    };
    let tpdu = pending.request.tpdu().unwrap_or_default().to_vec();
    let arrivals = pending.node.arrivals.clone();
    let decoded = Tpdu::decode(&tpdu, Direction::ToStation, Inside::Data);
    let arrival = match decoded.map(|decoded| decoded.tpdu) {
        Ok(Tpdu::Deliver(deliver)) => read(pending, user, &deliver, tpdu),
        Ok(Tpdu::StatusReport(report)) => Ok(status_report(pending, user, &report, tpdu)),
        Ok(_) => return refuse(pending, TPDU_NOT_SUPPORTED),
        Err(error) => Err((error, pending)),
    };
    match arrival {
        Ok(arrival) => {
            // An arrival that finds no room is dropped, and so answered as congestion.
            if arrivals.try_send(arrival).is_err() {
                tracing::warn!("more short messages than can be taken");
            }
        }
        Err((error, pending)) => {
            tracing::warn!(%error, "a short message that cannot be read");
            refuse(pending, UNSPECIFIED);
        }
    }
}

type Unread = (Malformed, Pending);

fn read(
    pending: Pending,
    user: Correlated,
    deliver: &Deliver,
    tpdu: Vec<u8>,
) -> Result<Arrival, Unread> {
    let data = &deliver.user_data;
    // A header that cannot be read is no header (3GPP TS 23.040 clause 9.2.3.24).
    let header = data.header().unwrap_or_default();
    let text = match data.text(deliver.data_coding) {
        Ok(Some(text)) => text,
        Ok(None) => data.payload().iter().copied().map(char::from).collect(),
        Err(error) => return Err((error, pending)),
    };
    let coding = match deliver.data_coding.is_compressed() {
        true => Coding::Octets,
        false => deliver.data_coding.coding(),
    };
    let time_stamp = deliver.time_stamp.read().ok().map(|time| time.rfc3339());
    Ok(Arrival::Message(Delivery {
        from: deliver.originator.text().unwrap_or_default(),
        to: user.number.clone(),
        text,
        coding,
        concatenation: header.concatenation(),
        header,
        protocol_id: deliver.protocol,
        time_stamp,
        tpdu: Some(tpdu),
        answer: owed(pending, user),
    }))
}

fn status_report(
    pending: Pending,
    user: Correlated,
    report: &StatusReport,
    tpdu: Vec<u8>,
) -> Arrival {
    let sms_user = report.recipient.text().unwrap_or_default();
    // All but "still trying" is the last word (3GPP TS 23.040 clause 9.2.3.15).
    if !(0x20..=0x3f).contains(&report.status) {
        let mut references = pending.node.references();
        references.settle(&user.number, &sms_user, report.reference);
    }
    Arrival::Report(Report {
        reference: report_reference(&user.number, &sms_user, report.reference),
        status: report.status,
        to: Some(user.number.clone()),
        tpdu: Some(tpdu),
        answer: owed(pending, user),
    })
}

/// The TFA as an answer the gateway owes. A user who could not be reached is reported to the HSS.
fn owed(pending: Pending, user: Correlated) -> DeliveryAnswer {
    DeliveryAnswer::new(move |handover, report| {
        if handover == Handover::Absent {
            routing::report_absent(&pending.node, &user.number, &pending.request);
        }
        give(pending, handover, report);
    })
}

/// The TFA for a handover, by table 4.4 of the catalogue.
fn give(pending: Pending, handover: Handover, report: Option<Vec<u8>>) {
    mark!("PGT-03");
    match handover {
        Handover::Taken => {
            let report = report.unwrap_or_else(|| deliver_report(None));
            let mut avps = vec![Avp::new(name::SM_RP_UI, report)];
            if pending.node.faults.is(Fault::NoDeliverReport) {
                avps.clear();
            }
            pending.answer(ResultCode::Base(result::SUCCESS), avps);
        }
        Handover::Absent => {
            let why = Avp::number(name::ABSENT_USER_DIAGNOSTIC_SM, NO_RESPONSE_VIA_GATEWAY);
            pending.answer(experimental(result::ABSENT_USER), vec![why]);
        }
        Handover::Busy => pending.answer(experimental(result::USER_BUSY_FOR_MT_SMS), Vec::new()),
        Handover::UnknownUser => pending.answer(experimental(result::USER_UNKNOWN), Vec::new()),
        Handover::Congested | Handover::Rejected | Handover::Failed => match report {
            Some(report) => refuse_with(pending, report),
            None => refuse(pending, UNSPECIFIED),
        },
    }
}

fn refuse(pending: Pending, failure_cause: u8) {
    refuse_with(pending, deliver_report(Some(failure_cause)));
}

/// SM delivery failure with an SMS-DELIVER-REPORT that says why.
fn refuse_with(pending: Pending, report: Vec<u8>) {
    let full = Tpdu::decode(&report, Direction::ToCentre, Inside::Error).is_ok_and(|decoded| {
        matches!(decoded.tpdu, Tpdu::DeliverReport(r) if r.failure_cause.is_some_and(is_memory))
    });
    let cause = match full {
        true => failure_cause::MEMORY_CAPACITY_EXCEEDED,
        false => failure_cause::EQUIPMENT_PROTOCOL_ERROR,
    };
    let failure = DeliveryFailure {
        cause,
        diagnostic: Some(report),
    };
    let result = experimental(result::SM_DELIVERY_FAILURE);
    pending.answer(result, vec![failure.to_avp()]);
}

/// TP-Failure-Cause values that speak of memory.
fn is_memory(failure_cause: u8) -> bool {
    matches!(failure_cause, 0xd0 | 0xd3)
}

fn deliver_report(failure_cause: Option<u8>) -> Vec<u8> {
    Tpdu::DeliverReport(DeliverReport::new(failure_cause)).encode()
}
