//! The suite's own files inside the binary: features, register, systems. They are laid out in a folder of their own when they are needed,
//! because start scripts and editors want files, and everything else reads the same there as in the project.
//!
//! The folder is named after what is in it, so another version has another one, and each file is compared before it is used.
use anyhow::{Context, Result, bail};
use include_dir::{Dir, DirEntry};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What `main` has compiled in: folders and single files, with the path each has in the project.
#[derive(Debug)]
pub struct OwnFiles {
    pub folders: &'static [(&'static str, &'static Dir<'static>)],
    pub files: &'static [(&'static str, &'static [u8])],
}

static OWN: OnceLock<&'static OwnFiles> = OnceLock::new();
static LAID_OUT: OnceLock<PathBuf> = OnceLock::new();

/// Says once, at the start, what is compiled in.
pub(super) fn set(own: &'static OwnFiles) {
    OWN.get_or_init(|| own);
}

/// The folder with the suite's own files, laid out if it is not there yet.
pub(super) fn folder() -> Result<&'static Path> {
    if let Some(folder) = LAID_OUT.get() {
        return Ok(folder);
    }
    let Some(own) = OWN.get() else {
        bail!("this program was built without the features and fixtures of the suite");
    };
    let files = own.all();
    let name = format!("{}-{}", env!("CARGO_PKG_VERSION"), digest(&files));
    let mut refused = Vec::new();
    for cache in caches() {
        let folder = cache.join("ims-conformance").join(&name);
        match lay_out(&files, &folder) {
            Ok(()) => return Ok(LAID_OUT.get_or_init(|| folder)),
            Err(error) => refused.push(format!("{error:#}")),
        }
    }
    bail!(
        "there is no folder for the features and fixtures of the suite: {}; name one that can be written by XDG_CACHE_HOME",
        refused.join("; ")
    )
}

/// Where a user's programs keep what they can make again, then where everybody may write.
fn caches() -> Vec<PathBuf> {
    let absolute = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let home = || absolute("HOME").map(|home| home.join(".cache"));
    let mut caches: Vec<PathBuf> = absolute("XDG_CACHE_HOME")
        .or_else(home)
        .into_iter()
        .collect();
    caches.push(std::env::temp_dir());
    caches
}

type File = (PathBuf, &'static [u8]);

impl OwnFiles {
    /// Every file by its path in the project.
    fn all(&self) -> Vec<File> {
        let single = self.files.iter();
        let mut files: Vec<File> = single
            .map(|(path, octets)| (PathBuf::from(path), *octets))
            .collect();
        for (path, folder) in self.folders {
            collect(Path::new(path), folder, &mut files);
        }
        files.sort();
        files
    }
}

fn collect(base: &Path, folder: &Dir<'static>, files: &mut Vec<File>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(base, inner, files),
            DirEntry::File(file) => files.push((base.join(file.path()), file.contents())),
        }
    }
}

/// Twelve digits are enough to tell versions apart; what lies there is compared in any case.
fn digest(files: &[File]) -> String {
    let mut digest = Sha256::new();
    for (path, octets) in files {
        digest.update(path.to_string_lossy().as_bytes());
        digest.update([0]);
        digest.update(octets.len().to_be_bytes());
        digest.update(octets);
    }
    let octets = digest.finalize();
    let digits = octets.iter().take(6);
    digits.map(|octet| format!("{octet:02x}")).collect()
}

fn lay_out(files: &[File], folder: &Path) -> Result<()> {
    for (path, octets) in files {
        let path = folder.join(path);
        if fs::read(&path).is_ok_and(|there| there == *octets) {
            continue;
        }
        write(&path, octets).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Written beside and moved into place, so that another process never reads half a file.
fn write(path: &Path, octets: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    fs::write(&beside, octets)?;
    if octets.starts_with(b"#!") {
        executable(&beside)?;
    }
    fs::rename(&beside, path)
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lays_files_out_once_and_mends_what_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<File> = vec![
            (PathBuf::from("a/start.sh"), b"#!/bin/sh\n"),
            (PathBuf::from("b.yaml"), b"x: 1\n"),
        ];
        lay_out(&files, folder.path()).unwrap();
        let yaml = folder.path().join("b.yaml");
        let before = fs::metadata(&yaml).unwrap().modified().unwrap();
        lay_out(&files, folder.path()).unwrap();
        assert_eq!(fs::metadata(&yaml).unwrap().modified().unwrap(), before);
        fs::write(&yaml, "x: 2\n").unwrap();
        lay_out(&files, folder.path()).unwrap();
        assert_eq!(fs::read(&yaml).unwrap(), b"x: 1\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let script = fs::metadata(folder.path().join("a/start.sh")).unwrap();
            assert_eq!(script.permissions().mode() & 0o111, 0o111);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn another_content_has_another_name() {
        let one: Vec<File> = vec![(PathBuf::from("a"), b"1")];
        let other: Vec<File> = vec![(PathBuf::from("a"), b"2")];
        assert_ne!(digest(&one), digest(&other));
        assert_eq!(digest(&one).len(), 12);
    }
}
