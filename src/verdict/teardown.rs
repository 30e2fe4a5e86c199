//! The end of a chat session, from either side.
use super::scene::{frames_of, same_number, seconds};
use super::short_message::quoted;
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Fact};

/// The BYE of the CPM user is answered with 200 in time.
//= TD-04 type=test
//= TD-12 type=test
pub fn bye_acknowledged(limit: f64, allowance: f64, reaction: f64) -> Question {
    let limit = limit + allowance;
    Question::eventually(
        format!("200 to the BYE within {limit:.1} s"),
        reaction,
        move |view| {
            let Some(bye) = view.invitation().and_then(|call| {
                call.byes
                    .into_iter()
                    .find(|bye| bye.direction != Direction::FromSystem)
            }) else {
                return Judgement::unproven("no BYE was sent");
            };
            let Some(response) = bye.final_response() else {
                return Judgement::awaited("the BYE is not answered");
            };
            let after = seconds(bye.request.at(), response.at());
            let observed = format!("{} after {:.0} ms", response.status(), after * 1e3);
            let frames = frames_of(&[bye.request, response]);
            match response.status() {
                200 if after <= limit => Judgement::holds(observed, frames),
                200 => Judgement::broken(Reason::Late, observed, frames),
                _ => Judgement::broken(Reason::WrongValue, observed, frames),
            }
        },
    )
}

/// The system ends the MSRP connection of the session.
//= TD-04 type=test
//= TD-12 type=test
pub fn media_released(reaction: f64) -> Question {
    Question::eventually("the system closes the MSRP connection", reaction, |view| {
        let Some(session) = view.invitation().and_then(|call| view.session(&call)) else {
            return Judgement::unproven("no message session");
        };
        let Some(opened) = session.opened else {
            return Judgement::unproven("no MSRP connection was opened");
        };
        let ends = [opened.from, opened.to];
        let closing = view.trace.facts.iter().find(|seen| {
            matches!(seen.fact, Fact::TcpClosed { .. })
                && ends.contains(&seen.from)
                && ends.contains(&seen.to)
                && seen.at > opened.at
        });
        match closing {
            Some(seen) if seen.direction == Direction::FromSystem => {
                Judgement::holds("closed by the system", seen.frames.clone())
            }
            Some(_) => Judgement::unproven("our own side closed it first"),
            None => Judgement::awaited("still open"),
        }
    })
}

/// Exactly one BYE from the system, in the dialog of the session.
//= TD-07 type=test
//= TD-12 type=test
pub fn ended_once_by_system(reaction: f64, guard: f64) -> Question {
    Question::eventually(
        "one BYE from the system in the dialog of the session",
        reaction + guard,
        move |view| {
            let byes = view.new_byes_from_system();
            let in_dialog = |view: &View| view.invitation().map(|call| call.call_id.to_owned());
            match byes.as_slice() {
                [] => Judgement::awaited("no BYE from the system"),
                [one] if one.request.message.call_id() != in_dialog(view).as_deref() => {
                    Judgement::broken(
                        Reason::WrongValue,
                        "a BYE outside the dialog",
                        one.request.frames(),
                    )
                }
                [one] if seconds(one.request.at(), view.now) >= guard => {
                    Judgement::holds("one BYE", one.frames())
                }
                [_] => Judgement::awaited("one so far"),
                more => {
                    let frames: Vec<u32> = more
                        .iter()
                        .flat_map(|bye| bye.request.frames().to_vec())
                        .collect();
                    Judgement::broken(Reason::Unexpected, format!("{} BYEs", more.len()), frames)
                }
            }
        },
    )
}

/// A precondition: the session is over, its BYE answered.
pub fn ended(reaction: f64) -> Question {
    Question::eventually("the BYE is answered", reaction, |view| {
        let bye = view
            .invitation()
            .and_then(|call| call.byes.into_iter().next());
        match bye.and_then(|bye| bye.final_response()) {
            Some(response) => Judgement::holds(response.status().to_string(), response.frames()),
            None => Judgement::awaited("no answer to the BYE"),
        }
    })
}

/// First short message to a person after the stimulus, by which the end is announced.
//= TD-01 type=test
//= TD-12 type=test
pub fn closing_message_received(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("a closing message reaches {person}"),
        reaction,
        move |view| match view
            .new_short_messages_to(&person)
            .into_iter()
            .find(|message| message.complete)
        {
            Some(message) => Judgement::holds(quoted(&message), message.frames),
            None => Judgement::awaited(format!("no short message to {person} after the BYE")),
        },
    )
}

//= TD-03 type=test
//= TD-12 type=test
pub fn closing_message_reads(person: &str, text: &str, reaction: f64) -> Question {
    let (person, text) = (person.to_owned(), text.to_owned());
    Question::eventually(
        format!("the closing message reads {text:?}"),
        reaction,
        move |view| {
            let mut messages = view.new_short_messages_to(&person);
            messages.retain(|message| message.complete);
            match messages.iter().find(|message| message.text == text) {
                Some(message) => Judgement::holds(quoted(message), message.frames.clone()),
                // Another text may come before it.
                None => match messages.first() {
                    Some(other) => Judgement::Awaited {
                        observed: quoted(other),
                        frames: other.frames.clone(),
                    },
                    None => Judgement::unproven("no closing message"),
                },
            }
        },
    )
}

//= TD-05 type=test
//= TD-12 type=test
pub fn closing_message_sender(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the closing message has the sender of the inviting message",
        reaction,
        move |view| {
            let inviting = view.short_messages_to(&person).into_iter().next();
            let closing = view
                .new_short_messages_to(&person)
                .into_iter()
                .find(|message| message.complete);
            match (inviting, closing) {
                (Some(inviting), Some(closing)) if inviting.frames != closing.frames => {
                    let observed = format!("{} and {}", inviting.sender, closing.sender);
                    let frames: Vec<u32> = inviting
                        .frames
                        .iter()
                        .chain(&closing.frames)
                        .copied()
                        .collect();
                    if same_number(&inviting.sender, &closing.sender) {
                        Judgement::holds(observed, frames)
                    } else {
                        Judgement::broken(Reason::WrongValue, observed, frames)
                    }
                }
                _ => Judgement::unproven("no inviting or no closing message"),
            }
        },
    )
}
