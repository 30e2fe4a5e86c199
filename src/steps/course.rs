//! What a test case takes place in: a run, the capture of a run with its tape, or a recording of somebody else.
//!
//! The steps are the same. In a run ([`Course::Live`]) peers send and time passes. On a tape ([`Course::Tape`]) nothing is sent: wherever
//! the test case waited, the capture comes as far as it had come then. In a recording ([`Course::Search`]) what a step has peers do is
//! looked for instead, and the recording comes as far as that. On a stage of [`Course::Planning`] nothing ever happens.
//! More than 400 lines: the three courses answer the same few questions side by side.
use super::phone::HandsetAct;
use super::recording::Recording;
use super::stage::{CaseSetup, Facility};
use super::tape::Tape;
use crate::observe::Trace;
use crate::peer::home_subscriber_server::SubscriberData;
use crate::peer::mmtel_ue::MmtelCommand;
use crate::peer::ue::UeCommand;
use crate::peer::xcap_client::XcapRequest;
use crate::sut::provision::Properties;
use crate::verdict::{Cast, Finding, Question, Reason, Verdict, View};
use crate::wire::http::HttpMessage;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a test case takes place.
pub enum Course {
    /// In a run; what it sees of its capture is noted for later.
    Live(Box<Tape>),
    /// Its Givens are played to find out what users are needed: every wait ends them. Properties that change after something would have
    /// been sent.
    Planning(Vec<String>),
    Tape(Box<Replay>),
    Search(Box<Seeking>),
}

/// A capture of a run, and what the test case saw of it when.
pub struct Replay {
    pub recording: Recording,
    tape: Tape,
    played: usize,
    now: u64,
}

/// A recording of somebody else, and who looks for the stimuli in it.
pub struct Seeking {
    pub recording: Recording,
    pub search: Box<dyn Search + Send>,
    now: u64,
}

/// Something that our peers, or the service centre and the HSS of the suite, are to do.
#[derive(Debug, Clone)]
pub enum Act {
    Ue(UeCommand),
    Mmtel(MmtelCommand),
    Handset(HandsetAct),
    /// The HSS holds these data of him.
    Hold(Box<SubscriberData>),
}

/// A place at which a test case waits.
pub enum Wait<'a> {
    /// Until every transaction has its answer and nothing more is said.
    Settled,
    /// Until what was ordered is on the wire.
    Sent {
        what: &'a str,
        is_it: &'a dyn Fn(&View) -> bool,
    },
    /// So many seconds that a sentence is about.
    Pass(f64),
    /// Until a question is answered, or its patience is at its end.
    Answer(&'a Question),
}

/// How far a recording has come after a wait: its last frame, and the time (which may be later).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub last_frame: u32,
    pub now: u64,
}

/// Why a recording does not decide a test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A stimulus of the scenario does not occur in it.
    NotStimulated { expected: String, observed: String },
    /// Users are not as the scenario has them, or nothing says what they are like.
    Unmet(String),
    /// What the scenario is about leaves no trace in a recording.
    Undecidable(String),
}

/// What can be looked at while something is looked for.
pub struct Scene<'a> {
    /// It may be shown further while candidates are looked at, never beyond what is then given as reached.
    pub recording: &'a mut Recording,
    pub cast: &'a Cast,
    pub facility: &'a Facility,
    pub setup: &'a CaseSetup,
    pub before_stimulus: u32,
    pub now: u64,
}

impl Scene<'_> {
    /// What a judge would see of what has been shown, at a time.
    pub fn view(&self, now: u64) -> View<'_> {
        View {
            trace: self.recording.shown(),
            cast: self.cast,
            ixit: &self.facility.profile.ixit,
            before_stimulus: self.before_stimulus,
            now,
        }
    }
}

/// Finds in a recording what the steps of a test case would have brought about. Everything is asked in the order of the scenario.
pub trait Search {
    /// A step begins: its keyword and its words.
    fn step(&mut self, scene: Scene<'_>, sentence: &str) -> Result<(), Lack>;

    /// The system is told what a user is like, at first and whenever that has changed.
    fn prepare(
        &mut self,
        scene: Scene<'_>,
        name: &str,
        properties: &Properties,
    ) -> Result<(), Lack>;

    /// Something is ordered of a person's terminal. Handsets are asked before the next wait or order.
    fn act(&mut self, scene: Scene<'_>, name: &str, act: &Act) -> Result<(), Lack>;

    /// A request of a person on Ut; its response, if there is one. `anew` is somebody who has never been challenged.
    fn xcap(
        &mut self,
        scene: Scene<'_>,
        name: &str,
        request: &XcapRequest,
        anew: bool,
    ) -> Result<(Reach, Option<HttpMessage>), Lack>;

    fn wait(&mut self, scene: Scene<'_>, wait: &Wait<'_>) -> Result<Reach, Lack>;

    /// A new segment begins: the last frame before its stimulus.
    fn before_stimulus(&mut self, scene: &Scene<'_>) -> u32 {
        scene.recording.last_frame()
    }

    /// Every question is answered as it should be, and none is asked.
    fn presumes(&self) -> bool {
        false
    }

    /// The number of a person (`PersonName::index`), where it is not the test case's own.
    fn number(&self, person: usize) -> Option<String>;

    /// Addresses of a person's terminal, for the ladder: SIP, then MSRP or RTP.
    fn ends(&self, name: &str) -> Option<[SocketAddr; 2]>;
}

/// What handsets are told, until the course asks for it.
#[derive(Debug, Clone, Default)]
pub struct Script {
    acts: Arc<Mutex<VecDeque<(String, Act)>>>,
}

impl Script {
    pub fn push(&self, name: &str, act: Act) {
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.push_back((name.to_owned(), act));
    }

    pub fn take(&self) -> VecDeque<(String, Act)> {
        std::mem::take(&mut *self.acts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Replay {
    pub fn new(whole: Arc<Trace>, tape: Tape) -> Self {
        Self {
            recording: Recording::new(whole),
            now: tape.began,
            tape,
            played: 0,
        }
    }

    /// The next place at which the test case waited. A tape that is at its end was made by another scenario.
    fn next(&mut self) -> Result<Reach, Lack> {
        let Some((last_frame, since)) = self.tape.looks.get(self.played) else {
            let why = "the tape of the run is at its end here".to_owned();
            return Err(Lack::Undecidable(why));
        };
        self.played += 1;
        let now = self.now.saturating_add(*since);
        let last_frame = *last_frame;
        Ok(Reach { last_frame, now })
    }

    /// That users could not be prepared was the end of a test case.
    fn unmet(&self) -> Result<(), Lack> {
        match &self.tape.unmet {
            Some(why) if self.is_over() => Err(Lack::Unmet(why.clone())),
            _ => Ok(()),
        }
    }

    /// The tape has been played to its end.
    pub fn is_over(&self) -> bool {
        self.played == self.tape.looks.len()
    }
}

impl Seeking {
    pub fn new(recording: Recording, search: Box<dyn Search + Send>, now: u64) -> Self {
        Self {
            recording,
            search,
            now,
        }
    }
}

impl Lack {
    pub fn finding(self, requirement: &str, sentence: &str) -> Finding {
        let (reason, expected, observed) = match self {
            Self::NotStimulated { expected, observed } => {
                (Reason::NotStimulated, expected, observed)
            }
            Self::Unmet(observed) => (
                Reason::PreconditionUnmet,
                "users with the properties of this test case".to_owned(),
                observed,
            ),
            Self::Undecidable(observed) => (
                Reason::InsufficientEvidence,
                "a recording that shows what this test case is about".to_owned(),
                observed,
            ),
        };
        Finding {
            requirement: requirement.to_owned(),
            sentence: sentence.to_owned(),
            verdict: Verdict::Inconc,
            reason: Some(reason),
            expected,
            observed,
            frames: Vec::new(),
        }
    }
}

impl Course {
    /// A stage on which nothing comes any more: what was named on the ladder, and the frame before the teardown.
    pub(super) fn finish(&mut self) {
        if let Self::Tape(replay) = self {
            replay.recording.show(replay.tape.last_frame);
        }
    }

    /// What the ladder calls what is at an address.
    pub(super) fn names(&self) -> BTreeMap<SocketAddr, String> {
        match self {
            Self::Tape(replay) => replay.tape.names.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// The next reach, of a course that is not live.
    pub(super) fn wait(&mut self, stand: &Stand<'_>, wait: &Wait<'_>) -> Result<Reach, Lack> {
        let reach = match self {
            Self::Live(_) | Self::Planning(_) => return Err(Lack::Undecidable(String::new())),
            Self::Tape(replay) => replay.next()?,
            Self::Search(seeking) => {
                let Seeking {
                    recording,
                    search,
                    now,
                } = seeking.as_mut();
                search.wait(stand.scene(recording, *now), wait)?
            }
        };
        self.arrive(reach);
        Ok(reach)
    }

    /// The recording has come so far.
    pub(super) fn arrive(&mut self, reach: Reach) {
        match self {
            Self::Live(_) | Self::Planning(_) => {}
            Self::Tape(replay) => {
                replay.recording.show(reach.last_frame);
                replay.now = reach.now;
            }
            Self::Search(seeking) => {
                seeking.recording.show(reach.last_frame);
                seeking.now = reach.now;
            }
        }
    }

    /// The next place at which the tape has an XCAP request end, and its response.
    pub(super) fn xcap(
        &mut self,
        stand: &Stand<'_>,
        name: &str,
        request: &XcapRequest,
        anew: bool,
    ) -> Result<Option<HttpMessage>, Lack> {
        let (reach, response) = match self {
            Self::Live(_) | Self::Planning(_) => return Err(Lack::Undecidable(String::new())),
            Self::Tape(replay) => {
                let before = replay.recording.shown().facts.len();
                let reach = replay.next()?;
                replay.recording.show(reach.last_frame);
                (
                    reach,
                    super::services::response_after(replay.recording.shown(), before),
                )
            }
            Self::Search(seeking) => {
                let Seeking {
                    recording,
                    search,
                    now,
                } = seeking.as_mut();
                search.xcap(stand.scene(recording, *now), name, request, anew)?
            }
        };
        self.arrive(reach);
        Ok(response)
    }

    /// What a user is like has to be so in the recording.
    pub(super) fn prepare(
        &mut self,
        stand: &Stand<'_>,
        name: &str,
        properties: &Properties,
    ) -> Result<(), Lack> {
        match self {
            Self::Tape(replay) => replay.unmet(),
            _ => self.tell(stand, |search, scene| {
                search.prepare(scene, name, properties)
            }),
        }
    }

    /// Something of a search that moves nothing.
    pub(super) fn tell(
        &mut self,
        stand: &Stand<'_>,
        what: impl FnOnce(&mut dyn Search, Scene<'_>) -> Result<(), Lack>,
    ) -> Result<(), Lack> {
        match self {
            Self::Live(_) | Self::Planning(_) | Self::Tape(_) => Ok(()),
            Self::Search(seeking) => {
                let Seeking {
                    recording,
                    search,
                    now,
                } = seeking.as_mut();
                what(search.as_mut(), stand.scene(recording, *now))
            }
        }
    }

    pub(super) fn recording(&self) -> Option<&Recording> {
        match self {
            Self::Live(_) | Self::Planning(_) => None,
            Self::Tape(replay) => Some(&replay.recording),
            Self::Search(seeking) => Some(&seeking.recording),
        }
    }

    /// Every question is answered as it should be, and none is asked.
    pub(super) fn presumes(&self) -> bool {
        match self {
            Self::Live(_) | Self::Planning(_) | Self::Tape(_) => false,
            Self::Search(seeking) => seeking.search.presumes(),
        }
    }

    /// The time of the recording, of a course that is not live.
    pub(super) fn now(&self) -> u64 {
        match self {
            Self::Live(_) | Self::Planning(_) => 0,
            Self::Tape(replay) => replay.now,
            Self::Search(seeking) => seeking.now,
        }
    }

    /// A number of a person that does not come from the test case's place in the catalogue.
    pub(super) fn number(&self, person: usize) -> Option<String> {
        match self {
            Self::Live(_) | Self::Planning(_) => None,
            Self::Tape(replay) => replay.tape.number(person).map(str::to_owned),
            Self::Search(seeking) => seeking.search.number(person),
        }
    }

    pub(super) fn ends(&self, name: &str) -> Option<[SocketAddr; 2]> {
        match self {
            Self::Live(_) | Self::Planning(_) => None,
            Self::Tape(replay) => {
                let end = |of: &str| replay.tape.end(name, of);
                Some([end("sip")?, end("msrp").or(end("rtp"))?])
            }
            Self::Search(seeking) => seeking.search.ends(name),
        }
    }
}

/// What of a stage a scene is made of.
pub(super) struct Stand<'a> {
    pub cast: &'a Cast,
    pub facility: &'a Facility,
    pub setup: &'a CaseSetup,
    pub before_stimulus: u32,
}

impl Stand<'_> {
    fn scene<'s>(&'s self, recording: &'s mut Recording, now: u64) -> Scene<'s> {
        Scene {
            recording,
            cast: self.cast,
            facility: self.facility,
            setup: self.setup,
            before_stimulus: self.before_stimulus,
            now,
        }
    }
}
