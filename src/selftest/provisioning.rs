//! Self-test: ways to prepare users. A system whose users were prepared by somebody else: eight users and a pool are enough for a dozen
//! test cases at the same time, and what none of them has makes a test case inconclusive. An operator's answers are evidence. Whoever was
//! prepared is taken away again, also when nothing came of it and when the run is stopped. And what `probe` sees of a system.
//!
//! More than 400 lines: each way to prepare users needs a system that has been prepared otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::sut::Profile;
use ims_conformance::sut::provision::{Occasion, Properties, Provisioner, known};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use third_party::{Reference, Running, free_port};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Alice calls Bob, for whom nothing is barred.
const UNBARRED_CALL: &str = "TC-CB-10-03";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Number, whether the system sends requests for him somewhere, and what is otherwise with him.
fn people() -> Vec<(&'static str, bool, Value)> {
    vec![
        ("+447700912301", true, json!({"cpm": true})),
        ("+447700912302", true, json!({"cpm": true})),
        ("+447700912303", false, json!({"provider_policy": "ask"})),
        ("+447700912304", false, json!({"provider_policy": "ask"})),
        ("+447700912305", false, json!({})),
        (
            "+447700912306",
            true,
            json!({"cpm": true, "answer_seconds": 2}),
        ),
        (
            "+447700912307",
            true,
            json!({"cpm": true, "pool": "one-number"}),
        ),
        (
            "+447700912308",
            true,
            json!({"cpm": true, "pool": "one-number"}),
        ),
    ]
}

/// Test cases and how they come out with those users.
const EXPECTED: &[(&str, &str)] = &[
    ("TC-INV-01-01", "pass"),
    ("TC-INV-05-01", "pass"),
    ("TC-ANS-01-01", "pass"),
    ("TC-ANS-02-01", "pass"),
    ("TC-ANS-03-01", "pass"),
    ("TC-M2S-01-01.hello-bob", "pass"),
    ("TC-S2M-01-01.hello-alice", "pass"),
    ("TC-TD-01-01", "pass"),
    ("TC-ADR-01-01", "pass"),
    ("TC-ADR-08-01", "pass"),
    ("TC-INV-11-01", "pass"),
    ("TC-CM-06-01", "pass"),
    ("TC-POL-01-01", "inconc"),
];

fn reference_profile() -> String {
    let path = Path::new(ROOT).join("fixtures/systems/reference/profile.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// The profile of the reference with another way to prepare users.
fn prepared_by(way: &Value) -> String {
    let text = reference_profile();
    let (head, rest) = text.split_once("provisioning:\n").unwrap();
    let (_, tail) = rest.split_once("numbers:\n").unwrap();
    format!("{head}provisioning: {way}\nnumbers:\n{tail}")
}

/// The profile of a reference that runs already, with the list in place of its way to prepare users.
fn profile_text(reference: &Reference, smsc: &str, list: &Value) -> String {
    let text = prepared_by(&json!({ "prepared_users": list }));
    let (head, rest) = text.split_once("start:\n").unwrap();
    let (_, rest) = rest.split_once("sip:\n").unwrap();
    format!("{head}sip:\n{rest}")
        .replace("{sip}", &reference.sip)
        .replace("{core}", &reference.core)
        .replace("\"{ut}\"", &reference.ut)
        .replacen("127.0.0.1:0", smsc, 1)
}

/// What a tester would have had done by hand; the list for the profile.
async fn prepare(reference: &Reference) -> Value {
    let fixtures = Path::new(ROOT).join("fixtures");
    let (profile, _) = Profile::load("reference", &fixtures).unwrap();
    let address = [("provisioning".to_owned(), reference.provisioning.clone())];
    let profile = profile.with_addresses(&BTreeMap::from(address));
    let provisioner = Provisioner::new(&profile, None).unwrap();
    let common: Vec<String> = (0..100).map(|n| format!("+442079400{n:03}")).collect();
    provisioner.prepare_pool("default", &common).await.unwrap();
    let own = ["+442079500001".to_owned()];
    provisioner.prepare_pool("one-number", &own).await.unwrap();
    let mut users = Vec::new();
    for (number, reached, properties) in people() {
        let mut listed = json!({"number": number, "properties": properties});
        let own = properties.as_object().unwrap().clone();
        let mut properties = Properties::from([("number".to_owned(), number.into())]);
        if own.contains_key("cpm") {
            properties.extend(known::ordinary(&profile.ixit));
            properties.insert("pool".to_owned(), "default".into());
        }
        properties.extend(own);
        if reached {
            let contact = format!("127.0.0.1:{}", free_port());
            listed["contact"] = contact.clone().into();
            let uri = format!("sip:{contact};transport=udp");
            properties.insert("contact".to_owned(), uri.into());
        }
        provisioner
            .prepare_user(&properties, &Occasion::default())
            .await
            .unwrap();
        users.push(listed);
    }
    json!({"users": users, "pools": [{"name": "one-number", "numbers": own}]})
}

#[test]
fn a_dozen_test_cases_share_eight_users_who_are_there_already() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("reference.log");
    let smsc = format!("127.0.0.1:{}", free_port());
    let account = ["--smpp-system-id", "ipsmgw", "--smpp-password", "secret"];
    let arguments = [
        &["--smsc", smsc.as_str(), "--ut-password", "secret"],
        &account[..],
    ]
    .concat();
    let reference = Reference::start(&arguments, &log);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let list = runtime.block_on(prepare(&reference));
    let text = profile_text(&reference, &smsc, &list);
    std::fs::write(folder.path().join("profile.yaml"), text).unwrap();
    let out = folder.path().join("out");
    let output = program("run", folder.path())
        .args(EXPECTED.iter().map(|(case, _)| case))
        .output()
        .unwrap();
    let record = record(&out, &output);
    let cases = record["cases"].as_array().unwrap();
    let case = |id: &str| cases.iter().find(|case| case["id"] == id).unwrap();
    for (id, verdict) in EXPECTED {
        let case = case(id);
        assert_eq!(case["verdict"], *verdict, "{id}: {}", case["cause"]);
    }
    let (unmet, _) = EXPECTED.iter().find(|(_, v)| *v == "inconc").unwrap();
    let unmet = case(unmet);
    assert_eq!(unmet["reason"], "precondition-unmet");
    let cause = unmet["cause"].as_str().unwrap();
    let wanted = "nobody has provider_policy: \"auto-accept\" (Bob)";
    assert!(cause.contains(wanted), "{cause}");
    reference.end();
}

/// The suite on the profile in a folder; what comes of it goes to `out` in there.
fn program(what: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command
        .current_dir(ROOT)
        .args([what, "--quiet", "--system"])
        .arg(folder)
        .arg("--out")
        .arg(folder.join("out"));
    command
}

fn record(out: &Path, output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("no run.json ({error}): {said}"));
    serde_json::from_str(&text).unwrap()
}

/// A way that writes down who is prepared and who is taken away, and does nothing else.
fn written_down(log: &Path) -> Value {
    let log = log.display();
    let line = |sign: &str| {
        json!([
            "sh",
            "-c",
            format!("echo \"{sign} $1\" >> {log}"),
            "sh",
            "{number}"
        ])
    };
    json!({"command": {
        "user": line("+"), "pool": ["true"], "forget_user": line("-"), "limit_seconds": 5,
    }})
}

/// Whose name stands in the log with the sign.
fn logged(log: &Path, sign: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix(sign));
    lines.map(str::to_owned).collect()
}

#[test]
fn whoever_was_prepared_is_taken_away_when_a_given_fails_and_when_the_run_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("users.log");
    let text =
        prepared_by(&written_down(&log)).replace("reaction_seconds: 6", "reaction_seconds: 0.5");
    std::fs::write(folder.path().join("profile.yaml"), &text).unwrap();
    // The system knows nobody, so the Given comes to nothing.
    let output = program("run", folder.path())
        .arg("TC-ANS-01-01")
        .output()
        .unwrap();
    let failed = record(&folder.path().join("out"), &output);
    assert_eq!(
        failed["cases"][0]["verdict"], "inconc",
        "{}",
        failed["cases"][0]
    );
    let prepared = logged(&log, "+");
    assert!(prepared.len() >= 2);
    assert_eq!(prepared, logged(&log, "-"));
    std::fs::remove_file(&log).unwrap();
    // Test cases wait for reactions that never come, until somebody stops them.
    let patient = text.replace("reaction_seconds: 0.5", "reaction_seconds: 60");
    std::fs::write(folder.path().join("profile.yaml"), patient).unwrap();
    let mut run = Running::start(
        program("run", folder.path())
            .args(["--jobs", "4", "TC-ANS"])
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let until = Instant::now() + PATIENCE;
    // Of four test cases with two users each; the one of `doctor` comes before them.
    while logged(&log, "+").len() < 9 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = run.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = run
        .ended(PATIENCE)
        .expect("the run does not end after SIGINT");
    assert_eq!(status.code(), Some(3));
    assert_eq!(logged(&log, "+"), logged(&log, "-"));
}

#[test]
fn what_an_operator_says_is_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let text = prepared_by(&json!({"operator": {"limit_seconds": 20}}));
    std::fs::write(folder.path().join("profile.yaml"), text).unwrap();
    let answers = folder.path().join("answers");
    std::fs::write(&answers, "done\ndone in the portal\ncannot: no licence\n").unwrap();
    let output = program("run", folder.path())
        .arg("--operator-answers")
        .arg(&answers)
        .arg("TC-ANS-01-01")
        .output()
        .unwrap();
    let record = record(&folder.path().join("out"), &output);
    let case = &record["cases"][0];
    assert_eq!(case["verdict"], "inconc");
    assert_eq!(case["reason"], "precondition-unmet");
    assert!(
        case["cause"]
            .as_str()
            .unwrap()
            .contains("the operator cannot do it: no licence")
    );
    let acts = case["operator"].as_array().unwrap();
    assert_eq!(
        (&acts[0]["answer"], &acts[0]["note"]),
        (&json!("done"), &json!("in the portal"))
    );
    assert_eq!(acts[1]["answer"], "cannot");
    let asked = String::from_utf8_lossy(&output.stderr);
    assert!(asked.contains("TC-ANS-01-01 (ANS-01, 3GPP TS "), "{asked}");
    assert!(asked.contains("(20 s left)"), "{asked}");
}

#[test]
fn probe_sees_what_a_system_has_and_writes_only_what_is_unset() {
    let folder = tempfile::tempdir().unwrap();
    let text = reference_profile()
        .replace(
            "  practice.oma_warnings: yes\n",
            "  practice.oma_warnings: unset  # ask Jim\n",
        )
        .replace("  pager.large_messages: yes\n", "")
        .replace("  ut.digest: yes\n", "  ut.digest: no\n");
    let path = folder.path().join("profile.yaml");
    std::fs::write(&path, &text).unwrap();
    let output = program("probe", folder.path())
        .args(["--format", "json", "--write"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    let probed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = probed["items"].as_array().unwrap();
    let item = |name: &str| items.iter().find(|item| item["item"] == name).unwrap();
    for (name, mark, observed) in [
        ("practice.oma_warnings", "observed", "yes"),
        ("ut.digest", "contradicted", "yes"),
        ("ut.resource_lists", "observed", "yes"),
        ("conferencing.hidden_focus", "observed", "no"),
        ("conferencing.cmmc_alias", "declared", "unset"),
        ("hss.over_sh", "declared", "unset"),
    ] {
        let item = item(name);
        assert_eq!(
            (&item["mark"], &item["observed"]),
            (&json!(mark), &json!(observed)),
            "{item}"
        );
        let seen = item["evidence"].as_array().unwrap();
        assert_eq!(seen.is_empty(), observed == "unset", "{item}");
        for evidence in seen {
            let capture = folder
                .path()
                .join("out")
                .join(evidence["capture"].as_str().unwrap());
            assert!(capture.is_file(), "{item}");
            assert!(!evidence["frames"].as_array().unwrap().is_empty(), "{item}");
        }
    }
    let announced = probed["announced"].to_string();
    for what in ["Allow: INVITE", "interface_version 0x34", "auids: "] {
        assert!(announced.contains(what), "{announced}");
    }
    let written = std::fs::read_to_string(&path).unwrap();
    let expected = text
        .replace(
            "oma_warnings: unset  # ask Jim",
            "oma_warnings: yes  # ask Jim",
        )
        .replace(
            "  access.passed_on: yes\n",
            "  access.passed_on: yes\n  pager.large_messages: yes   # observed by probe\n",
        );
    assert_eq!(written, expected);
}

/// The profile of the reference where every user has a simservs document from the beginning.
fn with_documents(body: &str) -> String {
    let document = json!({
        "auid": "simservs.ngn.etsi.org", "document": "simservs.xml",
        "media_type": "application/vnd.etsi.simservs+xml", "body": body,
    });
    let xcap = json!({
        "base": "{ut}", "username": "{number}@home1.example", "password": "secret",
        "documents": [document], "limit_seconds": 5,
    });
    let list = format!("provisioning:\n- xcap: {xcap}\n- http:");
    let text = reference_profile();
    let changed = text.replacen("provisioning:\n  http:", &list, 1);
    assert_ne!(text, changed);
    changed
}

#[test]
fn documents_that_users_have_from_the_beginning_count() {
    let root = "xmlns=\"http://uri.etsi.org/ngn/params/xml/simservs/xcap\" xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\"";
    let rule = "<cp:rule id=\"all\"><cp:conditions/><cp:actions><allow>false</allow></cp:actions></cp:rule>";
    let barred = format!(
        "<simservs {root}><incoming-communication-barring active=\"true\"><cp:ruleset>{rule}</cp:ruleset></incoming-communication-barring></simservs>"
    );
    let nothing = format!("<simservs {root}/>");
    for (body, passes) in [(nothing, true), (barred, false)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("profile.yaml"), with_documents(&body)).unwrap();
        // Alice calls Bob, for whom nothing is barred; and a test case whose users the other way of the list prepares.
        let output = program("run", folder.path())
            .args([UNBARRED_CALL, "TC-M2S-01-01.hello-bob"])
            .output()
            .unwrap();
        let record = record(&folder.path().join("out"), &output);
        let verdict = |id: &str| {
            let cases = record["cases"].as_array().unwrap();
            let case = cases.iter().find(|case| case["id"] == id).unwrap();
            case["verdict"].clone()
        };
        assert_eq!(
            verdict(UNBARRED_CALL) == "pass",
            passes,
            "{}",
            record["cases"]
        );
        assert_eq!(verdict("TC-M2S-01-01.hello-bob"), "pass");
    }
}
