//! Two endpoints and the wire between them.
use std::time::Duration;

use crate::peer::Time;
use crate::peer::message_session::{
    MessageSession, MsrpBehaviour, OutgoingMessage, ReceivedMessage, SessionConfig, SessionEvent,
    SessionOutput,
};
use crate::wire::msrp::MsrpMessage;

pub const A: &str = "msrp://a.example.com:7777/iau39soe2843z;tcp";
pub const B: &str = "msrp://b.example.com:8888/9di4eae923wzd;tcp";

pub fn config(local: &str, remote: &str, connects: bool) -> SessionConfig {
    SessionConfig {
        local_path: local.into(),
        remote_path: vec![remote.into()],
        connects,
        accept_types: vec!["message/cpim".into(), "text/*".into()],
        accept_wrapped_types: vec!["text/plain".into()],
        seed: u64::from(connects),
        behaviour: MsrpBehaviour::default(),
    }
}

/// A opens the connection to B; `wire` is every message that crossed, with its sender.
pub struct Pair {
    pub now: Time,
    pub sides: [MessageSession; 2],
    pub events: [Vec<SessionEvent>; 2],
    pub wire: Vec<(usize, MsrpMessage)>,
    pub closes: Vec<(usize, bool)>,
    /// Octets per delivery.
    pub pieces: usize,
}

impl Pair {
    pub fn new(a: SessionConfig, b: SessionConfig) -> Self {
        Self {
            now: Time::ZERO,
            sides: [MessageSession::new(a), MessageSession::new(b)],
            events: [vec![], vec![]],
            wire: vec![],
            closes: vec![],
            pieces: 1460,
        }
    }

    pub fn correct() -> Self {
        Self::new(config(A, B, true), config(B, A, false))
    }

    /// B misbehaves.
    pub fn with(behaviour: MsrpBehaviour) -> Self {
        let b = SessionConfig {
            behaviour,
            ..config(B, A, false)
        };
        Self::new(config(A, B, true), b)
    }

    pub fn open(mut self) -> Self {
        self.sides[1].opened(self.now);
        self.sides[0].opened(self.now);
        self.settle();
        self
    }

    pub fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for side in 0..2 {
                while let Some(output) = self.sides[side].poll() {
                    quiet = false;
                    match output {
                        SessionOutput::Octets(octets) => {
                            if let Ok(message) = MsrpMessage::parse(&octets) {
                                self.wire.push((side, message));
                            }
                            for piece in octets.chunks(self.pieces) {
                                self.sides[1 - side].octets(self.now, piece);
                            }
                        }
                        SessionOutput::Close { abort } => {
                            self.closes.push((side, abort));
                            self.sides[1 - side].closed();
                        }
                        SessionOutput::Event(event) => self.events[side].push(event),
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }

    pub fn pass(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        loop {
            let due = self.sides.iter().filter_map(MessageSession::wake_at).min();
            let Some(due) = due.filter(|due| *due <= until) else {
                break;
            };
            self.now = self.now.max(due);
            let now = self.now;
            self.sides.iter_mut().for_each(|side| side.wake(now));
            self.settle();
        }
        self.now = until;
    }

    pub fn send(&mut self, side: usize, message: OutgoingMessage) -> String {
        let id = self.sides[side].send(self.now, message);
        self.settle();
        id
    }

    /// Octets straight to B.
    pub fn inject(&mut self, text: &str) -> Option<u16> {
        let before = self.wire.len();
        self.sides[1].octets(self.now, text.as_bytes());
        self.settle();
        self.wire[before..]
            .iter()
            .find_map(|(_, message)| message.status())
    }

    pub fn received(&self, side: usize) -> Vec<&ReceivedMessage> {
        let events = self.events[side].iter();
        events
            .filter_map(|event| match event {
                SessionEvent::Received(message) => Some(message),
                _ => None,
            })
            .collect()
    }

    pub fn codes(&self, side: usize) -> Vec<u16> {
        let events = self.events[side].iter();
        events
            .filter_map(|event| match event {
                SessionEvent::Response { code, .. } => Some(*code),
                _ => None,
            })
            .collect()
    }

    pub fn reports(&self, side: usize) -> Vec<(Option<u16>, String)> {
        let events = self.events[side].iter();
        events
            .filter_map(|event| match event {
                SessionEvent::Report {
                    status, byte_range, ..
                } => Some((*status, byte_range.map_or(String::new(), |r| r.to_string()))),
                _ => None,
            })
            .collect()
    }
}
