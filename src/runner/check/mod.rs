//! Judges recordings that somebody else has made: the same features and judges, with every stimulus looked for instead of made.
//!
//! A recording may exercise a scenario many times, by many people. Every instance is judged; the verdict of a test case is that of its
//! worst instance. What does not occur is inconclusive, never a pass.
mod binding;
mod heard;
mod instance;
mod listen;
mod opening;
mod tally;

use super::applicable::{IcsProblem, applicable_of};
use super::axis::Axis;
use super::catalogue::{Case, Catalogue, CatalogueError};
use super::ends::ends_of;
use super::execute::clause_of;
use super::lint::{Problem, lint};
use super::options::{ProgressEvent, RunOptions};
use super::record::RunRecord;
use super::rejudge::over_all;
use super::run::{outline, seal, stand_by_controls};
use super::select::{SelectionError, select};
use super::waive;
use crate::capture::RunClock;
use crate::peer::ue::Transport;
use crate::steps::search::{Beginning, beginning};
use crate::steps::{CaseSetup, Facility, Surveyed, survey};
use crate::sut::access::AccessNetworks;
use crate::sut::provision::Provisioner;
use crate::sut::waivers::Waivers;
use crate::sut::{Profile, SutError, secret};
use crate::verdict::Register;
use crate::verdict::register::RegisterError;
use cucumber::gherkin;
use heard::Heard;
use instance::Attempt;
use listen::{digest, listen};
use opening::{Interest, Opening};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tally::Tally;

/// What is to be judged, and by what.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// Files of packets, in the order of their times.
    pub captures: Vec<PathBuf>,
    /// Session keys of TLS, as SSLKEYLOGFILE has them.
    pub key_log: Option<PathBuf>,
    /// Where the system was, by the names of the profile's placeholders (`sip`, `provisioning`, `core`, `ut`), and its other nodes.
    pub addresses: BTreeMap<String, String>,
    /// System, selection, features and fixtures; what only a live run needs is not looked at.
    pub run: RunOptions,
}

/// Why a recording cannot be judged. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
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
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Ics(Vec<IcsProblem>),
    #[error(
        "cannot read {path}: {source}; name a capture of tcpdump or Wireshark (pcapng or pcap)"
    )]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {message}")]
    Capture { path: PathBuf, message: String },
    #[error(
        "where the system was is not known: {key} of the profile is `{value}`; write its address there, or say --address {name}=HOST:PORT"
    )]
    Unplaced {
        key: String,
        value: String,
        name: String,
    },
    #[error(
        "{path} has no packet to or from the system, which is at {system} (sip.address of the profile); it has packets of {seen}: set sip.address, or say --address sip=HOST:PORT"
    )]
    Elsewhere {
        path: PathBuf,
        system: String,
        seen: String,
    },
}

/// What all test cases of a check share.
struct Bench {
    facility: Arc<Facility>,
    catalogue: Catalogue,
    register: Register,
    axis: Axis,
}

/// A test case, how it begins, and what has come of it so far.
struct Sought<'b> {
    case: &'b Case,
    setup: CaseSetup,
    steps: Vec<gherkin::Step>,
    begins: Beginning,
    opening: Opening,
    wanted: Vec<binding::Wanted>,
    /// Found out where a conversation begins like it.
    surveyed: OnceLock<Surveyed>,
    tally: Mutex<Tally>,
}

/// Judges recordings. Nothing is sent, and no time passes.
pub fn check(
    options: &CheckOptions,
    progress: &(dyn Fn(ProgressEvent) + Sync),
) -> Result<RunRecord, CheckError> {
    let started = jiff::Timestamp::now();
    let run = &options.run;
    let (profile, profile_path) = Profile::load(&run.system, &run.fixtures)?;
    let mut catalogue = Catalogue::load(&run.features)?;
    let register = Register::load(&run.fixtures.join("requirements"))?;
    let problems = lint(&catalogue, &register);
    if !problems.is_empty() {
        return Err(CheckError::Lint(problems));
    }
    let selected = select(&catalogue.cases, &run.selection)?;
    let waivers = Waivers::load(&profile_path)?;
    let known = catalogue.requirements();
    let profile = placed(profile.over(run.carriage)?, &options.addresses);
    let mut record = outline(
        run,
        &profile,
        &profile_path,
        &catalogue,
        &register,
        &selected,
        started,
    );
    record.seed = 0;
    record.waivers_sha256 = waivers.sha256();
    let chosen = applicable_of(&catalogue, &register, &profile, &profile_path, &selected);
    let (applicable, others) = chosen.map_err(CheckError::Ics)?;
    record.cases.extend(others);
    let networks = AccessNetworks::load(&run.fixtures)?;
    let mut axis = Axis::new(networks.clone(), &run.access)?;
    let stated = applicable.len();
    axis.expand(&mut catalogue, applicable)?;
    record.totals.catalogue += axis.running.len() - stated;
    record.totals.selected += axis.running.len() - stated;
    let address = &profile.sip.address;
    if address.parse::<SocketAddr>().is_err() {
        return Err(CheckError::Unplaced {
            key: "sip.address".to_owned(),
            value: address.clone(),
            name: "sip".to_owned(),
        });
    }
    let bench = Bench {
        facility: Arc::new(facility(profile, networks.clone())?),
        catalogue,
        register,
        axis,
    };
    bench.judge(options, &mut record, progress)?;
    stand_by_controls(&mut record, &bench.catalogue);
    waive::apply(&mut record, &waivers, &known, &networks, run.today);
    seal(&mut record, started);
    Ok(record.without(&secret::known()))
}

/// The profile with the system where it was. `sip` stands for sip.address, whatever is written there; any name that the profile does not
/// have is another node of the system.
fn placed(profile: Profile, addresses: &BTreeMap<String, String>) -> Profile {
    let url = |(name, at): (&String, &String)| {
        let is_url = ["provisioning", "ut"].contains(&name.as_str()) && !at.contains("://");
        let at = match is_url {
            true => format!("http://{at}"),
            false => at.clone(),
        };
        (name.clone(), at)
    };
    let addresses: BTreeMap<String, String> = addresses.iter().map(url).collect();
    let mut profile = profile;
    if let Some(conferencing) = &mut profile.conferencing {
        let known = ["sip", "core", "ut", "provisioning"];
        let named = addresses.iter().filter(|(name, _)| {
            let placeholder = format!("{{{name}}}");
            !known.contains(&name.as_str()) && !conferencing.nodes.contains(&placeholder)
        });
        let further: Vec<String> = named.map(|(_, at)| at.clone()).collect();
        conferencing.nodes.extend(further);
    }
    let mut profile = profile.with_addresses(&addresses);
    if let Some(at) = addresses.get("sip") {
        profile.sip.address.clone_from(at);
    }
    profile
}

/// What the steps read of a run, without a run.
fn facility(profile: Profile, access_networks: AccessNetworks) -> Result<Facility, SutError> {
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Ok(Facility {
        provisioner: Provisioner::new(&profile, None)?,
        exchange: None,
        centre: nowhere,
        clock: RunClock::start(),
        system: profile.sip.address.parse().unwrap_or(nowhere),
        transport: match profile.sip.transport.as_str() {
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            _ => Transport::Udp,
        },
        sip_tls: None,
        seed: 0,
        access_networks,
        personality: None,
        profile,
    })
}

impl Bench {
    fn judge(
        &self,
        options: &CheckOptions,
        record: &mut RunRecord,
        progress: &(dyn Fn(ProgressEvent) + Sync),
    ) -> Result<(), CheckError> {
        let cases = self.catalogue.cases.iter();
        let running: Vec<&Case> = cases
            .filter(|case| self.axis.running.contains(&case.id))
            .collect();
        progress(ProgressEvent::Started {
            selected: running.len(),
        });
        let sought = over_all(&running, |case| self.sought(case));
        let ends = ends_of(&self.facility.profile);
        let interest = Interest::of(sought.iter().map(|one| &one.opening), &ends);
        let mut place = 0;
        let mut files = Vec::new();
        for path in &options.captures {
            let judge = |heard: &Heard| self.hear(heard, &sought);
            let heard = listen(path, options, (&ends, &interest), &mut place, &judge)?;
            record.notes.extend(heard.said(path));
            files.push(heard);
        }
        let mut judged = Vec::new();
        for one in sought {
            let tally = one.tally.into_inner();
            let tally = tally.unwrap_or_else(PoisonError::into_inner);
            let (case, note) = tally.conclude(one.case, &one.begins);
            record.notes.extend(note);
            judged.push(case);
        }
        for file in files {
            let mut evidence = judged.iter_mut().filter_map(|case| case.capture.as_mut());
            let mut evidence = evidence
                .by_ref()
                .filter(|capture| *capture.path == *file.path)
                .peekable();
            if evidence.peek().is_none() {
                continue;
            }
            let sha256 = digest(file.path.as_ref().as_ref())?;
            for capture in evidence {
                capture.sha256.clone_from(&sha256);
                capture.frames = file.frames;
            }
        }
        record.cases.extend(judged);
        Ok(())
    }

    fn setup(&self, case: &Case) -> CaseSetup {
        CaseSetup {
            id: case.id.clone(),
            requirement: case.requirement.clone(),
            clause: clause_of(self.register.get(&case.requirement)),
            ordinal: case.ordinal,
            access: self.axis.values().of(case),
        }
    }

    /// How a test case begins.
    fn sought<'b>(&self, case: &'b Case) -> Sought<'b> {
        let steps: Vec<gherkin::Step> = case.steps.iter().map(|one| one.parsed.clone()).collect();
        let setup = self.setup(case);
        let begins = beginning(self.facility.clone(), setup.clone(), &steps);
        let mut begins = super::rejudge::at_once(begins).unwrap_or_default();
        binding::name_everybody(&mut begins, &steps);
        let opening = Opening::of(&begins);
        tracing::debug!(case = case.id, ?opening, "how a test case begins");
        Sought {
            case,
            setup,
            opening,
            wanted: binding::wanted(&self.facility, &begins),
            steps,
            begins,
            surveyed: OnceLock::new(),
            tally: Mutex::default(),
        }
    }

    /// Every test case that the conversation may be an instance of.
    fn hear(&self, heard: &Heard, sought: &[Sought]) {
        let Some(first) = heard.first() else {
            return;
        };
        for one in sought.iter().filter(|one| one.opening.may_begin(first)) {
            let mut ways = binding::candidates(&self.facility, heard, &one.wanted).into_iter();
            let Some(way) = ways.next() else {
                continue;
            };
            let surveyed = one.surveyed.get_or_init(|| {
                let surveyed = survey(self.facility.clone(), one.setup.clone(), &one.steps);
                super::rejudge::at_once(surveyed).unwrap_or_default()
            });
            if !heard.has_said(&surveyed.said) || !heard.has_done(surveyed) {
                continue;
            }
            for people in std::iter::once(way).chain(ways) {
                let attempt = instance::attempt(self, one, heard, people);
                let found = matches!(attempt, Attempt::Judged(..));
                let mut tally = one.tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.add(heard.place, attempt);
                if found {
                    break;
                }
            }
        }
    }
}
