//! The requirement register: `fixtures/requirements/*.yaml`.
//!
//! One entry per row of the catalogues. Reads and checks the entries; judging them is the business of the other files here.
use super::decisions::Decision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Certainty class of the catalogue. I, F and K are reported as *profile*, never as a departure from the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Basis {
    /// Read in the specification text.
    R,
    /// Read, but the available text was cut off mid-clause.
    #[serde(rename = "R~")]
    RCut,
    /// Read as a quotation or digest of the governing clause inside another document.
    Q,
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
    /// Conditions of single test cases, where only part of a row depends on an option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cases: BTreeMap<String, Condition>,
    /// Cells of the decision table of barring and conferences that belong to the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// When a test case applies, and why not otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// ICS expression.
    pub applies_if: String,
    /// The reason shown when it is false.
    pub otherwise: String,
}

impl Requirement {
    /// The conditions under which a test case of this row applies: the row's own, then the case's.
    pub fn conditions(&self, case: &str) -> Vec<Condition> {
        let own = self.applies_if.as_ref().map(|expression| Condition {
            applies_if: expression.clone(),
            otherwise: self.otherwise.clone().unwrap_or_default(),
        });
        own.into_iter()
            .chain(self.cases.get(case).cloned())
            .collect()
    }

    /// `OMA-RD-CPM-V1_0 CPM-IWF-008`, `3GPP TS 23.204 clause 6.15.1 step 5`, `RFC 3261 section 9.2`, `suite profile`.
    pub fn citation(&self) -> String {
        let word = if self.document.starts_with("3GPP") {
            "clause "
        } else if self.document.starts_with("RFC") {
            "section "
        } else {
            ""
        };
        format!("{} {word}{}", self.document, self.clause)
            .trim_end()
            .trim_end_matches(" clause")
            .to_owned()
    }

    /// True for rows whose verdicts are reported as profile and never as a departure from the specification.
    pub fn is_profile(&self) -> bool {
        !matches!(self.basis, Basis::R | Basis::RCut | Basis::Q)
    }
}

/// Why the register cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("cannot read {path}: {source}; name the folder with `requirements/` by --fixtures")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {message}")]
    Format { path: PathBuf, message: String },
    #[error("{path}: requirement {id} stands in the register twice; ids are given once")]
    Twice { path: PathBuf, id: String },
}

/// All requirements by id.
#[derive(Debug, Clone, Default)]
pub struct Register {
    pub requirements: BTreeMap<String, Requirement>,
    /// The catalogues (`cpm-sms`, `cmmc-mmtel`), each with the ids of its rows as `<name>.ids` lists them.
    pub catalogues: BTreeMap<String, BTreeSet<String>>,
    /// The role of a system that the rows of a catalogue are about.
    pub roles: Vec<Role>,
}

/// The rows of a catalogue apply to systems with one role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub catalogue: String,
    pub applies_if: String,
    pub otherwise: String,
}

impl Register {
    /// Reads every `*.yaml` and `*.ids` of a folder.
    pub fn load(folder: &Path) -> Result<Self, RegisterError> {
        let mut register = Self::default();
        for path in files(folder, "ids")? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let rows = ids(&read(&path)?);
            register.catalogues.insert(name.into_owned(), rows);
        }
        let roles = folder.with_file_name("roles.yaml");
        if roles.is_file() {
            let text = read(&roles)?;
            register.roles = parsed(&roles, &text)?;
        }
        for path in files(folder, "yaml")? {
            let text = read(&path)?;
            let entries: Vec<Requirement> = parsed(&path, &text)?;
            for entry in entries {
                let id = entry.id.clone();
                if register.requirements.insert(id.clone(), entry).is_some() {
                    return Err(RegisterError::Twice { path, id });
                }
            }
        }
        Ok(register)
    }

    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// The conditions under which a test case of a row applies: those of the row's role, of the row, and of the case.
    pub fn conditions(&self, requirement: &str, case: &str) -> Vec<Condition> {
        let concerns = |role: &&Role| {
            let rows = self.catalogues.get(&role.catalogue);
            rows.is_some_and(|rows| rows.contains(requirement))
        };
        let roles = self.roles.iter().filter(concerns);
        let own = self.get(requirement).map(|entry| entry.conditions(case));
        let roles = roles.map(|role| Condition {
            applies_if: role.applies_if.clone(),
            otherwise: role.otherwise.clone(),
        });
        roles.chain(own.into_iter().flatten()).collect()
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, RegisterError> {
    crate::sut::yaml::from_str(text).map_err(|message| RegisterError::Format {
        path: path.to_owned(),
        message,
    })
}

fn read(path: &Path) -> Result<String, RegisterError> {
    std::fs::read_to_string(path).map_err(|source| RegisterError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The ids of a catalogue: words, except on lines that begin with `#`.
fn ids(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

fn files(folder: &Path, kind: &str) -> Result<Vec<PathBuf>, RegisterError> {
    let entries = std::fs::read_dir(folder).map_err(|source| RegisterError::Read {
        path: folder.to_owned(),
        source,
    })?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == kind))
        .collect();
    files.sort();
    Ok(files)
}
