//! `probe`: what can be seen of the ICS items of a system. It looks at what its interfaces announce, runs a few benign test cases as if
//! every option were there, and holds what was seen beside what the profile declares.
//!
//! What speaks for or against an item is data, `fixtures/observations.yaml`. Silence is no answer, and what a system does wrong is no sign
//! that it lacks an option, unless the data say so of that very finding.
mod announced;
mod judged;

use super::applicable::known_items;
use super::options::{ProgressEvent, RunOptions};
use super::record::RunRecord;
use super::run::{RunError, run};
use crate::sut::applicability::Items;
use crate::sut::profile::{Carriage, Claim};
use crate::sut::{Profile, SutError, yaml};
use crate::verdict::{Reason, Register};
pub(super) use announced::announce;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The capture of what interfaces announce, in the folder of captures.
pub const CAPTURE: &str = "probe.pcapng";

/// What speaks for or against an item.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    pub item: String,
    /// What is looked at, in words.
    #[serde(default)]
    pub sees: String,
    /// Why it is nobody's to observe.
    #[serde(default)]
    pub cannot: Option<String>,
    #[serde(default)]
    pub test_cases: Vec<String>,
    /// What the item is taken for while they run.
    #[serde(default)]
    pub assume: Option<Claim>,
    #[serde(default)]
    pub passed: Option<Claim>,
    #[serde(default)]
    pub failed: Option<Claim>,
    #[serde(default)]
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub ut_digest: bool,
    #[serde(default)]
    pub xcap_auid: Option<String>,
    #[serde(default)]
    pub diameter_application: Option<u32>,
}

impl Observation {
    pub fn load(fixtures: &Path) -> Result<Vec<Self>, SutError> {
        let path = fixtures.join("observations.yaml");
        let fail = |message: String| SutError::Profile {
            path: path.display().to_string(),
            message,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        yaml::from_str(&text).map_err(fail)
    }
}

/// What was seen, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Relative to the folder of the probe.
    pub capture: String,
    pub frames: Vec<u32>,
}

/// What an observation came to.
#[derive(Debug, Clone, Default)]
struct Seen {
    value: Option<Claim>,
    what: String,
    evidence: Vec<Evidence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The profile says so; nothing was seen either way.
    Declared,
    /// It was seen, and the profile says the same or nothing.
    Observed,
    /// It was seen otherwise than the profile says.
    Contradicted,
    /// Nobody says anything.
    Unset,
}

impl Mark {
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::Contradicted => "contradicted",
            Self::Unset => "unset",
        }
    }
}

/// One item, as it is declared and as it was seen.
#[derive(Debug, Clone, Serialize)]
pub struct ItemRecord {
    pub item: String,
    /// What the profile says, or the carriage and the sections it has.
    pub declared: Claim,
    /// Whether the profile leaves it to the carriage and its sections.
    pub decided: bool,
    pub observed: Claim,
    pub mark: Mark,
    /// What was seen, or why nothing was.
    pub what: String,
    pub evidence: Vec<Evidence>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    pub system: String,
    pub items: Vec<ItemRecord>,
    /// What interfaces announce of themselves.
    pub announced: Vec<Announcement>,
    /// Folder of the captures and of run.json.
    pub folder: PathBuf,
    #[serde(skip)]
    pub profile: PathBuf,
    #[serde(skip)]
    pub record: Option<RunRecord>,
}

/// Something an interface says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announcement {
    pub interface: String,
    pub what: String,
    pub evidence: Evidence,
}

impl Probe {
    pub fn contradicted(&self) -> bool {
        self.items
            .iter()
            .any(|item| item.mark == Mark::Contradicted)
    }
}

/// Looks at a system and gives every item of the ICS.
pub async fn probe(
    mut options: RunOptions,
    progress: impl Fn(ProgressEvent) + Send + Sync + 'static,
) -> Result<Probe, RunError> {
    let observations = Observation::load(&options.fixtures)?;
    let (profile, path) = Profile::load(&options.system, &options.fixtures)?;
    let profile = profile.over(options.carriage)?;
    let register = Register::load(&options.fixtures.join("requirements"))?;
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("reports"));
    options.selection = observations
        .iter()
        .flat_map(|one| one.test_cases.clone())
        .collect();
    options.assume = assumed(&observations);
    options.announced = true;
    options.ladders = None;
    let record = run(options, progress).await?;
    let announcements = announced::read(&folder, &profile)?;
    let items = known_items(&register)
        .into_iter()
        .map(|item| {
            let observation = observations.iter().find(|one| one.item == item);
            let seen = observation.map_or_else(Seen::default, |one| {
                seen(one, &record, &announcements, &profile)
            });
            item_record(item, &profile, seen)
        })
        .collect();
    Ok(Probe {
        system: profile.name,
        items,
        announced: announcements.all,
        folder,
        profile: path,
        record: Some(record),
    })
}

/// Every option is there while the system is probed, so that nothing is left out for want of an answer.
fn assumed(observations: &[Observation]) -> Items {
    let own = |item: &str| !item.starts_with("role.") && !Carriage::ITEMS.contains(&item);
    observations
        .iter()
        .filter(|one| own(&one.item))
        .map(|one| (one.item.clone(), one.assume.unwrap_or(Claim::Yes)))
        .collect()
}

fn seen(
    observation: &Observation,
    record: &RunRecord,
    announcements: &announced::Announcements,
    profile: &Profile,
) -> Seen {
    if let Some(why) = &observation.cannot {
        return Seen {
            what: format!("cannot be observed: {why}"),
            ..Seen::default()
        };
    }
    let mut seen = if observation.ut_digest {
        announcements.ut_digest(profile)
    } else if let Some(auid) = &observation.xcap_auid {
        announcements.auid(auid, profile)
    } else if let Some(application) = observation.diameter_application {
        announcements.application(application)
    } else {
        judged::of_cases(observation, record)
    };
    if !observation.sees.is_empty() {
        seen.what = format!("{}: {}", observation.sees, seen.what);
    }
    seen
}

fn item_record(item: String, profile: &Profile, seen: Seen) -> ItemRecord {
    let declared = profile.items().get(&item).copied().unwrap_or_default();
    let observed = seen.value.unwrap_or_default();
    let mark = match (declared, observed) {
        (Claim::Unset, Claim::Unset) => Mark::Unset,
        (_, Claim::Unset) => Mark::Declared,
        (Claim::Unset, _) => Mark::Observed,
        (declared, observed) if declared == observed => Mark::Observed,
        _ => Mark::Contradicted,
    };
    ItemRecord {
        decided: !profile.ics.contains_key(&item) && declared != Claim::Unset,
        item,
        declared,
        observed,
        mark,
        what: match seen.what.is_empty() {
            true => "cannot be observed: nobody has said by what".to_owned(),
            false => seen.what,
        },
        evidence: seen.evidence,
    }
}
