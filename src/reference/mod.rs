//! The reference build (to be completed).
pub mod user_agent;
