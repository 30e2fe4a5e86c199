//! Short messages too long for one, on their way to a CPM user: one SIP MESSAGE, or a large message in a session of its own; and how a
//! short message fails when the CPM user's side refuses it.
use super::scene::{first, frames_of, pager_text, seconds, text_of};
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Call, Direction};
use crate::wire::sip::SipMessage;

const LARGE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.largemsg";

/// The first INVITE from the system since the stimulus.
fn large_message<'a>(view: &View<'a>) -> Option<Call<'a>> {
    observe::calls(view.trace).into_iter().find(|call| {
        call.direction == Direction::FromSystem
            && first(call.invitation.request.frames()) > view.before_stimulus
    })
}

/// All parts in one SIP MESSAGE, and no other way.
//= PGT-04 type=test
pub fn as_one_message(text: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "one SIP MESSAGE with the whole text, and no session",
        reaction + guard,
        move |view| {
            if let Some(call) = large_message(view) {
                return Judgement::broken(
                    Reason::WrongValue,
                    "an INVITE",
                    call.invitation.request.frames(),
                );
            }
            let messages = view.new_pager_messages();
            match messages.as_slice() {
                [] => Judgement::awaited("no SIP MESSAGE"),
                [one] if pager_text(one.request.message) != text => Judgement::Awaited {
                    observed: format!("{:?}", pager_text(one.request.message)),
                    frames: one.request.frames().to_vec(),
                },
                [one] if seconds(one.request.at(), view.now) >= guard => {
                    Judgement::holds("one SIP MESSAGE", one.request.frames())
                }
                [_] => Judgement::awaited("one so far"),
                more => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} SIP MESSAGEs", more.len()),
                    more.iter()
                        .flat_map(|one| one.request.frames().to_vec())
                        .collect::<Vec<_>>(),
                ),
            }
        },
    )
}

/// What is too long for a SIP MESSAGE comes by a message session.
//= PGT-04 type=test
pub fn by_session(reaction: f64) -> Question {
    Question::eventually(
        "an INVITE with an offer of a message stream, and no SIP MESSAGE",
        reaction,
        |view| {
            if let Some(message) = view.new_pager_messages().first() {
                return Judgement::broken(
                    Reason::WrongValue,
                    "a SIP MESSAGE",
                    message.request.frames(),
                );
            }
            let Some(call) = large_message(view) else {
                return Judgement::awaited("no INVITE");
            };
            let frames = call.invitation.request.frames();
            match observe::path_of(call.invitation.request) {
                Some(path) => Judgement::holds(format!("INVITE with {path}"), frames),
                None => Judgement::broken(Reason::WrongValue, "no message stream", frames),
            }
        },
    )
}

fn names_large(message: &SipMessage, header: &str) -> bool {
    message.headers_named(header).any(|value| {
        value
            .to_ascii_lowercase()
            .replace("%3a", ":")
            .contains(LARGE)
    })
}

/// The session says what it is for.
//= PGT-05 type=test
pub fn is_marked_large(reaction: f64) -> Question {
    Question::eventually(
        "Accept-Contact of the INVITE names the CPM large message service",
        reaction,
        |view| {
            let Some(call) = large_message(view) else {
                return Judgement::unproven("no INVITE from the system");
            };
            let request = call.invitation.request;
            let tag = request
                .message
                .header("Accept-Contact")
                .unwrap_or("no Accept-Contact");
            let service = request.message.header("P-Asserted-Service");
            let fits = names_large(request.message, "Accept-Contact")
                && (service.is_none() || names_large(request.message, "P-Asserted-Service"));
            let observed = format!("{tag}; {}", service.unwrap_or("no P-Asserted-Service"));
            match fits {
                true => Judgement::holds(observed, request.frames()),
                false => Judgement::broken(Reason::WrongValue, observed, request.frames()),
            }
        },
    )
}

/// One message with the whole text, then the end.
//= PGT-05 type=test
pub fn one_message_and_the_end(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        "one MSRP message with the whole text, and BYE after it",
        reaction,
        move |view| {
            let Some(call) = large_message(view) else {
                return Judgement::unproven("no INVITE from the system");
            };
            if call.accepted().is_none() {
                return Judgement::unproven("our side has not accepted the INVITE");
            }
            let session = view.session(&call);
            let messages: Vec<_> = session
                .into_iter()
                .flat_map(|session| session.messages)
                .filter(|message| message.direction == Direction::FromSystem && !message.empty)
                .collect();
            let frames: Vec<u32> = messages.iter().flat_map(|m| m.frames.clone()).collect();
            let one = match messages.as_slice() {
                [] => return Judgement::awaited("no message in the session"),
                [one] if one.complete && text_of(one).as_deref() == Some(&text) => one,
                [one] => {
                    let read = text_of(one).unwrap_or_default();
                    let observed = format!("{} octets of text", read.len());
                    return Judgement::Awaited { observed, frames };
                }
                more => {
                    let observed = format!("{} messages in the session", more.len());
                    return Judgement::broken(Reason::Unexpected, observed, frames);
                }
            };
            let bye = call
                .byes
                .iter()
                .find(|bye| bye.direction == Direction::FromSystem);
            match (bye, one.response) {
                (Some(bye), answer)
                    if answer.is_none_or(|(_, frame)| first(bye.request.frames()) < frame) =>
                {
                    let frames = [frames, frames_of(&[bye.request])].concat();
                    Judgement::broken(Reason::Unexpected, "BYE before the answer", frames)
                }
                (Some(bye), _) => {
                    let frames = [frames, frames_of(&[bye.request])].concat();
                    Judgement::holds("one message, and BYE after its answer", frames)
                }
                (None, _) => Judgement::Awaited {
                    observed: "the message, and no BYE".into(),
                    frames,
                },
            }
        },
    )
}

/// How a short message can fail, in the terms of 3GPP TS 23.040 clause 3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    AbsentSubscriber,
    BusySubscriber,
    DeliveryFailure,
}

impl FailureClass {
    /// command_status of SMPP 3.4 section 5.1.3, or Experimental-Result of 3GPP TS 29.338 clause 7.3.
    fn codes(self) -> &'static [u32] {
        match self {
            Self::AbsentSubscriber => &[0x64, 5550],
            Self::BusySubscriber => &[0x64, 5551],
            Self::DeliveryFailure => &[0x65, 0x66, 5555],
        }
    }
}

/// The short message fails as the SIP MESSAGE did.
//= PGT-06 type=test
pub fn fails_as(class: FailureClass, sender: &str, reaction: f64) -> Question {
    let sender = sender.to_owned();
    Question::eventually(
        format!("the short message of {sender} is refused as {class:?}, after the SIP MESSAGE"),
        reaction,
        move |view| {
            let messages = view.new_pager_messages();
            let refusal = messages.iter().find_map(|one| {
                one.final_response()
                    .filter(|response| response.status() >= 300)
            });
            let Some(refusal) = refusal else {
                return Judgement::unproven("no SIP MESSAGE that our side has refused");
            };
            let sent = view.short_messages_from(&sender).into_iter().next();
            let Some((message, status)) =
                sent.and_then(|message| message.status.map(|status| (message, status)))
            else {
                return Judgement::awaited("the short message is not answered");
            };
            let mut frames = message.frames.clone();
            frames.extend(message.answered);
            frames.extend(refusal.frames());
            let observed = format!("{status:#x} ({status}) after SIP {}", refusal.status());
            match class.codes().contains(&status) {
                _ if message.answered < refusal.frames().first().copied() => {
                    Judgement::unproven("it was answered before the SIP MESSAGE")
                }
                true => Judgement::holds(observed, frames),
                false => Judgement::broken(Reason::WrongValue, observed, frames),
            }
        },
    )
}
