//! One TCP connection of the trace: handshake and end as facts, and its two directions read as messages.
use super::Fact;
use super::dissect::{Cut, Cutter, Protocol};
use super::packet::Segment;
use super::reassembly::{Piece, Stream};
use super::tls::{self, Opened, Secrets, Tls};
use std::net::SocketAddr;

/// Something a connection gave, and who sent it.
#[derive(Debug)]
pub struct Given {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub cut: Cut,
}

#[derive(Debug)]
struct Side {
    address: SocketAddr,
    stream: Stream,
    cutter: Cutter,
}

#[derive(Debug)]
pub struct Connection {
    protocol: Option<Protocol>,
    /// Nothing was said on it yet.
    silent: bool,
    tls: Option<Tls>,
    /// The two ends; the first is the one seen first.
    sides: [Side; 2],
    client: Option<SocketAddr>,
    handshake: Vec<u32>,
    opened: bool,
    closed: bool,
}

impl Connection {
    pub fn new(protocol: Option<Protocol>, from: SocketAddr, to: SocketAddr) -> Self {
        let side = |address| Side {
            address,
            stream: Stream::default(),
            cutter: Cutter::default(),
        };
        Self {
            protocol,
            silent: true,
            tls: None,
            sides: [side(from), side(to)],
            client: None,
            handshake: Vec::new(),
            opened: false,
            closed: false,
        }
    }

    /// True if this SYN opens another connection between the same ports.
    pub fn is_over(&self, from: SocketAddr, segment: &Segment) -> bool {
        let base = self.sides[self.index(from)].stream.base();
        segment.syn
            && !segment.ack
            && base.is_some_and(|base| base != segment.sequence.wrapping_add(1))
    }

    pub fn add(
        &mut self,
        from: SocketAddr,
        segment: Segment,
        frame: u32,
        secrets: &Secrets,
    ) -> Vec<Given> {
        let index = self.index(from);
        let mut given = Vec::new();
        self.handshake(index, &segment, frame, &mut given);
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn));
        let pieces = self.sides[index]
            .stream
            .add(sequence, segment.payload, frame);
        self.pieces(index, pieces, secrets, &mut given);
        if (segment.fin || segment.rst) && !self.closed {
            self.closed = true;
            for (side, words) in [(index, "the closing side"), (1 - index, "the other side")] {
                let pending = self.sides[side].cutter.pending();
                if pending > 0 {
                    let text = format!(
                        "connection closed while {words} was {pending} octets into a message"
                    );
                    given.push(self.given(side, Cut::Missing(text)));
                }
            }
            let fact = Fact::TcpClosed { reset: segment.rst };
            let frames = vec![frame];
            given.push(self.given(index, Cut::Fact { fact, frames }));
        }
        given
    }

    /// No octet and no part of a handshake waits for what comes later.
    pub fn holds_nothing(&self) -> bool {
        let quiet = |side: &Side| side.stream.holds_nothing() && side.cutter.holds_nothing();
        (self.opened || self.handshake.is_empty())
            && self.tls.as_ref().is_none_or(Tls::holds_nothing)
            && self.sides.iter().all(quiet)
    }

    /// What the next octets of that side are, where they can be read by themselves: in order, in clear, at the beginning of a message.
    pub fn reads_as(&self, from: SocketAddr, sequence: u32) -> Option<Protocol> {
        let expected = self.sides[self.index(from)].stream.next_sequence();
        let plainly = expected == Some(sequence) && self.tls.is_none() && self.holds_nothing();
        self.protocol.filter(|_| plainly)
    }

    /// Nobody wants these octets, which are whole messages.
    pub fn pass_over(&mut self, from: SocketAddr, length: usize) {
        let index = self.index(from);
        self.sides[index].stream.pass_over(length);
    }

    /// The capture is over: read what waits behind gaps.
    pub fn finish(&mut self, secrets: &Secrets) -> Vec<Given> {
        let mut given = Vec::new();
        for index in [0, 1] {
            let pieces = self.sides[index].stream.finish();
            self.pieces(index, pieces, secrets, &mut given);
        }
        given
    }

    fn index(&self, from: SocketAddr) -> usize {
        usize::from(self.sides[0].address != from)
    }

    fn handshake(&mut self, index: usize, segment: &Segment, frame: u32, given: &mut Vec<Given>) {
        let from = self.sides[index].address;
        if segment.syn {
            let first = segment.sequence.wrapping_add(1);
            self.sides[index].stream.begin(first);
            self.client = self.client.or(Some(if segment.ack {
                self.sides[1 - index].address
            } else {
                from
            }));
            self.handshake.push(frame);
        } else if segment.ack && !self.opened && !segment.rst && self.handshake.len() >= 2 {
            self.opened = true;
            let mut frames = std::mem::take(&mut self.handshake);
            frames.push(frame);
            let client = self.client.map_or(index, |client| self.index(client));
            let fact = Fact::TcpOpened;
            given.push(self.given(client, Cut::Fact { fact, frames }));
        }
    }

    fn pieces(
        &mut self,
        index: usize,
        pieces: Vec<Piece>,
        secrets: &Secrets,
        given: &mut Vec<Given>,
    ) {
        for piece in pieces {
            if let Piece::Octets { octets, .. } = &piece
                && std::mem::take(&mut self.silent)
                && tls::begins(octets)
            {
                self.tls = Some(Tls::default());
            }
            let opened = match &mut self.tls {
                Some(tls) => tls.add(index, piece, secrets),
                None => vec![Opened::Piece(piece)],
            };
            self.opened(index, opened, given);
        }
    }

    fn opened(&mut self, index: usize, opened: Vec<Opened>, given: &mut Vec<Given>) {
        for opened in opened {
            let piece = match opened {
                Opened::Piece(piece) => piece,
                Opened::Missing(why) => {
                    given.push(self.given(index, Cut::Missing(why)));
                    continue;
                }
            };
            let cuts = self.sides[index].cutter.add(self.protocol, piece);
            self.give(index, cuts, given);
            if self.protocol.is_none() {
                self.protocol = Protocol::of_octets(&self.sides[index].cutter.beginning());
                if let Some(protocol) = self.protocol {
                    for side in [1 - index, index] {
                        let cuts = self.sides[side].cutter.decide(protocol);
                        self.give(side, cuts, given);
                    }
                }
            }
        }
    }

    fn give(&self, index: usize, cuts: Vec<Cut>, given: &mut Vec<Given>) {
        given.extend(cuts.into_iter().map(|cut| self.given(index, cut)));
    }

    fn given(&self, index: usize, cut: Cut) -> Given {
        Given {
            from: self.sides[index].address,
            to: self.sides[1 - index].address,
            cut,
        }
    }
}
