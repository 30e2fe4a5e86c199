//! The one place that reads YAML, so that the crate behind it can be changed in one line of `Cargo.toml`.
use super::spelling;
use serde::de::DeserializeOwned;

/// A choice written as a map with one key (`smpp: …`), as JSON and its schemas have it, and not as a YAML tag.
pub use serde_yaml::with::singleton_map as choice;

/// Reads one document; the error names path, line and column.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| {
        let said = said(&error.to_string());
        let line = error.location().map(|at| at.line().saturating_sub(1));
        match line.and_then(|line| key_on(text, line)) {
            Some(key) if !said.contains(key) => format!("{said}, in `{key}`"),
            _ => said,
        }
    })
}

/// The key that stands on a line; never its value, which may be a secret.
fn key_on(text: &str, line: usize) -> Option<&str> {
    let (key, _) = text.lines().nth(line)?.split_once(':')?;
    Some(key.trim()).filter(|key| !key.is_empty() && !key.contains(['"', '#', ' ']))
}

/// An error in words; of a key nobody knows, with the one that is most likely meant.
fn said(error: &str) -> String {
    let quoted: Vec<&str> = error.split('`').skip(1).step_by(2).collect();
    let meant = match quoted.as_slice() {
        [unknown, known @ ..] if error.contains("unknown field") => {
            spelling::nearest(unknown, known.iter().copied())
        }
        _ => None,
    };
    match meant {
        Some(meant) => format!("{error}; is `{meant}` meant?"),
        None => error.to_owned(),
    }
}

/// The value of a key of the outermost map that stands on one line, before anything else is known of the document.
pub fn line_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    value.map(str::trim)
}

/// Reads `text` laid over `base`: maps key by key, everything else replaced. `key`, which named the base, is left out.
pub fn laid_over<T: DeserializeOwned>(base: &str, text: &str, key: &str) -> Result<T, String> {
    let mut merged: serde_yaml::Value = from_str(base)?;
    let mut over: serde_yaml::Value = from_str(text)?;
    if let Some(map) = over.as_mapping_mut() {
        map.remove(key);
    }
    lay_over(&mut merged, over);
    // By way of text, because an error in a value does not say at which key it is; the line it names instead is in neither document.
    let merged = serde_yaml::to_string(&merged).map_err(|error| error.to_string())?;
    from_str(&merged).map_err(|error| match error.split_once(" at line ") {
        Some((said, rest)) => {
            let behind = rest.split_once(", in `").map(|(_, key)| key);
            behind.map_or(said.to_owned(), |key| format!("{said}, in `{key}"))
        }
        None => error,
    })
}

fn lay_over(base: &mut serde_yaml::Value, over: serde_yaml::Value) {
    match (base, over) {
        (serde_yaml::Value::Mapping(base), serde_yaml::Value::Mapping(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(known) => lay_over(known, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn lays_a_document_over_another_key_by_key() {
        let base = "a: {x: 1, y: 2}\nb: {z: 3}";
        let text = "based_on: other\na: {y: 5}\nc: {w: 7}";
        assert_eq!(line_of(text, "based_on"), Some("other"));
        let read: BTreeMap<String, BTreeMap<String, u8>> =
            laid_over(base, text, "based_on").unwrap();
        assert_eq!(read["a"]["x"] + read["a"]["y"], 6);
        assert_eq!((read["b"]["z"], read["c"]["w"]), (3, 7));
    }
}
