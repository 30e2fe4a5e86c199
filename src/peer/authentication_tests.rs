//! Tests of how a UE answers challenges.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::wire::authentication::{Autn, Qop};

const KEYS: (Key, Key) = ([1; 16], [2; 16]);

fn authenticator(secret: Secret, realm: Option<&str>) -> (Authenticator, Identifiers) {
    let subscription = Subscription {
        private_identity: "u@x".into(),
        realm: realm.map(str::to_owned),
        secret,
        algorithm: None,
    };
    (Authenticator::new(subscription), Identifiers::new(1))
}

fn password() -> Secret {
    Secret::Password("secret".into())
}

fn usim(sqn: u64) -> Secret {
    let (k, opc) = KEYS;
    Secret::Usim(Usim { k, opc, sqn })
}

fn register() -> SipMessage {
    let mut request = SipMessage::request("REGISTER", "sip:x");
    request.push("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx");
    request.push("CSeq", "7 REGISTER");
    request
}

fn challenge(algorithm: Algorithm, realm: &str, nonce: &str) -> Challenge {
    Challenge {
        realm: realm.into(),
        nonce: nonce.into(),
        algorithm,
        qop: vec![Qop::Auth],
        opaque: None,
        stale: false,
    }
}

fn challenged(code: u16, challenges: &[Challenge]) -> SipMessage {
    let mut response = SipMessage::response(code, "x");
    let name = ["WWW-Authenticate", "Proxy-Authenticate"][usize::from(code == 407)];
    for one in challenges {
        response.push(name, one.to_value());
    }
    response
}

fn credentials(request: &SipMessage, name: &str) -> Credentials {
    Credentials::parse(request.header(name).unwrap()).unwrap()
}

fn aka(sqn: u64) -> Challenge {
    let milenage = Milenage::new(&KEYS.0, KEYS.1);
    let rand = [u8::try_from(sqn & 0xff).unwrap(); 16];
    let autn = Autn::new(&milenage, &rand, sqn, [0x80, 0]);
    let nonce = AkaChallenge { rand, autn }.to_nonce();
    challenge(Algorithm::AkaV1Md5, "x", &nonce)
}

#[test]
fn the_strongest_of_several_challenges_is_answered() {
    let (mut own, mut ids) = authenticator(password(), None);
    let offered = [
        challenge(Algorithm::Md5, "x", "n1"),
        challenge(Algorithm::Sha256, "x", "n2"),
        challenge(Algorithm::AkaV1Md5, "x", "n3"),
    ];
    let response = challenged(401, &offered);
    let again = own.answer(&register(), &response, &mut Met::default(), &mut ids);
    let again = again.unwrap();
    assert_eq!(again.cseq(), Some((8, "REGISTER")));
    assert!(!again.has_header("Via"));
    let given = credentials(&again, "Authorization");
    assert_eq!(
        (given.algorithm, given.nonce.as_str()),
        (Algorithm::Sha256, "n2")
    );
    let asked = Answering::new("REGISTER", "sip:x");
    assert_eq!(given.response, given.expected(b"secret", asked));
    // The next one brings the same nonce for the second time; a request that is no REGISTER is not for the registrar.
    let mut next = register();
    own.prepare(&mut next, &mut ids);
    assert_eq!(
        credentials(&next, "Authorization").qop.unwrap().2,
        "00000002"
    );
    let mut other = SipMessage::request("MESSAGE", "sip:x");
    own.prepare(&mut other, &mut ids);
    assert!(!other.has_header("Authorization"));
}

#[test]
fn a_second_challenge_means_wrong_credentials_unless_it_is_for_age_or_another_realm() {
    let (mut own, mut ids) = authenticator(password(), None);
    let mut met = Met::default();
    let first = challenge(Algorithm::Md5, "x", "n1");
    let again = own.answer(&register(), &challenged(401, &[first]), &mut met, &mut ids);
    let again = again.unwrap();
    let stale = Challenge {
        stale: true,
        ..challenge(Algorithm::Md5, "x", "n2")
    };
    let again = own.answer(&again, &challenged(401, &[stale]), &mut met, &mut ids);
    let again = again.unwrap();
    assert_eq!(again.cseq(), Some((9, "REGISTER")));
    assert_eq!(again.headers_named("Authorization").count(), 1);
    let proxy = challenge(Algorithm::Md5, "proxy", "n3");
    let again = own.answer(&again, &challenged(407, &[proxy]), &mut met, &mut ids);
    let again = again.unwrap();
    assert!(again.has_header("Authorization") && again.has_header("Proxy-Authorization"));
    let last = challenge(Algorithm::Md5, "x", "n4");
    let refused = own.answer(&again, &challenged(401, &[last]), &mut met, &mut ids);
    assert_eq!(refused, Err(Refusal::Wrong("u@x".into(), "x".into())));
}

#[test]
fn a_foreign_realm_and_what_cannot_be_answered_are_told() {
    let (mut own, mut ids) = authenticator(password(), Some("y"));
    let response = challenged(401, &[challenge(Algorithm::Md5, "x", "n")]);
    let refused = own.answer(&register(), &response, &mut Met::default(), &mut ids);
    assert_eq!(refused, Err(Refusal::ForeignRealm("x".into(), "y".into())));
    let response = challenged(401, &[aka(1 << 9)]);
    let refused = own.answer(&register(), &response, &mut Met::default(), &mut ids);
    assert!(matches!(refused, Err(Refusal::Unsuitable(_))));
}

#[test]
fn a_usim_answers_in_order_and_resynchronises_else() {
    let (mut own, mut ids) = authenticator(usim(0), None);
    let mut met = Met::default();
    let response = challenged(401, &[aka(50 << 5 | 1)]);
    let again = own
        .answer(&register(), &response, &mut met, &mut ids)
        .unwrap();
    let given = credentials(&again, "Authorization");
    let milenage = Milenage::new(&KEYS.0, KEYS.1);
    let rand = AkaChallenge::of_nonce(&given.nonce).unwrap().rand;
    let asked = Answering::new("REGISTER", "sip:x");
    let expected = given.expected(&milenage.vector(&rand).res, asked);
    assert_eq!(given.response, expected);
    // The same number once more: too old.
    let mut met = Met::default();
    let again = own
        .answer(&register(), &response, &mut met, &mut ids)
        .unwrap();
    let given = credentials(&again, "Authorization");
    assert_eq!(
        given.auts.unwrap().open(&milenage, &rand),
        Some(50 << 5 | 1)
    );
    assert_eq!(given.response, given.expected(b"", asked));
    // The network begins above it.
    let response = challenged(401, &[aka(51 << 5 | 1)]);
    let again = own.answer(&again, &response, &mut met, &mut ids).unwrap();
    assert_eq!(credentials(&again, "Authorization").auts, None);
    // Too far ahead.
    let response = challenged(401, &[aka((60 + FURTHEST) << 5)]);
    let again = own.answer(&register(), &response, &mut Met::default(), &mut ids);
    assert!(credentials(&again.unwrap(), "Authorization").auts.is_some());
}

#[test]
fn a_network_without_the_key_is_not_answered() {
    let (mut own, mut ids) = authenticator(usim(0), None);
    let mut forged = aka(1 << 9);
    forged.nonce.replace_range(0..4, "BBBB");
    let response = challenged(401, &[forged]);
    let refused = own.answer(&register(), &response, &mut Met::default(), &mut ids);
    assert_eq!(refused, Err(Refusal::Forged("u@x".into())));
}
