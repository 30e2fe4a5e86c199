//! Sessions that exist: changed by re-INVITE and UPDATE, ended by either side; and the end of a conference.
use super::super::faults::Fault;
use super::super::user_agent::{Body, HeaderList, ServerRequest};
use super::conference::Leg;
use super::dialog::Shared;
use super::engine::{Engine, locked};
use super::offer::{self, Streams};
use super::uri_list;
use crate::wire::sip::SipMessage;
use std::sync::Arc;

impl Engine {
    /// re-INVITE and UPDATE: HOLD, resumption, a new address, a refresh.
    pub(super) fn renegotiate(
        self: &Arc<Self>,
        request: ServerRequest,
        uri: &str,
        dialog: &Shared,
    ) {
        let message = &request.request;
        mark!("CF-17");
        let listed = uri_list::is_asked_for(message);
        if listed && !self.faults.is(Fault::ListTakenWithinDialog) {
            let headers = vec![("Unsupported".to_owned(), uri_list::INVITE_LIST.to_owned())];
            return request.respond(420, "Bad Extension", &headers, None);
        }
        let offered = message.body_of("application/sdp");
        let streams = offered.as_deref().map(Streams::read);
        if streams == Some(None) {
            return request.respond(488, "Not Acceptable Here", &vec![], None);
        }
        let key = locked(dialog).key.clone();
        let mut state = locked(&self.state);
        let conference = state.live(uri);
        let Some((conference, id)) = conference.and_then(|conference| {
            let leg = conference.leg_of(&key).filter(|leg| leg.is_connected())?;
            let id = leg.id;
            Some((conference, id))
        }) else {
            drop(state);
            return request.respond(481, "Call/Transaction Does Not Exist", &vec![], None);
        };
        let Some(leg) = conference.leg(id) else {
            return;
        };
        let invite = message.method() == Some("INVITE");
        let state_of = |leg: &Leg| {
            (
                leg.status,
                leg.direction,
                leg.speaks,
                leg.messages.is_some(),
            )
        };
        let before = state_of(leg);
        mark!("CX-09");
        if leg.status == "on-hold" && self.faults.is(Fault::HeldLegNotResumed) {
            drop(state);
            return request.respond(488, "Not Acceptable Here", &vec![], None);
        }
        let description = match streams.flatten() {
            Some(streams) => {
                leg.origin.version += 1;
                leg.hear(&streams);
                self.converse(uri, leg, streams.messages.as_ref());
                Some(offer::answer(&streams, self.ends(leg)))
            }
            None if invite => {
                leg.origin.version += 1;
                leg.offered = true;
                Some(offer::offer(self.ends(leg)))
            }
            None => None,
        };
        let changed = before != state_of(leg);
        let shown = leg.shown.clone();
        if changed {
            conference.changed(&shown);
        }
        drop(state);
        let body = description.map(|octets| Body {
            content_type: "application/sdp".to_owned(),
            octets,
        });
        request.respond(200, "OK", &self.session_headers(uri), body);
    }

    /// BYE of a participant.
    pub(super) fn left(self: &Arc<Self>, request: ServerRequest, uri: &str, dialog: &Shared) {
        let key = locked(dialog).key.clone();
        let (method, reason) = departure(&request.request);
        let known = {
            let mut state = locked(&self.state);
            let leg = state
                .live(uri)
                .and_then(|conference| conference.leg_of(&key))
                .filter(|leg| !leg.is_over());
            leg.map(|leg| (leg.id, leg.joining_method))
        };
        let Some((id, joining)) = known else {
            return request.respond(481, "Call/Transaction Does Not Exist", &vec![], None);
        };
        request.respond(200, "OK", &vec![], None);
        // A refusal after an announcement comes as a BYE with its reason; it ends what had hardly begun.
        let method = if joining == "dialed-out" {
            method
        } else {
            "departed"
        };
        self.over(uri, id, method, reason);
    }

    /// Ends a session from this side.
    pub(super) fn dismiss(
        self: &Arc<Self>,
        uri: &str,
        id: u64,
        method: &'static str,
        reason: Option<String>,
    ) {
        let dialog = {
            let mut state = locked(&self.state);
            let leg = state.live(uri).and_then(|conference| conference.leg(id));
            leg.and_then(|leg| leg.dialog.clone())
        };
        if let Some(dialog) = dialog {
            self.goodbye(&dialog, &HeaderList::new());
        }
        self.over(uri, id, method, reason);
    }

    /// Sends BYE and waits for nothing.
    pub(super) fn goodbye(&self, dialog: &Shared, headers: &HeaderList) {
        let answer = self.post(dialog, "BYE", headers, None);
        self.spawn(async move {
            if let Err(error) = answer.await {
                tracing::debug!(%error, "BYE got no answer");
            }
        });
    }

    /// A session is over: the roster says so, the user's subscriptions end with his last session, and so may the conference.
    pub(super) fn over(
        self: &Arc<Self>,
        uri: &str,
        id: u64,
        method: &'static str,
        reason: Option<String>,
    ) {
        let ends = {
            let mut state = locked(&self.state);
            let Some(conference) = state.live(uri) else {
                return;
            };
            let Some(leg) = conference.leg(id) else {
                return;
            };
            let was_connected = leg.is_connected();
            leg.finish(method, reason);
            let (creator, shown, who) = (leg.creator, leg.shown.clone(), leg.identity.clone());
            mark!("CM-02");
            if method != "departed" || !self.faults.is(Fault::DeparturesUnnoticed) {
                conference.changed(&shown);
            }
            if was_connected && !conference.participates(&who) {
                for subscription in &mut conference.subscriptions {
                    if subscription.identity.eq_ignore_ascii_case(&who) {
                        subscription.owe_end("rejected");
                    }
                }
            }
            mark!("CF-28");
            let outlives = self.faults.is(Fault::OutlivesCreator);
            let creator_gone =
                creator && was_connected && self.policy.ends_with_creator() && !outlives;
            creator_gone || conference.legs.iter().all(|leg| !leg.is_connected())
        };
        if ends {
            self.end_conference(uri);
        }
    }

    /// Everybody is sent away, and subscribers learn that there is no conference any more.
    pub(super) fn end_conference(self: &Arc<Self>, uri: &str) {
        let mut goodbyes = Vec::new();
        let mut cancels = Vec::new();
        {
            let mut state = locked(&self.state);
            let Some(conference) = state.live(uri) else {
                return;
            };
            conference.ended = true;
            for leg in &mut conference.legs {
                goodbyes.extend(leg.dialog.clone());
                cancels.extend(leg.inviting.take());
                if !leg.is_over() {
                    leg.finish("booted", None);
                }
            }
            for subscription in &mut conference.subscriptions {
                subscription.owe_end("noresource");
            }
            if conference.subscriptions.is_empty() {
                state.conferences.remove(uri);
            }
        }
        for call_id in cancels {
            self.agent.cancel(&call_id);
        }
        for dialog in goodbyes {
            self.goodbye(&dialog, &HeaderList::new());
        }
    }
}

/// How a BYE of the peer ends its session, and the reason it gives (RFC 3326).
fn departure(bye: &SipMessage) -> (&'static str, Option<String>) {
    let reason = bye.header("Reason").map(str::to_owned);
    let refused = reason.as_deref().is_some_and(|reason| {
        reason.split(';').any(|piece| {
            let cause = piece.trim().strip_prefix("cause=");
            cause.is_some_and(|code| code.trim().parse::<u16>().is_ok_and(|code| code >= 400))
        })
    });
    (if refused { "failed" } else { "departed" }, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_refusal_after_an_announcement_from_leaving() {
        let mut bye = SipMessage::request("BYE", "sip:x");
        assert_eq!(departure(&bye), ("departed", None));
        bye.push("Reason", "SIP;cause=603;text=\"Decline\"");
        assert_eq!(departure(&bye).0, "failed");
        bye.set("Reason", "SIP;cause=200");
        assert_eq!(departure(&bye).0, "departed");
    }
}
