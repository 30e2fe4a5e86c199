//! The state of a request while an application server has it: what the original dialog identifier in the Route stands for (3GPP TS 24.229
//! clause 5.4.3.4).
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Most requests under way; the oldest is forgotten.
const MOST: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionCase {
    Originating,
    Terminating,
}

/// One pass by an application server.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub(super) case: SessionCase,
    /// Public user identity of the served user.
    pub(super) served: String,
    pub(super) registered: bool,
    pub(super) record_route: bool,
}

impl Leg {
    /// RFC 5502 section 4.
    pub(super) fn p_served_user(&self) -> String {
        let case = match self.case {
            SessionCase::Originating => "orig",
            SessionCase::Terminating => "term",
        };
        let state = if self.registered { "reg" } else { "unreg" };
        format!("<{}>;sescase={case};regstate={state}", self.served)
    }
}

#[derive(Debug, Default)]
pub(super) struct Legs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_token: HashMap<String, Leg>,
    order: VecDeque<String>,
}

impl Legs {
    pub(super) fn keep(&self, token: String, leg: Leg) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.order.len() >= MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_token.remove(&oldest);
        }
        kept.order.push_back(token.clone());
        kept.by_token.insert(token, leg);
    }

    pub(super) fn get(&self, token: &str) -> Option<Leg> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_token.get(token).cloned()
    }
}
