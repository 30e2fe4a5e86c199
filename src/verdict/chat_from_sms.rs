//! Short messages on their way into a chat: their acknowledgement, their parts, their identifiers, and who may send them.
use super::scene::{first, seconds, text_of};
use super::{Judgement, Question, Reason, View};
use crate::observe::{ChatMessage, ShortMessage};
use std::collections::BTreeMap;

/// What the system has sent to the CPM user by MSRP since the stimulus.
fn arrivals<'a>(view: &View<'a>) -> Vec<ChatMessage<'a>> {
    let found = view.new_chat_messages();
    found.into_iter().map(|(_, message)| message).collect()
}

fn frames_of(messages: &[ChatMessage]) -> Vec<u32> {
    let frames = messages.iter().flat_map(|message| &message.frames);
    frames.copied().collect()
}

//= S2M-04 type=test
pub fn identifiers_differ(texts: &[String], reaction: f64) -> Question {
    let texts = texts.to_vec();
    Question::eventually(
        format!(
            "{} chat messages, each with an imdn.Message-ID of its own",
            texts.len()
        ),
        reaction,
        move |view| {
            let mut arrived = arrivals(view);
            arrived.retain(|m| text_of(m).is_some_and(|text| texts.contains(&text)));
            let mut known: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            for message in &arrived {
                let Some(cpim) = &message.cpim else {
                    return Judgement::unproven("a chat message is not message/cpim");
                };
                let Some(id) = cpim.imdn_header("Message-ID") else {
                    let observed = "a chat message without imdn.Message-ID";
                    return Judgement::broken(Reason::Missing, observed, message.frames.clone());
                };
                if let Some(earlier) = known.insert(id.to_owned(), message.frames.clone()) {
                    let frames = [earlier, message.frames.clone()].concat();
                    return Judgement::broken(Reason::WrongValue, format!("{id:?} twice"), frames);
                }
            }
            match arrived.len() >= texts.len() {
                true => Judgement::holds(format!("{} of them", known.len()), frames_of(&arrived)),
                false => Judgement::unproven(format!("{} have arrived", arrived.len())),
            }
        },
    )
}

/// The short message of the stimulus, and the chat message the system has made of it.
fn about_result(
    view: &View,
    from: &str,
    judge: impl FnOnce(&ShortMessage, &ChatMessage) -> Judgement,
) -> Judgement {
    let short = view.short_messages_from(from).into_iter().next();
    match (short, arrivals(view).first()) {
        (Some(short), Some(message)) => judge(&short, message),
        (None, _) => Judgement::unproven("no short message was sent"),
        (_, None) => Judgement::unproven("no chat message was made of it"),
    }
}

fn evidence(short: &ShortMessage, message: &ChatMessage) -> Vec<u32> {
    let answer = message.response.map(|(_, frame)| frame);
    let all = short.frames.iter().chain(&message.frames).copied();
    all.chain(answer).chain(short.answered).collect()
}

//= S2M-05 type=test
pub fn acknowledged_once_taken(from: &str, limit: f64) -> Question {
    let from = from.to_owned();
    Question::eventually(
        "the short message is acknowledged after 200 to the SEND",
        limit,
        move |view| {
            about_result(view, &from, |short, message| {
                let frames = evidence(short, message);
                match (message.response, short.status, short.answered) {
                    (_, Some(0), Some(answered)) if answered < first(&message.frames) => {
                        let observed = "acknowledged before the SEND";
                        Judgement::broken(Reason::Unexpected, observed, frames)
                    }
                    (Some((200, taken)), Some(0), Some(answered)) if answered > taken => {
                        Judgement::holds("acknowledged after 200", frames)
                    }
                    (Some((200, _)), Some(0), _) => Judgement::broken(
                        Reason::Unexpected,
                        "acknowledged before the SEND was answered",
                        frames,
                    ),
                    (Some((200, _)), Some(status), _) => {
                        let observed = format!("refused with status {status:#x} after 200");
                        Judgement::broken(Reason::WrongValue, observed, frames)
                    }
                    (Some((code, _)), ..) if code != 200 => {
                        Judgement::unproven(format!("our side answered {code}"))
                    }
                    _ => Judgement::Awaited {
                        observed: "not acknowledged".into(),
                        frames,
                    },
                }
            })
        },
    )
}

//= S2M-05 type=test
pub fn not_delivered(from: &str, limit: f64) -> Question {
    let from = from.to_owned();
    Question::eventually(
        "the delivery of the short message fails",
        limit,
        move |view| {
            about_result(view, &from, |short, message| {
                let frames = evidence(short, message);
                match (message.response, short.status) {
                    (Some((200, _)), _) => Judgement::unproven("our side has taken it"),
                    (_, Some(0)) => {
                        Judgement::broken(Reason::WrongValue, "acknowledged as delivered", frames)
                    }
                    (_, Some(status)) => Judgement::holds(format!("status {status:#x}"), frames),
                    (_, None) => Judgement::Awaited {
                        observed: "neither acknowledged nor refused".into(),
                        frames,
                    },
                }
            })
        },
    )
}

/// One chat message with the whole text, and none with less or more of it.
//= S2M-06 type=test
pub fn reaches_in_one_piece(text: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "one chat message with the whole text",
        reaction + guard,
        move |view| {
            let arrived = arrivals(view);
            let other = arrived
                .iter()
                .find(|message| text_of(message).as_deref() != Some(text.as_str()));
            match (arrived.as_slice(), other) {
                ([], _) => Judgement::awaited("no chat message"),
                (_, Some(other)) => {
                    let shown = text_of(other).unwrap_or_default();
                    let observed = format!("{} characters: {shown:?}", shown.chars().count());
                    Judgement::broken(Reason::WrongValue, observed, other.frames.clone())
                }
                ([one], None) if seconds(one.at, view.now) >= guard => {
                    Judgement::holds("one, whole", one.frames.clone())
                }
                ([_], None) => Judgement::awaited("one so far"),
                (more, None) => {
                    let observed = format!("{} times", more.len());
                    Judgement::broken(Reason::Unexpected, observed, frames_of(more))
                }
            }
        },
    )
}

/// Neither by MSRP nor as a SIP MESSAGE comes anything of an incomplete message.
//= S2M-07 type=test
pub fn nothing_of_it(from: &str, seconds: f64) -> Question {
    let from = from.to_owned();
    Question::throughout("no part reaches the CPM user", seconds, move |view| {
        if let Some(message) = arrivals(view).first() {
            let observed = format!("chat message {:?}", text_of(message).unwrap_or_default());
            return Judgement::broken(Reason::Unexpected, observed, message.frames.clone());
        }
        if let Some(pager) = view.new_pager_messages().first() {
            let frames = pager.request.frames();
            return Judgement::broken(Reason::Unexpected, "a SIP MESSAGE", frames);
        }
        let sent = view.short_messages_from(&from);
        match sent
            .first()
            .filter(|one| one.parts.iter().any(|p| p.response.is_some()))
        {
            Some(one) => Judgement::holds(
                format!("{} part(s), none sent on", one.parts.len()),
                one.frames.clone(),
            ),
            None => Judgement::unproven("no part was answered: the system may not have heard it"),
        }
    })
}

/// No MSRP to the CPM user on account of a short message that the system has heard.
//= S2M-08 type=test
//= S2M-09 type=test
pub fn stays_out(text: &str, from: &str, guard: f64) -> Question {
    let (text, from) = (text.to_lowercase(), from.to_owned());
    Question::throughout("no chat message with that text", guard, move |view| {
        let has = |message: &&ChatMessage| {
            text_of(message).is_some_and(|found| found.to_lowercase().contains(&text))
        };
        if let Some(message) = arrivals(view).iter().find(has) {
            let observed = format!("chat message {:?}", text_of(message).unwrap_or_default());
            return Judgement::broken(Reason::Unexpected, observed, message.frames.clone());
        }
        let sent = view.short_messages_from(&from);
        match sent
            .first()
            .and_then(|short| Some((short, short.answered?)))
        {
            Some((short, answer)) => {
                Judgement::holds("none", [short.frames.clone(), vec![answer]].concat())
            }
            None => Judgement::unproven(
                "the system has not answered the short message: it may not have heard it",
            ),
        }
    })
}
