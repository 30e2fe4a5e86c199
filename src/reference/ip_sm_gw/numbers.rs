//! Session numbers: the MSISDN correlated with a chat session (3GPP TS 23.204 clause 6.15.1 step 5), own or assigned from a pool.
//!
//! The key is the pair of session number and SMS user: two SMS users may share one number, and one pair has at most one live session
//! (catalogue ADR-07). A released pair is kept in quarantine so that a late short message cannot reach a different chat (ADR-09).
//! Time is an argument; nothing here sleeps.

use crate::reference::faults::{Fault, InForce};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// Most pools and most numbers in one pool.
pub const MOST_POOLS: usize = 100_000;
pub const MOST_NUMBERS: usize = 1_000_000;
/// Most pairs kept in quarantine; beyond it the oldest ends early.
pub const MOST_QUARANTINED: usize = 100_000;

/// Identifies one session of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    pub number: String,
    pub sms_user: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    Live(SessionId),
    Quarantine { session: SessionId, until: Instant },
}

#[derive(Debug, Default)]
struct Pool {
    numbers: Vec<String>,
    next: usize,
}

/// All pools and all pairs in use.
#[derive(Debug, Default)]
pub struct Numbers {
    pools: BTreeMap<String, Pool>,
    /// The numbers of all pools.
    pooled: HashSet<String>,
    pairs: HashMap<Pair, Allocation>,
    /// Which SMS users a number is shared by, so that a number can be looked up alone.
    by_number: HashMap<String, Vec<String>>,
    /// Pairs in quarantine by the time it ends.
    quarantined: BTreeMap<(Instant, u64), Pair>,
    releases: u64,
    faults: InForce,
}

impl Numbers {
    pub fn new(faults: InForce) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Creates or replaces a pool; live sessions keep their numbers.
    pub fn put_pool(&mut self, name: &str, numbers: Vec<String>) -> Result<bool, String> {
        if numbers.len() > MOST_NUMBERS {
            return Err(format!("a pool holds at most {MOST_NUMBERS} numbers"));
        }
        if self.pools.len() >= MOST_POOLS && !self.pools.contains_key(name) {
            return Err(format!("there are already {MOST_POOLS} pools"));
        }
        let pool = Pool { numbers, next: 0 };
        let created = self.pools.insert(name.to_owned(), pool).is_none();
        let all = self.pools.values().flat_map(|pool| &pool.numbers);
        self.pooled = all.cloned().collect();
        Ok(created)
    }

    /// The number is one that sessions get, or have.
    pub fn is_session_number(&self, number: &str) -> bool {
        self.pooled.contains(number) || self.by_number.contains_key(number)
    }

    /// The numbers of a pool with the pairs each is part of.
    #[allow(clippy::type_complexity)]
    pub fn pool(&self, name: &str) -> Option<Vec<(String, Vec<(String, Allocation)>)>> {
        let pool = self.pools.get(name)?;
        let of = |number: &String| {
            let users = self.by_number.get(number);
            users
                .into_iter()
                .flatten()
                .filter_map(|user| {
                    let allocation = self.pairs.get(&pair(number, user))?;
                    Some((user.clone(), *allocation))
                })
                .collect()
        };
        Some(pool.numbers.iter().map(|n| (n.clone(), of(n))).collect())
    }

    /// A number of the pool that this SMS user has neither a live nor a quarantined pair with; `None` = exhausted.
    pub fn assign(
        &mut self,
        now: Instant,
        pool: &str,
        sms_user: &str,
        session: SessionId,
    ) -> Option<String> {
        mark!("ADR-08");
        self.expire(now);
        let entry = self.pools.get(pool)?;
        let count = entry.numbers.len();
        let order = (0..count).map(|i| (entry.next + i) % count);
        let free = |i: &usize| !self.pairs.contains_key(&pair(&entry.numbers[*i], sms_user));
        let mut chosen = order.clone().find(free);
        if chosen.is_none() && self.faults.is(Fault::ReusesLiveNumber) {
            let live = |i: &usize| {
                let found = self.pairs.get(&pair(&entry.numbers[*i], sms_user));
                matches!(found, Some(Allocation::Live(_)))
            };
            chosen = order.clone().find(live);
        }
        let chosen = chosen?;
        let number = entry.numbers[chosen].clone();
        if let Some(entry) = self.pools.get_mut(pool) {
            entry.next = chosen + 1;
        }
        self.insert(pair(&number, sms_user), Allocation::Live(session));
        Some(number)
    }

    /// Uses the caller's own number, unless this pair already has a live session. Quarantine does not matter: both parties are the same.
    pub fn use_own(
        &mut self,
        now: Instant,
        number: &str,
        sms_user: &str,
        session: SessionId,
    ) -> bool {
        self.expire(now);
        let key = pair(number, sms_user);
        if matches!(self.pairs.get(&key), Some(Allocation::Live(_))) {
            return false;
        }
        self.insert(key, Allocation::Live(session));
        true
    }

    /// Gives a live pair to the session that replaces its own.
    pub fn take_over(&mut self, number: &str, sms_user: &str, session: SessionId) {
        self.insert(pair(number, sms_user), Allocation::Live(session));
    }

    /// The session or quarantine a short message from `sms_user` to `number` belongs to.
    pub fn find(&mut self, now: Instant, number: &str, sms_user: &str) -> Option<Allocation> {
        mark!("ADR-07");
        self.expire(now);
        if self.faults.is(Fault::CorrelatesByNumberOnly) {
            // The latest pair of the number, whoever sends.
            let user = self.by_number.get(number)?.last()?;
            return self.pairs.get(&pair(number, user)).copied();
        }
        let found = self.pairs.get(&pair(number, sms_user)).copied();
        if found.is_none() && self.faults.is(Fault::TakesAnySender) {
            let user = self.by_number.get(number)?.first()?;
            return self.pairs.get(&pair(number, user)).copied();
        }
        found
    }

    /// Ends the pair's session and puts it in quarantine; false if the pair is free at once.
    pub fn release(
        &mut self,
        now: Instant,
        number: &str,
        sms_user: &str,
        session: SessionId,
        quarantine: Duration,
    ) -> bool {
        mark!("ADR-09");
        self.expire(now);
        let key = pair(number, sms_user);
        if self.pairs.get(&key) != Some(&Allocation::Live(session)) {
            // Released before, or given to another session under a fault.
            return matches!(self.pairs.get(&key), Some(Allocation::Quarantine { session: s, .. }) if *s == session);
        }
        if self.faults.is(Fault::NoQuarantine) {
            self.remove(&key);
            self.make_next(number);
            return false;
        }
        if quarantine.is_zero() {
            self.remove(&key);
            return false;
        }
        let until = now + quarantine;
        self.pairs
            .insert(key.clone(), Allocation::Quarantine { session, until });
        self.releases += 1;
        self.quarantined.insert((until, self.releases), key);
        if self.quarantined.len() > MOST_QUARANTINED
            && let Some((_, oldest)) = self.quarantined.pop_first()
            && matches!(self.pairs.get(&oldest), Some(Allocation::Quarantine { .. }))
        {
            self.remove(&oldest);
        }
        true
    }

    /// Lets the pools give out this number before others (only under a fault).
    fn make_next(&mut self, number: &str) {
        for pool in self.pools.values_mut() {
            if let Some(index) = pool.numbers.iter().position(|n| n == number) {
                pool.next = index;
            }
        }
    }

    /// Frees a live pair whose session ended without quarantine.
    pub fn forget(&mut self, number: &str, sms_user: &str, session: SessionId) {
        let key = pair(number, sms_user);
        if self.pairs.get(&key) == Some(&Allocation::Live(session)) {
            self.remove(&key);
        }
    }

    /// All pairs now in use or in quarantine.
    pub fn pairs(&mut self, now: Instant) -> Vec<(Pair, Allocation)> {
        self.expire(now);
        self.pairs.iter().map(|(p, a)| (p.clone(), *a)).collect()
    }

    fn insert(&mut self, key: Pair, allocation: Allocation) {
        let users = self.by_number.entry(key.number.clone()).or_default();
        if !users.contains(&key.sms_user) {
            users.push(key.sms_user.clone());
        }
        self.pairs.insert(key, allocation);
    }

    fn remove(&mut self, key: &Pair) {
        self.pairs.remove(key);
        if let Some(users) = self.by_number.get_mut(&key.number) {
            users.retain(|user| *user != key.sms_user);
            if users.is_empty() {
                self.by_number.remove(&key.number);
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(first) = self.quarantined.first_entry() {
            let over_at = first.key().0;
            if over_at > now {
                return;
            }
            let key = first.remove();
            // The pair may have been used and released again since: then a later entry ends its quarantine.
            if matches!(self.pairs.get(&key), Some(Allocation::Quarantine { until, .. }) if *until <= over_at)
            {
                self.remove(&key);
            }
        }
    }
}

fn pair(number: &str, sms_user: &str) -> Pair {
    Pair {
        number: number.to_owned(),
        sms_user: sms_user.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BOB: &str = "+447700900002";
    const CAROL: &str = "+447700900003";
    const FIRST: &str = "+447700910001";
    const LATER: Duration = Duration::from_secs(30);

    fn one_number(faults: InForce) -> Numbers {
        let mut numbers = Numbers::new(faults);
        numbers.put_pool("default", vec![FIRST.into()]).unwrap();
        numbers
    }

    #[test]
    fn two_sms_users_share_a_number_but_one_pair_has_one_session() {
        let now = Instant::now();
        let mut numbers = one_number(InForce(None));
        let (one, two) = (SessionId(1), SessionId(2));
        assert_eq!(numbers.assign(now, "default", BOB, one).unwrap(), FIRST);
        assert_eq!(numbers.assign(now, "default", CAROL, two).unwrap(), FIRST);
        assert_eq!(numbers.assign(now, "default", BOB, SessionId(3)), None);
        let found = numbers.find(now, FIRST, BOB);
        assert_eq!(found, Some(Allocation::Live(one)));
        let found = numbers.find(now, FIRST, CAROL);
        assert_eq!(found, Some(Allocation::Live(two)));
        assert_eq!(numbers.find(now, FIRST, "+447700900009"), None);
    }

    #[test]
    fn a_released_number_stays_in_quarantine_and_then_is_free() {
        let now = Instant::now();
        let mut numbers = one_number(InForce(None));
        numbers.assign(now, "default", BOB, SessionId(1)).unwrap();
        numbers.release(now, FIRST, BOB, SessionId(1), LATER);
        let soon = now + Duration::from_secs(29);
        assert_eq!(numbers.assign(soon, "default", BOB, SessionId(2)), None);
        let found = numbers.find(soon, FIRST, BOB);
        assert!(matches!(found, Some(Allocation::Quarantine { .. })));
        let after = now + Duration::from_secs(31);
        assert!(
            numbers
                .assign(after, "default", BOB, SessionId(2))
                .is_some()
        );
    }

    #[test]
    fn an_own_number_is_used_once_per_pair_at_a_time() {
        let now = Instant::now();
        let mut numbers = Numbers::default();
        assert!(numbers.use_own(now, FIRST, BOB, SessionId(1)));
        assert!(!numbers.use_own(now, FIRST, BOB, SessionId(2)));
        assert!(numbers.use_own(now, FIRST, CAROL, SessionId(3)));
        numbers.release(now, FIRST, BOB, SessionId(1), LATER);
        assert!(numbers.use_own(now, FIRST, BOB, SessionId(4)));
        let after = now + Duration::from_secs(31);
        let found = numbers.find(after, FIRST, BOB);
        assert_eq!(found, Some(Allocation::Live(SessionId(4))));
    }

    #[test]
    fn releasing_for_another_session_changes_nothing() {
        let now = Instant::now();
        let mut numbers = one_number(InForce(None));
        numbers.assign(now, "default", BOB, SessionId(1)).unwrap();
        numbers.release(now, FIRST, BOB, SessionId(7), LATER);
        let found = numbers.find(now, FIRST, BOB);
        assert_eq!(found, Some(Allocation::Live(SessionId(1))));
    }

    #[test]
    fn number_faults_show_only_where_they_should() {
        let now = Instant::now();
        let mut numbers = one_number(InForce(Some(Fault::ReusesLiveNumber)));
        numbers.assign(now, "default", BOB, SessionId(1)).unwrap();
        assert!(numbers.assign(now, "default", BOB, SessionId(2)).is_some());

        let mut numbers = one_number(InForce(Some(Fault::NoQuarantine)));
        numbers.assign(now, "default", BOB, SessionId(1)).unwrap();
        numbers.release(now, FIRST, BOB, SessionId(1), LATER);
        assert!(numbers.assign(now, "default", BOB, SessionId(2)).is_some());

        let mut numbers = one_number(InForce(Some(Fault::CorrelatesByNumberOnly)));
        numbers.assign(now, "default", BOB, SessionId(1)).unwrap();
        let found = numbers.find(now, FIRST, CAROL);
        assert_eq!(found, Some(Allocation::Live(SessionId(1))));
    }
}
