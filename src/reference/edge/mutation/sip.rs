//! Elements of SIP messages and of their bodies.
use super::short_messages::{alter_rp, names_of_rp};
use super::{DELAY, Element, Kind, Mutation, Operation, altered, cpim, names_of_cpim};
use crate::wire::sip::SipMessage;
use std::time::Duration;

/// Without these a message finds no way, no transaction or no end; their loss is seen in every test case and tells nothing.
const FRAME: [&str; 5] = ["Via", "Call-ID", "CSeq", "Content-Length", "Max-Forwards"];

/// `INVITE`, or `200-INVITE`.
fn message_name(message: &SipMessage) -> Option<String> {
    match (message.method(), message.status()) {
        (Some(method), _) => Some(method.to_owned()),
        (None, Some(code)) => Some(format!("{code}-{}", message.cseq()?.1)),
        (None, None) => None,
    }
}

/// An RP message (3GPP TS 24.341 clause 5.3).
const SHORT_MESSAGE: &str = "application/vnd.3gpp.sms";
const CPIM: &str = "message/cpim";

/// Every element of a message that a mutation can name, once.
pub fn elements_of_sip(message: &SipMessage) -> Vec<Element> {
    let Some(of) = message_name(message) else {
        return Vec::new();
    };
    let element = |kind, name: &str| Element {
        kind,
        message: of.clone(),
        name: name.to_owned(),
    };
    let mut found = vec![element(Kind::Message, "")];
    for header in message.headers() {
        if FRAME
            .iter()
            .any(|name| name.eq_ignore_ascii_case(header.name))
        {
            continue;
        }
        found.push(element(Kind::Header, header.name));
        for name in parameter_names(header.value) {
            found.push(element(Kind::Param, &format!("{};{name}", header.name)));
        }
    }
    for part in message.bodies() {
        let Some(kind) = part.content_type() else {
            continue;
        };
        found.push(element(Kind::Body, &kind));
        let text = String::from_utf8_lossy(&part.content);
        if kind == "application/sdp" {
            let beginning = |line: &str| line.split([':', ' ']).next().map(str::to_owned);
            let lines = text.lines().filter_map(beginning);
            found.extend(lines.map(|line| element(Kind::Sdp, &line)));
        } else if kind.ends_with("+xml") {
            let names = attribute_names(&text);
            found.extend(names.iter().map(|name| element(Kind::Xml, name)));
        } else if kind == SHORT_MESSAGE {
            let names = names_of_rp(&part.content);
            found.extend(names.iter().map(|name| element(Kind::Tpdu, name)));
        } else if kind == CPIM {
            let names = names_of_cpim(&part.content);
            found.extend(names.iter().map(|name| element(Kind::Cpim, name)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Names of what follows semicolons outside quotes and brackets.
fn parameter_names(value: &str) -> Vec<String> {
    let pieces = pieces(value);
    let names = pieces
        .iter()
        .skip(1)
        .filter_map(|piece| piece.split(['=', ',']).next());
    let token = |name: &&str| !name.is_empty() && !name.contains([' ', '<', '"']);
    names
        .map(str::trim)
        .filter(token)
        .map(str::to_owned)
        .collect()
}

fn pieces(value: &str) -> Vec<&str> {
    super::super::variation::cut(value, ';')
}

fn attribute_names(text: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(text.trim()) else {
        return Vec::new();
    };
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    elements
        .flat_map(|node| {
            let attributes = node.attributes().map(|a| a.name().to_owned());
            let element = format!("<{}", node.tag_name().name());
            attributes.chain([element]).collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn mutate(mutation: &Mutation, octets: &[u8]) -> Option<(Vec<Vec<u8>>, Duration)> {
    let mut message = SipMessage::parse(octets).ok()?;
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    if message_name(&message)? != *of {
        return None;
    }
    let whole = || octets.to_vec();
    if *kind == Kind::Message {
        return Some(match mutation.operation {
            Operation::Delete => (Vec::new(), Duration::ZERO),
            Operation::Duplicate => (vec![whole(), whole()], Duration::ZERO),
            _ => (vec![whole()], DELAY),
        });
    }
    let done = match kind {
        Kind::Header => header(mutation, &mut message, name),
        Kind::Param => param(mutation, &mut message, name),
        Kind::Body | Kind::Sdp | Kind::Xml | Kind::Cpim | Kind::Tpdu => {
            body(mutation, &mut message)
        }
        _ => false,
    };
    done.then(|| (vec![message.to_octets()], Duration::ZERO))
}

/// Names and values of the header fields, to be changed and put back.
fn fields(message: &SipMessage) -> Vec<(String, String)> {
    let all = message.headers();
    all.map(|header| (header.name.to_owned(), header.value.to_owned()))
        .collect()
}

fn put_back(message: &mut SipMessage, fields: &[(String, String)]) {
    while message.headers().len() > 0 {
        message.pop_front();
    }
    for (name, value) in fields {
        message.push(name, value);
    }
}

fn header(mutation: &Mutation, message: &mut SipMessage, name: &str) -> bool {
    let mut fields = fields(message);
    let named = |(one, _): &(String, String)| one.eq_ignore_ascii_case(name);
    let done = mutation.on_list(&mut fields, named, |(_, value)| *value = altered(value));
    if done {
        put_back(message, &fields);
    }
    done
}

fn param(mutation: &Mutation, message: &mut SipMessage, name: &str) -> bool {
    let Some((field, name)) = name.split_once(';') else {
        return false;
    };
    let mut done = false;
    let mut fields = fields(message);
    for (one, value) in &mut fields {
        if !one.eq_ignore_ascii_case(field) {
            continue;
        }
        let mut list: Vec<String> = pieces(value).into_iter().map(str::to_owned).collect();
        if list.is_empty() {
            continue;
        }
        let mut behind = list.split_off(1);
        let named = |piece: &String| {
            piece
                .split('=')
                .next()
                .is_some_and(|one| one.trim().eq_ignore_ascii_case(name))
        };
        done |= mutation.on_list(&mut behind, named, |piece| {
            *piece = match piece.split_once('=') {
                Some((name, value)) => format!("{name}={}", altered(value)),
                None => altered(piece),
            };
        });
        list.extend(behind);
        *value = list.join(";");
    }
    if done {
        put_back(message, &fields);
    }
    done
}

/// Octets of a part are found in the whole body, so that parts of a multipart body can be changed in their places.
fn body(mutation: &Mutation, message: &mut SipMessage) -> bool {
    let name = mutation.element.name.as_str();
    for part in message.bodies() {
        let kind = part.content_type().unwrap_or_default();
        let other = match mutation.element.kind {
            Kind::Body if kind == name => Some(whole_part(mutation.operation, &part.content)),
            Kind::Sdp if kind == "application/sdp" => sdp(mutation, &part.content, name),
            Kind::Xml if kind.ends_with("+xml") => xml(mutation, &part.content, name),
            Kind::Cpim if kind == CPIM => cpim(mutation, &part.content, name),
            Kind::Tpdu if kind == SHORT_MESSAGE => alter_rp(&part.content, name),
            _ => None,
        };
        let place = memchr::memmem::find(&message.body, &part.content);
        if let (Some(other), Some(at)) = (other, place) {
            let end = at + part.content.len();
            message.body.splice(at..end, other);
            message.set("Content-Length", message.body.len().to_string());
            return true;
        }
    }
    false
}

fn whole_part(operation: Operation, content: &[u8]) -> Vec<u8> {
    match operation {
        Operation::Delete => Vec::new(),
        Operation::Duplicate => [content, content].concat(),
        _ => {
            let mut content = content.to_vec();
            if let Some(octet) = content.last_mut() {
                *octet ^= 1;
            }
            content
        }
    }
}

fn sdp(mutation: &Mutation, content: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let named = |line: &String| {
        let behind = line.strip_prefix(name);
        behind.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
    };
    let done = mutation.on_list(&mut lines, named, |line| *line = altered(line));
    done.then(|| (lines.join("\r\n") + "\r\n").into_bytes())
}

/// The first attribute of the name, or the first element.
fn xml(mutation: &Mutation, content: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let mut nodes = document.descendants().filter(roxmltree::Node::is_element);
    let range = match name.strip_prefix('<') {
        Some(name) => nodes.find(|node| node.tag_name().name() == name)?.range(),
        None => nodes
            .flat_map(|node| node.attributes())
            .find(|attribute| attribute.name() == name)?
            .range(),
    };
    let element = &text[range.clone()];
    let other = match mutation.operation {
        Operation::Delete => String::new(),
        Operation::Duplicate if name.starts_with('<') => element.repeat(2),
        Operation::Alter if name.starts_with('<') => alter_inside(element)?,
        Operation::Alter => altered(element),
        _ => return None,
    };
    let out = format!("{}{other}{}", &text[..range.start], &text[range.end..]);
    Some(out.into_bytes())
}

/// The text of an element; what has none stays.
fn alter_inside(element: &str) -> Option<String> {
    let (open, rest) = element.split_once('>')?;
    let (inside, close) = rest.rsplit_once("</")?;
    let plain = !inside.contains('<') && !inside.trim().is_empty();
    plain.then(|| format!("{open}>{}</{close}", altered(inside)))
}
