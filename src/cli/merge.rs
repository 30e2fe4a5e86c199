//! `report merge`: the runs of all parts become one folder, as if one machine had run everything.
use super::{ExitCode, arguments::MergeArguments, report, say};
use crate::{
    report::text,
    runner::{
        merge::{self, Named},
        record::RunRecord,
    },
};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The exit code is that of the whole run, so that one job decides for all.
pub(super) fn merge(arguments: &MergeArguments) -> Result<ExitCode> {
    let out = &arguments.out;
    let mut parts: Vec<Named> = Vec::new();
    for path in &arguments.runs {
        parts.push((path.display().to_string(), report::read(path)?));
    }
    let mut captures = Vec::new();
    for (path, (_, record)) in arguments.runs.iter().zip(&parts) {
        if same(folder(path), out) {
            bail!(
                "--out {} holds {} itself; name another folder",
                out.display(),
                path.display()
            );
        }
        captures.extend(to_copy(record, folder(path), out)?);
    }
    let mut whole = merge::merge(parts)?;
    let lost = copy(&captures)?;
    if lost > 0 {
        whole.notes.push(format!(
            "{lost} captures were not beside the run.json of their part"
        ));
    }
    report::write_all(&whole, out)?;
    say(text::summary(&whole, &out.display().to_string()).trim_end());
    Ok(ExitCode::of(&whole))
}

fn folder(run: &Path) -> &Path {
    match run.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The captures a record points at: where they are, and where they go.
fn to_copy(record: &RunRecord, from: &Path, to: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut captures = Vec::new();
    for capture in record.cases.iter().filter_map(|case| case.capture.as_ref()) {
        let path = Path::new(&capture.path);
        let plain = |part| matches!(part, Component::Normal(_));
        if !path.components().all(plain) {
            bail!("a capture at {} is outside the run", path.display());
        }
        captures.push((from.join(path), to.join(path)));
    }
    Ok(captures)
}

/// Gives the number of captures that are not there.
fn copy(captures: &[(PathBuf, PathBuf)]) -> Result<usize> {
    let (there, lost): (Vec<_>, Vec<_>) = captures.iter().partition(|(from, _)| from.is_file());
    for (from, to) in there {
        let said = || format!("cannot copy {} to {}", from.display(), to.display());
        fs::create_dir_all(folder(to)).with_context(said)?;
        fs::copy(from, to).with_context(said)?;
    }
    Ok(lost.len())
}
