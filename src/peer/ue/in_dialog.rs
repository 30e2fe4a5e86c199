//! What the UE answers to requests within a dialog, and the ACK of its 2xx (RFC 3261 section 12.2.2 and 14.2, RFC 3311,
//! RFC 4028 section 9, RFC 6086).
use super::call::{CallId, Phase};
use super::uas::{KNOWN_METHODS, grant};
use super::{Ue, UeEvent};
use crate::peer::Time;
use crate::peer::dialog::{MIN_SE, SessionTimer, expires_of, response_to};
use crate::peer::transaction::ServerId;
use crate::wire::sip::SipMessage;

impl Ue {
    pub(super) fn request_in_dialog(
        &mut self,
        now: Time,
        server: ServerId,
        request: &SipMessage,
        method: &str,
    ) {
        let Some(id) = self.call_of(request) else {
            self.answer(now, &server, request, 481);
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let label = call.label.clone();
        let group = call.invitation.as_ref().is_some_and(|i| i.group);
        let (over, gone) = (call.phase == Phase::Ended, call.ended_told);
        let dialog = request.from_tag().and_then(|tag| call.dialog_of(&tag));
        if dialog.is_some_and(|dialog| !dialog.in_order(request)) {
            self.problem(format!("call {label}: CSeq of {method} went back"));
            self.answer(now, &server, request, 500);
            return;
        }
        match method {
            "BYE" if !gone => self.bye_received(now, &server, request, id),
            _ if over => self.answer(now, &server, request, 481),
            "INVITE" => self.invited_again(now, server, request, id),
            "UPDATE" => self.update_received(now, server, request, id),
            "SUBSCRIBE" if group => self.subscribed(now, server, request, id),
            "OPTIONS" => self.answer_options(now, server, request),
            "INFO" if request.header("Info-Package").is_some() => {
                self.answer(now, &server, request, 469);
            }
            "INFO" => self.answer(now, &server, request, 200),
            "MESSAGE" => self.pager_received(now, &server, request),
            // We send no reliable provisional response, so no PRACK is for us (RFC 3262 section 3).
            "PRACK" => self.answer(now, &server, request, 481),
            other if KNOWN_METHODS.contains(&other) => self.not_allowed(now, server, request),
            _ => self.answer(now, &server, request, 501),
        }
    }

    pub(super) fn call_of(&self, request: &SipMessage) -> Option<CallId> {
        let (call_id, local) = (request.call_id()?, request.to_tag()?);
        let remote = request.from_tag().unwrap_or_default();
        self.calls
            .iter()
            .rev()
            .find(|(_, call)| {
                call.dialog
                    .iter()
                    .chain(call.early.iter())
                    .any(|dialog| dialog.matches(call_id, &local, &remote))
            })
            .map(|(id, _)| *id)
    }

    fn bye_received(&mut self, now: Time, server: &ServerId, request: &SipMessage, id: CallId) {
        if self.config.behaviour.crossing_bye {
            self.bye(now, id);
        }
        let code = self.config.behaviour.bye_answer.unwrap_or(200);
        self.answer(now, server, request, code);
        let pending = self
            .calls
            .get(&id)
            .filter(|call| call.phase == Phase::Inviting)
            .and_then(|call| {
                let unanswered = call.unacknowledged.is_none();
                Some((call.server.clone()?, call.invite.clone()?)).filter(|_| unanswered)
            });
        if let Some((invite_server, invite)) = pending {
            self.answer(now, &invite_server, &invite, 487);
        }
        self.ended(now, id, true);
    }

    fn invited_again(&mut self, now: Time, server: ServerId, request: &SipMessage, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.unacknowledged.is_some() {
            let mut response = self.response_of(request, 500);
            response.push("Retry-After", "2");
            self.reply(now, server, response);
            return;
        }
        // RFC 3261 section 14.2: our own re-INVITE is under way.
        if call.refreshing && call.timer.is_some_and(|timer| !timer.by_update) {
            self.answer(now, &server, request, 491);
            return;
        }
        self.grant_refresh(now, server, request, id, true);
    }

    fn update_received(&mut self, now: Time, server: ServerId, request: &SipMessage, id: CallId) {
        let describes = request.body_of("application/sdp").is_some();
        self.grant_refresh(now, server, request, id, describes);
    }

    /// 200 to a re-INVITE or UPDATE: target refresh, session timer, and our description as it was (the session does not move).
    fn grant_refresh(
        &mut self,
        now: Time,
        server: ServerId,
        request: &SipMessage,
        id: CallId,
        describes: bool,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(dialog) = call.dialog.as_mut() {
            dialog.refresh_target(request);
        }
        if expires_of(request).is_some_and(|(seconds, _)| seconds < MIN_SE) {
            let mut response = self.response_of(request, 422);
            response.push("Min-SE", MIN_SE.to_string());
            self.reply(now, server, response);
            return;
        }
        let timer = SessionTimer::of_request(now, request);
        if timer.is_some() {
            call.timer = timer;
        }
        let sdp = call.local.repeat();
        let moved = request
            .body_of("application/sdp")
            .and_then(|offer| call.local.conclude(&offer).ok());
        if let (Some(moved), Some(session)) = (moved, call.session.as_mut()) {
            session.set_remote_path(moved.remote_path);
        }
        if request.method() == Some("INVITE") {
            call.server = Some(server.clone());
        }
        let mut response = response_to(request, 200, None);
        self.complete(&mut response, request);
        response.push("Supported", "timer");
        grant(&mut response, timer);
        if describes {
            response.set_body("application/sdp", sdp);
        }
        self.reply(now, server, response);
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
        if call.phase != Phase::Inviting {
            return;
        }
        call.phase = Phase::Established;
        let label = call.label.clone();
        let concluded = call.answer_in_ack.then(|| {
            let sdp = request
                .body_of("application/sdp")
                .ok_or("an ACK without the SDP answer")?;
            call.local.conclude(&sdp)
        });
        self.tell(UeEvent::Established {
            call: label.clone(),
        });
        match concluded {
            Some(Ok(agreed)) => self.start_session(now, id, &agreed),
            Some(Err(reason)) => {
                self.problem(format!("call {label}: {reason}; ending it"));
                self.bye(now, id);
            }
            None => {}
        }
    }
}
