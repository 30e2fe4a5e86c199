//! One MSRP session of an endpoint (RFC 4975): the session a CPM UE sets up with SIP and chats in.
//!
//! Time and octets in, octets and events out. It sends messages whole or in chunks, answers SEND requests, puts chunks together, sends
//! and receives reports and can misbehave on request. It opens no connection: whoever drives it says when one stands, and hands an
//! accepted connection over by the To-Path of its first request (`ArrivingConnection`). SDP and `a=setup` (RFC 6135) are the offer's.
#![allow(clippy::todo)]
use std::time::Duration;

use super::Time;
use crate::wire::msrp::{ByteRange, MsrpUri};

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

/// The state machine of one session.
#[derive(Debug)]
pub struct MessageSession {
    _config: SessionConfig,
}

impl MessageSession {
    pub fn new(config: SessionConfig) -> Self {
        Self { _config: config }
    }
    /// A connection stands: the one we dialled, or an accepted one that belongs to this session.
    pub fn opened(&mut self, now: Time) {
        let _ = now;
        todo!()
    }
    pub fn octets(&mut self, now: Time, octets: &[u8]) {
        let _ = (now, octets);
        todo!()
    }
    /// The connection is gone.
    pub fn closed(&mut self) {
        todo!()
    }
    /// Sends (or keeps until the connection stands) a message; returns its Message-ID.
    pub fn send(&mut self, now: Time, message: OutgoingMessage) -> String {
        let _ = (now, message);
        todo!()
    }
    /// A bodiless SEND.
    pub fn send_empty(&mut self, now: Time) -> String {
        let _ = now;
        todo!()
    }
    /// A REPORT about a message received: `status` 200 or an error code, over its first `octets` octets.
    pub fn report(&mut self, now: Time, message_id: &str, status: u16, octets: u64) {
        let _ = (now, message_id, status, octets);
        todo!()
    }
    /// Ends the session: closes the connection if one stands.
    pub fn close(&mut self) {
        todo!()
    }
    /// `wake_at` has come.
    pub fn wake(&mut self, now: Time) {
        let _ = now;
        todo!()
    }
    pub fn wake_at(&self) -> Option<Time> {
        todo!()
    }
    /// Call until `None` after every input.
    pub fn poll(&mut self) -> Option<SessionOutput> {
        todo!()
    }
    pub fn is_open(&self) -> bool {
        todo!()
    }
    /// The other side's address for this session is ours: is `uri` our `a=path`?
    pub fn serves(&self, uri: &MsrpUri) -> bool {
        let _ = uri;
        todo!()
    }
    pub fn behave(&mut self, behaviour: MsrpBehaviour) {
        let _ = behaviour;
        todo!()
    }
}

/// An accepted connection that belongs to no session yet (RFC 4975 section 5.4: the first request's To-Path binds it).
#[derive(Debug, Default)]
pub struct ArrivingConnection {
    _octets: Vec<u8>,
}

/// What the first octets of an accepted connection say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Not enough octets yet.
    Wait,
    /// The connection is for the session that serves this URI: call its `opened` and hand it `octets`. If no session does,
    /// send `refuse(&octets, 481)`; if that session has a connection already, `refuse(&octets, 506)`; then close.
    For { uri: MsrpUri, octets: Vec<u8> },
    /// Not MSRP: send these octets (possibly none) and close.
    Refuse(Vec<u8>),
}

impl ArrivingConnection {
    pub fn octets(&mut self, octets: &[u8]) -> Arrival {
        let _ = octets;
        todo!()
    }
    /// The response that refuses the first request of `octets`.
    pub fn refuse(octets: &[u8], code: u16) -> Vec<u8> {
        let _ = (octets, code);
        todo!()
    }
}
