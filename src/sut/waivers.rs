//! `waivers.yaml` beside a profile: failures of this system that somebody has agreed to live with, each for a limited time.
//!
//! A waiver never makes a pass. It says which finding is expected, who answers for it and until when; whatever is not exactly so is a
//! problem that fails the run. What the cases of a run came to is compared in `runner::waive`.
use super::access::AccessNetworks;
use super::profile::Carriage;
use super::{SutError, spelling, yaml};
use crate::verdict::{Reason, Verdict};
use jiff::{ToSpan as _, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the file in the folder of the profile.
pub const FILE: &str = "waivers.yaml";
/// No waiver lies further in the future than this.
pub const MOST_DAYS: i64 = 180;

/// A failure that is agreed upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Id of the test case, of an outline with its row: `TC-POL-07-01.forbid-accept`; as the report has it, `TC-CB-20-01[wlan]`.
    pub test_case: String,
    /// Id of its requirement.
    pub requirement: String,
    /// Who answers for it: a person, not a team nobody is in.
    pub owner: String,
    /// Why it is agreed to for the time being.
    pub reason: String,
    /// Where it is discussed, `https://…`.
    pub link: String,
    /// Last day on which it holds, `2027-03-31`; at most 180 days from today.
    pub expires: String,
    /// The carriage over which the system fails so; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriage: Option<Carriage>,
    pub expected: Expected,
}

/// The finding a waiver is for; any other is not waived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    #[serde(default)]
    pub verdict: Waivable,
    /// Reason code as in `run.json`: `missing`, `wrong-value`, `unexpected` ...
    pub reason: Reason,
    /// Words that what was observed contains. Leave out what differs from run to run: numbers, times, identifiers.
    pub observed: String,
}

/// Verdicts that can be waived: an error is one of the suite, and nobody can agree to that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Waivable {
    #[default]
    Fail,
    Inconc,
}

impl From<Waivable> for Verdict {
    fn from(waivable: Waivable) -> Self {
        match waivable {
            Waivable::Fail => Self::Fail,
            Waivable::Inconc => Self::Inconc,
        }
    }
}

/// What the file has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waivers(pub Vec<Waiver>);

impl Waivers {
    /// Those beside a profile; none without the file.
    pub fn load(profile: &Path) -> Result<Self, SutError> {
        let path = profile.with_file_name(FILE);
        let fail = |message: String| SutError::Waivers {
            path: path.display().to_string(),
            message,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) if text.lines().all(is_blank) => Ok(Self::default()),
            Ok(text) => yaml::from_str(&text).map(Self).map_err(fail),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(fail(error.to_string())),
        }
    }

    /// A digest of what they say; empty where there are none.
    pub fn sha256(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let text = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(text);
        digest.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The other waivers for the same test case, over a carriage this one is for too.
    fn rivals(&self, waiver: &Waiver) -> usize {
        let meets = |other: &&Waiver| {
            let both = other.carriage.zip(waiver.carriage);
            other.test_case == waiver.test_case && both.is_none_or(|(a, b)| a == b)
        };
        self.0.iter().filter(meets).count() - 1
    }

    /// What is wrong with a waiver before anything has run: with its form, its time, its test case, its access network. `cases` are all
    /// there are, with their requirement.
    pub fn problems(
        &self,
        waiver: &Waiver,
        today: Date,
        cases: &BTreeMap<String, String>,
        networks: &AccessNetworks,
    ) -> Vec<String> {
        let mut problems = waiver.ill_formed();
        problems.extend(waiver.out_of_time(today));
        problems.extend(waiver.about_nothing(cases));
        problems.extend(waiver.over_nothing(networks));
        if self.rivals(waiver) > 0 {
            problems.push("there is another waiver for it; keep one".to_owned());
        }
        problems
            .into_iter()
            .map(|problem| waiver.said(&problem))
            .collect()
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---"
}

impl Waiver {
    /// A problem with the place it is at.
    pub fn said(&self, problem: &str) -> String {
        format!("{FILE}: {}: {problem}", self.test_case)
    }

    pub fn is_over(&self, carriage: &str) -> bool {
        self.carriage.is_none_or(|one| one.name() == carriage)
    }

    fn ill_formed(&self) -> Vec<String> {
        let texts = [
            ("owner", &self.owner),
            ("reason", &self.reason),
            ("expected.observed", &self.expected.observed),
        ];
        let empty = texts.iter().filter(|(_, text)| text.trim().is_empty());
        let mut problems: Vec<String> = empty
            .map(|(key, _)| format!("`{key}` is empty; say it in words"))
            .collect();
        if !["https://", "http://"].iter().any(|scheme| {
            let rest = self.link.strip_prefix(scheme);
            rest.is_some_and(|rest| !rest.is_empty())
        }) {
            problems.push(format!(
                "`link` is `{}`; name the page where it is discussed, https://…",
                self.link
            ));
        }
        problems
    }

    fn out_of_time(&self, today: Date) -> Option<String> {
        let Ok(expires) = self.expires.parse::<Date>() else {
            return Some(format!(
                "`expires` is `{}`; write a day as {today}",
                self.expires
            ));
        };
        let last = today.saturating_add(MOST_DAYS.days());
        if expires < today {
            return Some(format!(
                "expired on {expires}; take it out, or let {} agree to it again",
                self.owner
            ));
        }
        (expires > last).then(|| {
            format!(
                "`expires` is {expires}, more than {MOST_DAYS} days from today ({today}); {last} is the latest"
            )
        })
    }

    fn about_nothing(&self, cases: &BTreeMap<String, String>) -> Option<String> {
        // Over an access network that is not the baseline a test case has its name behind it.
        let stated = self.test_case.split('[').next().unwrap_or_default();
        let Some(requirement) = cases.get(stated) else {
            let row = format!("{}.", self.test_case);
            let rows = cases.keys().map(String::as_str);
            let rows: Vec<&str> = rows.filter(|id| id.starts_with(&row)).collect();
            return Some(match rows.as_slice() {
                [] => "there is no such test case; take the waiver out, or see `list`".to_owned(),
                rows => format!(
                    "it has rows, each with a waiver of its own: {}",
                    rows.join(", ")
                ),
            });
        };
        (requirement != &self.requirement).then(|| {
            format!(
                "`requirement` is {}, that of the test case {requirement}",
                self.requirement
            )
        })
    }
}

impl Waiver {
    /// Over an access network that there is not, nothing runs that the waiver could be for.
    fn over_nothing(&self, networks: &AccessNetworks) -> Option<String> {
        let (stated, rest) = self.test_case.split_once('[')?;
        let Some(name) = rest.strip_suffix(']') else {
            return Some(format!(
                "`{}` has no closing bracket; write {stated}[NAME]",
                self.test_case
            ));
        };
        if networks.baseline().is_some_and(|one| one.name == name) {
            return Some(format!(
                "{name} is what everything runs over; write {stated}"
            ));
        }
        if networks.iter().any(|one| one.name == name) {
            return None;
        }
        let names = networks.iter().map(|one| one.name.as_str());
        let meant = spelling::nearest(name, names)
            .map_or(String::new(), |meant| format!(", is `{meant}` meant?"));
        Some(format!(
            "there is no access network `{name}`{meant}; `list --access` prints them"
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;

    const FILE_TEXT: &str = "\
- test_case: TC-POL-01-01
  requirement: POL-01
  owner: Jane Doe
  reason: Mended in release 7.3.
  link: https://tickets.acme.example/123
  expires: 2027-03-31
  expected: {reason: wrong-value, observed: answered 200}
";
    fn cases() -> BTreeMap<String, String> {
        [
            ("TC-POL-01-01", "POL-01"),
            ("TC-POL-02-01", "POL-02"),
            ("TC-POL-07-01.ask", "POL-07"),
        ]
        .map(|(id, requirement)| (id.to_owned(), requirement.to_owned()))
        .into()
    }

    fn read(text: &str) -> Waivers {
        Waivers(yaml::from_str(text).unwrap())
    }

    /// The problems of the first waiver after something in the file was changed.
    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(FILE_TEXT.contains(from), "{from}");
        let waivers = read(&FILE_TEXT.replace(from, to));
        waivers.problems(&waivers.0[0], date(2026, 11, 21), &cases(), &networks())
    }

    fn networks() -> AccessNetworks {
        let list = "- {name: lte, what: LTE, baseline: true, values: []}\n- {name: wlan, what: WLAN, values: []}\n";
        AccessNetworks::parse(list).unwrap()
    }

    #[test]
    fn a_waiver_with_everything_has_no_problem() {
        assert_eq!(after("", ""), [""; 0]);
        assert_eq!(after("2027-03-31", "2026-11-21"), [""; 0]);
        assert_eq!(after("2027-03-31", "2027-05-20"), [""; 0]);
        assert_eq!(after("TC-POL-01-01", "TC-POL-01-01[wlan]"), [""; 0]);
        assert_eq!(read(FILE_TEXT).0[0].expected.verdict, Waivable::Fail);
    }

    #[test]
    fn says_what_is_wrong_and_how_to_mend_it() {
        for (from, to, said) in [
            (
                "2027-03-31",
                "2026-11-20",
                "expired on 2026-11-20; take it out, or let Jane Doe",
            ),
            (
                "2027-03-31",
                "2027-05-21",
                "more than 180 days from today (2026-11-21); 2027-05-20 is",
            ),
            ("2027-03-31", "soon", "`expires` is `soon`"),
            ("TC-POL-01-01", "TC-POL-99-01", "there is no such test case"),
            (
                "TC-POL-01-01",
                "TC-POL-07-01",
                "it has rows, each with a waiver of its own: TC-POL-07-01.ask",
            ),
            (
                "TC-POL-01-01",
                "TC-POL-02-01",
                "`requirement` is POL-01, that of the test case POL-02",
            ),
            ("Jane Doe", "\"\"", "`owner` is empty"),
            (
                "TC-POL-01-01",
                "TC-POL-01-01[wlam]",
                "there is no access network `wlam`, is `wlan` meant?; `list --access`",
            ),
            (
                "TC-POL-01-01",
                "TC-POL-01-01[lte]",
                "lte is what everything runs over; write TC-POL-01-01",
            ),
            (
                "TC-POL-01-01",
                "TC-POL-01-01[wlan",
                "has no closing bracket; write TC-POL-01-01[NAME]",
            ),
            (
                "https://tickets.acme.example/123",
                "ticket 123",
                "`link` is `ticket 123`",
            ),
            (
                "observed: answered 200",
                "observed: ' '",
                "`expected.observed` is empty",
            ),
        ] {
            let problems = after(from, to);
            assert_eq!(problems.len(), 1, "{to}: {problems:?}");
            assert!(problems[0].contains(said), "{to}: {problems:?}");
            assert!(problems[0].starts_with("waivers.yaml: TC-POL-"));
        }
    }

    #[test]
    fn a_carriage_that_there_is_not_is_refused() {
        let text = FILE_TEXT.to_owned() + "  carriage: smtp\n";
        let error = yaml::from_str::<Vec<Waiver>>(&text).unwrap_err();
        assert!(error.contains("smtp") && error.contains("smpp"), "{error}");
    }

    #[test]
    fn two_waivers_for_one_test_case_are_one_too_many() {
        let twice = read(&FILE_TEXT.repeat(2));
        let today = date(2026, 11, 21);
        let problems = twice.problems(&twice.0[0], today, &cases(), &networks());
        assert!(problems[0].contains("another waiver"), "{problems:?}");
        let over = |name: &str| FILE_TEXT.to_owned() + "  carriage: " + name + "\n";
        let apart = read(&(over("smpp") + &over("sgd")));
        assert!(
            apart
                .problems(&apart.0[0], today, &cases(), &networks())
                .is_empty()
        );
    }

    #[test]
    fn a_file_of_comments_has_no_waivers() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("profile.yaml");
        assert_eq!(Waivers::load(&profile).unwrap(), Waivers::default());
        std::fs::write(folder.path().join(FILE), "# none yet\n\n").unwrap();
        assert_eq!(Waivers::load(&profile).unwrap(), Waivers::default());
        std::fs::write(folder.path().join(FILE), "- test_cases: x\n").unwrap();
        let error = Waivers::load(&profile).unwrap_err().to_string();
        assert!(
            error.contains("waivers.yaml") && error.contains("test_cases"),
            "{error}"
        );
    }
}
