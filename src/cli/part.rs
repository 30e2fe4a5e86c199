//! `run --shard`, `--rerun-failed`, `--until-fail`: which part of the test cases runs, what of an earlier run runs again, and how often.
use super::{arguments::RunArguments, complain, report};
use crate::{
    runner::{
        catalogue::Catalogue,
        record::{CaseRecord, RunRecord, Totals},
        select::{self, SelectionError},
        shard::Shard,
    },
    verdict::Verdict,
};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Default, Args)]
pub struct PartArguments {
    /// Run only the I-th of N parts; `report merge` puts the runs of all parts together
    #[arg(long, value_name = "I/N", help_heading = "Parts of a run")]
    pub shard: Option<Shard>,
    /// Run what did not pass in an earlier run, over the same carriage and transport with the same personality
    #[arg(
        long,
        value_name = "RUN.JSON",
        conflicts_with = "selection",
        help_heading = "Parts of a run"
    )]
    pub rerun_failed: Option<PathBuf>,
    /// Run the selection again and again until something does not pass, N times at most; what is kept is the last time
    #[arg(long, value_name = "N", value_parser = rounds, help_heading = "Parts of a run")]
    pub until_fail: Option<u32>,
}

fn rounds(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rounds @ 1..=1_000_000) => Ok(rounds),
        _ => Err("a number from 1 to 1000000".to_owned()),
    }
}

/// What is there of an earlier run to be run again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Again {
    /// Nothing of it can be run.
    pub nothing: bool,
    /// Something of it is in the catalogue no more.
    pub gone: bool,
}

/// Puts what did not pass in an earlier run in place of the selection.
pub(super) fn rerun_failed(
    arguments: &mut RunArguments,
    run: &Path,
    catalogue: &Catalogue,
    system: &str,
) -> Result<Again> {
    let record = report::read(run)?;
    if record.system.name != system {
        bail!(
            "{} is a run against {}, and this would be one against {system}: name the system with --system",
            run.display(),
            record.system.name
        );
    }
    let (again, gone) = not_passed(&record, catalogue)?;
    for id in &gone {
        complain(&format!(
            "{id} did not pass there, and these features have no such test case; `list` prints them"
        ));
    }
    let system = &record.system;
    // What the record says was valid when it was written; a value this build does not know is left to the profile.
    let known = |name: &str| ValueEnum::from_str(name, false).ok();
    arguments.carriage = arguments.carriage.or_else(|| known(&system.carriage));
    let known = |name: &str| ValueEnum::from_str(name, false).ok();
    arguments.transport = arguments.transport.or_else(|| known(&system.transport));
    if arguments.personality.is_none() {
        arguments.personality.clone_from(&system.personality);
    }
    if arguments.access.is_empty() {
        arguments.access.clone_from(&record.access);
    }
    arguments.selection = again;
    Ok(Again {
        nothing: arguments.selection.is_empty(),
        gone: !gone.is_empty(),
    })
}

/// Everything selected there that neither passed nor was not applicable, waived or never judged included; and what of that the catalogue
/// does not have any more.
fn not_passed(
    record: &RunRecord,
    catalogue: &Catalogue,
) -> Result<(Vec<String>, Vec<String>), SelectionError> {
    let mut ids = select::select(&catalogue.cases, &record.selection)?;
    if let Some(shard) = record.shard {
        ids = shard.of_selection(&catalogue.cases, &ids);
    }
    // What a run that was stopped had selected is known only if nothing else narrowed it down (`--only-smoke`).
    if ids.len() + record.totals.filtered != catalogue.cases.len() {
        ids.clear();
    }
    let is_well =
        |case: &CaseRecord| matches!(case.verdict, Verdict::Pass | Verdict::NotApplicable);
    let (well, ill): (Vec<&CaseRecord>, Vec<&CaseRecord>) =
        record.cases.iter().partition(|case| is_well(case));
    for case in well {
        ids.remove(case.stated());
    }
    // Over whichever access network it was.
    ids.extend(ill.into_iter().map(|case| case.stated().to_owned()));
    let known: BTreeSet<&str> = catalogue.cases.iter().map(|c| c.id.as_str()).collect();
    Ok(ids.into_iter().partition(|id| known.contains(id.as_str())))
}

/// What is said between two rounds of `--until-fail`.
pub(super) fn round(round: u32, of: u32, record: &RunRecord) -> String {
    let Totals {
        pass, fail, inconc, ..
    } = record.totals;
    format!(
        "round {round} of {of}: {pass} pass, {fail} fail, {inconc} inconc, {} error; seed {}",
        record.totals.error, record.seed
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn runs_again_what_did_not_pass_or_never_ran() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let catalogue = Catalogue::load(&root.join("features")).unwrap();
        let mut record = sample::of(Vec::new());
        record.selection = vec!["POL-01".to_owned()];
        let all = select::select(&catalogue.cases, &record.selection).unwrap();
        let all: Vec<String> = all.into_iter().collect();
        assert!(all.len() > 2);
        record.totals.filtered = catalogue.cases.len() - all.len();
        assert_eq!(not_passed(&record, &catalogue).unwrap().0, all);
        let mut seen = |id: &str, verdict| {
            let mut case = sample::case(1, verdict);
            case.id = id.to_owned();
            record.cases.push(case);
        };
        seen(&all[0], Verdict::Pass);
        seen(&all[1], Verdict::Fail);
        seen("TC-GONE-01", Verdict::Inconc);
        let (again, gone) = not_passed(&record, &catalogue).unwrap();
        assert_eq!(
            (&again[..], &gone[..]),
            (&all[1..], &["TC-GONE-01".to_owned()][..])
        );
        // It passed, but not over every access network.
        let mut elsewhere = sample::case(1, Verdict::Fail);
        elsewhere.id = format!("{}[wlan]", all[0]);
        elsewhere.access = Some("wlan".to_owned());
        record.cases.push(elsewhere);
        assert_eq!(not_passed(&record, &catalogue).unwrap().0, all);
    }
}
