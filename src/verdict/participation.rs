//! Who is a participant of the CMMC conference: by the dialog with its focus, and by what others are told of its state.
//!
//! The two sides are looked at together: a UE alone may be talking to an announcement, and a roster alone may be wishful.
use super::conference_scene::{OWNER, conference_of, is_new, is_person, leg, refer_by, told};
use super::scene::{frames_of, originator};
use super::{Judgement, Question, Reason, View, registration};
use crate::observe::{Direction, RosterStep, Transaction, transactions};

/// The registration of a user at the S-CSCF: the state of a `Given`.
pub fn registered(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who}'s REGISTER gets a 2xx response");
    Question::eventually(expected, reaction, move |view| {
        let number = view.cast.number(&who);
        let mut registers = transactions(view.trace);
        registers.retain(|one| {
            let to = one.request.message.address("To");
            one.method == "REGISTER"
                && is_new(view, one)
                && to.and_then(|to| to.uri.number()).as_deref() == Some(number)
        });
        match registers.last() {
            Some(last) => registration::state(last),
            None => Judgement::awaited("no REGISTER yet"),
        }
    })
}

/// Somebody's last word on the conference in which that person takes part; of others than the person if there are any.
fn roster_with<'t>(view: &View<'t>, who: &str) -> Option<RosterStep<'t>> {
    last_words(view, who).into_iter().find(|step| {
        let mut present = step.roster.present();
        present.any(|user| is_person(view, user, who))
    })
}

/// What each follower of the conference was told last: others first, the person never unless it is the owner's own conference.
fn last_words<'t>(view: &View<'t>, who: &str) -> Vec<RosterStep<'t>> {
    let people = view.cast.people().map(|person| person.name.as_str());
    let others = people.filter(|name| *name != who || who == OWNER);
    others.filter_map(|name| told(view, name).pop()).collect()
}

/// Dialog with the focus, and listed as present in the state that somebody else is told.
//= CF-15 type=test
//= CB-34 type=test
//= CB-35 type=test
//= AI-03 type=test
//= AI-11 type=test
pub fn takes_part(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!(
        "{who} has a confirmed dialog with the focus, and the conference state has {who} connected"
    );
    Question::eventually(expected, patience, move |view| {
        if conference_of(view, OWNER).is_none() {
            return Judgement::unproven(format!("{OWNER} has no conference"));
        }
        let Some(leg) = leg(view, &who) else {
            return Judgement::awaited("no dialog with the focus");
        };
        // What was over before the stimulus says nothing about it.
        if let Some(code @ 300..) = leg.invite.final_status() {
            let observed = format!("the INVITE is refused with {code}");
            return match is_new(view, &leg.invite) {
                true => Judgement::broken(Reason::Unexpected, observed, leg.frames()),
                false => Judgement::awaited("no dialog with the focus after a refused one"),
            };
        }
        if let Some(bye) = &leg.bye {
            return match is_new(view, bye) {
                true => Judgement::broken(Reason::Unexpected, "the dialog has ended", bye.frames()),
                false => Judgement::awaited("no dialog with the focus after one that has ended"),
            };
        }
        match (leg.is_up(), roster_with(view, &who)) {
            (true, Some(step)) => {
                let frames = [leg.frames(), step.notify.frames()].concat();
                Judgement::holds("connected", frames)
            }
            (true, None) => Judgement::Awaited {
                observed: "the dialog is there, the conference state does not say so".into(),
                frames: leg.frames(),
            },
            (false, _) => Judgement::awaited("the dialog is not confirmed"),
        }
    })
}

/// Nobody who follows the conference was last told that the person is there.
pub fn has_gone(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("the conference state does not have {who} connected");
    Question::eventually(expected, patience, move |view| {
        match roster_with(view, &who) {
            Some(step) => Judgement::Awaited {
                observed: format!("the conference state still has {who} connected"),
                frames: step.notify.frames(),
            },
            None => Judgement::holds(
                "not in the conference state",
                leg(view, &who).map(|leg| leg.frames()).unwrap_or_default(),
            ),
        }
    })
}

/// What was tried since the stimulus: the requests of anybody that can make somebody a participant.
fn attempts<'t>(view: &View<'t>) -> Vec<Transaction<'t>> {
    let mut found = transactions(view.trace);
    found.retain(|one| {
        let opens = one.method == "INVITE" && one.request.message.to_tag().is_none();
        (opens || one.method == "REFER")
            && one.direction == Direction::ToSystem
            && is_new(view, one)
    });
    found
}

/// Neither a dialog with the focus nor a place among those present, at the end of the time; what was tried has been decided.
pub fn takes_no_part(who: &str, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!(
        "{who} has no confirmed dialog with the focus, and the conference state does not have {who} connected"
    );
    Question::throughout(expected, guard, move |view| {
        if conference_of(view, OWNER).is_none() {
            return Judgement::unproven(format!("{OWNER} has no conference"));
        }
        if let Some(leg) = leg(view, &who).filter(super::conference_scene::Leg::is_up) {
            let observed = format!("{who} has a confirmed dialog with the focus");
            return Judgement::broken(Reason::Unexpected, observed, leg.frames());
        }
        if let Some(step) = roster_with(view, &who) {
            let observed = format!("the conference state has {who} connected");
            return Judgement::broken(Reason::Unexpected, observed, step.notify.frames());
        }
        let attempts = attempts(view);
        let mut frames: Vec<u32> = Vec::new();
        for attempt in &attempts {
            let Some(answer) = attempt.final_response() else {
                let method = attempt.method;
                return Judgement::unproven(format!("the {method} has no final response"));
            };
            frames.extend(attempt.request.frames());
            frames.extend(answer.frames());
            let by = originator(attempt.request.message);
            let people = view.cast.people();
            let by = people.filter(|person| Some(&person.number) == by.as_ref());
            for person in by {
                let told = refer_by(view, &person.name);
                frames.extend(told.iter().flat_map(crate::observe::Subscription::frames));
            }
        }
        for step in last_words(view, &who) {
            frames.extend(step.notify.frames());
        }
        Judgement::holds("no dialog, and not in the conference state", frames)
    })
}

/// Two users have a call with each other: each has a confirmed dialog, and the two are one call.
pub fn talk(caller: &str, callee: &str, reaction: f64) -> Question {
    let (caller, callee) = (caller.to_owned(), callee.to_owned());
    let expected = format!("{caller}'s INVITE reaches {callee} and is accepted and acknowledged");
    Question::eventually(expected, reaction, move |view| {
        let made = super::conference_scene::invites_by(view, &caller).pop();
        let got = super::conference_scene::invites_to(view, &callee).pop();
        let Some((made, got)) = made.zip(got) else {
            return Judgement::awaited("no INVITE has come through");
        };
        let up = |one: &Transaction| {
            one.final_status().is_some_and(|code| code < 300) && one.ack().is_some()
        };
        if let Some(code @ 300..) = made.final_status() {
            return Judgement::broken(Reason::Unexpected, code.to_string(), made.frames());
        }
        match up(&made) && up(&got) {
            true => {
                let acks = frames_of(&[&made.acks[..], &got.acks[..]].concat());
                Judgement::holds("established", [made.frames(), got.frames(), acks].concat())
            }
            false => Judgement::awaited("not established"),
        }
    })
}
