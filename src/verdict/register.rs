//! The requirement register: `fixtures/requirements/*.yaml`.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Certainty class of the catalogue. I, F and K are reported as *profile*, never as a departure from the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Basis {
    /// Read in the specification text.
    R,
    /// Read, but the available text was cut off mid-clause.
    #[serde(rename = "R~")]
    RCut,
    /// Field evidence.
    F,
    /// Inferred.
    I,
    /// Well-known, not re-read.
    K,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Must,
    Should,
    May,
}

/// Where the entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Judged,
    Untestable,
    Planned,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    pub id: String,
    /// `3GPP TS 23.204`, `OMA-RD-CPM-V1_0`, `RFC 3261`, or `suite profile` for inferred rows.
    pub document: String,
    /// Clause without the word, e.g. `6.15.1 step 5`; empty for suite profile rows.
    #[serde(default)]
    pub clause: String,
    /// The requirement in our words, one or two sentences.
    pub statement: String,
    pub level: Level,
    pub basis: Basis,
    /// How an unclear clause is read, or what the basis of an inferred row is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    pub status: Status,
    /// Why it is untestable or planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// ICS expression over profile items under which the row applies, e.g. `carriage.sc_address`. Absent = always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_if: Option<String>,
    /// Why it does not apply otherwise, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}
