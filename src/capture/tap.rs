//! The recording of one test case: everything its sockets carried, as pcapng octets that grow while the test runs.
//!
//! Written before any parser sees the octets, so that the verdict can come from the capture alone. Bounded: what comes after
//! [`CAPTURE_LIMIT`] octets is not recorded and `overflowed` says so.
use super::calendar;
use super::packets::{Ends, Packet, Packets};
use super::pcapng::{self, INTERFACES, Label};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// Largest capture of one test case.
pub const CAPTURE_LIMIT: usize = 64 * 1024 * 1024;

/// Most octets of one test case that are no media. What is said is kept decoded while the test case runs, which takes many times the
/// memory; the largest test case against the reference has a tenth of it.
const MOST_SAID: usize = 4 * 1024 * 1024;

/// Nobody reads more of them.
const MOST_UNANSWERED: usize = 20;

/// Which reference point SIP is on for a peer: `isc` or `gm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipInterface(pub &'static str);

/// Something that happened on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `isc`, `gm`, `msrp`, `smpp`, `sgd` or `rtp`.
    pub interface: &'static str,
    /// The suite sent it (or, for `Closed`, closed first).
    pub outbound: bool,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Datagram(Vec<u8>),
    /// A TCP connection stands; `dialled` = the suite opened it.
    Opened {
        dialled: bool,
    },
    /// TCP octets. On a connection without `Opened` a handshake dialled by the remote side is put before them.
    Data(Vec<u8>),
    Closed {
        reset: bool,
    },
}

/// A cheap handle; clones write into the same capture.
#[derive(Debug, Clone)]
pub struct Tap {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    length: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    octets: Vec<u8>,
    packets: Packets,
    marks: u32,
    comment: Option<String>,
    /// Wall clock when the tap was made, and the run's clock at that moment: stepping the wall clock does not disturb a capture, and a
    /// paused test clock is what the capture shows.
    epoch: u64,
    started: Instant,
    last: u64,
    /// Octets that are no media, and how many there may be.
    said: usize,
    most_said: usize,
    overflowed: bool,
    unanswered: Vec<String>,
}

impl Default for Tap {
    fn default() -> Self {
        Self::new()
    }
}

impl Tap {
    pub fn new() -> Self {
        let since = calendar::since_epoch();
        let epoch = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let octets = pcapng::beginning();
        let length = watch::Sender::new(octets.len());
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    octets,
                    packets: Packets::default(),
                    marks: 0,
                    comment: None,
                    epoch,
                    started: Instant::now(),
                    last: 0,
                    said: 0,
                    most_said: MOST_SAID,
                    overflowed: false,
                    unanswered: Vec::new(),
                }),
                length,
            }),
        }
    }

    /// For what belongs to a whole run and not to a test case.
    pub fn of_run() -> Self {
        let tap = Self::new();
        tap.state().most_said = CAPTURE_LIMIT;
        tap
    }

    /// Notes that nobody took a connection there. There is no octet of it that the capture could hold.
    pub fn unanswered(&self, to: SocketAddr, error: &std::io::Error) {
        let mut state = self.state();
        if state.unanswered.len() < MOST_UNANSWERED {
            state
                .unanswered
                .push(format!("{to} took no connection: {error}"));
        }
    }

    /// The connections that nobody took, in words.
    pub fn take_unanswered(&self) -> Vec<String> {
        std::mem::take(&mut self.state().unanswered)
    }

    /// From now on every packet bears the comment `[n] step`; n counts the marks.
    pub fn mark(&self, step: &str) {
        let mut state = self.state();
        state.marks += 1;
        state.comment = Some(format!("[{}] {step}", state.marks));
    }

    pub fn record(&self, record: Record) {
        let length = {
            let mut state = self.state();
            state.append(&record);
            state.octets.len()
        };
        self.shared.length.send_replace(length);
    }

    /// A line of a TLS key log: it opens what is recorded after it.
    pub fn secret(&self, line: &str) {
        let length = {
            let mut state = self.state();
            pcapng::secrets(&mut state.octets, line);
            state.octets.len()
        };
        self.shared.length.send_replace(length);
    }

    /// The pcapng octets appended since `offset`, always whole blocks when `offset` is an earlier total.
    pub fn octets_from(&self, offset: usize) -> Vec<u8> {
        let state = self.state();
        state.octets.get(offset..).unwrap_or_default().to_vec()
    }

    /// Total octets so far.
    pub fn len(&self) -> usize {
        self.state().octets.len()
    }

    /// Never: a capture begins with its section header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From now on nothing is recorded: it was too much.
    pub fn overflow(&self) {
        self.state().overflowed = true;
    }

    /// True when something was not recorded because the capture had grown to its limit, or too much was said.
    pub fn overflowed(&self) -> bool {
        self.state().overflowed
    }

    /// Resolves when more than `seen` octets exist.
    pub async fn changed(&self, seen: usize) {
        let mut length = self.shared.length.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail before the length has grown.
        if length.wait_for(|now| *now > seen).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Nanoseconds since the Unix epoch on this capture's clock.
    pub fn now(&self) -> u64 {
        self.state().now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> u64 {
        let elapsed = Instant::now().saturating_duration_since(self.started);
        self.epoch
            .saturating_add(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    fn append(&mut self, record: &Record) {
        let is_media = record.interface == "rtp";
        if self.overflowed
            || self.octets.len() >= CAPTURE_LIMIT
            || (!is_media && self.said >= self.most_said)
        {
            self.overflowed = true;
            return;
        }
        if let (false, Event::Datagram(octets) | Event::Data(octets)) = (is_media, &record.event) {
            self.said += octets.len();
        }
        let ends = Ends {
            local: record.local,
            remote: record.remote,
        };
        let packets = match &record.event {
            Event::Datagram(octets) => self.packets.datagram(ends, record.outbound, octets),
            Event::Opened { dialled } => self.packets.opened(ends, *dialled),
            Event::Data(octets) => self.packets.data(ends, record.outbound, octets),
            Event::Closed { reset } => self.packets.closed(ends, record.outbound, *reset),
        };
        let interface = INTERFACES
            .iter()
            .position(|name| *name == record.interface)
            .and_then(|index| u32::try_from(index).ok())
            .unwrap_or(0);
        for Packet { outbound, octets } in packets {
            // Strictly increasing, so that the order of a capture is the order of its times.
            let at = self.now().max(self.last.saturating_add(1));
            self.last = at;
            let label = Label {
                interface,
                at,
                outbound,
                comment: self.comment.as_deref(),
            };
            pcapng::packet(&mut self.octets, &label, &octets);
        }
    }
}

#[cfg(test)]
#[path = "tap_tests.rs"]
mod tests;
