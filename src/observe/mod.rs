//! FLOOR 4: recorded octets to ordered facts. Pure: pcapng (or pcap) octets in, facts out; live and from file are the same path.
pub mod facts;

pub use facts::{Direction, Fact, FrameInfo, Observation, Trace};
