//! `run`: what was asked becomes options of a run, the record of the run becomes documents and an exit code.
use super::{
    ExitCode,
    arguments::{ExplainArguments, ListArguments, PlaceArguments, RunArguments},
    complain,
    places::Places,
    report, say,
};
use crate::{
    report::text,
    runner::{options::DEFAULT_SYSTEM, options::RunOptions, progress::Progress, record::RunRecord},
};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

pub(super) fn run(arguments: RunArguments) -> Result<ExitCode> {
    if arguments.fault.is_some() && arguments.system != DEFAULT_SYSTEM {
        complain("--fault is for the reference build, not for a system of your own");
        return Ok(ExitCode::Usage);
    }
    let quiet = arguments.quiet;
    let options = options(arguments, &jiff::Timestamp::now())?;
    let out = options.out.clone().unwrap_or_default();
    let progress = Progress::suitable(quiet);
    let record = start(options, &progress);
    progress.finish();
    let record = record?;
    report::write_all(&record, &out)?;
    let folder = out.display().to_string();
    say(text::summary(&record, &folder).trim_end());
    if !quiet {
        complain(&format!("report: {}", out.join("report.html").display()));
    }
    Ok(ExitCode::of(&record.totals))
}

fn start(options: RunOptions, progress: &Progress) -> Result<RunRecord> {
    let _ = (options, progress);
    bail!("this build has no runner yet")
}

pub(super) fn list(arguments: &ListArguments) -> Result<ExitCode> {
    if arguments.faults {
        for fault in crate::reference::faults::Fault::ALL {
            say(&format!(
                "{:34} {:8} {}",
                fault.name(),
                fault.requirement(),
                fault.what()
            ));
        }
        return Ok(ExitCode::Pass);
    }
    bail!("this build has no catalogue yet")
}

pub(super) fn explain(_arguments: &ExplainArguments) -> Result<ExitCode> {
    bail!("this build has no catalogue yet")
}

pub(super) fn lint(_arguments: &PlaceArguments) -> Result<ExitCode> {
    bail!("this build has no catalogue yet")
}

/// The options of a run, with every default that depends on the place or the time filled in.
fn options(arguments: RunArguments, now: &jiff::Timestamp) -> Result<RunOptions> {
    let places = Places::find(&arguments.places)?;
    let name = system_name(&arguments.system);
    let reports = || {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        places.project.join("reports").join(&name).join(time)
    };
    let ladders = places.project.join("captures").join(&name);
    Ok(RunOptions {
        jobs: arguments.jobs,
        seed: arguments.seed,
        out: Some(arguments.out.unwrap_or_else(reports)),
        transport: arguments.transport.map(Into::into),
        // A ladder of a fault is no proposal for the accepted one.
        ladders: arguments.fault.is_none().then_some(ladders),
        fault: arguments.fault,
        selection: arguments.selection,
        system: arguments.system,
        features: places.features,
        fixtures: places.fixtures,
    })
}

/// The folder name of a system, also when it is given by path.
fn system_name(system: &str) -> String {
    let name = Path::new(system).file_name().map(PathBuf::from);
    match name {
        Some(name) => name.display().to_string(),
        None => DEFAULT_SYSTEM.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    fn parsed(line: &str) -> RunOptions {
        let words = ["ims-conformance"]
            .into_iter()
            .chain(line.split_whitespace());
        let mut arguments = super::super::Arguments::try_parse_from(words).unwrap().run;
        let here = std::env::temp_dir();
        arguments.places.features = Some(here.clone());
        arguments.places.fixtures = Some(here);
        options(arguments, &"2026-11-21T05:40:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn each_run_gets_a_folder_of_its_own() {
        let options = parsed("--system ./labs/acme");
        assert_eq!(options.system, "./labs/acme");
        let out = options.out.unwrap();
        assert!(out.ends_with("reports/acme/20261121T054000Z"), "{out:?}");
        assert!(options.ladders.unwrap().ends_with("captures/acme"));
    }

    #[test]
    fn a_fault_does_not_touch_accepted_ladders() {
        assert_eq!(parsed("--fault never-invites").ladders, None);
        assert_eq!(parsed("-o x").out, Some(PathBuf::from("x")));
    }
}
