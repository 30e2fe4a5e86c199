//! MESSAGE to a conference (RFC 3428): everybody else who is in it gets a copy.
use super::super::user_agent::{Body, HeaderList, RequestError, ServerRequest};
use super::dialog::Shared;
use super::engine::{Engine, locked};
use super::policy::{Refusal, Requester, identity, is_focus};
use crate::wire::sip::SipMessage;
use std::sync::Arc;

impl Engine {
    /// MESSAGE, in a dialog or not.
    pub(super) fn distribute(self: &Arc<Self>, request: ServerRequest, uri: &str) {
        let message = &request.request;
        let who = identity(message);
        match self.recipients(&request, uri, &who) {
            Err(refusal) => {
                request.respond(refusal.code, &refusal.reason, &refusal.headers, None);
            }
            Ok(recipients) => {
                let (kind, body) = (
                    message
                        .header("Content-Type")
                        .unwrap_or_default()
                        .to_owned(),
                    message.body.clone(),
                );
                request.respond(202, "Accepted", &vec![], None);
                let body = Body {
                    content_type: kind,
                    octets: body,
                };
                for (recipient, dialog) in recipients {
                    self.copy_to(uri, &recipient, dialog, &who, body.clone());
                }
            }
        }
    }

    /// One copy: to the address-of-record through the core, where there is one, so that the recipient's services see it; else in the
    /// dialog with his endpoint.
    pub(super) fn copy_to(
        &self,
        uri: &str,
        recipient: &str,
        dialog: Option<Shared>,
        who: &str,
        body: Body,
    ) {
        let headers: HeaderList = vec![
            ("P-Asserted-Identity".to_owned(), format!("<{uri}>")),
            ("Referred-By".to_owned(), format!("<{who}>")),
        ];
        let mut copy = self.outside_dialog("MESSAGE", uri, recipient);
        let way = self.way_to(&mut copy);
        let delivered = |answer: Result<SipMessage, RequestError>| {
            if let Err(error) = answer {
                tracing::debug!(%error, "message not delivered");
            }
        };
        match (way, dialog) {
            (Some((to, transport)), _) => {
                for (name, value) in &headers {
                    copy.push(name, value);
                }
                copy.set_body(&body.content_type, body.octets);
                let answer = self.agent.send(copy, to, transport, None);
                self.spawn(async move { delivered(answer.await) });
            }
            (None, Some(dialog)) => {
                let answer = self.post(&dialog, "MESSAGE", &headers, Some(body));
                self.spawn(async move { delivered(answer.await) });
            }
            (None, None) => {}
        }
    }

    fn recipients(
        &self,
        request: &ServerRequest,
        uri: &str,
        who: &str,
    ) -> Result<Vec<(String, Option<Shared>)>, Refusal> {
        let requester = Requester {
            identity: who,
            request: &request.request,
            is_focus: is_focus(&request.request),
        };
        let mut state = locked(&self.state);
        let conference = state.live(uri).ok_or_else(Refusal::not_found)?;
        self.policy
            .may_distribute(requester, conference.about(who))?;
        let mut recipients: Vec<(String, Option<Shared>)> = conference
            .legs
            .iter()
            .filter(|leg| leg.is_connected() && !leg.is_of(who))
            .map(|leg| (leg.identity.clone(), leg.dialog.clone()))
            .collect();
        // One copy for each user, however many endpoints he has.
        recipients.sort_by(|a, b| a.0.cmp(&b.0));
        recipients.dedup_by(|a, b| a.0 == b.0);
        Ok(recipients)
    }
}
