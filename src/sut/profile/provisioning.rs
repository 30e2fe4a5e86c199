//! What a profile says of the way users and number pools are prepared on its system.
use crate::sut::Secret;
use crate::sut::secret::{Secrets, problem, problem_of_command};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How users and number pools are brought about on the system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Provisioning {
    Http(HttpProvisioning),
    Command(CommandProvisioning),
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
        }
    }

    /// Fills a placeholder that is no property in.
    pub(super) fn replace(&mut self, placeholder: &str, value: &str) {
        match self {
            Self::Http(http) => http.base = http.base.replace(placeholder, value),
            Self::Command(command) => {
                let forget = command.forget_user.iter_mut().flatten();
                let words = command.user.iter_mut().chain(&mut command.pool);
                for word in words.chain(forget) {
                    *word = word.replace(placeholder, value);
                }
            }
        }
    }
}
