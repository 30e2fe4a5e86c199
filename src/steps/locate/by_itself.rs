//! What a terminal sends by itself, because of something it was sent: the call that it is referred to, the end of a call that another
//! replaces, refreshes. None of it is an act of its user.
use super::same;
use crate::observe::{Direction, SipFact, Trace, Transaction, audio_direction};
use crate::verdict::scene::{first, number_in, originator};
use crate::wire::sip::{DialogName, ReferTo, SipMessage, number_of};
use std::collections::{HashMap, HashSet};

/// What in a recording makes terminals send something.
pub(super) struct Causes<'a> {
    /// Of each REFER of the system: its frame, whom it asks, and the URI that he is to call.
    referrals: Vec<(u32, Option<String>, String)>,
    /// Calls that an INVITE of the system replaces, since which frame.
    replaced: HashMap<String, u32>,
    /// Calls that were cancelled, since which frame.
    cancelled: HashMap<&'a str, u32>,
    /// What our side has said of its audio in each call, in order.
    described: HashMap<&'a str, Vec<(u32, &'static str)>>,
    /// Subscriptions of the system that have had no NOTIFY yet, by Call-ID.
    subscribed: HashSet<&'a str>,
    /// NOTIFYs of a focus that tell of a change: all but the one that answers a SUBSCRIBE.
    told: HashSet<u32>,
}

/// What a focus tells while the subscription lasts (RFC 4575 section 3.5).
fn is_conference_state(message: &SipMessage) -> bool {
    let first_of = |name: &str| {
        let value = message.header(name).unwrap_or_default();
        let value = value.split(';').next().unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    first_of("Event") == "conference" && first_of("Subscription-State") == "active"
}

/// Whom a request of the system goes to.
fn called(message: &SipMessage) -> Option<String> {
    let named = message.uri().and_then(number_of);
    named.or_else(|| message.header("To").and_then(number_in))
}

impl<'a> Causes<'a> {
    pub(super) fn of(trace: &'a Trace, all: &[Transaction<'a>]) -> Self {
        let mut found = Self {
            referrals: Vec::new(),
            replaced: HashMap::new(),
            cancelled: HashMap::new(),
            described: HashMap::new(),
            subscribed: HashSet::new(),
            told: HashSet::new(),
        };
        for one in all {
            found.note(one);
        }
        for seen in trace.facts.iter().filter_map(SipFact::of) {
            let own = seen.seen.direction != Direction::FromSystem;
            if let (true, Some(call_id)) = (own, seen.message.call_id())
                && let Some(direction) = audio_direction(seen)
            {
                let said = found.described.entry(call_id).or_default();
                said.push((first(seen.frames()), direction));
            }
        }
        found
    }

    fn note(&mut self, one: &Transaction<'a>) {
        let message = one.request.message;
        let frame = first(one.request.frames());
        let call_id = message.call_id().unwrap_or_default();
        match (one.direction, one.method) {
            (Direction::FromSystem, "REFER") => {
                let targets = message.headers_named("Refer-To");
                let targets = targets.filter_map(|value| ReferTo::parse(value).ok());
                for target in targets {
                    self.referrals.push((frame, called(message), target.uri));
                }
            }
            (Direction::FromSystem, "INVITE") => {
                let named = message.header("Replaces");
                let named = named.and_then(|value| DialogName::parse(value).ok());
                if let Some(named) = named {
                    self.replaced.entry(named.call_id).or_insert(frame);
                }
            }
            (Direction::FromSystem, "SUBSCRIBE") => {
                self.subscribed.insert(call_id);
            }
            (Direction::FromSystem, _) => {}
            (_, "NOTIFY") if is_conference_state(message) => {
                let answers = self.subscribed.remove(call_id);
                self.told.extend((!answers).then_some(frame));
            }
            (_, "CANCEL") => {
                self.cancelled.entry(call_id).or_insert(frame);
            }
            _ => {}
        }
    }

    /// No act of a user has led to it.
    pub(super) fn is_by_itself(&self, one: &Transaction) -> bool {
        let message = one.request.message;
        let within = message.to_tag().is_some();
        match one.method {
            "PRACK" => true,
            // What a referred terminal tells of its call is one too.
            "NOTIFY" => !self.told.contains(&first(one.request.frames())),
            "INVITE" | "UPDATE" if within => !self.changes(one),
            "UPDATE" => true,
            "INVITE" => self.is_referred(one),
            "SUBSCRIBE" if within => message.header("Expires").map(str::trim) != Some("0"),
            "BYE" => self.is_consequence(one),
            _ => false,
        }
    }

    /// Another direction of the audio than was said last, or something to be done beside; all else refreshes.
    fn changes(&self, one: &Transaction) -> bool {
        let message = one.request.message;
        let Some(direction) = audio_direction(one.request) else {
            return false;
        };
        let frame = first(one.request.frames());
        let call_id = message.call_id().unwrap_or_default();
        let said = self.described.get(call_id);
        let mut before = said.into_iter().flatten().rev();
        let before = before.find(|(earlier, _)| *earlier < frame);
        message.has_header("Require") || before.is_none_or(|(_, earlier)| *earlier != direction)
    }

    fn is_referred(&self, one: &Transaction) -> bool {
        let message = one.request.message;
        let (frame, by) = (first(one.request.frames()), originator(message));
        let uri = message.uri().unwrap_or_default();
        self.referrals.iter().any(|(earlier, asked, target)| {
            *earlier < frame && (asked.is_none() || *asked == by) && same::target(target, uri)
        })
    }

    fn is_consequence(&self, one: &Transaction) -> bool {
        let frame = first(one.request.frames());
        let call_id = one.request.message.call_id().unwrap_or_default();
        let since = [self.replaced.get(call_id), self.cancelled.get(call_id)];
        since.into_iter().flatten().any(|since| *since < frame)
    }
}
