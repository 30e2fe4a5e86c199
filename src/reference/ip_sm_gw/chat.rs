//! The chat itself and its end: MSRP to short messages and back (3GPP TS 23.204 clauses 6.15 to 6.18).
//!
//! Active and Ending. What one chat message becomes is in `relay`; reports on it are in `reports`.
//! More than 400 lines, because what happens in a live chat and how it ends are one state machine.

use super::changes::Changes;
use super::inbound::ShortMessage;
use super::keywords::{Meaning, meaning};
use super::media::Offer;
use super::relay::{self, ChatMessage, Relaying};
use super::session::Session;
use super::session_sms;
use super::{State, failure};
use crate::reference::faults::{Fault, InForce};
use crate::reference::short_message::Handover;
use crate::reference::user_agent::msrp::{MsrpEvent, MsrpIncoming, MsrpOutgoing, MsrpSession};
use crate::reference::user_agent::{Dialog, DialogEvent, HeaderList, ServerRequest};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long what is relayed under a fault may take, and a first MSRP connection to come.
const RELAYED: Duration = Duration::from_secs(5);
const FIRST_CONNECT: Duration = Duration::from_secs(30);
/// How long a message session lives on under a fault.
const OUTLIVED: Duration = Duration::from_secs(2);
/// Short messages waiting for their turn in one chat.
const MOST_WAITING: usize = 64;

struct Chat {
    session: Session,
    dialog: Dialog,
    msrp: MsrpSession,
    cpim: bool,
    waiting: VecDeque<ShortMessage>,
    relaying: Option<Relaying>,
    connected: bool,
    media_over: bool,
    /// When the session ends for want of a connection.
    media_deadline: Option<Instant>,
    /// A chat text has gone to the SMS user.
    talked: bool,
    /// Of the participants, if it is a group chat.
    changes: Changes,
}

/// Why the session ends.
enum Ending {
    Bye(Box<ServerRequest>),
    /// The SMS user left; the text is relayed first (only under a fault).
    Left(Option<String>),
    Expired,
    MediaLost,
    /// A group chat has taken its place.
    Replaced,
    Gone,
}

/// Serves the session until it has ended; gives it back for its quarantine.
pub async fn serve(
    mut session: Session,
    dialog: Dialog,
    msrp: MsrpSession,
    offer: Offer,
) -> Session {
    session.set_state(State::Active);
    if offer.we_connect {
        let control = msrp.control.clone();
        tokio::spawn(async move {
            // A bodiless SEND binds the connection to the session (RFC 4975 section 5.4).
            let bound = match control.connect().await {
                Ok(()) => control.send(MsrpOutgoing::default()).await.map(|_| ()),
                Err(error) => Err(error),
            };
            if let Err(error) = bound {
                tracing::info!(%error, "no MSRP connection to the CPM user");
            }
        });
    }
    let mut first = std::mem::take(&mut session.relayed_first);
    let mut chat = Chat {
        session,
        dialog,
        msrp,
        cpim: offer.cpim,
        waiting: VecDeque::new(),
        relaying: None,
        connected: false,
        media_over: false,
        media_deadline: Some(Instant::now() + FIRST_CONNECT),
        talked: false,
        changes: Changes::default(),
    };
    if chat.session.invitation.group {
        let contact = chat.session.gateway.agent.sip_address();
        subscribe(&chat.dialog, contact);
    }
    mark!("SDP-07");
    let lost = chat.session.gateway.faults.is(Fault::FirstMessageLost);
    if let Some(text) = chat.session.invitation.first_text.take().filter(|_| !lost) {
        let message = ChatMessage {
            text,
            ..ChatMessage::default()
        };
        // Nobody asked for a report, so what becomes of it stays with the SMSC.
        chat.session.submit_chat(&message);
    }
    let ending = chat.run(&mut first).await;
    chat.end(ending).await
}

/// Asks the focus for the state of the conference, within the dialog of the chat (RFC 6665 section 4.5.2).
fn subscribe(dialog: &Dialog, contact: std::net::SocketAddr) {
    let control = dialog.control.clone();
    let mut headers: HeaderList = [
        ("Event", "conference"),
        ("Accept", "application/conference-info+xml"),
        ("Expires", "3600"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    headers.push(("Contact".into(), format!("<sip:{contact}>")));
    tokio::spawn(async move {
        if let Err(error) = control.request("SUBSCRIBE", &headers, None).await {
            tracing::debug!(%error, "the focus takes no subscription");
        }
    });
}

impl Chat {
    async fn run(&mut self, first: &mut VecDeque<String>) -> Ending {
        loop {
            self.relay_next(first);
            let deadline = self.media_deadline.unwrap_or_else(Instant::now);
            let changes = self.changes.due().unwrap_or_else(Instant::now);
            tokio::select! {
                event = self.dialog.events.recv() => {
                    if let Some(ending) = self.dialog_event(event) {
                        return ending;
                    }
                }
                event = self.msrp.events.recv(), if !self.media_over => self.media_event(event),
                Some(message) = self.session.inbox.recv() => {
                    if let Some(ending) = self.short_message(message) {
                        return ending;
                    }
                }
                () = self.session.replaced.notified() => return Ending::Replaced,
                () = relay::next(&mut self.relaying) => self.relaying = None,
                () = sleep_until(changes), if self.changes.due().is_some() => self.tell_changes(),
                () = sleep_until(deadline), if self.media_deadline.is_some() => {
                    return Ending::MediaLost;
                }
            }
        }
    }

    fn dialog_event(&mut self, event: Option<DialogEvent>) -> Option<Ending> {
        match event {
            Some(DialogEvent::Bye(request)) => Some(Ending::Bye(Box::new(request))),
            Some(DialogEvent::Expired) => {
                mark!("TD-13");
                let ignored = self.session.gateway.faults.is(Fault::IgnoresExpiry);
                (!ignored).then_some(Ending::Expired)
            }
            Some(DialogEvent::AckTimeout) | None => Some(Ending::Gone),
            Some(DialogEvent::Request(request)) if request.request.method() == Some("NOTIFY") => {
                self.notified(request);
                None
            }
            Some(DialogEvent::Request(request)) => {
                let code = if request.request.method() == Some("INFO") {
                    200
                } else {
                    405
                };
                request.respond(code, failure::reason(code), &HeaderList::new(), None);
                None
            }
            Some(DialogEvent::Confirmed(_) | DialogEvent::Refreshed(_)) => None,
        }
    }

    /// The focus tells the state of the conference.
    fn notified(&mut self, request: ServerRequest) {
        let body = request.request.body.clone();
        request.respond(200, "OK", &HeaderList::new(), None);
        let (faults, now) = (self.session.gateway.faults, Instant::now());
        let settings = &self.session.settings;
        if self.changes.notified(&body, settings, faults, now) {
            self.tell_changes();
        }
    }

    fn tell_changes(&mut self) {
        if let Some(text) = self.changes.text(&self.session.settings) {
            self.session.submit(&text);
        }
    }

    fn media_event(&mut self, event: Option<MsrpEvent>) {
        match event {
            Some(MsrpEvent::Connected(_)) => {
                self.connected = true;
                self.media_deadline = None;
            }
            Some(MsrpEvent::Message(message)) => self.chat_message(message),
            Some(MsrpEvent::Report(report)) => {
                mark!("DR-15");
                tracing::debug!(code = report.code, "a report on a relayed short message");
            }
            Some(MsrpEvent::Lost) => {
                mark!("TD-14");
                self.connected = false;
                let seconds = self.session.settings.reconnect_seconds;
                let faults = self.session.gateway.faults;
                if faults.is(Fault::LostConnectionIgnored) {
                    return;
                }
                let reconnect = match faults.is(Fault::LostConnectionEndsAtOnce) {
                    true => Duration::ZERO,
                    false => Duration::from_secs_f64(seconds),
                };
                self.media_deadline = Some(Instant::now() + reconnect);
            }
            None => self.media_over = true,
        }
    }

    /// A chat message becomes a short message; it is answered when it has been read, not when the SMSC has it (catalogue A11).
    fn chat_message(&mut self, message: MsrpIncoming) {
        mark!("M2S-01");
        mark!("M2S-02");
        mark!("M2S-12");
        let read = match relay::read(&message, self.session.gateway.faults) {
            Ok(read) => read,
            Err(code) => return refuse(message, code, self.session.gateway.faults),
        };
        let faults = self.session.gateway.faults;
        mark!("M2S-09");
        let empty = message.content_type.is_none() && self.talked;
        if empty && faults.is(Fault::EmptySendRelayed) {
            self.session.submit("");
        }
        let Some(mut read) = read.filter(|_| !faults.is(Fault::ChatDropped)) else {
            message.respond(200, "OK");
            return;
        };
        if faults.is(Fault::ChatTextAltered) {
            read.text = read.text.to_uppercase();
        }
        if self.session.invitation.sender.anonymous && faults.is(Fault::LeaksCallerInChat) {
            let caller = &self.session.invitation.sender.number;
            read.text = format!("{caller}: {}", read.text);
        }
        read.text = self.session.with_writer(read.text, read.sender.as_deref());
        let Some(submissions) = self.session.submit_chat(&read) else {
            mark!("SDP-08");
            let code = match faults.is(Fault::TooLongTextTaken) {
                true => 200,
                false => 413,
            };
            message.respond(code, "Too Large");
            return;
        };
        self.talked = true;
        mark!("M2S-08");
        let receipt = if faults.is(Fault::SendUnanswered) && message.failure_report == "yes" {
            message.ignore()
        } else if faults.is(Fault::AnswersDespiteFailureReport) {
            message.respond_unasked(200, "OK")
        } else {
            message.respond(200, "OK")
        };
        super::reports::expect(
            &self.session,
            submissions,
            receipt,
            &read,
            &self.msrp.control,
        );
    }

    /// A short message of the paired SMS user: the leave keyword, or content for the chat.
    fn short_message(&mut self, message: ShortMessage) -> Option<Ending> {
        mark!("S2M-01");
        let faults = self.session.gateway.faults;
        let said = meaning(&message.text, &self.session.settings.keywords, faults);
        mark!("TD-07");
        if said == Meaning::Leave {
            if faults.is(Fault::LeaveKeywordIgnored) {
                message.answer.give(Handover::Taken);
                return None;
            }
            mark!("TD-08");
            mark!("TD-09");
            let relayed = faults.is(Fault::LeaveKeywordRelayed);
            message
                .answer
                .give(match faults.is(Fault::LeaveMessageRefused) {
                    true => Handover::Failed,
                    false => Handover::Taken,
                });
            return Some(Ending::Left(relayed.then_some(message.text)));
        }
        if faults.is(Fault::ShortMessageDropped) {
            message.answer.give(Handover::Taken);
            return None;
        }
        if faults.is(Fault::ChatShortMessageAsPager) {
            self.send_as_pager(message);
            return None;
        }
        mark!("AUT-04");
        if !super::pager::recipient_is_authorised(
            &self.session.gateway,
            &self.session.invitation.sender.number,
        ) {
            message.answer.give(Handover::Rejected);
            return None;
        }
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(message);
        }
        None
    }

    fn outgoing(&self, text: &str, sent: Option<&str>) -> MsrpOutgoing {
        let session = &self.session;
        let id = session.gateway.agent.token();
        relay::outgoing(session, text, self.cpim, &id, sent)
    }

    fn send_as_pager(&self, message: ShortMessage) {
        let gateway = self.session.gateway.clone();
        let sender = self.session.invitation.sender.clone();
        let contact = self.session.invitation.contact.clone();
        tokio::spawn(async move {
            super::pager::send(&gateway, &sender.uri, contact.as_deref(), message).await;
        });
    }

    /// One short message at a time, so that their order is kept.
    fn relay_next(&mut self, first: &mut VecDeque<String>) {
        if self.relaying.is_some() || !self.connected {
            return;
        }
        let (text, sent, answer) = match first.pop_front() {
            Some(text) => (text, None, None),
            None => match self.waiting.pop_front() {
                Some(message) => (message.text, message.time_stamp, Some(message.answer)),
                None => return,
            },
        };
        let send = self.outgoing(&text, sent.as_deref());
        let patience = Duration::from_secs_f64(self.session.settings.message_response_seconds);
        let control = self.msrp.control.clone();
        let faults = self.session.gateway.faults;
        if faults.is(Fault::RelaysTwice) && answer.is_some() {
            first.push_back(text);
        }
        self.relaying = Some(relay::start(control, send, answer, patience, faults));
    }

    /// Ends the session; its number goes to quarantine, nobody waits for the SMS side unless a fault says so.
    async fn end(mut self, ending: Ending) -> Session {
        self.session.set_state(State::Ending);
        if self.session.settings.recipient_is_cpm_user {
            mark!("TD-12");
        }
        let faults = self.session.gateway.faults;
        let submissions = match ending {
            // Who leaves need not be told.
            Ending::Left(_) | Ending::Replaced => {
                mark!("TD-11");
                Vec::new()
            }
            Ending::Expired if faults.is(Fault::ExpiryUntold) => Vec::new(),
            _ => self.session.submit_closing_message(),
        };
        match ending {
            Ending::Bye(request) => {
                mark!("TD-04");
                let withheld = faults.is(Fault::ByeNotAnswered)
                    || (faults.is(Fault::ByeWaitsForSm)
                        && session_sms::all(submissions).await.is_err());
                if withheld {
                    request.ignore();
                } else {
                    let headers = self.session.invitation.sender.response_headers(faults);
                    request.respond(200, "OK", &headers, None);
                }
                mark!("S2M-09");
                if faults.is(Fault::RelaysAfterTheEnd) {
                    self.outlive();
                } else {
                    self.close_media();
                }
            }
            Ending::Left(relayed) => {
                if let Some(text) = relayed {
                    let sent = self.msrp.control.send(self.outgoing(&text, None));
                    tokio::time::timeout(RELAYED, sent).await.ok();
                }
                if faults.is(Fault::ByesTwice)
                    && let Err(error) = self.dialog.control.bye_and_stay().await
                {
                    tracing::debug!(%error, "the first of two BYEs was not answered");
                }
                self.bye(&self.parameters()).await;
            }
            Ending::Expired => {
                let why = "SIP;cause=408;text=\"Session timer expired\"";
                self.bye(&vec![("Reason".into(), why.into())]).await;
            }
            Ending::MediaLost => {
                let why = "SIP;cause=503;text=\"MSRP connection lost\"";
                let mut headers = vec![("Reason".into(), why.into())];
                if faults.is(Fault::LostConnectionWithoutReason) {
                    headers.clear();
                }
                self.bye(&headers).await;
            }
            Ending::Replaced => self.bye(&self.parameters()).await,
            Ending::Gone => self.close_media(),
        }
        self.session
    }

    /// The CPM parameters of the invitation, for our requests in its dialog.
    fn parameters(&self) -> HeaderList {
        mark!("PAR-07");
        let mut parameters = self.session.invitation.sender.cpm_headers();
        if self.session.gateway.faults.is(Fault::OtherParametersInBye) {
            super::conversations::change(&mut parameters);
        }
        parameters
    }

    /// Sends BYE and, whatever becomes of it, ends the session here. A BYE that crosses it is answered.
    async fn bye(&mut self, headers: &HeaderList) {
        mark!("TD-10");
        self.session.release_number();
        let control = self.dialog.control.clone();
        let bye = control.bye(headers);
        tokio::pin!(bye);
        let mut events_over = false;
        let survives = self.session.gateway.faults.is(Fault::SessionSurvivesError);
        let mut closed = survives;
        loop {
            tokio::select! {
                biased;
                result = &mut bye => {
                    if survives && result.as_ref().is_ok_and(|r| r.status() == Some(200)) {
                        self.close_media();
                    } else if survives {
                        self.msrp.control.close_leaving_connection();
                    }
                    if let Err(error) = result {
                        tracing::info!(%error, "BYE was not answered");
                    }
                    break;
                }
                event = self.dialog.events.recv(), if !events_over => match event {
                    Some(DialogEvent::Bye(request)) => {
                        request.respond(200, "OK", &HeaderList::new(), None);
                    }
                    Some(_) => {}
                    None => events_over = true,
                },
                () = std::future::ready(()), if !closed => {
                    closed = true;
                    self.close_media();
                }
            }
        }
    }

    /// Keeps the message session for a while, and what still comes goes into it (a deliberate fault).
    fn outlive(&mut self) {
        let control = self.msrp.control.clone();
        self.session.outlived = Some((control.clone(), self.cpim));
        tokio::spawn(async move {
            tokio::time::sleep(OUTLIVED).await;
            control.close();
        });
    }

    fn close_media(&self) {
        if self.session.gateway.faults.is(Fault::MsrpLeftOpen) {
            self.msrp.control.close_leaving_connection();
        } else {
            self.msrp.control.close();
        }
    }
}

/// A chat message that cannot be converted.
fn refuse(message: MsrpIncoming, code: u16, faults: InForce) {
    mark!("M2S-08");
    if faults.is(Fault::ErrorNotAnswered) && message.failure_report == "partial" {
        message.ignore();
        return;
    }
    mark!("M2S-11");
    if faults.is(Fault::NonTextUnreported) && message.failure_report == "yes" {
        message.respond(200, "OK");
        return;
    }
    message.respond(code, "Not Converted");
}
