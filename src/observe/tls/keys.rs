//! From the secrets of a key log to the keys of a direction, and from a record to what it protects.
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use std::collections::HashMap;

/// RFC 5288 section 3: what stands before a record of AES-GCM in TLS 1.2.
const EXPLICIT_NONCE: usize = 8;
const IV: usize = 12;
const SALT: usize = 4;
const TAG: usize = 16;

/// The lines of key logs: by the client's random and label.
#[derive(Debug, Default)]
pub struct Secrets(HashMap<(Vec<u8>, String), Vec<u8>>);

impl Secrets {
    /// Lines of `LABEL CLIENT-RANDOM SECRET` in hexadecimal; what is none is left out.
    pub fn learn(&mut self, lines: &[u8]) {
        for line in String::from_utf8_lossy(lines).lines() {
            let mut words = line.trim_end_matches('\0').split_ascii_whitespace();
            if let (Some(label), Some(random), Some(secret)) = (
                words.next(),
                words.next().and_then(hex),
                words.next().and_then(hex),
            ) {
                self.0.insert((random, label.to_owned()), secret);
            }
        }
    }

    pub(super) fn of(&self, client_random: &[u8], label: &str) -> Result<&[u8], String> {
        let key = (client_random.to_vec(), label.to_owned());
        let secret = self.0.get(&key).map(Vec::as_slice);
        secret.ok_or_else(|| format!("the capture has no {label} of this connection"))
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let octets = text.as_bytes().chunks(2).map(|two| {
        let two = std::str::from_utf8(two).ok()?;
        u8::from_str_radix(two, 16).ok()
    });
    octets.collect()
}

/// What a cipher suite says of protection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suite {
    aead: &'static aead::Algorithm,
    hkdf: hkdf::Algorithm,
    hmac: hmac::Algorithm,
    /// AES-GCM of TLS 1.2 sends a part of its nonces.
    explicit: bool,
}

impl Suite {
    pub(super) fn of(number: u16) -> Option<Self> {
        let (aead, wide, explicit) = match number {
            0x1301 => (&aead::AES_128_GCM, false, false),
            0x1302 => (&aead::AES_256_GCM, true, false),
            0x1303 => (&aead::CHACHA20_POLY1305, false, false),
            0x009c | 0x009e | 0xc02b | 0xc02f => (&aead::AES_128_GCM, false, true),
            0x009d | 0x009f | 0xc02c | 0xc030 => (&aead::AES_256_GCM, true, true),
            0xcca8..=0xccaa => (&aead::CHACHA20_POLY1305, false, false),
            _ => return None,
        };
        Some(match wide {
            true => Self {
                aead,
                hkdf: hkdf::HKDF_SHA384,
                hmac: hmac::HMAC_SHA384,
                explicit,
            },
            false => Self {
                aead,
                hkdf: hkdf::HKDF_SHA256,
                hmac: hmac::HMAC_SHA256,
                explicit,
            },
        })
    }
}

/// Opens the records of one direction, one after the other.
#[derive(Debug)]
pub(super) struct Opener {
    suite: Suite,
    key: LessSafeKey,
    iv: Vec<u8>,
    sequence: u64,
    /// Of TLS 1.3.
    traffic_secret: Option<Vec<u8>>,
}

impl Opener {
    /// RFC 8446 section 7.3.
    pub(super) fn of_traffic_secret(suite: Suite, secret: &[u8]) -> Result<Self, String> {
        let key = expand_label(suite, secret, "key", suite.aead.key_len())?;
        Ok(Self {
            suite,
            key: key_of(suite, &key)?,
            iv: expand_label(suite, secret, "iv", IV)?,
            sequence: 0,
            traffic_secret: Some(secret.to_vec()),
        })
    }

    /// RFC 8446 section 7.2.
    pub(super) fn update(&mut self) -> Result<(), String> {
        let secret = self.traffic_secret.take().unwrap_or_default();
        let next = expand_label(self.suite, &secret, "traffic upd", secret.len())?;
        *self = Self::of_traffic_secret(self.suite, &next)?;
        Ok(())
    }

    /// RFC 5246 section 6.3, with suites that have no keys for MACs.
    pub(super) fn of_master_secret(
        suite: Suite,
        master: &[u8],
        randoms: &[u8],
        is_client: bool,
    ) -> Result<Self, String> {
        let (key, iv) = (suite.aead.key_len(), if suite.explicit { SALT } else { IV });
        let block = expand(
            suite,
            master,
            &[b"key expansion", randoms].concat(),
            2 * (key + iv),
        );
        let other = usize::from(!is_client);
        let part = |at: usize, length: usize| block[at..at + length].to_vec();
        Ok(Self {
            suite,
            key: key_of(suite, &part(other * key, key))?,
            iv: part(2 * key + other * iv, iv),
            sequence: 0,
            traffic_secret: None,
        })
    }

    /// What the record with this head protects; in TLS 1.3 with its inner type behind it.
    pub(super) fn open(&mut self, head: [u8; 5], body: &[u8]) -> Result<Vec<u8>, String> {
        let short = || "a record too short for its suite".to_owned();
        let is_12 = self.traffic_secret.is_none();
        let (explicit, sealed) = match is_12 && self.suite.explicit {
            true => body.split_at_checked(EXPLICIT_NONCE).ok_or_else(short)?,
            false => (&body[..0], body),
        };
        let mut nonce = [0; IV];
        if explicit.is_empty() {
            nonce.copy_from_slice(&self.iv);
            let sequence = self.sequence.to_be_bytes();
            for (octet, with) in nonce[IV - sequence.len()..].iter_mut().zip(sequence) {
                *octet ^= with;
            }
        } else {
            nonce[..SALT].copy_from_slice(&self.iv);
            nonce[SALT..].copy_from_slice(explicit);
        }
        let mut beside = head.to_vec();
        if is_12 {
            let length = sealed.len().checked_sub(TAG).ok_or_else(short)?;
            let length = u16::try_from(length).map_err(|_| short())?;
            beside = self.sequence.to_be_bytes().to_vec();
            beside.extend_from_slice(&head[..3]);
            beside.extend_from_slice(&length.to_be_bytes());
        }
        self.sequence += 1;
        let (nonce, beside) = (Nonce::assume_unique_for_key(nonce), Aad::from(beside));
        let mut octets = sealed.to_vec();
        match self.key.open_in_place(nonce, beside, &mut octets) {
            Ok(plain) => Ok(plain.to_vec()),
            Err(_) => Err("a record that the capture's secrets do not open".to_owned()),
        }
    }
}

fn key_of(suite: Suite, octets: &[u8]) -> Result<LessSafeKey, String> {
    let key = UnboundKey::new(suite.aead, octets);
    key.map(LessSafeKey::new)
        .map_err(|_| "a secret of another length".to_owned())
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label of RFC 8446 section 7.1, without context.
fn expand_label(
    suite: Suite,
    secret: &[u8],
    label: &str,
    length: usize,
) -> Result<Vec<u8>, String> {
    let label = format!("tls13 {label}");
    let octet = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let info = [
        &[0, octet(length), octet(label.len())],
        label.as_bytes(),
        &[0],
    ]
    .concat();
    let mut octets = vec![0; length];
    hkdf::Prk::new_less_safe(suite.hkdf, secret)
        .expand(&[&info], Length(length))
        .and_then(|made| made.fill(&mut octets))
        .map_err(|_| "a secret of another length".to_owned())?;
    Ok(octets)
}

/// P_hash of RFC 5246 section 5.
fn expand(suite: Suite, secret: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let key = hmac::Key::new(suite.hmac, secret);
    let mut octets = Vec::new();
    let mut a = seed.to_vec();
    while octets.len() < length {
        a = hmac::sign(&key, &a).as_ref().to_vec();
        let more = hmac::sign(&key, &[a.as_slice(), seed].concat());
        octets.extend_from_slice(more.as_ref());
    }
    octets.truncate(length);
    octets
}
