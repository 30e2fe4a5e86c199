//! The MMTel UE as the called side: what it answers to requests outside dialogs, and to an INVITE as its behaviour says.
use super::call::{Call, CallId, Phase, Unacknowledged};
use super::compose;
use super::order::{Answer, OnRefer};
use super::{Due, MmtelEvent, MmtelUe};
use crate::peer::Time;
use crate::peer::dialog::{Dialog, response_to};
use crate::peer::transaction::ServerId;
use crate::wire::sip::SipMessage;

/// Times T1 that a 2xx waits for its ACK (RFC 3261 section 13.3.1.4).
const ACK_LIMIT: u32 = 64;
const UNDERSTOOD_EXTENSIONS: [&str; 3] = ["replaces", "norefersub", "join"];

impl MmtelUe {
    pub(super) fn request(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let method = request.method().unwrap_or_default().to_owned();
        if method == "CANCEL" {
            self.cancelled(now, &server, request);
            return;
        }
        let unknown = request.values("Require").into_iter();
        let unknown = unknown
            .filter(|tag| !UNDERSTOOD_EXTENSIONS.contains(&tag.to_ascii_lowercase().as_str()));
        let unknown: Vec<&str> = unknown.collect();
        if !unknown.is_empty() {
            let mut response = self.response_of(request, 420);
            response.push("Unsupported", unknown.join(", "));
            self.reply(now, &server, response);
            return;
        }
        if request.to_tag().is_some() {
            self.request_in_dialog(now, server, request, &method);
            return;
        }
        match method.as_str() {
            "INVITE" => self.invited(now, server, request),
            "REFER" => self.referred(now, &server, request, None),
            "OPTIONS" | "MESSAGE" => self.answer_plain(now, &server, request),
            "BYE" | "UPDATE" | "NOTIFY" | "INFO" | "PRACK" => {
                self.answer(now, &server, request, 481);
            }
            "SUBSCRIBE" => self.answer(now, &server, request, 489),
            "REGISTER" | "PUBLISH" => self.answer(now, &server, request, 405),
            _ => self.answer(now, &server, request, 501),
        }
    }

    /// A response with our To tag.
    pub(super) fn response_of(&mut self, request: &SipMessage, code: u16) -> SipMessage {
        let tag = self.ids.tag();
        let mut response = response_to(request, code, Some(&tag));
        compose::add_access(&self.config, &mut response);
        response
    }

    pub(super) fn reply(&mut self, now: Time, server: &ServerId, mut response: SipMessage) {
        if response.header("Content-Length").is_none() {
            response.push("Content-Length", "0");
        }
        if !self.transactions.respond(now, server, &response) {
            self.problem("an answer that comes too late".to_owned());
        }
        self.pump(now);
    }

    pub(super) fn answer_plain(&mut self, now: Time, server: &ServerId, request: &SipMessage) {
        let code = self.config.behaviour.refuse_requests.unwrap_or(200);
        let mut response = self.response_of(request, code);
        if request.method() == Some("OPTIONS") {
            response.push("Contact", compose::contact(&self.config));
            response.push("Allow", compose::ALLOW);
            response.push("Accept", "application/sdp");
            response.push("Supported", compose::SUPPORTED);
        }
        self.reply(now, server, response);
    }

    fn invited(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let replaced = request.header("Replaces").map(|value| self.replaced(value));
        if let Some(None) = replaced {
            // RFC 3891 section 3: no dialog matches.
            self.answer(now, &server, request, 481);
            return;
        }
        let tag = self.ids.tag();
        let Some(dialog) = Dialog::of_request(request, &tag) else {
            self.answer(now, &server, request, 400);
            return;
        };
        self.incoming += 1;
        let label = format!("incoming-{}", self.incoming);
        let audio = self.new_audio();
        let mut call = Call::new(&label, audio);
        call.dialog = Some(dialog);
        call.server = Some(server.clone());
        call.invite = Some(request.clone());
        call.replaces = replaced.flatten();
        let takes_over = call.replaces.is_some();
        let id = self.add_call(call);
        let from = request.header("P-Asserted-Identity");
        let from = from.or_else(|| request.header("From")).unwrap_or_default();
        let from = from.to_owned();
        self.tell(MmtelEvent::Invited { call: label, from });
        let answer = self.config.behaviour.answer;
        if let (Answer::Refuse(code), false) = (answer, takes_over) {
            self.decline(now, id, code);
            return;
        }
        // A call that takes the place of another is accepted without alerting (RFC 3891 section 3).
        if takes_over {
            self.accept(now, id);
            return;
        }
        let mut ringing = response_to(request, 180, Some(&tag));
        self.complete(&mut ringing, request);
        self.reply(now, &server, ringing);
        match answer {
            Answer::Accept => self.accept(now, id),
            Answer::AcceptAfter(delay) => self.agenda.push((now + delay, Due::Answer(id))),
            Answer::Ring | Answer::Refuse(_) => {}
        }
    }

    /// The established call that a Replaces header field names; its to-tag is ours.
    fn replaced(&self, value: &str) -> Option<CallId> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next()?.to_owned();
        let parts: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let tag = |wanted: &str| {
            let found = parts
                .iter()
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.trim().to_owned())
        };
        let (local, remote) = (tag("to-tag")?, tag("from-tag")?);
        let calls = self.calls.iter();
        let mut live = calls.filter(|(_, call)| call.phase == Phase::Established);
        live.find(|(_, call)| call.has_dialog(&call_id, &local, &remote))
            .map(|(id, _)| *id)
    }

    /// Header fields every dialog-forming response of ours has.
    pub(super) fn complete(&self, response: &mut SipMessage, request: &SipMessage) {
        for value in request.headers_named("Record-Route") {
            response.push("Record-Route", value);
        }
        response.push("Contact", compose::contact(&self.config));
        response.push("P-Asserted-Identity", compose::asserted(&self.config));
        compose::add_access(&self.config, response);
        response.push("Allow", compose::ALLOW);
        response.push("Supported", compose::SUPPORTED);
    }

    /// 200 to an incoming INVITE, with the answer to its offer, or an offer where it had none.
    pub(super) fn accept(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (Some(invite), Some(server)) = (call.invite.clone(), call.server.clone()) else {
            return;
        };
        if call.phase != Phase::Inviting || call.unacknowledged.is_some() {
            return;
        }
        let described = match invite.body_of("application/sdp") {
            Some(offer) => call.audio.answer(&offer),
            None => {
                call.answer_in_ack = true;
                Ok(call.audio.offer())
            }
        };
        let sdp = match described {
            Ok(sdp) => sdp,
            Err(reason) => {
                self.problem(reason);
                self.decline(now, id, 488);
                return;
            }
        };
        let tag = call.dialog.as_ref().map(|dialog| dialog.local_tag.clone());
        let mut response = response_to(&invite, 200, tag.as_deref());
        self.complete(&mut response, &invite);
        response.set_body("application/sdp", sdp);
        self.accept_with(now, id, &server, response);
    }

    /// Sends a 2xx to an INVITE and repeats it until its ACK comes.
    pub(super) fn accept_with(
        &mut self,
        now: Time,
        id: CallId,
        server: &ServerId,
        response: SipMessage,
    ) {
        let t1 = self.config.timers.t1;
        let hop = self.transactions.hop_of(server);
        if let (Some(hop), Some(call)) = (hop, self.calls.get_mut(&id)) {
            call.unacknowledged = Some(Unacknowledged {
                cseq: response.cseq().map_or(0, |(number, _)| number),
                response: response.clone(),
                hop,
                at: now + t1,
                interval: t1,
                give_up: now + t1 * ACK_LIMIT,
            });
        }
        self.reply(now, server, response);
    }

    pub(super) fn unacknowledged_due(&mut self, now: Time, id: CallId) {
        let t2 = self.config.timers.t2;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(waiting) = call.unacknowledged.as_mut() else {
            return;
        };
        if waiting.give_up <= now {
            let label = call.label.clone();
            self.problem(format!("call {label}: no ACK for our 2xx"));
            self.bye(now, id);
            return;
        }
        if waiting.at > now {
            return;
        }
        waiting.interval = (waiting.interval * 2).min(t2);
        waiting.at = now + waiting.interval;
        let (hop, octets) = (waiting.hop, waiting.response.to_octets());
        self.emit(hop, octets);
    }

    /// A final non-2xx response to an incoming INVITE.
    pub(super) fn decline(&mut self, now: Time, id: CallId, code: u16) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.phase = Phase::Ended;
        let (Some(invite), Some(server)) = (call.invite.clone(), call.server.clone()) else {
            return;
        };
        let tag = call.dialog.as_ref().map(|dialog| dialog.local_tag.clone());
        let mut response = response_to(&invite, code, tag.as_deref());
        compose::add_access(&self.config, &mut response);
        self.reply(now, &server, response);
    }

    fn cancelled(&mut self, now: Time, server: &ServerId, request: &SipMessage) {
        let Some(invite) = self.transactions.cancelled_by(server) else {
            self.answer(now, server, request, 481);
            return;
        };
        self.answer(now, server, request, 200);
        let found = self
            .calls
            .iter()
            .find(|(_, call)| call.server.as_ref() == Some(&invite));
        let pending = found
            .filter(|(_, call)| call.phase == Phase::Inviting && call.unacknowledged.is_none());
        if let Some(id) = pending.map(|(id, _)| *id) {
            self.decline(now, id, 487);
        }
    }

    /// What `on_refer` makes of a REFER: `None` to follow it.
    pub(super) fn refuses_refer(&self) -> Option<u16> {
        match self.config.behaviour.on_refer {
            OnRefer::Follow => None,
            OnRefer::Refuse(code) => Some(code),
        }
    }
}
