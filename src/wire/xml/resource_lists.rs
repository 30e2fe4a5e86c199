//! `application/resource-lists+xml` (RFC 4826 section 3) with the copyControl attributes of RFC 5364: read and written.
//!
//! Nesting is kept as it came; `flat` gives the entries a URI list of SIP has (RFC 5366 section 4). What is done with them is not here.
use super::tree::{self, Element};
use crate::wire::Malformed;
use roxmltree::Node;

/// The media type.
pub const RESOURCE_LISTS: &str = "application/resource-lists+xml";
const CLAUSE: &str = "RFC 4826 section 3.2";
const NAMESPACE: &str = "urn:ietf:params:xml:ns:resource-lists";
const COPY_CONTROL: &str = "urn:ietf:params:xml:ns:copycontrol";
/// Lists within lists, and entries of one document.
const DEPTH: usize = 8;
const ENTRIES: usize = 1024;

/// How a recipient is named to the others (RFC 5364 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyControl {
    To,
    Cc,
    Bcc,
}

impl CopyControl {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::Cc => "cc",
            Self::Bcc => "bcc",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::To, Self::Cc, Self::Bcc]
            .into_iter()
            .find(|value| value.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// One `<entry>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    pub uri: String,
    pub display_name: Option<String>,
    pub copy_control: Option<CopyControl>,
    /// `cp:anonymize`: the others must not learn this URI.
    pub anonymize: bool,
    /// `cp:count` of an anonymised entry in a history body.
    pub count: Option<u32>,
}

impl Entry {
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            ..Self::default()
        }
    }
}

/// One `<list>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    pub name: Option<String>,
    pub entries: Vec<Entry>,
    pub lists: Vec<List>,
    /// `<entry-ref>` and `<external>`: lead out of the document.
    pub references: usize,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceLists {
    pub lists: Vec<List>,
}

impl ResourceLists {
    /// A flat list of these URIs.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self {
            lists: vec![List {
                entries,
                ..List::default()
            }],
        }
    }

    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        tree::read(octets, (NAMESPACE, "resource-lists"), CLAUSE, |root| {
            let mut left = ENTRIES;
            let lists = tree::children(root, "list")
                .map(|list| read_list(list, DEPTH, &mut left))
                .collect::<Result<_, _>>()?;
            Ok(Self { lists })
        })
    }

    /// Every entry of every list, in document order.
    pub fn flat(&self) -> Vec<&Entry> {
        let mut entries = Vec::new();
        for list in &self.lists {
            list.gather(&mut entries);
        }
        entries
    }

    pub fn to_octets(&self) -> Vec<u8> {
        Element::new("resource-lists")
            .with("xmlns", NAMESPACE)
            .with("xmlns:cp", COPY_CONTROL)
            .children(self.lists.iter().map(List::element))
            .to_document()
    }
}

impl List {
    fn gather<'a>(&'a self, entries: &mut Vec<&'a Entry>) {
        entries.extend(&self.entries);
        for list in &self.lists {
            list.gather(entries);
        }
    }

    fn element(&self) -> Element {
        let mut element = Element::new("list");
        if let Some(name) = &self.name {
            element = element.with("name", name);
        }
        element
            .children(self.entries.iter().map(Entry::element))
            .children(self.lists.iter().map(List::element))
    }
}

impl Entry {
    fn element(&self) -> Element {
        let mut element = Element::new("entry").with("uri", &self.uri);
        if let Some(control) = self.copy_control {
            element = element.with("cp:copyControl", control.as_str());
        }
        if self.anonymize {
            element = element.with("cp:anonymize", "true");
        }
        if let Some(count) = self.count {
            element = element.with("cp:count", count.to_string());
        }
        element.children(
            self.display_name
                .iter()
                .map(|name| Element::text("display-name", name)),
        )
    }
}

fn read_list(node: Node<'_, '_>, depth: usize, left: &mut usize) -> Result<List, Malformed> {
    if depth == 0 {
        let expected = format!("lists nested at most {DEPTH} deep");
        return Err(Malformed::new(node.range().start, expected, CLAUSE));
    }
    let mut list = List {
        name: tree::attribute(node, "name"),
        references: ["entry-ref", "external"]
            .iter()
            .map(|name| tree::children(node, name).count())
            .sum(),
        ..List::default()
    };
    for entry in tree::children(node, "entry") {
        *left = left.checked_sub(1).ok_or_else(|| {
            let expected = format!("at most {ENTRIES} entries");
            Malformed::new(entry.range().start, expected, CLAUSE)
        })?;
        list.entries.push(read_entry(entry)?);
    }
    for inner in tree::children(node, "list") {
        list.lists.push(read_list(inner, depth - 1, left)?);
    }
    Ok(list)
}

fn read_entry(node: Node<'_, '_>) -> Result<Entry, Malformed> {
    let uri = tree::attribute(node, "uri")
        .ok_or_else(|| Malformed::new(node.range().start, "the attribute uri", CLAUSE))?;
    // An example of RFC 5366 spells the namespace with a capital C; both are read.
    let copy = |name: &str| {
        node.attributes()
            .find(|a| {
                a.name() == name
                    && a.namespace()
                        .is_some_and(|space| space.eq_ignore_ascii_case(COPY_CONTROL))
            })
            .map(|a| a.value().to_owned())
    };
    Ok(Entry {
        uri,
        display_name: tree::value(node, "display-name"),
        copy_control: copy("copyControl").and_then(|value| CopyControl::parse(&value)),
        anonymize: copy("anonymize").is_some_and(|value| matches!(value.trim(), "true" | "1")),
        count: copy("count").and_then(|value| value.trim().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        let lists = ResourceLists::of(vec![
            Entry {
                copy_control: Some(CopyControl::To),
                display_name: Some("Bob & co".into()),
                ..Entry::new("sip:bob@home1.example")
            },
            Entry {
                copy_control: Some(CopyControl::Bcc),
                anonymize: true,
                count: Some(2),
                ..Entry::new("sip:carol@home1.example?Replaces=a%3Bto-tag%3Db")
            },
        ]);
        assert_eq!(ResourceLists::parse(&lists.to_octets()).unwrap(), lists);
    }

    #[test]
    fn reads_either_spelling_of_the_copy_control_namespace() {
        for space in ["copycontrol", "copyControl"] {
            let text = format!(
                "<resource-lists xmlns=\"{NAMESPACE}\" xmlns:c=\"urn:ietf:params:xml:ns:{space}\"><list>\
                 <entry uri=\"sip:a@b\" c:copyControl=\"bcc\"/></list></resource-lists>"
            );
            let read = ResourceLists::parse(text.as_bytes()).unwrap();
            assert_eq!(read.flat()[0].copy_control, Some(CopyControl::Bcc));
        }
    }

    #[test]
    fn flattens_lists_within_lists() {
        let text = format!(
            "<resource-lists xmlns=\"{NAMESPACE}\"><list name=\"x\"><entry uri=\"sip:a@b\"/>\
             <list><entry uri=\"sip:c@d\"><display-name>C</display-name></entry><entry-ref ref=\"x\"/></list></list></resource-lists>"
        );
        let read = ResourceLists::parse(text.as_bytes()).unwrap();
        let uris: Vec<_> = read.flat().iter().map(|e| e.uri.clone()).collect();
        assert_eq!(uris, ["sip:a@b", "sip:c@d"]);
        assert_eq!(read.lists[0].lists[0].references, 1);
    }

    #[test]
    fn refuses_what_is_no_resource_list() {
        for wrong in ["", "<a/>", "<resource-lists/>"] {
            assert!(ResourceLists::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let deep = format!(
            "<resource-lists xmlns=\"{NAMESPACE}\">{}{}</resource-lists>",
            "<list>".repeat(20),
            "</list>".repeat(20)
        );
        assert!(ResourceLists::parse(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(ResourceLists::parse(&octets));
        }
    }
}
