//! An INVITE waiting for its final response: provisional responses, rejection, acceptance, cancellation.
use super::agent::RequestError;
use super::config::Transport;
use super::core::Core;
use super::dialog::{Dialog, DialogControl};
use super::request::{Body, HeaderList};
use super::state::{Progress, Waiting};
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// What the 2xx to an INVITE says.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// 200 if 0.
    pub code: u16,
    /// `OK` if empty.
    pub reason: String,
    /// User part of the Contact URI; none if empty.
    pub contact_user: String,
    /// Contact header parameters, written after `>` verbatim, e.g. `;+g.3gpp.icsi-ref="..."`.
    pub contact_params: String,
    /// Further header fields (Server, Allow, Supported are added unless named here; Session-Expires and Require as negotiated).
    pub headers: HeaderList,
    /// The SDP answer.
    pub body: Option<Body>,
    /// Leaves Session-Expires out although the caller asked for a session timer.
    pub without_session_timer: bool,
    /// Leaves Record-Route out (a deliberate fault).
    pub without_record_route: bool,
    /// Sends later requests without the recorded route (a deliberate fault).
    pub forgets_route: bool,
}

/// An INVITE outside dialogs; 100 Trying has been sent. Dropping it unanswered sends 500.
pub struct ServerInvite {
    pub request: SipMessage,
    pub source: SocketAddr,
    pub transport: Transport,
    /// The To tag of its responses.
    pub to_tag: String,
    core: Arc<Core>,
    id: u64,
    progress: watch::Receiver<Progress>,
    done: bool,
}

impl ServerInvite {
    pub(super) fn new(
        core: Arc<Core>,
        waiting: Waiting,
        progress: watch::Receiver<Progress>,
    ) -> Self {
        Self {
            request: waiting.request,
            source: waiting.origin.source,
            transport: waiting.origin.transport,
            to_tag: waiting.to_tag,
            core,
            id: waiting.id,
            progress,
            done: false,
        }
    }

    /// Sends a 1xx (with To-tag and Contact). May be repeated to refresh (RFC 3261 section 13.3.1.1); nothing happens after a final
    /// response, or if the code is no provisional one.
    pub fn provisional(&self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        if (100..200).contains(&code) {
            self.core.run(|state, now| {
                state.respond(self.id, code, reason, headers, body.as_ref(), now)
            });
        }
    }

    /// Sends a final response of 300 or more; other codes become 500.
    pub fn reject(mut self, code: u16, reason: &str, headers: &HeaderList, body: Option<Body>) {
        self.refuse(code, reason, headers, body.as_ref());
    }

    fn refuse(&mut self, code: u16, reason: &str, headers: &HeaderList, body: Option<&Body>) {
        self.done = true;
        let (code, reason) = match code {
            300..700 => (code, reason),
            _ => (500, "Server Internal Error"),
        };
        self.core
            .run(|state, now| state.respond(self.id, code, reason, headers, body, now));
    }

    /// Sends the 2xx, repeats it until the ACK, and makes the dialog. Fails if the INVITE was cancelled meanwhile.
    pub fn accept(mut self, answer: Answer) -> Result<Dialog, RequestError> {
        self.done = true;
        let (id, events) = self
            .core
            .run(|state, now| state.accept(self.id, answer, now))?;
        let control = DialogControl::new(Arc::clone(&self.core), id);
        Ok(Dialog { control, events })
    }

    /// Sends a 2xx where the caller keeps the dialogs; it is repeated until its ACK. `false` if the INVITE was cancelled meanwhile.
    pub fn accept_alone(mut self, code: u16, headers: &HeaderList, body: Option<Body>) -> bool {
        self.done = true;
        let code = code.clamp(200, 299);
        self.core
            .run(|state, now| state.respond(self.id, code, "OK", headers, body.as_ref(), now))
    }

    /// Resolves once the INVITE was cancelled (CANCEL or BYE of the caller; 487 has been sent). Pends for ever otherwise. Cancel-safe.
    pub async fn cancelled(&self) {
        let mut progress = self.progress.clone();
        if progress.wait_for(|p| p.cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Resolves once more retransmissions than `seen` have arrived, with their number. Needs no answer. Cancel-safe.
    pub async fn retransmitted(&self, seen: u32) -> u32 {
        let mut progress = self.progress.clone();
        let repeats = progress.wait_for(|p| p.repeats > seen).await;
        match repeats.map(|p| p.repeats).ok() {
            Some(repeats) => repeats,
            None => std::future::pending().await,
        }
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.progress.borrow().cancelled
    }

    /// Never gives a final response: retransmissions get the last provisional only.
    pub fn ignore(mut self) {
        self.done = true;
        self.core.run(|state, now| state.abandon(self.id, now));
    }
}

impl Drop for ServerInvite {
    fn drop(&mut self) {
        if !self.done {
            self.refuse(500, "Server Internal Error", &HeaderList::new(), None);
        }
    }
}
