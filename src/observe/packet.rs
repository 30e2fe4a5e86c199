//! From the link layer to UDP and TCP: link types of loopback, Ethernet, cooked and IP captures; IP fragments put together.
use etherparse::defrag::IpDefragPool;
use etherparse::{
    EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, SlicedPacket, TcpSlice, TransportSlice,
    UdpSlice,
};
use std::net::{IpAddr, SocketAddr};

/// How long fragments wait for the rest of their datagram: RFC 8200 section 4.5.
const FRAGMENT_NANOSECONDS: u64 = 60_000_000_000;

/// A TCP segment.
#[derive(Debug, Clone)]
pub struct Segment {
    pub sequence: u32,
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
    pub payload: Vec<u8>,
}

#[derive(Debug, Clone)]
pub enum Carried {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        payload: Vec<u8>,
    },
    Segment {
        from: SocketAddr,
        to: SocketAddr,
        segment: Segment,
    },
    /// Neither UDP nor TCP.
    Other,
    /// Cut by the capturing tool or broken: in words.
    Unreadable(String),
}

/// Reads packets; remembers IP fragments.
#[derive(Debug)]
pub struct Packets {
    fragments: IpDefragPool<u64, ()>,
}

impl Default for Packets {
    fn default() -> Self {
        Self {
            fragments: IpDefragPool::new(),
        }
    }
}

impl Packets {
    /// `None` for a link type that is not read.
    pub fn read(&mut self, link_type: i32, octets: &[u8], at: u64) -> Option<Carried> {
        let network = network_layer(link_type, octets)?;
        let (ether_type, octets) = match network {
            Ok(network) => network,
            Err(words) => return Some(Carried::Unreadable(words.to_owned())),
        };
        let sliced = match ether_type {
            Layer::Ethernet => LaxSlicedPacket::from_ethernet(octets).ok(),
            Layer::Type(ether_type) => Some(LaxSlicedPacket::from_ether_type(ether_type, octets)),
            Layer::Ip => LaxSlicedPacket::from_ip(octets).ok(),
        };
        let Some(sliced) = sliced else {
            return Some(Carried::Unreadable("packet without a whole header".into()));
        };
        let Some((source, destination)) = addresses(&sliced) else {
            return Some(Carried::Other);
        };
        let Some(payload) = sliced.ip_payload() else {
            return Some(Carried::Other);
        };
        if payload.fragmented {
            return Some(self.fragment(&ether_type, octets, at, source, destination));
        }
        if payload.incomplete {
            return Some(Carried::Unreadable(
                "packet cut by the capturing tool".into(),
            ));
        }
        Some(match &sliced.transport {
            Some(TransportSlice::Udp(udp)) => datagram(udp, source, destination),
            Some(TransportSlice::Tcp(tcp)) => segment(tcp, source, destination),
            Some(_) => Carried::Other,
            None if sliced.stop_err.is_some() => Carried::Unreadable("broken packet".into()),
            None => Carried::Other,
        })
    }

    fn fragment(
        &mut self,
        layer: &Layer,
        octets: &[u8],
        at: u64,
        source: IpAddr,
        destination: IpAddr,
    ) -> Carried {
        self.fragments
            .retain(|seen| seen.saturating_add(FRAGMENT_NANOSECONDS) > at);
        let strict = match layer {
            Layer::Ethernet => SlicedPacket::from_ethernet(octets),
            Layer::Type(ether_type) => SlicedPacket::from_ether_type(*ether_type, octets),
            Layer::Ip => SlicedPacket::from_ip(octets),
        };
        let Ok(strict) = strict else {
            return Carried::Unreadable("broken IP fragment".into());
        };
        match self.fragments.process_sliced_packet(&strict, at, ()) {
            Ok(Some(whole)) => match whole.ip_number {
                IpNumber::UDP => UdpSlice::from_slice(&whole.payload)
                    .map_or(Carried::Other, |udp| datagram(&udp, source, destination)),
                IpNumber::TCP => TcpSlice::from_slice(&whole.payload)
                    .map_or(Carried::Other, |tcp| segment(&tcp, source, destination)),
                _ => Carried::Other,
            },
            Ok(None) => Carried::Other,
            Err(_) => Carried::Unreadable("contradicting IP fragments".into()),
        }
    }
}

enum Layer {
    Ethernet,
    Type(EtherType),
    Ip,
}

/// Takes what precedes the network layer away; `None` = unknown link type.
fn network_layer(link_type: i32, octets: &[u8]) -> Option<Result<(Layer, &[u8]), &'static str>> {
    const SHORT: &str = "packet without a whole link header";
    let after = |length: usize| octets.get(length..).ok_or(SHORT);
    let ether_type = |at: usize| match octets.get(at..at + 2) {
        Some([high, low]) => Ok(EtherType(u16::from_be_bytes([*high, *low]))),
        _ => Err(SHORT),
    };
    Some(match link_type {
        1 => Ok((Layer::Ethernet, octets)),
        // NULL and LOOP: four octets of address family.
        0 | 108 => after(4).map(|rest| (Layer::Ip, rest)),
        // RAW under its names of various systems, IPV4, IPV6.
        12 | 14 | 101 | 228 | 229 => Ok((Layer::Ip, octets)),
        // Linux cooked, versions 1 and 2.
        113 => ether_type(14).and_then(|kind| Ok((Layer::Type(kind), after(16)?))),
        276 => ether_type(0).and_then(|kind| Ok((Layer::Type(kind), after(20)?))),
        _ => return None,
    })
}

fn addresses(sliced: &LaxSlicedPacket<'_>) -> Option<(IpAddr, IpAddr)> {
    match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => Some((
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        )),
        LaxNetSlice::Ipv6(ip) => Some((
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        )),
        LaxNetSlice::Arp(_) => None,
    }
}

fn datagram(udp: &UdpSlice<'_>, source: IpAddr, destination: IpAddr) -> Carried {
    Carried::Datagram {
        from: SocketAddr::new(source, udp.source_port()),
        to: SocketAddr::new(destination, udp.destination_port()),
        payload: udp.payload().to_vec(),
    }
}

fn segment(tcp: &TcpSlice<'_>, source: IpAddr, destination: IpAddr) -> Carried {
    Carried::Segment {
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        segment: Segment {
            sequence: tcp.sequence_number(),
            syn: tcp.syn(),
            ack: tcp.ack(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            payload: tcp.payload().to_vec(),
        },
    }
}
