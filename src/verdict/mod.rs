//! FLOOR 5: facts to findings. One file per subject, the requirement register, the verdict lattice. Pure.
pub mod finding;
pub mod lattice;
pub mod register;

pub use finding::Finding;
pub use lattice::{Reason, Verdict};
