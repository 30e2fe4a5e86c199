//! Delivery reports: what is requested of the service centre, what it reports, and what the CPM user is told in which form.
//!
//! Which status means what is in `status_report`. More than 400 lines, because it has a short judge for each of many rows and they share
//! what `told` has gathered.
use super::scene::{first, seconds};
use super::told::{Form, Outcome, StatusReport, Told, Written, reported};
use super::{Judgement, Question, Reason, View};
use crate::observe::ShortMessage;

pub(super) fn shown(told: &Told) -> String {
    let form = match &told.form {
        Form::Report { status, .. } => format!("REPORT {status}"),
        Form::InChat { .. } => "notification in the chat".to_owned(),
        Form::InMessage => "notification in a SIP MESSAGE".to_owned(),
    };
    format!("{form}: {}", told.outcome.word())
}

pub(super) fn frames_of(all: &[Told]) -> Vec<u32> {
    all.iter().flat_map(|told| told.frames.clone()).collect()
}

/// A CPM user's message with all that belongs to it.
pub(super) struct Story<'v> {
    pub written: Written,
    message: Option<ShortMessage<'v>>,
    told: Vec<Told>,
    /// Per part, in order.
    pub reports: Vec<Vec<StatusReport>>,
}

impl Story<'_> {
    /// The last status report on any part since the stimulus.
    pub fn last_report(&self, view: &View) -> Option<&StatusReport> {
        self.reports
            .iter()
            .flatten()
            .filter(|report| first(&report.frames) > view.before_stimulus)
            .max_by_key(|report| first(&report.frames))
    }

    /// What was told since the stimulus.
    pub fn new_told(&self, view: &View) -> Vec<Told> {
        let mut told = self.told.clone();
        told.retain(|told| first(&told.frames) > view.before_stimulus);
        told
    }
}

fn story<'v>(view: &'v View, text: &str) -> Result<Story<'v>, Judgement> {
    let written = view
        .written_as(text)
        .ok_or_else(|| Judgement::unproven(format!("no message {text:?} of a CPM user")))?;
    let message = view.short_message_of(&written);
    let all = view.status_reports();
    let reports = message.as_ref().map_or_else(Vec::new, |message| {
        let parts = reported(message, &all);
        parts
            .into_iter()
            .map(|part| part.into_iter().cloned().collect())
            .collect()
    });
    Ok(Story {
        told: view.told_of(&written),
        written,
        message,
        reports,
    })
}

fn about(view: &View, text: &str, judge: impl FnOnce(&Story) -> Judgement) -> Judgement {
    match story(view, text) {
        Ok(story) => judge(&story),
        Err(judgement) => judgement,
    }
}

/// The same, once the service centre has reported since the stimulus.
pub(super) fn about_reported(
    view: &View,
    text: &str,
    judge: impl FnOnce(&Story, &StatusReport) -> Judgement,
) -> Judgement {
    about(view, text, |story| match story.last_report(view) {
        Some(report) => judge(story, report),
        None => Judgement::unproven("the service centre has reported nothing on it"),
    })
}

/// Every part of the short message requests a status report, or none does.
//= DR-01 type=test
//= DR-02 type=test
//= M2S-14 type=test
pub fn requests_status_report(to: &str, wanted: bool, reaction: f64) -> Question {
    let to = to.to_owned();
    let expected = match wanted {
        true => "the short message requests a status report",
        false => "the short message requests no status report",
    };
    Question::eventually(expected, reaction, move |view| {
        let Some(message) = view
            .new_short_messages_to(&to)
            .into_iter()
            .find(|message| message.complete)
        else {
            return Judgement::unproven(format!("no whole short message to {to}"));
        };
        let requesting = message.parts.iter().filter(|part| part.report_requested);
        let observed = format!(
            "{} of {} parts request one",
            requesting.clone().count(),
            message.parts.len()
        );
        let fits = match wanted {
            true => requesting.count() == message.parts.len(),
            false => requesting.count() == 0,
        };
        match fits {
            true => Judgement::holds(observed, message.frames),
            false => Judgement::broken(Reason::WrongValue, observed, message.frames),
        }
    })
}

/// She is told, in whatever form, and nothing else. That another message is named instead is the business of other rows.
//= DR-07 type=test
//= DR-05 type=test
//= DR-14 type=test
pub fn told(text: &str, delivered: bool, reaction: f64) -> Question {
    let text = text.to_owned();
    let wanted = match delivered {
        true => Outcome::Delivered,
        false => Outcome::Failed,
    };
    let expected = format!("a report or notification that says {}", wanted.word());
    Question::eventually(expected, reaction, move |view| {
        about_reported(view, &text, |story, report| {
            let told = story.new_told(view);
            if let Some(other) = told.iter().find(|told| {
                told.outcome != wanted
                    && matches!(told.outcome, Outcome::Delivered | Outcome::Failed)
            }) {
                return Judgement::broken(
                    Reason::WrongValue,
                    shown(other),
                    [report.frames.clone(), other.frames.clone()].concat(),
                );
            }
            if let Some(one) = told.iter().find(|told| told.outcome == wanted) {
                let frames = [&story.written.frames, &report.frames, &one.frames];
                return Judgement::holds(shown(one), frames.map(Vec::clone).concat());
            }
            if names_nothing_written(view) {
                return Judgement::unproven("she is told of a message that nobody has sent");
            }
            Judgement::Awaited {
                observed: "nothing is told".into(),
                frames: report.frames.clone(),
            }
        })
    })
}

/// Something was told since the stimulus that is about no message of a CPM user.
fn names_nothing_written(view: &View) -> bool {
    let written = view.written();
    view.told().iter().any(|told| {
        first(&told.frames) > view.before_stimulus
            && !written.iter().any(|written| written.is_told_by(told))
    })
}

/// She is told nothing of it: neither report nor notification. The system must have heard what might have made it tell.
//= DR-05 type=test
//= DR-13 type=test
//= DR-14 type=test
pub fn told_nothing(text: &str, guard: f64) -> Question {
    let text = text.to_owned();
    Question::throughout("no report and no notification", guard, move |view| {
        about(view, &text, |story| {
            if let Some(told) = story.new_told(view).first() {
                return Judgement::broken(Reason::Unexpected, shown(told), told.frames.clone());
            }
            let written_before = first(&story.written.frames) <= view.before_stimulus;
            let heard = match (written_before, story.last_report(view), &story.message) {
                (true, Some(report), _) => report
                    .answered
                    .map(|frame| [report.frames.clone(), vec![frame]].concat()),
                (false, _, Some(message)) => message
                    .answered
                    .map(|frame| [message.frames.clone(), vec![frame]].concat()),
                _ => None,
            };
            match heard {
                Some(frames) => Judgement::holds("none", frames),
                None => Judgement::unproven("the system has not heard what might be told"),
            }
        })
    })
}

/// One REPORT with the Message-ID, status 000 200 and the whole range. That there is one at all is another row's business.
//= DR-09 type=test
pub fn success_report_once(text: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "one REPORT, Status 000 200, Byte-Range over the whole message",
        reaction + guard,
        move |view| {
            about_reported(view, &text, |story, report| {
                let mut reports = story.new_told(view);
                reports.retain(|told| matches!(told.form, Form::Report { .. }));
                let whole = story.written.octets;
                let wrong = reports.iter().find(|told| match &told.form {
                    Form::Report { status, range, .. } => {
                        let covers = range.is_some_and(|range| {
                            (range.start, range.end, range.total) == (1, Some(whole), Some(whole))
                        });
                        !(status.starts_with("000 200") && covers)
                    }
                    _ => false,
                });
                let frames = [report.frames.clone(), frames_of(&reports)].concat();
                match (reports.as_slice(), wrong) {
                    ([], _) => Judgement::unproven("no REPORT"),
                    (_, Some(wrong)) => Judgement::broken(
                        Reason::WrongValue,
                        format!("{} over {:?} of {whole} octets", shown(wrong), range(wrong)),
                        frames,
                    ),
                    ([one], None) if seconds(one.at, view.now) >= guard => {
                        Judgement::holds(shown(one), frames)
                    }
                    ([_], None) => Judgement::unproven("one so far"),
                    (more, None) => Judgement::broken(
                        Reason::Unexpected,
                        format!("{} REPORT requests", more.len()),
                        frames,
                    ),
                }
            })
        },
    )
}

fn range(told: &Told) -> String {
    match &told.form {
        Form::Report {
            range: Some(range), ..
        } => range.to_string(),
        _ => "no range".to_owned(),
    }
}

/// A notification in message/cpim by MSRP SEND, and no MSRP REPORT.
//= DR-10 type=test
pub fn notified_in_chat(text: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "message/imdn+xml in message/cpim by MSRP SEND, and no REPORT",
        reaction + guard,
        move |view| {
            about_reported(view, &text, |story, _| {
                let told = story.new_told(view);
                let other = told
                    .iter()
                    .find(|told| !matches!(told.form, Form::InChat { wrapped: true }));
                match (told.first(), other) {
                    (None, _) => Judgement::unproven("nothing is told"),
                    (_, Some(other)) => {
                        Judgement::broken(Reason::WrongValue, shown(other), other.frames.clone())
                    }
                    (Some(one), None) if seconds(one.at, view.now) >= guard => {
                        Judgement::holds(shown(one), one.frames.clone())
                    }
                    _ => Judgement::unproven("no REPORT so far"),
                }
            })
        },
    )
}

/// One SIP MESSAGE with a delivery notification. Which message it names is another row's business.
//= DR-03 type=test
pub fn one_notification(reaction: f64, guard: f64) -> Question {
    Question::eventually(
        "one SIP MESSAGE with message/imdn+xml that says delivered",
        reaction + guard,
        move |view| {
            let reports = view.status_reports();
            let Some(report) = reports
                .iter()
                .rfind(|report| first(&report.frames) > view.before_stimulus)
            else {
                return Judgement::unproven("the service centre has reported nothing");
            };
            let mut told = view.told();
            told.retain(|told| {
                first(&told.frames) > view.before_stimulus
                    && told.form == Form::InMessage
                    && told.outcome != Outcome::Displayed
            });
            let frames = [report.frames.clone(), frames_of(&told)].concat();
            match told.as_slice() {
                [] => Judgement::Awaited {
                    observed: "no notification".into(),
                    frames,
                },
                [one] if one.outcome != Outcome::Delivered => {
                    Judgement::broken(Reason::WrongValue, shown(one), frames)
                }
                [one] if seconds(one.at, view.now) >= guard => Judgement::holds(shown(one), frames),
                [_] => Judgement::awaited("one so far"),
                more => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} notifications", more.len()),
                    frames,
                ),
            }
        },
    )
}

/// message-id of the notification is imdn.Message-ID of the message.
//= DR-04 type=test
pub fn notification_names(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "message-id of the notification is imdn.Message-ID of that message",
        reaction,
        move |view| {
            about(view, &text, |story| {
                let told = view.told();
                let Some(one) = told
                    .iter()
                    .find(|told| first(&told.frames) > view.before_stimulus)
                else {
                    return Judgement::unproven("no notification");
                };
                let frames = [story.written.frames.clone(), one.frames.clone()].concat();
                let observed = format!("it names {}", one.names);
                match story.written.is_told_by(one) {
                    true => Judgement::holds(observed, frames),
                    false => Judgement::broken(Reason::WrongValue, observed, frames),
                }
            })
        },
    )
}

/// No notification says displayed: nobody on the SMS side can know.
//= DR-02 type=test
pub fn never_displayed(text: &str, guard: f64) -> Question {
    let text = text.to_owned();
    Question::throughout("no notification says displayed", guard, move |view| {
        about_reported(view, &text, |_, report| {
            let told = view.told();
            if let Some(one) = told.iter().find(|told| told.outcome == Outcome::Displayed) {
                return Judgement::broken(Reason::Unexpected, shown(one), one.frames.clone());
            }
            match report.answered {
                Some(answer) => {
                    Judgement::holds("none", [report.frames.clone(), vec![answer]].concat())
                }
                None => Judgement::unproven("the system has not taken the status report"),
            }
        })
    })
}

/// Nothing goes to the SMS user on account of a report from the CPM user.
//= DR-15 type=test
pub fn not_shown(to: &str, guard: f64) -> Question {
    let to = to.to_owned();
    Question::throughout(format!("no short message to {to}"), guard, move |view| {
        if let Some(message) = view.new_short_messages_to(&to).first() {
            return Judgement::broken(
                Reason::Unexpected,
                format!("{:?}", message.text),
                message.frames.clone(),
            );
        }
        let heard = view.reports_by_users();
        match heard.is_empty() {
            false => Judgement::holds("none", heard),
            true => Judgement::unproven("the system has heard no report of a CPM user"),
        }
    })
}
