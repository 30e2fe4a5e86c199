//! Who of a recording may be who of a scenario.
use super::heard::Heard;
use crate::steps::Facility;
use crate::steps::search::{Beginning, person_index, signature};
use std::collections::BTreeMap;

/// Ways to cast one conversation that are tried at most.
const MOST: usize = 120;

/// Numbers by the place of a person among the names.
pub(super) type People = BTreeMap<usize, String>;

/// Every way to give the people of a scenario numbers of a conversation, of users who are as the scenario has them.
pub(super) fn candidates(facility: &Facility, heard: &Heard, begins: &Beginning) -> Vec<People> {
    let mut ways = vec![People::new()];
    for (name, properties) in &begins.people {
        let index = person_index(name);
        let wanted = facility
            .provisioner
            .user_request(properties)
            .map(|(_, _, body)| signature(&body));
        let plain = properties.keys().all(|name| name == "number");
        let fits = |number: &String| match (heard.signatures.get(number), &wanted) {
            (Some(told), Some(wanted)) => told == wanted,
            (None, Some(_)) => plain,
            // Whether he is as wanted is known elsewhere.
            (_, None) => true,
        };
        let free: Vec<&String> = heard.identities.iter().filter(|one| fits(one)).collect();
        let mut next = Vec::new();
        for way in &ways {
            for number in &free {
                if next.len() < MOST && !way.values().any(|taken| taken == *number) {
                    let mut way = way.clone();
                    way.insert(index, (*number).clone());
                    next.push(way);
                }
            }
        }
        ways = next;
    }
    ways
}
