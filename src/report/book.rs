//! The conformance book: the executable specification as one HTML document for a standards engineer, from the register and the features.
//!
//! Per requirement: clause, level, basis, reading, the scenarios that test it with the ladder of the reference build, and the faults that
//! prove that they notice. Then the kill matrix, the decision tables of interactions, and the open readings, which `export readings` writes as the draft of
//! a liaison statement or change request. Nothing in it is about a run. No script: it is for reading and printing.
use super::kills::{Figures, Idle, Matrix, Proof, Row};
use super::{ReportError, wording};
use crate::verdict::register::{Level, Requirement, Status};
use minijinja::{Environment, Value, context, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("book.html");
const STYLE: &str = concat!(include_str!("report.css"), include_str!("book.css"));

/// One scenario, or the rows of an outline that differ in their values only.
#[derive(Debug, Clone, Serialize)]
pub struct Scenario {
    pub id: String,
    pub title: String,
    pub rule: String,
    /// Feature file and line.
    pub location: String,
    pub control: bool,
    pub derived: bool,
    /// Keyword and text.
    pub steps: Vec<(String, String)>,
    /// The other rows of the outline.
    pub rows: Vec<String>,
    /// What happened with the reference build, as accepted.
    pub ladder: Option<String>,
    pub faults: Vec<String>,
}

/// A table of decisions: what interacts with what.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Interactions {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Why cells have no test case, numbered from 1.
    pub reasons: Vec<String>,
}

/// A source document, and its requirements in order, each with its scenarios.
pub type Source<'a> = (String, Vec<(&'a Requirement, Vec<Scenario>)>);

/// What the book is made of.
pub struct Book<'a> {
    pub sources: Vec<Source<'a>>,
    pub interactions: Interactions,
    pub kills: Matrix,
    pub faults: usize,
    /// Why test cases are decided by no recording of others, and which.
    pub undecidable: Vec<(String, Vec<String>)>,
}

/// The part of the kill matrix that is about one source document.
#[derive(Serialize)]
struct Proven<'a> {
    name: &'a str,
    proofs: Vec<&'a Proof>,
    faults: usize,
}

/// The kill matrix as the book shows it.
#[derive(Serialize)]
struct Kills<'a> {
    figures: Figures,
    lines: Vec<(usize, Option<usize>, &'static str)>,
    chapters: Vec<Proven<'a>>,
    /// Faults that other requirements cannot hold beside.
    wide: Vec<(&'a Row, usize)>,
    idle: &'a [Idle],
}

#[derive(Serialize)]
struct Chapter<'a> {
    name: &'a str,
    slug: String,
    entries: Vec<Entry<'a>>,
    judged: usize,
    untestable: usize,
    planned: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    statement: &'a str,
    citation: String,
    level: &'static str,
    basis: &'static str,
    basis_words: &'static str,
    profile: bool,
    reading: Option<&'a str>,
    status: &'static str,
    why: Option<&'a str>,
    applies_if: Option<&'a str>,
    otherwise: Option<&'a str>,
    conditions: Vec<(&'a str, &'a str, &'a str)>,
    scenarios: &'a [Scenario],
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Judged => "judged",
        Status::Untestable => "untestable",
        Status::Planned => "planned",
    }
}

fn entry<'a>(requirement: &'a Requirement, scenarios: &'a [Scenario]) -> Entry<'a> {
    let (basis, basis_words) = wording::basis(requirement.basis);
    let conditions = requirement.cases.iter();
    Entry {
        id: &requirement.id,
        statement: &requirement.statement,
        citation: wording::citation(requirement),
        level: level(requirement.level),
        basis,
        basis_words,
        profile: wording::is_profile(requirement),
        reading: requirement.reading.as_deref(),
        status: status(requirement.status),
        why: requirement.why.as_deref(),
        applies_if: requirement.applies_if.as_deref(),
        otherwise: requirement.otherwise.as_deref(),
        conditions: conditions
            .map(|(case, it)| (case.as_str(), it.applies_if.as_str(), it.otherwise.as_str()))
            .collect(),
        scenarios,
    }
}

fn chapter<'a>(name: &'a str, entries: &'a [(&'a Requirement, Vec<Scenario>)]) -> Chapter<'a> {
    let of = |status: Status| entries.iter().filter(|(r, _)| r.status == status).count();
    Chapter {
        name,
        slug: name
            .to_ascii_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
        judged: of(Status::Judged),
        untestable: of(Status::Untestable),
        planned: of(Status::Planned),
        entries: entries
            .iter()
            .map(|(r, scenarios)| entry(r, scenarios))
            .collect(),
    }
}

impl Book<'_> {
    pub fn render(&self) -> Result<String, ReportError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        // The name ends in .html, which is what switches escaping on.
        environment.add_template("book.html", TEMPLATE)?;
        let chapters: Vec<Chapter> = self
            .sources
            .iter()
            .map(|(name, entries)| chapter(name, entries))
            .collect();
        let scenarios = chapters.iter().flat_map(|chapter| &chapter.entries);
        let scenarios = scenarios.flat_map(|entry| entry.scenarios);
        let cases: usize = scenarios.map(|scenario| 1 + scenario.rows.len()).sum();
        Ok(environment.get_template("book.html")?.render(context! {
            tool => concat!("ims-conformance ", env!("CARGO_PKG_VERSION")),
            style => STYLE,
            requirements => chapters.iter().map(|chapter| chapter.entries.len()).sum::<usize>(),
            cases => cases,
            faults => self.faults,
            undecidable => &self.undecidable,
            undecided => self.undecidable.iter().map(|(_, cases)| cases.len()).sum::<usize>(),
            chapters => Value::from(Serde(chapters)),
            kills => Value::from(Serde(self.kills())),
            interactions => Value::from(Serde(&self.interactions)),
        })?)
    }

    fn kills(&self) -> Kills<'_> {
        let mut all: Vec<&Proof> = self.kills.proofs.iter().collect();
        let mut chapters = Vec::new();
        for source in &self.sources {
            let here = |proof: &&Proof| source.1.iter().any(|(entry, _)| entry.id == proof.id);
            let (proofs, rest): (Vec<&Proof>, Vec<&Proof>) = all.into_iter().partition(here);
            all = rest;
            let faults = proofs.iter().map(|proof| proof.faults.len()).sum();
            if !proofs.is_empty() {
                let name = &source.0;
                chapters.push(Proven {
                    name,
                    proofs,
                    faults,
                });
            }
        }
        let rows = self.kills.proofs.iter().flat_map(|proof| &proof.faults);
        let beside = |row: &Row| row.kills.iter().filter(|kill| !kill.on_the_row).count();
        let mut wide: Vec<(&Row, usize)> = rows
            .map(|row| (row, beside(row)))
            .filter(|(_, count)| *count > 0)
            .collect();
        wide.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.fault.cmp(&b.0.fault)));
        Kills {
            figures: self.kills.figures,
            lines: self.kills.figures.lines().to_vec(),
            chapters,
            wide,
            idle: &self.kills.idle,
        }
    }

    /// Every reading as text for a liaison statement or a change request: the clause, what it leaves open, how it is read, and where that
    /// reading is put to the test.
    pub fn readings(&self) -> String {
        let mut out = String::from(
            "Readings of unclear clauses (draft for a liaison statement or change request)\n\
             ================================================================================\n",
        );
        for (name, entries) in &self.sources {
            let open: Vec<_> = entries
                .iter()
                .filter(|(r, _)| r.reading.is_some())
                .collect();
            if open.is_empty() {
                continue;
            }
            write!(out, "\n{name}: {} readings\n", open.len()).unwrap_or_default();
            for (requirement, scenarios) in open {
                reading(&mut out, requirement, scenarios);
            }
        }
        out
    }
}

fn reading(out: &mut String, requirement: &Requirement, scenarios: &[Scenario]) {
    let (_, basis) = wording::basis(requirement.basis);
    let source = wording::citation(requirement);
    let tested: Vec<&str> = scenarios
        .iter()
        .map(|scenario| scenario.id.as_str())
        .collect();
    let tested = match tested.is_empty() {
        true => "no test case".to_owned(),
        false => tested.join(", "),
    };
    let lines = [
        format!(
            "\n{}  {source} ({}; {basis})",
            requirement.id,
            level(requirement.level)
        ),
        format!("  Requirement  {}", requirement.statement.trim()),
        format!(
            "  Reading      {}",
            requirement.reading.as_deref().unwrap_or_default().trim()
        ),
        format!("  Evidence     {tested}"),
        format!(
            "  Question     Is this what {source} means? If not, which text shall say what is meant?"
        ),
    ];
    for line in lines {
        writeln!(out, "{line}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_book_names_clause_reading_scenario_ladder_and_fault() {
        let record = sample::mixed();
        let requirement = &record.requirements[2];
        let scenario = Scenario {
            id: "TC-POL-03-01".to_owned(),
            title: "A title with <b>".to_owned(),
            rule: String::new(),
            location: "policy.feature:3".to_owned(),
            control: false,
            derived: false,
            steps: vec![("Given".to_owned(), "Alice is a CPM user".to_owned())],
            rows: Vec::new(),
            ladder: Some("alice -> gateway  INVITE".to_owned()),
            faults: vec!["asks-nobody".to_owned()],
        };
        let book = Book {
            sources: vec![("CPM-SMS".to_owned(), vec![(requirement, vec![scenario])])],
            interactions: Interactions::default(),
            kills: Matrix {
                figures: Figures::default(),
                proofs: Vec::new(),
                idle: Vec::new(),
            },
            faults: 1,
            undecidable: vec![(
                "it leaves no trace".to_owned(),
                vec!["TC-POL-03-01".to_owned()],
            )],
        };
        let html = book.render().unwrap();
        for needed in [
            "POL-03",
            "suite profile",
            "The clause is silent",
            "TC-POL-03-01",
            "INVITE",
            "asks-nobody",
            "it leaves no trace",
        ] {
            assert!(html.contains(needed), "{needed}");
        }
        assert!(!html.contains("<b>") && !html.contains("<script"));
        let readings = book.readings();
        assert!(readings.contains("POL-03") && readings.contains("TC-POL-03-01"));
    }
}
