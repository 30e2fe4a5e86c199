//! Self-test: Kannel, an ESME of others, binds to the harness's message centre and exchanges short messages with a handset both ways.
//!
//! Alphabets, concatenation and addresses are Kannel's reading of the specifications against ours. Its HTTP interfaces stand at both ends:
//! `sendsms` for messages to the handset, a service URL for messages from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use axum::extract::{RawQuery, State};
use axum::routing::get;
use ims_conformance::capture::{Exchange, Tap};
use ims_conformance::peer::behaviour::HandsetBehaviour;
use ims_conformance::peer::smsc::{Account, SmscConfig};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use third_party::{Running, free_port, program};
use tokio::sync::mpsc;

const SERVICE: &str = "+447700900123";
const BOB: &str = "+447700900456";
/// Two starts, a bind and a handful of messages take a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);
const TEMPLATE: &str = include_str!("../../fixtures/selftest/kannel.conf");

/// GSM 7 bit with characters of the extension table; one part.
const EXTENDED: &str = "[Brackets] {braces} ~^|\\ cost 2 €";
/// UCS2, with a character beyond the basic plane.
const UNICODE: &str = "Привет, Боб! 你好 🙂";

/// Three parts.
fn long_text() -> String {
    let sentences = (1..=20).map(|n| format!("Sentence number {n} €. "));
    sentences.collect::<String>().trim_end().to_owned()
}

/// Kannel's two processes between our message centre and our HTTP listener.
struct Lab {
    exchange: Exchange,
    sendsms: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    client: reqwest::Client,
    smsbox: Running,
    bearerbox: Running,
    folder: tempfile::TempDir,
}

#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    from: String,
    to: String,
    text: String,
}

impl Lab {
    async fn start() -> Self {
        let bearerbox = program("bearerbox", "kannel");
        let smsbox = program("smsbox", "kannel");
        let config = SmscConfig {
            account: Some(Account {
                system_id: "kannel".to_owned(),
                password: "secret".to_owned(),
            }),
            ..SmscConfig::default()
        };
        let exchange = Exchange::start(config, Tap::new()).await.unwrap();
        let (listener_port, arrived) = listen().await;
        let [admin, smsbox_port, sendsms] = [free_port(), free_port(), free_port()];
        let folder = tempfile::tempdir().unwrap();
        let values = [
            ("@ADMIN_PORT@", admin.to_string()),
            ("@SMSBOX_PORT@", smsbox_port.to_string()),
            ("@SMSC_PORT@", exchange.address().port().to_string()),
            ("@SENDSMS_PORT@", sendsms.to_string()),
            ("@LISTENER_PORT@", listener_port.to_string()),
            ("@FOLDER@", folder.path().display().to_string()),
        ];
        let text = values
            .iter()
            .fold(TEMPLATE.to_owned(), |text, (word, value)| {
                text.replace(word, value)
            });
        let configuration = folder.path().join("kannel.conf");
        std::fs::write(&configuration, text).unwrap();

        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let status = format!("http://127.0.0.1:{admin}/status.txt?password=status");
        let bearerbox = run(&bearerbox, &configuration);
        wait_for(&client, &status, "Status: running", folder.path()).await;
        let smsbox = run(&smsbox, &configuration);
        wait_for(&client, &status, "smsbox", folder.path()).await;
        let bound = exchange.bound(PATIENCE).await;
        assert!(
            bound,
            "Kannel does not bind: {:?}\n{}",
            exchange.take_notes(),
            logs(folder.path())
        );
        Self {
            exchange,
            sendsms: format!("http://127.0.0.1:{sendsms}/cgi-bin/sendsms"),
            arrived,
            client,
            smsbox,
            bearerbox,
            folder,
        }
    }

    /// `coding` 0 is the GSM alphabet, 2 is UCS2.
    async fn submit(&self, text: &str, coding: &str) {
        let query = [
            ("username", "tester"),
            ("password", "tester"),
            ("from", SERVICE),
            ("to", BOB),
            ("charset", "UTF-8"),
            ("coding", coding),
            ("text", text),
        ];
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let response = self
            .client
            .get(format!("{}?{}", self.sendsms, query.join("&")))
            .send()
            .await
            .unwrap();
        let status = response.status();
        let told = response.text().await.unwrap();
        assert!(
            status.is_success(),
            "sendsms: {status} {told}\n{}",
            logs(self.folder.path())
        );
    }

    async fn end(self) {
        self.smsbox.end(Duration::from_secs(5));
        self.bearerbox.end(Duration::from_secs(5));
        self.exchange.stop().await.unwrap();
    }
}

fn run(program: &Path, configuration: &Path) -> Running {
    let mut command = Command::new(program);
    command.args(["-v", "4"]).arg(configuration);
    Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

async fn wait_for(client: &reqwest::Client, url: &str, words: &str, folder: &Path) {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Ok(response) = client.get(url).send().await
            && response.text().await.is_ok_and(|text| text.contains(words))
        {
            return;
        }
        assert!(
            Instant::now() < until,
            "Kannel never says {words:?}\n{}",
            logs(folder)
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn logs(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}\n{}", read("bearerbox.log"), read("smsbox.log"))
}

fn escaped(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

/// The service that Kannel hands messages from the handset to.
async fn listen() -> (u16, mpsc::UnboundedReceiver<Arrived>) {
    let (arrivals, arrived) = mpsc::unbounded_channel();
    let router = axum::Router::new()
        .route("/arrived", get(arrive))
        .with_state(arrivals);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, arrived)
}

async fn arrive(
    State(arrivals): State<mpsc::UnboundedSender<Arrived>>,
    RawQuery(query): RawQuery,
) -> &'static str {
    let fields: HashMap<String, Vec<u8>> = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), unescaped(value)))
        .collect();
    let text = |name: &str| String::from_utf8_lossy(&fields[name]).into_owned();
    let body = if text("coding") == "2" {
        utf_16(&fields["text"])
    } else {
        text("text")
    };
    let arrival = Arrived {
        from: text("from"),
        to: text("to"),
        text: body,
    };
    arrivals.send(arrival).ok();
    ""
}

fn utf_16(octets: &[u8]) -> String {
    let units: Vec<u16> = octets
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = text.bytes();
    let mut found = Vec::new();
    while let Some(octet) = octets.next() {
        found.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [octets.next().unwrap(), octets.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn kannel_writes_to_a_handset() {
    let lab = Lab::start().await;
    let bob = lab
        .exchange
        .attach(BOB, Tap::new(), HandsetBehaviour::default());
    let long = long_text();
    let texts = [(EXTENDED, "0"), (long.as_str(), "0"), (UNICODE, "2")];
    for (shown, (text, coding)) in texts.iter().enumerate() {
        lab.submit(text, coding).await;
        let came = bob.has_received(shown + 1, PATIENCE).await;
        assert!(
            came,
            "{text}\n{:?}\n{}",
            lab.exchange.take_notes(),
            logs(lab.folder.path())
        );
        let last = bob.received().pop().unwrap();
        assert_eq!((last.from.as_str(), last.text.as_str()), (SERVICE, *text));
    }
    assert_eq!(bob.received().len(), texts.len());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handset_writes_to_kannel() {
    let mut lab = Lab::start().await;
    let bob = lab
        .exchange
        .attach(BOB, Tap::new(), HandsetBehaviour::default());
    for text in [EXTENDED, &long_text(), UNICODE] {
        bob.send(SERVICE, text);
        let arrived = tokio::time::timeout(PATIENCE, lab.arrived.recv()).await;
        let arrived = arrived.unwrap_or_else(|_| {
            panic!(
                "{text}\n{:?}\n{}",
                bob.complaints(),
                logs(lab.folder.path())
            )
        });
        let wanted = Arrived {
            from: BOB.to_owned(),
            to: SERVICE.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(arrived, Some(wanted));
    }
    lab.end().await;
}
