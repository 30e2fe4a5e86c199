//! Secrets of a profile: passwords, keys, tokens. Written into it, or named there and kept in an environment variable or a file.
//!
//! A secret is resolved as it is read, so that what is wrong with it is told with its key, and it never shows itself: neither by `Debug`
//! nor when it is written again. What is known of all secrets stands in [`known`], so that outputs can be kept free of them
//! ([`Redactor`]); nobody can forget to say that a value is one.
use crate::observe::redact::Redactor;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What stands where a secret stood.
const HIDDEN: &str = "***";

/// The password of the template and of the reference build. Everybody can read it there, and to hide the word would only spoil sentences.
const PUBLISHED: &str = "secret";

/// Whether a secret that is not at hand is done without.
static LEFT_OUT: AtomicBool = AtomicBool::new(false);

/// The values of every secret this process has read.
static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

thread_local! {
    /// The folder of the profile that is being read, which files are named relative to.
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Where a secret stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Source {
    /// In the profile.
    #[default]
    Here,
    /// In an environment variable.
    Environment(String),
    /// In a file, named as the profile names it.
    File(String),
}

/// A value that no output shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    source: Source,
    value: String,
}

impl Secret {
    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    fn resolved(source: Source, value: String) -> Self {
        know(&value);
        Self { source, value }
    }

    /// A secret that this process is to do without.
    fn left_out(source: Source) -> Option<Self> {
        let value = HIDDEN.to_owned();
        LEFT_OUT
            .load(Ordering::Relaxed)
            .then_some(Self { source, value })
    }

    fn of_variable<E: de::Error>(name: String) -> Result<Self, E> {
        if let Some(secret) = Self::left_out(Source::Environment(name.clone())) {
            return Ok(secret);
        }
        let value = match std::env::var(&name) {
            Ok(value) if value.is_empty() => Err(E::custom(format!(
                "the environment variable {name} is empty; give it the secret"
            ))),
            Ok(value) => Ok(value),
            Err(std::env::VarError::NotPresent) => Err(E::custom(format!(
                "the environment variable {name} is not set; `export {name}=...` before the run, or name a file with {{ file: PATH }}"
            ))),
            Err(std::env::VarError::NotUnicode(_)) => Err(E::custom(format!(
                "the environment variable {name} is no UTF-8 text"
            ))),
        };
        Ok(Self::resolved(Source::Environment(name), value?))
    }

    fn of_file<E: de::Error>(name: String) -> Result<Self, E> {
        if let Some(secret) = Self::left_out(Source::File(name.clone())) {
            return Ok(secret);
        }
        let folder = FOLDER.with_borrow(Clone::clone);
        let path = folder.unwrap_or_default().join(&name);
        let said = path.display();
        let value = match std::fs::read_to_string(&path) {
            Ok(text) => match text.trim_end_matches(['\r', '\n']) {
                "" => Err(E::custom(format!(
                    "the file {said} is empty; write the secret into it"
                ))),
                value => Ok(value.to_owned()),
            },
            Err(error) => Err(E::custom(format!(
                "the file {said} cannot be read: {error}; files are named relative to the folder of the profile"
            ))),
        };
        Ok(Self::resolved(Source::File(name), value?))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::resolved(Source::Here, value.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, name) = match &self.source {
            Source::Here => return serializer.serialize_str(HIDDEN),
            Source::Environment(name) => ("env", name),
            Source::File(name) => ("file", name),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, name)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

/// Reads a secret; none of its errors says the value.
struct Reading;

const QUOTES: &str = "this is no text; write it in quotes";

impl<'de> Visitor<'de> for Reading {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, { env: NAME } or { file: PATH }")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Secret, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(de::Error::custom(
                "a secret is a text, { env: NAME } or { file: PATH }; this is empty",
            ));
        };
        let secret = match key.as_str() {
            "env" => Secret::of_variable(map.next_value()?)?,
            "file" => Secret::of_file(map.next_value()?)?,
            _ => return Err(de::Error::unknown_field(&key, &["env", "file"])),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(de::Error::custom(
                "a secret comes from one place: write `env` or `file`",
            )),
        }
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value that no output shows: written here, or kept in an environment variable or in a file (relative to the folder of the profile; a line end behind it does not count).",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "env": { "type": "string", "description": "Name of an environment variable." } },
                    "required": ["env"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": { "file": { "type": "string", "description": "A file." } },
                    "required": ["file"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// Reads with files named relative to a folder.
pub fn relative_to<T>(folder: &Path, read: impl FnOnce() -> T) -> T {
    let before = FOLDER.replace(Some(folder.to_owned()));
    let done = read();
    FOLDER.set(before);
    done
}

/// From now on this value is hidden in what is written.
fn know(value: &str) {
    if value == PUBLISHED {
        return;
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(value.to_owned());
}

/// From now on secrets of variables and files are not asked for: what this process does needs none.
pub fn leave_out() {
    LEFT_OUT.store(true, Ordering::Relaxed);
}

/// Hides every secret this process has read so far.
pub fn known() -> Redactor {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Redactor::of(known.iter().map(String::as_str))
}

/// The secrets of a profile that requests and commands name.
pub type Secrets = BTreeMap<String, Secret>;

/// How a text names a secret.
pub fn placeholder(name: &str) -> String {
    format!("{{secret.{name}}}")
}

/// The environment variable by which programs get a secret: a command line is for everybody to see.
pub fn variable(name: &str) -> String {
    let upper = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    format!("SECRET_{}", name.chars().map(upper).collect::<String>())
}

/// What the programs of a profile get in their environment.
pub fn environment(secrets: &Secrets) -> impl Iterator<Item = (String, &str)> {
    secrets
        .iter()
        .map(|(name, secret)| (variable(name), secret.expose()))
}

/// A word of a command with its secrets as a shell finds them in its environment.
pub fn in_shell(word: &str, secrets: &Secrets) -> String {
    secrets.keys().fold(word.to_owned(), |word, name| {
        word.replace(&placeholder(name), &format!("${{{}}}", variable(name)))
    })
}

/// What is wrong with the secrets that a text names.
pub fn problem(key: &str, text: &str, secrets: &Secrets) -> Option<String> {
    let mut named = text.split("{secret.").skip(1);
    let unknown = named.find_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        (!secrets.contains_key(name)).then_some(name)
    })?;
    Some(format!(
        "{key}: there is no secret `{unknown}`; write `{unknown}: {{ env: NAME }}` under `secrets`"
    ))
}

/// What is wrong with the secrets in a command: a program that is no shell would be given the name and not the secret.
pub fn problem_of_command(key: &str, words: &[String], secrets: &Secrets) -> Option<String> {
    let program = words.first()?;
    let base = program.rsplit('/').next().unwrap_or_default();
    let shell = ["sh", "ash", "bash", "dash", "ksh", "zsh"].contains(&base);
    let said = words.iter().find_map(|word| problem(key, word, secrets));
    said.or_else(|| {
        let named = |name: &&String| words.iter().any(|w| w.contains(&placeholder(name)));
        let name = secrets.keys().find(named).filter(|_| !shell)?;
        Some(format!(
            "{key}: {program} is no shell, and secrets do not stand on command lines; it finds this one in its environment as {}, so leave {} out",
            variable(name),
            placeholder(name)
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sut::yaml;

    fn read(text: &str) -> Result<Secrets, String> {
        yaml::from_str(text)
    }

    #[test]
    fn comes_from_the_profile_the_environment_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "c0ffee\r\n").unwrap();
        let text = "a: plainly\nb: { env: PATH }\nc: { file: key }";
        let secrets = relative_to(folder.path(), || read(text)).unwrap();
        let exposed: Vec<&str> = secrets.values().map(Secret::expose).collect();
        let path = std::env::var("PATH").unwrap();
        assert_eq!(exposed, ["plainly", path.as_str(), "c0ffee"]);
        let said = format!("{secrets:?}{}", secrets["a"]);
        assert!(
            !said.contains("plainly") && !said.contains("c0ffee"),
            "{said}"
        );
        let written = serde_json::to_string(&secrets).unwrap();
        assert_eq!(
            written,
            r#"{"a":"***","b":{"env":"PATH"},"c":{"file":"key"}}"#
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_the_key_and_never_with_the_value() {
        for (text, said) in [
            (
                "k: { env: NO_SUCH_SECRET }",
                "variable NO_SUCH_SECRET is not set",
            ),
            ("k: { file: no/such }", "the file no/such cannot be read"),
            ("k: { file: /dev/null }", "is empty"),
            ("k: 271828", "in quotes"),
            ("k: { environ: X }", "unknown field `environ`"),
            ("k: { env: PATH, file: x }", "from one place"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said) && error.contains('k'), "{error}");
            assert!(!error.contains("271828"), "{error}");
        }
    }
}
