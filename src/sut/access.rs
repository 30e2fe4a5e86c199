//! `fixtures/access_networks.yaml`: what UEs say of the access network they are on (3GPP TS 24.229 clause 7.2A.4, RFC 7315 section 5.4).
//!
//! The run axis of `run --access`, and the names the features use. It says nothing of what a system makes of it.
use super::{SutError, yaml};
use serde::Deserialize;
use std::path::Path;

/// The word of the command line for every access network of the list.
pub const ALL: &str = "all";
const FILE: &str = "access_networks.yaml";
/// The requirement that a difference between two access networks speaks against, unless an entry names another one.
const INVARIANCE: &str = "AI-01";

/// One access network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessNetwork {
    /// For `run --access`, and in the names of test cases: `wlan`.
    pub name: String,
    /// What it is, in a few words.
    pub what: String,
    /// As the features say it.
    #[serde(default)]
    pub called: Option<String>,
    /// What the others are compared with.
    #[serde(default)]
    pub baseline: bool,
    /// Requirement that a difference from the baseline speaks against.
    #[serde(default = "invariance")]
    pub row: String,
    /// Values of P-Access-Network-Info, one header field each; none: no such header field.
    pub values: Vec<String>,
}

fn invariance() -> String {
    INVARIANCE.to_owned()
}

/// All access networks, the baseline among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessNetworks(Vec<AccessNetwork>);

impl AccessNetworks {
    pub fn load(fixtures: &Path) -> Result<Self, SutError> {
        let path = fixtures.join(FILE);
        let fail = |message: String| SutError::Profile {
            path: path.display().to_string(),
            message,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        Self::parse(&text).map_err(fail)
    }

    /// Reads the list; the error names the entry, the key and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let list: Vec<AccessNetwork> = yaml::from_str(text)?;
        for (index, one) in list.iter().enumerate() {
            let name = &one.name;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name == ALL || !name.chars().all(plain) {
                return Err(format!(
                    "name: `{name}` of entry {} is no name: use lower-case letters, digits and hyphens, and not `{ALL}`",
                    index + 1
                ));
            }
            let before = &list[..index];
            if before.iter().any(|other| other.name == *name) {
                return Err(format!(
                    "name: `{name}` is in the list twice; give one of them another name"
                ));
            }
            if one.called.is_some() && before.iter().any(|other| other.called == one.called) {
                return Err(format!(
                    "called: {name} is called as an entry before it; give it other words"
                ));
            }
            for value in &one.values {
                well_formed(value).map_err(|why| {
                    format!(
                        "values: `{value}` of {name} is no P-Access-Network-Info: {why} (RFC 7315 section 5.4)"
                    )
                })?;
            }
        }
        match list.iter().filter(|one| one.baseline).count() {
            1 => Ok(Self(list)),
            n => Err(format!(
                "baseline: true stands at {n} entries; it stands at one, the access network the others are compared with"
            )),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &AccessNetwork> {
        self.0.iter()
    }

    /// What the others are compared with.
    pub fn baseline(&self) -> Option<&AccessNetwork> {
        self.0.iter().find(|one| one.baseline)
    }

    /// Those that words of the command line name; without words, the baseline alone.
    pub fn named(&self, words: &[String]) -> Result<Vec<&AccessNetwork>, SutError> {
        let known = |word: &String| word == ALL || self.0.iter().any(|one| one.name == **word);
        if let Some(word) = words.iter().find(|word| !known(word)) {
            let names: Vec<&str> = self.0.iter().map(|one| one.name.as_str()).collect();
            return Err(SutError::Profile {
                path: format!("fixtures/{FILE}"),
                message: format!(
                    "there is no access network `{word}`; there are {}, and `{ALL}`",
                    names.join(", ")
                ),
            });
        }
        let everything = words.iter().any(|word| word == ALL);
        let asked = |one: &&AccessNetwork| match words {
            [] => one.baseline,
            words => everything || words.contains(&one.name),
        };
        Ok(self.0.iter().filter(asked).collect())
    }

    /// The one that the features call so.
    pub fn called(&self, words: &str) -> Option<&AccessNetwork> {
        let mut all = self.0.iter();
        all.find(|one| one.called.as_deref() == Some(words))
    }
}

/// `access-net-spec *(COMMA access-net-spec)`: a token with parameters each.
fn well_formed(value: &str) -> Result<(), String> {
    for entry in split(value, ',')? {
        let mut parts = split(entry, ';')?.into_iter().map(str::trim);
        let kind = parts.next().unwrap_or_default();
        if !is_token(kind) {
            return Err(format!("`{kind}` is no access type"));
        }
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, "x"));
            if !is_token(name) || !(is_token(value) || is_quoted(value)) {
                return Err(format!("`{parameter}` is no parameter"));
            }
        }
    }
    Ok(())
}

/// Parts between separators that stand outside quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if c == separator && !quoted {
            parts.push(&text[begin..at]);
            begin = at + c.len_utf8();
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    parts.push(&text[begin..]);
    Ok(parts)
}

fn is_token(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    !text.is_empty() && text.chars().all(known)
}

fn is_quoted(text: &str) -> bool {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.is_some_and(|inner| inner.chars().all(|c| !c.is_control() && c != '"'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TWO: &str = "- {name: a, what: A, baseline: true, values: [A]}\n- {name: b, what: B, called: bee, values: []}\n";

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn names(networks: &AccessNetworks, asked: &[&str]) -> Vec<String> {
        let named = networks.named(&words(asked)).unwrap();
        named.iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn the_list_is_in_good_order() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let list = AccessNetworks::load(&fixtures).unwrap();
        assert!(list.iter().count() > 16);
        assert_eq!(names(&list, &[]), ["lte"]);
    }

    #[test]
    fn finds_what_is_asked_for() {
        let networks = AccessNetworks::parse(TWO).unwrap();
        assert_eq!(names(&networks, &[]), ["a"]);
        assert_eq!(names(&networks, &["b"]), ["b"]);
        assert_eq!(names(&networks, &["all"]), ["a", "b"]);
        assert_eq!(networks.called("bee").unwrap().name, "b");
        assert_eq!(networks.called("bee").unwrap().row, "AI-01");
        let error = networks.named(&words(&["c"])).unwrap_err().to_string();
        assert!(
            error.contains("no access network `c`; there are a, b, and `all`"),
            "{error}"
        );
    }

    #[test]
    fn says_what_is_wrong_with_the_list() {
        for (from, to, said) in [
            (", baseline: true", "", "stands at 0 entries"),
            ("name: b", "name: a", "`a` is in the list twice"),
            ("name: b", "name: all", "`all` of entry 2 is no name"),
            (
                "[A]",
                "[\"A;x=\\\"1\"]",
                "`A;x=\"1` of a is no P-Access-Network-Info: a quote",
            ),
            (
                "[A]",
                "[\"A;x=1 2\"]",
                "`x=1 2` is no parameter (RFC 7315 section 5.4)",
            ),
            ("[A]", "[\"A,,B\"]", "`` is no access type"),
            ("what: B", "wath: B", "wath"),
        ] {
            let error = AccessNetworks::parse(&TWO.replace(from, to)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
