//! Common Test Report Format (ctrf.io, schema of specification 0.0.0), JSON.
//!
//! CTRF knows passed, failed, skipped, pending and other. *Inconclusive* is `other`, *not applicable* is `skipped`; an error of the suite
//! is `failed`, since tools that gate on CTRF look at that count only. What is waived is `other`; something wrong with a waiver is a test
//! that `failed`. `rawStatus` keeps our verdict and reason, always.
use super::{ReportError, wording};
use crate::{
    runner::record::{CaseRecord, RunRecord},
    verdict::Verdict,
};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    report_format: &'static str,
    spec_version: &'static str,
    timestamp: &'a str,
    generated_by: &'a str,
    results: Results<'a>,
}

#[derive(Serialize)]
struct Results<'a> {
    tool: Tool<'a>,
    summary: Summary,
    tests: Vec<Test<'a>>,
    environment: Environment<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
}

#[derive(Serialize, Default)]
struct Summary {
    tests: usize,
    passed: usize,
    failed: usize,
    skipped: usize,
    pending: usize,
    other: usize,
    /// Milliseconds since the Unix epoch.
    start: i64,
    stop: i64,
    duration: u64,
    extra: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment<'a> {
    app_name: &'a str,
    extra: Value,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Status {
    Passed,
    Failed,
    Skipped,
    Other,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Test<'a> {
    name: String,
    status: Status,
    raw_status: String,
    duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    suite: Vec<&'a str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    trace: String,
    file_path: &'a str,
    line: usize,
    tags: &'a [String],
    labels: Value,
    attachments: Vec<Attachment<'a>>,
    extra: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    name: &'static str,
    content_type: &'static str,
    path: &'a str,
}

pub fn render(record: &RunRecord) -> Result<String, ReportError> {
    let mut parts = record.tool.splitn(2, ' ');
    let mut tests: Vec<Test> = record.cases.iter().map(|c| test(record, c)).collect();
    tests.extend(record.waiver_problems.iter().map(|problem| waiver(problem)));
    let document = Document {
        report_format: "CTRF",
        spec_version: "0.0.0",
        timestamp: &record.finished,
        generated_by: &record.tool,
        results: Results {
            tool: Tool {
                name: parts.next().unwrap_or("ims-conformance"),
                version: parts.next().unwrap_or(""),
            },
            summary: summary(record, &tests),
            tests,
            environment: Environment {
                app_name: &record.system.name,
                extra: json!({
                    "profileSha256": record.system.profile_sha256,
                    "fault": record.system.fault,
                    "carriage": record.system.carriage,
                    "transport": record.system.transport,
                    "seed": record.seed.to_string(),
                }),
            },
        },
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn summary(record: &RunRecord, tests: &[Test]) -> Summary {
    let mut summary = Summary {
        tests: tests.len(),
        start: milliseconds(&record.started).unwrap_or(0),
        stop: milliseconds(&record.finished).unwrap_or(0),
        duration: record.duration_ms,
        extra: json!({
            "totals": record.totals,
            "withoutVerdict": wording::unfinished(&record.totals),
            "interrupted": record.interrupted,
            "waiverProblems": record.waiver_problems,
        }),
        ..Summary::default()
    };
    for test in tests {
        let count = match test.status {
            Status::Passed => &mut summary.passed,
            Status::Failed => &mut summary.failed,
            Status::Skipped => &mut summary.skipped,
            Status::Other => &mut summary.other,
        };
        *count += 1;
    }
    summary
}

fn test<'a>(record: &RunRecord, case: &'a CaseRecord) -> Test<'a> {
    let passed = case.verdict == Verdict::Pass;
    let message = wording::cause(case);
    Test {
        name: format!("{} {}", case.id, case.title),
        status: match case.verdict {
            Verdict::Pass => Status::Passed,
            // Red would contradict the exit code.
            _ if wording::is_without_effect(case) => Status::Other,
            Verdict::Fail | Verdict::Error => Status::Failed,
            Verdict::NotApplicable => Status::Skipped,
            Verdict::Inconc | Verdict::None => Status::Other,
        },
        raw_status: match case.verdict {
            Verdict::None => "none".to_owned(),
            Verdict::NotApplicable => "not applicable".to_owned(),
            _ => wording::kind(case).to_lowercase(),
        },
        duration: case.duration_ms,
        start: milliseconds(&case.started),
        suite: vec![&case.feature, &case.rule],
        message,
        trace: if passed {
            String::new()
        } else {
            super::text::block(record, case, "")
        },
        file_path: &case.file,
        line: case.line,
        tags: &case.tags,
        labels: json!({
            "testCase": case.id,
            "requirement": case.requirement,
            "profile": case.profile,
            "side": case.blame,
        }),
        attachments: attachments(case),
        extra: json!({
            "steps": case.steps,
            "findings": case.findings,
            "captureSha256": case.capture.as_ref().map(|c| &c.sha256),
            "rerun": wording::rerun(record, case),
            "waiver": case.waiver,
        }),
    }
}

/// What is wrong with a waiver, red as the exit code is.
fn waiver(problem: &str) -> Test<'_> {
    Test {
        name: problem.to_owned(),
        status: Status::Failed,
        raw_status: "waiver".to_owned(),
        duration: 0,
        start: None,
        suite: vec!["waivers.yaml"],
        message: problem.to_owned(),
        trace: String::new(),
        file_path: "waivers.yaml",
        line: 1,
        tags: &[],
        labels: json!({}),
        attachments: Vec::new(),
        extra: json!({}),
    }
}

fn attachments(case: &CaseRecord) -> Vec<Attachment<'_>> {
    let capture = case.capture.as_ref().map(|capture| Attachment {
        name: "capture",
        content_type: "application/x-pcapng",
        path: &capture.path,
    });
    capture.into_iter().collect()
}

fn milliseconds(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_millisecond())
}
