//! Accepted ladders: what the exchange of a test case looked like when a person last agreed with it.
//!
//! A ladder is compared with `<folder>/<test case>.snap`, a file in insta's format; when it differs, or nothing was accepted yet, the
//! new text is written beside it as `.snap.new` and waits for a review. The same files can be reviewed with `cargo insta review`, but
//! neither cargo nor any `INSTA_*` variable is needed or obeyed here, because an installed binary has neither.
//! This module does not normalise anything: numbered masks are the business of the ladder's author.
use super::record::LadderState;
use crate::observe::first_difference;
use similar::TextDiff;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// Time after which a difference is given coarser instead of minimal.
const DIFFERENCE_DEADLINE: Duration = Duration::from_millis(500);
/// Longest name of a snapshot in octets; file systems allow 255 with the suffix.
const LONGEST_NAME: usize = 200;

#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("\"{name}\" cannot name a ladder: use letters, digits, '.', '-', '_' and '+' only")]
    Name { name: String },
    #[error("{} is not a snapshot ({cause}): repair or delete it", path.display())]
    Corrupt { path: PathBuf, cause: String },
    #[error("cannot {attempt} {}: {source}", path.display())]
    Io {
        attempt: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("no ladder of {name} is waiting in {}", folder.display())]
    NothingPending { name: String, folder: PathBuf },
}

/// What comparing one ladder gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub state: LadderState,
    /// Unified difference, accepted to observed; empty unless changed.
    pub difference: String,
    /// The file that waits for a review.
    pub pending: Option<PathBuf>,
}

/// The folder of accepted ladders.
#[derive(Debug, Clone)]
pub struct Snapshots {
    folder: PathBuf,
}

impl Snapshots {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Compares `ladder` with the accepted one of `name`. `source` is the feature file, `description` the title, both for the reviewer.
    pub fn compare(
        &self,
        name: &str,
        ladder: &str,
        source: &str,
        description: &str,
    ) -> Result<Comparison, SnapshotError> {
        let accepted = self.path(name, ".snap")?;
        let pending = self.path(name, ".snap.new")?;
        let observed = normalised(ladder);
        let old = read(&accepted)?;
        let is_same = |old: &String| first_difference(old, &observed).is_none();
        if old.as_ref().is_some_and(is_same) {
            remove_if_there(&pending)?;
            return Ok(Comparison {
                state: LadderState::Same,
                difference: String::new(),
                pending: None,
            });
        }
        self.write_pending(&pending, &observed, source, description)?;
        let (state, difference) = match old {
            None => (LadderState::New, String::new()),
            Some(old) => (LadderState::Changed, difference(name, &old, &observed)),
        };
        Ok(Comparison {
            state,
            difference,
            pending: Some(pending),
        })
    }

    /// Names that wait for a review, in order. An absent folder has none.
    pub fn pending(&self) -> Result<Vec<String>, SnapshotError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("list", &self.folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &self.folder))?;
            let file = entry.file_name();
            if let Some(name) = file.to_str().and_then(|f| f.strip_suffix(".snap.new")) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// What a reviewer looks at: the difference to the accepted ladder, or the whole ladder as added lines when there is none.
    pub fn show(&self, name: &str) -> Result<String, SnapshotError> {
        let pending = self.path(name, ".snap.new")?;
        let new = read(&pending)?.ok_or_else(|| self.nothing_pending(name))?;
        let old = read(&self.path(name, ".snap")?)?.unwrap_or_default();
        Ok(difference(name, &old, &new))
    }

    /// The pending ladder becomes the accepted one.
    pub fn accept(&self, name: &str) -> Result<(), SnapshotError> {
        let pending = self.path(name, ".snap.new")?;
        if read(&pending)?.is_none() {
            return Err(self.nothing_pending(name));
        }
        let accepted = self.path(name, ".snap")?;
        fs::rename(&pending, &accepted).map_err(failed("replace", &accepted))
    }

    /// The pending ladder is thrown away and the accepted one stays.
    pub fn reject(&self, name: &str) -> Result<(), SnapshotError> {
        let pending = self.path(name, ".snap.new")?;
        if !pending.exists() {
            return Err(self.nothing_pending(name));
        }
        fs::remove_file(&pending).map_err(failed("remove", &pending))
    }

    /// Suffixes are appended by hand: `Path::with_extension` would cut `TC-POL-07-01.forbid-accept` at its dot.
    fn path(&self, name: &str, suffix: &str) -> Result<PathBuf, SnapshotError> {
        let known = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        let acceptable = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && !name.starts_with('.')
            && name.chars().all(known);
        if acceptable {
            Ok(self.folder.join(format!("{name}{suffix}")))
        } else {
            Err(SnapshotError::Name {
                name: name.to_owned(),
            })
        }
    }

    fn nothing_pending(&self, name: &str) -> SnapshotError {
        SnapshotError::NothingPending {
            name: name.to_owned(),
            folder: self.folder.clone(),
        }
    }

    /// Written beside and renamed, so that a run that is stopped leaves no half file.
    fn write_pending(
        &self,
        pending: &Path,
        observed: &str,
        source: &str,
        description: &str,
    ) -> Result<(), SnapshotError> {
        fs::create_dir_all(&self.folder).map_err(failed("create", &self.folder))?;
        let mut unfinished = pending.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let text = format!(
            "---\nsource: {}\ndescription: {}\n---\n{observed}\n",
            quoted(source),
            quoted(description)
        );
        fs::write(&unfinished, text).map_err(failed("write", &unfinished))?;
        fs::rename(&unfinished, pending).map_err(failed("write", pending))
    }
}

/// A JSON string is a YAML double-quoted scalar.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As insta compares: line ends are LF and space at the end does not count.
fn normalised(text: &str) -> String {
    text.trim_end().replace("\r\n", "\n")
}

fn difference(name: &str, old: &str, new: &str) -> String {
    let line = |text: &str| match text {
        "" => String::new(),
        text => format!("{text}\n"),
    };
    let (old, new) = (line(old), line(new));
    TextDiff::configure()
        .timeout(DIFFERENCE_DEADLINE)
        .diff_lines(&old, &new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("{name} accepted"), &format!("{name} observed"))
        .to_string()
}

/// The text of a snapshot file, `None` when there is no such file.
fn read(path: &Path) -> Result<Option<String>, SnapshotError> {
    let corrupt = |cause: String| SnapshotError::Corrupt {
        path: path.to_owned(),
        cause,
    };
    let head = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    // insta takes files without a header for its legacy format and says so on stderr; nothing of ours is that old.
    if !head.starts_with(b"---") {
        return Err(corrupt("its first line is not ---".to_owned()));
    }
    let snapshot = insta::Snapshot::from_file(path).map_err(|error| corrupt(error.to_string()))?;
    let text = snapshot
        .as_text()
        .ok_or_else(|| corrupt("it is binary".to_owned()))?;
    Ok(Some(text.to_string()))
}

fn remove_if_there(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    move |source| SnapshotError::Io {
        attempt,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const ROW: &str = "TC-POL-07-01.forbid-accept";
    const LADDER: &str = "  Alice        IP-SM-GW\n    | -- INVITE --> |\n";

    fn compare(snapshots: &Snapshots, text: &str) -> Comparison {
        snapshots
            .compare(ROW, text, "policy.feature", "Bob: \"yes\"\\no")
            .unwrap()
    }

    #[test]
    fn a_first_ladder_is_new_and_waits() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(folder.path().join("ladders"));
        let first = compare(&snapshots, LADDER);
        assert_eq!(first.state, LadderState::New);
        let pending = first.pending.unwrap();
        assert!(pending.ends_with("TC-POL-07-01.forbid-accept.snap.new"));
        assert_eq!(snapshots.pending().unwrap(), [ROW]);
        let read_by_insta = insta::Snapshot::from_file(&pending).unwrap();
        assert_eq!(
            read_by_insta.metadata().description(),
            Some("Bob: \"yes\"\\no")
        );
        assert_eq!(
            read_by_insta.as_text().unwrap().to_string(),
            LADDER.trim_end()
        );
    }

    #[test]
    fn an_accepted_ladder_matches_and_a_stale_review_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(folder.path());
        compare(&snapshots, LADDER);
        snapshots.accept(ROW).unwrap();
        compare(&snapshots, "something else");
        assert_eq!(snapshots.pending().unwrap(), [ROW]);
        let again = compare(&snapshots, LADDER);
        assert_eq!((again.state, again.pending), (LadderState::Same, None));
        assert!(snapshots.pending().unwrap().is_empty());
    }

    #[test]
    fn a_changed_ladder_shows_its_difference_until_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(folder.path());
        compare(&snapshots, LADDER);
        snapshots.accept(ROW).unwrap();
        let changed = compare(&snapshots, &LADDER.replace("INVITE", "BYE"));
        assert_eq!(changed.state, LadderState::Changed);
        assert!(changed.difference.contains("-    | -- INVITE --> |"));
        assert!(changed.difference.contains("+    | -- BYE --> |"));
        assert_eq!(snapshots.show(ROW).unwrap(), changed.difference);
        snapshots.reject(ROW).unwrap();
        assert!(matches!(
            snapshots.accept(ROW),
            Err(SnapshotError::NothingPending { .. })
        ));
        assert_eq!(compare(&snapshots, LADDER).state, LadderState::Same);
    }

    #[test]
    fn does_not_leave_its_folder_and_does_not_judge_by_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(folder.path());
        for name in ["", "../x", "a/b", ".hidden", "a b", &"x".repeat(300)] {
            assert!(matches!(
                snapshots.compare(name, "x", "", ""),
                Err(SnapshotError::Name { .. })
            ));
        }
        for broken in ["", "no header\n", "---\n: [\n---\nx\n"] {
            fs::write(folder.path().join(format!("{ROW}.snap")), broken).unwrap();
            let outcome = snapshots.compare(ROW, LADDER, "", "");
            assert!(
                matches!(outcome, Err(SnapshotError::Corrupt { .. })),
                "{broken:?}"
            );
        }
        fs::write(folder.path().join(format!("{ROW}.snap")), b"---\n\xff\xfe").unwrap();
        assert!(snapshots.compare(ROW, LADDER, "", "").is_err());
    }
}
