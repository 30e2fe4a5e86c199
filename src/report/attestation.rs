//! What a bundle says of itself: an in-toto Statement v1 with the test-result predicate v0.1, in a DSSE v1 envelope, signed with Ed25519 or
//! not at all.
//!
//! Everything in it follows from the record of the run and the octets of the files, so that who verifies makes it again and compares:
//! also without a signature no member of it can be changed alone. `passedTests` names what passed and nothing else; the predicate knows
//! no inconclusive verdict, so that one stands with `failedTests`, and a waived one with `warnedTests`. What it says more precisely is
//! in the member `imsConformance`.
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const PAYLOAD: &str = "application/vnd.in-toto+json";
/// What stands before the 32 octets of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410 section 4).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The files of a bundle by their paths in it.
pub type Files = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub payload: String,
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    pub signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// A hint only: digest of the public key.
    pub keyid: String,
    pub sig: String,
}

/// Lower-case digits, as in-toto has them.
pub fn sha256(octets: &[u8]) -> String {
    let digest = Sha256::digest(octets);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The statement about a run. `clean` is whether the run as a whole ended well, and `beside` what the bundle says of itself.
pub fn statement(
    record: &RunRecord,
    files: &Files,
    clean: bool,
    beside: &serde_json::Value,
) -> serde_json::Value {
    let described = |(name, octets): (&String, &Vec<u8>)| json!({ "name": name, "digest": { "sha256": sha256(octets) } });
    let given = |name: &str| name.starts_with("suite/") || name.starts_with("system/");
    let configuration = files.iter().filter(|(name, _)| given(name));
    let named = |wanted: fn(&CaseRecord) -> bool| -> Vec<&str> {
        let cases = record.cases.iter().filter(|case| wanted(case));
        cases.map(|case| case.id.as_str()).collect()
    };
    let warned = named(|case| case.waiver.is_some());
    let failed = named(|case| {
        let judged = !matches!(case.verdict, Verdict::Pass | Verdict::NotApplicable);
        judged && case.waiver.is_none()
    });
    let result = match (clean, warned.is_empty() && failed.is_empty()) {
        (true, true) => "PASSED",
        (true, false) => "WARNED",
        (false, _) => "FAILED",
    };
    let verdicts: BTreeMap<&str, _> = record
        .cases
        .iter()
        .map(|case| {
            let said = json!({ "verdict": case.verdict, "reason": case.reason, "requirement": case.requirement });
            (case.id.as_str(), said)
        })
        .collect();
    json!({
        "_type": STATEMENT,
        "subject": files.iter().map(described).collect::<Vec<_>>(),
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": result,
            "configuration": configuration.map(described).collect::<Vec<_>>(),
            "passedTests": named(|case| case.verdict == Verdict::Pass && case.waiver.is_none()),
            "warnedTests": warned,
            "failedTests": failed,
            "imsConformance": {
                "tool": record.tool,
                "started": record.started,
                "finished": record.finished,
                "seed": record.seed,
                "system": record.system,
                "catalogueSha256": record.catalogue_sha256,
                "waiversSha256": record.waivers_sha256,
                "totals": record.totals,
                "verdicts": verdicts,
                "bundle": beside,
            },
        },
    })
}

/// What is signed (DSSE v1, pre-authentication encoding).
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, size) = (payload_type.len(), payload.len());
    let mut octets = format!("DSSEv1 {kind} {payload_type} {size} ").into_bytes();
    octets.extend(payload);
    octets
}

impl Envelope {
    /// A statement in its envelope; without a key it has no signature.
    pub fn seal(statement: &serde_json::Value, key: Option<&SigningKey>) -> Self {
        let payload = format!("{statement:#}").into_bytes();
        let signatures = key.map(|key| Signature {
            keyid: key.public().id(),
            sig: STANDARD.encode(key.0.sign(&encoded(PAYLOAD, &payload))),
        });
        Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD.to_owned(),
            signatures: signatures.into_iter().collect(),
        }
    }

    /// As the file has it.
    pub fn text(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        format!("{value:#}\n")
    }

    /// Reads the one form that is written: an octet more or less is a change.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let read: Self =
            serde_json::from_slice(text).map_err(|error| format!("it is no envelope: {error}"))?;
        match read.text().as_bytes() == text {
            true => Ok(read),
            false => Err("it has other octets than it was written with".to_owned()),
        }
    }

    pub fn statement(&self) -> Result<serde_json::Value, String> {
        if self.payload_type != PAYLOAD {
            return Err(format!("its payloadType is `{}`", self.payload_type));
        }
        let octets = STANDARD.decode(&self.payload);
        let octets = octets.map_err(|error| format!("its payload is no base64: {error}"))?;
        let value: serde_json::Value = serde_json::from_slice(&octets)
            .map_err(|error| format!("its payload is no statement: {error}"))?;
        for (key, expected) in [("_type", STATEMENT), ("predicateType", TEST_RESULT)] {
            if value[key] != expected {
                return Err(format!("its {key} is {}, not {expected}", value[key]));
            }
        }
        match format!("{value:#}").as_bytes() == octets {
            true => Ok(value),
            false => Err("its payload has other octets than it was written with".to_owned()),
        }
    }

    /// Whether one of the signatures is by this key, and good.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Ok(payload) = STANDARD.decode(&self.payload) else {
            return false;
        };
        let signed = encoded(&self.payload_type, &payload);
        let good = |signature: &Signature| {
            let octets = STANDARD.decode(&signature.sig).unwrap_or_default();
            let key = UnparsedPublicKey::new(&ED25519, key.0);
            key.verify(&signed, &octets).is_ok()
        };
        self.signatures.iter().any(good)
    }
}

/// Where two statements differ, by the members that lead there.
pub fn difference(said: &serde_json::Value, found: &serde_json::Value) -> Option<String> {
    use serde_json::Value::{Array, Object};
    match (said, found) {
        (Object(a), Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let null = serde_json::Value::Null;
                let (one, other) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                difference(one, other).map(|rest| format!("{key}{}{rest}", dot(&rest)))
            })
        }
        (Array(a), Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (one, other))| {
                difference(one, other).map(|rest| format!("{at}{}{rest}", dot(&rest)))
            })
        }
        _ => (said != found).then(String::new),
    }
}

fn dot(rest: &str) -> &'static str {
    match rest.is_empty() {
        true => "",
        false => ".",
    }
}

/// An Ed25519 private key.
pub struct SigningKey(Ed25519KeyPair);

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl SigningKey {
    /// From PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` makes it.
    pub fn from_pem(text: &[u8]) -> Result<Self, String> {
        let how = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one";
        let der = PrivatePkcs8KeyDer::from_pem_slice(text)
            .map_err(|_| format!("no unencrypted PKCS#8 private key in PEM; {how}"))?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map(Self)
            .map_err(|error| format!("no Ed25519 key ({error}); {how}"))
    }

    pub fn public(&self) -> PublicKey {
        let mut octets = [0; 32];
        let given = self.0.public_key().as_ref();
        octets
            .iter_mut()
            .zip(given)
            .for_each(|(to, from)| *to = *from);
        PublicKey(octets)
    }
}

impl PublicKey {
    /// From SubjectPublicKeyInfo PEM, as `openssl pkey -pubout` makes it.
    pub fn from_pem(text: &[u8]) -> Result<Self, String> {
        let how = "`openssl pkey -in key.pem -pubout -out pub.pem` makes one";
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text)
            .map_err(|_| format!("no public key in PEM; {how}"))?;
        let key = der.strip_prefix(&SPKI[..]);
        let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok());
        key.map(Self)
            .ok_or_else(|| format!("no Ed25519 public key; {how}"))
    }

    /// `sha256:` and the digest of its SubjectPublicKeyInfo.
    pub fn id(&self) -> String {
        let der = [&SPKI[..], &self.0[..]].concat();
        format!("sha256:{}", sha256(&der))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    // The secret key of RFC 8032 section 7.1, test 1: nobody's.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

    #[test]
    fn the_key_of_rfc_8032_has_the_public_key_of_rfc_8032() {
        let public = SigningKey::from_pem(KEY.as_bytes()).unwrap().public();
        let digits: String = public.0.iter().map(|o| format!("{o:02x}")).collect();
        // RFC 8032 section 7.1, test 1.
        assert_eq!(
            digits,
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert!(
            SigningKey::from_pem(b"x")
                .err()
                .unwrap()
                .contains("openssl")
        );
        assert!(PublicKey::from_pem(KEY.as_bytes()).is_err());
    }

    #[test]
    fn encodes_as_the_example_of_dsse_does() {
        let octets = encoded("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            String::from_utf8(octets).unwrap(),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_signature_holds_for_its_octets_and_its_key() {
        let key = SigningKey::from_pem(KEY.as_bytes()).unwrap();
        let files = Files::from([("run/run.json".to_owned(), b"{}".to_vec())]);
        let said = statement(&sample::mixed(), &files, false, &json!({}));
        let envelope = Envelope::seal(&said, Some(&key));
        assert!(envelope.is_signed_by(&key.public()));
        assert!(!envelope.is_signed_by(&PublicKey([7; 32])));
        let read = Envelope::read(envelope.text().as_bytes()).unwrap();
        assert_eq!(read.statement().unwrap(), said);
        let other = statement(&sample::one(Verdict::Pass), &files, false, &json!({}));
        let mut changed = envelope.clone();
        changed.payload = Envelope::seal(&other, None).payload;
        assert!(!changed.is_signed_by(&key.public()));
        assert!(!Envelope::seal(&said, None).is_signed_by(&key.public()));
    }

    #[test]
    fn nothing_but_a_pass_is_a_passed_test() {
        let files = Files::new();
        let said = |verdict| {
            statement(
                &sample::one(verdict),
                &files,
                verdict == Verdict::Pass,
                &json!({}),
            )
        };
        let passed = said(Verdict::Pass);
        assert_eq!(passed["predicate"]["result"], "PASSED");
        assert_eq!(
            passed["predicate"]["passedTests"].as_array().unwrap().len(),
            1
        );
        for verdict in [
            Verdict::Fail,
            Verdict::Inconc,
            Verdict::Error,
            Verdict::None,
        ] {
            let predicate = &said(verdict)["predicate"];
            assert_eq!(predicate["result"], "FAILED");
            assert!(predicate["passedTests"].as_array().unwrap().is_empty());
            assert!(predicate["warnedTests"].as_array().unwrap().is_empty());
            assert_eq!(predicate["failedTests"].as_array().unwrap().len(), 1);
        }
        let waived = statement(&sample::waived(), &files, true, &json!({}));
        assert_eq!(waived["predicate"]["result"], "WARNED");
        assert!(
            waived["predicate"]["passedTests"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn names_the_member_that_differs() {
        let one = json!({"a": [{"b": 1}, {"b": 2}], "c": 3});
        let other = json!({"a": [{"b": 1}, {"b": 4}], "c": 3});
        assert_eq!(difference(&one, &other).unwrap(), "a.1.b");
        assert_eq!(difference(&one, &one), None);
        assert_eq!(difference(&one, &json!({"a": one["a"]})).unwrap(), "c");
    }
}
