//! Live progress of a run for the person in front of it.
//!
//! A bar on a terminal; plain lines where nobody can see a bar move (no terminal, or `CI=true`). It shows, it does not count verdicts:
//! totals come from `run.json`. Shared between tasks; drawing never blocks the run for longer than a write to stderr.
use super::options::ProgressEvent;
use crate::sut::secret;
use crate::verdict::Verdict;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

#[derive(Debug, Clone)]
pub enum Progress {
    Quiet,
    /// One line per test case that is not a pass, and one in every hundred that is.
    Lines,
    Bar(ProgressBar),
}

/// A pass is worth a line when nothing else was said for this many test cases.
const LINE_EVERY: usize = 100;

impl Progress {
    /// The form that suits where standard error goes.
    pub fn suitable(quiet: bool) -> Self {
        let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
        if quiet {
            Self::Quiet
        } else if ci || !std::io::stderr().is_terminal() {
            Self::Lines
        } else {
            Self::Bar(bar())
        }
    }

    pub fn show(&self, event: &ProgressEvent) {
        match self {
            Self::Quiet => {}
            Self::Lines => {
                if let Some(line) = line(event) {
                    // A closed standard error must not stop the run.
                    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
                }
            }
            Self::Bar(bar) => draw(bar, event),
        }
    }

    /// Takes the bar off the screen; to be called before the summary is printed.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{elapsed:>4} {bar:30} {pos}/{len}  {wide_msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn draw(bar: &ProgressBar, event: &ProgressEvent) {
    match event {
        ProgressEvent::Started { selected } => bar.set_length(*selected as u64),
        ProgressEvent::CaseStarted { id } => bar.set_message(id.clone()),
        ProgressEvent::CaseFinished {
            verdict, done, of, ..
        } => {
            bar.set_length(*of as u64);
            bar.set_position(*done as u64);
            if !quiet_verdict(*verdict)
                && let Some(line) = line(event)
            {
                bar.println(line);
            }
        }
        ProgressEvent::Note(_) => bar.println(line(event).unwrap_or_default()),
    }
}

fn quiet_verdict(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::NotApplicable)
}

/// The line of an event where there is no bar.
fn line(event: &ProgressEvent) -> Option<String> {
    said(event).map(|line| secret::known().text(&line))
}

fn said(event: &ProgressEvent) -> Option<String> {
    match event {
        ProgressEvent::Started { selected } => Some(format!("running {selected} test cases")),
        ProgressEvent::CaseStarted { .. } => None,
        ProgressEvent::CaseFinished {
            id,
            verdict,
            waived,
            cause,
            duration_ms,
            done,
            of,
        } => {
            let rare = done.is_multiple_of(LINE_EVERY) || done == of;
            (!quiet_verdict(*verdict) || rare).then(|| {
                let name = verdict.name();
                let name = if *waived {
                    format!("{name} (waived)")
                } else {
                    name.to_owned()
                };
                let seconds = Duration::from_millis(*duration_ms).as_secs_f64();
                let line = format!("[{done}/{of}] {id}  {name}  {seconds:.1} s  {cause}");
                line.trim_end().to_owned()
            })
        }
        ProgressEvent::Note(text) => Some(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn finished(verdict: Verdict, done: usize) -> ProgressEvent {
        ProgressEvent::CaseFinished {
            id: "TC-POL-01-01".to_owned(),
            verdict,
            waived: false,
            cause: if verdict == Verdict::Pass { "" } else { "no" }.to_owned(),
            duration_ms: 1250,
            done,
            of: 7,
        }
    }

    #[test]
    fn a_waived_case_is_no_plain_fail() {
        let mut event = finished(Verdict::Fail, 1);
        if let ProgressEvent::CaseFinished { waived, .. } = &mut event {
            *waived = true;
        }
        let text = line(&event).unwrap();
        assert_eq!(text, "[1/7] TC-POL-01-01  fail (waived)  1.2 s  no");
    }

    #[test]
    fn everything_but_a_pass_gets_a_line() {
        assert_eq!(line(&finished(Verdict::Pass, 1)), None);
        let text = line(&finished(Verdict::Inconc, 1)).unwrap();
        assert_eq!(text, "[1/7] TC-POL-01-01  inconc  1.2 s  no");
        let last = line(&finished(Verdict::Pass, 7)).unwrap();
        assert_eq!(last, "[7/7] TC-POL-01-01  pass  1.2 s");
    }
}
