//! Service identifiers and feature tags of OMA CPM, identities and routes in what the gateway sends.
use super::invitation::{about, describe, with_invite};
use super::scene::{first, number_in, pager_text, same_number, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{SipFact, Transaction};
use crate::wire::sip::{NameAddr, SipMessage};

/// Every CPM service that a feature tag (`+g.3gpp.icsi-ref`) in these header fields names, with its escapes undone.
fn tagged(message: &SipMessage, header: &str) -> Vec<String> {
    let values = message.headers_named(header);
    let parameters = values.flat_map(|value| value.split(';'));
    parameters
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("+g.3gpp.icsi-ref"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split(','))
        .map(|one| one.trim().to_ascii_lowercase().replace("%3a", ":"))
        .collect()
}

fn is_service(value: &str, service: &str) -> bool {
    value == format!("urn:urn-7:3gpp-service.ims.icsi.oma.cpm.{service}")
}

/// Applies a judge to the first SIP MESSAGE from the system since the stimulus.
fn about_message(view: &View, judge: impl FnOnce(&Transaction) -> Judgement) -> Judgement {
    match view.new_pager_messages().first() {
        Some(message) => judge(message),
        None => Judgement::unproven("no SIP MESSAGE from the system"),
    }
}

/// The same, to the one with the text of the last short message of that person: others may write to the same user meanwhile.
fn about_message_of(
    view: &View,
    person: &str,
    judge: impl FnOnce(&Transaction) -> Judgement,
) -> Judgement {
    let number = view.cast.number(person);
    let mut said = crate::observe::texts(view.trace, crate::observe::Direction::ToSystem);
    said.retain(|message| {
        same_number(&message.sender, number) && first(&message.frames) > view.before_stimulus
    });
    let Some(text) = said.pop().map(|message| message.text) else {
        return Judgement::unproven(format!("no short message from {person}"));
    };
    let messages = view.new_pager_messages();
    let carries = |one: &&Transaction| pager_text(one.request.message) == text;
    match messages.iter().find(carries) {
        Some(message) => judge(message),
        None => Judgement::unproven("no SIP MESSAGE from the system with that text"),
    }
}

/// Applies a judge to the 2xx of the invitation in question.
fn about_acceptance(view: &View, judge: impl FnOnce(SipFact, Vec<u32>) -> Judgement) -> Judgement {
    about(view, |call, _| match call.accepted() {
        Some(response) => judge(response, with_invite(call, response)),
        None => Judgement::unproven("the invitation is not accepted"),
    })
}

/// The gateway marks its side of a session as the CPM session service.
//= FT-02 type=test
pub fn contact_is_marked(reaction: f64) -> Question {
    Question::eventually(
        "Contact of the 2xx has the feature tag of the CPM session service",
        reaction,
        |view| {
            about_acceptance(view, |response, frames| {
                let services = tagged(response.message, "Contact");
                let observed = response.message.header("Contact").unwrap_or("no Contact");
                match services.iter().any(|one| is_service(one, "session")) {
                    true => Judgement::holds(observed, frames),
                    false => Judgement::broken(Reason::WrongValue, observed, frames),
                }
            })
        },
    )
}

/// A request of the gateway names its service, with colons and not with escapes.
//= FT-03 type=test
pub fn service_is_named(reaction: f64) -> Question {
    Question::eventually(
        "the SIP MESSAGE has P-Asserted-Service with a CPM service, written with colons",
        reaction,
        |view| {
            about_message(view, |message| {
                let named = message.request.message.values("P-Asserted-Service");
                let frames = message.request.frames();
                match named.as_slice() {
                    [] => Judgement::broken(Reason::Missing, "no P-Asserted-Service", frames),
                    named
                        if named.iter().any(|one| {
                            one.to_ascii_lowercase()
                                .starts_with("urn:urn-7:3gpp-service.ims.icsi.oma.cpm.")
                        }) =>
                    {
                        Judgement::holds(named.join(", "), frames)
                    }
                    named => Judgement::broken(Reason::WrongValue, named.join(", "), frames),
                }
            })
        },
    )
}

/// A pager message to a CPM user is for terminals that take CPM messages.
//= FT-04 type=test
pub fn message_is_marked(reaction: f64) -> Question {
    Question::eventually(
        "Accept-Contact and P-Asserted-Service of the SIP MESSAGE name the CPM message service",
        reaction,
        |view| {
            about_message(view, |message| {
                let request = message.request.message;
                let tags = tagged(request, "Accept-Contact");
                let services = request.values("P-Asserted-Service");
                let decoded = services
                    .iter()
                    .map(|one| one.to_ascii_lowercase().replace("%3a", ":"));
                let observed = format!(
                    "Accept-Contact names {}; P-Asserted-Service {}",
                    tags.join(", "),
                    services.join(", ")
                );
                let fits = tags.iter().any(|one| is_service(one, "msg"))
                    && decoded.into_iter().all(|one| is_service(&one, "msg"));
                match fits {
                    true => Judgement::holds(observed, message.request.frames()),
                    false => {
                        Judgement::broken(Reason::WrongValue, observed, message.request.frames())
                    }
                }
            })
        },
    )
}

/// No short message can carry a file: refused, and nobody is bothered.
//= FT-05 type=test
//= FT-06 type=test
pub fn file_transfer_refused(person: &str, reaction: f64, guard: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the INVITE is answered 488 or 403, and no short message to {person}"),
        reaction + guard,
        move |view| {
            about(view, |call, view| {
                if let Some(sent) = view.new_short_messages_to(&person).first() {
                    return Judgement::broken(
                        Reason::Unexpected,
                        format!("a short message {:?}", sent.text),
                        sent.frames.clone(),
                    );
                }
                match call.invitation.final_response() {
                    Some(response) if matches!(response.status(), 403 | 488) => {
                        match seconds(response.at(), view.now) >= guard {
                            true => {
                                Judgement::holds(describe(response), with_invite(call, response))
                            }
                            false => Judgement::unproven("refused, and no short message so far"),
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

/// The 2xx repeats Record-Route (RFC 3261 section 12.1.1).
//= FT-07 type=test
pub fn route_is_recorded(reaction: f64) -> Question {
    Question::eventually(
        "the 2xx repeats the Record-Route header fields of the INVITE in their order",
        reaction,
        |view| {
            about(view, |call, _| {
                let Some(response) = call.accepted() else {
                    return Judgement::unproven("the invitation is not accepted");
                };
                let asked = call.invitation.request.message.values("Record-Route");
                let given = response.message.values("Record-Route");
                let frames = with_invite(call, response);
                if asked.is_empty() {
                    return Judgement::unproven("the INVITE has no Record-Route");
                }
                match asked == given {
                    true => Judgement::holds(given.join(", "), frames),
                    false if given.is_empty() => {
                        Judgement::broken(Reason::Missing, "no Record-Route", frames)
                    }
                    false => Judgement::broken(Reason::WrongValue, given.join(", "), frames),
                }
            })
        },
    )
}

/// What the gateway sends in the dialog goes to the caller's Contact by the recorded route (RFC 3261 sections 12.1.1 and 12.2.1.1).
//= FT-07 type=test
pub fn route_is_followed(reaction: f64) -> Question {
    Question::eventually(
        "the BYE of the gateway has the recorded route and the Contact of the INVITE",
        reaction,
        |view| {
            let Some(call) = view.invitation() else {
                return Judgement::unproven("no invitation is in the capture");
            };
            let Some(bye) = view.new_byes_from_system().into_iter().next() else {
                return Judgement::unproven("no BYE from the system");
            };
            let invite = call.invitation.request.message;
            let recorded = invite.values("Record-Route");
            if recorded.is_empty() {
                return Judgement::unproven("the INVITE has no Record-Route");
            }
            let route = bye.request.message.values("Route");
            let contact = invite.values("Contact").into_iter().next();
            let target = contact
                .and_then(|contact| NameAddr::parse(contact).ok())
                .map(|address| address.uri.as_str().to_owned());
            let uri = bye.request.message.uri();
            let observed = format!("BYE {} by {}", uri.unwrap_or_default(), route.join(", "));
            let frames = [call.invitation.request.frames(), bye.request.frames()].concat();
            match recorded == route && uri == target.as_deref() {
                true => Judgement::holds(observed, frames),
                false => Judgement::broken(Reason::WrongValue, observed, frames),
            }
        },
    )
}

fn asserts(message: &SipMessage, number: &str) -> Result<String, String> {
    let asserted = message.values("P-Asserted-Identity");
    let observed = match asserted.as_slice() {
        [] => "no P-Asserted-Identity".to_owned(),
        asserted => asserted.join(", "),
    };
    let is_tel = |value: &&str| value.to_ascii_lowercase().contains("tel:");
    let fits = asserted
        .iter()
        .filter(|value| is_tel(value))
        .any(|value| number_in(value).as_deref() == Some(number));
    if fits { Ok(observed) } else { Err(observed) }
}

/// The 2xx says who has answered.
//= FT-08 type=test
pub fn acceptance_asserts(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("P-Asserted-Identity of the 2xx is the tel URI of {person}"),
        reaction,
        move |view| {
            about_acceptance(view, |response, frames| {
                match asserts(response.message, view.cast.number(&person)) {
                    Ok(observed) => Judgement::holds(observed, frames),
                    Err(observed) => Judgement::broken(Reason::WrongValue, observed, frames),
                }
            })
        },
    )
}

/// A request of the gateway says on whose behalf it comes.
//= FT-08 type=test
pub fn message_asserts(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("P-Asserted-Identity of the SIP MESSAGE is the tel URI of {person}"),
        reaction,
        move |view| {
            about_message(view, |message| {
                let frames = message.request.frames();
                match asserts(message.request.message, view.cast.number(&person)) {
                    Ok(observed) => Judgement::holds(observed, frames),
                    Err(observed) => Judgement::broken(Reason::WrongValue, observed, frames),
                }
            })
        },
    )
}

/// From of the SIP MESSAGE is the sender of the short message.
//= PGT-07 type=test
pub fn message_is_from(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("From of the SIP MESSAGE is the tel URI of {person}"),
        reaction,
        move |view| {
            about_message_of(view, &person, |message| {
                let from = message.request.message.header("From").unwrap_or_default();
                let is_tel = from.to_ascii_lowercase().contains("tel:");
                let fits = is_tel && number_in(from).as_deref() == Some(view.cast.number(&person));
                match fits {
                    true => Judgement::holds(from, message.request.frames()),
                    false => Judgement::broken(Reason::WrongValue, from, message.request.frames()),
                }
            })
        },
    )
}

/// A sender that is a name is shown: display name of a SIP URI, in From.
//= PGT-07 type=test
pub fn message_is_from_name(name: &str, reaction: f64) -> Question {
    let name = name.to_owned();
    Question::eventually(
        format!("From of a SIP MESSAGE is a SIP URI with the display name {name:?}"),
        reaction,
        move |view| {
            let messages = view.new_pager_messages();
            let Some(message) = messages.first() else {
                return Judgement::awaited("no SIP MESSAGE");
            };
            let from = message.request.message.header("From").unwrap_or_default();
            let address = NameAddr::parse(from).ok();
            let fits = address.is_some_and(|address| {
                let shown = address.display.as_deref().unwrap_or_default();
                let uri = address.uri.as_str().to_ascii_lowercase();
                shown.trim_matches('"') == name && uri.starts_with("sip:")
            });
            match fits {
                true => Judgement::holds(from, message.request.frames()),
                false => Judgement::broken(Reason::WrongValue, from, message.request.frames()),
            }
        },
    )
}

/// Nothing is delivered, and the service centre is told so.
//= PGT-07 type=test
pub fn named_sender_refused(sender: &str, reaction: f64, guard: f64) -> Question {
    let sender = sender.to_owned();
    Question::eventually(
        format!("the short message from {sender:?} is refused, and no SIP MESSAGE comes of it"),
        reaction + guard,
        move |view| {
            if let Some(message) = view.new_pager_messages().first() {
                return Judgement::broken(
                    Reason::Unexpected,
                    "a SIP MESSAGE",
                    message.request.frames(),
                );
            }
            let sent = crate::observe::texts(view.trace, crate::observe::Direction::ToSystem);
            let from_name = sent.into_iter().find(|message| {
                message.sender.eq_ignore_ascii_case(&sender)
                    && first(&message.frames) > view.before_stimulus
            });
            let Some(message) = from_name else {
                return Judgement::unproven("no short message from that name is in the capture");
            };
            match (message.status, message.answered) {
                (Some(0), Some(answer)) => Judgement::broken(
                    Reason::WrongValue,
                    "acknowledged",
                    [message.frames, vec![answer]].concat(),
                ),
                (Some(status), Some(answer)) if seconds(message.at, view.now) >= guard => {
                    Judgement::holds(
                        format!("refused with {status:#x}"),
                        [message.frames, vec![answer]].concat(),
                    )
                }
                (Some(_), Some(_)) => Judgement::unproven("refused, and no SIP MESSAGE so far"),
                _ => Judgement::awaited("no answer to the short message"),
            }
        },
    )
}
