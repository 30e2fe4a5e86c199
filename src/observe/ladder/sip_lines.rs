//! SIP messages in a ladder: what they ask or answer, then the header fields and bodies the interworking is about.
use super::masks::Masks;
use super::sms_lines;
use crate::wire::cpim::{CpimMessage, Imdn};
use crate::wire::sdp::{MessageMedia, SessionDescription};
use crate::wire::sip::{NameAddr, SipMessage, SipUri, StartLine};
use crate::wire::xml::conference_info::ConferenceInfo;
use crate::wire::xml::resource_lists::ResourceLists;

/// Header fields that are shown as they are, masked. A ladder is about these; the rest is in the capture.
const SHOWN: [&str; 18] = [
    "P-Asserted-Identity",
    "P-Asserted-Service",
    "P-Preferred-Service",
    "Privacy",
    "Accept-Contact",
    "Conversation-ID",
    "Contribution-ID",
    "InReplyTo-Contribution-ID",
    "Subject",
    "Require",
    "Unsupported",
    "Session-Expires",
    "Min-SE",
    "Retry-After",
    "Warning",
    "Reason",
    "Event",
    "Refer-Sub",
];

/// The first line says what it is, the others what it carries.
pub fn lines(message: &SipMessage, masks: &mut Masks<'_>) -> Vec<String> {
    let mut lines = vec![first_line(message, masks)];
    if message.is_request() && message.to_tag().is_none() {
        for name in ["From", "To"] {
            if let Some(value) = message.header(name) {
                lines.push(format!("{name}: {}", name_addr(value, masks)));
            }
        }
    }
    for name in SHOWN {
        let values = match name {
            // A list, however its values are spread over header fields.
            "P-Asserted-Identity" => message.values(name),
            _ => message.headers_named(name).collect(),
        };
        for value in values {
            let value = match name {
                "P-Asserted-Identity" => name_addr(value, masks),
                "Event" => masks.field(&event(value)),
                "Conversation-ID" => masks.name("conversation", value),
                "Contribution-ID" | "InReplyTo-Contribution-ID" => {
                    masks.name("contribution", value)
                }
                _ => masks.field(&close(value)),
            };
            lines.push(format!("{name}: {value}"));
        }
    }
    lines.extend(conferencing(message, masks));
    lines.extend(contact(message, masks));
    for part in message.bodies() {
        let media_type = part.content_type();
        let media_type = media_type.as_deref().or_else(|| {
            // The body itself, when it is no multipart, has its type in the message's header.
            message.header("Content-Type")
        });
        lines.extend(body(media_type.unwrap_or(""), &part.content, masks));
    }
    lines
}

/// What an Event is compared by: the package and its `id` (RFC 6665 section 8.2.1).
fn event(value: &str) -> String {
    let mut parts = value.split(';').map(str::trim);
    let package = parts.next().unwrap_or_default();
    let id = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("id"));
    match id {
        Some((_, id)) => format!("{package};id={}", id.trim()),
        None => package.to_owned(),
    }
}

/// Without the white space that grammar allows around semicolons and equals signs.
fn close(value: &str) -> String {
    let (mut out, mut quoted) = (String::with_capacity(value.len()), false);
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        quoted ^= c == '"' && !out.ends_with('\\');
        let blank = |c: char| c == ' ' || c == '\t';
        if !quoted && blank(c) {
            while chars.next_if(|next| blank(*next)).is_some() {}
            let around = |c: char| c == ';' || c == '=';
            if !chars.peek().is_some_and(|c| around(*c)) && !out.ends_with(around) {
                out.push(' ');
            }
            continue;
        }
        out.push(c);
    }
    out
}

fn first_line(message: &SipMessage, masks: &mut Masks<'_>) -> String {
    let call = masks.name("call", message.call_id().unwrap_or_default());
    let mut tags = String::new();
    for tag in [message.from_tag(), message.to_tag()].into_iter().flatten() {
        tags.push(' ');
        tags.push_str(&masks.name("tag", &tag));
    }
    match &message.start {
        StartLine::Request { method, uri } => {
            format!("{method} {} {call}{tags}", masks.field(&canonical(uri)))
        }
        StartLine::Response { code, reason } => {
            let method = message.cseq().map_or("?", |(_, method)| method);
            format!("{code} {reason} to {method} {call}{tags}")
        }
    }
}

/// The form that equal URIs share; what is no URI stays.
fn canonical(uri: &str) -> String {
    SipUri::parse(uri).map_or_else(|_| uri.to_owned(), |uri| uri.canonical())
}

fn name_addr(value: &str, masks: &mut Masks<'_>) -> String {
    let Ok(parsed) = NameAddr::parse(value) else {
        return masks.field(value);
    };
    let uri = masks.field(&parsed.uri.canonical());
    match &parsed.display {
        Some(display) => format!("\"{}\" <{uri}>", masks.words(display)),
        None => format!("<{uri}>"),
    }
}

/// What calls are moved and watched by, without what is made up for one call or told by the clock.
fn conferencing(message: &SipMessage, masks: &mut Masks<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["Refer-To", "Referred-By"] {
        if let Some(parsed) = message.header(name).and_then(|v| NameAddr::parse(v).ok()) {
            let whole = parsed.uri.canonical();
            let (uri, fields) = whole.split_once('?').unwrap_or((&whole, ""));
            let fields = fields
                .split('&')
                .filter_map(|field| field.split('=').next());
            let fields: Vec<&str> = fields.filter(|name| !name.is_empty()).collect();
            let with = match fields.as_slice() {
                [] => String::new(),
                names => format!(" with {}", names.join(" ")),
            };
            lines.push(format!("{name}: <{}>{with}", masks.field(uri)));
        }
    }
    for name in ["Replaces", "Join"] {
        if let Some(value) = message.header(name) {
            let call = value.split(';').next().unwrap_or_default();
            lines.push(format!("{name}: {}", masks.name("call", call.trim())));
        }
    }
    if let Some(value) = message.header("Subscription-State") {
        let mut parts = value.split(';').map(str::trim);
        let mut state = parts.next().unwrap_or_default().to_owned();
        let reason = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("reason"));
        if let Some((_, reason)) = reason {
            state.push_str(&format!(" reason={}", reason.trim()));
        }
        lines.push(format!("Subscription-State: {state}"));
    }
    lines
}

/// Feature tags whose names stand without `+` (RFC 3840 section 9, `base-tags`).
const BASE_TAGS: [&str; 18] = [
    "isfocus",
    "automata",
    "audio",
    "video",
    "text",
    "data",
    "control",
    "application",
    "class",
    "duplex",
    "mobility",
    "description",
    "events",
    "priority",
    "methods",
    "schemes",
    "extensions",
    "actor",
];

/// Feature tags of the Contact; its address is of no interest, and parameters of other kinds mean nothing to who does not know them.
fn contact(message: &SipMessage, masks: &mut Masks<'_>) -> Option<String> {
    let parsed = NameAddr::parse(message.header("Contact")?).ok()?;
    let mut tags: Vec<String> = Vec::new();
    for (name, value) in &parsed.params {
        let of_feature =
            name.starts_with('+') || BASE_TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name));
        match value {
            _ if !of_feature => {}
            Some(value) => tags.push(format!("{name}=\"{}\"", masks.field(value))),
            None => tags.push(name.clone()),
        }
    }
    tags.sort_unstable();
    (!tags.is_empty()).then(|| format!("Contact: {}", tags.join(" ")))
}

/// A body of SIP or MSRP in one or more lines.
pub fn body(media_type: &str, content: &[u8], masks: &mut Masks<'_>) -> Vec<String> {
    let bare = media_type.split(';').next().unwrap_or_default();
    match bare.trim().to_ascii_lowercase().as_str() {
        "application/sdp" => session_description(content, masks),
        "message/cpim" => cpim(content, masks),
        "message/imdn+xml" => vec![imdn(content, masks)],
        "message/sipfrag" => {
            let text = String::from_utf8_lossy(content);
            let status = text.lines().next().unwrap_or_default();
            vec![format!("sipfrag {}", masks.field(status))]
        }
        "application/conference-info+xml" => vec![conference_info(content, masks)],
        "application/resource-lists+xml" => vec![resource_list(content, masks)],
        "application/vnd.3gpp.sms" => sms_lines::relayed(content, masks),
        "text/plain" => {
            let text = String::from_utf8_lossy(content);
            vec![format!("text/plain {:?}", masks.words(&text))]
        }
        other if content.is_empty() => vec![format!("{other} (empty)")],
        other => vec![format!("{other} of {} octets", content.len())],
    }
}

fn session_description(content: &[u8], masks: &mut Masks<'_>) -> Vec<String> {
    let Ok(description) = SessionDescription::parse(content) else {
        return vec!["SDP unreadable".to_owned()];
    };
    let all = description.session.medias.iter();
    all.zip(&description.message_media)
        .map(|(media, message)| match message {
            Some(message) => message_media(message, masks),
            None => other_media(media, &description.session),
        })
        .collect()
}

/// Kind and direction; ports and codecs are of no interest.
fn other_media(media: &sdp_types::Media, session: &sdp_types::Session) -> String {
    let direction = ["sendrecv", "sendonly", "recvonly", "inactive"]
        .into_iter()
        .find(|name| media.has_attribute(name) || session.has_attribute(name));
    let refused = if media.port == 0 { " port 0" } else { "" };
    let direction = direction.unwrap_or("sendrecv");
    format!("SDP {} {direction}{refused}", media.media)
}

/// Who is there, and how.
fn conference_info(content: &[u8], masks: &mut Masks<'_>) -> String {
    let Ok(info) = ConferenceInfo::parse(content) else {
        return "conference-info unreadable".to_owned();
    };
    let mut users: Vec<String> = info
        .users()
        .iter()
        .map(|user| {
            let states = user
                .endpoints
                .iter()
                .filter_map(|end| end.status.as_deref());
            let states: Vec<&str> = states.collect();
            let entity = masks.field(&canonical(&user.entity));
            format!("; {entity} {}", states.join(" "))
                .trim_end()
                .to_owned()
        })
        .collect();
    users.sort_unstable();
    format!("conference-info {}{}", info.state.as_str(), users.concat())
}

fn resource_list(content: &[u8], masks: &mut Masks<'_>) -> String {
    match ResourceLists::parse(content) {
        Ok(lists) => {
            let entries = lists.flat().into_iter();
            let uris: Vec<String> = entries
                .map(|entry| masks.field(&canonical(&entry.uri)))
                .collect();
            format!("resource-lists {}", uris.join(" "))
        }
        Err(_) => "resource-lists unreadable".to_owned(),
    }
}

fn message_media(media: &MessageMedia, masks: &mut Masks<'_>) -> String {
    let path: Vec<String> = media.path.iter().map(|uri| masks.msrp_uri(uri)).collect();
    let mut words = format!("SDP message {} {}", media.protocol, path.join(" "));
    if media.port == 0 {
        words.push_str(" port 0");
    }
    if let Some(setup) = media.setup {
        words.push_str(&format!(" setup {setup:?}").to_ascii_lowercase());
    }
    if media.direction != "sendrecv" {
        words.push_str(&format!(" {}", media.direction));
    }
    words.push_str(&format!(" accept {}", media.accept_types.join(" ")));
    if !media.accept_wrapped_types.is_empty() {
        let wrapped = media.accept_wrapped_types.join(" ");
        words.push_str(&format!(" wrapped {wrapped}"));
    }
    words
}

fn cpim(content: &[u8], masks: &mut Masks<'_>) -> Vec<String> {
    let Ok(message) = CpimMessage::parse(content) else {
        return vec!["message/cpim unreadable".to_owned()];
    };
    let mut lines = Vec::new();
    for name in ["From", "To", "Subject"] {
        if let Some(value) = message.header(name) {
            lines.push(format!("cpim {name}: {}", masks.field(value)));
        }
    }
    if let Some(id) = message.imdn_header("Message-ID") {
        lines.push(format!("cpim Message-ID: {}", masks.name("imdn", id)));
    }
    if let Some(wanted) = message.imdn_header("Disposition-Notification") {
        lines.push(format!("cpim Disposition-Notification: {wanted}"));
    }
    let media_type = message.content_type().unwrap_or_default();
    lines.extend(body(&media_type, &message.content, masks));
    lines
}

fn imdn(content: &[u8], masks: &mut Masks<'_>) -> String {
    match Imdn::parse(content) {
        Ok(imdn) => {
            let id = masks.name("imdn", &imdn.message_id);
            format!("imdn {id} {:?}", imdn.status).to_ascii_lowercase()
        }
        Err(_) => "imdn unreadable".to_owned(),
    }
}
