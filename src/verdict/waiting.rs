//! An invitation that waits for the SMS user: undecided, kept alive, timed out, cancelled, answered too late.
use super::invitation::{about, describe, with_invite};
use super::scene::{first, frames_of, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Call, Direction, SipFact};

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
                return Judgement::unproven(
                    "no acknowledged answer of the SMS user is in the capture: the system may not have heard it",
                );
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

/// Frames of what SMS users have said since the stimulus and the system has acknowledged.
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
        .filter_map(|message| message.answered.map(|answer| (message.frames, answer)))
        .flat_map(|(frames, answer)| frames.into_iter().chain([answer]))
        .collect()
}
