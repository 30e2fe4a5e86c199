//! A little ESME of our own binds over loopback; what the taps recorded is read back with pcap-parser and etherparse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::peer::behaviour::{ReceiptId, Segmentation};
use crate::peer::smsc::{Account, SmscConfig};
use crate::wire::smpp::{
    BindKind, Body, CommandId, Framer, MessageState, Pdu, Receipt, decode_short_message_text,
    status,
};
use etherparse::{SlicedPacket, TransportSlice};
use pcap_parser::{
    Block, PcapBlockOwned, PcapNGReader,
    traits::{PcapNGPacketBlock, PcapReaderIterator},
};
use tokio::io::AsyncReadExt;

#[path = "exchange_esme.rs"]
mod esme;
use esme::Esme;

const SOON: Duration = Duration::from_secs(5);
const ALICE: &str = "+447700900111";
const BOB: &str = "+447700900222";
const CAROL: &str = "+447700900333";

fn text_of(pdu: &Pdu) -> String {
    let message = pdu.short_message().unwrap();
    decode_short_message_text(message, &pdu.tlvs).unwrap().0
}

/// Names of the PDUs a tap recorded in capture order, `>` in front of those the suite sent.
fn recorded(tap: &Tap) -> Vec<String> {
    let octets = tap.octets_from(0);
    let mut reader = PcapNGReader::new(1 << 20, octets.as_slice()).unwrap();
    let mut framers = std::collections::HashMap::<(u16, u16), Framer>::new();
    let mut smsc = None;
    let mut names = Vec::new();
    loop {
        let (used, block) = match reader.next() {
            Ok(next) => next,
            Err(pcap_parser::PcapError::Eof) => break,
            Err(pcap_parser::PcapError::Incomplete(_)) => {
                reader.refill().unwrap();
                continue;
            }
            Err(error) => panic!("{error:?}"),
        };
        if let PcapBlockOwned::NG(Block::EnhancedPacket(packet)) = block {
            let sliced = SlicedPacket::from_ip(packet.packet_data()).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
                panic!("not TCP");
            };
            if tcp.syn() && !tcp.ack() {
                smsc = Some(tcp.destination_port());
            }
            let ports = (tcp.source_port(), tcp.destination_port());
            let framer = framers.entry(ports).or_default();
            framer.push(tcp.payload());
            while let Some(frame) = framer.next_frame() {
                let name = Pdu::parse(&frame.unwrap()).unwrap().command.name();
                let sent = if smsc == Some(ports.0) { ">" } else { "" };
                names.push(format!("{sent}{name}"));
            }
        }
        reader.consume(used);
    }
    names
}

/// Waits until a tap has recorded that many PDUs.
async fn recorded_count(tap: &Tap, count: usize) {
    let waited = timeout(SOON, async {
        while recorded(tap).len() < count {
            sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("PDUs are missing in the capture");
}

fn config() -> SmscConfig {
    SmscConfig {
        account: Some(Account {
            system_id: "ipsmgw".to_owned(),
            password: "secret".to_owned(),
        }),
        ..SmscConfig::default()
    }
}

async fn started() -> (Exchange, Tap) {
    let tap = Tap::new();
    let exchange = Exchange::start(config(), tap.clone()).await.unwrap();
    (exchange, tap)
}

#[tokio::test]
async fn carries_a_short_message_its_receipt_and_the_answer() {
    let (exchange, run_tap) = started().await;
    assert!(!exchange.bound(Duration::from_millis(10)).await);
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    assert!(exchange.bound(SOON).await);
    let tap = Tap::new();
    let bob = exchange.attach(BOB, tap.clone(), HandsetBehaviour::default());
    bob.answer("too early");
    assert_eq!(bob.complaints().len(), 1);

    let asked = esme.submit("+447700900999", BOB, "join?", 1).await;
    let response = esme.read().await;
    assert_eq!((response.sequence, response.status), (asked, 0));
    let Body::MessageId(Some(id)) = response.body else {
        panic!("no message_id");
    };
    let receipt = esme.take().await;
    let message = receipt.short_message().unwrap();
    assert_eq!(message.source_number(), BOB);
    let receipt = Receipt::read(message, &receipt.tlvs).unwrap();
    assert_eq!(receipt.message_id, id);
    assert_eq!(receipt.state, MessageState::Delivered);

    assert!(bob.has_received(1, SOON).await);
    assert_eq!(bob.last_sender().as_deref(), Some("+447700900999"));
    assert_eq!(bob.received()[0].text, "join?");
    recorded_count(&tap, 4).await;
    bob.answer("yes");
    let answer = esme.take().await;
    assert_eq!(text_of(&answer), "yes");
    let message = answer.short_message().unwrap();
    assert_eq!(message.source_number(), BOB);
    assert_eq!(message.dest_number(), "+447700900999");

    esme.ask(CommandId::UNBIND, Body::Empty).await;
    assert_eq!(esme.read().await.command, CommandId::UNBIND.response());
    assert_eq!(
        recorded(&tap),
        [
            "submit_sm",
            ">submit_sm_resp",
            ">deliver_sm",
            "deliver_sm_resp",
            ">deliver_sm",
            "deliver_sm_resp",
        ]
    );
    let all = recorded(&run_tap);
    assert_eq!(all.len(), 10);
    assert_eq!(all[0], "bind_transceiver");
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn keeps_the_messages_of_two_test_cases_apart() {
    let (exchange, run_tap) = started().await;
    let mut transmitter = Esme::bound(&exchange, BindKind::Transmitter).await;
    assert!(!exchange.bound(Duration::from_millis(10)).await);
    let mut receiver = Esme::bound(&exchange, BindKind::Receiver).await;
    assert!(exchange.bound(SOON).await);
    let taps = [Tap::new(), Tap::new()];
    let bob = exchange.attach(BOB, taps[0].clone(), HandsetBehaviour::default());
    let throttled = HandsetBehaviour {
        submit_status: status::THROTTLED,
        ..HandsetBehaviour::default()
    };
    let carol = exchange.attach(CAROL, taps[1].clone(), throttled);

    transmitter.submit(ALICE, CAROL, "to Carol", 0).await;
    transmitter.submit(ALICE, BOB, "to Bob", 0).await;
    transmitter
        .submit(ALICE, "+447700900444", "to nobody", 0)
        .await;
    let statuses = [
        transmitter.read().await.status,
        transmitter.read().await.status,
        transmitter.read().await.status,
    ];
    assert_eq!(statuses, [status::THROTTLED, 0, 0]);
    carol.send(ALICE, &"long ".repeat(60));
    bob.answer("short");
    let mut delivered = Vec::new();
    for _ in 0..3 {
        delivered.push(receiver.take().await);
    }
    assert_eq!(delivered[0].short_message().unwrap().esm_class, 0x40);
    assert_eq!(text_of(&delivered[2]), "short");
    recorded_count(&run_tap, 16).await;
    let bobs = recorded(&taps[0]);
    assert_eq!(
        bobs,
        [
            "submit_sm",
            ">submit_sm_resp",
            ">deliver_sm",
            "deliver_sm_resp"
        ]
    );
    assert_eq!(recorded(&taps[1]).len(), 6);
    assert_eq!(carol.received(), []);
    assert_eq!(exchange.take_notes().len(), 1);
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn delays_withholds_and_loses_as_the_behaviour_says() {
    let (exchange, _) = started().await;
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    let slow = HandsetBehaviour {
        submit_delay: Duration::from_millis(150),
        ..HandsetBehaviour::default()
    };
    let bob = exchange.attach(BOB, Tap::new(), slow);
    let unreachable = HandsetBehaviour {
        coverage_lost: true,
        receipt_delay: Duration::from_millis(30),
        receipt_by_data_sm: true,
        receipt_id: ReceiptId::Padded,
        ..HandsetBehaviour::default()
    };
    let carol = exchange.attach(CAROL, Tap::new(), unreachable);
    let slow = esme.submit(ALICE, BOB, "slow", 0).await;
    let fast = esme.submit(ALICE, CAROL, "fast", 1).await;
    assert_eq!(esme.read().await.sequence, fast);
    let receipt = esme.take().await;
    assert_eq!(receipt.command, CommandId::DATA_SM);
    let read = Receipt::read(receipt.short_message().unwrap(), &receipt.tlvs).unwrap();
    assert_eq!(read.state, MessageState::Undeliverable);
    assert_eq!(read.message_id, "0000000002");
    assert_eq!(bob.received(), []);
    assert_eq!(esme.read().await.sequence, slow);
    assert!(bob.has_received(1, SOON).await);
    assert_eq!(carol.received(), []);

    bob.behave(HandsetBehaviour {
        submit_unanswered: true,
        ..HandsetBehaviour::default()
    });
    esme.submit(ALICE, BOB, "into the void", 1).await;
    esme.ask(CommandId::ENQUIRE_LINK, Body::Empty).await;
    assert_eq!(
        esme.read().await.command,
        CommandId::ENQUIRE_LINK.response()
    );
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn keeps_what_nobody_takes_until_an_esme_is_bound() {
    let (exchange, _) = started().await;
    let payload = HandsetBehaviour {
        segmentation: Segmentation::Payload,
        ..HandsetBehaviour::default()
    };
    let bob = exchange.attach(BOB, Tap::new(), payload);
    bob.send(ALICE, &"a".repeat(500));
    let mut refused = Esme::connect(&exchange).await;
    refused.bind(BindKind::Transceiver, "wrong").await;
    assert_eq!(refused.read().await.status, status::INVALID_PASSWORD);
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    assert_eq!(text_of(&esme.take().await).len(), 500);
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn a_lost_link_is_noticed_and_a_new_one_taken() {
    let (exchange, run_tap) = started().await;
    let esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    assert!(exchange.bound(SOON).await);
    drop(esme);
    while exchange.bound(Duration::ZERO).await {
        sleep(Duration::from_millis(5)).await;
    }
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    assert!(exchange.bound(SOON).await);
    exchange.disconnect(false);
    assert_eq!(esme.stream.read(&mut [0; 16]).await.unwrap(), 0);
    assert!(!exchange.bound(Duration::ZERO).await);
    assert_eq!(recorded(&run_tap).len(), 4);
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn a_handset_that_was_dropped_gets_nothing_more() {
    let (exchange, _) = started().await;
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    let tap = Tap::new();
    let first = exchange.attach(BOB, tap.clone(), HandsetBehaviour::default());
    let second = first.clone();
    drop(first);
    esme.submit(ALICE, BOB, "one", 0).await;
    esme.read().await;
    drop(second);
    esme.submit(ALICE, BOB, "two", 0).await;
    esme.read().await;
    assert_eq!(recorded(&tap), ["submit_sm", ">submit_sm_resp"]);
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_in_use_is_reported_with_the_address() {
    let (exchange, _) = started().await;
    let taken = SmscConfig {
        listen: exchange.address(),
        ..config()
    };
    let error = Exchange::start(taken, Tap::new()).await.unwrap_err();
    assert!(error.to_string().contains(&exchange.address().to_string()));
    let again = exchange.clone();
    exchange.stop().await.unwrap();
    again.stop().await.unwrap();
}

#[tokio::test]
async fn ends_sessions_by_unbind_and_closes_after_the_response() {
    let (exchange, run_tap) = started().await;
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    exchange.unbind();
    let unbind = esme.take().await;
    assert_eq!(unbind.command, CommandId::UNBIND);
    assert_eq!(esme.stream.read(&mut [0; 16]).await.unwrap(), 0);
    recorded_count(&run_tap, 4).await;
    assert!(!exchange.bound(Duration::ZERO).await);
    exchange.stop().await.unwrap();
}

#[tokio::test]
async fn answers_a_flood_of_submissions_in_order() {
    let (exchange, _) = started().await;
    let mut esme = Esme::bound(&exchange, BindKind::Transceiver).await;
    let tap = Tap::new();
    let bob = exchange.attach(BOB, tap.clone(), HandsetBehaviour::default());
    let first = esme.sequence + 1;
    for _ in 0..1000 {
        esme.submit(ALICE, BOB, "again", 1).await;
    }
    let (mut answered, mut receipts) = (first, 0);
    while answered < first + 1000 || receipts < 1000 {
        let pdu = esme.read().await;
        if pdu.command == CommandId::DELIVER_SM {
            receipts += 1;
        } else {
            assert_eq!((pdu.sequence, pdu.status), (answered, 0));
            answered += 1;
        }
    }
    assert!(bob.has_received(1000, SOON).await);
    assert_eq!(recorded(&tap).len(), 3000);
    exchange.stop().await.unwrap();
}
