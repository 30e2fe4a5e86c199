//! Dialogs made by INVITE (RFC 3261 sections 12 to 14): requests in them in both directions, and the 2xx that waits for its ACK.
use super::agent::RequestError;
use super::dialog::DialogEvent;
use super::invite::Answer;
use super::message::{Origin, Refusal, complete, contact_uri, response_to, supports, tagged};
use super::request::{Body, HeaderList};
use super::server::Phase;
use super::session_timer::SessionTimer;
use super::state::{Effect, Notice, State};
use super::timers::Timer;
use super::via::ResponseRoute;
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Call-ID, local tag, remote tag.
pub(super) type DialogKey = (String, String, String);

/// Events a caller may leave unread.
const EVENTS: usize = 64;

/// A 2xx to INVITE without its ACK yet.
struct Unacknowledged {
    cseq: u32,
    octets: Arc<[u8]>,
    route: ResponseRoute,
    interval: Duration,
}

pub(super) struct DialogState {
    pub(super) key: DialogKey,
    /// To of our responses, From of our requests.
    pub(super) local: String,
    /// The other way round.
    pub(super) remote: String,
    pub(super) remote_target: String,
    pub(super) routes: Vec<String>,
    pub(super) local_cseq: u32,
    remote_cseq: u32,
    pub(super) origin: Origin,
    pub(super) contact: String,
    body: Option<Body>,
    pub(super) events: mpsc::Sender<DialogEvent>,
    unacknowledged: Option<Unacknowledged>,
    pub(super) session: Option<SessionTimer>,
    pub(super) peer_updates: bool,
}

impl State {
    /// The 2xx to an initial INVITE and its dialog.
    pub(super) fn accept(
        &mut self,
        id: u64,
        answer: Answer,
        now: Instant,
    ) -> Result<(u64, mpsc::Receiver<DialogEvent>), RequestError> {
        let transaction = self
            .servers
            .get(&id)
            .filter(|t| t.phase == Phase::Proceeding)
            .ok_or(RequestError::NoDialog)?;
        let request = Arc::clone(&transaction.request);
        let (origin, route) = (transaction.origin, transaction.route);
        let tag = transaction.to_tag.clone();
        let code = match answer.code {
            200..300 => answer.code,
            _ => 200,
        };
        let contact = format!(
            "<{}>{}",
            self.own_uri(&answer.contact_user, origin.transport),
            answer.contact_params
        );
        let session = if answer.without_session_timer {
            None
        } else {
            SessionTimer::negotiate(&request, &self.config)
        };
        let reason = if answer.reason.is_empty() {
            "OK"
        } else {
            &answer.reason
        };
        let mut response = response_to(&request, code, reason, &tag, origin.source);
        if answer.without_record_route {
            response.remove("Record-Route");
        }
        self.dress(&mut response, &answer.headers, &contact, session.as_ref());
        let body = answer.body.as_ref();
        complete(
            &mut response,
            &answer.headers,
            body,
            self.config.product.as_deref(),
        );
        let octets: Arc<[u8]> = response.to_octets().into();
        if !self.send_response(id, code, Arc::clone(&octets), now) {
            return Err(RequestError::NoDialog);
        }
        let (sender, receiver) = mpsc::channel(EVENTS);
        let mut dialog = self.new_dialog(&request, &tag, origin, sender);
        dialog.contact = contact;
        if answer.forgets_route {
            dialog.routes.clear();
        }
        dialog.body = answer.body;
        dialog.session = session;
        let dialog_id = self.new_id();
        self.dialog_keys.insert(dialog.key.clone(), dialog_id);
        self.dialogs.insert(dialog_id, dialog);
        self.await_ack(dialog_id, octets, route, now);
        self.start_session(dialog_id, now);
        Ok((dialog_id, receiver))
    }

    /// The dialog an INVITE makes (RFC 3261 section 12.1.1), its owner's part still blank.
    fn new_dialog(
        &self,
        request: &SipMessage,
        tag: &str,
        origin: Origin,
        sender: mpsc::Sender<DialogEvent>,
    ) -> DialogState {
        DialogState {
            key: (
                request.call_id().unwrap_or_default().to_string(),
                tag.to_string(),
                request.from_tag().unwrap_or_default(),
            ),
            local: tagged(request.header("To").unwrap_or_default(), tag),
            remote: request.header("From").unwrap_or_default().to_string(),
            remote_target: contact_uri(request).unwrap_or_default(),
            routes: request
                .values("Record-Route")
                .into_iter()
                .map(String::from)
                .collect(),
            local_cseq: (self.tokens.number() as u32 >> 4) + 1,
            remote_cseq: request.cseq().map_or(0, |(number, _)| number),
            origin,
            contact: String::new(),
            body: None,
            events: sender,
            unacknowledged: None,
            session: None,
            peer_updates: allows_update(request),
        }
    }

    /// Contact, Allow, Supported and the session timer of a 2xx, unless the caller wrote them itself.
    fn dress(
        &self,
        response: &mut SipMessage,
        own: &HeaderList,
        contact: &str,
        session: Option<&SessionTimer>,
    ) {
        let mut fields = vec![
            ("Contact", contact.to_string()),
            ("Allow", self.config.allow.join(", ")),
            ("Supported", self.config.supported.join(", ")),
        ];
        if let Some(session) = session {
            fields.push(("Session-Expires", session.value()));
            if session.needs_require() {
                fields.push(("Require", "timer".to_string()));
            }
        }
        for (name, value) in fields {
            if !own.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
                response.push(name, value);
            }
        }
    }

    fn await_ack(&mut self, id: u64, octets: Arc<[u8]>, route: ResponseRoute, now: Instant) {
        let timers = self.config.timers;
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.unacknowledged = Some(Unacknowledged {
                cseq: dialog.remote_cseq,
                octets,
                route,
                interval: timers.t1,
            });
            // RFC 3261 section 13.3.1.4: repeated over reliable transports too, as a proxy may lie between.
            self.timers.start(Timer::AckRetransmit(id), now + timers.t1);
            self.timers
                .start(Timer::AckEnd(id), now + timers.transaction_timeout());
        }
    }

    pub(super) fn ack_retransmit(&mut self, id: u64, now: Instant) {
        let t2 = self.config.timers.t2;
        if let Some(pending) = self
            .dialogs
            .get_mut(&id)
            .and_then(|d| d.unacknowledged.as_mut())
        {
            self.effects
                .push(Effect::Respond(pending.route, Arc::clone(&pending.octets)));
            pending.interval = (pending.interval * 2).min(t2);
            let at = now + pending.interval;
            self.timers.start(Timer::AckRetransmit(id), at);
        }
    }

    /// RFC 3261 section 13.3.1.4: without ACK the session is ended by BYE.
    pub(super) fn ack_end(&mut self, id: u64, now: Instant) {
        self.notify(id, Notice::AckTimeout);
        self.end_with_bye(id, now);
    }

    /// An ACK that belongs to no failed INVITE.
    pub(super) fn dialog_ack(&mut self, ack: SipMessage) {
        let key = (
            ack.call_id().unwrap_or_default().to_string(),
            ack.to_tag().unwrap_or_default(),
            ack.from_tag().unwrap_or_default(),
        );
        let Some(id) = self.dialog_keys.get(&key).copied() else {
            return;
        };
        let number = ack.cseq().map(|(number, _)| number);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog
            .unacknowledged
            .as_ref()
            .is_some_and(|pending| Some(pending.cseq) == number)
        {
            dialog.unacknowledged = None;
            self.timers.stop(Timer::AckRetransmit(id));
            self.timers.stop(Timer::AckEnd(id));
            self.notify(id, Notice::Confirmed(ack));
        }
    }

    /// A request with a To-tag (RFC 3261 section 12.2.2).
    pub(super) fn in_dialog(&mut self, id: u64, key: DialogKey, method: &str, now: Instant) {
        let Some(dialog_id) = self.dialog_keys.get(&key).copied() else {
            return self.in_early_dialog(id, &key, method, now);
        };
        let Some(waiting) = self.waiting(id) else {
            return;
        };
        let Some(dialog) = self.dialogs.get_mut(&dialog_id) else {
            return;
        };
        let number = waiting.request.cseq().map_or(0, |(number, _)| number);
        if number < dialog.remote_cseq {
            let refusal = Refusal::new(500, "CSeq Out of Order");
            return self.refuse(id, refusal, now);
        }
        dialog.remote_cseq = number;
        match method {
            "BYE" => {
                self.notify(dialog_id, Notice::Bye(waiting));
                self.remove_dialog(dialog_id);
            }
            "OPTIONS" => self.answer_options(id, now),
            "INVITE" | "UPDATE" => self.answer_refresh(id, dialog_id, &waiting.request, now),
            _ => self.notify(dialog_id, Notice::Request(waiting)),
        }
    }

    fn in_early_dialog(&mut self, id: u64, key: &DialogKey, method: &str, now: Instant) {
        match (self.early.get(key).copied(), method) {
            (Some(invite), "BYE") => {
                self.respond(id, 200, "OK", &HeaderList::new(), None, now);
                self.terminate_invite(invite, now);
            }
            (Some(_), "OPTIONS") => self.answer_options(id, now),
            (Some(_), _) => {
                let refusal = Refusal::new(500, "INVITE Pending").with("Retry-After", "5");
                self.refuse(id, refusal, now);
            }
            (None, "BYE") if self.left.contains(key) => {
                if self.config.crossing_bye_unanswered {
                    return;
                }
                self.respond(id, 200, "OK", &HeaderList::new(), None, now);
            }
            (None, _) => {
                let refusal = Refusal::new(481, "Call/Transaction Does Not Exist");
                self.refuse(id, refusal, now);
            }
        }
    }

    /// A re-INVITE or UPDATE: the target is refreshed and the session stays as it is.
    fn answer_refresh(&mut self, id: u64, dialog_id: u64, request: &SipMessage, now: Instant) {
        let invite = request.method() == Some("INVITE");
        let offer = request.body_of("application/sdp");
        if let Some(offer) = &offer
            && SessionDescription::parse(offer)
                .ok()
                .is_none_or(|sdp| sdp.message().is_none())
        {
            return self.refuse(id, Refusal::new(488, "Not Acceptable Here"), now);
        }
        let session = SessionTimer::negotiate(request, &self.config);
        let Some(dialog) = self.dialogs.get_mut(&dialog_id) else {
            return;
        };
        if let Some(target) = contact_uri(request) {
            dialog.remote_target = target;
        }
        let (contact, body) = (dialog.contact.clone(), dialog.body.clone());
        dialog.session = session.clone();
        let Some(transaction) = self.servers.get(&id) else {
            return;
        };
        let (source, route) = (transaction.origin.source, transaction.route);
        let none = HeaderList::new();
        let mut response = response_to(request, 200, "OK", &transaction.to_tag, source);
        self.dress(&mut response, &none, &contact, session.as_ref());
        let body = body.filter(|_| invite || offer.is_some());
        let product = self.config.product.as_deref();
        complete(&mut response, &none, body.as_ref(), product);
        let octets: Arc<[u8]> = response.to_octets().into();
        self.send_response(id, 200, Arc::clone(&octets), now);
        if invite {
            self.await_ack(dialog_id, octets, route, now);
        }
        self.start_session(dialog_id, now);
        self.notify(dialog_id, Notice::Refreshed(request.clone()));
    }

    pub(super) fn notify(&mut self, id: u64, notice: Notice) {
        if let Some(dialog) = self.dialogs.get(&id) {
            self.effects
                .push(Effect::Notify(dialog.events.clone(), notice));
        }
    }

    pub(super) fn remove_dialog(&mut self, id: u64) -> Option<DialogState> {
        self.timers.stop(Timer::AckRetransmit(id));
        self.timers.stop(Timer::AckEnd(id));
        self.timers.stop(Timer::Session(id));
        let dialog = self.dialogs.remove(&id)?;
        self.dialog_keys.remove(&dialog.key);
        Some(dialog)
    }

    pub(super) fn set_local_body(&mut self, id: u64, body: Body) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.body = Some(body);
        }
    }

    pub(super) fn local_body(&self, id: u64) -> Option<Body> {
        self.dialogs.get(&id)?.body.clone()
    }
}

/// Whether the peer's Allow names UPDATE.
fn allows_update(message: &SipMessage) -> bool {
    message
        .values("Allow")
        .iter()
        .any(|m| m.eq_ignore_ascii_case("UPDATE"))
        && supports(message, "timer")
}
