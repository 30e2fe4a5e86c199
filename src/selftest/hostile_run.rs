//! Self-test: a run against a system that means it ill ends within its deadlines, with a valid record, in bounded memory, and takes
//! nothing that system does for an error of the suite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod hostile_system;
mod third_party;

use hostile_system::{Addresses, Malice};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use third_party::{Running, free_port};

/// Every kind of peer has one: CPM, SMS, MMTel, conferences, Ut.
const CASES: [&str; 9] = [
    "TC-ANS-01-01",
    "TC-INV-01-01",
    "TC-CX-01-01",
    "TC-PGO-01-01",
    "TC-PGT-01-01",
    "TC-GRP-01-01",
    "TC-CF-02-01",
    "TC-CB-01-01",
    "TC-UT-02-01",
];
/// The sum of what its test cases may wait for, with the profile below.
const DEADLINES: Duration = Duration::from_secs(60);
const MOST_KILOBYTES: usize = 900 * 1024;

/// The profile of the reference, with its addresses replaced and its patience cut short.
fn profile(addresses: &Addresses, transport: &str, smsc: SocketAddr) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("fixtures/systems/reference/profile.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("start:\n").unwrap();
    let (_, after) = rest.split_once("sip:\n").unwrap();
    let mut text = format!("{before}sip:\n{after}");
    for (from, to) in [
        ("\"{sip}\"", addresses.sip.to_string()),
        ("\"{core}\"", addresses.sip.to_string()),
        ("\"{ut}\"", addresses.http.clone()),
        ("\"{provisioning}\"", addresses.http.clone()),
        ("127.0.0.1:0", smsc.to_string()),
        ("transport: udp", format!("transport: {transport}")),
        ("reaction_seconds: 6", "reaction_seconds: 0.8".into()),
        ("guard_seconds: 0.6", "guard_seconds: 0.3".into()),
        (
            "short_answer_seconds: 2",
            "short_answer_seconds: 1.2".into(),
        ),
    ] {
        assert!(text.contains(from), "the profile says nothing of {from}");
        text = text.replacen(from, &to, 1);
    }
    text
}

/// Peak of a process that runs.
fn kilobytes(pid: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn ends_well(malice: Malice, transport: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let smsc = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let addresses = runtime.block_on(hostile_system::start(malice, smsc));
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("hostile");
    std::fs::create_dir(&system).unwrap();
    let text = profile(&addresses, transport, smsc);
    std::fs::write(system.join("profile.yaml"), text).unwrap();
    let (out, log) = (folder.path().join("out"), folder.path().join("log"));
    let said = std::fs::File::create(&log).unwrap();
    let begun = Instant::now();
    let mut running = Running::start(
        Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .args(["run", "--unchecked", "--quiet", "--jobs", "16"])
            .args(CASES)
            .arg("--system")
            .arg(&system)
            .arg("--out")
            .arg(&out)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::null())
            .stderr(said),
    );
    let mut peak = 0;
    let status = loop {
        peak = peak.max(kilobytes(running.0.id()).unwrap_or_default());
        if let Some(status) = running.ended(Duration::from_millis(100)) {
            break status;
        }
        assert!(
            peak < MOST_KILOBYTES,
            "{malice:?} over {transport}: {peak} kB"
        );
        let took = begun.elapsed();
        assert!(
            took < DEADLINES + Duration::from_secs(30),
            "{malice:?} over {transport}: no end"
        );
    };
    println!(
        "{malice:?} over {transport}: {:?}, {peak} kB",
        begun.elapsed()
    );
    runtime.shutdown_background();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(matches!(status.code(), Some(1..=3)), "{status}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    let record = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{error}: {said}"));
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let cases = record["cases"].as_array().unwrap();
    assert!(cases.len() >= CASES.len() - 2, "{} test cases", cases.len());
    for case in cases {
        let verdict = case["verdict"].as_str().unwrap();
        let (id, cause) = (&case["id"], &case["cause"]);
        // Who floods may be too busy to be told of a user.
        let unprepared = cause
            .as_str()
            .is_some_and(|why| why.starts_with("preparing a user"));
        let fits = match verdict {
            "pass" => false,
            "error" => malice == Malice::Flood && unprepared,
            _ => true,
        };
        assert!(fits, "{malice:?}: {id} {verdict}: {cause}");
        println!("  {id} {verdict} {cause}");
    }
}

#[test]
fn ends_well_against_noise() {
    ends_well(Malice::Noise, "udp");
}

#[test]
fn ends_well_against_what_never_ends() {
    ends_well(Malice::Drip, "udp");
}

#[test]
fn ends_well_where_it_is_led_astray() {
    ends_well(Malice::Astray, "udp");
}

#[test]
fn ends_well_against_noise_on_connections() {
    ends_well(Malice::Noise, "tcp");
}

#[test]
fn ends_well_against_what_never_ends_on_connections() {
    ends_well(Malice::Drip, "tcp");
}

#[test]
fn ends_well_where_it_is_led_astray_on_connections() {
    ends_well(Malice::Astray, "tcp");
}

#[test]
fn ends_well_against_floods() {
    ends_well(Malice::Flood, "udp");
}

#[test]
fn ends_well_against_floods_on_connections() {
    ends_well(Malice::Flood, "tcp");
}
