//! `run`: what was asked becomes options of a run, the record of the run becomes documents and an exit code.
//! More than 400 lines: `list`, `explain` and `lint` read the same files as `run`, and stand beside it.
use super::catalogue_text::{self, Listed};
use super::coverage::Coverage;
use super::executed::Collector;
use super::{
    ExitCode,
    arguments::{ClockArgument, ExplainArguments, ListArguments, PlaceArguments, RunArguments},
    complain, evidence, part,
    places::Places,
    report, say, virtual_clock,
};
use crate::{
    report::text,
    runner::{
        self,
        catalogue::Catalogue,
        options::RunOptions,
        options::today,
        options::{Clock, DEFAULT_SYSTEM},
        progress::Progress,
        record::RunRecord,
        select,
    },
    steps,
    sut::{
        self, Profile, access::AccessNetworks, applicability::Items, personality::Personalities,
    },
    verdict::{Register, Requirement},
};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(super) fn run(mut arguments: RunArguments) -> Result<ExitCode> {
    if arguments.fault.is_some() && arguments.system != DEFAULT_SYSTEM {
        complain("--fault is for the reference build, not for a system of your own");
        return Ok(ExitCode::Usage);
    }
    let executed = match Collector::of(&arguments) {
        Ok(executed) => executed,
        Err(why) => {
            complain(why);
            return Ok(ExitCode::Usage);
        }
    };
    if !arguments.edge.words().is_empty() && arguments.system != DEFAULT_SYSTEM {
        complain("--vary and --mutate are for the reference build, not for a system of your own");
        return Ok(ExitCode::Usage);
    }
    let quiet = arguments.quiet;
    let kept_for = arguments
        .refresh_evidence
        .then(|| (arguments.places.clone(), system_name(&arguments.system)));
    let again = only_what_failed(&mut arguments)?;
    if again.nothing {
        let what = match again.gone {
            true => "nothing else is left to run again",
            false => "everything passed there; nothing to run again",
        };
        complain(what);
        return Ok(ExitCode::NothingJudged);
    }
    // What is gone and a word that selects nothing are alike: it was meant to run something.
    let misspelt = misspelt(&arguments.places, &arguments.selection)? || again.gone;
    let rounds = arguments.part.until_fail.unwrap_or(1);
    let given = arguments.out.is_some();
    let mut options = options(arguments, &jiff::Timestamp::now())?;
    let wanted = options.out.clone().unwrap_or_default();
    let out = if given { wanted } else { own_folder(&wanted)? };
    options.out = Some(out.clone());
    options.ladders = options
        .ladders
        .map(|kept| ladders_in(kept, kept_for.is_some(), &out));
    let record = until_fail(&options, rounds, quiet, &executed).inspect_err(|_| {
        // Nothing ran: no folder is left behind, unless something has been written to it.
        if !given {
            std::fs::remove_dir(&out).unwrap_or_default();
        }
    })?;
    report::write_all(&record, &out)?;
    executed.write()?;
    let folder = out.display().to_string();
    say(text::summary(&record, &folder).trim_end());
    if !quiet {
        complain(&format!("report: {}", out.join("report.html").display()));
        let waiting = out.join("ladders");
        if waiting.is_dir() {
            let folder = waiting.display();
            complain(&format!(
                "ladders: ims-conformance review --ladders {folder}"
            ));
        }
    }
    if let Some((places, system)) = kept_for {
        keep(&record, &out, &places, &system)?;
    }
    match ExitCode::of(&record) {
        ExitCode::Pass if misspelt => Ok(ExitCode::NothingJudged),
        code => Ok(code),
    }
}

/// With `--rerun-failed` the selection is what did not pass there.
fn only_what_failed(arguments: &mut RunArguments) -> Result<part::Again> {
    let Some(run) = arguments.part.rerun_failed.take() else {
        return Ok(part::Again::default());
    };
    let suite = Suite::read(&arguments.places)?;
    let (profile, _) = Profile::load(&arguments.system, &suite.places.fixtures)?;
    part::rerun_failed(arguments, &run, &suite.catalogue, &profile.name)
}

/// One run, or as many as it takes until one does not pass. Every round writes its captures over those of the round before.
fn until_fail(
    options: &RunOptions,
    rounds: u32,
    quiet: bool,
    executed: &Collector,
) -> Result<RunRecord> {
    let mut round = 1;
    loop {
        let progress = Progress::suitable(quiet);
        let record = start(options.clone(), &progress, executed);
        progress.finish();
        let record = record?;
        if rounds > 1 && !quiet {
            complain(&part::round(round, rounds, &record));
        }
        if round >= rounds || ExitCode::of(&record) != ExitCode::Pass {
            return Ok(record);
        }
        round += 1;
    }
}

/// Says which selection words select nothing. A word that was meant to run something and ran nothing is no success.
fn misspelt(places: &PlaceArguments, selection: &[String]) -> Result<bool> {
    if selection.is_empty() {
        return Ok(false);
    }
    let suite = Suite::read(places)?;
    let words = select::fruitless(&suite.catalogue.cases, selection)?;
    for word in &words {
        complain(&format!(
            "selection `{word}` fits no test case; `list` prints them"
        ));
    }
    Ok(!words.is_empty())
}

/// The run becomes the evidence on file of its system, if it is fit for that.
fn keep(record: &RunRecord, out: &Path, places: &PlaceArguments, system: &str) -> Result<()> {
    if let Some(reason) = evidence::unfit(record) {
        complain(&format!("the evidence on file stays as it was: {reason}"));
        return Ok(());
    }
    let suite = Suite::read(places)?;
    let requirements: Vec<&Requirement> = suite.register.requirements.values().collect();
    let coverage = Coverage::of(&requirements, &suite.register.catalogues, &suite.listed()).text();
    let folders = evidence::keep(record, out, &suite.places.project, system, &coverage)?;
    for folder in folders {
        complain(&format!("kept: {}", folder.display()));
    }
    Ok(())
}

fn start(options: RunOptions, progress: &Progress, executed: &Collector) -> Result<RunRecord> {
    let runtime = match options.clock {
        Clock::Real => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?,
        Clock::Virtual { .. } => virtual_clock::runtime()?,
    };
    let (progress, executed) = (progress.clone(), executed.clone());
    let tell = move |event| {
        executed.see(&event);
        progress.show(&event);
    };
    let record = runtime.block_on(runner::run(options, tell))?;
    Ok(record)
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
    let suite = Suite::read(&arguments.places)?;
    if arguments.access {
        for one in AccessNetworks::load(&suite.places.fixtures)?.iter() {
            let baseline = if one.baseline { " (baseline)" } else { "" };
            say(&format!("{:12} {}{baseline}", one.name, one.what));
            for value in &one.values {
                say(&format!("{:12} P-Access-Network-Info: {value}", ""));
            }
        }
        return Ok(ExitCode::Pass);
    }
    if arguments.personalities {
        for one in Personalities::load(&suite.places.fixtures)?.0 {
            say(&format!(
                "{:34} {:9} {}",
                one.name,
                one.legality.name(),
                one.what
            ));
        }
        return Ok(ExitCode::Pass);
    }
    if arguments.undecidable {
        super::book::list_undecidable(&suite, &arguments.selection)?;
        return Ok(ExitCode::Pass);
    }
    if arguments.ics {
        super::ics::list(&suite, arguments.system.as_deref())?;
        return Ok(ExitCode::Pass);
    }
    let selected = select::select(&suite.catalogue.cases, &arguments.selection)?;
    let listed: Vec<Listed> = suite
        .listed()
        .into_iter()
        .filter(|case| selected.contains(&case.id))
        .collect();
    let named: BTreeSet<&str> = listed
        .iter()
        .map(|case| case.requirement.as_str())
        .collect();
    let everything = arguments.selection.is_empty();
    let requirements: Vec<&Requirement> = suite
        .register
        .requirements
        .values()
        .filter(|entry| everything || named.contains(entry.id.as_str()))
        .collect();
    if arguments.requirements {
        say(&catalogue_text::requirements(
            &requirements,
            suite.register.requirements.len(),
        ));
    } else if arguments.coverage {
        let coverage = Coverage::of(&requirements, &suite.register.catalogues, &listed);
        match arguments.json {
            true => say(&coverage.json()?),
            false => say(&coverage.text()),
        }
    } else if arguments.sentences {
        sentences();
    } else {
        say(&catalogue_text::cases(&listed, suite.catalogue.cases.len()));
    }
    Ok(if listed.is_empty() {
        ExitCode::NothingJudged
    } else {
        ExitCode::Pass
    })
}

/// Every sentence a scenario can be written with, and what it means.
fn sentences() {
    for sentence in steps::sentence_catalogue() {
        say(&format!(
            "{:5} {}\n        {}",
            sentence.keyword, sentence.text, sentence.meaning
        ));
    }
}

pub(super) fn explain(arguments: &ExplainArguments) -> Result<ExitCode> {
    let suite = Suite::read(&arguments.places)?;
    let listed = suite.listed();
    if let Some(requirement) = suite.register.get(&arguments.id) {
        say(&catalogue_text::requirement(requirement, &listed));
        return Ok(ExitCode::Pass);
    }
    let cases: Vec<&Listed> = listed
        .iter()
        .filter(|case| {
            case.id == arguments.id || case.id.starts_with(&format!("{}.", arguments.id))
        })
        .collect();
    if cases.is_empty() {
        complain(&format!(
            "{} is neither a requirement nor a test case; `list` and `list --requirements` print them",
            arguments.id
        ));
        return Ok(ExitCode::NothingJudged);
    }
    for case in cases {
        say(&catalogue_text::case(
            case,
            suite.register.get(&case.requirement),
        ));
        suite.say_ladder(&case.id);
        suite.say_faults(&case.id)?;
    }
    Ok(ExitCode::Pass)
}

pub(super) fn lint(arguments: &PlaceArguments) -> Result<ExitCode> {
    let suite = Suite::read(arguments)?;
    let problems = runner::lint::lint(&suite.catalogue, &suite.register);
    let mut problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    // The exceptions of the personalities name test cases of the suite's own features, not of any folder somebody gives.
    if arguments.features.is_none() {
        let cases: Vec<String> = suite.catalogue.cases.iter().map(|c| c.id.clone()).collect();
        problems.extend(Personalities::load(&suite.places.fixtures)?.problems(&cases));
    }
    for problem in &problems {
        say(problem);
    }
    if problems.is_empty() {
        say(&format!(
            "{} test cases, no problem",
            suite.catalogue.cases.len()
        ));
        return Ok(ExitCode::Pass);
    }
    complain(&format!("{} problem(s)", problems.len()));
    Ok(ExitCode::Error)
}

/// The suite's own files, read for looking things up.
pub(super) struct Suite {
    pub(super) places: Places,
    pub(super) catalogue: Catalogue,
    pub(super) register: Register,
}

impl Suite {
    pub(super) fn read(arguments: &PlaceArguments) -> Result<Self> {
        let places = Places::find(arguments)?;
        let catalogue = Catalogue::load(&places.features)?;
        let register = Register::load(&places.fixtures.join("requirements"))?;
        Ok(Self {
            places,
            catalogue,
            register,
        })
    }

    fn listed(&self) -> Vec<Listed> {
        let cases = self.catalogue.cases.iter().cloned();
        cases
            .map(|case| Listed {
                location: format!("{}:{}", case.file, case.line),
                steps: case
                    .steps
                    .iter()
                    .map(|step| format!("{} {}", step.keyword, step.text))
                    .collect(),
                id: case.id,
                title: case.title,
                feature: case.feature,
                rule: case.rule,
                requirement: case.requirement,
                tags: case.tags,
            })
            .collect()
    }

    /// The accepted ladder of the reference, if there is one.
    pub(super) fn ladder(&self, system: &str, id: &str) -> Option<String> {
        let captures = self.places.project.join("captures").join(system);
        let snapshot = insta::Snapshot::from_file(&captures.join(format!("{id}.snap"))).ok()?;
        match snapshot.contents() {
            insta::internals::SnapshotContents::Text(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn say_ladder(&self, id: &str) {
        if let Some(text) = self.ladder(DEFAULT_SYSTEM, id) {
            say(&format!("Ladder of the reference build:\n\n{text}\n"));
        }
    }

    fn say_faults(&self, id: &str) -> Result<()> {
        let faults = sut::faults::Faults::load(&self.places.fixtures)?.proving(id);
        if !faults.is_empty() {
            say(&format!(
                "Proven by the faults of the reference build: {}\n",
                faults.join(", ")
            ));
        }
        Ok(())
    }
}

/// The options of a run, with every default that depends on the place or the time filled in.
fn options(arguments: RunArguments, now: &jiff::Timestamp) -> Result<RunOptions> {
    let places = Places::find(&arguments.places)?;
    let name = system_name(&arguments.system);
    let reports = || reports_at(&places, &arguments.system, now);
    let ladders = places.project.join("captures").join(&name);
    Ok(RunOptions {
        operator_answers: arguments.operator_answers,
        assume: Items::new(),
        announced: false,
        shard: arguments.part.shard,
        today: today(now),
        access: arguments.access,
        jobs: arguments.jobs,
        seed: arguments.seed,
        shuffle: arguments.shuffle,
        out: Some(arguments.out.clone().unwrap_or_else(reports)),
        transport: arguments.transport.map(Into::into),
        local_ip: arguments.local_ip,
        carriage: arguments.carriage.map(Into::into),
        personality: arguments.personality,
        redact: arguments.redact,
        only_smoke: arguments.only_smoke,
        unchecked: arguments.unchecked,
        // A ladder of a fault is no proposal for the accepted one, and the accepted ones of the reference are in the project only.
        ladders: arguments
            .fault
            .is_none()
            .then_some(ladders)
            .filter(|ladders| name != DEFAULT_SYSTEM || ladders.is_dir()),
        fault: arguments.fault,
        clock: match arguments.clock {
            ClockArgument::Real => Clock::Real,
            ClockArgument::Virtual => Clock::Virtual {
                starter: virtual_clock::inside,
                overtaken: virtual_clock::overtaken,
            },
        },
        edge: arguments.edge.words(),
        selection: arguments.selection,
        system: arguments.system,
        features: places.features,
        fixtures: places.fixtures,
    })
}

/// Makes the folder of a run, and of that name only one: runs that start in the same second do not share theirs.
pub(super) fn own_folder(wanted: &Path) -> Result<PathBuf> {
    if let Some(parent) = wanted.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let mut folder = wanted.to_owned();
    for number in 2_u32.. {
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let name = wanted.file_name().unwrap_or_default().to_string_lossy();
                folder = wanted.with_file_name(format!("{name}-{number}"));
            }
            made => {
                made.with_context(|| format!("cannot create {}", folder.display()))?;
                break;
            }
        }
    }
    Ok(folder)
}

/// Where ladders are compared and proposed: where some were accepted for the system or are to be kept, else with the report of the run.
fn ladders_in(kept: PathBuf, keeps: bool, out: &Path) -> PathBuf {
    match keeps || kept.is_dir() {
        true => kept,
        false => out.join("ladders"),
    }
}

/// Where what a run of a system leaves goes, if nothing else is said.
pub(super) fn reports_folder(places: &Places, system: &str) -> PathBuf {
    reports_at(places, system, &jiff::Timestamp::now())
}

fn reports_at(places: &Places, system: &str, now: &jiff::Timestamp) -> PathBuf {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let folder = places.project.join("reports").join(system_name(system));
    folder.join(time)
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
    fn two_runs_of_one_second_do_not_share_a_folder() {
        let place = tempfile::tempdir().unwrap();
        let wanted = place.path().join("acme/20261121T054000Z");
        let made = [(), (), ()].map(|()| own_folder(&wanted).unwrap());
        let names = [
            "20261121T054000Z",
            "20261121T054000Z-2",
            "20261121T054000Z-3",
        ];
        assert_eq!(made, names.map(|name| place.path().join("acme").join(name)));
        assert!(made.iter().all(|folder| folder.is_dir()));
    }

    #[test]
    fn a_run_keeps_its_ladders_to_itself_unless_some_are_kept() {
        let place = tempfile::tempdir().unwrap();
        let (kept, out) = (place.path().join("captures/acme"), place.path().join("out"));
        assert_eq!(ladders_in(kept.clone(), false, &out), out.join("ladders"));
        assert_eq!(ladders_in(kept.clone(), true, &out), kept);
        std::fs::create_dir_all(&kept).unwrap();
        assert_eq!(ladders_in(kept.clone(), false, &out), kept);
    }

    #[test]
    fn a_fault_does_not_touch_accepted_ladders() {
        assert_eq!(parsed("--fault never-invites").ladders, None);
        assert_eq!(parsed("-o x").out, Some(PathBuf::from("x")));
    }
}
