//! Self-test: systems that do next to nothing get not one pass, whatever they do it with.
//!
//! A pass here would mean that a judge believes without a witness, or that a scenario asks for nothing a gateway has to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;
mod trivial_system;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use third_party::free_port;
use trivial_system::{Addresses, Manner};

/// The profile of the reference, with its addresses replaced and its patience cut short.
fn profile(addresses: &Addresses, smsc: SocketAddr) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("fixtures/systems/reference/profile.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("start:\n").unwrap();
    let (_, after) = rest.split_once("sip:\n").unwrap();
    let mut text = format!("{before}sip:\n{after}");
    for (from, to) in [
        ("\"{sip}\"", addresses.sip.to_string()),
        ("\"{core}\"", addresses.sip.to_string()),
        ("\"{ut}\"", addresses.provisioning.clone()),
        ("\"{provisioning}\"", addresses.provisioning.clone()),
        ("127.0.0.1:0", smsc.to_string()),
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

/// The whole suite against one trivial system; the record of that run.
fn run(manner: Manner) -> serde_json::Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let smsc = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let addresses = runtime.block_on(trivial_system::start(manner, smsc));
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("trivial");
    std::fs::create_dir(&system).unwrap();
    std::fs::write(system.join("profile.yaml"), profile(&addresses, smsc)).unwrap();
    let out = folder.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--unchecked", "--quiet", "--jobs", "64", "--system"])
        .arg(&system)
        .arg("--out")
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{manner:?} succeeds: {said}");
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{manner:?} leaves no run.json ({error}): {said}"));
    serde_json::from_str(&text).unwrap()
}

fn gets_no_pass(manner: Manner) {
    let record = run(manner);
    let cases = record["cases"].as_array().unwrap();
    assert!(cases.len() > 60, "only {} test cases ran", cases.len());
    let of = |verdict: &str| -> Vec<String> {
        let fitting = cases.iter().filter(|case| case["verdict"] == verdict);
        fitting
            .map(|case| {
                let observed = case["findings"][0]["observed"].as_str();
                format!(
                    "{}: {} {}",
                    case["id"].as_str().unwrap(),
                    case["cause"].as_str().unwrap(),
                    observed.unwrap_or_default()
                )
            })
            .collect()
    };
    let passes = of("pass");
    assert!(passes.is_empty(), "{manner:?}\n{}", passes.join("\n"));
    // What a system does is no reason for the suite to break.
    let errors = of("error");
    assert!(errors.is_empty(), "{manner:?}\n{}", errors.join("\n"));
    assert!(!of("fail").is_empty(), "{manner:?} fails nothing");
}

#[test]
fn a_mute_system_gets_no_pass() {
    gets_no_pass(Manner::Mute);
}

#[test]
fn a_system_that_refuses_everything_gets_no_pass() {
    gets_no_pass(Manner::Refuses);
}

#[test]
fn a_system_that_accepts_everything_gets_no_pass() {
    gets_no_pass(Manner::Accepts);
}

#[test]
fn a_system_that_accepts_everything_with_the_offer_it_got_gets_no_pass() {
    gets_no_pass(Manner::AcceptsWithItsOffer);
}

#[test]
fn a_system_that_echoes_everything_gets_no_pass() {
    gets_no_pass(Manner::Echoes);
}

#[test]
fn a_system_that_closes_after_one_octet_gets_no_pass() {
    gets_no_pass(Manner::Closes);
}
