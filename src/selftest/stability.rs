//! Self-test: the order of the test cases, how many run at a time and the seed change no verdict (`.ci/stability`, which can do it a
//! thousand times).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

fn stable(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join(".ci/stability"))
        .args(arguments)
        .env("IMS_CONFORMANCE", env!("CARGO_BIN_EXE_ims-conformance"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    said
}

/// Fifty runs: two of everything, the others of what proves the plumbing.
#[test]
fn every_order_and_every_number_of_jobs_gives_one_set_of_verdicts() {
    let whole = stable(&["2"]);
    assert!(whole.contains("2 runs, one set of verdicts"), "{whole}");
    let smoke = stable(&["48", "--only-smoke"]);
    assert!(smoke.contains("48 runs, one set of verdicts"), "{smoke}");
    assert!(!smoke.contains("fail"), "{smoke}");
}

#[test]
fn a_run_that_has_no_verdicts_is_not_stable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join(".ci/stability"))
        .args(["1", "--no-such-option"])
        .env("IMS_CONFORMANCE", env!("CARGO_BIN_EXE_ims-conformance"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
}
