//! What `list` and `explain` print, from plain values: requirements as in the register, test cases as written in the features.
use crate::{
    report::wording,
    verdict::register::{Level, Requirement, Status},
};
use std::fmt::Write;

/// One test case as a reader of the catalogue sees it; for an outline, one per row.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub id: String,
    pub title: String,
    pub feature: String,
    /// Feature file and line.
    pub location: String,
    pub rule: String,
    pub requirement: String,
    pub tags: Vec<String>,
    /// Lines of the scenario, background first: `Given Alice is a CPM user`.
    pub steps: Vec<String>,
}

/// `list`: one line per test case below the feature it belongs to.
pub(super) fn cases(cases: &[Listed], catalogue: usize) -> String {
    let mut out = String::new();
    let mut feature = "";
    let width = cases.iter().map(|c| c.id.len()).max().unwrap_or(0);
    for case in cases {
        if case.feature != feature {
            feature = &case.feature;
            line(&mut out, &format!("\n{feature}"));
        }
        let marks = marks(&case.tags);
        line(
            &mut out,
            &format!(
                "  {:width$}  {:8}  {}{marks}",
                case.id, case.requirement, case.title
            ),
        );
    }
    line(
        &mut out,
        &format!("\n{} of {catalogue} test cases", cases.len()),
    );
    out.trim_start().to_owned()
}

fn marks(tags: &[String]) -> String {
    let known = tags.iter().map(|tag| tag.trim_start_matches('@'));
    let known: Vec<&str> = known
        .filter(|t| ["control", "derived"].contains(t))
        .collect();
    match known.is_empty() {
        true => String::new(),
        false => format!("  ({})", known.join(", ")),
    }
}

/// `list --requirements`.
pub(super) fn requirements(requirements: &[&Requirement], register: usize) -> String {
    let mut out = String::new();
    for requirement in requirements {
        line(&mut out, &heading(requirement));
        line(
            &mut out,
            &format!("        {}", requirement.statement.trim()),
        );
    }
    line(
        &mut out,
        &format!("\n{} of {register} requirements", requirements.len()),
    );
    out
}

fn heading(requirement: &Requirement) -> String {
    let profile = if wording::is_profile(requirement) {
        ", profile"
    } else {
        ""
    };
    format!(
        "{:7} {}  ({}, basis {}{profile})",
        requirement.id,
        wording::citation(requirement),
        level(requirement.level),
        wording::basis(requirement.basis).0,
    )
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

/// `explain` of a requirement.
pub(super) fn requirement(requirement: &Requirement, all: &[Listed]) -> String {
    let mut out = String::new();
    line(&mut out, &heading(requirement));
    line(&mut out, &format!("\n{}\n", requirement.statement.trim()));
    let (letter, words) = wording::basis(requirement.basis);
    field(&mut out, "basis", &format!("{letter}: {words}"));
    field(
        &mut out,
        "reading",
        requirement.reading.as_deref().unwrap_or(""),
    );
    field(
        &mut out,
        "applies if",
        requirement.applies_if.as_deref().unwrap_or(""),
    );
    field(
        &mut out,
        "otherwise",
        requirement.otherwise.as_deref().unwrap_or(""),
    );
    let status = match requirement.status {
        Status::Judged => "judged",
        Status::Untestable => "untestable",
        Status::Planned => "planned",
    };
    field(&mut out, "status", status);
    field(&mut out, "why", requirement.why.as_deref().unwrap_or(""));
    for case in all.iter().filter(|c| c.requirement == requirement.id) {
        field(
            &mut out,
            "test case",
            &format!("{}  {}", case.id, case.title),
        );
    }
    out
}

/// `explain` of a test case.
pub(super) fn case(case: &Listed, entry: Option<&Requirement>) -> String {
    let mut out = String::new();
    line(
        &mut out,
        &format!("{}  {}{}", case.id, case.title, marks(&case.tags)),
    );
    line(&mut out, &format!("{}, {}\n", case.feature, case.location));
    for step in &case.steps {
        line(&mut out, &format!("  {step}"));
    }
    line(&mut out, "");
    field(&mut out, "rule", &case.rule);
    match entry {
        Some(entry) => {
            field(&mut out, "requires", &heading(entry));
            field(&mut out, "", entry.statement.trim());
            field(&mut out, "reading", entry.reading.as_deref().unwrap_or(""));
            field(
                &mut out,
                "applies if",
                entry.applies_if.as_deref().unwrap_or(""),
            );
        }
        None => field(
            &mut out,
            "requires",
            &format!("{} (not in the register)", case.requirement),
        ),
    }
    field(
        &mut out,
        "run it",
        &format!("ims-conformance run {}", case.id),
    );
    out
}

fn field(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        line(
            out,
            &format!(
                "{label:10}  {}",
                text.trim().replace('\n', "\n            ")
            ),
        );
    }
}

fn line(out: &mut String, text: &str) {
    // Writing into a string cannot fail.
    writeln!(out, "{text}").unwrap_or_default();
}

/// A register entry and a test case for unit tests here and of the coverage.
#[cfg(test)]
pub(super) mod sample {
    use super::*;
    use crate::verdict::register::Basis;

    pub fn entry(id: &str, status: Status) -> Requirement {
        Requirement {
            id: id.to_owned(),
            document: "3GPP TS 29.311".to_owned(),
            clause: "6.1.2".to_owned(),
            statement: "Forbidden invitations are rejected.".to_owned(),
            level: Level::Must,
            basis: Basis::R,
            reading: None,
            status,
            why: (status != Status::Judged).then(|| "No interface shows it.".to_owned()),
            applies_if: None,
            otherwise: None,
            cases: Default::default(),
            decisions: Vec::new(),
        }
    }

    pub fn listed(id: &str, requirement: &str) -> Listed {
        Listed {
            id: id.to_owned(),
            title: "Alice invites Bob".to_owned(),
            feature: "Policies".to_owned(),
            location: "policy.feature:12".to_owned(),
            rule: "Forbidden means rejected".to_owned(),
            requirement: requirement.to_owned(),
            tags: vec!["@control".to_owned()],
            steps: vec!["Given Alice is a CPM user".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        sample::{entry, listed},
        *,
    };

    #[test]
    fn a_list_ends_with_its_denominator() {
        let text = cases(&[listed("TC-POL-01-01", "POL-01")], 60);
        assert_eq!(
            text,
            "Policies\n  TC-POL-01-01  POL-01    Alice invites Bob  (control)\n\n1 of 60 test cases\n"
        );
    }

    #[test]
    fn explains_both_kinds_of_id() {
        let entry = entry("POL-01", Status::Judged);
        let one = listed("TC-POL-01-01", "POL-01");
        let text = case(&one, Some(&entry));
        assert!(text.contains("requires    POL-01  3GPP TS 29.311 clause 6.1.2  (must, basis R)"));
        assert!(text.contains("run it      ims-conformance run TC-POL-01-01"));
        let text = requirement(&entry, &[one]);
        assert!(
            text.contains("test case   TC-POL-01-01  Alice invites Bob"),
            "{text}"
        );
    }
}
