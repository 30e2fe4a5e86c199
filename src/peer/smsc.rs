//! The suite's side of one SMPP connection, SMPP 3.4 section 2: binds, answers, sends, watches the link. It is the message centre, or the
//! ESME of a system that is one itself; submit_sm and deliver_sm change places then, and everything else is the same.
//!
//! Knows sessions, not subscribers: a submission becomes an event, and whoever knows the handsets says with `SmscCommand::Answer` what
//! the response is, and when. Several ESME connections are several of these. More than 400 lines: one
//! state machine, whose requests and responses share their table.
use super::{FlowId, Input, Machine, Output, Time};
use crate::wire::smpp::{
    Bind, BindKind, Body, CommandId, DefaultAlphabet, Framer, Pdu, ShortMessagePdu, Tlv, status,
    tag,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Requests to one ESME that may wait for their responses at the same time; more are refused as unanswered at once.
const MOST_WAITING: usize = 10_000;
const LAST_SEQUENCE: u32 = 0x7fff_ffff;

/// Which end of the connection the suite is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Role {
    #[default]
    MessageCentre,
    /// Binds as transceiver with this account.
    Esme(Account),
}

/// What the message centre is and accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmscConfig {
    /// Where it listens; port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// system_id of its bind responses.
    pub system_id: String,
    /// The one account; `None` accepts any system_id and password.
    pub account: Option<Account>,
    /// Accepted interface_version values; products write 00, 01, 33, 34 and 50.
    pub interface_versions: Vec<u8>,
    /// sc_interface_version of bind responses, `None` leaves the TLV out. Never sent to an ESME older than 3.4.
    pub announced_version: Option<u8>,
    /// Time between enquire_link requests of its own; `None` sends none.
    pub enquire_link: Option<Duration>,
    /// How long it waits for any response.
    pub response_timeout: Duration,
    /// What data_coding 0 is on the link.
    pub default_alphabet: DefaultAlphabet,
    pub role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub system_id: String,
    pub password: String,
}

impl Default for SmscConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            system_id: "SMSC".to_owned(),
            account: None,
            interface_versions: vec![0x00, 0x01, 0x33, 0x34, 0x50],
            announced_version: Some(0x34),
            enquire_link: None,
            response_timeout: Duration::from_secs(30),
            default_alphabet: DefaultAlphabet::Gsm7,
            role: Role::MessageCentre,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmscCommand {
    /// deliver_sm (or data_sm) to the ESME. `label` comes back in `DeliverAnswered` or `DeliverUnanswered`.
    Deliver {
        label: u64,
        message: Box<ShortMessagePdu>,
        tlvs: Vec<Tlv>,
        by_data_sm: bool,
    },
    /// The response to a submission. `message_id` is left out of responses with an error, as SMPP 3.4 section 4.4.2 has it.
    Answer {
        command: CommandId,
        sequence: u32,
        status: u32,
        message_id: String,
    },
    /// Ends the session with unbind, and the connection after its response.
    Unbind,
    /// Any octets to the ESME.
    Raw(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmscEvent {
    Bound {
        kind: BindKind,
        system_id: String,
        interface_version: u8,
    },
    BindRefused {
        status: u32,
    },
    /// submit_sm or data_sm that awaits its `SmscCommand::Answer`.
    Submitted(Box<Pdu>),
    DeliverAnswered {
        label: u64,
        status: u32,
    },
    /// No response in time, or the connection is gone.
    DeliverUnanswered {
        label: u64,
    },
    /// The session has ended, by unbind or with its connection.
    Unbound,
    /// Something a message centre would log: what it was.
    Trouble(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Bound(BindKind),
    /// Unbound or closed: nothing is expected any more.
    Ended,
}

#[derive(Debug, Clone, Copy)]
enum Awaited {
    Bind,
    Delivery(u64),
    EnquireLink,
    Unbind,
}

/// One connection. All its responses have the same time to come, so the oldest request is always the first to give up on.
#[derive(Debug)]
pub struct Smsc {
    config: SmscConfig,
    flow: Option<FlowId>,
    framer: Framer,
    state: State,
    sequence: u32,
    waiting: BTreeMap<u32, (Time, Awaited)>,
    next_enquiry: Option<Time>,
    outputs: VecDeque<Output<SmscEvent>>,
}

impl Smsc {
    pub fn new(config: SmscConfig) -> Self {
        Self {
            config,
            flow: None,
            framer: Framer::default(),
            state: State::Open,
            sequence: 0,
            waiting: BTreeMap::new(),
            next_enquiry: None,
            outputs: VecDeque::new(),
        }
    }

    /// The ESME takes deliver_sm (SMPP 3.4 section 2.2).
    pub fn receives(&self) -> bool {
        matches!(
            self.state,
            State::Bound(BindKind::Receiver | BindKind::Transceiver)
        )
    }

    /// The ESME may submit.
    pub fn transmits(&self) -> bool {
        matches!(
            self.state,
            State::Bound(BindKind::Transmitter | BindKind::Transceiver)
        )
    }

    fn event(&mut self, event: SmscEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn trouble(&mut self, what: impl Into<String>) {
        self.event(SmscEvent::Trouble(what.into()));
    }

    fn octets(&mut self, octets: Vec<u8>) {
        if let Some(flow) = self.flow {
            self.outputs.push_back(Output::Octets { flow, octets });
        }
    }

    fn close(&mut self) {
        if let Some(flow) = self.flow {
            let abort = false;
            self.outputs.push_back(Output::Close { flow, abort });
        }
    }

    fn respond(&mut self, command: CommandId, status: u32, sequence: u32, body: Body) {
        self.octets(Pdu::new(command, status, sequence, body).to_octets());
    }

    /// Sends a request under the next sequence number and remembers that its response is awaited.
    fn request(
        &mut self,
        now: Time,
        awaited: Awaited,
        command: CommandId,
        body: Body,
        tlvs: Vec<Tlv>,
    ) {
        self.sequence = match self.sequence {
            LAST_SEQUENCE => 1,
            sequence => sequence + 1,
        };
        let due = now + self.config.response_timeout;
        self.waiting.insert(self.sequence, (due, awaited));
        let mut pdu = Pdu::new(command, status::OK, self.sequence, body);
        pdu.tlvs = tlvs;
        self.octets(pdu.to_octets());
    }

    fn received(&mut self, now: Time, octets: &[u8]) {
        self.framer.push(octets);
        while let Some(frame) = self.framer.next_frame() {
            match frame {
                Ok(frame) => self.frame(now, &frame),
                Err(malformed) => {
                    self.trouble(format!("the ESME's stream is lost: {malformed}"));
                    let status = status::INVALID_COMMAND_LENGTH;
                    self.respond(CommandId::GENERIC_NACK, status, 0, Body::Empty);
                    self.close();
                    return;
                }
            }
        }
    }

    fn frame(&mut self, now: Time, frame: &[u8]) {
        let pdu = match Pdu::parse(frame) {
            Ok(pdu) => pdu,
            Err(malformed) => {
                self.trouble(format!("the ESME sent a malformed PDU: {malformed}"));
                let sequence = frame
                    .get(12..)
                    .and_then(|rest| rest.first_chunk::<4>())
                    .map_or(0, |octets| u32::from_be_bytes(*octets));
                let status = status::INVALID_COMMAND_LENGTH;
                self.respond(CommandId::GENERIC_NACK, status, sequence, Body::Empty);
                return;
            }
        };
        if pdu.command.is_response() {
            self.response(&pdu);
        } else {
            self.requested(now, pdu);
        }
    }

    fn requested(&mut self, now: Time, pdu: Pdu) {
        let response = pdu.command.response();
        let sequence = pdu.sequence;
        match pdu.command {
            CommandId::BIND_RECEIVER
            | CommandId::BIND_TRANSMITTER
            | CommandId::BIND_TRANSCEIVER => self.bind(now, &pdu),
            CommandId::ENQUIRE_LINK => {
                self.respond(response, status::OK, sequence, Body::Empty);
            }
            CommandId::UNBIND if matches!(self.state, State::Bound(_)) => {
                self.respond(response, status::OK, sequence, Body::Empty);
                self.end();
            }
            CommandId::UNBIND => {
                let status = status::INCORRECT_BIND_STATUS;
                self.respond(response, status, sequence, Body::Empty);
            }
            command if self.takes(command) && self.transmits() => self.submitted(pdu),
            command if self.takes(command) => {
                let status = status::INCORRECT_BIND_STATUS;
                self.respond(response, status, sequence, Body::MessageId(None));
            }
            command => {
                self.trouble(format!(
                    "the ESME asked for {}, which is not served",
                    command.name()
                ));
                let status = status::INVALID_COMMAND_ID;
                self.respond(CommandId::GENERIC_NACK, status, sequence, Body::Empty);
            }
        }
    }

    /// A request that brings a short message from the other end.
    fn takes(&self, command: CommandId) -> bool {
        let from_there = match self.config.role {
            Role::MessageCentre => CommandId::SUBMIT_SM,
            Role::Esme(_) => CommandId::DELIVER_SM,
        };
        command == from_there || command == CommandId::DATA_SM
    }

    fn submitted(&mut self, mut pdu: Pdu) {
        let alphabet = self.config.default_alphabet;
        if let Body::ShortMessage(message) | Body::Data(message) = &mut pdu.body {
            alphabet.read(message, &mut pdu.tlvs);
        }
        self.event(SmscEvent::Submitted(Box::new(pdu)));
    }

    /// Our own bind, as ESME.
    fn opened(&mut self, now: Time) {
        let Role::Esme(account) = &self.config.role else {
            return;
        };
        let bind = Bind {
            system_id: account.system_id.clone(),
            password: account.password.clone(),
            interface_version: 0x34,
            ..Bind::default()
        };
        let (kind, command) = (BindKind::Transceiver, CommandId::BIND_TRANSCEIVER);
        let body = Body::Bind(kind, bind);
        self.request(now, Awaited::Bind, command, body, Vec::new());
    }

    fn bind_answered(&mut self, pdu: &Pdu) {
        if pdu.status != status::OK {
            self.event(SmscEvent::BindRefused { status: pdu.status });
            self.close();
            return;
        }
        let kind = BindKind::Transceiver;
        self.state = State::Bound(kind);
        let system_id = match &pdu.body {
            Body::BindResp(system_id) => system_id.clone(),
            _ => String::new(),
        };
        self.event(SmscEvent::Bound {
            kind,
            system_id,
            interface_version: 0x34,
        });
    }

    fn bind(&mut self, now: Time, pdu: &Pdu) {
        let Body::Bind(kind, bind) = &pdu.body else {
            return;
        };
        let response = pdu.command.response();
        if let Some(status) = self.refusal(bind) {
            self.respond(response, status, pdu.sequence, Body::Empty);
            self.event(SmscEvent::BindRefused { status });
            return;
        }
        let body = Body::BindResp(self.config.system_id.clone());
        let mut answer = Pdu::new(response, status::OK, pdu.sequence, body);
        if let Some(version) = self.config.announced_version
            && bind.interface_version >= 0x34
        {
            answer.tlvs.push(Tlv {
                tag: tag::SC_INTERFACE_VERSION,
                value: vec![version],
            });
        }
        self.octets(answer.to_octets());
        self.state = State::Bound(*kind);
        self.next_enquiry = self.config.enquire_link.map(|interval| now + interval);
        self.event(SmscEvent::Bound {
            kind: *kind,
            system_id: bind.system_id.clone(),
            interface_version: bind.interface_version,
        });
    }

    fn refusal(&self, bind: &Bind) -> Option<u32> {
        match (self.state, &self.config.account) {
            (State::Bound(_), _) => Some(status::ALREADY_BOUND),
            (State::Ended, _) => Some(status::BIND_FAILED),
            (State::Open, Some(account)) if account.system_id != bind.system_id => {
                Some(status::INVALID_SYSTEM_ID)
            }
            (State::Open, Some(account)) if account.password != bind.password => {
                Some(status::INVALID_PASSWORD)
            }
            (State::Open, _) => {
                let known = self
                    .config
                    .interface_versions
                    .contains(&bind.interface_version);
                (!known).then_some(status::BIND_FAILED)
            }
        }
    }

    fn response(&mut self, pdu: &Pdu) {
        match self.waiting.remove(&pdu.sequence) {
            Some((_, Awaited::Delivery(label))) => {
                let status = pdu.status;
                self.event(SmscEvent::DeliverAnswered { label, status });
            }
            Some((_, Awaited::Bind)) => self.bind_answered(pdu),
            Some((_, Awaited::EnquireLink)) => {}
            Some((_, Awaited::Unbind)) => {
                self.end();
                self.close();
            }
            None => self.trouble(format!(
                "{} with sequence number {} answers nothing that waits",
                pdu.command.name(),
                pdu.sequence
            )),
        }
    }

    /// The session is over; what still waited will not be answered.
    fn end(&mut self) {
        if matches!(self.state, State::Bound(_)) {
            self.event(SmscEvent::Unbound);
        }
        self.state = State::Ended;
        self.next_enquiry = None;
        for (_, (_, awaited)) in std::mem::take(&mut self.waiting) {
            self.unanswered(awaited);
        }
    }

    fn unanswered(&mut self, awaited: Awaited) {
        match awaited {
            Awaited::Delivery(label) => self.event(SmscEvent::DeliverUnanswered { label }),
            Awaited::Bind => {
                self.trouble("the message centre did not answer our bind");
                self.close();
            }
            Awaited::EnquireLink => self.trouble("the ESME did not answer enquire_link"),
            Awaited::Unbind => {
                self.trouble("the ESME did not answer unbind");
                self.close();
            }
        }
    }

    fn command(&mut self, now: Time, command: SmscCommand) {
        match command {
            SmscCommand::Deliver {
                label,
                mut message,
                mut tlvs,
                by_data_sm,
            } => {
                let esme = self.config.role != Role::MessageCentre;
                // Delivery receipts are a message centre's.
                if (esme && message.is_receipt())
                    || !self.receives()
                    || self.waiting.len() >= MOST_WAITING
                {
                    self.event(SmscEvent::DeliverUnanswered { label });
                    return;
                }
                self.config.default_alphabet.write(&mut message, &mut tlvs);
                let (command, body) = if by_data_sm {
                    (CommandId::DATA_SM, Body::Data(message))
                } else if esme {
                    (CommandId::SUBMIT_SM, Body::ShortMessage(message))
                } else {
                    (CommandId::DELIVER_SM, Body::ShortMessage(message))
                };
                self.request(now, Awaited::Delivery(label), command, body, tlvs);
            }
            SmscCommand::Answer {
                command,
                sequence,
                status,
                message_id,
            } => {
                // deliver_sm_resp has the field and leaves it empty (SMPP 3.4 section 4.6.2).
                let message_id = match command {
                    CommandId::DELIVER_SM => String::new(),
                    _ => message_id,
                };
                let body = Body::MessageId((status == status::OK).then_some(message_id));
                self.respond(command.response(), status, sequence, body);
            }
            SmscCommand::Unbind => {
                let (unbind, none) = (CommandId::UNBIND, Vec::new());
                self.request(now, Awaited::Unbind, unbind, Body::Empty, none);
            }
            SmscCommand::Raw(octets) => self.octets(octets),
        }
    }

    fn wake(&mut self, now: Time) {
        while let Some(first) = self.waiting.first_entry()
            && first.get().0 <= now
        {
            let (_, awaited) = first.remove();
            self.unanswered(awaited);
        }
        if let (Some(due), Some(interval)) = (self.next_enquiry, self.config.enquire_link)
            && due <= now
        {
            self.next_enquiry = Some(now + interval);
            let (enquire, none) = (CommandId::ENQUIRE_LINK, Vec::new());
            self.request(now, Awaited::EnquireLink, enquire, Body::Empty, none);
        }
    }
}

impl Machine for Smsc {
    type Command = SmscCommand;
    type Event = SmscEvent;

    fn handle(&mut self, now: Time, input: Input<SmscCommand>) {
        match input {
            Input::Opened { flow, .. } => {
                self.flow = Some(flow);
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
                self.trouble("SMPP does not come in datagrams")
            }
        }
    }

    fn poll(&mut self) -> Option<Output<SmscEvent>> {
        self.outputs.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        let waiting = self.waiting.first_key_value().map(|(_, (due, _))| *due);
        waiting.into_iter().chain(self.next_enquiry).min()
    }
}

#[cfg(test)]
#[path = "smsc_tests.rs"]
mod tests;
