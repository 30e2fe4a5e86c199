//! What usually follows at once, but need not: the sign that a stimulus has had its whole effect.
//!
//! A provisional response after an INVITE, the MSRP connection after its 2xx, something towards the other side after a short message, a
//! chat message, a SIP MESSAGE or the end of a session. Nothing is judged here: a system that leaves such a thing out only makes the runner wait a
//! little before the next stimulus, and a system that does it a little late still has it seen under the step that caused it.
use super::encapsulated::is_rp_report;
use super::{Direction, Fact, Observation, Trace, Transaction, path_of, transactions};
use crate::wire::diameter::{Command, application};
use crate::wire::smpp::CommandId;

/// What may still follow, in words; empty when every stimulus has had its reaction.
pub fn expected(trace: &Trace) -> Vec<String> {
    let mut waiting = Vec::new();
    let transactions = transactions(trace);
    let invitations = transactions.iter().filter(|one| is_invitation(one));
    for one in invitations {
        let frame = one.request.frames().first().copied().unwrap_or(0);
        if one
            .responses
            .iter()
            .all(|response| response.status() == 100)
        {
            waiting.push(format!(
                "INVITE of frame {frame} may get a provisional response"
            ));
        }
    }
    let ended = |one: &Transaction<'_>| {
        let call = one.request.message.call_id();
        transactions
            .iter()
            .any(|bye| bye.method == "BYE" && bye.request.message.call_id() == call)
    };
    let established = transactions
        .iter()
        .filter(|one| has_chat(one) && one.final_status().is_some_and(|code| code < 300));
    let (ended, living): (Vec<_>, Vec<_>) = established.partition(|one| ended(one));
    let connected = count(trace, |seen| {
        seen.interface == "msrp" && matches!(seen.fact, Fact::TcpOpened)
    });
    let greeted = count(
        trace,
        |seen| matches!(&seen.fact, Fact::Msrp(message) if message.status().is_some()),
    );
    // A session may end before its connection stands, so those that have ended are not waited for.
    if connected.min(greeted) < living.len() {
        let all = ended.len() + living.len();
        waiting.push(format!("{all} sessions may get their MSRP connection"));
    }
    waiting.extend(unanswered(trace, &transactions));
    waiting
}

fn is_invitation(one: &Transaction<'_>) -> bool {
    one.method == "INVITE" && one.request.message.to_tag().is_none()
}

/// An invitation to a message session, by its offer or its answer.
fn has_chat(one: &Transaction<'_>) -> bool {
    let mut messages = std::iter::once(&one.request).chain(&one.responses);
    is_invitation(one) && messages.any(|message| path_of(*message).is_some())
}

fn count(trace: &Trace, which: impl Fn(&Observation) -> bool) -> usize {
    trace.facts.iter().filter(|seen| which(seen)).count()
}

/// The last message that a gateway passes on or tells the other side about, unless it has done so.
fn unanswered(trace: &Trace, transactions: &[Transaction<'_>]) -> Option<String> {
    // Nobody passes the end of an audio call on to the SMS side.
    let audio = |seen: &Observation| {
        let calls = transactions.iter();
        let calls = calls.filter(|one| is_invitation(one) && !has_chat(one));
        let mut ids = calls.map(|one| one.request.message.call_id());
        matches!(&seen.fact, Fact::Sip(message) if ids.any(|id| id == message.call_id()))
    };
    let at = trace.facts.iter().rposition(is_stimulus)?;
    if audio(&trace.facts[at]) {
        return None;
    }
    let stimulus = &trace.facts[at];
    let other_side = |seen: &Observation| {
        seen.direction == Direction::FromSystem
            && is_request(seen)
            && is_sms_side(seen) != is_sms_side(stimulus)
    };
    let reacted = trace.facts[at..].iter().any(other_side);
    let frame = stimulus.frames.last().copied().unwrap_or(0);
    (!reacted).then(|| format!("the message of frame {frame} may be passed on"))
}

fn is_sms_side(seen: &Observation) -> bool {
    matches!(seen.interface.as_str(), "smpp" | "sgd")
}

fn is_stimulus(seen: &Observation) -> bool {
    if seen.direction != Direction::ToSystem {
        return false;
    }
    match &seen.fact {
        // The delivery report of a terminal ends something; nothing follows that is no answer.
        Fact::Sip(message) => {
            matches!(message.method(), Some("BYE" | "MESSAGE")) && !is_rp_report(message)
        }
        Fact::Msrp(message) => {
            message.method() == Some("SEND") && message.body.as_ref().is_some_and(|b| !b.is_empty())
        }
        Fact::Smpp(pdu) => pdu
            .short_message()
            .is_some_and(|fields| !fields.is_receipt()),
        // TP-MTI of an SMS-DELIVER.
        Fact::Diameter(message) => {
            let first = message.tpdu().and_then(<[u8]>::first);
            message.is_request()
                && message.command == Command::MT_FORWARD
                && first.is_some_and(|octet| octet & 3 == 0)
        }
        _ => false,
    }
}

/// A request, or the final response that a short message decides on.
fn is_request(seen: &Observation) -> bool {
    match &seen.fact {
        Fact::Sip(message) => message.is_request() || message.status().is_some_and(|c| c >= 200),
        Fact::Msrp(message) => message.status().is_none(),
        Fact::Smpp(pdu) => !pdu.command.is_response() && pdu.command != CommandId::ENQUIRE_LINK,
        Fact::Diameter(message) => message.is_request() && message.application != application::BASE,
        _ => false,
    }
}
