//! One MSRP session of an endpoint (RFC 4975): the session a CPM UE sets up with SIP and chats in.
//!
//! Time and octets in, octets and events out. It sends messages whole or in chunks, answers SEND requests, puts chunks together, sends
//! and receives reports and can misbehave on request. It opens no connection: whoever drives it says when one stands, and hands an
//! accepted connection over by the To-Path of its first request (`ArrivingConnection`). SDP and `a=setup` (RFC 6135) are the offer's.
//!
//! Chunks of one message all leave at once; a message is not interrupted for another one (RFC 4975 section 7.1.1 allows it).
mod answering;
mod arrival;
mod reassembly;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::Time;
use crate::wire::msrp::{ByteRange, Framer, MsrpUri};

pub use arrival::{Arrival, ArrivingConnection};
use reassembly::Reassembly;
use sending::Transaction;

/// Octets that come without the end-line of their chunk.
const UNENDED_LIMIT: usize = 4 * 1024 * 1024;
/// A transaction without response fails after this time (RFC 4975 section 7.1).
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Messages kept until the session stands, and transactions and delayed answers under way.
const LIST_LIMIT: usize = 4096;

/// What the session is made of, known once offer and answer are.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The MSRP URI of our `a=path`.
    pub local_path: String,
    /// The MSRP URIs of the other side's `a=path`, in order (one without relays).
    pub remote_path: Vec<String>,
    /// We open the connection (RFC 6135: our final `a=setup` is `active`), so we send the first, bodiless SEND.
    pub connects: bool,
    /// Our `a=accept-types`; `*` and `type/*` are understood. Anything else is answered 415.
    pub accept_types: Vec<String>,
    /// Our `a=accept-wrapped-types`, for what is inside message/cpim. Empty: anything.
    pub accept_wrapped_types: Vec<String>,
    /// Message and transaction identifiers come from this seed alone.
    pub seed: u64,
    pub behaviour: MsrpBehaviour,
}

/// How the endpoint misbehaves. `default()` is a correct endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MsrpBehaviour {
    /// Never answers a request and never reports.
    pub silent: bool,
    /// Every response and report leaves this much later.
    pub answer_delay: Option<Duration>,
    /// This code answers every SEND in place of the right one.
    pub answer_code: Option<u16>,
    /// The connection is reset when the first SEND arrives.
    pub reset_on_first_send: bool,
    /// SEND requests end in an end-line whose transaction id is another one.
    pub malformed_end_line: bool,
    /// Every SEND that carries a body leaves twice, octet for octet.
    pub duplicate_send: bool,
    /// Every message leaves in chunks of so many octets, if the message itself does not say. Legal (RFC 4975 section 5.1).
    pub chunk_octets: Option<usize>,
    /// The Byte-Range of SEND requests is off by one and its total too large.
    pub wrong_byte_range: bool,
}

/// A message to send. `Default` is an empty text/plain; set at least `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    pub content_type: String,
    pub body: Vec<u8>,
    /// Chosen by the session when `None`.
    pub message_id: Option<String>,
    pub success_report: bool,
    /// `yes`, `no`, `partial`, or anything else as it is; `None` leaves the header field out.
    pub failure_report: Option<String>,
    /// Body octets per chunk; `None` sends one SEND.
    pub chunk_octets: Option<usize>,
    /// The last chunk ends in `#` (with half of the body unsent).
    pub abort: bool,
}

impl Default for OutgoingMessage {
    fn default() -> Self {
        Self {
            content_type: "text/plain".into(),
            body: Vec::new(),
            message_id: None,
            success_report: false,
            failure_report: None,
            chunk_octets: None,
            abort: false,
        }
    }
}

/// A whole message, put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    pub message_id: String,
    /// As sent, parameters included.
    pub content_type: String,
    /// Header fields of the first chunk.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Chunks it came in.
    pub chunks: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// A connection stands and is bound to the session.
    Opened,
    Received(ReceivedMessage),
    /// A bodiless SEND came (connection set-up or keep-alive).
    EmptySend,
    /// The sender aborted this message (`#`).
    Aborted {
        message_id: String,
    },
    /// We answered a request of the other side with this error.
    Refused {
        message_id: Option<String>,
        code: u16,
    },
    /// A transaction response to a SEND of ours. `last`: it answers the last chunk.
    Response {
        message_id: String,
        code: u16,
        comment: Option<String>,
        last: bool,
    },
    /// No transaction response within 30 s (RFC 4975 section 7.1: treated as 408).
    TimedOut {
        message_id: String,
    },
    /// A REPORT came; `status` is the three digits after the namespace.
    Report {
        message_id: String,
        status: Option<u16>,
        byte_range: Option<ByteRange>,
    },
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionOutput {
    Octets(Vec<u8>),
    /// Close the connection; reset it when `abort`.
    Close {
        abort: bool,
    },
    Event(SessionEvent),
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No connection yet, or it was lost.
    Waiting,
    /// The connection stands; the other side has to show by a request that it is for this session.
    Unbound,
    Bound,
    /// We ended the session.
    Over,
}

/// The state machine of one session.
#[derive(Debug)]
pub struct MessageSession {
    config: SessionConfig,
    /// Parsed once; `None` if our own path is no MSRP URI, which serves nothing.
    local: Option<MsrpUri>,
    random: fastrand::Rng,
    phase: Phase,
    framer: Framer,
    /// Messages to send as soon as the session is bound.
    kept: VecDeque<OutgoingMessage>,
    transactions: BTreeMap<String, Transaction>,
    /// Answers held back by `answer_delay`, in order of time and of coming about.
    held: BTreeMap<(Time, u64), Vec<u8>>,
    held_count: u64,
    incoming: Reassembly,
    /// Message-ID and octets of the last whole message of the other side.
    last_received: Option<(String, u64)>,
    outputs: VecDeque<SessionOutput>,
}

impl MessageSession {
    pub fn new(config: SessionConfig) -> Self {
        Self {
            local: MsrpUri::parse(&config.local_path).ok(),
            random: fastrand::Rng::with_seed(config.seed),
            config,
            phase: Phase::Waiting,
            framer: Framer::default(),
            kept: VecDeque::new(),
            transactions: BTreeMap::new(),
            held: BTreeMap::new(),
            held_count: 0,
            incoming: Reassembly::default(),
            last_received: None,
            outputs: VecDeque::new(),
        }
    }

    /// A connection stands: the one we dialled, or an accepted one that belongs to this session. Once open it takes no other.
    pub fn opened(&mut self, now: Time) {
        if self.phase != Phase::Waiting {
            return;
        }
        self.framer = Framer::default();
        self.phase = Phase::Unbound;
        if self.config.connects {
            // RFC 4975 section 5.4: the side that connects sends first, so that the other knows which session the connection is for.
            self.send_empty(now);
            self.bind(now);
        }
    }

    pub fn octets(&mut self, now: Time, octets: &[u8]) {
        if !self.is_open() {
            return;
        }
        self.framer.push(octets);
        if self.framer.pending() > UNENDED_LIMIT {
            // Chunks may be as large as their sender likes, but not larger than anybody could mean.
            self.event(SessionEvent::Refused {
                message_id: None,
                code: 413,
            });
            return self.drop_connection(true);
        }
        while self.is_open() {
            match self.framer.next_frame() {
                None => break,
                Some(Ok(frame)) => self.frame(now, &frame),
                Some(Err(_)) => {
                    // Without framing nothing on this connection can be trusted.
                    self.event(SessionEvent::Refused {
                        message_id: None,
                        code: 400,
                    });
                    self.drop_connection(false);
                }
            }
        }
    }

    /// The connection is gone, or could not be opened. Another one may follow.
    pub fn closed(&mut self) {
        if self.phase != Phase::Over {
            self.forget_connection(Phase::Waiting);
        }
    }

    /// Ends the session: closes the connection if one stands.
    pub fn close(&mut self) {
        match self.phase {
            Phase::Over => {}
            Phase::Waiting => self.forget_connection(Phase::Over),
            Phase::Unbound | Phase::Bound => self.drop_connection(false),
        }
    }

    /// `wake_at` has come.
    pub fn wake(&mut self, now: Time) {
        while let Some(entry) = self.held.first_entry()
            && entry.key().0 <= now
        {
            let octets = entry.remove();
            self.outputs.push_back(SessionOutput::Octets(octets));
        }
        let (over, running) = std::mem::take(&mut self.transactions)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, transaction)| transaction.deadline <= now);
        self.transactions = running;
        for transaction in over.into_values().filter(|over| over.must_be_answered) {
            self.event(SessionEvent::TimedOut {
                message_id: transaction.message_id,
            });
        }
    }

    pub fn wake_at(&self) -> Option<Time> {
        let held = self.held.keys().next().map(|(time, _)| *time);
        let deadlines = self.transactions.values().map(|one| one.deadline);
        deadlines.chain(held).min()
    }

    /// Call until `None` after every input.
    pub fn poll(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// A connection stands.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Unbound | Phase::Bound)
    }

    /// Is `uri` our `a=path` (compared as RFC 4975 section 6.1 says)?
    pub fn serves(&self, uri: &MsrpUri) -> bool {
        self.local.as_ref().is_some_and(|local| local.same_as(uri))
    }

    pub fn behave(&mut self, behaviour: MsrpBehaviour) {
        self.config.behaviour = behaviour;
    }

    /// The other side's path, its endpoint last.
    pub fn remote_path(&self) -> &[String] {
        &self.config.remote_path
    }

    /// The other side's path, for a side that learns it after the session was made.
    pub fn set_remote_path(&mut self, remote_path: Vec<String>) {
        self.config.remote_path = remote_path;
    }

    fn event(&mut self, event: SessionEvent) {
        self.outputs.push_back(SessionOutput::Event(event));
    }

    /// The session and its connection belong together from now on; what waited for that leaves.
    fn bind(&mut self, now: Time) {
        self.phase = Phase::Bound;
        self.event(SessionEvent::Opened);
        for message in std::mem::take(&mut self.kept) {
            self.transmit(now, &message);
        }
    }

    fn drop_connection(&mut self, abort: bool) {
        self.outputs.push_back(SessionOutput::Close { abort });
        self.forget_connection(Phase::Over);
    }

    fn forget_connection(&mut self, phase: Phase) {
        self.phase = phase;
        self.held.clear();
        self.transactions.clear();
        self.framer = Framer::default();
        self.event(SessionEvent::Closed);
    }
}
