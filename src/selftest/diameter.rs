//! Self-test: freeDiameter, a node of others, relays SGd, S6c and Sh between the suite and the reference, and test cases pass through it.
//!
//! What either side wrote in a way only the other understands does not come through a relay that reads, routes and prints every message.
//! On a machine whose only network interface is the loopback freeDiameter does not start; then the test says so and proves nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod third_party;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use third_party::{Running, free_port, program};

/// A start, two capabilities exchanges and a handful of short test cases.
const PATIENCE: Duration = Duration::from_secs(30);
const CONFIGURATION: &str = include_str!("../../fixtures/selftest/freediameter.conf");
const PROFILE: &str = include_str!("../../fixtures/systems/reference/profile.yaml");
/// Session invitation, answer, text both ways, teardown.
const SELECTION: [&str; 5] = [
    "TC-POL-01",
    "TC-ANS-01",
    "TC-M2S-01",
    "TC-S2M-01",
    "TC-TD-01",
];
/// Both nodes. The relay writes the one a request came from into it (Route-Record, RFC 6733 section 6.7.1).
const ROUTED: [&str; 2] = ["gw.ims.example", "sc.sms.example"];

/// The reference profile with the relay between both nodes, each of a realm of its own.
fn profile(relay: &str) -> String {
    let replaced = [
        (
            "    origin_host: sc.ims.example\n    origin_realm: ims.example\n".to_owned(),
            format!(
                "    connect: {relay}\n    system_host: gw.ims.example\n    system_realm: ims.example\n    \
                 origin_host: sc.sms.example\n    origin_realm: sms.example\n"
            ),
        ),
        (
            "\"--diameter\", \"{sgd}\"".to_owned(),
            format!(
                "\"--diameter\", \"{relay}\", \"--diameter-destination-realm\", \"sms.example\""
            ),
        ),
    ];
    replaced
        .iter()
        .fold(PROFILE.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old}");
            text.replacen(old, new, 1)
        })
}

/// freeDiameter, once it takes connections; `None` where it cannot run.
fn relay(folder: &Path, port: u16) -> Option<Running> {
    let daemon = program("freeDiameterd", "freediameterd");
    let extension = Path::new("/usr/lib/freeDiameter/rt_default.fdx");
    assert!(
        extension.is_file(),
        "{} is missing; install the Debian package freediameter-extensions",
        extension.display()
    );
    let text = CONFIGURATION
        .replace("@PORT@", &port.to_string())
        .replace("@FOLDER@", &folder.display().to_string());
    let configuration = folder.join("freediameter.conf");
    std::fs::write(&configuration, text).unwrap();
    std::fs::write(folder.join("acl.conf"), "ALLOW_IPSEC *.example\n").unwrap();
    std::fs::write(folder.join("rt.conf"), "").unwrap();
    let log_path = folder.join("freediameter.log");
    let log = std::fs::File::create(&log_path).unwrap();
    let mut command = Command::new(daemon);
    command.arg("-c").arg(&configuration);
    let errors = log.try_clone().unwrap();
    let mut running = Running::start(command.stdout(log).stderr(Stdio::from(errors)));
    let until = Instant::now() + PATIENCE;
    loop {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(running);
        }
        let told = || std::fs::read_to_string(&log_path).unwrap_or_default();
        if running.ended(Duration::ZERO).is_some() {
            assert!(told().contains("fd_servers_start"), "{}", told());
            return None;
        }
        assert!(Instant::now() < until, "{}", told());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn contains(octets: &[u8], avp: &[u8]) -> bool {
    octets.windows(avp.len()).any(|window| window == avp)
}

/// A Route-Record as it stands in a message.
fn route_record(host: &str) -> Vec<u8> {
    let length = u8::try_from(8 + host.len()).unwrap();
    [&[0, 0, 0x01, 0x1a, 0x40, 0, 0, length], host.as_bytes()].concat()
}

#[test]
fn test_cases_pass_through_a_relay() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(relay) = relay(folder.path(), port) else {
        eprintln!("not tested: freeDiameter does not start without a network interface beside lo");
        return;
    };
    let system = folder.path().join("relayed");
    std::fs::create_dir(&system).unwrap();
    let text = profile(&format!("127.0.0.1:{port}"));
    std::fs::write(system.join("profile.yaml"), text).unwrap();
    let out = folder.path().join("out");
    let told = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--carriage", "sgd"])
        .arg("--system")
        .arg(&system)
        .arg("--out")
        .arg(&out)
        .args(SELECTION)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let log = std::fs::read_to_string(folder.path().join("freediameter.log")).unwrap();
    assert!(
        told.status.success(),
        "{}\n{}\n{log}",
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr),
    );
    let capture = std::fs::read(out.join("captures/run.pcapng")).unwrap();
    // What the suite received came by way of the relay.
    let from_gateway = route_record(ROUTED[0]);
    assert!(contains(&capture, &from_gateway), "no Route-Record");
    assert!(log.contains(ROUTED[1]), "{log}");
    relay.end(Duration::from_secs(5));
}
