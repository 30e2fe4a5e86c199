//! TCP connections of a recording: which frames a message has, and which conversation an answer or an event belongs to.
use super::super::connection::Connection;
use super::super::{FrameInfo, Observation};
use super::groups::Order;
use super::keys::{Map, address_key};
use super::source::Own;
use crate::observe::Direction;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// Events that wait for the first message of their connection.
const MOST_WAITING: usize = 16;
/// Frames that wait for the rest of a message; the oldest give way.
const MOST_FRAMES: usize = 20_000;
/// Requests that wait for their answers.
const MOST_UNANSWERED: usize = 20_000;

/// A frame before it is known whether anybody wants it.
#[derive(Debug)]
pub struct Frame {
    pub number: u32,
    pub at: u64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub own: Option<Own>,
}

impl Frame {
    pub fn told(&self, interface: &str, direction: Direction) -> FrameInfo {
        let own = self.own.as_ref();
        FrameInfo {
            number: self.number,
            at: self.at,
            interface: own.map_or_else(|| interface.to_owned(), |own| own.interface.clone()),
            comment: own.and_then(|own| own.comment.clone()),
            from: self.from,
            to: self.to,
            direction: own.map_or(direction, |own| own.direction),
        }
    }
}

/// One connection and what is remembered of it.
#[derive(Debug)]
pub struct Stream {
    pub connection: Connection,
    pub frames: VecDeque<Frame>,
    /// Handshake and the like, before the first message tells whose connection it is.
    pub waiting: Vec<(Order, Observation, Vec<FrameInfo>)>,
    /// A key of the conversation that had the last message.
    pub key: Option<u64>,
    /// The same where the connection carries media, so that its events belong to it too.
    pub media: Option<u64>,
    /// The same of requests that have no answer yet, by who asked and by number.
    answers: HashMap<(SocketAddr, u32), Option<u64>>,
    /// The same of HTTP, where order counts.
    asked: VecDeque<(SocketAddr, Option<u64>, bool)>,
    pub last: u64,
    pub is_closed: bool,
}

impl Stream {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            frames: VecDeque::new(),
            waiting: Vec::new(),
            key: None,
            media: None,
            answers: HashMap::new(),
            asked: VecDeque::new(),
            last: 0,
            is_closed: false,
        }
    }

    pub fn seen(&mut self, frame: Frame) {
        self.last = self.last.max(frame.at);
        if self.frames.len() >= MOST_FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(frame);
    }

    /// Frames that no message waits for are let go.
    pub fn forget_frames(&mut self) {
        if self.connection.holds_nothing() {
            self.frames.clear();
        }
    }

    pub fn frame(&self, number: u32) -> Option<&Frame> {
        let at = self
            .frames
            .binary_search_by_key(&number, |frame| frame.number);
        at.ok().and_then(|at| self.frames.get(at))
    }

    pub fn wait(&mut self, order: Order, observation: Observation, frames: Vec<FrameInfo>) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push((order, observation, frames));
        }
    }

    /// Nothing of it is kept, and no answer is awaited.
    pub fn is_unwanted(&self, is_open: impl Fn(u64) -> bool) -> bool {
        self.answers.is_empty() && !self.key.is_some_and(is_open)
    }

    pub fn ask(&mut self, from: SocketAddr, number: u32, key: Option<u64>) {
        if self.answers.len() >= MOST_UNANSWERED {
            self.answers.clear();
        }
        match key {
            Some(key) => self.answers.insert((from, number), Some(key)),
            None => self.answers.remove(&(from, number)),
        };
    }

    /// The key of what `to` has asked under that number.
    pub fn answered(&mut self, to: SocketAddr, number: u32) -> Option<u64> {
        self.answers.remove(&(to, number)).flatten()
    }

    pub fn ask_in_order(&mut self, from: SocketAddr, key: Option<u64>, is_provisioning: bool) {
        if self.asked.len() >= MOST_UNANSWERED {
            self.asked.clear();
        }
        self.asked.push_back((from, key, is_provisioning));
    }

    pub fn answered_in_order(&mut self, to: SocketAddr) -> Option<(u64, bool)> {
        let at = self.asked.iter().position(|(from, _, _)| *from == to)?;
        let (_, key, is_provisioning) = self.asked.remove(at)?;
        Some((key?, is_provisioning))
    }
}

/// All connections, by both of their addresses.
#[derive(Debug, Default)]
pub struct Streams(Map<Stream>);

impl Streams {
    pub fn key(from: SocketAddr, to: SocketAddr) -> u64 {
        address_key(from).wrapping_add(address_key(to))
    }

    pub fn get(&mut self, key: u64) -> Option<&mut Stream> {
        self.0.get_mut(&key)
    }

    pub fn take(&mut self, key: u64) -> Option<Stream> {
        self.0.remove(&key)
    }

    pub fn put(&mut self, key: u64, stream: Stream) {
        self.0.insert(key, stream);
    }

    /// Keys of the connections that have been closed or silent for so long; all of them at the end.
    pub fn over(&self, now: Option<u64>, closed: u64, silent: u64) -> Vec<u64> {
        let is_over = |stream: &Stream| {
            let patience = if stream.is_closed { closed } else { silent };
            now.is_none_or(|now| stream.last.saturating_add(patience) < now)
        };
        let over = self.0.iter().filter(|(_, stream)| is_over(stream));
        let mut over: Vec<(u64, u64)> = over.map(|(key, stream)| (stream.last, *key)).collect();
        over.sort_unstable();
        over.into_iter().map(|(_, key)| key).collect()
    }
}
