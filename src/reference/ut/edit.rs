//! Reading and changing one node of a document (RFC 4825 sections 7 and 8): the text around it stays as it is.
//!
//! Whatever is put must be what its address leads to afterwards, and whatever is taken away must be gone; else nothing changes.
use super::selector::{Selector, Step, Terminal, follow};
use crate::reference::faults::{Fault, InForce};
use crate::wire::xml::xcap_error::{Condition, XcapError};
use roxmltree::{Document, Node};
use std::ops::Range;

/// Why a node was not read or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 404
    Nothing,
    /// 405: namespace bindings are read only.
    Method,
    /// 409
    Conflict(XcapError),
}

fn conflict(condition: Condition, phrase: &str) -> Refused {
    Refused::Conflict(XcapError::new(condition, phrase))
}

/// The text of a node, as RFC 4825 section 7.8, 7.9 and 7.10 give it back.
pub fn get(text: &str, selector: &Selector) -> Result<String, Refused> {
    let document = parse(text)?;
    let element = selector.element(&document).ok_or(Refused::Nothing)?;
    match &selector.terminal {
        Terminal::Element => Ok(text[element.range()].to_owned()),
        Terminal::Attribute(name) => {
            let attribute = attribute(element, name).ok_or(Refused::Nothing)?;
            Ok(text[attribute.range_value()].to_owned())
        }
        Terminal::Namespaces => Ok(namespaces(element)),
    }
}

fn parse(text: &str) -> Result<Document<'_>, Refused> {
    Document::parse(text).map_err(|_| conflict(Condition::NotWellFormed, "not well-formed"))
}

fn attribute<'a>(element: Node<'a, 'a>, name: &str) -> Option<roxmltree::Attribute<'a, 'a>> {
    element
        .attributes()
        .find(|one| one.name() == name && one.namespace().is_none())
}

/// An empty element with the bindings that are in force at the element.
fn namespaces(element: Node) -> String {
    let mut out = format!("<{}", element.tag_name().name());
    for binding in element.namespaces() {
        match binding.name() {
            Some("xml") => {}
            Some(prefix) => out.push_str(&format!(" xmlns:{prefix}=\"{}\"", binding.uri())),
            None => out.push_str(&format!(" xmlns=\"{}\"", binding.uri())),
        }
    }
    out + "/>"
}

/// The document with the node put, and whether the node is new.
pub fn put(
    text: &str,
    selector: &Selector,
    content: &str,
    faults: InForce,
) -> Result<(String, bool), Refused> {
    let document = parse(text)?;
    mark!("UT-11");
    let (changed, new) = match &selector.terminal {
        Terminal::Element => put_element(text, &document, selector, content)?,
        Terminal::Attribute(name) => put_attribute(text, &document, selector, name, content)?,
        Terminal::Namespaces => return Err(Refused::Method),
    };
    if !faults.is(Fault::PutElsewhere) {
        let after = parse(&changed)?;
        let element = selector.element(&after);
        let is_there = element.is_some_and(|element| match &selector.terminal {
            Terminal::Attribute(name) => attribute(element, name)
                .is_some_and(|attribute| changed[attribute.range_value()] == *content),
            _ => changed[element.range()] == *content.trim(),
        });
        if !is_there {
            let phrase = "the address would not lead to what was put";
            return Err(conflict(Condition::CannotInsert, phrase));
        }
    }
    Ok((changed, new))
}

fn put_element(
    text: &str,
    document: &Document,
    selector: &Selector,
    content: &str,
) -> Result<(String, bool), Refused> {
    let Some((last, above)) = selector.steps.split_last() else {
        return Err(Refused::Nothing);
    };
    let parent = follow(document, above).map_err(|deepest| no_parent(selector, deepest))?;
    let content = content.trim();
    if !is_fragment(content, parent) {
        let phrase = "the body is no XML element";
        return Err(conflict(Condition::NotXmlFrag, phrase));
    }
    if let Ok(element) = follow(document, &selector.steps) {
        return Ok((spliced(text, element.range(), content), false));
    }
    if parent.is_root() {
        let phrase = "a document has one root";
        return Err(conflict(Condition::CannotInsert, phrase));
    }
    Ok((insert(text, parent, last, content)?, true))
}

/// RFC 4825 section 11.2: names the nearest ancestor there is.
fn no_parent(selector: &Selector, deepest: usize) -> Refused {
    let texts = selector
        .steps
        .iter()
        .take(deepest)
        .map(|step| step.text.as_str());
    let mut error = XcapError::new(Condition::NoParent, "the parent does not exist");
    if deepest > 0 {
        error.ancestor = Some(texts.collect::<Vec<_>>().join("/"));
    }
    Refused::Conflict(error)
}

/// One element, well-formed where it is to stand.
fn is_fragment(content: &str, parent: Node) -> bool {
    let mut wrapped = "<w".to_owned();
    for binding in parent.namespaces().filter(|one| one.name() != Some("xml")) {
        match binding.name() {
            Some(prefix) => wrapped.push_str(&format!(" xmlns:{prefix}=\"{}\"", binding.uri())),
            None => wrapped.push_str(&format!(" xmlns=\"{}\"", binding.uri())),
        }
    }
    wrapped.push_str(&format!(">{content}</w>"));
    let Ok(document) = Document::parse(&wrapped) else {
        return false;
    };
    let mut children = document.root_element().children();
    children.next().is_some_and(|node| node.is_element()) && children.next().is_none()
}

/// A new child: at its position, or after its last namesake; conditions come before their actions (RFC 4745 section 13).
fn insert(text: &str, parent: Node, step: &Step, content: &str) -> Result<String, Refused> {
    let namesakes = step.named_in(parent);
    let before = match step.position {
        Some(position) if position > namesakes.len() + 1 => {
            let phrase = "there are fewer elements than the position says";
            return Err(conflict(Condition::CannotInsert, phrase));
        }
        Some(position) => namesakes.get(position - 1).cloned(),
        None => None,
    };
    if let Some(before) = before {
        return Ok(spliced(text, before.start..before.start, content));
    }
    if let Some(last) = namesakes.last() {
        return Ok(spliced(text, last.end..last.end, content));
    }
    let first = parent
        .first_element_child()
        .map(|child| child.range().start);
    let goes_first = step
        .name
        .as_ref()
        .is_some_and(|(_, name)| name == "conditions");
    match (first, goes_first) {
        (Some(first), true) => Ok(spliced(text, first..first, content)),
        _ => Ok(append(text, parent.range(), content)),
    }
}

impl Step {
    /// Where the children of that name stand.
    fn named_in(&self, parent: Node) -> Vec<Range<usize>> {
        let children = parent.children().filter(Node::is_element);
        children
            .filter(|child| self.names(*child))
            .map(|child| child.range())
            .collect()
    }
}

/// Puts content at the end of an element, which may be an empty one.
fn append(text: &str, element: Range<usize>, content: &str) -> String {
    let own = &text[element.clone()];
    if let Some(opening) = own.strip_suffix("/>") {
        let end = own.find([' ', '\t', '\r', '\n', '/']).unwrap_or(own.len());
        let name = &own[1..end];
        let whole = format!("{}>{content}</{name}>", opening.trim_end());
        return spliced(text, element, &whole);
    }
    let end = element.start + own.rfind("</").unwrap_or(own.len());
    spliced(text, end..end, content)
}

fn put_attribute(
    text: &str,
    document: &Document,
    selector: &Selector,
    name: &str,
    content: &str,
) -> Result<(String, bool), Refused> {
    let element =
        follow(document, &selector.steps).map_err(|deepest| no_parent(selector, deepest))?;
    let probe = format!("<a b=\"{content}\"/>");
    if content.contains('"') || Document::parse(&probe).is_err() {
        let phrase = "the body is no value of an attribute";
        return Err(conflict(Condition::NotXmlAttValue, phrase));
    }
    if let Some(attribute) = attribute(element, name) {
        return Ok((spliced(text, attribute.range_value(), content), false));
    }
    let start = element.range().start;
    let own = &text[element.range()];
    let end = start
        + own
            .find([' ', '\t', '\r', '\n', '/', '>'])
            .unwrap_or(own.len());
    Ok((
        spliced(text, end..end, &format!(" {name}=\"{content}\"")),
        true,
    ))
}

/// The document without the node.
pub fn delete(text: &str, selector: &Selector) -> Result<String, Refused> {
    let document = parse(text)?;
    let element = selector.element(&document).ok_or(Refused::Nothing)?;
    let range = match &selector.terminal {
        Terminal::Element => element.range(),
        Terminal::Attribute(name) => {
            let attribute = attribute(element, name).ok_or(Refused::Nothing)?;
            let before = &text[..attribute.range().start];
            before.trim_end().len()..attribute.range().end
        }
        Terminal::Namespaces => return Err(Refused::Method),
    };
    let changed = spliced(text, range, "");
    let still = Document::parse(&changed).is_ok_and(|after| match &selector.terminal {
        Terminal::Attribute(_) => false,
        _ => selector.element(&after).is_some(),
    });
    if still
        || element.parent().is_some_and(|parent| parent.is_root())
            && selector.terminal == Terminal::Element
    {
        let phrase = "the address would lead to another node";
        return Err(conflict(Condition::CannotDelete, phrase));
    }
    Ok(changed)
}

fn spliced(text: &str, range: Range<usize>, content: &str) -> String {
    format!("{}{content}{}", &text[..range.start], &text[range.end..])
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
