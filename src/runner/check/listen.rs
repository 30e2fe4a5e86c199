//! Recordings, read once and from the beginning to the end: each conversation is judged when it is over, and forgotten.
use super::heard::Heard;
use super::opening::Interest;
use super::{CheckError, CheckOptions};
use crate::observe::{Conversation, Ends, Glimpse, Protocol, Recording, Summary};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// So many addresses are named to somebody who looks for the right one.
const MOST_SHOWN: usize = 5;
/// Addresses that are counted for that.
const MOST_COUNTED: usize = 1000;
/// Conversations that wait for somebody to judge them.
const WAITING: usize = 8;

/// What was heard of one file.
pub(super) struct Listened {
    /// As the record names it.
    pub path: Arc<str>,
    /// The last frame that belongs to a conversation.
    pub frames: u32,
    pub summary: Summary,
}

/// Reads one file; whoever judges does so on every processor.
pub(super) fn listen(
    path: &Path,
    options: &CheckOptions,
    (ends, interest): (&Ends, &Interest),
    place: &mut u64,
    judge: &(dyn Fn(&Heard) + Sync),
) -> Result<Listened, CheckError> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let met = Met::default();
    let wants = |seen: &Glimpse<'_>| {
        let wanted = interest.wants(seen);
        met.note(interest, seen);
        wanted
    };
    let mut recording = Recording::new(ends.clone()).interested_in(wants);
    if let Some(keys) = &options.key_log {
        let octets = std::fs::read(keys).map_err(|source| unreadable(keys, source))?;
        recording = recording.key_log(&octets);
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name: Arc<str> = whole.display().to_string().into();
    let mut frames = 0;
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let (sender, receiver) = sync_channel::<(u64, Conversation)>(WAITING);
    let receiver = Mutex::new(receiver);
    let read = std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((place, conversation)) = next(&receiver) {
                    judge(&Heard::of(conversation, place, name.clone()));
                }
            });
        }
        let read = recording.read(file, &mut |conversation| {
            let last = conversation.trace.frames.last();
            frames = frames.max(last.map_or(0, |frame| frame.number));
            *place += 1;
            // Nobody takes it where whoever judges has panicked, which the scope tells.
            sender.send((*place, conversation)).ok();
        });
        drop(sender);
        read
    });
    let summary = read.map_err(|error| CheckError::Capture {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    if summary.conversations == 0 && !met.system.get() {
        return Err(met.elsewhere(path, ends));
    }
    Ok(Listened {
        path: name,
        frames,
        summary,
    })
}

fn next(receiver: &Mutex<Receiver<(u64, Conversation)>>) -> Option<(u64, Conversation)> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

fn unreadable(path: &Path, source: std::io::Error) -> CheckError {
    CheckError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Whom the requests of a recording go to.
#[derive(Default)]
struct Met {
    system: Cell<bool>,
    counts: RefCell<BTreeMap<SocketAddr, usize>>,
}

impl Met {
    fn note(&self, interest: &Interest, seen: &Glimpse<'_>) {
        if self.system.get() {
            return;
        }
        // Whose they are the requests of other protocols tell by themselves.
        if seen.protocol != Protocol::Sip || interest.is_of_system(seen) {
            self.system.set(true);
            return;
        }
        let mut counts = self.counts.borrow_mut();
        if counts.len() < MOST_COUNTED || counts.contains_key(&seen.to) {
            *counts.entry(seen.to).or_default() += 1;
        }
    }

    /// The recording has nothing of the system: whose SIP it has instead.
    fn elsewhere(self, path: &Path, ends: &Ends) -> CheckError {
        let mut seen: Vec<(SocketAddr, usize)> = self.counts.into_inner().into_iter().collect();
        seen.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), *address));
        let shown = seen
            .iter()
            .take(MOST_SHOWN)
            .map(|(address, count)| format!("{address} ({count} SIP requests)"));
        let shown: Vec<String> = shown.collect();
        let system = ends.sip.first().map(|(address, _)| address.to_string());
        CheckError::Elsewhere {
            path: path.to_owned(),
            system: system.unwrap_or_default(),
            seen: match shown.is_empty() {
                true => "no SIP at all".to_owned(),
                false => shown.join(", "),
            },
        }
    }
}

impl Listened {
    /// For the record: what was judged, and what was passed over.
    pub fn said(&self, path: &Path) -> Vec<String> {
        let Summary {
            packets,
            screened,
            kept,
            conversations,
            notes,
        } = &self.summary;
        let mut said = vec![format!(
            "recording {}: {packets} packet(s); {conversations} conversation(s) of {kept} message(s) were judged, {screened} \
             message(s) belong to none that a selected scenario may begin with and were passed over",
            path.display(),
        )];
        said.extend(
            notes
                .iter()
                .map(|note| format!("{}: {}", path.display(), note.text)),
        );
        said
    }
}

/// SHA-256 of a file whose packets are evidence.
pub(super) fn digest(path: &Path) -> Result<String, CheckError> {
    let mut digest = Sha256::new();
    let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(|source| unreadable(path, source))?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
    }
    let octets = digest.finalize();
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
