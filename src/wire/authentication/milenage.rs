//! Milenage, the example algorithm set of 3GPP TS 35.206 that USIMs and home networks use: f1, f1*, f2 to f5, f5*, and OPc from OP.
//!
//! Names of variables are those of the specification's pseudo-code.
use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};

/// 128 bits: K, OP, OPc, RAND, CK, IK.
pub type Key = [u8; 16];

/// What a subscription has: K and OPc.
#[derive(Clone)]
pub struct Milenage {
    cipher: Aes128,
    opc: Key,
}

/// What f2, f3, f4, f5 and f5* give for one RAND.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector {
    pub res: [u8; 8],
    pub ck: Key,
    pub ik: Key,
    pub ak: [u8; 6],
    /// Conceals SQN in AUTS.
    pub ak_resync: [u8; 6],
}

/// Keys are nobody's business.
impl std::fmt::Debug for Milenage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Milenage")
    }
}

impl Milenage {
    pub fn new(k: &Key, opc: Key) -> Self {
        let cipher = Aes128::new(k.into());
        Self { cipher, opc }
    }

    /// Clause 8.2: OPc is OP exclusive-or E[OP]K.
    pub fn with_op(k: &Key, op: &Key) -> Self {
        let mut subscription = Self::new(k, [0; 16]);
        subscription.opc = xor(subscription.encrypt(*op), op);
        subscription
    }

    pub fn opc(&self) -> Key {
        self.opc
    }

    fn encrypt(&self, block: Key) -> Key {
        let mut block = block.into();
        self.cipher.encrypt_block(&mut block);
        block.into()
    }

    fn temp(&self, rand: &Key) -> Key {
        self.encrypt(xor(*rand, &self.opc))
    }

    /// MAC-A of f1 and MAC-S of f1*.
    pub fn f1(&self, rand: &Key, sqn: [u8; 6], amf: [u8; 2]) -> ([u8; 8], [u8; 8]) {
        let mut in1 = [0; 16];
        for half in in1.chunks_exact_mut(8) {
            half[..6].copy_from_slice(&sqn);
            half[6..].copy_from_slice(&amf);
        }
        // r1 is 64 and c1 is 0.
        let turned = rotated(xor(in1, &self.opc), 8);
        let out1 = xor(self.encrypt(xor(self.temp(rand), &turned)), &self.opc);
        (part(&out1, 0), part(&out1, 8))
    }

    /// f2 to f5*.
    pub fn vector(&self, rand: &Key) -> Vector {
        let temp = self.temp(rand);
        let out = |octets: usize, constant: u8| {
            let mut turned = rotated(xor(temp, &self.opc), octets);
            turned[15] ^= constant;
            xor(self.encrypt(turned), &self.opc)
        };
        // r2 to r5 are 0, 32, 64 and 96 bits; c2 to c5 are 1, 2, 4 and 8.
        let out2 = out(0, 1);
        Vector {
            res: part(&out2, 8),
            ck: out(4, 2),
            ik: out(8, 4),
            ak: part(&out2, 0),
            ak_resync: part(&out(12, 8), 0),
        }
    }
}

fn xor(mut left: Key, right: &Key) -> Key {
    for (octet, other) in left.iter_mut().zip(right) {
        *octet ^= other;
    }
    left
}

/// Rotated to the left.
fn rotated(mut block: Key, octets: usize) -> Key {
    block.rotate_left(octets);
    block
}

fn part<const N: usize>(block: &Key, from: usize) -> [u8; N] {
    std::array::from_fn(|at| block[from + at])
}

/// SQN as octets; it has 48 bits.
pub fn sqn_octets(sqn: u64) -> [u8; 6] {
    let octets = sqn.to_be_bytes();
    std::array::from_fn(|at| octets[at + 2])
}

pub fn sqn_from(octets: [u8; 6]) -> u64 {
    octets
        .iter()
        .fold(0, |sqn, octet| sqn << 8 | u64::from(*octet))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
    }

    /// Test sets of 3GPP TS 35.208 clause 4.3 and TS 35.207 clause 4: K, RAND, SQN, AMF, OP; OPc, f1, f1*, f2, f5, f3, f4, f5*.
    const SETS: [[&str; 13]; 3] = [
        [
            "465b5ce8b199b49faa5f0a2ee238a6bc",
            "23553cbe9637a89d218ae64dae47bf35",
            "ff9bb4d0b607",
            "b9b9",
            "cdc202d5123e20f62b6d676ac72cb318",
            "cd63cb71954a9f4e48a5994e37a02baf",
            "4a9ffac354dfafb3",
            "01cfaf9ec4e871e9",
            "a54211d5e3ba50bf",
            "aa689c648370",
            "b40ba9a3c58b2a05bbf0d987b21bf8cb",
            "f769bcd751044604127672711c6d3441",
            "451e8beca43b",
        ],
        [
            "fec86ba6eb707ed08905757b1bb44b8f",
            "9f7c8d021accf4db213ccff0c7f71a6a",
            "9d0277595ffc",
            "725c",
            "dbc59adcb6f9a0ef735477b7fadf8374",
            "1006020f0a478bf6b699f15c062e42b3",
            "9cabc3e99baf7281",
            "95814ba2b3044324",
            "8011c48c0c214ed2",
            "33484dc2136b",
            "5dbdbb2954e8f3cde665b046179a5098",
            "59a92d3b476a0443487055cf88b2307b",
            "deacdd848cc6",
        ],
        [
            "9e5944aea94b81165c82fbf9f32db751",
            "ce83dbc54ac0274a157c17f80d017bd6",
            "0b604a81eca8",
            "9e09",
            "223014c5806694c007ca1eeef57f004f",
            "a64a507ae1a2a98bb88eb4210135dc87",
            "74a58220cba84c49",
            "ac2cc74a96871837",
            "f365cd683cd92e96",
            "f0b9c08ad02e",
            "e203edb3971574f5a94b0d61b816345d",
            "0c4524adeac041c4dd830d20854fc46b",
            "6085a86c6f63",
        ],
    ];

    #[test]
    fn gives_what_the_test_sets_of_the_standard_say() {
        for set in SETS {
            let [k, rand, sqn, amf, op, opc, f1, f1s, f2, f5, f3, f4, f5s] = set;
            let (k, rand) = (hex(k), hex(rand));
            let milenage = Milenage::with_op(&k, &hex(op));
            assert_eq!(milenage.opc(), hex(opc));
            assert_eq!(Milenage::new(&k, hex(opc)).opc(), milenage.opc());
            assert_eq!(milenage.f1(&rand, hex(sqn), hex(amf)), (hex(f1), hex(f1s)));
            let vector = milenage.vector(&rand);
            assert_eq!((vector.res, vector.ak), (hex(f2), hex(f5)));
            assert_eq!((vector.ck, vector.ik), (hex(f3), hex(f4)));
            assert_eq!(vector.ak_resync, hex(f5s));
        }
    }

    #[test]
    fn sequence_numbers_have_six_octets() {
        assert_eq!(sqn_octets(0x0102_0304_0506), [1, 2, 3, 4, 5, 6]);
        assert_eq!(sqn_from([1, 2, 3, 4, 5, 6]), 0x0102_0304_0506);
    }
}
