//! Ut: what the XCAP server answers to a user's client (3GPP TS 24.623, RFC 4825).
//!
//! Exchanges are found by the identity in their address; a challenge and the request it answers are no exchange of their own, except where
//! authentication is what is asked about.
use super::scene::first;
use super::{Judgement, Question, Reason, View};
use crate::observe::{HttpExchange, http_exchanges};
use crate::wire::authentication::Challenge;
use crate::wire::http::HttpMessage;
use crate::wire::sip::number_of;
use crate::wire::xml::simservs::{self, MEDIA_TYPE, Rule, SimServs};
use crate::wire::xml::xcap_error::{self, Condition, XcapError};
use std::collections::BTreeSet;

/// The user an exchange is about.
fn user(exchange: &HttpExchange) -> Option<String> {
    let (_, rest) = exchange.request.target()?.split_once("/users/")?;
    let user = rest.split('/').next()?;
    let user = user.replace("%3A", ":").replace("%3a", ":");
    number_of(&user.replace("%40", "@").replace("%2B", "+"))
}

/// Exchanges about a person since the stimulus, without those that were challenged.
pub fn exchanges<'t>(view: &View<'t>, who: &str) -> Vec<HttpExchange<'t>> {
    let number = view.cast.number(who);
    let mut found = http_exchanges(view.trace);
    found.retain(|exchange| {
        first(&exchange.frames) > view.before_stimulus
            && exchange.status() != 401
            && user(exchange).as_deref() == Some(number)
    });
    found
}

/// A change the person has asked for was acknowledged.
pub fn acknowledged(who: &str, seconds: f64) -> Question {
    let person = who.to_owned();
    let expected = format!("the server acknowledges what {who} configures");
    Question::eventually(expected, seconds, move |view| {
        let changes = exchanges(view, &person);
        let change = changes
            .into_iter()
            .rfind(|exchange| exchange.request.method() != Some("GET"));
        match change {
            Some(change) if (200..300).contains(&change.status()) => {
                Judgement::holds(change.describe(), change.frames)
            }
            Some(change) => Judgement::unproven(change.describe()),
            None => Judgement::unproven("no change was asked for"),
        }
    })
}

/// The one answer a sentence asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    New,
    Replaced,
    Nothing,
    OtherVersion,
    NotModified,
    MediaType,
}

impl Part {
    fn code(self) -> u16 {
        match self {
            Self::New => 201,
            Self::Replaced => 200,
            Self::Nothing => 404,
            Self::OtherVersion => 412,
            Self::NotModified => 304,
            Self::MediaType => 415,
        }
    }

    /// Whether the present row is the one that judges what came instead.
    fn excuses(self, status: u16) -> bool {
        match self {
            // That it was taken is asked here; with which code is UT-09's business, and asked with New and Replaced.
            Self::New | Self::Replaced => !(200..300).contains(&status),
            _ => false,
        }
    }
}

/// The exchanges of everybody since the stimulus, without those that were challenged.
fn all<'t>(view: &View<'t>) -> Vec<HttpExchange<'t>> {
    let mut found = http_exchanges(view.trace);
    found.retain(|one| first(&one.frames) > view.before_stimulus && one.status() != 401);
    found
}

fn wrong(exchange: &HttpExchange) -> Judgement {
    Judgement::broken(
        Reason::WrongValue,
        exchange.describe(),
        exchange.frames.clone(),
    )
}

/// The last exchange was answered with the code that RFC 4825 gives it.
//= UT-04 type=test
//= UT-08 type=test
//= UT-09 type=test
pub fn status(part: Part, seconds: f64) -> Question {
    let code = part.code();
    let expected = format!("the server answers {code}");
    Question::eventually(expected, seconds, move |view| {
        let Some(last) = all(view).pop() else {
            return Judgement::unproven("nothing was asked for");
        };
        match last.status() {
            0 => Judgement::awaited("no response has come"),
            status if status == code => Judgement::holds(last.describe(), last.frames),
            status if part.excuses(status) => Judgement::unproven(last.describe()),
            _ => wrong(&last),
        }
    })
}

/// What the document that comes back says is what the last acknowledged one said.
//= UT-02 type=test
//= UT-05 type=test
//= UT-13 type=test
//= UT-16 type=test
//= CB-41 type=test
pub fn as_configured(who: &str, seconds: f64) -> Question {
    let person = who.to_owned();
    let expected = format!("{who} gets the services as they were configured");
    Question::eventually(expected, seconds, move |view| {
        let everything = View {
            before_stimulus: 0,
            ..*view
        };
        let puts: Vec<HttpExchange> = exchanges(&everything, &person)
            .into_iter()
            .filter(|one| one.request.method() == Some("PUT"))
            .collect();
        let whole =
            |one: &&HttpExchange| !one.request.target().unwrap_or_default().contains("/~~/");
        let wanted = puts.iter().rfind(whole);
        let wanted = wanted.and_then(|put| SimServs::parse(&put.request.body).ok());
        // Where the whole document was refused, nodes of it were put after that.
        let by_nodes = puts.last().is_some_and(|put| !whole(&put));
        let put = puts.into_iter().next_back();
        let got = exchanges(view, &person)
            .into_iter()
            .rfind(|one| one.request.method() == Some("GET"));
        let (Some(put), Some(got)) = (put, got) else {
            return Judgement::unproven("nothing was configured and read");
        };
        if !(200..300).contains(&put.status()) {
            return wrong(&put);
        }
        let body = got.response.map(|response| response.body.as_slice());
        let read = SimServs::parse(body.unwrap_or_default());
        match (got.status(), read) {
            (0, _) => Judgement::awaited("no response has come"),
            (200, Ok(read))
                if wanted.is_some_and(|wanted| {
                    wanted == read || by_nodes && does_the_same(&wanted, &read)
                }) =>
            {
                let frames = [put.frames, got.frames].concat();
                Judgement::holds("the services that were configured", frames)
            }
            (200, _) => Judgement::broken(
                Reason::WrongValue,
                "services that were not configured so",
                got.frames,
            ),
            _ => wrong(&got),
        }
    })
}

/// What is wanted is there, and whatever rules are there beside it are switched off.
fn does_the_same(wanted: &SimServs, read: &SimServs) -> bool {
    let services = [
        (&wanted.incoming, &read.incoming),
        (&wanted.outgoing, &read.outgoing),
    ];
    services.into_iter().all(|(wanted, read)| {
        let (Some(read), wanted) = (read, wanted.clone().unwrap_or_default()) else {
            return wanted.is_none();
        };
        let off = |rule: &Rule| {
            let switch = simservs::Condition::RuleDeactivated;
            rule.conditions.contains(&switch)
        };
        let beside = |rule: &&Rule| wanted.rules.iter().all(|one| one.id != rule.id);
        wanted.active == read.active
            && wanted.rules.iter().all(|rule| read.rules.contains(rule))
            && read.rules.iter().filter(beside).all(off)
    })
}

/// What comes back is the element, or the value of the attribute, that the address names.
//= UT-03 type=test
pub fn node(who: &str, seconds: f64) -> Question {
    let person = who.to_owned();
    Question::eventually("the node of the address comes back", seconds, move |view| {
        let Some(got) = exchanges(view, &person).pop() else {
            return Judgement::unproven("nothing was asked for");
        };
        let target = got.request.target().unwrap_or_default();
        let selector = target.split_once("/~~/").map_or("", |(_, node)| node);
        let selector = selector.split('?').next().unwrap_or_default();
        let last = selector.rsplit('/').next().unwrap_or_default();
        let name = last.split("%5B").next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        let id = last.split("%22").nth(1);
        let body = got.response.map_or(&b""[..], |response| &response.body);
        let text = String::from_utf8_lossy(body);
        let tag = text.trim_start().strip_prefix('<').unwrap_or_default();
        let tag = tag.split([' ', '>', '/', '\n']).next().unwrap_or_default();
        let is_element = tag.rsplit(':').next() == Some(local);
        let is_that = id.is_none_or(|id| text.contains(&format!("\"{id}\"")));
        match got.status() {
            0 => Judgement::awaited("no response has come"),
            200 if is_element && is_that => Judgement::holds(got.describe(), got.frames),
            200 => Judgement::broken(Reason::WrongValue, "another node", got.frames),
            _ => wrong(&got),
        }
    })
}

/// The media types of the nodes that were asked for.
//= UT-04 type=test
pub fn media_types(seconds: f64) -> Question {
    let expected = "document, element and attribute come under their media types";
    Question::eventually(expected, seconds, |view| {
        let got: Vec<HttpExchange> = all(view);
        let mut frames = Vec::new();
        for exchange in &got {
            let target = exchange.request.target().unwrap_or_default();
            let expected: &[&str] = match target.split_once("/~~/") {
                // One client in the field leaves the vendor's prefix out (UT-04 tolerates it).
                None => &[MEDIA_TYPE, "application/simservs+xml"],
                Some((_, node)) if node.contains("/@") => &["application/xcap-att+xml"],
                Some(_) => &["application/xcap-el+xml"],
            };
            if exchange.status() != 200 {
                return Judgement::unproven(exchange.describe());
            }
            let media_type = exchange.response.and_then(HttpMessage::media_type);
            let media_type = media_type.unwrap_or_default();
            if !expected.contains(&media_type.as_str()) {
                let observed = format!("{target} comes as {media_type:?}");
                return Judgement::broken(Reason::WrongValue, observed, exchange.frames.clone());
            }
            frames.extend(&exchange.frames);
        }
        match got.len() {
            0..3 => Judgement::awaited("not everything has come"),
            count => Judgement::holds(format!("{count} media types"), frames),
        }
    })
}

/// Every success carries an entity tag, and all nodes of a version the same.
//= UT-07 type=test
pub fn one_version(seconds: f64) -> Question {
    let expected = "document and nodes have the same entity tag";
    Question::eventually(expected, seconds, |view| {
        let got: Vec<HttpExchange> = all(view);
        let mut tags = BTreeSet::new();
        let mut frames = Vec::new();
        for exchange in &got {
            if exchange.status() != 200 {
                return Judgement::unproven(exchange.describe());
            }
            match exchange.response.and_then(|one| one.header("ETag")) {
                Some(tag) => tags.insert(tag),
                None => {
                    let observed = "a success without ETag";
                    return Judgement::broken(Reason::Missing, observed, exchange.frames.clone());
                }
            };
            frames.extend(&exchange.frames);
        }
        match (got.len(), tags.len()) {
            (0..3, _) => Judgement::awaited("not everything has come"),
            (_, 1) => Judgement::holds("one entity tag", frames),
            (_, count) => {
                Judgement::broken(Reason::WrongValue, format!("{count} entity tags"), frames)
            }
        }
    })
}

/// Somebody who does not say who he is is challenged.
//= UT-06 type=test
pub fn challenged(who: &str, seconds: f64) -> Question {
    let person = who.to_owned();
    let expected = "the server asks with 401 and a Digest challenge who it is";
    Question::eventually(expected, seconds, move |view| {
        let number = view.cast.number(&person);
        let asked = http_exchanges(view.trace).into_iter().rfind(|one| {
            first(&one.frames) > view.before_stimulus && user(one).as_deref() == Some(number)
        });
        let Some(asked) = asked else {
            return Judgement::unproven("nothing was asked for");
        };
        let challenges = asked
            .response
            .iter()
            .flat_map(|response| response.headers("WWW-Authenticate"));
        let realm = challenges.filter_map(Challenge::parse).next();
        match (asked.status(), realm) {
            (0, _) => Judgement::awaited("no response has come"),
            (401, Some(challenge)) => {
                let observed = format!("asked for {}", challenge.realm);
                Judgement::holds(observed, asked.frames)
            }
            _ => wrong(&asked),
        }
    })
}

/// The last change was made; with which status is UT-09's business.
pub fn made(seconds: f64) -> Question {
    Question::eventually("the server makes the change", seconds, |view| {
        let Some(last) = all(view).pop() else {
            return Judgement::unproven("nothing was asked for");
        };
        match last.status() {
            0 => Judgement::awaited("no response has come"),
            200 | 201 => Judgement::holds(last.describe(), last.frames),
            200..300 => Judgement::unproven(last.describe()),
            _ => wrong(&last),
        }
    })
}

/// The DELETE is acknowledged and nothing is found afterwards.
//= UT-09 type=test
pub fn gone(seconds: f64) -> Question {
    Question::eventually("200, and 404 after that", seconds, |view| {
        let found: Vec<HttpExchange> = all(view);
        let [.., delete, get] = found.as_slice() else {
            return Judgement::awaited("not everything has come");
        };
        match (delete.status(), get.status()) {
            (_, 0) | (0, _) => Judgement::awaited("no response has come"),
            (200 | 204, 404) => {
                let frames = [delete.frames.clone(), get.frames.clone()].concat();
                Judgement::holds("deleted, and not found", frames)
            }
            (200 | 204, _) => wrong(get),
            _ => wrong(delete),
        }
    })
}

/// 409 that says why, RFC 4825 section 11.
//= UT-10 type=test
//= UT-11 type=test
pub fn refused(condition: Condition, seconds: f64) -> Question {
    let expected = format!("409 with {}", condition.element());
    Question::eventually(expected, seconds, move |view| {
        let Some(last) = all(view).pop() else {
            return Judgement::unproven("nothing was asked for");
        };
        let Some(response) = last.response else {
            return Judgement::awaited("no response has come");
        };
        let typed = response.media_type().as_deref() == Some(xcap_error::MEDIA_TYPE);
        match (last.status(), XcapError::parse(&response.body)) {
            (409, Ok(error)) if error.condition == condition && typed => {
                let observed = format!("409 with {}", error.condition.element());
                Judgement::holds(observed, last.frames)
            }
            (409, Ok(error)) => {
                let observed = format!("409 with {}", error.condition.element());
                Judgement::broken(Reason::WrongValue, observed, last.frames)
            }
            (status, _) => {
                let observed = format!("{status} without an XCAP error");
                Judgement::broken(Reason::WrongValue, observed, last.frames)
            }
        }
    })
}
