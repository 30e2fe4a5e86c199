//! The handset of an SMS user, as the steps use it: one behind the exchange, or none, where a recording is judged.
use super::course::{Act, Script};
use crate::capture::Handset;
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::ue::UeCommand;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// What a handset, or the service centre on its behalf, is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum HandsetAct {
    /// Sends to a number, `+E.164` or digits.
    Send { to: String, text: String },
    /// Sends to the number the last short message came from.
    Answer { text: String },
    /// The service centre reports: place among the short messages that asked for it, and TP-ST.
    Report(Vec<(usize, u8)>),
    /// From now on it is like this.
    Behave(Box<HandsetBehaviour>),
}

/// A handset of a person. Clones mean the same one.
#[derive(Clone)]
pub struct Phone {
    line: Line,
}

#[derive(Clone)]
enum Line {
    Attached(Handset),
    Recorded {
        owner: String,
        behaviour: Arc<Mutex<HandsetBehaviour>>,
        script: Script,
    },
}

impl Phone {
    pub fn attached(handset: Handset) -> Self {
        let line = Line::Attached(handset);
        Self { line }
    }

    /// What it is told is only noted.
    pub fn recorded(owner: &str, behaviour: HandsetBehaviour, script: Script) -> Self {
        let line = Line::Recorded {
            owner: owner.to_owned(),
            behaviour: Arc::new(Mutex::new(behaviour)),
            script,
        };
        Self { line }
    }

    pub fn send(&self, to: &str, text: &str) {
        match &self.line {
            Line::Attached(handset) => handset.send(to, text),
            Line::Recorded { .. } => self.note(HandsetAct::Send {
                to: to.to_owned(),
                text: text.to_owned(),
            }),
        }
    }

    pub fn answer(&self, text: &str) {
        match &self.line {
            Line::Attached(handset) => handset.answer(text),
            Line::Recorded { .. } => self.note(HandsetAct::Answer {
                text: text.to_owned(),
            }),
        }
    }

    pub fn report(&self, reports: &[(usize, u8)]) {
        match &self.line {
            Line::Attached(handset) => handset.report(reports),
            Line::Recorded { .. } => self.note(HandsetAct::Report(reports.to_vec())),
        }
    }

    pub fn behave(&self, behaviour: HandsetBehaviour) {
        match &self.line {
            Line::Attached(handset) => handset.behave(behaviour),
            Line::Recorded { .. } => self.adjust(|old| *old = behaviour),
        }
    }

    pub fn adjust(&self, change: impl FnOnce(&mut HandsetBehaviour)) {
        match &self.line {
            Line::Attached(handset) => handset.adjust(change),
            Line::Recorded { behaviour, .. } => {
                let mut held = held(behaviour);
                change(&mut held);
                let now = Box::new(held.clone());
                drop(held);
                self.note(HandsetAct::Behave(now));
            }
        }
    }

    /// True as soon as the service centre can report on so many short messages. A recording is past that when it shows them.
    pub fn owes_reports(&self, count: usize) -> bool {
        match &self.line {
            Line::Attached(handset) => handset.reports_owed() >= count,
            Line::Recorded { .. } => true,
        }
    }

    pub fn over_ip(&self, terminal: mpsc::UnboundedSender<UeCommand>) {
        if let Line::Attached(handset) = &self.line {
            handset.over_ip(terminal);
        }
    }

    fn note(&self, act: HandsetAct) {
        if let Line::Recorded { owner, script, .. } = &self.line {
            script.push(owner, Act::Handset(act));
        }
    }
}

fn held(behaviour: &Mutex<HandsetBehaviour>) -> MutexGuard<'_, HandsetBehaviour> {
    behaviour.lock().unwrap_or_else(PoisonError::into_inner)
}
