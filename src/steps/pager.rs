//! Pager-mode messages, from CPM users and to them.
use super::lab::Lab;
use super::policy::LONG_TEXT;
use super::vocabulary::{ContentKind, PersonName};
use crate::peer::ue::{PagerMessage, UeCommand};
use crate::verdict::pager;
use crate::wire::smpp::status;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use std::time::Duration;

/// The service centre takes longer than the system may keep the CPM user waiting, and then refuses.
#[given(expr = "the service centre is late to refuse short messages to {person}")]
async fn late_to_refuse(lab: &mut Lab, person: PersonName) {
    lab.answer_late(&person, status::SUBMIT_FAILED);
}

/// The same with an acceptance in the end.
#[given(expr = "the service centre is late to take short messages to {person}")]
async fn late_to_take(lab: &mut Lab, person: PersonName) {
    lab.answer_late(&person, 0);
}

/// A SIP MESSAGE with message/cpim, outside any chat.
#[when(expr = "{person} sends {person} the pager message {string}")]
async fn sends(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    let order = lab.pager_message(&to, &text);
    lab.send_pager(&step.value, &user, order).await;
}

/// The same with a text that fits no single short message.
#[when(expr = "{person} sends {person} a long pager message")]
async fn sends_long(lab: &mut Lab, user: PersonName, to: PersonName, step: &Step) {
    let order = lab.pager_message(&to, LONG_TEXT);
    lab.send_pager(&step.value, &user, order).await;
}

/// The same with `Privacy: id` (RFC 3323, RFC 3325).
#[when(expr = "{person} sends {person} the pager message {string} anonymously")]
async fn sends_anonymously(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    step: &Step,
) {
    let order = PagerMessage {
        privacy: Some("id".into()),
        ..lab.pager_message(&to, &text)
    };
    lab.send_pager(&step.value, &user, order).await;
}

/// The same with a request for delivery notifications (RFC 5438).
#[when(expr = "{person} sends {person} the pager message {string} and asks whether it arrives")]
async fn sends_asking(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    let order = PagerMessage {
        imdn: Some("positive-delivery, negative-delivery".into()),
        ..lab.pager_message(&to, &text)
    };
    lab.send_pager(&step.value, &user, order).await;
}

/// Text, bare or wrapped, or something that no short message can carry.
#[when(expr = "{person} sends {person} the pager message {string} as {content}")]
async fn sends_as(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    kind: ContentKind,
    step: &Step,
) {
    let order = kind.message(lab.pager_message(&to, &text));
    lab.send_pager(&step.value, &user, order).await;
}

/// 415.
#[then("the pager message is refused for its content")]
async fn refused_for_its_content(lab: &mut Lab, step: &Step) {
    let question = pager::refused_for_its_content(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// 200, and only after the service centre has taken it.
#[then(expr = "{person} learns that the service centre has taken the pager message to {person}")]
async fn learns_success(lab: &mut Lab, _user: PersonName, to: PersonName, step: &Step) {
    let question = pager::accepted_after_submission(&to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A final response of 300 or more, after the service centre has refused it.
#[then(expr = "{person} learns that the service centre has refused the pager message to {person}")]
async fn learns_failure(lab: &mut Lab, _user: PersonName, to: PersonName, step: &Step) {
    let question = pager::refused_after_failure(&to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 202 before the sender's transaction ends, and before the service centre has answered.
#[then(expr = "{person} learns in time that the pager message to {person} is under way")]
async fn learns_in_time(lab: &mut Lab, _user: PersonName, to: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let limit = ixit.short_submission_seconds;
    let question =
        pager::accepted_without_result(&to.0, limit, ixit.allowance_seconds, ixit.reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A notification (RFC 5438) that names the message and says failed.
#[then(expr = "{person} is told later that the pager message to {person} has failed")]
async fn told_later(lab: &mut Lab, user: PersonName, to: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let patience = ixit.short_submission_seconds * 2.0 + ixit.reaction_seconds;
    lab.check(
        &step.value,
        pager::late_failure_told(&to.0, &user.0, patience),
    )
    .await;
}

/// The 2xx to a MESSAGE has no Contact (RFC 3428 section 7).
#[then("no dialog comes of the pager message")]
async fn no_dialog(lab: &mut Lab, step: &Step) {
    let question = pager::no_dialog(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// One SIP MESSAGE with exactly that text.
#[then(expr = "{person} receives the message {string} once")]
async fn receives_once(lab: &mut Lab, user: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        pager::arrives_once(&text, &user.0, ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

impl Lab {
    /// An ordinary pager-mode message to somebody's number.
    pub fn pager_message(&mut self, to: &PersonName, text: &str) -> PagerMessage {
        let number = self.stage().cast.number(&to.0).to_owned();
        PagerMessage {
            call: format!("message to {}", to.0),
            to_uri: format!("tel:{number}"),
            text: text.to_owned(),
            ..PagerMessage::default()
        }
    }

    pub async fn send_pager(&mut self, sentence: &str, user: &PersonName, order: PagerMessage) {
        self.stimulus(sentence).await;
        self.order(&user.0, UeCommand::Message(Box::new(order)));
        self.sent("the SIP MESSAGE", |view| view.own_pager_message().is_some())
            .await;
    }

    /// The service centre answers submissions to this user when the time of the profile has passed by half.
    fn answer_late(&mut self, person: &PersonName, submit_status: u32) {
        let limit = self.ixit().short_submission_seconds;
        self.cpm_property("submission_seconds", limit);
        self.adjust_handset(person, |handset| {
            handset.submit_status = submit_status;
            handset.submit_delay = Duration::from_secs_f64(limit * 1.5);
        });
    }
}
