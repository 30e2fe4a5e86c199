//! The binary: hands the suite's own files to `cli`, and exits with its code.
//!
//! They are here and not in the library, so that a changed feature means linking again and not compiling again.
use ims_conformance::cli::{self, OwnFiles};
use include_dir::{Dir, include_dir};
use std::process::ExitCode;

static FEATURES: Dir = include_dir!("$CARGO_MANIFEST_DIR/features");
static REQUIREMENTS: Dir = include_dir!("$CARGO_MANIFEST_DIR/fixtures/requirements");
static SYSTEMS: Dir = include_dir!("$CARGO_MANIFEST_DIR/fixtures/systems");

macro_rules! fixture {
    ($name:literal) => {
        (
            concat!("fixtures/", $name),
            include_bytes!(concat!("../fixtures/", $name)),
        )
    };
}

static OWN: OwnFiles = OwnFiles {
    folders: &[
        ("features", &FEATURES),
        ("fixtures/requirements", &REQUIREMENTS),
        ("fixtures/systems", &SYSTEMS),
    ],
    files: &[
        fixture!("access_networks.yaml"),
        fixture!("faults.yaml"),
        fixture!("kills.yaml"),
        fixture!("undecided.csv"),
        fixture!("observations.yaml"),
        fixture!("personalities.yaml"),
        fixture!("roles.yaml"),
        // What the YAML files name for the sake of editors.
        fixture!("load.schema.json"),
        fixture!("personalities.schema.json"),
        fixture!("profile.schema.json"),
        fixture!("run.schema.json"),
        fixture!("waivers.schema.json"),
    ],
};

fn main() -> ExitCode {
    cli::main(&OWN)
}
