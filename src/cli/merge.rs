//! `report merge`: the runs of all parts become one folder, as if one machine had run everything.
use super::{ExitCode, report, say};
use crate::{
    report::text,
    runner::{
        merge::{self, Named},
        record::RunRecord,
    },
};
use anyhow::{Context, Result, bail};
use clap::Args;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Component, Path, PathBuf};

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The run.json of every part
    #[arg(value_name = "RUN.JSON", required = true)]
    pub runs: Vec<PathBuf>,
    /// Folder for run.json, captures and reports of the whole
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
}

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
        captures.extend(to_copy(record, path, out)?);
    }
    let whole = merge::merge(parts)?;
    copy(&captures)?;
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

/// A capture of a part on its way into the whole.
struct Copied {
    from: PathBuf,
    to: PathBuf,
    octets: Vec<u8>,
}

/// The captures a record points at, each the very one that was judged.
fn to_copy(record: &RunRecord, run: &Path, to: &Path) -> Result<Vec<Copied>> {
    let mut captures = Vec::new();
    for capture in record.cases.iter().filter_map(|case| case.capture.as_ref()) {
        let path = Path::new(&capture.path);
        let plain = |part| matches!(part, Component::Normal(_));
        if !path.components().all(plain) {
            bail!(
                "{}: its capture {} lies outside the run",
                run.display(),
                path.display()
            );
        }
        let from = folder(run).join(path);
        let octets = fs::read(&from).with_context(|| {
            format!(
                "{}: its capture {} cannot be read; copy the whole folder of the part, captures and all",
                run.display(),
                from.display()
            )
        })?;
        let digest = Sha256::digest(&octets);
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        if digest != capture.sha256 {
            bail!(
                "{}: {} is not the capture that was judged (SHA-256 {digest}, not {}); take it from where the part ran, or run the part again",
                run.display(),
                from.display(),
                capture.sha256
            );
        }
        captures.push(Copied {
            from,
            to: to.join(path),
            octets,
        });
    }
    Ok(captures)
}

fn copy(captures: &[Copied]) -> Result<()> {
    for Copied { from, to, octets } in captures {
        let said = || format!("cannot copy {} to {}", from.display(), to.display());
        fs::create_dir_all(folder(to)).with_context(said)?;
        fs::write(to, octets).with_context(said)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;
    use crate::verdict::Verdict;

    /// A part of one case in a folder, with these octets for its capture and those that were judged.
    fn part(there: Option<&[u8]>, judged: &[u8]) -> Result<Vec<Copied>> {
        let folder = tempfile::tempdir().unwrap();
        let mut record = sample::one(Verdict::Pass);
        let capture = record.cases[0].capture.as_mut().unwrap();
        let digest = Sha256::digest(judged);
        capture.sha256 = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        let path = folder.path().join(&capture.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(octets) = there {
            fs::write(&path, octets).unwrap();
        }
        to_copy(&record, &folder.path().join("run.json"), Path::new("out"))
    }

    #[test]
    fn only_the_captures_that_were_judged_become_part_of_the_whole() {
        assert_eq!(part(Some(b"seen"), b"seen").unwrap()[0].octets, b"seen");
        let said = |there| format!("{:#}", part(there, b"seen").err().unwrap());
        let lost = said(None);
        assert!(lost.contains("run.json: its capture") && lost.contains("copy the whole folder"));
        let changed = said(Some(b"other"));
        assert!(
            changed.contains("is not the capture that was judged"),
            "{changed}"
        );
        assert!(changed.contains("run the part again"), "{changed}");
    }
}
