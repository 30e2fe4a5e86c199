//! Runs test cases on cucumber: sets each stage before its first step and concludes it after the last.
use super::axis::AccessValues;
use super::catalogue::{Case, Catalogue, access_of, relative};
use super::judge::{self, Desk, Over};
use super::options::ProgressEvent;
use super::record::{CaseRecord, LadderState, StepOutcome, StepRecord};
use super::redact::Redacting;
use super::snapshots::Snapshots;
use super::waive;
use super::writer::StepWriter;
use crate::capture::calendar;
use crate::steps::{CaseSetup, Facility, Lab, Stop, set_stage as set};
use crate::sut::waivers::Waiver;
use crate::verdict::{Reason, Register, Requirement, Verdict};
use cucumber::event::{ScenarioFinished, StepError};
use cucumber::gherkin::{Feature, Rule, Scenario};
use cucumber::{Cucumber, Parser, World as _, cli, parser, runner};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything the hooks need; shared by all test cases of a run.
pub struct Bench {
    pub catalogue: Catalogue,
    pub register: Register,
    pub facility: Arc<Facility>,
    pub selected: BTreeSet<String>,
    pub access: AccessValues,
    pub out: PathBuf,
    /// The seed of another order than that of the features.
    pub shuffled: Option<u64>,
    pub snapshots: Option<Snapshots>,
    /// Those of the system that are sound and are for this run.
    pub waivers: Vec<Waiver>,
    pub redacting: Option<Arc<Redacting>>,
    pub progress: Box<dyn Fn(ProgressEvent) + Send + Sync>,
    pub records: Mutex<BTreeMap<String, CaseRecord>>,
}

/// Feeds features that are parsed already, with only the scenarios that are to run.
struct Parsed;

impl Parser<Vec<Feature>> for Parsed {
    type Cli = cli::Empty;
    type Output = futures::stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, features: Vec<Feature>, _: cli::Empty) -> Self::Output {
        futures::stream::iter(features.into_iter().map(Ok).collect::<Vec<_>>())
    }
}

/// Runs every selected test case, `jobs` at a time, and gives the steps of each. Their records are in `bench.records`.
pub async fn execute(bench: Arc<Bench>, jobs: usize) -> StepWriter {
    let features = selected_features(&bench);
    let (before, after) = (bench.clone(), bench);
    Cucumber::<_, _, _, _, _, cli::Empty>::custom(
        Parsed,
        runner::Basic::default(),
        StepWriter::default(),
    )
    .steps(Lab::collection())
    .max_concurrent_scenarios(jobs)
    .before(move |feature, rule, scenario, lab| {
        set_stage(before.clone(), feature, rule, scenario, lab)
    })
    .after(move |feature, rule, scenario, finished, lab| {
        clear_stage(after.clone(), feature, rule, scenario, finished, lab)
    })
    .with_default_cli()
    .run(features)
    .await
}

fn selected_features(bench: &Bench) -> Vec<Feature> {
    let is_selected = |feature: &Feature, scenario: &Scenario| {
        case_at(bench, feature, scenario).is_some_and(|case| bench.selected.contains(&case.id))
    };
    let mut features = bench.catalogue.features.clone();
    for feature in &mut features {
        let whole = feature.clone();
        feature
            .scenarios
            .retain(|scenario| is_selected(&whole, scenario));
        for rule in &mut feature.rules {
            rule.scenarios
                .retain(|scenario| is_selected(&whole, scenario));
        }
        feature.rules.retain(|rule| !rule.scenarios.is_empty());
    }
    features.retain(|feature| !feature.rules.is_empty() || !feature.scenarios.is_empty());
    if let Some(seed) = bench.shuffled {
        shuffle(&mut features, seed);
    }
    features
}

/// Features change places, rules within a feature, and scenarios within a rule.
fn shuffle(features: &mut [Feature], seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    random.shuffle(features);
    for feature in features {
        random.shuffle(&mut feature.scenarios);
        random.shuffle(&mut feature.rules);
        for rule in &mut feature.rules {
            random.shuffle(&mut rule.scenarios);
        }
    }
}

fn case_at<'a>(bench: &'a Bench, feature: &Feature, scenario: &Scenario) -> Option<&'a Case> {
    let file = relative(feature.path.as_deref()?, &bench.catalogue.folder);
    let access = access_of(scenario);
    bench.catalogue.at(&file, scenario.position.line, access)
}

fn set_stage<'a>(
    bench: Arc<Bench>,
    feature: &'a Feature,
    rule: Option<&'a Rule>,
    scenario: &'a Scenario,
    lab: &'a mut Lab,
) -> LocalBoxFuture<'a, ()> {
    async move {
        let Some(case) = case_at(&bench, feature, scenario) else {
            return;
        };
        (bench.progress)(ProgressEvent::CaseStarted {
            id: case.id.clone(),
        });
        let setup = CaseSetup {
            id: case.id.clone(),
            requirement: case.requirement.clone(),
            clause: clause_of(bench.register.get(&case.requirement)),
            ordinal: case.ordinal,
            access: bench.access.of(case),
        };
        let background = feature.background.iter().flat_map(|of| &of.steps);
        let of_rule = rule.and_then(|rule| rule.background.as_ref());
        let of_rule = of_rule.into_iter().flat_map(|of| &of.steps);
        let given: Vec<_> = background.chain(of_rule).chain(&scenario.steps).collect();
        let stage = set(bench.facility.clone(), setup, &given).await;
        bench.with_records(|records| records.insert(case.id.clone(), blank(case)));
        lab.set(stage);
    }
    .boxed_local()
}

fn clear_stage<'a>(
    bench: Arc<Bench>,
    feature: &'a Feature,
    _rule: Option<&'a Rule>,
    scenario: &'a Scenario,
    finished: &'a ScenarioFinished,
    lab: Option<&'a mut Lab>,
) -> LocalBoxFuture<'a, ()> {
    async move {
        let Some(case) = case_at(&bench, feature, scenario) else {
            return;
        };
        let Some(stage) = lab.and_then(Lab::take) else {
            return;
        };
        let over = Over {
            ending: stage.close().await,
            stop: stop_of(finished),
        };
        let mut record = bench
            .with_records(|records| records.remove(&case.id))
            .unwrap_or_else(|| blank(case));
        let desk = Desk {
            out: &bench.out,
            snapshots: bench.snapshots.as_ref(),
            requirement: bench.register.get(&case.requirement),
            redacting: bench.redacting.as_deref(),
        };
        judge::conclude(&mut record, case, &bench.facility, over, &desk);
        record.duration_ms = elapsed_ms(&record.started);
        bench.finish(record);
    }
    .boxed_local()
}

pub(super) fn clause_of(requirement: Option<&Requirement>) -> String {
    requirement.map_or(String::new(), |row| {
        format!(", {} {}", row.document, row.clause)
    })
}

impl Bench {
    fn with_records<T>(&self, change: impl FnOnce(&mut BTreeMap<String, CaseRecord>) -> T) -> T {
        change(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn finish(&self, record: CaseRecord) {
        let (id, verdict, cause, duration_ms) = (
            record.id.clone(),
            record.verdict,
            record.cause.clone(),
            record.duration_ms,
        );
        let waived = waive::covers(&self.waivers, &record);
        let done = self.with_records(|records| {
            records.insert(id.clone(), record);
            records
                .values()
                .filter(|record| record.verdict != Verdict::None)
                .count()
        });
        (self.progress)(ProgressEvent::CaseFinished {
            id,
            verdict,
            waived,
            cause,
            duration_ms,
            done,
            of: self.selected.len(),
        });
    }
}

/// Why the last step ended the test case, if one did.
fn stop_of(finished: &ScenarioFinished) -> Option<Stop> {
    let suite = |cause: String| {
        Some(Stop::Suite {
            reason: Reason::Panic,
            cause,
        })
    };
    match finished {
        ScenarioFinished::StepPassed => None,
        ScenarioFinished::StepSkipped => suite("a step is no known sentence".into()),
        ScenarioFinished::BeforeHookFailed(_) => suite("the stage could not be set".into()),
        ScenarioFinished::StepFailed(_, _, StepError::Panic(payload)) => {
            match payload.downcast_ref::<Stop>() {
                Some(stop) => Some(stop.clone()),
                None => suite(format!("a step panicked: {}", panic_text(payload.as_ref()))),
            }
        }
        ScenarioFinished::StepFailed(_, _, error) => suite(error.to_string()),
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a text".into())
}

/// A record that knows what the catalogue knows.
pub fn blank(case: &Case) -> CaseRecord {
    let not_run = |step: &super::catalogue::Step| StepRecord {
        keyword: step.keyword.into(),
        text: step.text.clone(),
        outcome: StepOutcome::NotRun,
        duration_ms: 0,
    };
    CaseRecord {
        id: case.id.clone(),
        title: case.title.clone(),
        feature: case.feature.clone(),
        file: case.file.clone(),
        line: case.line,
        rule: case.rule.clone(),
        requirement: case.requirement.clone(),
        tags: case.tags.clone(),
        control: case.control,
        derived: case.derived,
        access: case.access.clone(),
        profile: false,
        verdict: Verdict::None,
        reason: None,
        cause: String::new(),
        blame: String::new(),
        blame_why: String::new(),
        started: calendar::now().to_string(),
        duration_ms: 0,
        steps: case.steps.iter().map(not_run).collect(),
        findings: Vec::new(),
        capture: None,
        closure: None,
        tape: None,
        ladder: String::new(),
        ladder_state: LadderState::NotCompared,
        ladder_difference: String::new(),
        operator: Vec::new(),
        instances: Vec::new(),
        not_applicable: None,
        waiver: None,
        seed: None,
    }
}

fn elapsed_ms(started: &str) -> u64 {
    let Ok(started) = started.parse::<jiff::Timestamp>() else {
        return 0;
    };
    u64::try_from(calendar::now().duration_since(started).as_millis()).unwrap_or(0)
}
