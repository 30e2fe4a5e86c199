//! How a user's simulation services are configured: by XCAP at the Ut server of the profile, as a terminal of his would.
//!
//! A scenario says what is configured; the document that says it is kept here, and put in one of the ways of `ut_ways`.
use super::course::Lack;
use super::lab::Lab;
use super::stage::Stage;
use super::vocabulary::PersonName;
use crate::capture::{HttpLink, Tap};
use crate::observe::{Fact, Trace, http_exchanges};
use crate::peer::xcap_client::{XcapClient, XcapConfig, XcapRequest, Xui};
use crate::verdict::{Person, Reason, ut};
use crate::wire::http::HttpMessage;
use crate::wire::xml::simservs::SimServs;
use std::net::SocketAddr;
use std::time::Duration;

/// What a user has configured, and what he configures it by.
pub struct Services {
    owner: String,
    pub client: XcapClient,
    pub document: SimServs,
    /// The form of the user's identity that the server knows.
    pub xui: Xui,
    /// Entity tags of successful responses, oldest first.
    pub versions: Vec<String>,
    server: SocketAddr,
    link: Option<HttpLink>,
    /// Has no credentials and has not been challenged before.
    is_nobody: bool,
    limit: Duration,
}

/// Why there is neither a response nor the lack of one.
#[derive(Debug)]
pub(super) enum Missed {
    Broken(String),
    /// In a recording.
    Lacking(Lack),
}

impl From<String> for Missed {
    fn from(cause: String) -> Self {
        Self::Broken(cause)
    }
}

impl From<Lack> for Missed {
    fn from(lack: Lack) -> Self {
        Self::Lacking(lack)
    }
}

/// The response to the last request that came after so many facts.
pub(super) fn response_after(trace: &Trace, facts: usize) -> Option<HttpMessage> {
    let requests = |facts: &[crate::observe::Observation]| {
        let requests = facts.iter().filter(|seen| match &seen.fact {
            Fact::Http(message) => message.method().is_some(),
            _ => false,
        });
        requests.count()
    };
    let before = requests(trace.facts.get(..facts)?);
    let exchanges = http_exchanges(trace);
    let last = exchanges.get(before..)?.last()?;
    last.response.cloned()
}

impl Services {
    /// The client of a person, at the server of the profile.
    pub fn new(stage: &Stage, person: &PersonName) -> Result<Self, String> {
        let profile = &stage.facility.profile;
        let Some(conferencing) = &profile.conferencing else {
            return Err("the profile does not say where Ut is (conferencing.ut)".to_owned());
        };
        let wrong = || format!("conferencing.ut is no http URL: {}", conferencing.ut);
        let rest = conferencing.ut.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, root) = rest.split_once('/').unwrap_or((rest, ""));
        let server = host.parse().map_err(|_| wrong())?;
        let number = stage.user_number(person.index());
        let listed = stage.listed(person.index());
        let impi = listed
            .and_then(|user| user.impi.as_deref())
            .unwrap_or(&number);
        let access = conferencing.ut_authentication.clone().unwrap_or_default();
        let config = XcapConfig {
            host: host.to_owned(),
            root: format!("/{root}").trim_end_matches('/').to_owned(),
            username: access
                .username
                .replace("{number}", &number)
                .replace("{impi}", impi),
            password: access.password.expose().to_owned(),
            domain: profile.sip.domain.clone(),
            seed: stage.seed(person.index()),
            number,
        };
        Ok(Self {
            owner: person.0.clone(),
            client: XcapClient::new(config),
            document: SimServs::default(),
            xui: Xui::default(),
            versions: Vec::new(),
            server,
            link: None,
            is_nobody: false,
            limit: Duration::from_secs_f64(profile.ixit.reaction_seconds),
        })
    }

    /// Sends a request, and once more with credentials if it is challenged. `None` is no response in time.
    pub(super) async fn send(
        &mut self,
        request: &XcapRequest,
        stage: &mut Stage,
    ) -> Result<Option<HttpMessage>, Missed> {
        let response = match stage.is_live() {
            true => {
                let tap = stage.tap.clone();
                let response = self.on_the_wire(request, &tap).await?;
                stage.look()?;
                stage.note(stage.tap.now());
                response
            }
            false => {
                stage.play_script()?;
                let anew = self.versions.is_empty() && self.is_nobody;
                let (course, stand) = stage.parts();
                course.xcap(&stand, &self.owner, request, anew)?
            }
        };
        let Some(response) = response else {
            return Ok(None);
        };
        if let (Some(200..=299), Some(tag)) = (response.status(), response.header("ETag")) {
            self.versions.push(tag.to_owned());
        }
        Ok(Some(response))
    }

    async fn on_the_wire(
        &mut self,
        request: &XcapRequest,
        tap: &Tap,
    ) -> Result<Option<HttpMessage>, String> {
        let first = self.client.message(request);
        let Some(response) = self.exchange(&first, tap).await? else {
            return Ok(None);
        };
        match self.client.again(request, &response) {
            Some(again) => self.exchange(&again, tap).await,
            None => Ok(Some(response)),
        }
    }

    async fn exchange(
        &mut self,
        message: &HttpMessage,
        tap: &Tap,
    ) -> Result<Option<HttpMessage>, String> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => HttpLink::connect(self.server, tap.clone(), self.limit)
                .await
                .map_err(|error| format!("no connection to {} (Ut): {error}", self.server))?,
        };
        let answer = link.exchange(message.to_octets(), self.limit).await;
        match answer {
            Ok(response) => {
                let closing = response.header("Connection");
                if closing.is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                    link.close().await;
                } else {
                    self.link = Some(link);
                }
                Ok(Some(response))
            }
            Err(error) => {
                tracing::info!(%error, "no response on Ut");
                Ok(None)
            }
        }
    }

    /// Takes away what was configured, so that the next run finds nothing.
    pub async fn forget(mut self, stage: &mut Stage) {
        if !self.versions.is_empty() {
            let request = XcapRequest::simservs("DELETE");
            if let Err(error) = self.send(&request, stage).await {
                tracing::debug!(?error, "a document could not be taken away");
            }
        }
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }
}

impl Lab {
    /// The services of a person, who need not have anything but his Ut client. They are to be given back.
    pub(super) fn take_services(&mut self, person: &PersonName) -> Services {
        let stage = self.stage();
        if let Some(services) = stage.services.remove(&person.0) {
            return services;
        }
        if stage.cast.get(&person.0).is_none() {
            let number = stage.user_number(person.index());
            let name = person.0.to_lowercase();
            stage.names.by_number.insert(number.clone(), name);
            stage.cast.add(Person {
                name: person.0.clone(),
                number,
                display_name: person.0.clone(),
            });
        }
        match Services::new(stage, person) {
            Ok(services) => services,
            Err(cause) => self.broken(Reason::Config, cause),
        }
    }

    pub(super) fn give_back(&mut self, person: &PersonName, services: Services) {
        self.stage().services.insert(person.0.clone(), services);
    }

    /// Entity tags the person's client has got, oldest first.
    pub fn versions(&mut self, person: &PersonName) -> Vec<String> {
        let services = self.stage().services.get(&person.0);
        services.map_or_else(Vec::new, |services| services.versions.clone())
    }

    /// Sends a request of a person on Ut; the status, if there was a response.
    pub async fn xcap(&mut self, person: &PersonName, request: &XcapRequest) -> Option<u16> {
        self.nothing_happens_while_planning();
        let mut services = self.take_services(person);
        let sent = services.send(request, self.stage()).await;
        self.give_back(person, services);
        match sent {
            Ok(response) => response.and_then(|response| response.status()),
            Err(missed) => self.missed(missed),
        }
    }

    fn missed(&mut self, missed: Missed) -> ! {
        match missed {
            Missed::Broken(cause) => self.broken(Reason::Provisioning, cause),
            Missed::Lacking(lack) => self.lacking("", lack),
        }
    }

    /// The same as somebody who has no credentials and has not been challenged before.
    pub async fn xcap_without_credentials(&mut self, person: &PersonName, request: &XcapRequest) {
        self.nothing_happens_while_planning();
        let known = self.take_services(person);
        self.give_back(person, known);
        let nobody = Services::new(self.stage(), person).map(|mut services| {
            services.client = services.client.without_credentials();
            services.is_nobody = true;
            services
        });
        let sent = match nobody {
            Ok(mut services) => services.send(request, self.stage()).await,
            Err(cause) => Err(Missed::Broken(cause)),
        };
        if let Err(missed) = sent {
            self.missed(missed);
        }
    }

    /// Changes what a person has configured and waits until the server has it; else the test case is inconclusive.
    pub async fn configure(
        &mut self,
        person: &PersonName,
        sentence: &str,
        change: impl FnOnce(&mut SimServs),
    ) {
        let mut services = self.take_services(person);
        change(&mut services.document);
        if self.is_planning() {
            self.give_back(person, services);
            return;
        }
        let stage = self.stage();
        stage.tap.mark(sentence);
        stage.before_stimulus = stage.last_frame();
        let put = services.put(stage).await;
        self.give_back(person, services);
        if let Err(missed) = put {
            self.missed(missed);
        }
        let seconds = self.stage().facility.profile.ixit.reaction_seconds;
        self.require(sentence, ut::acknowledged(&person.0, seconds))
            .await;
        let effect = self.conferencing().ut_effect_seconds;
        self.let_pass(effect).await;
    }
}
