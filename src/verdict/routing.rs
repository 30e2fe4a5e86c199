//! Where short messages go and how their way is asked for: service centre addresses, routing queries, MT correlation ids, and what
//! acknowledges a forwarded short message (3GPP TS 23.204 clauses 5.2.3, 6.4 and 6.14; carried by Diameter, 3GPP TS 29.338).
//!
//! More than 400 lines, because these are one subject and share how a short message is matched with its query.
use super::scene::{first, same_number, seconds};
use super::short_message::quoted;
use super::{Judgement, Question, Reason, View};
use crate::observe::{DiameterRequest, Direction, ShortMessage, diameter_requests};
use crate::wire::diameter::{Command, ServingNode, name};
use crate::wire::sms::tpdu::Tpdu;

/// Digits of an IMSI, and so of what stands in its place.
const IMSI_DIGITS: usize = 15;

/// Which short message to an SMS user is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The inviting message of the invitation in question.
    Inviting,
    /// The first since the stimulus.
    New,
}

fn meant<'a>(view: &View<'a>, which: Which, to: &str) -> Option<ShortMessage<'a>> {
    match which {
        Which::Inviting => view.inviting_message(&view.invitation()?),
        Which::New => view.new_short_messages_to(to).into_iter().next(),
    }
}

/// Every part names one of the service centres that are allowed; with `wanted`, exactly that one.
//= INV-02 type=test
//= INV-03 type=test
//= TD-06 type=test
//= PGO-05 type=test
//= AUT-09 type=test
pub fn service_centre_address(
    which: Which,
    to: &str,
    known: Vec<String>,
    wanted: Option<String>,
    reaction: f64,
) -> Question {
    let to = to.to_owned();
    let expected = match &wanted {
        Some(wanted) => format!("the short message goes to the service centre {wanted}"),
        None => format!(
            "the short message goes to the service centre {}",
            known.join(" or ")
        ),
    };
    Question::eventually(expected, reaction, move |view| {
        let Some(message) = meant(view, which, &to) else {
            return Judgement::unproven("no such short message");
        };
        let named = |centre: &Option<String>, one: &String| {
            centre
                .as_deref()
                .is_some_and(|centre| same_number(centre, one))
        };
        let centres = || message.parts.iter().map(|part| &part.service_centre);
        let told: Vec<&str> = centres().map(|c| c.as_deref().unwrap_or("none")).collect();
        let observed = format!("service centre {}", told.join(", "));
        let all_known = centres().all(|centre| known.iter().any(|one| named(centre, one)));
        match &wanted {
            // Which address at all may stand there is another requirement's.
            Some(_) if !all_known => Judgement::unproven(observed),
            Some(wanted) if centres().all(|centre| named(centre, wanted)) => {
                Judgement::holds(observed, message.frames)
            }
            None if all_known => Judgement::holds(observed, message.frames),
            _ => Judgement::broken(Reason::WrongValue, observed, message.frames),
        }
    })
}

/// A short message to the system, the routing query before it, and who answered that.
struct Routed<'t> {
    forward: DiameterRequest<'t>,
    query: DiameterRequest<'t>,
    /// What the answer to the query put in the place of the IMSI.
    identity: &'t str,
}

fn identity_of<'t>(query: &DiameterRequest<'t>) -> Option<&'t str> {
    let (_, answer) = query.answer?;
    answer.text(name::USER_NAME)
}

/// Short messages or status reports of a person that went to the system since the stimulus, with their queries.
fn routed<'a>(view: &View<'a>, person: &str, reports: bool) -> Vec<Routed<'a>> {
    let number = view.cast.number(person);
    let all = diameter_requests(view.trace);
    let new = all.iter().filter(|one| {
        one.is(Command::MT_FORWARD)
            && one.direction() != Direction::FromSystem
            && one.frame() > view.before_stimulus
    });
    let of_person = new.filter(|one| match one.tpdu() {
        Some(Ok(Tpdu::Deliver(it))) if !reports => it
            .originator
            .text()
            .is_some_and(|from| same_number(&from, number)),
        Some(Ok(Tpdu::StatusReport(it))) if reports => it
            .recipient
            .text()
            .is_some_and(|by| same_number(&by, number)),
        _ => false,
    });
    let routed = of_person.filter_map(|forward| {
        let identity = forward.message.text(name::USER_NAME)?;
        let query = queries(&all)
            .filter(|query| query.index < forward.index && identity_of(query) == Some(identity))
            .last()?;
        Some(Routed {
            forward: *forward,
            query,
            identity,
        })
    });
    routed.collect()
}

/// Routing queries to the system, since the capture began.
fn queries<'v, 't>(
    all: &'v [DiameterRequest<'t>],
) -> impl Iterator<Item = DiameterRequest<'t>> + 'v {
    let to_system = |one: &&DiameterRequest<'t>| {
        one.is(Command::SEND_ROUTING_INFO) && one.direction() != Direction::FromSystem
    };
    all.iter().filter(to_system).copied()
}

fn frames_of(routed: &Routed<'_>) -> Vec<u32> {
    let mut frames = routed.query.frames();
    frames.extend(routed.forward.frames());
    frames
}

/// What a query asked about does not stand in its answer, and what stands there could be an IMSI.
fn is_correlation_id(routed: &Routed<'_>) -> bool {
    let asked = routed.query.msisdn().unwrap_or_default();
    looks_like_imsi(routed.identity) && !same_number(&asked, routed.identity)
}

fn looks_like_imsi(identity: &str) -> bool {
    identity.len() == IMSI_DIGITS && identity.bytes().all(|octet| octet.is_ascii_digit())
}

/// The answer to the invitation takes the ordinary path: query, correlation id, forwarding under it.
//= ANS-04 type=test
pub fn answer_routed_through_gateway(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected =
        format!("{person}'s answer is forwarded under a correlation id that the gateway gave");
    Question::eventually(expected, reaction, move |view| {
        let Some(one) = routed(view, &person, false).into_iter().next() else {
            return Judgement::unproven("no answer was forwarded");
        };
        let observed = format!("forwarded under {}", one.identity);
        match (is_correlation_id(&one), one.forward.status()) {
            (false, _) => Judgement::broken(Reason::WrongValue, observed, frames_of(&one)),
            (true, Some(0)) => Judgement::holds(observed, frames_of(&one)),
            (true, Some(status)) => Judgement::unproven(format!("{observed}, refused: {status}")),
            (true, None) => Judgement::unproven(format!("{observed}, not answered yet")),
        }
    })
}

/// Everything a person sends or that is reported on him comes by query and forwarding, and is acknowledged.
//= TD-09 type=test
//= DR-08 type=test
pub fn routed_and_acknowledged(person: &str, reports: bool, reaction: f64) -> Question {
    let person = person.to_owned();
    let what = match reports {
        true => format!("the status report on {person}"),
        false => format!("{person}'s short message"),
    };
    let expected = format!("{what} comes by routing query and forwarding, and is acknowledged");
    Question::eventually(expected, reaction, move |view| {
        let Some(one) = routed(view, &person, reports).into_iter().next() else {
            return Judgement::unproven(format!("{what} was not forwarded"));
        };
        match one.forward.status() {
            Some(0) => Judgement::holds("acknowledged", frames_of(&one)),
            Some(status) => Judgement::broken(
                Reason::WrongValue,
                format!("refused with {status}"),
                frames_of(&one),
            ),
            None => Judgement::awaited("not acknowledged"),
        }
    })
}

/// What the answer to a query names as the node to forward to.
fn names_gateway(node: &ServingNode) -> Option<String> {
    node.ip_sm_gw_name.clone().or(node.ip_sm_gw_number.clone())
}

/// Each query gets an id of its own.
//= RTE-02 type=test
pub fn correlation_ids_differ(number: usize, imsi: &str, reaction: f64) -> Question {
    let imsi = imsi.to_owned();
    let expected = format!("{number} routing queries, {number} different correlation ids");
    Question::eventually(expected, reaction, move |view| {
        let all = diameter_requests(view.trace);
        let answered: Vec<DiameterRequest> = queries(&all)
            .filter(|query| query.frame() > view.before_stimulus)
            .filter(|query| query.status() == Some(0))
            .collect();
        let mut ids: Vec<&str> = answered.iter().filter_map(identity_of).collect();
        let frames: Vec<u32> = answered.iter().flat_map(DiameterRequest::frames).collect();
        let observed = format!("{} answers with {}", answered.len(), ids.join(", "));
        ids.sort_unstable();
        ids.dedup();
        match answered.len() {
            answers if answers < number => Judgement::unproven(observed),
            // That an id is no IMSI is another requirement's.
            _ if ids.contains(&imsi.as_str()) => Judgement::unproven(observed),
            answers if ids.len() == answers => Judgement::holds(observed, frames),
            _ => Judgement::broken(Reason::WrongValue, observed, frames),
        }
    })
}

/// The latest query about a person's own number.
fn query_about<'a>(view: &View<'a>, number: &str) -> Option<DiameterRequest<'a>> {
    let all = diameter_requests(view.trace);
    let about = queries(&all).filter(|query| {
        let asked = query.msisdn();
        query.frame() > view.before_stimulus
            && asked.is_some_and(|asked| same_number(&asked, number))
    });
    about.last()
}

/// The gateway's own address, and in the place of the IMSI something of its form that is not the user's.
//= RTE-03 type=test
pub fn answered_with_own_address(person: &str, imsi: &str, reaction: f64) -> Question {
    let (person, imsi) = (person.to_owned(), imsi.to_owned());
    let expected = format!(
        "the answer has the gateway's own address, and 15 digits in the IMSI's place that are not {person}'s"
    );
    Question::eventually(expected, reaction, move |view| {
        let Some(query) = query_about(view, view.cast.number(&person)) else {
            return Judgement::unproven("no routing query");
        };
        let Some((_, answer)) = query.answer else {
            return Judgement::awaited("no answer to the routing query");
        };
        let (node, identity) = (answer.serving_node(), answer.text(name::USER_NAME));
        let address = node.as_ref().and_then(names_gateway);
        let observed = format!(
            "address {}, identity {}",
            address.as_deref().unwrap_or("none"),
            identity.unwrap_or("none")
        );
        let own = identity.is_some_and(|id| looks_like_imsi(id) && id != imsi);
        match query.status() {
            Some(0) if address.is_some() && own => Judgement::holds(observed, query.frames()),
            Some(0) => Judgement::broken(Reason::WrongValue, observed, query.frames()),
            status => Judgement::unproven(format!("refused: {}", status.unwrap_or_default())),
        }
    })
}

/// A short message under an id that nobody was given is refused, and nobody hears of it.
//= RTE-04 type=test
pub fn unknown_id_refused(to: &str, guard: f64) -> Question {
    let to = to.to_owned();
    let expected = format!("it is answered with an error, and no MESSAGE goes to {to}");
    Question::throughout(expected, guard, move |view| {
        let all = diameter_requests(view.trace);
        let given: Vec<&str> = queries(&all).filter_map(|q| identity_of(&q)).collect();
        let stray = all.iter().find(|one| {
            one.is(Command::MT_FORWARD)
                && one.direction() != Direction::FromSystem
                && one.frame() > view.before_stimulus
                && one
                    .message
                    .text(name::USER_NAME)
                    .is_some_and(|id| !given.contains(&id))
        });
        let Some(stray) = stray else {
            return Judgement::unproven("no short message under an unknown id");
        };
        if let Some(message) = view.new_pager_messages().first() {
            return Judgement::broken(
                Reason::Unexpected,
                "a MESSAGE follows",
                message.request.frames(),
            );
        }
        match stray.status() {
            Some(0) => Judgement::broken(Reason::Unexpected, "acknowledged", stray.frames()),
            Some(status) => Judgement::holds(format!("refused with {status}"), stray.frames()),
            None => Judgement::unproven("not answered"),
        }
    })
}

/// A query about an assigned number leads here.
//= RTE-08 type=test
pub fn session_number_leads_here(reaction: f64) -> Question {
    let expected =
        "the routing query for the session number is answered with the gateway's address";
    Question::eventually(expected, reaction, move |view| {
        let Some(call) = view.invitation() else {
            return Judgement::unproven("no invitation is in the capture");
        };
        let Some(message) = view.inviting_message(&call) else {
            return Judgement::unproven("no inviting message, so no session number");
        };
        let Some(query) = query_about(view, &message.sender) else {
            return Judgement::unproven("no routing query for it");
        };
        let address = query
            .answer
            .and_then(|(_, m)| names_gateway(&m.serving_node()?));
        match (query.status(), address) {
            (None, _) => Judgement::awaited("no answer to the routing query"),
            (Some(0), Some(address)) => Judgement::holds(address, query.frames()),
            (Some(0), None) => Judgement::broken(
                Reason::WrongValue,
                "the answer names no IP-SM-GW",
                query.frames(),
            ),
            (Some(status), _) => Judgement::broken(
                Reason::WrongValue,
                format!("refused with {status}"),
                query.frames(),
            ),
        }
    })
}

/// A short message of the system's own delivery follows a query of its own about the recipient.
//= PGO-06 type=test
pub fn asked_before_delivery(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    let expected = format!("the gateway asks for the routing of {to} before it delivers");
    Question::eventually(expected, reaction, move |view| {
        let Some(message) = view.new_short_messages_to(&to).into_iter().next() else {
            return Judgement::unproven(format!("no short message to {to}"));
        };
        let number = view.cast.number(&to);
        let all = diameter_requests(view.trace);
        let asked = all.iter().rfind(|one| {
            one.is(Command::SEND_ROUTING_INFO)
                && one.direction() == Direction::FromSystem
                && one.frame() > view.before_stimulus
                && one.frame() < first(&message.frames)
                && one
                    .msisdn()
                    .is_some_and(|asked| same_number(&asked, number))
        });
        match asked {
            Some(query) => {
                let mut frames = query.frames();
                frames.extend(&message.frames);
                Judgement::holds("asked, then delivered", frames)
            }
            None => Judgement::broken(
                Reason::Missing,
                format!("{} without a query", quoted(&message)),
                message.frames,
            ),
        }
    })
}

/// The short message is acknowledged after the terminal has answered the MESSAGE it became.
//= PGT-02 type=test
pub fn acknowledged_after_the_terminal(from: &str, reaction: f64) -> Question {
    let from = from.to_owned();
    let expected =
        format!("{from}'s short message is acknowledged after the answer to the MESSAGE");
    Question::eventually(expected, reaction, move |view| {
        let Some(message) = view.short_messages_from(&from).into_iter().next() else {
            return Judgement::unproven("no short message was sent");
        };
        let Some(acknowledged) = message.answered.filter(|_| message.status == Some(0)) else {
            return Judgement::unproven("the short message is not acknowledged");
        };
        let sent = view.new_pager_messages().into_iter().next();
        let answer = sent.as_ref().and_then(|sent| sent.final_response());
        match (sent, answer) {
            (_, Some(answer)) if first(answer.frames()) < acknowledged => {
                let mut frames = answer.frames().to_vec();
                frames.push(acknowledged);
                Judgement::holds("answer, then acknowledgement", frames)
            }
            (sent, _) if seconds(message.at, view.now) > 0.2 || sent.is_some() => {
                let frames = message.frames.iter().copied().chain([acknowledged]);
                let observed = "acknowledged before any answer to a MESSAGE";
                Judgement::broken(Reason::Unexpected, observed, frames.collect::<Vec<u32>>())
            }
            _ => Judgement::awaited("no MESSAGE yet"),
        }
    })
}

/// The acknowledgement holds an SMS-DELIVER-REPORT; one of failure says why.
//= PGT-03 type=test
pub fn answered_by_delivery_report(from: &str, taken: bool, reaction: f64) -> Question {
    let from = from.to_owned();
    let expected = match taken {
        true => "the answer holds an SMS-DELIVER-REPORT without failure cause",
        false => "the answer holds an SMS-DELIVER-REPORT with a failure cause",
    };
    Question::eventually(expected, reaction, move |view| {
        let Some(one) = routed(view, &from, false).into_iter().next() else {
            return Judgement::unproven("no short message was forwarded");
        };
        let Some(status) = one.forward.status() else {
            return Judgement::awaited("not answered");
        };
        if (status == 0) != taken {
            return Judgement::unproven(format!("answered with {status}"));
        }
        let frames = one.forward.frames();
        match one.forward.report() {
            Some(Ok(Tpdu::DeliverReport(report))) => {
                let observed = match report.failure_cause {
                    Some(cause) => format!("SMS-DELIVER-REPORT, TP-FCS {cause:#04x}"),
                    None => "SMS-DELIVER-REPORT".to_owned(),
                };
                match report.failure_cause.is_some() == taken {
                    true => Judgement::broken(Reason::WrongValue, observed, frames),
                    false => Judgement::holds(observed, frames),
                }
            }
            Some(Ok(other)) => Judgement::broken(Reason::WrongValue, other.name(), frames),
            Some(Err(error)) => {
                Judgement::broken(Reason::WrongValue, format!("malformed: {error}"), frames)
            }
            None => Judgement::broken(Reason::Missing, "no report in the answer", frames),
        }
    })
}

/// CPIM DateTime is the point in time of TP-SCTS.
//= S2M-03 type=test
pub fn carries_time_stamp(text: &str, from: &str, reaction: f64) -> Question {
    let (text, from) = (text.to_owned(), from.to_owned());
    let expected = "CPIM DateTime equals the service centre time stamp";
    Question::eventually(expected, reaction, move |view| {
        let sent = view.short_messages_from(&from);
        let stamp = sent
            .iter()
            .filter(|message| message.text.contains(&text))
            .find_map(|message| message.parts.first()?.time_stamp.clone());
        let Some(stamp) = stamp.and_then(|s| s.parse::<jiff::Timestamp>().ok()) else {
            return Judgement::unproven("no short message with a time stamp");
        };
        let relayed = view.new_chat_messages().into_iter().find(|(_, message)| {
            super::scene::text_of(message).is_some_and(|found| found.contains(&text))
        });
        let Some((_, message)) = relayed else {
            return Judgement::unproven("it did not reach the chat");
        };
        let said = message.cpim.as_ref().and_then(|cpim| {
            let mut headers = cpim.headers.iter();
            headers.find(|(name, _)| name.eq_ignore_ascii_case("DateTime"))
        });
        let Some((_, said)) = said else {
            return Judgement::broken(Reason::Missing, "no DateTime", message.frames);
        };
        let observed = format!("DateTime {said}, time stamp {stamp}");
        match said.trim().parse::<jiff::Timestamp>() {
            Ok(time) if time == stamp => Judgement::holds(observed, message.frames),
            _ => Judgement::broken(Reason::WrongValue, observed, message.frames),
        }
    })
}
