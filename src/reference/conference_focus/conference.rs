//! A conference as its focus keeps it: its legs and its subscribers, and the documents that describe it (RFC 4575).
use super::dialog::{Key, Shared};
use super::media::{MediaLeg, Mixer};
use super::offer::Origin;
use super::policy::About;
use super::subscription::Subscription;
use crate::reference::user_agent::msrp::MsrpControl;
use crate::wire::xml::conference_info::{
    ConferenceInfo, ConferenceState, Description, Endpoint, Execution, InfoState, Media, User,
    Users,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One endpoint that is, was or is to be in the conference.
pub(super) struct Leg {
    pub(super) id: u64,
    /// Who it is.
    pub(super) identity: String,
    /// Who answered our invitation, if he said so.
    pub(super) asserted: Option<String>,
    /// Who it is to the others: the identity or an alias (RFC 4575 section 5.6).
    pub(super) shown: String,
    pub(super) endpoint: String,
    /// While it lasts.
    pub(super) dialog: Option<Shared>,
    /// Of the dialog, for as long as the leg is remembered.
    pub(super) key: Option<Key>,
    /// Call-ID of an INVITE of ours without a final response.
    pub(super) inviting: Option<String>,
    pub(super) status: &'static str,
    pub(super) joining_method: &'static str,
    pub(super) joined: Option<String>,
    pub(super) referred_by: Option<String>,
    /// Method and reason.
    pub(super) disconnection: Option<(&'static str, Option<String>)>,
    pub(super) media: Option<MediaLeg>,
    /// Audio was negotiated.
    pub(super) speaks: bool,
    /// Its message session.
    pub(super) messages: Option<MsrpControl>,
    /// As the peer sees it.
    pub(super) direction: &'static str,
    pub(super) origin: Origin,
    /// An offer of ours waits for its answer in the ACK.
    pub(super) offered: bool,
    pub(super) creator: bool,
}

impl Leg {
    /// Whether this is the participant's identity.
    pub(super) fn is_of(&self, identity: &str) -> bool {
        let asserted = self.asserted.as_deref().unwrap_or_default();
        self.identity.eq_ignore_ascii_case(identity) || asserted.eq_ignore_ascii_case(identity)
    }

    /// Has a session with the focus.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.status, "connected" | "on-hold")
    }

    pub(super) fn is_over(&self) -> bool {
        self.status == "disconnected"
    }

    /// The session is over, in this way and for this reason.
    pub(super) fn finish(&mut self, method: &'static str, reason: Option<String>) {
        self.status = "disconnected";
        self.disconnection = Some((method, reason));
        self.media = None;
        self.messages = None;
        self.dialog = None;
        self.inviting = None;
    }

    fn element(&self) -> Endpoint {
        let some = |text: &str| Some(text.to_owned());
        let execution = |when: &Option<String>, reason: Option<String>, by: &Option<String>| {
            let info = Execution {
                when: when.clone(),
                reason,
                by: by.clone(),
            };
            (info != Execution::default()).then_some(info)
        };
        let medium = |id: &str, kind: &str, status: &'static str| Media {
            id: id.to_owned(),
            kind: some(kind),
            status: some(status),
            ..Media::default()
        };
        let audio = self.speaks.then(|| medium("1", "audio", self.direction));
        let messages = self.messages.as_ref();
        let messages = messages.map(|_| medium("2", "message", "sendrecv"));
        let media = audio.into_iter().chain(messages);
        Endpoint {
            entity: self.endpoint.clone(),
            state: InfoState::Full,
            display_text: None,
            referred: execution(&None, None, &self.referred_by),
            status: some(self.status),
            joining_method: some(self.joining_method),
            joining_info: execution(&self.joined, None, &None),
            disconnection_method: self
                .disconnection
                .as_ref()
                .map(|(method, _)| (*method).into()),
            disconnection_info: self
                .disconnection
                .as_ref()
                .and_then(|(_, reason)| execution(&None, reason.clone(), &None)),
            media: media.filter(|_| self.is_connected()).collect(),
        }
    }
}

pub(super) struct Conference {
    pub(super) uri: String,
    pub(super) creator: String,
    pub(super) legs: Vec<Leg>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) mixer: Arc<Mixer>,
    /// Aliases given out.
    pub(super) aliases: u32,
    /// Over for everybody; only subscribers have still to learn it.
    pub(super) ended: bool,
    /// Takes neither REFER nor SUBSCRIBE nor BYE any more (a deliberate fault).
    pub(super) frozen: bool,
}

impl Conference {
    pub(super) fn new(uri: String, creator: String) -> Self {
        Self {
            uri,
            creator,
            legs: Vec::new(),
            subscriptions: Vec::new(),
            mixer: Arc::default(),
            aliases: 0,
            ended: false,
            frozen: false,
        }
    }

    pub(super) fn leg(&mut self, id: u64) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    pub(super) fn leg_of(&mut self, key: &Key) -> Option<&mut Leg> {
        self.legs
            .iter_mut()
            .find(|leg| leg.key.as_ref() == Some(key))
    }

    pub(super) fn participates(&self, identity: &str) -> bool {
        self.legs
            .iter()
            .any(|leg| leg.is_connected() && leg.is_of(identity))
    }

    /// Who sends a request in this dialog: the participant whose it is, if it is one's, else whom the request asserts.
    pub(super) fn sender(&mut self, key: Option<&Key>, asserted: String) -> String {
        let leg = key.and_then(|key| self.leg_of(key));
        leg.map_or(asserted, |leg| leg.identity.clone())
    }

    /// What the policy is told.
    pub(super) fn about<'a>(&'a self, identity: &str) -> About<'a> {
        About {
            conference: &self.uri,
            creator: &self.creator,
            requester_participates: self.participates(identity),
            size: self.legs.iter().filter(|leg| !leg.is_over()).count(),
        }
    }

    /// Seats a leg. What the roster says of an earlier, ended one of the same endpoint is forgotten.
    pub(super) fn seat(&mut self, leg: Leg) {
        self.legs.retain(|old| {
            !(old.is_over() && old.shown == leg.shown && old.endpoint == leg.endpoint)
        });
        self.legs.push(leg);
    }

    /// An alias that no other participant has.
    pub(super) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("sip:anonymous{}@anonymous.invalid", self.aliases)
    }

    /// Tells every subscriber that something of this user has changed.
    pub(super) fn changed(&mut self, shown: &str) {
        for subscription in &mut self.subscriptions {
            subscription.owe_user(shown);
        }
    }

    fn user(&self, shown: &str) -> User {
        let legs: Vec<&Leg> = self.legs.iter().filter(|leg| leg.shown == shown).collect();
        let chairs = legs.iter().any(|leg| leg.creator);
        User {
            entity: shown.to_owned(),
            state: InfoState::Full,
            roles: chairs.then(|| "chairman".to_owned()).into_iter().collect(),
            endpoints: legs.iter().map(|leg| leg.element()).collect(),
            ..User::default()
        }
    }

    fn count(&self) -> u32 {
        let users: BTreeSet<&str> = self
            .legs
            .iter()
            .filter(|leg| leg.is_connected())
            .map(|leg| leg.shown.as_str())
            .collect();
        users.len() as u32
    }

    fn conference_state(&self) -> ConferenceState {
        let count = self.count();
        ConferenceState {
            user_count: Some(count),
            active: Some(count > 0),
            locked: None,
        }
    }

    /// All there is to say.
    pub(super) fn full(&self, version: u32, subject: &str, limit: usize) -> ConferenceInfo {
        let shown: BTreeSet<&str> = self.legs.iter().map(|leg| leg.shown.as_str()).collect();
        ConferenceInfo {
            entity: self.uri.clone(),
            state: InfoState::Full,
            version: Some(version),
            description: Some(Description {
                subject: Some(subject.to_owned()),
                conf_uris: vec![self.uri.clone()],
                maximum_user_count: u32::try_from(limit).ok(),
                ..Description::default()
            }),
            conference_state: Some(self.conference_state()),
            users: Some(Users {
                state: InfoState::Full,
                users: shown.into_iter().map(|shown| self.user(shown)).collect(),
            }),
        }
    }

    /// What has changed.
    pub(super) fn partial(&self, version: u32, users: &BTreeSet<String>) -> ConferenceInfo {
        ConferenceInfo {
            entity: self.uri.clone(),
            state: InfoState::Partial,
            version: Some(version),
            description: None,
            conference_state: Some(self.conference_state()),
            users: Some(Users {
                state: InfoState::Partial,
                users: users.iter().map(|shown| self.user(shown)).collect(),
            }),
        }
    }

    /// The conference is no more.
    pub(super) fn deleted(&self, version: u32) -> ConferenceInfo {
        ConferenceInfo {
            entity: self.uri.clone(),
            state: InfoState::Deleted,
            version: Some(version),
            ..ConferenceInfo::default()
        }
    }
}
