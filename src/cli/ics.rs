//! `list --ics`: the items of the ICS, what each decides, and what a system claims.
use super::run::Suite;
use super::say;
use crate::runner::applicable::known_items;
use crate::sut::Profile;
use crate::sut::applicability::{Expression, Items};
use anyhow::Result;
use std::collections::BTreeSet;

/// Prints every item. With a system, an item it says nothing of is unset.
pub(super) fn list(suite: &Suite, system: Option<&str>) -> Result<()> {
    let items = match system {
        Some(system) => Some(Profile::load(system, &suite.places.fixtures)?.0.items()),
        None => None,
    };
    for item in known_items(&suite.register) {
        let claimed = items
            .as_ref()
            .map_or(String::new(), |items| format!("{:5} ", claim(items, &item)));
        let (rows, cases) = decided(suite, &item);
        let rows: Vec<&str> = rows.into_iter().collect();
        let shown = match rows.len() {
            0..=8 => rows.join(", "),
            many => format!("{} and {} more", rows[..6].join(", "), many - 6),
        };
        say(&format!("{item:38} {claimed}{cases:4} test cases: {shown}"));
    }
    Ok(())
}

fn claim(items: &Items, item: &str) -> &'static str {
    items.get(item).copied().unwrap_or_default().name()
}

/// The requirements and the number of test cases whose expressions name an item.
fn decided<'a>(suite: &'a Suite, item: &str) -> (BTreeSet<&'a str>, usize) {
    let (mut rows, mut count) = (BTreeSet::new(), 0);
    for case in &suite.catalogue.cases {
        let conditions = suite.register.conditions(&case.requirement, &case.tag);
        let names = |text: &str| {
            Expression::parse(text).is_ok_and(|expression| expression.items().contains(item))
        };
        if conditions.iter().any(|one| names(&one.applies_if)) {
            rows.insert(case.requirement.as_str());
            count += 1;
        }
    }
    (rows, count)
}
