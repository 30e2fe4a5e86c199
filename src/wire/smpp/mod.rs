//! SMPP 3.4 PDUs (and the 5.0 binds seen in the field). Session state is the peers' own.
mod default_alphabet;
mod framing;
mod message;
mod pdu;
mod print;
mod read;
mod receipt;
mod values;

pub use default_alphabet::DefaultAlphabet;
pub use framing::Framer;
pub use message::{ShortMessagePdu, decode_short_message_text};
pub use pdu::{Bind, BindKind, Body, Pdu, Tlv, find_tlv};
pub use read::{BodyRef, Latin1, PduRef, ShortMessageRef, TlvsRef};
pub use receipt::{MessageState, Receipt};
pub use values::{CommandId, status, tag};

#[cfg(test)]
mod tests;
