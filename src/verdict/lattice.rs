//! Verdicts in the order of TTCN-3: the worst wins and the first cause is kept.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing judged yet. Never final.
    None,
    /// The system does not claim the option (ICS), or the profile's carriage cannot show it.
    NotApplicable,
    Pass,
    Inconc,
    Fail,
    Error,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotApplicable => "not applicable",
            Self::Pass => "pass",
            Self::Inconc => "inconc",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
    /// The worse of two; ties keep the first.
    pub fn worse(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
}

/// Why a verdict is not a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    // inconc
    NotStimulated,
    PreconditionUnmet,
    InsufficientEvidence,
    AmbiguousReading,
    // fail
    Missing,
    WrongValue,
    Unexpected,
    Late,
    ProtocolViolation,
    // error
    Config,
    Peer,
    Capture,
    DecoderDisagreement,
    Provisioning,
    Panic,
    Timeout,
}

impl Reason {
    /// As `run.json` and waivers write it: `wrong-value`.
    pub fn code(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(code)) => code,
            _ => String::new(),
        }
    }
}
