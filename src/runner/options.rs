//! What one run is asked to do, and what it says while it does it.
//!
//! Shared by the command line (which fills [`RunOptions`] in and shows [`ProgressEvent`]s) and the runner (which does the reverse).
//! Only plain values: it neither reads files nor decides anything.
use super::shard::Shard;
use crate::sut::applicability::Items;
use crate::sut::process::Starter;
use crate::sut::profile::Carriage;
use crate::verdict::Verdict;
use jiff::{civil::Date, tz::TimeZone};
use std::net::IpAddr;
use std::path::PathBuf;

/// Transport of SIP between the peers and the system under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipTransport {
    Udp,
    Tcp,
    Tls,
}

impl SipTransport {
    /// As written in profiles and in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// The system that is tested when none is named.
pub const DEFAULT_SYSTEM: &str = "reference";
/// Test cases that run at the same time when nothing else is asked.
pub const DEFAULT_JOBS: usize = 16;

/// The clock of a run.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    #[default]
    Real,
    /// One that jumps to the next timer when nobody has anything to do. The runtime is single-threaded and its clock is paused; the
    /// system runs inside it, or nobody would know when nothing is to be done.
    Virtual {
        starter: Starter,
        /// How many datagrams have been under way while the clock jumped. None, unless the kernel holds datagrams back; the times of
        /// such a run are not to be trusted.
        overtaken: fn() -> usize,
    },
}

#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Name of a folder in `<fixtures>/systems`, or the path of such a folder.
    pub system: String,
    /// Words of the command line: test case id, requirement id, id prefix or tag expression; empty = everything.
    pub selection: Vec<String>,
    /// Test cases that run at the same time; at least 1.
    pub jobs: usize,
    /// Reproduces identifiers and texts of an earlier run; picked at random when absent.
    pub seed: Option<u64>,
    /// Runs the test cases in an order that the seed decides, and not in that of the features.
    pub shuffle: bool,
    /// Folder for `run.json`, captures and reports; `<project>/reports/<system>/<run>` when absent.
    pub out: Option<PathBuf>,
    /// Fault to switch on; only for a system that the suite starts as its reference build.
    pub fault: Option<String>,
    pub clock: Clock,
    /// How what that system sends differs from what it usually sends, as words of its command line: `--vary 7`.
    pub edge: Vec<String>,
    /// Overrides the transport of the profile.
    pub transport: Option<SipTransport>,
    /// Overrides the local address of the profile.
    pub local_ip: Option<IpAddr>,
    /// Carriage of short messages; that of the profile when absent.
    pub carriage: Option<Carriage>,
    /// Name of an entry of `<fixtures>/personalities.yaml` that all peers take on.
    pub personality: Option<String>,
    /// Outputs with pseudonyms in the place of numbers, IMSIs and what users wrote.
    pub redact: bool,
    /// Of the selection, only what proves the plumbing: the test cases tagged `@smoke`.
    pub only_smoke: bool,
    /// Do not look first whether the system can be reached.
    pub unchecked: bool,
    /// Access networks to run over: names of `<fixtures>/access_networks.yaml`, or `all`. When empty, the baseline, and every one for test
    /// cases that ask for it.
    pub access: Vec<String>,
    /// Runs only this part of the selection.
    pub shard: Option<Shard>,
    /// The day by which waivers are measured.
    pub today: Date,
    /// Answers of an operator who prepares users, where he does not sit at the terminal.
    pub operator_answers: Option<PathBuf>,
    /// Items of the ICS that are taken for this, whatever the profile says (`probe`).
    pub assume: Items,
    /// Ask the interfaces first what they announce of themselves, into a capture of its own (`probe`).
    pub announced: bool,
    /// Folder of the feature files.
    pub features: PathBuf,
    /// Folder with `requirements/`, `systems/`, `faults.yaml`.
    pub fixtures: PathBuf,
    /// Folder of the accepted ladders (`<TC>.snap`); ladders are not compared when absent,
    /// nor over another transport or carriage than the profile's.
    pub ladders: Option<PathBuf>,
}

impl RunOptions {
    /// Everything, against the reference build, with the given features and fixtures.
    pub fn new(features: PathBuf, fixtures: PathBuf) -> Self {
        Self {
            system: DEFAULT_SYSTEM.to_owned(),
            selection: Vec::new(),
            jobs: DEFAULT_JOBS,
            seed: None,
            shuffle: false,
            out: None,
            fault: None,
            clock: Clock::Real,
            edge: Vec::new(),
            transport: None,
            local_ip: None,
            carriage: None,
            personality: None,
            redact: false,
            only_smoke: false,
            unchecked: false,
            shard: None,
            today: today(&jiff::Timestamp::now()),
            access: Vec::new(),
            operator_answers: None,
            assume: Items::new(),
            announced: false,
            features,
            fixtures,
            ladders: None,
        }
    }
}

/// The day in UTC, so that a waiver ends everywhere at the same moment.
pub fn today(now: &jiff::Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// What a run tells while it goes on. Sent from the task that runs; the receiver must not block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressEvent {
    /// The system is ready and test cases begin.
    Started {
        selected: usize,
    },
    CaseStarted {
        id: String,
    },
    CaseFinished {
        id: String,
        verdict: Verdict,
        /// It came out as a waiver of the system says.
        waived: bool,
        /// First cause in words; empty for a pass.
        cause: String,
        duration_ms: u64,
        /// Test cases finished so far, this one included, and the number selected.
        done: usize,
        of: usize,
    },
    /// Something a person waiting wants to know, such as `the reference build is ready`.
    Note(String),
}
