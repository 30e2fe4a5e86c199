//! Exit codes, so that a script can tell a deviating system from a broken suite without reading anything.
use crate::runner::load::LoadRecord;
use crate::runner::record::RunRecord;
use crate::verdict::Verdict;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// At least one pass and nothing worse.
    Pass = 0,
    /// The system contradicts a requirement.
    Fail = 1,
    /// Nothing worse than inconclusive.
    Inconclusive = 2,
    /// The suite broke.
    Error = 3,
    /// Nothing was selected, or nothing selected was judged.
    NothingJudged = 4,
    /// A waiver or the ICS needs attention.
    Hygiene = 5,
    /// The command line was not understood.
    Usage = 64,
}

impl ExitCode {
    /// The worst verdict decides. A test case that never got a verdict is an error, and so is an error beside a fail. A derived test
    /// case goes beyond the words of the clause: that it fails or stays inconclusive is shown, and counts against nobody. So it is with
    /// what is waived, as long as the waivers themselves are in order.
    pub fn of(record: &RunRecord) -> Self {
        let has = |verdict: Verdict| {
            record.cases.iter().any(|case| {
                case.verdict == verdict
                    && case.waiver.is_none()
                    && !(case.derived && matches!(verdict, Verdict::Fail | Verdict::Inconc))
            })
        };
        let unjudged = record.cases.len() < record.totals.selected;
        if record.interrupted || unjudged || has(Verdict::Error) || has(Verdict::None) {
            Self::Error
        } else if !record.waiver_problems.is_empty() {
            Self::Hygiene
        } else if has(Verdict::Fail) {
            Self::Fail
        } else if has(Verdict::Inconc) {
            Self::Inconclusive
        } else if has(Verdict::Pass) {
            Self::Pass
        } else {
            Self::NothingJudged
        }
    }
}

impl ExitCode {
    /// Of a load by the same rules. One whose generator could not keep up says nothing of the system.
    pub fn of_load(record: &LoadRecord) -> Self {
        let verdicts = &record.verdicts;
        if !record.valid || record.interrupted || record.sessions.ended < record.sessions.started {
            Self::Error
        } else if record.sessions.ended == 0 {
            Self::NothingJudged
        } else if verdicts.fail > 0 && !record.derived {
            Self::Fail
        } else if verdicts.inconc > 0 && !record.derived {
            Self::Inconclusive
        } else if verdicts.pass > 0 {
            Self::Pass
        } else {
            Self::NothingJudged
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use Verdict::{Error, Fail, Inconc, NotApplicable, Pass};

    fn record(verdicts: &[Verdict]) -> RunRecord {
        sample::of(
            verdicts
                .iter()
                .map(|verdict| sample::case(1, *verdict))
                .collect(),
        )
    }

    fn code(verdicts: &[Verdict]) -> ExitCode {
        ExitCode::of(&record(verdicts))
    }

    #[test]
    fn the_worst_verdict_decides() {
        assert_eq!(code(&[Pass, NotApplicable]), ExitCode::Pass);
        assert_eq!(code(&[Pass, Fail, Inconc]), ExitCode::Fail);
        assert_eq!(code(&[Pass, Inconc]), ExitCode::Inconclusive);
        assert_eq!(code(&[Inconc]), ExitCode::Inconclusive);
        assert_eq!(code(&[Pass, Fail, Inconc, Error]), ExitCode::Error);
    }

    #[test]
    fn nothing_judged_is_no_success() {
        assert_eq!(code(&[]), ExitCode::NothingJudged);
        assert_eq!(code(&[NotApplicable]), ExitCode::NothingJudged);
    }

    #[test]
    fn a_case_without_a_verdict_is_an_error() {
        let mut record = record(&[Pass]);
        record.totals.selected = 2;
        assert_eq!(ExitCode::of(&record), ExitCode::Error);
        assert_eq!(code(&[Pass, Verdict::None]), ExitCode::Error);
    }

    #[test]
    fn an_interrupted_run_is_an_error() {
        let mut record = record(&[Pass]);
        record.interrupted = true;
        assert_eq!(ExitCode::of(&record), ExitCode::Error);
    }

    #[test]
    fn a_derived_case_counts_against_nobody() {
        for (verdict, alone, beside) in [
            (Fail, ExitCode::NothingJudged, ExitCode::Pass),
            (Inconc, ExitCode::NothingJudged, ExitCode::Pass),
            (Error, ExitCode::Error, ExitCode::Error),
        ] {
            let mut record = record(&[verdict]);
            record.cases[0].derived = true;
            assert_eq!(ExitCode::of(&record), alone);
            record.cases.push(sample::case(2, Pass));
            assert_eq!(ExitCode::of(&record), beside);
        }
        let mut waived = sample::waived();
        assert_eq!(ExitCode::of(&waived), ExitCode::NothingJudged);
        waived.cases.push(sample::case(2, Pass));
        waived.totals.selected = 2;
        assert_eq!(ExitCode::of(&waived), ExitCode::Pass);
        waived.cases.push(sample::case(3, Fail));
        assert_eq!(ExitCode::of(&waived), ExitCode::Fail);
        waived.waiver_problems = vec!["it passes".to_owned()];
        assert_eq!(ExitCode::of(&waived), ExitCode::Hygiene);
        // A profile row that is not derived counts.
        let mut record = record(&[Pass, Fail]);
        record.cases[1].profile = true;
        assert_eq!(ExitCode::of(&record), ExitCode::Fail);
    }
}
