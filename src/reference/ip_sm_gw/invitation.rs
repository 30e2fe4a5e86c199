//! A CPM Session Invitation as the gateway reads it: who invites whom, how, and with which CPM parameters.
//!
//! Only reads. What follows from it is decided in `session`; the offer is judged in `media`.

use crate::reference::faults::{Fault, InForce};
use crate::reference::user_agent::HeaderList;
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::{NameAddr, SipMessage, number_of};

/// IMS Communication Service Identifiers of OMA CPM, as the service header fields carry them.
pub const SESSION_SERVICE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session";
pub const MESSAGE_SERVICE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg";
/// The same as the media feature tag carries them (RFC 6809 escapes colons).
pub const SESSION_FEATURE: &str =
    "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\"";
pub const MESSAGE_FEATURE: &str =
    "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg\"";
pub const LARGE_SERVICE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.largemsg";
pub const LARGE_FEATURE: &str =
    "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.largemsg\"";

/// Who sent a request and which parameters of it must be kept; common to INVITE and MESSAGE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// E.164 number of the asserted identity, else the identity itself.
    pub number: String,
    /// URI of the asserted identity.
    pub uri: String,
    /// The request asks to hide the identity (RFC 3323, `Privacy: id`).
    pub anonymous: bool,
    /// `Conversation-ID`, opaque.
    pub conversation_id: Option<String>,
    /// `Contribution-ID`, opaque.
    pub contribution_id: Option<String>,
}

impl Sender {
    pub fn read(request: &SipMessage) -> Self {
        mark!("PAR-01");
        mark!("PAR-06");
        let asserted = request.values("P-Asserted-Identity");
        let identities: Vec<NameAddr> = asserted
            .into_iter()
            .chain(request.header("From"))
            .filter_map(|value| NameAddr::parse(value).ok())
            .collect();
        let with_number = identities
            .iter()
            .find_map(|address| Some((address, number_of(address.uri.as_str())?)));
        let uri = |address: &NameAddr| address.uri.as_str().to_owned();
        let (number, uri) = match with_number {
            Some((address, number)) => (number, uri(address)),
            None => {
                let first = identities.first().map(uri).unwrap_or_default();
                (first.clone(), first)
            }
        };
        Self {
            number,
            uri,
            anonymous: asks_for_privacy(request),
            conversation_id: request.header("Conversation-ID").map(String::from),
            contribution_id: request.header("Contribution-ID").map(String::from),
        }
    }

    /// What a response to the request carries of its parameters.
    pub fn response_headers(&self, faults: InForce) -> HeaderList {
        mark!("PAR-08");
        let mut headers = self.cpm_headers();
        if faults.is(Fault::OtherParametersInResponses) {
            super::conversations::change(&mut headers);
        }
        headers
    }

    /// The CPM parameters as header fields.
    pub fn cpm_headers(&self) -> HeaderList {
        [
            ("Conversation-ID", &self.conversation_id),
            ("Contribution-ID", &self.contribution_id),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect()
    }
}

/// Any privacy that covers the asserted identity.
fn asks_for_privacy(request: &SipMessage) -> bool {
    mark!("ANO-01");
    request
        .headers_named("Privacy")
        .flat_map(|value| value.split([';', ',']))
        .any(|token| ["id", "user"].contains(&token.trim().to_ascii_lowercase().as_str()))
}

/// What an INVITE says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub sender: Sender,
    /// E.164 number of the invited user; `None` if the Request-URI names none.
    pub target: Option<String>,
    /// The caller is the focus of a group chat.
    pub group: bool,
    /// Its Contact says so.
    pub focus: bool,
    /// Whoever invites to the group: Referred-By, else the caller.
    pub inviter: String,
    /// The service asked for cannot be turned into short messages.
    pub other_service: bool,
    /// User-Agent names another product than a CPM client.
    pub foreign_product: bool,
    /// Contact URI of the caller.
    pub contact: Option<String>,
    /// Contribution-ID of the chat between two that this group chat replaces (`Session-Replaces`).
    pub replaces: Option<String>,
    /// A first message that came with the offer.
    pub first_text: Option<String>,
}

impl Invitation {
    pub fn read(request: &SipMessage, faults: InForce) -> Self {
        let sender = Sender::read(request);
        let services = services(request, faults);
        let contact = request
            .values("Contact")
            .first()
            .and_then(|value| NameAddr::parse(value).ok());
        let focus = contact.as_ref().is_some_and(|c| c.has_param("isfocus"));
        let named = |service: &str| services.iter().any(|s| s.ends_with(service));
        let referred_by = request
            .header("Referred-By")
            .and_then(|value| NameAddr::parse(value).ok())
            .and_then(|address| number_of(address.uri.as_str()));
        mark!("INV-01");
        mark!("FT-10");
        mark!("FT-06");
        Self {
            target: target_of(request, faults),
            group: focus || named("oma.cpm.session.group"),
            focus,
            inviter: referred_by.unwrap_or_else(|| sender.number.clone()),
            other_service: names_another_service(request, &services, faults),
            foreign_product: request
                .header("User-Agent")
                .is_some_and(|product| !product.starts_with("CPM-client/")),
            contact: contact.map(|address| address.uri.as_str().to_owned()),
            replaces: request.header("Session-Replaces").map(String::from),
            first_text: first_text(request),
            sender,
        }
    }
}

/// The text beside the offer in a multipart body.
fn first_text(request: &SipMessage) -> Option<String> {
    mark!("SDP-07");
    if !request.content_type()?.starts_with("multipart/") {
        return None;
    }
    let cpim = request
        .body_of("message/cpim")
        .and_then(|octets| CpimMessage::parse(&octets).ok());
    let text = match cpim {
        Some(cpim) => cpim.text(),
        None => String::from_utf8(request.body_of("text/plain")?).ok(),
    };
    text.filter(|text| !text.is_empty())
}

/// The telephone number in the Request-URI, in any of its forms.
pub fn target_of(request: &SipMessage, faults: InForce) -> Option<String> {
    mark!("FT-10");
    let uri = request.uri()?;
    let bare = uri.starts_with("sip:") && !uri.contains("user=phone");
    if bare && faults.is(Fault::BareSipUriUnknown) {
        return None;
    }
    number_of(uri)
}

/// A service that no short message can carry, or none that this gateway knows.
fn names_another_service(request: &SipMessage, services: &[String], faults: InForce) -> bool {
    mark!("FT-01");
    mark!("FT-06");
    let named = |service: &str| services.iter().any(|s| s.ends_with(service));
    let header = request
        .header("P-Asserted-Service")
        .or_else(|| request.header("P-Preferred-Service"));
    let is_tagged = |value: &str| value.to_ascii_lowercase().contains("icsi-ref");
    let tagged = |name: &str| request.header(name).is_some_and(is_tagged);
    if faults.is(Fault::AcceptContactNotRead) && header.is_none() && !tagged("Contact") {
        return true;
    }
    if faults.is(Fault::FileTransferByTagOnly) && !tagged("Accept-Contact") {
        return false;
    }
    named("oma.cpm.filetransfer") && !named("oma.cpm.session")
}

/// Every service identifier the request names, in lower case with escapes undone.
fn services(request: &SipMessage, faults: InForce) -> Vec<String> {
    mark!("FT-02");
    mark!("FT-03");
    mark!("FT-05");
    if faults.is(Fault::FeatureTagsComparedByOctets) {
        return services_by_octets(request);
    }
    let plain = ["P-Asserted-Service", "P-Preferred-Service"]
        .into_iter()
        .flat_map(|name| request.values(name));
    let tagged = ["Accept-Contact", "Contact"]
        .into_iter()
        .flat_map(|name| request.headers_named(name))
        .flat_map(|value| value.split([';', '"', ',']));
    plain
        .chain(tagged)
        .map(|value| value.trim().to_ascii_lowercase().replace("%3a", ":"))
        .filter(|value| value.starts_with("urn:urn-7:"))
        .collect()
}

/// Service header fields, and feature tags that are written exactly as the standard writes them (a deliberate fault).
fn services_by_octets(request: &SipMessage) -> Vec<String> {
    let header = request.values("P-Asserted-Service");
    let header = header.into_iter().map(str::to_ascii_lowercase);
    let tags = request
        .headers_named("Accept-Contact")
        .filter_map(|value| value.split_once("+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A"))
        .filter_map(|(_, rest)| rest.split_once('"'))
        .map(|(service, _)| format!("urn:urn-7:{service}"));
    header.chain(tags).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn invite(uri: &str, more: &str) -> Invitation {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nFrom: <sip:anonymous@anonymous.invalid>;tag=1\r\n\
             P-Asserted-Identity: \"Alice\" <sip:+447700900001@ims.example;user=phone>, <tel:+447700900001>\r\n{more}\r\n"
        );
        Invitation::read(&SipMessage::parse(text.as_bytes()).unwrap(), InForce(None))
    }

    #[test]
    fn all_three_request_uri_forms_name_the_same_user() {
        for uri in [
            "tel:+44-7700-900002",
            "sip:+447700900002@ims.example;user=phone",
            "sip:+447700900002@ims.example",
        ] {
            let target = invite(uri, "").target;
            assert_eq!(target.as_deref(), Some("+447700900002"), "{uri}");
        }
        assert_eq!(invite("sip:bob@ims.example", "").target, None);
    }

    #[test]
    fn reads_identity_privacy_and_cpm_parameters() {
        let read = invite(
            "tel:+447700900002",
            "Privacy: header;id\r\nConversation-ID: f81D4-x\r\nContribution-ID: abc\r\n",
        );
        assert_eq!(read.sender.number, "+447700900001");
        assert!(read.sender.anonymous);
        assert_eq!(read.sender.cpm_headers().len(), 2);
        assert_eq!(read.sender.conversation_id.as_deref(), Some("f81D4-x"));
        assert!(!invite("tel:+1", "Privacy: none\r\n").sender.anonymous);
    }

    #[test]
    fn a_group_is_known_by_focus_or_service() {
        let focus = "Contact: <sip:f@h>;isfocus\r\n";
        assert!(invite("tel:+447700900002", focus).group);
        let service = "Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3a3gpp-service.ims.icsi.oma.cpm.session.group\"\r\n";
        assert!(invite("tel:+447700900002", service).group);
        let chat = format!("Accept-Contact: *;{SESSION_FEATURE}\r\n");
        assert!(!invite("tel:+447700900002", &chat).group);
    }

    #[test]
    fn a_file_transfer_is_another_service() {
        let file = "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.oma.cpm.filetransfer\r\n";
        assert!(invite("tel:+447700900002", file).other_service);
    }
}
