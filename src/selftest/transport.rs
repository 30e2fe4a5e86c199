//! Self-test: the suite and the reference build meet over IPv6, short messages by SMPP and by Diameter and SIP, and over SIP inside TLS. The
//! cases pass as they do over IPv4 and UDP. Over IPv6 no packet is one of IPv4. Inside TLS no SIP message is on the wire as it is; the
//! capture holds what opens it, so that TShark shows every message in the frame where we read it, with nothing but that file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod third_party;

use ims_conformance::observe::{Fact, Observer};
use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::collections::BTreeSet;
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

/// `NAME-ca.pem`, and of that CA for 127.0.0.1 `NAME.pem` with `NAME.key`, and `NAME-old.pem` with the same key, which has expired.
fn issue(folder: &Path, name: &str) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let write = |file: String, text: String| std::fs::write(folder.join(file), text).unwrap();
    let fresh = leaf.clone().signed_by(&key, &ca).unwrap();
    leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
    leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let old = leaf.signed_by(&key, &ca).unwrap();
    write(format!("{name}-ca.pem"), ca.pem());
    write(format!("{name}.pem"), fresh.pem());
    write(format!("{name}-old.pem"), old.pem());
    write(format!("{name}.key"), key.serialize_pem());
}

/// The profile of the reference with SIP inside TLS, each side with a CA of its own; then with these changes.
fn profile_inside_tls(folder: &Path, changes: &[(&str, &str)]) {
    issue(folder, "suite");
    issue(folder, "system");
    let text = root().join("fixtures/systems/reference/profile.yaml");
    let text = std::fs::read_to_string(text).unwrap();
    let arguments = format!(
        "\"reference\", \"--sip-tls-certificate\", \"{0}/system.pem\", \"--sip-tls-key\", \"{0}/system.key\", \"--sip-tls-ca\", \"{0}/suite-ca.pem\"",
        folder.display()
    );
    let changed = text.replacen("\"reference\"", &arguments, 1).replacen(
        "  transport: udp\n",
        "  transport: tls\n  tls: { certificate: suite.pem, key: suite.key, ca: system-ca.pem }\n",
        1,
    );
    assert!(changed.contains(&arguments) && changed.contains("system-ca.pem"));
    let changed = changes.iter().fold(changed, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    std::fs::write(folder.join("profile.yaml"), changed).unwrap();
}

/// TShark's reading of a capture: the fields it shows, a line per frame.
fn shown(capture: &Path, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(third_party::program("tshark", "tshark"))
        .arg("-r")
        .arg(capture)
        .args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Frame and method or status of every SIP message in a capture, as TShark has it.
fn by_tshark(capture: &Path) -> BTreeSet<(u32, String)> {
    // TShark 4.0 takes for SIP what is inside TLS on port 5061, and is told the ports that the capture shows.
    let hellos = shown(
        capture,
        &["-Y", "tls.handshake.type == 1", "-e", "tcp.dstport"],
    );
    let ports: BTreeSet<String> = hellos.into_iter().collect();
    assert!(!ports.is_empty(), "{}: no TLS", capture.display());
    let told: Vec<String> = ports
        .iter()
        .map(|port| format!("-dtls.port=={port},sip"))
        .collect();
    let fields = ["frame.number", "sip.Method", "sip.Status-Code"];
    let mut arguments: Vec<&str> = told.iter().map(String::as_str).collect();
    arguments.extend(["-Y", "sip && tls"]);
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    let mut seen = BTreeSet::new();
    for line in shown(capture, &arguments) {
        let mut columns = line.split('\t');
        let frame = columns.next().unwrap().parse().unwrap();
        let said = columns.flat_map(|column| column.split(','));
        seen.extend(
            said.filter(|word| !word.is_empty())
                .map(|word| (frame, word.to_owned())),
        );
    }
    seen
}

/// The same as we have it.
fn by_us(observer: &Observer) -> BTreeSet<(u32, String)> {
    let facts = observer.trace().facts.iter();
    let said = facts.filter_map(|seen| match &seen.fact {
        Fact::Sip(message) if seen.transport == "tcp" => {
            let word = match message.status() {
                Some(status) => status.to_string(),
                None => message.method()?.to_owned(),
            };
            Some((*seen.frames.last()?, word))
        }
        _ => None,
    });
    said.collect()
}

#[test]
fn sip_goes_inside_tls_and_the_capture_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    profile_inside_tls(folder.path(), &[]);
    let system = folder.path().to_str().unwrap().to_owned();
    let output = run(folder.path(), &["--system", &system]);
    let record = all_pass(folder.path(), &output);
    assert_eq!(record.system.transport, "tls");
    for case in record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
    {
        let observer = observed(folder.path(), &case.id);
        let notes = &observer.trace().notes;
        assert!(notes.is_empty(), "{}: {notes:?}", case.id);
        let open = observer
            .trace()
            .facts
            .iter()
            .find(|seen| matches!(seen.fact, Fact::Sip(_)) && seen.transport == "udp");
        assert!(open.is_none(), "{}: {open:?}", case.id);
        let capture = folder
            .path()
            .join("out/captures")
            .join(format!("{}.pcapng", case.id));
        let octets = std::fs::read(&capture).unwrap();
        let plain = octets.windows(9).any(|nine| nine == b"\r\nCSeq: ");
        assert!(!plain, "{}: SIP on the wire as it is", case.id);
    }
    // One of each kind is enough for another program's reading.
    for id in ["TC-M2S-01-01.hello-bob", "TC-CB-20-02", "TC-CM-01-01"] {
        let capture = folder
            .path()
            .join("out/captures")
            .join(format!("{id}.pcapng"));
        let (ours, theirs) = (by_us(&observed(folder.path(), id)), by_tshark(&capture));
        assert!(ours.len() > 4, "{id}: {ours:?}");
        assert_eq!(ours, theirs, "{id}");
    }
}

/// What is wrong, what is written instead of what in the profile, and what is said of it.
type Mistake = (
    &'static str,
    &'static [(&'static str, &'static str)],
    [&'static str; 2],
);

/// What a profile says wrong about TLS, and words that stand once in what a run says to it.
const MISTAKES: [Mistake; 9] = [
    (
        "expired certificate of the system",
        &[("/system.pem", "/system-old.pem")],
        [
            "sip.address: the certificate that the system presents has expired; have it renewed",
            "(sip.tls.ca)",
        ],
    ),
    (
        "expired certificate of the suite",
        &[("certificate: suite.pem", "certificate: suite-old.pem")],
        [
            "sip.tls.certificate: the system says that",
            "suite-old.pem has expired; make a new one",
        ],
    ),
    (
        "wrong CA",
        &[("ca: system-ca.pem", "ca: suite-ca.pem")],
        [
            "sip.tls.ca: ",
            "does not hold the CA that issued the certificate of the system; write a file that does",
        ],
    ),
    (
        "suite unknown to the system",
        &[("/suite-ca.pem", "/system-ca.pem")],
        [
            "sip.tls.certificate: the system refuses",
            "does the system trust the CA that issued it?",
        ],
    ),
    (
        "name of another server",
        &[(
            "ca: system-ca.pem",
            "ca: system-ca.pem, server_name: sbc.example",
        )],
        [
            "sip.tls.server_name: ",
            "is not for sbc.example; write a name that stands in it",
        ],
    ),
    (
        "plain TCP to a port of TLS",
        &[("transport: tls", "transport: tcp")],
        [
            "sip.transport: the system takes TLS and no plain SIP over tcp; write transport: tls",
            "into sip.tls",
        ],
    ),
    (
        "TLS to a port of plain TCP",
        &[(
            "\"{self}\", \"reference\"",
            "\"{self}\", \"reference\", \"--listen\", \"{local_ip}\", \"--min-session-expires\", \"1\", \"--ut-password\", \"secret\", \"--until-stdin-closes\"]\n  #",
        )],
        [
            "sip.transport: the system takes SIP over tcp and not over tls",
            "write transport: tcp",
        ],
    ),
    (
        "no key",
        &[(", key: suite.key", "")],
        [
            "sip.tls.key: not set, and SIP over TLS needs it",
            "add a PEM file",
        ],
    ),
    (
        "file that is not there",
        &[("ca: system-ca.pem", "ca: gone.pem")],
        ["sip.tls.ca: ", "gone.pem"],
    ),
];

#[test]
fn mistakes_about_tls_are_told_with_their_key() {
    let mut wrong = Vec::new();
    for (name, changes, said) in MISTAKES {
        let folder = tempfile::tempdir().unwrap();
        profile_inside_tls(folder.path(), changes);
        let system = folder.path().to_str().unwrap();
        let out = format!("{system}/out");
        for command in ["run", "doctor"] {
            let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
                .current_dir(root())
                .args([command, "--system", system])
                .args(match command {
                    "run" => vec!["TC-INV-01", "--quiet", "--out", &out],
                    _ => Vec::new(),
                })
                .output()
                .unwrap();
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8(text).unwrap();
            let told = match command {
                "run" => said.iter().all(|word| text.matches(word).count() == 1),
                _ => said.iter().all(|word| text.contains(word)),
            };
            if !told
                || output.status.code() != Some(3)
                || folder.path().join("out/run.json").exists()
            {
                wrong.push(format!(
                    "{name}: {command} {:?}:\n{text}",
                    output.status.code()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
