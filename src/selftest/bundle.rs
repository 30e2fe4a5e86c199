//! Self-test: a run is put into a bundle, carried to a folder where nothing else is, and verified without a network. Whatever octet is
//! another there is noticed and named, be it in a capture, in run.json, in the statement or in the archive; and who writes all of it anew
//! finds that the captures do not say what he wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ims_conformance::report::attestation::{Envelope, Files, sha256};
use ims_conformance::runner::archive::{pack, unpack};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The secret key and the public keys of RFC 8032 section 7.1, tests 1 and 2: nobody's.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
const OTHER: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n";
/// One that fails with the fault, one that proves nothing then, and others that pass: alone, and beside their controls.
const SELECTION: [&str; 4] = ["TC-ANS-02-01", "TC-POL-01-01", "TC-POL-02", "TC-PGO-01-01"];
const FAULT: &str = "accepts-without-sdp";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.current_dir(folder);
    command
}

fn said(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// The run all tests are about, made once.
fn run() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let output = command(&root())
            .args(["run", "--quiet", "--fault", FAULT, "--out"])
            .arg(folder.path())
            .args(SELECTION)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        folder
    });
    made.path()
}

/// A bundle of that run.
fn bundle(arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.pem"), KEY).unwrap();
    let output = command(folder.path())
        .arg("bundle")
        .arg(run())
        .args(["--output", "b.tar.gz"])
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    std::fs::read(folder.path().join("b.tar.gz")).unwrap()
}

fn plain() -> &'static [u8] {
    static PLAIN: OnceLock<Vec<u8>> = OnceLock::new();
    PLAIN.get_or_init(|| bundle(&[]))
}

fn signed() -> &'static [u8] {
    static SIGNED: OnceLock<Vec<u8>> = OnceLock::new();
    SIGNED.get_or_init(|| bundle(&["--sign", "key.pem"]))
}

/// Verifies a bundle in a folder where nothing else is: exit code, and what was said.
fn verify(octets: &[u8], arguments: &[&str]) -> (i32, String) {
    verified(octets, arguments, &[])
}

fn verified(octets: &[u8], arguments: &[&str], wrapper: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, octets) in [
        ("b.tar.gz", octets),
        ("pub.pem", PUBLIC.as_bytes()),
        ("other.pem", OTHER.as_bytes()),
    ] {
        std::fs::write(folder.path().join(name), octets).unwrap();
    }
    let binary = env!("CARGO_BIN_EXE_ims-conformance");
    let mut words = wrapper.to_vec();
    words.extend([binary, "verify", "b.tar.gz"]);
    words.extend(arguments);
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(folder.path())
        .output()
        .unwrap();
    (output.status.code().unwrap(), said(&output))
}

/// The bundle with its files changed, in the form `bundle` writes.
fn changed(octets: &[u8], change: impl FnOnce(&mut Files)) -> Vec<u8> {
    let (mut files, time) = unpack(octets).unwrap();
    change(&mut files);
    pack(&files, time).unwrap()
}

fn path(ending: &str) -> String {
    let (files, _) = unpack(plain()).unwrap();
    let found = files.keys().find(|path| path.ends_with(ending));
    found.unwrap_or_else(|| panic!("no {ending}")).clone()
}

#[test]
fn reproduces_every_verdict_elsewhere_without_a_network() {
    let isolated: &[&str] = &["unshare", "--net", "--"];
    let as_root: &[&str] = &["unshare", "--map-root-user", "--net", "--"];
    let may = |wrapper: &[&str]| {
        let mut command = Command::new(wrapper[0]);
        let output = command.args(&wrapper[1..]).arg("true").output();
        output.is_ok_and(|output| output.status.success())
    };
    let wrapper = [isolated, as_root].into_iter().find(|wrapper| may(wrapper));
    let (code, said) = verified(signed(), &["--key", "pub.pem"], wrapper.unwrap_or(&[]));
    assert_eq!(code, 0, "{said}");
    for needed in ["good, by key sha256:", "0 carried over, 0 differ"] {
        assert!(said.contains(needed), "{needed}: {said}");
    }
    assert!(!said.contains("\n  TC-"), "{said}");
}

#[test]
fn the_same_run_gives_the_same_octets() {
    assert!(bundle(&[]) == plain());
    assert!(bundle(&["--sign", "key.pem"]) == signed());
}

#[test]
fn who_signed_it_is_checked_when_asked_for() {
    for (octets, key, expected, needed) in [
        (
            plain(),
            None,
            0,
            "none: digests show damage, not who made it",
        ),
        (signed(), None, 0, "NOT CHECKED"),
        (plain(), Some("pub.pem"), 3, "not signed"),
        (signed(), Some("other.pem"), 3, "not by the key"),
        (signed(), Some("b.tar.gz"), 3, "openssl"),
    ] {
        let key: Vec<&str> = key.into_iter().flat_map(|key| ["--key", key]).collect();
        let (code, said) = verify(octets, &key);
        assert_eq!(code, expected, "{said}");
        assert!(said.contains(needed), "{needed}: {said}");
    }
}

#[test]
fn one_octet_in_any_file_is_noticed_and_its_file_named() {
    let (files, _) = unpack(plain()).unwrap();
    let capture = path("TC-POL-01-01.pcapng");
    for name in [
        &capture,
        "run/run.json",
        "run/report.html",
        "system/profile.yaml",
        "suite/fixtures/roles.yaml",
        &path(".feature"),
        "README.txt",
    ] {
        let at = files[name].len() / 2;
        let other = changed(plain(), |files| files.get_mut(name).unwrap()[at] ^= 1);
        let (code, said) = verify(&other, &[]);
        assert_eq!(code, 3, "{name}: {said}");
        assert!(
            said.contains(&format!("BROKEN: {name} is not as")),
            "{name}: {said}"
        );
    }
    let more = changed(plain(), |files| {
        files.insert("run/more".to_owned(), vec![]);
    });
    let less = changed(plain(), |files| {
        files.remove(&capture);
    });
    for (octets, name) in [(more, "run/more"), (less, capture.as_str())] {
        let (code, said) = verify(&octets, &[]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(name), "{said}");
    }
}

/// All over the statement: its keys, its payload, its signature.
#[test]
fn one_octet_of_the_statement_is_noticed() {
    let name = "attestation.json";
    for (octets, key) in [(plain(), &[][..]), (signed(), &["--key", "pub.pem"][..])] {
        let size = unpack(octets).unwrap().0[name].len();
        for at in [3, 40, size / 5, size / 2, size - 150, size - 90, size - 8] {
            let other = changed(octets, |files| files.get_mut(name).unwrap()[at] ^= 1);
            let (code, said) = verify(&other, key);
            assert_eq!(code, 3, "octet {at}: {said}");
            assert!(said.contains(name), "octet {at}: {said}");
        }
    }
    // What a statement says of the run follows from the run, with or without a signature.
    let other = changed(plain(), |files| {
        let envelope = Envelope::read(&files[name]).unwrap();
        let mut said = envelope.statement().unwrap();
        said["predicate"]["failedTests"] = serde_json::json!([]);
        let envelope = Envelope::seal(&said, None);
        files.insert(name.to_owned(), envelope.text().into_bytes());
    });
    let (code, said) = verify(&other, &[]);
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("predicate.failedTests does not follow"),
        "{said}"
    );
}

/// Who makes a fail a pass and writes every digest anew finds that the capture still says fail.
#[test]
fn a_verdict_that_was_written_anew_is_not_reproduced() {
    let name = "attestation.json";
    let other = changed(plain(), |files| {
        let mut said = Envelope::read(&files[name]).unwrap().statement().unwrap();
        let text = String::from_utf8(files["run/run.json"].clone()).unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
        record["totals"]["pass"] = (record["totals"]["pass"].as_u64().unwrap() + 1).into();
        record["totals"]["fail"] = 0.into();
        for case in record["cases"].as_array_mut().unwrap() {
            if case["verdict"] == "fail" {
                case["verdict"] = "pass".into();
                case["reason"] = serde_json::Value::Null;
                case["findings"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .for_each(|finding| {
                        finding["verdict"] = "pass".into();
                        finding["reason"] = serde_json::Value::Null;
                    });
            }
        }
        let octets = format!("{record:#}\n").into_bytes();
        files.insert("run/run.json".to_owned(), octets);
        let record = serde_json::from_value(record).unwrap();
        let beside = said["predicate"]["imsConformance"]["bundle"].take();
        files.remove(name);
        said = ims_conformance::report::attestation::statement(&record, files, false, &beside);
        let envelope = Envelope::seal(&said, None);
        files.insert(name.to_owned(), envelope.text().into_bytes());
    });
    let (code, said) = verify(&other, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("TC-ANS-02-01  was pass, is fail"), "{said}");
}

#[test]
fn a_damaged_archive_is_no_bundle() {
    let octets = plain();
    for at in [
        4,
        9,
        octets.len() / 3,
        octets.len() / 2,
        octets.len() - 6,
        octets.len() - 2,
    ] {
        let mut other = octets.to_vec();
        other[at] ^= 4;
        let (code, said) = verify(&other, &[]);
        assert_eq!(code, 3, "octet {at}: {said}");
        assert!(said.contains("archive    BROKEN"), "octet {at}: {said}");
    }
    let mut longer = octets.to_vec();
    longer.push(0);
    for (other, needed) in [
        (octets[..octets.len() / 2].to_vec(), "ends too early"),
        (vec![], "no gzip file"),
        (longer, "behind its end"),
        (slipping(octets, "../../slipped"), "leads out of the folder"),
        (slipping(octets, "/tmp/slipped"), "leads out of the folder"),
    ] {
        let (code, said) = verify(&other, &["--into", "there"]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(needed), "{needed}: {said}");
    }
}

/// The bundle with one more file, whose path leads elsewhere.
fn slipping(octets: &[u8], path: &str) -> Vec<u8> {
    let (files, time) = unpack(octets).unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut put = |path: &str, octets: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_mode(0o644);
        header.set_mtime(time);
        header.set_size(octets.len() as u64);
        header.set_cksum();
        builder.append(&header, octets).unwrap();
    };
    put(path, b"x");
    files
        .iter()
        .take(3)
        .for_each(|(path, octets)| put(path, octets));
    let mut packed = flate2::GzBuilder::new()
        .operating_system(0xff)
        .write(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &builder.into_inner().unwrap()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_redacted_bundle_has_no_numbers_and_says_that_it_cannot_be_judged_again() {
    let octets = bundle(&["--redact", "--sign", "key.pem"]);
    let (files, _) = unpack(&octets).unwrap();
    assert!(!files.contains_key("system/profile.yaml"));
    let shown = &unpack(plain()).unwrap().0[&path("TC-POL-02-01.pcapng")];
    let shown = String::from_utf8_lossy(shown).into_owned();
    let digits = shown.split("+4477009").nth(1).unwrap();
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    let number = format!("4477009{digits}");
    assert!(number.len() > 6, "{number}");
    for (name, octets) in files.iter().filter(|(name, _)| name.starts_with("run/")) {
        let text = String::from_utf8_lossy(octets);
        assert!(!text.contains(&number), "{name} has {number}");
    }
    let (code, said) = verify(&octets, &["--key", "pub.pem"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("redacted") && said.contains("0 differ"),
        "{said}"
    );
}

/// The statement is one that tools for in-toto read: DSSE, Statement v1, test-result v0.1, digests of what is in the archive.
#[test]
fn the_statement_is_in_toto() {
    let (files, _) = unpack(signed()).unwrap();
    let envelope: serde_json::Value = serde_json::from_slice(&files["attestation.json"]).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(
        said["predicateType"],
        "https://in-toto.io/attestation/test-result/v0.1"
    );
    let predicate = &said["predicate"];
    assert_eq!(predicate["result"], "FAILED");
    let failed = ["TC-ANS-02-01", "TC-POL-01-01"];
    assert_eq!(predicate["failedTests"], serde_json::json!(failed));
    let subjects = said["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), files.len() - 1);
    for subject in subjects {
        let name = subject["name"].as_str().unwrap();
        assert_eq!(subject["digest"]["sha256"], sha256(&files[name]), "{name}");
    }
}
