//! Test Anything Protocol, version 14.
//!
//! TAP knows ok, not ok, SKIP and TODO. *Not applicable* is a SKIP with its ICS expression; a waived verdict, and one of a derived test case
//! that counts against nobody, is a `not ok` with TODO; everything else that is not a pass is a plain `not ok`, our verdict and reason in
//! its diagnostics. What is wrong with a waiver is a test point of its own, and a run that was stopped bails out.
use super::wording;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use std::fmt::Write as _;

pub fn render(record: &RunRecord) -> String {
    let points = record.cases.len() + record.waiver_problems.len();
    let mut out = format!(
        "TAP version 14\n1..{points}\n# {} against {}, seed {}\n",
        one_line(&record.tool),
        one_line(&record.system.name),
        record.seed
    );
    for (index, case) in record.cases.iter().enumerate() {
        out.push_str(&point(record, index + 1, case));
    }
    for (index, problem) in record.waiver_problems.iter().enumerate() {
        let number = record.cases.len() + index + 1;
        line(
            &mut out,
            &format!("not ok {number} - {}", description(problem)),
        );
    }
    if record.interrupted {
        out.push_str("Bail out! the run was stopped before all test cases had run\n");
    }
    out
}

fn point(record: &RunRecord, number: usize, case: &CaseRecord) -> String {
    let said = description(&format!("{} {}", case.id, case.title));
    let cause = one_line(&wording::cause(case));
    let (ok, directive) = match case.verdict {
        Verdict::Pass => ("ok", String::new()),
        Verdict::NotApplicable => ("ok", format!(" # SKIP {cause}")),
        _ => match wording::waived(case) {
            Some(waiver) => ("not ok", format!(" # TODO waived {}", one_line(&waiver))),
            None if wording::is_without_effect(case) => {
                ("not ok", " # TODO derived, without effect".to_owned())
            }
            None => ("not ok", String::new()),
        },
    };
    let mut out = format!("{ok} {number} - {said}{directive}\n");
    if case.verdict == Verdict::Pass {
        return out;
    }
    let clause = wording::requirement(record, &case.requirement).map(wording::citation);
    let lines = [
        ("verdict", wording::kind(case)),
        ("requirement", case.requirement.clone()),
        ("clause", clause.unwrap_or_default()),
        ("at", format!("features/{}:{}", case.file, case.line)),
        ("message", cause),
        ("blame", case.blame.clone()),
        ("rerun", wording::rerun(record, case)),
    ];
    out.push_str("  ---\n");
    for (key, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        line(&mut out, &format!("  {key}: {}", quoted(value)));
    }
    out.push_str("  ...\n");
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a String does not fail.
    writeln!(out, "{text}").unwrap_or_default();
}

fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A description in which nothing is a directive: `#` and `\` are escaped.
fn description(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A YAML scalar in double quotes, which are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(one_line(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_failure_has_its_diagnostics_and_its_place() {
        let said = render(&sample::one(Verdict::Fail));
        for line in [
            "TAP version 14\n1..1\n",
            "not ok 1 - TC-POL-01-01 Alice invites Bob, whom policy 1 protects\n  ---\n  verdict: \"FAIL/wrong-value\"\n",
            "  at: \"features/cpm-sms-interworking/policy.feature:18\"\n",
            "  ...\n",
        ] {
            assert!(said.contains(line), "{line} in {said}");
        }
    }

    #[test]
    fn no_word_of_a_system_is_a_directive() {
        let mut record = sample::one(Verdict::Fail);
        record.cases[0].title = "all well # SKIP\nok 2 - x".to_owned();
        let said = render(&record);
        assert!(said.contains("all well \\# SKIP ok 2 - x\n"), "{said}");
        assert_eq!(
            said.lines().filter(|line| line.starts_with("ok")).count(),
            0
        );
    }

    #[test]
    fn a_run_that_was_stopped_bails_out() {
        let mut record = sample::one(Verdict::Pass);
        record.interrupted = true;
        assert!(
            render(&record)
                .ends_with("Bail out! the run was stopped before all test cases had run\n")
        );
    }
}
