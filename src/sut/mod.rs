//! FLOOR 5: the system under test as data and switches: its profile, its process, the ways to prepare users on it.
//!
//! Nothing here knows any product; a product is a folder `fixtures/systems/<name>/`.
pub mod access;
pub mod applicability;
pub mod faults;
pub mod personality;
pub mod process;
pub mod profile;
pub mod provision;
pub mod secret;
pub mod spelling;
pub mod waivers;
pub mod yaml;

pub use profile::{Ixit, Profile};
pub use secret::Secret;

/// The suite could not bring the system or its users into the state a test needs.
#[derive(Debug, thiserror::Error)]
pub enum SutError {
    #[error("{path}: {message}")]
    Profile { path: String, message: String },
    #[error("{path}: {message}")]
    Waivers { path: String, message: String },
    #[error(
        "short messages over {carriage} are asked for, the profile describes {names}: choose one with --carriage or `carriage`"
    )]
    Carriage { carriage: String, names: String },
    #[error("starting the system under test: {0}")]
    Start(String),
    #[error("preparing {what}: {message}")]
    Provisioning { what: String, message: String },
    /// The system cannot be brought into that state, which is nobody's fault.
    #[error("{0}")]
    Unmet(String),
}
