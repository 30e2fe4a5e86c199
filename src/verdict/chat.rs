//! Chat messages that become short messages, and short messages that become chat messages.
//!
//! More than 400 lines, because it has a short judge for each of many rows and they share how arrivals are found.
use super::scene::{first, pager_text, same_number, seconds, text_of};
use super::{Judgement, Question, Reason, View};
use crate::observe::{ChatMessage, Session, ShortMessage};
use crate::wire::sdp::SessionDescription;

/// A text written by a CPM user is one short message, and stays one.
//= M2S-01 type=test
//= FT-10 type=test
//= PGO-01 type=test
//= PGO-02 type=test
//= PGO-03 type=test
//= M2S-13 type=test
pub fn delivered_once(text: &str, to: &str, reaction: f64, guard: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        format!("one short message to {to} with that text"),
        reaction + guard,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let fitting: Vec<&ShortMessage> = messages
                .iter()
                .filter(|message| message.complete && message.text == text)
                .collect();
            let other = messages
                .iter()
                .find(|message| message.complete && message.text != text);
            match (fitting.as_slice(), other) {
                // What an operator adds of his own may come before it.
                ([], Some(other)) => Judgement::Awaited {
                    observed: format!("{:?}", other.text),
                    frames: other.frames.clone(),
                },
                ([], None) => Judgement::awaited(format!("no whole short message to {to}")),
                ([one], _) if seconds(one.at, view.now) >= guard => {
                    Judgement::holds(format!("{:?}", one.text), one.frames.clone())
                }
                ([_], _) => Judgement::awaited("one so far"),
                (more, _) => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} short messages with that text", more.len()),
                    more.iter()
                        .flat_map(|message| message.frames.clone())
                        .collect::<Vec<_>>(),
                ),
            }
        },
    )
}

//= M2S-02 type=test
pub fn delivered_only_to(
    text: &str,
    caller: &str,
    to: &str,
    others: Vec<String>,
    reaction: f64,
    guard: f64,
) -> Question {
    let (text, caller, to) = (text.to_owned(), caller.to_owned(), to.to_owned());
    let expected = format!(
        "the short message goes to {to} from the number of that session, and not to {}",
        others.join(" or ")
    );
    Question::eventually(expected, reaction + guard, move |view| {
        for other in &others {
            if let Some(astray) = view
                .new_short_messages_to(other)
                .into_iter()
                .find(|message| message.text.contains(&text))
            {
                return Judgement::broken(
                    Reason::WrongValue,
                    format!("it went to {other}"),
                    astray.frames,
                );
            }
        }
        let Some(message) = view
            .new_short_messages_to(&to)
            .into_iter()
            .find(|message| message.complete)
        else {
            return Judgement::unproven(format!("no short message to {to}"));
        };
        let earlier = super::session_number::first_of_session(view, &caller, &to)
            .filter(|earlier| earlier.frames != message.frames);
        let Some(earlier) = earlier else {
            return Judgement::unproven("no earlier short message shows the number of the session");
        };
        if !same_number(&earlier.sender, &message.sender) {
            let observed = format!(
                "sender {} in a session of {}",
                message.sender, earlier.sender
            );
            return Judgement::broken(Reason::WrongValue, observed, message.frames);
        }
        match seconds(message.at, view.now) >= guard {
            true => Judgement::holds(
                format!("to {to} only, from {}", message.sender),
                message.frames,
            ),
            false => Judgement::unproven("so far so good"),
        }
    })
}

/// Things of the wrapping that a reader must not see.
const WRAPPING: [&str; 9] = [
    "From:",
    "To:",
    "DateTime",
    "NS:",
    "Content-Type",
    "Content-type",
    "imdn",
    "message/cpim",
    "MSRP ",
];

//= M2S-03 type=test
pub fn nothing_of_the_wrapping(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        "the short message shows no header field of the wrapping",
        reaction,
        move |view| {
            let Some(message) = view
                .new_short_messages_to(&to)
                .into_iter()
                .find(|message| message.complete)
            else {
                return Judgement::unproven(format!("no short message to {to}"));
            };
            match WRAPPING.iter().find(|word| message.text.contains(**word)) {
                Some(word) => Judgement::broken(
                    Reason::WrongValue,
                    format!("{word:?} in {:?}", message.text),
                    message.frames,
                ),
                None => Judgement::holds(format!("{:?}", message.text), message.frames),
            }
        },
    )
}

/// The chat messages that arrived in the session of two people since the stimulus.
fn arrivals<'a>(
    view: &View<'a>,
    user: &str,
    sms_user: &str,
) -> Option<(Session<'a>, Vec<ChatMessage<'a>>)> {
    let call = view.invitation_between(user, sms_user)?;
    let session = view.session(&call)?;
    let new = view
        .new_chat_messages()
        .into_iter()
        .filter(|(other, _)| other.suite_uri == session.suite_uri)
        .map(|(_, message)| message);
    let messages = new.collect();
    Some((session, messages))
}

fn shown(message: &ChatMessage) -> String {
    format!("{:?}", text_of(message).unwrap_or_default())
}

/// Exactly one chat message.
//= S2M-01 type=test
pub fn arrives_once(text: &str, user: &str, sms_user: &str, reaction: f64, guard: f64) -> Question {
    let (text, user, sms_user) = (text.to_owned(), user.to_owned(), sms_user.to_owned());
    Question::eventually(
        format!("one chat message with that text in {user}'s session with {sms_user}"),
        reaction + guard,
        move |view| {
            let Some((_, messages)) = arrivals(view, &user, &sms_user) else {
                return Judgement::unproven("there is no such chat session");
            };
            let fitting: Vec<&ChatMessage> = messages
                .iter()
                .filter(|message| text_of(message).as_deref() == Some(&text))
                .collect();
            match (fitting.as_slice(), messages.first()) {
                ([one], _) if seconds(one.at, view.now) >= guard => {
                    Judgement::holds(shown(one), one.frames.clone())
                }
                ([_], _) => Judgement::awaited("one so far"),
                // What an operator adds of his own may come before it.
                ([], Some(other)) => Judgement::Awaited {
                    observed: shown(other),
                    frames: other.frames.clone(),
                },
                ([], None) => Judgement::awaited("no chat message"),
                (more, _) => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} chat messages with that text", more.len()),
                    more.iter()
                        .flat_map(|message| message.frames.clone())
                        .collect::<Vec<_>>(),
                ),
            }
        },
    )
}

/// A chat message, or more: how many is the matter of S2M-01.
//= ANS-05 type=test
//= TD-08 type=test
//= ADR-09 type=test
//= S2M-08 type=test
//= S2M-09 type=test
pub fn arrives(text: &str, user: &str, sms_user: &str, reaction: f64, guard: f64) -> Question {
    let (text, user, sms_user) = (text.to_owned(), user.to_owned(), sms_user.to_owned());
    Question::eventually(
        format!("a chat message with that text in {user}'s session with {sms_user}"),
        reaction + guard,
        move |view| {
            let Some((_, messages)) = arrivals(view, &user, &sms_user) else {
                return Judgement::unproven("there is no such chat session");
            };
            let fitting: Vec<&ChatMessage> = messages
                .iter()
                .filter(|message| text_of(message).as_deref() == Some(&text))
                .collect();
            match (fitting.as_slice(), messages.first()) {
                ([one, ..], _) if seconds(one.at, view.now) >= guard => {
                    Judgement::holds(shown(one), one.frames.clone())
                }
                ([_, ..], _) => Judgement::awaited("it may be followed by what must not come"),
                // What an operator adds of his own may come before it.
                ([], Some(other)) => Judgement::Awaited {
                    observed: shown(other),
                    frames: other.frames.clone(),
                },
                ([], None) => Judgement::awaited("no chat message"),
            }
        },
    )
}

/// In the session of the two and not as a SIP MESSAGE. That it arrives at all is another row's business.
//= ADR-02 type=test
pub fn arrives_in_chat(
    text: &str,
    user: &str,
    sms_user: &str,
    reaction: f64,
    guard: f64,
) -> Question {
    let (text, user, sms_user) = (text.to_owned(), user.to_owned(), sms_user.to_owned());
    let expected = format!("in {user}'s session with {sms_user}, and not as a SIP MESSAGE");
    Question::eventually(expected, reaction + guard, move |view| {
        if let Some(pager) = view.new_pager_messages().first() {
            return Judgement::broken(
                Reason::WrongValue,
                "it came as a SIP MESSAGE",
                pager.request.frames(),
            );
        }
        at_last(view, &user, &sms_user, guard, &text)
    })
}

/// In the session of the two, and in no other.
//= ADR-07 type=test
pub fn arrives_in_no_other_chat(
    text: &str,
    user: &str,
    sms_user: &str,
    reaction: f64,
    guard: f64,
) -> Question {
    let (text, user, sms_user) = (text.to_owned(), user.to_owned(), sms_user.to_owned());
    Question::eventually(
        format!("in {user}'s session with {sms_user}, and in no other"),
        reaction + guard,
        move |view| {
            let Some((session, _)) = arrivals(view, &user, &sms_user) else {
                return Judgement::unproven("there is no such chat session");
            };
            match view
                .new_chat_messages()
                .into_iter()
                .find(|(other, _)| other.suite_uri != session.suite_uri)
            {
                Some((_, astray)) => Judgement::broken(
                    Reason::WrongValue,
                    "it came in another chat session",
                    astray.frames,
                ),
                None => at_last(view, &user, &sms_user, guard, &text),
            }
        },
    )
}

/// The first chat message in a session, when the guard time has passed since.
fn at_last(view: &View, user: &str, sms_user: &str, guard: f64, text: &str) -> Judgement {
    let arrived = arrivals(view, user, sms_user)
        .map(|(_, messages)| messages)
        .unwrap_or_default();
    match arrived.as_slice() {
        [one, ..] if seconds(one.at, view.now) >= guard => {
            Judgement::holds(shown(one), one.frames.clone())
        }
        [] => Judgement::unproven(format!("no chat message with {text:?}")),
        _ => Judgement::unproven("it has arrived; whether elsewhere too is not yet known"),
    }
}

/// A text does not reach a CPM user, neither in a chat nor as a SIP MESSAGE.
//= TD-08 type=test
//= AUT-04 type=test
//= ADR-09 type=test
//= TD-12 type=test
pub fn does_not_arrive(text: Option<&str>, from: &str, user: &str, guard: f64) -> Question {
    let text = text.map(str::to_lowercase);
    let (from, user) = (from.to_owned(), user.to_owned());
    Question::throughout(format!("no message to {user}"), guard, move |view| {
        let sent = view.short_messages_from(&from);
        let Some(stimulus) = sent.first() else {
            return Judgement::unproven(format!("no short message from {from} is in the capture"));
        };
        let has = |found: &str| {
            text.as_ref()
                .is_none_or(|text| found.to_lowercase().contains(text.as_str()))
        };
        let chat = view
            .new_chat_messages()
            .into_iter()
            .find(|(_, message)| text_of(message).is_some_and(|found| has(&found)));
        if let Some((_, message)) = chat {
            return Judgement::broken(
                Reason::Unexpected,
                format!("chat message {}", shown(&message)),
                message.frames,
            );
        }
        let pager = view.new_pager_messages();
        match pager
            .iter()
            .find(|message| has(&pager_text(message.request.message)))
        {
            Some(message) => Judgement::broken(
                Reason::Unexpected,
                "a SIP MESSAGE",
                message.request.frames(),
            ),
            None => match stimulus.answered {
                Some(answer) => {
                    Judgement::holds("none", [stimulus.frames.clone(), vec![answer]].concat())
                }
                None => Judgement::unproven(
                    "the system has not acknowledged the short message: it may not have heard it",
                ),
            },
        }
    })
}

/// The word that accepts does not reach the CPM user. Where the invitation had been answered before, it is no acceptance but content.
//= ANS-05 type=test
pub fn acceptance_does_not_arrive(word: &str, from: &str, user: &str, guard: f64) -> Question {
    let question = does_not_arrive(Some(word), from, user, guard);
    Question::throughout(question.expected.clone(), guard, move |view| {
        match view.was_decided_before() {
            true => Judgement::unproven("the invitation had been answered before"),
            false => question.ask(view),
        }
    })
}

/// A short message outside any chat reaches a CPM user as a SIP MESSAGE.
//= AUT-04 type=test
pub fn arrives_as_message(text: &str, user: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        format!("a SIP MESSAGE with that text to {user}"),
        reaction,
        move |view| match view
            .new_pager_messages()
            .iter()
            .find(|message| pager_text(message.request.message).contains(&text))
        {
            Some(message) => Judgement::holds("a SIP MESSAGE", message.request.frames()),
            None => Judgement::awaited("no SIP MESSAGE"),
        },
    )
}

/// Applies a judge to the first chat message since the stimulus.
fn about_arrival(
    view: &View,
    user: &str,
    sms_user: &str,
    judge: impl FnOnce(&ChatMessage) -> Judgement,
) -> Judgement {
    match arrivals(view, user, sms_user).and_then(|(_, messages)| messages.into_iter().next()) {
        Some(message) => judge(&message),
        None => Judgement::unproven("no chat message"),
    }
}

//= S2M-02 type=test
pub fn cpim_wrapped_plain_text(user: &str, sms_user: &str, reaction: f64) -> Question {
    let (user, sms_user) = (user.to_owned(), sms_user.to_owned());
    Question::eventually(
        "message/cpim as offered, with text/plain in UTF-8 inside",
        reaction,
        move |view| {
            let offered = view
                .invitation_between(&user, &sms_user)
                .and_then(|call| call.invitation.request.message.body_of("application/sdp"))
                .and_then(|body| SessionDescription::parse(&body).ok())
                .and_then(|offer| offer.message().map(|media| media.accept_types.clone()))
                .unwrap_or_default();
            about_arrival(view, &user, &sms_user, |message| {
                let outer = message.content_type.clone().unwrap_or_default();
                let inner = message.cpim.as_ref().and_then(|cpim| {
                    cpim.content_headers
                        .iter()
                        .find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
                });
                let inner = inner
                    .map(|(_, value)| value.to_lowercase())
                    .unwrap_or_default();
                let charset_fits = !inner.contains("charset") || inner.contains("utf-8");
                let fits = offered.iter().any(|kind| *kind == outer || kind == "*")
                    && outer == "message/cpim"
                    && inner.starts_with("text/plain")
                    && charset_fits;
                let observed =
                    format!("{outer} with {inner} inside; offered {}", offered.join(" "));
                match fits {
                    true => Judgement::holds(observed, message.frames.clone()),
                    false => {
                        Judgement::broken(Reason::WrongValue, observed, message.frames.clone())
                    }
                }
            })
        },
    )
}

//= S2M-03 type=test
pub fn names_sender_and_recipient(sms_user: &str, user: &str, reaction: f64) -> Question {
    let (user, sms_user) = (user.to_owned(), sms_user.to_owned());
    Question::eventually(
        format!("CPIM From names {sms_user}'s number, To names {user}"),
        reaction,
        move |view| {
            about_arrival(view, &user, &sms_user, |message| {
                let Some(cpim) = &message.cpim else {
                    return Judgement::unproven("the chat message is not message/cpim");
                };
                let number = |name: &str| cpim.header(name).and_then(super::scene::number_in);
                let (from, to) = (number("From"), number("To"));
                let observed = format!(
                    "From {}, To {}",
                    cpim.header("From").unwrap_or("absent"),
                    cpim.header("To").unwrap_or("absent")
                );
                // In a chat between two OMA's clients name both parties so: the session says who they are.
                let unnamed = |name: &str| cpim.header(name).is_some_and(is_anonymous);
                let fits = (unnamed("From")
                    || from.as_deref() == Some(view.cast.number(&sms_user)))
                    && (unnamed("To") || to.as_deref() == Some(view.cast.number(&user)));
                match fits {
                    true => Judgement::holds(observed, message.frames.clone()),
                    false => {
                        Judgement::broken(Reason::WrongValue, observed, message.frames.clone())
                    }
                }
            })
        },
    )
}

/// The URI that stands for nobody in particular (RFC 3323 section 4.1.1.3, and OMA practice in CPIM).
fn is_anonymous(value: &str) -> bool {
    value
        .to_lowercase()
        .contains("sip:anonymous@anonymous.invalid")
}

/// A precondition: the SMS user has got the short message of a chat message.
pub fn reached(text: &str, to: &str, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        format!("{to} gets a short message for that chat message"),
        reaction,
        move |view| match view
            .new_short_messages_to(&to)
            .into_iter()
            .find(|message| message.complete && message.text.contains(&text))
        {
            Some(message) if first(&message.frames) > 0 => {
                Judgement::holds(message.text, message.frames)
            }
            _ => Judgement::awaited("no short message"),
        },
    )
}

/// A precondition: a short message to that person was refused by the service centre.
pub fn refused(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        format!("the service centre refuses a short message to {to}"),
        reaction,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let refused = |message: &&ShortMessage| message.status.is_some_and(|code| code != 0);
            match messages.iter().find(refused) {
                Some(message) => Judgement::holds("refused", message.frames.clone()),
                None => Judgement::awaited("no short message was refused"),
            }
        },
    )
}
