//! Reads a growing capture and keeps the trace of what it has seen.
use super::{ObserveError, Trace};
use std::net::SocketAddr;

/// Feed it pcapng octets as they are appended to a capture; the trace is always that of all whole blocks so far.
#[derive(Debug, Default)]
pub struct Observer {
    trace: Trace,
}

impl Observer {
    pub fn new() -> Self {
        Self::default()
    }
    /// For captures the suite did not write: packets to one of these addresses go to the system (port 0 = any port of the host).
    pub fn for_system(addresses: Vec<SocketAddr>) -> Self {
        let _ = addresses;
        todo!()
    }
    /// Octets need not be whole blocks. After an error the observer keeps what it has read.
    pub fn feed(&mut self, octets: &[u8]) -> Result<(), ObserveError> {
        let _ = octets;
        todo!()
    }
    /// The capture is over: what waits for missing TCP segments is read around the gap, a cut block is an error.
    pub fn finish(&mut self) -> Result<(), ObserveError> {
        todo!()
    }
    pub fn into_trace(self) -> Trace {
        self.trace
    }
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}
