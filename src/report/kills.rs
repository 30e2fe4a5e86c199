//! The kill matrix: which test case fails under which fault of the reference build, and for which requirement.
//!
//! A fault breaks one requirement. A test case *kills* it when it fails under it: *on the row* when the requirement that fails is the one
//! the fault breaks, *beside* it when it is one that cannot hold together with the fault, which then has a reason in writing. Nothing
//! else fails: the `faults` self-test holds every run under a fault against `fixtures/faults.yaml`, which this is made of. Rows of an
//! outline count as one test case wherever test cases are counted, and each by itself as a kill.
//!
//! More than 400 lines, a fourth of them its tests: the matrix and its figures are one thing.
use crate::sut::faults::{Fault, Reviewed};
use crate::verdict::register::{Requirement, Status};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A test case as the features state it, each row of an outline by itself.
#[derive(Debug, Clone)]
pub struct Tried {
    /// `TC-POL-07-01.forbid-accept`.
    pub id: String,
    pub requirement: String,
    pub title: String,
    pub control: bool,
}

/// One test case that fails under one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kill {
    /// As it ran, `TC-AI-01-01[wlan]`.
    pub id: String,
    /// Where the scenario stands in the book.
    pub anchor: String,
    /// The requirement that fails.
    pub requirement: String,
    pub on_the_row: bool,
}

/// A fault and what it meets.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub fault: String,
    pub what: &'static str,
    pub breaks: String,
    pub carriage: Option<String>,
    pub kills: Vec<Kill>,
    /// Why other rows fail beside it.
    pub why: String,
    /// The only test case that fails on the row, if it is one.
    pub only: Option<String>,
}

/// A requirement, and the faults that prove it.
#[derive(Debug, Clone, Serialize)]
pub struct Proof {
    pub id: String,
    pub faults: Vec<Row>,
    /// Test cases that fail on the row under one of them, and those there are but for controls.
    pub killers: usize,
    pub cases: usize,
    /// Why there is no fault.
    pub why: Option<String>,
}

/// A test case that fails under no fault.
#[derive(Debug, Clone, Serialize)]
pub struct Idle {
    pub id: String,
    /// Where it stands in the book.
    pub anchor: String,
    pub requirement: String,
    pub title: String,
    pub why: String,
    pub gap: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub faults: usize,
    /// Faults under which a test case fails on the row.
    pub caught: usize,
    /// Faults that exactly one test case meets on the row.
    pub unique: usize,
    pub kills: usize,
    pub on_the_row: usize,
    pub beside: usize,
    /// Faults under which some row fails beside the broken one.
    pub wide: usize,
    /// Test cases as stated, those that are controls, and those that fail under some fault.
    pub cases: usize,
    pub controls: usize,
    pub killers: usize,
    pub idle: usize,
    pub gaps: usize,
    /// Judged requirements, and those with a fault.
    pub judged: usize,
    pub proven: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    pub figures: Figures,
    pub proofs: Vec<Proof>,
    pub idle: Vec<Idle>,
}

/// Without the row of an outline and the access network.
pub(super) fn stated(id: &str) -> &str {
    id.split(['.', '[']).next().unwrap_or(id)
}

fn row(
    fault: &Fault,
    what: &'static str,
    requirements: &BTreeMap<&str, &str>,
    anchors: &BTreeMap<&str, &str>,
) -> Row {
    let kill = |id: &String| {
        let case = id.split('[').next().unwrap_or(id);
        let own = requirements.get(case).copied().unwrap_or_default();
        // What fails is the row of the test case or, where runs over access networks are compared, the broken one: no other may.
        let on_the_row = own == fault.breaks || !fault.also.iter().any(|also| also == own);
        Kill {
            id: id.clone(),
            anchor: anchors.get(stated(case)).unwrap_or(&case).to_string(),
            requirement: match on_the_row {
                true => fault.breaks.clone(),
                false => own.to_owned(),
            },
            on_the_row,
        }
    };
    let kills: Vec<Kill> = fault.fails.iter().map(kill).collect();
    let on_the_row = kills.iter().filter(|kill| kill.on_the_row);
    let mut alone: BTreeSet<&str> = on_the_row.map(|kill| stated(&kill.id)).collect();
    let only = match alone.len() {
        1 => alone.pop_first().map(str::to_owned),
        _ => None,
    };
    Row {
        fault: fault.name.clone(),
        what,
        breaks: fault.breaks.clone(),
        carriage: fault.carriage.clone(),
        why: fault.why.clone(),
        only,
        kills,
    }
}

/// The first row of each outline, with which the book shows it.
fn anchors(tried: &[Tried]) -> BTreeMap<&str, &str> {
    let mut anchors = BTreeMap::new();
    for case in tried {
        anchors.entry(stated(&case.id)).or_insert(case.id.as_str());
    }
    anchors
}

impl Matrix {
    /// `what` says of each fault what it does.
    pub fn of(
        register: &BTreeMap<String, Requirement>,
        tried: &[Tried],
        faults: &[Fault],
        what: impl Fn(&str) -> &'static str,
        reviewed: &Reviewed,
    ) -> Self {
        let requirements: BTreeMap<&str, &str> = tried
            .iter()
            .map(|case| (case.id.as_str(), case.requirement.as_str()))
            .collect();
        let anchors = anchors(tried);
        let rows: Vec<Row> = faults
            .iter()
            .map(|fault| row(fault, what(&fault.name), &requirements, &anchors))
            .collect();
        let judged: Vec<&Requirement> = register
            .values()
            .filter(|entry| entry.status == Status::Judged)
            .collect();
        let proofs: Vec<Proof> = judged
            .iter()
            .map(|entry| proof(&entry.id, tried, &rows, reviewed))
            .collect();
        let idle = idle(tried, &rows, reviewed);
        let figures = figures(tried, &rows, &proofs, &idle);
        Self {
            figures,
            proofs,
            idle,
        }
    }

    /// What has to be reviewed anew: nobody has said why, or what is said is no longer so.
    pub fn unreviewed(&self, reviewed: &Reviewed) -> Vec<String> {
        let mut wrong = Vec::new();
        let without = |proof: &&Proof| proof.faults.is_empty();
        let idle: BTreeSet<&str> = self.idle.iter().map(|case| case.id.as_str()).collect();
        let bare: BTreeSet<&str> = self
            .proofs
            .iter()
            .filter(without)
            .map(|proof| proof.id.as_str())
            .collect();
        for (listed, there, said) in [
            (&reviewed.test_cases, &idle, "fails under"),
            (&reviewed.requirements, &bare, "is broken by"),
        ] {
            let missing = there.iter().filter(|id| !listed.contains_key(**id));
            wrong.extend(missing.map(|id| format!("{id} {said} no fault, and nobody says why")));
            let needless = listed.keys().filter(|id| !there.contains(id.as_str()));
            wrong.extend(
                needless.map(|id| format!("{id} is unknown, a control, or {said} a fault")),
            );
        }
        wrong
    }
}

fn proof(id: &str, tried: &[Tried], rows: &[Row], reviewed: &Reviewed) -> Proof {
    let faults: Vec<Row> = rows
        .iter()
        .filter(|row| row.breaks == id)
        .cloned()
        .collect();
    let own = tried
        .iter()
        .filter(|case| case.requirement == id && !case.control);
    let cases: BTreeSet<&str> = own.map(|case| stated(&case.id)).collect();
    let kills = faults.iter().flat_map(|row| &row.kills);
    let killers: BTreeSet<&str> = kills
        .filter(|kill| kill.on_the_row)
        .map(|kill| stated(&kill.id))
        .filter(|id| cases.contains(id))
        .collect();
    Proof {
        id: id.to_owned(),
        killers: killers.len(),
        cases: cases.len(),
        why: match faults.is_empty() {
            true => reviewed.requirements.get(id).map(|said| said.why.clone()),
            false => None,
        },
        faults,
    }
}

fn idle(tried: &[Tried], rows: &[Row], reviewed: &Reviewed) -> Vec<Idle> {
    let kills = rows.iter().flat_map(|row| &row.kills);
    let killers: BTreeSet<&str> = kills.map(|kill| stated(&kill.id)).collect();
    let mut idle: Vec<Idle> = Vec::new();
    let candidates = tried.iter().filter(|case| !case.control);
    for case in candidates.filter(|case| !killers.contains(stated(&case.id))) {
        let id = stated(&case.id);
        if idle.iter().any(|known| known.id == id) {
            continue;
        }
        let said = reviewed.test_cases.get(id);
        idle.push(Idle {
            id: id.to_owned(),
            anchor: case.id.clone(),
            requirement: case.requirement.clone(),
            title: case.title.clone(),
            why: said.map_or(String::new(), |said| said.why.clone()),
            gap: said.is_some_and(|said| said.gap),
        });
    }
    idle
}

fn figures(tried: &[Tried], rows: &[Row], proofs: &[Proof], idle: &[Idle]) -> Figures {
    let distinct = |wanted: fn(&Tried) -> bool| {
        let some = tried.iter().filter(|case| wanted(case));
        some.map(|case| stated(&case.id))
            .collect::<BTreeSet<_>>()
            .len()
    };
    let (cases, controls) = (distinct(|_| true), distinct(|case| case.control));
    let kills: Vec<&Kill> = rows.iter().flat_map(|row| &row.kills).collect();
    let on_the_row = kills.iter().filter(|kill| kill.on_the_row).count();
    let beside = |row: &Row| row.kills.iter().filter(|kill| !kill.on_the_row).count();
    Figures {
        faults: rows.len(),
        caught: rows
            .iter()
            .filter(|row| row.kills.iter().any(|kill| kill.on_the_row))
            .count(),
        unique: rows.iter().filter(|row| row.only.is_some()).count(),
        kills: kills.len(),
        on_the_row,
        beside: kills.len() - on_the_row,
        wide: rows.iter().filter(|row| beside(row) > 0).count(),
        cases,
        controls,
        killers: cases - controls - idle.len(),
        idle: idle.len(),
        gaps: idle.iter().filter(|case| case.gap).count(),
        judged: proofs.len(),
        proven: proofs
            .iter()
            .filter(|proof| !proof.faults.is_empty())
            .count(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;
    use crate::sut::faults::Why;

    fn tried(id: &str, requirement: &str, control: bool) -> Tried {
        Tried {
            id: id.to_owned(),
            requirement: requirement.to_owned(),
            title: "A | title".to_owned(),
            control,
        }
    }

    fn fault(name: &str, breaks: &str, also: &[&str], fails: &[&str]) -> Fault {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Fault {
            name: name.to_owned(),
            breaks: breaks.to_owned(),
            also: owned(also),
            why: "it cannot".to_owned(),
            carriage: None,
            fails: owned(fails),
        }
    }

    fn matrix(reviewed: &Reviewed) -> Matrix {
        let requirements = sample::mixed().requirements.into_iter();
        let register: BTreeMap<String, Requirement> = requirements
            .map(|entry| (entry.id.clone(), entry))
            .collect();
        let cases = [
            tried("TC-POL-01-01.a", "POL-01", false),
            tried("TC-POL-01-01.b", "POL-01", false),
            tried("TC-POL-02-01", "POL-02", false),
            tried("TC-POL-02-02", "POL-02", true),
            tried("TC-POL-03-01", "POL-03", false),
        ];
        let faults = [
            fault("one", "POL-01", &[], &["TC-POL-01-01.a", "TC-POL-01-01.b"]),
            fault(
                "two",
                "POL-02",
                &["POL-01"],
                &["TC-POL-02-01", "TC-POL-01-01.a"],
            ),
            fault(
                "three",
                "POL-02",
                &[],
                &["TC-POL-01-01.b[wlan]", "TC-POL-02-01"],
            ),
        ];
        Matrix::of(&register, &cases, &faults, |_| "does it", reviewed)
    }

    #[test]
    fn tells_kills_on_the_row_from_those_beside_it() {
        let matrix = matrix(&Reviewed::default());
        let figures = matrix.figures;
        assert_eq!(
            (figures.kills, figures.on_the_row, figures.beside),
            (6, 5, 1)
        );
        assert_eq!((figures.faults, figures.caught, figures.unique), (3, 3, 2));
        assert_eq!(
            (figures.cases, figures.controls, figures.killers),
            (4, 1, 2)
        );
        assert_eq!(figures.wide, 1);
        let csv = matrix.csv();
        assert!(
            csv.contains("two,POL-02,,TC-POL-01-01.a,POL-01,no,no"),
            "{csv}"
        );
        assert!(
            csv.contains("three,POL-02,,TC-POL-01-01.b[wlan],POL-02,yes,no"),
            "{csv}"
        );
        assert!(
            csv.contains("one,POL-01,,TC-POL-01-01.b,POL-01,yes,yes"),
            "{csv}"
        );
    }

    #[test]
    fn what_meets_nothing_wants_a_reason_and_a_reason_wants_its_case() {
        let none = Reviewed::default();
        let wrong = matrix(&none).unreviewed(&none);
        assert!(
            wrong
                .iter()
                .any(|said| said.starts_with("TC-POL-03-01 fails under no fault"))
        );
        assert!(!wrong.iter().any(|said| said.contains("TC-POL-02-02")));
        let why = |id: &str| {
            let said = Why {
                why: "so".to_owned(),
                gap: true,
            };
            (id.to_owned(), said)
        };
        let reviewed = Reviewed {
            test_cases: [why("TC-POL-03-01"), why("TC-POL-02-01")].into(),
            requirements: BTreeMap::new(),
        };
        let matrix = matrix(&reviewed);
        let wrong = matrix.unreviewed(&reviewed);
        assert!(
            wrong
                .iter()
                .any(|said| said.starts_with("TC-POL-02-01 is unknown"))
        );
        assert!(!wrong.iter().any(|said| said.starts_with("TC-POL-03-01")));
        let text = matrix.markdown();
        assert!(
            text.contains("| TC-POL-03-01 | A \\| title | Gap. so |"),
            "{text}"
        );
    }
}
