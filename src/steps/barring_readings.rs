//! What comes of barring where the clauses can be read in two ways (ambiguity A-01): the profile says which reading the system follows,
//! and so which of two outcomes a sentence means.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::sut::profile::BarringReading;
use crate::verdict::{Question, conference, conference_barring as barring, participation};
use cucumber::gherkin::Step;
use cucumber::then;

/// Barring per leg: dialog with the focus and connected in its state. Blanket: neither.
#[then(expr = "{person} joins the CMMC conference unless barring is blanket")]
async fn joins(lab: &mut Lab, person: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let allowed = participation::takes_part(&person.0, reaction);
    let prohibited = barring::kept_out(&person.0, lab.refused_by(), guard);
    lab.as_read(step, allowed, prohibited).await;
}

/// Barring per leg: a new conference URI. Blanket: a refusal.
#[then(expr = "{person} creates a CMMC conference unless barring is blanket")]
async fn creates(lab: &mut Lab, person: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let allowed = conference::own_conference(&person.0, reaction);
    let prohibited = barring::refused_new(&person.0, lab.refused_by(), guard);
    lab.as_read(step, allowed, prohibited).await;
}

/// Barring per leg: dialog with the focus and connected in its state. Blanket: not called.
#[then(expr = "{person} is added to the CMMC conference unless barring is blanket")]
async fn is_added(lab: &mut Lab, person: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let allowed = participation::takes_part(&person.0, reaction);
    let prohibited = barring::not_added(&person.0, lab.refused_by(), guard);
    lab.as_read(step, allowed, prohibited).await;
}

/// Barring per leg: dialogs of both. Blanket: of the first alone.
#[then(expr = "the focus has {person}, and unless barring is blanket also {person}")]
async fn has_both(lab: &mut Lab, one: PersonName, other: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let allowed = barring::has_all(vec![one.0.clone(), other.0.clone()], reaction);
    let prohibited = barring::has_only(&one.0, &other.0, reaction, guard);
    lab.as_read(step, allowed, prohibited).await;
}

impl Lab {
    /// Asks what the reading of the profile calls for.
    async fn as_read(&mut self, step: &Step, allowed: Question, prohibited: Question) {
        match self.conferencing().readings.barring {
            BarringReading::PerLeg => self.check(&step.value, allowed).await,
            BarringReading::Blanket => self.never(&step.value, prohibited).await,
        }
    }
}
