//! Conformance test suite and harness for IMS messaging and conferencing.
//!
//! (The architecture text is completed when every floor stands.)
pub mod wire;

pub mod peer;

pub mod capture;

pub mod observe;

pub mod sut;
pub mod verdict;

pub mod steps;

pub mod runner;

pub mod report;

pub mod cli;

pub mod reference;
