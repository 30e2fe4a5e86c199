//! The profile of a system under test: where it is, what it claims (ICS), and the values a tester must supply (IXIT).
//!
//! More than 400 lines: one field after the other, as a profile has them.
mod check;
mod claim;
mod conferencing;
mod found;
mod local;
mod provisioning;
mod registration;
mod tls;
mod wording;

use super::applicability::Items;
use super::{SutError, secret, secret::Secret, secret::Secrets, yaml};
use crate::wire::smpp::DefaultAlphabet;
pub use claim::Claim;
pub use conferencing::{BarringElement, BarringReading, Conferencing, Readings, UtAuthentication};
pub use provisioning::{
    CommandProvisioning, HttpCredentials, HttpProvisioning, HttpRequest, OperatorProvisioning,
    PreparedPool, PreparedUser, PreparedUsersProvisioning, Provisioning, Way, XcapDocument,
    XcapProvisioning,
};
pub use registration::{Registration, SharedKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
pub use tls::TlsFiles;
pub use wording::{Texts, Words};

/// ICS items of the roles of a system, which the profile decides where `ics` does not.
const INTERWORKING: &str = "role.interworking";
const CONFERENCING: &str = "role.conferencing";

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the system; also the name of its folder.
    pub name: String,
    /// One line about the product.
    pub description: String,
    /// How to start it, if the suite starts it; absent = it runs already.
    #[serde(default)]
    pub start: Option<Start>,
    pub sip: Sip,
    /// The carriage that is used when the run does not name one; needed where several are described.
    #[serde(default)]
    pub carriage: Option<Carriage>,
    pub short_messages: ShortMessages,
    /// Secrets that `provisioning` and `start` name as `{secret.NAME}`.
    #[serde(default, skip_serializing_if = "Secrets::is_empty")]
    pub secrets: Secrets,
    #[serde(
        deserialize_with = "provisioning::read",
        serialize_with = "provisioning::write"
    )]
    #[schemars(with = "provisioning::Written")]
    pub provisioning: Provisioning,
    pub numbers: Numbers,
    /// Where conferences and Communication Barring are, if the system has them.
    #[serde(default)]
    pub conferencing: Option<Conferencing>,
    /// What the system claims of options, on top of what the carriage decides: yes, no or unset, which is what an item is that is left
    /// out. Nothing runs that an unset item decides.
    #[serde(default)]
    pub ics: Items,
    pub ixit: Ixit,
}

/// A command that starts the system. `{self}` is this program, `{system}` the folder of the profile; the carriage in use adds its arguments
/// behind it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    pub command: Vec<String>,
    /// The first line it prints is JSON with its addresses; they replace `{sip}`, `{provisioning}`, `{core}`, `{ut}` ... in this
    /// profile.
    pub ready_within_seconds: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    /// Address and port of the system, or `{sip}`.
    pub address: String,
    /// `udp`, `tcp` or `tls`.
    pub transport: String,
    /// Reference point the peers stand on: `isc` or `gm`.
    pub reference_point: String,
    /// Local address the peers use.
    pub local_ip: std::net::IpAddr,
    /// Domain of the public user identities.
    pub domain: String,
    /// How UEs register, where the reference point is `gm`; absent = nobody asks who they are.
    #[serde(default)]
    pub registration: Option<Registration>,
    /// Certificates, needed with transport `tls`.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
}

/// What carries short messages between the system and the harness.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Carriage {
    /// SMPP: the harness is the message centre, the system the ESME.
    Smpp,
    /// Diameter SGd and S6c: the harness is SMS-GMSC, SMS-IWMSC and HSS, the system an IP-SM-GW.
    Sgd,
    /// As `sgd`, and every SMS user is an SMSIP UE that the system serves (3GPP TS 24.341).
    SmsOverIp,
}

impl Carriage {
    pub const ALL: [Self; 3] = [Self::Smpp, Self::Sgd, Self::SmsOverIp];

    /// As profiles, the command line and `run.json` write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smpp => "smpp",
            Self::Sgd => "sgd",
            Self::SmsOverIp => "sms-over-ip",
        }
    }

    /// ICS items that the carriage decides: what it can show.
    pub const ITEMS: [&'static str; 5] = [
        "carriage.sc_address",
        "carriage.routing_queries",
        "carriage.time_stamp",
        "carriage.status_values",
        "carriage.sms_over_ip",
    ];

    fn shows(self, item: &str) -> bool {
        match item {
            "carriage.sms_over_ip" => self == Self::SmsOverIp,
            _ => self != Self::Smpp,
        }
    }
}

/// The carriages the system can be tested over; one at a time is used.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShortMessages {
    #[serde(default)]
    pub smpp: Option<Smpp>,
    #[serde(default)]
    pub sgd: Option<Sgd>,
    #[serde(default)]
    pub sms_over_ip: Option<Sgd>,
}

/// The harness is the message centre, the system the ESME.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smpp {
    /// Address the message centre listens on; port 0 lets the machine pick.
    pub listen: std::net::SocketAddr,
    pub system_id: String,
    pub password: Secret,
    pub bound_within_seconds: f64,
    /// Which end of the connection the suite is.
    #[serde(default)]
    pub role: SmppRole,
    /// Address of the system's message centre, when the suite is the ESME.
    #[serde(default)]
    pub connect: Option<String>,
    /// What octets under data_coding 0 are.
    #[serde(default)]
    pub data_coding_0: DataCodingZero,
    /// The connection is inside TLS; absent = plain TCP.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// Behind `start.command` when this carriage is used; `{smsc}` is the address of the message centre.
    #[serde(default)]
    pub start_arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SmppRole {
    /// The system binds to the suite.
    #[default]
    MessageCentre,
    /// The suite binds to the system.
    Esme,
}

/// SMPP 3.4 section 5.2.19 leaves data_coding 0 to the message centre.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataCodingZero {
    /// GSM 7-bit default alphabet, one septet per octet.
    #[default]
    Gsm7,
    /// The same, packed.
    Gsm7Packed,
    /// ISO 8859-1.
    Latin1,
}

impl From<DataCodingZero> for DefaultAlphabet {
    fn from(value: DataCodingZero) -> Self {
        match value {
            DataCodingZero::Gsm7 => Self::Gsm7,
            DataCodingZero::Gsm7Packed => Self::Gsm7Packed,
            DataCodingZero::Latin1 => Self::Latin1,
        }
    }
}

/// The harness is service centre and HSS in one Diameter node (3GPP TS 29.338), over TCP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// Address the node listens on; port 0 lets the machine pick.
    pub listen: std::net::SocketAddr,
    /// What carries Diameter; SCTP only where the kernel has it, and only for connections that the system opens.
    #[serde(default)]
    pub transport: DiameterTransport,
    /// Address of the system, or `{sgd}`, if the node is to dial; it listens all the same.
    #[serde(default)]
    pub connect: Option<String>,
    /// Diameter identity of the node.
    pub origin_host: String,
    pub origin_realm: String,
    /// Diameter identity of the system, where another node stands between; else what it says in its capabilities exchange.
    #[serde(default)]
    pub system_host: Option<String>,
    #[serde(default)]
    pub system_realm: Option<String>,
    /// E.164 address of the service centre, `+` in front.
    pub sc_address: String,
    /// Address of the service centre in subscriber data of the HSS, where it is another one (INV-03).
    #[serde(default)]
    pub hss_sc_address: Option<String>,
    /// How long to wait for the capabilities exchange.
    pub ready_within_seconds: f64,
    /// Behind `start.command` when this carriage is used; `{sgd}` is the address of the node.
    #[serde(default)]
    pub start_arguments: Vec<String>,
}

/// RFC 6733 section 2.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiameterTransport {
    #[default]
    Tcp,
    Sctp,
}

/// The description of the carriage that is used.
#[derive(Debug, Clone, Copy)]
pub enum InUse<'a> {
    Smpp(&'a Smpp),
    Sgd(&'a Sgd),
    SmsOverIp(&'a Sgd),
}

impl InUse<'_> {
    /// What this carriage adds to `start.command`.
    pub fn start_arguments(self) -> Vec<String> {
        match self {
            Self::Smpp(smpp) => smpp.start_arguments.clone(),
            Self::Sgd(sgd) | Self::SmsOverIp(sgd) => sgd.start_arguments.clone(),
        }
    }
}

impl ShortMessages {
    fn described(&self, carriage: Carriage) -> Option<InUse<'_>> {
        match carriage {
            Carriage::Smpp => self.smpp.as_ref().map(InUse::Smpp),
            Carriage::Sgd => self.sgd.as_ref().map(InUse::Sgd),
            Carriage::SmsOverIp => self.sms_over_ip.as_ref().map(InUse::SmsOverIp),
        }
    }
}

/// Where test users and session numbers get their numbers from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// `+` and leading digits of the users' numbers; the suite appends five digits.
    pub users: String,
    /// `+` and leading digits of the session numbers; the suite appends five digits.
    pub sessions: String,
    /// How many session numbers the common pool gets.
    pub pool_size: u32,
    /// Name of the pool used where a test case does not ask for its own.
    pub pool: String,
}

/// Values a tester must supply (IXIT). Seconds unless the name says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ixit {
    /// How long to wait for something that must happen.
    pub reaction_seconds: f64,
    /// How long nothing must happen before "nothing happens" is believed.
    pub guard_seconds: f64,
    /// Allowance for this machine's own delay in taking times.
    pub allowance_seconds: f64,
    /// INV-10: a provisional response must be there after this time.
    pub trying_seconds: f64,
    /// INV-10: longest time between two provisional responses other than 100.
    pub provisional_interval_seconds: f64,
    /// What the system is told to keep to, where it can be told.
    pub provisional_refresh_seconds: f64,
    /// T_ans where the SMS user answers.
    pub answer_seconds: f64,
    /// T_ans where he does not.
    pub short_answer_seconds: f64,
    /// INV-11, ANS-07: by how much the end of T_ans may be missed.
    pub answer_tolerance_seconds: f64,
    pub quarantine_seconds: f64,
    /// T_reasm where a part of a concatenated short message is lost (S2M-07).
    pub short_reassembly_seconds: f64,
    /// S2M-05: how long the system waits for the answer to a SEND (RFC 4975 section 7.1: 30 s).
    pub message_response_seconds: f64,
    /// W: how long a lost MSRP connection may take to come back (TD-14).
    pub reconnect_seconds: f64,
    /// TD-13: session interval that the suite asks for (RFC 4028 section 4: 90 s at least).
    pub session_interval_seconds: u32,
    /// GRP-08: the system collects changes of a group chat for this long, and tells them in at most so many short messages.
    pub change_interval_seconds: f64,
    pub changes_at_most: usize,
    /// TD-04: limit for the answer to a BYE.
    pub bye_seconds: f64,
    /// PGO-04: how long the answer to a pager message may wait for the service centre, where a test case waits for it.
    pub short_submission_seconds: f64,
    /// PGT-04: octets of text up to which a short message becomes one SIP MESSAGE; what is longer becomes a large message.
    pub large_message_octets: usize,
    /// DR-05: T_dr where a test case waits for its end.
    pub short_report_seconds: f64,
    /// PAR-11: T_keep where a test case waits for its end.
    pub short_keep_seconds: f64,
    /// PAR-12: header fields that come back with an answer, a non-CPM service identifier for one (ambiguity A8).
    pub echo_headers: Vec<String>,
    /// ANS-08: limit for acknowledging a short message.
    pub acknowledge_seconds: f64,
    /// ANS-03 (ambiguity A3).
    pub decline_codes: Vec<u16>,
    /// INV-11 (ambiguity A3).
    pub no_answer_codes: Vec<u16>,
    pub words: Words,
    pub texts: Texts,
}

impl Profile {
    /// Reads the profile of a system given by name (a folder in `<fixtures>/systems`) or by path. One that says `based_on: NAME` has only
    /// what differs from the profile of that system.
    pub fn load(system: &str, fixtures: &Path) -> Result<(Self, PathBuf), SutError> {
        let folder = found::folder_of(system, fixtures)?;
        let path = folder.join("profile.yaml");
        let fail = |message: String| SutError::Profile {
            path: path.display().to_string(),
            message,
        };
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| {
                fail(format!(
                    "{error}; systems known here: {}",
                    found::known_systems(fixtures).join(", ")
                ))
            })
        };
        let text = read(&path)?;
        let mut profile: Self = match yaml::line_of(&text, "based_on") {
            Some(base) => {
                let base = read(&fixtures.join("systems").join(base).join("profile.yaml"))?;
                secret::relative_to(&folder, || yaml::laid_over(&base, &text, "based_on"))
            }
            None => secret::relative_to(&folder, || yaml::from_str(&text)),
        }
        .map_err(fail)?;
        if let Some(start) = &mut profile.start {
            let folder = folder.display().to_string();
            for word in &mut start.command {
                *word = word.replace("{system}", &folder);
            }
        }
        let beside = folder.display().to_string();
        profile.provisioning.replace("{system}", &beside);
        profile.files_beside(&folder);
        let problems = check::problems(&profile);
        if !problems.is_empty() {
            return Err(fail(problems.join("\n")));
        }
        Ok((profile, path))
    }

    /// The name of the profile that one is laid over.
    pub fn based_on(path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(path).ok()?;
        yaml::line_of(&text, "based_on").map(str::to_owned)
    }

    /// Replaces `{sip}`, `{provisioning}`, `{sgd}`, `{core}`, `{ut}` and whatever else has a name by the addresses the started system
    /// has printed.
    pub fn with_addresses(mut self, addresses: &BTreeMap<String, String>) -> Self {
        for (name, value) in addresses {
            let placeholder = format!("{{{name}}}");
            self.sip.address = self.sip.address.replace(&placeholder, value);
            let registration = self.sip.registration.as_mut();
            if let Some(address) = registration.and_then(|own| own.address.as_mut()) {
                *address = address.replace(&placeholder, value);
            }
            self.provisioning.replace(&placeholder, value);
            if let Some(conferencing) = &mut self.conferencing {
                conferencing.replace(&placeholder, value);
            }
            let messages = &mut self.short_messages;
            for sgd in messages.sgd.iter_mut().chain(&mut messages.sms_over_ip) {
                let connect = &mut sgd.connect;
                *connect = connect.take().map(|to| to.replace(&placeholder, value));
            }
        }
        self
    }

    /// The profile with one carriage chosen: the one asked for, else its own.
    pub fn over(mut self, asked: Option<Carriage>) -> Result<Self, SutError> {
        let described: Vec<Carriage> = Carriage::ALL
            .into_iter()
            .filter(|carriage| self.short_messages.described(*carriage).is_some())
            .collect();
        let names = described.iter().map(|carriage| carriage.name());
        let names = names.collect::<Vec<_>>().join(", ");
        let chosen = match (asked.or(self.carriage), described.as_slice()) {
            (Some(carriage), _) if described.contains(&carriage) => carriage,
            (None, [only]) => *only,
            (Some(carriage), _) => {
                let carriage = carriage.name().to_owned();
                return Err(SutError::Carriage { carriage, names });
            }
            (None, _) => {
                let carriage = "any, with `carriage` not set,".to_owned();
                return Err(SutError::Carriage { carriage, names });
            }
        };
        self.carriage = Some(chosen);
        Ok(self)
    }

    /// The carriage in use; before `over`, the profile's own.
    pub fn carriage(&self) -> Carriage {
        let mut described = Carriage::ALL
            .into_iter()
            .filter(|carriage| self.short_messages.described(*carriage).is_some());
        let first = described.next();
        self.carriage.or(first).unwrap_or(Carriage::Smpp)
    }

    /// What data_coding 0 is on the SMPP link, if there is one.
    pub fn default_alphabet(&self) -> DefaultAlphabet {
        match self.in_use() {
            Some(InUse::Smpp(smpp)) => smpp.data_coding_0.into(),
            _ => DefaultAlphabet::default(),
        }
    }

    /// What the profile says of the carriage in use; `None` if it says nothing, which `over` does not let pass.
    pub fn in_use(&self) -> Option<InUse<'_>> {
        self.short_messages.described(self.carriage())
    }

    /// Every ICS item: those the carriage decides, then the profile's own.
    pub fn items(&self) -> Items {
        let carriage = self.carriage();
        let shown = Carriage::ITEMS.map(|item| (item, carriage.shows(item)));
        let roles = [
            (INTERWORKING, true),
            (CONFERENCING, self.conferencing.is_some()),
        ];
        let decided = shown.into_iter().chain(roles);
        let mut items: Items = decided
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        items.extend(self.ics.clone());
        items
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    fn load(name: &str) -> (Profile, String) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let (profile, path) = Profile::load(name, &fixtures).unwrap();
        (profile, std::fs::read_to_string(path).unwrap())
    }

    /// The properties a profile passes on to its system.
    fn placeholders(profile: &Profile) -> BTreeSet<String> {
        let text = serde_json::to_value(profile).unwrap()["provisioning"].to_string();
        let opened = text.split('{').skip(1);
        let names = opened.filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
        let word = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        names.filter(word).map(str::to_owned).collect()
    }

    /// The template with what a profile cannot do without filled in.
    fn template() -> (Profile, String) {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/systems/template");
        let text = std::fs::read_to_string(own.join("profile.yaml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let filled = text.replace("password: CHANGE-ME", "password: known");
        std::fs::write(folder.path().join("profile.yaml"), filled).unwrap();
        let (profile, _) =
            Profile::load(folder.path().to_str().unwrap(), Path::new("fixtures")).unwrap();
        (profile, text)
    }

    #[test]
    fn the_template_as_it_is_says_what_is_left_to_change() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let refused = Profile::load("template", &fixtures).unwrap_err();
        assert!(refused.to_string().contains("CHANGE-ME"), "{refused}");
    }

    #[test]
    fn reads_the_template_for_systems_of_ones_own() {
        let (template, text) = template();
        assert!(template.start.is_none());
        assert!(template.sip.address.parse::<std::net::SocketAddr>().is_ok());
        for section in ["sip:", "smpp:", "http:", "numbers:", "ixit:"] {
            let (_, below) = text.split_once(section).unwrap();
            assert!(below.contains("CHANGE-ME"), "{section}");
        }
    }

    #[test]
    fn one_carriage_of_those_described_is_used() {
        let (reference, _) = load("reference");
        assert_eq!(reference.carriage(), Carriage::Smpp);
        assert_eq!(reference.items()["carriage.sc_address"], Claim::No);
        let sgd = reference.over(Some(Carriage::Sgd)).unwrap();
        assert_eq!(sgd.items()["carriage.sc_address"], Claim::Yes);
        assert!(matches!(sgd.in_use(), Some(InUse::Sgd(_))));
        let mut bare = sgd;
        bare.short_messages.sgd = None;
        assert!(bare.clone().over(None).is_err());
        bare.carriage = None;
        bare.short_messages.smpp = None;
        let only = bare.over(None).unwrap();
        assert_eq!(only.carriage(), Carriage::SmsOverIp);
    }

    #[test]
    fn the_template_passes_on_every_property_and_the_text_beside_it_explains_them() {
        let (template, _) = template();
        let (reference, _) = load("reference");
        let mut known = placeholders(&reference);
        known.remove("provisioning");
        assert_eq!(placeholders(&template), known);
        let explained = include_str!("../../fixtures/systems/README.md");
        for name in known {
            assert!(explained.contains(&format!("`{name}`")), "{name}");
        }
    }
}
