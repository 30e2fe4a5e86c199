//! Wire mutation: one element of what the reference build sends is spoiled at a time, and the test cases in which it is sent must notice.
//!
//! `cargo bench --bench mutation -- [--seed N] [--count N] [--cases N] [--out FILE.csv] [SELECTION...]`. The elements are those really sent,
//! as the captures of one usual run of the selection have them. Of all mutations a sample is drawn by the seed (500 unless said otherwise);
//! under each run at most so many (12) of the test cases whose captures have the element, and if all of them pass, all those there are.
//! The table has a line for each: what was spoiled, how many cases ran, which rows failed, and `caught`, `noticed` (a case could not be
//! judged any more) or `survived`. A survivor that `fixtures/selftest/mutation_survivors.yaml` does not explain ends the bench with 1.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../selftest/mutants.rs"]
mod mutants;

use mutants::{Mutant, Outcome, Survivors, plain, sent, under};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;

const COUNT: usize = 500;
const CASES: usize = 12;
/// Runs at the same time; they mostly wait.
const AT_ONCE: usize = 3;

struct Asked {
    seed: u64,
    count: usize,
    cases: usize,
    out: Option<String>,
    selection: Vec<String>,
}

fn asked(words: &[String]) -> Asked {
    let mut asked = Asked {
        seed: 1,
        count: COUNT,
        cases: CASES,
        out: None,
        selection: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|w| w.parse::<u64>().ok())
                .expect("a number")
        };
        match word.as_str() {
            "--bench" => {}
            "--seed" => asked.seed = number(),
            "--count" => asked.count = number() as usize,
            "--cases" => asked.cases = number() as usize,
            "--out" => asked.out = words.next().cloned(),
            _ => asked.selection.push(word.clone()),
        }
    }
    asked
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        println!("mutation runs for minutes: start it with `cargo bench --bench mutation`");
        return ExitCode::SUCCESS;
    }
    let asked = asked(&words);
    let folder = tempfile::tempdir().unwrap();
    let record = plain(folder.path(), &asked.selection);
    let mut mutants = sent(&record, folder.path());
    let all = mutants.len();
    fastrand::Rng::with_seed(asked.seed).shuffle(&mut mutants);
    mutants.truncate(asked.count);
    eprintln!(
        "{all} mutations of what {} cases send; {} drawn",
        record.cases.len(),
        mutants.len()
    );

    let survivors = Survivors::load();
    let queue = Mutex::new(mutants.iter());
    let lines = Mutex::new(Vec::new());
    let work = || {
        while let Some(mutant) = { queue.lock().unwrap().next() } {
            let line = judged(mutant, asked.cases, asked.seed);
            eprintln!(
                "{} {}: {}",
                line.outcome.name(),
                mutant.mutation,
                line.rows.join(" ")
            );
            lines.lock().unwrap().push(line);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut lines = lines.into_inner().unwrap();
    lines.sort_by(|a, b| a.mutation.cmp(&b.mutation));
    let mut table = String::from("operation,kind,message,name,cases,outcome,rows,why\n");
    let mut unexplained = 0;
    for line in &lines {
        let why = survivors.why(&line.mutation).unwrap_or_default();
        let parts = line.mutation.splitn(4, ':').collect::<Vec<_>>();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let survived = line.outcome == Outcome::Survived;
        unexplained += usize::from(survived && why.is_empty());
        writeln!(
            table,
            "{},{},{},{:?},{},{},{},{:?}",
            part(0),
            part(1),
            part(2),
            part(3),
            line.ran,
            line.outcome.name(),
            line.rows.join(" "),
            if survived { why } else { "" }
        )
        .unwrap();
    }
    match &asked.out {
        Some(file) => std::fs::write(file, table).unwrap(),
        None => print!("{table}"),
    }
    let of = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    eprintln!(
        "{} mutations: {} caught, {} noticed, {} survived, {unexplained} of them without a reason",
        lines.len(),
        of(Outcome::Caught),
        of(Outcome::Noticed),
        of(Outcome::Survived),
    );
    ExitCode::from(u8::from(unexplained > 0))
}

struct Line {
    mutation: String,
    ran: usize,
    outcome: Outcome,
    rows: Vec<String>,
}

/// A few of the cases first, and where they see nothing, every one.
fn judged(mutant: &Mutant, cases: usize, seed: u64) -> Line {
    let mut ids = mutant.cases.clone();
    fastrand::Rng::with_seed(seed).shuffle(&mut ids);
    let (few, rest) = ids.split_at(cases.min(ids.len()));
    let (mut outcome, mut rows) = under(&mutant.mutation, few);
    let mut ran = few.len();
    if outcome == Outcome::Survived && !rest.is_empty() {
        (outcome, rows) = under(&mutant.mutation, rest);
        ran = ids.len();
    }
    Line {
        mutation: mutant.mutation.clone(),
        ran,
        outcome,
        rows,
    }
}
