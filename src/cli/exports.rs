//! `report coverage`: what a run has judged, row by row. `report sipp`: scenarios that send again what failed.
use super::arguments::{CoverageArguments, CoverageFormat, SippArguments};
use super::{ExitCode, complain, report, say};
use crate::observe::Trace;
use crate::report::{coverage, sipp};
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

pub(super) fn coverage(arguments: &CoverageArguments) -> Result<ExitCode> {
    let paths = arguments.runs.iter();
    let records: Vec<RunRecord> = paths
        .map(|path| report::read(path))
        .collect::<Result<_>>()?;
    let document = match arguments.format {
        CoverageFormat::Markdown => coverage::markdown(&records),
        CoverageFormat::Csv => coverage::csv(&records),
        CoverageFormat::Snapshot => coverage::snapshot(&records),
    };
    match &arguments.output {
        Some(path) => report::write(path, &document)?,
        None => say(document.trim_end_matches('\n')),
    }
    Ok(ExitCode::Pass)
}

/// Of the named test cases, or of all that failed. One that was named and has no scenario is no success.
pub(super) fn sipp(arguments: &SippArguments) -> Result<ExitCode> {
    let record = report::read(&arguments.run)?;
    let named = &arguments.cases;
    let known = |id: &&String| record.cases.iter().any(|case| case.id == **id);
    if let Some(id) = named.iter().find(|id| !known(id)) {
        bail!("{} has no test case {id}", arguments.run.display());
    }
    let folder = arguments.run.parent().unwrap_or(Path::new(""));
    let failed = |case: &&CaseRecord| match named.is_empty() {
        true => case.verdict == Verdict::Fail,
        false => named.contains(&case.id),
    };
    let (mut written, mut without) = (0, 0);
    for case in record.cases.iter().filter(failed) {
        match scenarios(&record, case, folder)? {
            Ok(all) => {
                let place = arguments.out.join(&case.id);
                fs::create_dir_all(&place)
                    .with_context(|| format!("cannot create {}", place.display()))?;
                for scenario in &all {
                    report::write(&place.join(&scenario.name), &scenario.xml)?;
                }
                written += 1;
                say(&format!(
                    "{}: {} in {}",
                    case.id,
                    count(all.len()),
                    place.display()
                ));
            }
            Err(why) => {
                without += 1;
                complain(&format!("{}: no SIPp scenario can say it: {why}", case.id));
            }
        }
    }
    Ok(match (written, without, named.is_empty()) {
        (0, _, _) | (_, 1.., false) => ExitCode::NothingJudged,
        _ => ExitCode::Pass,
    })
}

fn count(scenarios: usize) -> String {
    match scenarios {
        1 => "1 scenario".to_owned(),
        n => format!("{n} scenarios"),
    }
}

fn scenarios(
    record: &RunRecord,
    case: &CaseRecord,
    folder: &Path,
) -> Result<Result<Vec<sipp::Scenario>, sipp::NotSip>> {
    let Some(capture) = &case.capture else {
        return Ok(Err("it has no capture".to_owned()));
    };
    let path = folder.join(&capture.path);
    let octets = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let trace = Trace::read(&octets).with_context(|| path.display().to_string())?;
    Ok(sipp::scenarios(record, case, &trace))
}
