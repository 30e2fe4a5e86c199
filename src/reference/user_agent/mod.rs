//! The reference build's SIP user agent (RFC 3261, 3581, 4028, 6026) and MSRP endpoint (RFC 4975).
//!
//! Responsible for transport, transactions, dialogs and message sessions. What a response says (code, reason, header fields, body) is
//! always decided by the caller; this module decides only what the protocols leave no choice about. It stands on `wire` alone and
//! shares no behaviour with the harness's peers. It knows nothing of CPM, SMS or conferences.
mod agent;
mod client;
mod config;
mod core;
mod dialog;
mod dialog_requests;
mod dialogs;
mod invite;
mod message;
pub mod msrp;
mod request;
mod server;
mod session_timer;
mod state;
mod tasks;
#[cfg(test)]
mod tests;
mod timers;
mod tokens;
mod transport;
mod uas;
mod via;

pub use agent::{RequestError, UserAgent};
pub use config::{SipTimers, Transport, UserAgentConfig};
pub use dialog::{Dialog, DialogControl, DialogEvent};
pub use invite::{Answer, ServerInvite};
pub use request::{Body, HeaderList, Incoming, ServerRequest};
