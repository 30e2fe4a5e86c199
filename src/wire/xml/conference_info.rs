//! `application/conference-info+xml` (RFC 4575 section 5): read and written.
//!
//! One document as it stands: merging partial documents into a conference's state (section 4.6) is for those who keep one. Values that
//! the schema does not know are kept as they came, so that they can be judged. More than 400 lines: reading and writing of each element
//! stand side by side.
use super::tree::{self, Element};
use crate::wire::Malformed;
use roxmltree::Node;

/// The media type.
pub const CONFERENCE_INFO: &str = "application/conference-info+xml";
const CLAUSE: &str = "RFC 4575 section 5";
const NAMESPACE: &str = "urn:ietf:params:xml:ns:conference-info";

/// Whether an element holds all, only what changed, or is gone (RFC 4575 section 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InfoState {
    #[default]
    Full,
    Partial,
    Deleted,
}

impl InfoState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Deleted => "deleted",
        }
    }

    fn of(node: Node<'_, '_>) -> Result<Self, Malformed> {
        match node.attribute("state") {
            None => Ok(Self::Full),
            Some(text) => [Self::Full, Self::Partial, Self::Deleted]
                .into_iter()
                .find(|state| state.as_str() == text)
                .ok_or_else(|| {
                    let at = node.range().start;
                    Malformed::new(at, "the state full, partial or deleted", CLAUSE)
                }),
        }
    }
}

/// The values of `<status>` of an endpoint (RFC 4575 section 5.7.3).
pub const STATUSES: [&str; 9] = [
    "pending",
    "dialing-out",
    "dialing-in",
    "alerting",
    "on-hold",
    "connected",
    "muted-via-focus",
    "disconnecting",
    "disconnected",
];
/// The values of `<joining-method>` (section 5.7.4).
pub const JOINING_METHODS: [&str; 3] = ["dialed-in", "dialed-out", "focus-owner"];
/// The values of `<disconnection-method>` (section 5.7.6).
pub const DISCONNECTION_METHODS: [&str; 4] = ["departed", "booted", "failed", "busy"];

/// `<conference-info>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConferenceInfo {
    pub entity: String,
    pub state: InfoState,
    pub version: Option<u32>,
    pub description: Option<Description>,
    pub conference_state: Option<ConferenceState>,
    pub users: Option<Users>,
}

/// `<conference-description>`, as far as we need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    pub state: InfoState,
    pub display_text: Option<String>,
    pub subject: Option<String>,
    /// URIs of `<conf-uris>`.
    pub conf_uris: Vec<String>,
    pub maximum_user_count: Option<u32>,
}

/// `<conference-state>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConferenceState {
    pub user_count: Option<u32>,
    pub active: Option<bool>,
    pub locked: Option<bool>,
}

/// `<users>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Users {
    pub state: InfoState,
    pub users: Vec<User>,
}

/// `<user>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    pub entity: String,
    pub state: InfoState,
    pub display_text: Option<String>,
    pub associated_aors: Vec<String>,
    pub roles: Vec<String>,
    pub endpoints: Vec<Endpoint>,
}

/// `<endpoint>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    pub entity: String,
    pub state: InfoState,
    pub display_text: Option<String>,
    pub referred: Option<Execution>,
    pub status: Option<String>,
    pub joining_method: Option<String>,
    pub joining_info: Option<Execution>,
    pub disconnection_method: Option<String>,
    pub disconnection_info: Option<Execution>,
    pub media: Vec<Media>,
}

/// When, why and by whom something was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Execution {
    pub when: Option<String>,
    pub reason: Option<String>,
    pub by: Option<String>,
}

/// `<media>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    pub id: String,
    pub kind: Option<String>,
    pub label: Option<String>,
    pub src_id: Option<String>,
    pub status: Option<String>,
}

impl ConferenceInfo {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        tree::read(octets, (NAMESPACE, "conference-info"), CLAUSE, |root| {
            Ok(Self {
                entity: required(root, "entity")?,
                state: InfoState::of(root)?,
                version: number(root, root.attribute("version"), "a version number")?,
                description: tree::child(root, "conference-description")
                    .map(read_description)
                    .transpose()?,
                conference_state: tree::child(root, "conference-state").map(read_state),
                users: tree::child(root, "users").map(read_users).transpose()?,
            })
        })
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let mut root = Element::new("conference-info")
            .with("xmlns", NAMESPACE)
            .with("entity", &self.entity)
            .with("state", self.state.as_str());
        if let Some(version) = self.version {
            root = root.with("version", version.to_string());
        }
        root.children(self.description.iter().map(Description::element))
            .children(self.conference_state.iter().map(ConferenceState::element))
            .children(self.users.iter().map(Users::element))
            .to_document()
    }

    /// The users, if the document has any.
    pub fn users(&self) -> &[User] {
        self.users.as_ref().map_or(&[], |users| &users.users)
    }

    /// The user of this entity.
    pub fn user(&self, entity: &str) -> Option<&User> {
        self.users().iter().find(|user| user.entity == entity)
    }
}

fn required(node: Node<'_, '_>, name: &str) -> Result<String, Malformed> {
    tree::attribute(node, name)
        .ok_or_else(|| Malformed::new(node.range().start, format!("the attribute {name}"), CLAUSE))
}

fn number(node: Node<'_, '_>, text: Option<&str>, what: &str) -> Result<Option<u32>, Malformed> {
    text.map(|text| {
        text.trim()
            .parse()
            .map_err(|_| Malformed::new(node.range().start, what, CLAUSE))
    })
    .transpose()
}

fn read_description(node: Node<'_, '_>) -> Result<Description, Malformed> {
    Ok(Description {
        state: InfoState::of(node)?,
        display_text: tree::value(node, "display-text"),
        subject: tree::value(node, "subject"),
        conf_uris: tree::child(node, "conf-uris")
            .into_iter()
            .flat_map(|uris| tree::children(uris, "entry"))
            .filter_map(|entry| tree::value(entry, "uri"))
            .collect(),
        maximum_user_count: tree::value(node, "maximum-user-count")
            .and_then(|text| text.parse().ok()),
    })
}

fn read_state(node: Node<'_, '_>) -> ConferenceState {
    let flag = |name| tree::value(node, name).map(|text| matches!(text.as_str(), "true" | "1"));
    ConferenceState {
        user_count: tree::value(node, "user-count").and_then(|text| text.parse().ok()),
        active: flag("active"),
        locked: flag("locked"),
    }
}

fn read_users(node: Node<'_, '_>) -> Result<Users, Malformed> {
    Ok(Users {
        state: InfoState::of(node)?,
        users: tree::children(node, "user")
            .map(read_user)
            .collect::<Result<_, _>>()?,
    })
}

fn read_user(node: Node<'_, '_>) -> Result<User, Malformed> {
    let entries = |name| {
        tree::child(node, name)
            .into_iter()
            .flat_map(|list| tree::children(list, "entry"))
    };
    Ok(User {
        entity: required(node, "entity")?,
        state: InfoState::of(node)?,
        display_text: tree::value(node, "display-text"),
        associated_aors: entries("associated-aors")
            .filter_map(|entry| tree::value(entry, "uri"))
            .collect(),
        roles: entries("roles").map(tree::text).collect(),
        endpoints: tree::children(node, "endpoint")
            .map(read_endpoint)
            .collect::<Result<_, _>>()?,
    })
}

fn read_endpoint(node: Node<'_, '_>) -> Result<Endpoint, Malformed> {
    let execution = |name| {
        tree::child(node, name).map(|info| Execution {
            when: tree::value(info, "when"),
            reason: tree::value(info, "reason"),
            by: tree::value(info, "by"),
        })
    };
    Ok(Endpoint {
        entity: required(node, "entity")?,
        state: InfoState::of(node)?,
        display_text: tree::value(node, "display-text"),
        referred: execution("referred"),
        status: tree::value(node, "status"),
        joining_method: tree::value(node, "joining-method"),
        joining_info: execution("joining-info"),
        disconnection_method: tree::value(node, "disconnection-method"),
        disconnection_info: execution("disconnection-info"),
        media: tree::children(node, "media")
            .map(|media| {
                Ok(Media {
                    id: required(media, "id")?,
                    kind: tree::value(media, "type"),
                    label: tree::value(media, "label"),
                    src_id: tree::value(media, "src-id"),
                    status: tree::value(media, "status"),
                })
            })
            .collect::<Result<_, _>>()?,
    })
}

/// Text elements that are there.
fn texts<'a>(
    values: impl IntoIterator<Item = (&'static str, &'a Option<String>)>,
) -> impl Iterator<Item = Element> {
    values
        .into_iter()
        .filter_map(|(name, value)| Some(Element::text(name, value.as_ref()?)))
}

/// A list of `<entry><uri>`, if there are any.
fn uris(name: &'static str, list: &[String]) -> Option<Element> {
    let entries = list
        .iter()
        .map(|uri| Element::new("entry").child(Element::text("uri", uri)));
    (!list.is_empty()).then(|| Element::new(name).children(entries))
}

impl Description {
    fn element(&self) -> Element {
        let mut element = Element::new("conference-description");
        if self.state != InfoState::Full {
            element = element.with("state", self.state.as_str());
        }
        let count = self.maximum_user_count.map(|count| count.to_string());
        element
            .children(texts([
                ("display-text", &self.display_text),
                ("subject", &self.subject),
            ]))
            .children(uris("conf-uris", &self.conf_uris))
            .children(texts([("maximum-user-count", &count)]))
    }
}

impl ConferenceState {
    fn element(&self) -> Element {
        let count = self.user_count.map(|count| count.to_string());
        let active = self.active.map(|flag| flag.to_string());
        let locked = self.locked.map(|flag| flag.to_string());
        Element::new("conference-state").children(texts([
            ("user-count", &count),
            ("active", &active),
            ("locked", &locked),
        ]))
    }
}

impl Users {
    fn element(&self) -> Element {
        Element::new("users")
            .with("state", self.state.as_str())
            .children(self.users.iter().map(User::element))
    }
}

impl User {
    fn element(&self) -> Element {
        let roles = self.roles.iter().map(|role| Element::text("entry", role));
        let roles = (!self.roles.is_empty()).then(|| Element::new("roles").children(roles));
        Element::new("user")
            .with("entity", &self.entity)
            .with("state", self.state.as_str())
            .children(texts([("display-text", &self.display_text)]))
            .children(uris("associated-aors", &self.associated_aors))
            .children(roles)
            .children(self.endpoints.iter().map(Endpoint::element))
    }
}

impl Endpoint {
    fn element(&self) -> Element {
        let execution = |name, info: &Option<Execution>| {
            info.as_ref().map(|info| {
                Element::new(name).children(texts([
                    ("when", &info.when),
                    ("reason", &info.reason),
                    ("by", &info.by),
                ]))
            })
        };
        let mut element = Element::new("endpoint").with("entity", &self.entity);
        if self.state != InfoState::Full {
            element = element.with("state", self.state.as_str());
        }
        element
            .children(texts([("display-text", &self.display_text)]))
            .children(execution("referred", &self.referred))
            .children(texts([
                ("status", &self.status),
                ("joining-method", &self.joining_method),
            ]))
            .children(execution("joining-info", &self.joining_info))
            .children(texts([(
                "disconnection-method",
                &self.disconnection_method,
            )]))
            .children(execution("disconnection-info", &self.disconnection_info))
            .children(self.media.iter().map(Media::element))
    }
}

impl Media {
    fn element(&self) -> Element {
        Element::new("media").with("id", &self.id).children(texts([
            ("type", &self.kind),
            ("label", &self.label),
            ("src-id", &self.src_id),
            ("status", &self.status),
        ]))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn reads_what_it_writes() {
        let info = ConferenceInfo {
            entity: "sip:room-1@cmmc.home1.example".into(),
            state: InfoState::Partial,
            version: Some(4),
            description: Some(Description {
                subject: some("A & B"),
                conf_uris: vec!["sip:room-1@cmmc.home1.example".into()],
                maximum_user_count: Some(32),
                ..Description::default()
            }),
            conference_state: Some(ConferenceState {
                user_count: Some(1),
                active: Some(true),
                locked: Some(false),
            }),
            users: Some(Users {
                state: InfoState::Partial,
                users: vec![User {
                    entity: "sip:bob@home1.example".into(),
                    roles: vec!["participant".into()],
                    endpoints: vec![Endpoint {
                        entity: "sip:bob@home1.example".into(),
                        referred: Some(Execution {
                            by: some("sip:carol@home1.example"),
                            ..Execution::default()
                        }),
                        status: some("disconnected"),
                        joining_method: some("dialed-out"),
                        disconnection_method: some("failed"),
                        disconnection_info: Some(Execution {
                            reason: some("SIP;cause=603;text=\"Decline\""),
                            ..Execution::default()
                        }),
                        media: vec![Media {
                            id: "1".into(),
                            kind: some("audio"),
                            status: some("sendrecv"),
                            ..Media::default()
                        }],
                        ..Endpoint::default()
                    }],
                    ..User::default()
                }],
            }),
        };
        let octets = info.to_octets();
        let read = ConferenceInfo::parse(&octets).unwrap();
        assert_eq!(read, info);
        assert!(read.user("sip:bob@home1.example").is_some());
    }

    /// The shape of the example of RFC 4575 section 6, with a prefix and values of our own.
    #[test]
    fn reads_a_document_with_a_prefix_and_without_states() {
        let text = "<?xml version=\"1.0\"?>\n<c:conference-info xmlns:c=\"urn:ietf:params:xml:ns:conference-info\" \
            entity=\"sips:conf233@example.com\" state=\"full\" version=\"1\"><c:conference-description>\
            <c:subject>Agenda</c:subject></c:conference-description><c:users><c:user entity=\"sip:bob@example.com\">\
            <c:roles><c:entry>participant</c:entry></c:roles><c:endpoint entity=\"sip:bob@pc33.example.com\">\
            <c:status>on-hold</c:status><c:media id=\"1\"><c:type>audio</c:type></c:media></c:endpoint></c:user></c:users>\
            </c:conference-info>";
        let read = ConferenceInfo::parse(text.as_bytes()).unwrap();
        assert_eq!((read.version, read.state), (Some(1), InfoState::Full));
        let endpoint = &read.users()[0].endpoints[0];
        assert_eq!(endpoint.status.as_deref(), Some("on-hold"));
        assert_eq!(endpoint.media[0].kind.as_deref(), Some("audio"));
    }

    #[test]
    fn refuses_what_is_no_conference_info() {
        for wrong in [
            "",
            "<conference-info entity=\"x\"/>",
            "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\"/>",
            "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"x\" state=\"half\"/>",
            "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"x\" version=\"-1\"/>",
        ] {
            assert!(ConferenceInfo::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(ConferenceInfo::parse(&octets));
        }
    }
}
