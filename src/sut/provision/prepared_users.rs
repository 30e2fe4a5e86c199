//! Users who are on the system before the run begins: a test case gets those whose properties it needs, for itself alone while it runs.
//!
//! All users of a test case are taken at once, or none, so that test cases that wait for each other's users cannot come about.
use super::known::{self, same, unset};
use super::{Properties, SutError};
use crate::sut::profile::{PreparedPool, PreparedUser, PreparedUsersProvisioning};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Properties that are the suite's own affair.
const NOT_COMPARED: &[&str] = &["number", "contact", "pool", "hss_service_centre"];

/// What a test case needs one of its people to be.
#[derive(Debug, Clone)]
pub struct Need {
    /// The person's place among those of the test case.
    pub person: usize,
    pub name: String,
    /// A user of multimedia telephony or of Ut, whom the IP-SM-GW need not know.
    pub mmtel: bool,
    pub abroad: bool,
    pub properties: Properties,
}

/// The value of `pool` of a user who needs a pool with that many session numbers, which he shares with the others who do.
pub fn own_pool(count: usize) -> Value {
    serde_json::json!({ "session_numbers": count })
}

/// The users of a profile, and who is in use.
#[derive(Debug)]
pub struct Roster {
    users: Vec<PreparedUser>,
    pools: Vec<PreparedPool>,
    /// The pool of users of whom no other is said.
    common_pool: String,
    ordinary: Properties,
    busy: Mutex<BTreeSet<usize>>,
    given_back: Notify,
}

/// Users that are a test case's own until it is dropped.
#[derive(Debug)]
pub struct Lease {
    /// By the person's place.
    pub users: BTreeMap<usize, PreparedUser>,
    /// The pool of its own, where it needs one.
    pub pool: Option<PreparedPool>,
    places: BTreeSet<usize>,
    roster: Arc<Roster>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut busy = self.roster.busy();
        busy.retain(|place| !self.places.contains(place));
        drop(busy);
        self.roster.given_back.notify_waiters();
    }
}

/// Who gets whom, by places in the roster, and the pool.
type Choice = (BTreeMap<usize, usize>, Option<PreparedPool>);

impl Roster {
    pub fn new(
        settings: &PreparedUsersProvisioning,
        ordinary: Properties,
        common_pool: &str,
    ) -> Self {
        Self {
            users: settings.users.clone(),
            pools: settings.pools.clone(),
            common_pool: common_pool.to_owned(),
            ordinary,
            busy: Mutex::default(),
            given_back: Notify::new(),
        }
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.users.len()
    }

    /// Somebody of the list, to see whether the system is there.
    pub fn anybody(&self) -> Option<&PreparedUser> {
        self.users.first()
    }

    fn busy(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes users for all needs at once; waits while those who fit are in use. The error says what nobody listed has.
    pub async fn lease(self: &Arc<Self>, needs: &[Need]) -> Result<Lease, String> {
        self.choose(needs, &BTreeSet::new())
            .ok_or_else(|| self.lacking(needs))?;
        loop {
            let given_back = self.given_back.notified();
            tokio::pin!(given_back);
            // Whoever is given back between the look and the wait is not missed.
            given_back.as_mut().enable();
            if let Some(lease) = self.try_lease(needs) {
                return Ok(lease);
            }
            given_back.await;
        }
    }

    fn try_lease(self: &Arc<Self>, needs: &[Need]) -> Option<Lease> {
        let mut busy = self.busy();
        let (chosen, pool) = self.choose(needs, &busy)?;
        let mut places: BTreeSet<usize> = chosen.values().copied().collect();
        if let Some(pool) = &pool {
            // Nobody else chats with the numbers of a pool that is a test case's own.
            places.extend(self.of_pool(&pool.name));
        }
        busy.extend(&places);
        let user = |(person, place): (usize, usize)| Some((person, self.users.get(place)?.clone()));
        Some(Lease {
            users: chosen.into_iter().filter_map(user).collect(),
            pool,
            places,
            roster: Arc::clone(self),
        })
    }

    fn of_pool<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = usize> + 'a {
        let users = self.users.iter().enumerate();
        users
            .filter(move |(_, user)| self.pool_of(user) == pool)
            .map(|(place, _)| place)
    }

    fn pool_of<'a>(&'a self, user: &'a PreparedUser) -> &'a str {
        let own = user.properties.get("pool").and_then(Value::as_str);
        own.unwrap_or(&self.common_pool)
    }

    /// Different users for all needs out of those who are not busy.
    fn choose(&self, needs: &[Need], busy: &BTreeSet<usize>) -> Option<Choice> {
        let count = needs.iter().find_map(count_of_own_pool);
        let Some(count) = count else {
            return Some((self.matched(needs, busy, None)?, None));
        };
        self.pools
            .iter()
            .filter(|pool| pool.numbers.len() == count)
            .filter(|pool| self.of_pool(&pool.name).all(|place| !busy.contains(&place)))
            .find_map(|pool| {
                let matched = self.matched(needs, busy, Some(&pool.name))?;
                Some((matched, Some(pool.clone())))
            })
    }

    fn matched(
        &self,
        needs: &[Need],
        busy: &BTreeSet<usize>,
        pool: Option<&str>,
    ) -> Option<BTreeMap<usize, usize>> {
        let fitting: Vec<Vec<usize>> = needs
            .iter()
            .map(|need| {
                let free = (0..self.users.len()).filter(|place| !busy.contains(place));
                free.filter(|place| {
                    let user = self.users.get(*place);
                    user.is_some_and(|user| self.differences(need, user, pool).is_empty())
                })
                .collect()
            })
            .collect();
        let mut holders: BTreeMap<usize, usize> = BTreeMap::new();
        for index in 0..needs.len() {
            if !assign(index, &fitting, &mut holders, &mut BTreeSet::new()) {
                return None;
            }
        }
        let by_person = holders
            .into_iter()
            .filter_map(|(place, index)| Some((needs.get(index)?.person, place)));
        Some(by_person.collect())
    }

    /// The names of the properties that a user has otherwise than needed.
    fn differences(&self, need: &Need, user: &PreparedUser, pool: Option<&str>) -> Vec<String> {
        let set: BTreeSet<&String> = need
            .properties
            .keys()
            .chain(user.properties.keys())
            .collect();
        let counts = |name: &str| {
            !NOT_COMPARED.contains(&name)
                && (!need.mmtel || known::of(name).is_some_and(|known| known.of_mmtel))
        };
        let mut found: Vec<String> = set
            .into_iter()
            .filter(|name| counts(name))
            .filter(|name| {
                !same(
                    &self.value(&need.properties, name),
                    &self.value(&user.properties, name),
                )
            })
            .cloned()
            .collect();
        let wanted = match need.properties.get("pool") {
            Some(Value::String(name)) => Some(name.as_str()),
            Some(_) => Some(pool.unwrap_or_default()),
            None => None,
        };
        if wanted.is_some_and(|wanted| wanted != self.pool_of(user)) {
            found.push("pool".to_owned());
        }
        if need.abroad != user.abroad {
            found.push("abroad".to_owned());
        }
        found
    }

    /// What holds of a user.
    pub fn value(&self, properties: &Properties, name: &str) -> Value {
        let own = properties.get(name).cloned();
        own.unwrap_or_else(|| unset(name, &self.ordinary))
    }

    /// Why the list as a whole is not enough.
    fn lacking(&self, needs: &[Need]) -> String {
        let count = |need: &Need| {
            let fits = |user: &&PreparedUser| {
                let pool = count_of_own_pool(need).map(|_| self.pool_of(user));
                self.differences(need, user, pool).is_empty()
            };
            self.users.iter().filter(fits).count()
        };
        let of = |many: usize, words: &str| -> Vec<String> {
            let such = needs.iter().filter(|need| count(need) == many);
            such.map(|need| format!("{words} {} ({})", self.wanted(need), need.name))
                .collect()
        };
        let mut said = of(0, "nobody has");
        if said.is_empty() {
            said = of(1, "one has");
        }
        let pools = needs.iter().find_map(count_of_own_pool);
        if let Some(count) = pools
            && !self.pools.iter().any(|pool| pool.numbers.len() == count)
        {
            said.push(format!(
                "no pool has {count} session numbers (provisioning.prepared_users.pools)"
            ));
        }
        format!(
            "of those listed, {}; prepare such users and add them to provisioning.prepared_users.users",
            match said.is_empty() {
                true => "too few fit at the same time".to_owned(),
                false => said.join("; "),
            }
        )
    }

    /// The properties by which a need is another one than that for anybody.
    fn wanted(&self, need: &Need) -> String {
        let nobody = Properties::new();
        let mut words: Vec<String> = need
            .properties
            .iter()
            .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()))
            .filter(|(name, value)| !same(value, &self.value(&nobody, name)))
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        if let Some(count) = count_of_own_pool(need) {
            words.push(format!("pool: one with {count} numbers"));
        }
        if need.abroad {
            words.push("abroad: true".to_owned());
        }
        match words.as_slice() {
            [] if need.mmtel => "only what is ordinary".to_owned(),
            [] => "only what is ordinary, with cpm: false".to_owned(),
            words => words.join(", "),
        }
    }

    /// Whether a user is as a test case says of him in the middle of it; he cannot be changed any more.
    pub fn verify(&self, properties: &Properties) -> Result<(), SutError> {
        let number = properties.get("number").and_then(Value::as_str);
        let listed = self
            .users
            .iter()
            .find(|user| Some(user.number.as_str()) == number);
        let Some(user) = listed else {
            return Err(SutError::Unmet(format!(
                "the user {} comes up only in the middle of the test case, where nobody is chosen any more",
                number.unwrap_or_default()
            )));
        };
        let changed = properties
            .iter()
            .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()))
            .find(|(name, value)| !same(value, &self.value(&user.properties, name)));
        match changed {
            None => Ok(()),
            Some((name, value)) => Err(SutError::Unmet(format!(
                "{name} of {} is {} and would have to become {value} in the middle of the test case, and users who are prepared beforehand stay as they are",
                user.number,
                self.value(&user.properties, name)
            ))),
        }
    }
}

fn count_of_own_pool(need: &Need) -> Option<usize> {
    let count = need.properties.get("pool")?.get("session_numbers")?;
    usize::try_from(count.as_u64()?).ok()
}

/// Finds a user for a need, and another one for whoever had him (augmenting paths of a bipartite matching).
fn assign(
    index: usize,
    fitting: &[Vec<usize>],
    holders: &mut BTreeMap<usize, usize>,
    tried: &mut BTreeSet<usize>,
) -> bool {
    for place in fitting.get(index).into_iter().flatten() {
        if !tried.insert(*place) {
            continue;
        }
        let free = match holders.get(place) {
            None => true,
            Some(holder) => assign(*holder, fitting, holders, tried),
        };
        if free {
            holders.insert(*place, index);
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "prepared_users_tests.rs"]
mod tests;
