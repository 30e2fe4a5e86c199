//! `check RUN`: a run folder is judged again from its captures, and compared with what its record says.
use super::arguments::PlaceArguments;
use super::places::Places;
use super::{ExitCode, complain, say};
use crate::runner::rejudge::{self, Changed, Inputs, Rejudged};
use anyhow::Result;
use std::path::Path;

/// Longest value that is shown of what has changed.
const SHOWN: usize = 160;

/// The exit code is that of the verdicts as they are judged now; where one of them is not that of the record, the suite contradicts
/// itself.
pub fn check(folder: &Path, places: &PlaceArguments, system: Option<&str>) -> Result<ExitCode> {
    let places = Places::find(places)?;
    let judged = rejudge::rejudge(&Inputs {
        folder: folder.to_owned(),
        features: places.features,
        fixtures: places.fixtures,
        system: system.map(str::to_owned),
        profile_as_given: false,
    })?;
    for (id, why) in &judged.carried {
        complain(&format!("{id}: not judged again, {why}"));
    }
    say(&summary(&judged));
    match judged.differences.is_empty() {
        true => Ok(ExitCode::of(&judged.record)),
        false => Ok(ExitCode::Error),
    }
}

fn summary(judged: &Rejudged) -> String {
    let mut lines = Vec::new();
    for difference in &judged.differences {
        let what = difference.what.iter().map(changed);
        lines.push(format!(
            "{}: {}",
            difference.id,
            what.collect::<Vec<_>>().join("; ")
        ));
    }
    let totals = &judged.record.totals;
    lines.push(format!(
        "{} pass, {} fail, {} inconc, {} error, {} not applicable",
        totals.pass, totals.fail, totals.inconc, totals.error, totals.not_applicable
    ));
    let (cases, carried) = (judged.record.cases.len(), judged.carried.len());
    lines.push(format!(
        "{} of {cases} test cases judged again, {carried} carried over, {} not as recorded",
        cases - carried,
        judged.differences.len()
    ));
    lines.join("\n")
}

fn changed(changed: &Changed) -> String {
    format!(
        "{} was {} and is {}",
        changed.field,
        short(&changed.recorded),
        short(&changed.judged)
    )
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
