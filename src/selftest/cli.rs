//! Self-test: the command line as a script and a stranger meet it: exit codes, what the commands print, what they say when it goes wrong.
//! More than 400 lines, because every command is tried here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use third_party::Running;

const QUICK: &str = "TC-POL-01-01";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn call(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Exit code 0, nothing on standard error; what stands on standard output.
fn prints(arguments: &[&str]) -> String {
    let output = call(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        stderr(&output)
    );
    assert_eq!(stderr(&output), "", "{arguments:?}");
    stdout(&output)
}

/// A run into a folder of its own.
struct Run {
    output: Output,
    folder: tempfile::TempDir,
}

impl Run {
    fn of(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = command(&["run", "--out"])
            .arg(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        Self { output, folder }
    }

    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    fn json(&self) -> PathBuf {
        self.folder.path().join("run.json")
    }

    fn record(&self) -> Value {
        read(&self.json())
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_passing_selection_exits_0() {
    let run = Run::of(&[QUICK, "--seed", "7"]);
    assert_eq!(run.code(), Some(0), "{}", stderr(&run.output));
    let record = run.record();
    assert_eq!(record["totals"]["pass"], 1);
    assert_eq!(record["seed"], 7);
    fits_its_schema(&record);
    let capture = record["cases"][0]["capture"]["path"].as_str().unwrap();
    assert!(run.folder.path().join(capture).is_file(), "{capture}");
}

#[test]
fn a_fault_exits_1_naming_its_requirement() {
    let run = Run::of(&["TC-ANS-02-01", "--fault", "accepts-without-sdp"]);
    assert_eq!(run.code(), Some(1), "{}", stdout(&run.output));
    let record = run.record();
    assert_eq!(record["cases"][0]["verdict"], "fail");
    assert_eq!(record["cases"][0]["requirement"], "ANS-02");
    assert!(stdout(&run.output).contains("TC-ANS-02-01"));
    fits_its_schema(&record);
}

#[test]
fn a_difference_between_access_networks_exits_1_naming_its_line() {
    let networks = ["TC-AI-01-01", "--access", "lte,wlan"];
    let run = Run::of(&networks);
    assert_eq!(run.code(), Some(0), "{}", stdout(&run.output));
    let record = run.record();
    let cases = record["cases"].as_array().unwrap().iter();
    let ids: Vec<&str> = cases.map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["TC-AI-01-01", "TC-AI-01-01[wlan]"]);
    fits_its_schema(&record);
    let capture = record["cases"][1]["capture"]["path"].as_str().unwrap();
    assert_eq!(capture, "captures/wlan/TC-AI-01-01.pcapng");
    assert!(run.folder.path().join(capture).is_file(), "{capture}");
    let fault = ["--fault", "barring-ignored-over-wlan"];
    let run = Run::of(&[&networks[..], &fault[..]].concat());
    assert_eq!(run.code(), Some(1), "{}", stdout(&run.output));
    let said = stdout(&run.output);
    for words in ["TC-AI-01-01[wlan]   fail   AI-01", "603 to INVITE"] {
        assert!(said.contains(words), "{words} in: {said}");
    }
    let junit = std::fs::read_to_string(run.folder.path().join("junit.xml")).unwrap();
    assert!(junit.contains("TC-AI-01-01[wlan]"), "{junit}");
    let run = Run::of(&["TC-AI-01-01", "--access", "wifi"]);
    assert_eq!(run.code(), Some(3));
    let said = stderr(&run.output);
    assert!(
        said.contains("no access network `wifi`; there are lte, nr"),
        "{said}"
    );
    assert!(prints(&["list", "--access"]).contains("IEEE-802.11n"));
}

#[test]
fn nothing_selected_exits_4() {
    for selection in ["no-such-id", "@nothing", "TC-POL-0"] {
        let run = Run::of(&[selection]);
        assert_eq!(run.code(), Some(4), "{selection}: {}", stderr(&run.output));
    }
    assert!(prints(&["list", "cpm-sms-interworking/policy"]).contains("TC-POL-01-01"));
    assert_eq!(
        call(&["list", "cpm-sms-interworking/pol"]).status.code(),
        Some(4)
    );
    // One word of two is misspelt: what it was meant to run did not run.
    let run = Run::of(&["TC-POL-02-01", "TC-POL-2"]);
    assert_eq!(run.code(), Some(4), "{}", stderr(&run.output));
    assert!(stderr(&run.output).contains("`TC-POL-2` fits no test case"));
    // Selected, but not applicable: nothing was judged.
    let run = Run::of(&["TC-ANS-04-01"]);
    assert_eq!(run.code(), Some(4), "{}", stderr(&run.output));
}

#[test]
fn bad_usage_exits_64() {
    for arguments in [
        &["run", "--jobs", "none"][..],
        &["run", "--fault", "no-such-fault"][..],
        &["run", "@not-a-tag-expression and"][..],
        &["run", "--fault", "never-invites", "--system", "acme"][..],
        &["--nonsense"][..],
        &["report"][..],
        &["explain"][..],
    ] {
        let output = call(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_version_exit_0() {
    assert!(prints(&["--help"]).contains("Exit codes:"));
    assert!(prints(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}

/// Exit code 3 and every one of these words on standard error, each cause said once.
fn breaks(system: &str, words: &[&str]) {
    let run = Run::of(&[QUICK, "--system", system]);
    let said = stderr(&run.output);
    assert_eq!(run.code(), Some(3), "{said}");
    for word in words {
        assert_eq!(said.matches(word).count(), 1, "`{word}` in: {said}");
    }
}

#[test]
fn a_system_is_judged_by_the_readings_it_claims() {
    let other = "reference-other-readings";
    let cells = ["CB-35", "TC-CB-20-01", "TC-CX-01-01", "TC-UT-13-02"];
    let run = Run::of(&[&["--system", other][..], &cells].concat());
    assert_eq!(run.code(), Some(0), "{}", stdout(&run.output));
    // The same claim of a system that is not so.
    let claim = "based_on: reference\nname: blanket\ndescription: A claim that does not hold\n\
        conferencing:\n  readings: { barring: blanket }\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("profile.yaml"), claim).unwrap();
    let system = folder.path().display().to_string();
    let run = Run::of(&["--system", &system, "TC-CB-35-01", "TC-CB-35-06"]);
    assert_eq!(run.code(), Some(1), "{}", stdout(&run.output));
    assert!(stdout(&run.output).contains("2 fail"));
}

#[test]
fn says_what_is_wrong_with_a_system() {
    breaks(
        "no-such-system",
        &[
            "no-such-system",
            "systems known here: kamailio-barring, kamailio-kannel, kamailio-xcap, reference",
        ],
    );
}

#[test]
fn lists_what_there_is() {
    let cases = prints(&["list"]);
    assert!(cases.contains(QUICK) && cases.contains("test cases"));
    let some = prints(&["list", "POL-01"]);
    assert!(
        some.contains(QUICK) && !some.contains("TC-POL-02-01"),
        "{some}"
    );
    assert!(prints(&["list", "--requirements"]).contains("POL-01"));
    assert!(prints(&["list", "--requirements", "TC-POL-01"]).contains("1 of "));
    assert!(
        prints(&["list", "--sentences"]).contains("{person} invites {person} to a chat session")
    );
    let coverage = prints(&["list", "--coverage"]);
    assert!(
        coverage.contains(" 0 without the test case they should have"),
        "{coverage}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&prints(&["list", "--coverage", "--json"])).unwrap();
    assert!(json["requirements"].as_array().unwrap().len() >= 184);
    assert!(prints(&["list", "--faults"]).contains("never-invites"));
    assert_eq!(call(&["list", "no-such-id"]).status.code(), Some(4));
}

#[test]
fn explains_requirements_and_test_cases() {
    let requirement = prints(&["explain", "POL-01"]);
    assert!(requirement.contains(QUICK), "{requirement}");
    let case = prints(&["explain", QUICK]);
    for word in ["POL-01", "When Alice invites Bob", "ignore-accept-policy"] {
        assert!(case.contains(word), "{word}: {case}");
    }
    let unknown = call(&["explain", "no-such-id"]);
    assert_eq!(unknown.status.code(), Some(4));
    assert!(stderr(&unknown).contains("no-such-id"));
}

#[test]
fn writes_the_conformance_book_and_its_readings() {
    let book = prints(&["book"]);
    for part in [
        "id=\"POL-01\"",
        "TC-POL-01-02",
        "Proven by",
        "Ladder of the reference build",
        "OCB of CMMC conferences",
        "Open readings",
    ] {
        assert!(book.contains(part), "{part}");
    }
    assert!(prints(&["export", "readings"]).contains("Evidence     TC-"));
}

#[test]
fn makes_reports_of_an_earlier_run() {
    let run = Run::of(&["POL-01", "TC-ANS-04-01"]);
    assert_eq!(run.code(), Some(0), "{}", stderr(&run.output));
    let json = run.json().display().to_string();
    for (format, sign) in [
        ("junit", "<testsuites"),
        ("html", "<!doctype html"),
        ("markdown", "POL-01"),
        ("text", "3 pass, 0 fail"),
    ] {
        let document = prints(&["report", &json, "--as", format]);
        let found = document.to_lowercase().contains(&sign.to_lowercase());
        assert!(found, "{format}: {document}");
    }
    let ctrf: Value = serde_json::from_str(&prints(&["report", &json, "--as", "ctrf"])).unwrap();
    assert_eq!(ctrf["results"]["summary"]["passed"], 3);
    assert_eq!(ctrf["results"]["summary"]["skipped"], 1);
    let file = run.folder.path().join("other.xml");
    let name = file.display().to_string();
    prints(&["report", &json, "--as", "junit", "--output", &name]);
    assert!(file.is_file());
    let none = call(&["report", "no-such-file.json"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(stderr(&none).contains("no-such-file.json"));
}

#[test]
fn reviews_a_folder_of_ladders() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display().to_string();
    assert!(prints(&["review", "--ladders", &name]).contains("no ladder is waiting"));
}

/// SIGINT ends the run at once, with a record of what was done, and a system that is gone.
#[test]
fn an_interrupted_run_leaves_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Running::start(
        command(&["run", "--quiet", "--jobs", "1", "--out"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    // The first capture on the disk says that the run is under way.
    let until = Instant::now() + Duration::from_secs(30);
    let captures = folder.path().join("captures");
    while std::fs::read_dir(&captures).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < until, "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = run.0.id().to_string();
    let asked = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(asked.success());
    let status = run.ended(Duration::from_secs(10));
    let status = status.expect("the run does not end within 10 s of SIGINT");
    assert_eq!(status.code(), Some(3));
    let record = read(&folder.path().join("run.json"));
    assert_eq!(record["interrupted"], true);
    assert_ne!(record["finished"], "");
    fits_its_schema(&record);
}

/// The parts of JSON Schema that the schema of run.json uses: types, required and known properties, references, enumerations.
fn fits_its_schema(record: &Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = read(&root.join("fixtures/run.schema.json"));
    let wrong = deviations(record, &schema, &schema, "run");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn deviations(value: &Value, schema: &Value, root: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let found = root.pointer(name.trim_start_matches('#')).unwrap();
        return deviations(value, found, root, at);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            let fits = |choice| deviations(value, choice, root, at).is_empty();
            return match choices.iter().any(fits) {
                true => Vec::new(),
                false => vec![format!("{at}: {value} is none of the choices")],
            };
        }
    }
    let mut wrong = Vec::new();
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    let typed = match &schema["type"] {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    };
    let listed = schema["enum"].as_array();
    let constant = schema.get("const");
    if !typed || listed.is_some_and(|l| !l.contains(value)) || constant.is_some_and(|c| c != value)
    {
        wrong.push(format!("{at}: {value} is not {schema}"));
    }
    if let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, member) in members {
            match known.get(name) {
                Some(inner) => {
                    wrong.extend(deviations(member, inner, root, &format!("{at}.{name}")))
                }
                None => wrong.push(format!("{at}: {name} is not in the schema")),
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(inner) = schema.get("items") {
            wrong.extend(deviations(item, inner, root, &format!("{at}[{index}]")));
        }
    }
    wrong
}

#[test]
fn the_check_against_the_schema_catches_what_does_not_fit() {
    let schema = serde_json::json!({"type": "object", "required": ["a"],
        "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"enum": ["x"]}}});
    let wrong = |value: Value| deviations(&value, &schema, &schema, "it").len();
    assert_eq!(wrong(serde_json::json!({"a": 1, "b": "x"})), 0);
    assert_eq!(wrong(serde_json::json!({"b": "y", "c": 1})), 3);
    assert_eq!(wrong(serde_json::json!({"a": "1"})), 1);
}
