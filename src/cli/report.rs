//! `report`: another document from the `run.json` of an earlier run, and the documents written at the end of a run.
use super::{
    ExitCode,
    arguments::{ReportAction, ReportArguments},
    say,
};
use crate::sut::secret;
use crate::{
    report::{self, Format},
    runner::record::{CaptureRecord, RunRecord, SCHEMA_VERSION},
};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode> {
    match &arguments.action {
        Some(ReportAction::Merge(merge)) => return super::merge::merge(merge),
        Some(ReportAction::Compare(compare)) => return super::compare::compare(compare),
        Some(ReportAction::Coverage(coverage)) => return super::exports::coverage(coverage),
        Some(ReportAction::Kills(kills)) => return super::kills::kills(kills),
        Some(ReportAction::Sipp(sipp)) => return super::exports::sipp(sipp),
        None => {}
    }
    // The definition of the command requires one or the other.
    let Some(run) = &arguments.run else {
        return Ok(ExitCode::Usage);
    };
    let record = read(run)?;
    let document = match arguments.format.and_then(|format| format.document()) {
        Some(format) => report::render_with(&record, format, &beside(folder(run)))?,
        None => report::text::summary(&record, &folder_of(run)),
    };
    deliver(arguments.output.as_deref(), &document)
}

/// To a file, or to standard output.
pub(super) fn deliver(output: Option<&Path>, document: &str) -> Result<ExitCode> {
    match output {
        Some(path) => write(path, document)?,
        None => say(document.trim_end_matches('\n')),
    }
    Ok(ExitCode::Pass)
}

pub(super) fn read(path: &Path) -> Result<RunRecord> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let record: RunRecord = serde_json::from_str(&text)
        .with_context(|| format!("{} is not the record of a run", path.display()))?;
    if record.schema_version != SCHEMA_VERSION {
        bail!(
            "{} has schema version {}, this build reads {SCHEMA_VERSION}",
            path.display(),
            record.schema_version
        );
    }
    Ok(record)
}

pub(super) fn folder(run: &Path) -> &Path {
    run.parent().unwrap_or(Path::new(""))
}

/// The folder of run.json as words to put before the paths in it.
fn folder_of(run: &Path) -> String {
    folder(run).display().to_string()
}

/// Reads captures that lie beside run.json. One that does not is no mistake: the report shows less then. What is shown of them is free of
/// secrets, which captures keep.
fn beside(folder: &Path) -> impl Fn(&CaptureRecord) -> Option<Vec<u8>> + Sync {
    move |capture| {
        // A recording of somebody else lies elsewhere, and is of many test cases.
        if Path::new(&capture.path).is_absolute() {
            return None;
        }
        let mut octets = fs::read(folder.join(&capture.path)).ok()?;
        secret::known().octets(&mut octets);
        Some(octets)
    }
}

/// `run.json` and every document beside it.
pub(super) fn write_all(record: &RunRecord, folder: &Path) -> Result<()> {
    write_documents(record, folder, &Format::ALL)
}

/// `run.json` and some documents beside it.
pub(super) fn write_documents(record: &RunRecord, folder: &Path, formats: &[Format]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let json = serde_json::to_string_pretty(record)? + "\n";
    write(&folder.join("run.json"), &json)?;
    for format in formats {
        let format = *format;
        write(
            &folder.join(format.file_name()),
            &report::render_with(record, format, &beside(folder))?,
        )?;
    }
    Ok(())
}

/// Every document of a record by the name of its file, with what the captures beside it show.
pub(super) fn documents(record: &RunRecord, folder: &Path) -> Result<Vec<(&'static str, String)>> {
    let beside = beside(folder);
    let document = |format: &Format| {
        let text = report::render_with(record, *format, &beside)?;
        Ok((format.file_name(), text))
    };
    Format::ALL.iter().map(document).collect()
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
