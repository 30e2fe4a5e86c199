//! What runs have really judged, requirement by requirement: measured from their findings, and not from the tags of their test cases.
//! Several runs count together, such as those over each carriage.
//!
//! Every row of the register is in exactly one class. A row is judged where a test case of its own, and not merely its control, has come to a
//! pass or a fail with frames to show for it. Whatever did not get so far (not run, inconclusive, an error, not applicable to this system) is
//! *not yet*, and says why.
use super::markdown::cell;
use super::wording;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::register::{Requirement, Status};
use crate::verdict::{Finding, Verdict};
use std::collections::BTreeMap;

/// What has become of a requirement in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// By the words of its clause.
    Judged,
    /// Field practice, inferred or not read again: judged, and no departure from the specification.
    Profile,
    /// Cannot be judged from outside.
    Untestable,
    /// Nothing in this run has judged it.
    NotYet,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Judged, Self::Profile, Self::Untestable, Self::NotYet];

    pub fn name(self) -> &'static str {
        match self {
            Self::Judged => "judged",
            Self::Profile => "profile",
            Self::Untestable => "untestable",
            Self::NotYet => "not yet",
        }
    }
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    pub requirement: &'a Requirement,
    pub class: Class,
    /// Test cases that judged it, by how.
    pub passed: usize,
    pub failed: usize,
    /// Why it is untestable or not judged yet.
    pub why: String,
}

/// The rows in the order of the register of the first run.
pub fn rows(records: &[RunRecord]) -> Vec<Row<'_>> {
    let mut by_row: BTreeMap<&str, Vec<&CaseRecord>> = BTreeMap::new();
    for case in records.iter().flat_map(|record| &record.cases) {
        by_row.entry(&case.requirement).or_default().push(case);
        for id in case.findings.iter().map(|one| one.requirement.as_str()) {
            let cases = by_row.entry(id).or_default();
            if !cases.iter().any(|other| std::ptr::eq(*other, case)) {
                cases.push(case);
            }
        }
    }
    let requirements = records
        .first()
        .into_iter()
        .flat_map(|record| &record.requirements);
    let cases = |one: &Requirement| by_row.get(one.id.as_str()).cloned().unwrap_or_default();
    requirements.map(|one| row(one, &cases(one))).collect()
}

fn row<'a>(requirement: &'a Requirement, cases: &[&CaseRecord]) -> Row<'a> {
    let of = |verdict| {
        let judged = cases
            .iter()
            .filter(|case| judges(case, &requirement.id, verdict));
        judged.count()
    };
    let (passed, failed) = (of(Verdict::Pass), of(Verdict::Fail));
    let class = match passed + failed {
        _ if requirement.status == Status::Untestable => Class::Untestable,
        0 => Class::NotYet,
        _ if wording::is_profile(requirement) => Class::Profile,
        _ => Class::Judged,
    };
    let why = match class {
        Class::Judged | Class::Profile => String::new(),
        Class::Untestable => requirement.why.clone().unwrap_or_default(),
        Class::NotYet => why_not_yet(cases),
    };
    Row {
        requirement,
        class,
        passed,
        failed,
        why,
    }
}

/// Whether a test case came to that verdict by a finding about the requirement that has frames to show for it.
fn judges(case: &CaseRecord, id: &str, verdict: Verdict) -> bool {
    let about =
        |one: &Finding| one.requirement == id && one.verdict == verdict && !one.frames.is_empty();
    // What the system failed to send has no frames of its own.
    let missing = |one: &Finding| one.requirement == id && one.verdict == Verdict::Fail;
    let judged = match verdict {
        Verdict::Fail => case.findings.iter().any(missing),
        _ => case.findings.iter().any(about),
    };
    !case.control && case.verdict == verdict && judged
}

fn why_not_yet(cases: &[&CaseRecord]) -> String {
    let Some(worst) = cases.iter().max_by_key(|case| case.verdict) else {
        return "no test case of it ran".to_owned();
    };
    match worst.verdict {
        Verdict::NotApplicable => format!("not applicable: {}", wording::cause(worst)),
        Verdict::Pass => format!("{} passed, which is but a control", worst.id),
        _ => format!("{} came to {}", worst.id, wording::kind(worst)),
    }
}

/// How many rows are in each class.
fn totals(rows: &[Row]) -> [(Class, usize); 4] {
    Class::ALL.map(|class| (class, rows.iter().filter(|row| row.class == class).count()))
}

/// A table as RFC 4180 has it, one requirement in a line.
pub fn csv(records: &[RunRecord]) -> String {
    let mut out = "requirement,class,basis,document,clause,passed,failed,why\r\n".to_owned();
    for row in rows(records) {
        let requirement = row.requirement;
        let fields = [
            requirement.id.clone(),
            row.class.name().to_owned(),
            wording::basis(requirement.basis).0.to_owned(),
            requirement.document.clone(),
            requirement.clause.clone(),
            row.passed.to_string(),
            row.failed.to_string(),
            row.why,
        ];
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A field; one that a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@']);
    let field = if formula {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

/// `POL-01,judged` for every row: what is kept to see that nothing is judged no more.
pub fn snapshot(records: &[RunRecord]) -> String {
    let rows = rows(records).into_iter();
    let mut lines: Vec<String> = rows
        .map(|row| format!("{},{}\n", row.requirement.id, row.class.name()))
        .collect();
    lines.sort();
    format!("requirement,class\n{}", lines.concat())
}

pub fn markdown(records: &[RunRecord]) -> String {
    let rows = rows(records);
    let mut out = "## What has been judged\n\n".to_owned();
    for record in records {
        out.push_str(&format!(
            "- {} of {} over {}, {}\n",
            cell(&record.tool),
            cell(&record.system.name),
            cell(&record.system.carriage),
            cell(&record.started)
        ));
    }
    out.push_str("\n| Class | Requirements |\n|---|--:|\n");
    for (class, count) in totals(&rows) {
        out.push_str(&format!("| {} | {count} |\n", class.name()));
    }
    out.push_str(&format!("| all | {} |\n", rows.len()));
    out.push_str(
        "\n| Requirement | Class | Clause | Passed | Failed | Why |\n|---|---|---|--:|--:|---|\n",
    );
    for row in &rows {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            cell(&row.requirement.id),
            row.class.name(),
            cell(&wording::citation(row.requirement)),
            row.passed,
            row.failed,
            cell(&row.why)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    /// The class of the requirement of a run of one case, which is no control.
    fn class(change: impl Fn(&mut RunRecord)) -> (Class, String) {
        let mut record = sample::one(Verdict::Pass);
        record.cases[0].control = false;
        change(&mut record);
        let id = record.cases[0].requirement.clone();
        let records = [record];
        let all = rows(&records);
        let row = all
            .into_iter()
            .find(|row| row.requirement.id == id)
            .unwrap();
        (row.class, row.why)
    }

    fn came_to(record: &mut RunRecord, verdict: Verdict) {
        record.cases[0].verdict = verdict;
        record.cases[0].findings[0].verdict = verdict;
    }

    #[test]
    fn only_a_pass_or_a_fail_with_its_evidence_judges() {
        assert_eq!(class(|_| {}).0, Class::Judged);
        assert_eq!(
            class(|record| came_to(record, Verdict::Fail)).0,
            Class::Judged
        );
        for verdict in [
            Verdict::None,
            Verdict::NotApplicable,
            Verdict::Inconc,
            Verdict::Error,
        ] {
            let (class, why) = class(|record| came_to(record, verdict));
            assert_eq!(class, Class::NotYet, "{verdict:?}");
            assert!(!why.is_empty());
        }
        assert_eq!(
            class(|r| r.cases[0].findings[0].frames.clear()).0,
            Class::NotYet
        );
        assert_eq!(class(|r| r.cases[0].findings.clear()).0, Class::NotYet);
        let (control, why) = class(|record| record.cases[0].control = true);
        assert_eq!(control, Class::NotYet);
        assert!(why.contains("but a control"), "{why}");
    }

    #[test]
    fn the_register_says_what_is_profile_and_what_cannot_be_tested() {
        let profile = class(|r| {
            r.requirements
                .iter_mut()
                .for_each(|one| one.basis = crate::verdict::register::Basis::I)
        });
        assert_eq!(profile.0, Class::Profile);
        let untestable = class(|r| {
            for one in &mut r.requirements {
                one.status = Status::Untestable;
                one.why = Some("nobody sees it".to_owned());
            }
        });
        assert_eq!(untestable, (Class::Untestable, "nobody sees it".to_owned()));
    }

    #[test]
    fn every_row_is_in_one_class_of_every_form() {
        let record = [sample::mixed()];
        let count = record[0].requirements.len();
        assert_eq!(
            totals(&rows(&record)).map(|(_, n)| n).iter().sum::<usize>(),
            count
        );
        assert_eq!(csv(&record).lines().count(), count + 1);
        assert_eq!(snapshot(&record).lines().count(), count + 1);
        assert!(markdown(&record).contains(&format!("| all | {count} |")));
    }

    #[test]
    fn what_one_run_did_not_judge_another_may() {
        let mut runs = [
            sample::one(Verdict::NotApplicable),
            sample::one(Verdict::Pass),
        ];
        runs.iter_mut().for_each(|run| run.cases[0].control = false);
        let id = runs[0].cases[0].requirement.clone();
        let all = rows(&runs);
        let row = all.iter().find(|row| row.requirement.id == id).unwrap();
        assert_eq!((row.class, row.passed), (Class::Judged, 1));
    }

    #[test]
    fn a_field_stays_a_field() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
