//! The number that stands for a chat session.
use super::scene::{first, same_number};
use super::{Judgement, Question, Reason, View};
use crate::observe::ShortMessage;

/// The sender of the first short message of an invitation, as the SMS user's handset would know it.
pub fn of_session(view: &View, caller: &str, callee: &str) -> Option<String> {
    first_of_session(view, caller, callee).map(|message| message.sender)
}

/// The first short message of an invitation.
pub fn first_of_session<'a>(
    view: &View<'a>,
    caller: &str,
    callee: &str,
) -> Option<ShortMessage<'a>> {
    let call = view.invitation_between(caller, callee)?;
    let invite = first(call.invitation.request.frames());
    view.short_messages_to(callee)
        .into_iter()
        .find(|message| first(&message.frames) > invite)
}

/// Whose number the inviting message must come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Own,
    NotOwn,
    Assigned,
}

//= ADR-03 type=test
//= ADR-04 type=test
//= ANO-05 type=test
pub fn inviting_message_from(sender: Sender, person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = match sender {
        Sender::Own => format!("the sender of the inviting message is {person}'s own number"),
        Sender::NotOwn => {
            format!("the sender of the inviting message is not {person}'s own number")
        }
        Sender::Assigned => {
            format!("the sender of the inviting message is a number, and not {person}'s own")
        }
    };
    Question::eventually(expected, reaction, move |view| {
        let Some(message) = view
            .invitation()
            .and_then(|call| view.inviting_message(&call))
        else {
            return Judgement::unproven("no inviting message");
        };
        let own = same_number(&message.sender, view.cast.number(&person));
        let number = message
            .sender
            .trim_start_matches('+')
            .chars()
            .all(|c| c.is_ascii_digit())
            && !message.sender.is_empty();
        let fits = match sender {
            Sender::Own => own,
            Sender::NotOwn => !own,
            Sender::Assigned => !own && number,
        };
        match fits {
            true => Judgement::holds(format!("sender {}", message.sender), message.frames),
            false => Judgement::broken(
                Reason::WrongValue,
                format!("sender {}", message.sender),
                message.frames,
            ),
        }
    })
}

//= ADR-01 type=test
pub fn one_number(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("all short messages to {person} have one sender"),
        reaction,
        move |view| {
            let messages = view.short_messages_to(&person);
            let senders: std::collections::BTreeSet<&str> = messages
                .iter()
                .map(|message| message.sender.trim_start_matches('+'))
                .collect();
            let frames: Vec<u32> = messages
                .iter()
                .flat_map(|message| message.frames.iter().copied())
                .collect();
            let observed = senders.iter().copied().collect::<Vec<_>>().join(", ");
            match (
                senders.len(),
                view.new_short_messages_to(&person).is_empty(),
            ) {
                (0, _) | (1, true) => {
                    Judgement::unproven("the short message of this chat message has not come")
                }
                (1, false) => Judgement::holds(observed, frames),
                _ => Judgement::broken(Reason::WrongValue, observed, frames),
            }
        },
    )
}
