//! Diameter as judges ask for it: requests with their answers, and the TPDUs they carry (3GPP TS 29.338).
//!
//! A pure view over a [`Trace`]. An answer belongs to the request of the same connection with the same hop-by-hop identifier.
use super::{Direction, Fact, Observation, Trace};
use crate::wire::Malformed;
use crate::wire::diameter::{Command, Message, name};
use crate::wire::sms::tpdu::{self, Inside, Tpdu};
use std::collections::HashMap;

/// One request and what answers it.
#[derive(Debug, Clone, Copy)]
pub struct DiameterRequest<'t> {
    /// Place in the trace.
    pub index: usize,
    pub seen: &'t Observation,
    pub message: &'t Message,
    pub answer: Option<(&'t Observation, &'t Message)>,
}

impl<'t> DiameterRequest<'t> {
    pub fn direction(&self) -> Direction {
        self.seen.direction
    }
    pub fn is(&self, command: Command) -> bool {
        self.message.command == command
    }
    /// Frame that completed the request.
    pub fn frame(&self) -> u32 {
        self.seen.frames.last().copied().unwrap_or(0)
    }
    /// Frame that completed the answer.
    pub fn answer_frame(&self) -> Option<u32> {
        let (seen, _) = self.answer?;
        seen.frames.last().copied()
    }
    /// Frames of the request and its answer.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames = self.seen.frames.clone();
        if let Some((answer, _)) = self.answer {
            frames.extend_from_slice(&answer.frames);
        }
        frames
    }
    /// 0 for success, else the code of Result-Code or Experimental-Result; `None` without answer, `u32::MAX` if it tells no result.
    pub fn status(&self) -> Option<u32> {
        let (_, answer) = self.answer?;
        Some(match answer.result() {
            Some(result) if result.is_success() => 0,
            Some(result) => result.code(),
            None => u32::MAX,
        })
    }
    /// The number a query asks about.
    pub fn msisdn(&self) -> Option<String> {
        let of_user = || self.message.user_identifier().and_then(|user| user.msisdn);
        let digits = self.message.digits(name::MSISDN).or_else(of_user)?;
        Some(format!("+{digits}"))
    }
    pub fn service_centre(&self) -> Option<String> {
        Some(format!("+{}", self.message.digits(name::SC_ADDRESS)?))
    }
    /// The TPDU of an OFR or TFR.
    pub fn tpdu(&self) -> Option<Result<Tpdu, Malformed>> {
        let way = way(self.message.command)?;
        let decoded = Tpdu::decode(self.message.tpdu()?, way, Inside::Data);
        Some(decoded.map(|decoded| decoded.tpdu))
    }
    /// The report in an OFA or TFA: SM-RP-UI, or the diagnostic of the delivery failure.
    pub fn report(&self) -> Option<Result<Tpdu, Malformed>> {
        let (_, answer) = self.answer?;
        let way = match way(self.message.command)? {
            tpdu::Direction::ToStation => tpdu::Direction::ToCentre,
            tpdu::Direction::ToCentre => tpdu::Direction::ToStation,
        };
        let failed = self.status() != Some(0);
        let failure = answer.delivery_failure().and_then(|f| f.diagnostic);
        let octets = match (failed, failure, answer.tpdu()) {
            (true, Some(octets), _) => octets,
            (_, _, octets) => octets?.to_vec(),
        };
        let inside = if failed { Inside::Error } else { Inside::Ack };
        Some(Tpdu::decode(&octets, way, inside).map(|decoded| decoded.tpdu))
    }
}

/// Which way the TPDU of a command goes; `None` if it carries none.
pub fn way(command: Command) -> Option<tpdu::Direction> {
    match command {
        Command::MO_FORWARD => Some(tpdu::Direction::ToCentre),
        Command::MT_FORWARD => Some(tpdu::Direction::ToStation),
        _ => None,
    }
}

/// Every request, in order.
pub fn diameter_requests(trace: &Trace) -> Vec<DiameterRequest<'_>> {
    let mut found: Vec<DiameterRequest<'_>> = Vec::new();
    let mut open = HashMap::new();
    for (index, seen) in trace.facts.iter().enumerate() {
        let Fact::Diameter(message) = &seen.fact else {
            continue;
        };
        if message.is_request() {
            open.insert((seen.from, seen.to, message.hop_by_hop), found.len());
            found.push(DiameterRequest {
                index,
                seen,
                message,
                answer: None,
            });
        } else if let Some(at) = open.remove(&(seen.to, seen.from, message.hop_by_hop)) {
            found[at].answer = Some((seen, message));
        }
    }
    found
}
