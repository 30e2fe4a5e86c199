//! State and sockets together: what arrives goes into the state under its lock, and the effects come out after it.
use super::client::Owner;
use super::forward::NextHop;
use super::state::{Effect, State};
use super::{Decision, Response, Service};
use crate::reference::edge::Edge;
use crate::reference::user_agent::message::Origin;
use crate::reference::user_agent::tasks::Tasks;
use crate::reference::user_agent::tls::SipTls;
use crate::reference::user_agent::transport::{self, Receiver, Sockets};
use crate::reference::user_agent::{RequestError, Transport, UserAgentConfig};
use crate::wire::sip::SipMessage;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

struct Core {
    sockets: Arc<Sockets>,
    state: Mutex<State>,
    wake: Notify,
    service: OnceLock<Arc<dyn Service>>,
    /// What the role decides later, and responses with a delay.
    tasks: Tasks,
}

/// A proxy with its sockets; clones are the same one.
#[derive(Clone)]
pub struct Proxy {
    core: Arc<Core>,
    listener: Arc<Mutex<Option<TcpListener>>>,
}

impl Proxy {
    /// Binds the sockets; nothing is served before `serve`, so that a role can know the addresses of all others first.
    pub async fn bind(ip: IpAddr, edge: Edge) -> io::Result<Self> {
        Self::bind_with(ip, None, edge).await
    }

    /// The same; with `tls`, its TCP listener takes TLS.
    pub async fn bind_with(ip: IpAddr, tls: Option<SipTls>, edge: Edge) -> io::Result<Self> {
        let config = UserAgentConfig {
            ip,
            tls,
            edge: edge.of_proxy(),
            ..UserAgentConfig::default()
        };
        let (sockets, listener) = transport::bind(&config).await?;
        let core = Core {
            state: Mutex::new(State::new(sockets.local())),
            sockets: Arc::new(sockets),
            wake: Notify::new(),
            service: OnceLock::new(),
            tasks: Tasks::default(),
        };
        Ok(Self {
            core: Arc::new(core),
            listener: Arc::new(Mutex::new(Some(listener))),
        })
    }

    /// Serves until `stop`.
    pub fn serve(&self, service: Arc<dyn Service>) {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(listener) = listener else { return };
        if self.core.service.set(service).is_err() {
            tracing::error!("this proxy serves already");
            return;
        }
        let (core, sockets) = (&self.core, &self.core.sockets);
        let tasks = &sockets.tasks;
        tasks.spawn(transport::serve_udp(Arc::clone(sockets), Arc::clone(core)));
        tasks.spawn(transport::serve_tcp(
            Arc::clone(sockets),
            listener,
            Arc::clone(core),
        ));
        tasks.spawn(Arc::clone(core).keep_time());
    }

    /// Address of SIP over UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.core.sockets.local()
    }

    /// Sends a request of the proxy's own and waits for its final response.
    pub async fn request(
        &self,
        request: SipMessage,
        to: NextHop,
    ) -> Result<SipMessage, RequestError> {
        let (caller, response) = oneshot::channel();
        self.core.run(|state, now| {
            state.start_client(request, to, Owner::Caller(caller), now);
        });
        response.await.unwrap_or(Err(RequestError::Stopped))
    }

    /// Runs something of the role's beside it, until it ends or the proxy stops.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.core.tasks.spawn(task);
    }

    /// An unguessable token.
    pub fn token(&self) -> String {
        self.core.run(|state, _| state.tokens.short())
    }

    /// Closes every socket and joins every task.
    pub async fn stop(&self) {
        self.core.tasks.stop().await;
        self.core.sockets.close();
        self.core.sockets.tasks.stop().await;
    }
}

impl Core {
    fn run<R>(self: &Arc<Self>, decide: impl FnOnce(&mut State, Instant) -> R) -> R {
        let now = Instant::now();
        let (result, effects, sooner) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let before = state.timers.next();
            let result = decide(&mut state, now);
            let after = state.timers.next();
            let sooner = after.is_some_and(|after| before.is_none_or(|before| after < before));
            (result, std::mem::take(&mut state.effects), sooner)
        };
        if sooner {
            self.wake.notify_one();
        }
        for effect in effects {
            self.act(effect);
        }
        result
    }

    fn act(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::Respond(route, octets) => self.sockets.respond(route, octets, self),
            Effect::Request(route, octets) => self.sockets.request(route, octets, self),
            Effect::Resolve(caller, result) => {
                if caller.send(result).is_err() {
                    tracing::trace!("nobody waits for this response any more");
                }
            }
            Effect::Decide(id, arrived) => {
                let Some(service) = self.service.get() else {
                    return;
                };
                let source = arrived.source;
                let decision = service.request(*arrived);
                match id {
                    Some(id) => self.carry_out(id, decision),
                    None => {
                        if let Decision::Forward(forwards) = decision
                            && let Some(forward) = forwards.into_iter().next()
                        {
                            self.run(|state, _| state.pass_ack(forward, source));
                        }
                    }
                }
            }
        }
    }

    fn carry_out(self: &Arc<Self>, id: u64, decision: Decision) {
        match decision {
            Decision::Forward(forwards) => self.run(|state, now| state.fork(id, forwards, now)),
            Decision::Respond(responses) if responses.iter().all(|r| r.after.is_zero()) => {
                for response in responses {
                    self.run(|state, now| state.respond(id, &response, now));
                }
            }
            Decision::Respond(responses) => {
                let core = Arc::clone(self);
                self.tasks
                    .spawn(async move { core.respond_in_time(id, responses).await });
            }
            Decision::Later(decision) => {
                let core = Arc::clone(self);
                self.tasks.spawn(async move {
                    let decision = decision.await;
                    core.carry_out(id, decision);
                });
            }
        }
    }

    async fn respond_in_time(self: Arc<Self>, id: u64, responses: Vec<Response>) {
        for response in responses {
            tokio::time::sleep(response.after).await;
            self.run(|state, now| state.respond(id, &response, now));
        }
    }

    async fn keep_time(self: Arc<Self>) {
        loop {
            let next = self.run(|state, _| state.timers.next());
            match next {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at) => {}
                        () = self.wake.notified() => continue,
                    }
                    self.run(State::fire);
                }
                None => self.wake.notified().await,
            }
        }
    }
}

impl Receiver for Core {
    fn message(self: Arc<Self>, octets: &[u8], transport: Transport, source: SocketAddr) {
        match SipMessage::parse(octets) {
            Ok(message) => {
                let origin = Origin { transport, source };
                self.run(|state, now| state.message(message, origin, now));
            }
            Err(error) => tracing::info!(%error, %source, "message that is not SIP dropped"),
        }
    }

    fn oversize(self: Arc<Self>, _head: &[u8], source: SocketAddr) {
        tracing::info!(%source, "message over the size limit dropped");
    }

    fn unreachable(self: Arc<Self>, target: SocketAddr, reason: &str) {
        self.run(|state, now| state.unreachable(target, reason, now));
    }
}
