//! The suite is tested with wrong systems: the reference build runs with each of its faults, and exactly the test cases that
//! `fixtures/faults.yaml` names must fail, each for the requirement the fault breaks (or one that cannot hold beside it, with a reason).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ims_conformance::reference::faults::Fault as ReferenceFault;
use ims_conformance::runner::record::{CaseRecord, RunRecord};
use ims_conformance::sut::faults::{Fault, Faults};
use ims_conformance::verdict::Verdict;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Runs at the same time; the waiting in them overlaps, the working does not gain from more on two cores.
const AT_ONCE: usize = 2;
/// The reference reacts at once or never; what a fault withholds is waited for this long instead of the profile's time.
const REACTION: &str = "reaction_seconds: 2.5";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn faults() -> Vec<Fault> {
    Faults::load(&root().join("fixtures")).unwrap().0
}

/// The reference's profile with a fault in its start command.
fn faulty_profile(fault: &str, folder: &Path) {
    let profile =
        std::fs::read_to_string(root().join("fixtures/systems/reference/profile.yaml")).unwrap();
    let faulty = profile
        .replace(
            "\"--until-stdin-closes\"",
            &format!("\"--until-stdin-closes\", \"--fault\", \"{fault}\""),
        )
        .replace("reaction_seconds: 6", REACTION);
    assert!(
        faulty.contains(fault) && faulty.contains(REACTION),
        "the reference's profile has changed its form"
    );
    std::fs::write(folder.join("profile.yaml"), faulty).unwrap();
}

fn run(fault: &str) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    faulty_profile(fault, folder.path());
    let out = folder.path().join("out");
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--jobs", "24", "--system"])
        .arg(folder.path())
        .arg("--out")
        .arg(&out)
        .arg("--features")
        .arg(root().join("features"))
        .arg("--fixtures")
        .arg(root().join("fixtures"))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{fault}: {status}, {error}"));
    serde_json::from_str(&text).unwrap()
}

/// What is wrong with a run under a fault.
fn complaints(fault: &Fault, record: &RunRecord) -> Vec<String> {
    let with = |verdict: Verdict| {
        record
            .cases
            .iter()
            .filter(move |case| case.verdict == verdict)
    };
    let failed: BTreeSet<&str> = with(Verdict::Fail).map(|case| case.id.as_str()).collect();
    let named: BTreeSet<&str> = fault.fails.iter().map(String::as_str).collect();
    let mut wrong: Vec<String> = named
        .difference(&failed)
        .map(|id| format!("{id} does not fail"))
        .collect();
    wrong.extend(
        failed
            .difference(&named)
            .map(|id| format!("{id} fails and is not named")),
    );
    wrong.extend(
        with(Verdict::Error).map(|case| format!("{} is an error: {}", case.id, case.cause)),
    );
    wrong.extend(with(Verdict::Fail).filter_map(|case| wrong_requirement(fault, case)));
    if !with(Verdict::Fail).any(|case| failing_requirements(case).contains(fault.breaks.as_str())) {
        wrong.push(format!("no failure names {}", fault.breaks));
    }
    wrong
}

fn failing_requirements(case: &CaseRecord) -> BTreeSet<&str> {
    case.findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fail)
        .map(|finding| finding.requirement.as_str())
        .collect()
}

fn wrong_requirement(fault: &Fault, case: &CaseRecord) -> Option<String> {
    let stray: Vec<&str> = failing_requirements(case)
        .into_iter()
        .filter(|id| *id != fault.breaks && !fault.also.iter().any(|also| also == id))
        .collect();
    (!stray.is_empty()).then(|| format!("{} fails for {}", case.id, stray.join(", ")))
}

#[test]
fn every_fault_of_the_reference_is_in_the_list() {
    let listed: Vec<String> = faults().into_iter().map(|fault| fault.name).collect();
    let known: Vec<String> = ReferenceFault::ALL
        .iter()
        .map(|fault| fault.name().to_owned())
        .collect();
    assert_eq!(listed, known);
    for fault in faults() {
        assert!(!fault.fails.is_empty(), "{} names no test case", fault.name);
        assert!(
            fault.also.is_empty() || !fault.why.is_empty(),
            "{} breaks more than one requirement and does not say why",
            fault.name
        );
    }
}

#[test]
fn every_fault_is_caught_for_the_requirement_it_breaks() {
    let faults = faults();
    let queue = Mutex::new(faults.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(fault) = { queue.lock().unwrap().next() } {
                    let complaints = complaints(fault, &run(&fault.name));
                    println!(
                        "{:34} {:8} {}",
                        fault.name,
                        fault.breaks,
                        if complaints.is_empty() {
                            "caught"
                        } else {
                            "NOT AS LISTED"
                        }
                    );
                    wrong.lock().unwrap().extend(
                        complaints
                            .into_iter()
                            .map(|complaint| format!("{}: {complaint}", fault.name)),
                    );
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{} faults, {} complaints", faults.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
