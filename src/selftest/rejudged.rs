//! The whole run once more, from its captures; and each pass without one of its witnesses.
#![allow(clippy::print_stdout)]

use super::RUN;
use ims_conformance::runner::deletion::{Survivor, delete};
use ims_conformance::runner::rejudge::{Inputs, Rejudge, rejudge};
use ims_conformance::verdict::Verdict;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Every pass is tried where this is set, else every few of them.
const ALL: &str = "IMS_CONFORMANCE_DELETE_ALL";
const EVERY: usize = 8;
/// A run folder that is judged instead of one made for it.
const FOLDER: &str = "IMS_CONFORMANCE_RUN_FOLDER";

/// Witnesses that a pass does without, and why it cites them all the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// What they carry, as `deletion` names it.
    carries: Vec<String>,
    /// The sentences that cite them, without names and what is quoted.
    sentences: Vec<String>,
    reason: String,
}

/// A sentence without names and what is quoted.
fn pattern(sentence: &str) -> String {
    let words = sentence.split('"').step_by(2).collect::<Vec<_>>();
    let mut text = words.join("\"\"");
    for name in ["Alice", "Bob", "Carol", "Dave"] {
        text = text.replace(name, "somebody");
    }
    text
}

impl Exception {
    fn excuses(&self, survivor: &Survivor) -> bool {
        self.sentences.contains(&pattern(&survivor.sentence))
            && self.carries.contains(&survivor.carries)
    }
}

fn exceptions() -> Vec<Exception> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/witnesses.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn inputs() -> Inputs {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    Inputs {
        folder: match std::env::var_os(FOLDER) {
            Some(folder) => folder.into(),
            None => RUN.clone(),
        },
        features: project.join("features"),
        fixtures: project.join("fixtures"),
        system: None,
        profile_as_given: false,
    }
}

#[test]
fn the_whole_run_comes_out_again() {
    let inputs = inputs();
    let begun = Instant::now();
    let judged = rejudge(&inputs).unwrap();
    println!(
        "{} test cases judged again in {:?}",
        judged.record.cases.len(),
        begun.elapsed()
    );
    assert!(judged.differences.is_empty(), "{:#?}", judged.differences);
    assert!(judged.carried.is_empty(), "{:?}", judged.carried);
    let text = |record| serde_json::to_string(record).unwrap();
    assert!(text(&judged.record.cases) == text(&judged.recorded.cases));
}

#[test]
fn no_pass_survives_the_loss_of_a_witness() {
    let run = Rejudge::open(&inputs()).unwrap();
    let every = if std::env::var_os(ALL).is_some() {
        1
    } else {
        EVERY
    };
    // What is judged by comparing ladders rests on all of them: cases of other access networks are left out.
    let passes = run.recorded.cases.iter();
    let passes = passes.filter(|case| case.verdict == Verdict::Pass && case.access.is_none());
    let tried: Vec<_> = passes.step_by(every).collect();
    let begun = Instant::now();
    let done = delete(&run, &tried).unwrap();
    println!(
        "{} witnesses of {} passes taken away in {:?}, {} survive",
        done.frames,
        done.passes,
        begun.elapsed(),
        done.survivors.len()
    );
    assert!(done.unsound.is_empty(), "{:?}", done.unsound);
    let exceptions = exceptions();
    assert!(
        exceptions.iter().all(|one| one.reason.len() > 20),
        "say why"
    );
    let excused = |one: &&Survivor| exceptions.iter().any(|exception| exception.excuses(one));
    let unexplained: BTreeSet<String> = done
        .survivors
        .iter()
        .filter(|one| !excused(one))
        .map(|one| {
            format!(
                "{}: {} [{}] {}",
                one.sentence, one.carries, one.frame, one.case
            )
        })
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}
