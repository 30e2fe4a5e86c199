//! Recordings as conversations: who has talked about what, and what the system was told of them.
use super::{CheckError, CheckOptions};
use crate::observe::{self, Conversation, Fact, Observation, Recording, Trace};
use crate::peer::ue::UeCommand;
use crate::runner::ends::ends_of;
use crate::steps::course::Act;
use crate::steps::locate::{self, acts};
use crate::steps::search::{Beginning, Loss, Told, losses, signature, told};
use crate::steps::{HandsetAct, Surveyed};
use crate::sut::Profile;
use crate::wire::cpim::CpimMessage;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// So many addresses are named to somebody who looks for the right one.
const MOST_SHOWN: usize = 5;

/// One conversation of a recording.
pub(super) struct Heard {
    pub trace: Arc<Trace>,
    pub told: Arc<Vec<Told>>,
    pub losses: Arc<Vec<Loss>>,
    pub identities: Vec<String>,
    /// What was told of a number before anything was done, without what is the recording's own.
    pub signatures: BTreeMap<String, String>,
    /// What people have done of their own accord.
    pub acts: Arc<Vec<locate::Act>>,
    /// Everything that people have written to the system in chats and messages.
    said: HashSet<Vec<u8>>,
    /// The file.
    pub path: String,
    pub sha256: String,
    pub frames: u32,
}

/// Everything that was heard.
pub(super) struct All {
    pub all: Vec<Heard>,
    pub ends_at: u64,
    /// For the record.
    pub said: Vec<String>,
}

/// Reads every file.
pub(super) fn hear(options: &CheckOptions, profile: &Profile) -> Result<All, CheckError> {
    let address = &profile.sip.address;
    if address.parse::<std::net::SocketAddr>().is_err() {
        return Err(CheckError::Unplaced {
            key: "sip.address".to_owned(),
            value: address.clone(),
            name: "sip".to_owned(),
        });
    }
    let mut found = All {
        all: Vec::new(),
        ends_at: 0,
        said: Vec::new(),
    };
    for path in &options.captures {
        one(path, options, profile, &mut found)?;
    }
    let ends_at = found.ends_at;
    for heard in &mut found.all {
        heard.losses = Arc::new(losses(&heard.trace, ends_at));
    }
    Ok(found)
}

fn one(
    path: &Path,
    options: &CheckOptions,
    profile: &Profile,
    found: &mut All,
) -> Result<(), CheckError> {
    let read = |source| CheckError::Read {
        path: path.to_owned(),
        source,
    };
    let mut digest = Sha256::new();
    let mut file = std::fs::File::open(path).map_err(read)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(read)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
    }
    let sha256: String = digest
        .finalize()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let mut recording = Recording::new(ends_of(profile));
    if let Some(keys) = &options.key_log {
        let octets = std::fs::read(keys).map_err(|source| CheckError::Read {
            path: keys.clone(),
            source,
        })?;
        recording = recording.key_log(&octets);
    }
    let file = std::fs::File::open(path).map_err(read)?;
    let (conversations, summary) =
        recording
            .conversations(file)
            .map_err(|error| CheckError::Capture {
                path: path.to_owned(),
                message: error.to_string(),
            })?;
    let frames = conversations
        .iter()
        .filter_map(|one| one.trace.frames.last())
        .map(|frame| frame.number)
        .max();
    found.said.push(format!(
        "recording {}: {} conversation(s), SHA-256 {sha256}",
        path.display(),
        conversations.len()
    ));
    if conversations.is_empty() {
        return Err(elsewhere(path, profile));
    }
    for note in summary.notes {
        found
            .said
            .push(format!("{}: {}", path.display(), note.text));
    }
    for conversation in conversations {
        let last = conversation.trace.frames.iter().map(|frame| frame.at).max();
        found.ends_at = found.ends_at.max(last.unwrap_or(0));
        let mut heard = of(conversation);
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        heard.path = whole.display().to_string();
        heard.sha256.clone_from(&sha256);
        heard.frames = frames.unwrap_or(0);
        found.all.push(heard);
    }
    Ok(())
}

/// The recording has nothing of the system: whose SIP it has instead.
fn elsewhere(path: &Path, profile: &Profile) -> CheckError {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let trace = std::fs::read(path).ok().map(|octets| Trace::read(&octets));
    if let Some(Ok(trace)) = trace {
        let sip =
            |seen: &&Observation| matches!(&seen.fact, Fact::Sip(message) if message.is_request());
        for seen in trace.facts.iter().filter(sip) {
            *counts.entry(seen.to.to_string()).or_default() += 1;
        }
    }
    let mut seen: Vec<(String, usize)> = counts.into_iter().collect();
    seen.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), address.clone()));
    let shown = seen
        .iter()
        .take(MOST_SHOWN)
        .map(|(address, count)| format!("{address} ({count} SIP requests)"));
    let shown: Vec<String> = shown.collect();
    CheckError::Elsewhere {
        path: path.to_owned(),
        system: profile.sip.address.clone(),
        seen: match shown.is_empty() {
            true => "no SIP at all".to_owned(),
            false => shown.join(", "),
        },
    }
}

fn of(conversation: Conversation) -> Heard {
    let Conversation {
        trace,
        provisioning,
        identities,
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
    Heard {
        said: said(&trace),
        trace: Arc::new(trace),
        told: Arc::new(told),
        losses: Arc::default(),
        identities,
        signatures,
        acts: Arc::new(acts),
        path: String::new(),
        sha256: String::new(),
        frames: 0,
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
    /// All of it was said.
    pub fn has_said(&self, texts: &BTreeSet<Vec<u8>>) -> bool {
        texts.iter().all(|text| self.said.contains(text))
    }

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

    /// What is done first.
    pub fn first(&self) -> Option<&locate::Act> {
        self.acts.iter().find(|act| !act.is_report)
    }

    /// What is done first in the conversation is of the kind that a scenario begins with.
    pub fn may_begin(&self, begins: &Beginning) -> bool {
        let Some(first) = self.first() else {
            return false;
        };
        let kinds: &[&str] = match begins.first.as_ref().map(|(_, act)| act) {
            Some(Act::Ue(UeCommand::Invite(_))) => &["a INVITE"],
            Some(Act::Ue(
                UeCommand::Message(_)
                | UeCommand::ShortMessage(_)
                | UeCommand::Submit(_)
                | UeCommand::MemoryAvailable,
            )) => &["a MESSAGE"],
            Some(Act::Ue(UeCommand::Register(_))) => &["a REGISTER"],
            Some(Act::Mmtel(_)) => &["a REGISTER"],
            Some(Act::Handset(HandsetAct::Send { .. } | HandsetAct::Answer { .. })) => {
                &["a short message", "a MESSAGE"]
            }
            None if begins.on_ut.is_some() => &[locate::ON_UT],
            _ => return true,
        };
        kinds.contains(&first.what.as_str())
    }
}
