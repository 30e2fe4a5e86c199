//! The `application/xcap-error+xml` document of RFC 4825 section 11: why a 409 was given.
use crate::wire::Malformed;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use roxmltree::{Document, Node};

pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:xcap-error";
pub const MEDIA_TYPE: &str = "application/xcap-error+xml";
const CLAUSE: &str = "RFC 4825 section 11";
/// Octets of one document.
const LIMIT: usize = 64 * 1024;

/// The error elements of RFC 4825 section 11.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    NotWellFormed,
    NotXmlFrag,
    NoParent,
    SchemaValidationError,
    NotXmlAttValue,
    CannotInsert,
    CannotDelete,
    UniquenessFailure,
    ConstraintFailure,
    Extension,
    NotUtf8,
}

impl Condition {
    pub const ALL: [Self; 11] = [
        Self::NotWellFormed,
        Self::NotXmlFrag,
        Self::NoParent,
        Self::SchemaValidationError,
        Self::NotXmlAttValue,
        Self::CannotInsert,
        Self::CannotDelete,
        Self::UniquenessFailure,
        Self::ConstraintFailure,
        Self::Extension,
        Self::NotUtf8,
    ];

    /// The name of the element.
    pub fn element(self) -> &'static str {
        match self {
            Self::NotWellFormed => "not-well-formed",
            Self::NotXmlFrag => "not-xml-frag",
            Self::NoParent => "no-parent",
            Self::SchemaValidationError => "schema-validation-error",
            Self::NotXmlAttValue => "not-xml-att-value",
            Self::CannotInsert => "cannot-insert",
            Self::CannotDelete => "cannot-delete",
            Self::UniquenessFailure => "uniqueness-failure",
            Self::ConstraintFailure => "constraint-failure",
            Self::Extension => "extension",
            Self::NotUtf8 => "not-utf-8",
        }
    }

    /// The error element of that name.
    pub fn from_element(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.element() == name)
    }
}

/// An `xcap-error` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XcapError {
    pub condition: Condition,
    pub phrase: Option<String>,
    /// `no-parent`: the nearest ancestor that exists, as a URI.
    pub ancestor: Option<String>,
}

impl XcapError {
    pub fn new(condition: Condition, phrase: impl Into<String>) -> Self {
        Self {
            condition,
            phrase: Some(phrase.into()),
            ancestor: None,
        }
    }

    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        if octets.len() > LIMIT {
            let expected = format!("an xcap-error document of at most {LIMIT} octets");
            return Err(Malformed::new(LIMIT, expected, CLAUSE));
        }
        let text = std::str::from_utf8(octets)
            .map_err(|error| Malformed::new(error.valid_up_to(), "UTF-8", CLAUSE))?;
        let document = Document::parse(text)
            .map_err(|error| Malformed::new(0, format!("XML: {error}"), CLAUSE))?;
        let root = document.root_element();
        if !root.has_tag_name((NAMESPACE, "xcap-error")) {
            let expected = format!("the element xcap-error of namespace {NAMESPACE}");
            return Err(Malformed::new(root.range().start, expected, CLAUSE));
        }
        let element = root.children().find(Node::is_element);
        let condition = element.and_then(|node| Condition::from_element(node.tag_name().name()));
        let (Some(element), Some(condition)) = (element, condition) else {
            let expected = "an error element";
            return Err(Malformed::new(root.range().start, expected, CLAUSE));
        };
        let ancestor = element
            .children()
            .find(|node| node.has_tag_name((NAMESPACE, "ancestor")));
        Ok(Self {
            condition,
            phrase: element.attribute("phrase").map(str::to_owned),
            ancestor: ancestor.and_then(|node| node.text()).map(str::to_owned),
        })
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        let write = |writer: &mut Writer<Vec<u8>>| -> std::io::Result<()> {
            writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
            let root = writer.create_element("xcap-error");
            root.with_attribute(("xmlns", NAMESPACE))
                .write_inner_content(|writer| {
                    let mut element = writer.create_element(self.condition.element());
                    if let Some(phrase) = &self.phrase {
                        element = element.with_attribute(("phrase", phrase.as_str()));
                    }
                    match &self.ancestor {
                        Some(uri) => element.write_inner_content(|writer| {
                            let text = quick_xml::events::BytesText::new(uri);
                            writer.create_element("ancestor").write_text_content(text)?;
                            Ok(())
                        })?,
                        None => element.write_empty()?,
                    };
                    Ok(())
                })?;
            Ok(())
        };
        // Writing to memory cannot fail.
        write(&mut writer).ok();
        writer.into_inner()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn reads_back_every_error_it_writes() {
        for condition in Condition::ALL {
            let error = XcapError::new(condition, "a \"b\" <c>");
            assert_eq!(XcapError::parse(&error.to_octets()).unwrap(), error);
        }
        let no_parent = XcapError {
            ancestor: Some("/a/users/b/c.xml/~~/d".into()),
            ..XcapError::new(Condition::NoParent, "no")
        };
        assert_eq!(XcapError::parse(&no_parent.to_octets()).unwrap(), no_parent);
    }

    #[test]
    fn reads_the_form_of_the_standard() {
        let document = br#"<?xml version="1.0" encoding="UTF-8"?>
            <xcap-error xmlns="urn:ietf:params:xml:ns:xcap-error"><cannot-insert/></xcap-error>"#;
        let error = XcapError::parse(document).unwrap();
        assert_eq!(error.condition, Condition::CannotInsert);
        assert!(XcapError::parse(b"<xcap-error/>").is_err());
    }
}
