//! The UE as the called side: what it answers to each request (RFC 3261 section 8.2, 13.3; RFC 3428).
//! Requests within a dialog have a file of their own.
use std::time::Duration;

use super::call::{Call, CallId, Phase, Unacknowledged};
use super::compose::{self, Identity};
use super::media::readable;
use super::smsip::ENCAPSULATED;
use super::{Due, Ue, UeEvent};
use crate::peer::Time;
use crate::peer::dialog::{Dialog, MIN_SE, SessionTimer, expires_of, response_to};
use crate::peer::transaction::ServerId;
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::SipMessage;

/// Methods that exist and that this UE does not take: 405; others are 501 (RFC 3261 section 8.2.1).
pub(super) const KNOWN_METHODS: [&str; 6] =
    ["REGISTER", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "ACK"];
/// RFC 3261 section 17.2.1: an INVITE that is not answered within this time gets 100.
const TRYING_AFTER: Duration = Duration::from_millis(200);
const UNDERSTOOD_EXTENSIONS: [&str; 2] = ["timer", "100rel"];

impl Ue {
    pub(super) fn request(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        if self.config.behaviour.silent {
            return;
        }
        let method = request.method().unwrap_or_default().to_owned();
        if let Some(what) = missing_in(request) {
            self.problem(format!("a {method} request {what}"));
            self.answer(now, &server, request, 400);
            return;
        }
        if method == "CANCEL" {
            self.cancelled(now, &server, request);
            return;
        }
        let unknown: Vec<String> = request
            .values("Require")
            .iter()
            .filter(|token| !UNDERSTOOD_EXTENSIONS.contains(&token.to_ascii_lowercase().as_str()))
            .map(|token| (*token).to_owned())
            .collect();
        if !unknown.is_empty() {
            let mut response = self.response_of(request, 420);
            response.push("Unsupported", unknown.join(", "));
            self.reply(now, server, response);
            return;
        }
        if request.to_tag().is_some() {
            self.request_in_dialog(now, server, request, &method);
            return;
        }
        match method.as_str() {
            "INVITE" => self.invited(now, server, request),
            "MESSAGE" if request.body_of(ENCAPSULATED).is_some() => {
                self.encapsulated_received(now, &server, request);
            }
            "MESSAGE" => self.pager_received(now, &server, request),
            "OPTIONS" => self.answer_options(now, server, request),
            "BYE" | "UPDATE" | "PRACK" | "INFO" => self.answer(now, &server, request, 481),
            "SUBSCRIBE" if self.calls.values().any(is_group) => {
                self.subscribed_apart(now, server, request);
            }
            other if KNOWN_METHODS.contains(&other) => self.not_allowed(now, server, request),
            _ => self.answer(now, &server, request, 501),
        }
    }

    /// A response with our To tag and Content-Length.
    pub(super) fn response_of(&mut self, request: &SipMessage, code: u16) -> SipMessage {
        let tag = self.ids.tag();
        response_to(request, code, Some(&tag))
    }

    pub(super) fn answer(&mut self, now: Time, server: &ServerId, request: &SipMessage, code: u16) {
        let response = self.response_of(request, code);
        self.reply(now, server.clone(), response);
    }

    pub(super) fn not_allowed(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let mut response = self.response_of(request, 405);
        response.push("Allow", compose::ALLOW);
        self.reply(now, server, response);
    }

    pub(super) fn answer_options(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let mut response = self.response_of(request, 200);
        response.push("Allow", compose::ALLOW);
        response.push("Accept", "application/sdp, message/cpim, text/plain");
        response.push("Supported", compose::supported(&self.config.behaviour));
        self.reply(now, server, response);
    }

    pub(super) fn pager_received(&mut self, now: Time, server: &ServerId, request: &SipMessage) {
        let code = self.config.behaviour.message_answer.unwrap_or(200);
        self.answer(now, server, request, code);
        let header = |name: &str| request.header(name).map(str::to_owned);
        let (content_type, text) = readable(request.header("Content-Type"), &request.body);
        let event = UeEvent::PagerReceived {
            from: header("P-Asserted-Identity")
                .or_else(|| header("From"))
                .unwrap_or_default(),
            content_type,
            content: request.body.clone(),
            text: text.filter(|_| !is_imdn(request)),
            conversation_id: header("Conversation-ID"),
            contribution_id: header("Contribution-ID"),
        };
        self.tell(event);
    }

    fn invited(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let too_small = expires_of(request).is_some_and(|(seconds, _)| seconds < MIN_SE);
        if too_small {
            let mut response = self.response_of(request, 422);
            response.push("Min-SE", MIN_SE.to_string());
            self.reply(now, server, response);
            return;
        }
        let has_offer = request.body_of("application/sdp").is_some();
        if !has_offer && !request.body.is_empty() {
            let mut response = self.response_of(request, 415);
            response.push("Accept", "application/sdp");
            self.reply(now, server, response);
            return;
        }
        let tag = self.ids.tag();
        let Some(dialog) = Dialog::of_request(request, &tag) else {
            self.answer(now, &server, request, 400);
            return;
        };
        self.incoming += 1;
        let label = format!("incoming-{}", self.incoming);
        let mut call = Call::new(&label, self.new_media());
        call.dialog = Some(dialog);
        call.server = Some(server.clone());
        call.invite = Some(request.clone());
        let ids = |name: &str| request.header(name).unwrap_or_default().to_owned();
        call.cpm_ids = (ids("Conversation-ID"), ids("Contribution-ID"));
        let id = self.add_call(call);
        let from = request
            .header("P-Asserted-Identity")
            .or_else(|| request.header("From"))
            .unwrap_or_default()
            .to_owned();
        self.tell(UeEvent::Invited { call: label, from });
        let delay = self.config.behaviour.answer_delay;
        let only_reliable = request
            .values("Require")
            .iter()
            .any(|token| token.eq_ignore_ascii_case("100rel"));
        let refuses_at_once = self.config.behaviour.refuse_invite.is_some() && delay.is_zero();
        let slow = self.config.behaviour.response_delay.max(if only_reliable {
            delay
        } else {
            Duration::ZERO
        });
        if slow >= TRYING_AFTER {
            let mut trying = response_to(request, 100, None);
            trying.push("Content-Length", "0");
            self.transactions.respond(now, &server, &trying);
        }
        // RFC 3262 section 3: where only reliable provisional responses are allowed we send none.
        if !only_reliable && !refuses_at_once {
            let mut ringing = response_to(request, 180, Some(&tag));
            self.complete(&mut ringing, request);
            self.reply(now, server, ringing);
        }
        if delay.is_zero() {
            self.answer_invitation(now, id);
        } else {
            self.agenda.push((now + delay, Due::Answer(id)));
        }
    }

    /// Header fields every dialog-forming response of ours has.
    pub(super) fn complete(&self, response: &mut SipMessage, request: &SipMessage) {
        let config = &self.config;
        let identity = Identity { config };
        for value in request.headers_named("Record-Route") {
            response.push("Record-Route", value);
        }
        response.push(
            "Contact",
            identity.contact(compose::service_of(false), false),
        );
        response.push("P-Asserted-Identity", identity.asserted());
        response.push("Allow", compose::ALLOW);
    }

    /// The final response to an incoming INVITE.
    pub(super) fn answer_invitation(&mut self, now: Time, id: CallId) {
        let refusal = self.config.behaviour.refuse_invite;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (Some(invite), Some(server)) = (call.invite.clone(), call.server.clone()) else {
            return;
        };
        if call.phase != Phase::Inviting {
            return;
        }
        let tag = call
            .dialog
            .as_ref()
            .map_or_else(String::new, |d| d.local_tag.clone());
        if let Some(code) = refusal {
            call.phase = Phase::Ended;
            let response = response_to(&invite, code, Some(&tag));
            self.reply(now, server, response);
            return;
        }
        let described = match invite.body_of("application/sdp") {
            Some(offer) => call
                .local
                .answer(&offer)
                .map(|(sdp, agreed)| (sdp, Some(agreed))),
            None => Ok((call.local.offer(), None)),
        };
        let (sdp, agreed) = match described {
            Ok(described) => described,
            Err(reason) => {
                call.phase = Phase::Ended;
                let label = call.label.clone();
                let response = response_to(&invite, 488, Some(&tag));
                self.problem(format!("call {label} refused: {reason}"));
                self.reply(now, server, response);
                return;
            }
        };
        call.answer_in_ack = agreed.is_none();
        call.timer = SessionTimer::of_request(now, &invite);
        let timer = call.timer;
        if let Some(dialog) = call.dialog.as_mut() {
            dialog.stage = crate::peer::dialog::Stage::Confirmed;
        }
        let mut response = response_to(&invite, 200, Some(&tag));
        self.complete(&mut response, &invite);
        response.push("Supported", "timer");
        grant(&mut response, timer);
        response.set_body("application/sdp", sdp);
        self.reply(now, server, response);
        if let Some(agreed) = agreed {
            self.start_session(now, id, &agreed);
        }
    }

    /// CANCEL (RFC 3261 section 9.2).
    fn cancelled(&mut self, now: Time, server: &ServerId, request: &SipMessage) {
        let Some(invite_server) = self.transactions.cancelled_by(server) else {
            self.answer(now, server, request, 481);
            return;
        };
        self.answer(now, server, request, 200);
        let pending = self
            .calls
            .iter()
            .find(|(_, call)| call.server.as_ref() == Some(&invite_server))
            .filter(|(_, call)| call.phase == Phase::Inviting && call.unacknowledged.is_none())
            .map(|(id, call)| (*id, call.invite.clone(), call.dialog.clone()));
        if let Some((id, Some(invite), dialog)) = pending {
            let tag = dialog.map(|dialog| dialog.local_tag);
            let response = response_to(&invite, 487, tag.as_deref());
            self.reply(now, invite_server, response);
            self.ended(now, id, true);
        }
    }

    /// Sends a response now or when the behaviour lets it go.
    pub(super) fn reply(&mut self, now: Time, server: ServerId, mut response: SipMessage) {
        if response.header("Content-Length").is_none() {
            response.push("Content-Length", "0");
        }
        let delay = self.config.behaviour.response_delay;
        if delay.is_zero() {
            self.reply_now(now, &server, &response);
        } else {
            self.agenda
                .push((now + delay, Due::Reply(Box::new((server, response)))));
        }
    }

    pub(super) fn reply_now(&mut self, now: Time, server: &ServerId, response: &SipMessage) {
        let Some(hop) = self.transactions.hop_of(server) else {
            return;
        };
        if !self.transactions.respond(now, server, response) {
            return;
        }
        for _ in 0..self.config.behaviour.duplicate_responses {
            self.pump(now);
            self.emit(hop, response.to_octets());
        }
        let code = response.status().unwrap_or(0);
        let Some((cseq, "INVITE")) = response.cseq() else {
            return;
        };
        if !(200..300).contains(&code) {
            return;
        }
        let t1 = self.config.timers.t1;
        if let Some(call) = self
            .calls
            .values_mut()
            .find(|call| call.server.as_ref() == Some(server))
        {
            call.unacknowledged = Some(Unacknowledged {
                response: response.clone(),
                hop,
                cseq,
                at: now + t1,
                interval: t1,
                give_up: now + t1 * 64,
            });
        }
    }

    /// The 2xx again, or BYE when no ACK has come for 64*T1 (RFC 3261 section 13.3.1.4).
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
            self.problem(format!("call {label}: no ACK for our 2xx; ending it"));
            self.bye(now, id);
            return;
        }
        if waiting.at <= now {
            waiting.interval = (waiting.interval * 2).min(t2);
            waiting.at += waiting.interval;
            let (hop, octets) = (waiting.hop, waiting.response.to_octets());
            self.emit(hop, octets);
        }
    }
}

fn is_group(call: &Call) -> bool {
    call.invitation.as_ref().is_some_and(|i| i.group)
}

pub(super) fn grant(response: &mut SipMessage, timer: Option<SessionTimer>) {
    if let Some(timer) = timer {
        if !timer.we_refresh {
            response.push("Require", "timer");
        }
        response.push("Session-Expires", timer.granted());
    }
}

/// What a request lacks that RFC 3261 section 8.1.1 requires.
fn missing_in(request: &SipMessage) -> Option<&'static str> {
    let method_agrees = request
        .cseq()
        .is_some_and(|(_, method)| Some(method) == request.method());
    if !method_agrees {
        return Some("without a CSeq that names it");
    }
    [
        ("From", "without From"),
        ("To", "without To"),
        ("Call-ID", "without Call-ID"),
    ]
    .into_iter()
    .find(|(name, _)| request.header(name).is_none())
    .map(|(_, what)| what)
}

fn is_imdn(request: &SipMessage) -> bool {
    CpimMessage::parse(&request.body)
        .ok()
        .and_then(|cpim| cpim.content_type())
        .is_some_and(|kind| kind == "message/imdn+xml")
}
