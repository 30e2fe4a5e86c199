//! The exception of the MMTel conference service (CONF): what of CMMC gets into a CONF conference, or the other way round, and what a user
//! can do in the one beside the other. Carol's conference is the CMMC conference, Alice's is the CONF conference.
//!
//! It has over 400 lines because the refusals and their controls read the same two states, and are kept side by side.
use super::conference_scene::{
    Leg, OWNER, accepted, conference_of, contact, followed, invites_by, is_new, is_person, leg,
    legs, refer_by, same_resource, says_focus, within,
};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, RosterStep, Subscription, Transaction, history};
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::{DialogName, NameAddr, SipMessage};

/// Whose CONF conference a sentence means.
pub const HOLDER: &str = "Alice";

/// The CONF conference: the latest that Alice's UE was given by a focus it has asked for no conference it knew.
pub fn conf_of(view: &View) -> Option<String> {
    let room = conference_of(view, OWNER);
    let mut calls = invites_by(view, HOLDER).into_iter().rev();
    calls.find_map(|call| {
        let answer = accepted(&call)?;
        let given = contact(answer.message).filter(|contact| contact.has_param("isfocus"))?;
        let given = given.uri.as_str().to_owned();
        let asked = call.request.message.uri().unwrap_or_default();
        let known = room
            .as_ref()
            .is_some_and(|room| same_resource(room, &given));
        (!known && !same_resource(asked, &given)).then_some(given)
    })
}

/// What a person was told of one conference, by the latest subscription to it that has brought anything.
fn told_of<'t>(view: &View<'t>, who: &str, conference: &str) -> Vec<RosterStep<'t>> {
    let mut subscriptions = followed(view, who);
    subscriptions.retain(|one| {
        let uri = one.request.request.message.uri();
        uri.is_some_and(|uri| same_resource(uri, conference))
    });
    let mut histories = subscriptions.iter().rev().map(history);
    histories
        .find(|steps| !steps.is_empty())
        .unwrap_or_default()
}

/// The last notification of a conference in which another conference is there, by any of its URIs.
fn shown<'t>(view: &View<'t>, who: &str, conference: &str, guest: &[String]) -> Option<Vec<u32>> {
    let last = told_of(view, who, conference).pop()?;
    let there = last.roster.present().any(|user| {
        guest
            .iter()
            .any(|uri| same_resource(&user.entity, uri) || user.entity == *uri)
    });
    there.then(|| last.notify.frames())
}

/// The URI a REFER names, without its header fields.
fn referred_to(refer: &SipMessage) -> Option<String> {
    let address = NameAddr::parse(refer.header("Refer-To")?).ok()?;
    let uri = address.uri.as_str();
    let end = uri.find('?').unwrap_or(uri.len());
    (!uri.starts_with("cid:")).then(|| uri[..end].to_owned())
}

/// What came of a REFER that has a subscription, or was refused.
fn outcome(refer: &Subscription) -> Option<(u16, &'static str)> {
    match refer.request.final_status() {
        Some(code @ 300..) => Some((code, "the REFER is answered")),
        Some(_) => {
            let last = refer.last()?;
            let code = last.fragment_status().filter(|code| *code >= 200)?;
            Some((code, "the last notification tells of"))
        }
        None => None,
    }
}

/// By the answer to the request that asked for it, and by what the participants of both conferences are told at the end.
//= CX-01 type=test
//= CX-02 type=test
//= CX-03 type=test
//= CX-04 type=test
//= CX-05 type=test
//= CX-06 type=test
//= CX-07 type=test
pub fn kept_apart(asker: &str, codes: Vec<u16>, reaction: f64, guard: f64) -> Question {
    let asker = asker.to_owned();
    let expected = "a refusal of 4xx, or one told by NOTIFY, and neither conference in the state \
                    of the other";
    Question::lasting(expected, reaction, guard, move |view| {
        let (Some(room), Some(conf)) = (conference_of(view, OWNER), conf_of(view)) else {
            return Judgement::unproven("there are not two conferences");
        };
        let refer = refer_by(view, &asker);
        let mut rooms = vec![room.clone()];
        if asker == HOLDER {
            rooms.extend(
                refer
                    .as_ref()
                    .and_then(|refer| referred_to(refer.request.request.message)),
            );
        }
        for (who, of, guest) in [(HOLDER, &conf, &rooms), (OWNER, &room, &vec![conf.clone()])] {
            if let Some(frames) = shown(view, who, of, guest) {
                let observed = format!("{who} is told that {} takes part", guest.join(" or "));
                return Judgement::broken(Reason::Unexpected, observed, frames);
            }
        }
        match refer {
            Some(refer) if referred_to(refer.request.request.message).is_some() => {
                refused(&refer, &codes)
            }
            Some(refer) => left_out(view, &refer.request, &conf),
            None => match created(view) {
                Some(created) => left_out(view, &created, &conf),
                None => Judgement::unproven(format!("{asker} has asked for nothing")),
            },
        }
    })
}

/// without codes in the profile, another class than 4xx refuses as well, if not as suggested.
fn refused(refer: &Subscription, codes: &[u16]) -> Judgement {
    let frames = refer.frames();
    match outcome(refer) {
        Some((code @ 300.., what)) if !codes.is_empty() && !codes.contains(&code) => {
            Judgement::broken(Reason::WrongValue, format!("{what} {code}"), frames)
        }
        Some((code @ 400..=499, what)) => Judgement::holds(format!("{what} {code}"), frames),
        Some((code @ 300.., what)) => Judgement::holds(format!("{what} {code}, no 4xx"), frames),
        Some((code, what)) => {
            Judgement::broken(Reason::Unexpected, format!("{what} {code}"), frames)
        }
        None => Judgement::Awaited {
            observed: "no outcome".to_owned(),
            frames,
        },
    }
}

/// A list was taken, and the state told since then, which `kept_apart` has looked at, shows somebody else.
fn left_out(view: &View, request: &Transaction, conf: &str) -> Judgement {
    match request.final_status() {
        Some(200..=299) => {}
        Some(code) => return Judgement::unproven(format!("the list is refused with {code}")),
        None => return Judgement::awaited("no final response"),
    }
    let told = told_of(view, HOLDER, conf).pop();
    match told.filter(|step| is_new(view, &step.notify)) {
        Some(step) => {
            let frames = [request.frames(), step.notify.frames()].concat();
            Judgement::holds("left out", frames)
        }
        None => Judgement::unproven(format!("{HOLDER} was told no state since")),
    }
}

/// The INVITE since the stimulus by which Alice's CONF conference was made.
fn created<'t>(view: &View<'t>) -> Option<Transaction<'t>> {
    invites_by(view, HOLDER)
        .into_iter()
        .rfind(|one| is_new(view, one))
}

/// Nobody ends a person's legs with the two foci, while one is asked to take the other.
//= CX-01 type=test
pub fn keeps_both(who: &str, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("no BYE in {who}'s dialogs with both foci");
    Question::throughout(expected, guard, move |view| {
        let (Some(room), Some(conf)) = (conference_of(view, OWNER), conf_of(view)) else {
            return Judgement::unproven("there are not two conferences");
        };
        if refer_by(view, &who).is_none_or(|refer| refer.request.final_status().is_none()) {
            return Judgement::unproven(format!("{who} has asked for nothing"));
        }
        let mut frames = Vec::new();
        for conference in [&room, &conf] {
            let Some(leg) = legs(view, &who, conference).pop() else {
                return Judgement::unproven(format!("{who} has no leg in {conference}"));
            };
            frames.extend(leg.frames());
            match &leg.bye {
                Some(bye) if bye.direction == Direction::FromSystem => {
                    return Judgement::broken(Reason::Unexpected, "a BYE", frames);
                }
                _ if leg.is_up() => {}
                _ => return Judgement::unproven(format!("{who} is not in {conference}")),
            }
        }
        Judgement::holds("both go on", frames)
    })
}

/// A leg that is up and the state of the CONF conference, which has the person.
fn takes_part(view: &View, who: &str, conf: &str) -> Result<Vec<u32>, String> {
    let up = legs(view, who, conf).into_iter().rfind(Leg::is_up);
    let Some(leg) = up else {
        return Err(format!("{who} has no dialog with the focus"));
    };
    let told = told_of(view, HOLDER, conf).pop();
    let told = told.filter(|step| step.roster.present().any(|user| is_person(view, user, who)));
    match told {
        Some(step) => Ok([leg.frames(), step.notify.frames()].concat()),
        None => Err(format!("{HOLDER} is not told that {who} takes part")),
    }
}

/// The control of every refusal.
//= CX-01 type=test
//= CX-02 type=test
//= CX-03 type=test
//= CX-04 type=test
//= CX-06 type=test
//= CX-07 type=test
//= CX-09 type=test
//= CX-10 type=test
pub fn joined(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected =
        format!("{who} has a dialog with the focus and is in the state of the conference");
    Question::eventually(expected, reaction, move |view| {
        let Some(conf) = conf_of(view) else {
            let refused = created(view).filter(|one| one.final_status() >= Some(300));
            return match refused {
                Some(refused) => Judgement::broken(
                    Reason::WrongValue,
                    "the conference is refused",
                    refused.frames(),
                ),
                None => Judgement::unproven("there is no MMTel CONF conference"),
            };
        };
        let refer = refer_by(view, HOLDER);
        match takes_part(view, &who, &conf) {
            Ok(frames) => Judgement::holds("both", frames),
            Err(lacks) => match refer.as_ref().and_then(outcome) {
                Some((code @ 300.., what)) => {
                    let frames = refer.map(|refer| refer.frames()).unwrap_or_default();
                    Judgement::broken(Reason::WrongValue, format!("{what} {code}"), frames)
                }
                _ => Judgement::awaited(lacks),
            },
        }
    })
}

/// Whoever was joined before a refusal stays.
//= CX-06 type=test
pub fn stays(who: &str, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who} stays in the conference");
    Question::throughout(expected, guard, move |view| {
        let Some(conf) = conf_of(view) else {
            return Judgement::unproven("there is no MMTel CONF conference");
        };
        let ended = legs(view, &who, &conf).pop().and_then(|leg| leg.bye);
        if let Some(bye) = ended.filter(|bye| bye.direction == Direction::FromSystem) {
            return Judgement::broken(Reason::Unexpected, "a BYE", bye.frames());
        }
        match takes_part(view, &who, &conf) {
            Ok(frames) => Judgement::holds("he does", frames),
            Err(lacks) => Judgement::unproven(lacks),
        }
    })
}

/// An INVITE whose Contact has isfocus.
//= CX-08 type=test
pub fn refused_as_focus(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    Question::eventually("a final 4xx response", reaction, move |view| {
        let mut asked = invites_by(view, &who).into_iter();
        let focal = |one: &Transaction| says_focus(one.request.message) && is_new(view, one);
        let Some(invite) = asked.rfind(focal) else {
            return Judgement::unproven(format!("{who} has not called as a focus"));
        };
        match invite.final_status() {
            Some(code @ 400..=499) => Judgement::holds(code.to_string(), invite.frames()),
            Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), invite.frames()),
            None => Judgement::awaited("no final response"),
        }
    })
}

/// The answer to the offer that ends a HOLD.
//= CX-09 type=test
pub fn resumed(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = "200 with media in both directions, in a dialog that nobody has ended";
    Question::eventually(expected, reaction, move |view| {
        let Some(leg) = leg(view, &who) else {
            return Judgement::unproven(format!("{who} has no leg"));
        };
        if let Some(bye) = &leg.bye {
            return match bye.direction {
                Direction::FromSystem => {
                    Judgement::broken(Reason::Unexpected, "a BYE", leg.frames())
                }
                _ => Judgement::unproven(format!("{who} has left")),
            };
        }
        let mut changes = within(view, &leg.invite);
        changes.retain(|one| {
            matches!(one.method, "INVITE" | "UPDATE")
                && one.direction == Direction::ToSystem
                && is_new(view, one)
        });
        let Some(change) = changes.pop() else {
            return Judgement::unproven(format!("{who} has not resumed it"));
        };
        match change.final_response() {
            Some(answer) if answer.status() < 300 => match speaks_both_ways(answer.message) {
                Some(true) => Judgement::holds("sendrecv", change.frames()),
                Some(false) => {
                    Judgement::broken(Reason::WrongValue, "not sendrecv", change.frames())
                }
                None => Judgement::broken(Reason::Missing, "no answer in SDP", change.frames()),
            },
            Some(answer) => {
                let observed = answer.status().to_string();
                Judgement::broken(Reason::WrongValue, observed, change.frames())
            }
            None => Judgement::awaited("no final response"),
        }
    })
}

fn speaks_both_ways(message: &SipMessage) -> Option<bool> {
    let body = message.body_of("application/sdp")?;
    SessionDescription::parse(&body).ok()?;
    let text = String::from_utf8_lossy(&body);
    let one_way = ["a=sendonly", "a=recvonly", "a=inactive"];
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let refused = lines.iter().any(|line| line.starts_with("m=audio 0 "));
    Some(!refused && !lines.iter().any(|line| one_way.contains(line)))
}

/// A state of the CMMC conference that has a person, told since the stimulus.
//= CX-11 type=test
pub fn learns(who: &str, of: &str, reaction: f64) -> Question {
    let (who, of) = (who.to_owned(), of.to_owned());
    let expected = format!("{who} is told a state of the CMMC conference with {of}");
    Question::eventually(expected, reaction, move |view| {
        let Some(room) = conference_of(view, OWNER) else {
            return Judgement::unproven(format!("{OWNER} has no conference"));
        };
        let asked = followed(view, &who)
            .into_iter()
            .rfind(|one| is_new(view, &one.request));
        let Some(asked) = asked else {
            return Judgement::unproven(format!("{who} has not subscribed"));
        };
        if let Some(code @ 300..) = asked.request.final_status() {
            let observed = format!("the SUBSCRIBE is answered {code}");
            return Judgement::broken(Reason::WrongValue, observed, asked.request.frames());
        }
        let there = told_of(view, &who, &room)
            .pop()
            .filter(|step| step.roster.present().any(|user| is_person(view, user, &of)));
        match there {
            Some(step) => Judgement::holds("as expected", step.notify.frames()),
            None => Judgement::Awaited {
                observed: format!("no state with {of}"),
                frames: asked.frames(),
            },
        }
    })
}

/// The focus does in the CMMC conference what a participant asks it to.
//= CX-11 type=test
pub fn added(who: &str, by: &str, reaction: f64) -> Question {
    let (who, by) = (who.to_owned(), by.to_owned());
    let expected = format!("{who} has a dialog with the CMMC focus, as {by} has asked");
    Question::eventually(expected, reaction, move |view| {
        let Some(refer) = refer_by(view, &by) else {
            return Judgement::unproven(format!("{by} has sent no REFER"));
        };
        let up = leg(view, &who).filter(|leg| !leg.dialed_in && leg.is_up());
        match (up, outcome(&refer)) {
            (Some(leg), _) => {
                Judgement::holds("it is there", [refer.frames(), leg.frames()].concat())
            }
            (None, Some((code @ 300.., what))) => {
                Judgement::broken(Reason::WrongValue, format!("{what} {code}"), refer.frames())
            }
            (None, _) => Judgement::Awaited {
                observed: "no such dialog".to_owned(),
                frames: refer.frames(),
            },
        }
    })
}

/// The BYE of a participant is answered, and the others are told.
//= CX-11 type=test
pub fn has_left(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("200 to {who}'s BYE, and a state without {who}");
    Question::eventually(expected, reaction, move |view| {
        let (Some(room), Some(leg)) = (conference_of(view, OWNER), leg(view, &who)) else {
            return Judgement::unproven(format!("{who} has no leg"));
        };
        let Some(bye) = leg.bye.filter(|bye| bye.direction == Direction::ToSystem) else {
            return Judgement::unproven(format!("{who} has not left"));
        };
        match bye.final_status() {
            Some(200..=299) => {}
            Some(code) => {
                return Judgement::broken(Reason::WrongValue, code.to_string(), bye.frames());
            }
            None => return Judgement::awaited("the BYE is not answered"),
        }
        let last = told_of(view, OWNER, &room).pop();
        let gone = last.filter(|step| {
            let mut present = step.roster.present();
            is_new(view, &step.notify) && !present.any(|user| is_person(view, user, &who))
        });
        match gone {
            Some(step) => Judgement::holds("both", [bye.frames(), step.notify.frames()].concat()),
            None => Judgement::Awaited {
                observed: format!("{OWNER} is not told"),
                frames: bye.frames(),
            },
        }
    })
}

/// Alice has a CONF conference: the state of a `Given`.
pub fn conf_made(reaction: f64) -> Question {
    let expected = format!("{HOLDER} is given a CONF conference");
    Question::eventually(expected, reaction, |view| match conf_of(view) {
        Some(uri) => {
            let calls = invites_by(view, HOLDER).into_iter();
            let frames: Vec<u32> = calls.flat_map(|call| call.frames()).collect();
            Judgement::holds(uri, frames)
        }
        None => Judgement::awaited("none yet"),
    })
}

/// A person has left the CONF conference: the state of a `Given`.
pub fn conf_left(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who} has no dialog with the CONF focus any more");
    Question::eventually(expected, reaction, move |view| {
        let leg = conf_of(view).and_then(|conf| legs(view, &who, &conf).pop());
        match leg.as_ref().and_then(|leg| leg.bye.as_ref()) {
            Some(bye) if bye.final_response().is_some() => Judgement::holds("ended", bye.frames()),
            _ => Judgement::awaited("it goes on"),
        }
    })
}

/// A person has asked for what was refused: the state of a `Given`.
pub fn in_vain(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("what {who} has asked for is refused");
    Question::eventually(expected, reaction, move |view| {
        let Some(refer) = refer_by(view, &who) else {
            return Judgement::awaited("no REFER");
        };
        match outcome(&refer) {
            Some((code @ 300.., what)) => {
                Judgement::holds(format!("{what} {code}"), refer.frames())
            }
            _ => Judgement::awaited("not refused"),
        }
    })
}

/// What the called side of a dialog calls it in Replaces: its own tag is the to-tag.
pub fn dialog_name(invite: &Transaction) -> Option<DialogName> {
    let answer = accepted(invite)?;
    Some(DialogName {
        call_id: answer.message.call_id()?.to_owned(),
        to_tag: answer.message.to_tag()?,
        from_tag: answer.message.from_tag()?,
        early_only: false,
    })
}

/// A re-INVITE with a hold was answered: the state of a `Given`.
pub fn held(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who}'s hold is answered");
    Question::eventually(expected, reaction, move |view| {
        let Some(leg) = leg(view, &who) else {
            return Judgement::unproven(format!("{who} has no leg"));
        };
        let mut changes = within(view, &leg.invite);
        changes.retain(|one| one.method == "INVITE" && is_new(view, one));
        match changes.pop() {
            Some(change) if accepted(&change).is_some() => {
                Judgement::holds("answered", change.frames())
            }
            _ => Judgement::awaited("no 2xx"),
        }
    })
}
