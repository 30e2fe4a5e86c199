//! Where the profile of a system is: in its folder, which goes by a path, or by a name among those of the suite.
use super::SutError;
use std::path::{Path, PathBuf};

/// The folder of a system; of a path without a profile it says how to write one.
pub(super) fn folder_of(system: &str, fixtures: &Path) -> Result<PathBuf, SutError> {
    let by_path = Path::new(system);
    if is_path(system) && !by_path.join("profile.yaml").is_file() {
        return Err(SutError::Profile {
            path: system.to_owned(),
            message: format!(
                "`{system}` has no profile.yaml; `ims-conformance init {system}` writes one"
            ),
        });
    }
    Ok(match by_path.is_dir() || is_path(system) {
        true => by_path.to_owned(),
        false => fixtures.join("systems").join(system),
    })
}

/// Systems go by a name, which is one plain word, or by a path.
fn is_path(system: &str) -> bool {
    system.contains(['/', '\\']) || matches!(system, "." | "..")
}

/// The names of the systems whose profiles the suite has.
pub(super) fn known_systems(fixtures: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures.join("systems"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("profile.yaml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_without_a_profile_is_no_name_of_a_system() {
        let folder = |system| folder_of(system, Path::new("fixtures"));
        assert_eq!(folder("acme").unwrap(), Path::new("fixtures/systems/acme"));
        assert_eq!(
            folder("./nowhere/acme").unwrap_err().to_string(),
            "./nowhere/acme: `./nowhere/acme` has no profile.yaml; `ims-conformance init ./nowhere/acme` writes one"
        );
    }
}
