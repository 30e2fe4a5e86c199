//! Session timers (RFC 4028): negotiation as UAS, refresh when it is ours to do, expiry when it does not come.
use super::client::{Waiter, refreshed_interval};
use super::config::UserAgentConfig;
use super::message::{session_expires, supports};
use super::request::HeaderList;
use super::state::{Notice, State};
use super::timers::Timer;
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The session interval of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionTimer {
    interval: u32,
    /// We refresh; otherwise the peer does.
    ours: bool,
    /// The peer understands session timers.
    peer_supports: bool,
    /// Our refresh for this interval is out.
    refreshing: bool,
}

impl SessionTimer {
    /// RFC 4028 section 9, for a request that passed the check of its interval.
    pub(super) fn negotiate(request: &SipMessage, config: &UserAgentConfig) -> Option<Self> {
        if !config.supported.iter().any(|tag| tag == "timer") {
            return None;
        }
        let (interval, refresher) = session_expires(request)?;
        let peer_supports = supports(request, "timer");
        Some(Self {
            interval: interval.max(config.min_session_expires),
            ours: !peer_supports || refresher.as_deref() == Some("uas"),
            peer_supports,
            refreshing: false,
        })
    }

    /// The value of Session-Expires in our 2xx, where the peer is the UAC.
    pub(super) fn value(&self) -> String {
        let refresher = if self.ours { "uas" } else { "uac" };
        format!("{};refresher={refresher}", self.interval)
    }

    /// RFC 4028 section 9: Require when the UAC is to refresh.
    pub(super) fn needs_require(&self) -> bool {
        !self.ours && self.peer_supports
    }

    /// Half the interval for our refresh; a little before its end for giving up (RFC 4028 section 10).
    fn due(&self) -> Duration {
        let interval = Duration::from_secs(self.interval.into());
        let margin = (interval / 3).min(Duration::from_secs(32));
        match (self.ours, self.refreshing) {
            (true, false) => interval / 2,
            (true, true) => interval / 2 - margin.min(interval / 2),
            (false, _) => interval - margin,
        }
    }
}

impl State {
    /// Starts the timer of the interval anew, or stops it where none was agreed.
    pub(super) fn start_session(&mut self, id: u64, now: Instant) {
        match self.dialogs.get(&id).and_then(|d| d.session.as_ref()) {
            Some(session) => self.timers.start(Timer::Session(id), now + session.due()),
            None => self.timers.stop(Timer::Session(id)),
        }
    }

    pub(super) fn session_due(&mut self, id: u64, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let updates = dialog.peer_updates;
        let Some(session) = dialog.session.as_mut() else {
            return;
        };
        if !session.ours || session.refreshing {
            return self.notify(id, Notice::Expired);
        }
        session.refreshing = true;
        let interval = session.interval;
        self.start_session(id, now);
        let headers: HeaderList = vec![
            ("Supported".to_string(), "timer".to_string()),
            (
                "Session-Expires".to_string(),
                format!("{interval};refresher=uac"),
            ),
            ("Allow".to_string(), self.config.allow.join(", ")),
        ];
        let waiter = Waiter::Refresh(id);
        let sent = if updates {
            self.send_in_dialog(id, "UPDATE", &headers, None, waiter, now)
        } else {
            let body = self.local_body(id);
            self.send_in_dialog(id, "INVITE", &headers, body.as_ref(), waiter, now)
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "session not refreshed");
        }
    }

    /// The final response to our refresh; gives the ACK if one was due.
    pub(super) fn refresh_answered(
        &mut self,
        dialog: u64,
        client: u64,
        code: u16,
        response: &SipMessage,
        now: Instant,
    ) -> Option<Arc<[u8]>> {
        let (number, method) = self.client_cseq(client)?;
        let ack = if method == "INVITE" && code < 300 {
            self.ack_in_dialog(dialog, number)
        } else {
            None
        };
        if code < 300 {
            let state = self.dialogs.get_mut(&dialog)?;
            state.session = refreshed_interval(response).map(|(interval, ours)| SessionTimer {
                interval,
                ours,
                peer_supports: true,
                refreshing: false,
            });
            self.start_session(dialog, now);
        } else if matches!(code, 408 | 481) {
            self.notify(dialog, Notice::Expired);
        }
        ack
    }

    /// No final response to our refresh counts as 408 (RFC 4028 section 10).
    pub(super) fn refresh_failed(&mut self, dialog: u64, now: Instant) {
        tracing::debug!(?now, "session refresh got no response");
        self.notify(dialog, Notice::Expired);
    }
}
