//! Known answers: what freeDiameter 1.2.1 relayed (`fixtures/vectors/diameter/sgd_via_freediameter.pcap`), and malformed octets.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use etherparse::{SlicedPacket, TransportSlice};
use pcap_parser::{PcapBlockOwned, traits::PcapReaderIterator};
use std::collections::BTreeMap;

const RELAYED: &[u8] =
    include_bytes!("../../../fixtures/vectors/diameter/sgd_via_freediameter.pcap");

/// Framed messages in capture order.
fn recorded() -> Vec<Vec<u8>> {
    let mut reader = pcap_parser::LegacyPcapReader::new(65536, RELAYED).unwrap();
    let mut framers: BTreeMap<(u16, u16), Framer> = BTreeMap::new();
    let mut frames = Vec::new();
    while let Ok((used, block)) = reader.next() {
        if let PcapBlockOwned::Legacy(packet) = block {
            let sliced = SlicedPacket::from_ethernet(packet.data).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
                panic!("not TCP");
            };
            let ports = (tcp.source_port(), tcp.destination_port());
            let framer = framers.entry(ports).or_default();
            framer.push(tcp.payload());
            while let Some(frame) = framer.next_frame() {
                frames.push(frame.unwrap());
            }
        }
        reader.consume(used);
    }
    assert!(framers.values().all(|framer| framer.pending() == 0));
    frames
}

fn messages() -> Vec<Message> {
    let frames = recorded();
    frames.iter().map(|f| Message::parse(f).unwrap()).collect()
}

#[test]
fn reads_and_prints_every_recorded_message_octet_for_octet() {
    for frame in recorded() {
        assert_eq!(Message::parse(&frame).unwrap().to_octets(), frame);
    }
    let names: Vec<String> = messages().iter().map(Message::name).collect();
    assert_eq!(
        names,
        [
            "CER", "CEA", "CER", "CEA", "TFR", "TFR", "TFA", "TFA", "DPR", "DPA"
        ]
    );
}

#[test]
fn reads_the_forwarded_short_message() {
    let all = messages();
    let (request, relayed, answer) = (&all[4], &all[5], &all[7]);
    assert_eq!(request.application, application::SGD);
    assert!(request.flags.has(Flags::PROXIABLE));
    assert_eq!(relayed.end_to_end, request.end_to_end);
    assert_eq!(request.tpdu(), relayed.tpdu());
    assert_eq!(request.tpdu().unwrap()[0] & 3, 0);
    assert!(request.text(name::SESSION_ID).is_some());
    assert_eq!(
        answer.text(name::SESSION_ID),
        request.text(name::SESSION_ID)
    );
    assert_eq!(answer.result(), Some(ResultCode::Base(result::SUCCESS)));
    assert!(relayed.find(name::ROUTE_RECORD).is_some());
    let address = request.digits(name::SC_ADDRESS).unwrap();
    assert!(address.starts_with("4477009"), "{address}");
    let own = Avp::new(name::SC_ADDRESS, encode_tbcd(&address).unwrap());
    assert_eq!(request.find(name::SC_ADDRESS), Some(&own));
}

#[test]
fn reads_the_capabilities_of_a_relay() {
    let all = messages();
    let relay = all.iter().find(|m| {
        m.text(name::ORIGIN_HOST) == Some("dra.lab") && m.command == Command::CAPABILITIES_EXCHANGE
    });
    let relay = relay.unwrap();
    assert!(
        relay
            .find(name::HOST_IP_ADDRESS)
            .unwrap()
            .as_address()
            .is_ok()
    );
    assert_eq!(
        relay.number(name::AUTH_APPLICATION_ID),
        Some(application::RELAY)
    );
}

#[test]
fn writes_groups_it_can_read() {
    let user = UserIdentifier {
        user_name: Some("234150000000001".to_owned()),
        msisdn: Some("447700900123".to_owned()),
        others: vec![Avp::text(name::EXTERNAL_IDENTIFIER, "a@b")],
    };
    assert_eq!(UserIdentifier::read(&user.to_avp()), Some(user));
    let node = ServingNode {
        ip_sm_gw_number: Some("44770090000".to_owned()),
        ip_sm_gw_name: Some("gw.ims.example".to_owned()),
        ..ServingNode::default()
    };
    let avp = node.to_avp(name::SERVING_NODE);
    assert_eq!(ServingNode::read(&avp), Some(node));
    let failure = DeliveryFailure {
        cause: failure_cause::SC_CONGESTION,
        diagnostic: Some(vec![0, 0xd3, 0]),
    };
    assert_eq!(DeliveryFailure::read(&failure.to_avp()), Some(failure));
    let outcomes = [DeliveryOutcome {
        of: OutcomeOf::IpSmGw,
        cause: Some(2),
        absent_diagnostic: None,
    }];
    assert_eq!(
        DeliveryOutcome::read(&DeliveryOutcome::to_avp(&outcomes)),
        outcomes
    );
    let result = ResultCode::Experimental {
        vendor: vendor::TGPP,
        code: result::SM_DELIVERY_FAILURE,
    };
    let message = Message {
        flags: Flags::default(),
        command: Command::MO_FORWARD,
        application: application::SGD,
        hop_by_hop: 1,
        end_to_end: 2,
        avps: vec![result.to_avp()],
    };
    assert_eq!(message.result(), Some(result));
    assert_eq!(Message::parse(&message.to_octets()).unwrap(), message);
}

#[test]
fn numbers_have_their_halves_swapped_and_a_filler_behind() {
    assert_eq!(encode_tbcd("12345").unwrap(), [0x21, 0x43, 0xf5]);
    assert_eq!(decode_tbcd(&[0x21, 0x43, 0xf5]).unwrap(), "12345");
    assert_eq!(encode_tbcd("+1"), None);
    assert_eq!(encode_tbcd(&"1".repeat(33)), None);
    assert!(decode_tbcd(&[0xf1, 0x21]).is_err());
    assert!(decode_tbcd(&[0x1f]).is_err());
    assert!(decode_tbcd(&[0; 17]).is_err());
}

#[test]
fn refuses_lengths_that_lead_astray() {
    let good = recorded().swap_remove(4);
    for (at, value) in [(0, 2), (3, 24), (1, 0xff)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(Message::parse(&bad).is_err(), "{at}");
    }
    for length in [0u8, 7, 255] {
        let mut bad = good.clone();
        bad[27] = length;
        bad[26] = length;
        let malformed = Message::parse(&bad).unwrap_err();
        assert!(malformed.at >= 20, "{malformed}");
    }
    let avp = Avp::number(name::RESULT_CODE, 1);
    let many: Vec<Avp> = std::iter::repeat_n(avp, 1025).collect();
    assert!(parse_avps(&print_avps(&many)).is_err());
}

#[test]
fn frames_octet_by_octet_and_stops_at_a_bad_header() {
    let octets = recorded().swap_remove(0);
    let mut framer = Framer::default();
    for octet in &octets[..octets.len() - 1] {
        framer.push(&[*octet]);
        assert!(framer.next_frame().is_none());
    }
    framer.push(&octets[octets.len() - 1..]);
    assert_eq!(framer.next_frame().unwrap().unwrap(), octets);
    for bad in [[2, 0, 0, 20], [1, 0, 0, 16], [1, 0, 0, 21], [1, 1, 0, 4]] {
        let mut framer = Framer::default();
        framer.push(&bad);
        assert!(framer.next_frame().unwrap().is_err());
        framer.push(&octets);
        assert!(framer.next_frame().is_none());
        assert_eq!(framer.pending(), 0);
    }
}

/// Every reader, on whatever it is.
fn read_all(message: &Message) {
    drop((
        message.result(),
        message.user_identifier(),
        message.serving_node(),
    ));
    drop((
        message.delivery_failure(),
        message.delivery_outcomes(),
        message.name(),
    ));
    drop((
        message.digits(name::SC_ADDRESS),
        message.tpdu().map(<[u8]>::to_vec),
    ));
    for avp in &message.avps {
        drop((
            avp.members(),
            avp.as_text().is_ok(),
            avp.as_number(),
            avp.as_address(),
        ));
    }
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics_and_loses_nothing(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let length = u32::try_from(20 + body.len()).unwrap();
        let mut octets = (0x0100_0000 | length).to_be_bytes().to_vec();
        octets.extend_from_slice(&[0; 16]);
        octets.extend_from_slice(&body);
        if let Ok(message) = Message::parse(&octets) {
            read_all(&message);
            proptest::prop_assert_eq!(message.to_octets(), octets);
        }
    }

    #[test]
    fn no_recorded_message_cut_or_changed_makes_it_panic(pick in 0usize..10, cut in 20usize..300, at in 4usize..300, value: u8) {
        let mut frame = recorded().swap_remove(pick);
        frame.truncate(cut);
        if let Some(octet) = frame.get_mut(at) { *octet = value; }
        let length = u32::try_from(frame.len()).unwrap();
        frame[..4].copy_from_slice(&(0x0100_0000 | length).to_be_bytes());
        if let Ok(message) = Message::parse(&frame) {
            read_all(&message);
            proptest::prop_assert_eq!(message.to_octets(), frame);
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
