//! One session of a load: the scenario as in a run, judged as in a run. What a pass has left behind is thrown away at once; the capture of
//! a session that did not pass is kept, as long as there is room.
use super::bench::{Bench, Scenario};
use super::record::Evidence;
use super::tally::{Outcome, Unsent};
use crate::observe::{Direction, Trace, transactions};
use crate::runner::execute::blank;
use crate::runner::judge::{self, Desk, Over};
use crate::runner::record::CaseRecord;
use crate::runner::waive;
use crate::steps::{CaseSetup, Ending, Played, Session, Stop, play_script, set_stage};
use crate::verdict::Verdict;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// A session that is to begin.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub number: u64,
    /// Since the load began.
    pub due: Duration,
    /// Its users.
    pub place: usize,
}

/// Plays it from its beginning to its verdict, and gives its users back.
pub async fn session(bench: Rc<Bench>, arrival: Arrival) {
    let begun = Instant::now();
    let lag = begun.saturating_duration_since(bench.began + arrival.due);
    bench.lateness.late_by(lag, begun);
    if bench.lateness.is_too_late(lag) {
        bench.tally().unsent(Unsent::Late);
    } else {
        bench.tally().started(arrival.due);
        let outcome = play(&bench, arrival, begun).await;
        bench.tally().ended(&outcome);
    }
    bench
        .places
        .borrow_mut()
        .leave(arrival.place, Instant::now());
}

async fn play(bench: &Bench, arrival: Arrival, begun: Instant) -> Outcome {
    let scenario = bench.scenario(arrival.number);
    let setup = CaseSetup {
        id: scenario.case.id.clone(),
        requirement: scenario.case.requirement.clone(),
        clause: scenario.clause.clone(),
        ordinal: arrival.place,
        access: scenario.access.clone(),
    };
    let given: Vec<_> = scenario.case.steps.iter().map(|one| &one.parsed).collect();
    let mut stage = set_stage(bench.facility.clone(), setup, &given).await;
    stage.session = Some(Session {
        number: arrival.number,
        sockets: bench.sockets(arrival.place),
    });
    let ready = Instant::now();
    // Users who are on the system already may have been waited for, which is no fault of the system's.
    bench.lateness.late_by(ready - begun, ready);
    let since_due = ready.saturating_duration_since(bench.began + arrival.due);
    let due = stage.tap.now().saturating_sub(nanoseconds(since_due));
    match play_script(stage, &scenario.script).await {
        Ok(played) => judged(bench, scenario, arrival, (begun, due), played),
        Err(cause) => Outcome {
            due: arrival.due,
            verdict: Verdict::Error,
            waived: false,
            excused: false,
            blame: cause,
            failed: Vec::new(),
            session_time: None,
            response_times: Vec::new(),
        },
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The verdict and the times. `begun` is when the generator took it up, `due` when it was due by the clock of its capture.
fn judged(
    bench: &Bench,
    scenario: &Scenario,
    arrival: Arrival,
    (begun, due): (Instant, u64),
    played: Played,
) -> Outcome {
    let ending = &played.ending;
    let answered = ending.asked.last().map(|asked| asked.now);
    let session_time = answered.map(|now| Duration::from_nanos(now.saturating_sub(due)));
    let mut outcome = Outcome {
        due: arrival.due,
        verdict: Verdict::Pass,
        waived: false,
        excused: false,
        blame: String::new(),
        failed: Vec::new(),
        session_time,
        response_times: ending.seen.as_ref().map(responses).unwrap_or_default(),
    };
    if !has_passed(ending, played.stop.as_ref()) {
        outcome.session_time = None;
        outcome.excused = bench.lateness.since(begun, Instant::now());
        amiss(bench, scenario, arrival, played, &mut outcome);
    }
    outcome
}

fn has_passed(ending: &Ending, stop: Option<&Stop>) -> bool {
    let asked = &ending.asked;
    stop.is_none()
        && !asked.is_empty()
        && asked.iter().all(|one| one.finding.verdict == Verdict::Pass)
        && ending.problems.is_empty()
        && !ending.tap.overflowed()
}

/// From each request of ours to its first final response.
fn responses(trace: &Trace) -> Vec<Duration> {
    let all = transactions(trace);
    let ours = all
        .iter()
        .filter(|one| one.direction == Direction::ToSystem);
    let time = ours.filter_map(|one| {
        let answered = one.final_response()?.seen.at;
        Some(Duration::from_nanos(
            answered.saturating_sub(one.request.seen.at),
        ))
    });
    time.collect()
}

/// The verdict of a session that is no plain pass, by the same rules as that of a test case.
fn amiss(
    bench: &Bench,
    scenario: &Scenario,
    arrival: Arrival,
    played: Played,
    outcome: &mut Outcome,
) {
    let Played { ending, stop, .. } = played;
    let over = Over { ending, stop };
    let requirement = bench.register.get(&scenario.case.requirement);
    let mut case = scenario.case.clone();
    let mut record = blank(&case);
    let room = bench.tally().evidence.len() < bench.keep;
    if room {
        // Its capture gets a name of its own; it is the test case's for everything else.
        case.id = format!("{}.session-{}", case.id, arrival.number);
        let desk = Desk {
            out: &bench.out,
            snapshots: None,
            requirement,
            redacting: None,
        };
        judge::conclude(&mut record, &case, &bench.facility, over, &desk);
    } else {
        let of = (&case, requirement);
        let unanswered = over.ending.tap.take_unanswered();
        let seen = over.ending.seen.clone().unwrap_or_default();
        let seen = (&seen, unanswered.as_slice());
        judge::conclude_again(&mut record, of, &bench.facility, &over, seen);
    }
    outcome.verdict = record.verdict;
    outcome.waived = waive::covers(&bench.waivers, &record);
    outcome.blame.clone_from(&record.blame);
    outcome.failed = failed(&record);
    if room && record.verdict != Verdict::Pass {
        let evidence = evidence(bench, arrival, record, outcome.excused);
        bench.tally().evidence.push(evidence);
    }
}

fn failed(record: &CaseRecord) -> Vec<String> {
    let findings = record.findings.iter();
    let failed = findings.filter(|finding| finding.verdict == Verdict::Fail);
    let mut rows: Vec<String> = failed.map(|finding| finding.requirement.clone()).collect();
    rows.sort();
    rows.dedup();
    rows
}

fn evidence(bench: &Bench, arrival: Arrival, record: CaseRecord, excused: bool) -> Evidence {
    Evidence {
        session: arrival.number,
        generator: bench.generator.clone(),
        due_ms: u64::try_from(arrival.due.as_millis()).unwrap_or(u64::MAX),
        test_case: record.id,
        requirement: record.requirement,
        verdict: record.verdict,
        reason: record.reason,
        cause: record.cause,
        blame: record.blame,
        capture: record.capture.map(|capture| capture.path),
        excused,
    }
}
