//! Self-test: the HTML report in a browser, as the person who reads it meets it. Chromium opens one of a real run and one of a thousand
//! test cases; `report_page.mjs` beside this clicks, types, prints and looks for what it must never do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod third_party;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use third_party::program;

const FAULT: &str = "invites-before-accepting";
/// What the fault breaks, and neighbours of it from every source document.
const SELECTION: [&str; 4] = ["POL-01", "INV-01", "TC-CM-01-01", "TC-AI-03-01"];
/// Text of a system that would like to be markup.
const HOSTILE: &str = "</script><img src=x onerror=\"window.broken=1\"><!--<script>&lt;b&gt;";

fn ims_conformance(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The HTML of a record that lies in the folder of the run, so that it finds the captures.
fn render(record: &Value, folder: &Path, name: &str) {
    let json = folder.join(format!("{name}.json"));
    std::fs::write(&json, record.to_string()).unwrap();
    let html = folder.join(format!("{name}.html"));
    let mut command = ims_conformance(&["report", "--as", "html"]);
    let done = command.arg(&json).arg("-o").arg(&html).status().unwrap();
    assert!(done.success());
    let size = std::fs::metadata(&html).unwrap().len();
    println!("{name}: {} kB", size / 1000);
    assert!(size < 15_000_000, "{size}");
}

/// The run with every verdict there is, and words in it that nobody should trust.
fn every_verdict(mut record: Value) -> Value {
    let cases = record["cases"].as_array_mut().unwrap();
    let failed = cases.iter().position(|case| case["verdict"] == "fail");
    let mut passed = cases.iter_mut().filter(|case| case["verdict"] == "pass");
    let mut change = |verdict: &str, side: &str| {
        let case = passed.next().expect("the selection has enough passes");
        case["verdict"] = json!(verdict);
        case["reason"] = json!("missing");
        case["cause"] = json!(HOSTILE);
        case["blame"] = json!(side);
        case["blame_why"] = json!(HOSTILE);
        case["findings"][0]["verdict"] = json!(verdict);
        case["findings"][0]["observed"] = json!(HOSTILE);
        case
    };
    change("inconc", "network");
    change("error", "suite")["capture"] = Value::Null;
    let hostile = change("fail", "peer");
    hostile["capture"] = Value::Null;
    hostile["ladder"] = json!(format!(
        "[1] {HOSTILE}\n  isc\n    alice -> gateway  {HOSTILE}\n        {HOSTILE}\n"
    ));
    record["system"]["name"] = json!(HOSTILE);
    record["notes"] = json!([HOSTILE]);
    assert!(failed.is_some(), "{FAULT} breaks nothing any more");
    record
}

fn thousand(mut record: Value) -> Value {
    let cases = record["cases"].as_array().unwrap().clone();
    let copies = (0..1000).map(|number| {
        let mut case = cases[number % cases.len()].clone();
        case["id"] = json!(format!("{}.{number}", case["id"].as_str().unwrap()));
        case
    });
    record["cases"] = copies.collect();
    record
}

/// A folder with playwright-core, as `fixtures/selftest/package-lock.json` pins it. Made when it is first asked for, which takes a network.
fn node_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest");
    let (made, lock) = (folder.join("made"), pinned.join("package-lock.json"));
    if std::fs::read(&made).ok() != std::fs::read(&lock).ok() {
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(pinned.join(name), folder.join(name)).unwrap();
        }
        let mut install = Command::new(program("npm", "npm"));
        let quiet = [
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--silent",
        ];
        let done = install.args(quiet).current_dir(&folder).status().unwrap();
        assert!(
            done.success(),
            "npm ci failed; it needs a way to the registry"
        );
        std::fs::copy(&lock, &made).unwrap();
    }
    folder
}

#[test]
fn the_report_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut run = ims_conformance(&["run", "--quiet", "--fault", FAULT, "--out"]);
    let ran = run.arg(folder).args(SELECTION).output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let record = read(&folder.join("run.json"));
    render(&every_verdict(record.clone()), folder, "real");
    render(&thousand(record), folder, "thousand");

    // The script looks for its package from where it lies.
    let node = node_folder();
    let script = node.join("report_page.mjs");
    std::fs::write(&script, include_str!("report_page.mjs")).unwrap();
    let driven = Command::new(program("node", "nodejs"))
        .arg(&script)
        .arg(program("chromium", "chromium"))
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&driven.stdout);
    println!("{said}");
    let complaints = String::from_utf8_lossy(&driven.stderr);
    assert!(driven.status.success(), "{said}\n{complaints}");
}
