//! SIP messages (RFC 3261) as a lossless layer: any octets in and out, with rsip as the typed view over it.
mod address;
mod check;
mod dialog_names;
mod framing;
mod grammar;
mod message;
mod multipart;
mod parse;
mod typed;
mod uri;
#[cfg(test)]
mod vectors;
mod via;

pub use address::NameAddr;
pub use dialog_names::{DialogName, ReferTo, sipfrag_status};
pub use framing::{Frame, Framer};
pub use message::{Header, SipMessage, StartLine};
pub use multipart::{BodyPart, multipart_parts, write_multipart};
pub use uri::{SipUri, number_of, unescape};
pub use via::Via;
