//! Legal variation: whole suites against the reference build, everything it sends in another form that the standards allow.
//!
//! `cargo bench --bench variation -- [--seed N] [--runs N] [SELECTION...]`: a run is one test case under one seed, 10,000 unless said
//! otherwise. Seeds follow each other from the first; carriages and transports take turns. Every verdict that differs from that of the
//! same test case without variation is printed, with the command that shows it again, and the bench ends with 1: either the suite is
//! stricter than the standards, or the generator is freer than they are. What was not as usual is run again, once, to tell chance apart.
//! The runs are on the virtual clock, so that the processor is all they wait for.
#![allow(clippy::print_stdout)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ims_conformance::runner::record::RunRecord;
use ims_conformance::verdict::Verdict;
use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const RUNS: usize = 10_000;
/// Carriage and transport; TCP shows segmentation, SGd shows Diameter.
const WAYS: [[&str; 2]; 4] = [
    ["smpp", "udp"],
    ["sgd", "tcp"],
    ["smpp", "tcp"],
    ["sms-over-ip", "udp"],
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("variation runs for minutes: start it with `cargo bench --bench variation`");
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let wanted = number("--runs").map_or(RUNS, |runs| runs as usize);
    let words = arguments.iter().enumerate().filter(|(at, word)| {
        let behind = at.checked_sub(1).and_then(|before| arguments.get(before));
        !word.starts_with("--") && !behind.is_some_and(|b| b == "--seed" || b == "--runs")
    });
    let selection: Vec<String> = words.map(|(_, word)| word.clone()).collect();
    ExitCode::from(u8::from(
        vary(number("--seed").unwrap_or(1), wanted, &selection) > 0,
    ))
}

/// How many differ.
fn vary(first: u64, wanted: usize, selection: &[String]) -> usize {
    let started = Instant::now();
    let mut usual: BTreeMap<[&str; 2], Verdicts> = BTreeMap::new();
    let (mut runs, mut different) = (0, 0);
    for (seed, way) in (first..).zip(WAYS.into_iter().cycle()) {
        if runs >= wanted {
            break;
        }
        let before = usual
            .entry(way)
            .or_insert_with(|| verdicts(&run(way, None, selection)));
        let record = run(way, Some(seed), selection);
        runs += record.cases.len();
        let mut other = differing(before, &record);
        let count = other.len();
        if !other.is_empty() {
            let ids: Vec<String> = other.iter().map(|(id, _)| id.clone()).collect();
            let again = run(way, Some(seed), &ids);
            let still = differing(before, &again);
            for (id, said) in &mut other {
                let holds = still.iter().any(|(one, _)| one == id);
                let told = if holds { "again too" } else { "not again" };
                println!("  {id}: {said} ({told})");
            }
        }
        different += count;
        let [carriage, transport] = way;
        println!("seed {seed} {carriage} {transport}: {runs} runs so far, {count} differ");
    }
    let took = started.elapsed();
    println!(
        "{runs} legal runs in {took:.0?}, {different} verdicts differ from those without variation"
    );
    different
}

type Verdicts = BTreeMap<String, Verdict>;

fn verdicts(record: &RunRecord) -> Verdicts {
    let cases = record.cases.iter();
    cases.map(|case| (case.id.clone(), case.verdict)).collect()
}

fn differing(usual: &Verdicts, record: &RunRecord) -> Vec<(String, String)> {
    let other = |case: &&ims_conformance::runner::record::CaseRecord| {
        usual.get(&case.id) != Some(&case.verdict)
    };
    let cases = record.cases.iter().filter(other);
    cases
        .map(|case| {
            let said = format!("{:?}, {}", case.verdict, case.cause);
            (case.id.clone(), said)
        })
        .collect()
}

fn run([carriage, transport]: [&str; 2], seed: Option<u64>, selection: &[String]) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["run", "--quiet", "--unchecked", "--clock", "virtual"]);
    command.args(["--carriage", carriage, "--transport", transport]);
    command.args(selection).arg("--out").arg(folder.path());
    if let Some(seed) = seed {
        command.args(["--vary", &seed.to_string()]);
    }
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(folder.path().join("run.json"))
        .unwrap_or_else(|error| panic!("{status}, {error}"));
    serde_json::from_str(&text).unwrap()
}
