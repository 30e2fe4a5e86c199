//! Self-test: what the reference build executes, by its own marks, is what the test cases claim to judge.
//!
//! A test case that passes although the reference never came to the code that meets its requirement has judged something else; a
//! requirement that is executed and never judged is one nobody looks at. What differs is listed with a reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    claims_never_executed: Vec<Claims>,
    executed_never_judged: Vec<Unjudged>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    cases: BTreeSet<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unjudged {
    requirements: BTreeSet<String>,
    why: String,
}

/// Test case to requirement to how often.
type Executed = BTreeMap<String, BTreeMap<String, u64>>;

struct Run {
    record: Value,
    executed: Executed,
}

impl Run {
    fn of(arguments: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("executed.json");
        let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .args(["run", "--quiet", "--clock", "virtual", "--jobs", "1"])
            .arg("--executed")
            .arg(&file)
            .arg("--out")
            .arg(place.path())
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        Self {
            record: serde_json::from_str(&read(&place.path().join("run.json"))).unwrap(),
            executed: serde_json::from_str(&read(&file)).unwrap(),
        }
    }

    /// Test case and requirement of every pass that is no control: a control shows what happens without the requirement's case.
    fn claims(&self) -> Vec<(&str, &str)> {
        let cases = self.record["cases"].as_array().unwrap().iter();
        cases
            .filter(|case| case["verdict"] == "pass" && case["control"] != true)
            .map(|case| {
                let id = case["id"].as_str().unwrap();
                (id, case["requirement"].as_str().unwrap())
            })
            .collect()
    }

    fn executes(&self, case: &str, requirement: &str) -> bool {
        let executed = self.executed.get(case);
        executed.is_some_and(|all| all.contains_key(requirement))
    }
}

fn known() -> Known {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/executed.yaml");
    let known: Known = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let claims = known.claims_never_executed.iter().map(|entry| &entry.why);
    let mut reasons = claims.chain(known.executed_never_judged.iter().map(|entry| &entry.why));
    assert!(reasons.all(|why| !why.trim().is_empty()));
    known
}

#[test]
fn what_is_claimed_is_executed_and_what_is_executed_is_judged() {
    let (run, known) = (Run::of(&[]), known());
    let claims = run.claims();
    assert!(claims.len() > 400, "{} claims", claims.len());

    let unexecuted: BTreeSet<String> = claims
        .iter()
        .filter(|(case, requirement)| !run.executes(case, requirement))
        .map(|(case, _)| (*case).to_owned())
        .collect();
    let listed = known.claims_never_executed.into_iter();
    let listed: BTreeSet<String> = listed.flat_map(|entry| entry.cases).collect();
    assert_eq!(unexecuted, listed, "claims that were never executed");

    let judged: BTreeSet<&str> = claims.iter().map(|(_, requirement)| *requirement).collect();
    let executed = run.executed.values().flat_map(BTreeMap::keys);
    let unjudged: BTreeSet<String> = executed
        .filter(|requirement| !judged.contains(requirement.as_str()))
        .cloned()
        .collect();
    let listed = known.executed_never_judged.into_iter();
    let listed: BTreeSet<String> = listed.flat_map(|entry| entry.requirements).collect();
    assert_eq!(
        unjudged, listed,
        "requirements that were executed and not judged"
    );
}

#[test]
fn counts_are_for_one_test_case_at_a_time_only() {
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--executed", "nowhere.json", "TC-POL-01-01"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--clock virtual --jobs 1"), "{said}");
    assert!(output.status.code().is_some_and(|code| code > 1));
}
