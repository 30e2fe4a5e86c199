//! The cucumber world: actions with their preparations and time limits, and questions with their patience.
//! More than 400 lines: each wait stands here for a run and for a recording.
use super::course::{Act, Course, Lack, Wait};
use super::phone::Phone;
use super::planning::unmet;
use super::stage::{Asked, Means, Stage, User};
use super::vocabulary::PersonName;
use super::watch::{LOOKS, Watch};
use crate::capture::pacing::TICK;
use crate::peer::ue::{Registration, UeCommand};
use crate::sut::SutError;
use crate::sut::provision::Properties;
use crate::verdict::{Finding, Judgement, Question, Reason, Verdict, View, levels};
use std::time::Duration;
use tokio::time::Instant;

/// Why a test case stops early. Travels as the payload of an unwinding step.
#[derive(Debug, Clone)]
pub enum Stop {
    /// A `Then` was answered with something other than a pass; the finding is with the stage.
    Judged,
    /// A `Given` or `When` could not be brought about.
    Precondition(Box<Finding>),
    /// The step would do something on a stage that only finds out what users are needed.
    Planning,
    /// The suite itself failed.
    Suite { reason: Reason, cause: String },
}

/// The world of one test case. Empty until the runner has set its stage.
#[derive(Default, cucumber::World)]
pub struct Lab {
    stage: Option<Stage>,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab")
            .field("case", &self.stage.as_ref().map(|stage| &stage.setup.id))
            .finish()
    }
}

/// Ends the running step and with it the test case.
fn stop(stop: Stop) -> ! {
    std::panic::resume_unwind(Box::new(stop))
}

impl Lab {
    pub fn set(&mut self, stage: Stage) {
        self.stage = Some(stage);
    }

    pub fn take(&mut self) -> Option<Stage> {
        self.stage.take()
    }

    pub fn stage(&mut self) -> &mut Stage {
        match &mut self.stage {
            Some(Stage {
                closed: Some(finding),
                ..
            }) => stop(Stop::Precondition(Box::new(finding.clone()))),
            Some(stage) => stage,
            None => stop(Stop::Suite {
                reason: Reason::Config,
                cause: "the runner has set no stage".into(),
            }),
        }
    }

    pub(super) fn stop_planning(&self) -> ! {
        stop(Stop::Planning)
    }

    /// Ends the test case as an error of the suite.
    pub fn broken(&self, reason: Reason, cause: impl Into<String>) -> ! {
        stop(Stop::Suite {
            reason,
            cause: cause.into(),
        })
    }

    pub fn user(&mut self, name: &str) -> &mut User {
        if !self.stage().users.contains_key(name) {
            self.broken(
                Reason::Config,
                format!("{name} is not introduced in this scenario"),
            );
        }
        match self.stage().users.get_mut(name) {
            Some(user) => user,
            None => stop(Stop::Suite {
                reason: Reason::Config,
                cause: String::new(),
            }),
        }
    }

    /// Sets a property of a user; the system is told before the next stimulus.
    pub fn property(&mut self, name: &str, property: &str, value: impl Into<serde_json::Value>) {
        let value = value.into();
        self.stage().plan_property(name, property, &value);
        let user = self.user(name);
        user.properties.insert(property.to_owned(), value);
        user.unprepared = true;
    }

    /// Tells the system everything that has changed about the users.
    pub async fn prepare(&mut self, sentence: &str) {
        self.nothing_happens_while_planning();
        let users = self.stage().users.iter();
        let unprepared: Vec<_> = users
            .filter(|(_, user)| user.unprepared)
            .map(|(name, user)| (name.clone(), user.properties.clone(), user.registration))
            .collect();
        for (name, properties, _) in &unprepared {
            self.tell_of(name, properties, sentence).await;
            self.user(name).unprepared = false;
        }
        for (name, _, registration) in unprepared {
            if let Some(registration) = registration {
                self.register_now(&name, registration).await;
            }
        }
    }

    /// Tells the system what a user is like; where nobody can be told, the recording has to say it.
    async fn tell_of(&mut self, name: &str, properties: &Properties, sentence: &str) {
        let stage = self.stage();
        if !stage.is_live() {
            let (course, stand) = stage.parts();
            if let Err(lack) = course.prepare(&stand, name, properties) {
                self.lacking("", lack);
            }
            return;
        }
        let facility = stage.facility.clone();
        let occasion = stage.setup.occasion(sentence);
        let told = facility.provisioner.prepare_user(properties, &occasion);
        match told.await {
            Ok(()) => {}
            Err(SutError::Unmet(why)) => {
                let stage = self.stage();
                if let Course::Live(tape) = &mut stage.course {
                    tape.unmet = Some(why.clone());
                }
                let finding = unmet(stage.setup.requirement.clone(), why);
                stop(Stop::Precondition(Box::new(finding)));
            }
            Err(error) => stop(Stop::Suite {
                reason: Reason::Provisioning,
                cause: error.to_string(),
            }),
        }
    }

    /// The REGISTER of the S-CSCF and its 200, without which the test case is inconclusive.
    async fn register_now(&mut self, name: &str, registration: Registration) {
        let stage = self.stage();
        stage.before_stimulus = stage.last_frame();
        let sentence = format!("{name}'s registration");
        stage.tap.mark(&sentence);
        self.order(name, UeCommand::Register(registration));
        let reaction = self.stage().facility.profile.ixit.reaction_seconds;
        let accepted = levels::registration_accepted(name, reaction);
        self.require(&sentence, accepted).await;
    }

    /// The handset of somebody behind the service centre.
    pub fn handset(&mut self, person: &PersonName) -> Phone {
        match &self.user(&person.0).means {
            Means::Sms(phone) => phone.clone(),
            Means::Cpm(_) | Means::Mmtel(_) => self.broken(
                Reason::Config,
                format!("{} has no handset in this scenario", person.0),
            ),
        }
    }

    /// Prepares the users, lets what is under way settle, and begins a new segment of the capture.
    pub async fn stimulus(&mut self, sentence: &str) {
        self.prepare(sentence).await;
        self.settle().await;
        let stage = self.stage();
        stage.before_stimulus = stage.last_frame();
        let said = stage.take_acts();
        stage.tap.mark(&format!("{sentence}{said}"));
    }

    async fn settle(&mut self) {
        if !self.stage().is_live() {
            return self.come(&Wait::Settled);
        }
        if let Err(cause) = self.stage().settle().await {
            self.broken(Reason::Capture, cause);
        }
        let stage = self.stage();
        let now = stage.tap.now();
        stage.note(now);
    }

    fn look(&mut self) {
        if let Err(cause) = self.stage().look() {
            self.broken(Reason::Capture, cause);
        }
        // What is said from now on is not recorded; whoever judges says so.
        if self.stage().tap.overflowed() {
            stop(Stop::Judged);
        }
    }

    /// Until something is said, the deadline comes, or a part of the time until then has passed (for limits that are times).
    async fn wait_for_change(&mut self, deadline: Instant) {
        let now = Instant::now();
        let tick = TICK.max(deadline.saturating_duration_since(now) / LOOKS);
        let waited = self.stage().next_word(deadline.min(now + tick)).await;
        if let Err(cause) = waited {
            self.broken(Reason::Capture, cause);
        }
    }

    /// Orders something of a CPM user.
    pub fn order(&mut self, name: &str, command: UeCommand) {
        if self.is_planning() {
            return;
        }
        let command = match self.stage().is_live() {
            true => command,
            false => return self.find(name, Act::Ue(command)),
        };
        let user = self.user(name);
        let sent = match (&user.means, &user.terminal) {
            (Means::Cpm(peer), _) | (_, Some(peer)) => peer.order(command),
            (Means::Sms(_) | Means::Mmtel(_), None) => self.broken(
                Reason::Config,
                format!("{name} is no CPM user in this scenario"),
            ),
        };
        if !sent {
            self.broken(Reason::Peer, format!("the UE of {name} has stopped"));
        }
    }

    /// Waits until what was ordered is on the wire, so that no judge takes an earlier message for it.
    pub async fn sent(&mut self, what: &str, is_it: impl Fn(&View) -> bool) {
        self.nothing_happens_while_planning();
        if !self.stage().is_live() {
            return self.sent_recorded(what, &is_it);
        }
        let limit = self.stage().facility.profile.ixit.reaction_seconds;
        let deadline = Instant::now() + Duration::from_secs_f64(limit);
        loop {
            self.look();
            let stage = self.stage();
            let now = stage.now();
            if is_it(&stage.view(now)) {
                stage.note(now);
                return;
            }
            if Instant::now() >= deadline {
                stage.note(now);
                self.not_stimulated(what);
            }
            self.wait_for_change(deadline).await;
        }
    }

    /// Ends the test case as inconclusive: our peer had no occasion for what the scenario wants of it. (That it has broken is found out
    /// when it is stopped.)
    pub fn not_stimulated(&mut self, what: &str) -> ! {
        let requirement = self.stage().setup.requirement.clone();
        stop(Stop::Precondition(Box::new(Finding {
            requirement,
            sentence: what.to_owned(),
            verdict: Verdict::Inconc,
            reason: Some(Reason::NotStimulated),
            expected: format!("our peer sends {what}"),
            observed: "it had no occasion to, as things stood".to_owned(),
            frames: Vec::new(),
        })))
    }

    /// A `Then`: judged, recorded, and the end of the test case unless it is a pass.
    pub async fn check(&mut self, sentence: &str, question: Question) {
        let finding = self.put(sentence, question).await;
        if finding.verdict != Verdict::Pass {
            stop(Stop::Judged);
        }
    }

    /// A `Then` that says that something does not happen: judged over the guard time.
    pub async fn never(&mut self, sentence: &str, question: Question) {
        self.check(sentence, question).await;
    }

    /// A `Then` that says that the system refuses: judged at once, believed only beside a control that it does not refuse.
    pub async fn refusal(&mut self, sentence: &str, question: Question) {
        self.check(sentence, question).await;
    }

    /// A `Then` that says that the system takes a request: judged at once, believed only beside a control that shows what it took.
    pub async fn acceptance(&mut self, sentence: &str, question: Question) {
        self.check(sentence, question).await;
    }

    /// A `Given`: without it the test case is inconclusive.
    pub async fn require(&mut self, sentence: &str, question: Question) {
        let answer = self.answer(&question).await;
        if matches!(answer, Judgement::Holds { .. }) {
            return;
        }
        let requirement = self.stage().setup.requirement.clone();
        let mut finding = question.finding(&requirement, sentence, answer);
        finding.verdict = Verdict::Inconc;
        finding.reason = Some(Reason::PreconditionUnmet);
        stop(Stop::Precondition(Box::new(finding)));
    }

    async fn put(&mut self, sentence: &str, question: Question) -> Finding {
        let (answer, now) = self.answer_at(&question).await;
        let stage = self.stage();
        let finding = question.finding(&stage.setup.requirement, sentence, answer);
        stage.asked.push(Asked {
            question,
            sentence: sentence.to_owned(),
            before_stimulus: stage.before_stimulus,
            last_frame: stage.last_frame(),
            now,
            finding: finding.clone(),
        });
        finding
    }

    /// Looks until the answer is final or patience is at its end.
    async fn answer(&mut self, question: &Question) -> Judgement {
        self.answer_at(question).await.0
    }

    /// The same, with the time of the view it was answered from.
    async fn answer_at(&mut self, question: &Question) -> (Judgement, u64) {
        self.nothing_happens_while_planning();
        if !self.stage().is_live() {
            self.come(&Wait::Answer(question));
            let stage = self.stage();
            let now = stage.now();
            if stage.course.presumes() {
                return (Judgement::holds("it is presumed", []), now);
            }
            return (question.ask(&stage.view(now)), now);
        }
        let guard = Duration::from_secs_f64(self.ixit().guard_seconds);
        let reaction = Duration::from_secs_f64(self.ixit().reaction_seconds);
        let begun = Instant::now();
        let mut watch = Watch::new(question.patience, guard, reaction);
        loop {
            self.look();
            let stage = self.stage();
            // Before the time of the view: what is answered from it is not older than the watch takes it for.
            let waited = begun.elapsed();
            let now = stage.now();
            let answer = question.ask(&stage.view(now));
            match watch.next(waited, &answer) {
                None => {
                    stage.note(now);
                    return (answer, now);
                }
                Some(deadline) => self.wait_for_change(begun + deadline).await,
            }
        }
    }

    /// Waits until a question is answered or its patience is at its end; nothing is recorded.
    pub async fn look_for(&mut self, question: &Question) {
        self.answer(question).await;
    }

    /// Lets time pass that a sentence is about, e.g. half the time to answer.
    pub async fn let_pass(&mut self, seconds: f64) {
        self.nothing_happens_while_planning();
        if !self.stage().is_live() {
            return self.come(&Wait::Pass(seconds));
        }
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let stage = self.stage();
        let now = stage.tap.now();
        stage.note(now);
    }

    /// What a recording lacks ends the test case.
    pub(super) fn lacking(&mut self, sentence: &str, lack: Lack) -> ! {
        let requirement = self.stage().setup.requirement.clone();
        stop(Stop::Precondition(Box::new(
            lack.finding(&requirement, sentence),
        )))
    }

    /// A wait where no time passes.
    fn come(&mut self, wait: &Wait) {
        if let Err(lack) = self.stage().come(wait) {
            self.lacking("", lack);
        }
    }

    /// What was ordered is looked for, where nobody is there to do it.
    pub(super) fn find(&mut self, name: &str, act: Act) {
        let stage = self.stage();
        let played = stage.play_script();
        let (course, stand) = stage.parts();
        let found = played
            .and_then(|()| course.tell(&stand, |search, scene| search.act(scene, name, &act)));
        if let Err(lack) = found {
            self.lacking("", lack);
        }
    }

    fn sent_recorded(&mut self, what: &str, is_it: &dyn Fn(&View) -> bool) {
        self.come(&Wait::Sent { what, is_it });
        let stage = self.stage();
        if !is_it(&stage.view(stage.now())) {
            self.not_stimulated(what);
        }
    }
}
