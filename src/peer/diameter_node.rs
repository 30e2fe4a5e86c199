//! One connection of a Diameter node, RFC 6733 sections 2, 5 and 8: capabilities exchange, watchdog, disconnection, and matching answers
//! to requests.
//!
//! Knows commands of the base protocol only; what is asked of it otherwise becomes an event, and whoever knows says with
//! `NodeCommand::Answer` what to reply. Numbers its requests and sessions from starting values that it is given.
//! Does not do: peer elections (each connection stands for itself), TLS, retransmission to another peer. More than 400 lines: one state
//! machine, whose requests and answers share their table.
use super::{FlowId, Input, Machine, Output, Time};
use crate::wire::diameter::{
    Avp, Command, Flags, Framer, Message, ResultCode, application, name, result, vendor,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

/// Requests that may wait for their answers at the same time; more are unanswered at once.
const MOST_WAITING: usize = 10_000;
/// DO_NOT_WANT_TO_TALK_TO_YOU would have the peer stay away; REBOOTING (0) lets it come back.
const REBOOTING: u32 = 0;

/// What the node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    pub origin_host: String,
    pub origin_realm: String,
    /// Applications of vendor 3GPP that it speaks.
    pub applications: Vec<u32>,
    /// Silence after which it asks whether the peer is there; after as much again it closes.
    pub watchdog: Duration,
    pub answer_timeout: Duration,
    /// First Hop-by-Hop and End-to-End identifier, and first half of the optional part of Session-Ids.
    pub first: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeCommand {
    /// A request of an application. Session-Id, Auth-Session-State and the origin are added; the rest is `avps`.
    /// `label` comes back with the answer.
    Request {
        label: u64,
        application: u32,
        command: Command,
        avps: Vec<Avp>,
    },
    Answer {
        to: Box<Message>,
        result: ResultCode,
        avps: Vec<Avp>,
    },
    /// DPR, and the end of the connection after its answer.
    Disconnect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    /// Capabilities were exchanged.
    Open {
        host: String,
        realm: String,
    },
    /// The connection, once open, is over.
    Ended,
    /// The next request of this label leaves under this Hop-by-Hop identifier.
    Numbered {
        label: u64,
        hop_by_hop: u32,
    },
    Requested(Box<Message>),
    Answered {
        label: u64,
        answer: Box<Message>,
    },
    /// No answer in time, or the connection is gone.
    Unanswered {
        label: u64,
    },
    /// Something an operator would find in a log.
    Trouble(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// CER sent or awaited.
    Exchanging,
    Open,
    /// Nothing is expected any more.
    Ended,
}

#[derive(Debug, Clone, Copy)]
enum Awaited {
    Label(u64),
    Capabilities,
    Watchdog,
    Disconnect,
}

#[derive(Debug)]
pub struct DiameterNode {
    config: NodeConfig,
    /// It opened the connection itself and speaks first.
    initiator: bool,
    flow: Option<FlowId>,
    local: Option<IpAddr>,
    framer: Framer,
    state: State,
    peer: Option<(String, String)>,
    identifier: u32,
    sessions: u32,
    waiting: BTreeMap<u32, (Time, Awaited)>,
    next_watchdog: Option<Time>,
    outputs: VecDeque<Output<NodeEvent>>,
}

impl DiameterNode {
    pub fn new(config: NodeConfig, initiator: bool) -> Self {
        Self {
            identifier: config.first,
            config,
            initiator,
            flow: None,
            local: None,
            framer: Framer::default(),
            state: State::Closed,
            peer: None,
            sessions: 0,
            waiting: BTreeMap::new(),
            next_watchdog: None,
            outputs: VecDeque::new(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Host and realm of the peer, once known.
    pub fn peer(&self) -> Option<&(String, String)> {
        self.peer.as_ref()
    }

    fn event(&mut self, event: NodeEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn trouble(&mut self, what: impl Into<String>) {
        self.event(NodeEvent::Trouble(what.into()));
    }

    fn send(&mut self, message: &Message) {
        if let Some(flow) = self.flow {
            let octets = message.to_octets();
            self.outputs.push_back(Output::Octets { flow, octets });
        }
    }

    fn close(&mut self) {
        if let Some(flow) = self.flow {
            let abort = false;
            self.outputs.push_back(Output::Close { flow, abort });
        }
    }

    fn origin(&self) -> [Avp; 2] {
        [
            Avp::text(name::ORIGIN_HOST, &self.config.origin_host),
            Avp::text(name::ORIGIN_REALM, &self.config.origin_realm),
        ]
    }

    fn request(
        &mut self,
        now: Time,
        awaited: Awaited,
        (application, command): (u32, Command),
        avps: Vec<Avp>,
    ) {
        self.identifier = self.identifier.wrapping_add(1);
        let due = now + self.config.answer_timeout;
        self.waiting.insert(self.identifier, (due, awaited));
        let flags = match application {
            application::BASE => Flags::REQUEST,
            _ => Flags::REQUEST.with(Flags::PROXIABLE),
        };
        if let Awaited::Label(label) = awaited {
            let hop_by_hop = self.identifier;
            self.event(NodeEvent::Numbered { label, hop_by_hop });
        }
        self.send(&Message {
            flags,
            command,
            application,
            hop_by_hop: self.identifier,
            end_to_end: self.identifier,
            avps,
        });
    }

    /// RFC 6733 section 6.2: identifiers, Session-Id and Proxy-Info of the request.
    fn answer(&mut self, request: &Message, result: ResultCode, avps: Vec<Avp>) {
        let copied = |wanted| request.avps.iter().filter(move |avp: &&Avp| avp.is(wanted));
        let mut all: Vec<Avp> = copied(name::SESSION_ID).take(1).cloned().collect();
        all.push(result.to_avp());
        if request.application != application::BASE {
            all.push(Avp::number(name::AUTH_SESSION_STATE, 1));
        }
        all.extend(self.origin());
        all.extend(avps);
        all.extend(copied(name::PROXY_INFO).cloned());
        let protocol_error = matches!(result, ResultCode::Base(3000..=3999));
        let proxiable = Flags(request.flags.0 & Flags::PROXIABLE.0);
        self.send(&Message {
            flags: if protocol_error {
                proxiable.with(Flags::ERROR)
            } else {
                proxiable
            },
            command: request.command,
            application: request.application,
            hop_by_hop: request.hop_by_hop,
            end_to_end: request.end_to_end,
            avps: all,
        });
    }

    /// What a CER or CEA says besides origin and result.
    fn capabilities(&self) -> Vec<Avp> {
        let local = self.local.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let mut avps = vec![
            Avp::address(name::HOST_IP_ADDRESS, local),
            Avp::number(name::VENDOR_ID, 0),
            Avp::text(name::PRODUCT_NAME, "ims-conformance"),
            Avp::number(name::SUPPORTED_VENDOR_ID, vendor::TGPP),
        ];
        let applications = self.config.applications.iter();
        avps.extend(applications.map(|id| vendor_specific(*id)));
        avps
    }

    fn opened(&mut self, now: Time) {
        self.state = State::Exchanging;
        if self.initiator {
            let avps = [self.origin().to_vec(), self.capabilities()].concat();
            let exchange = (application::BASE, Command::CAPABILITIES_EXCHANGE);
            self.request(now, Awaited::Capabilities, exchange, avps);
        }
    }

    fn open_with(&mut self, now: Time, message: &Message) {
        let text = |wanted| message.text(wanted).unwrap_or_default().to_owned();
        let (host, realm) = (text(name::ORIGIN_HOST), text(name::ORIGIN_REALM));
        self.peer = Some((host.clone(), realm.clone()));
        self.state = State::Open;
        self.next_watchdog = Some(now + self.config.watchdog);
        self.event(NodeEvent::Open { host, realm });
    }

    fn shares_an_application(&self, message: &Message) -> bool {
        let mut ids = Vec::new();
        for avp in &message.avps {
            if avp.is(name::AUTH_APPLICATION_ID) {
                ids.extend(avp.as_number().ok());
            } else if avp.is(name::VENDOR_SPECIFIC_APPLICATION_ID) {
                let members = avp.members().unwrap_or_default();
                let of = |a: &&Avp| a.is(name::AUTH_APPLICATION_ID);
                ids.extend(members.iter().find(of).and_then(|a| a.as_number().ok()));
            }
        }
        let known = |id: &u32| *id == application::RELAY || self.config.applications.contains(id);
        ids.iter().any(known)
    }

    fn capabilities_asked(&mut self, now: Time, request: &Message) {
        if request.text(name::ORIGIN_HOST).is_none() {
            self.trouble("a CER without Origin-Host was refused");
            self.answer(request, ResultCode::Base(result::MISSING_AVP), Vec::new());
            self.close();
        } else if self.shares_an_application(request) {
            let avps = self.capabilities();
            self.answer(request, ResultCode::Base(result::SUCCESS), avps);
            self.open_with(now, request);
        } else {
            self.trouble("a CER without an application of this node was refused");
            let refusal = ResultCode::Base(result::NO_COMMON_APPLICATION);
            self.answer(request, refusal, Vec::new());
            self.close();
        }
    }

    fn received(&mut self, now: Time, octets: &[u8]) {
        self.framer.push(octets);
        self.next_watchdog = self.next_watchdog.map(|_| now + self.config.watchdog);
        while let Some(frame) = self.framer.next_frame() {
            match frame.and_then(|frame| Message::parse(&frame)) {
                Ok(message) if message.is_request() => self.requested(now, message),
                Ok(message) => self.answered(now, message),
                Err(malformed) => {
                    // RFC 6733 section 7.1.5 has an answer for some of these; none of them is trusted here.
                    self.trouble(format!("the peer's stream is lost: {malformed}"));
                    self.end();
                    self.close();
                    return;
                }
            }
        }
    }

    fn requested(&mut self, now: Time, request: Message) {
        let success = ResultCode::Base(result::SUCCESS);
        match (self.state, request.command) {
            (State::Exchanging, Command::CAPABILITIES_EXCHANGE) => {
                self.capabilities_asked(now, &request);
            }
            (_, Command::CAPABILITIES_EXCHANGE) => {
                let refusal = ResultCode::Base(result::UNABLE_TO_COMPLY);
                self.answer(&request, refusal, Vec::new());
            }
            (State::Open, Command::DEVICE_WATCHDOG) => self.answer(&request, success, Vec::new()),
            (State::Open, Command::DISCONNECT_PEER) => {
                self.answer(&request, success, Vec::new());
                self.end();
            }
            (State::Open, _) => {
                let known = self.config.applications.contains(&request.application);
                if known {
                    self.event(NodeEvent::Requested(Box::new(request)));
                } else {
                    let refusal = ResultCode::Base(result::APPLICATION_UNSUPPORTED);
                    self.answer(&request, refusal, Vec::new());
                }
            }
            (State::Closed | State::Exchanging | State::Ended, _) => {
                self.trouble(format!(
                    "{} outside an open connection was not answered",
                    request.name()
                ));
            }
        }
    }

    fn answered(&mut self, now: Time, answer: Message) {
        let Some((_, awaited)) = self.waiting.remove(&answer.hop_by_hop) else {
            let what = answer.name();
            let number = answer.hop_by_hop;
            self.trouble(format!(
                "{what} with Hop-by-Hop identifier {number} answers nothing that waits"
            ));
            return;
        };
        match awaited {
            Awaited::Label(label) => {
                let answer = Box::new(answer);
                self.event(NodeEvent::Answered { label, answer });
            }
            Awaited::Capabilities if answer.result().is_some_and(ResultCode::is_success) => {
                self.open_with(now, &answer);
            }
            Awaited::Capabilities => {
                self.trouble("the peer refused the capabilities exchange");
                self.close();
            }
            Awaited::Watchdog => {}
            Awaited::Disconnect => {
                self.end();
                self.close();
            }
        }
    }

    /// The connection is over; what still waited will not be answered.
    fn end(&mut self) {
        if self.state == State::Open {
            self.event(NodeEvent::Ended);
        }
        self.state = State::Ended;
        self.next_watchdog = None;
        for (_, (_, awaited)) in std::mem::take(&mut self.waiting) {
            if let Awaited::Label(label) = awaited {
                self.event(NodeEvent::Unanswered { label });
            }
        }
    }

    fn command(&mut self, now: Time, command: NodeCommand) {
        match command {
            NodeCommand::Request {
                label,
                application,
                command,
                avps,
            } => {
                if self.state != State::Open || self.waiting.len() >= MOST_WAITING {
                    self.event(NodeEvent::Unanswered { label });
                    return;
                }
                let avps = self.session(application, avps);
                self.request(now, Awaited::Label(label), (application, command), avps);
            }
            NodeCommand::Answer { to, result, avps } => self.answer(&to, result, avps),
            NodeCommand::Disconnect if self.state == State::Open => {
                let mut avps = self.origin().to_vec();
                avps.push(Avp::number(name::DISCONNECT_CAUSE, REBOOTING));
                let disconnect = (application::BASE, Command::DISCONNECT_PEER);
                self.request(now, Awaited::Disconnect, disconnect, avps);
            }
            NodeCommand::Disconnect => self.close(),
        }
    }

    /// Every request is a session of its own.
    fn session(&mut self, application: u32, avps: Vec<Avp>) -> Vec<Avp> {
        self.sessions = self.sessions.wrapping_add(1);
        let (host, first) = (&self.config.origin_host, self.config.first);
        let session = format!("{host};{first};{}", self.sessions);
        let mut all = vec![
            Avp::text(name::SESSION_ID, &session),
            vendor_specific(application),
            Avp::number(name::AUTH_SESSION_STATE, 1),
        ];
        all.extend(self.origin());
        all.extend(avps);
        all
    }

    fn wake(&mut self, now: Time) {
        let overdue = |(_, (due, _)): &(&u32, &(Time, Awaited))| *due <= now;
        let overdue: Vec<u32> = self
            .waiting
            .iter()
            .filter(overdue)
            .map(|(id, _)| *id)
            .collect();
        for identifier in overdue {
            let Some((_, awaited)) = self.waiting.remove(&identifier) else {
                continue;
            };
            match awaited {
                Awaited::Label(label) => self.event(NodeEvent::Unanswered { label }),
                Awaited::Capabilities | Awaited::Disconnect => self.close(),
                Awaited::Watchdog => {
                    self.trouble("the peer did not answer the watchdog");
                    self.close();
                }
            }
        }
        if self.next_watchdog.is_some_and(|due| due <= now) {
            self.next_watchdog = Some(now + self.config.watchdog);
            let avps = self.origin().to_vec();
            let watchdog = (application::BASE, Command::DEVICE_WATCHDOG);
            self.request(now, Awaited::Watchdog, watchdog, avps);
        }
    }
}

fn vendor_specific(application: u32) -> Avp {
    let members = [
        Avp::number(name::VENDOR_ID, vendor::TGPP),
        Avp::number(name::AUTH_APPLICATION_ID, application),
    ];
    Avp::group(name::VENDOR_SPECIFIC_APPLICATION_ID, &members)
}

impl Machine for DiameterNode {
    type Command = NodeCommand;
    type Event = NodeEvent;

    fn handle(&mut self, now: Time, input: Input<NodeCommand>) {
        match input {
            Input::Opened { flow, local, .. } => {
                self.flow = Some(flow);
                self.local = Some(local.ip());
                self.opened(now);
            }
            Input::Octets { octets, .. } => self.received(now, &octets),
            Input::Closed { .. } => {
                self.flow = None;
                self.end();
            }
            Input::Command(command) => self.command(now, command),
            Input::Wake => self.wake(now),
            Input::Datagram { .. } | Input::Media { .. } => {
                self.trouble("Diameter does not come in datagrams")
            }
        }
    }

    fn poll(&mut self) -> Option<Output<NodeEvent>> {
        self.outputs.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        let waiting = self.waiting.values().map(|(due, _)| *due).min();
        waiting.into_iter().chain(self.next_watchdog).min()
    }
}

#[cfg(test)]
#[path = "diameter_node_tests.rs"]
mod tests;
