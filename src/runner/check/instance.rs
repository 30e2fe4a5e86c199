//! One scenario, played over one conversation with its people bound.
use super::binding::{PEOPLE, People};
use super::heard::Heard;
use super::{Bench, Sought};
use crate::runner::execute::blank;
use crate::runner::judge::{Over, conclude_again};
use crate::runner::record::{CaptureRecord, CaseRecord, InstanceRecord, StepOutcome};
use crate::runner::rejudge::at_once;
use crate::steps::course::{Course, Seeking};
use crate::steps::search::Seeker;
use crate::steps::{CaseSetup, Recording, Stage, Stop, play};
use crate::verdict::{Reason, Verdict};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What has come of one way to cast one conversation.
pub(super) enum Attempt {
    Judged(Box<CaseRecord>, InstanceRecord),
    /// It is no instance: how many steps fitted, and what did not.
    Left(usize, Reason, String),
}

pub(super) fn attempt(bench: &Bench, sought: &Sought, heard: &Heard, people: People) -> Attempt {
    let Sought {
        case, setup, steps, ..
    } = sought;
    let setup = CaseSetup {
        ordinal: ordinal(bench, &people).unwrap_or(setup.ordinal),
        ..setup.clone()
    };
    let seeker = Seeker::new(
        people.clone(),
        (heard.acts.clone(), heard.told.clone()),
        heard.losses.clone(),
        heard.ends_at,
    );
    let course = seeker.course();
    let recording = Recording::new(heard.trace.clone());
    let began = heard.trace.frames.first().map_or(0, |frame| frame.at);
    let seeking = Seeking::new(recording, Box::new(seeker), began);
    let stage = Stage::on(
        Course::Search(Box::new(seeking)),
        bench.facility.clone(),
        setup,
    );
    let played = match at_once(play(stage, steps)) {
        Ok(Ok(played)) => played,
        Ok(Err(why)) | Err(why) => return Attempt::Left(0, Reason::Panic, why),
    };
    let course = course
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let first_frame = match (course.began, course.left) {
        (Some(first), false) => first,
        _ => {
            let (reason, why) = why(played.stop.as_ref());
            tracing::debug!(
                case = case.id,
                ?people,
                done = played.done,
                why,
                "no instance"
            );
            return Attempt::Left(played.done, reason, why);
        }
    };
    let stopped = played.stop.is_some();
    let over = Over {
        ending: played.ending,
        stop: played.stop,
    };
    let mut record = blank(case);
    record.capture = Some(CaptureRecord {
        path: heard.path.to_string(),
        // Known when the file has been read.
        sha256: String::new(),
        frames: 0,
        ends: BTreeMap::new(),
    });
    for (place, step) in record.steps.iter_mut().enumerate() {
        step.outcome = match place.cmp(&played.done) {
            std::cmp::Ordering::Less => StepOutcome::Done,
            std::cmp::Ordering::Equal if stopped => StepOutcome::Stopped,
            _ => StepOutcome::NotRun,
        };
    }
    let names: BTreeMap<String, String> = over
        .ending
        .cast
        .people()
        .map(|person| (person.name.clone(), person.number.clone()))
        .collect();
    let requirement = bench.register.get(&case.requirement);
    conclude_again(
        &mut record,
        (case, requirement),
        &bench.facility,
        &over,
        (&heard.trace, &[]),
    );
    // Where the scenario has not come about, nothing was exercised. Lost packets are another matter: what they hide may be a failure.
    let is_absent = matches!(
        record.reason,
        Some(Reason::PreconditionUnmet | Reason::NotStimulated)
    );
    if let (Verdict::Inconc, true, false, Some(reason)) =
        (record.verdict, is_absent, course.lacking, record.reason)
    {
        let cause = record.cause.clone();
        return Attempt::Left(played.done, reason, cause);
    }
    let instance = InstanceRecord {
        people: names,
        first_frame,
        verdict: record.verdict,
        cause: record.cause.clone(),
    };
    Attempt::Judged(Box::new(record), instance)
}

/// Where the people have numbers of the suite's own plan, what else follows from the place of a test case follows from theirs.
fn ordinal(bench: &Bench, people: &People) -> Option<usize> {
    let prefix = &bench.facility.profile.numbers.users;
    let place = |number: &String| number.strip_prefix(prefix.as_str())?.parse::<usize>().ok();
    people.values().find_map(place).map(|place| place / PEOPLE)
}

fn why(stop: Option<&Stop>) -> (Reason, String) {
    match stop {
        Some(Stop::Precondition(finding)) => (
            finding.reason.unwrap_or(Reason::NotStimulated),
            format!("{}: {}", finding.expected, finding.observed),
        ),
        Some(Stop::Suite { cause, .. }) => (Reason::NotStimulated, cause.clone()),
        _ => (
            Reason::NotStimulated,
            "its stimulus does not occur in the recording".to_owned(),
        ),
    }
}
