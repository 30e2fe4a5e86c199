//! Access networks of UEs (3GPP TS 24.229 clause 7.2A.4, RFC 7315 section 5.4): what a UE says of the one it is on.
//! The values stand in `fixtures/access_networks.yaml`.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::mmtel_ue::MmtelCommand;
use crate::verdict::{Reason, access};
use cucumber::gherkin::Step;
use cucumber::{Parameter, given, then};
use std::convert::Infallible;
use std::str::FromStr;

/// An access network by its name in the features.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "access",
    regex = "E-UTRAN|NR|UTRAN|cdma2000 1x|HRPD|WLAN|VDSL|DOCSIS|DVB-RCS2|two access networks|an unknown access network|an access network that she does not name"
)]
pub struct AccessName(pub String);

impl FromStr for AccessName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// What the UE says of its access, at its registration and ever after.
#[given(expr = "{person} is on {access}")]
async fn is_on(lab: &mut Lab, person: PersonName, access: AccessName, step: &Step) {
    lab.stimulus(&step.value).await;
    let networks = &lab.stage().facility.access_networks;
    let Some(values) = networks.called(&access.0).map(|one| one.values.clone()) else {
        let message = format!("access_networks.yaml has no entry called `{}`", access.0);
        lab.broken(Reason::Config, message);
    };
    lab.command(&person.0, MmtelCommand::Access(values));
    lab.say_access(&step.value, &person).await;
}

/// A final response, whichever; that over other access networks the same happens is told by the comparison of their ladders.
#[then(expr = "{person} is answered as over every other access network")]
async fn is_answered(lab: &mut Lab, person: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = access::answered(&person.0, reaction);
    lab.acceptance(&step.value, question).await;
    lab.look_for(&access::heard_out(&person.0, reaction)).await;
}

/// P-Access-Network-Info as the caller's UE has sent it.
#[then(expr = "{person} is told the access network that {person} is on")]
async fn is_told(lab: &mut Lab, callee: PersonName, caller: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = access::passes_unaltered(&caller.0, &callee.0, reaction);
    lab.check(&step.value, question).await;
}

/// The same responses to both INVITEs.
#[then(expr = "{person} gets the conference by the same messages as {person}")]
async fn created_alike(lab: &mut Lab, second: PersonName, first: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = access::created_alike(&first.0, &second.0, reaction);
    lab.check(&step.value, question).await;
}

/// No BYE, and no refusal of the re-INVITE.
#[then(
    expr = "the communication of {person} with the CMMC focus goes on over the new access network"
)]
async fn goes_on(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = access::goes_on_over_it(&person.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}
