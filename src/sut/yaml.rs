//! The one place that reads YAML, so that the crate behind it can be changed in one line of `Cargo.toml`.
use serde::de::DeserializeOwned;

/// A choice written as a map with one key (`smpp: …`), as JSON and its schemas have it, and not as a YAML tag.
pub use serde_yaml::with::singleton_map as choice;

/// Reads one document; the error names path, line and column.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}
