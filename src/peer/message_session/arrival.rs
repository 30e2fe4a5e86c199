//! An accepted connection before it belongs to a session (RFC 4975 section 5.4).
//!
//! The To-Path of the first request names the session. Which sessions there are is known to whoever owns them.
use super::answering::response_to;
use crate::wire::msrp::{Framer, MsrpMessage, MsrpUri};

/// Octets kept before the first request is whole.
const LIMIT: usize = 1024 * 1024;

/// An accepted connection that belongs to no session yet (RFC 4975 section 5.4: the first request's To-Path binds it).
#[derive(Debug, Default)]
pub struct ArrivingConnection {
    octets: Vec<u8>,
    framer: Framer,
}

/// What the first octets of an accepted connection say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Not enough octets yet.
    Wait,
    /// The connection is for the session that serves this URI: call its `opened` and hand it `octets`. If no session does,
    /// send `refuse(&octets, 481)`; if that session has a connection already, `refuse(&octets, 506)`; then close.
    For { uri: MsrpUri, octets: Vec<u8> },
    /// No MSRP request for an endpoint: send these octets (possibly none) and close.
    Refuse(Vec<u8>),
}

impl ArrivingConnection {
    pub fn octets(&mut self, octets: &[u8]) -> Arrival {
        self.octets.extend_from_slice(octets);
        self.framer.push(octets);
        let request = match message(&mut self.framer) {
            None if self.octets.len() > LIMIT => return Arrival::Refuse(Vec::new()),
            None => return Arrival::Wait,
            Some(Some(request)) if request.method().is_some() => request,
            Some(_) => return Arrival::Refuse(Vec::new()),
        };
        match request.to_path().first().map(|uri| MsrpUri::parse(uri)) {
            Some(Ok(uri)) => Arrival::For {
                uri,
                octets: std::mem::take(&mut self.octets),
            },
            _ => Arrival::Refuse(Self::refuse(&self.octets, 400)),
        }
    }

    /// The response that refuses the first request of `octets`; empty if it wants none.
    pub fn refuse(octets: &[u8], code: u16) -> Vec<u8> {
        let mut framer = Framer::default();
        framer.push(octets);
        match message(&mut framer).flatten() {
            Some(request)
                if !matches!(request.method(), None | Some("REPORT"))
                    && request.header("Failure-Report") != Some("no") =>
            {
                response_to(&request, code, "", "").to_octets()
            }
            _ => Vec::new(),
        }
    }
}

/// `None`: not whole yet; `Some(None)`: no MSRP.
fn message(framer: &mut Framer) -> Option<Option<MsrpMessage>> {
    let frame = framer.next_frame()?;
    Some(frame.ok().and_then(|frame| MsrpMessage::parse(&frame).ok()))
}
