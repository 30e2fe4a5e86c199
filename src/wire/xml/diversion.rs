//! Communication diversion in a `simservs` document (3GPP TS 24.604 clause 4.9), as far as forwarding goes that asks for no condition.
//!
//! Rules with conditions, the timer of no-reply and the ways to tell the parties are passed over.
use super::simservs::{COMMON_POLICY, SIMSERVS, boolean, content, text};
use crate::wire::Malformed;
use quick_xml::Writer;
use roxmltree::Node;
use std::io;

/// Name of the service in its document.
pub const ELEMENT: &str = "communication-diversion";

/// The service `communication-diversion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// The attribute `active`, true where it is absent.
    pub active: bool,
    /// Where the first rule without conditions forwards to.
    pub target: Option<String>,
}

impl Diversion {
    /// Everything to that URI.
    pub fn unconditional(target: impl Into<String>) -> Self {
        Self {
            active: true,
            target: Some(target.into()),
        }
    }

    pub(super) fn parse(service: Node) -> Result<Self, Malformed> {
        let active = match service.attribute("active") {
            Some(value) => boolean(value, service.range().start)?,
            None => true,
        };
        let mut rules = service
            .descendants()
            .filter(|node| node.has_tag_name((COMMON_POLICY, "rule")));
        let target = rules
            .find(|rule| !has_conditions(*rule))
            .and_then(|rule| {
                let mut parts = rule.descendants();
                parts.find(|node| node.has_tag_name((SIMSERVS, "target")))
            })
            .map(content);
        Ok(Self { active, target })
    }

    pub(super) fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let active = if self.active { "true" } else { "false" };
        let name = format!("ss:{ELEMENT}");
        let service = writer.create_element(&name);
        let service = service.with_attribute(("active", active));
        service.write_inner_content(|writer| {
            let ruleset = writer.create_element("cp:ruleset");
            ruleset.write_inner_content(|writer| match &self.target {
                Some(target) => forwarding(writer, target),
                None => Ok(()),
            })?;
            Ok(())
        })?;
        Ok(())
    }
}

fn has_conditions(rule: Node) -> bool {
    let mut parts = rule.children();
    let conditions = parts.find(|node| node.has_tag_name((COMMON_POLICY, "conditions")));
    conditions.is_some_and(|node| node.children().any(|child| child.is_element()))
}

fn forwarding(writer: &mut Writer<Vec<u8>>, target: &str) -> io::Result<()> {
    let rule = writer.create_element("cp:rule");
    let rule = rule.with_attribute(("id", "call-diversion-unconditional"));
    rule.write_inner_content(|writer| {
        writer.create_element("cp:conditions").write_empty()?;
        let actions = writer.create_element("cp:actions");
        actions.write_inner_content(|writer| {
            let forward = writer.create_element("ss:forward-to");
            forward.write_inner_content(|writer| text(writer, "ss:target", target))?;
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::xml::simservs::SimServs;

    #[test]
    fn what_is_written_reads_the_same() {
        let written = SimServs {
            diversion: Some(Diversion::unconditional("sip:alice@home1.example")),
            ..SimServs::default()
        };
        assert_eq!(SimServs::parse(&written.to_octets()).unwrap(), written);
    }

    #[test]
    fn a_rule_with_conditions_diverts_nothing_here() {
        let document = format!(
            "<simservs xmlns='{SIMSERVS}' xmlns:cp='{COMMON_POLICY}'><communication-diversion \
             active='1'><cp:ruleset><cp:rule id='busy'><cp:conditions><busy/></cp:conditions>\
             <cp:actions><forward-to><target>sip:b@x</target></forward-to></cp:actions></cp:rule>\
             </cp:ruleset></communication-diversion></simservs>"
        );
        let read = SimServs::parse(document.as_bytes()).unwrap();
        let diversion = read.diversion.unwrap();
        assert_eq!((diversion.active, diversion.target), (true, None));
    }
}
