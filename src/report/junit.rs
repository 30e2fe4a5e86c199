//! JUnit XML, for the CI systems that read nothing else.
//!
//! JUnit knows failure, error and skipped. *Inconclusive* is an `<error type="INCONC/...">`, *not applicable* a `<skipped>` that names the
//! ICS expression. A derived test case that did not pass, or one that is waived, is a `<skipped>` that says so: red it would contradict the
//! exit code, green it would claim a pass. What is wrong with waivers is a test suite of its own, red as the exit code is. Else one test
//! suite per feature file.
use super::{ReportError, wording};
use crate::{
    runner::record::{CaseRecord, RunRecord},
    verdict::Verdict,
};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

pub fn render(record: &RunRecord) -> Result<String, ReportError> {
    let mut report = Report::new(format!("{} against {}", record.tool, record.system.name));
    report.timestamp = record.started.parse().ok();
    report.time = Some(Duration::from_millis(record.duration_ms));
    let mut files: Vec<&str> = record.cases.iter().map(|c| c.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        let cases = record.cases.iter().filter(|c| c.file == file);
        report.add_test_suite(suite(record, file, cases));
    }
    if !record.waiver_problems.is_empty() {
        report.add_test_suite(waiver_problems(record));
    }
    Ok(report.to_string()?)
}

fn waiver_problems(record: &RunRecord) -> TestSuite {
    let mut suite = TestSuite::new("waivers.yaml");
    for problem in &record.waiver_problems {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("WAIVER");
        status.set_message(problem.as_str());
        suite.add_test_case(TestCase::new(problem.as_str(), status));
    }
    suite
}

fn suite<'a>(
    record: &RunRecord,
    file: &str,
    cases: impl Iterator<Item = &'a CaseRecord>,
) -> TestSuite {
    let mut suite = TestSuite::new(file);
    suite.timestamp = record.started.parse().ok();
    let mut milliseconds = 0;
    for case in cases {
        milliseconds += case.duration_ms;
        suite.add_test_case(test_case(record, case));
    }
    suite.set_time(Duration::from_millis(milliseconds));
    suite.add_property(("system", record.system.name.as_str()));
    suite.add_property(("seed", record.seed.to_string().as_str()));
    suite
}

fn test_case(record: &RunRecord, case: &CaseRecord) -> TestCase {
    let mut test = TestCase::new(format!("{} {}", case.id, case.title), status(record, case));
    test.set_classname(case.feature.as_str());
    test.set_time(Duration::from_millis(case.duration_ms));
    test.timestamp = case.started.parse().ok();
    test.extra.insert("file".into(), case.file.as_str().into());
    test.extra
        .insert("line".into(), case.line.to_string().as_str().into());
    let mut property = |name: &str, value: &str| {
        if !value.is_empty() {
            test.add_property(Property::new(name, value));
        }
    };
    property("test-case", &case.id);
    property("requirement", &case.requirement);
    if let Some(entry) = wording::requirement(record, &case.requirement) {
        property("clause", &wording::citation(entry));
    }
    property("verdict", &wording::kind(case));
    property("side", &case.blame);
    property("location", &format!("{}:{}", case.file, case.line));
    property("profile", if case.profile { "true" } else { "false" });
    if let Some(capture) = &case.capture {
        property("capture", &capture.path);
        property("capture-sha256", &capture.sha256);
    }
    property("rerun", &wording::rerun(record, case));
    test
}

fn status(record: &RunRecord, case: &CaseRecord) -> TestCaseStatus {
    let mut status = match case.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::NotApplicable => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(format!("N/A: {}", wording::cause(case)));
            return skipped;
        }
        _ if wording::is_without_effect(case) => {
            let mut skipped = TestCaseStatus::skipped();
            let (kind, cause) = (wording::kind(case), wording::cause(case));
            match wording::waived(case) {
                Some(waiver) => {
                    skipped.set_type(kind);
                    skipped.set_message(format!("waived {waiver}: {cause}"));
                }
                None => {
                    skipped.set_type(format!("{kind} (derived)"));
                    skipped
                        .set_message(format!("derived, beyond the words of the clause: {cause}"));
                }
            }
            skipped.set_description(super::text::block(record, case, ""));
            return skipped;
        }
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconc | Verdict::Error | Verdict::None => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    status.set_type(wording::kind(case));
    status.set_message(wording::cause(case));
    status.set_description(super::text::block(record, case, ""));
    status
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_derived_case_that_fails_is_neither_red_nor_green() {
        let mut record = sample::one(Verdict::Fail);
        record.cases[0].derived = true;
        let xml = render(&record).unwrap();
        assert!(xml.contains("<skipped message=\"derived"), "{xml}");
        assert!(xml.contains("failures=\"0\""), "{xml}");
        let ctrf = crate::report::ctrf::render(&record).unwrap();
        assert!(ctrf.contains("\"status\": \"other\""), "{ctrf}");
    }
}
