//! What became of the verdicts of a run when its captures were judged again: reproduced, carried over, or another. The exit code is 0 only
//! if every one was reproduced.
use super::ExitCode;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// Test cases that share a reason are named up to this number.
const MOST_NAMED: usize = 8;

/// What became of a verdict.
pub(super) enum Again {
    Reproduced,
    /// It could not be reached from a capture, and why.
    CarriedOver(String),
    Differs(String),
}

pub(super) struct Outcome<'a>(Vec<(&'a CaseRecord, Again)>);

impl<'a> Outcome<'a> {
    pub(super) fn of(record: &'a RunRecord, again: &[CaseRecord]) -> Self {
        let cases = record.cases.iter();
        Self(
            cases
                .map(|case| {
                    let found = again.iter().find(|other| other.id == case.id);
                    (case, compared(case, found))
                })
                .collect(),
        )
    }

    fn count(&self, wanted: fn(&Again) -> bool) -> usize {
        self.0.iter().filter(|(_, again)| wanted(again)).count()
    }

    pub(super) fn summary(&self) -> String {
        let reproduced = self.count(|again| matches!(again, Again::Reproduced));
        let carried = self.count(|again| matches!(again, Again::CarriedOver(_)));
        let differ = self.count(|again| matches!(again, Again::Differs(_)));
        format!(
            "{reproduced} of {} reproduced from the captures, {carried} carried over, {differ} differ",
            self.0.len()
        )
    }

    /// What was not reproduced: of what differs each, of what was carried over the reasons.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut carried: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (case, again) in &self.0 {
            match again {
                Again::Reproduced => {}
                Again::CarriedOver(why) => carried.entry(why).or_default().push(&case.id),
                Again::Differs(what) => lines.push(format!("  {}  {what}", case.id)),
            }
        }
        for (why, ids) in carried {
            let some = ids.iter().take(MOST_NAMED).copied();
            let some = some.collect::<Vec<_>>().join(", ");
            let more = match ids.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!("  carried over: {why}: {some}{more}"));
        }
        lines
    }

    pub(super) fn code(&self) -> ExitCode {
        if self.count(|again| matches!(again, Again::Differs(_))) > 0 {
            return ExitCode::Fail;
        }
        if self.count(|again| matches!(again, Again::CarriedOver(_))) > 0 {
            return ExitCode::Inconclusive;
        }
        match self.0.is_empty() {
            true => ExitCode::NothingJudged,
            false => ExitCode::Pass,
        }
    }
}

fn compared(case: &CaseRecord, again: Option<&CaseRecord>) -> Again {
    let Some(again) = again else {
        return Again::CarriedOver("a capture cannot say it".to_owned());
    };
    let said = |one: &CaseRecord| (one.verdict, one.reason, one.findings.clone());
    let (was, is) = (said(case), said(again));
    if was == is {
        return Again::Reproduced;
    }
    if was.0 != is.0 || was.1 != is.1 {
        return Again::Differs(format!(
            "was {}, is {}: {}",
            verdict(case),
            verdict(again),
            again.cause
        ));
    }
    Again::Differs(format!("{} as before, for other findings", verdict(case)))
}

fn verdict(case: &CaseRecord) -> String {
    match (case.verdict, case.reason) {
        (Verdict::Pass, _) | (_, None) => case.verdict.name().to_owned(),
        (verdict, Some(reason)) => format!("{}/{}", verdict.name(), reason.code()),
    }
}
