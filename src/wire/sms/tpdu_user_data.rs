//! TP-User-Data, 3GPP TS 23.040 clauses 9.2.3.16 and 9.2.3.24: its length in septets or octets, its header and the text behind it.
//!
//! Keeps the octets as they came; header and text are read off them on request.
use super::{
    Coding, DataCoding, Segment, UserDataHeader, decode_gsm7_national, decode_ucs2, pack_septets,
    unpack_septets,
};
use crate::wire::Malformed;

const CLAUSE_LENGTH: &str = "3GPP TS 23.040 clause 9.2.3.16";
const CLAUSE_HEADER: &str = "3GPP TS 23.040 clause 9.2.3.24";
const MOST_OCTETS: usize = 140;

/// TP-UDL and TP-UD.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TpUserData {
    /// TP-UDHI: the octets begin with a user data header.
    pub has_header: bool,
    /// TP-UDL as it stands: septets for uncompressed GSM 7-bit text, else octets.
    pub length: u8,
    pub octets: Vec<u8>,
}

/// Septets a header of `octets` takes, and the fill bits behind it.
fn header_septets(octets: usize) -> (usize, usize) {
    let septets = (8 * octets).div_ceil(7);
    (septets, 7 * septets - 8 * octets)
}

impl TpUserData {
    /// A header (empty for none) before text of `coding`: unpacked septets for GSM 7-bit, octets otherwise.
    pub fn compose(header: &[u8], coding: Coding, payload: &[u8]) -> Self {
        let mut octets = header.to_vec();
        let length = if coding == Coding::Gsm7 {
            let (before, fill) = header_septets(header.len());
            octets.extend(pack_septets(payload, fill));
            before + payload.len()
        } else {
            octets.extend_from_slice(payload);
            octets.len()
        };
        Self {
            has_header: !header.is_empty(),
            length: u8::try_from(length).unwrap_or(u8::MAX),
            octets,
        }
    }

    pub fn of_segment(segment: &Segment) -> Self {
        Self::compose(&segment.header, segment.coding, &segment.payload)
    }

    /// TP-UDL and TP-UD at the begin of `octets` and how many octets they took; positions count from `at`.
    pub(super) fn parse(
        octets: &[u8],
        at: usize,
        has_header: bool,
        scheme: DataCoding,
    ) -> Result<(Self, usize), Malformed> {
        let Some((&length, rest)) = octets.split_first() else {
            return Err(Malformed::new(at, "TP-UDL", CLAUSE_LENGTH));
        };
        let size = match (usize::from(length), scheme.counts_septets()) {
            (septets, true) => (7 * septets).div_ceil(8),
            (size, false) => size,
        };
        if size > MOST_OCTETS {
            let expected = "at most 140 octets of user data (160 septets)";
            return Err(Malformed::new(at, expected, CLAUSE_LENGTH));
        }
        let data = rest.get(..size).ok_or_else(|| {
            let expected = format!("{size} octets of user data");
            Malformed::new(at + octets.len(), expected, CLAUSE_LENGTH)
        })?;
        if let Some(&header) = data.first().filter(|_| has_header)
            && usize::from(header) + 1 > size
        {
            let expected = "a header length (UDHL) within the user data";
            return Err(Malformed::new(at + 1, expected, CLAUSE_HEADER));
        }
        if has_header && data.is_empty() {
            let expected = "the user data header that TP-UDHI announces";
            return Err(Malformed::new(at, expected, CLAUSE_HEADER));
        }
        let user_data = Self {
            has_header,
            length,
            octets: data.to_vec(),
        };
        Ok((user_data, 1 + size))
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        octets.push(self.length);
        octets.extend_from_slice(&self.octets);
    }

    /// The header, empty if there is none. An element that does not end within UDHL makes a receiver ignore the whole header.
    pub fn header(&self) -> Result<UserDataHeader, Malformed> {
        if !self.has_header {
            return Ok(UserDataHeader::default());
        }
        UserDataHeader::parse(&self.octets).map(|(header, _)| header)
    }

    fn header_octets(&self) -> usize {
        let length = self.octets.first().copied().map_or(0, usize::from);
        let size = if self.has_header { 1 + length } else { 0 };
        size.min(self.octets.len())
    }

    /// Octets behind the header.
    pub fn payload(&self) -> &[u8] {
        &self.octets[self.header_octets()..]
    }

    /// Unpacked septets behind the header.
    pub fn septets(&self) -> Result<Vec<u8>, Malformed> {
        let header = self.header_octets();
        let (before, fill) = header_septets(header);
        let count = usize::from(self.length).saturating_sub(before);
        unpack_septets(self.payload(), count, fill)
    }

    /// The text; `None` if the octets are data or compressed. `Err.at` counts octets of TP-UD, or septets behind the header.
    pub fn text(&self, scheme: DataCoding) -> Result<Option<String>, Malformed> {
        if scheme.is_compressed() {
            return Ok(None);
        }
        match scheme.coding() {
            Coding::Octets => Ok(None),
            Coding::Ucs2 => decode_ucs2(self.payload()).map(Some).map_err(|malformed| {
                Malformed::new(
                    malformed.at + self.header_octets(),
                    malformed.expected,
                    malformed.clause,
                )
            }),
            Coding::Gsm7 => {
                let (single, locking) = self.header().unwrap_or_default().national_languages();
                decode_gsm7_national(&self.septets()?, single, locking).map(Some)
            }
        }
    }
}
