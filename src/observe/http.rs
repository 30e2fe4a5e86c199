//! HTTP in a capture: requests with their responses, by connection and order (RFC 9112 section 9.3.2).
use super::{Direction, Fact, Observation, Trace};
use crate::wire::http::HttpMessage;
use std::net::SocketAddr;

/// A request and, if it has come, its response.
#[derive(Debug, Clone)]
pub struct HttpExchange<'t> {
    pub request: &'t HttpMessage,
    pub response: Option<&'t HttpMessage>,
    /// Of both, ascending.
    pub frames: Vec<u32>,
    /// Time of the response, or of the request.
    pub at: u64,
    ends: (SocketAddr, SocketAddr),
}

impl HttpExchange<'_> {
    /// 0 while there is no response.
    pub fn status(&self) -> u16 {
        let status = self.response.and_then(HttpMessage::status);
        status.unwrap_or_default()
    }

    /// `PUT 201`.
    pub fn describe(&self) -> String {
        let method = self.request.method().unwrap_or_default();
        match self.status() {
            0 => format!("{method} without response"),
            status => format!("{method} answered with {status}"),
        }
    }
}

/// All requests to the system, oldest first.
pub fn http_exchanges(trace: &Trace) -> Vec<HttpExchange<'_>> {
    let mut found: Vec<HttpExchange> = Vec::new();
    for seen in &trace.facts {
        let Fact::Http(message) = &seen.fact else {
            continue;
        };
        if message.method().is_some() && seen.direction != Direction::FromSystem {
            found.push(begun(seen, message));
        } else if message.status().is_some() {
            let open = found
                .iter_mut()
                .find(|one| one.response.is_none() && one.ends == (seen.to, seen.from));
            if let Some(open) = open {
                open.response = Some(message);
                open.frames.extend(&seen.frames);
                open.at = seen.at;
            }
        }
    }
    found
}

fn begun<'t>(seen: &'t Observation, message: &'t HttpMessage) -> HttpExchange<'t> {
    HttpExchange {
        request: message,
        response: None,
        frames: seen.frames.clone(),
        at: seen.at,
        ends: (seen.from, seen.to),
    }
}
