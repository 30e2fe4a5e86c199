//! Server transactions (RFC 3261 section 17.2, RFC 6026): matching, responses and their retransmission, timers G to L.
use super::config::Transport;
use super::dialogs::DialogKey;
use super::message::{Origin, Refusal, complete, response_to, syntax_refusal};
use super::request::{Body, HeaderList, Incoming};
use super::state::{Effect, Progress, State};
use super::timers::Timer;
use super::via::{ResponseRoute, Via};
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Call-ID, From tag and CSeq: the same in all copies of a request that forked (RFC 3261 section 8.2.2.2).
pub(super) type MergeKey = (String, String, u32, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No response but 100 so far, or provisional ones.
    Proceeding,
    /// A final response is out (INVITE: of 300 or more, waiting for its ACK).
    Completed,
    /// The ACK to a final response of 300 or more arrived.
    Confirmed,
    /// A 2xx to INVITE is out (RFC 6026).
    Accepted,
}

pub(super) struct ServerTransaction {
    key: String,
    pub(super) merge: Option<MergeKey>,
    pub(super) early: Option<DialogKey>,
    pub(super) request: Arc<SipMessage>,
    pub(super) origin: Origin,
    pub(super) route: ResponseRoute,
    pub(super) to_tag: String,
    invite: bool,
    pub(super) phase: Phase,
    last: Option<Arc<[u8]>>,
    interval: Duration,
    pub(super) progress: watch::Sender<Progress>,
}

impl ServerTransaction {
    /// The dialog an ACK of our 2xx names.
    fn accepted_key(&self) -> DialogKey {
        let request = &self.request;
        (
            request.call_id().unwrap_or_default().to_string(),
            request.to_tag().unwrap_or_else(|| self.to_tag.clone()),
            request.from_tag().unwrap_or_default(),
        )
    }
}

/// RFC 3261 section 17.2.3; requests of RFC 2543 elements have no magic cookie and match by more fields.
pub(in crate::reference) fn transaction_key(request: &SipMessage, via: &Via) -> String {
    let method = match request.method().unwrap_or_default() {
        "ACK" => "INVITE",
        other => other,
    };
    match &via.branch {
        Some(branch) if branch.starts_with("z9hG4bK") && branch.len() > 7 => format!(
            "{branch}|{}|{}|{method}",
            via.host.to_ascii_lowercase(),
            via.port.unwrap_or(5060)
        ),
        _ => format!(
            "|{}|{}|{}|{}|{method}",
            request.uri().unwrap_or_default(),
            request.from_tag().unwrap_or_default(),
            request.call_id().unwrap_or_default(),
            request.cseq().map_or(0, |(number, _)| number),
        ),
    }
}

/// What remembering a request costs at least.
fn octets_of(request: &SipMessage) -> usize {
    request.original().map_or(0, <[u8]>::len)
}

impl State {
    /// A request arrived.
    pub(super) fn server_request(&mut self, request: SipMessage, origin: Origin, now: Instant) {
        let via = request.values("Via").first().and_then(|v| Via::parse(v));
        let Some(via) = via else {
            tracing::debug!(source = %origin.source, "request without a readable Via dropped");
            return;
        };
        let route = via.response_route(origin.transport, origin.source);
        let key = transaction_key(&request, &via);
        let method = request.method().unwrap_or_default().to_string();
        if method == "ACK" {
            self.server_ack(&key, request, now);
            return;
        }
        if let Some(id) = self.server_keys.get(&key).copied() {
            self.server_repeat(id, route);
            return;
        }
        if let Some(refusal) = syntax_refusal(&request, origin.transport) {
            self.refuse_statelessly(&request, origin, route, refusal);
            return;
        }
        let full = self.servers.len() >= self.config.max_transactions
            || self.server_octets >= self.config.max_transaction_octets;
        if self.stopped || full {
            let refusal = Refusal::new(503, "Service Unavailable").with("Retry-After", "10");
            self.refuse_statelessly(&request, origin, route, refusal);
            return;
        }
        let id = self.open_server(key, request, origin, route, now);
        self.route_request(id, &method, now);
    }

    /// Sends a refusal without keeping a transaction.
    pub(super) fn refuse_statelessly(
        &mut self,
        request: &SipMessage,
        origin: Origin,
        route: ResponseRoute,
        refusal: Refusal,
    ) {
        let tag = self.tokens.short();
        let mut response = response_to(request, refusal.code, refusal.reason, &tag, origin.source);
        let product = self.config.product.as_deref();
        complete(&mut response, &refusal.headers, None, product);
        self.effects
            .push(Effect::Respond(route, response.to_octets().into()));
    }

    fn open_server(
        &mut self,
        key: String,
        request: SipMessage,
        origin: Origin,
        route: ResponseRoute,
        now: Instant,
    ) -> u64 {
        let id = self.new_id();
        let invite = request.method() == Some("INVITE");
        self.server_octets += octets_of(&request);
        self.server_keys.insert(key.clone(), id);
        let transaction = ServerTransaction {
            key,
            merge: None,
            early: None,
            request: Arc::new(request),
            origin,
            route,
            to_tag: self.tokens.short(),
            invite,
            phase: Phase::Proceeding,
            last: None,
            interval: self.config.timers.t1,
            progress: watch::Sender::new(Progress::default()),
        };
        self.servers.insert(id, Box::new(transaction));
        if !invite {
            // Nobody waits for a response longer than Timer F of the client.
            let end = now + self.config.timers.transaction_timeout();
            self.timers.start(Timer::ServerEnd(id), end);
        }
        id
    }

    /// Builds and sends a response; `false` if the transaction cannot take one any more.
    pub(super) fn respond(
        &mut self,
        id: u64,
        code: u16,
        reason: &str,
        headers: &HeaderList,
        body: Option<&Body>,
        now: Instant,
    ) -> bool {
        let Some(transaction) = self.servers.get(&id) else {
            return false;
        };
        let (request, source) = (&transaction.request, transaction.origin.source);
        let mut response = response_to(request, code, reason, &transaction.to_tag, source);
        let wants_contact = transaction.invite && (101..200).contains(&code);
        if wants_contact
            && !headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case("Contact"))
        {
            let contact = format!("<{}>", self.own_uri("", transaction.origin.transport));
            response.push("Contact", contact);
        }
        complete(&mut response, headers, body, self.config.product.as_deref());
        self.send_response(id, code, response.to_octets().into(), now)
    }

    /// Our address as a URI.
    pub(super) fn own_uri(&self, user: &str, transport: Transport) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        let parameter = match transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        };
        format!("sip:{user}{at}{}{parameter}", self.local)
    }

    /// Moves the transaction by the response that goes out.
    pub(super) fn send_response(
        &mut self,
        id: u64,
        code: u16,
        octets: Arc<[u8]>,
        now: Instant,
    ) -> bool {
        let timers = self.config.timers;
        let Some(transaction) = self.servers.get_mut(&id) else {
            return false;
        };
        if transaction.phase != Phase::Proceeding {
            return false;
        }
        let route = transaction.route;
        let reliable = route.transport.is_reliable();
        transaction.last = Some(Arc::clone(&octets));
        self.effects.push(Effect::Respond(route, octets));
        if code < 200 {
            return true;
        }
        if let Some(key) = transaction.early.take() {
            self.early.remove(&key);
        }
        let wait = if transaction.invite && code < 300 {
            transaction.phase = Phase::Accepted;
            if self.config.caller_keeps_dialogs {
                transaction.interval = timers.t1;
                let key = transaction.accepted_key();
                self.unacknowledged.insert(key, id);
                self.timers
                    .start(Timer::ServerRetransmit(id), now + timers.t1);
            }
            timers.transaction_timeout()
        } else if transaction.invite {
            transaction.phase = Phase::Completed;
            transaction.interval = timers.t1;
            if !reliable {
                let at = now + timers.t1;
                self.timers.start(Timer::ServerRetransmit(id), at);
            }
            timers.transaction_timeout()
        } else {
            transaction.phase = Phase::Completed;
            if reliable {
                Duration::ZERO
            } else {
                timers.transaction_timeout()
            }
        };
        self.timers.start(Timer::ServerEnd(id), now + wait);
        true
    }

    /// A retransmission gets the latest response again; in Accepted the 2xx repeats itself until its ACK.
    fn server_repeat(&mut self, id: u64, route: ResponseRoute) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        transaction.progress.send_modify(|p| p.repeats += 1);
        if !matches!(transaction.phase, Phase::Proceeding | Phase::Completed) {
            return;
        }
        if let Some(octets) = &transaction.last {
            let octets = Arc::clone(octets);
            transaction.route = route;
            self.effects.push(Effect::Respond(route, octets));
        }
    }

    /// An ACK ends a final response of 300 or more by its transaction; any other belongs to a dialog.
    fn server_ack(&mut self, key: &str, request: SipMessage, now: Instant) {
        let known = self.server_keys.get(key).copied();
        if let Some(id) = known
            && let Some(transaction) = self.servers.get_mut(&id)
            && transaction.phase != Phase::Accepted
        {
            if transaction.phase == Phase::Completed {
                transaction.phase = Phase::Confirmed;
                let wait = match transaction.route.transport {
                    Transport::Udp => self.config.timers.t4,
                    Transport::Tcp | Transport::Tls => Duration::ZERO,
                };
                self.timers.stop(Timer::ServerRetransmit(id));
                self.timers.start(Timer::ServerEnd(id), now + wait);
            }
            return;
        }
        if self.config.caller_keeps_dialogs {
            return self.keeper_ack(request);
        }
        self.dialog_ack(request);
    }

    /// The ACK of a 2xx, where the caller keeps the dialogs.
    fn keeper_ack(&mut self, ack: SipMessage) {
        let key = (
            ack.call_id().unwrap_or_default().to_string(),
            ack.to_tag().unwrap_or_default(),
            ack.from_tag().unwrap_or_default(),
        );
        if let Some(id) = self.unacknowledged.remove(&key) {
            self.timers.stop(Timer::ServerRetransmit(id));
            self.effects.push(Effect::Tell(Incoming::Ack(ack)));
        }
    }

    /// Timer G.
    pub(super) fn server_retransmit(&mut self, id: u64, now: Instant) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        let accepted = transaction.phase == Phase::Accepted && self.config.caller_keeps_dialogs;
        if transaction.phase != Phase::Completed && !accepted {
            return;
        }
        if let Some(octets) = &transaction.last {
            self.effects
                .push(Effect::Respond(transaction.route, Arc::clone(octets)));
        }
        transaction.interval = (transaction.interval * 2).min(self.config.timers.t2);
        let at = now + transaction.interval;
        self.timers.start(Timer::ServerRetransmit(id), at);
    }

    /// Timers H, I, J, L: the transaction is forgotten.
    pub(super) fn server_end(&mut self, id: u64) {
        self.timers.stop(Timer::ServerRetransmit(id));
        self.timers.stop(Timer::ServerEnd(id));
        if let Some(transaction) = self.servers.remove(&id) {
            self.server_octets -= octets_of(&transaction.request);
            self.server_keys.remove(&transaction.key);
            if let Some(merge) = &transaction.merge {
                self.merges.remove(merge);
            }
            if let Some(early) = &transaction.early {
                self.early.remove(early);
            }
            let key = transaction.accepted_key();
            if self.unacknowledged.get(&key) == Some(&id) {
                self.unacknowledged.remove(&key);
                let request = (*transaction.request).clone();
                self.effects
                    .push(Effect::Tell(Incoming::Unacknowledged(request)));
            }
        }
    }

    /// The caller will never give a final response. An INVITE is kept as long as a retransmission of it could arrive.
    pub(super) fn abandon(&mut self, id: u64, now: Instant) {
        if let Some(transaction) = self.servers.get(&id)
            && transaction.phase == Phase::Proceeding
        {
            let end = now + self.config.timers.transaction_timeout();
            self.timers.start(Timer::ServerEnd(id), end);
        }
    }
}
