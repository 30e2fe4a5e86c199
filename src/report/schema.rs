//! The JSON Schema of `run.json`, made from the Rust types; `fixtures/run.schema.json` is its copy for editors and other tools.
use super::ReportError;
use crate::runner::record::RunRecord;

pub fn run_record() -> Result<String, ReportError> {
    let schema = schemars::schema_for!(RunRecord);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// After a change of the types: `cargo run -- schema > fixtures/run.schema.json`, and think of `SCHEMA_VERSION`.
    #[test]
    fn the_schema_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/run.schema.json");
        assert_eq!(on_file, run_record().unwrap());
    }
}
