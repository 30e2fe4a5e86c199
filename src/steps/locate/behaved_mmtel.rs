//! Whether an MMTel UE of a recording has done by itself what a scenario has it do. Asked when the scenario is over: a UE that has done
//! otherwise has made another scenario of it.
use super::{Behaved, Place};
use crate::observe::{self, Direction, Transaction, own_audio, spoken_at, transactions};
use crate::peer::mmtel_ue::{Answer, MmtelBehaviour, OnRefer};
use crate::verdict::scene::{first, seconds};
use crate::wire::sip::number_of;

/// A final response that gives way: the call was cancelled, or crossed a change of our own.
const CANCELLED: u16 = 487;
const CROSSED: u16 = 491;
/// Part of the time to answer after which an answer counts as late on purpose.
const LATE: f64 = 0.8;

/// Until a frame; a UE that had no occasion to show it counts as having behaved so.
pub fn mmtel_behaved(behaviour: &MmtelBehaviour, who: &str, place: &Place, until: u32) -> Behaved {
    let MmtelBehaviour {
        answer,
        on_refer,
        refuse_change,
        talks,
        refuse_requests,
        is_focus: _, // Seen in the Contact of what it sends.
    } = behaviour;
    let number = place.cast.number(who);
    let all = transactions(place.trace);
    let met = all.iter().filter(|one| {
        let frame = first(one.request.frames());
        let is_meant = frame > place.after && frame <= until;
        is_meant && one.direction == Direction::FromSystem && reaches(one, number)
    });
    for one in met {
        let within = one.request.message.to_tag().is_some();
        let otherwise = match (one.method, within) {
            ("INVITE", false) => answered(one, *answer, until),
            ("INVITE" | "UPDATE", true) => refused(one, *refuse_change),
            ("REFER", _) => match on_refer {
                OnRefer::Follow => refused(one, None),
                OnRefer::Refuse(code) => refused(one, Some(*code)),
            },
            ("NOTIFY" | "OPTIONS" | "MESSAGE", _) => refused(one, *refuse_requests),
            _ => None,
        };
        if let Some(otherwise) = otherwise {
            return Behaved::Otherwise {
                frames: one.request.frames().to_vec(),
                why: format!("{who} {otherwise}"),
            };
        }
    }
    match !talks && has_spoken(who, place) {
        true => Behaved::Otherwise {
            frames: Vec::new(),
            why: format!("{who} sends audio"),
        },
        false => Behaved::AsWanted,
    }
}

/// Whether a person's UE has sent audio since: nobody can be heard where nobody speaks.
pub fn has_spoken(who: &str, place: &Place) -> bool {
    let number = place.cast.number(who);
    let own = |one: &&Transaction| match one.direction {
        Direction::FromSystem => reaches(one, number),
        _ => crate::verdict::scene::originator(one.request.message).as_deref() == Some(number),
    };
    observe::transactions_of(place.trace, "INVITE")
        .iter()
        .filter(own)
        .filter_map(own_audio)
        .any(|address| !spoken_at(place.trace, address, place.after).is_empty())
}

/// Its Request-URI is of the user, or of his Contact.
fn reaches(one: &Transaction, number: &str) -> bool {
    let message = one.request.message;
    let named = |uri: &str| number_of(uri).as_deref() == Some(number);
    message.uri().is_some_and(named)
        || message
            .address("To")
            .is_some_and(|to| named(to.uri.as_str()))
}

fn answered(one: &Transaction, wanted: Answer, until: u32) -> Option<String> {
    let status = one.final_status();
    // What has not been answered yet may still be.
    let decided = one
        .final_response()
        .is_some_and(|answer| first(answer.frames()) <= until);
    if !decided {
        return None;
    }
    // Nobody answers one who has hung up.
    if status == Some(CANCELLED) {
        return None;
    }
    let waited = one
        .final_response()
        .map(|answer| seconds(one.request.at(), answer.at()));
    let waited = waited.unwrap_or_default();
    let took = status.is_some_and(|code| code < 300);
    let as_wanted = match wanted {
        Answer::Accept => took,
        Answer::AcceptAfter(time) => took && waited >= LATE * time.as_secs_f64(),
        Answer::Ring => status.is_none(),
        Answer::Refuse(code) => status == Some(code),
    };
    (!as_wanted).then(|| match status {
        Some(code) => format!("answers the INVITE with {code} after {waited:.1} s"),
        None => "does not answer the INVITE".to_owned(),
    })
}

/// `None` is any success.
fn refused(one: &Transaction, wanted: Option<u16>) -> Option<String> {
    let status = one.final_status()?;
    let as_wanted = match wanted {
        Some(code) => status == code,
        None => status < 300,
    };
    (!as_wanted && status != CROSSED).then(|| format!("answers the {} with {status}", one.method))
}
