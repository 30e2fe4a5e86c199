//! What becomes of a CPM Session Invitation: accepted, refused, converted, waiting, timed out, cancelled.
use super::acceptance::opens_a_session;
use super::scene::{first, frames_of, same_number, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Call, Direction, ShortMessage, SipFact};

const NO_INVITATION: &str = "no invitation is in the capture";

/// Applies a judge to the invitation in question.
pub(super) fn about(view: &View, judge: impl FnOnce(&Call, &View) -> Judgement) -> Judgement {
    match view.invitation() {
        // What followed the final response cannot have decided it.
        Some(_) if view.was_decided_before() => {
            Judgement::unproven("the invitation had been answered before")
        }
        Some(call) => judge(&call, view),
        None => Judgement::unproven(NO_INVITATION),
    }
}

pub(super) fn describe(response: SipFact) -> String {
    match response.message.header("Warning") {
        Some(warning) => format!("{} with Warning {warning}", response.status()),
        None => response.status().to_string(),
    }
}

pub(super) fn with_invite(call: &Call, response: SipFact) -> Vec<u32> {
    frames_of(&[call.invitation.request, response])
}

//= POL-02 type=test
//= POL-03 type=test
//= POL-04 type=test
//= POL-07 type=test
//= POL-08 type=test
//= ANO-03 type=test
//= ANS-01 type=test
pub fn refused(reaction: f64) -> Question {
    Question::eventually(
        "the INVITE gets exactly one final response, not a 2xx",
        reaction,
        |view| about(view, |call, _| refusal(call)),
    )
}

fn refusal(call: &Call) -> Judgement {
    let finals: Vec<SipFact> = call
        .invitation
        .responses
        .iter()
        .filter(|r| r.status() >= 200)
        .copied()
        .collect();
    match finals.first() {
        Some(response) if response.status() < 300 => Judgement::broken(
            Reason::WrongValue,
            format!("accepted with {}", describe(*response)),
            with_invite(call, *response),
        ),
        Some(response) => match finals
            .iter()
            .find(|other| other.status() != response.status())
        {
            Some(other) => Judgement::broken(
                Reason::Unexpected,
                format!("{} and then {}", describe(*response), describe(*other)),
                frames_of(&[*response, *other]),
            ),
            None => Judgement::holds(
                format!("refused with {}", describe(*response)),
                with_invite(call, *response),
            ),
        },
        None => Judgement::awaited("no final response"),
    }
}

//= AUT-02 type=test
//= AUT-09 type=test
pub fn refused_with_error(reaction: f64) -> Question {
    Question::eventually(
        "the INVITE gets a final 4xx or 6xx response",
        reaction,
        |view| {
            about(view, |call, view| match call.invitation.final_response() {
                Some(response) if matches!(response.status(), 400..500 | 600..700) => {
                    Judgement::holds(describe(response), with_invite(call, response))
                }
                Some(response) => Judgement::broken(
                    Reason::WrongValue,
                    describe(response),
                    with_invite(call, response),
                ),
                None if view.inviting_message(call).is_some() => {
                    Judgement::unproven("the invitation was interworked instead")
                }
                None => Judgement::awaited("no final response"),
            })
        },
    )
}

/// A final response out of a set of the profile.
//= ANS-03 type=test
//= INV-11 type=test
pub fn refused_with_code(codes: &[u16], patience: f64) -> Question {
    let codes = codes.to_vec();
    let words: Vec<String> = codes.iter().map(u16::to_string).collect();
    Question::eventually(
        format!("the INVITE is refused with one of {}", words.join(", ")),
        patience,
        move |view| {
            about(view, |call, _| match call.invitation.final_response() {
                Some(response) if codes.contains(&response.status()) => {
                    Judgement::holds(describe(response), with_invite(call, response))
                }
                Some(response) if response.status() < 300 => {
                    Judgement::unproven("the invitation was accepted")
                }
                Some(response) => Judgement::broken(
                    Reason::WrongValue,
                    describe(response),
                    with_invite(call, response),
                ),
                None => Judgement::unproven("no final response"),
            })
        },
    )
}

//= ADR-08 type=test
pub fn refused_for_want_of_a_number(reaction: f64) -> Question {
    Question::eventually(
        "the INVITE gets a final 4xx or 5xx response",
        reaction,
        |view| {
            about(view, |call, view| {
                match (
                    call.invitation.final_response(),
                    view.inviting_message(call),
                ) {
                    (Some(response), _) if matches!(response.status(), 400..600) => {
                        Judgement::holds(describe(response), with_invite(call, response))
                    }
                    (Some(response), _) => Judgement::broken(
                        Reason::WrongValue,
                        describe(response),
                        with_invite(call, response),
                    ),
                    (None, Some(message)) if is_taken(view, call, &message) => Judgement::broken(
                        Reason::Unexpected,
                        format!(
                            "an inviting message from {}, a number that a live session has",
                            message.sender
                        ),
                        message.frames,
                    ),
                    (None, Some(message)) => Judgement::unproven(format!(
                        "an inviting message from {}, a number that no other session has",
                        message.sender
                    )),
                    (None, None) => Judgement::awaited("no final response"),
                }
            })
        },
    )
}

/// A short message to the same user before the invitation came from the same number.
fn is_taken(view: &View, call: &Call, message: &ShortMessage) -> bool {
    let invite = first(call.invitation.request.frames());
    let texts = observe::texts(view.trace, Direction::FromSystem);
    texts.iter().any(|earlier| {
        first(&earlier.frames) < invite
            && same_number(&earlier.recipient, &message.recipient)
            && same_number(&earlier.sender, &message.sender)
    })
}

/// Warning 399 whose text begins with a number of OMA practice; without a Warning nothing is proven (ambiguity A21).
//= AUT-03 type=test
//= ANO-04 type=test
pub fn warning(number: &'static str, reaction: f64) -> Question {
    Question::eventually(
        format!("the refusal has a Warning whose text starts with {number}"),
        reaction,
        move |view| {
            about(view, |call, _| {
                let Some(response) = call
                    .invitation
                    .final_response()
                    .filter(|r| r.status() >= 300)
                else {
                    return Judgement::unproven("the invitation was not refused");
                };
                let texts = response.message.values("Warning");
                let fits = |text: &str| {
                    text.trim_start().starts_with("399")
                        && text
                            .split('"')
                            .nth(1)
                            .is_some_and(|quoted| quoted.starts_with(number))
                };
                match texts.as_slice() {
                    [] => Judgement::unproven(format!("{} without a Warning", response.status())),
                    texts if texts.iter().any(|text| fits(text)) => {
                        Judgement::holds(texts.join("; "), with_invite(call, response))
                    }
                    texts => Judgement::broken(
                        Reason::WrongValue,
                        texts.join("; "),
                        with_invite(call, response),
                    ),
                }
            })
        },
    )
}

//= POL-04 type=test
//= POL-07 type=test
pub fn converted(reaction: f64) -> Question {
    Question::eventually("an inviting message is sent", reaction, |view| {
        about(view, |call, view| {
            match (
                view.inviting_message(call),
                call.invitation.final_response(),
            ) {
                (Some(message), Some(response))
                    if response.status() < 300
                        && first(response.frames()) < first(&message.frames) =>
                {
                    Judgement::unproven(format!(
                        "{} before the short message: it was accepted, not converted",
                        describe(response)
                    ))
                }
                (Some(message), _) => Judgement::holds(
                    format!("inviting message {:?}", message.text),
                    message.frames,
                ),
                (None, Some(response)) if response.status() >= 300 => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} without an inviting message", describe(response)),
                    with_invite(call, response),
                ),
                // The two travel on different sockets: a 2xx that comes first does not say that the short message will not.
                (None, Some(response)) => Judgement::Awaited {
                    observed: format!("{} without an inviting message", describe(response)),
                    frames: with_invite(call, response),
                },
                (None, None) => Judgement::awaited("no inviting message"),
            }
        })
    })
}

/// Where the system gets an answer to its submission, and it is a refusal, the INVITE is refused after it.
//= INV-13 type=test
pub fn refused_after_failure(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the INVITE is refused after the submission has failed",
        reaction,
        move |view| {
            about(view, |call, view| {
                let failed = view
                    .new_short_messages_to(&person)
                    .into_iter()
                    .find(|message| message.status.is_some_and(|status| status != 0));
                let Some((message, answered)) =
                    failed.and_then(|message| message.answered.map(|frame| (message, frame)))
                else {
                    return Judgement::unproven(
                        "no inviting message was refused by the service centre",
                    );
                };
                match call.invitation.final_response() {
                    Some(response) if first(response.frames()) < answered => Judgement::unproven(
                        format!("{} before the submission failed", describe(response)),
                    ),
                    Some(response) if response.status() >= 300 => {
                        let mut frames = with_invite(call, response);
                        frames.extend(message.frames.into_iter().chain([answered]));
                        Judgement::holds(format!("refused with {}", describe(response)), frames)
                    }
                    Some(response) => Judgement::broken(
                        Reason::WrongValue,
                        format!("accepted with {}", describe(response)),
                        with_invite(call, response),
                    ),
                    None => Judgement::awaited("no final response"),
                }
            })
        },
    )
}

/// An INVITE with Privacy: id is taken up: it is answered, and not as one that cannot be understood.
//= ANO-01 type=test
pub fn privacy_understood(reaction: f64, guard: f64) -> Question {
    Question::eventually(
        "the INVITE with Privacy is not refused",
        reaction + guard,
        move |view| {
            about(view, |call, view| {
                let asked = call.invitation.request.message.header("Privacy").is_some();
                // 100 comes from the next hop, whatever it understood.
                let telling = call.invitation.responses.iter().find(|r| r.status() > 100);
                match (call.invitation.final_response(), telling) {
                    _ if !asked => Judgement::unproven("the INVITE has no Privacy header field"),
                    (Some(response), _) if response.status() >= 300 => Judgement::broken(
                        Reason::WrongValue,
                        format!("refused with {}", describe(response)),
                        with_invite(call, response),
                    ),
                    (Some(response), _) if !opens_a_session(call, response) => {
                        Judgement::unproven(format!("{} that opens no session", describe(response)))
                    }
                    (_, Some(response)) if seconds(response.at(), view.now) >= guard => {
                        Judgement::holds(
                            format!("{}, and no refusal", describe(*response)),
                            with_invite(call, *response),
                        )
                    }
                    _ if !call.invitation.responses.is_empty() => {
                        Judgement::unproven("nothing but 100 so far")
                    }
                    _ => Judgement::awaited("no response"),
                }
            })
        },
    )
}

/// The session stands: 2xx, ACK, and the first SEND answered.
pub fn session_stands(caller: &str, callee: &str, reaction: f64) -> Question {
    let (caller, callee) = (caller.to_owned(), callee.to_owned());
    Question::eventually(
        format!("{caller} and {callee} have a chat session"),
        reaction,
        move |view| {
            let Some(call) = view.invitation_between(&caller, &callee) else {
                return Judgement::unproven(NO_INVITATION);
            };
            match call.invitation.final_response() {
                Some(response) if response.status() >= 300 => {
                    return Judgement::broken(
                        Reason::WrongValue,
                        format!("refused with {}", describe(response)),
                        with_invite(&call, response),
                    );
                }
                None => return Judgement::awaited("no final response"),
                Some(_) => {}
            }
            let answered = view
                .session(&call)
                .and_then(|session| session.messages.iter().find_map(|message| message.response));
            match answered {
                Some((200, frame)) => {
                    let mut frames = call.invitation.frames();
                    frames.push(frame);
                    Judgement::holds(
                        "the session is accepted and its message connection works",
                        frames,
                    )
                }
                Some((code, frame)) => {
                    Judgement::broken(Reason::WrongValue, format!("MSRP {code}"), vec![frame])
                }
                None => Judgement::awaited("accepted, but no message connection yet"),
            }
        },
    )
}
