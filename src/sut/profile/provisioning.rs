//! What a profile says of the way users and number pools are prepared on its system: one way, or several of which the first that can do
//! a thing does it.
//!
//! More than 400 lines: every way has its settings, and what can be wrong with them, in one place.
use super::check;
use crate::sut::provision::known;
use crate::sut::secret::{Secrets, problem, problem_of_command};
use crate::sut::{Secret, spelling, yaml};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The ways of a profile, in its order.
#[derive(Debug, Clone, Default)]
pub struct Provisioning {
    pub ways: Vec<Way>,
}

/// How users and number pools are brought about on the system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Way {
    #[serde(rename = "http")]
    Http(Box<HttpProvisioning>),
    #[serde(rename = "command")]
    Command(CommandProvisioning),
    #[serde(rename = "prepared_users")]
    PreparedUsers(PreparedUsersProvisioning),
    #[serde(rename = "operator")]
    Operator(OperatorProvisioning),
    #[serde(rename = "xcap")]
    Xcap(XcapProvisioning),
}

/// One way as a map with one key, or a list of such maps.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(super) enum Written {
    #[expect(dead_code, reason = "only its schema is used")]
    One(Way),
    #[expect(dead_code, reason = "only its schema is used")]
    Several(Vec<Way>),
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Choice(#[serde(with = "yaml::choice")] Way);

/// Somebody at the terminal who is told what a user has to be like, and says when it is so.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorProvisioning {
    /// How long he has for each user or pool.
    pub limit_seconds: f64,
}

/// Documents of users that are put on Ut (RFC 4825). In bodies `{property}` stands for a property of the user and is empty where that is
/// not set; properties that stand in a document are told to no way behind this one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct XcapProvisioning {
    /// XCAP root, or `{ut}`.
    pub base: String,
    /// Whom the server knows: an administrator, or with `{number}` the user himself.
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: Secret,
    /// Put for every user, in this order, and deleted when his test case is over.
    pub documents: Vec<XcapDocument>,
    pub limit_seconds: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct XcapDocument {
    /// Application usage, `simservs.ngn.etsi.org`.
    pub auid: String,
    /// Name of the document, `simservs.xml`.
    pub document: String,
    pub media_type: String,
    /// The XML.
    pub body: String,
}

/// Users who are on the system before the run begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparedUsersProvisioning {
    pub users: Vec<PreparedUser>,
    /// Pools for test cases that need one with a certain count of session numbers; users name theirs as the property `pool`.
    #[serde(default)]
    pub pools: Vec<PreparedPool>,
}

/// A user of the list: who he is, and what is otherwise with him than with an ordinary user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparedUser {
    /// E.164 with `+`.
    pub number: String,
    /// Private user identity, for `{impi}` in `conferencing.ut_authentication`.
    #[serde(default)]
    pub impi: Option<String>,
    /// Where the system sends requests for this user, an address of this machine; absent = the suite picks a port.
    #[serde(default)]
    pub contact: Option<SocketAddr>,
    /// The number is one of another country than the others.
    #[serde(default)]
    pub abroad: bool,
    /// What the system has been told of this user, where it is not what is ordinary.
    #[serde(default)]
    pub properties: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparedPool {
    pub name: String,
    pub numbers: Vec<String>,
}

/// Templated HTTP requests. In paths and bodies `{property}` stands for a property of the user; in a body a value that is nothing but
/// `{property}` keeps the property's JSON type, and its key is left out when the property is not set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpProvisioning {
    /// Base URL, or `{provisioning}`.
    pub base: String,
    /// HTTP Basic authentication (RFC 7617), if the system asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<HttpCredentials>,
    /// Header fields of every request; `{secret.NAME}` stands for one of `secrets`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    pub user: HttpRequest,
    pub pool: HttpRequest,
    /// Sent for every user when its test case is over.
    #[serde(default)]
    pub forget_user: Option<HttpRequest>,
    pub limit_seconds: f64,
}

/// Who asks for users to be prepared.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCredentials {
    pub username: String,
    pub password: Secret,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub body: Option<serde_json::Value>,
}

/// Programs of the tester's. In their words `{property}` stands for a property of the user, and is empty where that is not set; all
/// properties come as JSON on standard input, and as `{properties}`. Exit code 0 is success.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandProvisioning {
    /// Program and arguments; `{system}` is the folder of the profile.
    pub user: Vec<String>,
    pub pool: Vec<String>,
    /// Run for every user when its test case is over.
    #[serde(default)]
    pub forget_user: Option<Vec<String>>,
    pub limit_seconds: f64,
}

impl Provisioning {
    /// What is wrong with the secrets that are named.
    pub(super) fn secret_problems(&self, secrets: &Secrets) -> Vec<String> {
        let ways = self.ways.iter();
        ways.flat_map(|way| way.secret_problems(secrets)).collect()
    }

    /// Fills a placeholder that is no property in.
    pub(super) fn replace(&mut self, placeholder: &str, value: &str) {
        for way in &mut self.ways {
            way.replace(placeholder, value);
        }
    }

    /// The first HTTP interface, whose clock and port can be looked at.
    pub fn http(&self) -> Option<&HttpProvisioning> {
        self.ways.iter().find_map(|way| match way {
            Way::Http(http) => Some(http.as_ref()),
            _ => None,
        })
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.ways.is_empty() {
            found.push(
                "provisioning: the list is empty; write http, command, operator, xcap or prepared_users"
                    .to_owned(),
            );
        }
        for way in &self.ways {
            found.extend(way.problems());
            if matches!(way, Way::PreparedUsers(_)) && self.ways.len() > 1 {
                found.push("provisioning.prepared_users: it stands beside another way, and users who are there already are not prepared a second time; leave the others out".to_owned());
            }
        }
        found
    }
}

impl Way {
    fn secret_problems(&self, secrets: &Secrets) -> Vec<String> {
        match self {
            Self::Http(http) => {
                let text = serde_json::to_string(http).unwrap_or_default();
                let said = problem("provisioning.http", &text, secrets);
                said.into_iter().collect()
            }
            Self::Command(command) => [
                ("user", Some(&command.user)),
                ("pool", Some(&command.pool)),
                ("forget_user", command.forget_user.as_ref()),
            ]
            .into_iter()
            .filter_map(|(key, words)| {
                problem_of_command(&format!("provisioning.command.{key}"), words?, secrets)
            })
            .collect(),
            Self::PreparedUsers(_) | Self::Operator(_) | Self::Xcap(_) => Vec::new(),
        }
    }

    fn replace(&mut self, placeholder: &str, value: &str) {
        match self {
            Self::Http(http) => http.base = http.base.replace(placeholder, value),
            Self::Command(command) => {
                let forget = command.forget_user.iter_mut().flatten();
                let words = command.user.iter_mut().chain(&mut command.pool);
                for word in words.chain(forget) {
                    *word = word.replace(placeholder, value);
                }
            }
            Self::Xcap(xcap) => xcap.base = xcap.base.replace(placeholder, value),
            Self::PreparedUsers(_) | Self::Operator(_) => {}
        }
    }

    fn problems(&self) -> Vec<String> {
        match self {
            Self::Http(http) => check::url("provisioning.http.base", &http.base)
                .into_iter()
                .collect(),
            Self::Command(command) => [("user", &command.user), ("pool", &command.pool)]
                .into_iter()
                .filter(|(_, words)| words.is_empty())
                .map(|(key, _)| {
                    format!(
                        "provisioning.command.{key}: it is empty; write a program and its arguments"
                    )
                })
                .collect(),
            Self::PreparedUsers(list) => list.problems(),
            Self::Xcap(xcap) => xcap.problems(),
            Self::Operator(OperatorProvisioning { limit_seconds }) => {
                let usable = limit_seconds.is_finite() && *limit_seconds >= 1.0;
                let said = format!(
                    "provisioning.operator.limit_seconds: {limit_seconds} is no time for a person; write at least 1"
                );
                (!usable).then_some(said).into_iter().collect()
            }
        }
    }
}

impl XcapProvisioning {
    fn problems(&self) -> Vec<String> {
        let key = "provisioning.xcap";
        let mut found: Vec<String> = check::url(&format!("{key}.base"), &self.base)
            .into_iter()
            .collect();
        if self.documents.is_empty() {
            found.push(format!(
                "{key}.documents: it is empty; write auid, document, media_type and body of one"
            ));
        }
        for (index, document) in self.documents.iter().enumerate() {
            let placeholders = document.body.split('{').skip(1);
            for name in placeholders.filter_map(|rest| rest.split_once('}').map(|(name, _)| name)) {
                if known::of(name).is_none() {
                    let meant = spelling::nearest(name, known::names());
                    let meant = meant.map_or(
                        "fixtures/systems/README.md lists those there are".to_owned(),
                        |meant| format!("is `{{{meant}}}` meant?"),
                    );
                    found.push(format!(
                        "{key}.documents[{index}].body: there is no property `{{{name}}}`; {meant}"
                    ));
                }
            }
        }
        found
    }
}

impl PreparedUsersProvisioning {
    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let list = "provisioning.prepared_users";
        if self.users.is_empty() {
            found.push(format!("{list}.users: nobody is listed; write number and properties of those whom the system knows"));
        }
        let mut numbers = BTreeMap::new();
        let mut contacts = BTreeMap::new();
        for (index, user) in self.users.iter().enumerate() {
            let key = format!("{list}.users[{index}]");
            found.extend(check::number(&format!("{key}.number"), &user.number, 0));
            if let Some(first) = numbers.insert(&user.number, index) {
                found.push(format!("{key}.number: {} is a duplicate user, users[{first}] has this number too; take one of the two out", user.number));
            }
            if let Some(contact) = user.contact
                && let Some(first) = contacts.insert(contact, index)
            {
                found.push(format!("{key}.contact: users[{first}] has {contact} too, and requests for the one would reach the other; write another port"));
            }
            found.extend(self.properties_of(&key, user));
        }
        let mut names = BTreeSet::new();
        for (index, pool) in self.pools.iter().enumerate() {
            let key = format!("{list}.pools[{index}]");
            if !names.insert(&pool.name) {
                found.push(format!(
                    "{key}.name: there is another pool {}; give this one another name",
                    pool.name
                ));
            }
            if pool.numbers.is_empty() {
                found.push(format!(
                    "{key}.numbers: it is empty; write its session numbers"
                ));
            }
            let numbers = pool.numbers.iter();
            found
                .extend(numbers.filter_map(|one| check::number(&format!("{key}.numbers"), one, 0)));
        }
        found
    }

    fn properties_of(&self, key: &str, user: &PreparedUser) -> Vec<String> {
        let mut found = Vec::new();
        for (name, value) in &user.properties {
            let key = format!("{key}.properties.{name}");
            match known::of(name) {
                _ if ["number", "contact"].contains(&name.as_str()) => {
                    found.push(format!("{key}: it stands beside `properties`; move it there"));
                }
                None => found.push(match spelling::nearest(name, known::names()) {
                    Some(meant) => format!("{key}: there is no such property; is `{meant}` meant?"),
                    None => format!("{key}: there is no such property; fixtures/systems/README.md lists those there are"),
                }),
                Some(known) => found.extend(known.wrong(value).map(|what| format!("{key}: {what}"))),
            }
        }
        found
    }
}

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Provisioning, D::Error> {
    struct Ways;

    impl<'de> Visitor<'de> for Ways {
        type Value = Provisioning;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("a way to prepare users (http, command, operator, xcap, prepared_users), or a list of such")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Provisioning, A::Error> {
            let way = yaml::choice::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Provisioning { ways: vec![way] })
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Provisioning, A::Error> {
            let mut ways = Vec::new();
            while let Some(Choice(way)) = list.next_element()? {
                ways.push(way);
            }
            Ok(Provisioning { ways })
        }
    }
    deserializer.deserialize_any(Ways)
}

pub(super) fn write<S: Serializer>(
    provisioning: &Provisioning,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match provisioning.ways.as_slice() {
        [one] => yaml::choice::serialize(one, serializer),
        several => serializer.collect_seq(several.iter().cloned().map(Choice)),
    }
}
