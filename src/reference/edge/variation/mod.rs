//! Legal variation: the same said in another form that the standards allow, drawn from a seed.
//!
//! Each rule names the clause that allows it. A rule that no clause allows is a mistake here, and a test case that fails under one that a
//! clause does allow is a mistake of the suite.
mod body;
mod fields;
mod links;
mod message;
#[cfg(test)]
mod tests;
mod text;
mod uri;
mod xml;

pub(in crate::reference::edge) use text::cut;

use super::Leaving;
use super::dice::Dice;
use crate::reference::user_agent::Transport;
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use std::time::Duration;

/// A request of this many octets or fewer may go by UDP (RFC 3261 section 18.1.1); variation takes none beyond it.
const DATAGRAM: usize = 1300;
/// Between a datagram and its double, and before a response that dawdles: well below T1, so that nothing is sent again for it.
const MOST_MILLISECONDS: usize = 40;

/// Which seed, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Variation {
    seed: u64,
    proxy: bool,
}

impl Variation {
    pub(super) fn of_endpoint(seed: u64) -> Self {
        let proxy = false;
        Self { seed, proxy }
    }

    pub(super) fn of_proxy(self) -> Self {
        let proxy = true;
        Self { proxy, ..self }
    }

    fn dice(self, octets: &[u8]) -> Dice {
        Dice::of(self.seed, octets)
    }

    pub(super) fn sip(self, octets: Arc<[u8]>, transport: Transport) -> Vec<Leaving> {
        let mut dice = self.dice(&octets);
        // Pongs and what is wrong on purpose stay as they are.
        let Ok(message) = SipMessage::parse(&octets) else {
            let after = Duration::ZERO;
            return vec![Leaving { octets, after }];
        };
        let untouched = !message.defects.is_empty() || dice.chance(10);
        let varied = match untouched {
            true => Arc::clone(&octets),
            false => self.varied(&message, &octets, transport).into(),
        };
        let mut leaving = Vec::new();
        if let Some(trying) = message::trying_before(&message, &mut dice) {
            leaving.push(Leaving {
                octets: trying.into(),
                after: Duration::ZERO,
            });
        }
        let after = later(&message, &mut dice);
        leaving.push(Leaving {
            octets: Arc::clone(&varied),
            after,
        });
        // A datagram may arrive twice (RFC 768 has nothing against it, RFC 3261 section 17 is made for it).
        if transport == Transport::Udp && dice.chance(15) {
            leaving.push(Leaving {
                octets: varied,
                after: after + a_little(&mut dice),
            });
        }
        leaving
    }

    /// Plainer forms are tried where a form makes a datagram too large.
    fn varied(self, message: &SipMessage, octets: &[u8], transport: Transport) -> Vec<u8> {
        let fits =
            |out: &Vec<u8>| transport != Transport::Udp || out.len() <= DATAGRAM.max(octets.len());
        let hands = (0..4u64).map(|attempt| Dice::of(self.seed ^ attempt << 56, octets));
        hands
            .map(|dice| message::vary(message, self, transport, dice))
            .find(fits)
            .unwrap_or_else(|| octets.to_vec())
    }

    pub(super) fn msrp(self, octets: Vec<u8>) -> Vec<u8> {
        let dice = self.dice(&octets);
        links::msrp(&octets, dice).unwrap_or(octets)
    }

    /// RFC 4975 section 5.1: a message may be cut into chunks of any size.
    pub(super) fn msrp_chunk(self, usual: usize, body: &[u8]) -> usize {
        let mut dice = self.dice(body);
        match dice.below(3) {
            0 => usual,
            _ => {
                // Mostly few: a test case may send hundreds of messages, and its capture has a limit.
                let most = if dice.chance(15) { 12 } else { 3 };
                let chunks = 1 + dice.below(most);
                body.len().div_ceil(chunks).clamp(1, usual)
            }
        }
    }

    pub(super) fn smpp(self, octets: Vec<u8>) -> Vec<u8> {
        let dice = self.dice(&octets);
        links::smpp(&octets, dice).unwrap_or(octets)
    }

    /// SMPP 3.4 section 4.11: either side may ask at any time in a session.
    pub(super) fn enquires_before(self, octets: &[u8]) -> bool {
        self.dice(octets).chance(25)
    }

    pub(super) fn diameter(self, octets: Vec<u8>) -> Vec<u8> {
        let dice = self.dice(&octets);
        links::diameter(&octets, dice).unwrap_or(octets)
    }

    /// Where a stream is cut; TCP promises the octets and no boundaries (RFC 9293 section 3.8).
    pub(super) fn cuts(self, octets: &[u8]) -> Vec<usize> {
        let mut dice = self.dice(octets);
        match dice.below(4) {
            0 => Vec::new(),
            // Octet by octet for a while; with the seeds every boundary comes up.
            1 => {
                let from = dice.below(octets.len());
                (from..octets.len().min(from + 16)).collect()
            }
            _ => {
                let count = 1 + dice.below(6);
                let mut cuts: Vec<usize> = (0..count).map(|_| dice.below(octets.len())).collect();
                cuts.sort_unstable();
                cuts.dedup();
                cuts
            }
        }
    }
}

/// A final response to a request other than INVITE may take its time, and be overtaken by a request that it led to, such as a NOTIFY
/// (RFC 6665 section 4.1.2.4). Not so a 202 to a MESSAGE: it and the report on the short message in it may not cross (TLI-03).
fn later(message: &SipMessage, dice: &mut Dice) -> Duration {
    let is_final = message.status().is_some_and(|code| code >= 200);
    let of_invite = message.cseq().is_none_or(|(_, method)| method == "INVITE");
    let of_submission = message.status() == Some(202)
        && message
            .cseq()
            .is_some_and(|(_, method)| method == "MESSAGE");
    match is_final && !of_invite && !of_submission && dice.chance(30) {
        true => a_little(dice),
        false => Duration::ZERO,
    }
}

fn a_little(dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.below(MOST_MILLISECONDS) as u64)
}
