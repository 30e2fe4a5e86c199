//! The state of a conference as a subscriber puts it together from notifications, RFC 4575 section 4.6.
//!
//! Pure: documents in, the roster out, with what is wrong about their versions. Whether that is a failure is for judges.
use super::subscription::{Subscription, subscriptions};
use super::{Trace, Transaction};
use crate::wire::xml::conference_info::{
    CONFERENCE_INFO, ConferenceInfo, Endpoint, InfoState, User, Users,
};

/// What a document was to the roster it came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// Full state: it takes the place of everything known.
    Full,
    /// Partial state, the version after the last.
    Next,
    /// The conference is gone.
    Deleted,
    /// Its version is not above the last; it is not taken (section 4.6).
    NotNewer,
    /// Partial state with versions missing before it. It is not taken, and a subscriber would ask again.
    Gap,
    /// Partial state before any full one.
    NoFullState,
    /// The document has no version, which only a full one may lack.
    NoVersion,
}

impl Merged {
    /// A document of a notifier that keeps to RFC 4575.
    pub fn is_in_order(self) -> bool {
        matches!(self, Self::Full | Self::Next | Self::Deleted)
    }
}

/// Who is known to be, or to have been, in a conference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The conference URI.
    pub entity: String,
    pub version: Option<u32>,
    pub users: Vec<User>,
    pub deleted: bool,
}

impl Roster {
    /// Section 4.6, with the versions of section 4.5.
    pub fn merge(&mut self, document: &ConferenceInfo) -> Merged {
        let full = document.state != InfoState::Partial;
        match (self.version, document.version) {
            (_, None) if !full => return Merged::NoVersion,
            (None, _) if !full => return Merged::NoFullState,
            (Some(known), Some(new)) if new <= known => return Merged::NotNewer,
            (Some(known), Some(new)) if !full && new > known + 1 => return Merged::Gap,
            _ => {}
        }
        self.version = document.version.or(self.version);
        self.entity.clone_from(&document.entity);
        match document.state {
            InfoState::Deleted => {
                self.users.clear();
                self.deleted = true;
                Merged::Deleted
            }
            InfoState::Full => {
                self.users = document.users().to_vec();
                Merged::Full
            }
            InfoState::Partial => {
                if let Some(users) = &document.users {
                    self.merge_users(users);
                }
                Merged::Next
            }
        }
    }

    fn merge_users(&mut self, users: &Users) {
        match users.state {
            InfoState::Full => self.users.clone_from(&users.users),
            InfoState::Deleted => self.users.clear(),
            InfoState::Partial => users.users.iter().for_each(|user| self.merge_user(user)),
        }
    }

    fn merge_user(&mut self, new: &User) {
        let at = self
            .users
            .iter()
            .position(|known| known.entity == new.entity);
        match (new.state, at) {
            (InfoState::Deleted, Some(at)) => drop(self.users.remove(at)),
            (InfoState::Deleted, None) => {}
            (InfoState::Full, Some(at)) => self.users[at] = new.clone(),
            (InfoState::Partial, Some(at)) => merge_endpoints(&mut self.users[at], new),
            (_, None) => self.users.push(new.clone()),
        }
    }

    /// Everybody with an endpoint in one of these states.
    pub fn with_status<'a>(&'a self, statuses: &'a [&str]) -> impl Iterator<Item = &'a User> + 'a {
        self.users.iter().filter(move |user| {
            let mut states = user.endpoints.iter().filter_map(|e| e.status.as_deref());
            states.any(|status| statuses.contains(&status))
        })
    }

    /// Everybody who takes part now.
    pub fn present(&self) -> impl Iterator<Item = &User> {
        self.with_status(&PRESENT)
    }
}

/// States of an endpoint that takes part.
pub const PRESENT: [&str; 3] = ["connected", "on-hold", "muted-via-focus"];

fn merge_endpoints(user: &mut User, new: &User) {
    user.display_text = new.display_text.clone().or(user.display_text.take());
    if !new.associated_aors.is_empty() {
        user.associated_aors.clone_from(&new.associated_aors);
    }
    if !new.roles.is_empty() {
        user.roles.clone_from(&new.roles);
    }
    for endpoint in &new.endpoints {
        let known = &mut user.endpoints;
        let at = known.iter().position(|one| one.entity == endpoint.entity);
        match (endpoint.state, at) {
            (InfoState::Deleted, Some(at)) => drop(known.remove(at)),
            (InfoState::Deleted, None) => {}
            (InfoState::Full, Some(at)) => known[at] = endpoint.clone(),
            (InfoState::Partial, Some(at)) => merge_endpoint(&mut known[at], endpoint),
            (_, None) => known.push(endpoint.clone()),
        }
    }
}

/// Elements that a partial endpoint has take the place of those known.
fn merge_endpoint(known: &mut Endpoint, new: &Endpoint) {
    let new = new.clone();
    known.display_text = new.display_text.or(known.display_text.take());
    known.referred = new.referred.or(known.referred.take());
    known.status = new.status.or(known.status.take());
    known.joining_method = new.joining_method.or(known.joining_method.take());
    known.joining_info = new.joining_info.or(known.joining_info.take());
    known.disconnection_method = new
        .disconnection_method
        .or(known.disconnection_method.take());
    known.disconnection_info = new.disconnection_info.or(known.disconnection_info.take());
    for media in new.media {
        match known.media.iter_mut().find(|one| one.id == media.id) {
            Some(one) => *one = media,
            None => known.media.push(media),
        }
    }
}

/// One document of a subscription, what it was to the roster, and the roster after it.
#[derive(Debug, Clone)]
pub struct RosterStep<'t> {
    pub notify: Transaction<'t>,
    /// `None` if the body follows no grammar.
    pub document: Option<ConferenceInfo>,
    pub merged: Option<Merged>,
    pub roster: Roster,
}

/// The history of a conference as one subscription has told it; notifications without a document are left out.
pub fn history<'t>(subscription: &Subscription<'t>) -> Vec<RosterStep<'t>> {
    let mut roster = Roster::default();
    let mut steps = Vec::new();
    for notification in &subscription.notifications {
        let Some(body) = notification.message().body_of(CONFERENCE_INFO) else {
            continue;
        };
        let document = ConferenceInfo::parse(&body).ok();
        let merged = document.as_ref().map(|document| roster.merge(document));
        steps.push(RosterStep {
            notify: notification.notify.clone(),
            document,
            merged,
            roster: roster.clone(),
        });
    }
    steps
}

/// Every subscription to the state of a conference.
pub fn conference_subscriptions(trace: &Trace) -> Vec<Subscription<'_>> {
    let mut found = subscriptions(trace);
    found.retain(|one| one.package.eq_ignore_ascii_case("conference"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(entity: &str, state: InfoState, status: &str) -> User {
        User {
            entity: entity.to_owned(),
            state,
            endpoints: vec![Endpoint {
                entity: entity.to_owned(),
                status: Some(status.to_owned()),
                ..Endpoint::default()
            }],
            ..User::default()
        }
    }

    fn document(state: InfoState, version: u32, users: Vec<User>) -> ConferenceInfo {
        ConferenceInfo {
            entity: "sip:room@cmmc.home1.example".to_owned(),
            state,
            version: Some(version),
            users: Some(Users { state, users }),
            ..ConferenceInfo::default()
        }
    }

    fn here(roster: &Roster) -> Vec<&str> {
        roster.present().map(|user| user.entity.as_str()).collect()
    }

    #[test]
    fn merges_partial_states_of_rising_versions() {
        let mut roster = Roster::default();
        let carol = user("sip:carol@x", InfoState::Full, "connected");
        let full = document(InfoState::Full, 1, vec![carol.clone()]);
        assert_eq!(roster.merge(&full), Merged::Full);
        let alice = user("sip:alice@x", InfoState::Full, "connected");
        let joins = document(InfoState::Partial, 2, vec![alice]);
        assert_eq!(roster.merge(&joins), Merged::Next);
        assert_eq!(here(&roster), ["sip:carol@x", "sip:alice@x"]);
        let alice = user("sip:alice@x", InfoState::Partial, "disconnected");
        let leaves = document(InfoState::Partial, 3, vec![alice]);
        assert_eq!(roster.merge(&leaves), Merged::Next);
        assert_eq!(here(&roster), ["sip:carol@x"]);
        let gone = document(
            InfoState::Partial,
            4,
            vec![user("sip:alice@x", InfoState::Deleted, "disconnected")],
        );
        assert_eq!(roster.merge(&gone), Merged::Next);
        assert_eq!(roster.users.len(), 1);
    }

    #[test]
    fn does_not_take_documents_out_of_order() {
        let mut roster = Roster::default();
        let carol = || user("sip:carol@x", InfoState::Full, "connected");
        let partial = |version| document(InfoState::Partial, version, vec![carol()]);
        assert_eq!(roster.merge(&partial(1)), Merged::NoFullState);
        let full = document(InfoState::Full, 5, vec![]);
        assert_eq!(roster.merge(&full), Merged::Full);
        assert_eq!(roster.merge(&partial(5)), Merged::NotNewer);
        assert_eq!(roster.merge(&partial(7)), Merged::Gap);
        assert!(roster.users.is_empty());
        assert_eq!(roster.merge(&partial(6)), Merged::Next);
        let ended = document(InfoState::Deleted, 7, vec![]);
        assert_eq!(roster.merge(&ended), Merged::Deleted);
        assert!(roster.deleted && roster.users.is_empty());
    }

    #[test]
    fn keeps_what_a_partial_endpoint_does_not_mention() {
        let mut roster = Roster::default();
        let mut alice = user("sip:alice@x", InfoState::Full, "connected");
        alice.endpoints[0].joining_method = Some("dialed-in".to_owned());
        roster.merge(&document(InfoState::Full, 1, vec![alice]));
        let mut held = user("sip:alice@x", InfoState::Partial, "on-hold");
        held.endpoints[0].state = InfoState::Partial;
        roster.merge(&document(InfoState::Partial, 2, vec![held]));
        let endpoint = &roster.users[0].endpoints[0];
        assert_eq!(endpoint.status.as_deref(), Some("on-hold"));
        assert_eq!(endpoint.joining_method.as_deref(), Some("dialed-in"));
    }
}
