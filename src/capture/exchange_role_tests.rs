//! The suite's ESME binds to the suite's message centre: both roles of `peer::smsc`, over loopback, in every default alphabet and inside TLS.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::peer::smsc::{Account, Role, SmscConfig};
use crate::wire::smpp::DefaultAlphabet;

const SOON: Duration = Duration::from_secs(5);
const BOB: &str = "+447700900222";
const CAROL: &str = "+447700900333";

fn account(password: &str) -> Account {
    Account {
        system_id: "esme".to_owned(),
        password: password.to_owned(),
    }
}

async fn pair(default_alphabet: DefaultAlphabet) -> (Exchange, Exchange) {
    let centre = SmscConfig {
        account: Some(account("secret")),
        default_alphabet,
        ..SmscConfig::default()
    };
    let esme = SmscConfig {
        role: Role::Esme(account("secret")),
        ..centre.clone()
    };
    let centre = Exchange::start(centre, Tap::new()).await.unwrap();
    let esme = Exchange::start(esme, Tap::new()).await.unwrap();
    esme.dial(centre.address());
    assert!(centre.bound(SOON).await && esme.bound(SOON).await);
    (centre, esme)
}

#[tokio::test]
async fn an_esme_of_ours_and_a_message_centre_of_ours_exchange_texts() {
    for alphabet in [
        DefaultAlphabet::Gsm7,
        DefaultAlphabet::Gsm7Packed,
        DefaultAlphabet::Latin1,
    ] {
        let (centre, esme) = pair(alphabet).await;
        let carol = centre.attach(CAROL, Tap::new(), HandsetBehaviour::default());
        let bob = esme.attach(BOB, Tap::new(), HandsetBehaviour::default());
        let long = "A long text, é. ".repeat(20);
        for (shown, text) in ["Hello", "cost: 5 € [now]", "Привет 🙂", long.trim_end()]
            .iter()
            .enumerate()
        {
            bob.send(CAROL, text);
            assert!(
                carol.has_received(shown + 1, SOON).await,
                "{alphabet:?} {text}"
            );
            assert_eq!(carol.received()[shown].text, *text, "{alphabet:?}");
            carol.answer(text);
            assert!(
                bob.has_received(shown + 1, SOON).await,
                "{alphabet:?} {text}"
            );
            assert_eq!(bob.received()[shown].text, *text, "{alphabet:?}");
            assert_eq!(bob.received()[shown].from, CAROL);
        }
        esme.stop().await.unwrap();
        centre.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_esme_with_the_wrong_password_is_told_so() {
    let centre = SmscConfig {
        account: Some(account("secret")),
        ..SmscConfig::default()
    };
    let esme = SmscConfig {
        role: Role::Esme(account("wrong")),
        ..SmscConfig::default()
    };
    let centre = Exchange::start(centre, Tap::new()).await.unwrap();
    let esme = Exchange::start(esme, Tap::new()).await.unwrap();
    esme.dial(centre.address());
    assert!(!esme.bound(Duration::from_millis(300)).await);
    assert!(esme.take_notes().concat().contains("refused"));
    esme.stop().await.unwrap();
    centre.stop().await.unwrap();
}

/// A CA, and what it has issued to `name`: certificate and key; all of them PEM files in `folder`.
fn issued(folder: &std::path::Path, name: &str) -> [std::path::PathBuf; 3] {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    // Under a name of its own, or another CA would seem to be this one with a wrong signature.
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, folder.display().to_string());
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = rcgen::CertifiedIssuer::self_signed(params, ca_key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    [
        ("ca", ca.pem()),
        ("leaf", leaf.pem()),
        ("key", key.serialize_pem()),
    ]
    .map(|(file, pem)| {
        let path = folder.join(file);
        std::fs::write(&path, pem).unwrap();
        path
    })
}

#[tokio::test]
async fn inside_tls_the_tap_gets_what_tls_protects() {
    let folder = tempfile::tempdir().unwrap();
    let [ca, leaf, key] = issued(folder.path(), "127.0.0.1");
    let centre = SmscConfig {
        account: Some(account("secret")),
        ..SmscConfig::default()
    };
    let esme = SmscConfig {
        role: Role::Esme(account("secret")),
        ..centre.clone()
    };
    let tap = Tap::new();
    let ours = Tls::presents(&leaf, &key).unwrap();
    let centre = Exchange::start_over(centre, Some(ours), tap.clone());
    let centre = centre.await.unwrap();
    let trust = Tls::verifies(&ca, None).unwrap();
    let esme = Exchange::start_over(esme, Some(trust), Tap::new());
    let esme = esme.await.unwrap();
    esme.dial(centre.address());
    assert!(centre.bound(SOON).await && esme.bound(SOON).await);
    let carol = centre.attach(CAROL, Tap::new(), HandsetBehaviour::default());
    let bob = esme.attach(BOB, Tap::new(), HandsetBehaviour::default());
    bob.send(CAROL, "Hello in the clear");
    assert!(carol.has_received(1, SOON).await);
    let seen = tap.octets_from(0);
    assert!(seen.windows(18).any(|w| w == b"Hello in the clear"));
    // Broken off, and taken up again.
    centre.disconnect(true);
    let mut bound = esme.bound.clone();
    let gone = timeout(SOON, bound.wait_for(|both| !*both)).await;
    assert!(gone.is_ok());
    esme.stop().await.unwrap();
    centre.stop().await.unwrap();
}

#[tokio::test]
async fn an_esme_that_trusts_another_ca_does_not_bind() {
    let folder = tempfile::tempdir().unwrap();
    let [_, leaf, key] = issued(folder.path(), "127.0.0.1");
    let other = tempfile::tempdir().unwrap();
    let [ca, ..] = issued(other.path(), "127.0.0.1");
    let ours = Tls::presents(&leaf, &key).unwrap();
    let centre = Exchange::start_over(SmscConfig::default(), Some(ours), Tap::new());
    let centre = centre.await.unwrap();
    let esme = SmscConfig {
        role: Role::Esme(account("secret")),
        ..SmscConfig::default()
    };
    let trust = Tls::verifies(&ca, None).unwrap();
    let esme = Exchange::start_over(esme, Some(trust), Tap::new());
    let esme = esme.await.unwrap();
    esme.dial(centre.address());
    assert!(!esme.bound(Duration::from_millis(500)).await);
    let notes = esme.take_notes().concat();
    assert!(notes.contains("UnknownIssuer"), "{notes}");
    let notes = centre.take_notes().concat();
    assert!(notes.contains("UnknownCA"), "{notes}");
    esme.stop().await.unwrap();
    centre.stop().await.unwrap();
}

#[test]
fn a_file_that_tls_cannot_use_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let [ca, leaf, key] = issued(folder.path(), "127.0.0.1");
    let said = |outcome: Result<Tls, CaptureError>| match outcome {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let gone = folder.path().join("gone.pem");
    for (outcome, words) in [
        (Tls::presents(&gone, &key), ["tls.certificate", "gone.pem"]),
        (Tls::presents(&key, &key), ["tls.certificate", "BEGIN"]),
        (Tls::presents(&leaf, &leaf), ["tls.key", "no private key"]),
        (Tls::presents(&ca, &key), ["tls.key", "does not go with"]),
        (Tls::verifies(&key, None), ["tls.ca", "no certificate"]),
        (Tls::verifies(&ca, Some("a b")), ["tls.server_name", "DNS"]),
    ] {
        let said = said(outcome);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}
