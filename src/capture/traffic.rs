//! Whoever wants to know when SIP datagrams leave and arrive: the guard of `run --clock virtual`, which holds both sides against each
//! other. Nobody else asks, and it then costs nothing.
use std::net::SocketAddr;
use std::sync::OnceLock;

/// What happened to a datagram, or to the socket it would arrive at.
#[derive(Debug, Clone, Copy)]
pub enum Traffic {
    Opened(SocketAddr),
    Sent { from: SocketAddr, to: SocketAddr },
    Received { from: SocketAddr, to: SocketAddr },
}

static WATCH: OnceLock<fn(Traffic)> = OnceLock::new();

/// From now on everything is told.
pub fn tell(watch: fn(Traffic)) {
    WATCH.get_or_init(|| watch);
}

pub(super) fn happened(traffic: Traffic) {
    if let Some(watch) = WATCH.get() {
        watch(traffic);
    }
}
