//! Self-test: the reference build says everything in another legal form and passes as before; it says one thing wrong and does not.
//!
//! Samples of `cargo bench --bench variation` and `cargo bench --bench mutation`, of which each has a seed: a part of the suite under one
//! seed of variation, on the virtual clock, and a handful of mutations, each with a test case that judges what it spoils.
//! `VARY=7 cargo test --test edge` takes another seed and another part.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod mutants;

use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use mutants::{Outcome, under};
use std::path::Path;
use std::process::{Command, Stdio};

/// The suite is cut into so many parts, of which one runs.
const PARTS: u64 = 12;

fn run(seed: u64, selection: &[&str]) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let part = format!("{}/{PARTS}", 1 + seed % PARTS);
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["run", "--quiet", "--unchecked", "--clock", "virtual"])
        .args(["--vary", &seed.to_string(), "--out"])
        .arg(folder.path())
        .args(selection)
        .args(
            selection
                .is_empty()
                .then_some(["--shard", &part])
                .into_iter()
                .flatten(),
        )
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(folder.path().join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}

fn not_passed(record: &RunRecord) -> Vec<String> {
    let settled = [Verdict::Pass, Verdict::NotApplicable];
    let cases = record.cases.iter();
    cases
        .filter(|case| !settled.contains(&case.verdict))
        .map(|case| format!("{}: {:?}, {}", case.id, case.verdict, case.cause))
        .collect()
}

#[test]
fn what_is_said_in_another_legal_form_passes() {
    let seed = std::env::var("VARY").map_or(1, |seed| seed.parse().unwrap());
    let record = run(seed, &[]);
    let mut wrong = not_passed(&record);
    println!("seed {seed}: {} pass, {wrong:#?}", record.totals.pass);
    if !wrong.is_empty() {
        // What fails by chance on a loaded machine does not fail again alone.
        let ids: Vec<&str> = wrong
            .iter()
            .filter_map(|said| said.split(": ").next())
            .collect();
        wrong = not_passed(&run(seed, &ids));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(record.system.edge, ["--vary".to_owned(), seed.to_string()]);
}

/// What is spoiled, a test case in which it is sent, and the row that is broken by it.
const SPOILED: [(&str, &str, &str); 4] = [
    (
        "delete:param:200-INVITE:Contact;isfocus",
        "TC-CF-02-01",
        "CF-02",
    ),
    (
        "delete:header:MESSAGE:P-Asserted-Identity",
        "TC-TLI-04-01",
        "TLI-04",
    ),
    (
        "alter:pdu:submit_sm:destination_addr",
        "TC-PGO-01",
        "PGO-01",
    ),
    ("delete:message:submit_sm", "TC-PGO-01", "PGO-01"),
];

#[test]
fn what_is_said_wrong_is_caught() {
    for (mutation, case, row) in SPOILED {
        let (outcome, rows) = under(mutation, &[case.to_owned()]);
        println!("{mutation}: {} {rows:?}", outcome.name());
        assert_eq!(outcome, Outcome::Caught, "{mutation}");
        assert!(rows.iter().any(|one| one == row), "{mutation}: {rows:?}");
    }
}
