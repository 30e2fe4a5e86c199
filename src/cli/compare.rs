//! `report compare`: two or more runs beside each other.
use super::arguments::{CompareArguments, CompareFormat};
use super::{ExitCode, report, say};
use crate::report::{
    compare::{self, Change},
    compare_html, compare_text,
};
use anyhow::Result;

/// Of two runs the exit code tells whether something passes no more; a matrix has no better and no worse.
pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode> {
    let mut runs = Vec::new();
    for path in &arguments.runs {
        runs.push((path.display().to_string(), report::read(path)?));
    }
    let comparison = compare::compare(&runs);
    let document = match arguments.format {
        CompareFormat::Text => compare_text::text(&comparison),
        CompareFormat::Markdown => compare_text::markdown(&comparison),
        CompareFormat::Html => compare_html::html(&comparison),
    };
    match &arguments.output {
        Some(path) => report::write(path, &document)?,
        None => say(document.trim_end_matches('\n')),
    }
    let worse = comparison.changed(Change::Worse).next().is_some();
    Ok(if worse {
        ExitCode::Fail
    } else {
        ExitCode::Pass
    })
}
