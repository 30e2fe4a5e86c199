//! Where short messages go: answers to routing queries that the HSS passes on, this node's own queries, and its report of a user who could
//! not be reached (3GPP TS 23.204 clauses 6.4, 6.13 and 6.14, TS 29.338 clause 5.2).

use super::Node;
use super::correlation::Correlated;
use super::messages::{experimental, missing};
use super::services::Pending;
use crate::reference::faults::Fault;
use crate::reference::short_message::{Arrival, Reach, RoutingQuery};
use crate::wire::diameter::{
    Avp, Command, DeliveryOutcome, Message, OutcomeOf, ResultCode, ServingNode, UserIdentifier,
    application, decode_tbcd, encode_tbcd, name, result,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// Limit for this node's own query while another waits for its answer.
const ASKING: Duration = Duration::from_secs(2);
/// SM-Delivery-Cause: absent user.
const ABSENT: u32 = 1;

/// What the HSS says about a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    pub imsi: Option<String>,
    pub serving_node: Option<ServingNode>,
}

/// Takes an SRR.
pub fn answer(pending: Pending) {
    mark!("RTE-02");
    mark!("RTE-03");
    mark!("RTE-08");
    let Some(number) = number_of(&pending.request) else {
        let (result, failed) = missing(name::MSISDN);
        return pending.answer(result, failed);
    };
    // Its own query that comes back to it would go round for ever; a relay keeps Origin-Host (RFC 6733 section 6.1.9).
    mark!("RTE-06");
    let origin = pending.request.text(name::ORIGIN_HOST);
    if origin == Some(pending.node.identity.host.as_str()) {
        return pending.answer(ResultCode::Base(result::UNABLE_TO_COMPLY), Vec::new());
    }
    let faults = pending.node.faults;
    tokio::spawn(async move {
        let (answer, reach) = oneshot::channel();
        let query = Arrival::Query(RoutingQuery {
            number: number.clone(),
            answer,
        });
        if pending.node.arrivals.send(query).await.is_err() {
            return pending.answer(ResultCode::Base(result::UNABLE_TO_COMPLY), Vec::new());
        }
        let routing = match reach.await {
            Ok(Reach::SessionNumber) if faults.is(Fault::SessionNumberNotRouted) => {
                return pending.answer(experimental(result::USER_UNKNOWN), Vec::new());
            }
            Ok(Reach::SessionNumber) => Routing::default(),
            Ok(Reach::User) => ask(&pending.node, &number).await.unwrap_or_default(),
            Ok(Reach::Stranger) | Err(_) => {
                return pending.answer(experimental(result::USER_UNKNOWN), Vec::new());
            }
        };
        here(pending, number, routing);
    });
}

/// Answers with this node's address and a fresh correlation id.
fn here(pending: Pending, number: String, routing: Routing) {
    let node = pending.node.clone();
    let user = Correlated {
        number,
        imsi: routing.imsi,
    };
    let id = node.correlations().create(Instant::now(), user);
    let serving = ServingNode {
        ip_sm_gw_number: Some(
            node.config
                .gateway_number
                .trim_start_matches('+')
                .to_owned(),
        ),
        ip_sm_gw_name: Some(node.identity.host.clone()),
        ip_sm_gw_realm: Some(node.identity.realm.clone()),
        ..ServingNode::default()
    };
    let avps = vec![
        Avp::text(name::USER_NAME, &id),
        serving.to_avp(name::SERVING_NODE),
    ];
    pending.answer(ResultCode::Base(result::SUCCESS), avps);
}

fn number_of(request: &Message) -> Option<String> {
    let digits = decode_tbcd(&request.find(name::MSISDN)?.data).ok()?;
    Some(format!("+{digits}"))
}

/// Asks the HSS where the user is served; `None` = it does not say.
pub async fn ask(node: &Arc<Node>, number: &str) -> Option<Routing> {
    mark!("PGO-06");
    let digits = encode_tbcd(number.trim_start_matches('+'))?;
    let mut avps = vec![Avp::new(name::MSISDN, digits)];
    if let Some(centre) = node.config.sc_address.as_deref() {
        let centre = encode_tbcd(centre.trim_start_matches('+'))?;
        avps.push(Avp::new(name::SC_ADDRESS, centre));
    }
    let identity = &node.identity;
    let request = identity.request(application::S6C, Command::SEND_ROUTING_INFO, avps);
    let reply = timeout(ASKING, node.order(request)).await;
    let answer = reply.ok()?.ok()?;
    if !answer.result()?.is_success() {
        return None;
    }
    Some(Routing {
        imsi: answer.text(name::USER_NAME).map(str::to_owned),
        serving_node: answer.serving_node(),
    })
}

/// Tells the HSS that the user could not be reached, so that the service centre is alerted later. Nobody waits for the answer.
pub fn report_absent(node: &Arc<Node>, number: &str, request: &Message) {
    let Some(centre) = request.find(name::SC_ADDRESS).cloned() else {
        return;
    };
    let user = UserIdentifier {
        msisdn: Some(number.trim_start_matches('+').to_owned()),
        ..UserIdentifier::default()
    };
    let outcome = DeliveryOutcome {
        of: OutcomeOf::IpSmGw,
        cause: Some(ABSENT),
        absent_diagnostic: None,
    };
    let avps = vec![user.to_avp(), centre, DeliveryOutcome::to_avp(&[outcome])];
    let identity = &node.identity;
    let report = identity.request(application::S6C, Command::REPORT_DELIVERY, avps);
    drop(node.order(report));
}

/// Tells the HSS that the user can be delivered to again, so that waiting service centres are alerted. Nobody waits for the answer.
pub fn alert(node: &Arc<Node>, number: &str) {
    mark!("TLI-09");
    let centre = node.config.sc_address.as_deref().unwrap_or_default();
    let Some(centre) = encode_tbcd(centre.trim_start_matches('+')) else {
        return;
    };
    let user = UserIdentifier {
        msisdn: Some(number.trim_start_matches('+').to_owned()),
        ..UserIdentifier::default()
    };
    let avps = vec![Avp::new(name::SC_ADDRESS, centre), user.to_avp()];
    let request = node
        .identity
        .request(application::S6C, Command::ALERT_SERVICE_CENTRE, avps);
    drop(node.order(request));
}
