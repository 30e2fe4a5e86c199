//! Mutations of what the reference build sends: which there are, and what the suite says to one. Shared by a self-test and a benchmark.
#![allow(dead_code)]

use ims_conformance::observe::{Direction, Fact, Trace};
use ims_conformance::reference::edge::mutation::{
    Element, Mutation, Operation, elements_of_diameter, elements_of_msrp, elements_of_sip,
    elements_of_smpp,
};
use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A mutation, and the test cases in which its element is sent.
#[derive(Debug)]
pub struct Mutant {
    pub mutation: String,
    pub cases: Vec<String>,
}

/// What the suite says to a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A test case fails.
    Caught,
    /// None fails, but one does not pass.
    Noticed,
    Survived,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Noticed => "noticed",
            Self::Survived => "survived",
        }
    }
}

/// Every mutation of what the system sent in the passing cases of a run.
pub fn sent(record: &RunRecord, out: &Path) -> Vec<Mutant> {
    let mut found: BTreeMap<(Element, bool), BTreeSet<String>> = BTreeMap::new();
    let passed = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass);
    // Over other access networks the same is sent.
    for case in passed.filter(|case| case.access.is_none()) {
        let Some(capture) = &case.capture else {
            continue;
        };
        let octets = std::fs::read(out.join(&capture.path)).unwrap();
        let trace = Trace::read(&octets).unwrap();
        let own = trace.facts.iter();
        let own = own.filter(|seen| seen.direction == Direction::FromSystem);
        for seen in own {
            // Only a SIP message can be held back without those behind it.
            let of_sip = matches!(seen.fact, Fact::Sip(_));
            for element in elements(&seen.fact) {
                let cases = found.entry((element, of_sip)).or_default();
                cases.insert(case.id.clone());
            }
        }
    }
    let all = found.into_iter().flat_map(|((element, of_sip), cases)| {
        let fitting = Operation::ALL.into_iter().filter({
            let kind = element.kind;
            move |operation| operation.fits(kind) && (of_sip || *operation != Operation::Delay)
        });
        let cases: Vec<String> = cases.into_iter().collect();
        fitting
            .map(|operation| {
                let element = element.clone();
                Mutant {
                    mutation: Mutation { operation, element }.to_string(),
                    cases: cases.clone(),
                }
            })
            .collect::<Vec<_>>()
    });
    all.collect()
}

fn elements(fact: &Fact) -> Vec<Element> {
    match fact {
        Fact::Sip(message) => elements_of_sip(message),
        Fact::Msrp(message) => elements_of_msrp(message),
        Fact::Smpp(pdu) => elements_of_smpp(pdu),
        Fact::Diameter(message) => elements_of_diameter(message),
        _ => Vec::new(),
    }
}

/// One usual run.
pub fn plain(out: &Path, selection: &[String]) -> RunRecord {
    run(&[], out, selection)
}

/// What these cases say to a mutation, and the rows that failed.
pub fn under(mutation: &str, cases: &[String]) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let record = run(&["--mutate", mutation], folder.path(), cases);
    let failed = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Fail);
    let findings = failed.flat_map(|case| &case.findings);
    let rows: BTreeSet<String> = findings
        .filter(|finding| finding.verdict == Verdict::Fail)
        .map(|finding| finding.requirement.clone())
        .collect();
    let settled = [Verdict::Pass, Verdict::NotApplicable];
    let passed = record
        .cases
        .iter()
        .all(|case| settled.contains(&case.verdict));
    let outcome = match (rows.is_empty(), passed) {
        (false, _) => Outcome::Caught,
        (true, false) => Outcome::Noticed,
        (true, true) => Outcome::Survived,
    };
    (outcome, rows.into_iter().collect())
}

/// On the virtual clock: what a mutation withholds is waited for in no time.
fn run(edge: &[&str], out: &Path, selection: &[String]) -> RunRecord {
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args(["run", "--quiet", "--unchecked", "--clock", "virtual"])
        .args(edge)
        .args(selection)
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Mutations that no test case notices, and why that is right.
#[derive(Debug, serde::Deserialize)]
pub struct Survivors(Vec<Survivor>);

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// Mutations; a `*` stands for anything between two colons, and at the end for anything.
    mutations: Vec<String>,
    why: String,
}

impl Survivors {
    pub fn load() -> Self {
        let path = root().join("fixtures/selftest/mutation_survivors.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        serde_yaml::from_str(&text).unwrap()
    }

    /// The reason for which a mutation may survive.
    pub fn why(&self, mutation: &str) -> Option<&str> {
        let named = |one: &&Survivor| one.mutations.iter().any(|pattern| fits(pattern, mutation));
        let found = self.0.iter().find(named)?;
        Some(found.why.as_str())
    }
}

fn fits(pattern: &str, mutation: &str) -> bool {
    let mut words = mutation.splitn(4, ':');
    pattern.splitn(4, ':').all(|wanted| {
        let Some(word) = words.next() else {
            return wanted == "*";
        };
        match wanted.strip_suffix('*') {
            Some(beginning) => word.starts_with(beginning),
            None => word == wanted,
        }
    })
}
