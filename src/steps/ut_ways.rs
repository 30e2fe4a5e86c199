//! The ways in which servers on Ut take what a user configures, tried one after the other: the whole document, under each form of the
//! user's identity; where rules are the operator's, the conditions of those there are, the rules that are missing, and the attribute
//! `active`. What a server takes is seen in the capture; one that takes none of it makes the test case inconclusive.
use super::services::{Missed, Services};
use super::stage::Stage;
use crate::peer::xcap_client::{XcapRequest, Xui};
use crate::wire::xml::simservs::{
    Barring, Condition, MEDIA_TYPE, Rule, SimServs, conditions_element,
};

const ELEMENT: &str = "application/xcap-el+xml";
const ATTRIBUTE: &str = "application/xcap-att+xml";

/// The node selector of a barring service, without prefixes (RFC 4825 section 6.4).
fn service_node(incoming: bool) -> &'static str {
    match incoming {
        true => "simservs/incoming-communication-barring",
        false => "simservs/outgoing-communication-barring",
    }
}

/// The address leads to nobody, or cannot be read.
fn is_unknown(status: u16) -> bool {
    matches!(status, 400 | 404)
}

/// What is asked for is not for users to do.
fn is_refused(status: u16) -> bool {
    matches!(status, 403 | 405 | 409)
}

impl Services {
    /// Puts what is configured, in the first way that is taken.
    pub(super) async fn put(&mut self, stage: &mut Stage) -> Result<(), Missed> {
        let body = self.document.to_octets();
        let mut status = 0;
        let known = self.xui;
        let others = [Xui::Sip, Xui::SipEncoded, Xui::Tel];
        let others = others.into_iter().filter(|form| *form != known);
        // Once a form has worked it is the server's.
        let tries = if self.versions.is_empty() { 3 } else { 1 };
        for xui in [known].into_iter().chain(others).take(tries) {
            self.xui = xui;
            let whole = self.request("PUT").body(MEDIA_TYPE, body.clone());
            status = self.status(&whole, stage).await?;
            if !is_unknown(status) {
                break;
            }
        }
        if is_refused(status) {
            self.put_by_rules(stage).await?;
        }
        Ok(())
    }

    fn request(&self, method: &'static str) -> XcapRequest {
        XcapRequest {
            xui: self.xui,
            ..XcapRequest::simservs(method)
        }
    }

    /// 0 is no response.
    async fn status(&mut self, request: &XcapRequest, stage: &mut Stage) -> Result<u16, Missed> {
        let response = self.send(request, stage).await?;
        Ok(response.and_then(|response| response.status()).unwrap_or(0))
    }

    /// Rules that are there get the conditions they are wanted with, or are switched off; the last change is that of `active`.
    async fn put_by_rules(&mut self, stage: &mut Stage) -> Result<(), Missed> {
        let request = self.request("GET");
        let response = self.send(&request, stage).await?;
        let held = response.filter(|response| response.status() == Some(200));
        let held = held.and_then(|response| SimServs::parse(&response.body).ok());
        let Some(held) = held else {
            return Ok(());
        };
        // Only barring is known to be kept by operators so; the refusal of anything else stands.
        if self.document.diversion.is_some() && self.document.diversion != held.diversion {
            return Ok(());
        }
        let both = [
            (true, self.document.incoming.clone(), held.incoming),
            (false, self.document.outgoing.clone(), held.outgoing),
        ];
        for (incoming, wanted, held) in both {
            let touched = wanted.is_some();
            let (wanted, held) = (wanted.unwrap_or_default(), held.unwrap_or_default());
            for (node, body) in changes(service_node(incoming), &wanted, &held) {
                let put = self.request("PUT").node(node).body(ELEMENT, body);
                if self.status(&put, stage).await? >= 300 {
                    return Ok(());
                }
            }
            if touched {
                let active = if wanted.active { "true" } else { "false" };
                let node = format!("{}/@active", service_node(incoming));
                let put = self.request("PUT").node(node).body(ATTRIBUTE, active);
                // What the system refuses is the last that is asked of it, so that its refusal is what is judged.
                if self.status(&put, stage).await? >= 300 {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Nodes to be put so that the rules that are there do what those that are wanted would.
fn changes(service: &str, wanted: &Barring, held: &Barring) -> Vec<(String, Vec<u8>)> {
    let node = |rule: &Rule| format!("{service}/cp:ruleset/cp:rule[@id=\"{}\"]", rule.id);
    let mut changes = Vec::new();
    for rule in &held.rules {
        let asked = wanted.rules.iter().find(|one| one.id == rule.id);
        let conditions = match asked {
            Some(asked) => asked.conditions.clone(),
            None if rule.conditions.contains(&Condition::RuleDeactivated) => continue,
            None => [vec![Condition::RuleDeactivated], rule.conditions.clone()].concat(),
        };
        if conditions != rule.conditions {
            let node = format!("{}/cp:conditions", node(rule));
            changes.push((node, conditions_element(&conditions)));
        }
    }
    let is_held = |rule: &&Rule| held.rules.iter().any(|one| one.id == rule.id);
    let missing = wanted.rules.iter().filter(|rule| !is_held(rule));
    changes.extend(missing.map(|rule| (node(rule), rule.to_element())));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_operator_are_switched_and_others_added() {
        let off = vec![Condition::RuleDeactivated];
        let held = Barring {
            active: true,
            rules: vec![
                Rule::barring("all", off),
                Rule::barring("roaming", vec![Condition::Roaming]),
            ],
        };
        let wanted = Barring {
            active: true,
            rules: vec![
                Rule::barring("all", vec![]),
                Rule::barring("mine", vec![Condition::Anonymous]),
            ],
        };
        let nodes: Vec<String> = changes("s", &wanted, &held)
            .into_iter()
            .map(|(node, _)| node)
            .collect();
        assert_eq!(
            nodes,
            [
                "s/cp:ruleset/cp:rule[@id=\"all\"]/cp:conditions",
                "s/cp:ruleset/cp:rule[@id=\"roaming\"]/cp:conditions",
                "s/cp:ruleset/cp:rule[@id=\"mine\"]",
            ]
        );
        assert!(changes("s", &held, &held).is_empty());
    }
}
