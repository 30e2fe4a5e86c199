//! `report`: another document from the `run.json` of an earlier run, and the documents written at the end of a run.
use super::{
    ExitCode,
    arguments::{ReportAction, ReportArguments},
    say,
};
use crate::{
    report::{self, Format},
    runner::record::{RunRecord, SCHEMA_VERSION},
};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode> {
    if let Some(ReportAction::Merge(merge)) = &arguments.action {
        return super::merge::merge(merge);
    }
    // The definition of the command requires one or the other.
    let Some(run) = &arguments.run else {
        return Ok(ExitCode::Usage);
    };
    let record = read(run)?;
    let document = match arguments.format.and_then(|format| format.document()) {
        Some(format) => report::render(&record, format)?,
        None => report::text::summary(&record, &folder_of(run)),
    };
    match &arguments.output {
        Some(path) => write(path, &document)?,
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

/// The folder of run.json as words to put before the paths in it.
fn folder_of(run: &Path) -> String {
    let folder = run.parent().unwrap_or(Path::new(""));
    folder.display().to_string()
}

/// `run.json` and every document beside it.
pub(super) fn write_all(record: &RunRecord, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let json = serde_json::to_string_pretty(record)? + "\n";
    write(&folder.join("run.json"), &json)?;
    for format in Format::ALL {
        write(
            &folder.join(format.file_name()),
            &report::render(record, format)?,
        )?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
