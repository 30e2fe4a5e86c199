//! Where in a recording is what a user's XCAP client would have asked on Ut, and when his document has come to say what a scenario wants.
use super::{Located, Place, same};
use crate::observe::{HttpExchange, Trace, http_exchanges};
use crate::peer::xcap_client::{SIMSERVS, XcapRequest, Xui};
use crate::verdict::scene::first;
use crate::wire::http::HttpMessage;
use crate::wire::sip::{number_of, unescape};
use crate::wire::xml::simservs::{self, Barring, Rule, SimServs};

const CHALLENGED: u16 = 401;

/// A request on Ut and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub located: Located,
    /// Absent where none came.
    pub response: Option<HttpMessage>,
}

/// An XCAP address without its root (RFC 4825 section 6), escapes of the node selector undone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    auid: String,
    /// As written; absent for a document of nobody's.
    xui: Option<String>,
    document: String,
    node: Option<String>,
    query: Option<String>,
}

impl Address {
    fn parse(target: &str) -> Option<Self> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(unescape(query))),
            None => (target, None),
        };
        let (path, node) = match path.split_once("/~~/") {
            Some((path, node)) => (path, Some(unescape(node))),
            None => (path, None),
        };
        let (before, xui, document) = match path.split_once("/users/") {
            Some((before, rest)) => {
                let (xui, document) = rest.split_once('/')?;
                (before, Some(xui.to_owned()), document)
            }
            None => {
                let (before, document) = path.split_once("/global/")?;
                (before, None, document)
            }
        };
        let auid = before.rsplit('/').next()?;
        Some(Self {
            auid: unescape(auid),
            xui,
            document: unescape(document),
            node,
            query,
        })
    }

    fn is_of(&self, number: &str) -> bool {
        let xui = self.xui.as_deref().map(unescape);
        xui.and_then(|xui| number_of(&xui)).as_deref() == Some(number)
    }
}

/// The form of a user's identity that an address has.
fn has_form(wanted: Xui, xui: &str) -> bool {
    let tel = unescape(xui).starts_with("tel:");
    match wanted {
        Xui::Tel => tel,
        // Whether `:` and `@` are escaped is the client's choice where nothing is said (RFC 3986 section 3.3).
        Xui::Sip => !tel,
        Xui::SipEncoded => !tel && !xui.contains('@') && !xui.contains(':'),
    }
}

/// Looks for a request of a person. One that is challenged counts as the one that answers the challenge; a scenario in which nobody says
/// who asks (`unnamed`) wants the one that is challenged.
pub fn ut(request: &XcapRequest, unnamed: bool, who: &str, place: &Place) -> Asked {
    let exchanges = http_exchanges(place.trace);
    let mut near = None;
    for exchange in &exchanges {
        let is_new = first(&exchange.frames) > place.after;
        let named = exchange.request.header("Authorization").is_some();
        let skipped = match unnamed {
            true => named,
            // Whoever has credentials answers a challenge.
            false => exchange.status() == CHALLENGED && !named,
        };
        if !is_new || skipped {
            continue;
        }
        match difference(request, exchange, place.cast.number(who)) {
            Err(None) => {}
            Err(Some(lacks)) => near = near.or(Some((first(&exchange.frames), lacks))),
            Ok(()) => return asked(exchange),
        }
    }
    let XcapRequest {
        method, document, ..
    } = request;
    let wanted = format!("a {method} of {who} for {document} on Ut");
    Asked {
        located: Located::absent(match near {
            Some((frame, lacks)) => format!("{wanted}; that of frame {frame} {lacks}"),
            None => wanted,
        }),
        response: None,
    }
}

fn asked(exchange: &HttpExchange) -> Asked {
    Asked {
        located: Located::Found {
            frames: exchange.frames.clone(),
            at: exchange.at,
            call_id: None,
            label: None,
        },
        response: exchange.response.cloned(),
    }
}

fn is_success(exchange: &HttpExchange) -> bool {
    (200..300).contains(&exchange.status())
}

/// Requests on Ut that are acts of their own, and whose: one that comes again with credentials is one with what comes again.
pub(super) fn asks(trace: &Trace) -> Vec<(u32, Option<String>)> {
    let all = http_exchanges(trace);
    let own = all
        .iter()
        .filter(|one| !(one.status() == CHALLENGED && is_answered(one, &all)));
    let whose = |one: &HttpExchange| {
        let address = one.request.target().and_then(Address::parse)?;
        number_of(&unescape(&address.xui?))
    };
    own.map(|one| (first(&one.frames), whose(one))).collect()
}

/// The same request comes again, with credentials.
fn is_answered(challenged: &HttpExchange, all: &[HttpExchange]) -> bool {
    let (method, target) = (challenged.request.method(), challenged.request.target());
    all.iter().any(|one| {
        first(&one.frames) > first(&challenged.frames)
            && one.request.method() == method
            && one.request.target() == target
            && one.request.header("Authorization").is_some()
    })
}

/// `Err(None)` is another request altogether.
fn difference(
    wanted: &XcapRequest,
    found: &HttpExchange,
    number: &str,
) -> Result<(), Option<String>> {
    let XcapRequest {
        method,
        auid,
        document,
        global,
        xui,
        node,
        query,
        media_type,
        if_match,
        if_none_match,
        body,
    } = wanted;
    let message = found.request;
    let address = message.target().and_then(Address::parse).ok_or(None)?;
    let whose = match global {
        true => address.xui.is_none(),
        false => {
            let held = address.xui.as_deref().unwrap_or_default();
            address.is_of(number) && has_form(*xui, held)
        }
    };
    let names = address.auid == *auid && address.document == *document;
    let node = node.as_deref().map(unescape);
    if message.method() != Some(method) || !whose || !names || address.node != node {
        return Err(None);
    }
    let lacks = |what: String| Err(Some(what));
    if address.query != query.as_deref().map(unescape) {
        return lacks(format!("binds {:?}", address.query));
    }
    for (name, wanted) in [("If-Match", if_match), ("If-None-Match", if_none_match)] {
        let held = message.header(name);
        if held != wanted.as_deref() {
            return lacks(format!("has {name} {held:?}"));
        }
    }
    let held = message.media_type();
    let plain = |value: &str| {
        let value = value.split(';').next().unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    if media_type.as_deref().map(plain) != held.as_deref().map(plain) {
        return lacks(format!("has the media type {held:?}"));
    }
    let at = seconds_of(found.at);
    let content = media_type.as_deref().unwrap_or_default();
    if !same::content(content, body, &message.body, at) {
        return lacks("has another body".to_owned());
    }
    Ok(())
}

fn seconds_of(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX)
}

/// When a person's document has come to say what is wanted: at the first such change after the place, or, where `earlier` will do, at the
/// last one before it if nothing has changed it since. A change that would have led there and is refused is one as well.
pub fn configured(wanted: &SimServs, earlier: bool, who: &str, place: &Place) -> Asked {
    let number = place.cast.number(who);
    let mut held = Some(SimServs::default());
    let mut last = None;
    for exchange in http_exchanges(place.trace) {
        let address = exchange.request.target().and_then(Address::parse);
        let Some(address) = address.filter(|one| one.auid == SIMSERVS && one.is_of(number)) else {
            continue;
        };
        let method = exchange.request.method().unwrap_or_default();
        if exchange.status() == CHALLENGED {
            continue;
        }
        let next = after(method, &address, &exchange, held.clone());
        let changes = matches!(method, "PUT" | "DELETE");
        let at = seconds_of(exchange.at);
        let same = next
            .as_ref()
            .is_some_and(|document| same::services(wanted, document, at));
        let is_new = first(&exchange.frames) > place.after;
        if changes && same && is_new && is_ordinary(&exchange, &address) {
            return asked(&exchange);
        }
        if changes && !is_new {
            last = (same && is_success(&exchange)).then(|| asked(&exchange));
        }
        if is_success(&exchange) {
            held = next;
        }
    }
    match last.filter(|_| earlier) {
        Some(found) => found,
        None => Asked {
            located: Located::absent(format!("a change of what {who} has configured on Ut")),
            response: None,
        },
    }
}

/// A change that is meant to be made, whatever the server has.
fn is_ordinary(exchange: &HttpExchange, address: &Address) -> bool {
    let request = exchange.request;
    let whatever = ["If-Match", "If-None-Match"].iter();
    let mut whatever = whatever.filter(|name| request.header(name).is_some());
    let media_type = request.media_type().unwrap_or_default();
    let is_document = media_type.eq_ignore_ascii_case(simservs::MEDIA_TYPE);
    let puts_document = request.method() == Some("PUT") && address.node.is_none();
    whatever.next().is_none() && (is_document || !puts_document)
}

/// The document as a request would leave it; absent where that cannot be told.
fn after(
    method: &str,
    address: &Address,
    exchange: &HttpExchange,
    held: Option<SimServs>,
) -> Option<SimServs> {
    let body = &exchange.request.body;
    match (method, address.node.as_deref()) {
        ("PUT", None) => SimServs::parse(body).ok(),
        ("DELETE", None) => Some(SimServs::default()),
        ("GET", None) if is_success(exchange) => {
            let body = exchange.response.map(|response| &response.body)?;
            SimServs::parse(body).ok()
        }
        ("PUT" | "DELETE", Some(node)) => edited(held?, method, node, body),
        _ => held,
    }
}

/// A node of one of the two barring services is put or taken away.
fn edited(mut document: SimServs, method: &str, node: &str, body: &[u8]) -> Option<SimServs> {
    let steps = steps(node);
    let names: Vec<&str> = steps.iter().map(|step| local(step)).collect();
    let (service, path) = match names.as_slice() {
        ["simservs", "incoming-communication-barring", path @ ..] => (&mut document.incoming, path),
        ["simservs", "outgoing-communication-barring", path @ ..] => (&mut document.outgoing, path),
        _ => return None,
    };
    let put = method == "PUT";
    match path {
        [] if put => {
            let read = SimServs::parse(body).ok()?;
            *service = read.incoming.or(read.outgoing);
        }
        [] => *service = None,
        ["@active"] => {
            let value = std::str::from_utf8(body).ok()?.trim();
            service.as_mut()?.active = !put || matches!(value, "true" | "1");
        }
        ["ruleset", "rule"] => {
            let id = id_of(steps.last()?)?;
            let rules = &mut service.get_or_insert_default().rules;
            let place = rules.iter().position(|rule| rule.id == id);
            match (put, place) {
                (true, Some(place)) => rules[place] = rule_of(body)?,
                (true, None) => rules.push(rule_of(body)?),
                (false, Some(place)) => {
                    rules.remove(place);
                }
                (false, None) => return None,
            }
        }
        ["ruleset", "rule", "conditions"] => {
            let id = id_of(steps.get(steps.len().checked_sub(2)?)?)?;
            let rules = &mut service.as_mut()?.rules;
            let rule = rules.iter_mut().find(|rule| rule.id == id)?;
            rule.conditions = match put {
                true => {
                    let text = std::str::from_utf8(body).ok()?;
                    rule_of(format!("<cp:rule id=\"x\">{text}</cp:rule>").as_bytes())?.conditions
                }
                false => Vec::new(),
            };
        }
        _ => return None,
    }
    Some(document)
}

/// Steps of a node selector; `/` inside brackets does not part them.
fn steps(node: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut depth = 0;
    for c in node.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if c == '/' && depth == 0 {
            steps.push(String::new());
        } else if let Some(step) = steps.last_mut() {
            step.push(c);
        }
    }
    steps
}

/// The name of a step without prefix and predicates.
fn local(step: &str) -> &str {
    let name = step.split('[').next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((_, name)) => name,
        None => name,
    }
}

fn id_of(step: &str) -> Option<&str> {
    let (_, rest) = step.split_once("@id=")?;
    let quote = rest.chars().next()?;
    rest.get(1..)?.split(quote).next()
}

/// A rule by itself, read as one of a document.
fn rule_of(element: &[u8]) -> Option<Rule> {
    let element = std::str::from_utf8(element).ok()?;
    let element = match element.split_once("?>") {
        Some((declaration, rest)) if declaration.trim_start().starts_with("<?xml") => rest,
        _ => element,
    };
    let document = format!(
        "<ss:simservs xmlns:ss=\"{}\" xmlns:cp=\"{}\"><ss:incoming-communication-barring>\
         <cp:ruleset>{element}</cp:ruleset></ss:incoming-communication-barring></ss:simservs>",
        simservs::SIMSERVS,
        simservs::COMMON_POLICY
    );
    let Barring { rules, .. } = SimServs::parse(document.as_bytes()).ok()?.incoming?;
    rules.into_iter().next()
}
