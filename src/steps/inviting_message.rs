//! What the SMS user gets on account of an invitation: the inviting message, help, or nothing.
use super::lab::Lab;
use super::policy::LONG_TEXT;
use super::vocabulary::{PersonName, Word};
use crate::verdict::routing::{self, Which};
use crate::verdict::short_message;
use cucumber::gherkin::Step;
use cucumber::then;

/// A short message on account of the invitation.
#[then(expr = "{person} receives the inviting message")]
async fn receives(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = short_message::inviting_message_received(&callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Exactly one, over the guard time.
#[then(expr = "{person} receives the inviting message once")]
async fn receives_once(lab: &mut Lab, callee: PersonName, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        short_message::received_once(&callee.0, ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

/// Nothing on the SMS leg over the guard time.
#[then(expr = "{person} is sent no short message")]
#[then(expr = "{person} is sent no further short message")]
async fn sent_nothing(lab: &mut Lab, callee: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(&step.value, short_message::none_to(&callee.0, guard))
        .await;
}

/// The order of 2xx and short messages.
#[then(expr = "{person} is sent no short message before the invitation is accepted")]
async fn not_asked(lab: &mut Lab, callee: PersonName, step: &Step) {
    let ixit = lab.ixit();
    lab.never(
        &step.value,
        short_message::none_before_acceptance(&callee.0, ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

/// Destination of the short message.
#[then(expr = "the inviting message is addressed to {person}")]
async fn addressed_to(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = short_message::addressed_to(&callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// TP-PID, protocol_id of SMPP.
#[then(regex = r"^the inviting message has protocol identifier (\d+)$")]
async fn protocol_identifier(lab: &mut Lab, value: u8, step: &Step) {
    let question = short_message::protocol_identifier(value, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The whole decoded text.
#[then(expr = "the inviting message reads {string}")]
async fn reads(lab: &mut Lab, text: String, step: &Step) {
    let question = short_message::inviting_message_reads(&text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The operator's wording of the invitation stands in the text.
#[then(expr = "the inviting message tells {person} that he is invited to a chat session")]
async fn tells_of_chat(lab: &mut Lab, _callee: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let marker = vec![ixit.texts.invite_marker.clone()];
    lab.check(
        &step.value,
        short_message::inviting_message_mentions(
            "says that it is an invitation",
            marker,
            ixit.reaction_seconds,
        ),
    )
    .await;
}

/// The operator's three words stand in the text.
#[then("the inviting message explains how to accept, reject and end")]
async fn explains(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let words = [Word::Accept, Word::Reject, Word::Leave]
        .map(|word| lab.word(word))
        .to_vec();
    lab.check(
        &step.value,
        short_message::inviting_message_mentions(
            "has the three words",
            words,
            ixit.reaction_seconds,
        ),
    )
    .await;
}

/// Number or display name of a CPM user in the text.
#[then(expr = "the inviting message tells who {person} is")]
async fn tells_who(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = short_message::inviting_message_tells(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Neither number nor display name in any short message of the test case.
#[then(expr = "no short message to {person} tells who {person} is")]
async fn nobody_tells(lab: &mut Lab, to: PersonName, person: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    lab.await_fact(short_message::any_received(&to.0, reaction))
        .await;
    lab.never(
        &step.value,
        short_message::nobody_tells(&person.0, &to.0, guard),
    )
    .await;
}

/// All parts, one reference, the operator's long text.
#[then("the inviting message arrives whole, as one concatenated short message")]
async fn concatenated(lab: &mut Lab, step: &Step) {
    let question =
        short_message::arrives_concatenated(LONG_TEXT, "Bob", lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A help text follows the unrecognised answer.
#[then(expr = "{person} receives one help message")]
async fn one_help_message(lab: &mut Lab, callee: PersonName, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        short_message::one_help_message(&callee.0, ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

/// The response of the SMS leg to the answering short message.
#[then(expr = "{person}'s answer is acknowledged")]
async fn acknowledged(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = short_message::acknowledged(&callee.0, lab.ixit().acknowledge_seconds);
    lab.check(&step.value, question).await;
}

/// RP-DA or SC-Address of the inviting message, and where it comes from.
#[then(
    regex = r"^the inviting message carries ((?:a|the provisioned) service centre address|the service centre address from the HSS)$"
)]
async fn service_centre(lab: &mut Lab, what: String, step: &Step) {
    let (provisioned, held) = lab.centres();
    let wanted = match what.as_str() {
        "a service centre address" => None,
        "the provisioned service centre address" => provisioned,
        _ => held,
    };
    let question = lab.service_centre(Which::Inviting, "Bob", wanted);
    lab.check(&step.value, question).await;
}

/// The routing query before the short message, and its correlation id.
#[then(expr = "the route of {person}'s answer leads through the gateway")]
async fn routed(lab: &mut Lab, callee: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = routing::answer_routed_through_gateway(&callee.0, reaction);
    lab.check(&step.value, question).await;
}

/// A short message on account of the invitation, where invitations are converted.
#[then(expr = "the chat invitation reaches {person} by SMS")]
async fn reaches_by_sms(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = short_message::conversion_reaches(&callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}
