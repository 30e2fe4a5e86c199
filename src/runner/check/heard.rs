//! One conversation of a recording: who has talked about what, and what the system was told of them.
use crate::observe::{self, Conversation, Trace};
use crate::steps::Surveyed;
use crate::steps::locate::{self, acts};
use crate::steps::search::{Loss, Told, losses, signature, told};
use crate::wire::cpim::CpimMessage;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// One conversation of a recording.
pub(super) struct Heard {
    /// Place among all conversations, in the order of their ends.
    pub place: u64,
    /// The file.
    pub path: Arc<str>,
    pub trace: Arc<Trace>,
    pub told: Arc<Vec<Told>>,
    pub losses: Arc<Vec<Loss>>,
    pub identities: Vec<String>,
    /// What was told of a number before anything was done, without what is the recording's own.
    pub signatures: BTreeMap<String, String>,
    /// What people have done of their own accord.
    pub acts: Arc<Vec<locate::Act>>,
    /// Until when the recording shows what these people do.
    pub ends_at: u64,
    /// Everything that people have written to the system in chats and messages.
    said: OnceCell<HashSet<Vec<u8>>>,
}

impl Heard {
    pub fn of(conversation: Conversation, place: u64, path: Arc<str>) -> Self {
        let Conversation {
            trace,
            provisioning,
            identities,
            until,
        } = conversation;
        let told = told(&provisioning);
        let acts = acts(&trace);
        let begins = acts.iter().find(|act| !act.is_report);
        let begins = begins.map_or(u64::MAX, |act| act.at);
        let mut signatures = BTreeMap::new();
        for one in told
            .iter()
            .filter(|one| one.at <= begins && one.method != "DELETE")
        {
            let about = identities.iter().find(|number| one.is_about(number));
            if let Some(number) = about {
                signatures.insert(number.clone(), signature(&one.body));
            }
        }
        Self {
            place,
            path,
            losses: Arc::new(losses(&trace, until)),
            trace: Arc::new(trace),
            told: Arc::new(told),
            identities,
            signatures,
            acts: Arc::new(acts),
            ends_at: until,
            said: OnceCell::new(),
        }
    }

    /// All of it was said.
    pub fn has_said(&self, texts: &BTreeSet<Vec<u8>>) -> bool {
        let said = self.said.get_or_init(|| said(&self.trace));
        texts.iter().all(|text| said.contains(text))
    }

    /// What is done first.
    pub fn first(&self) -> Option<&locate::Act> {
        self.acts.iter().find(|act| !act.is_report)
    }
}

/// Bodies of what was sent to the system, and what is wrapped in them.
fn said(trace: &Trace) -> HashSet<Vec<u8>> {
    let mut found = HashSet::new();
    let mut add = |body: &[u8]| {
        if let Ok(cpim) = CpimMessage::parse(body) {
            found.insert(cpim.content);
        }
        found.insert(body.to_vec());
    };
    for session in observe::sessions(trace) {
        for message in &session.messages {
            add(&message.body);
        }
    }
    for one in observe::messages(trace) {
        add(&one.request.message.body);
    }
    found
}

impl Heard {
    /// The calls and requests on Ut of a scenario may be what was done first.
    pub fn has_done(&self, surveyed: &Surveyed) -> bool {
        let own = || self.acts.iter().filter(|act| !act.is_report);
        let count = |all: &mut dyn Iterator<Item = &str>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for what in all {
                *counts.entry(what.to_owned()).or_default() += 1;
            }
            counts
        };
        // A document may be put at once or in parts.
        let sip = |what: &&str| *what != locate::ON_UT;
        let wanted = || surveyed.acts.iter().map(String::as_str);
        let all = count(&mut own().map(|act| act.what.as_str()));
        let enough = count(&mut wanted()).into_iter().all(|(what, most)| {
            let least = if what == locate::ON_UT { 1 } else { most };
            all.get(&what).is_some_and(|held| *held >= least)
        });
        let sure = surveyed.sure.unwrap_or(surveyed.acts.len());
        let first = count(&mut wanted().take(sure).filter(sip));
        let length = first.values().sum();
        let held = own().map(|act| act.what.as_str()).filter(sip);
        enough && (length == 0 || count(&mut held.take(length)) == first)
    }
}
