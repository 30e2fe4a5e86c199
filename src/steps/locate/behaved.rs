//! Whether the peers of a recording have behaved as a scenario has them, in the frames between two of its orders.
//!
//! A departure that is wanted must be seen; the usual behaviour must not be contradicted. Every switch is asked by its name, which takes
//! more than 400 lines.
use super::Place;
use crate::observe::{self, Direction, ShortMessage, Transaction};
use crate::peer::behaviour::{
    HandsetBehaviour, ReceiptId, ReportOrder, Segmentation, SmsIpBehaviour, UeBehaviour,
};
use crate::peer::message_session::MsrpBehaviour;
use crate::verdict::scene::{first, number_in, same_number, seconds};
use crate::wire::sip::number_of;
use std::time::Duration;

/// Of a time that a peer was to wait, this much counts as having waited: clocks and captures are not exact.
const MOST_OF: f64 = 0.8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaved {
    AsWanted,
    /// The recording shows something else.
    Otherwise {
        frames: Vec<u32>,
        why: String,
    },
    /// What is wanted leaves no trace, or left none here.
    NotSeen {
        why: String,
    },
}

impl Behaved {
    fn otherwise(frames: &[u32], why: impl Into<String>) -> Self {
        Self::Otherwise {
            frames: frames.to_vec(),
            why: why.into(),
        }
    }

    fn not_seen(why: impl Into<String>) -> Self {
        Self::NotSeen { why: why.into() }
    }

    /// The first that is not as wanted.
    fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let mut each = each.into_iter();
        each.find(|one| *one != Self::AsWanted)
            .unwrap_or(Self::AsWanted)
    }

    fn if_none(departs: bool, why: &str) -> Self {
        match departs {
            true => Self::not_seen(format!("no recording shows {why}")),
            false => Self::AsWanted,
        }
    }
}

/// Frames of the place up to and with `until`.
fn within(frames: &[u32], place: &Place, until: u32) -> bool {
    let frame = first(frames);
    frame > place.after && frame <= until
}

/// What the system has asked of a person's terminal, by method.
fn asked<'a>(method: &str, who: &str, place: &Place<'a>, until: u32) -> Vec<Transaction<'a>> {
    let number = place.cast.number(who);
    let mut found = observe::transactions_of(place.trace, method);
    found.retain(|one| {
        let message = one.request.message;
        let named = [
            message.uri().and_then(number_of),
            message.header("To").and_then(number_in),
        ];
        one.direction == Direction::FromSystem
            && within(one.request.frames(), place, until)
            && named.iter().flatten().any(|to| same_number(to, number))
    });
    found
}

/// What a person, or his terminal, answers who does not want to or is not there. Other refusals are about what was asked.
const UNWILLING: [u16; 7] = [404, 408, 480, 486, 600, 603, 604];

/// Every final answer has this code; without one wanted, nobody is unwilling.
fn answers(all: &[Transaction], wanted: Option<u16>) -> Behaved {
    for one in all {
        let Some(response) = one.final_response() else {
            if one.responses.is_empty() && one.method != "INVITE" {
                let why = format!("a {} was not answered", one.method);
                return Behaved::otherwise(one.request.frames(), why);
            }
            continue;
        };
        let code = response.status();
        let fits = match wanted {
            Some(wanted) => code == wanted,
            None => !UNWILLING.contains(&code),
        };
        if !fits {
            let why = format!("a {} was answered with {code}", one.method);
            return Behaved::otherwise(response.frames(), why);
        }
    }
    let seen = all.iter().any(|one| one.final_response().is_some());
    match wanted {
        Some(code) if !seen && !all.is_empty() => {
            Behaved::not_seen(format!("nothing was answered with {code}"))
        }
        _ => Behaved::AsWanted,
    }
}

/// The first response to each of these came no earlier.
fn delayed(all: &[Transaction], delay: Duration) -> Behaved {
    if delay.is_zero() {
        return Behaved::AsWanted;
    }
    let least = delay.as_secs_f64() * MOST_OF;
    let early = all.iter().find_map(|one| {
        let response = one.responses.first()?;
        (seconds(one.request.at(), response.at()) < least).then_some(*response)
    });
    match early {
        Some(response) => Behaved::otherwise(response.frames(), "it was answered at once"),
        None => Behaved::AsWanted,
    }
}

/// A CPM user's terminal.
pub fn terminal(wanted: &UeBehaviour, who: &str, place: &Place, until: u32) -> Behaved {
    let UeBehaviour {
        refuse_invite,
        answer_delay,
        message_answer,
        bye_answer,
        crossing_bye,
        silent,
        response_delay,
        ack_delay,
        withhold_ack,
        withhold_prack,
        duplicate_requests,
        duplicate_responses,
        withhold_media,
        malformed,
        setup,
        accept_types,
        reliable_provisionals,
        session_expires,
        msrp,
        short_messages,
        withhold_refresh,
    } = wanted;
    let usual = UeBehaviour::default();
    let invites = asked("INVITE", who, place, until);
    let messages = asked("MESSAGE", who, place, until);
    let byes = asked("BYE", who, place, until);
    let waited = [invites.clone(), messages.clone()].concat();
    let unseen = |departs: bool, why: &str| Behaved::if_none(departs, why);
    Behaved::all([
        answers(&invites, *refuse_invite),
        answers(&messages, *message_answer),
        answers(&byes, *bye_answer),
        delayed(&waited, *response_delay),
        later_than_ringing(&invites, *answer_delay),
        offers(who, place, until, setup, accept_types),
        unseen(*crossing_bye, "that a BYE was meant to cross another"),
        unseen(*silent, "that a silent terminal got what it did not answer"),
        unseen(!ack_delay.is_zero(), "that an ACK was held back"),
        acknowledges(who, place, until, *withhold_ack),
        unseen(*withhold_prack, "that a PRACK was held back"),
        unseen(
            *duplicate_requests > 0 || *duplicate_responses > 0,
            "copies made on purpose",
        ),
        unseen(*withhold_media, "a connection that was never made"),
        unseen(malformed.is_some(), "who has sent what names nobody"),
        unseen(
            *reliable_provisionals != usual.reliable_provisionals
                || *session_expires != usual.session_expires,
            "options of a terminal before it is asked",
        ),
        in_sessions(msrp),
        answers_in_sessions(place, until),
        over_ip(short_messages),
        unseen(*withhold_refresh, "a refresh that was never sent"),
    ])
}

fn later_than_ringing(invites: &[Transaction], delay: Duration) -> Behaved {
    if delay.is_zero() {
        return Behaved::AsWanted;
    }
    let least = delay.as_secs_f64() * MOST_OF;
    let early = invites.iter().find_map(|one| {
        let ringing = one
            .provisionals()
            .find(|response| response.status() > 100)?;
        let answer = one.final_response()?;
        (seconds(ringing.at(), answer.at()) < least).then_some(answer)
    });
    match early {
        Some(answer) => Behaved::otherwise(answer.frames(), "the call was answered at once"),
        None => Behaved::AsWanted,
    }
}

/// `a=setup` and `a=accept-types` of this person's offers.
fn offers(who: &str, place: &Place, until: u32, setup: &str, accept_types: &[String]) -> Behaved {
    let usual = UeBehaviour::default();
    let offers = super::ue::requests("INVITE", who, place);
    for one in offers {
        if !within(one.request.frames(), place, until) {
            continue;
        }
        let Some(offer) = one.request.message.body_of("application/sdp") else {
            continue;
        };
        let offer = String::from_utf8_lossy(&offer).into_owned();
        let shown = |name: &str| {
            let mut lines = offer.lines();
            lines.find_map(|line| line.strip_prefix(&format!("a={name}:")).map(str::trim))
        };
        // What a foreign terminal offers where nothing is wanted is its own affair.
        let role = setup == usual.setup || shown("setup").unwrap_or_default() == setup;
        let types = shown("accept-types").unwrap_or_default();
        let taken = accept_types == usual.accept_types
            || accept_types
                .iter()
                .all(|one| types.split(' ').any(|has| has == one));
        if !role || !taken {
            return Behaved::otherwise(one.request.frames(), "the offer is another one");
        }
    }
    Behaved::AsWanted
}

/// An accepted invitation of this person is acknowledged, or not.
fn acknowledges(who: &str, place: &Place, until: u32, withheld: bool) -> Behaved {
    for one in super::ue::requests("INVITE", who, place) {
        let accepted = one.final_response().filter(|answer| answer.status() < 300);
        let Some(answer) = accepted.filter(|answer| within(answer.frames(), place, until)) else {
            continue;
        };
        if one.acks.is_empty() != withheld {
            let why = match withheld {
                true => "a 2xx was acknowledged",
                false => "a 2xx was not acknowledged",
            };
            return Behaved::otherwise(answer.frames(), why);
        }
    }
    Behaved::AsWanted
}

/// What the system says in a message session is answered with 200. The terminals of all take part in this.
fn answers_in_sessions(place: &Place, until: u32) -> Behaved {
    for session in observe::sessions(place.trace) {
        for message in &session.messages {
            let own = message.direction != Direction::FromSystem;
            if own || message.empty || !within(&message.frames, place, until) {
                continue;
            }
            let wants = message.failure_report.as_deref() != Some("no");
            match message.response {
                Some((200, _)) => {}
                Some((code, frame)) => {
                    return Behaved::otherwise(
                        &[frame],
                        format!("a SEND was answered with {code}"),
                    );
                }
                None if wants => {
                    return Behaved::otherwise(&message.frames, "a SEND was not answered");
                }
                None => {}
            }
        }
    }
    Behaved::AsWanted
}

fn in_sessions(wanted: &MsrpBehaviour) -> Behaved {
    let MsrpBehaviour {
        silent,
        answer_delay,
        answer_code,
        reset_on_first_send,
        malformed_end_line,
        duplicate_send,
        chunk_octets,
        wrong_byte_range,
    } = wanted;
    let departs = *silent
        || answer_delay.is_some()
        || answer_code.is_some()
        || *reset_on_first_send
        || *malformed_end_line
        || *duplicate_send
        || chunk_octets.is_some()
        || *wrong_byte_range;
    Behaved::if_none(departs, "what a message session was meant to do wrong")
}

fn over_ip(wanted: &SmsIpBehaviour) -> Behaved {
    let SmsIpBehaviour {
        report,
        refuse,
        wrong_reference,
    } = wanted;
    let departs = *report != ReportOrder::AfterAnswer || refuse.is_some() || *wrong_reference;
    Behaved::if_none(departs, "what a terminal was meant to report")
}

/// An SMS user's handset and the service centre on its behalf.
pub fn handset(wanted: &HandsetBehaviour, who: &str, place: &Place, until: u32) -> Behaved {
    let HandsetBehaviour {
        submit_status,
        submit_delay,
        submit_unanswered,
        coverage_lost,
        receipt,
        receipt_delay,
        receipt_by_data_sm,
        receipt_without_tlvs,
        receipt_id,
        // The locator of a short message looks for its copies and its parts.
        deliver_duplicates: _,
        parts_out_of_order,
        lost_part: _,
        segmentation,
        mixed_alphabets,
        bystander,
        receipt_before_answer,
        unknown_identity,
        time_stamp,
    } = wanted;
    let number = place.cast.number(who);
    let all = observe::short_messages(place.trace);
    let submissions: Vec<&ShortMessage> = all
        .iter()
        .filter(|one| {
            one.direction == Direction::FromSystem
                && same_number(&one.recipient, number)
                && within(&one.frames, place, until)
        })
        .collect();
    let unseen = |departs: bool, why: &str| Behaved::if_none(departs, why);
    Behaved::all([
        submissions_answered(&submissions, *submit_status, *submit_unanswered),
        submissions_delayed(&submissions, *submit_delay, place),
        unseen(*coverage_lost, "that a handset had no coverage"),
        receipts(&all, number, *receipt, place, until),
        unseen(!receipt_delay.is_zero(), "how long a receipt was held back"),
        unseen(
            *receipt_by_data_sm || *receipt_without_tlvs || *receipt_id != ReceiptId::Same,
            "in which form a receipt was meant to come",
        ),
        unseen(*parts_out_of_order, "in which order parts were sent"),
        unseen(
            *segmentation != Segmentation::Header8 || *mixed_alphabets,
            "how parts were meant to be told apart",
        ),
        unseen(bystander.is_some(), "who wrote beside the handset"),
        unseen(
            *receipt_before_answer,
            "that a receipt was meant to come first",
        ),
        unseen(*unknown_identity, "which identities were given out"),
        unseen(time_stamp.is_some(), "which time stamp was meant"),
    ])
}

fn submissions_answered(all: &[&ShortMessage], status: u32, unanswered: bool) -> Behaved {
    let parts = || all.iter().flat_map(|message| &message.parts);
    for part in parts() {
        let wrong = match part.response {
            Some((_, frame)) if unanswered => Some((frame, "it was answered")),
            Some((0, frame)) if status != 0 => Some((frame, "it was accepted")),
            Some((seen, frame)) if status == 0 && seen != 0 => Some((frame, "it was refused")),
            _ => None,
        };
        if let Some((frame, why)) = wrong {
            return Behaved::otherwise(
                &[frame],
                format!("of a short message to the handset, {why}"),
            );
        }
    }
    let seen = parts().any(|part| part.response.is_some());
    match status != 0 && !seen && !all.is_empty() {
        true => Behaved::not_seen("no short message was refused"),
        false => Behaved::AsWanted,
    }
}

fn submissions_delayed(all: &[&ShortMessage], delay: Duration, place: &Place) -> Behaved {
    if delay.is_zero() {
        return Behaved::AsWanted;
    }
    let least = delay.as_secs_f64() * MOST_OF;
    let parts = all.iter().flat_map(|message| &message.parts);
    for part in parts {
        let answered = part
            .response
            .and_then(|(_, frame)| place.trace.frame(frame));
        if let Some(frame) = answered
            && seconds(part.at, frame.at) < least
        {
            return Behaved::otherwise(&[frame.number], "a submission was answered at once");
        }
    }
    Behaved::AsWanted
}

/// Every report that was asked for comes and says this; where none are to come, acts say whether some did.
fn receipts(
    all: &[ShortMessage],
    number: &str,
    wanted: Option<u8>,
    place: &Place,
    until: u32,
) -> Behaved {
    let Some(wanted) = wanted else {
        return Behaved::AsWanted;
    };
    let told = || {
        let receipts = all
            .iter()
            .filter(|one| one.is_receipt && one.direction == Direction::ToSystem);
        receipts.flat_map(|one| &one.parts)
    };
    let asked = all.iter().filter(|one| {
        one.direction == Direction::FromSystem
            && same_number(&one.recipient, number)
            && within(&one.frames, place, until)
    });
    for part in asked.flat_map(|one| &one.parts) {
        let accepted = matches!(part.response, Some((0, _)));
        let Some(named) = part
            .message_id
            .as_deref()
            .filter(|_| part.report_requested && accepted)
        else {
            continue;
        };
        let report = told().find(|receipt| {
            receipt
                .report
                .as_ref()
                .is_some_and(|report| report.message == named)
        });
        match report.and_then(|receipt| Some((receipt, receipt.report.as_ref()?.status))) {
            None => {
                return Behaved::otherwise(
                    part.frames,
                    "the service centre sent no report on a short message",
                );
            }
            Some((receipt, status)) if status != wanted => {
                return Behaved::otherwise(
                    receipt.frames,
                    "a report of the service centre says something else",
                );
            }
            Some(_) => {}
        }
    }
    Behaved::AsWanted
}
