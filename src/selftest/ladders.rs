//! Self-test: every ladder of a run is the accepted one, and every accepted ladder has its test case and its capture.
//!
//! In a lab a changed ladder fails nobody. Here it does: whoever changes what is said on the wire looks at the difference and accepts it.
use super::{RUN, kept};
use ims_conformance::runner::record::{CaseRecord, LadderState, RunRecord};
use std::collections::BTreeSet;
use std::path::Path;

fn record() -> RunRecord {
    let text = std::fs::read_to_string(RUN.join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn judged(record: &RunRecord) -> impl Iterator<Item = &CaseRecord> {
    record.cases.iter().filter(|case| case.capture.is_some())
}

#[test]
fn every_ladder_is_the_accepted_one() {
    let record = record();
    let other: Vec<String> = judged(&record)
        .filter(|case| case.ladder_state != LadderState::Same)
        .map(|case| {
            let difference = &case.ladder_difference;
            format!("{} is {:?}\n{difference}", case.id, case.ladder_state)
        })
        .collect();
    assert!(judged(&record).count() > 0, "nothing was judged");
    assert!(
        other.is_empty(),
        "\n{}\n`cargo run -- review` shows them, `review accept` accepts them\n",
        other.join("\n")
    );
}

fn names(folder: &Path, suffix: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files
        .filter_map(|file| file.strip_suffix(suffix).map(str::to_owned))
        .collect()
}

#[test]
fn every_test_case_has_its_ladder_and_its_capture_on_file() {
    let record = record();
    let cases: BTreeSet<String> = judged(&record).map(|case| case.id.clone()).collect();
    assert_eq!(names(&kept(), ".snap"), cases);
    let mut captures = names(&kept(), ".pcapng");
    assert!(captures.remove("run"), "the traffic of the whole run");
    assert_eq!(
        captures, cases,
        "`cargo run -- run --refresh-evidence` keeps them"
    );
}
