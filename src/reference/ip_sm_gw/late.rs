//! Short messages to a number whose session is over but which is still in quarantine.
//!
//! They are acknowledged and open nothing (catalogue INV-12, ADR-09, S2M-09). The SMS user may be told once that the chat is over.
//! Content for a caller's own number is an ordinary short message to that user.

use super::inbound::ShortMessage;
use super::invitation::{SESSION_FEATURE, SESSION_SERVICE};
use super::keywords::{Meaning, meaning};
use super::pager;
use super::relay;
use super::session::Session;
use crate::reference::faults::Fault;
use crate::reference::short_message::Handover;
use crate::wire::sip::SipMessage;

/// Acknowledges the message; never touches SIP or MSRP of the session that was.
pub async fn receive(session: &mut Session, message: ShortMessage) {
    let faults = session.gateway.faults;
    let said = meaning(&message.text, &session.settings.keywords, faults);
    mark!("S2M-09");
    if said == Meaning::Content && session.number_is_own {
        return pager::to_cpm_user(&session.gateway, message).await;
    }
    message.answer.give(Handover::Taken);
    if let Some((control, cpim)) = session.outlived.clone() {
        let id = session.gateway.agent.token();
        let sent = message.time_stamp.as_deref();
        let send = relay::outgoing(session, &message.text, cpim, &id, sent);
        tokio::spawn(async move { control.send(send).await.ok() });
    }
    mark!("TD-11");
    if said == Meaning::Leave && faults.is(Fault::ClosingMessageRepeated) {
        session.submit_closing_message();
    }
    if said == Meaning::Accept && faults.is(Fault::LateAnswerOpensSession) {
        invite_caller(session);
    }
    let text = session.late_text();
    if !text.is_empty() && !session.late_told {
        session.late_told = true;
        session.submit(&text);
    }
}

/// Opens a session towards the caller of the invitation that has ended (a deliberate fault).
fn invite_caller(session: &Session) {
    let Some(contact) = session.invitation.contact.clone() else {
        return;
    };
    let Some((address, transport)) = pager::address_of(&contact) else {
        return;
    };
    let agent = session.gateway.agent.clone();
    let mut invite = SipMessage::request("INVITE", &contact);
    invite.push(
        "From",
        format!("<tel:{}>;tag={}", session.sms_user, agent.token()),
    );
    invite.push("To", format!("<{}>", session.invitation.sender.uri));
    let port = agent.sip_address();
    invite.push("Contact", format!("<sip:{port}>;{SESSION_FEATURE}"));
    invite.push("P-Asserted-Service", SESSION_SERVICE);
    let path = format!("msrp://{}/{};tcp", agent.msrp_address(), agent.token());
    let ip = agent.msrp_address().ip();
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=message {} TCP/MSRP *\r\n\
         a=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\na=setup:actpass\r\na=path:{path}\r\n",
        agent.msrp_address().port()
    );
    invite.set_body("application/sdp", sdp.into_bytes());
    tokio::spawn(async move {
        if let Err(error) = agent.request(invite, address, transport).await {
            tracing::debug!(%error, "the unasked invitation was not answered");
        }
    });
}
