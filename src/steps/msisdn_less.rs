//! Users of SMS over IP whose subscription has no MSISDN, and who go by SIP URIs.
use super::lab::Lab;
use super::users::REGISTRATION_SECONDS;
use super::vocabulary::PersonName;
use crate::peer::ue::msisdn_less::alias;
use crate::peer::ue::{Registration, ShortMessageOrder, UeCommand};
use crate::verdict::msisdn_less::{self as judge, Feature};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// The S-CSCF registers a SIP URI that names no number, with `+g.3gpp.smsip` and `+g.3gpp.smsip-msisdn-less`.
#[given(expr = "{person} has no number and is registered for SMS over IP only")]
async fn registered(lab: &mut Lab, person: PersonName) {
    lab.introduce_cpm_user(&person).await;
    lab.property(&person.0, "cpm", false);
    lab.user(&person.0).registration = Some(Registration {
        smsip: true,
        cpm: false,
        msisdn_less: true,
        expires: REGISTRATION_SECONDS,
    });
}

/// MESSAGE to the PSI of the service centre: RP-DATA with the dummy number as TP-DA, and an XML body with the SIP URI.
#[when(expr = "{person} sends {string} to {person}'s SIP URI over IP")]
async fn sends(lab: &mut Lab, user: PersonName, text: String, to: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let stage = lab.stage();
    let user_part = alias(&to.0, stage.cast.number(&to.0)).unwrap_or_default();
    let order = ShortMessageOrder {
        to: format!("sip:{user_part}@{}", stage.facility.profile.sip.domain),
        text,
        status_report: false,
    };
    lab.order(&user.0, UeCommand::ShortMessage(Box::new(order)));
    lab.sent("the short message over IP", move |view| {
        view.submitted_to_alias(&to.0).is_some()
    })
    .await;
}

/// 2xx, and RP-ACK in a MESSAGE of its own.
#[then(expr = "{person}'s short message to {person}'s SIP URI is taken")]
async fn taken(lab: &mut Lab, from: PersonName, to: PersonName, step: &Step) {
    let question = judge::taken(&from.0, &to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Request-URI, TP-OA, XML body and Feature-Caps of the MESSAGE with that text.
#[then(
    regex = r#"^the message that delivers (Alice|Bob|Carol|Dave)'s "([^"]*)" to (Alice|Bob|Carol|Dave) (goes to a SIP URI|has the dummy number as its originator|names the sender's SIP URI in its XML body|says that it can do without numbers)$"#
)]
async fn delivery_shows(
    lab: &mut Lab,
    from: String,
    text: String,
    to: String,
    feature: String,
    step: &Step,
) {
    let feature = match feature.as_str() {
        "goes to a SIP URI" => Feature::AddressedByUri,
        "has the dummy number as its originator" => Feature::FromDummyNumber,
        "names the sender's SIP URI in its XML body" => Feature::NamesSender,
        _ => Feature::SaysMsisdnLess,
    };
    let reaction = lab.ixit().reaction_seconds;
    let question = judge::delivery_shows(feature, &text, &from, &to, reaction);
    lab.check(&step.value, question).await;
}
