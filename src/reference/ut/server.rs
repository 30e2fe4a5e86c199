//! XCAP over HTTP (RFC 4825 sections 7 and 8): from a request to its response. More than 400 lines, because every deliberate fault of Ut
//! stands where the rule is that it breaks.
// An early answer is a whole response, and goes no further than one call up.
#![allow(clippy::result_large_err)]

use super::authentication::{Authentication, Verified};
use super::edit::{self, Refused};
use super::fixed_rules;
use super::selector::{Address, Selector, Terminal};
use super::store::{self, Document, Key, Store, identity};
use super::usage::Usage;
use crate::reference::faults::{Fault, InForce};
use crate::wire::xml::xcap_error::{self, Condition, XcapError};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Octets of one request's body.
const BODY_LIMIT: usize = 256 * 1024;
const METHODS: &str = "GET, PUT, DELETE";

/// What answers requests.
#[derive(Debug, Clone)]
pub struct Server {
    pub store: Store,
    pub authentication: Authentication,
    /// Users neither add rules nor take them away.
    pub fixed_rules: bool,
    pub faults: InForce,
}

/// The routes of the server: every path is a document or a node of it.
pub fn router(server: Server) -> axum::Router {
    axum::Router::new()
        .fallback(serve)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(server))
}

async fn serve(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // A write waits for the disk.
    let answered = tokio::task::spawn_blocking(move || {
        let request = Request {
            method: &method,
            uri: &uri,
            headers: &headers,
            body: &body,
        };
        server.answer(&request).unwrap_or_else(|response| response)
    });
    answered
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

struct Request<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

impl Request<'_> {
    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn target(&self) -> &str {
        self.uri
            .path_and_query()
            .map_or(self.uri.path(), |both| both.as_str())
    }

    fn media_type(&self) -> String {
        let value = self.header(header::CONTENT_TYPE).unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }
}

/// What a request is about.
struct Subject {
    usage: Usage,
    key: Key,
    selector: Option<Selector>,
}

/// AUID of the capabilities document.
const CAPABILITIES: &str = "xcap-caps";

/// Either way it is what the client gets.
type Answer = Result<Response, Response>;

fn plain(status: StatusCode) -> Response {
    status.into_response()
}

fn conflict(error: &XcapError) -> Response {
    let content = [(header::CONTENT_TYPE, xcap_error::MEDIA_TYPE)];
    (StatusCode::CONFLICT, content, error.to_octets()).into_response()
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Nothing => plain(StatusCode::NOT_FOUND),
            Refused::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response()
            }
            Refused::Conflict(error) => conflict(&error),
        }
    }
}

/// What this server can do (RFC 4825 section 12); nobody changes it.
fn capabilities(request: &Request) -> Response {
    if *request.method != Method::GET {
        return Refused::Method.into();
    }
    let list = |name: &str, values: [&str; 3]| {
        let values = values.map(|value| format!("<{name}>{value}</{name}>"));
        format!("<{name}s>{}</{name}s>", values.concat())
    };
    let auids = list(
        "auid",
        [CAPABILITIES, store::RESOURCE_LISTS, store::SIMSERVS],
    );
    let namespaces = list(
        "namespace",
        [
            "urn:ietf:params:xml:ns:xcap-caps",
            "urn:ietf:params:xml:ns:resource-lists",
            "http://uri.etsi.org/ngn/params/xml/simservs/xcap",
        ],
    );
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xcap-caps xmlns=\"urn:ietf:params:xml:ns:xcap-caps\">{auids}{namespaces}</xcap-caps>"
    );
    let content = [(header::CONTENT_TYPE, "application/xcap-caps+xml")];
    (content, body).into_response()
}

impl Server {
    fn answer(&self, request: &Request) -> Answer {
        if ![Method::GET, Method::PUT, Method::DELETE].contains(request.method) {
            let allow = [(header::ALLOW, METHODS)];
            return Ok((StatusCode::METHOD_NOT_ALLOWED, allow).into_response());
        }
        let asker = self.asker(request)?;
        if request.target().ends_with("/xcap-caps/global/index") {
            return Ok(capabilities(request));
        }
        let subject = self.subject(request)?;
        self.authorise(asker.as_deref(), &subject, request)?;
        if self.fixed_rules && subject.usage == Usage::SimServs {
            let made = self.store.update(&subject.key, |document| {
                let held = document.map(|document| document.text.clone());
                Ok::<_, Response>((Some(held.unwrap_or_else(fixed_rules::document)), ()))
            });
            made.map_err(|error| disk(&error))??;
        }
        match *request.method {
            Method::GET => self.get(request, &subject),
            Method::PUT => self.put(request, &subject),
            _ => self.delete(request, &subject),
        }
    }

    fn asker(&self, request: &Request) -> Result<Option<String>, Response> {
        mark!("UT-06");
        if self.faults.is(Fault::UtUnauthenticated) {
            return Ok(None);
        }
        let authorization = request.header(header::AUTHORIZATION);
        let method = request.method.as_str();
        match self
            .authentication
            .verify(authorization, method, request.target())
        {
            Verified::Known(asker) => Ok(asker),
            Verified::Challenged(challenge) => {
                let value = [(header::WWW_AUTHENTICATE, challenge.to_value())];
                Err((StatusCode::UNAUTHORIZED, value).into_response())
            }
        }
    }

    /// A user sees and changes what is his. With X-3GPP-Intended-Identity he says which of his identities he means.
    fn authorise(
        &self,
        asker: Option<&str>,
        subject: &Subject,
        request: &Request,
    ) -> Result<(), Response> {
        let intended = request.header("X-3GPP-Intended-Identity").map(identity);
        let strange = intended.is_some_and(|intended| intended != subject.key.user);
        if strange || asker.is_some_and(|asker| asker != subject.key.user) {
            return Err(plain(StatusCode::FORBIDDEN));
        }
        Ok(())
    }

    fn subject(&self, request: &Request) -> Result<Subject, Response> {
        let nothing = || plain(StatusCode::NOT_FOUND);
        let path = request.uri.path();
        mark!("UT-02");
        if self.faults.is(Fault::EncodedUserUnknown) && path.contains("%40") {
            return Err(nothing());
        }
        let address = Address::parse(path, request.uri.query()).ok_or_else(nothing)?;
        let usage = Usage::of(&address.auid).ok_or_else(nothing)?;
        let user = address.user.ok_or_else(nothing)?;
        if usage
            .document()
            .is_some_and(|name| name != address.document)
        {
            return Err(nothing());
        }
        let selector = match &address.node {
            None => None,
            Some(node) => {
                let mut prefixes = address.prefixes;
                mark!("UT-03");
                if self.faults.is(Fault::SelectorPrefixesIgnored) {
                    prefixes.retain(|_, uri| uri != usage.namespace());
                }
                let selector = Selector::parse(node, &prefixes, usage.namespace());
                Some(selector.ok_or_else(nothing)?)
            }
        };
        Ok(Subject {
            usage,
            key: Key::new(&address.auid, &user, &address.document),
            selector,
        })
    }

    /// There is no such document.
    fn missing(&self) -> Response {
        mark!("UT-09");
        plain(match self.faults.is(Fault::MissingAs200) {
            true => StatusCode::OK,
            false => StatusCode::NOT_FOUND,
        })
    }

    fn get(&self, request: &Request, subject: &Subject) -> Answer {
        let document = self.store.get(&subject.key);
        let document = document.ok_or_else(|| self.missing())?;
        let (media_type, body) = match &subject.selector {
            None => (subject.usage.media_type(), self.shown(&document)),
            Some(selector) => {
                let body = edit::get(&document.text, selector).map_err(Response::from)?;
                (node_type(&selector.terminal), body)
            }
        };
        mark!("UT-08");
        let conditional = !self.faults.is(Fault::IfNoneMatchIgnored);
        let held = request.header(header::IF_NONE_MATCH);
        if conditional && held.is_some_and(|held| names(held, Some(&document))) {
            return Ok(self.tagged(StatusCode::NOT_MODIFIED.into_response(), Some(&document)));
        }
        mark!("UT-04");
        let media_type = match &subject.selector {
            Some(_) if self.faults.is(Fault::NodeTypeWrong) => "application/xml",
            _ => media_type,
        };
        let content = [(header::CONTENT_TYPE, media_type)];
        Ok(self.tagged((content, body).into_response(), Some(&document)))
    }

    fn shown(&self, document: &Document) -> String {
        mark!("UT-13");
        mark!("CB-41");
        mark!("UT-16");
        if self.faults.is(Fault::DeactivationLost) {
            return document.text.replace("<ss:rule-deactivated/>", "");
        }
        let activated = !document.text.contains("<ss:rule-deactivated/>");
        if self.faults.is(Fault::ConditionsNotShown) && activated {
            let places = [
                "<ss:roaming/>",
                "<ss:international/>",
                "<ss:international-exHC/>",
            ];
            let hidden = |text: String, place| text.replace(place, "");
            return places.into_iter().fold(document.text.clone(), hidden);
        }
        let bars_all = document.text.contains("<cp:conditions/>");
        if self.faults.is(Fault::AcrReadAsIcb) && bars_all {
            return document.text.replace("<ss:anonymous/>", "");
        }
        let text = &document.text;
        let (ruleset, end) = ("<cp:ruleset>", "</cp:ruleset>");
        match (text.find(ruleset), text.rfind(end)) {
            (Some(from), Some(to))
                if self.faults.is(Fault::InactiveRulesLost)
                    && text.contains("active=\"false\"") =>
            {
                format!("{}{}", &text[..from + ruleset.len()], &text[to..])
            }
            _ => text.clone(),
        }
    }

    fn tagged(&self, mut response: Response, document: Option<&Document>) -> Response {
        mark!("UT-07");
        let value = document.map(|document| format!("\"{}\"", document.etag));
        if let Some(Ok(value)) = value.map(|value| value.parse())
            && !self.faults.is(Fault::NoEtag)
        {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }

    /// RFC 4825 section 7.11: a change that is meant for another version is not made.
    fn precondition(&self, request: &Request, document: Option<&Document>) -> Result<(), Response> {
        let failed = || plain(StatusCode::PRECONDITION_FAILED);
        let wanted = request.header(header::IF_MATCH);
        mark!("UT-08");
        let conditional = !self.faults.is(Fault::IfMatchIgnored);
        if conditional && wanted.is_some_and(|wanted| !names(wanted, document)) {
            return Err(failed());
        }
        let unwanted = request.header(header::IF_NONE_MATCH);
        if unwanted.is_some_and(|unwanted| names(unwanted, document)) {
            return Err(failed());
        }
        Ok(())
    }

    fn put(&self, request: &Request, subject: &Subject) -> Answer {
        let kept = self.store.update(&subject.key, |document| {
            self.precondition(request, document)?;
            let (text, new) = self.changed(request, subject, document)?;
            let check = subject.usage.check(&text, self.faults);
            check.map_err(|error| conflict(&error))?;
            if self.fixed_rules && subject.usage == Usage::SimServs {
                let same = fixed_rules::keeps(document.map(|held| held.text.as_str()), &text);
                same.map_err(|error| conflict(&error))?;
            }
            Ok::<_, Response>((Some(text), new))
        });
        let (document, new) = kept.map_err(|error| disk(&error))??;
        mark!("UT-09");
        let replaced = !new && subject.selector.is_none();
        let status = match self.faults.0 {
            Some(Fault::NewNot201) => StatusCode::OK,
            Some(Fault::ReplacedAs201) if replaced => StatusCode::CREATED,
            _ if new => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        Ok(self.tagged(plain(status), document.as_deref()))
    }

    /// The document as the request would have it, and whether what is put is new.
    fn changed(
        &self,
        request: &Request,
        subject: &Subject,
        document: Option<&Document>,
    ) -> Result<(String, bool), Response> {
        let media_type = request.media_type();
        let right = match &subject.selector {
            None => subject.usage.takes(&media_type),
            Some(selector) => media_type == node_type(&selector.terminal),
        };
        mark!("UT-04");
        if !right && !self.faults.is(Fault::MediaTypeUnchecked) {
            return Err(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let Ok(body) = std::str::from_utf8(request.body) else {
            let error = XcapError::new(Condition::NotUtf8, "the body is not UTF-8");
            return Err(conflict(&error));
        };
        match &subject.selector {
            None => Ok((body.to_owned(), document.is_none())),
            Some(selector) => {
                let Some(document) = document else {
                    let error = XcapError::new(Condition::NoParent, "there is no document");
                    return Err(conflict(&error));
                };
                let changed = edit::put(&document.text, selector, body, self.faults);
                changed.map_err(|refused| self.refusal(refused))
            }
        }
    }

    fn refusal(&self, refused: Refused) -> Response {
        match refused {
            Refused::Conflict(error)
                if error.condition == Condition::NoParent
                    && self.faults.is(Fault::NoParentAs404) =>
            {
                plain(StatusCode::NOT_FOUND)
            }
            other => other.into(),
        }
    }

    fn delete(&self, request: &Request, subject: &Subject) -> Answer {
        let kept = self.store.update(&subject.key, |document| {
            let Some(now) = document else {
                return Err(self.missing());
            };
            self.precondition(request, document)?;
            if self.fixed_rules && subject.selector.is_none() {
                return Err(plain(StatusCode::FORBIDDEN));
            }
            mark!("UT-09");
            if self.faults.is(Fault::DeleteKeeps) && subject.selector.is_none() {
                return Ok((Some(now.text.clone()), ()));
            }
            let Some(selector) = &subject.selector else {
                return Ok((None, ()));
            };
            let text = edit::delete(&now.text, selector).map_err(Response::from)?;
            let check = subject.usage.check(&text, self.faults);
            check.map_err(|error| conflict(&error))?;
            Ok((Some(text), ()))
        });
        let (document, ()) = kept.map_err(|error| disk(&error))??;
        Ok(self.tagged(plain(StatusCode::OK), document.as_deref()))
    }
}

/// What could not be kept is not acknowledged.
fn disk(error: &std::io::Error) -> Response {
    tracing::error!(%error, "a document could not be kept");
    plain(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether an If-Match or If-None-Match names the version there is.
fn names(value: &str, document: Option<&Document>) -> bool {
    let Some(document) = document else {
        return false;
    };
    value.split(',').map(str::trim).any(|one| {
        let tag = one.strip_prefix("W/").unwrap_or(one);
        one == "*" || tag.trim_matches('"') == document.etag
    })
}

fn node_type(terminal: &Terminal) -> &'static str {
    match terminal {
        Terminal::Element => "application/xcap-el+xml",
        Terminal::Attribute(_) => "application/xcap-att+xml",
        Terminal::Namespaces => "application/xcap-ns+xml",
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
