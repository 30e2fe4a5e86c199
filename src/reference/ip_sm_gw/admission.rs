//! Whether an invitation is served at all, and how: authorisation, anonymity, target, offer, policy, number, in this order
//! (3GPP TS 23.204 clause 6.15.1 steps 3 to 5).
//!
//! Nothing is sent here. A denial leaves no number allocated.

use super::failure::Refusal;
use super::invitation::Invitation;
use super::media::Offer;
use super::numbers::SessionId;
use super::policy::{Outcome, outcome};
use super::session::Session;
use super::subscribers::{SenderNumber, Settings};
use super::{Gateway, SessionEntry, State, locked, read_locked};
use crate::reference::faults::Fault;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Short messages waiting for one session.
const INBOX: usize = 64;

/// An invitation that may proceed.
pub struct Admission {
    pub session: Session,
    pub outcome: Outcome,
    pub offer: Offer,
}

/// One of the `max_sessions` places; dropping it gives it back. Taken before anything is decided, so that invitations which arrive at the
/// same instant cannot share the last one.
pub struct Place(Arc<Gateway>);

impl Place {
    fn take(gateway: &Arc<Gateway>) -> Option<Self> {
        let most = gateway.max_sessions;
        let more = |live: usize| (live < most).then_some(live + 1);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        let taken = gateway.live_sessions.fetch_update(set, fetch, more);
        taken.ok().map(|_| Self(gateway.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live_sessions.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An invitation that may not.
pub enum Denied {
    With(Refusal),
    /// No final response at all (only under a fault).
    InSilence,
}

/// Refusals common to chat and pager: is the originator authorised, and may it be anonymous?
pub fn check_originator(
    gateway: &Gateway,
    settings: &Settings,
    anonymous: bool,
) -> Result<(), Denied> {
    let faults = gateway.faults;
    mark!("AUT-01");
    if !settings.originator_authorised && !faults.is(Fault::SkipsAuthorisation) {
        mark!("AUT-02");
        if faults.is(Fault::SilentWhenUnauthorised) {
            return Err(Denied::InSilence);
        }
        mark!("AUT-03");
        let text = if faults.is(Fault::UnauthorisedWarningDiffers) {
            "126 Service not authorised"
        } else {
            "127 Service not authorised"
        };
        return Err(Denied::With(Refusal::new(403).warning(text)));
    }
    if !anonymous {
        return Ok(());
    }
    mark!("ANO-01");
    if faults.is(Fault::RefusesPrivacyAsMalformed) {
        return Err(Denied::With(Refusal::new(400)));
    }
    mark!("ANO-03");
    if !settings.anonymity_allowed && !faults.is(Fault::IgnoresAnonymityPolicy) {
        mark!("ANO-04");
        let text = if faults.is(Fault::AnonymityWarningDiffers) {
            "118 Anonymity not allowed"
        } else {
            "119 Anonymity not allowed"
        };
        return Err(Denied::With(Refusal::new(403).warning(text)));
    }
    Ok(())
}

/// Decides, and allocates the session number if the invitation may proceed.
pub fn admit(
    gateway: &Arc<Gateway>,
    mut invitation: Invitation,
    offer: Option<Offer>,
) -> Result<Admission, Denied> {
    let deny = |refusal| Err(Denied::With(refusal));
    let faults = gateway.faults;
    let Some(place) = Place::take(gateway) else {
        return deny(Refusal::new(503).retry_after(10));
    };
    mark!("FT-09");
    if invitation.foreign_product && faults.is(Fault::ForeignProductsRefused) {
        return deny(Refusal::new(403));
    }
    let target = invitation.target.clone().unwrap_or_default();
    let settings = {
        let subscribers = read_locked(&gateway.subscribers);
        subscribers.settings(&invitation.sender.number, &target)
    };
    check_originator(gateway, &settings, invitation.sender.anonymous)?;
    mark!("GRP-09");
    if faults.is(Fault::GroupServiceIgnored) && !invitation.focus {
        invitation.group = false;
    }
    mark!("GRP-01");
    mark!("GRP-04");
    let refused = match faults.0 {
        Some(Fault::RefusesGroupChats) => invitation.group,
        Some(Fault::GroupOnlyOriginating) => invitation.group && settings.recipient_is_cpm_user,
        _ => false,
    };
    if refused {
        return deny(Refusal::new(488));
    }
    if invitation.other_service {
        return deny(Refusal::new(488));
    }
    let Some(offer) = offer else {
        let wrong = faults.is(Fault::UnusableOfferAsServerError);
        return deny(Refusal::new(if wrong { 500 } else { 488 }));
    };
    mark!("POL-08");
    if target.is_empty() {
        if !faults.is(Fault::AcceptsWithoutE164) {
            return deny(Refusal::new(404));
        }
        let id = gateway.next_session();
        let none = (String::new(), false);
        let session = begin(id, invitation, settings, target, none, place);
        return Ok(Admission {
            session,
            outcome: Outcome::Accept,
            offer,
        });
    }
    mark!("POL-06");
    if settings.recipient_wants_no_short_messages && !faults.is(Fault::IgnoresChatsAsSms) {
        return deny(Refusal::new(480));
    }
    let outcome = outcome(settings.provider_policy, settings.user_preference, faults);
    let id = gateway.next_session();
    if let Some(number) = replace(gateway, &invitation, &settings, &target, id) {
        let own = number == invitation.sender.number;
        let session = begin(id, invitation, settings, target, (number, own), place);
        let outcome = match faults.is(Fault::ReplacementAsksAgain) {
            true => Outcome::Ask,
            false => Outcome::Accept,
        };
        return Ok(Admission {
            session,
            outcome,
            offer,
        });
    }
    let Some(number) = choose_number(gateway, &invitation, &settings, &target, id) else {
        if outcome == Outcome::Reject {
            return deny(Refusal::new(settings.reject_code));
        }
        mark!("ADR-08");
        return deny(Refusal::new(480).retry_after(30));
    };
    let session = begin(id, invitation, settings, target, number, place);
    Ok(Admission {
        session,
        outcome,
        offer,
    })
}

/// The caller's own number where that is the setting and nothing forbids it, else one of the pool.
fn choose_number(
    gateway: &Gateway,
    invitation: &Invitation,
    settings: &Settings,
    sms_user: &str,
    id: SessionId,
) -> Option<(String, bool)> {
    mark!("ADR-03");
    mark!("ADR-04");
    mark!("ANO-05");
    let faults = gateway.faults;
    let caller = &invitation.sender.number;
    let hidden = invitation.sender.anonymous && !faults.is(Fault::OwnNumberWhenAnonymous);
    let shared = invitation.group && !faults.is(Fault::OwnNumberForGroup);
    let own = settings.sender_number == SenderNumber::Own
        && caller.starts_with('+')
        && !faults.is(Fault::IgnoresOwnNumberSetting);
    let now = Instant::now();
    let mut numbers = locked(&gateway.numbers);
    if own && !hidden && !shared && numbers.use_own(now, caller, sms_user, id) {
        return Some((caller.clone(), true));
    }
    let number = numbers.assign(now, &settings.pool, sms_user, id)?;
    Some((number, false))
}

/// A group chat that replaces a live chat between two: the old session ends, the SMS user is not asked again, and the number stays
/// unless it is the caller's own (3GPP TS 23.204 clause B.2). Gives the number of the new session.
fn replace(
    gateway: &Gateway,
    invitation: &Invitation,
    settings: &Settings,
    sms_user: &str,
    id: SessionId,
) -> Option<String> {
    mark!("ADR-05");
    mark!("GRP-05");
    let replaced = invitation.replaces.as_ref().filter(|_| invitation.group)?;
    let (number, own, notify) = {
        let sessions = locked(&gateway.sessions);
        let entry = sessions.values().find(|entry| {
            entry.state == State::Active
                && entry.sms_user == sms_user
                && entry.contribution_id.as_ref() == Some(replaced)
        })?;
        let notify = entry.replaced.clone();
        (entry.number.clone(), entry.number_is_own, notify)
    };
    let mut numbers = locked(&gateway.numbers);
    let faults = gateway.faults;
    let number = if own && !faults.is(Fault::OwnNumberKeptInGroup) {
        numbers.assign(Instant::now(), &settings.pool, sms_user, id)?
    } else {
        numbers.take_over(&number, sms_user, id);
        number
    };
    if !faults.is(Fault::ReplacedSessionStays) {
        notify.notify_one();
    }
    Some(number)
}

/// `number` is the session number and whether it is the caller's own.
fn begin(
    id: SessionId,
    invitation: Invitation,
    settings: Settings,
    sms_user: String,
    number: (String, bool),
    place: Place,
) -> Session {
    let (number, number_is_own) = number;
    let gateway = place.0.clone();
    let (messages, inbox) = mpsc::channel(INBOX);
    let replaced = Arc::new(Notify::new());
    let entry = SessionEntry {
        contribution_id: invitation.sender.contribution_id.clone(),
        number_is_own,
        group: invitation.group,
        replaced: replaced.clone(),
        state: State::Authorising,
        number: number.clone(),
        originator: invitation.sender.number.clone(),
        sms_user: sms_user.clone(),
        reassembly_seconds: settings.reassembly_seconds,
        inbox: messages,
    };
    locked(&gateway.sessions).insert(id, entry);
    Session {
        gateway,
        id,
        settings,
        invitation,
        sms_user,
        number,
        number_is_own,
        inbox,
        replaced,
        relayed_first: VecDeque::new(),
        helped: false,
        late_told: false,
        outlived: None,
        references: 0,
        place: Some(place),
    }
}
