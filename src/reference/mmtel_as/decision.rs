//! Whether a communication of the served user passes, and in which form it is refused if not.
use super::barring::{self, Circumstances, Direction, Ruleset, Whereabouts};
use super::conferences::{self, Conferences};
use super::diversion::{self, Diverted};
use super::presence::Presence;
use super::{Registration, SessionCase};
use crate::reference::faults::{Fault, InForce};
use crate::reference::ut::Store;
use crate::reference::ut::store::{Key, RESOURCE_LISTS};
use crate::wire::sip::{SipMessage, SipUri, number_of};
use crate::wire::xml::simservs::{Barring, SimServs};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// What is decided on: an initial request with the user it is served for.
#[derive(Debug)]
pub struct Communication<'a> {
    /// Public user identity as P-Served-User has it.
    pub served_user: &'a str,
    pub case: SessionCase,
    pub request: &'a SipMessage,
    /// What the third-party REGISTER said; `None` if the user is not registered.
    pub registration: Option<&'a Registration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Pass,
    Refuse(Refusal),
}

/// How a communication is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub shape: Shape,
    /// Value of the Reason header field of the final response or of the BYE.
    pub reason_header: Option<String>,
    /// How long an announcement takes.
    pub announcement: Duration,
    /// The provisional response of an announcement says P-Early-Media.
    pub early_media_header: bool,
}

/// The three forms of a refusal (3GPP TS 24.628).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// P1: the final response alone.
    #[default]
    Plain,
    /// P2: an announcement as early media, then the final response.
    EarlyAnnouncement,
    /// P3: answered, an announcement, then BYE with Reason.
    AnsweredAnnouncement,
}

/// What the operator has set for refusals on behalf of a user.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefusalSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Reason in final responses; BYE always has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announcement_seconds: Option<f64>,
}

/// Where the operator's settings for a user come from; what is not set yet leaves everything as usual.
pub type SettingsOf = Box<dyn Fn(&str) -> RefusalSettings + Send + Sync>;

/// Announcements where the operator has not said how long they are.
const ANNOUNCEMENT_SECONDS: f64 = 2.0;
/// An announcement is over after this time, whatever the operator says.
const LONGEST_ANNOUNCEMENT: f64 = 60.0;

/// Decides.
pub struct Decider {
    faults: InForce,
    documents: Store,
    pub(super) presence: Presence,
    settings: Arc<OnceLock<SettingsOf>>,
    conferences: Conferences,
    /// Whoever bars one direction takes no part in conferences in the other either (ambiguity A-01).
    blanket: bool,
    /// What users had configured when they last called another user, or were called (for two faults).
    last_known: Mutex<HashMap<String, Option<Arc<SimServs>>>>,
}

impl Decider {
    pub fn new(faults: InForce, documents: Store, settings: Arc<OnceLock<SettingsOf>>) -> Self {
        Self {
            faults,
            documents,
            presence: Presence::default(),
            settings,
            conferences: Conferences::default(),
            blanket: false,
            last_known: Mutex::default(),
        }
    }

    /// Reads "CB is invoked for a user" as any barring of his.
    pub fn blanket(mut self, blanket: bool) -> Self {
        self.blanket = blanket;
        self
    }

    /// The served user's services on this communication, as his document stands now: barring, and diversion of what it lets through.
    pub(super) fn decide(&self, communication: &Communication<'_>) -> (Outcome, Diverted) {
        let document = self.configured(communication);
        let outcome = match self.inviters_rules(communication) {
            Some(refusal) => Outcome::Refuse(refusal),
            None => self.barring(communication, document.as_deref()),
        };
        let diverted =
            diversion::diverted(communication, document.as_deref(), &outcome, self.faults);
        (outcome, diverted)
    }

    fn barring(&self, communication: &Communication<'_>, document: Option<&SimServs>) -> Outcome {
        let Some(simservs) = document else {
            self.conferences.passed(communication);
            return Outcome::Pass;
        };
        mark!("CB-38");
        if is_emergency(communication.request) && !self.faults.is(Fault::EmergencyBarred) {
            return Outcome::Pass;
        }
        let outcome = match self.by_rules(communication, simservs) {
            Outcome::Refuse(_)
                if over(communication.request, "IEEE-802.11")
                    && self.faults.is(Fault::BarringIgnoredOverWlan) =>
            {
                Outcome::Pass
            }
            outcome => outcome,
        };
        let refusal = |code| self.refusal(communication.served_user, code, "Decline");
        let faults = self.faults;
        self.conferences
            .carried_out(communication, simservs, outcome, faults, refusal)
    }

    /// Rules of whoever has asked a focus to invite are his own business: nothing is refused for them, under no fault.
    fn inviters_rules(&self, communication: &Communication<'_>) -> Option<Refusal> {
        mark!("CB-36");
        if !self.faults.is(Fault::InviterRefusedAsError) {
            return None;
        }
        let inviter = communication.request.address("Referred-By")?;
        let document = self.documents.simservs(inviter.uri.as_str())?;
        let now = crate::reference::calendar::now();
        let about = Circumstances::of(communication.request, Direction::Outgoing, now);
        let rules = Ruleset::of(document.outgoing.as_ref()?, &|anchor| self.members(anchor));
        let barred = rules.decide(&about, self.faults) != barring::Decision::Pass;
        let served = communication.served_user;
        barred.then(|| self.refusal(served, 500, "Server Internal Error"))
    }

    /// What the served user has configured by now; under a fault, when he last called somebody or was called.
    fn configured(&self, communication: &Communication<'_>) -> Option<Arc<SimServs>> {
        mark!("UT-14");
        let served = communication.served_user;
        let now = self.documents.simservs(served);
        let callee = communication.request.uri().and_then(number_of);
        let asserted = communication.request.address("P-Asserted-Identity");
        let caller = asserted.and_then(|asserted| number_of(asserted.uri.as_str()));
        let (other, fault) = match communication.case {
            SessionCase::Originating => (callee, Fault::BarringOfLastCall),
            SessionCase::Terminating => (caller, Fault::BarringWhenLastCalled),
        };
        if other.is_none() || !self.faults.is(fault) {
            return now;
        }
        let mut known = self
            .last_known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(served.to_owned(), now.clone()).unwrap_or(now)
    }

    fn by_rules(&self, communication: &Communication<'_>, simservs: &SimServs) -> Outcome {
        let both = [
            (
                SessionCase::Terminating,
                &simservs.incoming,
                Direction::Incoming,
            ),
            (
                SessionCase::Originating,
                &simservs.outgoing,
                Direction::Outgoing,
            ),
        ];
        let widened = self.blanket && conferences::concerns(communication);
        for (case, service, direction) in both {
            if case == communication.case || widened {
                let outcome = self.by_service(communication, service.as_ref(), direction);
                if outcome != Outcome::Pass {
                    return outcome;
                }
            }
        }
        Outcome::Pass
    }

    fn by_service(
        &self,
        communication: &Communication<'_>,
        service: Option<&Barring>,
        direction: Direction,
    ) -> Outcome {
        let Some(service) = service else {
            return Outcome::Pass;
        };
        let rules = Ruleset::of(service, &|anchor| self.members(anchor));
        let served = communication.served_user;
        let about = Circumstances {
            activities: self.presence.activities(served),
            whereabouts: self.whereabouts(served, communication.registration),
            ..Circumstances::of(
                communication.request,
                direction,
                crate::reference::calendar::now(),
            )
        };
        match rules.decide(&about, self.faults) {
            barring::Decision::Pass => Outcome::Pass,
            barring::Decision::Anonymous(rule) => {
                mark!("CB-05");
                tracing::debug!(served, rule, "anonymous communication rejected");
                Outcome::Refuse(self.refusal(served, 433, "Anonymity Disallowed"))
            }
            barring::Decision::Barred(rule) => {
                tracing::debug!(served, rule, "communication barred");
                mark!("CB-10");
                let otherwise = over(communication.request, "3GPP2-1X-HRPD")
                    && self.faults.is(Fault::BarredOtherwiseOverHrpd);
                let (code, reason) = match self.faults.is(Fault::BarredIsForbidden) || otherwise {
                    true => (403, "Forbidden"),
                    false => (603, "Decline"),
                };
                Outcome::Refuse(self.refusal(served, code, reason))
            }
        }
    }

    /// The user has a document.
    pub(super) fn has_rules(&self, served: &str) -> bool {
        self.documents.simservs(served).is_some()
    }

    /// A network is a visited one if it is not that of the user's own domain, whatever the access to it.
    fn whereabouts(&self, served: &str, registration: Option<&Registration>) -> Whereabouts {
        mark!("AI-06");
        let home = SipUri::parse(served)
            .map(|uri| uri.host)
            .unwrap_or_default();
        let said = registration.and_then(|registration| registration.access_network.as_deref());
        let wlan = said.is_some_and(|access| access.starts_with("IEEE-802.11"));
        let network = registration.and_then(|registration| registration.visited_network.clone());
        let network = match wlan && self.faults.is(Fault::WlanTakenForRoaming) {
            true => Some("wlan.invalid".to_owned()),
            false => network.filter(|network| !network.eq_ignore_ascii_case(&home)),
        };
        Whereabouts {
            visited_network: network,
            ..Whereabouts::at_home(served)
        }
    }

    fn refusal(&self, served: &str, code: u16, reason: &'static str) -> Refusal {
        let settings = self.settings.get().map(|of| of(served)).unwrap_or_default();
        let shape = settings.shape.unwrap_or_default();
        let seconds = settings
            .announcement_seconds
            .unwrap_or(ANNOUNCEMENT_SECONDS);
        mark!("CB-11");
        let cause = match self.faults.is(Fault::ReasonCauseDiffers) {
            true => 403,
            // A departure from the code is none from its reason.
            false if self.faults.is(Fault::BarredIsForbidden) => 603,
            false => code,
        };
        let in_bye = shape == Shape::AnsweredAnnouncement;
        let said = match in_bye {
            true => !self.faults.is(Fault::AnnouncementByeWithoutReason),
            false => settings.reason.unwrap_or(false),
        };
        Refusal {
            code,
            reason,
            shape,
            reason_header: said.then(|| format!("SIP;cause={cause};text=\"{reason}\"")),
            announcement: Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_ANNOUNCEMENT)),
            early_media_header: !self.faults.is(Fault::EarlyMediaNotSaid),
        }
    }

    /// The members of a shared list that an external list names by the URI of its document or of the list in it.
    fn members(&self, anchor: &str) -> Vec<String> {
        let path = anchor.split("/~~/").next().unwrap_or_default();
        let mut parts = path.rsplit('/');
        let (name, user) = (parts.next(), parts.next());
        let (Some(name), Some(user)) = (name, user) else {
            return Vec::new();
        };
        let key = Key::new(RESOURCE_LISTS, user, name);
        let document = self.documents.get(&key);
        document.map(|held| entries(&held.text)).unwrap_or_default()
    }
}

/// An emergency service by its service URN (RFC 5031).
fn is_emergency(request: &SipMessage) -> bool {
    let uri = request.uri().unwrap_or_default().to_ascii_lowercase();
    uri == "urn:service:sos" || uri.starts_with("urn:service:sos.")
}

/// URIs of the entries of a resource-lists document (RFC 4826).
fn entries(text: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(text) else {
        return Vec::new();
    };
    document
        .descendants()
        .filter(|node| node.tag_name().name() == "entry")
        .filter_map(|node| node.attribute("uri").map(str::to_owned))
        .collect()
}

/// Whether a request comes over an access network whose type begins so.
fn over(request: &SipMessage, kind: &str) -> bool {
    let said = request.values("P-Access-Network-Info");
    said.iter().any(|value| value.starts_with(kind))
}
