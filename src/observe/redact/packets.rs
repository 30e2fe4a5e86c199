//! Where the payloads of a capture stand in its file, and what they are in order: datagrams, and streams put together.
//!
//! Nothing but payloads is changed, octet for octet in its place, and the checksums of UDP and TCP by what has changed (RFC 1624), so that a
//! right one stays right and a wrong one wrong.
use crate::observe::ObserveError;
use std::collections::BTreeMap;

/// A gap in sequence numbers beyond which it is no stream any more.
const FURTHEST: u32 = 64 * 1024 * 1024;
const SECTION: u32 = 0x0a0d_0d0a;
const SECRETS: u32 = 10;
const COMMENT: u16 = 1;

/// A payload in the file.
#[derive(Debug, Clone)]
struct Place {
    payload: std::ops::Range<usize>,
    /// Of the checksum, and whether 0 means that there is none.
    checksum: Option<(usize, bool)>,
    /// Stream and place in it.
    stream: Option<(usize, usize)>,
}

/// A capture file that is being rewritten.
#[derive(Debug)]
pub(super) struct Capture {
    octets: Vec<u8>,
    places: Vec<Place>,
    comments: Vec<std::ops::Range<usize>>,
    streams: Vec<Vec<u8>>,
}

impl Capture {
    pub(super) fn read(octets: &[u8]) -> Result<Self, ObserveError> {
        let mut reading = Reading::default();
        let mut octets = octets.to_vec();
        match octets.get(..4) {
            Some([0x0a, 0x0d, 0x0d, 0x0a]) => reading.blocks(&mut octets)?,
            _ => reading.records(&octets)?,
        }
        Ok(Self {
            octets,
            places: reading.places,
            comments: reading.comments,
            streams: reading.streams,
        })
    }

    /// Every datagram, every stream and every comment.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let alone = self.places.iter().filter(|place| place.stream.is_none());
        let alone = alone.map(|place| &self.octets[place.payload.clone()]);
        let comments = self.comments.iter().map(|c| &self.octets[c.clone()]);
        let streams = self.streams.iter().map(Vec::as_slice);
        alone.chain(comments).chain(streams)
    }

    /// The file with every piece changed; a piece keeps its length.
    pub(super) fn changed(mut self, change: impl Fn(&mut [u8])) -> Vec<u8> {
        for comment in &self.comments {
            change(&mut self.octets[comment.clone()]);
        }
        for stream in &mut self.streams {
            change(stream);
        }
        for place in &self.places {
            let before = self.octets[place.payload.clone()].to_vec();
            let payload = &mut self.octets[place.payload.clone()];
            match place.stream {
                Some((stream, at)) => {
                    payload.copy_from_slice(&self.streams[stream][at..at + before.len()]);
                }
                None => change(payload),
            }
            let after = self.octets[place.payload.clone()].to_vec();
            if let Some((at, optional)) = place.checksum
                && before != after
            {
                let was = u16::from_be_bytes([self.octets[at], self.octets[at + 1]]);
                if was != 0 || !optional {
                    let now = checksum(was, &before, &after);
                    let now = if now == 0 && optional { 0xffff } else { now };
                    self.octets[at..at + 2].copy_from_slice(&now.to_be_bytes());
                }
            }
        }
        self.octets
    }
}

/// RFC 1624 section 3: HC' = ~(~HC + ~m + m').
fn checksum(was: u16, before: &[u8], after: &[u8]) -> u16 {
    let sum = |octets: &[u8]| -> u64 {
        let pair = |two: &[u8]| {
            u64::from(u16::from_be_bytes([
                two[0],
                two.get(1).copied().unwrap_or(0),
            ]))
        };
        octets.chunks(2).map(pair).sum()
    };
    let fold = |mut sum: u64| {
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum
    };
    let total = u64::from(!was) + (0xffff - fold(sum(before))) + sum(after);
    !u16::try_from(fold(total)).unwrap_or(0)
}

#[derive(Default)]
struct Reading {
    places: Vec<Place>,
    comments: Vec<std::ops::Range<usize>>,
    streams: Vec<Vec<u8>>,
    /// Ends of a connection in one direction: its stream, and the sequence number of its first octet.
    open: BTreeMap<Vec<u8>, (usize, u32)>,
}

impl Reading {
    /// pcapng.
    fn blocks(&mut self, octets: &mut [u8]) -> Result<(), ObserveError> {
        let mut big = false;
        let mut links: Vec<u16> = Vec::new();
        let mut at = 0;
        while at < octets.len() {
            let broken = || ObserveError::Truncated { at: at as u64 };
            let head = octets.get(at..at + 12).ok_or_else(broken)?;
            let kind = number(&head[..4], big);
            if kind == SECTION {
                big = head[8] == 0x1a;
                links.clear();
            }
            let length = number(&head[4..8], big) as usize;
            if length < 12 || at + length > octets.len() {
                return Err(broken());
            }
            let body = at + 8..at + length - 4;
            match kind {
                1 => links.push(short(&octets[body.start..], big)),
                6 if body.len() >= 20 => {
                    let link = number(&octets[body.start..], big) as usize;
                    let count = number(&octets[body.start + 12..], big) as usize;
                    let start = body.start + 20;
                    let end = (start + count).min(body.end);
                    let link = links.get(link).copied().unwrap_or(u16::MAX);
                    self.packet(link.into(), octets, start..end);
                    self.options(octets, start + count.next_multiple_of(4)..body.end, big);
                }
                3 => {
                    let link = links.first().copied().unwrap_or(u16::MAX);
                    self.packet(link.into(), octets, body.start + 4..body.end);
                }
                // Keys that open what this does not look into.
                SECRETS if body.len() > 8 => octets[body.start + 8..body.end].fill(b'\n'),
                _ => {}
            }
            at += length;
        }
        Ok(())
    }

    fn options(&mut self, octets: &[u8], at: std::ops::Range<usize>, big: bool) {
        let mut start = at.start;
        while start + 4 <= at.end {
            let code = short(&octets[start..], big);
            let length = usize::from(short(&octets[start + 2..], big));
            let end = start + 4 + length;
            if code == 0 || end > at.end {
                return;
            }
            if code == COMMENT {
                self.comments.push(start + 4..end);
            }
            start = start + 4 + length.next_multiple_of(4);
        }
    }

    /// Classic pcap.
    fn records(&mut self, octets: &[u8]) -> Result<(), ObserveError> {
        let first = octets.get(..4).unwrap_or_default();
        let big = match first {
            [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d] => true,
            [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1] => false,
            other => return Err(ObserveError::UnknownFormat(format!("{other:02x?}"))),
        };
        let broken = |at: usize| ObserveError::Truncated { at: at as u64 };
        let link = number(octets.get(20..24).ok_or_else(|| broken(0))?, big);
        let mut at = 24;
        while at < octets.len() {
            let head = octets.get(at..at + 16).ok_or_else(|| broken(at))?;
            let end = at + 16 + number(&head[8..12], big) as usize;
            if end > octets.len() {
                return Err(broken(at));
            }
            self.packet(link & 0xffff, octets, at + 16..end);
            at = end;
        }
        Ok(())
    }

    fn packet(&mut self, link: u32, octets: &[u8], packet: std::ops::Range<usize>) {
        let place = self.located(link, octets, &packet);
        // What is not understood is looked through as it is.
        self.places.push(place.unwrap_or(Place {
            payload: packet,
            checksum: None,
            stream: None,
        }));
    }

    fn located(
        &mut self,
        link: u32,
        octets: &[u8],
        packet: &std::ops::Range<usize>,
    ) -> Option<Place> {
        let data = &octets[packet.clone()];
        let ip = network(link, data)?;
        let (protocol, addresses, start, end) = internet(data.get(ip..)?)?;
        let (start, end) = (ip + start, (ip + end).min(data.len()));
        let segment = data.get(start..end)?;
        let ports = segment.get(..4)?;
        let (head, checksum) = match protocol {
            17 => (8, (6, true)),
            6 => (usize::from(segment.get(12)? >> 4) * 4, (16, false)),
            _ => return None,
        };
        let length = segment.len().checked_sub(head)?;
        segment.get(checksum.0..checksum.0 + 2)?;
        let from = packet.start + start + head;
        let place = Place {
            payload: from..from + length,
            checksum: Some((packet.start + start + checksum.0, checksum.1)),
            stream: None,
        };
        if protocol == 17 {
            return Some(place);
        }
        let key = [addresses, ports].concat();
        let stream = self.stream(key, segment, &segment[head..]);
        Some(Place { stream, ..place })
    }

    /// Where a segment stands in its stream.
    fn stream(&mut self, key: Vec<u8>, segment: &[u8], payload: &[u8]) -> Option<(usize, usize)> {
        let sequence = u32::from_be_bytes([segment[4], segment[5], segment[6], segment[7]]);
        let opens = segment[13] & 0x02 != 0;
        let first = sequence.wrapping_add(u32::from(opens));
        if opens || !self.open.contains_key(&key) {
            self.streams.push(Vec::new());
            self.open
                .insert(key.clone(), (self.streams.len() - 1, first));
        }
        let (stream, base) = *self.open.get(&key)?;
        let at = first.wrapping_sub(base);
        if payload.is_empty() || at > FURTHEST {
            return None;
        }
        let at = at as usize;
        let octets = &mut self.streams[stream];
        if octets.len() < at + payload.len() {
            octets.resize(at + payload.len(), 0);
        }
        octets[at..at + payload.len()].copy_from_slice(payload);
        Some((stream, at))
    }
}

/// Where the network layer begins.
fn network(link: u32, data: &[u8]) -> Option<usize> {
    match link {
        1 => {
            let mut at = 12;
            // VLAN tags (IEEE 802.1Q).
            while matches!(data.get(at..at + 2)?, [0x81, 0x00] | [0x88, 0xa8]) {
                at += 4;
            }
            Some(at + 2)
        }
        0 | 108 => Some(4),
        12 | 14 | 101 | 228 | 229 => Some(0),
        113 => Some(16),
        276 => Some(20),
        _ => None,
    }
}

/// Protocol, addresses, and from where to where its payload goes. Fragments are not read.
fn internet(ip: &[u8]) -> Option<(u8, &[u8], usize, usize)> {
    let long = |at: usize| {
        Some(usize::from(u16::from_be_bytes([
            *ip.get(at)?,
            *ip.get(at + 1)?,
        ])))
    };
    match ip.first()? >> 4 {
        4 => {
            let fragment = long(6)? & 0x3fff != 0;
            // 0 is what a capture before segmentation offload has.
            let total = Some(long(2)?)
                .filter(|total| *total > 0)
                .unwrap_or(ip.len());
            let head = usize::from(ip[0] & 0x0f) * 4;
            (!fragment).then_some((*ip.get(9)?, ip.get(12..20)?, head, total))
        }
        6 => {
            let total = Some(long(4)?)
                .filter(|t| *t > 0)
                .map_or(ip.len(), |t| 40 + t);
            Some((*ip.get(6)?, ip.get(8..40)?, 40, total))
        }
        _ => None,
    }
}

fn number(octets: &[u8], big: bool) -> u32 {
    let mut four = [0; 4];
    if let Some(octets) = octets.get(..4) {
        four.copy_from_slice(octets);
    }
    match big {
        true => u32::from_be_bytes(four),
        false => u32::from_le_bytes(four),
    }
}

fn short(octets: &[u8], big: bool) -> u16 {
    let two = [
        octets.first().copied().unwrap_or(0),
        octets.get(1).copied().unwrap_or(0),
    ];
    match big {
        true => u16::from_be_bytes(two),
        false => u16::from_le_bytes(two),
    }
}
