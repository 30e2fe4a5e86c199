//! Markdown for the summary page of a CI job.
//!
//! One screen: totals, everything that is not a pass, and requirements folded away. The evidence is in the HTML report.
use super::wording;
use crate::{
    runner::record::{CaseRecord, RunRecord},
    verdict::Verdict,
};

/// CI systems cut summaries at about one megabyte; more rows than this help nobody.
const MOST_ROWS: usize = 200;

pub fn render(record: &RunRecord) -> String {
    let t = &record.totals;
    let mut out = format!(
        "## {} against {}\n\n",
        cell(&record.tool),
        cell(&record.system.name)
    );
    out.push_str(
        "| | pass | fail | waived | inconclusive | error | not applicable | without a verdict |\n",
    );
    out.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    out.push_str(&format!(
        "| Cases | {} | {} | {} | {} | {} | {} | {} |\n\n",
        t.pass,
        t.fail,
        t.waived,
        t.inconc,
        t.error,
        t.not_applicable,
        wording::unfinished(t)
    ));
    out.push_str(&format!(
        "{}. Seed {}, {}.\n",
        wording::denominator(t),
        record.seed,
        wording::duration(record.duration_ms)
    ));
    if record.interrupted {
        out.push_str("\n**The run was stopped before all test cases had run.**\n");
    }
    for problem in &record.waiver_problems {
        out.push_str(&format!("\n**Waiver:** {}\n", cell(problem)));
    }
    out.push_str(&not_passed(record));
    out.push_str(&requirements(record));
    for note in &record.notes {
        out.push_str(&format!("\n> {}\n", cell(note)));
    }
    out
}

fn not_passed(record: &RunRecord) -> String {
    let cases: Vec<&CaseRecord> = record
        .cases
        .iter()
        .filter(|c| c.verdict != Verdict::Pass)
        .collect();
    if cases.is_empty() {
        return String::new();
    }
    let mut out = "\n| Test case | Verdict | Requirement | Cause |\n|---|---|---|---|\n".to_owned();
    for case in cases.iter().take(MOST_ROWS) {
        let clause = wording::requirement(record, &case.requirement).map(wording::citation);
        let profile = if case.profile { " *profile*" } else { "" };
        let waived = wording::waived(case).map(|waiver| format!("<br>waived {}", cell(&waiver)));
        out.push_str(&format!(
            "| {}<br>{} | {}{profile} | {}<br>{} | {}{} |\n",
            cell(&case.id),
            cell(&case.title),
            cell(&wording::kind(case)),
            cell(&case.requirement),
            cell(&clause.unwrap_or_default()),
            cell(&wording::cause(case)),
            waived.unwrap_or_default(),
        ));
    }
    if cases.len() > MOST_ROWS {
        out.push_str(&format!(
            "\n{} more are in the report.\n",
            cases.len() - MOST_ROWS
        ));
    }
    out
}

fn requirements(record: &RunRecord) -> String {
    let mut rows = String::new();
    let mut judged = 0;
    for requirement in &record.requirements {
        let of = |c: &&CaseRecord| c.requirement == requirement.id;
        let cases: Vec<&CaseRecord> = record.cases.iter().filter(of).collect();
        if cases.is_empty() {
            continue;
        }
        judged += 1;
        let passed = cases.iter().filter(|c| c.verdict == Verdict::Pass).count();
        let profile = if wording::is_profile(requirement) {
            " *profile*"
        } else {
            ""
        };
        rows.push_str(&format!(
            "| {}{profile} | {} | {passed} of {} |\n",
            cell(&requirement.id),
            cell(&wording::citation(requirement)),
            cases.len()
        ));
    }
    format!(
        "\n<details><summary>{judged} of {} requirements have a test case in this run</summary>\n\n\
         | Requirement | Clause | Cases passed |\n|---|---|--:|\n{rows}\n</details>\n",
        record.requirements.len()
    )
}

/// Text that neither ends the cell nor becomes markup.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' => out.extend(['\\', c]),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
