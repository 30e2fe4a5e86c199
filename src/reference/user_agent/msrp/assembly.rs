//! Putting the chunks of a message together (RFC 4975 section 7.3.1), in any order, within limits.
use crate::wire::msrp::{Continuation, MsrpMessage};
use std::time::Duration;
use tokio::time::Instant;

/// An incomplete message untouched for this long makes room for others.
const STALE: Duration = Duration::from_secs(120);
/// Separate stretches of one message that may be known at once.
const MAX_STRETCHES: usize = 64;

/// A message without all of its octets.
struct Assembly {
    message_id: String,
    headers: Vec<(String, String)>,
    octets: Vec<u8>,
    /// Known stretches `[start, end)`, sorted, apart from each other.
    known: Vec<(usize, usize)>,
    /// Length, once the last chunk is here.
    length: Option<usize>,
    touched: Instant,
}

/// The incomplete messages of one session.
#[derive(Default)]
pub(super) struct Assemblies {
    incomplete: Vec<Assembly>,
}

/// What a chunk led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// More is to come, or the message was aborted.
    Nothing,
    /// The whole message: header fields of its first chunk and its octets.
    Whole(Vec<(String, String)>, Vec<u8>),
    /// Refused with this code.
    Refused(u16),
}

impl Assemblies {
    pub(super) fn clear(&mut self) {
        self.incomplete.clear();
    }

    /// Takes a SEND with a body.
    pub(super) fn take(
        &mut self,
        chunk: MsrpMessage,
        max_octets: usize,
        max_incomplete: usize,
        now: Instant,
    ) -> Outcome {
        let Some(id) = chunk.message_id().map(String::from) else {
            return Outcome::Refused(400);
        };
        let place = self.incomplete.iter().position(|a| a.message_id == id);
        if chunk.continuation == Continuation::Aborted {
            if let Some(place) = place {
                self.incomplete.swap_remove(place);
            }
            return Outcome::Nothing;
        }
        let range = chunk.byte_range();
        let total = range.and_then(|r| r.total);
        let body = chunk.body.unwrap_or_default();
        let known = place.map_or(0, |place| self.incomplete[place].octets.len());
        let start = match range {
            Some(range) => range.start.saturating_sub(1),
            None => known as u64,
        };
        let end = start.saturating_add(body.len() as u64);
        // All incomplete messages of a session together may hold no more than two of the largest.
        let others: usize = self.incomplete.iter().map(|a| a.octets.len()).sum();
        let crowded = end.saturating_add((others - known) as u64) > 2 * max_octets as u64;
        if crowded || end > max_octets as u64 || total.is_some_and(|t| t > max_octets as u64) {
            if let Some(place) = place {
                self.incomplete.swap_remove(place);
            }
            return Outcome::Refused(413);
        }
        let last = chunk.continuation == Continuation::Complete;
        if place.is_none() && last && start == 0 {
            return Outcome::Whole(chunk.headers, body);
        }
        let place = match place {
            Some(place) => place,
            None => match self.open(id, chunk.headers, max_incomplete, now) {
                Some(place) => place,
                None => return Outcome::Refused(413),
            },
        };
        let assembly = &mut self.incomplete[place];
        assembly.touched = now;
        if !assembly.add(start as usize, &body) {
            self.incomplete.swap_remove(place);
            return Outcome::Refused(413);
        }
        if last {
            assembly.length = Some(end as usize);
        }
        if assembly.is_whole() {
            let assembly = self.incomplete.swap_remove(place);
            let mut octets = assembly.octets;
            octets.truncate(assembly.length.unwrap_or(octets.len()));
            return Outcome::Whole(assembly.headers, octets);
        }
        Outcome::Nothing
    }

    fn open(
        &mut self,
        message_id: String,
        headers: Vec<(String, String)>,
        max_incomplete: usize,
        now: Instant,
    ) -> Option<usize> {
        self.incomplete.retain(|a| now - a.touched < STALE);
        if self.incomplete.len() >= max_incomplete {
            return None;
        }
        self.incomplete.push(Assembly {
            message_id,
            headers,
            octets: Vec::new(),
            known: Vec::new(),
            length: None,
            touched: now,
        });
        Some(self.incomplete.len() - 1)
    }
}

impl Assembly {
    /// Writes a stretch; `false` if there are too many gaps.
    fn add(&mut self, start: usize, body: &[u8]) -> bool {
        let end = start + body.len();
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        self.octets[start..end].copy_from_slice(body);
        self.known.push((start, end));
        self.known.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::with_capacity(self.known.len());
        for (start, end) in self.known.drain(..) {
            match merged.last_mut() {
                Some(before) if start <= before.1 => before.1 = before.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        self.known = merged;
        self.known.len() <= MAX_STRETCHES
    }

    fn is_whole(&self) -> bool {
        let Some(length) = self.length else {
            return false;
        };
        match self.known.first() {
            Some((0, end)) => *end >= length,
            _ => length == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn chunk(id: &str, range: &str, body: &str, continuation: Continuation) -> MsrpMessage {
        let mut chunk = MsrpMessage::request("t1", "SEND");
        chunk.push("Message-ID", id);
        chunk.push("Byte-Range", range);
        chunk.set_body("text/plain", body);
        chunk.continuation = continuation;
        chunk
    }

    #[test]
    fn joins_chunks_in_any_order() {
        let mut all = Assemblies::default();
        let now = Instant::now();
        let last = chunk("a", "9-10/10", "ij", Continuation::Complete);
        assert_eq!(all.take(last, 100, 4, now), Outcome::Nothing);
        let first = chunk("a", "1-4/10", "abcd", Continuation::More);
        assert_eq!(all.take(first, 100, 4, now), Outcome::Nothing);
        let middle = chunk("a", "5-8/10", "efgh", Continuation::More);
        match all.take(middle, 100, 4, now) {
            Outcome::Whole(_, octets) => assert_eq!(octets, b"abcdefghij"),
            other => panic!("{other:?}"),
        }
        assert!(all.incomplete.is_empty());
    }

    #[test]
    fn refuses_what_is_too_large_or_too_many() {
        let mut all = Assemblies::default();
        let now = Instant::now();
        let huge = chunk("a", "1-*/999", "x", Continuation::More);
        assert_eq!(all.take(huge, 100, 1, now), Outcome::Refused(413));
        let far = chunk("a", "18446744073709551615-*/*", "x", Continuation::More);
        assert_eq!(all.take(far, 100, 1, now), Outcome::Refused(413));
        let one = chunk("a", "1-*/*", "x", Continuation::More);
        assert_eq!(all.take(one, 100, 1, now), Outcome::Nothing);
        let two = chunk("b", "1-*/*", "x", Continuation::More);
        assert_eq!(all.take(two, 100, 1, now), Outcome::Refused(413));
    }

    #[test]
    fn forgets_an_aborted_message() {
        let mut all = Assemblies::default();
        let now = Instant::now();
        let one = chunk("a", "1-*/*", "x", Continuation::More);
        assert_eq!(all.take(one, 100, 4, now), Outcome::Nothing);
        let aborted = chunk("a", "2-*/*", "y", Continuation::Aborted);
        assert_eq!(all.take(aborted, 100, 4, now), Outcome::Nothing);
        assert!(all.incomplete.is_empty());
    }
}
