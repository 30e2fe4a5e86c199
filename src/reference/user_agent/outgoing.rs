//! INVITE as UAC (RFC 3261 sections 9.1, 12.1.2, 13.2): what becomes of the responses, the dialog a 2xx makes, CANCEL; and dialogs that
//! SUBSCRIBE or REFER make (RFC 6665 section 4.2.1).
use super::agent::RequestError;
use super::client::{Cancelling, Waiter};
use super::dialog::DialogEvent;
use super::dialogs::{DialogState, EVENTS, allows_update};
use super::invite::Answer;
use super::message::{Origin, complete, contact_uri, response_to};
use super::request::{Body, HeaderList};
use super::server::Phase;
use super::session_timer::SessionTimer;
use super::state::{Effect, State};
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// What an INVITE of ours comes to, before its owner is given the means to act in the dialog.
pub(super) enum Outcome {
    Accepted {
        response: SipMessage,
        dialog: u64,
        events: mpsc::Receiver<DialogEvent>,
    },
    Refused(SipMessage),
    Failed(RequestError),
}

/// Who waits for the responses to an INVITE.
pub(super) struct Caller {
    pub(super) provisional: mpsc::Sender<SipMessage>,
    pub(super) outcome: oneshot::Sender<Outcome>,
    /// Re-INVITE and UPDATE of the dialog are its owner's to answer.
    pub(super) offers_to_owner: bool,
}

impl State {
    /// The final response to an INVITE of ours; a 2xx makes the dialog and is acknowledged, the ACK is given back for repeated 2xx.
    pub(super) fn invite_answered(
        &mut self,
        caller: Caller,
        client: u64,
        response: SipMessage,
        now: Instant,
    ) -> Option<Arc<[u8]>> {
        if response.status().is_none_or(|code| code >= 300) {
            let outcome = Outcome::Refused(response);
            self.effects.push(Effect::Outcome(caller.outcome, outcome));
            return None;
        }
        let (sender, events) = mpsc::channel(EVENTS);
        let (request, route) = self.client_request(client)?;
        let origin = Origin {
            transport: route.transport,
            source: route.target,
        };
        let cseq = request.cseq().map_or(0, |(number, _)| number);
        let dialog = self.called_dialog(&request, &response, origin, sender);
        let id = self.new_id();
        self.dialog_keys.insert(dialog.key.clone(), id);
        self.dialogs.insert(id, dialog);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.offers_to_owner = caller.offers_to_owner;
        }
        self.start_session(id, now);
        let ack = self.ack_in_dialog(id, cseq);
        let outcome = Outcome::Accepted {
            response,
            dialog: id,
            events,
        };
        self.effects.push(Effect::Outcome(caller.outcome, outcome));
        ack
    }

    /// RFC 3261 section 12.1.2.
    fn called_dialog(
        &self,
        request: &SipMessage,
        response: &SipMessage,
        origin: Origin,
        events: mpsc::Sender<DialogEvent>,
    ) -> DialogState {
        let text = |message: &SipMessage, name| message.header(name).unwrap_or_default().to_owned();
        let routes = response.values("Record-Route").into_iter().rev();
        let body = request.content_type().map(|content_type| Body {
            content_type,
            octets: request.body.clone(),
        });
        DialogState {
            key: (
                request.call_id().unwrap_or_default().to_owned(),
                request.from_tag().unwrap_or_default(),
                response.to_tag().unwrap_or_default(),
            ),
            local: text(request, "From"),
            remote: text(response, "To"),
            remote_target: contact_uri(response)
                .unwrap_or_else(|| request.uri().unwrap_or_default().to_owned()),
            routes: routes.map(String::from).collect(),
            local_cseq: request.cseq().map_or(0, |(number, _)| number),
            remote_cseq: 0,
            origin,
            contact: text(request, "Contact"),
            body,
            events,
            unacknowledged: None,
            session: SessionTimer::of_response(response),
            peer_updates: allows_update(response),
            offers_to_owner: false,
            ends_by_bye: true,
        }
    }

    /// RFC 3261 section 9.1: not before a provisional response, and to the INVITE's own hop.
    pub(super) fn cancel_client(&mut self, id: u64, headers: HeaderList, now: Instant) {
        let ready = self.cancellation(id, Cancelling::Wanted(headers));
        if let Some(headers) = ready {
            self.send_cancel(id, &headers, now);
        }
    }

    /// A provisional response has come; a CANCEL may have waited for it.
    pub(super) fn invite_progress(&mut self, id: u64, response: SipMessage, now: Instant) {
        if let Some(Waiter::Invite(caller)) = self.client_waiter(id)
            && caller.provisional.try_send(response).is_err()
        {
            tracing::trace!("nobody reads this provisional response");
        }
        if let Some(headers) = self.cancellation_due(id) {
            self.send_cancel(id, &headers, now);
        }
    }

    fn send_cancel(&mut self, id: u64, headers: &HeaderList, now: Instant) {
        let Some((invite, route)) = self.client_request(id) else {
            return;
        };
        let mut cancel = SipMessage::request("CANCEL", invite.uri().unwrap_or_default());
        if let Some(via) = invite.values("Via").first() {
            cancel.push("Via", via);
        }
        for field in invite.headers_named("Route") {
            cancel.push("Route", field);
        }
        cancel.push("Max-Forwards", "70");
        for name in ["From", "To", "Call-ID"] {
            cancel.push(name, invite.header(name).unwrap_or_default());
        }
        let number = invite.cseq().map_or(0, |(number, _)| number);
        cancel.push("CSeq", format!("{number} CANCEL"));
        complete(&mut cancel, headers, None, self.config.product.as_deref());
        self.start_cancel(cancel, route, now);
    }

    /// A 2xx to a SUBSCRIBE or REFER outside dialogs, and the dialog it makes.
    pub(super) fn establish(
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
        let (request, origin) = (Arc::clone(&transaction.request), transaction.origin);
        let tag = transaction.to_tag.clone();
        let contact = self.contact_of(&answer, origin.transport);
        let code = answer.status();
        let mut response = response_to(&request, code, answer.reason(), &tag, origin.source);
        response.push("Contact", &contact);
        let product = self.config.product.as_deref();
        complete(
            &mut response,
            &answer.headers,
            answer.body.as_ref(),
            product,
        );
        if !self.send_response(id, code, response.to_octets().into(), now) {
            return Err(RequestError::NoDialog);
        }
        let (sender, receiver) = mpsc::channel(EVENTS);
        let mut dialog = self.new_dialog(&request, &tag, origin, sender);
        dialog.contact = contact;
        dialog.ends_by_bye = false;
        let dialog_id = self.new_id();
        self.dialog_keys.insert(dialog.key.clone(), dialog_id);
        self.dialogs.insert(dialog_id, dialog);
        Ok((dialog_id, receiver))
    }
}
