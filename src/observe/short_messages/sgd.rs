//! Short messages in Diameter (3GPP TS 29.338): OFR carries SMS-SUBMIT from the system, TFR carries SMS-DELIVER and SMS-STATUS-REPORT to it, or
//! SMS-DELIVER from a system that delivers by itself.
//!
//! An SMS-DELIVER names no recipient: it is who the routing query asked about whose answer gave out the identity that the TFR bears.
use super::{Carried, DeliveryReport, Part};
use crate::observe::Trace;
use crate::observe::diameter::{DiameterRequest, diameter_requests};
use crate::wire::diameter::{Command, name};
use crate::wire::sms::tpdu::Tpdu;
use crate::wire::sms::{Coding, DataCoding, TimeStamp, TpUserData};
use std::collections::HashMap;

pub(super) fn carried(trace: &Trace) -> Vec<Carried<'_>> {
    let requests = diameter_requests(trace);
    let routes = Routes::of(&requests);
    let messages = requests.iter();
    messages
        .filter_map(|request| carry(request, &routes))
        .collect()
}

/// Which number the user identities stand for that answers to routing queries gave out.
pub(super) struct Routes(HashMap<String, Vec<(usize, String)>>);

impl Routes {
    pub(super) fn of(requests: &[DiameterRequest<'_>]) -> Self {
        let mut routes: HashMap<String, Vec<(usize, String)>> = HashMap::new();
        let queries = requests.iter().filter(|r| r.is(Command::SEND_ROUTING_INFO));
        for query in queries {
            let identity = query.answer.and_then(|(_, m)| m.text(name::USER_NAME));
            if let (Some(identity), Some(number)) = (identity, query.msisdn()) {
                let known = routes.entry(identity.to_owned()).or_default();
                known.push((query.index, number));
            }
        }
        Self(routes)
    }

    /// The number an identity stood for at a place in the trace: the latest query before it.
    pub(super) fn number(&self, identity: &str, index: usize) -> Option<&str> {
        let known = self.0.get(identity)?.iter();
        let before = known.rev().find(|(query, _)| *query < index);
        before.map(|(_, number)| number.as_str())
    }
}

fn carry<'t>(request: &DiameterRequest<'t>, routes: &Routes) -> Option<Carried<'t>> {
    let tpdu = request.tpdu()?.ok();
    let (part, other) = match &tpdu {
        Some(Tpdu::Submit(submit)) => {
            let mut part = text_part(request, &submit.user_data, submit.data_coding);
            part.protocol_id = submit.protocol;
            part.report_requested = submit.status_report;
            part.reference = Some(submit.reference);
            if part.response.is_some_and(|(status, _)| status == 0) {
                part.message_id = Some(submit.reference.to_string());
            }
            (part, submit.destination.text())
        }
        Some(Tpdu::Deliver(deliver)) => {
            let mut part = text_part(request, &deliver.user_data, deliver.data_coding);
            part.protocol_id = deliver.protocol;
            part.report_requested = deliver.status_report;
            part.time_stamp = time(deliver.time_stamp);
            (part, deliver.originator.text())
        }
        Some(Tpdu::StatusReport(report)) => {
            let mut part = part(request);
            part.text = Some(String::new());
            part.report = Some(DeliveryReport {
                message: report.reference.to_string(),
                status: report.status,
            });
            part.time_stamp = time(report.time_stamp);
            (part, report.recipient.text())
        }
        _ => (part(request), None),
    };
    let other = other.unwrap_or_default();
    let (sender, recipient) = if request.is(Command::MO_FORWARD) {
        (request.msisdn().unwrap_or_default(), other)
    } else {
        let identity = request.message.text(name::USER_NAME).unwrap_or_default();
        let number = routes.number(identity, request.index);
        (other, number.unwrap_or(identity).to_owned())
    };
    Some(Carried {
        index: request.index,
        direction: request.direction(),
        sender,
        recipient,
        is_receipt: part.report.is_some(),
        part,
    })
}

fn time(stamp: TimeStamp) -> Option<String> {
    stamp.read().ok().map(|time| time.rfc3339())
}

/// Nothing but frames and answer.
fn part<'t>(request: &DiameterRequest<'t>) -> Part<'t> {
    Part {
        frame: request.frame(),
        frames: &request.seen.frames,
        at: request.seen.at,
        text: None,
        concatenation: None,
        coding: None,
        protocol_id: 0,
        report_requested: false,
        report: None,
        reference: None,
        service_centre: request.service_centre(),
        time_stamp: None,
        response: request.status().zip(request.answer_frame()),
        message_id: None,
    }
}

fn text_part<'t>(request: &DiameterRequest<'t>, data: &TpUserData, scheme: DataCoding) -> Part<'t> {
    // Data without alphabet shows its octets as characters, as on the other carriages.
    let octets = || data.payload().iter().copied().map(char::from).collect();
    let coding = scheme.coding();
    let text = match data.text(scheme) {
        Ok(Some(text)) => Some(text),
        Ok(None) if coding == Coding::Octets => Some(octets()),
        _ => None,
    };
    Part {
        coding: text.is_some().then_some(coding),
        text,
        concatenation: data.header().ok().and_then(|h| h.concatenation()),
        ..part(request)
    }
}
