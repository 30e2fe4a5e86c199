//! Chat messages in any form, how they are answered, and what is not made of them.
use super::lab::Lab;
use super::policy::{LONG_TEXT, refuse};
use super::stage::Means;
use super::vocabulary::PersonName;
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::ue::ChatText;
use crate::verdict::chat_content::{self, Told};
use crate::verdict::{Reason, chat};
use crate::wire::smpp::status;
use cucumber::Parameter;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use std::convert::Infallible;
use std::str::FromStr;

/// Whether content stands within message/cpim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "wrapped", regex = "within message/cpim|without wrapping")]
pub struct Wrapped(pub bool);

impl FromStr for Wrapped {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text == "within message/cpim"))
    }
}

impl Wrapped {
    /// A chat message with content of some media type.
    pub fn message(self, content: &str, media_type: &str) -> ChatText {
        let plain = ChatText::plain(content);
        match self.0 {
            true => ChatText {
                wrapped_type: Some(media_type.to_owned()),
                ..plain
            },
            false => ChatText {
                content_type: media_type.to_owned(),
                ..plain
            },
        }
    }
}

/// RFC 3994 section 6.1.
const COMPOSING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
    <isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>active</state>\
    <contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>\r\n";

/// SEND requests with the flags `+` and, for the last, `$`.
#[when(expr = "{person} sends {person} the message {string} in {int} chunks")]
async fn sends_chunks(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    text: String,
    chunks: usize,
    step: &Step,
) {
    // The wrapping is longer than any text of a scenario, so the text is cut with it.
    let octets = text.len() + WRAPPING;
    lab.stimulus(&step.value).await;
    let message = ChatText {
        chunk_octets: Some(octets.div_ceil(chunks.max(1))),
        ..ChatText::plain(&text)
    };
    lab.write(&caller, &callee, message);
}

/// Octets that message/cpim adds to a text, more or less.
const WRAPPING: usize = 330;

/// The last chunk ends with the flag `#`; half of the text has come by then.
#[when(expr = "{person} begins to send {person} a long message, and breaks off")]
async fn breaks_off(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let message = ChatText {
        chunk_octets: Some(WRAPPING),
        abort: true,
        ..ChatText::plain(&LONG_TEXT.repeat(4))
    };
    lab.write(&caller, &callee, message);
}

/// A SEND without body, as sent to open or keep a connection.
#[when(expr = "{person} sends {person} an empty message")]
async fn sends_empty(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let message = ChatText {
        bodiless: true,
        ..ChatText::default()
    };
    lab.write(&caller, &callee, message);
}

/// isComposing, RFC 3994.
#[when(expr = "{person}'s client tells {person} {wrapped} that she is writing")]
async fn is_writing(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    wrapped: Wrapped,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let message = wrapped.message(COMPOSING, "application/im-iscomposing+xml");
    lab.write(&caller, &callee, message);
}

/// Content of another media type than text/plain.
#[when(expr = "{person} sends {person} content of the type {string} {wrapped}")]
async fn sends_content(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    media_type: String,
    wrapped: Wrapped,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let message = wrapped.message("<p>Not for reading</p>", &media_type);
    lab.write(&caller, &callee, message);
}

/// Failure-Report of the SEND; `absent` leaves it out.
#[when(expr = "{person} sends {person} the message {string} with Failure-Report {string}")]
async fn sends_with_failure_report(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    text: String,
    value: String,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let message = ChatText {
        failure_report: Some(value).filter(|value| value != "absent"),
        ..ChatText::plain(&text)
    };
    lab.write(&caller, &callee, message);
}

/// The same with content that cannot be converted.
#[when(expr = "{person} sends {person} an image with Failure-Report {string}")]
async fn sends_image(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    value: String,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let message = ChatText {
        failure_report: Some(value),
        ..Wrapped(true).message("not a real one", "image/png")
    };
    lab.write(&caller, &callee, message);
}

/// imdn.Disposition-Notification: negative-delivery (RFC 5438 section 6.3).
#[when(expr = "{person} sends {person} the message {string}, to be notified if it fails")]
async fn sends_to_be_notified(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    text: String,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let message = ChatText {
        imdn: Some("negative-delivery".into()),
        ..ChatText::plain(&text)
    };
    lab.write(&caller, &callee, message);
}

/// SEND requests that follow each other without waiting.
#[when(expr = "{person} sends {person} {int} messages at once")]
async fn sends_many(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    count: usize,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    for text in burst(count) {
        lab.write(&caller, &callee, ChatText::plain(&text));
    }
}

/// The texts of a burst of messages.
pub fn burst(count: usize) -> Vec<String> {
    let text = |number| format!("Message {number} of {count}");
    (1..=count).map(text).collect()
}

/// A refusal by the service centre that is over: what comes next it takes again.
#[given(expr = "the service centre has refused {person}'s message {string} to {person}")]
async fn has_refused(
    lab: &mut Lab,
    caller: PersonName,
    text: String,
    callee: PersonName,
    step: &Step,
) {
    lab.adjust_handset(&callee, refuse);
    lab.say(&step.value, &caller, &callee, &text).await;
    let reaction = lab.ixit().reaction_seconds;
    lab.require(&step.value, chat::refused(&callee.0, reaction))
        .await;
    lab.adjust_handset(&callee, |handset| handset.submit_status = status::OK);
}

/// Chunks give one short message (or one concatenated set).
#[then(expr = "{person} receives {string} in one piece")]
async fn receives_in_one_piece(lab: &mut Lab, person: PersonName, text: String, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = chat_content::arrives_in_one_piece(&text, &person.0, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Nothing on the SMS leg on account of the chat message.
#[then(expr = "{person} is sent no short message for it")]
async fn becomes_nothing(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = chat_content::becomes_no_short_message(&person.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// 200 to the SEND.
#[then("it is acknowledged")]
async fn acknowledged(lab: &mut Lab, step: &Step) {
    let question = chat_content::acknowledged(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No response to the SEND, which has been served.
#[then("it is not answered")]
async fn not_answered(lab: &mut Lab, step: &Step) {
    let question = chat_content::not_answered("Bob", lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// Error response, failure REPORT or negative notification.
#[then(expr = "{person} is told that it is not delivered")]
async fn told_undelivered(lab: &mut Lab, _person: PersonName, step: &Step) {
    let question = chat_content::told_undelivered(Told::Anyhow, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Negative notification, or an error response.
#[then(expr = "{person} is notified that it is not delivered")]
async fn notified_undelivered(lab: &mut Lab, _person: PersonName, step: &Step) {
    let told = Told::ByNotification;
    let question = chat_content::told_undelivered(told, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Every short message of the burst, in its order.
#[then(expr = "{person} receives the {int} messages in the order they were sent")]
async fn receives_in_order(lab: &mut Lab, person: PersonName, count: usize, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = chat_content::in_order(&burst(count), &person.0, reaction);
    lab.check(&step.value, question).await;
}

impl Lab {
    /// What a handset, or the message centre on its behalf, does otherwise from now on.
    pub fn adjust_handset(
        &mut self,
        person: &PersonName,
        change: impl FnOnce(&mut HandsetBehaviour),
    ) {
        match &self.user(&person.0).means {
            Means::Sms(handset) => handset.adjust(change),
            Means::Cpm(_) | Means::Mmtel(_) => self.broken(
                Reason::Config,
                format!("{} has no handset in this scenario", person.0),
            ),
        }
    }
}
