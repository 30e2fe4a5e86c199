//! The XCAP client of a terminal (RFC 4825, 3GPP TS 24.623): addresses of documents and nodes, and the answer to a Digest challenge.
//!
//! It keeps the last challenge, so that only its first request is challenged. With GBA the user name is the B-TID and the password the
//! Ks_NAF in base64 (3GPP TS 33.222), which the profile gives like any other; the bootstrapping itself is not played.
use super::identifiers::Identifiers;
use crate::wire::authentication::{Answering, Challenge, Credentials};
use crate::wire::http::HttpMessage;
use crate::wire::xml::simservs;

/// AUID of the simulation services.
pub const SIMSERVS: &str = "simservs.ngn.etsi.org";
/// AUID of the capabilities document.
const CAPABILITIES: &str = "xcap-caps";
/// AUID of RFC 4826.
pub const RESOURCE_LISTS: &str = "resource-lists";

/// How the user's identity stands in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Xui {
    /// `sip:+44...@domain`
    #[default]
    Sip,
    /// The same with `:` and `@` percent-encoded.
    SipEncoded,
    /// `tel:+44...`
    Tel,
}

/// Who uses it, and where.
#[derive(Debug, Clone, Default)]
pub struct XcapConfig {
    /// `host:port` of the server.
    pub host: String,
    /// Path of the XCAP root, without a slash at its end.
    pub root: String,
    /// `+` and digits.
    pub number: String,
    pub domain: String,
    pub username: String,
    pub password: String,
    pub seed: u64,
}

/// One request to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XcapRequest {
    pub method: &'static str,
    pub auid: String,
    pub document: String,
    /// A document of nobody's.
    pub global: bool,
    pub xui: Xui,
    /// Node selector, as it stands in the address.
    pub node: Option<String>,
    /// Query component: bindings of prefixes.
    pub query: Option<String>,
    pub media_type: Option<String>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub body: Vec<u8>,
}

impl XcapRequest {
    /// A request about the user's simservs document.
    pub fn simservs(method: &'static str) -> Self {
        Self {
            method,
            auid: SIMSERVS.to_owned(),
            document: "simservs.xml".to_owned(),
            ..Self::default()
        }
    }

    /// A request about his resource lists.
    pub fn lists(method: &'static str) -> Self {
        Self {
            method,
            auid: RESOURCE_LISTS.to_owned(),
            document: "index".to_owned(),
            ..Self::default()
        }
    }

    /// A request for what the server can do (RFC 4825 section 12).
    pub fn capabilities() -> Self {
        Self {
            method: "GET",
            auid: CAPABILITIES.to_owned(),
            document: "index".to_owned(),
            global: true,
            ..Self::default()
        }
    }

    /// The same about a node of the document. Prefixes `ss` and `cp` are bound where the selector uses them.
    pub fn node(mut self, selector: impl Into<String>) -> Self {
        let selector = selector.into();
        let bound = [("ss", simservs::SIMSERVS), ("cp", simservs::COMMON_POLICY)];
        let used = bound
            .into_iter()
            .filter(|(prefix, _)| selector.contains(&format!("{prefix}:")));
        let query: String = used
            .map(|(prefix, uri)| format!("xmlns({prefix}={uri})"))
            .collect();
        self.query = (!query.is_empty()).then_some(query);
        self.node = Some(
            selector
                .replace('[', "%5B")
                .replace(']', "%5D")
                .replace('"', "%22"),
        );
        self
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.media_type = Some(media_type.to_owned());
        self.body = body.into();
        self
    }
}

/// The client of one user.
#[derive(Debug)]
pub struct XcapClient {
    config: XcapConfig,
    challenge: Option<Challenge>,
    identifiers: Identifiers,
}

impl XcapClient {
    pub fn new(config: XcapConfig) -> Self {
        let identifiers = Identifiers::new(config.seed);
        Self {
            config,
            challenge: None,
            identifiers,
        }
    }

    /// The client of the same user who has no credentials.
    pub fn without_credentials(&self) -> Self {
        Self::new(XcapConfig {
            username: String::new(),
            password: String::new(),
            ..self.config.clone()
        })
    }

    /// The path a request goes to.
    pub fn target(&self, request: &XcapRequest) -> String {
        let config = &self.config;
        let sip = format!("sip:{}@{}", config.number, config.domain);
        let xui = match request.xui {
            Xui::Sip => sip,
            Xui::SipEncoded => sip.replace(':', "%3A").replace('@', "%40"),
            Xui::Tel => format!("tel:{}", config.number),
        };
        let (auid, document) = (&request.auid, &request.document);
        let whose = match request.global {
            true => "global".to_owned(),
            false => format!("users/{xui}"),
        };
        let mut target = format!("{}/{auid}/{whose}/{document}", config.root);
        if let Some(node) = &request.node {
            target.push_str(&format!("/~~/{node}"));
        }
        if let Some(query) = &request.query {
            target.push_str(&format!("?{query}"));
        }
        target
    }

    /// The message for a request, with credentials if the server is known to want them.
    pub fn message(&mut self, request: &XcapRequest) -> HttpMessage {
        let target = self.target(request);
        let mut message = HttpMessage::request(request.method, &target);
        let mut add = |name: &str, value: String| message.headers.push((name.to_owned(), value));
        let config = &self.config;
        add("Host", config.host.clone());
        let intended = format!("\"sip:{}@{}\"", config.number, config.domain);
        add("X-3GPP-Intended-Identity", intended);
        if let Some(media_type) = &request.media_type {
            add("Content-Type", media_type.clone());
        }
        if let Some(tag) = &request.if_match {
            add("If-Match", tag.clone());
        }
        if let Some(tag) = &request.if_none_match {
            add("If-None-Match", tag.clone());
        }
        if let Some(challenge) = &self.challenge {
            let who = (config.username.as_str(), config.password.as_bytes());
            let cnonce = self.identifiers.token(16);
            let what = Answering::new(request.method, &target);
            let credentials = Credentials::answer(challenge, who, what, (&cnonce, 1));
            add("Authorization", credentials.to_value());
        }
        message.body.clone_from(&request.body);
        message
    }

    /// The message to send again after a response that challenges; `None` where there is nothing (more) to try.
    pub fn again(&mut self, request: &XcapRequest, response: &HttpMessage) -> Option<HttpMessage> {
        if response.status() != Some(401) || self.config.username.is_empty() {
            return None;
        }
        let challenges = response.headers("WWW-Authenticate");
        let challenge = challenges.filter_map(Challenge::parse).next()?;
        let tried = self.challenge.as_ref().map(|old| &old.nonce);
        // The same nonce again, or another one that is not for age: the credentials are wrong.
        if tried.is_some() && !challenge.stale {
            return None;
        }
        self.challenge = Some(challenge);
        Some(self.message(request))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn client() -> XcapClient {
        XcapClient::new(XcapConfig {
            host: "xcap.x.example".into(),
            root: "/xcap".into(),
            number: "+4477".into(),
            domain: "x.example".into(),
            username: "u".into(),
            password: "p".into(),
            seed: 1,
        })
    }

    #[test]
    fn addresses_documents_and_nodes() {
        let client = client();
        let mut request = XcapRequest::simservs("GET");
        let path = "/xcap/simservs.ngn.etsi.org/users/sip:+4477@x.example/simservs.xml";
        assert_eq!(client.target(&request), path);
        request.xui = Xui::SipEncoded;
        assert!(
            client
                .target(&request)
                .contains("/sip%3A+4477%40x.example/")
        );
        let node = XcapRequest::simservs("GET").node("simservs/a/cp:rule[@id=\"x\"]");
        let expected = format!(
            "{path}/~~/simservs/a/cp:rule%5B@id=%22x%22%5D\
             ?xmlns(cp=urn:ietf:params:xml:ns:common-policy)"
        );
        assert_eq!(client.target(&node), expected);
    }

    #[test]
    fn answers_a_challenge_once() {
        let mut client = client();
        let request = XcapRequest::simservs("GET");
        assert_eq!(client.message(&request).header("Authorization"), None);
        let challenged = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
        let (response, _) = HttpMessage::parse(challenged).unwrap().unwrap();
        let again = client.again(&request, &response).unwrap();
        assert!(
            again
                .header("Authorization")
                .unwrap()
                .contains("username=\"u\"")
        );
        assert_eq!(client.again(&request, &response), None);
    }
}
