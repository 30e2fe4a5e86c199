//! Plays a scenario without cucumber: the same steps, one after the other. On a stage where nothing happens that takes no time; on that
//! of a session of a load it happens as in a run.
use super::lab::{Lab, Stop};
use super::leaving::Ending;
use super::sentences::steps;
use super::stage::Stage;
use crate::verdict::Reason;
use cucumber::gherkin::{self, StepType};
use cucumber::step::{CaptureName, Context, Step};
use futures::FutureExt as _;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{OnceLock, PoisonError, RwLock};

/// What has come of it.
pub struct Played {
    pub ending: Ending,
    /// Why the last step that was played ended the test case, if it did.
    pub stop: Option<Stop>,
    /// Steps that were played to their end.
    pub done: usize,
}

/// The steps of a test case, each with the sentence it is, found once for all the sessions that play them.
pub struct Script(Vec<Line>);

struct Line {
    play: Step<Lab>,
    context: Context,
}

impl Script {
    /// Nothing where a step is no known sentence.
    pub fn of<'s>(given: impl IntoIterator<Item = &'s gherkin::Step>) -> Option<Self> {
        let lines = given.into_iter().map(line);
        lines.collect::<Option<_>>().map(Self)
    }
}

/// Which function a sentence is, and what it says at the places that it leaves open.
type Meaning = (Step<Lab>, Vec<(CaptureName, String)>);

/// Every sentence is held against all expressions of the vocabulary once, however often it is played.
fn line(step: &gherkin::Step) -> Option<Line> {
    static KNOWN: OnceLock<RwLock<HashMap<(StepType, String), Meaning>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    let name = (step.ty, step.value.clone());
    let held = {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&name).cloned()
    };
    let (play, matches) = match held {
        Some(held) => held,
        None => {
            let (play, _, _, context) = steps().find(step).ok()??;
            let found = (*play, context.matches);
            let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(name, found.clone());
            found
        }
    };
    let step = step.clone();
    Some(Line {
        play,
        context: Context { step, matches },
    })
}

/// Plays the steps of a test case, those of backgrounds first.
pub async fn play(stage: Stage, given: &[gherkin::Step]) -> Result<Played, String> {
    let mut lab = Lab::default();
    lab.set(stage);
    let (mut stop, mut done) = (None, 0);
    for step in given {
        stop = one(&mut lab, step).await;
        if stop.is_some() {
            break;
        }
        done += 1;
    }
    over(lab, stop, done).await
}

/// The same with sentences that have been found before.
pub async fn play_script(stage: Stage, script: &Script) -> Result<Played, String> {
    let mut lab = Lab::default();
    lab.set(stage);
    let (mut stop, mut done) = (None, 0);
    for Line { play, context } in &script.0 {
        stop = act(&mut lab, *play, context.clone()).await;
        if stop.is_some() {
            break;
        }
        done += 1;
    }
    over(lab, stop, done).await
}

async fn over(mut lab: Lab, stop: Option<Stop>, done: usize) -> Result<Played, String> {
    let stage = lab.take().ok_or("the stage of a test case is gone")?;
    let ending = stage.close().await;
    Ok(Played { ending, stop, done })
}

fn suite(cause: &str) -> Option<Stop> {
    Some(Stop::Suite {
        reason: Reason::Panic,
        cause: cause.to_owned(),
    })
}

pub(super) async fn one(lab: &mut Lab, step: &gherkin::Step) -> Option<Stop> {
    match line(step) {
        Some(Line { play, context }) => act(lab, play, context).await,
        None => suite("a step is no known sentence"),
    }
}

async fn act(lab: &mut Lab, play: Step<Lab>, context: Context) -> Option<Stop> {
    let played = AssertUnwindSafe(async {
        lab.begin(&context.step.value);
        play(lab, context).await;
    });
    match played.catch_unwind().await {
        Ok(()) => None,
        Err(payload) => match payload.downcast_ref::<Stop>() {
            Some(stop) => Some(stop.clone()),
            None => suite("a step panicked"),
        },
    }
}

impl Lab {
    /// A step begins, of which a search may want to know.
    fn begin(&mut self, sentence: &str) {
        let (course, stand) = self.stage().parts();
        if let Err(lack) = course.tell(&stand, |search, scene| search.step(scene, sentence)) {
            self.lacking(sentence, lack);
        }
    }
}
