//! Addresses within an XCAP server (RFC 4825 section 6): which document, and which node of it.
//!
//! A node selector is a path of element names with predicates; it must lead to exactly one node or it leads nowhere.
use super::store::unescaped;
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// Longest node selector in steps.
const STEPS_LIMIT: usize = 32;

/// A parsed request URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub auid: String,
    /// `None` is the global tree.
    pub user: Option<String>,
    pub document: String,
    /// Percent-decoded, with prefixes still to be resolved.
    pub node: Option<String>,
    /// Prefixes the query component binds.
    pub prefixes: BTreeMap<String, String>,
}

impl Address {
    /// From path and query as they stand in the request.
    pub fn parse(path: &str, query: Option<&str>) -> Option<Self> {
        let (document, node) = match path.split_once("/~~/").or(path.split_once("/%7E%7E/")) {
            Some((document, node)) => (document, Some(unescaped(node)?)),
            None => (path, None),
        };
        let mut parts = document.trim_start_matches('/').split('/');
        let auid = unescaped(parts.next()?)?;
        let user = match parts.next()? {
            "users" => Some(unescaped(parts.next()?)?),
            "global" => None,
            _ => return None,
        };
        let name: Vec<String> = parts.map(unescaped).collect::<Option<_>>()?;
        if name.is_empty() || name.iter().any(String::is_empty) {
            return None;
        }
        Some(Self {
            auid,
            user,
            document: name.join("/"),
            node,
            prefixes: prefixes(query.unwrap_or_default())?,
        })
    }
}

/// `xmlns(p=uri)xmlns(q=uri)`, RFC 4825 section 6.4.
fn prefixes(query: &str) -> Option<BTreeMap<String, String>> {
    let query = unescaped(query)?;
    let mut found = BTreeMap::new();
    let mut rest = query.as_str();
    while let Some((_, after)) = rest.split_once("xmlns(") {
        let (binding, after) = after.split_once(')')?;
        let (prefix, uri) = binding.split_once('=')?;
        found.insert(prefix.trim().to_owned(), uri.trim().to_owned());
        rest = after;
    }
    Some(found)
}

/// What a selector leads to in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terminal {
    Element,
    Attribute(String),
    /// `namespace::*`
    Namespaces,
}

/// A node selector with its prefixes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    pub steps: Vec<Step>,
    pub terminal: Terminal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Namespace and local name; `None` is `*`.
    pub name: Option<(String, String)>,
    pub position: Option<usize>,
    pub attribute: Option<(String, String)>,
    /// As it stands in the selector.
    pub text: String,
}

impl Selector {
    /// `None` where it does not follow the grammar or uses a prefix that nobody binds.
    pub fn parse(
        node: &str,
        prefixes: &BTreeMap<String, String>,
        default_namespace: &str,
    ) -> Option<Self> {
        let mut parts = split_outside_quotes(node, '/');
        if parts.len() > STEPS_LIMIT {
            return None;
        }
        let last = parts.last()?;
        let terminal = if let Some(name) = last.strip_prefix('@') {
            Terminal::Attribute(name.to_owned())
        } else if *last == "namespace::*" {
            Terminal::Namespaces
        } else {
            Terminal::Element
        };
        if terminal != Terminal::Element {
            parts.pop();
        }
        let steps = parts
            .into_iter()
            .map(|part| step(part, prefixes, default_namespace))
            .collect::<Option<Vec<_>>>()?;
        (!steps.is_empty()).then_some(Self { steps, terminal })
    }

    /// The element all steps lead to.
    pub fn element<'a>(&self, document: &'a Document) -> Option<Node<'a, 'a>> {
        follow(document, &self.steps).ok()
    }
}

/// The element the steps lead to, or how many of them lead somewhere.
pub fn follow<'a>(document: &'a Document, steps: &[Step]) -> Result<Node<'a, 'a>, usize> {
    let mut here = document.root();
    for (index, step) in steps.iter().enumerate() {
        let matching = step.among(here);
        let [only] = matching.as_slice() else {
            return Err(index);
        };
        here = *only;
    }
    Ok(here)
}

impl Step {
    /// Children of that name, predicates aside.
    pub fn named<'a>(&self, parent: Node<'a, 'a>) -> Vec<Node<'a, 'a>> {
        let children = parent.children().filter(Node::is_element);
        children.filter(|child| self.names(*child)).collect()
    }

    /// Whether the element has the name.
    pub fn names(&self, element: Node) -> bool {
        let Some((namespace, local)) = &self.name else {
            return true;
        };
        let name = element.tag_name();
        name.name() == local && name.namespace().unwrap_or_default() == namespace
    }

    /// Whether the element has the attribute that the step asks for.
    pub fn is_attributed(&self, element: Node) -> bool {
        self.attribute
            .as_ref()
            .is_none_or(|(name, value)| element.attribute(name.as_str()) == Some(value))
    }

    fn among<'a>(&self, parent: Node<'a, 'a>) -> Vec<Node<'a, 'a>> {
        let mut found = self.named(parent);
        if let Some(position) = self.position {
            found = found.into_iter().skip(position - 1).take(1).collect();
        }
        found.retain(|element| self.is_attributed(*element));
        found
    }
}

fn step(text: &str, prefixes: &BTreeMap<String, String>, default: &str) -> Option<Step> {
    let (name, mut predicates) = match text.find('[') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let name = match name {
        "" => return None,
        "*" => None,
        _ => Some(match name.split_once(':') {
            Some((prefix, local)) => (prefixes.get(prefix)?.clone(), local.to_owned()),
            None => (default.to_owned(), name.to_owned()),
        }),
    };
    let mut step = Step {
        name,
        position: None,
        attribute: None,
        text: text.to_owned(),
    };
    while !predicates.is_empty() {
        let inner = predicates.strip_prefix('[')?;
        let end = split_outside_quotes(inner, ']').first()?.len();
        let (predicate, rest) = (inner.get(..end)?, inner.get(end + 1..)?);
        predicates = rest;
        if let Some(attribute) = predicate.strip_prefix('@') {
            let (name, value) = attribute.split_once('=')?;
            let value = value.trim();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
            step.attribute = Some((name.trim().to_owned(), value.to_owned()));
        } else {
            step.position = Some(predicate.parse().ok().filter(|n| *n > 0)?);
        }
    }
    Some(step)
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quote = None;
    text.split(|c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        quote.is_none() && c == separator
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    const COMMON_POLICY: &str = "urn:ietf:params:xml:ns:common-policy";

    #[test]
    fn reads_an_address_in_either_encoding() {
        let query = format!("xmlns(cp={COMMON_POLICY})");
        let path = "/simservs.ngn.etsi.org/users/sip%3Aada%40x.example/simservs.xml/~~/simservs/\
                    incoming-communication-barring/cp:ruleset/cp:rule%5B@id=%22x%22%5D";
        let address = Address::parse(path, Some(&query)).unwrap();
        assert_eq!(address.user.as_deref(), Some("sip:ada@x.example"));
        assert_eq!(address.document, "simservs.xml");
        let node = address.node.unwrap();
        let selector = Selector::parse(&node, &address.prefixes, "d").unwrap();
        assert_eq!(selector.steps.len(), 4);
        let last = selector.steps.last().unwrap();
        assert_eq!(last.name, Some((COMMON_POLICY.into(), "rule".into())));
        assert_eq!(last.attribute, Some(("id".into(), "x".into())));
        let raw = Address::parse("/a/users/sip:ada@x.example/s.xml", None).unwrap();
        assert_eq!(raw.user.as_deref(), Some("sip:ada@x.example"));
        assert_eq!(Address::parse("/a/users/ada", None), None);
        assert_eq!(Address::parse("/a/elsewhere/ada/s.xml", None), None);
    }

    #[test]
    fn refuses_what_is_no_selector() {
        let none = BTreeMap::new();
        for bad in [
            "",
            "a//b",
            "cp:rule",
            "a[0]",
            "a[@id=x]",
            "a[@id=\"x\"",
            "@a",
        ] {
            assert_eq!(Selector::parse(bad, &none, "d"), None, "{bad}");
        }
        let quoted = Selector::parse("a[@id=\"b/]c\"]/@active", &none, "d").unwrap();
        assert_eq!(quoted.terminal, Terminal::Attribute("active".into()));
    }

    #[test]
    fn leads_to_one_node_or_nowhere() {
        let document = Document::parse("<a xmlns='d'><b i='1'/><b i='2'/><c/></a>").unwrap();
        let none = BTreeMap::new();
        let leads = |text: &str| {
            let selector = Selector::parse(text, &none, "d").unwrap();
            selector.element(&document).is_some()
        };
        assert!(leads("a/b[1]") && leads("a/b[@i=\"2\"]") && leads("*/c") && leads("a/*[3]"));
        assert!(leads("a/b[2][@i=\"2\"]"));
        assert!(!leads("a/b") && !leads("a/b[3]") && !leads("b") && !leads("a/b[1][@i=\"2\"]"));
    }
}
