//! How a call of a UE ends: CANCEL (RFC 3261 section 9.1), BYE (section 15), and 2xx responses nobody wants.
use super::call::{CallId, Cancelling, Phase};
use super::{Due, Ue, UeEvent, Use};
use crate::peer::Time;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::of_same_transaction;
use crate::wire::sip::SipMessage;

impl Ue {
    /// A 2xx nobody wants (a fork, or an answer to a call given up): ACK, then BYE.
    pub(super) fn end_fork(&mut self, now: Time, invite: &SipMessage, response: &SipMessage) {
        let Some(mut dialog) = Dialog::of_response(invite, response) else {
            return;
        };
        let number = response.cseq().map_or(1, |(number, _)| number);
        let (hop, octets) = self.ack_of(&dialog, number, None);
        self.emit(hop, octets);
        let bye = dialog.request("BYE");
        self.send_request(now, bye, hop, Use::Plain(String::new()));
    }

    pub(super) fn cancel(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Inviting || call.client.is_none() {
            let label = call.label.clone();
            self.problem(format!(
                "call {label} has its final response: nothing to cancel"
            ));
            return;
        }
        if call.cancelling == Cancelling::Sent {
            return;
        }
        call.cancelling = Cancelling::Wanted;
        if call.provisional {
            self.send_cancel(now, id);
        }
    }

    pub(super) fn send_cancel(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(invite) = &call.invite else { return };
        call.cancelling = Cancelling::Sent;
        let cancel = of_same_transaction(invite, "CANCEL");
        let label = call.label.clone();
        let hop = self.hop_to_system();
        let client = self.transactions.request(now, cancel, hop);
        self.uses
            .insert(client, ("CANCEL".to_owned(), Use::Plain(label)));
        let patience = self.config.timers.t1 * 64;
        self.agenda.push((now + patience, Due::CancelGaveUp(id)));
    }

    /// No final response 64*T1 after CANCEL: the call counts as cancelled (RFC 3261 section 9.1).
    pub(super) fn cancel_gave_up(&mut self, id: CallId) {
        let client = self
            .calls
            .get(&id)
            .filter(|call| call.phase == Phase::Inviting)
            .and_then(|call| call.client.clone());
        if let Some(client) = client {
            self.transactions.abandon(&client);
            self.invite_refused(id, 408);
        }
    }

    pub(super) fn bye(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::Ended;
        call.timer = None;
        call.unacknowledged = None;
        let cpm_ids = call.cpm_ids.clone();
        let Some(dialog) = call.dialog.as_mut() else {
            return;
        };
        let mut bye = dialog.request("BYE");
        let next = dialog.next_hop();
        for (name, value) in [
            ("Conversation-ID", cpm_ids.0),
            ("Contribution-ID", cpm_ids.1),
        ] {
            if !value.is_empty() {
                bye.push(name, value);
            }
        }
        let hop = self.hop_to(&next);
        self.send_request(now, bye, hop, Use::Bye(id));
    }

    pub(super) fn ended(&mut self, now: Time, id: CallId, by_peer: bool) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::Ended;
        call.timer = None;
        call.unacknowledged = None;
        if call.ended_told {
            return;
        }
        call.ended_told = true;
        let call = call.label.clone();
        self.tell(UeEvent::Ended { call, by_peer });
        self.end_media(now, id);
    }

    /// Whatever the answer to BYE, the session is over (RFC 3261 section 15.1.1).
    pub(super) fn bye_answered(&mut self, now: Time, id: CallId, code: u16) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let told = UeEvent::Answered {
            call: call.label.clone(),
            method: "BYE".to_owned(),
            code,
        };
        self.tell(told);
        self.ended(now, id, false);
    }
}
