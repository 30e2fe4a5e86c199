//! Ways to prepare users and number pools on the system under test, one file each.
mod command;
mod http;
pub mod known;
pub mod operator;
pub mod prepared_users;
mod template;
mod xcap;

use super::{
    Profile, SutError,
    profile::{Provisioning, Way},
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a test case needs of one user: property names of this suite (see `fixtures/systems/README.md`) and their values.
pub type Properties = BTreeMap<String, Value>;

/// One way to prepare users.
#[derive(Debug, Clone)]
enum Adaptor {
    Http(Box<http::Http>),
    Command(command::Programs),
    PreparedUsers(Arc<prepared_users::Roster>),
    Operator(operator::Operator),
    Xcap(Box<xcap::Xcap>),
}

impl Adaptor {
    /// Whether a property is told here and to nobody behind. Only documents say that of themselves: what a request or a program makes of
    /// what it is told is its own affair.
    fn takes(&self, property: &str) -> bool {
        match self {
            Self::Xcap(xcap) => property != "number" && xcap.expresses(property),
            _ => false,
        }
    }
}

/// Why somebody has to be prepared, for people who are asked to.
#[derive(Debug, Clone, Default)]
pub struct Occasion {
    pub case: String,
    pub requirement: String,
    /// Document and clause.
    pub clause: String,
    pub sentence: String,
}

impl Occasion {
    fn heading(&self) -> String {
        match self.case.is_empty() {
            true => "before the run: ".to_owned(),
            false => format!(
                "{} ({}{}), before \"{}\": ",
                self.case, self.requirement, self.clause, self.sentence
            ),
        }
    }
}

/// The ways of the profile, and who has been prepared and not been taken away again.
#[derive(Debug, Clone)]
pub struct Provisioner {
    adaptors: Vec<Adaptor>,
    prepared: Arc<Mutex<BTreeMap<String, Properties>>>,
    /// Where users stay until all are taken away: what the system has been told of each.
    told: Arc<Mutex<Option<BTreeMap<String, Properties>>>>,
}

impl Provisioner {
    /// `answers` are those of an operator who does not sit at the terminal.
    pub fn new(profile: &Profile, answers: Option<&Path>) -> Result<Self, SutError> {
        let Provisioning { ways } = &profile.provisioning;
        let secrets = &profile.secrets;
        let adaptor = |way: &Way| match way {
            Way::Http(http) => http::Http::new(http, secrets)
                .map(Box::new)
                .map(Adaptor::Http),
            Way::Command(settings) => Ok(Adaptor::Command(command::Programs {
                settings: settings.clone(),
                secrets: secrets.clone(),
            })),
            Way::PreparedUsers(settings) => {
                let ordinary = known::ordinary(&profile.ixit);
                let roster = prepared_users::Roster::new(settings, ordinary, &profile.numbers.pool);
                Ok(Adaptor::PreparedUsers(Arc::new(roster)))
            }
            Way::Xcap(settings) => {
                let xcap = xcap::Xcap::new(settings, &profile.sip.domain);
                Ok(Adaptor::Xcap(Box::new(xcap)))
            }
            Way::Operator(settings) => {
                operator::Operator::new(settings, answers).map(Adaptor::Operator)
            }
        };
        Ok(Self {
            adaptors: ways.iter().map(adaptor).collect::<Result<_, _>>()?,
            prepared: Arc::default(),
            told: Arc::default(),
        })
    }

    /// The users who are on the system already, if there are such.
    pub fn roster(&self) -> Option<&Arc<prepared_users::Roster>> {
        self.adaptors.iter().find_map(|adaptor| match adaptor {
            Adaptor::PreparedUsers(roster) => Some(roster),
            _ => None,
        })
    }

    /// Somebody is asked to prepare users by hand; one test case at a time then.
    pub fn operator(&self) -> Option<&operator::Operator> {
        self.adaptors.iter().find_map(|adaptor| match adaptor {
            Adaptor::Operator(operator) => Some(operator),
            _ => None,
        })
    }

    /// Users have documents on Ut from the beginning, also those whom no gateway has to know.
    pub fn puts_documents(&self) -> bool {
        let mut adaptors = self.adaptors.iter();
        adaptors.any(|adaptor| matches!(adaptor, Adaptor::Xcap(_)))
    }

    fn prepared(&self) -> MutexGuard<'_, BTreeMap<String, Properties>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on users stay on the system until [`Self::forget_all`], and it is told of them only what has changed.
    pub fn keep_users(&self) {
        *self.told() = Some(BTreeMap::new());
    }

    fn told(&self) -> MutexGuard<'_, Option<BTreeMap<String, Properties>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings a user into the state its properties describe. `number` is one of them.
    pub async fn prepare_user(
        &self,
        properties: &Properties,
        occasion: &Occasion,
    ) -> Result<(), SutError> {
        let number = properties.get("number").and_then(Value::as_str);
        let number = number.unwrap_or_default();
        let known = |told: &BTreeMap<_, _>| told.get(number) == Some(properties);
        if self.told().as_ref().is_some_and(known) {
            return Ok(());
        }
        self.tell(properties, occasion).await?;
        if let Some(told) = self.told().as_mut() {
            told.insert(number.to_owned(), properties.clone());
        }
        Ok(())
    }

    async fn tell(&self, properties: &Properties, occasion: &Occasion) -> Result<(), SutError> {
        if let Some(Value::String(number)) = properties.get("number") {
            // Also one of whom it is not known whether he has come about is taken away.
            self.prepared().insert(number.clone(), properties.clone());
        }
        let mut left = properties.clone();
        for adaptor in &self.adaptors {
            let properties = &left;
            match adaptor {
                Adaptor::Http(http) => http.send(http.user(), "a user", properties).await?,
                Adaptor::Command(programs) => {
                    let words = &programs.settings.user;
                    programs.run("user", words, properties).await?;
                }
                Adaptor::PreparedUsers(roster) => roster.verify(properties)?,
                Adaptor::Operator(operator) => operator.prepare_user(properties, occasion).await?,
                Adaptor::Xcap(xcap) => xcap.prepare_user(properties).await?,
            }
            left.retain(|name, _| !adaptor.takes(name));
        }
        Ok(())
    }

    /// The request that tells the system of a user, where that is one: method, path and body.
    pub fn user_request(&self, properties: &Properties) -> Option<(String, String, Value)> {
        self.adaptors.iter().find_map(|adaptor| match adaptor {
            Adaptor::Http(http) => Some(http.user_request(properties)),
            _ => None,
        })
    }

    /// Fills a pool of session numbers: `pool` and `numbers`.
    pub async fn prepare_pool(&self, pool: &str, numbers: &[String]) -> Result<(), SutError> {
        let properties = Properties::from([
            ("pool".to_owned(), pool.into()),
            ("numbers".to_owned(), numbers.to_vec().into()),
        ]);
        for adaptor in &self.adaptors {
            match adaptor {
                Adaptor::Http(http) => {
                    return http.send(http.pool(), "a number pool", &properties).await;
                }
                Adaptor::Command(programs) => {
                    let words = &programs.settings.pool;
                    return programs.run("pool", words, &properties).await;
                }
                Adaptor::Operator(operator) => return operator.prepare_pool(pool, numbers).await,
                // Those there are have been filled before.
                Adaptor::PreparedUsers(_) => {}
                // No document fills pools.
                Adaptor::Xcap(_) => {}
            }
        }
        Ok(())
    }

    /// Takes a user away again, if the system has a way to.
    pub async fn forget_user(&self, properties: &Properties) -> Result<(), SutError> {
        if self.told().is_some() {
            return Ok(());
        }
        if let Some(Value::String(number)) = properties.get("number") {
            self.prepared().remove(number);
        }
        let mut outcome = Ok(());
        for adaptor in self.adaptors.iter().rev() {
            let done = match adaptor {
                Adaptor::Http(http) => match http.forget_user() {
                    Some(request) => http.send(request, "the end of a user", properties).await,
                    None => Ok(()),
                },
                Adaptor::Command(programs) => match &programs.settings.forget_user {
                    Some(words) => programs.run("forget_user", words, properties).await,
                    None => Ok(()),
                },
                Adaptor::Xcap(xcap) => xcap.forget_user(properties).await,
                // Nobody is asked to tidy up: numbers are another test case's no more than before.
                Adaptor::PreparedUsers(_) | Adaptor::Operator(_) => Ok(()),
            };
            outcome = outcome.and(done);
        }
        outcome
    }

    /// Takes away whoever is left, as after an interruption, and says who could not be.
    pub async fn forget_all(&self) -> Vec<String> {
        *self.told() = None;
        let left = std::mem::take(&mut *self.prepared());
        let mut problems = Vec::new();
        for (number, properties) in left {
            if let Err(error) = self.forget_user(&properties).await {
                problems.push(format!("{number} is still on the system: {error}"));
            }
        }
        problems
    }
}
