//! The `message/imdn+xml` document (RFC 5438 section 7.2 and 11.1): read with roxmltree, written with quick-xml.
//!
//! Which notification a status belongs to follows from the status; `forbidden` and `error`, which belong to any, are written as a
//! delivery notification.
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use roxmltree::{Document, Node};

use crate::wire::Malformed;

const CLAUSE: &str = "RFC 5438 section 11.1.1";
const NAMESPACE: &str = "urn:ietf:params:xml:ns:imdn";
/// Octets of one document.
const LIMIT: usize = 64 * 1024;

/// Disposition of an IMDN, RFC 5438 section 7.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImdnStatus {
    Delivered,
    Failed,
    Forbidden,
    Error,
    Displayed,
    Processed,
    Stored,
    Other,
}

impl ImdnStatus {
    fn from_element(name: &str) -> Self {
        match name {
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            "forbidden" => Self::Forbidden,
            "error" => Self::Error,
            "displayed" => Self::Displayed,
            "processed" => Self::Processed,
            "stored" => Self::Stored,
            _ => Self::Other,
        }
    }

    /// Element names of the notification and of the status in it.
    fn elements(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Delivered => ("delivery-notification", Some("delivered")),
            Self::Failed => ("delivery-notification", Some("failed")),
            Self::Forbidden => ("delivery-notification", Some("forbidden")),
            Self::Error => ("delivery-notification", Some("error")),
            Self::Displayed => ("display-notification", Some("displayed")),
            Self::Processed => ("processing-notification", Some("processed")),
            Self::Stored => ("processing-notification", Some("stored")),
            Self::Other => ("delivery-notification", None),
        }
    }
}

/// The `message/imdn+xml` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imdn {
    pub message_id: String,
    pub datetime: Option<String>,
    pub recipient_uri: Option<String>,
    pub original_recipient_uri: Option<String>,
    pub status: ImdnStatus,
}

impl Imdn {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        if octets.len() > LIMIT {
            let expected = format!("an IMDN of at most {LIMIT} octets");
            return Err(Malformed::new(LIMIT, expected, CLAUSE));
        }
        let text = std::str::from_utf8(octets)
            .map_err(|error| Malformed::new(error.valid_up_to(), "UTF-8", CLAUSE))?;
        let document = Document::parse(text.trim())
            .map_err(|error| Malformed::new(0, format!("XML: {error}"), CLAUSE))?;
        let root = document.root_element();
        if !root.has_tag_name((NAMESPACE, "imdn")) {
            let expected = format!("the element imdn of namespace {NAMESPACE}");
            return Err(Malformed::new(root.range().start, expected, CLAUSE));
        }
        let value = |name| {
            let text = child(root, name)?.text().unwrap_or_default();
            Some(text.trim().to_owned())
        };
        let message_id = value("message-id").ok_or_else(|| {
            Malformed::new(root.range().start, "the element message-id in imdn", CLAUSE)
        })?;
        let status = [
            "delivery-notification",
            "display-notification",
            "processing-notification",
        ]
        .into_iter()
        .find_map(|name| child(child(root, name)?, "status"))
        .ok_or_else(|| {
            Malformed::new(
                root.range().start,
                "a notification with the element status in imdn",
                CLAUSE,
            )
        })?;
        Ok(Self {
            message_id,
            datetime: value("datetime"),
            recipient_uri: value("recipient-uri"),
            original_recipient_uri: value("original-recipient-uri"),
            status: status
                .children()
                .find(Node::is_element)
                .map_or(ImdnStatus::Other, |status| {
                    ImdnStatus::from_element(status.tag_name().name())
                }),
        })
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        // Writing to a Vec cannot fail; what was written so far is returned either way.
        let _infallible = self.write(&mut writer).ok();
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let (notification, status) = self.status.elements();
        let values = [
            ("message-id", Some(&self.message_id)),
            ("datetime", self.datetime.as_ref()),
            ("recipient-uri", self.recipient_uri.as_ref()),
            (
                "original-recipient-uri",
                self.original_recipient_uri.as_ref(),
            ),
        ];
        writer
            .create_element("imdn")
            .with_attribute(("xmlns", NAMESPACE))
            .write_inner_content(|writer| {
                for (name, value) in values {
                    if let Some(value) = value {
                        let text = BytesText::new(value);
                        writer.create_element(name).write_text_content(text)?;
                    }
                }
                writer
                    .create_element(notification)
                    .write_inner_content(|writer| {
                        writer
                            .create_element("status")
                            .write_inner_content(|writer| {
                                if let Some(status) = status {
                                    writer.create_element(status).write_empty()?;
                                }
                                Ok(())
                            })?;
                        Ok(())
                    })?;
                Ok(())
            })?;
        Ok(())
    }
}

fn child<'a>(parent: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    parent
        .children()
        .find(|node| node.has_tag_name((NAMESPACE, name)))
}
