//! One run from start to `run.json`: catalogue, linter, selection, system, test cases, record.
//!
//! More than 400 lines: the stations of one run, in their order, each a short function.
use super::applicable::{IcsProblem, applicable_of};
use super::axis::Axis;
use super::catalogue::{Catalogue, CatalogueError};
use super::doctor::Check;
use super::execute::{Bench, blank, execute};
use super::facility::{end, start};
use super::judge::settle;
use super::lint::{Problem, lint, needs_control};
use super::options::{Clock, ProgressEvent, RunOptions};
use super::probe;
use super::record::{CaseRecord, RunRecord, SCHEMA_VERSION, SystemRecord, Totals};
use super::redact::Redacting;
use super::select::{SelectionError, controls_of, select, smoke_of};
use super::snapshots::Snapshots;
use super::waive;
use super::writer::StepWriter;
use crate::capture::CaptureError;
use crate::sut::access::AccessNetworks;
use crate::sut::waivers::{Waiver, Waivers};
use crate::sut::{Profile, SutError, secret};
use crate::verdict::register::RegisterError;
use crate::verdict::{Reason, Register, Verdict};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Why no run took place.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error("the features have {} problem(s):\n{}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Lint(Vec<Problem>),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    System(#[from] SutError),
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// Nothing runs until somebody has said yes or no.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Ics(Vec<IcsProblem>),
    #[error("cannot write {path}: {source}")]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the address of the system, `{address}` (sip.address), is no IP address and port")]
    Address { address: String },
    #[error("{0}")]
    NotBound(String),
    /// The suite has no such address.
    #[error("{0}")]
    NotHere(String),
    #[error("{0}")]
    Redaction(String),
    /// Profile and system do not fit together; that is nobody's failure.
    #[error("{}", .0.iter().filter_map(Check::ill).collect::<Vec<_>>().join("\n"))]
    Unfit(Vec<Check>),
    #[error("{error}\nits log is {}; {said}", .log.display())]
    NotStarted {
        error: SutError,
        log: PathBuf,
        said: String,
    },
}

/// Runs what the options ask for. The record is complete also after Ctrl-C; it then says so.
pub async fn run(
    mut options: RunOptions,
    progress: impl Fn(ProgressEvent) + Send + Sync + 'static,
) -> Result<RunRecord, RunError> {
    let started = jiff::Timestamp::now();
    let (profile, profile_path) = Profile::load(&options.system, &options.fixtures)?;
    let mut catalogue = Catalogue::load(&options.features)?;
    let register = Register::load(&options.fixtures.join("requirements"))?;
    let problems = lint(&catalogue, &register);
    if !problems.is_empty() {
        return Err(RunError::Lint(problems));
    }
    let mut selected = select(&catalogue.cases, &options.selection)?;
    if options.only_smoke {
        selected = smoke_of(&catalogue.cases, &selected);
    }
    if let Some(shard) = options.shard {
        selected = shard.of_selection(&catalogue.cases, &selected);
    }
    let waivers = Waivers::load(&profile_path)?;
    let known = catalogue.requirements();
    let usual = options.carriage.is_none_or(|c| c == profile.carriage())
        && options.local_ip.is_none_or(|ip| ip == profile.sip.local_ip);
    if !usual || options.personality.is_some() || options.redact || !options.edge.is_empty() {
        // Ladders were accepted over the profile's own carriage and version of IP, with peers as they usually are, and as what was said
        // was said.
        options.ladders = None;
    }
    let mut profile = profile.over(options.carriage)?.at(options.local_ip);
    profile.ics.extend(options.assume.clone());
    let mut record = outline(
        &options,
        &profile,
        &profile_path,
        &catalogue,
        &register,
        &selected,
        started,
    );
    let (applicable, others) =
        applicable_of(&catalogue, &register, &profile, &profile_path, &selected)
            .map_err(RunError::Ics)?;
    record.cases.extend(others);
    let networks = AccessNetworks::load(&options.fixtures)?;
    record.waivers_sha256 = waivers.sha256();
    let carriage = &record.system.carriage;
    let (sound, _) = waive::sound(&waivers, carriage, &known, &networks, options.today);
    let mut axis = Axis::new(networks.clone(), &options.access)?;
    let stated = applicable.len();
    axis.expand(&mut catalogue, applicable)?;
    record.totals.catalogue += axis.running.len() - stated;
    record.totals.selected += axis.running.len() - stated;
    if !axis.running.is_empty() {
        perform(
            &options,
            profile,
            axis,
            (catalogue, register, sound),
            &mut record,
            Box::new(progress),
        )
        .await?;
    }
    waive::apply(&mut record, &waivers, &known, &networks, options.today);
    seal(&mut record, started);
    Ok(record.without(&secret::known()))
}

async fn perform(
    options: &RunOptions,
    profile: Profile,
    axis: Axis,
    (catalogue, register, waivers): (Catalogue, Register, Vec<Waiver>),
    record: &mut RunRecord,
    progress: Box<dyn Fn(ProgressEvent) + Send + Sync>,
) -> Result<(), RunError> {
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("reports"));
    let captures = out.join("captures");
    std::fs::create_dir_all(&captures).map_err(|source| RunError::Write {
        path: captures,
        source,
    })?;
    // Ladders were accepted over the profile's own transport; over another one they all differ.
    let usual = options
        .transport
        .is_none_or(|t| t.name() == profile.sip.transport);
    let ladders = options.ladders.as_ref().filter(|_| usual);
    let redacting = options.redact.then(|| Redacting::new(Some(&profile)));
    let redacting = redacting.transpose().map_err(RunError::Redaction)?;
    let redacting = redacting.map(Arc::new);
    let running = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            record.interrupted = true;
            record.notes.push("stopped before the system was ready".to_owned());
            return Ok(());
        }
        running = start(options, profile, axis.networks.clone(), &out, record.seed) => running?,
    };
    record.system.addresses = running.addresses();
    if options.announced {
        probe::announce(&running.facility, &out).await?;
    }
    progress(ProgressEvent::Started {
        selected: axis.running.len(),
    });
    let bench = Arc::new(Bench {
        catalogue,
        register,
        facility: running.facility.clone(),
        selected: axis.running.clone(),
        access: axis.values(),
        out: out.clone(),
        shuffled: options.shuffle.then_some(record.seed),
        snapshots: ladders.map(Snapshots::new),
        waivers,
        redacting: redacting.clone(),
        progress,
        records: Mutex::default(),
    });
    let writer = tokio::select! {
        // Looked at first: what happens after Ctrl-C is nobody's fault.
        biased;
        _ = tokio::signal::ctrl_c() => {
            record.interrupted = true;
            StepWriter::default()
        }
        writer = execute(bench.clone(), jobs(options, &bench)) => writer,
    };
    if let Some(operator) = bench.facility.provisioner.operator() {
        let before = operator.take_acts("").into_iter();
        let said =
            before.map(|act| format!("operator: {}: {} {}", act.asked, act.answer, act.note));
        record.notes.extend(said);
    }
    if record.interrupted {
        // Their test cases never came to their ends.
        record
            .notes
            .extend(bench.facility.provisioner.forget_all().await);
    }
    gather(record, &bench, writer);
    axis.compare(record, &out);
    stand_by_controls(record, &bench.catalogue);
    drop(bench);
    end(running, &out, record, redacting.as_deref()).await?;
    trust_the_clock(options, record);
    if let Some(redacting) = redacting {
        redacting.finish(record, &out);
    }
    Ok(())
}

/// Verdicts of a clock that has jumped over something that was under way are none.
fn trust_the_clock(options: &RunOptions, record: &mut RunRecord) {
    let overtaken = match options.clock {
        Clock::Real => 0,
        Clock::Virtual { overtaken, .. } => overtaken(),
    };
    if overtaken == 0 {
        return;
    }
    let cause = format!(
        "{overtaken} datagrams were under way when the virtual clock jumped; run it with `--clock real`"
    );
    for case in &mut record.cases {
        settle(case, Verdict::Error, Some(Reason::Capture), cause.clone());
    }
    record.notes.push(cause);
}

/// How the command line named the system, where its name alone does not find it again.
fn given(system: &str, name: &str) -> String {
    match system == name {
        true => String::new(),
        false => system.to_owned(),
    }
}

/// Where an operator prepares users, one test case at a time: he has two hands.
fn jobs(options: &RunOptions, bench: &Bench) -> usize {
    match bench.facility.provisioner.operator() {
        Some(_) => 1,
        None => options.jobs.max(1),
    }
}

/// The record before anything has run.
pub(super) fn outline(
    options: &RunOptions,
    profile: &Profile,
    profile_path: &Path,
    catalogue: &Catalogue,
    register: &Register,
    selected: &BTreeSet<String>,
    started: jiff::Timestamp,
) -> RunRecord {
    let digest = Sha256::digest(std::fs::read(profile_path).unwrap_or_default());
    let transport = options
        .transport
        .map_or(profile.sip.transport.clone(), |transport| {
            transport.name().to_owned()
        });
    RunRecord {
        schema_version: SCHEMA_VERSION,
        tool: format!("ims-conformance {}", env!("CARGO_PKG_VERSION")),
        started: started.to_string(),
        finished: String::new(),
        duration_ms: 0,
        seed: options.seed.unwrap_or_else(|| fastrand::u64(..)),
        jobs: options.jobs,
        system: SystemRecord {
            name: profile.name.clone(),
            description: profile.description.clone(),
            profile_sha256: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
            fault: options.fault.clone(),
            edge: options.edge.clone(),
            personality: options.personality.clone(),
            carriage: profile.carriage().name().to_owned(),
            transport,
            given: given(&options.system, &profile.name),
            local_ip: options.local_ip.map(|ip| ip.to_string()),
            addresses: BTreeMap::new(),
            assumed: options.assume.clone(),
        },
        selection: options.selection.clone(),
        only_smoke: options.only_smoke,
        waivers_sha256: String::new(),
        catalogue_sha256: catalogue.sha256(register),
        shard: options.shard,
        access: options.access.clone(),
        interrupted: false,
        totals: Totals {
            catalogue: catalogue.cases.len(),
            filtered: catalogue.cases.len() - selected.len(),
            selected: selected.len(),
            ..Totals::default()
        },
        requirements: register.requirements.values().cloned().collect(),
        cases: Vec::new(),
        waiver_problems: Vec::new(),
        notes: Vec::new(),
    }
}

/// Takes the finished cases over, with their steps.
fn gather(record: &mut RunRecord, bench: &Bench, mut writer: StepWriter) {
    let mut records =
        std::mem::take(&mut *bench.records.lock().unwrap_or_else(PoisonError::into_inner));
    let cases = bench.catalogue.cases.iter();
    for case in cases.filter(|case| bench.selected.contains(&case.id)) {
        records
            .entry(case.id.clone())
            .or_insert_with(|| blank(case));
    }
    let mut unjudged = Vec::new();
    for (id, mut case) in records {
        let path = bench.catalogue.features.iter().find_map(|feature| {
            let path = feature.path.as_deref()?;
            (super::catalogue::relative(path, &bench.catalogue.folder) == case.file)
                .then(|| path.to_string_lossy().into_owned())
        });
        if let Some(mut steps) =
            path.and_then(|path| writer.steps.remove(&(path, case.line, case.access.clone())))
        {
            steps.extend(case.steps.split_off(steps.len().min(case.steps.len())));
            case.steps = steps;
        }
        if case.verdict == Verdict::None && record.interrupted {
            unjudged.push(id);
            continue;
        }
        if case.verdict == Verdict::None {
            let cause = "it was selected and never got a verdict".to_owned();
            settle(&mut case, Verdict::Error, Some(Reason::Panic), cause);
        }
        record.cases.push(case);
    }
    if !unjudged.is_empty() {
        let ids = unjudged.join(", ");
        record
            .notes
            .push(format!("stopped before a verdict: {ids}"));
    }
    record.cases.sort_by(|a, b| a.id.cmp(&b.id));
}

/// A pass that says that nothing happens, or that the system refuses, stands only on a control that passed in the same run.
pub(super) fn stand_by_controls(record: &mut RunRecord, catalogue: &Catalogue) {
    let passed: BTreeSet<String> = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
        .map(|case| case.id.clone())
        .collect();
    let judged: BTreeSet<String> = record
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::None)
        .map(|case| case.id.clone())
        .collect();
    for case in &mut record.cases {
        let Some(entry) = catalogue.cases.iter().find(|entry| entry.id == case.id) else {
            continue;
        };
        if case.verdict != Verdict::Pass || !needs_control(entry) {
            continue;
        }
        let controls = controls_of(entry, &catalogue.cases);
        let failing: Vec<&String> = controls.iter().filter(|id| !passed.contains(*id)).collect();
        if !failing.is_empty() {
            let names: Vec<&str> = failing.iter().map(|id| id.as_str()).collect();
            let all_ran = failing.iter().all(|id| judged.contains(*id));
            let why = match record.interrupted && !all_ran {
                true => "the run was stopped before that",
                false => "this system would have done the same in any case",
            };
            let cause = format!(
                "it passes only beside its control {}, which did not pass: {why}",
                names.join(", ")
            );
            unproven(case, cause);
        }
    }
}

fn unproven(case: &mut CaseRecord, cause: String) {
    settle(
        case,
        Verdict::Inconc,
        Some(Reason::InsufficientEvidence),
        cause,
    );
}

/// Counts, times, order.
pub(super) fn seal(record: &mut RunRecord, started: jiff::Timestamp) {
    record.cases.sort_by(|a, b| a.id.cmp(&b.id));
    record.totals.count(&record.cases);
    let now = jiff::Timestamp::now();
    record.finished = now.to_string();
    record.duration_ms = u64::try_from(now.duration_since(started).as_millis()).unwrap_or(0);
}
