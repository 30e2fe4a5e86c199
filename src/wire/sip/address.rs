//! name-addr and addr-spec with header parameters (From, To, Contact, Route, P-Asserted-Identity ...), RFC 3261 section 20.10.
//! It reads one value; lists are split by `SipMessage::values`. It does not know which parameters a header field may carry.
use super::grammar::{self, ParamsRef};
use super::{SipUri, SipUriRef};
use crate::wire::Malformed;

const CLAUSE: &str = "RFC 3261 section 20.10";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name without quotes.
    pub display: Option<String>,
    pub uri: SipUri,
    /// Header parameters (after `>`), names in lower case, quotes of values removed.
    pub params: Vec<(String, Option<String>)>,
}

/// The same as it lies in a message, of which nothing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddrRef<'a> {
    /// Display name as sent, with its quotes.
    pub display: Option<&'a str>,
    pub uri: SipUriRef<'a>,
    /// Header parameters (after `>`).
    pub params: ParamsRef<'a>,
}

impl<'a> NameAddrRef<'a> {
    /// Parses one value (no comma list; split with `SipMessage::values`).
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let lead = text.len() - text.trim_start().len();
        let text = grammar::trim(text);
        if grammar::has_open_quote(text) {
            return Err(Malformed::new(lead, "a closing quote", CLAUSE));
        }
        let shift = |mut wrong: Malformed, by: usize| {
            wrong.at += lead + by;
            wrong
        };
        let Some(open) = grammar::find_unquoted(text, b'<') else {
            return Self::bare(text).map_err(|wrong| shift(wrong, 0));
        };
        let before = text[..open].trim();
        // A `<` in a parameter's value belongs to that value: the address before it is bare.
        if before.contains(';') && !before.starts_with('"') {
            return Self::bare(text).map_err(|wrong| shift(wrong, 0));
        }
        let display = if before.starts_with('"') {
            Some(grammar::quoted(before, CLAUSE).map_err(|wrong| shift(wrong, 0))?)
        } else if before.contains([',', '"', '>']) {
            return Err(Malformed::new(lead, "a display name in quotes", CLAUSE));
        } else {
            (!before.is_empty()).then_some(before)
        };
        let Some(length) = memchr::memchr(b'>', &text.as_bytes()[open..]) else {
            return Err(Malformed::new(lead + text.len(), "`>`", CLAUSE));
        };
        let (inner, after) = (&text[open + 1..open + length], &text[open + length + 1..]);
        Ok(Self {
            display,
            uri: SipUriRef::parse(inner).map_err(|wrong| shift(wrong, open + 1))?,
            params: ParamsRef::parse(after, CLAUSE).map_err(|wrong| shift(wrong, open + length))?,
        })
    }

    /// addr-spec without brackets: everything after the first semicolon is header parameters, and `?` may not appear.
    fn bare(text: &'a str) -> Result<Self, Malformed> {
        let end = text.find(';').unwrap_or(text.len());
        let (uri, after) = text.split_at(end);
        if let Some(at) = uri.find(['?', ',']) {
            let expected = "angle brackets around a URI with `?` or `,`";
            return Err(Malformed::new(at, expected, CLAUSE));
        }
        Ok(Self {
            display: None,
            uri: SipUriRef::parse(uri.trim())?,
            params: ParamsRef::parse(after, CLAUSE)?,
        })
    }
}

impl From<NameAddrRef<'_>> for NameAddr {
    fn from(read: NameAddrRef<'_>) -> Self {
        Self {
            display: read
                .display
                .map(|text| grammar::unquoted(text).into_owned()),
            uri: read.uri.into(),
            params: read.params.owned(),
        }
    }
}

impl NameAddr {
    /// Parses one value (no comma list; split with `SipMessage::values`).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        NameAddrRef::parse(text).map(Self::from)
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
    fn reads_quoted_display_names_with_commas_brackets_and_escapes() {
        let who =
            NameAddr::parse("\"Doe, \\\"J\\\" <x>\" <sip:j@example.com;lr>;tag=a1 ; X = \"y;z\"")
                .unwrap();
        assert_eq!(who.display.as_deref(), Some("Doe, \"J\" <x>"));
        assert_eq!(who.uri.as_str(), "sip:j@example.com;lr");
        assert_eq!(who.param("TAG"), Some("a1"));
        assert_eq!(who.param("x"), Some("y;z"));
    }

    #[test]
    fn gives_parameters_of_an_address_without_brackets_to_the_header_field() {
        let who = NameAddr::parse("sip:j@example.com;tag=a1").unwrap();
        assert!(who.uri.params.is_empty());
        assert_eq!(who.param("tag"), Some("a1"));
        assert!(NameAddr::parse("sip:j@example.com?Route=%3Cx%3E").is_err());
    }

    #[test]
    fn reads_contact_parameters_of_ims() {
        let who = NameAddr::parse(concat!(
            "<sip:192.0.2.1:5060>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\"",
            ";+sip.instance=\"<urn:gsma:imei:90420156-025763-0>\";isfocus"
        ))
        .unwrap();
        assert_eq!(
            who.param("+sip.instance"),
            Some("<urn:gsma:imei:90420156-025763-0>")
        );
        assert!(who.param("+g.3gpp.icsi-ref").unwrap().starts_with("urn%3A"));
        assert!(who.has_param("isfocus") && who.param("isfocus").is_none());
        let bare = NameAddr::parse("sip:a@192.0.2.1;+sip.instance=\"<urn:x:y>\"").unwrap();
        assert_eq!(bare.param("+sip.instance"), Some("<urn:x:y>"));
    }

    #[test]
    fn refuses_values_that_cannot_be_told_apart() {
        for wrong in [
            "",
            "\"open <sip:a@h>",
            "<sip:a@h",
            "< sip:a@h >",
            "A, B <sip:a@h>",
            "<sip:a@h>tag=1",
            "<sip:a@h>;;",
            "\"a\" \"b\" <sip:a@h>",
            "<sip:a@h>;x=\"1\"2",
        ] {
            assert!(NameAddr::parse(wrong).is_err(), "{wrong}");
        }
    }
}
