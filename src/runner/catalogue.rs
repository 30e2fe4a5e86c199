//! The catalogue: every test case of the feature files, outlines expanded, each under its stable id.
//! More than 400 lines: reading features, naming their cases, and finding them again belong together.
use crate::verdict::Register;
use cucumber::feature::Ext as _;
use cucumber::gherkin::{self, Feature, GherkinEnv, Scenario, StepType};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One test case as the features state it.
#[derive(Debug, Clone)]
pub struct Case {
    /// `TC-POL-01-01`; a row of an outline adds its values: `TC-POL-07-01.forbid-accept`.
    pub id: String,
    /// The id without the row.
    pub tag: String,
    pub title: String,
    pub feature: String,
    /// Relative to the features folder.
    pub file: String,
    pub line: usize,
    pub rule: String,
    /// Id of the requirement: the tag of the Rule.
    pub requirement: String,
    pub tags: Vec<String>,
    pub control: bool,
    pub derived: bool,
    /// Runs over every access network, also when none is asked for.
    pub every_access: bool,
    /// Access network it runs over, when that is not the baseline; its id then ends in the name: `TC-AI-01-01[wlan]`.
    pub access: Option<String>,
    /// Background steps of feature and rule, then the scenario's own.
    pub steps: Vec<Step>,
    /// Place in the catalogue sorted by id; numbers of users are taken from it.
    pub ordinal: usize,
}

#[derive(Debug, Clone)]
pub struct Step {
    /// `Given`, `When` or `Then`; And and But resolved.
    pub keyword: &'static str,
    pub text: String,
    pub background: bool,
    pub(super) parsed: gherkin::Step,
}

/// Tag that a scenario gets over an access network, before the network's name.
pub(super) const OVER: &str = "over:";
/// What is judged by the comparison of access networks, and so runs over each of them.
pub(super) const EVERY_ACCESS: &str = "every-access";

impl Case {
    /// The id of the case as the features state it.
    pub fn stated(&self) -> &str {
        match self.access {
            Some(_) => self.id.split('[').next().unwrap_or(&self.id),
            None => &self.id,
        }
    }

    /// The capture, relative to the folder of the captures.
    pub fn capture(&self) -> String {
        match &self.access {
            Some(access) => format!("{access}/{}.pcapng", self.stated()),
            None => format!("{}.pcapng", self.id),
        }
    }
}

/// The access network a scenario runs over, if not the baseline.
pub fn access_of(scenario: &Scenario) -> Option<&str> {
    let mut tags = scenario.tags.iter();
    tags.find_map(|tag| tag.strip_prefix(OVER))
}

/// Why the features cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error("cannot read the features folder {path}: {source}; name it by --features")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Features(Vec<FeatureError>),
}

/// A feature file that is no Gherkin.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct FeatureError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

/// The features and the test cases in them.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// With outlines expanded, in the order of their paths.
    pub features: Vec<Feature>,
    /// In the order of their ids.
    pub cases: Vec<Case>,
    pub folder: PathBuf,
}

impl Catalogue {
    /// Reads every `*.feature` below a folder (or one file).
    pub fn load(folder: &Path) -> Result<Self, CatalogueError> {
        let mut paths = Vec::new();
        collect(folder, &mut paths, 0).map_err(|source| CatalogueError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        paths.sort();
        let (mut features, mut errors) = (Vec::new(), Vec::new());
        for path in paths {
            match parse(&path, folder) {
                Ok(feature) => features.push(feature),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(CatalogueError::Features(errors));
        }
        let mut cases: Vec<Case> = features
            .iter()
            .flat_map(|feature| cases_of(feature, folder))
            .collect();
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        for (ordinal, case) in cases.iter_mut().enumerate() {
            case.ordinal = ordinal;
        }
        Ok(Self {
            features,
            cases,
            folder: folder.to_owned(),
        })
    }

    /// The requirement of each test case.
    pub fn requirements(&self) -> BTreeMap<String, String> {
        let cases = self.cases.iter();
        cases
            .map(|case| (case.id.clone(), case.requirement.clone()))
            .collect()
    }

    /// A digest of what the test cases and the register say: runs of which it differs did not ask the same questions.
    pub fn sha256(&self, register: &Register) -> String {
        let mut digest = Sha256::new();
        let mut take = |text: &str| {
            digest.update(text);
            digest.update([0]);
        };
        for case in &self.cases {
            take(&case.id);
            take(&case.requirement);
            case.tags.iter().for_each(|tag| take(tag));
            for step in &case.steps {
                take(step.keyword);
                take(&step.text);
            }
        }
        for requirement in register.requirements.values() {
            take(&serde_json::to_string(requirement).unwrap_or_default());
        }
        let octets = digest.finalize();
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The case at a place of a feature file, as cucumber names it, over an access network.
    pub fn at(&self, file: &str, line: usize, access: Option<&str>) -> Option<&Case> {
        self.cases
            .iter()
            .find(|case| case.file == file && case.line == line && case.access.as_deref() == access)
    }
}

/// Path relative to the features folder, with `/`.
pub fn relative(path: &Path, folder: &Path) -> String {
    let base = if folder.is_file() {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    path.strip_prefix(base)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>, depth: usize) -> std::io::Result<()> {
    if folder.is_file() {
        paths.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && depth < 8 {
            collect(&path, paths, depth + 1)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "feature")
        {
            paths.push(path);
        }
    }
    Ok(())
}

fn parse(path: &Path, folder: &Path) -> Result<Feature, FeatureError> {
    let file = relative(path, folder);
    let feature = Feature::parse_path(path, GherkinEnv::default()).map_err(|error| {
        let message = with_sources(&error);
        FeatureError {
            file: file.clone(),
            line: line_in(&message),
            message: format!("no Gherkin: {}", reason_in(&message)),
        }
    })?;
    if let Some((line, message)) = outline_without_rows(&feature) {
        return Err(FeatureError {
            file,
            line,
            message,
        });
    }
    feature.expand_examples().map_err(|error| FeatureError {
        file,
        line: error.pos.line,
        message: format!("`<{}>` has no column in the examples", error.name),
    })
}

/// An outline that expands to nothing would be gone without a word.
fn outline_without_rows(feature: &Feature) -> Option<(usize, String)> {
    let ruled = feature.rules.iter().flat_map(|rule| &rule.scenarios);
    let scenarios = feature.scenarios.iter().chain(ruled);
    let outlines = scenarios.filter(|scenario| {
        scenario.keyword != "Scenario" && scenario.keyword != "Example"
            || !scenario.examples.is_empty()
    });
    outlines.into_iter().find_map(|outline| {
        let rows = |table: &gherkin::Table| table.rows.len() > 1;
        let empty = outline
            .examples
            .iter()
            .find(|examples| !examples.table.as_ref().is_some_and(rows));
        match empty {
            Some(examples) => Some((examples.position.line, "the examples have no rows".into())),
            None => outline.examples.is_empty().then(|| {
                let message = "the outline has no examples".into();
                (outline.position.line, message)
            }),
        }
    })
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// `Error at 5:1` in the parser's text.
fn line_in(message: &str) -> usize {
    message
        .split("Error at ")
        .nth(1)
        .and_then(|rest| rest.split(':').next())
        .and_then(|line| line.parse().ok())
        .unwrap_or(1)
}

/// What follows the place in the parser's text.
fn reason_in(message: &str) -> &str {
    let after = message.split("Error at ").nth(1).unwrap_or(message);
    let reason = after.split_once(": ").map_or(after, |(_, reason)| reason);
    reason.trim_matches(['{', '}', '"'])
}

fn cases_of(feature: &Feature, folder: &Path) -> Vec<Case> {
    let file = feature
        .path
        .as_deref()
        .map(|path| relative(path, folder))
        .unwrap_or_default();
    let feature_steps = feature
        .background
        .as_ref()
        .map_or(&[][..], |background| &background.steps);
    let plain = feature.scenarios.iter().map(|scenario| (None, scenario));
    let ruled = feature.rules.iter().flat_map(|rule| {
        rule.scenarios
            .iter()
            .map(move |scenario| (Some(rule), scenario))
    });
    plain
        .chain(ruled)
        .map(|(rule, scenario)| {
            let rule_steps = rule
                .and_then(|rule| rule.background.as_ref())
                .map_or(&[][..], |background| &background.steps);
            let before = feature_steps
                .iter()
                .chain(rule_steps)
                .map(|step| own(step, true));
            let tag = scenario
                .tags
                .iter()
                .find(|tag| tag.starts_with("TC-"))
                .cloned()
                .unwrap_or_default();
            Case {
                id: format!("{tag}{}", row(scenario)),
                tag,
                title: scenario.name.clone(),
                feature: feature.name.clone(),
                file: file.clone(),
                line: scenario.position.line,
                rule: rule.map(|rule| rule.name.clone()).unwrap_or_default(),
                requirement: rule
                    .and_then(|rule| rule.tags.first().cloned())
                    .unwrap_or_default(),
                tags: feature
                    .tags
                    .iter()
                    .chain(rule.iter().flat_map(|rule| &rule.tags))
                    .chain(&scenario.tags)
                    .cloned()
                    .collect(),
                control: scenario.tags.iter().any(|tag| tag == "control"),
                derived: scenario.tags.iter().any(|tag| tag == "derived"),
                every_access: scenario.tags.iter().any(|tag| tag == EVERY_ACCESS),
                access: None,
                steps: before
                    .chain(scenario.steps.iter().map(|step| own(step, false)))
                    .collect(),
                ordinal: 0,
            }
        })
        .collect()
}

fn own(step: &gherkin::Step, background: bool) -> Step {
    let keyword = match step.ty {
        StepType::Given => "Given",
        StepType::When => "When",
        StepType::Then => "Then",
    };
    Step {
        keyword,
        text: step.value.clone(),
        background,
        parsed: step.clone(),
    }
}

/// `.forbid-accept` for a row of an outline; nothing for a scenario.
fn row(scenario: &Scenario) -> String {
    let Some(table) = scenario
        .examples
        .first()
        .and_then(|examples| examples.table.as_ref())
    else {
        return String::new();
    };
    let Some(values) = table.rows.get(1) else {
        return String::new();
    };
    let columns: usize = if values.len() > 2 { 2 } else { 1 };
    let words: Vec<String> = values
        .iter()
        .take(columns)
        .map(|value| slug(value))
        .collect();
    format!(".{}", words.join("-"))
}

/// Letters and digits of a value in lower case, words joined by hyphens; values without any become their code points.
fn slug(value: &str) -> String {
    let text: String = value
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let slug = text.split_whitespace().collect::<Vec<_>>().join("-");
    let quoted_spaces = value.contains("\" ") || value.contains(" \"");
    let shouted = value.chars().any(|c| c.is_ascii_uppercase())
        && !value.chars().any(|c| c.is_ascii_lowercase());
    match (slug.is_empty(), quoted_spaces, shouted) {
        (true, ..) => value
            .chars()
            .map(|c| format!("{:x}", u32::from(c)))
            .collect::<Vec<_>>()
            .join("-"),
        (_, true, _) => format!("spaced-{slug}"),
        (_, _, true) => format!("capital-{slug}"),
        _ => slug,
    }
}
