//! CPM parameters of pager messages and sessions, and what comes back of them.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::ue::PagerMessage;
use crate::verdict::{chat, stored_parameters};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// A SIP MESSAGE with message/cpim that has become a short message.
#[given(expr = "{person} has sent {person} the pager message {string}")]
async fn has_sent(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    let order = lab.pager_message(&to, &text);
    lab.has_sent_pager(&step.value, &user, &to, order).await;
}

/// Conversation-ID as written here, Contribution-ID in the same form.
#[given(
    expr = "{person} has sent {person} the pager message {string} with identifiers like {string}"
)]
async fn has_sent_like(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    identifier: String,
    step: &Step,
) {
    let order = PagerMessage {
        contribution_id: another_like(&identifier),
        conversation_id: identifier,
        ..lab.pager_message(&to, &text)
    };
    lab.has_sent_pager(&step.value, &user, &to, order).await;
}

/// Neither Conversation-ID nor Contribution-ID.
#[given(expr = "{person} has sent {person} the pager message {string} without CPM parameters")]
async fn has_sent_bare(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    let order = without_parameters(lab.pager_message(&to, &text));
    lab.has_sent_pager(&step.value, &user, &to, order).await;
}

/// The same.
#[when(expr = "{person} sends {person} the pager message {string} without CPM parameters")]
async fn sends_bare(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    let order = without_parameters(lab.pager_message(&to, &text));
    lab.send_pager(&step.value, &user, order).await;
}

/// A header field of each name in the profile's `echo_headers`.
#[given(
    expr = "{person} has sent {person} the pager message {string} with a non-CPM service identifier"
)]
async fn has_sent_service(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    step: &Step,
) {
    let names = lab.ixit().echo_headers.clone();
    let headers = names
        .into_iter()
        .map(|name| (name, "sms;Id=\"4711\"".to_owned()));
    let order = PagerMessage {
        extra_headers: headers.collect(),
        ..lab.pager_message(&to, &text)
    };
    lab.has_sent_pager(&step.value, &user, &to, order).await;
}

/// T_keep is one the suite can wait for.
#[given("the time for which parameters are kept is short")]
async fn short_time(lab: &mut Lab) {
    let seconds = lab.ixit().short_keep_seconds;
    lab.cpm_property("keep_seconds", seconds);
}

/// A short message that has arrived as a SIP MESSAGE.
#[given(expr = "{person} has answered {string}")]
async fn has_answered(lab: &mut Lab, sms_user: PersonName, text: String, step: &Step) {
    lab.answer_by_sms(&step.value, &sms_user, &text).await;
    let question = chat::arrives_as_message(&text, "Alice", lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// Many short messages, one after the other.
#[when(expr = "{person} answers {int} times")]
async fn answers_often(lab: &mut Lab, sms_user: PersonName, count: usize, step: &Step) {
    lab.stimulus(&step.value).await;
    let handset = lab.handset_of(&sms_user);
    for number in 1..=count {
        handset.answer(&format!("Answer {number}"));
    }
    lab.stage().reporting.answers = count;
}

/// Two fifths of T_keep after the last sentence.
#[when(expr = "{person} answers {string} before that time has passed")]
async fn answers_in_time(lab: &mut Lab, sms_user: PersonName, text: String, step: &Step) {
    let wait = lab.ixit().short_keep_seconds * 0.4;
    lab.let_pass(wait).await;
    lab.answer_by_sms(&step.value, &sms_user, &text).await;
}

/// When T_keep is over.
#[when(expr = "{person} answers {string} after that time")]
async fn answers_late(lab: &mut Lab, sms_user: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    let wait = ixit.short_keep_seconds + ixit.allowance_seconds;
    lab.let_pass(wait).await;
    lab.answer_by_sms(&step.value, &sms_user, &text).await;
}

/// Conversation-ID or InReplyTo-Contribution-ID is that of the message.
#[then(expr = "{string} still belongs to the conversation of {string}")]
async fn belongs(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let question = stored_parameters::belongs(&answer, &asked, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Neither is.
#[then(expr = "{string} no longer belongs to the conversation of {string}")]
async fn no_longer_belongs(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = stored_parameters::no_longer_belongs(&answer, &asked, reaction);
    lab.check(&step.value, question).await;
}

/// Both are, and no other message's.
#[then(expr = "{string} belongs to the conversation of {string} and no other")]
async fn of_no_other(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let question = stored_parameters::of_no_other(&answer, &asked, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Conversation-ID.
#[then(expr = "{string} reaches {person} with a conversation id")]
async fn with_conversation(lab: &mut Lab, answer: String, user: PersonName, step: &Step) {
    let (header, reaction) = (stored_parameters::CONVERSATION, lab.ixit().reaction_seconds);
    let question = stored_parameters::carries(&answer, &user.0, header, reaction);
    lab.check(&step.value, question).await;
}

/// InReplyTo-Contribution-ID.
#[then(expr = "{string} reaches {person} with a contribution id being replied to")]
async fn with_replied_to(lab: &mut Lab, answer: String, user: PersonName, step: &Step) {
    let (header, reaction) = (stored_parameters::REPLIED_TO, lab.ixit().reaction_seconds);
    let question = stored_parameters::carries(&answer, &user.0, header, reaction);
    lab.check(&step.value, question).await;
}

/// Conversation-ID, value for value.
#[then(expr = "{string} has the conversation id of {string}")]
async fn same_conversation(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = stored_parameters::same_conversation(&answer, &asked, reaction);
    lab.check(&step.value, question).await;
}

/// InReplyTo-Contribution-ID, value for value.
#[then(expr = "{string} replies to the contribution id of {string}")]
async fn replies_to(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let question = stored_parameters::replies_to(&answer, &asked, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Contribution-ID, unlike any other.
#[then(expr = "every answer to {person} has a contribution id of its own")]
async fn own_contribution(lab: &mut Lab, _user: PersonName, step: &Step) {
    let count = lab.stage().reporting.answers.max(1);
    let question = stored_parameters::contribution_ids_differ(count, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Both identifiers as they were.
#[then(expr = "{string} brings the identifiers of {string} back octet by octet")]
async fn unchanged(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let question = stored_parameters::unchanged(&answer, &asked, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A 2xx.
#[then(expr = "the pager message of {person} is taken")]
async fn taken(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = stored_parameters::taken(lab.ixit().reaction_seconds);
    lab.acceptance(&step.value, question).await;
}

/// Conversation-ID and Contribution-ID, but no InReplyTo-Contribution-ID.
#[then(expr = "{string} reaches {person} with identifiers of its own and replies to none")]
async fn own_identifiers(lab: &mut Lab, text: String, _user: PersonName, step: &Step) {
    let question = stored_parameters::own_identifiers(&text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The header fields that the profile lists, value for value.
#[then(expr = "{string} brings the non-CPM service identifier of {string} back")]
async fn service_identifier(lab: &mut Lab, answer: String, asked: String, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = stored_parameters::service_identifier_back(&answer, &asked, reaction);
    lab.check(&step.value, question).await;
}

/// Conversation-ID and Contribution-ID in requests of the system in the dialog: equal or absent.
#[then("the gateway ends the chat session with no other parameters than the invitation's")]
async fn session_keeps(lab: &mut Lab, step: &Step) {
    let question = stored_parameters::session_keeps_parameters(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The same in the responses.
#[then("no response to the invitation carries other parameters than the invitation")]
async fn responses_to_invitation(lab: &mut Lab, step: &Step) {
    let question = stored_parameters::responses_to_invitation(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The same in the responses to a SIP MESSAGE.
#[then(expr = "no response to the pager message carries other parameters than {string}")]
async fn responses_to_message(lab: &mut Lab, text: String, step: &Step) {
    let question = stored_parameters::responses_to_message(&text, lab.ixit().reaction_seconds);
    lab.acceptance(&step.value, question).await;
}

/// The same in notifications about it.
#[then(expr = "the notification to {person} carries no other parameters than {string}")]
async fn notification(lab: &mut Lab, user: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = stored_parameters::notification_parameters(&user.0, &text, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Another identifier of the same form: every letter and digit is followed by its neighbour, dashes stay.
fn another_like(identifier: &str) -> String {
    let next = |character: char| match character {
        '0'..='8' | 'a'..='e' | 'A'..='E' => char::from(character as u8 + 1),
        '9' => '0',
        'f' => 'a',
        'F' => 'A',
        other => other,
    };
    identifier.chars().map(next).collect()
}

fn without_parameters(message: PagerMessage) -> PagerMessage {
    let without = ["Conversation-ID", "Contribution-ID"];
    PagerMessage {
        without: without.map(str::to_owned).to_vec(),
        ..message
    }
}

impl Lab {
    /// A pager message that has become a short message.
    async fn has_sent_pager(
        &mut self,
        sentence: &str,
        user: &PersonName,
        to: &PersonName,
        order: PagerMessage,
    ) {
        let text = order.text.clone();
        self.send_pager(sentence, user, order).await;
        self.has_reached(sentence, &text, to).await;
    }
}
