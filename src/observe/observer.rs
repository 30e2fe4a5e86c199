//! Reads a growing capture and keeps the trace of what it has seen.
//!
//! Live and from file are this same path: the runner feeds it what a tap has appended, the command line a whole file.
use super::connection::{Connection, Given};
use super::dissect::{Cut, Protocol, rtp_fact, sip_fact};
use super::packet::{Carried, Packets, Segment};
use super::reader::{Packet, Reader};
use super::tls::Secrets;
use super::{Direction, Fact, FrameInfo, Note, Observation, ObserveError, Trace};
use crate::wire::smpp::DefaultAlphabet;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

/// Feed it pcapng octets as they are appended to a capture; the trace is always that of all whole blocks so far.
#[derive(Debug, Default)]
pub struct Observer {
    trace: Trace,
    reader: Reader,
    packets: Packets,
    system: Vec<SocketAddr>,
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
    secrets: Secrets,
    /// First frame of each SIP datagram, by a digest of its addresses and octets.
    datagrams: HashMap<u64, u32>,
}

impl Observer {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for links on which data_coding 0 is something else.
    pub fn reading(default_alphabet: DefaultAlphabet) -> Self {
        let mut observer = Self::default();
        observer.trace.default_alphabet = default_alphabet;
        observer
    }

    /// For captures the suite did not write: packets to one of these addresses go to the system (port 0 = any port of the host).
    pub fn for_system(addresses: Vec<SocketAddr>) -> Self {
        Self {
            system: addresses,
            ..Self::default()
        }
    }

    /// Octets need not be whole blocks. After an error the observer keeps what it has read.
    pub fn feed(&mut self, octets: &[u8]) -> Result<(), ObserveError> {
        self.reader.push(octets);
        while let Some(packet) = self.reader.next_packet()? {
            self.secrets.learn(&self.reader.take_secrets());
            self.packet(packet)?;
        }
        Ok(())
    }

    /// The capture is over: what waits for missing TCP segments is read around the gap, a cut block is an error.
    pub fn finish(&mut self) -> Result<(), ObserveError> {
        let mut keys: Vec<_> = self.connections.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let connection = self.connections.get_mut(&key);
            let given = connection.map(|connection| connection.finish(&self.secrets));
            for given in given.into_iter().flatten() {
                self.observe(given, "tcp");
            }
        }
        self.reader.end()
    }

    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    pub fn into_trace(self) -> Trace {
        self.trace
    }

    fn packet(&mut self, packet: Packet) -> Result<(), ObserveError> {
        let Some(carried) = self
            .packets
            .read(packet.link_type, &packet.octets, packet.at)
        else {
            return Err(ObserveError::LinkType {
                interface: packet.interface_id,
                link_type: packet.link_type,
            });
        };
        match carried {
            Carried::Other => {}
            Carried::Unreadable(text) => self.trace.notes.push(Note {
                frame: packet.number,
                text,
            }),
            Carried::Datagram { from, to, payload } => {
                self.frame(&packet, from, to);
                self.datagram(&packet, from, to, &payload);
            }
            Carried::Segment { from, to, segment } => {
                self.frame(&packet, from, to);
                self.segment(&packet, from, to, segment);
            }
        }
        Ok(())
    }

    fn frame(&mut self, packet: &Packet, from: SocketAddr, to: SocketAddr) {
        let is_system = |address: SocketAddr| {
            self.system.iter().any(|system| {
                system.ip() == address.ip() && (system.port() == 0 || *system == address)
            })
        };
        let direction = match packet.direction {
            Direction::Unknown if is_system(to) => Direction::ToSystem,
            Direction::Unknown if is_system(from) => Direction::FromSystem,
            known => known,
        };
        self.trace.frames.push(FrameInfo {
            number: packet.number,
            at: packet.at,
            interface: packet.interface.to_string(),
            comment: packet.comment.clone(),
            from,
            to,
            direction,
        });
    }

    fn datagram(&mut self, packet: &Packet, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let ours = Protocol::of_interface(&packet.interface);
        let sniffed = Protocol::of_octets(payload);
        let fact = if packet.interface.as_ref() == "rtp" {
            rtp_fact(payload)
        } else if payload.iter().all(|o| matches!(o, b'\r' | b'\n' | 0)) {
            if ours.is_none() {
                return;
            }
            Fact::SipKeepAlive
        } else if ours == Some(Protocol::Sip) || (ours.is_none() && sniffed == Some(Protocol::Sip))
        {
            sip_fact(payload)
        } else {
            return;
        };
        let mut retransmission_of = None;
        if !matches!(fact, Fact::SipKeepAlive | Fact::Rtp(_)) {
            let mut digest = DefaultHasher::new();
            (from, to, payload).hash(&mut digest);
            let first = *self
                .datagrams
                .entry(digest.finish())
                .or_insert(packet.number);
            retransmission_of = (first != packet.number).then_some(first);
        }
        let cut = Cut::Fact {
            fact,
            frames: vec![packet.number],
        };
        self.observe(Given { from, to, cut }, "udp");
        if let Some(last) = self.trace.facts.last_mut() {
            last.retransmission_of = retransmission_of;
        }
    }

    fn segment(&mut self, packet: &Packet, from: SocketAddr, to: SocketAddr, segment: Segment) {
        let key = (from.min(to), from.max(to));
        let over = self
            .connections
            .get(&key)
            .is_some_and(|connection| connection.is_over(from, &segment));
        if over && let Some(mut old) = self.connections.remove(&key) {
            for given in old.finish(&self.secrets) {
                self.observe(given, "tcp");
            }
        }
        let protocol = Protocol::of_interface(&packet.interface);
        let connection = self
            .connections
            .entry(key)
            .or_insert_with(|| Connection::new(protocol, from, to));
        for given in connection.add(from, segment, packet.number, &self.secrets) {
            self.observe(given, "tcp");
        }
    }

    /// Time, interface and comment of a fact are those of its last frame.
    fn observe(&mut self, given: Given, transport: &'static str) {
        let Given { from, to, cut } = given;
        let (fact, frames) = match cut {
            Cut::Fact { fact, frames } => (fact, frames),
            Cut::Missing(text) => {
                let frame = self.trace.frames.last().map_or(0, |frame| frame.number);
                self.trace.notes.push(Note { frame, text });
                return;
            }
        };
        let last = frames.last().and_then(|number| self.trace.frame(*number));
        let first = frames.first().and_then(|number| self.trace.frame(*number));
        let Some((last, first)) = last.zip(first) else {
            return;
        };
        let observation = Observation {
            at: last.at,
            interface: last.interface.clone(),
            // Of a handshake the first frame tells who dialled; of a message all frames have one direction.
            direction: first.direction,
            comment: last.comment.clone(),
            frames,
            from,
            to,
            transport,
            retransmission_of: None,
            fact,
        };
        self.trace.facts.push(observation);
    }
}

#[cfg(test)]
#[path = "observer_tests.rs"]
pub(crate) mod tests;
