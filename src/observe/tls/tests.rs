//! Two ends of rustls talk; what they said is read from their records and their key log.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use rcgen::{CertificateParams, KeyPair};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, Connection, KeyLog, RootCertStore, ServerConfig,
    ServerConnection,
};

#[derive(Debug, Default)]
struct Lines(Mutex<String>);

impl KeyLog for Lines {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |octets: &[u8]| -> String { octets.iter().map(|o| format!("{o:02x}")).collect() };
        let line = format!("{label} {} {}\n", hex(random), hex(secret));
        self.0.lock().unwrap().push_str(&line);
    }
}

/// Both ends with one cipher suite, and their key log.
fn ends(suite: usize) -> (Connection, Connection, Arc<Lines>) {
    let ring = ring::default_provider();
    let provider = Arc::new(CryptoProvider {
        cipher_suites: vec![ring.cipher_suites[suite]],
        ..ring
    });
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["here.example".to_owned()]).unwrap();
    let leaf = leaf.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(leaf.der().clone()).unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], secret)
        .unwrap();
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let lines = Arc::new(Lines::default());
    client.key_log = lines.clone();
    let name = ServerName::try_from("here.example").unwrap();
    let client = ClientConnection::new(Arc::new(client), name).unwrap();
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    (client.into(), server.into(), lines)
}

/// Everything the ends have to send, by turns, with the side that sent it.
fn exchange(sides: [&mut Connection; 2]) -> Vec<(usize, Vec<u8>)> {
    let [client, server] = sides;
    let mut wire = Vec::new();
    while client.wants_write() || server.wants_write() {
        for index in [0, 1] {
            let (from, to) = match index {
                0 => (&mut *client, &mut *server),
                _ => (&mut *server, &mut *client),
            };
            let mut octets = Vec::new();
            while from.wants_write() {
                from.write_tls(&mut octets).unwrap();
            }
            let mut rest = octets.as_slice();
            while !rest.is_empty() {
                to.read_tls(&mut rest).unwrap();
                to.process_new_packets().unwrap();
            }
            wire.push((index, octets));
        }
    }
    wire
}

fn read(tls: &mut Tls, wire: Vec<(usize, Vec<u8>)>, secrets: &Secrets) -> [String; 2] {
    let mut said = [String::new(), String::new()];
    for (index, octets) in wire {
        // Cut where no record ends.
        for piece in octets.chunks(100) {
            let octets = piece.to_vec();
            for opened in tls.add(index, Piece::Octets { octets, frame: 1 }, secrets) {
                match opened {
                    Opened::Piece(Piece::Octets { octets, .. }) => {
                        said[index].push_str(std::str::from_utf8(&octets).unwrap());
                    }
                    other => said[index].push_str(&format!("{other:?}")),
                }
            }
        }
    }
    said
}

#[test]
fn reads_what_both_ends_said_in_every_suite() {
    // Three of TLS 1.3 and three of TLS 1.2; those behind them want another kind of key.
    for suite in 0..6 {
        let (mut client, mut server, lines) = ends(suite);
        let mut wire = exchange([&mut client, &mut server]);
        assert!(begins(&wire[0].1));
        for turn in 0..3 {
            write!(client.writer(), "OPTIONS {turn} ").unwrap();
            write!(server.writer(), "200 {turn} ").unwrap();
            wire.extend(exchange([&mut client, &mut server]));
        }
        let mut heard = Vec::new();
        server.reader().read_to_end(&mut heard).ok();
        assert_eq!(heard, b"OPTIONS 0 OPTIONS 1 OPTIONS 2 ");
        let mut secrets = Secrets::default();
        secrets.learn(lines.0.lock().unwrap().as_bytes());
        let said = read(&mut Tls::default(), wire, &secrets);
        let expected = ["OPTIONS 0 OPTIONS 1 OPTIONS 2 ", "200 0 200 1 200 2 "];
        assert_eq!(said, expected, "suite {suite}");
    }
}

#[test]
fn says_once_for_each_side_what_it_cannot_open() {
    let (mut client, mut server, _) = ends(0);
    let mut wire = exchange([&mut client, &mut server]);
    write!(client.writer(), "OPTIONS").unwrap();
    wire.extend(exchange([&mut client, &mut server]));
    let said = read(&mut Tls::default(), wire, &Secrets::default());
    for side in said {
        assert_eq!(side.matches("Missing").count(), 1, "{side}");
        assert!(side.contains("the capture has no"), "{side}");
    }
}
