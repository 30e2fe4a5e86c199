//! The side requests come from: server transactions (RFC 3261 section 17.2, RFC 6026) and the response context of section 16.7, which
//! picks one final response out of those of all branches.
//! More than 400 lines: transaction and response context are one state and change together.
use super::forward::{prepare, response_upstream, take_own_route};
use super::state::{Effect, State, Timer};
use super::{Arrived, Forward, Response};
use crate::reference::user_agent::Transport;
use crate::reference::user_agent::message::{Origin, complete, response_to, syntax_refusal};
use crate::reference::user_agent::server::transaction_key;
use crate::reference::user_agent::via::{ResponseRoute, Via};
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const MAX_TRANSACTIONS: usize = 50_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
}

pub(super) struct Server {
    key: String,
    pub(super) request: Arc<SipMessage>,
    origin: Origin,
    route: ResponseRoute,
    /// To-tag of responses of our own.
    to_tag: String,
    invite: bool,
    phase: Phase,
    last: Option<Arc<[u8]>>,
    interval: Duration,
    /// Branches without a final response.
    open: Vec<u64>,
    best: Option<SipMessage>,
}

impl State {
    pub(super) fn server_request(&mut self, request: SipMessage, origin: Origin, now: Instant) {
        let Some(via) = request.values("Via").first().and_then(|v| Via::parse(v)) else {
            tracing::debug!(source = %origin.source, "request without a readable Via dropped");
            return;
        };
        let route = via.response_route(origin.transport, origin.source);
        let key = transaction_key(&request, &via);
        let known = self.server_keys.get(&key).copied();
        if request.method() == Some("ACK") {
            match known {
                Some(id) if self.server_acknowledged(id, now) => {}
                _ => self.decide(None, request, origin),
            }
            return;
        }
        if let Some(id) = known {
            self.server_repeat(id, route);
            return;
        }
        let spent = |value: &str| value.trim() == "0";
        let refusal = match syntax_refusal(&request, origin.transport) {
            Some(refusal) => Some((refusal.code, refusal.reason)),
            None if request.header("Max-Forwards").is_some_and(spent) => {
                Some((483, "Too Many Hops"))
            }
            None if self.servers.len() >= MAX_TRANSACTIONS => Some((503, "Service Unavailable")),
            None => None,
        };
        let cancelled = (request.method() == Some("CANCEL")).then(|| {
            let invite = key
                .strip_suffix("CANCEL")
                .map(|branch| format!("{branch}INVITE"));
            invite.and_then(|key| self.server_keys.get(&key).copied())
        });
        let id = self.open_server(key, request, origin, route, now);
        match (refusal, cancelled) {
            (Some((code, reason)), _) => self.respond(id, &Response::new(code, reason), now),
            (None, Some(Some(invite))) => {
                self.respond(id, &Response::new(200, "OK"), now);
                self.cancel(invite, now);
            }
            (None, Some(None)) => {
                let response = Response::new(481, "Call/Transaction Does Not Exist");
                self.respond(id, &response, now);
            }
            (None, None) => {
                let Some(server) = self.servers.get(&id) else {
                    return;
                };
                let request = SipMessage::clone(&server.request);
                if server.invite {
                    self.respond(id, &Response::new(100, "Trying"), now);
                }
                self.decide(Some(id), request, origin);
            }
        }
    }

    fn decide(&mut self, id: Option<u64>, mut request: SipMessage, origin: Origin) {
        let own_route = take_own_route(&mut request, self.local);
        let arrived = Arrived {
            request,
            own_route,
            source: origin.source,
            transport: origin.transport,
        };
        self.effects.push(Effect::Decide(id, Box::new(arrived)));
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
        self.server_keys.insert(key.clone(), id);
        let server = Server {
            key,
            request: Arc::new(request),
            origin,
            route,
            to_tag: self.tokens.short(),
            invite,
            phase: Phase::Proceeding,
            last: None,
            interval: self.clock.t1,
            open: Vec::new(),
            best: None,
        };
        self.servers.insert(id, server);
        if !invite {
            let end = now + self.clock.transaction_timeout();
            self.timers.start(Timer::ServerEnd(id), end);
        }
        id
    }

    /// Sends a response of our own.
    pub(super) fn respond(&mut self, id: u64, response: &Response, now: Instant) {
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        let (request, source) = (&server.request, server.origin.source);
        let (code, reason) = (response.code, response.reason.as_str());
        let tag = response.to_tag.as_ref().unwrap_or(&server.to_tag);
        let mut message = response_to(request, code, reason, tag, source);
        complete(
            &mut message,
            &response.headers,
            response.body.as_ref(),
            None,
        );
        self.send_response(id, code, message.to_octets().into(), now);
    }

    fn send_response(&mut self, id: u64, code: u16, octets: Arc<[u8]>, now: Instant) {
        let clock = self.clock;
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        let again = server.phase == Phase::Accepted && (200..300).contains(&code);
        if server.phase != Phase::Proceeding && !again {
            return;
        }
        server.last = Some(Arc::clone(&octets));
        let route = server.route;
        self.effects.push(Effect::Respond(route, octets));
        if code < 200 || again {
            return;
        }
        let reliable = route.transport.is_reliable();
        let wait = match (server.invite, reliable) {
            (true, _) if code < 300 => {
                server.phase = Phase::Accepted;
                clock.transaction_timeout()
            }
            (true, _) => {
                server.phase = Phase::Completed;
                server.interval = clock.t1;
                if !reliable {
                    self.timers
                        .start(Timer::ServerRetransmit(id), now + clock.t1);
                }
                clock.transaction_timeout()
            }
            (false, reliable) => {
                server.phase = Phase::Completed;
                if reliable {
                    Duration::ZERO
                } else {
                    clock.transaction_timeout()
                }
            }
        };
        self.timers.start(Timer::ServerEnd(id), now + wait);
    }

    fn server_repeat(&mut self, id: u64, route: ResponseRoute) {
        if let Some(server) = self.servers.get_mut(&id)
            && matches!(server.phase, Phase::Proceeding | Phase::Completed)
            && let Some(octets) = &server.last
        {
            server.route = route;
            self.effects
                .push(Effect::Respond(route, Arc::clone(octets)));
        }
    }

    /// The ACK to a final response of 300 or more; false if it belongs to a 2xx and so to a dialog.
    fn server_acknowledged(&mut self, id: u64, now: Instant) -> bool {
        let Some(server) = self.servers.get_mut(&id) else {
            return false;
        };
        if server.phase == Phase::Accepted {
            return false;
        }
        if server.phase == Phase::Completed {
            server.phase = Phase::Confirmed;
            let wait = match server.route.transport {
                Transport::Udp => self.clock.t4,
                Transport::Tcp | Transport::Tls => Duration::ZERO,
            };
            self.timers.stop(Timer::ServerRetransmit(id));
            self.timers.start(Timer::ServerEnd(id), now + wait);
        }
        true
    }

    pub(super) fn server_retransmit(&mut self, id: u64, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        if server.phase != Phase::Completed {
            return;
        }
        if let Some(octets) = &server.last {
            self.effects
                .push(Effect::Respond(server.route, Arc::clone(octets)));
        }
        server.interval = (server.interval * 2).min(self.clock.t2);
        let at = now + server.interval;
        self.timers.start(Timer::ServerRetransmit(id), at);
    }

    pub(super) fn server_end(&mut self, id: u64) {
        self.timers.stop(Timer::ServerRetransmit(id));
        self.timers.stop(Timer::ServerEnd(id));
        if let Some(server) = self.servers.remove(&id) {
            self.server_keys.remove(&server.key);
        }
    }

    /// RFC 3261 section 16.10: every branch that has no final response is cancelled; their responses end the transaction.
    fn cancel(&mut self, id: u64, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        if server.phase != Phase::Proceeding {
            return;
        }
        let open = server.open.clone();
        if open.is_empty() {
            self.respond(id, &Response::new(487, "Request Terminated"), now);
        }
        for client in open {
            self.cancel_client(client, now);
        }
    }

    /// Starts the branches of a request.
    pub(super) fn fork(&mut self, id: u64, forwards: Vec<Forward>, now: Instant) {
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        if server.phase != Phase::Proceeding {
            return;
        }
        let source = server.origin.source;
        if forwards.is_empty() {
            self.respond(id, &Response::new(480, "Temporarily Unavailable"), now);
        }
        for mut forward in forwards {
            prepare(&mut forward, source, self.local);
            let client = self.start_client(
                forward.request,
                forward.to,
                super::client::Owner::Server(id),
                now,
            );
            if let Some(server) = self.servers.get_mut(&id) {
                server.open.push(client);
            }
        }
    }

    /// Passes the ACK of a 2xx on: no transaction.
    pub(super) fn pass_ack(&mut self, mut forward: Forward, source: std::net::SocketAddr) {
        prepare(&mut forward, source, self.local);
        let branch = format!("z9hG4bK{}", self.tokens.short());
        let route = forward.to;
        let via = self.own_via(route.transport, &branch);
        forward.request.push_front("Via", via);
        let octets = forward.request.to_octets().into();
        self.effects.push(Effect::Request(route.into(), octets));
    }

    /// A response of one branch (RFC 3261 section 16.7).
    pub(super) fn branch_response(
        &mut self,
        id: u64,
        client: u64,
        response: &SipMessage,
        now: Instant,
    ) {
        let code = response.status().unwrap_or(500);
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        if code < 200 {
            let octets = response_upstream(response).to_octets().into();
            self.send_response(id, code, octets, now);
            return;
        }
        server.open.retain(|open| *open != client);
        if code < 300 {
            let octets = response_upstream(response).to_octets().into();
            self.send_response(id, code, octets, now);
            self.cancel_rest(id, now);
            return;
        }
        let better = server
            .best
            .as_ref()
            .is_none_or(|best| rank(code) < rank(best.status().unwrap_or(500)));
        if better {
            server.best = Some(response_upstream(response));
        }
        if code >= 600 {
            self.cancel_rest(id, now);
        }
        self.finish(id, now);
    }

    /// A branch that will not answer.
    pub(super) fn branch_failed(
        &mut self,
        id: u64,
        client: u64,
        response: &Response,
        now: Instant,
    ) {
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        server.open.retain(|open| *open != client);
        if server.best.is_none() {
            let (request, source) = (&server.request, server.origin.source);
            let (code, reason) = (response.code, response.reason.as_str());
            let mut message = response_to(request, code, reason, &server.to_tag, source);
            complete(&mut message, &response.headers, None, None);
            server.best = Some(message);
        }
        self.finish(id, now);
    }

    fn cancel_rest(&mut self, id: u64, now: Instant) {
        let rest = self.servers.get(&id).map(|server| server.open.clone());
        for client in rest.into_iter().flatten() {
            self.cancel_client(client, now);
        }
    }

    /// Sends the best response once no branch is open.
    fn finish(&mut self, id: u64, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        if !server.open.is_empty() {
            return;
        }
        if let Some(best) = server.best.take() {
            let code = best.status().unwrap_or(500);
            self.send_response(id, code, best.to_octets().into(), now);
        }
    }
}

/// RFC 3261 section 16.7 step 6: 6xx before everything else, then the lowest class, and in 4xx what can be acted upon.
fn rank(code: u16) -> u16 {
    match code {
        600.. => 0,
        401 | 407 | 415 | 420 | 484 => 400,
        400..500 => 410,
        503 => 599,
        other => other / 100 * 100,
    }
}
