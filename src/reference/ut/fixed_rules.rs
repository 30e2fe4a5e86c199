//! An operator who makes the rules himself, as some do: every user has the same ones from the start, all of them switched off, and can
//! change their conditions and whether a service is active, but neither add a rule nor take one away.
use crate::wire::xml::simservs::{Barring, Condition, Rule, SimServs};
use crate::wire::xml::xcap_error::{self, XcapError};
use std::collections::BTreeSet;

/// Rules by the ids that operators give them, each with what it is about.
fn incoming() -> [(&'static str, Option<Condition>); 3] {
    [
        ("call-barring-all-incoming", None),
        ("call-barring-incoming-in-roaming", Some(Condition::Roaming)),
        (
            "call-barring-anonymous-incoming",
            Some(Condition::Anonymous),
        ),
    ]
}

fn outgoing() -> [(&'static str, Option<Condition>); 3] {
    [
        ("call-barring-all-outgoing-call", None),
        (
            "call-barring-outgoing-international",
            Some(Condition::International),
        ),
        (
            "call-barring-outgoing-internationalExHC",
            Some(Condition::InternationalExHc),
        ),
    ]
}

fn service(rules: [(&'static str, Option<Condition>); 3]) -> Option<Barring> {
    let rules = rules.into_iter().map(|(id, about)| {
        let conditions = [Condition::RuleDeactivated].into_iter().chain(about);
        Rule::barring(id, conditions.collect())
    });
    Some(Barring {
        active: true,
        rules: rules.collect(),
    })
}

/// What a user starts with.
pub(super) fn document() -> String {
    let simservs = SimServs {
        incoming: service(incoming()),
        outgoing: service(outgoing()),
        diversion: None,
    };
    String::from_utf8_lossy(&simservs.to_octets()).into_owned()
}

/// The rules of a document, by service.
fn rules(text: &str) -> Option<BTreeSet<(bool, String)>> {
    let simservs = SimServs::parse(text.as_bytes()).ok()?;
    let services = [(true, simservs.incoming), (false, simservs.outgoing)];
    let ids = services.into_iter().flat_map(|(incoming, service)| {
        let rules = service.map(|service| service.rules).unwrap_or_default();
        rules.into_iter().map(move |rule| (incoming, rule.id))
    });
    Some(ids.collect())
}

/// A change that leaves the rules there are, RFC 4825 section 8.2.5.
pub(super) fn keeps(before: Option<&str>, after: &str) -> Result<(), XcapError> {
    let before = before.map_or_else(document, str::to_owned);
    if rules(&before) == rules(after) {
        return Ok(());
    }
    let phrase = "rules are neither added nor taken away by users";
    Err(XcapError::new(
        xcap_error::Condition::ConstraintFailure,
        phrase,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_change_and_rules_stay() {
        let all = document();
        let switched_on = all.replacen("<ss:rule-deactivated/>", "", 1);
        assert_ne!(all, switched_on);
        assert!(keeps(Some(&all), &switched_on).is_ok());
        assert!(keeps(None, &switched_on).is_ok());
        let other = all.replace("call-barring-all-incoming", "my-own");
        assert!(keeps(Some(&all), &other).is_err());
    }
}
