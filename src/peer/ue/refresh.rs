//! Session refresh of a UE (RFC 4028): UPDATE where the other side allows it, re-INVITE otherwise; BYE when the session is dead.
use super::call::{CallId, Phase};
use super::compose::{self, Identity};
use super::{Ue, UeEvent, Use};
use crate::peer::Time;
use crate::peer::dialog::{MIN_SE, SessionTimer};
use crate::wire::sip::SipMessage;

impl Ue {
    /// The session timer of a call is due.
    pub(super) fn session_due(&mut self, now: Time, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let established = call.phase == Phase::Established && !call.refreshing;
        let Some(timer) = call.timer.filter(|t| established && t.due() <= now) else {
            return;
        };
        if !timer.we_refresh {
            let label = call.label.clone();
            self.problem(format!("call {label}: the other side did not refresh it"));
            self.bye(now, id);
            return;
        }
        call.refreshing = true;
        if self.config.behaviour.withhold_refresh {
            return;
        }
        self.refresh(now, id, timer, timer.seconds);
    }

    /// A refresh because the scenario wants one.
    pub(super) fn refresh_now(&mut self, now: Time, label: &str) {
        let Some(id) = self.call_named(label) else {
            return;
        };
        let call = self.calls.get_mut(&id);
        match call.filter(|call| call.phase == Phase::Established) {
            Some(call) => {
                let timer = call.timer.unwrap_or_else(|| SessionTimer::ours(now));
                call.refreshing = true;
                self.refresh(now, id, timer, timer.seconds);
            }
            None => self.problem(format!("call {label} has no session to refresh")),
        }
    }

    fn refresh(&mut self, now: Time, id: CallId, timer: SessionTimer, seconds: u32) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let group = call.invitation.as_ref().is_some_and(|i| i.group);
        let sdp = call.local.repeat();
        let Some(dialog) = call.dialog.as_mut() else {
            return;
        };
        let method = if timer.by_update { "UPDATE" } else { "INVITE" };
        let mut request = dialog.request(method);
        let next = dialog.next_hop();
        let config = &self.config;
        request.push(
            "Contact",
            Identity { config }.contact(compose::service_of(group), group),
        );
        request.push("Allow", compose::ALLOW);
        request.push("Supported", compose::supported(&config.behaviour));
        request.push("Session-Expires", format!("{seconds};refresher=uac"));
        request.push("Min-SE", seconds.min(timer.seconds).min(MIN_SE).to_string());
        if method == "INVITE" {
            request.set_body("application/sdp", sdp);
        }
        let hop = self.hop_to(&next);
        self.send_request(now, request, hop, Use::Refresh(id));
    }

    /// The final response to a refresh of ours; 408 if none came (RFC 4028 section 10).
    pub(super) fn refresh_response(
        &mut self,
        now: Time,
        id: CallId,
        method: &str,
        response: Option<&SipMessage>,
    ) {
        let code = response.and_then(SipMessage::status).unwrap_or(408);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (label, timer) = (call.label.clone(), call.timer);
        match (code, response) {
            (100..=199, _) => return,
            (200..=299, Some(response)) => {
                let again =
                    method == "INVITE" && call.ack.as_ref().map(|a| a.0) == number_of(response);
                if again {
                    self.acknowledge_again(id, response);
                    return;
                }
                call.refreshing = false;
                call.timer = SessionTimer::of_answer(now, response);
                if let Some(dialog) = call.dialog.as_mut() {
                    dialog.refresh_target(response);
                }
                if method == "INVITE" {
                    self.acknowledge(now, id, response, None);
                }
            }
            (422, Some(response)) => {
                let least = response.header("Min-SE").and_then(|v| v.parse().ok());
                match (timer, least) {
                    (Some(timer), Some(least)) if least > timer.seconds => {
                        let timer = timer.lasting(least);
                        call.timer = Some(timer);
                        self.refresh(now, id, timer, least);
                    }
                    _ => call.timer = None,
                }
            }
            (408 | 481, _) => self.bye(now, id),
            _ => call.timer = None,
        }
        let method = method.to_owned();
        self.tell(UeEvent::Answered {
            call: label,
            method,
            code,
        });
    }
}

fn number_of(message: &SipMessage) -> Option<u32> {
    message.cseq().map(|(number, _)| number)
}
