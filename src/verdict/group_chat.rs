//! Group chats: how they begin, whom they reach, who wrote what, who joins and leaves.
use super::scene::{first, same_number, seconds, text_of};
use super::short_message::{gives_away, quoted};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Call, Direction, Session, ShortMessage, Transaction};

fn decided(view: &View, judge: impl FnOnce(&Call) -> Judgement) -> Judgement {
    match view.invitation() {
        Some(call) => judge(&call),
        None => Judgement::unproven("no invitation is in the capture"),
    }
}

/// What becomes of an invitation by a focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    Accepted,
    Asked,
    Refused,
}

/// The outcome that the policy wants. Another one that is no refusal is the matter of the rows about policies.
//= GRP-01 type=test
//= GRP-04 type=test
pub fn handled(outcome: Handled, person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = match outcome {
        Handled::Accepted => "the INVITE of the focus gets a 2xx response",
        Handled::Asked => "the SMS user is asked on account of the INVITE of the focus",
        Handled::Refused => "the INVITE of the focus gets a final non-2xx response",
    };
    Question::eventually(expected, reaction, move |view| {
        decided(view, |call| {
            let status = call.invitation.final_status();
            let asked = view
                .new_short_messages_to(&person)
                .into_iter()
                .find(|m| m.complete);
            let frames = call.invitation.frames();
            match (outcome, status, asked) {
                (Handled::Accepted, Some(code @ ..=299), _)
                | (Handled::Refused, Some(code @ 300..), _) => {
                    Judgement::holds(code.to_string(), frames)
                }
                (Handled::Asked, None, Some(asked)) => {
                    Judgement::holds(quoted(&asked), asked.frames)
                }
                (_, Some(code @ 300..), _) => {
                    Judgement::broken(Reason::Unexpected, format!("refused with {code}"), frames)
                }
                (Handled::Refused, Some(code), _) => {
                    Judgement::broken(Reason::WrongValue, code.to_string(), frames)
                }
                (_, Some(_), _) | (Handled::Accepted, None, Some(_)) => {
                    Judgement::unproven("another outcome than the policy's")
                }
                _ => Judgement::awaited("neither a final response nor a short message"),
            }
        })
    })
}

//= GRP-03 type=test
pub fn group_text_reads(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    let expected = format!("the inviting message reads {text:?}");
    Question::eventually(expected, reaction, move |view| {
        about_inviting(view, |message| match message.text == text {
            true => Judgement::holds(quoted(message), message.frames.clone()),
            false => Judgement::broken(Reason::WrongValue, quoted(message), message.frames.clone()),
        })
    })
}

//= GRP-03 type=test
pub fn group_text_explains(words: Vec<String>, reaction: f64) -> Question {
    let expected = format!("the inviting message has {}", words.join(", "));
    Question::eventually(expected, reaction, move |view| {
        about_inviting(view, |message| {
            let text = message.text.to_lowercase();
            let lacks = words
                .iter()
                .find(|word| !text.contains(&word.to_lowercase()));
            match lacks {
                None => Judgement::holds(quoted(message), message.frames.clone()),
                Some(word) => {
                    let observed = format!("{} lacks {word}", quoted(message));
                    Judgement::broken(Reason::WrongValue, observed, message.frames.clone())
                }
            }
        })
    })
}

/// By its text or by its number: either shows that the gateway knows a group chat from a chat between two.
//= GRP-09 type=test
pub fn invites_to_group(text: &str, caller: &str, reaction: f64) -> Question {
    let (text, caller) = (text.to_owned(), caller.to_owned());
    Question::eventually(
        "the text for group chats, or an assigned number",
        reaction,
        move |view| {
            about_inviting(view, |message| {
                let assigned = !same_number(&message.sender, view.cast.number(&caller));
                match message.text == text || assigned {
                    true => Judgement::holds(quoted(message), message.frames.clone()),
                    false => Judgement::broken(
                        Reason::WrongValue,
                        quoted(message),
                        message.frames.clone(),
                    ),
                }
            })
        },
    )
}

fn about_inviting(view: &View, judge: impl FnOnce(&ShortMessage) -> Judgement) -> Judgement {
    decided(view, |call| match view.inviting_message(call) {
        Some(message) => judge(&message),
        None => Judgement::unproven("no inviting message"),
    })
}

/// In the session of the latest invitation, which is the group's, and in no other; not as a SIP MESSAGE either.
//= GRP-02 type=test
pub fn reaches_group_only(text: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "in the session with the focus, and nowhere else",
        reaction + guard,
        move |view| {
            let Some(group) = view.invitation().and_then(|call| view.session(&call)) else {
                return Judgement::unproven("there is no group chat");
            };
            if let Some(pager) = view.new_pager_messages().first() {
                return Judgement::broken(
                    Reason::WrongValue,
                    "as a SIP MESSAGE",
                    pager.request.frames(),
                );
            }
            let of = |session: &Session| session.suite_uri == group.suite_uri;
            let mut arrived = view.new_chat_messages();
            arrived.retain(|(_, message)| text_of(message).as_deref() == Some(&text));
            if let Some((_, astray)) = arrived.iter().find(|(session, _)| !of(session)) {
                let frames = astray.frames.clone();
                return Judgement::broken(Reason::WrongValue, "in another chat session", frames);
            }
            match arrived.first() {
                Some((_, message)) if seconds(message.at, view.now) >= guard => {
                    Judgement::holds("in the group chat", message.frames.clone())
                }
                Some(_) => Judgement::unproven("whether elsewhere too is not yet known"),
                None => Judgement::unproven("no chat message with that text"),
            }
        },
    )
}

//= ADR-05 type=test
pub fn not_from_own_number(person: &str, user: &str, reaction: f64) -> Question {
    let (person, user) = (person.to_owned(), user.to_owned());
    Question::eventually(
        format!("the sender is not {user}'s own number"),
        reaction,
        move |view| {
            let Some(message) = view.new_short_messages_to(&person).into_iter().next() else {
                return Judgement::unproven(format!("no short message to {person}"));
            };
            match same_number(&message.sender, view.cast.number(&user)) {
                true => Judgement::broken(Reason::WrongValue, quoted(&message), message.frames),
                false => Judgement::holds(quoted(&message), message.frames),
            }
        },
    )
}

/// The reply to the sender of the last short message is taken, and reaches the chat.
//= ADR-06 type=test
pub fn comes_back(text: &str, person: &str, reaction: f64) -> Question {
    let (text, person) = (text.to_owned(), person.to_owned());
    Question::eventually(
        "the reply is acknowledged by this gateway and reaches the chat",
        reaction,
        move |view| {
            let Some(reply) = view.short_messages_from(&person).into_iter().next() else {
                return Judgement::unproven("no reply was sent");
            };
            let mut frames = reply.frames.clone();
            frames.extend(reply.answered);
            let mut arrived = view.new_chat_messages().into_iter();
            let arrived = arrived.find(|(_, m)| text_of(m).as_deref() == Some(&text));
            match (reply.status, arrived) {
                (Some(0), Some((_, message))) => {
                    frames.extend(message.frames);
                    Judgement::holds(format!("to {}, and into the chat", reply.recipient), frames)
                }
                (Some(0) | None, _) => Judgement::Awaited {
                    observed: format!("the reply to {} has not reached the chat", reply.recipient),
                    frames,
                },
                (Some(status), _) => Judgement::broken(
                    Reason::WrongValue,
                    format!(
                        "the reply to {} is refused with {status:#x}",
                        reply.recipient
                    ),
                    frames,
                ),
            }
        },
    )
}

//= GRP-05 type=test
pub fn replaces_without_asking(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("2xx to the INVITE of the focus, and no question to {person} before it"),
        reaction,
        move |view| {
            decided(view, |call| {
                let asked = view.new_short_messages_to(&person).into_iter().next();
                let answered = call.invitation.final_response();
                let at = answered.map_or(u32::MAX, |response| first(response.frames()));
                match (asked, answered) {
                    (Some(asked), _) if first(&asked.frames) < at => {
                        Judgement::broken(Reason::Unexpected, quoted(&asked), asked.frames)
                    }
                    (_, Some(response)) if response.status() < 300 => {
                        Judgement::holds(response.status().to_string(), call.invitation.frames())
                    }
                    (_, Some(response)) => Judgement::broken(
                        Reason::WrongValue,
                        format!("refused with {}", response.status()),
                        call.invitation.frames(),
                    ),
                    (_, None) => Judgement::awaited("no final response"),
                }
            })
        },
    )
}

/// A BYE of the system in the dialog of the invitation before the latest.
//= GRP-05 type=test
pub fn ends_the_extended(reaction: f64) -> Question {
    Question::eventually(
        "BYE in the dialog of the chat that was extended",
        reaction,
        |view| {
            let calls = view.invitations();
            let [.., old, new] = calls.as_slice() else {
                return Judgement::unproven("there are no two chats");
            };
            if new.accepted().is_none() {
                return Judgement::unproven("the group chat has not been accepted");
            }
            let from_system = |bye: &&Transaction| bye.direction == Direction::FromSystem;
            match old.byes.iter().find(from_system) {
                Some(bye) => Judgement::holds("a BYE", bye.request.frames()),
                None => Judgement::Awaited {
                    observed: "no BYE in the old dialog".into(),
                    frames: new.invitation.frames(),
                },
            }
        },
    )
}

/// The writer's number or name stands before the text.
//= GRP-06 type=test
pub fn shows_writer(writer: &str, text: &str, to: &str, reaction: f64) -> Question {
    let (writer, text, to) = (writer.to_owned(), text.to_owned(), to.to_owned());
    let expected = format!("{writer}'s number or name before {text:?}");
    Question::eventually(expected, reaction, move |view| {
        let messages = view.new_short_messages_to(&to);
        let Some(message) = messages
            .into_iter()
            .find(|m| m.complete && m.text.contains(&text))
        else {
            return Judgement::unproven("no short message with that text");
        };
        let Some(who) = view.cast.get(&writer) else {
            return Judgement::unproven("nobody of that name");
        };
        let before = message.text.split(&text).next().unwrap_or_default();
        let prefix = ShortMessage {
            text: before.to_owned(),
            sender: String::new(),
            ..message.clone()
        };
        match gives_away(&prefix, who) {
            Some(_) => Judgement::holds(quoted(&message), message.frames),
            None => Judgement::broken(Reason::WrongValue, quoted(&message), message.frames),
        }
    })
}

/// The notifications of the stimulus that the system has taken.
fn notified<'a>(view: &View<'a>) -> Vec<Transaction<'a>> {
    let mut found = crate::observe::transactions_of(view.trace, "NOTIFY");
    found.retain(|notify| {
        notify.direction == Direction::ToSystem
            && first(notify.request.frames()) > view.before_stimulus
            && notify.final_status().is_some_and(|code| code < 300)
    });
    found
}

//= GRP-07 type=test
pub fn told_of(person: &str, to: &str, patience: f64) -> Question {
    let (person, to) = (person.to_owned(), to.to_owned());
    Question::eventually(
        format!("a short message to {to} about {person}"),
        patience,
        move |view| {
            let Some(who) = view.cast.get(&person) else {
                return Judgement::unproven("nobody of that name");
            };
            let notified = notified(view);
            let Some(notify) = notified.first() else {
                return Judgement::unproven("the system has taken no notification");
            };
            let messages = view.new_short_messages_to(&to);
            let named = messages
                .iter()
                .find(|m| m.complete && gives_away(m, who).is_some());
            match (named, messages.first()) {
                (Some(message), _) => {
                    let frames = [notify.frames(), message.frames.clone()].concat();
                    Judgement::holds(quoted(message), frames)
                }
                (None, Some(other)) => Judgement::Awaited {
                    observed: quoted(other),
                    frames: other.frames.clone(),
                },
                (None, None) => Judgement::Awaited {
                    observed: format!("no short message to {to}"),
                    frames: notify.frames(),
                },
            }
        },
    )
}

//= GRP-07 type=test
pub fn told_of_nothing(to: &str, seconds: f64) -> Question {
    let to = to.to_owned();
    Question::throughout(format!("no short message to {to}"), seconds, move |view| {
        if let Some(message) = view.new_short_messages_to(&to).into_iter().next() {
            return Judgement::broken(Reason::Unexpected, quoted(&message), message.frames);
        }
        match notified(view).first() {
            Some(notify) => Judgement::holds("none", notify.frames()),
            None => Judgement::unproven("the system has taken no notification"),
        }
    })
}

//= GRP-08 type=test
pub fn told_in_few(most: usize, to: &str, wait: f64, patience: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        format!("at most {most} short messages to {to}"),
        patience,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let frames: Vec<u32> = messages.iter().flat_map(|m| m.frames.clone()).collect();
            let notified = notified(view);
            let Some(last) = notified.last() else {
                return Judgement::unproven("the system has taken no notification");
            };
            match messages.len() {
                0 => Judgement::unproven("nobody is told at all"),
                many if many > most => {
                    Judgement::broken(Reason::Unexpected, format!("{many}"), frames)
                }
                few if seconds(last.request.at(), view.now) >= wait => {
                    Judgement::holds(format!("{few} for {} changes", notified.len()), frames)
                }
                _ => Judgement::awaited("few so far"),
            }
        },
    )
}
