//! `cp:identity` of RFC 4745 section 7.1 as barring uses it: single users, domains, everybody, and exceptions.
use crate::wire::sip::SipUri;

/// Content of an `identity` condition: it holds if any entry does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub one: Vec<String>,
    pub many: Vec<Many>,
}

/// `many`: everybody, or everybody of a domain, but for the exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Many {
    pub domain: Option<String>,
    pub except_ids: Vec<String>,
    pub except_domains: Vec<String>,
}

impl Named {
    /// True if one of the identities of a user is meant.
    pub fn names(&self, identities: &[String]) -> bool {
        let one = |identity: &String| self.one.iter().any(|id| same_identity(id, identity));
        identities.iter().any(one) || self.many.iter().any(|many| many.names(identities))
    }
}

impl Many {
    fn names(&self, identities: &[String]) -> bool {
        let of = |domain: &str, identity: &str| {
            SipUri::parse(identity).is_ok_and(|uri| uri.host.eq_ignore_ascii_case(domain))
        };
        let meant = match &self.domain {
            Some(domain) => identities.iter().any(|identity| of(domain, identity)),
            None => !identities.is_empty(),
        };
        let excepted = identities.iter().any(|identity| {
            self.except_ids.iter().any(|id| same_identity(id, identity))
                || self
                    .except_domains
                    .iter()
                    .any(|domain| of(domain, identity))
        });
        meant && !excepted
    }
}

/// Two ways to write one identity: parameters and port do not count, a number is one number as tel URI and as SIP URI.
pub fn same_identity(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (SipUri::parse(one.trim()), SipUri::parse(other.trim())) else {
        return false;
    };
    let numbers = (one.number(), other.number());
    let is_number = |uri: &SipUri| uri.scheme == "tel" || uri.param("user") == Some("phone");
    if let (Some(a), Some(b)) = &numbers
        && (is_number(&one) || is_number(&other))
    {
        return a == b;
    }
    one.scheme != "tel"
        && other.scheme != "tel"
        && one.user_decoded() == other.user_decoded()
        && one.host.eq_ignore_ascii_case(&other.host)
}
