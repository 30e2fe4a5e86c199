//! The way short messages take to the gateway and from it: service centre addresses, routing queries, correlation ids, acknowledgements.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::behaviour::UeBehaviour;
use crate::peer::home_subscriber_server::{SubscriberData, imsi};
use crate::peer::ue::UeCommand;
use crate::sut::profile::InUse;
use crate::verdict::routing::{self, Which};
use crate::verdict::{Question, Reason, short_message};
use crate::wire::sms::TimeStamp;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// The HSS answers queries about the user with an IMSI and a serving node.
#[given(expr = "the HSS knows {person}")]
async fn hss_knows(lab: &mut Lab, person: PersonName) {
    lab.hss_data(&person.0, SubscriberData::default());
}

/// The TFR bears an identity that no routing query has given out.
#[given(expr = "the service centre forwards {person}'s short messages under an unknown identity")]
async fn unknown_identity(lab: &mut Lab, person: PersonName) {
    lab.adjust_handset(&person, |handset| handset.unknown_identity = true);
}

/// TP-SCTS of every short message of that handset, where the carriage has one.
#[given(expr = "the service centre stamps {person}'s short messages {string}")]
async fn stamps(lab: &mut Lab, person: PersonName, time: String) {
    let Some(stamp) = stamp_of(&time) else {
        lab.broken(Reason::Config, format!("{time} is no time of RFC 3339"));
    };
    lab.adjust_handset(&person, |handset| handset.time_stamp = Some(stamp));
}

/// In the network of the SMS user: the gateway is his service centre.
#[given(expr = "the gateway delivers short messages to {person} itself")]
async fn delivers_itself(lab: &mut Lab, person: PersonName) {
    lab.property(&person.0, "terminating_delivery", true);
}

/// Any SIP MESSAGE is answered 480.
#[given(expr = "{person}'s terminal takes no messages")]
async fn takes_no_messages(lab: &mut Lab, person: PersonName) {
    let behaviour = UeBehaviour {
        message_answer: Some(400),
        ..lab.stage().facility.terminal()
    };
    lab.order(&person.0, UeCommand::Behave(behaviour));
}

/// Both at the same time.
#[when(expr = "{person} and {person} each send {person} a short message")]
async fn both_send(lab: &mut Lab, one: PersonName, two: PersonName, to: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let number = lab.stage().cast.number(&to.0).to_owned();
    lab.handset(&one).send(&number, "From one side");
    lab.handset(&two).send(&number, "From the other side");
}

/// A short message to where the last one came from, whether it gets through or not.
#[when(expr = "{person} sets out to answer")]
async fn sets_out(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.handset(&person).answer("On its way");
}

/// RP-DA or SC-Address of the short message a pager message has become.
#[then(expr = "the short message to {person} carries a service centre address")]
async fn pager_centre(lab: &mut Lab, to: PersonName, step: &Step) {
    let question = lab.service_centre(Which::New, &to.0, None);
    lab.check(&step.value, question).await;
}

/// The same, and it is the one of the subscriber data.
#[then(expr = "the short message to {person} carries the service centre address from the HSS")]
async fn pager_centre_of_hss(lab: &mut Lab, to: PersonName, step: &Step) {
    let held = lab.centres().1;
    let question = lab.service_centre(Which::New, &to.0, held);
    lab.check(&step.value, question).await;
}

/// SRA: serving node and User-Name.
#[then(expr = "the routing query for {person} is answered with the gateway's own address")]
async fn own_address(lab: &mut Lab, person: PersonName, step: &Step) {
    let number = lab.stage().cast.number(&person.0).to_owned();
    let reaction = lab.ixit().reaction_seconds;
    let question = routing::answered_with_own_address(&person.0, &imsi(&number), reaction);
    lab.check(&step.value, question).await;
}

/// User-Name of every SRA.
#[then(expr = "each routing query is answered with a correlation id of its own")]
async fn ids_differ(lab: &mut Lab, step: &Step) {
    let imsi = imsi(lab.stage().cast.number("Alice"));
    let question = routing::correlation_ids_differ(2, &imsi, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// TFA of failure, and no SIP MESSAGE.
#[then(expr = "the short message is refused, and nothing of it reaches {person}")]
async fn refused_unknown(lab: &mut Lab, to: PersonName, step: &Step) {
    let question = routing::unknown_id_refused(&to.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// SRA on the number of the inviting message.
#[then("the route to the session number leads to the gateway")]
async fn session_number(lab: &mut Lab, step: &Step) {
    let question = routing::session_number_leads_here(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// SRR of the gateway, then the short message.
#[then(expr = "the gateway has asked for the route to {person} first")]
async fn asked_first(lab: &mut Lab, to: PersonName, step: &Step) {
    let question = routing::asked_before_delivery(&to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The order of the final response to MESSAGE and the answer on the SMS side.
#[then(expr = "{person}'s short message is acknowledged after {person}'s terminal has taken it")]
async fn after_terminal(lab: &mut Lab, from: PersonName, _to: PersonName, step: &Step) {
    let question = routing::acknowledged_after_the_terminal(&from.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// SM-RP-UI of the TFA.
#[then(expr = "{person}'s short message is answered with a delivery report")]
async fn delivery_report(lab: &mut Lab, from: PersonName, step: &Step) {
    let question = routing::answered_by_delivery_report(&from.0, true, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// SM-Diagnostic-Info of the TFA, with TP-FCS.
#[then(expr = "{person}'s short message is answered with a delivery report that says why not")]
async fn delivery_report_of_failure(lab: &mut Lab, from: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = routing::answered_by_delivery_report(&from.0, false, reaction);
    lab.check(&step.value, question).await;
}

/// The response of the SMS leg.
#[then(expr = "{person}'s leave message is acknowledged")]
async fn leave_acknowledged(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = short_message::acknowledged(&person.0, lab.ixit().acknowledge_seconds);
    lab.check(&step.value, question).await;
}

/// Query, TFR under the correlation id, TFA.
#[then(expr = "the route of {person}'s leave message leads through the gateway")]
async fn leave_routed(lab: &mut Lab, person: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = routing::routed_and_acknowledged(&person.0, false, reaction);
    lab.check(&step.value, question).await;
}

/// The same of an SMS-STATUS-REPORT.
#[then(
    expr = "the route of the status report on {person}'s short message leads through the gateway"
)]
async fn report_routed(lab: &mut Lab, person: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = routing::routed_and_acknowledged(&person.0, true, reaction);
    lab.check(&step.value, question).await;
}

/// A time of RFC 3339 as TP-SCTS, in its own zone.
fn stamp_of(time: &str) -> Option<TimeStamp> {
    let instant: jiff::Timestamp = time.parse().ok()?;
    let (hours, minutes) = time.get(time.len().checked_sub(6)?..)?.split_once(':')?;
    let (hours, minutes): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
    TimeStamp::of_instant(instant, 4 * hours + hours.signum() * (minutes / 15))
}

impl Lab {
    /// The provisioned service centre, and the one in subscriber data of the HSS.
    pub fn centres(&mut self) -> (Option<String>, Option<String>) {
        let provisioned = match self.stage().facility.profile.in_use() {
            Some(InUse::Sgd(sgd) | InUse::SmsOverIp(sgd)) => Some(sgd.sc_address.clone()),
            _ => None,
        };
        (provisioned, self.hss_service_centre())
    }

    /// The question which service centre a short message goes to; any of the profile's if none is wanted.
    pub fn service_centre(&mut self, which: Which, to: &str, wanted: Option<String>) -> Question {
        let (provisioned, held) = self.centres();
        let known = provisioned.into_iter().chain(held).collect();
        let reaction = self.ixit().reaction_seconds;
        routing::service_centre_address(which, to, known, wanted, reaction)
    }
}
