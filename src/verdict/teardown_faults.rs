//! Ends of chat sessions that cross, stay unanswered, or come by themselves.
use super::scene::{frames_of, seconds};
use super::short_message::quoted;
use super::{Judgement, Question, Reason};
use crate::observe::{Call, Direction, Transaction};

/// BYEs of the session, of one side.
fn byes<'a>(call: &Call<'a>, from_system: bool) -> Vec<Transaction<'a>> {
    let of_side = |bye: &&Transaction| (bye.direction == Direction::FromSystem) == from_system;
    call.byes.iter().filter(of_side).cloned().collect()
}

/// The MSRP connection is closed although the BYE got an error.
//= TD-10 type=test
pub fn given_up(reaction: f64) -> Question {
    let released = super::teardown::media_released(reaction);
    Question::eventually(
        "the system closes the MSRP connection after the error in answer to its BYE",
        reaction,
        move |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("there is no chat session");
            };
            match byes(&call, true)
                .first()
                .and_then(Transaction::final_status)
            {
                Some(200..=299) => Judgement::unproven("the BYE was not answered with an error"),
                Some(_) => released.ask(view),
                None => Judgement::unproven("no BYE from the system, or no answer to it yet"),
            }
        },
    )
}

/// The CPM user's BYE is answered, and there is at most one of the system.
//= TD-11 type=test
pub fn crossing_bye_answered(reaction: f64) -> Question {
    Question::eventually(
        "200 or 481 to the BYE of the CPM user, and at most one BYE of the system",
        reaction,
        |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("there is no chat session");
            };
            let (theirs, ours) = (byes(&call, true), byes(&call, false));
            if let [_, _, ..] = theirs.as_slice() {
                let frames = theirs.iter().flat_map(|bye| bye.request.frames().to_vec());
                let observed = format!("{} BYEs from the system", theirs.len());
                return Judgement::broken(Reason::Unexpected, observed, frames.collect::<Vec<_>>());
            }
            let Some(bye) = ours.first() else {
                return Judgement::unproven("our side has sent no BYE");
            };
            match bye.final_response() {
                Some(response) if matches!(response.status(), 200 | 481) => {
                    let frames = frames_of(&[bye.request, response]);
                    Judgement::holds(response.status().to_string(), frames)
                }
                Some(response) => Judgement::broken(
                    Reason::WrongValue,
                    response.status().to_string(),
                    frames_of(&[bye.request, response]),
                ),
                None => Judgement::Awaited {
                    observed: "the BYE is not answered".into(),
                    frames: bye.request.frames().to_vec(),
                },
            }
        },
    )
}

/// However often the session was ended, the SMS user is told once at most.
//= TD-11 type=test
pub fn no_second_closing_message(person: &str, guard: f64) -> Question {
    let person = person.to_owned();
    Question::throughout(
        format!("at most one short message to {person}"),
        guard,
        move |view| {
            let messages = view.new_short_messages_to(&person);
            if let [first, second, ..] = messages.as_slice() {
                let observed = format!("{}, and {}", quoted(first), quoted(second));
                let frames = [first.frames.clone(), second.frames.clone()].concat();
                return Judgement::broken(Reason::Unexpected, observed, frames);
            }
            let heard = view.short_messages_from(&person).into_iter().next();
            match heard.and_then(|message| Some((message.frames.clone(), message.answered?))) {
                Some((frames, answer)) => Judgement::holds(
                    format!("{}", messages.len()),
                    [frames, vec![answer]].concat(),
                ),
                None => Judgement::unproven("the system has not acknowledged the word for leaving"),
            }
        },
    )
}

/// Session-Expires of the 2xx and who refreshes.
fn granted(call: &Call) -> Option<(f64, bool)> {
    let value = call.accepted()?.message.header("Session-Expires")?;
    let interval = value.split(';').next()?.trim().parse().ok()?;
    let by_system = value.to_lowercase().contains("refresher=uas");
    Some((interval, by_system))
}

//= TD-13 type=test
pub fn ended_on_expiry(patience: f64, tolerance: f64) -> Question {
    Question::eventually(
        "BYE when the session interval has passed without a refresh",
        patience,
        move |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("there is no chat session");
            };
            let (interval, response) = match (granted(&call), call.accepted()) {
                (Some((interval, false)), Some(response)) => (interval, response),
                (Some(_), _) => {
                    return Judgement::unproven("the system refreshes the session itself");
                }
                _ => return Judgement::unproven("the 2xx grants no session interval"),
            };
            let Some(bye) = byes(&call, true).into_iter().next() else {
                return Judgement::Awaited {
                    observed: format!("no BYE; the interval is {interval} s"),
                    frames: response.frames().to_vec(),
                };
            };
            let after = seconds(response.at(), bye.request.at());
            let frames = [response.frames(), bye.request.frames()].concat();
            let observed = format!("BYE {after:.1} s after the 2xx that grants {interval} s");
            if after < interval / 2.0 - tolerance {
                Judgement::broken(Reason::Unexpected, observed, frames)
            } else if after > interval + tolerance {
                Judgement::broken(Reason::Late, observed, frames)
            } else {
                Judgement::holds(observed, frames)
            }
        },
    )
}

/// A closing message after the system's own BYE.
//= TD-13 type=test
pub fn told_of_expiry(person: &str, patience: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("a closing message to {person} when the session has expired"),
        patience,
        move |view| {
            if view.new_byes_from_system().is_empty() {
                return Judgement::unproven("the system has not ended the session");
            }
            match view
                .new_short_messages_to(&person)
                .into_iter()
                .find(|m| m.complete)
            {
                Some(message) => Judgement::holds(quoted(&message), message.frames),
                None => Judgement::awaited(format!("no short message to {person}")),
            }
        },
    )
}

/// A session that is refreshed is not ended.
//= TD-13 type=test
pub fn goes_on(seconds: f64) -> Question {
    Question::throughout("no BYE from the system", seconds, |view| {
        if let Some(bye) = view.new_byes_from_system().first() {
            return Judgement::broken(Reason::Unexpected, "a BYE", bye.request.frames());
        }
        let call = view.invitation();
        let refreshes = call.iter().flat_map(|call| &call.requests);
        let answered = refreshes
            .filter(|request| matches!(request.method, "UPDATE" | "INVITE"))
            .rfind(|request| request.final_status() == Some(200));
        match answered {
            Some(refresh) => Judgement::holds("refreshed, and not ended", refresh.frames()),
            None => Judgement::unproven("no refresh was answered"),
        }
    })
}

/// BYE with a Reason, not before the connection had its time to come back.
//= TD-14 type=test
pub fn ended_for_a_reason(window: f64, reaction: f64, tolerance: f64) -> Question {
    Question::eventually(
        format!("BYE with Reason {window:.1} s after the connection was lost"),
        window + reaction,
        move |view| {
            let Some(session) = view.invitation().and_then(|call| view.session(&call)) else {
                return Judgement::unproven("there is no message session");
            };
            let Some(lost) = session.closed else {
                return Judgement::unproven("the MSRP connection stands");
            };
            let Some(bye) = view.new_byes_from_system().into_iter().next() else {
                return Judgement::Awaited {
                    observed: "no BYE".into(),
                    frames: lost.frames.clone(),
                };
            };
            let frames = [lost.frames.as_slice(), bye.request.frames()].concat();
            let after = seconds(lost.at, bye.request.at());
            match bye.request.message.header("Reason") {
                None => Judgement::broken(Reason::Missing, "a BYE without Reason", frames),
                Some(reason) if after < window - tolerance => {
                    let observed = format!("BYE ({reason}) after {after:.1} s");
                    Judgement::broken(Reason::Unexpected, observed, frames)
                }
                Some(reason) => {
                    Judgement::holds(format!("BYE ({reason}) after {after:.1} s"), frames)
                }
            }
        },
    )
}
