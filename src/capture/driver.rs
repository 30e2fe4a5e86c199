//! Drives one sans-IO machine with its sockets in one task.
//!
//! Every octet is recorded before the machine or the wire gets it, in the order in which the machine sees and says it. Nothing here
//! knows a protocol, but for TLS around SIP. More than 400 lines: every kind of socket meets the machine in this one loop.
mod inside_tls;

use super::flow::{Flow, Remains, Report, Tasks, dial};
use super::secured::Secured;
use super::tls::Stream;
use super::traffic::{self, Traffic};
use super::{Event, Record, RunClock, Sockets, Tap};
use crate::peer::{Channel, FlowId, Input, Machine, Output};
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, sleep_until, timeout};

/// Accepted connections are numbered from here; a machine's own numbers are below.
pub(super) const ACCEPTED_FROM: u64 = 1 << 32;
/// Reports of connections waiting to be taken, each of at most one read.
const QUEUED_REPORTS: usize = 64;
const DATAGRAM_OCTETS: usize = 65_535;
const SEND_LIMIT: Duration = Duration::from_secs(1);
/// Datagrams recorded after a stop.
const LAST_DATAGRAMS: usize = 1000;
/// What was written before a stop may still leave for this long.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);
/// How long the ports of a peer that has gone stay taken: what the system still says to it must not reach another process that is given
/// them.
const DEAF_TIME: Duration = Duration::from_secs(3);

pub(super) struct Driver<M: Machine> {
    machine: M,
    sockets: Sockets,
    local: SocketAddr,
    tap: Tap,
    clock: RunClock,
    events: mpsc::UnboundedSender<M::Event>,
    reports: mpsc::Sender<Report>,
    reported: mpsc::Receiver<Report>,
    tasks: Tasks,
    dialling: HashSet<FlowId>,
    flows: HashMap<FlowId, Flow>,
    /// Those of them that are inside TLS.
    secured: HashMap<FlowId, Secured>,
    remains: HashMap<FlowId, Remains>,
    next_accepted: u64,
}

impl<M: Machine + Send + 'static> Driver<M> {
    pub(super) fn new(
        machine: M,
        mut sockets: Sockets,
        tap: Tap,
        clock: RunClock,
        events: mpsc::UnboundedSender<M::Event>,
    ) -> Self {
        sockets.tls = sockets.tls.map(|tls| tls.telling(&tap));
        traffic::happened(Traffic::Opened(sockets.sip()));
        let (reports, reported) = mpsc::channel(QUEUED_REPORTS);
        Self {
            machine,
            local: sockets.sip(),
            sockets,
            tap,
            clock,
            events,
            reports,
            reported,
            tasks: Tasks::default(),
            dialling: HashSet::new(),
            flows: HashMap::new(),
            secured: HashMap::new(),
            remains: HashMap::new(),
            next_accepted: ACCEPTED_FROM,
        }
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<M::Command>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let mut buffer = vec![0; DATAGRAM_OCTETS];
        // Most peers have no media, and there may be thousands of them.
        let media = self.sockets.rtp.as_ref().map_or(0, |_| DATAGRAM_OCTETS);
        let mut media = vec![0; media];
        self.drain().await;
        loop {
            let wake_at = self.machine.wake_at().map(|time| self.clock.instant(time));
            tokio::select! {
                _ = &mut stopped => break,
                Some(command) = commands.recv() => self.give(Input::Command(command)).await,
                received = receive(self.sockets.udp.as_ref(), &mut buffer) => {
                    if let Ok((_, from)) = received {
                        traffic::happened(Traffic::Received { from, to: self.local });
                    }
                    self.datagram(received, &buffer).await;
                }
                received = receive(self.sockets.rtp.as_ref(), &mut media) => {
                    self.media(received, &media).await;
                }
                accepted = accept(self.sockets.sip_tcp.as_ref()) => {
                    self.accepted(Channel::Sip, accepted).await;
                }
                accepted = accept(self.sockets.msrp_tcp.as_ref()) => {
                    self.accepted(Channel::Msrp, accepted).await;
                }
                Some(report) = self.reported.recv() => self.report(report).await,
                Some(_) = self.tasks.writers.join_next() => {}
                Some(_) = self.tasks.others.join_next() => {}
                () = async {
                    match wake_at {
                        Some(at) => sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => self.give(Input::Wake).await,
            }
        }
        while let Ok(command) = commands.try_recv() {
            self.give(Input::Command(command)).await;
        }
        self.end().await;
    }

    /// Closes every connection in order and lets what was written leave.
    async fn end(mut self) {
        for id in self.secured.keys().copied().collect::<Vec<_>>() {
            self.say_goodbye(id);
        }
        for (id, flow) in std::mem::take(&mut self.flows) {
            self.finish(id, flow);
        }
        self.unread_datagrams();
        self.reported.close();
        let drained = timeout(DRAIN_LIMIT, async {
            while self.tasks.writers.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::debug!("the other side did not read what was written last");
        }
        self.tasks.writers.shutdown().await;
        self.tasks.others.shutdown().await;
        let mut sockets = self.sockets;
        if let Some((kept, whose)) = sockets.keeper.take() {
            kept.put(whose, sockets);
        } else if sockets.picked {
            tokio::spawn(async move {
                sleep(DEAF_TIME).await;
                drop(sockets);
            });
        }
    }

    /// What has arrived and was not read any more is part of the recording all the same.
    fn unread_datagrams(&self) {
        let Some(udp) = &self.sockets.udp else {
            return;
        };
        let mut buffer = vec![0; DATAGRAM_OCTETS];
        for _ in 0..LAST_DATAGRAMS {
            let Ok((length, from)) = udp.try_recv_from(&mut buffer) else {
                return;
            };
            self.tap.record(Record {
                interface: self.sockets.sip_interface,
                outbound: false,
                local: self.local,
                remote: from,
                event: Event::Datagram(buffer[..length].to_vec()),
            });
        }
    }

    async fn give(&mut self, input: Input<M::Command>) {
        self.machine.handle(self.clock.now(), input);
        self.drain().await;
    }

    async fn drain(&mut self) {
        while let Some(output) = self.machine.poll() {
            match output {
                Output::Datagram { to, octets } => self.send(to, octets).await,
                Output::Media { to, octets } => self.speak(to, octets).await,
                Output::Connect { flow, channel, to } => self.connect(flow, channel, to),
                Output::Octets { flow, octets } => self.write(flow, octets),
                Output::Close { flow, abort } => self.close(flow, abort),
                // Nobody listens once the scenario has dropped its end; the machine goes on.
                Output::Event(event) => drop(self.events.send(event)),
            }
        }
    }

    async fn send(&mut self, to: SocketAddr, octets: Vec<u8>) {
        let Some(udp) = &self.sockets.udp else {
            tracing::warn!(%to, "datagram of a peer without a UDP socket dropped");
            return;
        };
        self.tap.record(Record {
            interface: self.sockets.sip_interface,
            outbound: true,
            local: self.local,
            remote: to,
            event: Event::Datagram(octets.clone()),
        });
        let from = self.local;
        traffic::happened(Traffic::Sent { from, to });
        match timeout(SEND_LIMIT, udp.send_to(&octets, to)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%to, %error, "datagram not sent"),
            Err(_) => tracing::warn!(%to, "datagram not sent within a second"),
        }
    }

    /// A packet of media: what cannot be sent is lost, as media are.
    async fn speak(&mut self, to: SocketAddr, octets: Vec<u8>) {
        let Some(rtp) = &self.sockets.rtp else {
            return;
        };
        self.heard(true, to, octets.clone());
        if let Ok(Err(error)) = timeout(SEND_LIMIT, rtp.send_to(&octets, to)).await {
            tracing::debug!(%to, %error, "media not sent");
        }
    }

    fn heard(&self, outbound: bool, remote: SocketAddr, octets: Vec<u8>) {
        self.tap.record(Record {
            interface: "rtp",
            outbound,
            local: self.sockets.rtp(),
            remote,
            event: Event::Datagram(octets),
        });
    }

    fn connect(&mut self, flow: FlowId, channel: Channel, to: SocketAddr) {
        self.dialling.insert(flow);
        let local_ip = match channel {
            Channel::Msrp => self.sockets.msrp().ip(),
            Channel::Sip | Channel::Smpp | Channel::Diameter => self.local.ip(),
        };
        let reports = self.reports.clone();
        self.tasks.others.spawn(async move {
            dial(flow, channel, Some(local_ip), None, to, reports).await;
        });
    }

    fn write(&mut self, id: FlowId, octets: Vec<u8>) {
        match self.secured.get_mut(&id) {
            Some(secured) => {
                let octets = secured.sealed(&octets);
                self.write_raw(id, octets);
            }
            None => self.write_raw(id, octets),
        }
    }

    fn write_raw(&mut self, id: FlowId, octets: Vec<u8>) {
        if octets.is_empty() {
            return;
        }
        let Some(flow) = self.flows.get(&id) else {
            tracing::debug!(
                flow = id.0,
                "octets for a connection that is not open dropped"
            );
            return;
        };
        let event = Event::Data(octets.clone());
        self.record(flow.channel, true, flow.local, flow.remote, event);
        if !flow.write(octets) {
            tracing::warn!(remote = %flow.remote, "the other side does not read; connection given up");
            self.secured.remove(&id);
            if let Some(flow) = self.flows.remove(&id) {
                self.abort(flow);
            }
            // Told from the report queue's side, because the machine is being drained right now.
            let reports = self.reports.clone();
            self.tasks.others.spawn(async move {
                drop(reports.send(Report::WriteFailed { flow: id }).await);
            });
        }
    }

    fn close(&mut self, id: FlowId, abort: bool) {
        self.dialling.remove(&id);
        self.say_goodbye(id);
        if let Some(flow) = self.flows.remove(&id) {
            if abort {
                self.abort(flow);
            } else {
                self.finish(id, flow);
            }
        }
    }

    fn finish(&mut self, id: FlowId, flow: Flow) {
        let event = Event::Closed { reset: false };
        self.record(flow.channel, true, flow.local, flow.remote, event);
        let remains = flow.finish(&mut self.tasks);
        self.remains.insert(id, remains);
    }

    fn abort(&mut self, flow: Flow) {
        let event = Event::Closed { reset: true };
        self.record(flow.channel, true, flow.local, flow.remote, event);
        flow.reset();
    }

    fn record(
        &self,
        channel: Channel,
        outbound: bool,
        local: SocketAddr,
        remote: SocketAddr,
        event: Event,
    ) {
        self.tap.record(Record {
            interface: interface(channel, self.sockets.sip_interface),
            outbound,
            local,
            remote,
            event,
        });
    }

    async fn datagram(&mut self, received: io::Result<(usize, SocketAddr)>, buffer: &[u8]) {
        let (length, from) = match received {
            Ok(received) => received,
            Err(error) => {
                // An ICMP error of an earlier datagram, or the system is short of memory: never spin on it.
                tracing::debug!(%error, "receiving a datagram failed");
                sleep(Duration::from_millis(5)).await;
                return;
            }
        };
        let octets = buffer[..length].to_vec();
        self.tap.record(Record {
            interface: self.sockets.sip_interface,
            outbound: false,
            local: self.local,
            remote: from,
            event: Event::Datagram(octets.clone()),
        });
        self.give(Input::Datagram { from, octets }).await;
    }

    async fn media(&mut self, received: io::Result<(usize, SocketAddr)>, buffer: &[u8]) {
        match received {
            Ok((length, from)) => {
                let octets = buffer[..length].to_vec();
                self.heard(false, from, octets.clone());
                self.give(Input::Media { from, octets }).await;
            }
            Err(error) => {
                tracing::debug!(%error, "receiving media failed");
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn accepted(&mut self, channel: Channel, accepted: io::Result<TcpStream>) {
        match accepted {
            Ok(stream) => {
                let stream = Stream::Plain(stream);
                let id = FlowId(self.next_accepted);
                self.next_accepted += 1;
                self.opened(id, channel, stream, false).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn opened(&mut self, id: FlowId, channel: Channel, stream: Stream, dialled: bool) {
        match Flow::open(id, channel, stream, &self.reports, &mut self.tasks) {
            Ok(flow) => {
                let (local, remote) = (flow.local, flow.remote);
                self.record(channel, false, local, remote, Event::Opened { dialled });
                self.flows.insert(id, flow);
                if channel == Channel::Sip && self.sockets.tls.is_some() {
                    return self.begin_tls(id, dialled).await;
                }
                self.give(Input::Opened {
                    flow: id,
                    channel,
                    local,
                    remote,
                })
                .await;
            }
            // Broken off before it could be looked at.
            Err(error) => {
                tracing::debug!(%error, "connection ended while opening");
                if dialled {
                    self.give(Input::Closed { flow: id }).await;
                }
            }
        }
    }

    async fn report(&mut self, report: Report) {
        match report {
            Report::Connected {
                flow,
                channel,
                to,
                outcome,
            } => {
                if !self.dialling.remove(&flow) {
                    return;
                }
                match outcome {
                    Ok(stream) => self.opened(flow, channel, stream, true).await,
                    Err(error) => {
                        tracing::warn!(%to, %error, "connection refused");
                        self.tap.unanswered(to, &error);
                        self.give(Input::Closed { flow }).await;
                    }
                }
            }
            // TLS is the exchange's alone.
            Report::Accepted { .. } => {}
            Report::Octets { flow, octets } => self.octets(flow, octets).await,
            Report::Ended { flow, reset } => self.ended(flow, reset).await,
            Report::WriteFailed { flow } => {
                if let Some(broken) = self.flows.remove(&flow) {
                    self.abort(broken);
                }
                self.give(Input::Closed { flow }).await;
            }
        }
    }

    async fn octets(&mut self, id: FlowId, octets: Vec<u8>) {
        if self.secured.contains_key(&id) {
            return self.inside_tls(id, octets).await;
        }
        let event = Event::Data(octets.clone());
        if let Some(flow) = self.flows.get(&id) {
            self.record(flow.channel, false, flow.local, flow.remote, event);
            self.give(Input::Octets { flow: id, octets }).await;
        } else if let Some(gone) = self.remains.get(&id) {
            self.record(gone.channel, false, gone.local, gone.remote, event);
        }
    }

    async fn ended(&mut self, id: FlowId, reset: bool) {
        let event = Event::Closed { reset };
        if let Some(flow) = self.flows.get(&id) {
            self.record(flow.channel, false, flow.local, flow.remote, event);
            if self
                .secured
                .remove(&id)
                .is_none_or(|secured| secured.is_known())
            {
                self.give(Input::Closed { flow: id }).await;
            }
            if let Some(flow) = self.flows.remove(&id) {
                self.finish(id, flow);
                self.remains.remove(&id);
            }
        } else if let Some(gone) = self.remains.remove(&id) {
            self.record(gone.channel, false, gone.local, gone.remote, event);
        }
    }
}

fn interface(channel: Channel, sip_interface: &'static str) -> &'static str {
    match channel {
        Channel::Sip => sip_interface,
        Channel::Msrp => "msrp",
        Channel::Smpp => "smpp",
        Channel::Diameter => "sgd",
    }
}

async fn receive(udp: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    match udp {
        Some(udp) => udp.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
