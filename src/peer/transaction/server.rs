//! Server transactions: RFC 3261 sections 17.2.1 (INVITE) and 17.2.2 (others), with the Accepted state of RFC 6026.
//!
//! Retransmission of 2xx to INVITE is the dialog's business (RFC 3261 section 13.3.1.4); this only lets them pass.
use std::time::Duration;

use super::{Hop, SipTimers};
use crate::peer::Time;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Trying,
    Proceeding,
    Completed,
    /// INVITE only: ACK has come, further ones are swallowed.
    Confirmed,
    /// INVITE only: a 2xx was sent (RFC 6026 section 7.1).
    Accepted,
    Terminated,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) state: State,
    pub(super) hop: Hop,
    invite: bool,
    last: Option<Vec<u8>>,
    /// Timer G.
    resend_at: Option<Time>,
    interval: Duration,
    /// Timer H, I, J or L.
    ends_at: Option<Time>,
    /// Call-ID, From tag and CSeq, for the merged requests of RFC 3261 section 8.2.2.2.
    pub(super) origin: (String, String, String),
}

impl Server {
    pub(super) fn start(
        now: Time,
        invite: bool,
        hop: Hop,
        origin: (String, String, String),
        timers: SipTimers,
    ) -> Self {
        Self {
            state: State::Trying,
            hop,
            invite,
            last: None,
            resend_at: None,
            interval: timers.t1,
            // A request that is never answered is forgotten when its sender has given up (timer F); INVITE waits for its user.
            ends_at: (!invite).then(|| now + timers.t1 * 64),
            origin,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        [self.resend_at, self.ends_at].into_iter().flatten().min()
    }

    /// The user answers; gives the octets to send, if they may be sent in this state.
    pub(super) fn respond(
        &mut self,
        now: Time,
        code: u16,
        octets: Vec<u8>,
        timers: SipTimers,
    ) -> Option<Vec<u8>> {
        match (self.state, code) {
            (State::Trying | State::Proceeding, 100..=199) => self.state = State::Proceeding,
            (State::Trying | State::Proceeding, 200..=299) if self.invite => {
                self.state = State::Accepted;
                self.ends_at = Some(now + timers.t1 * 64);
            }
            (State::Accepted, 200..=299) => {}
            (State::Trying | State::Proceeding, 200..=699) => self.complete(now, timers),
            _ => return None,
        }
        self.last = Some(octets.clone());
        Some(octets)
    }

    fn complete(&mut self, now: Time, timers: SipTimers) {
        self.state = State::Completed;
        if self.invite {
            self.ends_at = Some(now + timers.t1 * 64);
            self.resend_at = (!self.hop.reliable()).then(|| now + timers.t1);
        } else if self.hop.reliable() {
            self.state = State::Terminated;
            self.ends_at = None;
        } else {
            self.ends_at = Some(now + timers.t1 * 64);
        }
    }

    /// The same request again: the last response again, if there is one to repeat.
    pub(super) fn again(&self) -> Option<Vec<u8>> {
        match self.state {
            State::Proceeding | State::Completed => self.last.clone(),
            _ => None,
        }
    }

    /// An ACK of the same branch. True: it was for a refusal and is done with.
    pub(super) fn acknowledge(&mut self, now: Time, timers: SipTimers) -> bool {
        match self.state {
            State::Completed => {
                self.resend_at = None;
                if self.hop.reliable() {
                    self.state = State::Terminated;
                    self.ends_at = None;
                } else {
                    self.state = State::Confirmed;
                    self.ends_at = Some(now + timers.t4);
                }
                true
            }
            State::Confirmed | State::Terminated => true,
            _ => false,
        }
    }

    /// Octets to send again, and whether timer H ran out.
    pub(super) fn wake(&mut self, now: Time, timers: SipTimers) -> (Option<Vec<u8>>, bool) {
        if self.ends_at.is_some_and(|at| at <= now) {
            let unacknowledged = self.invite && self.state == State::Completed;
            self.state = State::Terminated;
            self.resend_at = None;
            self.ends_at = None;
            return (None, unacknowledged);
        }
        let Some(at) = self.resend_at.filter(|at| *at <= now) else {
            return (None, false);
        };
        self.interval = (self.interval * 2).min(timers.t2);
        self.resend_at = Some(at + self.interval);
        (self.last.clone(), false)
    }
}
