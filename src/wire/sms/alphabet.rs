//! The GSM 7-bit default alphabet with its extension table, and UCS2 read as UTF-16BE.
use crate::wire::Malformed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gsm7,
    Ucs2,
    Octets,
}

/// True if every character is in the default alphabet or its extension table.
pub fn suits_gsm7(text: &str) -> bool {
    let _ = text;
    todo!()
}
/// Unpacked septets, one per octet, extension characters as 0x1B + code. `Err.at` = index of the character that has no code.
pub fn encode_gsm7(text: &str) -> Result<Vec<u8>, Malformed> {
    let _ = text;
    todo!()
}
/// Text of unpacked septets; unknown extension codes show the default-table character, ESC ESC and a lone last ESC a space.
pub fn decode_gsm7(septets: &[u8]) -> Result<String, Malformed> {
    let _ = septets;
    todo!()
}
pub fn encode_ucs2(text: &str) -> Vec<u8> {
    let _ = text;
    todo!()
}
/// UTF-16BE; odd length and lone surrogates are malformed.
pub fn decode_ucs2(octets: &[u8]) -> Result<String, Malformed> {
    let _ = octets;
    todo!()
}
/// Packs septets after `fill_bits` bits of fill (3GPP TS 23.038 clause 6.1.2.1).
pub fn pack_septets(septets: &[u8], fill_bits: usize) -> Vec<u8> {
    let _ = (septets, fill_bits);
    todo!()
}
pub fn unpack_septets(octets: &[u8], count: usize, fill_bits: usize) -> Result<Vec<u8>, Malformed> {
    let _ = (octets, count, fill_bits);
    todo!()
}
