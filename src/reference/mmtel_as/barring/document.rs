//! From the `simservs` document a user has configured to the rules that are judged.
//!
//! A rule without the action `allow` says nothing about barring and is left out.
use super::{Condition, Many, Named, Rule, Ruleset, Validity};
use crate::wire::xml::simservs::{self, Except, Identity};

/// The members of a shared list, by its URI.
pub type Lists<'a> = &'a dyn Fn(&str) -> Vec<String>;

impl Ruleset {
    pub fn of(service: &simservs::Barring, lists: Lists<'_>) -> Self {
        let rules = service.rules.iter().filter_map(|rule| {
            let conditions = rule.conditions.iter();
            Some(Rule {
                id: rule.id.clone(),
                conditions: conditions.map(|one| condition(one, lists)).collect(),
                allow: rule.allow?,
            })
        });
        Self {
            active: service.active,
            rules: rules.collect(),
        }
    }
}

fn condition(condition: &simservs::Condition, lists: Lists<'_>) -> Condition {
    use simservs::Condition as Written;
    match condition {
        Written::RuleDeactivated => Condition::RuleDeactivated,
        Written::Identity(members) => Condition::Identity(named(members)),
        Written::OtherIdentity => Condition::OtherIdentity,
        Written::Anonymous => Condition::Anonymous,
        Written::RequestName(method) => Condition::RequestName(method.clone()),
        Written::PresenceStatus(activity) => Condition::PresenceStatus(activity.clone()),
        Written::Validity(pairs) => Condition::Validity(windows(pairs)),
        Written::Media(media) => Condition::Media(media.clone()),
        Written::CommunicationDiverted => Condition::CommunicationDiverted,
        Written::Roaming => Condition::Roaming,
        Written::International => Condition::International,
        Written::InternationalExHc => Condition::InternationalExHc,
        Written::ExternalList(anchors) => {
            Condition::ExternalList(anchors.iter().flat_map(|anchor| lists(anchor)).collect())
        }
        Written::Sphere(_) => Condition::Other("sphere".into()),
        Written::Unknown(name) => Condition::Other(name.clone()),
    }
}

fn named(members: &[Identity]) -> Named {
    let mut named = Named::default();
    for member in members {
        match member {
            Identity::One(id) => named.one.push(id.clone()),
            Identity::Many { domain, except } => named.many.push(many(domain.clone(), except)),
        }
    }
    named
}

fn many(domain: Option<String>, except: &[Except]) -> Many {
    let mut many = Many {
        domain,
        ..Many::default()
    };
    for one in except {
        match one {
            Except::Id(id) => many.except_ids.push(id.clone()),
            Except::Domain(domain) => many.except_domains.push(domain.clone()),
        }
    }
    many
}

/// A pair that is no pair of times opens no window.
fn windows(pairs: &[(String, String)]) -> Vec<Validity> {
    let read = |(from, until): &(String, String)| {
        Some(Validity {
            from: from.parse().ok()?,
            until: until.parse().ok()?,
        })
    };
    pairs.iter().filter_map(read).collect()
}
