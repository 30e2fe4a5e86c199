//! A small element tree for documents we write, and the reading steps they share.
use crate::wire::Malformed;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use roxmltree::{Document, Node};

/// An element to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: Option<String>,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::new(name)
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(super) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The document with this element as its root.
    pub(super) fn to_document(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        // Writing to a Vec cannot fail; what was written so far is returned either way.
        let _infallible = writer
            .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
            .and_then(|()| self.write(&mut writer))
            .ok();
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let attributes = self.attributes.iter().map(|(n, v)| (*n, v.as_str()));
        let element = writer.create_element(self.name).with_attributes(attributes);
        match &self.text {
            Some(text) => element.write_text_content(BytesText::new(text))?,
            None if self.children.is_empty() => element.write_empty()?,
            None => element.write_inner_content(|writer| {
                self.children
                    .iter()
                    .try_for_each(|child| child.write(writer))
            })?,
        };
        Ok(())
    }
}

/// Reads a document, whose root must be this element, and takes out of it what is asked.
pub(super) fn read<T>(
    octets: &[u8],
    root: (&'static str, &'static str),
    clause: &'static str,
    take: impl FnOnce(Node<'_, '_>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    if octets.len() > super::LIMIT {
        let expected = format!("at most {} octets of XML", super::LIMIT);
        return Err(Malformed::new(super::LIMIT, expected, clause));
    }
    let text = std::str::from_utf8(octets)
        .map_err(|error| Malformed::new(error.valid_up_to(), "UTF-8", clause))?;
    let document = Document::parse(text.trim())
        .map_err(|error| Malformed::new(0, format!("XML: {error}"), clause))?;
    let element = document.root_element();
    if !element.has_tag_name(root) {
        let expected = format!("the element {} of namespace {}", root.1, root.0);
        return Err(Malformed::new(element.range().start, expected, clause));
    }
    take(element)
}

/// The first child of this name, in the namespace of its parent.
pub(super) fn child<'a, 'i>(parent: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(parent, name).next()
}

/// All children of this name, in the namespace of their parent.
pub(super) fn children<'a, 'i>(
    parent: Node<'a, 'i>,
    name: &str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    let namespace = parent.tag_name().namespace();
    parent.children().filter(move |node| {
        node.is_element()
            && node.tag_name().name() == name
            && node.tag_name().namespace() == namespace
    })
}

/// The text of the first child of this name.
pub(super) fn value(parent: Node<'_, '_>, name: &str) -> Option<String> {
    child(parent, name).map(text)
}

/// The text of an element, trimmed.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

/// An attribute without a namespace.
pub(super) fn attribute(node: Node<'_, '_>, name: &str) -> Option<String> {
    node.attribute(name).map(str::to_owned)
}
