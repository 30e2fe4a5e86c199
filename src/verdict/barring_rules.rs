//! Communication barring by rules (3GPP TS 24.611): who is let through, who is refused, and how.
//!
//! The caller's attempt is the latest request of the suite that begins a communication; what the called terminal gets is found by its
//! number. Call-IDs do not tie the two together, because an application server may be a B2BUA.
//! More than 400 lines: every judge here looks for the same two ends of a communication.
use super::scene::first;
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Direction, SipFact, Transaction};
use crate::wire::sip::{SipMessage, number_of};

/// The entity tag of the latest publication (RFC 3903).
pub fn publication(view: &View) -> Option<String> {
    let publications = observe::transactions_of(view.trace, "PUBLISH");
    let answer = publications.last()?.final_response()?;
    answer.message.header("SIP-ETag").map(str::to_owned)
}

/// A publication is accepted: the state of a `Given`.
pub fn published(reaction: f64) -> Question {
    Question::eventually("PUBLISH gets a 2xx response", reaction, |view| {
        let publications = observe::transactions_of(view.trace, "PUBLISH");
        let latest = publications
            .last()
            .filter(|one| first(one.request.frames()) > view.before_stimulus);
        match latest.map(|one| (one.final_status(), one)) {
            Some((Some(200..=299), one)) => Judgement::holds("accepted", one.frames()),
            Some((Some(code), one)) => {
                Judgement::broken(Reason::Unexpected, code.to_string(), one.frames())
            }
            _ => Judgement::awaited("no answer"),
        }
    })
}

/// Requests that begin a communication, since the stimulus.
fn beginnings<'a>(view: &View<'a>, direction: Direction) -> Vec<Transaction<'a>> {
    let mut found = observe::transactions(view.trace);
    found.retain(|transaction| {
        matches!(transaction.method, "INVITE" | "MESSAGE")
            && transaction.direction == direction
            && transaction.request.message.to_tag().is_none()
            && first(transaction.request.frames()) > view.before_stimulus
    });
    found
}

/// What the suite tries.
fn attempt<'a>(view: &View<'a>) -> Option<Transaction<'a>> {
    beginnings(view, Direction::ToSystem).pop()
}

/// What comes to a person's terminal.
fn arrival<'a>(view: &View<'a>, person: &str) -> Option<Transaction<'a>> {
    let number = view.cast.number(person);
    let is_for = |message: &SipMessage| {
        let to = message.address("To").and_then(|to| to.uri.number());
        let target = message.uri().and_then(number_of);
        to.as_deref() == Some(number) || target.as_deref() == Some(number)
    };
    beginnings(view, Direction::FromSystem)
        .into_iter()
        .find(|transaction| is_for(transaction.request.message))
}

/// What comes to anybody's terminal.
fn any_arrival<'a>(view: &View<'a>) -> Option<Transaction<'a>> {
    beginnings(view, Direction::FromSystem).into_iter().next()
}

/// A refusal in any of its three shapes.
struct Refusal<'a> {
    attempt: Transaction<'a>,
    /// The final response, or the BYE after an answer.
    ended_by: SipFact<'a>,
    /// Of the response, or of the BYE's Reason.
    code: Option<u16>,
    /// The answer that came before a BYE.
    answer: Option<SipFact<'a>>,
}

impl Refusal<'_> {
    fn frames(&self) -> Vec<u32> {
        let mut frames = self.attempt.request.frames().to_vec();
        frames.extend(self.answer.iter().flat_map(|answer| answer.frames()));
        frames.extend(self.ended_by.frames());
        frames
    }

    fn describe(&self) -> String {
        let code = self
            .code
            .map_or("no code".to_owned(), |code| code.to_string());
        match self.answer {
            None => format!("refused with {code}"),
            Some(_) => format!("answered and ended by BYE for {code}"),
        }
    }
}

/// 3GPP TS 24.628: the final response alone, or after an announcement as early media, or an answer and BYE with a reason.
fn refusal<'a>(view: &View<'a>) -> Option<Refusal<'a>> {
    let attempt = attempt(view)?;
    let answer = attempt.final_response()?;
    if answer.status() >= 300 {
        return Some(Refusal {
            attempt,
            ended_by: answer,
            code: Some(answer.status()),
            answer: None,
        });
    }
    let call_id = attempt.request.message.call_id();
    let bye = observe::transactions_of(view.trace, "BYE")
        .into_iter()
        .find(|bye| {
            bye.direction == Direction::FromSystem && bye.request.message.call_id() == call_id
        })?;
    Some(Refusal {
        attempt,
        ended_by: bye.request,
        code: cause(bye.request.message).map(|(_, cause)| cause),
        answer: Some(answer),
    })
}

/// Protocol and cause of the first Reason (RFC 3326).
fn cause(message: &SipMessage) -> Option<(String, u16)> {
    let values = message.values("Reason");
    let mut parts = values.first()?.split(';').map(str::trim);
    let protocol = parts.next()?.to_owned();
    let cause = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let is_cause = name.trim().eq_ignore_ascii_case("cause");
        is_cause.then(|| value.trim().parse().ok()).flatten()
    })?;
    Some((protocol, cause))
}

fn nothing_was_tried() -> Judgement {
    Judgement::unproven("no communication was begun")
}

/// Refused, in any shape and with any code, and nobody's terminal got it.
//= CB-01 type=test
//= CB-02 type=test
//= CB-03 type=test
//= CB-07 type=test
//= CB-13 type=test
//= CB-14 type=test
//= CB-15 type=test
//= CB-16 type=test
//= CB-17 type=test
//= CB-18 type=test
//= CB-19 type=test
//= AI-06 type=test
//= CM-06 type=test
//= UT-14 type=test
//= UT-16 type=test
pub fn barred(reaction: f64) -> Question {
    Question::eventually("the communication is refused", reaction, |view| {
        let Some(attempt) = attempt(view) else {
            return nothing_was_tried();
        };
        if let Some(arrival) = any_arrival(view) {
            let frames = [attempt.request.frames(), arrival.request.frames()].concat();
            return Judgement::broken(Reason::Unexpected, "it reaches a terminal", frames);
        }
        match refusal(view) {
            Some(refusal) => Judgement::holds(refusal.describe(), refusal.frames()),
            None => Judgement::awaited("not refused"),
        }
    })
}

/// Nothing comes to the called terminal.
//= CB-01 type=test
//= CB-02 type=test
pub fn no_call(person: &str, guard: f64) -> Question {
    let person = person.to_owned();
    Question::throughout(
        format!("no INVITE at {person}'s terminal"),
        guard,
        move |view| {
            let Some(attempt) = attempt(view) else {
                return nothing_was_tried();
            };
            match arrival(view, &person) {
                Some(arrival) => Judgement::broken(
                    Reason::Unexpected,
                    "an INVITE",
                    [attempt.request.frames(), arrival.request.frames()].concat(),
                ),
                None => Judgement::holds("none", attempt.frames()),
            }
        },
    )
}

/// It comes to the called terminal.
//= CB-03 type=test
//= CB-04 type=test
//= CB-06 type=test
//= CB-07 type=test
//= CB-13 type=test
//= CB-14 type=test
//= CB-15 type=test
//= CB-16 type=test
//= CB-17 type=test
//= CB-18 type=test
//= CB-19 type=test
//= AI-06 type=test
//= CM-06 type=test
//= UT-14 type=test
//= UT-16 type=test
pub fn reaches(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the communication comes to {person}'s terminal"),
        reaction,
        move |view| {
            let Some(attempt) = attempt(view) else {
                return nothing_was_tried();
            };
            if let Some(arrival) = arrival(view, &person) {
                let frames = [attempt.request.frames(), arrival.request.frames()].concat();
                return Judgement::holds(format!("{} at {person}", arrival.method), frames);
            }
            match refusal(view) {
                Some(refusal) => {
                    Judgement::broken(Reason::WrongValue, refusal.describe(), refusal.frames())
                }
                None => Judgement::awaited(format!("nothing at {person}'s terminal")),
            }
        },
    )
}

/// The refusal is 433, RFC 5079; that there is one is the matter of CB-03.
//= CB-05 type=test
pub fn told_of_anonymity(reaction: f64) -> Question {
    Question::eventually("433 for the caller", reaction, |view| {
        with_refusal(view, |refusal| match refusal.code {
            Some(433) => Judgement::holds(refusal.describe(), refusal.frames()),
            _ => Judgement::broken(Reason::WrongValue, refusal.describe(), refusal.frames()),
        })
    })
}

/// Either is right; a rejection says what it is for.
//= CB-06 type=test
pub fn reaches_or_told(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = format!("the communication comes to {person}, or 433");
    Question::eventually(expected, reaction, move |view| {
        if let Some(arrival) = arrival(view, &person) {
            return Judgement::holds(format!("it comes to {person}"), arrival.request.frames());
        }
        with_refusal(view, |refusal| match refusal.code {
            Some(433) => Judgement::holds(refusal.describe(), refusal.frames()),
            _ => Judgement::broken(Reason::WrongValue, refusal.describe(), refusal.frames()),
        })
    })
}

/// The refusal is 603; that there is one is the matter of CB-01 and CB-02.
//= CB-10 type=test
pub fn declined(reaction: f64) -> Question {
    Question::eventually("603 for the caller", reaction, |view| {
        with_refusal(view, |refusal| match refusal.code {
            Some(603) => Judgement::holds(refusal.describe(), refusal.frames()),
            _ => Judgement::broken(Reason::WrongValue, refusal.describe(), refusal.frames()),
        })
    })
}

/// A Reason is optional in a response; a BYE without it would not tell the caller anything.
//= CB-11 type=test
pub fn reason_fits(reaction: f64) -> Question {
    Question::eventually(
        "Reason, if given, is SIP with cause 603",
        reaction,
        |view| {
            with_refusal(view, |refusal| {
                let message = refusal.ended_by.message;
                match (message.header("Reason"), cause(message)) {
                    (None, _) if refusal.answer.is_some() => {
                        Judgement::broken(Reason::Missing, "a BYE without Reason", refusal.frames())
                    }
                    (None, _) => {
                        let observed = format!("{}, no Reason", refusal.describe());
                        Judgement::holds(observed, refusal.frames())
                    }
                    (Some(value), Some((protocol, 603)))
                        if protocol.eq_ignore_ascii_case("SIP") =>
                    {
                        Judgement::holds(format!("Reason: {value}"), refusal.frames())
                    }
                    (Some(value), _) => Judgement::broken(
                        Reason::WrongValue,
                        format!("Reason: {value}"),
                        refusal.frames(),
                    ),
                }
            })
        },
    )
}

/// Early media with P-Early-Media and a final response, or an answer by somebody who is no focus, and BYE.
//= CB-12 type=test
pub fn announced_and_ended(reaction: f64) -> Question {
    let expected = "an announcement as early or answered media, and the end of the communication";
    Question::eventually(expected, reaction, |view| {
        with_refusal(view, |refusal| {
            let mut frames = refusal.frames();
            if let Some(answer) = refusal.answer {
                let contact = answer.message.address("Contact");
                if contact.is_some_and(|contact| contact.has_param("isfocus")) {
                    return Judgement::broken(Reason::Unexpected, "answered by a focus", frames);
                }
                return match describes_media(answer) {
                    true => Judgement::holds("answered, and ended by BYE", frames),
                    false => Judgement::broken(Reason::Missing, "answered without media", frames),
                };
            }
            let early = refusal.attempt.provisionals().find(|r| describes_media(*r));
            let Some(early) = early else {
                let observed = format!("{}, no announcement before", refusal.describe());
                return Judgement::broken(Reason::Missing, observed, frames);
            };
            frames.extend(early.frames());
            match early.message.header("P-Early-Media") {
                Some(value) => {
                    let observed = format!("{} with P-Early-Media: {value}", early.status());
                    Judgement::holds(observed, frames)
                }
                None => {
                    let observed = format!("{} without P-Early-Media", early.status());
                    Judgement::broken(Reason::Missing, observed, frames)
                }
            }
        })
    })
}

fn describes_media(response: SipFact) -> bool {
    let body = response.message.body_of("application/sdp");
    body.is_some_and(|body| String::from_utf8_lossy(&body).contains("m="))
}

/// For judges of how a communication is refused, not of whether it is.
fn with_refusal(view: &View, judge: impl FnOnce(&Refusal) -> Judgement) -> Judgement {
    if attempt(view).is_none() {
        return nothing_was_tried();
    }
    match refusal(view) {
        Some(refusal) => judge(&refusal),
        None => Judgement::unproven("the communication is not refused"),
    }
}

/// A proxy leaves dialog identifiers, CSeq and body alone (RFC 3261 section 16.6); a routeing B2BUA has a dialog of its own on each side
/// and still offers the same media to the same parties (3GPP TS 24.229 clause 5.7.5).
//= CB-08 type=test
//= CB-09 type=test
pub fn passes_unchanged(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = format!("the INVITE at {person}'s terminal as a proxy or routeing B2BUA has it");
    Question::eventually(expected, reaction, move |view| {
        let Some(attempt) = attempt(view) else {
            return nothing_was_tried();
        };
        let Some(arrival) = arrival(view, &person) else {
            return Judgement::unproven(format!("nothing at {person}'s terminal"));
        };
        let frames = [attempt.request.frames(), arrival.request.frames()].concat();
        let (sent, got) = (attempt.request.message, arrival.request.message);
        let proxied = sent.call_id() == got.call_id();
        let changed = match proxied {
            true => changed_by_proxy(sent, got),
            false => changed_by_b2bua(sent, got),
        };
        match (changed, proxied) {
            (Some(what), _) => {
                Judgement::broken(Reason::ProtocolViolation, format!("{what} differs"), frames)
            }
            (None, true) => Judgement::holds("passed as by a proxy", frames),
            (None, false) => Judgement::holds("passed as by a B2BUA", frames),
        }
    })
}

fn changed_by_proxy(sent: &SipMessage, got: &SipMessage) -> Option<&'static str> {
    if sent.from_tag() != got.from_tag() {
        return Some("the From tag");
    }
    if sent.cseq().map(|(number, _)| number) != got.cseq().map(|(number, _)| number) {
        return Some("the CSeq number");
    }
    (sent.body != got.body).then_some("the body")
}

fn changed_by_b2bua(sent: &SipMessage, got: &SipMessage) -> Option<&'static str> {
    if sent.from_tag() == got.from_tag() {
        return Some("the Call-ID alone");
    }
    let party = |message: &SipMessage, name: &str| {
        message
            .address(name)
            .map(|who| (who.uri.user_decoded(), who.uri.host))
    };
    for name in ["From", "To"] {
        if party(sent, name) != party(got, name) {
            return Some(name);
        }
    }
    let media = |message: &SipMessage| -> Vec<String> {
        let body = message.body_of("application/sdp").unwrap_or_default();
        let text = String::from_utf8_lossy(&body).into_owned();
        let lines = text.lines().filter_map(|line| line.strip_prefix("m="));
        lines
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect()
    };
    (media(sent) != media(got)).then_some("the offered media")
}
