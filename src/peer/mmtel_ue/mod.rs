//! A UE for audio calls by multimedia telephony (3GPP TS 24.173) on Gm, with its P-CSCF in it: it is trusted, and writes
//! P-Asserted-Identity.
//!
//! Owns the transactions, dialogs, subscriptions and audio of one user; takes octets, commands and time, gives octets and events. It does
//! not judge: what it tells by events only moves scenarios on. The other UE of this floor, `ue`, chats on ISC; they share the layers
//! below (transactions, dialogs, connections) and no call.
mod attached;
mod audio;
mod call;
mod called;
mod calling;
mod compose;
mod in_dialog;
mod order;
mod referral;
#[cfg(test)]
mod tests;
mod transport;
mod usage;

pub use order::{
    Answer, AudioCall, Change, ChangeBy, MediaDirection, MmtelBehaviour, MmtelCommand, MmtelConfig,
    MmtelEvent, OnRefer, PlainRequest, ReferOrder, SubscriptionOrder,
};

use super::attachment::{Attachment, Binding};
use super::identifiers::Identifiers;
use super::transaction::{ClientId, Effect, Hop, ServerId, Transactions};
use super::ue::flows::Flows;
use super::{FlowId, Input, Machine, Output, Time};
use crate::wire::sip::SipMessage;
use audio::Audio;
use call::{Call, CallId, Phase};
use compose::Fresh;
use referral::Referral;
use std::collections::{BTreeMap, VecDeque};
use usage::{Usage, UsageId};

/// Calls, usages and referrals kept; older ones are forgotten first.
const MAX_KEPT: usize = 256;
/// Client transactions whose purpose is remembered.
const MAX_USES: usize = 4096;

/// What a client transaction is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Use {
    Register(Box<SipMessage>),
    Invite(CallId),
    Change(CallId),
    Bye(CallId),
    /// SUBSCRIBE or REFER.
    Usage(UsageId),
    /// Its final response is told under this label and changes nothing.
    Plain(String),
}

/// What waits for its time.
#[derive(Debug)]
enum Due {
    Answer(CallId),
}

/// The machine of one MMTel UE.
#[derive(Debug)]
pub struct MmtelUe {
    config: MmtelConfig,
    ids: Identifiers,
    transactions: Transactions,
    calls: BTreeMap<CallId, Call>,
    next_call: CallId,
    incoming: u32,
    uses: BTreeMap<ClientId, (String, Use)>,
    usages: BTreeMap<UsageId, Usage>,
    next_usage: UsageId,
    referrals: Vec<Referral>,
    agenda: Vec<(Time, Due)>,
    /// The registration, and the Route of requests outside dialogs that it has given (RFC 3608).
    binding: Binding,
    /// Absent: the UE is its own P-CSCF and nobody asks who it is.
    attachment: Option<Attachment>,
    flows: Flows,
    next_flow: u64,
    outputs: VecDeque<Output<MmtelEvent>>,
}

impl MmtelUe {
    pub fn new(config: MmtelConfig) -> Self {
        Self {
            ids: Identifiers::new(config.seed),
            transactions: Transactions::new(config.timers),
            attachment: config.gm.clone().map(Attachment::new),
            config,
            calls: BTreeMap::new(),
            next_call: 1,
            incoming: 0,
            uses: BTreeMap::new(),
            usages: BTreeMap::new(),
            next_usage: 1,
            referrals: Vec::new(),
            agenda: Vec::new(),
            binding: Binding::default(),
            flows: Flows::default(),
            next_flow: 1,
            outputs: VecDeque::new(),
        }
    }

    fn command(&mut self, now: Time, command: MmtelCommand) {
        match command {
            MmtelCommand::Register { expires } => self.register(now, expires),
            MmtelCommand::Call(order) => {
                self.call(now, *order);
            }
            MmtelCommand::Cancel { call } | MmtelCommand::Bye { call } => {
                if let Some(id) = self.call_named(&call) {
                    self.hang_up(now, id);
                }
            }
            MmtelCommand::Change(change) => self.change(now, &change),
            MmtelCommand::Refer(order) => self.refer(now, &order),
            MmtelCommand::Subscribe(order) => self.subscribe(now, &order),
            MmtelCommand::Unsubscribe { label } => self.unsubscribe(now, &label),
            MmtelCommand::Request(order) => self.plain_request(now, &order),
            MmtelCommand::Access(access) => self.config.access = access,
            MmtelCommand::Visit(network) => self.config.visited_network = network,
            MmtelCommand::Behave(behaviour) => self.config.behaviour = behaviour,
            MmtelCommand::EndAll => self.end_all(now),
            MmtelCommand::Raw { octets } => {
                let hop = self.hop_to_system();
                self.emit(hop, octets);
            }
        }
    }

    /// The parts of a request outside dialogs that are new for it; `routed` along the Service-Route.
    fn fresh<'a>(&'a mut self, method: &'a str, to_uri: &'a str, routed: bool) -> Fresh<'a> {
        let routes: &[String] = if routed { &self.binding.routes } else { &[] };
        Fresh {
            method,
            to_uri,
            routes,
            call_id: self.ids.call_id(),
            tag: self.ids.tag(),
            privacy: None,
            icid: self.ids.token(16),
            config: &self.config,
        }
    }

    fn plain_request(&mut self, now: Time, order: &PlainRequest) {
        let mut request = self.fresh(&order.method, &order.to_uri, true).request();
        if order.method == "OPTIONS" {
            request.push("Accept", "application/sdp");
            request.push("Contact", compose::contact(&self.config));
        }
        compose::add_access(&self.config, &mut request);
        for (name, value) in &order.extra_headers {
            request.push(name, value);
        }
        if let Some((content_type, octets)) = &order.body {
            request.set_body(content_type, octets.clone());
        }
        let hop = self.hop_to_system();
        self.send_request(now, request, hop, Use::Plain(order.label.clone()));
    }

    fn end_all(&mut self, now: Time) {
        // A conference that has ended knows of no subscription any more.
        let labels: Vec<String> = self.live_subscriptions();
        for label in labels {
            self.unsubscribe(now, &label);
        }
        let open = |call: &Call| call.phase != Phase::Ended;
        let calls = self.calls.iter().filter(|(_, call)| open(call));
        let calls: Vec<CallId> = calls.map(|(id, _)| *id).collect();
        for id in calls {
            self.hang_up(now, id);
        }
    }

    fn new_audio(&mut self) -> Audio {
        let ssrc = u32::try_from(self.ids.number()).unwrap_or(1);
        Audio::new(self.config.rtp, self.ids.number(), ssrc)
    }

    fn add_call(&mut self, call: Call) -> CallId {
        if self.calls.len() >= MAX_KEPT {
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

    /// The latest call with that label, or with that Call-ID; tells if there is none.
    fn call_named(&mut self, label: &str) -> Option<CallId> {
        let is_it = |call: &Call| {
            let call_id = call.invite.as_ref().and_then(SipMessage::call_id);
            call.label == label || call_id == Some(label)
        };
        let found = self.calls.iter().rev().find(|(_, call)| is_it(call));
        let id = found.map(|(id, _)| *id);
        if id.is_none() {
            self.problem(format!("no call is named {label}"));
        }
        id
    }

    fn tell(&mut self, event: MmtelEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn problem(&mut self, what: String) {
        self.tell(MmtelEvent::Problem(what));
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
                Effect::Unmatched { response } => {
                    let code = response.status().unwrap_or(0);
                    self.problem(format!("a {code} that answers none of our requests"));
                }
                Effect::Stray(what) => self.problem(what),
            }
        }
    }

    fn response(&mut self, now: Time, client: &ClientId, response: &SipMessage) {
        if self.challenged(now, client, response) {
            return;
        }
        let Some((method, used)) = self.uses.get(client).cloned() else {
            return;
        };
        let code = response.status().unwrap_or(0);
        if code >= 200 && method != "INVITE" {
            self.uses.remove(client);
        }
        match used {
            Use::Invite(id) => self.invite_response(now, id, response),
            Use::Change(id) => self.change_response(now, id, &method, response),
            _ if code < 200 => {}
            Use::Register(asked) => self.registered(now, &asked, response),
            Use::Bye(id) => self.bye_answered(id),
            Use::Usage(id) => self.usage_response(id, &method, response),
            Use::Plain(label) => self.tell(MmtelEvent::Answered {
                label,
                method,
                code,
            }),
        }
    }

    fn no_response(&mut self, now: Time, client: &ClientId) {
        let Some((method, used)) = self.uses.remove(client) else {
            return;
        };
        match used {
            Use::Invite(id) => self.refused(now, id, 408),
            Use::Change(id) => self.changed(id),
            Use::Bye(id) => self.bye_answered(id),
            Use::Register(_) => self.tell(MmtelEvent::Registered {
                code: 408,
                refusal: None,
            }),
            Use::Usage(_) | Use::Plain(_) => self.problem(format!("{method} got no answer")),
        }
    }

    /// Everything whose time has come.
    fn due(&mut self, now: Time) {
        if self.transactions.wake_at().is_some_and(|at| at <= now) {
            self.transactions.wake(now);
            self.pump(now);
        }
        if self.binding.is_due(now) {
            self.register(now, self.binding.length());
        }
        while let Some(at) = self.agenda.iter().position(|(time, _)| *time <= now) {
            match self.agenda.remove(at).1 {
                Due::Answer(id) => self.accept(now, id),
            }
        }
        let due = self.calls.iter();
        let due = due.filter(|(_, call)| call.wake_at().is_some_and(|at| at <= now));
        let due: Vec<CallId> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.unacknowledged_due(now, id);
            self.talk(now, id);
        }
        self.pump(now);
    }

    fn talk(&mut self, now: Time, id: CallId) {
        let interval = self.config.talk_interval;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let is_due = call.audio.wake_at().is_some_and(|at| at <= now);
        if call.phase != Phase::Established || !is_due {
            return;
        }
        if let Some((to, octets)) = call.audio.packet(now, interval) {
            self.outputs.push_back(Output::Media { to, octets });
        }
    }

    fn opened(&mut self, flow: FlowId, remote: std::net::SocketAddr) {
        for octets in self.flows.opened(flow, remote) {
            self.outputs.push_back(Output::Octets { flow, octets });
        }
    }

    fn answer(&mut self, now: Time, server: &ServerId, request: &SipMessage, code: u16) {
        let response = self.response_of(request, code);
        self.reply(now, server, response);
    }
}

impl Machine for MmtelUe {
    type Command = MmtelCommand;
    type Event = MmtelEvent;

    fn handle(&mut self, now: Time, input: Input<MmtelCommand>) {
        match input {
            Input::Datagram { from, octets } => {
                self.sip_message(now, &octets, Hop::Datagram(from));
            }
            // What the other side says is heard by the recording alone.
            Input::Media { .. } | Input::Wake => {}
            Input::Opened { flow, remote, .. } => self.opened(flow, remote),
            Input::Octets { flow, octets } => self.flow_octets(now, flow, &octets),
            Input::Closed { flow } => {
                if let Some(remote) = self.flows.closed(flow) {
                    self.problem(format!("no SIP connection to {remote}"));
                    self.transactions.unreachable(remote);
                }
            }
            Input::Command(command) => self.command(now, command),
        }
        self.pump(now);
        self.due(now);
    }

    fn poll(&mut self) -> Option<Output<MmtelEvent>> {
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
