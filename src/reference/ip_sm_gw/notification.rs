//! Notifications to the sender of a pager message (RFC 5438): a SIP MESSAGE that tells what became of it.
//!
//! Whether there is something to tell is its callers' business.

use super::invitation::{MESSAGE_FEATURE, MESSAGE_SERVICE, Sender};
use super::{Gateway, pager, read_locked};
use crate::wire::cpim::{CpimMessage, Imdn, ImdnStatus};
use crate::wire::sip::SipMessage;

/// What the sender of a pager message wants to know, and how it is told.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// imdn.Message-ID of the message.
    pub message_id: Option<String>,
    pub negative_delivery: bool,
    /// Who is told: number and URI.
    pub sender: String,
    pub sender_uri: String,
    /// Who the message was for.
    pub sms_user: String,
    pub conversation_id: Option<String>,
    pub contribution_id: Option<String>,
}

impl Asked {
    pub fn read(request: &SipMessage, sender: &Sender, sms_user: &str) -> Self {
        let cpim = request
            .body_of("message/cpim")
            .and_then(|octets| CpimMessage::parse(&octets).ok());
        let asked = cpim
            .as_ref()
            .and_then(|cpim| cpim.imdn_header("Disposition-Notification"))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let asks = |what: &str| asked.split(',').any(|token| token.trim() == what);
        Self {
            message_id: cpim
                .as_ref()
                .and_then(|cpim| cpim.imdn_header("Message-ID"))
                .map(String::from),
            negative_delivery: asks("negative-delivery"),
            sender: sender.number.clone(),
            sender_uri: sender.uri.clone(),
            sms_user: sms_user.to_owned(),
            conversation_id: sender.conversation_id.clone(),
            contribution_id: sender.contribution_id.clone(),
        }
    }
}

/// Tells that the message has failed, if its sender wants to know.
pub async fn failed(gateway: &Gateway, asked: &Asked) {
    if asked.negative_delivery {
        tell(gateway, asked, ImdnStatus::Failed).await;
    }
}

/// Sends the notification to the contact of the sender.
pub async fn tell(gateway: &Gateway, asked: &Asked, status: ImdnStatus) {
    let contact = read_locked(&gateway.subscribers).contact(&asked.sender);
    let (Some(id), Some((address, transport))) = (
        asked.message_id.clone(),
        contact.as_deref().and_then(pager::address_of),
    ) else {
        return;
    };
    let request = compose(gateway, asked, id, status);
    if let Err(error) = gateway.agent.request(request, address, transport).await {
        tracing::info!(%error, "a notification did not reach the CPM user");
    }
}

fn compose(gateway: &Gateway, asked: &Asked, id: String, status: ImdnStatus) -> SipMessage {
    let from = format!("<tel:{}>", asked.sms_user);
    let to = format!("<{}>", asked.sender_uri);
    let mut request = SipMessage::request("MESSAGE", &asked.sender_uri);
    request.push("From", format!("{from};tag={}", gateway.agent.token()));
    request.push("To", &to);
    request.push("P-Asserted-Identity", &from);
    request.push("P-Asserted-Service", MESSAGE_SERVICE);
    request.push("Accept-Contact", format!("*;{MESSAGE_FEATURE}"));
    for (name, value) in [
        ("Conversation-ID", &asked.conversation_id),
        ("Contribution-ID", &asked.contribution_id),
    ] {
        if let Some(value) = value {
            request.push(name, value);
        }
    }
    let notification = Imdn {
        message_id: id,
        datetime: Some(jiff::Timestamp::now().to_string()),
        recipient_uri: Some(format!("tel:{}", asked.sms_user)),
        original_recipient_uri: None,
        status,
    };
    let header = |name: &str, value: String| (name.to_owned(), value);
    let wrapped = CpimMessage {
        headers: vec![
            header("From", from),
            header("To", to),
            header("NS", "imdn <urn:ietf:params:imdn>".into()),
            header("imdn.Message-ID", gateway.agent.token()),
        ],
        content_headers: vec![
            header("Content-Type", "message/imdn+xml".into()),
            header("Content-Disposition", "notification".into()),
        ],
        content: notification.to_octets(),
    };
    request.set_body("message/cpim", wrapped.to_octets());
    request
}
