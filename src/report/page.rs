//! The run record as the HTML template wants it: sources, requirements, labels and counts worked out, nothing left to decide in the template.
//! Over 400 lines: the page is one list of views, and they are read together.
use super::page_case::{CaseRow, row};
use super::wording;
use crate::{
    runner::record::{CaseRecord, RunRecord},
    verdict::{
        Verdict,
        register::{Level, Requirement, Status},
    },
};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct Page<'a> {
    tool: &'a str,
    system: &'a str,
    description: &'a str,
    started: &'a str,
    headline: String,
    worst: Label,
    denominators: Vec<(usize, &'static str)>,
    denominator: String,
    counts: Vec<Count>,
    interrupted: bool,
    waiver_problems: &'a [String],
    notes: &'a [String],
    sources: Vec<Source<'a>>,
    tested: usize,
    register_size: usize,
    /// Sides that are blamed for something, with how often.
    sides: Vec<(&'a str, usize)>,
    /// What is neither a pass nor not applicable, for the list at the top.
    worse: Vec<Worse<'a>>,
    facts: Vec<(&'static str, String)>,
    /// A run of one case is opened at once.
    only: bool,
}

/// A verdict as it is shown: never by colour alone.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Label {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    sign: &'static str,
}

#[derive(Serialize)]
struct Count {
    label: Label,
    number: usize,
    profile: usize,
    /// Of the selected cases, for the bar.
    percent: f64,
}

/// What was tested of one source document.
#[derive(Serialize)]
struct Source<'a> {
    slug: String,
    name: &'a str,
    about: &'a str,
    cases: usize,
    counts: Vec<Count>,
    /// With a test case in this run, and without.
    requirements: Vec<RequirementRow<'a>>,
    untested: Vec<RequirementRow<'a>>,
}

#[derive(Serialize)]
struct RequirementRow<'a> {
    id: &'a str,
    statement: &'a str,
    citation: String,
    level: &'static str,
    basis: &'static str,
    basis_words: &'static str,
    profile: bool,
    reading: Option<&'a str>,
    standing: &'static str,
    why: Option<&'a str>,
    label: Label,
    cases: Vec<CaseRow<'a>>,
}

#[derive(Serialize)]
struct Worse<'a> {
    id: &'a str,
    title: &'a str,
    label: Label,
    profile: bool,
    side: &'a str,
    cause: String,
}

/// Folder of the features, what its source document is called, and what it is about.
const SOURCES: [(&str, &str, &str); 4] = [
    (
        "cpm-sms-interworking",
        "CPM-SMS",
        "Interworking of CPM and SMS",
    ),
    (
        "cmmc-mmtel",
        "CMMC/MMTel",
        "CMMC conferences and MMTel services",
    ),
    (
        "communication-barring",
        "CMMC/MMTel",
        "CMMC conferences and MMTel services",
    ),
    ("common-ims", "Common IMS", "One IMS for every access"),
];
const NO_SOURCE: (&str, &str) = ("Other", "Requirements of which nothing was selected");

pub(super) fn label(verdict: Verdict) -> Label {
    let (class, word, sign) = match verdict {
        Verdict::Pass => ("pass", "pass", "\u{2713}"),
        Verdict::Fail => ("fail", "fail", "\u{2717}"),
        Verdict::Inconc => ("inconc", "inconclusive", "?"),
        Verdict::Error => ("error", "error", "!"),
        Verdict::NotApplicable => ("na", "not applicable", "\u{2013}"),
        Verdict::None => ("none", "never judged", "\u{2026}"),
    };
    Label { class, word, sign }
}

/// Neither red nor green: the failure is there, and agreed to for the time being.
const WAIVED: Label = Label {
    class: "waived",
    word: "waived",
    sign: "\u{2261}",
};

pub(super) fn label_of(case: &CaseRecord) -> Label {
    match case.waiver {
        Some(_) => WAIVED,
        None => label(case.verdict),
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(record: &'a RunRecord) -> Self {
        let sources = sources(record);
        Self {
            tool: &record.tool,
            system: &record.system.name,
            description: &record.system.description,
            started: record.started.get(..10).unwrap_or(&record.started),
            headline: headline(record),
            worst: label(worst(record)),
            denominators: denominators(record),
            denominator: wording::denominator(&record.totals),
            counts: counts(
                &record.cases.iter().collect::<Vec<_>>(),
                record.totals.selected,
            ),
            interrupted: record.interrupted,
            waiver_problems: &record.waiver_problems,
            notes: &record.notes,
            tested: sources.iter().map(|s| s.requirements.len()).sum(),
            register_size: record.requirements.len(),
            sources,
            sides: sides(record),
            worse: worse(record),
            facts: facts(record),
            only: record.cases.len() == 1,
        }
    }
}

/// The numbers a verdict count is a share of.
fn denominators(record: &RunRecord) -> Vec<(usize, &'static str)> {
    let t = &record.totals;
    let unfinished = wording::unfinished(t);
    let judged = t.selected.saturating_sub(t.not_applicable + unfinished);
    let mut numbers = vec![
        (t.catalogue, "in the catalogue"),
        (t.filtered, "filtered out"),
        (t.selected, "selected"),
        (t.not_applicable, "not applicable"),
        (judged, "judged"),
    ];
    if unfinished > 0 {
        numbers.push((unfinished, "without a verdict"));
    }
    numbers
}

fn sides(record: &RunRecord) -> Vec<(&str, usize)> {
    let mut sides: BTreeMap<&str, usize> = BTreeMap::new();
    let blamed = record.cases.iter().filter(|c| !c.blame.is_empty());
    blamed.for_each(|case| *sides.entry(&case.blame).or_default() += 1);
    sides.into_iter().collect()
}

/// Requirements by the document they come from: the folder of the features that test them tells which one, and for one without a test
/// case, that of its area.
fn sources(record: &RunRecord) -> Vec<Source<'_>> {
    let mut cases: BTreeMap<&str, Vec<(usize, &CaseRecord)>> = BTreeMap::new();
    let mut areas: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (index, case) in record.cases.iter().enumerate() {
        cases
            .entry(&case.requirement)
            .or_default()
            .push((index, case));
        areas
            .entry(area(&case.requirement))
            .or_insert_with(|| source_of(case));
    }
    let mut sources: Vec<Source> = Vec::new();
    let registered = record.requirements.iter();
    for entry in registered {
        let (name, about) = areas.get(area(&entry.id)).copied().unwrap_or(NO_SOURCE);
        let row = requirement(entry, cases.remove(entry.id.as_str()).unwrap_or_default());
        let at = source(&mut sources, name, about);
        match row.cases.is_empty() {
            true => at.untested.push(row),
            false => at.requirements.push(row),
        }
    }
    let order = |name: &str| {
        SOURCES
            .iter()
            .position(|s| s.1 == name)
            .unwrap_or(usize::MAX)
    };
    sources.sort_by_key(|source| order(source.name));
    for source in &mut sources {
        let name = source.name;
        let own =
            |case: &&CaseRecord| areas.get(area(&case.requirement)).map(|s| s.0) == Some(name);
        let own: Vec<&CaseRecord> = record.cases.iter().filter(own).collect();
        source.cases = own.len();
        source.counts = counts(&own, own.len());
    }
    sources
}

fn source<'s, 'a>(
    sources: &'s mut Vec<Source<'a>>,
    name: &'a str,
    about: &'a str,
) -> &'s mut Source<'a> {
    let at = sources
        .iter()
        .position(|s| s.name == name)
        .unwrap_or_else(|| {
            sources.push(Source {
                slug: name
                    .to_ascii_lowercase()
                    .replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
                name,
                about,
                cases: 0,
                counts: Vec::new(),
                requirements: Vec::new(),
                untested: Vec::new(),
            });
            sources.len() - 1
        });
    &mut sources[at]
}

/// `POL` of `POL-01`.
fn area(requirement: &str) -> &str {
    requirement.split('-').next().unwrap_or(requirement)
}

fn source_of(case: &CaseRecord) -> (&str, &str) {
    let folder = case.file.split('/').next().unwrap_or_default();
    let known = SOURCES.iter().find(|source| source.0 == folder);
    known.map_or((folder, ""), |(_, name, about)| (*name, *about))
}

/// The worst verdict of the run; *none* when nothing was judged, which is no success either.
fn worst(record: &RunRecord) -> Verdict {
    // A run that was stopped is no success, whatever it had seen by then.
    let floor = match (record.waiver_problems.is_empty(), record.interrupted) {
        (false, _) => Verdict::Fail,
        (true, true) => Verdict::Inconc,
        (true, false) => Verdict::None,
    };
    let counting = record.cases.iter().filter(|c| c.waiver.is_none());
    let verdicts = counting.map(|c| match c.verdict {
        Verdict::None => Verdict::Error,
        other => other,
    });
    match verdicts.fold(floor, Verdict::worse) {
        Verdict::NotApplicable => Verdict::None,
        other => other,
    }
}

fn headline(record: &RunRecord) -> String {
    let t = &record.totals;
    if record.interrupted {
        return format!(
            "stopped early: {} pass, {} fail, {} without a verdict",
            t.pass,
            t.fail,
            wording::unfinished(t)
        );
    }
    let problems = record.waiver_problems.len();
    if problems > 0 {
        return format!("{problems} waivers need attention, {} fail", t.fail);
    }
    match worst(record) {
        Verdict::Pass if t.waived > 0 => format!("{} pass, {} waived", t.pass, t.waived),
        Verdict::Pass => format!("{} pass, nothing worse", t.pass),
        Verdict::Fail => format!("{} fail", t.fail),
        Verdict::Inconc => format!("{} inconclusive", t.inconc),
        Verdict::Error => format!("{} fail, {} error", t.fail, t.error),
        Verdict::NotApplicable | Verdict::None => "nothing was judged".to_owned(),
    }
}

fn counts(cases: &[&CaseRecord], selected: usize) -> Vec<Count> {
    let labels = [
        label(Verdict::Pass),
        label(Verdict::Fail),
        WAIVED,
        label(Verdict::Inconc),
        label(Verdict::Error),
        label(Verdict::NotApplicable),
        label(Verdict::None),
    ];
    let rare = [WAIVED.class, label(Verdict::None).class];
    let mut counts: Vec<Count> = Vec::new();
    for label in labels {
        let of = |class: &str, case: &&&CaseRecord| label_of(case).class == class;
        let mut number = cases.iter().filter(|case| of(label.class, case)).count();
        if label.class == self::label(Verdict::None).class {
            // What an interrupted run never came to has no record.
            number += selected.saturating_sub(cases.len());
        }
        let profile = cases
            .iter()
            .filter(|case| of(label.class, case) && case.profile);
        let profile = profile.count();
        let percent = 100.0 * number as f64 / selected.max(1) as f64;
        if number > 0 || !rare.contains(&label.class) {
            counts.push(Count {
                label,
                number,
                profile,
                percent,
            });
        }
    }
    counts
}

fn requirement<'a>(
    entry: &'a Requirement,
    cases: Vec<(usize, &'a CaseRecord)>,
) -> RequirementRow<'a> {
    let (basis, basis_words) = wording::basis(entry.basis);
    RequirementRow {
        id: &entry.id,
        statement: &entry.statement,
        citation: wording::citation(entry),
        level: match entry.level {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
        },
        basis,
        basis_words,
        profile: wording::is_profile(entry),
        reading: entry.reading.as_deref(),
        standing: match entry.status {
            Status::Judged => "not selected",
            Status::Untestable => "untestable",
            Status::Planned => "planned",
        },
        why: entry.why.as_deref(),
        label: verdict_of(&cases),
        cases: cases
            .into_iter()
            .map(|(index, case)| row(index, case))
            .collect(),
    }
}

/// The worst of its cases; one that is waived counts as that only where nothing is worse than a pass.
fn verdict_of(cases: &[(usize, &CaseRecord)]) -> Label {
    let counting = cases.iter().filter(|(_, case)| case.waiver.is_none());
    let worst = counting
        .map(|(_, case)| case.verdict)
        .fold(None, |worst, verdict| {
            let worse = match (worst, verdict) {
                (_, Verdict::None) => Verdict::Error,
                (None | Some(Verdict::NotApplicable), other) => other,
                (Some(known), Verdict::NotApplicable) => known,
                (Some(known), other) => known.worse(other),
            };
            Some(worse)
        });
    let waived = cases.iter().any(|(_, case)| case.waiver.is_some());
    match worst {
        None | Some(Verdict::Pass | Verdict::NotApplicable) if waived => WAIVED,
        worst => label(worst.unwrap_or(Verdict::None)),
    }
}

fn worse(record: &RunRecord) -> Vec<Worse<'_>> {
    let good = [Verdict::Pass, Verdict::NotApplicable];
    let cases = record.cases.iter().filter(|c| !good.contains(&c.verdict));
    cases
        .map(|case| Worse {
            id: &case.id,
            title: &case.title,
            label: label_of(case),
            profile: case.profile,
            side: &case.blame,
            cause: wording::cause(case),
        })
        .collect()
}

fn facts(record: &RunRecord) -> Vec<(&'static str, String)> {
    let system = &record.system;
    let selection = match record.selection.is_empty() {
        true => "everything".to_owned(),
        false => record.selection.join(" "),
    };
    let mut facts = vec![
        ("Started", record.started.clone()),
        ("Finished", record.finished.clone()),
        ("Duration", wording::duration(record.duration_ms)),
        ("Selection", selection),
        ("Seed", record.seed.to_string()),
        ("Jobs", record.jobs.to_string()),
        ("SIP transport", system.transport.clone()),
        ("Short messages by", system.carriage.clone()),
        ("Profile SHA-256", system.profile_sha256.clone()),
        ("Tool", record.tool.clone()),
    ];
    if let Some(personality) = &system.personality {
        facts.insert(0, ("Personality of the peers", personality.clone()));
    }
    if let Some(fault) = &system.fault {
        facts.insert(0, ("Fault switched on", fault.clone()));
    }
    facts
}
