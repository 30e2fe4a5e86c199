//! Subscriptions that a referrer makes himself (RFC 7614 section 4): a REFER that requires explicitsub is answered with a URI at which what
//! becomes of it can be subscribed to.
use super::super::user_agent::ServerRequest;
use super::engine::{Engine, locked};
use super::policy::bare;
use super::refer::{EXPIRES, notify};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What is to be told of one REFER, from its first report.
pub(super) type Events = mpsc::UnboundedReceiver<(u16, String)>;

/// REFERs to whose events nobody has subscribed yet.
const MOST: usize = 1_000;

impl Engine {
    /// Keeps the events of a REFER; the URI they are told at, which nobody can guess.
    pub(super) fn keep_events(&self, events: Events) -> String {
        mark!("CF-10");
        let host = &self.policy.service().conference_host;
        let uri = format!("sip:refer-{}@{host}", self.agent.token());
        let kept = &mut locked(&self.state).refer_events;
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(bare(&uri), events);
        uri
    }

    /// SUBSCRIBE at such a URI; any other is given back.
    pub(super) fn subscribe_to_refer(
        self: &Arc<Self>,
        request: ServerRequest,
    ) -> Option<ServerRequest> {
        let message = &request.request;
        let event = message.header("Event").unwrap_or_default();
        let (uri, event) = (self.asked(message), event.trim().to_owned());
        let mut state = locked(&self.state);
        let events = match event.as_str() {
            "refer" => state.refer_events.remove(&uri),
            _ => None,
        };
        let Some(events) = events else {
            return Some(request);
        };
        let dialog = state.new_dialog(&uri, &request);
        drop(state);
        let contact = format!("<{uri}>");
        let headers = vec![
            ("Contact".to_owned(), contact.clone()),
            ("Expires".to_owned(), EXPIRES.to_string()),
        ];
        request.respond(200, "OK", &headers, None);
        self.spawn(notify(Arc::clone(self), dialog, event, contact, events));
        None
    }
}
