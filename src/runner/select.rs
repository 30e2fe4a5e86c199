//! Which test cases run: by id, requirement, beginning of either, folder or file of the features, or tag expression; words are joined by
//! "or".
//!
//! A test case that says that nothing happens, or that the system refuses, brings its @control with it: without the control its pass
//! would prove nothing.
use super::catalogue::Case;
use super::lint::needs_control;
use cucumber::gherkin::tagexpr::TagOperation;
use cucumber::tag::Ext as _;
use std::collections::BTreeSet;
use std::str::FromStr;

/// A selection word that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "selection `{word}` is neither an id, the beginning of one, a folder or file of the features, nor a tag expression: {message}"
)]
pub struct SelectionError {
    pub word: String,
    pub message: String,
}

/// Ids of the selected cases. No words select everything.
pub fn select(cases: &[Case], words: &[String]) -> Result<BTreeSet<String>, SelectionError> {
    let mut selected = BTreeSet::new();
    for word in words {
        selected.extend(by_word(cases, word)?);
    }
    if words.is_empty() {
        selected.extend(cases.iter().map(|case| case.id.clone()));
    }
    let controls: Vec<String> = cases
        .iter()
        .filter(|case| selected.contains(&case.id))
        .flat_map(|case| controls_of(case, cases))
        .collect();
    selected.extend(controls);
    Ok(selected)
}

/// The tag of test cases that prove the plumbing: nothing about the system can be said while one of them is not judged.
pub const SMOKE: &str = "smoke";

/// Those of the selected cases that prove the plumbing, with their controls.
pub fn smoke_of(cases: &[Case], selected: &BTreeSet<String>) -> BTreeSet<String> {
    let chosen = cases
        .iter()
        .filter(|case| selected.contains(&case.id) && case.tags.iter().any(|tag| tag == SMOKE));
    let with_controls = chosen.flat_map(|case| {
        let mut ids = controls_of(case, cases);
        ids.push(case.id.clone());
        ids
    });
    with_controls.collect()
}

/// The words that select nothing: misspelt, most likely.
pub fn fruitless<'a>(cases: &[Case], words: &'a [String]) -> Result<Vec<&'a str>, SelectionError> {
    let mut found = Vec::new();
    for word in words {
        if by_word(cases, word)?.is_empty() {
            found.push(word.as_str());
        }
    }
    Ok(found)
}

/// Ids of the scenarios that show permission where this one shows a prohibition or a refusal.
pub fn controls_of(case: &Case, cases: &[Case]) -> Vec<String> {
    if !needs_control(case) {
        return Vec::new();
    }
    cases
        .iter()
        .filter(|other| {
            other.control && other.requirement == case.requirement && other.access == case.access
        })
        .map(|other| other.id.clone())
        .collect()
}

fn by_word(cases: &[Case], word: &str) -> Result<Vec<String>, SelectionError> {
    if word.contains('@') {
        let expression = TagOperation::from_str(word).map_err(|error| SelectionError {
            word: word.to_owned(),
            message: error.to_string(),
        })?;
        return Ok(cases
            .iter()
            .filter(|case| expression.eval(case.tags.iter()))
            .map(|case| case.id.clone())
            .collect());
    }
    Ok(cases
        .iter()
        .filter(|case| fits(case, word) || lies_in(case, word))
        .map(|case| case.id.clone())
        .collect())
}

/// Whole id or requirement first; the beginning of one ends at a hyphen or dot, so that `INV-1` does not mean `INV-10`.
fn fits(case: &Case, word: &str) -> bool {
    [&case.id, &case.requirement].into_iter().any(|id| {
        id.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(['-', '.']) || word.ends_with(['-', '.'])
        })
    })
}

/// `communication-barring`, `communication-barring/rules` and `communication-barring/rules.feature` name folders and files.
fn lies_in(case: &Case, word: &str) -> bool {
    let word = word.trim_end_matches('/');
    let rest = case.file.strip_prefix(word);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == ".feature")
}
