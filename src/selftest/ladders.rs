//! Self-test: every ladder of a run is the accepted one, and every accepted ladder has its test case and its capture.
//!
//! In a lab a changed ladder fails nobody. Here it does: whoever changes what is said on the wire looks at the difference and accepts it.
use super::{RUN, kept};
use ims_conformance::runner::record::{CaseRecord, LadderState, RunRecord};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

fn record() -> RunRecord {
    let text = std::fs::read_to_string(RUN.join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn judged(record: &RunRecord) -> impl Iterator<Item = &CaseRecord> {
    // What happens over another access network is compared with the baseline, and not kept.
    let stated = record.cases.iter().filter(|case| case.access.is_none());
    stated.filter(|case| case.capture.is_some())
}

/// Ladders that are not the accepted ones: by id, what differs.
fn others(record: &RunRecord) -> Vec<(String, String)> {
    judged(record)
        .filter(|case| case.ladder_state != LadderState::Same)
        .map(|case| {
            let (id, difference) = (&case.id, &case.ladder_difference);
            let said = format!("{id} is {:?}\n{difference}", case.ladder_state);
            (id.clone(), said)
        })
        .collect()
}

/// These cases by themselves: the other self-tests of this target keep the machine so busy that what happens at once changes places.
fn again(ids: &[String]) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "--quiet", "--jobs", "1", "--out"])
        .arg(&out)
        .args(ids)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    serde_json::from_str(&std::fs::read_to_string(out.join("run.json")).unwrap()).unwrap()
}

#[test]
fn every_ladder_is_the_accepted_one() {
    let record = record();
    assert!(judged(&record).count() > 0, "nothing was judged");
    let mut other = others(&record);
    for _ in 0..3 {
        if other.is_empty() {
            break;
        }
        let ids: Vec<String> = other.iter().map(|(id, _)| id.clone()).collect();
        let kept = |(id, _): &(String, String)| ids.contains(id);
        other = others(&again(&ids)).into_iter().filter(kept).collect();
    }
    let other: Vec<String> = other.into_iter().map(|(_, said)| said).collect();
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
