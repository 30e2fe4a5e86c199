//! What the service centre reports of a short message, of each of its parts and of each of many, against what the CPM user is told.
//!
//! The meaning of TP-ST is here; whether she is told at all, and in which form, is judged in `delivery_report`.
use super::delivery_report::{about_reported, frames_of, shown};
use super::scene::{first, seconds};
use super::told::{Form, Outcome, StatusReport, Told, Written, reported};
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Direction, Fact, ShortMessage};
use std::collections::HashMap;

/// What a value of TP-ST has the CPM user told (3GPP TS 23.040 clause 9.2.3.15, table 4.6 of the catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Delivered,
    /// With the codes an MSRP REPORT may have.
    Failed(&'static [u16]),
    /// Not known, or not yet.
    Nothing,
}

//= DR-11 type=test
pub fn meaning(status: u8) -> Meaning {
    match status {
        0x00 => Meaning::Delivered,
        0x01..=0x3f => Meaning::Nothing,
        0x46 => Meaning::Failed(&[408]),
        // The nearest value of UNDELIV, which does not say whether the service centre has given up.
        0x45 => Meaning::Failed(&[403, 408]),
        0x40..=0x5f => Meaning::Failed(&[403]),
        0x60..=0xff => Meaning::Failed(&[408]),
    }
}

impl Meaning {
    fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed(_) => "not delivered",
            Self::Nothing => "nothing",
        }
    }

    /// What was told fits: outcome, and the code of a REPORT.
    fn fits(self, told: &Told) -> bool {
        let code = match &told.form {
            Form::Report { code, .. } => *code,
            _ => None,
        };
        match self {
            Self::Delivered => told.outcome == Outcome::Delivered,
            Self::Failed(codes) => {
                told.outcome == Outcome::Failed && code.is_none_or(|code| codes.contains(&code))
            }
            Self::Nothing => false,
        }
    }
}

/// What the status reported has to say, in whatever form, and nothing else.
//= DR-11 type=test
pub fn told_what_it_means(text: &str, status: u8, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    let expected = format!("status {status:02X}: {}", meaning(status).word());
    Question::eventually(expected, reaction + guard, move |view| {
        about_reported(view, &text, |story, report| {
            let meant = meaning(report.status);
            if meant.word() != meaning(status).word() {
                let observed = format!("the service centre reports {:02X}", report.status);
                return Judgement::unproven(observed);
            }
            let told = story.new_told(view);
            if let Some(wrong) = told.iter().find(|told| !meant.fits(told)) {
                return Judgement::broken(
                    Reason::WrongValue,
                    shown(wrong),
                    [report.frames.clone(), wrong.frames.clone()].concat(),
                );
            }
            let passed = |since: u64| seconds(since, view.now) >= guard;
            match (meant, told.first(), report.answered) {
                (Meaning::Nothing, _, Some(answer)) if passed(report.at) => {
                    Judgement::holds("nothing", [report.frames.clone(), vec![answer]].concat())
                }
                (Meaning::Nothing, ..) => Judgement::unproven("nothing so far"),
                (_, Some(one), _) if passed(one.at) => Judgement::holds(
                    shown(one),
                    [report.frames.clone(), frames_of(&told)].concat(),
                ),
                (_, Some(_), _) => Judgement::unproven("so far so good"),
                // That a delivery is told at all is another row's business.
                (Meaning::Delivered, None, _) => Judgement::unproven("nothing is told"),
                (Meaning::Failed(_), None, _) => Judgement::Awaited {
                    observed: "nothing is told".into(),
                    frames: report.frames.clone(),
                },
            }
        })
    })
}

/// How many MSRP REPORTs have come from the system since the stimulus: cheap to count, so that a long exchange is read once and not at
/// every frame.
fn reports_so_far(view: &View) -> usize {
    let new = view.trace.facts.iter().filter(|seen| {
        seen.direction == Direction::FromSystem && first(&seen.frames) > view.before_stimulus
    });
    new.filter(|seen| matches!(&seen.fact, Fact::Msrp(m) if m.method() == Some("REPORT")))
        .count()
}

/// Of each of these messages, which asked for MSRP REPORTs, she is told what its own status means; `due` of them are to be told anything.
//= DR-11 type=test
//= DR-12 type=test
pub fn each_told(texts: Vec<String>, due: usize, reaction: f64, guard: f64) -> Question {
    let expected = format!(
        "{} messages: of each the outcome that was reported of it",
        texts.len()
    );
    Question::eventually(expected, reaction + guard, move |view| {
        let so_far = reports_so_far(view);
        if so_far < due {
            return Judgement::awaited(format!("{so_far} of {due} REPORTs"));
        }
        let (reports, told) = (view.status_reports(), view.told());
        let last = reports.iter().map(|report| report.at).max().unwrap_or(0);
        let mut by_text: HashMap<String, Written> = view
            .written()
            .into_iter()
            .map(|written| (written.text.clone(), written))
            .collect();
        let mut sent: HashMap<String, ShortMessage> =
            observe::texts(view.trace, Direction::FromSystem)
                .into_iter()
                .map(|message| (message.text.clone(), message))
                .collect();
        let mut by_id: HashMap<&str, Vec<&Told>> = HashMap::new();
        for one in &told {
            by_id.entry(one.names.as_str()).or_default().push(one);
        }
        let (mut frames, mut missing) = (Vec::new(), 0);
        for text in &texts {
            let (Some(written), Some(message)) = (by_text.remove(text), sent.remove(text)) else {
                return Judgement::unproven(format!("{text:?} has become no short message"));
            };
            let Some(report) = latest_report(&message, &reports) else {
                return Judgement::unproven(format!("nothing is reported on {text:?}"));
            };
            let id = written.message_id.as_deref().unwrap_or_default();
            let told = by_id.remove(id).unwrap_or_default();
            let meant = meaning(report.status);
            if let Some(wrong) = told.iter().find(|told| !meant.fits(told)) {
                let observed = format!("{:02X} on {text:?}, {}", report.status, shown(wrong));
                let frames = [report.frames.clone(), wrong.frames.clone()].concat();
                return Judgement::broken(Reason::WrongValue, observed, frames);
            }
            missing += usize::from(meant != Meaning::Nothing && told.is_empty());
            frames.extend(told.iter().flat_map(|told| told.frames.clone()));
        }
        if missing > 0 {
            return Judgement::awaited(format!("{missing} messages of which nothing is told"));
        }
        match seconds(last, view.now) >= guard {
            true => Judgement::holds(format!("all {}", texts.len()), frames),
            false => Judgement::awaited("every one so far"),
        }
    })
}

fn latest_report<'r>(
    message: &ShortMessage,
    reports: &'r [StatusReport],
) -> Option<&'r StatusReport> {
    let parts = reported(message, reports);
    parts.into_iter().flatten().next_back()
}

/// Once, with the right outcome, and a delivery not before every part is reported.
//= DR-13 type=test
pub fn told_once(text: &str, delivered: bool, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    let wanted = match delivered {
        true => Outcome::Delivered,
        false => Outcome::Failed,
    };
    let expected = format!(
        "told once, after the reports on its parts: {}",
        wanted.word()
    );
    Question::eventually(expected, reaction + guard, move |view| {
        about_reported(view, &text, |story, last| {
            let told = story.new_told(view);
            if let Some(wrong) = told.iter().find(|told| told.outcome != wanted) {
                return Judgement::broken(Reason::WrongValue, shown(wrong), wrong.frames.clone());
            }
            if story.reports.iter().any(Vec::is_empty) {
                return match told.first() {
                    Some(early) if delivered => Judgement::broken(
                        Reason::Unexpected,
                        "told before every part was reported",
                        early.frames.clone(),
                    ),
                    _ => Judgement::unproven("not every part has been reported on"),
                };
            }
            if let Some(early) = told.first().filter(|told| delivered && told.at < last.at) {
                return Judgement::broken(
                    Reason::Unexpected,
                    "told before every part was reported",
                    [early.frames.clone(), last.frames.clone()].concat(),
                );
            }
            match told.as_slice() {
                [] => Judgement::Awaited {
                    observed: "nothing is told".into(),
                    frames: last.frames.clone(),
                },
                // Asked for in two ways, told in two.
                _ if twice_in_one_form(&told) => Judgement::broken(
                    Reason::Unexpected,
                    format!("told {} times", told.len()),
                    frames_of(&told),
                ),
                [one, ..] if seconds(one.at.max(last.at), view.now) >= guard => {
                    Judgement::holds(shown(one), [last.frames.clone(), frames_of(&told)].concat())
                }
                _ => Judgement::unproven("once so far"),
            }
        })
    })
}

fn twice_in_one_form(told: &[Told]) -> bool {
    let reports = |told: &&Told| matches!(told.form, Form::Report { .. });
    let by_report = told.iter().filter(reports).count();
    by_report > 1 || told.len() - by_report > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_the_meaning_of_its_class() {
        for status in 0..=u8::MAX {
            let expected = match status {
                0 => Meaning::Delivered,
                1..=0x3f => Meaning::Nothing,
                0x45 => Meaning::Failed(&[403, 408]),
                0x46 => Meaning::Failed(&[408]),
                _ if status < 0x60 => Meaning::Failed(&[403]),
                _ => Meaning::Failed(&[408]),
            };
            assert_eq!(meaning(status), expected, "{status:02X}");
        }
    }
}
