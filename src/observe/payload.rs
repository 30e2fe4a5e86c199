//! The octets that packets carry over UDP and TCP, by frame number: what a person is shown beside the message that was read from them.
//!
//! [`Trace`](super::Trace) keeps messages, not octets; a report that shows octets reads the capture once more.
use super::ObserveError;
use super::packet::{Carried, Packets};
use super::reader::Reader;
use std::collections::BTreeMap;

/// The payload of every packet of a capture that carries UDP or TCP.
pub fn payloads(octets: &[u8]) -> Result<BTreeMap<u32, Vec<u8>>, ObserveError> {
    let (mut reader, mut packets) = (Reader::default(), Packets::default());
    reader.push(octets);
    let mut found = BTreeMap::new();
    while let Some(packet) = reader.next_packet()? {
        match packets.read(packet.link_type, &packet.octets, packet.at) {
            Some(Carried::Datagram { payload, .. }) => {
                found.insert(packet.number, payload);
            }
            Some(Carried::Segment { segment, .. }) => {
                found.insert(packet.number, segment.payload);
            }
            _ => {}
        }
    }
    Ok(found)
}
