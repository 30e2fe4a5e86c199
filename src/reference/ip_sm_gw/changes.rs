//! Who joins and leaves a group chat, and what the SMS user is told of it (3GPP TS 29.311 clause 6.1.1, RFC 4575).
//!
//! The focus tells the conference state by NOTIFY; the first document is where a chat begins and no change. Changes are collected for a
//! while, so that many of them are one short message.

use super::subscribers::Settings;
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::number_of;
use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Participants known at once; beyond it further ones are not told of.
const MOST_PARTICIPANTS: usize = 1000;

/// The participants of one group chat and what has changed since the SMS user was told.
#[derive(Debug, Default)]
pub struct Changes {
    known: BTreeMap<String, String>,
    begun: bool,
    joined: Vec<String>,
    left: Vec<String>,
    due: Option<Instant>,
}

impl Changes {
    /// When the SMS user is to be told.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes a conference-info document. True if the SMS user is to be told at once (only under a fault).
    pub fn notified(
        &mut self,
        octets: &[u8],
        settings: &Settings,
        faults: InForce,
        now: Instant,
    ) -> bool {
        mark!("GRP-07");
        let text = String::from_utf8_lossy(octets).into_owned();
        let Ok(document) = Document::parse(&text) else {
            return false;
        };
        for user in document.root_element().descendants().filter(is("user")) {
            self.user(user);
        }
        let silent = !std::mem::replace(&mut self.begun, true);
        let untold = match settings.tell_changes {
            true => faults.is(Fault::ChangesNotTold),
            false => !faults.is(Fault::ChangesToldDespitePolicy),
        };
        if faults.is(Fault::LeaversUntold) {
            self.left.clear();
        }
        if silent || untold {
            self.joined.clear();
            self.left.clear();
            return false;
        }
        if self.joined.is_empty() && self.left.is_empty() {
            return false;
        }
        mark!("GRP-08");
        let interval = Duration::from_secs_f64(settings.change_interval_seconds);
        self.due.get_or_insert(now + interval);
        faults.is(Fault::EveryChangeTold)
    }

    fn user(&mut self, user: Node) {
        let Some(entity) = user.attribute("entity") else {
            return;
        };
        let shown = user
            .children()
            .find(is("display-text"))
            .and_then(|node| node.text());
        let name = shown.map_or_else(
            || number_of(entity).unwrap_or_else(|| entity.to_owned()),
            str::to_owned,
        );
        let statuses: Vec<&str> = user
            .descendants()
            .filter(is("status"))
            .filter_map(|node| node.text())
            .collect();
        let gone = user.attribute("state") == Some("deleted")
            || (!statuses.is_empty() && statuses.iter().all(|status| *status == "disconnected"));
        if gone {
            if let Some(name) = self.known.remove(entity) {
                self.left.push(name);
            }
        } else if self.known.len() < MOST_PARTICIPANTS
            && self.known.insert(entity.to_owned(), name.clone()).is_none()
        {
            self.joined.push(name);
        }
    }

    /// The text about all changes so far, which are told with it.
    pub fn text(&mut self, settings: &Settings) -> Option<String> {
        self.due = None;
        let templates = &settings.templates;
        let both = [
            (&templates.joined, std::mem::take(&mut self.joined)),
            (&templates.left, std::mem::take(&mut self.left)),
        ];
        let said: Vec<String> = both
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(template, names)| template.replacen("{participants}", &names.join(", "), 1))
            .collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

fn is(name: &'static str) -> impl Fn(&Node) -> bool {
    move |node| node.tag_name().name() == name
}
