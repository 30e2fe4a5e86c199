//! Lists of users: RFC 5366 (creation with a list), RFC 5364 (copy control), RFC 5360 (permissions).
use super::conference_scene::{creations, invites_to, is_new, leg, new_invite_to, within};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Transaction};
use crate::wire::sip::{BodyPart, number_of};
use crate::wire::xml::resource_lists::{RESOURCE_LISTS, ResourceLists};

/// The namespace of RFC 5364 section 4, to the letter.
const COPY_CONTROL: &str = "urn:ietf:params:xml:ns:copycontrol";

/// The INVITE with a list by which a person has asked for a conference since the stimulus.
fn creation<'t>(view: &View<'t>, who: &str) -> Option<Transaction<'t>> {
    creations(view, who)
        .into_iter()
        .rfind(|one| is_new(view, one) && list_in(&one.request.message.bodies(), None).is_some())
}

/// The list of URIs in a body, of a disposition if one is wanted.
fn list_in(bodies: &[BodyPart], disposition: Option<&str>) -> Option<Vec<u8>> {
    let value = |part: &BodyPart, name: &str| {
        let header = part
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        header.map(|(_, value)| {
            let first = value.split(';').next().unwrap_or_default();
            first.trim().to_ascii_lowercase()
        })
    };
    let part = bodies.iter().find(|part| {
        value(part, "Content-Type").as_deref() == Some(RESOURCE_LISTS)
            && disposition
                .is_none_or(|wanted| value(part, "Content-Disposition").as_deref() == Some(wanted))
    });
    part.map(|part| part.content.clone())
}

/// Everybody in the list is invited to the conference, and who has sent it is answered as if there were no list.
//= CF-16 type=test
pub fn all_invited(by: &str, people: Vec<String>, reaction: f64) -> Question {
    let by = by.to_owned();
    let expected = format!(
        "200 to {by}, and INVITEs of the focus to {}",
        people.join(" and ")
    );
    Question::eventually(expected, reaction, move |view| {
        let Some(creation) = creation(view, &by) else {
            return Judgement::unproven(format!("{by} has sent no list to the factory"));
        };
        let mut frames = creation.frames();
        match creation.final_status() {
            Some(200..=299) => {}
            Some(code) => return Judgement::broken(Reason::WrongValue, code.to_string(), frames),
            None => return Judgement::awaited("no final response"),
        }
        for person in &people {
            match new_invite_to(view, person) {
                Some(invite) => frames.extend(invite.frames()),
                None => {
                    let observed = format!("{person} is not invited");
                    return Judgement::Awaited { observed, frames };
                }
            }
        }
        Judgement::holds("all of them", frames)
    })
}

/// The list is no reason to refuse, and somebody whom it names is invited: the twin of a refusal.
//= CF-17 type=test
//= CF-20 type=test
pub fn list_taken(by: &str, reaction: f64) -> Question {
    let by = by.to_owned();
    let expected = format!("200 to {by}, and an INVITE to somebody");
    Question::eventually(expected, reaction, move |view| {
        let Some(creation) = creation(view, &by) else {
            return Judgement::unproven(format!("{by} has sent no list to the factory"));
        };
        let frames = creation.frames();
        match creation.final_status() {
            Some(200..=299) => {}
            Some(code) => return Judgement::broken(Reason::WrongValue, code.to_string(), frames),
            None => return Judgement::awaited("no final response"),
        }
        let others = view.cast.people().filter(|person| person.name != by);
        let mut invited = others.filter_map(|person| new_invite_to(view, &person.name));
        match invited.next() {
            Some(invite) => Judgement::holds("taken", [frames, invite.frames()].concat()),
            None => Judgement::unproven("nobody is invited, which is CF-16"),
        }
    })
}

/// A list within a dialog: 420 with the option tag (RFC 5366 section 5.1).
//= CF-17 type=test
pub fn list_refused_within(by: &str, reaction: f64) -> Question {
    let by = by.to_owned();
    let expected = "420 with Unsupported: recipient-list-invite";
    Question::eventually(expected, reaction, move |view| {
        let Some(leg) = leg(view, &by) else {
            return Judgement::unproven(format!("{by} has no leg"));
        };
        let sent = within(view, &leg.invite).into_iter().rfind(|one| {
            one.method == "INVITE"
                && one.direction == Direction::ToSystem
                && list_in(&one.request.message.bodies(), None).is_some()
        });
        let Some(sent) = sent else {
            return Judgement::unproven(format!("{by} has sent no list within the dialog"));
        };
        match sent.final_response() {
            Some(response) if response.status() == 420 => {
                let named = response.message.values("Unsupported");
                match named
                    .iter()
                    .any(|tag| tag.eq_ignore_ascii_case("recipient-list-invite"))
                {
                    true => Judgement::holds("420", sent.frames()),
                    false => {
                        Judgement::broken(Reason::Missing, "not in Unsupported", sent.frames())
                    }
                }
            }
            Some(response) => {
                let observed = response.status().to_string();
                Judgement::broken(Reason::WrongValue, observed, sent.frames())
            }
            None => Judgement::awaited("no final response"),
        }
    })
}

/// The list of disposition recipient-list-history that a person's invitation carries.
fn history_of<'t>(view: &View<'t>, who: &str) -> Option<(Transaction<'t>, Vec<u8>)> {
    let invite = new_invite_to(view, who)?;
    let bodies = invite.request.message.bodies();
    let list = list_in(&bodies, Some("recipient-list-history"))?;
    Some((invite, list))
}

/// Asks about the list that a person gets.
fn about_history(
    view: &View,
    who: &str,
    judge: impl FnOnce(&Transaction, &[u8]) -> Judgement,
) -> Judgement {
    match history_of(view, who) {
        Some((invite, list)) => judge(&invite, &list),
        None => match invites_to(view, who).pop().filter(|one| is_new(view, one)) {
            Some(invite) => Judgement::Awaited {
                observed: "an invitation without such a list".to_owned(),
                frames: invite.frames(),
            },
            None => Judgement::unproven(format!("{who} is not invited")),
        },
    }
}

/// The invited users whose URIs are in the list are these, apart from who gets it.
//= CF-18 type=test
pub fn list_has(who: &str, these: Vec<String>, not: Vec<String>, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = match not.is_empty() {
        true => format!("{} in the list", these.join(" and ")),
        false => format!(
            "{} in the list, not {}",
            these.join(" and "),
            not.join(" or ")
        ),
    };
    Question::eventually(expected, reaction, move |view| {
        about_history(view, &who, |invite, list| {
            let frames = invite.frames();
            let Ok(lists) = ResourceLists::parse(list) else {
                return Judgement::broken(Reason::ProtocolViolation, "no resource list", frames);
            };
            let flat = lists.flat();
            let has = |name: &&String| {
                let number = view.cast.number(name);
                flat.iter()
                    .any(|entry| number_of(&entry.uri).as_deref() == Some(number))
            };
            // The number may stand elsewhere, e.g. in a display name.
            let text = String::from_utf8_lossy(list).into_owned();
            let shown = not.iter().find(|name| {
                let digits = view.cast.number(name).trim_start_matches('+');
                !digits.is_empty() && text.contains(digits)
            });
            if let Some(name) = shown {
                return Judgement::broken(Reason::Unexpected, format!("{name} is shown"), frames);
            }
            match these.iter().find(|name| !has(name)) {
                Some(name) => {
                    Judgement::broken(Reason::Missing, format!("{name} is not in it"), frames)
                }
                None => Judgement::holds("as expected", frames),
            }
        })
    })
}

/// Attributes of copy control are bound to the namespace in small letters.
//= CF-19 type=test
pub fn copy_control_in_small_letters(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("copyControl in the namespace {COPY_CONTROL}");
    Question::eventually(expected, reaction, move |view| {
        about_history(view, &who, |invite, list| {
            let frames = invite.frames();
            let text = String::from_utf8_lossy(list).into_owned();
            let Ok(document) = roxmltree::Document::parse(&text) else {
                return Judgement::unproven("the list is no XML, which is CF-18");
            };
            let attributes = document.descendants().flat_map(|node| node.attributes());
            let spaces: Vec<&str> = attributes
                .filter(|one| one.name() == "copyControl")
                .map(|one| one.namespace().unwrap_or_default())
                .collect();
            match spaces.iter().find(|space| **space != COPY_CONTROL) {
                Some(space) => Judgement::broken(Reason::WrongValue, (*space).to_owned(), frames),
                None if spaces.is_empty() => {
                    Judgement::unproven("the list has no copyControl, which it need not have")
                }
                None => Judgement::holds(COPY_CONTROL, frames),
            }
        })
    })
}

/// 470 that names who has not permitted it (RFC 5360 section 5.9.3).
//= CF-20 type=test
pub fn refused_for_permission(by: &str, of: &str, reaction: f64) -> Question {
    let (by, of) = (by.to_owned(), of.to_owned());
    let expected = format!("470 with {of} in Permission-Missing");
    Question::eventually(expected, reaction, move |view| {
        let Some(creation) = creation(view, &by) else {
            return Judgement::unproven(format!("{by} has sent no list to the factory"));
        };
        let frames = creation.frames();
        match creation.final_response() {
            Some(response) if response.status() == 470 => {
                let named = response.message.values("Permission-Missing").join(", ");
                let number = view.cast.number(&of);
                match !number.is_empty() && named.contains(number) {
                    true => Judgement::holds(named, frames),
                    false => {
                        Judgement::broken(Reason::WrongValue, format!("names {named:?}"), frames)
                    }
                }
            }
            Some(response) => {
                Judgement::broken(Reason::WrongValue, response.status().to_string(), frames)
            }
            None => Judgement::awaited("no final response"),
        }
    })
}
