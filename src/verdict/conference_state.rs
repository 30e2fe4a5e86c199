//! The state of a conference as those who follow it are told (RFC 4575): notifications, versions, words, anonymity, pace.
use super::conference_scene::{
    OWNER, about_state, conference_of, followed, is_new, is_person, leg, told,
};
use super::scene::{first, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Merged, RosterStep, Subscription};
use crate::wire::sip::SipUri;
use crate::wire::xml::conference_info::{
    CONFERENCE_INFO, ConferenceInfo, DISCONNECTION_METHODS, Endpoint, InfoState, JOINING_METHODS,
    STATUSES, User,
};

/// The subscription that a person has begun since the stimulus.
fn new_subscription<'t>(view: &View<'t>, who: &str) -> Option<Subscription<'t>> {
    followed(view, who)
        .into_iter()
        .rfind(|one| is_new(view, &one.request))
}

/// The first notification is full, of this conference, and has everybody who takes part.
//= CF-21 type=test
pub fn told_full_state(who: &str, people: Vec<String>, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!(
        "a first notification of full state with {}",
        people.join(" and ")
    );
    Question::eventually(expected, reaction, move |view| {
        let Some(subscription) = new_subscription(view, &who) else {
            return Judgement::unproven(format!("{who} has not subscribed"));
        };
        let frames = subscription.request.frames();
        if let Some(code @ 300..) = subscription.request.final_status() {
            let observed = format!("SUBSCRIBE is answered {code}");
            return Judgement::broken(Reason::WrongValue, observed, frames);
        }
        let Some(earliest) = subscription.notifications.first() else {
            let observed = "no notification".to_owned();
            return Judgement::Awaited { observed, frames };
        };
        let frames = [frames, earliest.frames()].concat();
        let body = earliest.message().body_of(CONFERENCE_INFO);
        let Some(Ok(info)) = body.map(|body| ConferenceInfo::parse(&body)) else {
            return Judgement::broken(Reason::ProtocolViolation, "no conference state", frames);
        };
        if info.state != InfoState::Full {
            let observed = format!("{} state", info.state.as_str());
            return Judgement::broken(Reason::WrongValue, observed, frames);
        }
        let lacking = people
            .iter()
            .find(|name| !info.users().iter().any(|user| is_person(view, user, name)));
        match lacking {
            Some(name) => {
                Judgement::broken(Reason::Missing, format!("{name} is not in it"), frames)
            }
            None => Judgement::holds("full", frames),
        }
    })
}

/// The subscription ends with the conference, and says so.
//= CF-21 type=test
pub fn told_the_end(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = "a last notification, terminated with the reason noresource";
    Question::eventually(expected, patience, move |view| {
        let Some(subscription) = followed(view, &who).pop() else {
            return Judgement::unproven(format!("{who} has not subscribed"));
        };
        let gone = leg(view, &who).and_then(|leg| leg.bye);
        match subscription.last() {
            Some(last)
                if last
                    .reason()
                    .is_some_and(|r| r.eq_ignore_ascii_case("noresource")) =>
            {
                Judgement::holds("noresource", last.frames())
            }
            Some(last) => {
                let observed = format!("the reason {:?}", last.reason().unwrap_or_default());
                Judgement::broken(Reason::WrongValue, observed, last.frames())
            }
            None => match gone {
                Some(bye) if bye.direction == Direction::FromSystem => Judgement::Awaited {
                    observed: "the subscription goes on".to_owned(),
                    frames: [subscription.request.frames(), bye.frames()].concat(),
                },
                _ => Judgement::unproven("the conference has not ended, which is CF-28"),
            },
        }
    })
}

/// Each document takes its place after the one before it.
//= CF-22 type=test
pub fn versions_fit(who: &str, least: usize, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = "versions that increase, by one from one partial state to the next";
    Question::throughout(expected, guard, move |view| {
        about_state(view, &who, |steps| {
            let frames: Vec<u32> = steps.iter().flat_map(|step| step.notify.frames()).collect();
            let odd = steps.iter().find(|step| {
                // The first one and full states are CF-21.
                step.merged
                    .is_some_and(|merged| !merged.is_in_order() && merged != Merged::NoFullState)
            });
            if let Some(odd) = odd {
                let version = odd.document.as_ref().and_then(|info| info.version);
                let observed = format!("version {version:?} after {:?}", odd.roster.version);
                return Judgement::broken(Reason::WrongValue, observed, frames);
            }
            let taken = steps.iter().filter(|step| step.merged.is_some()).count();
            match taken >= least {
                true => Judgement::holds(format!("{taken} versions"), frames),
                false => Judgement::unproven(format!("{taken} states only")),
            }
        })
    })
}

fn endpoints<'s>(
    steps: &'s [RosterStep],
) -> impl Iterator<Item = (&'s RosterStep<'s>, &'s Endpoint)> {
    steps.iter().flat_map(|step| {
        let users = step.document.iter().flat_map(|info| info.users());
        users
            .flat_map(|user| &user.endpoints)
            .map(move |endpoint| (step, endpoint))
    })
}

/// Every status is one of the nine.
//= CF-23 type=test
pub fn statuses_known(who: &str, person: &str, patience: f64) -> Question {
    let (who, person) = (who.to_owned(), person.to_owned());
    let expected = format!("one of {}", STATUSES.join(", "));
    Question::eventually(expected, patience, move |view| {
        about_state(view, &who, |steps| {
            let odd = endpoints(steps).find_map(|(step, endpoint)| {
                let status = endpoint.status.as_deref()?;
                (!STATUSES.contains(&status)).then(|| (step, status.to_owned()))
            });
            if let Some((step, status)) = odd {
                return Judgement::broken(Reason::WrongValue, status, step.notify.frames());
            }
            let present = |step: &&RosterStep| {
                let mut users = step.roster.present();
                users.any(|user| is_person(view, user, &person))
            };
            match steps.iter().rfind(present) {
                Some(step) => Judgement::holds("all of them", step.notify.frames()),
                None => Judgement::unproven(format!("{person} is not shown")),
            }
        })
    })
}

/// What a notification says of how somebody came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Joined(&'static str),
    Gone(&'static str),
}

impl Way {
    /// The word of RFC 4575 for it.
    pub fn of(word: &str) -> Option<Self> {
        let joined = JOINING_METHODS.into_iter().find(|known| *known == word);
        let gone = DISCONNECTION_METHODS
            .into_iter()
            .find(|known| *known == word);
        joined.map(Self::Joined).or(gone.map(Self::Gone))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Joined(word) | Self::Gone(word) => word,
        }
    }

    /// What an endpoint says of it, once it says anything.
    fn said(self, endpoint: &Endpoint) -> Option<&str> {
        match self {
            Self::Joined(_) => endpoint.joining_method.as_deref(),
            Self::Gone(_) => endpoint.disconnection_method.as_deref(),
        }
    }

    fn is_time(self, endpoint: &Endpoint) -> bool {
        let gone = endpoint.status.as_deref() == Some("disconnected");
        match self {
            Self::Joined(_) => !gone,
            Self::Gone(_) => gone,
        }
    }
}

/// The word that stands for how a person came or went is the right one.
//= CF-24 type=test
//= CF-26 type=test
pub fn told_way(who: &str, person: &str, way: Way, patience: f64) -> Question {
    let (who, person) = (who.to_owned(), person.to_owned());
    let expected = format!("{} for {person}", way.word());
    Question::eventually(expected, patience, move |view| {
        about_state(view, &who, |steps| {
            for step in since(view, steps) {
                for endpoint in of_person(view, step, &person) {
                    if !way.is_time(endpoint) {
                        continue;
                    }
                    let frames = step.notify.frames();
                    match way.said(endpoint) {
                        Some(word) if word == way.word() => return Judgement::holds(word, frames),
                        Some(word) => return Judgement::broken(Reason::WrongValue, word, frames),
                        None => {}
                    }
                }
            }
            Judgement::unproven(format!("{who} is not told how it was with {person}"))
        })
    })
}

/// Steps that were told since the stimulus.
fn since<'s, 't>(
    view: &View,
    steps: &'s [RosterStep<'t>],
) -> impl Iterator<Item = &'s RosterStep<'t>> {
    let before = view.before_stimulus;
    steps
        .iter()
        .filter(move |step| first(step.notify.request.frames()) > before)
}

/// A person's endpoints in the roster as it was after a step.
fn of_person<'s>(view: &View, step: &'s RosterStep, person: &str) -> Vec<&'s Endpoint> {
    let users = step.roster.users.iter();
    let own = users.filter(|user| is_person(view, user, person));
    own.flat_map(|user| &user.endpoints).collect()
}

/// `disconnection-info/reason` in the syntax of RFC 3326, with the cause.
//= CF-25 type=test
pub fn told_reason(who: &str, person: &str, cause: u16, patience: f64) -> Question {
    let (who, person) = (who.to_owned(), person.to_owned());
    let expected = format!("the reason SIP;cause={cause} for {person}, if there is one");
    Question::eventually(expected, patience, move |view| {
        about_state(view, &who, |steps| {
            for step in since(view, steps) {
                for endpoint in of_person(view, step, &person) {
                    let info = endpoint.disconnection_info.as_ref();
                    let Some(reason) = info.and_then(|info| info.reason.as_deref()) else {
                        continue;
                    };
                    let frames = step.notify.frames();
                    return match names_cause(reason, cause) {
                        true => Judgement::holds(reason, frames),
                        false => Judgement::broken(Reason::WrongValue, reason, frames),
                    };
                }
            }
            Judgement::unproven(format!("{who} is told no reason, which is optional"))
        })
    })
}

/// `SIP;cause=603;text="..."`, with or without the name of the header field before it.
fn names_cause(reason: &str, cause: u16) -> bool {
    let value = reason.trim();
    let value = value.strip_prefix("Reason:").unwrap_or(value).trim();
    let mut parts = value.split(';').map(str::trim);
    let cause = format!("cause={cause}");
    parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("SIP"))
        && parts.any(|p| p == cause)
}

/// Users of the latest roster who hide behind an invalid host.
fn hidden<'s>(step: &'s RosterStep) -> Vec<&'s User> {
    let mut found: Vec<&User> = step.roster.present().collect();
    found.retain(|user| {
        SipUri::parse(&user.entity).is_ok_and(|uri| {
            let host = uri.host.to_ascii_lowercase();
            host == "invalid" || host.ends_with(".invalid")
        })
    });
    found
}

/// As many anonymous participants as have joined so, each with an entity of his own, and nothing that tells who they are.
//= CF-26 type=test
pub fn told_anonymously(who: &str, people: Vec<String>, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!(
        "{} in the state with an entity below .invalid of his own, and nowhere else",
        people.join(" and ")
    );
    Question::eventually(expected, patience, move |view| {
        if let Some(name) = people
            .iter()
            .find(|name| !leg(view, name).is_some_and(|l| l.is_up()))
        {
            return Judgement::unproven(format!("{name} has no leg"));
        }
        about_state(view, &who, |steps| {
            for step in steps {
                let body = step.notify.request.message.body_of(CONFERENCE_INFO);
                let text = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
                let shown = people.iter().find(|name| {
                    let digits = view.cast.number(name).trim_start_matches('+');
                    !digits.is_empty() && text.contains(digits)
                });
                if let Some(name) = shown {
                    let observed = format!("{name}'s number is in the state");
                    return Judgement::broken(Reason::Unexpected, observed, step.notify.frames());
                }
            }
            let Some(step) = steps.last() else {
                return Judgement::unproven("no state");
            };
            let frames = step.notify.frames();
            let hidden = hidden(step);
            let mut present = step.roster.present();
            let alone = present.all(|user| is_person(view, user, OWNER));
            match hidden.len() {
                many if many >= people.len() => {
                    Judgement::holds(format!("{many} anonymous participants"), frames)
                }
                few => {
                    let observed = match alone {
                        true => format!("{OWNER} alone"),
                        false => format!("{few} entities below .invalid"),
                    };
                    Judgement::Awaited { observed, frames }
                }
            }
        })
    })
}

/// No two notifications of one subscription are closer than the interval, and what happened is told all the same.
//= CF-27 type=test
pub fn paced(who: &str, person: &str, interval: f64, tolerance: f64, patience: f64) -> Question {
    let (who, person) = (who.to_owned(), person.to_owned());
    let expected = format!("{interval} s between notifications, and {person} in the last one");
    Question::eventually(expected, patience, move |view| {
        if conference_of(view, OWNER).is_none() {
            return Judgement::unproven("there is no conference");
        }
        let steps = told(view, &who);
        // Every SUBSCRIBE is answered by a notification at once, whatever the pace (RFC 6665 section 4.2.1.2): the first does not count.
        for pair in steps.windows(2).skip(1) {
            let gap = seconds(pair[0].notify.request.at(), pair[1].notify.request.at());
            if gap + tolerance < interval {
                let frames = [pair[0].notify.frames(), pair[1].notify.frames()].concat();
                return Judgement::broken(Reason::Unexpected, format!("{gap:.2} s"), frames);
            }
        }
        let shown = steps.iter().rfind(|step| {
            let mut users = step.roster.present();
            users.any(|user| is_person(view, user, &person))
        });
        match shown {
            Some(_) => {
                let frames: Vec<u32> = steps.iter().flat_map(|s| s.notify.frames()).collect();
                Judgement::holds(format!("{} notifications", steps.len()), frames)
            }
            None => Judgement::unproven(format!("{who} is not told of {person}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_reasons_as_rfc_3326_writes_them() {
        assert!(names_cause("SIP;cause=603;text=\"Decline\"", 603));
        assert!(names_cause("Reason: SIP ;cause=603", 603));
        assert!(!names_cause("SIP;cause=486", 603));
        assert!(!names_cause("Decline", 603));
        assert!(!names_cause("Q.850;cause=603", 603));
    }

    #[test]
    fn knows_the_words_of_coming_and_going() {
        assert_eq!(Way::of("dialed-in"), Some(Way::Joined("dialed-in")));
        assert_eq!(Way::of("booted"), Some(Way::Gone("booted")));
        assert_eq!(Way::of("eaten"), None);
    }
}
