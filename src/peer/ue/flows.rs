//! SIP over TCP for one UE: which connection leads where, what waits for it to stand, and framing (RFC 3261 section 18.3).
//!
//! A connection is reused for every request to the same address. Names for connections are given by the machine.
use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::peer::FlowId;
use crate::wire::Malformed;
use crate::wire::sip::{Frame, Framer};

/// Messages that may wait for a connection to stand.
const MAX_WAITING: usize = 256;

#[derive(Debug)]
struct Flow {
    remote: SocketAddr,
    dialled: bool,
    open: bool,
    waiting: Vec<Vec<u8>>,
    framer: Framer,
}

#[derive(Debug, Default)]
pub(in crate::peer) struct Flows {
    flows: BTreeMap<FlowId, Flow>,
}

/// What to do with octets for a connection.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::peer) enum Way {
    Send(FlowId),
    /// Kept until the connection stands.
    Kept,
    Dial,
}

impl Flows {
    /// The way to an address; keeps the octets if the connection is being opened.
    pub(in crate::peer) fn way_to(&mut self, remote: SocketAddr, octets: &[u8]) -> Way {
        let known = self
            .flows
            .iter_mut()
            .find(|(_, flow)| flow.dialled && flow.remote == remote);
        match known {
            Some((id, flow)) if flow.open => Way::Send(*id),
            Some((_, flow)) => {
                if flow.waiting.len() < MAX_WAITING {
                    flow.waiting.push(octets.to_vec());
                }
                Way::Kept
            }
            None => Way::Dial,
        }
    }

    pub(in crate::peer) fn is_open(&self, id: FlowId) -> bool {
        self.flows.get(&id).is_some_and(|flow| flow.open)
    }

    pub(in crate::peer) fn dial(&mut self, id: FlowId, remote: SocketAddr, octets: Vec<u8>) {
        self.flows.insert(
            id,
            Flow {
                remote,
                dialled: true,
                open: false,
                waiting: vec![octets],
                framer: Framer::default(),
            },
        );
    }

    /// A connection stands; gives what waited for it.
    pub(in crate::peer) fn opened(&mut self, id: FlowId, remote: SocketAddr) -> Vec<Vec<u8>> {
        let flow = self.flows.entry(id).or_insert_with(|| Flow {
            remote,
            dialled: false,
            open: true,
            waiting: Vec::new(),
            framer: Framer::default(),
        });
        flow.open = true;
        std::mem::take(&mut flow.waiting)
    }

    /// Frames that have become whole, and the address they came from.
    pub(in crate::peer) fn octets(
        &mut self,
        id: FlowId,
        octets: &[u8],
    ) -> Option<(SocketAddr, Vec<Result<Frame, Malformed>>)> {
        let flow = self.flows.get_mut(&id)?;
        flow.framer.push(octets);
        let mut frames = Vec::new();
        while let Some(frame) = flow.framer.next_frame() {
            let broken = frame.is_err();
            frames.push(frame);
            if broken {
                break;
            }
        }
        Some((flow.remote, frames))
    }

    pub(in crate::peer) fn contains(&self, id: FlowId) -> bool {
        self.flows.contains_key(&id)
    }

    /// The connection is gone. `Some(address)`: it was dialled and never stood.
    pub(in crate::peer) fn closed(&mut self, id: FlowId) -> Option<SocketAddr> {
        let flow = self.flows.remove(&id)?;
        (flow.dialled && !flow.open).then_some(flow.remote)
    }
}
