//! Where a system serves MMTel users and conferences, and the times a tester must supply for them.
use crate::sut::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What MMTel users, conferences and Communication Barring are reached by.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conferencing {
    /// Address and port that UEs register at and send their requests to, or `{core}`.
    pub core: String,
    /// Base URL of the XCAP server on Ut, or `{ut}`.
    pub ut: String,
    /// What the server on Ut knows users by, if it asks them who they are (HTTP Digest, or with GBA what bootstrapping has given).
    #[serde(default)]
    pub ut_authentication: Option<UtAuthentication>,
    /// SIP addresses of the system's other nodes (application servers, foci). In recordings of others, what nodes of the system say to
    /// one another is not looked at.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// URI that a CMMC conference is created by.
    pub cmmc_factory: String,
    /// Domain of CMMC conference URIs.
    pub cmmc_domain: String,
    /// Another domain under which CMMC conferences are known, if there is one.
    #[serde(default)]
    pub cmmc_alias: Option<String>,
    /// URI that a MMTel CONF conference is created by.
    pub conf_factory: String,
    /// Domain of MMTel CONF conference URIs.
    pub conf_domain: String,
    /// Between two packets of RTP of a UE that talks.
    #[serde(default = "talk_interval")]
    pub talk_interval_seconds: f64,
    /// UT-14: what the server on Ut has acknowledged counts for communications that begin this much later.
    #[serde(default = "five_seconds")]
    pub ut_effect_seconds: f64,
    /// Which of several readings of the clauses the system follows.
    #[serde(default)]
    pub readings: Readings,
    /// CF-09: within this time after a REFER was accepted its sender has to be told something.
    #[serde(default = "two_seconds")]
    pub refer_notify_seconds: f64,
    /// CF-27: least time between two notifications of conference state to one subscriber.
    #[serde(default = "five_seconds")]
    pub notify_interval_seconds: f64,
}

fn talk_interval() -> f64 {
    0.1
}

/// The readings between which the standards leave the choice; what is left out is the one that is suggested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Readings {
    /// Ambiguity A-01: what "CB is invoked for a user" prohibits.
    pub barring: BarringReading,
    /// Ambiguity A-04: who carries the prohibition out, and so by which codes.
    pub barring_refused_by: BarringElement,
    /// Ambiguity A-09: final responses that refuse what CX-01 to CX-07 exclude; empty takes any.
    pub exclusion_codes: Vec<u16>,
}

/// Ambiguity A-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BarringReading {
    /// OCB prohibits to join, ICB prohibits to be added.
    #[default]
    PerLeg,
    /// Either prohibits both.
    Blanket,
}

/// Ambiguity A-04.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BarringElement {
    /// The application server with 603, or the focus with a 4xx of its policy.
    #[default]
    Any,
    /// The application server, with 603 and nothing else.
    ApplicationServer,
}

/// Credentials of users on Ut.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UtAuthentication {
    /// Private user identity or B-TID; `{number}` stands for the user's number.
    pub username: String,
    /// Password, or Ks_NAF in base64.
    pub password: Secret,
}

fn two_seconds() -> f64 {
    2.0
}

/// RFC 4575 section 3.9 for notifications; for Ut a value that is met in the field.
fn five_seconds() -> f64 {
    5.0
}

impl Conferencing {
    pub(super) fn replace(&mut self, placeholder: &str, value: &str) {
        for text in [&mut self.core, &mut self.ut]
            .into_iter()
            .chain(&mut self.nodes)
        {
            *text = text.replace(placeholder, value);
        }
    }
}
