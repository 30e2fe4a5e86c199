//! Seeks the stimuli of a scenario in a recording of somebody else, and lets the recording come as far as the scenario has.
//!
//! What our side has done of its own accord must be what the scenario orders, in its order and nothing else: an act that the scenario does
//! not order ends what can be looked at. How peers behave is held against what the scenario has of them, and where the recording lacks
//! packets nothing is concluded. More than 400 lines: the waits of a scenario and the one state that they share.
mod calls;
mod collector;
mod losses;
mod provisioned;

pub use collector::{Beginning, beginning};
pub use losses::{Loss, losses};
use provisioned::told_otherwise;
pub use provisioned::{NOBODY, Told, is_told, signature, told};

use super::HandsetAct;
use super::course::{Act, Lack, Reach, Scene, Search, Wait};
use super::locate::{self, Behaved, Labels, Located, Place, handset_behaved, terminal_behaved};
use super::watch::{LOOKS, Watch};
use crate::observe::{Direction, Fact, Trace};
use crate::peer::behaviour::{HandsetBehaviour, UeBehaviour};
use crate::peer::ue::UeCommand;
use crate::peer::xcap_client::XcapRequest;
use crate::sut::provision::Properties;
use crate::verdict::Question;
use crate::wire::http::HttpMessage;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a search has come upon, for whoever has begun it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// First frame of the first stimulus that was found.
    pub began: Option<u32>,
    /// The scenario was left: our side did something else, or behaved otherwise.
    pub left: bool,
    /// Packets are missing where something would be concluded.
    pub lacking: bool,
}

/// One instance of a scenario: a recording of some people, and who of them is who.
#[derive(Debug, Default)]
pub struct Seeker {
    /// Numbers by `PersonName::index`.
    people: BTreeMap<usize, String>,
    /// What the system was told of users.
    told: Arc<Vec<Told>>,
    /// Everything that our side does of its own accord.
    acts: Arc<Vec<locate::Act>>,
    /// When the whole recording is over.
    ends_at: u64,
    losses: Arc<Vec<Loss>>,
    course: Arc<Mutex<Course>>,
    labels: Labels,
    /// First frames of acts that the scenario has ordered.
    ordered: BTreeSet<u32>,
    /// Orders, and where each was found: one that is given twice is found twice.
    used: BTreeSet<(String, u32)>,
    /// Last frame of what was ordered since the last wait, and when its first was seen.
    pending: Option<(u32, u64)>,
    /// The last frame of the last wait.
    reached: u32,
    /// Its time.
    reached_at: u64,
    /// The shortest time that a user was prepared with, in seconds: what comes later than that is of another scenario.
    shortest: Option<f64>,
    /// Whose properties the scenario has named.
    prepared: BTreeSet<String>,
    terminals: BTreeMap<String, (UeBehaviour, u32)>,
    handsets: BTreeMap<String, (HandsetBehaviour, u32)>,
    /// What MMTel UEs were told of themselves, and since when they behave so.
    stances: BTreeMap<String, (locate::Stance, u32)>,
}

impl Seeker {
    pub fn new(
        people: BTreeMap<usize, String>,
        (acts, told): (Arc<Vec<locate::Act>>, Arc<Vec<Told>>),
        losses: Arc<Vec<Loss>>,
        ends_at: u64,
    ) -> Self {
        Self {
            people,
            acts,
            told,
            losses,
            ends_at,
            ..Self::default()
        }
    }

    /// What becomes of the search, also after it is over.
    pub fn course(&self) -> Arc<Mutex<Course>> {
        self.course.clone()
    }

    fn note(&self, change: impl FnOnce(&mut Course)) {
        change(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The scenario is not what the recording shows.
    fn leave(&self, expected: impl Into<String>, observed: impl Into<String>) -> Lack {
        self.note(|course| course.left = true);
        Lack::NotStimulated {
            expected: expected.into(),
            observed: observed.into(),
        }
    }

    /// What our side does of its own accord. A service centre that is to report by itself does not do so when it is ordered.
    fn ours(&self) -> impl Iterator<Item = &locate::Act> {
        let mut handsets = self.handsets.values();
        let ordered = handsets.any(|(behaviour, _)| behaviour.receipt.is_none());
        self.acts
            .iter()
            .filter(move |act| !act.is_report || ordered)
    }

    /// The next act that the scenario does not order, at or after a frame.
    fn stranger(&self) -> Option<&locate::Act> {
        let mut acts = self.ours();
        acts.find(|act| act.frame > self.reached && !self.ordered.contains(&act.frame))
    }

    fn found(&mut self, name: &str, located: Located, trace: &Trace) -> Result<(), Lack> {
        match located {
            Located::Nothing => Ok(()),
            Located::Undecidable { why } => Err(Lack::Undecidable(why)),
            Located::Absent { wanted } => Err(self.leave(
                wanted,
                "it is not in the recording where the scenario has it",
            )),
            Located::Found {
                frames,
                call_id,
                label,
                ..
            } => {
                if let (Some(label), Some(id)) = (label, call_id) {
                    self.labels.insert((name.to_owned(), label), id);
                }
                let (first, last) = (
                    frames.first().copied().unwrap_or(0),
                    frames.last().copied().unwrap_or(0),
                );
                let own = self.acts.iter().map(|act| act.frame);
                self.ordered
                    .extend(own.filter(|frame| frames.contains(frame)));
                self.note(|course| course.began = course.began.or(Some(first)));
                let at = trace.frame(first).map_or(0, |frame| frame.at);
                let over = self.shortest.map(nanoseconds).filter(|_| self.reached > 0);
                if over.is_some_and(|over| at > self.reached_at.saturating_add(over)) {
                    let observed = format!("a time of the scenario is over by frame {first}");
                    return Err(
                        self.leave("the next stimulus as soon as everything is quiet", observed)
                    );
                }
                let before = self.pending.unwrap_or((0, at));
                self.pending = Some((before.0.max(last), before.1.min(at)));
                Ok(())
            }
        }
    }

    /// A locator asked again behind where the same order was found before. One frame may carry several messages, so that the last one
    /// that was looked at may have this too.
    fn look(
        &mut self,
        scene: &Scene<'_>,
        order: String,
        find: impl Fn(&Place) -> Located,
    ) -> Located {
        let mut after = self.reached.saturating_sub(1);
        loop {
            let place = Place {
                trace: scene.recording.whole(),
                cast: scene.cast,
                labels: &self.labels,
                after,
            };
            let located = find(&place);
            let Located::Found { frames, .. } = &located else {
                return located;
            };
            let first = frames.first().copied().unwrap_or(u32::MAX);
            if self.used.insert((order.clone(), first)) {
                return located;
            }
            after = first;
        }
    }

    /// Peers have behaved as the scenario has them, up to a frame.
    fn behaved(&self, scene: &Scene<'_>, until: u32) -> Result<(), Lack> {
        let place = |since: u32| Place {
            trace: scene.recording.whole(),
            cast: scene.cast,
            labels: &self.labels,
            after: since,
        };
        let usual = (scene.facility.terminal(), 0);
        let usual_phone = (scene.facility.handset(), 0);
        for person in scene.cast.people() {
            let name = person.name.as_str();
            if let Some(behaved) = self.mmtel_behaved(scene, name, until) {
                self.is_as_wanted(name, behaved)?;
                continue;
            }
            let (terminal, since) = self.terminals.get(name).unwrap_or(&usual);
            self.is_as_wanted(
                name,
                terminal_behaved(terminal, name, &place(*since), until),
            )?;
            let (phone, since) = self.handsets.get(name).unwrap_or(&usual_phone);
            self.is_as_wanted(name, handset_behaved(phone, name, &place(*since), until))?;
        }
        Ok(())
    }

    fn is_as_wanted(&self, name: &str, behaved: Behaved) -> Result<(), Lack> {
        match behaved {
            Behaved::AsWanted => Ok(()),
            Behaved::Otherwise { frames, why } => {
                let observed = match frames.first() {
                    Some(frame) => format!("{why} (frame {frame})"),
                    None => why,
                };
                Err(self.leave(
                    format!("{name}'s side does as the scenario has it"),
                    observed,
                ))
            }
            Behaved::NotSeen { why } => Err(Lack::Undecidable(why)),
        }
    }

    /// A wait begins: what was ordered must be next, and nothing else may have happened before it.
    fn begin(&mut self, scene: &Scene<'_>) -> Result<(u32, u64), Lack> {
        let (frame, at) = self
            .pending
            .take()
            .unwrap_or((scene.recording.last_frame(), scene.now));
        let frame = frame.max(scene.recording.last_frame());
        if let Some(act) = self.stranger()
            && act.frame < frame
        {
            let observed = format!("before it there is {} (frame {})", act.what, act.frame);
            return Err(self.leave("nothing but what the scenario orders", observed));
        }
        Ok((frame, at.max(scene.now)))
    }

    fn reach(&mut self, last_frame: u32, now: u64) -> Reach {
        (self.reached, self.reached_at) = (last_frame, now);
        Reach { last_frame, now }
    }

    /// Everything up to what our side does next.
    fn settle(&mut self, scene: &Scene<'_>) -> Result<Reach, Lack> {
        let (frame, now) = self.begin(scene)?;
        let whole = scene.recording.whole();
        let next = self.next_act(frame);
        let shown = whole.frames.iter().rev();
        let mut before = shown.filter(|one| next.is_none_or(|next| one.number < next));
        let last = before.next();
        let number = last.map_or(frame, |one| one.number).max(frame);
        let at = last.map_or(now, |one| one.at).max(now);
        self.is_prompt(scene, now, number)?;
        Ok(self.reach(number, at))
    }

    /// A run has its next stimulus as soon as everything is quiet: what the system does later by itself, because a time of its own has
    /// passed, belongs to another scenario.
    fn is_prompt(&self, scene: &Scene<'_>, since: u64, until: u32) -> Result<(), Lack> {
        let ixit = &scene.facility.profile.ixit;
        let quiet = nanoseconds(ixit.guard_seconds + ixit.reaction_seconds.min(ixit.guard_seconds));
        let quiet = since.saturating_add(quiet);
        let late = scene.recording.whole().facts.iter().find(|seen| {
            let frame = seen.frames.first().copied().unwrap_or(0);
            seen.direction == Direction::FromSystem
                && seen.at > quiet
                && frame > self.reached
                && frame <= until
                && is_of_its_own(&seen.fact)
        });
        match late.filter(|_| self.next_act(until).is_some()) {
            None => Ok(()),
            Some(seen) => {
                let frame = seen.frames.first().copied().unwrap_or(0);
                let observed =
                    format!("before it the system did something by itself (frame {frame})");
                Err(self.leave("the next stimulus as soon as everything is quiet", observed))
            }
        }
    }

    /// First frame of the next act behind a frame, ordered or not.
    fn next_act(&self, after: u32) -> Option<u32> {
        let mut later = self.ours().map(|act| act.frame);
        later.find(|frame| *frame > after && !self.ordered.contains(frame))
    }

    fn pass(&mut self, scene: &Scene<'_>, seconds: f64) -> Result<Reach, Lack> {
        let (frame, now) = self.begin(scene)?;
        let now = now.saturating_add(nanoseconds(seconds));
        let whole = scene.recording.whole();
        if let Some(next) = self.next_act(frame)
            && whole.frame(next).is_some_and(|next| next.at < now)
        {
            return Err(self.leave("that nothing is done meanwhile", format!("frame {next}")));
        }
        let last = whole.frames.iter().rfind(|one| one.at <= now);
        let number = last.map_or(frame, |one| one.number).max(frame);
        Ok(self.reach(number, now))
    }

    fn sent(
        &mut self,
        scene: &mut Scene<'_>,
        what: &str,
        is_it: &dyn Fn(&crate::verdict::View) -> bool,
    ) -> Result<Reach, Lack> {
        let (frame, now) = self.begin(scene)?;
        let bound = self.next_act(frame);
        for (number, at) in self.steps_from(scene, frame, bound) {
            scene.recording.show(number);
            let at = at.max(now);
            if is_it(&scene.view(at)) {
                return Ok(self.reach(number, at));
            }
        }
        Err(self.leave(what, "it is not seen as the scenario has it"))
    }

    /// Frames from one on, before a bound, with their times.
    fn steps_from(&self, scene: &Scene<'_>, frame: u32, bound: Option<u32>) -> Vec<(u32, u64)> {
        let frames = scene.recording.whole().frames.iter();
        frames
            .filter(|one| one.number >= frame && bound.is_none_or(|bound| one.number < bound))
            .map(|one| (one.number, one.at))
            .collect()
    }

    /// Looks as a run would: at everything new, and when patience may be at its end.
    fn answer(&mut self, scene: &mut Scene<'_>, question: &Question) -> Result<Reach, Lack> {
        let (frame, begun) = self.begin(scene)?;
        let ixit = &scene.facility.profile.ixit;
        let seconds = Duration::from_secs_f64;
        let (guard, reaction) = (seconds(ixit.guard_seconds), seconds(ixit.reaction_seconds));
        let mut watch = Watch::new(question.patience, guard, reaction);
        let stranger = self.next_act(frame);
        let stranger_at = stranger.and_then(|one| scene.recording.whole().frame(one));
        let bound_at = stranger_at.map_or(self.ends_at, |one| one.at);
        let due = self.steps_from(scene, frame, stranger);
        let words = words(scene.recording.whole());
        let (mut number, mut now) = due.first().copied().unwrap_or((frame, begun));
        let mut due = due.into_iter().skip(1).peekable();
        now = now.max(begun);
        loop {
            scene.recording.show(number);
            let answer = question.ask(&scene.view(now));
            let waited = Duration::from_nanos(now.saturating_sub(begun));
            let Some(deadline) = watch.next(waited, &answer) else {
                let reach = self.reach(number, now);
                self.is_whole(scene, reach)?;
                return Ok(reach);
            };
            // A run looks whenever something is said, and now and then while nothing but audio is heard; oftener than its guard time lasts,
            // for what comes next may follow an answer by no more than that.
            let tick = TICK.max(guard / LOOKS);
            let next = begun.saturating_add(nanos(deadline.min(waited + tick)));
            let mut is_said = false;
            while let Some((frame, at)) = due.next_if(|(_, at)| !is_said && *at <= next) {
                (number, now) = (frame, at.max(now));
                is_said = words.contains(&frame);
            }
            match is_said {
                true => {}
                false if next <= bound_at => now = now.max(next),
                false => return Err(self.cut_short(stranger)),
            }
        }
    }

    /// The system has been told nothing of people of whom the scenario says nothing.
    fn is_ordinary(&self, scene: &Scene<'_>, now: u64) -> Result<(), Lack> {
        let unnamed = scene.cast.people();
        let mut unnamed = unnamed.filter(|person| !self.prepared.contains(&person.name));
        let other = unnamed.find_map(|person| {
            let provisioner = &scene.facility.provisioner;
            let told = told_otherwise(provisioner, &self.told, &person.number, now)?;
            Some((person.name.clone(), told.frame))
        });
        match other {
            None => Ok(()),
            Some((name, frame)) => Err(self.leave(
                format!("{name} is an ordinary user"),
                format!("the system was told otherwise in frame {frame}"),
            )),
        }
    }

    fn cut_short(&self, stranger: Option<u32>) -> Lack {
        match stranger {
            Some(frame) => self.leave(
                "that our side waits for what the system does",
                format!("it does something else in frame {frame}"),
            ),
            None => {
                self.note(|course| course.lacking = true);
                Lack::Undecidable("the recording ends before that".to_owned())
            }
        }
    }

    /// Nothing is concluded where packets are missing, nor from peers who behave otherwise.
    fn is_whole(&self, scene: &Scene<'_>, reach: Reach) -> Result<(), Lack> {
        self.is_ordinary(scene, reach.now)?;
        self.behaved(scene, reach.last_frame)?;
        let mut losses = self.losses.iter();
        match losses.find(|loss| loss.at <= reach.now) {
            None => Ok(()),
            Some(loss) => {
                self.note(|course| course.lacking = true);
                Err(Lack::Undecidable(format!(
                    "the recording lacks packets: {} (frame {})",
                    loss.what, loss.frame
                )))
            }
        }
    }
}

/// What changes the state that a stimulus meets: requests and final answers.
fn is_of_its_own(fact: &Fact) -> bool {
    match fact {
        Fact::Sip(message) => {
            message.is_request() || message.status().is_some_and(|code| code >= 200)
        }
        Fact::Msrp(message) => message.method().is_some(),
        Fact::Smpp(pdu) => pdu.short_message().is_some(),
        _ => false,
    }
}

/// Frames in which something is said, audio apart.
fn words(trace: &Trace) -> HashSet<u32> {
    let said = trace.facts.iter();
    let said = said.filter(|seen| !matches!(seen.fact, Fact::Rtp(_)));
    said.flat_map(|seen| seen.frames.clone()).collect()
}

/// How often a run looks where times matter.
const TICK: Duration = crate::capture::pacing::TICK;

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn nanoseconds(seconds: f64) -> u64 {
    nanos(Duration::from_secs_f64(seconds))
}

impl Search for Seeker {
    fn step(&mut self, _: Scene<'_>, sentence: &str) -> Result<(), Lack> {
        locate::unseen_step(sentence).map_or(Ok(()), |why| Err(Lack::Undecidable(why)))
    }

    fn prepare(
        &mut self,
        scene: Scene<'_>,
        name: &str,
        properties: &Properties,
    ) -> Result<(), Lack> {
        self.prepared.insert(name.to_owned());
        let times = properties
            .iter()
            .filter(|(name, _)| name.ends_with("_seconds"));
        let times = times.filter_map(|(_, value)| value.as_f64());
        self.shortest = times.chain(self.shortest).reduce(f64::min);
        let before = self.next_act(self.reached);
        let before = before.and_then(|frame| scene.recording.whole().frame(frame));
        let at = before.map_or(u64::MAX, |frame| frame.at);
        is_told(&scene.facility.provisioner, &self.told, properties, at).map_err(|why| {
            // Users who are otherwise belong to another scenario, however far it has gone like this one.
            self.note(|course| course.left = true);
            Lack::Unmet(format!("{name}: {why}"))
        })
    }

    fn act(&mut self, scene: Scene<'_>, name: &str, act: &Act) -> Result<(), Lack> {
        if let Some(why) = locate::unseen(act) {
            return Err(Lack::Undecidable(why));
        }
        let located = match act {
            Act::Ue(UeCommand::Behave(behaviour)) => {
                let since = scene.recording.last_frame();
                self.terminals
                    .insert(name.to_owned(), (behaviour.clone(), since));
                Located::Nothing
            }
            Act::Ue(command) => {
                let order = format!("{name} {command:?}");
                self.look(&scene, order, |place| locate::ue(command, name, place))
            }
            Act::Handset(HandsetAct::Behave(behaviour)) => {
                let since = scene.recording.last_frame();
                self.handsets
                    .insert(name.to_owned(), ((**behaviour).clone(), since));
                Located::Nothing
            }
            Act::Handset(act) => {
                let usual = scene.facility.handset();
                let behaviour = self
                    .handsets
                    .get(name)
                    .map_or(usual, |(one, _)| one.clone());
                let order = format!("{name} {act:?}");
                self.look(&scene, order, |place| {
                    locate::handset(act, name, &behaviour, place)
                })
            }
            Act::Mmtel(command) => self.mmtel(&scene, name, command),
            Act::Hold(_) => Located::Undecidable {
                why: locate::unseen(act).unwrap_or_default(),
            },
        };
        let whole = scene.recording.whole();
        self.found(name, located, whole)
    }

    fn xcap(
        &mut self,
        scene: Scene<'_>,
        name: &str,
        request: &XcapRequest,
        anew: bool,
    ) -> Result<(Reach, Option<HttpMessage>), Lack> {
        self.ask(&scene, name, request, anew)
    }

    fn wait(&mut self, mut scene: Scene<'_>, wait: &Wait<'_>) -> Result<Reach, Lack> {
        match wait {
            Wait::Settled => self.settle(&scene),
            Wait::Sent { what, is_it } => self.sent(&mut scene, what, is_it),
            Wait::Pass(seconds) => self.pass(&scene, *seconds),
            Wait::Answer(question) => self.answer(&mut scene, question),
        }
    }

    fn number(&self, person: usize) -> Option<String> {
        self.people.get(&person).cloned()
    }

    fn ends(&self, _: &str) -> Option<[SocketAddr; 2]> {
        None
    }
}

/// The place of a person among the names.
pub fn person_index(name: &str) -> usize {
    super::vocabulary::PersonName(name.to_owned()).index()
}
