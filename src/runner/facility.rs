//! What a run needs around its test cases: the message centre of the suite, the system under test, the way to prepare users on it.
use super::judge::settle;
use super::options::{RunOptions, SipTransport};
use super::record::RunRecord;
use super::run::RunError;
use crate::capture::{CaptureError, Exchange, RunClock, Tap};
use crate::peer::smsc::{Account, SmscConfig};
use crate::peer::ue::Transport;
use crate::steps::Facility;
use crate::sut::process::Process;
use crate::sut::profile::{InUse, Smpp};
use crate::sut::provision::Provisioner;
use crate::sut::{Profile, SutError};
use crate::verdict::{Reason, Verdict};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A running facility and what must be ended after it.
pub(super) struct Running {
    pub facility: Arc<Facility>,
    process: Option<Process>,
    run_tap: Tap,
}

/// Starts the message centre, then the system, and waits until both can talk.
pub(super) async fn start(
    options: &RunOptions,
    profile: Profile,
    out: &Path,
    seed: u64,
) -> Result<Running, RunError> {
    let run_tap = Tap::new();
    let exchange = start_exchange(&profile, run_tap.clone()).await?;
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
    wait_for_the_system(&profile, &exchange).await?;
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

/// The suite's side of the carriage in use.
async fn start_exchange(profile: &Profile, run_tap: Tap) -> Result<Exchange, RunError> {
    match profile.in_use() {
        Some(InUse::Smpp(smpp)) => Ok(Exchange::start(smsc_config(smpp), run_tap).await?),
        _ => Err(RunError::NotBound(format!(
            "the suite cannot carry short messages by {} yet",
            profile.carriage().name()
        ))),
    }
}

/// Until short messages can go both ways.
async fn wait_for_the_system(profile: &Profile, exchange: &Exchange) -> Result<(), RunError> {
    let Some(InUse::Smpp(smpp)) = profile.in_use() else {
        return Ok(());
    };
    let limit = Duration::from_secs_f64(smpp.bound_within_seconds);
    if exchange.bound(limit).await {
        return Ok(());
    }
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
    Err(RunError::NotBound(message))
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
        ("sgd".to_owned(), exchange.address().to_string()),
    ]);
    let carriage = profile.in_use().map(InUse::start_arguments);
    let fault = options.fault.iter();
    let fault = fault.flat_map(|fault| ["--fault".to_owned(), fault.clone()]);
    let extra: Vec<String> = carriage.into_iter().flatten().chain(fault).collect();
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
pub(super) async fn end(
    running: Running,
    out: &Path,
    record: &mut RunRecord,
) -> Result<(), RunError> {
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
