//! TP-Message-References: which one a submission gets, and which submission a status report is about
//! (3GPP TS 23.040 clauses 9.2.3.6 and 3.2.9).
//!
//! One octet, counted for each pair of sender and recipient, so that it wraps late. One that a report is still due for is passed over as
//! long as another is free.

use crate::reference::short_message::ReportReference;
use std::collections::{HashMap, HashSet, VecDeque};

/// Pairs counted for; the oldest are forgotten first.
const MOST_PAIRS: usize = 50_000;

type Pair = (String, String);

#[derive(Debug, Default)]
struct Counter {
    latest: u8,
    due: HashSet<u8>,
}

/// The counters of all pairs.
#[derive(Debug, Default)]
pub struct References {
    counters: HashMap<Pair, Counter>,
    order: VecDeque<Pair>,
}

impl References {
    /// The next reference for a message from `from` to `to`.
    pub fn next(&mut self, from: &str, to: &str, report_requested: bool) -> u8 {
        mark!("DR-12");
        let pair = (from.to_owned(), to.to_owned());
        if !self.counters.contains_key(&pair) {
            self.order.push_back(pair.clone());
            if self.order.len() > MOST_PAIRS
                && let Some(oldest) = self.order.pop_front()
            {
                self.counters.remove(&oldest);
            }
        }
        let counter = self.counters.entry(pair).or_default();
        let after = (1..=u8::MAX).map(|step| counter.latest.wrapping_add(step));
        let free = after.into_iter().find(|mr| !counter.due.contains(mr));
        counter.latest = free.unwrap_or_else(|| counter.latest.wrapping_add(1));
        if report_requested {
            counter.due.insert(counter.latest);
        } else {
            counter.due.remove(&counter.latest);
        }
        counter.latest
    }

    /// The service centre will say no more about this one.
    pub fn settle(&mut self, from: &str, to: &str, reference: u8) {
        let pair = (from.to_owned(), to.to_owned());
        if let Some(counter) = self.counters.get_mut(&pair) {
            counter.due.remove(&reference);
        }
    }
}

/// What a status report on it will name.
pub fn report_reference(from: &str, to: &str, reference: u8) -> ReportReference {
    mark!("DR-12");
    ReportReference(format!("{from} {to} {reference}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_for_each_pair_and_wraps() {
        let mut references = References::default();
        let all: Vec<u8> = (0..300)
            .map(|_| references.next("+1", "+2", false))
            .collect();
        assert_eq!((all[0], all[254], all[255], all[256]), (1, 255, 0, 1));
        assert_eq!(references.next("+1", "+3", false), 1);
    }

    #[test]
    fn passes_over_those_a_report_is_due_for() {
        let mut references = References::default();
        let waiting: Vec<u8> = (0..3).map(|_| references.next("+1", "+2", true)).collect();
        assert_eq!(waiting, [1, 2, 3]);
        for _ in 0..253 {
            references.next("+1", "+2", false);
        }
        assert_eq!(references.next("+1", "+2", false), 4);
        references.settle("+1", "+2", 2);
        for _ in 0..252 {
            references.next("+1", "+2", false);
        }
        assert_eq!(references.next("+1", "+2", false), 2);
    }

    #[test]
    fn gives_one_out_even_if_all_are_due() {
        let mut references = References::default();
        let all: HashSet<u8> = (0..256)
            .map(|_| references.next("+1", "+2", true))
            .collect();
        assert_eq!(all.len(), 256);
        assert_eq!(references.next("+1", "+2", true), 1);
    }
}
