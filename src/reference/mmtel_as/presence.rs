//! The presence the barring rules ask for: what a user has published (RFC 3903) of his activities (RFC 4480).
//!
//! It stands for a presence server as far as `presence-status` goes: nobody can subscribe here.
use super::registrations::user_key;
use crate::reference::proxy::Response;
use crate::wire::sip::SipMessage;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const RPID: &str = "urn:ietf:params:xml:ns:pidf:rpid";
/// Lifetime of a publication that names none, RFC 3903 section 6.
const EXPIRES: u64 = 3_600;

/// One publication: event state with its tag.
#[derive(Debug, Clone)]
struct Publication {
    etag: String,
    activities: Vec<String>,
    until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<HashMap<String, Vec<Publication>>>);

impl Presence {
    /// The activities of all publications in force.
    pub(super) fn activities(&self, user: &str) -> Vec<String> {
        let now = Instant::now();
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let publications = table.get(&user_key(user)).into_iter().flatten();
        publications
            .filter(|publication| publication.until > now)
            .flat_map(|publication| publication.activities.clone())
            .collect()
    }

    /// Answers a PUBLISH: initial, refresh, modify or remove (RFC 3903 section 6).
    pub(super) fn publish(&self, request: &SipMessage, token: String) -> Response {
        let event = request.header("Event").unwrap_or_default();
        if !event
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("presence")
        {
            return Response::new(489, "Bad Event").with("Allow-Events", "presence");
        }
        let expires = request
            .header("Expires")
            .and_then(|value| value.trim().parse().ok());
        let seconds: u64 = expires.unwrap_or(EXPIRES).min(EXPIRES);
        let user = user_key(request.uri().unwrap_or_default());
        let state = request
            .body_of("application/pidf+xml")
            .map(|body| activities(&body));
        let now = Instant::now();
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let publications = table.entry(user).or_default();
        publications.retain(|publication| publication.until > now);
        let mut fresh = Publication {
            etag: token,
            activities: Vec::new(),
            until: now + Duration::from_secs(seconds),
        };
        if let Some(etag) = request.header("SIP-If-Match").map(str::trim) {
            let Some(index) = publications.iter().position(|p| p.etag == etag) else {
                return Response::new(412, "Conditional Request Failed");
            };
            fresh.activities = publications.remove(index).activities;
        }
        fresh.activities = match state {
            Some(Some(state)) => state,
            Some(None) => return Response::new(400, "Malformed Presence Document"),
            None => fresh.activities,
        };
        let answer = Response::new(200, "OK")
            .with("SIP-ETag", fresh.etag.clone())
            .with("Expires", seconds.to_string());
        if seconds > 0 {
            publications.push(fresh);
        }
        answer
    }
}

/// Names of the elements in `activities`; `None` if the document is not well-formed.
fn activities(body: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let lists = document
        .descendants()
        .filter(|node| node.has_tag_name((RPID, "activities")));
    let named = lists
        .flat_map(|list| list.children())
        .filter(|node| node.is_element() && node.tag_name().name() != "note");
    Some(
        named
            .map(|node| node.tag_name().name().to_owned())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MEETING: &str = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:b@x\" \
        xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:r=\"urn:ietf:params:xml:ns:pidf:rpid\">\
        <dm:person id=\"p\"><r:activities><r:note>x</r:note><r:meeting/></r:activities></dm:person></presence>";

    fn publication(fields: &[(&str, &str)], body: Option<&str>) -> SipMessage {
        let mut request = SipMessage::request("PUBLISH", "sip:+441@home1.example");
        request.push("Event", "presence");
        for (name, value) in fields {
            request.push(name, value);
        }
        if let Some(body) = body {
            request.set_body("application/pidf+xml", body);
        }
        request
    }

    #[tokio::test]
    async fn keeps_refreshes_and_removes_what_is_published() {
        let presence = Presence::default();
        let code = |request: &SipMessage, token: &str| presence.publish(request, token.into()).code;
        assert_eq!(code(&publication(&[], Some(MEETING)), "a"), 200);
        assert_eq!(presence.activities("tel:+441"), ["meeting"]);
        assert_eq!(code(&publication(&[("SIP-If-Match", "x")], None), "b"), 412);
        assert_eq!(code(&publication(&[("SIP-If-Match", "a")], None), "b"), 200);
        assert_eq!(presence.activities("tel:+441"), ["meeting"]);
        let remove = publication(&[("SIP-If-Match", "b"), ("Expires", "0")], None);
        assert_eq!(code(&remove, "c"), 200);
        assert!(presence.activities("tel:+441").is_empty());
        assert_eq!(code(&publication(&[], Some("<x")), "d"), 400);
    }
}
