//! Requests of participants to the focus: to add, to remove, to move, to replace (RFC 3515, RFC 4579, RFC 3891). More than 400 lines,
//! because each of seven rows has its questions, which share what a REFER and a place in a conference are.
use super::conference_scene::{
    OWNER, conference_of, invites_by, is_new, leg, legs, new_invite_to, refer_by,
};
use super::scene::seconds;
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Subscription, Transaction};
use crate::wire::sip::{DialogName, NameAddr, unescape};

/// Asks about the REFER of a person since the stimulus.
fn about(view: &View, who: &str, judge: impl FnOnce(&Subscription) -> Judgement) -> Judgement {
    match refer_by(view, who) {
        Some(refer) => judge(&refer),
        None => Judgement::unproven(format!("{who} has sent no REFER")),
    }
}

/// Refused as the sentence says: any 4xx, or one code.
//= CF-03 type=test
//= CF-07 type=test
pub fn refused(who: &str, code: Option<u16>, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = code.map_or("a 4xx response".to_owned(), |code| code.to_string());
    Question::eventually(expected, reaction, move |view| {
        about(view, &who, |refer| {
            let frames = refer.request.frames();
            match (refer.request.final_status(), code) {
                (Some(status), Some(code)) if status == code => {
                    Judgement::holds(status.to_string(), frames)
                }
                (Some(status @ 400..=499), None) => Judgement::holds(status.to_string(), frames),
                (Some(status), _) => {
                    Judgement::broken(Reason::WrongValue, status.to_string(), frames)
                }
                (None, _) => Judgement::awaited("no final response"),
            }
        })
    })
}

/// The focus calls whom it was asked to add.
//= CF-03 type=test
//= CF-07 type=test
pub fn invites(who: &str, asked_by: &str, reaction: f64) -> Question {
    let (who, asked_by) = (who.to_owned(), asked_by.to_owned());
    let expected = format!("an INVITE of the focus to {who}");
    Question::eventually(expected, reaction, move |view| {
        about(view, &asked_by, |refer| {
            if let Some(code @ 300..) = refer.request.final_status() {
                let observed = format!("the REFER is answered {code}");
                return Judgement::broken(Reason::WrongValue, observed, refer.request.frames());
            }
            match new_invite_to(view, &who) {
                Some(invite) => {
                    let frames = [refer.request.frames(), invite.frames()].concat();
                    Judgement::holds(format!("{who} is invited"), frames)
                }
                None => Judgement::Awaited {
                    observed: format!("{who} is not invited"),
                    frames: refer.request.frames(),
                },
            }
        })
    })
}

/// The status that accepts a REFER; whether the focus then does it is what shows that it was accepted at all.
//= CF-08 type=test
pub fn accepted_with(who: &str, codes: Vec<u16>, added: &str, reaction: f64) -> Question {
    let (who, added) = (who.to_owned(), added.to_owned());
    let list: Vec<String> = codes.iter().map(u16::to_string).collect();
    Question::eventually(list.join(" or "), reaction, move |view| {
        about(view, &who, |refer| {
            let frames = refer.request.frames();
            match refer.request.final_status() {
                Some(code) if codes.contains(&code) => match new_invite_to(view, &added) {
                    Some(_) => Judgement::holds(code.to_string(), frames),
                    None => Judgement::unproven(format!("{code}, but {added} is not invited")),
                },
                Some(code @ 300..) => Judgement::unproven(format!("refused with {code}")),
                Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), frames),
                None => Judgement::unproven("no final response"),
            }
        })
    })
}

/// A notification within the time that "at once" is, and a last one with the final status of the INVITE.
//= CF-09 type=test
pub fn told_of_outcome(who: &str, code: u16, at_once: f64, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!(
        "NOTIFY with message/sipfrag within {at_once} s, and a last one with {code} and terminated"
    );
    Question::eventually(expected, reaction, move |view| {
        about(view, &who, |refer| {
            match refer.request.final_status() {
                Some(200..=299) => {}
                Some(code) => return Judgement::unproven(format!("refused with {code}")),
                None => return Judgement::unproven("no final response"),
            }
            let frames = refer.frames();
            let Some(earliest) = refer.notifications.first() else {
                return Judgement::Awaited {
                    observed: "no notification".to_owned(),
                    frames,
                };
            };
            let asked = refer.request.final_response();
            let waited = asked.map_or(0.0, |response| {
                seconds(response.at(), earliest.notify.request.at())
            });
            if waited > at_once {
                let observed = format!("the first notification after {waited:.1} s");
                return Judgement::broken(Reason::Late, observed, frames);
            }
            if let Some(odd) = refer
                .notifications
                .iter()
                .find(|one| one.fragment_status().is_none())
            {
                let observed = "a notification without a status line";
                return Judgement::broken(Reason::WrongValue, observed, odd.frames());
            }
            let last = refer.last();
            match last.and_then(crate::observe::Notification::fragment_status) {
                // That the outcome was told before, and then again, is no harm.
                Some(status) if status == code && refer.notifications.len() > 1 => {
                    Judgement::holds(status.to_string(), frames)
                }
                Some(status) if status == code => {
                    let observed = "the last notification is the only one";
                    Judgement::broken(Reason::Missing, observed, frames)
                }
                Some(status) => Judgement::broken(Reason::WrongValue, status.to_string(), frames),
                None => Judgement::Awaited {
                    observed: "no last notification".to_owned(),
                    frames,
                },
            }
        })
    })
}

/// Whatever is told: the twin of not being told.
//= CF-10 type=test
pub fn told_anything(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    Question::eventually("a notification", reaction, move |view| {
        about(view, &who, |refer| match refer.notifications.first() {
            Some(earliest) => {
                let frames = [refer.request.frames(), earliest.frames()].concat();
                Judgement::holds("told", frames)
            }
            None => Judgement::unproven("not told at all, which is CF-09"),
        })
    })
}

/// How a REFER may be accepted without notifications, or refused because the focus does not know how.
//= CF-10 type=test
pub fn not_told(who: &str, option: &str, reaction: f64, guard: f64) -> Question {
    let (who, option) = (who.to_owned(), option.to_owned());
    let expected =
        "no notification after a 2xx that says so, or 420 with the option in Unsupported";
    Question::lasting(expected, reaction, guard, move |view| {
        about(view, &who, |refer| {
            let frames = refer.frames();
            let Some(response) = refer.request.final_response() else {
                return Judgement::awaited("no final response");
            };
            let required = option.strip_prefix("Require:").map(str::trim);
            match (response.status(), required) {
                (420, Some(tag)) => match names(response.message, "Unsupported", tag) {
                    true => Judgement::holds("420", frames),
                    false => Judgement::broken(Reason::Missing, "Unsupported lacks it", frames),
                },
                (200..=299, None) if !says_no_subscription(response.message) => {
                    Judgement::unproven("the response does not say that there is no subscription")
                }
                (200..=299, Some("explicitsub"))
                    if !response.message.has_header("Refer-Events-At") =>
                {
                    Judgement::broken(Reason::Missing, "no Refer-Events-At", frames)
                }
                (200..=299, _) => match refer.notifications.first() {
                    Some(_) => Judgement::broken(Reason::Unexpected, "a notification", frames),
                    None => Judgement::holds("none", frames),
                },
                (code, _) => Judgement::broken(Reason::WrongValue, code.to_string(), frames),
            }
        })
    })
}

fn names(message: &crate::wire::sip::SipMessage, header: &str, tag: &str) -> bool {
    let values = message.values(header);
    values.iter().any(|value| value.eq_ignore_ascii_case(tag))
}

fn says_no_subscription(message: &crate::wire::sip::SipMessage) -> bool {
    message
        .header("Refer-Sub")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("false"))
}

/// 420 with the option tag in Unsupported (RFC 3261 section 8.2.2.3).
//= CF-10 type=test
pub fn refused_as_unknown(who: &str, tag: &str, reaction: f64) -> Question {
    let (who, tag) = (who.to_owned(), tag.to_owned());
    let expected = format!("420 with Unsupported: {tag}");
    Question::eventually(expected, reaction, move |view| {
        about(view, &who, |refer| {
            let frames = refer.request.frames();
            match refer.request.final_response() {
                Some(response) if response.status() == 420 => {
                    match names(response.message, "Unsupported", &tag) {
                        true => Judgement::holds("420", frames),
                        false => Judgement::broken(Reason::Missing, "Unsupported lacks it", frames),
                    }
                }
                Some(response) => {
                    Judgement::broken(Reason::WrongValue, response.status().to_string(), frames)
                }
                None => Judgement::awaited("no final response"),
            }
        })
    })
}

/// The REFER has reached the user, and the INVITE it made his UE send is accepted.
//= CF-11 type=test
pub fn joined_as_referred(who: &str, by: &str, reaction: f64) -> Question {
    let (who, by) = (who.to_owned(), by.to_owned());
    let expected = format!("{who}'s INVITE, which {by} has asked for, is accepted by the focus");
    Question::eventually(expected, reaction, move |view| {
        about(view, &by, |refer| {
            let Some(invite) = leg(view, &who)
                .filter(|leg| leg.dialed_in)
                .map(|leg| leg.invite)
                .filter(|one| is_new(view, one))
            else {
                return match refer.request.final_status() {
                    Some(code @ 300..) => Judgement::broken(
                        Reason::WrongValue,
                        format!("the REFER is answered {code}"),
                        refer.request.frames(),
                    ),
                    _ => Judgement::unproven(format!("{who} has not called the focus")),
                };
            };
            let frames = [refer.request.frames(), invite.frames()].concat();
            let referred = invite.request.message.header("Referred-By").is_some();
            match invite.final_status() {
                Some(200..=299) if referred => Judgement::holds("accepted", frames),
                Some(200..=299) => Judgement::unproven("the INVITE has no Referred-By"),
                Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), frames),
                None => Judgement::awaited("no final response"),
            }
        })
    })
}

/// BYE of the focus to the user, 200 to who has asked for it, and `booted` if the state says how.
//= CF-12 type=test
pub fn removed(who: &str, by: &str, patience: f64) -> Question {
    let (who, by) = (who.to_owned(), by.to_owned());
    let expected = format!("BYE of the focus to {who}, and a last notification of {by} with 200");
    Question::eventually(expected, patience, move |view| {
        about(view, &by, |refer| {
            if let Some(code @ 300..) = refer.request.final_status() {
                let observed = format!("the REFER is answered {code}");
                return Judgement::broken(Reason::WrongValue, observed, refer.request.frames());
            }
            let bye = leg(view, &who).and_then(|leg| leg.bye);
            let Some(bye) = bye.filter(|bye| bye.direction == Direction::FromSystem) else {
                return Judgement::Awaited {
                    observed: format!("no BYE to {who}"),
                    frames: refer.request.frames(),
                };
            };
            let frames = [refer.frames(), bye.frames()].concat();
            let last = refer.last();
            match last.and_then(crate::observe::Notification::fragment_status) {
                Some(200) => Judgement::holds("both", frames),
                Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), frames),
                None if refer.notifications.is_empty() || last.is_none() => {
                    Judgement::unproven(format!("{by} is not told the end, which is CF-09"))
                }
                None => Judgement::unproven("no status line, which is CF-09"),
            }
        })
    })
}

/// The INVITE of the focus has the Replaces of the Refer-To, without its escapes.
//= CF-14 type=test
pub fn invited_to_replace(who: &str, by: &str, reaction: f64) -> Question {
    let (who, by) = (who.to_owned(), by.to_owned());
    let expected = format!("INVITE of the focus to {who} with the Replaces that {by} has given");
    Question::eventually(expected, reaction, move |view| {
        about(view, &by, |refer| {
            let Some(invite) = new_invite_to(view, &who) else {
                return Judgement::Awaited {
                    observed: format!("{who} is not invited"),
                    frames: refer.request.frames(),
                };
            };
            let frames = [refer.request.frames(), invite.frames()].concat();
            let wanted = refer.request.request.message.header("Refer-To");
            let wanted = wanted.and_then(replaces_of).and_then(|text| dialog(&text));
            let replaces = invite.request.message.header("Replaces");
            match (replaces, wanted) {
                (_, None) => Judgement::unproven("the REFER has no Replaces"),
                (Some(value), Some(wanted)) if dialog(value).as_ref() == Some(&wanted) => {
                    Judgement::holds(value, frames)
                }
                (Some(value), _) => Judgement::broken(Reason::WrongValue, value, frames),
                (None, _) => Judgement::broken(Reason::Missing, "no Replaces", frames),
            }
        })
    })
}

/// The Replaces header field in a Refer-To URI.
fn replaces_of(refer_to: &str) -> Option<String> {
    let address = NameAddr::parse(refer_to).ok()?;
    let headers = address.uri.headers?;
    headers.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("Replaces")
            .then(|| unescape(value))
    })
}

/// Call-ID and the two tags of a Replaces, whatever their order and however the parameters are written; `None` if it names no dialog.
fn dialog(replaces: &str) -> Option<[String; 3]> {
    let name = DialogName::parse(replaces).ok()?;
    Some([name.call_id, name.to_tag, name.from_tag])
}

/// The new leg is accepted, the old one ended.
//= CF-15 type=test
pub fn has_taken_place(who: &str, of: &str, reaction: f64) -> Question {
    let (who, of) = (who.to_owned(), of.to_owned());
    let expected = format!("{who} is accepted, and the focus sends BYE to {of}");
    Question::eventually(expected, reaction, move |view| {
        let Some(join) = replacing(view, &who) else {
            return Judgement::unproven(format!("{who} has sent no INVITE with Replaces"));
        };
        match join.final_status() {
            Some(200..=299) => {}
            Some(code) => {
                return Judgement::broken(Reason::WrongValue, code.to_string(), join.frames());
            }
            None => return Judgement::awaited("no final response"),
        }
        let bye = conference_of(view, OWNER)
            .and_then(|conference| legs(view, &of, &conference).pop())
            .and_then(|leg| leg.bye)
            .filter(|bye| bye.direction == Direction::FromSystem);
        match bye {
            Some(bye) => Judgement::holds("both", [join.frames(), bye.frames()].concat()),
            None => Judgement::Awaited {
                observed: format!("no BYE to {of}"),
                frames: join.frames(),
            },
        }
    })
}

/// The INVITE with Replaces of a person since the stimulus.
fn replacing<'t>(view: &View<'t>, who: &str) -> Option<Transaction<'t>> {
    naming(view, who, &["Replaces"])
}

/// The INVITE since the stimulus by which a person names a leg.
fn naming<'t>(view: &View<'t>, who: &str, fields: &[&str]) -> Option<Transaction<'t>> {
    invites_by(view, who).into_iter().rfind(|one| {
        let names = |field: &&str| one.request.message.header(field).is_some();
        is_new(view, one) && fields.iter().any(names)
    })
}

/// No leg fits the Replaces (RFC 3891 section 3) or the Join (RFC 3911 section 4).
//= CF-15 type=test
pub fn refused_place(who: &str, codes: Vec<u16>, reaction: f64) -> Question {
    let who = who.to_owned();
    let list: Vec<String> = codes.iter().map(u16::to_string).collect();
    Question::eventually(list.join(" or "), reaction, move |view| {
        let Some(join) = naming(view, &who, &["Replaces", "Join"]) else {
            return Judgement::unproven(format!("{who} has sent no INVITE that names a leg"));
        };
        match join.final_status() {
            Some(code) if codes.contains(&code) => {
                Judgement::holds(code.to_string(), join.frames())
            }
            Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), join.frames()),
            None => Judgement::awaited("no final response"),
        }
    })
}
