//! One run from start to `run.json`: catalogue, linter, selection, system, test cases, record.
//!
//! More than 400 lines: the stations of one run, in their order, each a short function.
use super::catalogue::{Catalogue, CatalogueError};
use super::execute::{Bench, blank, execute};
use super::judge::settle;
use super::lint::{Problem, lint, needs_control};
use super::options::{ProgressEvent, RunOptions, SipTransport};
use super::record::{CaseRecord, RunRecord, SCHEMA_VERSION, SystemRecord, Totals};
use super::select::{SelectionError, controls_of, select};
use super::snapshots::Snapshots;
use super::writer::StepWriter;
use crate::capture::{CaptureError, Exchange, RunClock, Tap};
use crate::peer::smsc::{Account, SmscConfig};
use crate::peer::ue::Transport;
use crate::steps::Facility;
use crate::sut::process::Process;
use crate::sut::profile::{ShortMessages, Smpp};
use crate::sut::provision::Provisioner;
use crate::sut::{Profile, SutError, applicability};
use crate::verdict::register::RegisterError;
use crate::verdict::{Reason, Register, Verdict};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    /// An ICS item is not set; nothing runs until somebody says yes or no.
    #[error("{message}; needed by {}", .cases.join(", "))]
    Applicability { message: String, cases: Vec<String> },
    #[error("cannot write {path}: {source}")]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the address of the system, `{address}` (sip.address), is no IP address and port")]
    Address { address: String },
    #[error("{0}")]
    NotBound(String),
    #[error("{error}\nits log is {}; {said}", .log.display())]
    NotStarted {
        error: SutError,
        log: PathBuf,
        said: String,
    },
}

/// A running facility and what must be ended after it.
struct Running {
    facility: Arc<Facility>,
    process: Option<Process>,
    run_tap: Tap,
}

/// Runs what the options ask for. The record is complete also after Ctrl-C; it then says so.
pub async fn run(
    options: RunOptions,
    progress: impl Fn(ProgressEvent) + Send + Sync + 'static,
) -> Result<RunRecord, RunError> {
    let started = jiff::Timestamp::now();
    let catalogue = Catalogue::load(&options.features)?;
    let register = Register::load(&options.fixtures.join("requirements"))?;
    let problems = lint(&catalogue, &register);
    if !problems.is_empty() {
        return Err(RunError::Lint(problems));
    }
    let selected = select(&catalogue.cases, &options.selection)?;
    let (profile, profile_path) = Profile::load(&options.system, &options.fixtures)?;
    let mut record = outline(
        &options,
        &profile,
        &profile_path,
        &catalogue,
        &register,
        &selected,
        started,
    );
    let applicable = not_applicable_apart(&mut record, &catalogue, &register, &profile, &selected)?;
    if !applicable.is_empty() {
        perform(
            &options,
            profile,
            catalogue,
            register,
            applicable,
            &mut record,
            Box::new(progress),
        )
        .await?;
    }
    seal(&mut record, started);
    Ok(record)
}

async fn perform(
    options: &RunOptions,
    profile: Profile,
    catalogue: Catalogue,
    register: Register,
    selected: BTreeSet<String>,
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
    let running = start(options, profile, &out, record.seed).await?;
    progress(ProgressEvent::Started {
        selected: selected.len(),
    });
    let bench = Arc::new(Bench {
        catalogue,
        register,
        facility: running.facility.clone(),
        selected,
        out: out.clone(),
        snapshots: options.ladders.as_ref().map(Snapshots::new),
        progress,
        records: Mutex::default(),
    });
    let writer = tokio::select! {
        writer = execute(bench.clone(), options.jobs.max(1)) => writer,
        _ = tokio::signal::ctrl_c() => {
            record.interrupted = true;
            StepWriter::default()
        }
    };
    gather(record, &bench, writer);
    stand_by_controls(record, &bench.catalogue);
    drop(bench);
    end(running, &out, record).await
}

/// Starts the message centre, then the system, and waits until both can talk.
async fn start(
    options: &RunOptions,
    profile: Profile,
    out: &Path,
    seed: u64,
) -> Result<Running, RunError> {
    let ShortMessages::Smpp(smpp) = profile.short_messages.clone();
    let run_tap = Tap::new();
    let exchange = Exchange::start(smsc_config(&smpp), run_tap.clone()).await?;
    let process = start_process(options, &profile, &exchange, out).await?;
    let addresses = process
        .as_ref()
        .map(|process| process.addresses.clone())
        .unwrap_or_default();
    let profile = profile.with_addresses(&addresses);
    let system = profile.sip.address.parse().map_err(|_| RunError::Address {
        address: profile.sip.address.clone(),
    })?;
    let provisioner = Provisioner::new(&profile.provisioning)?;
    if !exchange
        .bound(Duration::from_secs_f64(smpp.bound_within_seconds))
        .await
    {
        let message = format!(
            "no ESME has bound to {} as {} within {} s (short_messages.bound_within_seconds); {}",
            exchange.address(),
            smpp.system_id,
            smpp.bound_within_seconds,
            match exchange.take_notes().last() {
                Some(note) => format!("{note}: do system_id and password fit the profile?"),
                None => "nobody has tried: is the system told this address?".into(),
            }
        );
        return Err(RunError::NotBound(message));
    }
    let numbers: Vec<String> = (0..profile.numbers.pool_size)
        .map(|index| format!("{}{index:05}", profile.numbers.sessions))
        .collect();
    provisioner
        .prepare_pool(&profile.numbers.pool, &numbers)
        .await?;
    let transport = match (options.transport, profile.sip.transport.as_str()) {
        (Some(SipTransport::Tcp), _) | (None, "tcp") => Transport::Tcp,
        _ => Transport::Udp,
    };
    let facility = Facility {
        profile,
        provisioner,
        exchange,
        clock: RunClock::start(),
        system,
        transport,
        seed,
    };
    Ok(Running {
        facility: Arc::new(facility),
        process,
        run_tap,
    })
}

fn smsc_config(smpp: &Smpp) -> SmscConfig {
    SmscConfig {
        listen: smpp.listen,
        account: Some(Account {
            system_id: smpp.system_id.clone(),
            password: smpp.password.clone(),
        }),
        ..SmscConfig::default()
    }
}

async fn start_process(
    options: &RunOptions,
    profile: &Profile,
    exchange: &Exchange,
    out: &Path,
) -> Result<Option<Process>, RunError> {
    let Some(start) = &profile.start else {
        return Ok(None);
    };
    let path = out.join("system.log");
    let log = std::fs::File::create(&path).map_err(|source| RunError::Write {
        path: path.clone(),
        source,
    })?;
    let me = std::env::current_exe().map_err(|error| SutError::Start(error.to_string()))?;
    let values = BTreeMap::from([
        ("self".to_owned(), me.display().to_string()),
        ("smsc".to_owned(), exchange.address().to_string()),
    ]);
    let extra: Vec<String> = options
        .fault
        .iter()
        .flat_map(|fault| ["--fault".to_owned(), fault.clone()])
        .collect();
    let started = Process::start(start, &values, &extra, log).await;
    started.map(Some).map_err(|error| RunError::NotStarted {
        error,
        said: last_words(&path),
        log: path,
    })
}

/// What a system that did not come up has said at last.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    match lines.get(lines.len().saturating_sub(5)..).unwrap_or(&[]) {
        [] => "it is empty".into(),
        last => format!("it ends with\n  {}", last.join("\n  ")),
    }
}

/// Ends the system and the message centre; what they leave to say becomes notes.
async fn end(running: Running, out: &Path, record: &mut RunRecord) -> Result<(), RunError> {
    let Running {
        facility,
        process,
        run_tap,
    } = running;
    if let Some(mut process) = process {
        if !process.is_alive() {
            record
                .notes
                .push("the system under test ended before the run did; see system.log".into());
        }
        process.stop().await?;
    }
    record.notes.extend(facility.exchange.take_notes());
    if let Some(facility) = Arc::into_inner(facility)
        && let Err(error) = facility.exchange.stop().await
    {
        // Whatever was seen past a broken message centre proves nothing.
        if let CaptureError::PeerPanicked(_) = error {
            for case in &mut record.cases {
                settle(case, Verdict::Error, Some(Reason::Panic), error.to_string());
            }
        }
        record.notes.push(error.to_string());
    }
    let path = out.join("captures").join("run.pcapng");
    std::fs::write(&path, run_tap.octets_from(0)).map_err(|source| RunError::Write { path, source })
}

/// The record before anything has run.
fn outline(
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
            carriage: profile.short_messages.name().to_owned(),
            transport,
        },
        selection: options.selection.clone(),
        interrupted: false,
        totals: Totals {
            catalogue: catalogue.cases.len(),
            filtered: catalogue.cases.len() - selected.len(),
            ..Totals::default()
        },
        requirements: register.requirements.values().cloned().collect(),
        cases: Vec::new(),
        notes: Vec::new(),
    }
}

/// Records the selected cases that do not apply, with their ICS expression, and gives the ids of the others.
fn not_applicable_apart(
    record: &mut RunRecord,
    catalogue: &Catalogue,
    register: &Register,
    profile: &Profile,
    selected: &BTreeSet<String>,
) -> Result<BTreeSet<String>, RunError> {
    let items = profile.items();
    let mut applicable = BTreeSet::new();
    let mut unset: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in catalogue
        .cases
        .iter()
        .filter(|case| selected.contains(&case.id))
    {
        let conditions = register
            .get(&case.requirement)
            .map(|entry| entry.conditions(&case.tag))
            .unwrap_or_default();
        let mut reason = None;
        for condition in conditions {
            match applicability::holds(&condition.applies_if, &items) {
                Ok(true) => {}
                Ok(false) => {
                    reason = Some(format!("{}: {}", condition.applies_if, condition.otherwise));
                }
                Err(message) => unset.entry(message).or_default().push(case.id.clone()),
            }
        }
        match reason {
            None => {
                applicable.insert(case.id.clone());
            }
            Some(reason) => {
                let mut case = blank(case);
                case.verdict = Verdict::NotApplicable;
                case.not_applicable = Some(reason);
                record.cases.push(case);
            }
        }
    }
    match unset.into_iter().next() {
        Some((message, cases)) => Err(RunError::Applicability { message, cases }),
        None => Ok(applicable),
    }
}

/// Takes the finished cases over, with their steps.
fn gather(record: &mut RunRecord, bench: &Bench, mut writer: StepWriter) {
    let records =
        std::mem::take(&mut *bench.records.lock().unwrap_or_else(PoisonError::into_inner));
    for (id, mut case) in records {
        let path = bench.catalogue.features.iter().find_map(|feature| {
            let path = feature.path.as_deref()?;
            (super::catalogue::relative(path, &bench.catalogue.folder) == case.file)
                .then(|| path.to_string_lossy().into_owned())
        });
        if let Some(mut steps) = path.and_then(|path| writer.steps.remove(&(path, case.line))) {
            steps.extend(case.steps.split_off(steps.len().min(case.steps.len())));
            case.steps = steps;
        }
        if case.verdict == Verdict::None {
            record.notes.push(format!("{id} was interrupted"));
            continue;
        }
        record.cases.push(case);
    }
    record.cases.sort_by(|a, b| a.id.cmp(&b.id));
}

/// A pass that says that nothing happens, or that the system refuses, stands only on a control that passed in the same run.
fn stand_by_controls(record: &mut RunRecord, catalogue: &Catalogue) {
    let passed: BTreeSet<String> = record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
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
            let cause = format!(
                "it passes only beside its control {}, which did not pass: this system would have done the same in any case",
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
fn seal(record: &mut RunRecord, started: jiff::Timestamp) {
    record.cases.sort_by(|a, b| a.id.cmp(&b.id));
    let count = |verdict: Verdict| {
        record
            .cases
            .iter()
            .filter(|case| case.verdict == verdict)
            .count()
    };
    record.totals.selected = record.cases.len();
    record.totals.pass = count(Verdict::Pass);
    record.totals.fail = count(Verdict::Fail);
    record.totals.inconc = count(Verdict::Inconc);
    record.totals.error = count(Verdict::Error);
    record.totals.not_applicable = count(Verdict::NotApplicable);
    let now = jiff::Timestamp::now();
    record.finished = now.to_string();
    record.duration_ms = u64::try_from(now.duration_since(started).as_millis()).unwrap_or(0);
}
