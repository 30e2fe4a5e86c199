//! Self-test: systems of others under `fixtures/systems` get the verdicts that `expected.yaml` beside their profiles says, neither worse
//! nor better, and no test case comes or goes unnoticed.
//!
//! Where a change of the suite or of a system is meant to change them, `PIN_VERDICTS=1 cargo test --test third_party_systems` writes the
//! files anew. What has not been explained before is put under CHANGE-ME then, which nothing but an explanation gets past this test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use third_party::program;

/// Test case to verdict.
type Verdicts = BTreeMap<String, String>;

/// What comes of a selection of test cases against a system.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What `run` takes.
    select: Vec<String>,
    not_passed: Vec<NotPassed>,
    passed: Vec<String>,
}

/// Test cases that one property of the product keeps from passing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NotPassed {
    why: String,
    #[serde(default)]
    fail: Vec<String>,
    #[serde(default)]
    inconc: Vec<String>,
    #[serde(default)]
    not_applicable: Vec<String>,
}

impl NotPassed {
    fn by_verdict(&self) -> [(&'static str, &Vec<String>); 3] {
        [
            ("fail", &self.fail),
            ("inconc", &self.inconc),
            ("not-applicable", &self.not_applicable),
        ]
    }
}

impl Expected {
    fn verdicts(&self) -> Verdicts {
        let passed = self.passed.iter().map(|id| (id.clone(), "pass".to_owned()));
        let mut verdicts: Verdicts = passed.collect();
        for (verdict, ids) in self.not_passed.iter().flat_map(NotPassed::by_verdict) {
            for id in ids {
                let other = verdicts.insert(id.clone(), verdict.to_owned());
                assert_eq!(other, None, "{id} is named twice");
            }
        }
        verdicts
    }

    fn unexplained(&self) -> usize {
        let blank = |group: &&NotPassed| group.why.contains("CHANGE-ME");
        self.not_passed.iter().filter(blank).count()
    }
}

fn systems() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/systems");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path().join("expected.yaml"))
        .filter(|file| file.is_file())
        .collect();
    found.sort();
    found
}

/// What became of each test case, with the cause of what is no pass.
fn judged(system: &str, selection: &[String]) -> (Verdicts, Verdicts) {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--jobs", "48", "--system", system])
        .arg("--out")
        .arg(folder.path())
        .args(selection)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let record = std::fs::read_to_string(folder.path().join("run.json"));
    let record = record.unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&run.stderr);
        panic!("{system}: no run.json ({error}): {said}")
    });
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let cases = record["cases"].as_array().unwrap();
    let text = |case: &serde_json::Value, key: &str| case[key].as_str().unwrap_or("").to_owned();
    let of = |key: &str| -> Verdicts {
        let pairs = cases.iter().map(|case| (text(case, "id"), text(case, key)));
        pairs.collect()
    };
    (of("verdict"), of("cause"))
}

/// The file with these verdicts in the place of those it has; what it says of test cases that are as they were stays.
fn pinned(text: &str, expected: &Expected, verdicts: &Verdicts, causes: &Verdicts) -> String {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let mut written = head.fold(String::new(), |head, line| head + line + "\n");
    let select = expected.select.join(", ");
    write!(written, "select: [{select}]\nnot_passed:\n").unwrap();
    let mut left = verdicts.clone();
    for group in &expected.not_passed {
        let mut lines = String::new();
        for (verdict, ids) in group.by_verdict() {
            let kept: Vec<&String> = ids
                .iter()
                .filter(|id| verdicts.get(*id).is_some_and(|is| is == verdict))
                .collect();
            if !kept.is_empty() {
                writeln!(lines, "    {verdict}:").unwrap();
            }
            for id in kept {
                writeln!(lines, "      - {id}").unwrap();
                left.remove(id);
            }
        }
        if !lines.is_empty() {
            let why = serde_json::to_string(&group.why).unwrap();
            write!(written, "  - why: {why}\n{lines}").unwrap();
        }
    }
    for (id, verdict) in left.iter().filter(|(_, verdict)| *verdict != "pass") {
        let why = serde_json::to_string(&format!("CHANGE-ME: {}", causes[id])).unwrap();
        let group = format!("  - why: {why}\n    {verdict}:\n      - {id}\n");
        written.push_str(&group);
    }
    written.push_str("passed:\n");
    for (id, _) in left.iter().filter(|(_, verdict)| *verdict == "pass") {
        writeln!(written, "  - {id}").unwrap();
    }
    written
}

/// Every difference, in both directions.
fn differences(expected: &Verdicts, verdicts: &Verdicts, causes: &Verdicts) -> Vec<String> {
    let gone = expected.keys().filter(|id| !verdicts.contains_key(*id));
    let mut found: Vec<String> = gone
        .map(|id| format!("{id} is there no more, or not selected"))
        .collect();
    for (id, verdict) in verdicts {
        match expected.get(id) {
            None => found.push(format!("{id} is new: {verdict} {}", causes[id])),
            Some(expected) if expected != verdict => {
                found.push(format!("{id} is {verdict}, not {expected}: {}", causes[id]));
            }
            Some(_) => {}
        }
    }
    found
}

/// Runs one system; what is wrong with its file, or nothing once that is written anew.
fn held_against(file: &Path, pin: bool) -> Vec<String> {
    let system = file.parent().unwrap().file_name().unwrap();
    let system = system.to_str().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let expected: Expected =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{system}: {error}"));
    let (verdicts, causes) = judged(system, &expected.select);
    if pin {
        std::fs::write(file, pinned(&text, &expected, &verdicts, &causes)).unwrap();
        return Vec::new();
    }
    let mut wrong = differences(&expected.verdicts(), &verdicts, &causes);
    let unexplained = expected.unexplained();
    if unexplained > 0 {
        wrong.push(format!("{unexplained} times CHANGE-ME"));
    }
    let told = wrong.iter().map(|one| format!("{system}: {one}"));
    told.collect()
}

#[test]
fn systems_of_others_get_the_verdicts_that_are_on_file() {
    program("kamailio", "kamailio");
    program("bearerbox", "kannel");
    let pin = std::env::var_os("PIN_VERDICTS").is_some();
    let files = systems();
    assert!(files.len() >= 3, "only {files:?}");
    // At the same time: most of what they do is wait.
    let wrong = std::thread::scope(|scope| {
        let runs = files
            .iter()
            .map(|file| scope.spawn(move || held_against(file, pin)));
        let runs: Vec<_> = runs.collect();
        let told = runs.into_iter().flat_map(|run| run.join().unwrap());
        told.collect::<Vec<_>>()
    });
    assert!(
        wrong.is_empty(),
        "expected.yaml does not fit:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_verdict_that_is_not_on_file_is_told_whichever_way_it_differs() {
    let verdicts = |pairs: &[(&str, &str)]| -> Verdicts {
        let pairs = pairs
            .iter()
            .map(|(id, is)| (id.to_string(), is.to_string()));
        pairs.collect()
    };
    let expected = "select: [TC]\nnot_passed:\n  - why: W\n    fail: [TC-1]\npassed: [TC-2, TC-3]";
    let expected: Expected = serde_yaml::from_str(expected).unwrap();
    let are = verdicts(&[("TC-1", "pass"), ("TC-2", "fail"), ("TC-4", "pass")]);
    let causes = verdicts(&[("TC-1", ""), ("TC-2", "nothing came"), ("TC-4", "")]);
    let told = differences(&expected.verdicts(), &are, &causes);
    assert_eq!(
        told,
        [
            "TC-3 is there no more, or not selected",
            "TC-1 is pass, not fail: ",
            "TC-2 is fail, not pass: nothing came",
            "TC-4 is new: pass ",
        ]
    );
    assert_eq!(
        pinned("# Head.\nselect: [TC]\n", &expected, &are, &causes),
        "# Head.\nselect: [TC]\nnot_passed:\n  - why: \"CHANGE-ME: nothing came\"\n    fail:\n      - TC-2\npassed:\n  - TC-1\n  - TC-4\n"
    );
}
