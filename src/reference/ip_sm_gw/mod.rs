//! The IP-SM-GW of 3GPP TS 23.204: an application server on ISC that turns CPM messages and chat sessions into short messages and back.
//!
//! This module holds what its parts share and takes every invitation, request and short message to the part it concerns. What happens
//! in a session is in `session`; the service-level procedures of clause 6 have one file each.

pub mod numbers;
pub mod policy;
pub mod provisioning;
pub mod subscribers;

mod admission;
mod changes;
mod chat;
mod chat_text;
mod conversations;
mod encapsulated_im;
mod failure;
mod home_data;
mod inbound;
mod invitation;
mod keywords;
mod large;
mod late;
pub mod levels;
mod media;
mod msisdn_less;
mod notification;
mod pager;
mod registration;
mod relay;
mod reports;
mod session;
pub(super) mod session_sms;
mod templates;
mod texts;
pub mod transport_level;
mod transport_level_submit;

use super::faults::InForce;
use super::link::ShortMessageLink;
use super::short_message::Arrival;
use super::user_agent::{Incoming, ServerRequest, UserAgent};
use numbers::{Numbers, SessionId};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use subscribers::{Subscriber, Subscribers};
use tokio::sync::{Notify, mpsc, watch};

/// Provisioning given at the start instead of over the interface.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provisioned {
    provider: Subscriber,
    subscribers: BTreeMap<String, Subscriber>,
    pools: BTreeMap<String, Vec<String>>,
}

/// The states of a session, catalogue section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Idle,
    Authorising,
    Waiting,
    Active,
    Ending,
    Quarantine,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Authorising => "authorising",
            State::Waiting => "waiting",
            State::Active => "active",
            State::Ending => "ending",
            State::Quarantine => "quarantine",
        }
    }
}

/// A session as others see it.
#[derive(Debug)]
pub struct SessionEntry {
    pub state: State,
    pub number: String,
    pub originator: String,
    pub sms_user: String,
    pub reassembly_seconds: f64,
    /// Where short messages of its pair go.
    pub inbox: mpsc::Sender<inbound::ShortMessage>,
    pub contribution_id: Option<String>,
    pub number_is_own: bool,
    pub group: bool,
    /// Tells the session that another has taken its place.
    pub replaced: Arc<Notify>,
}

/// What all parts of the gateway share.
pub struct Gateway {
    pub agent: UserAgent,
    /// What carries short messages, if anything does.
    pub link: Option<ShortMessageLink>,
    pub faults: InForce,
    pub max_sessions: usize,
    pub subscribers: RwLock<Subscribers>,
    pub numbers: Mutex<Numbers>,
    pub sessions: Mutex<HashMap<SessionId, SessionEntry>>,
    /// Sessions that count against `max_sessions`: all but those in quarantine.
    pub live_sessions: AtomicUsize,
    /// Delivery reports waited for.
    pub reports: Mutex<reports::Expected>,
    /// CPM parameters of the latest pager messages.
    pub conversations: Mutex<conversations::Conversations>,
    /// Who is registered, and what his terminal can do.
    pub registrations: Mutex<registration::Registrations>,
    /// Deliveries to terminals that wait for their reports.
    pub outstanding: Mutex<transport_level::Outstanding>,
    /// Status reports owed to terminals.
    pub status_reports: Mutex<transport_level::StatusReports>,
    last_session: AtomicU64,
}

impl Gateway {
    pub fn new(
        agent: UserAgent,
        link: Option<ShortMessageLink>,
        faults: InForce,
        max_sessions: usize,
        provisioned: Provisioned,
    ) -> Result<Arc<Self>, String> {
        let mut subscribers = Subscribers::default();
        subscribers.faults = faults;
        provisioned.provider.check()?;
        subscribers.provider = provisioned.provider;
        for (number, entry) in provisioned.subscribers {
            entry.check()?;
            subscribers.put(&number, entry);
        }
        let mut numbers = Numbers::new(faults);
        for (name, pool) in provisioned.pools {
            numbers.put_pool(&name, pool)?;
        }
        Ok(Arc::new(Self {
            agent,
            link,
            faults,
            max_sessions,
            subscribers: RwLock::new(subscribers),
            numbers: Mutex::new(numbers),
            sessions: Mutex::default(),
            live_sessions: AtomicUsize::new(0),
            reports: Mutex::default(),
            conversations: Mutex::default(),
            registrations: Mutex::default(),
            outstanding: Mutex::default(),
            status_reports: Mutex::default(),
            last_session: AtomicU64::new(0),
        }))
    }

    fn next_session(&self) -> SessionId {
        SessionId(self.last_session.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A panic in one session must not take the gateway with it, so a poisoned lock is used on.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn read_locked<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub fn write_locked<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until told to stop.
pub async fn serve(
    gateway: Arc<Gateway>,
    mut incoming: mpsc::Receiver<Incoming>,
    mut arrivals: mpsc::Receiver<Arrival>,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), std::io::Error> {
    let mut inbound = inbound::Inbound::new(gateway.clone());
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
            Some(incoming) = incoming.recv() => {
                let gateway = gateway.clone();
                match incoming {
                    Incoming::Invite(invite) => tasks.spawn(session::attend(gateway, invite)),
                    Incoming::Request(request) => tasks.spawn(requested(gateway, request)),
                    // The user agent keeps the dialogs of a gateway.
                    Incoming::Ack(_) | Incoming::Unacknowledged(_) => continue,
                };
            }
            Some(arrival) = arrivals.recv() => inbound.receive(arrival),
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a session ended badly");
                }
            }
        }
    }
}

/// A request outside dialogs, by what it is.
async fn requested(gateway: Arc<Gateway>, request: ServerRequest) {
    match request.request.method() {
        Some("REGISTER") => registration::third_party(&gateway, request).await,
        Some("MESSAGE") if is_encapsulated(&request) => {
            transport_level_submit::received(gateway, request).await;
        }
        _ => pager::from_cpm_user(gateway, request).await,
    }
}

fn is_encapsulated(request: &ServerRequest) -> bool {
    let encapsulated = transport_level::ENCAPSULATED;
    request.request.content_type().as_deref() == Some(encapsulated)
        || request.request.body_of(encapsulated).is_some()
}
