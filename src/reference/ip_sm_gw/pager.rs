//! The pager procedures: one SIP MESSAGE into short messages and one short message into a SIP MESSAGE (3GPP TS 23.204 clauses 6.7 and
//! 6.14), with the CPM parameters kept between the two.
//!
//! Outside chats only; correlation with a chat comes before (`inbound`).

use super::admission::{Denied, check_originator};
use super::conversations;
use super::failure::{self, Refusal, reason};
use super::inbound::ShortMessage;
use super::invitation::{MESSAGE_FEATURE, MESSAGE_SERVICE, SESSION_FEATURE, Sender, target_of};
use super::large;
use super::levels::{Level, PerLevel};
use super::notification;
use super::numbers::SessionId;
use super::registration::reachable;
use super::relay::{self, cpim_message};
use super::reports;
use super::session_sms;
use super::subscribers::{AlphanumericOriginators, Settings};
use super::transport_level::level_of;
use super::{Gateway, encapsulated_im, locked, read_locked};
use crate::reference::faults::{Fault, InForce};
use crate::reference::short_message::{DeliveryAnswer, Handover, Submission};
use crate::reference::user_agent::{HeaderList, ServerRequest, Transport};
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::{SipMessage, SipUri};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A SIP MESSAGE of a CPM user becomes short messages; any other request outside dialogs is refused.
pub async fn from_cpm_user(gateway: Arc<Gateway>, request: ServerRequest) {
    mark!("PGO-01");
    mark!("PGO-02");
    if request.request.method() != Some("MESSAGE") {
        return respond(request, &Refusal::new(405));
    }
    let Some(request) = encapsulated_im::take(&gateway, request).await else {
        return;
    };
    let faults = gateway.faults;
    if faults.is(Fault::PagerAnsweredAtOnce) && text_of(&request.request, faults).is_ok() {
        return answer_at_once(&gateway, request).await;
    }
    match submit(&gateway, &request.request) {
        Ok(submitted) => answer(&gateway, request, submitted).await,
        Err(Denied::With(refusal)) => respond(request, &refusal),
        Err(Denied::InSilence) => request.ignore(),
    }
}

/// A fault: the final response waits for nobody. Without a pause the service centre is first now and then.
async fn answer_at_once(gateway: &Arc<Gateway>, request: ServerRequest) {
    let message = request.request.clone();
    let headers = success_headers(gateway, &Sender::read(&message));
    request.respond(200, reason(200), &headers, None);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let Ok(submitted) = submit(gateway, &message) else {
        return;
    };
    if let Ok(references) = session_sms::all(submitted.submissions).await {
        let (until, asked) = (submitted.reports_until, &submitted.asked);
        reports::expect_pager(gateway, references, until, asked);
    }
}

/// The final response waits for the service centre, but not so long that the sender's transaction ends (RFC 4320 section 4.2).
async fn answer(gateway: &Arc<Gateway>, request: ServerRequest, submitted: Submitted) {
    mark!("PGO-04");
    let faults = gateway.faults;
    let mut patience = submitted.patience;
    if faults.is(Fault::PagerWaitsWithoutLimit) {
        patience = Duration::from_secs(3600);
    }
    let mut all = Box::pin(session_sms::all(submitted.submissions));
    let headers = success_headers(gateway, &submitted.sender);
    let accept = |request: ServerRequest, code| {
        request.respond(code, reason(code), &headers, None);
    };
    let expect = |references| {
        reports::expect_pager(
            gateway,
            references,
            submitted.reports_until,
            &submitted.asked,
        );
    };
    match tokio::time::timeout(patience, &mut all).await {
        Ok(Ok(references)) => {
            accept(request, 200);
            expect(references);
        }
        Ok(Err(_)) if faults.is(Fault::PagerRefusalHidden) => accept(request, 200),
        Ok(Err(error)) => respond(request, &failure::of_submission(error)),
        Err(_) => {
            accept(request, 202);
            match all.await {
                Ok(references) => expect(references),
                Err(_) if faults.is(Fault::LatePagerFailureUntold) => {}
                Err(_) => notification::failed(gateway, &submitted.asked).await,
            }
        }
    }
}

/// Header fields of a 2xx to MESSAGE. No Contact: it makes no dialog (RFC 3428 section 7).
fn success_headers(gateway: &Gateway, sender: &Sender) -> HeaderList {
    mark!("PGO-07");
    let mut headers = sender.response_headers(gateway.faults);
    if gateway.faults.is(Fault::PagerWithContact) {
        let contact = format!("<sip:{}>", gateway.agent.sip_address());
        headers.push(("Contact".to_owned(), contact));
    }
    headers
}

fn respond(request: ServerRequest, refusal: &Refusal) {
    request.respond(refusal.code, refusal.reason(), &refusal.headers, None);
}

/// A pager message on its way.
struct Submitted {
    submissions: Vec<Submission>,
    sender: Sender,
    patience: Duration,
    /// What the sender wants to know about its delivery, and until when it can be learnt.
    asked: notification::Asked,
    reports_until: Instant,
}

fn submit(gateway: &Gateway, request: &SipMessage) -> Result<Submitted, Denied> {
    let deny = |code| Denied::With(Refusal::new(code));
    let faults = gateway.faults;
    let sender = Sender::read(request);
    let target = target_of(request, faults);
    let (settings, to_cpm_user) = {
        let subscribers = read_locked(&gateway.subscribers);
        let target = target.as_deref().unwrap_or_default();
        let settings = subscribers.settings(&sender.number, target);
        (settings, subscribers.is_cpm_user(target))
    };
    check_originator(gateway, &settings, sender.anonymous)?;
    let target = target.ok_or(deny(404))?;
    if to_cpm_user && faults.is(Fault::PagerToCpmUserRefused) {
        return Err(deny(404));
    }
    let text = text_of(request, faults).map_err(deny)?;
    let number = sender_number(gateway, &sender, &settings, &target).ok_or(deny(480))?;
    let mut messages = session_sms::compose(&text, &number, &target, 1).ok_or(deny(413))?;
    if !to_cpm_user && faults.is(Fault::LongPagerTruncated) {
        messages.truncate(1);
    }
    if gateway.faults.is(Fault::PagerWithWrongScAddress) {
        session_sms::spoil_service_centre(&mut messages, &settings);
    }
    let pair = (number.as_str(), target.as_str());
    conversations::keep(gateway, &settings, (request, &sender), pair);
    let asked = notification::Asked::read(request, &sender, &target);
    let requested = notification::requests_status_report(gateway, &asked);
    messages
        .iter_mut()
        .for_each(|m| m.report_requested = requested);
    Ok(Submitted {
        patience: Duration::from_secs_f64(settings.submission_seconds),
        reports_until: reports::until(&settings),
        asked,
        submissions: session_sms::submit(gateway, &settings, messages),
        sender,
    })
}

/// The caller's own number, or one of the pool for who must not be known (kept in quarantine for the reply).
pub fn sender_number(
    gateway: &Gateway,
    sender: &Sender,
    settings: &Settings,
    sms_user: &str,
) -> Option<String> {
    mark!("ANO-06");
    let hidden = sender.anonymous && !gateway.faults.is(Fault::LeaksCallerInPager);
    if !hidden && sender.number.starts_with('+') {
        return Some(sender.number.clone());
    }
    let id = SessionId(0);
    let now = Instant::now();
    let mut numbers = locked(&gateway.numbers);
    let number = numbers.assign(now, &settings.pool, sms_user, id)?;
    let kept = Duration::from_secs_f64(settings.quarantine_seconds);
    numbers.release(now, &number, sms_user, id, kept);
    Some(number)
}

/// Plain text, alone or in message/cpim; `Err` = response code.
pub fn text_of(request: &SipMessage, faults: InForce) -> Result<String, u16> {
    mark!("PGO-03");
    let anything = faults.is(Fault::PagerContentNotChecked);
    let content_type = request.content_type().unwrap_or_default();
    match content_type.as_str() {
        kind if kind == "text/plain" || (anything && kind != "message/cpim") => {
            String::from_utf8(request.body.clone()).map_err(|_| 400)
        }
        "message/cpim" => {
            let cpim = CpimMessage::parse(&request.body).map_err(|_| 400u16)?;
            let inner = cpim.content_type().unwrap_or("text/plain".into());
            if anything {
                return String::from_utf8(cpim.content).map_err(|_| 400);
            }
            if relay::media_type(&inner) != "text/plain" {
                return Err(415);
            }
            cpim.text().ok_or(400)
        }
        _ => Err(415),
    }
}

/// May interworked messages be delivered to this CPM user?
pub fn recipient_is_authorised(gateway: &Gateway, number: &str) -> bool {
    mark!("AUT-04");
    read_locked(&gateway.subscribers).is_authorised(number)
        || gateway.faults.is(Fault::DeliversToUnauthorised)
}

/// The user a number stands for towards this SMS user: his own, or one he wrote from without being known.
pub fn user_behind(gateway: &Gateway, number: &str, sms_user: &str) -> String {
    let known = locked(&gateway.conversations).find(number, sms_user);
    known.map_or_else(|| number.to_owned(), |conversation| conversation.cpm_user)
}

/// A short message outside chats: to the CPM user its destination names, or nowhere.
pub async fn to_cpm_user(gateway: &Gateway, message: ShortMessage) {
    mark!("PGT-01");
    let user = user_behind(gateway, &message.to, &message.from);
    let Some(reach) = reachable(gateway, &user) else {
        return message.answer.give(Handover::UnknownUser);
    };
    match level_of(gateway, &user, &reach) {
        Some(Level::Service) => {}
        None if reach.capable == PerLevel::default() => {
            return message.answer.give(Handover::Absent);
        }
        _ => return message.answer.give(Handover::Rejected),
    }
    let contact = Some(reach.contact.as_str()).filter(|contact| !contact.is_empty());
    send(gateway, &format!("tel:{user}"), contact, message).await;
}

/// Sends the MESSAGE and answers the short message by its final response.
pub async fn send(gateway: &Gateway, to: &str, contact: Option<&str>, message: ShortMessage) {
    mark!("PGT-02");
    mark!("PGT-06");
    let Some((address, transport)) = contact.and_then(address_of) else {
        tracing::info!(to, "no contact to send a MESSAGE to");
        return message.answer.give(Handover::Absent);
    };
    let faults = gateway.faults;
    let user = to.strip_prefix("tel:").unwrap_or(to);
    let (limit, names) = {
        let subscribers = read_locked(&gateway.subscribers);
        let limit = subscribers.large_message_octets(user);
        (limit, subscribers.alphanumeric_originators(user))
    };
    if !is_number(&message.from) {
        mark!("PGT-07");
    }
    if names == AlphanumericOriginators::Refused
        && !is_number(&message.from)
        && !faults.is(Fault::NamedSendersDelivered)
    {
        return message.answer.give(Handover::Rejected);
    }
    mark!("PGT-04");
    if message.text.len() > limit && !faults.is(Fault::LargeTextAsOneMessage) {
        return large::send(gateway, to, (address, transport), message).await;
    }
    let request = compose(gateway, to, &message);
    if gateway.faults.is(Fault::PagerMessageTwice) && message.text.len() <= 160 {
        let again = gateway.agent.request(request.clone(), address, transport);
        again.await.ok();
    }
    let mut message = message;
    if gateway.faults.is(Fault::AcknowledgesBeforeSip) {
        let nobody = DeliveryAnswer::new(|_, _| {});
        std::mem::replace(&mut message.answer, nobody).give(Handover::Taken);
        // Both ways are quick: without a pause the terminal's answer is first now and then.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let code = match gateway.agent.request(request, address, transport).await {
        Ok(response) => match failure::of_delivery(response.status().unwrap_or(500)) {
            Handover::Failed if faults.is(Fault::SipFailureAsAbsence) => Handover::Absent,
            handover => handover,
        },
        Err(error) => {
            tracing::info!(%error, to, "a short message did not reach the CPM user");
            Handover::Absent
        }
    };
    message.answer.give(code);
}

/// The SIP MESSAGE a short message becomes.
fn compose(gateway: &Gateway, to: &str, message: &ShortMessage) -> SipMessage {
    mark!("FT-03");
    mark!("FT-04");
    mark!("PGT-07");
    let (agent, faults) = (&gateway.agent, gateway.faults);
    let from = &message.from;
    let mut request = SipMessage::request("MESSAGE", to);
    push_sender(gateway, &mut request, from);
    request.push("To", format!("<{to}>"));
    let service = match faults.is(Fault::ServiceHeaderEscaped) {
        true => MESSAGE_SERVICE.replace(':', "%3A"),
        false => MESSAGE_SERVICE.to_owned(),
    };
    request.push("P-Asserted-Service", service);
    let feature = match faults.is(Fault::PagerMarkedAsSession) {
        true => SESSION_FEATURE,
        false => MESSAGE_FEATURE,
    };
    request.push("Accept-Contact", format!("*;{feature}"));
    request.push("Request-Disposition", "no-fork");
    for (name, value) in conversations::answer_headers(gateway, message) {
        request.push(&name, value);
    }
    let plain = "text/plain;charset=UTF-8";
    let id = agent.token();
    let sent = message.time_stamp.as_deref();
    let cpim = cpim_message(from, to, &id, plain, message.text.clone(), sent);
    request.set_body("message/cpim", cpim.to_octets());
    request
}

/// Who is asserted for an SMS user, in 2xx and in requests.
pub fn asserted(gateway: &Gateway, number: &str) -> String {
    mark!("FT-08");
    match gateway.faults.is(Fault::AssertsAnotherNumber) {
        true => format!("<tel:{}>", session_sms::other_number(number)),
        false => format!("<tel:{number}>"),
    }
}

/// From and P-Asserted-Identity of a request on behalf of the sender of a short message, who may be a name.
pub fn push_sender(gateway: &Gateway, request: &mut SipMessage, sender: &str) {
    mark!("PGT-07");
    let (agent, faults) = (&gateway.agent, gateway.faults);
    let own = format!("sip:ipsmgw@{}", agent.sip_address());
    let from = match is_number(sender) {
        true if faults.is(Fault::PagerFromGateway) => format!("<{own}>"),
        true => format!("<tel:{sender}>"),
        false => format!("\"{}\" <{own}>", sender.replace(['"', '\\'], "")),
    };
    request.push("From", format!("{from};tag={}", agent.token()));
    let identity = match is_number(sender) {
        true => asserted(gateway, sender),
        false => from,
    };
    request.push("P-Asserted-Identity", identity);
}

/// A sender with a telephone number, and not with a name (3GPP TS 23.040 clause 9.1.2.5, type of number 5).
pub fn is_number(sender: &str) -> bool {
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit())
}

/// Where a contact URI leads: its host must be an address.
pub fn address_of(contact: &str) -> Option<(SocketAddr, Transport)> {
    let uri = SipUri::parse(contact).ok()?;
    let ip = uri.host.parse().ok()?;
    let transport = Transport::of_uri(&uri).unwrap_or(Transport::Udp);
    let address = SocketAddr::new(ip, uri.port.unwrap_or(5060));
    Some((address, transport))
}
