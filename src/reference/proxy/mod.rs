//! A transaction-stateful SIP proxy (RFC 3261 section 16), for the roles that pass requests on: S-CSCF and MMTel AS.
//!
//! Responsible for transactions on both sides, response forwarding, CANCEL, forking and the timers. Where a request goes, or that it is
//! refused, is always decided by the role, through [`Service`]. It keeps no dialogs: what has a To-tag follows its route set.
mod client;
mod core;
mod forward;
mod server;
mod state;

pub use self::core::Proxy;
pub use forward::{NextHop, is_own, next_hop};

use super::user_agent::{Body, HeaderList, Transport};
use crate::wire::sip::{SipMessage, SipUri};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

/// What a role does with requests.
pub trait Service: Send + Sync + 'static {
    /// Decides on a request: one that begins a transaction, or the ACK of a 2xx (of which only the first `Forward` counts).
    fn request(&self, arrived: Arrived) -> Decision;
}

/// A request as a role sees it.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// As received, but without the Route value that named this proxy.
    pub request: SipMessage,
    /// The Route value that named this proxy.
    pub own_route: Option<SipUri>,
    pub source: SocketAddr,
    pub transport: Transport,
}

/// What becomes of a request.
pub enum Decision {
    /// To all of these at the same time; the best response goes back (RFC 3261 section 16.7).
    Forward(Vec<Forward>),
    /// Answered here: any number of provisional responses, then a final one.
    Respond(Vec<Response>),
    /// Not known yet.
    Later(Pin<Box<dyn Future<Output = Decision> + Send>>),
}

impl Decision {
    /// One final response without further header fields.
    pub fn respond(code: u16, reason: &str) -> Self {
        Self::Respond(vec![Response::new(code, reason)])
    }
}

/// A request that is to leave.
#[derive(Debug, Clone)]
pub struct Forward {
    /// As it is to leave, but for Via and Max-Forwards, which the proxy writes.
    pub request: SipMessage,
    pub to: NextHop,
    /// Adds a Record-Route value of this proxy.
    pub record_route: bool,
}

/// A response of this proxy's own.
#[derive(Debug, Clone)]
pub struct Response {
    pub code: u16,
    pub reason: String,
    pub headers: HeaderList,
    pub body: Option<Body>,
    /// To-tag of a dialog that the role keeps itself.
    pub to_tag: Option<String>,
    /// How long after the one before it.
    pub after: Duration,
}

impl Response {
    pub fn new(code: u16, reason: &str) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            headers: HeaderList::new(),
            body: None,
            to_tag: None,
            after: Duration::ZERO,
        }
    }

    /// With one more header field.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
