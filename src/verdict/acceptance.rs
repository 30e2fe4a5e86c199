//! What makes a 2xx to a CPM Session Invitation an acceptance: an answer that a chat can be built on.
use super::invitation::{about, describe, with_invite};
use super::{Judgement, Question, Reason};
use crate::observe::{Call, SipFact};
use crate::wire::msrp::MsrpUri;
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::SipMessage;

//= FT-01 type=test
//= FT-02 type=test
//= FT-03 type=test
//= FT-05 type=test
//= FT-06 type=test
//= FT-09 type=test
//= POL-01 type=test
//= POL-03 type=test
//= POL-04 type=test
//= POL-05 type=test
//= POL-07 type=test
//= ANS-01 type=test
pub fn accepted(reaction: f64) -> Question {
    Question::eventually("the INVITE gets a 2xx response", reaction, |view| {
        about(view, |call, _| match call.invitation.final_response() {
            Some(response) if response.status() < 300 => acceptance(call, response),
            Some(response) => Judgement::broken(
                Reason::WrongValue,
                format!("refused with {}", describe(response)),
                with_invite(call, response),
            ),
            None => Judgement::awaited("no final response"),
        })
    })
}

pub(super) fn opens_a_session(call: &Call, response: SipFact) -> bool {
    shortcomings(call.invitation.request.message, response.message).is_empty()
}

/// A 2xx that opens no session accepts nothing. That it should have is the matter of another requirement (ANS-02).
fn acceptance(call: &Call, response: SipFact) -> Judgement {
    let wrong = shortcomings(call.invitation.request.message, response.message);
    match wrong.is_empty() {
        true => Judgement::holds(describe(response), with_invite(call, response)),
        false => Judgement::unproven(format!(
            "{} that opens no session: {}",
            describe(response),
            wrong.join("; ")
        )),
    }
}

/// The 2xx with everything a chat needs, RFC 3261 section 12.1.1 and RFC 4975 section 8.
//= ANS-02 type=test
pub fn answers_offer(reaction: f64) -> Question {
    Question::eventually(
        "200 with To-tag, Contact and an SDP answer with a usable message stream and its path",
        reaction,
        |view| {
            about(view, |call, _| match call.invitation.final_response() {
                Some(response) if response.status() < 300 => {
                    let wrong = shortcomings(call.invitation.request.message, response.message);
                    let frames = with_invite(call, response);
                    if wrong.is_empty() {
                        Judgement::holds("200 with To-tag, Contact and a usable answer", frames)
                    } else {
                        Judgement::broken(Reason::ProtocolViolation, wrong.join("; "), frames)
                    }
                }
                Some(response) => Judgement::unproven(format!(
                    "the invitation was refused with {}",
                    describe(response)
                )),
                None => Judgement::unproven("no final response"),
            })
        },
    )
}

fn shortcomings(offer: &SipMessage, answer: &SipMessage) -> Vec<String> {
    let mut wrong = Vec::new();
    if answer.status() != Some(200) {
        wrong.push(format!("{} instead of 200", answer.status().unwrap_or(0)));
    }
    if answer.to_tag().is_none() {
        wrong.push("no To-tag".into());
    }
    if answer.header("Contact").is_none() {
        wrong.push("no Contact".into());
    }
    match answer
        .body_of("application/sdp")
        .map(|body| SessionDescription::parse(&body))
    {
        None => wrong.push("no SDP answer".into()),
        Some(Err(error)) => wrong.push(format!("SDP {error}")),
        Some(Ok(description)) => wrong.extend(unusable(offer, &description)),
    }
    wrong
}

fn unusable(offer: &SipMessage, description: &SessionDescription) -> Option<String> {
    let Some(media) = description.message() else {
        return Some("no usable m=message".into());
    };
    if !media.protocol.ends_with("MSRP") {
        return Some(format!("protocol {}", media.protocol));
    }
    if media
        .path
        .last()
        .is_none_or(|path| MsrpUri::parse(path).is_err())
    {
        return Some("no valid a=path".into());
    }
    let offered = offer
        .body_of("application/sdp")
        .and_then(|body| SessionDescription::parse(&body).ok());
    let offered = offered.as_ref().and_then(SessionDescription::message);
    if offered.is_some_and(|offered| offered.path == media.path) {
        return Some("the a=path of the offer, which leads back to its sender".into());
    }
    let types = offered
        .map(|media| media.accept_types.clone())
        .unwrap_or_default();
    let common = media
        .accept_types
        .iter()
        .any(|kind| kind == "*" || types.iter().any(|other| other == kind || other == "*"));
    (!common).then(|| {
        format!(
            "accept-types {} has nothing of the offered {}",
            media.accept_types.join(" "),
            types.join(" ")
        )
    })
}
