//! What the MMTel UE answers to requests within a dialog, and the ACK of its 2xx (RFC 3261 section 12.2.2 and 14.2, RFC 3311).
use super::call::{CallId, Phase};
use super::{MmtelEvent, MmtelUe};
use crate::peer::Time;
use crate::peer::dialog::response_to;
use crate::peer::transaction::ServerId;
use crate::wire::sip::SipMessage;

impl MmtelUe {
    pub(super) fn request_in_dialog(
        &mut self,
        now: Time,
        server: ServerId,
        request: &SipMessage,
        method: &str,
    ) {
        if method == "NOTIFY" {
            self.notified(now, &server, request);
            return;
        }
        let Some(id) = self.call_of(request) else {
            self.answer(now, &server, request, 481);
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let over = call.phase == Phase::Ended;
        let dialog = request.from_tag().and_then(|tag| call.dialog_of(&tag));
        if dialog.is_some_and(|dialog| !dialog.in_order(request)) {
            self.problem(format!("CSeq of {method} went back"));
            self.answer(now, &server, request, 500);
            return;
        }
        match method {
            "BYE" => self.bye_received(now, &server, request, id),
            _ if over => self.answer(now, &server, request, 481),
            "INVITE" | "UPDATE" => self.change_received(now, server, request, id),
            "REFER" => self.referred(now, &server, request, Some(id)),
            "OPTIONS" | "MESSAGE" | "INFO" => self.answer_plain(now, &server, request),
            "PRACK" => self.answer(now, &server, request, 481),
            "SUBSCRIBE" => self.answer(now, &server, request, 489),
            _ => self.answer(now, &server, request, 501),
        }
    }

    fn call_of(&self, request: &SipMessage) -> Option<CallId> {
        let (call_id, local) = (request.call_id()?, request.to_tag()?);
        let remote = request.from_tag().unwrap_or_default();
        let calls = self.calls.iter().rev();
        calls
            .filter(|(_, call)| call.has_dialog(call_id, &local, &remote))
            .map(|(id, _)| *id)
            .next()
    }

    fn bye_received(&mut self, now: Time, server: &ServerId, request: &SipMessage, id: CallId) {
        self.answer(now, server, request, 200);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let was_over = call.phase == Phase::Ended;
        call.phase = Phase::Ended;
        call.unacknowledged = None;
        let call = call.label.clone();
        if !was_over {
            let by_peer = true;
            self.tell(MmtelEvent::Ended { call, by_peer });
        }
    }

    /// A re-INVITE or UPDATE: target refresh, and an answer to its offer if it makes one.
    fn change_received(&mut self, now: Time, server: ServerId, request: &SipMessage, id: CallId) {
        let refusal = self.config.behaviour.refuse_change;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.changing || call.unacknowledged.is_some() {
            // RFC 3261 section 14.2: our own change is under way, or our last 2xx waits for its ACK.
            self.answer(now, &server, request, 491);
            return;
        }
        if let Some(code) = refusal {
            self.answer(now, &server, request, code);
            return;
        }
        if let Some(dialog) = call.dialog.as_mut() {
            dialog.refresh_target(request);
        }
        let is_invite = request.method() == Some("INVITE");
        let described = match request.body_of("application/sdp") {
            Some(offer) => call.audio.answer(&offer).map(Some),
            None if is_invite => {
                call.answer_in_ack = true;
                Ok(Some(call.audio.offer()))
            }
            None => Ok(None),
        };
        let sdp = match described {
            Ok(sdp) => sdp,
            Err(reason) => {
                self.problem(reason);
                self.answer(now, &server, request, 488);
                return;
            }
        };
        let mut response = response_to(request, 200, None);
        self.complete(&mut response, request);
        if let Some(sdp) = sdp {
            response.set_body("application/sdp", sdp);
        }
        match is_invite {
            true => self.accept_with(now, id, &server, response),
            false => self.reply(now, &server, response),
        }
        self.start_talking(now, id);
    }

    /// An ACK of a 2xx of ours.
    pub(super) fn acknowledged(&mut self, now: Time, request: &SipMessage) {
        let Some(id) = self.call_of(request) else {
            self.problem("an ACK that belongs to no call".to_owned());
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let number = request.cseq().map(|(number, _)| number);
        if call.unacknowledged.as_ref().map(|u| u.cseq) != number {
            return;
        }
        call.unacknowledged = None;
        if std::mem::take(&mut call.answer_in_ack) {
            let sdp = request.body_of("application/sdp").unwrap_or_default();
            if let Err(reason) = call.audio.conclude(&sdp) {
                self.problem(reason);
            }
        }
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let first = call.phase == Phase::Inviting;
        if first {
            call.phase = Phase::Established;
            let replaced = call.replaces.take();
            let call = call.label.clone();
            self.tell(MmtelEvent::Established { call });
            if let Some(replaced) = replaced {
                self.hang_up(now, replaced);
            }
        }
        self.start_talking(now, id);
    }
}
