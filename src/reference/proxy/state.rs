//! Everything the proxy remembers, and the effects its decisions have: decided under the lock on messages and the time alone, carried out
//! after it.
use super::Arrived;
use super::client::Client;
use super::server::Server;
use crate::reference::user_agent::message::Origin;
use crate::reference::user_agent::timers::Timers;
use crate::reference::user_agent::tokens::Tokens;
use crate::reference::user_agent::transport::RequestRoute;
use crate::reference::user_agent::via::ResponseRoute;
use crate::reference::user_agent::{RequestError, SipTimers};
use crate::wire::sip::SipMessage;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A timer and the transaction it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Timer {
    /// Timer G.
    ServerRetransmit(u64),
    /// Timers H, I, J, L.
    ServerEnd(u64),
    /// Timers A and E.
    ClientRetransmit(u64),
    /// Timers B, C, D, F, K, M.
    ClientEnd(u64),
}

pub(super) enum Effect {
    Respond(ResponseRoute, Arc<[u8]>),
    Request(RequestRoute, Arc<[u8]>),
    /// The role is to decide; the transaction, or `None` for an ACK.
    Decide(Option<u64>, Box<Arrived>),
    Resolve(
        oneshot::Sender<Result<SipMessage, RequestError>>,
        Result<SipMessage, RequestError>,
    ),
}

pub(super) struct State {
    pub(super) local: SocketAddr,
    pub(super) tokens: Tokens,
    pub(super) clock: SipTimers,
    pub(super) timers: Timers<Timer>,
    pub(super) effects: Vec<Effect>,
    last_id: u64,
    pub(super) servers: HashMap<u64, Server>,
    pub(super) server_keys: HashMap<String, u64>,
    pub(super) clients: HashMap<u64, Client>,
    /// By branch and method: a CANCEL has the branch of its INVITE.
    pub(super) branches: HashMap<(String, String), u64>,
}

impl State {
    pub(super) fn new(local: SocketAddr) -> Self {
        Self {
            local,
            tokens: Tokens::default(),
            clock: SipTimers::default(),
            timers: Timers::default(),
            effects: Vec::new(),
            last_id: 0,
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            clients: HashMap::new(),
            branches: HashMap::new(),
        }
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn message(&mut self, message: SipMessage, origin: Origin, now: Instant) {
        if message.is_request() {
            self.server_request(message, origin, now);
        } else {
            self.client_response(message, now);
        }
    }

    /// Lets every due timer fire.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::ServerRetransmit(id) => self.server_retransmit(id, now),
                Timer::ServerEnd(id) => self.server_end(id),
                Timer::ClientRetransmit(id) => self.client_retransmit(id, now),
                Timer::ClientEnd(id) => self.client_end(id, now),
            }
        }
    }
}
