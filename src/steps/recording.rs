//! A finished recording that is looked at bit by bit, as it was while it grew.
use crate::observe::{Observation, Trace};
use std::sync::Arc;

/// The whole trace, and what of it has come so far.
#[derive(Debug, Clone)]
pub struct Recording {
    whole: Arc<Trace>,
    /// Places of the facts, by the frame that completed each.
    order: Vec<usize>,
    shown: Trace,
    frames: usize,
    facts: usize,
}

fn completed(seen: &Observation) -> u32 {
    seen.frames.last().copied().unwrap_or(0)
}

impl Recording {
    pub fn new(whole: Arc<Trace>) -> Self {
        let mut order: Vec<usize> = (0..whole.facts.len()).collect();
        // What was completed by one frame stays in its order.
        order.sort_by_key(|place| whole.facts.get(*place).map_or(0, completed));
        let shown = Trace {
            default_alphabet: whole.default_alphabet,
            ..Trace::default()
        };
        Self {
            whole,
            order,
            shown,
            frames: 0,
            facts: 0,
        }
    }

    pub fn whole(&self) -> &Trace {
        &self.whole
    }

    /// What has come so far.
    pub fn shown(&self) -> &Trace {
        &self.shown
    }

    /// Lets everything come up to a frame; what has come stays.
    pub fn show(&mut self, last_frame: u32) {
        while let Some(frame) = self.whole.frames.get(self.frames)
            && frame.number <= last_frame
        {
            self.shown.frames.push(frame.clone());
            self.frames += 1;
        }
        while let Some(fact) = self.order.get(self.facts)
            && let Some(fact) = self.whole.facts.get(*fact)
            && completed(fact) <= last_frame
        {
            self.shown.facts.push(fact.clone());
            self.facts += 1;
        }
    }

    /// Number of the last frame that has come.
    pub fn last_frame(&self) -> u32 {
        self.shown.frames.last().map_or(0, |frame| frame.number)
    }
}
