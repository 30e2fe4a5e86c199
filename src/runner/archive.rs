//! The archive of a bundle: a tar file inside gzip, written so that the same files give the same octets, and read as what a stranger sent.
//!
//! Nothing is unpacked by the archive's own word: paths are plain and relative, what lies there is a file, nothing comes twice, and no more
//! is read than a bound allows, however small the archive is. What was read is packed again and compared, so that an archive has no
//! octet that was not looked at.
use flate2::{Compression, GzBuilder, bufread::GzDecoder};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Component, Path};
use tar::{Archive, Builder, EntryType, Header};

/// Most octets of all files together, unpacked.
pub const MOST_OCTETS: u64 = 1 << 30;
/// Most files.
const MOST_FILES: usize = 200_000;
/// Longest path.
const MOST_PATH: usize = 512;
/// Method deflate, no name, no time, usual effort, unknown operating system (RFC 1952).
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub type Files = BTreeMap<String, Vec<u8>>;

/// Packs files; all have the same time of modification, in seconds since 1970.
pub fn pack(files: &Files, modified: u64) -> std::io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new()
        .operating_system(0xff)
        .write(Vec::new(), Compression::default());
    packed.write_all(&tar_of(files, modified)?)?;
    packed.finish()
}

fn tar_of(files: &Files, modified: u64) -> std::io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for (path, octets) in files {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(modified);
        header.set_size(octets.len() as u64);
        builder.append_data(&mut header, path, octets.as_slice())?;
    }
    builder.into_inner()
}

/// What is wrong with an archive, in words that name the place.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the archive is no gzip file as `bundle` writes it")]
    Foreign,
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    #[error("the archive ends too early: {0}")]
    Truncated(String),
    #[error("the archive has {0} octets behind its end")]
    Trailing(usize),
    #[error("the archive holds more than {MOST_OCTETS} octets")]
    TooLarge,
    #[error("the archive holds more than {MOST_FILES} files")]
    TooMany,
    #[error("{path}: {what}")]
    Unsafe { path: String, what: &'static str },
    #[error("{path}: {what}")]
    Changed { path: String, what: &'static str },
}

/// Reads an archive with the bounds above; with the time its files have.
pub fn unpack(octets: &[u8]) -> Result<(Files, u64), ArchiveError> {
    // The level leaves a trace in the ninth octet, the default one none.
    if !octets.starts_with(&GZIP) {
        return Err(ArchiveError::Foreign);
    }
    let mut rest = octets;
    let mut tar = Vec::new();
    let mut inflated = GzDecoder::new(&mut rest).take(MOST_OCTETS + 1);
    inflated
        .read_to_end(&mut tar)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ArchiveError::Truncated(error.to_string()),
            _ => ArchiveError::Damaged(error.to_string()),
        })?;
    if tar.len() as u64 > MOST_OCTETS {
        return Err(ArchiveError::TooLarge);
    }
    if !rest.is_empty() {
        return Err(ArchiveError::Trailing(rest.len()));
    }
    files_of(&tar)
}

fn files_of(tar: &[u8]) -> Result<(Files, u64), ArchiveError> {
    let damaged = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ArchiveError::Truncated(error.to_string()),
        _ => ArchiveError::Damaged(error.to_string()),
    };
    let mut files = Files::new();
    let mut modified = None;
    for entry in Archive::new(tar).entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if files.len() == MOST_FILES {
            return Err(ArchiveError::TooMany);
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let refuse = |what| {
            let path = path.clone();
            Err(ArchiveError::Unsafe { path, what })
        };
        if entry.header().entry_type() != EntryType::Regular {
            return refuse("is no ordinary file");
        }
        if let Some(what) = unsafe_path(&path) {
            return refuse(what);
        }
        let time = entry.header().mtime().map_err(damaged)?;
        modified.get_or_insert(time);
        let mut octets = Vec::new();
        entry.read_to_end(&mut octets).map_err(damaged)?;
        if octets.len() as u64 != entry.header().size().map_err(damaged)? {
            return Err(ArchiveError::Truncated(path));
        }
        if files.insert(path.clone(), octets).is_some() {
            return refuse("is there twice");
        }
    }
    let modified = modified.unwrap_or_default();
    let again = tar_of(&files, modified).map_err(damaged)?;
    match again.iter().zip(tar).position(|(a, b)| a != b) {
        None if again.len() == tar.len() => Ok((files, modified)),
        None => Err(ArchiveError::Changed {
            path: "the archive".to_owned(),
            what: "has another length than `bundle` writes",
        }),
        Some(at) => Err(ArchiveError::Changed {
            path: near(&files, at),
            what: "its entry in the archive is not as `bundle` writes it",
        }),
    }
}

/// The file in whose entry an octet of the archive lies, in the order it should have.
fn near(files: &Files, at: usize) -> String {
    let mut from = 0;
    let entry = |octets: &Vec<u8>| 512 + octets.len().next_multiple_of(512);
    let found = files.iter().find(|(_, octets)| {
        from += entry(octets);
        at < from
    });
    found.map_or_else(|| "the end".to_owned(), |(path, _)| path.clone())
}

fn unsafe_path(path: &str) -> Option<&'static str> {
    let plain = |part| matches!(part, Component::Normal(_));
    if path.is_empty() || path.len() > MOST_PATH {
        return Some("is no path of a usual length");
    }
    if path.contains(['\\', '\0', ':']) || path.chars().any(char::is_control) {
        return Some("has characters no path of a bundle has");
    }
    if !Path::new(path).components().all(plain) || path.split('/').any(|p| matches!(p, "" | ".")) {
        return Some("leads out of the folder");
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn files() -> Files {
        let long = format!("run/captures/{}.pcapng", "x".repeat(200));
        [
            ("a.json", b"{}".to_vec()),
            ("run/b", vec![7; 1500]),
            (long.as_str(), vec![1, 2, 3]),
        ]
        .into_iter()
        .map(|(path, octets)| (path.to_owned(), octets))
        .collect()
    }

    fn gzip(tar: &[u8]) -> Vec<u8> {
        let mut packed = GzBuilder::new()
            .operating_system(0xff)
            .write(Vec::new(), Compression::default());
        packed.write_all(tar).unwrap();
        packed.finish().unwrap()
    }

    /// An archive of one entry, with its path written past every check.
    fn evil(path: &str, kind: EntryType) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(1);
        header.set_cksum();
        let mut builder = Builder::new(Vec::new());
        builder.append(&header, &b"x"[..]).unwrap();
        gzip(&builder.into_inner().unwrap())
    }

    #[test]
    fn the_same_files_give_the_same_octets() {
        let packed = pack(&files(), 1_700_000_000).unwrap();
        assert_eq!(packed, pack(&files(), 1_700_000_000).unwrap());
        assert_eq!(unpack(&packed).unwrap(), (files(), 1_700_000_000));
    }

    #[test]
    fn refuses_what_leads_out_of_the_folder_or_is_no_file() {
        for path in ["../x", "/etc/x", "a/../../x", "a//x", "./x", "c:x", "a\\x"] {
            let error = unpack(&evil(path, EntryType::Regular)).unwrap_err();
            assert!(
                matches!(error, ArchiveError::Unsafe { .. }),
                "{path}: {error}"
            );
        }
        for kind in [
            EntryType::Symlink,
            EntryType::Link,
            EntryType::Directory,
            EntryType::Char,
        ] {
            let error = unpack(&evil("x", kind)).unwrap_err();
            assert!(error.to_string().contains("no ordinary file"), "{error}");
        }
        assert!(unpack(&evil("x", EntryType::Regular)).is_ok());
    }

    #[test]
    fn no_octet_of_the_tar_can_be_another() {
        let tar = tar_of(&files(), 1).unwrap();
        for at in 0..tar.len() {
            let mut changed = tar.clone();
            changed[at] ^= 1;
            // What changes content is for the digests to see.
            let same = files_of(&changed).is_ok_and(|there| there == (files(), 1));
            assert!(!same, "octet {at}");
        }
        assert!(unpack(&gzip(&tar[..tar.len() - 512])).is_err());
    }

    #[test]
    fn says_that_an_archive_ends_too_early_or_too_late() {
        let packed = pack(&files(), 1).unwrap();
        for length in [0, 5, 10, packed.len() / 2, packed.len() - 1] {
            assert!(unpack(&packed[..length]).is_err(), "{length}");
        }
        let mut longer = packed.clone();
        longer.push(0);
        assert!(matches!(unpack(&longer), Err(ArchiveError::Trailing(1))));
        let mut damaged = packed;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        assert!(unpack(&damaged).is_err());
    }
}
