//! One packet after the other: what is in it, whether anybody wants it, and which conversation it belongs to.
use super::super::connection::Connection;
use super::super::dissect::Protocol;
use super::super::packet::Packets;
use super::super::tls::Secrets;
use super::super::{Note, ObserveError};
use super::desk::Desk;
use super::ends::Ends;
use super::groups::Groups;
use super::layers::{Seen, SegmentHead, plain};
use super::recent::Recent;
use super::source::Captured;
use super::streams::{Frame, Stream, Streams};
use super::{Conversation, Interest, Summary};

/// A connection that says nothing for a day is over, and one that was closed after this many patiences.
const SILENT_NANOSECONDS: u64 = 24 * 3600 * 1_000_000_000;
/// How often in one patience it is looked for what is over.
const LOOKS: u64 = 8;

pub struct Intake<'i> {
    desk: Desk<'i>,
    streams: Streams,
    packets: Packets,
    secrets: Secrets,
    screening: bool,
    next_look: u64,
    /// Time of the latest packet.
    latest: u64,
}

impl<'i> Intake<'i> {
    pub fn new(ends: Ends, secrets: Secrets, interest: Interest<'i>, screening: bool) -> Self {
        Self {
            desk: Desk {
                groups: Groups::new(&ends),
                prefixes: ends.numbers(),
                ends,
                interest,
                recent: Recent::default(),
                summary: Summary::default(),
            },
            streams: Streams::default(),
            packets: Packets::default(),
            secrets,
            screening,
            next_look: 0,
            latest: 0,
        }
    }

    pub fn packet(&mut self, mut packet: Captured<'_>) -> Result<(), ObserveError> {
        self.latest = self.latest.max(packet.at);
        if !packet.secrets.is_empty() {
            self.secrets.learn(&packet.secrets);
        }
        let seen = match plain(packet.link_type, packet.octets) {
            Some(seen) if self.screening => seen,
            _ => self.any(&packet)?,
        };
        let (number, at) = (packet.number, packet.at);
        match seen {
            Seen::Other => {}
            Seen::Unreadable(text) => {
                self.desk.groups.note(
                    None,
                    Note {
                        frame: number,
                        text,
                    },
                );
            }
            Seen::Datagram { from, to, payload } => {
                let own = packet.own.take();
                let frame = Frame {
                    number,
                    at,
                    from,
                    to,
                    own,
                };
                self.desk.datagram(frame, &payload);
            }
            Seen::Segment {
                from,
                to,
                head,
                payload,
            } => {
                let own = packet.own.take();
                let frame = Frame {
                    number,
                    at,
                    from,
                    to,
                    own,
                };
                self.segment(frame, head, &payload);
            }
        }
        Ok(())
    }

    fn any<'p>(&mut self, packet: &Captured<'p>) -> Result<Seen<'p>, ObserveError> {
        let read = self
            .packets
            .read(packet.link_type, packet.octets, packet.at);
        read.map(Seen::from).ok_or(ObserveError::LinkType {
            interface: packet.interface_id,
            link_type: packet.link_type,
        })
    }

    fn segment(&mut self, frame: Frame, head: SegmentHead, payload: &[u8]) {
        let (from, to, number) = (frame.from, frame.to, frame.number);
        let key = Streams::key(from, to);
        if self.screening
            && let Some(stream) = self.streams.get(key)
            && self.desk.passes_over(stream, &frame, head, payload)
        {
            return;
        }
        let segment = head.with(payload.to_vec());
        let is_over = |stream: &mut Stream| stream.connection.is_over(from, &segment);
        if self.streams.get(key).is_some_and(is_over)
            && let Some(old) = self.streams.take(key)
        {
            self.end(old, number);
        }
        if self.streams.get(key).is_none() {
            let protocol = frame
                .own
                .as_ref()
                .and_then(|own| Protocol::of_interface(&own.interface));
            self.streams
                .put(key, Stream::new(Connection::new(protocol, from, to)));
        }
        let Some(stream) = self.streams.get(key) else {
            return;
        };
        stream.seen(frame);
        let given = stream.connection.add(from, segment, number, &self.secrets);
        for given in given {
            self.desk.given(stream, given, number);
        }
        stream.forget_frames();
    }

    /// What a connection still holds, read around its gaps.
    fn end(&mut self, mut stream: Stream, number: u32) {
        for given in stream.connection.finish(&self.secrets) {
            self.desk.given(&mut stream, given, number);
        }
    }

    /// Hands on what is over now, seldom enough to cost nothing.
    pub fn close_what_is_over(&mut self, now: u64, each: &mut dyn FnMut(Conversation)) {
        if now < self.next_look {
            return;
        }
        let patience = self.desk.groups.patience();
        let before = std::mem::replace(&mut self.next_look, now.saturating_add(patience / LOOKS));
        if before == 0 {
            return;
        }
        for key in self.streams.over(Some(now), patience, SILENT_NANOSECONDS) {
            if let Some(stream) = self.streams.take(key) {
                self.end(stream, u32::MAX);
            }
        }
        self.desk.close(Some(now), now, each);
    }

    pub fn finish(mut self, each: &mut dyn FnMut(Conversation)) -> Summary {
        for key in self.streams.over(None, 0, 0) {
            if let Some(stream) = self.streams.take(key) {
                self.end(stream, u32::MAX);
            }
        }
        self.desk.close(None, self.latest, each);
        self.desk.summary
    }
}
