//! One test case of the HTML report: its line in the list, and what the browser shows when it is opened.
use super::page::{Label, label, label_of};
use super::wording;
use crate::{
    runner::record::{CaseRecord, LadderState, RunRecord, StepOutcome, StepRecord},
    verdict::Finding,
};
use serde::Serialize;

/// The line in the list, which is in the page as it comes.
#[derive(Serialize)]
pub(super) struct CaseRow<'a> {
    /// Position in the list of details.
    index: usize,
    id: &'a str,
    title: &'a str,
    label: Label,
    profile: bool,
    control: bool,
    derived: bool,
    duration: String,
    cause: String,
    side: &'a str,
}

/// The rest, from which the browser makes the page of the case.
#[derive(Serialize)]
pub(super) struct Case<'a> {
    id: &'a str,
    requirement: &'a str,
    citation: String,
    rule: &'a str,
    verdict: &'static str,
    word: &'static str,
    kind: String,
    cause: String,
    /// A finding says what the cause says.
    told: bool,
    side: &'a str,
    side_why: &'a str,
    waived: Option<String>,
    tags: &'a [String],
    started: &'a str,
    duration: String,
    location: String,
    steps: Vec<Step<'a>>,
    findings: Vec<FindingView<'a>>,
    capture: Option<Capture<'a>>,
    filter: Option<String>,
    rerun: String,
    /// What the system left open; absent if nothing.
    left: Option<String>,
    ladder_state: &'static str,
    difference: &'a str,
    /// Shown if the diagram cannot be drawn.
    ladder: &'a str,
}

#[derive(Serialize)]
struct Capture<'a> {
    path: &'a str,
    /// Absent where the path is none that a report may lead to.
    link: Option<String>,
    sha256: &'a str,
    frames: u32,
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
    frames: &'a [u32],
}

pub(super) fn row(index: usize, case: &CaseRecord) -> CaseRow<'_> {
    CaseRow {
        index,
        id: &case.id,
        title: &case.title,
        label: label_of(case),
        profile: case.profile,
        control: case.control,
        derived: case.derived,
        duration: shown(case.duration_ms),
        cause: wording::cause(case),
        side: &case.blame,
    }
}

pub(super) fn view<'a>(record: &'a RunRecord, case: &'a CaseRecord, has_diagram: bool) -> Case<'a> {
    let entry = wording::requirement(record, &case.requirement);
    Case {
        id: &case.id,
        requirement: &case.requirement,
        citation: entry.map(wording::citation).unwrap_or_default(),
        rule: &case.rule,
        verdict: label_of(case).class,
        word: label_of(case).word,
        kind: wording::kind(case),
        cause: wording::cause(case),
        told: wording::cause_is_told(case),
        side: &case.blame,
        side_why: &case.blame_why,
        waived: wording::waived(case),
        tags: &case.tags,
        started: &case.started,
        duration: shown(case.duration_ms),
        location: format!("{}:{}", case.file, case.line),
        steps: case.steps.iter().map(step).collect(),
        findings: case.findings.iter().map(finding).collect(),
        capture: case.capture.as_ref().map(|capture| Capture {
            path: &capture.path,
            link: link(&capture.path),
            sha256: &capture.sha256,
            frames: capture.frames,
        }),
        filter: wording::display_filter(&case.findings),
        rerun: wording::rerun(record, case),
        left: wording::left_open(case),
        ladder_state: match case.ladder_state {
            LadderState::Same => "as accepted",
            LadderState::Changed => "differs from the accepted ladder",
            LadderState::New => "new, nothing accepted yet",
            LadderState::NotCompared => "not compared",
        },
        difference: &case.ladder_difference,
        ladder: if has_diagram { "" } else { &case.ladder },
    }
}

/// A relative path as a link, its characters escaped as RFC 3986 section 2.1 says; a scheme or a host has no place in it.
fn link(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains([':', '\\']) {
        return None;
    }
    let escaped = path.bytes().map(|octet| match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(octet).to_string()
        }
        other => format!("%{other:02X}"),
    });
    Some(escaped.collect())
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
        frames: &finding.frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_to_files_beside_the_report_and_nowhere_else() {
        let over_wlan = link("captures/TC-CB-20-01[wlan].pcapng");
        assert_eq!(
            over_wlan.as_deref(),
            Some("captures/TC-CB-20-01%5Bwlan%5D.pcapng")
        );
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(link("//host/share"), None);
    }
}
