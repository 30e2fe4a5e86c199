//! What the exchange knows: its links to the system, the numbers of the handsets, and which capture a message belongs into.
//!
//! Called under a lock by whoever has something to tell it (the sockets' task, a handset's user); never waits. Everything goes into the
//! run's capture as it passes; a message also goes into the capture of the test case whose SMS-user number it names: requests of the
//! system by destination, requests to it by the handset they come from, responses by their request. More than 400 lines: sockets and
//! handsets' users change the same tables under the same lock.
mod delivery;
mod diameter;

use self::diameter::DiameterSide;
use super::centre::{Centre, SessionEvent, Signal};
use super::flow::Flow;
use super::link::{Link, key, record};
use super::{Event, RunClock, Tap};
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::handset::{Acceptance, HandsetError, Outgoing, SmsHandset};
use crate::peer::smsc::SmscEvent;
use crate::peer::transfer::submits;
use crate::peer::ue::UeCommand;
use crate::peer::{FlowId, Output, Time};
use crate::wire::diameter::Message;
use crate::wire::smpp::{CommandId, ShortMessagePdu, Tlv};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use tokio::sync::{mpsc, watch};

/// Connections at the same time; more are closed at once.
const MOST_LINKS: usize = 64;
/// Short messages kept while the system takes none.
const MOST_QUEUED: usize = 1000;
/// Answers, receipts and deliveries whose time has not come.
const MOST_DUE: usize = 100_000;
const MOST_NOTES: usize = 1000;

/// A handset at its number.
struct Attached {
    generation: u64,
    tap: Tap,
    handset: SmsHandset,
    arrivals: watch::Sender<usize>,
    complaints: Vec<HandsetError>,
    /// The SMSIP UE he writes with, if he does.
    terminal: Option<Terminal>,
}

/// What is to happen at a time.
enum Due {
    Answer(Box<Submitted>),
    Deliver(Box<ToSystem>),
}

/// A short message for a handset, and what becomes of it.
struct Submitted {
    flow: FlowId,
    asked: Asked,
    message: ShortMessagePdu,
    tlvs: Vec<Tlv>,
    acceptance: Acceptance,
    message_id: u64,
}

/// The request that brought it.
enum Asked {
    Smpp {
        command: CommandId,
        sequence: u32,
    },
    /// OFR or TFR.
    Diameter(Box<Message>),
}

/// A short message to the system, and the number whose test case it belongs to.
struct ToSystem {
    owner: String,
    outgoing: Outgoing,
}

/// How an SMSIP UE is told to submit.
pub(super) type Terminal = mpsc::UnboundedSender<UeCommand>;

/// What the handset has written goes to its terminal, if it has one; what others send at the same time is given back.
fn over_ip(attached: &mut Attached, written: Vec<Outgoing>) -> Vec<Outgoing> {
    let Some(terminal) = &attached.terminal else {
        return written;
    };
    let number = key(attached.handset.number());
    let own = |one: &Outgoing| one.reports.is_none() && key(&one.message.source) == number;
    let (own, others): (Vec<_>, Vec<_>) = written.into_iter().partition(own);
    let submits: Vec<_> = own.iter().flat_map(|one| submits(one, 0)).collect();
    if !submits.is_empty() && terminal.send(UeCommand::Submit(submits)).is_err() {
        tracing::warn!("the SMSIP UE of a handset has stopped");
    }
    others
}

pub(super) struct Switchboard {
    config: Centre,
    interface: &'static str,
    diameter: Option<DiameterSide>,
    clock: RunClock,
    run_tap: Tap,
    links: BTreeMap<FlowId, Link>,
    /// Connections we have closed and the ESME has not.
    remains: BTreeMap<FlowId, (SocketAddr, SocketAddr)>,
    numbers: HashMap<String, Attached>,
    due: BTreeMap<(Time, u64), Due>,
    queued: VecDeque<Box<ToSystem>>,
    dirty: Vec<FlowId>,
    /// Addresses the sockets' task is to connect to.
    pub dialling: Vec<SocketAddr>,
    /// Connections the sockets' task is to close; `true` breaks them off.
    pub closing: Vec<(Flow, bool)>,
    pub bound: watch::Sender<bool>,
    /// Host and realm of the Diameter node at the other end, once it has said them.
    pub peer: Option<(String, String)>,
    notes: Vec<String>,
    counter: u64,
    message_id: u64,
}

impl Switchboard {
    pub fn new(config: Centre, clock: RunClock, run_tap: Tap) -> Self {
        Self {
            interface: config.interface(),
            diameter: DiameterSide::of(&config),
            dialling: Vec::new(),
            config,
            clock,
            run_tap,
            links: BTreeMap::new(),
            remains: BTreeMap::new(),
            numbers: HashMap::new(),
            due: BTreeMap::new(),
            queued: VecDeque::new(),
            dirty: Vec::new(),
            closing: Vec::new(),
            bound: watch::Sender::new(false),
            peer: None,
            notes: Vec::new(),
            counter: 0,
            message_id: 0,
        }
    }

    pub fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        }
    }

    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// When `wake` is due.
    pub fn wake_at(&self) -> Option<Time> {
        let links = self.links.values().filter_map(|l| l.session.wake_at());
        let due = self.due.first_key_value().map(|((time, _), _)| *time);
        links.chain(due).min()
    }

    /// The carriage is Diameter, whose nodes take leave of each other.
    pub fn takes_leave(&self) -> bool {
        self.diameter.is_some()
    }

    // What the sockets tell.

    /// The number of ESME connections may still grow.
    pub fn has_room(&self) -> bool {
        self.links.len() < MOST_LINKS
    }

    pub fn opened(&mut self, id: FlowId, flow: Flow, dialled: bool) {
        let (local, remote) = (flow.local, flow.remote);
        let event = Event::Opened { dialled };
        record(&self.run_tap, self.interface, false, (local, remote), event);
        let mut session = self.config.session(dialled);
        let signal = Signal::Opened {
            flow: id,
            channel: self.config.channel(),
            local,
            remote,
        };
        session.signal(self.clock.now(), signal);
        self.links.insert(id, Link::new(flow, session));
        self.dirty.push(id);
        self.settle();
    }

    pub fn octets(&mut self, id: FlowId, octets: Vec<u8>) {
        let event = Event::Data(octets.clone());
        let Some(link) = self.links.get_mut(&id) else {
            if let Some(ends) = self.remains.get(&id) {
                record(&self.run_tap, self.interface, false, *ends, event);
            }
            return;
        };
        let ends = link.ends();
        record(&self.run_tap, self.interface, false, ends, event);
        let (side, numbers) = (self.diameter.as_ref(), &self.numbers);
        let whose = |request: &Message| {
            let candidates = side.map_or_else(Vec::new, |side| side.named_in(request));
            let known = |number: &String| {
                numbers.contains_key(number) || side.is_some_and(|s| s.tap_of(number).is_some())
            };
            candidates.into_iter().find(known)
        };
        for (number, frame) in link.frames(&octets, whose) {
            let attached = number.as_ref().and_then(|number| numbers.get(number));
            let of_hss = || side.and_then(|side| side.tap_of(number.as_ref()?));
            if let Some(tap) = attached.map(|attached| &attached.tap).or_else(of_hss) {
                record(tap, self.interface, false, ends, Event::Data(frame));
            }
        }
        let signal = Signal::Octets { flow: id, octets };
        link.session.signal(self.clock.now(), signal);
        self.dirty.push(id);
        self.settle();
    }

    /// The ESME closed, or the connection broke.
    pub fn ended(&mut self, id: FlowId, reset: bool) {
        let event = Event::Closed { reset };
        if let Some(ends) = self.remains.remove(&id) {
            self.record_everywhere(false, ends, &event);
            return;
        }
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let ends = link.ends();
        link.session
            .signal(self.clock.now(), Signal::Closed { flow: id });
        self.record_everywhere(false, ends, &event);
        self.dirty.push(id);
        self.settle();
        self.close(id, reset);
        self.remains.remove(&id);
    }

    /// The ESME does not read what is written to it.
    pub fn write_failed(&mut self, id: FlowId) {
        self.break_off(id);
        self.settle();
    }

    /// The link goes at once: whatever its session still says has no way to go, and must not fail again one by one.
    fn break_off(&mut self, id: FlowId) {
        if self.links.contains_key(&id) {
            self.note("the ESME does not read what it is sent; connection broken off".to_owned());
            self.close(id, true);
        }
        self.remains.remove(&id);
    }

    pub fn wake(&mut self) {
        let now = self.clock.now();
        for (id, link) in &mut self.links {
            if link.session.wake_at().is_some_and(|due| due <= now) {
                link.session.signal(now, Signal::Wake);
                self.dirty.push(*id);
            }
        }
        self.settle();
    }

    /// Ends all sessions in order: with unbind, or with DPR.
    pub fn unbind(&mut self) {
        let now = self.clock.now();
        for (id, link) in &mut self.links {
            link.session.part(now);
            self.dirty.push(*id);
        }
        self.settle();
    }

    /// Closes all connections.
    pub fn disconnect(&mut self, abort: bool) {
        let ids: Vec<FlowId> = self.links.keys().copied().collect();
        for id in ids {
            self.close(id, abort);
        }
        self.settle();
    }

    fn close(&mut self, id: FlowId, abort: bool) {
        let Some(mut link) = self.links.remove(&id) else {
            return;
        };
        let ends = link.ends();
        link.session
            .signal(self.clock.now(), Signal::Closed { flow: id });
        while let Some(output) = link.session.poll() {
            if let Output::Event(event) = output {
                self.said(id, event);
            }
        }
        self.record_everywhere(true, ends, &Event::Closed { reset: abort });
        self.closing.push((link.flow, abort));
        if !abort {
            if self.remains.len() == MOST_LINKS {
                self.remains.pop_first();
            }
            self.remains.insert(id, ends);
        }
        self.tell_bound();
    }

    /// Into every capture; those that never saw the connection take no notice of its end.
    fn record_everywhere(&self, outbound: bool, ends: (SocketAddr, SocketAddr), event: &Event) {
        record(&self.run_tap, self.interface, outbound, ends, event.clone());
        for attached in self.numbers.values() {
            record(&attached.tap, self.interface, outbound, ends, event.clone());
        }
    }

    // What the handsets' users tell.

    pub fn attach(
        &mut self,
        number: &str,
        tap: Tap,
        behaviour: HandsetBehaviour,
    ) -> (u64, watch::Receiver<usize>) {
        self.counter += 1;
        let generation = self.counter;
        let reference = number
            .bytes()
            .fold(0u16, |sum, octet| sum.wrapping_mul(31) ^ u16::from(octet));
        let (arrivals, arrived) = watch::channel(0);
        if let Some(side) = &mut self.diameter {
            side.introduce(number);
        }
        let attached = Attached {
            generation,
            tap,
            handset: SmsHandset::new(number, reference, behaviour),
            arrivals,
            complaints: Vec::new(),
            terminal: None,
        };
        if self.numbers.insert(key(number), attached).is_some() {
            self.note(format!("two handsets were attached to {number}"));
        }
        (generation, arrived)
    }

    pub fn detach(&mut self, number: &str, generation: u64) {
        let number = key(number);
        if self
            .numbers
            .get(&number)
            .is_some_and(|a| a.generation == generation)
        {
            self.numbers.remove(&number);
            if let Some(side) = &mut self.diameter {
                side.forget(&number);
            }
        }
    }

    /// Lets a handset do something; what it writes is delivered at once.
    pub fn handset<R>(
        &mut self,
        number: &str,
        act: impl FnOnce(&mut SmsHandset) -> R,
    ) -> Option<R> {
        Some(act(&mut self.numbers.get_mut(&key(number))?.handset))
    }

    pub fn write(
        &mut self,
        number: &str,
        act: impl FnOnce(&mut SmsHandset) -> Result<Vec<Outgoing>, HandsetError>,
    ) {
        let Some(attached) = self.numbers.get_mut(&key(number)) else {
            self.note(format!("{number} has been detached and cannot send"));
            return;
        };
        match act(&mut attached.handset) {
            Ok(parts) => {
                let now = self.clock.now();
                let parts = over_ip(attached, parts);
                for outgoing in parts {
                    let owner = key(number);
                    let part = ToSystem { owner, outgoing };
                    self.later(now, Due::Deliver(Box::new(part)));
                }
                self.settle();
            }
            Err(error) => {
                tracing::warn!(%error, "handset");
                attached.complaints.push(error);
            }
        }
    }

    /// From now on the handset is an SMSIP UE: what it writes is submitted by that.
    pub fn terminal(&mut self, number: &str, terminal: Terminal) {
        if let Some(attached) = self.numbers.get_mut(&key(number)) {
            attached.terminal = Some(terminal);
        }
    }

    pub fn complaints(&self, number: &str) -> Vec<HandsetError> {
        self.numbers
            .get(&key(number))
            .map_or_else(Vec::new, |a| a.complaints.clone())
    }

    fn later(&mut self, at: Time, what: Due) {
        if self.due.len() == MOST_DUE {
            self.note("too much is waiting for its time; something was dropped".to_owned());
            return;
        }
        self.counter += 1;
        self.due.insert((at, self.counter), what);
    }

    /// Until nothing is left to do now.
    fn settle(&mut self) {
        loop {
            while let Some(id) = self.dirty.pop() {
                self.drain(id);
            }
            let now = self.clock.now();
            match self.due.first_entry() {
                Some(first) if first.key().0 <= now => {
                    let what = first.remove();
                    self.happen(now, what);
                }
                _ => break,
            }
        }
    }

    fn drain(&mut self, id: FlowId) {
        while let Some(output) = self.links.get_mut(&id).and_then(|l| l.session.poll()) {
            match output {
                Output::Octets { octets, .. } => self.transmit(id, octets),
                Output::Close { abort, .. } => self.close(id, abort),
                Output::Event(event) => self.said(id, event),
                Output::Datagram { .. } | Output::Media { .. } | Output::Connect { .. } => {}
            }
        }
    }

    fn transmit(&mut self, id: FlowId, octets: Vec<u8>) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let ends = link.ends();
        let data = Event::Data(octets.clone());
        record(&self.run_tap, self.interface, true, ends, data);
        let number = link.owner(&octets);
        let attached = number.as_ref().and_then(|number| self.numbers.get(number));
        let side = self.diameter.as_ref();
        let of_hss = || side.and_then(|side| side.tap_of(number.as_ref()?));
        if let Some(tap) = attached.map(|attached| &attached.tap).or_else(of_hss) {
            let data = Event::Data(octets.clone());
            record(tap, self.interface, true, ends, data);
        }
        if !link.flow.write(octets) {
            self.break_off(id);
        }
    }

    fn said(&mut self, id: FlowId, event: SessionEvent) {
        match event {
            SessionEvent::Smpp(event) => self.smsc_said(id, event),
            SessionEvent::Diameter(event) => self.service_centre_said(id, event),
        }
    }

    /// What waited for a way to the system goes now.
    fn ready(&mut self) {
        self.tell_bound();
        let now = self.clock.now();
        for waiting in std::mem::take(&mut self.queued) {
            self.later(now, Due::Deliver(waiting));
        }
    }

    fn smsc_said(&mut self, id: FlowId, event: SmscEvent) {
        match event {
            SmscEvent::Bound { .. } => self.ready(),
            SmscEvent::Unbound => self.tell_bound(),
            SmscEvent::Submitted(pdu) => self.submitted(id, *pdu),
            SmscEvent::BindRefused { status } => {
                self.note(format!("a bind was refused with status 0x{status:x}"));
            }
            SmscEvent::DeliverUnanswered { .. } => {
                self.note("the ESME did not answer a delivery".to_owned());
            }
            SmscEvent::DeliverAnswered { .. } => {}
            SmscEvent::Trouble(what) => self.note(what),
        }
    }

    fn tell_bound(&mut self) {
        let both = self.links.values().any(|l| l.session.receives())
            && self.links.values().any(|l| l.session.transmits());
        self.bound
            .send_if_modified(|was| std::mem::replace(was, both) != both);
    }
}
