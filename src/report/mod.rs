//! FLOOR 8: `run.json` to documents. Pure: every format is a function of one [`RunRecord`], and the HTML report also of the captures whose
//! digests that record holds, so that each can be made again later without the system under test.
//!
//! No format that is common in CI knows *inconclusive* or *not applicable*. Each renderer maps them to something its readers cannot
//! take for a pass; a test sends every verdict through every format.
pub mod annotations;
pub mod attestation;
mod avp_names;
pub mod book;
pub mod compare;
pub mod compare_html;
pub mod compare_text;
pub mod coverage;
pub mod ctrf;
mod exchange;
pub mod html;
mod judged;
pub mod junit;
pub mod kills;
mod kills_text;
mod load_chart;
pub mod load_page;
pub mod load_text;
pub mod markdown;
mod message;
mod packed;
mod page;
mod page_case;
pub mod sarif;
pub mod schema;
pub mod sipp;
pub mod tap;
pub mod text;
pub(crate) mod wording;

pub use exchange::{Captures, no_captures};

use crate::runner::record::RunRecord;
#[cfg(test)]
pub(crate) use crate::runner::sample;
use thiserror::Error;

/// A document that `run.json` can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Junit,
    Ctrf,
    Markdown,
    Tap,
    Sarif,
    /// Annotations of GitHub jobs.
    Github,
}

impl Format {
    pub const ALL: [Self; 7] = [
        Self::Html,
        Self::Junit,
        Self::Ctrf,
        Self::Markdown,
        Self::Tap,
        Self::Sarif,
        Self::Github,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Ctrf => "ctrf",
            Self::Markdown => "markdown",
            Self::Tap => "tap",
            Self::Sarif => "sarif",
            Self::Github => "github",
        }
    }

    /// Name of the file written beside `run.json`.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Junit => "junit.xml",
            Self::Ctrf => "ctrf.json",
            Self::Markdown => "summary.md",
            Self::Tap => "results.tap",
            Self::Sarif => "findings.sarif",
            Self::Github => "annotations.txt",
        }
    }
}

#[derive(Debug, Error)]
pub enum ReportError {
    #[error("cannot fill in the HTML template: {0}")]
    Template(#[from] minijinja::Error),
    #[error("cannot write JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("cannot compress messages for the HTML report: {0}")]
    Compression(#[from] std::io::Error),
}

pub fn render(record: &RunRecord, format: Format) -> Result<String, ReportError> {
    render_with(record, format, &no_captures)
}

/// The same with the captures that the record names, where they can be read: the HTML report then shows messages and octets.
pub fn render_with(
    record: &RunRecord,
    format: Format,
    captures: Captures<'_>,
) -> Result<String, ReportError> {
    match format {
        Format::Html => html::render(record, captures),
        Format::Junit => junit::render(record),
        Format::Ctrf => ctrf::render(record),
        Format::Markdown => Ok(markdown::render(record)),
        Format::Tap => Ok(tap::render(record)),
        Format::Sarif => sarif::render(record),
        Format::Github => Ok(annotations::render(record)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::verdict::Verdict;

    const VERDICTS: [Verdict; 6] = [
        Verdict::None,
        Verdict::NotApplicable,
        Verdict::Pass,
        Verdict::Inconc,
        Verdict::Fail,
        Verdict::Error,
    ];

    /// What a reader of the format takes the verdict of the only case for.
    fn as_read(format: Format, document: &str) -> String {
        match format {
            Format::Junit => {
                let parsed = quick_junit::Report::deserialize_from_str(document).unwrap();
                match &parsed.test_suites[0].test_cases[0].status {
                    quick_junit::TestCaseStatus::Success { .. } => "pass".to_owned(),
                    quick_junit::TestCaseStatus::NonSuccess { kind, ty, .. } => {
                        format!("{kind:?} {}", ty.as_ref().unwrap().as_str())
                    }
                    quick_junit::TestCaseStatus::Skipped { message, .. } => {
                        format!("skipped {}", message.as_ref().unwrap().as_str())
                    }
                }
            }
            Format::Ctrf => {
                let parsed: serde_json::Value = serde_json::from_str(document).unwrap();
                let test = &parsed["results"]["tests"][0];
                let (status, raw) = (test["status"].as_str().unwrap(), &test["rawStatus"]);
                let summary = &parsed["results"]["summary"];
                assert_eq!(summary[status], 1);
                assert_eq!(summary["tests"], 1);
                match status {
                    "passed" => "pass".to_owned(),
                    other => format!("{other} {}", raw.as_str().unwrap()),
                }
            }
            Format::Html => {
                let mark = document.split("data-verdict=\"").nth(1).unwrap();
                mark.split('"').next().unwrap().to_owned()
            }
            Format::Markdown => {
                let row = document
                    .lines()
                    .find(|l| l.starts_with("| Cases |"))
                    .unwrap();
                row.to_owned()
            }
            Format::Tap => tap_as_read(document),
            Format::Sarif => sarif_as_read(document),
            Format::Github => match document.split_once("::") {
                None => "pass".to_owned(),
                Some((_, command)) => {
                    let level = command.split(' ').next().unwrap();
                    let said = command.split_once("::").unwrap().1;
                    format!("{level} {}", said.split("  ").next().unwrap())
                }
            },
        }
    }

    /// The first test point: ok or not, its directive, and the verdict of its diagnostics.
    fn tap_as_read(document: &str) -> String {
        let point = |line: &&str| line.starts_with("ok ") || line.starts_with("not ok ");
        let point = document.lines().find(point).unwrap();
        let directive = point.split(" # ").nth(1).unwrap_or_default();
        let directive = directive.split(' ').next().unwrap();
        let verdict = document
            .lines()
            .find(|line| line.trim().starts_with("verdict:"));
        match (point.starts_with("ok "), directive) {
            (true, "") => "pass".to_owned(),
            (ok, _) => format!("{ok} {directive} {}", verdict.unwrap_or_default().trim()),
        }
    }

    /// The kind of the only result, or the notification in its place.
    fn sarif_as_read(document: &str) -> String {
        let parsed: serde_json::Value = serde_json::from_str(document).unwrap();
        let run = &parsed["runs"][0];
        let result = &run["results"][0];
        let broken = &run["invocations"][0]["toolExecutionNotifications"][0];
        match (result["kind"].as_str(), broken["level"].as_str()) {
            (None, None) => "pass".to_owned(),
            (Some(kind), _) => {
                let suppressed = result["suppressions"].is_array();
                format!("{kind} {} {suppressed}", result["properties"]["verdict"])
            }
            (None, Some(level)) => format!("{level} {}", broken["properties"]["verdict"]),
        }
    }

    #[test]
    fn nothing_but_a_pass_reads_as_a_pass() {
        for format in Format::ALL {
            let mut seen = Vec::new();
            for verdict in VERDICTS {
                let document = render(&sample::one(verdict), format).unwrap();
                let read = as_read(format, &document);
                assert_eq!(
                    read == as_read(
                        format,
                        &render(&sample::one(Verdict::Pass), format).unwrap()
                    ),
                    verdict == Verdict::Pass,
                    "{format:?} {verdict:?} reads as {read}"
                );
                seen.push(read);
            }
            let waived = render(&sample::waived(), format).unwrap();
            assert!(!seen.contains(&as_read(format, &waived)), "{format:?}");
            assert!(waived.contains("until 2027-03-31 by Jane Doe"), "{waived}");
            seen.sort();
            seen.dedup();
            assert_eq!(
                seen.len(),
                VERDICTS.len(),
                "{format:?} mixes verdicts: {seen:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_shown_and_is_red() {
        let mut record = sample::one(Verdict::Pass);
        let problem = "waivers.yaml: TC-POL-01-01: it passes";
        record.waiver_problems = vec![problem.to_owned()];
        for format in Format::ALL {
            let document = render(&record, format).unwrap();
            assert!(document.contains(problem), "{format:?}");
        }
        let xml = render(&record, Format::Junit).unwrap();
        assert!(xml.contains("failures=\"1\""), "{xml}");
        let ctrf = render(&record, Format::Ctrf).unwrap();
        assert!(ctrf.contains("\"failed\": 1"), "{ctrf}");
        let html = render(&record, Format::Html).unwrap();
        assert!(html.contains("<header class=\"fail\">"));
        assert!(text::summary(&record, "").contains(problem));
    }

    #[test]
    fn a_record_survives_its_json() {
        let record = sample::mixed();
        let json = serde_json::to_string(&record).unwrap();
        let back: RunRecord = serde_json::from_str(&json).unwrap();
        for format in Format::ALL {
            assert_eq!(
                render(&record, format).unwrap(),
                render(&back, format).unwrap()
            );
        }
    }

    #[test]
    fn the_same_record_gives_the_same_octets() {
        let record = sample::mixed();
        for format in Format::ALL {
            assert_eq!(
                render(&record, format).unwrap(),
                render(&record, format).unwrap()
            );
        }
    }

    #[test]
    fn hostile_words_of_a_system_stay_words() {
        let mut record = sample::one(Verdict::Fail);
        let evil = "</script><script>alert(1)</script>]]>\u{1}|\n\n# x `y` & <b>";
        record.cases[0].findings[0].observed = evil.to_owned();
        record.cases[0].cause = evil.to_owned();
        record.cases[0].ladder = evil.to_owned();
        record.system.name = evil.to_owned();
        let html = render(&record, Format::Html).unwrap();
        assert!(!html.contains("<script>alert"));
        assert!(!html.contains("<b>"));
        let xml = render(&record, Format::Junit).unwrap();
        assert!(roxmltree::Document::parse(&xml).is_ok());
        let markdown = render(&record, Format::Markdown).unwrap();
        assert!(!markdown.contains("<script"));
        assert!(!markdown.contains("\n# x"));
    }

    /// `REPORT_SAMPLES=/some/folder cargo test report_samples` leaves every format there to look at.
    #[test]
    fn report_samples_can_be_looked_at() {
        let Ok(folder) = std::env::var("REPORT_SAMPLES") else {
            return;
        };
        let samples = [
            ("one", sample::one(Verdict::Fail)),
            ("mixed", sample::mixed()),
            ("thousand", sample::thousand()),
        ];
        for (name, record) in samples {
            for format in Format::ALL {
                let path = format!("{folder}/{name}-{}", format.file_name());
                std::fs::write(path, render(&record, format).unwrap()).unwrap();
            }
            std::fs::write(format!("{folder}/{name}.txt"), text::summary(&record, "")).unwrap();
            let json = serde_json::to_string(&record).unwrap();
            std::fs::write(format!("{folder}/{name}-run.json"), json).unwrap();
        }
    }
}
