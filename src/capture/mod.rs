//! FLOOR 3: the edge. Sockets, the clock and the recording of every octet that passes them.
//!
//! A peer of floor 2 knows neither time nor sockets: [`Endpoint`] drives it, and writes each octet into its [`Tap`] before the machine
//! sees it. Nothing here reads a protocol; what the octets mean is found out in `observe`, from the recording.
pub mod calendar;
mod centre;
mod clock;
mod driver;
mod endpoint;
mod enquiry;
mod exchange;
mod flow;
mod http_link;
mod kept;
mod link;
pub mod pacing;
mod packets;
mod pcapng;
mod sctp;
mod secured;
mod socket;
mod switchboard;
mod tap;
mod tls;
pub mod traffic;

pub use centre::{Centre, DiameterCentre};
pub use clock::RunClock;
pub use endpoint::Endpoint;
pub use enquiry::{ask_tcp, ask_tls, ask_udp};
pub use exchange::{Exchange, Handset};
pub use http_link::HttpLink;
pub use kept::Kept;
pub use secured::SipTls;
pub use socket::Sockets;
pub use tap::{Event, Record, SipInterface, Tap};
pub use tls::Tls;

use std::net::SocketAddr;

/// The edge broke: the suite's fault or the machine's it runs on, never the system's under test.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error(
        "cannot open a {what} socket on {address}: {source}; free the address or choose another"
    )]
    Bind {
        what: &'static str,
        address: SocketAddr,
        source: std::io::Error,
    },
    /// `short_messages.sgd.transport` asks for what the kernel does not have.
    #[error(
        "short_messages.sgd.transport: this kernel has no SCTP ({0}); load it (modprobe sctp) or say tcp"
    )]
    NoSctp(std::io::Error),
    /// The profile's section of TLS cannot be used.
    #[error("short_messages.smpp.tls.{key}: {what}")]
    Tls { key: &'static str, what: String },
    /// The profile's section of TLS of SIP cannot be used.
    #[error("sip.tls.{key}: {what}")]
    SipTls { key: &'static str, what: String },
    #[error("a peer of the suite panicked: {0}; this is a defect of the suite, please report it")]
    PeerPanicked(String),
    #[error("a peer of the suite did not stop within {0} seconds; its sockets were abandoned")]
    PeerHangs(u64),
}

impl CaptureError {
    /// `key` is the one of `short_messages.smpp.tls` that is wrong; `what` says how it is put right.
    pub fn tls(key: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Tls { key, what }
    }
}
