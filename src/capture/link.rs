//! One ESME connection of the exchange: its socket, its SMPP session, and whose each open request is.
//!
//! Attribution is by number and sequence number only; what a PDU means otherwise is the session's.
use super::flow::Flow;
use super::{Event, Record, Tap};
use crate::peer::smsc::Smsc;
use crate::wire::smpp::{CommandId, Framer, Pdu};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Requests of one link whose responses can still be attributed.
const MOST_OPEN: usize = 20_000;

pub(super) struct Link {
    pub flow: Flow,
    pub machine: Smsc,
    framer: Framer,
    /// Sequence numbers of the ESME's open requests, and whose they are.
    asked: BTreeMap<u32, String>,
    /// The same of our requests.
    told: BTreeMap<u32, String>,
}

/// A number as the table knows it: `+` or not is a matter of the type of number, not of the subscriber.
pub(super) fn key(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}

impl Link {
    pub fn new(flow: Flow, machine: Smsc) -> Self {
        Self {
            flow,
            machine,
            framer: Framer::default(),
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Local and remote address.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.flow.local, self.flow.remote)
    }

    /// The PDUs that octets from the ESME complete, each with the number it belongs to.
    pub fn frames(&mut self, octets: &[u8]) -> Vec<(Option<String>, Vec<u8>)> {
        self.framer.push(octets);
        let mut frames = Vec::new();
        while let Some(Ok(frame)) = self.framer.next_frame() {
            let number = Pdu::parse(&frame)
                .ok()
                .and_then(|pdu| self.owner_of_received(&pdu));
            frames.push((number, frame));
        }
        frames
    }

    /// The number a PDU to the ESME belongs to.
    pub fn owner(&mut self, octets: &[u8]) -> Option<String> {
        let pdu = Pdu::parse(octets).ok()?;
        self.owner_of_sent(&pdu)
    }

    fn owner_of_received(&mut self, pdu: &Pdu) -> Option<String> {
        match pdu.command {
            CommandId::SUBMIT_SM | CommandId::DATA_SM => {
                let number = key(&pdu.short_message()?.dest_number());
                remember(&mut self.asked, pdu.sequence, &number);
                Some(number)
            }
            command if command.is_response() => self.told.remove(&pdu.sequence),
            _ => None,
        }
    }

    fn owner_of_sent(&mut self, pdu: &Pdu) -> Option<String> {
        match pdu.command {
            CommandId::DELIVER_SM | CommandId::DATA_SM => {
                let number = key(&pdu.short_message()?.source_number());
                remember(&mut self.told, pdu.sequence, &number);
                Some(number)
            }
            command if command.is_response() => self.asked.remove(&pdu.sequence),
            _ => None,
        }
    }
}

fn remember(open: &mut BTreeMap<u32, String>, sequence: u32, number: &str) {
    if open.len() == MOST_OPEN {
        open.pop_first();
    }
    open.insert(sequence, number.to_owned());
}

/// Into a capture, on the SMPP reference point.
pub(super) fn record(
    tap: &Tap,
    outbound: bool,
    (local, remote): (SocketAddr, SocketAddr),
    event: Event,
) {
    tap.record(Record {
        interface: "smpp",
        outbound,
        local,
        remote,
        event,
    });
}
