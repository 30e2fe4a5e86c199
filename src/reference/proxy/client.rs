//! The side requests go to: client transactions (RFC 3261 section 17.1, RFC 6026) with timer C of section 16.6.
use super::Response;
use super::forward::NextHop;
use super::state::{Effect, State, Timer};
use crate::reference::user_agent::client::failure_ack;
use crate::reference::user_agent::via::Via;
use crate::reference::user_agent::{RequestError, Transport};
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// RFC 3261 section 16.6 step 11: more than three minutes.
const TIMER_C: Duration = Duration::from_secs(181);
/// What RFC 3261 section 18.1.1 lets go by UDP where nothing is known of the path.
const MAX_DATAGRAM_OCTETS: usize = 1300;
/// The same where the path is known to be this machine's own, with its MTU of 64 kB.
const MAX_LOOPBACK_OCTETS: usize = 60_000;

/// Who is told the responses.
pub(super) enum Owner {
    /// The server transaction this is a branch of.
    Server(u64),
    Caller(oneshot::Sender<Result<SipMessage, RequestError>>),
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Calling,
    Proceeding,
    /// A final response of 300 or more is there.
    Completed,
    /// A 2xx to INVITE is there; more of them are passed on.
    Accepted,
}

pub(super) struct Client {
    branch: String,
    invite: bool,
    request: SipMessage,
    octets: Arc<[u8]>,
    to: NextHop,
    /// TCP was chosen for the length alone: UDP is tried if TCP is refused.
    datagram_instead: bool,
    phase: Phase,
    interval: Duration,
    owner: Owner,
    ack: Option<Arc<[u8]>>,
    /// To be cancelled as soon as there is a provisional response.
    cancel: bool,
}

impl State {
    pub(super) fn own_via(&self, transport: Transport, branch: &str) -> String {
        let name = transport.token();
        format!("SIP/2.0/{name} {};branch={branch}", self.local)
    }

    /// Adds Via and sends the request.
    pub(super) fn start_client(
        &mut self,
        request: SipMessage,
        to: NextHop,
        owner: Owner,
        now: Instant,
    ) -> u64 {
        let branch = format!("z9hG4bK{}", self.tokens.short());
        self.launch_client(request, to, owner, branch, now)
    }

    fn launch_client(
        &mut self,
        mut request: SipMessage,
        mut to: NextHop,
        owner: Owner,
        branch: String,
        now: Instant,
    ) -> u64 {
        let id = self.new_id();
        request.push_front("Via", self.own_via(to.transport, &branch));
        let limit = match to.address.ip().is_loopback() {
            true => MAX_LOOPBACK_OCTETS,
            false => MAX_DATAGRAM_OCTETS,
        };
        let mut octets: Arc<[u8]> = request.to_octets().into();
        let too_long = to.transport == Transport::Udp && octets.len() > limit;
        if too_long {
            to.transport = Transport::Tcp;
            octets = self.with_via(&mut request, Transport::Tcp, &branch);
        }
        let method = request.method().unwrap_or_default().to_owned();
        self.branches.insert((branch.clone(), method), id);
        let client = Client {
            branch,
            invite: request.method() == Some("INVITE"),
            request,
            octets,
            to,
            datagram_instead: too_long,
            phase: Phase::Calling,
            interval: self.clock.t1,
            owner,
            ack: None,
            cancel: false,
        };
        self.clients.insert(id, client);
        self.transmit(id, now);
        id
    }

    /// The request with its own Via for another transport.
    fn with_via(&self, request: &mut SipMessage, transport: Transport, branch: &str) -> Arc<[u8]> {
        let via = self.own_via(transport, branch);
        request.pop_front();
        request.push_front("Via", via);
        request.to_octets().into()
    }

    fn transmit(&mut self, id: u64, now: Instant) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let octets = Arc::clone(&client.octets);
        self.effects.push(Effect::Request(client.to.into(), octets));
        if client.to.transport == Transport::Udp {
            let at = now + self.clock.t1;
            self.timers.start(Timer::ClientRetransmit(id), at);
        }
        let end = now + self.clock.transaction_timeout();
        self.timers.start(Timer::ClientEnd(id), end);
    }

    pub(super) fn client_response(&mut self, response: SipMessage, now: Instant) {
        let branch = response
            .values("Via")
            .first()
            .and_then(|via| Via::parse(via))
            .and_then(|via| via.branch);
        let method = response.cseq().map(|(_, method)| method.to_owned());
        let found = branch
            .zip(method)
            .and_then(|key| self.branches.get(&key).copied());
        let (Some(id), Some(code)) = (found, response.status()) else {
            tracing::debug!("response to no transaction of ours dropped");
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match (code, client.phase) {
            (..200, Phase::Calling | Phase::Proceeding) => {
                client.phase = Phase::Proceeding;
                let cancel = std::mem::take(&mut client.cancel);
                if client.invite {
                    self.timers.stop(Timer::ClientRetransmit(id));
                    self.timers.start(Timer::ClientEnd(id), now + TIMER_C);
                } else {
                    client.interval = self.clock.t2;
                }
                if code > 100
                    && let Owner::Server(server) = client.owner
                {
                    self.branch_response(server, id, &response, now);
                }
                if cancel {
                    self.cancel_client(id, now);
                }
            }
            (..200, _) => {}
            (200..300, Phase::Accepted) => {
                if let Owner::Server(server) = client.owner {
                    self.branch_response(server, id, &response, now);
                }
            }
            (_, Phase::Completed) => {
                if let Some(ack) = &client.ack {
                    let ack = Arc::clone(ack);
                    self.effects.push(Effect::Request(client.to.into(), ack));
                }
            }
            (_, Phase::Accepted) => {}
            _ => self.client_final(id, code, response, now),
        }
    }

    fn client_final(&mut self, id: u64, code: u16, response: SipMessage, now: Instant) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.phase = Phase::Completed;
        let reliable = client.to.transport.is_reliable();
        let wait = if client.invite && code < 300 {
            client.phase = Phase::Accepted;
            self.clock.transaction_timeout()
        } else if client.invite {
            let ack: Arc<[u8]> = failure_ack(&client.request, &response).into();
            client.ack = Some(Arc::clone(&ack));
            self.effects.push(Effect::Request(client.to.into(), ack));
            self.clock.transaction_timeout()
        } else {
            self.clock.t4
        };
        let wait = match reliable && code >= 300 {
            true => Duration::ZERO,
            false => wait,
        };
        self.timers.stop(Timer::ClientRetransmit(id));
        self.timers.start(Timer::ClientEnd(id), now + wait);
        match &mut client.owner {
            Owner::Server(server) => {
                let server = *server;
                self.branch_response(server, id, &response, now);
            }
            owner => {
                if let Owner::Caller(caller) = std::mem::replace(owner, Owner::Nobody) {
                    self.effects.push(Effect::Resolve(caller, Ok(response)));
                }
            }
        }
    }

    /// RFC 3261 section 9.1: at once if there was a provisional response, else after the first.
    pub(super) fn cancel_client(&mut self, id: u64, now: Instant) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if !client.invite {
            return;
        }
        match client.phase {
            Phase::Calling => client.cancel = true,
            Phase::Proceeding => {
                let mut cancel =
                    SipMessage::request("CANCEL", client.request.uri().unwrap_or_default());
                for route in client.request.headers_named("Route") {
                    cancel.push("Route", route);
                }
                cancel.push("Max-Forwards", "70");
                for name in ["From", "To", "Call-ID"] {
                    cancel.push(name, client.request.header(name).unwrap_or_default());
                }
                let number = client.request.cseq().map_or(0, |(number, _)| number);
                cancel.push("CSeq", format!("{number} CANCEL"));
                cancel.push("Content-Length", "0");
                let (to, branch) = (client.to, client.branch.clone());
                // 64*T1 after the CANCEL the branch counts as answered, whatever the other side does (section 9.1).
                let end = now + self.clock.transaction_timeout();
                self.timers.start(Timer::ClientEnd(id), end);
                let cancelled = (branch.clone(), "CANCEL".to_owned());
                if !self.branches.contains_key(&cancelled) {
                    self.launch_client(cancel, to, Owner::Nobody, branch, now);
                }
            }
            Phase::Completed | Phase::Accepted => {}
        }
    }

    pub(super) fn client_retransmit(&mut self, id: u64, now: Instant) {
        let clock = self.clock;
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let octets = Arc::clone(&client.octets);
        self.effects.push(Effect::Request(client.to.into(), octets));
        client.interval *= 2;
        if !client.invite {
            client.interval = client.interval.min(clock.t2);
        }
        let at = now + client.interval;
        self.timers.start(Timer::ClientRetransmit(id), at);
    }

    /// Timers B, C and F without, D, K and M with a final response.
    pub(super) fn client_end(&mut self, id: u64, now: Instant) {
        let waits = self
            .clients
            .get(&id)
            .is_some_and(|client| client.invite && client.phase == Phase::Proceeding);
        if waits {
            // Timer C: the branch is cancelled, and forgotten if even that has no answer.
            self.cancel_client(id, now);
        }
        self.forget_client(id, &RequestError::Timeout, now);
    }

    fn forget_client(&mut self, id: u64, error: &RequestError, now: Instant) {
        self.timers.stop(Timer::ClientRetransmit(id));
        self.timers.stop(Timer::ClientEnd(id));
        let Some(client) = self.clients.remove(&id) else {
            return;
        };
        let method = client.request.method().unwrap_or_default().to_owned();
        self.branches.remove(&(client.branch, method));
        if matches!(client.phase, Phase::Completed | Phase::Accepted) {
            return;
        }
        match client.owner {
            Owner::Server(server) => {
                let response = match error {
                    RequestError::Timeout => Response::new(408, "Request Timeout"),
                    _ => Response::new(503, "Service Unavailable"),
                };
                self.branch_failed(server, id, &response, now);
            }
            Owner::Caller(caller) => {
                let lost = Err(error.clone());
                self.effects.push(Effect::Resolve(caller, lost));
            }
            Owner::Nobody => {}
        }
    }

    /// No connection to this target.
    pub(super) fn unreachable(&mut self, target: SocketAddr, reason: &str, now: Instant) {
        let waiting = |client: &Client| {
            client.to.transport.is_reliable()
                && client.to.address == target
                && matches!(client.phase, Phase::Calling | Phase::Proceeding)
        };
        let lost = self.clients.iter().filter(|(_, client)| waiting(client));
        let lost: Vec<u64> = lost.map(|(id, _)| *id).collect();
        for id in lost {
            if !self.by_datagram(id, now) {
                let error = RequestError::Transport(reason.to_owned());
                self.forget_client(id, &error, now);
            }
        }
    }

    fn by_datagram(&mut self, id: u64, now: Instant) -> bool {
        let Some(mut client) = self.clients.remove(&id) else {
            return false;
        };
        let again = std::mem::take(&mut client.datagram_instead);
        if again {
            client.to.transport = Transport::Udp;
            client.octets = self.with_via(&mut client.request, Transport::Udp, &client.branch);
        }
        self.clients.insert(id, client);
        if again {
            self.transmit(id, now);
        }
        again
    }
}
