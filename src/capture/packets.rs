//! Builds the IP packets a recording consists of: UDP datagrams as they were, TCP segments around the octets of a connection.
//!
//! The octets, addresses and ports are the real ones. What the operating system keeps to itself (sequence numbers, handshakes, the
//! segment cut) is made up consistently, so that Wireshark follows the streams without a complaint.
use etherparse::{
    IpHeaders, IpNumber, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement,
};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Segment payload that fits every IP packet with room for its headers.
const SEGMENT: usize = 65_000;
const WINDOW: u16 = u16::MAX;
/// A window of a gigabyte, so that no stream needs acknowledgements in between.
const WINDOW_SCALE: u8 = 14;

/// One finished packet and its direction.
pub struct Packet {
    pub outbound: bool,
    pub octets: Vec<u8>,
}

/// Next sequence numbers of both ends of a connection.
#[derive(Debug, Clone, Copy)]
struct Connection {
    local_next: u32,
    remote_next: u32,
    local_finished: bool,
    remote_finished: bool,
}

/// Synthesises packets and remembers what consistency needs.
#[derive(Debug, Default)]
pub struct Packets {
    identification: HashMap<IpAddr, u16>,
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
    opened: u32,
}

/// Both ends of a conversation, seen from the suite.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Ends {
    fn ordered(self, outbound: bool) -> (SocketAddr, SocketAddr) {
        if outbound {
            (self.local, self.remote)
        } else {
            (self.remote, self.local)
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
    rst: bool,
}

impl Packets {
    pub fn datagram(&mut self, ends: Ends, outbound: bool, payload: &[u8]) -> Vec<Packet> {
        let (from, to) = ends.ordered(outbound);
        let builder = PacketBuilder::ip(self.ip(from.ip(), to.ip())).udp(from.port(), to.port());
        let mut octets = Vec::with_capacity(builder.size(payload.len()));
        // Writing into a Vec fails only for payloads no datagram can have; such a record leaves an empty list.
        match builder.write(&mut octets, payload) {
            Ok(()) => vec![Packet { outbound, octets }],
            Err(_) => Vec::new(),
        }
    }

    /// The three-way handshake.
    pub fn opened(&mut self, ends: Ends, dialled: bool) -> Vec<Packet> {
        self.opened = self.opened.wrapping_add(1);
        let first = self.opened.wrapping_mul(100_003);
        let mut connection = Connection {
            local_next: first,
            remote_next: first.wrapping_add(50_000),
            local_finished: false,
            remote_finished: false,
        };
        let mut packets = Vec::new();
        let syn = Flags {
            syn: true,
            ..Flags::default()
        };
        let both = Flags { ack: true, ..syn };
        let ack = Flags {
            ack: true,
            ..Flags::default()
        };
        self.segment(&mut packets, ends, dialled, &mut connection, syn, b"");
        self.segment(&mut packets, ends, !dialled, &mut connection, both, b"");
        self.segment(&mut packets, ends, dialled, &mut connection, ack, b"");
        self.connections
            .insert((ends.local, ends.remote), connection);
        packets
    }

    /// Stream octets. A connection not seen before gets its handshake first (the remote side dialled).
    pub fn data(&mut self, ends: Ends, outbound: bool, payload: &[u8]) -> Vec<Packet> {
        let key = (ends.local, ends.remote);
        let mut packets = Vec::new();
        if !self.connections.contains_key(&key) {
            packets.extend(self.opened(ends, false));
        }
        let Some(mut connection) = self.connections.get(&key).copied() else {
            return packets;
        };
        let flags = Flags {
            psh: true,
            ack: true,
            ..Flags::default()
        };
        for piece in payload.chunks(SEGMENT) {
            self.segment(&mut packets, ends, outbound, &mut connection, flags, piece);
        }
        self.connections.insert(key, connection);
        packets
    }

    /// The FIN of one side and its acknowledgement, or a reset. The other side may go on sending until its own `closed`.
    /// Nothing if that side of the connection is not open.
    pub fn closed(&mut self, ends: Ends, outbound: bool, reset: bool) -> Vec<Packet> {
        let key = (ends.local, ends.remote);
        let mut packets = Vec::new();
        let Some(mut connection) = self.connections.remove(&key) else {
            return packets;
        };
        let ack = Flags {
            ack: true,
            ..Flags::default()
        };
        if reset {
            let flags = Flags { rst: true, ..ack };
            self.segment(&mut packets, ends, outbound, &mut connection, flags, b"");
            return packets;
        }
        let finished = if outbound {
            &mut connection.local_finished
        } else {
            &mut connection.remote_finished
        };
        if !std::mem::replace(finished, true) {
            let fin = Flags { fin: true, ..ack };
            self.segment(&mut packets, ends, outbound, &mut connection, fin, b"");
            self.segment(&mut packets, ends, !outbound, &mut connection, ack, b"");
        }
        if !(connection.local_finished && connection.remote_finished) {
            self.connections.insert(key, connection);
        }
        packets
    }

    fn segment(
        &mut self,
        packets: &mut Vec<Packet>,
        ends: Ends,
        outbound: bool,
        connection: &mut Connection,
        flags: Flags,
        payload: &[u8],
    ) {
        let (from, to) = ends.ordered(outbound);
        let (own, other) = if outbound {
            (&mut connection.local_next, connection.remote_next)
        } else {
            (&mut connection.remote_next, connection.local_next)
        };
        let mut header = TcpHeader::new(from.port(), to.port(), *own, WINDOW);
        header.syn = flags.syn;
        header.ack = flags.ack;
        header.psh = flags.psh;
        header.fin = flags.fin;
        header.rst = flags.rst;
        if flags.ack {
            header.acknowledgment_number = other;
        }
        if flags.syn {
            let options = [
                TcpOptionElement::MaximumSegmentSize(65_495),
                TcpOptionElement::WindowScale(WINDOW_SCALE),
            ];
            // Two short options always fit into the 40 octets of option space.
            if header.set_options(&options).is_err() {
                return;
            }
        }
        let length = payload.len() + usize::from(flags.syn) + usize::from(flags.fin);
        *own = own.wrapping_add(u32::try_from(length).unwrap_or(0));
        let builder = PacketBuilder::ip(self.ip(from.ip(), to.ip())).tcp_header(header);
        let mut octets = Vec::with_capacity(builder.size(payload.len()));
        if builder.write(&mut octets, payload).is_ok() {
            packets.push(Packet { outbound, octets });
        }
    }

    /// Lengths, protocol and checksums are filled in by the builder.
    fn ip(&mut self, from: IpAddr, to: IpAddr) -> IpHeaders {
        if let (IpAddr::V4(source), IpAddr::V4(destination)) =
            (from.to_canonical(), to.to_canonical())
        {
            let counter = self.identification.entry(from).or_insert(0);
            *counter = counter.wrapping_add(1);
            let mut header = Ipv4Header {
                time_to_live: 64,
                identification: *counter,
                dont_fragment: false,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv4Header::default()
            };
            header.protocol = IpNumber::UDP;
            return IpHeaders::Ipv4(header, Default::default());
        }
        let header = Ipv6Header {
            hop_limit: 64,
            source: six(from),
            destination: six(to),
            next_header: IpNumber::UDP,
            ..Ipv6Header::default()
        };
        IpHeaders::Ipv6(header, Default::default())
    }
}

fn six(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
