//! The verdict of one test case, from its finished capture.
//!
//! The questions that were put while the test ran are put again to the capture file as it lies on disk. Should an answer differ, the
//! suite is wrong, and says so.
use super::catalogue::Case;
use super::record::{CaptureRecord, CaseRecord, LadderState};
use super::redact::Redacting;
use super::snapshots::Snapshots;
use crate::observe::redact::Redaction;
use crate::observe::{Trace, closure, ends, ladder};
use crate::steps::{Asked, Ending, Facility, Stop, Tape};
use crate::sut::secret;
use crate::verdict::blame::{self, Evidence};
use crate::verdict::{Finding, Reason, Requirement, Verdict, View};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What is known when the last step has ended.
pub struct Over {
    pub ending: Ending,
    pub stop: Option<Stop>,
}

/// Where things go and what they are compared with.
pub struct Desk<'a> {
    pub out: &'a Path,
    pub snapshots: Option<&'a Snapshots>,
    pub requirement: Option<&'a Requirement>,
    /// Pseudonyms are put in before anything is written.
    pub redacting: Option<&'a Redacting>,
}

/// Fills the record of a case in: capture, findings, verdict, ladder.
pub fn conclude(
    record: &mut CaseRecord,
    case: &Case,
    facility: &Facility,
    over: Over,
    desk: &Desk,
) {
    record.profile = case.derived || desk.requirement.is_some_and(Requirement::is_profile);
    record.operator.clone_from(&over.ending.acts);
    let name = format!("captures/{}", case.capture());
    let path = desk.out.join(&name);
    let (trace, found) = match write_and_read(&path, &over.ending, desk) {
        Ok((mut trace, found, sha256)) => {
            trace.default_alphabet = facility.profile.default_alphabet();
            let frames = trace.frames.len().try_into().unwrap_or(u32::MAX);
            record.capture = Some(CaptureRecord {
                path: name,
                sha256,
                frames,
                ends: ends(&trace, &over.ending.names),
            });
            (trace, found)
        }
        Err(cause) => {
            settle(record, Verdict::Error, Some(Reason::Capture), cause);
            return;
        }
    };
    record.closure = Some(closure(&trace));
    let unanswered = over.ending.tap.take_unanswered();
    let again = |asked: &Asked| put_again(asked, &trace, &over.ending, facility);
    weigh(record, &over, again);
    attribute(record, &trace, &unanswered, facility);
    record.tape = over.ending.tape.map(|tape| Tape { unanswered, ..tape });
    let drawn = ladder(&until(&trace, over.ending.last_frame), &over.ending.names);
    record.ladder = secret::known().text(&drawn);
    compare_ladder(record, case, desk);
    if let (Some(redacting), Some(found)) = (desk.redacting, found) {
        redacting.case(record, found);
    }
}

/// The verdict of what was asked and of how the test case ended. `again` puts a question once more.
fn weigh(record: &mut CaseRecord, over: &Over, again: impl Fn(&Asked) -> Finding) {
    for asked in &over.ending.asked {
        let again = again(asked);
        if let Some(cause) = disagreement(&asked.finding, &again) {
            settle(record, Verdict::Error, Some(Reason::Capture), cause);
        }
        take(record, again);
    }
    match &over.stop {
        Some(Stop::Precondition(finding)) => take(record, finding.as_ref().clone()),
        Some(Stop::Suite { reason, cause }) => {
            settle(record, Verdict::Error, Some(*reason), cause.clone())
        }
        Some(Stop::Judged | Stop::Planning) | None => {}
    }
    for problem in &over.ending.problems {
        settle(record, Verdict::Error, Some(Reason::Peer), problem.clone());
    }
    if over.ending.tap.overflowed() && record.verdict != Verdict::Error {
        // What came after that was not seen, so neither a pass nor a failure can rest on what was.
        record.verdict = Verdict::None;
        settle(
            record,
            Verdict::Inconc,
            Some(Reason::InsufficientEvidence),
            "so much was said that the capture has reached its limit, and what came after that was not recorded".into(),
        );
    }
    if record.verdict == Verdict::None {
        settle(
            record,
            Verdict::Inconc,
            Some(Reason::InsufficientEvidence),
            "nothing was judged".into(),
        );
    }
}

/// The same of a capture that has been judged before; the questions have been put to it just now.
pub fn conclude_again(
    record: &mut CaseRecord,
    (case, requirement): (&Case, Option<&Requirement>),
    facility: &Facility,
    over: &Over,
    (trace, unanswered): (&Trace, &[String]),
) {
    record.profile = case.derived || requirement.is_some_and(Requirement::is_profile);
    weigh(record, over, |asked| asked.finding.clone());
    attribute(record, trace, unanswered, facility);
    let drawn = ladder(&until(trace, over.ending.last_frame), &over.ending.names);
    record.ladder = secret::known().text(&drawn);
}

/// Writes the capture, in pseudonyms if that is asked for, and reads what was written.
fn write_and_read(
    path: &Path,
    ending: &Ending,
    desk: &Desk,
) -> Result<(Trace, Option<Redaction>, String), String> {
    let mut octets = ending.tap.octets_from(0);
    let mut found = None;
    if let Some(redacting) = desk.redacting {
        let (redacted, all) = redacting.capture(&octets, &ending.cast)?;
        (octets, found) = (redacted, Some(all));
    }
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(said)?;
    }
    std::fs::write(path, &octets).map_err(said)?;
    let read = std::fs::read(path).map_err(said)?;
    let digest = Sha256::digest(&read);
    let read = match desk.redacting {
        Some(redacting) => redacting.restored(&read, &ending.cast)?,
        None => read,
    };
    let trace = Trace::read(&read).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((
        trace,
        found,
        digest.iter().map(|octet| format!("{octet:02x}")).collect(),
    ))
}

/// The trace as it was when the question was answered.
fn until(trace: &Trace, last_frame: u32) -> Trace {
    let mut cut = trace.clone();
    cut.frames.retain(|frame| frame.number <= last_frame);
    cut.facts
        .retain(|seen| seen.frames.last().is_some_and(|frame| *frame <= last_frame));
    cut
}

fn put_again(asked: &Asked, trace: &Trace, ending: &Ending, facility: &Facility) -> Finding {
    let trace = until(trace, asked.last_frame);
    let view = View {
        trace: &trace,
        cast: &ending.cast,
        ixit: &facility.profile.ixit,
        before_stimulus: asked.before_stimulus,
        now: asked.now,
    };
    asked.question.finding(
        &ending.setup.requirement,
        &asked.sentence,
        asked.question.ask(&view),
    )
}

fn disagreement(live: &Finding, again: &Finding) -> Option<String> {
    (live.verdict != again.verdict || live.frames != again.frames).then(|| {
        format!(
            "judged {} while running and {} from the file ({} / {})",
            live.verdict.name(),
            again.verdict.name(),
            live.observed,
            again.observed
        )
    })
}

/// Takes a finding over. A control shows that the way to a prohibition is open; where it does not, nothing is proven, neither for nor
/// against the requirement of its Rule.
fn take(record: &mut CaseRecord, mut finding: Finding) {
    if record.control && finding.verdict == Verdict::Fail {
        finding.verdict = Verdict::Inconc;
        finding.reason = Some(Reason::InsufficientEvidence);
    }
    let cause = match finding.verdict {
        Verdict::Pass => String::new(),
        _ => format!("{}: {}", finding.expected, finding.observed),
    };
    settle(record, finding.verdict, finding.reason, cause);
    record.findings.push(finding);
}

/// The worst verdict wins, and its first cause is kept.
pub fn settle(record: &mut CaseRecord, verdict: Verdict, reason: Option<Reason>, cause: String) {
    if verdict > record.verdict {
        record.verdict = verdict;
        record.reason = reason;
        record.cause = cause;
        record.blame = blame::by_reason(verdict, reason).to_owned();
        // What the recording said was about another verdict.
        record.blame_why.clear();
    }
}

/// Looks in the recording for whose side it is, now that the verdict is final.
fn attribute(record: &mut CaseRecord, trace: &Trace, unanswered: &[String], facility: &Facility) {
    let evidence = Evidence {
        trace,
        unanswered,
        habits: facility.personality.is_some(),
    };
    let blame = blame::from_evidence(record.verdict, record.reason, &evidence);
    record.blame = blame.side.to_owned();
    record.blame_why = blame.why;
}

fn compare_ladder(record: &mut CaseRecord, case: &Case, desk: &Desk) {
    // Ladders were accepted over the baseline.
    let Some(snapshots) = desk.snapshots.filter(|_| case.access.is_none()) else {
        return;
    };
    match snapshots.compare(&case.id, &record.ladder, &case.file, &case.title) {
        Ok(comparison) => {
            record.ladder_state = comparison.state;
            record.ladder_difference = comparison.difference;
        }
        Err(error) => {
            record.ladder_state = LadderState::NotCompared;
            record.ladder_difference = error.to_string();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::sample;

    #[test]
    fn a_worse_verdict_does_not_keep_the_reasons_of_the_blame_before() {
        let mut record = sample::case(1, Verdict::Inconc);
        record.blame_why = "the system never answered".to_owned();
        let reason = Some(Reason::Unexpected);
        settle(&mut record, Verdict::Pass, None, String::new());
        assert_eq!(record.blame_why, "the system never answered");
        settle(
            &mut record,
            Verdict::Fail,
            reason,
            "another line".to_owned(),
        );
        assert_eq!(
            (record.blame.as_str(), record.blame_why.as_str()),
            ("system", "")
        );
    }
}
