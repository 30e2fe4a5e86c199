//! Short messages towards an SMS user: the inviting message, help, closing; and that there is none.
//!
//! More than 400 lines, because it has a short judge for each of many rows and they share how short messages are told apart.
use super::scene::{first, seconds};
use super::{Judgement, Person, Question, Reason, View};
use crate::observe::ShortMessage;

pub(super) fn quoted(message: &ShortMessage) -> String {
    format!(
        "{:?} from {} to {}",
        message.text, message.sender, message.recipient
    )
}

/// Applies a judge to the inviting message of the invitation in question.
fn about_inviting(view: &View, judge: impl FnOnce(&ShortMessage, &View) -> Judgement) -> Judgement {
    match view
        .invitation()
        .and_then(|call| view.inviting_message(&call))
    {
        Some(message) => judge(&message, view),
        None => Judgement::unproven("no inviting message"),
    }
}

//= POL-01 type=test
//= POL-03 type=test
//= AUT-09 type=test
pub fn inviting_message_received(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("an inviting message reaches {person}"),
        reaction,
        move |view| received(view, &person),
    )
}

fn received(view: &View, person: &str) -> Judgement {
    let Some(call) = view.invitation() else {
        return Judgement::unproven("no invitation is in the capture");
    };
    let invite = first(call.invitation.request.frames());
    let message = view
        .short_messages_to(person)
        .into_iter()
        .find(|message| message.complete && first(&message.frames) > invite);
    match (message, call.invitation.final_response()) {
        (Some(message), _) => Judgement::holds(quoted(&message), message.frames),
        (None, Some(response)) if response.status() >= 300 => Judgement::broken(
            Reason::Unexpected,
            format!("the invitation is refused with {}", response.status()),
            response.frames(),
        ),
        (None, _) => Judgement::awaited(format!("no short message to {person}")),
    }
}

/// A whole short message on account of the stimulus, or of what came before it: something to look at.
pub fn any_received(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("a short message reaches {person}"),
        reaction,
        move |view| {
            let found = view.short_messages_to(&person);
            match found.into_iter().find(|message| message.complete) {
                Some(message) => Judgement::holds(quoted(&message), message.frames),
                None => Judgement::awaited(format!("no short message to {person}")),
            }
        },
    )
}

/// A conversion as the rows about the inviting message see it: where the invitation is accepted without asking, there is nothing to see.
//= INV-08 type=test
pub fn conversion_reaches(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("an inviting message reaches {person}"),
        reaction,
        move |view| match view.invitation().filter(|call| call.accepted().is_some()) {
            Some(call) if view.inviting_message(&call).is_none() => {
                Judgement::unproven("the invitation was accepted without asking")
            }
            _ => received(view, &person),
        },
    )
}

//= FT-10 type=test
//= INV-01 type=test
pub fn addressed_to(person: &str, reaction: f64) -> Question {
    let question = conversion_reaches(person, reaction);
    let expected = format!("the inviting message has {person}'s number as its destination");
    Question::eventually(expected, reaction, move |view| question.ask(view))
}

//= INV-01 type=test
pub fn protocol_identifier(expected: u8, reaction: f64) -> Question {
    Question::eventually(
        format!("every part of the inviting message has protocol identifier {expected}"),
        reaction,
        move |view| {
            about_inviting(view, |message, _| {
                match message
                    .parts
                    .iter()
                    .find(|part| part.protocol_id != expected)
                {
                    Some(part) => Judgement::broken(
                        Reason::WrongValue,
                        format!("protocol identifier {}", part.protocol_id),
                        part.frames,
                    ),
                    None => Judgement::holds(
                        format!("protocol identifier {expected}"),
                        message.frames.clone(),
                    ),
                }
            })
        },
    )
}

/// Exactly one, and it stays one for the guard time.
//= INV-15 type=test
pub fn received_once(person: &str, reaction: f64, guard: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("one inviting message reaches {person}, and no other"),
        reaction + guard,
        move |view| {
            let messages = view.new_short_messages_to(&person);
            if messages.is_empty()
                && view
                    .invitation()
                    .is_some_and(|call| call.accepted().is_some())
            {
                return Judgement::unproven("the invitation was accepted without asking");
            }
            match messages.as_slice() {
                [] => Judgement::awaited(format!("no short message to {person}")),
                [one] if seconds(one.at, view.now) >= guard => {
                    Judgement::holds(quoted(one), one.frames.clone())
                }
                [_] => Judgement::awaited("one so far"),
                more => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} short messages", more.len()),
                    frames_of_all(more),
                ),
            }
        },
    )
}

fn frames_of_all(messages: &[ShortMessage]) -> Vec<u32> {
    messages
        .iter()
        .flat_map(|message| message.frames.iter().copied())
        .collect()
}

/// Nothing is sent to the SMS user on account of the stimulus.
//= POL-02 type=test
//= POL-06 type=test
//= AUT-01 type=test
//= AUT-09 type=test
//= ANO-03 type=test
//= TD-02 type=test
pub fn none_to(person: &str, guard: f64) -> Question {
    let person = person.to_owned();
    Question::throughout(
        format!("no short message to {person}"),
        guard,
        move |view| {
            let messages = view.new_short_messages_to(&person);
            if !messages.is_empty() {
                return Judgement::broken(
                    Reason::Unexpected,
                    quoted(&messages[0]),
                    frames_of_all(&messages),
                );
            }
            let alive = view.sip_from_system();
            match alive.is_empty() {
                true => Judgement::unproven("the system has shown no sign that it heard anything"),
                false => Judgement::holds("none, and the system has answered", alive),
            }
        },
    )
}

//= POL-01 type=test
pub fn none_before_acceptance(person: &str, reaction: f64, guard: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("no short message to {person} before the 2xx"),
        reaction + guard,
        move |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("no invitation is in the capture");
            };
            let messages = view.new_short_messages_to(&person);
            match (call.accepted(), messages.first()) {
                (Some(response), Some(message))
                    if first(&message.frames) < first(response.frames()) =>
                {
                    Judgement::broken(Reason::Unexpected, quoted(message), message.frames.clone())
                }
                (Some(response), _) => {
                    Judgement::holds("2xx and no short message before it", response.frames())
                }
                (None, Some(message))
                    if call.invitation.final_response().is_none()
                        && seconds(message.at, view.now) < guard =>
                {
                    Judgement::unproven("a short message; no final response yet")
                }
                (None, _) => Judgement::unproven("the invitation is not accepted"),
            }
        },
    )
}

//= INV-04 type=test
pub fn inviting_message_reads(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        format!("the inviting message reads {text:?}"),
        reaction,
        move |view| about_inviting(view, |message, _| same_text(message, &text)),
    )
}

fn same_text(message: &ShortMessage, text: &str) -> Judgement {
    if message.text == text {
        Judgement::holds(quoted(message), message.frames.clone())
    } else {
        Judgement::broken(Reason::WrongValue, quoted(message), message.frames.clone())
    }
}

/// All of some phrases stand in the inviting message, whatever their case.
//= INV-05 type=test
//= INV-06 type=test
pub fn inviting_message_mentions(what: &str, phrases: Vec<String>, reaction: f64) -> Question {
    let expected = format!("the inviting message {what}: {}", phrases.join(", "));
    Question::eventually(expected, reaction, move |view| {
        about_inviting(view, |message, _| {
            let text = message.text.to_lowercase();
            let absent: Vec<&str> = phrases
                .iter()
                .map(String::as_str)
                .filter(|phrase| !text.contains(&phrase.to_lowercase()))
                .collect();
            match absent.is_empty() {
                true => Judgement::holds(quoted(message), message.frames.clone()),
                false => Judgement::broken(
                    Reason::WrongValue,
                    format!("{} lacks {}", quoted(message), absent.join(", ")),
                    message.frames.clone(),
                ),
            }
        })
    })
}

//= INV-07 type=test
//= ANO-02 type=test
pub fn inviting_message_tells(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the inviting message has {person}'s number or display name"),
        reaction,
        move |view| {
            let Some(who) = view.cast.get(&person).cloned() else {
                return Judgement::unproven("nobody of that name");
            };
            about_inviting(view, |message, _| match gives_away(message, &who) {
                Some(what) => Judgement::holds(
                    format!("{} has {what}", quoted(message)),
                    message.frames.clone(),
                ),
                None => {
                    Judgement::broken(Reason::WrongValue, quoted(message), message.frames.clone())
                }
            })
        },
    )
}

/// The part of a short message that names a person: sender, number in the text, or display name in the text.
pub(super) fn gives_away(message: &ShortMessage, who: &Person) -> Option<String> {
    let digits = who.number.trim_start_matches('+');
    let in_text: String = message
        .text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    if message.sender.trim_start_matches('+') == digits {
        Some(format!("the sender {}", message.sender))
    } else if in_text.contains(digits) {
        Some(format!("the number {digits}"))
    } else if message
        .text
        .to_lowercase()
        .contains(&who.display_name.to_lowercase())
    {
        Some(format!("the name {}", who.display_name))
    } else {
        None
    }
}

//= ANO-02 type=test
//= ANO-06 type=test
pub fn nobody_tells(person: &str, to: &str, guard: f64) -> Question {
    let (person, to) = (person.to_owned(), to.to_owned());
    Question::throughout(
        format!("no short message to {to} has {person}'s number or display name"),
        guard,
        move |view| {
            let Some(who) = view.cast.get(&person).cloned() else {
                return Judgement::unproven("nobody of that name");
            };
            let messages = view.short_messages_to(&to);
            if messages.is_empty() {
                return Judgement::unproven(format!("no short message to {to} at all"));
            }
            match messages
                .iter()
                .find_map(|message| gives_away(message, &who).map(|what| (message, what)))
            {
                Some((message, what)) => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} has {what}", quoted(message)),
                    message.frames.clone(),
                ),
                None => Judgement::holds(
                    format!("{} short messages, none tells", messages.len()),
                    frames_of_all(&messages),
                ),
            }
        },
    )
}

//= INV-09 type=test
pub fn arrives_concatenated(text: &str, person: &str, reaction: f64) -> Question {
    let (text, person) = (text.to_owned(), person.to_owned());
    Question::eventually(
        "one reference on all parts, sequence 1 to n, and the parts give the operator's text",
        reaction,
        move |view| {
            let messages = view.new_short_messages_to(&person);
            let whole = messages.iter().find(|message| message.complete);
            match whole {
                Some(message) if message.text == text && message.parts.len() > 1 => {
                    Judgement::holds(
                        format!("{} parts", message.parts.len()),
                        message.frames.clone(),
                    )
                }
                // message_payload: the service centre will make the parts.
                Some(message) if message.text == text => {
                    Judgement::unproven("the whole text in one PDU: the carriage shows no parts")
                }
                Some(message) if !text.starts_with(&message.text) => {
                    Judgement::unproven(format!("not the operator's text: {}", quoted(message)))
                }
                Some(message) => Judgement::broken(
                    Reason::WrongValue,
                    format!("{} part(s): {}", message.parts.len(), quoted(message)),
                    message.frames.clone(),
                ),
                None if messages.is_empty() => Judgement::unproven("no inviting message"),
                None => Judgement::Awaited {
                    observed: format!(
                        "{} part(s) under {} reference(s)",
                        messages.iter().map(|m| m.parts.len()).sum::<usize>(),
                        messages.len()
                    ),
                    frames: frames_of_all(&messages),
                },
            }
        },
    )
}

//= ANS-07 type=test
pub fn one_help_message(person: &str, reaction: f64, guard: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("one short message helps {person}, and no other follows"),
        reaction + guard,
        move |view| {
            if view.was_decided_before() {
                return Judgement::unproven("the invitation had been answered before");
            }
            let messages = view.new_short_messages_to(&person);
            match messages.as_slice() {
                [] => Judgement::awaited("no short message after the answer"),
                [one] if seconds(one.at, view.now) >= guard => {
                    Judgement::holds(quoted(one), one.frames.clone())
                }
                [_] => Judgement::awaited("one so far"),
                more => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} short messages", more.len()),
                    frames_of_all(more),
                ),
            }
        },
    )
}

/// The short message by which a user answers is acknowledged on the SMS leg.
//= ANS-08 type=test
//= TD-12 type=test
//= TD-09 type=test
pub fn acknowledged(person: &str, limit: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("{person}'s short message is acknowledged within {limit} s"),
        limit,
        move |view| {
            let Some(message) = view.short_messages_from(&person).into_iter().next() else {
                return Judgement::unproven("no answer was sent");
            };
            match (message.status, message.answered) {
                (Some(0), Some(frame)) => Judgement::holds(
                    "acknowledged",
                    message
                        .frames
                        .into_iter()
                        .chain([frame])
                        .collect::<Vec<_>>(),
                ),
                (Some(status), Some(frame)) => Judgement::broken(
                    Reason::WrongValue,
                    format!("refused with status {status:#x}"),
                    vec![frame],
                ),
                _ => Judgement::awaited("not acknowledged"),
            }
        },
    )
}
