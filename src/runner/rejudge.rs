//! Judges a finished run again, from its captures and the tapes of its record: the same steps, the same questions, nothing sent and no
//! time passing.
//!
//! Whatever a capture decides is decided anew, with everything that follows from it: controls, comparison of access networks, waivers,
//! blame and totals. What it does not decide is carried over, and the result says which test cases those are and why. More than 400 lines:
//! what must be as in the run, the judging and the comparison make one result.
use super::applicable::applicable_of;
use super::axis::{AccessValues, Axis};
use super::catalogue::{Case, Catalogue, CatalogueError, Step};
use super::execute::{blank, clause_of};
use super::judge::{Over, conclude_again};
use super::record::{CaseRecord, LadderState, RunRecord, SCHEMA_VERSION, StepOutcome};
use super::run::stand_by_controls;
use super::waive;
use crate::capture::RunClock;
use crate::observe::{Trace, closure};
use crate::peer::ue::Transport;
use crate::steps::{CaseSetup, Facility, Stage, play};
use crate::sut::access::AccessNetworks;
use crate::sut::personality::Personalities;
use crate::sut::profile::Carriage;
use crate::sut::provision::Provisioner;
use crate::sut::waivers::Waivers;
use crate::sut::{Profile, SutError, secret};
use crate::verdict::register::RegisterError;
use crate::verdict::{Register, Verdict};
use cucumber::gherkin;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is judged again, and by what.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Folder of `run.json` and `captures/`.
    pub folder: PathBuf,
    pub features: PathBuf,
    pub fixtures: PathBuf,
    /// Name or folder of the system, as for a run; that of the record when absent.
    pub system: Option<String>,
    /// The profile is taken as it is given, also where its octets are not those of the run: its secrets have been taken out.
    pub profile_as_given: bool,
}

/// Why a run cannot be judged again. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RejudgeError {
    #[error(
        "cannot read {path}: {source}; name the folder of a run, with its run.json and captures/"
    )]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is no record of a run: {message}")]
    Record { path: PathBuf, message: String },
    #[error(
        "{what} is not that of the run (SHA-256 {is}, recorded {recorded}); judge it again with what it was judged by"
    )]
    Differs {
        what: String,
        is: String,
        recorded: String,
    },
    #[error(
        "{path} is not the capture of the run (SHA-256 {is}, recorded {recorded}); it has been changed since"
    )]
    Capture {
        path: PathBuf,
        is: String,
        recorded: String,
    },
    #[error("{path}: {message}")]
    Unreadable { path: PathBuf, message: String },
    #[error("{0}")]
    Profile(String),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    System(#[from] SutError),
}

/// A run that was judged again.
#[derive(Debug)]
pub struct Rejudged {
    pub recorded: RunRecord,
    pub record: RunRecord,
    pub differences: Vec<Difference>,
    /// Test cases whose verdict is that of the record, and why.
    pub carried: Vec<(String, String)>,
}

/// A test case that does not come out as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub id: String,
    pub what: Vec<Changed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub field: &'static str,
    pub recorded: String,
    pub judged: String,
}

/// A run, ready to be judged again.
pub struct Rejudge {
    pub recorded: RunRecord,
    pub catalogue: Catalogue,
    folder: PathBuf,
    facility: Arc<Facility>,
    register: Register,
    waivers: Waivers,
    axis: Axis,
    access: AccessValues,
    known: BTreeMap<String, String>,
    not_applicable: Vec<CaseRecord>,
}

/// Judges a run again and compares.
pub fn rejudge(inputs: &Inputs) -> Result<Rejudged, RejudgeError> {
    Rejudge::open(inputs)?.all()
}

impl Rejudge {
    pub fn open(inputs: &Inputs) -> Result<Self, RejudgeError> {
        let recorded = read_record(&inputs.folder.join("run.json"))?;
        let system = &recorded.system;
        let given = match system.given.is_empty() {
            true => &system.name,
            false => &system.given,
        };
        let given = inputs.system.as_ref().unwrap_or(given);
        let (profile, path) = Profile::load(given, &inputs.fixtures)?;
        let octets = std::fs::read(&path).unwrap_or_default();
        if !inputs.profile_as_given {
            same("the profile", &sha256(&octets), &system.profile_sha256)?;
        }
        let mut catalogue = Catalogue::load(&inputs.features)?;
        let register = Register::load(&inputs.fixtures.join("requirements"))?;
        let is = catalogue.sha256(&register);
        same("the catalogue", &is, &recorded.catalogue_sha256)?;
        let waivers = Waivers::load(&path)?;
        same(
            "the list of waivers",
            &waivers.sha256(),
            &recorded.waivers_sha256,
        )?;
        let known = catalogue.requirements();
        let networks = AccessNetworks::load(&inputs.fixtures)?;
        let facility = facility(&recorded, profile, networks.clone(), &inputs.fixtures)?;
        let selected: BTreeSet<String> = recorded
            .cases
            .iter()
            .map(|case| case.stated().to_owned())
            .collect();
        let chosen = applicable_of(&catalogue, &register, &facility.profile, &path, &selected);
        let (applicable, not_applicable) = chosen.map_err(|problems| {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            RejudgeError::Profile(said.join("\n"))
        })?;
        let mut axis = Axis::new(networks, &recorded.access)?;
        axis.expand(&mut catalogue, applicable)?;
        Ok(Self {
            folder: inputs.folder.clone(),
            facility: Arc::new(facility),
            access: axis.values(),
            recorded,
            catalogue,
            register,
            waivers,
            axis,
            known,
            not_applicable,
        })
    }

    /// The capture of a test case, if it is still the recorded one.
    pub fn trace(&self, case: &CaseRecord) -> Result<Option<Trace>, RejudgeError> {
        let Some(capture) = &case.capture else {
            return Ok(None);
        };
        let path = self.folder.join(&capture.path);
        let octets = std::fs::read(&path).map_err(|source| RejudgeError::Read {
            path: path.clone(),
            source,
        })?;
        let is = sha256(&octets);
        if is != capture.sha256 {
            let recorded = capture.sha256.clone();
            return Err(RejudgeError::Capture { path, is, recorded });
        }
        let mut trace = Trace::read(&octets).map_err(|error| RejudgeError::Unreadable {
            path,
            message: error.to_string(),
        })?;
        trace.default_alphabet = self.facility.profile.default_alphabet();
        Ok(Some(trace))
    }

    /// One test case, from a trace of its capture. Its verdict does not know of other test cases yet.
    pub fn judge(&self, recorded: &CaseRecord, trace: Arc<Trace>) -> Result<CaseRecord, String> {
        let case = self
            .case(recorded)
            .ok_or("it is no test case of the features")?;
        let tape = recorded.tape.clone().ok_or("it has no tape")?;
        let unanswered = tape.unanswered.clone();
        let requirement = self.register.get(&case.requirement);
        let setup = CaseSetup {
            id: case.id.clone(),
            requirement: case.requirement.clone(),
            clause: clause_of(requirement),
            ordinal: case.ordinal,
            access: self.access.of(case),
        };
        let steps = steps(case, recorded);
        let facility = &self.facility;
        let stage = Stage::again(trace.clone(), tape, facility.clone(), setup);
        let played = at_once(play(stage, &steps))??;
        let stopped = played.stop.is_some();
        let over = Over {
            ending: played.ending,
            stop: played.stop,
        };
        let mut record = as_recorded(case, recorded);
        let told = (trace.as_ref(), unanswered.as_slice());
        conclude_again(&mut record, (case, requirement), facility, &over, told);
        record.closure = Some(closure(&trace));
        if record.ladder == recorded.ladder {
            record.ladder_state = recorded.ladder_state;
            record
                .ladder_difference
                .clone_from(&recorded.ladder_difference);
        }
        for (place, step) in record.steps.iter_mut().enumerate() {
            step.outcome = match place.cmp(&played.done) {
                std::cmp::Ordering::Less => StepOutcome::Done,
                std::cmp::Ordering::Equal if stopped => StepOutcome::Stopped,
                _ => StepOutcome::NotRun,
            };
        }
        Ok(record)
    }

    /// The test case of a record, as the features state it.
    pub fn case(&self, recorded: &CaseRecord) -> Option<&Case> {
        self.catalogue
            .cases
            .iter()
            .find(|case| case.id == recorded.id)
    }

    /// Everything, and what follows from it.
    pub fn all(self) -> Result<Rejudged, RejudgeError> {
        let judged = over_all(&self.recorded.cases, |case| self.one(case));
        let (mut cases, mut carried) = (Vec::new(), Vec::new());
        for (case, why) in judged {
            let (case, why) = (case?, why);
            carried.extend(why.map(|why| (case.id.clone(), why)));
            cases.push(case);
        }
        let mut record = RunRecord {
            cases,
            ..self.recorded.clone()
        };
        self.axis.compare(&mut record, &self.folder);
        stand_by_controls(&mut record, &self.catalogue);
        carry(&mut record, &self.recorded, &carried);
        let day = |at: &str| at.parse().ok().map(|at| super::options::today(&at));
        let today = day(&self.recorded.started).unwrap_or_default();
        let networks = &self.axis.networks;
        waive::apply(&mut record, &self.waivers, &self.known, networks, today);
        record.totals.count(&record.cases);
        let record = record.without(&secret::known());
        let differences = compare(&self.recorded, &record);
        Ok(Rejudged {
            recorded: self.recorded,
            record,
            differences,
            carried,
        })
    }

    /// A test case, and why its verdict is that of the record, if it is.
    fn one(&self, recorded: &CaseRecord) -> (Result<CaseRecord, RejudgeError>, Option<String>) {
        if let Some(fresh) = self.not_applicable.iter().find(|one| one.id == recorded.id) {
            let verdict = CaseRecord {
                verdict: fresh.verdict,
                not_applicable: fresh.not_applicable.clone(),
                ..recorded.clone()
            };
            return (Ok(verdict), None);
        }
        let as_it_is = |why: String| (Ok(recorded.clone()), Some(why));
        let why = match recorded.verdict {
            Verdict::Error => Some("the suite could not judge it: an error stays one"),
            Verdict::None => Some("it has no verdict"),
            Verdict::NotApplicable => Some("it was not applicable, and the ICS no longer says so"),
            _ if recorded.capture.is_none() => Some("it has no capture"),
            _ if recorded.tape.is_none() => Some("its record has no tape"),
            _ => None,
        };
        if let Some(why) = why {
            // The capture of an error is one of the run, too.
            return match self.trace(recorded) {
                Ok(_) => as_it_is(why.to_owned()),
                Err(error) => (Err(error), None),
            };
        }
        let trace = match self.trace(recorded) {
            Ok(Some(trace)) => Arc::new(trace),
            Ok(None) => return as_it_is("it has no capture".to_owned()),
            Err(error) => return (Err(error), None),
        };
        match self.judge(recorded, trace) {
            Ok(record) => (Ok(record), None),
            Err(why) => as_it_is(why),
        }
    }
}

/// The steps of a test case. Those of a run in pseudonyms say what people wrote in them; nothing else may be different, so that nobody asks
/// other questions.
fn steps(case: &Case, recorded: &CaseRecord) -> Vec<gherkin::Step> {
    let of = |(place, step): (usize, &Step)| {
        let mut parsed = step.parsed.clone();
        if let Some(said) = recorded.steps.get(place)
            && unquoted(&said.text) == unquoted(&step.text)
        {
            parsed.value.clone_from(&said.text);
        }
        parsed
    };
    case.steps.iter().enumerate().map(of).collect()
}

/// A sentence without what is quoted in it.
fn unquoted(sentence: &str) -> String {
    sentence
        .split('"')
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\"\"")
}

/// A future that never waits.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    // Without a timer: whatever would wait here is a mistake.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .map(|runtime| runtime.block_on(future))
        .map_err(|error| error.to_string())
}

/// Does something to each, on every processor; the results are in order.
pub fn over_all<T: Sync, R: Send>(items: &[T], what: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let (next, done) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::with_capacity(items.len())),
    );
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((place, item)) = take(items, &next) {
                    let result = what(item);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    items.get(place).map(|item| (place, item))
}

fn read_record(path: &Path) -> Result<RunRecord, RejudgeError> {
    let text = std::fs::read_to_string(path).map_err(|source| RejudgeError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |message: String| RejudgeError::Record {
        path: path.to_owned(),
        message,
    };
    let record: RunRecord =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    match record.schema_version {
        SCHEMA_VERSION => Ok(record),
        other => Err(wrong(format!(
            "it has schema version {other}, this build reads {SCHEMA_VERSION}"
        ))),
    }
}

fn sha256(octets: &[u8]) -> String {
    let digest = Sha256::digest(octets);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn same(what: &str, is: &str, recorded: &str) -> Result<(), RejudgeError> {
    match is == recorded {
        true => Ok(()),
        false => Err(RejudgeError::Differs {
            what: what.to_owned(),
            is: is.to_owned(),
            recorded: recorded.to_owned(),
        }),
    }
}

/// What the steps read of a run, without the run.
fn facility(
    recorded: &RunRecord,
    profile: Profile,
    access_networks: AccessNetworks,
    fixtures: &Path,
) -> Result<Facility, RejudgeError> {
    let system = &recorded.system;
    let known = Carriage::ALL.into_iter();
    let carriage = known.clone().find(|one| one.name() == system.carriage);
    let at = system.local_ip.as_deref().and_then(|at| at.parse().ok());
    let mut profile = profile
        .over(carriage)?
        .at(at)
        .with_addresses(&system.addresses);
    profile.ics.extend(system.assumed.clone());
    let personality = system.personality.as_deref();
    let personality = personality
        .map(|name| Personalities::load(fixtures)?.named(name))
        .transpose()?;
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let exchange = system.addresses.get("exchange");
    Ok(Facility {
        provisioner: Provisioner::new(&profile, None)?,
        exchange: None,
        centre: exchange.and_then(|at| at.parse().ok()).unwrap_or(nowhere),
        clock: RunClock::start(),
        system: profile.sip.address.parse().unwrap_or(nowhere),
        transport: match system.transport.as_str() {
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            _ => Transport::Udp,
        },
        sip_tls: None,
        seed: recorded.seed,
        access_networks,
        personality,
        profile,
    })
}

/// A record of a test case with nothing judged yet: what only a run can know is that of the run.
fn as_recorded(case: &Case, recorded: &CaseRecord) -> CaseRecord {
    CaseRecord {
        title: recorded.title.clone(),
        started: recorded.started.clone(),
        duration_ms: recorded.duration_ms,
        steps: recorded.steps.clone(),
        capture: recorded.capture.clone(),
        closure: None,
        tape: recorded.tape.clone(),
        operator: recorded.operator.clone(),
        seed: recorded.seed,
        ladder_state: LadderState::NotCompared,
        ..blank(case)
    }
}

/// What was carried over is as it was, whatever has become of other test cases.
fn carry(record: &mut RunRecord, recorded: &RunRecord, carried: &[(String, String)]) {
    for (id, _) in carried {
        let old = recorded.cases.iter().find(|case| case.id == *id);
        let new = record.cases.iter_mut().find(|case| case.id == *id);
        if let (Some(old), Some(new)) = (old, new) {
            new.clone_from(old);
        }
    }
}

/// Every test case that does not come out as it is recorded.
pub fn compare(recorded: &RunRecord, judged: &RunRecord) -> Vec<Difference> {
    let of: BTreeMap<&str, &CaseRecord> = judged
        .cases
        .iter()
        .map(|case| (case.id.as_str(), case))
        .collect();
    let differs = |old: &CaseRecord| {
        let what = match of.get(old.id.as_str()) {
            Some(new) => changes(old, new),
            None => vec![Changed {
                field: "verdict",
                recorded: old.verdict.name().to_owned(),
                judged: "none: it is not judged any more".to_owned(),
            }],
        };
        let id = old.id.clone();
        (!what.is_empty()).then_some(Difference { id, what })
    };
    recorded.cases.iter().filter_map(differs).collect()
}

fn changes(old: &CaseRecord, new: &CaseRecord) -> Vec<Changed> {
    let told = |case: &CaseRecord| -> [(&'static str, String); 10] {
        let text = |value: serde_json::Result<String>| value.unwrap_or_default();
        [
            ("verdict", case.verdict.name().to_owned()),
            ("reason", text(serde_json::to_string(&case.reason))),
            ("cause", case.cause.clone()),
            ("blame", case.blame.clone()),
            ("blame_why", case.blame_why.clone()),
            ("findings", text(serde_json::to_string(&case.findings))),
            ("waiver", text(serde_json::to_string(&case.waiver))),
            (
                "not_applicable",
                case.not_applicable.clone().unwrap_or_default(),
            ),
            ("ladder", case.ladder.clone()),
            ("closure", text(serde_json::to_string(&case.closure))),
        ]
    };
    let both = told(old).into_iter().zip(told(new));
    let changed = both.filter(|((_, was), (_, is))| was != is);
    let changed = changed.map(|((field, recorded), (_, judged))| Changed {
        field,
        recorded,
        judged,
    });
    changed.collect()
}
