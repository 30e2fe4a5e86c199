//! FLOOR 2: what we play. Time and octets in, octets and events out (sans-IO).
//!
//! A peer owns no socket, clock or random source: `capture` drives it. One input, then drain the outputs, then the next input.

pub mod attachment;
pub mod authentication;
pub mod behaviour;
pub mod dialog;
pub mod diameter_node;
pub mod handset;
pub mod home_subscriber_server;
pub mod identifiers;
pub mod message_session;
pub mod mmtel_ue;
pub mod offer;
pub mod service_centre;
pub mod smsc;
pub mod transaction;
pub mod transfer;
pub mod ue;
pub mod xcap_client;

use std::net::SocketAddr;
use std::time::Duration;

/// Monotonic time since the run began.
pub type Time = Duration;

/// Names one TCP connection of a machine. Connections a machine dials carry ids of its own choice below 2^32; accepted ones get ids
/// from 2^32 upwards from whoever drives the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// What a socket carries. The driver knows which reference point (`isc`, `gm`, `msrp`, `smpp`, `sgd`) that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Sip,
    Msrp,
    Smpp,
    /// Diameter: SGd, and S6c beside it.
    Diameter,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<C> {
    /// A datagram on the machine's UDP socket.
    Datagram {
        from: SocketAddr,
        octets: Vec<u8>,
    },
    /// A datagram on the machine's media socket.
    Media {
        from: SocketAddr,
        octets: Vec<u8>,
    },
    /// A connection stands: accepted on a listener, or dialled by `Output::Connect`.
    Opened {
        flow: FlowId,
        channel: Channel,
        local: SocketAddr,
        remote: SocketAddr,
    },
    Octets {
        flow: FlowId,
        octets: Vec<u8>,
    },
    /// The other side closed or reset the connection, or a dialled one could not be opened.
    Closed {
        flow: FlowId,
    },
    /// What the scenario wants done.
    Command(C),
    /// `wake_at` has come.
    Wake,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<E> {
    Datagram {
        to: SocketAddr,
        octets: Vec<u8>,
    },
    /// A datagram from the machine's media socket.
    Media {
        to: SocketAddr,
        octets: Vec<u8>,
    },
    Connect {
        flow: FlowId,
        channel: Channel,
        to: SocketAddr,
    },
    Octets {
        flow: FlowId,
        octets: Vec<u8>,
    },
    /// Orderly close, or reset when `abort`.
    Close {
        flow: FlowId,
        abort: bool,
    },
    Event(E),
}

/// A sans-IO protocol machine.
pub trait Machine {
    type Command;
    type Event;
    fn handle(&mut self, now: Time, input: Input<Self::Command>);
    /// Call until `None` after every `handle`.
    fn poll(&mut self) -> Option<Output<Self::Event>>;
    /// When `Input::Wake` is due, if ever.
    fn wake_at(&self) -> Option<Time>;
}
