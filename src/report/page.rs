//! The run record as the HTML template wants it: groups, labels and links worked out, nothing left to decide in the template.
use super::page_case::{Case, view};
use super::wording;
use crate::{
    runner::record::{CaseRecord, RunRecord},
    verdict::{
        Verdict,
        register::{Requirement, Status},
    },
};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Page<'a> {
    tool: &'a str,
    system: &'a str,
    description: &'a str,
    headline: String,
    worst: Label,
    denominator: String,
    counts: Vec<Count>,
    interrupted: bool,
    waiver_problems: &'a [String],
    notes: &'a [String],
    requirements: Vec<RequirementRow<'a>>,
    uncovered: Vec<RequirementRow<'a>>,
    register_size: usize,
    groups: Vec<Group<'a>>,
    /// What is neither a pass nor not applicable, for the list at the top.
    worse: Vec<Worse<'a>>,
    facts: Vec<(&'static str, String)>,
}

/// A verdict as it is shown: never by colour alone.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Label {
    class: &'static str,
    word: &'static str,
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
    cases: Vec<(&'a str, Label)>,
    /// Verdict classes of the cases, for the filter.
    verdicts: String,
}

#[derive(Serialize)]
struct Worse<'a> {
    id: &'a str,
    title: &'a str,
    label: Label,
    profile: bool,
    cause: String,
}

#[derive(Serialize)]
struct Group<'a> {
    feature: &'a str,
    file: &'a str,
    cases: Vec<Case<'a>>,
}

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
        let has_case = |r: &&Requirement| record.cases.iter().any(|c| c.requirement == r.id);
        let (covered, uncovered): (Vec<_>, Vec<_>) = record.requirements.iter().partition(has_case);
        let row = |r: &&'a Requirement| requirement(record, r);
        Self {
            tool: &record.tool,
            system: &record.system.name,
            description: &record.system.description,
            headline: headline(record),
            worst: label(worst(record)),
            denominator: wording::denominator(&record.totals),
            counts: counts(record),
            interrupted: record.interrupted,
            waiver_problems: &record.waiver_problems,
            notes: &record.notes,
            requirements: covered.iter().map(row).collect(),
            uncovered: uncovered.iter().map(row).collect(),
            register_size: record.requirements.len(),
            groups: groups(record),
            worse: worse(record),
            facts: facts(record),
        }
    }
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

fn counts(record: &RunRecord) -> Vec<Count> {
    let t = &record.totals;
    let unfinished = wording::unfinished(t);
    let numbers = [
        (label(Verdict::Pass), t.pass),
        (label(Verdict::Fail), t.fail),
        (WAIVED, t.waived),
        (label(Verdict::Inconc), t.inconc),
        (label(Verdict::Error), t.error),
        (label(Verdict::NotApplicable), t.not_applicable),
        (label(Verdict::None), unfinished),
    ];
    let rare = [WAIVED.class, label(Verdict::None).class];
    let shown = numbers
        .into_iter()
        .filter(|(label, number)| !rare.contains(&label.class) || *number > 0);
    shown
        .map(|(label, number)| Count {
            label,
            number,
            profile: record
                .cases
                .iter()
                .filter(|c| label_of(c).class == label.class && c.profile)
                .count(),
            percent: 100.0 * number as f64 / t.selected.max(1) as f64,
        })
        .collect()
}

fn requirement<'a>(record: &'a RunRecord, entry: &'a Requirement) -> RequirementRow<'a> {
    let of = |c: &&CaseRecord| c.requirement == entry.id;
    let cases: Vec<(&str, Label)> = record
        .cases
        .iter()
        .filter(of)
        .map(|c| (c.id.as_str(), label_of(c)))
        .collect();
    let mut verdicts: Vec<&str> = cases.iter().map(|(_, label)| label.class).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    let (basis, basis_words) = wording::basis(entry.basis);
    RequirementRow {
        id: &entry.id,
        statement: &entry.statement,
        citation: wording::citation(entry),
        level: match entry.level {
            crate::verdict::register::Level::Must => "must",
            crate::verdict::register::Level::Should => "should",
            crate::verdict::register::Level::May => "may",
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
        verdicts: verdicts.join(" "),
        cases,
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
            cause: wording::cause(case),
        })
        .collect()
}

fn groups(record: &RunRecord) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for case in &record.cases {
        let view = view(record, case);
        match groups.iter_mut().find(|g| g.file == case.file) {
            Some(group) => group.cases.push(view),
            None => groups.push(Group {
                feature: &case.feature,
                file: &case.file,
                cases: vec![view],
            }),
        }
    }
    groups
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
