//! Client transactions (RFC 3261 section 17.1, RFC 6026): retransmission, timers A to M, and the ACK to final responses of 300 or more.
use super::agent::RequestError;
use super::config::Transport;
use super::message::session_expires;
use super::state::{Effect, State};
use super::timers::Timer;
use super::transport::RequestRoute;
use super::via::Via;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Who is told the final response.
pub(super) enum Waiter {
    Caller(oneshot::Sender<Result<SipMessage, RequestError>>),
    /// The same, and every provisional response on the way.
    Watcher(
        oneshot::Sender<Result<SipMessage, RequestError>>,
        mpsc::UnboundedSender<SipMessage>,
    ),
    /// A session refresh of this dialog.
    Refresh(u64),
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Calling,
    Proceeding,
    Completed,
}

pub(super) struct ClientTransaction {
    branch: String,
    invite: bool,
    request: SipMessage,
    octets: Arc<[u8]>,
    route: RequestRoute,
    /// TCP was chosen for the length alone: UDP is tried if TCP is refused.
    datagram_instead: bool,
    phase: Phase,
    interval: Duration,
    waiter: Waiter,
    /// The ACK, sent again when the final response comes again.
    ack: Option<Arc<[u8]>>,
}

impl State {
    /// Adds Via and sends the request.
    pub(super) fn start_client(
        &mut self,
        mut request: SipMessage,
        mut route: RequestRoute,
        waiter: Waiter,
        now: Instant,
    ) {
        if self.stopped || self.clients.len() >= self.config.max_transactions {
            let error = if self.stopped {
                RequestError::Stopped
            } else {
                RequestError::Busy
            };
            self.tell(waiter, Err(error), now);
            return;
        }
        let id = self.new_id();
        let branch = format!("z9hG4bK{}", self.tokens.short());
        request.push_front("Via", self.own_via(route.transport, &branch));
        let mut octets: Arc<[u8]> = request.to_octets().into();
        let too_long = route.transport == Transport::Udp
            && octets.len() > self.config.max_datagram_request_octets;
        if too_long {
            route.transport = Transport::Tcp;
            request.set("Via", self.own_via(route.transport, &branch));
            octets = request.to_octets().into();
        }
        self.branches.insert(branch.clone(), id);
        let transaction = ClientTransaction {
            branch,
            invite: request.method() == Some("INVITE"),
            request,
            octets,
            route,
            datagram_instead: too_long,
            phase: Phase::Calling,
            interval: self.config.timers.t1,
            waiter,
            ack: None,
        };
        self.clients.insert(id, transaction);
        self.launch(id, now);
    }

    /// CANCEL of an INVITE of ours that has had a provisional response and no final one (RFC 3261 section 9.1).
    pub(super) fn cancel_client(&mut self, call_id: &str, now: Instant) -> bool {
        let found = self.clients.values().find(|transaction| {
            transaction.invite
                && transaction.phase == Phase::Proceeding
                && transaction.request.call_id() == Some(call_id)
        });
        let Some(invite) = found else {
            return false;
        };
        let (request, route) = (&invite.request, invite.route);
        let branch = cancelling(&invite.branch);
        if self.branches.contains_key(&branch) {
            return true;
        }
        let cancel = of_invite("CANCEL", request, request.header("To"));
        let id = self.new_id();
        self.branches.insert(branch.clone(), id);
        let transaction = ClientTransaction {
            branch,
            invite: false,
            octets: cancel.to_octets().into(),
            request: cancel,
            route,
            datagram_instead: false,
            phase: Phase::Calling,
            interval: self.config.timers.t1,
            waiter: Waiter::Nobody,
            ack: None,
        };
        self.clients.insert(id, transaction);
        self.launch(id, now);
        true
    }

    /// The first transmission, and the timers that go with it.
    fn launch(&mut self, id: u64, now: Instant) {
        let timers = self.config.timers;
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let octets = Arc::clone(&transaction.octets);
        self.effects
            .push(Effect::Request(transaction.route, octets));
        if transaction.route.transport == Transport::Udp {
            self.timers
                .start(Timer::ClientRetransmit(id), now + timers.t1);
        }
        self.timers
            .start(Timer::ClientEnd(id), now + timers.transaction_timeout());
    }

    /// Our Via.
    pub(super) fn own_via(&self, transport: Transport, branch: &str) -> String {
        let name = transport.token();
        format!("SIP/2.0/{name} {};branch={branch};rport", self.local)
    }

    /// A response arrived.
    pub(super) fn client_response(&mut self, response: SipMessage, now: Instant) {
        let vias = response.values("Via");
        let via = vias.first().and_then(|v| Via::parse(v));
        let found = via
            .and_then(|via| via.branch)
            .map(|branch| match response.cseq() {
                // A CANCEL has the branch of its INVITE (RFC 3261 section 9.1).
                Some((_, "CANCEL")) => cancelling(&branch),
                _ => branch,
            })
            .and_then(|branch| self.branches.get(&branch).copied())
            .filter(|_| vias.len() == 1);
        let (Some(id), Some(code)) = (found, response.status()) else {
            tracing::debug!("response to no transaction of ours dropped");
            return;
        };
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        if response.cseq().map(|(_, method)| method) != transaction.request.method() {
            return;
        }
        match (code, transaction.phase) {
            (..200, Phase::Calling | Phase::Proceeding) => {
                transaction.phase = Phase::Proceeding;
                if let Waiter::Watcher(_, provisional) = &transaction.waiter
                    && provisional.send(response.clone()).is_err()
                {
                    tracing::trace!("nobody watches this INVITE any more");
                }
                if transaction.invite {
                    // Timers A and B stop; a provisional response is waited for without limit by RFC 3261, three minutes by us.
                    self.timers.stop(Timer::ClientRetransmit(id));
                    let end = now + Duration::from_secs(180);
                    self.timers.start(Timer::ClientEnd(id), end);
                } else {
                    transaction.interval = self.config.timers.t2;
                }
            }
            (..200, Phase::Completed) => {}
            (_, Phase::Completed) => {
                if let Some(ack) = &transaction.ack {
                    self.effects
                        .push(Effect::Request(transaction.route, Arc::clone(ack)));
                }
            }
            _ => self.client_final(id, code, response, now),
        }
    }

    fn client_final(&mut self, id: u64, code: u16, response: SipMessage, now: Instant) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        transaction.phase = Phase::Completed;
        let waiter = std::mem::replace(&mut transaction.waiter, Waiter::Nobody);
        if transaction.invite && code >= 300 {
            let ack: Arc<[u8]> = failure_ack(&transaction.request, &response).into();
            transaction.ack = Some(Arc::clone(&ack));
            self.effects.push(Effect::Request(transaction.route, ack));
        }
        let reliable = transaction.route.transport.is_reliable();
        let wait = match (transaction.invite, reliable) {
            (true, _) if code < 300 => self.config.timers.transaction_timeout(),
            (_, true) => Duration::ZERO,
            (true, false) => self
                .config
                .timers
                .transaction_timeout()
                .max(Duration::from_secs(32)),
            (false, false) => self.config.timers.t4,
        };
        self.timers.stop(Timer::ClientRetransmit(id));
        self.timers.start(Timer::ClientEnd(id), now + wait);
        if let Waiter::Refresh(dialog) = waiter {
            let ack = self.refresh_answered(dialog, id, code, &response, now);
            if let Some(transaction) = self.clients.get_mut(&id)
                && ack.is_some()
            {
                transaction.ack = ack;
            }
        } else {
            self.tell(waiter, Ok(response), now);
        }
    }

    /// The CSeq number and method of a client transaction's request.
    pub(super) fn client_cseq(&self, id: u64) -> Option<(u32, String)> {
        let (number, method) = self.clients.get(&id)?.request.cseq()?;
        Some((number, method.to_string()))
    }

    /// Timers A and E.
    pub(super) fn client_retransmit(&mut self, id: u64, now: Instant) {
        let timers = self.config.timers;
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        self.effects.push(Effect::Request(
            transaction.route,
            Arc::clone(&transaction.octets),
        ));
        transaction.interval *= 2;
        if !transaction.invite {
            transaction.interval = transaction.interval.min(timers.t2);
        }
        let at = now + transaction.interval;
        self.timers.start(Timer::ClientRetransmit(id), at);
    }

    /// Timers B and F without, D, K and M with a final response.
    pub(super) fn client_end(&mut self, id: u64) {
        self.forget_client(id, RequestError::Timeout);
    }

    fn forget_client(&mut self, id: u64, error: RequestError) {
        self.timers.stop(Timer::ClientRetransmit(id));
        self.timers.stop(Timer::ClientEnd(id));
        if let Some(transaction) = self.clients.remove(&id) {
            self.branches.remove(&transaction.branch);
            if transaction.phase != Phase::Completed {
                self.tell(transaction.waiter, Err(error), Instant::now());
            }
        }
    }

    /// No connection to this target: its transactions fail (RFC 3261 section 17.1.4), or go on by UDP (section 18.1.1).
    pub(super) fn unreachable(&mut self, target: SocketAddr, reason: &str, now: Instant) {
        let lost: Vec<u64> = self
            .clients
            .iter()
            .filter(|(_, t)| {
                t.route.transport.is_reliable()
                    && t.route.target == target
                    && t.phase != Phase::Completed
            })
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            if !self.relaunch_by_datagram(id, now) {
                self.forget_client(id, RequestError::Transport(reason.to_string()));
            }
        }
    }

    fn relaunch_by_datagram(&mut self, id: u64, now: Instant) -> bool {
        let Some(branch) = self
            .clients
            .get(&id)
            .filter(|t| t.datagram_instead)
            .map(|t| t.branch.clone())
        else {
            return false;
        };
        let via = self.own_via(Transport::Udp, &branch);
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.datagram_instead = false;
            transaction.route.transport = Transport::Udp;
            transaction.request.set("Via", via);
            transaction.octets = transaction.request.to_octets().into();
        }
        self.launch(id, now);
        true
    }

    fn tell(&mut self, waiter: Waiter, result: Result<SipMessage, RequestError>, now: Instant) {
        match waiter {
            Waiter::Caller(sender) | Waiter::Watcher(sender, _) => {
                self.effects.push(Effect::Resolve(sender, result));
            }
            Waiter::Refresh(dialog) => self.refresh_failed(dialog, now),
            Waiter::Nobody => {}
        }
    }
}

/// RFC 3261 section 17.1.1.3.
pub(in crate::reference) fn failure_ack(request: &SipMessage, response: &SipMessage) -> Vec<u8> {
    let to = response.header("To").or(request.header("To"));
    of_invite("ACK", request, to).to_octets()
}

/// A request that belongs to an INVITE's transaction: ACK or CANCEL.
fn of_invite(method: &str, request: &SipMessage, to: Option<&str>) -> SipMessage {
    let mut out = SipMessage::request(method, request.uri().unwrap_or_default());
    if let Some(via) = request.values("Via").first() {
        out.push("Via", via);
    }
    for route in request.headers_named("Route") {
        out.push("Route", route);
    }
    out.push("Max-Forwards", "70");
    out.push("From", request.header("From").unwrap_or_default());
    out.push("To", to.unwrap_or_default());
    out.push("Call-ID", request.call_id().unwrap_or_default());
    let number = request.cseq().map_or(0, |(number, _)| number);
    out.push("CSeq", format!("{number} {method}"));
    out.push("Content-Length", "0");
    out
}

/// Where the CANCEL of the INVITE with this branch is found.
fn cancelling(branch: &str) -> String {
    format!("{branch}|CANCEL")
}

/// The interval a 2xx to our refresh settled on.
pub(super) fn refreshed_interval(response: &SipMessage) -> Option<(u32, bool)> {
    session_expires(response)
        .map(|(interval, refresher)| (interval, refresher.as_deref() != Some("uas")))
}
