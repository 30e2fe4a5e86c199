//! Chat sessions that end out of order: errors, crossing ends, expiry, lost connections.
use super::lab::Lab;
use super::stage::Means;
use super::vocabulary::{PersonName, Word};
use crate::peer::ue::UeCommand;
use crate::verdict::teardown_faults;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Final response to a BYE of the system.
#[given(expr = "{person}'s client answers BYE with {int}")]
async fn answers_bye(lab: &mut Lab, user: PersonName, code: u16) {
    lab.adjust_client(&user, |client| client.bye_answer = Some(code));
}

/// Its own BYE leaves before it answers the other side's: the two cross.
#[given(expr = "{person}'s client says BYE when it gets one")]
async fn crosses(lab: &mut Lab, user: PersonName) {
    lab.adjust_client(&user, |client| client.crossing_bye = true);
}

/// Session-Expires of the profile, and no refresh.
#[given(expr = "{person}'s client does not refresh its short sessions")]
async fn refreshes_not(lab: &mut Lab, user: PersonName) {
    let interval = lab.ixit().session_interval_seconds;
    lab.adjust_client(&user, |client| {
        client.session_expires = Some(interval);
        client.withhold_refresh = true;
    });
}

/// Session-Expires of the profile, refreshed in time.
#[given(expr = "{person}'s client refreshes its short sessions")]
async fn refreshes(lab: &mut Lab, user: PersonName) {
    let interval = lab.ixit().session_interval_seconds;
    lab.adjust_client(&user, |client| client.session_expires = Some(interval));
}

/// W is one the suite can wait for.
#[given("the time to come back is short")]
async fn short_window(lab: &mut Lab) {
    let seconds = lab.ixit().reconnect_seconds;
    lab.cpm_property("reconnect_seconds", seconds);
}

/// BYE, and without waiting a short message.
#[when(expr = "{person} ends the chat session while {person} answers with {answer}")]
async fn both_end(lab: &mut Lab, caller: PersonName, callee: PersonName, word: Word, step: &Step) {
    let text = lab.word(word);
    lab.stimulus(&step.value).await;
    let call = lab.stage().call.clone();
    lab.order(&caller.0, UeCommand::Bye { call });
    // On the wire first, and not waited for.
    lab.sent("the BYE", |view| !view.byes_to_system().is_empty())
        .await;
    if let Means::Sms(handset) = &lab.user(&callee.0).means {
        handset.answer(&text);
    }
}

/// Nothing is done; time passes.
#[when("the session interval runs out")]
async fn runs_out(lab: &mut Lab, step: &Step) {
    lab.stimulus(&step.value).await;
}

/// The client's side of the MSRP connection closes, without a word in SIP.
#[when(expr = "{person}'s message connection is lost")]
async fn connection_lost(lab: &mut Lab, user: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.stage().call.clone();
    lab.order(&user.0, UeCommand::CloseMedia { call });
}

/// The system closes the MSRP connection although its BYE got an error.
#[then("the gateway gives the chat session up")]
async fn given_up(lab: &mut Lab, step: &Step) {
    let question = teardown_faults::given_up(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 200 or 481 to the crossing BYE.
#[then(expr = "{person}'s BYE is answered, and the gateway sends no second one")]
async fn crossing_answered(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = teardown_faults::crossing_bye_answered(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// At most one short message after both ends.
#[then(expr = "{person} is sent no second closing message")]
async fn told_once(lab: &mut Lab, person: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(
        &step.value,
        teardown_faults::no_second_closing_message(&person.0, guard),
    )
    .await;
}

/// BYE from the system when the session interval has passed.
#[then("the gateway ends the chat session when it has run out")]
async fn expires(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let patience = f64::from(ixit.session_interval_seconds) + ixit.reaction_seconds;
    let question = teardown_faults::ended_on_expiry(patience, ixit.answer_tolerance_seconds);
    lab.check(&step.value, question).await;
}

/// Closing message of a session that has expired.
#[then(expr = "{person} is told when it has run out")]
async fn told_of_expiry(lab: &mut Lab, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let patience = f64::from(ixit.session_interval_seconds) + ixit.reaction_seconds;
    let question = teardown_faults::told_of_expiry(&person.0, patience);
    lab.check(&step.value, question).await;
}

/// No BYE from the system for longer than the session interval.
#[then("the chat session goes on")]
async fn goes_on(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let seconds = f64::from(ixit.session_interval_seconds) + ixit.guard_seconds;
    lab.never(&step.value, teardown_faults::goes_on(seconds))
        .await;
}

/// BYE with Reason, W after the connection was lost.
#[then("the gateway ends the chat session for a reason when that time has passed")]
async fn ended_for_a_reason(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let question = teardown_faults::ended_for_a_reason(
        ixit.reconnect_seconds,
        ixit.reaction_seconds,
        ixit.allowance_seconds,
    );
    lab.check(&step.value, question).await;
}
