//! The barring rules of a user (3GPP TS 24.611) and what they say of one communication: a pure function of rules and circumstances.
//!
//! Rules are read elsewhere (`wire::xml::simservs`), the circumstances of a request in `circumstances`. Nothing here sends a response.
mod circumstances;
mod conditions;
mod country;
mod document;
mod identity;
#[cfg(test)]
mod tests;

pub use circumstances::{Circumstances, Direction, Whereabouts};
pub use conditions::{Condition, Validity};
pub use identity::{Many, Named, same_identity};

use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::number_of;

/// One rule of a barring ruleset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// All must hold; none is a rule that always matches.
    pub conditions: Vec<Condition>,
    /// The action of a rule that matches.
    pub allow: bool,
}

/// One of a user's two services: incoming or outgoing communication barring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    pub active: bool,
    pub rules: Vec<Rule>,
}

/// What the rules say of a communication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Pass,
    /// Incoming or outgoing communication barring, by the rule of this id.
    Barred(String),
    /// Anonymous communication rejection, by the rule of this id.
    Anonymous(String),
}

impl Ruleset {
    /// The result of all rules that match: any that allows lets the communication through, and so does their absence.
    pub fn decide(&self, about: &Circumstances, faults: InForce) -> Decision {
        mark!("UT-16");
        let is_user = |identity: &String| number_of(identity).is_some();
        let between_users = about.identities.iter().any(is_user);
        if !(self.active || between_users && faults.is(Fault::InactiveServiceBars)) {
            return Decision::Pass;
        }
        let matching: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| self.matches(rule, about, faults))
            .collect();
        mark!("CB-14");
        mark!("CB-15");
        let Some(first) = matching.first() else {
            return nothing_matches(self, about, faults);
        };
        mark!("CB-13");
        let allowed = if faults.is(Fault::FirstMatchingRuleWins) {
            first.allow
        } else {
            matching.iter().any(|rule| rule.allow)
        };
        if allowed {
            return Decision::Pass;
        }
        // ACR goes before the other programmes of ICB, ETSI TS 181 002 clause 8.2.6.2.2.
        mark!("CB-05");
        let rejects = matching.iter().find(|rule| rule.is_acr());
        match rejects.filter(|_| about.direction == Direction::Incoming) {
            Some(rule) if !faults.is(Fault::AcrRefusedAsBarred) => {
                Decision::Anonymous(rule.id.clone())
            }
            _ => Decision::Barred(first.id.clone()),
        }
    }

    fn matches(&self, rule: &Rule, about: &Circumstances, faults: InForce) -> bool {
        let named = || self.named_identities();
        let mut conditions = rule.conditions.iter();
        mark!("CB-16");
        if faults.is(Fault::OneConditionSuffices) && rule.conditions.len() > 1 {
            return conditions.any(|condition| condition.holds(about, &named, faults));
        }
        if self.is_overlooked(rule, about, faults) {
            return false;
        }
        match about.direction {
            Direction::Incoming => mark!("CB-01"),
            Direction::Outgoing => mark!("CB-02"),
        }
        conditions.all(|condition| condition.holds(about, &named, faults))
    }

    /// Faults: a programme of a single rule that is not carried out between users (conferences have no numbers).
    fn is_overlooked(&self, rule: &Rule, about: &Circumstances, faults: InForce) -> bool {
        let fault = match (about.direction, rule.conditions.as_slice()) {
            (Direction::Incoming, []) => Fault::UnconditionalIcbIgnored,
            (Direction::Outgoing, []) => Fault::UnconditionalOcbIgnored,
            (Direction::Incoming, [Condition::Anonymous]) => Fault::AnonymousCallerAdmitted,
            _ => return false,
        };
        let is_user = |identity: &String| number_of(identity).is_some();
        self.rules.len() == 1 && faults.is(fault) && about.identities.iter().any(is_user)
    }

    /// Everybody whom an identity condition of any rule names, for `other-identity`.
    fn named_identities(&self) -> Vec<&Named> {
        self.rules
            .iter()
            .flat_map(|rule| &rule.conditions)
            .filter_map(|condition| match condition {
                Condition::Identity(named) => Some(named),
                _ => None,
            })
            .collect()
    }
}

/// 3GPP TS 24.611 lets the communication continue; the combination of RFC 4745 section 10.2, which starts from "not granted", would not.
fn nothing_matches(set: &Ruleset, about: &Circumstances, faults: InForce) -> Decision {
    let first = set.rules.first();
    let id = || first.map(|rule| rule.id.clone()).unwrap_or_default();
    let bars = match about.direction {
        Direction::Incoming => Fault::NoMatchBars,
        Direction::Outgoing => Fault::NoMatchBarsOutgoing,
    };
    let only_identities = set.rules.iter().all(|rule| {
        !rule.conditions.is_empty()
            && rule
                .conditions
                .iter()
                .all(|condition| matches!(condition, Condition::Identity(_)))
    });
    match set.rules.len() > 1 && only_identities && faults.is(bars) {
        true => Decision::Barred(id()),
        false => Decision::Pass,
    }
}

impl Rule {
    /// ACR is the rule of ICB with the condition `anonymous`.
    fn is_acr(&self) -> bool {
        self.conditions.contains(&Condition::Anonymous)
    }
}
