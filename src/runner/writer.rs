//! Our own cucumber writer: what became of every step. Verdicts are not its business.
use super::catalogue::access_of;
use super::record::{StepOutcome, StepRecord};
use crate::steps::Lab;
use cucumber::event::{self, RetryableScenario};
use cucumber::{Event, cli, gherkin, parser};
use std::collections::HashMap;
use std::time::SystemTime;

/// Feature file, scenario line, and the access network if it is not the baseline.
type Place = (String, usize, Option<String>);
/// Steps by the place of their scenario.
pub type Steps = HashMap<Place, Vec<StepRecord>>;

/// Collects the outcome and the time of every step.
#[derive(Debug, Default)]
pub struct StepWriter {
    pub steps: Steps,
    begun: HashMap<Place, SystemTime>,
}

impl cucumber::Writer<Lab> for StepWriter {
    type Cli = cli::Empty;

    async fn handle_event(
        &mut self,
        event: parser::Result<Event<event::Cucumber<Lab>>>,
        _: &cli::Empty,
    ) {
        let Ok(event) = event else { return };
        let (event, meta) = event.split();
        if let event::Cucumber::Feature(feature, event) = event {
            let file = feature
                .path
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned())
                .unwrap_or_default();
            match event {
                event::Feature::Scenario(scenario, event)
                | event::Feature::Rule(_, event::Rule::Scenario(scenario, event)) => {
                    let access = access_of(&scenario).map(str::to_owned);
                    self.scenario((file, scenario.position.line, access), event, meta.at);
                }
                _ => {}
            }
        }
    }
}

impl cucumber::writer::Normalized for StepWriter {}

impl StepWriter {
    fn scenario(&mut self, key: Place, event: RetryableScenario<Lab>, at: SystemTime) {
        match event.event {
            event::Scenario::Background(step, event) | event::Scenario::Step(step, event) => {
                self.step(key, &step, &event, at)
            }
            _ => {}
        }
    }

    fn step(&mut self, key: Place, step: &gherkin::Step, event: &event::Step<Lab>, at: SystemTime) {
        let outcome = match event {
            event::Step::Started => {
                self.begun.insert(key, at);
                return;
            }
            event::Step::Passed(..) => StepOutcome::Done,
            event::Step::Failed(..) => StepOutcome::Stopped,
            event::Step::Skipped => StepOutcome::NotRun,
        };
        let begun = self.begun.remove(&key).unwrap_or(at);
        let took = at.duration_since(begun).unwrap_or_default();
        self.steps.entry(key).or_default().push(StepRecord {
            keyword: format!("{:?}", step.ty),
            text: step.value.clone(),
            outcome,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}
