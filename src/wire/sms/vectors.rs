//! Short messages inside captures that others' programs wrote: RP messages frame by frame, and the TPDUs MAP carries.
#![allow(clippy::unwrap_used)]
use super::rp::RpMessage;
use super::tpdu::{Direction, Inside, Tpdu};

/// Packets of a little-endian pcap file.
fn packets(pcap: &[u8]) -> Vec<&[u8]> {
    let mut rest = &pcap[24..];
    let mut packets = Vec::new();
    while let Some((header, behind)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap());
        let (packet, after) = behind.split_at(usize::try_from(length).unwrap());
        packets.push(packet);
        rest = after;
    }
    packets
}

/// The value of a BER OCTET STRING within `octets` that is a TPDU without remark.
fn carried(octets: &[u8], way: Direction) -> Option<(&[u8], Tpdu)> {
    (0..octets.len()).find_map(|at| {
        let &[0x04, length, ref rest @ ..] = octets.get(at..)? else {
            return None;
        };
        let value = rest.get(..usize::from(length))?;
        let decoded = Tpdu::decode(value, way, Inside::Data).ok()?;
        decoded.remarks.is_empty().then_some((value, decoded.tpdu))
    })
}

#[test]
fn every_frame_of_the_rp_capture_gives_its_octets_back() {
    let pcap = include_bytes!("../../../fixtures/vectors/sms/rp_tpdu_vectors_dlt147.pcap");
    let packets = packets(pcap);
    assert_eq!(packets.len(), 35);
    let mut inside = 0;
    for packet in packets {
        let message = RpMessage::decode(packet).unwrap();
        assert_eq!(message.encode(), packet);
        if let Some(decoded) = message.tpdu() {
            let decoded = decoded.unwrap();
            assert_eq!(decoded.remarks, [], "{packet:02x?}");
            assert_eq!(decoded.tpdu.encode(), message.user_data().unwrap());
            inside += 1;
        }
    }
    assert!(inside >= 27, "{inside} TPDUs");
}

#[test]
fn the_tpdus_in_map_are_read_and_written_back() {
    let text = include_str!("../../../fixtures/vectors/map/m3ua_map_sms.txt");
    let mut read = 0;
    for line in text.lines() {
        let (name, hex) = line.split_once(' ').unwrap();
        let way = match name {
            "mt_fsm_begin" => Direction::ToStation,
            "mo_fsm_begin" => Direction::ToCentre,
            _ => continue,
        };
        let octets: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let (octets, tpdu) = carried(&octets, way).unwrap();
        assert_eq!(tpdu.encode(), octets, "{name}");
        let (data, scheme) = tpdu.user_data().unwrap();
        let text = data.text(scheme).unwrap().unwrap();
        assert!(["{[~]}|^\\€ @£Δ", "CPM <-> SMS"].contains(&text.as_str()));
        read += 1;
    }
    assert_eq!(read, 2);
    let capture = include_bytes!("../../../fixtures/vectors/map/m3ua_over_tcp_osmo_stp.pcap");
    let found = packets(capture).into_iter().filter_map(|packet| {
        let (octets, tpdu) = carried(packet.get(66..)?, Direction::ToStation)?;
        Some(tpdu.encode() == octets)
    });
    assert!(found.collect::<Vec<_>>().contains(&true));
}
