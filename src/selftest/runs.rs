//! Self-test: runs that are more than one run by itself: with waivers, in parts that are merged, again for what failed, until something
//! fails, and of the binary alone in an empty folder. And whose side it is when something goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ims_conformance::observe::{Direction, Fact, Trace};
use ims_conformance::verdict::blame::{self, Evidence};
use ims_conformance::verdict::{Reason, Verdict};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FAULT: [&str; 2] = ["--fault", "accepts-without-sdp"];
const FAILS: &str = "TC-ANS-02-01";

fn call(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn said(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A run of the suite in this project; `out` gets its folder.
fn run(out: &Path, arguments: &[&str]) -> Output {
    let out = out.display().to_string();
    let mut all = vec!["run", "--quiet", "--out", &out];
    all.extend(arguments);
    call(&all, &root())
}

fn record(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn ids(record: &Value) -> Vec<String> {
    let cases = record["cases"].as_array().unwrap().iter();
    cases
        .map(|case| case["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The reference with waivers beside its profile, started with these arguments too.
fn system(waivers: &str, arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let profile = root().join("fixtures/systems/reference/profile.yaml");
    let text = std::fs::read_to_string(profile).unwrap();
    let words: String = arguments
        .iter()
        .map(|word| format!("\"{word}\", "))
        .collect();
    let text = text.replace("\"reference\", ", &format!("\"reference\", {words}"));
    assert!(text.contains(&words));
    std::fs::write(folder.path().join("profile.yaml"), text).unwrap();
    std::fs::write(folder.path().join("waivers.yaml"), waivers).unwrap();
    folder
}

fn day(from_now: i64) -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let day = now.date().checked_add(jiff::Span::new().days(from_now));
    day.unwrap().to_string()
}

fn waiver(case: &str, expires: &str, reason: &str, observed: &str) -> String {
    let requirement = case[3..9].trim_end_matches('-');
    format!(
        "- test_case: {case}\n  requirement: {requirement}\n  owner: Jane Doe\n  reason: Mended in 7.3.\n  \
         link: https://tickets.example/1\n  expires: {expires}\n  \
         expected: {{reason: {reason}, observed: \"{observed}\"}}\n"
    )
}

/// A run of the system in a folder of its own, and that folder. New ladders stay there too.
fn run_of(system: &tempfile::TempDir, selection: &[&str]) -> (Output, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .current_dir(out.path())
        .args(["run", "--quiet", "--out", "."]);
    command.arg("--system").arg(system.path());
    command.arg("--features").arg(root().join("features"));
    command.arg("--fixtures").arg(root().join("fixtures"));
    (command.args(selection).output().unwrap(), out)
}

#[test]
fn an_agreed_failure_is_neither_a_fail_nor_a_pass() {
    let waiver = |observed: &str| waiver(FAILS, &day(180), "protocol-violation", observed);
    let (output, out) = run_of(&system(&waiver("no SDP answer"), &FAULT), &[FAILS, "UT-02"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let totals = &record(out.path())["totals"];
    assert_eq!((&totals["fail"], &totals["waived"]), (&0.into(), &1.into()));
    assert_eq!(record(out.path())["cases"][0]["verdict"], "fail");
    for file in [
        "run.json",
        "report.html",
        "junit.xml",
        "ctrf.json",
        "summary.md",
    ] {
        let text = std::fs::read_to_string(out.path().join(file)).unwrap();
        assert!(text.contains("Jane Doe"), "{file}");
    }
    assert!(said(&output).contains(", waived") && said(&output).contains(" 1 waived"));

    let (output, _out) = run_of(&system(&waiver("no To-tag"), &FAULT), &[FAILS]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("otherwise than the waiver says"));
}

#[test]
fn waivers_that_are_not_as_agreed_fail_the_run() {
    let all = waiver("TC-UT-02-01.sip", &day(10), "missing", "x")
        + &waiver("TC-POL-01-02", &day(-1), "missing", "x")
        + &waiver("TC-POL-01-03", &day(181), "missing", "x")
        + &waiver("TC-POL-99-01", &day(10), "missing", "x");
    let (output, out) = run_of(&system(&all, &[]), &["UT-02"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    let record = record(out.path());
    let problems = record["waiver_problems"].as_array().unwrap();
    assert_eq!(problems.len(), 4, "{problems:?}");
    for words in [
        "it passes",
        "expired on",
        "more than 180 days",
        "no such test case",
    ] {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }
    let (output, _) = run_of(&system("- test_cases: TC-POL-01-01\n", &[]), &["UT-02"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(said(&output).contains("waivers.yaml") && said(&output).contains("test_cases"));
}

#[test]
fn parts_merge_into_the_whole_and_what_failed_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str| folder.path().join(name);
    let selection = [FAILS, "UT-02"];
    let mut parts = Vec::new();
    for shard in ["1/2", "2/2"] {
        let out = part(&shard.replace('/', "-"));
        let mut arguments = vec!["--shard", shard];
        arguments.extend(FAULT);
        arguments.extend(selection);
        run(&out, &arguments);
        parts.push(out.join("run.json").display().to_string());
    }
    let merge = |runs: &[&str], out: &Path| {
        let out = out.display().to_string();
        let mut arguments = vec!["report", "merge", "--out", &out];
        arguments.extend(runs);
        call(&arguments, &root())
    };
    let merged = merge(&[&parts[0], &parts[1]], &part("whole"));
    assert_eq!(merged.status.code(), Some(1), "{}", said(&merged));
    let whole = record(&part("whole"));
    let both = [record(&part("1-2")), record(&part("2-2"))];
    let counts = both.each_ref().map(|part| ids(part).len());
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert_eq!(ids(&whole).len(), counts.iter().sum::<usize>());
    let captures = std::fs::read_dir(part("whole").join("captures")).unwrap();
    assert_eq!(captures.count(), ids(&whole).len());
    assert!(part("whole").join("report.html").is_file());

    let one = merge(&[&parts[0]], &part("half"));
    assert_eq!(one.status.code(), Some(3));
    assert!(
        said(&one).contains("part 2 of 2 is missing"),
        "{}",
        said(&one)
    );

    // Without the fault, what failed passes.
    let whole = part("whole").join("run.json").display().to_string();
    let again = run(&part("again"), &["--rerun-failed", &whole]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(ids(&record(&part("again"))), [FAILS]);
    let again = part("again").join("run.json").display().to_string();
    let nothing = run(&part("nothing"), &["--rerun-failed", &again]);
    assert_eq!(nothing.status.code(), Some(4));
}

#[test]
fn repeats_until_something_fails() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().display().to_string();
    let repeated = |arguments: &[&str]| {
        let mut all = vec!["run", "--out", &path, FAILS, "--until-fail", "3"];
        all.extend(arguments);
        call(&all, &root())
    };
    let passes = repeated(&[]);
    assert_eq!(passes.status.code(), Some(0), "{}", said(&passes));
    assert_eq!(said(&passes).matches(" of 3: 1 pass").count(), 3);
    let fails = repeated(&FAULT);
    assert_eq!(fails.status.code(), Some(1));
    assert_eq!(said(&fails).matches(" of 3: ").count(), 1);
}

/// Every file the repository has below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn the_binary_alone_is_enough() {
    let empty = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let alone = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.args(arguments).current_dir(empty.path());
        command
            .env("XDG_CACHE_HOME", cache.path())
            .output()
            .unwrap()
    };
    let here = call(&["list"], &root());
    let there = alone(&["list"]);
    assert_eq!(said(&there), said(&here));
    assert_eq!(alone(&["lint"]).status.code(), Some(0));
    let run = alone(&["run", "--quiet", "UT-02"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert!(!said(&run).contains("ladders:"), "{}", said(&run));
    let left = std::fs::read_dir(empty.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(
        left,
        ["reports"],
        "a run leaves its report and nothing else"
    );

    // What it laid out is what the repository has, to the octet.
    let suite = cache.path().join("ims-conformance");
    let laid_out = std::fs::read_dir(&suite).unwrap().next().unwrap();
    let laid_out = laid_out.unwrap().path();
    let single = std::fs::read_dir(root().join("fixtures")).unwrap();
    let single = single.map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = single.filter(|path| path.is_file()).collect();
    for folder in ["features", "fixtures/requirements", "fixtures/systems"] {
        all.extend(files(&root().join(folder)));
    }
    for file in all {
        let name = file.strip_prefix(root()).unwrap();
        let copy = std::fs::read(laid_out.join(name)).unwrap_or_default();
        let same = copy == std::fs::read(&file).unwrap();
        let hint = "see src/main.rs; if it is there, touch it and build again";
        assert!(same, "{} is not inside the binary: {hint}", name.display());
    }

    // A folder of one's own comes first.
    std::fs::create_dir(empty.path().join("features")).unwrap();
    std::fs::copy(
        root().join("features/communication-barring/provisioning.feature"),
        empty.path().join("features/own.feature"),
    )
    .unwrap();
    let own = said(&alone(&["list"]));
    assert!(own.contains("UT-02") && !own.contains(FAILS), "{own}");
}

/// The examples for CI and clusters say what the command line understands.
#[test]
fn the_examples_of_parts_are_in_order() {
    for (file, words) in [
        (
            ".ci/examples/github-shards.yml",
            ["--shard", "report merge"],
        ),
        (
            ".ci/examples/kubernetes-shards.yaml",
            ["--shard", "report merge"],
        ),
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for document in text.split("\n---\n") {
            let read: Result<Value, _> = serde_yaml::from_str(document);
            assert!(read.is_ok_and(|value| value.is_object()), "{file}");
        }
        for word in words {
            assert!(text.contains(word), "{file}: {word}");
        }
    }
}
/// Sends a REFER with two Refer-To, which is what the test case is about.
const WRONG_ON_PURPOSE: &str = "TC-CF-07-02.pcapng";

/// What the suite sends is held to the same grammar as what the system sends; else a fail might be its own. Every reference capture shows
/// a run in which nobody but the system could be looked at.
#[test]
fn nothing_the_suite_itself_sends_is_wrong() {
    let mut wrong = Vec::new();
    for file in files(&root().join("captures/reference")) {
        if file
            .extension()
            .is_none_or(|extension| extension != "pcapng")
        {
            continue;
        }
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let trace = Trace::read(&std::fs::read(&file).unwrap()).unwrap();
        let evidence = Evidence {
            trace: &trace,
            unanswered: &[],
            habits: false,
        };
        let reason = Some(Reason::InsufficientEvidence);
        let blame = blame::from_evidence(Verdict::Inconc, reason, &evidence);
        if blame.side != blame::SYSTEM {
            wrong.push(format!("{name}: {}: {}", blame.side, blame.why));
        }
        let sent = trace
            .facts
            .iter()
            .filter(|seen| seen.direction == Direction::ToSystem);
        for seen in sent {
            let Fact::Sip(message) = &seen.fact else {
                continue;
            };
            let found = message
                .check()
                .into_iter()
                .filter(|_| name != WRONG_ON_PURPOSE);
            wrong.extend(found.map(|found| format!("{name}: frames {:?}: {found}", seen.frames)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What did not pass and is in the features no more was meant to run: that it does not is no success.
#[test]
fn what_is_gone_cannot_run_again_and_says_so() {
    let mut before = record(&root().join("reports/reference"));
    let cases = before["cases"].as_array_mut().unwrap();
    cases.truncate(1);
    cases[0]["id"] = "TC-GONE-01-01".into();
    cases[0]["verdict"] = "fail".into();
    before["totals"]["filtered"] = 1.into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    std::fs::write(&path, before.to_string()).unwrap();
    let again = ["--rerun-failed", path.to_str().unwrap()];
    let output = run(&folder.path().join("out"), &again);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let said = said(&output);
    for words in ["TC-GONE-01-01 did not pass there", "nothing else is left"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("everything passed"), "{said}");
}
