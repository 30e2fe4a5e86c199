//! Peers are not always the plainest: under every personality of `fixtures/personalities.yaml` the suite runs against the reference build.
//!
//! A legal personality changes no verdict, but for the test cases that its entry excepts with a reason. Under a tolerated or illegal one the
//! reference lives to the end, the suite does not break, and nothing is held against the reference but what the entry excepts.
//! `PERSONALITIES=name,name cargo test --test personalities` runs those only.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ims_conformance::runner::catalogue::Catalogue;
use ims_conformance::runner::record::RunRecord;
use ims_conformance::sut::personality::{Legality, Personalities, Personality};
use ims_conformance::verdict::Verdict;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Runs at the same time; they mostly wait.
const AT_ONCE: usize = 4;
const JOBS: &str = "40";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn personalities() -> Vec<Personality> {
    Personalities::load(&root().join("fixtures")).unwrap().0
}

fn run(personality: Option<&Personality>) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.current_dir(root());
    // Personalities are of CPM users, SMS users and their message centre.
    command.args(["run", "cpm-sms-interworking", "--quiet", "--jobs", JOBS]);
    command.arg("--out");
    command.arg(&out);
    if let Some(personality) = personality {
        command.args(["--personality", &personality.name]);
        if let Some(carriage) = personality.carriages.first() {
            command.args(["--carriage", carriage]);
        }
    }
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}

type Verdicts = BTreeMap<String, (Verdict, String)>;

fn verdicts(record: &RunRecord) -> Verdicts {
    let cases = record.cases.iter();
    cases
        .map(|case| (case.id.clone(), (case.verdict, case.cause.clone())))
        .collect()
}

fn complaints(personality: &Personality, usual: &Verdicts, record: &RunRecord) -> Vec<String> {
    let excepted = |id: &String| personality.except.iter().any(|e| e.cases.contains(id));
    let mut wrong = Vec::new();
    for (id, (verdict, cause)) in verdicts(record) {
        let before = usual.get(&id).map(|(verdict, _)| *verdict);
        let unfit = match personality.legality {
            Legality::Legal => Some(verdict) != before,
            Legality::Tolerated | Legality::Illegal => verdict == Verdict::Fail,
        };
        if verdict == Verdict::Error || (unfit && !excepted(&id)) {
            wrong.push(format!("{id}: {verdict:?} ({cause}), usually {before:?}"));
        }
    }
    let dead = record
        .notes
        .iter()
        .filter(|note| note.contains("ended before"));
    wrong.extend(dead.cloned());
    wrong
}

#[test]
fn the_list_is_sound() {
    let cases = Catalogue::load(&root().join("features")).unwrap().cases;
    let cases: Vec<String> = cases.into_iter().map(|case| case.id).collect();
    let problems = Personalities(personalities()).problems(&cases);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for legality in [Legality::Legal, Legality::Tolerated, Legality::Illegal] {
        assert!(personalities().iter().any(|p| p.legality == legality));
    }
}

#[test]
fn legal_peers_change_no_verdict_and_others_break_nothing() {
    let asked = std::env::var("PERSONALITIES").unwrap_or_default();
    let mut personalities = personalities();
    if !asked.is_empty() {
        personalities.retain(|one| asked.split(',').any(|name| name == one.name));
    }
    let usual = verdicts(&run(None));
    let queue = Mutex::new(personalities.iter());
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(one) = { queue.lock().unwrap().next() } {
            let record = run(Some(one));
            let complaints = complaints(one, &usual, &record);
            let (name, legality) = (&one.name, one.legality.name());
            let (pass, count) = (record.totals.pass, complaints.len());
            println!("{name:34} {legality:9} {pass:4} pass, {count} complaints");
            let said = complaints.into_iter().map(|said| format!("{name}: {said}"));
            wrong.lock().unwrap().extend(said);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The comparison finds what it should.
#[test]
fn catches_a_verdict_that_changes() {
    let mut record = run_of_one();
    let usual = verdicts(&record);
    let mut one = personalities().swap_remove(0);
    one.legality = Legality::Legal;
    assert!(complaints(&one, &usual, &record).is_empty());
    record.cases[0].verdict = Verdict::Inconc;
    assert_eq!(complaints(&one, &usual, &record).len(), 1);
    one.legality = Legality::Illegal;
    assert!(complaints(&one, &usual, &record).is_empty());
    record.cases[0].verdict = Verdict::Fail;
    record
        .notes
        .push("the system under test ended before the run did".to_owned());
    assert_eq!(complaints(&one, &usual, &record).len(), 2);
}

fn run_of_one() -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args(["run", "--quiet", "TC-POL-01-01", "--out"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(folder.path().join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}
