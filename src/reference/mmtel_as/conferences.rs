//! Where a communication with a conference meets barring (3GPP TR 22.948 clause 6.6.5).
//!
//! The rules say it all: joining is outgoing, being added is incoming, and a request that replaces or joins a call is one like any other. So
//! there is nothing to decide here; it is told apart by what a communication has to do with a conference where a fault makes that matter.
use super::decision::{Communication, Outcome};
use super::{Refusal, SessionCase};
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::{SipMessage, number_of};
use crate::wire::xml::simservs::{Barring, Condition, SimServs};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Who has been let through to which conference; more are not remembered.
const MAX_REMEMBERED: usize = 10_000;

/// What the faults need to remember.
#[derive(Debug, Default)]
pub(super) struct Conferences {
    admitted: Mutex<BTreeSet<(String, String)>>,
}

/// What a communication has to do with a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Joins,
    Creates,
    IsReferred,
    NamesLeg,
    IsAdded,
    IsAddedByTerminal,
    IsListed,
    IsReplaced,
}

fn part(about: &Communication<'_>) -> Option<Part> {
    let request = about.request;
    if request.method() != Some("INVITE") {
        return None;
    }
    let replaces = request.has_header("Replaces");
    match about.case {
        SessionCase::Originating => {
            let user = conference_user(request)?;
            Some(match () {
                () if user == "factory" => Part::Creates,
                () if replaces || request.has_header("Join") => Part::NamesLeg,
                () if request.has_header("Referred-By") => Part::IsReferred,
                () => Part::Joins,
            })
        }
        SessionCase::Terminating if !is_of_focus(request) => None,
        SessionCase::Terminating => Some(match () {
            () if replaces => Part::IsReplaced,
            () if has_history(request) => Part::IsListed,
            () if is_asserted_user(request) && !request.has_header("Referred-By") => {
                Part::IsAddedByTerminal
            }
            () => Part::IsAdded,
        }),
    }
}

/// Whether a communication is one with a conference: the user joins, or is added.
pub(super) fn concerns(about: &Communication<'_>) -> bool {
    part(about).is_some()
}

/// The user part of the Request-URI where that is in the domain of conferences.
fn conference_user(request: &SipMessage) -> Option<String> {
    let uri = crate::wire::sip::SipUri::parse(request.uri()?).ok()?;
    let is_conference = uri.host.to_ascii_lowercase().starts_with("cmmc.");
    is_conference.then_some(uri.user).flatten()
}

fn is_of_focus(request: &SipMessage) -> bool {
    let contact = request.values("Contact");
    contact.iter().any(|value| value.contains("isfocus"))
}

fn has_history(request: &SipMessage) -> bool {
    let wanted = b"recipient-list-history";
    request
        .body
        .windows(wanted.len())
        .any(|part| part == wanted)
}

/// The identity of a telephone user, which a conference of the network has not.
fn is_asserted_user(request: &SipMessage) -> bool {
    let identity = request.address("P-Asserted-Identity");
    identity.is_some_and(|identity| number_of(identity.uri.as_str()).is_some())
}

/// What the one rule of a service looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    AtNothing,
    AtIdentity,
    AtAnonymity,
    AtTime,
    Otherwise,
}

fn looks(service: Option<&Barring>) -> Looks {
    match service.map(|service| service.rules.as_slice()) {
        Some([rule]) => match rule.conditions.as_slice() {
            [] => Looks::AtNothing,
            [Condition::Identity(_)] => Looks::AtIdentity,
            [Condition::Anonymous] => Looks::AtAnonymity,
            [Condition::Validity(_)] => Looks::AtTime,
            _ => Looks::Otherwise,
        },
        _ => Looks::Otherwise,
    }
}

impl Conferences {
    /// What becomes of a decision: as it is, under no fault.
    pub fn carried_out(
        &self,
        about: &Communication<'_>,
        document: &SimServs,
        outcome: Outcome,
        faults: InForce,
        barred: impl Fn(u16) -> Refusal,
    ) -> Outcome {
        mark!("CB-20");
        mark!("CB-21");
        mark!("CB-22");
        mark!("CB-23");
        mark!("CB-25");
        mark!("CB-26");
        mark!("CB-27");
        mark!("CB-28");
        mark!("CB-29");
        mark!("CB-30");
        mark!("CB-31");
        mark!("CB-32");
        let part = part(about);
        match outcome {
            Outcome::Refuse(_) if self.overlooks(about, part, document, faults) => Outcome::Pass,
            Outcome::Pass => match unduly(part, document, faults) {
                Some(code) => Outcome::Refuse(barred(code)),
                None => {
                    self.remember(about, part);
                    Outcome::Pass
                }
            },
            refused => refused,
        }
    }

    fn overlooks(
        &self,
        about: &Communication<'_>,
        part: Option<Part>,
        document: &SimServs,
        faults: InForce,
    ) -> bool {
        let Some(part) = part else {
            mark!("CM-06");
            return faults.is(Fault::ServicesRestInConference) && self.has_joined(about);
        };
        let service = match about.case {
            SessionCase::Originating => document.outgoing.as_ref(),
            SessionCase::Terminating => document.incoming.as_ref(),
        };
        mark!("CB-33");
        let fault = match (looks(service), part) {
            _ if self.was_admitted(about) && faults.is(Fault::ParticipantsAdmittedAgain) => {
                return true;
            }
            (Looks::AtNothing, Part::Joins) => Fault::OcbIgnoredForJoining,
            (Looks::AtNothing, Part::Creates) => Fault::OcbIgnoredForCreating,
            (Looks::AtNothing, Part::IsReferred) => Fault::OcbIgnoredForReferred,
            (Looks::AtNothing, Part::NamesLeg) => Fault::OcbIgnoredForLegs,
            (Looks::AtNothing, Part::IsAddedByTerminal) => Fault::IcbIgnoredForFocus,
            (Looks::AtNothing, Part::IsReplaced) => Fault::IcbIgnoredForReplacing,
            (Looks::AtNothing, Part::IsListed) => Fault::IcbIgnoredForListed,
            (Looks::AtNothing, Part::IsAdded) => Fault::IcbIgnoredForListsInRefer,
            (Looks::AtIdentity, Part::Creates) => Fault::NewConferencesNotInDomain,
            (Looks::AtIdentity, Part::IsReferred) => Fault::ReferredConferencesNotInDomain,
            (Looks::AtIdentity, Part::Joins) => Fault::ConferencesNotInDomain,
            (Looks::AtIdentity, Part::IsAdded) => Fault::ConferenceNotIdentified,
            (Looks::AtAnonymity, Part::IsAddedByTerminal) => Fault::AnonymousFocusAdmitted,
            (Looks::AtTime, Part::IsAdded) => Fault::WindowIgnoredForConferences,
            _ => return false,
        };
        faults.is(fault)
    }

    /// The served user was let through to some conference.
    fn has_joined(&self, about: &Communication<'_>) -> bool {
        let admitted = self.admitted.lock();
        let admitted = admitted.unwrap_or_else(PoisonError::into_inner);
        admitted.iter().any(|(user, _)| user == about.served_user)
    }

    fn was_admitted(&self, about: &Communication<'_>) -> bool {
        let admitted = self.admitted.lock();
        let admitted = admitted.unwrap_or_else(PoisonError::into_inner);
        admitted.contains(&key(about))
    }

    /// A user without rules is let through as well.
    pub fn passed(&self, about: &Communication<'_>) {
        self.remember(about, part(about));
    }

    fn remember(&self, about: &Communication<'_>, part: Option<Part>) {
        let admitted = self.admitted.lock();
        let mut admitted = admitted.unwrap_or_else(PoisonError::into_inner);
        if part.is_some() && admitted.len() < MAX_REMEMBERED {
            admitted.insert(key(about));
        }
    }
}

/// The served user, and the conference in the direction of the communication.
fn key(about: &Communication<'_>) -> (String, String) {
    let conference = match about.case {
        SessionCase::Originating => about.request.uri().unwrap_or_default().to_owned(),
        SessionCase::Terminating => {
            let identity = about.request.address("P-Asserted-Identity");
            identity.map_or(String::new(), |one| one.uri.as_str().to_owned())
        }
    };
    (about.served_user.to_owned(), conference)
}

/// The code by which a fault refuses what no rule bars.
fn unduly(part: Option<Part>, document: &SimServs, faults: InForce) -> Option<u16> {
    let outgoing = document.outgoing.as_ref();
    let unconditional = looks(outgoing) == Looks::AtNothing;
    let active = outgoing.is_some_and(|service| service.active);
    let barred = |service| looks(service) == Looks::AtNothing;
    if part.is_some() && (unconditional || barred(document.incoming.as_ref())) {
        mark!("CB-35");
    }
    match part {
        Some(Part::Joins) if unconditional && !active => {
            mark!("CB-34");
            faults.is(Fault::DeactivatedOcbBars).then_some(603)
        }
        Some(Part::IsAdded) if unconditional && active => {
            faults.is(Fault::OcbBarsBeingAdded).then_some(603)
        }
        _ => None,
    }
}
