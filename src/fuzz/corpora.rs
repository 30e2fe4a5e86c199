//! What readers are given to begin with: the vectors of `fixtures/`, the inputs of `fixtures/corpus/` that once broke a reader, and the
//! messages of captures taken apart, by the name of their reader.
use super::readers;
use ims_conformance::observe::{Fact, Observer};
use ims_conformance::wire::{cpim::CpimMessage, sms::rp::RpMessage};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

const LARGEST: usize = 64 * 1024;

/// Values of header fields of authentication, for captures without any.
const AUTHENTICATION: [&str; 4] = [
    "Digest realm=\"ims.example\", nonce=\"u5jG0AbfHAgzcSr4ULHuUmDSDkLGLkQrJXP0Zo+yYW8=\", algorithm=AKAv1-MD5, qop=\"auth,auth-int\"",
    "Digest realm=\"r\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", qop=\"auth\", algorithm=SHA-256, opaque=\"o\", stale=true",
    "Digest username=\"u@h\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", qop=auth, nc=00000001, cnonce=\"c\", response=\"6629fae49393a05397450978507c4ef1\", auts=\"MTIzNDU2Nzg5MDEyMzQ=\"",
    "nextnonce=\"n\", qop=auth, rspauth=\"6629fae49393a05397450978507c4ef1\", cnonce=\"c\", nc=00000001",
];

struct Corpora(BTreeMap<&'static str, BTreeMap<u64, Vec<u8>>>);

impl Corpora {
    fn add(&mut self, reader: &str, octets: &[u8]) {
        let Some((name, _)) = readers::READERS.iter().find(|(name, _)| *name == reader) else {
            panic!("no reader {reader}");
        };
        let mut digest = DefaultHasher::new();
        octets.hash(&mut digest);
        if octets.len() <= LARGEST {
            let of = self.0.entry(name).or_default();
            of.insert(digest.finish(), octets.to_vec());
        }
    }

    fn body(&mut self, content_type: &str, body: &[u8]) {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/sdp" => self.add("sdp", body),
            "message/cpim" => {
                self.add("cpim", body);
                if let Ok(message) = CpimMessage::parse(body) {
                    self.add("cpim", &message.content);
                }
            }
            "application/vnd.3gpp.sms" => {
                self.add("short_messages", body);
                if let Ok(message) = RpMessage::decode(body) {
                    self.add("short_messages", message.user_data().unwrap_or_default());
                }
            }
            kind if kind.ends_with("xml") => self.add("xml", body),
            kind if kind.starts_with("multipart/") => {
                self.add(
                    "multipart",
                    &[content_type.as_bytes(), b"\n", body].concat(),
                );
            }
            _ => {}
        }
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Sip(message) => {
                let octets = message.to_octets();
                self.add("sip", &octets);
                self.add(
                    "sip_stream",
                    &[b"\x80".as_slice(), &octets, &octets].concat(),
                );
                self.add("connection", &readers::as_connection(&octets));
                for header in message.headers() {
                    let name = header.name.to_ascii_lowercase();
                    let reader = match name.contains("auth") {
                        true => "authentication",
                        false => "sip_values",
                    };
                    self.add(reader, header.value.as_bytes());
                }
                for part in message.bodies() {
                    self.body(
                        part.header("Content-Type").unwrap_or_default(),
                        &part.content,
                    );
                }
                self.body(
                    message.header("Content-Type").unwrap_or_default(),
                    &message.body,
                );
            }
            Fact::Msrp(message) => {
                self.add("msrp", &message.to_octets());
                self.add(
                    "msrp",
                    &[
                        b"\x80".as_slice(),
                        &message.to_octets(),
                        &message.to_octets(),
                    ]
                    .concat(),
                );
                self.add("connection", &readers::as_connection(&message.to_octets()));
                self.body(
                    message.header("Content-Type").unwrap_or_default(),
                    message.body.as_deref().unwrap_or_default(),
                );
            }
            Fact::Smpp(pdu) => {
                self.add("smpp", &pdu.to_octets());
                self.add(
                    "smpp",
                    &[b"\x80".as_slice(), &pdu.to_octets(), &pdu.to_octets()].concat(),
                );
                self.add("connection", &readers::as_connection(&pdu.to_octets()));
            }
            Fact::Diameter(message) => {
                self.add("diameter", &message.to_octets());
                self.add(
                    "diameter",
                    &[
                        b"\x80".as_slice(),
                        &message.to_octets(),
                        &message.to_octets(),
                    ]
                    .concat(),
                );
                self.add("connection", &readers::as_connection(&message.to_octets()));
                self.add("short_messages", message.tpdu().unwrap_or_default());
            }
            Fact::Http(message) => {
                self.add("http", &message.to_octets());
                self.add("connection", &readers::as_connection(&message.to_octets()));
                self.add("xml", &message.body);
            }
            Fact::Rtp(packet) => self.add("rtp", &packet.to_octets()),
            _ => {}
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.sort();
    found
}

/// Name of a reader, and inputs for it.
pub type Corpus = (&'static str, Vec<Vec<u8>>);

/// By reader, each octet string once. Of the captures one of `every` is taken.
pub fn corpora(root: &Path, every: usize) -> std::io::Result<Vec<Corpus>> {
    let mut corpora = Corpora(BTreeMap::new());
    let vectors = root.join("fixtures/vectors");
    for name in ["sip", "sdp", "msrp", "cpim", "xml"] {
        for file in files(&vectors.join(name)) {
            corpora.add(name, &std::fs::read(file)?);
        }
    }
    for value in AUTHENTICATION {
        corpora.add("authentication", value.as_bytes());
    }
    let captures = files(&root.join("captures/reference"));
    let ours = captures
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "pcapng"));
    let others = ["smpp", "sms", "diameter", "map"].map(|folder| files(&vectors.join(folder)));
    let others = others
        .iter()
        .flatten()
        .filter(|file| file.extension().is_some_and(|e| e == "pcap"));
    for file in ours.step_by(every).chain(others) {
        let octets = std::fs::read(file)?;
        corpora.add("capture", &octets);
        let mut observer = Observer::new();
        if observer.feed(&octets).is_ok() {
            let trace = observer.into_trace();
            trace.facts.iter().for_each(|seen| corpora.fact(&seen.fact));
        }
    }
    let mut all = Vec::new();
    for (name, _) in readers::READERS {
        for file in files(&root.join("fixtures/corpus").join(name)) {
            corpora.add(name, &std::fs::read(file)?);
        }
        let of = corpora.0.remove(name).unwrap_or_default();
        all.push((name, of.into_values().collect()));
    }
    Ok(all)
}
