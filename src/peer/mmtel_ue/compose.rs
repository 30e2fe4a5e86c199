//! The SIP requests of an MMTel UE as its P-CSCF sends them on: P-Asserted-Identity, charging vector, access network, Service-Route.
//!
//! Only composition; the machine decides when. Header fields of requests within a dialog are completed here as well.
use super::order::{AudioCall, MmtelConfig};
use crate::wire::sip::{BodyPart, SipMessage, write_multipart};

/// Service identifier of multimedia telephony, 3GPP TS 24.173 clause 5.1.
pub(super) const ICSI: &str = "urn:urn-7:3gpp-service.ims.icsi.mmtel";
/// The same as a media feature tag, 3GPP TS 24.229 clause 7.9.2.
const ICSI_TAG: &str = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"";
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REFER, NOTIFY, MESSAGE, INFO";
const PRODUCT: &str = "ims-conformance-ue";
pub(super) const SUPPORTED: &str = "replaces, join, norefersub";

/// What a new request outside dialogs is made of.
pub(super) struct Fresh<'a> {
    pub(super) config: &'a MmtelConfig,
    pub(super) method: &'a str,
    pub(super) to_uri: &'a str,
    pub(super) routes: &'a [String],
    pub(super) call_id: String,
    pub(super) tag: String,
    pub(super) privacy: Option<&'a str>,
    pub(super) icid: String,
}

impl Fresh<'_> {
    pub(super) fn request(self) -> SipMessage {
        let config = self.config;
        let mut request = SipMessage::request(self.method, self.to_uri);
        request.push("Max-Forwards", "70");
        for route in self.routes {
            request.push("Route", route);
        }
        request.push("From", from(config, &self.tag, self.privacy));
        request.push("To", format!("<{}>", self.to_uri));
        request.push("Call-ID", &self.call_id);
        request.push("CSeq", format!("1 {}", self.method));
        request.push("P-Asserted-Identity", asserted(config));
        if let Some(privacy) = self.privacy {
            request.push("Privacy", privacy);
        }
        request.push(
            "P-Charging-Vector",
            format!("icid-value={};orig-ioi={}", self.icid, config.domain),
        );
        request
    }
}

fn from(config: &MmtelConfig, tag: &str, privacy: Option<&str>) -> String {
    let hidden = privacy.is_some_and(|value| !value.eq_ignore_ascii_case("none"));
    if hidden {
        return format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag={tag}");
    }
    format!("\"{}\" <{}>;tag={tag}", config.name, config.public_uri())
}

pub(super) fn asserted(config: &MmtelConfig) -> String {
    format!("\"{}\" <{}>", config.name, config.public_uri())
}

/// The URI where we are reached, with the feature tags of the service.
pub(super) fn contact(config: &MmtelConfig) -> String {
    let (number, sip, transport) = (&config.number, config.sip, config.transport.parameter());
    let focus = if config.behaviour.is_focus {
        ";isfocus"
    } else {
        ""
    };
    format!("<sip:{number}@{sip};transport={transport}>;{ICSI_TAG};audio{focus}")
}

/// P-Access-Network-Info may be in every request but ACK and CANCEL, and in every response but 100 (RFC 7315 section 4.4).
pub(super) fn add_access(config: &MmtelConfig, message: &mut SipMessage) {
    for value in &config.access {
        message.push("P-Access-Network-Info", value);
    }
}

/// What requests that open a call have beside the general header fields.
pub(super) fn complete_invite(config: &MmtelConfig, order: &AudioCall, invite: &mut SipMessage) {
    invite.push("Contact", contact(config));
    invite.push("P-Preferred-Service", ICSI);
    invite.push("Accept-Contact", format!("*;{ICSI_TAG}"));
    add_access(config, invite);
    invite.push("Allow", ALLOW);
    invite.push("Supported", SUPPORTED);
    invite.push("Accept", "application/sdp");
    invite.push("User-Agent", PRODUCT);
    for name in &order.without {
        invite.remove(name);
    }
    for (name, value) in &order.extra_headers {
        invite.push(name, value);
    }
}

pub(super) fn register(fresh: Fresh<'_>, expires: u32) -> SipMessage {
    let config = fresh.config;
    let registrar = format!("sip:{}", config.domain);
    let public = config.public_uri();
    let visited = config.visited_network.as_deref().unwrap_or(&config.domain);
    let mut request = fresh.request();
    request.set_uri(&registrar);
    request.set("To", format!("<{public}>"));
    request.remove("P-Asserted-Identity");
    request.push("Contact", contact(config));
    request.push("Expires", expires.to_string());
    request.push("P-Visited-Network-ID", format!("\"{visited}\""));
    request.push("Supported", "path");
    add_access(config, &mut request);
    request
}

/// The description alone, or multipart/mixed of it and the other parts.
pub(super) fn set_bodies(
    message: &mut SipMessage,
    sdp: Option<Vec<u8>>,
    parts: &[BodyPart],
    boundary: &str,
) {
    if parts.is_empty() {
        match sdp {
            Some(sdp) => message.set_body("application/sdp", sdp),
            None => message.push("Content-Length", "0"),
        }
        return;
    }
    let described = sdp.map(|content| BodyPart {
        headers: vec![("Content-Type".to_owned(), "application/sdp".to_owned())],
        content,
    });
    let all: Vec<BodyPart> = described.into_iter().chain(parts.iter().cloned()).collect();
    let body = write_multipart(boundary, &all);
    message.set_body(&format!("multipart/mixed;boundary={boundary}"), body);
}
