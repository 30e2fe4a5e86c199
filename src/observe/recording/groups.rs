//! Conversations that are open: what belongs to each, what joins two of them, and when one is over. More than 400 lines: all that changes
//! one.
use super::super::{Direction, Fact, FrameInfo, Note, Observation, Trace};
use super::Conversation;
use super::ends::{Ends, between};
use super::keys::{Keys, Kind, Map, address_key};
use crate::wire::msrp::MsrpMessage;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

/// Octets of messages that one conversation holds before it is handed on unfinished.
const MOST_OCTETS: usize = 16 * 1024 * 1024;
/// Losses that concern whatever was open then.
const MOST_LOSSES: usize = 1000;

/// The frame that completed something, and how much was completed before it.
pub type Order = (u32, u64);

#[derive(Debug, Default)]
struct Group {
    keys: Vec<u64>,
    names: BTreeSet<String>,
    facts: Vec<(Order, Observation)>,
    provisioning: Vec<(Order, Observation)>,
    frames: BTreeMap<u32, FrameInfo>,
    notes: Vec<Note>,
    /// First frame of each SIP datagram, by a digest of its addresses and octets.
    datagrams: Map<u32>,
    /// Dialogs of INVITE without BYE, by Call-ID.
    open: HashSet<u64>,
    /// Addresses and MSRP paths that SDP gave, and whether the system's SDP did.
    media: Map<bool>,
    last: u64,
    octets: usize,
}

/// All that are open.
#[derive(Debug)]
pub struct Groups {
    shared: HashSet<u64>,
    patience: u64,
    open_patience: u64,
    places: Map<u32>,
    groups: HashMap<u32, Group>,
    next: u32,
    order: u64,
    losses: Vec<Note>,
}

/// A message that is to be kept.
pub struct Kept {
    pub observation: Observation,
    pub frames: Vec<FrameInfo>,
    pub octets: usize,
}

impl Groups {
    pub fn new(ends: &Ends) -> Self {
        let nanoseconds =
            |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            shared: ends.shared(),
            patience: nanoseconds(ends.patience),
            open_patience: nanoseconds(ends.open_patience.max(ends.patience)),
            places: Map::default(),
            groups: HashMap::new(),
            next: 0,
            order: 0,
            losses: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub fn patience(&self) -> u64 {
        self.patience
    }

    /// The group that one of the keys belongs to.
    pub fn find(&self, keys: &Keys<'_>) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        keys.iter().find_map(|(key, _)| self.at(key))
    }

    pub fn at(&self, key: u64) -> Option<u32> {
        self.places.get(&key).copied()
    }

    pub fn is_shared(&self, key: u64) -> bool {
        self.shared.contains(&key)
    }

    pub fn at_address(&self, address: SocketAddr) -> Option<u32> {
        self.at(address_key(address))
    }

    /// Whatever has one of the keys becomes one group; a new one where nothing has. True = a key is new.
    pub fn join(&mut self, keys: &mut Keys<'_>) -> (u32, bool) {
        let found: BTreeSet<u32> = keys
            .iter()
            .filter(|(key, kind)| !kind.is_taken_over() && !self.shared.contains(key))
            .filter_map(|(key, _)| self.at(key))
            .collect();
        let mut found = found.into_iter();
        let id = found.next().unwrap_or_else(|| {
            self.next += 1;
            self.groups.insert(self.next, Group::default());
            self.next
        });
        for other in found {
            self.merge(id, other);
        }
        let mut grown = false;
        let names = keys.take_names();
        if let Some(group) = self.groups.get_mut(&id) {
            for (key, _) in keys
                .iter()
                .filter(|(key, kind)| *kind != Kind::Address && !self.shared.contains(key))
            {
                if self.places.insert(key, id) != Some(id) {
                    group.keys.push(key);
                    grown = true;
                }
            }
            let own = names
                .into_iter()
                .filter(|(key, _)| !self.shared.contains(key));
            group.names.extend(own.map(|(_, name)| name));
        }
        (id, grown)
    }

    fn merge(&mut self, into: u32, from: u32) {
        let Some(mut other) = self.groups.remove(&from) else {
            return;
        };
        let Some(mut group) = self.groups.remove(&into) else {
            self.groups.insert(from, other);
            return;
        };
        if other.facts.len() > group.facts.len() {
            std::mem::swap(&mut group, &mut other);
        }
        for key in group.keys.iter().chain(&other.keys) {
            if let Some(place) = self.places.get_mut(key)
                && *place == from
            {
                *place = into;
            }
        }
        group.keys.extend(other.keys);
        group.names.extend(other.names);
        group.facts.extend(other.facts);
        group.provisioning.extend(other.provisioning);
        group.frames.extend(other.frames);
        group.notes.extend(other.notes);
        group.open.extend(other.open);
        for (key, of_system) in other.media {
            let held = group.media.entry(key).or_insert(of_system);
            *held &= of_system;
        }
        for (digest, frame) in other.datagrams {
            let held = group.datagrams.entry(digest).or_insert(frame);
            *held = frame.min(*held);
        }
        group.last = group.last.max(other.last);
        group.octets += other.octets;
        self.groups.insert(into, group);
    }

    /// The group is reached at these from now on, whoever was before.
    pub fn claim(&mut self, id: u32, keys: impl IntoIterator<Item = u64>, of_system: Option<bool>) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        for key in keys {
            if self.places.insert(key, id) != Some(id) {
                group.keys.push(key);
            }
            if let Some(of_system) = of_system {
                // The system may pass on what a peer has offered: it is the peer's all the same.
                let held = group.media.entry(key).or_insert(of_system);
                *held &= of_system;
            }
        }
    }

    /// An INVITE has opened a dialog, or a BYE has ended it.
    pub fn dialog(&mut self, id: u32, call: u64, is_open: bool) {
        if let Some(group) = self.groups.get_mut(&id) {
            match is_open {
                true => group.open.insert(call),
                false => group.open.remove(&call),
            };
        }
    }

    /// Puts a SIP datagram in; says which frame was the first with the same octets.
    pub fn first_of(&mut self, id: u32, digest: u64, frame: u32) -> Option<u32> {
        let group = self.groups.get_mut(&id)?;
        let first = *group.datagrams.entry(digest).or_insert(frame);
        (first != frame).then_some(first)
    }

    /// Place of what a frame has completed in the order of all.
    pub fn order(&mut self, frame: u32) -> Order {
        self.order += 1;
        (frame, self.order)
    }

    pub fn keep(&mut self, id: u32, order: Order, kept: Kept, is_provisioning: bool) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.last = group.last.max(kept.observation.at);
        group.octets += kept.octets;
        for frame in kept.frames {
            group.frames.insert(frame.number, frame);
        }
        match is_provisioning {
            true => group.provisioning.push((order, kept.observation)),
            false => group.facts.push((order, kept.observation)),
        }
    }

    pub fn note(&mut self, id: Option<u32>, note: Note) {
        match id.and_then(|id| self.groups.get_mut(&id)) {
            Some(group) => group.notes.push(note),
            None if self.losses.len() < MOST_LOSSES => self.losses.push(note),
            None => {}
        }
    }

    /// Hands on what is over at that time; everything at the end.
    pub fn close(
        &mut self,
        (now, until): (Option<u64>, u64),
        each: &mut dyn FnMut(Conversation),
        ends: &Ends,
    ) {
        let is_over = |group: &Group| {
            let patience = match group.open.is_empty() {
                true => self.patience,
                false => self.open_patience,
            };
            now.is_none_or(|now| group.last.saturating_add(patience) < now)
                || group.octets > MOST_OCTETS
        };
        let over = self.groups.iter().filter(|(_, group)| is_over(group));
        let mut over: Vec<(Option<Order>, u32)> = over
            .map(|(id, group)| (group.facts.first().map(|(order, _)| *order), *id))
            .collect();
        over.sort_unstable();
        for (_, id) in over {
            let Some(mut group) = self.groups.remove(&id) else {
                continue;
            };
            for key in &group.keys {
                if self.places.get(key) == Some(&id) {
                    self.places.remove(key);
                }
            }
            if group.octets > MOST_OCTETS {
                let frame = group.frames.keys().next_back().copied().unwrap_or(0);
                let text = format!(
                    "the conversation goes on, but is judged up to here: it has more than {MOST_OCTETS} octets"
                );
                group.notes.push(Note { frame, text });
            }
            each(Conversation {
                until,
                ..self.told(group, ends)
            });
        }
    }

    fn told(&self, mut group: Group, ends: &Ends) -> Conversation {
        group.facts.sort_by_key(|(order, _)| *order);
        group.provisioning.sort_by_key(|(order, _)| *order);
        let mut facts: Vec<Observation> = group.facts.into_iter().map(|(_, seen)| seen).collect();
        directions(&mut facts, &group.media);
        between_peers(&mut facts, &group.media);
        let mut ways: HashMap<(SocketAddr, SocketAddr), Direction> = HashMap::new();
        for seen in facts
            .iter()
            .filter(|seen| seen.direction != Direction::Unknown)
        {
            ways.insert((seen.from, seen.to), seen.direction);
            ways.entry((seen.to, seen.from))
                .or_insert(reverse(seen.direction));
        }
        let mut frames: Vec<FrameInfo> = group.frames.into_values().collect();
        for frame in frames
            .iter_mut()
            .filter(|frame| frame.direction == Direction::Unknown)
        {
            let way = ways.get(&(frame.from, frame.to));
            frame.direction = way.copied().unwrap_or(Direction::Unknown);
        }
        let span = frames
            .first()
            .zip(frames.last())
            .map(|(first, last)| first.number..=last.number);
        let during = |note: &&Note| span.as_ref().is_some_and(|span| span.contains(&note.frame));
        let mut notes = group.notes;
        notes.extend(self.losses.iter().filter(during).cloned());
        notes.sort_by_key(|note| note.frame);
        Conversation {
            trace: Trace {
                frames,
                facts,
                notes,
                default_alphabet: ends.default_alphabet,
            },
            provisioning: group
                .provisioning
                .into_iter()
                .map(|(_, seen)| seen)
                .collect(),
            identities: group.names.into_iter().collect(),
            until: 0,
        }
    }
}

fn reverse(direction: Direction) -> Direction {
    match direction {
        Direction::ToSystem => Direction::FromSystem,
        Direction::FromSystem => Direction::ToSystem,
        Direction::Unknown => Direction::Unknown,
    }
}

/// Directions of media: by the paths in its messages, by the addresses in SDP, or as other messages of the same connection.
fn directions(facts: &mut [Observation], media: &Map<bool>) {
    let mut known: HashMap<(SocketAddr, SocketAddr), Direction> = HashMap::new();
    for seen in facts.iter_mut() {
        if seen.direction == Direction::Unknown {
            let by_path = match &seen.fact {
                Fact::Msrp(message) => of_paths(message, media),
                _ => Direction::Unknown,
            };
            seen.direction = match by_path {
                Direction::Unknown => of_addresses(seen, media),
                known => known,
            };
        }
        if seen.direction != Direction::Unknown {
            known.insert((seen.from, seen.to), seen.direction);
        }
    }
    for seen in facts
        .iter_mut()
        .filter(|seen| seen.direction == Direction::Unknown)
    {
        let same = known.get(&(seen.from, seen.to)).copied();
        let other = known
            .get(&(seen.to, seen.from))
            .map(|other| reverse(*other));
        seen.direction = same.or(other).unwrap_or(Direction::Unknown);
    }
}

/// A packet of audio from one peer to another is spoken by the one and heard by the other: what the suite, being both, records twice.
fn between_peers(facts: &mut Vec<Observation>, media: &Map<bool>) {
    let is_peer = |address| media.get(&address_key(address)) == Some(&false);
    let mut both = Vec::with_capacity(facts.len());
    for mut seen in facts.drain(..) {
        if matches!(seen.fact, Fact::Rtp(_)) && is_peer(seen.from) && is_peer(seen.to) {
            seen.direction = Direction::ToSystem;
            both.push(seen.clone());
            seen.direction = Direction::FromSystem;
        }
        both.push(seen);
    }
    *facts = both;
}

fn of_paths(message: &MsrpMessage, media: &Map<bool>) -> Direction {
    let of_system = |path: Vec<&str>| {
        let mut keys = Keys::without_plan();
        for uri in path {
            super::glimpse::path_key(uri.as_bytes(), &mut keys);
        }
        let found = keys.iter().find_map(|(key, _)| media.get(&key));
        found.copied()
    };
    let (to, from) = (of_system(message.to_path()), of_system(message.from_path()));
    match (to, from) {
        (Some(to), _) => between(to, !to),
        (None, Some(from)) => between(!from, from),
        (None, None) => Direction::Unknown,
    }
}

fn of_addresses(seen: &Observation, media: &Map<bool>) -> Direction {
    let of_system = |address| media.get(&address_key(address)).copied();
    match (of_system(seen.to), of_system(seen.from)) {
        (Some(to), _) => between(to, !to),
        (None, Some(from)) => between(!from, from),
        (None, None) => Direction::Unknown,
    }
}
