//! SDP (RFC 8866) as MSRP needs it (RFC 4975 section 8, RFC 6135), on the grammar of `sdp-types`.
use crate::wire::Malformed;

/// `a=setup` of RFC 4145.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    Active,
    Passive,
    Actpass,
    Holdconn,
}

/// One `m=message` section: everything an MSRP endpoint negotiates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageMedia {
    pub port: u16,
    /// `TCP/MSRP` or `TCP/TLS/MSRP`.
    pub protocol: String,
    /// Connection address of the media or session.
    pub address: String,
    /// `a=path`, in order; the last is the endpoint itself.
    pub path: Vec<String>,
    pub accept_types: Vec<String>,
    pub accept_wrapped_types: Vec<String>,
    pub setup: Option<Setup>,
    /// `sendrecv` (default), `sendonly`, `recvonly`, `inactive`.
    pub direction: String,
    pub max_size: Option<u64>,
}

/// A session description: the typed whole of `sdp-types`, and its message media.
#[derive(Debug, Clone)]
pub struct SessionDescription {
    pub session: sdp_types::Session,
    /// One entry per `m=` line: `None` for media other than message.
    pub message_media: Vec<Option<MessageMedia>>,
}

impl SessionDescription {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let _ = octets;
        todo!()
    }
    /// First usable (`port` not 0) `m=message`.
    pub fn message(&self) -> Option<&MessageMedia> {
        todo!()
    }
}

/// Writes a description with one `m=message` section. `origin_id`/`version` go to the `o=` line.
pub fn write_message_sdp(origin_id: u64, version: u64, media: &MessageMedia) -> Vec<u8> {
    let _ = (origin_id, version, media);
    todo!()
}
