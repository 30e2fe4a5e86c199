//! Audio of a conference: one RTP socket per participant (RFC 3550), and a mix of what the others say.
//!
//! Whoever may hear gets a packet every packet time, silence where nobody speaks, so that media can be seen to flow; the contributing
//! sources of a packet are those whose speech is in it. G.711 only, no RTCP, no jitter buffer: it is a reference, not a mixer for ears.
use super::super::faults::{Fault, InForce};
use super::g711::Law;
use crate::wire::rtp::{MAX_SOURCES, RtpPacket};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

/// Speech older than this is no longer in the mix.
const FRESH: Duration = Duration::from_millis(250);

/// Which way audio goes between the focus and one participant, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) remote: Option<SocketAddr>,
    pub(super) payload_type: u8,
    pub(super) law: Law,
    pub(super) sends: bool,
    pub(super) receives: bool,
    pub(super) packet_milliseconds: u64,
}

impl Flow {
    /// Nothing flows yet.
    pub(super) fn none() -> Self {
        Self {
            remote: None,
            payload_type: 0,
            law: Law::Mu,
            sends: false,
            receives: false,
            packet_milliseconds: 20,
        }
    }
}

/// The latest speech of a participant.
struct Source {
    ssrc: u32,
    samples: Vec<i16>,
    at: Instant,
}

/// What everybody says.
#[derive(Default)]
pub(super) struct Mixer {
    sources: Mutex<HashMap<u64, Source>>,
}

impl Mixer {
    fn sources(&self) -> MutexGuard<'_, HashMap<u64, Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, leg: u64) {
        self.sources().remove(&leg);
    }

    /// The sum of what the others said lately, and who they are.
    fn heard_by(&self, leg: u64, length: usize, now: Instant) -> (Vec<i16>, Vec<u32>) {
        let mut sum = vec![0i32; length];
        let mut csrc = Vec::new();
        for (_, source) in self
            .sources()
            .iter()
            .filter(|(id, source)| **id != leg && now - source.at <= FRESH)
        {
            csrc.push(source.ssrc);
            for (total, sample) in sum.iter_mut().zip(&source.samples) {
                *total += i32::from(*sample);
            }
        }
        csrc.sort_unstable();
        csrc.truncate(MAX_SOURCES);
        let clamp = |total: i32| total.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        (sum.into_iter().map(clamp).collect(), csrc)
    }
}

/// The media endpoint of one participant; closed when dropped.
pub(super) struct MediaLeg {
    pub(super) port: u16,
    flow: watch::Sender<Flow>,
    task: JoinHandle<()>,
    faults: InForce,
}

impl MediaLeg {
    /// Binds a socket on an even port (RFC 3550 section 11) where one is to be had.
    pub(super) fn open(
        ip: IpAddr,
        leg: u64,
        mixer: Arc<Mixer>,
        faults: InForce,
    ) -> std::io::Result<Self> {
        let mut socket = std::net::UdpSocket::bind((ip, 0))?;
        for _ in 0..16 {
            if socket.local_addr()?.port() % 2 == 0 {
                break;
            }
            socket = std::net::UdpSocket::bind((ip, 0))?;
        }
        let port = socket.local_addr()?.port();
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let (flow, flows) = watch::channel(Flow::none());
        let speaker = Speaker {
            leg,
            mixer,
            ssrc: fastrand::u32(..),
            sequence: fastrand::u16(..),
            timestamp: fastrand::u32(..),
            first: true,
        };
        let task = tokio::spawn(speaker.run(socket, flows));
        Ok(Self {
            port,
            flow,
            task,
            faults,
        })
    }

    /// Changes which way audio goes.
    pub(super) fn set(&self, mut flow: Flow) {
        mark!("CM-05");
        flow.sends &= !self.faults.is(Fault::SilentFocus);
        mark!("CM-06");
        flow.sends |= self.flow.borrow().sends && self.faults.is(Fault::HoldIgnored);
        self.flow.send_replace(flow);
    }
}

impl Drop for MediaLeg {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends to and hears from one participant.
struct Speaker {
    leg: u64,
    mixer: Arc<Mixer>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    first: bool,
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.mixer.forget(self.leg);
    }
}

impl Speaker {
    async fn run(mut self, socket: UdpSocket, mut flows: watch::Receiver<Flow>) {
        let mut buffer = [0; 2048];
        let mut flow = flows.borrow_and_update().clone();
        let mut ticks = ticker(&flow);
        loop {
            tokio::select! {
                received = socket.recv_from(&mut buffer) => {
                    if let Ok((length, _)) = received {
                        self.heard(&flow, &buffer[..length]);
                    }
                }
                _ = ticks.tick(), if flow.sends && flow.remote.is_some() => {
                    self.speak(&socket, &flow);
                }
                changed = flows.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    flow = flows.borrow_and_update().clone();
                    ticks = ticker(&flow);
                    if !flow.receives {
                        self.mixer.forget(self.leg);
                    }
                }
            }
        }
    }

    fn heard(&self, flow: &Flow, octets: &[u8]) {
        let Ok(packet) = RtpPacket::parse(octets) else {
            return;
        };
        if !flow.receives || packet.payload_type != flow.payload_type {
            return;
        }
        let source = Source {
            ssrc: packet.ssrc,
            samples: packet.payload.iter().map(|o| flow.law.decode(*o)).collect(),
            at: Instant::now(),
        };
        self.mixer.sources().insert(self.leg, source);
    }

    fn speak(&mut self, socket: &UdpSocket, flow: &Flow) {
        let Some(remote) = flow.remote else {
            return;
        };
        let length = flow.packet_milliseconds as usize * 8;
        let (samples, csrc) = self.mixer.heard_by(self.leg, length, Instant::now());
        let packet = RtpPacket {
            marker: self.first,
            payload_type: flow.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            csrc,
            extension: None,
            payload: samples.iter().map(|s| flow.law.encode(*s)).collect(),
        };
        self.first = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(length as u32);
        if let Err(error) = socket.try_send_to(&packet.to_octets(), remote) {
            tracing::trace!(%error, "packet not sent");
        }
    }
}

fn ticker(flow: &Flow) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(Duration::from_millis(flow.packet_milliseconds.max(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hears_the_others_and_not_oneself() {
        let mixer = Mixer::default();
        let now = Instant::now();
        for (leg, value) in [(1, 1000), (2, 20_000), (3, 20_000)] {
            let source = Source {
                ssrc: leg as u32,
                samples: vec![value; 4],
                at: now,
            };
            mixer.sources().insert(leg, source);
        }
        assert_eq!(mixer.heard_by(1, 2, now), (vec![i16::MAX; 2], vec![2, 3]));
        assert_eq!(mixer.heard_by(2, 1, now), (vec![21_000], vec![1, 3]));
        assert_eq!(mixer.heard_by(3, 1, now + FRESH * 2), (vec![0], vec![]));
    }
}
