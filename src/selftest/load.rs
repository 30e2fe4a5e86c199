//! Self-test: `load` against the reference. A low rate passes, a fault fails the row it breaks, a generator that is asked too much says so
//! and blames nobody, results of two generators merge, and the numbers are served while it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// A machine that builds something beside the test is no reason for it to fail.
const PATIENT: [&str; 3] = ["load", "--lag-limit", "5000"];

fn ims_conformance() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn read(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("load.json")).unwrap()).unwrap()
}

/// Exit code and record of a load.
fn load(words: &str, folder: &Path) -> (Option<i32>, Value) {
    let mut command = ims_conformance();
    let command = command.args(PATIENT).args(words.split(' '));
    let done = command.args(["--quiet", "--out"]).arg(folder).output();
    (done.unwrap().status.code(), read(folder))
}

fn sum(record: &Value, names: &[&str], of: &str) -> u64 {
    let count = |name: &&str| record[of][*name].as_u64().unwrap();
    names.iter().map(count).sum()
}

#[test]
fn a_healthy_system_passes_and_results_merge_exactly() {
    let place = tempfile::tempdir().unwrap();
    let (one, other) = (place.path().join("one"), place.path().join("other"));
    let (code, first) = load(
        "--generator one --rate 20 --duration 1 TC-PGO-04-01 TC-INV-10-01",
        &one,
    );
    assert_eq!(code, Some(0), "{first}");
    assert_eq!(first["valid"], true);
    assert_eq!(first["sessions"]["offered"], 20);
    assert_eq!(first["verdicts"]["pass"], 20);
    assert_eq!(first["session_time"]["count"], 20);
    assert!(
        first["response_time"]["p50"].as_u64().unwrap() > 1,
        "{first}"
    );
    assert_eq!(first["evidence"].as_array().unwrap().len(), 0);

    let (code, second) = load(
        "--generator other --rate 10 --duration 1 TC-PGO-04-01 TC-INV-10-01",
        &other,
    );
    assert_eq!(code, Some(0), "{second}");
    let whole = place.path().join("whole");
    let files = [&one, &other].map(|folder| folder.join("load.json"));
    let mut merge = ims_conformance();
    let merge = merge.args(["load", "merge"]).args(&files).arg("--out");
    assert_eq!(merge.arg(&whole).output().unwrap().status.code(), Some(0));
    let whole = read(&whole);
    assert_eq!(whole["sessions"]["ended"], 30);
    assert_eq!(whole["pattern"][0]["rate"], 30.0);
    assert_eq!(whole["session_time"]["count"], 30);
    let longest = |record: &Value| record["session_time"]["max"].as_u64().unwrap();
    assert_eq!(longest(&whole), longest(&first).max(longest(&second)));
    let twice = ims_conformance()
        .args(["load", "merge"])
        .args([&files[0], &files[0]])
        .arg("--out")
        .arg(place.path().join("twice"))
        .output()
        .unwrap();
    assert_eq!(twice.status.code(), Some(3), "one result given twice");
}

#[test]
fn a_fault_fails_the_row_it_breaks_with_its_evidence() {
    let place = tempfile::tempdir().unwrap();
    let (code, record) = load(
        "--fault pager-refusal-hidden --rate 20 --duration 1 --keep 3 TC-PGO-04-01 TC-PGO-04-02",
        place.path(),
    );
    assert_eq!(code, Some(1), "{record}");
    assert_eq!(record["valid"], true);
    assert_eq!(
        (&record["verdicts"]["pass"], &record["verdicts"]["fail"]),
        (&10.into(), &10.into())
    );
    assert_eq!(
        record["failed_requirements"],
        serde_json::json!({"PGO-04": 10})
    );
    assert_eq!(record["blame"], serde_json::json!({"system": 10}));
    let evidence = record["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 3);
    for one in evidence {
        let capture = place.path().join(one["capture"].as_str().unwrap());
        assert!(std::fs::metadata(capture).unwrap().len() > 1000);
    }
}

#[test]
fn a_generator_that_is_asked_too_much_blames_nobody_and_recovers() {
    let place = tempfile::tempdir().unwrap();
    // Far more than any core generates; then what is left has a second to be done, and the next must pass.
    let words = "load --lag-limit 100 --rate 20000,1,5 --duration 1 TC-PGO-04-01 --quiet --out";
    let mut command = ims_conformance();
    let done = command.args(words.split(' ')).arg(place.path()).output();
    let done = done.unwrap();
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    let record = read(place.path());
    assert_eq!(record["valid"], false);
    assert_eq!(record["blame"], serde_json::json!({}));
    assert_eq!(record["failed_requirements"], serde_json::json!({}));
    let (sessions, verdicts) = ("sessions", "verdicts");
    assert_eq!(sum(&record, &["fail", "inconc"], verdicts), 0, "{record}");
    let begun = sum(
        &record,
        &["started", "unsent_late", "unsent_full"],
        sessions,
    );
    assert_eq!(sum(&record, &["offered"], sessions), begun);
    assert_eq!(record["sessions"]["ended"], record["sessions"]["started"]);
}

#[test]
fn what_proves_nothing_alone_makes_no_load() {
    let place = tempfile::tempdir().unwrap();
    let mut command = ims_conformance();
    let command = command.args(["load", "--rate", "5", "TC-CB-20-01", "--out"]);
    let done = command.arg(place.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(64));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("such as its control TC-CB-20-02"), "{said}");
}

#[test]
fn the_numbers_are_served_while_it_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let mut command = ims_conformance();
    let words = "load --lag-limit 5000 --metrics 127.0.0.1:0 --rate 20 --duration 2 TC-PGO-04-01";
    let command = command.args(words.split(' ')).arg("--out");
    let command = command.arg(place.path()).stdout(Stdio::null());
    let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let (address, _) = line
        .strip_prefix("metrics: http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap_or_else(|| panic!("{line}"));
    // Once the first second has been told of, sessions have been.
    lines.next().unwrap().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("text/plain; version=0.0.4"), "{page}");
    let passed = page.lines().find_map(|line| {
        line.strip_prefix("ims_conformance_load_verdicts_total{verdict=\"pass\"} ")
    });
    assert!(passed.unwrap().parse::<u64>().unwrap() > 0, "{page}");
    lines.for_each(drop);
    assert!(running.wait().unwrap().success());
}
