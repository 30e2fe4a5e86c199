//! The Diameter header and the AVPs every command has, RFC 6733 section 3.
use super::{Avp, Command, Definition, name, parse_avps, print_avps};
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 6733 section 3";
const HEADER: usize = 20;

/// Command flags; the reserved bits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u8);

impl Flags {
    pub const REQUEST: Self = Self(0x80);
    pub const PROXIABLE: Self = Self(0x40);
    pub const ERROR: Self = Self(0x20);
    pub const RETRANSMITTED: Self = Self(0x10);

    pub fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    #[must_use]
    pub fn with(self, flag: Self) -> Self {
        Self(self.0 | flag.0)
    }
}

/// What an answer says: Result-Code or Experimental-Result (RFC 6733 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultCode {
    Base(u32),
    Experimental { vendor: u32, code: u32 },
}

impl ResultCode {
    /// Codes of 2xxx.
    pub fn is_success(self) -> bool {
        let (Self::Base(code) | Self::Experimental { code, .. }) = self;
        (2000..3000).contains(&code)
    }

    pub fn code(self) -> u32 {
        let (Self::Base(code) | Self::Experimental { code, .. }) = self;
        code
    }

    pub fn to_avp(self) -> Avp {
        match self {
            Self::Base(code) => Avp::number(name::RESULT_CODE, code),
            Self::Experimental { vendor, code } => Avp::group(
                name::EXPERIMENTAL_RESULT,
                &[
                    Avp::number(name::VENDOR_ID, vendor),
                    Avp::number(name::EXPERIMENTAL_RESULT_CODE, code),
                ],
            ),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub flags: Flags,
    pub command: Command,
    pub application: u32,
    pub hop_by_hop: u32,
    pub end_to_end: u32,
    pub avps: Vec<Avp>,
}

impl Message {
    /// Parses one whole framed message.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let Some((header, body)) = octets.split_first_chunk::<HEADER>() else {
            return Err(Malformed::new(
                octets.len(),
                "a header of 20 octets",
                CLAUSE,
            ));
        };
        let word = |at: usize| {
            let four = header.get(at..at + 4).unwrap_or(&[]);
            four.iter()
                .fold(0u32, |word, octet| word << 8 | u32::from(*octet))
        };
        if word(0) >> 24 != 1 {
            return Err(Malformed::new(0, "version 1", CLAUSE));
        }
        if usize::try_from(word(0) & 0x00ff_ffff) != Ok(octets.len()) {
            let expected = format!("message length {}", octets.len());
            return Err(Malformed::new(1, expected, CLAUSE));
        }
        let avps = parse_avps(body).map_err(|malformed| Malformed {
            at: HEADER + malformed.at,
            ..malformed
        })?;
        Ok(Self {
            flags: Flags(header[4]),
            command: Command(word(4) & 0x00ff_ffff),
            application: word(8),
            hop_by_hop: word(12),
            end_to_end: word(16),
            avps,
        })
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let avps = print_avps(&self.avps);
        let length = u32::try_from(HEADER + avps.len()).unwrap_or(u32::MAX);
        let first = 0x0100_0000 | length & 0x00ff_ffff;
        let second = u32::from(self.flags.0) << 24 | self.command.0 & 0x00ff_ffff;
        let words = [
            first,
            second,
            self.application,
            self.hop_by_hop,
            self.end_to_end,
        ];
        let mut octets: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        octets.extend_from_slice(&avps);
        octets
    }

    pub fn is_request(&self) -> bool {
        self.flags.has(Flags::REQUEST)
    }

    /// `TFR`, `OFA`, …
    pub fn name(&self) -> String {
        self.command.name(self.is_request())
    }

    /// The first AVP of that name.
    pub fn find(&self, definition: Definition) -> Option<&Avp> {
        self.avps.iter().find(|avp| avp.is(definition))
    }

    pub fn text(&self, definition: Definition) -> Option<&str> {
        self.find(definition)?.as_text().ok()
    }

    pub fn number(&self, definition: Definition) -> Option<u32> {
        self.find(definition)?.as_number().ok()
    }

    /// Result-Code, else Experimental-Result.
    pub fn result(&self) -> Option<ResultCode> {
        if let Some(code) = self.number(name::RESULT_CODE) {
            return Some(ResultCode::Base(code));
        }
        let members = self.find(name::EXPERIMENTAL_RESULT)?.members().ok()?;
        let number = |definition| {
            let avp = members.iter().find(|avp| avp.is(definition))?;
            avp.as_number().ok()
        };
        Some(ResultCode::Experimental {
            vendor: number(name::VENDOR_ID)?,
            code: number(name::EXPERIMENTAL_RESULT_CODE)?,
        })
    }
}
