//! What a run needs around its test cases: the message centre of the suite, the system under test, the way to prepare users on it.
use super::doctor;
use super::redact::Redacting;
mod inside_tls;
mod waiting;

use super::judge::settle;
use super::options::{Clock, RunOptions};
use super::record::RunRecord;
use super::run::RunError;
use crate::capture::{CaptureError, Centre, DiameterCentre, Exchange, RunClock, SipTls, Tap};
use crate::peer::diameter_node::NodeConfig;
use crate::peer::service_centre::ServiceCentreConfig;
use crate::peer::smsc::{Account, Role, SmscConfig};
use crate::steps::Facility;
use crate::sut::access::AccessNetworks;
use crate::sut::personality::{Personalities, Personality};
use crate::sut::process::Process;
use crate::sut::profile::{DiameterTransport, InUse, Sgd, Smpp, SmppRole};
use crate::sut::provision::Provisioner;
use crate::sut::{Profile, SutError};
use crate::verdict::{Reason, Verdict};
use crate::wire::diameter::application;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
pub(super) use waiting::wait_for_the_system;

/// RFC 3539 section 3.4.1: Tw is 30 seconds where nothing else is agreed.
const WATCHDOG: Duration = Duration::from_secs(30);
/// How long the node waits for an answer: longer than any T_reasm or reaction of a test case.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A running facility and what must be ended after it.
pub(super) struct Running {
    pub facility: Arc<Facility>,
    process: Option<Process>,
    run_tap: Tap,
}

impl Running {
    /// What the system has said of its addresses, and the exchange's.
    pub fn addresses(&self) -> BTreeMap<String, String> {
        let said = self.process.iter().flat_map(|one| one.addresses.clone());
        let exchange = ("exchange".to_owned(), self.facility.centre.to_string());
        said.chain([exchange]).collect()
    }
}

/// Suite and system, before it is known whether they can talk.
pub(super) struct Prepared {
    pub profile: Profile,
    pub exchange: Exchange,
    pub provisioner: Provisioner,
    /// With transport `tls`.
    pub sip_tls: Option<SipTls>,
    process: Option<Process>,
    run_tap: Tap,
}

impl Prepared {
    /// Ends both; what they have to say no longer matters.
    pub async fn end(self) {
        if let Some(process) = self.process
            && let Err(error) = process.stop().await
        {
            tracing::warn!(%error, "the system did not end");
        }
        if let Err(error) = self.exchange.stop().await {
            tracing::warn!(%error, "the message centre did not end");
        }
    }
}

/// Starts the message centre, then the system.
pub(super) async fn prepare(
    options: &RunOptions,
    profile: Profile,
    out: &Path,
) -> Result<Prepared, RunError> {
    profile.stands().map_err(RunError::NotHere)?;
    let sip_tls = inside_tls::of_sip(&profile, doctor::transport(options, &profile))?;
    let run_tap = Tap::of_run();
    let exchange = start_exchange(&profile, run_tap.clone()).await?;
    let process = start_process(options, &profile, &exchange, out).await?;
    let addresses = process
        .as_ref()
        .map(|process| process.addresses.clone())
        .unwrap_or_default();
    let profile = profile.with_addresses(&addresses);
    let provisioner = Provisioner::new(&profile, options.operator_answers.as_deref())?;
    Ok(Prepared {
        profile,
        exchange,
        provisioner,
        sip_tls,
        process,
        run_tap,
    })
}

/// Starts the message centre, then the system, and waits until both can talk.
pub(super) async fn start(
    options: &RunOptions,
    profile: Profile,
    access_networks: AccessNetworks,
    out: &Path,
    seed: u64,
) -> Result<Running, RunError> {
    let personality = personality(options, &profile)?;
    let prepared = prepare(options, profile, out).await?;
    let transport = doctor::transport(options, &prepared.profile);
    let address = &prepared.profile.sip.address;
    let system = address.parse().map_err(|_| RunError::Address {
        address: address.clone(),
    })?;
    let looked = match options.unchecked {
        false => doctor::examine(&prepared, transport).await,
        true => wait_for_the_system(&prepared.profile, &prepared.exchange).await,
    };
    if let Err(error) = looked {
        prepared.end().await;
        return Err(error);
    }
    let Prepared {
        profile,
        exchange,
        provisioner,
        sip_tls,
        process,
        run_tap,
    } = prepared;
    if options.unchecked {
        let pool = pool(&profile);
        let name = &profile.numbers.pool;
        provisioner.prepare_pool(name, &pool).await?;
    }
    let facility = Facility {
        profile,
        provisioner,
        centre: exchange.address(),
        exchange: Some(exchange),
        clock: RunClock::start(),
        system,
        transport,
        sip_tls,
        seed,
        access_networks,
        personality,
    };
    Ok(Running {
        facility: Arc::new(facility),
        process,
        run_tap,
    })
}

/// The session numbers of the common pool.
pub(super) fn pool(profile: &Profile) -> Vec<String> {
    let numbers = &profile.numbers;
    let number = |index| format!("{}{index:05}", numbers.sessions);
    (0..numbers.pool_size).map(number).collect()
}

/// What the peers of the run are like.
fn personality(options: &RunOptions, profile: &Profile) -> Result<Option<Personality>, SutError> {
    let Some(name) = &options.personality else {
        return Ok(None);
    };
    let personality = Personalities::load(&options.fixtures)?.named(name)?;
    let carriage = profile.carriage().name();
    let fits = &personality.carriages;
    if !fits.is_empty() && !fits.iter().any(|one| one == carriage) {
        return Err(SutError::Profile {
            path: "fixtures/personalities.yaml".to_owned(),
            message: format!("personality {name} means nothing over {carriage}"),
        });
    }
    Ok(Some(personality))
}

/// The suite's side of the carriage in use.
async fn start_exchange(profile: &Profile, run_tap: Tap) -> Result<Exchange, RunError> {
    let mut tls = None;
    let centre = match profile.in_use() {
        Some(InUse::Smpp(smpp)) => {
            tls = inside_tls::of_smpp(smpp)?;
            smsc_config(smpp).into()
        }
        Some(InUse::Sgd(sgd)) => Centre::Diameter(Box::new(diameter_centre(sgd, false))),
        Some(InUse::SmsOverIp(sgd)) => Centre::Diameter(Box::new(diameter_centre(sgd, true))),
        None => {
            let carriage = profile.carriage().name();
            let message = format!("the profile does not describe {carriage}");
            return Err(RunError::NotBound(message));
        }
    };
    let started = Exchange::start_over(centre, tls, run_tap).await;
    started.map_err(|error| match error {
        CaptureError::Bind {
            address, source, ..
        } => {
            let section = profile.carriage().name();
            let fix = match source.kind() {
                std::io::ErrorKind::AddrNotAvailable => {
                    "that is no address of this machine; write one"
                }
                _ => "end what listens there, or choose another",
            };
            RunError::NotBound(format!(
                "short_messages.{section}.listen: the suite cannot listen on {address} ({source}); {fix}"
            ))
        }
        error => error.into(),
    })
}

fn diameter_centre(sgd: &Sgd, over_ip: bool) -> DiameterCentre {
    // Identifiers of one start are far from those of the next (RFC 6733 section 3).
    let seconds = jiff::Timestamp::now().as_second();
    let first = u32::try_from(seconds & 0x0fff).unwrap_or(0) << 20;
    DiameterCentre {
        listen: sgd.listen,
        sctp: sgd.transport == DiameterTransport::Sctp,
        over_ip,
        service_centre: ServiceCentreConfig {
            node: NodeConfig {
                origin_host: sgd.origin_host.clone(),
                origin_realm: sgd.origin_realm.clone(),
                applications: vec![application::SGD, application::S6C, application::SH],
                watchdog: WATCHDOG,
                answer_timeout: ANSWER_TIMEOUT,
                first,
            },
            sc_address: sgd.sc_address.trim_start_matches('+').to_owned(),
            system_host: sgd.system_host.clone(),
            system_realm: sgd.system_realm.clone(),
        },
    }
}

fn smsc_config(smpp: &Smpp) -> SmscConfig {
    let account = Account {
        system_id: smpp.system_id.clone(),
        password: smpp.password.expose().to_owned(),
    };
    SmscConfig {
        listen: smpp.listen,
        role: match smpp.role {
            SmppRole::MessageCentre => Role::MessageCentre,
            SmppRole::Esme => Role::Esme(account.clone()),
        },
        account: Some(account),
        default_alphabet: smpp.data_coding_0.into(),
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
        ("local_ip".to_owned(), profile.sip.local_ip.to_string()),
    ]);
    let carriage = profile.in_use().map(InUse::start_arguments);
    let fault = options.fault.iter();
    let fault = fault.flat_map(|fault| ["--fault".to_owned(), fault.clone()]);
    let edge = options.edge.iter().cloned();
    let extra = carriage.into_iter().flatten().chain(fault).chain(edge);
    let extra: Vec<String> = extra.collect();
    let started = match options.clock {
        Clock::Real => Process::start(start, &values, &extra, &profile.secrets, log).await,
        Clock::Virtual { starter, .. } => Process::inside(starter, start, &values, &extra).await,
    };
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
    redacting: Option<&Redacting>,
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
    if let Some(exchange) = &facility.exchange {
        record.notes.extend(exchange.take_notes());
    }
    if let Some(exchange) = Arc::into_inner(facility).and_then(|facility| facility.exchange)
        && let Err(error) = exchange.stop().await
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
    let octets = run_tap.octets_from(0);
    let octets = match redacting {
        Some(redacting) => redacting.remaining(&octets).map_err(RunError::Redaction)?,
        None => octets,
    };
    std::fs::write(&path, octets).map_err(|source| RunError::Write { path, source })
}
