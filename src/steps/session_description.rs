//! Offers of a chat and their answers, and the message connection that comes of them.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::behaviour::UeBehaviour;
use crate::peer::ue::{Invitation, UeCommand};
use crate::verdict::session_description;
use cucumber::gherkin::Step;
use cucumber::{Parameter, given, then, when};
use std::convert::Infallible;
use std::str::FromStr;

/// A text that needs more short messages than one concatenated message can have.
const SENTENCE: &str = "This goes on and on. ";
const LENGTH: usize = 40_000;

/// `a=setup` of the client's offers (RFC 6135).
#[given(expr = "{person}'s client says {role} of who opens the message connection")]
async fn says_of_setup(lab: &mut Lab, person: PersonName, role: SetupRole) {
    let behaviour = UeBehaviour {
        setup: role.0,
        ..UeBehaviour::default()
    };
    lab.order(&person.0, UeCommand::Behave(behaviour));
}

/// A message stream and a voice stream in one offer.
#[when(expr = "{person} invites {person} to a chat session and to a call")]
async fn invites_to_both(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        more_media: "m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n".into(),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// An offer without a message stream, or with one that carries no text.
#[when(expr = "{person} invites {person} with an offer of {offer}")]
async fn invites_with_offer(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    offer: UnusableOffer,
    step: &Step,
) {
    let order = Invitation {
        body: Some(("application/sdp".into(), offer.describe().into_bytes())),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// multipart/mixed of the offer and a chat message.
#[given(expr = "{person} has invited {person} to a chat session with the first message {string}")]
#[when(expr = "{person} invites {person} to a chat session with the first message {string}")]
async fn invites_with_message(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    text: String,
    step: &Step,
) {
    let order = Invitation {
        first_message: Some(text),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// A SEND over a connection of its own, to an MSRP URI that no answer has named.
#[when(expr = "{person}'s client sends a message for a session that does not exist")]
async fn sends_astray(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.stage().call.clone();
    lab.order(&person.0, UeCommand::StraySend { call });
}

/// 40,000 characters, where 255 short messages hold 39,015.
#[when(expr = "{person} sends {person} a message that is too long for short messages")]
async fn sends_too_long(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let text = SENTENCE.repeat(LENGTH / SENTENCE.len() + 1);
    lab.say(&step.value, &caller, &callee, &text).await;
}

/// One m=message with a port, at the place of the offered one.
#[then("the answer has one message stream, and nothing else is open")]
async fn one_message_stream(lab: &mut Lab, step: &Step) {
    let question = session_description::one_message_stream(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// message/cpim with text/plain inside.
#[then("the answer takes wrapped plain text")]
async fn takes_wrapped_text(lab: &mut Lab, step: &Step) {
    let question = session_description::takes_wrapped_text(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Session identifiers of two answers, and in how many bits they differ.
#[then("nobody can guess the path of another session from this one")]
async fn not_guessable(lab: &mut Lab, step: &Step) {
    let question = session_description::paths_cannot_be_guessed(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// a=setup of the answer, and who opens the TCP connection.
#[then("the message connection is opened as offer and answer say")]
async fn opened_as_said(lab: &mut Lab, step: &Step) {
    let question = session_description::connection_follows_roles(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 488, and nothing on the SMS leg.
#[then(expr = "the invitation is refused for its offer, and {person} is not bothered")]
async fn refused_for_its_offer(lab: &mut Lab, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    lab.refusal(
        &step.value,
        session_description::refused_for_its_offer(
            &person.0,
            ixit.reaction_seconds,
            ixit.guard_seconds,
        ),
    )
    .await;
}

/// MSRP 481.
#[then("the gateway says that there is no such session")]
async fn no_such_session(lab: &mut Lab, step: &Step) {
    let question = session_description::unknown_session_refused(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// The text stands in a short message since the invitation, whichever.
#[then(expr = "{string} reaches {person} by SMS")]
async fn reaches_by_sms(lab: &mut Lab, text: String, person: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = session_description::first_message_not_lost(&text, &person.0, reaction);
    lab.check(&step.value, question).await;
}

/// MSRP 413.
#[then(expr = "the message to {person} is refused as too long")]
async fn refused_as_too_long(lab: &mut Lab, person: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = session_description::too_long_refused(&person.0, reaction);
    lab.refusal(&step.value, question).await;
}

/// An offer that no chat with an SMS user can be built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "offer",
    regex = "speech only|no media at all|pictures only|wrapped pictures only|a closed message stream|a message stream without path"
)]
pub enum UnusableOffer {
    Speech,
    Nothing,
    Pictures,
    WrappedPictures,
    ClosedStream,
    NoPath,
}

impl FromStr for UnusableOffer {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "speech only" => Self::Speech,
            "no media at all" => Self::Nothing,
            "pictures only" => Self::Pictures,
            "wrapped pictures only" => Self::WrappedPictures,
            "a closed message stream" => Self::ClosedStream,
            _ => Self::NoPath,
        })
    }
}

impl UnusableOffer {
    /// The description; its addresses lead nowhere, as nobody is to use them.
    pub fn describe(self) -> String {
        let message = |port: u16, types: &str, path: &str| {
            format!("m=message {port} TCP/MSRP *\r\n{types}a=setup:actpass\r\n{path}")
        };
        let text = "a=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\n";
        let pictures = "a=accept-types:image/png image/jpeg\r\n";
        let wrapped = "a=accept-types:message/cpim\r\na=accept-wrapped-types:image/png\r\n";
        let path = "a=path:msrp://127.0.0.1:9/s3f8Kd02hTq7Zw1x;tcp\r\n";
        let media = match self {
            Self::Speech => "m=audio 49170 RTP/AVP 0\r\n".to_owned(),
            Self::Nothing => String::new(),
            Self::Pictures => message(9, pictures, path),
            Self::WrappedPictures => message(9, wrapped, path),
            Self::ClosedStream => message(0, text, path),
            Self::NoPath => message(9, text, ""),
        };
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}")
    }
}

/// What an offer says of who opens the message connection (RFC 6135 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "role", regex = "actpass|active|passive|nothing")]
pub struct SetupRole(pub String);

impl FromStr for SetupRole {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text {
            "nothing" => String::new(),
            role => role.to_owned(),
        }))
    }
}
