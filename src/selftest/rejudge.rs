//! Self-test: a run that is judged again from its captures comes out as it is recorded, to the octet; what was changed since is told.
//!
//! Here runs with fails, with what a faulty system leaves undecided, over several access networks and in pseudonyms; a whole run is judged
//! again beside the witness's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ims_conformance::runner::record::{CaseRecord, RunRecord};
use ims_conformance::runner::rejudge::{Inputs, RejudgeError, Rejudged, rejudge};
use ims_conformance::verdict::Verdict;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

fn project(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

/// A run of the reference; its folder.
fn run(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--out"])
        .arg(folder.path())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(folder.path().join("run.json").exists(), "{said}");
    folder
}

fn inputs(folder: &Path) -> Inputs {
    Inputs {
        folder: folder.to_owned(),
        features: project("features"),
        fixtures: project("fixtures"),
        system: None,
        profile_as_given: false,
    }
}

fn again(folder: &Path) -> Rejudged {
    rejudge(&inputs(folder)).unwrap()
}

/// Everything that can be judged again has been, with the same result.
fn is_as_recorded(judged: &Rejudged) {
    let differences = &judged.differences;
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(judged.carried.is_empty(), "{:?}", judged.carried);
    let text = |record: &RunRecord| serde_json::to_string_pretty(&record.cases).unwrap();
    assert!(
        text(&judged.record) == text(&judged.recorded),
        "a record differs"
    );
    assert_eq!(judged.record.totals, judged.recorded.totals);
}

fn count(record: &RunRecord, verdict: Verdict) -> usize {
    let cases = record.cases.iter();
    cases.filter(|case| case.verdict == verdict).count()
}

#[test]
fn fails_and_what_is_left_undecided_come_out_again() {
    let folder = run(&["POL", "--fault", "ignore-accept-policy"]);
    let judged = again(folder.path());
    assert!(count(&judged.record, Verdict::Fail) > 3);
    assert!(count(&judged.record, Verdict::Inconc) > 0);
    assert!(count(&judged.record, Verdict::Pass) > 3);
    is_as_recorded(&judged);
}

#[test]
fn every_access_network_comes_out_again() {
    let folder = run(&["TC-AI", "--fault", "barring-ignored-over-wlan"]);
    let judged = again(folder.path());
    assert!(judged.record.cases.iter().any(|case| case.access.is_some()));
    is_as_recorded(&judged);
}

#[test]
fn a_run_in_pseudonyms_comes_out_again() {
    let folder = run(&["POL", "CB-20", "--redact"]);
    is_as_recorded(&again(folder.path()));
}

/// Changes a capture of the run; as somebody who covers it up, if `covered`.
fn tamper(folder: &Path, case: &CaseRecord, change: (&str, &str), covered: bool) {
    let capture = case.capture.as_ref().unwrap();
    let path = folder.join(&capture.path);
    let mut octets = std::fs::read(&path).unwrap();
    let (old, new) = change;
    assert_eq!(old.len(), new.len());
    let places = octets.windows(old.len()).enumerate();
    let found = places.filter(|(_, window)| *window == old.as_bytes());
    let found: Vec<usize> = found.map(|(at, _)| at).collect();
    assert!(!found.is_empty(), "{old} is not in {}", path.display());
    for at in found {
        octets[at..at + old.len()].copy_from_slice(new.as_bytes());
    }
    std::fs::write(&path, &octets).unwrap();
    if covered {
        let digest = Sha256::digest(&octets);
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        let record = folder.join("run.json");
        let text = std::fs::read_to_string(&record).unwrap();
        std::fs::write(&record, text.replace(&capture.sha256, &digest)).unwrap();
    }
}

#[test]
fn what_was_changed_since_is_told() {
    let folder = run(&["TC-POL-01-01"]);
    let first = again(folder.path());
    is_as_recorded(&first);
    let case = &first.record.cases[0];
    tamper(
        folder.path(),
        case,
        ("SIP/2.0 200 OK", "SIP/2.0 503 No"),
        false,
    );
    let told = rejudge(&inputs(folder.path())).unwrap_err();
    assert!(matches!(told, RejudgeError::Capture { .. }), "{told}");
    tamper(
        folder.path(),
        case,
        ("SIP/2.0 503 No", "SIP/2.0 500 No"),
        true,
    );
    let judged = again(folder.path());
    let changed = &judged.differences[0].what;
    assert!(
        changed.iter().any(|one| one.field == "verdict"),
        "{changed:?}"
    );
}

#[test]
fn another_catalogue_is_refused() {
    let folder = run(&["TC-POL-01-01"]);
    let path = folder.path().join("run.json");
    let mut record: RunRecord =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    record.catalogue_sha256 = "0".repeat(64);
    std::fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
    let told = rejudge(&inputs(folder.path())).unwrap_err().to_string();
    assert!(
        told.contains("the catalogue is not that of the run"),
        "{told}"
    );
}
