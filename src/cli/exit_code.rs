//! Exit codes, so that a script can tell a deviating system from a broken suite without reading anything.
use crate::runner::record::Totals;

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
    /// The worst verdict decides. A test case that never got a verdict is an error, and so is an error beside a fail.
    pub fn of(totals: &Totals) -> Self {
        let verdicts = totals.pass + totals.fail + totals.inconc + totals.error;
        if totals.error > 0 || verdicts + totals.not_applicable < totals.selected {
            Self::Error
        } else if totals.fail > 0 {
            Self::Fail
        } else if totals.inconc > 0 {
            Self::Inconclusive
        } else if totals.pass > 0 {
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

    fn code(pass: usize, fail: usize, inconc: usize, error: usize, na: usize) -> ExitCode {
        ExitCode::of(&Totals {
            catalogue: 99,
            filtered: 0,
            selected: pass + fail + inconc + error + na,
            pass,
            fail,
            inconc,
            error,
            not_applicable: na,
        })
    }

    #[test]
    fn the_worst_verdict_decides() {
        assert_eq!(code(3, 0, 0, 0, 1), ExitCode::Pass);
        assert_eq!(code(3, 1, 1, 0, 0), ExitCode::Fail);
        assert_eq!(code(3, 0, 1, 0, 0), ExitCode::Inconclusive);
        assert_eq!(code(0, 0, 1, 0, 0), ExitCode::Inconclusive);
        assert_eq!(code(3, 1, 1, 1, 0), ExitCode::Error);
    }

    #[test]
    fn nothing_judged_is_no_success() {
        assert_eq!(code(0, 0, 0, 0, 0), ExitCode::NothingJudged);
        assert_eq!(code(0, 0, 0, 0, 7), ExitCode::NothingJudged);
    }

    #[test]
    fn a_case_without_a_verdict_is_an_error() {
        let totals = Totals {
            selected: 2,
            pass: 1,
            ..Totals::default()
        };
        assert_eq!(ExitCode::of(&totals), ExitCode::Error);
    }
}
