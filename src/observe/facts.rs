//! What can be observed, in order, each fact with the frames that carry it.
use super::{ObserveError, Observer};
use crate::wire::rtp::RtpPacket;
use crate::wire::smpp::DefaultAlphabet;
use crate::wire::{
    Malformed, diameter::Message, http::HttpMessage, msrp::MsrpMessage, sip::SipMessage, smpp::Pdu,
};
use std::net::SocketAddr;

/// Seen from the system under test's peers: towards the system, or from it. From the packet's direction flag (pcapng `epb_flags`:
/// outbound = the harness sent it) or, for foreign captures, from the profile's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    ToSystem,
    FromSystem,
    Unknown,
}

/// One packet of the capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameInfo {
    /// 1-based, as Wireshark counts.
    pub number: u32,
    /// Nanoseconds since the Unix epoch.
    pub at: u64,
    /// Interface name of the capture: `isc`, `gm`, `msrp`, `smpp`, `sgd`, `rtp`.
    pub interface: String,
    pub comment: Option<String>,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub direction: Direction,
}

/// One fact: a protocol message or a transport event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Frames that carry it, ascending; the last one completed it.
    pub frames: Vec<u32>,
    /// Time of the completing frame, nanoseconds since the Unix epoch.
    pub at: u64,
    pub interface: String,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub direction: Direction,
    /// `udp` or `tcp`.
    pub transport: &'static str,
    /// First frame of an earlier identical UDP message (a SIP retransmission), if this is one.
    pub retransmission_of: Option<u32>,
    /// Packet comment of the completing frame: `[n] step text`.
    pub comment: Option<String>,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Sip(Box<SipMessage>),
    SipKeepAlive,
    Msrp(Box<MsrpMessage>),
    Smpp(Box<Pdu>),
    Diameter(Box<Message>),
    Http(Box<HttpMessage>),
    /// A packet of audio; its payload is not looked at.
    Rtp(Box<RtpPacket>),
    /// Three-way handshake completed.
    TcpOpened,
    TcpClosed {
        reset: bool,
    },
    /// Octets that follow no grammar of their protocol.
    Malformed {
        protocol: &'static str,
        error: Malformed,
        octets: Vec<u8>,
    },
}

/// Everything seen so far.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Packets that carry UDP or TCP; all packets of the capture are counted in `number`, as Wireshark does.
    pub frames: Vec<FrameInfo>,
    pub facts: Vec<Observation>,
    /// What could not be observed: lost TCP segments, cut packets, streams of no known protocol.
    pub notes: Vec<Note>,
    /// What data_coding 0 is on the SMPP links of the capture; nothing in it says so.
    pub default_alphabet: DefaultAlphabet,
}

/// Why something is missing in the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub frame: u32,
    pub text: String,
}

impl Trace {
    /// A whole capture.
    pub fn read(octets: &[u8]) -> Result<Self, ObserveError> {
        let mut observer = Observer::new();
        observer.feed(octets)?;
        observer.finish()?;
        Ok(observer.into_trace())
    }
    /// The packet with that number, if it carries UDP or TCP.
    pub fn frame(&self, number: u32) -> Option<&FrameInfo> {
        let at = self.frames.binary_search_by_key(&number, |f| f.number);
        at.ok().and_then(|at| self.frames.get(at))
    }
}
