//! `load.json`: what a load was, what came of it, and whether that may be held against the system. Its JSON Schema is
//! `fixtures/load.schema.json`.
use super::histogram::Times;
use crate::verdict::{Reason, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadRecord {
    pub schema_version: u32,
    /// `ims-conformance 0.1.0`.
    pub tool: String,
    /// RFC 3339 UTC.
    pub started: String,
    pub finished: String,
    pub system: LoadedSystem,
    /// Digest of every test case and every register entry.
    pub catalogue_sha256: String,
    /// Ids of the test cases; sessions take them in turn.
    pub scenarios: Vec<String>,
    /// They go beyond the words of their clauses: what they find counts against nobody.
    pub derived: bool,
    /// What was offered, one part after the other.
    pub pattern: Vec<Phase>,
    /// One, or those whose results were merged.
    pub generators: Vec<Generator>,
    /// The generator was in time and had room, so that what was measured is the system's.
    pub valid: bool,
    /// Why not; what would help stands with it.
    pub invalid_because: Vec<String>,
    /// It was stopped before its end.
    pub interrupted: bool,
    pub sessions: Sessions,
    /// Verdicts of the sessions that were started.
    pub verdicts: Verdicts,
    /// Sessions that did not pass, by whose side it is. Empty if the result is not valid: then it is nobody's.
    pub blame: BTreeMap<String, u64>,
    /// Sessions that failed, by requirement. Empty if the result is not valid.
    pub failed_requirements: BTreeMap<String, u64>,
    /// From when a session was due to the answer of its last question.
    pub session_time: Times,
    /// From each SIP request of the suite to its first final response, as the captures show it.
    pub response_time: Times,
    /// How late the generator was: at each start of a session, and at its own look-outs between them.
    pub generator_lag: Times,
    pub seconds: Vec<Second>,
    /// The first sessions that did not pass.
    pub evidence: Vec<Evidence>,
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadedSystem {
    pub name: String,
    pub description: String,
    pub profile_sha256: String,
    /// Fault switched on in the reference build, if any.
    pub fault: Option<String>,
    pub carriage: String,
    pub transport: String,
}

/// A part of the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Sessions a second.
    pub rate: f64,
    pub seconds: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    pub name: String,
    pub seed: u64,
    /// More lag than this is too late.
    pub lag_limit_ms: u64,
    /// Sessions open at once at most.
    pub most_open: u64,
    /// Processor time of the generator, from the first arrival to the end of the last session.
    pub cpu_ms: u64,
}

/// `offered = started + unsent_late + unsent_full`, `started = ended` unless it was interrupted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    pub offered: u64,
    pub started: u64,
    pub ended: u64,
    /// Given up because the generator was too late for them.
    pub unsent_late: u64,
    /// Given up because as many were open as may be.
    pub unsent_full: u64,
    /// Most that were open at once.
    pub open_at_most: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    pub pass: u64,
    pub fail: u64,
    pub inconc: u64,
    pub error: u64,
    /// Did not pass, as a waiver of the system says.
    pub waived: u64,
    /// Did not pass while the generator was late, which proves nothing.
    pub excused: u64,
}

/// One second of the pattern: sessions that were due in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Second {
    pub offered: u64,
    pub started: u64,
    pub pass: u64,
    /// Every other verdict.
    pub other: u64,
    /// Most that were open in it.
    pub open: u64,
    pub session_time: Times,
    pub generator_lag: Times,
}

/// A session that did not pass.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Which session it was, counted from 0, and of which generator.
    pub session: u64,
    pub generator: String,
    /// When it was due, since the load began.
    pub due_ms: u64,
    pub test_case: String,
    pub requirement: String,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    pub cause: String,
    pub blame: String,
    /// Relative to the folder of load.json.
    pub capture: Option<String>,
    pub excused: bool,
}

impl Verdicts {
    pub fn others(&self) -> u64 {
        self.fail + self.inconc + self.error + self.waived + self.excused
    }
}

impl LoadRecord {
    /// Sessions a second that were offered, over the whole pattern.
    pub fn offered_rate(&self) -> f64 {
        self.a_second(self.sessions.offered)
    }

    pub fn accepted_rate(&self) -> f64 {
        self.a_second(self.sessions.started)
    }

    fn a_second(&self, count: u64) -> f64 {
        let seconds: f64 = self.pattern.iter().map(|phase| phase.seconds).sum();
        match seconds > 0.0 {
            true => count as f64 / seconds,
            false => 0.0,
        }
    }

    /// Processor time of the generators for one session, microseconds.
    pub fn cpu_per_session_us(&self) -> f64 {
        let spent: u64 = self.generators.iter().map(|one| one.cpu_ms).sum();
        match self.sessions.ended {
            0 => 0.0,
            ended => spent as f64 * 1000.0 / ended as f64,
        }
    }
}
