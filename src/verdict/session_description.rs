//! The answer to the offer of a chat, and whether the message connection follows it (RFC 3264, RFC 4975 section 8, RFC 6135).
//! More than 400 lines: all of it looks at the same offer and answer.
use super::invitation::{about, describe, with_invite};
use super::scene::{first, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Call, Direction, SipFact};
use crate::wire::msrp::MsrpUri;
use crate::wire::sdp::{SessionDescription, Setup};
use crate::wire::sip::SipMessage;

/// Bits that a session identifier must be worth (RFC 4975 section 14.1).
const BITS_AT_LEAST: f64 = 80.0;

fn description(message: &SipMessage) -> Option<SessionDescription> {
    let body = message.body_of("application/sdp")?;
    SessionDescription::parse(&body).ok()
}

/// RFC 4975 section 8.2: each side names itself, so that no answer of anybody who knows MSRP has the path of the offer.
fn repeats(offer: &SessionDescription, answer: &SessionDescription) -> bool {
    let path = |of: &SessionDescription| of.message().map(|media| media.path.clone());
    path(offer).is_some() && path(offer) == path(answer)
}

/// Applies a judge to offer and answer of the invitation in question, where it was accepted with a description.
fn about_answer(
    view: &View,
    judge: impl FnOnce(&Call, SipFact, &SessionDescription, &SessionDescription) -> Judgement,
) -> Judgement {
    about(view, |call, _| {
        let Some(response) = call.accepted() else {
            return Judgement::unproven("the invitation is not accepted");
        };
        let offer = description(call.invitation.request.message);
        match (offer, description(response.message)) {
            (Some(offer), Some(answer)) if repeats(&offer, &answer) => Judgement::unproven(
                "the answer repeats the path of the offer: it describes nobody's end of a session",
            ),
            (Some(offer), Some(answer)) => judge(call, response, &offer, &answer),
            _ => Judgement::unproven("no offer and answer that can be read"),
        }
    })
}

/// As many media lines as the offer has, in its order, and one of them a message stream with a port.
//= SDP-01 type=test
pub fn one_message_stream(reaction: f64) -> Question {
    Question::eventually(
        "the answer has the media lines of the offer, one m=message over TCP/MSRP with a port, and port 0 for the rest",
        reaction,
        |view| {
            about_answer(view, |call, response, offer, answer| {
                let kinds = |of: &SessionDescription| -> Vec<String> {
                    let medias = of.session.medias.iter();
                    medias.map(|media| media.media.clone()).collect()
                };
                let lines = answer.session.medias.iter();
                let lines: Vec<String> = lines
                    .map(|m| format!("{} {} {} {}", m.media, m.port, m.proto, m.fmt))
                    .collect();
                let frames = with_invite(call, response);
                let observed = lines.join(", ");
                if kinds(offer) != kinds(answer) {
                    let offered = kinds(offer).join(", ");
                    return Judgement::broken(
                        Reason::ProtocolViolation,
                        format!("{observed}; offered {offered}"),
                        frames,
                    );
                }
                let open: Vec<_> = answer
                    .session
                    .medias
                    .iter()
                    .filter(|m| m.port != 0)
                    .collect();
                match open.as_slice() {
                    [one]
                        if one.media == "message"
                            && one.proto.ends_with("MSRP")
                            && one.fmt == "*" =>
                    {
                        Judgement::holds(observed, frames)
                    }
                    _ => Judgement::broken(Reason::ProtocolViolation, observed, frames),
                }
            })
        },
    )
}

/// message/cpim where it was offered, and plain text inside it.
//= SDP-02 type=test
pub fn takes_wrapped_text(reaction: f64) -> Question {
    Question::eventually(
        "a=accept-types of the answer has message/cpim, a=accept-wrapped-types text/plain",
        reaction,
        |view| {
            about_answer(view, |call, response, offer, answer| {
                let (Some(offered), Some(media)) = (offer.message(), answer.message()) else {
                    return Judgement::unproven("no message stream in offer or answer");
                };
                if !offered.accepts("message/cpim") {
                    return Judgement::unproven("message/cpim was not offered");
                }
                let takes = |list: &[String], kind: &str| {
                    list.iter()
                        .any(|one| one == "*" || one.eq_ignore_ascii_case(kind) || one == "text/*")
                };
                let observed = format!(
                    "accept-types {}; accept-wrapped-types {}",
                    media.accept_types.join(" "),
                    media.accept_wrapped_types.join(" ")
                );
                let frames = with_invite(call, response);
                let plain_alone = media.accept_wrapped_types.is_empty()
                    && takes(&media.accept_types, "text/plain");
                if media.accepts("message/cpim")
                    && (plain_alone || takes(&media.accept_wrapped_types, "text/plain"))
                {
                    Judgement::holds(observed, frames)
                } else {
                    Judgement::broken(Reason::WrongValue, observed, frames)
                }
            })
        },
    )
}

/// Identifiers of the sessions of the gateway: no two alike, and what they differ in is too much to guess.
//= SDP-03 type=test
pub fn paths_cannot_be_guessed(reaction: f64) -> Question {
    Question::eventually(
        format!("a=path of two answers: identifiers that differ by {BITS_AT_LEAST} bits"),
        reaction,
        |view| {
            let answers: Vec<(SipFact, String)> = view
                .invitations()
                .iter()
                .filter_map(|call| {
                    let response = call.accepted()?;
                    let path = observe::path_of(response)?;
                    Some((response, path))
                })
                .collect();
            let [.., (one, path), (other, other_path)] = answers.as_slice() else {
                return Judgement::unproven("there are no two accepted invitations");
            };
            let frames = [one.frames(), other.frames()].concat();
            let (Ok(uri), Ok(other_uri)) = (MsrpUri::parse(path), MsrpUri::parse(other_path))
            else {
                return Judgement::broken(
                    Reason::ProtocolViolation,
                    format!("{path} and {other_path} are no MSRP URIs"),
                    frames,
                );
            };
            let id = |uri: &MsrpUri| uri.session_id.clone().unwrap_or_default();
            let (id, other_id) = (id(&uri), id(&other_uri));
            let bits = bits_of_difference(&id, &other_id);
            let observed = format!("{id} and {other_id}: {bits:.0} bits");
            let transport_fits = path.ends_with(";tcp") && other_path.ends_with(";tcp");
            match bits >= BITS_AT_LEAST && transport_fits {
                true => Judgement::holds(observed, frames),
                false => Judgement::broken(Reason::WrongValue, observed, frames),
            }
        },
    )
}

/// What two identifiers have in common at their beginning and end is no secret; the rest counts by the alphabet it shows.
fn bits_of_difference(one: &str, other: &str) -> f64 {
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs.take_while(|(one, other)| one == other).count()
    };
    let front = common(&mut one.chars().zip(other.chars()));
    let back = common(&mut one.chars().rev().zip(other.chars().rev()));
    let length = one.chars().count().min(other.chars().count());
    let differing = length.saturating_sub(front + back);
    let rest = |of: &str| of.chars().skip(front).take(differing).collect::<String>();
    let both = rest(one) + &rest(other);
    let alphabet = match () {
        () if both.chars().all(|c| c.is_ascii_digit()) => 10.0,
        () if both.chars().all(|c| c.is_ascii_hexdigit() || c == '-') => 16.0,
        () if !both.chars().any(|c| c.is_ascii_uppercase()) => 36.0,
        () => 62.0_f64,
    };
    differing as f64 * alphabet.log2()
}

/// The answer's role complements the offer's, and who opens the connection is who the two say.
//= SDP-04 type=test
pub fn connection_follows_roles(reaction: f64) -> Question {
    Question::eventually(
        "a=setup of the answer fits the offer's, and the side opens the connection that they say",
        reaction,
        |view| {
            about_answer(view, |call, response, offer, answer| {
                let role = |of: &SessionDescription| of.message().and_then(|media| media.setup);
                let (offered, answered) = (role(offer), role(answer));
                let word = |role: Option<Setup>| role.map_or("none", Setup::as_str);
                let roles = format!("offer {}, answer {}", word(offered), word(answered));
                let mut frames = with_invite(call, response);
                let opener = match (offered, answered) {
                    (Some(Setup::Actpass | Setup::Passive), Some(Setup::Active)) => {
                        Direction::FromSystem
                    }
                    (Some(Setup::Actpass | Setup::Active), Some(Setup::Passive)) => {
                        Direction::ToSystem
                    }
                    // Without the attribute on one side, RFC 4975 section 5.4 holds.
                    (None, None) | (Some(Setup::Actpass | Setup::Active), None) => {
                        Direction::ToSystem
                    }
                    _ => return Judgement::broken(Reason::ProtocolViolation, roles, frames),
                };
                match view.session(call).and_then(|session| session.opened) {
                    Some(opened) => {
                        frames.extend(opened.frames.iter().copied());
                        let by = match opened.direction {
                            Direction::FromSystem => "the gateway",
                            _ => "the CPM user's side",
                        };
                        let observed = format!("{roles}; opened by {by}");
                        match opened.direction == opener {
                            true => Judgement::holds(observed, frames),
                            false => Judgement::broken(Reason::Unexpected, observed, frames),
                        }
                    }
                    None if opener == Direction::FromSystem => Judgement::Awaited {
                        observed: format!("{roles}; the gateway has opened no connection"),
                        frames,
                    },
                    None => Judgement::unproven("our own side has opened no connection"),
                }
            })
        },
    )
}

/// An offer that no chat can be built on is refused as such, and nobody is asked.
//= SDP-05 type=test
pub fn refused_for_its_offer(person: &str, reaction: f64, guard: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the INVITE is answered 488, and no short message to {person}"),
        reaction + guard,
        move |view| {
            about(view, |call, view| {
                if let Some(astray) = view.new_short_messages_to(&person).first() {
                    return Judgement::broken(
                        Reason::Unexpected,
                        format!("a short message {:?}", astray.text),
                        astray.frames.clone(),
                    );
                }
                match call.invitation.final_response() {
                    Some(response) if response.status() == 488 => {
                        match seconds(response.at(), view.now) >= guard {
                            true => {
                                Judgement::holds(describe(response), with_invite(call, response))
                            }
                            false => Judgement::unproven("488, and no short message so far"),
                        }
                    }
                    Some(response) => Judgement::broken(
                        Reason::WrongValue,
                        describe(response),
                        with_invite(call, response),
                    ),
                    None => Judgement::awaited("no final response"),
                }
            })
        },
    )
}

/// A SEND over a connection of its own, for a session that no description has named.
//= SDP-06 type=test
pub fn unknown_session_refused(reaction: f64) -> Question {
    Question::eventually(
        "the SEND for a session that does not exist is answered 481",
        reaction,
        |view| {
            let known: Vec<String> = view
                .invitations()
                .iter()
                .filter_map(|call| observe::path_of(call.accepted()?))
                .collect();
            let same = |uri: &str, path: &str| match (MsrpUri::parse(uri), MsrpUri::parse(path)) {
                (Ok(one), Ok(other)) => one.same_as(&other),
                _ => uri == path,
            };
            let astray = observe::sessions(view.trace).into_iter().find(|session| {
                !known.iter().any(|path| same(&session.system_uri, path))
                    && session
                        .facts
                        .first()
                        .is_some_and(|fact| first(fact.frames()) > view.before_stimulus)
            });
            let Some(message) = astray.and_then(|session| session.messages.into_iter().next())
            else {
                return Judgement::unproven("no SEND for an unknown session is in the capture");
            };
            match message.response {
                Some((481, frame)) => {
                    Judgement::holds("481", [message.frames, vec![frame]].concat())
                }
                Some((code, frame)) => Judgement::broken(
                    Reason::WrongValue,
                    format!("MSRP {code}"),
                    [message.frames, vec![frame]].concat(),
                ),
                None => Judgement::Awaited {
                    observed: "no response".into(),
                    frames: message.frames,
                },
            }
        },
    )
}

/// The text that came with the offer has found its way: as a short message of its own, or in the inviting message.
//= SDP-07 type=test
pub fn first_message_not_lost(text: &str, to: &str, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        format!("a short message to {to} has the text that came with the offer"),
        reaction,
        move |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("no invitation is in the capture");
            };
            if let Some(response) = call.invitation.final_response()
                && response.status() >= 300
            {
                return Judgement::broken(
                    Reason::WrongValue,
                    format!("refused with {}", describe(response)),
                    with_invite(&call, response),
                );
            }
            let invite = first(call.invitation.request.frames());
            let messages = view.short_messages_to(&to).into_iter();
            let mut since = messages.filter(|message| first(&message.frames) > invite);
            match since.find(|message| message.text.contains(&text)) {
                Some(message) => Judgement::holds(format!("{:?}", message.text), message.frames),
                None => Judgement::awaited("no short message with that text"),
            }
        },
    )
}

/// A chat message that no concatenated short message can hold.
//= SDP-08 type=test
pub fn too_long_refused(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        format!("the SEND is answered 413, and no short message to {to}"),
        reaction,
        move |view| {
            if let Some(sent) = view.new_short_messages_to(&to).first() {
                return Judgement::broken(
                    Reason::Unexpected,
                    "short messages of a text that they cannot hold",
                    sent.frames.clone(),
                );
            }
            let sent = observe::sessions(view.trace)
                .into_iter()
                .flat_map(|session| session.messages)
                .find(|message| {
                    message.direction != Direction::FromSystem
                        && !message.empty
                        && first(&message.frames) > view.before_stimulus
                });
            let Some(message) = sent else {
                return Judgement::unproven("no chat message was sent");
            };
            match message.response {
                Some((413, frame)) => Judgement::holds("413", vec![first(&message.frames), frame]),
                // Earlier chunks may be taken: refused is the one that goes too far.
                Some((200, _)) if !message.complete || !message.unanswered.is_empty() => {
                    Judgement::awaited("200 to a chunk so far")
                }
                Some((code, frame)) => Judgement::broken(
                    Reason::WrongValue,
                    format!("MSRP {code}"),
                    vec![first(&message.frames), frame],
                ),
                None => Judgement::awaited("no response"),
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_identifiers_share_is_no_secret() {
        assert!(bits_of_difference("s-000000000000000000001", "s-000000000000000000002") < 4.0);
        assert!(bits_of_difference("9f3ac1d47b2e6085aa10", "0b7e44d1c9835f6612fe") >= 79.0);
        assert!(bits_of_difference("kSd93kLw0aXbYz7Q", "Qp0M2nVu8TrEw1Ji") > BITS_AT_LEAST);
        assert!(bits_of_difference("same", "same") < 1.0);
    }
}
