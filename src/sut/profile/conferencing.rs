//! Where a system serves MMTel users and conferences, and the times a tester must supply for them.
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

/// Credentials of users on Ut.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UtAuthentication {
    /// Private user identity or B-TID; `{number}` stands for the user's number.
    pub username: String,
    /// Password, or Ks_NAF in base64.
    pub password: String,
}

fn two_seconds() -> f64 {
    2.0
}

/// RFC 4575 section 3.9.
fn five_seconds() -> f64 {
    5.0
}

impl Conferencing {
    pub(super) fn replace(&mut self, placeholder: &str, value: &str) {
        for text in [&mut self.core, &mut self.ut] {
            *text = text.replace(placeholder, value);
        }
    }
}
