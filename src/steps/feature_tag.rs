//! How a CPM client marks its requests and writes addresses, and how the gateway marks and addresses its own.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::ue::{Invitation, PagerMessage};
use crate::verdict::feature_tag;
use cucumber::gherkin::Step;
use cucumber::{Parameter, given, then, when};
use std::convert::Infallible;
use std::str::FromStr;

/// Beginning of every service identifier of OMA CPM (3GPP TS 24.229 clause 7.2A.8.2).
const SERVICE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.";

/// The service stands in one place only.
#[when(expr = "{person} invites {person} to a chat session, naming the service in {place} only")]
async fn invites_naming(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    place: Place,
    step: &Step,
) {
    let order = place.invitation(lab.invitation(&callee), "session");
    lab.invite(&step.value, &caller, order).await;
}

/// The feature tag of CPM sessions in some form, and no service header field.
#[when(expr = "{person} invites {person} to a chat session, with its feature tag {form}")]
async fn invites_with_tag(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    form: TagForm,
    step: &Step,
) {
    let order = form.invitation(lab.invitation(&callee), "session");
    lab.invite(&step.value, &caller, order).await;
}

/// The service of CPM file transfers in feature tag and service header field.
#[when(expr = "{person} invites {person} to a file transfer")]
async fn invites_to_file(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        service: Some(format!("{SERVICE}filetransfer")),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// The same in one place only.
#[when(expr = "{person} invites {person} to a file transfer, naming the service in {place} only")]
async fn invites_to_file_naming(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    place: Place,
    step: &Step,
) {
    let order = place.invitation(lab.invitation(&callee), "filetransfer");
    lab.invite(&step.value, &caller, order).await;
}

/// The feature tag of CPM file transfers in some form, and no service header field.
#[when(expr = "{person} invites {person} to a file transfer, with its feature tag {form}")]
async fn invites_to_file_with_tag(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    form: TagForm,
    step: &Step,
) {
    let order = form.invitation(lab.invitation(&callee), "filetransfer");
    lab.invite(&step.value, &caller, order).await;
}

/// User-Agent names another product.
#[when(expr = "{person} invites {person} to a chat session with the product {string}")]
async fn invites_with_product(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    product: String,
    step: &Step,
) {
    let order = Invitation {
        without: vec!["User-Agent".into()],
        extra_headers: vec![("User-Agent".into(), product)],
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// Two proxies have recorded their route (RFC 3261 section 16.6).
#[when(expr = "{person} invites {person} to a chat session through two proxies")]
async fn invites_through_proxies(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    step: &Step,
) {
    let order = Invitation {
        through_proxies: true,
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// The same, and the session stands.
#[given(expr = "{person} has a chat session with {person} through two proxies")]
async fn has_session_through_proxies(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    step: &Step,
) {
    let order = Invitation {
        through_proxies: true,
        ..lab.invitation(&callee)
    };
    lab.establish(&step.value, &caller, &callee, order).await;
}

/// Request-URI and To in one of the forms of a telephone number.
#[when(expr = "{person} invites {person} to a chat session by {uri}")]
async fn invites_by(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    form: UriForm,
    step: &Step,
) {
    let order = Invitation {
        to_uri: lab.address_of(&callee, form),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// The same for a pager message.
#[when(expr = "{person} sends {person} the pager message {string} by {uri}")]
async fn sends_by(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    form: UriForm,
    step: &Step,
) {
    let order = PagerMessage {
        to_uri: lab.address_of(&to, form),
        ..lab.pager_message(&to, &text)
    };
    lab.send_pager(&step.value, &user, order).await;
}

/// Feature tag of the CPM session service in Contact of the 2xx.
#[then("the acceptance is marked as a CPM session")]
async fn contact_is_marked(lab: &mut Lab, step: &Step) {
    let question = feature_tag::contact_is_marked(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// P-Asserted-Service of the SIP MESSAGE.
#[then(expr = "the message to {person} names a CPM service")]
async fn service_is_named(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = feature_tag::service_is_named(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Accept-Contact and P-Asserted-Service of the SIP MESSAGE.
#[then(expr = "the message to {person} is marked as a CPM message")]
async fn message_is_marked(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = feature_tag::message_is_marked(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 488 or 403, and nothing on the SMS leg.
#[then(expr = "the file transfer is refused, and {person} is not bothered")]
async fn file_transfer_refused(lab: &mut Lab, person: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = feature_tag::file_transfer_refused(&person.0, reaction, guard);
    lab.refusal(&step.value, question).await;
}

/// Record-Route of the 2xx.
#[then("the acceptance repeats the recorded route")]
async fn route_is_recorded(lab: &mut Lab, step: &Step) {
    let question = feature_tag::route_is_recorded(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Route and Request-URI of the gateway's BYE.
#[then("the end of the chat session takes the recorded route")]
async fn route_is_followed(lab: &mut Lab, step: &Step) {
    let question = feature_tag::route_is_followed(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// P-Asserted-Identity of the 2xx.
#[then(expr = "the acceptance asserts the number of {person}")]
async fn acceptance_asserts(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = feature_tag::acceptance_asserts(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// P-Asserted-Identity of the SIP MESSAGE.
#[then(expr = "the message to {person} asserts the number of {person}")]
async fn message_asserts(lab: &mut Lab, _user: PersonName, person: PersonName, step: &Step) {
    let question = feature_tag::message_asserts(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

impl Lab {
    fn address_of(&mut self, person: &PersonName, form: UriForm) -> String {
        let number = self.stage().cast.number(&person.0).to_owned();
        let domain = self.stage().facility.profile.sip.domain.clone();
        match form {
            UriForm::Tel => format!("tel:{number}"),
            UriForm::SipPhone => format!("sip:{number}@{domain};user=phone"),
            UriForm::SipNumber => format!("sip:{number}@{domain}"),
        }
    }
}

/// Forms of a telephone number in a Request-URI (RFC 3966, RFC 3261 section 19.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "uri",
    regex = "a tel URI|a sip URI with user=phone|a sip URI with his number"
)]
pub enum UriForm {
    Tel,
    SipPhone,
    SipNumber,
}

impl FromStr for UriForm {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "a tel URI" => Self::Tel,
            "a sip URI with user=phone" => Self::SipPhone,
            _ => Self::SipNumber,
        })
    }
}

/// Where an invitation names its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "place",
    regex = "Accept-Contact|P-Asserted-Service|P-Preferred-Service|the feature tag"
)]
pub enum Place {
    AcceptContact,
    Asserted,
    Preferred,
    FeatureTag,
}

impl FromStr for Place {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "Accept-Contact" => Self::AcceptContact,
            "P-Asserted-Service" => Self::Asserted,
            "P-Preferred-Service" => Self::Preferred,
            _ => Self::FeatureTag,
        })
    }
}

impl Place {
    fn invitation(self, invitation: Invitation, service: &str) -> Invitation {
        let service = format!("{SERVICE}{service}");
        let header = |name: &str| Invitation {
            feature_tag: Some(String::new()),
            without: vec!["P-Asserted-Service".into()],
            extra_headers: vec![(name.into(), service.clone())],
            ..invitation.clone()
        };
        let tag = |plain_contact| Invitation {
            service: Some(service.clone()),
            plain_contact,
            without: vec!["P-Asserted-Service".into()],
            ..invitation.clone()
        };
        match self {
            Self::Asserted => header("P-Asserted-Service"),
            Self::Preferred => header("P-Preferred-Service"),
            Self::AcceptContact => tag(true),
            Self::FeatureTag => tag(false),
        }
    }
}

/// Ways to write one feature tag that mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "form",
    regex = "as usual|in capitals|with escapes in lower case|without escapes|first in a list|last in a list"
)]
pub enum TagForm {
    Usual,
    Capitals,
    LowerCaseEscapes,
    Unescaped,
    FirstInList,
    LastInList,
}

impl FromStr for TagForm {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "in capitals" => Self::Capitals,
            "with escapes in lower case" => Self::LowerCaseEscapes,
            "without escapes" => Self::Unescaped,
            "first in a list" => Self::FirstInList,
            "last in a list" => Self::LastInList,
            _ => Self::Usual,
        })
    }
}

impl TagForm {
    fn invitation(self, invitation: Invitation, service: &str) -> Invitation {
        let escaped = |service: &str| format!("{SERVICE}{service}").replace(':', "%3A");
        let (one, other) = (escaped(service), escaped("largemsg"));
        let tag = match self {
            Self::Usual => format!("+g.3gpp.icsi-ref=\"{one}\""),
            Self::Capitals => format!("+G.3GPP.ICSI-REF=\"{one}\""),
            Self::LowerCaseEscapes => {
                format!("+g.3gpp.icsi-ref=\"{}\"", one.replace("%3A", "%3a"))
            }
            Self::Unescaped => format!("+g.3gpp.icsi-ref=\"{SERVICE}{service}\""),
            Self::FirstInList => format!("+g.3gpp.icsi-ref=\"{one},{other}\""),
            Self::LastInList => format!("+g.3gpp.icsi-ref=\"{other},{one}\""),
        };
        Invitation {
            feature_tag: Some(tag),
            without: vec!["P-Asserted-Service".into()],
            ..invitation
        }
    }
}
