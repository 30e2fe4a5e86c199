//! Known answers: what Kannel 1.4.5 and a message centre said to each other (`fixtures/vectors/smpp/kannel_trx.pcap`), and quirks.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::wire::sms::{Coding, Concatenation};
use etherparse::{SlicedPacket, TransportSlice};
use pcap_parser::{PcapBlockOwned, traits::PcapReaderIterator};

const KANNEL: &[u8] = include_bytes!("../../../fixtures/vectors/smpp/kannel_trx.pcap");

/// Octets of both directions in capture order, framed: from the ESME, or to it.
fn recorded() -> Vec<(bool, Vec<u8>)> {
    let mut reader = pcap_parser::LegacyPcapReader::new(65536, KANNEL).unwrap();
    let mut framers = [Framer::default(), Framer::default()];
    let mut frames = Vec::new();
    while let Ok((used, block)) = reader.next() {
        if let PcapBlockOwned::Legacy(packet) = block {
            let sliced = SlicedPacket::from_ethernet(packet.data).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
                panic!("not TCP");
            };
            let from_esme = tcp.destination_port() == 2775;
            assert!(from_esme || tcp.source_port() == 2775);
            let framer = &mut framers[usize::from(from_esme)];
            framer.push(tcp.payload());
            while let Some(frame) = framer.next_frame() {
                frames.push((from_esme, frame.unwrap()));
            }
        }
        reader.consume(used);
    }
    assert!(framers.iter().all(|f| f.pending() == 0));
    frames
}

/// The same PDU without its memory of the octets it came from.
fn from_fields(pdu: &Pdu) -> Pdu {
    let mut bare = pdu.clone();
    bare.original = None;
    bare
}

#[test]
fn reads_and_prints_every_recorded_pdu_octet_for_octet() {
    let frames = recorded();
    assert_eq!(frames.len(), 24);
    for (_, frame) in frames {
        let pdu = Pdu::parse(&frame).unwrap();
        assert_eq!(pdu.defects, []);
        assert_eq!(pdu.to_octets(), frame, "{}", pdu.command.name());
        assert_eq!(
            from_fields(&pdu).to_octets(),
            frame,
            "{}",
            pdu.command.name()
        );
    }
}

#[test]
fn reads_what_kannel_submitted() {
    let frames = recorded();
    let submitted: Vec<Pdu> = frames
        .iter()
        .filter(|(from_esme, _)| *from_esme)
        .map(|(_, frame)| Pdu::parse(frame).unwrap())
        .filter(|pdu| pdu.command == CommandId::SUBMIT_SM)
        .collect();
    let read =
        |pdu: &Pdu| decode_short_message_text(pdu.short_message().unwrap(), &pdu.tlvs).unwrap();
    let (text, coding, concatenation) = read(&submitted[0]);
    assert_eq!(
        (text.as_str(), coding, concatenation),
        ("Hello { euro €", Coding::Gsm7, None)
    );
    for (sequence, pdu) in (1..=3).zip(&submitted[1..4]) {
        let concatenation = read(pdu).2.unwrap();
        assert_eq!((concatenation.total, concatenation.sequence), (3, sequence));
    }
    assert_eq!(read(&submitted[4]).1, Coding::Ucs2);
}

#[test]
fn reads_a_receipt_from_its_tlvs_and_from_its_text() {
    let receipt = recorded()
        .iter()
        .map(|(_, frame)| Pdu::parse(frame).unwrap())
        .find(|pdu| pdu.short_message().is_some_and(ShortMessagePdu::is_receipt))
        .unwrap();
    let message = receipt.short_message().unwrap();
    let from_tlvs = Receipt::read(message, &receipt.tlvs).unwrap();
    assert_eq!(from_tlvs.state, MessageState::Delivered);
    assert_eq!(Receipt::read(message, &[]).unwrap(), from_tlvs);
}

#[test]
fn writes_a_receipt_text_it_can_read() {
    let receipt = Receipt {
        message_id: "42".to_owned(),
        state: MessageState::Undeliverable,
        error: "001".to_owned(),
    };
    let text = receipt.text(
        "2611210536",
        "2611210537",
        "a text of more than twenty characters",
    );
    assert_eq!(
        text,
        "id:42 sub:001 dlvrd:000 submit date:2611210536 done date:2611210537 stat:UNDELIV err:001 text:a text of more than "
    );
    let message = ShortMessagePdu {
        esm_class: 0x04,
        short_message: text.into_bytes(),
        ..ShortMessagePdu::default()
    };
    assert_eq!(Receipt::read(&message, &[]), Some(receipt));
}

#[test]
fn prints_a_changed_pdu_from_its_fields() {
    let (_, frame) = &recorded()[0];
    let mut pdu = Pdu::parse(frame).unwrap();
    pdu.sequence = 77;
    let changed = Pdu::parse(&pdu.to_octets()).unwrap();
    assert_eq!((changed.sequence, &changed.body), (77, &pdu.body));
}

fn framed(command: u32, status: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let words = [length, command, status, 9];
    let mut octets: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    octets.extend_from_slice(body);
    octets
}

#[test]
fn reads_field_quirks_and_notes_them() {
    let absent = Pdu::parse(&framed(0x8000_0004, 0x58, b"")).unwrap();
    assert_eq!(
        (absent.body, absent.defects.len()),
        (Body::MessageId(None), 0)
    );
    let octets = framed(0x8000_0004, 0, b"abc");
    let unended = Pdu::parse(&octets).unwrap();
    assert_eq!(unended.body, Body::MessageId(Some("abc".to_owned())));
    assert_eq!(unended.defects.len(), 1);
    assert_eq!(unended.to_octets(), octets);
    let octets = framed(0x04, 0, b"\0\x01\x011\0\x01\x012\0\0\0\0\0\0\0\0\0\0\x05Hi");
    let past = Pdu::parse(&octets).unwrap();
    assert_eq!(past.short_message().unwrap().short_message, b"Hi");
    assert_eq!((past.defects.len(), past.to_octets()), (1, octets));
    let octets = framed(0x15, 0, &[0x12, 0x34, 0, 9, 1]);
    let cut = Pdu::parse(&octets).unwrap();
    assert_eq!((cut.tlvs.len(), cut.defects.len()), (0, 1));
    assert_eq!(cut.to_octets(), octets);
}

#[test]
fn refuses_missing_fields_and_wrong_lengths() {
    assert!(Pdu::parse(&framed(0x04, 0, b"\0\x01\x01no end")).is_err());
    assert!(Pdu::parse(&framed(0x09, 0, b"id\0")).is_err());
    let mut long = framed(0x15, 0, b"");
    long.push(0);
    assert!(Pdu::parse(&long).is_err());
}

#[test]
fn reads_numbers_by_their_type() {
    let message = ShortMessagePdu {
        source_ton: 1,
        source: "447700900123".to_owned(),
        dest_ton: 5,
        dest: "RCS".to_owned(),
        ..ShortMessagePdu::default()
    };
    assert_eq!(message.source_number(), "+447700900123");
    assert_eq!(message.dest_number(), "RCS");
}

#[test]
fn reads_payload_and_segmentation_parameters() {
    let tlv = |tag, value: &[u8]| Tlv {
        tag,
        value: value.to_vec(),
    };
    let tlvs = [
        tlv(tag::MESSAGE_PAYLOAD, b"Hi"),
        tlv(tag::SAR_REFERENCE, &[1, 2]),
        tlv(tag::SAR_TOTAL, &[3]),
        tlv(tag::SAR_SEQUENCE, &[2]),
    ];
    let read = decode_short_message_text(&ShortMessagePdu::default(), &tlvs).unwrap();
    let place = Concatenation {
        reference: 0x0102,
        wide: true,
        total: 3,
        sequence: 2,
    };
    assert_eq!(read, ("Hi".to_owned(), Coding::Gsm7, Some(place)));
}

#[test]
fn names_commands_by_the_standard() {
    assert_eq!(CommandId::SUBMIT_SM.response().name(), "submit_sm_resp");
    assert_eq!(CommandId::GENERIC_NACK.name(), "generic_nack");
    assert_eq!(CommandId(0x77).name(), "command 0x00000077");
}

#[test]
fn frames_octet_by_octet_and_stops_at_a_bad_length() {
    let mut framer = Framer::default();
    let octets = framed(0x15, 0, b"");
    for octet in &octets[..15] {
        framer.push(&[*octet]);
        assert!(framer.next_frame().is_none());
    }
    framer.push(&octets[15..]);
    assert_eq!(framer.next_frame().unwrap().unwrap(), octets);
    for bad in [15u32, 65537, u32::MAX] {
        let mut framer = Framer::default();
        framer.push(&bad.to_be_bytes());
        assert!(framer.next_frame().unwrap().is_err());
        framer.push(&octets);
        assert!(framer.next_frame().is_none());
        assert_eq!(framer.pending(), 0);
    }
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics(
        command in proptest::sample::select(vec![1u32, 2, 4, 5, 9, 0x103, 0x8000_0004, 0x8000_0009, 0x21, 0x8000_0003]),
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
    ) {
        let octets = framed(command, 0, &body);
        if let Ok(pdu) = Pdu::parse(&octets) {
            proptest::prop_assert_eq!(pdu.to_octets(), octets);
            drop(from_fields(&pdu).to_octets());
            if let Some(message) = pdu.short_message() {
                drop(decode_short_message_text(message, &pdu.tlvs));
                drop(Receipt::read(message, &pdu.tlvs));
            }
        }
    }

    #[test]
    fn no_recorded_pdu_cut_or_changed_makes_it_panic(pick in 0usize..24, cut in 0usize..300, at in 0usize..300, value: u8) {
        let mut frame = recorded()[pick].1.clone();
        frame.truncate(cut.max(16));
        if let Some(octet) = frame.get_mut(at) { *octet = value; }
        let length = u32::try_from(frame.len()).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
        if let Ok(pdu) = Pdu::parse(&frame) {
            drop(from_fields(&pdu).to_octets());
            if let Some(message) = pdu.short_message() {
                drop(decode_short_message_text(message, &pdu.tlvs));
                drop(Receipt::read(message, &pdu.tlvs));
            }
        }
    }

    #[test]
    fn framing_never_panics(chunks in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..50), 0..20)) {
        let mut framer = Framer::default();
        for chunk in chunks {
            framer.push(&chunk);
            while framer.next_frame().is_some() {}
        }
    }
}
