//! What SIP and HTTP have for saying who one is: Digest access authentication, and the algorithms of IMS AKA that it carries.
//!
//! Grammar and functions without state: nonces, sequence numbers and whom to believe are for whoever challenges and whoever answers.
mod aka;
mod digest;
mod milenage;

pub use aka::{Autn, Auts, Challenge as AkaChallenge, akav2_password};
pub use digest::{Algorithm, Answering, Challenge, Credentials, Qop, next_nonce};
pub use milenage::{Key, Milenage, Vector};
