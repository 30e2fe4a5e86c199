//! Self-test: the suite and the reference build meet over IPv6, short messages by SMPP and by Diameter and SIP. The cases pass as they do over IPv4,
//! and no packet of theirs is one of IPv4.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use ims_conformance::observe::Observer;
use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output};

/// Chats, pager messages, reports, group chats, calls, barring, Ut and conferences, a few of each.
const CASES: [&str; 16] = [
    "TC-INV-01",
    "TC-ANS-01",
    "TC-M2S-01",
    "TC-S2M-01",
    "TC-TD-01",
    "TC-SDP-01",
    "TC-PGO-01",
    "TC-PGT-01",
    "TC-DR-01",
    "TC-GRP-01",
    "TC-CM-01",
    "TC-CF-07",
    "TC-CF-21",
    "TC-CB-20",
    "TC-CB-30",
    "TC-CX-01",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args(["run", "--quiet", "--out"])
        .arg(folder.join("out"))
        .args(arguments)
        .args(CASES)
        .output()
        .unwrap()
}

/// The record of a run in which everything passed that applies.
fn all_pass(folder: &Path, output: &Output) -> RunRecord {
    let text = std::fs::read_to_string(folder.join("out/run.json"));
    let text = text.unwrap_or_else(|error| panic!("{output:?}, {error}"));
    let record: RunRecord = serde_json::from_str(&text).unwrap();
    let wrong: Vec<String> = record
        .cases
        .iter()
        .filter(|case| ![Verdict::Pass, Verdict::NotApplicable].contains(&case.verdict))
        .map(|case| format!("{} {:?}: {}", case.id, case.verdict, case.cause))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(record.totals.pass >= CASES.len(), "{:?}", record.totals);
    record
}

/// The capture of one test case of a run.
fn observed(folder: &Path, id: &str) -> Observer {
    let capture = folder.join("out/captures").join(format!("{id}.pcapng"));
    let mut observer = Observer::new();
    observer.feed(&std::fs::read(capture).unwrap()).unwrap();
    observer.finish().unwrap();
    observer
}

#[test]
fn everything_goes_over_ipv6() {
    let here = UdpSocket::bind("[::1]:0").is_ok();
    for carriage in ["smpp", "sms-over-ip"] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(
            folder.path(),
            &["--local-ip", "::1", "--carriage", carriage],
        );
        if !here {
            // What a user of such a machine is told is all that can be shown on it.
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "{said}");
            assert!(
                said.contains("sip.local_ip: ::1 is no address of this machine; switch IPv6 on"),
                "{said}"
            );
            eprintln!("NOT RUN over IPv6: this machine has no ::1");
            continue;
        }
        let record = all_pass(folder.path(), &output);
        for case in record
            .cases
            .iter()
            .filter(|case| case.verdict == Verdict::Pass)
        {
            let observer = observed(folder.path(), &case.id);
            let frames = &observer.trace().frames;
            assert!(!frames.is_empty(), "{}", case.id);
            let other = frames
                .iter()
                .find(|frame| frame.from.is_ipv4() || frame.to.is_ipv4());
            assert!(other.is_none(), "{carriage}, {}: {other:?}", case.id);
        }
    }
}
