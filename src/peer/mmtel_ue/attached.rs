//! The registration of an MMTel UE (3GPP TS 24.229 clause 5.1.1), and requests that come back challenged and leave again with credentials.
use super::{MmtelEvent, MmtelUe, Use, compose};
use crate::peer::Time;
use crate::peer::attachment::Outcome;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::ClientId;
use crate::wire::sip::SipMessage;

impl MmtelUe {
    pub(super) fn register(&mut self, now: Time, expires: u32) {
        let registrar = format!("sip:{}", self.config.domain);
        let (call_id, number) = self.binding.next(&mut self.ids);
        let expires = match &self.attachment {
            Some(attachment) => attachment.expires(expires),
            None => expires,
        };
        let mut fresh = self.fresh("REGISTER", &registrar, false);
        fresh.call_id = call_id;
        let mut request = compose::register(fresh, expires);
        request.set("CSeq", format!("{number} REGISTER"));
        let hop = self.hop_to_system();
        let used = Use::Register(Box::new(request.clone()));
        self.send_request(now, request, hop, used);
    }

    pub(super) fn registered(&mut self, now: Time, asked: &SipMessage, response: &SipMessage) {
        if let Outcome::TooBrief(least) = self.binding.answered(now, asked, response) {
            if let Some(attachment) = &mut self.attachment {
                attachment.at_least(least);
            }
            self.register(now, least);
            return;
        }
        let refusal = self.attachment.as_ref().and_then(|at| at.refusal.clone());
        self.tell(MmtelEvent::Registered {
            code: response.status().unwrap_or(0),
            refusal,
        });
    }

    /// Answers a challenge; false if the response is none, or one that has to be told.
    pub(super) fn challenged(
        &mut self,
        now: Time,
        client: &ClientId,
        response: &SipMessage,
    ) -> bool {
        let Some(attachment) = &mut self.attachment else {
            return false;
        };
        let Some(again) = attachment.answer(client, response, &mut self.ids) else {
            return false;
        };
        let Some((_, used)) = self.uses.remove(client) else {
            return false;
        };
        let (client, sent) = self.launch(now, again.request, again.hop, used.clone(), again.met);
        self.follows(&used, client, sent);
        true
    }

    /// What was known of the first request is true of the second one.
    fn follows(&mut self, used: &Use, client: ClientId, sent: SipMessage) {
        let number = sent.cseq().map_or(0, |(number, _)| number);
        let (call_id, tag) = (sent.call_id().unwrap_or_default(), sent.from_tag());
        let calls = self.calls.values_mut();
        let dialogs = calls.flat_map(|call| call.dialog.iter_mut().chain(&mut call.early));
        let usages = self.usages.values_mut();
        let dialogs = dialogs.chain(usages.filter_map(|usage| usage.dialog.as_mut()));
        let within = |dialog: &&mut Dialog| {
            dialog.call_id == call_id && Some(&dialog.local_tag) == tag.as_ref()
        };
        for dialog in dialogs.filter(within) {
            dialog.local_cseq = dialog.local_cseq.max(number);
        }
        match used {
            Use::Register(_) => self.binding.number_is(number),
            Use::Invite(id) => {
                if let Some(call) = self.calls.get_mut(id) {
                    call.provisional = false;
                    call.early.clear();
                    call.client = Some(client);
                    call.invite = Some(sent);
                }
            }
            Use::Usage(id) => {
                let usage = self.usages.get_mut(id);
                if let Some(usage) = usage.filter(|usage| usage.dialog.is_none()) {
                    usage.request = sent;
                }
            }
            Use::Change(_) | Use::Bye(_) | Use::Plain(_) => {}
        }
    }
}
