//! Two or more runs beside each other: which verdicts differ, and which ladders do. Pure: records in, rows out; `compare_text` and
//! `compare_html` word them.
//!
//! It compares what was judged and gives no verdict of its own. A run that asked other questions is compared all the same, and what was not
//! alike is said.
use super::wording;
use crate::observe::first_difference;
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// Runs have letters in tables; more of them than letters are numbered.
const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// What stands for a test case that a run does not have.
pub const ABSENT: &str = "not run";

/// A run, as tables and their legend call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub letter: String,
    /// The path of its record.
    pub path: String,
    pub system: String,
    pub started: String,
    /// `12 pass, 1 fail, ...`.
    pub totals: String,
}

/// What a test case came to in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// `PASS`, `FAIL/missing`, [`ABSENT`].
    pub kind: String,
    pub verdict: Option<Verdict>,
    pub waived: bool,
    pub cause: String,
}

/// A test case over all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: String,
    pub title: String,
    pub requirement: String,
    pub cells: Vec<Cell>,
    /// The first line by which the second ladder differs from the first, of two runs.
    pub ladder: Option<String>,
}

/// How a verdict of the second of two runs stands to that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It passed, and does so no more.
    Worse,
    /// It passes, and did not before.
    Better,
    /// Neither passed, and they differ.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub runs: Vec<Head>,
    /// In the order of their ids.
    pub rows: Vec<Row>,
    /// In what the runs themselves differ, and so their verdicts may.
    pub unlike: Vec<String>,
}

impl Row {
    pub fn differs(&self) -> bool {
        let first = self.cells.first().map(|cell| cell.kind.as_str());
        self.cells
            .iter()
            .any(|cell| Some(cell.kind.as_str()) != first)
    }

    /// Of two runs.
    pub fn change(&self) -> Option<Change> {
        let [before, after] = self.cells.as_slice() else {
            return None;
        };
        let passed = |cell: &Cell| cell.verdict == Some(Verdict::Pass);
        match (passed(before), passed(after)) {
            _ if before.kind == after.kind => None,
            (true, false) => Some(Change::Worse),
            (false, true) => Some(Change::Better),
            _ => Some(Change::Other),
        }
    }
}

impl Comparison {
    /// The rows whose verdict changed so, of two runs.
    pub fn changed(&self, change: Change) -> impl Iterator<Item = &Row> {
        let so = move |row: &&Row| row.change() == Some(change);
        self.rows.iter().filter(so)
    }

    /// The rows whose ladder changed, of two runs.
    pub fn ladders(&self) -> impl Iterator<Item = (&Row, &str)> {
        let changed = |row: &'_ Row| row.ladder.is_some();
        let rows = self.rows.iter().filter(move |row| changed(row));
        rows.filter_map(|row| Some((row, row.ladder.as_deref()?)))
    }

    /// `895 test cases: 893 alike, 2 otherwise`.
    pub fn count(&self) -> String {
        let differ = self.rows.iter().filter(|row| row.differs()).count();
        format!(
            "{} test cases: {} alike in all {} runs, {differ} not",
            self.rows.len(),
            self.rows.len() - differ,
            self.runs.len()
        )
    }

    pub fn is_of_two(&self) -> bool {
        self.runs.len() == 2
    }
}

/// Compares runs, given with the paths of their records.
pub fn compare(runs: &[(String, RunRecord)]) -> Comparison {
    let heads = runs.iter().enumerate().map(|(index, (path, record))| Head {
        letter: letter(index),
        path: path.clone(),
        system: record.system.name.clone(),
        started: record.started.clone(),
        totals: totals(record),
    });
    let mut cases: BTreeMap<&str, Vec<Option<&CaseRecord>>> = BTreeMap::new();
    for (index, (_, record)) in runs.iter().enumerate() {
        for case in &record.cases {
            let row = cases
                .entry(&case.id)
                .or_insert_with(|| vec![None; runs.len()]);
            row[index] = Some(case);
        }
    }
    Comparison {
        runs: heads.collect(),
        rows: cases
            .into_iter()
            .map(|(id, cases)| row(id, &cases))
            .collect(),
        unlike: unlike(runs),
    }
}

fn letter(index: usize) -> String {
    match LETTERS.get(index) {
        Some(letter) => char::from(*letter).to_string(),
        None => format!("R{}", index + 1),
    }
}

fn totals(record: &RunRecord) -> String {
    let t = &record.totals;
    let stopped = if record.interrupted { ", stopped" } else { "" };
    format!(
        "{} pass, {} fail, {} waived, {} inconc, {} error, {} not applicable{stopped}",
        t.pass, t.fail, t.waived, t.inconc, t.error, t.not_applicable
    )
}

fn row(id: &str, cases: &[Option<&CaseRecord>]) -> Row {
    let any = cases.iter().flatten().next();
    let ladder = match cases {
        [Some(before), Some(after)] if before.capture.is_some() && after.capture.is_some() => {
            first_difference(&before.ladder, &after.ladder)
        }
        _ => None,
    };
    Row {
        id: id.to_owned(),
        title: any.map(|case| case.title.clone()).unwrap_or_default(),
        requirement: any.map(|case| case.requirement.clone()).unwrap_or_default(),
        cells: cases.iter().map(|case| cell(*case)).collect(),
        ladder,
    }
}

fn cell(case: Option<&CaseRecord>) -> Cell {
    match case {
        Some(case) => Cell {
            kind: wording::kind(case),
            verdict: Some(case.verdict),
            waived: case.waiver.is_some(),
            cause: wording::cause(case),
        },
        None => Cell {
            kind: ABSENT.to_owned(),
            verdict: None,
            waived: false,
            cause: String::new(),
        },
    }
}

/// What has to be the same for verdicts to be about the same, in words; where it is not, each with its runs.
fn unlike(runs: &[(String, RunRecord)]) -> Vec<String> {
    type Of = fn(&RunRecord) -> String;
    let questions: [(&str, Of); 9] = [
        ("version of the suite", |r| r.tool.clone()),
        ("catalogue", |r| short(&r.catalogue_sha256)),
        ("carriage of short messages", |r| r.system.carriage.clone()),
        ("SIP transport", |r| r.system.transport.clone()),
        ("personality", |r| {
            r.system.personality.clone().unwrap_or_default()
        }),
        ("fault", |r| r.system.fault.clone().unwrap_or_default()),
        ("access networks", |r| r.access.join(",")),
        ("selection", |r| r.selection.join(" ")),
        ("part", |r| {
            r.shard.map_or(String::new(), |shard| shard.to_string())
        }),
    ];
    let mut said = Vec::new();
    for (what, of) in questions {
        let values: Vec<String> = runs.iter().map(|(_, record)| of(record)).collect();
        if values.windows(2).all(|pair| pair[0] == pair[1]) {
            continue;
        }
        let each = values.iter().enumerate().map(|(index, value)| {
            let value = if value.is_empty() { "none" } else { value };
            format!("{} {value}", letter(index))
        });
        let each: Vec<String> = each.collect();
        said.push(format!("{what}: {}", each.join(", ")));
    }
    said
}

/// Enough of a digest to tell two apart.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    /// Runs with these verdicts for test cases 1, 2, 3 ...; `None` has not run.
    pub fn runs(verdicts: &[&[Option<Verdict>]]) -> Vec<(String, RunRecord)> {
        let run = |(index, verdicts): (usize, &&[Option<Verdict>])| {
            let numbered = verdicts.iter().enumerate();
            let cases = numbered.filter_map(|(n, verdict)| Some(sample::case(n + 1, (*verdict)?)));
            let mut record = sample::of(cases.collect());
            record.system.name = format!("box-{}", index + 1);
            (format!("{}/run.json", index + 1), record)
        };
        verdicts.iter().enumerate().map(run).collect()
    }

    use Verdict::{Fail, Inconc, Pass};

    #[test]
    fn of_two_runs_it_tells_what_changed_and_how() {
        let comparison = compare(&runs(&[
            &[Some(Pass), Some(Fail), Some(Fail), Some(Pass), Some(Pass)],
            &[Some(Fail), Some(Pass), Some(Inconc), None, Some(Pass)],
        ]));
        let ids = |change| -> Vec<&str> {
            let rows = comparison.changed(change);
            rows.map(|row| row.id.as_str()).collect()
        };
        assert_eq!(ids(Change::Worse), ["TC-POL-01-01", "TC-POL-04-01"]);
        assert_eq!(ids(Change::Better), ["TC-POL-02-01"]);
        assert_eq!(ids(Change::Other), ["TC-POL-03-01"]);
        assert_eq!(comparison.rows[3].cells[1].kind, ABSENT);
        assert_eq!(
            comparison.count(),
            "5 test cases: 1 alike in all 2 runs, 4 not"
        );
    }

    #[test]
    fn a_waived_failure_is_not_the_failure_it_was() {
        let mut two = runs(&[&[Some(Fail)], &[Some(Fail)]]);
        two[1].1.cases[0].waiver = sample::waived().cases[0].waiver.clone();
        let comparison = compare(&two);
        assert_eq!(comparison.changed(Change::Other).count(), 1);
    }

    #[test]
    fn ladders_are_compared_where_both_ran() {
        let mut two = runs(&[&[Some(Pass), Some(Pass)], &[Some(Pass), Some(Pass)]]);
        let ladder = "[1] Alice asks\n  gm\n    core -> alice  200 OK to INVITE «call-1»\n";
        for (_, record) in &mut two {
            record.cases[0].ladder = ladder.to_owned();
        }
        assert_eq!(compare(&two).ladders().count(), 0);
        two[1].1.cases[0].ladder = ladder.replace("200 OK", "202 Accepted");
        let comparison = compare(&two);
        let (row, line) = comparison.ladders().next().unwrap();
        assert_eq!((row.id.as_str(), row.differs()), ("TC-POL-01-01", false));
        assert!(line.contains("202 Accepted"), "{line}");
    }

    #[test]
    fn says_in_what_the_runs_themselves_differ() {
        let mut three = runs(&[&[Some(Pass)], &[Some(Pass)], &[Some(Pass)]]);
        assert_eq!(compare(&three).unlike, [""; 0]);
        three[2].1.system.fault = Some("never-invites".to_owned());
        assert_eq!(
            compare(&three).unlike,
            ["fault: A none, B none, C never-invites"]
        );
    }
}
