//! Application usages (RFC 4825 section 5): which documents there are, and what a document must be like before it is kept.
//!
//! simservs.ngn.etsi.org as 3GPP TS 24.623 and 24.611 have it, with the rules of RFC 4745; resource-lists as RFC 4826 has it.
use super::store;
use crate::reference::faults::{Fault, InForce};
use crate::wire::xml::simservs::{self, COMMON_POLICY, SIMSERVS};
use crate::wire::xml::xcap_error::{Condition, XcapError};
use roxmltree::{Document, Node};
use std::collections::BTreeSet;

const RESOURCE_LISTS: &str = "urn:ietf:params:xml:ns:resource-lists";

/// An application usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    SimServs,
    ResourceLists,
}

impl Usage {
    pub const ALL: [Self; 2] = [Self::SimServs, Self::ResourceLists];

    pub fn of(auid: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.auid() == auid)
    }

    pub fn auid(self) -> &'static str {
        match self {
            Self::SimServs => store::SIMSERVS,
            Self::ResourceLists => store::RESOURCE_LISTS,
        }
    }

    /// Default document namespace, for selectors without prefixes.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::SimServs => SIMSERVS,
            Self::ResourceLists => RESOURCE_LISTS,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::SimServs => simservs::MEDIA_TYPE,
            Self::ResourceLists => "application/resource-lists+xml",
        }
    }

    /// Whether a whole document may come with that type. One client in the field leaves the vendor's prefix out.
    pub fn takes(self, media_type: &str) -> bool {
        media_type == self.media_type()
            || self == Self::SimServs && media_type == "application/simservs+xml"
    }

    /// The name every document of the usage has, if it is fixed.
    pub fn document(self) -> Option<&'static str> {
        match self {
            Self::SimServs => Some("simservs.xml"),
            Self::ResourceLists => None,
        }
    }

    /// What RFC 4825 section 8.2.5 wants of a document before it is kept.
    pub fn check(self, text: &str, faults: InForce) -> Result<(), XcapError> {
        let document = Document::parse(text).map_err(|error| {
            let phrase = error.to_string();
            XcapError::new(Condition::NotWellFormed, phrase)
        })?;
        let root = document.root_element();
        match self {
            Self::SimServs => simservs_document(root, faults),
            Self::ResourceLists => lists_document(root, faults),
        }
    }
}

fn invalid(phrase: impl Into<String>) -> XcapError {
    XcapError::new(Condition::SchemaValidationError, phrase)
}

fn simservs_document(root: Node, faults: InForce) -> Result<(), XcapError> {
    mark!("UT-10");
    if faults.is(Fault::SchemaUnchecked) {
        return Ok(());
    }
    mark!("UT-05");
    let default_only = faults.is(Fault::OnlyPrefixedDocuments);
    let unprefixed = root.lookup_prefix(SIMSERVS).is_none_or(str::is_empty);
    if !root.has_tag_name((SIMSERVS, "simservs")) || default_only && unprefixed {
        return Err(invalid("the root is not simservs"));
    }
    let mut ids = BTreeSet::new();
    for service in root.children().filter(Node::is_element) {
        if service.tag_name().namespace() != Some(SIMSERVS) {
            return Err(invalid("a service of another namespace"));
        }
        if !["true", "false", "1", "0"].contains(&service.attribute("active").unwrap_or("true")) {
            return Err(invalid("active is neither true nor false"));
        }
        if !service.tag_name().name().ends_with("communication-barring") {
            continue;
        }
        for ruleset in service.children().filter(Node::is_element) {
            if !ruleset.has_tag_name((COMMON_POLICY, "ruleset")) {
                return Err(invalid("a barring service has a ruleset and nothing else"));
            }
            for rule in ruleset.children().filter(Node::is_element) {
                check_rule(rule)?;
                // xs:ID: one of a kind in its document.
                if !ids.insert(rule.attribute("id").unwrap_or_default().to_owned()) {
                    let phrase = "two rules have the same id";
                    return Err(XcapError::new(Condition::UniquenessFailure, phrase));
                }
            }
        }
    }
    Ok(())
}

/// RFC 4745 section 13.
fn check_rule(rule: Node) -> Result<(), XcapError> {
    if !rule.has_tag_name((COMMON_POLICY, "rule")) {
        return Err(invalid("a ruleset has rules and nothing else"));
    }
    let id = rule.attribute("id").unwrap_or_default();
    let first = id.chars().next();
    if !first.is_some_and(|c| c.is_alphabetic() || c == '_')
        || id.contains([' ', '\t', '\n', ':', '"'])
    {
        return Err(invalid("a rule has an id, which is a name"));
    }
    let mut order = 0;
    for part in rule.children().filter(Node::is_element) {
        let parts = ["conditions", "actions", "transformations"];
        let place = parts
            .iter()
            .position(|name| part.has_tag_name((COMMON_POLICY, *name)));
        let Some(place) = place.filter(|place| *place >= order) else {
            return Err(invalid("a rule has conditions, actions, transformations"));
        };
        order = place + 1;
        for child in part.children().filter(Node::is_element) {
            match place {
                0 => check_condition(child)?,
                1 => check_action(child)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_action(action: Node) -> Result<(), XcapError> {
    let text = action.text().unwrap_or_default().trim();
    let known = action.tag_name().namespace() == Some(SIMSERVS);
    if known && action.tag_name().name() != "allow" {
        return Err(invalid("an action nobody knows"));
    }
    if known && !["true", "false", "1", "0"].contains(&text) {
        return Err(invalid("allow is neither true nor false"));
    }
    Ok(())
}

fn check_condition(condition: Node) -> Result<(), XcapError> {
    const EMPTY: [&str; 7] = [
        "rule-deactivated",
        "anonymous",
        "other-identity",
        "communication-diverted",
        "roaming",
        "international",
        "international-exHC",
    ];
    const TEXT: [&str; 3] = ["media", "presence-status", "request-name"];
    let name = condition.tag_name();
    let has_text = condition.text().is_some_and(|text| !text.trim().is_empty());
    let children = || condition.children().filter(Node::is_element);
    let right = match name.namespace() {
        Some(SIMSERVS) => {
            let bare = EMPTY.contains(&name.name()) && !has_text && !condition.has_children();
            let filled = TEXT.contains(&name.name()) && has_text;
            bare || filled
        }
        Some(COMMON_POLICY) => match name.name() {
            "identity" => children().count() > 0 && children().all(is_identity),
            "sphere" => condition.has_attribute("value"),
            "validity" => {
                let names: Vec<&str> = children().map(|child| child.tag_name().name()).collect();
                !names.is_empty() && names.chunks(2).all(|pair| pair == ["from", "until"])
            }
            _ => false,
        },
        _ => true,
    };
    if right {
        return Ok(());
    }
    Err(invalid(format!(
        "the condition {} is not right",
        name.name()
    )))
}

fn is_identity(member: Node) -> bool {
    let named = |name: &str| member.has_tag_name((COMMON_POLICY, name));
    named("many") || named("one") && member.has_attribute("id") || {
        // RFC 4745 section 7.1: other namespaces may extend it.
        member.tag_name().namespace() != Some(COMMON_POLICY)
    }
}

/// RFC 4826 section 3.
fn lists_document(root: Node, faults: InForce) -> Result<(), XcapError> {
    if !root.has_tag_name((RESOURCE_LISTS, "resource-lists")) {
        return Err(invalid("the root is not resource-lists"));
    }
    for list in root.children().filter(Node::is_element) {
        if list.tag_name().namespace() == Some(RESOURCE_LISTS) && list.tag_name().name() != "list" {
            return Err(invalid("resource-lists has lists and nothing else"));
        }
    }
    for list in root.descendants() {
        let is_list = list.has_tag_name((RESOURCE_LISTS, "list"));
        if !(is_list || list == root) {
            continue;
        }
        mark!("UT-10");
        if !faults.is(Fault::UniquenessUnchecked) {
            one_of_a_kind(list, "list", "name")?;
            one_of_a_kind(list, "entry", "uri")?;
        }
        for entry in list.children().filter(Node::is_element) {
            check_entry(entry)?;
        }
    }
    Ok(())
}

fn one_of_a_kind(list: Node, element: &str, attribute: &str) -> Result<(), XcapError> {
    let mut seen = BTreeSet::new();
    let children = list.children();
    for child in children.filter(|child| child.has_tag_name((RESOURCE_LISTS, element))) {
        if child
            .attribute(attribute)
            .is_some_and(|value| !seen.insert(value.to_owned()))
        {
            let phrase = format!("two of {element} have the same {attribute}");
            return Err(XcapError::new(Condition::UniquenessFailure, phrase));
        }
    }
    Ok(())
}

fn check_entry(entry: Node) -> Result<(), XcapError> {
    let needs = match entry.tag_name().name() {
        "entry" => "uri",
        "entry-ref" => "ref",
        "external" => "anchor",
        _ => return Ok(()),
    };
    let Some(value) = entry.attribute(needs) else {
        return Err(invalid(format!("an entry without {needs}")));
    };
    let relative = !value.starts_with('/') && !value.contains("://");
    // RFC 4826 section 3.4.5: references are HTTP URIs, or relative to the root of the server.
    let right = match needs {
        "ref" => relative,
        "anchor" => value.starts_with("http://") || value.starts_with("https://"),
        _ => value.contains(':'),
    };
    if right {
        return Ok(());
    }
    let phrase = format!("{needs} is not the kind of URI it must be");
    Err(XcapError::new(Condition::ConstraintFailure, phrase))
}
