//! SARIF 2.1.0 (OASIS): findings at the lines of the features, for code scanning and editors. Requirements are its rules.
//!
//! A result is about the system: a fail is of kind `fail`, an inconclusive verdict `open`, what is not applicable `notApplicable`; what is
//! waived is suppressed with the waiver's words. A pass is no result, since readers that do not know `kind` would show it as a finding. An
//! error of the suite, and a test case without a verdict, is a notification of the tool, and the invocation is not successful.
use super::{ReportError, wording};
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::{Finding, Verdict, register::Requirement};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub fn render(record: &RunRecord) -> Result<String, ReportError> {
    let (name, version) = record.tool.split_once(' ').unwrap_or((&record.tool, ""));
    let rules = rules(record);
    let mut results: Vec<Value> = Vec::new();
    let mut notifications: Vec<Value> = Vec::new();
    for case in &record.cases {
        match case.verdict {
            Verdict::Pass => {}
            Verdict::Error | Verdict::None => notifications.push(notification(case)),
            _ => results.push(result(record, case, &rules)),
        }
    }
    let problems = record.waiver_problems.iter().chain(&record.notes);
    notifications.extend(problems.map(|text| {
        let level = if record.notes.contains(text) {
            "note"
        } else {
            "error"
        };
        json!({"level": level, "message": {"text": text}})
    }));
    let broken = notifications.iter().any(|one| one["level"] == "error");
    let mut driver = json!({
        "name": name,
        "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
    });
    if !version.is_empty() {
        driver["version"] = version.into();
    }
    let mut invocation = json!({
        "executionSuccessful": !broken && !record.interrupted,
        "toolExecutionNotifications": notifications,
    });
    for (key, time) in [
        ("startTimeUtc", &record.started),
        ("endTimeUtc", &record.finished),
    ] {
        if !time.is_empty() {
            invocation[key] = time.as_str().into();
        }
    }
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "automationDetails": {"id": format!("{}/{}/", name, record.system.name)},
            "invocations": [invocation],
            "results": results,
            "properties": {
                "system": record.system.name,
                "seed": record.seed.to_string(),
                "pass": record.totals.pass,
                "selected": record.totals.selected,
                "catalogue": record.totals.catalogue,
            },
        }],
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// The requirements of the cases that have results.
fn rules(record: &RunRecord) -> Vec<&Requirement> {
    let ill = record
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::Pass);
    let named: BTreeSet<&str> = ill.map(|case| case.requirement.as_str()).collect();
    let rules = record.requirements.iter();
    rules
        .filter(|rule| named.contains(rule.id.as_str()))
        .collect()
}

fn descriptor(rule: &Requirement) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": wording::citation(rule)},
        "fullDescription": {"text": rule.statement},
        "properties": {"basis": wording::basis(rule.basis).1},
    })
}

fn result(record: &RunRecord, case: &CaseRecord, rules: &[&Requirement]) -> Value {
    let (kind, level) = match case.verdict {
        // Beyond the words of the clause: it counts against nobody.
        Verdict::Fail if wording::is_without_effect(case) => ("fail", "note"),
        Verdict::Fail => ("fail", "error"),
        Verdict::NotApplicable => ("notApplicable", "none"),
        _ => ("open", "none"),
    };
    let mut text = format!(
        "{}  {}: {}",
        case.id,
        wording::kind(case),
        wording::cause(case)
    );
    for finding in case
        .findings
        .iter()
        .filter(|one| one.verdict != Verdict::Pass)
    {
        text.push_str(&evidence(case, finding));
    }
    let mut result = json!({
        "ruleId": case.requirement,
        "kind": kind,
        "level": level,
        "message": {"text": text},
        "locations": [location(case)],
        "partialFingerprints": {"testCase/v1": case.id},
        "properties": {"verdict": wording::kind(case), "blame": case.blame, "rerun": wording::rerun(record, case)},
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == case.requirement) {
        result["ruleIndex"] = index.into();
    }
    if let Some(waiver) = wording::waived(case) {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": waiver,
        }]);
    }
    result
}

fn evidence(case: &CaseRecord, finding: &Finding) -> String {
    let mut text = format!(
        "\nexpected: {}\nobserved: {}",
        finding.expected, finding.observed
    );
    if let Some(capture) = case.capture.as_ref().filter(|_| !finding.frames.is_empty()) {
        text.push_str(&format!(
            "\nevidence: {}, {}",
            capture.path,
            wording::frames(&finding.frames)
        ));
    }
    text
}

fn notification(case: &CaseRecord) -> Value {
    json!({
        "level": "error",
        "message": {"text": format!("{}  {}: {}", case.id, wording::kind(case), wording::cause(case))},
        "locations": [location(case)],
        "properties": {"testCase": case.id, "verdict": wording::kind(case)},
    })
}

fn location(case: &CaseRecord) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&format!("features/{}", case.file))},
            "region": {"startLine": case.line.max(1)},
        },
        "logicalLocations": [{"name": case.id, "fullyQualifiedName": format!("{} / {}", case.feature, case.title)}],
    })
}

/// A relative reference (RFC 3986): what is not unreserved is escaped, octet by octet.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for octet in path.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(octet));
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    fn run(record: &RunRecord) -> Value {
        let document: Value = serde_json::from_str(&render(record).unwrap()).unwrap();
        assert_eq!(document["version"], "2.1.0");
        document["runs"][0].clone()
    }

    #[test]
    fn a_failure_is_a_result_at_the_line_of_its_scenario() {
        let run = run(&sample::one(Verdict::Fail));
        let result = &run["results"][0];
        assert_eq!(
            (&result["kind"], &result["level"]),
            (&json!("fail"), &json!("error"))
        );
        let place = &result["locations"][0]["physicalLocation"];
        let file = "features/cpm-sms-interworking/policy.feature";
        assert_eq!(place["artifactLocation"]["uri"], file);
        assert_eq!(place["region"]["startLine"], 18);
        let rule = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn what_is_waived_is_suppressed_and_what_the_suite_broke_is_no_result() {
        let waived = run(&sample::waived());
        let suppression = &waived["results"][0]["suppressions"][0];
        assert_eq!(suppression["status"], "accepted");
        let broken = run(&sample::one(Verdict::Error));
        assert_eq!(broken["results"], json!([]));
        assert_eq!(broken["invocations"][0]["executionSuccessful"], false);
    }

    /// SARIF 2.1.0 section 3.27.10: a level other than none is for failures only.
    #[test]
    fn only_a_failure_has_a_level() {
        for result in run(&sample::mixed())["results"].as_array().unwrap() {
            assert_eq!(
                result["kind"] == "fail",
                result["level"] != "none",
                "{result}"
            );
        }
    }
}
