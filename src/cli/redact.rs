//! `redact`: pseudonyms put into a run that is over, or into any capture, for showing it to others.
use super::{ExitCode, arguments::RedactArguments, places::Places, report, say};
use crate::runner::redact::Redacting;
use crate::sut::Profile;
use crate::verdict::Cast;
use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

pub(super) fn redact(arguments: &RedactArguments) -> Result<ExitCode> {
    let out = &arguments.out;
    if out.exists() && fs::read_dir(out).is_ok_and(|mut files| files.next().is_some()) {
        bail!("{} is not empty; name a folder of its own", out.display());
    }
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let profile = match &arguments.system {
        Some(system) => {
            let fixtures = Places::find(&arguments.places)?.fixtures;
            Some(Profile::load(system, &fixtures)?.0)
        }
        None => None,
    };
    let redacting = Redacting::new(profile.as_ref()).map_err(|error| anyhow!(error))?;
    let file = &arguments.file;
    match file.extension().is_some_and(|kind| kind == "json") {
        true => of_run(file, out, &redacting)?,
        false => {
            let name = file.file_name().context("name a capture or a run.json")?;
            one(file, &out.join(name), &redacting)?;
        }
    }
    say(&format!("redacted: {}", out.display()));
    Ok(ExitCode::Pass)
}

/// A run with its captures and its log; the documents are made again.
pub(super) fn of_run(file: &Path, out: &Path, redacting: &Redacting) -> Result<()> {
    let mut record = report::read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(out.join("captures"))?;
    for case in &mut record.cases {
        let Some(capture) = &mut case.capture else {
            continue;
        };
        let to = out.join(&capture.path);
        if !to.starts_with(out) || capture.path.contains("..") {
            bail!("{} is outside of its folder", capture.path);
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        let (digest, found) = one(&folder.join(&capture.path), &to, redacting)?;
        capture.sha256 = digest;
        redacting.case(case, found);
    }
    let rest = folder.join("captures/run.pcapng");
    if rest.is_file() {
        one(&rest, &out.join("captures/run.pcapng"), redacting)?;
    }
    let log = folder.join("system.log");
    if log.is_file() {
        fs::copy(&log, out.join("system.log"))?;
    }
    redacting.finish(&mut record, out);
    report::write_all(&record, out)
}

fn one(
    from: &Path,
    to: &Path,
    redacting: &Redacting,
) -> Result<(String, crate::observe::redact::Redaction)> {
    let octets = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let (redacted, found) = redacting
        .capture(&octets, &Cast::default())
        .map_err(|error| anyhow!("{}: {error}", from.display()))?;
    fs::write(to, &redacted).with_context(|| format!("cannot write {}", to.display()))?;
    let digest = Sha256::digest(&redacted);
    let digest = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    Ok((digest, found))
}
