//! What the gateway knows of its subscribers: the data 3GPP TS 23.204 clause 5.2.3 has it fetch from the HSS, and operator settings.
//!
//! Entries come over the provisioning interface. A number without an entry is treated with the provider's defaults, and those with the
//! defaults written here. This module answers "what applies to this pair of parties"; it decides nothing. More than 400 lines,
//! because every key has its place in the entry, in its check and in what applies.

use super::levels::{Level, PerLevel, Subscription};
use crate::reference::faults::{Fault, InForce};
use crate::reference::sgd::HssData;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Most subscribers kept; further ones are refused.
pub const MOST_SUBSCRIBERS: usize = 200_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderPolicy {
    Forbid,
    AutoAccept,
    Ask,
    #[default]
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum UserPreference {
    Accept,
    Reject,
    Ask,
    #[default]
    Unset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum SenderNumber {
    Own,
    #[default]
    Assigned,
}

/// What becomes of short messages whose sender is a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum AlphanumericOriginators {
    /// Delivered from a SIP URI with the name as display name.
    #[default]
    Shown,
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct TemplateEntries {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_invite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct KeywordEntries {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<Vec<String>>,
}

/// One subscriber as provisioned, or the provider's defaults: the same object (see `provisioning`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Subscriber {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpm: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_policy: Option<ProviderPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_preference: Option<UserPreference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chats_as_sms: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interworking_authorised: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport_level_subscribed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_level_subscribed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport_level_authorised: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level_policy: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encapsulated_delivery: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymity_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_number: Option<SenderNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sc_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminating_delivery: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_on_teardown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisional_refresh_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reassembly_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_response_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tell_changes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_interval_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large_message_octets: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alphanumeric_originators: Option<AlphanumericOriginators>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<TemplateEntries>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<KeywordEntries>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_answer_code: Option<u16>,
    /// How the MMTel AS refuses communications on behalf of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barring: Option<crate::reference::mmtel_as::RefusalSettings>,
    /// A CMMC service subscriber.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmmc_subscriber: Option<bool>,
    /// Permits the CMMC focus to invite him (RFC 5360).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmmc_permission: Option<bool>,
}

impl Subscriber {
    /// What no type can say: ranges of times and codes, and sizes of lists and texts.
    pub fn check(&self) -> Result<(), String> {
        let seconds = [
            ("answer_seconds", self.answer_seconds),
            (
                "provisional_refresh_seconds",
                self.provisional_refresh_seconds,
            ),
            ("quarantine_seconds", self.quarantine_seconds),
            ("reassembly_seconds", self.reassembly_seconds),
            ("message_response_seconds", self.message_response_seconds),
            ("reconnect_seconds", self.reconnect_seconds),
            ("change_interval_seconds", self.change_interval_seconds),
            ("submission_seconds", self.submission_seconds),
            ("report_seconds", self.report_seconds),
            ("keep_seconds", self.keep_seconds),
        ];
        for (key, value) in seconds {
            if value.is_some_and(|v| !(0.0..=86_400.0).contains(&v)) {
                return Err(format!("`{key}` must be between 0 and 86400 seconds"));
            }
        }
        let codes = [
            ("reject_code", self.reject_code),
            ("no_answer_code", self.no_answer_code),
        ];
        for (key, value) in codes {
            if value.is_some_and(|v| !(300..=699).contains(&v)) {
                return Err(format!(
                    "`{key}` must be a final response code from 300 to 699"
                ));
            }
        }
        if let Some(keywords) = &self.keywords {
            for list in [&keywords.accept, &keywords.reject, &keywords.leave] {
                if list.as_ref().is_some_and(|l| l.is_empty() || l.len() > 64) {
                    return Err("`keywords`: a list holds 1 to 64 keywords".into());
                }
            }
        }
        Ok(())
    }
}

/// Keywords with every list filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keywords {
    pub accept: Vec<String>,
    pub reject: Vec<String>,
    pub leave: Vec<String>,
}

/// Texts with every text filled; an empty `late_answer` means none is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    pub invite: String,
    pub group_invite: String,
    pub closing: String,
    pub help: String,
    pub late_answer: String,
    /// What stands before a text from a group chat.
    pub group_prefix: String,
    /// Who has joined or left a group chat.
    pub joined: String,
    pub left: String,
}

/// Everything that applies to one attempt, looked up once when it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub originator_authorised: bool,
    pub anonymity_allowed: bool,
    pub sender_number: SenderNumber,
    pub pool: String,
    /// Of the originator's short messages.
    pub service_centre: Option<String>,
    /// The recipient is in this network, and the gateway delivers to him itself.
    pub terminating_delivery: bool,
    pub notify_on_teardown: bool,
    pub answer_seconds: f64,
    pub provisional_refresh_seconds: f64,
    pub quarantine_seconds: f64,
    pub reassembly_seconds: f64,
    /// How long the CPM user's client may take to answer a SEND.
    pub message_response_seconds: f64,
    /// How long a lost MSRP connection may take to come back.
    pub reconnect_seconds: f64,
    /// SMS users are told who joins or leaves a group chat, at most this often.
    pub tell_changes: bool,
    pub change_interval_seconds: f64,
    /// How long a SIP MESSAGE may wait for the SMSC before 202.
    pub submission_seconds: f64,
    /// How long status reports are waited for (T_dr).
    pub report_seconds: f64,
    /// How long CPM parameters outlive the last message (T_keep), and header fields kept with them.
    pub keep_seconds: f64,
    pub echo_headers: Vec<String>,
    pub templates: Templates,
    pub anonymous_name: String,
    pub keywords: Keywords,
    pub reject_code: u16,
    pub no_answer_code: u16,
    pub provider_policy: ProviderPolicy,
    pub user_preference: UserPreference,
    /// The recipient is a CPM user who does not want chats as short messages.
    pub recipient_wants_no_short_messages: bool,
    /// The recipient is a CPM user: the gateway is in the terminating network.
    pub recipient_is_cpm_user: bool,
}

/// All entries. Not synchronised; the gateway puts it behind a lock.
#[derive(Debug, Default)]
pub struct Subscribers {
    pub provider: Subscriber,
    pub faults: InForce,
    /// Of users for whom nothing else names one.
    pub default_service_centre: Option<String>,
    entries: BTreeMap<String, Subscriber>,
    /// Read from the HSS when a user registers.
    hss: HashMap<String, HssData>,
}

impl Subscribers {
    /// Adds or replaces; true if it was new, `None` if there is no room.
    pub fn put(&mut self, number: &str, entry: Subscriber) -> Option<bool> {
        if self.entries.len() >= MOST_SUBSCRIBERS && !self.entries.contains_key(number) {
            return None;
        }
        Some(self.entries.insert(number.to_owned(), entry).is_none())
    }

    pub fn get(&self, number: &str) -> Option<&Subscriber> {
        self.entries.get(number)
    }

    pub fn delete(&mut self, number: &str) -> bool {
        self.hss.remove(number);
        self.entries.remove(number).is_some()
    }

    /// The value of one key for one number: its entry, else the provider's default.
    fn of<T>(&self, number: &str, key: impl Fn(&Subscriber) -> Option<T>) -> Option<T> {
        let entry = self.entries.get(number);
        entry.and_then(&key).or_else(|| key(&self.provider))
    }

    /// The number belongs to a CPM user.
    pub fn is_cpm_user(&self, number: &str) -> bool {
        self.of(number, |s| s.cpm).unwrap_or(false)
    }

    /// Where out-of-dialog requests for this CPM user go.
    pub fn contact(&self, number: &str) -> Option<String> {
        self.entries.get(number).and_then(|s| s.contact.clone())
    }

    /// Octets of text up to which a short message to this CPM user is one SIP MESSAGE.
    pub fn large_message_octets(&self, number: &str) -> usize {
        self.of(number, |s| s.large_message_octets).unwrap_or(1300)
    }

    /// What becomes of short messages to this CPM user whose sender is a name.
    pub fn alphanumeric_originators(&self, number: &str) -> AlphanumericOriginators {
        self.of(number, |s| s.alphanumeric_originators)
            .unwrap_or_default()
    }

    /// The subscriber may use interworking, as originator or as recipient.
    /// What the HSS says comes before what is provisioned here.
    pub fn is_authorised(&self, number: &str) -> bool {
        mark!("AUT-09");
        let held = self.hss.get(number).and_then(|data| data.authorised);
        held.or_else(|| self.of(number, |s| s.interworking_authorised))
            .unwrap_or(true)
    }

    /// The service centre of this user's short messages: the HSS's, else the provisioned one.
    fn service_centre(&self, number: &str) -> Option<String> {
        mark!("INV-03");
        let held = self.hss.get(number);
        let held = held.and_then(|data| data.service_centre.clone());
        let provisioned = self
            .of(number, |s| s.sc_address.clone())
            .or_else(|| self.default_service_centre.clone());
        if self.faults.is(Fault::OwnConfigOverHssScAddress) {
            return provisioned.or(held);
        }
        held.or(provisioned)
    }

    /// Keeps what the HSS holds about a user, in place of what it held before.
    pub fn keep(&mut self, number: &str, data: HssData) {
        if self.hss.len() < MOST_SUBSCRIBERS || self.hss.contains_key(number) {
            self.hss.insert(number.to_owned(), data);
        }
    }

    /// What the subscriber data say about the two levels of 3GPP TS 23.204 clause 6.8.1.
    pub fn subscription(&self, number: &str) -> Subscription {
        let is = |key: fn(&Subscriber) -> Option<bool>| self.of(number, key).unwrap_or(true);
        Subscription {
            subscribed: PerLevel {
                transport: is(|s| s.transport_level_subscribed),
                service: is(|s| s.service_level_subscribed),
            },
            authorised: PerLevel {
                transport: is(|s| s.transport_level_authorised),
                service: is(|s| s.interworking_authorised),
            },
            policy: self.of(number, |s| s.level_policy).unwrap_or_default(),
        }
    }

    /// Instant messages for this user, while he is registered for SMS over IP alone, go to him encapsulated and not by the SC.
    pub fn encapsulated_delivery(&self, number: &str) -> bool {
        self.of(number, |s| s.encapsulated_delivery).unwrap_or(true)
    }

    /// The provider's policy: the recipient's entry, else the originator's, else the provider's default; `none` is not set.
    fn provider_policy(&self, originator: &str, recipient: &str) -> ProviderPolicy {
        let set = |s: &Subscriber| {
            s.provider_policy
                .filter(|policy| *policy != ProviderPolicy::None)
        };
        let recipient = self.entries.get(recipient).and_then(set);
        let originator = || self.entries.get(originator).and_then(set);
        recipient
            .or_else(originator)
            .or_else(|| set(&self.provider))
            .unwrap_or_default()
    }

    /// Everything that applies when `originator` chats or sends to `recipient`.
    pub fn settings(&self, originator: &str, recipient: &str) -> Settings {
        let o = originator;
        let seconds =
            |key: fn(&Subscriber) -> Option<f64>, default| self.of(o, key).unwrap_or(default);
        let chats_as_sms = self.of(recipient, |s| s.chats_as_sms).unwrap_or(true);
        Settings {
            originator_authorised: self.is_authorised(o),
            anonymity_allowed: self.of(o, |s| s.anonymity_allowed).unwrap_or(true),
            sender_number: self.of(o, |s| s.sender_number).unwrap_or_default(),
            pool: self.of(o, |s| s.pool.clone()).unwrap_or("default".into()),
            service_centre: self.service_centre(o),
            terminating_delivery: self
                .of(recipient, |s| s.terminating_delivery)
                .unwrap_or(false),
            notify_on_teardown: self.of(o, |s| s.notify_on_teardown).unwrap_or(true),
            answer_seconds: seconds(|s| s.answer_seconds, 120.0),
            provisional_refresh_seconds: seconds(|s| s.provisional_refresh_seconds, 55.0),
            quarantine_seconds: seconds(|s| s.quarantine_seconds, 30.0),
            reassembly_seconds: seconds(|s| s.reassembly_seconds, 60.0),
            message_response_seconds: seconds(|s| s.message_response_seconds, 30.0),
            reconnect_seconds: seconds(|s| s.reconnect_seconds, 5.0),
            tell_changes: self.of(o, |s| s.tell_changes).unwrap_or(true),
            change_interval_seconds: seconds(|s| s.change_interval_seconds, 5.0),
            submission_seconds: seconds(|s| s.submission_seconds, 25.0),
            report_seconds: seconds(|s| s.report_seconds, 86_400.0),
            keep_seconds: seconds(|s| s.keep_seconds, 86_400.0),
            echo_headers: self.of(o, |s| s.echo_headers.clone()).unwrap_or_default(),
            templates: self.templates(o),
            anonymous_name: self
                .of(o, |s| s.anonymous_name.clone())
                .unwrap_or("An anonymous user".into()),
            keywords: self.keywords(o),
            reject_code: self.of(o, |s| s.reject_code).unwrap_or(603),
            no_answer_code: self.of(o, |s| s.no_answer_code).unwrap_or(480),
            provider_policy: self.provider_policy(o, recipient),
            user_preference: self
                .of(recipient, |s| s.user_preference)
                .unwrap_or_default(),
            recipient_is_cpm_user: self.is_cpm_user(recipient),
            recipient_wants_no_short_messages: self.is_cpm_user(recipient) && !chats_as_sms,
        }
    }

    fn templates(&self, number: &str) -> Templates {
        let text = |key: fn(&TemplateEntries) -> Option<String>, default: &str| {
            self.of(number, |s| s.templates.as_ref().and_then(key))
                .unwrap_or_else(|| default.to_owned())
        };
        Templates {
            invite: text(
                |t| t.invite.clone(),
                "{caller} invites you to a chat session. Reply {accept} to accept or {reject} to reject; send {leave} to end the chat.",
            ),
            group_invite: text(
                |t| t.group_invite.clone(),
                "{caller} invites you to a group chat. Reply {accept} to accept or {reject} to reject; send {leave} to end the chat.",
            ),
            closing: text(|t| t.closing.clone(), "The chat with {caller} has ended."),
            help: text(
                |t| t.help.clone(),
                "Please reply {accept} to accept or {reject} to reject the chat with {caller}.",
            ),
            late_answer: text(|t| t.late_answer.clone(), ""),
            group_prefix: text(|t| t.group_prefix.clone(), "{sender}: "),
            joined: text(|t| t.joined.clone(), "{participants} joined."),
            left: text(|t| t.left.clone(), "{participants} left."),
        }
    }

    pub fn keywords(&self, number: &str) -> Keywords {
        let list = |key: fn(&KeywordEntries) -> Option<Vec<String>>, default: &str| {
            self.of(number, |s| s.keywords.as_ref().and_then(key))
                .unwrap_or_else(|| vec![default.to_owned()])
        };
        Keywords {
            accept: list(|k| k.accept.clone(), "yes"),
            reject: list(|k| k.reject.clone(), "no"),
            leave: list(|k| k.leave.clone(), "stop"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALICE: &str = "+447700900001";
    const BOB: &str = "+447700900002";

    fn entry(json: &str) -> Subscriber {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn parties_without_entries_get_the_documented_defaults() {
        let settings = Subscribers::default().settings(ALICE, BOB);
        assert!(settings.originator_authorised && settings.anonymity_allowed);
        assert_eq!(settings.provider_policy, ProviderPolicy::None);
        assert_eq!((settings.reject_code, settings.no_answer_code), (603, 480));
        assert_eq!(settings.pool, "default");
        assert!(!settings.recipient_wants_no_short_messages);
    }

    #[test]
    fn provider_policy_is_the_recipients_then_the_originators_then_the_providers() {
        let mut s = Subscribers {
            provider: entry(r#"{"provider_policy":"forbid"}"#),
            ..Subscribers::default()
        };
        assert_eq!(
            s.settings(ALICE, BOB).provider_policy,
            ProviderPolicy::Forbid
        );
        s.put(ALICE, entry(r#"{"provider_policy":"auto-accept"}"#));
        s.put(BOB, entry(r#"{"provider_policy":"none"}"#));
        let policy = s.settings(ALICE, BOB).provider_policy;
        assert_eq!(policy, ProviderPolicy::AutoAccept);
        s.put(BOB, entry(r#"{"provider_policy":"ask"}"#));
        assert_eq!(s.settings(ALICE, BOB).provider_policy, ProviderPolicy::Ask);
    }

    #[test]
    fn a_partial_template_or_keyword_entry_leaves_the_rest_to_the_provider() {
        let mut s = Subscribers {
            provider: entry(r#"{"templates":{"closing":"bye"},"keywords":{"reject":["nein"]}}"#),
            ..Subscribers::default()
        };
        s.put(
            ALICE,
            entry(r#"{"templates":{"invite":"hi"},"keywords":{"accept":["ja"]}}"#),
        );
        let settings = s.settings(ALICE, BOB);
        assert_eq!(settings.templates.invite, "hi");
        assert_eq!(settings.templates.closing, "bye");
        assert_eq!(settings.keywords.accept, ["ja"]);
        assert_eq!(settings.keywords.reject, ["nein"]);
        assert_eq!(settings.keywords.leave, ["stop"]);
    }

    #[test]
    fn chats_as_sms_counts_only_for_cpm_users() {
        let mut s = Subscribers::default();
        s.put(BOB, entry(r#"{"chats_as_sms":false}"#));
        assert!(!s.settings(ALICE, BOB).recipient_wants_no_short_messages);
        s.put(BOB, entry(r#"{"chats_as_sms":false,"cpm":true}"#));
        assert!(s.settings(ALICE, BOB).recipient_wants_no_short_messages);
    }

    #[test]
    fn refuses_impossible_times_and_codes() {
        assert!(entry(r#"{"answer_seconds":-1}"#).check().is_err());
        assert!(entry(r#"{"reject_code":200}"#).check().is_err());
        assert!(
            entry(r#"{"answer_seconds":0.5,"reject_code":486}"#)
                .check()
                .is_ok()
        );
    }
}
