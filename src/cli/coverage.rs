//! `list --coverage`: what has become of every requirement of the register, row by row, by area, by catalogue, and in all.
//!
//! Every row is exactly one of: judged, judged as *profile*, untestable with its reason, planned, or (an error of the suite, shown as
//! such) judged without a test case.
use super::catalogue_text::Listed;
use crate::{
    report::wording,
    verdict::register::{Requirement, Status},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What has become of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Read in the specification; a departure is one from the specification.
    Judged,
    /// Field practice, inferred or not re-read; judged, and reported as *profile*.
    Profile,
    /// Cannot be judged from outside; the row says why.
    Untestable,
    /// No test case yet.
    Planned,
    /// The register says judged and no test case names it.
    WithoutTestCase,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Judged, "judged"),
    (Kind::Profile, "profile"),
    (Kind::Untestable, "untestable"),
    (Kind::Planned, "planned"),
    (Kind::WithoutTestCase, "NO TEST CASE"),
];

impl Kind {
    fn of(requirement: &Requirement, test_cases: usize) -> Self {
        match (requirement.status, test_cases) {
            (Status::Untestable, _) => Self::Untestable,
            (Status::Planned, _) => Self::Planned,
            (Status::Judged, 0) => Self::WithoutTestCase,
            (Status::Judged, _) if requirement.is_profile() => Self::Profile,
            (Status::Judged, _) => Self::Judged,
        }
    }

    fn word(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }
}

/// One requirement.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    status: Kind,
    /// Certainty class of the catalogue.
    basis: &'static str,
    source: String,
    test_cases: usize,
    /// Why it is untestable or planned, and under which option it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applies_if: Option<String>,
}

/// How many rows are of which kind.
#[derive(Debug, Default, Serialize)]
struct Counts {
    rows: usize,
    #[serde(flatten)]
    by_kind: BTreeMap<Kind, usize>,
}

impl Counts {
    fn add(&mut self, kind: Kind) {
        self.rows += 1;
        *self.by_kind.entry(kind).or_default() += 1;
    }

    fn of(&self, kind: Kind) -> usize {
        self.by_kind.get(&kind).copied().unwrap_or(0)
    }
}

/// The coverage of a register by test cases.
#[derive(Debug, Serialize)]
pub(super) struct Coverage {
    requirements: Vec<Row>,
    /// By the letters in front of the number.
    areas: BTreeMap<String, Counts>,
    /// By the file that lists their ids: `cpm-sms`, `cmmc-mmtel`.
    catalogues: BTreeMap<String, Counts>,
    total: Counts,
}

impl Coverage {
    /// `catalogues` says which ids each catalogue has, as `Register` does.
    pub fn of(
        requirements: &[&Requirement],
        catalogues: &BTreeMap<String, BTreeSet<String>>,
        cases: &[Listed],
    ) -> Self {
        let mut coverage = Self {
            requirements: Vec::new(),
            areas: BTreeMap::new(),
            catalogues: BTreeMap::new(),
            total: Counts::default(),
        };
        for requirement in requirements {
            let id = &requirement.id;
            let test_cases = cases.iter().filter(|c| c.requirement == *id).count();
            let kind = Kind::of(requirement, test_cases);
            let area = id.rsplit_once('-').map_or(id.as_str(), |(area, _)| area);
            coverage.areas.entry(area.to_owned()).or_default().add(kind);
            let listing = catalogues.iter().filter(|(_, ids)| ids.contains(id));
            for (name, _) in listing {
                let counts = coverage.catalogues.entry(name.clone()).or_default();
                counts.add(kind);
            }
            coverage.total.add(kind);
            coverage.requirements.push(Row {
                id: id.clone(),
                status: kind,
                basis: wording::basis(requirement.basis).0,
                source: wording::citation(requirement),
                test_cases,
                why: requirement.why.clone(),
                applies_if: requirement.applies_if.clone(),
            });
        }
        coverage
    }

    /// For a person: the rows, the areas, the total.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for row in &self.requirements {
            let cases = match row.test_cases {
                0 => String::new(),
                1 => "1 test case".to_owned(),
                n => format!("{n} test cases"),
            };
            let why = row.why.as_deref().unwrap_or("");
            let text = format!(
                "{:7} {:12} {cases:13} {}  {why}",
                row.id,
                row.status.word(),
                row.source
            );
            line(&mut out, text.trim_end());
        }
        line(&mut out, &heading());
        for (area, counts) in &self.areas {
            line(&mut out, &numbers(area, counts));
        }
        for (name, counts) in &self.catalogues {
            line(&mut out, &numbers(name, counts));
        }
        line(&mut out, &numbers("all", &self.total));
        line(&mut out, &self.total_in_words());
        out
    }

    /// For a program.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    fn total_in_words(&self) -> String {
        let of = |kind| self.total.of(kind);
        format!(
            "\n{} requirements: {} judged, {} judged as profile, {} untestable, {} planned, {} without the test case they should have",
            self.total.rows,
            of(Kind::Judged),
            of(Kind::Profile),
            of(Kind::Untestable),
            of(Kind::Planned),
            of(Kind::WithoutTestCase),
        )
    }
}

fn heading() -> String {
    let words = KINDS.map(|(_, word)| format!("{word:>14}")).concat();
    format!("\narea        rows{words}")
}

fn numbers(area: &str, counts: &Counts) -> String {
    let numbers = KINDS
        .map(|(kind, _)| format!("{:>14}", counts.of(kind)))
        .concat();
    format!("{area:11}{:5}{numbers}", counts.rows)
}

fn line(out: &mut String, text: &str) {
    // Writing into a string cannot fail.
    writeln!(out, "{text}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::catalogue_text::sample::{entry, listed};
    use crate::verdict::register::Basis;

    fn coverage() -> Coverage {
        let mut register = [
            entry("POL-01", Status::Judged),
            entry("POL-02", Status::Judged),
            entry("POL-03", Status::Untestable),
            entry("TD-01", Status::Planned),
            entry("TD-02", Status::Judged),
        ];
        register[4].basis = Basis::I;
        let cases = [
            listed("TC-POL-01-01", "POL-01"),
            listed("TC-TD-02-01", "TD-02"),
        ];
        let policy = BTreeSet::from(["POL-01", "POL-02", "POL-03"].map(str::to_owned));
        let catalogues = BTreeMap::from([("policies".to_owned(), policy)]);
        Coverage::of(&register.iter().collect::<Vec<_>>(), &catalogues, &cases)
    }

    #[test]
    fn says_of_every_row_what_became_of_it() {
        let text = coverage().text();
        for wanted in [
            "POL-01  judged       1 test case   3GPP",
            "POL-02  NO TEST CASE",
            "No interface shows it.",
            "TD-02   profile      1 test case",
            "policies       3             1             0             1",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(text.ends_with(
            "5 requirements: 1 judged, 1 judged as profile, 1 untestable, 1 planned, 1 without the test case they should have\n"
        ));
    }

    #[test]
    fn a_program_reads_the_same() {
        let json: serde_json::Value = serde_json::from_str(&coverage().json().unwrap()).unwrap();
        assert_eq!(json["total"]["rows"], 5);
        assert_eq!(json["areas"]["POL"]["untestable"], 1);
        assert_eq!(json["catalogues"]["policies"]["rows"], 3);
        assert_eq!(json["requirements"][1]["status"], "without-test-case");
    }
}
