//! The number that stands for a chat session.
use super::lab::Lab;
use super::stage::Means;
use super::vocabulary::PersonName;
use crate::sut::provision::prepared_users::own_pool;
use crate::verdict::session_number::{self, Sender};
use crate::verdict::{Reason, chat};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// The operator's choice of the sender of chats, 3GPP TS 23.204 clause 6.16.1 NOTE 1.
#[given(regex = r"^the sender of (Alice|Carol|Dave)'s chats is (her own|an assigned) number$")]
async fn sender(lab: &mut Lab, person: String, choice: String) {
    let value = if choice == "her own" {
        "own"
    } else {
        "assigned"
    };
    lab.property(&person, "sender_number", value);
}

/// A pool of its own with that many session numbers for both.
#[given(regex = r"^(Alice|Carol|Dave) and (Alice|Carol|Dave) share (\d) session numbers?$")]
async fn shared_pool(lab: &mut Lab, one: String, other: String, count: usize) {
    let stage = lab.stage();
    let (facility, numbers) = (stage.facility.clone(), stage.session_numbers(count));
    if stage.is_planning() {
        lab.property(&one, "pool", own_pool(count));
        return lab.property(&other, "pool", own_pool(count));
    }
    let listed = stage.lease.as_ref().and_then(|lease| lease.pool.as_ref());
    let pool = match listed {
        Some(pool) => pool.name.clone(),
        None => stage.setup.id.to_lowercase().replace('.', "-"),
    };
    let live = stage.is_live();
    if live && let Err(error) = facility.provisioner.prepare_pool(&pool, &numbers).await {
        lab.broken(Reason::Provisioning, error.to_string());
    }
    lab.property(&one, "pool", pool.clone());
    lab.property(&other, "pool", pool);
}

/// A short message to the number of a session, whatever came last.
#[when(expr = "{person} sends the short message {string} to the number of his chat with {person}")]
async fn sends_to_number(
    lab: &mut Lab,
    sender: PersonName,
    text: String,
    user: PersonName,
    step: &Step,
) {
    let stage = lab.stage();
    let number = session_number::of_session(&stage.view(stage.now()), &user.0, &sender.0);
    let Some(number) = number else {
        lab.not_stimulated(&format!(
            "a short message to the number of {}'s chat",
            user.0
        ))
    };
    lab.stimulus(&step.value).await;
    if let Means::Sms(handset) = &lab.user(&sender.0).means {
        handset.send(&number, &text);
    }
}

/// The sender of every short message so far.
#[then(expr = "all short messages to {person} come from one number")]
async fn one_number(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = session_number::one_number(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The sender is the CPM user's own number.
#[then(expr = "the inviting message comes from {person}'s own number")]
async fn own_number(lab: &mut Lab, person: PersonName, step: &Step) {
    let question =
        session_number::inviting_message_from(Sender::Own, &person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The sender is any number but the CPM user's own.
#[then(expr = "the inviting message does not come from {person}'s own number")]
async fn not_own_number(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = session_number::inviting_message_from(
        Sender::NotOwn,
        &person.0,
        lab.ixit().reaction_seconds,
    );
    lab.never(&step.value, question).await;
}

/// The sender is a number that is not the CPM user's.
#[then("the inviting message comes from an assigned number")]
async fn assigned_number(lab: &mut Lab, step: &Step) {
    let question = session_number::inviting_message_from(
        Sender::Assigned,
        "Alice",
        lab.ixit().reaction_seconds,
    );
    lab.check(&step.value, question).await;
}

/// A final 4xx or 5xx, and no number of a live pair used again.
#[then("the invitation is refused for want of a number")]
async fn no_number_left(lab: &mut Lab, step: &Step) {
    let question =
        crate::verdict::invitation::refused_for_want_of_a_number(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// Chat content from an SMS user stays away from a CPM user.
#[then(expr = "{string} does not reach {person}")]
async fn does_not_reach(lab: &mut Lab, text: String, user: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(
        &step.value,
        chat::does_not_arrive(Some(&text), "Bob", &user.0, guard),
    )
    .await;
}

/// Chat content from an SMS user arrives in the CPM user's session with Bob.
#[then(expr = "{string} reaches {person}")]
async fn reaches(lab: &mut Lab, text: String, user: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = chat::arrives(&text, &user.0, "Bob", reaction, guard);
    lab.check(&step.value, question).await;
}
