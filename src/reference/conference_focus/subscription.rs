//! The conference event package (RFC 4575 section 3, RFC 6665): subscriptions, and the NOTIFYs owed to each, one after the other.
use super::super::faults::Fault;
use super::super::user_agent::{Body, ServerRequest};
use super::departures;
use super::dialog::Shared;
use super::engine::{Engine, locked};
use super::policy::{Refusal, Requester, identity, is_focus};
use crate::wire::sip::SipMessage;
use crate::wire::xml::conference_info::CONFERENCE_INFO;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Expiry where none is asked for, and the longest granted (RFC 4575 section 3.4).
const EXPIRES: u32 = 3600;
/// The shortest granted.
const LEAST: u32 = 60;

/// What a subscriber has still to be told.
#[derive(Debug, Default)]
struct Owed {
    full: bool,
    users: BTreeSet<String>,
    /// The subscription ends, for this reason.
    end: Option<&'static str>,
}

pub(super) struct Subscription {
    pub(super) id: u64,
    pub(super) identity: String,
    dialog: Shared,
    event: String,
    version: u32,
    expires: Instant,
    owed: Owed,
    wake: Arc<Notify>,
}

impl Subscription {
    pub(super) fn owe_user(&mut self, shown: &str) {
        self.owed.users.insert(shown.to_owned());
        self.wake.notify_one();
    }

    pub(super) fn owe_end(&mut self, reason: &'static str) {
        self.owed.end.get_or_insert(reason);
        self.wake.notify_one();
    }

    fn owe_full(&mut self) {
        self.owed.full = true;
        self.wake.notify_one();
    }
}

/// The `id` parameter of an Event value belongs to its name here: both together tell subscriptions of one dialog apart.
fn package(event: &str) -> &str {
    event.split(';').next().unwrap_or_default().trim()
}

fn expires(request: &SipMessage) -> Result<u32, Refusal> {
    let asked = match request
        .header("Expires")
        .map(|text| text.trim().parse::<u32>())
    {
        None => EXPIRES,
        Some(Ok(seconds)) => seconds,
        Some(Err(_)) => return Err(Refusal::new(400, "Malformed Expires Header Field")),
    };
    if (1..LEAST).contains(&asked) {
        let refusal = Refusal::new(423, "Interval Too Brief");
        return Err(refusal.with("Min-Expires", LEAST.to_string()));
    }
    Ok(asked.min(EXPIRES))
}

fn acceptable(request: &SipMessage) -> bool {
    let accept = request.values("Accept");
    let media_type = |value: &&str| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase()
    };
    accept.is_empty()
        || accept
            .iter()
            .map(media_type)
            .any(|accepted| [CONFERENCE_INFO, "application/*", "*/*"].contains(&accepted.as_str()))
}

/// A NOTIFY that is to be sent.
struct Notification {
    dialog: Shared,
    headers: Vec<(String, String)>,
    body: Body,
    is_last: bool,
}

impl Engine {
    /// SUBSCRIBE, in a dialog or not.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        request: ServerRequest,
        dialog: Option<(String, Shared)>,
    ) {
        mark!("CF-21");
        match self.subscribed(&request, dialog) {
            Ok((conference, expires, start)) => {
                let headers = vec![
                    ("Contact".to_owned(), self.contact(&conference)),
                    ("Expires".to_owned(), expires.to_string()),
                ];
                request.respond(200, "OK", &headers, None);
                if let Some(id) = start {
                    let wake = self.wake_of(&conference, id);
                    self.spawn(notify(Arc::clone(self), conference, id, wake));
                }
            }
            Err(refusal) => {
                request.respond(refusal.code, &refusal.reason, &refusal.headers, None);
            }
        }
    }

    /// The conference, the expiry granted, and the subscription if it is a new one.
    fn subscribed(
        self: &Arc<Self>,
        request: &ServerRequest,
        dialog: Option<(String, Shared)>,
    ) -> Result<(String, u32, Option<u64>), Refusal> {
        let message = &request.request;
        let event = message.header("Event").unwrap_or_default().to_owned();
        if package(&event) != "conference" {
            return Err(Refusal::new(489, "Bad Event").with("Allow-Events", "conference"));
        }
        if !acceptable(message) {
            return Err(Refusal::new(406, "Not Acceptable"));
        }
        let seconds = expires(message)?;
        let until = Instant::now() + Duration::from_secs(seconds.into());
        let uri = match &dialog {
            Some((conference, _)) => conference.clone(),
            None => self.asked(message),
        };
        let limit = self.config.max_subscriptions;
        let mut state = locked(&self.state);
        let id = state.next_id();
        let conference = state.live(&uri).ok_or_else(Refusal::not_found)?;
        if let Some((_, dialog)) = &dialog
            && let Some(known) = conference
                .subscriptions
                .iter_mut()
                .find(|s| Arc::ptr_eq(&s.dialog, dialog) && s.event == event)
        {
            known.expires = until;
            known.owe_full();
            if seconds == 0 {
                known.owe_end("timeout");
            }
            return Ok((uri, seconds, None));
        }
        let key = dialog
            .as_ref()
            .map(|(_, dialog)| locked(dialog).key.clone());
        let who = conference.sender(key.as_ref(), identity(message));
        let requester = Requester {
            identity: &who,
            request: message,
            is_focus: is_focus(message),
        };
        self.policy
            .may_subscribe(requester, conference.about(&who))?;
        if conference.subscriptions.len() >= limit {
            return Err(Refusal::new(503, "Too Many Subscriptions").with("Retry-After", "60"));
        }
        let dialog = match dialog {
            Some((_, dialog)) => dialog,
            None => state.new_dialog(&uri, request),
        };
        let conference = state.live(&uri).ok_or_else(Refusal::not_found)?;
        let mut subscription = Subscription {
            id,
            identity: who,
            dialog,
            event,
            version: 0,
            expires: until,
            owed: Owed::default(),
            wake: Arc::default(),
        };
        subscription.owe_full();
        if seconds == 0 {
            subscription.owe_end("timeout");
        }
        conference.subscriptions.push(subscription);
        Ok((uri, seconds, Some(id)))
    }

    fn wake_of(&self, conference: &str, id: u64) -> Arc<Notify> {
        let mut state = locked(&self.state);
        state
            .subscription(conference, id)
            .map(|s| Arc::clone(&s.wake))
            .unwrap_or_default()
    }

    /// The NOTIFY owed.
    fn owed(&self, uri: &str, id: u64) -> Option<Notification> {
        let mut state = locked(&self.state);
        let conference = state.conferences.get_mut(uri)?;
        let place = conference.subscriptions.iter().position(|s| s.id == id)?;
        let subscription = &mut conference.subscriptions[place];
        let owed = std::mem::take(&mut subscription.owed);
        if !owed.full && owed.users.is_empty() && owed.end.is_none() {
            return None;
        }
        mark!("CF-22");
        subscription.version += 1;
        let version = subscription.version;
        let left = subscription
            .expires
            .saturating_duration_since(Instant::now());
        let state_value = match owed.end {
            Some("noresource") if self.faults.is(Fault::EndsWithTimeout) => {
                "terminated;reason=timeout".to_owned()
            }
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={}", left.as_secs()),
        };
        let (dialog, event) = (Arc::clone(&subscription.dialog), subscription.event.clone());
        let gone = conference.ended && owed.end == Some("noresource");
        let mut document = if gone {
            conference.deleted(version)
        } else if owed.full || owed.users.is_empty() {
            let subject = &self.policy.service().subject;
            conference.full(version, subject, self.config.max_participants)
        } else {
            conference.partial(version, &owed.users)
        };
        departures::misinform(self.faults, &mut document, id, place > 0);
        if owed.end.is_some() {
            conference.subscriptions.remove(place);
        }
        let headers = vec![
            ("Event".to_owned(), event),
            ("Subscription-State".to_owned(), state_value),
            ("Contact".to_owned(), self.contact(uri)),
        ];
        let body = Body {
            content_type: CONFERENCE_INFO.to_owned(),
            octets: document.to_octets(),
        };
        Some(Notification {
            dialog,
            headers,
            body,
            is_last: owed.end.is_some(),
        })
    }

    /// When the subscription runs out.
    fn runs_out(&self, conference: &str, id: u64) -> Option<Instant> {
        let mut state = locked(&self.state);
        state.subscription(conference, id).map(|s| s.expires)
    }

    fn forget_subscription(&self, uri: &str, id: u64) {
        let mut state = locked(&self.state);
        if let Some(conference) = state.conferences.get_mut(uri) {
            conference.subscriptions.retain(|s| s.id != id);
            if conference.ended && conference.subscriptions.is_empty() {
                state.conferences.remove(uri);
            }
        }
    }
}

fn tells_departure(body: &Body) -> bool {
    String::from_utf8_lossy(&body.octets).contains(">departed<")
}

/// Sends what is owed to one subscriber until the subscription is over.
async fn notify(engine: Arc<Engine>, conference: String, id: u64, wake: Arc<Notify>) {
    while let Some(end) = engine.runs_out(&conference, id) {
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep_until(end) => {
                let mut state = locked(&engine.state);
                if let Some(subscription) = state.subscription(&conference, id)
                    && subscription.expires <= Instant::now()
                {
                    subscription.owe_end("timeout");
                }
            }
        }
        while let Some(notification) = engine.owed(&conference, id) {
            let Notification {
                dialog,
                headers,
                body,
                is_last,
            } = notification;
            mark!("CF-22");
            if engine.faults.is(Fault::DepartureToldTwice) && tells_departure(&body) {
                let again = Some(body.clone());
                drop(engine.post(&dialog, "NOTIFY", &headers, again).await);
            }
            let answer = engine.post(&dialog, "NOTIFY", &headers, Some(body)).await;
            let refused = !matches!(&answer, Ok(response) if response.status() < Some(300));
            if refused || is_last {
                tracing::debug!(refused, conference, "subscription over");
                engine.forget_subscription(&conference, id);
                return;
            }
            mark!("CF-27");
            if !engine.faults.is(Fault::NotificationsUnpaced) {
                tokio::time::sleep(engine.config.notify_interval).await;
            }
        }
    }
    engine.forget_subscription(&conference, id);
}
