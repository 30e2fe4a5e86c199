//! Self-test: the suite runs against the reference build over SMPP links whose data_coding 0 is what SMPP 3.4 section 5.2.19 leaves open: packed
//! GSM 7-bit and Latin-1. The cases about texts pass as they do with unpacked septets, and where the two sides disagree about data_coding 0,
//! the suite notices. Inside TLS texts pass as well, and a reference that does not trust the suite's certificate does not bind.
#![allow(clippy::unwrap_used, clippy::panic)]

use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::Path;
use std::process::{Command, Output};

/// Cases with texts both ways, long ones included.
const TEXTS: [&str; 6] = ["M2S-01", "S2M-01", "S2M-06", "INV-09", "PGO-01", "PGT-01"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A run in which the suite takes data_coding 0 for `ours` and the reference for `theirs`.
fn run(ours: &str, theirs: &str) -> RunRecord {
    let reference = format!("\"--smpp-data-coding-0\", \"{theirs}\"");
    let folder = tempfile::tempdir().unwrap();
    let output = run_with(folder.path(), &format!("data_coding_0: {ours}"), &reference);
    record(folder.path(), &output)
}

fn record(folder: &Path, output: &Output) -> RunRecord {
    let text = std::fs::read_to_string(folder.join("out/run.json"));
    let text = text.unwrap_or_else(|error| panic!("{output:?}, {error}"));
    serde_json::from_str(&text).unwrap()
}

/// A run with one more line in the profile's `smpp` section and more arguments of the reference, in `folder`.
fn run_with(folder: &Path, line: &str, arguments: &str) -> Output {
    let text = root().join("fixtures/systems/reference/profile.yaml");
    let profile = std::fs::read_to_string(text).unwrap();
    let account = "\"--smpp-password\", \"secret\"";
    let changed = profile
        .replace(account, &format!("{account}, {arguments}"))
        .replacen(
            "    password: secret\n",
            &format!("    password: secret\n    {line}\n"),
            1,
        );
    assert!(changed.contains(arguments) && changed.contains(line));
    std::fs::write(folder.join("profile.yaml"), changed).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args(["run", "--quiet", "--system"])
        .arg(folder)
        .arg("--out")
        .arg(folder.join("out"))
        .args(TEXTS)
        .output()
        .unwrap()
}

fn all_pass(record: &RunRecord, over: &str) {
    let wrong: Vec<String> = record
        .cases
        .iter()
        .filter(|case| ![Verdict::Pass, Verdict::NotApplicable].contains(&case.verdict))
        .map(|case| format!("{over}: {} {:?}: {}", case.id, case.verdict, case.cause))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(record.totals.pass >= TEXTS.len());
}

#[test]
fn texts_pass_in_every_default_alphabet() {
    for alphabet in ["gsm7", "gsm7-packed", "latin1"] {
        let record = run(alphabet, alphabet);
        all_pass(&record, alphabet);
    }
}

#[test]
fn a_system_with_another_alphabet_fails() {
    let record = run("gsm7", "gsm7-packed");
    let failed = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Fail);
    assert!(failed.count() > 0, "{:?}", record.totals);
}

/// A CA, and a certificate of it for 127.0.0.1 with its key: `NAME-ca.pem`, `NAME.pem` and `NAME.key` in `folder`.
fn issue(folder: &Path, name: &str) {
    let mut params = CertificateParams::default();
    // Under a name of its own, or another CA would seem to be this one with a wrong signature.
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    std::fs::write(folder.join(format!("{name}-ca.pem")), ca.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), leaf.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

/// A run inside TLS, the reference trusting that CA.
fn run_inside_tls(folder: &Path, ca: &str) -> Output {
    issue(folder, "smsc");
    issue(folder, "other");
    let ca = folder.join(ca);
    let line = "tls: { certificate: smsc.pem, key: smsc.key }";
    run_with(folder, line, &format!("\"--smpp-tls-ca\", {ca:?}"))
}

#[test]
fn texts_pass_inside_tls() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_inside_tls(folder.path(), "smsc-ca.pem");
    all_pass(&record(folder.path(), &output), "TLS");
}

#[test]
fn a_system_that_trusts_another_ca_does_not_bind() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_inside_tls(folder.path(), "other-ca.pem");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    for word in [
        "TLS handshake failed",
        "UnknownCA",
        "smsc.pem (tls.certificate)",
    ] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_key_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    issue(folder.path(), "smsc");
    let ca = folder.path().join("smsc-ca.pem");
    let trust = format!("\"--smpp-tls-ca\", {ca:?}");
    for (line, named) in [
        ("tls: { certificate: smsc.pem }", "tls.key: not set"),
        ("tls: { certificate: gone.pem, key: smsc.key }", "gone.pem"),
        ("tls: { ca: smsc-ca.pem }", "tls.ca: means nothing"),
    ] {
        let output = run_with(folder.path(), line, &trust);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(named), "{said}");
    }
}
