//! The CPM parameters that no short message can carry: kept with the latest message of a pair, sent back with what the SMS user answers
//! (OMA-RD-CPM-V1_0 CPM-IWF-008, catalogue section 2.11).
//!
//! Values are opaque. Which message is sent, and where to, is decided in `pager`; sessions keep theirs with the invitation.

use super::inbound::ShortMessage;
use super::invitation::Sender;
use super::subscribers::Settings;
use super::{Gateway, locked};
use crate::reference::faults::{Fault, InForce};
use crate::reference::user_agent::HeaderList;
use crate::wire::sip::SipMessage;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Pairs of sender number and SMS user whose parameters are kept.
const MOST_CONVERSATIONS: usize = 50_000;

/// The latest CPM message from one number to one SMS user.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The CPM user behind the number, where it is not his own.
    pub cpm_user: String,
    kept: Kept,
    /// Until when `kept` may be used, and for how long from a message on.
    until: Instant,
    keep: Duration,
}

/// What is sent back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Kept {
    conversation_id: Option<String>,
    contribution_id: Option<String>,
    /// Header fields that come back as they are, a non-CPM service identifier for one.
    echoed: HeaderList,
}

/// Kept parameters by (number, SMS user); the oldest go first.
#[derive(Debug, Default)]
pub struct Conversations {
    latest: HashMap<(String, String), Conversation>,
    order: VecDeque<(String, String)>,
}

impl Conversations {
    fn keep(&mut self, number: &str, sms_user: &str, conversation: Conversation) {
        let key = (number.to_owned(), sms_user.to_owned());
        if self.latest.insert(key.clone(), conversation).is_none() {
            self.order.push_back(key);
        }
        if self.latest.len() > MOST_CONVERSATIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.latest.remove(&oldest);
        }
    }

    pub fn find(&self, number: &str, sms_user: &str) -> Option<Conversation> {
        let key = (number.to_owned(), sms_user.to_owned());
        self.latest.get(&key).cloned()
    }

    /// What is to go back with an answer of the SMS user to that number; the time to keep it begins again.
    fn for_answer(
        &mut self,
        now: Instant,
        (number, sms_user): (&str, &str),
        faults: InForce,
    ) -> Kept {
        mark!("PAR-11");
        mark!("PAR-13");
        let mut key = (number.to_owned(), sms_user.to_owned());
        if faults.is(Fault::ParametersBySmsUserAlone) {
            let latest = self.order.iter().rfind(|(_, user)| user == sms_user);
            key = latest.cloned().unwrap_or(key);
        }
        let Some(conversation) = self.latest.get_mut(&key) else {
            return Kept::default();
        };
        let mut until = conversation.until;
        if faults.is(Fault::ParametersKeptForEver) {
            until = now + Duration::from_secs(1);
        }
        if faults.is(Fault::ParametersForgottenEarly) {
            until -= conversation.keep * 3 / 4;
        }
        if until <= now {
            return Kept::default();
        }
        conversation.until = now + conversation.keep;
        let kept = conversation.kept.clone();
        if faults.is(Fault::ParametersForgottenAfterAnswer) {
            conversation.kept = Kept::default();
        }
        kept
    }
}

/// Keeps the parameters of a CPM message to an SMS user, for the answers to the number it went out from.
pub fn keep(
    gateway: &Gateway,
    settings: &Settings,
    (request, sender): (&SipMessage, &Sender),
    (number, sms_user): (&str, &str),
) {
    mark!("PAR-01");
    mark!("PAR-06");
    mark!("PAR-12");
    mark!("PAR-10");
    let faults = gateway.faults;
    let stored = |value: &Option<String>| match value {
        Some(value) if faults.is(Fault::ParametersInLowerCase) => Some(value.to_ascii_lowercase()),
        value => value.clone(),
    };
    let mut kept = Kept {
        conversation_id: stored(&sender.conversation_id),
        contribution_id: stored(&sender.contribution_id),
        echoed: echoed(request, &settings.echo_headers),
    };
    let mut conversations = locked(&gateway.conversations);
    if faults.is(Fault::InReplyToFirstMessage)
        && let Some(first) = conversations.find(number, sms_user)
    {
        kept.contribution_id = first.kept.contribution_id;
    }
    let keep = Duration::from_secs_f64(settings.keep_seconds);
    let conversation = Conversation {
        cpm_user: sender.number.clone(),
        kept,
        until: Instant::now() + keep,
        keep,
    };
    conversations.keep(number, sms_user, conversation);
}

/// The header fields of these names as they came.
fn echoed(request: &SipMessage, names: &[String]) -> HeaderList {
    let mut found = HeaderList::new();
    for name in names {
        let values = request.headers_named(name);
        found.extend(values.map(|value| (name.clone(), value.to_owned())));
    }
    found
}

/// The header fields of what an SMS user answers: the conversation of the message replied to; a conversation of its own for a first contact.
pub fn answer_headers(gateway: &Gateway, message: &ShortMessage) -> HeaderList {
    mark!("PAR-02");
    mark!("PAR-03");
    mark!("PAR-04");
    mark!("PAR-05");
    mark!("PAR-10");
    let faults = gateway.faults;
    let token = || gateway.agent.token();
    let pair = (message.to.as_str(), message.from.as_str());
    let kept = locked(&gateway.conversations).for_answer(Instant::now(), pair, faults);
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = HeaderList::new();
    let conversation = kept
        .conversation_id
        .filter(|_| !faults.is(Fault::ConversationIdNewInAnswers));
    let known = conversation.is_some();
    let withheld = faults.is(Fault::ParametersNotSentBack);
    if !(known && withheld) {
        headers.push(header(
            "Conversation-ID",
            conversation.unwrap_or_else(token),
        ));
    }
    let own = match &kept.contribution_id {
        Some(answered) if faults.is(Fault::ContributionIdRepeated) => answered.clone(),
        _ => token(),
    };
    headers.push(header("Contribution-ID", own));
    let answered = kept.contribution_id.filter(|_| !withheld);
    let invented = || faults.is(Fault::InventsInReplyTo).then(token);
    if let Some(answered) = answered.or_else(invented) {
        headers.push(header("InReplyTo-Contribution-ID", answered));
    }
    if !faults.is(Fault::ServiceIdentifierDropped) {
        headers.extend(kept.echoed);
    }
    headers
}

/// Another value in place of each (only for faults).
pub fn change(headers: &mut HeaderList) {
    for (_, value) in headers.iter_mut() {
        *value = value.chars().rev().chain("0".chars()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(id: &str, now: Instant) -> Conversation {
        Conversation {
            cpm_user: "+1".into(),
            kept: Kept {
                conversation_id: Some(id.into()),
                ..Kept::default()
            },
            until: now + Duration::from_secs(10),
            keep: Duration::from_secs(10),
        }
    }

    #[test]
    fn keeps_pairs_apart_and_each_for_its_time_after_the_last_message() {
        let mut conversations = Conversations::default();
        let now = Instant::now();
        conversations.keep("+1", "+9", conversation("a", now));
        conversations.keep("+2", "+9", conversation("b", now));
        let mut id = |number: &str, after: u64| {
            let then = now + Duration::from_secs(after);
            let kept = conversations.for_answer(then, (number, "+9"), InForce::default());
            kept.conversation_id
        };
        assert_eq!(id("+1", 9).as_deref(), Some("a"));
        assert_eq!(id("+2", 11), None);
        assert_eq!(id("+1", 18).as_deref(), Some("a"));
        assert_eq!(id("+3", 0), None);
    }
}
