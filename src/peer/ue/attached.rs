//! The UE at Gm: its own REGISTER (3GPP TS 24.229 clause 5.1.1), and requests that come back challenged and leave again with credentials.
use super::compose::Identity;
use super::{Registration, Ue, UeEvent, Use};
use crate::peer::Time;
use crate::peer::attachment::Outcome;
use crate::peer::authentication::copy_credentials;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::ClientId;
use crate::wire::sip::SipMessage;

impl Ue {
    pub(super) fn register_at_gm(&mut self, now: Time, registration: Registration) {
        let Some(attachment) = &self.attachment else {
            return;
        };
        let expires = attachment.expires(registration.expires);
        self.registered = registration;
        let (call_id, number) = self.binding.next(&mut self.ids);
        let config = &self.config;
        let identity = Identity { config }.public_uri();
        // The identity itself, not how a number is dialled.
        let identity = identity.trim_end_matches(";user=phone");
        let mut request = SipMessage::request("REGISTER", &format!("sip:{}", config.domain));
        request.push("Max-Forwards", "70");
        request.push("From", format!("<{identity}>;tag={}", self.ids.tag()));
        request.push("To", format!("<{identity}>"));
        request.push("Call-ID", call_id);
        request.push("CSeq", format!("{number} REGISTER"));
        let (user, sip) = (&config.number, config.sip);
        let transport = config.transport.parameter();
        let tags = registration.feature_tags();
        let contact = format!("<sip:{user}@{sip};transport={transport}>{tags}");
        request.push("Contact", contact);
        request.push("Expires", expires.to_string());
        request.push("Supported", "path");
        let hop = self.hop_to_system();
        let used = Use::Register(Box::new((registration, request.clone())));
        self.send_request(now, request, hop, used);
    }

    pub(super) fn registered(
        &mut self,
        now: Time,
        (registration, asked): &(Registration, SipMessage),
        response: &SipMessage,
    ) {
        if let Outcome::TooBrief(least) = self.binding.answered(now, asked, response) {
            if let Some(attachment) = &mut self.attachment {
                attachment.at_least(least);
            }
            return self.register_at_gm(now, *registration);
        }
        let refusal = self.attachment.as_ref().and_then(|at| at.refusal.clone());
        self.tell(UeEvent::Registered {
            code: response.status().unwrap_or(0),
            refusal,
        });
    }

    /// What the attachment adds to a request: the Service-Route outside dialogs (clause 5.1.2A.1.1), and credentials.
    pub(super) fn attach(&mut self, request: &mut SipMessage) {
        let Some(attachment) = &mut self.attachment else {
            return;
        };
        let outside = request.to_tag().is_none() && request.method() != Some("REGISTER");
        if outside && !request.has_header("Route") {
            for route in self.binding.routes.iter().rev() {
                request.push_front("Route", route);
            }
        }
        attachment.complete(request, &self.config.domain, &mut self.ids);
    }

    /// The ACK of a 2xx has those of its INVITE.
    pub(super) fn with_credentials(&self, dialog: &Dialog, ack: &mut SipMessage) {
        let mut invites = self.calls.values().rev().filter_map(|c| c.invite.as_ref());
        let invite = invites.find(|invite| invite.call_id() == Some(dialog.call_id.as_str()));
        if let Some(invite) = invite.filter(|_| self.attachment.is_some()) {
            copy_credentials(invite, ack);
        }
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
        let dialogs = self.calls.values_mut().flat_map(|call| {
            let others = call.early.iter_mut().chain(&mut call.subscription);
            call.dialog.iter_mut().chain(others)
        });
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
                    call.early_answer = None;
                    call.client = Some(client);
                    call.invite = Some(sent);
                }
            }
            Use::Refresh(_) | Use::Bye(_) | Use::Plain(_) => {}
        }
    }
}
