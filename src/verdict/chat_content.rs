//! What is said of a chat message itself: that it was taken, refused, not delivered; and that nothing is made of it for the SMS user.
use super::scene::first;
use super::{Judgement, Question, Reason, View};
use crate::observe::{ChatMessage, Direction, Session, ShortMessage};
use crate::wire::cpim::{Imdn, ImdnStatus};

/// The chat message of the stimulus, with its session.
fn sent<'a>(view: &View<'a>) -> Option<(Session<'a>, ChatMessage<'a>)> {
    let sessions = crate::observe::sessions(view.trace);
    sessions.into_iter().find_map(|session| {
        let message = session.messages.iter().find(|message| {
            message.direction == Direction::ToSystem
                && first(&message.frames) > view.before_stimulus
        });
        let message = message.cloned()?;
        Some((session, message))
    })
}

fn about_sent(view: &View, judge: impl FnOnce(&Session, &ChatMessage) -> Judgement) -> Judgement {
    match sent(view) {
        Some((session, message)) => judge(&session, &message),
        None => Judgement::unproven("no chat message has been sent"),
    }
}

fn with_answer(message: &ChatMessage) -> Vec<u32> {
    let answer = message.response.map(|(_, frame)| frame);
    message.frames.iter().copied().chain(answer).collect()
}

/// One short message with that text, although the chat message came in pieces.
//= M2S-04 type=test
pub fn arrives_in_one_piece(text: &str, to: &str, reaction: f64, guard: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        format!("one short message to {to} with the whole text"),
        reaction + guard,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let frames = || {
                let frames = messages.iter().flat_map(|message| &message.frames);
                frames.copied().collect::<Vec<_>>()
            };
            let part = messages
                .iter()
                .find(|message| message.complete && message.text != text);
            let waited = messages
                .iter()
                .all(|message| super::scene::seconds(message.at, view.now) >= guard);
            match (messages.as_slice(), part) {
                ([], _) => Judgement::awaited(format!("no short message to {to}")),
                (_, Some(part)) => {
                    let observed = format!("{:?}", part.text);
                    Judgement::broken(Reason::WrongValue, observed, frames())
                }
                ([one], _) if one.complete && waited => {
                    Judgement::holds(format!("{:?}", one.text), frames())
                }
                ([_], _) => Judgement::awaited("one so far"),
                (more, _) => {
                    let observed = format!("{} short messages", more.len());
                    Judgement::broken(Reason::Unexpected, observed, frames())
                }
            }
        },
    )
}

/// Nothing goes to the SMS user on account of the chat message, which the system has answered.
//= M2S-04 type=test
//= M2S-09 type=test
//= M2S-10 type=test
//= M2S-11 type=test
pub fn becomes_no_short_message(to: &str, guard: f64) -> Question {
    let to = to.to_owned();
    Question::throughout(format!("no short message to {to}"), guard, move |view| {
        if let Some(message) = view.new_short_messages_to(&to).into_iter().next() {
            let observed = super::short_message::quoted(&message);
            return Judgement::broken(Reason::Unexpected, observed, message.frames);
        }
        about_sent(view, |_, message| match message.response {
            Some(_) => Judgement::holds("none", with_answer(message)),
            None => Judgement::unproven(
                "the system has not answered the chat message: it may not have heard it",
            ),
        })
    })
}

//= M2S-08 type=test
//= M2S-09 type=test
//= M2S-10 type=test
pub fn acknowledged(reaction: f64) -> Question {
    Question::eventually("200 to the SEND", reaction, |view| {
        about_sent(view, |_, message| match message.response {
            Some((200, _)) => Judgement::holds("200", with_answer(message)),
            Some((code, _)) => {
                Judgement::broken(Reason::WrongValue, code.to_string(), with_answer(message))
            }
            None => Judgement::Awaited {
                observed: "the SEND is not answered".into(),
                frames: message.frames.clone(),
            },
        })
    })
}

/// No response, although the chat message has been served: its short message shows that.
//= M2S-08 type=test
pub fn not_answered(to: &str, guard: f64) -> Question {
    let to = to.to_owned();
    Question::throughout("no response to the SEND", guard, move |view| {
        about_sent(view, |_, message| {
            if let Some((code, _)) = message.response {
                let frames = with_answer(message);
                return Judgement::broken(Reason::Unexpected, code.to_string(), frames);
            }
            match view.new_short_messages_to(&to).into_iter().next() {
                Some(short) => {
                    Judgement::holds("none", [message.frames.clone(), short.frames].concat())
                }
                None => Judgement::unproven("nothing shows that the system has taken the message"),
            }
        })
    })
}

/// By which way the CPM user is told that a message of his went nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// An error response, a REPORT or a notification.
    Anyhow,
    /// A notification, or an error response that leaves nothing to notify.
    ByNotification,
}

//= M2S-08 type=test
//= M2S-11 type=test
//= M2S-13 type=test
pub fn told_undelivered(told: Told, reaction: f64) -> Question {
    let expected = match told {
        Told::Anyhow => "an error response, a failure REPORT or a notification that it failed",
        Told::ByNotification => "a notification that it failed, or an error response",
    };
    Question::eventually(expected, reaction, move |view| {
        about_sent(view, |session, message| {
            if let Some((code, _)) = message.response.filter(|(code, _)| *code >= 300) {
                return Judgement::holds(format!("{code} to the SEND"), with_answer(message));
            }
            let report = report(session, message).filter(|_| told == Told::Anyhow);
            if let Some((status, frames)) = report {
                let observed = format!("REPORT with {status}");
                return match status {
                    300.. => Judgement::holds(observed, frames),
                    _ => Judgement::broken(Reason::WrongValue, observed, frames),
                };
            }
            match notification(session, message) {
                Some((ImdnStatus::Failed | ImdnStatus::Error, frames)) => {
                    Judgement::holds("a notification that it failed", frames)
                }
                Some((status, frames)) => {
                    Judgement::broken(Reason::WrongValue, format!("{status:?}"), frames)
                }
                None => Judgement::Awaited {
                    observed: "nothing tells that it was not delivered".into(),
                    frames: with_answer(message),
                },
            }
        })
    })
}

/// The notification about a chat message, by its imdn.Message-ID.
fn notification(session: &Session, message: &ChatMessage) -> Option<(ImdnStatus, Vec<u32>)> {
    let id = message.cpim.as_ref()?.imdn_header("Message-ID")?;
    session.messages.iter().find_map(|other| {
        let cpim = other.cpim.as_ref()?;
        let is_imdn = cpim.content_type().as_deref() == Some("message/imdn+xml");
        if other.direction != Direction::FromSystem || !is_imdn {
            return None;
        }
        let imdn = Imdn::parse(&cpim.content).ok()?;
        (imdn.message_id == id).then(|| (imdn.status, other.frames.clone()))
    })
}

/// Status and frames of the REPORT about a chat message.
fn report(session: &Session, message: &ChatMessage) -> Option<(u16, Vec<u32>)> {
    session.reports.iter().find_map(|report| {
        let about = report.message.message_id() == Some(message.message_id.as_str());
        let from_system = report.seen.direction == Direction::FromSystem;
        let status = report.message.reported_status()?;
        (about && from_system).then(|| (status, report.frames().to_vec()))
    })
}

/// The short messages of a burst of chat messages come in its order.
//= M2S-12 type=test
pub fn in_order(texts: &[String], to: &str, reaction: f64) -> Question {
    let (texts, to) = (texts.to_vec(), to.to_owned());
    Question::eventually(
        format!(
            "{} short messages in the order of the chat messages",
            texts.len()
        ),
        reaction,
        move |view| {
            let mut messages = view.new_short_messages_to(&to);
            messages.retain(|message| message.complete);
            messages.sort_by_key(|message| first(&message.frames));
            let place = |message: &ShortMessage| texts.iter().position(|t| *t == message.text);
            let places: Vec<usize> = messages.iter().filter_map(place).collect();
            let frames: Vec<u32> = messages
                .iter()
                .flat_map(|message| message.frames.clone())
                .collect();
            let mut seen: Vec<usize> = places.clone();
            seen.sort_unstable();
            seen.dedup();
            match places.windows(2).find(|pair| pair[0] > pair[1]) {
                Some(pair) => Judgement::broken(
                    Reason::WrongValue,
                    format!("{:?} after {:?}", texts[pair[1]], texts[pair[0]]),
                    frames,
                ),
                None if seen.len() == texts.len() => {
                    Judgement::holds(format!("{} in order", seen.len()), frames)
                }
                None => Judgement::Awaited {
                    observed: format!("{} of {}, so far in order", seen.len(), texts.len()),
                    frames,
                },
            }
        },
    )
}
