//! A CPM UE as the gateway sees it on the ISC reference point: S-CSCF and UE in one.
//!
//! Owns the transactions, dialogs and message sessions of one user; takes octets, commands and time, gives octets and events.
//! It does not judge: what it tells by events only moves scenarios on. Calling side, called side and media have files of their own.
//! More than 400 lines: what is left is the one state that they share.
mod attached;
mod call;
mod compose;
mod ending;
pub(in crate::peer) mod flows;
mod focus;
mod in_dialog;
mod media;
pub mod msisdn_less;
mod order;
mod refresh;
mod registration;
mod smsip;
#[cfg(test)]
mod tests;
mod transport;
mod uac;
mod uas;

pub use focus::Participant;
pub use order::{
    ChatText, Invitation, PagerMessage, SERVICE_CENTRE, SipTimers, Transport, UeCommand, UeConfig,
    UeEvent,
};
pub use registration::Registration;
pub use smsip::ShortMessageOrder;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::attachment::{Attachment, Binding};
use super::behaviour::UeBehaviour;
use super::identifiers::Identifiers;
use super::offer::LocalMedia;
use super::transaction::{ClientId, Effect, Hop, ServerId, Transactions};
use super::{Channel, FlowId, Input, Machine, Output, Time};
use crate::wire::sip::SipMessage;
use call::{Call, CallId, Phase};
use compose::Names;
use flows::Flows;
use media::MediaFlow;

/// Calls kept; older ones that have ended are forgotten first.
const MAX_CALLS: usize = 512;

/// Client transactions whose purpose is remembered.
const MAX_USES: usize = 8192;

/// What a client transaction is for, with its method.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Use {
    Invite(CallId),
    Refresh(CallId),
    Bye(CallId),
    /// The UE's own, as it was asked for.
    Register(Box<(Registration, SipMessage)>),
    /// Its final response is told under this label and changes nothing.
    Plain(String),
}

/// What waits for its time.
#[derive(Debug)]
enum Due {
    Reply(Box<(ServerId, SipMessage)>),
    Answer(CallId),
    CancelGaveUp(CallId),
    CloseMedia(CallId),
    Emit(Hop, Vec<u8>),
}

/// The machine of one CPM UE.
#[derive(Debug)]
pub struct Ue {
    config: UeConfig,
    ids: Identifiers,
    transactions: Transactions,
    calls: BTreeMap<CallId, Call>,
    next_call: CallId,
    incoming: u32,
    uses: BTreeMap<ClientId, (String, Use)>,
    agenda: Vec<(Time, Due)>,
    /// At Gm, what the UE proves with that it is who it says.
    attachment: Option<Attachment>,
    binding: Binding,
    /// What is registered, to be registered again.
    registered: Registration,
    sip_flows: Flows,
    media_flows: BTreeMap<FlowId, MediaFlow>,
    short_messages: smsip::ShortMessages,
    next_flow: u64,
    outputs: VecDeque<Output<UeEvent>>,
}

impl Ue {
    pub fn new(config: UeConfig) -> Self {
        Self {
            ids: Identifiers::new(config.seed),
            transactions: Transactions::new(config.timers),
            attachment: config.gm.clone().map(Attachment::new),
            binding: Binding::default(),
            registered: Registration::default(),
            config,
            calls: BTreeMap::new(),
            next_call: 1,
            incoming: 0,
            uses: BTreeMap::new(),
            agenda: Vec::new(),
            sip_flows: Flows::default(),
            media_flows: BTreeMap::new(),
            short_messages: smsip::ShortMessages::default(),
            next_flow: 1,
            outputs: VecDeque::new(),
        }
    }

    pub fn config(&self) -> &UeConfig {
        &self.config
    }

    fn command(&mut self, now: Time, command: UeCommand) {
        match command {
            UeCommand::Invite(invitation) => self.invite(now, *invitation),
            UeCommand::Cancel { call } => {
                if let Some(id) = self.call_named(&call) {
                    self.cancel(now, id);
                }
            }
            UeCommand::Bye { call } => self.hang_up(now, &call),
            UeCommand::Send { call, message } => self.send_chat(now, &call, message),
            UeCommand::Refresh { call } => self.refresh_now(now, &call),
            UeCommand::Report { call } => self.report_last(now, &call),
            UeCommand::Options { call } => self.ask_options(now, &call),
            UeCommand::Message(message) => self.send_pager(now, &message),
            UeCommand::ShortMessage(order) => self.submit_short_message(now, &order),
            UeCommand::Submit(written) => self.submit_written(now, written),
            UeCommand::MemoryAvailable => self.memory_available(now),
            UeCommand::Register(registration) => self.register(now, registration),
            UeCommand::Behave(behaviour) => self.behave(behaviour),
            UeCommand::Raw { octets } => {
                let hop = self.hop_to_system();
                self.emit(hop, octets);
            }
            UeCommand::StraySend { call } => self.send_astray(&call),
            UeCommand::TellChanges { call, changes } => {
                for change in changes {
                    self.tell_changes(now, &call, &[change]);
                }
            }
            UeCommand::CloseMedia { call } => {
                if let Some(id) = self.call_named(&call) {
                    self.close_media(id);
                }
            }
        }
    }

    fn behave(&mut self, behaviour: UeBehaviour) {
        for session in self.calls.values_mut().filter_map(|c| c.session.as_mut()) {
            session.behave(behaviour.msrp.clone());
        }
        self.config.behaviour = behaviour;
    }

    fn hang_up(&mut self, now: Time, label: &str) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        match call.phase {
            Phase::Established => self.bye(now, id),
            Phase::Inviting if call.client.is_some() => self.cancel(now, id),
            _ => self.problem(format!("call {label} has no session to end")),
        }
    }

    fn ask_options(&mut self, now: Time, label: &str) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let dialog = self.calls.get_mut(&id).and_then(|c| c.dialog.as_mut());
        let Some(dialog) = dialog else {
            self.problem(format!("call {label} has no dialog"));
            return;
        };
        let mut options = dialog.request("OPTIONS");
        let next = dialog.next_hop();
        options.push("Accept", "application/sdp");
        let hop = self.hop_to(&next);
        self.send_request(now, options, hop, Use::Plain(label.to_owned()));
    }

    fn send_pager(&mut self, now: Time, message: &PagerMessage) {
        let or_new = |given: &str, new: String| match given {
            "" => new,
            id => id.to_owned(),
        };
        let names = Names {
            call_id: self.ids.call_id(),
            tag: self.ids.tag(),
            conversation_id: or_new(&message.conversation_id, self.ids.conversation_id()),
            contribution_id: or_new(&message.contribution_id, self.ids.contribution_id()),
        };
        let made = self.ids.message_id();
        let body = match &message.body {
            Some(body) => body.clone(),
            None if compose::is_cpim(&message.content_type) => {
                let wrapping = compose::Wrapping {
                    from: self.shown_uri(message.privacy.as_deref()),
                    to: message.to_uri.clone(),
                    message_id: message.message_id.as_deref().unwrap_or(&made),
                    imdn: message.imdn.as_deref(),
                    content_type: message.wrapped_type.as_deref(),
                    date_time: compose::date_time(self.config.epoch_seconds, now),
                };
                let body = compose::wrap(&message.text, &wrapping);
                ("message/cpim".to_owned(), body)
            }
            None => (
                message.content_type.clone(),
                message.text.clone().into_bytes(),
            ),
        };
        let request = compose::pager(&self.config, message, &names, body);
        let hop = self.hop_to_system();
        self.send_request(now, request, hop, Use::Plain(message.call.clone()));
    }

    fn new_media(&mut self) -> LocalMedia {
        let (session_id, origin) = (self.ids.session_id(), self.ids.number());
        let behaviour = &self.config.behaviour;
        LocalMedia::new(
            self.config.msrp,
            session_id,
            &behaviour.accept_types,
            &behaviour.setup,
            origin,
        )
    }

    fn new_flow(&mut self) -> FlowId {
        let flow = FlowId(self.next_flow);
        self.next_flow += 1;
        flow
    }

    fn add_call(&mut self, call: Call) -> CallId {
        if self.calls.len() >= MAX_CALLS {
            let old = self.calls.iter().find(|(_, c)| c.phase == Phase::Ended);
            if let Some(id) = old.map(|(id, _)| *id) {
                self.calls.remove(&id);
            }
        }
        let id = self.next_call;
        self.next_call += 1;
        self.calls.insert(id, call);
        id
    }

    /// The latest call with that label; tells if there is none.
    fn call_named(&mut self, label: &str) -> Option<CallId> {
        let found = self.calls.iter().rev().find(|(_, c)| c.label == label);
        let id = found.map(|(id, _)| *id);
        if id.is_none() {
            self.problem(format!("no call is named {label}"));
        }
        id
    }

    fn tell(&mut self, event: UeEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn problem(&mut self, what: String) {
        self.tell(UeEvent::Problem(what));
    }

    fn sip_message(&mut self, now: Time, octets: &[u8], hop: Hop) {
        // Keep-alive octets on UDP (RFC 5626 section 4.4.1 and common practice) are no message.
        if octets.iter().all(|o| matches!(o, b'\r' | b'\n' | 0)) {
            return;
        }
        match SipMessage::parse(octets) {
            Ok(message) => self.transactions.receive(now, message, hop),
            Err(error) => self.problem(format!("octets that are no SIP message: {error}")),
        }
        self.pump(now);
    }

    /// Carries out what the transactions want.
    fn pump(&mut self, now: Time) {
        while let Some(effect) = self.transactions.poll() {
            match effect {
                Effect::Send { hop, octets } => self.emit(hop, octets),
                Effect::Response { id, response } => self.response(now, &id, &response),
                Effect::NoResponse { id } => self.no_response(now, &id),
                Effect::Request { id, request } => self.request(now, id, &request),
                Effect::Ack { request } => self.acknowledged(now, &request),
                Effect::AckMissing { .. } => {
                    self.problem("no ACK for a refusal of ours within timer H".to_owned());
                }
                Effect::Unmatched { response } => self.tell(UeEvent::Unmatched {
                    method: response
                        .cseq()
                        .map_or_else(String::new, |(_, of)| of.to_owned()),
                    code: response.status().unwrap_or(0),
                }),
                Effect::Stray(what) => self.problem(what),
            }
        }
    }

    fn opened(&mut self, now: Time, flow: FlowId, channel: Channel, remote: SocketAddr) {
        match channel {
            Channel::Msrp => self.media_opened(now, flow),
            _ => {
                for octets in self.sip_flows.opened(flow, remote) {
                    self.outputs.push_back(Output::Octets { flow, octets });
                }
            }
        }
    }

    fn closed(&mut self, flow: FlowId) {
        if self.sip_flows.contains(flow) {
            if let Some(remote) = self.sip_flows.closed(flow) {
                self.problem(format!("no SIP connection to {remote}"));
                self.transactions.unreachable(remote);
            }
        } else {
            self.media_closed(flow);
        }
    }

    /// Everything whose time has come.
    fn due(&mut self, now: Time) {
        if self.transactions.wake_at().is_some_and(|at| at <= now) {
            self.transactions.wake(now);
            self.pump(now);
        }
        if self.binding.is_due(now) {
            self.register(now, self.registered);
        }
        while let Some(at) = self.agenda.iter().position(|(time, _)| *time <= now) {
            match self.agenda.remove(at).1 {
                Due::Reply(reply) => self.reply_now(now, &reply.0, &reply.1),
                Due::Answer(id) => self.answer_invitation(now, id),
                Due::CancelGaveUp(id) => self.cancel_gave_up(id),
                Due::Emit(hop, octets) => self.emit(hop, octets),
                Due::CloseMedia(id) => self.close_media(id),
            }
        }
        let due: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| call.wake_at().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.unacknowledged_due(now, id);
            self.session_due(now, id);
            self.with_session(id, |session| {
                if session.wake_at().is_some_and(|at| at <= now) {
                    session.wake(now);
                }
            });
        }
        self.pump(now);
    }
}

impl Machine for Ue {
    type Command = UeCommand;
    type Event = UeEvent;

    fn handle(&mut self, now: Time, input: Input<UeCommand>) {
        match input {
            Input::Datagram { from, octets } => {
                self.sip_message(now, &octets, Hop::Datagram(from));
            }
            Input::Opened {
                flow,
                channel,
                remote,
                ..
            } => self.opened(now, flow, channel, remote),
            Input::Octets { flow, octets } => {
                if self.sip_flows.contains(flow) {
                    self.sip_octets(now, flow, &octets);
                } else {
                    self.media_octets(now, flow, &octets);
                }
            }
            Input::Closed { flow } => self.closed(flow),
            Input::Command(command) => self.command(now, command),
            // Media of CPM sessions come over MSRP.
            Input::Media { .. } | Input::Wake => {}
        }
        self.pump(now);
        self.due(now);
    }

    fn poll(&mut self) -> Option<Output<UeEvent>> {
        self.outputs.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        let agenda = self.agenda.iter().map(|(at, _)| *at);
        let calls = self.calls.values().filter_map(Call::wake_at);
        let registration = self.binding.wake_at();
        let others = self.transactions.wake_at().into_iter().chain(registration);
        agenda.chain(calls).chain(others).min()
    }
}
