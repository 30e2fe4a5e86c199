//! The properties a user can have, what a value of each looks like, and what holds where nothing is set.
//!
//! `fixtures/systems/README.md` explains them to those who write profiles; a self-test holds the two together.
use super::Properties;
use crate::sut::Ixit;
use serde_json::{Value, json};

/// What values of a property look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Truth,
    OneOf(&'static [&'static str]),
    Number,
    Text,
    Texts,
}

/// A property of a user.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub name: &'static str,
    pub kind: Kind,
    /// What holds of a user of whom nothing else is said, as JSON; empty where the profile or the system says it.
    unset: &'static str,
    /// It means something for users of multimedia telephony.
    pub of_mmtel: bool,
}

const fn known(name: &'static str, kind: Kind, unset: &'static str) -> Known {
    Known {
        name,
        kind,
        unset,
        of_mmtel: false,
    }
}

const fn of_mmtel(name: &'static str, kind: Kind, unset: &'static str) -> Known {
    Known {
        name,
        kind,
        unset,
        of_mmtel: true,
    }
}

const KNOWN: &[Known] = &[
    known("number", Kind::Text, ""),
    known("contact", Kind::Text, ""),
    known("cpm", Kind::Truth, "false"),
    known(
        "provider_policy",
        Kind::OneOf(&["forbid", "auto-accept", "ask", "none"]),
        "\"none\"",
    ),
    known(
        "user_preference",
        Kind::OneOf(&["accept", "reject", "ask", "unset"]),
        "\"unset\"",
    ),
    known("chats_as_sms", Kind::Truth, "true"),
    known("interworking_authorised", Kind::Truth, "true"),
    known("transport_level_subscribed", Kind::Truth, "true"),
    known("service_level_subscribed", Kind::Truth, "true"),
    known("transport_level_authorised", Kind::Truth, "true"),
    known(
        "level_policy",
        Kind::OneOf(&["transport", "service"]),
        "\"service\"",
    ),
    known("encapsulated_delivery", Kind::Truth, "true"),
    of_mmtel("cmmc_subscriber", Kind::Truth, "true"),
    of_mmtel("cmmc_permission", Kind::Truth, "true"),
    known("terminating_delivery", Kind::Truth, "false"),
    known("anonymity_allowed", Kind::Truth, "true"),
    known("anonymous_name", Kind::Text, ""),
    known(
        "sender_number",
        Kind::OneOf(&["own", "assigned"]),
        "\"assigned\"",
    ),
    known("pool", Kind::Text, ""),
    known("notify_on_teardown", Kind::Truth, "true"),
    known("answer_seconds", Kind::Number, ""),
    known("provisional_refresh_seconds", Kind::Number, ""),
    known("quarantine_seconds", Kind::Number, ""),
    known("reassembly_seconds", Kind::Number, ""),
    known("message_response_seconds", Kind::Number, "30"),
    known("reconnect_seconds", Kind::Number, ""),
    known("tell_changes", Kind::Truth, "true"),
    known("change_interval_seconds", Kind::Number, ""),
    known("submission_seconds", Kind::Number, ""),
    known("large_message_octets", Kind::Number, "1300"),
    known("report_seconds", Kind::Number, ""),
    known("keep_seconds", Kind::Number, ""),
    known("echo_headers", Kind::Texts, ""),
    of_mmtel(
        "refusal_shape",
        Kind::OneOf(&["plain", "early-announcement", "answered-announcement"]),
        "\"plain\"",
    ),
    of_mmtel("refusal_reason", Kind::Truth, "false"),
    of_mmtel("announcement_seconds", Kind::Number, ""),
    known(
        "alphanumeric_originators",
        Kind::OneOf(&["shown", "refused"]),
        "\"shown\"",
    ),
    known("invite_text", Kind::Text, ""),
    known("group_invite_text", Kind::Text, ""),
    known("closing_text", Kind::Text, ""),
    known("help_text", Kind::Text, ""),
    known("group_prefix", Kind::Text, ""),
    known("joined_text", Kind::Text, ""),
    known("left_text", Kind::Text, ""),
    known("accept_words", Kind::Texts, ""),
    known("reject_words", Kind::Texts, ""),
    known("leave_words", Kind::Texts, ""),
];

pub fn of(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.name)
}

impl Known {
    /// What is wrong with a value, and what may stand there.
    pub fn wrong(&self, value: &Value) -> Option<String> {
        let (fits, what) = match self.kind {
            Kind::Truth => (value.is_boolean(), "write true or false".to_owned()),
            Kind::Number => (
                value.as_f64().is_some_and(|number| number >= 0.0),
                "write a number".to_owned(),
            ),
            Kind::Text => (
                value.is_string(),
                "write a text, in quotes if it looks like a number".to_owned(),
            ),
            Kind::Texts => (
                value
                    .as_array()
                    .is_some_and(|l| l.iter().all(Value::is_string)),
                "write a list of texts".to_owned(),
            ),
            Kind::OneOf(words) => (
                value.as_str().is_some_and(|word| words.contains(&word)),
                format!("write one of {}", words.join(", ")),
            ),
        };
        (!fits).then(|| format!("{value} does not fit; {what}"))
    }
}

/// What the profile's values make of an ordinary user of the CPM service.
pub fn ordinary(ixit: &Ixit) -> Properties {
    let values = json!({
        "answer_seconds": ixit.answer_seconds, "provisional_refresh_seconds": ixit.provisional_refresh_seconds,
        "quarantine_seconds": ixit.quarantine_seconds, "large_message_octets": ixit.large_message_octets,
        "echo_headers": ixit.echo_headers,
        "anonymous_name": ixit.texts.anonymous_name,
        "change_interval_seconds": ixit.change_interval_seconds, "group_prefix": ixit.texts.group_prefix,
        "joined_text": ixit.texts.joined, "left_text": ixit.texts.left,
        "invite_text": ixit.texts.invite, "group_invite_text": ixit.texts.group_invite,
        "closing_text": ixit.texts.closing, "help_text": ixit.texts.help,
        "accept_words": ixit.words.accept, "reject_words": ixit.words.reject, "leave_words": ixit.words.leave,
    });
    let members = values.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The value of a property where the user has none of his own: the ordinary one, else the documented one, else null.
pub fn unset(name: &str, ordinary: &Properties) -> Value {
    if let Some(value) = ordinary.get(name) {
        return value.clone();
    }
    let documented = of(name).map_or("", |known| known.unset);
    serde_json::from_str(documented).unwrap_or(Value::Null)
}

/// Numbers are equal however they are written.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => one == other,
    }
}
