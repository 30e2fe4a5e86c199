//! Which fault of the reference build proves which test cases: `fixtures/faults.yaml`.
use super::{SutError, yaml};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of a fault, as in `ims-conformance reference --fault NAME`, and the test cases that must fail while it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub BTreeMap<String, Vec<String>>);

impl Faults {
    pub fn load(fixtures: &Path) -> Result<Self, SutError> {
        let path = fixtures.join("faults.yaml");
        let fail = |message: String| SutError::Profile {
            path: path.display().to_string(),
            message,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        yaml::from_str(&text).map(Self).map_err(fail)
    }

    /// Names of the faults that a test case catches, be it one row of an outline.
    pub fn proving(&self, case: &str) -> Vec<String> {
        let tag = case.split('.').next().unwrap_or(case);
        self.0
            .iter()
            .filter(|(_, fails)| fails.iter().any(|id| id == case || id == tag))
            .map(|(name, _)| name.clone())
            .collect()
    }
}
