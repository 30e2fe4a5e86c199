//! What the instances of one test case come to, as they are judged.
use super::instance::Attempt;
use crate::runner::catalogue::Case;
use crate::runner::execute::blank;
use crate::runner::judge::settle;
use crate::runner::record::{CaseRecord, InstanceRecord};
use crate::steps::search::Beginning;
use crate::verdict::{Reason, Verdict};
use std::collections::BTreeMap;

/// Instances of one test case that the record has one by one; what is beyond is counted by verdict.
const MOST_INSTANCES: usize = 1000;

/// The worst instance stands for the test case; without any, what came nearest says why there is none. Where two are equal it is the one of
/// the conversation that ended first, in whatever order they are judged.
#[derive(Default)]
pub(super) struct Tally {
    worst: Option<(u64, CaseRecord)>,
    nearest: Option<(usize, u64, Reason, String)>,
    instances: Vec<(u64, InstanceRecord)>,
    counts: BTreeMap<Verdict, u64>,
}

impl Tally {
    /// What has come of one conversation.
    pub fn add(&mut self, place: u64, attempt: Attempt) {
        match attempt {
            Attempt::Judged(record, instance) => {
                let is_worse = |(held, one): &(u64, CaseRecord)| {
                    record.verdict > one.verdict || (record.verdict == one.verdict && place < *held)
                };
                *self.counts.entry(instance.verdict).or_default() += 1;
                self.keep(place, instance);
                if self.worst.as_ref().is_none_or(is_worse) {
                    self.worst = Some((place, *record));
                }
            }
            Attempt::Left(done, reason, why) => {
                let is_nearer = |(most, held, ..): &(usize, u64, Reason, String)| {
                    done > *most || (done == *most && place < *held)
                };
                if self.nearest.as_ref().is_none_or(is_nearer) {
                    self.nearest = Some((done, place, reason, why));
                }
            }
        }
    }

    /// The worst are listed, and of equal ones the first.
    fn keep(&mut self, place: u64, instance: InstanceRecord) {
        self.instances.push((place, instance));
        if self.instances.len() >= 2 * MOST_INSTANCES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.instances
            .sort_by(|(place, one), (other_place, other)| {
                (other.verdict, place).cmp(&(one.verdict, other_place))
            });
        self.instances.truncate(MOST_INSTANCES);
    }

    /// The record of the test case, and what it does not list.
    pub fn conclude(mut self, case: &Case, begins: &Beginning) -> (CaseRecord, Option<String>) {
        let seen: u64 = self.counts.values().sum();
        let listed = self.instances.len().min(MOST_INSTANCES);
        let note = (seen > listed as u64).then(|| {
            let counts: Vec<String> = self
                .counts
                .iter()
                .map(|(verdict, count)| format!("{count} {}", verdict.name()))
                .collect();
            format!(
                "{}: {seen} instances were judged ({}); the worst {listed} are listed",
                case.id,
                counts.join(", ")
            )
        });
        self.cut();
        let Self {
            worst,
            nearest,
            mut instances,
            ..
        } = self;
        let worst = worst.map(|(_, record)| record);
        let mut record = worst.unwrap_or_else(|| absent(case, nearest, begins));
        instances.sort_by_key(|(place, one)| (one.first_frame, *place));
        record.instances = instances.into_iter().map(|(_, one)| one).collect();
        (record, note)
    }
}

fn absent(
    case: &Case,
    nearest: Option<(usize, u64, Reason, String)>,
    begins: &Beginning,
) -> CaseRecord {
    let mut record = blank(case);
    let (reason, cause) = match (&begins.undecidable, nearest) {
        (Some(why), _) => (
            Reason::InsufficientEvidence,
            format!("no recording decides this: {why}"),
        ),
        (None, Some((.., reason, why))) => (reason, why),
        (None, None) => (
            Reason::NotStimulated,
            begins
                .unplayable
                .clone()
                .unwrap_or_else(|| "its stimulus does not occur in the recording".to_owned()),
        ),
    };
    settle(&mut record, Verdict::Inconc, Some(reason), cause);
    record
}
