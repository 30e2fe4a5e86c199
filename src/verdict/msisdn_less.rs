//! Short messages over IP between users without MSISDN: the dummy number in the TPDU, SIP URIs in an XML body beside it.
use super::scene::first;
use super::transport_level::frames;
use super::{Judgement, Question, Reason, View};
use crate::observe::{Direction, Encapsulated, encapsulated};
use crate::peer::ue::msisdn_less::alias;
use crate::wire::sip::SipUri;
use crate::wire::sms::rp::RpBody;

/// Digits of the dummy number, 3GPP TS 23.003.
const DUMMY: &str = "000000000000000";
const FEATURE: &str = "+g.3gpp.smsip-msisdn-less";

/// The URI is the one of a person without a number.
pub(super) fn has_alias(uri: &str, person: &str, number: &str) -> bool {
    let user = SipUri::parse(uri).ok().and_then(|uri| uri.user_decoded());
    user.is_some() && user == alias(person, number)
}

impl<'a> View<'a> {
    fn stands_for(&self, uri: &str, person: &str) -> bool {
        has_alias(uri, person, self.cast.number(person))
    }

    fn relayed(&self, direction: Direction) -> Vec<Encapsulated<'a>> {
        let mut found = encapsulated(self.trace);
        found.retain(|one| {
            (one.direction == Direction::FromSystem) == (direction == Direction::FromSystem)
                && first(one.transaction.request.frames()) > self.before_stimulus
        });
        found
    }

    /// What was submitted to a person's SIP URI since the stimulus.
    pub fn submitted_to_alias(&self, person: &str) -> Option<Encapsulated<'a>> {
        let mut sent = self.relayed(Direction::ToSystem);
        sent.retain(|one| {
            let to = one.address("To");
            one.is_data() && to.is_some_and(|to| self.stands_for(&to, person))
        });
        sent.into_iter().next()
    }

    /// The system's report on it: the first to that person.
    fn report_to_alias(&self, person: &str) -> Option<Encapsulated<'a>> {
        self.relayed(Direction::FromSystem).into_iter().find(|one| {
            let uri = one.transaction.request.message.uri();
            one.is_report() && uri.is_some_and(|uri| self.stands_for(uri, person))
        })
    }
}

/// The submission gets a 2xx, and a submit report that says that it was taken.
//= TLI-10 type=test
pub fn taken(from: &str, to: &str, reaction: f64) -> Question {
    let (from, to) = (from.to_owned(), to.to_owned());
    Question::eventually(
        format!("a 2xx, and an RP-ACK for {from}'s short message to {to}'s SIP URI"),
        reaction,
        move |view| {
            let Some(submission) = view.submitted_to_alias(&to) else {
                return Judgement::unproven("no short message was submitted to that SIP URI");
            };
            match submission.transaction.final_status() {
                Some(200..300) => {}
                Some(code) => {
                    let observed = format!("refused with {code}");
                    return Judgement::broken(Reason::WrongValue, observed, frames(&submission));
                }
                None => return Judgement::awaited("no final response"),
            }
            let Some(report) = view.report_to_alias(&from) else {
                return Judgement::awaited("no submit report");
            };
            let all = [frames(&submission), frames(&report)].concat();
            match report.message.as_ref().map(|message| &message.body) {
                Some(RpBody::Ack { .. }) => Judgement::holds("RP-ACK", all),
                _ => Judgement::broken(Reason::WrongValue, "RP-ERROR", all),
            }
        },
    )
}

/// What the clause says of the MESSAGE that delivers to a user without MSISDN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    AddressedByUri,
    FromDummyNumber,
    NamesSender,
    SaysMsisdnLess,
}

/// One feature of the MESSAGE by which a text reaches a person without MSISDN.
//= TLI-10 type=test
pub fn delivery_shows(
    feature: Feature,
    text: &str,
    from: &str,
    to: &str,
    reaction: f64,
) -> Question {
    let (text, from, to) = (text.to_owned(), from.to_owned(), to.to_owned());
    let expected = match feature {
        Feature::AddressedByUri => format!("the Request-URI is {to}'s SIP URI"),
        Feature::FromDummyNumber => format!("TP-OA is {DUMMY}"),
        Feature::NamesSender => format!("From of the XML body is {from}'s SIP URI"),
        Feature::SaysMsisdnLess => format!("Feature-Caps has {FEATURE}"),
    };
    Question::eventually(expected, reaction, move |view| {
        let sent = view.relayed(Direction::FromSystem);
        let has_text = |one: &&Encapsulated| one.text().is_some_and(|(_, said)| said == text);
        let Some(delivery) = sent.iter().find(has_text) else {
            return Judgement::awaited(format!("no delivery among {} messages", sent.len()));
        };
        let (observed, right) = shown(view, delivery, feature, (&from, &to));
        match right {
            true => Judgement::holds(observed, frames(delivery)),
            false => Judgement::broken(Reason::WrongValue, observed, frames(delivery)),
        }
    })
}

fn shown(
    view: &View,
    delivery: &Encapsulated,
    feature: Feature,
    (from, to): (&str, &str),
) -> (String, bool) {
    let request = delivery.transaction.request.message;
    match feature {
        Feature::AddressedByUri => {
            let uri = request.uri().unwrap_or_default();
            (uri.to_owned(), view.stands_for(uri, to))
        }
        Feature::FromDummyNumber => {
            let originator = delivery.text().map_or_else(String::new, |(from, _)| from);
            let right = originator.trim_start_matches('+') == DUMMY;
            (format!("TP-OA {originator:?}"), right)
        }
        Feature::NamesSender => match delivery.address("From") {
            Some(uri) => {
                let right = view.stands_for(&uri, from);
                (uri, right)
            }
            None => ("no From in an XML body".to_owned(), false),
        },
        Feature::SaysMsisdnLess => {
            let values = request.values("Feature-Caps");
            let right = values
                .iter()
                .flat_map(|value| value.split(';'))
                .any(|word| word.trim().eq_ignore_ascii_case(FEATURE));
            (format!("Feature-Caps: {}", values.join(", ")), right)
        }
    }
}
