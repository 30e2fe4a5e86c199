//! `run.json`: everything a report needs, versioned; its JSON Schema is `fixtures/run.schema.json`.
use crate::observe::Closure;
use crate::observe::redact::Redactor;
use crate::steps::Tape;
use crate::sut::applicability::Items;
use crate::sut::provision::operator::OperatorAct;
use crate::sut::waivers::Waiver;
use crate::verdict::{Finding, Reason, Verdict, register::Requirement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use super::shard::Shard;

pub const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    pub schema_version: u32,
    /// `ims-conformance 0.1.0`.
    pub tool: String,
    /// RFC 3339 UTC.
    pub started: String,
    pub finished: String,
    pub duration_ms: u64,
    pub seed: u64,
    pub jobs: usize,
    pub system: SystemRecord,
    /// Selection words of the command line; empty = everything.
    pub selection: Vec<String>,
    /// True when only what proves the plumbing was to run (`--only-smoke`).
    #[serde(default)]
    pub only_smoke: bool,
    /// Digest of the waivers of the system, so that only runs with the same ones are merged.
    #[serde(default)]
    pub waivers_sha256: String,
    /// Digest of every test case and every register entry, so that only runs of the same catalogue are merged.
    #[serde(default)]
    pub catalogue_sha256: String,
    /// The part of the selection that ran, if it was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Access networks that were asked for; empty = the baseline, and for some test cases every one.
    #[serde(default)]
    pub access: Vec<String>,
    /// True when the run was stopped before all cases had run.
    pub interrupted: bool,
    pub totals: Totals,
    /// Register entries the cases refer to, and every other entry of the register (coverage).
    pub requirements: Vec<Requirement>,
    /// In the order of their ids.
    pub cases: Vec<CaseRecord>,
    /// What is wrong with the waivers of the system; anything here fails the run.
    #[serde(default)]
    pub waiver_problems: Vec<String>,
    /// Things that went wrong outside any case (unattributed traffic, reference died, ...).
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SystemRecord {
    pub name: String,
    /// One line about the product, from the profile.
    pub description: String,
    pub profile_sha256: String,
    /// Fault switched on in the reference build, if any.
    pub fault: Option<String>,
    /// How what the reference build sends differs from what it usually sends, as words of its command line: `--vary 7`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edge: Vec<String>,
    /// Personality of the peers, if any: `fixtures/personalities.yaml`.
    #[serde(default)]
    pub personality: Option<String>,
    /// Carriage of short messages: `smpp`.
    pub carriage: String,
    /// SIP transport used by the peers: `udp` or `tcp`.
    pub transport: String,
    /// As the command line named the system, where that is not its name: the path of its folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub given: String,
    /// Address of this machine that the command line gave instead of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_ip: Option<String>,
    /// What the started system has said of its addresses, and `exchange`, the suite's own at the carriage.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, String>,
    /// Items of the ICS that were taken for this, whatever the profile says.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    pub assumed: Items,
}

/// A test case that runs over several access networks counts once for each.
/// `catalogue = selected + filtered`, `selected = pass + fail + waived + inconc + error + not_applicable`; of a run that was interrupted,
/// `selected` also counts the test cases that got no verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    pub catalogue: usize,
    pub filtered: usize,
    pub selected: usize,
    pub pass: usize,
    /// Without those that are waived.
    pub fail: usize,
    /// Cases that did not pass, as a waiver says.
    #[serde(default)]
    pub waived: usize,
    /// Without those that are waived.
    pub inconc: usize,
    pub error: usize,
    pub not_applicable: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CaseRecord {
    /// `TC-POL-01-01`, for a row of an outline `TC-POL-07-01.forbid-accept`, over an access network that is not the baseline
    /// `TC-CB-20-01[wlan]`.
    pub id: String,
    pub title: String,
    pub feature: String,
    /// Path of the feature file relative to the features folder, and line of the scenario.
    pub file: String,
    pub line: usize,
    /// Text of the Rule and id of its requirement.
    pub rule: String,
    pub requirement: String,
    pub tags: Vec<String>,
    pub control: bool,
    pub derived: bool,
    /// Access network of the UEs, when it is not the baseline: an entry of `fixtures/access_networks.yaml`.
    #[serde(default)]
    pub access: Option<String>,
    /// True when the requirement's basis is I, F or K, or the case is derived: reported as profile, not as conformance.
    pub profile: bool,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    /// First cause in words, empty for a pass.
    pub cause: String,
    /// Whose side: `system`, `peer`, `network`, `configuration`, `suite`, `specification`; empty for a pass.
    pub blame: String,
    /// What in the recording says so, if the verdict alone does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub blame_why: String,
    pub started: String,
    pub duration_ms: u64,
    pub steps: Vec<StepRecord>,
    pub findings: Vec<Finding>,
    pub capture: Option<CaptureRecord>,
    /// What the system has left open when it was over. Told beside the verdict, and no part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<Closure>,
    /// By which it is judged again from its capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tape: Option<Tape>,
    /// The ladder as masked text.
    pub ladder: String,
    pub ladder_state: LadderState,
    /// Unified difference to the accepted snapshot, when changed.
    pub ladder_difference: String,
    /// What an operator was asked to do for it, and what he said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operator: Vec<OperatorAct>,
    /// ICS expression and words, when not applicable.
    pub not_applicable: Option<String>,
    /// The waiver that covers exactly this verdict, if there is one. A waived verdict is no pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// Seed of this case where the record was merged of runs with different ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Every instance of the test case in a recording of somebody else; the verdict is that of the worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceRecord>,
}

/// One time that a recording exercises a test case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InstanceRecord {
    /// Numbers of the people of the scenario.
    pub people: BTreeMap<String, String>,
    /// First frame of its first stimulus.
    pub first_frame: u32,
    pub verdict: Verdict,
    /// First cause in words, empty for a pass.
    pub cause: String,
}

impl CaseRecord {
    /// The id of the test case as the features state it, whatever access network it ran over.
    pub fn stated(&self) -> &str {
        match self.access {
            Some(_) => self.id.split('[').next().unwrap_or(&self.id),
            None => &self.id,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// `Given`, `When`, `Then` (And and But resolved).
    pub keyword: String,
    pub text: String,
    pub outcome: StepOutcome,
    pub duration_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    Done,
    Stopped,
    NotRun,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CaptureRecord {
    /// Relative to the folder of run.json.
    pub path: String,
    pub sha256: String,
    pub frames: u32,
    /// Who is at the suite's ends, by interface and address: `isc 127.0.0.1:41234` is `alice`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ends: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LadderState {
    Same,
    Changed,
    New,
    NotCompared,
}

/// What the suite itself has written, and what programs read: nobody's secret, whatever word it contains.
const PUBLIC: [&str; 13] = [
    "requirements",
    "requirement",
    "id",
    "tags",
    "file",
    "feature",
    "rule",
    "verdict",
    "reason",
    "path",
    "sha256",
    "looks",
    "ladder_state",
];

impl RunRecord {
    /// The record as it may be written: every document is made of it.
    pub fn without(self, redactor: &Redactor) -> Self {
        let masked = serde_json::to_value(&self).and_then(|mut value| {
            redactor.value(&mut value, &PUBLIC);
            serde_json::from_value(value)
        });
        // What was read from a record is one again.
        masked.unwrap_or(self)
    }
}

impl Totals {
    /// Counts the verdicts of cases; how many there are to choose from, and how many were chosen, stays as it is.
    pub fn count(&mut self, cases: &[CaseRecord]) {
        let count = |verdict: Verdict| {
            let of = |case: &&CaseRecord| case.verdict == verdict && case.waiver.is_none();
            cases.iter().filter(of).count()
        };
        self.pass = count(Verdict::Pass);
        self.fail = count(Verdict::Fail);
        self.inconc = count(Verdict::Inconc);
        self.error = count(Verdict::Error);
        self.not_applicable = count(Verdict::NotApplicable);
        self.waived = cases.iter().filter(|case| case.waiver.is_some()).count();
    }
}
