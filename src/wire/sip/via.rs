//! One Via value, RFC 3261 section 20.42: sent-protocol, sent-by and parameters.
//! It reads; where a response goes (section 18.2.2) is for the peer that sends it.
use super::grammar::{self, ParamsRef};
use super::uri;
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

/// The same as it lies in a message, of which nothing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViaRef<'a> {
    /// Name and version of the protocol, `SIP` and `2.0`.
    pub protocol: (&'a str, &'a str),
    pub transport: &'a str,
    /// Host of sent-by, without brackets.
    pub host: &'a str,
    pub port: Option<u16>,
    pub params: ParamsRef<'a>,
}

impl<'a> ViaRef<'a> {
    /// Parses one value (split lists with `SipMessage::values`).
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let text = grammar::trim(text);
        let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
        let (head, params) = text.split_at(end);
        let mut slashes = head.splitn(3, '/').map(grammar::trim);
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
        let (host, port) =
            sent_by_of(sent_by).map_err(|wrong| Malformed::new(0, wrong.expected, CLAUSE))?;
        Ok(Self {
            protocol: (name, version),
            transport,
            host,
            port,
            params: ParamsRef::parse(params, CLAUSE)?,
        })
    }
}

/// White space may stand around sent-by and around its colon, and nowhere else in it.
fn sent_by_of(text: &str) -> Result<(&str, Option<u16>), Malformed> {
    let text = grammar::trim(text);
    if !text.contains(char::is_whitespace) {
        return uri::host_and_port(text, 0);
    }
    let wrong = || Malformed::new(0, "a host name or address", CLAUSE);
    let (host, digits) = text.rsplit_once(':').ok_or_else(wrong)?;
    match uri::host_and_port(host.trim(), 0)? {
        (host, None) => Ok((host, Some(uri::port_of(digits.trim(), 0)?))),
        _ => Err(wrong()),
    }
}

impl From<ViaRef<'_>> for Via {
    fn from(read: ViaRef<'_>) -> Self {
        Self {
            protocol: format!("{}/{}", read.protocol.0, read.protocol.1),
            transport: read.transport.to_owned(),
            host: read.host.to_owned(),
            port: read.port,
            params: read.params.owned(),
        }
    }
}

impl Via {
    /// Parses one value (split lists with `SipMessage::values`).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        ViaRef::parse(text).map(Self::from)
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
