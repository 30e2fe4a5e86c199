//! The binary: calls `cli` and exits with its code.

fn main() {}
