//! `load`: a scenario again and again, by a schedule, against any system; every session with users of its own and judged by the same judges
//! as a test case of a run.
//!
//! The generator is one thread. It watches itself: where it was late, what it saw of the system proves nothing, and where it was late too
//! often the whole result is not valid. Whoever wants more than one core generates runs several and merges their results.
mod arrivals;
mod bench;
mod histogram;
mod lateness;
mod merge;
mod metrics;
mod offer;
mod places;
mod record;
mod session;
mod tally;

pub use histogram::Times;
pub use merge::{MergeError, merge};
pub use places::MOST_PLACES;
pub use record::{
    Evidence, Generator, LoadRecord, LoadedSystem, Phase, SCHEMA_VERSION, Second, Sessions,
    Verdicts,
};

use super::applicable::applicable_of;
use super::axis::Axis;
use super::catalogue::{Case, Catalogue};
use super::execute::clause_of;
use super::facility::{Running, end, start};
use super::lint::{lint, needs_control};
use super::options::RunOptions;
use super::record::RunRecord;
use super::run::{RunError, outline};
use super::select::select;
use super::waive;
use crate::steps::Script;
use crate::sut::access::AccessNetworks;
use crate::sut::waivers::{Waiver, Waivers};
use crate::sut::{Profile, secret};
use crate::verdict::Register;
use bench::{Bench, Scenario};
use lateness::Lateness;
use places::Places;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tally::Tally;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// What a load is asked to do.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// System, scenarios (as selection), places of files. What is only for runs is left aside.
    pub run: RunOptions,
    pub pattern: Vec<Phase>,
    /// Sessions open at once.
    pub most_open: usize,
    /// A generator that is later than this is too late.
    pub lag_limit: Duration,
    /// Users of a session that has ended are left alone for so long.
    pub rest: Duration,
    /// Sessions that did not pass of which the captures are kept.
    pub keep: usize,
    pub generator: String,
    /// Where `/metrics` is served.
    pub metrics: Option<SocketAddr>,
}

/// What a load tells while it goes on.
#[derive(Debug, Clone)]
pub enum LoadEvent {
    /// `/metrics` is served there.
    Metrics(SocketAddr),
    /// A second has passed.
    Second {
        second: u64,
        sessions: Sessions,
        verdicts: Verdicts,
        open: u64,
    },
}

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{0} selects no test case; `list` prints them")]
    Nothing(String),
    #[error(
        "{id} passes only beside a control, so a session of it alone proves nothing; take a scenario that stands for itself{}",
        .control.as_ref().map_or(String::new(), |id| format!(", such as its control {id}"))
    )]
    NotPositive { id: String, control: Option<String> },
    #[error("{id} does not apply to this system: {why}")]
    NotApplicable { id: String, why: String },
    #[error("users are prepared by hand (provisioning.operator), which makes no load")]
    Operator,
    #[error("--metrics {at}: {source}; free the address or choose another")]
    Metrics {
        at: SocketAddr,
        source: std::io::Error,
    },
}

/// Runs a load. To be called on a runtime of one thread.
pub async fn load(
    options: LoadOptions,
    said: impl Fn(LoadEvent) + 'static,
) -> Result<LoadRecord, LoadError> {
    let chosen = choose(&options)?;
    let started = jiff::Timestamp::now();
    let run = &options.run;
    let selected = chosen.cases.iter().map(|case| case.id.clone()).collect();
    let mut of_run = outline(
        run,
        &chosen.profile,
        &chosen.path,
        &chosen.catalogue,
        &chosen.register,
        &selected,
        started,
    );
    let mut record = blank(&options, &chosen, &of_run);
    let out = run.out.clone().unwrap_or_else(|| PathBuf::from("reports"));
    let captures = out.join("captures");
    std::fs::create_dir_all(&captures).map_err(|source| RunError::Write {
        path: captures,
        source,
    })?;
    let networks = chosen.networks.clone();
    let running = start(run, chosen.profile.clone(), networks, &out, of_run.seed).await?;
    let offered = under_way(&options, chosen, &running, &out, said, &mut record).await;
    record.notes = running.facility.provisioner.forget_all().await;
    end(running, &out, &mut of_run, None).await?;
    record.notes.append(&mut of_run.notes);
    few(&mut record.notes);
    record.finished = jiff::Timestamp::now().to_string();
    offered?;
    Ok(record.without_secrets())
}

/// Notes that are read; a load has as many of the same kind as it has sessions.
const MOST_NOTES: usize = 5;

fn few(notes: &mut Vec<String>) {
    let more = notes.len().saturating_sub(MOST_NOTES);
    if more > 0 {
        notes.truncate(MOST_NOTES);
        notes.push(format!("and {more} more"));
    }
}

/// Offers the pattern and fills the record in.
async fn under_way(
    options: &LoadOptions,
    chosen: Chosen,
    running: &Running,
    out: &Path,
    said: impl Fn(LoadEvent) + 'static,
    record: &mut LoadRecord,
) -> Result<(), LoadError> {
    let facility = running.facility.clone();
    if facility.provisioner.operator().is_some() {
        return Err(LoadError::Operator);
    }
    facility.provisioner.keep_users();
    let tally = Arc::new(Mutex::new(Tally::default()));
    if let Some(at) = options.metrics {
        let served = metrics::serve(at, tally.clone()).await;
        let address = served.map_err(|source| LoadError::Metrics { at, source })?;
        said(LoadEvent::Metrics(address));
    }
    let axis = Axis::new(chosen.networks, &[]).map_err(RunError::System)?;
    let access = axis.values();
    let scenario = |case: Case| {
        let script = Script::of(case.steps.iter().map(|step| &step.parsed))?;
        Some(Scenario {
            clause: clause_of(chosen.register.get(&case.requirement)),
            access: access.of(&case),
            script,
            case,
        })
    };
    let scenarios = chosen.cases.into_iter().filter_map(scenario).collect();
    let now = Instant::now();
    let bench = Rc::new(Bench {
        facility,
        scenarios,
        register: chosen.register,
        waivers: chosen.waivers,
        generator: options.generator.clone(),
        out: out.to_owned(),
        keep: options.keep,
        began: now,
        lateness: Lateness::new(options.lag_limit, now),
        places: RefCell::new(Places::new(
            options.most_open,
            places::most_places(),
            options.rest,
        )),
        wardrobe: RefCell::default(),
        tally: tally.clone(),
    });
    let before = offer::processor_time();
    let offering = offer::offer(bench.clone(), options.pattern.clone(), said);
    record.interrupted = LocalSet::new().run_until(offering).await;
    let spent = offer::processor_time().saturating_sub(before);
    if let Some(generator) = record.generators.first_mut() {
        generator.cpu_ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
    }
    let counted = std::mem::take(&mut *bench.tally());
    record.invalid_because = counted.invalid_because(options.lag_limit, options.most_open);
    counted.fill(record);
    Ok(())
}

/// What is to be played, by which profile and register.
struct Chosen {
    profile: Profile,
    path: PathBuf,
    catalogue: Catalogue,
    register: Register,
    networks: AccessNetworks,
    waivers: Vec<Waiver>,
    cases: Vec<Case>,
}

fn choose(options: &LoadOptions) -> Result<Chosen, LoadError> {
    let run = &options.run;
    let (profile, path) = Profile::load(&run.system, &run.fixtures).map_err(RunError::System)?;
    let profile = profile.over(run.carriage).map_err(RunError::System)?;
    let profile = profile.at(run.local_ip);
    let catalogue = Catalogue::load(&run.features).map_err(RunError::Catalogue)?;
    let register =
        Register::load(&run.fixtures.join("requirements")).map_err(RunError::Register)?;
    let problems = lint(&catalogue, &register);
    if !problems.is_empty() {
        return Err(RunError::Lint(problems).into());
    }
    let selected = select(&catalogue.cases, &run.selection).map_err(RunError::Selection)?;
    if selected.is_empty() {
        return Err(LoadError::Nothing(run.selection.join(" ")));
    }
    let chosen = catalogue.cases.iter().filter(|c| selected.contains(&c.id));
    let cases: Vec<Case> = chosen.cloned().collect();
    if let Some(case) = cases.iter().find(|case| needs_control(case)) {
        let id = case.id.clone();
        let control = super::select::controls_of(case, &catalogue.cases);
        let control = control.into_iter().next();
        return Err(LoadError::NotPositive { id, control });
    }
    let (_, others) =
        applicable_of(&catalogue, &register, &profile, &path, &selected).map_err(RunError::Ics)?;
    if let Some(other) = others.into_iter().next() {
        let (id, why) = (other.id, other.not_applicable.unwrap_or_default());
        return Err(LoadError::NotApplicable { id, why });
    }
    let networks = AccessNetworks::load(&run.fixtures).map_err(RunError::System)?;
    let waivers = Waivers::load(&path).map_err(RunError::System)?;
    let (known, carriage) = (catalogue.requirements(), profile.carriage().name());
    let (waivers, _) = waive::sound(&waivers, carriage, &known, &networks, run.today);
    Ok(Chosen {
        profile,
        path,
        catalogue,
        register,
        networks,
        waivers,
        cases,
    })
}

/// The record before anything was offered.
fn blank(options: &LoadOptions, chosen: &Chosen, run: &RunRecord) -> LoadRecord {
    let system = &run.system;
    LoadRecord {
        schema_version: SCHEMA_VERSION,
        tool: run.tool.clone(),
        started: run.started.clone(),
        finished: String::new(),
        system: LoadedSystem {
            name: system.name.clone(),
            description: system.description.clone(),
            profile_sha256: system.profile_sha256.clone(),
            fault: system.fault.clone(),
            carriage: system.carriage.clone(),
            transport: system.transport.clone(),
        },
        catalogue_sha256: run.catalogue_sha256.clone(),
        scenarios: chosen.cases.iter().map(|case| case.id.clone()).collect(),
        derived: chosen.cases.iter().all(|case| case.derived),
        pattern: options.pattern.clone(),
        generators: vec![Generator {
            name: options.generator.clone(),
            seed: run.seed,
            lag_limit_ms: u64::try_from(options.lag_limit.as_millis()).unwrap_or(u64::MAX),
            most_open: options.most_open as u64,
            cpu_ms: 0,
        }],
        valid: false,
        invalid_because: Vec::new(),
        interrupted: false,
        sessions: Sessions::default(),
        verdicts: Verdicts::default(),
        blame: BTreeMap::new(),
        failed_requirements: BTreeMap::new(),
        session_time: Times::default(),
        response_time: Times::default(),
        generator_lag: Times::default(),
        seconds: Vec::new(),
        evidence: Vec::new(),
        notes: Vec::new(),
    }
}

/// What the suite itself has written, and what programs read.
const PUBLIC: [&str; 8] = [
    "tool",
    "scenarios",
    "verdict",
    "reason",
    "test_case",
    "requirement",
    "capture",
    "carriage",
];

impl LoadRecord {
    /// The record as it may be written.
    fn without_secrets(self) -> Self {
        let masked = serde_json::to_value(&self).and_then(|mut value| {
            secret::known().value(&mut value, &PUBLIC);
            serde_json::from_value(value)
        });
        // What was read from a record is one again.
        masked.unwrap_or(self)
    }
}
