//! MSRP messages and chunks (RFC 4975 section 7 and 9). State (which session, which chunks are missing) is the peers' own.
mod chunk;
mod defects;
mod framing;
mod uri;

#[cfg(test)]
mod tests;

pub use chunk::{ByteRange, Continuation, MsrpMessage, MsrpStart};
pub use framing::Framer;
pub use uri::MsrpUri;
