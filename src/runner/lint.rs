//! The linter: reads every feature before a run and closes the holes through which a green run could prove nothing.
//!
//! cucumber accepts undefined steps, empty scenarios, scenarios without `Then`, empty outlines and misspelt keywords without a word.
use super::catalogue::{Case, Catalogue};
use super::select::SMOKE;
use crate::steps::{self, Sentence};
use crate::sut::applicability::Expression;
use crate::sut::spelling::distance;
use crate::verdict::Register;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One thing that must be mended before anything runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

const STEPS_AT_MOST: usize = 7;
const BACKGROUND_AT_MOST: usize = 5;
const LINES_AT_MOST: usize = 120;
const COLUMNS_AT_MOST: usize = 100;

/// Every problem of the catalogue, in the order of files and lines.
pub fn lint(catalogue: &Catalogue, register: &Register) -> Vec<Problem> {
    let mut problems = Vec::new();
    for feature in &catalogue.features {
        let file = feature
            .path
            .as_deref()
            .map(|path| super::catalogue::relative(path, &catalogue.folder))
            .unwrap_or_default();
        problems.extend(layout(feature.path.as_deref(), &file));
        problems.extend(structure(feature, &file, register));
    }
    for case in &catalogue.cases {
        problems.extend(scenario(case));
        problems.extend(sentences(case));
    }
    problems.extend(conditions(&catalogue.cases, register));
    problems.extend(identities(&catalogue.cases));
    problems.extend(controls(&catalogue.cases));
    if catalogue.cases.is_empty() {
        problems.push(Problem {
            file: catalogue.folder.display().to_string(),
            line: 1,
            message: "there is no scenario at all".into(),
        });
    }
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    problems.dedup();
    problems
}

fn layout(path: Option<&Path>, file: &str) -> Vec<Problem> {
    let Some(text) = path.and_then(|path| std::fs::read_to_string(path).ok()) else {
        return Vec::new();
    };
    let problem = |line: usize, message: String| Problem {
        file: file.to_owned(),
        line,
        message,
    };
    let mut problems = Vec::new();
    if text.lines().count() > LINES_AT_MOST {
        problems.push(problem(
            LINES_AT_MOST + 1,
            format!("a feature file has at most {LINES_AT_MOST} lines"),
        ));
    }
    for (index, line) in text.lines().enumerate() {
        if line.chars().count() > COLUMNS_AT_MOST {
            problems.push(problem(
                index + 1,
                format!("a line has at most {COLUMNS_AT_MOST} columns"),
            ));
        }
        let trimmed = line.trim_start();
        if trimmed.starts_with("\"\"\"") && trimmed.len() > 3 && !trimmed[3..].contains("\"\"\"") {
            problems.push(problem(
                index + 1,
                "a media type after `\"\"\"` becomes part of the text; say it in the step".into(),
            ));
        }
        if let Some(word) = keyword_like(trimmed) {
            problems.push(problem(
                index + 1,
                format!("`{word}` is no keyword; the line would be read as a description"),
            ));
        }
    }
    problems
}

/// A first word that is almost `Given`, `When`, `Then` or `Background`, and is none.
fn keyword_like(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?;
    let plain = word.trim_end_matches(':').to_ascii_lowercase();
    let known = [
        "given",
        "when",
        "then",
        "background",
        "scenario",
        "examples",
    ];
    let close = |keyword: &&str| plain.len() > 3 && distance(&plain, keyword) == 1;
    (!known.contains(&plain.as_str()) && known.iter().any(close)).then_some(word)
}

/// Expressions that no ICS can answer.
fn conditions(cases: &[Case], register: &Register) -> Vec<Problem> {
    let of_case = |case: &Case| {
        let conditions = register.conditions(&case.requirement, &case.tag);
        let wrong = conditions
            .into_iter()
            .filter_map(|condition| Expression::parse(&condition.applies_if).err());
        let problem = |message| Problem {
            file: case.file.clone(),
            line: case.line,
            message: format!("applies_if of {}: {message}", case.requirement),
        };
        wrong.map(problem).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}

fn structure(
    feature: &cucumber::gherkin::Feature,
    file: &str,
    register: &Register,
) -> Vec<Problem> {
    let problem = |line: usize, message: String| Problem {
        file: file.to_owned(),
        line,
        message,
    };
    let mut problems = Vec::new();
    if !feature.scenarios.is_empty() {
        problems.push(problem(
            feature.scenarios[0].position.line,
            "a scenario stands under a `Rule:` that names its requirement".into(),
        ));
    }
    if feature.rules.iter().all(|rule| rule.scenarios.is_empty()) && feature.scenarios.is_empty() {
        problems.push(problem(
            feature.position.line,
            "the feature has no scenario (or an outline without rows)".into(),
        ));
    }
    let background = feature.background.iter();
    for (line, text) in background.map(|b| (b.position.line, &b.description)) {
        problems.extend(text.as_ref().map(|text| problem(line, undescribed(text))));
    }
    for rule in &feature.rules {
        let line = rule.position.line;
        match rule.tags.as_slice() {
            [id] if register.get(id).is_none() => problems.push(problem(
                line,
                format!("requirement {id} is not in the register"),
            )),
            [_] => {}
            other => problems.push(problem(
                line,
                format!(
                    "a Rule has one tag, the id of its requirement; this one has {}",
                    other.len()
                ),
            )),
        }
        if rule.scenarios.is_empty() {
            problems.push(problem(
                line,
                "the rule has no scenario (or an outline without rows)".into(),
            ));
        }
        let backgrounds = rule
            .background
            .iter()
            .map(|b| (b.position.line, &b.description));
        let scenarios = rule.scenarios.iter();
        let described = scenarios.map(|scenario| (scenario.position.line, &scenario.description));
        let described = described.chain(backgrounds);
        for (line, text) in described.chain([(line, &rule.description)]) {
            problems.extend(text.as_ref().map(|text| problem(line, undescribed(text))));
        }
    }
    problems
}

/// Whatever stands before the first step is a description to Gherkin, also a step whose keyword is misspelt.
fn undescribed(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or_default();
    format!(
        "`{first}` is no step and would be read as a description; descriptions stand below `Feature:` only"
    )
}

fn scenario(case: &Case) -> Vec<Problem> {
    let problem = |message: String| Problem {
        file: case.file.clone(),
        line: case.line,
        message,
    };
    let own: Vec<_> = case.steps.iter().filter(|step| !step.background).collect();
    let mut problems = Vec::new();
    if own.is_empty() {
        problems.push(problem("the scenario has no steps".into()));
    }
    if own.len() > STEPS_AT_MOST {
        problems.push(problem(format!(
            "a scenario has at most {STEPS_AT_MOST} steps; this one has {}",
            own.len()
        )));
    }
    if case.steps.len() - own.len() > BACKGROUND_AT_MOST {
        problems.push(problem(format!(
            "a background has at most {BACKGROUND_AT_MOST} steps"
        )));
    }
    let count = |keyword: &str| own.iter().filter(|step| step.keyword == keyword).count();
    match count("When") {
        1 => {}
        n => problems.push(problem(format!(
            "a scenario has one `When`; this one has {n}"
        ))),
    }
    if count("Then") == 0 {
        problems.push(problem(
            "the scenario has no `Then`: it could only pass by judging nothing".into(),
        ));
    }
    let own_tags: BTreeSet<&str> = case.tags.iter().map(String::as_str).collect();
    for tag in own_tags {
        if !(tag.starts_with("TC-")
            || tag == case.requirement
            || tag == "control"
            || tag == "derived"
            || tag == "every-access"
            || tag == SMOKE)
        {
            problems.push(problem(format!("unknown tag @{tag}; allowed are the requirement on the Rule, @TC-…, @control, @derived, @every-access, @smoke")));
        }
    }
    if case
        .tags
        .iter()
        .filter(|tag| tag.starts_with("TC-"))
        .count()
        != 1
    {
        problems.push(problem("a scenario has exactly one @TC-… tag".into()));
    }
    problems
}

/// The step's sentence, or what is wrong with it.
fn sentence_of(case: &Case, step: &super::catalogue::Step) -> Result<&'static Sentence, Problem> {
    let problem = |message: String| Problem {
        file: case.file.clone(),
        line: step.parsed.position.line,
        message,
    };
    match steps::find(&step.parsed) {
        Err(error) => Err(problem(format!(
            "`{} {}` fits more than one sentence: {error}",
            step.keyword, step.text
        ))),
        Ok(None) => Err(problem(format!(
            "`{} {}` is no known sentence; `list --sentences` prints them",
            step.keyword, step.text
        ))),
        Ok(Some(sentence)) => Ok(sentence),
    }
}

fn sentences(case: &Case) -> Vec<Problem> {
    case.steps
        .iter()
        .filter_map(|step| sentence_of(case, step).err())
        .collect()
}

fn identities(cases: &[Case]) -> Vec<Problem> {
    let mut seen: BTreeMap<&str, &Case> = BTreeMap::new();
    let mut problems = Vec::new();
    for case in cases {
        if let Some(first) = seen.insert(&case.id, case) {
            let message = format!(
                "{} stands already at {}:{}; ids are given once",
                case.id, first.file, first.line
            );
            problems.push(Problem {
                file: case.file.clone(),
                line: case.line,
                message,
            });
        }
    }
    problems
}

/// Every prohibition and every refusal needs a scenario of the same Rule that shows permission.
fn controls(cases: &[Case]) -> Vec<Problem> {
    let controlled: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.control)
        .map(|case| case.requirement.as_str())
        .collect();
    cases
        .iter()
        .filter(|case| needs_control(case) && !controlled.contains(case.requirement.as_str()))
        .map(|case| {
            let what = if is_prohibition(case) {
                "says that nothing happens; its Rule needs a @control scenario where it does happen"
            } else if is_bare(case, |sentence| sentence.refusal) {
                "says that the system refuses; its Rule needs a @control scenario where it does not"
            } else {
                "says only that the system takes a request; its Rule needs a @control scenario that shows what it took"
            };
            Problem {
                file: case.file.clone(),
                line: case.line,
                message: format!("{} {what}", case.id),
            }
        })
        .collect()
}

/// True when a pass of the case proves nothing by itself: a dead system would get it, or one that refuses or takes everything.
pub fn needs_control(case: &Case) -> bool {
    let bare = |case: &Case| is_bare(case, |sentence| sentence.refusal || sentence.acceptance);
    !case.control && (is_prohibition(case) || bare(case))
}

/// True when a `Then` of the case says that something does not happen.
fn is_prohibition(case: &Case) -> bool {
    said(case, "Then", |sentence| sentence.prohibition)
}

/// An answer of a system that has shown nothing else before it in the test case.
fn is_bare(case: &Case, answer: impl Fn(&Sentence) -> bool) -> bool {
    said(case, "Then", answer) && !said(case, "Given", |sentence| sentence.witnessed)
}

fn said(case: &Case, keyword: &str, is_it: impl Fn(&Sentence) -> bool) -> bool {
    case.steps
        .iter()
        .any(|step| step.keyword == keyword && sentence_of(case, step).is_ok_and(&is_it))
}
