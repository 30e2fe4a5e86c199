//! Whose policy and preference says what, and what the operator has configured.
use super::lab::Lab;
use super::vocabulary::{Is, PersonName, Treatment};
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::home_subscriber_server::SubscriberData;
use crate::wire::smpp::status;
use cucumber::given;

/// A text that fits no single short message.
pub const LONG_TEXT: &str = "You are invited to a chat session. Whoever sent you this would like to talk to you now, for as long as you both \
    like, in writing. Answer yes to join, no to decline, and stop when you have had enough. This costs you nothing but the short messages \
    you send yourself, and nobody learns whether you have read this far.";

/// The provider's policy for invitations that reach this recipient.
#[given(expr = "invitations to {person} are to be {treatment}")]
async fn invitations_to(lab: &mut Lab, person: PersonName, treatment: Treatment) {
    lab.property(&person.0, "provider_policy", treatment.policy());
}

/// The provider's policy for invitations from this originator.
#[given(expr = "invitations from {person} are to be {treatment}")]
async fn invitations_from(lab: &mut Lab, person: PersonName, treatment: Treatment) {
    lab.property(&person.0, "provider_policy", treatment.policy());
}

/// The provider's policy by name: forbid, auto-accept, ask or none.
#[given(
    regex = r"^the service provider's policy for (Alice|Bob|Carol|Dave) is (forbid|auto-accept|ask|none)$"
)]
async fn provider_policy(lab: &mut Lab, person: String, policy: String) {
    lab.property(&person, "provider_policy", policy);
}

/// The user's own preference: accept, reject, ask or unset.
#[given(
    regex = r"^(Alice|Bob|Carol|Dave)'s preference for invitations is (accept|reject|ask|unset)$"
)]
async fn user_preference(lab: &mut Lab, person: String, preference: String) {
    lab.property(&person, "user_preference", preference);
}

/// The operator's template of the inviting message.
#[given(expr = "the operator's text for inviting messages from {person} is {string}")]
async fn inviting_text(lab: &mut Lab, person: PersonName, text: String) {
    lab.property(&person.0, "invite_text", text);
}

/// A template that needs concatenation.
#[given(expr = "the operator's text for inviting messages from {person} is long")]
async fn long_inviting_text(lab: &mut Lab, person: PersonName) {
    lab.property(&person.0, "invite_text", LONG_TEXT);
}

/// The operator's template of the closing message.
#[given(expr = "the operator's text for closing messages from {person} is {string}")]
async fn closing_text(lab: &mut Lab, person: PersonName, text: String) {
    lab.property(&person.0, "closing_text", text);
}

/// The operator's policy on closing messages, 3GPP TS 23.204 clause 6.16.1 NOTE 2.
#[given(expr = "SMS users {is} to be told when {person} ends a chat session")]
async fn told_of_the_end(lab: &mut Lab, is: Is, person: PersonName) {
    lab.property(&person.0, "notify_on_teardown", is.0);
}

/// The SMSC answers every submission to this user with a permanent error.
#[given(expr = "the service centre refuses short messages to {person}")]
async fn refused_by_service_centre(lab: &mut Lab, person: PersonName) {
    lab.adjust_handset(&person, refuse);
}

/// A message centre that takes nothing for a handset.
pub fn refuse(handset: &mut HandsetBehaviour) {
    handset.submit_status = status::SUBMIT_FAILED;
}

/// HSS data, 3GPP TS 23.204 clause 5.2.3.
#[given(regex = r"^the HSS holds (a|no) service centre address for (Alice|Bob|Carol|Dave)$")]
async fn hss_service_centre(lab: &mut Lab, article: String, person: String) {
    let service_centre = (article == "a").then(|| lab.hss_service_centre()).flatten();
    let data = SubscriberData {
        service_centre,
        interworking: None,
    };
    lab.hss_data(&person, data);
    lab.property(&person, "hss_service_centre", article == "a");
}
