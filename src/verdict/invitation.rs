//! What becomes of a CPM Session Invitation: accepted, refused, converted, waiting, timed out, cancelled.
use super::scene::{first, frames_of, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Call, Direction, SipFact};

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
                    (None, Some(message)) => Judgement::broken(
                        Reason::Unexpected,
                        format!(
                            "an inviting message from {}, a number that a live session has",
                            message.sender
                        ),
                        message.frames,
                    ),
                    (None, None) => Judgement::awaited("no final response"),
                }
            })
        },
    )
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
                let texts: Vec<&str> = response.message.headers_named("Warning").collect();
                let fits = |text: &str| {
                    text.starts_with("399")
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

//= POL-03 type=test
//= ANS-06 type=test
//= ANS-07 type=test
pub fn undecided(guard: f64) -> Question {
    Question::throughout("the INVITE gets no final response", guard, |view| {
        about(view, |call, view| {
            if let Some(response) = call.invitation.final_response() {
                return Judgement::broken(
                    Reason::Unexpected,
                    describe(response),
                    with_invite(call, response),
                );
            }
            let Some(message) = view.inviting_message(call) else {
                return Judgement::unproven("no inviting message, so nobody could have decided");
            };
            let mut frames = call.invitation.request.frames().to_vec();
            frames.extend(
                call.invitation
                    .provisionals()
                    .flat_map(|r| r.frames().to_vec()),
            );
            frames.extend(message.frames);
            frames.extend(answers(view));
            Judgement::holds("provisional responses only", frames)
        })
    })
}

/// Frames of what SMS users have said since the stimulus, with their acknowledgements.
fn answers(view: &View) -> Vec<u32> {
    let people: Vec<String> = view
        .cast
        .people()
        .map(|person| person.name.clone())
        .collect();
    let messages = people
        .iter()
        .flat_map(|name| view.short_messages_from(name));
    messages
        .flat_map(|message| message.frames.into_iter().chain(message.answered))
        .collect()
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
                (Some(message), _) => Judgement::holds(
                    format!("inviting message {:?}", message.text),
                    message.frames,
                ),
                (None, Some(response)) => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} without an inviting message", describe(response)),
                    with_invite(call, response),
                ),
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
                match (
                    call.invitation.final_response(),
                    call.invitation.responses.first(),
                ) {
                    _ if !asked => Judgement::unproven("the INVITE has no Privacy header field"),
                    (Some(response), _) if response.status() >= 300 => Judgement::broken(
                        Reason::WrongValue,
                        format!("refused with {}", describe(response)),
                        with_invite(call, response),
                    ),
                    (_, Some(response)) if seconds(response.at(), view.now) >= guard => {
                        Judgement::holds(
                            format!("{}, and no refusal", describe(*response)),
                            with_invite(call, *response),
                        )
                    }
                    _ => Judgement::awaited("no response"),
                }
            })
        },
    )
}

//= INV-10 type=test
pub fn tried_at_once(limit: f64, allowance: f64) -> Question {
    let limit = limit + allowance;
    Question::eventually(
        format!("a provisional response within {limit:.1} s of the INVITE"),
        limit + 1.0,
        move |view| {
            about(view, |call, _| match call.invitation.responses.first() {
                Some(response) if response.status() >= 200 => Judgement::unproven(format!(
                    "{} at once, so there was nothing to wait for",
                    describe(*response)
                )),
                Some(response) => {
                    let after = seconds(call.invitation.request.at(), response.at());
                    let observed = format!("{} after {:.0} ms", describe(*response), after * 1e3);
                    if after <= limit {
                        Judgement::holds(observed, with_invite(call, *response))
                    } else {
                        Judgement::broken(Reason::Late, observed, with_invite(call, *response))
                    }
                }
                None => Judgement::awaited("no response"),
            })
        },
    )
}

//= INV-10 type=test
pub fn kept_alive(interval: f64, allowance: f64, patience: f64) -> Question {
    let limit = interval + allowance;
    Question::eventually(
        format!(
            "non-100 provisional responses at most {limit:.1} s apart from the INVITE to its final response"
        ),
        patience,
        move |view| about(view, |call, view| liveliness(call, view, limit)),
    )
}

fn liveliness(call: &Call, view: &View, limit: f64) -> Judgement {
    let refreshing: Vec<SipFact> = call
        .invitation
        .responses
        .iter()
        .filter(|response| response.status() > 100)
        .copied()
        .collect();
    let mut last = call.invitation.request;
    for response in &refreshing {
        let gap = seconds(last.at(), response.at());
        if gap > limit {
            return Judgement::broken(
                Reason::Late,
                format!("{gap:.1} s without a provisional response"),
                frames_of(&[last, *response]),
            );
        }
        last = *response;
    }
    let decided = refreshing
        .last()
        .is_some_and(|response| response.status() >= 200);
    let provisional = refreshing
        .iter()
        .filter(|response| response.status() < 200)
        .count();
    match (decided, provisional) {
        (true, 0) => Judgement::unproven("it was answered before any provisional response was due"),
        (true, n) => Judgement::holds(
            format!("{n} provisional responses, then {}", last.status()),
            frames_of(&refreshing),
        ),
        (false, n) if seconds(last.at(), view.now) > limit => {
            let silent = seconds(last.at(), view.now);
            Judgement::broken(
                Reason::Missing,
                format!("silence for {silent:.1} s after {n} provisional responses"),
                frames_of(&[last]),
            )
        }
        (false, n) => Judgement::unproven(format!("{n} provisional responses and no final one")),
    }
}

//= INV-11 type=test
pub fn refused_after(time: f64, tolerance: f64, reaction: f64) -> Question {
    Question::eventually(
        format!("the INVITE is refused {time:.1} s after it, give or take {tolerance:.1} s"),
        time + tolerance + reaction,
        move |view| {
            about(view, |call, _| match call.invitation.final_response() {
                Some(response) => {
                    let after = seconds(call.invitation.request.at(), response.at());
                    let observed = format!("{} after {after:.1} s", describe(response));
                    let frames = with_invite(call, response);
                    match response.status() {
                        200..300 if after < time - tolerance => Judgement::unproven(observed),
                        200..300 => Judgement::broken(Reason::WrongValue, observed, frames),
                        _ if after > time + tolerance => {
                            Judgement::broken(Reason::Late, observed, frames)
                        }
                        _ if after < time - tolerance => {
                            Judgement::broken(Reason::Unexpected, observed, frames)
                        }
                        _ => Judgement::holds(observed, frames),
                    }
                }
                None => Judgement::awaited("no final response"),
            })
        },
    )
}

/// Something that must not buy time: the final response comes when the first time has passed.
//= ANS-07 type=test
pub fn time_not_restarted(time: f64, tolerance: f64, reaction: f64) -> Question {
    let expected = format!(
        "the INVITE gets its final response {time:.1} s after it, give or take {tolerance:.1} s"
    );
    Question::eventually(expected, time + tolerance + reaction, move |view| {
        about(view, |call, _| match call.invitation.final_response() {
            Some(response) => {
                let after = seconds(call.invitation.request.at(), response.at());
                let observed = format!("{} after {after:.1} s", describe(response));
                let frames = with_invite(call, response);
                match after {
                    _ if response.status() < 300 => Judgement::unproven(observed),
                    after if after > time + tolerance => {
                        Judgement::broken(Reason::Late, observed, frames)
                    }
                    after if after < time - tolerance => Judgement::unproven(observed),
                    _ => Judgement::holds(observed, frames),
                }
            }
            None => Judgement::unproven("no final response"),
        })
    })
}

//= INV-14 type=test
pub fn cancelled(reaction: f64) -> Question {
    Question::eventually(
        "200 to the CANCEL and 487 to the INVITE",
        reaction,
        |view| {
            about(view, |call, _| {
                let Some(cancel) = &call.cancel else {
                    return Judgement::unproven("no CANCEL was sent");
                };
                match (cancel.final_response(), call.invitation.final_response()) {
                    (Some(to_cancel), Some(to_invite)) => {
                        let observed = format!(
                            "{} to the CANCEL, {} to the INVITE",
                            describe(to_cancel),
                            describe(to_invite)
                        );
                        let frames = frames_of(&[cancel.request, to_cancel, to_invite]);
                        if to_cancel.status() == 200 && to_invite.status() == 487 {
                            Judgement::holds(observed, frames)
                        } else {
                            Judgement::broken(Reason::WrongValue, observed, frames)
                        }
                    }
                    (to_cancel, to_invite) => Judgement::awaited(format!(
                        "{} to the CANCEL, {} to the INVITE",
                        to_cancel.map_or_else(|| "nothing".into(), describe),
                        to_invite.map_or_else(|| "nothing".into(), describe)
                    )),
                }
            })
        },
    )
}

/// Nothing opens after the stimulus: no INVITE from the system, no 2xx to one of ours, no chat.
//= INV-12 type=test
//= INV-14 type=test
pub fn no_session_starts(guard: f64) -> Question {
    Question::throughout(
        "no INVITE, no 2xx to an INVITE and no chat message follows the answer",
        guard,
        |view| {
            let heard = answers(view);
            if heard.is_empty() {
                return Judgement::unproven("the SMS user's answer is not in the capture");
            }
            let new = |frames: &[u32]| first(frames) > view.before_stimulus;
            let inviting = crate::observe::calls(view.trace);
            if let Some(call) = inviting.iter().find(|call| {
                call.direction == Direction::FromSystem && new(call.invitation.request.frames())
            }) {
                return Judgement::broken(
                    Reason::Unexpected,
                    "an INVITE from the system",
                    call.invitation.request.frames(),
                );
            }
            let late = |call: &&Call| {
                call.accepted()
                    .is_some_and(|response| new(response.frames()))
            };
            if let Some(call) = inviting.iter().find(late) {
                return Judgement::broken(Reason::Unexpected, "a 2xx to the INVITE", call.frames());
            }
            match view.new_chat_messages().first() {
                Some((_, message)) => {
                    Judgement::broken(Reason::Unexpected, "a chat message", message.frames.clone())
                }
                None => Judgement::holds("the answer is heard and nothing opens", heard),
            }
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
