//! From octets in order to messages: which protocol a stream carries, where its messages end, which frames carried each.
//!
//! On the suite's own interfaces the name decides; elsewhere the octets must look like SIP, MSRP, SMPP or Diameter. After octets that cannot be
//! framed, or a gap, a direction is read again from the next segment that begins like a message.
use super::Fact;
use super::reassembly::Piece;
use crate::wire::Malformed;
use crate::wire::diameter;
use crate::wire::http;
use crate::wire::msrp::{self, MsrpMessage};
use crate::wire::rtp::RtpPacket;
use crate::wire::sip::{self, SipMessage};
use crate::wire::smpp::{self, CommandId, Pdu};
use std::collections::VecDeque;

/// Octets of a malformed stream a fact keeps.
const SHOWN_OCTETS: usize = 4096;
/// A connection whose first octets look like nothing known is not read after so many octets.
const UNDECIDED_OCTETS: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Sip,
    Msrp,
    Smpp,
    Diameter,
    Http,
}

impl Protocol {
    pub fn of_interface(name: &str) -> Option<Self> {
        match name {
            "isc" | "gm" => Some(Self::Sip),
            "msrp" => Some(Self::Msrp),
            "smpp" => Some(Self::Smpp),
            "sgd" => Some(Self::Diameter),
            "ut" => Some(Self::Http),
            _ => None,
        }
    }

    /// What octets at the beginning of a message look like.
    pub fn of_octets(octets: &[u8]) -> Option<Self> {
        let known = [
            Self::Msrp,
            Self::Sip,
            Self::Http,
            Self::Smpp,
            Self::Diameter,
        ];
        known.into_iter().find(|protocol| protocol.begins(octets))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sip => "SIP",
            Self::Msrp => "MSRP",
            Self::Smpp => "SMPP",
            Self::Diameter => "Diameter",
            Self::Http => "HTTP",
        }
    }

    fn begins(self, octets: &[u8]) -> bool {
        match self {
            Self::Msrp => octets.starts_with(b"MSRP "),
            Self::Sip => begins_like_sip(octets),
            Self::Smpp => begins_like_smpp(octets),
            Self::Diameter => begins_like_diameter(octets),
            Self::Http => begins_like_http(octets),
        }
    }
}

fn begins_like_sip(octets: &[u8]) -> bool {
    let line = octets
        .split(|octet| *octet == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.starts_with(b"SIP/2.0 ")
        || (line.ends_with(b" SIP/2.0") && line.first().is_some_and(u8::is_ascii_uppercase))
}

fn begins_like_http(octets: &[u8]) -> bool {
    let line = octets.split(|octet| *octet == b'\n').next();
    let line = line.unwrap_or_default().trim_ascii_end();
    line.starts_with(b"HTTP/1.1 ") || line.ends_with(b" HTTP/1.1")
}

fn begins_like_smpp(octets: &[u8]) -> bool {
    let word = |at: usize| match octets.get(at..at + 4) {
        Some([a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => u32::MAX,
    };
    let (length, command, status) = (word(0), CommandId(word(4)), word(8));
    let known = matches!(
        command.0 & 0x7fff_ffff,
        0x01..=0x09 | 0x0b | 0x15 | 0x21 | 0x102 | 0x103
    ) || command == CommandId::GENERIC_NACK;
    (16..=65_536).contains(&length)
        && octets.len() >= 16
        && known
        && (command.is_response() || status == 0)
}

/// Version 1, a length in words, no reserved flag, and the base protocol or an application of short messages.
fn begins_like_diameter(octets: &[u8]) -> bool {
    let &[1, _, _, length, flags, _, _, _, a, b, c, d, ..] = octets else {
        return false;
    };
    let application = u32::from_be_bytes([a, b, c, d]);
    let known = [
        diameter::application::BASE,
        diameter::application::S6C,
        diameter::application::SGD,
        diameter::application::SH,
    ];
    length.is_multiple_of(4) && flags & 0x0f == 0 && known.contains(&application)
}

#[derive(Debug)]
enum Framer {
    Sip(sip::Framer),
    Msrp(msrp::Framer),
    Smpp(smpp::Framer),
    Diameter(diameter::Framer),
    Http(http::Framer),
}

impl Framer {
    fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Sip => Self::Sip(sip::Framer::default()),
            Protocol::Msrp => Self::Msrp(msrp::Framer::default()),
            Protocol::Smpp => Self::Smpp(smpp::Framer::default()),
            Protocol::Diameter => Self::Diameter(diameter::Framer::default()),
            Protocol::Http => Self::Http(http::Framer::default()),
        }
    }
    fn push(&mut self, octets: &[u8]) {
        match self {
            Self::Sip(framer) => framer.push(octets),
            Self::Msrp(framer) => framer.push(octets),
            Self::Smpp(framer) => framer.push(octets),
            Self::Diameter(framer) => framer.push(octets),
            Self::Http(framer) => framer.push(octets),
        }
    }
    fn pending(&self) -> usize {
        match self {
            Self::Sip(framer) => framer.pending(),
            Self::Msrp(framer) => framer.pending(),
            Self::Smpp(framer) => framer.pending(),
            Self::Diameter(framer) => framer.pending(),
            Self::Http(framer) => framer.pending(),
        }
    }
    fn next_fact(&mut self) -> Option<Result<Fact, Malformed>> {
        Some(match self {
            Self::Sip(framer) => framer.next_frame()?.map(|frame| match frame {
                sip::Frame::Message(octets) => sip_fact(&octets),
                sip::Frame::Ping | sip::Frame::Pong => Fact::SipKeepAlive,
            }),
            Self::Msrp(framer) => framer.next_frame()?.map(|octets| msrp_fact(&octets)),
            Self::Smpp(framer) => framer.next_frame()?.map(|octets| smpp_fact(&octets)),
            Self::Diameter(framer) => framer.next_frame()?.map(|octets| diameter_fact(&octets)),
            Self::Http(framer) => framer
                .next_message()?
                .map(|message| Fact::Http(Box::new(message))),
        })
    }
}

/// A datagram or framed octets as SIP.
pub fn sip_fact(octets: &[u8]) -> Fact {
    match SipMessage::parse(octets) {
        Ok(message) => Fact::Sip(Box::new(message)),
        Err(error) => malformed(Protocol::Sip, error, octets),
    }
}

/// A datagram on the suite's own interface of media.
pub fn rtp_fact(octets: &[u8]) -> Fact {
    match RtpPacket::parse(octets) {
        Ok(packet) => Fact::Rtp(Box::new(packet)),
        Err(error) => Fact::Malformed {
            protocol: "RTP",
            error,
            octets: octets[..octets.len().min(SHOWN_OCTETS)].to_vec(),
        },
    }
}

fn msrp_fact(octets: &[u8]) -> Fact {
    match MsrpMessage::parse(octets) {
        Ok(message) => Fact::Msrp(Box::new(message)),
        Err(error) => malformed(Protocol::Msrp, error, octets),
    }
}

fn smpp_fact(octets: &[u8]) -> Fact {
    match Pdu::parse(octets) {
        Ok(pdu) => Fact::Smpp(Box::new(pdu)),
        Err(error) => malformed(Protocol::Smpp, error, octets),
    }
}

fn diameter_fact(octets: &[u8]) -> Fact {
    match diameter::Message::parse(octets) {
        Ok(message) => Fact::Diameter(Box::new(message)),
        Err(error) => malformed(Protocol::Diameter, error, octets),
    }
}

fn malformed(protocol: Protocol, error: Malformed, octets: &[u8]) -> Fact {
    Fact::Malformed {
        protocol: protocol.name(),
        error,
        octets: octets[..octets.len().min(SHOWN_OCTETS)].to_vec(),
    }
}

/// What a direction of a connection gave: a fact with its frames, or why something is missing.
#[derive(Debug)]
pub enum Cut {
    Fact { fact: Fact, frames: Vec<u32> },
    Missing(String),
}

/// One direction of a connection cut into messages.
#[derive(Debug, Default)]
pub struct Cutter {
    framer: Option<Framer>,
    /// The stream cannot be framed until a segment begins like a message.
    lost: bool,
    /// Octets before the protocol is known.
    undecided: Vec<(Vec<u8>, u32)>,
    /// Octets pushed into the framer so far, and of those the ones that belong to facts given out.
    pushed: u64,
    taken: u64,
    /// Where each frame's octets end, counted as `pushed`.
    ends: VecDeque<(u64, u32)>,
    /// The octets not taken yet.
    waiting: Vec<u8>,
}

impl Cutter {
    /// Takes a piece. Without a protocol octets are kept until it is known.
    pub fn add(&mut self, protocol: Option<Protocol>, piece: Piece) -> Vec<Cut> {
        match (piece, protocol) {
            (Piece::Gap { length }, _) => {
                self.undecided.clear();
                self.lose();
                vec![Cut::Missing(format!(
                    "{length} octets of a TCP stream are not in the capture"
                ))]
            }
            (Piece::Octets { octets, frame }, None) => {
                let kept: usize = self.undecided.iter().map(|(octets, _)| octets.len()).sum();
                if kept <= UNDECIDED_OCTETS {
                    self.undecided.push((octets, frame));
                }
                Vec::new()
            }
            (Piece::Octets { octets, frame }, Some(protocol)) => {
                let mut cuts = self.decide(protocol);
                cuts.extend(self.octets(protocol, &octets, frame));
                cuts
            }
        }
    }

    /// Reads what was kept while the protocol was unknown.
    pub fn decide(&mut self, protocol: Protocol) -> Vec<Cut> {
        let kept = std::mem::take(&mut self.undecided);
        kept.iter()
            .flat_map(|(octets, frame)| self.octets(protocol, octets, *frame))
            .collect()
    }

    /// First octets of a direction whose protocol is not known.
    pub fn beginning(&self) -> Vec<u8> {
        let kept = self.undecided.iter().flat_map(|(octets, _)| octets);
        kept.copied()
            .skip_while(|octet| matches!(octet, b'\r' | b'\n'))
            .take(UNDECIDED_OCTETS)
            .collect()
    }

    /// Neither a part of a message nor octets of an unknown protocol wait.
    pub fn holds_nothing(&self) -> bool {
        self.waiting.is_empty() && self.undecided.is_empty()
    }

    /// Octets of a message that never ended.
    pub fn pending(&self) -> usize {
        self.waiting.len()
    }

    fn octets(&mut self, protocol: Protocol, octets: &[u8], frame: u32) -> Vec<Cut> {
        if self.lost {
            if !protocol.begins(octets) {
                return Vec::new();
            }
            self.lost = false;
        }
        let framer = self.framer.get_or_insert_with(|| Framer::new(protocol));
        framer.push(octets);
        self.pushed += octets.len() as u64;
        self.ends.push_back((self.pushed, frame));
        self.waiting.extend_from_slice(octets);
        let mut cuts = Vec::new();
        while let Some(framer) = &mut self.framer {
            match framer.next_fact() {
                None => break,
                Some(Ok(fact)) => {
                    let until = self.pushed - framer.pending() as u64;
                    let frames = self.take(until);
                    cuts.push(Cut::Fact { fact, frames });
                }
                Some(Err(error)) => {
                    let fact = malformed(protocol, error, &self.waiting);
                    let frames = self.take(self.pushed);
                    self.lose();
                    cuts.push(Cut::Fact { fact, frames });
                }
            }
        }
        cuts
    }

    /// Frames that carried the octets up to `until`.
    fn take(&mut self, until: u64) -> Vec<u32> {
        let count = usize::try_from(until.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        self.waiting.drain(..count.min(self.waiting.len()));
        let mut frames = Vec::new();
        while let Some((end, frame)) = self.ends.front().copied() {
            frames.push(frame);
            if end > until {
                break;
            }
            self.ends.pop_front();
            if end == until {
                break;
            }
        }
        self.taken = until;
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    fn lose(&mut self) {
        self.lost = true;
        self.framer = None;
        self.waiting.clear();
        self.ends.clear();
        self.taken = self.pushed;
    }
}
