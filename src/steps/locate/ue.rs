//! Locators of what a CPM UE is ordered to do. More than 400 lines: one function for each order, and every order stands here.
use super::content::Content;
use super::{Located, Place, in_session, over_ip, same};
use crate::observe::{self, Direction, Transaction};
use crate::peer::ue::{Invitation, PagerMessage, Participant, Registration, UeCommand};
use crate::verdict::scene::{first, number_in, originator};
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::{SipMessage, number_of};
use crate::wire::xml::conference_info::ConferenceInfo;

/// Service identifiers of OMA CPM, as a service is named in a header field (colons escaped or not).
const SESSION: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session";
const GROUP_SESSION: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group";
const PAGER: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg";
/// Where a request names its service.
const SERVICE_HEADERS: [&str; 4] = [
    "P-Asserted-Service",
    "P-Preferred-Service",
    "Accept-Contact",
    "Contact",
];

/// Where the recording shows what that person's terminal is ordered to do.
pub fn ue(command: &UeCommand, who: &str, place: &Place) -> Located {
    match command {
        UeCommand::Invite(order) => invite(order, who, place),
        UeCommand::Cancel { call } => in_call("CANCEL", call, who, place),
        UeCommand::Bye { call } => bye(call, who, place),
        UeCommand::Options { call } => in_call("OPTIONS", call, who, place),
        UeCommand::Refresh { call } => refresh(call, who, place),
        UeCommand::Send { call, message } => in_session::send(call, message, who, place),
        UeCommand::Report { call } => in_session::report(call, who, place),
        UeCommand::Message(order) => pager(order, who, place),
        UeCommand::Register(order) => register(*order, who, place),
        UeCommand::ShortMessage(order) => over_ip::submitted(order, who, place),
        UeCommand::Submit(written) => over_ip::written(written, who, place),
        UeCommand::MemoryAvailable => over_ip::memory_available(who, place),
        // How it behaves is asked at the end, of all that was seen.
        UeCommand::Behave(_) => Located::Nothing,
        UeCommand::Raw { octets } => raw(octets, place),
        UeCommand::StraySend { call } => in_session::stray(call, who, place),
        UeCommand::TellChanges { call, changes } => tells(call, changes, who, place),
        UeCommand::CloseMedia { call } => in_session::close_media(call, who, place),
    }
}

/// Requests of a person after the place, oldest first.
pub(super) fn requests<'a>(method: &str, who: &str, place: &Place<'a>) -> Vec<Transaction<'a>> {
    let number = place.cast.number(who);
    let mut found = observe::transactions_of(place.trace, method);
    found.retain(|one| {
        one.direction != Direction::FromSystem
            && first(one.request.frames()) > place.after
            && is_from(one.request.message, number)
    });
    found
}

/// Asserted or shown; a user without a number is not told apart from another.
fn is_from(message: &SipMessage, number: &str) -> bool {
    originator(message).is_none_or(|from| from == number)
}

pub(super) fn found(one: &Transaction, label: &str) -> Located {
    Located::Found {
        frames: one.request.frames().to_vec(),
        at: one.request.at(),
        call_id: one.request.message.call_id().map(str::to_owned),
        label: (!label.is_empty()).then(|| label.to_owned()),
    }
}

fn first_of(requests: Vec<Transaction>, label: &str, wanted: impl Into<String>) -> Located {
    match requests.first() {
        Some(one) => found(one, label),
        None => Located::absent(wanted),
    }
}

/// The Call-ID of a call of a scenario; of calls that came in, `incoming-N` is the Nth.
pub(super) fn call_id(call: &str, who: &str, place: &Place) -> Option<String> {
    if let Some(known) = place.labels.get(&(who.to_owned(), call.to_owned())) {
        return Some(known.clone());
    }
    let place_of = call.strip_prefix("incoming-")?.parse::<usize>().ok()?;
    let number = place.cast.number(who);
    let calls = observe::calls(place.trace);
    let mut incoming = calls.iter().filter(|one| {
        let message = one.invitation.request.message;
        let called = message.uri().and_then(number_of);
        let named = message.header("To").and_then(number_in);
        one.direction == Direction::FromSystem
            && [called, named].iter().flatten().any(|to| to == number)
    });
    let found = incoming.nth(place_of.checked_sub(1)?)?;
    Some(found.call_id.to_owned())
}

fn in_dialog<'a>(method: &str, call: &str, who: &str, place: &Place<'a>) -> Vec<Transaction<'a>> {
    let Some(id) = call_id(call, who, place) else {
        return Vec::new();
    };
    let mut found = observe::transactions_of(place.trace, method);
    found.retain(|one| {
        one.direction != Direction::FromSystem
            && first(one.request.frames()) > place.after
            && one.request.message.call_id() == Some(&id)
    });
    found
}

fn in_call(method: &str, call: &str, who: &str, place: &Place) -> Located {
    let requests = in_dialog(method, call, who, place);
    first_of(requests, call, format!("a {method} of {who} in the call"))
}

/// A call that is not answered yet is ended by CANCEL.
fn bye(call: &str, who: &str, place: &Place) -> Located {
    let mut ends = in_dialog("BYE", call, who, place);
    ends.extend(in_dialog("CANCEL", call, who, place));
    ends.sort_by_key(|one| first(one.request.frames()));
    first_of(ends, call, format!("a BYE of {who} in the call"))
}

fn refresh(call: &str, who: &str, place: &Place) -> Located {
    let mut refreshes = in_dialog("UPDATE", call, who, place);
    refreshes.extend(in_dialog("INVITE", call, who, place));
    refreshes.retain(|one| one.request.message.to_tag().is_some());
    refreshes.sort_by_key(|one| first(one.request.frames()));
    first_of(refreshes, call, format!("a session refresh of {who}"))
}

/// The same service, written with or without escapes; a longer name of another service is another one.
fn names_service(message: &SipMessage, icsi: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
    SERVICE_HEADERS.iter().any(|name| {
        message.headers_named(name).any(|value| {
            let value = value.replace("%3A", ":").replace("%3a", ":");
            let mut places = value.match_indices(icsi);
            places.any(|(at, _)| ends(&value[at + icsi.len()..]))
        })
    })
}

fn goes_to(message: &SipMessage, uri: &str) -> bool {
    let Some(to) = message.uri() else {
        return false;
    };
    match (number_of(uri), number_of(to)) {
        (Some(wanted), Some(seen)) => wanted == seen,
        // Whom no short message can reach may have any name.
        (None, None) => true,
        _ => false,
    }
}

/// `None` wants no privacy at all.
fn privacy_is(message: &SipMessage, wanted: Option<&str>) -> bool {
    let shown = message.header("Privacy").map(str::trim);
    let shown = shown.filter(|value| !value.eq_ignore_ascii_case("none"));
    match (wanted, shown) {
        (None, None) => true,
        (Some(wanted), Some(shown)) => wanted.eq_ignore_ascii_case(shown),
        (Some(wanted), None) => wanted.eq_ignore_ascii_case("none"),
        (None, Some(_)) => false,
    }
}

fn has_all(message: &SipMessage, headers: &[(String, String)]) -> bool {
    headers.iter().all(|(name, value)| {
        let mut seen = message.headers_named(name);
        seen.any(|shown| shown.trim() == value.trim())
    })
}

/// None of these header fields, but for those that were put in again.
fn lacks_all(message: &SipMessage, names: &[String], again: &[(String, String)]) -> bool {
    names.iter().all(|name| {
        let brought = again.iter().any(|(one, _)| one.eq_ignore_ascii_case(name));
        brought || !message.has_header(name)
    })
}

fn is_or_empty(message: &SipMessage, header: &str, wanted: &str) -> bool {
    wanted.is_empty() || message.header(header).map(str::trim) == Some(wanted)
}

fn body_is(message: &SipMessage, content_type: &str, body: &[u8]) -> bool {
    let bare = content_type.split(';').next().unwrap_or_default().trim();
    match bare.is_empty() {
        true => message.body.is_empty(),
        false => {
            let same = message
                .content_type()
                .is_some_and(|seen| seen.eq_ignore_ascii_case(bare));
            same && message.body == body
        }
    }
}

fn invite(order: &Invitation, who: &str, place: &Place) -> Located {
    let mut invitations = requests("INVITE", who, place);
    invitations.retain(|one| {
        one.request.message.to_tag().is_none() && is_invitation(order, who, one, place)
    });
    let wanted = format!(
        "an INVITE of {who} to {} as the scenario has it",
        order.to_uri
    );
    first_of(invitations, &order.call, wanted)
}

fn is_invitation(order: &Invitation, who: &str, one: &Transaction, place: &Place) -> bool {
    let Invitation {
        call: _,
        to_uri,
        conversation_id,
        contribution_id,
        privacy,
        group,
        replaces,
        duplicates,
        extra_headers,
        without,
        service,
        feature_tag,
        plain_contact,
        through_proxies,
        more_media,
        subject,
        first_message,
        body,
    } = order;
    let message = one.request.message;
    let contact = message.header("Contact").unwrap_or_default();
    let usual = if *group { GROUP_SESSION } else { SESSION };
    let icsi = service.as_deref().unwrap_or(usual);
    // What is left out on purpose says nothing of the service.
    let unnamed = SERVICE_HEADERS[..3]
        .iter()
        .all(|name| without.iter().any(|one| one.eq_ignore_ascii_case(name)));
    let routes = message.headers_named("Record-Route").count();
    goes_to(message, to_uri)
        && is_or_empty(message, "Conversation-ID", conversation_id)
        && is_or_empty(message, "Contribution-ID", contribution_id)
        && privacy_is(message, privacy.as_deref())
        && contact.contains(";isfocus") == *group
        && replaces_is(message, replaces.as_deref(), who, place)
        && one.retransmissions.len() >= usize::from(*duplicates)
        && has_all(message, extra_headers)
        && lacks_all(message, without, extra_headers)
        // A feature tag of the scenario's own is what names the service.
        && (unnamed || feature_tag.is_some() || names_service(message, icsi))
        && tag_is(message, feature_tag.as_deref())
        && (feature_tag.is_some() || contact.contains("+g.") != *plain_contact)
        && (!through_proxies || routes >= 2)
        && message.header("Subject").map(str::trim) == subject.as_deref()
        && content_is(message, body.as_ref(), first_message.as_deref(), more_media)
}

fn tag_is(message: &SipMessage, wanted: Option<&str>) -> bool {
    match wanted {
        None => true,
        Some("") => !message.has_header("Accept-Contact"),
        Some(tag) => {
            let mut shown = message.headers_named("Accept-Contact");
            shown.any(|value| value.contains(tag))
        }
    }
}

/// The call it takes the place of is named by its Contribution-ID.
fn replaces_is(message: &SipMessage, wanted: Option<&str>, who: &str, place: &Place) -> bool {
    let shown = message.header("Session-Replaces").map(str::trim);
    let Some(label) = wanted else {
        return shown.is_none();
    };
    let id = call_id(label, who, place);
    let calls = observe::calls(place.trace);
    let replaced = calls
        .iter()
        .find(|call| Some(call.call_id) == id.as_deref());
    let named = replaced.and_then(|call| {
        let invite = call.invitation.request.message;
        invite.header("Contribution-ID").map(str::trim)
    });
    shown.is_some() && shown == named
}

fn content_is(
    message: &SipMessage,
    body: Option<&(String, Vec<u8>)>,
    first_message: Option<&str>,
    more_media: &str,
) -> bool {
    if let Some((content_type, octets)) = body {
        return body_is(message, content_type, octets);
    }
    let Some(offer) = message.body_of("application/sdp") else {
        return false;
    };
    let offer = String::from_utf8_lossy(&offer).into_owned();
    let is_media = |line: &&str| line.starts_with("m=");
    let further: Vec<&str> = more_media.lines().collect();
    let lines: Vec<&str> = offer.lines().collect();
    let wrapped = message
        .body_of("message/cpim")
        .and_then(|octets| CpimMessage::parse(&octets).ok())
        .and_then(|cpim| cpim.text());
    wrapped.as_deref() == first_message
        && offers_chat(&lines)
        && lines.iter().filter(|line| is_media(line)).count()
            == 1 + further.iter().filter(|line| is_media(line)).count()
        && further.iter().all(|line| lines.contains(line))
}

/// An offer as every scenario has it that says nothing of it: the first medium is an MSRP stream that is open and takes text.
fn offers_chat(lines: &[&str]) -> bool {
    let Some(stream) = lines.iter().find(|line| line.starts_with("m=")) else {
        return false;
    };
    let mut words = stream.split(' ');
    let open = words.next() == Some("m=message") && words.next().is_some_and(|port| port != "0");
    let of = |name: &str| {
        let mut values = lines.iter().filter_map(|line| line.strip_prefix(name));
        values.next().unwrap_or_default().to_ascii_lowercase()
    };
    let takes = |types: &str| {
        let mut each = types.split_whitespace();
        each.any(|one| matches!(one, "*" | "text/*" | "text/plain"))
    };
    let types = of("a=accept-types:");
    let wraps = types.split_whitespace().any(|one| one == "message/cpim")
        && takes(&of("a=accept-wrapped-types:"));
    open && stream.contains("MSRP") && !of("a=path:").is_empty() && (wraps || takes(&types))
}

fn pager(order: &PagerMessage, who: &str, place: &Place) -> Located {
    let mut messages = requests("MESSAGE", who, place);
    messages.retain(|one| is_pager(order, one.request.message));
    let wanted = format!("a SIP MESSAGE of {who} as the scenario has it");
    first_of(messages, &order.call, wanted)
}

fn is_pager(order: &PagerMessage, message: &SipMessage) -> bool {
    let PagerMessage {
        call: _,
        to_uri,
        text,
        content_type,
        wrapped_type,
        conversation_id,
        contribution_id,
        in_reply_to_contribution_id,
        message_id,
        imdn,
        privacy,
        extra_headers,
        without,
        service,
        body,
    } = order;
    let icsi = service.as_deref().unwrap_or(PAGER);
    let unnamed = ["P-Asserted-Service", "Accept-Contact"]
        .iter()
        .all(|name| without.iter().any(|one| one.eq_ignore_ascii_case(name)));
    let reply = message.header("InReplyTo-Contribution-ID").map(str::trim);
    let content = Content {
        text,
        content_type,
        wrapped_type: wrapped_type.as_deref(),
        message_id: message_id.as_deref(),
        imdn: imdn.as_deref(),
        from: None,
    };
    goes_to(message, to_uri)
        && is_or_empty(message, "Conversation-ID", conversation_id)
        && is_or_empty(message, "Contribution-ID", contribution_id)
        && reply == in_reply_to_contribution_id.as_deref()
        && privacy_is(message, privacy.as_deref())
        && has_all(message, extra_headers)
        && lacks_all(message, without, extra_headers)
        && (unnamed || names_service(message, icsi))
        && match body {
            Some((content_type, octets)) => body_is(message, content_type, octets),
            None => content.is(message.header("Content-Type"), &message.body),
        }
}

fn register(order: Registration, who: &str, place: &Place) -> Located {
    let Registration {
        smsip,
        cpm,
        msisdn_less,
        expires,
    } = order;
    let number = place.cast.number(who);
    let mut registrations = observe::transactions_of(place.trace, "REGISTER");
    registrations.retain(|one| {
        let message = one.request.message;
        let named = message.header("To").and_then(number_in);
        // A third-party REGISTER has the terminal's own inside (3GPP TS 24.229 clause 5.4.1.7).
        let octets = message.to_octets();
        let all = String::from_utf8_lossy(&octets);
        let said = message.header("Expires").map(str::trim).map(str::to_owned);
        let contact = message.address("Contact");
        let said = said.or_else(|| Some(contact?.param("expires")?.to_owned()));
        let ends = said.as_deref() == Some("0");
        one.direction != Direction::FromSystem
            && first(one.request.frames()) > place.after
            && (msisdn_less || named.as_deref() == Some(number))
            && ends == (expires == 0)
            && (ends
                || all.contains("+g.3gpp.smsip") == smsip
                    && all.contains("icsi.oma.cpm") == cpm
                    && all.contains("msisdn-less") == msisdn_less)
    });
    first_of(registrations, "", format!("a REGISTER of {who}"))
}

/// These octets, as they are, somewhere after the place.
fn raw(octets: &[u8], place: &Place) -> Located {
    let same = |seen: &&crate::observe::Observation| {
        let shown = match &seen.fact {
            crate::observe::Fact::Sip(message) => message.original() == Some(octets),
            crate::observe::Fact::Malformed { octets: shown, .. } => shown == octets,
            _ => false,
        };
        shown && seen.direction != Direction::FromSystem && first(&seen.frames) > place.after
    };
    match place.trace.facts.iter().find(same) {
        Some(seen) => Located::Found {
            frames: seen.frames.clone(),
            at: seen.at,
            call_id: None,
            label: None,
        },
        None => Located::absent("octets as the scenario has them"),
    }
}

/// NOTIFYs of a focus, one for each change.
fn tells(call: &str, changes: &[Participant], who: &str, place: &Place) -> Located {
    let mut told = in_dialog("NOTIFY", call, who, place);
    let number = place.cast.number(who);
    if told.is_empty() {
        // The subscription may be a dialog of its own.
        told = observe::transactions_of(place.trace, "NOTIFY");
        told.retain(|one| {
            one.direction != Direction::FromSystem
                && first(one.request.frames()) > place.after
                && is_from(one.request.message, number)
        });
    }
    let wanted = || Located::absent(format!("{} notification(s) of {who}", changes.len()));
    let mut rest = told.iter();
    let mut frames = Vec::new();
    let mut at = 0;
    for change in changes {
        match rest.find(|one| tells_of(one.request.message, change)) {
            Some(one) => {
                frames.extend_from_slice(one.request.frames());
                at = one.request.at();
            }
            None => return wanted(),
        }
    }
    Located::Found {
        frames,
        at,
        call_id: None,
        label: None,
    }
}

/// The document has this user, in that state.
fn tells_of(message: &SipMessage, change: &Participant) -> bool {
    let Participant {
        uri,
        display_name,
        connected,
    } = change;
    let Ok(document) = ConferenceInfo::parse(&message.body) else {
        return false;
    };
    let users = document.users.map(|users| users.users).unwrap_or_default();
    let state = match connected {
        true => "connected",
        false => "disconnected",
    };
    users.iter().any(|user| {
        let mut ends = user.endpoints.iter();
        same::target(uri, &user.entity)
            && user.display_text.as_ref() == Some(display_name)
            && ends.any(|end| end.status.as_deref() == Some(state))
    })
}
