//! MT correlation ids: what stands for a user between the answer to a routing query and the short messages that follow it
//! (3GPP TS 23.204 clause 6.14 steps 3 and 4).
//!
//! Fifteen digits in the place of an IMSI, under a mobile country code that no network has, unique among those that still stand.

use crate::reference::faults::{Fault, InForce};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Mobile country code 999 is for private networks (ITU-T E.212), so no subscriber has such an IMSI.
const NETWORK: &str = "99970";
/// More outstanding ids than this, and the oldest goes.
const MOST: usize = 100_000;

/// Whom an id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlated {
    pub number: String,
    /// What the HSS says is the user's real identity, if it was asked.
    pub imsi: Option<String>,
}

/// The ids that stand.
#[derive(Debug)]
pub struct Correlations {
    lifetime: Duration,
    by_id: HashMap<String, Correlated>,
    /// In the order in which they end.
    order: VecDeque<(Instant, String)>,
    faults: InForce,
}

impl Correlations {
    pub fn new(lifetime: Duration, faults: InForce) -> Self {
        Self {
            lifetime,
            by_id: HashMap::new(),
            order: VecDeque::new(),
            faults,
        }
    }

    /// A fresh id for the user.
    pub fn create(&mut self, now: Instant, user: Correlated) -> String {
        mark!("RTE-02");
        mark!("RTE-03");
        self.expire(now);
        let id = self.choose(&user);
        if self.by_id.insert(id.clone(), user).is_none() {
            self.order.push_back((now + self.lifetime, id.clone()));
        }
        if self.order.len() > MOST
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        id
    }

    fn choose(&self, user: &Correlated) -> String {
        if self.faults.is(Fault::CorrelationIdReused) {
            // Always the same for a user, so that only uniqueness is lost.
            let digits = user.number.trim_start_matches('+');
            let tail = digits
                .get(digits.len().saturating_sub(10)..)
                .unwrap_or(digits);
            return format!("{NETWORK}{tail:0>10}");
        }
        if self.faults.is(Fault::CorrelationIdIsImsi)
            && let Some(imsi) = &user.imsi
        {
            return imsi.clone();
        }
        // Only session numbers have no identity at the HSS.
        if self.faults.is(Fault::AnswerRoutedUnderItsNumber) && user.imsi.is_none() {
            return user.number.trim_start_matches('+').to_owned();
        }
        loop {
            let id = format!("{NETWORK}{:010}", fastrand::u64(..10_000_000_000));
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// Whom a short message under this id is for; several may follow one query.
    pub fn find(&mut self, now: Instant, id: &str) -> Option<Correlated> {
        mark!("RTE-04");
        self.expire(now);
        let found = self.by_id.get(id).cloned();
        if found.is_none() && self.faults.is(Fault::UnknownCorrelationIdAccepted) {
            let (_, latest) = self.order.back()?;
            return self.by_id.get(latest).cloned();
        }
        found
    }

    fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, id)) = self.order.pop_front() {
                self.by_id.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    fn user(number: &str) -> Correlated {
        Correlated {
            number: number.into(),
            imsi: Some("001010000000001".into()),
        }
    }

    fn correlations(fault: Option<Fault>) -> Correlations {
        Correlations::new(Duration::from_secs(30), InForce(fault))
    }

    #[test]
    fn ids_are_fifteen_digits_unique_and_no_imsi() {
        let mut all = correlations(None);
        let now = Instant::now();
        let ids: HashSet<String> = (0..1000).map(|_| all.create(now, user("+1"))).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert!(
                id.len() == 15 && id.bytes().all(|b| b.is_ascii_digit()),
                "{id}"
            );
            assert_ne!(id, user("+1").imsi.unwrap());
        }
    }

    #[test]
    fn an_id_stands_for_several_messages_until_its_time() {
        let mut all = correlations(None);
        let now = Instant::now();
        let id = all.create(now, user("+1"));
        for _ in 0..3 {
            assert_eq!(all.find(now, &id), Some(user("+1")));
        }
        assert_eq!(all.find(now, "999700000000000"), None);
        let later = now + Duration::from_secs(31);
        assert_eq!(all.find(later, &id), None);
        assert!(all.by_id.is_empty() && all.order.is_empty());
    }

    #[test]
    fn faults_show_only_where_they_should() {
        let now = Instant::now();
        let mut reused = correlations(Some(Fault::CorrelationIdReused));
        assert_eq!(
            reused.create(now, user("+1")),
            reused.create(now, user("+1"))
        );
        let mut real = correlations(Some(Fault::CorrelationIdIsImsi));
        assert_eq!(real.create(now, user("+1")), "001010000000001");
        let mut lax = correlations(Some(Fault::UnknownCorrelationIdAccepted));
        lax.create(now, user("+3"));
        assert_eq!(lax.find(now, "1").unwrap().number, "+3");
    }
}
