//! The suite's ESME binds to the suite's message centre: both roles of `peer::smsc`, over loopback, in every default alphabet.
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
