//! The binary: calls `cli` and exits with its code.
use std::process::ExitCode;

fn main() -> ExitCode {
    ims_conformance::cli::main()
}
