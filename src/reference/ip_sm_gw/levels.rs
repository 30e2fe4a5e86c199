//! Which of the two ways a short message for an IMS user takes: encapsulated in SIP as it is (transport level), or interworked to CPM
//! (service level), 3GPP TS 23.204 clause 6.8.1.
//!
//! A pure decision over subscription, authorisation, registered capabilities and the operator's policy. Who asks has tested chat
//! correlation before (clause 6.8.3).

use crate::reference::faults::{Fault, InForce};
use serde::{Deserialize, Serialize};

/// The two kinds of interworking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Transport,
    #[default]
    Service,
}

impl Level {
    fn other(self) -> Self {
        match self {
            Self::Transport => Self::Service,
            Self::Service => Self::Transport,
        }
    }
}

/// One value for each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerLevel {
    pub transport: bool,
    pub service: bool,
}

impl PerLevel {
    fn has(self, level: Level) -> bool {
        match level {
            Level::Transport => self.transport,
            Level::Service => self.service,
        }
    }

    fn both(self) -> bool {
        self.transport && self.service
    }

    /// The only one that is true.
    fn only(self) -> Option<Level> {
        match (self.transport, self.service) {
            (true, false) => Some(Level::Transport),
            (false, true) => Some(Level::Service),
            _ => None,
        }
    }
}

/// What the subscriber data say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    pub subscribed: PerLevel,
    pub authorised: PerLevel,
    /// The operator's choice where the user could have either.
    pub policy: Level,
}

/// The level for a short message to a user with these capabilities, or none.
pub fn level(data: Subscription, capable: PerLevel, faults: InForce) -> Option<Level> {
    mark!("AUT-06");
    if let Some(level) = data.subscribed.only() {
        if faults.is(Fault::RunsUnsubscribedLevel) {
            return Some(level.other());
        }
        let may = data.authorised.has(level) && capable.has(level);
        return may.then_some(level);
    }
    if !data.subscribed.both() {
        if faults.is(Fault::ServesNeitherLevel) && capable.service {
            return Some(Level::Service);
        }
        return None;
    }
    mark!("AUT-07");
    let authorised = if capable.both() && faults.is(Fault::IgnoresLevelAuthorisation) {
        data.subscribed
    } else {
        data.authorised
    };
    let possible = PerLevel {
        transport: authorised.transport && capable.transport,
        service: authorised.service && capable.service,
    };
    mark!("AUT-08");
    if possible.both() {
        return Some(if faults.is(Fault::LevelPolicyIgnored) {
            data.policy.other()
        } else {
            data.policy
        });
    }
    possible.only()
}

/// The user may submit short messages over IP.
pub fn may_submit(data: Subscription, faults: InForce) -> bool {
    mark!("AUT-06");
    mark!("AUT-07");
    let subscribed = data.subscribed.transport || faults.is(Fault::RunsUnsubscribedLevel);
    let authorised = data.authorised.transport || faults.is(Fault::IgnoresLevelAuthorisation);
    subscribed && authorised
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: PerLevel = PerLevel {
        transport: true,
        service: true,
    };
    const SERVICE: PerLevel = PerLevel {
        transport: false,
        service: true,
    };
    const TRANSPORT: PerLevel = PerLevel {
        transport: true,
        service: false,
    };

    fn chosen(subscribed: PerLevel, authorised: PerLevel, capable: PerLevel) -> Option<Level> {
        let data = Subscription {
            subscribed,
            authorised,
            policy: Level::Transport,
        };
        level(data, capable, InForce(None))
    }

    #[test]
    fn only_what_is_subscribed_may_run() {
        assert_eq!(chosen(SERVICE, BOTH, BOTH), Some(Level::Service));
        assert_eq!(chosen(TRANSPORT, BOTH, BOTH), Some(Level::Transport));
        assert_eq!(chosen(PerLevel::default(), BOTH, BOTH), None);
    }

    #[test]
    fn only_what_is_authorised_may_run() {
        assert_eq!(chosen(BOTH, SERVICE, BOTH), Some(Level::Service));
        assert_eq!(chosen(BOTH, TRANSPORT, BOTH), Some(Level::Transport));
        assert_eq!(chosen(SERVICE, TRANSPORT, BOTH), None);
    }

    #[test]
    fn capabilities_then_policy_decide_between_two_that_may_run() {
        assert_eq!(chosen(BOTH, BOTH, SERVICE), Some(Level::Service));
        assert_eq!(chosen(BOTH, BOTH, TRANSPORT), Some(Level::Transport));
        assert_eq!(chosen(BOTH, BOTH, BOTH), Some(Level::Transport));
        assert_eq!(chosen(BOTH, BOTH, PerLevel::default()), None);
    }
}
