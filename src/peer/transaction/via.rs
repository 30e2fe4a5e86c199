//! The topmost Via of RFC 3261 section 20.42 as transactions and responses need it.
//!
//! Reads one value and adds `received` and `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4). Everything else stays as sent.
use std::net::{IpAddr, SocketAddr};

use crate::wire::sip::SipMessage;

/// One Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP` ... in upper case.
    pub transport: String,
    /// Host of sent-by without brackets, in lower case.
    pub host: String,
    pub port: Option<u16>,
    params: Vec<(String, Option<String>)>,
    text: String,
}

impl Via {
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split(';');
        let head = pieces.next()?.trim();
        let split = head.rfind(char::is_whitespace)?;
        let transport = head[..split]
            .trim()
            .rsplit('/')
            .next()?
            .trim()
            .to_uppercase();
        let (host, port) = host_and_port(head[split..].trim())?;
        let params = pieces
            .map(|piece| match piece.split_once('=') {
                Some((name, value)) => (
                    name.trim().to_ascii_lowercase(),
                    Some(value.trim().to_owned()),
                ),
                None => (piece.trim().to_ascii_lowercase(), None),
            })
            .collect();
        Some(Self {
            transport,
            host,
            port,
            params,
            text: text.to_owned(),
        })
    }

    /// The topmost Via of a message.
    pub fn top(message: &SipMessage) -> Option<Self> {
        Self::parse(message.values("Via").first()?)
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(n, _)| n == name)?;
        value.as_deref()
    }

    fn has_param(&self, name: &str) -> bool {
        self.params.iter().any(|(n, _)| n == name)
    }

    pub fn branch(&self) -> Option<&str> {
        self.param("branch")
    }

    /// `host:port` with the default port filled in, for comparison.
    pub fn sent_by(&self) -> String {
        format!("{}:{}", self.host, self.port.unwrap_or(5060))
    }

    /// What a server writes into the Via of a request that came from `source`.
    pub fn stamped(&self, source: SocketAddr) -> String {
        let mut text = self.text.clone();
        let asks_rport = self.has_param("rport") && self.param("rport").is_none();
        if asks_rport {
            text = text
                .split(';')
                .map(|piece| {
                    if piece.trim().eq_ignore_ascii_case("rport") {
                        format!("rport={}", source.port())
                    } else {
                        piece.to_owned()
                    }
                })
                .collect::<Vec<_>>()
                .join(";");
        }
        let differs = self.host.parse::<IpAddr>().ok() != Some(source.ip());
        if (differs || asks_rport) && !self.has_param("received") {
            text.push_str(&format!(";received={}", source.ip()));
        }
        text
    }

    /// Where a response goes over an unreliable transport (RFC 3261 section 18.2.2, RFC 3581 section 4).
    pub fn reply_address(&self, source: SocketAddr) -> SocketAddr {
        if self.has_param("rport") {
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }
}

fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = rest.trim().strip_prefix(':').map(|p| p.trim().parse());
        return Some((host.to_ascii_lowercase(), port.transpose().ok()?));
    }
    match text.split_once(':') {
        Some((host, port)) => Some((
            host.trim().to_ascii_lowercase(),
            Some(port.trim().parse().ok()?),
        )),
        None if text.is_empty() => None,
        None => Some((text.to_ascii_lowercase(), None)),
    }
}

/// Writes `received` and `rport` into the topmost Via of a request that came from `source`.
pub fn stamp(request: &mut SipMessage, source: SocketAddr) {
    let mut values: Vec<String> = request
        .values("Via")
        .iter()
        .map(|v| (*v).to_owned())
        .collect();
    let Some(top) = values.first().and_then(|text| Via::parse(text)) else {
        return;
    };
    values[0] = top.stamped(source);
    request.remove("Via");
    for value in values.iter().rev() {
        request.push_front("Via", value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_sent_by_and_branch() {
        let via = Via::parse("SIP / 2.0 / UDP  Example.com:4000 ;branch=z9hG4bKa;rport").unwrap();
        assert_eq!(via.transport, "UDP");
        assert_eq!(via.sent_by(), "example.com:4000");
        assert_eq!(via.branch(), Some("z9hG4bKa"));
    }

    #[test]
    fn reads_an_ipv6_reference() {
        let via = Via::parse("SIP/2.0/TCP [2001:db8::1];branch=z9hG4bKb").unwrap();
        assert_eq!((via.host.as_str(), via.port), ("2001:db8::1", None));
    }

    #[test]
    fn fills_in_received_and_rport() {
        let via = Via::parse("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKc").unwrap();
        let source: SocketAddr = "192.0.2.1:7000".parse().unwrap();
        assert_eq!(
            via.stamped(source),
            "SIP/2.0/UDP 10.0.0.1:5060;rport=7000;branch=z9hG4bKc;received=192.0.2.1"
        );
        assert_eq!(via.reply_address(source), source);
    }

    #[test]
    fn answers_to_the_port_of_sent_by_without_rport() {
        let via = Via::parse("SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKc").unwrap();
        let source: SocketAddr = "192.0.2.1:7000".parse().unwrap();
        assert_eq!(
            via.reply_address(source),
            "192.0.2.1:5062".parse::<SocketAddr>().unwrap()
        );
        assert!(!via.stamped(source).contains("received"));
    }
}
