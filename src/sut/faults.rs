//! `fixtures/faults.yaml`: which test cases must fail under which fault of the reference build, and for which requirement.
use super::{SutError, yaml};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// One fault and what it must be caught by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// As in `ims-conformance reference --fault NAME`.
    pub name: String,
    /// The requirement it breaks.
    pub breaks: String,
    /// Requirements that cannot hold beside it.
    #[serde(default)]
    pub also: Vec<String>,
    /// Why they cannot.
    #[serde(default)]
    pub why: String,
    /// The carriage of short messages over which it shows; the profile's own when absent.
    #[serde(default)]
    pub carriage: Option<String>,
    /// Exactly the test cases that fail.
    pub fails: Vec<String>,
}

impl Fault {
    /// Whether a test case of the features fails under it, be it over one access network only: `TC-AI-01-01[wlan]`.
    pub fn fails_in(&self, case: &str) -> bool {
        let stated = |id: &String| id.split('[').next() == Some(case);
        self.fails.iter().any(stated)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn load(fixtures: &Path) -> Result<Self, SutError> {
        read(&fixtures.join("faults.yaml")).map(Self)
    }

    /// Names of the faults that a test case catches.
    pub fn proving(&self, case: &str) -> Vec<String> {
        let catches = |fault: &&Fault| fault.fails_in(case);
        self.0
            .iter()
            .filter(catches)
            .map(|fault| fault.name.clone())
            .collect()
    }
}

/// `fixtures/kills.yaml`: what no fault meets, and why, as a person has seen it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// Test cases that fail under no fault, by their ids without rows.
    pub test_cases: BTreeMap<String, Why>,
    /// Judged requirements that no fault breaks by itself.
    pub requirements: BTreeMap<String, Why>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    pub why: String,
    /// It only waits for a fault.
    #[serde(default)]
    pub gap: bool,
}

impl Reviewed {
    pub fn load(fixtures: &Path) -> Result<Self, SutError> {
        read(&fixtures.join("kills.yaml"))
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SutError> {
    let fail = |message: String| SutError::Profile {
        path: path.display().to_string(),
        message,
    };
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    yaml::from_str(&text).map_err(fail)
}
