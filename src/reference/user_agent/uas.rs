//! UAS behaviour (RFC 3261 section 8.2): which new request is refused, answered here, taken to its dialog, or given to the caller.
use super::message::{Refusal, policy_refusal};
use super::request::HeaderList;
use super::server::{Phase, transaction_key};
use super::state::{Effect, State, Waiting};
use super::via::Via;
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use tokio::time::Instant;

impl State {
    /// RFC 3261 section 8.2 in its order, then by dialog and method.
    pub(super) fn route_request(&mut self, id: u64, method: &str, now: Instant) {
        let Some(transaction) = self.servers.get(&id) else {
            return;
        };
        let request = Arc::clone(&transaction.request);
        let refusal = match method {
            "CANCEL" => return self.cancel(id, now),
            _ => policy_refusal(&request, &self.config),
        };
        if let Some(refusal) = refusal {
            return self.refuse(id, refusal, now);
        }
        if self.config.caller_keeps_dialogs {
            return self.hand_to_keeper(id, &request, method, now);
        }
        if let Some(tag) = request.to_tag() {
            let key = (
                request.call_id().unwrap_or_default().to_string(),
                tag,
                request.from_tag().unwrap_or_default(),
            );
            return self.in_dialog(id, key, method, now);
        }
        if !self.claim_merge_key(id, &request) {
            return self.refuse(id, Refusal::new(482, "Loop Detected"), now);
        }
        match method {
            "INVITE" => self.initial_invite(id, now),
            "OPTIONS" => self.answer_options(id, now),
            "BYE" | "UPDATE" | "PRACK" => self.refuse(
                id,
                Refusal::new(481, "Call/Transaction Does Not Exist"),
                now,
            ),
            _ => {
                if let Some(waiting) = self.waiting(id) {
                    self.effects.push(Effect::Deliver(waiting));
                }
            }
        }
    }

    /// A request for a caller who keeps the dialogs.
    fn hand_to_keeper(&mut self, id: u64, request: &SipMessage, method: &str, now: Instant) {
        let new = request.to_tag().is_none();
        if new && !self.claim_merge_key(id, request) {
            return self.refuse(id, Refusal::new(482, "Loop Detected"), now);
        }
        if new && method == "INVITE" {
            return self.initial_invite(id, now);
        }
        if let Some(waiting) = self.waiting(id) {
            self.effects.push(Effect::Deliver(waiting));
        }
    }

    /// `false` if another transaction carries the same request by another path.
    fn claim_merge_key(&mut self, id: u64, request: &SipMessage) -> bool {
        let (number, method) = request.cseq().unwrap_or_default();
        let key = (
            request.call_id().unwrap_or_default().to_string(),
            request.from_tag().unwrap_or_default(),
            number,
            method.to_string(),
        );
        if self.merges.contains_key(&key) {
            return false;
        }
        self.merges.insert(key.clone(), id);
        if let Some(transaction) = self.servers.get_mut(&id) {
            transaction.merge = Some(key);
        }
        true
    }

    fn initial_invite(&mut self, id: u64, now: Instant) {
        if self.dialogs.len() + self.early.len() >= self.config.max_dialogs {
            let refusal = Refusal::new(503, "Service Unavailable").with("Retry-After", "10");
            return self.refuse(id, refusal, now);
        }
        self.respond(id, 100, "Trying", &HeaderList::new(), None, now);
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        let request = &transaction.request;
        let key = (
            request.call_id().unwrap_or_default().to_string(),
            transaction.to_tag.clone(),
            request.from_tag().unwrap_or_default(),
        );
        transaction.early = Some(key.clone());
        let progress = transaction.progress.subscribe();
        self.early.insert(key, id);
        if let Some(waiting) = self.waiting(id) {
            self.effects.push(Effect::Invite(waiting, progress));
        }
    }

    /// What a caller needs to respond.
    pub(super) fn waiting(&self, id: u64) -> Option<Waiting> {
        self.servers.get(&id).map(|transaction| Waiting {
            id,
            request: (*transaction.request).clone(),
            origin: transaction.origin,
            to_tag: transaction.to_tag.clone(),
        })
    }

    /// RFC 3261 section 11.2.
    pub(super) fn answer_options(&mut self, id: u64, now: Instant) {
        let mut headers = self.config.options_headers.clone();
        for (name, values) in [
            ("Allow", &self.config.allow),
            ("Accept", &self.config.accept),
            ("Supported", &self.config.supported),
        ] {
            if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
                headers.push((name.to_string(), values.join(", ")));
            }
        }
        self.respond(id, 200, "OK", &headers, None, now);
    }

    pub(super) fn refuse(&mut self, id: u64, refusal: Refusal, now: Instant) {
        self.respond(
            id,
            refusal.code,
            refusal.reason,
            &refusal.headers,
            None,
            now,
        );
    }

    /// RFC 3261 section 9.2.
    fn cancel(&mut self, id: u64, now: Instant) {
        let Some(transaction) = self.servers.get(&id) else {
            return;
        };
        let request = Arc::clone(&transaction.request);
        let via = request.values("Via").first().and_then(|v| Via::parse(v));
        let invite = via.and_then(|via| {
            let key = transaction_key(&request, &via);
            let stem = key.strip_suffix("CANCEL")?;
            self.server_keys.get(&format!("{stem}INVITE")).copied()
        });
        let Some(invite) = invite else {
            let refusal = Refusal::new(481, "Call/Transaction Does Not Exist");
            return self.refuse(id, refusal, now);
        };
        if let Some(tag) = self.servers.get(&invite).map(|t| t.to_tag.clone())
            && let Some(transaction) = self.servers.get_mut(&id)
        {
            transaction.to_tag = tag;
        }
        self.respond(id, 200, "OK", &HeaderList::new(), None, now);
        self.terminate_invite(invite, now);
    }

    /// 487 to an INVITE without a final response (CANCEL, or BYE in its early dialog).
    pub(super) fn terminate_invite(&mut self, id: u64, now: Instant) {
        let none = HeaderList::new();
        let over = if self.config.cancelled_invite_unanswered {
            self.servers
                .get(&id)
                .is_some_and(|transaction| transaction.phase == Phase::Proceeding)
        } else {
            self.respond(id, 487, "Request Terminated", &none, None, now)
        };
        if over && let Some(transaction) = self.servers.get(&id) {
            transaction.progress.send_modify(|p| p.cancelled = true);
        }
    }
}
