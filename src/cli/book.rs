//! `book` and `export readings`: the register, the features, the accepted ladders and the faults become one document.
use super::arguments::PlaceArguments;
use super::{ExitCode, report::deliver, run::Suite, say};
use crate::report::book::{Book, Interactions, Scenario, Source};
use crate::runner::catalogue::Case;
use crate::runner::options::DEFAULT_SYSTEM;
use crate::runner::select;
use crate::runner::undecidable::undecidable;
use crate::sut::faults::Faults;
use crate::verdict::decisions::Table;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct BookArguments {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// What is exported
    #[arg(value_name = "WHAT")]
    pub what: ExportOf,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportOf {
    /// Clauses that are unclear, how they are read, and where that is tested
    Readings,
}

pub(super) fn book(arguments: &BookArguments) -> Result<ExitCode> {
    let html = with_book(&arguments.places, |book| Ok(book.render()?))?;
    deliver(arguments.output.as_deref(), &html)
}

pub(super) fn export(arguments: &ExportArguments) -> Result<ExitCode> {
    let text = match arguments.what {
        ExportOf::Readings => with_book(&arguments.places, |book| Ok(book.readings()))?,
    };
    deliver(arguments.output.as_deref(), &text)
}

fn with_book(
    places: &PlaceArguments,
    write: impl FnOnce(&Book<'_>) -> Result<String>,
) -> Result<String> {
    let suite = Suite::read(places)?;
    let faults = Faults::load(&suite.places.fixtures)?;
    let mut by_requirement: BTreeMap<&str, Vec<Scenario>> = BTreeMap::new();
    for case in &suite.catalogue.cases {
        let scenarios = by_requirement.entry(&case.requirement).or_default();
        // Rows of an outline follow one another.
        let same = |last: &&mut Scenario| last.id.split('.').next() == Some(case.tag.as_str());
        match scenarios.last_mut().filter(same) {
            Some(outline) => {
                outline.rows.push(case.id.clone());
                outline.faults.extend(faults.proving(&case.id));
                outline.faults.sort_unstable();
                outline.faults.dedup();
            }
            None => scenarios.push(scenario(&suite, &faults, case)),
        }
    }
    let mut sources: Vec<Source<'_>> = Vec::new();
    for (id, requirement) in &suite.register.requirements {
        let name = source(&suite, id);
        let scenarios = by_requirement.remove(id.as_str()).unwrap_or_default();
        match sources.iter_mut().find(|(known, _)| *known == name) {
            Some((_, entries)) => entries.push((requirement, scenarios)),
            None => sources.push((name, vec![(requirement, scenarios)])),
        }
    }
    sources.sort_by(|a, b| b.0.cmp(&a.0));
    let book = Book {
        sources,
        interactions: interactions(&suite),
        kills: super::kills::matrix(&suite)?,
        faults: faults.0.len(),
        undecidable: by_reason(undecidable(
            &suite.catalogue.cases,
            DEFAULT_SYSTEM,
            &suite.places.fixtures,
        )?),
    };
    write(&book)
}

/// A line per test case that no recording decides: its id and why.
pub(super) fn list_undecidable(suite: &Suite, selection: &[String]) -> Result<()> {
    let selected = select::select(&suite.catalogue.cases, selection)?;
    let cases = &suite.catalogue.cases;
    for (id, reasons) in undecidable(cases, DEFAULT_SYSTEM, &suite.places.fixtures)? {
        if selected.contains(&id) {
            say(&format!("{id:34} {}", reasons.join("; ")));
        }
    }
    Ok(())
}

/// Test cases by what stands against them.
fn by_reason(undecidable: BTreeMap<String, Vec<String>>) -> Vec<(String, Vec<String>)> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, reasons) in undecidable {
        found.entry(reasons.join("; ")).or_default().push(id);
    }
    found.into_iter().collect()
}

fn location(case: &Case) -> String {
    format!("{}:{}", case.file, case.line)
}

fn scenario(suite: &Suite, faults: &Faults, case: &Case) -> Scenario {
    let steps = case.steps.iter();
    Scenario {
        id: case.id.clone(),
        title: case.title.clone(),
        rule: case.rule.clone(),
        location: location(case),
        control: case.control,
        derived: case.derived,
        steps: steps
            .map(|step| (step.keyword.to_owned(), step.text.clone()))
            .collect(),
        rows: Vec::new(),
        ladder: suite.ladder(DEFAULT_SYSTEM, &case.id),
        faults: faults.proving(&case.id),
    }
}

/// The source document, by the catalogue that lists the row.
fn source(suite: &Suite, id: &str) -> String {
    let catalogues = &suite.register.catalogues;
    let listed = catalogues.iter().find(|(_, rows)| rows.contains(id));
    match listed.map(|(name, _)| name.as_str()) {
        Some("cpm-sms") => "CPM-SMS".to_owned(),
        Some("cmmc-mmtel") if id.starts_with("AI-") => "Common IMS".to_owned(),
        Some("cmmc-mmtel") => "CMMC/MMTel".to_owned(),
        other => other.unwrap_or("Other").to_owned(),
    }
}

fn interactions(suite: &Suite) -> Interactions {
    let cases = suite
        .catalogue
        .cases
        .iter()
        .map(|case| case.id.clone())
        .collect();
    let table = Table::of(&suite.register, &cases);
    let (mut rows, reasons) = table.rows();
    let plain = |cell: &mut String| *cell = cell.replace(['*', '`'], "");
    rows.iter_mut().flatten().for_each(plain);
    let head = rows.remove(0);
    Interactions {
        head,
        rows,
        reasons,
    }
}
