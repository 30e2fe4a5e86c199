//! Plays a scenario on a stage where nothing happens: the same steps as in a run, one after the other, at once.
use super::lab::{Lab, Stop};
use super::leaving::Ending;
use super::sentences::steps;
use super::stage::Stage;
use crate::verdict::Reason;
use cucumber::gherkin;
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// What has come of it.
pub struct Played {
    pub ending: Ending,
    /// Why the last step that was played ended the test case, if it did.
    pub stop: Option<Stop>,
    /// Steps that were played to their end.
    pub done: usize,
}

/// Plays the steps of a test case, those of backgrounds first, on a stage of a tape or a search.
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
    let stage = lab.take().ok_or("the stage of a test case is gone")?;
    let ending = stage.close().await;
    Ok(Played { ending, stop, done })
}

pub(super) async fn one(lab: &mut Lab, step: &gherkin::Step) -> Option<Stop> {
    let suite = |cause: String| {
        Some(Stop::Suite {
            reason: Reason::Panic,
            cause,
        })
    };
    let Ok(Some((play, _, _, context))) = steps().find(step) else {
        return suite("a step is no known sentence".to_owned());
    };
    let played = AssertUnwindSafe(async {
        lab.begin(&step.value);
        play(lab, context).await;
    });
    match played.catch_unwind().await {
        Ok(()) => None,
        Err(payload) => match payload.downcast_ref::<Stop>() {
            Some(stop) => Some(stop.clone()),
            None => suite("a step panicked".to_owned()),
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
