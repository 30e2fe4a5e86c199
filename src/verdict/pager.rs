//! Pager-mode messages: a SIP MESSAGE of a CPM user that becomes a short message, and what its final response tells of it.
use super::scene::{first, frames_of, pager_text, seconds};
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Direction, ShortMessage, Transaction};
use crate::wire::cpim::{CpimMessage, Imdn, ImdnStatus};
use crate::wire::sip::SipMessage;

const NO_MESSAGE: &str = "no SIP MESSAGE was sent since the stimulus";

impl<'a> View<'a> {
    /// The latest SIP MESSAGE of the suite since the stimulus.
    pub fn own_pager_message(&self) -> Option<Transaction<'a>> {
        let mut found = observe::messages(self.trace);
        found.retain(|message| {
            message.direction != Direction::FromSystem
                && !observe::is_encapsulated(message)
                && first(message.request.frames()) > self.before_stimulus
        });
        found.pop()
    }
}

/// Applies a judge to the SIP MESSAGE in question.
fn about(view: &View, judge: impl FnOnce(&Transaction) -> Judgement) -> Judgement {
    match view.own_pager_message() {
        Some(message) => judge(&message),
        None => Judgement::unproven(NO_MESSAGE),
    }
}

/// A precondition: the message has been taken.
pub fn taken(reaction: f64) -> Question {
    Question::eventually("the SIP MESSAGE gets a 2xx", reaction, |view| {
        about(view, |message| match message.final_response() {
            Some(response) if response.status() < 300 => {
                Judgement::holds(response.status().to_string(), message.frames())
            }
            Some(response) => Judgement::broken(
                Reason::WrongValue,
                response.status().to_string(),
                message.frames(),
            ),
            None => Judgement::awaited("no final response"),
        })
    })
}

/// Content that is no text is refused as such.
//= PGO-03 type=test
pub fn refused_for_its_content(reaction: f64) -> Question {
    Question::eventually("the SIP MESSAGE is answered 415", reaction, |view| {
        about(view, |message| match message.final_response() {
            Some(response) if response.status() == 415 => Judgement::holds("415", message.frames()),
            Some(response) => Judgement::broken(
                Reason::WrongValue,
                response.status().to_string(),
                message.frames(),
            ),
            None => Judgement::awaited("no final response"),
        })
    })
}

/// The parts of the short message and the frames of their answers, when every part sent so far is answered.
fn submission<'a>(view: &View<'a>, to: &str) -> Option<ShortMessage<'a>> {
    view.new_short_messages_to(to).into_iter().next()
}

/// The final response says that the service centre has taken the message, and says so after the service centre has.
//= PGO-04 type=test
pub fn accepted_after_submission(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        "the SIP MESSAGE is answered 200 after the service centre has taken the short message",
        reaction,
        move |view| {
            about(view, |message| {
                let Some(response) = message.final_response() else {
                    return Judgement::awaited("no final response");
                };
                let sent = submission(view, &to).filter(|sent| sent.status == Some(0));
                let Some((sent, answer)) =
                    sent.and_then(|sent| sent.answered.map(|answer| (sent, answer)))
                else {
                    return Judgement::unproven(format!(
                        "{}, and no short message that the service centre has taken",
                        response.status()
                    ));
                };
                let mut frames = message.frames();
                frames.extend(sent.frames.iter().copied().chain([answer]));
                let before = first(response.frames()) < answer;
                let observed = format!(
                    "{} {} the service centre's answer",
                    response.status(),
                    if before { "before" } else { "after" }
                );
                match response.status() {
                    200 if !before => Judgement::holds(observed, frames),
                    200 => Judgement::broken(Reason::Unexpected, observed, frames),
                    _ => Judgement::broken(Reason::WrongValue, observed, frames),
                }
            })
        },
    )
}

/// What the service centre refuses is refused to the sender too.
//= PGO-04 type=test
pub fn refused_after_failure(to: &str, reaction: f64) -> Question {
    let to = to.to_owned();
    Question::eventually(
        "the SIP MESSAGE is refused after the service centre has refused the short message",
        reaction,
        move |view| {
            about(view, |message| {
                let failed = submission(view, &to)
                    .filter(|sent| sent.status.is_some_and(|status| status != 0))
                    .and_then(|sent| sent.answered.map(|answer| (sent, answer)));
                let Some((sent, answer)) = failed else {
                    return Judgement::unproven(
                        "no short message was refused by the service centre",
                    );
                };
                let Some(response) = message.final_response() else {
                    return Judgement::awaited("no final response");
                };
                let mut frames = message.frames();
                frames.extend(sent.frames.iter().copied().chain([answer]));
                let observed = response.status().to_string();
                match response.status() {
                    _ if first(response.frames()) < answer => {
                        Judgement::unproven(format!("{observed} before the submission failed"))
                    }
                    300.. => Judgement::holds(format!("refused with {observed}"), frames),
                    _ => Judgement::broken(
                        Reason::WrongValue,
                        format!("{observed} although the submission failed"),
                        frames,
                    ),
                }
            })
        },
    )
}

/// Without a word of the service centre, 202 comes in time: before the sender's transaction would end (RFC 4320 section 4.2).
//= PGO-04 type=test
pub fn accepted_without_result(to: &str, limit: f64, allowance: f64, reaction: f64) -> Question {
    let (to, limit) = (to.to_owned(), limit + allowance);
    Question::eventually(
        format!("the SIP MESSAGE is answered 202 within {limit:.1} s"),
        limit + reaction,
        move |view| {
            about(view, |message| {
                let Some(sent) = submission(view, &to) else {
                    return Judgement::unproven("no short message was submitted");
                };
                let Some(response) = message.final_response() else {
                    return Judgement::awaited("no final response");
                };
                let after = seconds(message.request.at(), response.at());
                let observed = format!("{} after {after:.1} s", response.status());
                let had_answered = sent
                    .answered
                    .is_some_and(|answer| answer < first(response.frames()));
                match response.status() {
                    _ if after > limit => {
                        Judgement::broken(Reason::Late, observed, message.frames())
                    }
                    _ if had_answered => {
                        Judgement::unproven("the service centre had answered before")
                    }
                    202 => Judgement::holds(observed, message.frames()),
                    _ => Judgement::broken(Reason::WrongValue, observed, message.frames()),
                }
            })
        },
    )
}

/// The notification in a SIP MESSAGE, if it is one.
fn notification(message: &SipMessage) -> Option<Imdn> {
    let cpim = CpimMessage::parse(&message.body_of("message/cpim")?).ok()?;
    Imdn::parse(&cpim.content).ok()
}

/// imdn.Message-ID of the CPIM a CPM user has sent.
fn imdn_id(message: &SipMessage) -> Option<String> {
    let cpim = CpimMessage::parse(&message.body_of("message/cpim")?).ok()?;
    cpim.imdn_header("Message-ID").map(str::to_owned)
}

/// A submission that failed after 202 is told by a notification, if the sender wants one.
//= PGO-04 type=test
pub fn late_failure_told(to: &str, user: &str, patience: f64) -> Question {
    let (to, user) = (to.to_owned(), user.to_owned());
    Question::eventually(
        format!("a notification tells {user} that the message has failed"),
        patience,
        move |view| {
            about(view, |message| {
                let failed = submission(view, &to)
                    .filter(|sent| sent.status.is_some_and(|status| status != 0))
                    .and_then(|sent| sent.answered);
                let (Some(202), Some(failed)) = (message.final_status(), failed) else {
                    return Judgement::unproven("no 202 that a failed submission followed");
                };
                let Some(id) = imdn_id(message.request.message) else {
                    return Judgement::unproven("the SIP MESSAGE has no imdn.Message-ID");
                };
                let told = view.new_pager_messages().into_iter().find_map(|report| {
                    let notification = notification(report.request.message)?;
                    (notification.message_id == id).then_some((report, notification))
                });
                match told {
                    Some((report, told)) if told.status == ImdnStatus::Failed => {
                        let mut frames = frames_of(&[message.request, report.request]);
                        frames.push(failed);
                        Judgement::holds("a notification says failed", frames)
                    }
                    Some((report, told)) => Judgement::broken(
                        Reason::WrongValue,
                        format!("a notification says {:?}", told.status),
                        report.request.frames(),
                    ),
                    None => Judgement::awaited("no notification for that message"),
                }
            })
        },
    )
}

/// A MESSAGE makes no dialog, so its 2xx names no place to send more to.
//= PGO-07 type=test
pub fn no_dialog(reaction: f64) -> Question {
    Question::eventually(
        "the 2xx to the SIP MESSAGE has no Contact header field",
        reaction,
        |view| {
            about(view, |message| match message.final_response() {
                Some(response) if response.status() >= 300 => {
                    Judgement::unproven(format!("refused with {}", response.status()))
                }
                Some(response) => match response.message.header("Contact") {
                    Some(contact) => Judgement::broken(
                        Reason::ProtocolViolation,
                        format!("{} with Contact {contact}", response.status()),
                        message.frames(),
                    ),
                    None => Judgement::holds(
                        format!("{} without Contact", response.status()),
                        message.frames(),
                    ),
                },
                None => Judgement::unproven("no final response"),
            })
        },
    )
}

/// One SIP MESSAGE with exactly that text, and no second.
//= PGT-01 type=test
pub fn arrives_once(text: &str, user: &str, reaction: f64, guard: f64) -> Question {
    let text = text.to_owned();
    Question::eventually(
        format!("one SIP MESSAGE with exactly that text to {user}"),
        reaction + guard,
        move |view| {
            let messages = view.new_pager_messages();
            let fitting: Vec<&Transaction> = messages
                .iter()
                .filter(|message| pager_text(message.request.message) == text)
                .collect();
            match (fitting.as_slice(), messages.first()) {
                ([one], _) if seconds(one.request.at(), view.now) >= guard => {
                    Judgement::holds("one SIP MESSAGE", one.request.frames())
                }
                ([_], _) => Judgement::awaited("one so far"),
                ([], Some(other)) => Judgement::Awaited {
                    observed: format!("{:?}", pager_text(other.request.message)),
                    frames: other.request.frames().to_vec(),
                },
                ([], None) => Judgement::awaited("no SIP MESSAGE"),
                (more, _) => Judgement::broken(
                    Reason::Unexpected,
                    format!("{} SIP MESSAGEs with that text", more.len()),
                    more.iter()
                        .flat_map(|message| message.request.frames().to_vec())
                        .collect::<Vec<_>>(),
                ),
            }
        },
    )
}
