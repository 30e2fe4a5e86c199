//! A chat session with an SMS user, from the invitation to its answer (3GPP TS 23.204 clause 6.15.1).
//!
//! Idle, Authorising, Waiting. What follows an accepted invitation is in `chat`; who may invite at all is in `admission`; what the
//! messages to the SMS user say is in `texts`. One task per session runs through all of it; dropping the session frees its number.
//! More than 400 lines, because the ways an invitation can end share the state of one session.

use super::admission::{Admission, Denied, Place, admit};
use super::failure::{self, Refusal, reason};
use super::inbound::ShortMessage;
use super::invitation::{Invitation, SESSION_FEATURE};
use super::keywords::{Meaning, meaning};
use super::media::Offer;
use super::numbers::{MOST_QUARANTINED, SessionId};
use super::policy::Outcome;
use super::session_sms;
use super::subscribers::Settings;
use super::{Gateway, State, chat, home_data, locked, pager};
use crate::reference::faults::Fault;
use crate::reference::short_message::{Handover, ReportReference, Submission, SubmitFailure};
use crate::reference::user_agent::msrp::{MsrpControl, MsrpSession};
use crate::reference::user_agent::{Answer, Dialog, ServerInvite};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

/// One session; see `State` for what it goes through.
pub struct Session {
    pub gateway: Arc<Gateway>,
    pub id: SessionId,
    pub settings: Settings,
    pub invitation: Invitation,
    /// Empty only under a fault that accepts targets without number.
    pub sms_user: String,
    /// The session number and whether it is the caller's own.
    pub number: String,
    pub number_is_own: bool,
    pub inbox: mpsc::Receiver<ShortMessage>,
    /// Notified when a group chat takes the place of this one.
    pub replaced: Arc<Notify>,
    /// Texts to relay into the chat before anything else (only under faults).
    pub relayed_first: VecDeque<String>,
    /// The help message has been sent, and the word that the chat is over.
    pub helped: bool,
    pub late_told: bool,
    /// The message session that is not closed yet, and whether it takes message/cpim (only under a fault).
    pub outlived: Option<(MsrpControl, bool)>,
    pub(super) references: u16,
    /// Held until the session ends; quarantine needs none.
    pub(super) place: Option<Place>,
}

impl Session {
    pub fn set_state(&self, state: State) {
        if let Some(entry) = locked(&self.gateway.sessions).get_mut(&self.id) {
            entry.state = state;
        }
    }

    /// Sends a text to the SMS user from the session number.
    pub fn submit(&mut self, text: &str) -> Vec<Submission> {
        let number = self.number.clone();
        self.submit_from(&number, text)
    }

    pub fn submit_from(&mut self, number: &str, text: &str) -> Vec<Submission> {
        self.references = self.references % 255 + 1;
        if self.sms_user.is_empty() {
            return Vec::new();
        }
        match session_sms::compose(text, number, &self.sms_user, self.references) {
            Some(messages) => session_sms::submit(&self.gateway, &self.settings, messages),
            None => {
                tracing::warn!("a text of more than 255 parts was not sent");
                Vec::new()
            }
        }
    }

    /// Leaves the number to quarantine; further messages to it come here until the time given. The session no longer counts as one.
    pub fn release_number(&mut self) -> Option<Instant> {
        self.place = None;
        let quarantine = Duration::from_secs_f64(self.settings.quarantine_seconds);
        let (number, user) = (&self.number, &self.sms_user);
        let now = Instant::now();
        let kept = locked(&self.gateway.numbers).release(now, number, user, self.id, quarantine);
        kept.then_some(now + quarantine)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        locked(&self.gateway.sessions).remove(&self.id);
        let (number, user) = (&self.number, &self.sms_user);
        locked(&self.gateway.numbers).forget(number, user, self.id);
    }
}

/// Takes an invitation from its arrival to the end of what it leads to.
pub async fn attend(gateway: Arc<Gateway>, invite: ServerInvite) {
    let invitation = Invitation::read(&invite.request, gateway.faults);
    let offer = Offer::read(&invite.request);
    home_data::read_at_attempt(&gateway, &invitation.sender.number).await;
    let admission = match admit(&gateway, invitation, offer) {
        Ok(admission) => admission,
        Err(Denied::With(refusal)) => return refuse(invite, &refusal),
        Err(Denied::InSilence) => return invite.ignore(),
    };
    let Admission {
        mut session,
        outcome,
        offer,
    } = admission;
    let opened = match outcome {
        Outcome::Reject => {
            mark!("POL-02");
            if session.gateway.faults.is(Fault::SmOnReject) {
                let text = session.inviting_text();
                session.submit(&text);
            }
            let refusal = Refusal::new(session.settings.reject_code);
            return refuse(invite, &refusal);
        }
        Outcome::Accept => {
            mark!("POL-01");
            if session.gateway.faults.is(Fault::InvitesBeforeAccepting) {
                let sent = session_sms::all(session.submit_inviting_message());
                tokio::time::timeout(Duration::from_secs(5), sent)
                    .await
                    .ok();
            }
            accept(&mut session, invite, &offer)
        }
        Outcome::Ask if session.gateway.faults.is(Fault::NeverInvites) => {
            accept(&mut session, invite, &offer)
        }
        Outcome::Ask => {
            mark!("POL-03");
            ask(&mut session, invite, &offer).await
        }
    };
    if let Some((dialog, msrp)) = opened {
        session = Box::pin(chat::serve(session, dialog, msrp, offer)).await;
    }
    quarantine(session).await;
}

fn refuse(invite: ServerInvite, refusal: &Refusal) {
    invite.reject(refusal.code, refusal.reason(), &refusal.headers, None);
}

/// Sends the 2xx with the SDP answer and opens the message session.
fn accept(
    session: &mut Session,
    invite: ServerInvite,
    offer: &Offer,
) -> Option<(Dialog, MsrpSession)> {
    mark!("ANS-02");
    let gateway = session.gateway.clone();
    mark!("SDP-03");
    let opened = if gateway.faults.is(Fault::SessionIdsCounted) {
        let id = format!("session-{:024}", session.id.0);
        gateway.agent.msrp().open_as(id)
    } else {
        gateway.agent.msrp().open()
    };
    let Ok(msrp) = opened else {
        refuse(invite, &Refusal::new(503).retry_after(10));
        return None;
    };
    msrp.control.set_remote_path(offer.media.path.clone());
    let local = gateway.agent.msrp_address();
    let path = msrp.control.local_path();
    let body = offer.answer(local, path, session.id.0, gateway.faults);
    let sender = &session.invitation.sender;
    let mut headers = sender.response_headers(gateway.faults);
    if !session.sms_user.is_empty() {
        let identity = pager::asserted(&gateway, &session.sms_user);
        headers.push(("P-Asserted-Identity".into(), identity));
    }
    mark!("FT-02");
    mark!("FT-07");
    let answer = Answer {
        contact_user: session.sms_user.clone(),
        contact_params: match gateway.faults.is(Fault::ContactWithoutFeatureTag) {
            true => String::new(),
            false => format!(";{SESSION_FEATURE}"),
        },
        headers,
        without_record_route: gateway.faults.is(Fault::RecordRouteLost),
        forgets_route: gateway.faults.is(Fault::RouteNotFollowed),
        body: Some(body).filter(|_| !gateway.faults.is(Fault::AcceptsWithoutSdp)),
        ..Answer::default()
    };
    match invite.accept(answer) {
        Ok(dialog) => Some((dialog, msrp)),
        Err(error) => {
            tracing::debug!(%error, "the invitation was gone before it could be accepted");
            None
        }
    }
}

/// How waiting for the SMS user ends.
enum Waited {
    Accepted,
    Refused(Refusal),
    Cancelled,
}

/// Sends the inviting message and turns what comes of it into the final response.
async fn ask(
    session: &mut Session,
    invite: ServerInvite,
    offer: &Offer,
) -> Option<(Dialog, MsrpSession)> {
    session.set_state(State::Waiting);
    if session.gateway.faults.is(Fault::AnswersBeforeTheSmsUser) {
        let opened = accept(session, invite, offer);
        // Long enough that an observer does not take the two for the other order, short enough to be one event.
        tokio::time::sleep(Duration::from_millis(8)).await;
        session.submit_inviting_message();
        return opened;
    }
    let submissions = session.submit_inviting_message();
    match wait(session, &invite, submissions).await {
        Waited::Accepted => accept(session, invite, offer),
        Waited::Refused(refusal) => {
            refuse(invite, &refusal);
            None
        }
        Waited::Cancelled => {
            mark!("INV-14");
            invite.ignore();
            None
        }
    }
}

type Submitting = Pin<Box<dyn Future<Output = Result<Vec<ReportReference>, SubmitFailure>> + Send>>;

async fn wait(
    session: &mut Session,
    invite: &ServerInvite,
    submissions: Vec<Submission>,
) -> Waited {
    let faults = session.gateway.faults;
    let answer_time = Duration::from_secs_f64(session.settings.answer_seconds);
    let mut deadline = Instant::now() + answer_time;
    let mut submitting: Option<Submitting> = Some(Box::pin(session_sms::all(submissions)));
    // The first one goes out before anything can come of the short message.
    let mut next_provisional = provisional(session, invite);
    let mut repeats = 0;
    loop {
        tokio::select! {
            () = invite.cancelled() => return Waited::Cancelled,
            () = sleep_until(next_provisional) => next_provisional = provisional(session, invite),
            result = pending(&mut submitting), if submitting.is_some() => {
                submitting = None;
                if let Err(error) = result && !faults.is(Fault::IgnoresSubmissionFailure) {
                    tracing::info!(%error, "the inviting message was not accepted");
                    return Waited::Refused(failure::of_submission(error));
                }
            }
            () = sleep_until(deadline) => match timed_out(session) {
                Some(waited) => return waited,
                None => deadline += Duration::from_secs(86_400),
            },
            count = invite.retransmitted(repeats) => {
                repeats = count;
                mark!("INV-15");
                if faults.is(Fault::InvitesAgainOnRetransmission) {
                    session.submit_inviting_message();
                }
            }
            Some(message) = session.inbox.recv() => {
                if let Some(waited) = answered(session, message, &mut deadline, answer_time) {
                    return waited;
                }
            }
        }
    }
}

/// Tells the caller that the answer is awaited. Gives the time to say so again.
fn provisional(session: &Session, invite: &ServerInvite) -> Instant {
    mark!("INV-10");
    let faults = session.gateway.faults;
    let never = Instant::now() + Duration::from_secs(86_400);
    if faults.is(Fault::NoProvisional) {
        return never;
    }
    let sender = &session.invitation.sender;
    let headers = sender.response_headers(faults);
    invite.provisional(183, reason(183), &headers, None);
    if faults.is(Fault::NoProvisionalRefresh) {
        return never;
    }
    // An interval of nothing would be a storm of responses.
    let refresh = Duration::from_secs_f64(session.settings.provisional_refresh_seconds);
    Instant::now() + refresh.max(Duration::from_millis(50))
}

async fn pending(
    submitting: &mut Option<Submitting>,
) -> Result<Vec<ReportReference>, SubmitFailure> {
    match submitting {
        Some(submitting) => submitting.await,
        None => std::future::pending().await,
    }
}

/// No answer in time counts as rejected.
fn timed_out(session: &Session) -> Option<Waited> {
    mark!("INV-11");
    let faults = session.gateway.faults;
    if faults.is(Fault::NoAnswerTimeout) {
        return None;
    }
    if faults.is(Fault::AcceptsOnTimeout) {
        return Some(Waited::Accepted);
    }
    let code = session.settings.no_answer_code;
    Some(Waited::Refused(Refusal::new(code)))
}

/// What the SMS user's message means for the invitation; `None` = go on waiting.
fn answered(
    session: &mut Session,
    message: ShortMessage,
    deadline: &mut Instant,
    answer_time: Duration,
) -> Option<Waited> {
    mark!("ANS-01");
    let faults = session.gateway.faults;
    let mut said = meaning(&message.text, &session.settings.keywords, faults);
    mark!("ANS-08");
    if faults.is(Fault::AnswerNotAcknowledged) {
        message.answer.withhold();
    } else {
        message.answer.give(Handover::Taken);
    }
    if faults.is(Fault::AnswerInverted) {
        said = match said {
            Meaning::Accept => Meaning::Reject,
            Meaning::Reject => Meaning::Accept,
            other => other,
        };
    }
    if said == Meaning::Content && faults.is(Fault::UnrecognisedTextRejects) {
        said = Meaning::Reject;
    }
    match said {
        Meaning::Accept => {
            mark!("ANS-05");
            if faults.is(Fault::KeywordRelayed) {
                session.relayed_first.push_back(message.text);
            }
            Some(Waited::Accepted)
        }
        Meaning::Reject | Meaning::Leave => {
            mark!("ANS-03");
            let code = if faults.is(Fault::RejectsWith500) {
                500
            } else {
                session.settings.reject_code
            };
            Some(Waited::Refused(Refusal::new(code)))
        }
        Meaning::Content => {
            mark!("ANS-07");
            if !session.helped && !faults.is(Fault::NoHelpMessage) {
                session.helped = true;
                let text = session.help_text();
                session.submit(&text);
            }
            if faults.is(Fault::HelpRestartsTimer) {
                *deadline = Instant::now() + answer_time;
            }
            None
        }
    }
}

/// The session is over but its number is not yet free: what still arrives for it is acknowledged and goes no further.
async fn quarantine(mut session: Session) {
    mark!("INV-12");
    mark!("ADR-09");
    let Some(until) = session.release_number() else {
        return;
    };
    // Numbers bounds its pairs in quarantine; what waits here for their late messages is bounded alike.
    let known = locked(&session.gateway.sessions).len();
    if known
        > session
            .gateway
            .max_sessions
            .saturating_add(MOST_QUARANTINED)
    {
        return;
    }
    session.set_state(State::Quarantine);
    while let Ok(Some(message)) = tokio::time::timeout_at(until, session.inbox.recv()).await {
        super::late::receive(&mut session, message).await;
    }
}
