//! Communication Barring of CMMC conferences (3GPP TR 22.948 clause 6.6.5): who does not join, who is not added, and who learns of it.
//!
//! Seen from outside only: what users' terminals send and get, and the state of the conference as Carol is told it. Whether the application
//! server or the focus refuses is open (ambiguity A-04), so the refusal may have either one's form. A user who was shown as connected for a
//! moment and is gone at the end was not added (ambiguity A-10). More than 400 lines, because all cells of one decision table are judged
//! side by side, by the same few looks at the trace.
use super::conference_scene::{
    OWNER, accepted, bye_of, conference_of, creations, invites_by, invites_to, is_new, is_person,
    leg, new_invite_to, refer_by, same_resource, says_focus, told,
};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Notification, Transaction};
use crate::wire::sip::{SipMessage, number_of};

/// Who carries the prohibition out (ambiguity A-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// The application server, or a focus that refuses by its own policy.
    Any,
    /// The application server alone.
    ApplicationServer,
}

impl RefusedBy {
    /// Codes by which a participation may be prohibited.
    fn refuses(self, code: u16) -> bool {
        code == 603 || self == Self::Any && (400..=499).contains(&code)
    }
}

/// RFC 3326: the BYE of an application server that has answered, announced and ended a barred call says why.
fn ended_as_barred(bye: &Transaction) -> bool {
    let reasons = bye.request.message.values("Reason");
    let barred = |value: &&str| {
        let value = value.to_ascii_lowercase();
        value.starts_with("sip") && ["cause=603", "cause=433"].iter().any(|c| value.contains(c))
    };
    bye.direction == Direction::FromSystem && reasons.iter().any(barred)
}

/// What became of an INVITE of ours that barring forbids.
fn refusal_of(view: &View, invite: &Transaction, admits: impl Fn(u16) -> bool) -> Judgement {
    let frames = invite.frames();
    let Some(response) = invite.final_response() else {
        return Judgement::awaited("no final response");
    };
    let code = response.status();
    if code >= 300 {
        return match admits(code) {
            true => Judgement::holds(format!("refused with {code}"), frames),
            false => Judgement::broken(Reason::WrongValue, format!("answered {code}"), frames),
        };
    }
    if says_focus(response.message) {
        let observed = "the focus has accepted the call";
        return Judgement::broken(Reason::Unexpected, observed, frames);
    }
    match bye_of(view, invite) {
        Some(bye) if ended_as_barred(&bye) => {
            let observed = "answered by no focus, and ended as barred";
            Judgement::holds(observed, [frames, bye.frames()].concat())
        }
        Some(bye) => {
            let frames = [frames, bye.frames()].concat();
            Judgement::broken(Reason::WrongValue, "ended without the reason", frames)
        }
        None => Judgement::Awaited {
            observed: "the call is accepted, and goes on".to_owned(),
            frames,
        },
    }
}

/// The notification by which Carol last learned that a person is in her conference, if she did not learn of the end.
fn listed_as_present(view: &View, who: &str) -> Option<Vec<u32>> {
    let steps = told(view, OWNER);
    let last = steps.last()?;
    let mut present = last.roster.present();
    present
        .any(|user| is_person(view, user, who))
        .then(|| last.notify.frames())
}

fn not_listed(view: &View, who: &str, otherwise: Judgement) -> Judgement {
    match listed_as_present(view, who) {
        Some(frames) => {
            let observed = format!("{OWNER} is told that {who} takes part");
            Judgement::broken(Reason::Unexpected, observed, frames)
        }
        None => otherwise,
    }
}

/// His call to the conference is refused, and he is not in its state.
//= CB-20 type=test
//= CB-22 type=test
//= CB-28 type=test
//= CB-30 type=test
//= CB-33 type=test
//= CB-35 type=test
pub fn kept_out(who: &str, by: RefusedBy, guard: f64) -> Question {
    let who = who.to_owned();
    let expected =
        format!("the call of {who} is refused, and {who} is not in the state of the conference");
    Question::throughout(expected, guard, move |view| {
        let Some(conference) = conference_of(view, OWNER) else {
            return Judgement::unproven(format!("{OWNER} has no conference"));
        };
        let asks = |one: &Transaction| {
            let uri = one.request.message.uri();
            is_new(view, one) && uri.is_some_and(|uri| same_resource(uri, &conference))
        };
        let Some(invite) = invites_by(view, &who).into_iter().rfind(asks) else {
            return Judgement::unproven(format!("{who} has not asked to join"));
        };
        not_listed(
            view,
            &who,
            refusal_of(view, &invite, |code| by.refuses(code)),
        )
    })
}

/// No conference comes of his call to the factory.
//= CB-21 type=test
//= CB-30 type=test
//= CB-35 type=test
pub fn refused_new(who: &str, by: RefusedBy, guard: f64) -> Question {
    let who = who.to_owned();
    Question::throughout("a refusal, and no conference", guard, move |view| {
        let asked = creations(view, &who);
        match asked.into_iter().rfind(|one| is_new(view, one)) {
            Some(invite) => refusal_of(view, &invite, |code| by.refuses(code)),
            None => Judgement::unproven(format!("{who} has not asked for a conference")),
        }
    })
}

/// His terminal is not called, and he is not in the state of the conference, although the focus was asked to add him.
//= CB-23 type=test
//= CB-29 type=test
//= CB-32 type=test
//= CB-33 type=test
//= CB-35 type=test
pub fn not_added(who: &str, by: RefusedBy, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("no INVITE at {who}'s terminal, and {who} is not in the state");
    Question::throughout(expected, guard, move |view| {
        let people = view.cast.people().map(|person| person.name.as_str());
        let Some(refer) = people.filter_map(|by| refer_by(view, by)).next() else {
            return Judgement::unproven("nobody has asked for it");
        };
        if let Some(invite) = new_invite_to(view, &who) {
            let observed = format!("{who} is called");
            return Judgement::broken(Reason::Unexpected, observed, invite.frames());
        }
        let asked = match refer.request.final_status() {
            Some(200..=299) => Judgement::holds(format!("{who} is not called"), refer.frames()),
            Some(code) if by.refuses(code) => {
                Judgement::holds(format!("refused with {code}"), refer.request.frames())
            }
            Some(code) => Judgement::unproven(format!("the REFER is answered {code}")),
            None => Judgement::unproven("the REFER is not answered"),
        };
        not_listed(view, &who, asked)
    })
}

/// The last notification of the REFER carries the refusal, and a state that lists the user says that he has failed.
//= CB-24 type=test
pub fn told_why(who: &str, added: &str, by: RefusedBy, reaction: f64) -> Question {
    let (who, added) = (who.to_owned(), added.to_owned());
    let expected = "a last notification with 603; in the state, if at all, disconnected and failed";
    Question::eventually(expected, reaction, move |view| {
        let Some(refer) = refer_by(view, &who) else {
            return Judgement::unproven(format!("{who} has asked for nothing"));
        };
        let frames = refer.frames();
        match refer.request.final_status() {
            Some(200..=299) => {}
            // A focus that knows of the barring may say so at once.
            Some(code) if by.refuses(code) => return Judgement::holds(code.to_string(), frames),
            Some(code) => return Judgement::unproven(format!("the REFER is answered {code}")),
            None => return Judgement::unproven("the REFER is not answered"),
        }
        let last = refer.notifications.iter().rev();
        let last = last
            .clone()
            .find(|one| one.is_last())
            .or_else(|| refer.last());
        match last.map(|one| (one.is_last(), one.fragment_status())) {
            Some((true, Some(603))) => listed_as_failed(view, &who, &added, frames),
            Some((_, Some(200..=299))) => Judgement::unproven(format!("{added} has joined")),
            Some((true, Some(code))) => {
                Judgement::broken(Reason::WrongValue, code.to_string(), frames)
            }
            Some((true, None)) => Judgement::broken(
                Reason::Missing,
                "a last notification without status",
                frames,
            ),
            _ => Judgement::Awaited {
                observed: "no last notification".to_owned(),
                frames,
            },
        }
    })
}

/// RFC 4575 section 5.7.6: who could not be reached has failed; busy is for 486 only. Not to list him is as good.
fn listed_as_failed(view: &View, who: &str, added: &str, frames: Vec<u32>) -> Judgement {
    let steps = told(view, who);
    let Some(step) = steps.last() else {
        return Judgement::holds("603", frames);
    };
    let mut users = step.roster.users.iter();
    let user = users.find(|user| is_person(view, user, added));
    let mut endpoints = user.iter().flat_map(|user| &user.endpoints);
    let odd = endpoints.find(|endpoint| {
        let failed = endpoint.disconnection_method.as_deref().unwrap_or("failed") == "failed";
        endpoint.status.as_deref() != Some("disconnected") || !failed
    });
    match odd {
        None => Judgement::holds("603", frames),
        Some(endpoint) if endpoint.status.as_deref() == Some("disconnected") => {
            let method = endpoint.disconnection_method.as_deref().unwrap_or_default();
            let observed = format!("603, but {added} is listed as {method}");
            Judgement::broken(Reason::WrongValue, observed, step.notify.frames())
        }
        // The state is told after the notification of the REFER, or before.
        Some(endpoint) => Judgement::Awaited {
            observed: format!("603, but {added} is listed as {:?}", endpoint.status),
            frames: step.notify.frames(),
        },
    }
}

/// Of the users of a list, one takes part and the other is not called.
//= CB-25 type=test
//= CB-26 type=test
//= CB-35 type=test
pub fn has_only(present: &str, absent: &str, reaction: f64, guard: f64) -> Question {
    let (present, absent) = (present.to_owned(), absent.to_owned());
    let expected = format!("{present} takes part; {absent} is not called and is not in the state");
    Question::lasting(expected, reaction, guard, move |view| {
        if let Some(invite) = new_invite_to(view, &absent) {
            let observed = format!("{absent} is called");
            return Judgement::broken(Reason::Unexpected, observed, invite.frames());
        }
        let there = match leg(view, &present) {
            Some(leg) if leg.is_up() => Judgement::holds(format!("only {present}"), leg.frames()),
            Some(leg) => Judgement::Awaited {
                observed: format!("the leg of {present} is not up"),
                frames: leg.frames(),
            },
            None => list_unheeded(view, &present),
        };
        not_listed(view, &absent, there)
    })
}

/// Nobody is called: because the list was not taken, or because nothing came of it.
fn list_unheeded(view: &View, present: &str) -> Judgement {
    let mut created = creations(view, OWNER).into_iter();
    let created = created.rfind(|one| is_new(view, one));
    let refer = refer_by(view, OWNER).map(|refer| refer.request);
    let Some(request) = created.or(refer) else {
        return Judgement::unproven(format!("{OWNER} has sent no list"));
    };
    match request.final_status() {
        Some(code @ 300..) => {
            let observed = format!("the list is refused with {code}");
            Judgement::broken(Reason::WrongValue, observed, request.frames())
        }
        _ => Judgement::Awaited {
            observed: format!("{present} is not called"),
            frames: request.frames(),
        },
    }
}

/// All users of a list take part.
//= CB-25 type=test
//= CB-26 type=test
//= CB-35 type=test
pub fn has_all(people: Vec<String>, reaction: f64) -> Question {
    let expected = format!("{} take part", people.join(" and "));
    Question::eventually(expected, reaction, move |view| {
        let mut frames = Vec::new();
        for person in &people {
            match leg(view, person) {
                Some(leg) if leg.is_up() => frames.extend(leg.frames()),
                Some(_) => return Judgement::awaited(format!("the leg of {person} is not up")),
                None => return list_unheeded(view, person),
            }
        }
        Judgement::holds("they do", frames)
    })
}

/// His terminal gets no invitation of the focus, and the call that it would replace goes on.
//= CB-27 type=test
pub fn not_replaced(who: &str, other: &str, guard: f64) -> Question {
    let (who, other) = (who.to_owned(), other.to_owned());
    let expected = format!("no INVITE at {who}'s terminal; {who} and {other} still talk");
    Question::throughout(expected, guard, move |view| {
        if refer_by(view, &other).is_none() {
            return Judgement::unproven(format!("{other} has asked for nothing"));
        }
        if let Some(invite) = new_invite_to(view, &who) {
            let observed = format!("{who} is called");
            return Judgement::broken(Reason::Unexpected, observed, invite.frames());
        }
        let number = view.cast.number(&other);
        let calls = invites_to(view, &who);
        let by_other = |one: &&Transaction| originator_is(one.request.message, number);
        let Some(call) = calls
            .iter()
            .find(by_other)
            .filter(|call| accepted(call).is_some())
        else {
            return Judgement::unproven(format!("{who} and {other} have no call"));
        };
        match bye_of(view, call) {
            Some(bye) => Judgement::broken(Reason::Unexpected, "the call is ended", bye.frames()),
            None => Judgement::holds("the call goes on", call.frames()),
        }
    })
}

fn originator_is(message: &SipMessage, number: &str) -> bool {
    super::scene::originator(message).as_deref() == Some(number)
}

/// The call of the conference that the suite plays.
fn conference_call<'t>(view: &View<'t>, who: &str) -> Option<Transaction<'t>> {
    let by = |one: &Transaction| is_new(view, one) && says_focus(one.request.message);
    invites_by(view, who).into_iter().rfind(by)
}

/// An application server refuses the call of a focus that the suite plays, and nobody's terminal gets it.
//= CB-23 type=test
//= CB-31 type=test
//= CB-39 type=test
//= CB-40 type=test
pub fn conference_refused(by: &str, code: u16, guard: f64) -> Question {
    let by = by.to_owned();
    let expected = format!("{code}, and no INVITE at any terminal");
    Question::throughout(expected, guard, move |view| {
        let Some(call) = conference_call(view, &by) else {
            return Judgement::unproven(format!("the conference of {by} has called nobody"));
        };
        let people = view.cast.people().map(|person| person.name.as_str());
        if let Some(invite) = people.filter_map(|who| new_invite_to(view, who)).next() {
            let to = invite.request.message.uri().and_then(number_of);
            let observed = format!("it comes to {}", to.unwrap_or_default());
            return Judgement::broken(Reason::Unexpected, observed, invite.frames());
        }
        refusal_of(view, &call, |status| status == code)
    })
}

/// It comes to that person's terminal.
//= CB-23 type=test
//= CB-31 type=test
//= CB-39 type=test
pub fn conference_reaches(by: &str, who: &str, reaction: f64) -> Question {
    let (by, who) = (by.to_owned(), who.to_owned());
    let expected = format!("an INVITE at {who}'s terminal that says whose it is");
    Question::eventually(expected, reaction, move |view| {
        let Some(call) = conference_call(view, &by) else {
            return Judgement::unproven(format!("the conference of {by} has called nobody"));
        };
        match (new_invite_to(view, &who), call.final_status()) {
            (Some(invite), _) => {
                let frames = [call.request.frames().to_vec(), invite.frames()].concat();
                Judgement::holds(format!("{who} is called"), frames)
            }
            (None, Some(code @ 300..)) => {
                Judgement::broken(Reason::WrongValue, code.to_string(), call.frames())
            }
            (None, _) => Judgement::awaited(format!("{who} is not called")),
        }
    })
}

/// Ambiguity A-12: he joins, or whoever has asked for it learns that he does not.
//= CB-36 type=test
pub fn added_or_told(who: &str, by: &str, reaction: f64) -> Question {
    let (who, by) = (who.to_owned(), by.to_owned());
    let expected = format!("{who} takes part, or a refusal for {by}");
    Question::eventually(expected, reaction, move |view| {
        let Some(refer) = refer_by(view, &by) else {
            return Judgement::unproven(format!("{by} has asked for nothing"));
        };
        if let Some(leg) = leg(view, &who).filter(super::conference_scene::Leg::is_up) {
            let frames = [refer.request.frames(), leg.frames()].concat();
            return Judgement::holds(format!("{who} takes part"), frames);
        }
        let last = refer.last().and_then(Notification::fragment_status);
        match (refer.request.final_status(), last) {
            (Some(code), _) | (_, Some(code)) if RefusedBy::Any.refuses(code) => {
                Judgement::holds(format!("refused with {code}"), refer.frames())
            }
            (_, Some(code @ 300..)) => {
                Judgement::broken(Reason::WrongValue, code.to_string(), refer.frames())
            }
            _ => Judgement::Awaited {
                observed: format!("neither is {who} there, nor is {by} told"),
                frames: refer.frames(),
            },
        }
    })
}

/// 603 would be the refusal of barring; another failure is none of its.
//= CB-38 type=test
pub fn emergency_not_barred(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = "a final response other than 603, and no BYE for barring";
    Question::eventually(expected, reaction, move |view| {
        let is_emergency = |one: &Transaction| {
            let uri = one.request.message.uri().unwrap_or_default();
            is_new(view, one) && uri.to_ascii_lowercase().starts_with("urn:service:sos")
        };
        let Some(call) = invites_by(view, &who).into_iter().rfind(is_emergency) else {
            return Judgement::unproven(format!("{who} has made no emergency call"));
        };
        let barred = bye_of(view, &call).filter(ended_as_barred);
        match (call.final_status(), barred) {
            (Some(603), _) => Judgement::broken(Reason::WrongValue, "603", call.frames()),
            (_, Some(bye)) => {
                Judgement::broken(Reason::WrongValue, "ended as barred", bye.frames())
            }
            (Some(code), None) => Judgement::holds(code.to_string(), call.frames()),
            (None, None) => Judgement::awaited("no final response"),
        }
    })
}
