//! Dial-out (RFC 4579 section 5.5): the focus invites, on behalf of a participant or of a URI list.
use super::super::faults::Fault;
use super::super::user_agent::{HeaderList, RequestError};
use super::conference::Leg;
use super::departures;
use super::dialog::Dialog;
use super::engine::{Engine, locked};
use super::offer::{self, Streams};
use super::policy::{Refusal, Requester, Target, bare, identity, is_focus};
use super::refer::remove;
use super::uri_list;
use crate::wire::sip::SipMessage;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Who is to be invited, and why.
#[derive(Debug, Clone)]
pub(super) struct Invitation {
    pub(super) uri: String,
    /// The dialog that the invited user is to give up for this one.
    pub(super) replaces: Option<String>,
    pub(super) referred_by: Option<String>,
    pub(super) requester: String,
    /// The request that asked for it.
    pub(super) request: Arc<SipMessage>,
    /// `recipient-list-history`.
    pub(super) history: Option<Vec<u8>>,
    pub(super) listed: bool,
}

/// Takes the responses to the invitation: code and reason.
pub(super) type Report = mpsc::UnboundedSender<(u16, String)>;

impl Invitation {
    pub(super) fn target(&self, is_focus: Option<bool>) -> Target<'_> {
        Target {
            uri: &self.uri,
            replaces: self.replaces.as_deref(),
            is_focus,
            listed: self.listed,
        }
    }
}

fn tell(report: Option<&Report>, code: u16, reason: &str) {
    if let Some(report) = report
        && report.send((code, reason.to_owned())).is_err()
    {
        tracing::trace!("nobody wants to know");
    }
}

/// Invites somebody and tells how it goes.
pub(super) async fn invite(
    engine: Arc<Engine>,
    conference: String,
    invitation: Invitation,
    report: Option<Report>,
) {
    let report = report.as_ref();
    let is_focus = if engine.policy.probes(invitation.target(None)) {
        engine.probe(&conference, &invitation.uri).await
    } else {
        None
    };
    if invitation.listed || is_focus.is_some() {
        let target = invitation.target(is_focus);
        if let Err(refusal) = engine.allows(&conference, &invitation, target) {
            engine.seat_refused(&conference, &invitation, &refusal);
            mark!("CX-06");
            if engine.faults.is(Fault::RefusedThirdEndsBoth) && invitation.replaces.is_some() {
                engine.end_moved(&conference, &invitation.requester);
            }
            return tell(report, refusal.code, &refusal.reason);
        }
    }
    let (id, request) = match engine.start(&conference, &invitation) {
        Ok(started) => started,
        Err(refusal) => return tell(report, refusal.code, &refusal.reason),
    };
    match engine.ring(&conference, id, request.clone(), report).await {
        Ok(answer) if answer.status() < Some(300) => {
            let (code, reason) = engine.answered(&conference, id, &request, &answer);
            tell(report, code, &reason);
        }
        Ok(refused) => {
            let code = refused.status().unwrap_or(500);
            let text = reason_phrase(&refused);
            engine.failed(&conference, id, code, &text);
            match code {
                603 if engine.faults.is(Fault::BarringUntold) => {
                    tell(report, 480, "Temporarily Unavailable");
                }
                _ => tell(report, code, &text),
            }
        }
        Err(error) => {
            tracing::debug!(%error, "invitation got no answer");
            let (code, text) = match error {
                RequestError::Timeout => (408, "Request Timeout"),
                _ => (503, "Service Unavailable"),
            };
            engine.failed(&conference, id, code, text);
            tell(report, code, text);
        }
    }
}

pub(super) fn reason_phrase(response: &SipMessage) -> String {
    match &response.start {
        crate::wire::sip::StartLine::Response { reason, .. } => reason.clone(),
        crate::wire::sip::StartLine::Request { .. } => String::new(),
    }
}

impl Engine {
    /// Ends the legs of all but this participant (for a fault).
    fn end_moved(self: &Arc<Self>, uri: &str, requester: &str) {
        let mut state = locked(&self.state);
        let legs = state.live(uri).map(|conference| conference.legs.iter());
        let others = legs
            .into_iter()
            .flatten()
            .filter(|leg| leg.is_connected() && !leg.is_of(&bare(requester)));
        let ids: Vec<u64> = others.map(|leg| leg.id).collect();
        drop(state);
        for id in ids {
            self.spawn(remove(Arc::clone(self), uri.to_owned(), id, None));
        }
    }

    /// Asks the policy about an invitation.
    fn allows(
        &self,
        uri: &str,
        invitation: &Invitation,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        let mut state = locked(&self.state);
        let conference = state.live(uri).ok_or_else(Refusal::not_found)?;
        let who = Requester {
            identity: &invitation.requester,
            request: &invitation.request,
            is_focus: is_focus(&invitation.request),
        };
        self.policy
            .may_invite(who, conference.about(&invitation.requester), target)
    }

    /// OPTIONS to find out whether the target is a focus itself; `None` if it does not answer.
    async fn probe(&self, conference: &str, uri: &str) -> Option<bool> {
        let mut options = self.outside_dialog("OPTIONS", conference, uri);
        options.push("Accept", "application/sdp");
        let (to, transport) = self.way_to(&mut options)?;
        let answer = self.agent.send(options, to, transport, None).await.ok()?;
        (answer.status() < Some(300)).then(|| is_focus(&answer))
    }

    /// The beginning of a request of the conference outside dialogs.
    pub(super) fn outside_dialog(&self, method: &str, conference: &str, uri: &str) -> SipMessage {
        let mut request = SipMessage::request(method, uri);
        let (tag, call_id) = (self.agent.token(), self.agent.token());
        request.push("Max-Forwards", "70");
        request.push("From", format!("<{conference}>;tag={tag}"));
        request.push("To", format!("<{uri}>"));
        request.push("Call-ID", call_id);
        request.push("CSeq", format!("1 {method}"));
        request
    }

    /// A leg for the invited user, and the INVITE.
    fn start(
        self: &Arc<Self>,
        uri: &str,
        invitation: &Invitation,
    ) -> Result<(u64, SipMessage), Refusal> {
        let mut state = locked(&self.state);
        let id = state.next_id();
        let limit = self.config.max_participants;
        let conference = state.live(uri).ok_or_else(Refusal::not_found)?;
        if conference.about(&invitation.requester).size >= limit {
            return Err(Refusal::new(486, "Busy Here"));
        }
        let user = bare(&invitation.uri);
        let mut leg = Leg::new(id, &user, &user, &user, "dialed-out");
        leg.media = Some(self.open_media(id, Arc::clone(&conference.mixer))?);
        let description = offer::offer(self.ends(&leg));
        let request = self.invitation(uri, invitation, description);
        leg.status = "dialing-out";
        leg.inviting = request.call_id().map(str::to_owned);
        leg.referred_by = Some(invitation.requester.clone());
        conference.seat(leg);
        conference.changed(&user);
        Ok((id, request))
    }

    fn invitation(&self, uri: &str, invitation: &Invitation, description: Vec<u8>) -> SipMessage {
        mark!("CF-05");
        let mut request = self.outside_dialog("INVITE", uri, &invitation.uri);
        let mut headers = self.session_headers(uri);
        if self.faults.is(Fault::DialsOutWithoutIsfocus) {
            departures::hide(&mut headers);
        }
        for (name, value) in headers {
            request.push(&name, value);
        }
        if self.policy.hides_from_called() {
            request.set("Contact", format!("<{uri}>"));
        }
        let service = "urn:urn-7:3gpp-service.ims.icsi.mmtel";
        request.push("P-Asserted-Service", service);
        request.push("Accept", super::ACCEPT.join(", "));
        if let Some(referred_by) = &invitation.referred_by {
            request.push("Referred-By", referred_by);
        }
        mark!("CF-14");
        let replaces = invitation.replaces.as_ref();
        if let Some(replaces) = replaces.filter(|_| !self.faults.is(Fault::ReplacesNotPassedOn)) {
            request.push("Replaces", replaces);
            request.push("Require", "replaces");
        }
        match &invitation.history {
            Some(history) => {
                let (kind, body) = uri_list::with_history(description, history.clone());
                request.set_body(&kind, body);
            }
            None => request.set_body("application/sdp", description),
        }
        request
    }

    /// Sends the INVITE and waits for its final response, no longer than the ring time.
    async fn ring(
        &self,
        conference: &str,
        id: u64,
        mut request: SipMessage,
        report: Option<&Report>,
    ) -> Result<SipMessage, RequestError> {
        let nowhere = RequestError::Transport("no way to the target".to_owned());
        let (to, transport) = self.way_to(&mut request).ok_or(nowhere)?;
        let call_id = request.call_id().unwrap_or_default().to_owned();
        let (watcher, mut provisional) = mpsc::unbounded_channel();
        let answer = self.agent.send(request, to, transport, Some(watcher));
        tokio::pin!(answer);
        let patience = tokio::time::sleep(self.config.ring_time);
        tokio::pin!(patience);
        let mut last = 100;
        let mut waits = true;
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                Some(response) = provisional.recv() => {
                    let code = response.status().unwrap_or(100);
                    if code == 180 {
                        self.alerting(conference, id);
                    }
                    if code > 100 && code != last {
                        last = code;
                        tell(report, code, &reason_phrase(&response));
                    }
                    if !self.is_wanted(conference, id) {
                        self.agent.cancel(&call_id);
                    }
                }
                () = &mut patience, if waits => {
                    waits = false;
                    self.agent.cancel(&call_id);
                }
            }
        }
    }

    fn alerting(&self, uri: &str, id: u64) {
        let mut state = locked(&self.state);
        if let Some(conference) = state.live(uri)
            && let Some(leg) = conference.leg(id)
            && leg.status == "dialing-out"
        {
            leg.status = "alerting";
            let shown = leg.shown.clone();
            conference.changed(&shown);
        }
    }

    fn is_wanted(&self, uri: &str, id: u64) -> bool {
        let mut state = locked(&self.state);
        let leg = state.live(uri).and_then(|conference| conference.leg(id));
        leg.is_some_and(|leg| !leg.is_over())
    }

    /// The invited user has answered: acknowledged, and seated unless nobody wants him any more.
    fn answered(
        self: &Arc<Self>,
        uri: &str,
        id: u64,
        request: &SipMessage,
        answer: &SipMessage,
    ) -> (u16, String) {
        let sent_to = self.outbound().unwrap_or_else(|| self.agent.sip_address());
        let transport = super::super::user_agent::Transport::Udp;
        let dialog = Dialog::of_client(request, answer, sent_to, transport);
        let key = dialog.key.clone();
        let streams = answer
            .body_of("application/sdp")
            .and_then(|octets| Streams::read(&octets));
        let remains = self.policy.may_remain(answer);
        let mut state = locked(&self.state);
        let dialog = state.keep(uri, dialog);
        self.acknowledge(&dialog);
        let conference = state.live(uri);
        let seated = conference.is_some_and(|conference| {
            let Some(leg) = conference.leg(id).filter(|leg| !leg.is_over()) else {
                return false;
            };
            leg.inviting = None;
            leg.key = Some(key);
            leg.asserted = answer
                .has_header("P-Asserted-Identity")
                .then(|| identity(answer));
            if !remains || streams.is_none() {
                return false;
            }
            leg.dialog = Some(Arc::clone(&dialog));
            leg.status = "connected";
            leg.joined = Some(super::now());
            if let Some(streams) = &streams {
                leg.hear(streams);
            }
            let shown = leg.shown.clone();
            conference.changed(&shown);
            true
        });
        drop(state);
        if seated {
            return (200, reason_phrase(answer));
        }
        self.goodbye(&dialog, &HeaderList::new());
        let (code, text) = if remains {
            (488, "Not Acceptable Here")
        } else {
            (403, "Forbidden")
        };
        self.failed(uri, id, code, text);
        (code, text.to_owned())
    }

    /// The invitation was refused or not answered.
    fn failed(self: &Arc<Self>, uri: &str, id: u64, code: u16, text: &str) {
        mark!("CB-24");
        mark!("CF-24");
        let wanted = self.is_wanted(uri, id);
        if wanted {
            let method = if code == 486 { "busy" } else { "failed" };
            self.over(uri, id, method, Some(cause(code, text)));
        }
    }

    /// An entry that the policy does not let be invited shows as failed.
    fn seat_refused(self: &Arc<Self>, uri: &str, invitation: &Invitation, refusal: &Refusal) {
        let mut state = locked(&self.state);
        let id = state.next_id();
        let Some(conference) = state.live(uri) else {
            return;
        };
        let user = bare(&invitation.uri);
        let mut leg = Leg::new(id, &user, &user, &user, "dialed-out");
        leg.referred_by = Some(invitation.requester.clone());
        leg.finish("failed", Some(cause(refusal.code, &refusal.reason)));
        conference.seat(leg);
        conference.changed(&user);
    }
}

/// A reason as RFC 3326 has it.
pub(super) fn cause(code: u16, text: &str) -> String {
    mark!("CF-25");
    format!(
        "SIP;cause={code};text=\"{}\"",
        text.replace(['"', '\\'], "")
    )
}
