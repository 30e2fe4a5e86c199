//! Self-test: SIPp, a user agent of others, sets up CPM sessions with the reference implementation and ends them, over UDP and over TCP.
//!
//! SIPp's own statistics judge: every call went as the scenario says, and nobody had to repeat what the other side had overheard.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use third_party::{Reference, Running, free_port, program};

const CALLS: u32 = 20;
/// More repetitions than this are no accident of a busy machine.
const MOST_RETRANSMISSIONS: u32 = CALLS / 4;
/// SIPp gives up by itself before this; the test does in any case.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn sipp_sets_up_cpm_sessions_over_udp() {
    calls_over("u1");
}

#[test]
fn sipp_sets_up_cpm_sessions_over_tcp() {
    calls_over("t1");
}

#[test]
fn sipp_notices_a_gateway_that_refuses() {
    let outcome = calls_with("forbid", "u1");
    assert!(!outcome.status.success());
    assert_eq!(outcome.statistics["SuccessfulCall(C)"], 0);
    assert_eq!(outcome.statistics["FailedCall(C)"], CALLS);
}

fn calls_over(transport: &str) {
    let Outcome {
        status,
        statistics,
        told,
    } = calls_with("auto-accept", transport);
    assert!(status.success(), "SIPp ended with {status}: {told}");
    assert_eq!(statistics["SuccessfulCall(C)"], CALLS, "{told}");
    assert_eq!(statistics["FailedCall(C)"], 0, "{told}");
    let repeated = statistics["Retransmissions(C)"];
    assert!(
        repeated <= MOST_RETRANSMISSIONS,
        "{repeated} retransmissions: {told}"
    );
    let stray = statistics["OutOfCallMsgs(C)"];
    assert_eq!(stray, 0, "messages that belong to no call: {told}");
}

/// What the suite saw fail, SIPp sees fail in the same way, and not where the fault is not.
#[test]
fn a_reproducer_runs_to_its_end_where_the_failure_is_and_nowhere_else() {
    const CASE: &str = "TC-AI-07-01.capital-docsis";
    const FAULT: [&str; 2] = ["--fault", "no-factory-over-cable"];
    let sipp = program("sipp", "sip-tester");
    let folder = tempfile::tempdir().unwrap();
    let (out, scenarios) = (folder.path().join("run"), folder.path().join("sipp"));
    let suite = |arguments: &[&str], last: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.args(arguments).arg(last);
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.stdout(Stdio::null()).status().unwrap().code()
    };
    let run = [&["run", "--quiet", CASE], &FAULT[..], &["--out"]].concat();
    assert_eq!(suite(&run, &out), Some(1));
    let record = out.join("run.json");
    let made = ["report", "sipp", record.to_str().unwrap(), "--out"];
    assert_eq!(suite(&made, &scenarios), Some(0));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let files = std::fs::read_dir(scenarios.join(CASE)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    // The refused INVITE is what Alice sent last; her REGISTER left from the same port.
    let invite = files
        .iter()
        .rfind(|path| path.ends_with("5-INVITE.xml"))
        .unwrap();
    assert!(
        read(invite).contains("<recv response=\"404\""),
        "{}",
        read(invite)
    );
    let port = |path: &Path| {
        let text = read(path);
        let (_, port) = text.split_once(" -p ").unwrap();
        port.lines().next().unwrap().to_owned()
    };
    let hers = |path: &&std::path::PathBuf| {
        path.to_string_lossy().ends_with("REGISTER.xml") && port(path) == port(invite)
    };
    let register = files.iter().find(hers).unwrap();
    for (arguments, succeeds) in [(&FAULT[..], true), (&[][..], false)] {
        let reference = Reference::start(arguments, &folder.path().join("reference.log"));
        for (scenario, ends_well) in [(register, true), (invite, succeeds)] {
            let mut command = Command::new(&sipp);
            command.arg(&reference.core).arg("-sf").arg(scenario);
            command.args([
                "-m",
                "1",
                "-t",
                "u1",
                "-i",
                "127.0.0.1",
                "-p",
                &port(invite),
            ]);
            command.args(["-timeout", "20s", "-timeout_error", "-nostdin"]);
            command.current_dir(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let status = Running::start(&mut command).ended(LIMIT).unwrap();
            assert_eq!(
                status.success(),
                ends_well,
                "{arguments:?} {}",
                scenario.display()
            );
        }
        reference.end();
    }
}

struct Outcome {
    status: ExitStatus,
    /// The last line of SIPp's statistics, the columns that are numbers.
    statistics: HashMap<String, u32>,
    /// What SIPp and the reference implementation had to say.
    told: String,
}

/// The gateway decides by itself: no SMS user has to be asked, no message centre is needed.
fn calls_with(provider_policy: &str, transport: &str) -> Outcome {
    let sipp = program("sipp", "sip-tester");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reference.json");
    let provider = serde_json::json!({"provider_policy": provider_policy, "sender_number": "own"});
    let provisioned = serde_json::json!({ "provider": provider });
    std::fs::write(&config, provisioned.to_string()).unwrap();
    let log = folder.path().join("reference.log");
    let reference = Reference::start(&["--config", config.to_str().unwrap()], &log);
    let mut outcome = run_sipp(&sipp, transport, &reference.sip, folder.path());
    reference.end();
    outcome.told += &std::fs::read_to_string(&log).unwrap_or_default();
    outcome
}

fn run_sipp(sipp: &Path, transport: &str, target: &str, folder: &Path) -> Outcome {
    let scenario =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/cpm_invite_uac.xml");
    let (table, errors) = (folder.join("statistics.csv"), folder.join("errors.log"));
    let (local_port, msrp_port) = (free_port().to_string(), free_port().to_string());
    let calls = CALLS.to_string();
    let mut command = Command::new(sipp);
    command
        .arg(target)
        .arg("-sf")
        .arg(scenario)
        .args(["-t", transport, "-i", "127.0.0.1"]);
    command.args([
        "-p",
        &local_port,
        "-key",
        "msrp_port",
        &msrp_port,
        "-m",
        &calls,
        "-l",
        &calls,
        "-r",
        "20",
    ]);
    command.args(["-timeout", "45s", "-timeout_error", "-nostdin", "-fd", "1"]);
    command.arg("-trace_stat").arg("-stf").arg(&table);
    command.arg("-trace_err").arg("-error_file").arg(&errors);
    command
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut running = Running::start(&mut command);
    let status = running.ended(LIMIT);
    let told = std::fs::read_to_string(&errors).unwrap_or_default();
    let status = status.unwrap_or_else(|| panic!("SIPp does not end: {told}"));
    let table = std::fs::read_to_string(&table).unwrap_or_else(|error| panic!("{error}: {told}"));
    let names = table.lines().next().unwrap().split(';');
    let values = table.lines().next_back().unwrap().split(';');
    let statistics = names
        .zip(values)
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect();
    Outcome {
        status,
        statistics,
        told,
    }
}
