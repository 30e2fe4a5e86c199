//! Which level a short message for an IMS user takes, and the registration that the choice rests on.
use super::msisdn_less::has_alias;
use super::scene::{first, pager_text, same_number, seconds};
use super::transport_level::{UNREADABLE, frames};
use super::{Judgement, Question, Reason, View, registration};
use crate::observe::{Direction, SipFact, Transaction, diameter_requests, transactions_of};
use crate::wire::cpim::CpimMessage;
use crate::wire::diameter::Command;
use crate::wire::sip::number_of;

/// The form in which a short message can reach a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RP-DATA in SIP MESSAGE.
    Encapsulated,
    /// A CPM pager message.
    InstantMessage,
}

/// A short message reaches a terminal in one form, under the sender's number, and not in the other.
//= AUT-06 type=test
//= AUT-07 type=test
//= AUT-08 type=test
//= RTE-09 type=test
//= PGO-08 type=test
//= S2M-10 type=test
pub fn reaches(text: &str, from: &str, to: &str, form: Form, reaction: f64) -> Question {
    let (text, from, to) = (text.to_owned(), from.to_owned(), to.to_owned());
    let expected = match form {
        Form::Encapsulated => format!("{to}'s terminal gets RP-DATA with that text"),
        Form::InstantMessage => format!("{to} gets a SIP MESSAGE with that text"),
    };
    Question::eventually(expected, reaction, move |view| {
        let delivered = view.encapsulated_to(&to);
        let encapsulated = delivered
            .iter()
            .find(|one| one.text().is_some_and(|(_, found)| found == text));
        if delivered.iter().any(|one| one.message.is_none()) {
            return Judgement::unproven(UNREADABLE);
        }
        let interworked = interworked(view, &to, &text);
        match (form, encapsulated, interworked) {
            (Form::Encapsulated, Some(one), _) => {
                let sender = one.text().map(|(sender, _)| sender).unwrap_or_default();
                let observed = format!("RP-DATA from {sender}");
                match same_number(&sender, view.cast.number(&from)) {
                    true => Judgement::holds(observed, frames(one)),
                    false => Judgement::broken(Reason::WrongValue, observed, frames(one)),
                }
            }
            (Form::InstantMessage, None, Some(message)) => {
                Judgement::holds("SIP MESSAGE", message.request.frames())
            }
            (Form::Encapsulated, None, Some(message)) => Judgement::broken(
                Reason::WrongValue,
                "it came as an instant message",
                message.request.frames(),
            ),
            (Form::InstantMessage, Some(one), _) => {
                Judgement::broken(Reason::WrongValue, "it came encapsulated", frames(one))
            }
            (_, None, None) => Judgement::awaited("it has not come"),
        }
    })
}

fn interworked<'a>(view: &View<'a>, to: &str, text: &str) -> Option<Transaction<'a>> {
    let number = view.cast.number(to).to_owned();
    view.new_pager_messages().into_iter().find(|message| {
        let request = message.request.message;
        let to = request.address("To");
        let to = to.and_then(|to| number_of(to.uri.as_str()));
        pager_text(request) == text && to.is_some_and(|to| same_number(&to, &number))
    })
}

/// Nothing comes by SIP MESSAGE, in one form or in any.
//= AUT-06 type=test
//= RTE-09 type=test
//= S2M-10 type=test
pub fn none_reaches(form: Option<Form>, person: &str, guard: f64) -> Question {
    let person = person.to_owned();
    let expected = match form {
        Some(Form::Encapsulated) => format!("nothing encapsulated reaches {person}"),
        Some(Form::InstantMessage) => format!("no instant message reaches {person}"),
        None => format!("neither form of message reaches {person}"),
    };
    Question::throughout(expected, guard, move |view| {
        if form != Some(Form::InstantMessage)
            && let Some(one) = view.encapsulated_to(&person).first()
        {
            return Judgement::broken(Reason::Unexpected, "one encapsulated", frames(one));
        }
        if form != Some(Form::Encapsulated)
            && let Some(one) = view.new_pager_messages().first()
        {
            let all = one.request.frames();
            return Judgement::broken(Reason::Unexpected, "an instant message", all);
        }
        let facts = view.trace.facts.iter().filter(|seen| {
            seen.direction == Direction::FromSystem && first(&seen.frames) > view.before_stimulus
        });
        let alive: Vec<u32> = facts.flat_map(|seen| seen.frames.clone()).collect();
        match alive.is_empty() {
            true => Judgement::unproven("the system has shown no sign that it heard anything"),
            false => Judgement::holds("none, and the system has answered", alive),
        }
    })
}

/// The S-CSCF's REGISTER for a person gets 200.
//= RTE-09 type=test
pub fn registration_accepted(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the REGISTER for {person} is answered 200"),
        reaction,
        move |view| {
            let number = view.cast.number(&person);
            let registers = transactions_of(view.trace, "REGISTER");
            let last = registers.iter().rfind(|one| {
                let to = one.request.message.address("To");
                let is_his = |uri: &str| match number_of(uri) {
                    Some(to) => same_number(&to, number),
                    None => has_alias(uri, &person, number),
                };
                first(one.request.frames()) > view.before_stimulus
                    && to.is_some_and(|to| is_his(to.uri.as_str()))
            });
            let Some(last) = last else {
                return Judgement::unproven("no REGISTER was sent since the stimulus");
            };
            registration::state(last)
        },
    )
}

/// The notification of delivery comes, and after the response to the terminal's delivery report.
//= DR-06 type=test
pub fn notified_after_report(sender: &str, recipient: &str, reaction: f64) -> Question {
    let (sender, recipient) = (sender.to_owned(), recipient.to_owned());
    Question::eventually(
        format!("{recipient}'s delivery report is answered, and then {sender} is notified"),
        reaction,
        move |view| {
            let sent = view.encapsulated_from(&recipient);
            let Some(report) = sent.iter().find(|one| one.is_report()) else {
                return Judgement::unproven("no delivery report was sent");
            };
            let notification = view.new_pager_messages().into_iter().find(|message| {
                let body = message.request.message.body_of("message/cpim");
                let cpim = body.and_then(|body| CpimMessage::parse(&body).ok());
                let kind = cpim.as_ref().and_then(CpimMessage::content_type);
                kind.as_deref() == Some("message/imdn+xml")
            });
            let Some(notification) = notification else {
                return Judgement::awaited("no notification");
            };
            let notified = notification.request.frames();
            let all = [frames(report), notified.to_vec()].concat();
            // Two terminals of the suite read at their own pace, so less than the allowance between them is no order.
            let allowance = view.ixit.allowance_seconds;
            let late = |response: SipFact| seconds(notification.request.at(), response.at());
            match report.transaction.final_response() {
                Some(response) if late(response) <= allowance => {
                    Judgement::holds("in this order", all)
                }
                None if seconds(notification.request.at(), view.now) <= allowance => {
                    Judgement::awaited("the report is not answered")
                }
                _ => Judgement::broken(Reason::Unexpected, "notified before it", all),
            }
        },
    )
}

/// The HSS is told that a person can be delivered to again: ALR of S6c (3GPP TS 29.338 clause 5.2.4).
//= TLI-09 type=test
pub fn hss_alerted(person: &str, reaction: f64) -> Question {
    let person = person.to_owned();
    Question::eventually(
        format!("the HSS is told that {person} can be delivered to"),
        reaction,
        move |view| {
            let noticed = view.encapsulated_from(&person).into_iter().next();
            let Some(notice) = noticed.filter(|one| !one.is_data() && !one.is_report()) else {
                return Judgement::unproven("no RP-SMMA was sent");
            };
            let number = view.cast.number(&person);
            let told = diameter_requests(view.trace).into_iter().find(|one| {
                one.is(Command::ALERT_SERVICE_CENTRE)
                    && one.direction() == Direction::FromSystem
                    && one.frame() > view.before_stimulus
                    && one.msisdn().is_some_and(|of| same_number(&of, number))
            });
            match told {
                Some(told) => Judgement::holds("ALR", [frames(&notice), told.frames()].concat()),
                None => Judgement::awaited("no ALR"),
            }
        },
    )
}
