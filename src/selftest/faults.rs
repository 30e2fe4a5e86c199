//! The suite is tested with wrong systems: the reference build runs with each of its faults, and exactly the test cases that
//! `fixtures/faults.yaml` names must fail, each for the requirement the fault breaks (or one that cannot hold beside it, with a reason).
//!
//! Under each fault run the listed cases, every other case of the features they and the broken requirements stand in, and of the rest one in
//! thirty-two, others for each fault: all faults together see every case. `FAULTS=all cargo test --test faults` runs every case under every
//! fault, many times as long; do that when `faults.yaml` is written anew. `FAULTS=name,name` runs those only.
//! What was not as listed while five suites shared the machine is run again alone, and must be as listed then; both outcomes are printed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ims_conformance::reference::faults::Fault as ReferenceFault;
use ims_conformance::report::kills::{Matrix, Tried};
use ims_conformance::runner::catalogue::{Case, Catalogue};
use ims_conformance::runner::record::{CaseRecord, RunRecord};
use ims_conformance::sut::faults::{Fault, Faults, Reviewed};
use ims_conformance::verdict::{Register, Verdict};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Runs at the same time. They mostly wait, for what a fault withholds, so that two cores carry this many.
const AT_ONCE: usize = 5;
/// Test cases at the same time in each of them.
const JOBS: &str = "40";
/// Of the cases of other features, one in so many runs under a fault.
const SAMPLE: u64 = 32;
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

/// What runs under a fault: what it must fail and what is near, and a sample of the rest that depends on the two names alone.
fn selection(fault: &Fault, catalogue: &[Case]) -> Vec<String> {
    let names = |case: &Case| {
        fault.fails_in(&case.id)
            || case.requirement == fault.breaks
            || fault.also.contains(&case.requirement)
    };
    let near: BTreeSet<&str> = catalogue
        .iter()
        .filter(|case| names(case))
        .map(|case| case.file.as_str())
        .collect();
    let runs = |case: &&Case| near.contains(case.file.as_str()) || is_sampled(fault, case);
    let chosen = catalogue.iter().filter(runs);
    chosen.map(|case| case.id.clone()).collect()
}

/// FNV-1a, so that a new fault or a new case changes nothing for the others.
fn is_sampled(fault: &Fault, case: &Case) -> bool {
    let octets = fault.name.bytes().chain(case.id.bytes());
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32).is_multiple_of(SAMPLE)
}

fn catalogue() -> Vec<Case> {
    Catalogue::load(&root().join("features")).unwrap().cases
}

fn run(fault: &Fault, selection: &[String]) -> RunRecord {
    let Fault { name, carriage, .. } = fault;
    let folder = tempfile::tempdir().unwrap();
    faulty_profile(name, folder.path());
    let out = folder.path().join("out");
    let carriage = carriage.iter().flat_map(|c| ["--carriage", c.as_str()]);
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--jobs", JOBS])
        .args(carriage)
        .args(selection)
        .arg("--system")
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
        .unwrap_or_else(|error| panic!("{name}: {status}, {error}"));
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

/// The kill matrix of the book is made of `faults.yaml`; what it does not show is reviewed in `kills.yaml`.
#[test]
fn what_no_fault_meets_has_a_reason_that_is_still_so() {
    let fixtures = root().join("fixtures");
    let register = Register::load(&fixtures.join("requirements")).unwrap();
    let reviewed = Reviewed::load(&fixtures).unwrap();
    let cases = catalogue().into_iter();
    let tried: Vec<Tried> = cases
        .map(|case| Tried {
            id: case.id,
            requirement: case.requirement,
            title: case.title,
            control: case.control,
        })
        .collect();
    let matrix = Matrix::of(&register.requirements, &tried, &faults(), |_| "", &reviewed);
    let wrong = matrix.unreviewed(&reviewed);
    assert!(
        wrong.is_empty(),
        "fixtures/kills.yaml:\n{}",
        wrong.join("\n")
    );
    let figures = matrix.figures;
    assert_eq!(figures.caught, figures.faults, "{figures:?}");
}

/// `FAULTS`: `all`, names, or nothing.
fn asked() -> (bool, Vec<Fault>) {
    let asked = std::env::var("FAULTS").unwrap_or_default();
    let names: BTreeSet<&str> = asked.split(',').filter(|name| !name.is_empty()).collect();
    let everything = names.contains("all");
    let mut faults = faults();
    if !everything && !names.is_empty() {
        faults.retain(|fault| names.contains(fault.name.as_str()));
    }
    (everything, faults)
}

#[test]
fn every_fault_is_caught_for_the_requirement_it_breaks() {
    let (everything, faults) = asked();
    let catalogue = catalogue();
    let queue = Mutex::new(faults.iter());
    let again = Mutex::new(Vec::new());
    let work = || {
        while let Some(fault) = { queue.lock().unwrap().next() } {
            let selection = match everything {
                true => Vec::new(),
                false => selection(fault, &catalogue),
            };
            let record = run(fault, &selection);
            let complaints = complaints(fault, &record);
            let outcome = if complaints.is_empty() {
                "caught"
            } else {
                "NOT AS LISTED"
            };
            let (ran, name, breaks) = (record.cases.len(), &fault.name, &fault.breaks);
            println!("{name:38} {breaks:8} {ran:4} cases  {outcome}");
            if !complaints.is_empty() {
                again.lock().unwrap().push((fault, selection, complaints));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut wrong = Vec::new();
    for (fault, selection, before) in again.into_inner().unwrap() {
        let complaints = complaints(fault, &run(fault, &selection));
        let (name, count) = (&fault.name, complaints.len());
        println!("{name:38} again, alone: {count} complaints; before: {before:?}");
        wrong.extend(complaints.into_iter().map(|said| format!("{name}: {said}")));
    }
    println!("{} faults, {} complaints", faults.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_together_see_every_case() {
    let catalogue = catalogue();
    let seen: BTreeSet<String> = faults()
        .iter()
        .flat_map(|fault| selection(fault, &catalogue))
        .collect();
    for case in &catalogue {
        assert!(seen.contains(&case.id), "{}", case.id);
    }
}
