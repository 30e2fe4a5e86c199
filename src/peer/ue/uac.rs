//! The UE as the calling side (RFC 3261 section 13.2): INVITE and what comes back, ACK and PRACK. Session refresh and the
//! ways a call ends have files of their own.
use super::call::{Call, CallId, Cancelling, Phase};
use super::compose::{self, Names};
use super::{Due, Invitation, Ue, UeEvent, Use};
use crate::peer::Time;
use crate::peer::dialog::{Dialog, MIN_SE, SessionTimer};
use crate::peer::transaction::{ClientId, Hop};
use crate::wire::sip::{BodyPart, SipMessage, write_multipart};

/// INVITEs of one call, 422 after 422.
const MAX_ATTEMPTS: u32 = 5;

impl Ue {
    pub(super) fn invite(&mut self, now: Time, invitation: Invitation) {
        let label = invitation.call.clone();
        let running = self
            .calls
            .values()
            .any(|call| call.label == label && call.phase != Phase::Ended);
        if running {
            self.problem(format!("there is a call {label} already"));
            return;
        }
        let local = self.new_media();
        let names = Names {
            call_id: self.ids.call_id(),
            tag: self.ids.tag(),
            conversation_id: match invitation.conversation_id.as_str() {
                "" => self.ids.conversation_id(),
                id => id.to_owned(),
            },
            contribution_id: match invitation.contribution_id.as_str() {
                "" => self.ids.contribution_id(),
                id => id.to_owned(),
            },
        };
        let expires = self.config.behaviour.session_expires;
        let mut invite = compose::invite(
            &self.config,
            &invitation,
            &names,
            // Less than the standard's least only where the profile says that the system takes it.
            expires.map(|seconds| (seconds, MIN_SE.min(seconds))),
            local.offer(),
        );
        let replaced = invitation.replaces.as_ref();
        let replaced = replaced.and_then(|label| self.calls.values().rfind(|c| c.label == *label));
        if let Some(replaced) = replaced {
            invite.push("Session-Replaces", &replaced.cpm_ids.1);
        }
        if let Some(text) = &invitation.first_message {
            let private = invitation.privacy.as_deref();
            self.add_first_message(now, &mut invite, text, &invitation.to_uri, private);
        }
        let mut call = Call::new(&label, local);
        call.cpm_ids = (names.conversation_id, names.contribution_id);
        call.invitation = Some(invitation);
        let id = self.add_call(call);
        self.send_invite(now, id, invite);
    }

    fn add_first_message(
        &mut self,
        now: Time,
        invite: &mut SipMessage,
        text: &str,
        to: &str,
        privacy: Option<&str>,
    ) {
        let message_id = self.ids.message_id();
        let boundary = format!("part-{}", self.ids.token(12));
        let cpim = compose::wrap(
            text,
            &compose::Wrapping {
                from: self.shown_uri(privacy),
                to: to.to_owned(),
                message_id: &message_id,
                imdn: None,
                content_type: None,
                date_time: compose::date_time(self.config.epoch_seconds, now),
            },
        );
        let part = |content_type: &str, content: Vec<u8>| BodyPart {
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            content,
        };
        let parts = [
            part("application/sdp", invite.body.clone()),
            part("message/cpim", cpim),
        ];
        let body = write_multipart(&boundary, &parts);
        invite.set_body(&format!("multipart/mixed;boundary=\"{boundary}\""), body);
    }

    fn send_invite(&mut self, now: Time, id: CallId, invite: SipMessage) {
        let hop = self.hop_to_system();
        let (client, sent) = self.send_request(now, invite, hop, Use::Invite(id));
        if let Some(call) = self.calls.get_mut(&id) {
            call.provisional = false;
            call.early.clear();
            call.early_answer = None;
            call.client = Some(client);
            call.invite = Some(sent);
        }
    }

    pub(super) fn invite_response(&mut self, now: Time, id: CallId, response: &SipMessage) {
        match response.status().unwrap_or(0) {
            100..=199 => self.invite_provisional(now, id, response),
            200..=299 => self.invite_accepted(now, id, response),
            422 => self.invite_again(now, id, response),
            code => self.invite_refused(id, code),
        }
    }

    pub(super) fn invite_refused(&mut self, id: CallId, code: u16) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Inviting {
            return;
        }
        call.phase = Phase::Ended;
        let told = UeEvent::Refused {
            call: call.label.clone(),
            code,
        };
        self.tell(told);
    }

    /// 422: once more with the interval the other side can accept (RFC 4028 section 7.3).
    fn invite_again(&mut self, now: Time, id: CallId, response: &SipMessage) {
        let least = response
            .header("Min-SE")
            .and_then(|value| value.split(';').next()?.trim().parse::<u32>().ok());
        let invite = self.calls.get(&id).and_then(|call| call.invite.clone());
        let (Some(least), Some(mut invite)) = (least, invite) else {
            self.invite_refused(id, 422);
            return;
        };
        let number = invite.cseq().map_or(1, |(number, _)| number) + 1;
        let cancelling = self
            .calls
            .get(&id)
            .is_some_and(|call| call.cancelling == Cancelling::Sent);
        if number > MAX_ATTEMPTS || cancelling {
            self.invite_refused(id, 422);
            return;
        }
        invite.remove("Via");
        invite.set("CSeq", format!("{number} INVITE"));
        invite.set("Session-Expires", least.to_string());
        invite.set("Min-SE", least.to_string());
        self.send_invite(now, id, invite);
    }

    fn invite_provisional(&mut self, now: Time, id: CallId, response: &SipMessage) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.provisional = true;
        let code = response.status().unwrap_or(0);
        let told = UeEvent::Provisional {
            call: call.label.clone(),
            code,
        };
        let wants_cancel = call.cancelling == Cancelling::Wanted;
        if let Some(sdp) = response.body_of("application/sdp") {
            call.early_answer = Some(sdp);
        }
        let tag = response.to_tag().filter(|_| code > 100);
        if let (Some(tag), Some(invite)) = (tag, call.invite.clone()) {
            match call.dialog_of(&tag) {
                Some(dialog) => dialog.take_response(response),
                None => call.early.extend(Dialog::of_response(&invite, response)),
            }
            self.acknowledge_provisional(now, id, &tag, response);
        }
        self.tell(told);
        if wants_cancel {
            self.send_cancel(now, id);
        }
    }

    /// PRACK (RFC 3262 section 4): once per RSeq, in order.
    fn acknowledge_provisional(&mut self, now: Time, id: CallId, tag: &str, response: &SipMessage) {
        let reliable = response
            .values("Require")
            .iter()
            .any(|token| token.eq_ignore_ascii_case("100rel"));
        let number = response
            .header("RSeq")
            .and_then(|v| v.trim().parse::<u32>().ok());
        let (Some(number), true) = (number, reliable) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let label = call.label.clone();
        let Some(dialog) = call.dialog_of(tag) else {
            return;
        };
        let expected = dialog.last_rseq.is_none_or(|last| number == last + 1);
        if !expected || self.config.behaviour.withhold_prack {
            return;
        }
        let Some(dialog) = self.calls.get_mut(&id).and_then(|c| c.dialog_of(tag)) else {
            return;
        };
        dialog.last_rseq = Some(number);
        let mut prack = dialog.request("PRACK");
        let next = dialog.next_hop();
        let invite_number = response.cseq().map_or(1, |(n, _)| n);
        prack.push("RAck", format!("{number} {invite_number} INVITE"));
        let hop = self.hop_to(&next);
        self.send_request(now, prack, hop, Use::Plain(label));
    }

    fn invite_accepted(&mut self, now: Time, id: CallId, response: &SipMessage) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (Some(tag), Some(invite)) = (response.to_tag(), call.invite.clone()) else {
            self.problem("a 2xx to INVITE without To tag".to_owned());
            return;
        };
        if let Some(dialog) = &call.dialog {
            if dialog.remote_tag == tag {
                self.acknowledge_again(id, response);
            } else {
                self.end_fork(now, &invite, response);
            }
            return;
        }
        if call.phase == Phase::Ended {
            self.end_fork(now, &invite, response);
            return;
        }
        let early = call.early.iter().position(|d| d.remote_tag == tag);
        let dialog = match early {
            Some(at) => {
                let mut dialog = call.early.swap_remove(at);
                dialog.take_response(response);
                Some(dialog)
            }
            None => Dialog::of_response(&invite, response),
        };
        call.early.clear();
        call.dialog = dialog;
        call.phase = Phase::Established;
        let timer = SessionTimer::of_answer(now, response);
        call.timer = timer.filter(|_| self.config.behaviour.session_expires.is_some());
        let crossing = call.cancelling != Cancelling::No;
        let label = call.label.clone();
        let agreed = self.conclude(id, &invite, response);
        let answer = agreed.as_ref().ok().and_then(|(_, answer)| answer.clone());
        self.acknowledge(now, id, response, answer);
        self.tell(UeEvent::Established {
            call: label.clone(),
        });
        if crossing {
            self.bye(now, id);
            return;
        }
        match agreed {
            Ok((agreed, _)) => self.start_session(now, id, &agreed),
            Err(reason) => {
                self.problem(format!("call {label}: {reason}; ending it"));
                self.bye(now, id);
            }
        }
    }

    /// Offer and answer together; gives the SDP for the ACK if the 2xx made the offer (RFC 3261 section 13.2.2.4).
    fn conclude(
        &mut self,
        id: CallId,
        invite: &SipMessage,
        response: &SipMessage,
    ) -> Result<(crate::peer::offer::Agreed, Option<Vec<u8>>), String> {
        let call = self.calls.get_mut(&id).ok_or("no such call")?;
        let sdp = response
            .body_of("application/sdp")
            .or_else(|| call.early_answer.clone())
            .ok_or("no SDP in the 2xx and none before")?;
        if invite.body_of("application/sdp").is_some() {
            return Ok((call.local.conclude(&sdp)?, None));
        }
        let (answer, agreed) = call.local.answer(&sdp)?;
        Ok((agreed, Some(answer)))
    }

    pub(super) fn acknowledge(
        &mut self,
        now: Time,
        id: CallId,
        response: &SipMessage,
        sdp: Option<Vec<u8>>,
    ) {
        let Some(dialog) = self.calls.get(&id).and_then(|call| call.dialog.clone()) else {
            return;
        };
        let number = response.cseq().map_or(1, |(number, _)| number);
        let (hop, octets) = self.ack_of(&dialog, number, sdp);
        if let Some(call) = self.calls.get_mut(&id) {
            call.ack = Some((number, hop, octets.clone()));
        }
        let delay = self.config.behaviour.ack_delay;
        if self.config.behaviour.withhold_ack {
            return;
        }
        if delay.is_zero() {
            self.emit(hop, octets);
        } else {
            self.agenda.push((now + delay, Due::Emit(hop, octets)));
        }
    }

    pub(super) fn ack_of(
        &mut self,
        dialog: &Dialog,
        number: u32,
        sdp: Option<Vec<u8>>,
    ) -> (Hop, Vec<u8>) {
        let hop = self.hop_to(&dialog.next_hop());
        let mut ack = dialog.ack(number);
        let via = self.via(hop);
        ack.push_front("Via", via);
        self.with_credentials(dialog, &mut ack);
        match sdp {
            Some(sdp) => ack.set_body("application/sdp", sdp),
            None => ack.push("Content-Length", "0"),
        }
        (hop, ack.to_octets())
    }

    /// The 2xx came again, so the ACK goes again (RFC 3261 section 13.2.2.4).
    pub(super) fn acknowledge_again(&mut self, id: CallId, response: &SipMessage) {
        let number = response.cseq().map_or(0, |(number, _)| number);
        let ack = self.calls.get(&id).and_then(|call| call.ack.clone());
        if let Some((acknowledged, hop, octets)) = ack
            && acknowledged == number
            && !self.config.behaviour.withhold_ack
        {
            self.emit(hop, octets);
        }
    }

    pub(super) fn response(&mut self, now: Time, client: &ClientId, response: &SipMessage) {
        if self.challenged(now, client, response) {
            return;
        }
        let Some((method, used)) = self.uses.get(client).cloned() else {
            return;
        };
        let code = response.status().unwrap_or(0);
        if code >= 200 && method != "INVITE" {
            self.uses.remove(client);
        }
        match used {
            Use::Invite(id) => {
                let current = self.calls.get(&id).and_then(|c| c.client.as_ref()) == Some(client);
                if current {
                    self.invite_response(now, id, response);
                }
            }
            Use::Refresh(id) => self.refresh_response(now, id, &method, Some(response)),
            Use::Bye(_) | Use::Plain(_) | Use::Register(_) if code < 200 => {}
            Use::Register(asked) => self.registered(now, &asked, response),
            Use::Bye(id) => self.bye_answered(now, id, code),
            Use::Plain(call) => self.tell(UeEvent::Answered { call, method, code }),
        }
    }

    pub(super) fn no_response(&mut self, now: Time, client: &ClientId) {
        let Some((method, used)) = self.uses.remove(client) else {
            return;
        };
        match used {
            Use::Invite(id) => self.invite_refused(id, 408),
            Use::Refresh(id) => self.refresh_response(now, id, &method, None),
            Use::Bye(id) => self.bye_answered(now, id, 408),
            Use::Register(_) => self.tell(UeEvent::Registered {
                code: 408,
                refusal: None,
            }),
            Use::Plain(call) => self.tell(UeEvent::Answered {
                call,
                method,
                code: 408,
            }),
        }
    }
}
