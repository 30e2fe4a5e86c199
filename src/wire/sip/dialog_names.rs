//! Header fields that name a dialog (Replaces of RFC 3891, Join of RFC 3911), Refer-To (RFC 3515), and the status line of a
//! `message/sipfrag` body (RFC 3420). Whether such a dialog exists is not asked here.
use super::{NameAddr, SipUri, unescape};
use crate::wire::Malformed;

/// The value of Replaces or Join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialogName {
    pub call_id: String,
    pub to_tag: String,
    pub from_tag: String,
    /// Replaces only: an early dialog is meant.
    pub early_only: bool,
}

impl DialogName {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = |expected: &str| Malformed::new(0, expected, "RFC 3891 section 6.1");
        let mut pieces = text.split(';');
        let mut name = Self {
            call_id: pieces.next().unwrap_or_default().trim().to_owned(),
            ..Self::default()
        };
        for piece in pieces {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            let value = value.trim().to_owned();
            match key.trim().to_ascii_lowercase().as_str() {
                "to-tag" => name.to_tag = value,
                "from-tag" => name.from_tag = value,
                "early-only" => name.early_only = true,
                _ => {}
            }
        }
        if name.call_id.is_empty() {
            return Err(wrong("a call-id"));
        }
        if name.to_tag.is_empty() || name.from_tag.is_empty() {
            return Err(wrong("a to-tag and a from-tag"));
        }
        Ok(name)
    }

    /// The value of the header field.
    pub fn value(&self) -> String {
        let early = if self.early_only { ";early-only" } else { "" };
        format!(
            "{};to-tag={};from-tag={}{early}",
            self.call_id, self.to_tag, self.from_tag
        )
    }
}

/// The value of Refer-To.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferTo {
    /// The URI without `method` and without header fields.
    pub uri: String,
    /// The `method` parameter; INVITE is meant where there is none.
    pub method: Option<String>,
    /// Header fields of the URI, their escapes undone.
    pub headers: Vec<(String, String)>,
}

impl ReferTo {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let address = NameAddr::parse(text)?;
        Ok(Self::of(&address.uri))
    }

    /// What a URI, of Refer-To or of a list of such, refers to.
    pub fn of(uri: &SipUri) -> Self {
        let text = uri.as_str();
        let (bare, headers) = match (uri.headers.is_some(), text.split_once('?')) {
            (true, Some((bare, headers))) => (bare, headers),
            _ => (text, ""),
        };
        let mut pieces = bare.split(';');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let name = piece.split('=').next().unwrap_or_default();
            if !name.eq_ignore_ascii_case("method") {
                out.push(';');
                out.push_str(piece);
            }
        }
        Self {
            uri: out,
            method: uri.param("method").map(str::to_ascii_uppercase),
            headers: headers
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (unescape(name), unescape(value))
                })
                .collect(),
        }
    }

    /// The first of those header fields with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of the header field, escaped.
    pub fn value(&self) -> String {
        format!("<{}>", self.to_uri())
    }

    /// The URI with its method and header fields.
    pub fn to_uri(&self) -> String {
        let mut out = self.uri.clone();
        if let Some(method) = &self.method {
            out.push_str(&format!(";method={method}"));
        }
        for (place, (name, value)) in self.headers.iter().enumerate() {
            let mark = if place == 0 { '?' } else { '&' };
            out.push_str(&format!("{mark}{}={}", escape(name), escape(value)));
        }
        out
    }
}

/// Escapes all but the unreserved characters of RFC 3261 section 25.1.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

/// The first line of a `message/sipfrag` body, if it is a status line: code and reason.
pub fn sipfrag_status(body: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next()?.trim_end();
    let rest = line.strip_prefix("SIP/2.0 ")?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let code: u16 = code.parse().ok()?;
    (100..700)
        .contains(&code)
        .then(|| (code, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_and_writes_the_name_of_a_dialog() {
        let text = "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only";
        let name = DialogName::parse(text).unwrap();
        assert_eq!((name.to_tag.as_str(), name.early_only), ("7743", true));
        assert_eq!(name.value(), text);
        for wrong in ["", "a", "a;to-tag=b", ";to-tag=a;from-tag=b"] {
            assert!(DialogName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn undoes_the_escapes_of_refer_to_and_makes_them_again() {
        let text = "<sip:bob@home1.example;method=INVITE?Replaces=12%40a%3Bto-tag%3Dx%3Bfrom-tag%3Dy&Require=replaces>";
        let read = ReferTo::parse(text).unwrap();
        assert_eq!(read.uri, "sip:bob@home1.example");
        assert_eq!(read.method.as_deref(), Some("INVITE"));
        assert_eq!(read.header("replaces"), Some("12@a;to-tag=x;from-tag=y"));
        assert_eq!(read.value(), text);
        let plain = ReferTo::parse("tel:+15550100001").unwrap();
        assert_eq!(
            (plain.uri.as_str(), plain.method),
            ("tel:+15550100001", None)
        );
    }

    #[test]
    fn reads_the_status_line_of_a_sipfrag_only() {
        let read = sipfrag_status(b"SIP/2.0 603 Decline\r\nTo: <sip:a@b>\r\n");
        assert_eq!(read, Some((603, "Decline".to_owned())));
        assert_eq!(sipfrag_status(b"SIP/2.0 100"), Some((100, String::new())));
        for wrong in [
            &b""[..],
            b"INVITE sip:a SIP/2.0",
            b"SIP/2.0 99 x",
            b"SIP/2.0 x",
        ] {
            assert_eq!(sipfrag_status(wrong), None);
        }
    }
}
