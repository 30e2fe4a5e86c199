//! One connection of the exchange: its socket, its session, and whose each open request is.
//!
//! Attribution is by number and by sequence number (SMPP) or Hop-by-Hop identifier (Diameter) only; what a message means otherwise is the
//! session's.
use super::centre::Session;
use super::flow::Flow;
use super::{Event, Record, Tap};
use crate::wire::diameter::{self, Message};
use crate::wire::smpp::{self, CommandId, Pdu};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Requests of one link whose responses can still be attributed.
const MOST_OPEN: usize = 20_000;

pub(super) struct Link {
    pub flow: Flow,
    pub session: Session,
    cutter: Cutter,
    /// Numbers of the system's open requests, and whose they are.
    asked: BTreeMap<u32, String>,
    /// The same of our requests.
    told: BTreeMap<u32, String>,
}

/// Cuts what comes from the system into messages.
enum Cutter {
    Smpp(smpp::Framer),
    Diameter(diameter::Framer),
}

/// A number as the table knows it: `+` or not is a matter of the type of number, not of the subscriber.
pub(super) fn key(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}

impl Link {
    pub fn new(flow: Flow, session: Session) -> Self {
        let cutter = match session {
            Session::Smpp(_) => Cutter::Smpp(smpp::Framer::default()),
            Session::Diameter(_) => Cutter::Diameter(diameter::Framer::default()),
        };
        Self {
            flow,
            session,
            cutter,
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Local and remote address.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.flow.local, self.flow.remote)
    }

    /// The messages that octets from the system complete, each with the number it belongs to. `whose` says it of a Diameter request.
    pub fn frames(
        &mut self,
        octets: &[u8],
        whose: impl Fn(&Message) -> Option<String>,
    ) -> Vec<(Option<String>, Vec<u8>)> {
        let mut frames = Vec::new();
        match &mut self.cutter {
            Cutter::Smpp(framer) => {
                framer.push(octets);
                while let Some(Ok(frame)) = framer.next_frame() {
                    frames.push(frame);
                }
            }
            Cutter::Diameter(framer) => {
                framer.push(octets);
                while let Some(Ok(frame)) = framer.next_frame() {
                    frames.push(frame);
                }
            }
        }
        let owned = frames.into_iter().map(|frame| {
            let owner = match self.cutter {
                Cutter::Smpp(_) => {
                    let pdu = Pdu::parse(&frame).ok();
                    pdu.and_then(|pdu| self.owner_of_received(&pdu))
                }
                Cutter::Diameter(_) => {
                    let message = Message::parse(&frame).ok();
                    message.and_then(|message| self.owner_of_message(&message, &whose))
                }
            };
            (owner, frame)
        });
        owned.collect()
    }

    /// Our next request under this Hop-by-Hop identifier belongs to that number.
    pub fn concerns(&mut self, hop_by_hop: u32, number: &str) {
        remember(&mut self.told, hop_by_hop, &key(number));
    }

    /// The number a message to the system belongs to.
    pub fn owner(&mut self, octets: &[u8]) -> Option<String> {
        match self.cutter {
            Cutter::Smpp(_) => {
                let pdu = Pdu::parse(octets).ok()?;
                self.owner_of_sent(&pdu)
            }
            Cutter::Diameter(_) => {
                let message = Message::parse(octets).ok()?;
                match message.is_request() {
                    true => self.told.get(&message.hop_by_hop).cloned(),
                    false => self.asked.remove(&message.hop_by_hop),
                }
            }
        }
    }

    fn owner_of_message(
        &mut self,
        message: &Message,
        whose: impl Fn(&Message) -> Option<String>,
    ) -> Option<String> {
        if !message.is_request() {
            return self.told.remove(&message.hop_by_hop);
        }
        let number = whose(message)?;
        remember(&mut self.asked, message.hop_by_hop, &number);
        Some(number)
    }

    fn owner_of_received(&mut self, pdu: &Pdu) -> Option<String> {
        match pdu.command {
            CommandId::SUBMIT_SM | CommandId::DELIVER_SM | CommandId::DATA_SM => {
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
            CommandId::SUBMIT_SM | CommandId::DELIVER_SM | CommandId::DATA_SM => {
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

/// Into a capture.
pub(super) fn record(
    tap: &Tap,
    interface: &'static str,
    outbound: bool,
    (local, remote): (SocketAddr, SocketAddr),
    event: Event,
) {
    tap.record(Record {
        interface,
        outbound,
        local,
        remote,
        event,
    });
}
