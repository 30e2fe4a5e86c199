//! A `Then` as a question to the capture, and its answer as a finding.
//!
//! A question is put to the same facts while a test runs (to know when to go on) and again from the finished capture (for the verdict).
use super::{Cast, Finding, Reason, Verdict};
use crate::observe::Trace;
use crate::sut::Ixit;

/// What a judge sees.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub trace: &'a Trace,
    pub cast: &'a Cast,
    pub ixit: &'a Ixit,
    /// Number of the last frame before the stimulus of the `When`.
    pub before_stimulus: u32,
    /// Time of this view, nanoseconds since the Unix epoch: later than its last frame when nothing more has come.
    pub now: u64,
}

impl View<'_> {
    /// Seconds since the latest of these frames; none at all without one.
    fn since(&self, frames: &[u32]) -> f64 {
        let mut shown = self.trace.frames.iter().rev();
        let latest = shown.find(|frame| frames.contains(&frame.number));
        latest.map_or(0.0, |frame| super::scene::seconds(frame.at, self.now))
    }
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The capture shows it.
    Holds { observed: String, frames: Vec<u32> },
    /// The system's own messages contradict it.
    Broken {
        reason: Reason,
        observed: String,
        frames: Vec<u32>,
    },
    /// It has not happened yet; if it never does, that is a failure of the system.
    Awaited { observed: String, frames: Vec<u32> },
    /// The capture cannot tell, because something else that this question builds on did not happen.
    Unproven { observed: String },
}

impl Judgement {
    pub fn holds(observed: impl Into<String>, frames: impl Into<Vec<u32>>) -> Self {
        Self::Holds {
            observed: observed.into(),
            frames: frames.into(),
        }
    }

    pub fn broken(
        reason: Reason,
        observed: impl Into<String>,
        frames: impl Into<Vec<u32>>,
    ) -> Self {
        Self::Broken {
            reason,
            observed: observed.into(),
            frames: frames.into(),
        }
    }

    pub fn awaited(observed: impl Into<String>) -> Self {
        Self::Awaited {
            observed: observed.into(),
            frames: Vec::new(),
        }
    }

    pub fn unproven(observed: impl Into<String>) -> Self {
        Self::Unproven {
            observed: observed.into(),
        }
    }

    /// True when waiting longer cannot make it better.
    pub fn is_final(&self, patience: Patience) -> bool {
        match self {
            Self::Holds { .. } => matches!(patience, Patience::Until(_)),
            Self::Broken { .. } => true,
            Self::Awaited { .. } | Self::Unproven { .. } => false,
        }
    }
}

/// How long to look, in seconds of the profile's named timers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Patience {
    /// Until it holds, at most this long.
    Until(f64),
    /// It must hold throughout this time ("nothing happens").
    Throughout(f64),
}

impl Patience {
    pub fn seconds(self) -> f64 {
        match self {
            Self::Until(seconds) | Self::Throughout(seconds) => seconds,
        }
    }
}

type Judge = dyn Fn(&View) -> Judgement + Send + Sync;

/// What is asked of the capture.
pub struct Question {
    /// The expectation in words, as it stands in the report.
    pub expected: String,
    pub patience: Patience,
    judge: Box<Judge>,
}

impl Question {
    /// Something that must happen within `seconds`.
    pub fn eventually(
        expected: impl Into<String>,
        seconds: f64,
        judge: impl Fn(&View) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        Self {
            expected: expected.into(),
            patience: Patience::Until(seconds),
            judge: Box::new(judge),
        }
    }

    /// Something that must stay true for `seconds`.
    pub fn throughout(
        expected: impl Into<String>,
        seconds: f64,
        judge: impl Fn(&View) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        Self {
            expected: expected.into(),
            patience: Patience::Throughout(seconds),
            judge: Box::new(judge),
        }
    }

    /// Something that must happen within `seconds` and still be so when `guard` has passed since.
    pub fn lasting(
        expected: impl Into<String>,
        seconds: f64,
        guard: f64,
        judge: impl Fn(&View) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        Self::eventually(expected, seconds + guard, move |view| match judge(view) {
            Judgement::Holds { observed, frames } if view.since(&frames) < guard => {
                Judgement::Awaited { observed, frames }
            }
            judgement => judgement,
        })
    }

    pub fn ask(&self, view: &View) -> Judgement {
        (self.judge)(view)
    }

    /// The finding for an answer that will not change any more.
    pub fn finding(&self, requirement: &str, sentence: &str, answer: Judgement) -> Finding {
        let (verdict, reason, observed, frames) = match answer {
            Judgement::Holds { observed, frames } if !frames.is_empty() => {
                (Verdict::Pass, None, observed, frames)
            }
            // No witness, no pass.
            Judgement::Holds { observed, frames } => (
                Verdict::Inconc,
                Some(Reason::InsufficientEvidence),
                observed,
                frames,
            ),
            Judgement::Broken {
                reason,
                observed,
                frames,
            } => (Verdict::Fail, Some(reason), observed, frames),
            Judgement::Awaited { observed, frames } => {
                (Verdict::Fail, Some(Reason::Missing), observed, frames)
            }
            Judgement::Unproven { observed } => (
                Verdict::Inconc,
                Some(Reason::InsufficientEvidence),
                observed,
                Vec::new(),
            ),
        };
        Finding {
            requirement: requirement.to_owned(),
            sentence: sentence.to_owned(),
            verdict,
            reason,
            expected: self.expected.clone(),
            observed,
            frames: dedup(frames),
        }
    }
}

fn dedup(mut frames: Vec<u32>) -> Vec<u32> {
    frames.sort_unstable();
    frames.dedup();
    frames
}
