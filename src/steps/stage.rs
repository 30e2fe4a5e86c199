//! What a test case stands on: the facility it shares with the others, its people, its capture, and what was asked of it.
//! More than 400 lines: people of every kind come onto the one stage and leave it.
use super::reporting::Reporting;
use super::services::Services;
use crate::capture::pacing::{BREATH, GRACE};
use crate::capture::{Endpoint, Exchange, Handset, RunClock, SipTls, Tap};
use crate::observe::{self, Direction, Fact, Names, Observer, Trace, expected, unsettled};
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
    pub exchange: Exchange,
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

/// A person's means of communication.
pub enum Means {
    Cpm(Endpoint<UeCommand, UeEvent>),
    Sms(Handset),
    /// A UE for audio calls at Gm.
    Mmtel(Endpoint<MmtelCommand, MmtelEvent>),
}

/// A person of the test case.
pub struct User {
    pub means: Means,
    /// The SMSIP UE of an SMS user, where short messages go over IP.
    pub terminal: Option<Endpoint<UeCommand, UeEvent>>,
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
    /// On a stage that only finds out what users are needed: properties that change after something was sent.
    pub planned: Option<Vec<String>>,
    /// What an operator has done for the test case.
    pub acts: Vec<OperatorAct>,
    observer: Observer,
    read: usize,
}

impl User {
    pub fn is_mmtel(&self) -> bool {
        matches!(self.means, Means::Mmtel(_))
    }
}

/// How much has been said, audio apart, which never falls silent.
fn spoken(trace: &Trace) -> usize {
    let facts = trace.facts.iter();
    facts
        .filter(|seen| !matches!(seen.fact, Fact::Rtp(_)))
        .count()
}

/// A call at Gm that has not been ended, or a request that has no answer.
fn is_at_work(trace: &Trace) -> bool {
    let all = observe::transactions(trace);
    let ended = |call_id: Option<&str>| {
        all.iter().any(|bye| {
            bye.method == "BYE"
                && bye.request.message.call_id() == call_id
                && bye.final_response().is_some()
        })
    };
    let open = all.iter().any(|one| {
        let opens = one.method == "INVITE" && one.request.message.to_tag().is_none();
        opens
            && one
                .final_status()
                .is_none_or(|code| code < 300 && !ended(one.request.message.call_id()))
    });
    open || !unsettled(trace).is_empty()
}

/// A call of ours that has no final response yet, or whose session has not been ended.
fn has_open_call(trace: &Trace) -> bool {
    observe::calls(trace)
        .iter()
        .filter(|call| call.direction != Direction::FromSystem)
        .any(|call| match call.invitation.final_status() {
            None => true,
            Some(code) if code < 300 => call.byes.iter().all(|bye| bye.final_response().is_none()),
            Some(_) => false,
        })
}

/// What is left when a test case is over.
pub struct Ending {
    pub setup: CaseSetup,
    pub tap: Tap,
    pub cast: Cast,
    pub asked: Vec<Asked>,
    pub names: Names,
    /// The last frame before the teardown, which the ladder does not show.
    pub last_frame: u32,
    /// What an operator has done for it.
    pub acts: Vec<OperatorAct>,
    /// Faults of our own peers.
    pub problems: Vec<String>,
}

impl Stage {
    pub fn new(facility: Arc<Facility>, setup: CaseSetup) -> Self {
        let mut names = Names {
            system: "gateway".into(),
            ..Names::default()
        };
        names
            .by_address
            .insert(facility.system, "gateway-sip".into());
        names
            .by_address
            .insert(facility.exchange.address(), "smsc-smpp".into());
        let default_alphabet = facility.profile.default_alphabet();
        Self {
            facility,
            setup,
            tap: Tap::new(),
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
            planned: None,
            acts: Vec::new(),
            observer: Observer::reading(default_alphabet),
            read: 0,
        }
    }

    /// Reads what the capture has got since the last look.
    pub fn look(&mut self) -> Result<(), String> {
        let octets = self.tap.octets_from(self.read);
        self.read += octets.len();
        self.observer
            .feed(&octets)
            .map_err(|error| error.to_string())
    }

    /// Waits until every transaction that only needs its answer has it and silence has fallen, at most the guard time.
    pub async fn settle(&mut self) -> Result<(), String> {
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        let deadline = Instant::now() + guard;
        let mut last = Instant::now();
        let mut said = spoken(self.trace());
        // A focus tells others what has happened; when is its own affair.
        let told = self.users.values().any(User::is_mmtel);
        loop {
            self.look()?;
            if self.trace().frames.is_empty() {
                return Ok(());
            }
            let now_said = spoken(self.trace());
            if now_said > said {
                (last, said) = (Instant::now(), now_said);
            }
            let until = if !unsettled(self.trace()).is_empty() {
                deadline
            } else if !told && expected(self.trace()).is_empty() {
                deadline.min(last + BREATH)
            } else {
                deadline.min(last + GRACE)
            };
            tokio::select! {
                () = self.tap.changed(self.read) => {}
                () = sleep_until(until) => return Ok(()),
            }
        }
    }

    pub fn seen(&self) -> usize {
        self.read
    }

    pub fn trace(&self) -> &Trace {
        self.observer.trace()
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

    /// Ends what the test case has left open: sessions by BYE, invitations by CANCEL; waits for it at most the guard time.
    async fn tear_down(&mut self) {
        if self.users.values().any(User::is_mmtel) {
            return self.tear_down_calls().await;
        }
        self.tear_down_sessions().await;
        self.tear_down_registrations().await;
    }

    /// The UEs at Gm that have registered end that.
    async fn tear_down_registrations(&mut self) {
        if self.facility.profile.sip.registration.is_none() {
            return;
        }
        self.tap.mark("teardown");
        for user in self.users.values() {
            if let (Means::Cpm(endpoint), Some(registered)) = (&user.means, user.registration) {
                let expires = 0;
                let end = UeCommand::Register(Registration {
                    expires,
                    ..registered
                });
                // One that has stopped is found out when it is joined.
                drop(endpoint.commands.send(end));
            }
        }
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        self.fall_silent(Instant::now() + guard).await;
    }

    /// Waits until nobody is at work any more.
    async fn fall_silent(&mut self, deadline: Instant) {
        loop {
            let seen = self.read;
            let quiet = Instant::now() + BREATH;
            tokio::select! {
                () = self.tap.changed(seen) => {}
                () = sleep_until(quiet) => {}
            }
            let working = self.look().is_ok() && is_at_work(self.trace());
            if Instant::now() >= deadline || (!working && Instant::now() >= quiet) {
                break;
            }
        }
    }

    async fn tear_down_sessions(&mut self) {
        if self.look().is_err() || !has_open_call(self.trace()) {
            return;
        }
        self.tap.mark("teardown");
        for (name, call) in std::mem::take(&mut self.calls) {
            if let Some(User {
                means: Means::Cpm(endpoint),
                ..
            }) = self.users.get(&name)
                && endpoint.commands.send(UeCommand::Bye { call }).is_err()
            {
                tracing::debug!(name, "the UE had stopped before the teardown");
            }
        }
        let deadline =
            Instant::now() + Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        while self.look().is_ok() && has_open_call(self.trace()) && Instant::now() < deadline {
            let (tap, seen) = (self.tap.clone(), self.read);
            tokio::select! {
                () = tap.changed(seen) => {}
                () = sleep_until(deadline) => {}
            }
        }
    }

    /// Ends every call, subscription and registration of the MMTel UEs; waits for it at most the guard time.
    async fn tear_down_calls(&mut self) {
        self.tap.mark("teardown");
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        let deadline = Instant::now() + guard;
        for command in [MmtelCommand::EndAll, MmtelCommand::Register { expires: 0 }] {
            for user in self.users.values() {
                if let Means::Mmtel(endpoint) = &user.means {
                    // One that has stopped is found out when it is joined.
                    drop(endpoint.commands.send(command.clone()));
                }
            }
            self.fall_silent(deadline).await;
        }
    }

    /// Tears down, ends peers, takes users away from the system, and gives what is to be judged.
    pub async fn close(mut self) -> Ending {
        // What the last step set going belongs to the capture, although no question is about it. A capture that cannot be read is
        // reported when it is judged.
        let mut problems: Vec<String> = self.settle().await.err().into_iter().collect();
        let last_frame = self.trace().frames.last().map_or(0, |frame| frame.number);
        self.name_conferences();
        self.take_acts();
        self.tear_down().await;
        for user in self.users.into_values() {
            let endpoint = match user.means {
                Means::Cpm(endpoint) => Some(endpoint),
                Means::Sms(_) => user.terminal,
                Means::Mmtel(mut endpoint) => {
                    while let Ok(event) = endpoint.events.try_recv() {
                        if let MmtelEvent::Problem(text) = event {
                            tracing::info!(case = self.setup.id, "{text}");
                        }
                    }
                    if let Err(error) = endpoint.stop().await {
                        problems.push(error.to_string());
                    }
                    None
                }
            };
            if let Some(mut endpoint) = endpoint {
                while let Ok(event) = endpoint.events.try_recv() {
                    // What surprised a UE may be the system's doing; judges say so from the capture, not from here.
                    if let UeEvent::Problem(text) = event {
                        tracing::info!(case = self.setup.id, "{text}");
                    }
                }
                if let Err(error) = endpoint.stop().await {
                    problems.push(error.to_string());
                }
            }
            if let Err(error) = self
                .facility
                .provisioner
                .forget_user(&user.properties)
                .await
            {
                tracing::debug!(%error, "a user could not be taken away");
            }
        }
        for services in self.services.into_values() {
            services.forget(&self.tap).await;
        }
        Ending {
            setup: self.setup,
            tap: self.tap,
            cast: self.cast,
            asked: self.asked,
            names: self.names,
            last_frame,
            acts: self.acts,
            problems,
        }
    }
}
