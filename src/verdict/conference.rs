//! The conference and its focus: how it begins, who is in it, how it ends. Who adds whom is in `conference_refer.rs`, what is told of it
//! in `conference_state.rs`.
use super::conference_scene::{
    OWNER, accepted, conference_of, contact, creations, factory, is_new, is_person, leg, legs,
    new_invite_to, same_resource, says_focus, told,
};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Transaction, transactions_of};

/// Asks about Carol's conference.
fn with_conference(view: &View, judge: impl FnOnce(&str) -> Judgement) -> Judgement {
    match conference_of(view, OWNER) {
        Some(uri) => judge(&uri),
        None => Judgement::unproven(format!("{OWNER} has no conference")),
    }
}

/// All of them are answered by one focus, and the states they are told are of one conference.
//= CM-01 type=test
pub fn one_focus(people: Vec<String>, patience: f64) -> Question {
    let expected = "one Contact in all responses to joining users, one entity in all states told";
    Question::eventually(expected, patience, move |view| {
        with_conference(view, |conference| {
            let mut frames = Vec::new();
            for person in &people {
                let Some(leg) = legs(view, person, conference).pop() else {
                    return Judgement::unproven(format!("{person} has no leg"));
                };
                let Some(response) = accepted(&leg.invite).filter(|_| leg.dialed_in) else {
                    return Judgement::unproven(format!("{person}'s INVITE is not accepted"));
                };
                frames.extend_from_slice(response.frames());
                let uri = contact(response.message).map(|contact| contact.uri.to_string());
                match uri {
                    Some(uri) if same_resource(&uri, conference) => {}
                    uri => {
                        let observed = format!("{person} is answered by {uri:?}");
                        return Judgement::broken(Reason::WrongValue, observed, frames);
                    }
                }
            }
            let states = people.iter().filter_map(|person| told(view, person).pop());
            let mut subscribers = 0;
            for step in states {
                frames.extend(step.notify.frames());
                let entity = step.document.map(|info| info.entity).unwrap_or_default();
                if !same_resource(&entity, conference) {
                    let observed = format!("a state of {entity}");
                    return Judgement::broken(Reason::WrongValue, observed, frames);
                }
                subscribers += 1;
            }
            match subscribers {
                0 | 1 => Judgement::unproven("fewer than two have been told a state"),
                _ => Judgement::holds(format!("{conference} for all"), frames),
            }
        })
    })
}

/// The join, the departure, and the subscription are answered for the conference, and its state follows them.
//= CM-02 type=test
pub fn maintained(who: &str, to: &str, patience: f64) -> Question {
    let (who, to) = (who.to_owned(), to.to_owned());
    let expected = format!("{to} is told that {who} takes part, and later not any more");
    Question::eventually(expected, patience, move |view| {
        let Some((leg, bye)) = leg(view, &who).and_then(|leg| Some((leg.clone(), leg.bye?))) else {
            return Judgement::unproven(format!("{who} has not left"));
        };
        if bye.direction != Direction::ToSystem {
            return Judgement::unproven(format!("{who} has not left by a BYE"));
        }
        match bye.final_status() {
            Some(200..=299) => {}
            Some(code) => {
                let observed = format!("the BYE is answered {code}");
                return Judgement::broken(Reason::WrongValue, observed, bye.frames());
            }
            None => return Judgement::awaited("the BYE is not answered"),
        }
        let steps = told(view, &to);
        let is_there = |step: &&crate::observe::RosterStep| {
            step.roster
                .present()
                .any(|user| is_person(view, user, &who))
        };
        let Some(there) = steps.iter().rposition(|step| is_there(&step)) else {
            return Judgement::unproven(format!("{to} was never told that {who} takes part"));
        };
        match steps.get(there + 1) {
            Some(after) => {
                let shown = [steps[there].notify.frames(), after.notify.frames()].concat();
                Judgement::holds("as expected", [leg.frames(), shown].concat())
            }
            None => Judgement::Awaited {
                observed: format!("{who} still takes part by what {to} was told"),
                frames: [bye.frames(), steps[there].notify.frames()].concat(),
            },
        }
    })
}

/// The INVITE for the factory since the stimulus.
fn asked_factory<'t>(view: &View<'t>, who: &str) -> Option<Transaction<'t>> {
    creations(view, who)
        .into_iter()
        .rfind(|one| is_new(view, one))
}

/// Who may not create is refused, and a server's failure is no refusal.
//= CM-03 type=test
pub fn refused_conference(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    Question::eventually("a final 4xx or 6xx response", reaction, move |view| {
        let Some(invite) = asked_factory(view, &who) else {
            return Judgement::unproven(format!("{who} has not asked for a conference"));
        };
        match invite.final_status() {
            Some(code @ (400..=499 | 600..=699)) => {
                Judgement::holds(code.to_string(), invite.frames())
            }
            Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), invite.frames()),
            None => Judgement::awaited("no final response"),
        }
    })
}

/// Who may create is given a conference: the twin of a refusal.
//= CM-03 type=test
pub fn given_conference(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = "200 with a Contact other than the factory's URI";
    Question::eventually(expected, reaction, move |view| {
        let Some(invite) = asked_factory(view, &who) else {
            return Judgement::unproven(format!("{who} has not asked for a conference"));
        };
        let response = match (accepted(&invite), invite.final_status()) {
            (Some(response), _) => response,
            (None, Some(code)) => {
                return Judgement::broken(Reason::WrongValue, code.to_string(), invite.frames());
            }
            (None, None) => return Judgement::awaited("no final response"),
        };
        let factory = factory(view).unwrap_or_default();
        match contact(response.message) {
            Some(contact)
                if contact.has_param("isfocus")
                    && !same_resource(contact.uri.as_str(), &factory) =>
            {
                Judgement::holds(contact.uri.as_str(), invite.frames())
            }
            _ => Judgement::unproven("no conference URI with isfocus in Contact, which is CF-02"),
        }
    })
}

/// Two creators, two conference URIs.
//= CF-02 type=test
pub fn two_conferences(one: &str, other: &str, reaction: f64) -> Question {
    let (one, other) = (one.to_owned(), other.to_owned());
    Question::eventually("two different Contacts", reaction, move |view| {
        let both = [&one, &other].map(|who| {
            let made = creations(view, who).pop()?;
            let contact = contact(accepted(&made)?.message)?;
            Some((made.frames(), contact.uri.to_string()))
        });
        let [Some((first, a)), Some((second, b))] = both else {
            return Judgement::unproven("one of them has no conference");
        };
        let frames = [first, second].concat();
        match same_resource(&a, &b) {
            true => Judgement::broken(Reason::WrongValue, format!("{a} for both"), frames),
            false => Judgement::holds(format!("{a} and {b}"), frames),
        }
    })
}

/// A conference URI that is neither the factory's nor that of another conference.
//= CF-02 type=test
//= AI-07 type=test
pub fn own_conference(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected =
        "200 with isfocus and a conference URI in Contact, other than every URI known before";
    Question::eventually(expected, reaction, move |view| {
        let Some(invite) = asked_factory(view, &who) else {
            return Judgement::unproven(format!("{who} has not asked for a conference"));
        };
        let response = match (invite.final_response(), invite.final_status()) {
            (Some(response), Some(200)) => response,
            (_, Some(code)) => {
                return Judgement::broken(Reason::WrongValue, code.to_string(), invite.frames());
            }
            _ => return Judgement::awaited("no final response"),
        };
        let Some(contact) = contact(response.message) else {
            return Judgement::broken(Reason::Missing, "no Contact", invite.frames());
        };
        let uri = contact.uri.as_str();
        let known = [
            factory(view),
            conference_of(view, OWNER).filter(|_| who != OWNER),
        ];
        if known
            .into_iter()
            .flatten()
            .any(|known| same_resource(&known, uri))
        {
            let observed = format!("Contact has {uri}, which is known already");
            return Judgement::broken(Reason::WrongValue, observed, invite.frames());
        }
        match contact.has_param("isfocus") {
            true => Judgement::holds(uri, invite.frames()),
            false => Judgement::broken(Reason::Missing, "no isfocus", invite.frames()),
        }
    })
}

/// The URI that a user got leads others to the conference, by the answer of the same focus.
//= CF-02 type=test
pub fn is_in_conference_of(who: &str, owner: &str, reaction: f64) -> Question {
    let (who, owner) = (who.to_owned(), owner.to_owned());
    let expected = format!("{who} is answered by the focus of {owner}'s conference");
    Question::eventually(expected, reaction, move |view| {
        let Some(conference) = conference_of(view, &owner) else {
            return Judgement::unproven(format!("{owner} has no conference"));
        };
        let Some(leg) = legs(view, &who, &conference).pop() else {
            return Judgement::unproven(format!("{who} has not asked for it"));
        };
        let frames = leg.frames();
        match (accepted(&leg.invite), leg.invite.final_status()) {
            (Some(response), _) => match contact(response.message) {
                Some(contact) if same_resource(contact.uri.as_str(), &conference) => {
                    Judgement::holds(contact.uri.as_str(), frames)
                }
                _ => Judgement::unproven("another Contact, which is CM-01"),
            },
            (None, Some(code)) => Judgement::broken(Reason::WrongValue, code.to_string(), frames),
            (None, None) => Judgement::awaited("no final response"),
        }
    })
}

/// The 200 of a dial-in has isfocus, even of a focus that hides itself elsewhere.
//= CF-04 type=test
pub fn learns_of_focus(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    Question::eventually("200 with isfocus in Contact", reaction, move |view| {
        let Some(leg) = leg(view, &who).filter(|leg| leg.dialed_in && is_new(view, &leg.invite))
        else {
            return Judgement::unproven(format!("{who} has not asked to join"));
        };
        let frames = leg.frames();
        match leg.invite.final_response() {
            Some(response) if response.status() < 300 => match says_focus(response.message) {
                true => Judgement::holds("isfocus", frames),
                false => Judgement::broken(Reason::Missing, "no isfocus in Contact", frames),
            },
            Some(response) => {
                Judgement::broken(Reason::WrongValue, response.status().to_string(), frames)
            }
            None => Judgement::awaited("no final response"),
        }
    })
}

/// The INVITE of the focus names the conference in its Contact.
//= CF-05 type=test
pub fn invited_by_focus(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = "an INVITE with the conference URI and isfocus in Contact";
    Question::eventually(expected, reaction, move |view| {
        with_conference(view, |conference| {
            let Some(invite) = new_invite_to(view, &who) else {
                return Judgement::unproven(format!("{who} is not invited"));
            };
            let frames = invite.frames();
            let Some(contact) = contact(invite.request.message) else {
                return Judgement::broken(Reason::Missing, "no Contact", frames);
            };
            if !same_resource(contact.uri.as_str(), conference) {
                return Judgement::broken(Reason::WrongValue, contact.uri.as_str(), frames);
            }
            match contact.has_param("isfocus") {
                true => Judgement::holds(contact.uri.as_str(), frames),
                false => Judgement::broken(Reason::Missing, "no isfocus", frames),
            }
        })
    })
}

/// OPTIONS for the conference URI.
//= CF-06 type=test
pub fn reveals_focus(reaction: f64) -> Question {
    let expected = "200 to OPTIONS with isfocus in Contact";
    Question::eventually(expected, reaction, |view| {
        let asked = transactions_of(view.trace, "OPTIONS");
        let asked = asked
            .into_iter()
            .rfind(|one| one.direction == Direction::ToSystem && is_new(view, one));
        let Some(options) = asked else {
            return Judgement::unproven("no OPTIONS was sent");
        };
        match options.final_response() {
            Some(response) if response.status() == 200 => match says_focus(response.message) {
                true => Judgement::holds("isfocus", options.frames()),
                false => Judgement::broken(Reason::Missing, "no isfocus", options.frames()),
            },
            Some(response) => {
                let observed = response.status().to_string();
                Judgement::broken(Reason::WrongValue, observed, options.frames())
            }
            None => Judgement::awaited("no final response"),
        }
    })
}

/// The focus ends a user's leg by BYE.
//= CF-28 type=test
//= CF-03 type=test
pub fn leg_ended(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("BYE of the focus in the dialog with {who}");
    Question::eventually(expected, patience, move |view| match leg(view, &who) {
        Some(leg) if accepted(&leg.invite).is_some() => match &leg.bye {
            Some(bye) if bye.direction == Direction::FromSystem => {
                Judgement::holds("a BYE", leg.frames())
            }
            Some(_) => Judgement::unproven(format!("{who} has left first")),
            None => Judgement::Awaited {
                observed: "no BYE".to_owned(),
                frames: leg.frames(),
            },
        },
        _ => Judgement::unproven(format!("{who} has no leg")),
    })
}

/// Nobody ends a user's leg.
//= CF-12 type=test
//= CF-28 type=test
pub fn leg_goes_on(who: &str, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("no BYE in the dialog with {who}");
    Question::throughout(expected, guard, move |view| match leg(view, &who) {
        Some(leg) if leg.bye.is_some() => {
            Judgement::broken(Reason::Unexpected, "a BYE", leg.frames())
        }
        Some(leg) if leg.is_up() => Judgement::holds("none", leg.frames()),
        _ => Judgement::unproven(format!("{who} has no leg")),
    })
}

/// A user's leg is up: the state of a `Given`.
pub fn leg_is_up(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who} has a dialog with the focus");
    Question::eventually(expected, reaction, move |view| match leg(view, &who) {
        Some(leg) if leg.is_up() => Judgement::holds("it is there", leg.frames()),
        _ => Judgement::awaited("no such dialog"),
    })
}

/// A user's leg has been ended, whoever did it: the state of a `Given`.
pub fn leg_is_down(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who} has no dialog with the focus any more");
    Question::eventually(expected, reaction, move |view| match leg(view, &who) {
        Some(leg) => match leg.bye.as_ref().and_then(Transaction::final_response) {
            Some(_) => Judgement::holds("ended", leg.frames()),
            None => Judgement::awaited("it goes on"),
        },
        None => Judgement::unproven(format!("{who} had none")),
    })
}
