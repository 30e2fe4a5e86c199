//! Short message text: alphabets (3GPP TS 23.038), user data header and concatenation (3GPP TS 23.040 clause 9.2.3.24).
mod alphabet;
mod segments;
mod user_data;

pub use alphabet::{
    Coding, decode_gsm7, decode_ucs2, encode_gsm7, encode_ucs2, pack_septets, suits_gsm7,
    unpack_septets,
};
pub use segments::{ReferenceWidth, Segment, split_text};
pub use user_data::{Concatenation, UserDataHeader};
