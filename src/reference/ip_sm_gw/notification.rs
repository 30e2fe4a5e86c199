//! Notifications to the sender of a message (RFC 5438): what a CPM user wants to know, and the document that tells what became of it.
//!
//! For pager messages they go by SIP MESSAGE; for chat messages `reports` sends them in the chat. Whether there is something to tell is
//! its callers' business.

use super::invitation::{MESSAGE_FEATURE, MESSAGE_SERVICE, Sender};
use super::relay::ChatMessage;
use super::{Gateway, conversations, pager, read_locked};
use crate::reference::faults::Fault;
use crate::reference::user_agent::HeaderList;
use crate::wire::cpim::{CpimMessage, Imdn, ImdnStatus};
use crate::wire::sip::SipMessage;

/// What the sender of a message wants to know, and how it is told.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// imdn.Message-ID of the message.
    pub message_id: Option<String>,
    pub positive_delivery: bool,
    pub negative_delivery: bool,
    /// A failure is told although nobody asked (only for a fault).
    pub failure_unasked: bool,
    /// Nobody on the SMS side can tell whether a message was displayed (3GPP TS 23.204 clause 6.10 NOTE 1).
    pub display: bool,
    /// Who is told: number and URI.
    pub sender: String,
    pub sender_uri: String,
    /// Who the message was for.
    pub sms_user: String,
    /// CPM parameters of the message.
    pub parameters: HeaderList,
}

impl Asked {
    pub fn read(request: &SipMessage, sender: &Sender, sms_user: &str) -> Self {
        mark!("DR-01");
        mark!("DR-04");
        let cpim = request
            .body_of("message/cpim")
            .and_then(|octets| CpimMessage::parse(&octets).ok());
        let asks = |what: &str| cpim.as_ref().is_some_and(|cpim| asks_for(cpim, what));
        Self {
            message_id: cpim
                .as_ref()
                .and_then(|cpim| cpim.imdn_header("Message-ID"))
                .map(String::from),
            positive_delivery: asks("positive-delivery"),
            negative_delivery: asks("negative-delivery"),
            failure_unasked: false,
            display: asks("display"),
            sender: sender.number.clone(),
            sender_uri: sender.uri.clone(),
            sms_user: sms_user.to_owned(),
            parameters: sender.cpm_headers(),
        }
    }

    pub fn in_chat(message: &ChatMessage, sender: &Sender, sms_user: &str) -> Self {
        Self {
            message_id: message.imdn_id.clone(),
            positive_delivery: message.positive_delivery,
            negative_delivery: message.negative_delivery,
            failure_unasked: false,
            display: false,
            sender: sender.number.clone(),
            sender_uri: sender.uri.clone(),
            sms_user: sms_user.to_owned(),
            parameters: HeaderList::new(),
        }
    }

    pub fn wants_status_report(&self) -> bool {
        self.positive_delivery || self.negative_delivery
    }
}

/// A word of imdn.Disposition-Notification.
pub fn asks_for(cpim: &CpimMessage, what: &str) -> bool {
    let asked = cpim.imdn_header("Disposition-Notification");
    asked.is_some_and(|asked| {
        asked
            .split(',')
            .any(|token| token.trim().eq_ignore_ascii_case(what))
    })
}

/// Does the short message of a pager message request a status report?
pub fn requests_status_report(gateway: &Gateway, asked: &Asked) -> bool {
    mark!("DR-01");
    mark!("DR-02");
    let faults = gateway.faults;
    if faults.is(Fault::PagerStatusReportNotRequested) {
        return false;
    }
    asked.wants_status_report() || (asked.display && faults.is(Fault::DisplayRequestsStatusReport))
}

/// Tells that the message has failed, if its sender wants to know.
pub async fn failed(gateway: &Gateway, asked: &Asked) {
    if asked.negative_delivery {
        tell(gateway, asked, ImdnStatus::Failed).await;
    }
}

/// Tells what the service centre has reported of a pager message.
pub async fn reported(gateway: &Gateway, asked: &Asked, status: ImdnStatus) {
    mark!("DR-03");
    let faults = gateway.faults;
    if faults.is(Fault::PagerNotificationMissing) {
        return;
    }
    tell(gateway, asked, status).await;
    if faults.is(Fault::PagerNotificationTwice) {
        tell(gateway, asked, status).await;
    }
    if asked.display && faults.is(Fault::DisplayedTold) {
        tell(gateway, asked, ImdnStatus::Displayed).await;
    }
}

/// Sends the notification to the contact of the sender.
pub async fn tell(gateway: &Gateway, asked: &Asked, status: ImdnStatus) {
    let contact = read_locked(&gateway.subscribers).contact(&asked.sender);
    let (Some(notification), Some((address, transport))) = (
        wrapped(gateway, asked, status),
        contact.as_deref().and_then(pager::address_of),
    ) else {
        return;
    };
    let request = compose(gateway, asked, &notification);
    if let Err(error) = gateway.agent.request(request, address, transport).await {
        tracing::info!(%error, "a notification did not reach the CPM user");
    }
}

fn compose(gateway: &Gateway, asked: &Asked, notification: &CpimMessage) -> SipMessage {
    let from = format!("<tel:{}>", asked.sms_user);
    let mut request = SipMessage::request("MESSAGE", &asked.sender_uri);
    request.push("From", format!("{from};tag={}", gateway.agent.token()));
    request.push("To", format!("<{}>", asked.sender_uri));
    request.push("P-Asserted-Identity", &from);
    request.push("P-Asserted-Service", MESSAGE_SERVICE);
    request.push("Accept-Contact", format!("*;{MESSAGE_FEATURE}"));
    mark!("PAR-09");
    let mut parameters = asked.parameters.clone();
    if gateway.faults.is(Fault::OtherParametersInNotification) {
        conversations::change(&mut parameters);
    }
    for (name, value) in &parameters {
        request.push(name, value);
    }
    request.set_body("message/cpim", notification.to_octets());
    request
}

/// The notification in message/cpim; `None` if the message gave no id to name it by.
pub fn wrapped(gateway: &Gateway, asked: &Asked, status: ImdnStatus) -> Option<CpimMessage> {
    mark!("DR-04");
    mark!("DR-10");
    let mut message_id = asked.message_id.clone()?;
    if !asked.parameters.is_empty() && gateway.faults.is(Fault::PagerNotificationNamesAnother) {
        message_id.push('x');
    }
    let notification = Imdn {
        message_id,
        datetime: Some(crate::reference::calendar::now().to_string()),
        recipient_uri: Some(format!("tel:{}", asked.sms_user)),
        original_recipient_uri: None,
        status,
    };
    let header = |name: &str, value: String| (name.to_owned(), value);
    Some(CpimMessage {
        headers: vec![
            header("From", format!("<tel:{}>", asked.sms_user)),
            header("To", format!("<{}>", asked.sender_uri)),
            header("NS", "imdn <urn:ietf:params:imdn>".into()),
            header("imdn.Message-ID", gateway.agent.token()),
        ],
        content_headers: vec![
            header("Content-Type", "message/imdn+xml".into()),
            header("Content-Disposition", "notification".into()),
        ],
        content: notification.to_octets(),
    })
}
