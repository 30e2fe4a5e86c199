//! The transaction layer of RFC 3261 section 17 for one UE: all client and server transactions, over UDP and TCP.
//!
//! Matches messages to transactions (branch, sent-by, method), runs the timers and sends the ACK of refusals. It knows no dialog:
//! an ACK of 2xx and every new request go up. Responses leave by the way of RFC 3261 section 18.2.2.
mod client;
mod server;
#[cfg(test)]
mod tests;
mod via;

pub use client::of_same_transaction;
pub use via::Via;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::ue::SipTimers;
use super::{FlowId, Time};
use crate::wire::sip::SipMessage;
use client::{Client, Step};
use server::Server;

/// More transactions than this at once are refused: nothing a scenario does needs them.
const MAX_TRANSACTIONS: usize = 4096;

/// Where a message leaves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    Datagram(SocketAddr),
    /// The connection to that address, dialled if there is none.
    Connection(SocketAddr),
    /// The connection a request came by; the address if it is gone.
    Flow(FlowId, SocketAddr),
}

impl Hop {
    pub fn reliable(self) -> bool {
        !matches!(self, Self::Datagram(_))
    }
}

/// Names a client transaction (RFC 3261 section 17.1.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    branch: String,
    method: String,
}

/// Names a server transaction (RFC 3261 section 17.2.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId {
    key: String,
    method: String,
}

/// What the layer wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Send {
        hop: Hop,
        octets: Vec<u8>,
    },
    Response {
        id: ClientId,
        response: SipMessage,
    },
    /// Timer B or F ran out, or the connection could not be opened.
    NoResponse {
        id: ClientId,
    },
    /// A new request; its Via is stamped already.
    Request {
        id: ServerId,
        request: SipMessage,
    },
    /// An ACK that belongs to no refusal: to a 2xx, then.
    Ack {
        request: SipMessage,
    },
    /// No ACK for our refusal within timer H.
    AckMissing {
        id: ServerId,
    },
    /// A response that belongs to no transaction.
    Unmatched {
        response: SipMessage,
    },
    /// A message that belongs nowhere, in words.
    Stray(String),
}

#[derive(Debug)]
pub struct Transactions {
    timers: SipTimers,
    clients: BTreeMap<ClientId, Client>,
    servers: BTreeMap<ServerId, Server>,
    effects: VecDeque<Effect>,
}

impl Transactions {
    pub fn new(timers: SipTimers) -> Self {
        Self {
            timers,
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            effects: VecDeque::new(),
        }
    }

    /// Starts a client transaction for a request that has its Via.
    pub fn request(&mut self, now: Time, request: SipMessage, hop: Hop) -> ClientId {
        let via = Via::top(&request);
        // Responses are matched by the method of their CSeq (section 17.1.3), so that of the request counts even where it lies.
        let method = match request.cseq() {
            Some((_, method)) => method.to_owned(),
            None => request.method().unwrap_or_default().to_owned(),
        };
        let id = ClientId {
            branch: via
                .and_then(|v| v.branch().map(str::to_owned))
                .unwrap_or_default(),
            method,
        };
        let client = Client::start(now, request, hop, self.timers);
        self.effects.push_back(Effect::Send {
            hop,
            octets: client.octets().to_vec(),
        });
        if self.clients.len() < MAX_TRANSACTIONS {
            self.clients.insert(id.clone(), client);
        } else {
            self.effects
                .push_back(Effect::NoResponse { id: id.clone() });
        }
        id
    }

    /// Answers a request. False: the transaction is over or has its final response.
    pub fn respond(&mut self, now: Time, id: &ServerId, response: &SipMessage) -> bool {
        let timers = self.timers;
        let Some(server) = self.servers.get_mut(id) else {
            return false;
        };
        let code = response.status().unwrap_or(500);
        let Some(octets) = server.respond(now, code, response.to_octets(), timers) else {
            return false;
        };
        let hop = server.hop;
        self.effects.push_back(Effect::Send { hop, octets });
        self.sweep();
        true
    }

    /// The way responses of this transaction take.
    pub fn hop_of(&self, id: &ServerId) -> Option<Hop> {
        self.servers.get(id).map(|server| server.hop)
    }

    /// The INVITE server transaction a CANCEL is for (RFC 3261 section 9.2).
    pub fn cancelled_by(&self, cancel: &ServerId) -> Option<ServerId> {
        let invite = ServerId {
            key: cancel.key.clone(),
            method: "INVITE".to_owned(),
        };
        self.servers.contains_key(&invite).then_some(invite)
    }

    /// Forgets a client transaction without a word.
    pub fn abandon(&mut self, id: &ClientId) {
        if let Some(client) = self.clients.get_mut(id) {
            client.abandon();
        }
        self.sweep();
    }

    /// A message has come by `hop`: the source address of a datagram, or the flow of a connection.
    pub fn receive(&mut self, now: Time, message: SipMessage, hop: Hop) {
        if message.is_request() {
            self.receive_request(now, message, hop);
        } else {
            self.receive_response(now, message);
        }
        self.sweep();
    }

    fn receive_response(&mut self, now: Time, response: SipMessage) {
        let method = response.cseq().map(|(_, method)| method.to_owned());
        let branch = Via::top(&response).and_then(|via| via.branch().map(str::to_owned));
        let (Some(method), Some(branch)) = (method, branch) else {
            self.stray("a response without usable Via or CSeq");
            return;
        };
        let id = ClientId { branch, method };
        let timers = self.timers;
        let Some(client) = self.clients.get_mut(&id) else {
            self.effects.push_back(Effect::Unmatched { response });
            return;
        };
        let hop = client.hop;
        for step in client.receive(now, &response, timers) {
            self.effects.push_back(match step {
                Step::Send(octets) => Effect::Send { hop, octets },
                Step::Deliver => Effect::Response {
                    id: id.clone(),
                    response: response.clone(),
                },
                Step::GaveUp => Effect::NoResponse { id: id.clone() },
            });
        }
    }

    fn receive_request(&mut self, now: Time, mut request: SipMessage, hop: Hop) {
        let method = request.method().unwrap_or_default().to_owned();
        let source = match hop {
            Hop::Datagram(from) | Hop::Connection(from) | Hop::Flow(_, from) => from,
        };
        let Some(via) = Via::top(&request) else {
            self.stray(&format!("a {method} request without usable Via"));
            return;
        };
        let key = server_key(&via, &request);
        let timers = self.timers;
        if method == "ACK" {
            let invite = ServerId {
                key,
                method: "INVITE".to_owned(),
            };
            let done = self
                .servers
                .get_mut(&invite)
                .is_some_and(|server| server.acknowledge(now, timers));
            if !done {
                self.effects.push_back(Effect::Ack { request });
            }
            return;
        }
        let id = ServerId { key, method };
        if let Some(server) = self.servers.get(&id) {
            let hop = server.hop;
            let again = server.again().map(|octets| Effect::Send { hop, octets });
            self.effects.extend(again);
            return;
        }
        let way = match hop {
            Hop::Flow(flow, from) => {
                let port = via.port.unwrap_or(5060);
                Hop::Flow(flow, SocketAddr::new(from.ip(), port))
            }
            _ => Hop::Datagram(via.reply_address(source)),
        };
        if self.servers.len() >= MAX_TRANSACTIONS {
            self.stray("one request too many at once");
            return;
        }
        let origin = origin(&request);
        let merged = request.to_tag().is_none()
            && id.method != "CANCEL"
            && self.servers.values().any(|s| s.origin == origin);
        via::stamp(&mut request, source);
        let server = Server::start(now, id.method == "INVITE", way, origin, timers);
        self.servers.insert(id.clone(), server);
        if merged {
            // RFC 3261 section 8.2.2.2: the same request by another way.
            let response = crate::peer::dialog::response_to(&request, 482, None);
            self.respond(now, &id, &response);
            return;
        }
        self.effects.push_back(Effect::Request { id, request });
    }

    fn stray(&mut self, what: &str) {
        self.effects.push_back(Effect::Stray(what.to_owned()));
    }

    /// A connection to that address could not be opened.
    pub fn unreachable(&mut self, address: SocketAddr) {
        for (id, client) in &mut self.clients {
            if client.hop == Hop::Connection(address) && !client.unreachable().is_empty() {
                self.effects
                    .push_back(Effect::NoResponse { id: id.clone() });
            }
        }
        self.sweep();
    }

    pub fn wake(&mut self, now: Time) {
        let timers = self.timers;
        for (id, client) in &mut self.clients {
            let hop = client.hop;
            for step in client.wake(now, timers) {
                self.effects.push_back(match step {
                    Step::Send(octets) => Effect::Send { hop, octets },
                    _ => Effect::NoResponse { id: id.clone() },
                });
            }
        }
        for (id, server) in &mut self.servers {
            let (octets, unacknowledged) = server.wake(now, timers);
            let hop = server.hop;
            self.effects
                .extend(octets.map(|octets| Effect::Send { hop, octets }));
            if unacknowledged {
                self.effects
                    .push_back(Effect::AckMissing { id: id.clone() });
            }
        }
        self.sweep();
    }

    pub fn wake_at(&self) -> Option<Time> {
        let clients = self.clients.values().filter_map(Client::wake_at);
        let servers = self.servers.values().filter_map(Server::wake_at);
        clients.chain(servers).min()
    }

    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn sweep(&mut self) {
        self.clients
            .retain(|_, client| client.state != client::State::Terminated);
        self.servers
            .retain(|_, server| server.state != server::State::Terminated);
    }
}

/// RFC 3261 section 17.2.3: branch and sent-by with the magic cookie, the parts of RFC 2543 without it.
fn server_key(via: &Via, request: &SipMessage) -> String {
    match via.branch() {
        Some(branch) if branch.starts_with("z9hG4bK") => format!("{branch}|{}", via.sent_by()),
        _ => {
            let (call_id, from_tag, cseq) = origin(request);
            let number = cseq.split(' ').next().unwrap_or_default().to_owned();
            format!("2543|{call_id}|{from_tag}|{number}|{}", via.sent_by())
        }
    }
}

fn origin(request: &SipMessage) -> (String, String, String) {
    let cseq = request.cseq();
    (
        request.call_id().unwrap_or_default().to_owned(),
        request.from_tag().unwrap_or_default(),
        cseq.map_or_else(String::new, |(number, method)| format!("{number} {method}")),
    )
}
