//! Short messages outside any chat on their way to a CPM user.
use super::lab::Lab;
use super::policy::LONG_TEXT;
use super::stage::{Means, User};
use super::vocabulary::PersonName;
use crate::peer::behaviour::{HandsetBehaviour, UeBehaviour};
use crate::peer::ue::UeCommand;
use crate::sut::provision::Properties;
use crate::verdict::large_message::FailureClass;
use crate::verdict::{Reason, feature_tag, large_message};
use cucumber::gherkin::Step;
use cucumber::{Parameter, given, then, when};
use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

/// Who the nameless sender is in a scenario: a service that sends short messages under a name.
const SERVICE: &str = "a service";
const SENTENCE: &str = "This goes on and on. ";

/// Final response of the client to every SIP MESSAGE, not at once.
#[given(expr = "{person}'s client answers messages with {int}")]
async fn answers_messages(lab: &mut Lab, person: PersonName, code: u16) {
    let behaviour = UeBehaviour {
        message_answer: Some(code),
        ..lab.slow_client()
    };
    lab.order(&person.0, UeCommand::Behave(behaviour));
}

/// 200 to every SIP MESSAGE, not at once.
#[given(expr = "{person}'s client takes its time to answer messages")]
async fn takes_its_time(lab: &mut Lab, person: PersonName) {
    let behaviour = lab.slow_client();
    lab.order(&person.0, UeCommand::Behave(behaviour));
}

/// The operator's policy on alphanumeric originators.
#[given(expr = "short messages to {person} from senders with a name are to be {named}")]
async fn named_senders(lab: &mut Lab, person: PersonName, policy: NamedSenders) {
    lab.property(&person.0, "alphanumeric_originators", policy.0);
}

/// Several parts, and short enough for one SIP MESSAGE.
#[when(expr = "{person} sends {person} a long short message")]
async fn sends_long(lab: &mut Lab, sender: PersonName, user: PersonName, step: &Step) {
    lab.write_to(&step.value, &sender.0, &user, LONG_TEXT).await;
}

/// Several parts, and too long for one SIP MESSAGE as the profile says.
#[when(expr = "{person} sends {person} a short message too long for one SIP MESSAGE")]
async fn sends_large(lab: &mut Lab, sender: PersonName, user: PersonName, step: &Step) {
    let text = lab.large_text();
    lab.write_to(&step.value, &sender.0, &user, &text).await;
}

/// An alphanumeric originating address (3GPP TS 23.040 clause 9.1.2.5, type of number 5).
#[when(expr = "a service with a name sends {person} the short message {string}")]
async fn named_service_sends(lab: &mut Lab, user: PersonName, text: String, step: &Step) {
    lab.introduce_service();
    lab.write_to(&step.value, SERVICE, &user, &text).await;
}

/// Reassembled, in one SIP MESSAGE.
#[then(expr = "{person} receives that long short message as one SIP MESSAGE")]
async fn one_message(lab: &mut Lab, _user: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = large_message::as_one_message(LONG_TEXT, reaction, guard);
    lab.check(&step.value, question).await;
}

/// INVITE with a message stream.
#[then(expr = "{person} is invited to a session for it")]
async fn by_session(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = large_message::by_session(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Feature tag and service of CPM large messages.
#[then("the session is marked as a CPM large message")]
async fn marked_large(lab: &mut Lab, step: &Step) {
    let question = large_message::is_marked_large(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// One MSRP message, then BYE.
#[then(expr = "{person} receives the whole text in one message, and the session ends")]
async fn one_and_the_end(lab: &mut Lab, _user: PersonName, step: &Step) {
    let text = lab.large_text();
    let question = large_message::one_message_and_the_end(&text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The class of the answer to the short message, as far as the carriage tells classes apart.
#[then(expr = "the short message of {person} fails because of {failure}")]
async fn fails_as(lab: &mut Lab, sender: PersonName, failure: Failure, step: &Step) {
    let question = large_message::fails_as(failure.0, &sender.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// From of the SIP MESSAGE.
#[then(expr = "the message to {person} is from the number of {person}")]
async fn is_from(lab: &mut Lab, _user: PersonName, sender: PersonName, step: &Step) {
    let question = feature_tag::message_is_from(&sender.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// From of the SIP MESSAGE: a SIP URI with the name as display name.
#[then(expr = "the message to {person} shows the name of the service")]
async fn shows_name(lab: &mut Lab, _user: PersonName, step: &Step) {
    let name = lab.service_name();
    let question = feature_tag::message_is_from_name(&name, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No SIP MESSAGE, and an error on the SMS leg.
#[then("the short message of the service is refused")]
async fn named_refused(lab: &mut Lab, step: &Step) {
    let name = lab.service_name();
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = feature_tag::named_sender_refused(&name, reaction, guard);
    lab.refusal(&step.value, question).await;
}

impl Lab {
    /// What does not wait for the client is not to come after its answer by chance: a gateway that acknowledges a short message by itself
    /// does so within a few milliseconds, in which a client that answers at once has answered.
    fn slow_client(&mut self) -> UeBehaviour {
        UeBehaviour {
            response_delay: Duration::from_secs_f64(self.ixit().allowance_seconds),
            ..UeBehaviour::default()
        }
    }

    /// A short message to somebody's own number.
    async fn write_to(&mut self, sentence: &str, sender: &str, user: &PersonName, text: &str) {
        self.stimulus(sentence).await;
        let number = self.stage().cast.number(&user.0).to_owned();
        match &self.user(sender).means {
            Means::Sms(handset) => handset.send(&number, text),
            Means::Cpm(_) | Means::Mmtel(_) => {
                self.broken(Reason::Config, format!("{sender} has no handset"))
            }
        }
    }

    /// As long as needed, in whole sentences.
    fn large_text(&mut self) -> String {
        let limit = self.ixit().large_message_octets;
        SENTENCE
            .repeat(limit / SENTENCE.len() + 1)
            .trim()
            .to_owned()
    }

    /// At most 11 characters; no other test case has it.
    fn service_name(&mut self) -> String {
        format!("Parcel{:04}", self.stage().setup.ordinal)
    }

    fn introduce_service(&mut self) {
        let name = self.service_name();
        let stage = self.stage();
        let behaviour = HandsetBehaviour::default();
        let handset = stage.phone(SERVICE, &name, behaviour);
        let user = User {
            means: Means::Sms(handset),
            properties: Properties::new(),
            unprepared: false,
            registration: None,
            terminal: None,
        };
        stage.users.insert(SERVICE.to_owned(), user);
    }
}

/// What is done with senders that are names.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "named", regex = "shown|refused")]
pub struct NamedSenders(pub String);

impl FromStr for NamedSenders {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// Why a short message fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "failure",
    regex = "an absent subscriber|a busy subscriber|a delivery failure"
)]
pub struct Failure(pub FailureClass);

impl FromStr for Failure {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text {
            "an absent subscriber" => FailureClass::AbsentSubscriber,
            "a busy subscriber" => FailureClass::BusySubscriber,
            _ => FailureClass::DeliveryFailure,
        }))
    }
}
