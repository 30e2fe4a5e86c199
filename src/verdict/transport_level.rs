//! Short messages over IP: what the gateway does with MESSAGEs that encapsulate RP messages.
//!
//! More than 400 lines, because it has a short judge for each of many rows and they share how messages are found.
use super::scene::{first, originator, same_number};
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Encapsulated, encapsulated};
use crate::wire::sip::{NameAddr, number_of};
use crate::wire::sms::rp::RpBody;
use crate::wire::sms::tpdu::{Direction as Way, Tpdu};

const NO_SUBMISSION: &str = "no short message was submitted over IP since the stimulus";
pub(super) const UNREADABLE: &str = "the body is no RP message";

impl<'a> View<'a> {
    fn encapsulated(&self, which: impl Fn(&Encapsulated) -> bool) -> Vec<Encapsulated<'a>> {
        let mut found = encapsulated(self.trace);
        found.retain(|one| {
            first(one.transaction.request.frames()) > self.before_stimulus && which(one)
        });
        found
    }

    /// What the system sends to a person's terminal since the stimulus.
    pub fn encapsulated_to(&self, person: &str) -> Vec<Encapsulated<'a>> {
        let number = self.cast.number(person);
        self.encapsulated(|one| {
            let to = one.transaction.request.message.address("To");
            let to = to.and_then(|to| number_of(to.uri.as_str()));
            one.direction == Direction::FromSystem && to.is_some_and(|to| same_number(&to, number))
        })
    }

    /// What a person's terminal sends since the stimulus.
    pub fn encapsulated_from(&self, person: &str) -> Vec<Encapsulated<'a>> {
        let number = self.cast.number(person);
        self.encapsulated(|one| {
            let from = originator(one.transaction.request.message);
            one.direction != Direction::FromSystem
                && from.is_some_and(|from| same_number(&from, number))
        })
    }

    fn submission(&self, person: &str) -> Option<Encapsulated<'a>> {
        let mut sent = self.encapsulated_from(person);
        sent.retain(Encapsulated::is_data);
        sent.into_iter().next()
    }

    /// The first delivery to a person's terminal.
    fn delivery(&self, person: &str) -> Option<Encapsulated<'a>> {
        let mut found = self.encapsulated_to(person);
        found.retain(|one| !one.is_report());
        found.into_iter().next()
    }
}

pub(super) fn frames(one: &Encapsulated) -> Vec<u32> {
    let mut frames = one.transaction.request.frames().to_vec();
    if let Some(response) = one.transaction.final_response() {
        frames.extend(response.frames());
    }
    frames
}

fn code(one: &Encapsulated) -> Option<u16> {
    one.transaction.final_status()
}

/// Applies a judge to the submission of a person that the system has accepted, whatever the 2xx.
fn about_accepted(
    view: &View,
    person: &str,
    judge: impl FnOnce(&Encapsulated) -> Judgement,
) -> Judgement {
    let Some(submission) = view.submission(person) else {
        return Judgement::unproven(NO_SUBMISSION);
    };
    match code(&submission) {
        Some(200..300) => judge(&submission),
        Some(code) => Judgement::unproven(format!("the submission is refused with {code}")),
        None => Judgement::unproven("the submission has no final response"),
    }
}

/// Applies a judge to the submit report of an accepted submission: the first report of the system since then.
fn about_report(
    view: &View,
    person: &str,
    judge: impl FnOnce(&Encapsulated, &Encapsulated) -> Judgement,
) -> Judgement {
    about_accepted(view, person, |submission| {
        let sent = view.encapsulated_to(person);
        match sent.iter().find(|one| !one.is_data()) {
            Some(report) if report.message.is_none() => Judgement::unproven(UNREADABLE),
            Some(report) => judge(submission, report),
            None => Judgement::unproven("no submit report has come"),
        }
    })
}

//= TLI-01 type=test
pub fn submission_accepted(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the MESSAGE with the short message gets a 2xx",
        reaction,
        move |view| {
            let Some(submission) = view.submission(&person) else {
                return Judgement::unproven(NO_SUBMISSION);
            };
            match code(&submission) {
                Some(code @ 200..300) => Judgement::holds(code.to_string(), frames(&submission)),
                Some(code) => Judgement::broken(
                    Reason::WrongValue,
                    format!("refused with {code}"),
                    frames(&submission),
                ),
                None => Judgement::awaited("no final response"),
            }
        },
    )
}

//= TLI-01 type=test
pub fn forwarded(text: &str, to: &str, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        format!("a short message to {to} with that text goes to the service centre"),
        reaction,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            match messages.iter().find(|message| message.text == text) {
                Some(message) => Judgement::holds(format!("{text:?}"), message.frames.clone()),
                None => Judgement::awaited(format!("{} others", messages.len())),
            }
        },
    )
}

/// Nothing of what a terminal submits goes to the service centre.
//= AUT-06 type=test
pub fn nothing_forwarded(from: &str, to: &str, guard: f64) -> Question {
    let (from, to) = (from.to_owned(), to.to_owned());
    Question::throughout(
        format!("no short message to {to} goes to the service centre"),
        guard,
        move |view| {
            if let Some(message) = view.new_short_messages_to(&to).first() {
                let observed = format!("{:?}", message.text);
                return Judgement::broken(Reason::Unexpected, observed, message.frames.clone());
            }
            match view.submission(&from) {
                Some(submission) if code(&submission).is_some() => {
                    Judgement::holds("none, and the MESSAGE was answered", frames(&submission))
                }
                _ => Judgement::unproven("the MESSAGE was not answered"),
            }
        },
    )
}

//= TLI-02 type=test
pub fn forwarded_under_own_number(from: &str, to: &str, reaction: f64) -> Question {
    let (from, to) = (from.to_owned(), to.to_owned());
    Question::eventually(
        format!("the service centre gets the short message under {from}'s number"),
        reaction,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let Some(message) = messages.first() else {
                return Judgement::unproven("no short message went to the service centre");
            };
            let observed = format!("sender {}", message.sender);
            match same_number(&message.sender, view.cast.number(&from)) {
                true => Judgement::holds(observed, message.frames.clone()),
                false => Judgement::broken(Reason::WrongValue, observed, message.frames.clone()),
            }
        },
    )
}

//= TLI-02 type=test
pub fn forwarded_to_named_centre(from: &str, to: &str, reaction: f64) -> Question {
    let (from, to) = (from.to_owned(), to.to_owned());
    Question::eventually(
        "the short message goes to the service centre that the RP-DATA names",
        reaction,
        move |view| {
            let named = view
                .submission(&from)
                .and_then(|sent| match &sent.message?.body {
                    RpBody::Data { destination, .. } => destination.number(),
                    _ => None,
                });
            let messages = view.new_short_messages_to(&to);
            let part = messages.first().and_then(|message| message.parts.first());
            let (Some(named), Some(part)) = (named, part) else {
                return Judgement::unproven("no short message went to the service centre");
            };
            match &part.service_centre {
                Some(centre) if same_number(centre, &named) => {
                    Judgement::holds(centre.clone(), part.frames)
                }
                Some(centre) => Judgement::broken(
                    Reason::WrongValue,
                    format!("{centre} instead of {named}"),
                    part.frames,
                ),
                None => Judgement::unproven("the carriage shows no service centre address"),
            }
        },
    )
}

//= TLI-03 type=test
pub fn answered_202(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the MESSAGE with the short message is answered 202",
        reaction,
        move |view| {
            let Some(submission) = view.submission(&person) else {
                return Judgement::unproven(NO_SUBMISSION);
            };
            match code(&submission) {
                Some(202) => Judgement::holds("202", frames(&submission)),
                Some(code @ 200..300) => {
                    Judgement::broken(Reason::WrongValue, code.to_string(), frames(&submission))
                }
                Some(code) => Judgement::unproven(format!("the submission is refused with {code}")),
                None => Judgement::Awaited {
                    observed: "no final response".to_owned(),
                    frames: frames(&submission),
                },
            }
        },
    )
}

//= TLI-03 type=test
pub fn report_follows(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the submit report is a MESSAGE to {person} after the response"),
        reaction,
        move |view| {
            about_accepted(view, &person, |submission| {
                let sent = view.encapsulated_to(&person);
                let Some(report) = sent.iter().find(|one| !one.is_data()) else {
                    return Judgement::awaited("no submit report");
                };
                let all = [frames(submission), frames(report)].concat();
                let response = submission.transaction.final_response();
                let answered = response.map_or(0, |response| first(response.frames()));
                match first(report.transaction.request.frames()) > answered {
                    true => Judgement::holds("after it", all),
                    false => Judgement::broken(Reason::Unexpected, "before it", all),
                }
            })
        },
    )
}

//= TLI-07 type=test
pub fn report_names_call(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "In-Reply-To of the submit report is the Call-ID of the submission",
        reaction,
        move |view| {
            about_report(view, &person, |submission, report| {
                let named = report.transaction.request.message.header("In-Reply-To");
                let meant = submission.transaction.request.message.call_id();
                let all = [frames(submission), frames(report)].concat();
                match named {
                    Some(named) if Some(named.trim()) == meant => Judgement::holds(named, all),
                    Some(named) => Judgement::broken(Reason::WrongValue, named, all),
                    None => Judgement::broken(Reason::Missing, "no In-Reply-To", all),
                }
            })
        },
    )
}

//= TLI-07 type=test
pub fn report_has_reference(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the submit report has the message reference of the submission",
        reaction,
        move |view| {
            about_report(view, &person, |submission, report| {
                let (meant, given) = (submission.reference(), report.reference());
                let all = [frames(submission), frames(report)].concat();
                let observed = format!("{given:?} for {meant:?}");
                match meant == given {
                    true => Judgement::holds(observed, all),
                    false => Judgement::broken(Reason::WrongValue, observed, all),
                }
            })
        },
    )
}

/// RP-ACK or RP-ERROR of the direction to the terminal.
//= TLI-08 type=test
pub fn report_of_network(person: &str, negative: bool, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = match negative {
        true => "the submit report is an RP-ERROR to the mobile station (type 5)",
        false => "the submit report is an RP-ACK to the mobile station (type 3)",
    };
    Question::eventually(expected, reaction, move |view| {
        about_report(view, &person, |_, report| {
            let Some(message) = &report.message else {
                return Judgement::unproven(UNREADABLE);
            };
            let observed = format!("{} {:?}", message.name(), message.way);
            if matches!(message.body, RpBody::Error { .. }) != negative {
                return Judgement::unproven(observed);
            }
            match message.way {
                Way::ToStation => Judgement::holds(observed, frames(report)),
                Way::ToCentre => Judgement::broken(Reason::WrongValue, observed, frames(report)),
            }
        })
    })
}

/// RP-DATA of the direction to the terminal, with the service centre as originator and no destination.
//= TLI-08 type=test
pub fn delivered_as_data_of_network(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "RP-DATA to the mobile station (type 1), from the service centre's address",
        reaction,
        move |view| {
            let Some(delivery) = view.delivery(&person) else {
                return Judgement::unproven("no short message was delivered over IP");
            };
            let Some(message) = &delivery.message else {
                return Judgement::unproven(UNREADABLE);
            };
            let observed = format!("{} {:?}", message.name(), message.way);
            let addressed = matches!(
                &message.body,
                RpBody::Data { originator, destination, .. }
                    if originator.number().is_some() && destination.octets.is_empty()
            );
            match message.way == Way::ToStation && addressed {
                true => Judgement::holds(observed, frames(&delivery)),
                false => Judgement::broken(Reason::WrongValue, observed, frames(&delivery)),
            }
        },
    )
}

/// What the clause says of the MESSAGE that delivers a short message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    NamesGateway,
    AsksForSmsIp,
    NotForked,
    Labelled,
}

//= TLI-04 type=test
pub fn delivery_shows(feature: Feature, person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    let expected = match feature {
        Feature::NamesGateway => "From and P-Asserted-Identity are one SIP URI that is nobody's",
        Feature::AsksForSmsIp => "Accept-Contact: *;+g.3gpp.smsip;require;explicit",
        Feature::NotForked => "Request-Disposition: no-fork",
        Feature::Labelled => "Content-Type: application/vnd.3gpp.sms",
    };
    Question::eventually(expected, reaction, move |view| {
        let Some(delivery) = view.delivery(&person) else {
            return Judgement::unproven("no short message was delivered over IP");
        };
        let (observed, right) = shown(view, &delivery, feature);
        match right {
            true => Judgement::holds(observed, frames(&delivery)),
            false => Judgement::broken(Reason::WrongValue, observed, frames(&delivery)),
        }
    })
}

fn shown(view: &View, delivery: &Encapsulated, feature: Feature) -> (String, bool) {
    let request = delivery.transaction.request.message;
    let header = |name: &str| request.header(name).unwrap_or("absent").to_owned();
    match feature {
        Feature::NamesGateway => {
            let uri = |value: &str| {
                let address = NameAddr::parse(value).ok()?;
                Some(address.uri.canonical())
            };
            let (from, asserted) = (header("From"), header("P-Asserted-Identity"));
            let same = uri(&from).is_some() && uri(&from) == uri(&asserted);
            let sip = uri(&from).is_some_and(|uri| uri.starts_with("sip"));
            let number = uri(&from).and_then(|uri| number_of(&uri));
            let mut people = view.cast.people();
            let nobody = !people.any(|who| number.as_deref() == Some(who.number.as_str()));
            (format!("{from}, {asserted}"), same && sip && nobody)
        }
        Feature::AsksForSmsIp => {
            let mut words: Vec<String> = header("Accept-Contact")
                .split(';')
                .map(|word| word.trim().to_ascii_lowercase())
                .collect();
            words[1..].sort();
            let right = words == ["*", "+g.3gpp.smsip", "explicit", "require"];
            (header("Accept-Contact"), right)
        }
        Feature::NotForked => {
            let values = request.values("Request-Disposition");
            let right = values.iter().any(|v| v.eq_ignore_ascii_case("no-fork"));
            (header("Request-Disposition"), right)
        }
        Feature::Labelled => {
            let kind = request.content_type();
            let right = kind.as_deref() == Some("application/vnd.3gpp.sms");
            (header("Content-Type"), right)
        }
    }
}

//= TLI-05 type=test
pub fn delivery_report_answered(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("{person}'s delivery report is answered 202"),
        reaction,
        move |view| {
            let sent = view.encapsulated_from(&person);
            let Some(report) = sent.iter().find(|one| one.is_report()) else {
                return Judgement::unproven("no delivery report was sent");
            };
            match code(report) {
                Some(202) => Judgement::holds("202", frames(report)),
                Some(code) => {
                    Judgement::broken(Reason::WrongValue, code.to_string(), frames(report))
                }
                None => Judgement::awaited("no final response"),
            }
        },
    )
}

/// MESSAGE with the status report, its 200, the acknowledgement in a MESSAGE, and a 2xx to that, in this order.
//= TLI-06 type=test
pub fn status_report_delivered(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("a status report reaches {person}, is answered, acknowledged, and that accepted"),
        reaction,
        move |view| {
            let sent = view.encapsulated_to(&person);
            let report = sent
                .iter()
                .find(|one| matches!(one.tpdu(), Some(Tpdu::StatusReport(_))));
            let Some(report) = report else {
                return match sent.iter().any(|one| one.message.is_none()) {
                    true => Judgement::unproven(UNREADABLE),
                    false => Judgement::awaited("no status report"),
                };
            };
            let acknowledged = view.encapsulated_from(&person);
            let acknowledged = acknowledged
                .iter()
                .find(|one| one.is_report() && one.reference() == report.reference());
            let Some(acknowledged) = acknowledged else {
                return Judgement::unproven("the terminal has not acknowledged it");
            };
            let all = [frames(report), frames(acknowledged)].concat();
            match code(acknowledged) {
                Some(200..300) => Judgement::holds("in this order", all),
                Some(code) => Judgement::broken(Reason::WrongValue, code.to_string(), all),
                None => Judgement::awaited("the acknowledgement has no final response"),
            }
        },
    )
}

//= TLI-09 type=test
pub fn memory_notice_confirmed(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually("RP-SMMA is confirmed by an RP-ACK", reaction, move |view| {
        let notice = view.encapsulated_from(&person).into_iter().find(
            |one| matches!(&one.message, Some(found) if found.body == RpBody::MemoryAvailable),
        );
        let Some(notice) = notice else {
            return Judgement::unproven("no RP-SMMA was sent");
        };
        let sent = view.encapsulated_to(&person);
        match sent.iter().find(|one| !one.is_data()) {
            Some(report) if report.message.is_none() => Judgement::unproven(UNREADABLE),
            Some(report) => {
                let name = report.message.as_ref().map_or("", |found| found.name());
                let all = [frames(&notice), frames(report)].concat();
                match name {
                    "RP-ACK" => Judgement::holds(name, all),
                    _ => Judgement::broken(Reason::WrongValue, name, all),
                }
            }
            None => Judgement::awaited("no RP-ACK"),
        }
    })
}

/// Every encapsulated short message of the system: as it is, with its true length.
//= TLI-11 type=test
pub fn binary(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        "the body is the RP message itself, and Content-Length its length",
        reaction,
        move |view| {
            let sent = view.encapsulated_to(&person);
            let Some(one) = sent.first() else {
                return Judgement::unproven("nothing encapsulated has come");
            };
            let request = one.transaction.request.message;
            let coding = request
                .header("Content-Transfer-Encoding")
                .unwrap_or("binary");
            let length = request.header("Content-Length").map(str::trim);
            let true_length = request.body.len().to_string();
            let raw = coding.eq_ignore_ascii_case("binary") && one.message.is_some();
            let observed = format!("{coding}, Content-Length {length:?}, {true_length} octets");
            match raw && length == Some(true_length.as_str()) {
                true => Judgement::holds(observed, frames(one)),
                false => Judgement::broken(Reason::WrongValue, observed, frames(one)),
            }
        },
    )
}
