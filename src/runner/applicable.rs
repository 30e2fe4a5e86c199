//! Which of the selected test cases apply to the system: what its ICS says, and nothing else, decides it.
//!
//! An item that is unset stops the run where it decides a test case; so does an item that no requirement asks for, since it is most
//! likely a misspelt one.
use super::catalogue::{Case, Catalogue};
use super::execute::blank;
use super::record::CaseRecord;
use crate::sut::Profile;
use crate::sut::applicability::{Expression, Items, Value};
use crate::sut::profile::Carriage;
use crate::verdict::{Register, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is wrong with an ICS, and how it is put right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IcsProblem {
    #[error(
        "ics.{item} is unset in {}: write `{item}: yes` if the system has it, `{item}: no` if not (`explain {requirement}`); it decides {}",
        .profile.display(), .cases.join(", ")
    )]
    Unset {
        item: String,
        requirement: String,
        cases: Vec<String>,
        profile: PathBuf,
    },
    #[error(
        "ics.{item} in {}: no requirement asks for this item; {}",
        .profile.display(), meant(.like)
    )]
    Unknown {
        item: String,
        like: Option<String>,
        profile: PathBuf,
    },
    #[error("{requirement}: {message}")]
    Expression {
        requirement: String,
        message: String,
    },
}

impl IcsProblem {
    /// The item that a misspelt one stands for.
    fn meant(&self) -> Option<String> {
        match self {
            Self::Unknown { like, .. } => like.clone(),
            _ => None,
        }
    }
}

fn meant(like: &Option<String>) -> String {
    match like {
        Some(item) => format!("is `{item}` meant?"),
        None => "leave it out (`list --ics` prints those there are)".to_owned(),
    }
}

/// Every item that requirements ask for, with the expressions that name it.
pub fn known_items(register: &Register) -> BTreeSet<String> {
    let rows = register.requirements.values();
    let of_cases = rows.clone().flat_map(|row| row.cases.values());
    let texts = rows
        .filter_map(|row| row.applies_if.as_ref())
        .chain(of_cases.map(|condition| &condition.applies_if))
        .chain(register.roles.iter().map(|role| &role.applies_if));
    let named = texts.filter_map(|text| Expression::parse(text).ok());
    named.flat_map(|expression| expression.items()).collect()
}

/// A test case under its conditions: whether it applies, and the condition that says no.
pub fn value_of(
    case: &Case,
    register: &Register,
    items: &Items,
) -> Result<(Value, String), IcsProblem> {
    let (mut value, mut reason) = (Value::Yes, String::new());
    for condition in register.conditions(&case.requirement, &case.tag) {
        let expression =
            Expression::parse(&condition.applies_if).map_err(|message| IcsProblem::Expression {
                requirement: case.requirement.clone(),
                message,
            })?;
        let one = expression.value(items);
        if one == Value::No && reason.is_empty() {
            reason = format!("{}: {}", condition.applies_if, condition.otherwise);
        }
        value = value.and(one);
    }
    Ok((value, reason))
}

/// The ids of the selected cases that apply, and the records of those that do not, with their ICS expressions.
pub fn applicable_of(
    catalogue: &Catalogue,
    register: &Register,
    profile: &Profile,
    path: &Path,
    selected: &BTreeSet<String>,
) -> Result<(BTreeSet<String>, Vec<CaseRecord>), Vec<IcsProblem>> {
    let items = profile.items();
    let mut problems = unknown(profile, register, path);
    let (mut applicable, mut others) = (BTreeSet::new(), Vec::new());
    let mut unset: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for case in catalogue.cases.iter().filter(|c| selected.contains(&c.id)) {
        match value_of(case, register, &items) {
            Ok((Value::Yes, _)) => {
                applicable.insert(case.id.clone());
            }
            Ok((Value::No, reason)) => {
                let mut record = blank(case);
                record.verdict = Verdict::NotApplicable;
                record.not_applicable = Some(reason);
                others.push(record);
            }
            Ok((Value::Undecided(items), _)) => {
                for item in items {
                    let first = || (case.requirement.clone(), Vec::new());
                    let (_, cases) = unset.entry(item).or_insert_with(first);
                    cases.push(case.id.clone());
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    let named = |(item, (requirement, cases))| IcsProblem::Unset {
        item,
        requirement,
        cases,
        profile: path.to_owned(),
    };
    // Who misspelt an item is told once.
    let misspelt: BTreeSet<String> = problems.iter().filter_map(IcsProblem::meant).collect();
    let unset = unset
        .into_iter()
        .filter(|(item, _)| !misspelt.contains(item));
    problems.extend(unset.map(named));
    match problems.is_empty() {
        true => Ok((applicable, others)),
        false => Err(problems),
    }
}

/// Items of the profile that nobody asks for.
fn unknown(profile: &Profile, register: &Register, path: &Path) -> Vec<IcsProblem> {
    let known = known_items(register);
    let stray = profile
        .ics
        .keys()
        .filter(|item| !known.contains(*item) && !Carriage::ITEMS.contains(&item.as_str()));
    let problem = |item: &String| IcsProblem::Unknown {
        item: item.clone(),
        like: crate::sut::spelling::nearest(item, known.iter().map(String::as_str)),
        profile: path.to_owned(),
    };
    stray.map(problem).collect()
}
