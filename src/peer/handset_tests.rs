//! A handset writes to another one, in every way its behaviour can tell it to.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::peer::behaviour::Bystander;

const ALICE: &str = "+447700900111";
const BOB: &str = "+447700900222";

fn handset(number: &str, behaviour: HandsetBehaviour) -> SmsHandset {
    SmsHandset::new(number, 0x1234, behaviour)
}

/// What Bob shows of what Alice's handset wrote.
fn shown(behaviour: HandsetBehaviour, text: &str) -> Vec<ShortText> {
    let mut bob = handset(BOB, HandsetBehaviour::default());
    for part in handset(ALICE, behaviour).send(BOB, text).unwrap() {
        bob.arrives(Time::ZERO, &part.message, &part.tlvs).unwrap();
    }
    bob.received().cloned().collect()
}

#[test]
fn reassembles_every_segmentation_in_any_order() {
    for text in ["Hi", &"€ and more ".repeat(60), &"👍 жук ".repeat(60)] {
        for segmentation in [
            Segmentation::Header8,
            Segmentation::Header16,
            Segmentation::Sar,
            Segmentation::Payload,
        ] {
            for parts_out_of_order in [false, true] {
                let behaviour = HandsetBehaviour {
                    segmentation,
                    parts_out_of_order,
                    ..HandsetBehaviour::default()
                };
                let expected = ShortText {
                    from: ALICE.to_owned(),
                    text: text.to_owned(),
                };
                assert_eq!(shown(behaviour, text), [expected], "{segmentation:?}");
            }
        }
    }
}

#[test]
fn sends_the_last_part_first_when_told_so() {
    let behaviour = HandsetBehaviour {
        parts_out_of_order: true,
        ..HandsetBehaviour::default()
    };
    let parts = handset(ALICE, behaviour)
        .send(BOB, &"a".repeat(400))
        .unwrap();
    let order: Vec<u8> = parts.iter().map(|p| p.message.short_message[5]).collect();
    assert_eq!(order, [3, 1, 2]);
    assert!(parts.iter().all(|p| p.message.esm_class == 0x40));
}

#[test]
fn a_lost_part_leaves_the_message_unfinished() {
    let behaviour = HandsetBehaviour {
        lost_part: Some(2),
        ..HandsetBehaviour::default()
    };
    assert_eq!(shown(behaviour, &"a".repeat(400)), []);
}

#[test]
fn keeps_messages_of_different_senders_apart() {
    let mut bob = handset(BOB, HandsetBehaviour::default());
    let long = "a".repeat(200);
    let mut alice = handset(ALICE, HandsetBehaviour::default());
    let mut carol = handset("+447700900333", HandsetBehaviour::default());
    let from_alice = alice.send(BOB, &long).unwrap();
    let from_carol = carol.send(BOB, &long).unwrap();
    for part in [&from_alice[0], &from_carol[1], &from_carol[0]] {
        bob.arrives(Time::ZERO, &part.message, &part.tlvs).unwrap();
    }
    assert_eq!(bob.last_sender().as_deref(), Some("+447700900333"));
    assert_eq!(bob.received().count(), 1);
}

#[test]
fn answers_the_last_sender_as_it_was_addressed() {
    let mut bob = handset(BOB, HandsetBehaviour::default());
    assert_eq!(
        bob.answer("yes"),
        Err(HandsetError::NobodyToAnswer(BOB.to_owned()))
    );
    let mut invitation = handset("4477", HandsetBehaviour::default());
    let part = &invitation.send(BOB, "join?").unwrap()[0];
    bob.arrives(Time::ZERO, &part.message, &part.tlvs).unwrap();
    let answer = &bob.answer("yes").unwrap()[0].message;
    assert_eq!(
        (
            answer.dest_ton,
            answer.dest.as_str(),
            answer.source_number().as_str()
        ),
        (0, "4477", BOB)
    );
}

#[test]
fn duplicates_and_lost_coverage_are_behaviour() {
    let twice = HandsetBehaviour {
        deliver_duplicates: 1,
        ..HandsetBehaviour::default()
    };
    assert_eq!(handset(ALICE, twice).send(BOB, "a").unwrap().len(), 2);
    let lost = HandsetBehaviour {
        coverage_lost: true,
        ..HandsetBehaviour::default()
    };
    assert!(handset(ALICE, lost.clone()).send(BOB, "a").is_err());
    let submission = ShortMessagePdu {
        registered_delivery: 1,
        ..ShortMessagePdu::default()
    };
    let acceptance = handset(ALICE, lost).accepts(&submission);
    assert_eq!(acceptance.answer, Some(0));
    assert!(!acceptance.reaches);
    assert_eq!(acceptance.receipt, Some((0x62, Duration::ZERO)));
}

#[test]
fn receipts_are_sent_only_as_asked() {
    for (asked, status, sent) in [
        (0, 0x00, false),
        (1, 0x00, true),
        (2, 0x00, false),
        (2, 0x45, true),
        (3, 0x00, true),
        (3, 0x45, false),
    ] {
        assert_eq!(asked_for(asked, status), sent);
    }
}

#[test]
fn a_receipt_swaps_the_addresses_and_can_write_the_id_another_way() {
    let behaviour = HandsetBehaviour {
        receipt_id: ReceiptId::Hexadecimal,
        receipt_by_data_sm: true,
        ..HandsetBehaviour::default()
    };
    let submission = ShortMessagePdu {
        source: "111".to_owned(),
        dest: "222".to_owned(),
        ..ShortMessagePdu::default()
    };
    let times = ("2611210536", "2611210537");
    let receipt = handset(BOB, behaviour).receipt(&submission, 26, 0x00, times);
    assert_eq!(receipt.message.source, "222");
    assert_eq!(receipt.message.dest, "111");
    assert!(receipt.by_data_sm && receipt.message.short_message.is_empty());
    let read = Receipt::read(&receipt.message, &receipt.tlvs).unwrap();
    assert_eq!(
        (read.message_id.as_str(), read.state),
        ("1A", MessageState::Delivered)
    );
}

#[test]
fn reports_are_made_when_they_are_ordered_and_in_that_order() {
    let behaviour = HandsetBehaviour {
        receipt: None,
        ..HandsetBehaviour::default()
    };
    let mut bob = handset(BOB, behaviour);
    for (id, asked) in [(7, 1), (8, 0), (9, 1)] {
        let submission = ShortMessagePdu {
            registered_delivery: asked,
            ..ShortMessagePdu::default()
        };
        if bob.accepts(&submission).unreported {
            bob.unreported(&submission, id);
        }
    }
    let times = ("2611210536", "2611210537");
    let reports = bob.report(&[(1, 0x46), (0, 0x00)], times).unwrap();
    let said: Vec<(String, MessageState)> = reports
        .iter()
        .filter_map(|report| Receipt::read(&report.message, &report.tlvs))
        .map(|receipt| (receipt.message_id, receipt.state))
        .collect();
    assert_eq!(
        said,
        [
            ("9".to_owned(), MessageState::Expired),
            ("7".to_owned(), MessageState::Delivered)
        ]
    );
    assert!(bob.report(&[(2, 0x00)], times).is_err());
}

#[test]
fn parts_in_different_alphabets_make_one_text() {
    let mixed = HandsetBehaviour {
        mixed_alphabets: true,
        ..HandsetBehaviour::default()
    };
    let text = "So long a text, and 5 € in it. ".repeat(7);
    let parts = handset(ALICE, mixed.clone()).send(BOB, &text).unwrap();
    let codings: Vec<u8> = parts.iter().map(|p| p.message.data_coding).collect();
    assert_eq!(codings, [0x08, 0x00, 0x08, 0x00]);
    let shown = shown(mixed, &text);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].text, text);
}

#[test]
fn bystanders_write_in_between() {
    for (bystander, source) in [
        (Bystander::SameReference, "442079460999"),
        (Bystander::Service, "RCS Test"),
    ] {
        let crowd = HandsetBehaviour {
            bystander: Some(bystander),
            ..HandsetBehaviour::default()
        };
        let long = "a".repeat(200);
        let sent = handset(ALICE, crowd.clone()).send(BOB, &long).unwrap();
        assert_eq!(sent[1].message.source, source);
        let texts = shown(crowd, &long);
        assert!(texts.iter().any(|t| t.text == long), "{texts:?}");
    }
}
