//! The floors of the suite that read what others sent, built by themselves: what the fuzz targets run and nothing else.
#[path = "../observe/mod.rs"]
pub mod observe;
#[path = "../wire/mod.rs"]
pub mod wire;
