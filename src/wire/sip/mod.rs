//! SIP messages (RFC 3261) as a lossless layer: any octets in and out, with rsip as the typed view over it.
mod address;
mod check;
mod dialog_names;
mod fields;
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

pub use address::{NameAddr, NameAddrRef};
pub use dialog_names::{DialogName, ReferTo, sipfrag_status};
pub use fields::Header;
pub use framing::{Frame, Framer};
pub use grammar::ParamsRef;
pub use message::{SipMessage, StartLine};
pub use multipart::{BodyPart, multipart_parts, write_multipart};
pub use uri::{SipUri, SipUriRef, number_of, unescape};
pub use via::{Via, ViaRef};
