//! Request-URIs and addresses of IMS: sip:, sips:, tel: (RFC 3966), urn:, with IPv6 references.
//! It reads what one URI says; whether that URI may stand where it stands is for `check.rs` and for the judges.
//! More than 400 lines: what is read and the two forms it is kept in, borrowed and owned, belong together.
use super::grammar;
use crate::wire::Malformed;

const SIP: &str = "RFC 3261 section 25.1";
const TEL: &str = "RFC 3966 section 3";
const MAX_PARAMS: usize = 512;

/// A parsed URI that prints back as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    /// `sip`, `sips`, `tel`, `urn`, or another scheme, in lower case.
    pub scheme: String,
    /// User part without password (sip), number (tel), or all after the scheme (others).
    pub user: Option<String>,
    /// Host without brackets; empty for tel and urn.
    pub host: String,
    pub port: Option<u16>,
    /// Parameters in order, names in lower case.
    pub params: Vec<(String, Option<String>)>,
    /// Everything after `?`, verbatim.
    pub headers: Option<String>,
    pub(super) original: String,
}

/// The same as it lies in a message, of which nothing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipUriRef<'a> {
    /// The whole URI.
    pub text: &'a str,
    /// The scheme as sent.
    pub scheme: &'a str,
    pub user: Option<&'a str>,
    pub host: &'a str,
    pub port: Option<u16>,
    /// Everything from the first parameter to the end or to `?`.
    params: Option<&'a str>,
    pub headers: Option<&'a str>,
}

impl<'a> SipUriRef<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if let Some(at) = text.bytes().position(|o| !URI[usize::from(o)]) {
            return Err(Malformed::new(at, "an octet that a URI may hold", SIP));
        }
        let Some((scheme, rest)) = cut(text, b':') else {
            return Err(Malformed::new(0, "a URI scheme and a colon", SIP));
        };
        let scheme_is_right = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'-' | b'.'));
        if !scheme_is_right {
            return Err(Malformed::new(0, "a URI scheme", SIP));
        }
        let mut uri = Self {
            text,
            scheme,
            user: None,
            host: "",
            port: None,
            params: None,
            headers: None,
        };
        let at = scheme.len() + 1;
        if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
            uri.read_sip(rest, at)?;
        } else if scheme.eq_ignore_ascii_case("tel") {
            uri.read_tel(rest, at)?;
        } else if rest.is_empty() {
            return Err(Malformed::new(at, "something after the scheme", SIP));
        } else {
            uri.user = Some(rest);
        }
        Ok(uri)
    }

    fn read_sip(&mut self, rest: &'a str, at: usize) -> Result<(), Malformed> {
        check_escapes(rest, at)?;
        let (userinfo, tail) = match cut(rest, b'@') {
            Some((userinfo, tail)) => (Some(userinfo), tail),
            None => (None, rest),
        };
        if let Some(userinfo) = userinfo {
            let user = cut(userinfo, b':').map_or(userinfo, |(user, _)| user);
            if user.is_empty() || !user.bytes().all(|o| USER[usize::from(o)]) {
                return Err(Malformed::new(at, "a user part", SIP));
            }
            self.user = Some(user);
        }
        let at = at + userinfo.map_or(0, |u| u.len() + 1);
        let (tail, headers) = match cut(tail, b'?') {
            Some((tail, headers)) => (tail, Some(headers)),
            None => (tail, None),
        };
        self.headers = headers;
        let (hostport, params) = match cut(tail, b';') {
            Some((hostport, params)) => (hostport, Some(params)),
            None => (tail, None),
        };
        (self.host, self.port) = host_and_port(hostport, at)?;
        self.read_params(params, at + hostport.len() + 1, SIP)
    }

    fn read_tel(&mut self, rest: &'a str, at: usize) -> Result<(), Malformed> {
        let (number, params) = match rest.split_once(';') {
            Some((number, params)) => (number, Some(params)),
            None => (rest, None),
        };
        let (digits, allowed): (&str, &[u8]) = match number.strip_prefix('+') {
            Some(digits) => (digits, b"0123456789-.()"),
            None => (number, b"0123456789abcdefABCDEF*#-.()"),
        };
        let wrong = digits.bytes().position(|o| !allowed.contains(&o));
        if let Some(wrong) = wrong {
            let at = at + number.len() - digits.len() + wrong;
            return Err(Malformed::new(at, "a digit or a visual separator", TEL));
        }
        if !digits.bytes().any(|o| !b"-.()".contains(&o)) {
            return Err(Malformed::new(at, "a telephone number", TEL));
        }
        self.user = Some(number);
        self.read_params(params, at + number.len() + 1, TEL)
    }

    fn read_params(
        &mut self,
        text: Option<&'a str>,
        at: usize,
        clause: &'static str,
    ) -> Result<(), Malformed> {
        self.params = text;
        for (count, (name, _)) in self.params().enumerate() {
            if name.is_empty() || count >= MAX_PARAMS {
                return Err(Malformed::new(at, "a URI parameter", clause));
            }
        }
        Ok(())
    }

    /// Parameters in order, names as sent.
    pub fn params(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        let parts = self.params.map(|text| text.split(';'));
        let parts = parts.into_iter().flatten();
        parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        })
    }
}

impl From<SipUriRef<'_>> for SipUri {
    fn from(read: SipUriRef<'_>) -> Self {
        let params = read.params();
        Self {
            scheme: read.scheme.to_ascii_lowercase(),
            user: read.user.map(str::to_owned),
            host: read.host.to_owned(),
            port: read.port,
            params: params
                .map(|(name, value)| (name.to_ascii_lowercase(), value.map(str::to_owned)))
                .collect(),
            headers: read.headers.map(str::to_owned),
            original: read.text.to_owned(),
        }
    }
}

impl SipUri {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        SipUriRef::parse(text).map(Self::from)
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        grammar::param(&self.params, name)
    }
    pub fn has_param(&self, name: &str) -> bool {
        grammar::has_param(&self.params, name)
    }
    pub fn as_str(&self) -> &str {
        &self.original
    }
    /// User part with `%` escapes resolved (bad UTF-8 becomes U+FFFD).
    pub fn user_decoded(&self) -> Option<String> {
        self.user.as_deref().map(unescape)
    }
    /// The same URI in the form that equal ones share, but for the order of their parameters: scheme and host in lower case, no escapes
    /// of what needs none (RFC 3261 section 19.1.4), no visual separators (RFC 3966 section 4).
    pub fn canonical(&self) -> String {
        let rest = self.original.split_once(':').map_or("", |(_, rest)| rest);
        match self.scheme.as_str() {
            "sip" | "sips" => {
                let (user, tail) = match rest.split_once('@') {
                    Some((user, tail)) => (format!("{}@", plainly_escaped(user)), tail),
                    None => (String::new(), rest),
                };
                let end = tail.find([';', '?']).unwrap_or(tail.len());
                let (host, behind) = tail.split_at(end);
                let host = host.to_ascii_lowercase();
                format!("{}:{user}{host}{behind}", self.scheme)
            }
            "tel" => {
                let end = rest.find(';').unwrap_or(rest.len());
                let (number, behind) = rest.split_at(end);
                format!("tel:{}{behind}", number.replace(['-', '.', '(', ')'], ""))
            }
            _ => self.original.clone(),
        }
    }
    /// The E.164 number this URI names (see [`number_of`]).
    pub fn number(&self) -> Option<String> {
        let user = self.user_decoded()?;
        let number = match self.scheme.as_str() {
            "tel" => user.as_str(),
            "sip" | "sips" => user.split(';').next().unwrap_or_default(),
            _ => return None,
        };
        let digits = number.strip_prefix('+')?;
        let mut out = String::from("+");
        for c in digits.chars() {
            match c {
                '0'..='9' => out.push(c),
                '-' | '.' | '(' | ')' => {}
                _ => return None,
            }
        }
        (out.len() > 1).then_some(out)
    }
}

impl std::fmt::Display for SipUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.original)
    }
}

/// Without escapes of characters that are not reserved; those that stay have capital digits.
fn plainly_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3).unwrap_or(&rest[at..]);
        let plain = unescape(escape);
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c);
        match plain.len() == 1 && plain.chars().all(unreserved) {
            true => out.push_str(&plain),
            false => out.push_str(&escape.to_ascii_uppercase()),
        }
        rest = &rest[at + escape.len()..];
    }
    out + rest
}

/// Resolves `%HH` escapes; a broken escape stays as it is.
pub fn unescape(text: &str) -> String {
    let octets = text.as_bytes();
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    while at < octets.len() {
        let hex = |o: Option<&u8>| o.and_then(|o| char::from(*o).to_digit(16));
        match (octets[at], hex(octets.get(at + 1)), hex(octets.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (octet, ..) => {
                out.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Which octets there may be in a URI.
const URI: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = b'!';
    while octet <= b'~' {
        table[octet as usize] = !matches!(
            octet,
            b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        );
        octet += 1;
    }
    table
};

/// Which there may be in its user part.
const USER: [bool; 256] = {
    let (mut table, others) = ([false; 256], b"-_.!~*'()%&=+$,;?/#");
    let mut octet = b'0';
    while octet <= b'z' {
        table[octet as usize] = octet.is_ascii_alphanumeric();
        octet += 1;
    }
    let mut place = 0;
    while place < others.len() {
        table[others[place] as usize] = true;
        place += 1;
    }
    table
};

/// What stands before and behind the first such octet, which is ASCII.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|octet| octet == at)?;
    Some((&text[..at], &text[at + 1..]))
}

fn check_escapes(text: &str, at: usize) -> Result<(), Malformed> {
    let octets = text.as_bytes();
    if memchr::memchr(b'%', octets).is_none() {
        return Ok(());
    }
    for (i, octet) in octets.iter().enumerate() {
        let is_hex = |o: Option<&u8>| o.is_some_and(u8::is_ascii_hexdigit);
        if *octet == b'%' && !(is_hex(octets.get(i + 1)) && is_hex(octets.get(i + 2))) {
            return Err(Malformed::new(
                at + i,
                "two hexadecimal digits after `%`",
                SIP,
            ));
        }
    }
    Ok(())
}

/// `hostport`: the host without brackets, and the port.
pub(super) fn host_and_port(text: &str, at: usize) -> Result<(&str, Option<u16>), Malformed> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else {
            return Err(Malformed::new(at, "`]` after an IPv6 address", SIP));
        };
        if !is_ipv6(host) {
            return Err(Malformed::new(at + 1, "an IPv6 address", SIP));
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return Err(Malformed::new(at, "`:` and a port after `]`", SIP)),
            port => port,
        };
        (host, port)
    } else {
        match cut(text, b':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let allowed = |o: u8| o.is_ascii_alphanumeric() || matches!(o, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(allowed) {
        return Err(Malformed::new(at, "a host name or address", SIP));
    }
    let port = port.map(|digits| port_of(digits, at)).transpose()?;
    Ok((host, port))
}

pub(super) fn port_of(digits: &str, at: usize) -> Result<u16, Malformed> {
    if digits.is_empty() || !digits.bytes().all(|o| o.is_ascii_digit()) {
        return Err(Malformed::new(at, "a port number", SIP));
    }
    let port = digits.parse();
    port.map_err(|_| Malformed::new(at, "a port up to 65535", SIP))
}

/// An IPv6 address. RFC 5118 section 4.10: three colons, which RFC 3261 allows by mistake before an IPv4 tail, are to be understood.
pub(super) fn is_ipv6(text: &str) -> bool {
    let parses = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    parses(text) || (text.contains(":::") && parses(&text.replacen(":::", "::", 1)))
}

/// The E.164 number a URI names, as `+` and digits with visual separators removed: `tel:+44...`, `sip:+44...@host;user=phone`, or a
/// sip URI whose user part is `+` and digits. `None` if the URI names no global number.
pub fn number_of(uri: &str) -> Option<String> {
    SipUri::parse(uri.trim()).ok()?.number()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_every_component_of_a_sip_uri() {
        let uri = SipUri::parse(
            "SIP:al%69ce;day=tue:secret@example.com:5070;Transport=tcp;lr?Subject=a%20b&x=y",
        )
        .unwrap();
        assert_eq!(uri.scheme, "sip");
        assert_eq!(uri.user.as_deref(), Some("al%69ce;day=tue"));
        assert_eq!(uri.user_decoded().as_deref(), Some("alice;day=tue"));
        assert_eq!((uri.host.as_str(), uri.port), ("example.com", Some(5070)));
        assert_eq!(uri.param("transport"), Some("tcp"));
        assert!(uri.has_param("LR") && uri.param("lr").is_none());
        assert_eq!(uri.headers.as_deref(), Some("Subject=a%20b&x=y"));
        assert!(uri.as_str().starts_with("SIP:al%69ce"));
    }

    #[test]
    fn reads_ipv6_references_and_refuses_bare_ipv6() {
        let uri = SipUri::parse("sip:[2001:db8::9]:5060;lr").unwrap();
        assert_eq!((uri.host.as_str(), uri.port), ("2001:db8::9", Some(5060)));
        let inside = SipUri::parse("sip:[2001:db8::9:5060]").unwrap();
        assert_eq!(inside.port, None);
        assert!(SipUri::parse("sip:[2001:db8:::192.0.2.9]").is_ok());
        for wrong in [
            "sip:2001:db8::9",
            "sip:[2001:db8::9",
            "sip:[no]",
            "sip:[::1]x",
            "sip:h:99999",
        ] {
            assert!(SipUri::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn gives_equal_uris_one_form() {
        let canonical = |uri: &str| SipUri::parse(uri).unwrap().canonical();
        for uri in [
            "sip:room-b1@conf.example;lr",
            "SiP:r%6fom-b1@CONF.example;lr",
            "sip:room%2Db1@conf.Example;lr",
        ] {
            assert_eq!(canonical(uri), "sip:room-b1@conf.example;lr");
        }
        assert_eq!(canonical("sip:a%2fb@h"), "sip:a%2Fb@h");
        assert_ne!(canonical("sip:A@h"), canonical("sip:a@h"));
        assert_eq!(canonical("tel:+44-20.7946;ext=1"), "tel:+44207946;ext=1");
        assert_eq!(canonical("urn:service:sos"), "urn:service:sos");
    }

    #[test]
    fn reads_tel_uris_with_separators_and_context() {
        let uri = SipUri::parse("tel:+44-20-(7946).0018;ext=22").unwrap();
        assert_eq!(uri.user.as_deref(), Some("+44-20-(7946).0018"));
        assert_eq!(uri.number().as_deref(), Some("+442079460018"));
        assert_eq!(uri.param("ext"), Some("22"));
        let local = SipUri::parse("tel:7042;phone-context=example.com").unwrap();
        assert_eq!(local.param("phone-context"), Some("example.com"));
        assert_eq!(local.number(), None);
        for wrong in ["tel:", "tel:+", "tel:--", "tel:+44x"] {
            assert!(SipUri::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn finds_the_number_a_uri_names() {
        let number = Some("+442079460018");
        for uri in [
            "tel:+442079460018",
            "sip:+442079460018@ims.example;user=phone",
            "sip:+44-2079460018@ims.example",
            "sip:%2B442079460018;phone-context=x@ims.example",
        ] {
            assert_eq!(number_of(uri).as_deref(), number, "{uri}");
        }
        for uri in [
            "sip:alice@ims.example",
            "urn:service:sos",
            "sip:442@h;user=phone",
            "",
        ] {
            assert_eq!(number_of(uri), None, "{uri}");
        }
    }

    #[test]
    fn keeps_other_schemes_whole_and_refuses_what_no_uri_holds() {
        let urn = SipUri::parse("urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session").unwrap();
        assert_eq!(
            urn.user.as_deref(),
            Some("urn-7:3gpp-service.ims.icsi.oma.cpm.session")
        );
        assert!(urn.host.is_empty());
        for wrong in [
            "",
            "sip",
            "sip:",
            "sip:@h",
            "sip:a b@h",
            "<sip:a@h>",
            "1x:y",
            "sip:a%g0@h",
            "sip:a@h;",
            "sip:a@b@c",
        ] {
            assert!(SipUri::parse(wrong).is_err(), "{wrong}");
        }
    }
}
