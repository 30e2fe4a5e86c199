//! The session timer of RFC 4028: who refreshes, when, and when the session is taken for dead.
use std::time::Duration;

use crate::peer::Time;
use crate::wire::sip::SipMessage;

/// The smallest Min-SE the standard allows (RFC 4028 section 5).
pub const MIN_SE: u32 = 90;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    pub seconds: u32,
    pub we_refresh: bool,
    /// The other side allows UPDATE, which refreshes without an offer (section 7.4).
    pub by_update: bool,
    started: Time,
}

impl SessionTimer {
    /// What a 2xx to our INVITE or UPDATE says; `None`: the session has no timer.
    pub fn of_answer(now: Time, response: &SipMessage) -> Option<Self> {
        let (seconds, refresher) = expires_of(response)?;
        Some(Self {
            seconds,
            we_refresh: refresher.as_deref() != Some("uas"),
            by_update: allows_update(response),
            started: now,
        })
    }

    /// What we agree to when the other side's request asks for a timer: it refreshes unless it wants us to or cannot (section 9).
    pub fn of_request(now: Time, request: &SipMessage) -> Option<Self> {
        let (seconds, refresher) = expires_of(request)?;
        let capable = request
            .values("Supported")
            .iter()
            .any(|token| token.eq_ignore_ascii_case("timer"));
        Some(Self {
            seconds,
            we_refresh: refresher.as_deref() == Some("uas") || !capable,
            by_update: allows_update(request),
            started: now,
        })
    }

    /// A timer we ask for where none was agreed; refreshed by re-INVITE, which everybody takes.
    pub fn ours(now: Time) -> Self {
        Self {
            seconds: 1800,
            we_refresh: true,
            by_update: false,
            started: now,
        }
    }

    /// The same timer with another interval.
    pub fn lasting(self, seconds: u32) -> Self {
        Self { seconds, ..self }
    }

    /// `Session-Expires` of the 2xx that grants this timer.
    pub fn granted(&self) -> String {
        let refresher = if self.we_refresh { "uas" } else { "uac" };
        format!("{};refresher={refresher}", self.seconds)
    }

    /// When we are due: at half the interval as refresher, else when the session counts as dead (section 10).
    pub fn due(&self) -> Time {
        let whole = Duration::from_secs(u64::from(self.seconds));
        if self.we_refresh {
            self.started + whole / 2
        } else {
            self.started + whole - (whole / 3).min(Duration::from_secs(32))
        }
    }
}

fn allows_update(message: &SipMessage) -> bool {
    message.values("Allow").contains(&"UPDATE")
}

/// Interval and refresher of Session-Expires.
pub fn expires_of(message: &SipMessage) -> Option<(u32, Option<String>)> {
    let value = message.header("Session-Expires")?;
    let mut pieces = value.split(';');
    let seconds = pieces.next()?.trim().parse().ok()?;
    let refresher = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("refresher")
            .then(|| value.trim().to_ascii_lowercase())
    });
    Some((seconds, refresher))
}
