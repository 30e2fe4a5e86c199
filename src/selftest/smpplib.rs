//! Self-test: smpplib, an ESME in Python that knows nothing of us, binds to the harness's message centre: every bind of 3.3, 3.4 and 5.0,
//! a pair of transmitter and receiver, texts in both alphabets and in parts both ways, delivery receipts with and without TLVs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::capture::{Exchange, Handset, Tap};
use ims_conformance::peer::behaviour::{HandsetBehaviour, Segmentation};
use ims_conformance::peer::smsc::{Account, SmscConfig};
use ims_conformance::wire::sms::{decode_gsm7, decode_ucs2};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const SERVICE: &str = "+447700900123";
const BOB: &str = "+447700900456";
const EXTENDED: &str = "[Brackets] {braces} ~^|\\ cost 2 €";
const UNICODE: &str = "Привет, Боб! 你好 🙂";

/// The script's process; what it says comes line by line.
struct Esme {
    process: Child,
    said: Receiver<Value>,
}

impl Drop for Esme {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Esme {
    fn start(exchange: &Exchange, bind: &str, version: &str) -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/smpplib_esme.py");
        let mut process = Command::new(third_party::python())
            .arg(script)
            .args([&exchange.address().port().to_string(), bind, version])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (says, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else {
                    continue;
                };
                if says.send(value).is_err() {
                    return;
                }
            }
        });
        let mut esme = Self { process, said };
        assert_eq!(esme.says("bound")["status"], 0);
        esme
    }

    /// The next thing of that kind.
    fn says(&mut self, kind: &str) -> Value {
        loop {
            let said = self.said.recv_timeout(PATIENCE);
            let said = said.unwrap_or_else(|_| panic!("smpplib never says {kind}"));
            assert_ne!(said["kind"], "error", "{said}");
            if said["kind"] == kind {
                return said;
            }
        }
    }

    fn submit(&mut self, text: &str, coding: &str, receipt: bool) {
        let order = json!({ "text": text, "coding": coding, "receipt": receipt, "from": SERVICE, "to": BOB });
        let stdin = self.process.stdin.as_mut().unwrap();
        writeln!(stdin, "{order}").unwrap();
        stdin.flush().unwrap();
    }
}

async fn centre() -> Exchange {
    let config = SmscConfig {
        account: Some(Account {
            system_id: "smpplib".to_owned(),
            password: "secret".to_owned(),
        }),
        ..SmscConfig::default()
    };
    Exchange::start(config, Tap::new()).await.unwrap()
}

fn bob(exchange: &Exchange, behaviour: HandsetBehaviour) -> Handset {
    exchange.attach(BOB, Tap::new(), behaviour)
}

fn long_text() -> String {
    let sentences = (1..=20).map(|n| format!("Sentence number {n} €. "));
    sentences.collect::<String>().trim_end().to_owned()
}

fn octets(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// The text of a delivery as smpplib saw its fields, with its header taken off.
fn text(delivery: &Value) -> String {
    let mut data = octets(&delivery["octets"]);
    if data.is_empty() {
        data = octets(&delivery["payload"]);
    }
    if delivery["esm_class"].as_u64().unwrap() & 0x40 != 0 {
        data.drain(..=usize::from(data[0]));
    }
    match delivery["coding"].as_u64() {
        Some(8) => decode_ucs2(&data).unwrap(),
        _ => decode_gsm7(&data).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bind_of_every_version_is_taken() {
    for version in ["33", "34", "50"] {
        for bind in ["transceiver", "transmitter", "receiver"] {
            let exchange = centre().await;
            let esme = Esme::start(&exchange, bind, version);
            let both = exchange.bound(Duration::from_millis(500)).await;
            assert_eq!(both, bind == "transceiver", "{bind} {version}");
            drop(esme);
            exchange.stop().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smpplib_writes_to_a_handset_and_gets_receipts() {
    let exchange = centre().await;
    let mut esme = Esme::start(&exchange, "transceiver", "34");
    let bob = bob(&exchange, HandsetBehaviour::default());
    let long = long_text();
    let texts = [(EXTENDED, "gsm"), (UNICODE, "ucs2"), (long.as_str(), "gsm")];
    for (shown, (text, coding)) in texts.iter().enumerate() {
        esme.submit(text, coding, false);
        assert!(bob.has_received(shown + 1, PATIENCE).await, "{text}");
        let last = bob.received().pop().unwrap();
        assert_eq!((last.from.as_str(), last.text.as_str()), (SERVICE, *text));
    }
    // The long one has three parts.
    for _ in 0..5 {
        esme.says("submit_sm_resp");
    }
    for bare in [false, true] {
        bob.adjust(|handset| handset.receipt_without_tlvs = bare);
        esme.submit("Has it come?", "gsm", true);
        let id = esme.says("submit_sm_resp")["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let receipt = esme.says("deliver_sm");
        assert_eq!(receipt["esm_class"], 4);
        let said = String::from_utf8(octets(&receipt["octets"])).unwrap();
        assert!(
            said.starts_with(&format!("id:{id} ")) && said.contains("stat:DELIVRD"),
            "{said}"
        );
        let wanted = if bare {
            (json!(""), json!(null))
        } else {
            (json!(id), json!(2))
        };
        assert_eq!(
            (receipt["receipted"].clone(), receipt["state"].clone()),
            wanted
        );
    }
    exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handset_writes_to_a_pair_of_transmitter_and_receiver() {
    let exchange = centre().await;
    let _transmitter = Esme::start(&exchange, "transmitter", "34");
    let mut receiver = Esme::start(&exchange, "receiver", "34");
    assert!(exchange.bound(PATIENCE).await);
    let bob = bob(&exchange, HandsetBehaviour::default());
    for text_sent in [EXTENDED, UNICODE] {
        bob.send(SERVICE, text_sent);
        let delivery = receiver.says("deliver_sm");
        assert_eq!(text(&delivery), text_sent);
        assert_eq!(delivery["source"], BOB.trim_start_matches('+'));
    }
    let long = long_text();
    bob.send(SERVICE, &long);
    let parts: String = (0..3).map(|_| text(&receiver.says("deliver_sm"))).collect();
    assert_eq!(parts, long);
    bob.adjust(|handset| handset.segmentation = Segmentation::Payload);
    bob.send(SERVICE, &long);
    assert_eq!(text(&receiver.says("deliver_sm")), long);
    exchange.stop().await.unwrap();
}
