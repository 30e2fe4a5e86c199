//! The repository as the self-tests see it: files that git tracks, features, sources, and how complaints about them are told.
#![allow(dead_code)] // Two self-tests share it; neither needs all of it.

use crate::rust_source::{self, Source, crate_sources, root};
use std::process::Command;

pub fn all_sources() -> Vec<Source> {
    let mut found: Vec<Source> = crate_sources().into_values().collect();
    let beside = rust_source::files();
    let beside = beside
        .into_iter()
        .filter(|file| rust_source::is_selftest_or_bench(file));
    found.extend(beside.map(|file| Source {
        module: vec!["selftest".to_owned()],
        test: true,
        text: std::fs::read_to_string(root().join(&file)).unwrap(),
        file,
    }));
    found
}

pub fn none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Files that git knows, whoever owns the clone.
pub fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the repository; install it");
    assert!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).unwrap();
    let listed = listed.split('\0').filter(|file| !file.is_empty());
    let here = listed.filter(|file| root().join(file).exists());
    here.map(str::to_owned).collect()
}

pub fn features() -> Vec<(String, String)> {
    let found: Vec<_> = tracked()
        .into_iter()
        .filter(|file| file.ends_with(".feature"))
        .map(|file| {
            (
                file.clone(),
                std::fs::read_to_string(root().join(&file)).unwrap(),
            )
        })
        .collect();
    assert!(!found.is_empty(), "no feature is tracked");
    found
}
