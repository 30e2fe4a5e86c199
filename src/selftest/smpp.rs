//! Self-test: the suite runs against the reference build over SMPP links whose data_coding 0 is what SMPP 3.4 section 5.2.19 leaves open: packed
//! GSM 7-bit and Latin-1. The cases about texts pass as they do with unpacked septets, and where the two sides disagree about data_coding 0,
//! the suite notices.
#![allow(clippy::unwrap_used, clippy::panic)]

use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use std::path::Path;
use std::process::{Command, Stdio};

/// Cases with texts both ways, long ones included.
const TEXTS: [&str; 6] = ["M2S-01", "S2M-01", "S2M-06", "INV-09", "PGO-01", "PGT-01"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A run in which the suite takes data_coding 0 for `ours` and the reference for `theirs`.
fn run(ours: &str, theirs: &str) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let text = root().join("fixtures/systems/reference/profile.yaml");
    let profile = std::fs::read_to_string(text).unwrap();
    let account = "\"--smpp-password\", \"secret\"";
    let changed = profile
        .replace(
            account,
            &format!("{account}, \"--smpp-data-coding-0\", \"{theirs}\""),
        )
        .replacen(
            "    password: secret\n",
            &format!("    password: secret\n    data_coding_0: {ours}\n"),
            1,
        );
    assert!(changed.contains(theirs) && changed.contains("data_coding_0"));
    std::fs::write(folder.path().join("profile.yaml"), changed).unwrap();
    let out = folder.path().join("out");
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args(["run", "--quiet", "--system"])
        .arg(folder.path())
        .arg("--out")
        .arg(&out)
        .args(TEXTS)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn texts_pass_in_every_default_alphabet() {
    for alphabet in ["gsm7", "gsm7-packed", "latin1"] {
        let record = run(alphabet, alphabet);
        let wrong: Vec<String> = record
            .cases
            .iter()
            .filter(|case| ![Verdict::Pass, Verdict::NotApplicable].contains(&case.verdict))
            .map(|case| format!("{alphabet}: {} {:?}: {}", case.id, case.verdict, case.cause))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(record.totals.pass >= TEXTS.len());
    }
}

#[test]
fn a_system_with_another_alphabet_fails() {
    let record = run("gsm7", "gsm7-packed");
    let failed = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Fail);
    assert!(failed.count() > 0, "{:?}", record.totals);
}
