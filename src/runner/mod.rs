//! FLOOR 7: select, run, record.
pub mod record;
