//! The conditions of a barring rule, 3GPP TS 24.611 clause 4.9.1.4, each judged on the circumstances of one communication.
//!
//! A condition that is not understood never holds, so that a rule with it changes nothing (RFC 4745 section 7).
use super::identity::{Named, same_identity};
use super::{Circumstances, Direction, country};
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::SipUri;
use jiff::Timestamp;

/// One element below `conditions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The rule is kept and switched off.
    RuleDeactivated,
    Identity(Named),
    /// Nobody whom an identity condition of any rule of the set names.
    OtherIdentity,
    Anonymous,
    RequestName(String),
    PresenceStatus(String),
    /// Any of these windows.
    Validity(Vec<Validity>),
    Media(String),
    CommunicationDiverted,
    Roaming,
    International,
    InternationalExHc,
    /// The members of shared lists (OMA common policy extensions), looked up when the rule was read.
    ExternalList(Vec<String>),
    /// An element that is not used for barring (`sphere`) or not known.
    Other(String),
}

/// From this time on, until before that time (RFC 4745 section 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Condition {
    pub(super) fn holds<'a>(
        &self,
        about: &Circumstances,
        named: &dyn Fn() -> Vec<&'a Named>,
        faults: InForce,
    ) -> bool {
        mark!("CB-19");
        match self {
            Self::RuleDeactivated => faults.is(Fault::DeactivatedRuleApplies),
            Self::Identity(who) => identity(who, about, faults),
            Self::OtherIdentity => {
                let listed = named().into_iter().any(|who| who.names(&about.identities));
                !listed || faults.is(Fault::OtherIdentityNamesAll)
            }
            Self::Anonymous => anonymous(about, faults),
            Self::RequestName(method) => {
                *method == about.method || faults.is(Fault::RequestNameIgnored)
            }
            Self::PresenceStatus(value) => presence(value, about, faults),
            Self::Validity(windows) => valid(windows, about.now, faults),
            Self::Media(media) => {
                let offered = about.media.iter().any(|one| one == media);
                offered || faults.is(Fault::MediaIgnored)
            }
            Self::CommunicationDiverted => about.diverted && !faults.is(Fault::DiversionNotSeen),
            Self::Roaming => about.whereabouts.is_roaming() && !faults.is(Fault::RoamingNotSeen),
            Self::International => abroad(about) && !faults.is(Fault::InternationalNotSeen),
            Self::InternationalExHc => {
                let home = about.whereabouts.home_country.as_deref();
                let excepted = destination(about).as_deref() == home
                    && !faults.is(Fault::HomeCountryNotExcepted);
                abroad(about) && !excepted
            }
            Self::ExternalList(members) => members.iter().any(|member| {
                let same = |identity: &String| same_identity(member, identity);
                about.identities.iter().any(same)
            }),
            Self::Other(_) => faults.is(Fault::UnknownConditionHolds),
        }
    }
}

fn identity(who: &Named, about: &Circumstances, faults: InForce) -> bool {
    mark!("CB-18");
    if faults.is(Fault::ExceptionsIgnored) {
        let mut without = who.clone();
        for many in &mut without.many {
            many.except_ids.clear();
            many.except_domains.clear();
        }
        return without.names(&about.identities);
    }
    who.names(&about.identities)
}

/// The ACR test of 3GPP TS 24.611 clause 4.5.2.6.2: an asserted identity, and its presentation restricted.
fn anonymous(about: &Circumstances, faults: InForce) -> bool {
    mark!("CB-03");
    if about.direction == Direction::Outgoing {
        return false;
    }
    mark!("CB-04");
    let unknown = about.identities.is_empty() && faults.is(Fault::UnknownCallerRejected);
    mark!("CB-06");
    let named = about.unrestricted && faults.is(Fault::PrivacyNoneRejected);
    (!about.identities.is_empty() && (about.restricted || named)) || unknown
}

fn presence(value: &str, about: &Circumstances, faults: InForce) -> bool {
    mark!("CB-17");
    match faults.0 {
        Some(Fault::PresenceIgnored) => false,
        _ => about.activities.iter().any(|activity| activity == value),
    }
}

fn valid(windows: &[Validity], now: Timestamp, faults: InForce) -> bool {
    let ever = !windows.is_empty() && faults.is(Fault::ValidityIgnored);
    let within = |window: &Validity| window.from <= now && now < window.until;
    ever || windows.iter().any(within)
}

/// Country code of the called number; only tel URIs and SIP URIs with `user=phone` are looked at.
fn destination(about: &Circumstances) -> Option<String> {
    let target = SipUri::parse(about.target.as_deref()?).ok()?;
    let is_number = target.scheme == "tel" || target.param("user") == Some("phone");
    let number = target.number().filter(|_| is_number)?;
    country::of_number(&number).map(str::to_owned)
}

/// The called number is of another country than the one the originator is in.
fn abroad(about: &Circumstances) -> bool {
    let here = about.whereabouts.country();
    match (destination(about), here) {
        (Some(there), Some(here)) => there != here,
        _ => false,
    }
}
