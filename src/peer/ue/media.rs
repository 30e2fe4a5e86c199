//! The MSRP connections of a UE: dialled ones, accepted ones bound by the To-Path of their first request (RFC 4975 section 5.4), and
//! what the message sessions tell. More than 400 lines: connections, sessions and chat messages of a call share its state.
use std::time::Duration;

use super::call::{Call, CallId, Phase};
use super::compose::{self, Identity, Wrapping};
use super::{ChatText, Due, Ue, UeEvent};
use crate::peer::message_session::{
    Arrival, ArrivingConnection, MessageSession, OutgoingMessage, ReceivedMessage, SessionEvent,
    SessionOutput,
};
use crate::peer::offer::Agreed;
use crate::peer::{Channel, FlowId, Output, Time};
use crate::wire::cpim::CpimMessage;
use crate::wire::msrp::{MsrpMessage, MsrpUri};

/// How long a connection outlives its session, so that the other side's own closing can be seen: as long as a transaction may last
/// (64*T1, RFC 3261 section 17.1.1.2).
const LINGER: Duration = Duration::from_secs(32);

/// Message-IDs of our chat messages remembered per call, so that the bodiless SEND of a set-up is not told as one.
const MAX_SENT: usize = 1024;

/// Octets kept of a connection that comes before the answer to our offer.
const MAX_EARLY: usize = 1024 * 1024;

/// What an MSRP connection is for.
#[derive(Debug)]
pub(super) enum MediaFlow {
    Arriving(ArrivingConnection),
    Bound(CallId),
    /// For a session that has been offered and not answered yet: the connection may overtake the answer, which goes another way.
    Early(CallId, Vec<u8>),
    /// For no session: what is sent once it stands.
    Astray(Vec<u8>),
}

impl Ue {
    /// Offer and answer are known: the session begins.
    pub(super) fn start_session(&mut self, now: Time, id: CallId, agreed: &Agreed) {
        let seed = self.ids.number();
        let behaviour = self.config.behaviour.msrp.clone();
        let withheld = self.config.behaviour.withhold_media;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.session.is_some() {
            return;
        }
        let config = call.local.session_config(agreed, seed, behaviour);
        call.session = Some(MessageSession::new(config));
        let label = call.label.clone();
        if agreed.connects && !withheld {
            match agreed.remote {
                Some(to) => self.dial_media(id, to),
                None => self.problem(format!(
                    "call {label}: the path {:?} names no address",
                    agreed.remote_path
                )),
            }
        }
        self.bind_early(now, id);
        self.drain_session(id);
    }

    /// The connection that came before its session.
    fn bind_early(&mut self, now: Time, id: CallId) {
        let early = self
            .media_flows
            .iter()
            .find_map(|(flow, media)| match media {
                MediaFlow::Early(call, octets) if *call == id => Some((*flow, octets.clone())),
                _ => None,
            });
        if let Some((flow, octets)) = early {
            self.adopt_media(now, flow, id, &octets);
        }
    }

    fn adopt_media(&mut self, now: Time, flow: FlowId, id: CallId, octets: &[u8]) {
        self.media_flows.insert(flow, MediaFlow::Bound(id));
        if let Some(call) = self.calls.get_mut(&id) {
            call.flow = Some(flow);
        }
        self.with_session(id, |session| {
            session.opened(now);
            session.octets(now, octets);
        });
    }

    fn dial_media(&mut self, id: CallId, to: std::net::SocketAddr) {
        let flow = self.new_flow();
        if let Some(call) = self.calls.get_mut(&id) {
            call.flow = Some(flow);
        }
        self.media_flows.insert(flow, MediaFlow::Bound(id));
        self.outputs.push_back(Output::Connect {
            flow,
            channel: Channel::Msrp,
            to,
        });
    }

    /// A SEND whose To-Path names a session that the other side does not have, from a session of ours that is none either.
    pub(super) fn send_astray(&mut self, label: &str) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let theirs = self.calls.get(&id).and_then(|call| {
            let session = call.session.as_ref()?;
            MsrpUri::parse(session.remote_path().last()?).ok()
        });
        let remote = theirs.as_ref().and_then(|uri| {
            let ip = uri.host.trim_matches(['[', ']']).parse().ok()?;
            Some(std::net::SocketAddr::new(ip, uri.port.unwrap_or(2855)))
        });
        let Some(to) = remote else {
            self.problem(format!("call {label} has no message session to stray from"));
            return;
        };
        let (stray, own) = (self.ids.session_id(), self.ids.session_id());
        let mut send = MsrpMessage::request(&self.ids.token(12), "SEND");
        send.push("To-Path", format!("msrp://{to}/{stray};tcp"));
        send.push(
            "From-Path",
            format!("msrp://{}/{own};tcp", self.config.msrp),
        );
        send.push("Message-ID", self.ids.message_id());
        send.push("Byte-Range", "1-5/5");
        send.set_body("text/plain", b"Lost?".to_vec());
        let flow = self.new_flow();
        self.media_flows
            .insert(flow, MediaFlow::Astray(send.to_octets()));
        self.outputs.push_back(Output::Connect {
            flow,
            channel: Channel::Msrp,
            to,
        });
    }

    pub(super) fn media_opened(&mut self, now: Time, flow: FlowId) {
        match self.media_flows.get(&flow) {
            Some(MediaFlow::Bound(id)) => {
                let id = *id;
                self.with_session(id, |session| session.opened(now));
            }
            Some(MediaFlow::Arriving(_) | MediaFlow::Early(..)) => {}
            Some(MediaFlow::Astray(octets)) => {
                let octets = octets.clone();
                self.outputs.push_back(Output::Octets { flow, octets });
            }
            None => {
                let arriving = MediaFlow::Arriving(ArrivingConnection::default());
                self.media_flows.insert(flow, arriving);
            }
        }
    }

    pub(super) fn media_octets(&mut self, now: Time, flow: FlowId, octets: &[u8]) {
        let arrival = match self.media_flows.get_mut(&flow) {
            Some(MediaFlow::Bound(id)) => {
                let id = *id;
                self.with_session(id, |session| session.octets(now, octets));
                return;
            }
            Some(MediaFlow::Early(_, early)) => {
                early.extend_from_slice(octets);
                if early.len() > MAX_EARLY {
                    self.problem("too much on an MSRP connection before the answer".to_owned());
                    self.refuse_media(flow, Vec::new());
                }
                return;
            }
            Some(MediaFlow::Arriving(arriving)) => arriving.octets(octets),
            Some(MediaFlow::Astray(_)) | None => return,
        };
        match arrival {
            Arrival::Wait => {}
            Arrival::Refuse(octets) => {
                self.problem("an MSRP connection does not speak MSRP".to_owned());
                self.refuse_media(flow, octets);
            }
            Arrival::For { uri, octets } => self.bind_media(now, flow, &uri, &octets),
        }
    }

    fn bind_media(&mut self, now: Time, flow: FlowId, uri: &MsrpUri, octets: &[u8]) {
        let served = self
            .calls
            .iter()
            .rev()
            .find(|(_, call)| call.session.as_ref().is_some_and(|s| s.serves(uri)))
            .map(|(id, call)| (*id, call.flow.is_some() || call.phase == Phase::Ended));
        match served {
            Some((id, false)) => self.adopt_media(now, flow, id, octets),
            Some((_, true)) => {
                self.problem("a second MSRP connection for the same session".to_owned());
                self.refuse_media(flow, ArrivingConnection::refuse(octets, 506));
            }
            None => match self.offered(uri) {
                Some(id) => {
                    let early = MediaFlow::Early(id, octets.to_vec());
                    self.media_flows.insert(flow, early);
                }
                None => {
                    self.problem("an MSRP connection for no session of ours".to_owned());
                    self.refuse_media(flow, ArrivingConnection::refuse(octets, 481));
                }
            },
        }
    }

    /// The call that has offered that path and has no answer yet.
    fn offered(&self, uri: &MsrpUri) -> Option<CallId> {
        let waits = |call: &&Call| call.session.is_none() && call.phase != Phase::Ended;
        let offers = |call: &&Call| {
            let own = MsrpUri::parse(&call.local.path());
            own.is_ok_and(|own| own.same_as(uri))
        };
        let mut calls = self.calls.iter().rev();
        calls
            .find(|(_, call)| waits(call) && offers(call))
            .map(|(id, _)| *id)
    }

    fn refuse_media(&mut self, flow: FlowId, octets: Vec<u8>) {
        if !octets.is_empty() {
            self.outputs.push_back(Output::Octets { flow, octets });
        }
        self.outputs.push_back(Output::Close { flow, abort: false });
        self.media_flows.remove(&flow);
    }

    pub(super) fn media_closed(&mut self, flow: FlowId) {
        if let Some(MediaFlow::Bound(id)) = self.media_flows.remove(&flow) {
            if let Some(call) = self.calls.get_mut(&id) {
                call.flow = None;
            }
            self.with_session(id, MessageSession::closed);
        }
    }

    pub(super) fn with_session(&mut self, id: CallId, act: impl FnOnce(&mut MessageSession)) {
        if let Some(session) = self.calls.get_mut(&id).and_then(|c| c.session.as_mut()) {
            act(session);
        }
        self.drain_session(id);
    }

    /// Closes the connection a while after the session has ended.
    pub(super) fn end_media(&mut self, now: Time, id: CallId) {
        self.agenda.push((now + LINGER, Due::CloseMedia(id)));
    }

    pub(super) fn close_media(&mut self, id: CallId) {
        if self.calls.get(&id).is_none_or(|call| call.flow.is_none()) {
            return;
        }
        self.with_session(id, MessageSession::close);
    }

    pub(super) fn drain_session(&mut self, id: CallId) {
        loop {
            let Some(call) = self.calls.get_mut(&id) else {
                return;
            };
            let Some(output) = call.session.as_mut().and_then(MessageSession::poll) else {
                return;
            };
            let flow = call.flow;
            match (output, flow) {
                (SessionOutput::Octets(octets), Some(flow)) => {
                    self.outputs.push_back(Output::Octets { flow, octets });
                }
                (SessionOutput::Close { abort }, Some(flow)) => {
                    call.flow = None;
                    self.media_flows.remove(&flow);
                    self.outputs.push_back(Output::Close { flow, abort });
                }
                (SessionOutput::Event(event), _) => {
                    self.tell_media(id, event);
                }
                _ => {}
            }
        }
    }

    fn tell_media(&mut self, id: CallId, event: SessionEvent) {
        let Some(known) = self.calls.get(&id) else {
            return;
        };
        let call = known.label.clone();
        let told = match event {
            SessionEvent::Opened => UeEvent::MediaOpened { call },
            SessionEvent::Closed => UeEvent::MediaClosed { call },
            SessionEvent::Received(message) => received(call, message),
            SessionEvent::EmptySend => return,
            SessionEvent::Aborted { message_id } => {
                UeEvent::Problem(format!("call {call}: message {message_id} was aborted"))
            }
            SessionEvent::Refused { message_id, code } => UeEvent::Problem(format!(
                "call {call}: we answered {code} to message {}",
                message_id.unwrap_or_default()
            )),
            SessionEvent::Response {
                message_id,
                code,
                last,
                ..
            } => {
                let ours = known.sent.contains(&message_id);
                if code < 300 && !(last && ours) {
                    return;
                }
                UeEvent::MessageAnswered {
                    call,
                    message_id,
                    code,
                }
            }
            SessionEvent::TimedOut { message_id } => UeEvent::MessageAnswered {
                call,
                message_id,
                code: 408,
            },
            SessionEvent::Report {
                message_id, status, ..
            } => UeEvent::Reported {
                call,
                message_id,
                code: status.unwrap_or(0),
            },
        };
        self.tell(told);
    }

    /// MSRP REPORT on the last chat message received.
    pub(super) fn report_last(&mut self, now: Time, label: &str) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let mut reported = false;
        self.with_session(id, |session| reported = session.report_last(now));
        if !reported {
            self.problem(format!("no message to report on in call {label}"));
        }
    }

    pub(super) fn send_chat(&mut self, now: Time, label: &str, message: ChatText) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if call.session.is_none() {
            self.problem(format!("call {label} has no message session yet"));
            return;
        }
        if message.bodiless {
            self.with_session(id, |session| {
                session.send_empty(now);
            });
            return;
        }
        let invitation = call.invitation.as_ref();
        let private = invitation.and_then(|i| i.privacy.clone());
        let to = call
            .dialog
            .as_ref()
            .map_or_else(String::new, |dialog| dialog.remote_uri());
        let outgoing = self.chat_message(now, message, &to, private.as_deref());
        if let Some(call) = self.calls.get_mut(&id) {
            if call.sent.len() >= MAX_SENT {
                call.sent.pop_front();
            }
            call.sent.extend(outgoing.message_id.clone());
        }
        self.with_session(id, |session| {
            session.send(now, outgoing);
        });
    }

    fn chat_message(
        &mut self,
        now: Time,
        message: ChatText,
        to: &str,
        privacy: Option<&str>,
    ) -> OutgoingMessage {
        let message_id = message.message_id.unwrap_or_else(|| self.ids.message_id());
        let (content_type, body) = if compose::is_cpim(&message.content_type) {
            let body = compose::wrap(
                &message.text,
                &Wrapping {
                    from: message.from.unwrap_or_else(|| self.shown_uri(privacy)),
                    to: to.to_owned(),
                    message_id: &message_id,
                    imdn: message.imdn.as_deref(),
                    content_type: message.wrapped_type.as_deref(),
                    date_time: compose::date_time(self.config.epoch_seconds, now),
                },
            );
            ("message/cpim".to_owned(), body)
        } else {
            (message.content_type, message.text.into_bytes())
        };
        OutgoingMessage {
            content_type,
            body,
            message_id: Some(message_id),
            success_report: message.success_report,
            failure_report: message.failure_report,
            chunk_octets: message.chunk_octets,
            abort: message.abort,
        }
    }

    /// The URI others see of us in message/cpim.
    pub(super) fn shown_uri(&self, privacy: Option<&str>) -> String {
        if compose::is_private(privacy) {
            return "sip:anonymous@anonymous.invalid".to_owned();
        }
        let config = &self.config;
        Identity { config }.public_uri()
    }
}

fn received(call: String, message: ReceivedMessage) -> UeEvent {
    let (content_type, text) = readable(Some(&message.content_type), &message.body);
    UeEvent::MessageReceived {
        call,
        message_id: Some(message.message_id),
        content_type,
        content: message.body,
        text,
    }
}

/// Content type as sent and the text in it, be it plain or in message/cpim.
pub(super) fn readable(
    content_type: Option<&str>,
    content: &[u8],
) -> (Option<String>, Option<String>) {
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = match media_type.as_str() {
        "message/cpim" => CpimMessage::parse(content)
            .ok()
            .and_then(|cpim| cpim.text()),
        "text/plain" => String::from_utf8(content.to_vec()).ok(),
        _ => None,
    };
    (content_type.map(str::to_owned), text)
}
