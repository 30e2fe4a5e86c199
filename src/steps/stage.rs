//! What a test case stands on: the facility it shares with the others, its people, its capture, and what was asked of it.
//! More than 400 lines: people of every kind come onto the one stage and leave it.
use super::course::{Course, Lack, Reach, Script, Stand, Wait};
use super::phone::Phone;
use super::reporting::Reporting;
use super::services::Services;
use crate::capture::pacing::{BREATH, GRACE};
use crate::capture::{Endpoint, Exchange, Kept, RunClock, SipTls, Sockets, Tap};
use crate::observe::{Fact, Names, Observer, Trace, expected, unsettled};
use crate::peer::behaviour::{HandsetBehaviour, UeBehaviour};
use crate::peer::mmtel_ue::{MmtelCommand, MmtelEvent};
use crate::peer::ue::{Registration, Transport, UeCommand, UeEvent};
use crate::sut::Profile;
use crate::sut::access::AccessNetworks;
use crate::sut::personality::Personality;
use crate::sut::provision::operator::OperatorAct;
use crate::sut::provision::prepared_users::Lease;
use crate::sut::provision::{Occasion, Properties, Provisioner};
use crate::verdict::{Cast, Finding, Question, View};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Leading digits of numbers of another country, where a scenario needs some: fictitious ones of the United States.
const NUMBERS_ABROAD: &str = "+155501";

/// What all test cases of a run share.
pub struct Facility {
    pub profile: Profile,
    pub provisioner: Provisioner,
    /// Nothing where a recording is judged.
    pub exchange: Option<Exchange>,
    /// Address of the exchange.
    pub centre: SocketAddr,
    pub clock: RunClock,
    /// SIP address of the system under test.
    pub system: SocketAddr,
    pub transport: Transport,
    /// What SIP is inside, with that transport.
    pub sip_tls: Option<SipTls>,
    pub seed: u64,
    /// What the features call access networks.
    pub access_networks: AccessNetworks,
    /// What all peers of the run are like, if not as usual.
    pub personality: Option<Personality>,
}

impl Facility {
    /// What an SMS user's handset and its message centre do when the scenario says nothing else.
    pub fn handset(&self) -> HandsetBehaviour {
        let sms = self.personality.as_ref().map(|p| p.sms.behaviour());
        sms.unwrap_or_default()
    }

    /// What a CPM user's terminal does when the scenario says nothing else.
    pub fn terminal(&self) -> UeBehaviour {
        let ue = self.personality.as_ref().map(|p| p.ue.behaviour());
        ue.unwrap_or_default()
    }
}

/// What the runner says of a test case.
#[derive(Debug, Clone)]
pub struct CaseSetup {
    pub id: String,
    pub requirement: String,
    /// Where it comes from, for people who are asked to do something for it.
    pub clause: String,
    /// Numbers of people are taken from it.
    pub ordinal: usize,
    /// Values of P-Access-Network-Info of every MMTel UE.
    pub access: Vec<String>,
}

/// A session of a load.
#[derive(Debug, Clone)]
pub struct Session {
    /// Counted from 0.
    pub number: u64,
    /// The sockets of its users, who come again with later sessions.
    pub sockets: Kept,
}

impl CaseSetup {
    /// Users have to be prepared before this sentence.
    pub(super) fn occasion(&self, sentence: &str) -> Occasion {
        Occasion {
            case: self.id.clone(),
            requirement: self.requirement.clone(),
            clause: self.clause.clone(),
            sentence: sentence.to_owned(),
        }
    }
}

/// A peer that runs, or stands for one that has left its traces in a recording.
pub enum Peer<C, E> {
    Running(Endpoint<C, E>),
    Recorded,
}

impl<C: Send + 'static, E: Send + 'static> Peer<C, E> {
    /// False if it has stopped.
    pub fn order(&self, command: C) -> bool {
        match self {
            Self::Running(endpoint) => endpoint.commands.send(command).is_ok(),
            Self::Recorded => true,
        }
    }

    pub fn running(self) -> Option<Endpoint<C, E>> {
        match self {
            Self::Running(endpoint) => Some(endpoint),
            Self::Recorded => None,
        }
    }
}

/// A person's means of communication.
pub enum Means {
    Cpm(Peer<UeCommand, UeEvent>),
    Sms(Phone),
    /// A UE for audio calls at Gm.
    Mmtel(Peer<MmtelCommand, MmtelEvent>),
}

/// A person of the test case.
pub struct User {
    pub means: Means,
    /// The SMSIP UE of an SMS user, where short messages go over IP.
    pub terminal: Option<Peer<UeCommand, UeEvent>>,
    pub properties: Properties,
    /// What the S-CSCF registers of him, if it does.
    pub registration: Option<Registration>,
    /// Properties or registration have changed since the system was last told.
    pub unprepared: bool,
}

/// A question that was put, and the window of the capture it is about.
pub struct Asked {
    pub question: Question,
    pub sentence: String,
    pub before_stimulus: u32,
    pub last_frame: u32,
    pub now: u64,
    pub finding: Finding,
}

/// The stage of one test case.
pub struct Stage {
    pub facility: Arc<Facility>,
    pub setup: CaseSetup,
    pub tap: Tap,
    pub cast: Cast,
    pub users: BTreeMap<String, User>,
    pub asked: Vec<Asked>,
    pub before_stimulus: u32,
    /// Label of the call the last stimulus was about.
    pub call: String,
    /// Every call that was ordered: who, and its label.
    pub calls: Vec<(String, String)>,
    /// The text of the last chat message whose sentence describes it without giving it.
    pub said: String,
    pub reporting: Reporting,
    /// What users have configured on Ut.
    pub services: BTreeMap<String, Services>,
    /// Places of people whose numbers are of another country.
    pub abroad: BTreeSet<usize>,
    /// Names of addresses and numbers for the ladder.
    pub names: Names,
    /// Users who were prepared before the run, this test case's own while it lasts.
    pub lease: Option<Lease>,
    /// Why the test case cannot run at all.
    pub closed: Option<Finding>,
    /// What an operator has done for the test case.
    pub acts: Vec<OperatorAct>,
    pub course: Course,
    /// Which session of a load it is; nothing in a run.
    pub session: Option<Session>,
    /// What handsets have been told that the course has not been asked for yet.
    pub script: Script,
    pub(super) observer: Observer,
    read: usize,
    /// How many facts the capture has, audio apart.
    words: usize,
    /// The time of the last look.
    at: u64,
}

impl User {
    pub fn is_mmtel(&self) -> bool {
        matches!(self.means, Means::Mmtel(_))
    }
}

/// More than anybody says in a test case, and few enough to be looked at again and again: the most against the reference are below
/// two thousand.
const MOST_WORDS: usize = 4000;

/// Octets of a capture between two counts of what has been said.
const AT_ONCE: usize = 64 * 1024;

impl Stage {
    /// The stage of a run.
    pub fn new(facility: Arc<Facility>, setup: CaseSetup) -> Self {
        Self::on(Course::Live(Box::default()), facility, setup)
    }

    /// A stage on another course opens no socket and waits for nothing.
    pub fn on(mut course: Course, facility: Arc<Facility>, setup: CaseSetup) -> Self {
        let tap = Tap::new();
        let at = match &mut course {
            Course::Live(tape) => {
                tape.began = tap.now();
                tape.began
            }
            _ => course.now(),
        };
        let mut names = Names {
            system: "gateway".into(),
            by_address: course.names(),
            ..Names::default()
        };
        for (at, name) in [
            (facility.system, "gateway-sip"),
            (facility.centre, "smsc-smpp"),
        ] {
            let known = names.by_address.entry(at);
            known.or_insert_with(|| name.to_owned());
        }
        let default_alphabet = facility.profile.default_alphabet();
        Self {
            facility,
            setup,
            tap,
            cast: Cast::default(),
            users: BTreeMap::new(),
            asked: Vec::new(),
            before_stimulus: 0,
            call: String::new(),
            calls: Vec::new(),
            said: String::new(),
            reporting: Reporting::default(),
            services: BTreeMap::new(),
            abroad: BTreeSet::new(),
            names,
            lease: None,
            closed: None,
            acts: Vec::new(),
            course,
            session: None,
            script: Script::default(),
            observer: Observer::reading(default_alphabet),
            read: 0,
            words: 0,
            at,
        }
    }

    /// What the identifiers of a person's terminal are made of: those of one session never come again in another of its users.
    pub(super) fn seed(&self, person: usize) -> u64 {
        let session = self
            .session
            .as_ref()
            .map_or(0, |one| (one.number + 1) << 24);
        self.facility.seed ^ session ^ ((self.setup.ordinal as u64) << 8) ^ person as u64
    }

    /// The sockets that somebody had in an earlier session of a load.
    pub(super) fn kept(&self, whose: &str) -> Option<Sockets> {
        self.session.as_ref()?.sockets.take(whose)
    }

    /// Sockets that stay for later sessions, where there are any.
    pub(super) fn keeping(&self, sockets: Sockets, whose: &str) -> Sockets {
        match &self.session {
            Some(session) => sockets.kept_by(&session.sockets, whose),
            None => sockets,
        }
    }

    /// Reads what the capture has got since the last look.
    pub fn look(&mut self) -> Result<(), String> {
        if !self.is_live() {
            return Ok(());
        }
        let octets = self.tap.octets_from(self.read);
        self.read += octets.len();
        let fed = octets
            .chunks(AT_ONCE)
            .try_for_each(|octets| self.take_in(octets));
        self.at = self.tap.now();
        fed
    }

    /// One piece of the capture; of a flood, no more than is still looked at.
    fn take_in(&mut self, octets: &[u8]) -> Result<(), String> {
        if self.words > MOST_WORDS {
            self.tap.overflow();
            return Ok(());
        }
        let known = self.observer.trace().facts.len();
        let fed = self.observer.feed(octets);
        let news = self.observer.trace().facts.iter().skip(known);
        self.words += news
            .filter(|seen| !matches!(seen.fact, Fact::Rtp(_)))
            .count();
        fed.map_err(|error| error.to_string())
    }

    /// Peers are there, and time passes.
    pub fn is_live(&self) -> bool {
        matches!(self.course, Course::Live(_))
    }

    /// The time of what is seen: that of the last look, or of the end of the last wait.
    pub fn now(&self) -> u64 {
        match self.is_live() {
            true => self.at,
            false => self.course.now(),
        }
    }

    /// A wait is over, of which the tape has to know.
    pub(super) fn note(&mut self, now: u64) {
        let last_frame = self.last_frame();
        if let Course::Live(tape) = &mut self.course {
            tape.note(last_frame, now);
            self.at = now;
        }
    }

    pub fn last_frame(&self) -> u32 {
        self.trace().frames.last().map_or(0, |frame| frame.number)
    }

    /// Course, and what of the stage it may see.
    pub(super) fn parts(&mut self) -> (&mut Course, Stand<'_>) {
        let stand = Stand {
            cast: &self.cast,
            facility: &self.facility,
            setup: &self.setup,
            before_stimulus: self.before_stimulus,
        };
        (&mut self.course, stand)
    }

    /// What handsets have been told meanwhile is asked of the course.
    pub(super) fn play_script(&mut self) -> Result<(), Lack> {
        for (name, act) in self.script.take() {
            let (course, stand) = self.parts();
            course.tell(&stand, |search, scene| search.act(scene, &name, &act))?;
        }
        Ok(())
    }

    /// A wait on a stage where no time passes.
    pub(super) fn come(&mut self, wait: &Wait<'_>) -> Result<Reach, Lack> {
        self.play_script()?;
        let (course, stand) = self.parts();
        course.wait(&stand, wait)
    }

    /// Waits until every transaction that only needs its answer has it and silence has fallen, at most the guard time.
    pub(super) async fn settle(&mut self) -> Result<(), String> {
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        let deadline = Instant::now() + guard;
        let mut last = Instant::now();
        let mut said = self.words;
        // A focus tells others what has happened; when is its own affair.
        let told = self.users.values().any(User::is_mmtel);
        loop {
            self.look()?;
            if self.trace().frames.is_empty() {
                return Ok(());
            }
            if self.words > said {
                (last, said) = (Instant::now(), self.words);
            }
            let until = if !unsettled(self.trace()).is_empty() {
                deadline
            } else if !told && expected(self.trace()).is_empty() {
                deadline.min(last + BREATH)
            } else {
                deadline.min(last + GRACE)
            };
            if !self.next_word(until).await? {
                return Ok(());
            }
        }
    }

    /// Until something is said (audio apart, which never falls silent) or the time has come: whether something was said.
    pub(super) async fn next_word(&mut self, until: Instant) -> Result<bool, String> {
        let said = self.words;
        loop {
            tokio::select! {
                () = self.tap.changed(self.read) => {}
                () = sleep_until(until) => return Ok(false),
            }
            self.look()?;
            if self.words > said {
                return Ok(true);
            }
        }
    }

    pub fn trace(&self) -> &Trace {
        match self.course.recording() {
            Some(recording) => recording.shown(),
            None => self.observer.trace(),
        }
    }

    pub fn view(&self, now: u64) -> View<'_> {
        View {
            trace: self.trace(),
            cast: &self.cast,
            ixit: &self.facility.profile.ixit,
            before_stimulus: self.before_stimulus,
            now,
        }
    }

    /// A number of this test case's own: people 0 to 9.
    pub fn user_number(&self, person: usize) -> String {
        if let Some(recorded) = self.course.number(person) {
            return recorded;
        }
        if let Some(listed) = self.listed(person) {
            return listed.number.clone();
        }
        let abroad = self.abroad.contains(&person).then_some(NUMBERS_ABROAD);
        format!(
            "{}{:05}",
            abroad.unwrap_or(&self.facility.profile.numbers.users),
            self.setup.ordinal * 10 + person
        )
    }

    /// What an operator has said since the last call, as it stands beside a sentence in the capture.
    pub(super) fn take_acts(&mut self) -> String {
        let operator = self.facility.provisioner.operator();
        let news = operator.map_or_else(Vec::new, |one| one.take_acts(&self.setup.id));
        let said = news
            .iter()
            .map(|act| format!(" [operator: {} {}]", act.answer, act.note));
        let said = said.collect();
        self.acts.extend(news);
        said
    }

    /// Session numbers of this test case's own pool; they lie above those of the common pool.
    pub fn session_numbers(&self, count: usize) -> Vec<String> {
        if let Some(pool) = self.lease.as_ref().and_then(|lease| lease.pool.as_ref()) {
            return pool.numbers.clone();
        }
        let numbers = &self.facility.profile.numbers;
        let first = numbers.pool_size as usize + self.setup.ordinal * 10;
        (first..first + count.min(10))
            .map(|index| format!("{}{index:05}", numbers.sessions))
            .collect()
    }
}
