//! What a participant hears: RTP that comes where his UE has asked for it, while the directions agreed allow it (RFC 3264).
use super::conference_scene::{Leg, accepted, leg, within};
use super::scene::first;
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, FrameInfo, SipFact, Transaction};
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::SipMessage;
use std::net::{IpAddr, SocketAddr};

/// Packets that are shown as evidence.
const SHOWN: usize = 3;

/// Where the description of a message wants its audio.
fn audio_address(message: &SipMessage) -> Option<SocketAddr> {
    let octets = message.body_of("application/sdp")?;
    let description = SessionDescription::parse(&octets).ok()?;
    let session = &description.session;
    let audio = session.medias.iter().find(|media| media.media == "audio")?;
    let connection = audio.connections.first().or(session.connection.as_ref())?;
    let ip: IpAddr = connection.connection_address.parse().ok()?;
    Some(SocketAddr::new(ip, audio.port))
}

/// The UE's side of a leg: its offer, or its answer.
fn own_address(leg: &Leg) -> Option<SocketAddr> {
    let own = match leg.dialed_in {
        true => leg.invite.request.message,
        false => accepted(&leg.invite)?.message,
    };
    audio_address(own)
}

/// Packets of the system to that address between two times, nanoseconds since the Unix epoch.
fn packets<'t>(view: &View<'t>, to: SocketAddr, from: u64, until: u64) -> Vec<&'t FrameInfo> {
    let frames = view.trace.frames.iter().filter(|frame| {
        frame.direction == Direction::FromSystem
            && frame.to == to
            && frame.at >= from
            && frame.at < until
    });
    frames.collect()
}

fn shown(packets: &[&FrameInfo]) -> Vec<u32> {
    packets.iter().take(SHOWN).map(|p| p.number).collect()
}

/// The latest re-INVITE of a person since the stimulus, and its final response if there is one.
fn change<'t>(view: &View<'t>, leg: &Leg) -> Option<(Transaction<'t>, Option<SipFact<'t>>)> {
    let change = within(view, &leg.invite).into_iter().rfind(|one| {
        matches!(one.method, "INVITE" | "UPDATE")
            && one.direction == Direction::ToSystem
            && first(one.request.frames()) > view.before_stimulus
    })?;
    let response = change.final_response();
    Some((change, response))
}

/// Audio from the focus after a leg was accepted.
//= CM-05 type=test
pub fn hears(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("200 to {who}'s INVITE, and RTP where {who} has asked for it");
    Question::eventually(expected, patience, move |view| {
        let Some(leg) = leg(view, &who) else {
            return Judgement::unproven(format!("{who} has not asked to join"));
        };
        let frames = leg.frames();
        let response = match (accepted(&leg.invite), leg.invite.final_status()) {
            (Some(response), _) => response,
            (None, Some(code)) => {
                return Judgement::broken(Reason::WrongValue, code.to_string(), frames);
            }
            (None, None) => return Judgement::awaited("no final response"),
        };
        let Some(to) = own_address(&leg) else {
            return Judgement::unproven(format!("{who} has described no audio"));
        };
        match &packets(view, to, response.at(), u64::MAX)[..] {
            [] => Judgement::Awaited {
                observed: "no audio".to_owned(),
                frames,
            },
            heard => {
                let observed = format!("{} packets", heard.len());
                Judgement::holds(observed, [frames, shown(heard)].concat())
            }
        }
    })
}

/// What is needed of a hold or its end to be judged.
struct Changed<'t> {
    to: SocketAddr,
    /// Heard before.
    before: Vec<&'t FrameInfo>,
    /// When the change was accepted.
    at: u64,
    frames: Vec<u32>,
}

/// A change of the leg that was accepted, of a user who has heard something.
fn changed<'t>(view: &View<'t>, who: &str) -> Result<Changed<'t>, Judgement> {
    let unproven = |what: String| Err(Judgement::unproven(what));
    let Some(leg) = leg(view, who) else {
        return unproven(format!("{who} has no leg"));
    };
    let Some((change, response)) = change(view, &leg) else {
        return unproven(format!("{who} has changed nothing"));
    };
    let frames = change.frames();
    let at = match response {
        Some(response) if response.status() < 300 => response.at(),
        Some(response) => {
            let observed = response.status().to_string();
            return Err(Judgement::broken(Reason::WrongValue, observed, frames));
        }
        None => return Err(Judgement::awaited("no final response")),
    };
    let Some(to) = own_address(&leg) else {
        return unproven(format!("{who} has described no audio"));
    };
    let before = packets(view, to, 0, change.request.at());
    if before.is_empty() {
        return unproven(format!("{who} has heard nothing before, which is CM-05"));
    }
    Ok(Changed {
        to,
        before,
        at,
        frames,
    })
}

/// No audio once a hold was accepted.
//= CM-06 type=test
pub fn silent(who: &str, allowance: f64, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("2xx to {who}'s offer to send only, and no RTP after it");
    Question::throughout(expected, guard, move |view| {
        let Changed {
            to,
            before,
            at,
            frames,
        } = match changed(view, &who) {
            Ok(changed) => changed,
            Err(judgement) => return judgement,
        };
        // Packets under way when the hold was accepted may still come.
        let from = at + (allowance * 1e9) as u64;
        match &packets(view, to, from, u64::MAX)[..] {
            [] => Judgement::holds("none", [frames, shown(&before)].concat()),
            heard => {
                let observed = format!("{} packets", heard.len());
                Judgement::broken(Reason::Unexpected, observed, shown(heard))
            }
        }
    })
}

/// Audio again, once the end of a hold was accepted.
//= CM-06 type=test
pub fn hears_again(who: &str, patience: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("2xx to {who}'s offer to send and receive, and RTP after it");
    Question::eventually(expected, patience, move |view| {
        let Changed { to, at, frames, .. } = match changed(view, &who) {
            Ok(changed) => changed,
            Err(judgement) => return judgement,
        };
        match &packets(view, to, at, u64::MAX)[..] {
            [] => Judgement::Awaited {
                observed: "no audio".to_owned(),
                frames,
            },
            heard => Judgement::holds("audio", [frames, shown(heard)].concat()),
        }
    })
}
