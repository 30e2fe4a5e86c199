//! The user agent as its caller sees it: start, addresses, requests outside dialogs, stop.
use super::client::Waiter;
use super::config::{Transport, UserAgentConfig};
use super::core::Core;
use super::message::tagged;
use super::msrp::MsrpService;
use super::request::Incoming;
use super::state::Effect;
use super::tokens::Tokens;
use super::transport::{self, RequestRoute};
use crate::wire::sip::SipMessage;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Why a request got no final response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("no final response within 64*T1")]
    Timeout,
    #[error("the request could not be sent: {0}")]
    Transport(String),
    #[error("too many transactions")]
    Busy,
    #[error("the dialog is over")]
    NoDialog,
    #[error("the user agent has stopped")]
    Stopped,
}

/// Requests that may wait for their caller's attention before more are refused with 503.
const INCOMING: usize = 1024;

/// A running user agent; clones are the same one.
#[derive(Clone)]
pub struct UserAgent {
    core: Arc<Core>,
    msrp: MsrpService,
}

impl UserAgent {
    /// Binds the sockets and serves until `stop`. Requests that need a decision arrive on the channel.
    pub async fn start(
        config: UserAgentConfig,
    ) -> io::Result<(UserAgent, mpsc::Receiver<Incoming>)> {
        let config = Arc::new(config);
        let (sockets, listener) = transport::bind(&config).await?;
        let sockets = Arc::new(sockets);
        let tokens = Arc::new(Tokens::default());
        let msrp = MsrpService::start(config.ip, config.msrp.clone(), Arc::clone(&tokens)).await?;
        let (sender, incoming) = mpsc::channel(INCOMING);
        let core = Arc::new(Core::new(config, Arc::clone(&sockets), tokens, sender));
        let tasks = &sockets.tasks;
        tasks.spawn(transport::serve_udp(
            Arc::clone(&sockets),
            Arc::clone(&core),
        ));
        tasks.spawn(transport::serve_tcp(
            Arc::clone(&sockets),
            listener,
            Arc::clone(&core),
        ));
        tasks.spawn(Arc::clone(&core).keep_time());
        Ok((UserAgent { core, msrp }, incoming))
    }

    /// Address of SIP over UDP and TCP.
    pub fn sip_address(&self) -> SocketAddr {
        self.core.sockets.local()
    }

    /// Address of the MSRP listener.
    pub fn msrp_address(&self) -> SocketAddr {
        self.msrp.address()
    }

    /// The MSRP endpoint.
    pub fn msrp(&self) -> &MsrpService {
        &self.msrp
    }

    /// Sends a request outside dialogs and waits for its final response. `message` has no Via (one is added) and may lack Call-ID,
    /// CSeq, Max-Forwards, From tag and Content-Length, which are then added too.
    pub async fn request(
        &self,
        mut message: SipMessage,
        to: SocketAddr,
        transport: Transport,
    ) -> Result<SipMessage, RequestError> {
        self.fill_in(&mut message);
        let route = RequestRoute {
            transport,
            target: to,
            flow: None,
        };
        let (sender, response) = oneshot::channel();
        self.core.run(|state, now| {
            state.start_client(message, route, Waiter::Caller(sender), now);
        });
        Core::wait(response).await
    }

    /// Sends a request and gives the means to wait for its final response, so that requests leave in the order of these calls.
    /// Provisional responses go to `watcher`. The message must be complete but for Via and Content-Length.
    pub fn send(
        &self,
        mut message: SipMessage,
        to: SocketAddr,
        transport: Transport,
        watcher: Option<mpsc::UnboundedSender<SipMessage>>,
    ) -> impl Future<Output = Result<SipMessage, RequestError>> + Send + use<> {
        self.fill_in(&mut message);
        let route = RequestRoute {
            transport,
            target: to,
            flow: None,
        };
        let (sender, response) = oneshot::channel();
        let waiter = match watcher {
            Some(watcher) => Waiter::Watcher(sender, watcher),
            None => Waiter::Caller(sender),
        };
        self.core
            .run(|state, now| state.start_client(message, route, waiter, now));
        Core::wait(response)
    }

    /// Cancels an INVITE of ours by its Call-ID; `false` if it cannot be (no provisional response yet, or a final one already).
    pub fn cancel(&self, call_id: &str) -> bool {
        self.core
            .run(|state, now| state.cancel_client(call_id, now))
    }

    /// Sends the ACK of a 2xx to an INVITE of ours: no transaction, no answer.
    pub fn acknowledge(&self, mut ack: SipMessage, to: SocketAddr, transport: Transport) {
        let route = RequestRoute {
            transport,
            target: to,
            flow: None,
        };
        self.core.run(|state, _| {
            let branch = format!("z9hG4bK{}", state.tokens.short());
            ack.push_front("Via", state.own_via(transport, &branch));
            let octets = ack.to_octets().into();
            state.effects.push(Effect::Request(route, octets));
        });
    }

    fn fill_in(&self, message: &mut SipMessage) {
        let tokens = &self.core.tokens;
        if message.header("Max-Forwards").is_none() {
            message.push("Max-Forwards", "70");
        }
        if message.from_tag().is_none()
            && let Some(from) = message.header("From").map(String::from)
        {
            message.set("From", tagged(&from, &tokens.short()));
        }
        if message.call_id().is_none() {
            message.push("Call-ID", tokens.long());
        }
        if message.header("CSeq").is_none() {
            let method = message.method().unwrap_or_default().to_string();
            message.push("CSeq", format!("1 {method}"));
        }
        let product = self.core.config.product.as_deref();
        if let Some(product) = product
            && message.header("User-Agent").is_none()
        {
            message.push("User-Agent", product);
        }
        if message.header("Content-Length").is_none() {
            message.push("Content-Length", message.body.len().to_string());
        }
    }

    /// An unguessable token for tags, Call-IDs and the like.
    pub fn token(&self) -> String {
        self.core.tokens.long()
    }

    /// Dialogs alive, for diagnostics and tests.
    pub fn dialogs(&self) -> usize {
        self.core.run(|state, _| state.dialogs.len())
    }

    /// Transactions alive, for diagnostics and tests.
    pub fn transactions(&self) -> usize {
        self.core
            .run(|state, _| state.servers.len() + state.clients.len())
    }

    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.core.run(|state, _| state.timers.len())
    }

    /// Closes every socket and joins every task; the channel of incoming requests ends.
    pub async fn stop(self) {
        self.core.stop();
        self.msrp.stop().await;
        self.core.sockets.close();
        self.core.sockets.tasks.stop().await;
    }
}
