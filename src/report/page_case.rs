//! One test case as the HTML template wants it: steps, findings, evidence and ladder.
use super::page::{Label, label, label_of};
use super::wording;
use crate::{
    runner::record::{CaseRecord, LadderState, RunRecord, StepOutcome, StepRecord},
    verdict::Finding,
};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Case<'a> {
    id: &'a str,
    title: &'a str,
    rule: &'a str,
    requirement: &'a str,
    citation: String,
    label: Label,
    waived: Option<String>,
    kind: String,
    profile: bool,
    control: bool,
    derived: bool,
    cause: String,
    /// A finding says what the cause says.
    told: bool,
    blame: &'a str,
    blame_why: &'a str,
    open: bool,
    duration: String,
    location: String,
    steps: Vec<Step<'a>>,
    findings: Vec<FindingView<'a>>,
    capture: Option<&'a crate::runner::record::CaptureRecord>,
    filter: Option<String>,
    rerun: String,
    ladder: Vec<(&'static str, &'a str)>,
    ladder_state: &'static str,
    difference: Vec<(&'static str, &'a str)>,
}

#[derive(Serialize)]
struct Step<'a> {
    keyword: &'a str,
    text: &'a str,
    class: &'static str,
    outcome: &'static str,
    duration: String,
}

#[derive(Serialize)]
struct FindingView<'a> {
    label: Label,
    reason: String,
    requirement: &'a str,
    sentence: &'a str,
    expected: &'a str,
    observed: &'a str,
    frames: String,
}

pub(super) fn view<'a>(record: &'a RunRecord, case: &'a CaseRecord) -> Case<'a> {
    let entry = wording::requirement(record, &case.requirement);
    Case {
        id: &case.id,
        title: &case.title,
        rule: &case.rule,
        requirement: &case.requirement,
        citation: entry.map(wording::citation).unwrap_or_default(),
        label: label_of(case),
        waived: wording::waived(case),
        kind: wording::kind(case),
        profile: case.profile,
        control: case.control,
        derived: case.derived,
        cause: wording::cause(case),
        told: wording::cause_is_told(case),
        blame: &case.blame,
        blame_why: &case.blame_why,
        open: record.cases.len() == 1,
        duration: shown(case.duration_ms),
        location: format!("{}:{}", case.file, case.line),
        steps: case.steps.iter().map(step).collect(),
        findings: case.findings.iter().map(finding).collect(),
        capture: case.capture.as_ref(),
        filter: wording::display_filter(&case.findings),
        rerun: wording::rerun(record, case),
        ladder: case.ladder.lines().map(ladder_line).collect(),
        ladder_state: match case.ladder_state {
            LadderState::Same => "as accepted",
            LadderState::Changed => "differs from the accepted ladder",
            LadderState::New => "new, nothing accepted yet",
            LadderState::NotCompared => "not compared",
        },
        difference: case.ladder_difference.lines().map(difference).collect(),
    }
}

fn step(step: &StepRecord) -> Step<'_> {
    let (class, outcome) = match step.outcome {
        StepOutcome::Done => ("done", "done"),
        StepOutcome::Stopped => ("stopped", "stopped here"),
        StepOutcome::NotRun => ("not-run", "not run"),
    };
    Step {
        keyword: &step.keyword,
        text: &step.text,
        class,
        outcome,
        duration: shown(step.duration_ms),
    }
}

/// A time worth showing; what took none of it, or never ran, has none.
fn shown(milliseconds: u64) -> String {
    match milliseconds {
        0 => String::new(),
        some => wording::duration(some),
    }
}

fn finding(finding: &Finding) -> FindingView<'_> {
    FindingView {
        label: label(finding.verdict),
        reason: finding.reason.map(wording::reason).unwrap_or_default(),
        requirement: &finding.requirement,
        sentence: &finding.sentence,
        expected: &finding.expected,
        observed: &finding.observed,
        frames: wording::frames(&finding.frames),
    }
}

/// Weight by indentation: step, interface, message, what a message holds.
fn ladder_line(line: &str) -> (&'static str, &str) {
    let class = match line.len() - line.trim_start().len() {
        0 => "step",
        1..=4 => "message",
        _ => "detail",
    };
    (class, line)
}

fn difference(line: &str) -> (&'static str, &str) {
    let class = match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'@', ..] => "head",
        [b'+', ..] => "added",
        [b'-', ..] => "removed",
        _ => "same",
    };
    (class, line)
}
