//! Everything the user agent remembers, and the effects its decisions have. Decisions are made on messages and the time alone; sending,
//! delivering and waking callers happens afterwards, outside the lock.
use super::agent::RequestError;
use super::client::ClientTransaction;
use super::config::UserAgentConfig;
use super::dialogs::{DialogKey, DialogState};
use super::message::Origin;
use super::server::{MergeKey, ServerTransaction};
use super::timers::{Timer, Timers};
use super::tokens::Tokens;
use super::transport::RequestRoute;
use super::via::ResponseRoute;
use crate::wire::sip::SipMessage;
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// A request that waits for its response, by its transaction.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) request: SipMessage,
    pub(super) origin: Origin,
    pub(super) to_tag: String,
}

/// What has happened to an INVITE that waits for its final response.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) cancelled: bool,
    /// Retransmissions that arrived.
    pub(super) repeats: u32,
}

/// A dialog event before it is given the means to respond.
#[derive(Debug)]
pub(super) enum Notice {
    Confirmed(SipMessage),
    Bye(Waiting),
    Refreshed(SipMessage),
    Request(Waiting),
    Expired,
    AckTimeout,
}

/// What is to be done once the lock is released.
pub(super) enum Effect {
    Respond(ResponseRoute, Arc<[u8]>),
    Request(RequestRoute, Arc<[u8]>),
    Invite(Waiting, watch::Receiver<Progress>),
    Deliver(Waiting),
    /// Something that waits for no response.
    Tell(super::request::Incoming),
    Notify(mpsc::Sender<super::dialog::DialogEvent>, Notice),
    Resolve(
        oneshot::Sender<Result<SipMessage, RequestError>>,
        Result<SipMessage, RequestError>,
    ),
}

pub(super) struct State {
    pub(super) config: Arc<UserAgentConfig>,
    pub(super) local: SocketAddr,
    pub(super) tokens: Arc<Tokens>,
    pub(super) timers: Timers,
    pub(super) effects: Vec<Effect>,
    pub(super) stopped: bool,
    last_id: u64,
    /// Boxed: a table of this size that comes and goes doubles its room now and then, which must not cost tens of megabytes.
    pub(super) servers: HashMap<u64, Box<ServerTransaction>>,
    /// Octets of their requests.
    pub(super) server_octets: usize,
    pub(super) server_keys: HashMap<String, u64>,
    pub(super) merges: HashMap<MergeKey, u64>,
    /// INVITE transactions without a final response, by the early dialog they make.
    pub(super) early: HashMap<DialogKey, u64>,
    /// 2xx to INVITE without their ACK, where the caller keeps the dialogs.
    pub(super) unacknowledged: HashMap<DialogKey, u64>,
    pub(super) clients: HashMap<u64, ClientTransaction>,
    pub(super) branches: HashMap<String, u64>,
    pub(super) dialogs: HashMap<u64, DialogState>,
    pub(super) dialog_keys: HashMap<DialogKey, u64>,
    /// Dialogs we have sent BYE in, for as long as a BYE of the peer may cross it, in the order of their ends.
    pub(super) left: HashSet<DialogKey>,
    pub(super) left_until: VecDeque<(Instant, DialogKey)>,
}

impl State {
    pub(super) fn new(
        config: Arc<UserAgentConfig>,
        local: SocketAddr,
        tokens: Arc<Tokens>,
    ) -> Self {
        Self {
            config,
            local,
            tokens,
            timers: Timers::default(),
            effects: Vec::new(),
            stopped: false,
            last_id: 0,
            servers: HashMap::new(),
            server_octets: 0,
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            early: HashMap::new(),
            unacknowledged: HashMap::new(),
            clients: HashMap::new(),
            branches: HashMap::new(),
            dialogs: HashMap::new(),
            dialog_keys: HashMap::new(),
            left: HashSet::new(),
            left_until: VecDeque::new(),
        }
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Lets every due timer fire.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::ServerRetransmit(id) => self.server_retransmit(id, now),
                Timer::ServerEnd(id) => self.server_end(id),
                Timer::ClientRetransmit(id) => self.client_retransmit(id, now),
                Timer::ClientEnd(id) => self.client_end(id),
                Timer::AckRetransmit(id) => self.ack_retransmit(id, now),
                Timer::AckEnd(id) => self.ack_end(id, now),
                Timer::Session(id) => self.session_due(id, now),
            }
        }
    }

    /// Forgets everything; waiting callers see their channels end.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.timers.clear();
        self.servers.clear();
        self.server_octets = 0;
        self.server_keys.clear();
        self.merges.clear();
        self.early.clear();
        self.unacknowledged.clear();
        self.clients.clear();
        self.branches.clear();
        self.dialogs.clear();
        self.dialog_keys.clear();
        self.left.clear();
        self.left_until.clear();
        self.effects.clear();
    }
}
