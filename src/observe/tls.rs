//! TLS 1.2 and 1.3 of a recorded connection, opened with the secrets that the capture itself holds (decryption secrets blocks).
//!
//! What is judged is so what was on the wire, and whoever has the file can read it too. Only the suites with associated data that are in
//! use today are opened (AES-GCM, ChaCha20-Poly1305); a connection without secrets, or with another suite, stays closed and is noted.
mod hello;
mod keys;

use super::reassembly::Piece;
use hello::Hello;
pub use keys::Secrets;
use keys::{Opener, Suite};

const RECORD_HEAD: usize = 5;
/// RFC 5246 section 6.2.3: 2^14 octets and what protection adds.
const RECORD_LIMIT: usize = 16_384 + 2048;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

/// True if a connection that begins with these octets is inside TLS: a handshake record of version 3.
pub fn begins(octets: &[u8]) -> bool {
    matches!(octets, [HANDSHAKE, 3, ..])
}

/// How far one side is.
#[derive(Debug, Default)]
enum Phase {
    #[default]
    Clear,
    /// Its handshake of TLS 1.3.
    Handshake(Opener),
    Application(Opener),
    /// Cannot be opened; said once.
    Closed,
}

#[derive(Debug, Default)]
struct Side {
    /// Octets of no whole record yet.
    waiting: Vec<u8>,
    /// The same of handshake messages.
    messages: Vec<u8>,
    phase: Phase,
}

/// The two sides of one connection, in the order of its addresses.
#[derive(Debug, Default)]
pub struct Tls {
    sides: [Side; 2],
    client: usize,
    client_random: Vec<u8>,
    server_random: Vec<u8>,
    suite: Option<Suite>,
    is_13: bool,
}

/// What a piece gave: octets that TLS protected, or what cannot be read.
#[derive(Debug)]
pub enum Opened {
    Piece(Piece),
    Missing(String),
}

impl Tls {
    /// No part of a record waits for the rest.
    pub fn holds_nothing(&self) -> bool {
        self.sides.iter().all(|side| side.waiting.is_empty())
    }

    pub fn add(&mut self, index: usize, piece: Piece, secrets: &Secrets) -> Vec<Opened> {
        let (octets, frame) = match piece {
            Piece::Octets { octets, frame } => (octets, frame),
            gap @ Piece::Gap { .. } => {
                // Records are counted, so that nothing behind a gap can be opened.
                self.sides[index].phase = Phase::Closed;
                return vec![Opened::Piece(gap)];
            }
        };
        self.sides[index].waiting.extend_from_slice(&octets);
        let mut given = Vec::new();
        while let Some((head, body)) = self.next_record(index) {
            match self.record(index, head, &body, secrets) {
                Ok(octets) if octets.is_empty() => {}
                Ok(octets) => given.push(Opened::Piece(Piece::Octets { octets, frame })),
                Err(why) => {
                    if !matches!(self.sides[index].phase, Phase::Closed) {
                        given.push(Opened::Missing(format!("octets inside TLS: {why}")));
                    }
                    self.sides[index].phase = Phase::Closed;
                }
            }
        }
        given
    }

    fn next_record(&mut self, index: usize) -> Option<([u8; RECORD_HEAD], Vec<u8>)> {
        let waiting = &mut self.sides[index].waiting;
        let head: [u8; RECORD_HEAD] = waiting.get(..RECORD_HEAD)?.try_into().ok()?;
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if length > RECORD_LIMIT {
            waiting.clear();
            self.sides[index].phase = Phase::Closed;
            return None;
        }
        let body = waiting.get(RECORD_HEAD..RECORD_HEAD + length)?.to_vec();
        waiting.drain(..RECORD_HEAD + length);
        Some((head, body))
    }

    /// The application data of one record.
    fn record(
        &mut self,
        index: usize,
        head: [u8; RECORD_HEAD],
        body: &[u8],
        secrets: &Secrets,
    ) -> Result<Vec<u8>, String> {
        let is_13 = self.is_13;
        let (kind, plain) = match &mut self.sides[index].phase {
            Phase::Closed => return Err(String::new()),
            Phase::Clear if head[0] == APPLICATION_DATA && is_13 => {
                self.begin_handshake(index, secrets)?;
                return self.record(index, head, body, secrets);
            }
            Phase::Clear => (head[0], body.to_vec()),
            // For old boxes between the two; it means nothing in TLS 1.3.
            Phase::Handshake(_) | Phase::Application(_)
                if is_13 && head[0] == CHANGE_CIPHER_SPEC =>
            {
                return Ok(Vec::new());
            }
            // Of a side that breaks the handshake off before it has keys.
            Phase::Handshake(_) if head[0] == ALERT => return Ok(Vec::new()),
            Phase::Handshake(opener) | Phase::Application(opener) => {
                let plain = opener.open(head, body)?;
                match is_13 {
                    true => inner(plain)?,
                    false => (head[0], plain),
                }
            }
        };
        match kind {
            APPLICATION_DATA => return Ok(plain),
            HANDSHAKE => self.messages(index, &plain, secrets)?,
            CHANGE_CIPHER_SPEC if !self.is_13 && !self.client_random.is_empty() => {
                let opener = self.opener_12(index, secrets)?;
                self.sides[index].phase = Phase::Application(opener);
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Handshake messages: who is the client, what was agreed, and when a side goes on to its next keys.
    fn messages(&mut self, index: usize, octets: &[u8], secrets: &Secrets) -> Result<(), String> {
        self.sides[index].messages.extend_from_slice(octets);
        loop {
            let held = &mut self.sides[index].messages;
            let Some(&[kind, a, b, c]) = held.first_chunk::<4>() else {
                return Ok(());
            };
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            let Some(body) = held.get(4..4 + length).map(<[u8]>::to_vec) else {
                return Ok(());
            };
            held.drain(..4 + length);
            match (kind, &mut self.sides[index].phase) {
                (CLIENT_HELLO, Phase::Clear) => {
                    self.client = index;
                    self.client_random = hello::random(&body).unwrap_or_default();
                }
                (SERVER_HELLO, Phase::Clear) => {
                    if let Some(Hello {
                        random,
                        suite,
                        is_13,
                    }) = Hello::parse(&body)
                    {
                        self.server_random = random;
                        self.suite = Suite::of(suite);
                        self.is_13 = is_13;
                        // Whatever comes next from either side is protected.
                        if is_13 {
                            self.begin_handshake(index, secrets)?;
                        }
                    }
                }
                (FINISHED, Phase::Handshake(_)) => {
                    let opener = self.opener_13(index, "TRAFFIC_SECRET_0", secrets)?;
                    self.sides[index].phase = Phase::Application(opener);
                }
                (KEY_UPDATE, Phase::Application(opener)) if self.is_13 => opener.update()?,
                _ => {}
            }
        }
    }

    fn begin_handshake(&mut self, index: usize, secrets: &Secrets) -> Result<(), String> {
        let opener = self.opener_13(index, "HANDSHAKE_TRAFFIC_SECRET", secrets)?;
        self.sides[index].phase = Phase::Handshake(opener);
        Ok(())
    }

    fn opener_13(&self, index: usize, which: &str, secrets: &Secrets) -> Result<Opener, String> {
        let suite = self.suite.ok_or("a cipher suite that is not opened")?;
        let side = match index == self.client {
            true => "CLIENT",
            false => "SERVER",
        };
        let secret = secrets.of(&self.client_random, &format!("{side}_{which}"))?;
        Opener::of_traffic_secret(suite, secret)
    }

    fn opener_12(&self, index: usize, secrets: &Secrets) -> Result<Opener, String> {
        let suite = self.suite.ok_or("a cipher suite that is not opened")?;
        let master = secrets.of(&self.client_random, "CLIENT_RANDOM")?;
        let randoms = [self.server_random.as_slice(), &self.client_random].concat();
        Opener::of_master_secret(suite, master, &randoms, index == self.client)
    }
}

/// RFC 8446 section 5.2: the type stands behind the content, padding behind the type.
fn inner(mut plain: Vec<u8>) -> Result<(u8, Vec<u8>), String> {
    while let Some(last) = plain.pop() {
        if last != 0 {
            return Ok((last, plain));
        }
    }
    Err("a record without content".to_owned())
}

#[cfg(test)]
mod tests;
