//! The requests a CPM UE sends as the gateway sees them on ISC: INVITE, MESSAGE and what goes with every request.
//!
//! Header fields are those of the requirement catalogue (CPM feature tag, service identifiers, conversation identifiers). The
//! constants are written here on purpose: the reference implementation has its own.
use crate::peer::Time;
use crate::peer::behaviour::{Malformation, UeBehaviour};
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::SipMessage;

use super::{ChatText, Invitation, PagerMessage, UeConfig};

/// Service identifiers of OMA CPM (ICSI, 3GPP TS 24.229 clause 7.2A.8.2).
const ICSI_SESSION: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session";
const ICSI_GROUP_SESSION: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group";
const ICSI_MESSAGE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg";
/// Methods this UE answers.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, UPDATE, PRACK, INFO";
const PRODUCT: &str = "CPM-client/OMA1.0";

/// The media feature tag of a service (RFC 6809, 3GPP TS 24.229 clause 7.9.2): the URN with its colons escaped.
pub(super) fn icsi_tag(icsi: &str) -> String {
    format!("+g.3gpp.icsi-ref=\"{}\"", icsi.replace(':', "%3A"))
}

/// The service of a session, with a group or one to one.
pub(super) fn service_of(group: bool) -> &'static str {
    if group {
        ICSI_GROUP_SESSION
    } else {
        ICSI_SESSION
    }
}

/// Who a request comes from, as its From shows it, and the Contact of the UE.
pub(super) struct Identity<'a> {
    pub(super) config: &'a UeConfig,
}

impl Identity<'_> {
    pub(super) fn from(&self, tag: &str, privacy: Option<&str>) -> String {
        if is_private(privacy) {
            return format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag={tag}");
        }
        format!(
            "\"{}\" <{}>;tag={tag}",
            quoted(&self.config.display_name),
            self.public_uri()
        )
    }

    pub(super) fn public_uri(&self) -> String {
        if self.config.msisdn_less {
            return self.config.uri_without_number();
        }
        format!(
            "sip:{}@{};user=phone",
            self.config.number, self.config.domain
        )
    }

    pub(super) fn asserted(&self) -> String {
        let uri = match self.config.msisdn_less {
            true => self.config.uri_without_number(),
            false => format!("tel:{}", self.config.number),
        };
        format!("\"{}\" <{uri}>", quoted(&self.config.display_name))
    }

    /// The URI where in-dialog requests reach us, with the feature tags of the service.
    pub(super) fn contact(&self, icsi: &str, focus: bool) -> String {
        self.tagged_contact(&icsi_tag(icsi), focus)
    }

    fn tagged_contact(&self, tag: &str, focus: bool) -> String {
        let uri = format!(
            "<sip:{}@{};transport={}>",
            self.config.number,
            self.config.sip,
            self.config.transport.parameter()
        );
        let focus = if focus { ";isfocus" } else { "" };
        let tag = match tag {
            "" => String::new(),
            tag => format!(";{tag}"),
        };
        format!("{uri}{tag}{focus}")
    }

    /// A Record-Route of a proxy that is this UE itself.
    fn record_route(&self, proxy: &str) -> String {
        let transport = self.config.transport.parameter();
        format!("<sip:{proxy}@{};transport={transport};lr>", self.config.sip)
    }
}

pub(super) fn is_private(privacy: Option<&str>) -> bool {
    privacy.is_some_and(|value| !value.eq_ignore_ascii_case("none"))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn address(uri: &str) -> String {
    format!("<{uri}>")
}

/// Identifiers one request needs.
pub(super) struct Names {
    pub(super) call_id: String,
    pub(super) tag: String,
    pub(super) conversation_id: String,
    pub(super) contribution_id: String,
}

/// The CPM Session Invitation, without Via.
pub(super) fn invite(
    config: &UeConfig,
    invitation: &Invitation,
    names: &Names,
    session_expires: Option<(u32, u32)>,
    offer: Vec<u8>,
) -> SipMessage {
    let identity = Identity { config };
    let icsi = invitation
        .service
        .as_deref()
        .unwrap_or(service_of(invitation.group));
    let privacy = invitation.privacy.as_deref();
    let tag = match &invitation.feature_tag {
        Some(tag) => tag.clone(),
        None => icsi_tag(icsi),
    };
    let mut message = SipMessage::request("INVITE", &invitation.to_uri);
    message.push("Max-Forwards", "70");
    for proxy in ["near", "far"]
        .iter()
        .filter(|_| invitation.through_proxies)
    {
        message.push("Record-Route", identity.record_route(proxy));
    }
    message.push("From", identity.from(&names.tag, privacy));
    message.push("To", address(&invitation.to_uri));
    message.push("Call-ID", &names.call_id);
    message.push("CSeq", "1 INVITE");
    let in_contact = if invitation.plain_contact {
        ""
    } else {
        tag.as_str()
    };
    message.push(
        "Contact",
        identity.tagged_contact(in_contact, invitation.group),
    );
    message.push("P-Asserted-Identity", identity.asserted());
    message.push("P-Asserted-Service", icsi);
    if !tag.is_empty() {
        message.push("Accept-Contact", format!("*;{tag}"));
    }
    message.push("Conversation-ID", &names.conversation_id);
    message.push("Contribution-ID", &names.contribution_id);
    if let Some(value) = privacy {
        message.push("Privacy", value);
    }
    if let Some(subject) = &invitation.subject {
        message.push("Subject", subject);
    }
    message.push("Allow", ALLOW);
    message.push("Supported", supported(&config.behaviour));
    if let Some((seconds, least)) = session_expires {
        // Who is not going to refresh makes sure that it is to be him (RFC 4028 section 7.1).
        let refresher = match config.behaviour.withhold_refresh {
            true => ";refresher=uac",
            false => "",
        };
        message.push("Session-Expires", format!("{seconds}{refresher}"));
        message.push("Min-SE", least.to_string());
    }
    message.push("Accept", "application/sdp");
    message.push("User-Agent", PRODUCT);
    for name in &invitation.without {
        message.remove(name);
    }
    for (name, value) in &invitation.extra_headers {
        message.push(name, value);
    }
    let offer = [offer, invitation.more_media.clone().into_bytes()].concat();
    match &invitation.body {
        Some((content_type, _)) if content_type.is_empty() => {}
        Some((content_type, body)) => message.set_body(content_type, body.clone()),
        None => message.set_body("application/sdp", offer),
    }
    message
}

pub(super) fn supported(behaviour: &UeBehaviour) -> &'static str {
    if behaviour.reliable_provisionals {
        "timer, 100rel"
    } else {
        "timer"
    }
}

/// A pager-mode CPM message, without Via.
pub(super) fn pager(
    config: &UeConfig,
    message: &PagerMessage,
    names: &Names,
    body: (String, Vec<u8>),
) -> SipMessage {
    let identity = Identity { config };
    let privacy = message.privacy.as_deref();
    let mut request = SipMessage::request("MESSAGE", &message.to_uri);
    request.push("Max-Forwards", "70");
    request.push("From", identity.from(&names.tag, privacy));
    request.push("To", address(&message.to_uri));
    request.push("Call-ID", &names.call_id);
    request.push("CSeq", "1 MESSAGE");
    request.push("P-Asserted-Identity", identity.asserted());
    let icsi = message.service.as_deref().unwrap_or(ICSI_MESSAGE);
    request.push("P-Asserted-Service", icsi);
    request.push("Accept-Contact", format!("*;{}", icsi_tag(icsi)));
    request.push("Conversation-ID", &names.conversation_id);
    request.push("Contribution-ID", &names.contribution_id);
    if let Some(id) = &message.in_reply_to_contribution_id {
        request.push("InReplyTo-Contribution-ID", id);
    }
    if let Some(value) = privacy {
        request.push("Privacy", value);
    }
    request.push("Allow", ALLOW);
    request.push("User-Agent", PRODUCT);
    for (name, value) in &message.extra_headers {
        request.push(name, value);
    }
    for name in &message.without {
        request.remove(name);
    }
    request.set_body(&body.0, body.1);
    request
}

/// What a CPIM wrapping needs beside the text.
pub(super) struct Wrapping<'a> {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) message_id: &'a str,
    pub(super) imdn: Option<&'a str>,
    /// Content-Type of what is wrapped.
    pub(super) content_type: Option<&'a str>,
    pub(super) date_time: String,
}

/// Text in message/cpim with the IMDN namespace (RFC 3862, RFC 5438 section 6).
pub(super) fn wrap(text: &str, wrapping: &Wrapping) -> Vec<u8> {
    let mut headers = vec![
        ("From".to_owned(), address(&wrapping.from)),
        ("To".to_owned(), address(&wrapping.to)),
        ("DateTime".to_owned(), wrapping.date_time.clone()),
        ("NS".to_owned(), "imdn <urn:ietf:params:imdn>".to_owned()),
        ("imdn.Message-ID".to_owned(), wrapping.message_id.to_owned()),
    ];
    if let Some(wanted) = wrapping.imdn {
        headers.push((
            "imdn.Disposition-Notification".to_owned(),
            wanted.to_owned(),
        ));
    }
    let content = text.as_bytes().to_vec();
    CpimMessage {
        headers,
        content_headers: vec![
            (
                "Content-Type".to_owned(),
                wrapping
                    .content_type
                    .unwrap_or("text/plain;charset=UTF-8")
                    .to_owned(),
            ),
            ("Content-Length".to_owned(), content.len().to_string()),
        ],
        content,
    }
    .to_octets()
}

/// RFC 3339 time of a moment of the run.
pub(super) fn date_time(epoch_seconds: i64, now: Time) -> String {
    let seconds = epoch_seconds.saturating_add(i64::try_from(now.as_secs()).unwrap_or(0));
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| "1970-01-01T00:00:00Z".to_owned(),
        |time| time.to_string(),
    )
}

pub(super) fn is_cpim(content_type: &str) -> bool {
    content_type.is_empty()
        || content_type
            .to_ascii_lowercase()
            .starts_with("message/cpim")
}

impl ChatText {
    /// A text in message/cpim and nothing more.
    pub fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

/// Damages a request as the behaviour says.
pub(super) fn damage(request: &mut SipMessage, malformation: Malformation) {
    match malformation {
        Malformation::NoCallId => request.remove("Call-ID"),
        Malformation::NoFromTag => {
            let from = request.header("From").unwrap_or_default().to_owned();
            let bare = from.split(";tag=").next().unwrap_or_default().to_owned();
            request.set("From", bare);
        }
        Malformation::CseqMethodMismatch => {
            let number = request.cseq().map_or(1, |(number, _)| number);
            request.set("CSeq", format!("{number} REGISTER"));
        }
        Malformation::ContentLengthTooLong => {
            let length = request.body.len() + 100;
            request.set("Content-Length", length.to_string());
        }
        Malformation::MaxForwardsZero => request.set("Max-Forwards", "0"),
        Malformation::BrokenSdp if request.body_of("application/sdp").is_none() => {}
        Malformation::BrokenSdp => request.set_body("application/sdp", "v=none\r\nm=\r\n"),
        Malformation::UnknownRequire => request.push("Require", "nothing-known"),
    }
}
