//! The summary for a terminal: totals with their denominator, then one block for every test case that is not a pass.
//!
//! Plain text without colour, so that it reads the same in a log.
use super::wording;
use crate::{
    observe::ClosureState,
    runner::record::{CaseRecord, LadderState, RunRecord},
    verdict::{Finding, Verdict},
};
use std::collections::BTreeMap;
use std::path::Path;

/// More test cases than this are counted and not named.
const MOST_NAMED: usize = 5;

/// `folder` is where `run.json` lies, put before the paths of captures; empty for paths as recorded.
pub fn summary(record: &RunRecord, folder: &str) -> String {
    let mut out = String::new();
    let not_passed = |c: &&CaseRecord| !matches!(c.verdict, Verdict::Pass | Verdict::NotApplicable);
    for case in record.cases.iter().filter(not_passed) {
        out.push_str(&block(record, case, folder));
        out.push('\n');
    }
    for note in &record.notes {
        out.push_str(&format!("note  {note}\n"));
    }
    for problem in &record.waiver_problems {
        out.push_str(&format!("waiver  {problem}\n"));
    }
    out.push_str(&not_applicable(record));
    out.push_str(&ladders(record));
    out.push_str(&totals(record));
    out
}

fn totals(record: &RunRecord) -> String {
    let t = &record.totals;
    let profile = |verdict: Verdict| {
        let of = |c: &&CaseRecord| c.profile && c.verdict == verdict && c.waiver.is_none();
        match record.cases.iter().filter(of).count() {
            0 => String::new(),
            n => format!(" ({n} profile)"),
        }
    };
    let waived = match t.waived {
        0 => String::new(),
        n => format!(", {n} waived"),
    };
    let mut out = format!(
        "{} pass{}, {} fail{}{waived}, {} inconc, {} error, {} not applicable\n",
        t.pass,
        profile(Verdict::Pass),
        t.fail,
        profile(Verdict::Fail),
        t.inconc,
        t.error,
        t.not_applicable
    );
    out.push_str(&format!(
        "{}; system {}, seed {}, {}\n",
        wording::denominator(t),
        record.system.name,
        record.seed,
        wording::duration(record.duration_ms)
    ));
    out.push_str(&closures(record));
    let derived = |c: &&CaseRecord| c.waiver.is_none() && wording::is_without_effect(c);
    match record.cases.iter().filter(derived).count() {
        0 => {}
        n => out.push_str(&format!(
            "{n} of them derived: beyond the words of the clause, without effect on the exit code\n"
        )),
    }
    if record.interrupted {
        out.push_str("the run was stopped before all test cases had run\n");
    }
    out
}

/// What the system left open behind test cases, whatever their verdicts.
fn closures(record: &RunRecord) -> String {
    let states = record.cases.iter().filter_map(|case| {
        let closure = case.closure.as_ref()?;
        Some((closure.state, case.id.as_str()))
    });
    let mut cases: BTreeMap<ClosureState, Vec<&str>> = BTreeMap::new();
    states.for_each(|(state, id)| cases.entry(state).or_default().push(id));
    let mut of = |state| cases.remove(&state).unwrap_or_default();
    let clean = of(ClosureState::Clean).len();
    let [unclean, leaked] = [ClosureState::Unclean, ClosureState::Leaked].map(|state| {
        let ids = of(state);
        match ids.is_empty() || ids.len() > MOST_NAMED {
            true => format!("{} {}", ids.len(), state.name()),
            false => format!("{} {} ({})", ids.len(), state.name(), ids.join(", ")),
        }
    });
    match clean == 0 && cases.is_empty() && unclean.starts_with('0') && leaked.starts_with('0') {
        true => String::new(),
        false => format!("left behind by the system: {clean} clean, {unclean}, {leaked}\n"),
    }
}

fn not_applicable(record: &RunRecord) -> String {
    let cases = record.cases.iter();
    let mut out = String::new();
    for case in cases.filter(|c| c.verdict == Verdict::NotApplicable) {
        out.push_str(&format!(
            "{}  not applicable  {}\n",
            case.id,
            wording::cause(case)
        ));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn ladders(record: &RunRecord) -> String {
    let count = |state| {
        record
            .cases
            .iter()
            .filter(|c| c.ladder_state == state)
            .count()
    };
    match (count(LadderState::Changed), count(LadderState::New)) {
        (0, 0) => String::new(),
        (changed, new) => {
            format!(
                "ladders: {changed} changed, {new} new; look at them with `ims-conformance review`\n"
            )
        }
    }
}

/// The block of one test case:
///
/// ```text
/// TC-CMMC-CB-01   fail   CB-20   3GPP TR 22.948 clause 6.6.5
///   expected   Alice is not a participant of the CMMC conference
///   observed   Alice is listed as connected in the conference state
///   evidence   captures/vendor-a/2/TC-CMMC-CB-01.pcapng, frames 9 and 14
/// ```
pub(super) fn block(record: &RunRecord, case: &CaseRecord, folder: &str) -> String {
    let clause = wording::requirement(record, &case.requirement).map(wording::citation);
    let profile = if case.profile { "   profile" } else { "" };
    let mut out = format!(
        "{}   {}   {}   {}{profile}\n",
        case.id,
        wording::verdict(case),
        case.requirement,
        clause.unwrap_or_default()
    );
    let worse: Vec<&Finding> = case
        .findings
        .iter()
        .filter(|f| !matches!(f.verdict, Verdict::Pass | Verdict::None))
        .collect();
    for act in &case.operator {
        let said = format!("{} {}", act.answer, act.note);
        let asked = act.asked.replace("\n ", ",");
        line(
            &mut out,
            "operator",
            &format!("{} ({asked}, {} s)", said.trim(), act.seconds),
        );
    }
    if !wording::cause_is_told(case) {
        line(&mut out, "cause", &wording::cause(case));
    }
    if let Some(reason) = case.reason {
        line(&mut out, "reason", &wording::reason(reason));
    }
    if let [first, ..] = case.instances.as_slice() {
        let count = case.instances.len();
        let said = format!(
            "{count} in the recording, the first begins in frame {}",
            first.first_frame
        );
        line(&mut out, "instances", &said);
    }
    line(&mut out, "side", &wording::side(case));
    if let Some(waiver) = wording::waived(case) {
        line(&mut out, "waived", &waiver);
    }
    for finding in &worse {
        // What speaks against another requirement than that of the test case, such as a difference between access networks.
        if finding.requirement != case.requirement {
            let entry = wording::requirement(record, &finding.requirement);
            let clause = entry.map(wording::citation).unwrap_or_default();
            line(
                &mut out,
                "against",
                &format!("{}   {clause}", finding.requirement),
            );
        }
        line(&mut out, "expected", &finding.expected);
        line(&mut out, "observed", &finding.observed);
        if !finding.frames.is_empty() {
            let capture = capture(case, folder);
            line(
                &mut out,
                "evidence",
                &(capture + ", " + &wording::frames(&finding.frames)),
            );
        }
    }
    if worse.iter().all(|f| f.frames.is_empty()) && case.capture.is_some() {
        line(&mut out, "capture", &capture(case, folder));
    }
    out
}

fn capture(case: &CaseRecord, folder: &str) -> String {
    match &case.capture {
        Some(capture) if folder.is_empty() || Path::new(&capture.path).is_absolute() => {
            capture.path.clone()
        }
        Some(capture) => format!("{}/{}", folder.trim_end_matches('/'), capture.path),
        None => "capture not kept".to_owned(),
    }
}

/// Later lines of a text of several are indented below the first.
fn line(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        let text = text.trim_end().replace('\n', "\n             ");
        out.push_str(&format!("  {label:<9}  {text}\n"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_failure_prints_as_the_house_says() {
        let record = sample::one(Verdict::Fail);
        assert_eq!(
            summary(&record, "reports/acme/7/"),
            "TC-POL-01-01   fail   POL-01   3GPP TS 29.311 clause 6.1.2\n\
             \x20 reason     wrong-value\n\
             \x20 expected   Alice's invitation is rejected\n\
             \x20 observed   the invitation was answered 200 OK\n\
             \x20 evidence   reports/acme/7/captures/TC-POL-01-01.pcapng, frames 9 and 14\n\
             \n\
             ladders: 1 changed, 0 new; look at them with `ims-conformance review`\n\
             0 pass, 1 fail, 0 inconc, 0 error, 0 not applicable\n\
             1 of 3 test cases selected, 2 filtered out; system acme-gw, seed 42, 3.2 s\n"
        );
    }

    #[test]
    fn an_error_without_findings_still_says_why() {
        let mut record = sample::one(Verdict::Error);
        record.cases[0].findings.clear();
        let text = summary(&record, "");
        assert!(
            text.contains("  cause      the SMSC never saw a bind\n"),
            "{text}"
        );
        assert!(text.contains("  reason     provisioning\n"));
    }
}
