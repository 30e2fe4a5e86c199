//! The tape of a test case: when it looked and how far the capture had come then, so that it can be judged again from the capture alone.
//!
//! It stands in `run.json`, once for every test case, and so is kept short: arrays, and times as distances.
use super::vocabulary::PersonName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What a test case saw of its capture while it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// Number of each person of the test case.
    pub cast: BTreeMap<String, String>,
    /// What is at which address, as the ladder names it: `alice-sip`, `core-sip`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<SocketAddr, String>,
    /// When the test case began, nanoseconds since the Unix epoch.
    pub began: u64,
    /// Each place at which it waited, in order: the last frame it saw, and nanoseconds since the place before (or since it began), as
    /// `frame:nanoseconds`.
    #[serde(with = "compact")]
    #[schemars(with = "String")]
    pub looks: Vec<(u32, u64)>,
    /// Connections to the system that it did not take, in words; no octet of them is in the capture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
    /// Why users could not be as the scenario wants them, after the last place at which it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet: Option<String>,
    /// The last frame before the teardown.
    pub last_frame: u32,
}

impl Tape {
    /// The number of a person by his place among the names.
    pub fn number(&self, person: usize) -> Option<&str> {
        let mut cast = self.cast.iter();
        let found = cast.find(|(name, _)| PersonName((*name).clone()).index() == person);
        found.map(|(_, number)| number.as_str())
    }

    /// Where the terminal of a person is.
    pub fn end(&self, name: &str, of: &str) -> Option<SocketAddr> {
        let sought = format!("{}-{of}", name.to_lowercase());
        let mut names = self.names.iter();
        names.find(|(_, name)| **name == sought).map(|(at, _)| *at)
    }

    /// Notes a place at which the test case has waited.
    pub fn note(&mut self, last_frame: u32, now: u64) {
        let before = self.looks.iter().map(|(_, since)| since).sum::<u64>();
        let since = now.saturating_sub(self.began.saturating_add(before));
        self.looks.push((last_frame, since));
    }
}

/// Places as words of one text: a record has tens of thousands of them.
mod compact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(looks: &[(u32, u64)], to: S) -> Result<S::Ok, S::Error> {
        let words = looks
            .iter()
            .map(|(frame, since)| format!("{frame}:{since}"));
        to.serialize_str(&words.collect::<Vec<_>>().join(" "))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(u32, u64)>, D::Error> {
        let text = String::deserialize(from)?;
        let look = |word: &str| {
            let (frame, since) = word.split_once(':')?;
            Some((frame.parse().ok()?, since.parse().ok()?))
        };
        let wrong = |word: &str| D::Error::custom(format!("`{word}` is no place of a tape"));
        let words = text.split(' ').filter(|word| !word.is_empty());
        words
            .map(|word| look(word).ok_or_else(|| wrong(word)))
            .collect()
    }
}
