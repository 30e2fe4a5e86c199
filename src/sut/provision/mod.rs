//! Ways to prepare users and number pools on the system under test, one file each.
mod command;
mod http;
mod template;

use super::{SutError, profile::Provisioning, secret::Secrets};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a test case needs of one user: property names of this suite (see `fixtures/systems/README.md`) and their values.
pub type Properties = BTreeMap<String, Value>;

/// A way to prepare users, chosen by the profile.
#[derive(Debug, Clone)]
pub enum Provisioner {
    Http(http::Http),
    Command(command::Programs),
}

impl Provisioner {
    pub fn new(provisioning: &Provisioning, secrets: &Secrets) -> Result<Self, SutError> {
        match provisioning {
            Provisioning::Http(http) => http::Http::new(http, secrets).map(Self::Http),
            Provisioning::Command(settings) => Ok(Self::Command(command::Programs {
                settings: settings.clone(),
                secrets: secrets.clone(),
            })),
        }
    }

    /// Brings a user into the state its properties describe. `number` is one of them.
    pub async fn prepare_user(&self, properties: &Properties) -> Result<(), SutError> {
        match self {
            Self::Http(http) => http.send(http.user(), "a user", properties).await,
            Self::Command(programs) => {
                let words = &programs.settings.user;
                programs.run("user", words, properties).await
            }
        }
    }

    /// Fills a pool of session numbers: `pool` and `numbers`.
    pub async fn prepare_pool(&self, pool: &str, numbers: &[String]) -> Result<(), SutError> {
        let properties = Properties::from([
            ("pool".to_owned(), pool.into()),
            ("numbers".to_owned(), numbers.to_vec().into()),
        ]);
        match self {
            Self::Http(http) => http.send(http.pool(), "a number pool", &properties).await,
            Self::Command(programs) => {
                let words = &programs.settings.pool;
                programs.run("pool", words, &properties).await
            }
        }
    }

    /// Takes a user away again, if the system has a way to.
    pub async fn forget_user(&self, properties: &Properties) -> Result<(), SutError> {
        match self {
            Self::Http(http) => match http.forget_user() {
                Some(request) => http.send(request, "the end of a user", properties).await,
                None => Ok(()),
            },
            Self::Command(programs) => match &programs.settings.forget_user {
                Some(words) => programs.run("forget_user", words, properties).await,
                None => Ok(()),
            },
        }
    }
}
