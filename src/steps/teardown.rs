//! The end of a chat session.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::ue::UeCommand;
use crate::verdict::routing::Which;
use crate::verdict::teardown;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// BYE in the session's dialog.
#[when(expr = "{person} ends the chat session")]
async fn ends(lab: &mut Lab, caller: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.stage().call.clone();
    lab.order(&caller.0, UeCommand::Bye { call });
}

/// A chat session that was, and is over.
#[given(expr = "the chat session between {person} and {person} has ended")]
async fn has_ended(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = lab.invitation(&callee);
    lab.establish(&step.value, &caller, &callee, order).await;
    lab.stimulus(&format!("{} ends the chat session", caller.0))
        .await;
    lab.order(
        &caller.0,
        UeCommand::Bye {
            call: callee.0.clone(),
        },
    );
    let question = teardown::ended(lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
    // What the gateway still has to say about this session must not be taken for the beginning of the next.
    let closing = teardown::closing_message_received(&callee.0, lab.ixit().guard_seconds);
    lab.await_fact(closing).await;
}

/// A short message after the BYE.
#[then(expr = "{person} receives the closing message")]
async fn receives_closing(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = teardown::closing_message_received(&callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The operator's closing text.
#[then(expr = "the closing message reads {string}")]
async fn closing_reads(lab: &mut Lab, text: String, step: &Step) {
    let question = teardown::closing_message_reads("Bob", &text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Sender of the closing message.
#[then("the closing message comes from the number of the inviting message")]
async fn closing_sender(lab: &mut Lab, step: &Step) {
    let question = teardown::closing_message_sender("Bob", lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-DA or SC-Address of the closing message.
#[then("the closing message carries a service centre address")]
async fn closing_service_centre(lab: &mut Lab, step: &Step) {
    let question = lab.service_centre(Which::New, "Bob", None);
    lab.check(&step.value, question).await;
}

/// 200 to the BYE within the profile's limit.
#[then("the end of the chat session is acknowledged")]
async fn acknowledged(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        teardown::bye_acknowledged(
            ixit.bye_seconds,
            ixit.allowance_seconds,
            ixit.reaction_seconds,
        ),
    )
    .await;
}

/// The system closes the MSRP connection.
#[then("the gateway closes the message connection")]
async fn media_released(lab: &mut Lab, step: &Step) {
    let question = teardown::media_released(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// One BYE from the system, in the session's dialog.
#[then("the gateway ends the chat session, once")]
async fn ended_once(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        teardown::ended_once_by_system(ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}
