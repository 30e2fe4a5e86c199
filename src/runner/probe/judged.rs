//! What the verdicts of test cases say of an item.
use super::{Evidence, Observation, Seen};
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;

/// All of them passed, or one failed in the way that means something.
pub(super) fn of_cases(observation: &Observation, record: &RunRecord) -> Seen {
    let ids = &observation.test_cases;
    let cases: Vec<&CaseRecord> = record
        .cases
        .iter()
        .filter(|case| ids.iter().any(|id| is_of(case.stated(), id)))
        .collect();
    let telling = |case: &&&CaseRecord| {
        case.verdict == Verdict::Fail
            && !case.control
            && case
                .reason
                .is_some_and(|why| observation.reasons.contains(&why))
    };
    if cases.len() >= ids.len() && cases.iter().all(|case| case.verdict == Verdict::Pass) {
        return Seen {
            value: observation.passed,
            what: format!("{} passed", ids.join(", ")),
            evidence: cases.iter().filter_map(|case| evidence(case)).collect(),
        };
    }
    if let (Some(value), Some(case)) = (observation.failed, cases.iter().find(telling)) {
        return Seen {
            value: Some(value),
            what: format!("{} failed: {}", case.id, case.cause),
            evidence: evidence(case).into_iter().collect(),
        };
    }
    let what = match cases.iter().find(|case| case.verdict != Verdict::Pass) {
        Some(case) => match (&case.not_applicable, case.verdict) {
            (Some(why), _) => format!("nothing, {} does not apply ({why})", case.id),
            (None, verdict) => format!(
                "nothing for certain, {} is {}: {}",
                case.id,
                verdict.name(),
                case.cause
            ),
        },
        None => format!("nothing, {} did not run", ids.join(", ")),
    };
    Seen {
        what,
        ..Seen::default()
    }
}

/// A test case, or a row of an outline.
fn is_of(case: &str, id: &str) -> bool {
    let row = case.strip_prefix(id);
    row.is_some_and(|row| row.is_empty() || row.starts_with('.'))
}

fn evidence(case: &CaseRecord) -> Option<Evidence> {
    let mut frames: Vec<u32> = case
        .findings
        .iter()
        .flat_map(|finding| finding.frames.clone())
        .collect();
    frames.sort_unstable();
    frames.dedup();
    let capture = case.capture.as_ref()?.path.clone();
    Some(Evidence { capture, frames })
}
