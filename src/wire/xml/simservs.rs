//! The `simservs` document (3GPP TS 24.623, AUID simservs.ngn.etsi.org) as far as Communication Barring goes: the services
//! incoming-communication-barring and outgoing-communication-barring of 3GPP TS 24.611 clause 4.9, which are rules of RFC 4745.
//!
//! It says what is written, not what it means: whether a rule matches a communication, and which rule wins, is not for a grammar to say.
//! Diversion is in `diversion`. Whatever else a document has (other services, extensions) is passed over; a condition nobody knows is kept by name.
//!
//! More than 400 lines: reading and writing of one grammar belong beside each other.
use super::diversion::{self, Diversion};
use crate::wire::Malformed;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use roxmltree::{Document, Node};
use std::io;

/// Namespace of simservs and of its own conditions, also that of its default document namespace.
pub const SIMSERVS: &str = "http://uri.etsi.org/ngn/params/xml/simservs/xcap";
/// Namespace of RFC 4745.
pub const COMMON_POLICY: &str = "urn:ietf:params:xml:ns:common-policy";
/// Namespace of the conditions of the OMA.
pub const OMA_COMMON_POLICY: &str = "urn:oma:xml:xdm:common-policy";
/// Media type of the whole document.
pub const MEDIA_TYPE: &str = "application/vnd.etsi.simservs+xml";

const CLAUSE: &str = "3GPP TS 24.611 clause 4.9";
/// Octets of one document.
const LIMIT: usize = 256 * 1024;
/// Rules of one service.
const RULES_LIMIT: usize = 1_000;

/// A `simservs` document. A service that is not in it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimServs {
    /// ICB, and ACR as one of its rules.
    pub incoming: Option<Barring>,
    /// OCB.
    pub outgoing: Option<Barring>,
    pub diversion: Option<Diversion>,
}

/// One of the two barring services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barring {
    /// The attribute `active`, true where it is absent.
    pub active: bool,
    /// In the order of the document.
    pub rules: Vec<Rule>,
}

impl Default for Barring {
    fn default() -> Self {
        Self {
            active: true,
            rules: Vec::new(),
        }
    }
}

/// A rule of RFC 4745.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// Empty where `conditions` is empty or absent.
    pub conditions: Vec<Condition>,
    /// The action `allow`; `None` where the rule has none.
    pub allow: Option<bool>,
}

impl Rule {
    /// A rule that bars under these conditions.
    pub fn barring(id: impl Into<String>, conditions: Vec<Condition>) -> Self {
        Self {
            id: id.into(),
            conditions,
            allow: Some(false),
        }
    }

    /// A rule that allows under these conditions.
    pub fn allowing(id: impl Into<String>, conditions: Vec<Condition>) -> Self {
        Self {
            id: id.into(),
            conditions,
            allow: Some(true),
        }
    }
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    RuleDeactivated,
    /// `cp:identity`: any of them.
    Identity(Vec<Identity>),
    OtherIdentity,
    Anonymous,
    /// `request-name`: a SIP method.
    RequestName(String),
    /// `presence-status`: an activity.
    PresenceStatus(String),
    /// `cp:validity`: pairs of `from` and `until` as written (RFC 3339).
    Validity(Vec<(String, String)>),
    /// `cp:sphere`: its value.
    Sphere(String),
    /// `media`: a media type of the session description.
    Media(String),
    CommunicationDiverted,
    Roaming,
    International,
    InternationalExHc,
    /// `ocp:external-list`: URIs of lists.
    ExternalList(Vec<String>),
    /// Any other element: its local name.
    Unknown(String),
}

/// A member of `cp:identity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// `<one id="..."/>`
    One(String),
    /// `<many domain="...">` with its exceptions; without a domain it means everybody.
    Many {
        domain: Option<String>,
        except: Vec<Except>,
    },
}

/// `<except>` of `<many>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Except {
    Id(String),
    Domain(String),
}

impl SimServs {
    /// Reads a whole document; the root may also be one of the two services alone.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        if octets.len() > LIMIT {
            let expected = format!("a simservs document of at most {LIMIT} octets");
            return Err(Malformed::new(LIMIT, expected, CLAUSE));
        }
        let text = std::str::from_utf8(octets)
            .map_err(|error| Malformed::new(error.valid_up_to(), "UTF-8", CLAUSE))?;
        let document = Document::parse(text)
            .map_err(|error| Malformed::new(0, format!("XML: {error}"), CLAUSE))?;
        let root = document.root_element();
        let mut read = Self::default();
        if root.has_tag_name((SIMSERVS, "simservs")) {
            for service in root.children().filter(Node::is_element) {
                read.take(service)?;
            }
        } else if !read.take(root)? {
            let expected = format!("the element simservs of namespace {SIMSERVS}");
            return Err(Malformed::new(root.range().start, expected, CLAUSE));
        }
        Ok(read)
    }

    /// Whether the element is one of the services.
    fn take(&mut self, service: Node) -> Result<bool, Malformed> {
        if service.has_tag_name((SIMSERVS, "incoming-communication-barring")) {
            self.incoming = Some(barring(service)?);
        } else if service.has_tag_name((SIMSERVS, "outgoing-communication-barring")) {
            self.outgoing = Some(barring(service)?);
        } else if service.has_tag_name((SIMSERVS, diversion::ELEMENT)) {
            self.diversion = Some(Diversion::parse(service)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes a whole document.
    pub fn to_octets(&self) -> Vec<u8> {
        written(|writer| {
            writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
            let root = writer.create_element("ss:simservs");
            let root = root.with_attributes([("xmlns:ss", SIMSERVS), ("xmlns:cp", COMMON_POLICY)]);
            root.write_inner_content(|writer| {
                if let Some(service) = &self.incoming {
                    service.write(writer, "ss:incoming-communication-barring", false)?;
                }
                if let Some(service) = &self.outgoing {
                    service.write(writer, "ss:outgoing-communication-barring", false)?;
                }
                if let Some(service) = &self.diversion {
                    service.write(writer)?;
                }
                Ok(())
            })?;
            Ok(())
        })
    }
}

impl Barring {
    /// Writes the service alone, as an XML element for a node of a document; `name` is without prefix.
    pub fn to_element(&self, name: &str) -> Vec<u8> {
        written(|writer| self.write(writer, &format!("ss:{name}"), true))
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, name: &str, alone: bool) -> io::Result<()> {
        let active = if self.active { "true" } else { "false" };
        let mut service = writer.create_element(name);
        if alone {
            let names = [("xmlns:ss", SIMSERVS), ("xmlns:cp", COMMON_POLICY)];
            service = service.with_attributes(names);
        }
        let service = service.with_attribute(("active", active));
        service.write_inner_content(|writer| {
            let ruleset = writer.create_element("cp:ruleset");
            ruleset.write_inner_content(|writer| {
                self.rules
                    .iter()
                    .try_for_each(|rule| rule.write(writer, false))
            })?;
            Ok(())
        })?;
        Ok(())
    }
}

impl Rule {
    /// Writes the rule alone, as an XML element for a node of a document.
    pub fn to_element(&self) -> Vec<u8> {
        written(|writer| self.write(writer, true))
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, alone: bool) -> io::Result<()> {
        let mut rule = writer.create_element("cp:rule");
        if alone {
            let names = [("xmlns:ss", SIMSERVS), ("xmlns:cp", COMMON_POLICY)];
            rule = rule.with_attributes(names);
        }
        let rule = rule.with_attribute(("id", self.id.as_str()));
        rule.write_inner_content(|writer| {
            write_conditions(&self.conditions, writer, false)?;
            if let Some(allow) = self.allow {
                let actions = writer.create_element("cp:actions");
                let value = if allow { "true" } else { "false" };
                actions.write_inner_content(|writer| text(writer, "ss:allow", value))?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes `conditions` alone, as an XML element for a node of a document.
pub fn conditions_element(conditions: &[Condition]) -> Vec<u8> {
    written(|writer| write_conditions(conditions, writer, true))
}

fn write_conditions(
    conditions: &[Condition],
    writer: &mut Writer<Vec<u8>>,
    alone: bool,
) -> io::Result<()> {
    let mut element = writer.create_element("cp:conditions");
    if alone {
        let names = [("xmlns:ss", SIMSERVS), ("xmlns:cp", COMMON_POLICY)];
        element = element.with_attributes(names);
    }
    if conditions.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        conditions
            .iter()
            .try_for_each(|condition| condition.write(writer))
    })?;
    Ok(())
}

impl Condition {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        match self {
            Self::RuleDeactivated => empty(writer, "ss:rule-deactivated"),
            Self::OtherIdentity => empty(writer, "ss:other-identity"),
            Self::Anonymous => empty(writer, "ss:anonymous"),
            Self::CommunicationDiverted => empty(writer, "ss:communication-diverted"),
            Self::Roaming => empty(writer, "ss:roaming"),
            Self::International => empty(writer, "ss:international"),
            Self::InternationalExHc => empty(writer, "ss:international-exHC"),
            Self::RequestName(value) => text(writer, "ss:request-name", value),
            Self::PresenceStatus(value) => text(writer, "ss:presence-status", value),
            Self::Media(value) => text(writer, "ss:media", value),
            Self::Unknown(name) => empty(writer, &format!("ss:{name}")),
            Self::Sphere(value) => {
                let sphere = writer.create_element("cp:sphere");
                sphere
                    .with_attribute(("value", value.as_str()))
                    .write_empty()?;
                Ok(())
            }
            Self::Identity(members) => {
                let element = writer.create_element("cp:identity");
                element.write_inner_content(|writer| {
                    members.iter().try_for_each(|member| member.write(writer))
                })?;
                Ok(())
            }
            Self::Validity(pairs) => {
                let element = writer.create_element("cp:validity");
                element.write_inner_content(|writer| {
                    pairs.iter().try_for_each(|(from, until)| {
                        text(writer, "cp:from", from)?;
                        text(writer, "cp:until", until)
                    })
                })?;
                Ok(())
            }
            Self::ExternalList(lists) => {
                let element = writer.create_element("ocp:external-list");
                let element = element.with_attribute(("xmlns:ocp", OMA_COMMON_POLICY));
                element.write_inner_content(|writer| {
                    lists.iter().try_for_each(|list| {
                        let entry = writer.create_element("ocp:entry");
                        entry.with_attribute(("anc", list.as_str())).write_empty()?;
                        Ok(())
                    })
                })?;
                Ok(())
            }
        }
    }
}

impl Identity {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        match self {
            Self::One(id) => {
                let one = writer.create_element("cp:one");
                one.with_attribute(("id", id.as_str())).write_empty()?;
            }
            Self::Many { domain, except } => {
                let mut many = writer.create_element("cp:many");
                if let Some(domain) = domain {
                    many = many.with_attribute(("domain", domain.as_str()));
                }
                if except.is_empty() {
                    many.write_empty()?;
                    return Ok(());
                }
                many.write_inner_content(|writer| {
                    except.iter().try_for_each(|except| {
                        let (name, value) = match except {
                            Except::Id(id) => ("id", id),
                            Except::Domain(domain) => ("domain", domain),
                        };
                        let element = writer.create_element("cp:except");
                        element
                            .with_attribute((name, value.as_str()))
                            .write_empty()?;
                        Ok(())
                    })
                })?;
            }
        }
        Ok(())
    }
}

/// Runs a writing on a buffer.
fn written(write: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    // Writing to memory cannot fail.
    write(&mut writer).ok();
    writer.into_inner()
}

fn empty(writer: &mut Writer<Vec<u8>>, name: &str) -> io::Result<()> {
    writer.create_element(name).write_empty()?;
    Ok(())
}

pub(super) fn text(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> io::Result<()> {
    let text = quick_xml::events::BytesText::new(value);
    writer.create_element(name).write_text_content(text)?;
    Ok(())
}

/// xs:boolean.
pub(super) fn boolean(value: &str, at: usize) -> Result<bool, Malformed> {
    match value.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Malformed::new(at, "true or false", CLAUSE)),
    }
}

fn barring(service: Node) -> Result<Barring, Malformed> {
    let active = match service.attribute("active") {
        Some(value) => boolean(value, service.range().start)?,
        None => true,
    };
    let mut rules = Vec::new();
    let rulesets = service
        .children()
        .filter(|node| node.has_tag_name((COMMON_POLICY, "ruleset")));
    for node in rulesets.flat_map(|ruleset| ruleset.children()) {
        if !node.has_tag_name((COMMON_POLICY, "rule")) {
            continue;
        }
        if rules.len() == RULES_LIMIT {
            let expected = format!("at most {RULES_LIMIT} rules");
            return Err(Malformed::new(node.range().start, expected, CLAUSE));
        }
        rules.push(rule(node)?);
    }
    Ok(Barring { active, rules })
}

fn rule(node: Node) -> Result<Rule, Malformed> {
    let Some(id) = node.attribute("id") else {
        let expected = "an attribute id of the rule";
        return Err(Malformed::new(
            node.range().start,
            expected,
            "RFC 4745 section 7",
        ));
    };
    let mut conditions = Vec::new();
    let mut allow = None;
    for part in node.children().filter(Node::is_element) {
        if part.has_tag_name((COMMON_POLICY, "conditions")) {
            conditions.extend(part.children().filter(Node::is_element).map(condition));
        } else if part.has_tag_name((COMMON_POLICY, "actions")) {
            let action = part
                .children()
                .find(|node| node.has_tag_name((SIMSERVS, "allow")));
            if let Some(action) = action {
                allow = Some(boolean(&content(action), action.range().start)?);
            }
        }
    }
    Ok(Rule {
        id: id.to_owned(),
        conditions,
        allow,
    })
}

pub(super) fn content(node: Node) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn condition(node: Node) -> Condition {
    let name = node.tag_name();
    match (name.namespace().unwrap_or_default(), name.name()) {
        (SIMSERVS, "rule-deactivated") => Condition::RuleDeactivated,
        (SIMSERVS, "other-identity") | (OMA_COMMON_POLICY, "other-identity") => {
            Condition::OtherIdentity
        }
        (SIMSERVS, "anonymous") => Condition::Anonymous,
        (SIMSERVS, "communication-diverted") => Condition::CommunicationDiverted,
        (SIMSERVS, "roaming") => Condition::Roaming,
        (SIMSERVS, "international") => Condition::International,
        (SIMSERVS, "international-exHC") => Condition::InternationalExHc,
        (SIMSERVS, "request-name") => Condition::RequestName(content(node)),
        (SIMSERVS, "presence-status") => Condition::PresenceStatus(content(node)),
        (SIMSERVS, "media") => Condition::Media(content(node)),
        (COMMON_POLICY, "sphere") => {
            Condition::Sphere(node.attribute("value").unwrap_or_default().to_owned())
        }
        (COMMON_POLICY, "identity") => {
            Condition::Identity(node.children().filter_map(identity).collect())
        }
        (COMMON_POLICY, "validity") => Condition::Validity(validity(node)),
        (OMA_COMMON_POLICY, "external-list") => {
            let entries = node.children().filter(|entry| {
                entry.has_tag_name((OMA_COMMON_POLICY, "entry"))
                    || entry.has_tag_name((OMA_COMMON_POLICY, "anchor"))
            });
            let anchors = entries.filter_map(|entry| entry.attribute("anc"));
            Condition::ExternalList(anchors.map(str::to_owned).collect())
        }
        (_, other) => Condition::Unknown(other.to_owned()),
    }
}

fn identity(node: Node) -> Option<Identity> {
    if node.has_tag_name((COMMON_POLICY, "one")) {
        return Some(Identity::One(node.attribute("id")?.to_owned()));
    }
    if !node.has_tag_name((COMMON_POLICY, "many")) {
        return None;
    }
    let excepts = node
        .children()
        .filter(|node| node.has_tag_name((COMMON_POLICY, "except")));
    let except = excepts.filter_map(|node| match node.attribute("id") {
        Some(id) => Some(Except::Id(id.to_owned())),
        None => node
            .attribute("domain")
            .map(|domain| Except::Domain(domain.to_owned())),
    });
    Some(Identity::Many {
        domain: node.attribute("domain").map(str::to_owned),
        except: except.collect(),
    })
}

/// RFC 4745 section 7.4: `from` and `until` come in pairs.
fn validity(node: Node) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut from = None;
    for bound in node.children().filter(Node::is_element) {
        match bound.tag_name().name() {
            "from" => from = Some(content(bound)),
            "until" => {
                if let Some(from) = from.take() {
                    pairs.push((from, content(bound)));
                }
            }
            _ => {}
        }
    }
    pairs
}

#[cfg(test)]
#[path = "simservs_tests.rs"]
mod tests;
