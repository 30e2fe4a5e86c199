//! What comes of a load while it goes on: counts, times, and the evidence that is kept.
use super::histogram::Times;
use super::record::{Evidence, LoadRecord, Second, Sessions, Verdicts};
use crate::verdict::Verdict;
use std::collections::BTreeMap;
use std::time::Duration;

/// Of so many offered sessions at most this share may have been given up or excused, or nothing that was measured is the system's. A
/// machine that does other things now and then is no reason to throw a long measurement away.
const MOST_AMISS: f64 = 0.01;

#[derive(Debug, Default)]
pub struct Tally {
    pub sessions: Sessions,
    pub verdicts: Verdicts,
    pub open: u64,
    pub blame: BTreeMap<String, u64>,
    pub failed_requirements: BTreeMap<String, u64>,
    pub session_time: Times,
    pub response_time: Times,
    pub generator_lag: Times,
    pub seconds: Vec<Second>,
    pub evidence: Vec<Evidence>,
}

/// Why a session was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    Late,
    Full,
}

/// What has come of a session.
#[derive(Debug)]
pub struct Outcome {
    /// When it was due, since the load began.
    pub due: Duration,
    pub verdict: Verdict,
    pub waived: bool,
    /// The generator was late while it lasted.
    pub excused: bool,
    pub blame: String,
    /// Requirements that it fails.
    pub failed: Vec<String>,
    /// From when it was due to its last answer; nothing if no question was asked.
    pub session_time: Option<Duration>,
    pub response_times: Vec<Duration>,
}

impl Tally {
    fn second(&mut self, due: Duration) -> &mut Second {
        let index = usize::try_from(due.as_secs()).unwrap_or(0);
        if self.seconds.len() <= index {
            self.seconds.resize_with(index + 1, Second::default);
        }
        &mut self.seconds[index]
    }

    pub fn offered(&mut self, due: Duration) {
        self.sessions.offered += 1;
        self.second(due).offered += 1;
    }

    pub fn unsent(&mut self, why: Unsent) {
        match why {
            Unsent::Late => self.sessions.unsent_late += 1,
            Unsent::Full => self.sessions.unsent_full += 1,
        }
    }

    pub fn started(&mut self, due: Duration) {
        self.sessions.started += 1;
        self.open += 1;
        let open = self.open;
        self.sessions.open_at_most = self.sessions.open_at_most.max(open);
        let second = self.second(due);
        second.started += 1;
        second.open = second.open.max(open);
    }

    /// How late the generator was at a time.
    pub fn lag(&mut self, at: Duration, lag: Duration) {
        self.generator_lag.record(lag);
        self.second(at).generator_lag.record(lag);
    }

    pub fn ended(&mut self, outcome: &Outcome) {
        self.sessions.ended += 1;
        self.open = self.open.saturating_sub(1);
        let passed = outcome.verdict == Verdict::Pass;
        let counted = match (outcome.verdict, outcome.excused, outcome.waived) {
            (Verdict::Pass, ..) => &mut self.verdicts.pass,
            (_, true, _) => &mut self.verdicts.excused,
            (Verdict::Error, ..) => &mut self.verdicts.error,
            (_, _, true) => &mut self.verdicts.waived,
            (Verdict::Fail, ..) => &mut self.verdicts.fail,
            _ => &mut self.verdicts.inconc,
        };
        *counted += 1;
        if !passed && !outcome.excused && !outcome.waived {
            *self.blame.entry(outcome.blame.clone()).or_default() += 1;
            for requirement in &outcome.failed {
                let failed = &mut self.failed_requirements;
                *failed.entry(requirement.clone()).or_default() += 1;
            }
        }
        let second = self.second(outcome.due);
        match passed {
            true => second.pass += 1,
            false => second.other += 1,
        }
        if let Some(time) = outcome.session_time {
            second.session_time.record(time);
            self.session_time.record(time);
        }
        for time in &outcome.response_times {
            self.response_time.record(*time);
        }
    }

    /// Why nothing of it may be held against the system, if so.
    pub fn invalid_because(&self, lag_limit: Duration, most_open: usize) -> Vec<String> {
        let Sessions {
            offered,
            unsent_late,
            unsent_full,
            ..
        } = self.sessions;
        let limit = lag_limit.as_millis();
        let mut why = Vec::new();
        if amiss(unsent_late + self.verdicts.excused, offered) {
            why.push(format!(
                "the generator was more than {limit} ms late for {unsent_late} of {offered} sessions, and while {} others did not pass: lower --rate, or share it among several generators (load merge)",
                self.verdicts.excused
            ));
        }
        if amiss(unsent_full, offered) {
            why.push(format!(
                "{unsent_full} of {offered} sessions found no users: {most_open} may be open at once (--most-open), and all have sockets, also those that rest (--rest, ulimit -n); raise these, or lower --rate"
            ));
        }
        if self.verdicts.error > 0 {
            why.push(format!(
                "the suite itself broke in {} session(s); the evidence says how",
                self.verdicts.error
            ));
        }
        why
    }

    /// Puts what was counted into the record. Of a load that is not valid nothing is blamed on anybody.
    pub fn fill(self, record: &mut LoadRecord) {
        record.valid = record.invalid_because.is_empty();
        record.sessions = self.sessions;
        record.verdicts = self.verdicts;
        record.session_time = self.session_time;
        record.response_time = self.response_time;
        record.generator_lag = self.generator_lag;
        record.seconds = self.seconds;
        record.evidence = self.evidence;
        if record.valid {
            record.blame = self.blame;
            record.failed_requirements = self.failed_requirements;
        } else {
            record.blame_nobody();
        }
    }
}

fn amiss(count: u64, offered: u64) -> bool {
    count as f64 > offered as f64 * MOST_AMISS
}

impl LoadRecord {
    pub(super) fn blame_nobody(&mut self) {
        self.blame.clear();
        self.failed_requirements.clear();
        for one in &mut self.evidence {
            one.blame.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict, excused: bool) -> Outcome {
        Outcome {
            due: Duration::from_millis(1500),
            verdict,
            waived: false,
            excused,
            blame: "system".to_owned(),
            failed: vec!["PG-01".to_owned()],
            session_time: Some(Duration::from_millis(7)),
            response_times: vec![Duration::from_millis(2)],
        }
    }

    fn after(offered: u64, late: u64, outcomes: &[Outcome]) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..offered {
            tally.offered(Duration::ZERO);
        }
        for _ in 0..late {
            tally.unsent(Unsent::Late);
        }
        for outcome in outcomes {
            tally.started(outcome.due);
            tally.ended(outcome);
        }
        tally
    }

    fn valid(tally: &Tally) -> bool {
        let limit = Duration::from_millis(100);
        tally.invalid_because(limit, 10).is_empty()
    }

    #[test]
    fn a_fail_is_held_against_its_requirement_unless_the_generator_was_late() {
        let tally = after(
            2,
            0,
            &[outcome(Verdict::Fail, false), outcome(Verdict::Fail, true)],
        );
        assert_eq!((tally.verdicts.fail, tally.verdicts.excused), (1, 1));
        assert_eq!(tally.failed_requirements["PG-01"], 1);
        assert_eq!(tally.blame["system"], 1);
        assert_eq!(tally.seconds[1].other, 2);
    }

    #[test]
    fn a_few_late_sessions_in_a_thousand_spoil_nothing_and_more_of_them_everything() {
        assert!(valid(&after(1000, 10, &[])));
        assert!(!valid(&after(1000, 11, &[])));
        assert!(!valid(&after(1000, 0, &[outcome(Verdict::Error, false)])));
    }

    #[test]
    fn what_passes_is_a_pass_however_late_the_generator_was() {
        let tally = after(1, 0, &[outcome(Verdict::Pass, true)]);
        assert_eq!((tally.verdicts.pass, tally.verdicts.excused), (1, 0));
        assert!(tally.blame.is_empty());
    }
}
