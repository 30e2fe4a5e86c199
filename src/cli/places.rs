//! Where the suite finds its own files: as told, else in the current folder, else inside this program. What a run leaves goes to the
//! current folder.
use super::arguments::PlaceArguments;
use super::own;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub features: PathBuf,
    pub fixtures: PathBuf,
    /// Folder that holds `captures` and `reports`.
    pub project: PathBuf,
}

impl Places {
    pub(super) fn find(arguments: &PlaceArguments) -> Result<Self> {
        let features = find("features", "", arguments.features.as_deref())?;
        let fixtures = find("fixtures", "requirements", arguments.fixtures.as_deref())?;
        Ok(Self {
            features,
            fixtures,
            project: project(),
        })
    }
}

/// The folder that holds `captures` and `reports`.
pub(super) fn project() -> PathBuf {
    PathBuf::from(".")
}

/// `part` is what the folder must have to be one of the suite's: a folder `fixtures` may be there for systems alone.
fn find(name: &str, part: &str, told: Option<&Path>) -> Result<PathBuf> {
    if let Some(told) = told {
        if !told.is_dir() {
            bail!("--{name} {}: no such folder", told.display());
        }
        return Ok(told.to_owned());
    }
    let here = PathBuf::from(name);
    if here.join(part).is_dir() {
        return Ok(here);
    }
    Ok(own::folder()?.join(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn says_which_option_names_a_missing_folder() {
        let nowhere = Some(Path::new("/nowhere/at/all"));
        let error = find("fixtures", "requirements", nowhere).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--fixtures /nowhere/at/all: no such folder"
        );
    }

    #[test]
    fn takes_what_lies_in_the_current_folder() {
        let features = find("features", "", None).unwrap();
        assert_eq!(features, Path::new("features"));
    }
}
