//! What was judged: requirement, expectation, observation and the frames that prove it.
use super::{Reason, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Id of the register entry, e.g. `POL-01`.
    pub requirement: String,
    /// The `Then` (or the `Given` that was not met) this finding is about.
    pub sentence: String,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    pub expected: String,
    pub observed: String,
    /// Frame numbers in the capture of the test case.
    pub frames: Vec<u32>,
}
