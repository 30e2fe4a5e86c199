//! Short messages: alphabets (3GPP TS 23.038), TPDUs (3GPP TS 23.040) and the RP messages that carry them (3GPP TS 24.011).
//!
//! `tpdu` and `rp` give and take octets, whole messages each; the rest are the fields inside: addresses, times, codings, user data with its
//! header, and cutting a text into parts. What a party does with any of it is written elsewhere.
mod address;
mod alphabet;
mod codes;
mod coding;
mod national;
pub mod rp;
mod segments;
mod time;
pub mod tpdu;
mod tpdu_user_data;
mod user_data;
#[cfg(test)]
mod vectors;

pub use address::{Address, RpAddress, TypeOfNumber, decode_tbcd, encode_tbcd};
pub use alphabet::{
    Coding, decode_gsm7, decode_gsm7_national, decode_ucs2, encode_gsm7, encode_ucs2, pack_septets,
    suits_gsm7, unpack_septets,
};
pub use codes::{StatusClass, cause_name, failure_name, status_class, status_name};
pub use coding::{DataCoding, MessageWaiting};
pub use segments::{ReferenceWidth, Segment, split_text};
pub use time::{LocalTime, TimeStamp, ValidityPeriod};
pub use tpdu_user_data::TpUserData;
pub use user_data::{Concatenation, UserDataHeader};
