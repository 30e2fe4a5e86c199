//! Self-test: on the virtual clock the suite says what it says on the real one, with every time as long as the standards have it; and
//! it is refused for systems that it would be unsound for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// Test cases whose times are the longest: invitations that nobody answers, session timers, lost parts, refusals that are watched.
const LONG: [&str; 7] = [
    "TC-INV", "TC-ANS", "TC-TD", "TC-S2M", "TC-DR", "TC-PGO", "TC-CB-10",
];

fn run(out: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .args(["run", "--clock", "virtual", "--quiet", "--out"])
        .arg(out)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().unwrap()
}

fn record(run: &Path) -> Value {
    let text = std::fs::read_to_string(run).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Verdict and reason of each test case.
fn verdicts(record: &Value) -> BTreeMap<String, String> {
    let cases = record["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let id = case["id"].as_str().unwrap().to_owned();
            (id, format!("{} {}", case["verdict"], case["reason"]))
        })
        .collect()
}

#[test]
fn with_the_times_of_the_standards_the_verdicts_are_those_of_the_real_clock() {
    let place = tempfile::tempdir().unwrap();
    let full = ["--system", "reference-full-timers"];
    let output = run(place.path(), &[&full[..], &LONG[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let record_of_run = record(&place.path().join("run.json"));
    let on_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/reference/run.json");
    let real = verdicts(&record(&on_file));
    let quick = verdicts(&record_of_run);
    assert!(quick.len() > 100, "{} test cases", quick.len());
    for (id, verdict) in &quick {
        assert_eq!(Some(verdict), real.get(id), "{id}");
    }
    let cases = record_of_run["cases"].as_array().unwrap().iter();
    let waited: u64 = cases
        .map(|case| case["duration_ms"].as_u64().unwrap())
        .sum();
    assert!(waited > 1_000_000, "only {waited} ms of waiting");
}

#[test]
fn a_fault_fails_on_it_as_on_the_real_clock() {
    let place = tempfile::tempdir().unwrap();
    let fault = ["TC-ANS-02-01", "--fault", "accepts-without-sdp"];
    let output = run(place.path(), &fault);
    assert_eq!(output.status.code(), Some(1));
    let record = record(&place.path().join("run.json"));
    assert_eq!(record["cases"][0]["verdict"], "fail");
    assert_eq!(record["cases"][0]["findings"][0]["requirement"], "ANS-02");
}

#[test]
fn a_system_that_does_not_run_inside_the_suite_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let output = run(place.path(), &["--system", "kamailio-barring", "CB-01"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code > 1), "{said}");
    assert!(
        said.contains("--clock virtual") && said.contains("reference"),
        "{said}"
    );
}
