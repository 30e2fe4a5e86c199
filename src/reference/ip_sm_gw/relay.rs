//! One chat message into text, one text into a chat message (catalogue sections 2.6 and 2.7).

use super::chat_text;
use super::failure;
use super::locked;
use super::notification::asks_for;
use super::session::Session;
use super::session_sms::{self, other_number};
use crate::reference::faults::{Fault, InForce};
use crate::reference::short_message::{DeliveryAnswer, Handover, Submission};
use crate::reference::user_agent::msrp::{MsrpControl, MsrpIncoming, MsrpOutgoing};
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::{NameAddr, number_of};
use std::pin::Pin;
use std::time::Duration;

/// A short message on its way into the chat.
pub type Relaying = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A chat message read: its text, and what its sender wants to know about its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatMessage {
    pub text: String,
    /// Who wrote it, as CPIM says: the number, else the address.
    pub sender: Option<String>,
    pub success_report: bool,
    /// `imdn.Message-ID` and `imdn.Disposition-Notification`, if it asks for delivery notifications.
    pub imdn_id: Option<String>,
    pub positive_delivery: bool,
    pub negative_delivery: bool,
}

impl ChatMessage {
    /// Failure-Report, whose default is yes, asks for nothing that the service centre must report.
    pub fn wants_status_report(&self) -> bool {
        mark!("M2S-14");
        self.success_report || self.positive_delivery || self.negative_delivery
    }
}

/// The text of a chat message; `None` = nothing for the SMS user (no body, a composing indication, a notification); `Err` = response code.
pub fn read(message: &MsrpIncoming, faults: InForce) -> Result<Option<ChatMessage>, u16> {
    mark!("M2S-03");
    mark!("M2S-09");
    mark!("M2S-10");
    mark!("M2S-11");
    mark!("DR-15");
    let read = ChatMessage {
        success_report: message.success_report,
        ..ChatMessage::default()
    };
    let Some(content_type) = &message.content_type else {
        return Ok(None);
    };
    let asked = message.failure_report == "yes";
    if faults.is(Fault::NonTextRelayed) && asked && !known(content_type, &message.body) {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        return Ok(Some(ChatMessage { text, ..read }));
    }
    match media_type(content_type).as_str() {
        "message/cpim" => {}
        kind => {
            let text = String::from_utf8(message.body.clone()).map_err(|_| 400u16);
            return plain(kind, text, read, faults);
        }
    }
    let cpim = CpimMessage::parse(&message.body).map_err(|_| 400u16)?;
    let inner = cpim.content_type().unwrap_or("text/plain".into());
    let text = match cpim.text() {
        Some(_) if faults.is(Fault::CpimShown) => {
            Ok(String::from_utf8_lossy(&message.body).into_owned())
        }
        Some(text) => Ok(text),
        None if faults.is(Fault::NotificationShown) => {
            Ok(String::from_utf8_lossy(&cpim.content).into_owned())
        }
        None => Err(400),
    };
    let asks = |what: &str| asks_for(&cpim, what);
    let sender = cpim
        .header("From")
        .and_then(|from| NameAddr::parse(from).ok())
        .map(|from| number_of(from.uri.as_str()).unwrap_or_else(|| from.uri.as_str().to_owned()));
    let read = ChatMessage {
        sender,
        imdn_id: cpim.imdn_header("Message-ID").map(String::from),
        positive_delivery: asks("positive-delivery"),
        negative_delivery: asks("negative-delivery"),
        ..read
    };
    let mut kind = media_type(&inner);
    if kind == "message/imdn+xml" && text.is_ok() {
        kind = "text/plain".into();
    }
    plain(&kind, text, read, faults)
}

/// Content that is converted, or known to be for machines only.
fn known(content_type: &str, body: &[u8]) -> bool {
    let mut kind = media_type(content_type);
    if kind == "message/cpim" {
        let inner = CpimMessage::parse(body).ok();
        kind = inner
            .and_then(|cpim| cpim.content_type())
            .unwrap_or_default();
    }
    [
        "text/plain",
        "application/im-iscomposing+xml",
        "message/imdn+xml",
    ]
    .contains(&kind.as_str())
}

fn plain(
    kind: &str,
    text: Result<String, u16>,
    read: ChatMessage,
    faults: InForce,
) -> Result<Option<ChatMessage>, u16> {
    match kind {
        "text/plain" => {
            let text = text?;
            Ok((!text.is_empty()).then_some(ChatMessage { text, ..read }))
        }
        "application/im-iscomposing+xml" if faults.is(Fault::ComposingRelayed) => {
            let text = "is writing".into();
            Ok(Some(ChatMessage { text, ..read }))
        }
        "application/im-iscomposing+xml" | "message/imdn+xml" => Ok(None),
        _ => Err(415),
    }
}

pub fn media_type(content_type: &str) -> String {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

impl Session {
    /// The SMS user of another chat of the same CPM user (only for a fault).
    fn another_sms_user(&self) -> Option<String> {
        let sessions = locked(&self.gateway.sessions);
        let other = sessions.values().find(|entry| {
            entry.originator == self.invitation.sender.number && entry.sms_user != self.sms_user
        })?;
        Some(other.sms_user.clone())
    }

    /// Submits a chat text, with a receipt where its sender wants one; `None` if it is too long.
    pub fn submit_chat(&mut self, message: &ChatMessage) -> Option<Vec<Submission>> {
        mark!("M2S-14");
        mark!("ADR-01");
        let faults = self.gateway.faults;
        self.references = self.references % 255 + 1;
        let mut from = self.number.clone();
        if faults.is(Fault::NumberChangesWithinSession) {
            from = other_number(&from);
        }
        mark!("ADR-06");
        if self.invitation.group && faults.is(Fault::GroupNumberForeign) {
            from = other_number(&from);
        }
        let mut to = self.sms_user.clone();
        if faults.is(Fault::ChatToWrongUser) {
            to = self.another_sms_user().unwrap_or(to);
        }
        let mut messages = chat_text::compose(&message.text, &from, &to, self.references, faults)?;
        if self.sms_user.is_empty() {
            return Some(Vec::new());
        }
        let requested = match message.wants_status_report() {
            true => !faults.is(Fault::StatusReportNeverRequested),
            false => faults.is(Fault::StatusReportAlwaysRequested),
        };
        messages
            .iter_mut()
            .for_each(|m| m.report_requested = requested);
        mark!("M2S-12");
        if faults.is(Fault::ChatOrderChanged) && self.references.is_multiple_of(2) {
            return Some(chat_text::submit_late(
                &self.gateway,
                &self.settings,
                messages,
            ));
        }
        Some(session_sms::submit(&self.gateway, &self.settings, messages))
    }
}

/// The SEND a short message becomes.
pub fn outgoing(
    session: &Session,
    text: &str,
    cpim: bool,
    id: &str,
    sent: Option<&str>,
) -> MsrpOutgoing {
    mark!("S2M-02");
    mark!("S2M-03");
    mark!("S2M-04");
    let faults = session.gateway.faults;
    let mut text = text.to_owned();
    if faults.is(Fault::ShortMessageTextAltered) {
        text = text.to_uppercase();
    }
    let content_type = if faults.is(Fault::ContentTypeDiffers) {
        "text/html;charset=UTF-8"
    } else {
        "text/plain;charset=UTF-8"
    };
    if !cpim {
        return MsrpOutgoing {
            content_type: Some(content_type.into()),
            body: text.into_bytes(),
            ..MsrpOutgoing::default()
        };
    }
    let mut from = session.sms_user.clone();
    if faults.is(Fault::CpimFromDiffers) {
        from = other_number(&from);
    }
    if faults.is(Fault::CpimFromWithoutPlus) {
        from = from.trim_start_matches('+').to_owned();
    }
    mark!("S2M-04");
    let repeated = format!("m{}", session.id.0);
    let id = match faults.is(Fault::MessageIdRepeated) {
        true => &repeated,
        false => id,
    };
    let message = cpim_message(
        &from,
        &session.invitation.sender.uri,
        id,
        content_type,
        text,
        sent.filter(|_| !faults.is(Fault::TimeOfRelayInDateTime)),
    );
    MsrpOutgoing {
        content_type: Some("message/cpim".into()),
        body: message.to_octets(),
        ..MsrpOutgoing::default()
    }
}

/// A Message/CPIM from the SMS user, as chat and pager messages carry it; `sent` is when the service centre had it, if that is known.
pub fn cpim_message(
    from: &str,
    to: &str,
    id: &str,
    content_type: &str,
    text: String,
    sent: Option<&str>,
) -> CpimMessage {
    let now = crate::reference::calendar::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| crate::reference::calendar::now());
    let header = |name: &str, value: String| (name.to_owned(), value);
    // A sender that is a name has no URI of its own (3GPP TS 24.229 clause 4.2).
    let from = match super::pager::is_number(from) {
        true => format!("<tel:{from}>"),
        false => format!("\"{from}\" <sip:unavailable@unknown.invalid>"),
    };
    CpimMessage {
        headers: vec![
            header("From", from),
            header("To", format!("<{to}>")),
            header("NS", "imdn <urn:ietf:params:imdn>".into()),
            header("imdn.Message-ID", id.to_owned()),
            header(
                "DateTime",
                sent.map_or_else(|| now.to_string(), str::to_owned),
            ),
        ],
        content_headers: vec![header("Content-Type", content_type.to_owned())],
        content: text.into_bytes(),
    }
}

/// Sends it and answers the short message by what comes of it.
pub fn start(
    control: MsrpControl,
    send: MsrpOutgoing,
    mut answer: Option<DeliveryAnswer>,
    patience: Duration,
    faults: InForce,
) -> Relaying {
    mark!("S2M-05");
    Box::pin(async move {
        if faults.is(Fault::AcknowledgesBeforeChat)
            && let Some(answer) = answer.take()
        {
            answer.give(Handover::Taken);
            // Long enough that an observer sees which came first.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let code = match tokio::time::timeout(patience, control.send(send)).await {
            Ok(Ok(200)) => Handover::Taken,
            Ok(Ok(code)) => failure::of_delivery(code),
            Ok(Err(error)) => {
                tracing::info!(%error, "a short message did not reach the chat");
                Handover::Absent
            }
            Err(_) => Handover::Absent,
        };
        if let Some(answer) = answer {
            answer.give(code);
        }
    })
}

/// The one under way, if any.
pub async fn next(relaying: &mut Option<Relaying>) {
    match relaying {
        Some(relaying) => relaying.await,
        None => std::future::pending().await,
    }
}
