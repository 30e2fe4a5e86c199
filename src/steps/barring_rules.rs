//! Communication barring by rules: what callers do, and what becomes of it. The rules themselves are in `barring`.
use super::lab::Lab;
use super::mmtel::REGISTRATION_SECONDS;
use super::vocabulary::PersonName;
use crate::peer::mmtel_ue::{AudioCall, MmtelCommand, PlainRequest};
use crate::verdict::{barring_rules, participation};
use cucumber::gherkin::Step;
use cucumber::{Parameter, given, then, when};
use std::convert::Infallible;
use std::str::FromStr;

/// A network in Germany; users are at home in the United Kingdom.
const FOREIGN_NETWORK: &str = "ims.mnc001.mcc262.3gppnetwork.org";
/// Lifetime of a publication of presence.
const PUBLICATION_SECONDS: &str = "600";

/// What is particular about a call.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "manner",
    regex = "by name|by number|anonymously|with video|with no privacy|with privacy for nothing at all|with privacy for the user|from an anonymous address|with a history of diversion|with a history without diversion"
)]
struct Manner(String);

impl FromStr for Manner {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// The operator's choice of the form of refusals.
#[given(
    regex = r"^refusals for (Alice|Bob|Carol|Dave) are made by (a response that gives its reason|an announcement and a response|an announcement after an answer)$"
)]
async fn refusals(lab: &mut Lab, person: String, form: String) {
    let (shape, reason) = match form.as_str() {
        "an announcement and a response" => ("early-announcement", false),
        "an announcement after an answer" => ("answered-announcement", true),
        _ => ("plain", true),
    };
    // As short as anything the suite waits for.
    let seconds = lab.ixit().guard_seconds;
    lab.property(&person, "refusal_shape", shape);
    lab.property(&person, "refusal_reason", reason);
    lab.property(&person, "announcement_seconds", seconds);
}

/// PUBLISH of an activity `meeting`.
#[given(expr = "{person} has published that he is in a meeting")]
async fn in_meeting(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.publish(&step.value, &person, "<r:meeting/>").await;
}

/// PUBLISH that takes the place of the one before, without activities.
#[given(expr = "{person} has published that he is in no meeting any more")]
async fn in_no_meeting(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.publish(&step.value, &person, "").await;
}

/// REGISTER with P-Visited-Network-ID of a network abroad.
#[given(expr = "{person} is in a network of another country")]
async fn roams(lab: &mut Lab, person: PersonName, step: &Step) {
    if lab.stage().facility.profile.sip.registration.is_some() {
        lab.not_stimulated("REGISTER from a visited network, which at Gm its P-CSCF names");
    }
    let network = Some(FOREIGN_NETWORK.to_owned());
    lab.command(&person.0, MmtelCommand::Visit(network));
    lab.register_again(&step.value, &person, REGISTRATION_SECONDS)
        .await;
}

/// REGISTER with P-Visited-Network-ID of the home network.
#[given(expr = "{person} is in the home network")]
async fn at_home(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.command(&person.0, MmtelCommand::Visit(None));
    lab.register_again(&step.value, &person, REGISTRATION_SECONDS)
        .await;
}

/// An MMTel user whose number has another country code than those of the others.
#[given(expr = "{person} has a number of another country")]
async fn foreign_number(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stage().abroad.insert(person.index());
    lab.introduce_mmtel_users(&step.value, &[person]).await;
}

/// INVITE, with whatever the manner adds to it.
#[when(expr = "{person} calls {person} {manner}")]
async fn calls(lab: &mut Lab, who: PersonName, whom: PersonName, manner: Manner, step: &Step) {
    let mut call = AudioCall {
        call: "barred-or-not".into(),
        to_uri: lab.public_uri(&whom),
        ..AudioCall::default()
    };
    let third = lab.public_identity("Dave");
    shape(&mut call, &manner.0, &third);
    lab.stimulus(&step.value).await;
    lab.command(&who.0, MmtelCommand::Call(Box::new(call)));
}

/// A call that was refused, before something is changed.
#[given(expr = "{person} has called {person} and was barred")]
async fn was_barred(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = AudioCall {
        call: "barred-before".into(),
        to_uri: lab.public_uri(&whom),
        ..AudioCall::default()
    };
    lab.command(&who.0, MmtelCommand::Call(Box::new(call)));
    let question = barring_rules::barred(lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

fn shape(call: &mut AudioCall, manner: &str, third: &str) {
    let to = call.to_uri.clone();
    let mut header = |name: &str, value: String| call.extra_headers.push((name.into(), value));
    match manner {
        "by number" => {
            let number = crate::wire::sip::number_of(&to).unwrap_or_default();
            call.to_uri = format!("tel:{number}");
        }
        "anonymously" => call.privacy = Some("id".into()),
        "with video" => {
            call.more_media = "m=video 40000 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n".into();
        }
        "with privacy for nothing at all" => call.privacy = Some("none".into()),
        "with privacy for the user" => call.privacy = Some("user".into()),
        "from an anonymous address" => {
            call.privacy = Some("user".into());
            call.without.push("Privacy".into());
        }
        "with a history of diversion" => {
            header(
                "History-Info",
                format!("<{third}>;index=1, <{to};cause=302>;index=1.1"),
            );
        }
        "with a history without diversion" => {
            header(
                "History-Info",
                format!("<{third}>;index=1, <{to}>;index=1.1"),
            );
        }
        _ => {}
    }
}

/// INVITE as it comes from another network that asserts no identity, from a terminal that is not registered.
#[when(expr = "a communication for {person} comes in without asserted identity")]
async fn without_identity(lab: &mut Lab, whom: PersonName, step: &Step) {
    let call = AudioCall {
        call: "unasserted".into(),
        to_uri: lab.public_uri(&whom),
        without: vec!["P-Asserted-Identity".into(), "Route".into()],
        ..AudioCall::default()
    };
    let alice = PersonName("Alice".into());
    lab.register_again(&step.value, &alice, 0).await;
    lab.stimulus(&step.value).await;
    lab.command("Alice", MmtelCommand::Call(Box::new(call)));
}

/// SIP MESSAGE, page mode.
#[when(expr = "{person} sends {person} an instant message")]
async fn sends_message(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    let request = PlainRequest {
        label: "message".into(),
        method: "MESSAGE".into(),
        to_uri: lab.public_uri(&whom),
        body: Some(("text/plain".into(), b"See you at noon.".to_vec())),
        ..PlainRequest::default()
    };
    lab.stimulus(&step.value).await;
    lab.command(&who.0, MmtelCommand::Request(Box::new(request)));
}

/// Refused in any form, and not on any terminal.
#[then("the communication is barred")]
async fn barred(lab: &mut Lab, step: &Step) {
    let question = barring_rules::barred(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// INVITE or MESSAGE at the terminal.
#[then(expr = "the communication reaches {person}")]
async fn reaches(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = barring_rules::reaches(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// INVITE at the terminal, as a proxy or a routeing B2BUA passes it.
#[then(expr = "the communication reaches {person} unchanged")]
async fn unchanged(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = barring_rules::passes_unchanged(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No INVITE at the terminal.
#[then(expr = "{person} gets no call")]
async fn no_call(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = barring_rules::no_call(&person.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// 433.
#[then("the caller is told that anonymity is disallowed")]
async fn told(lab: &mut Lab, step: &Step) {
    let question = barring_rules::told_of_anonymity(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// Either; a rejection is 433.
#[then(
    expr = "the communication reaches {person}, or the caller is told that anonymity is disallowed"
)]
async fn reaches_or_told(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = barring_rules::reaches_or_told(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 603.
#[then("the communication is declined")]
async fn declined(lab: &mut Lab, step: &Step) {
    let question = barring_rules::declined(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// Reason with protocol SIP and cause 603, or none where it is optional.
#[then("the reason that is given is that of the refusal")]
async fn reason(lab: &mut Lab, step: &Step) {
    let question = barring_rules::reason_fits(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// Early media and a final response, or an answer and BYE.
#[then("the communication ends after the announcement")]
async fn announced(lab: &mut Lab, step: &Step) {
    let question = barring_rules::announced_and_ended(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

impl Lab {
    /// REGISTER once more, with what has changed; 0 seconds end the registration.
    async fn register_again(&mut self, sentence: &str, person: &PersonName, expires: u32) {
        self.stimulus(sentence).await;
        self.command(&person.0, MmtelCommand::Register { expires });
        let question = participation::registered(&person.0, self.ixit().reaction_seconds);
        self.require(sentence, question).await;
    }

    /// PUBLISH of activities, in place of those that were published before.
    async fn publish(&mut self, sentence: &str, person: &PersonName, activities: &str) {
        self.stimulus(sentence).await;
        let uri = self.public_uri(person);
        let stage = self.stage();
        let before = barring_rules::publication(&stage.view(stage.now()));
        let mut extra_headers = vec![
            ("Event".to_owned(), "presence".to_owned()),
            ("Expires".to_owned(), PUBLICATION_SECONDS.to_owned()),
        ];
        extra_headers.extend(before.map(|tag| ("SIP-If-Match".to_owned(), tag)));
        let request = PlainRequest {
            label: "presence".into(),
            method: "PUBLISH".into(),
            to_uri: uri.clone(),
            extra_headers,
            body: Some((
                "application/pidf+xml".into(),
                presence(&uri, activities).into_bytes(),
            )),
        };
        self.command(&person.0, MmtelCommand::Request(Box::new(request)));
        let question = barring_rules::published(self.ixit().reaction_seconds);
        self.require(sentence, question).await;
    }
}

/// RFC 3863 with the activities of RFC 4480.
fn presence(uri: &str, activities: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:r=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         entity=\"{uri}\"><tuple id=\"t\"><status><basic>open</basic></status></tuple>\
         <dm:person id=\"p\"><r:activities>{activities}</r:activities></dm:person></presence>"
    )
}
