//! What became of the verdicts of a run when its captures were judged again: reproduced, carried over, or another. The exit code is 0 only
//! if every one was reproduced.
use super::ExitCode;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::runner::rejudge::{Changed, Rejudged};
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
    /// Of a run that was judged again.
    pub(super) fn of(judged: &'a Rejudged) -> Self {
        let again = |case: &CaseRecord| {
            let differs = judged.differences.iter().find(|one| one.id == case.id);
            let carried = judged.carried.iter().find(|(id, _)| *id == case.id);
            match (differs, carried) {
                (Some(difference), _) => Again::Differs(told(&difference.what)),
                (None, Some((_, why))) => Again::CarriedOver(why.clone()),
                (None, None) => Again::Reproduced,
            }
        };
        let cases = judged.recorded.cases.iter();
        Self(cases.map(|case| (case, again(case))).collect())
    }

    /// Of a run of which nothing can be judged again.
    pub(super) fn carried_over(record: &'a RunRecord, why: &str) -> Self {
        let carried = |case| (case, Again::CarriedOver(why.to_owned()));
        Self(record.cases.iter().map(carried).collect())
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

/// The verdict first, if it is another; else what else is.
fn told(what: &[Changed]) -> String {
    let verdict = what.iter().find(|one| one.field == "verdict");
    let rest = what.iter().filter(|one| one.field != "verdict");
    let rest: Vec<&str> = rest.map(|one| one.field).collect();
    match (verdict, rest.is_empty()) {
        (Some(one), true) => format!("was {}, is {}", one.recorded, one.judged),
        (Some(one), false) => {
            let (was, is) = (&one.recorded, &one.judged);
            format!("was {was}, is {is}; also other: {}", rest.join(", "))
        }
        (None, _) => format!("same verdict, other: {}", rest.join(", ")),
    }
}
