//! Client transactions: RFC 3261 sections 17.1.1 (INVITE) and 17.1.2 (others), with the Accepted state of RFC 6026.
//!
//! One transaction each; matching and the list of transactions are one floor up in `transaction.rs`.
use std::time::Duration;

use super::{Hop, SipTimers};
use crate::peer::Time;
use crate::wire::sip::SipMessage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Calling or Trying: nothing has come yet.
    Calling,
    Proceeding,
    Completed,
    /// INVITE only (RFC 6026 section 7.2): a 2xx has come, further ones are for the user.
    Accepted,
    Terminated,
}

/// What a client transaction does with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// The response that came is for the transaction user.
    Deliver,
    /// Timer B or F, or no way to send.
    GaveUp,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) state: State,
    pub(super) hop: Hop,
    invite: bool,
    request: SipMessage,
    octets: Vec<u8>,
    ack: Option<Vec<u8>>,
    /// Timer A or E.
    resend_at: Option<Time>,
    interval: Duration,
    /// Timer B or F, later D, K or M.
    ends_at: Option<Time>,
}

impl Client {
    pub(super) fn start(now: Time, request: SipMessage, hop: Hop, timers: SipTimers) -> Self {
        let octets = request.to_octets();
        Self {
            state: State::Calling,
            hop,
            invite: request.method() == Some("INVITE"),
            request,
            octets,
            ack: None,
            resend_at: (!hop.reliable()).then(|| now + timers.t1),
            interval: timers.t1,
            ends_at: Some(now + timers.t1 * 64),
        }
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        [self.resend_at, self.ends_at].into_iter().flatten().min()
    }

    pub(super) fn receive(
        &mut self,
        now: Time,
        response: &SipMessage,
        timers: SipTimers,
    ) -> Vec<Step> {
        let code = response.status().unwrap_or(0);
        if self.invite {
            self.receive_invite(now, code, response, timers)
        } else {
            self.receive_other(now, code, timers)
        }
    }

    fn receive_invite(
        &mut self,
        now: Time,
        code: u16,
        response: &SipMessage,
        timers: SipTimers,
    ) -> Vec<Step> {
        match (self.state, code) {
            (State::Calling | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                self.resend_at = None;
                self.ends_at = None;
                vec![Step::Deliver]
            }
            (State::Calling | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.resend_at = None;
                self.ends_at = Some(now + timers.t1 * 64);
                vec![Step::Deliver]
            }
            (State::Calling | State::Proceeding, 300..=699) => {
                let ack = ack_of_refusal(&self.request, response).to_octets();
                self.ack = Some(ack.clone());
                self.resend_at = None;
                // Timer D: at least 32 s, which 64*T1 is with the standard's T1.
                self.finish(now, timers.t1 * 64);
                vec![Step::Send(ack), Step::Deliver]
            }
            (State::Accepted, 200..=299) => vec![Step::Deliver],
            (State::Completed, 300..=699) => self.ack.clone().map(Step::Send).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn receive_other(&mut self, now: Time, code: u16, timers: SipTimers) -> Vec<Step> {
        match (self.state, code) {
            (State::Calling, 100..=199) => {
                self.state = State::Proceeding;
                vec![Step::Deliver]
            }
            (State::Proceeding, 100..=199) => vec![Step::Deliver],
            (State::Calling | State::Proceeding, 200..=699) => {
                self.resend_at = None;
                self.finish(now, timers.t4);
                vec![Step::Deliver]
            }
            _ => Vec::new(),
        }
    }

    /// Completed for `linger` on an unreliable transport, over at once on a reliable one.
    fn finish(&mut self, now: Time, linger: Duration) {
        if self.hop.reliable() {
            self.state = State::Terminated;
            self.ends_at = None;
        } else {
            self.state = State::Completed;
            self.ends_at = Some(now + linger);
        }
    }

    pub(super) fn wake(&mut self, now: Time, timers: SipTimers) -> Vec<Step> {
        if self.ends_at.is_some_and(|at| at <= now) {
            let waiting = matches!(self.state, State::Calling | State::Proceeding);
            self.state = State::Terminated;
            self.resend_at = None;
            self.ends_at = None;
            return if waiting {
                vec![Step::GaveUp]
            } else {
                Vec::new()
            };
        }
        let Some(at) = self.resend_at.filter(|at| *at <= now) else {
            return Vec::new();
        };
        self.interval = if self.invite {
            self.interval * 2
        } else if self.state == State::Proceeding {
            timers.t2
        } else {
            (self.interval * 2).min(timers.t2)
        };
        self.resend_at = Some(at + self.interval);
        vec![Step::Send(self.octets.clone())]
    }

    /// Nobody can be reached there (RFC 3261 section 17.1.4).
    pub(super) fn unreachable(&mut self) -> Vec<Step> {
        let waiting = matches!(self.state, State::Calling | State::Proceeding);
        self.state = State::Terminated;
        if waiting {
            vec![Step::GaveUp]
        } else {
            Vec::new()
        }
    }

    /// Nobody waits for a response any more (a cancelled INVITE that stays unanswered, RFC 3261 section 9.1).
    pub(super) fn abandon(&mut self) {
        self.state = State::Terminated;
        self.resend_at = None;
        self.ends_at = None;
    }
}

/// The ACK of a response that is not 2xx (RFC 3261 section 17.1.1.3).
fn ack_of_refusal(request: &SipMessage, response: &SipMessage) -> SipMessage {
    let mut ack = of_same_transaction(request, "ACK");
    if let Some(to) = response.header("To") {
        ack.set("To", to);
    }
    ack
}

/// ACK of a refusal or CANCEL: the request's own Request-URI, topmost Via, Route, From, To, Call-ID and CSeq number.
pub fn of_same_transaction(request: &SipMessage, method: &str) -> SipMessage {
    let mut message = SipMessage::request(method, request.uri().unwrap_or_default());
    if let Some(via) = request.values("Via").first() {
        message.push("Via", *via);
    }
    message.push("Max-Forwards", "70");
    for name in ["Route", "From", "To", "Call-ID"] {
        for value in request.headers_named(name) {
            message.push(name, value);
        }
    }
    let number = request.cseq().map_or(1, |(number, _)| number);
    message.push("CSeq", format!("{number} {method}"));
    message.push("Content-Length", "0");
    message
}
