//! What is read of the two Hello messages (RFC 5246 section 7.4.1, RFC 8446 section 4.1).

/// RFC 8446 section 4.1.3: a ServerHello with this random asks for another ClientHello.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
const SUPPORTED_VERSIONS: u16 = 43;
const TLS_13: [u8; 2] = [3, 4];

/// A ServerHello.
pub(super) struct Hello {
    pub random: Vec<u8>,
    pub suite: u16,
    pub is_13: bool,
}

/// The random of either message.
pub(super) fn random(body: &[u8]) -> Option<Vec<u8>> {
    body.get(2..34).map(<[u8]>::to_vec)
}

impl Hello {
    /// `None` for a request to try again.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let random = random(body).filter(|random| *random != RETRY)?;
        let session = usize::from(*body.get(34)?);
        let rest = body.get(35 + session..)?;
        let suite = word(rest)?;
        // Compression method, then the length of all extensions.
        let mut extensions = rest.get(5..).unwrap_or_default();
        let mut is_13 = false;
        while let (Some(kind), Some(length)) =
            (word(extensions), extensions.get(2..).and_then(word))
        {
            let end = 4 + usize::from(length);
            let value = extensions.get(4..end)?;
            is_13 |= kind == SUPPORTED_VERSIONS && value == TLS_13;
            extensions = extensions.get(end..)?;
        }
        Some(Self {
            random,
            suite,
            is_13,
        })
    }
}

fn word(octets: &[u8]) -> Option<u16> {
    octets.first_chunk().map(|two| u16::from_be_bytes(*two))
}
