//! The topmost Via of a request (RFC 3261 section 18.2, RFC 3581): where its responses go and what is written into it.
use super::config::Transport;
use std::net::SocketAddr;

/// One Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reference) struct Via {
    pub(in crate::reference) host: String,
    pub(in crate::reference) port: Option<u16>,
    pub(in crate::reference) branch: Option<String>,
    /// `rport` without a value.
    pub(in crate::reference) wants_rport: bool,
}

/// Where a response goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reference) struct ResponseRoute {
    pub(in crate::reference) transport: Transport,
    /// UDP: the destination. TCP: the far end of the connection the request came on.
    pub(in crate::reference) flow: SocketAddr,
    /// TCP: where to connect if that connection is gone.
    pub(in crate::reference) sent_by: SocketAddr,
}

impl Via {
    pub(in crate::reference) fn parse(text: &str) -> Option<Self> {
        let mut slashes = text.splitn(3, '/');
        let name = slashes.next()?.trim();
        // Of whatever version: a request of another one is answered 505, and that response needs a way back.
        let version = slashes.next()?.trim();
        let rest = slashes.next()?.trim_start();
        if !name.eq_ignore_ascii_case("SIP") || version.is_empty() {
            return None;
        }
        let (_, rest) = rest.split_once(char::is_whitespace)?;
        let mut pieces = rest.split(';');
        let (host, port) = split_host(pieces.next()?.trim())?;
        let mut via = Via {
            host,
            port,
            branch: None,
            wants_rport: false,
        };
        for piece in pieces {
            let (name, value) = match piece.split_once('=') {
                Some((name, value)) => (name.trim(), value.trim()),
                None => (piece.trim(), ""),
            };
            if name.eq_ignore_ascii_case("branch") {
                via.branch = Some(value.to_string());
            } else if name.eq_ignore_ascii_case("rport") && value.is_empty() {
                via.wants_rport = true;
            }
        }
        Some(via)
    }

    /// RFC 3261 section 18.2.2 and RFC 3581 section 4.
    pub(in crate::reference) fn response_route(
        &self,
        transport: Transport,
        source: SocketAddr,
    ) -> ResponseRoute {
        let sent_by = SocketAddr::new(source.ip(), self.port.unwrap_or(5060));
        let flow = match transport {
            Transport::Udp if !self.wants_rport => sent_by,
            _ => source,
        };
        ResponseRoute {
            transport,
            flow,
            sent_by,
        }
    }

    /// The value with `received` and `rport` filled in, as the response carries it.
    pub(in crate::reference) fn stamped(text: &str, source: SocketAddr) -> String {
        let Some(via) = Via::parse(text) else {
            return text.to_string();
        };
        let same = via
            .host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip == source.ip());
        let mut pieces = text.split(';');
        let mut out = pieces.next().unwrap_or_default().trim_end().to_string();
        for piece in pieces {
            let name = piece.split('=').next().unwrap_or_default().trim();
            if name.eq_ignore_ascii_case("received") {
                continue;
            }
            if name.eq_ignore_ascii_case("rport") && via.wants_rport {
                out.push_str(&format!(";rport={}", source.port()));
                continue;
            }
            out.push(';');
            out.push_str(piece.trim());
        }
        if !same || via.wants_rport {
            out.push_str(&format!(";received={}", source.ip()));
        }
        out
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_host(text: &str) -> Option<(String, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(after) => {
            let (host, rest) = after.split_once(']')?;
            (host, rest.trim())
        }
        None => match text.find(':') {
            Some(at) => (text[..at].trim(), text[at..].trim()),
            None => (text, ""),
        },
    };
    if host.is_empty() {
        return None;
    }
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.trim().parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    Some((host.to_string(), port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn writes_received_and_rport_into_the_via() {
        let source = "127.0.0.1:4000".parse().unwrap();
        let text = "SIP/2.0/UDP host.example:5070;rport;branch=z9hG4bKa";
        assert_eq!(
            Via::stamped(text, source),
            "SIP/2.0/UDP host.example:5070;rport=4000;branch=z9hG4bKa;received=127.0.0.1"
        );
        let via = Via::parse(text).unwrap();
        assert_eq!(via.response_route(Transport::Udp, source).flow, source);
    }

    #[test]
    fn answers_to_the_sent_by_port_without_rport() {
        let source = "127.0.0.1:4000".parse().unwrap();
        let via = Via::parse("SIP / 2.0 / UDP 127.0.0.1 : 5070 ;branch=z9hG4bKa").unwrap();
        let route = via.response_route(Transport::Udp, source);
        assert_eq!(route.flow, "127.0.0.1:5070".parse().unwrap());
        let plain = "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa";
        assert_eq!(Via::stamped(plain, source), plain);
    }

    #[test]
    fn refuses_a_via_that_names_no_host() {
        for text in [
            "",
            "SIP/2.0",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=x",
            "SIP/2.0/UDP [::1",
        ] {
            assert_eq!(Via::parse(text), None, "{text}");
        }
    }
}
