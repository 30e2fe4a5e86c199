//! What a test case needs of its users, found out before it runs: its Givens are played on a stage that nobody sees, on which nothing is
//! sent and nothing is waited for. Needed where users are picked from those who are on the system already; what a sentence means for
//! users is so said in one place, the sentence itself.
use super::course::{Course, Replay};
use super::lab::{Lab, Stop};
use super::sentences::steps;
use super::stage::{CaseSetup, Facility, Means, Stage};
use super::tape::Tape;
use super::vocabulary::PersonName;
use crate::observe::Trace;
use crate::sut::provision::known::same;
use crate::sut::provision::prepared_users::{Lease, Need, Roster};
use crate::verdict::{Finding, Reason, Verdict};
use cucumber::gherkin::{self, StepType};
use futures::FutureExt as _;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// What playing the Givens has shown.
#[derive(Debug, Default)]
struct Plan {
    needs: Vec<Need>,
    /// Properties that change after something was sent.
    changed: Vec<String>,
}

/// The stage of a test case: with users of the list if the profile has one, and closed where none of them fit.
pub async fn stage(facility: Arc<Facility>, setup: CaseSetup, given: &[&gherkin::Step]) -> Stage {
    let Some(roster) = facility.provisioner.roster().cloned() else {
        return Stage::new(facility, setup);
    };
    let plan = plan(&facility, &setup, given).await;
    let leased = match plan.changed.as_slice() {
        [] => roster.lease(&plan.needs).await,
        changed => Err(format!(
            "{} would have to change in the middle of the test case, and users who are prepared beforehand stay as they are",
            changed.join(", ")
        )),
    };
    let requirement = setup.requirement.clone();
    let mut stage = Stage::new(facility, setup);
    match leased {
        Ok(lease) => stage.lease = Some(lease),
        Err(observed) => stage.closed = Some(unmet(requirement, observed)),
    }
    stage
}

impl Stage {
    /// The stage of a capture that is judged again.
    pub fn again(whole: Arc<Trace>, tape: Tape, facility: Arc<Facility>, setup: CaseSetup) -> Self {
        let never = tape.cast.is_empty() && tape.looks.is_empty();
        let closed = tape.unmet.clone().filter(|_| never);
        let closed = closed.map(|why| unmet(setup.requirement.clone(), why));
        let course = Course::Tape(Box::new(Replay::new(whole, tape)));
        let mut stage = Self::on(course, facility, setup);
        stage.closed = closed;
        stage
    }
}

/// Users of the list are not as the scenario has them.
pub(super) fn unmet(requirement: String, observed: String) -> Finding {
    Finding {
        requirement,
        sentence: String::new(),
        verdict: Verdict::Inconc,
        reason: Some(Reason::PreconditionUnmet),
        expected: "users with the properties of this test case".to_owned(),
        observed,
        frames: Vec::new(),
    }
}

async fn plan(facility: &Arc<Facility>, setup: &CaseSetup, given: &[&gherkin::Step]) -> Plan {
    let mut lab = Lab::default();
    let stage = Stage::on(
        Course::Planning(Vec::new()),
        facility.clone(),
        setup.clone(),
    );
    lab.set(stage);
    for step in given.iter().filter(|step| step.ty == StepType::Given) {
        let Ok(Some((play, _, _, context))) = steps().find(step) else {
            continue;
        };
        // A step ends where it would send something or wait for it; what comes after it still says what users are like.
        let played = AssertUnwindSafe(play(&mut lab, context)).catch_unwind();
        if let Err(stop) = played.await
            && stop.downcast_ref::<Stop>().is_none()
        {
            tracing::debug!(step = step.value, "a step panicked where nothing is sent");
        }
    }
    let Some(stage) = lab.take() else {
        return Plan::default();
    };
    let mut needs: BTreeMap<String, Need> = BTreeMap::new();
    for person in stage.cast.people() {
        // Somebody who only configures his services on Ut.
        let need = need(&stage, &person.name, true, BTreeMap::new());
        needs.insert(person.name.clone(), need);
    }
    for (name, user) in &stage.users {
        let mmtel = matches!(user.means, Means::Mmtel(_));
        let need = need(&stage, name, mmtel, user.properties.clone());
        needs.insert(name.clone(), need);
    }
    let changed = match stage.course {
        Course::Planning(changed) => changed,
        _ => Vec::new(),
    };
    Plan {
        needs: needs.into_values().collect(),
        changed,
    }
}

fn need(
    stage: &Stage,
    name: &str,
    mmtel: bool,
    properties: crate::sut::provision::Properties,
) -> Need {
    let person = PersonName(name.to_owned()).index();
    Need {
        person,
        name: name.to_owned(),
        mmtel,
        abroad: stage.abroad.contains(&person),
        properties,
    }
}

impl Stage {
    /// The number of a person out of the list, if there is one.
    pub(super) fn listed(&self, person: usize) -> Option<&crate::sut::profile::PreparedUser> {
        self.lease
            .as_ref()
            .and_then(|lease: &Lease| lease.users.get(&person))
    }

    pub(super) fn is_planning(&self) -> bool {
        matches!(self.course, Course::Planning(_))
    }

    /// A property of a user is set while the needs of the test case are found out.
    pub(super) fn plan_property(&mut self, name: &str, property: &str, value: &serde_json::Value) {
        let roster: Option<Arc<Roster>> = self.facility.provisioner.roster().cloned();
        let (Course::Planning(planned), Some(user), Some(roster)) =
            (&mut self.course, self.users.get(name), roster)
        else {
            return;
        };
        if !user.unprepared && !same(value, &roster.value(&user.properties, property)) {
            planned.push(format!("{property} of {name}"));
        }
    }
}

impl Lab {
    pub(super) fn is_planning(&mut self) -> bool {
        self.stage().is_planning()
    }

    /// Ends a step that would now send or wait for something, where only the needs of the test case are found out. What users have
    /// been like until here is what the system would have been told.
    pub(super) fn nothing_happens_while_planning(&mut self) {
        if self.is_planning() {
            for user in self.stage().users.values_mut() {
                user.unprepared = matches!(user.means, Means::Mmtel(_));
            }
            self.stop_planning();
        }
    }
}
