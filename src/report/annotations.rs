//! GitHub annotations: workflow commands that a job prints, each shown at the line of its scenario.
//!
//! A pass has none. A fail and an error are errors, an inconclusive verdict is a warning; what is waived, derived without effect or not
//! applicable is a notice that says so.
use super::wording;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;

pub fn render(record: &RunRecord) -> String {
    let cases = record.cases.iter();
    let mut out: String = cases.filter_map(|case| annotation(record, case)).collect();
    for problem in &record.waiver_problems {
        out.push_str(&format!("::error title=waivers.yaml::{}\n", data(problem)));
    }
    if record.interrupted {
        out.push_str("::error title=stopped::the run was stopped before all test cases had run\n");
    }
    out
}

fn annotation(record: &RunRecord, case: &CaseRecord) -> Option<String> {
    let quiet = case.waiver.is_some() || wording::is_without_effect(case);
    let level = match case.verdict {
        Verdict::Pass => return None,
        Verdict::NotApplicable => "notice",
        _ if quiet => "notice",
        Verdict::Inconc => "warning",
        Verdict::Fail | Verdict::Error | Verdict::None => "error",
    };
    let clause = wording::requirement(record, &case.requirement).map(wording::citation);
    let mut message = format!(
        "{}  {}  {}\n{}",
        wording::kind(case),
        case.requirement,
        clause.unwrap_or_default(),
        wording::cause(case)
    );
    if let Some(waiver) = wording::waived(case) {
        message.push_str(&format!("\nwaived {waiver}"));
    }
    Some(format!(
        "::{level} file={},line={},title={}::{}\n",
        property(&format!("features/{}", case.file)),
        case.line.max(1),
        property(&case.id),
        data(&message)
    ))
}

/// The message of a workflow command: one line, as the runner of the job takes it apart.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_failure_stands_at_the_line_of_its_scenario() {
        let said = render(&sample::one(Verdict::Fail));
        assert!(
            said.starts_with("::error file=features/cpm-sms-interworking/policy.feature,line=18,title=TC-POL-01-01::FAIL/wrong-value  POL-01  3GPP TS 29.311"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1);
        assert_eq!(render(&sample::one(Verdict::Pass)), "");
    }

    #[test]
    fn no_word_of_a_system_is_a_command() {
        let mut record = sample::one(Verdict::Fail);
        record.cases[0].cause = "100%\n::stop-commands::x".to_owned();
        let said = render(&record);
        assert!(said.contains("100%25%0A::stop-commands::x"), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}
