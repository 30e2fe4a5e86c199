//! One Via value, RFC 3261 section 20.42: sent-protocol, sent-by and parameters.
//! It reads; where a response goes (section 18.2.2) is for the peer that sends it.
use super::{grammar, uri};
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 3261 section 20.42";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `SIP/2.0`, as sent but for white space.
    pub protocol: String,
    /// `UDP`, `TCP` ... as sent.
    pub transport: String,
    /// Host of sent-by, without brackets.
    pub host: String,
    pub port: Option<u16>,
    /// Names in lower case, quotes of values removed.
    pub params: Vec<(String, Option<String>)>,
}

impl Via {
    /// Parses one value (split lists with `SipMessage::values`).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        let end = text.find(';').unwrap_or(text.len());
        let (head, params) = text.split_at(end);
        let mut slashes = head.splitn(3, '/').map(str::trim);
        let (name, version, rest) = match (slashes.next(), slashes.next(), slashes.next()) {
            (Some(name), Some(version), Some(rest)) => (name, version, rest),
            _ => return Err(Malformed::new(0, "`SIP/2.0/` and a transport", CLAUSE)),
        };
        let Some((transport, sent_by)) = rest.split_once(char::is_whitespace) else {
            return Err(Malformed::new(end, "a sent-by after the transport", CLAUSE));
        };
        for token in [name, version, transport] {
            if !grammar::is_token(token) {
                return Err(Malformed::new(0, "tokens in sent-protocol", CLAUSE));
            }
        }
        // White space may stand around the colon of sent-by, and nowhere else in it.
        let sent_by: String = match sent_by.rsplit_once(':') {
            Some((host, port)) => format!("{}:{}", host.trim(), port.trim()),
            None => sent_by.trim().to_owned(),
        };
        let (host, port) = uri::host_and_port(&sent_by, 0)
            .map_err(|wrong| Malformed::new(0, wrong.expected, CLAUSE))?;
        Ok(Self {
            protocol: format!("{name}/{version}"),
            transport: transport.to_owned(),
            host,
            port,
            params: grammar::params(params, CLAUSE)?,
        })
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        grammar::param(&self.params, name)
    }
    pub fn has_param(&self, name: &str) -> bool {
        grammar::has_param(&self.params, name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_sent_protocol_sent_by_and_parameters() {
        let via =
            Via::parse("SIP / 2.0 / UDP\t[2001:db8::9] : 5060 ;branch = z9hG4bKa;rport").unwrap();
        assert_eq!(
            (via.protocol.as_str(), via.transport.as_str()),
            ("SIP/2.0", "UDP")
        );
        assert_eq!((via.host.as_str(), via.port), ("2001:db8::9", Some(5060)));
        assert_eq!(via.param("branch"), Some("z9hG4bKa"));
        assert!(via.has_param("rport") && via.param("rport").is_none());
        let bare = Via::parse("SIP/2.0/TCP h.example;received=2001:db8::1").unwrap();
        assert_eq!(bare.param("received"), Some("2001:db8::1"));
    }

    #[test]
    fn refuses_a_via_without_transport_or_sent_by() {
        for wrong in [
            "",
            "SIP/2.0",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=x",
            "SIP/2.0/UDP a b",
        ] {
            assert!(Via::parse(wrong).is_err(), "{wrong}");
        }
    }
}
