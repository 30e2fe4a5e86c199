//! Self-test: the requirement register, the marks in the sources and the rules of the features belong together.
//!
//! A mark `mark!("ID")` (carried out, in `src/reference` only) or `//= ID type=test` (judged, in `src/verdict` only) names an entry of
//! `fixtures/requirements`; an entry with status `judged` has a judge and a `Rule:` with its id as a tag.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod repository;
mod rust_source;

use repository::{all_sources, features, none};
use rust_source::{Kind, Source, root};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Entry {
    id: String,
    status: String,
    #[serde(default)]
    why: String,
}

fn register() -> Vec<Entry> {
    let folder = root().join("fixtures/requirements");
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|e| e == "yaml"));
    let mut found: Vec<Entry> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let inside: Vec<Entry> = serde_yaml::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        found.extend(inside);
    }
    assert!(!found.is_empty(), "the register is empty");
    found
}

#[derive(Debug, PartialEq, Eq)]
struct Mark {
    line: usize,
    id: String,
    judged: bool,
}

/// The marks of a file, and what only looks like one.
fn marks(source: &Source) -> (Vec<Mark>, Vec<String>) {
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    let tokens = source.tokens();
    for called in tokens.windows(4) {
        let [name, "!", "(", id] = [0, 1, 2, 3].map(|place: usize| called[place].text.as_str())
        else {
            continue;
        };
        if name == "mark" && called[3].kind == Kind::Text {
            found.push(Mark {
                line: called[0].line,
                id: id.trim_matches('"').to_owned(),
                judged: false,
            });
        }
    }
    for token in tokens {
        let Some(text) = token
            .text
            .strip_prefix("//=")
            .filter(|_| token.kind == Kind::Comment)
        else {
            continue;
        };
        match text.trim_end().split(' ').collect::<Vec<_>>()[..] {
            ["", id, "type=test"] if is_id(id) => {
                found.push(Mark {
                    line: token.line,
                    id: id.to_owned(),
                    judged: true,
                });
            }
            _ => odd.push(format!(
                "{}:{}: `{}` is no mark",
                source.file, token.line, token.text
            )),
        }
    }
    (found, odd)
}

fn is_id(text: &str) -> bool {
    let Some((area, number)) = text.rsplit_once('-') else {
        return false;
    };
    let area_fits = area
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
    area_fits && !area.is_empty() && number.len() >= 2 && number.chars().all(|c| c.is_ascii_digit())
}

fn wrong_marks(source: &Source, known: &BTreeSet<String>) -> Vec<String> {
    let (marks, mut found) = marks(source);
    let judge = source.file.starts_with("src/verdict/");
    for Mark { line, id, judged } in marks {
        let at = format!("{}:{line}", source.file);
        if !known.contains(&id) {
            found.push(format!("{at}: {id} is not in the register"));
        }
        if judged && !judge {
            found.push(format!("{at}: {id} is judged outside src/verdict"));
        }
        if !judged && !source.file.starts_with("src/reference/") {
            found.push(format!("{at}: {id} is carried out outside src/reference"));
        }
    }
    found
}

/// Ids that stand as a tag in front of a `Rule:`.
fn ruled(feature: &str) -> BTreeSet<String> {
    let (mut found, mut tags) = (BTreeSet::new(), Vec::new());
    for line in feature.lines().map(str::trim) {
        if line.starts_with('@') {
            tags.extend(
                line.split_whitespace()
                    .map(|tag| tag.trim_start_matches('@')),
            );
        } else if line.starts_with("Rule:") {
            found.extend(tags.drain(..).filter(|tag| is_id(tag)).map(str::to_owned));
        } else if !line.is_empty() && !line.starts_with('#') {
            tags.clear();
        }
    }
    found
}

#[test]
fn ids_are_given_once() {
    let mut known = BTreeSet::new();
    let twice = register()
        .into_iter()
        .filter(|entry| !known.insert(entry.id.clone()));
    none(
        twice
            .map(|entry| format!("{} is in the register twice", entry.id))
            .collect(),
    );
}

/// The catalogues, with the number of their rows: `fixtures/requirements/<name>.ids` has every row, whatever became of it.
const CATALOGUES: [(&str, usize); 2] = [("cpm-sms", 184), ("cmmc-mmtel", 126)];

fn catalogue(name: &str) -> Vec<String> {
    let file = root().join(format!("fixtures/requirements/{name}.ids"));
    let text = std::fs::read_to_string(&file).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_row_of_the_catalogue_is_in_the_register() {
    let mut catalogues = Vec::new();
    for (name, rows) in CATALOGUES {
        let catalogue = catalogue(name);
        assert_eq!(catalogue.len(), rows, "rows of {name}.ids");
        catalogues.extend(catalogue);
    }
    let known: BTreeSet<String> = register().into_iter().map(|entry| entry.id).collect();
    none(
        catalogues
            .iter()
            .filter(|id| !known.contains(*id))
            .map(|id| format!("{id} is in no file of fixtures/requirements"))
            .collect(),
    );
    none(
        known
            .iter()
            .filter(|id| !catalogues.contains(id))
            .map(|id| format!("{id} is in the register and in no list of ids"))
            .collect(),
    );
}

/// A row that cannot be judged, or is not yet, says why.
#[test]
fn what_is_not_judged_says_why() {
    none(
        register()
            .iter()
            .filter(|entry| entry.status != "judged" && entry.why.is_empty())
            .map(|entry| format!("{} is {} and does not say why", entry.id, entry.status))
            .collect(),
    );
}

/// Every row of the catalogues is judged or untestable; none goes back.
#[test]
fn nothing_is_left_planned() {
    none(
        register()
            .iter()
            .filter(|entry| entry.status == "planned")
            .map(|entry| format!("{} is still planned", entry.id))
            .collect(),
    );
}

#[test]
fn marks_name_requirements_of_the_register() {
    let known: BTreeSet<String> = register().into_iter().map(|entry| entry.id).collect();
    let all = all_sources();
    none(
        all.iter()
            .flat_map(|source| wrong_marks(source, &known))
            .collect(),
    );
}

#[test]
fn judged_requirements_have_a_judge_and_a_rule() {
    let judges: BTreeSet<String> = all_sources()
        .iter()
        .filter(|source| source.file.starts_with("src/verdict/") && !source.test)
        .flat_map(|source| marks(source).0)
        .filter(|mark| mark.judged)
        .map(|mark| mark.id)
        .collect();
    let rules: BTreeSet<String> = features()
        .iter()
        .flat_map(|(_, text)| ruled(text))
        .collect();
    let mut found = Vec::new();
    for Entry { id, .. } in register().iter().filter(|entry| entry.status == "judged") {
        if !judges.contains(id) {
            found.push(format!(
                "{id} is judged and has no `//= {id} type=test` in src/verdict"
            ));
        }
        if !rules.contains(id) {
            found.push(format!(
                "{id} is judged and has no `@{id}` at a Rule in features"
            ));
        }
    }
    none(found);
}

#[test]
fn catches_marks_of_nothing() {
    let known = BTreeSet::from(["POL-01".to_owned()]);
    let wrong =
        |file: &str, text: &str| wrong_marks(&Source::sample(file, "x", text), &known).len();
    let reference = "src/reference/a.rs";
    let carried_out = |id: &str| format!("fn f() {{ mark!(\"{id}\"); }}");
    assert_eq!(wrong(reference, &carried_out("POL-01")), 0);
    assert_eq!(wrong(reference, &carried_out("POL-99")), 1);
    assert_eq!(wrong("src/verdict/a.rs", &carried_out("POL-01")), 1);
    let judged = "//= POL-01 type=test\nfn f() {}";
    assert_eq!(wrong("src/verdict/a.rs", judged), 0);
    assert_eq!(wrong(reference, judged), 1);
    assert_eq!(wrong(reference, "//= POL-01"), 1);
    assert_eq!(wrong("src/verdict/a.rs", "//= POL-01"), 1);
    assert_eq!(wrong("src/verdict/a.rs", "//= POL-01 type=todo"), 1);
    assert_eq!(wrong("src/verdict/a.rs", "//=POL-01"), 1);
}

#[test]
fn takes_tags_of_rules_only() {
    let feature = "@POL-01\nFeature: a\n  @POL-02 @control\n  # why\n  Rule: b\n    @POL-03\n    Scenario: c\n";
    assert_eq!(ruled(feature), BTreeSet::from(["POL-02".to_owned()]));
}
