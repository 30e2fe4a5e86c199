//! Writes the corpora that fuzzing begins with: `seeds FOLDER`, one folder for each reader. They are made and not kept, because everything
//! in them lies in the repository already.
mod corpora;
mod readers;

use std::path::{Path, PathBuf};

/// Captures of the reference run that are taken: one of so many.
const EVERY: usize = 4;

fn main() -> std::io::Result<()> {
    let to = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "corpus".to_owned()),
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, all) in corpora::corpora(&root, EVERY)? {
        let folder = to.join(name);
        std::fs::create_dir_all(&folder)?;
        for (place, octets) in all.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{place:05}")), octets)?;
        }
    }
    Ok(())
}
