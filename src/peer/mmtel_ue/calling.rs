//! The MMTel UE as the calling side (RFC 3261 section 13.2): INVITE and what comes back, ACK, CANCEL, BYE, re-INVITE and UPDATE.
use super::call::{Call, CallId, Phase};
use super::compose;
use super::{AudioCall, Change, ChangeBy, MmtelEvent, MmtelUe, Use};
use crate::peer::Time;
use crate::peer::authentication::copy_credentials;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::{Hop, of_same_transaction};
use crate::wire::sip::SipMessage;

impl MmtelUe {
    pub(super) fn call(&mut self, now: Time, order: AudioCall) -> CallId {
        let mut audio = self.new_audio();
        audio.wanted = order.direction;
        audio.add_media(&order.more_media);
        let boundary = format!("part-{}", self.ids.token(12));
        let mut fresh = self.fresh("INVITE", &order.to_uri, true);
        fresh.privacy = order.privacy.as_deref();
        let mut invite = fresh.request();
        compose::complete_invite(&self.config, &order, &mut invite);
        let offer = (!order.without_offer).then(|| audio.offer());
        compose::set_bodies(&mut invite, offer, &order.parts, &boundary);
        let mut call = Call::new(&order.call, audio);
        call.order = Some(order);
        let id = self.add_call(call);
        let hop = self.hop_to_system();
        let (client, sent) = self.send_request(now, invite, hop, Use::Invite(id));
        if let Some(call) = self.calls.get_mut(&id) {
            call.client = Some(client);
            call.invite = Some(sent);
        }
        id
    }

    pub(super) fn invite_response(&mut self, now: Time, id: CallId, response: &SipMessage) {
        let code = response.status().unwrap_or(0);
        self.referral_progress(now, id, code);
        match code {
            100..=199 => self.provisional(now, id, response),
            200..=299 => self.accepted(now, id, response),
            code => self.refused(now, id, code),
        }
    }

    pub(super) fn refused(&mut self, now: Time, id: CallId, code: u16) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Inviting {
            return;
        }
        call.phase = Phase::Ended;
        let call = call.label.clone();
        if code == 408 {
            self.referral_progress(now, id, code);
        }
        self.tell(MmtelEvent::Refused { call, code });
    }

    fn provisional(&mut self, now: Time, id: CallId, response: &SipMessage) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.provisional = true;
        let tag = response
            .to_tag()
            .filter(|_| response.status().unwrap_or(0) > 100);
        if let (Some(tag), Some(invite)) = (tag, call.invite.clone()) {
            match call.dialog_of(&tag) {
                Some(dialog) => dialog.take_response(response),
                None => call.early.extend(Dialog::of_response(&invite, response)),
            }
        }
        if call.cancel_wanted && call.phase == Phase::Inviting {
            self.cancel(now, id);
        }
    }

    fn accepted(&mut self, now: Time, id: CallId, response: &SipMessage) {
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
        let over = call.phase == Phase::Ended || call.cancel_wanted;
        let early = call.early.iter().position(|d| d.remote_tag == tag);
        call.dialog = match early {
            Some(at) => {
                let mut dialog = call.early.swap_remove(at);
                dialog.take_response(response);
                Some(dialog)
            }
            None => Dialog::of_response(&invite, response),
        };
        call.early.clear();
        call.phase = Phase::Established;
        let offered = invite.body_of("application/sdp").is_some();
        let answer = conclude(call, offered, response);
        let label = call.label.clone();
        let answer = answer.unwrap_or_else(|reason| {
            self.problem(format!("call {label}: {reason}"));
            None
        });
        self.acknowledge(id, response, answer);
        self.tell(MmtelEvent::Established { call: label });
        self.start_talking(now, id);
        if over {
            self.bye(now, id);
        }
    }

    pub(super) fn start_talking(&mut self, now: Time, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id)
            && self.config.behaviour.talks
        {
            call.audio.start(now);
        }
    }

    fn acknowledge(&mut self, id: CallId, response: &SipMessage, sdp: Option<Vec<u8>>) {
        let Some(dialog) = self.calls.get(&id).and_then(|call| call.dialog.clone()) else {
            return;
        };
        let number = response.cseq().map_or(1, |(number, _)| number);
        let (hop, octets) = self.ack_of(&dialog, number, sdp);
        if let Some(call) = self.calls.get_mut(&id) {
            call.ack = Some((number, hop, octets.clone()));
        }
        self.emit(hop, octets);
    }

    fn ack_of(&mut self, dialog: &Dialog, number: u32, sdp: Option<Vec<u8>>) -> (Hop, Vec<u8>) {
        let hop = self.hop_to(&dialog.next_hop());
        let mut ack = dialog.ack(number);
        let via = self.via(hop);
        ack.push_front("Via", via);
        let calls = self.calls.values().rev();
        let mut invites = calls.filter_map(|call| call.invite.as_ref());
        let invite = invites.find(|invite| invite.call_id() == Some(dialog.call_id.as_str()));
        if let Some(invite) = invite.filter(|_| self.attachment.is_some()) {
            copy_credentials(invite, &mut ack);
        }
        compose::set_bodies(&mut ack, sdp, &[], "");
        (hop, ack.to_octets())
    }

    /// The 2xx came again, so the ACK goes again (RFC 3261 section 13.2.2.4).
    fn acknowledge_again(&mut self, id: CallId, response: &SipMessage) {
        let number = response.cseq().map_or(0, |(number, _)| number);
        let ack = self.calls.get(&id).and_then(|call| call.ack.clone());
        if let Some((acknowledged, hop, octets)) = ack
            && acknowledged == number
        {
            self.emit(hop, octets);
        }
    }

    /// A second 2xx of a forked INVITE: acknowledged and ended (RFC 3261 section 13.2.2.4).
    fn end_fork(&mut self, now: Time, invite: &SipMessage, response: &SipMessage) {
        let Some(mut dialog) = Dialog::of_response(invite, response) else {
            return;
        };
        let number = response.cseq().map_or(1, |(number, _)| number);
        let (hop, octets) = self.ack_of(&dialog, number, None);
        self.emit(hop, octets);
        let bye = dialog.request("BYE");
        self.send_request(now, bye, hop, Use::Plain("fork".to_owned()));
    }

    /// Ends a call in the way its state allows.
    pub(super) fn hang_up(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match call.phase {
            Phase::Established => self.bye(now, id),
            Phase::Inviting if call.client.is_some() => {
                call.cancel_wanted = true;
                if call.provisional {
                    self.cancel(now, id);
                }
            }
            Phase::Inviting => self.decline(now, id, 480),
            Phase::Ended => {}
        }
    }

    fn cancel(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.cancel_wanted = true;
        let Some(invite) = call.invite.clone() else {
            return;
        };
        let label = call.label.clone();
        let cancel = of_same_transaction(&invite, "CANCEL");
        let hop = self.hop_to_system();
        let client = self.transactions.request(now, cancel, hop);
        self.uses
            .insert(client, ("CANCEL".to_owned(), Use::Plain(label)));
    }

    pub(super) fn bye(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::Ended;
        call.unacknowledged = None;
        let Some(dialog) = call.dialog.as_mut() else {
            return;
        };
        let mut bye = dialog.request("BYE");
        let next = dialog.next_hop();
        compose::add_access(&self.config, &mut bye);
        let hop = self.hop_to(&next);
        self.send_request(now, bye, hop, Use::Bye(id));
    }

    pub(super) fn bye_answered(&mut self, id: CallId) {
        if let Some(call) = self.calls.get(&id) {
            let (call, by_peer) = (call.label.clone(), false);
            self.tell(MmtelEvent::Ended { call, by_peer });
        }
    }

    /// A re-INVITE or UPDATE with a new direction of our audio.
    pub(super) fn change(&mut self, now: Time, change: &Change) {
        let Some(id) = self.call_named(&change.call) else {
            return;
        };
        let boundary = format!("part-{}", self.ids.token(12));
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(dialog) = call.dialog.as_mut() else {
            let label = &change.call;
            self.problem(format!("call {label} has no dialog to be changed in"));
            return;
        };
        let method = match change.by {
            ChangeBy::ReInvite => "INVITE",
            ChangeBy::Update => "UPDATE",
        };
        call.audio.wanted = change.direction;
        let mut request = dialog.request(method);
        let next = dialog.next_hop();
        let offer = call.audio.offer();
        request.push("Contact", compose::contact(&self.config));
        compose::add_access(&self.config, &mut request);
        request.push("Allow", compose::ALLOW);
        request.push("Supported", compose::SUPPORTED);
        for (name, value) in &change.extra_headers {
            request.push(name, value);
        }
        compose::set_bodies(&mut request, Some(offer), &change.parts, &boundary);
        call.changing = true;
        let hop = self.hop_to(&next);
        self.send_request(now, request, hop, Use::Change(id));
    }

    pub(super) fn change_response(
        &mut self,
        now: Time,
        id: CallId,
        method: &str,
        response: &SipMessage,
    ) {
        let code = response.status().unwrap_or(0);
        if code < 200 {
            return;
        }
        let accepted = code < 300;
        let again = self
            .calls
            .get(&id)
            .and_then(|call| call.ack.as_ref())
            .is_some_and(|(number, ..)| response.cseq().is_some_and(|(n, _)| n == *number));
        if accepted && method == "INVITE" && again {
            self.acknowledge_again(id, response);
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            if accepted && let Some(dialog) = call.dialog.as_mut() {
                dialog.refresh_target(response);
            }
            let sdp = response.body_of("application/sdp").filter(|_| accepted);
            let problem = sdp.and_then(|sdp| call.audio.conclude(&sdp).err());
            if let Some(reason) = problem {
                self.problem(reason);
            }
        }
        if accepted && method == "INVITE" {
            self.acknowledge(id, response, None);
        }
        self.start_talking(now, id);
        self.changed(id);
        if let Some(call) = self.calls.get(&id) {
            let (label, method) = (call.label.clone(), method.to_owned());
            self.tell(MmtelEvent::Answered {
                label,
                method,
                code,
            });
        }
    }

    pub(super) fn changed(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.changing = false;
        }
    }
}

/// Offer and answer together; gives the SDP for the ACK if the 2xx made the offer (RFC 3261 section 13.2.2.4).
fn conclude(
    call: &mut Call,
    offered: bool,
    response: &SipMessage,
) -> Result<Option<Vec<u8>>, String> {
    let sdp = response.body_of("application/sdp");
    let sdp = sdp.ok_or("no SDP in the 2xx")?;
    match offered {
        true => call.audio.conclude(&sdp).map(|()| None),
        false => call.audio.answer(&sdp).map(Some),
    }
}
