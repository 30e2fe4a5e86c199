//! The MMTel conference service (CONF, 3GPP TS 24.605, with 3PTY): a focus of its own, which takes communications of users and no focus.
//!
//! What it shares with CMMC is the engine in `conference_focus`; this is its policy. 3GPP TR 22.948 clause 6.6.5 keeps a communication with
//! a CMMC focus out of a CONF conference. A focus is known by what it says of itself, never by the spelling of its URI: by `isfocus` in
//! the Contact of its INVITE, in its answer to an OPTIONS sent before anybody is invited, and in its 2xx.
use crate::reference::conference_focus::policy::{
    About, Policy, Refusal, Requester, Service, Target, is_focus,
};
use crate::reference::conference_focus::{Focus, FocusConfig};
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::SipMessage;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Conferences whose history is kept for deliberate faults.
const REMEMBERED: usize = 10_000;

/// Starts the service for a factory at one domain and conferences at another.
pub async fn start(
    config: FocusConfig,
    factory_domain: &str,
    conference_domain: &str,
    faults: InForce,
) -> std::io::Result<Focus> {
    let policy = ConfPolicy::new(factory_domain, conference_domain, faults);
    Focus::start(config, Arc::new(policy), faults).await
}

/// What some deliberate faults go by: the history of one conference.
#[derive(Default)]
struct History {
    /// Users whose communications were moved in by Replaces.
    moved: HashSet<String>,
    focus_refused: bool,
}

/// CONF: every user creates, participants invite; nothing that is a focus gets in.
pub struct ConfPolicy {
    service: Service,
    faults: InForce,
    history: Mutex<HashMap<String, History>>,
}

impl ConfPolicy {
    pub fn new(factory_domain: &str, conference_domain: &str, faults: InForce) -> Self {
        Self {
            service: Service {
                product: "mmtel-conf".to_owned(),
                factory: format!("sip:mmtel@{factory_domain}"),
                conference_host: conference_domain.to_owned(),
                conference_prefix: "conf-".to_owned(),
                subject: "MMTel CONF conference".to_owned(),
                contact_parameters:
                    ";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"".to_owned(),
            },
            faults,
            history: Mutex::default(),
        }
    }

    fn history(&self) -> MutexGuard<'_, HashMap<String, History>> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if history.len() > REMEMBERED {
            history.clear();
        }
        history
    }

    /// Whether a fault has a target that is a focus taken for a user.
    fn takes_focus(&self, who: Requester<'_>, about: About<'_>, target: Target<'_>) -> bool {
        let creating = who.request.method() == Some("INVITE");
        let moved = self
            .history()
            .get(about.conference)
            .is_some_and(|history| !history.moved.is_empty());
        match (target.listed, target.replaces.is_some()) {
            (true, _) if creating => self.faults.is(Fault::FocusOfCreatingListTaken),
            (true, _) => self.faults.is(Fault::FocusOfReferredListTaken),
            (false, true) if moved => self.faults.is(Fault::FocusTakenAsThird),
            (false, true) => self.faults.is(Fault::FocusLegTaken),
            (false, false) if spelled_as_cmmc(target.uri) => self.faults.is(Fault::FocusCalled),
            (false, false) => self.faults.is(Fault::FocusKnownByItsDomain),
        }
    }

    /// Refuses a user for the sake of a deliberate fault, or notes that he was let in.
    fn user(&self, about: About<'_>, target: Target<'_>) -> Result<(), Refusal> {
        let mut conferences = self.history();
        let history = conferences.entry(about.conference.to_owned()).or_default();
        mark!("CX-10");
        if history.focus_refused && self.faults.is(Fault::RefusalOfFocusSticks) {
            return Err(Refusal::forbidden());
        }
        if target.replaces.is_some() {
            history.moved.insert(target.uri.to_owned());
        }
        Ok(())
    }
}

/// For one deliberate fault only: an identity is no proof.
fn spelled_as_cmmc(uri: &str) -> bool {
    uri.to_ascii_lowercase().contains("@cmmc.")
}

impl Policy for ConfPolicy {
    fn service(&self) -> &Service {
        &self.service
    }

    fn may_join(&self, who: Requester<'_>, about: About<'_>) -> Result<(), Refusal> {
        mark!("CX-05");
        let _ = about;
        if who.is_focus && !self.faults.is(Fault::FocusJoins) {
            Err(Refusal::forbidden())
        } else {
            Ok(())
        }
    }

    fn may_invite(
        &self,
        who: Requester<'_>,
        about: About<'_>,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        mark!("CX-01");
        mark!("CX-02");
        mark!("CX-03");
        mark!("CX-04");
        mark!("CX-06");
        mark!("CX-07");
        // Whoever creates a conference with a list is no participant yet.
        let creates = target.listed && who.request.method() == Some("INVITE");
        if !creates && !about.requester_participates {
            return Err(Refusal::forbidden());
        }
        match target.is_focus {
            // Nothing is known yet: the engine asks again after its probe.
            None => Ok(()),
            Some(false) => self.user(about, target),
            Some(true) if self.takes_focus(who, about, target) => Ok(()),
            Some(true) => {
                if !target.listed {
                    let mut conferences = self.history();
                    let history = conferences.entry(about.conference.to_owned()).or_default();
                    history.focus_refused = true;
                }
                Err(Refusal::forbidden())
            }
        }
    }

    fn probes(&self, target: Target<'_>) -> bool {
        // A telephone number is no SIP resource that could be asked.
        !target.uri.to_ascii_lowercase().starts_with("tel:")
    }

    /// A focus that did not answer the probe has still to say `isfocus` in its 2xx (RFC 4579 section 5.1).
    fn may_remain(&self, answer: &SipMessage) -> bool {
        !is_focus(answer) || self.hides_from_called()
    }

    /// Only a service that departs from CX-01 to CX-07 on purpose has to hide from the focus it calls, which would refuse it (CX-08).
    fn hides_from_called(&self) -> bool {
        matches!(
            self.faults.0,
            Some(
                Fault::FocusLegTaken
                    | Fault::FocusCalled
                    | Fault::FocusOfCreatingListTaken
                    | Fault::FocusOfReferredListTaken
                    | Fault::FocusTakenAsThird
                    | Fault::FocusKnownByItsDomain
            )
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFERENCE: &str = "sip:conf-1@conf.home1.example";

    fn asks(policy: &ConfPolicy, uri: &str, replaces: bool, focus: bool, listed: bool) -> bool {
        let request = SipMessage::request("REFER", CONFERENCE);
        let who = Requester {
            identity: "sip:alice@home1.example",
            request: &request,
            is_focus: false,
        };
        let about = About {
            conference: CONFERENCE,
            creator: "sip:alice@home1.example",
            requester_participates: true,
            size: 2,
        };
        let target = Target {
            uri,
            replaces: replaces.then_some("dialog"),
            is_focus: Some(focus),
            listed,
        };
        policy.may_invite(who, about, target).is_ok()
    }

    fn policy(fault: Option<Fault>) -> ConfPolicy {
        ConfPolicy::new(
            "conf-factory.home1.example",
            "conf.home1.example",
            InForce(fault),
        )
    }

    const ROOM: &str = "sip:room-1@cmmc.home1.example";
    const ALIAS: &str = "sip:room-1@rooms.example";
    const BOB: &str = "sip:bob@home1.example";

    #[test]
    fn takes_users_and_no_focus_however_it_is_spelled() {
        let policy = policy(None);
        for (replaces, listed) in [(false, false), (true, false), (false, true)] {
            assert!(!asks(&policy, ROOM, replaces, true, listed));
            assert!(!asks(&policy, ALIAS, replaces, true, listed));
            assert!(asks(&policy, BOB, replaces, false, listed));
        }
        assert!(asks(
            &policy,
            "sip:bob@cmmc.home1.example",
            false,
            false,
            false
        ));
    }

    #[test]
    fn departs_as_narrowly_as_its_faults_say() {
        let taken =
            |fault, uri, replaces, listed| asks(&policy(Some(fault)), uri, replaces, true, listed);
        assert!(taken(Fault::FocusLegTaken, ROOM, true, false));
        assert!(!taken(Fault::FocusLegTaken, ROOM, false, false));
        assert!(taken(Fault::FocusCalled, ROOM, false, false));
        assert!(!taken(Fault::FocusCalled, ALIAS, false, false));
        assert!(taken(Fault::FocusKnownByItsDomain, ALIAS, false, false));
        assert!(!taken(Fault::FocusKnownByItsDomain, ROOM, false, false));
        assert!(taken(Fault::FocusOfReferredListTaken, ROOM, false, true));
        let third = policy(Some(Fault::FocusTakenAsThird));
        assert!(!asks(&third, ROOM, true, true, false));
        assert!(asks(&third, BOB, true, false, false));
        assert!(asks(&third, ROOM, true, true, false));
        let sticks = policy(Some(Fault::RefusalOfFocusSticks));
        assert!(!asks(&sticks, ROOM, true, true, false) && !asks(&sticks, BOB, true, false, false));
    }
}
