//! Chunks put together by Message-ID and Byte-Range (RFC 4975 section 7.3.1).
//!
//! Chunks may come in any order and mixed with those of other messages. The chunk that ends in `$` says how long the message is; its
//! place counts, not the range-end, which a sender that interrupts itself cannot know. Bounded in messages, octets and chunks.
use std::collections::BTreeMap;

use super::ReceivedMessage;
use crate::wire::msrp::{Continuation, MsrpMessage};

/// Messages being put together at once; the one untouched for longest makes room.
const MESSAGES_LIMIT: usize = 64;
/// Octets of one message.
const OCTETS_LIMIT: u64 = 4 * 1024 * 1024;
/// Chunks of one message.
const CHUNKS_LIMIT: usize = 65_536;

/// What a chunk led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Whole {
        message: ReceivedMessage,
        success_report: bool,
    },
    Aborted,
    TooLarge,
}

#[derive(Debug, Default)]
struct Partial {
    headers: Vec<(String, String)>,
    content_type: String,
    /// Octets by the place of their first one.
    pieces: BTreeMap<u64, Vec<u8>>,
    /// Octets in `pieces`, those that lie twice counted twice.
    held: u64,
    chunks: usize,
    /// Known once the chunk with `$` has come.
    length: Option<u64>,
    success_report: bool,
    touched: u64,
}

#[derive(Debug, Default)]
pub(super) struct Reassembly {
    partials: BTreeMap<String, Partial>,
    clock: u64,
}

impl Reassembly {
    /// Adds a chunk whose first octet is at `place` (from 0).
    pub(super) fn take(
        &mut self,
        message_id: &str,
        place: u64,
        body: &[u8],
        chunk: &MsrpMessage,
    ) -> Progress {
        if chunk.continuation == Continuation::Aborted {
            self.partials.remove(message_id);
            return Progress::Aborted;
        }
        self.clock += 1;
        if !self.partials.contains_key(message_id) && self.partials.len() >= MESSAGES_LIMIT {
            self.make_room();
        }
        let partial = self.partials.entry(message_id.to_owned()).or_default();
        partial.touched = self.clock;
        partial.add(place, body, chunk);
        let end = place.saturating_add(body.len() as u64);
        let too_much = end.max(partial.held) > OCTETS_LIMIT || partial.chunks > CHUNKS_LIMIT;
        if too_much {
            self.partials.remove(message_id);
            return Progress::TooLarge;
        }
        let Some(body) = partial.whole() else {
            return Progress::More;
        };
        let partial = self.partials.remove(message_id).unwrap_or_default();
        Progress::Whole {
            success_report: partial.success_report,
            message: ReceivedMessage {
                message_id: message_id.to_owned(),
                content_type: partial.content_type,
                headers: partial.headers,
                body,
                chunks: partial.chunks,
            },
        }
    }

    fn make_room(&mut self) {
        let oldest = self
            .partials
            .iter()
            .min_by_key(|(_, partial)| partial.touched)
            .map(|(message_id, _)| message_id.clone());
        if let Some(message_id) = oldest {
            self.partials.remove(&message_id);
        }
    }
}

impl Partial {
    fn add(&mut self, place: u64, body: &[u8], chunk: &MsrpMessage) {
        if self.chunks == 0 || place == 0 {
            self.headers = chunk.headers.clone();
            self.content_type = chunk.header("Content-Type").unwrap_or_default().to_owned();
        }
        self.chunks += 1;
        self.success_report |= chunk.header("Success-Report") == Some("yes");
        if chunk.continuation == Continuation::Complete {
            self.length = Some(place.saturating_add(body.len() as u64));
        }
        // A chunk sent again may be a longer cut from the same place; what is there already is not made shorter.
        let known = self.pieces.get(&place).map_or(0, Vec::len);
        if body.len() > known {
            self.held += (body.len() - known) as u64;
            self.pieces.insert(place, body.to_vec());
        }
    }

    /// The body, if no octet of it is missing.
    fn whole(&self) -> Option<Vec<u8>> {
        let length = self.length.filter(|length| *length <= self.held)?;
        let mut body = Vec::with_capacity(usize::try_from(length).ok()?);
        for (place, piece) in &self.pieces {
            let place = usize::try_from(*place).ok()?;
            if place > body.len() {
                return None;
            }
            let known = body.len() - place;
            body.extend_from_slice(piece.get(known..).unwrap_or_default());
        }
        (body.len() as u64 >= length).then(|| {
            body.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            body
        })
    }
}
