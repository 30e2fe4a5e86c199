//! User data header, 3GPP TS 23.040 clause 9.2.3.24.
use crate::wire::Malformed;

/// Concatenation information element (IEI 00 or 08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concatenation {
    pub reference: u16,
    pub wide: bool,
    pub total: u8,
    pub sequence: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserDataHeader {
    /** (IEI, data) in order */
    pub elements: Vec<(u8, Vec<u8>)>,
}

impl UserDataHeader {
    /// Parses UDHL and the elements; gives the header and the number of octets it took (UDHL included).
    pub fn parse(user_data: &[u8]) -> Result<(Self, usize), Malformed> {
        let _ = user_data;
        todo!()
    }
    pub fn to_octets(&self) -> Vec<u8> {
        todo!()
    }
    /// The last valid concatenation element (sequence 1..=total), clause 9.2.3.24.1: others are ignored.
    pub fn concatenation(&self) -> Option<Concatenation> {
        todo!()
    }
    pub fn with_concatenation(c: Concatenation) -> Self {
        let _ = c;
        todo!()
    }
}
