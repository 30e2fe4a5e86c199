//! Short messages from the SMSC: put together, and taken to the chat or the pager procedure they belong to
//! (3GPP TS 23.204 clauses 6.9, 6.14 and 6.17).
//!
//! Chat correlation comes before everything else (clause 6.8.3). Each part of a concatenated message is acknowledged as it comes; the
//! part that completes the message carries the acknowledgement of the whole.

use super::numbers::Allocation;
use super::{
    Gateway, State, locked, pager, read_locked, registration, transport_level, write_locked,
};
use crate::reference::faults::{Fault, InForce};
use crate::reference::short_message::{
    Arrival, Delivery, DeliveryAnswer, Handover, Reach, RoutingQuery,
};
use crate::wire::sms::Concatenation;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Incomplete messages kept at once; beyond it the oldest is discarded.
const MOST_INCOMPLETE: usize = 10_000;

/// A whole short message that has not been answered yet.
#[derive(Debug)]
pub struct ShortMessage {
    pub text: String,
    /// The SMS user.
    pub from: String,
    /// The session number or the CPM user's own.
    pub to: String,
    /// When the service centre had its last part, if the link says.
    pub time_stamp: Option<String>,
    pub answer: DeliveryAnswer,
}

/// Takes what the SMSC delivers, one at a time, in its order.
pub struct Inbound {
    gateway: Arc<Gateway>,
    reassembly: Reassembly,
}

impl Inbound {
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self {
            gateway,
            reassembly: Reassembly::default(),
        }
    }

    pub fn receive(&mut self, arrival: Arrival) {
        let delivery = match arrival {
            Arrival::Message(delivery) => delivery,
            Arrival::SubscriberData(number, data) => {
                return write_locked(&self.gateway.subscribers).keep(&number, data);
            }
            Arrival::Query(query) => return self.route_query(query),
            Arrival::Report(report) => {
                let other = transport_level::status_report(&self.gateway, report);
                if let Some(report) = other {
                    super::reports::receive(&self.gateway, report);
                }
                return;
            }
        };
        if self.gateway.faults.is(Fault::IgnoresDeliveries) {
            return delivery.answer.withhold();
        }
        let Some(delivery) = self.encapsulated(delivery) else {
            return;
        };
        let Delivery {
            from,
            to,
            text,
            concatenation,
            time_stamp,
            answer,
            ..
        } = delivery;
        let faults = self.gateway.faults;
        let text = match concatenation {
            Some(part)
                if part.total > 1
                    && !faults.is(Fault::PartsRelayedSingly)
                    && !self.delivers_parts_apart(&to, &from) =>
            {
                let patience = self.reassembly_time(&to, &from);
                let key = Key::new(&from, &to, part);
                mark!("S2M-07");
                if faults.is(Fault::PartialMessageRelayed) && part.sequence == 1 {
                    self.relay_later(&from, &to, &text, patience);
                }
                mark!("S2M-06");
                match self
                    .reassembly
                    .add(Instant::now(), key, part, text, patience, faults)
                {
                    Some(whole) => whole,
                    None => return answer.give(Handover::Taken),
                }
            }
            _ => text,
        };
        self.route(ShortMessage {
            text,
            from,
            to,
            time_stamp,
            answer,
        });
    }

    /// Parts outside chats are messages of their own (a deliberate fault).
    fn delivers_parts_apart(&self, to: &str, from: &str) -> bool {
        mark!("PGT-04");
        let in_chat = || locked(&self.gateway.numbers).find(Instant::now(), to, from);
        self.gateway.faults.is(Fault::PartsDeliveredApart) && in_chat().is_none()
    }

    /// Sends a part into the chat of its pair when the time for the others has passed (a deliberate fault).
    fn relay_later(&self, from: &str, to: &str, text: &str, patience: Duration) {
        let allocation = locked(&self.gateway.numbers).find(Instant::now(), to, from);
        let inbox = allocation.and_then(|allocation| {
            let sessions = locked(&self.gateway.sessions);
            Some(sessions.get(&session_of(allocation))?.inbox.clone())
        });
        let (text, from, to) = (text.to_owned(), from.to_owned(), to.to_owned());
        let Some(inbox) = inbox else { return };
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            let message = ShortMessage {
                text,
                from,
                to,
                time_stamp: None,
                answer: DeliveryAnswer::new(|_, _| {}),
            };
            if inbox.send(message).await.is_err() {
                tracing::debug!("the session had ended");
            }
        });
    }

    /// Session numbers and CPM users' numbers are reached here.
    fn route_query(&self, query: RoutingQuery) {
        mark!("RTE-08");
        let reach = if locked(&self.gateway.numbers).is_session_number(&query.number) {
            Reach::SessionNumber
        } else if registration::reachable(&self.gateway, &query.number).is_some() {
            Reach::User
        } else {
            Reach::Stranger
        };
        if query.answer.send(reach).is_err() {
            tracing::debug!("nobody waits for the answer to a routing query any more");
        }
    }

    fn reassembly_time(&self, number: &str, sms_user: &str) -> Duration {
        let allocation = locked(&self.gateway.numbers).find(Instant::now(), number, sms_user);
        let of_session = allocation.and_then(|allocation| {
            let sessions = locked(&self.gateway.sessions);
            Some(sessions.get(&session_of(allocation))?.reassembly_seconds)
        });
        let seconds = of_session.unwrap_or_else(|| {
            let subscribers = read_locked(&self.gateway.subscribers);
            subscribers.settings(number, sms_user).reassembly_seconds
        });
        Duration::from_secs_f64(seconds)
    }

    /// Outside chats a short message may go to a terminal as it is, part by part; what does not is given back.
    fn encapsulated(&self, delivery: Delivery) -> Option<Delivery> {
        mark!("S2M-10");
        let now = Instant::now();
        let allocation = locked(&self.gateway.numbers).find(now, &delivery.to, &delivery.from);
        let in_chat = allocation.map(session_of);
        let user = match in_chat {
            Some(session) if self.gateway.faults.is(Fault::TransportLevelBeforeChat) => {
                let sessions = locked(&self.gateway.sessions);
                let entry = sessions.get(&session);
                match entry.filter(|entry| entry.state == State::Active) {
                    Some(entry) => entry.originator.clone(),
                    None => return Some(delivery),
                }
            }
            Some(_) => return Some(delivery),
            None => pager::user_behind(&self.gateway, &delivery.to, &delivery.from),
        };
        let Some(reach) = transport_level::encapsulated_recipient(&self.gateway, &user) else {
            return Some(delivery);
        };
        let gateway = self.gateway.clone();
        tokio::spawn(transport_level::deliver(gateway, user, reach, delivery));
        None
    }

    /// To the session of the pair, else to the pager procedure.
    fn route(&self, message: ShortMessage) {
        mark!("ADR-02");
        mark!("S2M-08");
        let now = Instant::now();
        let allocation = locked(&self.gateway.numbers).find(now, &message.to, &message.from);
        let inbox = allocation.and_then(|allocation| {
            let sessions = locked(&self.gateway.sessions);
            let entry = sessions.get(&session_of(allocation))?;
            mark!("GRP-02");
            let chatting = entry.group && entry.state == super::State::Active;
            let elsewhere = chatting && self.gateway.faults.is(Fault::GroupMessageToInviter);
            let other = sessions.values().find(|other| {
                elsewhere
                    && !other.group
                    && other.state == super::State::Active
                    && (&other.originator, &other.sms_user) == (&entry.originator, &entry.sms_user)
            });
            Some(other.unwrap_or(entry).inbox.clone())
        });
        match inbox {
            Some(inbox) => {
                if let Err(error) = inbox.try_send(message) {
                    // The answer is given by dropping it: a temporary error.
                    tracing::info!(%error, "the session takes no more short messages");
                }
            }
            None => {
                let gateway = self.gateway.clone();
                tokio::spawn(async move { pager::to_cpm_user(&gateway, message).await });
            }
        }
    }
}

fn session_of(allocation: Allocation) -> super::numbers::SessionId {
    match allocation {
        Allocation::Live(session) | Allocation::Quarantine { session, .. } => session,
    }
}

/// Reassembly key: both addresses, the reference, its width, and the number of parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    from: String,
    to: String,
    reference: u16,
    wide: bool,
    total: u8,
}

impl Key {
    fn new(from: &str, to: &str, part: Concatenation) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            reference: part.reference,
            wide: part.wide,
            total: part.total,
        }
    }
}

#[derive(Debug)]
struct Incomplete {
    parts: Vec<Option<String>>,
    until: Instant,
}

/// Concatenated messages that still lack parts.
#[derive(Debug, Default)]
struct Reassembly {
    sets: HashMap<Key, Incomplete>,
}

impl Reassembly {
    /// The whole text once every part is there. A part that came before is ignored; a set over its time is discarded as a whole.
    fn add(
        &mut self,
        now: Instant,
        key: Key,
        part: Concatenation,
        text: String,
        patience: Duration,
        faults: InForce,
    ) -> Option<String> {
        mark!("S2M-07");
        if self.sets.get(&key).is_some_and(|set| set.until <= now) {
            self.sets.remove(&key);
        }
        if self.sets.len() >= MOST_INCOMPLETE && !self.sets.contains_key(&key) {
            self.make_room(now);
        }
        let set = self.sets.entry(key.clone()).or_insert_with(|| Incomplete {
            parts: vec![None; usize::from(part.total)],
            until: now + patience,
        });
        let in_turn = set.parts.iter().filter(|part| part.is_some()).count() + 1;
        let number = match faults.0 {
            Some(Fault::PartsInOrderOfArrival) => in_turn,
            _ => usize::from(part.sequence),
        };
        let place = set.parts.get_mut(number.checked_sub(1)?)?;
        if place.is_none() {
            *place = Some(text);
        }
        if set.parts.iter().any(Option::is_none) {
            return None;
        }
        let set = self.sets.remove(&key)?;
        Some(set.parts.into_iter().flatten().collect())
    }

    fn make_room(&mut self, now: Instant) {
        self.sets.retain(|_, set| set.until > now);
        if self.sets.len() < MOST_INCOMPLETE {
            return;
        }
        let oldest = self.sets.iter().min_by_key(|(_, set)| set.until);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.sets.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sequence: u8) -> Concatenation {
        Concatenation {
            reference: 7,
            wide: false,
            total: 3,
            sequence,
        }
    }

    fn add(r: &mut Reassembly, now: Instant, sequence: u8, text: &str) -> Option<String> {
        let key = Key::new("+1", "+2", part(sequence));
        let patience = Duration::from_secs(60);
        let faults = InForce(None);
        r.add(now, key, part(sequence), text.into(), patience, faults)
    }

    #[test]
    fn puts_parts_together_in_their_order_and_ignores_duplicates() {
        let mut r = Reassembly::default();
        let now = Instant::now();
        assert_eq!(add(&mut r, now, 3, "c"), None);
        assert_eq!(add(&mut r, now, 1, "a"), None);
        assert_eq!(add(&mut r, now, 1, "x"), None);
        assert_eq!(add(&mut r, now, 2, "b").as_deref(), Some("abc"));
        assert!(r.sets.is_empty());
    }

    #[test]
    fn gives_nothing_partial_after_its_time() {
        let mut r = Reassembly::default();
        let now = Instant::now();
        add(&mut r, now, 1, "a");
        add(&mut r, now, 2, "b");
        let late = now + Duration::from_secs(61);
        assert_eq!(add(&mut r, late, 3, "c"), None);
    }
}
