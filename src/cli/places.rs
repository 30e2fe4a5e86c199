//! Where the suite finds its own files: as told, else in the current folder, else in the project it was built from.
use super::arguments::PlaceArguments;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// The project this binary was built from; the last resort, and gone on a machine that only got the binary.
const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub features: PathBuf,
    pub fixtures: PathBuf,
    /// Folder that holds `captures` and `reports`.
    pub project: PathBuf,
}

impl Places {
    pub(super) fn find(arguments: &PlaceArguments) -> Result<Self> {
        let features = find("features", arguments.features.as_deref())?;
        let fixtures = find("fixtures", arguments.fixtures.as_deref())?;
        Ok(Self {
            features,
            fixtures,
            project: project(),
        })
    }
}

/// The folder that holds `captures` and `reports`.
pub(super) fn project() -> PathBuf {
    let here = Path::new(".");
    let looks_like_it = |folder: &Path| folder.join("features").is_dir();
    if looks_like_it(here) {
        here.to_owned()
    } else {
        let beside = beside_executable().filter(|folder| looks_like_it(folder));
        let built_from = || Some(PathBuf::from(PROJECT)).filter(|folder| looks_like_it(folder));
        beside
            .or_else(built_from)
            .unwrap_or_else(|| here.to_owned())
    }
}

/// `target/debug/ims-conformance` lies three folders below the project, an unpacked archive one.
fn beside_executable() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let folders = executable.ancestors().skip(1).take(3);
    folders
        .map(Path::to_owned)
        .find(|folder| folder.join("features").is_dir() && folder.join("fixtures").is_dir())
}

fn find(name: &str, told: Option<&Path>) -> Result<PathBuf> {
    if let Some(told) = told {
        if !told.is_dir() {
            bail!("--{name} {}: no such folder", told.display());
        }
        return Ok(told.to_owned());
    }
    let candidate = project().join(name);
    if candidate.is_dir() {
        return Ok(candidate
            .strip_prefix(".")
            .map_or(candidate.clone(), Path::to_owned));
    }
    bail!("there is no folder {name} here: name it with --{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn says_which_option_names_a_missing_folder() {
        let error = find("fixtures", Some(Path::new("/nowhere/at/all"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--fixtures /nowhere/at/all: no such folder"
        );
    }
}
