//! From the link layer to UDP and TCP without a copy, for the packets that nearly all are.
//!
//! What this does not read (fragments, extension headers, cut packets, other protocols) is for [`super::super::packet::Packets`], which
//! reads everything and gives the same for what this reads.
use super::super::packet::{Carried, Segment};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// What a packet carries; the payload is lent where it can be.
#[derive(Debug)]
pub enum Seen<'a> {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        payload: Cow<'a, [u8]>,
    },
    Segment {
        from: SocketAddr,
        to: SocketAddr,
        head: SegmentHead,
        payload: Cow<'a, [u8]>,
    },
    Other,
    Unreadable(String),
}

#[derive(Debug, Clone, Copy)]
pub struct SegmentHead {
    pub sequence: u32,
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
}

impl SegmentHead {
    pub fn with(self, payload: Vec<u8>) -> Segment {
        Segment {
            sequence: self.sequence,
            syn: self.syn,
            ack: self.ack,
            fin: self.fin,
            rst: self.rst,
            payload,
        }
    }
}

impl From<Carried> for Seen<'_> {
    fn from(carried: Carried) -> Self {
        match carried {
            Carried::Datagram { from, to, payload } => Self::Datagram {
                from,
                to,
                payload: payload.into(),
            },
            Carried::Segment { from, to, segment } => Self::Segment {
                from,
                to,
                head: SegmentHead {
                    sequence: segment.sequence,
                    syn: segment.syn,
                    ack: segment.ack,
                    fin: segment.fin,
                    rst: segment.rst,
                },
                payload: segment.payload.into(),
            },
            Carried::Other => Self::Other,
            Carried::Unreadable(words) => Self::Unreadable(words),
        }
    }
}

/// `None` = not one of the plain packets.
pub fn plain(link_type: i32, octets: &[u8]) -> Option<Seen<'_>> {
    let network = match link_type {
        1 => {
            let (mut kind, mut at) = (two(octets, 12)?, 14);
            while VLAN.contains(&kind) {
                if at > 22 {
                    return None;
                }
                kind = two(octets, at + 2)?;
                at += 4;
            }
            matches!(kind, IPV4 | IPV6).then_some(())?;
            octets.get(at..)?
        }
        0 | 108 => octets.get(4..)?,
        12 | 14 | 101 | 228 | 229 => octets,
        113 if matches!(two(octets, 14)?, IPV4 | IPV6) => octets.get(16..)?,
        276 if matches!(two(octets, 0)?, IPV4 | IPV6) => octets.get(20..)?,
        _ => return None,
    };
    let (source, destination, protocol, transport) = match network.first()? >> 4 {
        4 => ipv4(network)?,
        6 => ipv6(network)?,
        _ => return None,
    };
    let from = SocketAddr::new(source, two(transport, 0)?);
    let to = SocketAddr::new(destination, two(transport, 2)?);
    if protocol == UDP {
        let length = usize::from(two(transport, 4)?);
        let payload = transport.get(8..length)?;
        return Some(Seen::Datagram {
            from,
            to,
            payload: payload.into(),
        });
    }
    let sequence = u32::from_be_bytes(transport.get(4..8)?.try_into().ok()?);
    let head = usize::from(*transport.get(12)? >> 4) * 4;
    let flags = *transport.get(13)?;
    if head < 20 {
        return None;
    }
    Some(Seen::Segment {
        from,
        to,
        head: SegmentHead {
            sequence,
            syn: flags & 0x02 != 0,
            ack: flags & 0x10 != 0,
            fin: flags & 0x01 != 0,
            rst: flags & 0x04 != 0,
        },
        payload: transport.get(head..)?.into(),
    })
}

type Network<'a> = (IpAddr, IpAddr, u8, &'a [u8]);

fn ipv4(octets: &[u8]) -> Option<Network<'_>> {
    let head = octets.first_chunk::<20>()?;
    let length = usize::from(head[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let fragment = u16::from_be_bytes([head[6], head[7]]) & 0x3fff;
    let protocol = head[9];
    if length < 20 || fragment != 0 || !matches!(protocol, TCP | UDP) {
        return None;
    }
    let address = |at: usize| {
        let [a, b, c, d] = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    let rest = octets.get(length..total)?;
    Some((address(12), address(16), protocol, rest))
}

fn ipv6(octets: &[u8]) -> Option<Network<'_>> {
    let head = octets.first_chunk::<40>()?;
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let protocol = head[6];
    if !matches!(protocol, TCP | UDP) || length == 0 {
        return None;
    }
    let address = |at: usize| {
        let sixteen: [u8; 16] = head.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(sixteen)))
    };
    let rest = octets.get(40..40 + length)?;
    Some((address(8)?, address(24)?, protocol, rest))
}

fn two(octets: &[u8], at: usize) -> Option<u16> {
    let pair = octets.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}
