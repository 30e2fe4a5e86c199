//! A folder that only this process knows, and that is gone when it is not needed any more.
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A new folder that nobody else can read.
    pub(super) fn new() -> Result<Self> {
        let name = format!("ims-conformance-{:016x}", fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder
            .create(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is the business of who cleans the folder of temporary files.
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}
