//! Who of a recording may be who of a scenario.
use super::heard::Heard;
use crate::steps::Facility;
use crate::steps::search::{Beginning, NOBODY, person_index, signature};
use crate::sut::provision::Properties;
use crate::verdict::scene::same_number;
use cucumber::gherkin;
use std::collections::BTreeMap;

/// Persons whose numbers follow from the place of a test case.
pub(super) const PEOPLE: usize = 10;
/// Ways to cast one conversation that are tried at most.
const MOST: usize = 120;

/// Numbers by the place of a person among the names.
pub(super) type People = BTreeMap<usize, String>;

/// Persons of the features.
const NAMES: [&str; 4] = ["Alice", "Bob", "Carol", "Dave"];

/// The system is told nothing of people who only call or configure: they are those whom the steps name.
pub(super) fn name_everybody(begins: &mut Beginning, steps: &[gherkin::Step]) {
    let spoken_of = |name: &str| {
        let steps = steps.iter();
        steps.filter(|step| step.value.contains(name)).count()
    };
    let people = begins.people.iter().map(|(name, _)| name.clone());
    begins.idle = people.filter(|name| spoken_of(name) < 2).collect();
    if !begins.people.is_empty() && !begins.calls {
        return;
    }
    for name in NAMES {
        let said = |step: &gherkin::Step| {
            let rows = step.table.iter().flat_map(|table| &table.rows);
            step.value.contains(name) || rows.flatten().any(|cell| cell.contains(name))
        };
        let known = begins.people.iter().any(|(other, _)| other == name);
        if !known && steps.iter().any(said) {
            begins.people.push((name.to_owned(), Properties::new()));
        }
    }
}

/// What somebody has to be like to be a person of a scenario.
pub(super) struct Wanted {
    index: usize,
    /// What the system is told of him.
    told: Option<String>,
    /// Nothing is told but his number.
    plain: bool,
    nobody: bool,
    /// He does what is done first.
    begins: bool,
    /// He takes no part, so that he need not be in the recording.
    idle: bool,
}

/// All people of a scenario.
pub(super) fn wanted(facility: &Facility, begins: &Beginning) -> Vec<Wanted> {
    let first = begins.first.as_ref().map(|(name, _)| name);
    let first = first.or(begins.on_ut.as_ref());
    let one = |(name, properties): &(String, Properties)| {
        let request = facility.provisioner.user_request(properties);
        Wanted {
            index: person_index(name),
            told: request.map(|(_, _, body)| signature(&body)),
            plain: properties.keys().all(|name| name == "number"),
            nobody: properties.is_empty(),
            idle: begins.idle.contains(name),
            begins: first == Some(name),
        }
    };
    begins.people.iter().map(one).collect()
}

/// A number of the suite's own plan says whose it is.
fn is_anothers(facility: &Facility, number: &str, index: usize) -> bool {
    let digits = number.strip_prefix(facility.profile.numbers.users.as_str());
    let place = digits.and_then(|digits| digits.parse::<usize>().ok());
    place.is_some_and(|place| place % PEOPLE != index)
}

/// Every way to give the people of a scenario numbers of a conversation, of users who are as the scenario has them.
pub(super) fn candidates(facility: &Facility, heard: &Heard, wanted: &[Wanted]) -> Vec<People> {
    let mut ways = vec![People::new()];
    for one in wanted {
        let Wanted {
            index,
            told,
            plain,
            nobody,
            begins,
            idle,
        } = one;
        let (index, plain) = (*index, *plain);
        let first = heard.first().and_then(|act| act.by.as_ref());
        let is_first =
            |number: &String| !begins || first.is_none_or(|first| same_number(first, number));
        let fits = |number: &String| match (heard.signatures.get(number), told) {
            // Every person of a scenario has a number.
            _ if !number.starts_with('+') || !is_first(number) => false,
            _ if *nobody => !is_anothers(facility, number, index),
            (Some(told), Some(wanted)) => told == wanted,
            (None, Some(_)) => plain,
            // Whether he is as wanted is known elsewhere.
            (_, None) => true,
        };
        let mut free: Vec<&String> = heard.identities.iter().filter(|one| fits(one)).collect();
        let absent = format!("{NOBODY}{index}");
        if *idle {
            free.push(&absent);
        }
        // Of somebody who is only spoken of the recording may know nothing.
        if free.is_empty() && *nobody && !begins {
            continue;
        }
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
