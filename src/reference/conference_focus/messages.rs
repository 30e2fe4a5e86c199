//! MESSAGE to a conference (RFC 3428): everybody else who is in it gets a copy.
use super::super::user_agent::ServerRequest;
use super::engine::{Engine, locked};
use super::policy::{Refusal, Requester, identity, is_focus};
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
                for recipient in recipients {
                    let mut copy = self.outside_dialog("MESSAGE", uri, &recipient);
                    copy.push("P-Asserted-Identity", format!("<{uri}>"));
                    copy.push("Referred-By", format!("<{who}>"));
                    copy.set_body(&kind, body.clone());
                    let Some((to, transport)) = self.way_to(&mut copy) else {
                        continue;
                    };
                    let answer = self.agent.send(copy, to, transport, None);
                    self.spawn(async move {
                        if let Err(error) = answer.await {
                            tracing::debug!(%error, "message not delivered");
                        }
                    });
                }
            }
        }
    }

    fn recipients(
        &self,
        request: &ServerRequest,
        uri: &str,
        who: &str,
    ) -> Result<Vec<String>, Refusal> {
        let requester = Requester {
            identity: who,
            request: &request.request,
            is_focus: is_focus(&request.request),
        };
        let mut state = locked(&self.state);
        let conference = state.live(uri).ok_or_else(Refusal::not_found)?;
        self.policy
            .may_distribute(requester, conference.about(who))?;
        let mut recipients: Vec<String> = conference
            .legs
            .iter()
            .filter(|leg| leg.is_connected() && !leg.is_of(who))
            .map(|leg| leg.identity.clone())
            .collect();
        recipients.sort();
        recipients.dedup();
        Ok(recipients)
    }
}
