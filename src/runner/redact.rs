//! A run whose outputs have pseudonyms: no capture is written before numbers and texts are out of it, and each is judged as it is written.
//!
//! The judges look at the redacted capture with the key of the run, which turns pseudonyms back as it is read and is forgotten at the end
//! of the run: a redaction that lost what a verdict rests on would change that verdict, and the case would be an error of the suite.
use super::record::{CaseRecord, RunRecord};
use crate::observe::Trace;
use crate::observe::redact::{Pseudonyms, Redaction, Redactor};
use crate::sut::{Profile, secret};
use crate::verdict::Cast;
use crate::wire::smpp::DefaultAlphabet;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What programs read in a record, and what the suite itself has written.
const KEPT: [&str; 19] = [
    "requirements",
    "requirement",
    "id",
    "tags",
    "file",
    "feature",
    "rule",
    "title",
    "steps",
    "verdict",
    "reason",
    "path",
    "sha256",
    "looks",
    "ladder_state",
    "keyword",
    "outcome",
    "started",
    "finished",
];

/// The redaction of one run.
pub struct Redacting {
    pseudonyms: Pseudonyms,
    /// What data_coding 0 is on SMPP links.
    alphabet: DefaultAlphabet,
    /// What was found in all captures so far.
    all: Mutex<Redaction>,
    /// What was found in the capture of each case.
    cases: Mutex<BTreeMap<String, Redaction>>,
}

impl Redacting {
    /// With a key of its own. Words of the operator's texts stay.
    pub fn new(profile: Option<&Profile>) -> Result<Self, String> {
        let mut key = [0; 32];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut random| random.read_exact(&mut key))
            .map_err(|error| format!("no random key for pseudonyms: /dev/urandom: {error}"))?;
        let mut kept = Vec::new();
        if let Some(profile) = profile {
            let texts = serde_json::json!([profile.ixit.texts, profile.ixit.words]);
            strings(&texts, &mut kept);
        }
        let pseudonyms = Pseudonyms::new(key, kept.iter().map(String::as_str));
        let all = Mutex::new(Redaction::new(pseudonyms.clone(), []));
        Ok(Self {
            pseudonyms,
            alphabet: profile.map(Profile::default_alphabet).unwrap_or_default(),
            all,
            cases: Mutex::default(),
        })
    }

    /// A capture as it may be written, and what was found in it.
    pub fn capture(&self, octets: &[u8], cast: &Cast) -> Result<(Vec<u8>, Redaction), String> {
        let mut found = Redaction::new(self.pseudonyms.clone(), digits(cast));
        let said = |error: crate::observe::ObserveError| error.to_string();
        found.find(octets, &self.read(octets)?).map_err(said)?;
        let redacted = found.capture(octets, &secret::known()).map_err(said)?;
        self.all().add(&found);
        Ok((redacted, found))
    }

    /// A redacted capture as it was.
    pub fn restored(&self, redacted: &[u8], cast: &Cast) -> Result<Vec<u8>, String> {
        let numbers = digits(cast).map(|digits| self.pseudonyms.number(&digits));
        let mut found = Redaction::new(self.pseudonyms.back(), numbers);
        let said = |error: crate::observe::ObserveError| error.to_string();
        found.find(redacted, &self.read(redacted)?).map_err(said)?;
        let restored = found.capture(redacted, &Redactor::default());
        restored.map_err(said)
    }

    /// A case in the pseudonyms of its capture; what is said of it later will be too.
    pub fn case(&self, record: &mut CaseRecord, found: Redaction) {
        case(record, &found);
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        cases.insert(record.id.clone(), found);
    }

    /// What stands outside of captures, and what of a case was not known when it was judged.
    pub fn finish(&self, record: &mut RunRecord, out: &Path) {
        let all = self.all();
        for text in record.notes.iter_mut().chain(&mut record.waiver_problems) {
            *text = all.text(text);
        }
        let cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        for case in &mut record.cases {
            let Some(found) = cases.get(&case.id) else {
                continue;
            };
            case.title = found.text(&case.title);
            for step in &mut case.steps {
                step.text = found.text(&step.text);
            }
        }
        let log = out.join("system.log");
        if let Ok(text) = std::fs::read_to_string(&log) {
            let lines: Vec<String> = text.lines().map(|line| all.text(line) + "\n").collect();
            if let Err(error) = std::fs::write(&log, lines.concat()) {
                record
                    .notes
                    .push(format!("system.log is not redacted: {error}"));
            }
        }
    }

    /// The capture of what belongs to no case.
    pub fn remaining(&self, octets: &[u8]) -> Result<Vec<u8>, String> {
        let said = |error: crate::observe::ObserveError| error.to_string();
        let trace = self.read(octets)?;
        let mut all = self.all();
        all.find(octets, &trace).map_err(said)?;
        all.capture(octets, &secret::known()).map_err(said)
    }

    fn read(&self, octets: &[u8]) -> Result<Trace, String> {
        let mut trace = Trace::read(octets).map_err(|error| error.to_string())?;
        trace.default_alphabet = self.alphabet;
        Ok(trace)
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Redaction> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A case in the pseudonyms of its capture.
fn case(record: &mut CaseRecord, redaction: &Redaction) {
    let masked = serde_json::to_value(&*record).and_then(|mut value| {
        redaction.value(&mut value, &KEPT);
        serde_json::from_value(value)
    });
    // What was read from a record is one again.
    if let Ok(masked) = masked {
        *record = masked;
    }
}

fn digits(cast: &Cast) -> impl Iterator<Item = String> {
    let numbers = cast.people().map(|one| one.number.trim_start_matches('+'));
    let numbers = numbers.filter(|number| number.len() >= 7);
    let known: Vec<String> = numbers.map(str::to_owned).collect();
    known.into_iter()
}

fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        serde_json::Value::Object(members) => {
            members.values().for_each(|member| strings(member, found));
        }
        _ => {}
    }
}
