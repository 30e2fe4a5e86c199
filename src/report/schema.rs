//! The JSON Schemas of `run.json` and of profiles, made from the Rust types; their copies in `fixtures` are for editors and other tools.
use super::ReportError;
use crate::runner::load::LoadRecord;
use crate::runner::record::RunRecord;
use crate::sut::Profile;
use crate::sut::personality::Personalities;
use crate::sut::waivers::Waivers;

pub fn run_record() -> Result<String, ReportError> {
    text(&schemars::schema_for!(RunRecord))
}

pub fn load_record() -> Result<String, ReportError> {
    text(&schemars::schema_for!(LoadRecord))
}

pub fn profile() -> Result<String, ReportError> {
    text(&schemars::schema_for!(Profile))
}

pub fn waivers() -> Result<String, ReportError> {
    text(&schemars::schema_for!(Waivers))
}

pub fn personalities() -> Result<String, ReportError> {
    text(&schemars::schema_for!(Personalities))
}

fn text(schema: &schemars::Schema) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// After a change of the types: `cargo run -- schema run > fixtures/run.schema.json`, and think of `SCHEMA_VERSION`.
    #[test]
    fn the_schema_of_runs_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/run.schema.json");
        assert_eq!(on_file, run_record().unwrap());
    }

    /// After a change of the types: `cargo run -- schema load > fixtures/load.schema.json`, and think of its `SCHEMA_VERSION`.
    #[test]
    fn the_schema_of_loads_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/load.schema.json");
        assert_eq!(on_file, load_record().unwrap());
    }

    /// After a change of the types: `cargo run -- schema waivers > fixtures/waivers.schema.json`.
    #[test]
    fn the_schema_of_waivers_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/waivers.schema.json");
        assert_eq!(on_file, waivers().unwrap());
    }

    /// After a change of the types: `cargo run -- schema personalities > fixtures/personalities.schema.json`.
    #[test]
    fn the_schema_of_personalities_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/personalities.schema.json");
        assert_eq!(on_file, personalities().unwrap());
    }

    /// After a change of the types: `cargo run -- schema profile > fixtures/profile.schema.json`.
    #[test]
    fn the_schema_of_profiles_on_file_is_that_of_the_types() {
        let on_file = include_str!("../../fixtures/profile.schema.json");
        assert_eq!(on_file, profile().unwrap());
    }
}
