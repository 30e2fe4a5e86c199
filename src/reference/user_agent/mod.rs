//! The reference build's SIP user agent (RFC 3261, 3581, 4028, 6026) and MSRP endpoint (RFC 4975).
//!
//! Responsible for transport, transactions, dialogs and message sessions. What a response says (code, reason, header fields, body) is
//! always decided by the caller; this module decides only what the protocols leave no choice about. It stands on `wire` alone and
//! shares no behaviour with the harness's peers. It knows nothing of CPM, SMS or conferences.
mod agent;
pub(in crate::reference) mod client;
mod config;
mod core;
mod dialog;
mod dialog_requests;
mod dialogs;
mod invite;
pub(in crate::reference) mod message;
pub mod msrp;
mod request;
pub(in crate::reference) mod server;
mod session_timer;
mod state;
pub(in crate::reference) mod tasks;
#[cfg(test)]
mod tests;
pub(in crate::reference) mod timers;
pub mod tls;
pub(in crate::reference) mod tokens;
pub(in crate::reference) mod transport;
mod uas;
pub(in crate::reference) mod via;

pub use agent::{RequestError, UserAgent};
pub use config::{ANY_EXTENSION, SipTimers, Transport, UserAgentConfig};
pub use dialog::{Dialog, DialogControl, DialogEvent};
pub use invite::{Answer, ServerInvite};
pub use request::{Body, HeaderList, Incoming, ServerRequest};
