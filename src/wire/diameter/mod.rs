//! Diameter (RFC 6733): header, AVPs, and the commands short messages need: SGd/Gdd and S6c (3GPP TS 29.338).
//!
//! Identifiers, capabilities and answers are the peers' own: nothing here numbers, routes or fills in.
mod avp;
mod dictionary;
mod framing;
mod message;
mod short_message;
mod tbcd;

pub use avp::{Avp, parse_avps, print_avps};
pub use dictionary::{Command, Definition, application, name, result, vendor};
pub use framing::Framer;
pub use message::{Flags, Message, ResultCode};
pub use short_message::{
    DeliveryFailure, DeliveryOutcome, OutcomeOf, ServingNode, UserIdentifier, failure_cause,
};
pub use tbcd::{decode_tbcd, encode_tbcd};

#[cfg(test)]
mod tests;
