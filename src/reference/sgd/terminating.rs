//! Delivery in the SMS user's own network: the gateway is the service centre, asks the HSS where he is, and hands him an SMS-DELIVER
//! (3GPP TS 23.204 clause 6.13, TS 29.311 clause 6.1.3.2).

use super::mobile_originated::{SubmitAnswer, read};
use super::references::report_reference;
use super::routing::ask;
use super::{Node, Routing};
use crate::reference::faults::Fault;
use crate::reference::short_message::{
    Arrival, DeliveryAnswer, OutgoingShortMessage, Report, Submission, SubmitFailure,
};
use crate::wire::diameter::{Avp, Command, Message, application, encode_tbcd, name};
use crate::wire::sms::tpdu::{Deliver, Tpdu};
use crate::wire::sms::{Address, DataCoding, TimeStamp, TpUserData};
use std::sync::Arc;
use tokio::sync::oneshot;

/// RP-Cause 30, unknown subscriber: the HSS does not say where he is.
const UNKNOWN: SubmitFailure = SubmitFailure::Cause(30);
/// TP-Status: received by the SME.
const RECEIVED: u8 = 0;

/// Delivers a short message; several for the same user may overtake each other only before the HSS has answered.
pub fn deliver(node: &Arc<Node>, message: &OutgoingShortMessage) -> Submission {
    mark!("PGO-06");
    if node.faults.is(Fault::NoRoutingQuery) {
        return super::mobile_originated::submit(node, message);
    }
    let (result, submission) = oneshot::channel();
    let (node, message) = (node.clone(), message.clone());
    let (from, to) = (message.from.clone(), message.to.clone());
    let reference = node.references().next(&from, &to, false);
    tokio::spawn(async move {
        let _turn = node.turns.lock().await;
        let outcome = delivered(&node, &message).await;
        let report = report_reference(&from, &to, reference);
        let taken = outcome.is_ok();
        result.send(outcome.map(|()| report.clone())).ok();
        if taken && message.report_requested {
            // Nobody else reports on it.
            let report = Arrival::Report(Report {
                reference: report,
                status: RECEIVED,
                to: Some(from),
                tpdu: None,
                answer: DeliveryAnswer::new(|_, _| {}),
            });
            node.arrivals.send(report).await.ok();
        }
    });
    submission
}

async fn delivered(node: &Arc<Node>, message: &OutgoingShortMessage) -> Result<(), SubmitFailure> {
    let routing = ask(node, &message.to).await.ok_or(UNKNOWN)?;
    let request = request(node, &routing, message).ok_or(UNKNOWN)?;
    let answer = node
        .order(request)
        .await
        .map_err(|_| SubmitFailure::NoResponse)?;
    let SubmitAnswer { outcome, .. } = read(&answer);
    outcome
}

fn request(node: &Node, routing: &Routing, message: &OutgoingShortMessage) -> Option<Message> {
    let serving = routing.serving_node.as_ref()?;
    let host = serving.mme_name.as_ref().or(serving.sgsn_name.as_ref())?;
    let centre = encode_tbcd(node.config.gateway_number.trim_start_matches('+'))?;
    let avps = vec![
        Avp::text(name::DESTINATION_HOST, host),
        Avp::text(name::USER_NAME, routing.imsi.as_deref()?),
        Avp::new(name::SC_ADDRESS, centre),
        Avp::new(name::SM_RP_UI, Tpdu::Deliver(compose(message)?).encode()),
    ];
    let identity = &node.identity;
    Some(identity.request(application::SGD, Command::MT_FORWARD, avps))
}

fn compose(message: &OutgoingShortMessage) -> Option<Deliver> {
    let user_data = TpUserData::compose(&message.header, message.coding, &message.payload);
    let now = TimeStamp::of_instant(crate::reference::calendar::now(), 0)?;
    let (part, of) = message.part;
    Some(Deliver {
        more_messages: part < of,
        protocol: message.protocol_id,
        ..Deliver::new(
            Address::of_number(&message.from),
            now,
            DataCoding::of(message.coding),
            user_data,
        )
    })
}
