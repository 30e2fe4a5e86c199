//! State and sockets together: what arrives goes into the state under its lock, and the effects come out after it.
use super::agent::RequestError;
use super::config::{Transport, UserAgentConfig};
use super::dialog::DialogEvent;
use super::invite::ServerInvite;
use super::message::{Origin, Refusal};
use super::request::{HeaderList, Incoming, ServerRequest};
use super::state::{Effect, Notice, State};
use super::tokens::Tokens;
use super::transport::{Receiver, Sockets};
use super::via::Via;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

pub(super) struct Core {
    pub(super) config: Arc<UserAgentConfig>,
    pub(super) sockets: Arc<Sockets>,
    pub(super) tokens: Arc<Tokens>,
    state: Mutex<State>,
    wake: Notify,
    /// Taken away by `stop`, so that the receiving side ends.
    incoming: Mutex<Option<mpsc::Sender<Incoming>>>,
}

impl Core {
    pub(super) fn new(
        config: Arc<UserAgentConfig>,
        sockets: Arc<Sockets>,
        tokens: Arc<Tokens>,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        let state = State::new(Arc::clone(&config), sockets.local(), Arc::clone(&tokens));
        Self {
            config,
            sockets,
            tokens,
            state: Mutex::new(state),
            wake: Notify::new(),
            incoming: Mutex::new(Some(incoming)),
        }
    }

    /// Decides under the lock, acts after it.
    pub(super) fn run<R>(self: &Arc<Self>, decide: impl FnOnce(&mut State, Instant) -> R) -> R {
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
            Effect::Invite(waiting, progress) => {
                let id = waiting.id;
                let invite = ServerInvite::new(Arc::clone(self), waiting, progress);
                self.deliver(id, Incoming::Invite(invite));
            }
            Effect::Deliver(waiting) => {
                let id = waiting.id;
                let request = ServerRequest::new(Arc::clone(self), waiting);
                self.deliver(id, Incoming::Request(request));
            }
            Effect::Tell(incoming) => {
                if let Some(sender) = self.incoming().as_ref()
                    && let Err(error) = sender.try_send(incoming)
                {
                    tracing::warn!(%error, "nobody takes this");
                }
            }
            Effect::Notify(events, notice) => self.notify(&events, notice),
            Effect::Resolve(sender, result) => {
                if sender.send(result).is_err() {
                    tracing::trace!("nobody waits for this response any more");
                }
            }
        }
    }

    fn incoming(&self) -> MutexGuard<'_, Option<mpsc::Sender<Incoming>>> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything and ends the channel of incoming requests.
    pub(super) fn stop(self: &Arc<Self>) {
        self.run(|state, _| state.stop());
        let sender = self.incoming().take();
        drop(sender);
    }

    fn deliver(self: &Arc<Self>, id: u64, incoming: Incoming) {
        let refused = match self.incoming().as_ref() {
            Some(sender) => sender.try_send(incoming).err(),
            None => None,
        };
        if let Some(refused) = refused {
            let refusal = Refusal::new(503, "Service Unavailable").with("Retry-After", "5");
            self.run(|state, now| state.refuse(id, refusal, now));
            // Its own drop finds the transaction answered.
            drop(refused);
        }
    }

    fn notify(self: &Arc<Self>, events: &mpsc::Sender<DialogEvent>, notice: Notice) {
        let mut unread = None;
        let event = match notice {
            Notice::Confirmed(ack) => DialogEvent::Confirmed(ack),
            Notice::Refreshed(request) => DialogEvent::Refreshed(request),
            Notice::Expired => DialogEvent::Expired,
            Notice::AckTimeout => DialogEvent::AckTimeout,
            Notice::Bye(waiting) => {
                unread = Some(waiting.id);
                DialogEvent::Bye(ServerRequest::new(Arc::clone(self), waiting))
            }
            Notice::Request(waiting) => {
                DialogEvent::Request(ServerRequest::new(Arc::clone(self), waiting))
            }
        };
        if let Err(refused) = events.try_send(event) {
            if let Some(id) = unread {
                // A BYE ends the dialog whether anybody looks or not.
                let none = HeaderList::new();
                self.run(|state, now| state.respond(id, 200, "OK", &none, None, now));
            }
            drop(refused);
        }
    }

    /// Fires timers until stopped.
    pub(super) async fn keep_time(self: Arc<Self>) {
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

    /// The final response to come on this channel, or why it does not come.
    pub(super) async fn wait(
        response: tokio::sync::oneshot::Receiver<Result<SipMessage, RequestError>>,
    ) -> Result<SipMessage, RequestError> {
        response.await.unwrap_or(Err(RequestError::Stopped))
    }
}

impl Receiver for Core {
    fn message(self: Arc<Self>, octets: &[u8], transport: Transport, source: SocketAddr) {
        let message = match SipMessage::parse(octets) {
            Ok(message) => message,
            Err(error) => {
                tracing::info!(%error, %source, "message that is not SIP dropped");
                return;
            }
        };
        let origin = Origin { transport, source };
        self.run(|state, now| {
            if message.is_request() {
                state.server_request(message, origin, now);
            } else {
                state.client_response(message, now);
            }
        });
    }

    fn oversize(self: Arc<Self>, head: &[u8], source: SocketAddr) {
        tracing::info!(%source, "message over the size limit refused");
        let end = memchr::memmem::find(head, b"\r\n\r\n").map_or(head.len(), |at| at + 4);
        let Ok(message) = SipMessage::parse(&head[..end]) else {
            return;
        };
        if !message.is_request() || message.method() == Some("ACK") {
            return;
        }
        let Some(via) = message.values("Via").first().and_then(|v| Via::parse(v)) else {
            return;
        };
        let origin = Origin {
            transport: Transport::Tcp,
            source,
        };
        let route = via.response_route(Transport::Tcp, source);
        let refusal = Refusal::new(513, "Message Too Large");
        self.run(|state, _| state.refuse_statelessly(&message, origin, route, refusal));
    }

    fn unreachable(self: Arc<Self>, target: SocketAddr, reason: &str) {
        self.run(|state, now| state.unreachable(target, reason, now));
    }
}
