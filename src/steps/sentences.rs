//! The catalogue of sentences, read from the very files that define them, so that it cannot be out of date.
use super::lab::Lab;
use cucumber::{World as _, gherkin, step::Collection};
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// One sentence of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// `Given`, `When` or `Then`.
    pub keyword: &'static str,
    /// The expression as written, e.g. `{person} is a CPM user`.
    pub text: String,
    /// What it means: the comment above it.
    pub meaning: String,
    /// It says that something does not happen.
    pub prohibition: bool,
    /// It says that the system refuses, which one that refuses everything does too.
    pub refusal: bool,
    /// It says that the system takes a request, which one that takes everything does too.
    pub acceptance: bool,
    /// It holds only if the system has done its part: a pass after it is no accident.
    pub witnessed: bool,
    file: &'static str,
    line: u32,
}

const SOURCES: &[(&str, &str)] = &[
    ("barring.rs", include_str!("barring.rs")),
    ("barring_readings.rs", include_str!("barring_readings.rs")),
    (
        "conference_barring.rs",
        include_str!("conference_barring.rs"),
    ),
    ("barring_rules.rs", include_str!("barring_rules.rs")),
    ("access.rs", include_str!("access.rs")),
    ("chat.rs", include_str!("chat.rs")),
    ("chat_coding.rs", include_str!("chat_coding.rs")),
    ("chat_content.rs", include_str!("chat_content.rs")),
    ("chat_from_sms.rs", include_str!("chat_from_sms.rs")),
    ("conference.rs", include_str!("conference.rs")),
    ("conference_lists.rs", include_str!("conference_lists.rs")),
    ("conference_refer.rs", include_str!("conference_refer.rs")),
    ("conference_state.rs", include_str!("conference_state.rs")),
    ("delivery_report.rs", include_str!("delivery_report.rs")),
    ("group_chat.rs", include_str!("group_chat.rs")),
    ("home_subscriber.rs", include_str!("home_subscriber.rs")),
    ("feature_tag.rs", include_str!("feature_tag.rs")),
    ("invitation.rs", include_str!("invitation.rs")),
    ("inviting_message.rs", include_str!("inviting_message.rs")),
    (
        "conference_service.rs",
        include_str!("conference_service.rs"),
    ),
    ("mmtel.rs", include_str!("mmtel.rs")),
    ("msisdn_less.rs", include_str!("msisdn_less.rs")),
    ("number.rs", include_str!("number.rs")),
    ("pager.rs", include_str!("pager.rs")),
    ("policy.rs", include_str!("policy.rs")),
    ("routing.rs", include_str!("routing.rs")),
    ("smsip.rs", include_str!("smsip.rs")),
    (
        "session_description.rs",
        include_str!("session_description.rs"),
    ),
    ("stored_parameters.rs", include_str!("stored_parameters.rs")),
    ("teardown.rs", include_str!("teardown.rs")),
    ("teardown_faults.rs", include_str!("teardown_faults.rs")),
    ("to_cpm.rs", include_str!("to_cpm.rs")),
    ("users.rs", include_str!("users.rs")),
    ("ut.rs", include_str!("ut.rs")),
];

/// All sentences, sorted by keyword and text.
pub fn catalogue() -> &'static [Sentence] {
    static SENTENCES: OnceLock<Vec<Sentence>> = OnceLock::new();
    SENTENCES.get_or_init(|| {
        let mut sentences: Vec<Sentence> = SOURCES
            .iter()
            .flat_map(|(file, text)| read(file, text))
            .collect();
        sentences.sort_by(|a, b| (rank(a.keyword), &a.text).cmp(&(rank(b.keyword), &b.text)));
        sentences
    })
}

fn rank(keyword: &str) -> usize {
    ["Given", "When", "Then"]
        .iter()
        .position(|known| *known == keyword)
        .unwrap_or(3)
}

/// The sentence a step is made of; `None` if it is undefined, `Err` names the sentences it fits if they are several.
pub fn find(step: &gherkin::Step) -> Result<Option<&'static Sentence>, String> {
    // The linter asks for every step of every test case, and most of them are the same.
    static FOUND: Mutex<BTreeMap<(usize, String), Option<&'static Sentence>>> =
        Mutex::new(BTreeMap::new());
    let key = (rank(keyword(step)), step.value.clone());
    let known = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(&key) {
        return Ok(*found);
    }
    drop(known);
    let found = look_up(step)?;
    let mut known = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(key, found);
    Ok(found)
}

fn keyword(step: &gherkin::Step) -> &'static str {
    match step.ty {
        gherkin::StepType::Given => "Given",
        gherkin::StepType::When => "When",
        gherkin::StepType::Then => "Then",
    }
}

fn look_up(step: &gherkin::Step) -> Result<Option<&'static Sentence>, String> {
    let steps = steps();
    let found = steps.find(step).map_err(|error| error.to_string())?;
    let Some((_, _, Some(location), _)) = found else {
        return Ok(None);
    };
    let is_at = |sentence: &&Sentence| {
        location.path.ends_with(sentence.file) && location.line.abs_diff(sentence.line) <= 1
    };
    let keyword = keyword(step);
    Ok(catalogue()
        .iter()
        .filter(|sentence| sentence.keyword == keyword)
        .find(is_at))
}

pub(super) fn steps() -> &'static Collection<Lab> {
    static STEPS: OnceLock<Collection<Lab>> = OnceLock::new();
    STEPS.get_or_init(Lab::collection)
}

/// Attributes and the functions they stand above. A function may bear several.
fn read(file: &'static str, text: &'static str) -> Vec<Sentence> {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| sentence(file, &lines, index, line))
        .collect()
}

fn sentence(file: &'static str, lines: &[&str], index: usize, line: &str) -> Option<Sentence> {
    let keyword = [
        ("Given", "#[given("),
        ("When", "#[when("),
        ("Then", "#[then("),
    ]
    .iter()
    .find_map(|(keyword, prefix)| line.starts_with(prefix).then_some(*keyword))?;
    let attribute = attribute(&lines[index..]);
    let (opening, closing) = (attribute.find('"')?, attribute.rfind('"')?);
    let text = attribute.get(opening + 1..closing)?.replace("\\\"", "\"");
    let above = lines[..index]
        .iter()
        .rev()
        .skip_while(|line| !line.starts_with("///"));
    let meaning: Vec<&str> = above.map_while(|line| line.strip_prefix("/// ")).collect();
    let body: Vec<&&str> = lines[index..]
        .iter()
        .take_while(|line| **line != "}")
        .collect();
    let calls = |name: &str| body.iter().any(|line| line.contains(name));
    Some(Sentence {
        keyword,
        text: text
            .trim_start_matches('^')
            .trim_end_matches('$')
            .to_owned(),
        meaning: meaning.into_iter().rev().collect::<Vec<_>>().join(" "),
        prohibition: calls(".never("),
        refusal: calls(".refusal("),
        acceptance: calls(".acceptance("),
        witnessed: (calls(".require(") || calls(".establish(")) && !calls("::refused("),
        file,
        line: u32::try_from(index + 1).ok()?,
    })
}

/// An attribute that may go over several lines, as one.
fn attribute(lines: &[&str]) -> String {
    let last = lines
        .iter()
        .position(|line| line.ends_with(")]"))
        .unwrap_or(0);
    lines[..=last].concat()
}
