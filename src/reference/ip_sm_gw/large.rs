//! Large messages: a text too long for one SIP MESSAGE goes by a message session of its own (3GPP TS 29.311 clause 6.1.4.3.2): INVITE, one
//! MSRP message, BYE.
//!
//! The 2xx is acknowledged once: should the ACK be lost, the repeated 2xx stays unanswered and the other side ends the session.

use super::Gateway;
use super::conversations;
use super::failure;
use super::inbound::ShortMessage;
use super::invitation::{LARGE_FEATURE, LARGE_SERVICE, SESSION_FEATURE, SESSION_SERVICE};
use super::pager;
use super::relay::cpim_message;
use crate::reference::faults::Fault;
use crate::reference::short_message::Handover;
use crate::reference::user_agent::Transport;
use crate::reference::user_agent::msrp::{MsrpEvent, MsrpOutgoing, MsrpSession};
use crate::wire::sdp::{MessageMedia, SessionDescription, Setup, write_message_sdp};
use crate::wire::sip::{NameAddr, SipMessage};
use std::net::SocketAddr;
use std::time::Duration;

/// How long the other side may take to open the message connection.
const CONNECT: Duration = Duration::from_secs(10);

type Way = (SocketAddr, Transport);

/// Sends it, and answers the short message by what comes of it.
pub async fn send(gateway: &Gateway, to: &str, way: Way, message: ShortMessage) {
    let Ok(msrp) = gateway.agent.msrp().open() else {
        return message.answer.give(Handover::Congested);
    };
    let invite = invite(gateway, to, &message, msrp.control.local_path());
    let ShortMessage {
        from, text, answer, ..
    } = message;
    let words = [&from, to, &text];
    answer.give(exchange(gateway, invite, way, msrp, words).await);
}

/// The session from its INVITE to its BYE. `words` are sender, recipient and text.
async fn exchange(
    gateway: &Gateway,
    invite: SipMessage,
    way: Way,
    mut msrp: MsrpSession,
    words: [&str; 3],
) -> Handover {
    mark!("PGT-05");
    let asked = invite.clone();
    let response = match gateway.agent.request(invite, way.0, way.1).await {
        Ok(response) => response,
        Err(error) => {
            tracing::info!(%error, to = words[1], "a large message found nobody");
            return Handover::Absent;
        }
    };
    let code = response.status().unwrap_or(500);
    if code >= 300 {
        return failure::of_delivery(code);
    }
    let dialog = Dialog::of(&asked, &response);
    gateway
        .agent
        .acknowledge(dialog.request("ACK"), way.0, way.1);
    let handover = deliver(gateway, words, &mut msrp, &response).await;
    if !gateway.faults.is(Fault::LargeMessageNotEnded) {
        let bye = dialog.request("BYE");
        if let Err(error) = gateway.agent.request(bye, way.0, way.1).await {
            tracing::debug!(%error, "the end of a large message was not answered");
        }
    }
    handover
}

/// The message in its session, once the connection stands.
async fn deliver(
    gateway: &Gateway,
    [from, to, text]: [&str; 3],
    msrp: &mut MsrpSession,
    response: &SipMessage,
) -> Handover {
    let answer = response
        .body_of("application/sdp")
        .and_then(|body| SessionDescription::parse(&body).ok());
    let Some(media) = answer.as_ref().and_then(SessionDescription::message) else {
        return Handover::Failed;
    };
    msrp.control.set_remote_path(media.path.clone());
    if media.setup == Some(Setup::Active) {
        let opened = tokio::time::timeout(CONNECT, connected(msrp)).await;
        if !matches!(opened, Ok(true)) {
            return Handover::Absent;
        }
    } else if msrp.control.connect().await.is_err() {
        return Handover::Absent;
    }
    let pieces = match gateway.faults.is(Fault::LargeMessageInTwo) {
        true => <[&str; 2]>::from(text.split_at(half(text))).to_vec(),
        false => vec![text],
    };
    for text in pieces {
        let id = gateway.agent.token();
        let plain = "text/plain;charset=UTF-8";
        let cpim = cpim_message(from, to, &id, plain, text.to_owned(), None);
        let outgoing = MsrpOutgoing {
            content_type: Some("message/cpim".into()),
            body: cpim.to_octets(),
            ..MsrpOutgoing::default()
        };
        match msrp.control.send(outgoing).await {
            Ok(200) => {}
            Ok(code) => return failure::of_delivery(code),
            Err(_) => return Handover::Absent,
        }
    }
    Handover::Taken
}

/// The other side has opened its connection.
async fn connected(msrp: &mut MsrpSession) -> bool {
    while let Some(event) = msrp.events.recv().await {
        if matches!(event, MsrpEvent::Connected(_)) {
            return true;
        }
    }
    false
}

/// The middle of a text, between two characters.
fn half(text: &str) -> usize {
    (text.len() / 2..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

fn invite(gateway: &Gateway, to: &str, message: &ShortMessage, path: &str) -> SipMessage {
    let agent = &gateway.agent;
    let (service, feature) = match gateway.faults.is(Fault::LargeMessageMarkedAsSession) {
        true => (SESSION_SERVICE, SESSION_FEATURE),
        false => (LARGE_SERVICE, LARGE_FEATURE),
    };
    let mut request = SipMessage::request("INVITE", to);
    pager::push_sender(gateway, &mut request, &message.from);
    request.push("To", format!("<{to}>"));
    request.push("Call-ID", agent.token());
    request.push("CSeq", "1 INVITE");
    request.push(
        "Contact",
        format!("<sip:{}>;{feature}", agent.sip_address()),
    );
    request.push("P-Asserted-Service", service);
    request.push("Accept-Contact", format!("*;{feature}"));
    for (name, value) in conversations::answer_headers(gateway, message) {
        request.push(&name, value);
    }
    let local = agent.msrp_address();
    let media = MessageMedia {
        port: local.port(),
        protocol: "TCP/MSRP".into(),
        address: local.ip().to_string(),
        path: vec![path.to_owned()],
        accept_types: vec!["message/cpim".into()],
        accept_wrapped_types: vec!["text/plain".into(), "message/imdn+xml".into()],
        setup: Some(Setup::Actpass),
        direction: "sendonly".into(),
        max_size: None,
    };
    request.set_body("application/sdp", write_message_sdp(1, 1, &media));
    request
}

/// What requests in the dialog need (RFC 3261 section 12.2.1.1).
struct Dialog {
    target: String,
    routes: Vec<String>,
    from: String,
    to: String,
    call_id: String,
}

impl Dialog {
    fn of(invite: &SipMessage, response: &SipMessage) -> Self {
        let contact = response.values("Contact").into_iter().next();
        let target = contact.and_then(|contact| NameAddr::parse(contact).ok());
        let routes = response.values("Record-Route").into_iter().rev();
        let header = |of: &SipMessage, name: &str| of.header(name).unwrap_or_default().to_owned();
        Self {
            target: target.map_or_else(
                || invite.uri().unwrap_or_default().to_owned(),
                |address| address.uri.as_str().to_owned(),
            ),
            routes: routes.map(String::from).collect(),
            from: header(invite, "From"),
            to: header(response, "To"),
            call_id: header(invite, "Call-ID"),
        }
    }

    fn request(&self, method: &str) -> SipMessage {
        let mut request = SipMessage::request(method, &self.target);
        for route in &self.routes {
            request.push("Route", route);
        }
        request.push("Max-Forwards", "70");
        request.push("From", &self.from);
        request.push("To", &self.to);
        request.push("Call-ID", &self.call_id);
        let number = if method == "ACK" { 1 } else { 2 };
        request.push("CSeq", format!("{number} {method}"));
        request.push("Content-Length", "0");
        request
    }
}
