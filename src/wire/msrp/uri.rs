//! MSRP URIs and their comparison (RFC 4975 section 6).
//!
//! URI parameters other than the transport are read over; they take no part in comparison. Names are not resolved.
use std::fmt;
use std::net::IpAddr;

use crate::wire::Malformed;

const CLAUSE: &str = "RFC 4975 section 6";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsrpUri {
    pub secure: bool,
    pub user: Option<String>,
    /// An IPv6 address keeps its brackets.
    pub host: String,
    pub port: Option<u16>,
    pub session_id: Option<String>,
    pub transport: String,
}

impl MsrpUri {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| Malformed::new(0, "`msrp://` or `msrps://`", CLAUSE))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "msrp" => false,
            "msrps" => true,
            _ => return Err(Malformed::new(0, "`msrp` or `msrps`", CLAUSE)),
        };
        let start = scheme.len() + 3;
        if let Some(at) = text.find(|c: char| !c.is_ascii_graphic()) {
            return Err(Malformed::new(at, "a URI character", CLAUSE));
        }
        let (address, parameters) = rest.split_once(';').ok_or_else(|| {
            Malformed::new(text.len(), "`;` and a transport, such as `;tcp`", CLAUSE)
        })?;
        let transport = parameters.split(';').next().unwrap_or_default();
        if transport.is_empty() || !transport.bytes().all(|o| o.is_ascii_alphanumeric()) {
            let at = start + address.len() + 1;
            return Err(Malformed::new(at, "a transport, such as `tcp`", CLAUSE));
        }
        let (authority, session_id) = match address.split_once('/') {
            Some((_, "")) => {
                let at = start + address.len();
                return Err(Malformed::new(at, "a session-id after `/`", CLAUSE));
            }
            Some((authority, id)) => (authority, Some(id.to_owned())),
            None => (address, None),
        };
        if let Some(at) = session_id.as_deref().and_then(|id| id.find(not_session_id)) {
            let at = start + authority.len() + 1 + at;
            return Err(Malformed::new(at, "a session-id character", CLAUSE));
        }
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let (host, port) = host_and_port(host_port, start + authority.len() - host_port.len())?;
        Ok(Self {
            secure,
            user,
            host,
            port,
            session_id,
            transport: transport.to_owned(),
        })
    }

    /// Comparison of RFC 4975 section 6.1 (scheme and host case-insensitive, session-id exact, port exact, transport case-insensitive).
    pub fn same_as(&self, other: &Self) -> bool {
        self.secure == other.secure
            && same_host(&self.host, &other.host)
            && self.port == other.port
            && self.session_id == other.session_id
            && self.transport.eq_ignore_ascii_case(&other.transport)
    }
}

impl fmt::Display for MsrpUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "msrps://" } else { "msrp://" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(id) = &self.session_id {
            write!(f, "/{id}")?;
        }
        write!(f, ";{}", self.transport)
    }
}

fn not_session_id(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "-._~+=/".contains(c))
}

fn host_and_port(text: &str, at: usize) -> Result<(String, Option<u16>), Malformed> {
    let host_length = if text.starts_with('[') {
        text.find(']')
            .map(|end| end + 1)
            .ok_or_else(|| Malformed::new(at + text.len(), "`]` after an IPv6 address", CLAUSE))?
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, rest) = text.split_at(host_length);
    if host.is_empty() {
        return Err(Malformed::new(at, "a host", CLAUSE));
    }
    if host.starts_with('[') && address(host).is_none() {
        return Err(Malformed::new(at, "an IPv6 address in brackets", CLAUSE));
    }
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some(digits) if digits.bytes().all(|o| o.is_ascii_digit()) => digits.parse::<u16>().ok(),
        _ => None,
    };
    if port.is_none() && !rest.is_empty() {
        let at = at + host_length;
        return Err(Malformed::new(at, "`:` and a port up to 65535", CLAUSE));
    }
    Ok((host.to_owned(), port))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// Addresses are compared as addresses, names without regard to case and percent-encoding.
fn same_host(one: &str, other: &str) -> bool {
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => percent_decoded(one).eq_ignore_ascii_case(&percent_decoded(other)),
        _ => false,
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let octets = text.as_bytes();
    let mut decoded = Vec::with_capacity(octets.len());
    let mut at = 0;
    while at < octets.len() {
        let hex = octets
            .get(at + 1..at + 3)
            .filter(|_| octets[at] == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(hex.unwrap_or(octets[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    decoded
}
