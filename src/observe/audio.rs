//! Audio as an outside observer has it: packets of RTP to and from the address that a UE has put into its SDP.
use super::{Direction, Fact, SipFact, Trace, Transaction};
use crate::wire::sdp::SessionDescription;
use std::net::{IpAddr, SocketAddr};

/// Where a description wants its audio; port 0 counts as nowhere.
pub fn audio_address(fact: SipFact<'_>) -> Option<SocketAddr> {
    let body = fact.message.body_of("application/sdp")?;
    let description = SessionDescription::parse(&body).ok()?;
    let session = &description.session;
    let audio = session.medias.iter().find(|media| media.media == "audio")?;
    let connection = audio.connections.first().or(session.connection.as_ref())?;
    let ip: IpAddr = connection.connection_address.parse().ok()?;
    (audio.port != 0).then(|| SocketAddr::new(ip, audio.port))
}

/// The direction attribute of the audio of a description: `sendrecv` if it has none (RFC 8866 section 6.7).
pub fn audio_direction(fact: SipFact<'_>) -> Option<&'static str> {
    let body = fact.message.body_of("application/sdp")?;
    let description = SessionDescription::parse(&body).ok()?;
    let session = &description.session;
    let audio = session.medias.iter().find(|media| media.media == "audio")?;
    let names = ["sendrecv", "sendonly", "recvonly", "inactive"];
    let of = |has: &dyn Fn(&str) -> bool| names.into_iter().find(|name| has(name));
    of(&|name| audio.has_attribute(name))
        .or_else(|| of(&|name| session.has_attribute(name)))
        .or(Some("sendrecv"))
}

/// The address of the suite's own end of an INVITE's audio: in the INVITE if we sent it, in its 2xx if we answered.
pub fn own_audio(invite: &Transaction<'_>) -> Option<SocketAddr> {
    match invite.direction {
        Direction::FromSystem => audio_address(invite.final_response()?),
        _ => audio_address(invite.request),
    }
}

/// Frames of the packets that reach that address after a frame.
pub fn heard_at(trace: &Trace, address: SocketAddr, after: u32) -> Vec<u32> {
    packets(trace, after, |seen| {
        seen.to == address && seen.direction == Direction::FromSystem
    })
}

/// Frames of the packets that leave that address after a frame.
pub fn spoken_at(trace: &Trace, address: SocketAddr, after: u32) -> Vec<u32> {
    packets(trace, after, |seen| {
        seen.from == address && seen.direction == Direction::ToSystem
    })
}

fn packets(trace: &Trace, after: u32, which: impl Fn(&super::Observation) -> bool) -> Vec<u32> {
    let facts = trace.facts.iter();
    let packets = facts.filter(|seen| matches!(seen.fact, Fact::Rtp(_)) && which(seen));
    packets
        .flat_map(|seen| seen.frames.iter().copied())
        .filter(|frame| *frame > after)
        .collect()
}
