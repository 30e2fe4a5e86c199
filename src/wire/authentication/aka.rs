//! What Digest AKA (RFC 3310, RFC 4169) and 3GPP TS 33.102 clause 6.3 put where: RAND and AUTN in the nonce, AUTS in a parameter, and the
//! password of AKAv2.
use super::milenage::{Key, Milenage, Vector, sqn_from, sqn_octets};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};

/// RFC 4169 section 3.
const PASSWORD_LABEL: &[u8] = b"http-digest-akav2-password";

/// TS 33.102 clause 6.3.2: SQN concealed by AK, AMF, MAC-A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autn {
    pub concealed_sqn: [u8; 6],
    pub amf: [u8; 2],
    pub mac: [u8; 8],
}

impl Autn {
    /// The token for a sequence number.
    pub fn new(milenage: &Milenage, rand: &Key, sqn: u64, amf: [u8; 2]) -> Self {
        let sqn = sqn_octets(sqn);
        Self {
            concealed_sqn: xor(sqn, milenage.vector(rand).ak),
            amf,
            mac: milenage.f1(rand, sqn, amf).0,
        }
    }

    /// The sequence number, if the token comes from somebody with the key.
    pub fn open(&self, milenage: &Milenage, rand: &Key) -> Option<u64> {
        let sqn = xor(self.concealed_sqn, milenage.vector(rand).ak);
        (milenage.f1(rand, sqn, self.amf).0 == self.mac).then(|| sqn_from(sqn))
    }
}

/// TS 33.102 clause 6.3.3: the sequence number of the USIM concealed by AK of f5*, and MAC-S with an AMF of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auts {
    concealed_sqn: [u8; 6],
    mac: [u8; 8],
}

impl Auts {
    pub fn new(milenage: &Milenage, rand: &Key, sqn: u64) -> Self {
        let sqn = sqn_octets(sqn);
        Self {
            concealed_sqn: xor(sqn, milenage.vector(rand).ak_resync),
            mac: milenage.f1(rand, sqn, [0; 2]).1,
        }
    }

    /// The sequence number, if the token comes from somebody with the key and answers this RAND.
    pub fn open(&self, milenage: &Milenage, rand: &Key) -> Option<u64> {
        let sqn = xor(self.concealed_sqn, milenage.vector(rand).ak_resync);
        (milenage.f1(rand, sqn, [0; 2]).1 == self.mac).then(|| sqn_from(sqn))
    }

    pub fn octets(&self) -> [u8; 14] {
        let Self { concealed_sqn, mac } = self;
        std::array::from_fn(|at| {
            if at < 6 {
                concealed_sqn[at]
            } else {
                mac[at - 6]
            }
        })
    }

    /// As the parameter `auts` has it.
    pub fn to_value(&self) -> String {
        STANDARD.encode(self.octets())
    }

    pub fn parse(value: &str) -> Option<Self> {
        let octets = STANDARD.decode(value).ok()?;
        Some(Self::from_octets(octets.try_into().ok()?))
    }

    pub fn from_octets(octets: [u8; 14]) -> Self {
        Self {
            concealed_sqn: std::array::from_fn(|at| octets[at]),
            mac: std::array::from_fn(|at| octets[at + 6]),
        }
    }
}

/// What a nonce of Digest AKA holds (RFC 3310 section 3.2). Data of the server behind it are the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    pub rand: Key,
    pub autn: Autn,
}

impl Challenge {
    pub fn to_nonce(&self) -> String {
        let autn = &self.autn;
        let octets = [&self.rand[..], &autn.concealed_sqn, &autn.amf, &autn.mac];
        STANDARD.encode(octets.concat())
    }

    pub fn of_nonce(nonce: &str) -> Option<Self> {
        let octets = STANDARD.decode(nonce.trim()).ok()?;
        let octets: &[u8; 32] = octets.first_chunk()?;
        Some(Self {
            rand: std::array::from_fn(|at| octets[at]),
            autn: Autn {
                concealed_sqn: std::array::from_fn(|at| octets[at + 16]),
                amf: [octets[22], octets[23]],
                mac: std::array::from_fn(|at| octets[at + 24]),
            },
        })
    }
}

/// RFC 4169 section 3: HMAC-MD5 of the label under RES, IK and CK, in base64.
pub fn akav2_password(vector: &Vector) -> Vec<u8> {
    let key = [&vector.res[..], &vector.ik, &vector.ck].concat();
    // HMAC takes keys of every length.
    let Ok(mut prf) = Hmac::<md5::Md5>::new_from_slice(&key) else {
        return Vec::new();
    };
    prf.update(PASSWORD_LABEL);
    STANDARD.encode(prf.finalize().into_bytes()).into_bytes()
}

fn xor(mut left: [u8; 6], right: [u8; 6]) -> [u8; 6] {
    for (octet, other) in left.iter_mut().zip(right) {
        *octet ^= other;
    }
    left
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn milenage() -> Milenage {
        Milenage::new(&[7; 16], [9; 16])
    }

    #[test]
    fn a_nonce_gives_back_what_was_put_into_it() {
        let (milenage, rand) = (milenage(), [3; 16]);
        let autn = Autn::new(&milenage, &rand, 4711, [0x80, 0]);
        let challenge = Challenge { rand, autn };
        assert_eq!(Challenge::of_nonce(&challenge.to_nonce()), Some(challenge));
        assert_eq!(autn.open(&milenage, &rand), Some(4711));
        assert_eq!(autn.open(&milenage, &[4; 16]), None);
        assert_eq!(autn.open(&Milenage::new(&[8; 16], [9; 16]), &rand), None);
        assert_eq!(Challenge::of_nonce("AAAA"), None);
        assert_eq!(Challenge::of_nonce("?"), None);
    }

    /// RFC 3310 section 4 prints nonces with data of the server behind RAND and AUTN.
    #[test]
    fn data_of_the_server_stand_behind_rand_and_autn() {
        let octets: Vec<u8> = (0..40).collect();
        let challenge = Challenge::of_nonce(&STANDARD.encode(&octets)).unwrap();
        assert_eq!(challenge.rand[15], 15);
        assert_eq!((challenge.autn.amf, challenge.autn.mac[7]), ([22, 23], 31));
    }

    #[test]
    fn auts_is_believed_for_its_own_rand_only() {
        let milenage = milenage();
        let auts = Auts::new(&milenage, &[3; 16], 4711);
        let read = Auts::parse(&auts.to_value()).unwrap();
        assert_eq!(read.open(&milenage, &[3; 16]), Some(4711));
        assert_eq!(read.open(&milenage, &[5; 16]), None);
        assert_eq!(Auts::parse("AAAA"), None);
    }

    /// Computed by Python's `hmac` over test set 1 of 3GPP TS 35.208.
    #[test]
    fn the_password_of_akav2_is_an_hmac() {
        let hex = |text: &str| u128::from_str_radix(text, 16).unwrap().to_be_bytes();
        let k = hex("465b5ce8b199b49faa5f0a2ee238a6bc");
        let op = hex("cdc202d5123e20f62b6d676ac72cb318");
        let rand = hex("23553cbe9637a89d218ae64dae47bf35");
        let vector = Milenage::with_op(&k, &op).vector(&rand);
        assert_eq!(akav2_password(&vector), b"shzt3q8CWaZnCAWqs3WmEQ==");
    }
}
